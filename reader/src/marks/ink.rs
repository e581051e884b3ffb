//! Ink that is neither a word nor a line of the form: signatures, stamps, drawings.
//!
//! What is known is wiped away first. The rest is looked at in squares of one point, and squares near each other make one
//! piece, because a signature is many strokes. Pieces that are small are dust, and solid ones are shading.

use super::{in_pixels, in_points, lines::Rules};
use crate::{
    model::{Mark, MarkKind, Rectangle, Word},
    picture::bilevel::Bits,
};

/// How far apart strokes of one piece may be, in squares, across and down.
const APART: (usize, usize) = (8, 3);
/// Smallest piece, in squares that hold ink, and its smallest width and height in points.
const LEAST: usize = 24;
const LEAST_WIDTH: f32 = 12.0;
const LEAST_HEIGHT: f32 = 6.0;
/// A piece filled more than this is shading or a bar.
const SOLID: f32 = 0.8;
/// How far words and boxes reach beyond their places, in points.
const AROUND: f32 = 1.5;

/// Finds pieces of ink.
pub(super) fn find(
    mut bits: Bits,
    pixels_a_point: f32,
    words: &[Word],
    boxes: &[Rectangle],
    rules: &Rules,
) -> Vec<Mark> {
    for area in words.iter().map(|word| &word.area).chain(boxes) {
        let [left, top, right, bottom] = in_pixels(*area, AROUND, pixels_a_point, &bits);
        wipe(&mut bits, left, top, right, bottom);
    }
    for rule in &rules.level {
        wipe(&mut bits, rule.left, rule.top.saturating_sub(1), rule.right, rule.bottom + 1);
    }
    for rule in &rules.upright {
        wipe(&mut bits, rule.left.saturating_sub(1), rule.top, rule.right + 1, rule.bottom);
    }
    let squares = Squares::new(&bits, pixels_a_point);
    squares.pieces().into_iter().filter_map(|piece| mark(&piece, &squares)).collect()
}

fn wipe(bits: &mut Bits, left: usize, top: usize, right: usize, bottom: usize) {
    let right = right.min(bits.width);
    for y in top..bottom.min(bits.height) {
        if let Some(part) = bits.ink.get_mut(y * bits.width + left.min(right)..y * bits.width + right) {
            part.fill(false);
        }
    }
}

/// Which squares hold ink.
struct Squares {
    columns: usize,
    rows: usize,
    side: usize,
    pixels_a_point: f32,
    full: Vec<bool>,
}

impl Squares {
    fn new(bits: &Bits, pixels_a_point: f32) -> Self {
        let side = (pixels_a_point.round() as usize).max(1);
        let (columns, rows) = (bits.width.div_ceil(side), bits.height.div_ceil(side));
        let mut counts = vec![0_u16; columns * rows];
        for y in 0..bits.height {
            for (x, ink) in bits.row(y).iter().enumerate() {
                if *ink && let Some(count) = counts.get_mut(y / side * columns + x / side) {
                    *count += 1;
                }
            }
        }
        // A single pixel may be noise.
        let least = if side > 1 { 2 } else { 1 };
        Self {
            columns,
            rows,
            side,
            pixels_a_point,
            full: counts.into_iter().map(|count| count >= least).collect(),
        }
    }

    /// Squares that hang together, as numbers.
    fn pieces(&self) -> Vec<Vec<usize>> {
        let mut left = self.full.clone();
        let mut pieces = Vec::new();
        for start in 0..left.len() {
            if !left.get(start).copied().unwrap_or(false) {
                continue;
            }
            let mut piece = Vec::new();
            let mut open = vec![start];
            if let Some(square) = left.get_mut(start) {
                *square = false;
            }
            while let Some(index) = open.pop() {
                piece.push(index);
                let (x, y) = (index % self.columns, index / self.columns);
                for ny in y.saturating_sub(APART.1)..(y + APART.1 + 1).min(self.rows) {
                    for nx in x.saturating_sub(APART.0)..(x + APART.0 + 1).min(self.columns) {
                        let near = ny * self.columns + nx;
                        if let Some(square) = left.get_mut(near)
                            && *square
                        {
                            *square = false;
                            open.push(near);
                        }
                    }
                }
            }
            pieces.push(piece);
        }
        pieces
    }
}

fn mark(piece: &[usize], squares: &Squares) -> Option<Mark> {
    if piece.len() < LEAST {
        return None;
    }
    let columns = piece.iter().map(|index| index % squares.columns);
    let rows = piece.iter().map(|index| index / squares.columns);
    let (left, right) = (columns.clone().min()?, columns.max()? + 1);
    let (top, bottom) = (rows.clone().min()?, rows.max()? + 1);
    let side = squares.side;
    let area = in_points(left * side, top * side, right * side, bottom * side, squares.pixels_a_point);
    let (width, height) = (area.right - area.left, area.bottom - area.top);
    let filled = piece.len() as f32 / ((right - left) * (bottom - top)).max(1) as f32;
    if width < LEAST_WIDTH || height < LEAST_HEIGHT || filled > SOLID {
        return None;
    }
    // A signature is wide and drawn with some length of line; dust and remains of letters are neither.
    let confidence = (0.4 + piece.len() as f32 / 400.0 + (width / 200.0).min(0.3)).min(0.95);
    Some(Mark { kind: MarkKind::Ink, area, confidence })
}
