//! A page as a scanner sees it: black and white dots at 240 per inch, and some dust.
//!
//! The same marks that `pdf` prints are drawn with the dot font, so that a text recogniser finds on the picture what
//! a reader of the text layer finds on paper.

use crate::{
    font,
    forms::{Mark, PAGE_HEIGHT, PAGE_WIDTH},
    random::Random,
};

/// Dots in a point.
const SCALE: f32 = 240.0 / 72.0;
const WIDTH: u32 = 2040;
const HEIGHT: u32 = 2640;
const STRIDE: u32 = WIDTH.div_ceil(8);
/// Specks of dust on a page.
const DUST: u32 = 300;

/// Rows from the top, eight dots in a byte, a set bit is white: what PNG and PDF both take.
pub(crate) struct Bitmap {
    rows: Vec<u8>,
}

impl Bitmap {
    /// Draws a filled-in page.
    pub(crate) fn of_marks(marks: &[Mark], seed: u64) -> Self {
        let mut bitmap = Self { rows: vec![0xff; usize::try_from(STRIDE * HEIGHT).unwrap_or_default()] };
        for mark in marks {
            match mark {
                Mark::Text { x, y, size, text, .. } => bitmap.text(*x, *y, *size, text),
                Mark::Rule { x, y, width } => bitmap.bar(dots(*x), row(*y), dots(*width), 2),
                Mark::Value { x, y, text, .. } => bitmap.text(*x, *y, 10.0, text),
                Mark::Check { x, y, on, .. } => bitmap.check(*x, *y, *on),
            }
        }
        let mut random = Random::of_item(seed, 0x0064_7573_7400);
        for _ in 0..DUST {
            let (x, y) = (random.below(u64::from(WIDTH)), random.below(u64::from(HEIGHT)));
            bitmap.black(u32::try_from(x).unwrap_or_default(), u32::try_from(y).unwrap_or_default());
        }
        bitmap
    }

    /// The bytes.
    pub(crate) fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// Dots across, as PDF writes numbers.
    pub(crate) fn width_i32(&self) -> i32 {
        i32::try_from(WIDTH).unwrap_or_default()
    }

    /// Dots down, as PDF writes numbers.
    pub(crate) fn height_i32(&self) -> i32 {
        i32::try_from(HEIGHT).unwrap_or_default()
    }

    /// The picture as a PNG file.
    pub(crate) fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rows)?;
        writer.finish()?;
        Ok(file)
    }

    fn black(&mut self, x: u32, y: u32) {
        if x < WIDTH
            && y < HEIGHT
            && let Ok(at) = usize::try_from(y * STRIDE + x / 8)
            && let Some(byte) = self.rows.get_mut(at)
        {
            *byte &= !(0x80 >> (x % 8));
        }
    }

    fn bar(&mut self, left: u32, top: u32, width: u32, height: u32) {
        for y in top..top + height {
            for x in left..left + width {
                self.black(x, y);
            }
        }
    }

    fn text(&mut self, x: f32, y: f32, size: f32, text: &str) {
        // Chosen so that the widest label ends before its value starts.
        let dot = if size < 10.0 {
            2
        } else if size < 14.0 {
            3
        } else {
            4
        };
        let top = row(y).saturating_sub(font::HEIGHT * dot);
        let mut left = dots(x);
        for character in text.chars() {
            for (down, bits) in (0..).zip(font::rows(character)) {
                for across in (0..font::WIDTH).filter(|across| bits & (0x10 >> across) != 0) {
                    self.bar(left + across * dot, top + down * dot, dot, dot);
                }
            }
            left += (font::WIDTH + 1) * dot;
        }
    }

    fn check(&mut self, x: f32, y: f32, on: bool) {
        let (left, top, side) = (dots(x - 1.0), row(y + 8.0), dots(9.0));
        self.bar(left, top, side, 2);
        self.bar(left, top + side, side + 2, 2);
        self.bar(left, top, 2, side);
        self.bar(left + side, top, 2, side);
        if on {
            self.text(x + 1.0, y, 10.0, "X");
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates lie on the page; a cast of a float saturates"
)]
fn dots(points: f32) -> u32 {
    (points.clamp(0.0, PAGE_WIDTH) * SCALE) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates lie on the page; a cast of a float saturates"
)]
fn row(y: f32) -> u32 {
    ((PAGE_HEIGHT - y.clamp(0.0, PAGE_HEIGHT)) * SCALE) as u32
}
