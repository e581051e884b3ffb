//! Marks on pages drawn for the purpose, at 200 dots an inch.

use super::find;
use crate::{
    limits::Limits,
    model::{Grey, Mark, MarkKind, Rectangle, Word, WordSource},
};

const SCALE: f32 = 200.0 / 72.0;

/// A page to draw on, in pixels.
struct Page(Grey);

impl Page {
    fn new() -> Self {
        Self(Grey { width: 850, height: 600, pixels: vec![250; 850 * 600] })
    }

    fn dot(&mut self, x: i32, y: i32) {
        if (0..850).contains(&x) && (0..600).contains(&y) {
            self.0.pixels[(y * 850 + x) as usize] = 20;
        }
    }

    fn line(&mut self, from: (i32, i32), to: (i32, i32), thick: i32) {
        let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).max(1);
        for step in 0..=steps {
            let (x, y) = (from.0 + (to.0 - from.0) * step / steps, from.1 + (to.1 - from.1) * step / steps);
            for dx in 0..thick {
                for dy in 0..thick {
                    self.dot(x + dx, y + dy);
                }
            }
        }
    }

    fn square(&mut self, x: i32, y: i32, side: i32) {
        for (from, to) in [
            ((x, y), (x + side, y)),
            ((x, y), (x, y + side)),
            ((x + side, y), (x + side, y + side)),
            ((x, y + side), (x + side, y + side)),
        ] {
            self.line(from, to, 2);
        }
    }

    fn cross(&mut self, x: i32, y: i32, side: i32) {
        self.line((x + 4, y + 4), (x + side - 4, y + side - 4), 2);
        self.line((x + side - 4, y + 4), (x + 4, y + side - 4), 2);
    }

    /// Letters as upright strokes with gaps, and the word that stands there.
    fn word(&mut self, x: i32, y: i32, width: i32, text: &str) -> Word {
        for at in (0..width).step_by(9) {
            self.line((x + at, y), (x + at, y + 22), 3);
            self.line((x + at, y + 10), (x + at + 4, y + 10), 2);
        }
        let area = Rectangle {
            left: x as f32 / SCALE,
            top: y as f32 / SCALE,
            right: (x + width) as f32 / SCALE,
            bottom: (y + 24) as f32 / SCALE,
        };
        Word { text: text.to_owned(), area, confidence: 1.0, source: WordSource::Recognition }
    }

    fn marks(&self, words: &mut Vec<Word>) -> Vec<Mark> {
        find(&self.0, SCALE, words, &[], &Limits::default())
    }
}

fn kinds(marks: &[Mark]) -> Vec<MarkKind> {
    marks.iter().map(|mark| mark.kind).collect()
}

#[test]
fn boxes_are_told_apart_by_what_is_in_them() {
    let mut page = Page::new();
    page.square(100, 100, 28);
    page.square(100, 160, 28);
    page.cross(100, 160, 28);
    page.square(100, 220, 28);
    page.line((108, 232), (114, 242), 3);
    page.line((114, 242), (134, 206), 3);
    page.square(100, 280, 28);
    page.line((112, 292), (114, 294), 2);
    let marks = page.marks(&mut Vec::new());
    assert_eq!(
        kinds(&marks),
        [MarkKind::EmptyBox, MarkKind::TickedBox, MarkKind::TickedBox, MarkKind::EmptyBox],
        "{marks:?}"
    );
    assert!(marks[0].confidence > 0.9 && marks[1].confidence > 0.9, "{marks:?}");
    assert!(marks[3].confidence < 0.9, "a speck is less sure: {marks:?}");
    let area = marks[0].area;
    assert!((area.left - 36.0).abs() < 1.0 && (area.top - 36.0).abs() < 1.0, "{area:?}");
    assert!((area.right - area.left - 10.8).abs() < 1.0, "{area:?}");
}

#[test]
fn open_shapes_tables_and_large_frames_are_no_boxes() {
    let mut page = Page::new();
    // Three sides of a square.
    page.line((100, 100), (128, 100), 2);
    page.line((100, 100), (100, 128), 2);
    page.line((100, 128), (128, 128), 2);
    page.square(200, 100, 120);
    // A row of cells that share their sides.
    page.line((100, 300), (500, 300), 2);
    page.line((100, 340), (500, 340), 2);
    for cell in 0..11 {
        page.line((100 + cell * 40, 300), (100 + cell * 40, 340), 2);
    }
    let marks = page.marks(&mut Vec::new());
    assert!(
        !kinds(&marks).iter().any(|kind| matches!(kind, MarkKind::EmptyBox | MarkKind::TickedBox)),
        "{marks:?}"
    );
}

#[test]
fn a_cross_read_as_a_letter_is_no_word() {
    let mut page = Page::new();
    page.square(100, 100, 28);
    page.cross(100, 100, 28);
    let mut words = vec![page.word(150, 102, 90, "Resale")];
    let mut cross = words[0].clone();
    cross.text = "X".to_owned();
    cross.area = Rectangle { left: 37.0, top: 37.0, right: 46.0, bottom: 46.0 };
    words.insert(0, cross);
    let marks = page.marks(&mut words);
    assert_eq!(kinds(&marks), [MarkKind::TickedBox]);
    assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["Resale"]);
}

/// A word that recognition put at a place, in points.
fn word_at(text: &str, left: f32, top: f32, right: f32, bottom: f32) -> Word {
    let area = Rectangle { left, top, right, bottom };
    Word { text: text.to_owned(), area, confidence: 0.8, source: WordSource::Recognition }
}

#[test]
fn blurred_frames_and_ticks_across_a_side_are_boxes() {
    let mut page = Page::new();
    // Sides of five pixels where two would do, as at low resolution.
    for thick in 0..4 {
        page.square(100 + thick, 100 + thick, 22 - 2 * thick);
        page.square(300 + thick, 100 + thick, 22 - 2 * thick);
        page.square(500 + thick, 100 + thick, 22 - 2 * thick);
    }
    // One tick lies along a side, one sticks out.
    page.line((302, 104), (302, 120), 5);
    page.line((302, 118), (318, 104), 3);
    page.line((506, 110), (510, 118), 3);
    page.line((510, 118), (532, 90), 3);
    // A blot in a corner hides two sides of its frame.
    page.square(700, 100, 25);
    page.line((702, 110), (702, 112), 12);
    let mut marks = page.marks(&mut Vec::new());
    marks.sort_by(|a, b| a.area.left.total_cmp(&b.area.left));
    let ticked = MarkKind::TickedBox;
    assert_eq!(kinds(&marks), [MarkKind::EmptyBox, ticked, ticked, ticked], "{marks:?}");
    assert!(marks.iter().all(|mark| mark.confidence > 0.75), "{marks:?}");
}

#[test]
fn a_bold_letter_is_no_box() {
    let mut page = Page::new();
    // A square as thick as the stems of a heading, where nothing was read.
    page.square(100, 100, 26);
    for inner in 1..6 {
        page.square(100 + inner, 100 + inner, 26 - 2 * inner);
    }
    let marks = page.marks(&mut Vec::new());
    assert!(
        !kinds(&marks).iter().any(|kind| matches!(kind, MarkKind::EmptyBox | MarkKind::TickedBox)),
        "{marks:?}"
    );
}

#[test]
fn what_was_read_from_a_box_is_no_word_and_what_stands_beside_it_is() {
    let mut page = Page::new();
    page.square(100, 100, 25);
    page.cross(100, 100, 25);
    page.square(100, 160, 25);
    page.square(100, 220, 25);
    page.square(100, 280, 25);
    page.cross(100, 280, 25);
    let mut words = vec![
        // A cross, the edge of a box, the edge of a box before a word, and a letter that is no tick.
        word_at("K", 37.0, 37.0, 44.0, 44.0),
        word_at("1", 43.0, 57.6, 44.8, 67.0),
        word_at("1For", 43.6, 79.2, 62.0, 88.5),
        word_at("S", 38.0, 102.0, 43.5, 109.0),
        word_at("10", 60.0, 37.0, 68.0, 44.0),
    ];
    let marks = page.marks(&mut words);
    assert_eq!(
        kinds(&marks),
        [MarkKind::TickedBox, MarkKind::EmptyBox, MarkKind::EmptyBox, MarkKind::TickedBox],
        "{marks:?}"
    );
    assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["For", "S", "10"]);
    assert!(marks[0].confidence > 0.9 && marks[3].confidence < 0.75, "{marks:?}");
}

#[test]
fn a_square_among_letters_is_a_letter_and_one_that_stands_free_is_a_box() {
    let mut page = Page::new();
    // The same square twice: once with strokes close by on both sides, once between a number and a word.
    page.square(200, 100, 25);
    for x in [170, 176, 182, 188, 194, 232, 238, 244, 250] {
        page.line((x, 100), (x, 124), 2);
    }
    page.square(200, 200, 25);
    page.line((170, 200), (170, 224), 2);
    page.line((242, 200), (242, 224), 2);
    let mut words =
        vec![word_at("HEDGE", 61.0, 35.0, 91.0, 46.0), word_at("1.Single", 60.0, 71.0, 96.0, 82.0)];
    let marks = page.marks(&mut words);
    let boxes: Vec<&Mark> = marks.iter().filter(|mark| mark.kind == MarkKind::EmptyBox).collect();
    assert_eq!(boxes.len(), 1, "{marks:?}");
    assert!(boxes[0].area.top > 70.0, "{marks:?}");
    assert_eq!(words.len(), 2);
}

#[test]
fn a_ruled_line_on_which_a_word_stands_is_no_strike() {
    let mut page = Page::new();
    let mut word = page.word(100, 100, 120, "standing");
    page.line((60, 123), (400, 123), 2);
    // Recognition gives room below the line to letters that reach under it.
    word.area.bottom = 131.0 / SCALE;
    let marks = page.marks(&mut vec![word]);
    assert!(!kinds(&marks).contains(&MarkKind::Strike), "{marks:?}");
}

#[test]
fn a_line_through_a_word_is_a_strike_and_one_under_it_is_not() {
    let mut page = Page::new();
    let plain = page.word(100, 100, 120, "plain");
    let struck = page.word(100, 200, 120, "struck");
    page.line((92, 210), (228, 214), 2);
    let under = page.word(100, 300, 120, "under");
    page.line((60, 325), (400, 325), 2);
    let marks = page.marks(&mut vec![plain, struck.clone(), under]);
    assert_eq!(kinds(&marks), [MarkKind::Strike], "{marks:?}");
    assert_eq!(marks[0].area, struck.area);
}

#[test]
fn a_signature_on_a_line_is_one_piece_of_ink() {
    let mut page = Page::new();
    page.line((80, 300), (600, 300), 2);
    let label = page.word(90, 310, 100, "Signature");
    let mut last = (100, 285);
    for step in 1..40 {
        let next = (100 + step * 6, 270 + (step * 37 % 31) - (step % 3) * 9);
        page.line(last, next, 2);
        last = next;
    }
    // Dust.
    page.line((500, 100), (504, 104), 2);
    let marks = page.marks(&mut vec![label]);
    assert_eq!(kinds(&marks), [MarkKind::Ink], "{marks:?}");
    let area = marks[0].area;
    assert!(area.left < 40.0 && area.right > 110.0 && area.bottom < 112.0, "{area:?}");
    assert!(marks[0].confidence > 0.6, "{marks:?}");
}
