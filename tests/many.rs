//! Many tenants at once: each ends as it would alone, whatever becomes of the others.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else fails the test"
)]

use std::path::Path;

use demo_data::{ErpOptions, write_erp};
use onboarding_tests::{Ran, Stage, run_in};
use serde_json::Value;

/// A table of the configuration. The code of every customer begins with the name of its tenant.
fn tenant(dir: &Path, name: &str, customers: u32, stage: &Stage, key: &str) -> String {
    let erp = dir.join(format!("{name}.sqlite"));
    write_erp(&erp, &ErpOptions { customers, ..ErpOptions::default() }).unwrap();
    let changed = rusqlite::Connection::open(&erp).and_then(|erp| {
        erp.execute(
            "update customer set tax_code = ?1 || tax_code, code = ?1 || code where code <> ''",
            [format!("{name}-")],
        )
    });
    assert!(changed.unwrap() > 0);
    format!(
        "[tenants.{name}]\nbase-url = \"{}\"\nallow-loopback = true\ncompany-code = \"DEFAULT\"\n\
         data-dir = \"data-{name}\"\nsettling-seconds = 1\nbatch-size = 5\n\
         [tenants.{name}.credentials]\naccount = \"{}\"\nlicense-key-env = \"{key}\"\n\
         [tenants.{name}.erp]\nkind = \"sqlite\"\npath = \"{name}.sqlite\"\n",
        stage.base_url(),
        stage.account,
    )
}

fn of<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["result"]["tenants"].as_array().unwrap().iter().find(|it| it["tenant"] == name).unwrap()
}

fn run_all(dir: &Path, stage: &Stage, arguments: &[&str]) -> Ran {
    let arguments = [&["run-all", "sync", "--json", "--jobs", "3"], arguments].concat();
    run_in(dir, &arguments, |command| {
        command.env("MANY_TEST_KEY", &stage.key).env("MANY_TEST_WRONG_KEY", "WRONG");
    })
}

#[test]
fn tenants_that_fail_or_are_slow_leave_the_others_exactly_as_they_would_be_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let stage = || Stage::build().customers(1).without_certificates().start();
    let (north, south, east, slow) = (stage(), stage(), stage(), stage());
    slow.sim().set_faults(&["slow:ms=200"]);
    let good = [("a-slow", 20, &slow), ("east", 30, &east), ("north", 60, &north), ("south", 90, &south)];
    let mut config = String::new();
    for (name, customers, stage) in good {
        config.push_str(&tenant(dir, name, customers, stage, "MANY_TEST_KEY"));
    }
    // At the same AvaTax as a good one, so that it would be let in if connections carried credentials.
    config.push_str(&tenant(dir, "wrong-key", 10, &north, "MANY_TEST_WRONG_KEY"));
    config.push_str(&tenant(dir, "broken-erp", 10, &south, "MANY_TEST_KEY"));
    std::fs::write(dir.join("broken-erp.sqlite"), "no database").unwrap();
    std::fs::write(dir.join("onboard.toml"), config).unwrap();

    let waiting = run_all(dir, &north, &[]);
    waiting.expect(3);
    let waiting = waiting.document();
    for (name, _, stage) in good {
        let next = of(&waiting, name)["error"]["next"].as_str().unwrap();
        let digest = of(&waiting, name)["result"]["preview"]["plan"]["digest"].as_str().unwrap();
        assert!(next.contains(&format!("--tenant {name}")) && next.contains(digest), "{next}");
        assert_eq!(stage.sim().writes(), 0);
    }

    let ran = run_all(dir, &north, &["--yes", "--approved-by", "Test Approver"]);
    ran.expect(4);
    let document = ran.document();
    assert_eq!(of(&document, "wrong-key")["error"]["kind"], "unauthorized");
    assert_eq!(of(&document, "broken-erp")["error"]["kind"], "erp-failed");
    for (name, _, stage) in good {
        let row = of(&document, name);
        assert_eq!(row["exit_code"], 0, "{row:#}");
        let created = stage.sim().customers();
        assert!(!created.is_empty());
        assert_eq!(row["result"]["preview"]["plan"]["writes"], created.len());
        assert!(created.keys().all(|code| code.starts_with(&format!("{name}-"))), "{:?}", created.keys());
        assert!(row["metrics"].as_array().unwrap().iter().all(|call| call["cpu_ms"].is_u64()));
        assert_eq!(stage.sim().repeated(), [""; 0]);
    }

    let before: Vec<_> = good.iter().map(|(_, _, stage)| stage.sim().writes()).collect();
    run_all(dir, &north, &["--yes"]).expect(4);
    assert_eq!(good.iter().map(|(_, _, stage)| stage.sim().writes()).collect::<Vec<_>>(), before);
}
