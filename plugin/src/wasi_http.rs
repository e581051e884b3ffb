//! Several HTTP requests in flight from one component.
//!
//! `wasi:http` starts a request when it is handed over and lets the component poll for many answers at once, which is
//! all that concurrency needs here. waki's own client sends one request and waits; its bindings are used directly, so
//! that 16 requests of 50 ms take 50 ms.
//!
//! Resources are dropped child before parent, as the host demands: stream, body, response, future.

use core::time::Duration;

use waki::bindings::wasi::clocks::monotonic_clock;
use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method as WasiMethod,
    OutgoingBody, OutgoingRequest, Scheme,
};
use waki::bindings::wasi::io::poll::{self, Pollable};
use waki::bindings::wasi::io::streams::StreamError;

use crate::http::{JSON, Method, Request, Response, SendError};
use crate::ports::{Exchange, Network};

/// Largest answer that is read: a page of a hundred rows is some hundred KiB. The host has a limit of its own; this one
/// keeps an endless answer from filling our memory.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// Bytes read at once.
const READ: u64 = 64 * 1024;

/// The host's network.
pub(crate) struct Wasi;

impl Network for Wasi {
    fn exchange(&self, exchange: &mut dyn Exchange) {
        let mut flying: Vec<Flying> = Vec::new();
        loop {
            fill(&mut flying, exchange);
            if flying.is_empty() {
                return;
            }
            let pollables: Vec<&Pollable> = flying.iter().map(|it| &it.pollable).collect();
            let ready: Vec<bool> = if exchange.meanwhile() {
                pollables.iter().map(|it| it.ready()).collect()
            } else {
                let ready = poll::poll(&pollables);
                (0..flying.len()).map(|index| ready.iter().any(|it| *it as usize == index)).collect()
            };
            // From the back, so that indices stay right while we remove.
            for (index, ready) in ready.into_iter().enumerate().rev() {
                if ready {
                    let Flying { number, pollable, future } = flying.swap_remove(index);
                    drop(pollable);
                    exchange.heard(number, finish(future, exchange.room().min(BODY_MAX)));
                    // At once, and not when all that came in together have been read.
                    fill(&mut flying, exchange);
                }
            }
        }
    }

    fn sleep(&self, time: Duration) {
        monotonic_clock::subscribe_duration(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)).block();
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }
}

struct Flying {
    number: usize,
    pollable: Pollable,
    future: FutureIncomingResponse,
}

/// Starts what may be started.
fn fill(flying: &mut Vec<Flying>, exchange: &mut dyn Exchange) {
    while let Some((number, request)) = exchange.next() {
        match start(request) {
            Ok(future) => flying.push(Flying { number, pollable: future.subscribe(), future }),
            Err(error) => exchange.heard(number, Err(error)),
        }
    }
}

fn start(request: &Request) -> Result<FutureIncomingResponse, SendError> {
    let unusable =
        |what: &str| SendError::NotAllowed(format!("The request to {} has an unusable {what}.", request.url));
    let (scheme, rest) = match request.url.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        _ => return Err(unusable("scheme")),
    };
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);

    let mut headers = vec![("accept".to_owned(), JSON.as_bytes().to_vec())];
    if !request.body.is_empty() {
        headers.push(("content-type".to_owned(), request.content_type.clone().into_bytes()));
        headers.push(("content-length".to_owned(), request.body.len().to_string().into_bytes()));
    }
    let headers = Fields::from_list(&headers).map_err(|_| unusable("header"))?;
    let outgoing = OutgoingRequest::new(headers);
    let method = match request.method {
        Method::Get => WasiMethod::Get,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
    };
    outgoing.set_method(&method).map_err(|()| unusable("method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| unusable("scheme"))?;
    outgoing.set_authority(Some(authority)).map_err(|()| unusable("host"))?;
    outgoing.set_path_with_query(Some(path)).map_err(|()| unusable("path"))?;
    let body = outgoing.body().map_err(|()| unusable("body"))?;
    let future = outgoing_handler::handle(outgoing, None).map_err(|code| classify(&code))?;
    // A body that cannot be written whole does not end the matter: the answer may be there already, and says why.
    if write(&body, &request.body).is_some() {
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(future)
}

fn write(body: &OutgoingBody, mut bytes: &[u8]) -> Option<()> {
    if bytes.is_empty() {
        return Some(());
    }
    let stream = body.write().ok()?;
    let pollable = stream.subscribe();
    while !bytes.is_empty() {
        pollable.block();
        let permitted = usize::try_from(stream.check_write().ok()?).unwrap_or(usize::MAX).min(bytes.len());
        let (now, later) = bytes.split_at(permitted);
        stream.write(now).ok()?;
        bytes = later;
    }
    stream.flush().ok()?;
    pollable.block();
    stream.check_write().ok().map(drop)
}

fn finish(future: FutureIncomingResponse, most: usize) -> Result<Response, SendError> {
    let broken = || SendError::Unclear("The host gave no answer to a request.".to_owned());
    let response =
        future.get().ok_or_else(broken)?.map_err(|()| broken())?.map_err(|code| classify(&code))?;
    drop(future);
    let status = response.status();
    let retry_after = retry_after(&response);
    let body = response.consume().map_err(|()| broken())?;
    let bytes = read(&body, most);
    drop(body);
    drop(response);
    Ok(Response { status, retry_after, body: bytes? })
}

fn retry_after(response: &IncomingResponse) -> Option<u64> {
    let headers = response.headers();
    let values = headers.get(&"retry-after".to_owned());
    std::str::from_utf8(values.first()?).ok()?.trim().parse().ok()
}

fn read(body: &IncomingBody, most: usize) -> Result<Vec<u8>, SendError> {
    let cut = |why: &str| SendError::Unclear(format!("The answer broke off while it was read{why}."));
    let stream = body.stream().map_err(|()| cut(""))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ) {
            Ok(chunk) if bytes.len() + chunk.len() > most => return Err(cut(": it is too large")),
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(cut("")),
        }
    }
}

/// Whether a request that failed certainly did not leave, and why it failed, in words.
fn classify(code: &ErrorCode) -> SendError {
    let why = match code {
        ErrorCode::HttpRequestDenied => {
            let why = "The host's egress policy does not allow this request; the host names the rule that is missing.";
            return SendError::NotAllowed(why.to_owned());
        }
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => "its name cannot be found",
        ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable => "there is no way to it",
        ErrorCode::DestinationIpProhibited => "the host's policy does not allow its address",
        ErrorCode::ConnectionRefused => "nothing answers at that address",
        ErrorCode::ConnectionTimeout => "it took too long to connect",
        ErrorCode::ConnectionLimitReached => "too many connections are open",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => "no secure connection comes about",
        ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestMethodInvalid => "the request is not one the host can send",
        // A certificate does not get better by asking again.
        ErrorCode::TlsCertificateError => {
            let why = "AvaTax could not be reached: its certificate is not trusted.";
            return SendError::NotAllowed(why.to_owned());
        }
        ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => return unclear("took too long"),
        ErrorCode::HttpResponseBodySize(_) => return unclear("was too large"),
        _ => return unclear("broke off"),
    };
    SendError::NotSent(format!("AvaTax could not be reached: {why}."))
}

fn unclear(what: &str) -> SendError {
    SendError::Unclear(format!("AvaTax's answer {what}."))
}
