//! The durable memory of a tenant's runs.
//!
//! [`SqliteJournal`] is what a host uses; [`MemoryJournal`] is for tests. Both judge entries and queries by the same
//! [`rules`], so that an entry one of them takes is taken by the other.

pub mod chain;
pub mod lock;
mod memory;
pub mod rules;
pub mod sqlite;

pub use self::{
    chain::{Broken, Head, Whole},
    memory::MemoryJournal,
    sqlite::{JournalOpenError, SqliteJournal, Tally},
};
use crate::model::journal::{Entry, JournalError, Query, StoredEntry};

/// An append-only store of entries. See the interface `journal` in `wit/onboarding.wit`. Beside what the component appends it
/// takes the host's own entries: what people said about documents, and what a call asked for and was denied.
#[async_trait::async_trait]
pub trait Journal: Send + Sync {
    /// Appends all entries or none, durably; returns the sequence number of the last.
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError>;
    /// Reads entries in order of sequence number: as many as were asked for, fewer where [`rules::MAX_ANSWER`] is reached,
    /// and none only where there are no more.
    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError>;
    /// A call is over, and nobody may ask for long: the time to give back connections and caches. What is asked next has
    /// to work all the same.
    async fn rest(&self) {}
}
