//! The answers of the stand-in when it says no, and the errors of the stand-in itself.
//!
//! AvaTax wraps every refusal in one envelope: a leading code, a target, and a list of details with number, texts,
//! fault and severity. [`ApiError`] holds the details and renders that envelope. Code names and numbers are those of
//! AvaTax, the texts are our own, so a client that reads texts instead of codes is found out. [`SimError`] is what
//! goes wrong around the server: binding the address, reading or writing the state file.

use std::{net::SocketAddr, path::PathBuf};

use axum::http::StatusCode;
use serde_json::{Value, json};

/// A code of AvaTax with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) &'static str, pub(crate) u32);

pub(crate) const ENTITY_NOT_FOUND: Code = Code("EntityNotFoundError", 4);
pub(crate) const VALUE_REQUIRED: Code = Code("ValueRequiredError", 5);
pub(crate) const ENTITY_LIMIT_EXCEEDED: Code = Code("EntityLimitExceeded", 10);
pub(crate) const MAX_STRING_LENGTH: Code = Code("MaxStringLengthError", 14);
pub(crate) const EMAIL_VALIDATION: Code = Code("EmailValidationError", 15);
pub(crate) const INVALID_QUERY_FIELD: Code = Code("InvalidQueryField", 17);
pub(crate) const INVALID_QUERY_VALUE: Code = Code("InvalidQueryValue", 18);
pub(crate) const AUTHENTICATION: Code = Code("AuthenticationException", 30);
pub(crate) const AUTHORIZATION: Code = Code("AuthorizationException", 31);
pub(crate) const VALIDATION: Code = Code("ValidationException", 32);
pub(crate) const AUTHENTICATION_INCOMPLETE: Code = Code("AuthenticationIncomplete", 34);
pub(crate) const BASIC_AUTH_INCORRECT: Code = Code("BasicAuthIncorrect", 35);
pub(crate) const BEARER_TOKEN_INVALID: Code = Code("BearerTokenInvalid", 37);
pub(crate) const MODEL_REQUIRED: Code = Code("ModelRequiredException", 38);
pub(crate) const JSON_FORMAT: Code = Code("JsonFormatError", 47);
pub(crate) const MODEL_STATE_INVALID: Code = Code("ModelStateInvalid", 70);
pub(crate) const INVALID_COUNTRY: Code = Code("InvalidCountry", 125);
pub(crate) const INVALID_COUNTRY_REGION: Code = Code("InvalidCountryRegion", 126);
pub(crate) const DUPLICATE_ENTITY_PROPERTY: Code = Code("DuplicateEntityProperty", 149);
pub(crate) const INVALID_PAGE_KEY: Code = Code("InvalidPageKey", 170);
pub(crate) const REQUEST_TOO_LARGE: Code = Code("RequestTooLarge", 187);
pub(crate) const DUPLICATE_ENTRY: Code = Code("DuplicateEntry", 193);
pub(crate) const INTERNAL_SERVER_ERROR: Code = Code("InternalServerError", 209);
pub(crate) const CERTIFICATES: Code = Code("CertificatesError", 1203);
pub(crate) const MISSING_REQUIRED_FIELDS: Code = Code("MissingRequiredFields", 1204);
pub(crate) const CERTIFICATES_NOT_SETUP: Code = Code("CertificatesNotSetup", 1205);
pub(crate) const MISSING_FIELD_FOR_ZONE: Code = Code("MissingFieldToCreateExposureZone", 1209);
pub(crate) const MISSING_EXEMPT_REASON: Code = Code("MissingExemptReason", 1210);
pub(crate) const INVALID_EXEMPT_REASON: Code = Code("InvalidExemptReason", 1211);
pub(crate) const INVALID_EXEMPTION_OPERATION: Code = Code("InvalidExemptionOperation", 1212);
pub(crate) const CONFLICTING_FIELDS: Code = Code("ConflictingFields", 1213);
pub(crate) const INVALID_PDF_OR_IMAGE: Code = Code("InvalidPdfOrImageFile", 1214);
pub(crate) const INVALID_COVER_LETTER_TITLE: Code = Code("InvalidCoverLetterTitle", 1215);
pub(crate) const INVALID_REQUEST_CONTENT_TYPE: Code = Code("InvalidRequestContentType", 1217);
pub(crate) const EXEMPTION_PAGINATION_LIMITS: Code = Code("ExemptionPaginationLimits", 1218);
pub(crate) const EXEMPTION_SORT_LIMITS: Code = Code("ExemptionSortLimits", 1219);
pub(crate) const BOTH_SHIP_AND_BILL: Code = Code("CustomerCantBeBothShipToAndBillTo", 1220);
pub(crate) const REQUEST_LIMIT_EXCEEDED: Code = Code("RequestLimitExceeded", 1715);
pub(crate) const CONCURRENT_REQUEST_LIMIT_EXCEEDED: Code = Code("ConcurrentRequestLimitExceeded", 1716);
pub(crate) const SERVICE_NOT_READY: Code = Code("ServiceNotReady", 1718);
pub(crate) const RATE_LIMIT_EXCEEDED_ERROR: Code = Code("RateLimitExceededError", 1723);
pub(crate) const RATE_LIMIT_EXCEEDED: Code = Code("RateLimitExceeded", 4011);
pub(crate) const FILE_SIZE_LIMIT: Code = Code("FileSizeLimitExceeded", 4018);
pub(crate) const INVALID_IMAGE: Code = Code("InvalidImage", 4019);

#[derive(Clone, Debug, PartialEq)]
struct Detail {
    code: Code,
    message: String,
    description: String,
}

/// A refusal in the form AvaTax gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    details: Vec<Detail>,
}

/// Result of an operation of the API.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: Code,
        message: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let detail = Detail { code, message: message.into(), description: description.into() };
        Self { status, details: vec![detail] }
    }

    /// A 400, which is what nearly every refusal is.
    pub(crate) fn bad(code: Code, message: impl Into<String>, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, description)
    }

    pub(crate) fn not_found(what: &str, key: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ENTITY_NOT_FOUND,
            format!("There is no such {what}."),
            format!("No {what} is stored under '{key}'."),
        )
    }

    /// A failure of the service itself.
    pub(crate) fn server() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            INTERNAL_SERVER_ERROR,
            "Something went wrong in the service.",
            "A simulated failure.",
        )
    }

    pub(crate) fn required(field: &str) -> Self {
        Self::bad(
            VALUE_REQUIRED,
            format!("{field} is needed."),
            format!("The request has no value for {field}."),
        )
    }

    pub(crate) fn too_long(field: &str, limit: usize) -> Self {
        Self::bad(
            MAX_STRING_LENGTH,
            format!("{field} is too long."),
            format!("{field} may have {limit} characters at most."),
        )
    }

    /// The refusal of the certificate back end, whose own JSON answer is pasted into the description with a full stop.
    pub(crate) fn certificates(field: &str, reason: &str) -> Self {
        let inner = json!({"success": false, "code": "100110", "error": {field: [reason]}});
        Self::bad(CERTIFICATES, "The certificate service reported an error.", format!("{inner}."))
    }

    /// Joins the refusals of several rows; status and leading code are those of the first.
    pub(crate) fn join(errors: Vec<Self>) -> Option<Self> {
        errors.into_iter().reduce(|mut all, next| {
            all.details.extend(next.details);
            all
        })
    }

    /// Leading code.
    pub(crate) fn code(&self) -> Code {
        self.details.first().map_or(INTERNAL_SERVER_ERROR, |detail| detail.code)
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let message = self.details.first().map_or("", |detail| detail.message.as_str());
        let details: Vec<_> = self.details.iter().map(Detail::body).collect();
        json!({"error": {"code": self.code().0, "message": message, "target": target(self.code()), "details": details}})
    }
}

impl Detail {
    fn body(&self) -> Value {
        let Code(name, number) = self.code;
        let server = self.code == CERTIFICATES_NOT_SETUP || self.code == INTERNAL_SERVER_ERROR;
        let severity = if (30..=38).contains(&number) { "Exception" } else { "Error" };
        json!({
            "code": name,
            "number": number,
            "message": self.message,
            "description": self.description,
            "faultCode": if server { "Server" } else { "Client" },
            "helpLink": format!("/avatax/errors/{name}"),
            "severity": severity,
        })
    }
}

fn target(code: Code) -> &'static str {
    match code {
        AUTHENTICATION | AUTHENTICATION_INCOMPLETE | BASIC_AUTH_INCORRECT => "HttpRequestHeaders",
        BEARER_TOKEN_INVALID => "AvalaraIdentityServer",
        AUTHORIZATION | CERTIFICATES_NOT_SETUP => "CustomerAccountSetup",
        INTERNAL_SERVER_ERROR => "AvaTaxApiServer",
        REQUEST_TOO_LARGE
        | REQUEST_LIMIT_EXCEEDED
        | INVALID_QUERY_FIELD
        | INVALID_QUERY_VALUE
        | INVALID_PAGE_KEY => "HttpRequest",
        _ => "IncorrectData",
    }
}

/// Why the stand-in could not start, or could not keep its state.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address to listen on can be reached from other machines.
    #[error(
        "{0} can be reached from other machines, and the stand-in has no real protection; \
         listen on 127.0.0.1, or allow it on purpose with --allow-remote"
    )]
    NotLoopback(SocketAddr),
    /// The address could not be bound.
    #[error(
        "cannot listen on {address}: {source}; choose another address with --listen, or port 0 for a free one"
    )]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The configuration names no company, or two with one id.
    #[error(
        "the companies of the stand-in are not usable: {0}; give each company an id of its own with --company"
    )]
    Companies(String),
    /// The state file could not be read.
    #[error(
        "cannot read the state file {path}: {source}; check its permissions, or name another with --state-file"
    )]
    ReadState {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The state file holds something else.
    #[error("the state file {path} cannot be used: {reason}; delete it to start afresh, or name another")]
    BadState {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state file could not be written.
    #[error("cannot write the state file {path}: {source}; check permissions and free space")]
    WriteState {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_end_json_ends_in_a_full_stop() {
        let body = ApiError::certificates("pdf", "no PDF").body();
        let description = body["error"]["details"][0]["description"].as_str().unwrap();
        let inner: Value = serde_json::from_str(description.strip_suffix('.').unwrap()).unwrap();
        assert_eq!(inner["error"]["pdf"][0], "no PDF");
        assert_eq!(body["error"]["code"], "CertificatesError");
    }

    #[test]
    fn joined_refusals_keep_the_first_code() {
        let joined =
            ApiError::join(vec![ApiError::not_found("customer", "A"), ApiError::required("name")]).unwrap();
        assert_eq!(joined.status, StatusCode::NOT_FOUND);
        assert_eq!(joined.body()["error"]["details"].as_array().unwrap().len(), 2);
        assert_eq!(ApiError::join(Vec::new()), None);
    }
}
