//! `SECURITY.md` is true: every test that it names is there, every promise names some, and the versions are those in use.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{fs, path::Path};

const TEXT: &str = include_str!("../SECURITY.md");
const HEADING: &str = "| promise | tests |\n|---|---|\n";

fn workspace(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(file);
    fs::read_to_string(path).unwrap_or_default()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The promises, each with its tests as file and name.
fn promises(text: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let (_, table) = text.split_once(HEADING).unwrap();
    table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let mut file = "";
            let mut tests = Vec::new();
            for word in quoted(cells[1]) {
                if word.ends_with(".rs") { file = word } else { tests.push((file, word)) }
            }
            (cells[0], tests)
        })
        .collect()
}

/// Whether a source has a test of this name.
fn has_test(source: &str, name: &str) -> bool {
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((before, after)) = line.split_once("fn ") {
            let plain = before.split_whitespace().all(|word| word == "async" || word.starts_with("pub"));
            if is_test && plain && after.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')) {
                return true;
            }
            is_test = false;
        }
    }
    false
}

#[test]
fn every_promise_names_tests_that_exist() {
    let promises = promises(TEXT);
    assert!(promises.len() >= 20, "the table is cut short");
    for (promise, tests) in promises {
        assert!(!tests.is_empty(), "nothing tests this: {promise}");
        for (file, name) in tests {
            assert!(has_test(&workspace(file), name), "`{file}` has no test `{name}`: {promise}");
        }
    }
}

#[test]
fn a_test_that_is_none_is_found() {
    let source = "#[test]\nfn one() {}\nfn helper() {}\n#[tokio::test(flavor = \"x\")]\n#[cfg(unix)]\npub(super) async fn two() {}";
    assert!(has_test(source, "one") && has_test(source, "two"));
    for name in ["helper", "on", "three", ""] {
        assert!(!has_test(source, name), "{name}");
    }
    let table = format!(
        "{HEADING}| A promise | `a.rs`: `one`, `two`; `b/c.rs`: `three` |\n| Another | none |\n\nText"
    );
    let found = promises(&table);
    assert_eq!(found[0].1, [("a.rs", "one"), ("a.rs", "two"), ("b/c.rs", "three")]);
    assert_eq!((found.len(), found[1].1.len()), (2, 0));
}

#[test]
fn the_version_of_the_sandbox_is_the_one_that_is_pinned_and_demanded() {
    let (_, after) = TEXT.split_once("at least **").unwrap();
    let (version, _) = after.split_once("**").unwrap();
    assert!(workspace("deny.toml").contains(&format!("\"wasmtime:<{version}\"")), "{version}");
    assert!(
        workspace("Cargo.toml").contains(&format!("wasmtime = {{ version = \"={version}\"")),
        "{version}"
    );
}
