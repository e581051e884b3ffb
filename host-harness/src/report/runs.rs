//! The runs of a journal: every preview that was opened, its digest and size, who confirmed it and when. From them
//! follows which plan is the newest of its kind and so speaks for what is planned now. Customers, documents and
//! invitations have their newest plans apart: `certificates upload` says nothing new about invitations.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ReportError, scan, words};
use crate::{
    journal::{Journal, rules::MAX_KEY},
    model::{
        journal::{EntryKind, Operation, StoredEntry},
        onboarding::Decision,
    },
};

/// Most characters of why a request was denied: the address and the rule have 500 each.
const DENIAL_CHARS: usize = 2_000;
/// Fields of an entry's body that a report shows.
const FACTS: [&str; 14] = [
    "avatax_id",
    "document",
    "country",
    "region",
    "reason",
    "number",
    "signed",
    "expires",
    "coverage",
    "recipient",
    "link",
    "invitation",
    "detail",
    "linked",
];
/// Longest value of a field, in characters.
const FACT_CHARS: usize = 1_000;

/// One preview and what followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Sequence number of its first entry; names the plan.
    pub plan: String,
    /// `sync` or `certificates`.
    pub operation: &'static str,
    /// `upload`, `invite` or `both`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// When the preview began.
    pub opened_at: String,
    /// When it was complete; none if it never was.
    pub ready_at: Option<String>,
    /// Digest of the plan.
    pub digest: Option<String>,
    /// Writes it would make.
    pub writes: Option<u64>,
    /// Who confirmed it, each time it was applied.
    pub approvals: Vec<Approval>,
}

/// One confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
    /// What.
    pub digest: String,
}

/// One step of asking AvaTax to set up certificate management.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setup {
    /// `intent` or `outcome`.
    pub record: &'static str,
    /// When.
    pub at: String,
    /// How it ended; none for the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// What was recorded with it.
    pub detail: String,
}

impl Setup {
    /// The step that an entry records, if it is about the set-up.
    #[must_use]
    pub fn of(stored: &StoredEntry) -> Option<Self> {
        (stored.entry.operation == Operation::RequestSetup).then(|| Self {
            record: words::kind(stored.entry.kind),
            at: stored.recorded_at.clone(),
            state: stored.entry.state.map(|state| words::outcome(state).name),
            detail: Body::parse(&stored.entry.body).text("detail").unwrap_or_default(),
        })
    }
}

/// A request of the component that the host did not let out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// When the call was over.
    pub at: String,
    /// Which call: `analyze`, `sync` or `onboard-certificates`.
    pub call: String,
    /// What it was asked to do; none for `analyze`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Method and address; empty where the entry stands for the rest of the call's denials.
    pub request: String,
    /// Why, with the rule that would allow it.
    pub detail: String,
    /// How many it stands for.
    pub count: u64,
}

impl Denial {
    /// The denial that an entry records, if it records one.
    #[must_use]
    pub fn of(stored: &StoredEntry) -> Option<Self> {
        let body = (stored.entry.kind == EntryKind::Denied).then(|| Body::parse(&stored.entry.body))?;
        let detail = body.0.get("detail").and_then(Value::as_str).unwrap_or_default();
        Some(Self {
            at: stored.recorded_at.clone(),
            call: body.text("call").unwrap_or_default(),
            action: body.text("action"),
            request: words::clean(&stored.entry.key, MAX_KEY),
            // As it is: the line to paste at the end must not be cut.
            detail: words::clean(detail, DENIAL_CHARS),
            count: body.number("more").unwrap_or(1),
        })
    }
}

/// All runs, by plan.
#[derive(Debug, Default)]
pub struct Runs {
    by_plan: BTreeMap<u64, Run>,
}

impl Runs {
    /// Reads the runs of a journal.
    pub async fn read(journal: &dyn Journal) -> Result<Self, ReportError> {
        let mut runs = Self::default();
        scan(journal, Some(EntryKind::PlanOpened), |stored| {
            runs.by_plan.insert(
                stored.sequence,
                Run {
                    plan: stored.sequence.to_string(),
                    operation: words::operation(stored.entry.operation).name,
                    option: Body::parse(&stored.entry.body)
                        .text("option")
                        .filter(|_| stored.entry.operation == Operation::Certificates),
                    opened_at: stored.recorded_at.clone(),
                    ready_at: None,
                    digest: None,
                    writes: None,
                    approvals: Vec::new(),
                },
            );
        })
        .await?;
        scan(journal, Some(EntryKind::PlanReady), |stored| {
            if let Some(run) = runs.get_mut(&stored.entry.plan) {
                run.ready_at = Some(stored.recorded_at.clone());
                run.digest = Some(words::clean(&stored.entry.key, 100));
                run.writes = Body::parse(&stored.entry.body).number("writes");
            }
        })
        .await?;
        scan(journal, Some(EntryKind::Approval), |stored| {
            if let Some(run) = runs.get_mut(&stored.entry.plan) {
                run.approvals.push(Approval {
                    by: Body::parse(&stored.entry.body).text("approved_by").unwrap_or_default(),
                    at: stored.recorded_at.clone(),
                    digest: words::clean(&stored.entry.key, 100),
                });
            }
        })
        .await?;
        Ok(runs)
    }

    /// Whether this plan is the newest complete one that could decide so.
    #[must_use]
    pub fn speaks_for(&self, plan: &str, decision: Decision) -> bool {
        self.newest(decision).is_some_and(|newest| plan.parse() == Ok(newest))
    }

    /// Whether no newer complete plan has decided about such writes again.
    #[must_use]
    pub fn is_current(&self, plan: &str, operation: Operation) -> bool {
        let decision = match operation {
            Operation::CreateCertificate | Operation::AttachDocument | Operation::LinkCertificate => {
                Decision::Upload
            }
            Operation::SendInvitation => Decision::Invite,
            _ => Decision::Create,
        };
        let plan: u64 = plan.parse().unwrap_or_default();
        self.newest(decision).is_none_or(|newest| newest <= plan)
    }

    /// The newest complete run that could decide so.
    #[must_use]
    pub fn newest_run(&self, decision: Decision) -> Option<&Run> {
        self.newest(decision).and_then(|plan| self.by_plan.get(&plan))
    }

    fn newest(&self, decision: Decision) -> Option<u64> {
        let complete = |(_, run): &(&u64, &Run)| run.ready_at.is_some() && covers(run, decision);
        self.by_plan.iter().rev().find(complete).map(|(plan, _)| *plan)
    }

    /// Whether somebody confirmed this plan.
    #[must_use]
    pub fn is_approved(&self, plan: &str) -> bool {
        plan.parse()
            .ok()
            .and_then(|number: u64| self.by_plan.get(&number))
            .is_some_and(|run| !run.approvals.is_empty())
    }

    /// The runs, oldest first.
    #[must_use]
    pub fn into_list(self) -> Vec<Run> {
        self.by_plan.into_values().collect()
    }

    fn get_mut(&mut self, plan: &str) -> Option<&mut Run> {
        plan.parse().ok().and_then(|number: u64| self.by_plan.get_mut(&number))
    }
}

/// Whether a run of this kind decides such things.
fn covers(run: &Run, decision: Decision) -> bool {
    let option = run.option.as_deref();
    match decision {
        Decision::Create
        | Decision::Fill
        | Decision::Identical
        | Decision::Differs
        | Decision::OtherName
        | Decision::Blocked
        | Decision::LeftOut => run.operation == words::operation(Operation::Sync).name,
        Decision::Upload
        | Decision::OnFile
        | Decision::NeedsReader
        | Decision::Review
        | Decision::Invalid
        | Decision::Rejected
        | Decision::Unreadable => {
            run.operation == words::operation(Operation::Certificates).name && option != Some("invite")
        }
        Decision::Invite
        | Decision::Covered
        | Decision::InvitedBefore
        | Decision::CallList
        | Decision::NotSynced => {
            run.operation == words::operation(Operation::Certificates).name && option != Some("upload")
        }
    }
}

/// The body of an entry, read with suspicion.
#[derive(Debug, Default)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Reads a body; one that is no JSON object counts as empty, because the report must come out all the same.
    pub(super) fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// A text, number or truth value as clean text; none if it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => words::clean(text.trim(), FACT_CHARS),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    /// Adds the known fields to what is known already; newer values win.
    pub(super) fn facts_into(&self, facts: &mut BTreeMap<&'static str, String>) {
        for name in FACTS {
            if let Some(text) = self.text(name) {
                facts.insert(name, text);
            }
        }
    }
}
