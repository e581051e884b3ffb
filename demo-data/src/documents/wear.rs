//! What happens to a sheet on its way: it lies askew, is stamped, faxed, photographed, copied too lightly.
//!
//! The order is that of life: the stamp comes before the scanner, the scanner's noise before the fax's black and
//! white. Each step is told by the record that also goes into the truth, so nothing happens that is not written there.

use super::{
    face::{Face, Fonts},
    raster::{self, Grey, float, tone},
    truth::Degradation,
};
use crate::random::Random;

/// How points of the drawn page are found again on the spoiled one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    scale: f32,
    turn: (f32, f32),
    from: (f32, f32),
    to: (f32, f32),
    quarter: Option<u16>,
    size: (f32, f32),
}

impl Placement {
    /// A page that lies as it was drawn.
    pub(crate) fn straight(width: u32, height: u32) -> Self {
        let size = (float(width), float(height));
        Self { scale: 1.0, turn: (1.0, 0.0), from: (0.0, 0.0), to: (0.0, 0.0), quarter: None, size }
    }

    fn point(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = ((x - self.from.0) * self.scale, (y - self.from.1) * self.scale);
        let x = dx * self.turn.0 - dy * self.turn.1 + self.to.0;
        let y = dx * self.turn.1 + dy * self.turn.0 + self.to.1;
        match self.quarter {
            Some(90) => (self.size.1 - y, x),
            Some(180) => (self.size.0 - x, self.size.1 - y),
            Some(270) => (y, self.size.0 - x),
            _ => (x, y),
        }
    }

    /// The upright rectangle around where a rectangle has gone.
    pub(crate) fn area(&self, [left, top, right, bottom]: [f32; 4]) -> [f32; 4] {
        let corners =
            [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| self.point(x, y));
        let mut area = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for (x, y) in corners {
            area = [area[0].min(x), area[1].min(y), area[2].max(x), area[3].max(y)];
        }
        area.map(|value| (value * 10.0).round() / 10.0)
    }
}

/// Spoils a page as the record says.
pub(crate) fn apply(
    grey: Grey,
    record: &Degradation,
    fonts: &Fonts,
    dpi: u32,
    random: &mut Random,
) -> (Grey, Placement) {
    let mut grey = grey;
    for words in &record.stamps {
        stamp(&mut grey, words, fonts, dpi, random);
    }
    let (mut grey, mut placement) = lay(grey, record, random);
    if record.photo {
        light(&mut grey, random);
    }
    if let Some(sigma) = record.blur {
        blur(&mut grey, sigma);
    }
    if let Some(deviation) = record.noise {
        noise(&mut grey, f32::from(deviation), random);
    }
    if let Some((dark, bright)) = record.contrast {
        let span = f32::from(bright) - f32::from(dark);
        for pixel in &mut grey.pixels {
            *pixel = tone(f32::from(dark) + f32::from(*pixel) * span / 255.0);
        }
    }
    if record.bilevel {
        for pixel in &mut grey.pixels {
            *pixel = if *pixel < 150 { 0 } else { 255 };
        }
    }
    if let Some(share) = record.speck {
        specks(&mut grey, share, random);
    }
    if let Some(turn) = record.turn {
        placement.quarter = Some(turn);
        grey = quarter(&grey, turn);
    }
    (grey, placement)
}

/// Turns the sheet a little; a photograph also shows the table around it.
fn lay(grey: Grey, record: &Degradation, random: &mut Random) -> (Grey, Placement) {
    let (wide, high) = (float(grey.width), float(grey.height));
    let degrees = record.skew.unwrap_or_default();
    if degrees.abs() < 0.01 && !record.photo {
        let placement = Placement::straight(grey.width, grey.height);
        return (grey, placement);
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    // The table takes a twentieth on each side.
    let scale = if record.photo { 0.9 } else { 1.0 };
    let table = if record.photo { 60 } else { 255 };
    let placement = Placement {
        scale,
        turn: (cos, sin),
        from: (wide / 2.0, high / 2.0),
        to: (wide / 2.0 + if record.photo { share(random, wide * 0.01) } else { 0.0 }, high / 2.0),
        quarter: None,
        size: (wide, high),
    };
    let mut out = Grey::blank(grey.width, grey.height, table);
    let mut target = out.pixels.iter_mut();
    for y in 0..grey.height {
        for x in 0..grey.width {
            let (dx, dy) = (float(x) - placement.to.0, float(y) - placement.to.1);
            let from_x = (dx * cos + dy * sin) / scale + placement.from.0;
            let from_y = (dy * cos - dx * sin) / scale + placement.from.1;
            if let Some(pixel) = target.next() {
                *pixel = sample(&grey, from_x, from_y, table);
            }
        }
    }
    (out, placement)
}

/// The tone between four pixels.
fn sample(grey: &Grey, x: f32, y: f32, beyond: u8) -> u8 {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let (left, top) = (left as i64, top as i64);
    let at = |dx, dy| f32::from(grey.tone_at(left + dx, top + dy, beyond));
    let upper = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
    let lower = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
    tone(upper * (1.0 - fy) + lower * fy + 0.5)
}

/// A number between minus and plus `most`.
fn share(random: &mut Random, most: f32) -> f32 {
    (f32::from(u16::try_from(random.below(2001)).unwrap_or_default()) / 1000.0 - 1.0) * most
}

/// Brighter here, darker there, as under a lamp.
fn light(grey: &mut Grey, random: &mut Random) {
    let (lamp_x, lamp_y) = (0.5 + share(random, 0.4), 0.4 + share(random, 0.4));
    let (wide, high) = (float(grey.width), float(grey.height));
    let mut pixels = grey.pixels.iter_mut();
    for y in 0..grey.height {
        for x in 0..grey.width {
            let away = (float(x) / wide - lamp_x).hypot(float(y) / high - lamp_y);
            if let Some(pixel) = pixels.next() {
                *pixel = tone(f32::from(*pixel) * (0.97 - 0.36 * away));
            }
        }
    }
}

/// A bell-shaped blur: five taps are enough below one pixel, and more of it is the same again.
fn blur(grey: &mut Grey, sigma: f32) {
    let passes = ((sigma / 0.9).powi(2).ceil()).clamp(1.0, 60.0);
    let each = sigma / passes.sqrt();
    let weight = |distance: f32| (-distance * distance / (2.0 * each * each)).exp();
    let (near, far) = (weight(1.0), weight(2.0));
    let total = 1.0 + 2.0 * near + 2.0 * far;
    let wide = usize::try_from(grey.width).unwrap_or(1).max(1);
    let mut pass = 0.0;
    while pass < passes {
        for step in [1, wide] {
            let old = grey.pixels.clone();
            let at = |index: usize| f32::from(old.get(index).copied().unwrap_or(255));
            for (index, pixel) in grey.pixels.iter_mut().enumerate() {
                let close = at(index.saturating_sub(step)) + at(index + step);
                let wider = at(index.saturating_sub(2 * step)) + at(index + 2 * step);
                *pixel = tone((at(index) + near * close + far * wider) / total + 0.5);
            }
        }
        pass += 1.0;
    }
}

fn noise(grey: &mut Grey, deviation: f32, random: &mut Random) {
    for pixel in &mut grey.pixels {
        let bits = random.next();
        // Four numbers of a byte each add up to something like a bell with a deviation of 148.
        let sum: u32 = bits.to_le_bytes().iter().take(4).map(|byte| u32::from(*byte)).sum();
        *pixel = tone(f32::from(*pixel) + (float(sum) - 510.0) / 148.0 * deviation);
    }
}

fn specks(grey: &mut Grey, share: f32, random: &mut Random) {
    let length = u64::try_from(grey.pixels.len()).unwrap_or_default();
    let total = float(grey.width) * float(grey.height) * share;
    let mut done = 0.0;
    while done < total {
        let at = usize::try_from(random.below(length)).unwrap_or_default();
        let ink = if random.percent(80) { 0 } else { 255 };
        for step in 0..=usize::from(random.percent(50)) {
            if let Some(pixel) = grey.pixels.get_mut(at + step) {
                *pixel = ink;
            }
            done += 1.0;
        }
    }
}

/// A quarter, half or three-quarter turn, clockwise.
fn quarter(grey: &Grey, degrees: u16) -> Grey {
    let (wide, high) = (i64::from(grey.width), i64::from(grey.height));
    let (width, height) = if degrees == 180 { (grey.width, grey.height) } else { (grey.height, grey.width) };
    let mut out = Grey::blank(width, height, 255);
    let mut target = out.pixels.iter_mut();
    for y in 0..i64::from(height) {
        for x in 0..i64::from(width) {
            let (from_x, from_y) = match degrees {
                90 => (y, high - 1 - x),
                180 => (wide - 1 - x, high - 1 - y),
                _ => (wide - 1 - y, x),
            };
            if let Some(pixel) = target.next() {
                *pixel = grey.tone_at(from_x, from_y, 255);
            }
        }
    }
    out
}

/// A rubber stamp, tilted, in a lighter ink so that what is below can still be read.
fn stamp(grey: &mut Grey, words: &str, fonts: &Fonts, dpi: u32, random: &mut Random) {
    let em = float(dpi) / 72.0 * 15.0;
    let lines: Vec<&str> = words.lines().collect();
    let rows = u32::try_from(lines.len()).unwrap_or(1);
    let (wide, high) = (em * 7.6, em * (1.3 * float(rows) + 0.7));
    let pixels = |value: f32| u32::from(u16::try_from(tone_count(value)).unwrap_or(u16::MAX));
    let mut pad = Grey::blank(pixels(wide), pixels(high), 255);
    let edge = i64::from(pixels(em * 0.12));
    let (right, bottom) = (i64::from(pad.width), i64::from(pad.height));
    for y in 0..bottom {
        for x in 0..right {
            if x < edge || y < edge || x >= right - edge || y >= bottom - edge {
                pad.darken(x, y, 1.0, 0);
            }
        }
    }
    for (row, line) in (0_u32..).zip(&lines) {
        let at = (em * 0.6, em * (1.2 + 1.3 * float(row)));
        raster::write(&mut pad, fonts, Face::SansBold, em, at, line, 0);
    }
    let (sin, cos) = share(random, 12.0).to_radians().sin_cos();
    // An empty place is the margin at the foot; a busy one is anywhere in the lower two thirds.
    let is_empty = random.percent(50);
    let high_share = if is_empty { 0.92 } else { 0.35 + share(random, 0.5).abs() };
    let centre = (float(grey.width) * (0.5 + share(random, 0.28)), float(grey.height) * high_share.min(0.93));
    let reach = wide.hypot(high) / 2.0;
    let ink = 110 + u8::try_from(random.below(40)).unwrap_or_default();
    let mut dy = -reach;
    while dy <= reach {
        let mut dx = -reach;
        while dx <= reach {
            let from = (dx * cos + dy * sin + wide / 2.0, dy * cos - dx * sin + high / 2.0);
            let dark = 255 - sample(&pad, from.0, from.1, 255);
            if dark > 0 {
                let (x, y) = (tone_count(centre.0 + dx), tone_count(centre.1 + dy));
                grey.darken(x, y, f32::from(dark) / 255.0, ink);
            }
            dx += 1.0;
        }
        dy += 1.0;
    }
}

const fn tone_count(value: f32) -> i64 {
    value.floor() as i64
}
