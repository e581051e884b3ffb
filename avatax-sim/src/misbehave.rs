//! The wrong answers: what a client gets when a fault strikes.
//!
//! [`before`] answers in place of the operation, [`after`] spoils the answer of an operation that was carried out. A
//! connection is cut by marking the answer: the server, which alone owns the connection, drops it when it sees the
//! mark. Bodies that dribble or never end are produced piece by piece while the client reads, so they cost no memory.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::Value;
use tokio::time::{Instant, Sleep};

use crate::{
    answer::{refuse, send},
    error::{
        ApiError, ApiResult, CONCURRENT_REQUEST_LIMIT_EXCEEDED, Code, RATE_LIMIT_EXCEEDED,
        RATE_LIMIT_EXCEEDED_ERROR, REQUEST_LIMIT_EXCEEDED, SERVICE_NOT_READY,
    },
    fault::FaultKind,
    random,
};

/// Mark on an answer that must not be sent: the connection is to be cut instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutConnection;

/// Pieces of a body that dribbles.
const SLOW_PIECES: usize = 10;
/// Piece of a body that never ends. White space, so that the JSON before it stays right.
const ENDLESS_PIECE: [u8; 4_096] = [b' '; 4_096];
/// Where a body that never ends is broken off after all.
const ENDLESS_LIMIT: usize = 1024 * 1024 * 1024;

const SLOW_DOWN: [Code; 5] = [
    REQUEST_LIMIT_EXCEEDED,
    CONCURRENT_REQUEST_LIMIT_EXCEEDED,
    SERVICE_NOT_READY,
    RATE_LIMIT_EXCEEDED_ERROR,
    RATE_LIMIT_EXCEEDED,
];

/// The answer of a fault that strikes before the operation.
pub(crate) fn before(kind: FaultKind, dice: u64) -> Option<Response> {
    Some(match kind {
        FaultKind::TooManyRequests { retry_after } => {
            retry(retry_after, refuse(&busy(StatusCode::TOO_MANY_REQUESTS, REQUEST_LIMIT_EXCEEDED)))
        }
        FaultKind::Unavailable { retry_after } => {
            retry(Some(retry_after), html(StatusCode::SERVICE_UNAVAILABLE))
        }
        FaultKind::SlowDown { code } => slow_down(code, dice),
        FaultKind::ErrorBefore => refuse(&ApiError::server()),
        FaultKind::Html => html(StatusCode::BAD_GATEWAY),
        FaultKind::Cut | FaultKind::Hang { .. } => cut(),
        _ => return None,
    })
}

/// The answer of an operation that was carried out, as a fault spoils it.
pub(crate) fn after(kind: FaultKind, result: &ApiResult<Value>) -> Response {
    match kind {
        FaultKind::ErrorAfter => refuse(&ApiError::server()),
        FaultKind::RefusedAfter => refuse(&ApiError::certificates("base", "could not be processed")),
        FaultKind::HtmlAfter => html(StatusCode::BAD_GATEWAY),
        FaultKind::Lost | FaultKind::HangAfter { .. } => cut(),
        FaultKind::CutAfter => {
            let (status, text) = text(result);
            let half = text.slice(..text.len() / 2);
            stream(status, Some(text.len()), BrokenOff(Some(half)))
        }
        FaultKind::SlowBody { millis } => {
            let (status, text) = text(result);
            let pause = Duration::from_millis(millis) / u32::try_from(SLOW_PIECES).unwrap_or(1);
            let piece = text.len().div_ceil(SLOW_PIECES).max(1);
            stream(status, Some(text.len()), Dribble::new(text, piece, pause, 0))
        }
        FaultKind::Endless { millis } => {
            let (status, text) = text(result);
            let piece = text.len().max(1);
            stream(status, None, Dribble::new(text, piece, Duration::from_millis(millis), ENDLESS_LIMIT))
        }
        FaultKind::Bloated { mib } => bloated(mib),
        _ => send(result),
    }
}

/// A list like any other by its form, whose rows hold next to nothing.
fn bloated(mib: u64) -> Response {
    const ROW: &str = r#"{"id":1},"#;
    let rows = usize::try_from(mib).unwrap_or_default() * 1024 * 1024 / ROW.len();
    let text = format!(r#"{{"@recordsetCount":1,"value":[{}{{}}]}}"#, ROW.repeat(rows));
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response()
}

/// How long a client is kept waiting before its connection is closed.
pub(crate) fn holds(kind: FaultKind) -> Duration {
    match kind {
        FaultKind::Hang { millis } | FaultKind::HangAfter { millis } => Duration::from_millis(millis),
        _ => Duration::ZERO,
    }
}

fn busy(status: StatusCode, code: Code) -> ApiError {
    ApiError::new(status, code, "There were too many requests.", "Wait a while and try again.")
}

fn slow_down(number: Option<u32>, dice: u64) -> Response {
    let statuses = [StatusCode::BAD_REQUEST, StatusCode::CONFLICT, StatusCode::INTERNAL_SERVER_ERROR];
    let status = random::pick(&statuses, dice).unwrap_or_default();
    let drawn = random::pick(&SLOW_DOWN, random::number(dice, &[]));
    let fixed = SLOW_DOWN.into_iter().find(|code| number == Some(code.1));
    refuse(&busy(status, fixed.or(drawn).unwrap_or(REQUEST_LIMIT_EXCEEDED)))
}

fn retry(seconds: Option<u64>, mut response: Response) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A page as gateways write it.
fn html(status: StatusCode) -> Response {
    let (number, phrase) = (status.as_str(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{number}</title></head><body><h1>{phrase}</h1></body></html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// The mark of a connection to be cut, in the place of an answer.
pub(crate) fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CutConnection);
    response
}

fn text(result: &ApiResult<Value>) -> (StatusCode, Bytes) {
    let (status, text) = match result {
        Ok(value) => (StatusCode::OK, value.to_string()),
        Err(error) => (error.status, error.body().to_string()),
    };
    (status, Bytes::from(text))
}

/// An answer in JSON whose body comes by and by. A length is announced where there is one.
fn stream(
    status: StatusCode,
    length: Option<usize>,
    body: impl HttpBody<Data = Bytes, Error = std::io::Error> + Send + 'static,
) -> Response {
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// A body that gives one piece and then fails.
struct BrokenOff(Option<Bytes>);

impl HttpBody for BrokenOff {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(piece) => Ok(Frame::data(piece)),
            None => Err(std::io::ErrorKind::ConnectionAborted.into()),
        }))
    }
}

/// A body that pauses before each piece. Where there is filling it fails once that is used up, instead of ending.
struct Dribble {
    text: Bytes,
    piece: usize,
    pause: Duration,
    filling: usize,
    fills: bool,
    sleep: Pin<Box<Sleep>>,
}

impl Dribble {
    fn new(text: Bytes, piece: usize, pause: Duration, filling: usize) -> Self {
        let sleep = Box::pin(tokio::time::sleep(pause));
        Self { text, piece, pause, filling, fills: filling > 0, sleep }
    }
}

impl HttpBody for Dribble {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.text.is_empty() && !self.fills {
            return Poll::Ready(None);
        }
        if !self.pause.is_zero() {
            ready!(self.sleep.as_mut().poll(context));
            let next = Instant::now() + self.pause;
            self.sleep.as_mut().reset(next);
        }
        let piece = if !self.text.is_empty() {
            let length = self.piece.min(self.text.len());
            self.text.split_to(length)
        } else if self.filling == 0 {
            return Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into())));
        } else {
            self.filling = self.filling.saturating_sub(ENDLESS_PIECE.len());
            Bytes::from_static(&ENDLESS_PIECE)
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::fault::SLOW_DOWN_CODES;

    #[test]
    fn the_codes_to_slow_down_are_those_that_can_be_asked_for() {
        assert_eq!(SLOW_DOWN.map(|code| code.1), SLOW_DOWN_CODES);
    }

    #[tokio::test]
    async fn what_never_ends_is_broken_off_after_all() {
        let mut body = Dribble::new(Bytes::from_static(b"[]"), 2, Duration::ZERO, 3 * ENDLESS_PIECE.len());
        let mut sizes = Vec::new();
        let error = loop {
            match body.frame().await.unwrap() {
                Ok(frame) => sizes.push(frame.into_data().unwrap().len()),
                Err(error) => break error,
            }
        };
        assert_eq!(
            (sizes, error.kind()),
            (vec![2, 4_096, 4_096, 4_096], std::io::ErrorKind::ConnectionAborted)
        );
    }
}
