//! The journal holds against everything that can happen to it: a full disk, a damaged file, a clock that jumps, somebody
//! who changes it. Every test runs the real program, and asks the stand-in afterwards what reached it.
#![cfg(unix)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{fs, os::unix::fs::FileExt as _, path::PathBuf, process::Command, time::Instant};

use host_harness::journal::SqliteJournal;
use onboarding_tests::{
    APPROVER, Stage,
    process::{by_shell, everything_is_recorded, preview, slow_stage, start, until_written},
};
use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const SYNC: &[&str] = &["sync", "--yes"];

fn journal_file(stage: &Stage) -> PathBuf {
    stage.data_dir().join("journal.sqlite")
}

fn beside(stage: &Stage, ending: &str) -> PathBuf {
    stage.data_dir().join(format!("journal.sqlite{ending}"))
}

fn tamper(stage: &Stage, sql: &str) {
    Connection::open(journal_file(stage)).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_disk_that_fills_up_ends_the_run_with_a_sentence_and_costs_nothing_but_another_run() {
    let stage = Stage::build()
        .customers(4_000)
        .without_certificates()
        .setting("batch-size = 50")
        .setting("window = 4")
        .start();
    let (planned, digest) = preview(&stage, &["sync"]);
    let mut in_the_middle = 0;
    // No file may grow beyond that many blocks of 512 bytes; ignoring the signal makes an error of it. The component's
    // memory counts as a file too and takes some of them.
    for blocks in ["1", "3000", "4000", "5000"] {
        let before = stage.sim().writes();
        let script = "trap '' XFSZ; ulimit -f $0; exec \"$@\"";
        let full = by_shell(&stage, &["sh"], script, blocks, &["sync", "--confirm", &digest, "--json"]);
        everything_is_recorded(&stage);
        let document = full.document();
        let error = &document["error"];
        let written = stage.sim().writes() - before;
        println!("{blocks} blocks: {written} writes, {}", error["message"]);
        let expected = if blocks == "1" { (2, "journal") } else { (1, "journal-failed") };
        assert_eq!((full.code, error["kind"].as_str().unwrap()), expected, "{blocks}: {document:#}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("may be full"), "{message}");
        if expected.0 == 1 {
            in_the_middle += u32::from(written > 0);
            assert!(message.contains(&format!("Of the plan's {}", grouped(planned))), "{message}");
            assert!(error["next"].as_str().unwrap().contains("then go on with `onboard resume"), "{error}");
            stage.json(&["journal", "verify"], 0);
        }
    }
    assert!(in_the_middle > 0, "no run filled the disk in the middle of its writes");
    let document = stage.json(&["resume"], 0);
    assert!(document["result"]["resumed"][0]["begun"].as_u64().unwrap() > 0);
    assert_eq!(stage.sim().count("customers"), planned);
    assert_eq!(stage.sim().repeated(), [""; 0]);
    everything_is_recorded(&stage);
}

/// A number below a million as sentences write it.
fn grouped(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

/// A way to run a program where a folder or file is mounted read-only, which stops the administrator too; none where
/// this system does not let the test do it.
fn read_only_launcher() -> Option<Vec<&'static str>> {
    let ways = [vec!["unshare", "-m", "sh"], vec!["unshare", "-rm", "sh"]];
    let works = |way: &Vec<&str>| {
        let script = "mount --bind /tmp /tmp && mount -o remount,ro,bind /tmp";
        let tried = Command::new(way[0]).args(&way[1..]).args(["-c", script]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let found = ways.into_iter().find(works);
    if found.is_none() {
        println!("skipped: this system does not let a test mount anything read-only");
    }
    found
}

#[test]
fn a_journal_that_may_not_be_written_is_said_so_before_anything_is_sent() {
    let Some(launcher) = read_only_launcher() else { return };
    let stage = Stage::build().customers(30).without_certificates().start();
    let (planned, digest) = preview(&stage, &["sync"]);
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
    for place in [stage.data_dir(), journal_file(&stage)] {
        let place = place.to_str().unwrap();
        for arguments in [&["sync", "--confirm", &digest, "--json"][..], &["sync", "--yes", "--json"]] {
            let refused = by_shell(&stage, &launcher, script, place, arguments);
            refused.expect(2);
            let document = refused.document();
            assert_eq!(document["error"]["kind"], "journal");
            let message = document["error"]["message"].as_str().unwrap();
            assert!(message.contains("journal.sqlite") && message.contains("rights"), "{message}");
        }
    }
    // Whoever only looks can still do so.
    let file = journal_file(&stage);
    by_shell(&stage, &launcher, script, file.to_str().unwrap(), &["journal", "verify"]).expect(0);
    by_shell(&stage, &launcher, script, file.to_str().unwrap(), &["status"]).expect(0);
    assert_eq!(stage.sim().effects(), []);
    stage.json(&["sync", "--confirm", &digest], 0);
    assert_eq!(stage.sim().count("customers"), planned);
}

#[test]
fn a_journal_that_cannot_be_one_is_refused() {
    let stage = Stage::build().customers(30).without_certificates().start();
    fs::create_dir_all(journal_file(&stage)).unwrap();
    assert_eq!(stage.json(SYNC, 2)["error"]["kind"], "journal");
    fs::remove_dir_all(stage.data_dir()).unwrap();
    fs::write(stage.data_dir(), "a file where a folder should be").unwrap();
    assert_eq!(stage.json(SYNC, 2)["error"]["kind"], "configuration");
    assert_eq!(stage.sim().effects(), []);
}

/// Refuses to write and to prove, each with a sentence, and sends nothing.
fn refuses(stage: &Stage, codes: (i32, i32), words: &str) {
    let before = stage.sim().effects();
    for arguments in [SYNC, &["certificates", "invite", "--yes"], &["resume"]] {
        let ran = stage.onboard(arguments);
        assert_eq!(ran.code, codes.0, "{arguments:?}\n{}", ran.stderr);
        assert!(ran.said().contains(words), "{arguments:?}: {}", ran.stderr);
    }
    let ran = stage.onboard(&["journal", "verify"]);
    assert_eq!(ran.code, codes.1, "{}", ran.stderr);
    assert!(ran.said().contains(words), "{}", ran.stderr);
    assert_eq!(stage.sim().effects(), before);
}

#[test]
fn a_damaged_journal_is_not_written_on() {
    let stage = Stage::build().customers(200).without_certificates().start();
    stage.json(SYNC, 0);
    preview(&stage, &["certificates", "invite"]);
    let whole = fs::read(journal_file(&stage)).unwrap();
    let damage = |offset: usize, bytes: &[u8]| {
        fs::write(journal_file(&stage), &whole).unwrap();
        let file = fs::File::options().write(true).open(journal_file(&stage)).unwrap();
        file.write_all_at(bytes, offset as u64).unwrap();
    };
    damage(0, b"no SQLite header");
    refuses(&stage, (2, 1), "is not a SQLite file");
    // Whatever page is garbage, of the table or of an index: it shows before anything is sent.
    let pages = whole.len() / 4_096;
    assert!(pages > 20, "{pages}");
    let sim_before = stage.sim().effects();
    for page in (1..pages).step_by((pages / 10).max(1)) {
        damage(page * 4_096, &[0xa5; 4_096]);
        let ran = stage.onboard(&["certificates", "invite", "--yes"]);
        assert_eq!(ran.code, 1, "page {page}: {}\n{}", ran.stdout, ran.stderr);
        assert!(
            ran.said().contains("damaged") || ran.said().contains("changed after"),
            "page {page}: {}",
            ran.stderr
        );
        stage.onboard(&["journal", "verify"]).expect(1);
        assert_eq!(stage.sim().effects(), sim_before, "page {page}");
    }
    fs::write(journal_file(&stage), &whole).unwrap();
    stage.json(&["journal", "verify"], 0);
    stage.json(&["certificates", "invite", "--yes"], 0);
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

#[test]
fn a_write_ahead_file_that_is_damaged_or_gone_is_noticed_although_sqlite_takes_it_for_an_unfinished_commit() {
    for damage in ["damaged", "gone"] {
        let stage = slow_stage();
        let (_, digest) = preview(&stage, &["sync"]);
        let mut running = start(&stage, &["sync", "--confirm", &digest]);
        until_written(&stage, &mut running, 0, 1);
        running.kill().unwrap();
        running.wait().unwrap();
        stage.sim().set_faults(&[]);
        let ahead = beside(&stage, "-wal");
        if damage == "gone" {
            fs::remove_file(&ahead).unwrap();
        } else {
            let half = fs::metadata(&ahead).unwrap().len() / 2;
            let file = fs::File::options().write(true).open(&ahead).unwrap();
            file.write_all_at(&[0xa5; 8_192], half).unwrap();
        }
        refuses(&stage, (1, 1), "The end of the journal is missing");
        // The way out that the sentence names: begin anew, and find what is there already.
        let aside = stage.dir().join("evidence");
        fs::rename(stage.data_dir(), &aside).unwrap();
        stage.json(SYNC, 0);
        assert_eq!(stage.sim().repeated(), [""; 0], "{damage}");
    }
}

#[test]
fn a_changed_entry_is_named_and_nothing_is_written_over_it() {
    let stage = Stage::build().customers(60).without_certificates().start();
    stage.json(SYNC, 0);
    let whole = stage.json(&["journal", "verify"], 0);
    let result = &whole["result"];
    let entries = result["entries"].as_u64().unwrap();
    assert_eq!((&result["whole"], &result["plans"]), (&true.into(), &1.into()));
    let kinds = result["kinds"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum::<u64>();
    assert_eq!(kinds, entries);
    let head = result["head"].as_str().unwrap().to_owned();
    assert!(head.starts_with(&format!("{entries}:")), "{head}");

    tamper(&stage, "UPDATE entry SET body = '{\"approved_by\":\"Somebody Else\"}' WHERE kind = 'approval'");
    refuses(&stage, (1, 1), "(approval sync, recorded 20");
    let document = stage.json(&["journal", "verify"], 1);
    assert_eq!(
        (&document["error"]["kind"], &document["result"]["fault"]),
        (&"journal-broken".into(), &"changed".into())
    );
    tamper(
        &stage,
        &format!("UPDATE entry SET body = '{{\"approved_by\":\"{APPROVER}\"}}' WHERE kind = 'approval'"),
    );
    stage.json(&["journal", "verify"], 0);

    tamper(&stage, &format!("DELETE FROM entry WHERE sequence > {}", entries - 3));
    refuses(&stage, (1, 1), "The end of the journal is missing");
    // Without the note beside the journal, the head that was kept elsewhere still tells.
    fs::remove_file(beside(&stage, ".head")).unwrap();
    stage.json(&["journal", "verify"], 0);
    let document = stage.json(&["journal", "verify", "--head", &head], 1);
    assert_eq!(document["result"]["first"], entries - 2);
    stage.onboard(&["journal", "verify", "--head", "12"]).expect(2);
}

/// Moves every time by some hours and recomputes the chain as it is documented, by code of this test's own.
fn move_clock(stage: &Stage, hours: i64) {
    let journal = Connection::open(journal_file(stage)).unwrap();
    let sql = "SELECT sequence, recorded_at, kind, operation, plan, key, customer, coalesce(state, ''), body FROM entry ORDER BY 1";
    let rows: Vec<(i64, Vec<String>)> = journal
        .prepare(sql)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, (1..9).map(|at| row.get(at)).collect::<Result<_, _>>()?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut chain = vec![0_u8; 32];
    for (sequence, mut columns) in rows {
        let at: jiff::Timestamp = columns[0].parse().unwrap();
        columns[0] = (at + jiff::SignedDuration::from_hours(hours)).to_string();
        let mut hash = Sha256::new();
        hash.update(&chain);
        hash.update(sequence.to_le_bytes());
        for column in &columns {
            hash.update((column.len() as u64).to_le_bytes());
            hash.update(column);
        }
        chain = hash.finalize().to_vec();
        let update = "UPDATE entry SET recorded_at = ?2, chain = ?3 WHERE sequence = ?1";
        journal.execute(update, rusqlite::params![sequence, columns[0], chain]).unwrap();
    }
    drop(journal);
    fs::remove_file(beside(stage, ".head")).unwrap();
}

#[test]
fn a_clock_that_jumps_back_changes_nothing_but_a_remark() {
    let stage = Stage::build().customers(60).without_certificates().start();
    let (planned, digest) = preview(&stage, &["sync"]);
    move_clock(&stage, 24 * 30);
    let remarks = |document: Value| document["result"]["remarks"].as_array().unwrap().len();
    assert_eq!(remarks(stage.json(&["journal", "verify"], 0)), 1, "the last entry is of the future");
    stage.json(&["sync", "--confirm", &digest], 0);
    assert_eq!(stage.sim().count("customers"), planned);
    let ran = stage.onboard(&["journal", "verify"]);
    assert!(ran.expect(0).printed().contains("A remark: the clock was set back once"), "{}", ran.stdout);
    // The newest plan is the one with the highest number, whatever its time.
    let runs = &stage.json(&["status"], 0)["result"];
    assert_eq!(
        (&runs["summary"]["open"], &runs["runs"][0]["approvals"][0]["by"]),
        (&0.into(), &APPROVER.into())
    );
    stage.json(&["resume"], 0);
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

/// A customer is a plan item, an intent and an outcome.
#[test]
fn a_customer_takes_its_three_entries_and_little_more_room() {
    let stage = Stage::build().customers(2_000).without_certificates().setting("batch-size = 100").start();
    stage.json(SYNC, 0);
    let customers = stage.sim().count("customers");
    let begun = Instant::now();
    let entries = stage.json(&["journal", "verify"], 0)["result"]["entries"].as_u64().unwrap();
    let seconds = begun.elapsed().as_secs_f32();
    let bytes = fs::metadata(journal_file(&stage)).unwrap().len();
    println!(
        "{customers} customers, {entries} entries, {bytes} bytes, {} for each customer; verified in {seconds:.2} s",
        bytes / customers
    );
    // Customers that are left out have a plan item too.
    assert!(entries >= 3 * customers && entries < 4 * customers);
    assert!(bytes / customers < 2_000, "{bytes} bytes for {customers} customers");
}

#[test]
fn entries_are_listed_by_plan_kind_and_customer() {
    let stage = Stage::build().customers(30).without_certificates().start();
    assert_eq!(stage.json(&["journal", "show"], 2)["error"]["kind"], "journal");
    stage.json(SYNC, 0);
    let list = |flags: &[&str]| {
        let document = stage.json(&[&["journal", "show"], flags].concat(), 0);
        document["result"]["entries"].as_array().unwrap().clone()
    };
    let all = list(&[]);
    let whole = stage.json(&["journal", "verify"], 0);
    assert_eq!(whole["result"]["entries"], all.len());
    let outcomes = list(&["--kind", "outcome"]);
    assert!(!outcomes.is_empty() && outcomes.iter().all(|entry| entry["state"] == "done"));
    let code = outcomes[0]["customer"].as_str().unwrap();
    let of_one: Vec<_> = list(&["--customer", code]).iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(of_one, ["plan-item", "intent", "outcome"]);
    assert_eq!(list(&["--plan", "1"]).len(), all.len() - 1, "the entry that opens a plan belongs to none");
    assert_eq!(list(&["--plan", "2"]).len(), 0);
    let text = stage.onboard(&["journal", "show", "--customer", code]);
    assert_eq!(text.expect(0).stdout.lines().count(), 3);
    stage.onboard(&["journal", "show", "--kind", "unheard-of"]).expect(2);
}

/// A tenant whose `company-id` is not that of its company code: AvaTax names another one, and the host denies the component
/// every call of it.
#[test]
fn what_the_host_denied_is_recorded_shown_and_proven_also_by_commands_that_record_nothing_else() {
    let stage = Stage::build().customers(10).without_certificates().setting("company-id = 7").start();
    stage.onboard(&["analyze"]).expect(0);
    assert!(!journal_file(&stage).exists(), "there was nothing to record");

    let checked = stage.onboard(&["check", "--json"]);
    assert_ne!(checked.code, 0, "{}", checked.stdout);
    let document = checked.document();
    let metrics = &document["metrics"][0];
    let denied = metrics["denied"].as_array().unwrap();
    assert!(!denied.is_empty() && denied.len() <= 20, "{metrics:#}");
    assert_eq!(metrics["denied_unrecorded"], Value::Null);

    let shown = stage.json(&["journal", "show", "--kind", "denied"], 0);
    let entries = shown["result"]["entries"].as_array().unwrap();
    let details: Vec<&Value> = entries.iter().map(|entry| &entry["body"]["detail"]).collect();
    assert_eq!(details, denied.iter().collect::<Vec<_>>());
    assert_eq!(
        (&entries[0]["body"]["call"], &entries[0]["body"]["action"]),
        (&"sync".into(), &"check".into())
    );
    assert!(entries[0]["key"].as_str().unwrap().starts_with("GET http://127.0.0.1"), "{}", entries[0]);
    let verified = stage.json(&["journal", "verify"], 0);
    assert_eq!(verified["result"]["kinds"]["denied"], entries.len());
    assert_eq!(stage.json(&["status"], 0)["result"]["denied"], entries.len());
    let report = stage.onboard(&["report"]);
    assert!(report.stdout.contains("Requests that were denied\n"), "{}", report.stdout);
    assert!(report.stdout.contains(denied[0].as_str().unwrap()), "{}", report.stdout);

    // While another run has the journal, the denial is printed all the same, and why it is not recorded.
    let held = SqliteJournal::open(&journal_file(&stage)).unwrap();
    let locked = stage.onboard(&["check"]);
    assert!(locked.said().contains("is not the company of this tenant"), "{}", locked.stderr);
    assert!(
        locked.said().contains("is not in the journal: The journal")
            && locked.said().contains("in use by another run"),
        "{}",
        locked.stderr
    );
    drop(held);

    // The component, which knows nothing of such entries, works on the same journal.
    stage.edit_config("company-id = 7\n", "");
    stage.onboard(SYNC).expect(0);
    everything_is_recorded(&stage);
    assert!(stage.sim().count("customers") > 0);
    let verified = stage.json(&["journal", "verify"], 0);
    assert_eq!(verified["result"]["kinds"]["denied"], entries.len());
}
