//! A host's tenants from one file, `onboard.toml`.
//!
//! The file says where things are and never what a secret is: credentials are named by the environment variable,
//! file or command that holds them, and a literal key is refused before anything else happens. Reading goes in two
//! steps: serde turns the text into `raw` structures that know their place in the file, then every value is checked
//! here, so that whoever holds a [`Config`] holds one that can be used. Messages never repeat values of the
//! `credentials` table. Relative paths are relative to the folder of the file.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::limits::Limits;
use crate::model::tenant::{CodeSource, Delivery, Scope, Settings, Term};
use crate::policy::Rule;
use crate::secrets::CredentialSource;

mod check;
mod limits;
mod raw;
mod reader;
mod terms;
#[cfg(test)]
mod tests;

pub use reader::{ReaderConfig, ReaderMode, RecognitionEngine};

/// Largest configuration file that is read.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A configuration file that was read and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read from.
    pub path: PathBuf,
    /// The component to run, if the file names one.
    pub component: Option<PathBuf>,
    /// How documents are read.
    pub reader: ReaderConfig,
    /// What no call of any tenant may exceed.
    pub ceiling: Limits,
    tenants: BTreeMap<String, TenantConfig>,
}

/// One tenant as the file describes it.
#[derive(Debug, Clone)]
pub struct TenantConfig {
    /// Name of the tenant: letters, digits, `-` and `_`.
    pub name: String,
    /// Base URL of AvaTax without a path and without a slash at the end.
    pub base_url: String,
    /// AvaTax company code.
    pub company_code: String,
    /// AvaTax company id, where the file pins it.
    pub company_id: Option<u64>,
    /// Whether AvaTax may be a stand-in on this machine.
    pub allow_loopback: bool,
    /// Which ERP value is the customer code.
    pub code_source: CodeSource,
    /// Which customers are created.
    pub scope: Scope,
    /// How invitations are delivered.
    pub delivery: Delivery,
    /// Title of the CertExpress cover letter.
    pub cover_letter: String,
    /// Rows of an ERP page.
    pub page_size: u32,
    /// Customers in one request.
    pub batch_size: u32,
    /// Requests in flight.
    pub window: u32,
    /// Longest wait for invitations or set-up, in seconds.
    pub patience_seconds: u32,
    /// How long AvaTax may take to show what it has stored, in seconds. Default 10.
    pub settling_seconds: u32,
    /// Names under which the company sells.
    pub seller_names: Vec<String>,
    /// Terms of certificates that name no last day and whose state sets none.
    pub terms: Vec<Term>,
    /// Requests that are allowed beside those of onboarding.
    pub allow: Vec<Rule>,
    /// What a call may use up; within the host's ceiling.
    pub limits: Limits,
    /// Folder of the journal, of what was read, and the reports.
    pub data_dir: PathBuf,
    /// Where the credentials are kept.
    pub credentials: CredentialSource,
    /// Where customers come from.
    pub erp: ErpConfig,
    /// Where certificate documents come from.
    pub documents: DocumentsConfig,
}

/// Kind of ERP data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErpKind {
    /// A SQLite database, read through a query pack.
    Sqlite,
    /// A folder of Apache OFBiz entity-engine XML.
    Ofbiz,
    /// Answers of QuickBooks Online customer queries, a file or a folder.
    Quickbooks,
}

/// Where customers come from.
#[derive(Debug, Clone)]
pub struct ErpConfig {
    /// What lies at `path`.
    pub kind: ErpKind,
    /// A file or a folder.
    pub path: PathBuf,
    /// Query pack for `sqlite`; none takes the built-in one.
    pub queries: Option<PathBuf>,
}

/// Where certificate documents come from.
#[derive(Debug, Clone)]
pub struct DocumentsConfig {
    /// A folder of files.
    pub folder: Option<PathBuf>,
    /// Whether the ERP's attachments are documents.
    pub attachments: bool,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error(
        "the configuration {path} could not be read ({source}); create it, or name another one with --config"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("the configuration {path} is larger than {MAX_FILE_BYTES} bytes, so it is not taken for one")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The text is not TOML, or not of the expected shape.
    #[error("{path}, line {line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A value of a table of the host cannot be used.
    #[error("{path}, line {line}, table `{table}`: {message}")]
    Host {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// `reader` or `limits`.
        table: &'static str,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// A value cannot be used.
    #[error("{path}, line {line}, tenant `{tenant}`: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Tenant that the value belongs to.
        tenant: String,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// There is no tenant in the file.
    #[error("{path} describes no tenant; add a table [tenants.NAME]")]
    NoTenant {
        /// The file.
        path: PathBuf,
    },
    /// There are several tenants and none was named.
    #[error("{path} describes several tenants; choose one with --tenant: {known}")]
    WhichTenant {
        /// The file.
        path: PathBuf,
        /// Names, separated by commas.
        known: String,
    },
    /// There is no tenant of that name.
    #[error("{path} has no tenant `{name}`; it has: {known}")]
    UnknownTenant {
        /// The file.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// Names, separated by commas.
        known: String,
    },
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let read = |source| ConfigError::Read { path: path.to_path_buf(), source };
        let file = fs::File::open(path).map_err(read)?;
        let mut text = String::new();
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(read)?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(ConfigError::TooLarge { path: path.to_path_buf() });
        }
        Self::parse(&text, path)
    }

    /// Checks the text of a configuration; `path` is for messages and for resolving relative paths.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let file: raw::File = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_path_buf(),
            line: error.span().map_or(1, |span| check::line_at(text, span.start)),
            message: crate::error::plain(error.message(), 500),
        })?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let reader = match file.reader {
            Some(table) => reader::check(table, path, text, folder)?,
            None => ReaderConfig::default(),
        };
        let ceiling = limits::check(file.limits, &Limits::default()).map_err(|(place, message)| {
            let line = check::line_at(text, place.start);
            ConfigError::Host { path: path.to_path_buf(), line, table: "limits", message }
        })?;
        let mut tenants = BTreeMap::new();
        for (name, tenant) in file.tenants {
            let place = tenant.span();
            let checked: TenantConfig =
                check::Checker { path, text, folder, tenant: name.as_str(), ceiling: &ceiling }
                    .tenant(tenant)?;
            // One after the other they would go on with each other's plans.
            let same = |other: &&TenantConfig| other.data_dir == checked.data_dir;
            if let Some(other) = tenants.values().find(same) {
                let message =
                    format!("`data-dir` is that of tenant `{}`; each needs one of its own", other.name);
                let line = check::line_at(text, place.start);
                return Err(ConfigError::Invalid { path: path.to_path_buf(), line, tenant: name, message });
            }
            tenants.insert(name, checked);
        }
        Ok(Self {
            path: path.to_path_buf(),
            component: file.component.map(|path| folder.join(path)),
            reader,
            ceiling,
            tenants,
        })
    }

    /// The named tenant, or the only one.
    pub fn tenant(&self, name: Option<&str>) -> Result<&TenantConfig, ConfigError> {
        let path = || self.path.clone();
        let known = || self.names().collect::<Vec<_>>().join(", ");
        match name {
            _ if self.tenants.is_empty() => Err(ConfigError::NoTenant { path: path() }),
            Some(name) => self.tenants.get(name).ok_or_else(|| ConfigError::UnknownTenant {
                path: path(),
                name: name.chars().take(64).collect(),
                known: known(),
            }),
            None => match self.tenants.values().next() {
                Some(only) if self.tenants.len() == 1 => Ok(only),
                _ => Err(ConfigError::WhichTenant { path: path(), known: known() }),
            },
        }
    }

    /// Names of all tenants, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tenants.keys().map(String::as_str)
    }
}

impl TenantConfig {
    /// What the component gets to know.
    pub fn settings(&self, today: jiff::civil::Date) -> Settings {
        Settings {
            base_url: self.base_url.clone(),
            company_code: self.company_code.clone(),
            code_source: self.code_source,
            scope: self.scope,
            delivery: self.delivery,
            cover_letter: self.cover_letter.clone(),
            page_size: self.page_size,
            batch_size: self.batch_size,
            window: self.window,
            patience: self.patience_seconds,
            settling: self.settling_seconds,
            today: today.to_string(),
            seller_names: self.seller_names.clone(),
            terms: self.terms.clone(),
        }
    }
}
