//! The fields of a customer, and what is checked about them.
//!
//! Required fields, lengths, country, region and e-mail address are checked as AvaTax checks them, in one order, so that
//! a row with several mistakes is always refused for the same one. Checking also brings country and region into the
//! form that is stored.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::{
    definitions::unknown_country,
    error::{ApiError, ApiResult, BOTH_SHIP_AND_BILL, EMAIL_VALIDATION, INVALID_COUNTRY_REGION, VALIDATION},
    geo,
};

/// Longest customer code.
const CODE_LIMIT: usize = 50;

/// The fields that a client can set, except the code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Fields {
    #[serde(deserialize_with = "text_or_number")]
    pub(crate) alternate_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) attn_name: Option<String>,
    pub(crate) line1: Option<String>,
    pub(crate) line2: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) fax_number: Option<String>,
    pub(crate) email_address: Option<String>,
    pub(crate) contact_name: Option<String>,
    pub(crate) taxpayer_id_number: Option<String>,
    pub(crate) is_bill: Option<bool>,
    pub(crate) is_ship: Option<bool>,
}

/// Some connectors send a number where a text belongs, and get away with it.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(serde::de::Error::custom("expected a text")),
    }
}

impl Fields {
    /// Every text field: name, value, longest, needed. Lengths that nobody documents are generous.
    pub(crate) fn texts(&self) -> [(&'static str, Option<&str>, usize, bool); 14] {
        [
            ("name", self.name.as_deref(), 100, true),
            ("line1", self.line1.as_deref(), 50, true),
            ("city", self.city.as_deref(), 50, true),
            ("postalCode", self.postal_code.as_deref(), 10, true),
            ("country", self.country.as_deref(), 60, true),
            ("region", self.region.as_deref(), 60, false),
            ("line2", self.line2.as_deref(), 50, false),
            ("alternateId", self.alternate_id.as_deref(), 255, false),
            ("attnName", self.attn_name.as_deref(), 255, false),
            ("phoneNumber", self.phone_number.as_deref(), 255, false),
            ("faxNumber", self.fax_number.as_deref(), 255, false),
            ("emailAddress", self.email_address.as_deref(), 255, false),
            ("contactName", self.contact_name.as_deref(), 255, false),
            ("taxpayerIdNumber", self.taxpayer_id_number.as_deref(), 255, false),
        ]
    }

    /// Every field with its value as in answers.
    pub(crate) fn values(&self) -> Vec<(&'static str, Value)> {
        let texts = self.texts().into_iter().map(|(name, value, ..)| (name, value.into()));
        texts.chain([("isBill", self.is_bill.into()), ("isShip", self.is_ship.into())]).collect()
    }

    /// What the log says about a new customer.
    pub(crate) fn detail(&self) -> Value {
        json!({"name": self.name, "region": self.region, "country": self.country})
    }

    /// Checks everything and brings country and region into the form that is stored.
    pub(crate) fn check(mut self) -> ApiResult<Self> {
        for (field, value, limit, needed) in self.texts() {
            let text = value.unwrap_or_default();
            if needed && text.trim().is_empty() {
                return Err(ApiError::required(field));
            }
            if text.chars().count() > limit {
                return Err(ApiError::too_long(field, limit));
            }
        }
        let country_text = self.country.take().unwrap_or_default();
        let country = geo::country(country_text.trim()).ok_or_else(|| unknown_country(&country_text))?;
        self.country = Some(country.code.to_owned());
        if geo::needs_region(country.code) {
            let text = self.region.take().unwrap_or_default();
            if text.trim().is_empty() {
                return Err(ApiError::required("region"));
            }
            let region =
                geo::region(country.code, text.trim()).ok_or_else(|| unknown_region(country.code, &text))?;
            self.region = Some(region.code.to_owned());
        } else if self.region.as_deref().is_some_and(|region| region.chars().count() > 3) {
            return Err(ApiError::too_long("region", 3));
        }
        if let Some(email) = self.email_address.as_deref().filter(|email| !email.is_empty()) {
            check_email(email)?;
        }
        if self.is_bill == Some(true) && self.is_ship == Some(true) {
            return Err(ApiError::bad(
                BOTH_SHIP_AND_BILL,
                "A customer cannot be both.",
                "isBill and isShip cannot both be true.",
            ));
        }
        Ok(self)
    }
}

/// Refusal of a region that the country does not have.
pub(crate) fn unknown_region(country: &str, region: &str) -> ApiError {
    ApiError::bad(
        INVALID_COUNTRY_REGION,
        "The region is not known.",
        format!("{country} has no region '{region}'."),
    )
}

/// A rough look at an e-mail address: one `@`, something on both sides, a dot behind it, no spaces.
pub(crate) fn check_email(email: &str) -> ApiResult<()> {
    let good = email.split_once('@').is_some_and(|(local, domain)| {
        let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
        !local.is_empty()
            && dotted
            && !domain.contains('@')
            && !email.chars().any(|c| c.is_whitespace() || c == ',')
    });
    if good {
        return Ok(());
    }
    Err(ApiError::bad(
        EMAIL_VALIDATION,
        "The e-mail address is not valid.",
        "emailAddress is no e-mail address.",
    ))
}

/// A customer code that can be used.
pub(crate) fn check_code(code: Option<String>) -> ApiResult<String> {
    let code = code.unwrap_or_default();
    if code.trim().is_empty() {
        return Err(ApiError::required("customerCode"));
    }
    if code.chars().count() > CODE_LIMIT {
        return Err(ApiError::too_long("customerCode", CODE_LIMIT));
    }
    if code.chars().any(char::is_control) {
        return Err(ApiError::bad(
            VALIDATION,
            "The customer code is not valid.",
            "customerCode has a control character.",
        ));
    }
    Ok(code)
}

/// Whether nothing is there. An empty text and none are the same to whoever reads them.
pub(crate) fn is_empty(value: &Value) -> bool {
    value.as_str().map_or(value.is_null(), str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_are_looked_at() {
        for good in ["a@example.com", "first.last+tag@mail.example.com"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@example.com",
            "a@example",
            "a@b@example.com",
            "a b@example.com",
            "a@example..com",
        ] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn codes_are_counted_in_characters() {
        assert!(check_code(Some("é".repeat(50))).is_ok());
        assert!(check_code(Some("é".repeat(51))).is_err());
        assert!(check_code(Some("  ".to_owned())).is_err());
        assert!(check_code(Some("a\nb".to_owned())).is_err());
        assert!(check_code(None).is_err());
    }
}
