//! Whether what happened is what had to happen, and whether the journal says so.
//!
//! Four sources are laid side by side: the ERP's description of the company, the stand-in's own log of effects, what
//! the stand-in holds now, and the rows of the journal. Nothing of the component takes part, so a mistake of the client
//! cannot hide itself. A [`Violation`] is one thing that is wrong, about one customer, certificate or invitation; a
//! good run has none.
//!
//! Other people may work in AvaTax at the same time (effects with the cause `sim`). About a customer they touched, the
//! checker asks less: nothing twice, nothing untold, nothing half done, and their values still there.

mod certificates;
mod customers;
mod invitations;
mod outcomes;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;
use serde_json::Value;

use crate::{
    avatax::{Books, Effect, text},
    company::Company,
    journal::Entry,
};

/// What sort of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It is not there and has to be.
    Missing,
    /// It was made more than once.
    Doubled,
    /// It is there and nobody wanted it.
    Extra,
    /// It is there with other content than the ERP's.
    Wrong,
    /// Something that AvaTax or somebody else had was written over.
    Overwritten,
    /// The journal says it was done, and it was not.
    ClaimedDone,
    /// The journal says it was not done, and it was.
    ClaimedUndone,
    /// The journal still does not know.
    Unclear,
    /// An intent has no final outcome.
    Open,
    /// A write that no durable intent came before.
    Untold,
    /// A write that nobody approved.
    Unapproved,
    /// The run did not come to its end.
    Unfinished,
    /// The end is another than that of an undisturbed run.
    Differs,
    /// The journal's chain of hashes is broken.
    Chain,
    /// The program or the component broke.
    Broken,
    /// The point to be killed at never came.
    NotReached,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// What sort.
    pub fault: Fault,
    /// What it is about, such as `customer E001-007`.
    pub subject: String,
    /// What was found.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}: {}", self.fault, self.subject, self.detail)
    }
}

/// Everything there is to look at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The ERP.
    pub company: &'a Company,
    /// SHA-256 of what has to arrive of each certificate's file, in the order of the company's papers.
    pub hashes: &'a [String],
    /// What was done to AvaTax since the company was set up there.
    pub effects: &'a [Effect],
    /// What AvaTax holds now.
    pub books: &'a Books,
    /// The journal.
    pub journal: &'a [Entry],
}

/// Checks a run that has come to its end in calm.
#[must_use]
pub fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut found = Findings { touched: touched(evidence.effects), violations: Vec::new() };
    customers::check(evidence, &mut found);
    certificates::check(evidence, &mut found);
    invitations::check(evidence, &mut found);
    outcomes::check(evidence, &mut found);
    found.violations.sort();
    found.violations.dedup();
    found.violations
}

/// What has been found so far.
struct Findings {
    /// Fields of each customer that somebody else changed; `customerCode` stands for having created it.
    touched: BTreeMap<String, BTreeSet<String>>,
    violations: Vec<Violation>,
}

impl Findings {
    fn add(&mut self, fault: Fault, subject: impl Into<String>, detail: impl Into<String>) {
        self.violations.push(Violation { fault, subject: subject.into(), detail: detail.into() });
    }

    /// Whether somebody else changed or made the customer.
    fn is_touched(&self, code: &str) -> bool {
        self.touched.contains_key(code)
    }

    fn touched_field(&self, code: &str, field: &str) -> bool {
        self.touched.get(code).is_some_and(|fields| fields.contains(field) || fields.contains("customerCode"))
    }

    /// Exactly one of it has to be there; where somebody else interfered, at most one.
    fn once(&mut self, count: usize, code: &str, subject: &str) {
        match count {
            0 if !self.is_touched(code) => self.add(Fault::Missing, subject, "it is not in AvaTax"),
            0 | 1 => {}
            _ => self.add(Fault::Doubled, subject, format!("it was made {count} times")),
        }
    }
}

fn touched(effects: &[Effect]) -> BTreeMap<String, BTreeSet<String>> {
    let mut touched = BTreeMap::<String, BTreeSet<String>>::new();
    for effect in effects.iter().filter(|effect| effect.is_foreign() && !effect.code().is_empty()) {
        let fields = touched.entry(effect.code().to_owned()).or_default();
        if effect.kind == "customer-created" {
            fields.insert("customerCode".to_owned());
        }
        fields.extend(changed(effect).map(str::to_owned));
    }
    touched
}

/// Fields that an update changed.
fn changed(effect: &Effect) -> impl Iterator<Item = &str> {
    effect.detail.get("changed").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The end of a run without what differs from run to run: ids, links and times.
#[must_use]
pub fn ending(books: &Books) -> BTreeSet<String> {
    const PASSING: [&str; 8] = [
        "id",
        "companyId",
        "createdDate",
        "modifiedDate",
        "date",
        "requestLink",
        "lastTransaction",
        "coverLetter",
    ];
    fn plain(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
                Value::Object(kept.map(|(name, value)| (name.clone(), plain(value))).collect())
            }
            Value::Array(all) => {
                // Whatever is a set for AvaTax is one here.
                let mut all: Vec<Value> = all.iter().map(plain).collect();
                all.sort_by_key(Value::to_string);
                Value::Array(all)
            }
            other => other.clone(),
        }
    }
    let line = |kind: &str, value: &Value| format!("{kind} {}", plain(value));
    let customers = books.customers.values().map(|it| line("customer", it));
    let certificates = books.certificates.iter().map(|it| line("certificate", it));
    let invitations = books.invitations.iter().map(|it| line("invitation", it));
    customers.chain(certificates).chain(invitations).collect()
}

/// What two endings do not have in common.
#[must_use]
pub fn differences(expected: &BTreeSet<String>, found: &BTreeSet<String>) -> Vec<Violation> {
    let differs = |what: &str, line: &String| Violation {
        fault: Fault::Differs,
        subject: format!("{what} an undisturbed run"),
        detail: line.clone(),
    };
    let lost = expected.difference(found).map(|line| differs("only in", line));
    let new = found.difference(expected).map(|line| differs("not in", line));
    lost.chain(new).collect()
}

/// The customer codes in a certificate's record.
fn owners(certificate: &Value) -> Vec<&str> {
    let customers = certificate.get("customers").and_then(Value::as_array);
    customers.into_iter().flatten().map(|customer| text(customer, "customerCode")).collect()
}
