//! What can go wrong while data is written: the disk, the database, or a file that is there already.
//!
//! Existing files are never overwritten by [`crate::write_erp`], because a person may point it at a real database.

use std::path::{Path, PathBuf};

/// Why the made-up data could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is something at the path.
    #[error("{} exists already and is left as it is; remove it or name another path", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// The file system said no.
    #[error("{} could not be written: {source}; check the folder, its rights and the free space", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SQLite said no.
    #[error("the customer database {} could not be written: {source}; check the folder and the free space", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A picture could not be encoded.
    #[error(
        "the picture {name} could not be encoded: {source}; this is a defect of the demo data, please report it"
    )]
    Picture {
        /// Which file.
        name: String,
        /// What the encoder said.
        source: png::EncodingError,
    },
    /// A font could not be read.
    #[error("the font {} cannot be read: {source}; run `cargo xtask setup`, which fetches the fonts", path.display())]
    Font {
        /// Which file.
        path: PathBuf,
        /// What the system or the font parser said.
        source: std::io::Error,
    },
    /// A photograph could not be encoded.
    #[error(
        "the picture {name} could not be encoded: {source}; this is a defect of the demo data, please report it"
    )]
    Jpeg {
        /// Which file.
        name: String,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// A list could not be written as JSON.
    #[error("{} could not be written as JSON: {source}; this is a defect of the demo data, please report it", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// What the serialiser said.
        source: serde_json::Error,
    },
    /// The cast of the certificates and the customers do not fit together.
    #[error(
        "no customer plays part {lead} in the demo data, so {name} cannot be drawn; please report this defect"
    )]
    Cast {
        /// Which certificate.
        name: String,
        /// Which part.
        lead: u32,
    },
}

impl DemoError {
    /// Names the file that an input or output error is about.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_path_buf(), source }
    }

    /// Names the database that a SQLite error is about.
    pub(crate) fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self + '_ {
        move |source| Self::Database { path: path.to_path_buf(), source }
    }
}
