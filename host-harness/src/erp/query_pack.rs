//! How an ERP's schema is read: SQL statements and names, in TOML.
//!
//! The adapter knows only canonical column names; a pack holds the statements that produce them from one ERP's tables,
//! which tax groups mean exempt, and what the ERP calls the fields that speak for exemption. Reading another ERP takes
//! another pack and no code. The built-in pack belongs to the embedded default ERP and serves as the example.
//!
//! | statement | parameters | columns (`id`, and any of) |
//! |---|---|---|
//! | `customers` | `:after` (text or null), `:limit` | `code tax_engine_code name lifecycle email phone fax contact_name taxpayer_id taxable tax_group exemption_number resale_number exemption_reason entity_use_code parent` |
//! | `customers-by-id` | `:ids` (JSON array of texts) | the same |
//! | `addresses` | `:ids` | `customer_id usage line1 line2 city region postal_code country` |
//! | `exemptions` | `:ids` | `customer_id exempt country region reason entity_use_code number effective expires` |
//! | `attachments` | `:ids` | `customer_id file_name`, one row for each customer that has any |
//! | `documents` | `:after`, `:limit` | `id customer_id file_name size` |
//! | `document` | `:id` | `content size` |
//! | `count` | | one number |
//!
//! `customers` and `documents` have to be ordered by `id` and to start after `:after`.

use std::{fs, io::Read as _, path::Path};

use serde::Deserialize;

/// Largest pack that is read.
const MAX_BYTES: u64 = 256 * 1024;

/// How an ERP's schema is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct QueryPack {
    /// Name of the ERP product.
    pub product: String,
    /// Tax groups that mean exempt.
    #[serde(default)]
    pub exempt_codes: Vec<String>,
    /// What the ERP calls the fields that speak for exemption.
    pub fields: EvidenceFields,
    /// The SQL.
    pub statements: Statements,
}

/// The ERP's names of the fields behind each kind of evidence; leave out those it does not have.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EvidenceFields {
    /// Table of exemption records.
    pub exemption_record: Option<String>,
    /// Table of attached files.
    pub certificate_file: Option<String>,
    /// Exemption number.
    pub exemption_number: Option<String>,
    /// Resale number.
    pub resale_number: Option<String>,
    /// Exemption reason.
    pub exemption_reason: Option<String>,
    /// Entity/use code.
    pub entity_use_code: Option<String>,
    /// Tax group.
    pub exempt_tax_code: Option<String>,
    /// The flag whether tax is charged.
    pub non_taxable_flag: Option<String>,
}

/// The SQL of a pack. What is left out is not read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Statements {
    /// One page of customers.
    pub customers: String,
    /// Named customers.
    pub customers_by_id: String,
    /// Addresses of customers.
    pub addresses: Option<String>,
    /// Exemption records of customers.
    pub exemptions: Option<String>,
    /// Which customers have attached files.
    pub attachments: Option<String>,
    /// One page of attached files.
    pub documents: Option<String>,
    /// One attached file.
    pub document: Option<String>,
    /// Number of customers.
    pub count: Option<String>,
}

/// Why a query pack cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueryPackError {
    /// The file is not there or not readable.
    #[error("the query pack {path} could not be read ({source}); check `queries` in the configuration")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not a pack.
    #[error("the query pack {path}, line {line}: {message}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl QueryPack {
    /// The pack of the embedded default ERP.
    pub fn embedded() -> Result<Self, QueryPackError> {
        Self::parse(include_str!("packs/embedded.toml"), "embedded.toml")
    }

    /// Reads a pack from a file.
    pub fn load(path: &Path) -> Result<Self, QueryPackError> {
        let name = path.display().to_string();
        let read = |source| QueryPackError::Read { path: name.clone(), source };
        let mut text = String::new();
        fs::File::open(path).map_err(read)?.take(MAX_BYTES).read_to_string(&mut text).map_err(read)?;
        Self::parse(&text, &name)
    }

    /// Reads a pack from text; `path` is for errors.
    pub fn parse(text: &str, path: &str) -> Result<Self, QueryPackError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let position = error.span().map_or(0, |span| span.start);
            QueryPackError::Syntax {
                path: path.to_owned(),
                line: text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1,
                message: crate::error::plain(error.message(), 500),
            }
        })
    }

    /// The fields that a posture is taken from.
    pub fn exemption_fields(&self) -> Vec<String> {
        let f = &self.fields;
        [
            &f.exemption_record,
            &f.certificate_file,
            &f.exemption_number,
            &f.resale_number,
            &f.exemption_reason,
            &f.entity_use_code,
            &f.exempt_tax_code,
            &f.non_taxable_flag,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::QueryPack;

    #[test]
    fn the_embedded_pack_is_complete() {
        let pack = QueryPack::embedded().expect("readable");
        assert_eq!(pack.exempt_codes, ["EXEMPT"]);
        assert_eq!(pack.exemption_fields().len(), 8);
        let s = &pack.statements;
        assert!(s.addresses.is_some() && s.exemptions.is_some() && s.attachments.is_some());
        assert!(s.documents.is_some() && s.document.is_some() && s.count.is_some());
    }

    #[test]
    fn a_wrong_pack_names_the_line() {
        let error = QueryPack::parse("product = \"x\"\nstatments = 1\n", "my.toml").expect_err("refused");
        assert!(error.to_string().starts_with("the query pack my.toml, line 2: "), "{error}");
    }
}
