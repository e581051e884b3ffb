//! What an answer of AvaTax means.
//!
//! The status code alone does not say: error bodies carry a code, the same condition comes under different codes, a
//! gateway may answer HTML, and some failures leave the record stored. So an answer ends in one of a few failures, each
//! with one right reaction. Codes are AvaTax's `ErrorCodeId`; unknown ones are treated by their status.

use crate::http::{Response, SendError};
use crate::json::{self, Value};
use crate::model::onboarding::Error;

/// Why a call did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The credentials are wrong. Never tried again: repeated failures may lock the account.
    Unauthorized(String),
    /// The credentials lack a right, or the account a service.
    Forbidden(String),
    /// Certificate management is not set up for the company.
    NotProvisioned(String),
    /// There is no such record.
    NotFound,
    /// AvaTax will not do it, and has not done it. The code is AvaTax's.
    Refused(String, String),
    /// AvaTax refused, in a way that also occurs when the record exists or was stored.
    MaybeExists(String),
    /// It did not leave this host, or AvaTax was too busy to look at it. Not done.
    NotDone(String),
    /// Nobody can say whether it was done.
    Unclear(String),
}

impl Failure {
    /// What happened, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Unauthorized(why)
            | Self::Forbidden(why)
            | Self::NotProvisioned(why)
            | Self::MaybeExists(why)
            | Self::NotDone(why)
            | Self::Unclear(why) => why.clone(),
            Self::NotFound => "AvaTax has no such record.".to_owned(),
            Self::Refused(code, why) => format!("AvaTax refused it ({code}): {why}"),
        }
    }

    /// The contract's error for a failure that ends a run; none for one that concerns a single record.
    #[must_use]
    pub fn fatal(&self) -> Option<Error> {
        match self {
            Self::Unauthorized(why) => Some(Error::Unauthorized(why.clone())),
            Self::Forbidden(why) => Some(Error::Forbidden(why.clone())),
            Self::NotProvisioned(why) => Some(Error::NotProvisioned(why.clone())),
            Self::NotDone(why) => Some(Error::Unreachable(why.clone())),
            Self::NotFound | Self::Refused(..) | Self::MaybeExists(_) | Self::Unclear(_) => None,
        }
    }

    /// Whether AvaTax said no, be that as it may.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(..) | Self::MaybeExists(_))
    }

    /// The contract's error for a failure of a call that the run cannot do without.
    #[must_use]
    pub fn error(&self) -> Error {
        self.fatal().unwrap_or_else(|| Error::Unreachable(self.sentence()))
    }
}

/// Of two errors that end a run the one to report: wrong credentials explain why the rest was not sent.
#[must_use]
pub fn gravest(known: Option<Error>, error: Error) -> Error {
    match known {
        Some(known @ (Error::Unauthorized(_) | Error::Forbidden(_) | Error::NotProvisioned(_))) => known,
        _ => error,
    }
}

/// Codes by which AvaTax asks to slow down, beside the status 429.
const SLOW_DOWN: [i64; 5] = [1715, 1716, 1718, 1723, 4011];
/// Longest piece of a foreign text that is passed on.
const QUOTE_MAX: usize = 300;

/// The 200 of a call, or what its answer means.
pub fn judge(answer: Result<Response, SendError>) -> Result<Vec<u8>, Failure> {
    let response = match answer {
        Ok(response) => response,
        Err(SendError::NotSent(why) | SendError::NotAllowed(why)) => return Err(Failure::NotDone(why)),
        Err(SendError::Unclear(why)) => return Err(Failure::Unclear(why)),
    };
    if (200..300).contains(&response.status) {
        return Ok(response.body);
    }
    Err(failure(&response))
}

/// Whether AvaTax asks to slow down, and for how long in seconds if it says so. Nothing was done then.
#[must_use]
pub fn slow_down(answer: &Result<Response, SendError>) -> Option<Option<u64>> {
    let Ok(response) = answer else { return None };
    let busy = response.status == 429
        || response.status >= 400 && detail(response).is_some_and(|it| SLOW_DOWN.contains(&it.number));
    busy.then_some(response.retry_after)
}

struct Detail {
    code: String,
    number: i64,
    text: String,
}

fn detail(response: &Response) -> Option<Detail> {
    let body = json::parse(&response.body).ok()?;
    let error = body.get("error").filter(|error| error.is_object())?;
    let first = json::list(error, "details").first().unwrap_or(&Value::Null);
    let either = |one: String, other: String| if one.is_empty() { other } else { one };
    let code = either(json::text(error, "code"), json::text(first, "code"));
    let message = either(json::text(first, "message"), json::text(error, "message"));
    let description = json::text(first, "description");
    let text = match description.trim() {
        "" => message,
        same if same == message.trim() => message,
        more => format!("{} {}", message.trim(), inner(more)),
    };
    let number = first.get("number").and_then(Value::as_i64).unwrap_or_default();
    (!code.is_empty()).then(|| Detail { code: quote(&code), number, text: quote(text.trim()) })
}

/// The text inside a wrapped back-end error: JSON and a full stop.
fn inner(description: &str) -> String {
    let wrapped = json::parse(description.trim_end_matches('.').as_bytes()).ok();
    let messages = wrapped.as_ref().and_then(|value| value.get("error")).and_then(Value::as_object);
    match messages {
        Some(by_field) => {
            let texts = by_field.values().flat_map(|list| list.as_array().into_iter().flatten());
            texts.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        None => description.to_owned(),
    }
}

fn failure(response: &Response) -> Failure {
    let status = response.status;
    let Some(Detail { code, number, text }) = detail(response) else {
        let sentence =
            format!("AvaTax's address answered {status} with something that is not AvaTax's JSON.");
        return match status {
            401 => Failure::Unauthorized("AvaTax refused the credentials (401).".to_owned()),
            403 => Failure::Forbidden("AvaTax refused access (403).".to_owned()),
            404 => Failure::NotFound,
            413 | 414 => Failure::Refused(status.to_string(), "the request is too large".to_owned()),
            429 => Failure::NotDone("AvaTax is too busy (429).".to_owned()),
            _ => Failure::Unclear(sentence),
        };
    };
    let said = format!("{text} ({code})");
    match number {
        30 | 33 | 34 | 35 | 37 | 39 | 41 | 51 => {
            Failure::Unauthorized(format!("AvaTax refused the credentials: {said}"))
        }
        31 | 49 | 188 | 196 | 600 => Failure::Forbidden(format!("AvaTax refused access: {said}")),
        1205 | 1216 => Failure::NotProvisioned(format!("Certificate management is not set up: {said}")),
        149 | 193 | 1203 => Failure::MaybeExists(format!("AvaTax answered: {said}")),
        4 => Failure::NotFound,
        number if SLOW_DOWN.contains(&number) => Failure::NotDone(format!("AvaTax is too busy: {said}")),
        44 | 50 | 209 | 500 | 1502 => Failure::Unclear(format!("AvaTax failed: {said}")),
        _ => match status {
            401 => Failure::Unauthorized(format!("AvaTax refused the credentials: {said}")),
            403 => Failure::Forbidden(format!("AvaTax refused access: {said}")),
            404 => Failure::NotFound,
            409 => Failure::MaybeExists(format!("AvaTax answered: {said}")),
            429 => Failure::NotDone(format!("AvaTax is too busy: {said}")),
            408 | 500.. => Failure::Unclear(format!("AvaTax failed with {status}: {said}")),
            _ => Failure::Refused(code, text),
        },
    }
}

/// A foreign text, shortened and without control characters.
fn quote(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(QUOTE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Response, SendError> {
        Ok(Response { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    fn error(number: i64, code: &str) -> String {
        format!(
            r#"{{"error":{{"code":"{code}","message":"m","details":[{{"code":"{code}","number":{number},"message":"m"}}]}}}}"#
        )
    }

    #[test]
    fn an_html_page_after_a_write_is_unclear() {
        assert!(matches!(judge(answer(502, "<html>bad gateway</html>")), Err(Failure::Unclear(_))));
    }

    #[test]
    fn the_code_in_the_body_decides_before_the_status() {
        assert!(matches!(
            judge(answer(400, &error(1205, "CertificatesNotSetup"))),
            Err(Failure::NotProvisioned(_))
        ));
        assert!(matches!(judge(answer(400, &error(193, "DuplicateEntry"))), Err(Failure::MaybeExists(_))));
        assert!(matches!(judge(answer(400, &error(5, "ValueRequiredError"))), Err(Failure::Refused(..))));
        assert!(matches!(judge(answer(404, &error(4, "EntityNotFoundError"))), Err(Failure::NotFound)));
    }

    #[test]
    fn credentials_and_rights_end_a_run() {
        let wrong = judge(answer(401, &error(30, "AuthenticationException"))).unwrap_err();
        assert!(matches!(wrong.fatal(), Some(Error::Unauthorized(_))));
        let denied = judge(answer(403, &error(31, "AuthorizationException"))).unwrap_err();
        assert!(matches!(denied.fatal(), Some(Error::Forbidden(_))));
    }

    #[test]
    fn slowing_down_is_heard_by_status_and_by_code() {
        let mut told = answer(429, "");
        if let Ok(response) = &mut told {
            response.retry_after = Some(7);
        }
        assert_eq!(slow_down(&told), Some(Some(7)));
        assert_eq!(slow_down(&answer(400, &error(1715, "RequestLimitExceeded"))), Some(None));
        assert_eq!(slow_down(&answer(400, &error(5, "ValueRequiredError"))), None);
    }

    #[test]
    fn the_wrapped_text_of_the_back_end_is_taken_out() {
        let body = r#"{"error":{"code":"CertificatesError","message":"Certificates API returned error","details":[{"code":"CertificatesError","number":1203,"message":"Certificates API returned error","description":"{\"success\":false,\"code\":\"1\",\"error\":{\"pdf\":[\"Not a PDF.\"]}}."}]}}"#;
        let Err(Failure::MaybeExists(text)) = judge(answer(400, body)) else {
            panic!("not seen as maybe stored")
        };
        assert!(text.contains("Not a PDF."), "{text}");
    }
}
