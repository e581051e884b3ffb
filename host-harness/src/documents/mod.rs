//! Certificate documents of a tenant: a folder, the ERP's attachments, or both.
//!
//! Every document has an id with a prefix that says where it lies, also when only one place is configured, so that ids
//! in the journal stay good when the other place is added. Files and blobs come from outside: their size is bounded
//! before they are read, their media type is judged from their first bytes and never from their name, and whatever
//! takes one apart is done by the [`DocumentReader`]. One document at a time is held in memory, and none is kept.

use std::{path::PathBuf, sync::Arc};

pub(crate) use document_reader::media_type;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use crate::{
    config::{DocumentsConfig, ErpConfig, ErpKind},
    erp::{self, ErpOpenError},
    model::documents::{DocumentError, DocumentPage, Rendition},
    ocr::DocumentReader,
};

pub mod attachments;
pub mod combined;
pub mod folder;
#[cfg(test)]
pub(crate) mod made;
#[cfg(test)]
mod tests;

pub use attachments::Attachments;
pub use combined::Combined;
pub use folder::Folder;

/// Largest document that is read.
pub const MAX_BYTES: u64 = 25 * 1024 * 1024;
/// Most documents of one page, as the contract says.
pub const MAX_PAGE: usize = 500;

/// Where documents lie. See the interface `documents` in `wit/onboarding.wit`.
#[async_trait::async_trait]
pub trait Documents: Send + Sync {
    /// Lists documents in order of id.
    async fn list(&self, after: Option<String>, limit: u32) -> Result<DocumentPage, DocumentError>;
    /// All bytes of a document; the host cuts them into the pieces the component asks for.
    async fn bytes(&self, id: &str, rendition: Rendition) -> Result<bytes::Bytes, DocumentError>;
}

/// Why the documents of a tenant could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsOpenError {
    /// The folder is not there or not readable.
    #[error("the documents folder {path} could not be read ({source}); create it or name another one")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ERP whose attachments are documents cannot be opened.
    #[error(transparent)]
    Erp(#[from] ErpOpenError),
}

/// Opens what a tenant's configuration names. Naming nothing is fine: then there are no documents.
pub fn open(
    config: &DocumentsConfig,
    erp: &ErpConfig,
    reader: Arc<DocumentReader>,
) -> Result<Arc<dyn Documents>, DocumentsOpenError> {
    let folder = config.folder.as_deref().map(Folder::open).transpose()?;
    let attachments = if config.attachments && erp.kind == ErpKind::Sqlite {
        // Documents do not depend on the day; only postures do.
        Attachments::new(erp::open_sql(erp, Date::default())?)
    } else {
        None
    };
    Ok(Arc::new(Combined::new(attachments, folder, reader)))
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The refusal of a document beyond the limit.
pub(crate) fn too_large(size: u64) -> DocumentError {
    DocumentError::TooLarge(format!(
        "the document has {size} bytes; the limit is {} MiB. Scan it at a lower resolution or split it",
        MAX_BYTES / 1024 / 1024
    ))
}

/// How many documents to list for a wish.
pub(crate) fn page_size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE)
}

/// Runs blocking work; work that panics on a hostile document becomes an error of that document.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DocumentError> + Send + 'static,
) -> Result<T, DocumentError> {
    let cut_short =
        |_| DocumentError::Unsupported("the document is broken in a way that stopped its reader".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(cut_short)?
}
