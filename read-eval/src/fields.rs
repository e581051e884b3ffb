//! Fields of a certificate as read, held against what is right.
//!
//! A field is exact, wrong, or not read. Wrong is worse: nobody looks for what seems to be there. A field that is empty
//! and was left empty is none of the three. Spaces, letter case and the punctuation at the end do not matter in names
//! and streets; everything else does.

use ecms_onboarding::certificates::rules::Field;
use ecms_onboarding::certificates::understand::record::Certificate;
use ecms_onboarding::certificates::understand::values::How;
use serde::Serialize;

use crate::truth::Truth;

/// Fields that a certificate which passes must not have wrong.
pub const CRITICAL: [&str; 7] =
    ["purchaser_name", "state", "permit_id", "state_ids", "reason", "signed_date_iso", "expiry_iso"];

/// How what was read agrees with what is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// It is the same.
    Exact,
    /// Something else was read, or something that is not there.
    Wrong,
    /// Nothing was read, or not all of it and nothing else.
    Unread,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Name by `truth.json`.
    pub field: &'static str,
    /// What is right; empty if the field is.
    pub truth: String,
    /// What was read; empty if nothing was.
    pub read: String,
    /// How it was found.
    pub how: Option<&'static str>,
    /// How sure it is, 0 to 1.
    pub confidence: Option<f32>,
    /// How the two agree.
    pub agreement: Agreement,
}

/// Compares all fields. Without a certificate none was read.
#[must_use]
pub fn compare(truth: &Truth, certificate: Option<&Certificate>) -> Vec<Compared> {
    let nothing = Certificate::default();
    let certificate = certificate.unwrap_or(&nothing);
    let fields = &truth.fields;
    let text = |known: &Option<String>| known.clone().unwrap_or_default();
    let mut compared = Vec::new();
    for (name, field, right) in [
        ("purchaser_name", Field::Purchaser, &fields.purchaser_name),
        ("street", Field::Street, &fields.street),
        ("seller_name", Field::Seller, &fields.seller_name),
        ("signer", Field::Signer, &fields.signer),
    ] {
        let read = certificate.text(field).to_owned();
        let same = plain(&read) == plain(&text(right));
        compared.extend(beside(certificate, field, name, text(right), read, same));
    }
    let place = place(certificate);
    let same = plain(&place) == plain(&text(&fields.city_state_zip));
    compared.extend(beside(
        certificate,
        Field::PostalCode,
        "city_state_zip",
        text(&fields.city_state_zip),
        place,
        same,
    ));
    compared.extend(states(truth, certificate));
    let code = truth.use_code().map(String::from).unwrap_or_default();
    let reasons: String = certificate.reasons.iter().collect();
    let same = code == reasons;
    compared.extend(beside(certificate, Field::Reason, "reason", code, reasons, same));
    let ruled = |field| certificate.value(field).is_some_and(|value| value.how == How::Rule);
    let right = text(&fields.signed_date_iso);
    // A day that a rule put in the place of one that is not there was not read.
    if !(right.is_empty() && ruled(Field::Signed)) {
        let signed = certificate.text(Field::Signed).to_owned();
        let same = signed == right;
        compared.extend(beside(certificate, Field::Signed, "signed_date_iso", right, signed, same));
    }
    let (right, with_rules) = truth.expiry();
    if with_rules || !ruled(Field::Expires) {
        let right = right.unwrap_or_default().to_owned();
        let read = certificate.text(Field::Expires).to_owned();
        let same = right == read;
        compared.extend(beside(certificate, Field::Expires, "expiry_iso", right, read, same));
    }
    compared
}

/// A field that stands in the certificate under `found`.
fn beside(
    certificate: &Certificate,
    found: Field,
    field: &'static str,
    truth: String,
    read: String,
    same: bool,
) -> Option<Compared> {
    let value = certificate.value(found);
    let (how, confidence) = (value.map(|value| value.how.name()), value.map(|value| value.confidence));
    one(field, truth, read, same, how, confidence)
}

fn one(
    field: &'static str,
    truth: String,
    read: String,
    same: bool,
    how: Option<&'static str>,
    confidence: Option<f32>,
) -> Option<Compared> {
    let agreement = match (truth.is_empty(), read.is_empty()) {
        (true, true) => return None,
        (_, false) if same => Agreement::Exact,
        (false, true) => Agreement::Unread,
        _ => Agreement::Wrong,
    };
    Some(Compared { field, truth, read, how, confidence, agreement })
}

/// "City, ST ZIP", as far as it was read.
fn place(certificate: &Certificate) -> String {
    let city = certificate.text(Field::City);
    let rest = [certificate.text(Field::AddressState), certificate.text(Field::PostalCode)].join(" ");
    match (city, rest.trim()) {
        ("", rest) => rest.to_owned(),
        (city, "") => city.to_owned(),
        (city, rest) => format!("{city}, {rest}"),
    }
}

/// State and number, or all states with their numbers as one field.
fn states(truth: &Truth, certificate: &Certificate) -> Vec<Compared> {
    let coverage = &certificate.coverage;
    let sure = coverage.iter().map(|it| it.confidence).reduce(f32::min);
    let several = truth.several_states();
    if several.is_empty() {
        let first = coverage.first();
        // A state too many is as wrong as another one.
        let states: Vec<&str> = coverage.iter().map(|it| it.region.as_str()).collect();
        let state = states.join(" + ");
        let right = truth.fields.state.clone().unwrap_or_default();
        let same = state == right;
        let how = certificate.value(Field::State).map(|value| value.how.name());
        let state = one("state", right, state, same, how, sure);
        // A form that names no state has a number all the same.
        let number = bare(first.map_or_else(|| certificate.text(Field::Number), |it| it.number.as_str()));
        let right = bare(truth.fields.permit_id.as_deref().unwrap_or_default());
        let same = number == right;
        let how = certificate.value(Field::Number).map(|value| value.how.name());
        let number = one("permit_id", right, number, same, how, sure);
        return state.into_iter().chain(number).collect();
    }
    let set = |pairs: &mut Vec<String>| {
        pairs.sort();
        pairs.dedup();
        pairs.join(", ")
    };
    let mut right: Vec<String> =
        several.iter().map(|(state, number)| format!("{state} {}", bare(number))).collect();
    let mut read: Vec<String> =
        coverage.iter().map(|it| format!("{} {}", it.region, bare(&it.number))).collect();
    let (right_text, read_text) = (set(&mut right), set(&mut read));
    let mut compared = one("state_ids", right_text, read_text, right == read, None, sure);
    if let Some(compared) = &mut compared
        && compared.agreement == Agreement::Wrong
        && read.iter().all(|pair| right.contains(pair))
    {
        compared.agreement = Agreement::Unread;
    }
    compared.into_iter().collect()
}

/// Without spaces.
fn bare(number: &str) -> String {
    number.split_whitespace().collect()
}

/// Lower-case, single spaces, no punctuation at the end.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':')).to_owned()
}

#[cfg(test)]
mod tests {
    use ecms_onboarding::certificates::understand::record::Coverage;
    use ecms_onboarding::certificates::understand::values::Value;

    use super::*;

    fn truth(json: &str) -> Truth {
        let json = format!(r#"{{"id": "a", "file": "a.pdf", "layout": "sst", {json}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn put(certificate: &mut Certificate, field: Field, text: &str, how: How) {
        let (text, raw) = (text.to_owned(), text.to_owned());
        certificate.put(Value { field, text, raw, page: 0, area: None, how, confidence: 0.9 });
    }

    fn covered(states: &[(&str, &str)]) -> Vec<Coverage> {
        let one = |(region, number): &(&str, &str)| Coverage {
            region: (*region).to_owned(),
            number: (*number).to_owned(),
            ..Coverage::default()
        };
        states.iter().map(one).collect()
    }

    fn found(compared: &[Compared]) -> Vec<(&'static str, Agreement)> {
        compared.iter().map(|it| (it.field, it.agreement)).collect()
    }

    #[test]
    fn wrong_and_not_read_are_two_things() {
        let truth = truth(
            r#""fields": {"purchaser_name": "Heron Supply, Inc.", "street": "1 Dock Road", "signer": "Ann Other",
                "city_state_zip": "Sturgeon Bay, WI 54235"}"#,
        );
        let mut read = Certificate::default();
        put(&mut read, Field::Purchaser, "HERON  SUPPLY, INC", How::Label);
        put(&mut read, Field::Street, "1 Duck Road", How::Label);
        put(&mut read, Field::Seller, "Example Supply", How::Label);
        put(&mut read, Field::City, "Sturgeon Bay", How::Pattern);
        put(&mut read, Field::AddressState, "WI", How::Pattern);
        put(&mut read, Field::PostalCode, "54235", How::Pattern);
        let compared = compare(&truth, Some(&read));
        assert_eq!(
            found(&compared),
            [
                ("purchaser_name", Agreement::Exact),
                ("street", Agreement::Wrong),
                ("seller_name", Agreement::Wrong),
                ("signer", Agreement::Unread),
                ("city_state_zip", Agreement::Exact),
            ],
            "a seller where there is none is wrong; empty fields that were left empty do not count"
        );
        assert_eq!((compared[1].how, compared[1].confidence), (Some("label"), Some(0.9)));
        let none = compare(&truth, None);
        assert!(none.len() == 4 && none.iter().all(|it| it.agreement == Agreement::Unread));
    }

    #[test]
    fn several_states_are_one_field() {
        let truth = truth(
            r#""fields": {"state": "WA", "permit_id": "1", "state_ids": [["WA", "1"], ["CA", "SR 2"]]}"#,
        );
        let agreement = |states: &[(&str, &str)]| {
            let read = Certificate { coverage: covered(states), ..Certificate::default() };
            let compared = compare(&truth, Some(&read));
            assert_eq!(compared.len(), 1);
            compared[0].agreement
        };
        assert_eq!(agreement(&[("CA", "SR2"), ("WA", "1")]), Agreement::Exact);
        assert_eq!(agreement(&[("WA", "1")]), Agreement::Unread);
        assert_eq!(agreement(&[("WA", "7")]), Agreement::Wrong);
        assert_eq!(agreement(&[("WA", "1"), ("CA", "SR2"), ("AL", "3")]), Agreement::Wrong);
    }

    #[test]
    fn a_state_too_many_is_wrong() {
        let truth = truth(r#""fields": {"state": "WA", "permit_id": "602 418"}"#);
        let coverage = covered(&[("WA", "602418"), ("CA", "")]);
        let read = Certificate { coverage, ..Certificate::default() };
        let compared = compare(&truth, Some(&read));
        assert_eq!(found(&compared), [("state", Agreement::Wrong), ("permit_id", Agreement::Exact)]);
    }

    #[test]
    fn the_reason_counts_by_its_code() {
        let truth = truth(r#""fields": {"reason": "Resale"}"#);
        for (reasons, agreement) in
            [(vec!['G'], Agreement::Exact), (vec!['G', 'E'], Agreement::Wrong), (vec![], Agreement::Unread)]
        {
            let read = Certificate { reasons, ..Certificate::default() };
            assert_eq!(found(&compare(&truth, Some(&read))), [("reason", agreement)]);
        }
    }

    #[test]
    fn a_day_signed_by_rule_stands_in_for_one_that_is_not_there() {
        let mut read = Certificate::default();
        put(&mut read, Field::Signed, "2026-01-01", How::Rule);
        assert_eq!(compare(&truth(r#""fields": {}"#), Some(&read)), []);
        let signed = truth(r#""fields": {"signed_date_iso": "2026-03-14"}"#);
        assert_eq!(found(&compare(&signed, Some(&read))), [("signed_date_iso", Agreement::Wrong)]);
        put(&mut read, Field::Signed, "2026-01-01", How::Pattern);
        assert_eq!(
            found(&compare(&truth(r#""fields": {}"#), Some(&read))),
            [("signed_date_iso", Agreement::Wrong)]
        );
    }

    #[test]
    fn a_last_day_by_rule_counts_where_the_rule_is_known() {
        let mut read = Certificate::default();
        put(&mut read, Field::Expires, "2027-12-31", How::Rule);
        let sample = truth(r#""fields": {}"#);
        assert_eq!(compare(&sample, Some(&read)), []);
        let made =
            |day: &str| truth(&format!(r#""form": "fl-dr-13", "expiry_rule_iso": {day}, "fields": {{}}"#));
        let expiry = |truth: &Truth| found(&compare(truth, Some(&read)));
        assert_eq!(expiry(&made(r#""2027-12-31""#)), [("expiry_iso", Agreement::Exact)]);
        assert_eq!(expiry(&made("null")), [("expiry_iso", Agreement::Wrong)]);
        let printed = truth(r#""fields": {"expiry_iso": "2028-01-31"}"#);
        assert_eq!(expiry(&printed), [("expiry_iso", Agreement::Wrong)], "what is printed goes first");
    }
}
