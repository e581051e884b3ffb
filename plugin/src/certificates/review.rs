//! What a person said about a certificate, and how it counts.
//!
//! The host appends a person's word to the journal; the newest one about a certificate counts, whatever plan it was
//! said about, because it is bound to the document by its hash. Accepting overrules the judgement, but what AvaTax has to
//! be told must be there: a state, a reason, the day signed. Values the person gave stand in the record as theirs.

use std::collections::HashMap;

use crate::certificates::rules::Field;
use crate::certificates::understand::dates;
use crate::certificates::understand::places;
use crate::certificates::understand::record::{Certificate, Coverage};
use crate::certificates::understand::values::{How, Value};
use crate::json;
use crate::model::journal::{EntryKind, Operation, Query};
use crate::model::onboarding::Error;
use crate::plan::{body, query};
use crate::ports::{Ports, journal_error};

/// Most words that are read.
const WORDS_MAX: usize = 100_000;

/// A person's word on a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Accepted, or turned down.
    pub accepted: bool,
    /// Who said it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Values that were given: name and value.
    pub set: Vec<(String, String)>,
    /// Customer code that was chosen; empty if none was.
    pub customer: String,
}

/// Key under which the word on a certificate is kept.
#[must_use]
pub fn key(sha256: &str, first_page: usize) -> String {
    format!("{sha256}#{}", first_page + 1)
}

/// The newest word on each certificate, by [`key`].
pub fn words(ports: &Ports<'_>) -> Result<HashMap<String, Word>, Error> {
    let mut words = HashMap::new();
    let mut after = 0;
    loop {
        let page = Query { kind: Some(EntryKind::Review), after, ..query(Operation::CreateCertificate) };
        let read = ports.journal.read(&page).map_err(journal_error)?;
        let Some(last) = read.last() else { return Ok(words) };
        after = last.sequence;
        for stored in read {
            let said = body(&stored)?;
            let set = said.get("set").and_then(json::Value::as_object).into_iter().flatten();
            let set = set.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.trim().to_owned())));
            let word = Word {
                accepted: json::text(&said, "verdict") == "accept",
                by: json::text(&said, "by"),
                reason: json::text(&said, "reason"),
                set: set.collect(),
                customer: json::text(&said, "customer"),
            };
            words.insert(stored.entry.key, word);
            if words.len() > WORDS_MAX {
                return Err(Error::JournalFailed(format!("There are more than {WORDS_MAX} reviews.")));
            }
        }
    }
}

/// Puts the values of a person into a certificate. What is still missing afterwards is the error, as a sentence.
pub fn accept(certificate: &mut Certificate, word: &Word) -> Result<(), String> {
    for (name, value) in &word.set {
        set(certificate, name, value)?;
    }
    let missing = if certificate.coverage.is_empty() {
        "the state (--set state=…)"
    } else if certificate.use_code.is_none() {
        "the reason (--set reason=…)"
    } else if certificate.signed_on().is_empty() {
        "the day it was signed (--set signed=…)"
    } else {
        return Ok(());
    };
    Err(format!("It was accepted by {}, but {missing} is missing.", word.by))
}

fn set(certificate: &mut Certificate, name: &str, value: &str) -> Result<(), String> {
    let not_usable = || format!("The value \"{value}\" given for {name} cannot be used.");
    if let Some(region) = name.strip_prefix("number.") {
        return number(certificate, region, value).ok_or_else(not_usable);
    }
    let field = match name {
        "purchaser" => Field::Purchaser,
        "street" => Field::Street,
        "seller" => Field::Seller,
        "percentage" => Field::Percentage,
        "order" => Field::Order,
        "description" => Field::Description,
        "signed" => Field::Signed,
        "effective" => Field::Effective,
        "expires" => Field::Expires,
        "place" => {
            let place = places::read(value).ok_or_else(not_usable)?;
            for (field, text) in [
                (Field::City, place.city),
                (Field::AddressState, place.region),
                (Field::PostalCode, place.postal_code),
            ] {
                put(certificate, field, text);
            }
            return Ok(());
        }
        "number" => {
            certificate.coverage.iter_mut().for_each(|it| it.number = value.to_owned());
            Field::Number
        }
        "state" => {
            let region = places::state(value).ok_or_else(not_usable)?;
            let known = certificate.coverage.iter().find(|it| it.region == region);
            let number = match (known, certificate.coverage.as_slice()) {
                (Some(one), _) | (None, [one]) => one.number.clone(),
                _ => certificate.text(Field::Number).to_owned(),
            };
            certificate.coverage = vec![Coverage { region, number, confidence: 1.0, ..Coverage::default() }];
            Field::State
        }
        "reason" => {
            let code = value.chars().next().map(|code| code.to_ascii_uppercase());
            let code =
                code.filter(|code| value.len() == 1 && ('A'..='N').contains(code)).ok_or_else(not_usable)?;
            certificate.use_code = Some(code);
            certificate.reasons = vec![code];
            Field::Reason
        }
        _ => return Err(format!("There is no value called {name}.")),
    };
    let day = matches!(field, Field::Signed | Field::Effective | Field::Expires);
    let text = match dates::read(value) {
        Some(date) if day && !date.ambiguous => date.iso,
        _ if day => return Err(not_usable()),
        _ => value.to_owned(),
    };
    put(certificate, field, text);
    Ok(())
}

fn number(certificate: &mut Certificate, region: &str, number: &str) -> Option<()> {
    let region = places::state(region)?;
    match certificate.coverage.iter_mut().find(|it| it.region == region) {
        Some(known) => number.clone_into(&mut known.number),
        None => {
            let number = number.to_owned();
            certificate.coverage.push(Coverage { region, number, confidence: 1.0, ..Coverage::default() });
        }
    }
    Some(())
}

fn put(certificate: &mut Certificate, field: Field, text: String) {
    let (page, raw) = (certificate.first_page, text.clone());
    certificate.put(Value { field, text, raw, page, area: None, how: How::Person, confidence: 1.0 });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(set: &[(&str, &str)]) -> Word {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Word { accepted: true, by: "Ann Example".into(), set, ..Word::default() }
    }

    #[test]
    fn what_avatax_must_be_told_has_to_be_there() {
        let mut certificate = Certificate::default();
        let missing = accept(&mut certificate, &word(&[])).unwrap_err();
        assert_eq!(missing, "It was accepted by Ann Example, but the state (--set state=…) is missing.");
        let given =
            [("state", "Wisconsin"), ("reason", "g"), ("signed", "3/14/2026"), ("number.MN", "123456")];
        assert_eq!(accept(&mut certificate, &word(&given)), Ok(()));
        let regions: Vec<_> = certificate.coverage.iter().map(|it| it.region.as_str()).collect();
        assert_eq!((regions, certificate.use_code), (vec!["WI", "MN"], Some('G')));
        assert_eq!(certificate.text(Field::Signed), "2026-03-14");
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for (name, value) in [("signed", "soon"), ("reason", "resale"), ("state", "ZZ"), ("colour", "red")] {
            assert!(accept(&mut Certificate::default(), &word(&[(name, value)])).is_err(), "{name}");
        }
    }
}
