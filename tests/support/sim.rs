//! The stand-in as a person with a browser sees it: its control surface and its API, over real HTTP.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::COMPANY;

/// One change that the stand-in wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Such as `customer-created`.
    pub kind: String,
    /// Operation that caused it, or `sim` for a change behind the client's back.
    pub cause: String,
    /// Customer code, where one is concerned.
    pub customer: Option<String>,
    /// Certificate, where one is concerned.
    pub certificate: Option<u64>,
    /// Further key fields.
    pub detail: Value,
}

/// A client for the stand-in of a stage.
#[derive(Debug)]
pub struct Sim<'a> {
    runtime: &'a Runtime,
    base_url: String,
    authorization: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl<'a> Sim<'a> {
    pub(crate) fn new(runtime: &'a Runtime, base_url: String, account: &str, key: &str) -> Self {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{account}:{key}")));
        Self { runtime, base_url, authorization, http: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Customers of the company as the API shows them, by code.
    #[must_use]
    pub fn customers(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        // Pages have to be asked for at multiples of their size.
        for page in 0.. {
            let path = format!("/api/v2/companies/{COMPANY}/customers?$top=500&$skip={}", page * 500);
            let page = self.send(Method::GET, &path, String::new());
            let rows = page.get("value").and_then(Value::as_array).cloned().unwrap_or_default();
            if rows.is_empty() {
                break;
            }
            all.extend(rows.into_iter().map(|row| (text(&row, "customerCode"), row)));
        }
        all
    }

    /// What it holds and what it saw.
    #[must_use]
    pub fn state(&self) -> Value {
        self.send(Method::GET, "/sim/state", String::new())
    }

    /// One figure of the state.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        let state = self.state();
        state.get(name).and_then(Value::as_u64).unwrap_or_else(|| panic!("no figure `{name}` in {state}"))
    }

    /// How often faults struck.
    #[must_use]
    pub fn struck(&self) -> u64 {
        let answer = self.send(Method::GET, "/sim/faults", String::new());
        let kinds = answer.get("struck").and_then(Value::as_object).cloned().unwrap_or_default();
        kinds.values().filter_map(Value::as_object).flat_map(|it| it.values()).filter_map(Value::as_u64).sum()
    }

    /// Every change in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let answer = self.send(Method::GET, "/sim/effects", String::new());
        let rows = answer.get("effects").and_then(Value::as_array).cloned().unwrap_or_default();
        assert_eq!(answer.get("total"), Some(&json!(rows.len())), "the log of effects is cut short");
        let effect = |row: &Value| Effect {
            kind: text(row, "kind"),
            cause: text(row, "cause"),
            customer: row.get("customerCode").and_then(Value::as_str).map(str::to_owned),
            certificate: row.get("certificateId").and_then(Value::as_u64),
            detail: row.get("detail").cloned().unwrap_or_default(),
        };
        rows.iter().map(effect).collect()
    }

    /// Number of the changes that a client caused.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.effects().iter().filter(|effect| effect.cause != "sim").count()
    }

    /// Changes that were made more than once: one customer created twice, one certificate linked twice, one customer
    /// invited twice, one file made into two certificates of one state. Empty when all is well.
    #[must_use]
    pub fn repeated(&self) -> Vec<String> {
        let mut seen = BTreeMap::<String, u32>::new();
        for effect in self.effects() {
            let code = effect.customer.as_deref().unwrap_or_default();
            let key = match effect.kind.as_str() {
                "customer-created" | "invitation-created" => format!("{} {code}", effect.kind),
                "certificate-linked" => format!("{} {code} {:?}", effect.kind, effect.certificate),
                "attachment-stored" => format!("{} {:?}", effect.kind, effect.certificate),
                "certificate-created" => {
                    format!(
                        "{} {} {}",
                        effect.kind,
                        text(&effect.detail, "filename"),
                        text(&effect.detail, "exposureZone")
                    )
                }
                _ => continue,
            };
            *seen.entry(key).or_default() += 1;
        }
        seen.into_iter()
            .filter(|(_, count)| *count > 1)
            .map(|(key, count)| format!("{key}: {count} times"))
            .collect()
    }

    /// Replaces the faults; each is written as for `--fault`.
    pub fn set_faults(&self, faults: &[&str]) {
        self.send(Method::PUT, "/sim/faults", json!(faults).to_string());
    }

    /// Changes a customer as if somebody else had done it; makes the customer if there is none of that code.
    pub fn edit_customer(&self, code: &str, changes: &Value) {
        let code = utf8_percent_encode(code, NON_ALPHANUMERIC);
        self.send(Method::PUT, &format!("/sim/customers/{COMPANY}/{code}"), changes.to_string());
    }

    fn send(&self, method: Method, path: &str, body: String) -> Value {
        let url = format!("{}{path}", self.base_url);
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header("content-type", "application/json")
            .header("authorization", &self.authorization)
            .body(Full::from(body))
            .unwrap_or_else(|error| panic!("{url} is no address: {error}"));
        let answer = self.runtime.block_on(async {
            let response = self.http.request(request).await.map_err(|error| error.to_string())?;
            let status = response.status();
            let bytes = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
            let text = String::from_utf8_lossy(&bytes);
            if !status.is_success() {
                return Err(format!("{status}: {text}"));
            }
            serde_json::from_slice::<Value>(&bytes).map_err(|error| format!("{error}: {text}"))
        });
        answer.unwrap_or_else(|why| panic!("the stand-in did not answer {url}: {why}"))
    }
}

fn text(row: &Value, field: &str) -> String {
    row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
