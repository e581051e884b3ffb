//! What has been done and what is open, read from a tenant's journal and from nothing else.
//!
//! [`read`] goes through the journal once for its runs and once for everything else, page by page, and folds each
//! entry into the line of the customer or document that it concerns. Kept is one small line for each customer, not its
//! entries. Only the newest preview of each kind speaks for what is planned and what needs a person, because an
//! earlier one describes a world that has passed. What was written counts whichever plan it belongs to; what failed or
//! stayed open counts only until a newer preview has decided about the same things again.
//!
//! Bodies of entries come from the component and are read as foreign text: bounded, cleaned, every field optional.

pub mod render;
pub mod runs;
pub mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    journal::Journal,
    model::{
        journal::{EntryKind, JournalError, Operation, OutcomeState, Query, StoredEntry},
        onboarding::Decision,
    },
};
use runs::{Body, Denial, Run, Runs, Setup};

/// Entries read at once.
const PAGE: u32 = 1_000;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The journal could not be read.
    #[error("The journal could not be read: {0}")]
    Journal(String),
    /// The report could not be written.
    #[error("The report could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl From<JournalError> for ReportError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Unavailable(text) | JournalError::Invalid(text) => {
                Self::Journal(words::clean(&text, 500))
            }
        }
    }
}

/// How far one write has come. The first five are outcomes as the contract names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Written.
    Done,
    /// Found in AvaTax as wanted.
    Adopted,
    /// Not written: something changed since the preview.
    Moved,
    /// Not written: AvaTax refused it.
    Refused,
    /// No clear answer yet.
    Unclear,
    /// In a plan that nobody has confirmed.
    Planned,
    /// In a confirmed plan, not done yet, or begun without a recorded end.
    Open,
    /// In AvaTax before any run of ours.
    OnFile,
}

impl State {
    /// Plain words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Done => words::outcome(OutcomeState::Done).words,
            Self::Adopted => words::outcome(OutcomeState::Adopted).words,
            Self::Moved => words::outcome(OutcomeState::Moved).words,
            Self::Refused => words::outcome(OutcomeState::Refused).words,
            Self::Unclear => words::outcome(OutcomeState::Unclear).words,
            Self::Planned => "planned, waits for confirmation",
            Self::Open => "confirmed, not finished",
            Self::OnFile => "there before",
        }
    }

    /// Whether the next run has to come back to it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Unclear | Self::Open)
    }

    /// Whether it is in AvaTax.
    #[must_use]
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Done | Self::Adopted | Self::OnFile)
    }
}

impl From<OutcomeState> for State {
    fn from(state: OutcomeState) -> Self {
        match state {
            OutcomeState::Done => Self::Done,
            OutcomeState::Adopted => Self::Adopted,
            OutcomeState::Moved => Self::Moved,
            OutcomeState::Refused => Self::Refused,
            OutcomeState::Unclear => Self::Unclear,
        }
    }
}

/// One write: the customer record, a certificate, its link, an invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Write {
    /// Operation as the contract names it.
    pub operation: &'static str,
    /// What identifies it within the operation.
    pub key: String,
    /// How far it has come.
    pub state: State,
    /// When that was recorded.
    pub at: String,
    /// What was recorded with it: `avatax_id`, `document`, `country`, `region`, `number`, `link`, `coverage`, …
    #[serde(flatten)]
    pub facts: BTreeMap<&'static str, String>,
}

impl Write {
    /// Whether AvaTax answered `Exempt` for customer and state when this was recorded.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        self.facts.get("coverage").is_some_and(|coverage| coverage.eq_ignore_ascii_case("exempt"))
    }
}

/// Something a person has to settle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attention {
    /// Decision or outcome as the contract names it.
    pub what: &'static str,
    /// Why, in a sentence; may be empty.
    pub why: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A customer code.
    Customer,
    /// An ERP row without a usable code.
    Row,
    /// A document without a customer.
    Document,
}

/// Everything about one customer or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is about.
    pub record: Subject,
    /// Customer code, ERP row or document name.
    pub key: String,
    /// ERP id, where recorded.
    pub id: Option<String>,
    /// Name, where recorded.
    pub name: Option<String>,
    /// What the newest plans decided, as the contract names it.
    pub decisions: Vec<&'static str>,
    /// What was or will be written.
    pub writes: Vec<Write>,
    /// What needs a person.
    pub attention: Vec<Attention>,
}

impl Line {
    /// Whether the next run has to come back to it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.writes.iter().any(|write| write.state.is_open())
    }

    fn write(&mut self, operation: Operation, key: &str) -> &mut Write {
        let name = words::operation(operation).name;
        let place = self.writes.iter().position(|write| write.operation == name && write.key == key);
        let place = place.unwrap_or_else(|| {
            self.writes.push(Write {
                operation: name,
                key: key.to_owned(),
                state: State::Planned,
                at: String::new(),
                facts: BTreeMap::new(),
            });
            self.writes.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place was found or made above")]
        &mut self.writes[place]
    }
}

/// How much of what there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Customers the journal knows of.
    pub customers: u64,
    /// Writes by operation and state.
    pub writes: Vec<Tally>,
    /// Certificates of these runs for which AvaTax answers `Exempt`.
    pub effective_certificates: u64,
    /// Certificates of these runs that are in AvaTax and not effective, as far as was asked.
    pub ineffective_certificates: u64,
    /// Customers and documents with something the next run comes back to.
    pub open: u64,
    /// Customers and documents that need a person.
    pub attention: u64,
}

/// One operation and state of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Operation as the contract names it.
    pub operation: &'static str,
    /// How far.
    pub state: State,
    /// How many.
    pub count: u64,
}

impl Summary {
    /// How many writes of an operation are in one of these states.
    #[must_use]
    pub fn count(&self, operation: Operation, states: &[State]) -> u64 {
        let name = words::operation(operation).name;
        self.writes
            .iter()
            .filter(|tally| tally.operation == name && states.contains(&tally.state))
            .map(|tally| tally.count)
            .sum()
    }
}

/// The whole report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Requests to set up certificate management, oldest first.
    pub setups: Vec<Setup>,
    /// Every preview with what followed from it, oldest first.
    pub runs: Vec<Run>,
    /// Requests that the host did not let out, oldest first.
    pub denials: Vec<Denial>,
    /// Customers, rows and documents.
    pub lines: Vec<Line>,
    /// Counts over all lines.
    pub summary: Summary,
}

/// Reads a journal into a report.
pub async fn read(journal: &dyn Journal) -> Result<Report, ReportError> {
    let runs = Runs::read(journal).await?;
    let (mut setups, mut denials) = (Vec::new(), Vec::new());
    let mut lines = BTreeMap::new();
    scan(journal, None, |entry| {
        setups.extend(Setup::of(entry));
        denials.extend(Denial::of(entry));
        fold(&mut lines, &runs, entry);
    })
    .await?;
    let lines: Vec<Line> = lines.into_values().map(finish).collect();
    let summary = summarise(&lines);
    Ok(Report { setups, runs: runs.into_list(), denials, lines, summary })
}

/// Goes through the entries of one kind, or all, oldest first.
pub(crate) async fn scan(
    journal: &dyn Journal,
    kind: Option<EntryKind>,
    mut each: impl FnMut(&StoredEntry),
) -> Result<(), ReportError> {
    let mut after = 0;
    loop {
        let query =
            Query { kind, operation: None, plan: None, key: None, after, backwards: false, limit: PAGE };
        let page = journal.read(query).await?;
        let Some(last) = page.last() else { return Ok(()) };
        // A journal that does not move on would never end.
        if last.sequence <= after {
            return Err(ReportError::Journal("it gave the same entries twice".to_owned()));
        }
        after = last.sequence;
        page.iter().for_each(&mut each);
    }
}

fn fold(lines: &mut BTreeMap<(Subject, String), Line>, runs: &Runs, stored: &StoredEntry) {
    let entry = &stored.entry;
    if !matches!(entry.kind, EntryKind::PlanItem | EntryKind::Intent | EntryKind::Outcome)
        || entry.operation == Operation::RequestSetup
    {
        return;
    }
    let body = Body::parse(&entry.body);
    let decision = body.text("decision").and_then(|name| words::decision_named(&name));
    if entry.kind == EntryKind::PlanItem
        && !decision.is_some_and(|decision| runs.speaks_for(&entry.plan, decision))
    {
        return;
    }
    let (subject, key) = subject_of(stored, &body);
    let line = lines.entry((subject, key.clone())).or_insert_with(|| Line {
        record: subject,
        key,
        id: None,
        name: None,
        decisions: Vec::new(),
        writes: Vec::new(),
        attention: Vec::new(),
    });
    line.id = body.text("id").or(line.id.take());
    line.name = body.text("name").or(line.name.take());
    match (entry.kind, decision) {
        (EntryKind::PlanItem, Some(decision)) => planned(line, runs, stored, decision, &body),
        (EntryKind::Intent, _) if runs.is_current(&entry.plan, entry.operation) => {
            let write = line.write(entry.operation, &entry.key);
            write.state = State::Open;
            write.at.clone_from(&stored.recorded_at);
        }
        (EntryKind::Outcome, _) => {
            let state = entry.state.map(State::from);
            let counts = |state: &State| state.is_there() || runs.is_current(&entry.plan, entry.operation);
            if let Some(state) = state.filter(counts) {
                let write = line.write(entry.operation, &entry.key);
                write.state = state;
                write.at.clone_from(&stored.recorded_at);
                body.facts_into(&mut write.facts);
            }
        }
        _ => {}
    }
}

fn planned(line: &mut Line, runs: &Runs, stored: &StoredEntry, decision: Decision, body: &Body) {
    let name = words::decision(decision).name;
    if !line.decisions.contains(&name) {
        line.decisions.push(name);
    }
    let entry = &stored.entry;
    if decision == Decision::OnFile {
        let write = line.write(Operation::CreateCertificate, &entry.key);
        if !write.state.is_there() {
            write.state = State::OnFile;
        }
        body.facts_into(&mut write.facts);
    } else if words::writes(decision) {
        let state = if runs.is_approved(&entry.plan) { State::Open } else { State::Planned };
        let write = line.write(operation_of(decision), &entry.key);
        if !write.state.is_there() {
            write.state = state;
            write.at.clone_from(&stored.recorded_at);
        }
        body.facts_into(&mut write.facts);
    }
    if let Some(remedy) = words::remedy(decision) {
        let why = body.text("detail").or_else(|| body.text("reason")).unwrap_or_default();
        line.attention.push(Attention { what: name, why, remedy });
    }
}

/// The write that a decision is about.
const fn operation_of(decision: Decision) -> Operation {
    match decision {
        Decision::Fill => Operation::UpdateCustomer,
        Decision::Create
        | Decision::Identical
        | Decision::Differs
        | Decision::OtherName
        | Decision::Blocked
        | Decision::LeftOut => Operation::CreateCustomer,
        Decision::Upload
        | Decision::OnFile
        | Decision::NeedsReader
        | Decision::Review
        | Decision::Invalid
        | Decision::Rejected
        | Decision::Unreadable => Operation::CreateCertificate,
        Decision::Invite
        | Decision::Covered
        | Decision::InvitedBefore
        | Decision::CallList
        | Decision::NotSynced => Operation::SendInvitation,
    }
}

fn subject_of(stored: &StoredEntry, body: &Body) -> (Subject, String) {
    let entry = &stored.entry;
    if !entry.customer.is_empty() {
        return (Subject::Customer, words::clean(&entry.customer, 400));
    }
    if let Some(document) = body.text("document") {
        return (Subject::Document, document);
    }
    if matches!(
        entry.operation,
        Operation::CreateCertificate | Operation::AttachDocument | Operation::LinkCertificate
    ) {
        return (Subject::Document, words::clean(&entry.key, 400));
    }
    (Subject::Row, body.text("id").unwrap_or_else(|| words::clean(&entry.key, 400)))
}

/// Adds what the outcomes say about people.
fn finish(mut line: Line) -> Line {
    for write in &line.writes {
        let (what, remedy) = match write.state {
            State::Moved => ("moved", "look at what changed, then make a new plan"),
            State::Refused => ("refused", "correct what AvaTax names, then make a new plan"),
            State::Unclear => ("unclear", "run the same command again; it looks before it writes"),
            _ => continue,
        };
        let why =
            write.facts.get("detail").or_else(|| write.facts.get("reason")).cloned().unwrap_or_default();
        line.attention.push(Attention { what, why, remedy });
    }
    line.attention.dedup();
    line
}

fn summarise(lines: &[Line]) -> Summary {
    let mut summary = Summary::default();
    let mut tallies: BTreeMap<(&'static str, State), u64> = BTreeMap::new();
    let certificate = words::operation(Operation::CreateCertificate).name;
    for line in lines {
        summary.customers += u64::from(line.record == Subject::Customer);
        summary.open += u64::from(line.is_open());
        summary.attention += u64::from(!line.attention.is_empty());
        for write in &line.writes {
            *tallies.entry((write.operation, write.state)).or_default() += 1;
            if write.operation == certificate && matches!(write.state, State::Done | State::Adopted) {
                // What AvaTax answers is recorded with the link, which has the key of its certificate.
                if line.writes.iter().any(|it| it.key == write.key && it.is_effective()) {
                    summary.effective_certificates += 1;
                } else {
                    summary.ineffective_certificates += 1;
                }
            }
        }
    }
    summary.writes =
        tallies.into_iter().map(|((operation, state), count)| Tally { operation, state, count }).collect();
    summary
}

#[cfg(test)]
#[path = "report/tests.rs"]
mod tests;
