//! The journal as a component sees it.
//!
//! What a component may write is held to what this call was asked to do: the approval that was given with it and no other,
//! nothing in the name of a person, and not more than its share. What it may read is everything but the host's own entries;
//! it does not notice those, because a page that loses some of them is filled up with what comes next.

use super::CallState;
use crate::{
    bindings::ecms::onboarding::journal,
    journal::{Journal, rules::MAX_ENTRIES},
    model::journal::{Entry, EntryKind, JournalError, Query, handed_out},
};

/// What an entry takes in a journal beside its texts: time, link, number and its places in indexes. Without it, entries
/// that say nothing would cost nothing.
const ENTRY: usize = 200;

impl journal::Host for CallState {
    async fn append(&mut self, entries: Vec<journal::Entry>) -> Result<u64, JournalError> {
        let entries: Vec<Entry> = entries.into_iter().map(Entry::from).collect();
        // Who agreed to what is not the component's to say: it may record the approval of this call and no other.
        let agreed = |entry: &Entry| {
            let by = serde_json::from_str::<serde_json::Value>(&entry.body).ok();
            let by = by.as_ref().and_then(|body| body.get("approved_by")?.as_str());
            self.approval.as_ref().is_some_and(|approval| {
                entry.key == approval.plan_digest && by == Some(approval.approved_by.trim())
            })
        };
        if entries.iter().any(|entry| entry.kind == EntryKind::Review) {
            return Err(JournalError::Invalid(
                "What people say about documents is for the host to record.".to_owned(),
            ));
        }
        if entries.iter().any(|entry| entry.kind == EntryKind::Approval && !agreed(entry)) {
            return Err(JournalError::Invalid("An approval that nobody gave in this call.".to_owned()));
        }
        let size = |it: &Entry| ENTRY + it.plan.len() + it.key.len() + it.customer.len() + it.body.len();
        let bytes: usize = entries.iter().map(size).sum();
        let Some(left) = self.usage.journal_left.checked_sub(bytes as u64) else {
            return Err(JournalError::Invalid(
                "The call has appended as much to the journal as the host allows a call (`journal-bytes`)."
                    .to_owned(),
            ));
        };
        self.usage.journal_left = left;
        self.tenant.journal.append(entries).await
    }

    async fn read(&mut self, query: journal::Query) -> Result<Vec<journal::StoredEntry>, JournalError> {
        page(self.tenant.journal.as_ref(), query.into()).await
    }
}

/// As many entries as were asked for, as long as there are any.
async fn page(journal: &dyn Journal, mut query: Query) -> Result<Vec<journal::StoredEntry>, JournalError> {
    let wanted = query.limit as usize;
    let mut found = Vec::new();
    loop {
        let read = journal.read(query.clone()).await?;
        let is_full = read.len() >= query.limit as usize;
        let last = read.last().map(|stored| stored.sequence);
        found.extend(read.into_iter().filter_map(handed_out));
        match last {
            // Large steps, so that many entries of the host in a row do not cost as many reads.
            Some(last) if is_full && found.len() < wanted && last != query.after => {
                query.after = last;
                query.limit = MAX_ENTRIES as u32;
            }
            _ => break,
        }
    }
    found.truncate(wanted);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::MemoryJournal, model::journal::Operation};

    fn entry(kind: EntryKind, key: String) -> Entry {
        Entry {
            kind,
            operation: Operation::Sync,
            plan: String::new(),
            key,
            customer: String::new(),
            state: None,
            body: "{}".to_owned(),
        }
    }

    /// Entries 1, 4, 7, … are of the component, the two after each of the host.
    async fn mixed(own: usize) -> MemoryJournal {
        let journal = MemoryJournal::default();
        for at in 0..own {
            let denied = || entry(EntryKind::Denied, "GET https://example.com:443/".to_owned());
            let own = entry(EntryKind::PlanItem, at.to_string());
            journal.append(vec![own, denied(), denied()]).await.unwrap();
        }
        journal
    }

    async fn sequences(journal: &MemoryJournal, after: u64, backwards: bool, limit: u32) -> Vec<u64> {
        let query = Query { kind: None, operation: None, plan: None, key: None, after, backwards, limit };
        page(journal, query).await.unwrap().into_iter().map(|stored| stored.sequence).collect()
    }

    #[tokio::test]
    async fn entries_of_the_host_are_not_handed_out_and_leave_no_page_short() {
        let journal = mixed(700).await;
        assert_eq!(sequences(&journal, 0, false, 3).await, [1, 4, 7]);
        assert_eq!(sequences(&journal, 7, false, 2).await, [10, 13]);
        assert_eq!(sequences(&journal, 0, true, 1).await, [2_098]);
        assert_eq!(sequences(&journal, 2_098, true, 2).await, [2_095, 2_092]);
        assert_eq!(sequences(&journal, 2_098, false, 5).await, [0_u64; 0]);
        // More than a page of the journal itself is needed for these.
        assert_eq!(sequences(&journal, 0, false, 600).await.len(), 600);
        assert_eq!(sequences(&journal, 0, false, 1_000).await.len(), 700);
    }

    #[tokio::test]
    async fn a_query_that_breaks_a_rule_is_refused_and_does_not_loop() {
        let journal = mixed(1).await;
        let query = Query {
            kind: None,
            operation: None,
            plan: None,
            key: None,
            after: 0,
            backwards: false,
            limit: 0,
        };
        assert!(matches!(page(&journal, query).await, Err(JournalError::Invalid(_))));
    }
}
