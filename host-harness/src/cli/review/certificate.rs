//! A certificate as the component described it in the body of a plan item.
//!
//! The words in it come from a stranger's document by way of the sandbox, so everything is read with suspicion: each
//! member is optional, lists and texts are cut at fixed sizes, control characters are gone before anything is stored
//! here, and numbers that are no places on a page are left out. What comes out can be printed as it is.

use serde::Serialize;
use serde_json::Value;

use crate::report::words::clean;

/// Most findings, fields, states and candidates of one certificate.
const MOST: usize = 200;
/// Longest value, in characters.
const VALUE: usize = 300;
/// Longest sentence, in characters.
const SENTENCE: usize = 500;
/// Pages of a document, as the contract bounds them.
const PAGES: u64 = 50;
/// Values read with less than this are shown as doubtful.
pub(super) const SURE: f32 = 0.9;

/// How grave a finding is, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Not valid as it stands.
    Fail,
    /// A person has to look.
    Review,
    /// Worth knowing.
    Warn,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// How grave.
    pub severity: Severity,
    /// What is the matter, as a sentence.
    pub text: String,
    /// The words that made it fire.
    pub words: String,
    /// The only state it concerns; empty where it concerns all.
    pub region: String,
    /// Page of the document, from 1, where known.
    pub page: Option<u32>,
    /// Left, top, right and bottom in points of the upright page, where known.
    pub area: Option<[f32; 4]>,
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Which value.
    pub field: String,
    /// What it is taken for.
    pub value: String,
    /// What stands there.
    pub raw: String,
    /// Page of the document, from 1, where known.
    pub page: Option<u32>,
    /// Left, top, right and bottom in points of the upright page, where known.
    pub area: Option<[f32; 4]>,
    /// How it was found: `label`, `form-field`, `box`, `pattern`, `rule`, `person`.
    pub how: String,
    /// 0 to 1.
    pub confidence: f32,
}

/// A state that the certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// "WI".
    pub region: String,
    /// Number for that state; may be empty.
    pub number: String,
}

/// A customer whose certificate it may be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// ERP id.
    pub id: String,
    /// Customer code.
    pub code: String,
    /// Name.
    pub name: String,
    /// 0 to 1.
    pub score: f32,
    /// What speaks for it.
    pub why: String,
}

/// What was read and judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// Id of the form.
    pub form: String,
    /// Its name for people.
    pub form_name: String,
    /// Its revision, where recognised.
    pub revision: String,
    /// Page of the document on which it begins, from 1.
    pub first_page: u32,
    /// How many pages it has.
    pub page_count: u32,
    /// `pass`, `review` or `fail`, as the component judged.
    pub judgement: String,
    /// Rules that fired, gravest first.
    pub findings: Vec<Finding>,
    /// Values that were read.
    pub fields: Vec<Field>,
    /// States it is for.
    pub coverage: Vec<Coverage>,
    /// Entity/use code of the reason; empty where none was found.
    pub use_code: String,
    /// Code of the customer whose it is beyond doubt; empty where there is a doubt.
    pub customer: String,
    /// Customers, most likely first.
    pub candidates: Vec<Candidate>,
}

impl Certificate {
    /// Reads the member `certificate` of an item; none if it is no object.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        value.as_object()?;
        let mut findings: Vec<Finding> = list(value, "findings", Finding::of);
        findings.sort_by_key(|finding| finding.severity);
        Some(Self {
            form: text(value, "form", VALUE),
            form_name: text(value, "form_name", VALUE),
            revision: text(value, "revision", 50),
            first_page: page(value, "first_page").unwrap_or(1),
            page_count: count(value, "page_count").clamp(1, PAGES) as u32,
            judgement: text(value, "judgement", 50),
            findings,
            fields: list(value, "fields", Field::of),
            coverage: list(value, "coverage", |one| Coverage {
                region: text(one, "region", 10),
                number: text(one, "number", VALUE),
            }),
            use_code: text(value, "use_code", 10),
            customer: text(value, "customer", VALUE),
            candidates: list(value, "candidates", |one| Candidate {
                id: text(one, "id", VALUE),
                code: text(one, "code", VALUE),
                name: text(one, "name", VALUE),
                score: share(one, "score"),
                why: text(one, "why", SENTENCE),
            }),
        })
    }

    /// The value of a field; empty where none was read.
    #[must_use]
    pub fn value(&self, field: &str) -> &str {
        self.fields
            .iter()
            .find(|one| one.field == field && !one.value.is_empty())
            .map_or("", |one| &one.value)
    }

    /// Findings of one gravity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// How sure the least sure value is; 0 where nothing was read at all.
    #[must_use]
    pub fn least_sure(&self) -> f32 {
        self.fields.iter().map(|field| field.confidence).min_by(f32::total_cmp).unwrap_or_default()
    }
}

impl Finding {
    /// What is the matter, with the state if it concerns one only.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.region.is_empty() { self.text.clone() } else { format!("{}: {}", self.region, self.text) }
    }

    fn of(value: &Value) -> Self {
        Self {
            rule: text(value, "rule", 100),
            severity: match value.get("severity").and_then(Value::as_str) {
                Some("fail") => Severity::Fail,
                Some("warn") => Severity::Warn,
                // An unknown word is no reason to look away.
                _ => Severity::Review,
            },
            text: text(value, "text", SENTENCE),
            words: text(value, "words", VALUE),
            region: text(value, "region", 10),
            page: page(value, "page"),
            area: area(value),
        }
    }
}

impl Field {
    fn of(value: &Value) -> Self {
        Self {
            field: text(value, "field", 50),
            value: text(value, "value", VALUE),
            raw: text(value, "raw", VALUE),
            page: page(value, "page"),
            area: area(value),
            how: text(value, "how", 50),
            confidence: share(value, "confidence"),
        }
    }
}

/// A text without control characters; empty if it is none.
pub(super) fn text(value: &Value, name: &str, most: usize) -> String {
    clean(value.get(name).and_then(Value::as_str).unwrap_or_default().trim(), most)
}

fn list<T>(value: &Value, name: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().take(MOST).map(read).collect()
}

fn count(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// A page, from 0 in the journal and from 1 for people.
fn page(value: &Value, name: &str) -> Option<u32> {
    let page = value.get(name)?.as_u64().filter(|page| *page < PAGES)?;
    u32::try_from(page).ok().map(|page| page + 1)
}

/// A number from 0 to 1; what is none counts as no confidence.
fn share(value: &Value, name: &str) -> f32 {
    value.get(name).and_then(Value::as_f64).map_or(0.0, |share| share.clamp(0.0, 1.0) as f32)
}

fn area(value: &Value) -> Option<[f32; 4]> {
    let mut edges = [0.0; 4];
    let given = value.get("area")?.as_array().filter(|given| given.len() == edges.len())?;
    for (edge, given) in edges.iter_mut().zip(given) {
        // The long side of the largest paper there is has well under 10,000 points.
        *edge = given.as_f64().filter(|edge| edge.abs() <= 10_000.0)? as f32;
    }
    let [left, top, right, bottom] = edges;
    (left < right && top < bottom).then_some(edges)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_or_of_another_kind_reads_as_empty() {
        let odd = json!({
            "form": 7, "first_page": -1, "page_count": 1e300, "findings": {}, "fields": [1, null, []],
            "coverage": "x", "candidates": null,
        });
        let read = Certificate::of(&odd).expect("an object");
        assert_eq!((read.first_page, read.page_count, read.fields.len()), (1, 1, 3));
        assert!(read.form.is_empty() && read.findings.is_empty() && read.coverage.is_empty());
        assert_eq!(Certificate::of(&json!([])), None);
    }

    #[test]
    fn texts_and_lists_are_bounded_and_cannot_steer_a_terminal() {
        let fields: Vec<_> = (0..1_000)
            .map(|_| json!({ "field": "purchaser", "value": format!("\x1b[2J{}", "x".repeat(9_000)) }))
            .collect();
        let read = Certificate::of(&json!({ "fields": fields })).expect("an object");
        assert_eq!(read.fields.len(), MOST);
        assert_eq!(read.fields[0].value.chars().count(), VALUE + 1);
        assert!(!read.fields[0].value.contains('\x1b'));
    }

    #[test]
    fn only_places_on_a_page_are_areas() {
        let of = |area: Value| area_of(&area);
        assert_eq!(of(json!([1, 2, 3.5, 4])), Some([1.0, 2.0, 3.5, 4.0]));
        for bad in
            [json!([3, 2, 1, 4]), json!([1, 2, 3]), json!([1, 2, 1e9, 4]), json!(["a", 2, 3, 4]), json!(1)]
        {
            assert_eq!(of(bad.clone()), None, "{bad}");
        }
    }

    fn area_of(area: &Value) -> Option<[f32; 4]> {
        super::area(&json!({ "area": area }))
    }

    #[test]
    fn findings_come_gravest_first_and_an_unknown_gravity_is_looked_at() {
        let read = Certificate::of(&json!({ "findings": [
            { "rule": "a", "severity": "warn" }, { "rule": "b", "severity": "odd" }, { "rule": "c", "severity": "fail" },
        ] }))
        .expect("an object");
        let rules: Vec<_> = read.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["c", "b", "a"]);
        assert_eq!(read.count(Severity::Review), 1);
    }
}
