//! Puts single characters together into words, and words into reading order.
//!
//! A page says where each character stands, in whatever order its program wrote them. Characters belong to one word
//! while each begins where the one before ended; a gap of a fifth of the letter size, a new line or a space ends it.
//! Reading order is line by line from the top, each line from the left: forms are read that way, and a value stays next
//! to its label.

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

use crate::model::ocr::{Rectangle, Word, WordSource};

/// Most words of a page, as the contract says.
pub(super) const MAX_WORDS: usize = 5000;
/// Most characters of a word, as the contract says.
const MAX_CHARACTERS: usize = 200;

/// The visible part of a page and how it is turned for the reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// Left, bottom, right, top.
    pub(super) area: [f64; 4],
    /// Quarter turns clockwise, 0 to 3.
    pub(super) turns: u8,
}

impl View {
    /// Width and height as the reader sees them.
    pub(super) fn size(&self) -> (f32, f32) {
        let [left, bottom, right, top] = self.area;
        let (width, height) = ((right - left) as f32, (top - bottom) as f32);
        if self.turns.is_multiple_of(2) { (width, height) } else { (height, width) }
    }

    /// A point as the reader sees it, from the top left.
    fn point(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [left, bottom, right, top] = self.area;
        match self.turns {
            0 => (x - left, top - y),
            1 => (y - bottom, x - left),
            2 => (right - x, y - bottom),
            _ => (top - y, right - x),
        }
    }

    /// The smallest upright rectangle around points; none if one of them is nowhere.
    pub(super) fn around(&self, corners: &[(f64, f64)]) -> Option<Rectangle> {
        let mut area = Rectangle { left: f32::MAX, top: f32::MAX, right: f32::MIN, bottom: f32::MIN };
        for corner in corners {
            let (x, y) = self.point(*corner);
            let (x, y) = (x as f32, y as f32);
            if !(x.abs() < 1e6 && y.abs() < 1e6) {
                return None;
            }
            area.left = area.left.min(x);
            area.right = area.right.max(x);
            area.top = area.top.min(y);
            area.bottom = area.bottom.max(y);
        }
        Some(area)
    }
}

/// Collects the words of one page.
pub(super) struct Words {
    view: View,
    words: Vec<Word>,
    current: Option<Current>,
}

struct Current {
    text: String,
    area: Rectangle,
    /// Where the next character of the word would begin.
    end: (f64, f64),
    /// Direction of writing, of length 1.
    along: (f64, f64),
    size: f64,
}

impl Words {
    pub(super) fn new(view: View) -> Self {
        Self { view, words: Vec::new(), current: None }
    }

    /// The words in reading order.
    pub(super) fn finish(mut self) -> Vec<Word> {
        self.close();
        reading_order(self.words)
    }

    fn close(&mut self) {
        if let Some(current) = self.current.take()
            && self.words.len() < MAX_WORDS
        {
            self.words.push(Word {
                text: current.text,
                area: current.area,
                confidence: 1.0,
                source: WordSource::TextLayer,
            });
        }
    }

    fn character(&mut self, trm: &Transform, width: f64, spacing: f64, size: f64, text: &str) {
        let origin = (trm.m31, trm.m32);
        let step = |length: f64| (origin.0 + trm.m11 * length, origin.1 + trm.m12 * length);
        let up = (trm.m21 * size, trm.m22 * size);
        let raised = |(x, y): (f64, f64), share: f64| (x + up.0 * share, y + up.1 * share);
        let text: String = text.chars().filter(|c| !c.is_control() && *c != '\u{FFFD}').collect();
        let height = up.0.hypot(up.1);
        let stretch = trm.m11.hypot(trm.m12);
        if text.trim().is_empty() || !(height > 0.0 && stretch > 0.0) {
            self.close();
            return;
        }
        let end = step(width * size);
        // How far letters reach above and below their line, as shares of the size; near enough for every Latin font.
        let corners = [raised(origin, -0.2), raised(origin, 0.8), raised(end, -0.2), raised(end, 0.8)];
        let Some(area) = self.view.around(&corners) else {
            self.close();
            return;
        };
        let along = (trm.m11 / stretch, trm.m12 / stretch);
        let next = step(width * size + spacing);
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim();
            match &mut self.current {
                Some(current)
                    if current.follows(origin, height) && current.text.chars().count() < MAX_CHARACTERS =>
                {
                    current.text.push_str(word);
                    current.area = union(current.area, area);
                    (current.end, current.along, current.size) = (next, along, height);
                }
                _ => {
                    self.close();
                    let text = word.chars().take(MAX_CHARACTERS).collect();
                    self.current = Some(Current { text, area, end: next, along, size: height });
                }
            }
            if part.ends_with(char::is_whitespace) {
                self.close();
            }
        }
    }
}

impl Current {
    /// Whether a character at this place goes on with the word.
    fn follows(&self, (x, y): (f64, f64), size: f64) -> bool {
        let (dx, dy) = (x - self.end.0, y - self.end.1);
        let forward = dx * self.along.0 + dy * self.along.1;
        let aside = (dx * self.along.1 - dy * self.along.0).abs();
        let size = size.max(self.size);
        forward > -0.5 * size && forward < 0.2 * size && aside < 0.3 * size
    }
}

impl OutputDev for Words {
    fn begin_page(
        &mut self,
        _number: u32,
        _media_box: &MediaBox,
        _art_box: Option<(f64, f64, f64, f64)>,
    ) -> Result<(), OutputError> {
        Ok(())
    }
    fn end_page(&mut self) -> Result<(), OutputError> {
        self.close();
        Ok(())
    }
    fn output_character(
        &mut self,
        trm: &Transform,
        width: f64,
        spacing: f64,
        font_size: f64,
        char: &str,
    ) -> Result<(), OutputError> {
        self.character(trm, width, spacing, font_size, char);
        Ok(())
    }
    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

fn union(a: Rectangle, b: Rectangle) -> Rectangle {
    Rectangle {
        left: a.left.min(b.left),
        top: a.top.min(b.top),
        right: a.right.max(b.right),
        bottom: a.bottom.max(b.bottom),
    }
}

fn reading_order(mut words: Vec<Word>) -> Vec<Word> {
    let middle = |word: &Word| (word.area.top + word.area.bottom) / 2.0;
    words.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    let mut lines: Vec<(f32, f32, Vec<Word>)> = Vec::new();
    for word in words {
        let (at, height) = (middle(&word), word.area.bottom - word.area.top);
        match lines.last_mut() {
            Some((line, tall, members)) if at - *line < 0.5 * tall.min(height) => members.push(word),
            _ => lines.push((at, height, vec![word])),
        }
    }
    for (_, _, members) in &mut lines {
        members.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    }
    lines.into_iter().flat_map(|(_, _, members)| members).collect()
}
