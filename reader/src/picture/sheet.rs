//! Finds the sheet of paper on a picture and evens out the light on it.
//!
//! A phone photo shows a table around the sheet and a shadow across it; a scanner shows a black edge. The dark border is
//! cut off along straight lines, and brightness is divided by that of the paper nearby. A flat, evenly lit scan passes
//! through both unchanged.

use super::scale;
use crate::model::Grey;

/// Long side of the small copy on which the sheet is looked for.
const SMALL: u32 = 256;
/// How much darker than paper a border is, as a share.
const BORDER: f32 = 0.62;
/// A border narrower than this share of the side is left alone, and one wider is not believed.
const NARROW: f32 = 0.008;
const WIDE: f32 = 0.3;
/// Side of the squares in which the brightness of the paper is measured, on a picture of 2200 pixels.
const SQUARE: usize = 40;
/// The paper is uneven when its darkest part is below this share of its brightest.
const UNEVEN: f32 = 0.88;

/// The part of a picture that shows the sheet.
pub(crate) fn trimmed(picture: Grey) -> Grey {
    let small = scale::within(&picture, SMALL);
    let mut sorted = small.pixels.clone();
    sorted.sort_unstable();
    let paper = f32::from(sorted.get(sorted.len() * 4 / 5).copied().unwrap_or(255));
    let limit = (paper * BORDER) as u8;
    let (width, height) = (small.width as usize, small.height as usize);
    // A line of the sheet is mostly paper; one of the border is mostly not.
    let row_is_paper = |y: usize| {
        let row = small.pixels.get(y * width..(y + 1) * width).unwrap_or_default();
        row.iter().filter(|value| **value > limit).count() * 2 > width
    };
    let column_is_paper = |x: usize| {
        let column = small.pixels.iter().skip(x).step_by(width.max(1));
        column.filter(|value| **value > limit).count() * 2 > height
    };
    let (left, right) = edges(width, column_is_paper);
    let (top, bottom) = edges(height, row_is_paper);
    if (left, top) == (0.0, 0.0) && (right, bottom) == (1.0, 1.0) {
        return picture;
    }
    let cut = |share: f32, side: u32| (share * side as f32).round() as u32;
    cropped(
        &picture,
        cut(left, picture.width),
        cut(top, picture.height),
        cut(right, picture.width),
        cut(bottom, picture.height),
    )
}

/// Where the sheet starts and ends along a side, as shares of it.
fn edges(length: usize, is_paper: impl Fn(usize) -> bool) -> (f32, f32) {
    let first = (0..length).find(|at| is_paper(*at)).unwrap_or(0);
    let last = (0..length).rev().find(|at| is_paper(*at)).unwrap_or(length.saturating_sub(1));
    let share = |count: usize| {
        // One line more, since the border fades into the sheet.
        let share = count as f32 / length.max(1) as f32;
        if (NARROW..=WIDE).contains(&share) { (count + 1) as f32 / length as f32 } else { 0.0 }
    };
    (share(first), 1.0 - share(length.saturating_sub(last + 1)))
}

fn cropped(picture: &Grey, left: u32, top: u32, right: u32, bottom: u32) -> Grey {
    let rows = picture.pixels.chunks_exact((picture.width as usize).max(1));
    let rows = rows.skip(top as usize).take(bottom.saturating_sub(top) as usize);
    let part = left as usize..right as usize;
    let pixels = rows.flat_map(|row| row.get(part.clone()).unwrap_or_default()).copied().collect();
    Grey { width: right.saturating_sub(left), height: bottom.saturating_sub(top), pixels }
}

/// The picture as if the light on it were even.
pub(crate) fn evened(picture: Grey) -> Grey {
    let side = (SQUARE * picture.width.max(picture.height) as usize / 2200).max(8);
    let (columns, rows) = ((picture.width as usize).div_ceil(side), (picture.height as usize).div_ceil(side));
    let mut paper: Vec<u8> = Vec::with_capacity(columns * rows);
    let mut values = Vec::with_capacity(side * side);
    for row in 0..rows {
        for column in 0..columns {
            values.clear();
            for y in row * side..((row + 1) * side).min(picture.height as usize) {
                let start = y * picture.width as usize;
                let end = ((column + 1) * side).min(picture.width as usize);
                values.extend_from_slice(
                    picture.pixels.get(start + column * side..start + end).unwrap_or_default(),
                );
            }
            values.sort_unstable();
            paper.push(values.get(values.len() * 9 / 10).copied().unwrap_or(255));
        }
    }
    let mut sorted = paper.clone();
    sorted.sort_unstable();
    let at = |share: usize| f32::from(sorted.get(sorted.len() * share / 100).copied().unwrap_or(255));
    if at(3) > at(95) * UNEVEN {
        return picture;
    }
    let paper = Grey { width: columns as u32, height: rows as u32, pixels: filled(paper, columns, at(95)) };
    let paper = scale::stretched(&paper, picture.width, picture.height);
    let divided =
        |(value, paper): (&u8, &u8)| (u32::from(*value) * 245 / u32::from((*paper).max(1))).min(255) as u8;
    Grey { pixels: picture.pixels.iter().zip(&paper.pixels).map(divided).collect(), ..picture }
}

/// Squares full of ink show no paper; they take the brightest of their neighbours, and all are smoothed once.
fn filled(paper: Vec<u8>, columns: usize, bright: f32) -> Vec<u8> {
    let around = |grid: &[u8], index: usize| -> Vec<u8> {
        let (x, y) = (index % columns, index / columns);
        let rows = grid.len() / columns;
        let mut values = Vec::with_capacity(9);
        for ny in y.saturating_sub(1)..(y + 2).min(rows) {
            for nx in x.saturating_sub(1)..(x + 2).min(columns) {
                values.extend(grid.get(ny * columns + nx));
            }
        }
        values
    };
    let floor = (bright * 0.35) as u8;
    let lifted: Vec<u8> = (0..paper.len())
        .map(|index| {
            let around = around(&paper, index);
            let brightest = around.iter().max().copied().unwrap_or(255);
            let own = paper.get(index).copied().unwrap_or(255);
            if f32::from(own) < 0.7 * f32::from(brightest) { brightest.max(floor) } else { own.max(floor) }
        })
        .collect();
    (0..lifted.len())
        .map(|index| {
            let around = around(&lifted, index);
            (around.iter().map(|value| u32::from(*value)).sum::<u32>() / around.len().max(1) as u32) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dark_border_is_cut_off_and_a_white_one_stays() {
        let mut picture = Grey { width: 400, height: 500, pixels: vec![40; 200_000] };
        for y in 50..480 {
            picture.pixels[y * 400 + 30..y * 400 + 380].fill(220);
        }
        let sheet = trimmed(picture);
        assert!((sheet.width as i32 - 350).abs() <= 8, "{sheet:?}");
        assert!((sheet.height as i32 - 430).abs() <= 10, "{sheet:?}");
        let white = Grey { width: 100, height: 100, pixels: vec![255; 10_000] };
        assert_eq!(trimmed(white.clone()), white);
    }

    #[test]
    fn a_shadow_is_taken_out() {
        let mut picture = Grey { width: 600, height: 800, pixels: Vec::new() };
        for y in 0..800_u32 {
            for x in 0..600_u32 {
                let paper = 100 + x / 5;
                picture.pixels.push((if y % 40 == 20 { paper / 3 } else { paper }) as u8);
            }
        }
        let even = evened(picture);
        let row = &even.pixels[600 * 410..600 * 411];
        assert!(row.iter().all(|value| *value > 220), "{:?}", row.iter().min());
        assert!(even.pixels[600 * 420..600 * 421].iter().all(|value| *value < 120));
        let flat = Grey { width: 100, height: 100, pixels: vec![230; 10_000] };
        assert_eq!(evened(flat.clone()), flat);
    }
}
