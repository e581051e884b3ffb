//! One plain HTTP request to the stand-in for AvaTax, past the component and its host, so that the demo's figures are
//! checked by something that took no part in making them. It reaches loopback addresses only: the URL is that of the
//! server that the demo has just started.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use super::exit::Failure;

/// The stand-in's state is a few hundred bytes.
const MAX_BYTES: usize = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

/// Gets a JSON document.
pub(super) async fn get_json(url: &str) -> Result<Value, Failure> {
    let failed = |why: String| {
        Failure::internal(format!("The stand-in for AvaTax could not be asked at {url}: {why}."))
    };
    let address = url.parse().map_err(|error: http::uri::InvalidUri| failed(error.to_string()))?;
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let ask = async {
        let answer = client.get(address).await.map_err(|error| failed(error.to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(format!("it answered {}", answer.status())));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        let bytes = body.map_err(|error| failed(error.to_string()))?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
    };
    tokio::time::timeout(PATIENCE, ask).await.map_err(|_| failed("it did not answer in time".to_owned()))?
}
