//! The words of some pages as tokens, lines and chunks.
//!
//! A chunk is a run of words of one line without a wide gap: what a person would call a cell. Values of form fields are
//! words like others, put where the field stands, so a filled-in form reads the same whether its values are printed,
//! written, or typed into fields. Tokens know their [`plain`] text, on which everything is compared, because recognition
//! loses spaces and punctuation more often than letters.

use crate::model::ocr::{FormField, Mark, MarkKind, Reading, Rectangle, Word, WordSource};
use crate::order::{rising, sorted};

/// Gap between two words of a line, in heights of the words, from which on they belong to different chunks.
const WIDE_GAP: f32 = 1.5;

/// Lower-case letters and digits of a text, run together.
#[must_use]
pub fn plain(text: &str) -> String {
    // Some capitals become a letter and a mark of its own, which goes like every other mark.
    text.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// As read.
    pub text: String,
    /// Lower-case letters and digits.
    pub plain: String,
    /// Page, from 0.
    pub page: usize,
    /// Line, counted through all pages.
    pub line: usize,
    /// Where it stands.
    pub area: Rectangle,
    /// 0 to 1.
    pub confidence: f32,
    /// Whether it is the value of a form field.
    pub field: bool,
    /// Words of one form field have the same; 0 otherwise.
    group: usize,
}

/// Tokens of one line that stand close together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chunk {
    /// First token.
    pub from: usize,
    /// The token after the last one.
    pub to: usize,
    /// Page, from 0.
    pub page: usize,
    /// Line, counted through all pages.
    pub line: usize,
    /// Where it stands.
    pub area: Rectangle,
}

/// Some pages of a document, ready to be searched.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Words, page by page, line by line, from left to right.
    pub tokens: Vec<Token>,
    /// Chunks in the same order.
    pub chunks: Vec<Chunk>,
    /// Boxes, ink and strikes with their page.
    pub marks: Vec<(usize, Mark)>,
}

impl Sheet {
    /// Takes the pages `first..first + count`.
    #[must_use]
    pub fn new(reading: &Reading, first: usize, count: usize) -> Self {
        let mut sheet = Self::default();
        let mut line = 0;
        for (number, page) in reading.pages.iter().enumerate().skip(first).take(count) {
            let on_page = |field: &&FormField| field.page.unwrap_or(0) as usize == number;
            let mut words: Vec<Placed> = page.words.iter().flat_map(parted).map(|it| (it, 0)).collect();
            for (at, field) in reading.fields.iter().filter(on_page).enumerate() {
                match field.area {
                    Some(area) if field.ticked => {
                        sheet.marks.push((number, Mark { kind: MarkKind::TickedBox, area, confidence: 1.0 }));
                    }
                    Some(area) => words.extend(field_words(field, area).into_iter().map(|it| (it, at + 1))),
                    None => {}
                }
            }
            sheet.marks.extend(page.marks.iter().map(|mark| (number, *mark)));
            for words in lines(words) {
                sheet.add_line(words, number, line);
                line += 1;
            }
        }
        sheet
    }

    fn add_line(&mut self, words: Vec<Placed>, page: usize, line: usize) {
        let mut last: Option<(Rectangle, usize)> = None;
        for (word, group) in words {
            let at = self.tokens.len();
            let (area, height) = (word.area, height(&word.area));
            let apart = last.is_none_or(|(before, of)| {
                of != group || area.left - before.right > WIDE_GAP * height.min(self::height(&before))
            });
            match self.chunks.last_mut().filter(|_| !apart) {
                Some(chunk) => {
                    chunk.to = at + 1;
                    chunk.area = around(chunk.area, area);
                }
                None => self.chunks.push(Chunk { from: at, to: at + 1, page, line, area }),
            }
            last = Some((area, group));
            self.tokens.push(Token {
                plain: plain(&word.text),
                text: word.text,
                page,
                line,
                area,
                confidence: word.confidence,
                field: word.source == WordSource::FormField,
                group,
            });
        }
    }

    /// Tokens `from..to`.
    #[must_use]
    pub fn span(&self, from: usize, to: usize) -> &[Token] {
        self.tokens.get(from..to.max(from)).unwrap_or_default()
    }

    /// Words of a span as text.
    #[must_use]
    pub fn text(&self, from: usize, to: usize) -> String {
        let words: Vec<&str> = self.span(from, to).iter().map(|token| token.text.as_str()).collect();
        words.join(" ")
    }

    /// Words of a span as plain text.
    #[must_use]
    pub fn plain(&self, from: usize, to: usize) -> String {
        self.span(from, to).iter().map(|token| token.plain.as_str()).collect()
    }

    /// The chunk a token is in.
    #[must_use]
    pub fn chunk_of(&self, token: usize) -> Option<&Chunk> {
        let at = self.chunks.partition_point(|chunk| chunk.to <= token);
        self.chunks.get(at)
    }

    /// The token after the last one of a token's line.
    #[must_use]
    pub fn line_end(&self, token: usize) -> usize {
        let line = self.tokens.get(token).map(|token| token.line);
        let after = self.tokens.iter().skip(token).take_while(|it| Some(it.line) == line).count();
        token + after
    }

    /// How sure the least sure word of a span is, 0 to 1; an empty span is sure.
    #[must_use]
    pub fn confidence(&self, from: usize, to: usize) -> f32 {
        self.span(from, to).iter().map(|token| token.confidence).fold(1.0, f32::min)
    }

    /// What surrounds a span.
    #[must_use]
    pub fn area(&self, from: usize, to: usize) -> Rectangle {
        let areas = self.span(from, to).iter().map(|token| token.area);
        areas.reduce(around).unwrap_or(Rectangle { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 })
    }
}

/// Height of a rectangle, at least that of tiny print.
#[must_use]
pub fn height(area: &Rectangle) -> f32 {
    (area.bottom - area.top).max(4.0)
}

/// The smallest rectangle around two.
#[must_use]
pub fn around(one: Rectangle, other: Rectangle) -> Rectangle {
    Rectangle {
        left: one.left.min(other.left),
        top: one.top.min(other.top),
        right: one.right.max(other.right),
        bottom: one.bottom.max(other.bottom),
    }
}

/// How much of the smaller of two spans lies in the other, 0 to 1.
#[must_use]
pub fn overlap(one: (f32, f32), other: (f32, f32)) -> f32 {
    let common = one.1.min(other.1) - one.0.max(other.0);
    let smaller = (one.1 - one.0).min(other.1 - other.0).max(0.1);
    (common / smaller).clamp(0.0, 1.0)
}

/// A word, or two where a label and its value were read as one: "Date:03/14/2026". Rulings read as underscores go.
fn parted(word: &Word) -> Vec<Word> {
    let text = word.text.trim_matches('_');
    if text.is_empty() {
        return Vec::new();
    }
    let mended = if word.source == WordSource::Recognition { capital_for_small(text) } else { None };
    let text = mended.as_deref().unwrap_or(text);
    if word.source == WordSource::Recognition
        && let Some(at) = lost_space(text)
    {
        let (one, other) = text.split_at(at);
        let one = one.trim_end_matches('.');
        return halves(word, one, other, one.chars().count() as f32 / text.chars().count() as f32);
    }
    let length = text.chars().count() as f32;
    let cut = text.char_indices().find(|(at, c)| {
        let after = text.get(at + 1..).unwrap_or_default();
        *c == ':' && *at >= 3 && after.starts_with(|c: char| c.is_alphanumeric()) && !after.starts_with("//")
    });
    let Some((at, _)) = cut.filter(|(at, _)| text.get(..*at).is_some_and(letters)) else {
        return vec![Word { text: text.to_owned(), ..word.clone() }];
    };
    let (label, value) = text.split_at(at + 1);
    halves(word, label, value, label.chars().count() as f32 / length)
}

/// A word in which recognition took a small l for a capital I, put right: "AIbany".
fn capital_for_small(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let (first, second) = (letters.next()?, letters.next()?);
    let rest = letters.as_str();
    let small = rest.chars().take_while(|c| c.is_lowercase()).count();
    // "McI" and "II" are right, and so may be what has a capital further on.
    (first.is_uppercase()
        && first != 'I'
        && second == 'I'
        && small >= 2
        && !rest.contains(char::is_uppercase))
    .then(|| format!("{first}l{rest}"))
}

/// A word as two that stand side by side; `share` is the part of its width that the first one takes.
fn halves(word: &Word, one: &str, other: &str, share: f32) -> Vec<Word> {
    let middle = word.area.left + (word.area.right - word.area.left) * share;
    let part = |text: &str, left, right| Word {
        text: text.to_owned(),
        area: Rectangle { left, right, ..word.area },
        ..word.clone()
    };
    vec![part(one, word.area.left, middle), part(other, middle, word.area.right)]
}

/// Where recognition lost a space: a capital after small letters, with a whole word on either side ("MulberryRoad"), or a
/// speck taken for a full stop ("Bridge.Camera").
fn lost_space(text: &str) -> Option<usize> {
    if let Some((one, other)) = text.split_once('.') {
        let word = |part: &str| part.len() >= 3 && part.chars().all(char::is_alphabetic);
        return (word(one) && word(other.trim_end_matches([',', '.', ':']))).then_some(one.len() + 1);
    }
    let mut before = ' ';
    let at = text.char_indices().find_map(|(at, c)| {
        let turns = before.is_lowercase() && c.is_uppercase();
        before = c;
        turns.then_some(at)
    })?;
    let (one, other) = text.split_at_checked(at)?;
    let whole = |word: &str| {
        word.len() >= 4 && word.chars().skip(1).all(|c| c.is_lowercase() || c == ',' || c == '.')
    };
    let begins = one.starts_with(char::is_uppercase);
    (begins && whole(one) && whole(other)).then_some(at)
}

fn letters(text: &str) -> bool {
    text.chars().all(char::is_alphabetic)
}

/// A word, and the form field it belongs to (0: none).
type Placed = (Word, usize);

/// Groups words into lines from the top, each from the left.
fn lines(words: Vec<Placed>) -> Vec<Vec<Placed>> {
    let middle = |word: &Word| f32::midpoint(word.area.top, word.area.bottom);
    let words = sorted(words, |(word, _)| (rising(middle(word)), rising(word.area.left)));
    // Middle and mean height of each line.
    let mut lines: Vec<(f32, f32, Vec<Placed>)> = Vec::new();
    for (word, group) in words {
        let (at, high) = (middle(&word), height(&word.area));
        // Where lines stand close, tall words reach into the next one: what stands under a word is not beside it. What
        // lies within the height of a word is a stamp rather, see `apart`.
        let under = |(it, _): &Placed| {
            let side_by_side = overlap((word.area.top, word.area.bottom), (it.area.top, it.area.bottom));
            at - middle(it) > 0.3 * high.min(height(&it.area))
                && side_by_side < 0.7
                && overlap((word.area.left, word.area.right), (it.area.left, it.area.right)) > 0.4
        };
        // Words come by rising middle, so only the latest lines can be meant.
        let near = lines.iter_mut().rev().take(4).find(|(line, height, words)| {
            (*line - at).abs() < 0.25 * (high + *height) && !words.iter().any(under)
        });
        match near {
            Some((line, height, words)) => {
                let count = words.len() as f32;
                *line = (*line * count + at) / (count + 1.0);
                *height = (*height * count + high) / (count + 1.0);
                words.push((word, group));
            }
            None => lines.push((at, high, vec![(word, group)])),
        }
    }
    let lines = sorted(lines, |(at, ..)| (rising(*at), 0));
    let lines = lines.into_iter().map(|(.., words)| sorted(words, |(word, _)| (rising(word.area.left), 0)));
    lines.flat_map(apart).collect()
}

/// Takes what lies across other words out of a line: a stamp on top of a value is no part of it.
fn apart(words: Vec<Placed>) -> Vec<Vec<Placed>> {
    let heights = sorted(words.iter().map(|(word, _)| height(&word.area)).collect(), |it| (rising(*it), 0));
    let usual = heights.get(heights.len() / 2).copied().unwrap_or_default();
    let odd = |area: &Rectangle| (height(area) - usual).abs();
    let across = |at: usize, word: &Word| {
        words.iter().enumerate().any(|(other, (it, _))| {
            let shared = overlap((word.area.left, word.area.right), (it.area.left, it.area.right));
            other != at && shared > 0.4 && (odd(&word.area), at) > (odd(&it.area), other)
        })
    };
    let strange: Vec<bool> = words.iter().enumerate().map(|(at, (word, _))| across(at, word)).collect();
    let (mut kept, mut other) = (Vec::new(), Vec::new());
    for (word, strange) in words.into_iter().zip(strange) {
        if strange { other.push(word) } else { kept.push(word) }
    }
    let both = [kept, other];
    both.into_iter().filter(|words| !words.is_empty()).collect()
}

fn field_words(field: &FormField, area: Rectangle) -> Vec<Word> {
    let parts: Vec<&str> = field.value.split_whitespace().collect();
    let step = (area.right - area.left) / parts.len().max(1) as f32;
    let word = |(at, part): (usize, &&str)| {
        let left = area.left + step * at as f32;
        let area = Rectangle { left, right: left + step, ..area };
        Word { text: (*part).to_owned(), area, confidence: 1.0, source: WordSource::FormField }
    };
    parts.iter().enumerate().map(word).collect()
}

/// Pages to test with.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::model::ocr::TextPage;

    /// A page from rows of (left, text); rows are 20 points apart.
    pub(crate) fn page(rows: &[&[(f32, &str)]]) -> Reading {
        let mut words = Vec::new();
        for (row, pieces) in rows.iter().enumerate() {
            let top = 40.0 + 20.0 * row as f32;
            for (left, text) in *pieces {
                let mut left = *left;
                for word in text.split_whitespace() {
                    let width = 5.0 * word.len() as f32;
                    let area = Rectangle { left, top, right: left + width, bottom: top + 10.0 };
                    let source = WordSource::TextLayer;
                    words.push(Word { text: word.into(), area, confidence: 1.0, source });
                    left += width + 4.0;
                }
            }
        }
        let page = TextPage { width: 612.0, height: 792.0, words, marks: Vec::new(), turned: 0.0 };
        Reading { pages: vec![page], fields: Vec::new(), reader: "test".into() }
    }

    /// A ticked box left of a row.
    pub(crate) fn ticked(row: usize, left: f32) -> Mark {
        let top = 40.0 + 20.0 * row as f32;
        let area = Rectangle { left, top, right: left + 10.0, bottom: top + 10.0 };
        Mark { kind: MarkKind::TickedBox, area, confidence: 0.95 }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::page;
    use super::*;

    fn chunks(sheet: &Sheet) -> Vec<String> {
        sheet.chunks.iter().map(|chunk| sheet.text(chunk.from, chunk.to)).collect()
    }

    #[test]
    fn plain_text_is_plain_at_once() {
        for text in ["Käufer & Co.", "\u{130}stanbul", "N° 7"] {
            assert_eq!(plain(&plain(text)), plain(text));
        }
        assert_eq!(plain("\u{130}stanbul"), "istanbul");
    }

    #[test]
    fn wide_gaps_part_chunks() {
        let reading = page(&[&[(54.0, "Print name:"), (150.0, "Ann Example"), (300.0, "Title")]]);
        let sheet = Sheet::new(&reading, 0, 1);
        assert_eq!(chunks(&sheet), ["Print name:", "Ann Example", "Title"]);
        assert_eq!((sheet.line_end(0), sheet.plain(0, 2)), (5, "printname".to_owned()));
        assert_eq!(sheet.chunk_of(3).map(|chunk| chunk.from), Some(2));
    }

    #[test]
    fn a_value_glued_to_its_label_is_parted() {
        let reading = page(&[&[(54.0, "Date:03/14/2026"), (200.0, "http://example.com"), (400.0, "____")]]);
        let sheet = Sheet::new(&reading, 0, 1);
        let words: Vec<&str> = sheet.tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(words, ["Date:", "03/14/2026", "http://example.com"]);
    }

    /// A page of recognised words, each with its left edge, its middle and its height.
    fn placed(words: &[(&str, f32, f32, f32)]) -> Reading {
        let mut reading = page(&[&[]]);
        reading.pages[0].words = words
            .iter()
            .map(|(text, left, middle, height)| Word {
                text: (*text).to_owned(),
                area: Rectangle {
                    left: *left,
                    top: middle - height / 2.0,
                    right: left + 40.0,
                    bottom: middle + height / 2.0,
                },
                confidence: 1.0,
                source: WordSource::Recognition,
            })
            .collect();
        reading
    }

    #[test]
    fn a_value_close_under_its_label_is_a_line_of_its_own() {
        let close =
            [("Name", 40.0, 100.0, 11.0), ("DOVETAIL", 44.0, 105.0, 12.0), ("LTD.", 90.0, 105.0, 12.0)];
        let sheet = Sheet::new(&placed(&close), 0, 1);
        assert_eq!(chunks(&sheet), ["Name", "DOVETAIL LTD."]);
        // A stamp's small print across a line does not part it.
        let stamped =
            [("18", 96.0, 98.5, 4.0), ("Pantry", 40.0, 100.0, 8.0), ("Association", 84.0, 100.5, 8.0)];
        let sheet = Sheet::new(&placed(&stamped), 0, 1);
        assert!(chunks(&sheet).contains(&"Pantry Association".to_owned()), "{:?}", chunks(&sheet));
    }

    #[test]
    fn a_capital_i_within_a_name_is_a_small_l() {
        for (read, meant) in [
            ("AIbany,", Some("Albany,")),
            ("FIorida", Some("Florida")),
            ("McIntosh", None),
            ("II", None),
            ("AIA", None),
            ("Iowa", None),
        ] {
            assert_eq!(capital_for_small(read).as_deref(), meant, "{read}");
        }
    }

    #[test]
    fn form_fields_are_words_and_boxes() {
        let mut reading = page(&[&[(54.0, "Print name")], &[(80.0, "Resale")]]);
        let field = |value: &str, ticked, left, width, top| FormField {
            name: "f".into(),
            value: value.into(),
            ticked,
            page: Some(0),
            area: Some(Rectangle { left, top, right: left + width, bottom: top + 12.0 }),
        };
        reading.fields =
            vec![field("Ann Example", false, 108.0, 200.0, 39.0), field("Yes", true, 60.0, 12.0, 59.0)];
        let sheet = Sheet::new(&reading, 0, 1);
        assert_eq!(chunks(&sheet), ["Print name", "Ann Example", "Resale"], "a field is a chunk of its own");
        assert_eq!(sheet.marks.len(), 1);
    }
}
