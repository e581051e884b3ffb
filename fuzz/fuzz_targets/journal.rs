//! A journal whose entries say anything: read back by the component and by the host's report without believing more than
//! is there.
#![no_main]

use ecms_onboarding::{
    certificates::review,
    json,
    ledger::{Ledger, Said},
    model::journal::{Entry, EntryKind, Operation, OutcomeState},
    plan::{self, Item},
};
use host_harness::{
    journal::{Head, MemoryJournal, rules},
    model::journal as host,
    report,
};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{memory::Memory, network::Script, parts, ready, text};

const KINDS: [(EntryKind, &str); 7] = [
    (EntryKind::PlanOpened, "plan-opened"),
    (EntryKind::PlanItem, "plan-item"),
    (EntryKind::PlanReady, "plan-ready"),
    (EntryKind::Approval, "approval"),
    (EntryKind::Intent, "intent"),
    (EntryKind::Outcome, "outcome"),
    (EntryKind::Review, "review"),
];
const OPERATIONS: [(Operation, &str); 9] = [
    (Operation::Sync, "sync"),
    (Operation::Certificates, "certificates"),
    (Operation::RequestSetup, "request-setup"),
    (Operation::CreateCustomer, "create-customer"),
    (Operation::UpdateCustomer, "update-customer"),
    (Operation::CreateCertificate, "create-certificate"),
    (Operation::AttachDocument, "attach-document"),
    (Operation::LinkCertificate, "link-certificate"),
    (Operation::SendInvitation, "send-invitation"),
];
const STATES: [(OutcomeState, &str); 5] = [
    (OutcomeState::Done, "done"),
    (OutcomeState::Adopted, "adopted"),
    (OutcomeState::Moved, "moved"),
    (OutcomeState::Refused, "refused"),
    (OutcomeState::Unclear, "unclear"),
];

fuzz_target!(|bytes: &[u8]| {
    let memory = Memory::default();
    let journal = MemoryJournal::default();
    for part in parts(bytes).take(40) {
        let Some((entry, kept)) = entry(part) else { continue };
        check_body(&kept.body);
        if ready(host_harness::journal::Journal::append(&journal, vec![kept])).is_ok() {
            memory.entries.borrow_mut().extend(entry);
        }
        if let Some(head) = text(part).and_then(|text| text.parse::<Head>().ok()) {
            assert_eq!(head.to_string().parse::<Head>(), Ok(head));
        }
    }
    let network = Script::default();
    let ports = memory.ports(&network);
    let entries = memory.entries.borrow().len();
    if let Ok(mut ledger) = Ledger::open(&ports, "1") {
        let counted: u64 = ledger.counts().iter().map(|count| count.count).sum();
        assert!(counted as usize <= entries && ledger.in_doubt() <= entries);
        assert!(ledger.written(Operation::CreateCustomer).map_or(true, |found| found.len() <= entries));
    }
    if let Ok(words) = review::words(&ports) {
        assert!(words.len() <= entries);
    }
    let _refused = plan::find(&ports, Operation::Sync, "sync", "sha256:0");
    assert_eq!(memory.entries.borrow().len(), entries, "reading wrote");
    if let Ok(report) = ready(report::read(&journal)) {
        assert!(report.runs.len() <= entries && report.lines.len() <= entries);
        let (mut json, mut plain) = (Vec::new(), Vec::new());
        report::render::json(&report, "main", &mut json).expect("a report");
        report::render::plain(&report, "main", &mut plain).expect("a report");
        serde_json::from_slice::<serde_json::Value>(&json).expect("JSON");
        let plain = String::from_utf8(plain).expect("text");
        assert!(!plain.chars().any(|c| c.is_control() && c != '\n'), "{plain:?}");
    }
});

/// Three bytes say what it is; then come the plan, the key and the customer, each on a line, and the body. What is of the host
/// alone is not an entry for the component.
fn entry(part: &[u8]) -> Option<(Option<Entry>, host::Entry)> {
    let ([kind, operation, state], rest) = part.split_first_chunk::<3>()?;
    let mut lines = text(rest)?.splitn(4, '\n').map(str::to_owned);
    let kind = KINDS.get(usize::from(*kind) % 8);
    let (operation, operation_name) = OPERATIONS[usize::from(*operation) % 9];
    let state = STATES.get(usize::from(*state) % 6);
    let kept = host::Entry {
        kind: kind.map_or(Some(host::EntryKind::Denied), |(_, name)| rules::kind_of(name))?,
        operation: rules::operation_of(operation_name)?,
        plan: lines.next()?,
        key: lines.next()?,
        customer: lines.next()?,
        state: state.and_then(|(_, name)| rules::state_of(name)),
        body: lines.next()?,
    };
    let entry = kind.map(|(kind, _)| Entry {
        kind: *kind,
        operation,
        plan: kept.plan.clone(),
        key: kept.key.clone(),
        customer: kept.customer.clone(),
        state: state.map(|(state, _)| *state),
        body: kept.body.clone(),
    });
    Some((entry, kept))
}

/// What is read of a body, written and read again is the same.
fn check_body(body: &str) {
    let Ok(value) = json::parse(body.as_bytes()) else { return };
    let item = Item::from(&value);
    let written = serde_json::to_value(&item).expect("plain data");
    assert_eq!(Item::from(&written), item);
    let said = Said::from(&value);
    let written = serde_json::to_value(&said).expect("plain data");
    assert_eq!(Said::from(&written), said);
}
