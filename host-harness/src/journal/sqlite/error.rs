//! What SQLite answers, in sentences.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::{APPLICATION, LAYOUT};
use crate::{
    journal::{chain::Broken, lock::Holder},
    model::journal::JournalError,
};

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalOpenError {
    /// Another process is writing it.
    #[error(
        "The journal {} is in use by another run{}. Wait until that one has ended, or stop it.",
        .path.display(), .holder.as_ref().map_or(String::new(), |holder| format!(" ({holder})"))
    )]
    InUse {
        /// Which file.
        path: PathBuf,
        /// Who holds it, if that could be read.
        holder: Option<Holder>,
    },
    /// There is none.
    #[error("There is no journal at {} yet. It is made by the first preview.", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read or written.
    #[error("The journal {} could not be opened: {reason}. Check the folder, its rights and the free space.", .path.display())]
    Unavailable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is something else or of another version.
    #[error("{} is not a journal that this version can read: {reason}. Name another file, or use the version that wrote it.", .path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// What it says cannot be trusted.
    #[error("{why} Nothing was written; the journal is {}.", .path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: Broken,
    },
}

/// Why SQLite did not do it, for the middle of a sentence.
pub(super) fn reason(error: &rusqlite::Error) -> String {
    let known = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "there is no space left on the disk",
        Some(ErrorCode::SystemIoFailure) => "the disk did not take or give it, and may be full",
        Some(ErrorCode::ReadOnly) => "the file or its folder may not be written",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "the file is damaged",
        _ => return error.to_string(),
    };
    format!("{known} ({error})")
}

pub(super) fn unavailable(error: &rusqlite::Error) -> JournalError {
    JournalError::Unavailable(format!("The journal could not be read or written: {}.", reason(error)))
}

pub(super) fn open_error(path: &Path, error: &rusqlite::Error) -> JournalOpenError {
    let path = path.to_owned();
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return JournalOpenError::Foreign { path, reason: "it is not a SQLite file".to_owned() };
    }
    JournalOpenError::Unavailable { path, reason: reason(error) }
}

pub(super) fn foreign(path: &Path, (application, layout): (i64, i64)) -> JournalOpenError {
    let reason = if application == APPLICATION {
        format!("it has layout {layout}, this version knows layout {LAYOUT}")
    } else {
        "it is the database of another program".to_owned()
    };
    JournalOpenError::Foreign { path: path.to_owned(), reason }
}
