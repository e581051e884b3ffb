//! Labels on a page: which phrases of the rules stand where, and whose a bare "Address" is.
//!
//! Phrases are compared letter by letter with a small allowance for misread ones; the longest phrase at a place wins, so
//! that "Name of seller" is not also a "Name". Short labels count only where a label can stand: at the beginning of a
//! chunk, with a colon or room after it. A long label may go on in the next line.

use crate::certificates::rules::{Announces, Bare, Field, LABELS, Label};
use crate::certificates::understand::text::{Chunk, Sheet, Token, around, height};
use crate::model::ocr::Rectangle;

/// Letters of a phrase that must have been matched before it may go on in the next line.
const BEFORE_BREAK: usize = 10;
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
    for at in 0..sheet.tokens.len() {
        if taken.get(at).copied().unwrap_or(true) {
            continue;
        }
        let Some((label, mut found)) = best_at(sheet, at, form) else { continue };
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
fn best_at(sheet: &Sheet, at: usize, form: &str) -> Option<(&'static Label, Found)> {
    let token = sheet.tokens.get(at).filter(|token| !token.field && !token.plain.is_empty())?;
    let first = token.plain.bytes().next()?;
    let mut best: Option<(&'static Label, Found)> = None;
    let rank = |label: &Label| (label.phrase.len(), !label.form.is_empty());
    for label in LABELS.iter().filter(|label| label.phrase.as_bytes().first() == Some(&first)) {
        let foreign = !label.form.is_empty() && label.form != form;
        if foreign || best.as_ref().is_some_and(|(known, _)| rank(known) >= rank(label)) {
            continue;
        }
        let Some(found) = reach(sheet, at, label.phrase) else { continue };
        let short = label.words <= 2 && label.phrase.len() < 18;
        if !short || stands_alone(sheet, &found) {
            best = Some((label, found));
        }
    }
    best
}

/// How far a phrase reaches from a token, if it stands there.
fn reach(sheet: &Sheet, at: usize, phrase: &str) -> Option<Found> {
    let allowed = allowance(phrase);
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
    })
}

/// Letters that may differ: none in short words, about one in eight in long phrases.
fn allowance(phrase: &str) -> usize {
    match phrase.len() {
        0..=6 => 0,
        7..=11 => 1,
        long => (long / 8).min(5),
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

/// Whether a short label is one: at the beginning of its chunk (a number or letter may precede it), and followed by a
/// colon, by room, or by nothing.
fn stands_alone(sheet: &Sheet, found: &Found) -> bool {
    let Some(chunk) = sheet.chunk_of(found.from) else { return false };
    let before = sheet.span(chunk.from, found.from);
    let last = sheet.tokens.get(found.to.saturating_sub(1));
    let colon = last.is_some_and(|token| token.text.ends_with([':', '#']));
    // "P.O." begins many an address.
    let tiny = sheet.plain(found.from, found.to).len() <= 3;
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
    let room = gap > 0.9 * height(&next.area);
    let aside = next.text.starts_with('(');
    (begins && (colon || room || aside)) || (colon && room)
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
        let distance = |area: &Rectangle| {
            let aside = (found.area.left - area.left).abs() - 30.0;
            found.area.top - area.top + 0.8 * aside.max(0.0)
        };
        let above =
            anchors.iter().filter(|(_, page, area)| *page == found.page && area.top <= found.area.top + 3.0);
        let nearest =
            above.reduce(|one, other| if distance(&other.2) <= distance(&one.2) { other } else { one });
        nearest.is_some_and(|(seller, ..)| *seller)
    };
    let field = |announces: Announces, found: &Found| match announces {
        Announces::Value(field) => field,
        Announces::SellerPart | Announces::PurchaserPart => Field::Other,
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
    raw.into_iter().zip(fields).map(|((_, found), field)| Found { field, ..found }).collect()
}
