//! Why an evaluation ends early.
//!
//! A document that cannot be read is a result and no error; these are faults of the folder, the set-up or the disk.

use std::{io, path::PathBuf};

use document_reader::recognise::ModelsError;

/// Why an evaluation ends early.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file cannot be read.
    #[error("{} could not be read: {source}; name a folder that holds documents, truth.json and customers.json", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} could not be written: {source}; check the folder, its rights and the free space", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not have its format.
    #[error("{} does not have the format of truth.json or customers.json: {source}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// No document is left.
    #[error("no document of {} has \"{only}\" in its name; leave out --only to see all", folder.display())]
    Nothing {
        /// Which folder.
        folder: PathBuf,
        /// What was asked for.
        only: String,
    },
    /// The networks cannot be used.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// Nobody knows where the weights are.
    #[error("the folder of the weights is not known; set ONBOARD_MODELS to it")]
    NoModels,
    /// Nobody knows where the fonts are.
    #[error("the folder of the fonts is not known; set ONBOARD_FONTS to it")]
    NoFonts,
    /// Documents cannot be generated.
    #[error(transparent)]
    Generate(#[from] demo_data::DemoError),
    /// The result cannot be written as JSON.
    #[error("the result could not be written as JSON: {0}; this is a defect of read-eval, please report it")]
    Json(#[source] serde_json::Error),
    /// The result cannot be printed.
    #[error("the result could not be printed: {0}")]
    Print(#[source] io::Error),
    /// A thread that read documents is gone.
    #[error("reading {file} ended without a result; this is a defect of the reader, please report it")]
    Lost {
        /// Which document.
        file: String,
    },
}
