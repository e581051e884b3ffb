//! Denied requests in the tenant's journal.
//!
//! A component that asks for what it may not have is either wrong or hostile, and somebody will want to know a year later.
//! So the host appends an entry of its own kind for each denial when the call is over, whatever became of the call: the first
//! of them one by one, the rest as a number. An embedding host gets this with every call, for whichever journal it gave the
//! tenant. Where the journal does not take them, the caller is told why, and the call keeps its own outcome.

use serde_json::json;

use crate::{
    journal::rules::MAX_KEY,
    model::{
        journal::{Entry, EntryKind, JournalError, Operation},
        onboarding::Action,
    },
    policy::Denied,
    tenant::Tenant,
};

/// What was asked of the component: the call by name, the operation its entries belong to, and the action.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) call: &'static str,
    pub(super) operation: Operation,
    pub(super) action: Option<&'a Action>,
}

/// Appends the denials of a call that is over: those that were kept, and how many there were in all.
pub(super) async fn record(
    tenant: &Tenant,
    asked: Asked<'_>,
    kept: &[Denied],
    total: u64,
) -> Result<(), String> {
    if total == 0 {
        return Ok(());
    }
    match tenant.journal.append(entries(asked, kept, total)).await {
        Ok(_) => Ok(()),
        Err(JournalError::Unavailable(why) | JournalError::Invalid(why)) => Err(why),
    }
}

fn entries(asked: Asked<'_>, kept: &[Denied], total: u64) -> Vec<Entry> {
    let action = asked.action.map(|action| match action {
        Action::Check => "check",
        Action::Preview => "preview",
        Action::Apply(_) => "apply",
        Action::RequestSetup(_) => "request-setup",
    });
    let entry = |key: String, body: serde_json::Value| Entry {
        kind: EntryKind::Denied,
        operation: asked.operation,
        plan: String::new(),
        key,
        customer: String::new(),
        state: None,
        body: body.to_string(),
    };
    let mut entries: Vec<Entry> = kept
        .iter()
        .map(|denied| {
            let mut key = denied.request();
            key.truncate(key.floor_char_boundary(MAX_KEY));
            entry(key, json!({ "call": asked.call, "action": action, "detail": denied.to_string() }))
        })
        .collect();
    let more = total.saturating_sub(kept.len() as u64);
    if more > 0 {
        let detail = format!("{more} more requests of this call were denied.");
        let body = json!({ "call": asked.call, "action": action, "detail": detail, "more": more });
        entries.push(entry(String::new(), body));
    }
    entries
}
