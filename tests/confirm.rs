//! Nothing is written that nobody confirmed: what was shown is what is done, and what moved meanwhile is left alone.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{collections::BTreeSet, fs};

use avatax_sim::{BatchMode, DuplicateAnswer};
use onboarding_tests::{APPROVER, Stage};
use serde_json::{Value, json};

const MADE_UP: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const CREATE: &str = "create-customer";

/// A preview of sync or certificates, and the digest it gave.
fn preview(stage: &Stage, command: &[&str]) -> (Value, String) {
    let mut arguments = command.to_vec();
    arguments.push("--preview");
    let mut shown = stage.json(&arguments, 0);
    let report = shown["result"]["preview"].take();
    let digest = report["plan"]["digest"].as_str().unwrap().to_owned();
    (report, digest)
}

fn confirm(stage: &Stage, command: &[&str], digest: &str, code: i32) -> Value {
    let mut arguments = command.to_vec();
    arguments.extend(["--confirm", digest]);
    stage.json(&arguments, code)
}

/// Examples of a decision: ERP id and code.
fn examples(report: &Value, decision: &str) -> Vec<(String, String)> {
    let all = report["decisions"].as_array().unwrap();
    let found = all.iter().find(|one| one["decision"] == decision);
    let samples = found.map_or(&[][..], |one| one["samples"].as_array().unwrap().as_slice());
    let text = |sample: &Value, field: &str| sample[field].as_str().unwrap().to_owned();
    samples.iter().map(|sample| (text(sample, "id"), text(sample, "code"))).collect()
}

/// How many operations ended so, and the codes of the examples.
fn ended(report: &Value, operation: &str, state: &str) -> (u64, Vec<String>) {
    let all = report["outcomes"].as_array().unwrap();
    let found = all.iter().find(|one| one["operation"] == operation && one["state"] == state);
    found.map_or((0, Vec::new()), |one| {
        let codes = one["samples"].as_array().unwrap().iter();
        (one["count"].as_u64().unwrap(), codes.map(|it| it["code"].as_str().unwrap().to_owned()).collect())
    })
}

fn writes(report: &Value) -> u64 {
    report["plan"]["writes"].as_u64().unwrap()
}

fn error_kind(document: &Value) -> &str {
    document["error"]["kind"].as_str().unwrap_or_default()
}

#[test]
fn without_a_terminal_and_without_consent_nothing_is_written_and_the_way_to_confirm_is_told() {
    let stage = Stage::new();
    for command in [&["sync"][..], &["certificates", "both"], &["certificates", "invite"]] {
        if command != ["sync"] {
            stage.json(&["sync", "--yes"], 0);
        }
        let before = stage.sim().effects();
        let mut arguments = command.to_vec();
        let ran = stage.onboard(&arguments);
        ran.expect(3);
        arguments.push("--json");
        let document = stage.onboard(&arguments).expect(3).document();
        let digest = document["result"]["preview"]["plan"]["digest"].as_str().unwrap();
        assert_eq!(error_kind(&document), "confirmation-needed");
        let next = document["error"]["next"].as_str().unwrap();
        assert!(next.contains(&format!("onboard {}", command.join(" "))), "{next}");
        assert!(next.contains(&format!("--confirm {digest}")), "{next}");
        // The same in words; an unchanged plan keeps its digest.
        assert!(ran.said().contains(&format!("--confirm {digest}")), "{}", ran.stderr);
        assert!(ran.said().contains("Nothing was written"), "{}", ran.stderr);
        assert_eq!(stage.sim().effects(), before);
    }
}

#[test]
fn a_preview_that_was_asked_for_writes_nothing_and_ends_well() {
    let stage = Stage::new();
    let (shown, digest) = preview(&stage, &["sync"]);
    assert!(writes(&shown) > 200);
    let ran = stage.onboard(&["sync", "--preview"]);
    ran.expect(0);
    assert!(format!("{} {}", ran.printed(), ran.said()).contains(&digest));
    assert_eq!(stage.sim().effects(), []);
    let operations = &stage.sim().state()["operations"];
    assert_eq!(operations.get("CreateCustomers"), None, "{operations}");
}

#[test]
fn what_was_shown_is_exactly_what_is_done_and_who_agreed_is_kept() {
    let stage = Stage::new();
    let (shown, digest) = preview(&stage, &["sync"]);
    let done = confirm(&stage, &["sync", "--approved-by", "Kim Example"], &digest, 0);
    assert_eq!(ended(&done["result"]["applied"], CREATE, "done").0, writes(&shown));
    assert_eq!(stage.sim().count("customers"), writes(&shown));
    let runs = &stage.json(&["status"], 0)["result"]["runs"];
    assert_eq!(runs[0]["approvals"][0]["by"], "Kim Example");
    assert_eq!(runs[0]["approvals"][0]["digest"], digest.as_str());
}

#[test]
fn a_made_up_digest_writes_nothing() {
    let stage = Stage::new();
    for command in [&["sync"][..], &["certificates", "both"]] {
        for round in ["without any plan", "with another plan"] {
            let document = confirm(&stage, command, MADE_UP, 6);
            assert_eq!(error_kind(&document), "plan-mismatch", "{round}");
            let ran = stage.onboard(&[command, &["--confirm", MADE_UP]].concat());
            ran.expect(6);
            assert!(ran.said().contains("nothing was written"), "{}", ran.stderr);
            preview(&stage, command);
        }
    }
    assert_eq!(stage.sim().effects(), []);
}

#[test]
fn text_that_is_no_digest_writes_nothing() {
    let stage = Stage::new();
    preview(&stage, &["sync"]);
    for digest in ["yes", "sha256:", "sha256:zz", &"9".repeat(10_000)] {
        let ran = stage.onboard(&["sync", "--confirm", digest]);
        assert!([2, 6].contains(&ran.code), "{digest:.40}: {} {}", ran.code, ran.stderr);
    }
    assert_eq!(stage.sim().effects(), []);
}

#[test]
fn an_outdated_digest_writes_nothing_although_it_once_was_shown() {
    let stage = Stage::new();
    let (shown, first) = preview(&stage, &["sync"]);
    let (id, _) = &examples(&shown, "create")[0];
    stage.change_erp(&format!("update customer set name = name || ' East' where id = {id}"));
    let (_, second) = preview(&stage, &["sync"]);
    assert_ne!(first, second);
    let document = confirm(&stage, &["sync"], &first, 6);
    assert_eq!(error_kind(&document), "plan-mismatch");
    assert!(document["error"]["message"].as_str().unwrap().contains(&second));
    assert_eq!(stage.sim().effects(), []);
    confirm(&stage, &["sync"], &second, 0);
    assert_eq!(stage.sim().count("customers"), writes(&shown));
}

#[test]
fn customers_that_changed_or_went_in_the_erp_after_the_preview_are_left_alone_and_all_others_are_created() {
    let stage = Stage::new();
    let (shown, digest) = preview(&stage, &["sync"]);
    let [(renamed, renamed_code), (moved, moved_code), (gone, gone_code), ..] =
        &examples(&shown, "create")[..]
    else {
        panic!("too few examples")
    };
    stage.change_erp(&format!("update customer set name = name || ' East' where id = {renamed}"));
    stage.change_erp(&format!(
        "update address set city = 'Elsewhere' where id = (select min(id) from address where customer_id = {moved})"
    ));
    stage.change_erp(&format!("delete from customer where id = {gone}"));
    let document = confirm(&stage, &["sync"], &digest, 4);
    assert_eq!(error_kind(&document), "partial");
    let applied = &document["result"]["applied"];
    let (count, codes) = ended(applied, CREATE, "moved");
    let expected = BTreeSet::from([renamed_code, moved_code, gone_code]);
    assert_eq!((count, codes.iter().collect::<BTreeSet<_>>()), (3, expected.clone()));
    assert_eq!(ended(applied, CREATE, "done").0, writes(&shown) - 3);
    assert_eq!(applied["remaining"], 0);
    let created = stage.sim().customers();
    assert_eq!(created.len() as u64, writes(&shown) - 3);
    assert!(expected.iter().all(|code| !created.contains_key(*code)));

    // The next preview has them as they are now, and nothing else.
    let (next, digest) = preview(&stage, &["sync"]);
    assert_eq!(writes(&next), 2);
    confirm(&stage, &["sync"], &digest, 0);
    let created = stage.sim().customers();
    assert!(created[renamed_code]["name"].as_str().unwrap().ends_with(" East"));
    assert_eq!(created[moved_code]["city"], "Elsewhere");
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

#[test]
fn a_customer_whom_somebody_else_created_after_the_preview_is_left_as_that_person_made_it() {
    // The batch with the one bad row is refused in any of these ways and leaves behind what it likes.
    for (duplicate, batch) in [
        (DuplicateAnswer::Entry400, BatchMode::Atomic),
        (DuplicateAnswer::Property400, BatchMode::StoresUntilFirstBad),
        (DuplicateAnswer::Wrapped400, BatchMode::StoresGood),
        (DuplicateAnswer::Entry409, BatchMode::Atomic),
    ] {
        let stage = Stage::build().sim(|sim| (sim.duplicate, sim.batch) = (duplicate, batch)).start();
        let (shown, digest) = preview(&stage, &["sync"]);
        let (_, code) = &examples(&shown, "create")[1];
        let other = json!({
            "name": "Quite Another Business", "line1": "9 Other Road", "city": "Austin", "region": "TX",
            "postalCode": "78701", "country": "US",
        });
        stage.sim().edit_customer(code, &other);
        let document = confirm(&stage, &["sync"], &digest, 4);
        let applied = &document["result"]["applied"];
        assert_eq!(ended(applied, CREATE, "moved"), (1, vec![code.clone()]), "{duplicate:?} {batch:?}");
        let written = ended(applied, CREATE, "done").0 + ended(applied, CREATE, "adopted").0;
        assert_eq!(written, writes(&shown) - 1, "{duplicate:?} {batch:?}");
        assert_eq!(stage.sim().count("customers"), writes(&shown));
        assert_eq!(stage.sim().customers()[code]["name"], "Quite Another Business");
        assert_eq!(stage.sim().repeated(), [""; 0], "{duplicate:?} {batch:?}");
    }
}

#[test]
fn a_record_that_changed_in_avatax_after_the_preview_is_left_alone() {
    let stage = Stage::new();
    stage.json(&["sync", "--yes"], 0);
    let reachable: Vec<String> = stage
        .sim()
        .customers()
        .into_iter()
        .filter(|(_, row)| row["emailAddress"].as_str().is_some_and(|text| !text.is_empty()))
        .map(|(code, _)| code)
        .take(2)
        .collect();
    let [kept, changed] = &reachable[..] else { panic!("nobody has an e-mail address") };
    let before = stage.sim().customers();
    for code in &reachable {
        stage.sim().edit_customer(code, &json!({"emailAddress": null}));
    }
    let (shown, digest) = preview(&stage, &["sync"]);
    assert_eq!((writes(&shown), examples(&shown, "fill").len()), (2, 2));
    stage.sim().edit_customer(changed, &json!({"emailAddress": "new@example.com"}));
    let document = confirm(&stage, &["sync"], &digest, 4);
    let applied = &document["result"]["applied"];
    assert_eq!(ended(applied, "update-customer", "moved"), (1, vec![changed.clone()]));
    assert_eq!(ended(applied, "update-customer", "done").0, 1);
    let after = stage.sim().customers();
    assert_eq!(after[changed]["emailAddress"], "new@example.com");
    assert_eq!(after[kept]["emailAddress"], before[kept]["emailAddress"]);
}

#[test]
fn documents_that_changed_or_went_after_the_preview_make_no_certificate_and_all_others_do() {
    let stage = Stage::new();
    stage.json(&["sync", "--yes"], 0);
    let (shown, digest) = preview(&stage, &["certificates", "upload"]);
    // Two good documents of one state each, so that one document is one certificate.
    let single: Vec<_> = stage
        .certificates
        .iter()
        .filter(|it| it.outcome == demo_data::ExpectedOutcome::Upload && it.states.len() == 1)
        .map(|it| it.file_name.clone())
        .collect();
    let [changed, gone, ..] = &single[..] else { panic!("too few documents of one state") };
    let folder = stage.certificates_dir();
    let mut bytes = fs::read(folder.join(changed)).unwrap();
    bytes.extend_from_slice(b"\n% opened and saved again\n");
    fs::write(folder.join(changed), bytes).unwrap();
    fs::remove_file(folder.join(gone)).unwrap();

    let document = confirm(&stage, &["certificates", "upload"], &digest, 4);
    let applied = &document["result"]["applied"];
    let planned = shown["plan"]["certificates"].as_u64().unwrap();
    assert_eq!(ended(applied, "create-certificate", "moved").0, 2, "{applied:#}");
    assert_eq!(ended(applied, "create-certificate", "done").0, planned - 2);
    assert_eq!(applied["remaining"], 0);
    assert_eq!((stage.sim().count("certificates"), stage.sim().count("links")), (planned - 2, planned - 2));
    assert_eq!(stage.sim().repeated(), [""; 0]);
}

#[test]
fn a_plan_is_not_applied_to_another_company_or_service() {
    let stage = Stage::build()
        .sim(|sim| {
            sim.companies.push(avatax_sim::CompanySeed {
                id: 265_002,
                code: "WEST".to_owned(),
                name: "Demo Company West".to_owned(),
            });
        })
        .start();
    let (_, digest) = preview(&stage, &["sync"]);
    stage.edit_config("company-code = \"DEFAULT\"", "company-code = \"WEST\"");
    let document = confirm(&stage, &["sync"], &digest, 6);
    assert_eq!(error_kind(&document), "plan-mismatch");
    assert_eq!(stage.sim().effects(), []);
}

#[test]
fn the_user_of_the_process_is_recorded_when_nobody_is_named() {
    let stage = Stage::build().customers(20).without_certificates().start();
    stage.json(&["sync", "--yes"], 0);
    assert_eq!(stage.json(&["status"], 0)["result"]["runs"][0]["approvals"][0]["by"], APPROVER);
}

#[test]
fn consent_flags_that_contradict_each_other_are_refused() {
    let stage = Stage::build().customers(20).without_certificates().start();
    for flags in
        [&["--yes", "--preview"][..], &["--yes", "--confirm", MADE_UP], &["--preview", "--confirm", "x"]]
    {
        stage.onboard(&[&["sync"], flags].concat()).expect(2);
    }
    assert_eq!(stage.sim().effects(), []);
}
