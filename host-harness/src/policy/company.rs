//! Which company is the tenant's own.
//!
//! The credentials may open many companies of an account, so the host finds out by itself which one is meant: it looks into
//! the answers to the company query as they pass, and takes the id that AvaTax gives for the tenant's company code. What the
//! component says about it does not count.

use std::sync::{Mutex, PoisonError};

use percent_encoding::percent_decode_str;

/// The id of the tenant's own company, learnt from AvaTax during one call.
#[derive(Debug, Default)]
pub(crate) struct CompanyPin {
    code: String,
    id: Mutex<Option<u64>>,
}

impl CompanyPin {
    /// Nothing learnt yet about the company with this code.
    pub(crate) fn new(company_code: &str) -> Self {
        Self { code: company_code.to_owned(), id: Mutex::new(None) }
    }

    /// Whether a query asks for the company with this code and nothing else.
    pub(super) fn is_asked_by(&self, query: &str) -> bool {
        let own = format!("$filter=companyCode eq '{}'", self.code.replace('\'', "''"));
        percent_decode_str(query).decode_utf8().is_ok_and(|query| query == own)
    }

    pub(super) fn get(&self) -> Option<u64> {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from the body of an answer to the company query. What is learnt first stays.
    pub(crate) fn learn(&self, body: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Companies {
            value: Vec<Company>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Company {
            id: u64,
            company_code: Option<String>,
        }
        let Ok(companies) = serde_json::from_slice::<Companies>(body) else { return };
        let has = |same: fn(&str, &str) -> bool| {
            let code = |company: &&Company| {
                company.company_code.as_deref().is_some_and(|code| same(code, &self.code))
            };
            companies.value.iter().find(code)
        };
        // AvaTax does not tell codes apart by case; should it ever give two, the one written alike is meant.
        if let Some(company) = has(|a, b| a == b).or_else(|| has(str::eq_ignore_ascii_case)) {
            self.id.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(company.id);
        }
    }
}

/// The id of the company with this code, as an answer to the company query tells it.
#[must_use]
pub fn company_in_answer(company_code: &str, body: &[u8]) -> Option<u64> {
    let pin = CompanyPin::new(company_code);
    pin.learn(body);
    pin.get()
}

/// The company a path is below, wherever the path says so.
pub(super) fn company_in(path: &str) -> Option<u64> {
    // A server may not tell capitals apart.
    let mut segments =
        path.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case("companies")).skip(1);
    segments.next()?.parse().ok()
}
