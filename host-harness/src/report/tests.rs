//! Reports of small journals.

use std::sync::Mutex;

use serde_json::Value;

use super::*;
use crate::model::journal::Entry;

/// A journal in memory, with fixed times.
#[derive(Default)]
struct Fixed(Mutex<Vec<StoredEntry>>);

#[async_trait::async_trait]
impl Journal for Fixed {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        let mut stored = self.0.lock().unwrap();
        for entry in entries {
            let sequence = stored.len() as u64 + 1;
            stored.push(StoredEntry {
                sequence,
                recorded_at: format!("2026-11-22T10:00:{sequence:02}Z"),
                entry,
            });
        }
        Ok(stored.len() as u64)
    }
    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        let stored = self.0.lock().unwrap();
        Ok(stored
            .iter()
            .filter(|entry| entry.sequence > query.after)
            .filter(|entry| query.kind.is_none_or(|kind| kind == entry.entry.kind))
            .take(2)
            .cloned()
            .collect())
    }
}

fn entry(kind: EntryKind, operation: Operation, plan: &str, key: &str, customer: &str, body: &str) -> Entry {
    Entry {
        kind,
        operation,
        plan: plan.to_owned(),
        key: key.to_owned(),
        customer: customer.to_owned(),
        state: None,
        body: body.to_owned(),
    }
}

fn outcome(
    operation: Operation,
    plan: &str,
    key: &str,
    customer: &str,
    state: OutcomeState,
    body: &str,
) -> Entry {
    Entry { state: Some(state), ..entry(EntryKind::Outcome, operation, plan, key, customer, body) }
}

fn opened(operation: Operation, body: &str) -> Entry {
    entry(EntryKind::PlanOpened, operation, "", "", "", body)
}

async fn report_of(entries: Vec<Entry>) -> Report {
    let journal = Fixed::default();
    journal.append(entries).await.unwrap();
    read(&journal).await.unwrap()
}

fn rendered(
    report: &Report,
    form: fn(&Report, &str, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> String {
    let mut bytes = Vec::new();
    form(report, "north", &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Two customers of a sync, one certificate of an upload, one document nobody can read.
fn small_journal() -> Vec<Entry> {
    use EntryKind::{Approval, Intent, PlanItem, PlanReady};
    use Operation::{Certificates, CreateCertificate, CreateCustomer, LinkCertificate, Sync};
    use OutcomeState::{Done, Refused};
    vec![
        opened(Sync, "{}"),
        entry(
            PlanItem,
            CreateCustomer,
            "1",
            "A-1",
            "A-1",
            r#"{"decision":"create","id":"7","name":"Alder Mills"}"#,
        ),
        entry(
            PlanItem,
            CreateCustomer,
            "1",
            "B-2",
            "B-2",
            r#"{"decision":"create","id":"8","name":"Birch\u001bCo"}"#,
        ),
        entry(
            PlanItem,
            Sync,
            "1",
            "9",
            "",
            r#"{"decision":"blocked","id":"9","detail":"No customer code."}"#,
        ),
        entry(PlanReady, Sync, "1", "sha256:aa", "", r#"{"writes":2}"#),
        entry(Approval, Sync, "1", "sha256:aa", "", r#"{"approved_by":"Kim"}"#),
        entry(Intent, CreateCustomer, "1", "A-1", "A-1", "{}"),
        outcome(CreateCustomer, "1", "A-1", "A-1", Done, r#"{"avatax_id":41}"#),
        entry(Intent, CreateCustomer, "1", "B-2", "B-2", "{}"),
        outcome(CreateCustomer, "1", "B-2", "B-2", Refused, r#"{"detail":"The postal code is wrong."}"#),
        opened(Certificates, r#"{"option":"upload"}"#),
        entry(
            PlanItem,
            CreateCertificate,
            "11",
            "a-GA",
            "A-1",
            r#"{"decision":"upload","document":"a.pdf","country":"US","region":"GA","reason":"Resale"}"#,
        ),
        entry(
            PlanItem,
            Certificates,
            "11",
            "scan.png",
            "",
            r#"{"decision":"needs-reader","document":"scan.png","detail":"It is a picture."}"#,
        ),
        entry(PlanReady, Certificates, "11", "sha256:bb", "", r#"{"writes":1}"#),
        entry(Approval, Certificates, "11", "sha256:bb", "", r#"{"approved_by":"Kim"}"#),
        outcome(CreateCertificate, "11", "a-GA", "A-1", Done, r#"{"avatax_id":"500"}"#),
        outcome(LinkCertificate, "11", "a-GA", "A-1", OutcomeState::Adopted, r#"{"coverage":"Exempt"}"#),
    ]
}

#[tokio::test]
async fn the_text_form_tells_each_customer_what_happened_and_what_to_do() {
    let text = rendered(&report_of(small_journal()).await, render::plain);
    let expected = "\
Onboarding report for north
Nothing here is tax advice.

Runs
  2026-11-22T10:00:01Z sync, 2 writes: sha256:aa
      confirmed by Kim at 2026-11-22T10:00:06Z
  2026-11-22T10:00:11Z certificates upload, 1 writes: sha256:bb
      confirmed by Kim at 2026-11-22T10:00:15Z

Customers
  A-1  Alder Mills  (ERP id 7)
      customer created: done, AvaTax id 41
      certificate created: done, US-GA, Resale, from a.pdf, AvaTax id 500
      certificate linked: found there already, AvaTax answers Exempt
  B-2  Birch Co  (ERP id 8)
      customer created: refused by AvaTax
    ! refused: The postal code is wrong. To do: correct what AvaTax names, then make a new plan.

ERP rows without a usable customer code
  9
    ! blocked: No customer code. To do: correct the record in the ERP and run sync again.

Documents without a customer
  scan.png
    ! needs-reader: It is a picture. To do: read the document yourself, or hand in a PDF with text.

Summary
  2 customers in the journal
  1 × create-certificate, done
  1 × create-customer, done
  1 × create-customer, refused by AvaTax
  1 × link-certificate, found there already
  1 certificates effective in AvaTax
  0 not finished, 3 for a person to settle
";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn both_json_forms_carry_the_same_lines() {
    let report = report_of(small_journal()).await;
    let whole: Value = serde_json::from_str(&rendered(&report, render::json)).unwrap();
    let lines: Vec<Value> =
        rendered(&report, render::jsonl).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["notice"], whole["notice"]);
    let of = |record: &str| lines.iter().filter(|line| line["record"] == record).cloned().collect::<Vec<_>>();
    assert_eq!(of("run").len(), 2);
    assert_eq!(of("run")[1]["approvals"][0]["by"], "Kim");
    let mut subjects = of("customer");
    subjects.extend(of("row"));
    subjects.extend(of("document"));
    assert_eq!(whole["lines"], Value::Array(subjects));
    assert_eq!(of("summary")[0]["effective_certificates"], whole["summary"]["effective_certificates"]);
    assert_eq!(whole["summary"]["effective_certificates"], 1);
}

#[tokio::test]
async fn an_intent_without_an_outcome_and_an_unwritten_item_are_open() {
    let mut entries = small_journal();
    entries.truncate(9);
    let report = report_of(entries).await;
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Done]), 1);
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Open]), 1);
    assert_eq!(report.summary.open, 1);
}

#[tokio::test]
async fn a_plan_that_nobody_confirmed_is_planned_and_not_open() {
    let mut entries = small_journal();
    entries.truncate(5);
    let report = report_of(entries).await;
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Planned]), 2);
    assert_eq!(report.summary.open, 0);
}

#[tokio::test]
async fn a_newer_preview_replaces_what_the_older_one_said() {
    let mut entries = small_journal();
    let plan = (entries.len() + 1).to_string();
    entries.push(opened(Operation::Sync, "{}"));
    entries.push(entry(
        EntryKind::PlanItem,
        Operation::CreateCustomer,
        &plan,
        "B-2",
        "B-2",
        r#"{"decision":"identical"}"#,
    ));
    let unfinished = report_of(entries.clone()).await;
    assert_eq!(unfinished.summary.count(Operation::CreateCustomer, &[State::Refused]), 1);

    entries.push(entry(EntryKind::PlanReady, Operation::Sync, &plan, "sha256:cc", "", r#"{"writes":0}"#));
    let report = report_of(entries).await;
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Refused]), 0);
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Done]), 1);
    assert!(
        report.lines.iter().all(|line| line.record != Subject::Row),
        "the blocked row is no longer in the plan"
    );
    assert_eq!(report.summary.attention, 1);
}

#[tokio::test]
async fn an_upload_plan_says_nothing_new_about_invitations() {
    let invite = vec![
        opened(Operation::Certificates, r#"{"option":"invite"}"#),
        entry(
            EntryKind::PlanItem,
            Operation::Certificates,
            "1",
            "A-1",
            "A-1",
            r#"{"decision":"call-list","detail":"No e-mail."}"#,
        ),
        entry(EntryKind::PlanReady, Operation::Certificates, "1", "sha256:aa", "", "{}"),
        opened(Operation::Certificates, r#"{"option":"upload"}"#),
        entry(EntryKind::PlanReady, Operation::Certificates, "4", "sha256:bb", "", "{}"),
    ];
    let report = report_of(invite).await;
    assert_eq!(report.lines[0].attention[0].what, "call-list");
}

#[tokio::test]
async fn a_body_that_is_no_object_does_not_hide_the_outcome() {
    let entries = vec![outcome(Operation::CreateCustomer, "1", "A-1", "A-1", OutcomeState::Done, "[broken")];
    let report = report_of(entries).await;
    assert_eq!(report.lines[0].writes[0].state, State::Done);
    assert!(report.lines[0].writes[0].facts.is_empty());
}

#[tokio::test]
async fn what_failed_under_an_older_plan_is_superseded_even_if_the_newer_one_does_not_mention_it() {
    let mut entries = small_journal();
    let plan = (entries.len() + 1).to_string();
    entries.push(opened(Operation::Sync, r#"{"option":"sync"}"#));
    entries.push(entry(EntryKind::PlanReady, Operation::Sync, &plan, "sha256:cc", "", r#"{"writes":0}"#));
    let report = report_of(entries).await;
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Refused, State::Open]), 0);
    assert_eq!(report.summary.count(Operation::CreateCustomer, &[State::Done]), 1);
    assert_eq!(report.runs[2].option, None);
}

#[tokio::test]
async fn who_asked_for_the_set_up_is_in_the_report() {
    let asked = entry(
        EntryKind::Intent,
        Operation::RequestSetup,
        "",
        "265001",
        "",
        r#"{"detail":"requested by Kim"}"#,
    );
    let report = report_of(vec![asked]).await;
    assert!(report.lines.is_empty());
    assert_eq!(report.setups[0].detail, "requested by Kim");
    assert!(rendered(&report, render::plain).contains("intent  requested by Kim"));
}

#[tokio::test]
async fn denied_requests_are_told_in_every_form_with_the_line_to_paste() {
    let detail =
        format!("GET https://a.example.com/{} was not sent: no rule. allow = [\"X\"]", "p".repeat(450));
    let body = serde_json::json!({ "call": "sync", "action": "check", "detail": detail }).to_string();
    let more =
        serde_json::json!({ "call": "analyze", "action": null, "detail": "3 more", "more": 3 }).to_string();
    let report = report_of(vec![
        entry(EntryKind::Denied, Operation::Sync, "", "GET https://a.example.com/x", "", &body),
        entry(EntryKind::Denied, Operation::Sync, "", "", "", &more),
    ])
    .await;
    assert_eq!(report.denials.iter().map(|denial| denial.count).sum::<u64>(), 4);
    assert_eq!(report.denials[0].request, "GET https://a.example.com/x");
    assert!(report.lines.is_empty(), "{:?}", report.lines);
    let text = rendered(&report, render::plain);
    assert!(text.contains(&format!("sync check: {detail}\n")), "{text}");
    assert!(text.contains("analyze: 3 more\n"), "{text}");
    let whole: serde_json::Value = serde_json::from_str(&rendered(&report, render::json)).unwrap();
    assert_eq!(whole["denials"][0]["detail"], detail);
    let lines = rendered(&report, render::jsonl);
    assert_eq!(lines.lines().filter(|line| line.contains(r#""record":"denial""#)).count(), 2);
}
