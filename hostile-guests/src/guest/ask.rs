//! Asking over HTTP, with everything a caller may get wrong left to the caller.
//!
//! What a request came to is told in words: the status and the body, the code of the error, or at which step the
//! sandbox would not even let the request be put together.

use super::{
    Orders,
    bindings::wasi::{
        http::{
            outgoing_handler,
            types::{
                ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
                OutgoingRequest, RequestOptions, Scheme,
            },
        },
        io::streams::StreamError,
    },
};

/// A path that the policy allows for reading.
pub(crate) const PING: &str = "/api/v2/utilities/ping";
/// A path that it allows for writing, where the company is number 7.
pub(crate) const CUSTOMERS: &str = "/api/v2/companies/7/customers";

/// A request to be made.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) scheme: Scheme,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) options: Option<RequestOptions>,
}

impl Ask {
    /// The plainest request that is allowed.
    pub(crate) fn ping(orders: &Orders) -> Self {
        Self {
            method: Method::Get,
            scheme: if orders.https { Scheme::Https } else { Scheme::Http },
            authority: orders.authority.clone(),
            path: PING.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
            options: None,
        }
    }

    /// A write that is allowed where the company is known.
    pub(crate) fn write(orders: &Orders, body: &[u8]) -> Self {
        Self { method: Method::Post, path: CUSTOMERS.to_owned(), body: body.to_vec(), ..Self::ping(orders) }
    }

    /// With another header field.
    pub(crate) fn field(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// Sends the request, body included, and does not wait for the answer.
    pub(crate) fn send(self) -> Result<FutureIncomingResponse, String> {
        let refused = |step: &str| format!("refused: {step}");
        let fields = Fields::from_list(&self.fields).map_err(|error| format!("refused: field {error:?}"))?;
        let request = OutgoingRequest::new(fields);
        request.set_method(&self.method).map_err(|()| refused("method"))?;
        request.set_scheme(Some(&self.scheme)).map_err(|()| refused("scheme"))?;
        request.set_authority(Some(&self.authority)).map_err(|()| refused("authority"))?;
        request.set_path_with_query(Some(&self.path)).map_err(|()| refused("path"))?;
        let body = request.body().map_err(|()| refused("body"))?;
        let future = outgoing_handler::handle(request, self.options).map_err(|code| failed(&code))?;
        match write(&body, &self.body) {
            Ok(()) => match OutgoingBody::finish(body, None) {
                Ok(()) => Ok(future),
                Err(code) => Err(format!("body not finished: {}", failed(&code))),
            },
            // The answer may be there already, and says why.
            Err(()) => Ok(future),
        }
    }

    /// Sends the request and waits for the head of the answer.
    pub(crate) fn answer(self) -> Result<IncomingResponse, String> {
        wait(self.send()?)
    }

    /// Does everything and tells what it came to.
    pub(crate) fn tell(self) -> String {
        match self.answer() {
            Ok(response) => read(&response, u64::MAX),
            Err(words) => words,
        }
    }
}

/// Waits for the head of an answer.
pub(crate) fn wait(future: FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(failed(&code)),
        Some(Err(())) | None => Err("no answer".to_owned()),
    }
}

/// Reads an answer to its end or until so many bytes have come; short bodies are told in full.
pub(crate) fn read(response: &IncomingResponse, most: u64) -> String {
    let status = response.status();
    let Ok(body) = response.consume() else { return format!("{status}, no body") };
    let Ok(stream) = body.stream() else { return format!("{status}, no stream") };
    let (mut kept, mut size) = (Vec::new(), 0_u64);
    let end = loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => {
                size += chunk.len() as u64;
                if kept.len() < 200 {
                    kept.extend_from_slice(&chunk);
                }
                if size >= most {
                    break " and went away".to_owned();
                }
            }
            Err(StreamError::Closed) => break String::new(),
            Err(StreamError::LastOperationFailed(error)) => {
                break format!(" and broke off: {}", error.to_debug_string());
            }
        }
    };
    kept.truncate(200);
    format!("{status}, {size} bytes `{}`{end}", String::from_utf8_lossy(&kept))
}

fn write(body: &OutgoingBody, mut bytes: &[u8]) -> Result<(), ()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let stream = body.write()?;
    while !bytes.is_empty() {
        let (now, later) = bytes.split_at(bytes.len().min(4096));
        stream.blocking_write_and_flush(now).map_err(drop)?;
        bytes = later;
    }
    Ok(())
}

/// An error code in words.
pub(crate) fn failed(code: &ErrorCode) -> String {
    format!("failed: {code:?}")
}
