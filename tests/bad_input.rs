//! Whatever is handed to the program wrongly ends with a sentence, the documented exit code and nothing written, for
//! people and for machines alike.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{fs, net::TcpListener, path::Path, process::Command, thread};

use avatax_sim::{Provisioning, Role, SimConfig};
use onboarding_tests::{KEY_VARIABLE, Stage, component_file, run_in};
use serde_json::Value;

/// A small company without documents.
fn small() -> Stage {
    Stage::build().customers(30).without_certificates().start()
}

fn small_with(change: impl FnOnce(&mut SimConfig)) -> Stage {
    Stage::build().customers(30).without_certificates().sim(change).start()
}

/// Begins with a capital or a name in quotation marks, and ends as a sentence does.
fn is_sentence(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(|first| !first.is_whitespace());
    begins && text.split_whitespace().count() >= 3 && text.ends_with(['.', '!', '?'])
}

/// Runs the command for a person and checks that it fails as it has to: exit code, a sentence with the words given on
/// standard error, and no write.
fn tells(stage: &Stage, command: &[&str], code: i32, words: &[&str], change: impl Fn(&mut Command)) {
    let before = stage.sim().effects();
    let ran = stage.onboard_with(command, change);
    ran.expect(code);
    let said = ran.said();
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{}", ran.stderr);
    }
    assert!(is_sentence(&said), "no sentence: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(stage.sim().effects(), before, "something was written");
}

/// The same for a machine: one JSON document on standard output.
fn documents(
    stage: &Stage,
    command: &[&str],
    code: i32,
    kind: &str,
    words: &[&str],
    change: impl Fn(&mut Command),
) -> Value {
    let before = stage.sim().effects();
    let ran = stage.onboard_with(&[command, &["--json"]].concat(), change);
    ran.expect(code);
    let document = ran.document();
    let error = &document["error"];
    assert_eq!((&document["exit_code"], &error["kind"]), (&code.into(), &kind.into()), "{document:#}");
    let (message, next) = (error["message"].as_str().unwrap(), error["next"].as_str().unwrap());
    assert!(is_sentence(message), "no sentence: {message}");
    assert!(next.is_empty() || is_sentence(next), "no sentence: {next}");
    let both = format!("{message} {next}");
    for word in words {
        assert!(both.contains(word), "no `{word}` in: {both}");
    }
    assert_eq!(stage.sim().effects(), before, "something was written");
    document
}

fn refuses_with(
    stage: &Stage,
    command: &[&str],
    code: i32,
    kind: &str,
    words: &[&str],
    change: impl Fn(&mut Command),
) -> Value {
    tells(stage, command, code, words, &change);
    documents(stage, command, code, kind, words, &change)
}

fn refuses(stage: &Stage, command: &[&str], code: i32, kind: &str, words: &[&str]) -> Value {
    refuses_with(stage, command, code, kind, words, |_| {})
}

const COMMANDS: [&[&str]; 4] =
    [&["check"], &["analyze"], &["sync", "--yes"], &["certificates", "both", "--yes"]];
/// Those that talk to AvaTax.
const CALLING: [&[&str]; 3] = [&["check"], &["sync", "--yes"], &["certificates", "both", "--yes"]];
/// Those that write.
const WRITING: [&[&str]; 2] = [&["sync", "--yes"], &["certificates", "both", "--yes"]];

#[test]
fn a_missing_configuration() {
    let stage = small();
    fs::remove_file(stage.config_file()).unwrap();
    for command in COMMANDS {
        refuses(&stage, command, 2, "configuration", &["onboard.toml", "--config"]);
    }
    refuses(&stage, &["status", "--config", "else.toml"], 2, "configuration", &["else.toml"]);
}

#[test]
fn a_configuration_that_is_not_toml_or_not_of_the_right_shape() {
    let stage = small();
    let good = fs::read_to_string(stage.config_file()).unwrap();
    stage.write_config(&format!("{good}\n[tenants.broken\n"));
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["onboard.toml", "line 22"]);
    stage.write_config(&good.replace("base-url", "base-ulr"));
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["base-ulr"]);
    stage.write_config(&good.replace("company-code = \"DEFAULT\"", "company-code = 7"));
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["line 4"]);
    stage.write_config("");
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["tenant"]);
}

#[test]
fn a_configuration_of_random_bytes_or_of_many_megabytes() {
    let stage = small();
    let noise: Vec<u8> = (0..4_096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(stage.config_file(), noise).unwrap();
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["onboard.toml"]);
    fs::write(stage.config_file(), vec![b'#'; 3 * 1024 * 1024]).unwrap();
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["larger"]);
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
    let stage = small();
    stage.edit_config(
        &format!("license-key-env = \"{KEY_VARIABLE}\""),
        "license-key = \"WRITTEN-INTO-THE-FILE-77\"",
    );
    let document = refuses(&stage, &["sync", "--yes"], 2, "configuration", &["license-key"]);
    assert!(!document.to_string().contains("WRITTEN-INTO-THE-FILE-77"));
}

#[test]
fn an_unknown_tenant_or_one_of_several_not_chosen() {
    let stage = small();
    let good = fs::read_to_string(stage.config_file()).unwrap();
    let (tenant, _reader) = good.split_once("[reader]").unwrap();
    let second = tenant.replace("tenants.stage", "tenants.north").replace("\"data\"", "\"north\"");
    stage.write_config(&format!("{good}\n{second}"));
    for command in COMMANDS {
        let command = [command, &["--tenant", "south"]].concat();
        refuses(&stage, &command, 2, "configuration", &["south", "north, stage"]);
    }
    refuses(&stage, &["sync", "--yes"], 2, "configuration", &["--tenant", "north, stage"]);
}

#[test]
fn arguments_that_cannot_be_read() {
    let stage = small();
    for arguments in
        [&["synk"][..], &["sync", "--frobnicate"], &["certificates"], &["certificates", "upsidedown"]]
    {
        let ran = stage.onboard(arguments);
        ran.expect(2);
        assert!(ran.stdout.is_empty() && ran.said().len() > 20, "{} {}", ran.stdout, ran.stderr);
        let document = stage.onboard(&[arguments, &["--json"]].concat()).expect(2).document();
        assert_eq!((&document["exit_code"], &document["error"]["kind"]), (&2.into(), &"usage".into()));
    }
    assert_eq!(stage.sim().effects(), []);
}

/// The program tries for some seconds to reach an AvaTax that does not answer as such, so these runs go side by side.
fn gives_up_on(make: impl Fn() -> Stage + Sync, commands: &[&[&str]], words: &[&str]) {
    thread::scope(|scope| {
        for command in commands {
            scope.spawn(|| tells(&make(), command, 5, words, |_| {}));
            scope.spawn(|| documents(&make(), command, 5, "unreachable", words, |_| {}));
        }
    });
}

#[test]
fn nobody_listens_at_the_address_of_avatax() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{closed}");
    let make = || {
        let stage = small();
        stage.edit_config(&stage.base_url(), &address);
        stage
    };
    gives_up_on(make, &CALLING, &[&address, "base URL"]);
    // The ERP can be looked at without AvaTax.
    make().json(&["analyze"], 0);
}

#[test]
fn web_pages_instead_of_answers() {
    gives_up_on(|| small_with(|sim| sim.faults = vec!["html".parse().unwrap()]), &CALLING, &["base URL"]);
}

#[test]
fn connections_that_end_without_an_answer() {
    gives_up_on(|| small_with(|sim| sim.faults = vec!["cut".parse().unwrap()]), &CALLING, &["base URL"]);
}

#[test]
fn nothing_but_errors() {
    gives_up_on(
        || small_with(|sim| sim.faults = vec!["500-before".parse().unwrap()]),
        &CALLING,
        &["base URL"],
    );
}

#[test]
fn a_wrong_license_key_although_avatax_answers_with_200() {
    let stage = small();
    for command in CALLING {
        refuses_with(&stage, command, 5, "unauthorized", &["credentials"], |command| {
            command.env(KEY_VARIABLE, "WRONG-KEY");
        });
    }
    let state = stage.sim().state();
    assert_eq!(state["operations"]["Ping"], 6, "it is tried once in each run: {state}");
    assert_eq!(state["requests"], 6, "nothing else may be asked: {state}");
    assert_eq!(state["statuses"]["200"], 6);
}

#[test]
fn the_variable_of_the_license_key_is_not_set_or_empty() {
    let stage = small();
    for command in CALLING {
        refuses_with(&stage, command, 2, "credentials", &[KEY_VARIABLE], |command| {
            command.env_remove(KEY_VARIABLE);
        });
    }
    refuses_with(&stage, &["sync", "--yes"], 2, "credentials", &[KEY_VARIABLE], |command| {
        command.env(KEY_VARIABLE, "");
    });
    // Needs no credentials, so it does not ask for them.
    stage
        .onboard_with(&["analyze"], |command| {
            command.env_remove(KEY_VARIABLE);
        })
        .expect(0);
    assert_eq!(stage.sim().count("requests"), 0);
}

#[test]
fn a_company_that_is_not_in_the_account() {
    let stage = small();
    stage.edit_config("\"DEFAULT\"", "\"NOWHERE\"");
    for command in CALLING {
        refuses(&stage, command, 2, "company-not-found", &["NOWHERE", "company-code"]);
    }
}

#[test]
fn certificate_management_is_not_set_up_until_somebody_asks_for_it() {
    let stage = small_with(|sim| sim.provisioning = Provisioning::NotProvisioned);
    for command in CALLING {
        refuses(&stage, command, 5, "not-provisioned", &["onboard sync --request-setup"]);
    }
    let asked = stage.json(&["sync", "--request-setup", "--yes"], 0);
    assert_eq!(asked["result"]["setup"]["preflight"]["provisioning"], "provisioned");
    let kinds: Vec<_> = stage.sim().effects().into_iter().map(|effect| effect.kind).collect();
    assert_eq!(kinds, ["setup-requested"]);
    stage.json(&["sync", "--yes"], 0);
    assert!(stage.sim().count("customers") > 0);
    // Asking once more finds it done.
    stage.json(&["sync", "--request-setup", "--yes"], 0);
    let asked = stage.sim().effects().into_iter().filter(|effect| effect.kind == "setup-requested").count();
    assert_eq!(asked, 1);
}

#[test]
fn the_set_up_of_certificate_management_is_not_asked_for_without_consent() {
    let stage = small_with(|sim| sim.provisioning = Provisioning::NotProvisioned);
    let command = ["sync", "--request-setup"];
    refuses(&stage, &command, 3, "confirmation-needed", &["onboard sync", "--request-setup --yes"]);
}

#[test]
fn a_set_up_that_takes_longer_than_patience_is_done_in_part() {
    let stage = Stage::build()
        .customers(30)
        .without_certificates()
        .setting("patience-seconds = 1")
        .sim(|sim| {
            sim.provisioning = Provisioning::NotProvisioned;
            sim.setup_delay = std::time::Duration::from_secs(3_600);
        })
        .start();
    let asked = stage.json(&["sync", "--request-setup", "--yes"], 4);
    assert_eq!(asked["error"]["kind"], "setup-in-progress");
    refuses(&stage, &["sync", "--yes"], 5, "not-provisioned", &["some minutes"]);
}

#[test]
fn a_role_that_may_not_create_certificates() {
    let stage = Stage::build().sim(|sim| sim.role = Role::User).start();
    refuses(&stage, &["check"], 5, "forbidden", &["may not create certificates", "administrator"]);
    stage.json(&["sync", "--yes"], 0);
    let before = stage.sim().effects();
    let document = stage.onboard(&["certificates", "upload", "--yes", "--json"]).expect(5).document();
    assert_eq!(document["error"]["kind"], "forbidden");
    assert!(is_sentence(document["error"]["message"].as_str().unwrap()));
    assert!(document["error"]["next"].as_str().unwrap().contains("administrator"));
    assert_eq!(stage.sim().effects(), before);
}

#[test]
fn broken_xml_of_either_erp() {
    let dir = tempfile::tempdir().unwrap();
    let ofbiz = dir.path().join("ofbiz");
    fs::create_dir(&ofbiz).unwrap();
    fs::write(ofbiz.join("PartyDemoData.xml"), "<entity-engine-xml><Party partyId=\"A\"><PartyRole").unwrap();
    let quickbooks = dir.path().join("customers.xml");
    fs::write(&quickbooks, "<IntuitResponse><QueryResponse><Customer><Id>1</Id></Customr>").unwrap();
    for (kind, path, file) in
        [("ofbiz", &ofbiz, "PartyDemoData.xml"), ("quickbooks", &quickbooks, "customers.xml")]
    {
        let stage = Stage::build().erp(kind, path).without_certificates().start();
        for command in COMMANDS {
            refuses(&stage, command, 5, "erp-failed", &[file]);
        }
    }
}

#[test]
fn an_erp_that_is_not_there_or_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let noise = dir.path().join("noise");
    fs::write(&noise, [0xff, 0x00, 0x3c, 0x21].repeat(500)).unwrap();
    let missing = dir.path().join("missing");
    for (kind, path) in [
        ("sqlite", &missing),
        ("ofbiz", &missing),
        ("quickbooks", &missing),
        ("sqlite", &noise),
        ("quickbooks", &noise),
    ] {
        let stage = Stage::build().erp(kind, path).without_certificates().start();
        for command in [COMMANDS[1], COMMANDS[2]] {
            refuses(&stage, command, 5, "erp-failed", &[path.to_str().unwrap()]);
        }
        assert!(!missing.exists(), "an empty ERP was made at the place of the missing one");
    }
}

#[test]
fn a_folder_of_certificates_that_is_not_there() {
    let stage = small();
    stage.json(&["sync", "--yes"], 0);
    refuses(
        &stage,
        &["certificates", "both", "--from", "nowhere", "--yes"],
        2,
        "usage",
        &["nowhere", "--from"],
    );
    fs::remove_dir(stage.certificates_dir()).unwrap();
    refuses(&stage, &["certificates", "both", "--yes"], 2, "configuration", &["certificates"]);
}

/// A component at `path` is refused by every command that runs it.
fn component_is_refused(stage: &Stage, path: &Path, words: &[&str]) {
    let path = path.to_str().unwrap();
    for command in COMMANDS {
        refuses(stage, &[command, &["--component", path]].concat(), 2, "component", words);
    }
}

#[test]
fn a_component_that_is_missing_cut_short_empty_or_no_component() {
    let stage = small();
    let good = fs::read(component_file()).unwrap();
    let bad = stage.dir().join("bad.wasm");
    component_is_refused(&stage, &bad, &["bad.wasm"]);
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let mut damaged = good.clone();
    damaged[good.len() / 2..][..64].fill(0xff);
    for bytes in [&good[..good.len() / 2], &good[..good.len() - 1], &good[..3], &[], &noise, &damaged] {
        fs::write(&bad, bytes).unwrap();
        component_is_refused(&stage, &bad, &["bad.wasm"]);
    }
    // An empty core module is good WebAssembly and still no component.
    fs::write(&bad, b"\0asm\x01\0\0\0").unwrap();
    component_is_refused(&stage, &bad, &["component"]);
    assert_eq!(stage.sim().count("requests"), 0);
}

#[test]
fn unreadable_documents_are_named_and_stop_no_other() {
    let stage = Stage::new();
    stage.json(&["sync", "--yes"], 0);
    let folder = stage.certificates_dir();
    let good = stage.json(&["certificates", "upload", "--preview"], 0);
    let certificates = &good["result"]["preview"]["plan"]["certificates"];
    let noise: Vec<u8> = (0..9_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8).collect();
    let cut_short =
        stage.certificates.iter().find(|it| it.outcome == demo_data::ExpectedOutcome::Upload).unwrap();
    let mut cut_short = fs::read(folder.join(&cut_short.file_name)).unwrap();
    cut_short.truncate(400);
    for (name, bytes) in [
        ("zz-empty.pdf", &b""[..]),
        ("zz-noise.pdf", &noise),
        ("zz-cut-short.pdf", &cut_short),
        ("zz-header-only.pdf", b"%PDF-1.7\n"),
        ("zz-text.txt", b"not a certificate"),
    ] {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let document = stage.json(&["certificates", "upload", "--yes"], 0);
    let preview = &document["result"]["preview"];
    assert_eq!(&preview["plan"]["certificates"], certificates);
    assert_eq!(stage.sim().count("certificates"), certificates.as_u64().unwrap());
    let report = stage.json(&["report"], 0);
    let lines = report["result"]["lines"].as_array().unwrap();
    for name in ["zz-empty.pdf", "zz-noise.pdf", "zz-cut-short.pdf", "zz-header-only.pdf", "zz-text.txt"] {
        let line = lines.iter().find(|line| line["record"] == "document" && line.to_string().contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is missing in the report"));
        assert!(!line["attention"][0]["what"].as_str().unwrap_or_default().is_empty(), "{line:#}");
    }
}

#[test]
fn a_journal_that_is_no_journal() {
    let stage = small();
    fs::create_dir_all(stage.data_dir()).unwrap();
    fs::write(stage.data_dir().join("journal.sqlite"), b"this is a letter, not a journal".repeat(100))
        .unwrap();
    for command in WRITING {
        refuses(&stage, command, 2, "journal", &["journal.sqlite"]);
    }
    refuses(&stage, &["status"], 2, "journal", &["journal.sqlite"]);
}

#[test]
fn a_demo_does_not_empty_a_folder_of_somebody_else() {
    let dir = tempfile::tempdir().unwrap();
    let book = dir.path().join("book.txt");
    fs::write(&book, "mine").unwrap();
    let ran = run_in(dir.path(), &["demo", "--dir", "."], |_| {});
    ran.expect(2);
    assert!(ran.said().contains("left alone"), "{}", ran.stderr);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// Most memory that a call of the run had, and the document.
fn peak(document: &Value) -> u64 {
    let calls = document["metrics"].as_array().unwrap();
    calls.iter().map(|call| call["peak_memory_bytes"].as_u64().unwrap()).max().unwrap()
}

#[test]
fn answers_that_would_fill_the_memory_are_refused_by_name_before_they_do() {
    let stage = small();
    for (fault, words) in [("bloated", "a list of more than 10000 elements"), ("bloated:mib=15", "too large")]
    {
        stage.sim().set_faults(&[fault]);
        let document = documents(&stage, &["check"], 5, "unreachable", &[words], |_| {});
        assert!(peak(&document) < 40 << 20, "{document:#}");
    }
}

#[test]
fn a_write_whose_answer_would_fill_the_memory_is_looked_up_and_the_run_goes_on() {
    let stage = small();
    stage.sim().set_faults(&["bloated:on=CreateCustomers,limit=1"]);
    let document = stage.json(&["sync", "--yes"], 0);
    assert_eq!(stage.sim().struck(), 1);
    assert!(peak(&document) < 40 << 20, "{document:#}");
    let outcomes = document["result"]["applied"]["outcomes"].as_array().unwrap();
    assert!(outcomes.iter().any(|outcome| outcome["state"] == "adopted"), "{document:#}");
    assert_eq!(stage.sim().repeated(), [""; 0]);
}
