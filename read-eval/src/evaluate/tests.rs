//! Documents that were read, made by hand.

use ecms_onboarding::certificates::rules::Field;
use ecms_onboarding::certificates::understand::values::{How, Value};

use super::*;

/// A document that is right in everything.
pub(crate) fn outcome(id: &str) -> Outcome {
    let candidate = Candidate {
        code: "C1".to_owned(),
        name: "Heron".to_owned(),
        score: 1.0,
        why: "same name".to_owned(),
    };
    Outcome {
        id: id.to_owned(),
        file: format!("{id}.pdf"),
        scan: false,
        clean: false,
        fault: None,
        form: "mtc".to_owned(),
        form_read: "mtc".to_owned(),
        words: Words { truth: 2, read: 2, same: 2 },
        fields: vec![field("purchaser_name", Agreement::Exact)],
        verdict_due: Some("pass".to_owned()),
        verdict: Verdict::Pass,
        findings: Vec::new(),
        customer: Some("C1".to_owned()),
        customer_taken: Some("C1".to_owned()),
        candidates: vec![candidate],
        found: 1,
        pages: 2,
        seconds: 1.0,
        fresh: true,
        error: None,
    }
}

pub(crate) fn field(field: &'static str, agreement: Agreement) -> Compared {
    let (truth, read) = ("this".to_owned(), "that".to_owned());
    Compared { field, truth, read, how: Some("label"), confidence: Some(0.5), agreement }
}

fn certificate(name: &str, first_page: usize, fingerprint: &str) -> Certificate {
    let mut certificate =
        Certificate { first_page, fingerprint: fingerprint.to_owned(), ..Certificate::default() };
    for (field, text) in [
        (Field::Purchaser, name),
        (Field::Street, "1 Dock Road"),
        (Field::PostalCode, "54235"),
        (Field::AddressState, "WI"),
    ] {
        let (text, raw) = (text.to_owned(), text.to_owned());
        certificate.put(Value { field, text, raw, page: 0, area: None, how: How::Label, confidence: 1.0 });
    }
    certificate
}

fn truth(id: &str, file: &str, name: &str, first_page: usize) -> Truth {
    let json = format!(
        r#"{{"id": "{id}", "file": "{file}", "layout": "unknown", "customer_code": "C1",
            "first_page": {first_page}, "fields": {{"purchaser_name": "{name}"}}}}"#
    );
    serde_json::from_str(&json).unwrap()
}

fn customers() -> Vec<Customer> {
    let folder = tempfile::tempdir().unwrap();
    let rows = r#"{"customers": [{"code": "C1", "name": "Heron Marine, L.L.C.", "line1": "1 Dock Rd",
        "city": "Sturgeon Bay", "region": "WI", "postal_code": "54235", "country": "US", "email": null}]}"#;
    std::fs::write(folder.path().join("customers.json"), rows).unwrap();
    crate::truth::customers(folder.path()).unwrap()
}

fn done(sha256: &str, certificates: Vec<Certificate>) -> Done {
    Done { certificates, sha256: sha256.to_owned(), pages: 2, ..Done::default() }
}

fn rules(outcome: &Outcome) -> Vec<&str> {
    outcome.findings.iter().map(|it| it.rule.as_str()).collect()
}

#[test]
fn each_certificate_of_a_file_is_held_against_its_own() {
    let truths = [truth("a", "x.pdf", "Heron Marine LLC", 0), truth("b", "x.pdf", "Otter Mills", 1)];
    let jobs = crate::readings::jobs(&truths, "");
    let both = vec![certificate("Heron Marine LLC", 0, "1"), certificate("Otter Mills", 1, "2")];
    let found = outcomes(&jobs, &[done("s", both)], &customers());
    assert_eq!((found[0].found, found[1].found, found[1].form_right()), (1, 1, true));
    assert!(found[0].customer_automatic());
    assert!(!found[1].customer_automatic());
    assert_eq!(rules(&found[1]), ["same-address-other-entity"]);
    assert_eq!(found[1].fields[0].agreement, Agreement::Exact);
    assert_eq!((found[0].pages, found[1].pages), (2, 0), "pages count once");
}

#[test]
fn a_certificate_that_another_swallowed_was_not_read() {
    let truths = [truth("a", "x.pdf", "Heron Marine LLC", 0), truth("b", "x.pdf", "Heron Marine LLC", 1)];
    let jobs = crate::readings::jobs(&truths, "");
    let one = vec![certificate("Heron Marine LLC", 0, "1")];
    let found = outcomes(&jobs, &[done("s", one)], &customers());
    assert_eq!((found[1].found, found[1].fields[0].agreement), (0, Agreement::Unread));
    assert_eq!(found[1].verdict, Verdict::Pass);
    assert_eq!(found[1].wrongly_accepted(), ["customer", "certificate"]);
}

#[test]
fn the_same_again_is_told_by_bytes_and_by_words() {
    let truths = ["a", "b", "c", "d"].map(|id| truth(id, &format!("{id}.pdf"), "Heron Marine LLC", 0));
    let jobs = crate::readings::jobs(&truths, "");
    let one = |print: &str| vec![certificate("Heron Marine LLC", 0, print)];
    let files = [done("s", one("1")), done("s", one("2")), done("t", one("1")), done("u", one("3"))];
    let found = outcomes(&jobs, &files, &customers());
    let again: Vec<bool> = found.iter().map(|it| rules(it).contains(&"duplicate")).collect();
    assert_eq!(again, [false, true, true, false]);
    assert_eq!((found[0].verdict, found[1].verdict), (Verdict::Pass, Verdict::Review));
}

#[test]
fn what_cannot_be_read_waits_for_a_person() {
    let truths = [truth("a", "a.pdf", "Heron Marine LLC", 0)];
    let jobs = crate::readings::jobs(&truths, "");
    let broken = Done { error: Some("it is encrypted".to_owned()), ..Done::default() };
    let found = outcomes(&jobs, &[broken], &customers());
    assert_eq!((rules(&found[0]), found[0].verdict), (vec!["unreadable"], Verdict::Review));
    assert!(!found[0].form_right() && !found[0].customer_right());
    assert_eq!(found[0].wrongly_accepted(), [""; 0]);
}
