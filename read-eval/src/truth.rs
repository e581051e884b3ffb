//! The right answers: `truth.json` and `customers.json`.
//!
//! Two kinds of folders have this format. Hand-made samples say which layout a document has and what stands in its
//! fields; generated documents say the form, the entity/use code, every state, the verdict and the planted fault as
//! well. What the samples leave out is worked out here from what they say, so that the rest sees one kind of answer.
//! Several entries may name one file: each is one certificate in it.

use std::{fs, path::Path};

use ecms_onboarding::model::erp::{Address, AddressUse, Customer, Lifecycle, Posture};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::EvalError;

/// Name that stands for no known form.
pub const UNKNOWN: &str = "unknown";

/// Reasons in the words of the samples, lower-case, with their entity/use codes.
const SAMPLE_REASONS: [(&str, char); 4] = [
    ("resale", 'G'),
    ("charitable organization", 'E'),
    ("farm machinery", 'H'),
    ("manufacturing machinery and parts", 'I'),
];

/// The file `truth.json`.
#[derive(Debug, Default, Deserialize)]
pub struct TruthFile {
    /// One entry for each certificate.
    pub documents: Vec<Truth>,
    /// Names under which the seller sells; none: sellers are not compared.
    #[serde(default)]
    pub seller_names: Vec<String>,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    /// Printed on the form.
    Label,
    /// Filled in.
    Value,
    /// A signature, which nobody has to be able to read.
    Signature,
}

/// A piece of text.
#[derive(Debug, Clone, Deserialize)]
pub struct Segment {
    /// Its words.
    pub text: String,
    /// What it is.
    pub kind: SegmentKind,
}

/// What stands in the fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// Legal name of the purchaser.
    pub purchaser_name: Option<String>,
    /// Street of the purchaser.
    pub street: Option<String>,
    /// City, state and ZIP code of the purchaser.
    pub city_state_zip: Option<String>,
    /// State that exemption is claimed for.
    pub state: Option<String>,
    /// Number for that state.
    pub permit_id: Option<String>,
    /// Reason in words.
    pub reason: Option<String>,
    /// Seller.
    pub seller_name: Option<String>,
    /// Printed name of whoever signed.
    pub signer: Option<String>,
    /// Day signed, `YYYY-MM-DD`.
    pub signed_date_iso: Option<String>,
    /// Printed last day, `YYYY-MM-DD`.
    pub expiry_iso: Option<String>,
    /// States and numbers of a form for several states.
    pub state_ids: Vec<(String, String)>,
}

/// How a picture was spoiled, as far as it matters here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Degradation {
    /// Words of stamps. They may be read but belong to no form.
    pub stamps: Vec<String>,
}

/// What is wrong on purpose.
#[derive(Debug, Clone, Deserialize)]
pub struct Fault {
    /// Name of the fault.
    pub kind: String,
    /// Rule that has to fire.
    pub rule: String,
}

/// The right answers about one certificate.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    /// Name, unlike any other.
    pub id: String,
    /// File that holds it.
    pub file: String,
    /// Layout by the names of the samples.
    pub layout: String,
    /// Form; only generated documents say it.
    #[serde(default)]
    pub form: Option<String>,
    /// How it was spoiled.
    #[serde(default)]
    pub degradation: Degradation,
    /// What stands in the fields.
    pub fields: Fields,
    /// All text.
    #[serde(default)]
    pub segments: Vec<Segment>,
    /// Customer it belongs to.
    #[serde(default)]
    pub customer_code: Option<String>,
    /// Entity/use code of the reason, of generated documents.
    #[serde(default)]
    use_code: Option<char>,
    /// States and numbers, of generated documents.
    #[serde(default)]
    coverage: Vec<(String, Option<String>)>,
    /// Last day by the rule of the form, of generated documents.
    #[serde(default)]
    expiry_rule_iso: Option<String>,
    /// Whether the file is without a text layer.
    #[serde(default)]
    scan: Option<bool>,
    /// Whether it is typed and not spoiled.
    #[serde(default)]
    pub clean: bool,
    /// What has to become of it.
    #[serde(default)]
    pub verdict: Option<String>,
    /// What is wrong on purpose.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// Page, from 0, on which it begins.
    #[serde(default)]
    pub first_page: usize,
}

impl Truth {
    /// Id of the form, or [`UNKNOWN`].
    #[must_use]
    pub fn form(&self) -> &str {
        match (&self.form, self.layout.as_str()) {
            (Some(form), _) => form,
            (None, "sst") => "sst-f0003",
            (None, "mtc") => "mtc",
            (None, "letter") => "letter",
            (None, _) => UNKNOWN,
        }
    }

    /// Whether there is no text but the picture's.
    #[must_use]
    pub fn is_scan(&self) -> bool {
        self.scan.unwrap_or_else(|| {
            Path::new(&self.file).extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("pdf"))
        })
    }

    /// Entity/use code of the reason.
    #[must_use]
    pub fn use_code(&self) -> Option<char> {
        if self.form.is_some() {
            return self.use_code;
        }
        let reason = self.fields.reason.as_deref()?.to_lowercase();
        SAMPLE_REASONS.iter().find(|(words, _)| *words == reason).map(|(_, code)| *code)
    }

    /// Last day, and whether one that a rule gives is to be compared.
    #[must_use]
    pub fn expiry(&self) -> (Option<&str>, bool) {
        let printed = self.fields.expiry_iso.as_deref();
        (printed.or(self.expiry_rule_iso.as_deref()), self.form.is_some() || printed.is_some())
    }

    /// States and numbers of a certificate for several states; empty for one state.
    #[must_use]
    pub fn several_states(&self) -> Vec<(String, String)> {
        if !self.fields.state_ids.is_empty() {
            return self.fields.state_ids.clone();
        }
        if self.coverage.len() < 2 {
            return Vec::new();
        }
        let number = |number: &Option<String>| number.clone().unwrap_or_default();
        self.coverage.iter().map(|(state, known)| (state.clone(), number(known))).collect()
    }
}

/// The file `customers.json`.
#[derive(Debug, Deserialize)]
struct CustomersFile {
    customers: Vec<CustomerRow>,
}

#[derive(Debug, Deserialize)]
struct CustomerRow {
    code: String,
    name: String,
    line1: String,
    city: String,
    region: String,
    postal_code: String,
    country: String,
    #[serde(default)]
    email: Option<String>,
}

/// Reads the answers of a folder.
pub fn answers(folder: &Path) -> Result<TruthFile, EvalError> {
    parse(&folder.join("truth.json"))
}

/// Reads the customers of a folder, as an ERP gives them.
pub fn customers(folder: &Path) -> Result<Vec<Customer>, EvalError> {
    let file: CustomersFile = parse(&folder.join("customers.json"))?;
    Ok(file.customers.into_iter().map(customer).collect())
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, EvalError> {
    let text = fs::read(path).map_err(|source| EvalError::Read { path: path.to_path_buf(), source })?;
    serde_json::from_slice(&text).map_err(|source| EvalError::Format { path: path.to_path_buf(), source })
}

fn customer(row: CustomerRow) -> Customer {
    Customer {
        id: row.code.clone(),
        code: row.code,
        tax_engine_code: None,
        name: row.name,
        lifecycle: Lifecycle::Active,
        email: row.email,
        phone: None,
        fax: None,
        contact_name: None,
        addresses: vec![Address {
            usage: AddressUse::MAIN,
            line1: Some(row.line1),
            line2: None,
            city: Some(row.city),
            region: Some(row.region),
            postal_code: Some(row.postal_code),
            country: Some(row.country),
        }],
        taxpayer_id: None,
        posture: Posture::Exempt,
        evidence: Vec::new(),
        exemptions: Vec::new(),
        entity_use_code: None,
        parent: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(json: &str) -> Truth {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn samples_leave_out_what_their_layout_says() {
        let sample = truth(
            r#"{"id": "a", "file": "a.JPG", "layout": "boxes", "fields": {"reason": "FARM MACHINERY", "expiry_iso": null}}"#,
        );
        assert_eq!((sample.form(), sample.is_scan(), sample.use_code()), (UNKNOWN, true, Some('H')));
        assert_eq!(sample.expiry(), (None, false));
        assert!(sample.several_states().is_empty());
        let pdf = truth(r#"{"id": "b", "file": "b.pdf", "layout": "sst", "fields": {"reason": "Hobby"}}"#);
        assert_eq!((pdf.form(), pdf.is_scan(), pdf.use_code()), ("sst-f0003", false, None));
    }

    #[test]
    fn generated_documents_say_it_themselves() {
        let made = truth(
            r#"{"id": "a", "file": "a.pdf", "layout": "mtc", "form": "mtc", "scan": true, "use_code": null,
                "fields": {"reason": "Resale"}, "expiry_rule_iso": "2027-12-31",
                "coverage": [["WI", "1"], ["MN", null]]}"#,
        );
        assert!(made.is_scan());
        assert_eq!(made.use_code(), None, "what is left out on purpose is not worked out");
        assert_eq!(made.expiry(), (Some("2027-12-31"), true));
        let states = [("WI".to_owned(), "1".to_owned()), ("MN".to_owned(), String::new())];
        assert_eq!(made.several_states(), states);
    }
}
