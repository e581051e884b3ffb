//! Puts single letters together into words, and words into reading order.
//!
//! A page says where each letter stands, in whatever order its program wrote them. Letters belong to one word while
//! each begins where the one before ended; a gap of a fifth of the letter size, a new line or a space ends it. Reading
//! order is line by line from the top, each line from the left: forms are read that way, and a value stays next to its
//! label.

use hayro::kurbo::{Point, Vec2};

use super::survey::Letter;
use crate::{
    geometry::{overlap, union},
    model::{Rectangle, Word, WordSource},
};

/// Most characters of a word, as the contract says.
const MAX_CHARACTERS: usize = 200;

/// Words of a page in reading order; those outside of it are left out.
pub(super) fn from_letters(letters: &[Letter], page: Rectangle, most: usize) -> Vec<Word> {
    let mut words = Words { words: Vec::new(), current: None, most };
    for letter in letters {
        words.letter(letter);
    }
    words.close();
    let on_page = |word: &Word| {
        let (x, y) = crate::geometry::centre(word.area);
        x >= page.left && x <= page.right && y >= page.top && y <= page.bottom
    };
    words.words.retain(on_page);
    without_doubles(reading_order(words.words))
}

struct Words {
    words: Vec<Word>,
    current: Option<Current>,
    most: usize,
}

struct Current {
    text: String,
    area: Rectangle,
    /// Where the next letter of the word would begin.
    end: Point,
    /// Direction of writing, of length 1.
    along: Vec2,
    size: f64,
}

impl Words {
    fn close(&mut self) {
        if let Some(current) = self.current.take()
            && self.words.len() < self.most
        {
            self.words.push(Word {
                text: current.text,
                area: current.area,
                confidence: 1.0,
                source: WordSource::TextLayer,
            });
        }
    }

    fn letter(&mut self, letter: &Letter) {
        let up = letter.up.to_vec2();
        let step = letter.end - letter.origin;
        let size = up.hypot();
        let text = plain(&letter.text);
        if text.trim().is_empty() || size < 0.5 {
            self.close();
            return;
        }
        // A letter of no width (an accent of its own) is written along the line it stands on.
        let along = if step.hypot() > 1e-6 { step / step.hypot() } else { Vec2::new(-up.y, up.x) / size };
        // How far letters reach above and below their line, as shares of the size; near enough for every Latin font.
        let corners = [
            letter.origin - 0.2 * up,
            letter.origin + 0.8 * up,
            letter.end - 0.2 * up,
            letter.end + 0.8 * up,
        ];
        let area = around(&corners);
        for part in text.split_inclusive(char::is_whitespace) {
            let word = part.trim();
            match &mut self.current {
                Some(current)
                    if current.follows(letter.origin, along, size)
                        && current.text.chars().count() < MAX_CHARACTERS =>
                {
                    current.text.push_str(word);
                    current.area = union(current.area, area);
                    (current.end, current.along, current.size) = (letter.end, along, size);
                }
                _ => {
                    self.close();
                    let text = word.chars().take(MAX_CHARACTERS).collect();
                    self.current = Some(Current { text, area, end: letter.end, along, size });
                }
            }
            if part.ends_with(char::is_whitespace) {
                self.close();
            }
        }
    }
}

impl Current {
    /// Whether a letter at this place goes on with the word.
    fn follows(&self, at: Point, along: Vec2, size: f64) -> bool {
        let gap = at - self.end;
        let forward = gap.dot(self.along);
        let aside = gap.cross(self.along).abs();
        let size = size.max(self.size);
        self.along.dot(along) > 0.9 && forward > -0.5 * size && forward < 0.2 * size && aside < 0.3 * size
    }
}

/// The text of a letter as people type it: ligatures apart, special spaces and hyphens plain.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{FB00}' => plain.push_str("ff"),
            '\u{FB01}' => plain.push_str("fi"),
            '\u{FB02}' => plain.push_str("fl"),
            '\u{FB03}' => plain.push_str("ffi"),
            '\u{FB04}' => plain.push_str("ffl"),
            '\u{A0}' | '\t' => plain.push(' '),
            '\u{AD}' | '\u{2010}' | '\u{2011}' => plain.push('-'),
            '\u{FFFD}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' => {}
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

fn around(corners: &[Point]) -> Rectangle {
    let mut area = Rectangle { left: f32::MAX, top: f32::MAX, right: f32::MIN, bottom: f32::MIN };
    for corner in corners {
        let (x, y) = (corner.x as f32, corner.y as f32);
        area.left = area.left.min(x);
        area.right = area.right.max(x);
        area.top = area.top.min(y);
        area.bottom = area.bottom.max(y);
    }
    area
}

/// Sorts words line by line.
pub(crate) fn reading_order(mut words: Vec<Word>) -> Vec<Word> {
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

/// Some programs draw a word twice, a hair apart, to make it bold.
fn without_doubles(words: Vec<Word>) -> Vec<Word> {
    let mut kept: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let start = kept.len().saturating_sub(40);
        let near = kept.get(start..).unwrap_or_default();
        if !near.iter().any(|other| other.text == word.text && overlap(other.area, word.area) > 0.7) {
            kept.push(word);
        }
    }
    kept
}
