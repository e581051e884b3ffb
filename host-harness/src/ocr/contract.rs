//! From a reading to what the component gets: the shapes and the bounds of the interface `ocr`.
//!
//! Whatever read the document, nothing beyond the contract gets through: numbers are finite, words are words, lists end
//! where the contract says, and the whole has a size. A document that says more than [`MAX_BYTES`] is refused rather
//! than cut, because a form that lost its second half would be judged wrongly.

use document_reader::model::{self, Finding};

use crate::model::ocr::{
    FormField, Mark, MarkKind, OcrError, Reading, Rectangle, TextPage, Word, WordSource,
};

use super::reader::ReadError;

/// Bounds that the contract names.
const MAX_PAGES: usize = 50;
const MAX_WORDS: usize = 5_000;
const MAX_MARKS: usize = 1_000;
const MAX_CHARACTERS: usize = 200;
/// Bounds of the host's own.
const MAX_FIELDS: usize = 2_000;
const MAX_VALUE: usize = 4_000;
/// Most bytes of one reading, counted as the component will hold them.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// What a word, a mark or a field takes beside its text.
const WORD_BYTES: usize = 32;
/// Farthest place on a page: nobody prints on sheets of 200 m.
const FAR: f32 = 600_000.0;

/// Puts a reading into the contract's shapes.
pub(super) fn reading(reading: model::Reading) -> Result<Reading, Finding> {
    if reading.pages.len() > MAX_PAGES {
        return Err(Finding::TooLarge(format!(
            "the document has more than {MAX_PAGES} pages, the limit for reading"
        )));
    }
    let reading = Reading {
        pages: reading.pages.into_iter().map(page).collect(),
        fields: reading.fields.into_iter().take(MAX_FIELDS).map(field).collect(),
        reader: text(&reading.reader, MAX_CHARACTERS),
    };
    if size(&reading) > MAX_BYTES {
        return Err(Finding::TooLarge(format!(
            "the document holds more than {} MiB of text; split it",
            MAX_BYTES >> 20
        )));
    }
    Ok(reading)
}

/// Whether a reading from a file is one that [`reading`] could have made.
pub(super) fn is_within(reading: &Reading) -> bool {
    let place = |it: &Rectangle| {
        let Rectangle { left, top, right, bottom } = *it;
        rectangle(model::Rectangle { left, top, right, bottom }).is_some()
    };
    let is_share = |it: f32| (0.0..=1.0).contains(&it);
    let is_length = |it: f32| (0.0..=FAR).contains(&it);
    let is_text = |it: &str, most: usize| text(it, most) == it;
    let is_word = |it: &Word| {
        let joined = !it.text.is_empty() && !it.text.contains(char::is_whitespace);
        joined && is_text(&it.text, MAX_CHARACTERS) && place(&it.area) && is_share(it.confidence)
    };
    let is_page = |it: &TextPage| {
        is_length(it.width)
            && is_length(it.height)
            && (-FAR..=FAR).contains(&it.turned)
            && it.words.len() <= MAX_WORDS
            && it.marks.len() <= MAX_MARKS
            && it.words.iter().all(is_word)
            && it.marks.iter().all(|mark| place(&mark.area) && is_share(mark.confidence))
    };
    let is_field = |it: &FormField| {
        is_text(&it.name, MAX_CHARACTERS)
            && is_text(&it.value, MAX_VALUE)
            && it.area.as_ref().is_none_or(place)
    };
    reading.pages.len() <= MAX_PAGES
        && reading.fields.len() <= MAX_FIELDS
        && is_text(&reading.reader, MAX_CHARACTERS)
        && size(reading) <= MAX_BYTES
        && reading.pages.iter().all(is_page)
        && reading.fields.iter().all(is_field)
}

/// What the component is told about a document that was not read.
pub(super) fn error(error: ReadError) -> OcrError {
    let sentence = error.to_string();
    match error {
        ReadError::Finding(Finding::NeedsRecogniser(_)) | ReadError::Unavailable(_) => {
            OcrError::NeedsReader(sentence)
        }
        ReadError::Finding(Finding::Unreadable(_)) => OcrError::Unreadable(sentence),
        ReadError::Finding(Finding::TooLarge(_)) | ReadError::OverTime(_) => OcrError::TooLarge(sentence),
    }
}

fn page(page: model::Page) -> TextPage {
    TextPage {
        width: finite(page.width).max(0.0),
        height: finite(page.height).max(0.0),
        words: page.words.into_iter().filter_map(word).take(MAX_WORDS).collect(),
        marks: page.marks.into_iter().filter_map(mark).take(MAX_MARKS).collect(),
        turned: finite(page.turned),
    }
}

/// None for what is no word or stands nowhere.
fn word(word: model::Word) -> Option<Word> {
    let text: String = text(&word.text, MAX_CHARACTERS).split_whitespace().collect();
    if text.is_empty() {
        return None;
    }
    Some(Word {
        text,
        area: rectangle(word.area)?,
        confidence: share(word.confidence),
        source: match word.source {
            model::WordSource::TextLayer => WordSource::TextLayer,
            model::WordSource::Recognition => WordSource::Recognition,
        },
    })
}

fn mark(mark: model::Mark) -> Option<Mark> {
    Some(Mark {
        kind: match mark.kind {
            model::MarkKind::EmptyBox => MarkKind::EmptyBox,
            model::MarkKind::TickedBox => MarkKind::TickedBox,
            model::MarkKind::Ink => MarkKind::Ink,
            model::MarkKind::Strike => MarkKind::Strike,
        },
        area: rectangle(mark.area)?,
        confidence: share(mark.confidence),
    })
}

fn field(field: model::FormField) -> FormField {
    FormField {
        name: text(&field.name, MAX_CHARACTERS),
        value: text(&field.value, MAX_VALUE),
        ticked: field.ticked,
        page: field.page,
        area: field.area.and_then(rectangle),
    }
}

fn rectangle(area: model::Rectangle) -> Option<Rectangle> {
    let model::Rectangle { left, top, right, bottom } = area;
    let usable = [left, top, right, bottom].iter().all(|edge| edge.is_finite() && edge.abs() <= FAR);
    (usable && left <= right && top <= bottom).then_some(Rectangle { left, top, right, bottom })
}

/// The text without control characters, cut where the contract says. Line feeds stay: values of fields have lines.
fn text(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(most).collect()
}

fn finite(number: f32) -> f32 {
    if number.is_finite() { number.clamp(-FAR, FAR) } else { 0.0 }
}

fn share(confidence: f32) -> f32 {
    if confidence.is_finite() { confidence.clamp(0.0, 1.0) } else { 0.0 }
}

fn size(reading: &Reading) -> usize {
    let page = |page: &TextPage| {
        let words: usize = page.words.iter().map(|word| WORD_BYTES + word.text.len()).sum();
        words + WORD_BYTES * page.marks.len()
    };
    let field = |field: &FormField| 2 * WORD_BYTES + field.name.len() + field.value.len();
    reading.pages.iter().map(page).sum::<usize>() + reading.fields.iter().map(field).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, left: f32, confidence: f32) -> model::Word {
        let area = model::Rectangle { left, top: 1.0, right: 9.0, bottom: 2.0 };
        model::Word { text: text.to_owned(), area, confidence, source: model::WordSource::Recognition }
    }

    fn of(words: Vec<model::Word>) -> Result<Reading, Finding> {
        let page = model::Page { width: f32::NAN, height: 792.0, words, ..model::Page::default() };
        reading(model::Reading { pages: vec![page], ..model::Reading::default() })
    }

    #[test]
    fn numbers_and_words_that_are_none_do_not_get_through() {
        let words = vec![
            seen("kept", 1.0, 0.5),
            seen("", 1.0, 0.5),
            seen("\u{0} ", 1.0, 0.5),
            seen("nowhere", f32::INFINITY, 0.5),
            seen("backwards", 10.0, 0.5),
            seen("two parts", 1.0, f32::NAN),
            seen(&"x".repeat(300), 1.0, 7.0),
        ];
        let read = of(words).expect("reading");
        assert!(is_within(&read));
        let page = read.pages.into_iter().next().expect("page");
        let words: Vec<_> =
            page.words.iter().map(|word| (word.text.chars().count(), word.confidence)).collect();
        assert_eq!(words, [(4, 0.5), (8, 0.0), (200, 1.0)]);
        assert_eq!((page.width, page.height), (0.0, 792.0));
    }

    #[test]
    fn lists_end_where_the_contract_says_and_the_whole_has_a_size() {
        let page = of(vec![seen("a", 1.0, 1.0); 5_001]).expect("reading").pages.remove(0);
        assert_eq!(page.words.len(), 5_000);
        let long =
            model::Page { words: vec![seen(&"x".repeat(200), 1.0, 1.0); 5_000], ..model::Page::default() };
        let reading = |pages: usize| {
            super::reading(model::Reading { pages: vec![long.clone(); pages], ..model::Reading::default() })
        };
        assert!(reading(7).is_ok());
        assert!(matches!(reading(8), Err(Finding::TooLarge(text)) if text.contains("8 MiB")));
        assert!(matches!(reading(51), Err(Finding::TooLarge(text)) if text.contains("50 pages")));
    }
}
