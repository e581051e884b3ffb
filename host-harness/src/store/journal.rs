//! The journal as a component sees it.
//!
//! What a component may write is held to what this call was asked to do: the approval that was given with it and no other,
//! nothing in the name of a person, and not more than its share. What it may read is everything but the host's own entries;
//! it does not notice those, because a page that loses some of them is filled up with what comes next.

use super::CallState;
use crate::{
    bindings::ecms::onboarding::journal,
    journal::{Journal, rules},
    model::journal::{Entry, EntryKind, JournalError, Query, handed_out},
};

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
        let bytes: usize = entries.iter().map(rules::size).sum();
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

/// As many entries as were asked for, as long as there are any and their bytes fit into one answer.
async fn page(journal: &dyn Journal, mut query: Query) -> Result<Vec<journal::StoredEntry>, JournalError> {
    let wanted = query.limit as usize;
    let mut found = Vec::new();
    let mut bytes = 0;
    loop {
        let read = journal.read(query.clone()).await?;
        let all: usize = read.iter().map(|stored| rules::size(&stored.entry)).sum();
        // Whatever journal it is: what is short and small is the end.
        let is_end = read.len() < query.limit as usize && all < rules::MAX_ANSWER;
        let last = read.last().map(|stored| stored.sequence);
        for stored in read {
            let size = rules::size(&stored.entry);
            let Some(stored) = handed_out(stored) else { continue };
            found.push(stored);
            bytes += size;
            if found.len() == wanted || bytes >= rules::MAX_ANSWER {
                return Ok(found);
            }
        }
        match last {
            // Large steps, so that many entries of the host in a row do not cost as many reads.
            Some(last) if !is_end && last != query.after => {
                query.after = last;
                query.limit = rules::MAX_ENTRIES as u32;
            }
            _ => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{MemoryJournal, SqliteJournal},
        model::journal::Operation,
    };

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
    async fn an_answer_has_a_size_and_only_an_empty_one_is_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let file = SqliteJournal::open(&directory.path().join("journal.sqlite")).unwrap();
        let memory = MemoryJournal::default();
        let large = Entry {
            body: format!("{{\"text\":\"{}\"}}", "x".repeat(60_000)),
            ..entry(EntryKind::PlanItem, String::new())
        };
        // The entries of the host in between fill several answers by themselves.
        let host = Entry { kind: EntryKind::Denied, ..large.clone() };
        let (own, hidden) = (vec![large; 100], vec![host; 300]);
        for journal in [&file as &dyn Journal, &memory] {
            for entries in [&own, &hidden, &own] {
                journal.append(entries.clone()).await.unwrap();
            }
            let (mut after, mut sizes) = (0, Vec::new());
            loop {
                let query = Query {
                    kind: None,
                    operation: None,
                    plan: None,
                    key: None,
                    after,
                    backwards: false,
                    limit: 1_000,
                };
                let read = page(journal, query).await.unwrap();
                let Some(last) = read.last() else { break };
                after = last.sequence;
                sizes.push(read.len());
            }
            let most = rules::MAX_ANSWER.div_ceil(60_000);
            assert!(sizes.len() > 1 && sizes.iter().all(|size| *size <= most), "{sizes:?}");
            assert_eq!(sizes.iter().sum::<usize>(), 200);
        }
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
