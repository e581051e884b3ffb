//! What is drawn on a page beside words: check boxes, signatures and stamps, words struck out.
//!
//! Everything works on the black-and-white picture of a page that lies upright and straight, in pixels, and is handed
//! out in points. Boxes come first, because what stands in a box is no word; strikes come next, because they need the
//! words; ink is what is left when words, boxes and ruled lines are taken away.

use crate::{
    geometry::{centre, common, overlap, scaled, size},
    limits::Limits,
    model::{Grey, Mark, MarkKind, Rectangle, Word},
    picture::bilevel::{Bits, threshold},
};

mod boxes;
mod ink;
mod lines;
mod strike;

/// How far the neighbourhood of a pixel reaches, in points.
const REACH: f32 = 6.0;

/// Finds the marks of a page, and drops words that are only the content of a box. `places` are form fields, whose boxes
/// are told by the form itself.
pub(crate) fn find(
    picture: &Grey,
    pixels_a_point: f32,
    words: &mut Vec<Word>,
    places: &[Rectangle],
    limits: &Limits,
) -> Vec<Mark> {
    let bits = threshold(picture, (REACH * pixels_a_point).ceil() as usize);
    let rules = lines::find(&bits, pixels_a_point);
    let mut marks = boxes::find(&bits, pixels_a_point);
    marks.retain(|mark| !places.iter().any(|place| overlap(*place, mark.area) > 0.5));
    marks.retain(|mark| !words.iter().any(|word| is_letter_of(mark.area, word)));
    take_words_out_of_boxes(&mut marks, words);
    let strikes = strike::find(&bits, pixels_a_point, words);
    let boxed: Vec<Rectangle> = marks.iter().map(|mark| mark.area).chain(places.iter().copied()).collect();
    marks.extend(strikes);
    marks.extend(ink::find(bits, pixels_a_point, words, &boxed, &rules));
    marks.truncate(limits.marks);
    marks
}

/// Whether what looks like a box is a letter in the middle of a word.
fn is_letter_of(area: Rectangle, word: &Word) -> bool {
    let side = area.right - area.left;
    let (_, y) = centre(area);
    word.text.chars().count() >= 3
        && area.left > word.area.left + 0.5 * side
        && area.right < word.area.right - 0.5 * side
        && y > word.area.top
        && y < word.area.bottom
}

/// A word over a box is its content if it reads like a cross, a tick or the box itself; any other single character in a
/// box makes the box doubtful, since it may be a place to write into.
fn take_words_out_of_boxes(marks: &mut [Mark], words: &mut Vec<Word>) {
    words.retain(|word| {
        let over = marks.iter_mut().find(|mark| overlap(mark.area, word.area) > 0.4);
        let Some(mark) = over else { return true };
        let inside = common(mark.area, word.area) / size(word.area).max(0.1);
        if reads_like_a_box(&word.text) && size(word.area) < 4.0 * size(mark.area) {
            return false;
        }
        let (x, y) = centre(word.area);
        let centred = x > mark.area.left && x < mark.area.right && y > mark.area.top && y < mark.area.bottom;
        if centred && inside > 0.5 && word.text.chars().count() == 1 && mark.kind == MarkKind::TickedBox {
            mark.confidence = mark.confidence.min(0.5);
        }
        true
    });
}

fn reads_like_a_box(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| "[](){}|".contains(c));
    matches!(
        bare,
        "" | "X"
            | "x"
            | "×"
            | "O"
            | "o"
            | "0"
            | "D"
            | "V"
            | "v"
            | "✓"
            | "✔"
            | "√"
            | "✗"
            | "✘"
            | "☐"
            | "☑"
            | "☒"
            | "□"
            | "■"
            | "▢"
            | "*"
            | "+"
            | "/"
            | "\\"
            | "-"
            | "XX"
            | "図"
            | "区"
            | "口"
    )
}

/// A place in pixels, as points.
fn in_points(left: usize, top: usize, right: usize, bottom: usize, pixels_a_point: f32) -> Rectangle {
    let area = Rectangle { left: left as f32, top: top as f32, right: right as f32, bottom: bottom as f32 };
    scaled(area, 1.0 / pixels_a_point)
}

/// A place in points, as whole pixels within the picture: left, top, right, bottom.
fn in_pixels(area: Rectangle, grow: f32, pixels_a_point: f32, bits: &Bits) -> [usize; 4] {
    let at = |value: f32, most: usize| ((value * pixels_a_point).round().max(0.0) as usize).min(most);
    [
        at(area.left - grow, bits.width),
        at(area.top - grow, bits.height),
        at(area.right + grow, bits.width),
        at(area.bottom + grow, bits.height),
    ]
}

#[cfg(test)]
mod tests;
