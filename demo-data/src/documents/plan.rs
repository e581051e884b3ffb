//! Which document comes in which shape: form, faces, kind of file, and what has happened to it.
//!
//! Forms go round, so that each turns up in any two dozen documents; everything else is drawn, in the shares that a
//! mailroom sees: a third PDF with text, a tenth fillable, a tenth clean scans, and the rest spoiled in some way.

use super::{
    case::Form,
    encode::Packing,
    face::Face,
    sheet::{Hand, Style, Tick},
    truth::Degradation,
};
use crate::random::Random;

/// Kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// PDF with a text layer.
    Text,
    /// PDF with form fields.
    Fillable,
    /// PDF of pictures.
    Scan,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// TIFF.
    Tiff(Packing),
}

impl Output {
    /// Whether it has a text layer or form fields.
    pub(crate) const fn is_digital(self) -> bool {
        matches!(self, Self::Text | Self::Fillable)
    }

    /// Whether it can hold several pages.
    pub(crate) const fn has_pages(self) -> bool {
        !matches!(self, Self::Png | Self::Jpeg)
    }

    /// Ending of its name.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Self::Text | Self::Fillable | Self::Scan => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Tiff(_) => "tif",
        }
    }
}

/// The shape of a document.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) output: Output,
    pub(crate) dpi: u32,
    pub(crate) style: Style,
    pub(crate) wear: Degradation,
    pub(crate) is_clean: bool,
    /// Whether a typewriter wrote capitals.
    pub(crate) is_upper: bool,
}

/// The form of a document.
pub(crate) fn form(position: u32) -> Form {
    let count = u32::try_from(Form::ALL.len()).unwrap_or(1);
    // The shift keeps a form from meeting the same neighbours in every round.
    let at = (position + position / count * 5) % count;
    usize::try_from(at).ok().and_then(|at| Form::ALL.get(at)).copied().unwrap_or(Form::Sst)
}

fn typed(random: &mut Random) -> Face {
    match random.below(4) {
        0 => Face::Serif,
        1 => Face::Mono,
        _ => Face::Sans,
    }
}

fn style(entry: Face, is_digital: bool, random: &mut Random) -> Style {
    let is_serif = random.percent(30);
    let by_hand = matches!(entry, Face::Pen | Face::Brush);
    let tick = match random.below(5) {
        0 => Tick::Blot,
        1 | 2 => Tick::Check,
        _ => Tick::Cross,
    };
    let hand = match random.below(10) {
        0..2 if is_digital => Hand::Typed,
        0..3 if !is_digital => Hand::Written,
        _ => Hand::Scribble,
    };
    Style {
        label: if is_serif { Face::Serif } else { Face::Sans },
        bold: if is_serif { Face::SerifBold } else { Face::SansBold },
        entry,
        entry_size: match entry {
            Face::Pen => 11.5,
            Face::Brush => 15.0,
            Face::Mono => 9.0,
            _ => 10.0,
        },
        by_hand,
        tick,
        hand,
    }
}

/// A document with a text layer.
pub(crate) fn digital(output: Output, random: &mut Random) -> Shape {
    let entry = if output == Output::Fillable { Face::Sans } else { typed(random) };
    Shape {
        output,
        dpi: 200,
        style: style(entry, true, random),
        wear: Degradation::default(),
        is_clean: true,
        is_upper: entry == Face::Mono && random.percent(50),
    }
}

/// A typed document that was scanned well.
pub(crate) fn clean_scan(dpi: u32, random: &mut Random) -> Shape {
    let output = match random.below(3) {
        0 => Output::Scan,
        _ => Output::Png,
    };
    let entry = typed(random);
    Shape {
        output,
        dpi,
        style: style(entry, false, random),
        wear: Degradation::default(),
        is_clean: true,
        is_upper: entry == Face::Mono && random.percent(50),
    }
}

/// The shape of an ordinary document; papers that a state prints are never filled in by hand.
pub(crate) fn shape(form: Form, random: &mut Random) -> Shape {
    match random.below(20) {
        0..6 => digital(Output::Text, random),
        6 | 7 if !form.is_issued() => digital(Output::Fillable, random),
        6 | 7 => digital(Output::Text, random),
        8 | 9 => clean_scan(300, random),
        _ => spoiled(form, random),
    }
}

fn tenths(random: &mut Random, from: u16, to: u16) -> f32 {
    let span = u64::from(to.saturating_sub(from)) + 1;
    f32::from(from + u16::try_from(random.below(span)).unwrap_or_default()) / 10.0
}

fn spoiled(form: Form, random: &mut Random) -> Shape {
    let entry = if form.is_issued() {
        typed(random)
    } else {
        match random.below(10) {
            0..3 => Face::Pen,
            3 | 4 => Face::Brush,
            _ => typed(random),
        }
    };
    let mut shape = clean_scan(random.pick(&[150, 200, 200, 300]), random);
    shape.style = style(entry, false, random);
    shape.is_clean = false;
    shape.is_upper = entry == Face::Mono && random.percent(50);
    let skew = tenths(random, 3, 25) * if random.percent(50) { 1.0 } else { -1.0 };
    match random.below(10) {
        0 | 1 => {
            faxed(&mut shape);
            shape.wear.speck = Some(random.pick(&[0.0002, 0.0004, 0.0006, 0.0008]));
            shape.wear.skew = random.percent(70).then_some((skew * 60.0).round() / 100.0);
            shape.output = match random.below(4) {
                0 => Output::Scan,
                1 => Output::Tiff(Packing::Deflate),
                _ => Output::Tiff(Packing::Fax),
            };
        }
        2 | 3 => {
            photographed(&mut shape);
            shape.wear.skew = Some(skew);
            shape.wear.blur = Some(tenths(random, 4, 8));
            shape.wear.jpeg = Some(60 + u8::try_from(random.below(26)).unwrap_or_default());
        }
        4 => {
            shape.output = Output::Png;
            shape.wear.contrast = Some((70, 210));
            shape.wear.noise = Some(3);
            shape.wear.skew = Some(skew);
        }
        5 => {
            shape.output = Output::Png;
            shape.dpi = shape.dpi.max(200);
            shape.wear.noise = Some(6);
            shape.wear.speck = Some(0.0004);
        }
        kind => {
            shape.output = if kind < 8 { Output::Jpeg } else { Output::Scan };
            shape.wear.skew = random.percent(70).then_some(skew);
            shape.wear.noise = Some(u8::try_from(3 + random.below(9)).unwrap_or(3));
            shape.wear.blur = (shape.dpi > 150).then(|| tenths(random, 4, 8));
            shape.wear.jpeg = Some(35 + u8::try_from(random.below(51)).unwrap_or_default());
        }
    }
    if random.percent(20) {
        let day = 1 + random.below(28);
        let month = random.pick(&["JAN", "MAR", "MAY", "JUL", "SEP", "OCT"]);
        shape.wear.stamps.push(format!("RECEIVED\n{month} {day:02} 2026"));
    }
    if random.percent(12) && !shape.wear.photo {
        shape.wear.turn = Some(random.pick(&[90, 180, 270]));
    }
    shape
}

/// Sent by fax: black and white, a little askew, with specks.
pub(crate) fn faxed(shape: &mut Shape) {
    shape.output = Output::Tiff(Packing::Fax);
    shape.dpi = 200;
    shape.is_clean = false;
    shape.wear = Degradation {
        bilevel: true,
        blur: Some(0.5),
        speck: Some(0.0004),
        skew: Some(0.6),
        ..Degradation::default()
    };
}

/// Photographed with a telephone.
pub(crate) fn photographed(shape: &mut Shape) {
    shape.output = Output::Jpeg;
    shape.dpi = shape.dpi.max(200);
    shape.is_clean = false;
    shape.wear = Degradation {
        photo: true,
        blur: Some(0.5),
        noise: Some(4),
        jpeg: Some(75),
        skew: Some(-1.3),
        ..Degradation::default()
    };
}

/// Filled in by hand and scanned.
pub(crate) fn by_pen(shape: &mut Shape) {
    shape.output = Output::Jpeg;
    shape.is_clean = false;
    shape.style = Style { entry: Face::Pen, entry_size: 11.5, by_hand: true, ..shape.style };
    shape.wear = Degradation { noise: Some(5), jpeg: Some(70), skew: Some(0.7), ..Degradation::default() };
}
