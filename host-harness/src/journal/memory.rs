//! A journal that forgets everything when it is dropped. For tests and for looking without a trace.

use std::sync::{Mutex, PoisonError};

use super::{Journal, rules};
use crate::model::journal::{Entry, JournalError, Query, StoredEntry};

/// Entries in memory.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    entries: Mutex<Vec<StoredEntry>>,
}

impl MemoryJournal {
    /// All entries so far.
    #[must_use]
    pub fn entries(&self) -> Vec<StoredEntry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait::async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        rules::check_entries(&entries)?;
        let recorded_at = jiff::Timestamp::now().to_string();
        let mut stored = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            let sequence = stored.len() as u64 + 1;
            stored.push(StoredEntry { sequence, recorded_at: recorded_at.clone(), entry });
        }
        Ok(stored.len() as u64)
    }

    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        rules::check_query(&query)?;
        let stored = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |stored: &&StoredEntry| {
            let entry = &stored.entry;
            let side = match (query.after, query.backwards) {
                (0, _) => true,
                (after, false) => stored.sequence > after,
                (after, true) => stored.sequence < after,
            };
            side && query.kind.is_none_or(|kind| kind == entry.kind)
                && query.operation.is_none_or(|operation| operation == entry.operation)
                && query.plan.as_ref().is_none_or(|plan| *plan == entry.plan)
                && query.key.as_ref().is_none_or(|key| *key == entry.key)
        };
        let mut bytes = 0;
        let fits = |stored: &&StoredEntry| {
            let has_room = bytes < rules::MAX_ANSWER;
            bytes += rules::size(&stored.entry);
            has_room
        };
        let limit = query.limit as usize;
        Ok(if query.backwards {
            stored.iter().rev().filter(wanted).take(limit).take_while(fits).cloned().collect()
        } else {
            stored.iter().filter(wanted).take(limit).take_while(fits).cloned().collect()
        })
    }
}
