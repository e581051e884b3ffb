//! Many tenants at once: each ends as it would alone, whatever becomes of the others.
#![cfg(unix)]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else fails the test"
)]

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use demo_data::{DEFAULT_SEED, ExpectedOutcome, write_certificates};
use host_harness::{
    cli::{self, args::Cli, bars::Stop, console::Console, session::JournalWrap},
    journal::{Journal, SqliteJournal},
    model::journal::{Entry, JournalError, Query, StoredEntry},
};
use onboarding_tests::{
    LICENSE_KEY, Stage, component_file,
    many::{Many, WRONG_KEY_VARIABLE, avatax, of},
    process,
};
use serde_json::Value;

const SYNC: [&str; 4] = ["run-all", "sync", "--jobs", "3"];
const APPROVED: [&str; 6] = ["run-all", "sync", "--yes", "--approved-by", "Test Approver", "--jobs=3"];

fn error<'a>(row: &'a Value, field: &str) -> &'a str {
    row["error"][field].as_str().unwrap_or_default()
}

fn figure(row: &Value, name: &str) -> u64 {
    row["metrics"].as_array().unwrap().iter().map(|call| call[name].as_u64().unwrap()).sum()
}

/// Everything that a plan of this document writes is in AvaTax, once, and nothing else is.
fn wrote_its_own(stage: &Stage, name: &str, row: &Value) {
    let created = stage.sim().customers();
    assert_eq!(row["result"]["preview"]["plan"]["writes"], created.len());
    assert!(!created.is_empty() && created.keys().all(|code| code.starts_with(&format!("{name}-"))));
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

/// Credentials that no AvaTax accepts.
fn wrong_key(name: &str, stage: &Stage) -> String {
    let account = &stage.account;
    format!(
        "[tenants.{name}.credentials]\naccount = \"{account}\"\nlicense-key-env = \"{WRONG_KEY_VARIABLE}\""
    )
}

#[test]
fn tenants_that_fail_or_are_slow_leave_the_others_exactly_as_they_would_be_alone() {
    let (north, south, east, slow) = (avatax(), avatax(), avatax(), avatax());
    slow.sim().set_faults(&["slow:ms=50"]);
    let good = [("a-slow", 20, &slow), ("east", 30, &east), ("north", 60, &north), ("south", 90, &south)];
    let mut many = Many::new();
    for (name, customers, stage) in good {
        many.add(name, customers, stage, "batch-size = 5", "");
    }
    // At the same AvaTax as a good one, so that it would be let in if connections carried credentials.
    many.add("wrong-key", 10, &north, "", &wrong_key("wrong-key", &north));
    many.add("broken-erp", 10, &south, "", "");
    std::fs::write(many.path().join("broken-erp.sqlite"), "no database").unwrap();

    let waiting = many.json(&SYNC, 3);
    let message = "4 of 6 tenants wait for confirmation, 2 did not come to a good end.";
    assert_eq!(error(&waiting, "message"), message);
    for (name, _, stage) in good {
        let next = error(of(&waiting, name), "next");
        let digest = of(&waiting, name)["result"]["preview"]["plan"]["digest"].as_str().unwrap();
        assert!(next.contains(&format!("--tenant {name}")) && next.contains(digest), "{next}");
        assert_eq!(stage.sim().writes(), 0);
    }

    let document = many.json(&APPROVED, 4);
    assert_eq!(error(of(&document, "wrong-key"), "kind"), "unauthorized");
    assert_eq!(error(of(&document, "broken-erp"), "kind"), "erp-failed");
    for (name, _, stage) in good {
        let row = of(&document, name);
        assert_eq!(row["exit_code"], 0, "{row:#}");
        wrote_its_own(stage, name, row);
    }

    let before: Vec<_> = good.iter().map(|(_, _, stage)| stage.sim().writes()).collect();
    many.json(&APPROVED, 4);
    assert_eq!(good.iter().map(|(_, _, stage)| stage.sim().writes()).collect::<Vec<_>>(), before);
}

#[test]
fn the_exit_code_is_that_which_all_share_and_only_the_named_tenants_are_worked() {
    let (east, west) = (avatax(), avatax());
    let mut many = Many::new();
    many.add("east", 20, &east, "", "");
    many.add("west", 20, &west, "", "");
    for name in ["north", "south"] {
        many.add(name, 20, &west, "", &wrong_key(name, &west));
    }

    let names = |document: &Value| {
        let rows = document["result"]["tenants"].as_array().unwrap();
        rows.iter().map(|row| row["tenant"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let found = many.json(&["run-all", "analyze", "--jobs", "1"], 0);
    assert_eq!(
        (names(&found), &found["result"]["jobs"]),
        (["east", "north", "south", "west"].map(str::to_owned).to_vec(), &1.into())
    );
    assert!(
        found["result"]["tenants"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["result"]["total"].as_u64() > Some(10))
    );

    let two = ["run-all", "sync", "--tenant", "west", "--tenant", "east", "--tenant", "west"];
    let shown = many.json(&[&two[..], &["--preview"]].concat(), 0);
    assert_eq!(names(&shown), ["east", "west"]);
    assert_eq!(
        (many.json(&two, 3)["error"]["kind"].as_str(), east.sim().writes()),
        (Some("confirmation-needed"), 0)
    );

    many.run(&["run-all", "sync", "--tenant", "nobody"]).expect(2);
    many.run(&["run-all", "analyze", "--jobs", "0"]).expect(2);
    many.run(&["run-all", "sync", "--preview", "--yes"]).expect(2);
    assert_eq!(many.json(&[&two[..], &["--yes"]].concat(), 0)["error"], Value::Null);
    wrote_its_own(&east, "east", of(&shown, "east"));

    let document = many.json(&["run-all", "sync", "--tenant", "south", "--tenant", "north"], 5);
    assert_eq!(document["error"]["kind"], "tenants");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_all_plans_are_shown_and_agreed_to_with_one_answer() {
    let (east, west) = (avatax(), avatax());
    let mut many = Many::new();
    many.add("east", 60, &east, "", "");
    many.add("west", 90, &west, "", "");
    let words = ["run-all", "sync", "--approved-by", "Test Approver"];

    let ran = onboarding_tests::terminal::converse(many.command(&words), &[("Type yes", "no")]);
    ran.expect(3);
    assert!(ran.said().contains("because you did not agree") && ran.said().contains("--confirm sha256:"));
    assert_eq!(east.sim().writes() + west.sim().writes(), 0);

    let shown = many.json(&[&words[..], &["--preview"]].concat(), 0);
    let ran = onboarding_tests::terminal::converse(many.command(&words), &[("Type yes", "yes")]);
    ran.expect(0);
    let (mut all, table) = (0, ran.printed());
    for (name, stage) in [("east", &east), ("west", &west)] {
        let plan = &of(&shown, name)["result"]["preview"];
        let blocked =
            plan["decisions"].as_array().unwrap().iter().find(|it| it["decision"] == "blocked").unwrap();
        let row = format!("{name} ┆ {} ┆ {} customers", plan["plan"]["writes"], blocked["count"]);
        assert!(table.contains(&row), "no `{row}` in\n{}", ran.stdout);
        all += plan["plan"]["writes"].as_u64().unwrap();
        wrote_its_own(stage, name, of(&shown, name));
    }
    let question = format!("Type yes to write all {all} of this to AvaTax as Test Approver");
    assert_eq!(ran.said().matches("Type yes").count(), 1);
    assert!(ran.said().contains(&question), "{}", ran.stderr);
}

#[test]
fn certificates_go_to_the_company_of_their_tenant_and_what_waits_for_a_person_is_counted() {
    let (east, west) = (avatax(), avatax());
    let mut many = Many::new();
    for (name, stage) in [("east", &east), ("west", &west)] {
        let table = format!("[tenants.{name}.documents]\nfolder = \"papers\"");
        many.add(name, 120, stage, "delivery = \"link\"", &table);
    }
    // Five that are good and five that are in doubt, because every one of them takes a good part of a second.
    let papers = many.path().join("papers");
    let mut kept = [0, 0];
    for paper in write_certificates(&papers, DEFAULT_SEED).unwrap() {
        let count = &mut kept[usize::from(paper.outcome == ExpectedOutcome::Upload)];
        *count += 1;
        if *count > 5 {
            std::fs::remove_file(papers.join(paper.file_name)).unwrap();
        }
    }
    many.json(&[&APPROVED[..], &["--reader", "native"]].concat(), 0);

    let certificates = ["run-all", "certificates", "both", "--reader", "native"];
    let shown = many.run(&[&certificates[..], &["--preview"]].concat());
    shown.expect(0);
    assert!(shown.printed().contains(" documents ┆ sha256:"), "{}", shown.stdout);
    let document = many.json(&[&certificates[..], &["--yes"]].concat(), 0);
    for (name, stage) in [("east", &east), ("west", &west)] {
        let plan = &of(&document, name)["result"]["preview"]["plan"];
        assert!(plan["certificates"].as_u64() > Some(0) && plan["invitations"].as_u64() > Some(0));
        assert_eq!(plan["certificates"], stage.sim().count("certificates"));
        assert_eq!(plan["invitations"], stage.sim().count("invitations"));
        assert_eq!(stage.sim().repeated(), [""; 0]);
    }
}

#[test]
fn a_stop_brings_every_tenant_to_a_safe_point_and_the_rows_say_so() {
    let stages = [avatax(), avatax(), avatax()];
    let mut many = Many::new();
    for (name, stage) in ["one", "three", "two"].into_iter().zip(&stages) {
        many.add(name, 2_500, stage, "batch-size = 100\nwindow = 6", "");
        stage.sim().set_faults(&["slow:on=CreateCustomers,ms=700"]);
    }
    let mut running = many.command(&["run-all", "sync", "--yes", "--json", "--jobs", "2"]).spawn().unwrap();
    for stage in &stages[..2] {
        process::until_written(stage, &mut running, 0, 1);
    }
    process::interrupt(&running);
    let ran = process::ran(running.wait_with_output().unwrap());
    ran.expect(4);
    let document = ran.document();
    for name in ["one", "three"] {
        let row = of(&document, name);
        assert_eq!((&row["exit_code"], &row["result"]["applied"]["stopped"]), (&4.into(), &true.into()));
        assert!(error(row, "message").starts_with("Stopped as you asked;"), "{row:#}");
        assert!(error(row, "next").contains(&format!("onboard resume --tenant {name}")), "{row:#}");
    }
    let waited = of(&document, "two");
    assert_eq!((error(waited, "kind"), stages[2].sim().writes()), ("stopped", 0));
    assert!(error(waited, "message").contains("before anything was planned or written"), "{waited:#}");

    for (name, stage) in ["one", "three"].into_iter().zip(&stages) {
        stage.sim().set_faults(&[]);
        many.json(&["resume", "--tenant", name], 0);
        wrote_its_own(stage, name, of(&document, name));
    }
}

#[test]
fn who_leaves_at_once_is_told_how_to_go_on_with_each_tenant_that_was_begun() {
    let stages = [avatax(), avatax(), avatax()];
    let names = ["one", "three", "two"];
    let mut many = Many::new();
    for (name, stage) in names.into_iter().zip(&stages) {
        many.add(name, 2_500, stage, "batch-size = 100\nwindow = 6", "");
        stage.sim().set_faults(&["slow:on=CreateCustomers,ms=1500"]);
    }
    let mut running = many.command(&["run-all", "sync", "--yes", "--jobs", "2"]).spawn().unwrap();
    for stage in &stages[..2] {
        process::until_written(stage, &mut running, 0, 1);
    }
    process::interrupt(&running);
    std::thread::sleep(Duration::from_millis(200));
    process::interrupt(&running);
    let left = process::ran(running.wait_with_output().unwrap());
    left.expect(130);
    let (_, told) = left.stderr.split_once("Left at once. Go on with ").unwrap();
    let commands: Vec<_> = told.split('`').skip(1).step_by(2).collect();
    // The third had no place yet, so there is nothing of it to go on with.
    assert_eq!(commands.len(), 2, "{told}");
    for ((command, name), stage) in commands.into_iter().zip(names).zip(&stages) {
        stage.sim().set_faults(&[]);
        let words: Vec<_> = command.split(' ').collect();
        assert!(words.starts_with(&["onboard", "resume"]) && words.contains(&name), "{command}");
        many.run(&words[1..]).expect(0);
        let shown = many.json(&["sync", "--tenant", name, "--preview"], 0);
        assert_eq!(shown["result"]["preview"]["plan"]["writes"], 0);
        assert!(stage.sim().customers().len() > 2_000);
        assert_eq!(stage.sim().repeated(), [""; 0]);
    }
    assert_eq!(stages[2].sim().writes(), 0);
}

#[test]
fn a_tenant_whose_avatax_falls_silent_ends_at_its_own_deadline_after_the_others() {
    let (silent, east, west) = (avatax(), avatax(), avatax());
    silent.sim().set_faults(&["hang"]);
    let mut many = Many::new();
    many.add("a-silent", 20, &silent, "", "[tenants.a-silent.limits]\ndeadline-seconds = 3");
    many.add("east", 20, &east, "", "");
    many.add("west", 20, &west, "", "");
    let begun = Instant::now();
    let ran = many.run(&["run-all", "sync", "--yes", "--json", "--jobs", "2"]);
    assert!(begun.elapsed() < Duration::from_secs(60));
    ran.expect(4);
    assert!(ran.stderr.contains("3 of 3: a-silent, timeout"), "{}", ran.stderr);
    let document = ran.document();
    assert_eq!(of(&document, "a-silent")["exit_code"], 1);
    assert!(figure(of(&document, "a-silent"), "wall_ms") >= 3_000);
    for (name, stage) in [("east", &east), ("west", &west)] {
        wrote_its_own(stage, name, of(&document, name));
    }
    // The second of them had to wait for the first, because the silent tenant kept its place.
    assert!(figure(of(&document, "west"), "queued_ms") > 0);
}

#[test]
fn what_a_tenant_took_is_measured_for_that_tenant() {
    let (large, small) = (avatax(), avatax());
    small.sim().set_faults(&["slow:ms=100"]);
    let mut many = Many::new();
    many.add("large", 400, &large, "batch-size = 5", "");
    many.add("small", 20, &small, "batch-size = 5", "");
    many.add("stranger", 20, &small, "company-id = 1", "");
    let document = many.json(&["run-all", "sync", "--yes", "--jobs", "1"], 4);
    let [large_row, small_row, stranger] = ["large", "small", "stranger"].map(|name| of(&document, name));

    let denials = figure(stranger, "denials");
    assert!(denials > 0, "{stranger:#}");
    let sentence = stranger["metrics"][0]["denied"][0].as_str().unwrap();
    assert!(sentence.contains("is not the company of this tenant, which is 1"), "{sentence}");
    assert_eq!((figure(large_row, "denials"), figure(small_row, "denials")), (0, 0));

    assert_eq!(figure(large_row, "requests"), large.sim().count("requests"));
    assert_eq!(figure(small_row, "requests") + figure(stranger, "requests"), small.sim().count("requests"));
    assert!(figure(large_row, "requests") > 5 * figure(small_row, "requests"));
    assert!(figure(large_row, "cpu_ms") > figure(small_row, "cpu_ms"));
    assert!(figure(large_row, "bytes_up") > 5 * figure(small_row, "bytes_up"));
    for row in [large_row, small_row] {
        assert!(figure(row, "wall_ms") >= figure(row, "cpu_ms"));
        let peak = row["metrics"][0]["peak_memory_bytes"].as_u64().unwrap();
        assert!((1 << 20..64 << 20).contains(&peak) && peak.is_multiple_of(65_536), "{peak}");
    }
    // Few requests, each of them slow, one after another before anything is written.
    assert!(figure(small_row, "wall_ms") >= 300 + figure(small_row, "cpu_ms"));
    // One place: who comes later waits as long as those before it took.
    assert!(figure(small_row, "queued_ms") >= figure(large_row, "wall_ms"));

    // Every figure is explained where people look it up.
    let explained = include_str!("../docs/json.md").split_once("## `metrics`").unwrap().1;
    for name in stranger["metrics"][0].as_object().unwrap().keys() {
        assert!(explained.contains(&format!("`{name}`")), "docs/json.md does not explain `{name}`");
    }

    // The same figures in the table, and in the last line of a command for one tenant.
    let table = many.run(&["run-all", "sync", "--tenant", "stranger"]);
    let column = |name: &str| {
        let cells =
            |line: &str| line.trim_matches('│').split('┆').map(|it| it.trim().to_owned()).collect::<Vec<_>>();
        let place =
            |text: &str| table.stdout.lines().rev().find(|line| line.contains(text)).map(cells).unwrap();
        let at = place("Denied").iter().position(|it| it == name).unwrap();
        place("stranger")[at].clone()
    };
    assert_eq!(column("Denied"), denials.to_string(), "{}", table.stdout);
    assert_eq!(column("Requests"), figure(stranger, "requests").to_string(), "{}", table.stdout);
    assert!(
        table.said().contains(&format!("stranger: {}", sentence.split_once(':').unwrap().0)),
        "{}",
        table.stderr
    );
    let alone = many.run(&["sync", "--tenant", "stranger"]);
    let line = format!("{} requests; {denials} were denied.", figure(stranger, "requests"));
    assert!(alone.said().contains(&line), "{}", alone.stderr);
}

#[test]
fn a_journal_that_another_process_writes_keeps_only_its_own_tenant_back() {
    let (east, west) = (avatax(), avatax());
    let mut many = Many::new();
    many.add("east", 20, &east, "", "");
    many.add("west", 20, &west, "", "");
    let data = many.path().join("data-east");
    std::fs::create_dir(&data).unwrap();
    let held = SqliteJournal::open(&data.join("journal.sqlite")).unwrap();
    let document = many.json(&APPROVED, 4);
    assert_eq!(error(of(&document, "east"), "kind"), "journal-in-use");
    wrote_its_own(&west, "west", of(&document, "west"));
    assert_eq!(east.sim().writes(), 0);
    drop(held);
    many.json(&APPROVED, 0);
}

/// A journal that breaks down over the entries of one tenant.
struct Breaking(Arc<dyn Journal>);

#[async_trait::async_trait]
impl Journal for Breaking {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        assert!(!entries.iter().any(|entry| entry.key.starts_with("east-")), "made to break down");
        self.0.append(entries).await
    }
    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        self.0.read(query).await
    }
    async fn rest(&self) {
        self.0.rest().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_over_one_tenant_is_a_row_and_the_others_go_on() {
    let (east, west) = tokio::task::block_in_place(|| (avatax(), avatax()));
    let mut many = Many::new();
    std::fs::write(many.path().join("key"), LICENSE_KEY).unwrap();
    for (name, stage) in [("east", &east), ("west", &west)] {
        let table = format!(
            "[tenants.{name}.credentials]\naccount = \"{}\"\nlicense-key-file = \"key\"",
            stage.account
        );
        many.add(name, 20, stage, "", &table);
    }
    let config = many.path().join("onboard.toml");
    let component = component_file();
    let words = [
        "onboard",
        "run-all",
        "sync",
        "--yes",
        "--json",
        "--config",
        config.to_str().unwrap(),
        "--component",
        component.to_str().unwrap(),
    ];
    let cli = <Cli as clap::Parser>::try_parse_from(words).unwrap();
    let breaking = JournalWrap(Arc::new(|journal| Arc::new(Breaking(journal)) as Arc<dyn Journal>));
    let streams = (Box::new(io::sink()), Box::new(io::sink()), Box::new(io::empty()));
    let mut console = Console::of_streams(streams.0, streams.1, streams.2, false, true);
    let ending = cli::run(&cli, &mut console, Arc::new(Stop::default()), Some(breaking)).await;
    let document = ending.document("run-all");
    let row = of(&document, "east");
    assert_eq!((error(row, "kind"), &row["exit_code"]), ("internal", &1.into()), "{row:#}");
    assert!(error(row, "message").contains("broke down over this tenant"), "{row:#}");
    assert!(error(row, "next").contains("onboard resume") && error(row, "next").contains("--tenant east"));
    tokio::task::block_in_place(|| {
        assert_eq!(east.sim().writes(), 0);
        wrote_its_own(&west, "west", of(&document, "west"));
        drop((east, west));
    });
}
