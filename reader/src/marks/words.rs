//! Words and boxes at the same place: which of the two it is, and what is left of the word.
//!
//! Recognition reads a cross as a letter, the edge of a box as a "1" and takes a box between two words into one of them;
//! and a bold letter can be as square as a box. Letters have a neighbour close by and boxes stand free, which tells them
//! apart; a word that is only the content or the edge of a box goes, and an edge in front of a word is cut off.

use super::in_pixels;
use crate::{
    geometry::{centre, common, overlap, size},
    model::{Mark, MarkKind, Rectangle, Word, WordSource},
    picture::bilevel::Bits,
};

/// White beside a box, and how far it is looked for, as shares of its side.
const WHITE: f32 = 0.3;
const NEAR: f32 = 0.5;
/// Largest side of a box, in points, that is there for a tick only and not for a letter to be written into.
const TICK_ONLY: f32 = 13.0;
/// What recognition reads when it sees the edge of a box.
const EDGES: [char; 9] = ['1', 'l', 'I', '|', ']', '[', ')', '}', '!'];

/// Whether what looks like a box is a letter of a word.
pub(super) fn is_letter(area: Rectangle, word: &Word, bits: &Bits, pixels_a_point: f32) -> bool {
    let side = area.right - area.left;
    let (x, y) = centre(area);
    let stands_in = x > word.area.left && x < word.area.right && y > word.area.top && y < word.area.bottom;
    if !stands_in || word.text.chars().count() < 3 {
        return false;
    }
    let after_start = area.left > word.area.left + 0.5 * side;
    let before_end = area.right < word.area.right - 0.5 * side;
    let like_a_box = |c: Option<char>| c.is_some_and(|c| reads_like_a_box(c.encode_utf8(&mut [0; 4])));
    // A box that was read into a word shows at its end as something like a box.
    let spelt = word.source == WordSource::TextLayer
        || !(after_start || like_a_box(word.text.chars().next()))
        || !(before_end || like_a_box(word.text.chars().next_back()));
    let (left, right) =
        (is_white(area, true, bits, pixels_a_point), is_white(area, false, bits, pixels_a_point));
    if after_start && before_end {
        !(left && right)
    } else {
        spelt && !(if after_start { left } else { right })
    }
}

/// Whether there is white beside a box, on its left or on its right.
fn is_white(area: Rectangle, on_the_left: bool, bits: &Bits, pixels_a_point: f32) -> bool {
    let [left, top, right, bottom] = in_pixels(area, 0.0, pixels_a_point, bits);
    let side = (right.saturating_sub(left)) as f32;
    let (near, wanted) = ((NEAR * side) as usize, (WHITE * side) as usize);
    // Specks are no neighbours.
    let most = bottom.saturating_sub(top) / 12;
    let mut white = 0;
    for step in 1..=near + wanted {
        let column = if on_the_left { left.checked_sub(step + 1) } else { Some(right + step) };
        let ink = column.map_or(0, |column| bits.count(column, top, column + 1, bottom));
        white = if ink <= most { white + 1 } else { 0 };
        if white >= wanted.max(2) {
            return true;
        }
    }
    false
}

/// Takes words out that are only what is in a box or around it. A single character that is no kind of tick stays and
/// makes its box doubtful, since the box may be a place to write into.
pub(super) fn take_out(marks: &mut [Mark], words: &mut Vec<Word>) {
    words.retain_mut(|word| {
        let over = marks.iter_mut().find(|mark| common(mark.area, word.area) > 0.0 && is_at(mark.area, word));
        let Some(mark) = over else { return true };
        if is_content(mark, word) {
            return false;
        }
        cut_edge(mark.area, word);
        let inside = common(mark.area, word.area) / size(word.area).max(0.1);
        let (x, y) = centre(word.area);
        let centred = x > mark.area.left && x < mark.area.right && y > mark.area.top && y < mark.area.bottom;
        if centred && inside > 0.5 && word.text.chars().count() == 1 && mark.kind == MarkKind::TickedBox {
            mark.confidence = mark.confidence.min(0.5);
        }
        true
    });
}

/// Whether a word lies over a box or begins in it.
fn is_at(area: Rectangle, word: &Word) -> bool {
    let (_, y) = centre(word.area);
    let begins = word.area.left > area.left && word.area.left < area.right && y > area.top && y < area.bottom;
    overlap(area, word.area) > 0.4 || begins
}

/// Whether a word is only what was made of a box and its tick.
fn is_content(mark: &Mark, word: &Word) -> bool {
    let (area, of_word) = (mark.area, word.area);
    let over = overlap(area, of_word) > 0.4;
    if over && reads_like_a_box(&word.text) && size(of_word) < 4.0 * size(area) {
        return true;
    }
    let inside = common(area, of_word) / size(of_word).max(0.1);
    let side = area.right - area.left;
    if inside < 0.6 || word.text.chars().count() > 2 || side > TICK_ONLY {
        return false;
    }
    let is_edge = of_word.right - of_word.left < 0.35 * side && word.text.chars().all(|c| EDGES.contains(&c));
    let is_empty = mark.kind == MarkKind::EmptyBox && mark.confidence >= 0.8;
    is_edge || is_empty || reads_like_a_tick(&word.text)
}

/// Cuts the right edge of a box off the word that follows it.
fn cut_edge(area: Rectangle, word: &mut Word) {
    let side = area.right - area.left;
    let begins_at_edge = word.area.left > area.right - 0.3 * side && word.area.left < area.right;
    let mut rest = word.text.chars();
    if begins_at_edge
        && word.source == WordSource::Recognition
        && word.area.right > area.right + 0.3 * side
        && rest.next().is_some_and(|c| EDGES.contains(&c))
        && !rest.as_str().is_empty()
    {
        word.text = rest.as_str().to_owned();
        word.area.left = area.right;
    }
}

fn reads_like_a_box(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| "[](){}|".contains(c));
    const SIGNS: [&str; 31] = [
        "", "X", "x", "×", "O", "o", "0", "D", "V", "v", "✓", "✔", "√", "✗", "✘", "☐", "☑", "☒", "□", "■",
        "▢", "*", "+", "/", "\\", "-", "XX", "図", "区", "口", "回",
    ];
    SIGNS.contains(&bare)
}

/// What crosses, check marks and blots are read as besides.
fn reads_like_a_tick(text: &str) -> bool {
    const SIGNS: [&str; 28] = [
        "1", "l", "I", "i", "L", "J", "j", "r", "Y", "y", "7", "4", "K", "k", "N", "M", "W", "w", "U", "u",
        "A", "vi", "M.", ".", "•", "●", "▪", "✕",
    ];
    reads_like_a_box(text) || SIGNS.contains(&text)
}
