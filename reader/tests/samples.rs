//! The samples that come with the project's references, read as far as that goes without a network.
//!
//! Recognition is played by the samples' own right answers, turned into places on the picture that is handed over: what
//! is tested is everything around it. Without the samples the tests say so and pass.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop the test that uses them"
)]

use std::{fs, path::PathBuf};

use document_reader::{
    Finding, Limits, Reading, Recogniser, media_type,
    model::{Grey, MarkKind, Rectangle, Seen},
    picture, read, upload_copy,
};
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("ONBOARDING_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let folder = shared.join("certificates/samples");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the samples are not at {}", folder.display());
    None
}

/// One sample: its bytes and its right answers.
fn sample(id: &str) -> Option<(Vec<u8>, Value)> {
    let folder = folder()?;
    let truth = fs::read_to_string(folder.join("truth.json")).expect("truth");
    let truth: Value = serde_json::from_str(&truth).expect("truth");
    let all = truth["documents"].as_array().expect("documents");
    let document = all.iter().find(|document| document["id"] == id).expect("the sample").clone();
    let bytes = fs::read(folder.join(document["file"].as_str().expect("file"))).expect("the sample's file");
    Some((bytes, document))
}

/// Answers with the words of a sample where they stand.
struct Knowing(Value);

impl Recogniser for Knowing {
    fn name(&self) -> String {
        "right answers".to_owned()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        let number = |value: &Value| value.as_f64().expect("a number") as f32;
        let scale = picture.width as f32 / number(&self.0["width"]);
        let segments = self.0["segments"].as_array().expect("segments");
        let words = segments.iter().filter(|segment| segment["kind"] != "signature").map(|segment| {
            let side = |index: usize| number(&segment["box"][index]) * scale;
            Seen {
                text: segment["text"].as_str().expect("text").to_owned(),
                area: Rectangle { left: side(0), top: side(1), right: side(2), bottom: side(3) },
                confidence: 0.99,
            }
        });
        Ok(words.collect())
    }
}

fn read_known(id: &str) -> Option<(Reading, Value)> {
    let (bytes, truth) = sample(id)?;
    let reading = read(&bytes, Some(&Knowing(truth.clone())), &Limits::default()).expect("readable");
    Some((reading, truth))
}

fn of_kind(reading: &Reading, kind: MarkKind) -> Vec<(Rectangle, f32)> {
    let marks = reading.pages[0].marks.iter().filter(|mark| mark.kind == kind);
    marks.map(|mark| (mark.area, mark.confidence)).collect()
}

/// Where a label of a sample stands, in points.
fn label(reading: &Reading, text: &str) -> Rectangle {
    reading.pages[0].words.iter().find(|word| word.text == text).unwrap_or_else(|| panic!("{text}")).area
}

/// Whether a box stands left of a label, on its line.
fn before(mark: Rectangle, label: Rectangle) -> bool {
    let middle = (mark.top + mark.bottom) / 2.0;
    middle > label.top - 3.0
        && middle < label.bottom + 3.0
        && mark.right <= label.left
        && label.left - mark.right < 20.0
}

#[test]
fn the_boxes_of_a_clean_scan_are_all_found() {
    let Some((reading, _)) = read_known("d01-sst-typed-300") else { return };
    let page = &reading.pages[0];
    assert!((page.width - 612.0).abs() < 1.0 && (page.height - 792.0).abs() < 1.0, "{page:?}");
    assert_eq!(page.turned, 0.0);
    let ticked = of_kind(&reading, MarkKind::TickedBox);
    let empty = of_kind(&reading, MarkKind::EmptyBox);
    assert_eq!((ticked.len(), empty.len()), (2, 8), "{ticked:?} {empty:?}");
    assert!(before(ticked[0].0, label(&reading, "Blanket certificate")), "{ticked:?}");
    assert!(before(ticked[1].0, label(&reading, "G")), "{ticked:?}");
    assert!(ticked.iter().chain(&empty).all(|(_, confidence)| *confidence > 0.8), "{ticked:?} {empty:?}");
    // The signature is the only thing on the page that is neither a word nor drawn by the form.
    let ink = of_kind(&reading, MarkKind::Ink);
    assert_eq!(ink.len(), 1, "{ink:?}");
    assert!(ink[0].0.left > 55.0 && ink[0].0.right < 165.0 && ink[0].0.top > 440.0, "{ink:?}");
    assert_eq!(of_kind(&reading, MarkKind::Strike), []);
}

#[test]
fn a_fax_is_decoded_and_letters_are_no_boxes() {
    let Some((reading, truth)) = read_known("d06-state-boxes-typewriter-200-g4") else { return };
    let page = &reading.pages[0];
    let width = truth["width"].as_f64().expect("width") as f32 * 72.0 / 200.0;
    assert!((page.width - width).abs() < 1.5, "{} {width}", page.width);
    // It was sent 0.9 degrees askew, which shows its size as well as its lines were decoded.
    assert!((page.turned.abs() - 0.9).abs() < 0.1, "{}", page.turned);
    // Its frames are for writing into, and the letters of its typewriter are closed and square.
    for kind in [MarkKind::EmptyBox, MarkKind::TickedBox, MarkKind::Strike] {
        assert_eq!(of_kind(&reading, kind), [], "{kind:?}");
    }
    let signed = |(area, _): &(Rectangle, f32)| area.left < 60.0 && area.right > 145.0 && area.top > 440.0;
    assert!(of_kind(&reading, MarkKind::Ink).iter().any(signed), "{:?}", page.marks);
}

#[test]
fn a_skewed_scan_is_set_straight() {
    let Some((bytes, _)) = sample("d02-mtc-typed-200-q40") else { return };
    let shown = picture(&bytes, 0, None, &Limits::default()).expect("a picture");
    assert_eq!((shown.picture.width, shown.picture.height), (1275, 1650));
    let reading = read(&bytes, Some(&Straight), &Limits::default()).expect("readable");
    assert!((reading.pages[0].turned.abs() - 1.2).abs() < 0.2, "{}", reading.pages[0].turned);
}

#[test]
fn a_sample_on_its_side_is_set_upright() {
    for id in ["d01-sst-typed-300", "d02-mtc-typed-200-q40", "d04-letter-serif-200-stamp"] {
        let Some((bytes, _)) = sample(id) else { return };
        let turned = image::load_from_memory(&bytes).expect("a picture").rotate90().into_luma8();
        let mut file = Vec::new();
        turned.write_to(&mut std::io::Cursor::new(&mut file), image::ImageFormat::Png).expect("written");
        let reading = read(&file, Some(&Straight), &Limits::default()).expect("readable");
        let page = &reading.pages[0];
        assert!(page.height > page.width, "{id}: {} by {}", page.width, page.height);
        assert!((page.turned.abs() - 90.0).abs() < 3.0, "{id}: {}", page.turned);
    }
}

/// Answers with enough words that nothing is turned upside down.
struct Straight;

impl Recogniser for Straight {
    fn name(&self) -> String {
        "many words".to_owned()
    }

    fn recognise(&self, _: &Grey) -> Result<Vec<Seen>, String> {
        let word = Seen { text: "word".to_owned(), area: Rectangle::default(), confidence: 1.0 };
        Ok(vec![word; 10])
    }
}

#[test]
fn a_fillable_form_gives_words_and_fields_and_its_copy_is_flat() {
    let Some((bytes, truth)) = sample("d10-acroform-digital") else { return };
    let reading = read(&bytes, None, &Limits::default()).expect("readable without recognition");
    let words: Vec<&str> =
        reading.pages.iter().flat_map(|page| &page.words).map(|word| word.text.as_str()).collect();
    for field in ["purchaser_name", "permit_id", "seller_name"] {
        let value = truth["fields"][field].as_str().expect("a value");
        assert!(
            reading.fields.iter().any(|field| field.value == value),
            "{field} {value} {:?}",
            reading.fields
        );
        assert!(!words.join(" ").contains(value), "a field's value is no word: {value}");
    }
    for segment in truth["segments"].as_array().expect("segments") {
        if segment["kind"] == "label" {
            for word in segment["text"].as_str().expect("text").split_whitespace() {
                assert!(words.contains(&word), "{word} of {segment}");
            }
        }
    }
    assert_eq!(media_type(&bytes), "application/pdf");
    let copy = upload_copy(&bytes, None, &Limits::default()).expect("a copy");
    let flat = read(&copy, None, &Limits::default()).expect("the copy is readable");
    assert_eq!(flat.fields, []);
    let text: Vec<&str> = flat.pages[0].words.iter().map(|word| word.text.as_str()).collect();
    let name = truth["fields"]["purchaser_name"].as_str().expect("a name");
    assert!(text.join(" ").contains(name), "what was filled in is part of the page: {}", text.join(" "));
}

#[test]
fn every_sample_becomes_a_pdf_that_looks_the_same() {
    let Some(folder) = folder() else { return };
    for entry in fs::read_dir(folder).expect("samples") {
        let path = entry.expect("entry").path();
        let bytes = fs::read(&path).expect("sample");
        if !matches!(media_type(&bytes), "application/pdf" | "image/png" | "image/jpeg" | "image/tiff") {
            continue;
        }
        let copy = upload_copy(&bytes, Some((0, 1)), &Limits::default()).expect("a copy");
        let before = picture(&bytes, 0, Some(0.0), &Limits::default()).expect("the original");
        let after = picture(&copy, 0, Some(0.0), &Limits::default()).expect("the copy");
        let size = |shown: &document_reader::PagePicture| {
            (
                shown.picture.width as f32 * shown.points_a_pixel,
                shown.picture.height as f32 * shown.points_a_pixel,
            )
        };
        let (a, b) = (size(&before), size(&after));
        assert!((a.0 - b.0).abs() < 3.0 && (a.1 - b.1).abs() < 3.0, "{}: {a:?} {b:?}", path.display());
        let dark = |shown: &document_reader::PagePicture| {
            let all = shown.picture.pixels.iter().map(|pixel| 255.0 - f64::from(*pixel)).sum::<f64>();
            all / shown.picture.pixels.len() as f64
        };
        let (a, b) = (dark(&before), dark(&after));
        assert!((a - b).abs() < 0.15 * a + 0.5, "{}: {a} {b}", path.display());
    }
}

#[test]
fn without_recognition_a_scan_says_what_is_needed() {
    let Some((bytes, _)) = sample("d01-sst-typed-300") else { return };
    assert!(matches!(read(&bytes, None, &Limits::default()), Err(Finding::NeedsRecogniser(_))));
}
