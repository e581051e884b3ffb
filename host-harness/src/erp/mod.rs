//! Reading customers from an ERP. One adapter for each kind of source, all behind [`Erp`].

use crate::model::erp::{Description, ErpError, FieldGroups, Page, Row, Scan};

/// Where customers come from. Read only; see the interface `erp` in `wit/onboarding.wit` for what each call promises.
#[async_trait::async_trait]
pub trait Erp: Send + Sync {
    /// Says what is behind this adapter.
    async fn describe(&self) -> Result<Description, ErpError>;
    /// Reads one page of all customers, ordered by id.
    async fn list_customers(&self, request: Scan) -> Result<Page, ErpError>;
    /// Reads the named customers; those that no longer exist are left out.
    async fn get_customers(&self, ids: Vec<String>, fields: FieldGroups) -> Result<Vec<Row>, ErpError>;
}
