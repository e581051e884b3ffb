//! The words of a page to the record of a certificate: whatever stands there, values mean what their kind says, and what
//! passes has what AvaTax must be told.
#![no_main]

use ecms_onboarding::{
    certificates::{
        rules::{Field, Severity},
        understand::{
            certificates,
            judge::{Context, verdict},
            record::Certificate,
        },
    },
    geography,
    model::{
        ocr::{FormField, Mark, MarkKind, Reading, Rectangle, TextPage, Word, WordSource},
        tenant::Term,
    },
};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_day, text};

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let reading = drawn(text);
    let seller_names = ["Example Supply Inc.".to_owned()];
    let terms = [Term { region: "GA".into(), use_code: "G".into(), months: 36 }];
    let context = Context { today: "2026-11-22", seller_names: &seller_names, terms: &terms };
    let found = certificates(&reading, &context);
    assert!(!found.is_empty() && found.len() <= reading.pages.len().max(1));
    let mut next_page = 0;
    for certificate in &found {
        assert_eq!(certificate.first_page, next_page, "pages are parted without a gap");
        assert!(certificate.page_count > 0);
        next_page += certificate.page_count;
        check(certificate, reading.pages.len().max(1));
    }
    assert_eq!(next_page, reading.pages.len().max(1));
    // Reading once more takes as long again, so it is not done every time.
    if bytes.len().is_multiple_of(8) {
        let again = certificates(&reading, &context);
        assert_eq!(format!("{found:?}"), format!("{again:?}"), "read twice, said two things");
    }
});

fn check(certificate: &Certificate, pages: usize) {
    for field in [Field::Signed, Field::Effective, Field::Expires, Field::Issued] {
        match certificate.text(field) {
            "" => {}
            day => check_day(day),
        }
    }
    for value in &certificate.values {
        assert!(value.page < pages && (0.0..=1.0).contains(&value.confidence), "{value:?}");
        let same = certificate.values.iter().filter(|other| other.field == value.field).count();
        assert_eq!(same, 1, "{:?} twice", value.field);
    }
    for covered in &certificate.coverage {
        assert!(geography::region_name("US", &covered.region).is_some(), "{covered:?}");
        assert!(covered.number.chars().count() <= 50, "{covered:?}");
    }
    assert!(certificate.use_code.is_none_or(|code| certificate.reasons.contains(&code)));
    assert!(certificate.findings.windows(2).all(|two| two[0].severity >= two[1].severity));
    assert!(certificate.findings.iter().all(|it| it.page < pages && !it.text.is_empty()));
    assert!(matches!(certificate.fingerprint.len(), 0 | 64));
    // What passes without a person has everything that is sent.
    for covered in &certificate.coverage {
        if verdict(&certificate.findings, &covered.region) == Severity::Warn {
            assert!(certificate.form.is_some() && certificate.use_code.is_some(), "{certificate:?}");
            assert!(!certificate.text(Field::Purchaser).is_empty(), "{certificate:?}");
            assert!(!certificate.signed_on().is_empty(), "{certificate:?}");
        }
    }
}

/// Lines of words, 20 points apart. A form feed begins a page, `|` leaves a gap, `[x]` and `[ ]` are boxes, `~~` ink, and
/// `name := value` a form field.
fn drawn(text: &str) -> Reading {
    let mut reading = Reading { pages: Vec::new(), fields: Vec::new(), reader: "drawn".into() };
    for (number, page) in text.split('\u{c}').take(4).enumerate() {
        let mut drawn =
            TextPage { width: 612.0, height: 792.0, words: Vec::new(), marks: Vec::new(), turned: 0.0 };
        for (row, line) in page.split('\n').take(60).enumerate() {
            let top = 30.0 + 12.0 * row as f32;
            let area =
                |left: f32, width: f32| Rectangle { left, top, right: left + width, bottom: top + 10.0 };
            if let Some((name, value)) = line.split_once(" := ") {
                let area = Some(area(200.0, 100.0));
                let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
                let ticked = value == "on";
                reading.fields.push(FormField { name, value, ticked, page: Some(number as u32), area });
                continue;
            }
            let mut left = 54.0 + line.bytes().take_while(|byte| *byte == b' ').count() as f32 * 5.0;
            let line = line.replace("[ ]", "[_]");
            for word in line.split_whitespace().take(60) {
                let kind = match word {
                    "|" => {
                        left += 60.0;
                        continue;
                    }
                    "[x]" => Some(MarkKind::TickedBox),
                    "[_]" => Some(MarkKind::EmptyBox),
                    "~~" => Some(MarkKind::Ink),
                    "--" => Some(MarkKind::Strike),
                    _ => None,
                };
                let width = if kind.is_some() { 10.0 } else { 5.0 * word.chars().count() as f32 };
                match kind {
                    Some(kind) => drawn.marks.push(Mark { kind, area: area(left, width), confidence: 0.95 }),
                    None => drawn.words.push(Word {
                        text: word.chars().take(200).collect(),
                        area: area(left, width),
                        confidence: if word.ends_with('?') { 0.5 } else { 1.0 },
                        source: WordSource::TextLayer,
                    }),
                }
                left += width + 4.0;
            }
        }
        reading.pages.push(drawn);
    }
    reading
}
