//! What a person said about a certificate, as it stands in the journal: an entry of kind `review`, whose key is the
//! SHA-256 of the document, `#`, and the page on which the certificate begins, from 1. Nothing is ever taken back from
//! a journal, so a later word replaces an earlier one and both can be read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::certificate::text;
use crate::{
    corrections::VALUE,
    model::journal::{Entry, EntryKind, Operation, StoredEntry},
    report::words::clean,
};

/// Longest name or reason, in characters.
pub(super) const SPOKEN: usize = 500;
/// Most fields in one word: one number for each state and the others.
const FIELDS: usize = 100;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It counts.
    Accept,
    /// It does not.
    Reject,
}

impl Verdict {
    /// Plain words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Reject => "rejected",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
        }
    }
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word {
    /// What was decided.
    pub verdict: Verdict,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What fields really say.
    pub set: BTreeMap<String, String>,
    /// Code of the customer that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// File name of the document.
    pub document: String,
    /// Digest of the plan that the person looked at.
    pub plan: String,
    /// When it was recorded; empty before.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// Where it stands in the journal; 0 before.
    #[serde(skip)]
    pub sequence: u64,
}

impl Word {
    /// The word that an entry records; none if the entry records something else.
    #[must_use]
    pub fn of(stored: &StoredEntry) -> Option<Self> {
        if stored.entry.kind != EntryKind::Review {
            return None;
        }
        let body: Value = serde_json::from_str(&stored.entry.body).ok()?;
        let verdict = match body.get("verdict")?.as_str()? {
            "accept" => Verdict::Accept,
            "reject" => Verdict::Reject,
            _ => return None,
        };
        let set = body.get("set").and_then(Value::as_object).into_iter().flatten().take(FIELDS);
        let set = set.filter_map(|(field, value)| Some((clean(field, 50), clean(value.as_str()?, VALUE))));
        Some(Self {
            verdict,
            by: text(&body, "by", SPOKEN),
            reason: text(&body, "reason", SPOKEN),
            set: set.collect(),
            customer: Some(text(&body, "customer", VALUE)).filter(|code| !code.is_empty()),
            document: text(&body, "document", VALUE),
            plan: text(&body, "plan", 100),
            at: clean(&stored.recorded_at, 50),
            sequence: stored.sequence,
        })
    }

    /// The entry that records it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Entry {
        let mut body = json!({
            "verdict": self.verdict.name(),
            "by": self.by,
            "reason": self.reason,
            "set": self.set,
            "document": self.document,
            "plan": self.plan,
        });
        if let (Some(code), Some(body)) = (&self.customer, body.as_object_mut()) {
            body.insert("customer".to_owned(), code.as_str().into());
        }
        Entry {
            kind: EntryKind::Review,
            operation: Operation::CreateCertificate,
            plan: String::new(),
            key: key.to_owned(),
            customer: self.customer.clone().unwrap_or_default(),
            state: None,
            body: body.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_back_as_it_was_recorded() {
        let word = Word {
            verdict: Verdict::Accept,
            by: "Kim Example".to_owned(),
            reason: "The customer sent the signed page.".to_owned(),
            set: BTreeMap::from([("number.WI".to_owned(), "456-1".to_owned())]),
            customer: Some("C1007".to_owned()),
            document: "a.pdf".to_owned(),
            plan: "sha256:aa".to_owned(),
            at: "2026-11-23T10:00:00Z".to_owned(),
            sequence: 7,
        };
        let entry = word.entry("00#1");
        assert!(crate::journal::rules::check_entries(std::slice::from_ref(&entry)).is_ok());
        assert_eq!((entry.customer.as_str(), entry.plan.as_str()), ("C1007", ""));
        let stored = StoredEntry { sequence: 7, recorded_at: word.at.clone(), entry };
        assert_eq!(Word::of(&stored), Some(word));
    }

    #[test]
    fn an_unknown_verdict_is_no_word() {
        let word = Word {
            verdict: Verdict::Reject,
            by: String::new(),
            reason: String::new(),
            set: BTreeMap::new(),
            customer: None,
            document: String::new(),
            plan: String::new(),
            at: String::new(),
            sequence: 0,
        };
        let mut entry = word.entry("00#1");
        entry.body = entry.body.replace("reject", "perhaps");
        assert_eq!(Word::of(&StoredEntry { sequence: 1, recorded_at: String::new(), entry }), None);
    }
}
