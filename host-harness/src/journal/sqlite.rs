//! The journal of one tenant in one SQLite file.
//!
//! Written ahead (WAL) with `synchronous = FULL`: SQLite then waits for the disk at every commit, so what `append` has
//! returned for survives a power cut. With the usual `NORMAL` the last commits may be lost, and a write to AvaTax could
//! happen twice. Appends come in batches, which keeps the price at one wait for each batch.
//!
//! Each row carries a SHA-256 over the row before it and its own content, so a changed, removed or inserted row breaks
//! the chain from there on ([`SqliteJournal::verify`]). Rows cut off at the end leave a shorter chain that is whole in
//! itself; whoever has to prove the length keeps [`SqliteJournal::head`] elsewhere.
//!
//! One process writes: a lock on a file beside the journal is held while it is open and released by the operating
//! system when the process ends, however it ends. Looking ([`SqliteJournal::open_read_only`]) takes no lock.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, ToSql, params};
use sha2::{Digest, Sha256};

use super::{Journal, rules};
use crate::model::journal::{Entry, EntryKind, JournalError, Operation, OutcomeState, Query, StoredEntry};

/// Marks a file as a journal of ours ("ECMS" as a number).
const APPLICATION: i64 = 0x4543_4d53;
/// Layout of the table. Raised with every change of it.
const LAYOUT: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE entry (
        sequence    INTEGER PRIMARY KEY,
        recorded_at TEXT NOT NULL,
        kind        TEXT NOT NULL,
        operation   TEXT NOT NULL,
        plan        TEXT NOT NULL,
        key         TEXT NOT NULL,
        customer    TEXT NOT NULL,
        state       TEXT,
        body        TEXT NOT NULL,
        chain       BLOB NOT NULL
    ) STRICT;
    CREATE INDEX entry_by_plan ON entry (plan, kind, operation, key);
    CREATE INDEX entry_by_key ON entry (key, operation, kind);
    CREATE INDEX entry_by_kind ON entry (kind, operation);
";
const COLUMNS: &str = "sequence, recorded_at, kind, operation, plan, key, customer, state, body";

type Chain = [u8; 32];

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalOpenError {
    /// Another process is writing it.
    #[error("The journal {} is in use by another run. Wait until that one has ended, or stop it.", .0.display())]
    InUse(PathBuf),
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
}

/// Why a journal is not proven whole.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Tampered {
    /// The chain breaks here.
    #[error(
        "Entry {sequence} of the journal is not what was written, or entries before it are missing. Trust nothing from there on."
    )]
    Entry {
        /// First entry that does not fit.
        sequence: u64,
    },
    /// It could not be looked at.
    #[error("The journal could not be read to the end: {0}.")]
    Unreadable(String),
}

/// How many entries of one sort there are.
pub type Tally = (Operation, EntryKind, Option<OutcomeState>, u64);

/// A journal in a file. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct SqliteJournal {
    inner: Arc<Mutex<Inner>>,
    path: Arc<Path>,
}

struct Inner {
    connection: Connection,
    last: u64,
    chain: Chain,
    // Held for its effect. None when opened for looking only.
    lock: Option<File>,
}

impl SqliteJournal {
    /// Opens the journal for writing, or makes it.
    ///
    /// # Errors
    /// When another process writes it, or the file cannot be opened or is something else.
    pub fn open(path: &Path) -> Result<Self, JournalOpenError> {
        let failed = |reason: String| JournalOpenError::Unavailable { path: path.to_owned(), reason };
        let lock = private_file(&beside(path, "lock")).map_err(|error| failed(error.to_string()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalOpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error.to_string())),
        }
        // Made before SQLite does it, because SQLite would let others read it.
        private_file(path).map_err(|error| failed(error.to_string()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|error| failed(error.to_string()))?;
        prepare(&connection, path)?;
        Self::with(connection, path, Some(lock))
    }

    /// Opens an existing journal for looking. A run may go on writing it meanwhile.
    ///
    /// # Errors
    /// When there is none, or the file cannot be opened or is something else.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalOpenError> {
        // A folder that may not be looked into is an error below, not an absent journal.
        if matches!(path.try_exists(), Ok(false)) {
            return Err(JournalOpenError::Missing(path.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|error| open_error(path, &error))?;
        match layout(&connection).map_err(|error| open_error(path, &error))? {
            (APPLICATION, LAYOUT) => Self::with(connection, path, None),
            (0, 0) if is_empty(&connection) => Err(JournalOpenError::Missing(path.to_owned())),
            found => Err(foreign(path, found)),
        }
    }

    fn with(connection: Connection, path: &Path, lock: Option<File>) -> Result<Self, JournalOpenError> {
        // A writer holds the file for milliseconds only.
        connection.busy_timeout(Duration::from_secs(10)).map_err(|error| open_error(path, &error))?;
        let (last, chain) = last(&connection).map_err(|error| open_error(path, &error))?;
        let inner = Inner { connection, last, chain, lock };
        Ok(Self { inner: Arc::new(Mutex::new(inner)), path: path.into() })
    }

    /// Where the journal lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last sequence number and its link of the chain in hexadecimal: what an auditor keeps to prove the length.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn head(&self) -> Result<(u64, String), JournalError> {
        let (sequence, chain) = last(&self.inner().connection).map_err(|error| unavailable(&error))?;
        Ok((sequence, chain.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Recomputes the whole chain; returns the number of entries.
    ///
    /// # Errors
    /// Names the first entry that does not fit.
    pub fn verify(&self) -> Result<u64, Tampered> {
        let inner = self.inner();
        let unreadable = |error: rusqlite::Error| Tampered::Unreadable(error.to_string());
        let sql = format!("SELECT {COLUMNS}, chain FROM entry ORDER BY sequence");
        let mut statement = inner.connection.prepare(&sql).map_err(unreadable)?;
        let mut rows = statement.query([]).map_err(unreadable)?;
        let mut chain = Chain::default();
        let mut expected = 0;
        while let Some(row) = rows.next().map_err(unreadable)? {
            expected += 1;
            // A row that cannot be an entry any more was changed just as well.
            let stored = stored(row).map_err(|_| Tampered::Entry { sequence: expected })?;
            let kept: Vec<u8> = row.get(9).map_err(|_| Tampered::Entry { sequence: expected })?;
            chain = link(&chain, &stored);
            if stored.sequence != expected || kept != chain {
                return Err(Tampered::Entry { sequence: expected });
            }
        }
        Ok(expected)
    }

    /// Hands over every entry that fits the query, in order and one by one; `limit` does not count. Returns how many.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn for_each(&self, query: &Query, mut take: impl FnMut(StoredEntry)) -> Result<u64, JournalError> {
        let inner = self.inner();
        let (sql, values) = select(query, None);
        let mut count = 0;
        visit(&inner.connection, &sql, &values, |stored| {
            take(stored);
            count += 1;
        })
        .map_err(|error| unavailable(&error))?;
        Ok(count)
    }

    /// How many entries of each sort there are, of one plan or of all.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tally(&self, plan: Option<&str>) -> Result<Vec<Tally>, JournalError> {
        let inner = self.inner();
        let restriction = if plan.is_some() { "WHERE plan = ?1" } else { "" };
        let sql = format!(
            "SELECT operation, kind, state, count(*) FROM entry {restriction} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        );
        let tally = |connection: &Connection| -> rusqlite::Result<Vec<Tally>> {
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map(rusqlite::params_from_iter(plan), |row| {
                Ok((operation(row, 0)?, kind(row, 1)?, state(row, 2)?, unsigned(row, 3)?))
            })?;
            rows.collect()
        };
        tally(&inner.connection).map_err(|error| unavailable(&error))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held left at worst an open transaction, which SQLite has rolled back.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` where blocking is allowed. It runs to its end even if nobody waits for it any more.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let journal = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&mut journal.inner()));
        done.await.unwrap_or_else(|error| {
            Err(JournalError::Unavailable(format!("The journal broke down: {error}.")))
        })
    }
}

impl std::fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteJournal").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Journal for SqliteJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        rules::check_entries(&entries)?;
        self.blocking(move |inner| append(inner, entries)).await
    }

    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        rules::check_query(&query)?;
        self.blocking(move |inner| {
            let mut found = Vec::new();
            let (sql, values) = select(&query, Some(query.limit));
            visit(&inner.connection, &sql, &values, |stored| found.push(stored))
                .map_err(|error| unavailable(&error))?;
            Ok(found)
        })
        .await
    }
}

fn append(inner: &mut Inner, entries: Vec<Entry>) -> Result<u64, JournalError> {
    if inner.lock.is_none() {
        return Err(JournalError::Unavailable("The journal was opened for reading only.".to_owned()));
    }
    let recorded_at = jiff::Timestamp::now().to_string();
    let (mut sequence, mut chain) = (inner.last, inner.chain);
    let write = || -> rusqlite::Result<()> {
        let transaction = inner.connection.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
            for entry in entries {
                sequence += 1;
                let stored = StoredEntry { sequence, recorded_at: recorded_at.clone(), entry };
                chain = link(&chain, &stored);
                let entry = &stored.entry;
                insert.execute(params![
                    signed(stored.sequence),
                    stored.recorded_at,
                    rules::kind_name(entry.kind),
                    rules::operation_name(entry.operation),
                    entry.plan,
                    entry.key,
                    entry.customer,
                    entry.state.map(rules::state_name),
                    entry.body,
                    chain.as_slice(),
                ])?;
            }
        }
        transaction.commit()
    };
    write().map_err(|error| unavailable(&error))?;
    // Only now, so that a failed append leaves the chain where it was.
    (inner.last, inner.chain) = (sequence, chain);
    Ok(sequence)
}

/// The next link: a hash over the one before and every column, each with its length so that none can lend to another.
fn link(before: &Chain, stored: &StoredEntry) -> Chain {
    let entry = &stored.entry;
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(stored.sequence.to_le_bytes());
    let columns = [
        stored.recorded_at.as_str(),
        rules::kind_name(entry.kind),
        rules::operation_name(entry.operation),
        &entry.plan,
        &entry.key,
        &entry.customer,
        // No state has an empty name, so none and empty need not be told apart.
        entry.state.map_or("", rules::state_name),
        &entry.body,
    ];
    for column in columns {
        hash.update((column.len() as u64).to_le_bytes());
        hash.update(column);
    }
    hash.finalize().into()
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), JournalOpenError> {
    let found = layout(connection).map_err(|error| open_error(path, &error))?;
    if found != (APPLICATION, LAYOUT) && !(found == (0, 0) && is_empty(connection)) {
        return Err(foreign(path, found));
    }
    let set_up = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        if found == (0, 0) {
            connection.execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}; COMMIT;"
            ))?;
        }
        Ok(())
    };
    set_up().map_err(|error| open_error(path, &error))
}

fn layout(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((pragma("application_id")?, pragma("user_version")?))
}

fn is_empty(connection: &Connection) -> bool {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)) == Ok(0)
}

fn last(connection: &Connection) -> rusqlite::Result<(u64, Chain)> {
    let sql = "SELECT sequence, chain FROM entry ORDER BY sequence DESC LIMIT 1";
    let found = connection.query_row(sql, [], |row| Ok((unsigned(row, 0)?, row.get(1)?))).optional()?;
    Ok(found.unwrap_or_default())
}

type Values = Vec<Box<dyn ToSql>>;

/// The statement for a query. Only what restricts is in it, so that SQLite can choose an index.
fn select(query: &Query, limit: Option<u32>) -> (String, Values) {
    let mut conditions = String::new();
    let mut values = Values::new();
    let mut restrict = |column: &str, value: Box<dyn ToSql>| {
        let join = if values.is_empty() { "WHERE" } else { "AND" };
        values.push(value);
        conditions.push_str(&format!(" {join} {column} ?{}", values.len()));
    };
    if let Some(kind) = query.kind {
        restrict("kind =", Box::new(rules::kind_name(kind)));
    }
    if let Some(operation) = query.operation {
        restrict("operation =", Box::new(rules::operation_name(operation)));
    }
    if let Some(plan) = &query.plan {
        restrict("plan =", Box::new(plan.clone()));
    }
    if let Some(key) = &query.key {
        restrict("key =", Box::new(key.clone()));
    }
    if query.after != 0 {
        let side = if query.backwards { "sequence <" } else { "sequence >" };
        restrict(side, Box::new(signed(query.after)));
    }
    let order = if query.backwards { "DESC" } else { "ASC" };
    let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
    (format!("SELECT {COLUMNS} FROM entry{conditions} ORDER BY sequence {order}{limit}"), values)
}

fn visit(
    connection: &Connection,
    sql: &str,
    values: &Values,
    mut take: impl FnMut(StoredEntry),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        take(stored(row)?);
    }
    Ok(())
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        sequence: unsigned(row, 0)?,
        recorded_at: row.get(1)?,
        entry: Entry {
            kind: kind(row, 2)?,
            operation: operation(row, 3)?,
            plan: row.get(4)?,
            key: row.get(5)?,
            customer: row.get(6)?,
            state: state(row, 7)?,
            body: row.get(8)?,
        },
    })
}

/// SQLite counts to 2^63, and no journal gets there.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryKind> {
    rules::kind_of(row.get_ref(column)?.as_str()?).ok_or_else(|| unknown(column))
}

fn operation(row: &Row<'_>, column: usize) -> rusqlite::Result<Operation> {
    rules::operation_of(row.get_ref(column)?.as_str()?).ok_or_else(|| unknown(column))
}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<OutcomeState>> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(name) => rules::state_of(name).map(Some).ok_or_else(|| unknown(column)),
        None => Ok(None),
    }
}

fn unknown(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        rusqlite::types::Type::Text,
        "a name the contract has not".into(),
    )
}

fn unavailable(error: &rusqlite::Error) -> JournalError {
    JournalError::Unavailable(format!("The journal could not be read or written: {error}."))
}

fn open_error(path: &Path, error: &rusqlite::Error) -> JournalOpenError {
    let path = path.to_owned();
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
        return JournalOpenError::Foreign { path, reason: "it is not a SQLite file".to_owned() };
    }
    JournalOpenError::Unavailable { path, reason: error.to_string() }
}

fn foreign(path: &Path, (application, layout): (i64, i64)) -> JournalOpenError {
    let reason = if application == APPLICATION {
        format!("it has layout {layout}, this version knows layout {LAYOUT}")
    } else {
        "it is the database of another program".to_owned()
    };
    JournalOpenError::Foreign { path: path.to_owned(), reason }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Opens a file for writing, made readable for its owner only if it is new.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
