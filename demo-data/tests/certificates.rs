//! The certificate files are read back with another library and compared with the truth.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::{collections::BTreeMap, fs, path::Path};

use demo_data::{
    CertificateKind, CertificateTruth, ErpOptions, ExpectedOutcome, attached_certificates,
    write_certificates, write_erp,
};
use lopdf::{Document, Object};
use rusqlite::Connection;

const SEED: u64 = 2026;

fn written() -> (tempfile::TempDir, Vec<CertificateTruth>) {
    let dir = tempfile::tempdir().unwrap();
    let truths = write_certificates(dir.path(), SEED).unwrap();
    (dir, truths)
}

fn text(path: &Path) -> String {
    Document::load(path).unwrap().extract_text(&[1]).unwrap()
}

/// Name and value of each form field that has one.
fn fields(path: &Path) -> BTreeMap<String, String> {
    let document = Document::load(path).unwrap();
    let mut found = BTreeMap::new();
    for object in document.objects.values() {
        let Ok(dict) = object.as_dict() else { continue };
        let (Ok(name), Ok(value)) = (dict.get(b"T"), dict.get(b"V")) else { continue };
        let value = match value {
            Object::Name(name) => name.clone(),
            other => other.as_str().unwrap().to_vec(),
        };
        let name = String::from_utf8(name.as_str().unwrap().to_vec()).unwrap();
        found.insert(name, String::from_utf8(value).unwrap());
    }
    found
}

#[test]
fn there_are_twenty_six_files_and_eighteen_of_them_are_good() {
    let (dir, truths) = written();
    assert_eq!(truths.len(), 26);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 26, "a file name is used twice");
    let count = |outcome| truths.iter().filter(|truth| truth.outcome == outcome).count();
    assert_eq!(count(ExpectedOutcome::Upload), 18);
    assert_eq!(count(ExpectedOutcome::NeedsReader), 3);
    assert_eq!(count(ExpectedOutcome::Unreadable), 1);
    assert_eq!(count(ExpectedOutcome::Review), 3);
    assert_eq!(count(ExpectedOutcome::Duplicate), 1);
}

#[test]
fn printed_certificates_hold_what_the_truth_says_as_text() {
    let (dir, truths) = written();
    let printed = |truth: &&CertificateTruth| {
        matches!(truth.kind, CertificateKind::MultiState | CertificateKind::California)
    };
    for truth in truths.iter().filter(printed) {
        let text = text(&dir.path().join(&truth.file_name));
        assert!(text.contains(&truth.purchaser), "{}: {text}", truth.file_name);
        for state in &truth.states {
            assert!(text.contains(&state.number), "{}", truth.file_name);
        }
        assert_eq!(text.contains("/s/ "), truth.signed.is_some(), "{}", truth.file_name);
        assert!(text.contains("Not a valid certificate"), "{}", truth.file_name);
        let crosses = text.lines().filter(|line| line.trim() == "X").count();
        let expected = usize::from(truth.kind == CertificateKind::MultiState && truth.reason.is_some());
        assert_eq!(crosses, expected, "{}", truth.file_name);
    }
}

#[test]
fn fillable_certificates_hold_it_in_fields_that_can_be_drawn() {
    let (dir, truths) = written();
    let mut seen = 0;
    for truth in &truths {
        let path = dir.path().join(&truth.file_name);
        let number = match truth.kind {
            CertificateKind::MultiStateFillable => "number_1",
            CertificateKind::CaliforniaFillable => "permit_number",
            _ => continue,
        };
        seen += 1;
        let fields = fields(&path);
        assert_eq!(fields.get("purchaser_name"), Some(&truth.purchaser));
        assert_eq!(fields.get(number), Some(&truth.states[0].number));
        if truth.kind == CertificateKind::MultiStateFillable {
            let reason = format!("reason_{}", truth.reason.unwrap());
            assert_eq!(fields.get(&reason).map(String::as_str), Some("Yes"));
            assert_eq!(fields.values().filter(|value| *value == "Yes").count(), 1);
            assert_eq!(fields.get("state_1"), Some(&truth.states[0].state));
        }
        assert!(!text(&path).contains(&truth.purchaser), "the value is printed as well");
        let document = Document::load(&path).unwrap();
        assert!(document.catalog().unwrap().has(b"AcroForm"));
        for field in document
            .objects
            .values()
            .filter_map(|object| object.as_dict().ok())
            .filter(|dict| dict.has(b"FT"))
        {
            let look = field.get(b"AP").and_then(Object::as_dict).unwrap().get(b"N").unwrap();
            let stream = match look {
                Object::Reference(_) => look,
                states => {
                    states.as_dict().unwrap().get(field.get(b"AS").unwrap().as_name().unwrap()).unwrap()
                }
            };
            assert!(document.get_object(stream.as_reference().unwrap()).unwrap().as_stream().is_ok());
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn scans_hold_a_picture_and_no_text() {
    let (dir, truths) = written();
    let scans: Vec<_> = truths.iter().filter(|truth| truth.kind == CertificateKind::Scan).collect();
    assert_eq!(scans.len(), 2);
    for truth in scans {
        let path = dir.path().join(&truth.file_name);
        assert_eq!(text(&path).trim(), "");
        let document = Document::load(&path).unwrap();
        let (_, page) = document.get_pages().into_iter().next().unwrap();
        assert_eq!(document.get_page_images(page).unwrap().len(), 1);
    }
}

#[test]
fn the_photograph_is_a_png_and_the_broken_file_cannot_be_read() {
    let (dir, truths) = written();
    let of = |kind| dir.path().join(&truths.iter().find(|truth| truth.kind == kind).unwrap().file_name);
    assert!(fs::read(of(CertificateKind::Picture)).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    let broken = of(CertificateKind::Broken);
    assert!(fs::read(&broken).unwrap().starts_with(b"%PDF-"));
    assert!(Document::load(broken).is_err());
}

#[test]
fn the_duplicate_has_the_bytes_of_another_file_and_comes_after_it() {
    let (dir, truths) = written();
    let copy = truths.iter().position(|truth| truth.outcome == ExpectedOutcome::Duplicate).unwrap();
    let bytes = |at: usize| fs::read(dir.path().join(&truths[at].file_name)).unwrap();
    let same: Vec<_> = (0..truths.len()).filter(|at| bytes(*at) == bytes(copy)).collect();
    assert_eq!(same.len(), 2);
    assert_eq!(same[1], copy);
}

#[test]
fn every_certificate_but_one_belongs_to_an_exempt_customer_in_the_erp() {
    let (dir, mut truths) = written();
    truths.extend(attached_certificates(SEED).unwrap());
    let path = dir.path().join("erp.sqlite");
    write_erp(&path, &ErpOptions::default()).unwrap();
    let connection = Connection::open(path).unwrap();
    let mut strangers = 0;
    for truth in &truths {
        let Some(code) = &truth.customer_code else {
            strangers += 1;
            continue;
        };
        let (name, status, home, told): (String, String, String, u32) = connection
            .query_row(
                "select name, status, (select region from address where customer_id = c.id order by id limit 1),
                    resale_number is not null or exemption_number is not null or entity_use_code is not null
                    or tax_group = 'EXEMPT' or exists(select 1 from exemption where customer_id = c.id and exempt = 1)
                 from customer c where code = ?1",
                [code],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        let letters = |text: &str| {
            text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_lowercase()
        };
        assert_eq!(letters(&name), letters(&truth.purchaser), "{}", truth.file_name);
        assert_eq!(status, "active");
        assert_eq!(home, truth.states[0].state);
        assert_eq!(told, 1, "{code} is not exempt");
    }
    assert_eq!(strangers, 1);
}

#[test]
fn numbers_of_recorded_exemptions_are_those_on_the_certificates() {
    let (dir, truths) = written();
    let path = dir.path().join("erp.sqlite");
    write_erp(&path, &ErpOptions::default()).unwrap();
    let connection = Connection::open(path).unwrap();
    let mut compared = 0;
    for truth in &truths {
        for state in &truth.states {
            let known: Option<String> = connection
                .query_row(
                    "select number from exemption where region = ?2
                     and customer_id = (select id from customer where code = ?1)",
                    [truth.customer_code.as_deref().unwrap_or_default(), &state.state],
                    |row| row.get(0),
                )
                .unwrap_or_default();
            if let Some(known) = known {
                assert_eq!(known, state.number, "{} in {}", truth.file_name, state.state);
                compared += 1;
            }
        }
    }
    assert!(compared >= 15, "only {compared} numbers could be compared");
}

#[test]
fn two_different_certificates_are_attached_to_their_customers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("erp.sqlite");
    write_erp(&path, &ErpOptions::default()).unwrap();
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("select c.code, a.file_name, a.content from attachment a join customer c on c.id = a.customer_id order by a.id")
        .unwrap();
    let rows: Vec<(String, String, Vec<u8>)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let truths = attached_certificates(SEED).unwrap();
    assert_eq!(rows.len(), 2);
    for ((code, file_name, content), truth) in rows.iter().zip(&truths) {
        assert_eq!((Some(code), file_name), (truth.customer_code.as_ref(), &truth.file_name));
        let text = Document::load_mem(content).unwrap().extract_text(&[1]).unwrap();
        assert!(text.contains(&truth.purchaser));
    }
    assert_ne!(rows[0].2, rows[1].2);
}

#[test]
fn equal_seeds_write_equal_bytes_and_other_seeds_do_not() {
    let all = |seed| {
        let dir = tempfile::tempdir().unwrap();
        let truths = write_certificates(dir.path(), seed).unwrap();
        truths.iter().map(|truth| fs::read(dir.path().join(&truth.file_name)).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(all(3), all(3));
    assert_ne!(all(3), all(4));
}

#[test]
fn signing_days_lie_in_2025_and_2026_and_not_after_september() {
    let (_dir, truths) = written();
    for signed in truths.iter().filter_map(|truth| truth.signed.as_deref()) {
        assert!(("2025-01-01"..="2026-09-30").contains(&signed), "{signed}");
    }
    assert!(truths.iter().any(|truth| truth.signed.is_none()), "nobody forgot to sign");
}
