//! Customers: made once, with the ERP's content; filled where AvaTax had nothing; else left alone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Evidence, Fault, Findings, changed};
use crate::{
    avatax::{Effect, text},
    company::{Customer, FILLED, Known},
};

/// The only operation that may make a customer.
const CREATE: &str = "CreateCustomers";

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Findings) {
    for customer in &evidence.company.customers {
        let subject = format!("customer {}", customer.code);
        let of_it = |effect: &&Effect| effect.code() == customer.code && !effect.is_foreign();
        let created: Vec<&Effect> =
            evidence.effects.iter().filter(of_it).filter(|it| it.kind == "customer-created").collect();
        let updated: Vec<&Effect> =
            evidence.effects.iter().filter(of_it).filter(|it| it.kind == "customer-updated").collect();
        if created.iter().any(|effect| effect.cause != CREATE) {
            found.add(Fault::Extra, &subject, "it was made by another operation than the one for customers");
        }
        if customer.refused {
            if !created.is_empty() {
                found.add(Fault::Extra, &subject, "AvaTax refuses it, and has it");
            }
            continue;
        }
        match customer.known {
            Known::No => found.once(created.len(), &customer.code, &subject),
            _ if created.is_empty() => {}
            _ => found.add(Fault::Doubled, &subject, "it was made although AvaTax had it"),
        }
        updates(evidence, customer, &updated, &subject, found);
        content(evidence, customer, &subject, found);
    }
    strangers(evidence, found);
}

/// Time before an intent in which the record may have been read that the update rests on.
const READING: SignedDuration = SignedDuration::from_secs(2);

/// Only empty fields may have been filled, and each once.
fn updates(
    evidence: &Evidence<'_>,
    customer: &Customer,
    updated: &[&Effect],
    subject: &str,
    found: &mut Findings,
) {
    if found.is_touched(&customer.code) {
        let known: BTreeSet<&str> = customer.fields().iter().map(|(field, _)| *field).collect();
        for (effect, field) in updated.iter().flat_map(|it| changed(it).map(move |field| (it, field))) {
            if !known.contains(field) && !crossed(evidence, effect, field) {
                let detail = format!("{field} was changed, of which the ERP says nothing");
                found.add(Fault::Overwritten, subject, detail);
            }
        }
        return;
    }
    let allowed: &[&str] = if customer.known == Known::Poorer { &FILLED } else { &[] };
    for field in updated.iter().flat_map(|effect| changed(effect)).filter(|field| !allowed.contains(field)) {
        found.add(Fault::Overwritten, subject, format!("{field} was changed, which AvaTax had a value for"));
    }
    if updated.len() > 1 || (allowed.is_empty() && !updated.is_empty()) {
        found.add(Fault::Doubled, subject, format!("it was updated {} times", updated.len()));
    }
}

/// Whether somebody else changed the field between the reading that an update rests on and the update. AvaTax takes
/// whole records only and knows no versions, so no client can keep such a change.
fn crossed(evidence: &Evidence<'_>, update: &Effect, field: &str) -> bool {
    let intents = evidence.journal.iter().filter(|entry| {
        entry.kind == "intent" && entry.operation == "update-customer" && entry.key == update.code()
    });
    let told = intents.map(|entry| entry.recorded_at).filter(|at| *at <= update.at).max();
    let since = told.map_or(Timestamp::MAX, |told| told - READING);
    evidence.effects.iter().any(|effect| {
        effect.is_foreign()
            && effect.code() == update.code()
            && (since..=update.at).contains(&effect.at)
            && changed(effect).any(|changed| changed == field)
    })
}

/// What AvaTax holds is what the ERP has, or had to stay.
fn content(evidence: &Evidence<'_>, customer: &Customer, subject: &str, found: &mut Findings) {
    let Some(record) = evidence.books.customers.get(&customer.code) else {
        return found.add(Fault::Missing, subject, "AvaTax does not list it");
    };
    let before = customer.before();
    let touched = found.is_touched(&customer.code);
    for (field, ours) in customer.fields() {
        // What AvaTax had stays, whatever the ERP says.
        let theirs = before.as_ref().map(|before| text(before, field)).filter(|theirs| !theirs.is_empty());
        let expected = theirs.map_or(ours.as_str(), |theirs| theirs);
        let actual = text(record, field);
        if actual == expected || found.touched_field(&customer.code, field) {
            continue;
        }
        // Where somebody else made it another customer, nothing is to be filled in any more.
        if touched && actual.is_empty() {
            continue;
        }
        found.add(Fault::Wrong, subject, format!("{field} is '{actual}' and has to be '{expected}'"));
    }
    let known: BTreeSet<&str> = customer.fields().iter().map(|(field, _)| *field).collect();
    for field in ["line2", "contactName", "faxNumber", "taxpayerIdNumber", "attnName"] {
        let actual = text(record, field);
        if !actual.is_empty() && !known.contains(field) && !found.touched_field(&customer.code, field) {
            found.add(Fault::Wrong, subject, format!("{field} is '{actual}', of which the ERP says nothing"));
        }
    }
}

/// Nobody is there whom the ERP does not know.
fn strangers(evidence: &Evidence<'_>, found: &mut Findings) {
    let ours: BTreeSet<&str> = evidence.company.customers.iter().map(|it| it.code.as_str()).collect();
    let made = |effect: &&Effect| effect.kind == "customer-created" && !effect.is_foreign();
    for effect in evidence.effects.iter().filter(made).filter(|effect| !ours.contains(effect.code())) {
        found.add(Fault::Extra, format!("customer {}", effect.code()), "the ERP has no such customer");
    }
    for (code, record) in &evidence.books.customers {
        if !ours.contains(code.as_str()) && !found.is_touched(code) && *record != Value::Null {
            found.add(Fault::Extra, format!("customer {code}"), "AvaTax lists it and nobody made it");
        }
    }
}
