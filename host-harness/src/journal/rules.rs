//! What an entry may hold and a query may ask, and how the closed lists of the contract are written as text.

use serde::de::IgnoredAny;

use crate::model::journal::{Entry, EntryKind, JournalError, Operation, OutcomeState, Query};

/// Entries in one append, and in one answer.
pub const MAX_ENTRIES: usize = 1_000;
/// Bytes of one answer, which ends with the entry that reaches them.
pub const MAX_ANSWER: usize = 8 << 20;
/// What an entry takes in a journal beside its texts: time, link, number and its places in indexes. Without it, entries
/// that say nothing would cost nothing.
const ENTRY: usize = 200;
/// Bytes of a body.
pub const MAX_BODY: usize = 65_536;
/// Bytes of a key or a customer: a code of 50 characters has at most 200, file names have up to 400.
pub const MAX_KEY: usize = 400;
/// Bytes of a plan: a sequence number.
pub const MAX_PLAN: usize = 20;

/// Bytes that an entry counts for.
#[must_use]
pub const fn size(entry: &Entry) -> usize {
    ENTRY + entry.plan.len() + entry.key.len() + entry.customer.len() + entry.body.len()
}

fn invalid(reason: String) -> JournalError {
    JournalError::Invalid(reason)
}

/// Whether entries may be appended.
///
/// # Errors
/// Names the first entry, counted from 1, that breaks a rule, and the rule.
pub fn check_entries(entries: &[Entry]) -> Result<(), JournalError> {
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return Err(invalid(format!("An append takes 1 to {MAX_ENTRIES} entries, not {}.", entries.len())));
    }
    for (index, entry) in entries.iter().enumerate() {
        check_entry(entry)
            .map_err(|reason| invalid(format!("Entry {} of the append {reason}.", index + 1)))?;
    }
    Ok(())
}

fn check_entry(entry: &Entry) -> Result<(), String> {
    let plan = entry.plan.as_bytes();
    if plan.len() > MAX_PLAN || !plan.iter().all(u8::is_ascii_digit) {
        return Err("names a plan that is not a sequence number".to_owned());
    }
    if entry.key.len() > MAX_KEY || entry.customer.len() > MAX_KEY {
        return Err(format!("has a key or customer of more than {MAX_KEY} bytes"));
    }
    if entry.body.len() > MAX_BODY {
        return Err(format!("has a body of {} bytes, of at most {MAX_BODY}", entry.body.len()));
    }
    if entry.state.is_some() && entry.kind != EntryKind::Outcome {
        return Err("has an outcome state although it records no outcome".to_owned());
    }
    let is_object =
        entry.body.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(&entry.body).is_ok();
    if is_object { Ok(()) } else { Err("has a body that is not a JSON object".to_owned()) }
}

/// Whether a query may be asked.
///
/// # Errors
/// Names the rule it breaks.
pub fn check_query(query: &Query) -> Result<(), JournalError> {
    if !(1..=MAX_ENTRIES).contains(&(query.limit as usize)) {
        return Err(invalid(format!("A query asks for 1 to {MAX_ENTRIES} entries, not {}.", query.limit)));
    }
    let too_long = |text: &Option<String>, max| text.as_ref().is_some_and(|text| text.len() > max);
    if too_long(&query.key, MAX_KEY) || too_long(&query.plan, MAX_PLAN) {
        return Err(invalid("The key or plan of the query is longer than any entry has.".to_owned()));
    }
    Ok(())
}

/// The text form of a kind.
#[must_use]
pub const fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::PlanOpened => "plan-opened",
        EntryKind::PlanItem => "plan-item",
        EntryKind::PlanReady => "plan-ready",
        EntryKind::Approval => "approval",
        EntryKind::Intent => "intent",
        EntryKind::Outcome => "outcome",
        EntryKind::Review => "review",
        EntryKind::Denied => "denied",
    }
}

/// The text form of an operation.
#[must_use]
pub const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Sync => "sync",
        Operation::Certificates => "certificates",
        Operation::RequestSetup => "request-setup",
        Operation::CreateCustomer => "create-customer",
        Operation::UpdateCustomer => "update-customer",
        Operation::CreateCertificate => "create-certificate",
        Operation::AttachDocument => "attach-document",
        Operation::LinkCertificate => "link-certificate",
        Operation::SendInvitation => "send-invitation",
    }
}

/// The text form of an outcome.
#[must_use]
pub const fn state_name(state: OutcomeState) -> &'static str {
    match state {
        OutcomeState::Done => "done",
        OutcomeState::Adopted => "adopted",
        OutcomeState::Moved => "moved",
        OutcomeState::Refused => "refused",
        OutcomeState::Unclear => "unclear",
    }
}

const KINDS: [EntryKind; 8] = [
    EntryKind::PlanOpened,
    EntryKind::PlanItem,
    EntryKind::PlanReady,
    EntryKind::Approval,
    EntryKind::Intent,
    EntryKind::Outcome,
    EntryKind::Review,
    EntryKind::Denied,
];
const OPERATIONS: [Operation; 9] = [
    Operation::Sync,
    Operation::Certificates,
    Operation::RequestSetup,
    Operation::CreateCustomer,
    Operation::UpdateCustomer,
    Operation::CreateCertificate,
    Operation::AttachDocument,
    Operation::LinkCertificate,
    Operation::SendInvitation,
];
const STATES: [OutcomeState; 5] = [
    OutcomeState::Done,
    OutcomeState::Adopted,
    OutcomeState::Moved,
    OutcomeState::Refused,
    OutcomeState::Unclear,
];

/// The text forms of all kinds.
#[must_use]
pub fn kind_names() -> [&'static str; 8] {
    KINDS.map(kind_name)
}

/// The kind with this text form.
#[must_use]
pub fn kind_of(name: &str) -> Option<EntryKind> {
    KINDS.into_iter().find(|kind| kind_name(*kind) == name)
}

/// The operation with this text form.
#[must_use]
pub fn operation_of(name: &str) -> Option<Operation> {
    OPERATIONS.into_iter().find(|operation| operation_name(*operation) == name)
}

/// The outcome with this text form.
#[must_use]
pub fn state_of(name: &str) -> Option<OutcomeState> {
    STATES.into_iter().find(|state| state_name(*state) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            kind: EntryKind::Outcome,
            operation: Operation::CreateCustomer,
            plan: "1".into(),
            key: "C1".into(),
            customer: "C1".into(),
            state: Some(OutcomeState::Done),
            body: "{}".into(),
        }
    }

    fn refused(entry: Entry) -> bool {
        matches!(check_entries(&[entry]), Err(JournalError::Invalid(_)))
    }

    #[test]
    fn an_ordinary_entry_is_taken() {
        assert!(check_entries(&[entry()]).is_ok());
    }

    #[test]
    fn an_entry_at_the_limits_is_taken_and_one_beyond_is_not() {
        let body = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        assert!(
            check_entries(&[Entry { body: body(MAX_BODY), key: "k".repeat(MAX_KEY), ..entry() }]).is_ok()
        );
        assert!(refused(Entry { body: body(MAX_BODY + 1), ..entry() }));
        assert!(refused(Entry { key: "k".repeat(MAX_KEY + 1), ..entry() }));
        assert!(refused(Entry { customer: "k".repeat(MAX_KEY + 1), ..entry() }));
        assert!(check_entries(&vec![entry(); MAX_ENTRIES]).is_ok());
        assert!(check_entries(&vec![entry(); MAX_ENTRIES + 1]).is_err());
        assert!(check_entries(&[]).is_err());
    }

    #[test]
    fn a_body_has_to_be_a_json_object() {
        for body in ["", "[]", "1", "{", "{}x", "null", "{\"a\":}"] {
            assert!(refused(Entry { body: body.into(), ..entry() }), "{body}");
        }
    }

    #[test]
    fn only_outcomes_have_a_state_and_plans_are_numbers() {
        assert!(refused(Entry { kind: EntryKind::Intent, ..entry() }));
        assert!(refused(Entry { plan: "1a".into(), ..entry() }));
    }

    #[test]
    fn the_entry_at_fault_is_named() {
        let Err(JournalError::Invalid(text)) =
            check_entries(&[entry(), Entry { body: "x".into(), ..entry() }])
        else {
            panic!("the entry was taken");
        };
        assert_eq!(text, "Entry 2 of the append has a body that is not a JSON object.");
    }

    #[test]
    fn text_forms_are_read_back() {
        for kind in KINDS {
            assert_eq!(kind_of(kind_name(kind)), Some(kind));
        }
        for operation in OPERATIONS {
            assert_eq!(operation_of(operation_name(operation)), Some(operation));
        }
        for state in STATES {
            assert_eq!(state_of(state_name(state)), Some(state));
        }
        assert_eq!(kind_of("Outcome"), None);
    }
}
