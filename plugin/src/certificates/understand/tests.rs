//! Certificates drawn as words, read as a clerk would. How well real pages are read is measured by `read-eval`.

use super::judge::{Context, verdict};
use super::record::{Certificate, Scope};
use super::text::testing::{page, ticked};
use crate::certificates::rules::{Field, Severity};
use crate::model::ocr::{Mark, MarkKind, Reading, Rectangle, WordSource};
use crate::model::tenant::Term;

const TODAY: &str = "2026-11-22";

type Rows<'a> = Vec<Vec<(f32, &'a str)>>;

fn reading(rows: &Rows<'_>) -> Reading {
    page(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn understood(reading: &Reading, terms: &[Term]) -> Vec<Certificate> {
    let seller_names = ["Example Supply Inc.".to_owned()];
    super::certificates(reading, &Context { today: TODAY, seller_names: &seller_names, terms })
}

fn one(reading: &Reading) -> Certificate {
    let mut all = understood(reading, &[]);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Rules that are graver than a warning.
fn rules(certificate: &Certificate) -> Vec<&'static str> {
    let grave = certificate.findings.iter().filter(|it| it.severity > Severity::Warn);
    grave.map(|it| it.rule).collect()
}

/// The multi-state form; box rows are 7 (business), 9 (resale) and 3 (blanket).
fn multi_state<'a>(number: &'a str, date: &'a str) -> Reading {
    let mut reading = reading(&vec![
        vec![(150.0, "Streamlined Sales Tax Certificate of Exemption")],
        vec![(150.0, "Do not send this form to the Streamlined Sales Tax Governing Board.")],
        vec![],
        vec![(80.0, "Single purchase certificate"), (320.0, "Blanket certificate")],
        vec![(54.0, "Purchaser's name"), (250.0, "Blue Heron Marine Supply LLC")],
        vec![(54.0, "Business address"), (250.0, "4821 Harborview Drive, Sturgeon Bay, WI 54235-1107")],
        vec![(54.0, "Name of seller from whom you are purchasing"), (300.0, "Example Supply Inc.")],
        vec![(80.0, "10 Retail trade")],
        vec![(80.0, "F"), (100.0, "Religious organization")],
        vec![(80.0, "G"), (100.0, "Resale")],
        vec![(60.0, "State"), (120.0, "Identification number")],
        vec![(60.0, "WI"), (120.0, "456-1020058817-03")],
        vec![(60.0, "MN"), (120.0, number)],
        vec![(54.0, "Signature of authorized purchaser"), (250.0, "/s/ Martha Quillen")],
        vec![(54.0, "Print name"), (250.0, "Martha Quillen")],
        vec![(54.0, "Date"), (250.0, date)],
    ]);
    let empty = |row, left| Mark { kind: MarkKind::EmptyBox, ..ticked(row, left) };
    reading.pages[0].marks =
        vec![empty(3, 66.0), ticked(3, 306.0), ticked(7, 66.0), empty(8, 66.0), ticked(9, 66.0)];
    reading
}

/// The front of Texas' form, its number and date.
fn texas(number: &str, date: &str) -> Reading {
    let note = "must contain 11 digits";
    let label = format!("Texas Sales and Use Tax Permit Number ({note})");
    reading(&vec![
        vec![(150.0, "Texas Sales and Use Tax Resale Certificate")],
        vec![(54.0, "Name of purchaser, firm or agency as shown on permit"), (350.0, "Ironwood Tool LLC")],
        vec![(54.0, "Address (Street & number, P.O. Box or Route number)"), (350.0, "9 Mill Road")],
        vec![(54.0, "City, State, ZIP code"), (350.0, "Austin, TX 78701")],
        vec![(54.0, &label), (350.0, number)],
        vec![(54.0, "Seller:"), (350.0, "Example Supply Inc.")],
        vec![
            (54.0, "Description of items to be purchased on the attached order or invoice:"),
            (450.0, "Tools"),
        ],
        vec![
            (54.0, "Description of the type of business activity generally engaged in or type of items"),
            (470.0, "Retail"),
        ],
        vec![(54.0, "Purchaser"), (130.0, "/s/ A. Person"), (330.0, "Date"), (400.0, date)],
    ])
}

#[test]
fn each_state_of_a_table_is_covered_by_its_number() {
    let read = one(&multi_state("1234567", "March 14, 2026"));
    assert_eq!((read.form.map(|form| form.id), rules(&read)), (Some("sst-f0003"), vec![]));
    let coverage: Vec<_> = read.coverage.iter().map(|it| (it.region.as_str(), it.number.as_str())).collect();
    assert_eq!(coverage, [("WI", "456-1020058817-03"), ("MN", "1234567")]);
    assert_eq!((read.use_code, read.scope), (Some('G'), Scope::Blanket));
    assert_eq!(read.text(Field::Signed), "2026-03-14");
    assert_eq!(
        [Field::Street, Field::City, Field::AddressState, Field::PostalCode].map(|field| read.text(field)),
        ["4821 Harborview Drive", "Sturgeon Bay", "WI", "54235-1107"]
    );
}

#[test]
fn a_row_without_a_number_covers_nothing() {
    let read = one(&multi_state("", "March 14, 2026"));
    assert_eq!(read.coverage.len(), 1);
}

#[test]
fn what_a_state_asks_for_holds_back_that_state() {
    let mut reading = multi_state("1234567", "March 14, 2026");
    for word in &mut reading.pages[0].words {
        if word.text == "MN" {
            word.text = "NY".to_owned();
        }
    }
    let read = one(&reading);
    assert_eq!(rules(&read), ["state-not-accepting"]);
    assert_eq!(verdict(&read.findings, "NY"), Severity::Review);
    assert_eq!(verdict(&read.findings, "WI"), Severity::Warn);
}

#[test]
fn texas_numbers_have_eleven_digits() {
    assert_eq!(rules(&one(&texas("3-20451-8876-2", "3/14/2026"))), Vec::<&str>::new());
    let short = one(&texas("3-20451-8876", "3/14/2026"));
    assert_eq!((rules(&short), verdict(&short.findings, "")), (vec!["number-format"], Severity::Fail));
}

#[test]
fn days_are_judged() {
    for (date, rule) in [
        ("14/3/2026", "date-ambiguous"),
        ("3/14/26", "date-ambiguous"),
        ("31/02/2026", "date-unreadable"),
        ("3/14/2027", "signed-in-future"),
        ("", "date-missing"),
    ] {
        assert_eq!(rules(&one(&texas("3-20451-8876-2", date))), [rule], "{date}");
    }
}

#[test]
fn what_is_missing_is_named_and_not_invented() {
    let without = |label: &str| {
        let mut reading = multi_state("1234567", "March 14, 2026");
        let line = reading.pages[0].words.iter().find(|word| word.text == label).map(|word| word.area.top);
        let line = line.unwrap();
        reading.pages[0].words.retain(|word| (word.area.top - line).abs() > 1.0 || word.area.left < 200.0);
        rules(&one(&reading))
    };
    assert_eq!(without("Signature"), ["signature-missing"]);
    assert_eq!(without("Purchaser's"), ["purchaser-missing"]);
    assert_eq!(without("Business"), ["address-missing"]);
    assert_eq!(without("Name"), ["seller-missing"]);
    let mut reading = multi_state("1234567", "March 14, 2026");
    reading.pages[0].marks.pop();
    assert_eq!(rules(&one(&reading)), ["reason-missing"]);
    reading.pages[0].marks.extend([ticked(8, 66.0), ticked(9, 66.0)]);
    assert_eq!(rules(&one(&reading)), ["reason-several"]);
}

#[test]
fn doubt_goes_before_a_person() {
    let mut unsure = multi_state("1234567", "March 14, 2026");
    for word in unsure.pages[0].words.iter_mut().filter(|word| word.text == "Heron") {
        (word.confidence, word.source) = (0.4, WordSource::Recognition);
    }
    assert_eq!(rules(&one(&unsure)), ["low-confidence"]);

    let mut struck = multi_state("1234567", "March 14, 2026");
    let area = Rectangle { left: 248.0, top: 123.0, right: 400.0, bottom: 127.0 };
    struck.pages[0].marks.push(Mark { kind: MarkKind::Strike, area, confidence: 0.9 });
    assert_eq!(rules(&one(&struck)), ["struck-out"]);

    let mut other = multi_state("1234567", "March 14, 2026");
    for word in other.pages[0].words.iter_mut().filter(|word| word.text == "Example") {
        word.text = "Somebody's".to_owned();
    }
    assert_eq!(rules(&one(&other)), ["seller-other"]);
}

#[test]
fn last_days_are_printed_or_follow_a_rule() {
    let florida = |number| {
        reading(&vec![
            vec![(150.0, "2026 Florida Annual Resale Certificate for Sales Tax")],
            vec![(54.0, "This Certificate Expires on December 31, 2026")],
            vec![(54.0, "Business Name and Location Address"), (330.0, "Certificate Number")],
            vec![(54.0, "Palm Traders Inc"), (330.0, number)],
            vec![(54.0, "12 Dock Road")],
            vec![(54.0, "Tampa, FL 33602")],
        ])
    };
    let read = one(&florida("61-8012076720-0"));
    assert_eq!((read.text(Field::Expires), read.signed_on()), ("2026-12-31", "2026-01-01"));
    assert!(rules(&one(&florida("6180120767200"))).contains(&"number-format"), "the pattern is exact");

    let washington = |year| {
        let expires = format!("05/31/{year}");
        reading(&vec![
            vec![(54.0, "Washington State Department of Revenue")],
            vec![(150.0, "Reseller Permit")],
            vec![(54.0, "Permit Number:"), (200.0, "A12 3456 28")],
            vec![(54.0, "Effective Date:"), (200.0, "06/01/2024")],
            vec![(54.0, "Expiration Date:"), (200.0, expires.as_str())],
            vec![(54.0, "Business Name:"), (200.0, "Harbor Goods LLC")],
            vec![(54.0, "Business Address:"), (200.0, "9 Pier Street, Spokane, WA 99201")],
        ])
    };
    assert_eq!(one(&washington("2028")).text(Field::Expires), "2028-05-31");
    assert_eq!(one(&washington("2029")).findings[0].rule, "expiry-mismatch");

    let term = |region: &str, use_code: &str, months| Term {
        region: region.to_owned(),
        use_code: use_code.to_owned(),
        months,
    };
    let terms = [term("", "", 12), term("TX", "", 48), term("TX", "G", 36), term("GA", "G", 6)];
    let read = &understood(&texas("3-20451-8876-2", "3/14/2026"), &terms)[0];
    assert_eq!(read.text(Field::Expires), "2029-03-14", "the closest term counts");
    assert_eq!(one(&texas("3-20451-8876-2", "3/14/2026")).text(Field::Expires), "");
}

#[test]
fn several_certificates_in_one_file_are_split() {
    let mut both = texas("3-20451-8876-2", "3/14/2026");
    both.pages.extend(multi_state("1234567", "March 14, 2026").pages);
    both.pages.extend(reading(&vec![vec![(54.0, "Instructions for the seller")]]).pages);
    let read = understood(&both, &[]);
    let parts: Vec<_> =
        read.iter().map(|it| (it.form.map(|form| form.id), it.first_page, it.page_count)).collect();
    assert_eq!(parts, [(Some("tx-01-339-resale"), 0, 1), (Some("sst-f0003"), 1, 2)]);
    assert_ne!(read[0].fingerprint, read[1].fingerprint);

    let untitled = reading(&vec![vec![(54.0, "Name of purchaser"), (250.0, "Somebody LLC")]]);
    both.pages.extend(untitled.pages.clone());
    assert!(rules(&understood(&both, &[])[1]).contains(&"split-unclear"));
    // The gravest comes first here too.
    let mut odd = multi_state("12-34", "March 14, 2026");
    odd.pages.extend(untitled.pages);
    let found = one(&odd).findings;
    let found: Vec<_> = found.iter().map(|it| it.rule).collect();
    assert_eq!(found, ["split-unclear", "number-format"]);
}

#[test]
fn the_same_certificate_is_known_by_what_it_says() {
    let print = |reading: &Reading| one(reading).fingerprint;
    let signed = |by: &str, day: &str| {
        let mut reading = texas("3-20451-8876-2", day);
        let scrawl = reading.pages[0].words.iter_mut().find(|word| word.text.contains("Mara"));
        if let Some(word) = scrawl {
            by.clone_into(&mut word.text);
        }
        reading
    };
    let first = print(&signed("Mara", "3/14/2026"));
    assert_eq!(first, print(&signed("Nara", "March 14, 2026")), "a scrawl and a date read another way");
    assert_ne!(first, print(&signed("Mara", "3/15/2026")), "another day");
    assert_ne!(first, print(&texas("3-20451-8876-3", "3/14/2026")), "another number");
    // Where little was read, only the same words are the same certificate.
    let page = |word: &str| reading(&vec![vec![(54.0, "Certificate"), (250.0, word)]]);
    assert_ne!(print(&page("one")), print(&page("two")));
    assert_eq!(print(&page("one")), print(&page("one")));
}

#[test]
fn a_document_without_words_says_nothing_and_is_no_repetition() {
    let blank = one(&Reading { pages: Vec::new(), fields: Vec::new(), reader: String::new() });
    assert_eq!((blank.form.is_none(), blank.fingerprint.as_str(), blank.values.len()), (true, "", 0));
    assert_eq!(verdict(&blank.findings, ""), Severity::Fail);
}
