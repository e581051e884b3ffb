//! The record of one certificate: every value with its place, its raw text, how it was found, and how sure it is.
//!
//! Here values get their meaning: dates become days, a line becomes city, state and ZIP code, ticked boxes become a
//! reason. What a page does not say stays empty. Whether the certificate is any good is not decided here but in
//! [`judge`](super::judge).

use crate::certificates::names;
use crate::certificates::rules::{BoxMeaning, Field, Form, States};
use crate::certificates::understand::boxes::{self, Ticked};
use crate::certificates::understand::identify::Known;
use crate::certificates::understand::judge::{Context, Finding};
use crate::certificates::understand::text::{Chunk, Sheet, height, overlap, plain};
use crate::certificates::understand::values::{How, Value};
use crate::certificates::understand::{
    address, dates, expiry, labels, numbers, places, reasons, table, values,
};
use crate::geography;
use crate::model::ocr::{MarkKind, Rectangle};

/// Words less sure than this may be no words at all.
const UNSURE: f32 = 0.75;

/// Widest letter of print, in heights of its line.
const STRETCHED: f32 = 1.2;

/// For how many purchases a certificate is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Not marked.
    #[default]
    Unknown,
    /// One purchase.
    Single,
    /// Until revoked.
    Blanket,
    /// Recurring purchases until a day.
    BlanketUntil,
}

/// One state that a certificate is for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    /// "WI".
    pub region: String,
    /// Number for it, may be empty.
    pub number: String,
    /// Page, from 0.
    pub page: usize,
    /// Where state and number stand.
    pub area: Option<Rectangle>,
    /// 0 to 1.
    pub confidence: f32,
}

/// A certificate as it was read.
#[derive(Debug, Clone, Default)]
pub struct Certificate {
    /// The form; none if it is not known.
    pub form: Option<&'static Form>,
    /// Known revision that is printed, plain; empty if none is.
    pub revision: &'static str,
    /// First page, from 0.
    pub first_page: usize,
    /// How many pages.
    pub page_count: usize,
    /// Values, one of a kind at most. Dates are `YYYY-MM-DD`, states two letters, percentages whole numbers.
    pub values: Vec<Value>,
    /// States it is for.
    pub coverage: Vec<Coverage>,
    /// Entity/use code, if exactly one reason is named.
    pub use_code: Option<char>,
    /// All reasons that are named.
    pub reasons: Vec<char>,
    /// How many boxes with a reason are ticked.
    pub reason_boxes: usize,
    /// For how many purchases it is.
    pub scope: Scope,
    /// What is wrong or odd, gravest first.
    pub findings: Vec<Finding>,
    /// Short pieces of its pages, for finding whose it is where its values do not say it.
    pub lines: Vec<String>,
    /// SHA-256 of what it says, to know the same certificate scanned or sent twice.
    pub fingerprint: String,
}

impl Certificate {
    /// A value.
    #[must_use]
    pub fn value(&self, field: Field) -> Option<&Value> {
        self.values.iter().find(|value| value.field == field)
    }

    /// Text of a value, empty if there is none.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        self.value(field).map_or("", |value| value.text.as_str())
    }

    /// The day AvaTax is told as the one it was signed on. What a state issued is dated rather than signed: the day of
    /// issue counts, else the first day it holds.
    #[must_use]
    pub fn signed_on(&self) -> &str {
        let days = [Field::Signed, Field::Issued, Field::Effective];
        days.into_iter().map(|field| self.text(field)).find(|day| !day.is_empty()).unwrap_or_default()
    }

    /// Puts a value in the place of one of its kind.
    pub fn put(&mut self, value: Value) {
        self.values.retain(|known| known.field != value.field);
        self.values.push(value);
    }

    /// Puts a value that stands nowhere: a rule gives it.
    pub(super) fn derive(&mut self, field: Field, text: String, rule: &str) {
        let (page, raw) = (self.first_page, rule.to_owned());
        self.put(Value { field, text, raw, page, area: None, how: How::Rule, confidence: 1.0 });
    }
}

/// What the boxes and labels of a sheet say before it is put together.
pub(super) struct Seen {
    /// All values beside labels, empty ones included.
    pub(super) all: Vec<Value>,
    /// Ticked boxes.
    pub(super) ticked: Vec<Ticked>,
    /// Signature: whether a label for one was seen, and whether something stands there.
    pub(super) signed: Option<bool>,
}

/// Reads one certificate from its pages.
pub(super) fn read(
    sheet: &Sheet,
    pages: (usize, usize),
    known: Option<Known>,
    context: &Context<'_>,
) -> (Certificate, Seen) {
    let form = known.map(|known| known.form);
    let id = form.map_or("", |form| form.id);
    let labels = labels::find(sheet, id);
    let table = form.filter(|form| form.states == States::Table).and_then(|_| table::tokens(sheet));
    let all = values::find(sheet, &labels, table);
    let ticked = boxes::ticked(sheet, id);
    let signed = signature(sheet, &labels, &all);
    let seen = Seen { all, ticked, signed };
    let mut certificate = Certificate {
        form,
        revision: known.map_or("", |known| known.revision),
        first_page: pages.0,
        page_count: pages.1,
        ..Certificate::default()
    };
    plain_values(&mut certificate, &seen);
    address::work_out(&mut certificate, sheet, &seen);
    days(&mut certificate, sheet, &seen);
    closing(&mut certificate, sheet);
    scope(&mut certificate, &seen);
    reasons::work_out(&mut certificate, sheet, &seen);
    coverage(&mut certificate, sheet, &seen);
    expiry::work_out(&mut certificate, sheet, context);
    (certificate, seen)
}

/// Values that need no more than to be there.
fn plain_values(certificate: &mut Certificate, seen: &Seen) {
    for field in [
        Field::Purchaser,
        Field::TradeName,
        Field::Phone,
        Field::Email,
        Field::Seller,
        Field::FederalNumber,
        Field::Reason,
        Field::Description,
        Field::Business,
        Field::Order,
        Field::Signer,
        Field::Title,
        Field::Signature,
    ] {
        let found = seen.all.iter().filter(|value| value.field == field);
        if let Some(value) = found.into_iter().find(|value| value.text.chars().any(char::is_alphanumeric)) {
            certificate.put(value.clone());
        }
    }
    let percentage = seen.all.iter().find_map(|value| {
        let digits: String = value.text.chars().filter(char::is_ascii_digit).collect();
        let percent = digits.parse::<u32>().ok().filter(|percent| (1..=100).contains(percent))?;
        (value.field == Field::Percentage).then(|| Value { text: percent.to_string(), ..value.clone() })
    });
    if let Some(value) = percentage {
        certificate.put(value);
    }
    let order = certificate.text(Field::Order).chars().any(|c| c.is_ascii_digit());
    if !order {
        certificate.values.retain(|value| value.field != Field::Order);
    }
}

/// Days as `YYYY-MM-DD`; one that cannot be read keeps its raw text and has no text.
fn days(certificate: &mut Certificate, sheet: &Sheet, seen: &Seen) {
    let signature = seen.all.iter().find(|value| value.field == Field::Signature);
    let distance = |value: &Value| match (signature, value.area) {
        (Some(Value { page, area: Some(own), .. }), Some(area)) if *page == value.page => {
            (own.top - area.top).abs()
        }
        _ => 1_000.0,
    };
    for field in [Field::Signed, Field::Effective, Field::Expires, Field::Issued] {
        let written = seen.all.iter().filter(|value| value.field == field && !value.text.is_empty());
        // Of several dates that of the signature is meant.
        let value = written.reduce(|one, other| {
            let readable = |value: &Value| dates::read(&value.text).is_some();
            let dated = |value: &Value| value.text.bytes().filter(u8::is_ascii_digit).count() >= 3;
            let nearer = field == Field::Signed && distance(other) + 2.0 < distance(one);
            // One that was meant as a date but is none is not passed over for another.
            if (nearer && dated(other)) || (!dated(one) && (readable(other) || dated(other))) {
                other
            } else {
                one
            }
        });
        if let Some(value) = value {
            let text = dates::read(&value.text).map(|date| date.iso).unwrap_or_default();
            certificate.put(Value { text, ..value.clone() });
        }
    }
    let letter = certificate.form.is_some_and(|form| form.id.ends_with("letter"));
    if certificate.value(Field::Signed).is_none()
        && letter
        && let Some(day) = letter_date(sheet)
    {
        certificate.put(day);
    }
}

/// The date at the head of a letter: the first chunk that is nothing but one.
fn letter_date(sheet: &Sheet) -> Option<Value> {
    sheet.chunks.iter().take(30).find_map(|chunk| {
        let raw = sheet.text(chunk.from, chunk.to);
        let date = dates::read(&raw).filter(|date| !date.ambiguous)?;
        let confidence = sheet.confidence(chunk.from, chunk.to);
        Some(Value {
            field: Field::Signed,
            text: date.iso,
            raw,
            page: chunk.page,
            area: Some(chunk.area),
            how: How::Pattern,
            confidence,
        })
    })
}

/// The printed name under a letter: below "Sincerely" stand the signature and then the name.
fn closing(certificate: &mut Certificate, sheet: &Sheet) {
    if certificate.value(Field::Signer).is_some() {
        return;
    }
    let greeting = |chunk: &&Chunk| {
        let words = sheet.plain(chunk.from, chunk.to);
        ["sincerely", "verytrulyyours", "respectfully"].iter().any(|known| words.starts_with(known))
            && words.len() < 30
    };
    let Some(greeting) = sheet.chunks.iter().find(greeting) else { return };
    let below = sheet.chunks.iter().filter(|chunk| {
        chunk.page == greeting.page
            && chunk.line > greeting.line
            && (chunk.area.left - greeting.area.left).abs() < 30.0
            && chunk.area.top - greeting.area.bottom < 120.0
    });
    let named: Vec<&Chunk> =
        below.filter(|chunk| (2..=5).contains(&(chunk.to - chunk.from))).take(2).collect();
    // A signature that was read as words stands above the printed name and says the same.
    let same = |one: &Chunk, other: &Chunk| {
        names::alike(&sheet.text(one.from, one.to), &sheet.text(other.from, other.to)) > 0.6
    };
    let name = match named.as_slice() {
        [first, second] if same(first, second) => second,
        [first, ..] => first,
        [] => return,
    };
    certificate.put(Value {
        field: Field::Signer,
        text: sheet.text(name.from, name.to),
        raw: sheet.text(name.from, name.to),
        page: name.page,
        area: Some(name.area),
        how: How::Pattern,
        confidence: sheet.confidence(name.from, name.to),
    });
}

fn scope(certificate: &mut Certificate, seen: &Seen) {
    let marked = |meaning| seen.ticked.iter().any(|it| it.meaning == Some(meaning));
    certificate.scope =
        match (marked(BoxMeaning::Single), marked(BoxMeaning::Blanket), marked(BoxMeaning::BlanketUntil)) {
            (true, false, false) => Scope::Single,
            (false, _, true) => Scope::BlanketUntil,
            (false, true, false) => Scope::Blanket,
            _ => Scope::Unknown,
        };
}

/// States and numbers.
fn coverage(certificate: &mut Certificate, sheet: &Sheet, seen: &Seen) {
    let states = certificate.form.map_or(States::Named, |form| form.states);
    if states == States::Table {
        let rows = table::rows(sheet).into_iter();
        certificate.coverage = rows
            .map(|row| Coverage {
                region: row.region,
                number: row.number,
                page: row.page,
                area: Some(row.area),
                confidence: row.confidence,
            })
            .collect();
    }
    let number = seen
        .all
        .iter()
        .filter(|value| value.field == Field::Number)
        .map(|value| Value { text: numbers::cleaned(&value.text), ..value.clone() })
        .find(|value| !value.text.is_empty());
    let federal = || {
        let text = numbers::cleaned(certificate.text(Field::FederalNumber));
        let value = certificate.value(Field::FederalNumber)?;
        (!text.is_empty() && states == States::Table).then(|| Value {
            field: Field::Number,
            text,
            ..value.clone()
        })
    };
    let number = number.or_else(federal);
    if !certificate.coverage.is_empty() {
        return;
    }
    let named = |field: Field| {
        let value =
            seen.all.iter().find(|value| value.field == field && places::state(&value.text).is_some())?;
        Some((places::state(&value.text)?, Some(value.clone())))
    };
    let region = match states {
        States::One(region) => Some((region.to_owned(), None)),
        States::Table | States::Named => {
            named(Field::State).or_else(|| named(Field::NumberState)).or_else(|| Some((issuer(sheet)?, None)))
        }
    };
    if let Some((region, value)) = region {
        let place = number.as_ref().or(value.as_ref());
        certificate.coverage.push(Coverage {
            region: region.clone(),
            number: number.as_ref().map(|value| value.text.clone()).unwrap_or_default(),
            page: place.map_or(certificate.first_page, |value| value.page),
            area: place.and_then(|value| value.area),
            confidence: place.map_or(1.0, |value| value.confidence),
        });
        if let Some(value) = value {
            certificate.put(Value { field: Field::State, text: region, ..value });
        }
    }
    if let Some(number) = number {
        certificate.put(number);
    }
}

/// The state whose name stands in a title or letterhead: the only one in the upper third that is named.
fn issuer(sheet: &Sheet) -> Option<String> {
    let upper: Vec<String> = sheet
        .chunks
        .iter()
        .take(12)
        .map(|chunk| sheet.text(chunk.from, chunk.to))
        .filter(|text| places::read(text).is_none())
        .collect();
    let text = plain(&upper.join(" "));
    let named = geography::us_states().filter(|(_, name)| text.contains(&plain(name)));
    // "West Virginia" holds "Virginia": the longest name is meant.
    named.max_by_key(|(_, name)| name.len()).map(|(code, _)| code.to_owned())
}

/// Whether a label for a signature was seen, and whether anything stands in its place: words, or ink.
fn signature(sheet: &Sheet, labels: &[labels::Found], all: &[Value]) -> Option<bool> {
    let found = labels.iter().zip(all).filter(|(label, _)| label.field == Field::Signature);
    let mut seen = None;
    for (label, value) in found {
        let right = labels
            .iter()
            .filter(|other| other.line == label.line && other.area.left > label.area.left + 1.0)
            .map(|other| other.area.left)
            .fold(label.area.right + 260.0, f32::min);
        let near = |area: &Rectangle| {
            let rows = (label.area.top - 34.0, label.area.bottom + 34.0);
            overlap((label.area.left, right), (area.left, area.right)) > 0.4
                && overlap(rows, (area.top, area.bottom)) > 0.4
        };
        let ink = sheet
            .marks
            .iter()
            .any(|(page, mark)| *page == label.page && mark.kind == MarkKind::Ink && near(&mark.area));
        // Two letters below the line are no signature.
        let written = value.text.chars().filter(|c| c.is_alphabetic()).count() >= 3;
        // A scrawl is read as a letter or two, not surely, or as letters of unlikely width.
        let stretched = value.area.is_some_and(|area| {
            let letters = value.text.chars().count() as f32;
            area.right - area.left > STRETCHED * letters * height(&area)
        });
        let scrawl = !value.text.is_empty() && (value.confidence < UNSURE || stretched);
        let there = ink || written || scrawl || value.how == How::FormField;
        seen = Some(seen.unwrap_or(false) || there);
    }
    seen
}
