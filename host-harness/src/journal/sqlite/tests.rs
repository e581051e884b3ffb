//! The journal in a file, opened, read back and tampered with.

use super::*;
use crate::journal::MemoryJournal;

fn entry(kind: EntryKind, plan: &str, key: &str) -> Entry {
    Entry {
        kind,
        operation: Operation::CreateCustomer,
        plan: plan.to_owned(),
        key: key.to_owned(),
        customer: key.to_owned(),
        state: (kind == EntryKind::Outcome).then_some(OutcomeState::Done),
        body: "{\"n\":1}".to_owned(),
    }
}

fn all() -> Query {
    Query { kind: None, operation: None, plan: None, key: None, after: 0, backwards: false, limit: 1_000 }
}

/// Entries of a journal that is whole.
fn whole(journal: &SqliteJournal) -> u64 {
    journal.verify(&[]).unwrap().head.sequence
}

fn sequences(found: &[StoredEntry]) -> Vec<u64> {
    found.iter().map(|stored| stored.sequence).collect()
}

/// A journal with five entries of plan 1 and one of plan 2.
async fn filled(path: &Path) -> SqliteJournal {
    let journal = SqliteJournal::open(path).unwrap();
    let first = vec![
        entry(EntryKind::PlanItem, "1", "A"),
        entry(EntryKind::PlanItem, "1", "B"),
        entry(EntryKind::Intent, "1", "A"),
    ];
    assert_eq!(journal.append(first).await.unwrap(), 3);
    let second = vec![
        entry(EntryKind::Outcome, "1", "A"),
        entry(EntryKind::Outcome, "1", "B"),
        entry(EntryKind::PlanItem, "2", "A"),
    ];
    assert_eq!(journal.append(second).await.unwrap(), 6);
    journal
}

#[tokio::test]
async fn entries_come_back_as_they_were_written_also_after_closing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    drop(filled(&path).await);
    let journal = SqliteJournal::open(&path).unwrap();
    let found = journal.read(all()).await.unwrap();
    assert_eq!(sequences(&found), [1, 2, 3, 4, 5, 6]);
    assert_eq!(found[3].entry, entry(EntryKind::Outcome, "1", "A"));
    assert!(found[0].recorded_at.parse::<jiff::Timestamp>().is_ok());
    assert_eq!(journal.append(vec![entry(EntryKind::Intent, "2", "A")]).await.unwrap(), 7);
    assert_eq!(whole(&journal), 7);
}

#[tokio::test]
async fn queries_restrict_by_every_field_in_both_directions_and_like_the_memory_journal() {
    let directory = tempfile::tempdir().unwrap();
    let journal = filled(&directory.path().join("journal.db")).await;
    let memory = MemoryJournal::default();
    memory
        .append(journal.read(all()).await.unwrap().into_iter().map(|stored| stored.entry).collect())
        .await
        .unwrap();
    let cases: [(Query, &[u64]); 10] = [
        (Query { kind: Some(EntryKind::PlanItem), ..all() }, &[1, 2, 6]),
        (Query { operation: Some(Operation::Sync), ..all() }, &[]),
        (Query { operation: Some(Operation::CreateCustomer), limit: 2, ..all() }, &[1, 2]),
        (Query { plan: Some("1".into()), kind: Some(EntryKind::Outcome), ..all() }, &[4, 5]),
        (Query { key: Some("A".into()), ..all() }, &[1, 3, 4, 6]),
        (Query { after: 4, ..all() }, &[5, 6]),
        (Query { after: 4, backwards: true, ..all() }, &[3, 2, 1]),
        (Query { backwards: true, limit: 1, ..all() }, &[6]),
        (Query { after: u64::MAX, ..all() }, &[]),
        (Query { after: u64::MAX, backwards: true, limit: 1, ..all() }, &[6]),
    ];
    for (query, expected) in cases {
        assert_eq!(sequences(&journal.read(query.clone()).await.unwrap()), expected, "{query:?}");
        assert_eq!(sequences(&memory.read(query.clone()).await.unwrap()), expected, "{query:?}");
    }
}

#[tokio::test]
async fn an_append_is_taken_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let journal = filled(&directory.path().join("journal.db")).await;
    let wrong = Entry { body: "no object".into(), ..entry(EntryKind::Intent, "2", "A") };
    let refused = journal.append(vec![entry(EntryKind::Intent, "2", "A"), wrong]).await;
    assert!(matches!(refused, Err(JournalError::Invalid(_))));
    assert_eq!(journal.read(all()).await.unwrap().len(), 6);
}

#[tokio::test]
async fn an_append_that_fails_in_the_database_leaves_the_chain_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let journal = filled(&path).await;
    let stop = "CREATE TRIGGER stop BEFORE INSERT ON entry WHEN new.sequence = 8 BEGIN SELECT RAISE(ABORT, 'full'); END";
    Connection::open(&path).unwrap().execute_batch(stop).unwrap();
    let two = vec![entry(EntryKind::Intent, "2", "A"), entry(EntryKind::Intent, "2", "B")];
    assert!(matches!(journal.append(two.clone()).await, Err(JournalError::Unavailable(_))));
    Connection::open(&path).unwrap().execute_batch("DROP TRIGGER stop").unwrap();
    assert_eq!(journal.append(two).await.unwrap(), 8);
    assert_eq!(whole(&journal), 8);
}

#[tokio::test]
async fn a_second_writer_is_refused_while_the_first_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let first = filled(&path).await;
    let error = SqliteJournal::open(&path).unwrap_err();
    assert!(matches!(error, JournalOpenError::InUse { .. }));
    let text = error.to_string();
    assert!(text.contains(&format!("in use by another run (process {}", std::process::id())), "{text}");
    drop(first);
    assert!(SqliteJournal::open(&path).is_ok());
}

#[tokio::test]
async fn after_a_rest_a_journal_goes_on_and_has_kept_others_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let journal = filled(&path).await;
    journal.rest().await;
    assert!(journal.inner().connection.is_none());
    assert!(matches!(SqliteJournal::open(&path), Err(JournalOpenError::InUse { .. })));
    assert_eq!(journal.append(vec![entry(EntryKind::Intent, "2", "A")]).await.unwrap(), 7);
    journal.rest().await;
    assert_eq!(sequences(&journal.read(all()).await.unwrap()), [1, 2, 3, 4, 5, 6, 7]);
    let looking = SqliteJournal::open_read_only(&path).unwrap();
    looking.rest().await;
    journal.append(vec![entry(EntryKind::Intent, "2", "B")]).await.unwrap();
    assert_eq!((whole(&looking), whole(&journal)), (8, 8));
}

#[tokio::test]
async fn a_journal_that_ends_elsewhere_after_a_rest_is_neither_read_nor_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let journal = filled(&path).await;
    for change in [
        "DELETE FROM entry WHERE sequence = 6",
        "UPDATE entry SET chain = zeroblob(32) WHERE sequence = 6",
        "INSERT INTO entry SELECT 7, recorded_at, kind, operation, plan, key, customer, state, body, chain \
         FROM entry WHERE sequence = 6",
    ] {
        journal.rest().await;
        let before = std::fs::read(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let told = |error: JournalError| error.to_string().contains("does not end any more where it ended");
        assert!(
            told(journal.append(vec![entry(EntryKind::Intent, "2", "A")]).await.unwrap_err()),
            "{change}"
        );
        assert!(told(journal.read(all()).await.unwrap_err()), "{change}");
        std::fs::write(&path, before).unwrap();
    }
    assert_eq!(journal.append(vec![entry(EntryKind::Intent, "2", "A")]).await.unwrap(), 7);
}

#[tokio::test]
async fn looking_takes_no_lock_sees_new_entries_and_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let writer = filled(&path).await;
    let looking = SqliteJournal::open_read_only(&path).unwrap();
    writer.append(vec![entry(EntryKind::Intent, "2", "A")]).await.unwrap();
    assert_eq!(looking.read(all()).await.unwrap().len(), 7);
    assert_eq!(looking.verify(&[]), writer.verify(&[]));
    assert_eq!(whole(&looking), 7);
    let refused = looking.append(vec![entry(EntryKind::Intent, "2", "A")]).await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))));
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_at_its_first_entry_and_keeps_everybody_from_writing() {
    let swap = "UPDATE entry SET sequence = 100 WHERE sequence = 3; UPDATE entry SET sequence = 3 WHERE sequence = 5; \
                UPDATE entry SET sequence = 5 WHERE sequence = 100";
    let cases = [
        ("UPDATE entry SET body = '{\"n\":2}' WHERE sequence = 3", "changed", 3),
        ("UPDATE entry SET recorded_at = '2020-01-01T00:00:00Z' WHERE sequence = 1", "changed", 1),
        ("UPDATE entry SET state = NULL WHERE sequence = 4", "changed", 4),
        ("UPDATE entry SET kind = 'unheard-of' WHERE sequence = 2", "changed", 2),
        // Moving a letter from one column to the next keeps their joint text.
        ("UPDATE entry SET key = '', customer = 'AA' WHERE sequence = 1", "changed", 1),
        ("DELETE FROM entry WHERE sequence = 2", "missing", 2),
        ("DELETE FROM entry WHERE sequence IN (1, 2, 3)", "missing", 1),
        ("DELETE FROM entry WHERE sequence > 4", "cut-off", 5),
        ("DELETE FROM entry", "cut-off", 1),
        (swap, "reordered", 3),
        ("UPDATE entry SET sequence = -1 WHERE sequence = 1", "changed", 1),
        ("UPDATE entry SET chain = zeroblob(32) WHERE sequence = 5", "changed", 5),
        (
            "INSERT INTO entry SELECT 7, recorded_at, kind, operation, plan, key, customer, state, body, chain FROM entry WHERE sequence = 6",
            "changed",
            7,
        ),
    ];
    for (sql, name, sequence) in cases {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.db");
        let journal = filled(&path).await;
        assert_eq!(whole(&journal), 6);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let broken = journal.verify(&[]).unwrap_err();
        assert_eq!((broken.name(), broken.first()), (name, Some(sequence)), "{sql}: {broken}");
        drop(journal);
        assert!(
            matches!(SqliteJournal::open(&path), Err(JournalOpenError::Broken { why, .. }) if why == broken)
        );
        assert_eq!(SqliteJournal::open_read_only(&path).unwrap().verify(&[]), Err(broken), "{sql}");
    }
}

#[tokio::test]
async fn what_was_tampered_with_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let journal = filled(&path).await;
    let sql = "UPDATE entry SET body = '{}' WHERE sequence = 4";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let text = journal.verify(&[]).unwrap_err().to_string();
    assert!(text.contains("entry 4 (outcome create-customer of customer A, recorded 20"), "{text}");
}

#[tokio::test]
async fn a_head_that_was_kept_proves_that_nothing_before_it_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let journal = filled(&path).await;
    let kept = journal.verify(&[]).unwrap().head;
    journal.append(vec![entry(EntryKind::Intent, "2", "A")]).await.unwrap();
    assert_eq!(journal.verify(&[kept]).unwrap().head.sequence, 7);
    let other = Head { link: [1; 32], ..kept };
    assert_eq!(journal.verify(&[other]), Err(Broken::Other(6)));
    // Without the note beside it, only the head that was kept elsewhere knows that entries are gone.
    drop(journal);
    std::fs::remove_file(directory.path().join("journal.db.head")).unwrap();
    Connection::open(&path).unwrap().execute("DELETE FROM entry WHERE sequence > 4", []).unwrap();
    let journal = SqliteJournal::open_read_only(&path).unwrap();
    assert_eq!(whole(&journal), 4);
    assert_eq!(journal.verify(&[kept]), Err(Broken::CutOff { known: 6, last: 4 }));
}

#[tokio::test]
async fn an_index_that_tells_of_other_rows_than_the_table_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    drop(filled(&path).await);
    // An index over other columns under the name of ours hides what it does not hold.
    let sql = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '(plan, kind)', '(kind, plan)') \
        WHERE name = 'entry_by_plan'";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let why = SqliteJournal::open_read_only(&path).unwrap().verify(&[]).unwrap_err();
    assert!(matches!(why, Broken::Unreadable(_)), "{why}");
    assert!(matches!(SqliteJournal::open(&path), Err(JournalOpenError::Broken { .. })));
}

#[tokio::test]
async fn a_clock_that_is_set_back_is_a_remark_and_no_tampering() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let journal = filled(&path).await;
    let future = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1_000);
    append(&mut journal.inner(), vec![entry(EntryKind::Intent, "2", "A")], future).unwrap();
    assert_eq!(journal.verify(&[]).unwrap().set_back, None);
    journal.append(vec![entry(EntryKind::Outcome, "2", "A")]).await.unwrap();
    let whole = journal.verify(&[]).unwrap();
    assert_eq!((whole.head.sequence, whole.set_back), (8, Some((1, 8))));
    assert_eq!(sequences(&journal.read(Query { after: 6, ..all() }).await.unwrap()), [7, 8]);
    drop(journal);
    assert!(SqliteJournal::open(&path).is_ok());
}

#[tokio::test]
async fn journals_of_earlier_layouts_are_read_and_taken_over() {
    let first = "DROP INDEX entry_by_plan; DROP INDEX entry_by_kind; \
        CREATE INDEX entry_by_plan ON entry (plan, kind, operation, key); \
        CREATE INDEX entry_by_key ON entry (key, operation, kind); \
        CREATE INDEX entry_by_kind ON entry (kind, operation); PRAGMA user_version = 1";
    for earlier in [first, "PRAGMA user_version = 2"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.db");
        drop(filled(&path).await);
        Connection::open(&path).unwrap().execute_batch(earlier).unwrap();
        assert_eq!(whole(&SqliteJournal::open_read_only(&path).unwrap()), 6);
        let journal = SqliteJournal::open(&path).unwrap();
        assert_eq!(layout(journal.inner().connection().unwrap()).unwrap(), (APPLICATION, LAYOUT));
        assert_eq!(journal.append(vec![entry(EntryKind::Denied, "", "GET /")]).await.unwrap(), 7);
        assert_eq!(whole(&journal), 7);
    }
}

/// What SQLite means to do for each question that the component and the reports ask.
#[tokio::test]
async fn a_page_of_a_plan_is_found_by_index_and_without_sorting() {
    let directory = tempfile::tempdir().unwrap();
    let journal = filled(&directory.path().join("journal.db")).await;
    let item = Some(EntryKind::PlanItem);
    let create = Some(Operation::CreateCustomer);
    let plan = Some("1".to_owned());
    let questions = [
        Query { kind: item, operation: create, plan: plan.clone(), after: 2, ..all() },
        Query { kind: Some(EntryKind::Outcome), plan, after: 2, ..all() },
        Query { kind: Some(EntryKind::PlanReady), operation: create, backwards: true, limit: 1, ..all() },
        Query { kind: Some(EntryKind::PlanOpened), operation: create, after: 2, limit: 1, ..all() },
        Query { after: 2, ..all() },
    ];
    let mut inner = journal.inner();
    for question in questions {
        let (sql, values) = select(&question, Some(1_000));
        let mut statement =
            inner.connection().unwrap().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(rusqlite::params_from_iter(&values), |row| row.get::<_, String>(3));
        let steps = steps.unwrap().collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        assert!(steps.starts_with("SEARCH entry USING"), "{question:?}: {steps}");
        assert!(!steps.contains("TEMP B-TREE"), "{question:?}: {steps}");
    }
}

#[tokio::test]
async fn entries_are_tallied_by_plan_and_streamed_without_a_limit() {
    let directory = tempfile::tempdir().unwrap();
    let journal = filled(&directory.path().join("journal.db")).await;
    let create = Operation::CreateCustomer;
    assert_eq!(
        journal.tally(Some("1")).unwrap(),
        [
            (create, EntryKind::Intent, None, 1),
            (create, EntryKind::Outcome, Some(OutcomeState::Done), 2),
            (create, EntryKind::PlanItem, None, 2),
        ]
    );
    assert_eq!(journal.tally(None).unwrap().iter().map(|row| row.3).sum::<u64>(), 6);
    let mut seen = Vec::new();
    let query = Query { kind: Some(EntryKind::PlanItem), limit: 1, ..all() };
    let mut taken = |most: usize| {
        seen.clear();
        journal
            .for_each(&query, |stored| {
                seen.push(stored.sequence);
                seen.len() < most
            })
            .unwrap();
        seen.clone()
    };
    assert_eq!(taken(9), [1, 2, 6]);
    assert_eq!(taken(2), [1, 2]);
}

#[test]
fn files_that_are_no_journal_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text.db");
    std::fs::write(&text, "this is a text file and not a database, however long it goes on").unwrap();
    assert!(matches!(SqliteJournal::open(&text), Err(JournalOpenError::Foreign { .. })));
    let other = directory.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(SqliteJournal::open(&other), Err(JournalOpenError::Foreign { .. })));
    assert!(matches!(SqliteJournal::open_read_only(&other), Err(JournalOpenError::Foreign { .. })));
    let newer = directory.path().join("newer.db");
    let sql = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", LAYOUT + 1);
    Connection::open(&newer).unwrap().execute_batch(&sql).unwrap();
    let error = SqliteJournal::open(&newer).unwrap_err().to_string();
    assert!(error.contains(&format!("layout {}", LAYOUT + 1)), "{error}");
}

#[test]
fn looking_at_a_journal_that_is_not_there_makes_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    assert!(matches!(SqliteJournal::open_read_only(&path), Err(JournalOpenError::Missing(_))));
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_journal() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let _journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_commit_waits_for_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&directory.path().join("journal.db")).unwrap();
    let mode = || {
        let mut inner = journal.inner();
        let connection = inner.connection().unwrap();
        connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
    };
    assert_eq!(mode(), Ok(2));
    journal.rest().await;
    assert_eq!(mode(), Ok(2));
}
