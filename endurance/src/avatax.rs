//! The stand-in, asked over HTTP: what was done to it, and what it holds.
//!
//! The log of effects comes from the control surface, the records from the API that everybody uses. Both are read here
//! by a client of our own, so that nothing of the component's reading can hide anything.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use crate::error::EnduranceError;

/// Number of the stand-in's company.
pub const COMPANY: u64 = 265_001;

/// One change that the stand-in wrote down.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Place in the log, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Such as `customer-created`.
    pub kind: String,
    /// Operation that caused it, or `sim` for somebody else.
    pub cause: String,
    /// Customer code, where one is concerned.
    #[serde(default)]
    pub customer_code: Option<String>,
    /// Certificate, where one is concerned.
    #[serde(default)]
    pub certificate_id: Option<u64>,
    /// Further key fields.
    #[serde(default)]
    pub detail: Value,
}

impl Effect {
    /// Whether somebody else did it.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.cause == "sim"
    }

    /// The customer code, empty where none is concerned.
    #[must_use]
    pub fn code(&self) -> &str {
        self.customer_code.as_deref().unwrap_or_default()
    }

    /// A text of the detail, empty where there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        text(&self.detail, field)
    }
}

/// What AvaTax holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Books {
    /// Customers by code.
    pub customers: BTreeMap<String, Value>,
    /// Certificates, each with its customers.
    pub certificates: Vec<Value>,
    /// Invitations.
    pub invitations: Vec<Value>,
    /// State of each exposure zone of the United States, by id.
    pub zones: BTreeMap<u64, String>,
    /// Name of each exemption reason, by id.
    pub reasons: BTreeMap<u64, String>,
}

/// A text of a JSON object, empty where there is none.
#[must_use]
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A client for one stand-in.
#[derive(Debug)]
pub struct AvaTax {
    base_url: String,
    authorization: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl AvaTax {
    /// A client with the credentials that the stand-in accepts.
    #[must_use]
    pub fn new(base_url: &str, account: &str, key: &str) -> Self {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{account}:{key}")));
        // A kept connection may have been cut by a fault that was meant for somebody else.
        let http = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { base_url: base_url.to_owned(), authorization, http }
    }

    /// Every change after the first `after`.
    pub async fn effects(&self, after: usize) -> Result<Vec<Effect>, EnduranceError> {
        let path = format!("/sim/effects?after={after}");
        let answer = self.send(Method::GET, &path, Bytes::new()).await?;
        let rows = answer.get("effects").cloned().unwrap_or_default();
        serde_json::from_value(rows).map_err(|error| self.failed(&path, error.to_string()))
    }

    /// Everything there is.
    pub async fn books(&self) -> Result<Books, EnduranceError> {
        let customers = self.list(&format!("/companies/{COMPANY}/customers?$top=1000")).await?;
        let zones = self.list("/definitions/certificateexposurezones?$top=1000").await?;
        let reasons = self.list("/definitions/certificateexemptreasons?$top=1000").await?;
        let certificates = format!("/companies/{COMPANY}/certificates?$top=1000&$include=customers");
        let invitations = format!("/companies/{COMPANY}/certexpressinvites?$top=1000");
        let id = |row: &Value| row.get("id").and_then(Value::as_u64).unwrap_or_default();
        let domestic = zones.iter().filter(|zone| text(zone, "country") == "US");
        Ok(Books {
            customers: customers
                .into_iter()
                .map(|row| (text(&row, "customerCode").to_owned(), row))
                .collect(),
            certificates: self.list(&certificates).await?,
            invitations: self.list(&invitations).await?,
            zones: domestic.map(|zone| (id(zone), text(zone, "region").to_owned())).collect(),
            reasons: reasons.iter().map(|row| (id(row), text(row, "name").to_owned())).collect(),
        })
    }

    /// Puts a customer there as if somebody else had made it.
    pub async fn put_customer(&self, code: &str, record: &Value) -> Result<(), EnduranceError> {
        let path = format!("/sim/customers/{COMPANY}/{}", utf8_percent_encode(code, NON_ALPHANUMERIC));
        self.send(Method::PUT, &path, Bytes::from(record.to_string())).await.map(drop)
    }

    /// A whole list; an error when one page does not hold it.
    async fn list(&self, path: &str) -> Result<Vec<Value>, EnduranceError> {
        let path = format!("/api/v2{path}");
        let mut answer = self.send(Method::GET, &path, Bytes::new()).await?;
        match answer.get_mut("value").map(Value::take) {
            Some(Value::Array(rows)) if rows.len() < 1000 => Ok(rows),
            Some(Value::Array(_)) => Err(self.failed(&path, "the list is longer than a page".to_owned())),
            _ => Err(self.failed(&path, "the answer is no list".to_owned())),
        }
    }

    fn failed(&self, path: &str, reason: String) -> EnduranceError {
        EnduranceError::Answer { address: format!("{}{path}", self.base_url), reason }
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Value, EnduranceError> {
        let failed = |reason: String| self.failed(path, reason);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header("content-type", "application/json")
            .header("authorization", &self.authorization)
            .body(Full::from(body))
            .map_err(|error| failed(error.to_string()))?;
        let response = self.http.request(request).await.map_err(|error| failed(error.to_string()))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| failed(error.to_string()))?;
        let body = body.to_bytes();
        if !status.is_success() {
            return Err(failed(format!("{status}: {}", String::from_utf8_lossy(&body))));
        }
        serde_json::from_slice(&body).map_err(|error| failed(error.to_string()))
    }
}
