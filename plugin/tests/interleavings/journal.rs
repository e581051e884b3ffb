//! A journal in memory that may fail or take the process with it.

use std::panic::resume_unwind;

use ecms_onboarding::model::journal::{
    Entry, EntryKind, JournalError, Operation, OutcomeState, Query, StoredEntry,
};
use ecms_onboarding::ports::Journal;

use crate::world::{Killed, World};

/// Entries of an answer at most: a host may hand out fewer than were asked for, and only none at all is the end.
const SHORT: usize = 3;

/// What an append comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Append {
    Fine,
    Full,
    KilledBefore,
    KilledAfter,
}

impl Journal for World {
    fn append(&self, entries: &[Entry]) -> Result<u64, JournalError> {
        let fate = self.appends.borrow_mut().pop_front().unwrap_or(Append::Fine);
        match fate {
            Append::Full => return Err(JournalError::Unavailable("The disk is full.".to_owned())),
            Append::KilledBefore => resume_unwind(Box::new(Killed)),
            Append::Fine | Append::KilledAfter => {}
        }
        let mut journal = self.journal.borrow_mut();
        for entry in entries {
            let sequence = journal.len() as u64 + 1;
            journal.push(StoredEntry { sequence, recorded_at: String::new(), entry: entry.clone() });
        }
        if matches!(fate, Append::KilledAfter) {
            resume_unwind(Box::new(Killed));
        }
        Ok(journal.len() as u64)
    }

    fn read(&self, query: &Query) -> Result<Vec<StoredEntry>, JournalError> {
        let journal = self.journal.borrow();
        let fits = |it: &&StoredEntry| {
            query.kind.is_none_or(|kind| kind == it.entry.kind)
                && query.operation.is_none_or(|operation| operation == it.entry.operation)
                && query.plan.as_ref().is_none_or(|plan| *plan == it.entry.plan)
                && query.key.as_ref().is_none_or(|key| *key == it.entry.key)
                && (query.after == 0 || (it.sequence < query.after) == query.backwards)
                && it.sequence != query.after
        };
        let limit = (query.limit as usize).min(SHORT);
        Ok(if query.backwards {
            journal.iter().rev().filter(fits).take(limit).cloned().collect()
        } else {
            journal.iter().filter(fits).take(limit).cloned().collect()
        })
    }
}

impl World {
    /// Whether the journal says that a write is about to happen: an intent, and no final outcome since.
    pub(crate) fn intended(&self, operation: Operation, key: &str) -> bool {
        let journal = self.journal.borrow();
        let about = journal.iter().filter(|it| it.entry.operation == operation && it.entry.key == key);
        about.fold(false, |open, it| match (it.entry.kind, it.entry.state) {
            (EntryKind::Intent, _) => true,
            (EntryKind::Outcome, _) => false,
            _ => open,
        })
    }

    /// Writes whose last word is an intent, or an outcome that says nothing.
    pub(crate) fn open_ends(&self) -> Vec<(Operation, String, String)> {
        let journal = self.journal.borrow();
        let mut open: Vec<(Operation, String, String)> = Vec::new();
        for stored in journal.iter() {
            let Entry { operation, plan, key, .. } = &stored.entry;
            let name = (*operation, plan.clone(), key.clone());
            match (stored.entry.kind, stored.entry.state) {
                (EntryKind::Intent, _) if !open.contains(&name) => open.push(name),
                (EntryKind::Outcome, Some(OutcomeState::Unclear)) if !open.contains(&name) => open.push(name),
                (EntryKind::Outcome, Some(state)) if state != OutcomeState::Unclear => {
                    open.retain(|it| *it != name);
                }
                _ => {}
            }
        }
        open
    }

    /// The last outcome of an operation under any plan.
    pub(crate) fn last_outcome(&self, operation: Operation, key: &str) -> Option<OutcomeState> {
        let journal = self.journal.borrow();
        let mut outcomes = journal.iter().rev().filter(|it| {
            it.entry.kind == EntryKind::Outcome && it.entry.operation == operation && it.entry.key == key
        });
        outcomes.next().and_then(|it| it.entry.state)
    }
}
