//! Documents made for the purpose: what is read from them, and that nothing in a copy for handing in can be filled in or
//! run.

#![expect(clippy::expect_used, reason = "helpers of tests stop the test that uses them")]

use document_reader::{Finding, Limits, picture, read, upload_copy};

#[cfg(test)]
mod made;

/// A form with everything in it that must not be handed on.
fn armed() -> Vec<u8> {
    made::pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /XFA (x) >> /OpenAction << /S /JavaScript /JS \
          (app.alert\\(1\\)) >> /AA << /WC 10 0 R >> /Names << /EmbeddedFiles << /Names [(a) 11 0 R] >> /JavaScript << \
          /Names [(b) 10 0 R] >> >> >>"
            .to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 8 0 R] /Count 2 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Annots [6 0 R 9 0 R] /AA << /O 10 0 R >> \
          /Resources << /Font << /F 5 0 R >> /Properties << /P 10 0 R /E 11 0 R >> >> >>"
            .to_vec(),
        made::stream("", made::TEXT),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Filled In Widgets) /Rect [72 500 300 520] /AP << /N 7 0 \
          R >> /A << /S /JavaScript /JS (1) >> >>"
            .to_vec(),
        made::stream(
            "/BBox [0 0 228 20] /Resources << /Font << /F 5 0 R >> >>",
            b"BT /F 10 Tf 2 5 Td (Filled In Widgets) Tj ET",
        ),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 12 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_vec(),
        b"<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.com) >> >>".to_vec(),
        b"<< /Type /Action /S /JavaScript /JS (app.alert\\(2\\)) >>".to_vec(),
        b"<< /Type /Filespec /F (a.exe) /EF << /F 13 0 R >> >>".to_vec(),
        made::stream("", b"BT /F 12 Tf 20 300 Td (Second page of the file) Tj ET"),
        made::stream("/Type /EmbeddedFile", b"MZ"),
    ])
}

fn words(bytes: &[u8]) -> Vec<String> {
    let reading = read(bytes, None, &Limits::default()).expect("readable");
    assert_eq!(reading.fields.len(), 0, "nothing is fillable");
    reading
        .pages
        .iter()
        .map(|page| page.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
        .collect()
}

fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn what_acts_stays_behind_and_what_was_filled_in_stays_visible() {
    let copy = upload_copy(&armed(), None, &Limits::default()).expect("a copy");
    for part in [
        "AcroForm",
        "JavaScript",
        "/JS",
        "OpenAction",
        "EmbeddedFile",
        "Filespec",
        "/AA",
        "XFA",
        "/URI",
        "/Widget",
    ] {
        assert!(holds(&armed(), part), "the original has {part}");
        assert!(!holds(&copy, part), "the copy has {part}");
    }
    let pages = words(&copy);
    assert_eq!(pages.len(), 2);
    assert!(
        pages[0].contains("Filled In Widgets") && pages[0].contains("Certificate of exemption"),
        "{pages:?}"
    );
    assert_eq!(pages[1], "Second page of the file");
    let (before, after) =
        (picture(&armed(), 0, None, &Limits::default()), picture(&copy, 0, None, &Limits::default()));
    assert_eq!(before.expect("drawn"), after.expect("drawn"));
}

#[test]
fn pages_are_cut_out() {
    let copy = upload_copy(&armed(), Some((1, 1)), &Limits::default()).expect("a copy");
    assert_eq!(words(&copy), ["Second page of the file"]);
    assert!(!holds(&copy, "Filled"));
    for wrong in [(2, 1), (0, 3), (0, 0), (usize::MAX, 2)] {
        let refused = upload_copy(&armed(), Some(wrong), &Limits::default());
        assert!(matches!(refused, Err(Finding::Unreadable(_))), "{wrong:?}");
    }
    let tiff = made::tiff(&[made::grey_page(425, 550, true), made::grey_page(300, 550, false)]);
    let second = upload_copy(&tiff, Some((1, 1)), &Limits::default()).expect("a copy");
    let shown = picture(&second, 0, Some(0.0), &Limits::default()).expect("drawn");
    assert!((shown.picture.width as f32 / shown.picture.height as f32 - 300.0 / 550.0).abs() < 0.01);
}

#[test]
fn a_jpeg_goes_in_as_it_is() {
    let jpeg = made::jpeg(425, 550);
    let copy = upload_copy(&jpeg, None, &Limits::default()).expect("a copy");
    assert!(copy.windows(jpeg.len()).any(|window| window == jpeg));
}

#[test]
fn a_field_whose_value_is_not_drawn_stops_the_copy() {
    let file = made::pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Annots [4 0 R] >>".to_vec(),
        b"<< /Subtype /Widget /FT /Tx /T (permit) /V (12-3) /Rect [72 500 300 520] >>".to_vec(),
    ]);
    let refused = upload_copy(&file, None, &Limits::default()).expect_err("refused").to_string();
    assert!(refused.contains("\"permit\" on page 1"), "{refused}");
    assert_eq!(read(&file, None, &Limits::default()).expect("readable").fields[0].value, "12-3");
}

/// One page with this content; `more` joins its dictionary.
fn text_page(content: &str, more: &str) -> Vec<u8> {
    made::pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> \
             {more} >>"
        )
        .into_bytes(),
        made::stream("", content.as_bytes()),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ])
}

fn outline(bytes: &[u8]) -> Vec<(String, i32, i32)> {
    let reading = read(bytes, None, &Limits::default()).expect("readable");
    let words = reading.pages.into_iter().flat_map(|page| page.words);
    words.map(|word| (word.text, word.area.left.round() as i32, word.area.top.round() as i32)).collect()
}

#[test]
fn words_come_line_by_line_with_their_places() {
    let show = |x: i32, y: i32, text: &str| format!("BT /F 10 Tf {x} {y} Td ({text}) Tj ET ");
    let content = [show(300, 700, "right"), show(50, 600, "Two words"), show(50, 700, "left")].concat();
    let expected = [("left", 50, 92), ("right", 300, 92), ("Two", 50, 192), ("words", 72, 192)];
    assert_eq!(
        outline(&text_page(&content, "")),
        expected.map(|(word, left, top)| (word.to_owned(), left, top))
    );
}

#[test]
fn kerning_keeps_a_word_together_and_invisible_letters_count() {
    let content = "BT /F 10 Tf 3 Tr 50 700 Td [(Ta) 80 (x) -600 (No) -20 (.)] TJ ET";
    let words: Vec<String> = outline(&text_page(content, "")).into_iter().map(|(word, ..)| word).collect();
    assert_eq!(words, ["Tax", "No."]);
}

#[test]
fn a_turned_page_is_read_as_people_see_it() {
    for (turn, place) in [(0, (50, 92)), (90, (698, 50)), (180, (523, 698)), (270, (92, 523))] {
        let bytes = text_page("BT /F 10 Tf 50 700 Td (Word.) Tj ET", &format!("/Rotate {turn}"));
        let (_, left, top) = outline(&bytes).remove(0);
        assert!((left - place.0).abs() < 3 && (top - place.1).abs() < 3, "{turn}: {left} {top}");
    }
}

#[test]
fn letters_drawn_as_outlines_need_recognition() {
    let outlines = text_page("72 700 m 80 720 l 88 700 l S 100 700 10 20 re f", "");
    assert!(matches!(read(&outlines, None, &Limits::default()), Err(Finding::NeedsRecogniser(_))));
    assert!(matches!(read(&text_page("", ""), None, &Limits::default()), Err(Finding::Unreadable(_))));
}
