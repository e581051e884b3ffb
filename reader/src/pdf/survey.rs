//! A device that draws nothing: it takes down the letters of a page and weighs what drawing it would take.
//!
//! The step count before it says how many things a page draws, not how large they are. A dash pattern of a millionth of
//! a point, a tile repeated over a huge area or a line around the world costs memory when drawn, so their sizes are
//! added up here, where the interpreter has worked them out, and a page that is too heavy is not drawn.

use std::collections::HashSet;

use hayro::{
    hayro_interpret::{
        BlendMode, CacheKey, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask,
        font::{Glyph, GlyphRun},
        hayro_cmap::BfString,
        pattern::Pattern,
    },
    kurbo::{Affine, BezPath, ParamCurveArclen as _, PathSeg, Point, Rect, Shape as _},
};

/// Most letters of a page that are taken down.
const MAX_GLYPHS: usize = 60_000;
/// Longest outline in points, all drawn things together. Ten thousand letters have about half a million.
const MAX_OUTLINE: f64 = 4_000_000.0;
/// Most tiles of one pattern that are drawn next to each other, and the longest step between them in points.
const MAX_TILES: f64 = 64.0;
const MAX_TILE: f64 = 2_000.0;
/// Deepest nesting of patterns and masks that is weighed.
const MAX_DEPTH: usize = 4;

/// One letter, in points from the top left of the upright page.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) text: String,
    /// Where it starts on its line.
    pub(super) origin: Point,
    /// Where the next one would start.
    pub(super) end: Point,
    /// The way up, as long as the letters are large.
    pub(super) up: Point,
}

/// What a page draws.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) letters: Vec<Letter>,
    /// Letters whose meaning the file does not say.
    pub(super) unknown: usize,
    /// Area of pictures in square points.
    pub(super) pictures: f64,
    outline: f64,
    too_heavy: bool,
    depth: usize,
    seen: HashSet<u128>,
    bounds: Rect,
}

impl Survey {
    pub(super) fn new(width: f32, height: f32) -> Self {
        let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        Self { bounds, ..Self::default() }
    }

    /// Whether drawing the page would take too much.
    pub(super) fn is_too_heavy(&self) -> bool {
        self.too_heavy || self.outline > MAX_OUTLINE
    }

    /// Whether nothing is drawn.
    pub(super) fn is_blank(&self) -> bool {
        self.outline == 0.0
    }

    fn path(&mut self, path: &BezPath, transform: Affine, mode: &DrawMode) {
        let mut length = 0.0;
        for segment in path.segments() {
            let segment = transform * segment;
            // Only what lies near the page is drawn.
            let seen = segment.bounding_box().intersect(self.bounds);
            let long = match segment {
                PathSeg::Line(line) => line.arclen(1.0),
                PathSeg::Quad(quad) => (quad.p0 - quad.p1).hypot() + (quad.p1 - quad.p2).hypot(),
                PathSeg::Cubic(cubic) => {
                    (cubic.p0 - cubic.p1).hypot()
                        + (cubic.p1 - cubic.p2).hypot()
                        + (cubic.p2 - cubic.p3).hypot()
                }
            };
            if !long.is_finite() {
                self.too_heavy = true;
                return;
            }
            if let DrawMode::Stroke(stroke) | DrawMode::FillAndStroke(_, stroke) = mode
                && !stroke.dash_array.is_empty()
            {
                let scale = transform.determinant().abs().sqrt();
                let period = f64::from(stroke.dash_array.iter().map(|dash| dash.abs()).sum::<f32>()) * scale;
                // Dashes are worked out along the whole line, also where nobody sees it.
                length += 4.0 * long / period.max(1e-9);
            }
            length += long.min(2.0 * (seen.width().max(0.0) + seen.height().max(0.0))) + 0.5;
        }
        self.outline += length;
    }

    fn paint<'a>(&mut self, paint: &Paint<'a>, stroke: bool)
    where
        Self: Device<'a>,
    {
        let Paint::Pattern(pattern) = paint else { return };
        let Pattern::Tiling(tiling) = &**pattern else { return };
        let step = |step: f32| f64::from(step.abs());
        let (x, y) = (step(tiling.x_step), step(tiling.y_step));
        let tiles = (tiling.bbox.width() / x).ceil().max(1.0) * (tiling.bbox.height() / y).ceil().max(1.0);
        let [a, b, c, d, ..] = tiling.matrix.as_coeffs();
        let longest = (x * a.hypot(b)).max(y * c.hypot(d));
        if !(tiles <= MAX_TILES && longest <= MAX_TILE) || self.depth >= MAX_DEPTH {
            self.too_heavy = true;
            return;
        }
        if self.seen.insert(pattern.cache_key()) {
            self.depth += 1;
            let before = self.outline;
            let letters = self.letters.len();
            let matrix = tiling.matrix;
            tiling.interpret(self, matrix, stroke);
            // Every tile is drawn; and words of a pattern are decoration.
            self.outline += (self.outline - before) * tiles;
            self.letters.truncate(letters);
            self.depth -= 1;
        }
        // It is drawn anew on every use.
        self.outline += 200.0;
    }

    fn letter(&mut self, glyph: &Glyph<'_>, place: Affine) {
        if self.letters.len() >= MAX_GLYPHS {
            self.too_heavy = true;
            return;
        }
        let text = match glyph.as_unicode() {
            Some(BfString::Char(letter)) => letter.to_string(),
            Some(BfString::String(letters)) => letters,
            None => match u8::try_from(glyph.char_code()) {
                Ok(code @ 0x20..=0x7E) if matches!(glyph, Glyph::Outline(_)) => char::from(code).to_string(),
                _ => {
                    self.unknown += 1;
                    return;
                }
            },
        };
        let width = match glyph {
            Glyph::Outline(outline) => outline.advance_width(),
            Glyph::Type3(drawn) => drawn.advance_width(),
        };
        let width = f64::from(width.filter(|width| width.is_finite()).unwrap_or(500.0));
        let origin = place * Point::ZERO;
        let up = place * Point::new(0.0, 1000.0) - origin;
        let end = place * Point::new(width, 0.0);
        if [origin.x, origin.y, end.x, end.y, up.x, up.y].iter().all(|number| number.abs() < 1e6) {
            self.letters.push(Letter { text, origin, end, up: up.to_point() });
        }
    }
}

impl<'a> Device<'a> for Survey {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.path(path, props.transform, draw_mode);
        self.paint(&props.paint, matches!(draw_mode, DrawMode::Stroke(_)));
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.outline += 20.0 * clip_path.path.elements().len() as f64;
    }

    fn push_transparency_group(&mut self, _: f32, mask: Option<SoftMask<'a>>, _: BlendMode) {
        // A group is a layer as large as the page.
        self.outline += 500.0;
        if let Some(mask) = mask
            && self.depth < MAX_DEPTH
            && self.seen.insert(mask.cache_key())
        {
            self.depth += 1;
            let letters = self.letters.len();
            mask.interpret(self);
            self.letters.truncate(letters);
            self.depth -= 1;
        }
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            let place = props.transform * glyph.transform();
            let size = place.determinant().abs().sqrt() * 1000.0;
            self.outline += 8.0 * size.min(2000.0);
            self.letter(glyph, place);
        }
        self.paint(&props.paint, false);
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let area = props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, width, height));
        let seen = area.intersect(self.bounds);
        self.pictures += seen.width().max(0.0) * seen.height().max(0.0);
        self.outline += 100.0;
    }

    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
