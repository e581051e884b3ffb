//! Black and white: which pixels are ink.
//!
//! The threshold follows the neighbourhood (after Sauvola): paper may be grey in one corner and bright in another, and a
//! faint line on a white sheet still counts. Sums over the neighbourhood come from running columns, so the time does not
//! depend on its size and no table as large as the picture is needed.

use crate::model::Grey;

/// Which pixels of a picture are ink.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// One byte a pixel: whether it is ink.
    pub(crate) ink: Vec<bool>,
}

impl Bits {
    /// Whether a pixel is ink; outside there is none.
    pub(crate) fn at(&self, x: usize, y: usize) -> bool {
        x < self.width && self.ink.get(y * self.width + x).copied().unwrap_or(false)
    }

    /// A row.
    pub(crate) fn row(&self, y: usize) -> &[bool] {
        self.ink.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// Ink within a rectangle given by its first and its past-the-last column and row.
    pub(crate) fn count(&self, left: usize, top: usize, right: usize, bottom: usize) -> usize {
        let right = right.min(self.width);
        (top..bottom.min(self.height))
            .map(|y| self.row(y).get(left.min(right)..right).unwrap_or_default())
            .map(|part| part.iter().filter(|ink| **ink).count())
            .sum()
    }

    /// The picture mirrored at its diagonal, so that columns can be walked as rows.
    pub(crate) fn transposed(&self) -> Self {
        let mut ink = Vec::with_capacity(self.ink.len());
        for x in 0..self.width {
            ink.extend((0..self.height).map(|y| self.at(x, y)));
        }
        Self { width: self.height, height: self.width, ink }
    }
}

/// How much darker than its surroundings ink is; the spread a clear page has, in grey levels.
const SHARE: f32 = 0.2;
const SPREAD: f32 = 128.0;
/// Ink is at least this much darker than the mean around it, or noise on blank paper would count.
const CONTRAST: f32 = 12.0;

/// Decides every pixel by a neighbourhood that reaches this far.
pub(crate) fn threshold(picture: &Grey, reach: usize) -> Bits {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let row = |y: usize| picture.pixels.get(y * width..(y + 1) * width).unwrap_or_default();
    let mut sums = vec![(0_u32, 0_u64); width];
    let change = |sums: &mut Vec<(u32, u64)>, y: usize, add: bool| {
        for (sum, value) in sums.iter_mut().zip(row(y)) {
            let (value, square) = (u32::from(*value), u64::from(*value) * u64::from(*value));
            if add {
                *sum = (sum.0 + value, sum.1 + square);
            } else {
                *sum = (sum.0 - value, sum.1 - square);
            }
        }
    };
    for y in 0..reach.min(height) {
        change(&mut sums, y, true);
    }
    let mut ink = Vec::with_capacity(picture.pixels.len());
    for y in 0..height {
        if y + reach < height {
            change(&mut sums, y + reach, true);
        }
        if y > reach {
            change(&mut sums, y - reach - 1, false);
        }
        let rows = (y + reach).min(height - 1) + 1 - y.saturating_sub(reach);
        let mut sum = 0_u64;
        let mut squares = 0_u64;
        for part in sums.iter().take(reach.min(width)) {
            sum += u64::from(part.0);
            squares += part.1;
        }
        for (x, value) in row(y).iter().enumerate() {
            if let Some(part) = sums.get(x + reach) {
                sum += u64::from(part.0);
                squares += part.1;
            }
            if let Some(part) = x.checked_sub(reach + 1).and_then(|gone| sums.get(gone)) {
                sum -= u64::from(part.0);
                squares -= part.1;
            }
            let columns = (x + reach).min(width - 1) + 1 - x.saturating_sub(reach);
            let count = (rows * columns) as f32;
            let mean = sum as f32 / count;
            let spread = (squares as f32 / count - mean * mean).max(0.0).sqrt();
            let limit = (mean * (1.0 + SHARE * (spread / SPREAD - 1.0))).min(mean - CONTRAST);
            // In the middle of a large blot everything is dark.
            ink.push(f32::from(*value) <= limit || (*value < 60 && mean < 110.0));
        }
    }
    Bits { width, height, ink }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_found_on_uneven_paper() {
        let mut picture = Grey { width: 200, height: 40, pixels: Vec::new() };
        for y in 0..40_u32 {
            for x in 0..200_u32 {
                let paper = 90 + x / 2;
                let ink = (10..13).contains(&y) && x > 5 && x < 195;
                picture.pixels.push((if ink { paper / 2 } else { paper + (x * 7 + y * 13) % 5 }) as u8);
            }
        }
        let bits = threshold(&picture, 8);
        assert_eq!(bits.count(6, 10, 195, 13), 189 * 3);
        assert_eq!(bits.count(0, 0, 200, 40), 189 * 3);
    }

    #[test]
    fn blank_paper_has_no_ink_and_a_blot_is_filled() {
        let mut picture = Grey { width: 60, height: 60, pixels: vec![250; 3600] };
        assert_eq!(threshold(&picture, 6).count(0, 0, 60, 60), 0);
        for y in 10..50 {
            picture.pixels[y * 60 + 10..y * 60 + 50].fill(20);
        }
        assert_eq!(threshold(&picture, 6).count(0, 0, 60, 60), 1600);
    }
}
