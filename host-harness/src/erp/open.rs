//! Opens the ERP that a tenant's configuration names.

use std::{path::PathBuf, sync::Arc};

use jiff::civil::Date;

use super::{
    Erp, ofbiz,
    query_pack::{QueryPack, QueryPackError},
    quickbooks,
    sql::SqlErp,
};
use crate::config::{ErpConfig, ErpKind};

/// Why an ERP could not be opened. Every text says which file and what to look at.
#[derive(Debug, thiserror::Error)]
pub enum ErpOpenError {
    /// A file or folder is not there or not readable.
    #[error(
        "the ERP data {path} could not be read ({source}); check `path` of the erp table in the configuration"
    )]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error("the ERP database {path} cannot be used: {message}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A file is not the XML it should be.
    #[error("the ERP data {path}, line {line}: {message}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// A file or folder holds something else.
    #[error("the ERP data {path} {message}")]
    Unexpected {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, as the end of the sentence.
        message: String,
    },
    /// There is more than is read into memory.
    #[error("the ERP data {path} is beyond the limit of {limit}")]
    TooLarge {
        /// The file or folder.
        path: PathBuf,
        /// The limit.
        limit: String,
    },
    /// The query pack cannot be used.
    #[error(transparent)]
    Pack(#[from] QueryPackError),
    /// The work was cut short.
    #[error("opening the ERP was cut short; try again")]
    Interrupted,
}

/// Opens the ERP of a tenant; exemptions are judged as of `today`.
pub async fn open(config: &ErpConfig, today: Date) -> Result<Arc<dyn Erp>, ErpOpenError> {
    let config = config.clone();
    let open = move || -> Result<Arc<dyn Erp>, ErpOpenError> {
        Ok(match config.kind {
            ErpKind::Sqlite => Arc::new(open_sql(&config, today)?),
            ErpKind::Ofbiz => Arc::new(ofbiz::read(&config.path, today)?),
            ErpKind::Quickbooks => Arc::new(quickbooks::read(&config.path)?),
        })
    };
    tokio::task::spawn_blocking(open).await.map_err(|_| ErpOpenError::Interrupted)?
}

/// Opens a SQLite ERP with the pack the configuration names, or the built-in one. Blocking.
pub(crate) fn open_sql(config: &ErpConfig, today: Date) -> Result<SqlErp, ErpOpenError> {
    let pack = match &config.queries {
        Some(path) => QueryPack::load(path)?,
        None => QueryPack::embedded()?,
    };
    SqlErp::open(&config.path, pack, today)
}
