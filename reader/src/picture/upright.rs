//! How a page has to be turned so that its lines of writing run level.
//!
//! Writing is made of lines. Seen along them, the lower edges of letters pile up at a few heights; seen at any other
//! angle they spread. So the angle at which they pile up most is that of the lines, and comparing rows with columns tells
//! a page that lies on its side. Whether it stands on its head cannot be told this way; reading it tells.

use super::{
    bilevel::{Bits, threshold},
    quarter_turns, scale,
};
use crate::model::Grey;

/// Long side of the small copy that is measured.
const SMALL: u32 = 1100;
/// Largest skew that is looked for, in degrees.
const MOST: f32 = 8.0;
/// A skew below this is not worth the blur of turning.
pub(crate) const LEAST: f32 = 0.15;
/// How much better columns have to pile up than rows before a page is turned on its side.
const CLEARLY: f32 = 1.25;
/// Most edges that are measured.
const MAX_EDGES: usize = 60_000;

/// How a page lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lie {
    /// Whether its lines run up and down.
    pub(crate) on_its_side: bool,
    /// Degrees by which it has to be turned clockwise, besides quarter turns.
    pub(crate) skew: f32,
    /// Whether rows and columns pile up nearly alike, so that `on_its_side` may be wrong.
    pub(crate) doubtful: bool,
}

/// Measures how a page lies.
pub(crate) fn lie(picture: &Grey) -> Lie {
    let small = scale::within(picture, SMALL);
    let bits = threshold(&small, 10);
    let transposed = bits.transposed();
    let (level, upright) = (best(&bits, true).1, best(&transposed, true).1);
    let on_its_side = upright > level * CLEARLY;
    let doubtful = bits.ink.iter().filter(|ink| **ink).count() < 500
        || (0.8..CLEARLY).contains(&(upright / level.max(1e-6)));
    // Ruled lines help to find the angle, so here they count.
    let angle = if on_its_side {
        let turned = threshold(&scale::within(&quarter_turns(&small, 1), SMALL), 10);
        best(&turned, false).0
    } else {
        best(&bits, false).0
    };
    let skew = if angle.abs() < LEAST { 0.0 } else { -angle };
    Lie { on_its_side, skew, doubtful }
}

/// The angle at which lower or upper edges pile up most, whichever do so more: a page may stand on its head.
fn best(bits: &Bits, without_rules: bool) -> (f32, f32) {
    let (lower, upper) =
        (best_angle(&edges(bits, without_rules, true)), best_angle(&edges(bits, without_rules, false)));
    if upper.1 > lower.1 { upper } else { lower }
}

/// The lower or upper edges of what is drawn.
struct Edges {
    points: Vec<(f32, f32)>,
    height: f32,
    width: f32,
}

fn edges(bits: &Bits, without_rules: bool, lower: bool) -> Edges {
    let mut points = Vec::new();
    // A run longer than this is a ruled line or the edge of a picture.
    let longest = if without_rules { (bits.width / 18).max(24) } else { usize::MAX };
    for y in 1..bits.height.saturating_sub(1) {
        let beside = if lower { y + 1 } else { y - 1 };
        let mut start = None;
        for x in 0..=bits.width {
            let is_edge = x < bits.width && bits.at(x, y) && !bits.at(x, beside);
            match (is_edge, start) {
                (true, None) => start = Some(x),
                (false, Some(from)) => {
                    if x - from <= longest {
                        points.extend((from..x).map(|x| (x as f32, y as f32)));
                    }
                    start = None;
                }
                _ => {}
            }
        }
    }
    let step = points.len().div_ceil(MAX_EDGES).max(1);
    let points = points.into_iter().step_by(step).collect();
    Edges { points, height: bits.height as f32, width: bits.width as f32 }
}

/// The angle at which edges pile up most, in degrees (positive where lines fall to the right), and how much they do.
fn best_angle(edges: &Edges) -> (f32, f32) {
    if edges.points.len() < 50 {
        return (0.0, 0.0);
    }
    let mut bins = Vec::new();
    let mut best = (0.0, pile(edges, 0.0, &mut bins));
    // Half degrees first, then finer around the best; level wins where all is alike.
    for (step, reach) in [(0.5, MOST), (0.1, 0.4), (0.03, 0.09)] {
        let middle: f32 = best.0;
        let count = (reach / step).round() as i32;
        for index in -count..=count {
            let angle = middle + step * index as f32;
            let score = pile(edges, angle, &mut bins);
            if score > best.1 * 1.002 && angle.abs() <= MOST + 0.5 {
                best = (angle, score);
            }
        }
    }
    best
}

/// How unevenly edges spread over lines of this angle.
fn pile(edges: &Edges, degrees: f32, bins: &mut Vec<f32>) -> f32 {
    let slope = degrees.to_radians().tan();
    let shift = (edges.width * slope).max(0.0);
    let count = (edges.height + edges.width * slope.abs()) as usize + 3;
    bins.clear();
    bins.resize(count, 0.0);
    for (x, y) in &edges.points {
        let at = y - x * slope + shift;
        // Shared between two lines, so that level pages have no advantage over others.
        let (low, share) = (at.floor(), at - at.floor());
        let low = low as usize;
        if let Some(bin) = bins.get_mut(low) {
            *bin += 1.0 - share;
        }
        if let Some(bin) = bins.get_mut(low + 1) {
            *bin += share;
        }
    }
    let total: f32 = bins
        .windows(2)
        .map(|pair| (pair.first().unwrap_or(&0.0) - pair.last().unwrap_or(&0.0)).powi(2))
        .sum();
    total / edges.points.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of blocks like words on a white page.
    fn page() -> Grey {
        let (width, height) = (850_u32, 1100_u32);
        let mut picture = Grey { width, height, pixels: vec![255; (width * height) as usize] };
        for line in 0..30 {
            let top = 80 + line * 30;
            let mut x = 80;
            let mut letter = line * 11;
            while x < 700 - (line % 5) * 60 {
                letter += 1;
                let tall = if letter % 3 == 0 { 14 } else { 9 };
                if letter % 6 != 0 {
                    for y in top + 14 - tall..top + 14 {
                        let start = (y * width + x) as usize;
                        picture.pixels[start..start + 7].fill(0);
                    }
                }
                // Letters of different widths, so that they do not stand in columns.
                x += 8 + letter * letter * 13 % 7;
            }
        }
        picture
    }

    #[test]
    fn skew_is_measured_and_undone() {
        for degrees in [-6.0, -1.3, 0.0, 0.6, 3.7] {
            let lie = lie(&scale::turned(&page(), degrees));
            assert!((lie.skew + degrees).abs() < 0.15, "{degrees}: {lie:?}");
            assert!(!lie.on_its_side, "{degrees}: {lie:?}");
        }
    }

    #[test]
    fn a_page_on_its_side_is_told_from_an_upright_one() {
        for turns in 0..4 {
            let turned = quarter_turns(&scale::turned(&page(), 1.0), turns);
            let lie = lie(&turned);
            assert_eq!(lie.on_its_side, turns % 2 == 1, "{turns}: {lie:?}");
            assert!((lie.skew.abs() - 1.0).abs() < 0.2, "{turns}: {lie:?}");
        }
    }

    #[test]
    fn a_blank_page_stays_as_it_is() {
        let blank = Grey { width: 300, height: 400, pixels: vec![255; 120_000] };
        let lie = lie(&blank);
        assert_eq!((lie.on_its_side, lie.skew), (false, 0.0));
    }
}
