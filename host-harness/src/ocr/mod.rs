//! Text of documents. The seam at which a recognition engine is put in.
//!
//! The reader here, [`TextReader`], takes what a PDF says in so many words: its text layer and its form fields. Pictures
//! and scans are left to whoever implements [`Ocr`] with recognition; the answer for them says so.

use crate::model::ocr::{OcrError, Reading};

mod layout;
mod page_text;
mod reader;
#[cfg(test)]
mod tests;

pub use reader::TextReader;

/// Turns the bytes of one document into words. Blocking: the host calls it on a thread for blocking work.
pub trait Ocr: Send + Sync {
    /// Reads a document; `media_type` was judged from its first bytes.
    fn read(&self, bytes: &[u8], media_type: &str) -> Result<Reading, OcrError>;
}
