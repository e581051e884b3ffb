//! Where lines of text are: the first network's input, and the lines found on its output.
//!
//! The network looks at the page scaled to 1,280 pixels on its long side (measured: smaller loses small print, larger
//! gains nothing) without its blank margins, and says for each pixel how likely it is the heart of a line of text. Its
//! answer is cut at a threshold; each connected patch is a line. The slant of a long patch is that of its main axis; a
//! patch that is too short to have a slant takes that of the page. The network marks lines thinner than they are, so
//! each patch is widened again, by the rule it was trained with.

use std::f32::consts::FRAC_PI_4;

use crate::{
    model::Grey,
    recognise::picture::{self, Part, Strip},
};

/// Lines of a page at most; the largest patches are kept.
pub const MAX_LINES: usize = 1_000;

/// Long side of what the network sees.
const LONG_SIDE: f32 = 1_280.0;
/// Sides of the network's input are multiples of this.
const STRIDE: usize = 32;
/// Blank margin that stays around the ink.
const MARGIN: usize = 24;
/// A pixel this likely belongs to a patch.
const PIXEL_THRESHOLD: f32 = 0.3;
/// A patch is a line if its pixels are this likely on average.
const LINE_THRESHOLD: f32 = 0.6;
/// How much a patch is widened: its area over its circumference, times this.
const WIDEN: f32 = 1.6;
/// Pixels that a patch is high at least.
const MIN_HEIGHT: f32 = 3.0;
/// A patch this many times as long as high has a slant of its own.
const LONG: f32 = 5.0;

/// What the network is shown: one plane of `width * height` values from -1 (black) to 1 (white).
#[derive(Debug)]
pub(super) struct View {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) plane: Vec<f32>,
    /// Where it lies on the scaled page.
    part: Part,
    /// Pixels of the page for one of the view.
    scale: f32,
}

/// Scales a page and leaves its margins out. None if there is nothing on it.
pub(super) fn view(page: &Grey) -> Option<View> {
    let scale = (page.width.max(page.height) as f32 / LONG_SIDE).max(1.0);
    let side = |pixels: u32| ((pixels as f32 / scale).round() as u32).max(1);
    let small = picture::shrink(page, side(page.width), side(page.height));
    let part = picture::inked(&small, MARGIN)?;
    let width = (part.right - part.left).next_multiple_of(STRIDE);
    let height = (part.bottom - part.top).next_multiple_of(STRIDE);
    let mut plane = Vec::with_capacity(width * height);
    for row in small.pixels.chunks_exact(small.width as usize).take(part.bottom).skip(part.top) {
        let pixels = row.iter().take(part.right).skip(part.left);
        plane.extend(pixels.map(|pixel| f32::from(*pixel) / 127.5 - 1.0));
        plane.resize(plane.len().next_multiple_of(width), 1.0);
    }
    plane.resize(width * height, 1.0);
    Some(View { width, height, plane, part, scale })
}

/// Pixels of one patch, and how likely they are on average.
struct Patch {
    pixels: Vec<[f32; 2]>,
    likelihood: f32,
}

/// The lines that the network found, on the page. `map` has one value for each pixel of the view.
pub(super) fn lines(view: &View, map: &[f32]) -> Vec<Strip> {
    let mut patches = patches(map, view.width);
    patches.retain(|patch| patch.likelihood >= LINE_THRESHOLD);
    patches.sort_by_key(|patch| core::cmp::Reverse(patch.pixels.len()));
    patches.truncate(MAX_LINES);
    let slants: Vec<Option<(f32, f32)>> = patches.iter().map(own_slant).collect();
    let page_slant = page_slant(slants.iter().flatten());
    let straight = |(patch, slant): (&Patch, Option<(f32, f32)>)| {
        strip(patch, slant.map_or(page_slant, |(slant, _length)| slant))
    };
    let strips = patches.iter().zip(slants).filter_map(straight);
    strips
        .map(|strip| Strip {
            corner: [
                (strip.corner[0] + view.part.left as f32) * view.scale,
                (strip.corner[1] + view.part.top as f32) * view.scale,
            ],
            length: strip.length * view.scale,
            height: strip.height * view.scale,
            ..strip
        })
        .collect()
}

/// Connected patches of likely pixels.
fn patches(map: &[f32], width: usize) -> Vec<Patch> {
    let mut open: Vec<bool> = map.iter().map(|likelihood| *likelihood > PIXEL_THRESHOLD).collect();
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for start in 0..open.len() {
        if !take(&mut open, start) {
            continue;
        }
        waiting.push(start);
        let (mut pixels, mut sum) = (Vec::new(), 0.0);
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % width, at / width);
            pixels.push([x as f32 + 0.5, y as f32 + 0.5]);
            sum += map.get(at).copied().unwrap_or(0.0);
            for row in y.saturating_sub(1)..=y + 1 {
                for column in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let neighbour = row * width + column;
                    if take(&mut open, neighbour) {
                        waiting.push(neighbour);
                    }
                }
            }
        }
        let likelihood = sum / pixels.len() as f32;
        found.push(Patch { pixels, likelihood });
    }
    found
}

/// Whether a pixel is still open; it no longer is.
fn take(open: &mut [bool], at: usize) -> bool {
    open.get_mut(at).is_some_and(core::mem::take)
}

/// Slant of a patch's main axis in radians, and its length, if it is much longer than high and runs across the page.
fn own_slant(patch: &Patch) -> Option<(f32, f32)> {
    let count = patch.pixels.len() as f64;
    let (mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for [px, py] in &patch.pixels {
        let (px, py) = (f64::from(*px), f64::from(*py));
        x += px;
        y += py;
        xx += px * px;
        yy += py * py;
        xy += px * py;
    }
    let (mean_x, mean_y) = (x / count, y / count);
    let (var_x, var_y) = (xx / count - mean_x * mean_x, yy / count - mean_y * mean_y);
    let slant = 0.5 * f64::atan2(2.0 * (xy / count - mean_x * mean_y), var_x - var_y);
    let slant = slant as f32;
    let (length, height) = extent(patch, slant).map(|part| (part[2] - part[0], part[3] - part[1]))?;
    (slant.abs() < FRAC_PI_4 && length > LONG * height).then_some((slant, length))
}

/// The slant in the middle when all lines are put side by side, sorted by slant.
fn page_slant<'a>(slants: impl Iterator<Item = &'a (f32, f32)>) -> f32 {
    let mut slants: Vec<_> = slants.collect();
    slants.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = slants.iter().map(|(_, length)| length).sum::<f32>() / 2.0;
    let mut passed = 0.0;
    let middle = slants.iter().find(|(_, length)| {
        passed += length;
        passed >= half
    });
    middle.map_or(0.0, |(slant, _)| *slant)
}

/// Left, top, right and bottom of a patch in axes turned by a slant.
fn extent(patch: &Patch, slant: f32) -> Option<[f32; 4]> {
    let (sin, cos) = slant.sin_cos();
    let turned = patch.pixels.iter().map(|[x, y]| (x * cos + y * sin, y * cos - x * sin));
    turned
        .map(|(along, down)| [along - 0.5, down - 0.5, along + 0.5, down + 0.5])
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}

/// The rectangle around a patch, widened. None if it is too small to be writing.
fn strip(patch: &Patch, slant: f32) -> Option<Strip> {
    let [left, top, right, bottom] = extent(patch, slant)?;
    let (length, height) = (right - left, bottom - top);
    if height < MIN_HEIGHT || length < MIN_HEIGHT {
        return None;
    }
    let by = length * height * WIDEN / (2.0 * (length + height));
    let (sin, cos) = slant.sin_cos();
    let (left, top) = (left - by, top - by);
    Some(Strip {
        corner: [left * cos - top * sin, left * sin + top * cos],
        along: [cos, sin],
        length: length + 2.0 * by,
        height: height + 2.0 * by,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view_of(width: usize, height: usize) -> View {
        let part = Part { left: 10, top: 20, right: 10 + width, bottom: 20 + height };
        View { width, height, plane: Vec::new(), part, scale: 2.0 }
    }

    fn map(width: usize, height: usize, likely: impl Fn(f32, f32) -> bool) -> Vec<f32> {
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x as f32 + 0.5, y as f32 + 0.5)));
        all.map(|(x, y)| if likely(x, y) { 0.9 } else { 0.05 }).collect()
    }

    #[test]
    fn a_page_is_scaled_and_padded_to_what_the_network_takes() {
        let mut page = Grey { width: 2560, height: 640, pixels: vec![255; 2560 * 640] };
        for y in 200..240 {
            page.pixels[y * 2560 + 400..y * 2560 + 1000].fill(0);
        }
        let view = view(&page).unwrap();
        assert_eq!((view.width, view.height), (352, 96), "300 by 20 with margins, in steps of 32");
        assert_eq!(view.plane.len(), 352 * 96);
        assert_eq!(view.part, Part { left: 176, top: 76, right: 524, bottom: 144 });
        let (dark, light) = (view.plane[30 * 352 + 100], view.plane[0]);
        assert!(dark < -0.99 && light > 0.99, "{dark} {light}");
        assert!(super::view(&Grey { width: 9, height: 9, pixels: vec![255; 81] }).is_none());
    }

    #[test]
    fn a_patch_becomes_a_widened_line_on_the_page() {
        let map = map(200, 64, |x, y| (20.0..120.0).contains(&x) && (30.0..40.0).contains(&y));
        let found = lines(&view_of(200, 64), &map);
        let [line] = found.as_slice() else { panic!("{found:?}") };
        let by = 100.0 * 10.0 * WIDEN / 220.0;
        let near = |is: f32, should: f32| assert!((is - should).abs() < 0.1, "{is} {should}");
        near(line.corner[0], (20.0 - by + 10.0) * 2.0);
        near(line.corner[1], (30.0 - by + 20.0) * 2.0);
        near(line.length, (100.0 + 2.0 * by) * 2.0);
        near(line.height, (10.0 + 2.0 * by) * 2.0);
    }

    #[test]
    fn short_words_take_the_slant_of_the_long_lines() {
        let slope = 0.05_f32;
        let map = map(400, 128, |x, y| {
            let down = y - x * slope;
            ((20.0..30.0).contains(&down) && (10.0..300.0).contains(&x))
                || ((60.0..70.0).contains(&down) && (10.0..30.0).contains(&x))
        });
        let found = lines(&view_of(400, 128), &map);
        assert_eq!(found.len(), 2, "{found:?}");
        for line in found {
            let slant = line.along[1].atan2(line.along[0]);
            assert!((slant - slope.atan()).abs() < 0.01, "{line:?}");
        }
    }

    #[test]
    fn faint_patches_and_dots_are_no_lines() {
        let mut faint = map(64, 64, |_, _| false);
        faint[32 * 64 + 10..32 * 64 + 40].fill(0.4);
        assert!(lines(&view_of(64, 64), &faint).is_empty());
        let dot = map(64, 64, |x, y| (10.0..12.0).contains(&x) && (10.0..12.0).contains(&y));
        assert!(lines(&view_of(64, 64), &dot).is_empty());
    }

    #[test]
    fn a_page_full_of_patches_is_bounded() {
        let map = map(640, 640, |x, y| x as usize % 8 < 4 && y as usize % 8 < 4);
        assert_eq!(lines(&view_of(640, 640), &map).len(), MAX_LINES);
    }
}
