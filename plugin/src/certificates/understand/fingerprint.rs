//! What tells one certificate from another, to know the same one sent or scanned twice.
//!
//! Two scans of a page never give quite the same words: a scrawl, a speck and the end of a line are read another way. So
//! the values count where they say enough, not the words around them. Where they do not, all words and ticked boxes have to be
//! the same, because two pages that could hardly be read are not the same page. An unsigned certificate is not the signed one.

use std::fmt::Write as _;

use crate::certificates::names;
use crate::certificates::rules::{Field, Severity};
use crate::certificates::understand::record::{Certificate, Seen};
use crate::certificates::understand::text::{Sheet, plain};
use crate::plan::sha256_hex;

/// Values that make another certificate if they differ.
const TELLING: [Field; 15] = [
    Field::TradeName,
    Field::Street,
    Field::PostalCode,
    Field::FederalNumber,
    Field::State,
    Field::Number,
    Field::Reason,
    Field::Description,
    Field::Percentage,
    Field::Order,
    Field::Signed,
    Field::Effective,
    Field::Expires,
    Field::Issued,
    Field::Seller,
];

/// SHA-256 of what a certificate says; empty if it says nothing.
pub(super) fn of(sheet: &Sheet, certificate: &Certificate, seen: &Seen) -> String {
    if sheet.tokens.is_empty() {
        return String::new();
    }
    let mut said = String::new();
    if says_enough(certificate) {
        let form = certificate.form.map_or("", |form| form.id);
        let purchaser = names::names(certificate.text(Field::Purchaser));
        let purchaser: Vec<&str> = purchaser.iter().map(|name| name.joined.as_str()).collect();
        let reasons: String = certificate.reasons.iter().collect();
        let (scope, signed) = (certificate.scope, seen.signed);
        let _ = writeln!(said, "values\n{form}\n{}\n{reasons}\n{scope:?}\n{signed:?}", purchaser.join(" / "));
        // What is wrong with one may be put right on the other: a corrected copy is not the same once more.
        for finding in certificate.findings.iter().filter(|it| it.severity > Severity::Warn) {
            let _ = writeln!(said, "{} {}", finding.rule, finding.region);
        }
        for field in TELLING {
            // A ticked box gives its whole line; the reasons are there already.
            let text = if field == Field::Reason && certificate.reason_boxes > 0 {
                ""
            } else {
                certificate.text(field)
            };
            let _ = writeln!(said, "{}", plain(text));
        }
        for state in &certificate.coverage {
            let _ = writeln!(said, "{} {}", state.region, plain(&state.number));
        }
    } else {
        let ticks: Vec<String> = seen.ticked.iter().map(|it| plain(&it.caption)).collect();
        let _ = write!(said, "words\n{}\n{}", sheet.plain(0, sheet.tokens.len()), ticks.join("\n"));
    }
    sha256_hex(said.as_bytes())
}

/// Whether values are enough to know a certificate by: a form, whose it is, where, for which states, and a day.
fn says_enough(certificate: &Certificate) -> bool {
    let has = |field| !certificate.text(field).is_empty();
    certificate.form.is_some()
        && has(Field::Purchaser)
        && has(Field::Street)
        && !certificate.coverage.is_empty()
        && !certificate.reasons.is_empty()
        && !certificate.signed_on().is_empty()
}
