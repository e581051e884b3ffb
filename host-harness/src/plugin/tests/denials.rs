//! What a component asked for and was denied, as the tenant's journal has it.

use super::*;
use crate::{
    journal::SqliteJournal,
    model::journal::{EntryKind, Query},
};

/// Asks `GET https://example.com/status` that many times.
fn asking(times: u32) -> Vec<u8> {
    let imports = r#"
        (import "wasi:http/types@0.2.2" "[constructor]fields" (func $fields (result i32)))
        (import "wasi:http/types@0.2.2" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
        (import "wasi:http/types@0.2.2" "[method]outgoing-request.set-authority"
            (func $authority (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/types@0.2.2" "[method]outgoing-request.set-path-with-query"
            (func $path (param i32 i32 i32 i32) (result i32)))
        (import "wasi:http/outgoing-handler@0.2.2" "handle" (func $handle (param i32 i32 i32 i32)))"#;
    let more = format!(
        r#"{STOPPED} (data (i32.const 300) "example.com/status") (global $left (mut i32) (i32.const {times}))"#
    );
    let body = "(local $asked i32)
        (loop
            (local.set $asked (call $request (call $fields)))
            (drop (call $authority (local.get $asked) (i32.const 1) (i32.const 300) (i32.const 11)))
            (drop (call $path (local.get $asked) (i32.const 1) (i32.const 311) (i32.const 7)))
            (call $handle (local.get $asked) (i32.const 0) (i32.const 0) (i32.const 400))
            (global.set $left (i32.sub (global.get $left) (i32.const 1)))
            (br_if 0 (global.get $left)))
        i32.const 16";
    component(imports, &more, body)
}

#[tokio::test]
async fn denied_requests_are_in_the_journal_one_by_one_up_to_a_number_and_the_rest_counted() {
    let directory = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&directory.path().join("journal.sqlite")).unwrap();
    let tenant = Tenant { journal: Arc::new(journal.clone()), ..tenant(Limits::default()) };
    let denied = |journal: &SqliteJournal| {
        let mut found = Vec::new();
        let query = Query {
            kind: Some(EntryKind::Denied),
            operation: None,
            plan: None,
            key: None,
            after: 0,
            backwards: false,
            limit: 1,
        };
        journal
            .for_each(&query, |stored| {
                found.push(stored.entry);
                true
            })
            .unwrap();
        found
    };
    let call = load(&asking(2)).unwrap().analyze_metered(&tenant).await;
    assert!(matches!(call.value, Err(CallError::Guest(Error::Stopped))), "{:?}", call.value);
    assert_eq!((call.metrics.denials, &call.metrics.denied_unrecorded), (2, &None));
    let found = denied(&journal);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].key, "GET https://example.com/status");
    let body: serde_json::Value = serde_json::from_str(&found[0].body).unwrap();
    assert_eq!(body["call"], "analyze");
    assert_eq!(body["detail"], call.metrics.denied[0]);

    load(&asking(23)).unwrap().analyze_metered(&tenant).await;
    let found = denied(&journal);
    assert_eq!(found.len(), 2 + 20 + 1);
    let rest: serde_json::Value = serde_json::from_str(&found[22].body).unwrap();
    assert_eq!((&rest["more"], found[22].key.as_str()), (&serde_json::json!(3), ""));
    assert_eq!(journal.verify(&[]).unwrap().head.sequence, 23);

    load(&component("", STOPPED, "i32.const 16")).unwrap().analyze_metered(&tenant).await;
    assert_eq!(denied(&journal).len(), 23);
}

#[tokio::test]
async fn a_journal_that_does_not_take_denials_is_named_and_changes_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.sqlite");
    drop(SqliteJournal::open(&path).unwrap());
    let looking = SqliteJournal::open_read_only(&path).unwrap();
    let tenant = Tenant { journal: Arc::new(looking), ..tenant(Limits::default()) };
    let call = load(&asking(1)).unwrap().analyze_metered(&tenant).await;
    assert!(matches!(call.value, Err(CallError::Guest(Error::Stopped))), "{:?}", call.value);
    assert_eq!(call.metrics.denied.len(), 1);
    let why = call.metrics.denied_unrecorded.unwrap();
    assert!(why.contains("for reading only"), "{why}");
}
