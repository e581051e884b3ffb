//! The control surface under `/sim`: for tests and for people who look, not part of AvaTax.
//!
//! It needs no credential, which is one reason why the stand-in listens on the loopback address only. State and effects
//! can be read, faults set, everything forgotten, and a customer changed as if somebody else had done it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::{get, post, put},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{answer, customers, engine::FaultEngine, fault::Fault, shared::Shared};

/// Most effects in one answer.
const EFFECT_LIMIT: usize = 100_000;

#[derive(Deserialize)]
struct Range {
    after: Option<u64>,
    limit: Option<usize>,
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sim/state", get(state))
        .route("/sim/effects", get(effects))
        .route("/sim/faults", get(faults).put(set_faults))
        .route("/sim/reset", post(reset))
        .route("/sim/customers/{company}/{code}", put(edit_customer))
}

fn ok(value: &Value) -> Response {
    answer::json(StatusCode::OK, value)
}

fn bad(status: StatusCode, sentence: &str) -> Response {
    answer::json(status, &json!({"error": sentence}))
}

async fn state(State(shared): State<Arc<Shared>>) -> Response {
    match serde_json::to_value(shared.summary()) {
        Ok(value) => ok(&value),
        Err(error) => bad(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Effects in order, those after a sequence number if one is given.
async fn effects(State(shared): State<Arc<Shared>>, Query(range): Query<Range>) -> Response {
    let after = range.after.and_then(|after| usize::try_from(after).ok()).unwrap_or(0);
    let limit = range.limit.unwrap_or(EFFECT_LIMIT).min(EFFECT_LIMIT);
    let state = shared.lock();
    let all = &state.world.log.effects;
    let part: Vec<_> = all.iter().skip(after).take(limit).collect();
    ok(&json!({"total": all.len(), "effects": part}))
}

/// The faults in force, and how often which struck what.
async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    let state = shared.lock();
    let armed: Vec<String> = state.engine.faults().map(ToString::to_string).collect();
    ok(&json!({"faults": armed, "struck": state.traffic.fault_counts()}))
}

/// Replaces the faults; the body is an array of texts like those of the flag.
async fn set_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Vec<Fault>>(&body) {
        Ok(faults) => {
            let count = faults.len();
            shared.lock().engine = FaultEngine::new(shared.setting.config.seed, faults);
            ok(&json!({"faults": count}))
        }
        Err(error) => bad(
            StatusCode::BAD_REQUEST,
            &format!("The body has to be an array of texts, one for each fault: {error}"),
        ),
    }
}

async fn reset(State(shared): State<Arc<Shared>>) -> Response {
    shared.reset();
    ok(&json!({"reset": true}))
}

async fn edit_customer(
    State(shared): State<Arc<Shared>>,
    Path((company, code)): Path<(u64, String)>,
    body: Bytes,
) -> Response {
    let changes: Value = match serde_json::from_slice(&body) {
        Ok(changes) => changes,
        Err(error) => {
            return bad(StatusCode::BAD_REQUEST, &format!("The body has to be a JSON object: {error}"));
        }
    };
    let mut state = shared.lock();
    let result = state
        .world
        .company(company)
        .and_then(|mut books| customers::edit(&mut books, Timestamp::now(), &code, &changes));
    state.world.revision += 1;
    match result {
        Ok(value) => ok(&value),
        Err(error) => answer::json(error.status, &error.body()),
    }
}
