//! The documents are what their truth says: complete, in bounds, of the announced kinds, and the same for equal seeds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use demo_data::documents::{
    DocumentOptions, DocumentTruth, SegmentKind, TODAY, Verdict, demo_scans, write_documents,
};
use serde_json::Value;

const FORMS: [&str; 24] = [
    "sst-f0003",
    "mtc",
    "ca-cdtfa-230",
    "tx-01-339-resale",
    "tx-01-339-exemption",
    "ny-st-120",
    "ny-st-121",
    "ny-st-119-1",
    "fl-dr-13",
    "fl-dr-14",
    "il-crt-61",
    "il-exemption-letter",
    "pa-rev-1220",
    "oh-stec-b",
    "oh-stec-u",
    "wa-reseller-permit",
    "nj-st-3",
    "ga-st-5",
    "nc-e-595e",
    "mi-3372",
    "ma-st-4",
    "ma-st-5",
    "letter",
    "unknown",
];
const RULES: [&str; 38] = [
    "form-unknown",
    "seller-missing",
    "seller-other",
    "purchaser-missing",
    "address-missing",
    "state-missing",
    "state-not-accepting",
    "number-missing",
    "number-format",
    "reason-missing",
    "reason-several",
    "reason-unclear",
    "reason-not-accepted",
    "signature-missing",
    "date-missing",
    "date-unreadable",
    "date-ambiguous",
    "signed-in-future",
    "expired",
    "expiry-before-signed",
    "expiry-too-long",
    "expiry-mismatch",
    "single-without-order",
    "percentage-missing",
    "percentage-partial",
    "attachment-required",
    "description-missing",
    "scope-missing",
    "business-missing",
    "section-missing",
    "struck-out",
    "low-confidence",
    "purchaser-unmatched",
    "purchaser-ambiguous",
    "same-address-other-entity",
    "duplicate",
    "split-unclear",
    "reason-scope",
];

/// The folder of the fonts; without them pictures cannot be drawn, and the tests say so.
fn fonts() -> Option<PathBuf> {
    let folder = env::var_os("ONBOARD_FONTS").map(PathBuf::from).or_else(|| {
        let data = env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))?;
        Some(data.join("ecms-onboarding/fonts"))
    });
    let found = folder.filter(|folder| folder.join("SourceSansPro-Regular.ttf").exists());
    if found.is_none() {
        println!("skipped: the fonts are not here; `cargo xtask setup` fetches them");
    }
    found
}

fn written(folder: &Path, fonts: &Path, seed: u64, count: u32, faults: bool) -> Vec<DocumentTruth> {
    let mut options = DocumentOptions::new(seed, count, fonts);
    options.faults = faults;
    write_documents(folder, &options).unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn is_day(text: &str) -> bool {
    let parts: Vec<u32> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    let [year, month, day] = parts.as_slice() else { return false };
    text.len() == 10 && (2000..2100).contains(year) && (1..=12).contains(month) && (1..=31).contains(day)
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_do_not() {
    let Some(fonts) = fonts() else { return };
    let (first, second, third) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(first.path(), &fonts, 5, 6, false);
    written(second.path(), &fonts, 5, 6, false);
    written(third.path(), &fonts, 6, 6, false);
    assert_eq!(files(first.path()), files(second.path()));
    assert_ne!(files(first.path())["truth.json"], files(third.path())["truth.json"]);
}

#[test]
fn documents_are_what_their_truth_says() {
    let Some(fonts) = fonts() else { return };
    let folder = tempfile::tempdir().unwrap();
    let truths = written(folder.path(), &fonts, 11, 48, true);
    let forms: BTreeSet<&str> = truths.iter().map(|truth| truth.form.as_str()).collect();
    assert_eq!(forms, FORMS.into_iter().collect());
    let ids: BTreeSet<&str> = truths.iter().map(|truth| truth.id.as_str()).collect();
    assert_eq!(ids.len(), truths.len());
    for truth in &truths {
        check(truth);
    }
    check_faults(&truths);
    check_files(folder.path(), &truths);
    check_json(folder.path(), &truths);
}

fn check(truth: &DocumentTruth) {
    let id = &truth.id;
    let has_value = truth.segments.iter().any(|segment| segment.kind == SegmentKind::Value);
    assert!(has_value, "{id} has no value");
    let (wide, high) = (truth.width as f32, truth.height as f32);
    for segment in &truth.segments {
        let [left, top, right, bottom] = segment.area;
        let inside = left >= 0.0 && top >= 0.0 && right <= wide && bottom <= high;
        assert!(inside && left < right && top < bottom, "{id}: {segment:?} is not on {wide} x {high}");
    }
    let notice = "SPECIMEN - NOT A VALID CERTIFICATE";
    assert!(truth.segments.iter().any(|segment| segment.text == notice), "{id} bears no notice");
    let fields = &truth.fields;
    for day in [&fields.signed_date_iso, &fields.expiry_iso, &truth.expiry_rule_iso].into_iter().flatten() {
        assert!(is_day(day), "{id}: {day}");
    }
    for value in [&fields.purchaser_name, &fields.signed_date, &fields.expiry].into_iter().flatten() {
        assert!(truth.segments.iter().any(|segment| segment.text == *value), "{id} does not show {value}");
    }
    if truth.fault.is_none() {
        let expected = if truth.form == "unknown" { Verdict::Review } else { Verdict::Pass };
        assert_eq!(truth.verdict, expected, "{id}");
        assert!(fields.purchaser_name.is_some() && fields.street.is_some(), "{id}");
        assert!(truth.customer_code.is_some() && !truth.coverage.is_empty(), "{id}");
        assert!(fields.signed_date_iso.as_deref().is_none_or(|day| day < TODAY), "{id}");
        let last = fields.expiry_iso.as_ref().or(truth.expiry_rule_iso.as_ref());
        assert!(last.is_none_or(|day| day.as_str() > TODAY), "{id} has run out");
    } else {
        assert_ne!(truth.verdict, Verdict::Pass, "{id}");
    }
    match truth.form.as_str() {
        "tx-01-339-resale" | "il-crt-61" | "fl-dr-13" | "wa-reseller-permit" if truth.fault.is_none() => {
            let digits = fields.permit_id.iter().flat_map(|id| id.chars()).filter(char::is_ascii_digit);
            let expected = match truth.form.as_str() {
                "tx-01-339-resale" => 11,
                "il-crt-61" => 8,
                "fl-dr-13" => 13,
                _ => 8,
            };
            assert_eq!(digits.count(), expected, "{id}");
        }
        _ => {}
    }
    if truth.form == "wa-reseller-permit" && truth.fault.is_none() {
        let number = fields.permit_id.as_deref().unwrap();
        assert_eq!(number[number.len() - 2..], fields.expiry_iso.as_deref().unwrap()[2..4], "{id}");
    }
}

fn check_faults(truths: &[DocumentTruth]) {
    let faults: Vec<_> = truths.iter().filter_map(|truth| truth.fault.as_ref()).collect();
    let kinds: BTreeSet<&str> = faults.iter().map(|fault| fault.kind.as_str()).collect();
    assert!(kinds.len() >= 45, "only {} kinds", kinds.len());
    let known: BTreeSet<&str> = RULES.into_iter().collect();
    let named: BTreeSet<&str> = faults.iter().map(|fault| fault.rule.as_str()).collect();
    assert!(named.is_subset(&known), "{:?}", named.difference(&known));
    // A missing mark for single or blanket is a warning only.
    let planted: BTreeSet<&str> = known.into_iter().filter(|rule| *rule != "scope-missing").collect();
    assert_eq!(named, planted);
    let fault = |kind: &str| {
        truths.iter().find(|truth| truth.fault.as_ref().is_some_and(|fault| fault.kind == kind)).unwrap()
    };
    assert_eq!(fault("seven-digits-il").fields.permit_id.as_deref(), Some("4127-396"));
    assert_eq!(fault("stranger").customer_code, None);
    assert_eq!(fault("undated-sst").fields.signed_date, None);
    assert!(fault("next-year-tx").fields.signed_date_iso.as_deref().unwrap() > TODAY);
    assert!(fault("expired-wa").fields.expiry_iso.as_deref().unwrap() < TODAY);
    assert_eq!(fault("no-purchaser-sst").fields.purchaser_name, None);
    assert_eq!(fault("no-number-ca").fields.permit_id, None);
}

fn check_files(folder: &Path, truths: &[DocumentTruth]) {
    let files = files(folder);
    for truth in truths {
        let bytes = &files[&truth.file];
        if truth.file.ends_with(".pdf") {
            let document = lopdf::Document::load_mem(bytes).unwrap();
            let pages = document.get_pages().len();
            assert!(pages > truth.first_page, "{}", truth.id);
            let has_text = document.extract_text(&[1]).is_ok_and(|text| text.contains("SPECIMEN"));
            assert_eq!(has_text, !truth.scan, "{}", truth.id);
        } else {
            let picture = image::load_from_memory(bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (truth.width, truth.height), "{}", truth.id);
            let grey = picture.into_luma8();
            let ink = grey.pixels().filter(|pixel| pixel.0[0] < 190).count();
            assert!(ink * 400 > grey.pixels().len(), "{} is nearly empty", truth.id);
        }
    }
    let named = |start: &str| files.iter().find(|(name, _)| name.starts_with(start)).unwrap().1;
    assert_eq!(named("f-duplicate-bytes-1"), named("f-duplicate-bytes-2"));
    assert_ne!(named("f-duplicate-words-1"), named("f-duplicate-words-2"));
}

fn check_json(folder: &Path, truths: &[DocumentTruth]) {
    let json = |name: &str| serde_json::from_slice::<Value>(&fs::read(folder.join(name)).unwrap()).unwrap();
    let documents = json("truth.json")["documents"].as_array().unwrap().clone();
    let read: Vec<DocumentTruth> =
        documents.iter().map(|value| serde_json::from_value(value.clone()).unwrap()).collect();
    assert_eq!(read, truths);
    let customers = json("customers.json")["customers"].as_array().unwrap().clone();
    let codes: BTreeSet<&str> = customers.iter().map(|customer| customer["code"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), customers.len());
    for truth in truths {
        let code = truth.customer_code.as_deref();
        assert!(code.is_none_or(|code| codes.contains(code)), "{}", truth.id);
    }
}

#[test]
fn the_demo_gets_scans_of_customers_of_its_erp() {
    let Some(fonts) = fonts() else { return };
    let folder = tempfile::tempdir().unwrap();
    let truths = demo_scans(folder.path(), demo_data::DEFAULT_SEED, &fonts).unwrap();
    let erp = folder.path().join("erp.sqlite");
    let options = demo_data::ErpOptions { seed: demo_data::DEFAULT_SEED, ..Default::default() };
    demo_data::write_erp(&erp, &options).unwrap();
    let database = rusqlite::Connection::open(&erp).unwrap();
    for truth in &truths {
        check(truth);
        assert!(truth.scan && folder.path().join(&truth.file).exists(), "{}", truth.id);
        let code = truth.customer_code.as_deref().unwrap();
        let name: String = database
            .query_row("select name from customer where code = ?1", [code], |row| row.get(0))
            .unwrap();
        assert_eq!(truth.fields.purchaser_name.as_deref(), Some(name.as_str()));
    }
    let verdicts: BTreeSet<String> = truths.iter().map(|truth| format!("{:?}", truth.verdict)).collect();
    assert_eq!(verdicts.len(), 3, "{verdicts:?}");
}
