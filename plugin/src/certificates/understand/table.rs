//! The table of a multi-state form: a state, and beside it the purchaser's number in that state.
//!
//! Only rows with a number count; a form that lists thirty states and has two numbers covers two. Tables come in one
//! column or several, so every chunk that is nothing but a state is looked at, wherever it stands.

use crate::certificates::understand::numbers;
use crate::certificates::understand::text::{Chunk, Sheet, height};
use crate::geography;
use crate::model::ocr::Rectangle;

/// Fewest digits of a number.
const DIGITS: usize = 4;
/// Lines from one row of a table to the next, at most.
const ROWS_APART: usize = 3;
/// Farthest a number may stand right of its state, in points.
const FARTHEST: f32 = 160.0;

/// A row with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// "WI".
    pub region: String,
    /// Number as read, cleaned.
    pub number: String,
    /// Page, from 0.
    pub page: usize,
    /// State and number.
    pub area: Rectangle,
    /// 0 to 1: the least sure word.
    pub confidence: f32,
}

/// Tokens of the table, its rows without a number included; none if the sheet has no such table.
#[must_use]
pub fn tokens(sheet: &Sheet) -> Option<(usize, usize)> {
    let head = head(sheet)?;
    let line = |at: usize| sheet.tokens.get(at).map_or(usize::MAX, |token| token.line);
    let mut end = head;
    for at in head..sheet.tokens.len() {
        if line(at) > line(end.saturating_sub(1)) + ROWS_APART {
            break;
        }
        if state_cell(sheet, at).is_some() {
            end = sheet.line_end(at);
        }
    }
    (end > head).then_some((head, end))
}

/// Rows with a number, in order; a state that stands there twice comes twice. Empty if the sheet has no such table.
#[must_use]
pub fn rows(sheet: &Sheet) -> Vec<Row> {
    let Some(head) = head(sheet) else { return Vec::new() };
    let mut found = Vec::new();
    for at in head..sheet.tokens.len() {
        let Some((region, after)) = state_cell(sheet, at) else { continue };
        let Some(own) = sheet.tokens.get(at) else { continue };
        let end = sheet.line_end(at);
        let next = (after..end).find(|other| state_cell(sheet, *other).is_some()).unwrap_or(end);
        let mut to = after;
        let mut edge = sheet.area(at, after).right;
        for token in sheet.span(after, next) {
            if token.area.left - edge > if to == after { FARTHEST } else { 4.0 * height(&token.area) } {
                break;
            }
            edge = token.area.right;
            to += 1;
        }
        // A letter behind the number repeats the reason; it is no part of it.
        let lone =
            |token: usize| sheet.tokens.get(token).is_some_and(|it| it.plain.len() == 1 && !digit(&it.plain));
        if to > after + 1 && lone(to - 1) {
            to -= 1;
        }
        let number = numbers::cleaned(&sheet.text(after, to));
        if number.chars().filter(char::is_ascii_digit).count() >= DIGITS {
            let confidence = sheet.confidence(at, to);
            found.push(Row { region, number, page: own.page, area: sheet.area(at, to), confidence });
        }
    }
    found
}

/// The first token after the line that says "State … number".
fn head(sheet: &Sheet) -> Option<usize> {
    (0..sheet.tokens.len()).find_map(|at| {
        let token = sheet.tokens.get(at)?;
        let alone = |chunk: &Chunk| chunk.from == at && chunk.to == at + 1;
        let heads = token.plain == "state" && sheet.chunk_of(at).is_some_and(alone);
        if !heads {
            return None;
        }
        let end = sheet.line_end(at);
        let line = sheet.plain(at, end);
        let numbered = ["number", "registration", "permit"].iter().any(|word| line.contains(word));
        numbered.then_some(end)
    })
}

/// A state that stands by itself at the beginning of a chunk: its code or name, and the token after it.
fn state_cell(sheet: &Sheet, at: usize) -> Option<(String, usize)> {
    let chunk = sheet.chunk_of(at)?;
    let first = sheet.tokens.get(at)?;
    // A number to count the row, or a box, may stand before it.
    let begins = chunk.from == at || (chunk.from + 1 == at && sheet.tokens.get(chunk.from)?.plain.len() <= 2);
    if !begins {
        return None;
    }
    let code = first.text.trim_matches(['.', ':', '*', '|']);
    let upper = code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
    if let Some(region) = Some(code).filter(|_| upper).and_then(|code| geography::region("US", code)) {
        return Some((region, at + 1));
    }
    // A full name has one to three words, all of them in one row.
    (1..=3).find_map(|count| {
        let to = (at + count).min(chunk.to);
        let name = sheet.text(at, to);
        let region = Some(name.trim_matches(['.', ':', '*'])).filter(|name| name.len() > 3)?;
        geography::region("US", region).map(|region| (region, to))
    })
}

fn digit(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::understand::text::testing::page;

    #[test]
    fn rows_with_a_number_count_in_every_column() {
        let reading = page(&[
            &[(54.0, "OH 99999 stands above the table")],
            &[(60.0, "State"), (120.0, "Identification number"), (320.0, "State"), (360.0, "Number")],
            &[(60.0, "WI"), (120.0, "456-1020058817-03"), (320.0, "MI"), (360.0, "77-1234 G")],
            &[(60.0, "AL"), (320.0, "North Carolina"), (420.0, "600123456")],
            &[(60.0, "CA"), (120.0, "SR KHO 100-482915")],
        ]);
        let rows = rows(&Sheet::new(&reading, 0, 1));
        let found: Vec<_> = rows.iter().map(|row| (row.region.as_str(), row.number.as_str())).collect();
        assert_eq!(
            found,
            [
                ("WI", "456-1020058817-03"),
                ("MI", "77-1234"),
                ("NC", "600123456"),
                ("CA", "SR KHO 100-482915")
            ]
        );
    }
}
