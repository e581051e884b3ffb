//! `onboard resume`: goes on with what was confirmed and is not finished.
//!
//! What that is stands in the journal: the newest plan of each kind that somebody confirmed, its writes, and how each
//! of them ended. [`find`] works it out, without AvaTax and without writing; [`run`] hands exactly the confirmed digests
//! back to the component, under the name of whoever confirmed them. There is no preview and no question, because both
//! took place. Whether a plan still holds is for the component to say, as it is for `--confirm`.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    args::{Cli, Commands, Way},
    bars::Stop,
    console::{Console, grouped},
    exit::{Exit, Failure},
    flow, history,
    json::{self, Ending},
    session::{Job, Session},
};
use crate::{
    journal::SqliteJournal,
    model::{
        journal::{EntryKind, JournalError, Operation, OutcomeState, Query},
        onboarding::Approval,
    },
    report::{
        ReportError, render,
        runs::{Run, Runs},
        words,
    },
};

/// How far a plan has come. A certificate is one write, with its document and its link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Writes of the plan.
    pub writes: u64,
    /// Those with a final outcome.
    pub ended: u64,
    /// Those begun without one: they are looked up in AvaTax first.
    pub begun: u64,
}

impl Standing {
    /// Writes without a final outcome.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.writes.saturating_sub(self.ended)
    }

    /// The sentence for a run that was cut short.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "Of the plan's {} writes {} have ended, {} were begun and will be looked up in AvaTax, and {} were not begun. \
             Nothing was sent that the journal does not hold.",
            grouped(self.writes),
            grouped(self.ended),
            grouped(self.begun),
            grouped(self.open().saturating_sub(self.begun)),
        )
    }
}

/// A confirmed plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Which export does it.
    pub job: Job,
    /// Way of certificates.
    pub way: Option<Way>,
    /// Number that names it in the journal.
    pub plan: String,
    /// What was confirmed.
    pub digest: String,
    /// Who confirmed it first.
    pub by: String,
    /// When.
    pub at: String,
    /// How far it has come.
    pub standing: Standing,
}

/// The newest confirmed plan of `sync` and of `certificates`, in this order, finished or not. A journal that is not what
/// was written cannot say that nothing is open, so the chain is looked at first.
pub async fn find(journal: SqliteJournal) -> Result<Vec<Confirmed>, Failure> {
    let walk = journal.clone();
    tokio::task::spawn_blocking(move || walk.verify(&[])).await.map_err(|error| cut_short(&error))?.map_err(
        |why| Failure::new(Exit::Internal, "journal-broken", why.to_string(), super::journal::REMEDY),
    )?;
    standings(journal).await
}

fn cut_short(error: &tokio::task::JoinError) -> Failure {
    Failure::internal(format!("Reading the journal was cut short: {error}."))
}

async fn standings(journal: SqliteJournal) -> Result<Vec<Confirmed>, Failure> {
    let runs = Runs::read(&journal).await.map_err(|error| history::of_report(&error))?.into_list();
    let work = move || -> Result<Vec<Confirmed>, JournalError> {
        let mut found = Vec::new();
        for operation in [Operation::Sync, Operation::Certificates] {
            if let Some(mut confirmed) = newest(&runs, operation) {
                confirmed.standing = standing(&journal, &confirmed.plan)?;
                found.push(confirmed);
            }
        }
        Ok(found)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| cut_short(&error))?
        .map_err(|error| history::of_report(&ReportError::from(error)))
}

/// The newest plan of a kind that somebody confirmed. A later preview that came to the same digest is the same plan, and
/// the one that the component goes by.
fn newest(runs: &[Run], operation: Operation) -> Option<Confirmed> {
    let name = words::operation(operation).name;
    let of_kind = || runs.iter().rev().filter(|run| run.operation == name && run.ready_at.is_some());
    let confirmed = of_kind().find(|run| !run.approvals.is_empty())?;
    let approval = confirmed.approvals.first()?;
    let plan = of_kind().find(|run| run.digest == confirmed.digest)?;
    let way = match (operation, confirmed.option.as_deref()) {
        (Operation::Sync, _) => None,
        (_, Some("upload")) => Some(Way::Upload),
        (_, Some("invite")) => Some(Way::Invite),
        _ => Some(Way::Both),
    };
    Some(Confirmed {
        job: way.map_or(Job::Sync, |way| Job::Certificates(way.into())),
        way,
        plan: plan.plan.clone(),
        digest: confirmed.digest.clone()?,
        by: approval.by.clone(),
        at: approval.at.clone(),
        standing: Standing::default(),
    })
}

/// As much of an item's body as tells whether it writes.
#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    decision: String,
}

/// Counts what became of a plan's writes. Kept of each is one number.
fn standing(journal: &SqliteJournal, plan: &str) -> Result<Standing, JournalError> {
    let hasher = RandomState::new();
    let slot = |operation: Operation, key: &str| {
        // Whatever is done for a certificate counts as that certificate, which ends with its link.
        let operation = match operation {
            Operation::AttachDocument | Operation::LinkCertificate => Operation::CreateCertificate,
            other => other,
        };
        hasher.hash_one((operation as u8, key))
    };
    let query = |kind| Query {
        kind: Some(kind),
        operation: None,
        plan: Some(plan.to_owned()),
        key: None,
        after: 0,
        backwards: false,
        limit: 1,
    };
    let mut begun = HashSet::new();
    journal.for_each(&query(EntryKind::Intent), |stored| {
        begun.insert(slot(stored.entry.operation, &stored.entry.key));
        true
    })?;
    let mut ended = HashMap::new();
    journal.for_each(&query(EntryKind::Outcome), |stored| {
        let entry = &stored.entry;
        if let Some(state) = entry.state {
            ended.insert(slot(entry.operation, &entry.key), is_end(entry.operation, state));
        }
        true
    })?;
    let mut standing = Standing::default();
    journal.for_each(&query(EntryKind::PlanItem), |stored| {
        let entry = &stored.entry;
        let item = serde_json::from_str::<Item>(&entry.body).ok();
        if item.and_then(|item| words::decision_named(&item.decision)).is_some_and(words::writes) {
            let slot = slot(entry.operation, &entry.key);
            standing.writes += 1;
            if ended.get(&slot) == Some(&true) {
                standing.ended += 1;
            } else if begun.contains(&slot) {
                standing.begun += 1;
            }
        }
        true
    })?;
    Ok(standing)
}

/// Whether nothing more is to be done after this outcome.
const fn is_end(operation: Operation, state: OutcomeState) -> bool {
    match (operation, state) {
        (_, OutcomeState::Unclear) => false,
        (_, OutcomeState::Moved | OutcomeState::Refused) => true,
        (Operation::CreateCertificate | Operation::AttachDocument, _) => false,
        _ => true,
    }
}

/// Goes on with confirmed plans that are open, one after the other.
pub async fn run(
    cli: &Cli,
    session: &mut Session,
    console: &mut Console,
    open: Vec<Confirmed>,
    stop: &Stop,
) -> Ending {
    let mut done = Vec::new();
    let mut failure = None;
    for plan in open {
        announce(console, &plan);
        let approval = Approval { plan_digest: plan.digest.clone(), approved_by: plan.by.clone() };
        let commands = Commands { again: cli.planning(plan.way), ..cli.commands() };
        let flowed = flow::go_on(console, &commands, approval, async |action| {
            session.run(plan.job, action, &commands).await
        })
        .await;
        done.push(result(&plan, flowed.applied.as_ref().map(json::run_report)));
        // A plan that no longer holds or was done in part does not keep the other one; anything else would meet it too.
        let ends =
            flowed.failure.as_ref().is_some_and(|it| !matches!(it.exit, Exit::Partial | Exit::PlanGone));
        failure = failure.or(flowed.failure);
        if ends || stop.asked() {
            break;
        }
    }
    console.say(format!("\n{}", render::DISCLAIMER));
    Ending { result: Some(json!({ "resumed": done })), failure, ..Ending::default() }
}

/// Nothing is open; `start` is what begins it all.
pub fn nothing(console: &mut Console, any: bool, start: &str) -> Ending {
    console.say(if any {
        "Nothing is open: every plan that was confirmed is finished. Nothing was written.".to_owned()
    } else {
        format!("Nothing is open: no plan has been confirmed yet. Start with `{start}`. Nothing was written.")
    });
    Ending { result: Some(json!({ "resumed": [] })), ..Ending::default() }
}

fn announce(console: &mut Console, plan: &Confirmed) {
    let what = plan.way.map_or_else(|| "sync".to_owned(), |way| format!("certificates {}", way_name(way)));
    let standing = &plan.standing;
    console.say(format!(
        "\nGoing on with the plan of {what} that {} confirmed on {}: {} of its {} writes are open, {} of them begun.",
        words::clean(&plan.by, 200),
        render::to_the_second(&plan.at),
        grouped(standing.open()),
        grouped(standing.writes),
        grouped(standing.begun),
    ));
    console.note(format!("The plan is {}.", plan.digest));
}

fn result(plan: &Confirmed, applied: Option<Value>) -> Value {
    let standing = &plan.standing;
    json!({
        "operation": if plan.way.is_some() { "certificates" } else { "sync" },
        "option": plan.way.map(way_name),
        "plan": plan.plan,
        "digest": plan.digest,
        "approved_by": plan.by,
        "approved_at": plan.at,
        "writes": standing.writes,
        "open": standing.open(),
        "begun": standing.begun,
        "applied": applied,
    })
}

const fn way_name(way: Way) -> &'static str {
    match way {
        Way::Upload => "upload",
        Way::Invite => "invite",
        Way::Both => "both",
    }
}

/// Says of a run that was cut short how far it has come, as the journal has it; nothing where that cannot be read.
pub async fn account_for(session: &Session, failure: &mut Failure) {
    let Some((path, job)) = session.cut_short() else { return };
    if matches!(failure.kind, "plan-mismatch" | "partial") {
        return;
    }
    let Ok(journal) = SqliteJournal::open_read_only(&path) else { return };
    let Ok(plans) = standings(journal).await else { return };
    if let Some(plan) = plans.iter().find(|plan| plan.job == job) {
        failure.message = format!("{} {}", failure.message, plan.standing.sentence());
    }
}
