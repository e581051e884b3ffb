//! The journal, read from its file as it lies there.
//!
//! The checker does not ask the host what it recorded: it opens the database by itself and takes the rows in order.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;

use crate::error::EnduranceError;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Place in the journal.
    pub sequence: u64,
    /// When.
    pub recorded_at: Timestamp,
    /// Such as `intent`.
    pub kind: String,
    /// Such as `create-customer`.
    pub operation: String,
    /// Plan it belongs to.
    pub plan: String,
    /// What it is about.
    pub key: String,
    /// Customer code.
    pub customer: String,
    /// How it ended, of an outcome.
    pub state: Option<String>,
    /// Further fields.
    pub body: Value,
}

/// Reads a journal; one that is not there is empty.
pub fn read(path: &Path) -> Result<Vec<Entry>, EnduranceError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |source| EnduranceError::Database { path: path.to_path_buf(), source };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let mut statement = connection
        .prepare(
            "select sequence, recorded_at, kind, operation, plan, key, customer, state, body
             from entry order by sequence",
        )
        .map_err(failed)?;
    let rows = statement.query_map([], raw).map_err(failed)?;
    rows.map(|row| entry(row.map_err(failed)?)).collect()
}

type Raw = (i64, String, String, Entry);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let entry = Entry {
        sequence: 0,
        recorded_at: Timestamp::UNIX_EPOCH,
        kind: row.get(2)?,
        operation: row.get(3)?,
        plan: row.get(4)?,
        key: row.get(5)?,
        customer: row.get(6)?,
        state: row.get(7)?,
        body: Value::Null,
    };
    Ok((row.get(0)?, row.get(1)?, row.get(8)?, entry))
}

fn entry((sequence, recorded_at, body, entry): Raw) -> Result<Entry, EnduranceError> {
    let sequence = u64::try_from(sequence).unwrap_or_default();
    let odd = |reason: String| EnduranceError::Journal { sequence, reason };
    Ok(Entry {
        sequence,
        recorded_at: recorded_at.parse().map_err(|error: jiff::Error| odd(error.to_string()))?,
        body: serde_json::from_str(&body).map_err(|error| odd(error.to_string()))?,
        ..entry
    })
}
