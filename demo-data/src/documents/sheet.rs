//! A page under construction: text, lines, boxes and ink at places, the same for print and picture.
//!
//! Coordinates are points with the origin at the top left; `y` of a text is its baseline. The forms say where a value
//! goes and under which key; what stands there is looked up in the case, so a fault is a changed entry and never a
//! changed drawing. Real forms put labels beside, above or below what they announce, and each way has its function.

use std::collections::BTreeSet;

use super::{
    case::Case,
    face::{Face, Metrics},
    truth::SegmentKind,
};
use crate::random::Random;

/// Width of a letter page.
pub(crate) const WIDTH: f32 = 612.0;
/// Height of a letter page.
pub(crate) const HEIGHT: f32 = 792.0;
/// Left margin of most forms.
pub(crate) const LEFT: f32 = 42.0;
/// Width between the margins.
pub(crate) const SPAN: f32 = WIDTH - 2.0 * LEFT;
/// What every page bears.
pub(crate) const NOTICE: &str = "SPECIMEN - NOT A VALID CERTIFICATE";
const SMALL: f32 = 7.5;

/// How a box is ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Two crossing strokes.
    Cross,
    /// A check mark.
    Check,
    /// The box filled.
    Blot,
}

/// How a signature looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Strokes that nobody can read.
    Scribble,
    /// A handwriting face.
    Written,
    /// "/s/" and the name.
    Typed,
}

/// How a document is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Face of labels.
    pub(crate) label: Face,
    /// Face of headings.
    pub(crate) bold: Face,
    /// Face of entries.
    pub(crate) entry: Face,
    /// Size of entries.
    pub(crate) entry_size: f32,
    /// Whether ticks stray from the middle of their boxes, as with a pen.
    pub(crate) by_hand: bool,
    /// How boxes are ticked.
    pub(crate) tick: Tick,
    /// How it is signed.
    pub(crate) hand: Hand,
}

/// Something on the page.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    /// Text; a value has the key of its entry and the width of its place.
    Text {
        x: f32,
        y: f32,
        size: f32,
        face: Face,
        text: String,
        kind: SegmentKind,
        field: Option<(&'static str, f32)>,
    },
    /// A place for a value that was left empty.
    Blank { x: f32, y: f32, width: f32, key: &'static str },
    /// A straight stroke.
    Line { from: (f32, f32), to: (f32, f32), width: f32 },
    /// A check box: left, top and side, whether and how it is ticked, and how far the tick strays.
    Box { x: f32, y: f32, side: f32, key: &'static str, tick: Option<Tick>, stray: (f32, f32) },
    /// Strokes of a pen.
    Ink { points: Vec<(f32, f32)>, width: f32 },
}

/// A page under construction.
pub(crate) struct Sheet<'a> {
    pub(crate) marks: Vec<Mark>,
    /// Keys whose values were set on the page.
    pub(crate) shown: BTreeSet<&'static str>,
    pub(crate) case: &'a Case,
    metrics: Metrics<'a>,
    style: Style,
    random: Random,
}

impl<'a> Sheet<'a> {
    /// An empty page that bears the notice.
    pub(crate) fn new(case: &'a Case, metrics: Metrics<'a>, style: Style, random: Random) -> Self {
        let mut sheet = Self { marks: Vec::new(), shown: BTreeSet::new(), case, metrics, style, random };
        sheet.centre(779.0, 7.0, false, NOTICE);
        sheet
    }

    fn push(&mut self, x: f32, y: f32, size: f32, face: Face, text: &str) {
        let text = text.to_owned();
        self.marks.push(Mark::Text { x, y, size, face, text, kind: SegmentKind::Label, field: None });
    }

    /// Width of a label.
    pub(crate) fn width(&self, size: f32, text: &str) -> f32 {
        self.metrics.width(self.style.label, size, text)
    }

    /// A label.
    pub(crate) fn text(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.push(x, y, size, self.style.label, text);
    }

    /// A heading.
    pub(crate) fn bold(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.push(x, y, size, self.style.bold, text);
    }

    /// A line of text in the middle of the page.
    pub(crate) fn centre(&mut self, y: f32, size: f32, bold: bool, text: &str) {
        let face = if bold { self.style.bold } else { self.style.label };
        let x = (WIDTH - self.metrics.width(face, size, text)) / 2.0;
        self.push(x, y, size, face, text);
    }

    /// A line of text that ends at `x`.
    pub(crate) fn flush_right(&mut self, x: f32, y: f32, size: f32, text: &str) {
        let start = x - self.width(size, text);
        self.text(start, y, size, text);
    }

    /// Running text, broken into lines; answers the baseline after the last.
    pub(crate) fn para(&mut self, x: f32, y: f32, width: f32, size: f32, text: &str) -> f32 {
        let mut y = y;
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && self.width(size, &longer) > width {
                self.text(x, y, size, &line);
                y += size * 1.25;
                word.clone_into(&mut line);
            } else {
                line = longer;
            }
        }
        if !line.is_empty() {
            self.text(x, y, size, &line);
            y += size * 1.25;
        }
        y
    }

    /// A horizontal line.
    pub(crate) fn rule(&mut self, x: f32, y: f32, width: f32) {
        self.stroke((x, y), (x + width, y), 0.6);
    }

    /// A heavy line across the page.
    pub(crate) fn bar(&mut self, y: f32) {
        self.stroke((LEFT, y), (LEFT + SPAN, y), 1.4);
    }

    fn stroke(&mut self, from: (f32, f32), to: (f32, f32), width: f32) {
        self.marks.push(Mark::Line { from, to, width });
    }

    /// Four lines around a place.
    pub(crate) fn frame(&mut self, x: f32, y: f32, width: f32, height: f32) {
        let (right, bottom) = (x + width, y + height);
        self.stroke((x, y), (right, y), 0.6);
        self.stroke((x, bottom), (right, bottom), 0.6);
        self.stroke((x, y), (x, bottom), 0.6);
        self.stroke((right, y), (right, bottom), 0.6);
    }

    /// The entry of a key; its place stays empty if there is none.
    pub(crate) fn value(&mut self, x: f32, y: f32, width: f32, key: &'static str) {
        match self.case.values.get(key).filter(|text| !text.is_empty()) {
            Some(text) => self.entry(x, y, width, key, &text.clone()),
            None => self.marks.push(Mark::Blank { x, y, width, key }),
        }
    }

    /// A text that was filled in under a key.
    pub(crate) fn entry(&mut self, x: f32, y: f32, width: f32, key: &'static str, text: &str) {
        self.entry_within(x, y, width, f32::MAX, key, text);
    }

    /// An entry in a row that leaves room for no more than some size.
    pub(crate) fn entry_within(
        &mut self,
        x: f32,
        y: f32,
        width: f32,
        tallest: f32,
        key: &'static str,
        text: &str,
    ) {
        let face = self.style.entry;
        let mut size = self.style.entry_size.min(tallest);
        let natural = self.metrics.width(face, size, text);
        if natural > width {
            size = (size * width / natural).max(5.5);
        }
        let (dx, dy) = if self.style.by_hand { (self.stray(3.0).abs(), self.stray(1.0)) } else { (0.0, 0.0) };
        self.shown.insert(key);
        if self.case.struck == Some(key) {
            let end = x + dx + natural.min(width);
            let middle = y + dy - size * 0.28;
            self.stroke((x + dx - 4.0, middle), (end + 4.0, middle + 0.3), 1.3);
        }
        let text = text.to_owned();
        let (x, y) = (x + dx.min((width - natural).max(0.0)), y + dy);
        self.marks.push(Mark::Text {
            x,
            y,
            size,
            face,
            text,
            kind: SegmentKind::Value,
            field: Some((key, width)),
        });
    }

    /// A number between minus and plus `most`.
    fn stray(&mut self, most: f32) -> f32 {
        let share = f32::from(u16::try_from(self.random.below(2001)).unwrap_or_default());
        (share / 1000.0 - 1.0) * most
    }

    /// Label, then the value beside it on a line that starts at `at`.
    pub(crate) fn beside(&mut self, x: f32, y: f32, label: &str, at: f32, end: f32, key: &'static str) {
        self.text(x, y, 8.5, label);
        let at = at.max(x + self.width(8.5, label) + 6.0);
        self.rule(at, y + 3.0, end - at);
        self.value(at + 3.0, y, end - at - 6.0, key);
    }

    /// The value on a line, its label in small print below.
    pub(crate) fn below(&mut self, x: f32, y: f32, width: f32, label: &str, key: &'static str) {
        self.value(x + 3.0, y, width - 6.0, key);
        self.rule(x, y + 3.5, width);
        self.text(x + 1.0, y + 11.5, SMALL, label);
    }

    /// A framed cell with its label in the upper corner.
    pub(crate) fn cell(&mut self, x: f32, y: f32, width: f32, height: f32, label: &str, key: &'static str) {
        self.frame(x, y, width, height);
        self.text(x + 3.0, y + 8.5, SMALL, label);
        self.value(x + 5.0, y + height - 6.0, width - 10.0, key);
    }

    /// A check box with its caption; answers where the caption ends.
    pub(crate) fn check(&mut self, x: f32, y: f32, key: &'static str, caption: &str) -> f32 {
        self.tick_box(x, y, key);
        self.text(x + 14.0, y, 8.5, caption);
        x + 14.0 + self.width(8.5, caption)
    }

    /// A check box without a caption, on the baseline `y`.
    pub(crate) fn tick_box(&mut self, x: f32, y: f32, key: &'static str) {
        let tick = self.case.boxes.contains(key).then_some(self.style.tick);
        let stray = if self.style.by_hand { (self.stray(1.4), self.stray(1.4)) } else { (0.0, 0.0) };
        self.marks.push(Mark::Box { x, y: y - 8.0, side: 9.0, key, tick, stray });
    }

    /// A check box with a caption of several lines; answers the baseline after it.
    pub(crate) fn check_para(&mut self, x: f32, y: f32, width: f32, key: &'static str, caption: &str) -> f32 {
        self.tick_box(x, y, key);
        self.para(x + 15.0, y, width - 15.0, 8.5, caption)
    }

    /// The signature of the case, if it has one, with its foot at the baseline.
    pub(crate) fn signature(&mut self, x: f32, y: f32, width: f32) {
        if !self.case.signature {
            return;
        }
        let name = self.case.values.get("signer").cloned().unwrap_or_default();
        match self.style.hand {
            Hand::Scribble => self.scribble(x, y, width),
            Hand::Written => self.sign_as(x, y, width, Face::Pen, 15.0, &name),
            Hand::Typed => self.sign_as(x, y, width, self.style.entry, 10.0, &format!("/s/ {name}")),
        }
    }

    fn sign_as(&mut self, x: f32, y: f32, width: f32, face: Face, size: f32, name: &str) {
        let natural = self.metrics.width(face, size, name).max(1.0);
        let size = size * (width / natural).min(1.0);
        let (text, kind) = (name.to_owned(), SegmentKind::Signature);
        self.marks.push(Mark::Text { x, y, size, face, text, kind, field: Some(("signature", width)) });
    }

    /// Loops and waves as from a quick hand.
    fn scribble(&mut self, x: f32, y: f32, width: f32) {
        let wide = width.min(90.0 + self.stray(25.0));
        let mut corners = Vec::new();
        let humps = 6 + u8::try_from(self.random.below(6)).unwrap_or_default();
        for hump in 0..=humps {
            let at = x + 4.0 + (wide - 8.0) * f32::from(hump) / f32::from(humps);
            let tall = if hump == 0 || hump == 4 { 12.0 } else { 5.0 };
            let lift = if hump % 2 == 0 { tall + self.stray(3.0).abs() } else { self.stray(2.0) };
            corners.push((at + self.stray(4.0), y - lift));
        }
        self.marks.push(Mark::Ink { points: smooth(&corners), width: 1.1 });
        let (from, to) = ((x + wide * 0.1, y + 1.5), (x + wide, y - 3.0 + self.stray(2.0)));
        self.marks
            .push(Mark::Ink { points: smooth(&[from, ((from.0 + to.0) / 2.0, y - 1.0), to]), width: 0.9 });
    }

    /// A line for the signature with its label below.
    pub(crate) fn sign_below(&mut self, x: f32, y: f32, width: f32, label: &str) {
        self.signature(x + 4.0, y, width - 8.0);
        self.rule(x, y + 3.5, width);
        self.text(x + 1.0, y + 11.5, SMALL, label);
    }

    /// A framed cell for the signature.
    pub(crate) fn sign_cell(&mut self, x: f32, y: f32, width: f32, height: f32, label: &str) {
        self.frame(x, y, width, height);
        self.text(x + 3.0, y + 8.5, SMALL, label);
        self.signature(x + 6.0, y + height - 5.0, width - 12.0);
    }
}

/// A smooth line through corners (Catmull and Rom).
fn smooth(corners: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let mut points = Vec::new();
    let corner =
        |at: usize| corners.get(at.min(corners.len().saturating_sub(1))).copied().unwrap_or_default();
    for at in 0..corners.len().saturating_sub(1) {
        let (a, b, c, d) = (corner(at.saturating_sub(1)), corner(at), corner(at + 1), corner(at + 2));
        for step in 0..12_u8 {
            let t = f32::from(step) / 12.0;
            let on = |p0: f32, p1: f32, p2: f32, p3: f32| {
                0.5 * (2.0 * p1
                    + (p2 - p0) * t
                    + (2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3) * t * t
                    + (3.0 * p1 - p0 - 3.0 * p2 + p3) * t * t * t)
            };
            points.push((on(a.0, b.0, c.0, d.0), on(a.1, b.1, c.1, d.1)));
        }
    }
    points.extend(corners.last());
    points
}
