//! Lines in the order in which a person reads them: rows from the top, each from the left.
//!
//! Two pieces of writing are in one row if their middles are less than half the lower one's height apart. Positions are
//! taken along the slant that the lines have on average, so a page that stands askew is read as if it were straight.

use crate::recognise::picture::Strip;

/// Lines of less height than this do not decide alone who is in their row.
const LEAST_HEIGHT: f32 = 4.0;

/// Puts lines into reading order.
pub(super) fn reading_order(strips: Vec<Strip>) -> Vec<Strip> {
    let (cos, sin) = strips.iter().fold((0.0, 0.0), |(cos, sin), strip| {
        (cos + strip.along[0] * strip.length, sin + strip.along[1] * strip.length)
    });
    let norm = cos.hypot(sin);
    let (cos, sin) = if norm > 0.0 { (cos / norm, sin / norm) } else { (1.0, 0.0) };
    let mut placed: Vec<(f32, f32, Strip)> = strips
        .into_iter()
        .map(|strip| {
            let [x, y] = strip.point(strip.length / 2.0, strip.height / 2.0);
            (y * cos - x * sin, x * cos + y * sin - strip.length / 2.0, strip)
        })
        .collect();
    placed.sort_by(|one, other| one.0.total_cmp(&other.0));

    let mut ordered = Vec::with_capacity(placed.len());
    let mut row: Vec<(f32, f32, Strip)> = Vec::new();
    for item in placed {
        let same = row.last().is_none_or(|last| {
            let height = item.2.height.min(last.2.height).max(LEAST_HEIGHT);
            item.0 - last.0 < height / 2.0
        });
        if !same {
            finish(&mut row, &mut ordered);
        }
        row.push(item);
    }
    finish(&mut row, &mut ordered);
    ordered
}

fn finish(row: &mut Vec<(f32, f32, Strip)>, ordered: &mut Vec<Strip>) {
    row.sort_by(|one, other| one.1.total_cmp(&other.1));
    ordered.extend(row.drain(..).map(|(_, _, strip)| strip));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(x: f32, y: f32, slant: f32) -> Strip {
        let (sin, cos) = slant.sin_cos();
        Strip { corner: [x, y], along: [cos, sin], length: 100.0, height: 30.0 }
    }

    #[test]
    fn rows_are_read_from_the_top_and_each_from_the_left() {
        let lines = [(500.0, 104.0), (100.0, 200.0), (100.0, 100.0), (300.0, 97.0)];
        let ordered = reading_order(lines.iter().map(|(x, y)| strip(*x, *y, 0.0)).collect());
        let corners: Vec<_> = ordered.iter().map(|strip| (strip.corner[0], strip.corner[1])).collect();
        assert_eq!(corners, [(100.0, 100.0), (300.0, 97.0), (500.0, 104.0), (100.0, 200.0)]);
    }

    #[test]
    fn a_slanted_page_is_read_along_its_slant() {
        // One row that falls by 50 over 1,000 pixels, and another 40 below.
        let at = |x: f32, row: f32| strip(x, 100.0 + x * 0.05 + row * 40.0, 0.05_f32.atan());
        let ordered = reading_order(vec![at(1000.0, 0.0), at(0.0, 1.0), at(0.0, 0.0), at(1000.0, 1.0)]);
        let expected = [at(0.0, 0.0), at(1000.0, 0.0), at(0.0, 1.0), at(1000.0, 1.0)];
        assert_eq!(ordered, expected);
        assert!(reading_order(Vec::new()).is_empty());
    }
}
