//! Reading customers from an ERP. One adapter for each kind of source, all behind [`Erp`].
//!
//! [`sql`] reads a SQLite database through a query pack and is the embedded default; [`ofbiz`] and [`quickbooks`]
//! read exported XML once and serve it from [`memory`]. Whatever the source, text is cut to the limits of the contract
//! in one place (`text`) and the question whether a customer is exempt is answered in one place (`posture`).

use crate::model::erp::{Description, ErpError, FieldGroups, Page, Row, Scan};

pub mod memory;
pub mod ofbiz;
mod open;
mod posture;
pub mod query_pack;
pub mod quickbooks;
pub mod sql;
mod sql_rows;
mod text;
mod xml;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod sql_tests;

pub(crate) use open::open_sql;
pub use open::{ErpOpenError, open};

/// Most rows of one page and most ids of one request, as the contract says.
pub const MAX_ROWS: usize = 1000;

/// Where customers come from. Read only; see the interface `erp` in `wit/onboarding.wit` for what each call promises.
#[async_trait::async_trait]
pub trait Erp: Send + Sync {
    /// Says what is behind this adapter.
    async fn describe(&self) -> Result<Description, ErpError>;
    /// Reads one page of all customers, ordered by id.
    async fn list_customers(&self, request: Scan) -> Result<Page, ErpError>;
    /// Reads the named customers; those that no longer exist are left out.
    async fn get_customers(&self, ids: Vec<String>, fields: FieldGroups) -> Result<Vec<Row>, ErpError>;
    /// A call is over, and nobody may ask for long: the time to give back connections and caches. What is asked next has
    /// to work all the same.
    async fn rest(&self) {}
}
