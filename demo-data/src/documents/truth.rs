//! The right answers: what stands on each document, where, and what has to become of it.
//!
//! The shape is the one of the sample certificates, so that one tool reads both, with further keys for what the
//! samples do not tell: the form, the entity/use code, each state with its number, the verdict and the planted fault.
//! A file that holds several certificates has an entry for each of them, with the same `file` and `pages`.

use serde::{Deserialize, Serialize};

/// What a segment of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    /// Printed on the form.
    Label,
    /// Filled in.
    Value,
    /// A signature that can be read.
    Signature,
}

/// A piece of text and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its words.
    pub text: String,
    /// Left, top, right, bottom in pixels of the page as it lies in the file.
    #[serde(rename = "box")]
    pub area: [f32; 4],
    /// What it is.
    pub kind: SegmentKind,
    /// Page, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub page: usize,
}

fn is_first(page: &usize) -> bool {
    *page == 0
}

/// What was filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// Legal name of the purchaser.
    pub purchaser_name: Option<String>,
    /// Street of the purchaser.
    pub street: Option<String>,
    /// City, state and ZIP code of the purchaser.
    pub city_state_zip: Option<String>,
    /// State for which exemption is claimed, the first of several.
    pub state: Option<String>,
    /// Number for that state.
    pub permit_id: Option<String>,
    /// Reason in the words of the form.
    pub reason: Option<String>,
    /// Seller.
    pub seller_name: Option<String>,
    /// Printed name of whoever signed.
    pub signer: Option<String>,
    /// Day signed as written.
    pub signed_date: Option<String>,
    /// Day signed.
    pub signed_date_iso: Option<String>,
    /// Last day as written.
    pub expiry: Option<String>,
    /// Last day.
    pub expiry_iso: Option<String>,
    /// States and numbers of a form for several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state_ids: Vec<(String, String)>,
}

/// How a picture was spoiled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Degradation {
    /// Degrees that the sheet lies askew, clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<f32>,
    /// Standard deviation of the noise, in steps of 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<u8>,
    /// Standard deviation of the blur, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur: Option<f32>,
    /// Quality of the JPEG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jpeg: Option<u8>,
    /// Words of the stamps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<String>,
    /// Share of pixels that are specks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speck: Option<f32>,
    /// One bit a pixel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bilevel: bool,
    /// Taken with a telephone: uneven light, a table around the sheet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub photo: bool,
    /// Degrees that the page is turned, clockwise: 90, 180 or 270.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u16>,
    /// Darkest and lightest tone that is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrast: Option<(u8, u8)>,
}

/// What has to become of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is good.
    Pass,
    /// A person has to look.
    Review,
    /// It is not valid as it stands.
    Fail,
}

/// What is wrong on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Name of the fault.
    pub kind: String,
    /// Rule that has to fire.
    pub rule: String,
}

/// Everything about one certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentTruth {
    /// Name without ending; unlike the file, never shared.
    pub id: String,
    /// Name of the file.
    pub file: String,
    /// The form again, under the name that the samples use.
    pub layout: String,
    /// Form.
    pub form: String,
    /// Pixels an inch; 200 where there are none.
    pub dpi: u32,
    /// Pixels across the first page.
    pub width: u32,
    /// Pixels down the first page.
    pub height: u32,
    /// Face of what was filled in.
    pub entry_font: Option<String>,
    /// Whether the reason is a tick in a box.
    pub reason_is_checkbox: bool,
    /// How the picture was spoiled.
    pub degradation: Degradation,
    /// Kind of file.
    pub format: String,
    /// Whether the file has no text layer.
    pub scan: bool,
    /// Whether it is typed and not spoiled.
    pub clean: bool,
    /// What was filled in.
    pub fields: Fields,
    /// Entity/use code of the reason.
    pub use_code: Option<String>,
    /// Each state with its number.
    pub coverage: Vec<(String, Option<String>)>,
    /// Last day by the rule of the form, where none is printed.
    pub expiry_rule_iso: Option<String>,
    /// What has to become of it.
    pub verdict: Verdict,
    /// What is wrong on purpose.
    pub fault: Option<Fault>,
    /// First pages, from 0, of the certificates in the file where it holds several.
    pub pages: Vec<usize>,
    /// Page, from 0, on which this certificate begins.
    pub first_page: usize,
    /// All text.
    pub segments: Vec<Segment>,
    /// The customer it belongs to.
    pub customer_code: Option<String>,
}

/// A customer of the seller, as its ERP knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentCustomer {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Street.
    pub line1: String,
    /// City.
    pub city: String,
    /// State.
    pub region: String,
    /// ZIP code.
    pub postal_code: String,
    /// Country.
    pub country: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Why it is there, if it is nobody's customer on any document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The file `truth.json`.
#[derive(Debug, Serialize)]
pub(crate) struct TruthFile<'a> {
    pub(crate) documents: &'a [DocumentTruth],
}

/// The file `customers.json`.
#[derive(Debug, Serialize)]
pub(crate) struct CustomersFile<'a> {
    pub(crate) customers: &'a [DocumentCustomer],
}
