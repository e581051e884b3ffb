//! Which form a page is.
//!
//! A form is known by its title, by words that must stand on the page as well, and by its printed number. Titles are
//! looked for in the upper part of the page, word by word and in order; other words may stand between, because titles
//! are broken, decorated and read with spaces lost. The form with the most of its own text on the page wins.

use crate::certificates::rules::{FORMS, Form, States};
use crate::certificates::understand::text::Sheet;

/// Share of a page's height in which a title stands.
const UPPER: f32 = 0.45;
/// Letters that may stand between two words of a title.
const BETWEEN: usize = 30;
/// What a printed form number is worth, in letters of a title.
const NUMBER: usize = 30;
/// What a known revision is worth.
const REVISION: usize = 5;

/// A form on a page.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The form.
    pub form: &'static Form,
    /// The known revision that is printed, plain; empty if none is.
    pub revision: &'static str,
}

/// The form of a page, if it is one of those known. `height` is the height of the page in points.
#[must_use]
pub fn form(sheet: &Sheet, height: f32) -> Option<Known> {
    let whole = sheet.plain(0, sheet.tokens.len());
    let upper: String = sheet
        .tokens
        .iter()
        .filter(|token| token.area.bottom < height * UPPER)
        .map(|token| token.plain.as_str())
        .collect();
    let mut best: Option<(usize, Known)> = None;
    for form in FORMS {
        let title =
            form.titles.iter().filter(|title| in_order(&upper, title)).map(|title| letters(title)).max();
        let number = form.numbers.iter().any(|number| has_number(sheet, number));
        let with = form.with.is_empty() || form.with.iter().any(|phrase| whole.contains(phrase));
        let revision = form.revisions.iter().find(|revision| whole.contains(*revision)).copied();
        let (Some(title), true) = (title, with) else { continue };
        // A letter of any state is what is left when no form of a certain state fits.
        let title = if form.issued_by_state && form.states == States::Named { 1 } else { title };
        let score = title
            + if number { NUMBER } else { 0 }
            + if form.with.is_empty() { 0 } else { REVISION }
            + if revision.is_some() { REVISION } else { 0 };
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, Known { form, revision: revision.unwrap_or_default() }));
        }
    }
    best.map(|(_, known)| known)
}

fn letters(title: &[&str]) -> usize {
    title.iter().map(|word| word.len()).sum()
}

/// Whether the words stand in a text in order, not too far apart.
fn in_order(text: &str, words: &[&str]) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|text| text.find(first)).map(|at| at + from) {
        let mut end = at + first.len();
        let all = rest.iter().all(|word| {
            let window = text.get(end..).unwrap_or_default();
            let found = window.find(word).filter(|at| *at <= BETWEEN);
            end += found.map_or(0, |at| at + word.len());
            found.is_some()
        });
        if all {
            return true;
        }
        // The texts are plain, but letters beyond ASCII may be longer than a byte.
        from = (at + 1..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    }
    false
}

/// Whether a form number stands on the page: as one word, or as two or three that follow one another.
fn has_number(sheet: &Sheet, number: &str) -> bool {
    (0..sheet.tokens.len()).any(|at| {
        let mut so_far = String::new();
        sheet.span(at, (at + 4).min(sheet.tokens.len())).iter().any(|token| {
            so_far.push_str(&token.plain);
            so_far == number
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::understand::text::testing::page;

    fn id(rows: &[&[(f32, &str)]]) -> &'static str {
        form(&Sheet::new(&page(rows), 0, 1), 792.0).map_or("unknown", |known| known.form.id)
    }

    #[test]
    fn titles_may_be_broken_and_decorated() {
        let rows: &[&[(f32, &str)]] =
            &[&[(150.0, "Streamlined Sales Tax Style")], &[(150.0, "Certificate of Exemption")]];
        assert_eq!(id(rows), "sst-f0003");
        assert_eq!(id(&[&[(150.0, "StreamlinedSales Tax CertificateofExemption")]]), "sst-f0003");
        assert_eq!(id(&[&[(40.0, "UNIFORM SALES & USE TAX RESALE CERTIFICATE - MULTIJURISDICTION")]]), "mtc");
    }

    #[test]
    fn what_is_like_a_form_is_not_one() {
        assert_eq!(id(&[&[(54.0, "Dear customer")]]), "unknown");
        assert_eq!(id(&[&[(40.0, "ST-5X"), (150.0, "Sales Tax Certificate of Exemption")]]), "unknown");
    }
}
