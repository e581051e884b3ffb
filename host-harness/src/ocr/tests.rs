//! Reading documents made for the purpose, and one real form.

use std::{path::PathBuf, time::Duration};

use lopdf::{Stream, dictionary};

use super::{Ocr as _, TextReader};
use crate::{
    documents::made::{Made, text},
    model::ocr::{OcrError, Reading, WordSource},
};

fn read(bytes: &[u8]) -> Result<Reading, OcrError> {
    TextReader::default().read(bytes, "application/pdf")
}

fn outline(reading: &Reading) -> Vec<(&str, i32, i32)> {
    let words = reading.pages.iter().flat_map(|page| &page.words);
    words
        .map(|word| (word.text.as_str(), word.area.left.round() as i32, word.area.top.round() as i32))
        .collect()
}

#[test]
fn words_have_places_from_the_top_left_and_come_in_reading_order() {
    let bytes = text(&[("right", 300, 700), ("Two words", 50, 600), ("left", 50, 700)]);
    let reading = read(&bytes).expect("readable");
    assert_eq!((reading.pages[0].width, reading.pages[0].height), (600.0, 800.0));
    // Letters reach 8 points above their line, which is 100 points below the top.
    let two = (50.0 + 10.0 * (0.611 + 0.722 + 0.556 + 0.278_f32)).round() as i32;
    assert_eq!(
        outline(&reading),
        [("left", 50, 92), ("right", 300, 92), ("Two", 50, 192), ("words", two, 192)]
    );
    let word = &reading.pages[0].words[0];
    assert_eq!((word.confidence, word.source), (1.0, WordSource::TextLayer));
    assert!((word.area.bottom - 102.0).abs() < 0.1 && word.area.right > 60.0 && word.area.right < 70.0);
}

#[test]
fn kerning_keeps_a_word_together_and_a_gap_parts_it() {
    let mut made = Made::new();
    made.page("BT /Helv 10 Tf 50 700 Td [(Ta) 80 (x) -600 (No) -20 (.)] TJ T* ET", dictionary! {});
    let reading = read(&made.bytes()).expect("readable");
    let words: Vec<_> = outline(&reading).into_iter().map(|(word, ..)| word).collect();
    assert_eq!(words, ["Tax", "No."]);
}

#[test]
fn a_turned_page_is_read_as_people_see_it() {
    for (turn, place) in [(0, (50, 92)), (90, (698, 50)), (180, (550 - 22, 698)), (270, (92, 600 - 50 - 22))]
    {
        let mut made = Made::new();
        made.page("BT /Helv 10 Tf 50 700 Td (Word.) Tj ET", dictionary! { "Rotate" => turn });
        let reading = read(&made.bytes()).expect("readable");
        let page = &reading.pages[0];
        let turned = turn % 180 != 0;
        assert_eq!((page.width, page.height), if turned { (800.0, 600.0) } else { (600.0, 800.0) }, "{turn}");
        let (_, left, top) = outline(&reading)[0];
        assert!((left - place.0).abs() < 8 && (top - place.1).abs() < 8, "{turn}: {left} {top}");
    }
}

#[test]
fn text_inside_nested_forms_stands_where_it_is_drawn() {
    let mut made = Made::new();
    let inner = made.drawing("inner", 100, 20);
    made.xobject("In", inner);
    let outer = made.document.add_object(Stream::new(
        dictionary! { "Subtype" => "Form", "Matrix" => vec![1.into(), 0.into(), 0.into(), 1.into(), 100.into(), 0.into()],
            "Resources" => dictionary! { "XObject" => dictionary! { "In" => inner } } },
        b"q 1 0 0 1 0 50 cm /In Do Q".to_vec(),
    ));
    made.xobject("Out", outer);
    made.page("q 1 0 0 1 200 300 cm /Out Do Q /Missing Do", dictionary! {});
    assert_eq!(outline(&read(&made.bytes()).expect("readable")), [("inner", 302, 800 - 353 - 8)]);
}

#[test]
fn a_form_that_draws_itself_is_unreadable_and_not_the_end_of_the_host() {
    let mut made = Made::new();
    let this = made.document.new_object_id();
    let resources = dictionary! { "XObject" => dictionary! { "Me" => this } };
    let form = Stream::new(dictionary! { "Subtype" => "Form", "Resources" => resources }, b"/Me Do".to_vec());
    made.document.set_object(this, form);
    made.xobject("Me", this);
    made.page("/Me Do", dictionary! {});
    assert!(matches!(read(&made.bytes()), Err(OcrError::Unreadable(text)) if text.contains("nested")));
}

#[test]
fn a_page_that_grows_without_end_is_refused() {
    let mut made = Made::new();
    let mut drawn = made.drawing("x", 10, 10);
    for _ in 0..8 {
        let resources = dictionary! { "XObject" => dictionary! { "F" => drawn } };
        let content = "/F Do ".repeat(20).into_bytes();
        drawn = made
            .document
            .add_object(Stream::new(dictionary! { "Subtype" => "Form", "Resources" => resources }, content));
    }
    made.xobject("F", drawn);
    made.page("/F Do", dictionary! {});
    assert!(matches!(read(&made.bytes()), Err(OcrError::Unreadable(text)) if text.contains("drawing steps")));
}

#[test]
fn fields_have_full_names_values_and_places() {
    let mut made = Made::new();
    let page = made.page("", dictionary! {});
    made.page("", dictionary! {});
    made.field(page, dictionary! { "T" => lopdf::text_string("Käufer"), "FT" => "Tx", "V" => lopdf::text_string("Müller") });
    made.field(page, dictionary! { "T" => lopdf::text_string("off"), "FT" => "Btn", "AS" => "Off" });
    made.field(
        page,
        dictionary! { "T" => lopdf::text_string("empty"), "FT" => "Tx", "V" => lopdf::text_string(" ") },
    );
    made.field(
        page,
        dictionary! { "T" => lopdf::text_string("state"), "FT" => "Ch", "V" => lopdf::text_string("GA") },
    );
    let group = made.document.new_object_id();
    let kid = made.document.add_object(dictionary! {
        "Type" => "Annot", "Subtype" => "Widget", "Parent" => group, "AS" => "G",
        "T" => lopdf::text_string("reason"), "Rect" => vec![10.into(), 20.into(), 30.into(), 40.into()],
    });
    made.show(page, kid);
    let parent = made
        .parent(dictionary! { "T" => lopdf::text_string("form"), "FT" => "Btn", "Kids" => vec![kid.into()] });
    let kid_dictionary = made.document.get_dictionary_mut(kid).expect("kid");
    kid_dictionary.set("Parent", parent);
    let reading = read(&made.bytes()).expect("readable");
    let fields: Vec<_> = reading.fields.iter().map(|f| (f.name.as_str(), f.value.as_str(), f.page)).collect();
    let expected = [("Käufer", "Müller", Some(0)), ("state", "GA", Some(0)), ("form.reason", "G", Some(0))];
    assert_eq!(fields, expected);
    let area = reading.fields[2].area.expect("area");
    assert_eq!((area.left, area.top, area.right, area.bottom), (10.0, 760.0, 30.0, 780.0));
    assert!(reading.pages.iter().all(|page| page.words.is_empty()));
}

#[test]
fn a_scan_needs_a_reader_and_so_does_a_picture() {
    let mut made = Made::new();
    let picture = made.document.add_object(Stream::new(
        dictionary! { "Subtype" => "Image", "Width" => 1, "Height" => 1, "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 },
        vec![0],
    ));
    made.xobject("Im", picture);
    made.page("q 600 0 0 800 0 0 cm /Im Do Q", dictionary! {});
    assert!(matches!(read(&made.bytes()), Err(OcrError::NeedsReader(_))));
    for kind in ["image/png", "image/jpeg", "image/tiff"] {
        assert!(matches!(TextReader::default().read(b"x", kind), Err(OcrError::NeedsReader(_))), "{kind}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let reader = TextReader::default();
    let mut blank = Made::new();
    blank.page("0 0 1 rg 10 10 20 20 re f", dictionary! {});
    let cut = text(&[("A", 1, 1)]);
    for (bytes, kind, word) in [
        (&b""[..], "application/pdf", "empty"),
        (b"%PDF-1.4", "application/pdf", "broken"),
        (cut.get(..cut.len() / 2).expect("half"), "application/pdf", "broken"),
        (&blank.bytes(), "application/pdf", "neither text nor a picture"),
        (b"PK", "application/zip", "ZIP"),
        (b"hello", "application/octet-stream", "neither a PDF"),
    ] {
        let answer = reader.read(bytes, kind);
        assert!(
            matches!(answer, Err(OcrError::Unreadable(ref text)) if text.contains(word)),
            "{word}: {answer:?}"
        );
    }
}

#[test]
fn limits_on_pages_bytes_and_time_hold() {
    let mut made = Made::new();
    for _ in 0..51 {
        made.page("", dictionary! {});
    }
    assert!(matches!(read(&made.bytes()), Err(OcrError::TooLarge(text)) if text.contains("50 pages")));
    assert!(matches!(read(&vec![0; 26 * 1024 * 1024]), Err(OcrError::TooLarge(_))));
    let hurried = TextReader::with_deadline(Duration::ZERO).read(&text(&[("A", 1, 1)]), "application/pdf");
    assert!(matches!(hurried, Err(OcrError::Unreadable(text)) if text.contains("longer than 0 seconds")));
}

#[test]
fn a_page_has_no_more_words_than_the_contract_allows() {
    let mut made = Made::new();
    made.page(&format!("BT /Helv 1 Tf 0 1 Td {} ET", "(a ) Tj ".repeat(6000)), dictionary! {});
    assert_eq!(read(&made.bytes()).expect("readable").pages[0].words.len(), 5000);
}

#[test]
fn a_small_file_that_unpacks_to_gigabytes_is_refused() {
    use std::io::Write as _;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..70 {
        packed.write_all(&vec![b' '; 1024 * 1024]).expect("packed");
    }
    let packed = packed.finish().expect("packed");
    let mut made = Made::new();
    let bomb = made.document.add_object(
        Stream::new(dictionary! { "Filter" => "FlateDecode" }, packed.clone()).with_compression(false),
    );
    made.page("", dictionary! { "Contents" => bomb });
    assert!(matches!(read(&made.bytes()), Err(OcrError::TooLarge(text)) if text.contains("64 MiB")));
    let mut file =
        b"%PDF-1.7\n1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode >>\nstream\n".to_vec();
    file.extend(packed);
    file.extend(b"\nendstream\nendobj\n");
    assert!(matches!(read(&file), Err(OcrError::TooLarge(_))));
}

#[test]
fn a_filled_form_of_the_certificate_samples_is_read_field_by_field() {
    let shared = std::env::var_os("ONBOARDING_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let path = shared.join("certificates/samples/d10-acroform-digital.pdf");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: the sample {} is not here", path.display());
        return;
    };
    let reading = read(&bytes).expect("readable");
    let truth: serde_json::Value = serde_json::from_slice(
        &std::fs::read(shared.join("certificates/samples/truth.json")).expect("truth"),
    )
    .expect("JSON");
    let entry = truth.to_string();
    assert!(!reading.fields.is_empty() && !reading.pages[0].words.is_empty());
    for field in reading.fields.iter().filter(|field| field.value.len() > 6) {
        assert!(entry.contains(&field.value), "{} = {} is not in the truth", field.name, field.value);
        assert!(field.page.is_some() && field.area.is_some(), "{}", field.name);
    }
}
