//! What the files of this folder may hold.
//!
//! The build script reads them as these types: an unknown key, a missing one or a name that is none of the variants is
//! refused with its place in the file. The names of variants are those of the component's types, so they are written
//! out as they are; `README.md` and the top of each file explain the keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::value::Datetime;

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    Warn,
    Review,
    Fail,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Field {
    Purchaser,
    TradeName,
    Street,
    Place,
    City,
    AddressState,
    PostalCode,
    Phone,
    Email,
    Seller,
    SellerAddress,
    State,
    Number,
    NumberState,
    FederalNumber,
    Reason,
    Description,
    Business,
    Percentage,
    Order,
    Signature,
    Signer,
    Title,
    Signed,
    Effective,
    Expires,
    Issued,
    Other,
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    Name,
    Street,
    Place,
    City,
    State,
    PostalCode,
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Heading {
    Seller,
    Purchaser,
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Meaning {
    Reason,
    ReasonUnclear,
    Single,
    Blanket,
    BlanketUntil,
    Percentage,
    Business,
    AllItems,
    Nothing,
}

#[derive(Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expiry {
    None,
    Printed,
    YearEnd,
    NumberYear,
    Years,
    WarnAfterYears,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Number {
    pub(crate) patterns: Vec<String>,
    #[serde(default)]
    pub(crate) exact: bool,
    pub(crate) severity: Severity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attachment {
    pub(crate) what: String,
    #[serde(default)]
    pub(crate) use_codes: String,
    #[serde(default)]
    pub(crate) seen_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) issued_by_state: bool,
    pub(crate) titles: Vec<String>,
    #[serde(default)]
    pub(crate) with: Vec<String>,
    #[serde(default)]
    pub(crate) numbers: Vec<String>,
    #[serde(default)]
    pub(crate) revisions: Vec<String>,
    pub(crate) states: String,
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) single: bool,
    pub(crate) scope: Option<Severity>,
    pub(crate) expiry: Expiry,
    pub(crate) years: Option<u8>,
    #[serde(default)]
    pub(crate) refuses: String,
    pub(crate) source: String,
    pub(crate) checked: Datetime,
    pub(crate) require: BTreeMap<Field, Severity>,
    pub(crate) number: Option<Number>,
    pub(crate) attachment: Option<Attachment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    pub(crate) label: Vec<Label>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    pub(crate) field: Option<Field>,
    pub(crate) part: Option<Part>,
    pub(crate) heading: Option<Heading>,
    #[serde(default)]
    pub(crate) forms: Vec<String>,
    pub(crate) phrases: Vec<String>,
    pub(crate) source: String,
    pub(crate) checked: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Captions {
    pub(crate) caption: Vec<Caption>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caption {
    pub(crate) meaning: Meaning,
    #[serde(default)]
    pub(crate) use_code: String,
    #[serde(default)]
    pub(crate) forms: Vec<String>,
    pub(crate) phrases: Vec<String>,
    pub(crate) source: String,
    pub(crate) checked: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keywords {
    pub(crate) reason: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) use_code: String,
    pub(crate) name: String,
    pub(crate) phrases: Vec<String>,
    pub(crate) source: String,
    pub(crate) checked: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateFile {
    pub(crate) multi_state: Vec<MultiState>,
    pub(crate) state: Vec<State>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MultiState {
    pub(crate) form: String,
    pub(crate) accepted: Vec<String>,
    #[serde(default)]
    pub(crate) disputed: Vec<String>,
    pub(crate) source: String,
    pub(crate) checked: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) region: String,
    pub(crate) number: Option<Number>,
    #[serde(default)]
    pub(crate) refuses: String,
    #[serde(default)]
    pub(crate) without_number: String,
    pub(crate) source: String,
    pub(crate) checked: Datetime,
}
