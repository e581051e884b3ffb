//! Where the picture of a line has ink and where it has gaps, which tells words apart and gives them their edges.
//!
//! A form's ruled lines run through and below most entries and would hide every gap, so rows that are ink nearly all
//! along count as paper.

use crate::model::Grey;

/// A row of pixels with this share of ink is a ruled line, not writing.
const RULED: f32 = 0.6;
/// Ink has to be this much darker than paper.
const LEAST_CONTRAST: f32 = 20.0;

/// Where a line has ink, ruled lines left out.
pub(super) struct Ink {
    rows: Vec<Vec<bool>>,
    columns: Vec<bool>,
}

impl Ink {
    pub(super) fn of(picture: &Grey) -> Self {
        let mut sorted = picture.pixels.clone();
        sorted.sort_unstable();
        let grey = |share: usize| sorted.get(sorted.len() * share / 100).copied().map_or(255.0, f32::from);
        let (dark, paper) = (grey(2), grey(85));
        let limit = if paper - dark < LEAST_CONTRAST { 0.0 } else { paper - (paper - dark) * 0.4 };
        let width = picture.width as usize;
        let mut columns = vec![false; width];
        let mut rows = Vec::with_capacity(picture.height as usize);
        for row in picture.pixels.chunks_exact(width.max(1)) {
            let mut inked: Vec<bool> = row.iter().map(|pixel| f32::from(*pixel) < limit).collect();
            if inked.iter().filter(|ink| **ink).count() as f32 > width as f32 * RULED {
                inked.fill(false);
            }
            columns.iter_mut().zip(&inked).for_each(|(column, ink)| *column |= *ink);
            rows.push(inked);
        }
        Self { rows, columns }
    }

    /// Left edge of the ink at a place, down to a bound. A gap as wide as `reach` ends it.
    pub(super) fn reach_left(&self, from: f32, bound: f32, reach: f32) -> f32 {
        let (from, bound) = ((from as usize).min(self.columns.len()), bound as usize);
        let columns = self.columns.iter().enumerate().take(from + 1).skip(bound).rev();
        let ahead = self.columns.iter().enumerate().skip(from).find(|(_, ink)| **ink);
        let edge = farthest(columns, reach).or(ahead.map(|(column, _)| column));
        edge.unwrap_or(from) as f32
    }

    /// The same to the right.
    pub(super) fn reach_right(&self, from: f32, bound: f32, reach: f32) -> f32 {
        let (from, bound) = (from as usize, bound as usize);
        let columns = self.columns.iter().enumerate().take(bound).skip(from);
        let behind = self.columns.iter().enumerate().take(from).rfind(|(_, ink)| **ink);
        let edge = farthest(columns, reach).or(behind.map(|(column, _)| column));
        edge.map_or(from, |column| column + 1) as f32
    }

    /// The widest stretch without ink between two places.
    pub(super) fn gap(&self, from: f32, to: f32) -> Option<(f32, f32)> {
        let (from, to) = (from as usize, (to as usize).min(self.columns.len()));
        let mut widest: Option<(usize, usize)> = None;
        let mut start = None;
        for (column, ink) in self.columns.iter().enumerate().take(to).skip(from) {
            if *ink {
                start = None;
                continue;
            }
            let start = *start.get_or_insert(column);
            if widest.is_none_or(|(from, to)| column + 1 - start > to - from) {
                widest = Some((start, column + 1));
            }
        }
        widest.map(|(from, to)| (from as f32, to as f32))
    }

    /// Upper and lower edge of the ink in some columns.
    pub(super) fn rows(&self, left: f32, right: f32) -> Option<(f32, f32)> {
        let inked =
            |row: &Vec<bool>| row.iter().take(right.ceil() as usize).skip(left as usize).any(|ink| *ink);
        let top = self.rows.iter().position(inked)?;
        let bottom = self.rows.iter().rposition(inked)? + 1;
        Some((top as f32, bottom as f32))
    }
}

/// The last inked column before a gap.
fn farthest<'a>(columns: impl Iterator<Item = (usize, &'a bool)>, gap: f32) -> Option<usize> {
    let (mut edge, mut blank) = (None, 0);
    for (column, ink) in columns {
        if *ink {
            (edge, blank) = (Some(column), 0);
        } else {
            blank += 1;
            if blank as f32 >= gap {
                break;
            }
        }
    }
    edge
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bars of ink, 10 to 20 and 40 to 60, from row 5 to 15 of 20.
    fn ink(ruled: bool) -> Ink {
        let all = (0..20_u32).flat_map(|y| (0..100_u32).map(move |x| (x, y)));
        let dark = |(x, y): (u32, u32)| {
            let bar = (10..20).contains(&x) || (40..60).contains(&x);
            (bar && (5..15).contains(&y)) || (ruled && y == 17)
        };
        let pixels = all.map(|at| if dark(at) { 30 } else { 230 }).collect();
        Ink::of(&Grey { width: 100, height: 20, pixels })
    }

    #[test]
    fn gaps_and_edges_are_those_of_the_writing_with_or_without_a_ruled_line() {
        for ink in [ink(false), ink(true)] {
            assert_eq!(ink.gap(15.0, 50.0), Some((20.0, 40.0)));
            assert_eq!(ink.gap(41.0, 59.0), None);
            assert_eq!(ink.rows(10.0, 20.0), Some((5.0, 15.0)));
            assert_eq!(ink.rows(25.0, 35.0), None);
            assert_eq!((ink.reach_left(50.0, 0.0, 8.0), ink.reach_right(50.0, 100.0, 8.0)), (40.0, 60.0));
        }
    }

    #[test]
    fn an_edge_is_found_from_beside_the_ink_and_past_narrow_gaps() {
        let ink = ink(false);
        assert_eq!((ink.reach_left(37.0, 30.0, 8.0), ink.reach_right(63.0, 90.0, 8.0)), (40.0, 60.0));
        assert_eq!(ink.reach_left(50.0, 0.0, 25.0), 10.0, "a gap narrower than the reach");
        assert_eq!(ink.reach_left(50.0, 30.0, 25.0), 40.0, "not past the bound");
    }

    #[test]
    fn even_grey_is_no_ink() {
        let ink = Ink::of(&Grey { width: 10, height: 10, pixels: vec![128; 100] });
        assert_eq!(ink.rows(0.0, 10.0), None);
        assert_eq!(ink.gap(0.0, 10.0), Some((0.0, 10.0)));
    }
}
