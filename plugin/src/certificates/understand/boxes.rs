//! Check boxes that are ticked, and what they say.
//!
//! A box means what stands beside it. Captions are looked up in the rules by their words and never by their place or
//! letter alone, because revisions of a form shift both. Where no picture was looked at, an "X" before a known caption
//! counts as a ticked box, less surely.

use crate::certificates::rules::{BoxMeaning, Caption, captions};
use crate::certificates::understand::text::{Sheet, Token, height, overlap};
use crate::model::ocr::{MarkKind, Rectangle};

/// Widest gap between a box and its caption, in points.
const BESIDE: f32 = 40.0;
/// Shortest phrase that may stand within a caption rather than at its beginning.
const WITHIN: usize = 9;
/// How sure an "X" is that no picture confirms.
const TYPED: f32 = 0.8;

/// A ticked box.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticked {
    /// What it says; none if the caption is not known.
    pub meaning: Option<BoxMeaning>,
    /// Its caption as read.
    pub caption: String,
    /// What was written in the lines below it, up to the next box.
    pub below: String,
    /// Page, from 0.
    pub page: usize,
    /// Box and caption.
    pub area: Rectangle,
    /// 0 to 1: how surely it is ticked.
    pub confidence: f32,
}

/// All ticked boxes; `form` is the id of the form, or empty.
#[must_use]
pub fn ticked(sheet: &Sheet, form: &str) -> Vec<Ticked> {
    let marks = sheet.marks.iter().filter(|(_, mark)| mark.kind == MarkKind::TickedBox);
    let mut found: Vec<Ticked> = marks
        .map(|(page, mark)| {
            let tokens = caption(sheet, *page, &mark.area);
            let area = tokens.iter().map(|token| token.area).fold(mark.area, super::text::around);
            Ticked {
                meaning: meaning(&tokens, form),
                caption: words(&tokens),
                below: below(sheet, *page, &mark.area, &tokens),
                page: *page,
                area,
                confidence: mark.confidence,
            }
        })
        .collect();
    for token in sheet.tokens.iter().filter(|token| is_cross(&token.text)) {
        let boxed = sheet.marks.iter().any(|(page, mark)| {
            *page == token.page
                && overlap((mark.area.left, mark.area.right), (token.area.left, token.area.right)) > 0.3
                && overlap((mark.area.top, mark.area.bottom), (token.area.top, token.area.bottom)) > 0.3
        });
        let tokens = caption(sheet, token.page, &token.area);
        if let (false, Some(meaning)) = (boxed, meaning(&tokens, form)) {
            found.push(Ticked {
                meaning: Some(meaning),
                caption: words(&tokens),
                below: below(sheet, token.page, &token.area, &tokens),
                page: token.page,
                area: token.area,
                confidence: TYPED.min(token.confidence),
            });
        }
    }
    found
}

/// Words that are a tick: an "X" by itself or in brackets, and the signs for a ticked box.
fn is_cross(text: &str) -> bool {
    let bare = text.trim_matches(['[', ']', '(', ')', '_', '.']);
    matches!(bare, "X" | "x" | "☒" | "☑" | "✓" | "✔" | "✗" | "✘")
}

/// The words that belong to a box: right of it up to the next box, with the lines below them, else left of it.
fn caption<'s>(sheet: &'s Sheet, page: usize, area: &Rectangle) -> Vec<&'s Token> {
    let rows = (area.top, area.bottom);
    let on_row = |token: &&Token| {
        token.page == page
            && overlap(rows, (token.area.top, token.area.bottom)) > 0.4
            && !token.plain.is_empty()
    };
    let is_box = |kind: MarkKind| matches!(kind, MarkKind::EmptyBox | MarkKind::TickedBox);
    let next_box = sheet
        .marks
        .iter()
        .filter(|(on, mark)| {
            *on == page
                && is_box(mark.kind)
                && mark.area.left > area.right
                && overlap(rows, (mark.area.top, mark.area.bottom)) > 0.4
        })
        .map(|(_, mark)| mark.area.left)
        .fold(f32::MAX, f32::min);
    let mut right: Vec<&Token> = Vec::new();
    let mut edge = area.right;
    for token in sheet.tokens.iter().filter(on_row).filter(|token| token.area.left > area.right - 3.0) {
        let gap = token.area.left - edge;
        let wide = if right.is_empty() { BESIDE } else { 2.5 * height(&token.area) };
        if token.area.left >= next_box || gap > wide {
            break;
        }
        edge = token.area.right;
        right.push(token);
    }
    if let Some(first) = right.iter().find(|token| token.plain.len() > 2).or_else(|| right.first()).copied() {
        let chunks = sheet.chunks.iter().filter(|it| it.page == page && it.line > first.line).take(12);
        let mut bottom = first.area.bottom;
        for chunk in chunks.filter(|it| (it.area.left - first.area.left).abs() < 14.0).take(3) {
            let own_box = sheet.marks.iter().any(|(on, mark)| {
                *on == page
                    && is_box(mark.kind)
                    && overlap((mark.area.top, mark.area.bottom), (chunk.area.top, chunk.area.bottom)) > 0.4
                    && (mark.area.left - area.left).abs() < 14.0
            });
            // After a colon comes what was written, not more of the caption.
            let ended = right.last().is_some_and(|token| token.text.ends_with(':'));
            if own_box || ended || chunk.area.top - bottom > 0.8 * height(&chunk.area) {
                break;
            }
            bottom = chunk.area.bottom;
            right.extend(sheet.span(chunk.from, chunk.to));
        }
        return right;
    }
    let left = sheet.chunks.iter().find(|chunk| {
        let gap = area.left - chunk.area.right;
        chunk.page == page
            && overlap(rows, (chunk.area.top, chunk.area.bottom)) > 0.4
            && (-3.0..BESIDE).contains(&gap)
    });
    left.map_or_else(Vec::new, |chunk| sheet.span(chunk.from, chunk.to).iter().collect())
}

/// What stands behind the caption of a box and in the lines below it, up to the next box under it.
fn below(sheet: &Sheet, page: usize, area: &Rectangle, caption: &[&Token]) -> String {
    let under = sheet.marks.iter().filter(|(on, mark)| {
        *on == page
            && matches!(mark.kind, MarkKind::EmptyBox | MarkKind::TickedBox)
            && mark.area.top > area.bottom
            && (mark.area.left - area.left).abs() < 14.0
    });
    let next = under.map(|(_, mark)| mark.area.top).fold(area.bottom + 48.0, f32::min);
    let lines = sheet.chunks.iter().filter(|chunk| {
        let middle = f32::midpoint(chunk.area.top, chunk.area.bottom);
        chunk.page == page && middle > area.bottom && middle < next && chunk.area.left > area.left
    });
    let own = |token: &&Token| !caption.iter().any(|it| core::ptr::eq(*it, *token));
    let words = lines.take(4).flat_map(|chunk| sheet.span(chunk.from, chunk.to)).filter(own);
    let words: Vec<&str> = words.map(|token| token.text.as_str()).collect();
    words.join(" ")
}

fn words(tokens: &[&Token]) -> String {
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    words.join(" ").chars().take(200).collect()
}

/// What a caption says: it begins with the longest phrase, or holds it; a phrase of the form's own goes before.
fn meaning(tokens: &[&Token], form: &str) -> Option<BoxMeaning> {
    // A letter or number that counts the box is no part of its words.
    let start = usize::from(tokens.len() > 1 && tokens.first().is_some_and(|token| token.plain.len() <= 2));
    let text: String = tokens.iter().skip(start).map(|token| token.plain.as_str()).collect();
    let rank = |caption: &Caption| {
        let own = usize::from(!caption.form.is_empty());
        (begins_with(&text, caption.phrase), caption.phrase.len() + 4 * own)
    };
    let fits = |it: &Caption| (it.form.is_empty() || it.form == form) && stands_in(&text, it.phrase);
    let best = captions().filter(fits).max_by_key(rank)?;
    // A sentence that names several reasons is not decided by the longest word in it.
    let other = |it: Caption| matches!(it.meaning, BoxMeaning::Reason(_)) && it.meaning != best.meaning;
    let several = !begins_with(&text, best.phrase)
        && matches!(best.meaning, BoxMeaning::Reason(_))
        && captions().filter(fits).any(other);
    Some(if several { BoxMeaning::ReasonUnclear } else { best.meaning })
}

fn stands_in(text: &str, phrase: &str) -> bool {
    begins_with(text, phrase) || (phrase.len() >= WITHIN && text.contains(phrase))
}

/// Whether a text begins with a phrase, a misread letter in eight allowed.
fn begins_with(text: &str, phrase: &str) -> bool {
    if text.starts_with(phrase) {
        return true;
    }
    let begin: String = text.chars().take(phrase.len()).collect();
    phrase.len() >= 8 && strsim::levenshtein(&begin, phrase) <= phrase.len() / 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::understand::text::testing::{page, ticked as mark};

    #[test]
    fn a_box_means_what_stands_beside_it() {
        let mut reading = page(&[
            &[(80.0, "F"), (100.0, "Religious organization"), (320.0, "G"), (340.0, "Resale")],
            &[(80.0, "Single purchase certificate"), (320.0, "Blanket certificate")],
        ]);
        let empty = |row, left| crate::model::ocr::Mark { kind: MarkKind::EmptyBox, ..mark(row, left) };
        reading.pages[0].marks = vec![empty(0, 66.0), mark(0, 306.0), empty(1, 66.0), mark(1, 306.0)];
        let sheet = Sheet::new(&reading, 0, 1);
        let found: Vec<_> = ticked(&sheet, "").into_iter().map(|it| it.meaning).collect();
        assert_eq!(found, [Some(BoxMeaning::Reason('G')), Some(BoxMeaning::Blanket)]);
    }

    #[test]
    fn a_typed_cross_counts_where_no_box_was_seen() {
        let reading = page(&[&[(60.0, "X"), (80.0, "G"), (92.0, "Resale")], &[(60.0, "X"), (80.0, "Hello")]]);
        let found = ticked(&Sheet::new(&reading, 0, 1), "");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].meaning, found[0].confidence), (Some(BoxMeaning::Reason('G')), TYPED));
    }
}
