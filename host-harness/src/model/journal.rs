//! The memory of a run: import `journal`.
//!
//! Entries are those of the contract and one kind more: what the host itself denied. A component cannot name that kind, so it
//! can neither write such an entry nor ask for one, and `handed_out` keeps those that are there from it. That is why the
//! records are written out here and not taken from the contract as they are.

use serde::{Deserialize, Serialize};

use crate::bindings::ecms::onboarding::journal as contract;
pub use crate::bindings::ecms::onboarding::journal::{JournalError, Operation, OutcomeState};

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A preview began.
    PlanOpened,
    /// One thing the plan would do, or decided not to do.
    PlanItem,
    /// The preview is complete.
    PlanReady,
    /// A person confirmed the plan.
    Approval,
    /// A write to AvaTax is about to happen.
    Intent,
    /// What became of it.
    Outcome,
    /// What a person said about a certificate. Of the host.
    Review,
    /// A request of the component that was not let out; `key` is its method and address. Of the host, and for the host only.
    Denied,
}

/// One entry. Its fields are those of the contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What it records.
    pub kind: EntryKind,
    /// What it is about.
    pub operation: Operation,
    /// Sequence number of the plan; empty where it belongs to none.
    pub plan: String,
    /// What identifies the thing within its operation.
    pub key: String,
    /// Customer code, or empty.
    pub customer: String,
    /// For outcomes only.
    pub state: Option<OutcomeState>,
    /// JSON object.
    pub body: String,
}

/// An entry as it was stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEntry {
    /// Rises by one with every entry, from 1.
    pub sequence: u64,
    /// RFC 3339, the host's clock.
    pub recorded_at: String,
    /// What was appended.
    pub entry: Entry,
}

/// Which entries to read; what is none does not restrict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Only this kind.
    pub kind: Option<EntryKind>,
    /// Only this operation.
    pub operation: Option<Operation>,
    /// Only this plan.
    pub plan: Option<String>,
    /// Only this key.
    pub key: Option<String>,
    /// Only entries after this sequence number (before it, when `backwards`); 0 is the very end of that side.
    pub after: u64,
    /// Newest first.
    pub backwards: bool,
    /// At most this many, 1 to 1,000.
    pub limit: u32,
}

impl From<contract::EntryKind> for EntryKind {
    fn from(kind: contract::EntryKind) -> Self {
        match kind {
            contract::EntryKind::PlanOpened => Self::PlanOpened,
            contract::EntryKind::PlanItem => Self::PlanItem,
            contract::EntryKind::PlanReady => Self::PlanReady,
            contract::EntryKind::Approval => Self::Approval,
            contract::EntryKind::Intent => Self::Intent,
            contract::EntryKind::Outcome => Self::Outcome,
            contract::EntryKind::Review => Self::Review,
        }
    }
}

impl From<contract::Entry> for Entry {
    fn from(entry: contract::Entry) -> Self {
        let contract::Entry { kind, operation, plan, key, customer, state, body } = entry;
        Self { kind: kind.into(), operation, plan, key, customer, state, body }
    }
}

impl From<contract::Query> for Query {
    fn from(query: contract::Query) -> Self {
        let contract::Query { kind, operation, plan, key, after, backwards, limit } = query;
        Self { kind: kind.map(EntryKind::from), operation, plan, key, after, backwards, limit }
    }
}

/// The entry as a component gets it; none if it is not for components.
pub(crate) fn handed_out(stored: StoredEntry) -> Option<contract::StoredEntry> {
    let StoredEntry { sequence, recorded_at, entry } = stored;
    let Entry { kind, operation, plan, key, customer, state, body } = entry;
    let kind = match kind {
        EntryKind::PlanOpened => contract::EntryKind::PlanOpened,
        EntryKind::PlanItem => contract::EntryKind::PlanItem,
        EntryKind::PlanReady => contract::EntryKind::PlanReady,
        EntryKind::Approval => contract::EntryKind::Approval,
        EntryKind::Intent => contract::EntryKind::Intent,
        EntryKind::Outcome => contract::EntryKind::Outcome,
        EntryKind::Review => contract::EntryKind::Review,
        EntryKind::Denied => return None,
    };
    let entry = contract::Entry { kind, operation, plan, key, customer, state, body };
    Some(contract::StoredEntry { sequence, recorded_at, entry })
}
