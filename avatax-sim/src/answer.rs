//! From an HTTP request to an HTTP answer: counting, faults, authentication, the operation, the envelope.
//!
//! The body is read completely before anything else, so that a refusal never meets a client that is still sending.
//! Then the faults are asked. Those that strike before the operation answer at once; those that strike after it let it
//! run and replace or break its answer.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart, Query, RawPathParams, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    call::{Call, Identity, Upload},
    config::SimConfig,
    error::{
        AUTHENTICATION, AUTHENTICATION_INCOMPLETE, ApiError, ApiResult, BASIC_AUTH_INCORRECT,
        BEARER_TOKEN_INVALID, REQUEST_TOO_LARGE,
    },
    fault::FaultKind,
    misbehave::{self, CutConnection},
    observer::{Moment, Next, Stage},
    random,
    routes::Operation,
    shared::Shared,
    strangers::{self, Outcome},
};

/// Largest request body.
pub(crate) const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// Longest request target. Gateways have such a limit, and long `in (…)` filters run into it.
const TARGET_LIMIT: usize = 16 * 1024;

/// Answers one request to the API.
pub(crate) async fn api(
    shared: Arc<Shared>,
    operation: Operation,
    params: RawPathParams,
    request: Request,
) -> Response {
    let _in_flight = shared.gauges.enter();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await;
    let (verdict, number) = {
        let mut state = shared.lock();
        let client = parts.headers.get("x-avalara-client").and_then(|value| value.to_str().ok());
        let number = state.traffic.request(operation, client);
        let verdict = state.engine.judge(operation);
        for name in &verdict.struck {
            state.traffic.fault(name, operation);
        }
        (verdict, number)
    };
    let vanishes = |stage| {
        let moment = Moment { number, operation: operation.name(), stage };
        shared.setting.config.observer.as_ref().is_some_and(|observer| observer(moment) == Next::Vanish)
    };
    if vanishes(Stage::Arrived) {
        return misbehave::cut();
    }
    let wait = shared.setting.config.latency + verdict.delay;
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let seed = shared.setting.config.seed;
    let mut response = match verdict.kind.and_then(|kind| misbehave::before(kind, verdict.dice)) {
        Some(response) => response,
        None => {
            let outcome = match body {
                Ok(body) => run(&shared, operation, &params, (parts, body), number).await,
                Err(_too_large) => refused(too_large()),
            };
            if vanishes(Stage::CarriedOut) {
                return misbehave::cut();
            }
            match verdict.kind.or(outcome.spoiled) {
                Some(kind) => misbehave::after(kind, &outcome.result),
                None => send(&outcome.result),
            }
        }
    };
    let hold = verdict.kind.map(misbehave::holds).unwrap_or_default();
    if !hold.is_zero() {
        tokio::time::sleep(hold).await;
    }
    let correlation = format!("{:016x}", random::number(seed, &[number]));
    if let Ok(value) = HeaderValue::from_str(&correlation) {
        response.headers_mut().insert("x-correlation-id", value);
    }
    let cut = response.extensions().get::<CutConnection>().is_some();
    if !cut && verdict.kind != Some(FaultKind::CutAfter) {
        shared.lock().traffic.status(response.status().as_u16());
    }
    response
}

async fn run(
    shared: &Shared,
    operation: Operation,
    params: &RawPathParams,
    (parts, body): (Parts, Bytes),
    number: u64,
) -> Outcome {
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > TARGET_LIMIT) {
        return refused(ApiError::new(
            StatusCode::URI_TOO_LONG,
            REQUEST_TOO_LARGE,
            "The address is too long.",
            format!("Path and query may have {TARGET_LIMIT} bytes together."),
        ));
    }
    let identity = match authenticate(&parts.headers, &shared.setting.config) {
        Ok(identity) => Some(identity),
        // Ping answers everybody; what it says about them is in its body.
        Err(_) if operation == Operation::Ping => None,
        Err(error) => return refused(error),
    };
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let address = format!("http://{host}{}", parts.uri.path());
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map(|Query(query)| query)
        .unwrap_or_default();
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let upload = match operation {
        Operation::UploadCertificateImage => {
            upload(Request::from_parts(parts, Body::from(body.clone()))).await
        }
        _ => None,
    };
    let dice = random::number(shared.setting.config.seed, &[number, 0, 0]);
    let call = Call { identity, params, query, body, upload, now: Timestamp::now(), dice, address };
    let mut state = shared.lock();
    let effects = state.world.log.effects.len();
    let outcome = strangers::perform(&shared.setting, &mut state, operation, call);
    if state.world.log.effects.len() != effects {
        state.world.revision += 1;
    }
    outcome
}

fn refused(error: ApiError) -> Outcome {
    Outcome { result: Err(error), spoiled: None }
}

/// The first file of a form; none if the request is no form.
async fn upload(request: Request) -> Option<Upload> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let field = form.next_field().await.ok()??;
    let name = field.file_name().or_else(|| field.name()).map(str::to_owned);
    Some(Upload { name, bytes: field.bytes().await.ok()? })
}

fn authenticate(headers: &HeaderMap, config: &SimConfig) -> ApiResult<Identity> {
    let unauthorized = |code, message: &str, description: &str| {
        ApiError::new(StatusCode::UNAUTHORIZED, code, message, description)
    };
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, credential) = value.split_once(' ').unwrap_or_default();
    let credential = credential.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return match &config.bearer_token {
            Some(token) if token == credential => Ok(Identity::Bearer),
            _ => Err(unauthorized(
                BEARER_TOKEN_INVALID,
                "The token is not accepted.",
                "Ask for a new bearer token.",
            )),
        };
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(unauthorized(
            AUTHENTICATION_INCOMPLETE,
            "No credential was given.",
            "The Authorization header has to be of kind Basic or Bearer.",
        ));
    }
    let decoded = STANDARD.decode(credential).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((account, key)) if account == config.account && key == config.license_key => {
            Ok(Identity::LicenseKey)
        }
        Some(_) => Err(unauthorized(
            AUTHENTICATION,
            "The credential is not accepted.",
            "Account and license key do not belong together, or are not known.",
        )),
        None => Err(unauthorized(
            BASIC_AUTH_INCORRECT,
            "The credential cannot be read.",
            "After Basic there has to be base64 of account and license key joined by a colon.",
        )),
    }
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        REQUEST_TOO_LARGE,
        "The body is too large.",
        format!("A body may have {BODY_LIMIT} bytes, and has to arrive completely."),
    )
}

/// A refusal.
pub(crate) fn refuse(error: &ApiError) -> Response {
    json(error.status, &error.body())
}

/// A result of an operation.
pub(crate) fn send(result: &ApiResult<Value>) -> Response {
    match result {
        Ok(value) => json(StatusCode::OK, value),
        Err(error) => refuse(error),
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], value.to_string()).into_response()
}
