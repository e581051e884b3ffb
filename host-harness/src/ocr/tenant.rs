//! The reader of one tenant: the host's reader and the tenant's memory of what it read.

use std::sync::Arc;

use document_reader::{PagePicture, model::Finding};

use super::{
    Ocr,
    cache::ReadingCache,
    contract,
    reader::{DocumentReader, ReadError, number},
};
use crate::{
    documents::digest,
    model::ocr::{OcrError, Reading},
};

/// Reads documents for a tenant, each of them once.
#[derive(Debug)]
pub struct TenantReader {
    reader: Arc<DocumentReader>,
    cache: Option<ReadingCache>,
}

impl TenantReader {
    /// Puts the two together. Without a cache every document is read whenever it is asked for.
    #[must_use]
    pub fn new(reader: Arc<DocumentReader>, cache: Option<ReadingCache>) -> Self {
        Self { reader, cache }
    }

    /// Draws a page, from 0, with the turn that it had when it was read, so that places of the reading are places on the
    /// picture.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn picture(&self, bytes: &[u8], page: u32) -> Result<PagePicture, ReadError> {
        let known = match &self.cache {
            Some(cache) => cache.get(&digest(bytes), &self.reader.identity()?).and_then(Result::ok),
            None => None,
        };
        let turned = known.and_then(|reading| Some(reading.pages.get(number(page))?.turned));
        self.reader.picture(bytes, page, turned)
    }

    fn fresh(&self, bytes: &[u8]) -> Result<Reading, ReadError> {
        Ok(contract::reading(self.reader.read(bytes)?)?)
    }
}

impl Ocr for TenantReader {
    fn read(&self, bytes: &[u8], _media_type: &str) -> Result<Reading, OcrError> {
        let Some(cache) = &self.cache else { return self.fresh(bytes).map_err(contract::error) };
        let document = digest(bytes);
        let reader = self.reader.identity().map_err(contract::error)?;
        if let Some(known) = cache.get(&document, &reader) {
            return known;
        }
        let outcome = self.fresh(bytes);
        // Only what is a fact of the file will be true tomorrow.
        let lasting =
            matches!(outcome, Ok(_) | Err(ReadError::Finding(Finding::Unreadable(_) | Finding::TooLarge(_))));
        let outcome = outcome.map_err(contract::error);
        if lasting {
            cache.put(&document, &reader, &outcome);
        }
        outcome
    }
}
