//! The whole way: what the program says it did is what the data called for and what arrived in AvaTax, also when AvaTax
//! misbehaves, and doing it twice does nothing.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{collections::BTreeSet, path::Path, process::Command, sync::OnceLock, thread, time::Duration};

use avatax_sim::{BatchMode, DuplicateAnswer, LinkTwice};
use demo_data::{CertificateTruth, DEFAULT_SEED, ErpOptions, ErpTruth, ExpectedOutcome, Trap};
use onboarding_tests::{Stage, run_in};
use serde_json::{Value, json};

const SYNC: &[&str] = &["sync", "--yes"];
const CERTIFICATES: &[&str] = &["certificates", "both", "--yes"];

/// What keeps a customer from being created, as far as the demo's rows have it.
const BLOCKING: [Trap; 13] = [
    Trap::CodeShared,
    Trap::CodeTooLong,
    Trap::CodeEmpty,
    Trap::Line1Missing,
    Trap::AddressMissing,
    Trap::CityMissing,
    Trap::PostalCodeMissing,
    Trap::PostalCodeTooLong,
    Trap::RegionMissing,
    Trap::RegionNumber,
    Trap::CountryUnknown,
    Trap::CountryMissing,
    Trap::NameTooLong,
];

/// Customers that can be created.
fn creatable(truth: &ErpTruth) -> u64 {
    let blocked: u32 = BLOCKING.iter().filter_map(|trap| truth.traps.get(trap)).sum();
    u64::from(truth.active - blocked)
}

/// Certificates in the folder and those attached in the ERP.
fn all_certificates(folder: &[CertificateTruth]) -> Vec<CertificateTruth> {
    [folder, &demo_data::attached_certificates(DEFAULT_SEED).unwrap()].concat()
}

fn with_outcome(all: &[CertificateTruth], outcome: ExpectedOutcome) -> Vec<&CertificateTruth> {
    all.iter().filter(|one| one.outcome == outcome).collect()
}

/// One certificate for each state of each good document.
fn uploads(all: &[CertificateTruth]) -> u64 {
    with_outcome(all, ExpectedOutcome::Upload).iter().map(|one| one.states.len() as u64).sum()
}

fn decided(report: &Value, decision: &str) -> u64 {
    let all = report["decisions"].as_array().unwrap();
    all.iter().find(|one| one["decision"] == decision).map_or(0, |one| one["count"].as_u64().unwrap())
}

fn ended(report: &Value, operation: &str) -> u64 {
    let all = report["outcomes"].as_array().unwrap();
    let good =
        |one: &&Value| one["operation"] == operation && (one["state"] == "done" || one["state"] == "adopted");
    all.iter().filter(good).map(|one| one["count"].as_u64().unwrap()).sum()
}

/// The figures that both sides have.
fn four(state: &Value) -> [u64; 4] {
    ["customers", "certificates", "links", "invitations"].map(|name| state[name].as_u64().unwrap())
}

fn check_analysis(found: &Value, truth: &ErpTruth) {
    let expected = json!({
        "total": truth.total, "exempt": truth.exempt, "taxable": truth.taxable, "unknown": truth.unknown,
        "out_of_use": truth.out_of_use, "unreadable": truth.bad_rows, "invitable": truth.invitable,
        "creatable": creatable(truth),
    });
    for (name, figure) in expected.as_object().unwrap() {
        assert_eq!(&found[name], figure, "{name}");
    }
    let strengths = found["by_strength"].as_array().unwrap().iter();
    let strengths: Vec<_> = strengths.map(|one| one["customers"].as_u64().unwrap()).collect();
    assert_eq!(strengths, [truth.strong, truth.medium, truth.weak].map(u64::from));
    let by_region = found["by_region"].as_array().unwrap();
    let regions: BTreeSet<_> = by_region
        .iter()
        .filter(|one| one["country"] == "US" && one["customers"] != 0)
        .map(|one| one["region"].as_str().unwrap().to_owned())
        .collect();
    assert!(regions.is_superset(&truth.states), "{:?}", truth.states.difference(&regions));
}

/// Runs the demo in a folder, as on a machine without recognition networks and fonts, and gives its document.
fn demo(dir: &Path) -> Value {
    run_in(dir, &["demo", "--json", "--dir", "work"], |command| without_networks(command, dir))
        .expect(0)
        .document()["result"]
        .clone()
}

fn without_networks(command: &mut Command, dir: &Path) {
    command.env("ONBOARD_MODELS", dir.join("no-models")).env("ONBOARD_FONTS", dir.join("no-fonts"));
}

#[test]
fn the_demo_finds_and_writes_what_its_data_calls_for_and_the_stand_in_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let truth = demo_data::write_erp(&dir.path().join("truth.sqlite"), &ErpOptions::default()).unwrap();
    let folder = demo_data::write_certificates(&dir.path().join("truth"), DEFAULT_SEED).unwrap();
    let all = all_certificates(&folder);
    assert!(truth.rows >= 300 && folder.len() >= 25 && truth.states.len() >= 40);

    let result = demo(dir.path());
    check_analysis(&result["analysis"], &truth);
    let [customers, certificates, links, invitations] = four(&result["stand_in"]);
    assert_eq!(four(&result["journal"]), [customers, certificates, links, invitations]);
    assert_eq!(four(&result["stand_in_state"]), [customers, certificates, links, invitations]);
    assert_eq!(result["equal"], true);
    assert_eq!((customers, certificates, links), (creatable(&truth), uploads(&all), uploads(&all)));
    assert!(invitations > 0);
    // Each stored thing took one write: a customer, a certificate with its document and its link, an invitation. One
    // more would be something done twice.
    assert_eq!(result["stand_in_state"]["effects"], customers + 3 * certificates + invitations);
    assert_eq!(result["stand_in_state"]["covered"], certificates);

    let plan = &result["certificates"]["preview"];
    for (decision, outcome) in [
        ("needs-reader", ExpectedOutcome::NeedsReader),
        ("unreadable", ExpectedOutcome::Unreadable),
        ("on-file", ExpectedOutcome::Duplicate),
    ] {
        assert_eq!(decided(plan, decision), with_outcome(&all, outcome).len() as u64, "{decision}");
    }
    // What needs a person is doubtful, or no valid certificate as it stands.
    let waits = decided(plan, "review") + decided(plan, "invalid");
    assert_eq!(waits, with_outcome(&all, ExpectedOutcome::Review).len() as u64);
    assert!(dir.path().join(result["report"].as_str().unwrap()).is_file());
}

#[test]
fn the_demo_can_be_run_again_in_its_folder_and_gives_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (demo(dir.path()), demo(dir.path()));
    assert_eq!(four(&first["stand_in"]), four(&second["stand_in"]));
    assert_eq!(first["analysis"], second["analysis"]);
    assert_eq!(second["equal"], true);
}

#[test]
fn the_demo_tells_a_person_the_figures_and_where_the_report_lies() {
    let dir = tempfile::tempdir().unwrap();
    let truth = demo_data::write_erp(&dir.path().join("truth.sqlite"), &ErpOptions::default()).unwrap();
    let ran = run_in(dir.path(), &["demo", "--dir", "work"], |command| without_networks(command, dir.path()));
    ran.expect(0);
    assert!(
        ran.said().contains("Scans and photographs are left out: ")
            && ran.said().contains("`cargo xtask setup`")
    );
    assert!(ran.printed().contains("Certificates that wait for a person, worst first"), "{}", ran.stdout);
    let figure = |row: &str| -> u64 {
        let line =
            ran.stdout.lines().rfind(|line| line.contains(row)).unwrap_or_else(|| panic!("no row {row}"));
        line.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    assert_eq!(figure("customers in the ERP"), u64::from(truth.total));
    assert_eq!(figure("of them tax-exempt"), u64::from(truth.exempt));
    for row in ["customers created", "certificates created", "certificates linked", "invitations sent"] {
        let line = ran.stdout.lines().rfind(|line| line.contains(row)).unwrap();
        assert!(line.contains("equal"), "{line}");
    }
    let report = Path::new("work").join("report.txt");
    assert!(ran.stdout.contains(report.to_str().unwrap()), "{}", ran.stdout);
    assert!(std::fs::read_to_string(dir.path().join(report)).unwrap().len() > 1_000);
}

#[test]
fn step_by_step_the_program_reports_what_arrived_in_avatax() {
    let stage = Stage::new();
    let all = all_certificates(&stage.certificates);
    let checked = stage.json(&["check"], 0);
    let verdicts = checked["result"]["checks"].as_array().unwrap();
    assert!(verdicts.len() >= 6 && verdicts.iter().all(|check| check["verdict"] == "ok"), "{verdicts:#?}");
    check_analysis(&stage.json(&["analyze"], 0)["result"], &stage.erp);
    assert_eq!(stage.sim().effects(), [], "looking wrote something");

    let synced = stage.json(SYNC, 0);
    let created: BTreeSet<String> = stage.sim().customers().into_keys().collect();
    assert_eq!(created.len() as u64, creatable(&stage.erp));
    assert_eq!(ended(&synced["result"]["applied"], "create-customer"), created.len() as u64);
    assert_eq!(decided(&synced["result"]["preview"], "left-out"), u64::from(stage.erp.out_of_use));

    let certified = stage.json(CERTIFICATES, 0);
    let applied = &certified["result"]["applied"];
    let effects = stage.sim().effects();
    let customers_of = |kind: &str| -> BTreeSet<String> {
        effects.iter().filter(|it| it.kind == kind).filter_map(|it| it.customer.clone()).collect()
    };
    let owners: BTreeSet<String> = with_outcome(&all, ExpectedOutcome::Upload)
        .iter()
        .filter_map(|it| it.customer_code.clone())
        .collect();
    assert_eq!(customers_of("certificate-linked"), owners);
    let invited = customers_of("invitation-created");
    assert!(!invited.is_empty() && invited.is_subset(&created));
    assert_eq!(ended(applied, "create-certificate"), uploads(&all));
    assert_eq!(ended(applied, "link-certificate"), uploads(&all));
    assert_eq!(ended(applied, "send-invitation"), invited.len() as u64);
    assert_eq!(stage.sim().count("invitationsByEmail"), invited.len() as u64);
    let coverage = applied["coverage"].as_array().unwrap();
    let effective: u64 = coverage.iter().map(|one| one["effective"].as_u64().unwrap()).sum();
    assert_eq!((effective, stage.sim().count("covered")), (uploads(&all), uploads(&all)));
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

#[test]
fn a_second_sync_and_a_second_round_of_certificates_write_nothing_and_say_so() {
    let stage = Stage::new();
    stage.json(SYNC, 0);
    stage.json(CERTIFICATES, 0);
    let before = stage.sim().effects();
    for command in
        [SYNC, CERTIFICATES, &["certificates", "upload", "--yes"], &["certificates", "invite", "--yes"]]
    {
        let again = stage.json(command, 0);
        assert_eq!(again["result"]["preview"]["plan"]["writes"], 0, "{command:?}");
        assert_eq!(again["result"].get("applied"), None, "{command:?}");
        let ran = stage.onboard(command);
        ran.expect(0);
        let heard = format!("{} {}", ran.printed(), ran.said());
        assert!(heard.contains("Nothing is left to do; nothing was written."), "{heard}");
    }
    assert_eq!(stage.sim().effects(), before);
}

#[test]
fn a_lost_journal_costs_no_second_write_either() {
    let stage = Stage::new();
    stage.json(SYNC, 0);
    stage.json(CERTIFICATES, 0);
    let before = stage.sim().effects();
    std::fs::remove_dir_all(stage.data_dir()).unwrap();
    stage.json(SYNC, 0);
    stage.json(CERTIFICATES, 0);
    assert_eq!(stage.sim().effects(), before);
}

#[test]
fn links_to_hand_over_are_made_without_an_e_mail_and_stand_in_the_report() {
    let stage = Stage::build().without_certificates().start();
    stage.json(SYNC, 0);
    let done = stage.json(&["certificates", "invite", "--delivery", "link", "--yes"], 0);
    let sent = ended(&done["result"]["applied"], "send-invitation");
    assert_eq!((stage.sim().count("invitations"), stage.sim().count("invitationsByEmail")), (sent, 0));
    let report = stage.json(&["report"], 0);
    let lines = report["result"]["lines"].as_array().unwrap();
    let writes = lines.iter().flat_map(|line| line["writes"].as_array().unwrap());
    let links = writes.filter(|it| it["link"].as_str().is_some_and(|link| link.starts_with("http"))).count();
    assert!(sent > 0);
    assert_eq!(links as u64, sent);
}

/// Figures of the summary in `status` and `report`: writes that are in AvaTax.
fn four_of(summary: &Value) -> [u64; 4] {
    let tallies = summary["writes"].as_array().unwrap();
    ["create-customer", "create-certificate", "link-certificate", "send-invitation"].map(|operation| {
        let good = |one: &&Value| {
            one["operation"] == operation && (one["state"] == "done" || one["state"] == "adopted")
        };
        tallies.iter().filter(good).map(|one| one["count"].as_u64().unwrap()).sum()
    })
}

#[test]
fn status_and_every_form_of_the_report_agree_with_avatax() {
    let stage = Stage::new();
    let nothing = stage.json(&["status"], 0);
    assert_eq!(four_of(&nothing["result"]["summary"]), [0; 4]);
    stage.json(SYNC, 0);
    stage.json(CERTIFICATES, 0);
    let figures = four(&stage.sim().state());

    let status = stage.json(&["status"], 0)["result"].take();
    assert_eq!(four_of(&status["summary"]), figures);
    assert_eq!(status["summary"]["effective_certificates"], stage.sim().count("covered"));
    assert_eq!((&status["summary"]["open"], status["runs"].as_array().unwrap().len()), (&json!(0), 2));

    let json = stage.json(&["report", "--format", "json"], 0)["result"].take();
    assert_eq!(four_of(&json["summary"]), figures);
    let lines = json["lines"].as_array().unwrap();
    let made: BTreeSet<_> = lines
        .iter()
        .filter(|line| {
            line["writes"].as_array().unwrap().iter().any(|it| it["operation"] == "create-customer")
        })
        .map(|line| line["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(made, stage.sim().customers().into_keys().collect());

    let ran = stage.onboard(&["report", "--format", "jsonl"]);
    let records: Vec<Value> =
        ran.expect(0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(four_of(records.last().unwrap()), figures);
    assert_eq!(
        records.iter().filter(|it| it["record"] == "customer").count(),
        lines.iter().filter(|it| it["record"] == "customer").count()
    );

    let text = stage.onboard(&["report", "--format", "text"]);
    text.expect(0);
    for code in &made {
        assert!(text.stdout.contains(code.as_str()), "{code} is missing in the text");
    }
    assert!(text.printed().contains("tax advice"));
}

/// Runs a command until it ends well; AvaTax may make it end in part or not at all a few times.
fn insist(stage: &Stage, command: &[&str]) {
    for _ in 0..5 {
        let ran = stage.onboard(command);
        assert!([0, 4, 5].contains(&ran.code), "{command:?}: {}\n{}", ran.code, ran.stderr);
        if ran.code == 0 {
            return;
        }
    }
    panic!("{command:?} did not end well in five runs: {}", stage.onboard(command).stderr);
}

/// Customers and figures that a run without any fault leaves behind.
fn undisturbed() -> &'static (Vec<String>, Value) {
    static END: OnceLock<(Vec<String>, Value)> = OnceLock::new();
    END.get_or_init(|| {
        let stage = Stage::new();
        stage.json(SYNC, 0);
        stage.json(CERTIFICATES, 0);
        ending(&stage)
    })
}

fn ending(stage: &Stage) -> (Vec<String>, Value) {
    let state = stage.sim().state();
    let names =
        ["customers", "certificates", "links", "covered", "invitations", "invitationsByEmail", "effects"];
    let figures = names.iter().map(|name| ((*name).to_owned(), state[*name].clone())).collect();
    (stage.sim().customers().into_keys().collect(), figures)
}

/// Something that AvaTax does wrong again and again, together with what it does where nothing is documented.
struct Trouble {
    fault: &'static str,
    duplicate: DuplicateAnswer,
    batch: BatchMode,
    link_twice: LinkTwice,
}

const TROUBLES: [Trouble; 7] = {
    use BatchMode::{Atomic, StoresGood, StoresUntilFirstBad};
    use DuplicateAnswer::{Entry400, Entry409, Property400, Wrapped400};
    use LinkTwice::{Error, NoOp};
    const fn trouble(
        fault: &'static str,
        duplicate: DuplicateAnswer,
        batch: BatchMode,
        link_twice: LinkTwice,
    ) -> Trouble {
        Trouble { fault, duplicate, batch, link_twice }
    }
    [
        trouble("429:rate=0.2,retry-after=1", Entry400, Atomic, NoOp),
        trouble("500-before:rate=0.2", Property400, StoresUntilFirstBad, Error),
        trouble("500-after:rate=0.2", Wrapped400, StoresGood, Error),
        trouble("cut:rate=0.2", Entry409, StoresGood, NoOp),
        trouble("cut-after:rate=0.2", Entry409, StoresUntilFirstBad, Error),
        trouble("html:rate=0.2", Entry400, Atomic, Error),
        trouble("slow:rate=0.2,ms=300", Entry400, Atomic, NoOp),
    ]
};

/// Runs everything in the middle of the trouble; the end has to be that of a quiet run.
fn survives(trouble: &Trouble) {
    let stage = Stage::build()
        .sim(|sim| {
            sim.faults = vec![trouble.fault.parse().unwrap()];
            (sim.duplicate, sim.batch, sim.link_twice) =
                (trouble.duplicate, trouble.batch, trouble.link_twice);
        })
        .start();
    insist(&stage, SYNC);
    insist(&stage, CERTIFICATES);
    let kind = trouble.fault.split(':').next().unwrap();
    let struck = stage.sim().state()["faults"][kind].as_u64().unwrap_or_default();
    assert!(struck >= 10, "the fault struck only {struck} times");
    stage.sim().set_faults(&[]);
    assert_eq!(stage.sim().repeated(), [""; 0]);
    assert_eq!(ending(&stage), *undisturbed());
    let summary = &stage.json(&["status"], 0)["result"]["summary"];
    assert_eq!(four_of(summary), four(&stage.sim().state()), "the journal and AvaTax do not agree");
}

#[test]
fn whatever_avatax_does_wrong_on_the_way_the_end_is_the_same_and_nothing_is_doubled() {
    // Most of the time is spent waiting to try again, so all of them go side by side. A thread that fails says which
    // trouble it was by its name.
    thread::scope(|scope| {
        for trouble in &TROUBLES {
            let named = thread::Builder::new().name(trouble.fault.to_owned());
            named.spawn_scoped(scope, || survives(trouble)).unwrap();
        }
    });
}

#[test]
fn runs_that_are_killed_in_the_middle_go_on_where_they_were_and_double_nothing() {
    let stage = Stage::build().setting("batch-size = 5").setting("window = 2").start();
    // Slow enough to be caught in the middle of it.
    stage.sim().set_faults(&["slow:ms=25"]);
    for command in [SYNC, CERTIFICATES] {
        for _ in 0..2 {
            let before = stage.sim().writes();
            let mut running = stage.spawn(command);
            while stage.sim().writes() < before + 20 {
                assert_eq!(running.try_wait().unwrap(), None, "{command:?} ended before it was killed");
                thread::sleep(Duration::from_millis(5));
            }
            running.kill().unwrap();
            running.wait().unwrap();
        }
        stage.json(command, 0);
    }
    assert_eq!(stage.sim().repeated(), [""; 0]);
    assert_eq!(ending(&stage), *undisturbed());
}
