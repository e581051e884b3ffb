//! Certificate documents of a tenant.

use crate::model::documents::{DocumentError, DocumentPage, Rendition};

/// Where documents lie. See the interface `documents` in `wit/onboarding.wit`.
#[async_trait::async_trait]
pub trait Documents: Send + Sync {
    /// Lists documents in order of id.
    async fn list(&self, after: Option<String>, limit: u32) -> Result<DocumentPage, DocumentError>;
    /// All bytes of a document; the host cuts them into the pieces the component asks for.
    async fn bytes(&self, id: &str, rendition: Rendition) -> Result<bytes::Bytes, DocumentError>;
}
