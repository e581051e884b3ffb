//! The journal of a session: opened for writing by commands that write, for reading by those that look back, and by all
//! others only when the host itself has something to record.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, blocking};
use crate::{
    journal::{Journal, JournalOpenError, SqliteJournal},
    model::journal::{Entry, EntryKind, JournalError, Query, StoredEntry},
};

/// File name of a tenant's journal in its data folder.
pub const JOURNAL: &str = "journal.sqlite";
/// Opens a tenant's journal for writing, and makes its folder first.
pub fn open_journal(data_dir: &Path) -> Result<SqliteJournal, Failure> {
    std::fs::create_dir_all(data_dir).map_err(|error| {
        Failure::configuration(
            format!("The data folder {} could not be made: {error}.", data_dir.display()),
            "Set `data-dir` to a folder that you may write to.",
        )
    })?;
    SqliteJournal::open(&data_dir.join(JOURNAL)).map_err(|error| of_journal(&error))
}

/// Opens a tenant's journal for reading; none if nothing was ever recorded.
pub fn open_history(data_dir: &Path) -> Result<Option<SqliteJournal>, Failure> {
    match SqliteJournal::open_read_only(&data_dir.join(JOURNAL)) {
        Ok(journal) => Ok(Some(journal)),
        Err(JournalOpenError::Missing(_)) => Ok(None),
        Err(error) => Err(of_journal(&error)),
    }
}

/// Turns a journal that could not be opened into a failure. Most of these texts already say what to do.
fn of_journal(error: &JournalOpenError) -> Failure {
    match error {
        JournalOpenError::Broken { .. } => {
            Failure::new(Exit::Internal, "journal-broken", error.to_string(), crate::cli::journal::REMEDY)
        }
        JournalOpenError::InUse { .. } => Failure::new(Exit::Usage, "journal-in-use", error.to_string(), ""),
        _ => Failure::new(Exit::Usage, "journal", error.to_string(), ""),
    }
}

/// The journal of a command that records nothing: empty to the component, and opened only when the host has a denial to
/// record.
pub(super) struct DenialsOnly {
    data_dir: PathBuf,
}

impl DenialsOnly {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned() }
    }
}

#[async_trait::async_trait]
impl Journal for DenialsOnly {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        if entries.iter().any(|entry| entry.kind != EntryKind::Denied) {
            return Err(JournalError::Unavailable("This command records nothing.".to_owned()));
        }
        let data_dir = self.data_dir.clone();
        let journal = blocking(move || open_journal(&data_dir))
            .await
            .map_err(|failure| JournalError::Unavailable(failure.message))?;
        let appended = journal.append(entries).await;
        journal.close().await;
        appended
    }

    async fn read(&self, _query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        Ok(Vec::new())
    }
}
