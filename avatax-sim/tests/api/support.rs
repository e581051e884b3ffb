//! A small client and the bodies that tests send.

use std::time::{Duration, Instant};

use avatax_sim::{SimConfig, Simulator};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, body::Incoming};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub(crate) const COMPANY: &str = "/api/v2/companies/265001";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Status and number of a refusal in the usual envelope.
    pub(crate) fn refusal(&self) -> (u16, u64) {
        let body = self.json();
        let detail = &body["error"]["details"][0];
        assert_eq!(detail["code"], body["error"]["code"], "{}", self.text);
        (self.status.as_u16(), detail["number"].as_u64().unwrap())
    }
}

/// A stand-in and a client for it.
pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    http: Http<HttpConnector, Full<Bytes>>,
    pub(crate) authorization: Option<String>,
}

pub(crate) fn basic(account: &str, key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{account}:{key}")))
}

impl Bench {
    pub(crate) async fn new(config: SimConfig) -> Self {
        let authorization = Some(basic(&config.account, &config.license_key));
        let simulator = avatax_sim::start(config).await.unwrap();
        Self { simulator, http: Http::builder(TokioExecutor::new()).build_http(), authorization }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Box<dyn std::error::Error>> {
        let response = self.http.request(self.request(method, path, kind, body)?).await?;
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Answer { status: parts.status, headers: parts.headers, text })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> hyper::http::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.simulator.base_url()))
            .header("content-type", kind)
            .header("x-avalara-client", "test; 1; none; 0; bench");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        request.body(Full::from(body))
    }

    /// Sends a request and gives the answer as soon as its head is there.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, Box<dyn std::error::Error>> {
        Ok(self.http.request(self.request(method, path, "application/json", body)?).await?)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "application/json", Vec::new()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes()).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, "application/json", body.to_string().into_bytes()).await.unwrap()
    }

    /// Creates customers with the codes given.
    pub(crate) async fn customers(&self, codes: &[&str]) -> Answer {
        let rows: Vec<Value> = codes.iter().map(|code| customer(code)).collect();
        self.post(&format!("{COMPANY}/customers"), &rows.into()).await
    }

    /// Codes that a query of customers answers, in order.
    pub(crate) async fn codes(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("{COMPANY}/customers?{query}")).await.ok();
        let rows = answer["value"].as_array().unwrap();
        rows.iter().map(|row| row["customerCode"].as_str().unwrap().to_owned()).collect()
    }

    /// The log of effects as pairs of kind and customer code.
    pub(crate) async fn effects(&self) -> Vec<(String, String)> {
        let answer = self.get("/sim/effects").await.ok();
        let rows = answer["effects"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        rows.iter().map(|row| (text(&row["kind"]), text(&row["customerCode"]))).collect()
    }

    /// The id that a definition has in this environment.
    pub(crate) async fn id_of(&self, list: &str, name: &str) -> u64 {
        let answer = self.get(&format!("/api/v2/definitions/{list}")).await.ok();
        let rows = answer["value"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["id"].as_u64().unwrap()
    }
}

/// Percent-encodes one part of a path or query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A customer that has all it needs.
pub(crate) fn customer(code: &str) -> Value {
    json!({
        "customerCode": code,
        "name": format!("Customer {code}"),
        "line1": "1 Main Street",
        "city": "Austin",
        "region": "TX",
        "postalCode": "78701",
        "country": "US",
        "emailAddress": "ap@example.com",
    })
}

/// A certificate for Texas by file name.
pub(crate) fn certificate() -> Value {
    json!({
        "signedDate": "2020-01-15",
        "expirationDate": "2099-12-31",
        "filename": "resale.pdf",
        "exemptionReason": {"name": "RESALE"},
        "exposureZone": {"name": "Texas"},
        "exemptionNumber": "TX-1",
        "exemptPercentage": 100,
    })
}

/// Sets one field of an object.
pub(crate) fn with(mut value: Value, field: &str, new: impl Into<Value>) -> Value {
    value[field] = new.into();
    value
}

/// Asks again and again until the answer is as wanted.
pub(crate) async fn eventually(bench: &Bench, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let value = bench.get(path).await.ok();
        if wanted(&value) {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "still {value}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
