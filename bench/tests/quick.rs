//! The measurements themselves: run from end to end with small sizes, so that they still work when somebody needs them.

use std::{path::Path, process::Command};

use serde_json::Value;

#[test]
fn a_quick_run_measures_every_figure_and_judges_none() {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/component/ecms_onboarding.wasm");
    assert!(component.is_file(), "the component is not built; `cargo xtask component` builds it");
    let out = tempfile::tempdir().unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value =
        serde_json::from_slice(&std::fs::read(out.path().join("figures.json")).unwrap()).unwrap();
    let figures = report["figures"].as_array().unwrap();
    // Everything that was promised a bound is measured against it.
    for start in [
        "one customer analysed / empty export",
        "fresh store, instance",
        "second start: load",
        "second start: runs of Cranelift",
        "component size",
        "analysis from memory, component / native",
        "analysis from memory, component, processor",
        "analysis from SQLite / reading",
        "sync / ideal",
        "sync / ideal, doing it alone",
        "one call a customer in sequence / sync",
        "invitations / ideal",
        "invitations / ideal, doing it alone",
        "connections opened / window",
        "idle tenant",
        "host's peak memory, analysis",
        "host's peak memory, sync",
    ] {
        let named = |figure: &&Value| figure["name"].as_str().is_some_and(|name| name.starts_with(start));
        let Some(figure) = figures.iter().find(named) else { panic!("no figure begins with `{start}`") };
        assert!(figure["value"].as_f64().is_some_and(f64::is_finite), "{figure:#}");
        assert!(figure["bound"].is_object(), "{figure:#}");
    }
    assert_eq!(report["judged"], false);
    assert!(figures.iter().all(|figure| figure["holds"].is_null()));
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(text, std::fs::read_to_string(out.path().join("figures.txt")).unwrap());
}
