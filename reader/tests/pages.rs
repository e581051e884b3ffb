//! Text, form fields and copies of PDF files drawn for the purpose.
#![expect(clippy::expect_used, reason = "a test that finds something else fails")]

mod drawn;

use document_reader::{
    Finding, Limits, Reading,
    model::{Grey, Recogniser, Seen, WordSource},
};
use lopdf::{Document, Stream, dictionary};

use drawn::{Made, text};

fn read(bytes: &[u8]) -> Result<Reading, Finding> {
    document_reader::read(bytes, None, &Limits::default())
}

fn upload(bytes: &[u8]) -> Result<Vec<u8>, Finding> {
    document_reader::upload_copy(bytes, None, &Limits::default())
}

fn outline(reading: &Reading) -> Vec<(&str, i32, i32)> {
    let words = reading.pages.iter().flat_map(|page| &page.words);
    words
        .map(|word| (word.text.as_str(), word.area.left.round() as i32, word.area.top.round() as i32))
        .collect()
}

/// Words and places within three points, since fonts disagree about how far letters reach.
fn assert_outline(reading: &Reading, expected: &[(&str, i32, i32)]) {
    let found = outline(reading);
    let near = found.len() == expected.len()
        && found.iter().zip(expected).all(|((word, left, top), (wanted, x, y))| {
            word == wanted && (left - x).abs() <= 3 && (top - y).abs() <= 3
        });
    assert!(near, "{found:?} instead of {expected:?}");
}

#[test]
fn words_have_places_from_the_top_left_and_come_in_reading_order() {
    let bytes = text(&[("right", 300, 700), ("Two words", 50, 600), ("left", 50, 700)]);
    let reading = read(&bytes).expect("readable");
    assert_eq!((reading.pages[0].width, reading.pages[0].height), (600.0, 800.0));
    // Letters reach about 8 points above their line, which is 100 points below the top.
    let two = (50.0 + 10.0 * (0.611 + 0.722 + 0.556 + 0.278_f32)).round() as i32;
    assert_outline(&reading, &[("left", 50, 92), ("right", 300, 92), ("Two", 50, 192), ("words", two, 192)]);
    let word = &reading.pages[0].words[0];
    assert_eq!((word.confidence, word.source), (1.0, WordSource::TextLayer));
    assert!(word.area.right > 60.0 && word.area.right < 70.0);
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
        dictionary! { "Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 500.into(), 500.into()],
            "Matrix" => vec![1.into(), 0.into(), 0.into(), 1.into(), 100.into(), 0.into()],
            "Resources" => dictionary! { "XObject" => dictionary! { "In" => inner } } },
        b"q 1 0 0 1 0 50 cm /In Do Q".to_vec(),
    ));
    made.xobject("Out", outer);
    made.page("q 1 0 0 1 200 300 cm /Out Do Q /Missing Do", dictionary! {});
    assert_outline(&read(&made.bytes()).expect("readable"), &[("inner", 302, 800 - 353 - 8)]);
}

#[test]
fn a_page_that_grows_without_end_is_refused() {
    let mut made = Made::new();
    let mut drawn = made.drawing("x", 10, 10);
    for _ in 0..8 {
        let resources = dictionary! { "XObject" => dictionary! { "F" => drawn } };
        let content = "/F Do ".repeat(20).into_bytes();
        drawn = made.document.add_object(Stream::new(
            dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => resources,
            "BBox" => vec![0.into(), 0.into(), 10.into(), 10.into()] },
            content,
        ));
    }
    made.xobject("F", drawn);
    made.page("/F Do", dictionary! {});
    let answer = read(&made.bytes());
    assert!(matches!(answer, Err(Finding::TooLarge(_) | Finding::Unreadable(_))), "{answer:?}");
}

#[test]
fn fields_have_full_names_values_and_places() {
    let mut made = Made::new();
    let page = made.page("", dictionary! {});
    made.page("", dictionary! {});
    let field = |name: &str, kind: &str, value: &str| {
        dictionary! { "T" => lopdf::text_string(name), "FT" => kind, "V" => lopdf::text_string(value) }
    };
    made.field(page, field("Käufer", "Tx", "Müller"));
    made.field(page, dictionary! { "T" => lopdf::text_string("off"), "FT" => "Btn", "AS" => "Off" });
    made.field(page, field("empty", "Tx", " "));
    made.field(page, field("state", "Ch", "GA"));
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
    let mut fields: Vec<_> = reading
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.value.as_str(), field.ticked, field.page))
        .collect();
    fields.sort_unstable();
    let expected = [
        ("Käufer", "Müller", false, Some(0)),
        ("form.reason", "G", true, Some(0)),
        ("state", "GA", false, Some(0)),
    ];
    assert_eq!(fields, expected);
    let reason = reading.fields.iter().find(|field| field.ticked).expect("ticked");
    let area = reason.area.expect("area");
    assert_eq!((area.left, area.top, area.right, area.bottom), (10.0, 760.0, 30.0, 780.0));
    assert!(reading.pages.iter().all(|page| page.words.is_empty()));
}

#[test]
fn what_cannot_be_read_says_why() {
    let mut blank = Made::new();
    blank.page("", dictionary! {});
    let mut many = Made::new();
    for _ in 0..51 {
        many.page("", dictionary! {});
    }
    assert!(matches!(read(&many.bytes()), Err(Finding::TooLarge(text)) if text.contains("51 pages")));
    for (bytes, word) in [
        (&b""[..], "empty"),
        (b"%PDF-1.4", "PDF"),
        (&blank.bytes(), "neither text nor a picture"),
        (b"PK\x03\x04 and more", "ZIP"),
        (b"hello", "PDF"),
    ] {
        let answer = read(bytes);
        assert!(
            matches!(answer, Err(Finding::Unreadable(ref text)) if text.contains(word)),
            "{word}: {answer:?}"
        );
    }
}

#[test]
fn a_page_has_no_more_words_than_the_contract_allows() {
    let mut made = Made::new();
    let word = |n: u32| format!("BT /Helv 1 Tf {} {} Td (a) Tj ET\n", 3 + n % 100 * 5, 10 + n / 100 * 12);
    made.page(&(0..6000).map(word).collect::<String>(), dictionary! {});
    assert_eq!(read(&made.bytes()).expect("readable").pages[0].words.len(), 5000);
}

#[test]
fn a_filled_form_becomes_part_of_the_page() {
    let mut made = Made::new();
    let (value, on, off) =
        (made.drawing("Filled", 200, 20), made.drawing("X", 100, 10), made.drawing("no", 100, 10));
    let page = made.page("BT /Helv 10 Tf 100 700 Td (Label) Tj ET q", dictionary! {});
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("name"), "FT" => "Tx", "V" => lopdf::text_string("Filled"),
            "AP" => dictionary! { "N" => value },
        },
    );
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("box"), "FT" => "Btn", "V" => "Yes", "AS" => "Yes",
            "Rect" => vec![100.into(), 500.into(), 300.into(), 520.into()],
            "AP" => dictionary! { "N" => dictionary! { "Yes" => on, "Off" => off } },
        },
    );
    made.field(page, dictionary! { "T" => lopdf::text_string("empty"), "FT" => "Tx" });
    made.field(
        page,
        dictionary! {
            "T" => lopdf::text_string("hidden"), "FT" => "Tx", "V" => lopdf::text_string("secret"), "F" => 2,
            "AP" => dictionary! { "N" => value },
        },
    );
    let original = made.bytes();
    let flat = upload(&original).expect("flat");
    assert!(!flat.windows(9).any(|part| part == b"/AcroForm"));
    // The check mark's drawing is half as large as its field, so it is doubled: 2 points in become 4.
    let reading = read(&flat).expect("readable");
    let words: Vec<_> = outline(&reading).into_iter().map(|(word, left, _)| (word, left)).collect();
    assert_eq!(words, [("Label", 100), ("Filled", 102), ("X", 104)]);
    let document = Document::load_mem(&flat).expect("valid");
    let page = document.page_iter().next().expect("page");
    assert!(document.get_page_annotations(page).is_ok_and(|left| left.is_empty()));
}

/// Sees one word.
struct One;

impl Recogniser for One {
    fn name(&self) -> String {
        "one 1".to_owned()
    }
    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        let area = document_reader::model::Rectangle {
            left: 10.0,
            top: 10.0,
            right: picture.width as f32 - 10.0,
            bottom: 40.0,
        };
        Ok(vec![Seen { text: "word".to_owned(), area, confidence: 0.5 }])
    }
}

#[test]
fn a_scan_needs_a_recogniser_and_is_read_with_one() {
    let mut made = Made::new();
    let picture = made.document.add_object(Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 10, "Height" => 10,
        "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 },
        vec![255; 100],
    ));
    made.xobject("Im", picture);
    made.page("q 600 0 0 800 0 0 cm /Im Do Q", dictionary! {});
    let bytes = made.bytes();
    assert!(matches!(read(&bytes), Err(Finding::NeedsRecogniser(_))));
    let reading = document_reader::read(&bytes, Some(&One), &Limits::default()).expect("read");
    let word = &reading.pages[0].words[0];
    assert_eq!((word.text.as_str(), word.source, word.confidence), ("word", WordSource::Recognition, 0.5));
    assert!(reading.reader.contains("one 1"), "{}", reading.reader);
}

#[test]
fn an_encrypted_document_is_neither_read_nor_copied_without_its_password() {
    let mut document = Document::load_mem(&text(&[("A", 1, 1)])).expect("valid");
    document.trailer.set("ID", vec![lopdf::Object::string_literal("0123456789abcdef"); 2]);
    let version = lopdf::EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: lopdf::Permissions::all(),
    };
    let state = lopdf::EncryptionState::try_from(version).expect("state");
    document.encrypt(&state).expect("encrypted");
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("saved");
    for answer in [read(&bytes).map(drop), upload(&bytes).map(drop)] {
        assert!(
            matches!(answer, Err(Finding::Unreadable(ref text)) if text.contains("password")),
            "{answer:?}"
        );
    }
}
