//! Checks the values of one tenant.
//!
//! Ranges are those of `settings` in the contract, so a value that passes here is never refused by the component.
//! Credentials are picked from the untyped table by hand, because a message about them must not quote a value.

use std::{
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
};

use toml::{Spanned, Value};

use super::{ConfigError, DocumentsConfig, ErpConfig, ErpKind, TenantConfig, limits, raw};
use crate::limits::Limits;
use crate::model::tenant::{CodeSource, Delivery, Scope};
use crate::policy::{EgressPolicy, Rule};
use crate::secrets::{AccountSource, CredentialSource, SecretSource};

/// AvaTax limits a company code to 25 characters.
const MAX_COMPANY_CODE: usize = 25;
const MAX_COVER_LETTER: usize = 200;
const MAX_TENANT_NAME: usize = 64;
/// Rules of a tenant beside those of onboarding.
const MAX_RULES: usize = 100;

const CREDENTIAL_HELP: &str = "give exactly one of: account-env or account, together with license-key-env, \
     license-key-file or license-key-command; or token-env, token-file or token-command";

/// Line of a byte position, from 1.
pub(super) fn line_at(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

/// What a check needs for its messages.
pub(super) struct Checker<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) folder: &'a Path,
    pub(super) tenant: &'a str,
    pub(super) ceiling: &'a Limits,
}

impl Checker<'_> {
    /// Checks everything of a tenant.
    pub(super) fn tenant(&self, tenant: Spanned<raw::Tenant>) -> Result<TenantConfig, ConfigError> {
        let place = tenant.span();
        let usable = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.tenant.is_empty() || self.tenant.len() > MAX_TENANT_NAME || !self.tenant.chars().all(usable) {
            return Err(self.invalid(
                place,
                format!(
                    "name a tenant with 1 to {MAX_TENANT_NAME} of the letters a to z, digits, `-` and `_`"
                ),
            ));
        }
        let tenant = tenant.into_inner();
        let erp_place = tenant.erp.span();
        let erp = tenant.erp.into_inner();
        if erp.queries.is_some() && erp.kind != ErpKind::Sqlite {
            return Err(self
                .invalid(erp_place, "`queries` belongs to an ERP of kind \"sqlite\"; leave it out".into()));
        }
        let attachments = match &tenant.documents.attachments {
            Some(wanted) if *wanted.get_ref() && erp.kind != ErpKind::Sqlite => {
                return Err(self.invalid(
                    wanted.span(),
                    "only an ERP of kind \"sqlite\" has attachments; leave `attachments` out and name a `folder`".into(),
                ));
            }
            Some(wanted) => *wanted.get_ref(),
            None => erp.kind == ErpKind::Sqlite,
        };
        let data_dir = tenant.data_dir.unwrap_or_else(|| Path::new("onboarding-data").join(self.tenant));
        Ok(TenantConfig {
            name: self.tenant.to_owned(),
            base_url: self.base_url(&tenant.base_url, tenant.allow_loopback)?,
            company_code: self.words("company-code", tenant.company_code, MAX_COMPANY_CODE)?,
            company_id: match tenant.company_id {
                Some(id) if *id.get_ref() == 0 => {
                    return Err(self.invalid(
                        id.span(),
                        "`company-id` is a number from 1; leave it out if unknown".into(),
                    ));
                }
                other => other.map(Spanned::into_inner),
            },
            allow_loopback: tenant.allow_loopback,
            code_source: match tenant.code_source {
                raw::CodeSource::TaxEngineCode => CodeSource::TaxEngineCode,
                raw::CodeSource::Code => CodeSource::Code,
                raw::CodeSource::Id => CodeSource::Id,
            },
            scope: match tenant.scope {
                raw::Scope::All => Scope::All,
                raw::Scope::Exempt => Scope::Exempt,
            },
            delivery: match tenant.delivery {
                raw::Delivery::Email => Delivery::Email,
                raw::Delivery::Link => Delivery::Link,
            },
            cover_letter: match tenant.cover_letter {
                Some(title) => self.words("cover-letter", title, MAX_COVER_LETTER)?,
                None => "STANDARD_REQUEST".to_owned(),
            },
            page_size: self.number("page-size", tenant.page_size, 500, 1..=1000)?,
            batch_size: self.number("batch-size", tenant.batch_size, 25, 1..=100)?,
            window: self.number("window", tenant.window, 16, 1..=64)?,
            patience_seconds: self.number("patience-seconds", tenant.patience_seconds, 180, 1..=86_400)?,
            settling_seconds: self.number("settling-seconds", tenant.settling_seconds, 10, 0..=600)?,
            seller_names: self.seller_names(tenant.seller_names)?,
            terms: self.terms(tenant.terms)?,
            allow: self.allow(tenant.allow)?,
            limits: self.limits(tenant.limits)?,
            data_dir: self.folder.join(data_dir),
            credentials: self.credentials(&tenant.credentials)?,
            erp: ErpConfig {
                kind: erp.kind,
                path: self.folder.join(erp.path),
                queries: erp.queries.map(|path| self.folder.join(path)),
            },
            documents: DocumentsConfig {
                folder: tenant.documents.folder.map(|path| self.folder.join(path)),
                attachments,
            },
        })
    }

    fn allow(&self, rules: Option<Spanned<Vec<Spanned<String>>>>) -> Result<Vec<Rule>, ConfigError> {
        let rules = rules.map(Spanned::into_inner).unwrap_or_default();
        if let Some(first_too_many) = rules.get(MAX_RULES) {
            let message = format!("`allow` has {} rules; at most {MAX_RULES} are possible", rules.len());
            return Err(self.invalid(first_too_many.span(), message));
        }
        let rule = |text: Spanned<String>| {
            text.get_ref().parse().map_err(|error: crate::policy::RuleError| {
                self.invalid(text.span(), format!("`allow` holds no rule here: {error}"))
            })
        };
        rules.into_iter().map(rule).collect()
    }

    fn limits(&self, table: Option<limits::Table>) -> Result<Limits, ConfigError> {
        limits::check(table, self.ceiling)
            .map(|limits| limits.effective(self.ceiling))
            .map_err(|(place, message)| self.invalid(place, message))
    }

    fn base_url(&self, value: &Spanned<String>, allow_loopback: bool) -> Result<String, ConfigError> {
        let fail = |message: &str| Err(self.invalid(value.span(), message.to_owned()));
        let Ok(url) = url::Url::parse(value.get_ref()) else {
            return fail("`base-url` is not a URL; write it like \"https://sandbox-rest.avatax.com\"");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return fail("`base-url` must not hold a user name or password; use the `credentials` table");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return fail("`base-url` is scheme and host only; leave out the path and what follows it");
        }
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => return fail("`base-url` names no host"),
        };
        let origin = url.as_str().trim_end_matches('/').to_owned();
        match url.scheme() {
            _ if loopback && !allow_loopback => fail(
                "`base-url` is this machine; that is for a stand-in only: set `allow-loopback = true` if you mean it",
            ),
            // Hosts are written in more ways than the policy takes, which has the last word when a request leaves.
            "https" | "http" if loopback || url.scheme() == "https" => {
                match EgressPolicy::avatax(&origin, allow_loopback) {
                    Ok(_) => Ok(origin),
                    Err(_) => fail("`base-url` names a host that is neither a plain name nor an address"),
                }
            }
            _ => fail(
                "`base-url` has to begin with https://; plain http is for a stand-in on this machine only",
            ),
        }
    }

    pub(super) fn words(
        &self,
        key: &str,
        value: Spanned<String>,
        most: usize,
    ) -> Result<String, ConfigError> {
        let text = value.get_ref().trim();
        if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
            return Err(
                self.invalid(value.span(), format!("`{key}` has to be 1 to {most} characters on one line"))
            );
        }
        Ok(text.to_owned())
    }

    fn number(
        &self,
        key: &str,
        value: Option<Spanned<u32>>,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, ConfigError> {
        let Some(value) = value else { return Ok(default) };
        if range.contains(value.get_ref()) {
            return Ok(value.into_inner());
        }
        let message =
            format!("`{key}` is {}; it has to be from {} to {}", value.get_ref(), range.start(), range.end());
        Err(self.invalid(value.span(), message))
    }

    fn credentials(&self, value: &Spanned<Value>) -> Result<CredentialSource, ConfigError> {
        let fail = |message: String| Err(self.invalid(value.span(), message));
        let Value::Table(table) = value.get_ref() else {
            return fail(format!("`credentials` has to be a table: {CREDENTIAL_HELP}"));
        };
        for key in table.keys() {
            match key.as_str() {
                "account"
                | "account-env"
                | "license-key-env"
                | "license-key-file"
                | "license-key-command"
                | "token-env"
                | "token-file"
                | "token-command" => {}
                "license-key" | "licence-key" | "password" | "token" | "key" | "secret" | "bearer" => {
                    return fail(format!(
                        "`{key}` would put a secret into this file, so it is refused. Remove it (and renew it if the \
                         file was shared), then {CREDENTIAL_HELP}"
                    ));
                }
                _ => return fail(format!("`credentials` does not know one of its keys; {CREDENTIAL_HELP}")),
            }
        }
        let account = match (self.text(value, table, "account")?, self.text(value, table, "account-env")?) {
            (Some(account), None) => Some(AccountSource::Literal(account)),
            (None, Some(variable)) => Some(AccountSource::Env(variable)),
            (None, None) => None,
            (Some(_), Some(_)) => return fail("give `account` or `account-env`, not both".into()),
        };
        let license_key = self.secret(value, table, "license-key")?;
        let token = self.secret(value, table, "token")?;
        match (account, license_key, token) {
            (Some(account), Some(license_key), None) => Ok(CredentialSource::Basic { account, license_key }),
            (None, None, Some(token)) => Ok(CredentialSource::Bearer(token)),
            _ => fail(format!("`credentials` are not complete or too many: {CREDENTIAL_HELP}")),
        }
    }

    fn secret(
        &self,
        place: &Spanned<Value>,
        table: &toml::Table,
        name: &str,
    ) -> Result<Option<SecretSource>, ConfigError> {
        let env = self.text(place, table, &format!("{name}-env"))?.map(SecretSource::Env);
        let file = self
            .text(place, table, &format!("{name}-file"))?
            .map(|path| SecretSource::File(self.folder.join(PathBuf::from(path))));
        let key = format!("{name}-command");
        let command = match table.get(&key) {
            None => None,
            Some(Value::Array(parts)) if !parts.is_empty() => {
                let words: Option<Vec<String>> =
                    parts.iter().map(|part| part.as_str().map(str::to_owned)).collect();
                match words {
                    Some(words) => Some(SecretSource::Command(words)),
                    None => return Err(self.bad_command(place, &key)),
                }
            }
            Some(_) => return Err(self.bad_command(place, &key)),
        };
        let mut given = [env, file, command].into_iter().flatten();
        match (given.next(), given.next()) {
            (_, Some(_)) => Err(self.invalid(
                place.span(),
                format!("give only one of `{name}-env`, `{name}-file` and `{name}-command`"),
            )),
            (one, None) => Ok(one),
        }
    }

    fn bad_command(&self, place: &Spanned<Value>, key: &str) -> ConfigError {
        self.invalid(
            place.span(),
            format!("`{key}` has to be a list of texts, the program first, then its arguments"),
        )
    }

    fn text(
        &self,
        place: &Spanned<Value>,
        table: &toml::Table,
        key: &str,
    ) -> Result<Option<String>, ConfigError> {
        match table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Some(_) => Err(self.invalid(place.span(), format!("`{key}` has to be a text that is not empty"))),
        }
    }

    pub(super) fn invalid(&self, place: Range<usize>, message: String) -> ConfigError {
        ConfigError::Invalid {
            path: self.path.to_path_buf(),
            line: line_at(self.text, place.start),
            tenant: crate::error::plain(self.tenant, MAX_TENANT_NAME),
            message,
        }
    }
}
