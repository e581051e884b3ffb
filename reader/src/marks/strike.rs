//! Words that are struck out.
//!
//! A line through a word covers it from end to end at half its height. Letters have strokes there too, but with gaps
//! between them. So for each word the best nearly level line through its middle third is looked for, and if ink follows
//! it all the way and a little beyond, the word is struck.

use super::in_pixels;
use crate::{
    geometry::union,
    model::{Mark, MarkKind, Word},
    picture::bilevel::Bits,
};

/// Share of the line that has to be ink.
const COVERED: f32 = 0.94;
/// A word narrower than this share of its height has too few gaps to tell.
const NARROW: f32 = 1.2;
/// A word with more ink than this is white on black.
const MOSTLY_INK: f32 = 0.6;
/// How far above the foot of a word a strike stays, as a share of the word's height.
const LOWEST: f32 = 0.36;
/// How far a line may fall or rise over its length.
const SLOPES: [f32; 7] = [0.0, -0.012, 0.012, -0.03, 0.03, -0.06, 0.06];

/// Finds lines through words; neighbours on a line give one mark.
pub(super) fn find(bits: &Bits, pixels_a_point: f32, words: &[Word]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut before: Option<usize> = None;
    for (index, word) in words.iter().enumerate() {
        let Some(share) = covered(bits, pixels_a_point, word) else { continue };
        let confidence = ((share - COVERED) / (1.0 - COVERED) * 0.35 + 0.6).clamp(0.6, 0.95);
        match marks.last_mut() {
            Some(mark) if before == index.checked_sub(1) && same_line(mark.area, word.area) => {
                mark.area = union(mark.area, word.area);
                mark.confidence = mark.confidence.max(confidence);
            }
            _ => marks.push(Mark { kind: MarkKind::Strike, area: word.area, confidence }),
        }
        before = Some(index);
    }
    marks
}

fn same_line(a: crate::model::Rectangle, b: crate::model::Rectangle) -> bool {
    a.top < b.bottom && b.top < a.bottom && b.left - a.right < 2.0 * (b.bottom - b.top)
}

/// The share of ink along the best line through the middle of a word, if it is enough for a strike.
fn covered(bits: &Bits, pixels_a_point: f32, word: &Word) -> Option<f32> {
    let [left, top, right, bottom] = in_pixels(word.area, 0.0, pixels_a_point, bits);
    let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
    if height < 6 || (width as f32) < NARROW * height as f32 {
        return None;
    }
    let filled = bits.count(left, top, right, bottom) as f32 / (width * height).max(1) as f32;
    if filled > MOSTLY_INK {
        return None;
    }
    // A little beyond the word on both sides: a pen does not stop at the last letter.
    let beyond = height / 4;
    let (left, right) = (left.saturating_sub(beyond), (right + beyond).min(bits.width));
    let thirds = top + height / 3..=bottom.saturating_sub((height as f32 * LOWEST) as usize);
    let mut best = 0.0_f32;
    for start in thirds {
        for slope in SLOPES {
            let middle = (left + right) as f32 / 2.0;
            // The ends stay within the letters: a line on which they stand falls out of them.
            let rise = (right as f32 - middle) * slope.abs();
            if start as f32 + rise > bottom as f32 - height as f32 * LOWEST {
                continue;
            }
            let on = |x: &usize| {
                let y = (start as f32 + (*x as f32 - middle) * slope).round().max(0.0) as usize;
                bits.at(*x, y) || bits.at(*x, y + 1)
            };
            let share = (left..right).filter(on).count() as f32 / (right - left).max(1) as f32;
            best = best.max(share);
        }
    }
    (best >= COVERED).then_some(best)
}
