//! Text of documents. The seam at which a recognition engine is put in.
//!
//! Reading has two halves. Taking a file apart is the business of the crate `document-reader`, which runs either inside
//! a sandbox of its own, the default, or natively; [`DocumentReader`] is both behind the same few functions, and one of
//! them serves all tenants of a host. Turning pictures into words is the business of [`Recognition`], which always runs
//! in the host and sees nothing but grey pixels. [`TenantReader`] adds the memory of a tenant, so that no document is
//! read twice.
//!
//! A vendor with an engine of their own implements [`Ocr`] for whole documents, or gives a
//! [`Recogniser`](document_reader::model::Recogniser) for pictures.
//!
//! | what | module |
//! |---|---|
//! | native or sandboxed, and how many at once | `reader`, `native`, `sandbox` |
//! | pictures to words | `recognition` |
//! | into the shapes and bounds of the contract | `contract` |
//! | what was read before | `cache`, `tenant` |

use crate::model::ocr::{OcrError, Reading};

mod cache;
mod contract;
mod native;
mod reader;
mod recognition;
mod sandbox;
mod tenant;
#[cfg(test)]
mod tests;

pub use cache::ReadingCache;
pub use reader::{DocumentReader, PageRange, ReadError, ReaderMode, ReaderOptions};
pub use recognition::Recognition;
pub use tenant::TenantReader;

/// Turns the bytes of one document into words. Blocking: the host calls it on a thread for blocking work.
pub trait Ocr: Send + Sync {
    /// Reads a document; `media_type` was judged from its first bytes.
    fn read(&self, bytes: &[u8], media_type: &str) -> Result<Reading, OcrError>;
}
