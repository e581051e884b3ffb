//! What the reader of documents promises, with limits small enough for thousands of runs a minute.

use std::sync::Once;

use document_reader::{
    Limits,
    model::{Finding, Grey, Reading, Recogniser, Rectangle, Seen},
};

const LIMITS: Limits = Limits {
    bytes: 64 * 1024,
    pages: 3,
    pixels: 300_000,
    unpacked: 4 * 1024 * 1024,
    words: 200,
    marks: 50,
    fields: 20,
};
/// Longest sentence about a document.
const SENTENCE: usize = 600;

/// Sees one word on every picture.
struct OneWord;

impl Recogniser for OneWord {
    fn name(&self) -> String {
        "one word".to_owned()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        assert_eq!(picture.pixels.len(), picture.width as usize * picture.height as usize);
        let area = Rectangle { left: 1.0, top: 1.0, right: 20.0, bottom: 9.0 };
        Ok(vec![Seen { text: "word".to_owned(), area, confidence: 0.9 }])
    }
}

/// Lets panics in libraries pass, which the reader catches, and ends the run at one in the reader's own code.
pub fn spare_libraries() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map_or("", |place| place.file());
            let is_library =
                place.contains("/registry/") || place.contains("/rustc/") || place.contains("/vendor/");
            if !is_library {
                abort(panic);
            }
        }));
    });
}

/// Reads a document in one of several ways, by its length, so that small changes try them all: taking it apart is quick,
/// looking at its pages takes a hundred times as long.
pub fn check(bytes: &[u8]) {
    match bytes.len() % 16 {
        0 => {
            let read = document_reader::read(bytes, Some(&OneWord), &LIMITS);
            read.map_or_else(|finding| check_finding(&finding), |reading| check_reading(&reading));
        }
        1 => match document_reader::picture(bytes, 0, None, &LIMITS) {
            Ok(shown) => {
                let Grey { width, height, pixels } = &shown.picture;
                assert_eq!(pixels.len(), *width as usize * *height as usize);
                assert!(*width.max(height) <= 4000);
                assert!(shown.points_a_pixel.is_finite() && shown.points_a_pixel > 0.0);
            }
            Err(finding) => check_finding(&finding),
        },
        2 => assert!(
            document_reader::picture(bytes, LIMITS.pages, None, &LIMITS).is_err(),
            "there is no such page"
        ),
        3..=6 => check_copy(bytes),
        // Without a recogniser a scan is taken apart and then refused.
        _ => {
            let read = document_reader::read(bytes, None, &LIMITS);
            read.map_or_else(|finding| check_finding(&finding), |reading| check_reading(&reading));
        }
    }
}

/// What is handed in can be read, and nothing in it can be filled in.
fn check_copy(bytes: &[u8]) {
    match document_reader::upload_copy(bytes, None, &LIMITS) {
        Ok(copy) => {
            assert_eq!(document_reader::media_type(&copy), "application/pdf");
            let larger = Limits { bytes: 64 << 20, unpacked: 256 << 20, pixels: 64_000_000, ..LIMITS };
            if let Ok(again) = document_reader::read(&copy, None, &larger) {
                assert!(again.fields.is_empty(), "something can still be filled in");
            }
        }
        Err(finding) => check_finding(&finding),
    }
}

fn check_finding(finding: &Finding) {
    crate::check_sentence(&finding.to_string(), SENTENCE);
}

fn check_reading(reading: &Reading) {
    assert!(!reading.pages.is_empty() && reading.pages.len() <= LIMITS.pages);
    assert!(reading.fields.len() <= LIMITS.fields);
    assert!(reading.reader.chars().count() <= 200);
    for page in &reading.pages {
        assert!(page.width.is_finite() && page.height.is_finite() && page.turned.is_finite());
        assert!(page.words.len() <= LIMITS.words && page.marks.len() <= LIMITS.marks);
        for word in &page.words {
            assert!(!word.text.is_empty() && (0.0..=1.0).contains(&word.confidence), "{word:?}");
        }
        for mark in &page.marks {
            assert!((0.0..=1.0).contains(&mark.confidence), "{mark:?}");
        }
    }
    for field in &reading.fields {
        assert!(field.page.is_none_or(|page| (page as usize) < reading.pages.len()));
    }
}
