//! Text of documents. The seam at which a recognition engine is put in.

use crate::model::ocr::{OcrError, Reading};

/// Turns the bytes of one document into words. Blocking: the host calls it on a thread for blocking work.
pub trait Ocr: Send + Sync {
    /// Reads a document; `media_type` was judged from its first bytes.
    fn read(&self, bytes: &[u8], media_type: &str) -> Result<Reading, OcrError>;
}
