//! The record of a certificate as JSON, for the journal and for the person who reviews it.
//!
//! Everything is bounded: a record has to fit into one journal entry with room to spare.

use crate::certificates::matching::Match;
use crate::certificates::rules::{Field, Severity};
use crate::certificates::understand::judge::{self, Finding};
use crate::certificates::understand::record::Certificate;
use crate::json::{Value, object};
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
            object(vec![
                ("field", field_name(value.field).into()),
                ("value", cut(&value.text).into()),
                ("raw", cut(&value.raw).into()),
                ("page", value.page.into()),
                ("area", value.area.map(area).into()),
                ("how", value.how.name().into()),
                ("confidence", rounded(value.confidence).into()),
            ])
        })
        .collect();
    let coverage: Vec<Value> = certificate
        .coverage
        .iter()
        .take(LISTED)
        .map(|it| object(vec![("region", it.region.as_str().into()), ("number", cut(&it.number).into())]))
        .collect();
    let candidates: Vec<Value> = found
        .candidates
        .iter()
        .map(|it| {
            object(vec![
                ("id", cut(&it.id).into()),
                ("code", cut(&it.code).into()),
                ("name", cut(&it.name).into()),
                ("score", rounded(it.score).into()),
                ("why", it.why.as_str().into()),
            ])
        })
        .collect();
    object(vec![
        ("form", certificate.form.map_or("unknown", |form| form.id).into()),
        ("form_name", certificate.form.map_or("Unknown form", |form| form.name).into()),
        ("revision", certificate.revision.into()),
        ("first_page", certificate.first_page.into()),
        ("page_count", certificate.page_count.into()),
        ("judgement", judgement(judge::verdict(&all, "")).into()),
        ("findings", findings.into()),
        ("fields", fields.into()),
        ("coverage", coverage.into()),
        ("use_code", certificate.use_code.map(String::from).into()),
        ("candidates", candidates.into()),
        ("customer", found.sure().map(|it| cut(&it.code)).into()),
    ])
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
    object(vec![
        ("rule", it.rule.into()),
        ("severity", severity.into()),
        ("text", cut(&it.text).into()),
        ("words", cut(&it.words).into()),
        ("page", it.page.into()),
        ("area", it.area.map(area).into()),
        ("region", it.region.as_str().into()),
    ])
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
