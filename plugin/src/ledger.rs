//! What became of a plan: intents and outcomes, in the journal and at hand.
//!
//! `apply` starts by reading what earlier calls under the same plan wrote. An operation with a final outcome is not
//! touched again; one with an intent and no final outcome is in doubt, and is looked up in AvaTax before anything else
//! ([`crate::recovery`]). At hand there are about thirty bytes for each operation, and five examples of each way to end.

use core::time::Duration;
use std::collections::HashMap;

use serde::Serialize;

use crate::avatax::Failure;
use crate::json::{self, Value};
use crate::marks::Marks;
use crate::model::journal::{Entry, EntryKind, Operation, OutcomeState, Query};
use crate::model::onboarding::{Error, OutcomeCount, Sample};
use crate::plan::{self, body, entry, short_hash};
use crate::ports::{Ports, journal_error};
use crate::recovery::SUPERSEDED;
use crate::tally::keep;

/// How far an operation got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progressed {
    /// Not begun.
    No,
    /// Begun, and nobody knows what became of it: it has to be looked up first.
    InDoubt,
    /// The same, and recorded so: whoever does it again records an intent again.
    GivenUp,
    /// Recorded as left for a newer plan; in doubt again if the newer one never came about and this one is gone on with.
    Superseded,
    /// Ended for good.
    Ended(OutcomeState),
}

impl Progressed {
    /// Whether it has to be looked up before it is done.
    #[must_use]
    pub fn in_doubt(self) -> bool {
        matches!(self, Self::InDoubt | Self::GivenUp | Self::Superseded)
    }

    /// As a note for [`Marks`].
    fn note(self) -> u8 {
        match self {
            Self::No => 0,
            Self::InDoubt => 1,
            Self::GivenUp => 2,
            Self::Superseded => 3,
            Self::Ended(state) => ENDED + state as u8,
        }
    }

    fn noted(note: u8) -> Self {
        match note {
            0 => Self::No,
            1 => Self::InDoubt,
            2 => Self::GivenUp,
            3 => Self::Superseded,
            ended => STATES
                .into_iter()
                .find(|state| ENDED + *state as u8 == ended)
                .map_or(Self::InDoubt, Self::Ended),
        }
    }
}

/// The first note of those that say how something ended.
const ENDED: u8 = 4;

/// What an outcome says. Absent values are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Said {
    /// ERP id of the customer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Customer name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// For people: why, and what to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// AvaTax's id of what was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatax_id: Option<u64>,
    /// File name of the document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// Country of the certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// State of the certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// What AvaTax answers for customer and state.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub coverage: String,
    /// Where the invitation went.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recipient: String,
    /// The customer's own CertExpress link.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// What AvaTax says of the invitation: `Sent`, `InProgress`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub invitation: String,
}

impl From<&Value> for Said {
    fn from(value: &Value) -> Self {
        let text = |field| json::text(value, field);
        Self {
            id: text("id"),
            name: text("name"),
            detail: text("detail"),
            avatax_id: value.get("avatax_id").and_then(Value::as_u64),
            document: text("document"),
            country: text("country"),
            region: text("region"),
            coverage: text("coverage"),
            recipient: text("recipient"),
            link: text("link"),
            invitation: text("invitation"),
        }
    }
}

/// Something that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// What identifies it.
    pub key: String,
    /// Customer code.
    pub customer: String,
    /// Done or adopted.
    pub state: OutcomeState,
    /// What was last said of it.
    pub said: Said,
}

/// The outcomes of one plan.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Ledger<'a> {
    ports: &'a Ports<'a>,
    plan: String,
    known: Marks,
    /// How many operations got how far.
    counts: [[u64; NOTES]; OPERATIONS_MAX],
    /// Why this call does not know what became of an operation.
    doubts: HashMap<u64, Failure>,
    /// When something was last attempted that is in doubt now.
    attempted: Duration,
    /// The same, as this pass began.
    doubted: Duration,
    settled: u64,
    last_pass: bool,
    samples: HashMap<(u8, u8), Vec<Sample>>,
    pending: Vec<Entry>,
}

impl<'a> Ledger<'a> {
    /// Reads what earlier calls did under the plan.
    pub fn open(ports: &'a Ports<'a>, plan: &str) -> Result<Self, Error> {
        let mut ledger = Self {
            ports,
            plan: plan.to_owned(),
            known: Marks::default(),
            counts: [[0; NOTES]; OPERATIONS_MAX],
            doubts: HashMap::new(),
            // When an earlier call was cut off is not known; it was before this one.
            attempted: ports.network.now(),
            doubted: ports.network.now(),
            settled: 0,
            last_pass: false,
            samples: HashMap::new(),
            pending: Vec::new(),
        };
        for kind in [EntryKind::Intent, EntryKind::Outcome] {
            ledger.each(kind, &mut |ledger, entry, said| ledger.note(entry, said))?;
        }
        Ok(ledger)
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// A pass over the plan begins. In the last one, what is in doubt is given up.
    pub fn begin_pass(&mut self, last: bool) {
        self.last_pass = last;
        self.doubted = self.attempted;
    }

    /// How often something ended for good in this call.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// How many operations are in doubt and not given up.
    #[must_use]
    pub fn in_doubt(&self) -> usize {
        self.of_any(Progressed::InDoubt) as usize
    }

    /// Whether anything was left in doubt, given up or not.
    #[must_use]
    pub fn left_in_doubt(&self) -> bool {
        self.of_any(Progressed::InDoubt) + self.of_any(Progressed::GivenUp) > 0
    }

    /// When something was last attempted that was in doubt as this pass began.
    #[must_use]
    pub fn doubted(&self) -> Duration {
        self.doubted
    }

    /// Why this call does not know what became of an operation.
    #[must_use]
    pub fn doubt(&self, operation: Operation, key: &str) -> Option<&Failure> {
        self.doubts.get(&slot(operation, key))
    }

    /// Nobody knows whether an operation was done. It is looked at again in the next pass; in the last one it is recorded
    /// as unclear.
    pub fn doubts(
        &mut self,
        operation: Operation,
        key: &str,
        customer: &str,
        why: Failure,
        said: &Said,
    ) -> Result<(), Error> {
        self.attempted = self.ports.network.now();
        if self.last_pass {
            let said = Said { detail: why.sentence(), ..said.clone() };
            return self.end(operation, key, customer, OutcomeState::Unclear, &said);
        }
        self.doubts.insert(slot(operation, key), why);
        Ok(())
    }

    /// How far an operation got.
    #[must_use]
    pub fn progressed(&self, operation: Operation, key: &str) -> Progressed {
        Progressed::noted(self.known.note(slot(operation, key)))
    }

    /// Whether an operation was done or found done.
    #[must_use]
    pub fn succeeded(&self, operation: Operation, key: &str) -> bool {
        let progressed = self.progressed(operation, key);
        matches!(progressed, Progressed::Ended(OutcomeState::Done | OutcomeState::Adopted))
    }

    /// Whether an operation ended for good.
    #[must_use]
    pub fn ended(&self, operation: Operation, key: &str) -> bool {
        matches!(self.progressed(operation, key), Progressed::Ended(_))
    }

    /// Records that writes are about to happen; durable when it returns. What is recorded already is not repeated.
    pub fn intend<'k>(
        &mut self,
        operation: Operation,
        request: &str,
        keys: impl IntoIterator<Item = (&'k str, &'k str, String)>,
    ) -> Result<(), Error> {
        let mut entries = Vec::new();
        for (key, customer, sha256) in keys {
            let known = self.progressed(operation, key);
            if matches!(known, Progressed::No | Progressed::GivenUp | Progressed::Superseded) {
                self.got(operation, key, Progressed::InDoubt);
                let body = json::object(vec![("request", request.into()), ("sha256", sha256.into())]);
                entries.push(entry(EntryKind::Intent, operation, &self.plan, key, customer, &body));
            }
        }
        for chunk in entries.chunks(500) {
            self.ports.journal.append(chunk).map_err(journal_error)?;
        }
        Ok(())
    }

    /// Records how an operation ended. Durable after [`Ledger::flush`].
    pub fn end(
        &mut self,
        operation: Operation,
        key: &str,
        customer: &str,
        state: OutcomeState,
        said: &Said,
    ) -> Result<(), Error> {
        let outcome = Entry {
            state: Some(state),
            ..entry(EntryKind::Outcome, operation, &self.plan, key, customer, said)
        };
        self.note(&outcome, said);
        self.doubts.remove(&slot(operation, key));
        self.settled += u64::from(state != OutcomeState::Unclear);
        self.pending.push(outcome);
        if self.pending.len() >= 500 { self.flush() } else { Ok(()) }
    }

    /// Makes outcomes durable.
    pub fn flush(&mut self) -> Result<(), Error> {
        if !self.pending.is_empty() {
            self.ports.journal.append(&self.pending).map_err(journal_error)?;
            self.pending.clear();
        }
        Ok(())
    }

    /// What was written by an operation, done or adopted: the newest outcome of each key, in order of the first one.
    pub fn written(&mut self, operation: Operation) -> Result<Vec<Written>, Error> {
        self.flush()?;
        let mut written: Vec<Written> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        self.each(EntryKind::Outcome, &mut |_, entry, said| {
            let Some(state @ (OutcomeState::Done | OutcomeState::Adopted)) = entry.state else { return };
            if entry.operation != operation {
                return;
            }
            let newest = Written {
                key: entry.key.clone(),
                customer: entry.customer.clone(),
                state,
                said: said.clone(),
            };
            let place = *places.entry(slot(operation, &entry.key)).or_insert(written.len());
            match written.get_mut(place) {
                Some(known) => *known = newest,
                None => written.push(newest),
            }
        })?;
        Ok(written)
    }

    /// How many operations ended how.
    #[must_use]
    pub fn counts(&self) -> Vec<OutcomeCount> {
        let mut rows: Vec<OutcomeCount> = Vec::new();
        for operation in OPERATIONS {
            for state in STATES {
                let also: &[Progressed] = match state {
                    OutcomeState::Unclear => &[Progressed::InDoubt, Progressed::GivenUp],
                    OutcomeState::Moved => &[Progressed::Superseded],
                    _ => &[],
                };
                let also: u64 = also.iter().map(|it| self.count(operation, *it)).sum();
                let count = also + self.count(operation, Progressed::Ended(state));
                if count == 0 {
                    continue;
                }
                let samples = self.samples.get(&(operation as u8, state as u8)).cloned().unwrap_or_default();
                rows.push(OutcomeCount { operation, state, count, samples });
            }
        }
        rows
    }

    /// Operations of a kind that ended for good.
    #[must_use]
    pub fn ended_count(&self, operation: Operation) -> u64 {
        STATES.iter().map(|state| self.count(operation, Progressed::Ended(*state))).sum()
    }

    fn count(&self, operation: Operation, progressed: Progressed) -> u64 {
        let row = self.counts.get(operation as usize);
        row.and_then(|row| row.get(usize::from(progressed.note()))).copied().unwrap_or_default()
    }

    fn of_any(&self, progressed: Progressed) -> u64 {
        OPERATIONS.iter().map(|operation| self.count(*operation, progressed)).sum()
    }

    /// Notes how far an operation got, and counts it there instead of where it was.
    fn got(&mut self, operation: Operation, key: &str, progressed: Progressed) {
        let note = progressed.note();
        let before = self.known.set(slot(operation, key), note);
        let Some(row) = self.counts.get_mut(operation as usize) else { return };
        if let Some(count) = row.get_mut(usize::from(before)).filter(|_| before != 0) {
            *count -= 1;
        }
        if let Some(count) = row.get_mut(usize::from(note)) {
            *count += 1;
        }
    }

    fn note(&mut self, entry: &Entry, said: &Said) {
        let Some(state) = entry.state else {
            if self.progressed(entry.operation, &entry.key) == Progressed::No {
                self.got(entry.operation, &entry.key, Progressed::InDoubt);
            }
            return;
        };
        let progressed = match state {
            OutcomeState::Unclear => Progressed::GivenUp,
            OutcomeState::Moved if said.detail == SUPERSEDED => Progressed::Superseded,
            state => Progressed::Ended(state),
        };
        self.got(entry.operation, &entry.key, progressed);
        if state != OutcomeState::Unclear
            && let Some(unclear) = self.samples.get_mut(&(entry.operation as u8, OutcomeState::Unclear as u8))
        {
            unclear.retain(|sample| sample.code != entry.customer);
        }
        if matches!(state, OutcomeState::Done | OutcomeState::Adopted) {
            return;
        }
        let samples = self.samples.entry((entry.operation as u8, state as u8)).or_default();
        if samples.iter().all(|sample| sample.code != entry.customer || sample.detail != said.detail) {
            keep(samples, || Sample {
                id: said.id.clone(),
                code: entry.customer.clone(),
                name: said.name.clone(),
                detail: said.detail.clone(),
            });
        }
    }

    /// Streams entries of the plan.
    fn each(&mut self, kind: EntryKind, each: &mut dyn FnMut(&mut Self, &Entry, &Said)) -> Result<(), Error> {
        let mut query = Query {
            kind: Some(kind),
            plan: Some(self.plan.clone()),
            operation: None,
            after: self.plan.parse().unwrap_or(0),
            ..plan::query(Operation::Sync)
        };
        while let Some(read) = plan::read_on(self.ports, &mut query)? {
            for stored in &read {
                let said =
                    if kind == EntryKind::Outcome { Said::from(&body(stored)?) } else { Said::default() };
                each(self, &stored.entry, &said);
            }
        }
        Ok(())
    }
}

const OPERATIONS: [Operation; 7] = [
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

/// Operations of the contract, and notes there are.
const OPERATIONS_MAX: usize = Operation::SendInvitation as usize + 1;
const NOTES: usize = 16;

/// Hash of the key, another one for each operation.
fn slot(operation: Operation, key: &str) -> u64 {
    // An odd number without any pattern, so that hashes of different operations are as far apart as those of keys.
    short_hash(key) ^ (operation as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
