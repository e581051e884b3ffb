//! Work on grey pictures: scaling a page down, finding where there is ink at all, cutting a line out.
//!
//! Scaling down averages over areas, because a hairline that falls between two sampled pixels must not vanish. A line
//! is cut out along its own slant, so a page that stands a little askew needs no turning of the whole page.

use crate::model::{Grey, Rectangle};

/// How much darker than the paper a pixel of a scaled page is to count as ink when margins are looked for.
const CONTRAST: u8 = 28;
/// Inked pixels that make a row or column more than a speck.
const SPECK: usize = 2;
/// Samples a pixel of a line at most, along each axis.
const MAX_SAMPLES: usize = 4;

/// A part of a picture, in whole pixels; right and bottom are outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

/// A line of text: a rectangle that may be slanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strip {
    /// Top left corner.
    pub(super) corner: [f32; 2],
    /// Direction of reading, one pixel long.
    pub(super) along: [f32; 2],
    /// Length along the direction of reading.
    pub(super) length: f32,
    /// Height across it.
    pub(super) height: f32,
}

impl Strip {
    /// A point of the strip on the page.
    pub(super) fn point(&self, along: f32, down: f32) -> [f32; 2] {
        let [x, y] = self.corner;
        let [cos, sin] = self.along;
        [x + along * cos - down * sin, y + along * sin + down * cos]
    }

    /// The upright rectangle around a part of the strip, kept inside a picture.
    pub(super) fn around(&self, part: Rectangle, picture: &Grey) -> Rectangle {
        let corners = [(part.left, part.top), (part.right, part.top), (part.left, part.bottom)]
            .into_iter()
            .chain([(part.right, part.bottom)])
            .map(|(along, down)| self.point(along, down));
        let mut around = Rectangle {
            left: f32::INFINITY,
            top: f32::INFINITY,
            right: f32::NEG_INFINITY,
            bottom: f32::NEG_INFINITY,
        };
        for [x, y] in corners {
            let (x, y) = (x.clamp(0.0, picture.width as f32), y.clamp(0.0, picture.height as f32));
            around.left = around.left.min(x);
            around.top = around.top.min(y);
            around.right = around.right.max(x);
            around.bottom = around.bottom.max(y);
        }
        around
    }
}

/// Whether the size that a picture names is the size that it has.
pub(super) fn is_sound(picture: &Grey) -> bool {
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    pixels > 0 && u64::try_from(picture.pixels.len()) == Ok(pixels)
}

/// Which pixels of a row make up one pixel of a shorter row, and how much of each.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let step = from as f32 / to as f32;
    let tap = |at: usize| {
        let (start, end) = (at as f32 * step, ((at + 1) as f32 * step).min(from as f32));
        let first = (start as usize).min(from - 1);
        let last = (end.ceil() as usize).clamp(first + 1, from);
        let share = |pixel: usize| ((pixel + 1) as f32).min(end) - (pixel as f32).max(start);
        let mut weights: Vec<f32> = (first..last).map(|pixel| share(pixel).max(0.0)).collect();
        let sum: f32 = weights.iter().sum();
        if sum > 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= sum);
        }
        Tap { first, weights }
    };
    (0..to).map(tap).collect()
}

/// A smaller copy. The picture is sound and both sides of the copy are at least 1.
pub(super) fn shrink(picture: &Grey, width: u32, height: u32) -> Grey {
    if (width, height) == (picture.width, picture.height) {
        return picture.clone();
    }
    let across = taps(picture.width as usize, width as usize);
    let rows: Vec<&[u8]> = picture.pixels.chunks_exact(picture.width as usize).collect();
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    let mut column_sums = vec![0.0_f32; picture.width as usize];
    for down in taps(picture.height as usize, height as usize) {
        column_sums.fill(0.0);
        for (row, weight) in rows.iter().skip(down.first).zip(&down.weights) {
            for (sum, pixel) in column_sums.iter_mut().zip(*row) {
                *sum += f32::from(*pixel) * weight;
            }
        }
        pixels.extend(across.iter().map(|tap| {
            let covered = column_sums.iter().skip(tap.first).zip(&tap.weights);
            covered.map(|(sum, weight)| sum * weight).sum::<f32>().round() as u8
        }));
    }
    Grey { width, height, pixels }
}

/// The part of a picture that has anything on it, some margin included. None for an empty page. Uneven light makes the
/// part larger than needed, never smaller.
pub(super) fn inked(picture: &Grey, margin: usize) -> Option<Part> {
    let limit = paper(&picture.pixels).checked_sub(CONTRAST)?;
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut columns = vec![0_usize; width];
    let mut rows = Vec::with_capacity(height);
    for row in picture.pixels.chunks_exact(width) {
        let mut count = 0;
        for (column, pixel) in columns.iter_mut().zip(row) {
            let ink = usize::from(*pixel < limit);
            *column += ink;
            count += ink;
        }
        rows.push(count);
    }
    let (left, right) = span(&columns, margin)?;
    let (top, bottom) = span(&rows, margin)?;
    Some(Part { left, top, right, bottom })
}

/// Grey of the paper: nine of ten pixels are no lighter.
fn paper(pixels: &[u8]) -> u8 {
    let mut histogram = [0_usize; 256];
    for pixel in pixels {
        if let Some(count) = histogram.get_mut(usize::from(*pixel)) {
            *count += 1;
        }
    }
    let mut seen = 0;
    let found = histogram.iter().position(|count| {
        seen += count;
        seen * 10 >= pixels.len() * 9
    });
    found.and_then(|grey| u8::try_from(grey).ok()).unwrap_or(u8::MAX)
}

fn span(counts: &[usize], margin: usize) -> Option<(usize, usize)> {
    let first = counts.iter().position(|count| *count >= SPECK)?;
    let last = counts.iter().rposition(|count| *count >= SPECK)?;
    Some((first.saturating_sub(margin), (last + 1 + margin).min(counts.len())))
}

/// Cuts a line out and scales it to a height and width.
pub(super) fn cut_out(picture: &Grey, strip: &Strip, width: u32, height: u32) -> Grey {
    let (across, down) = (strip.length / width as f32, strip.height / height as f32);
    // One sample a pixel is enough until pixels are skipped.
    let samples = |step: f32| (step.ceil() as usize).clamp(1, MAX_SAMPLES);
    let (many_across, many_down) = (samples(across), samples(down));
    let share = ((many_across * many_down) as f32).recip();
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0.0;
            for part_down in 0..many_down {
                let to_y = (y as f32 + (part_down as f32 + 0.5) / many_down as f32) * down;
                for part_across in 0..many_across {
                    let to_x = (x as f32 + (part_across as f32 + 0.5) / many_across as f32) * across;
                    let [from_x, from_y] = strip.point(to_x, to_y);
                    sum += sample(picture, from_x - 0.5, from_y - 0.5);
                }
            }
            pixels.push((sum * share).round() as u8);
        }
    }
    Grey { width, height, pixels }
}

/// The grey at a point between pixels; outside a picture, that of its nearest edge.
fn sample(picture: &Grey, x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (picture.width - 1) as f32), y.clamp(0.0, (picture.height - 1) as f32));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) =
        ((left + 1).min(picture.width as usize - 1), (top + 1).min(picture.height as usize - 1));
    let (to_right, to_bottom) = (x - left as f32, y - top as f32);
    let at = |x: usize, y: usize| {
        f32::from(picture.pixels.get(y * picture.width as usize + x).copied().unwrap_or(u8::MAX))
    };
    let upper = at(left, top) * (1.0 - to_right) + at(right, top) * to_right;
    let lower = at(left, bottom) * (1.0 - to_right) + at(right, bottom) * to_right;
    upper * (1.0 - to_bottom) + lower * to_bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: u32, height: u32, ink: impl Fn(u32, u32) -> bool) -> Grey {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = pixels.map(|(x, y)| if ink(x, y) { 0 } else { 255 }).collect();
        Grey { width, height, pixels }
    }

    #[test]
    fn a_hairline_stays_when_a_page_is_scaled_down() {
        let small = shrink(&page(100, 100, |x, _| x == 51), 40, 40);
        assert_eq!((small.width, small.height, small.pixels.len()), (40, 40, 1600));
        let row = &small.pixels[..40];
        assert_eq!(row.iter().position(|pixel| *pixel < 255), Some(20));
        let ink: u32 = row.iter().map(|pixel| 255 - u32::from(*pixel)).sum();
        assert!((100..=104).contains(&ink), "two fifths of a pixel of ink, {ink}");
    }

    #[test]
    fn blank_margins_are_left_out() {
        let sheet = page(200, 100, |x, y| (50..80).contains(&x) && (20..30).contains(&y));
        assert_eq!(inked(&sheet, 5), Some(Part { left: 45, top: 15, right: 85, bottom: 35 }));
        assert_eq!(inked(&page(50, 50, |_, _| false), 5), None);
        assert_eq!(inked(&page(50, 50, |x, y| x == 3 && y == 3), 5), None, "a speck is no ink");
    }

    #[test]
    fn a_slanted_line_is_cut_out_straight() {
        // A band of slope 1/10, 10 high.
        let sheet = page(300, 100, |x, y| (40.0..50.0).contains(&(y as f32 - x as f32 * 0.1)));
        let length = (1.0_f32 + 0.01).sqrt();
        let strip =
            Strip { corner: [50.0, 35.0], along: [1.0 / length, 0.1 / length], length: 150.0, height: 30.0 };
        let line = cut_out(&sheet, &strip, 150, 30);
        for row in line.pixels.chunks_exact(150).enumerate() {
            let dark = row.1.iter().filter(|pixel| **pixel < 128).count();
            match row.0 {
                0..9 | 21.. => assert_eq!(dark, 0, "row {}", row.0),
                11..19 => assert_eq!(dark, 150, "row {}", row.0),
                _ => {}
            }
        }
    }

    #[test]
    fn boxes_stay_inside_the_picture() {
        let sheet = page(20, 20, |_, _| false);
        let strip = Strip { corner: [-5.0, 15.0], along: [1.0, 0.0], length: 40.0, height: 10.0 };
        let whole = Rectangle { left: 0.0, top: 0.0, right: 40.0, bottom: 10.0 };
        let expected = Rectangle { left: 0.0, top: 15.0, right: 20.0, bottom: 20.0 };
        assert_eq!(strip.around(whole, &sheet), expected);
    }

    #[test]
    fn a_picture_of_another_size_than_it_says_is_not_sound() {
        assert!(is_sound(&page(3, 4, |_, _| false)));
        assert!(!is_sound(&Grey { width: 3, height: 4, pixels: vec![0; 11] }));
        assert!(!is_sound(&Grey { width: 0, height: 4, pixels: Vec::new() }));
    }
}
