//! All documents of a tenant under one roof, and the rendition that AvaTax takes.
//!
//! Attachments come first because they say whose certificate they are. Ids and cursors carry the place in front; what
//! follows is the place's own.

use std::sync::Arc;

use bytes::Bytes;
use document_reader::model::Finding;

use super::{Attachments, Documents, Folder, blocking};
use crate::{
    model::documents::{DocumentError, DocumentPage, PageRange, Rendition},
    ocr::{DocumentReader, ReadError},
};

const ERP: &str = "erp:";
const FILE: &str = "file:";

/// Attachments and a folder; either may be missing.
#[derive(Debug, Clone)]
pub struct Combined {
    attachments: Option<Attachments>,
    folder: Option<Folder>,
    reader: Arc<DocumentReader>,
}

impl Combined {
    /// Puts the places together; `reader` makes the copies for AvaTax.
    pub fn new(
        attachments: Option<Attachments>,
        folder: Option<Folder>,
        reader: Arc<DocumentReader>,
    ) -> Self {
        Self { attachments, folder, reader }
    }
}

#[async_trait::async_trait]
impl Documents for Combined {
    async fn list(&self, after: Option<String>, limit: u32) -> Result<DocumentPage, DocumentError> {
        let after = after.unwrap_or_else(|| ERP.to_owned());
        let rest =
            |prefix| after.strip_prefix(prefix).map(|rest| (!rest.is_empty()).then(|| rest.to_owned()));
        if let Some(after) = rest(ERP) {
            if let Some(attachments) = &self.attachments {
                let page = prefixed(attachments.list(after, limit).await?, ERP);
                let then = self.folder.as_ref().map(|_| FILE.to_owned());
                return Ok(DocumentPage { next: page.next.or(then), ..page });
            }
            return self.files(None, limit).await;
        }
        match rest(FILE) {
            Some(after) => self.files(after, limit).await,
            None => {
                Err(DocumentError::Unavailable("the cursor is not one of this list; start again".to_owned()))
            }
        }
    }

    async fn bytes(&self, id: &str, rendition: Rendition) -> Result<Bytes, DocumentError> {
        let bytes = match (id.strip_prefix(ERP), id.strip_prefix(FILE), &self.attachments, &self.folder) {
            (Some(id), _, Some(attachments), _) => attachments.original(id).await?,
            (_, Some(id), _, Some(folder)) => folder.original(id).await?,
            _ => return Err(DocumentError::NotFound),
        };
        match rendition {
            Rendition::Original => Ok(bytes),
            Rendition::ForUpload(pages) => {
                let reader = Arc::clone(&self.reader);
                blocking(move || for_upload(&reader, &bytes, pages)).await
            }
        }
    }
}

impl Combined {
    async fn files(&self, after: Option<String>, limit: u32) -> Result<DocumentPage, DocumentError> {
        match &self.folder {
            Some(folder) => Ok(prefixed(folder.list(after, limit).await?, FILE)),
            None => Ok(DocumentPage { documents: Vec::new(), next: None }),
        }
    }
}

fn prefixed(mut page: DocumentPage, prefix: &str) -> DocumentPage {
    for document in &mut page.documents {
        document.id.insert_str(0, prefix);
    }
    DocumentPage { next: page.next.map(|next| format!("{prefix}{next}")), ..page }
}

fn for_upload(
    reader: &DocumentReader,
    bytes: &[u8],
    pages: Option<PageRange>,
) -> Result<Bytes, DocumentError> {
    reader.upload_copy(bytes, pages).map(Bytes::from).map_err(|error| {
        let sentence = error.to_string();
        match error {
            ReadError::Finding(Finding::TooLarge(_)) => DocumentError::TooLarge(sentence),
            ReadError::Finding(_) => DocumentError::Unsupported(sentence),
            ReadError::OverTime(_) | ReadError::Unavailable(_) => DocumentError::Unavailable(sentence),
        }
    })
}
