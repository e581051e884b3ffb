//! One request to the API, taken apart.
//!
//! The server collects everything an operation may need (path parts decoded as one segment each, query, body, time)
//! into a [`Call`], so that operations are plain functions over plain data. The authorization header does not get in
//! here: it is checked before and forgotten.

use bytes::Bytes;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

use crate::{
    config::SimConfig,
    definitions::Definitions,
    error::{ApiError, ApiResult, JSON_FORMAT, MODEL_REQUIRED, MODEL_STATE_INVALID},
};

/// A file that came as multipart form data.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) name: Option<String>,
    pub(crate) bytes: Bytes,
}

/// What does not change while the stand-in runs.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) config: SimConfig,
    pub(crate) definitions: Definitions,
}

/// How the caller proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    LicenseKey,
    Bearer,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) identity: Option<Identity>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) upload: Option<Upload>,
    pub(crate) now: Timestamp,
    /// A number of this request's own, for whatever is left to chance.
    pub(crate) dice: u64,
    /// Scheme, host and path of the request, for links to further pages.
    pub(crate) address: String,
}

impl Call {
    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> ApiResult<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .ok_or_else(|| ApiError::required(name))
    }

    /// A part of the path that is a number. What is no number cannot be found.
    pub(crate) fn number(&self, name: &str, what: &str) -> ApiResult<u64> {
        let text = self.param(name)?;
        text.parse().map_err(|_ignored| ApiError::not_found(what, text))
    }

    /// A query parameter, its name in any case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> ApiResult<Value> {
        if self.body.is_empty() {
            return Err(ApiError::bad(MODEL_REQUIRED, "A body is needed.", "The request has no body."));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            ApiError::bad(JSON_FORMAT, "The body is not JSON.", format!("The body cannot be read: {error}."))
        })
    }

    /// The body as a JSON array that is not empty.
    pub(crate) fn json_rows(&self) -> ApiResult<Vec<Value>> {
        match self.json()? {
            Value::Array(rows) if rows.is_empty() => {
                Err(ApiError::bad(MODEL_REQUIRED, "A body is needed.", "The array in the body is empty."))
            }
            Value::Array(rows) => Ok(rows),
            _ => Err(model_state("The body has to be an array.")),
        }
    }

    /// Today, in UTC.
    pub(crate) fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }
}

/// Reads a value of the body as a model.
pub(crate) fn model<T: serde::de::DeserializeOwned>(value: &Value) -> ApiResult<T> {
    T::deserialize(value).map_err(|error| model_state(format!("A value has the wrong type: {error}.")))
}

fn model_state(description: impl Into<String>) -> ApiError {
    ApiError::bad(MODEL_STATE_INVALID, "The body is not what this call takes.", description)
}

/// A time as AvaTax writes it: three digits of fraction, no zone.
pub(crate) fn stamp(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_look_like_those_of_avatax() {
        let time: Timestamp = "2015-11-06T21:46:33.153987Z".parse().unwrap();
        assert_eq!(stamp(time), "2015-11-06T21:46:33.153");
    }
}
