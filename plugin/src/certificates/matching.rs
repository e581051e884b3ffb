//! Finding the customer that a certificate belongs to.
//!
//! One pass over the ERP, every customer held against every certificate; a few best candidates are kept for each. A
//! match is automatic only if it is good and clearly ahead of the second, because a certificate under the wrong customer
//! exempts somebody who has none. Names count most: another company at the same address is another company.

use std::collections::HashMap;

use crate::certificates::forms::Certificate;
use crate::certificates::names::{house_number, likeness, words, zip};
use crate::customer::{self, best_address};
use crate::exemption;
use crate::geography;
use crate::model::erp::{Customer, FieldGroups, Row};
use crate::model::onboarding::Error;
use crate::model::progress::Phase;
use crate::order;
use crate::ports::Ports;

/// Names less alike than this are not looked at.
const NAMES_ALIKE: f32 = 0.6;
/// Lowest score of an automatic match.
const SURE: f32 = 0.85;
/// How far ahead of the second an automatic match has to be.
const AHEAD: f32 = 0.1;
/// Candidates kept for each certificate.
const KEPT: usize = 3;

/// A customer that may be the purchaser.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// ERP id.
    pub id: String,
    /// Customer code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Fingerprint of the ERP row.
    pub row: String,
    /// 0 to 1.
    pub score: f32,
}

/// Which customer a certificate belongs to.
#[derive(Debug, Clone, PartialEq)]
pub enum Match {
    /// This one, beyond reasonable doubt.
    Sure(Candidate),
    /// A person has to say; the sentence tells why.
    Unsure(String),
}

/// What is compared of a certificate.
struct Wanted {
    words: Vec<String>,
    zip: String,
    region: String,
    house: String,
    attached_to: Option<String>,
    best: Vec<Candidate>,
}

/// Finds the customers of certificates; `attached_to` is the ERP id of the customer a document is attached to.
pub fn find(ports: &Ports<'_>, certificates: &[(&Certificate, Option<&str>)]) -> Result<Vec<Match>, Error> {
    let mut wanted: Vec<Wanted> = certificates
        .iter()
        .map(|(certificate, attached_to)| Wanted {
            words: words(&certificate.purchaser),
            zip: zip(&certificate.postal_code),
            region: certificate.region.clone(),
            house: house_number(&certificate.street),
            attached_to: attached_to.map(str::to_owned),
            best: Vec::new(),
        })
        .collect();
    // Certificates by the words of their purchaser, so that a customer meets only those it shares a word with.
    let mut by_word: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, it) in wanted.iter().enumerate() {
        for word in &it.words {
            by_word.entry(word.clone()).or_default().push(at);
        }
    }
    let mut done = 0;
    ports.scan_customers(FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, &mut |rows| {
        done += rows.len() as u64;
        for row in rows {
            let Row::Customer(customer) = row else { continue };
            meet(&customer, ports, &mut wanted, &by_word);
        }
        if ports.asked_to_stop(Phase::Matching, done, None) { Err(Error::Stopped) } else { Ok(()) }
    })?;
    Ok(wanted.into_iter().map(judge).collect())
}

fn meet(
    customer: &Customer,
    ports: &Ports<'_>,
    wanted: &mut [Wanted],
    by_word: &HashMap<String, Vec<usize>>,
) {
    if !exemption::in_use(customer) {
        return;
    }
    let words = words(&customer.name);
    let met: Vec<usize> = order::set(words.iter().filter_map(|word| by_word.get(word)).flatten().copied());
    for at in met {
        let Some(wanted) = wanted.get_mut(at) else { continue };
        let alike = likeness(&wanted.words, &words);
        if alike < NAMES_ALIKE || wanted.attached_to.as_ref().is_some_and(|id| *id != customer.id) {
            continue;
        }
        if wanted.best.iter().any(|known| known.id == customer.id) {
            continue;
        }
        let projected = customer::project(customer, &ports.settings);
        let candidate = Candidate {
            id: customer.id.clone(),
            code: projected.model.customer_code.clone(),
            name: customer.name.clone(),
            row: projected.fingerprint(customer, &ports.settings.today),
            score: score(wanted, customer, alike),
        };
        let behind = wanted.best.iter().take_while(|known| known.score >= candidate.score).count();
        wanted.best.insert(behind, candidate);
        wanted.best.truncate(KEPT);
    }
}

/// Names make up 0.7, ZIP code 0.15, state 0.1, house number 0.05. An attached document needs no address.
fn score(wanted: &Wanted, customer: &Customer, alike: f32) -> f32 {
    let Some(address) = best_address(customer).filter(|_| wanted.attached_to.is_none()) else {
        return 0.7 * alike + if wanted.attached_to.is_some() { 0.3 } else { 0.0 };
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let country = geography::country(&text(&address.country)).unwrap_or("US");
    let region = geography::region(country, &text(&address.region)).unwrap_or_default();
    let same = |one: &str, other: &str| !one.is_empty() && one == other;
    0.7 * alike
        + if same(&wanted.zip, &zip(&text(&address.postal_code))) { 0.15 } else { 0.0 }
        + if same(&wanted.region, &region) { 0.1 } else { 0.0 }
        + if same(&wanted.house, &house_number(&text(&address.line1))) { 0.05 } else { 0.0 }
}

fn judge(wanted: Wanted) -> Match {
    let mut best = wanted.best.into_iter();
    let Some(first) = best.next() else {
        return Match::Unsure(match wanted.attached_to {
            Some(_) => "the purchaser named is not the customer it is attached to".to_owned(),
            None => "no customer has the purchaser's name".to_owned(),
        });
    };
    let second = best.next();
    if first.score < SURE {
        return Match::Unsure(format!(
            "customer {} ({}) is like the purchaser, but not enough",
            first.code, first.name
        ));
    }
    match second {
        Some(second) if first.score - second.score < AHEAD => Match::Unsure(format!(
            "customers {} ({}) and {} ({}) are both like the purchaser",
            first.code, first.name, second.code, second.name
        )),
        _ if first.code.is_empty() => {
            Match::Unsure(format!("the customer, {}, has no customer code", first.name))
        }
        _ => Match::Sure(first),
    }
}
