//! What keeps a run from being made at all. What a run does wrong is no error but a violation.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a run could not be made or looked at.
#[derive(Debug, thiserror::Error)]
pub enum EnduranceError {
    /// A file could not be read or written.
    #[error("{} could not be read or written: {source}; check the folder, its rights and the free space", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A database could not be read or written.
    #[error("the database {} could not be used: {source}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The stand-in did not start or stop.
    #[error(transparent)]
    Simulator(#[from] avatax_sim::SimError),
    /// The stand-in did not answer as it should.
    #[error("the stand-in for AvaTax did not answer {address}: {reason}")]
    Answer {
        /// What was asked.
        address: String,
        /// What went wrong.
        reason: String,
    },
    /// A journal holds something that cannot be read.
    #[error("entry {sequence} of the journal cannot be understood: {reason}")]
    Journal {
        /// Which entry.
        sequence: u64,
        /// Why not.
        reason: String,
    },
    /// The component or the tenant could not be set up.
    #[error("{0}")]
    SetUp(String),
    /// The run that is to be disturbed does not work undisturbed.
    #[error("the undisturbed run does not end as it should, so there is nothing to compare with: {0}")]
    Undisturbed(String),
    /// A point that was asked for is none.
    #[error("'{0}' is no point; write for example append:17:after or request:40:arrived")]
    Point(String),
}

/// Turns an error about a path into ours.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> EnduranceError + '_ {
    move |source| EnduranceError::File { path: path.to_path_buf(), source }
}
