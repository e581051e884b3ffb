//! Makes pictures smaller, and turns them by any angle.

use crate::model::Grey;

/// A picture as large as asked, by the mean of the pixels that fall on each new one. Never makes a picture larger.
pub(crate) fn reduced(picture: &Grey, width: u32, height: u32) -> Grey {
    let (width, height) = (width.clamp(1, picture.width.max(1)), height.clamp(1, picture.height.max(1)));
    if (width, height) == (picture.width, picture.height) {
        return picture.clone();
    }
    // One pass across, one down, in fixed point: 16 bits after the point hold the share of a pixel.
    let across = spans(picture.width, width);
    let mut narrow = Vec::with_capacity(width as usize * picture.height as usize);
    for row in picture.pixels.chunks_exact((picture.width as usize).max(1)) {
        narrow.extend(across.iter().map(|span| span.mean(row, 1)));
    }
    let down = spans(picture.height, height);
    let stride = width as usize;
    let mut pixels = Vec::with_capacity(stride * height as usize);
    for span in &down {
        for x in 0..stride {
            pixels.push(span.mean(narrow.get(x..).unwrap_or_default(), stride));
        }
    }
    Grey { width, height, pixels }
}

/// Which old pixels make up a new one.
struct Span {
    first: usize,
    /// Share of each of them in 65,536ths; they add up to that.
    shares: Vec<u32>,
}

impl Span {
    fn mean(&self, line: &[u8], stride: usize) -> u8 {
        let values = line.iter().skip(self.first * stride).step_by(stride);
        let sum: u32 = values.zip(&self.shares).map(|(value, share)| u32::from(*value) * share).sum();
        ((sum + 32_768) >> 16).min(255) as u8
    }
}

fn spans(from: u32, to: u32) -> Vec<Span> {
    let step = f64::from(from) / f64::from(to);
    (0..to)
        .map(|index| {
            let (start, end) = (f64::from(index) * step, f64::from(index + 1) * step);
            let first = start.floor();
            let count = (end.ceil() - first).max(1.0) as usize;
            let share = |offset: usize| {
                let low = start.max(first + offset as f64);
                let high = end.min(first + offset as f64 + 1.0);
                ((high - low).max(0.0) / step * 65_536.0) as u32
            };
            Span { first: first as usize, shares: (0..count).map(share).collect() }
        })
        .collect()
}

/// A picture whose long side is at most this.
pub(crate) fn within(picture: &Grey, long: u32) -> Grey {
    let longest = picture.width.max(picture.height).max(1);
    if longest <= long {
        return picture.clone();
    }
    let side = |side: u32| (u64::from(side) * u64::from(long) / u64::from(longest)) as u32;
    reduced(picture, side(picture.width), side(picture.height))
}

/// A picture with other proportions or size: fax has twice as many pixels across as down.
pub(crate) fn stretched(picture: &Grey, width: u32, height: u32) -> Grey {
    if width <= picture.width && height <= picture.height {
        return reduced(picture, width, height);
    }
    let (fx, fy) =
        (f64::from(picture.width) / f64::from(width), f64::from(picture.height) / f64::from(height));
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        for x in 0..width {
            let at = ((f64::from(x) + 0.5) * fx - 0.5, (f64::from(y) + 0.5) * fy - 0.5);
            pixels.push(sample(picture, at.0, at.1, true));
        }
    }
    Grey { width, height, pixels }
}

/// Turns a picture clockwise about its middle; corners that come from outside are white. The size stays.
pub(crate) fn turned(picture: &Grey, degrees: f32) -> Grey {
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let middle = ((f64::from(picture.width) - 1.0) / 2.0, (f64::from(picture.height) - 1.0) / 2.0);
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..picture.height {
        let dy = f64::from(y) - middle.1;
        for x in 0..picture.width {
            let dx = f64::from(x) - middle.0;
            let at = (middle.0 + dx * cos + dy * sin, middle.1 - dx * sin + dy * cos);
            pixels.push(sample(picture, at.0, at.1, false));
        }
    }
    Grey { width: picture.width, height: picture.height, pixels }
}

/// The value between four pixels.
fn sample(picture: &Grey, x: f64, y: f64, clamped: bool) -> u8 {
    let (width, height) = (i64::from(picture.width), i64::from(picture.height));
    let (left, top) = (x.floor(), y.floor());
    // Shares in 256ths.
    let (fx, fy) = (((x - left) * 256.0) as u32, ((y - top) * 256.0) as u32);
    let (left, top) = (left as i64, top as i64);
    let at = |x: i64, y: i64| {
        let (x, y) = if clamped { (x.clamp(0, width - 1), y.clamp(0, height - 1)) } else { (x, y) };
        if x < 0 || y < 0 || x >= width || y >= height {
            return 255;
        }
        picture.pixels.get((y * width + x) as usize).map_or(255, |value| u32::from(*value))
    };
    let above = at(left, top) * (256 - fx) + at(left + 1, top) * fx;
    let below = at(left, top + 1) * (256 - fx) + at(left + 1, top + 1) * fx;
    ((above * (256 - fy) + below * fy) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_picture_holds_the_means() {
        let picture = Grey { width: 4, height: 2, pixels: vec![0, 100, 200, 200, 100, 200, 0, 0] };
        assert_eq!(reduced(&picture, 2, 1).pixels, [100, 100]);
        let picture = Grey { width: 3, height: 1, pixels: vec![0, 90, 180] };
        assert_eq!(reduced(&picture, 2, 1).pixels, [30, 150]);
    }

    #[test]
    fn a_turned_picture_is_turned_clockwise() {
        let mut picture = Grey { width: 41, height: 41, pixels: vec![255; 41 * 41] };
        picture.pixels[20 * 41 + 35] = 0;
        let turned = turned(&picture, 90.0);
        let dark = turned.pixels.iter().position(|pixel| *pixel < 100).expect("the dot");
        assert_eq!((dark % 41, dark / 41), (20, 35));
    }

    #[test]
    fn a_stretched_picture_keeps_its_content() {
        let picture = Grey { width: 2, height: 1, pixels: vec![0, 200] };
        let wide = stretched(&picture, 2, 3);
        assert_eq!(wide.pixels, [0, 200, 0, 200, 0, 200]);
    }
}
