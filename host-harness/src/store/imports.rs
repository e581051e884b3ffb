//! The interfaces of the contract, answered from the tenant's adapters; the journal's is in [`super::journal`].
//!
//! Adapters are trusted code of the host, the arguments are not: numbers are brought into the range that the contract
//! names before an adapter sees them.

use bytes::Bytes;

use super::{CallState, OpenDocument};
use crate::{
    bindings::ecms::onboarding::{documents, erp, ocr, progress, tenant},
    documents::media_type,
    model::{
        documents::{DocumentError, DocumentPage, Rendition},
        erp::{Description, ErpError, FieldGroups, Page, Row, Scan},
        ocr::{OcrError, Reading},
        progress::{Event, Verdict},
        tenant::Settings,
    },
};

/// Rows of a page, customers in one look-up, documents of a page, bytes of one read.
const MAX_ROWS: u32 = 1_000;
const MAX_DOCUMENTS: u32 = 500;
const MAX_READ: u32 = 1 << 20;
/// Bytes of an id or a cursor. Those that adapters give out are far shorter.
const MAX_ID: usize = 4 << 10;

impl erp::Host for CallState {
    async fn describe(&mut self) -> Result<Description, ErpError> {
        self.tenant.erp.describe().await
    }

    async fn list_customers(&mut self, mut request: Scan) -> Result<Page, ErpError> {
        request.page_size = request.page_size.clamp(1, MAX_ROWS);
        if request.after.as_ref().is_some_and(|after| after.len() > MAX_ID) {
            // No adapter ever gave it out.
            return Err(ErpError::CursorExpired);
        }
        self.tenant.erp.list_customers(request).await
    }

    async fn get_customers(&mut self, ids: Vec<String>, fields: FieldGroups) -> Result<Vec<Row>, ErpError> {
        if ids.len() > MAX_ROWS as usize {
            // Cutting the list would read as "these customers are gone".
            return Err(ErpError::InvalidRequest(format!(
                "At most {MAX_ROWS} customers can be looked up at once."
            )));
        }
        if ids.iter().any(|id| id.len() > MAX_ID) {
            return Err(ErpError::InvalidRequest(format!("An id has at most {MAX_ID} bytes.")));
        }
        self.tenant.erp.get_customers(ids, fields).await
    }
}

impl documents::Host for CallState {
    async fn list_documents(
        &mut self,
        after: Option<String>,
        limit: u32,
    ) -> Result<DocumentPage, DocumentError> {
        if after.as_ref().is_some_and(|after| after.len() > MAX_ID) {
            return Err(DocumentError::NotFound);
        }
        self.tenant.documents.list(after, limit.clamp(1, MAX_DOCUMENTS)).await
    }

    async fn read_document(
        &mut self,
        id: String,
        rendition: Rendition,
        offset: u64,
        max: u32,
    ) -> Result<Vec<u8>, DocumentError> {
        let bytes = self.open(id, rendition).await?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(max.clamp(1, MAX_READ) as usize).min(bytes.len());
        Ok(bytes.slice(start..end).to_vec())
    }
}

impl CallState {
    /// The whole document, from memory when it is the one read last.
    async fn open(&mut self, id: String, rendition: Rendition) -> Result<Bytes, DocumentError> {
        if let Some(open) = &self.document
            && open.id == id
            && open.rendition == rendition
        {
            return Ok(open.bytes.clone());
        }
        if id.len() > MAX_ID {
            return Err(DocumentError::NotFound);
        }
        // Let go of the old one first: two large documents at once are one too many.
        self.document = None;
        let bytes = self.tenant.documents.bytes(&id, rendition).await?;
        self.document = Some(OpenDocument { id, rendition, bytes: bytes.clone() });
        Ok(bytes)
    }
}

impl ocr::Host for CallState {
    async fn read_text(&mut self, document: String) -> Result<Reading, OcrError> {
        let bytes = self.open(document, Rendition::Original).await.map_err(|error| match error {
            DocumentError::NotFound => OcrError::NotFound,
            DocumentError::TooLarge(text) => OcrError::TooLarge(text),
            DocumentError::Unsupported(text) | DocumentError::Unavailable(text) => OcrError::Unreadable(text),
        })?;
        let ocr = self.tenant.ocr.clone();
        let read = tokio::task::spawn_blocking(move || ocr.read(&bytes, media_type(&bytes)));
        // A reader that panics over a hostile file takes down its thread, not the call.
        read.await.unwrap_or_else(|_| {
            Err(OcrError::Unreadable("The reader broke down over this document.".to_owned()))
        })
    }
}

impl progress::Host for CallState {
    async fn report(&mut self, event: Event) -> Verdict {
        self.tenant.progress.report(event)
    }
}

impl tenant::Host for CallState {
    async fn get_settings(&mut self) -> Settings {
        self.tenant.settings.clone()
    }
}
