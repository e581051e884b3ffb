//! From documents to certificates in AvaTax, one for each document and state.
//!
//! A certificate's file name is made from the document's hash and the state, so that a certificate is found again by its
//! name whatever happened to the call that created it.

mod apply;
mod complete;
mod plan;

pub(crate) use apply::{apply, open, settle};
pub(crate) use plan::plan;

use crate::model::documents::{Document, DocumentError, PageRange, Rendition};
use crate::model::onboarding::Error;
use crate::ports::{Ports, documents_error};

/// Documents taken from one tenant in one run.
const DOCUMENTS_MAX: usize = 20_000;
/// Largest document that is uploaded, in bytes: it is held more than once.
pub(crate) const UPLOAD_MAX: u64 = 4 * 1024 * 1024;
/// Piece in which documents are read.
const PIECE: u32 = 1024 * 1024;

/// File name under which AvaTax keeps the certificate of a document for a state.
///
/// A document with several certificates has one name for each, told apart by the page it begins on, from 0.
fn file_name(sha256: &str, page: Option<usize>, country: &str, region: &str) -> String {
    let part = page.map(|page| format!("-p{}", page + 1)).unwrap_or_default();
    format!("{}{part}-{country}-{region}.pdf", sha256.get(..24).unwrap_or(sha256))
}

/// All documents of the tenant.
fn all_documents(ports: &Ports<'_>) -> Result<Vec<Document>, Error> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = ports.documents.list(after.as_deref(), 200).map_err(documents_error)?;
        all.extend(page.documents);
        if all.len() > DOCUMENTS_MAX {
            return Err(Error::DocumentsFailed(format!(
                "There are more than {DOCUMENTS_MAX} documents. Hand them over in several folders, one run for each."
            )));
        }
        match page.next {
            Some(next) if after.as_ref() == Some(&next) => {
                return Err(Error::DocumentsFailed("The list of documents does not go on.".to_owned()));
            }
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

/// The bytes of a document, or of some of its pages, as AvaTax takes them.
fn bytes(ports: &Ports<'_>, id: &str, pages: Option<PageRange>) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    loop {
        let piece = ports.documents.read(id, Rendition::ForUpload(pages), bytes.len() as u64, PIECE)?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece);
        // Flattening a form may make it larger than the original that was measured.
        if bytes.len() as u64 > 2 * UPLOAD_MAX {
            let most = 2 * UPLOAD_MAX / 1024 / 1024;
            return Err(DocumentError::TooLarge(format!(
                "It has more than {most} MiB when prepared for upload."
            )));
        }
    }
}
