//! The record of a certificate as JSON, for the journal and for the person who reviews it.
//!
//! Everything is bounded: a record has to fit into one journal entry with room to spare.

use serde_json::{Value, json};

use crate::certificates::matching::Match;
use crate::certificates::rules::{Field, Severity};
use crate::certificates::understand::judge::{self, Finding};
use crate::certificates::understand::record::Certificate;
use crate::model::ocr::Rectangle;

/// Findings, states and candidates of a record.
const LISTED: usize = 60;
/// Characters of one text.
const CHARACTERS: usize = 200;

/// The record of a certificate and of whose it is.
#[must_use]
pub fn record(certificate: &Certificate, found: &Match) -> Value {
    let all: Vec<Finding> = certificate.findings.iter().chain(&found.doubt).cloned().collect();
    let findings: Vec<Value> = all.iter().take(LISTED).map(finding).collect();
    let fields: Vec<Value> = certificate
        .values
        .iter()
        .filter(|value| !value.text.is_empty() || !value.raw.is_empty())
        .map(|value| {
            json!({
                "field": field_name(value.field),
                "value": cut(&value.text),
                "raw": cut(&value.raw),
                "page": value.page,
                "area": value.area.map(area),
                "how": value.how.name(),
                "confidence": rounded(value.confidence),
            })
        })
        .collect();
    let coverage: Vec<Value> = certificate
        .coverage
        .iter()
        .take(LISTED)
        .map(|it| json!({ "region": it.region, "number": cut(&it.number) }))
        .collect();
    let candidates: Vec<Value> = found
        .candidates
        .iter()
        .map(|it| {
            json!({
                "id": cut(&it.id),
                "code": cut(&it.code),
                "name": cut(&it.name),
                "score": rounded(it.score),
                "why": it.why,
            })
        })
        .collect();
    json!({
        "form": certificate.form.map_or("unknown", |form| form.id),
        "form_name": certificate.form.map_or("Unknown form", |form| form.name),
        "revision": certificate.revision,
        "first_page": certificate.first_page,
        "page_count": certificate.page_count,
        "judgement": judgement(judge::verdict(&all, "")),
        "findings": findings,
        "fields": fields,
        "coverage": coverage,
        "use_code": certificate.use_code.map(String::from),
        "candidates": candidates,
        "customer": found.sure().map(|it| cut(&it.code)),
    })
}

/// PASS, REVIEW or FAIL.
#[must_use]
pub const fn judgement(severity: Severity) -> &'static str {
    match severity {
        Severity::Warn => "pass",
        Severity::Review => "review",
        Severity::Fail => "fail",
    }
}

fn finding(it: &Finding) -> Value {
    let severity = match it.severity {
        Severity::Warn => "warn",
        Severity::Review => "review",
        Severity::Fail => "fail",
    };
    json!({
        "rule": it.rule,
        "severity": severity,
        "text": cut(&it.text),
        "words": cut(&it.words),
        "page": it.page,
        "area": it.area.map(area),
        "region": it.region,
    })
}

fn area(area: Rectangle) -> [f32; 4] {
    [area.left, area.top, area.right, area.bottom].map(|edge| (edge * 10.0).round() / 10.0)
}

fn rounded(share: f32) -> f32 {
    (share * 100.0).round() / 100.0
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(CHARACTERS).collect()
}

/// Name of a value as records and reviews spell it.
#[must_use]
pub const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Purchaser => "purchaser",
        Field::TradeName => "trade-name",
        Field::Street => "street",
        Field::Place => "place",
        Field::City => "city",
        Field::AddressState => "address-state",
        Field::PostalCode => "postal-code",
        Field::Phone => "phone",
        Field::Email => "email",
        Field::Seller => "seller",
        Field::SellerAddress => "seller-address",
        Field::State => "state",
        Field::Number => "number",
        Field::NumberState => "number-state",
        Field::FederalNumber => "federal-number",
        Field::Reason => "reason",
        Field::Description => "description",
        Field::Business => "business",
        Field::Percentage => "percentage",
        Field::Order => "order",
        Field::Signature => "signature",
        Field::Signer => "signer",
        Field::Title => "title",
        Field::Signed => "signed",
        Field::Effective => "effective",
        Field::Expires => "expires",
        Field::Issued => "issued",
        Field::Other => "other",
    }
}
