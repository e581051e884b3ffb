//! A page as grey pixels: what a scanner would make of it, before anything spoils it.
//!
//! Glyphs come from the TrueType files, lines and ink from small discs; everything darkens the white sheet by how much
//! of a pixel it covers. One page of 300 dots an inch takes eight megabytes, and only one is held at a time.

use ab_glyph::{Font, ScaleFont, point};

use super::{
    face::{Face, Fonts, scale_of},
    sheet::{HEIGHT, Mark, Tick, WIDTH},
    truth::SegmentKind,
};

/// Grey pixels, row by row from the top; 0 is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grey {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<u8>,
}

const fn whole(value: f32) -> i64 {
    value.floor() as i64
}

/// A share of darkness as a tone.
pub(crate) const fn tone(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

/// A count as a float; pictures are far smaller than where that loses anything.
pub(crate) const fn float(count: u32) -> f32 {
    count as f32
}

impl Grey {
    /// A sheet of one tone.
    pub(crate) fn blank(width: u32, height: u32, tone: u8) -> Self {
        let length = usize::try_from(u64::from(width) * u64::from(height)).unwrap_or_default();
        Self { width, height, pixels: vec![tone; length] }
    }

    /// A letter page at a resolution.
    pub(crate) fn page(dpi: u32) -> Self {
        let dots = |points: f32| u32::try_from(whole(points * float(dpi) / 72.0)).unwrap_or_default();
        Self::blank(dots(WIDTH), dots(HEIGHT), 255)
    }

    fn at(&self, x: i64, y: i64) -> Option<usize> {
        let inside = x >= 0 && y >= 0 && x < i64::from(self.width) && y < i64::from(self.height);
        inside.then(|| usize::try_from(y * i64::from(self.width) + x).ok()).flatten()
    }

    /// The tone of a pixel; outside it is what `beyond` says.
    pub(crate) fn tone_at(&self, x: i64, y: i64, beyond: u8) -> u8 {
        self.at(x, y).and_then(|at| self.pixels.get(at)).copied().unwrap_or(beyond)
    }

    /// Darkens a pixel by a share of ink.
    pub(crate) fn darken(&mut self, x: i64, y: i64, share: f32, ink: u8) {
        if let Some(pixel) = self.at(x, y).and_then(|at| self.pixels.get_mut(at)) {
            let old = f32::from(*pixel);
            let new = old + (f32::from(ink).min(old) - old) * share.clamp(0.0, 1.0);
            *pixel = tone(new + 0.5);
        }
    }

    /// A round dot.
    fn disc(&mut self, x: f32, y: f32, radius: f32, ink: u8) {
        let reach = radius + 1.0;
        for row in whole(y - reach)..=whole(y + reach) {
            for column in whole(x - reach)..=whole(x + reach) {
                let (dx, dy) = (middle(column) - x, middle(row) - y);
                let cover = radius + 0.5 - dx.hypot(dy);
                if cover > 0.0 {
                    self.darken(column, row, cover, ink);
                }
            }
        }
    }

    /// A stroke of a pen, as dots close together.
    fn stroke(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: u8) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut done = 0.0;
        let step = (width * 0.4).max(0.5);
        while done <= length {
            let t = if length > 0.0 { done / length } else { 0.0 };
            self.disc(from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t, width / 2.0, ink);
            done += step;
        }
    }

    /// A filled rectangle whose edges cover pixels in part.
    fn bar(&mut self, left: f32, top: f32, right: f32, bottom: f32, ink: u8) {
        for row in whole(top)..=whole(bottom) {
            let high = (middle(row) + 0.5).min(bottom) - (middle(row) - 0.5).max(top);
            for column in whole(left)..=whole(right) {
                let wide = (middle(column) + 0.5).min(right) - (middle(column) - 0.5).max(left);
                if high > 0.0 && wide > 0.0 {
                    self.darken(column, row, high.min(1.0) * wide.min(1.0), ink);
                }
            }
        }
    }
}

const fn middle(at: i64) -> f32 {
    at as f32 + 0.5
}

/// Writes text at a place in pixels.
pub(crate) fn write(
    grey: &mut Grey,
    fonts: &Fonts,
    face: Face,
    em: f32,
    at: (f32, f32),
    text: &str,
    ink: u8,
) {
    let font = fonts.font(face);
    let scale = scale_of(font, em);
    let scaled = font.as_scaled(scale);
    // There is no bold file with serifs: each glyph is struck twice, as typewriters did.
    let strikes: &[f32] = if face == Face::SerifBold { &[0.0, 0.035] } else { &[0.0] };
    let mut x = at.0;
    for c in text.chars() {
        let id = font.glyph_id(c);
        for shift in strikes {
            let glyph = id.with_scale_and_position(scale, point(x + shift * em, at.1));
            if let Some(outline) = font.outline_glyph(glyph) {
                let (left, top) = (whole(outline.px_bounds().min.x), whole(outline.px_bounds().min.y));
                outline.draw(|dx, dy, share| {
                    grey.darken(left + i64::from(dx), top + i64::from(dy), share, ink);
                });
            }
        }
        x += scaled.h_advance(id);
    }
}

/// Draws marks at a resolution.
pub(crate) fn draw(marks: &[Mark], fonts: &Fonts, dpi: u32) -> Grey {
    const LABEL: u8 = 16;
    const INK: u8 = 30;
    let scale = float(dpi) / 72.0;
    let mut grey = Grey::page(dpi);
    for mark in marks {
        match mark {
            Mark::Text { x, y, size, face, text, kind, .. } => {
                let ink = if *kind == SegmentKind::Label { LABEL } else { INK };
                write(&mut grey, fonts, *face, size * scale, (x * scale, y * scale), text, ink);
            }
            Mark::Blank { .. } => {}
            Mark::Line { from, to, width } => {
                let wide = (width * scale).max(1.0);
                let (from, to) = ((from.0 * scale, from.1 * scale), (to.0 * scale, to.1 * scale));
                if (from.1 - to.1).abs() < 0.1 || (from.0 - to.0).abs() < 0.1 {
                    let half = wide / 2.0;
                    grey.bar(from.0 - half, from.1 - half, to.0 + half, to.1 + half, LABEL);
                } else {
                    grey.stroke(from, to, wide, LABEL);
                }
            }
            Mark::Box { x, y, side, tick, stray, .. } => {
                let (left, top, side) = (x * scale, y * scale, side * scale);
                let edge = (0.7 * scale).max(1.0);
                let (right, bottom) = (left + side, top + side);
                grey.bar(left, top, right, top + edge, LABEL);
                grey.bar(left, bottom - edge, right, bottom, LABEL);
                grey.bar(left, top, left + edge, bottom, LABEL);
                grey.bar(right - edge, top, right, bottom, LABEL);
                if let Some(tick) = tick {
                    let origin = (left + stray.0 * scale, top + stray.1 * scale);
                    for (from, to) in tick_strokes(*tick) {
                        let on = |p: (f32, f32)| (origin.0 + p.0 * side, origin.1 + p.1 * side);
                        let wide = if *tick == Tick::Blot { 0.26 * side } else { 1.1 * scale };
                        grey.stroke(on(*from), on(*to), wide, INK);
                    }
                }
            }
            Mark::Ink { points, width } => {
                for (from, to) in points.iter().zip(points.iter().skip(1)) {
                    let (from, to) = ((from.0 * scale, from.1 * scale), (to.0 * scale, to.1 * scale));
                    grey.stroke(from, to, (width * scale).max(1.2), INK);
                }
            }
        }
    }
    grey
}

/// A stroke, its ends as shares of the side of a box.
type Stroke = ((f32, f32), (f32, f32));

/// The strokes of a tick.
pub(crate) const fn tick_strokes(tick: Tick) -> &'static [Stroke] {
    match tick {
        Tick::Cross => &[((0.2, 0.2), (0.8, 0.8)), ((0.2, 0.8), (0.8, 0.2))],
        Tick::Check => &[((0.18, 0.5), (0.42, 0.8)), ((0.42, 0.8), (0.88, 0.1))],
        Tick::Blot => &[((0.3, 0.35), (0.7, 0.35)), ((0.3, 0.5), (0.7, 0.5)), ((0.3, 0.65), (0.7, 0.65))],
    }
}
