//! Labels on a page: which phrases of the rules stand where, and whose a bare "Address" is.
//!
//! Phrases are compared letter by letter with a small allowance for misread ones; the longest phrase at a place wins, so
//! that "Name of seller" is not also a "Name". Short labels count only where a label can stand: at the beginning of a
//! chunk, with a colon or room after it. A long label may go on in the next line.

use crate::certificates::rules::{self, Announces, Bare, Field, Label};
use crate::certificates::understand::text::{Chunk, Sheet, Token, around, height};
use crate::model::ocr::Rectangle;

/// Letters of a phrase that must have been matched before it may go on in the next line.
const BEFORE_BREAK: usize = 10;
/// Words from which on a chunk is a sentence.
const RUNNING: usize = 14;
/// Most lines of one label.
const LINES: usize = 3;

/// A label on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it announces; parts of a party are resolved already.
    pub field: Field,
    /// First token.
    pub from: usize,
    /// The token after the last one of its first line.
    pub to: usize,
    /// The tokens of its further lines.
    pub more: Vec<(usize, usize)>,
    /// Page, from 0.
    pub page: usize,
    /// Line of its first token.
    pub line: usize,
    /// Where it stands, all its lines.
    pub area: Rectangle,
    /// Whether it heads a part of the form: then only what stands beside it is its value.
    pub heading: bool,
}

impl Found {
    /// Whether a token belongs to it.
    #[must_use]
    pub fn holds(&self, token: usize) -> bool {
        (self.from..self.to).contains(&token)
            || self.more.iter().any(|(from, to)| (*from..*to).contains(&token))
    }

    /// The token after its last one.
    #[must_use]
    pub fn end(&self) -> usize {
        self.more.last().map_or(self.to, |(_, to)| *to)
    }
}

/// All labels of a sheet in order; `form` is the id of the form, or empty.
#[must_use]
pub fn find(sheet: &Sheet, form: &str) -> Vec<Found> {
    let mut raw: Vec<(Announces, Found)> = Vec::new();
    let mut taken = vec![false; sheet.tokens.len()];
    let labels: Vec<Label> = rules::labels().filter(|it| it.form.is_empty() || it.form == form).collect();
    for at in 0..sheet.tokens.len() {
        if taken.get(at).copied().unwrap_or(true) {
            continue;
        }
        let Some((label, mut found)) = best_at(sheet, at, &labels) else { continue };
        found.more.retain(|(from, to)| (*from..*to).all(|token| taken.get(token) == Some(&false)));
        for token in (found.from..found.to).chain(found.more.iter().flat_map(|(from, to)| *from..*to)) {
            if let Some(taken) = taken.get_mut(token) {
                *taken = true;
            }
        }
        raw.push((label.announces, found));
    }
    resolve(raw)
}

/// The longest label that begins at a token; the form's own goes before one of the same length.
fn best_at<'l>(sheet: &Sheet, at: usize, labels: &'l [Label]) -> Option<(&'l Label, Found)> {
    let token = sheet.tokens.get(at).filter(|token| !token.field && !token.plain.is_empty())?;
    let first = token.plain.bytes().next()?;
    let mut best: Option<(&Label, Found)> = None;
    let rank = |label: &Label| (label.phrase.len(), !label.form.is_empty());
    for label in labels.iter().filter(|label| label.phrase.as_bytes().first() == Some(&first)) {
        if best.as_ref().is_some_and(|(known, _)| rank(known) >= rank(label)) {
            continue;
        }
        let Some(found) = reach(sheet, at, label) else { continue };
        let short = label.words <= 2 && label.phrase.len() < 18;
        if short && !stands_alone(sheet, &found, label) {
            continue;
        }
        let found = with_rest(sheet, found, if short { Some(label) } else { None });
        if !in_running_text(sheet, &found) {
            best = Some((label, found));
        }
    }
    best
}

/// How far a phrase reaches from a token, if it stands there.
fn reach(sheet: &Sheet, at: usize, label: &Label) -> Option<Found> {
    let phrase = label.phrase;
    // A single word misread is another word: "purchased" is not "purchaser".
    let allowed = if label.words <= 1 { 0 } else { allowance(phrase) };
    let start = sheet.tokens.get(at)?;
    let mut chunk = *sheet.chunk_of(at)?;
    let mut spans = vec![(at, at)];
    let mut so_far = String::new();
    let mut best: Option<(usize, Vec<(usize, usize)>)> = None;
    loop {
        let (from, _) = *spans.last()?;
        for to in from..chunk.to {
            so_far.push_str(&sheet.tokens.get(to)?.plain);
            if let Some(last) = spans.last_mut() {
                last.1 = to + 1;
            }
            if so_far.len() > phrase.len() + allowed {
                break;
            }
            if so_far.len() + allowed < phrase.len() {
                continue;
            }
            let distance = strsim::levenshtein(&so_far, phrase);
            // A break must not hide a word: "Street address" over "P.O. Box 12" is no "Street address or P.O. Box".
            let allowed = if spans.len() > 1 { allowed / 2 } else { allowed };
            if distance <= allowed && best.as_ref().is_none_or(|(known, _)| distance < *known) {
                best = Some((distance, spans.clone()));
            }
        }
        let unfinished = best.is_none() && so_far.len() >= BEFORE_BREAK && so_far.len() < phrase.len();
        let begun = || {
            let prefix: String = phrase.chars().take(so_far.chars().count()).collect();
            strsim::levenshtein(&so_far, &prefix) <= allowance(&prefix)
        };
        if !unfinished || spans.len() >= LINES || !begun() {
            break;
        }
        let Some(next) = below(sheet, &chunk, start.area.left) else { break };
        chunk = next;
        spans.push((next.from, next.from));
    }
    let (_, spans) = best?;
    let (from, to) = *spans.first()?;
    let areas = spans.iter().map(|(from, to)| sheet.area(*from, *to));
    Some(Found {
        field: Field::Other,
        from,
        to,
        more: spans.get(1..).unwrap_or_default().to_vec(),
        page: start.page,
        line: start.line,
        area: areas.reduce(around)?,
        heading: false,
    })
}

/// A label with what goes on after its phrase: "of owner, partner, or authorized person", "(must have 11 digits)". What goes
/// on in lower case or in brackets is print, a value is not.
fn with_rest(sheet: &Sheet, mut found: Found, short: Option<&Label>) -> Found {
    let to = rest_of_label(sheet, found.end(), short);
    match found.more.last_mut() {
        Some(last) => last.1 = to,
        None => found.to = to,
    }
    found.area = around(found.area, sheet.area(found.end().saturating_sub(1), found.end()));
    found
}

/// Whether a short label may go on with "of": "Signature of owner", but "City of Springfield" is a name.
fn goes_on(label: &Label) -> bool {
    label.words > 1 || label.announces == Announces::Value(Field::Signature)
}

fn joins(word: &str) -> bool {
    matches!(word, "of" | "and" | "or")
}

fn rest_of_label(sheet: &Sheet, to: usize, short: Option<&Label>) -> usize {
    let ends =
        |at: usize| sheet.tokens.get(at.wrapping_sub(1)).is_some_and(|it| it.text.ends_with([':', '#']));
    let Some(chunk) = sheet.chunk_of(to.saturating_sub(1)).filter(|chunk| to < chunk.to) else { return to };
    let goes_on = sheet.tokens.get(to).is_some_and(|token| {
        let word = token.text.trim_end_matches([',', ';', ')']);
        let small = word.chars().all(|c| c.is_lowercase() || c == '-' || c == '/') && word.len() > 1;
        !token.field
            && (token.text.starts_with('(') || short.map_or(small, |label| joins(word) && goes_on(label)))
    });
    if !goes_on || ends(to) {
        return to;
    }
    let mut at = to;
    while at < chunk.to && !ends(at) {
        let digits = |it: &Token| it.plain.bytes().filter(u8::is_ascii_digit).count();
        if sheet.tokens.get(at).is_some_and(|it| digits(it) >= 4) {
            break;
        }
        at += 1;
    }
    at
}

/// Letters that may differ: none in short phrases, about one in ten in long ones.
fn allowance(phrase: &str) -> usize {
    match phrase.len() {
        0..=11 => 0,
        long => (long / 10).min(4),
    }
}

/// The chunk just below another that begins at about the same place.
fn below(sheet: &Sheet, chunk: &Chunk, left: f32) -> Option<Chunk> {
    let next = sheet.chunks.iter().find(|it| {
        it.line == chunk.line + 1
            && it.page == chunk.page
            && it.area.left < chunk.area.right
            && it.area.right > left
    })?;
    let close = next.area.top - chunk.area.bottom < 1.2 * height(&chunk.area);
    (close && (next.area.left - left).abs() < 18.0).then_some(*next)
}

/// Whether a phrase is part of a sentence rather than a label: its chunk is long and goes on after it.
fn in_running_text(sheet: &Sheet, found: &Found) -> bool {
    let Some(chunk) = sheet.chunk_of(found.from) else { return false };
    let end = if found.more.is_empty() { found.to } else { chunk.to };
    let colon = sheet.tokens.get(end.wrapping_sub(1)).is_some_and(|token| token.text.ends_with([':', '#']));
    let value =
        sheet.span(end, chunk.to).iter().any(|token| token.plain.bytes().any(|byte| byte.is_ascii_digit()));
    chunk.to - chunk.from >= RUNNING && end < chunk.to && !colon && !value
}

/// Whether a short label is one: at the beginning of its chunk (a number or letter may precede it), and followed by a
/// colon, by room, or by nothing.
fn stands_alone(sheet: &Sheet, found: &Found, label: &Label) -> bool {
    let Some(chunk) = sheet.chunk_of(found.from) else { return false };
    let before = sheet.span(chunk.from, found.from);
    let last = sheet.tokens.get(found.to.saturating_sub(1));
    let colon = last.is_some_and(|token| token.text.ends_with([':', '#']));
    // "P.O." begins many an address.
    let tiny = sheet.plain(found.from, found.to).len() <= 2;
    if tiny && !colon {
        return false;
    }
    let enumerated = |tokens: &[Token]| match tokens {
        [] => true,
        [one] => one.plain.len() <= 2,
        _ => false,
    };
    let begins =
        enumerated(before) || (colon && before.last().is_some_and(|token| token.text.ends_with(',')));
    let Some(next) = sheet.tokens.get(found.to).filter(|_| found.to < chunk.to) else {
        return begins || colon;
    };
    let gap = last.map_or(0.0, |token| next.area.left - token.area.right);
    // "State" may be the first word of a value.
    let room = label.words > 1 && gap > 0.9 * height(&next.area);
    let aside = next.text.starts_with('(') || (joins(&next.text) && goes_on(label));
    let number = next.plain.starts_with(|c: char| c.is_ascii_digit());
    (begins && (colon || room || aside)) || (colon && (room || number))
}

/// Gives bare labels to the party whose label or heading stands nearest above them in their column.
fn resolve(raw: Vec<(Announces, Found)>) -> Vec<Found> {
    let party = |announces: Announces| match announces {
        Announces::SellerPart | Announces::Value(Field::Seller) => Some(true),
        Announces::PurchaserPart | Announces::Value(Field::Purchaser) => Some(false),
        Announces::Value(_) | Announces::Part(_) => None,
    };
    let anchors: Vec<(bool, usize, Rectangle)> =
        raw.iter().filter_map(|(it, found)| Some((party(*it)?, found.page, found.area))).collect();
    let sellers = |found: &Found| {
        // A party's part stands under it or right of it, never left of it.
        let above = anchors.iter().filter(|(_, page, area)| {
            *page == found.page && area.top <= found.area.top + 3.0 && area.left <= found.area.left + 12.0
        });
        let distance =
            |area: &Rectangle| found.area.top - area.top + 0.3 * (found.area.left - area.left).abs();
        let nearest =
            above.reduce(|one, other| if distance(&other.2) <= distance(&one.2) { other } else { one });
        nearest.is_some_and(|(seller, ..)| *seller)
    };
    // In the line that is signed, a bare name is the signer's.
    let signing: Vec<usize> = raw
        .iter()
        .filter(|(it, _)| matches!(it, Announces::Value(Field::Signature | Field::Signed | Field::Title)))
        .map(|(_, found)| found.line)
        .collect();
    let field = |announces: Announces, found: &Found| match announces {
        Announces::Value(field) => field,
        Announces::Part(Bare::Name) if signing.contains(&found.line) => Field::Signer,
        Announces::SellerPart => Field::Seller,
        Announces::PurchaserPart => Field::Purchaser,
        Announces::Part(part) => match (part, sellers(found)) {
            (Bare::Name, true) => Field::Seller,
            (_, true) => Field::SellerAddress,
            (Bare::Name, false) => Field::Purchaser,
            (Bare::Street, false) => Field::Street,
            (Bare::Place, false) => Field::Place,
            (Bare::City, false) => Field::City,
            (Bare::State, false) => Field::AddressState,
            (Bare::PostalCode, false) => Field::PostalCode,
        },
    };
    let fields: Vec<Field> = raw.iter().map(|(announces, found)| field(*announces, found)).collect();
    let heading = |announces| matches!(announces, Announces::SellerPart | Announces::PurchaserPart);
    let resolved = raw.into_iter().zip(fields);
    resolved
        .map(|((announces, found), field)| {
            let heading = heading(announces);
            // "Buyer" may have a value beside it, "Step 2: Identify the purchaser" has none.
            let field = if heading && found.end() - found.from > 1 { Field::Other } else { field };
            Found { field, heading, ..found }
        })
        .collect()
}
