//! The text layer of a page, and whether it is good enough to be believed.
//!
//! Letters of the page itself and of annotations (a note typed over a flat form is one) are taken; those inside the
//! fields of a form are not, because fields are given by themselves. Letters drawn invisibly count: that is how
//! programs lay recognised text under a scan.

use std::sync::Arc;

use hayro::{
    hayro_interpret::{Context, InterpreterCache, InterpreterSettings, RenderContent, interpret_page},
    hayro_syntax::page::Page,
    kurbo::{Affine, Rect},
};

use super::{survey::Survey, words};
use crate::{
    limits::Limits,
    model::{Finding, Rectangle, Word},
};

/// A page with fewer words than this is taken for a picture if it shows one.
const FEW_WORDS: usize = 8;
/// Share of the page that pictures have to cover to make it a scan.
const SCAN_COVER: f64 = 0.5;

/// What a page says without being looked at.
#[derive(Debug)]
pub(crate) struct TextLayer {
    /// Width and height in points, as people see the page.
    pub(crate) size: (f32, f32),
    /// Words in reading order.
    pub(crate) words: Vec<Word>,
    /// Whether the words are all there is to read.
    pub(crate) is_digital: bool,
}

/// Reads the text layer of a page. `fields` are the places of form fields on it.
pub(crate) fn read(
    page: &Page<'_>,
    number: usize,
    fields: &[Rectangle],
    limits: &Limits,
) -> Result<TextLayer, Finding> {
    let (width, height) = page.render_dimensions();
    let own = survey(page, RenderContent::PAGE, (width, height));
    let noted = survey(page, RenderContent::ANNOTATIONS, (width, height));
    if own.is_too_heavy() || noted.is_too_heavy() {
        return Err(Finding::TooLarge(format!(
            "page {} is drawn with more and longer lines than any form has; print the PDF to a new one as a picture",
            number + 1
        )));
    }
    let is_blank = own.is_blank() && noted.is_blank();
    let unknown = own.unknown;
    let known = own.letters.len();
    let cover = own.pictures / (f64::from(width) * f64::from(height)).max(1.0);
    let mut letters = own.letters;
    letters.extend(noted.letters.into_iter().filter(|letter| {
        let (x, y) = (letter.origin.midpoint(letter.end).x as f32, (letter.origin.y - 1.0) as f32);
        !fields
            .iter()
            .any(|area| x >= area.left && x <= area.right && y >= area.top - 1.0 && y <= area.bottom + 1.0)
    }));
    let page_area = Rectangle { left: 0.0, top: 0.0, right: width, bottom: height };
    let words = words::from_letters(&letters, page_area, limits.words);
    let understood = unknown * 5 <= known;
    // Letters drawn as outlines are no text either: a page without words is digital only if it is blank.
    let says_all = !words.is_empty() || is_blank;
    let is_digital = understood && (words.len() >= FEW_WORDS || (cover < SCAN_COVER && says_all));
    Ok(TextLayer { size: (width, height), words, is_digital })
}

fn survey(page: &Page<'_>, content: RenderContent, (width, height): (f32, f32)) -> Survey {
    let mut survey = Survey::new(width, height);
    let settings = InterpreterSettings { render_content: content, ..settings() };
    let place = Affine::new(page.initial_transform(true).as_coeffs());
    let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let cache = InterpreterCache::new();
    let mut context = Context::new(place, bounds, &cache, page.xref(), settings);
    interpret_page(page, &mut context, &mut survey);
    survey
}

/// How pages are interpreted: with the fonts that come along, never with any of this machine.
pub(super) fn settings() -> InterpreterSettings {
    InterpreterSettings { warning_sink: Arc::new(|_| {}), ..InterpreterSettings::default() }
}
