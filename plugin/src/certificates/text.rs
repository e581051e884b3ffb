//! The words of a page as lines, and values found by the label they stand beside.
//!
//! Values of form fields are words like others, put where the field stands, so a filled-in form reads the same whether
//! its values are printed or typed into fields. A check box that is on reads as an `X`.

use crate::model::ocr::{FormField, Reading, Word, WordSource};
use crate::order::{rising, sorted};

/// Field values that are a ticked box rather than text.
const TICKS: [&str; 5] = ["yes", "on", "x", "1", "true"];
/// Widest box of a tick, in points.
const TICK_WIDTH: f32 = 30.0;

/// One line of a page, words from left to right.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Page, from 0.
    pub page: usize,
    /// Middle of the line, in points from the top.
    pub middle: f32,
    /// Words.
    pub words: Vec<Word>,
}

impl Line {
    /// Words `from..to` as text.
    #[must_use]
    pub fn text(&self, from: usize, to: usize) -> String {
        let words = self.words.iter().take(to).skip(from).map(|word| word.text.as_str());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Where a label stands: index of its first word and of the word after it. Typography and case do not count.
    #[must_use]
    pub fn find(&self, label: &[&str]) -> Option<(usize, usize)> {
        let words: Vec<String> = self.words.iter().map(|word| plain(&word.text)).collect();
        let at = words
            .windows(label.len())
            .position(|window| window.iter().zip(label).all(|(word, part)| word == part));
        at.map(|at| (at, at + label.len()))
    }
}

/// Lower-case letters and digits of a word.
#[must_use]
pub fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// All lines of a document, page by page, from the top.
#[must_use]
pub fn lines(reading: &Reading) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, page) in reading.pages.iter().enumerate() {
        let on_page = |field: &&FormField| field.page.unwrap_or(0) as usize == number;
        let filled = reading.fields.iter().filter(on_page).flat_map(field_words);
        let first = lines.len();
        for word in page.words.iter().cloned().chain(filled) {
            let middle = (word.area.top + word.area.bottom) / 2.0;
            let height = (word.area.bottom - word.area.top).max(4.0);
            let near = |line: &&mut Line| (line.middle - middle).abs() < height / 2.0;
            match lines.iter_mut().skip(first).find(near) {
                Some(line) => line.words.push(word),
                None => lines.push(Line { page: number, middle, words: vec![word] }),
            }
        }
    }
    let mut lines = sorted(lines, |line| (line.page as u64, rising(line.middle)));
    for line in &mut lines {
        line.words = sorted(core::mem::take(&mut line.words), |word| (rising(word.area.left), 0));
    }
    lines
}

fn field_words(field: &FormField) -> Vec<Word> {
    let Some(area) = field.area else { return Vec::new() };
    let tick = TICKS.contains(&plain(&field.value).as_str()) && area.right - area.left <= TICK_WIDTH;
    let value = if tick { "X" } else { &field.value };
    let parts: Vec<&str> = value.split_whitespace().collect();
    let step = (area.right - area.left) / parts.len().max(1) as f32;
    let word = |(at, part): (usize, &&str)| {
        let mut area = area;
        area.left += step * at as f32;
        area.right = area.left + step;
        Word { text: (*part).to_owned(), area, confidence: 1.0, source: WordSource::FormField }
    };
    parts.iter().enumerate().map(word).collect()
}

/// The value right of a label, up to the next label on the line. None if the label is nowhere; empty if nothing stands
/// beside it.
#[must_use]
pub fn beside(lines: &[Line], label: &[&str], others: &[&[&str]]) -> Option<String> {
    lines.iter().find_map(|line| {
        let (_, after) = line.find(label)?;
        let next = others
            .iter()
            .filter_map(|other| line.find(other))
            .map(|(from, _)| from)
            .filter(|from| *from >= after);
        let end = next.min().unwrap_or(line.words.len());
        Some(
            line.text(after, end)
                .trim_matches(|c: char| c == ':' || c == '_' || c.is_whitespace())
                .to_owned(),
        )
    })
}

/// Pages to test with.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::model::ocr::{Rectangle, TextPage};

    /// A page from rows of (left, text); rows are 20 points apart.
    pub(crate) fn page(rows: &[&[(f32, &str)]]) -> Reading {
        let mut words = Vec::new();
        for (row, pieces) in rows.iter().enumerate() {
            let top = 40.0 + 20.0 * row as f32;
            for (left, text) in *pieces {
                let mut left = *left;
                for word in text.split_whitespace() {
                    let width = 6.0 * word.len() as f32;
                    let area = Rectangle { left, top, right: left + width, bottom: top + 10.0 };
                    words.push(Word {
                        text: word.into(),
                        area,
                        confidence: 1.0,
                        source: WordSource::TextLayer,
                    });
                    left += width + 4.0;
                }
            }
        }
        Reading {
            pages: vec![TextPage { width: 612.0, height: 792.0, words, marks: Vec::new(), turned: 0.0 }],
            fields: Vec::new(),
            reader: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::page;
    use super::*;
    use crate::model::ocr::Rectangle;

    #[test]
    fn a_value_stands_right_of_its_label_and_ends_at_the_next_one() {
        let reading =
            page(&[&[(54.0, "Print name:"), (150.0, "Ann Example"), (300.0, "Title"), (350.0, "Buyer")]]);
        let lines = lines(&reading);
        assert_eq!(beside(&lines, &["print", "name"], &[&["title"]]).as_deref(), Some("Ann Example"));
        assert_eq!(beside(&lines, &["title"], &[&["print", "name"]]).as_deref(), Some("Buyer"));
        assert_eq!(beside(&lines, &["date"], &[]), None);
    }

    #[test]
    fn a_field_value_reads_as_if_it_were_printed() {
        let mut reading = page(&[&[(54.0, "Print name")], &[(80.0, "G Resale")]]);
        let field = |value: &str, left, width, top| FormField {
            name: "f".into(),
            value: value.into(),
            ticked: false,
            page: Some(0),
            area: Some(Rectangle { left, top, right: left + width, bottom: top + 12.0 }),
        };
        reading.fields = vec![field("Ann Example", 150.0, 200.0, 39.0), field("Yes", 60.0, 12.0, 59.0)];
        let lines = lines(&reading);
        assert_eq!(beside(&lines, &["print", "name"], &[]).as_deref(), Some("Ann Example"));
        assert_eq!(lines[1].text(0, 3), "X G Resale");
    }
}
