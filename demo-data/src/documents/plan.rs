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
    let mut dpi = random.pick(&[150, 200, 200, 300]);
    let mut wear = Degradation::default();
    let skew = tenths(random, 3, 25) * if random.percent(50) { 1.0 } else { -1.0 };
    let output = match random.below(10) {
        0 | 1 => {
            dpi = 200;
            wear.bilevel = true;
            wear.blur = Some(0.5);
            wear.speck = Some(tenths(random, 2, 9) / 1000.0);
            wear.skew = random.percent(70).then_some(skew * 0.6);
            match random.below(4) {
                0 => Output::Scan,
                1 => Output::Tiff(Packing::Deflate),
                _ => Output::Tiff(Packing::Fax),
            }
        }
        2 | 3 => {
            dpi = dpi.max(200);
            wear.photo = true;
            wear.skew = Some(skew);
            wear.blur = Some(tenths(random, 4, 8));
            wear.noise = Some(4);
            wear.jpeg = Some(60 + u8::try_from(random.below(26)).unwrap_or_default());
            Output::Jpeg
        }
        4 => {
            wear.contrast = Some((70, 210));
            wear.noise = Some(3);
            wear.skew = Some(skew);
            Output::Png
        }
        5 => {
            dpi = dpi.max(200);
            wear.noise = Some(6);
            wear.speck = Some(0.0004);
            Output::Png
        }
        kind => {
            wear.skew = random.percent(70).then_some(skew);
            wear.noise = Some(u8::try_from(3 + random.below(9)).unwrap_or(3));
            wear.blur = (dpi > 150).then(|| tenths(random, 4, 8));
            wear.jpeg = Some(35 + u8::try_from(random.below(51)).unwrap_or_default());
            if kind < 8 { Output::Jpeg } else { Output::Scan }
        }
    };
    if random.percent(20) {
        let day = 1 + random.below(28);
        let month = random.pick(&["JAN", "MAR", "MAY", "JUL", "SEP", "OCT"]);
        wear.stamps.push(format!("RECEIVED\n{month} {day:02} 2026"));
    }
    if random.percent(8) && !wear.photo {
        wear.turn = Some(random.pick(&[90, 180, 270]));
    }
    Shape {
        output,
        dpi,
        style: style(entry, false, random),
        wear,
        is_clean: false,
        is_upper: entry == Face::Mono && random.percent(50),
    }
}
