//! The faces that documents are set in, and how wide text is in them.
//!
//! A page is laid out once and then either printed as PDF with the standard fonts or drawn with TrueType files, so
//! both have to say how wide a text is before it is placed. The widths of the standard fonts are those of Adobe's
//! metrics files; the pen-like faces exist only as files, since no PDF reader brings one along.

use std::{fs, path::Path};

use ab_glyph::{Font, FontVec, PxScale, ScaleFont};

use crate::DemoError;

/// A face, by its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Plain without serifs.
    Sans,
    /// Bold without serifs.
    SansBold,
    /// Plain with serifs.
    Serif,
    /// Bold with serifs; drawn twice where there is no file for it.
    SerifBold,
    /// Typewriter.
    Mono,
    /// Round handwriting.
    Pen,
    /// Narrow capitals by hand.
    Brush,
}

const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const HELVETICA_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278,
    556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584,
    556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556,
    333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500,
    500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333,
    389, 722, 611, 889, 722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469,
    500, 333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389,
    278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];
const TIMES_BOLD: [u16; 95] = [
    250, 333, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 570, 250, 333, 250, 278, 500, 500, 500, 500, 500,
    500, 500, 500, 500, 500, 333, 333, 570, 570, 570, 500, 930, 722, 667, 722, 722, 667, 611, 778, 778, 389,
    500, 778, 667, 944, 722, 778, 611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 333, 278, 333, 581,
    500, 333, 500, 556, 444, 556, 444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500, 556, 556, 444, 389,
    333, 556, 500, 722, 500, 500, 444, 394, 220, 394, 520,
];

/// The TrueType files.
pub(crate) struct Fonts {
    sans: FontVec,
    bold: FontVec,
    serif: FontVec,
    mono: FontVec,
    pen: FontVec,
    brush: FontVec,
}

impl Fonts {
    /// Loads the six files from a folder.
    pub(crate) fn load(folder: &Path) -> Result<Self, DemoError> {
        let font = |name: &str| {
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(|source| DemoError::Font { path: path.clone(), source })?;
            FontVec::try_from_vec(bytes).map_err(|source| DemoError::Font {
                path,
                source: std::io::Error::new(std::io::ErrorKind::InvalidData, source),
            })
        };
        Ok(Self {
            sans: font("SourceSansPro-Regular.ttf")?,
            bold: font("SourceSansPro-Bold.ttf")?,
            serif: font("Caladea-Regular.ttf")?,
            mono: font("DroidSansMono.ttf")?,
            pen: font("Intuitive.ttf")?,
            brush: font("AmaticSC-Bold.ttf")?,
        })
    }

    /// The file of a face.
    pub(crate) fn font(&self, face: Face) -> &FontVec {
        match face {
            Face::Sans => &self.sans,
            Face::SansBold => &self.bold,
            Face::Serif | Face::SerifBold => &self.serif,
            Face::Mono => &self.mono,
            Face::Pen => &self.pen,
            Face::Brush => &self.brush,
        }
    }
}

/// What a font file calls its scale, for an em of so many pixels.
pub(crate) fn scale_of(font: &FontVec, em: f32) -> PxScale {
    let units = font.units_per_em().unwrap_or(1000.0).max(1.0);
    PxScale::from(em * font.height_unscaled() / units)
}

/// Where widths come from.
#[derive(Clone, Copy)]
pub(crate) enum Metrics<'a> {
    /// The standard fonts of PDF.
    Standard,
    /// The TrueType files.
    Files(&'a Fonts),
}

impl Metrics<'_> {
    /// Width of a text of `size` points, in points.
    pub(crate) fn width(&self, face: Face, size: f32, text: &str) -> f32 {
        match self {
            Self::Standard => text.chars().map(|c| standard_width(face, c)).sum::<f32>() * size / 1000.0,
            Self::Files(fonts) => {
                let font = fonts.font(face);
                let scaled = font.as_scaled(scale_of(font, size));
                text.chars().map(|c| scaled.h_advance(font.glyph_id(c))).sum()
            }
        }
    }
}

fn standard_width(face: Face, c: char) -> f32 {
    let table = match face {
        Face::Sans | Face::Pen | Face::Brush => &HELVETICA,
        Face::SansBold => &HELVETICA_BOLD,
        Face::Serif => &TIMES,
        Face::SerifBold => &TIMES_BOLD,
        Face::Mono => return 600.0,
    };
    let at = u32::from(c).checked_sub(32).and_then(|at| usize::try_from(at).ok());
    f32::from(at.and_then(|at| table.get(at)).copied().unwrap_or(556))
}
