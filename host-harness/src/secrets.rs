//! The AvaTax credentials of a tenant.
//!
//! They are read once, when the tenant is set up, from environment variables, a file or the output of a command, and
//! become the value of the `Authorization` header. Only [`crate::http`] asks for that value, after the egress policy
//! has allowed a request; the component has no way to it. No error and no debug output holds a value: they name the
//! variable, file or command.

mod place;

use std::{path::PathBuf, sync::Arc};

use base64::Engine as _;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use self::place::{secret, variable};

/// Where the AvaTax credentials are kept. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// Account and license key.
    Basic {
        /// The account id.
        account: AccountSource,
        /// The license key.
        license_key: SecretSource,
    },
    /// A bearer token.
    Bearer(SecretSource),
}

/// Where the account id is; it is no secret, so it may stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountSource {
    /// The account id itself.
    Literal(String),
    /// Name of an environment variable.
    Env(String),
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Name of an environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// A program and its arguments; the secret is what it prints.
    Command(Vec<String>),
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretError {
    /// A variable is missing or empty.
    #[error("The environment variable {0} is not set. Set it to the AvaTax credential it stands for.")]
    Variable(String),
    /// A file cannot be read.
    #[error("The credential file {} could not be read: {reason}.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A command did not deliver.
    #[error("The credential command `{command}` did not give a credential: {reason}.")]
    Command {
        /// The program.
        command: String,
        /// Why.
        reason: String,
    },
    /// The value has the wrong shape.
    #[error("The credential from {origin} is not usable: {reason}.")]
    Shape {
        /// Variable, file or command.
        origin: String,
        /// What is wrong, without the value.
        reason: &'static str,
    },
}

/// Credentials, ready to be sent. Cheap to clone.
#[derive(Clone)]
pub struct Credentials {
    header: Arc<HeaderValue>,
    scheme: &'static str,
}

impl Credentials {
    /// Account id and license key, or user name and password.
    ///
    /// # Errors
    /// When the account is empty or holds a colon, or either holds control characters.
    pub fn basic(account: &str, key: SecretString) -> Result<Self, SecretError> {
        Self::basic_from(account, &key, "the configuration")
    }

    /// A bearer token.
    ///
    /// # Errors
    /// When the token is empty or holds characters that cannot stand in a header.
    pub fn bearer(token: SecretString) -> Result<Self, SecretError> {
        Self::bearer_from(&token, "the configuration")
    }

    /// Reads credentials from where they are kept.
    ///
    /// # Errors
    /// When they are not there or not usable; the error names the place.
    pub fn load(source: &CredentialSource) -> Result<Self, SecretError> {
        match source {
            CredentialSource::Basic { account, license_key } => {
                let account = match account {
                    AccountSource::Literal(account) => account.clone(),
                    AccountSource::Env(name) => variable(name)?.expose_secret().to_owned(),
                };
                Self::basic_from(&account, &secret(license_key)?, &license_key.to_string())
            }
            CredentialSource::Bearer(token) => Self::bearer_from(&secret(token)?, &token.to_string()),
        }
    }

    /// The value of the `Authorization` header, marked so that it is never logged or indexed.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        HeaderValue::clone(&self.header)
    }

    fn basic_from(account: &str, key: &SecretString, origin: &str) -> Result<Self, SecretError> {
        let shape = |reason| SecretError::Shape { origin: origin.to_owned(), reason };
        if account.is_empty() || key.expose_secret().is_empty() {
            return Err(shape("the account or the license key is empty"));
        }
        if account.contains(':') {
            return Err(shape("the account holds a colon"));
        }
        if account.chars().chain(key.expose_secret().chars()).any(char::is_control) {
            return Err(shape("it holds control characters"));
        }
        let pair = SecretString::from(format!("{account}:{}", key.expose_secret()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
        Self::from_header(&format!("Basic {encoded}").into(), "basic").ok_or_else(|| shape("it is too long"))
    }

    fn bearer_from(token: &SecretString, origin: &str) -> Result<Self, SecretError> {
        let shape = |reason| SecretError::Shape { origin: origin.to_owned(), reason };
        let value = token.expose_secret();
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(shape("a token has to be of printable characters without spaces"));
        }
        Self::from_header(&format!("Bearer {value}").into(), "bearer").ok_or_else(|| shape("it is too long"))
    }

    fn from_header(value: &SecretString, scheme: &'static str) -> Option<Self> {
        let mut header = HeaderValue::from_str(value.expose_secret()).ok()?;
        header.set_sensitive(true);
        Some(Self { header: Arc::new(header), scheme })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, redacted)", self.scheme)
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(line) => {
                write!(f, "the command `{}`", line.first().map(String::as_str).unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_and_a_key_become_a_basic_header_that_is_marked_sensitive() {
        let credentials = Credentials::basic("2000000001", "KEY123".into()).unwrap();
        let header = credentials.authorization();
        assert_eq!(header, "Basic MjAwMDAwMDAwMTpLRVkxMjM=");
        assert!(header.is_sensitive());
    }

    #[test]
    fn debug_output_shows_no_value() {
        let credentials = Credentials::bearer("token-value".into()).unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(bearer, redacted)");
    }

    fn with_key(license_key: SecretSource) -> Result<Credentials, SecretError> {
        Credentials::load(&CredentialSource::Basic {
            account: AccountSource::Literal("200".to_owned()),
            license_key,
        })
    }

    #[test]
    fn a_key_in_a_file_is_taken_without_the_line_feed_at_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "KEY\n").unwrap();
        assert_eq!(with_key(SecretSource::File(path)).unwrap().authorization(), "Basic MjAwOktFWQ==");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let source = CredentialSource::Bearer(SecretSource::Env("ONBOARDING_TEST_NOT_SET".to_owned()));
        assert_eq!(
            Credentials::load(&source).unwrap_err(),
            SecretError::Variable("ONBOARDING_TEST_NOT_SET".to_owned())
        );
    }

    #[test]
    fn no_error_holds_the_value() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credential");
        let bearer = || Credentials::load(&CredentialSource::Bearer(SecretSource::File(path.clone())));
        let basic = || with_key(SecretSource::File(path.clone()));
        for (wrong, load) in [
            ("a:hunt\u{7}er2", &basic as &dyn Fn() -> Result<Credentials, SecretError>),
            ("hunt er2", &bearer),
        ] {
            std::fs::write(&path, wrong).unwrap();
            let error = load().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunt"), "{shown}");
            assert!(shown.contains("credential"), "{shown}");
        }
    }
}
