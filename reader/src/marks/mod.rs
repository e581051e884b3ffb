//! What is drawn on a page beside words: check boxes, signatures and stamps, words struck out.
//!
//! Everything works on the black-and-white picture of a page that lies upright and straight, in pixels, and is handed
//! out in points. Boxes come first, because what stands in a box is no word; strikes come next, because they need the
//! words; ink is what is left when words, boxes and ruled lines are taken away.

use crate::{
    geometry::{overlap, scaled},
    limits::Limits,
    model::{Grey, Mark, Rectangle, Word},
    picture::bilevel::{Bits, threshold},
};

mod boxes;
mod ink;
mod lines;
mod strike;
mod words;

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
    marks.retain(|mark| !words.iter().any(|word| words::is_letter(mark.area, word, &bits, pixels_a_point)));
    words::take_out(&mut marks, words);
    let strikes = strike::find(&bits, pixels_a_point, words);
    let boxed: Vec<Rectangle> = marks.iter().map(|mark| mark.area).chain(places.iter().copied()).collect();
    marks.extend(strikes);
    marks.extend(ink::find(bits, pixels_a_point, words, &boxed, &rules));
    marks.truncate(limits.marks);
    marks
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
