//! Whether the journal tells the truth: what it says was done is there, what it says was not done is not, it told
//! beforehand of every write, a person had approved, and nothing is left open.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Evidence, Fault, Findings};
use crate::{avatax::Effect, company::Known, journal::Entry};

/// What a write is about: operation and key, as the journal names them.
type Subject = (String, String);

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Findings) {
    let effects = effects_by_subject(evidence.effects);
    nothing_open(evidence.journal, found);
    told_beforehand(evidence.journal, &effects, found);
    last_words(evidence, &effects, found);
}

/// The client's effects, each under the name that the journal has for it.
fn effects_by_subject(effects: &[Effect]) -> BTreeMap<Subject, Vec<&Effect>> {
    let ours = || effects.iter().filter(|effect| !effect.is_foreign());
    let names: BTreeMap<u64, &str> = ours()
        .filter(|effect| effect.kind == "certificate-created")
        .filter_map(|effect| Some((effect.certificate_id?, effect.text("filename"))))
        .collect();
    let mut by_subject = BTreeMap::<Subject, Vec<&Effect>>::new();
    for effect in ours() {
        let certificate = || effect.certificate_id.and_then(|id| names.get(&id)).copied().unwrap_or_default();
        let (operation, key) = match effect.kind.as_str() {
            "customer-created" => ("create-customer", effect.code()),
            "customer-updated" => ("update-customer", effect.code()),
            "certificate-created" => ("create-certificate", certificate()),
            "attachment-stored" => ("attach-document", certificate()),
            "certificate-linked" => ("link-certificate", certificate()),
            "invitation-created" => ("send-invitation", effect.code()),
            _ => continue,
        };
        by_subject.entry((operation.to_owned(), key.to_owned())).or_default().push(effect);
    }
    by_subject
}

fn name(operation: &str, key: &str) -> String {
    format!("{operation} {key}")
}

/// Every intent has a final outcome after it, under the same plan.
fn nothing_open(journal: &[Entry], found: &mut Findings) {
    let mut open = BTreeMap::<(&str, &str, &str), u64>::new();
    for entry in journal {
        let subject = (entry.plan.as_str(), entry.operation.as_str(), entry.key.as_str());
        match (entry.kind.as_str(), entry.state.as_deref()) {
            ("intent", _) => {
                open.insert(subject, entry.sequence);
            }
            ("outcome", Some(state)) if state != "unclear" => {
                open.remove(&subject);
            }
            _ => {}
        }
    }
    for ((plan, operation, key), sequence) in open {
        let detail = format!("the intent {sequence} of plan {plan} has no final outcome");
        found.add(Fault::Open, name(operation, key), detail);
    }
}

/// Every write has an intent that was recorded before it, under a plan that a person had approved before that.
fn told_beforehand(journal: &[Entry], effects: &BTreeMap<Subject, Vec<&Effect>>, found: &mut Findings) {
    let mut approved = BTreeSet::new();
    let mut told = BTreeMap::<(&str, &str), Vec<(Timestamp, bool)>>::new();
    for entry in journal {
        match entry.kind.as_str() {
            "approval" => {
                approved.insert(entry.plan.as_str());
            }
            "intent" => told
                .entry((&entry.operation, &entry.key))
                .or_default()
                .push((entry.recorded_at, approved.contains(entry.plan.as_str()))),
            _ => {}
        }
    }
    for ((operation, key), effects) in effects {
        let intents = told.get(&(operation.as_str(), key.as_str())).map_or(&[][..], Vec::as_slice);
        for effect in effects {
            let before: Vec<_> = intents.iter().filter(|(at, _)| *at <= effect.at).collect();
            if before.is_empty() {
                let detail = format!("effect {} has no intent before it", effect.sequence);
                found.add(Fault::Untold, name(operation, key), detail);
            } else if !before.iter().any(|(_, approved)| *approved) {
                let detail = format!("effect {} belongs to no plan that was approved", effect.sequence);
                found.add(Fault::Unapproved, name(operation, key), detail);
            }
        }
    }
}

/// What the journal says last of each write agrees with the effects.
fn last_words(evidence: &Evidence<'_>, effects: &BTreeMap<Subject, Vec<&Effect>>, found: &mut Findings) {
    let journal = evidence.journal;
    let had =
        |code: &str| evidence.company.customers.iter().any(|it| it.code == code && it.known != Known::No);
    let mut last = BTreeMap::<(&str, &str), (&Entry, Option<Timestamp>)>::new();
    let mut begun = BTreeMap::<(&str, &str, &str), Timestamp>::new();
    for entry in journal {
        match entry.kind.as_str() {
            "intent" => {
                begun.entry((&entry.plan, &entry.operation, &entry.key)).or_insert(entry.recorded_at);
            }
            "outcome" => {
                let since = begun.get(&(entry.plan.as_str(), entry.operation.as_str(), entry.key.as_str()));
                last.insert((&entry.operation, &entry.key), (entry, since.copied()));
            }
            _ => {}
        }
    }
    for ((operation, key), (entry, since)) in &last {
        let subject = name(operation, key);
        let done = effects.get(&((*operation).to_owned(), (*key).to_owned()));
        // What an earlier plan wrote is no business of a plan that left it alone.
        let under_this_plan = done.into_iter().flatten().any(|it| since.is_some_and(|since| it.at >= since));
        let foreign = found.is_touched(&entry.customer);
        match entry.state.as_deref() {
            Some("unclear") => found.add(Fault::Unclear, subject, "its last outcome is unclear"),
            Some("done") if done.is_none() => {
                found.add(
                    Fault::ClaimedDone,
                    subject,
                    "the journal says done, and AvaTax has no trace of it",
                );
            }
            Some("adopted")
                if done.is_none() && !foreign && !(*operation == "create-customer" && had(key)) =>
            {
                found.add(
                    Fault::ClaimedDone,
                    subject,
                    "the journal says adopted, and AvaTax has no trace of it",
                );
            }
            Some(state @ ("refused" | "moved")) if under_this_plan && !foreign => {
                let detail = format!("the journal says {state}, and AvaTax did it");
                found.add(Fault::ClaimedUndone, subject, detail);
            }
            _ => {}
        }
    }
    // Something was written and the journal never said what became of it.
    for ((operation, key), _) in
        effects.iter().filter(|((operation, key), _)| !last.contains_key(&(operation.as_str(), key.as_str())))
    {
        found.add(Fault::ClaimedUndone, name(operation, key), "AvaTax did it, and no outcome says so");
    }
}
