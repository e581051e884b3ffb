//! Denied requests in the tenant's journal.
//!
//! A component that asks for what it may not have is either wrong or hostile, and somebody will want to know a year later.
//! So the host appends an entry of its own kind for each denial when the call is over, whatever became of the call: the first
//! of them one by one, the rest as a number. An embedding host gets this with every call, for whichever journal it gave the
//! tenant. Where the journal does not take them, the caller is told why, and the call keeps its own outcome.

use std::sync::{PoisonError, atomic::Ordering};

use serde_json::json;

use super::Call;
use crate::{
    http::Counters,
    journal::rules::MAX_KEY,
    model::{
        journal::{Entry, EntryKind, JournalError, Operation},
        onboarding::Action,
    },
    policy::Denied,
    tenant::Tenant,
};

/// The denials of a call that were kept.
pub(super) fn kept(counters: &Counters) -> Vec<Denied> {
    counters.denied.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The call, with its denials recorded.
pub(super) async fn recorded<T>(
    mut call: Call<T>,
    tenant: &Tenant,
    counters: &Counters,
    (name, operation): (&str, Operation),
    action: Option<&Action>,
) -> Call<T> {
    let total = counters.denials.load(Ordering::Relaxed);
    if total == 0 {
        return call;
    }
    let entries = entries(&kept(counters), total, name, operation, action);
    call.metrics.denied_unrecorded = match tenant.journal.append(entries).await {
        Ok(_) => None,
        Err(JournalError::Unavailable(why) | JournalError::Invalid(why)) => Some(why),
    };
    call
}

fn entries(
    kept: &[Denied],
    total: u64,
    name: &str,
    operation: Operation,
    action: Option<&Action>,
) -> Vec<Entry> {
    let action = action.map(|action| match action {
        Action::Check => "check",
        Action::Preview => "preview",
        Action::Apply(_) => "apply",
        Action::RequestSetup(_) => "request-setup",
    });
    let entry = |key: String, body: serde_json::Value| Entry {
        kind: EntryKind::Denied,
        operation,
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
            entry(key, json!({ "call": name, "action": action, "detail": denied.to_string() }))
        })
        .collect();
    let more = total.saturating_sub(kept.len() as u64);
    if more > 0 {
        let detail = format!("{more} more requests of this call were denied.");
        let body = json!({ "call": name, "action": action, "detail": detail, "more": more });
        entries.push(entry(String::new(), body));
    }
    entries
}
