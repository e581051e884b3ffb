//! Requests and answers as plain data, and the encoding of values in URLs.
//!
//! Nothing here knows about credentials: the host adds them after its policy allowed the request.

use std::fmt::Write as _;

/// HTTP methods that AvaTax's onboarding calls use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, links, invites.
    Post,
    /// Replaces.
    Put,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute URL, already encoded.
    pub url: String,
    /// Media type of the body.
    pub content_type: String,
    /// Body; empty for none.
    pub body: Vec<u8>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// `Retry-After` in seconds, where given as a number.
    pub retry_after: Option<u64>,
    /// Body, whole.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The request did not leave: name not found, connection refused.
    NotSent(String),
    /// The request did not leave and never will: the host does not allow it, does not trust the other side, or it cannot be
    /// sent at all.
    NotAllowed(String),
    /// The request may have been processed: cut, timed out, or an answer that could not be read.
    Unclear(String),
}

/// What became of a request.
pub type Answer = Result<Response, SendError>;

/// Bytes of an answer's body.
#[must_use]
pub fn bytes(answer: &Answer) -> usize {
    answer.as_ref().map_or(0, |response| response.body.len())
}

/// Media type of JSON.
pub const JSON: &str = "application/json";

/// A file as a form upload with one field `file`: media type and body.
#[must_use]
pub fn form_file(name: &str, media_type: &str, bytes: &[u8], unique: &str) -> (String, Vec<u8>) {
    // Made from a hash of the bytes, so the file cannot have been written to contain it.
    let boundary = format!("document-{unique}");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// Encodes a value as one path segment or query value (RFC 3986 unreserved characters stay).
#[must_use]
pub fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len() + 8);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A text literal of AvaTax's filter language: single quotes, quotes inside doubled.
#[must_use]
pub fn filter_text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_code_is_one_path_segment() {
        assert_eq!(encode("123/abc d+ü"), "123%2Fabc%20d%2B%C3%BC");
    }

    #[test]
    fn quotes_in_filters_are_doubled() {
        assert_eq!(filter_text("Bob's"), "'Bob''s'");
    }
}
