//! Check boxes: small closed squares, and whether something was put into them.
//!
//! A box is an upper and a lower edge of the same length, as far apart as they are long, with ink all along both sides.
//! What lies well inside the frame decides: nothing, a cross or tick that spans it, or something between, which is
//! handed out with little confidence instead of being guessed.

use super::{
    in_points,
    lines::{Run, runs, thickened},
};
use crate::{
    geometry::overlap,
    model::{Mark, MarkKind, Rectangle},
    picture::bilevel::Bits,
};

/// Side of a box in points, from outer edge to outer edge.
const SMALLEST: f32 = 6.3;
const LARGEST: f32 = 21.0;
/// Thickest frame in points.
const THICKEST: f32 = 2.6;
/// Thickest frame as a share of the side: closed letters are drawn thicker for their size.
const BOLDEST: f32 = 0.17;
/// Pixels that blur and the grid of pixels add to the thickness of a line.
const BLUR: f32 = 1.0;
/// Share of a side that has to be drawn.
const DRAWN: f32 = 0.82;
/// Pixels around a frame within which its sides are looked for.
const SLACK: usize = 2;
/// Most boxes of a page.
const MAX_BOXES: usize = 600;

/// Finds boxes from the top of the page to its bottom.
pub(super) fn find(bits: &Bits, pixels_a_point: f32) -> Vec<Mark> {
    let pixels = |points: f32| points * pixels_a_point;
    let (smallest, largest) = (pixels(SMALLEST) as usize, pixels(LARGEST).ceil() as usize);
    // A tick may stick out of its box and lengthen an edge a little.
    let mut edges = thickened(runs(bits, smallest, largest + largest / 4, 2));
    edges.retain(|edge| (edge.bottom - edge.top) as f32 <= pixels(THICKEST).max(3.0));
    edges.sort_by_key(|edge| edge.top);
    let mut found: Vec<(Mark, Rectangle)> = Vec::new();
    for (index, upper) in edges.iter().enumerate() {
        for lower in edges.iter().skip(index + 1) {
            let height = lower.bottom - upper.top;
            if height > largest {
                break;
            }
            if height < smallest || found.len() >= MAX_BOXES {
                continue;
            }
            let Some(frame) = frame(bits, upper, lower, pixels_a_point) else { continue };
            let area = in_points(frame.left, frame.top, frame.right, frame.bottom, pixels_a_point);
            if found.iter().any(|(_, other)| overlap(*other, area) > 0.3) {
                continue;
            }
            let (kind, confidence) = content(bits, &frame);
            found.push((Mark { kind, area, confidence }, area));
        }
    }
    found.into_iter().map(|(mark, _)| mark).collect()
}

/// A frame: its outer edges, and how thick it is drawn. Of two sides across from each other the thinner one counts,
/// because a tick may lie along the other; letters are thick on both.
struct Frame {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    thick: usize,
}

fn frame(bits: &Bits, upper: &Run, lower: &Run, pixels_a_point: f32) -> Option<Frame> {
    let tolerance = (1.3 * pixels_a_point).max(2.0) as usize;
    let (left, right) = (upper.left.max(lower.left), upper.right.min(lower.right));
    let (outer_left, outer_right) = (upper.left.min(lower.left), upper.right.max(lower.right));
    let width = right.checked_sub(left)?;
    let height = lower.bottom - upper.top;
    let loose = 2 * tolerance;
    let square = (0.78..=1.28).contains(&(width as f32 / height as f32));
    if !square || left - outer_left > loose || outer_right - right > loose {
        return None;
    }
    // Where exactly the sides stand shows by ink from top to bottom.
    let rows = upper.bottom..lower.top;
    if rows.len() < 3 {
        return None;
    }
    let drawn = |column: usize| {
        let with = |y: &usize| bits.at(column, *y) || bits.at(column + 1, *y);
        rows.clone().filter(with).count() as f32 / rows.len() as f32
    };
    let side = |around: usize| {
        let columns = around.saturating_sub(tolerance)..=around + tolerance;
        columns
            .map(|column| (column, drawn(column)))
            .filter(|(_, share)| *share >= DRAWN)
            .map(|(column, _)| column)
    };
    let left_side = side(upper.left.max(lower.left)).min()?;
    let right_side = side(upper.right.min(lower.right).saturating_sub(2)).max()? + 1;
    if right_side <= left_side + width / 2 {
        return None;
    }
    // The upper and lower edge are closed as well.
    let closed = |run: &Run| {
        let with = |x: &usize| (run.top..run.bottom).any(|y| bits.at(*x, y));
        (left_side..right_side).filter(with).count() as f32 >= DRAWN * (right_side - left_side) as f32
    };
    if !closed(upper) || !closed(lower) {
        return None;
    }
    // Letters that are closed all around have round corners.
    let corner = (1.2 * pixels_a_point).max(2.0) as usize;
    let at_corners = [left_side, right_side.saturating_sub(corner)]
        .into_iter()
        .flat_map(|x| [upper.top, lower.bottom.saturating_sub(corner)].map(|y| (x, y)))
        .all(|(x, y)| bits.count(x, y, x + corner + 1, y + corner) * 5 >= corner * 2);
    if !at_corners {
        return None;
    }
    let frame = measured(bits, [left_side, upper.top, right_side + 1, lower.bottom])?;
    let (width, height) = (frame.right - frame.left, frame.bottom - frame.top);
    let square = (0.78..=1.28).contains(&(width as f32 / height as f32));
    let boldest = BOLDEST * width.min(height) as f32 + BLUR;
    (square && frame.thick as f32 <= boldest).then_some(frame)
}

/// Where exactly the sides stand and how thick they are: the middle one of what the rows and columns say, since a tick
/// may cross a side here and there.
fn measured(bits: &Bits, [left, top, right, bottom]: [usize; 4]) -> Option<Frame> {
    let (wide, high) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
    let rows = || top + high / 5..bottom - high / 5;
    let columns = || left + wide / 5..right - wide / 5;
    let reach = (wide.min(high) / 2).max(1);
    // From a little outside to the middle: where ink begins and how far it goes.
    let walk = |ink: &dyn Fn(usize) -> bool| -> Option<(usize, usize)> {
        let start = (0..SLACK + reach).find(|step| ink(*step))?;
        let deep = (start..start + reach).take_while(|step| ink(*step)).count();
        Some((start, deep))
    };
    let outer = |edge: usize| edge.saturating_sub(SLACK);
    let beyond = |edge: usize, step: usize| (edge + SLACK).saturating_sub(step + 1);
    let from_left = median(rows().map(|y| walk(&|step| bits.at(outer(left) + step, y))))?;
    let from_right = median(rows().map(|y| walk(&|step| bits.at(beyond(right, step), y))))?;
    let from_top = median(columns().map(|x| walk(&|step| bits.at(x, outer(top) + step))))?;
    let from_bottom = median(columns().map(|x| walk(&|step| bits.at(x, beyond(bottom, step)))))?;
    let thick = from_left.1.min(from_right.1).max(from_top.1.min(from_bottom.1));
    let frame = Frame {
        left: outer(left) + from_left.0,
        top: outer(top) + from_top.0,
        right: (right + SLACK).saturating_sub(from_right.0),
        bottom: (bottom + SLACK).saturating_sub(from_bottom.0),
        thick,
    };
    (frame.left + 3 < frame.right && frame.top + 3 < frame.bottom).then_some(frame)
}

/// The medians of two numbers, each for itself.
fn median(found: impl Iterator<Item = Option<(usize, usize)>>) -> Option<(usize, usize)> {
    let (mut starts, mut depths): (Vec<usize>, Vec<usize>) = found.flatten().unzip();
    starts.sort_unstable();
    depths.sort_unstable();
    Some((*starts.get(starts.len() / 2)?, *depths.get(depths.len() / 2)?))
}

/// What is in a box, and how sure that is.
fn content(bits: &Bits, frame: &Frame) -> (MarkKind, f32) {
    let side = (frame.right - frame.left).min(frame.bottom - frame.top);
    let inset = (frame.thick + 1).max(side / 9).max(2).min(side / 3);
    let (left, right) = (frame.left + inset, frame.right.saturating_sub(inset));
    let (top, bottom) = (frame.top + inset, frame.bottom.saturating_sub(inset));
    let inside = (right.saturating_sub(left) * bottom.saturating_sub(top)).max(1);
    let share = bits.count(left, top, right, bottom) as f32 / inside as f32;
    let columns = (left..right).filter(|x| bits.count(*x, top, *x + 1, bottom) > 0).count();
    let rows = (top..bottom).filter(|y| bits.count(left, *y, right, *y + 1) > 0).count();
    let span =
        (columns as f32 / (right - left).max(1) as f32).max(rows as f32 / (bottom - top).max(1) as f32);
    match share {
        _ if share < 0.012 => (MarkKind::EmptyBox, 0.99),
        _ if share < 0.03 => (MarkKind::EmptyBox, if span < 0.35 { 0.85 } else { 0.6 }),
        _ if share < 0.07 && span < 0.55 => (MarkKind::EmptyBox, 0.55),
        _ if share < 0.07 => (MarkKind::TickedBox, 0.65),
        _ if span < 0.4 => (MarkKind::EmptyBox, 0.5),
        _ if share < 0.12 => (MarkKind::TickedBox, 0.85),
        _ if share > 0.9 => (MarkKind::TickedBox, 0.8),
        _ => (MarkKind::TickedBox, 0.97),
    }
}
