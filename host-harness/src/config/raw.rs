//! The shape of `onboard.toml`, before its values are checked.
//!
//! Field names are the keys of the file. Values that are checked later keep their span, so that a message can name
//! the line. The `credentials` table stays untyped on purpose: serde would quote a misplaced secret in its message.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{
    ErpKind, limits,
    reader::{ReaderMode, RecognitionEngine},
};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) component: Option<PathBuf>,
    pub(super) reader: Option<Reader>,
    pub(super) limits: Option<limits::Table>,
    #[serde(default)]
    pub(super) tenants: BTreeMap<String, Spanned<Tenant>>,
}

/// The table `[reader]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Reader {
    #[serde(default)]
    pub(super) mode: ReaderMode,
    #[serde(default)]
    pub(super) engine: RecognitionEngine,
    pub(super) models: Option<PathBuf>,
    pub(super) tesseract: Option<Spanned<String>>,
    pub(super) threads: Option<Spanned<u32>>,
    pub(super) deadline_seconds: Option<Spanned<u32>>,
    pub(super) component: Option<PathBuf>,
}

/// A table `[tenants.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Tenant {
    pub(super) base_url: Spanned<String>,
    pub(super) company_code: Spanned<String>,
    pub(super) company_id: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) allow_loopback: bool,
    #[serde(default)]
    pub(super) code_source: CodeSource,
    #[serde(default)]
    pub(super) scope: Scope,
    #[serde(default)]
    pub(super) delivery: Delivery,
    pub(super) cover_letter: Option<Spanned<String>>,
    pub(super) page_size: Option<Spanned<u32>>,
    pub(super) batch_size: Option<Spanned<u32>>,
    pub(super) window: Option<Spanned<u32>>,
    pub(super) patience_seconds: Option<Spanned<u32>>,
    pub(super) settling_seconds: Option<Spanned<u32>>,
    pub(super) seller_names: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) terms: Option<Spanned<Vec<Spanned<Term>>>>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) allow: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) limits: Option<limits::Table>,
    pub(super) credentials: Spanned<toml::Value>,
    pub(super) erp: Spanned<Erp>,
    #[serde(default)]
    pub(super) documents: Documents,
}

/// One of `terms`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Term {
    pub(super) state: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) months: u32,
}

/// A table `[tenants.NAME.erp]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Erp {
    pub(super) kind: ErpKind,
    pub(super) path: PathBuf,
    pub(super) queries: Option<PathBuf>,
}

/// A table `[tenants.NAME.documents]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Documents {
    pub(super) folder: Option<PathBuf>,
    pub(super) attachments: Option<Spanned<bool>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CodeSource {
    #[default]
    TaxEngineCode,
    Code,
    Id,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scope {
    #[default]
    All,
    Exempt,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Delivery {
    #[default]
    Email,
    Link,
}
