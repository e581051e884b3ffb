//! Memory stays flat: ten times the customers do not take the program noticeably more of it.
//!
//! Each step of the flow is a process of its own, as it is for a user, and its peak is what the kernel noted as the most
//! memory it ever had resident (`VmHWM`), read every few milliseconds until it ends; the figure only ever rises, so
//! what the last look misses is what was added in the last instant. The stand-in runs in the test's process, so its
//! memory does not count. Only Linux tells such a figure of another process.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{
    fs::{self, File},
    thread,
    time::{Duration, Instant},
};

use demo_data::{DEFAULT_SEED, ErpTruth, ExpectedOutcome};
use onboarding_tests::{Stage, onboard_program, process::command};
use serde_json::{Value, json};

/// What ten times the customers may add.
const ALLOWED_MIB: u64 = 150;
/// Exit code of a run that has to be gone on with.
const DONE_IN_PART: i32 = 4;
/// Most that the journal may take for each customer, in bytes: plan, intent and outcome.
const JOURNAL_BYTES: u64 = 1_000;
const STEPS: [(&str, &[&str]); 4] = [
    ("analyze", &["analyze", "--json"]),
    ("sync", &["sync", "--yes", "--json"]),
    ("certificates", &["certificates", "both", "--yes", "--json"]),
    ("report", &["report", "--format", "jsonl", "--output", "report.jsonl", "--json"]),
];

/// What a step printed, and what it took.
struct Step {
    name: &'static str,
    done: bool,
    document: Value,
    peak_kib: u64,
}

/// Most memory a process ever had resident, in KiB; none when it is gone.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn run(stage: &Stage, name: &'static str, arguments: &[&str]) -> Step {
    let [out, err] = ["out", "err"].map(|kind| stage.dir().join(format!("{name}.{kind}")));
    let begun = Instant::now();
    let mut child = command(stage, &onboard_program(), &[], arguments)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak_kib(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(3));
    };
    let (out, err) = (fs::read_to_string(out).unwrap(), fs::read_to_string(err).unwrap());
    let code = status.code();
    assert!(code == Some(0) || code == Some(DONE_IN_PART), "{name}\n--- stdout\n{out}\n--- stderr\n{err}");
    println!("    {name}: {:.1} s, peak {} MiB", begun.elapsed().as_secs_f32(), peak / 1024);
    Step { name, done: code == Some(0), document: serde_json::from_str(&out).unwrap(), peak_kib: peak }
}

/// The whole flow over that many customers.
fn flow(customers: u32) -> (Stage, Vec<Step>) {
    let stage = Stage::build().customers(customers).start();
    println!("{customers} customers");
    let steps = STEPS.map(|(name, arguments)| run(&stage, name, arguments));
    assert!(steps.iter().all(|step| step.done));
    (stage, steps.into())
}

fn analyzed(found: &Value, truth: &ErpTruth) {
    let expected = json!({
        "total": truth.total, "exempt": truth.exempt, "taxable": truth.taxable, "unknown": truth.unknown,
        "out_of_use": truth.out_of_use, "unreadable": truth.bad_rows, "invitable": truth.invitable,
    });
    for (name, figure) in expected.as_object().unwrap() {
        assert_eq!(&found[name], figure, "{name}");
    }
    let strengths: Vec<_> =
        found["by_strength"].as_array().unwrap().iter().map(|one| &one["customers"]).collect();
    assert_eq!(json!(strengths), json!([truth.strong, truth.medium, truth.weak]));
}

/// How many operations of a kind a report says were done.
fn done(report: &Value, operation: &str) -> u64 {
    let all = report["outcomes"].as_array().unwrap().iter();
    let good = all
        .filter(|one| one["operation"] == operation && (one["state"] == "done" || one["state"] == "adopted"));
    good.map(|one| one["count"].as_u64().unwrap()).sum()
}

fn agrees(stage: &Stage, steps: &[Step]) {
    let [analysis, sync, certificates, _] = steps else { panic!("{} steps", steps.len()) };
    let found = &analysis.document["result"];
    analyzed(found, &stage.erp);

    let sim = stage.sim();
    let synced = &sync.document["result"]["applied"];
    let customers = found["creatable"].as_u64().unwrap();
    assert!(customers > u64::from(stage.erp.active) * 9 / 10 && customers < u64::from(stage.erp.active));
    assert_eq!((done(synced, "create-customer"), sim.count("customers")), (customers, customers));
    assert_eq!(synced["remaining"], 0);

    let all = [&stage.certificates[..], &demo_data::attached_certificates(DEFAULT_SEED).unwrap()].concat();
    let good = all.iter().filter(|one| one.outcome == ExpectedOutcome::Upload);
    let uploads: u64 = good.map(|one| one.states.len() as u64).sum();
    let certified = &certificates.document["result"]["applied"];
    for (operation, name) in [("create-certificate", "certificates"), ("link-certificate", "links")] {
        assert_eq!((done(certified, operation), sim.count(name)), (uploads, uploads), "{name}");
    }
    let invitations = sim.count("invitations");
    assert_eq!(done(certified, "send-invitation"), invitations);
    assert_eq!(certified["plan"]["invitations"], invitations);
    assert_eq!(certified["remaining"], 0);
    // Only who can be invited is, and most of them have no certificate yet.
    let invitable = u64::from(stage.erp.invitable);
    assert!(invitations <= invitable && invitations > invitable * 8 / 10, "{invitations} of {invitable}");
    // A customer, a certificate with its document and its link, an invitation: nothing else, and nothing twice.
    assert_eq!(sim.count("effects"), customers + 3 * uploads + invitations);
    assert_eq!(sim.repeated(), [] as [String; 0]);
}

#[test]
fn twenty_thousand_customers_take_hardly_more_memory_than_two_thousand() {
    let (few, few_steps) = flow(2_000);
    agrees(&few, &few_steps);
    let (many, many_steps) = flow(20_000);
    agrees(&many, &many_steps);
    for (few, many) in few_steps.iter().zip(&many_steps) {
        assert!(few.peak_kib > 0 && many.peak_kib > 0, "the peak of {} was not seen", few.name);
        let more = many.peak_kib.saturating_sub(few.peak_kib) / 1024;
        println!("{}: {} MiB, then {} MiB", few.name, few.peak_kib / 1024, many.peak_kib / 1024);
        assert!(more <= ALLOWED_MIB, "{} takes {more} MiB more for ten times the customers", few.name);
    }
}

/// Every twentieth call goes wrong, in each of the ways that leave a doubt or cost a wait.
#[test]
fn a_hundred_thousand_customers_amid_faults_are_created_once_in_the_same_memory() {
    let stage = Stage::build()
        .customers(100_000)
        .without_certificates()
        .setting("settling-seconds = 2")
        .sim(|sim| {
            let kinds = [
                "429:retry-after=1",
                "500-before:limit=100000",
                "500-after:limit=100000",
                "cut-after:limit=100000",
                "lost:limit=100000",
                "partial:limit=100000",
            ];
            let rates = [0.005, 0.01, 0.01, 0.01, 0.01, 0.005];
            sim.faults = kinds
                .iter()
                .zip(rates)
                .map(|(kind, rate)| format!("{kind},rate={rate}").parse().unwrap())
                .collect();
        })
        .start();
    let mut steps = vec![run(&stage, "sync", &["sync", "--yes", "--json"])];
    for _ in 0..5 {
        if steps.last().unwrap().done {
            break;
        }
        steps.push(run(&stage, "resume", &["resume", "--json"]));
    }
    assert!(steps.last().unwrap().done, "five times resumed and still not done");

    let sim = stage.sim();
    let struck: u64 = sim.struck();
    assert!(struck > 50, "only {struck} faults struck");
    let customers = sim.count("customers");
    assert!(customers > u64::from(stage.erp.active) * 9 / 10 && customers < u64::from(stage.erp.active));
    assert_eq!(sim.count("effects"), customers);
    assert_eq!(sim.repeated(), [] as [String; 0]);
    let analysis = run(&stage, "analyze", &["analyze", "--json"]);
    assert_eq!(analysis.document["result"]["creatable"], customers);

    let journal: u64 = ["", "-wal"]
        .iter()
        .filter_map(|end| fs::metadata(stage.dir().join(format!("data/journal.sqlite{end}"))).ok())
        .map(|file| file.len())
        .sum();
    println!("{struck} faults; {} bytes of journal for each customer", journal / customers);
    assert!(journal / customers <= JOURNAL_BYTES, "{} bytes", journal / customers);
    let few = run(&few_customers(), "sync", &["sync", "--yes", "--json"]);
    for step in &steps {
        let more = step.peak_kib.saturating_sub(few.peak_kib) / 1024;
        println!(
            "{}: {} MiB, with 2,000 customers {} MiB",
            step.name,
            step.peak_kib / 1024,
            few.peak_kib / 1024
        );
        assert!(more <= ALLOWED_MIB, "{} takes {more} MiB more for fifty times the customers", step.name);
    }
}

fn few_customers() -> Stage {
    Stage::build().customers(2_000).without_certificates().start()
}
