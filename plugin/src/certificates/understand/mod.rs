//! What a document says, as a careful tax clerk would read it: deterministic, without any network.
//!
//! | step | module |
//! |---|---|
//! | words as tokens, lines and chunks | [`text`] |
//! | which form a page is | [`identify`] |
//! | labels, and the values beside, above or below them | [`labels`], [`values`] |
//! | ticked boxes and what they say | [`boxes`] |
//! | dates, places, numbers, tables of states | [`dates`], [`places`], [`numbers`], [`table`] |
//! | the record of a certificate | [`record`] |
//! | the purchaser's address, the reason | `address`, `reasons` |
//! | whether a text looks like what its label announces | `shape` |
//! | until when it holds | `expiry` |
//! | what its pages say besides, whether it is the same once more | `mentions`, `fingerprint` |
//! | whether it can be used | [`judge`] |
//!
//! Knowledge about forms and states is data, see [`rules`](crate::certificates::rules).

mod address;
pub mod boxes;
pub mod dates;
mod expiry;
mod fingerprint;
pub mod identify;
pub mod judge;
pub mod labels;
mod mentions;
pub mod numbers;
pub mod places;
mod reasons;
pub mod record;
mod shape;
pub mod table;
#[cfg(test)]
mod tests;
pub mod text;
pub mod values;

use crate::certificates::rules::Field;
use crate::model::ocr::Reading;
use identify::Known;
use judge::Context;
use record::Certificate;
use text::Sheet;

/// The certificates of a document, in order of their pages. A document without words has one without values.
#[must_use]
pub fn certificates(reading: &Reading, context: &Context<'_>) -> Vec<Certificate> {
    let read = |(first, count, known, unclear)| {
        let mut certificate = certificate(reading, first, count, known, context);
        if unclear {
            judge::split_unclear(&mut certificate.findings, first);
        }
        certificate
    };
    parts(reading).into_iter().map(read).collect()
}

fn certificate(
    reading: &Reading,
    first: usize,
    count: usize,
    known: Option<Known>,
    context: &Context<'_>,
) -> Certificate {
    let sheet = Sheet::new(reading, first, count);
    let (mut certificate, seen) = record::read(&sheet, (first, count), known, context);
    certificate.findings = judge::judge(&certificate, &seen, &sheet, context);
    certificate.lines = mentions::lines(&sheet, &certificate, context);
    certificate.fingerprint = fingerprint::of(&sheet, &certificate, &seen);
    certificate
}

/// Splits a document: a page with the title of a form and a purchaser of its own begins a certificate; what follows
/// without one, such as instructions or a second side, belongs to it.
///
/// Of each: first page, number of pages, form, and whether a page of it may be a certificate of its own.
fn parts(reading: &Reading) -> Vec<(usize, usize, Option<Known>, bool)> {
    let pages = reading.pages.len().max(1);
    let mut starts: Vec<(usize, Option<Known>, bool)> = Vec::new();
    for (number, page) in reading.pages.iter().enumerate() {
        let sheet = Sheet::new(reading, number, 1);
        let Some(known) = identify::form(&sheet, page.height) else {
            // A page without a title that names a purchaser may be a certificate of its own.
            let values = values::find(&sheet, &labels::find(&sheet, ""), None);
            let named = values.iter().any(|value| value.field == Field::Purchaser && !value.text.is_empty());
            if let Some(last) = starts.last_mut().filter(|_| named) {
                last.2 = true;
            }
            continue;
        };
        let values = values::find(&sheet, &labels::find(&sheet, known.form.id), None);
        let filled = |field: Field| values.iter().any(|value| value.field == field && !value.text.is_empty());
        if starts.is_empty()
            || filled(Field::Purchaser)
            || (known.form.issued_by_state && filled(Field::Number))
        {
            starts.push((number, Some(known), false));
        }
    }
    match starts.first_mut() {
        None => return vec![(0, pages, None, false)],
        // A cover page belongs to the certificate it covers.
        Some(first) => first.0 = 0,
    }
    let ends = starts.iter().skip(1).map(|(start, ..)| *start).chain(core::iter::once(pages));
    let ends: Vec<usize> = ends.collect();
    let parts = starts.into_iter().zip(ends);
    parts.map(|((start, known, unclear), end)| (start, end - start, known, unclear)).collect()
}
