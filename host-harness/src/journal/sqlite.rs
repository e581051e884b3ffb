//! The journal of one tenant in one SQLite file.
//!
//! Written ahead (WAL) with `synchronous = FULL`: SQLite then waits for the disk at every commit, so what `append` has
//! returned for survives a power cut. With the usual `NORMAL` the last commits may be lost, and a write to AvaTax could
//! happen twice. Appends come in batches, which keeps the price at one wait for each batch.
//!
//! Entries are chained by hashes ([`chain`]). [`SqliteJournal::open`] goes along the whole chain before it lets anybody
//! write, because a run that trusts a changed journal may do something twice or not at all; that costs less than a
//! second for 100,000 entries, against minutes for the run that wrote them. Looking does not need it:
//! [`SqliteJournal::open_read_only`] opens a broken journal too, and takes no lock.
//!
//! A connection takes 130 KiB, so it is closed when a call is over and opened again when somebody asks. The lock stays.
//!
//! One process writes; [`lock`] keeps the others out and notes how far the journal reaches.

mod error;
mod rows;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

pub use self::error::JournalOpenError;
use self::{
    error::{foreign, open_error, reason, unavailable},
    rows::{COLUMNS, kind, operation, select, signed, state, stored, unsigned, visit},
};
use super::{
    Journal,
    chain::{self, Broken, Head, Place, Walk, Whole},
    lock::{self, Lock, NotLocked, Note, private_file},
    rules,
};
use crate::{
    model::journal::{Entry, EntryKind, JournalError, Operation, OutcomeState, Query, StoredEntry},
    report::words::clean,
};

/// Marks a file as a journal of ours ("ECMS" as a number).
const APPLICATION: i64 = 0x4543_4d53;
/// Layout of the table and its indexes, and the kinds in it. Raised with every change of them.
const LAYOUT: i64 = 3;

const TABLE: &str = "
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
";
// Each ends, as every index does, with the sequence number: rows come in order and from any number on without sorting.
const INDEXES: &str = "
    CREATE INDEX entry_by_plan ON entry (plan, kind);
    CREATE INDEX entry_by_kind ON entry (kind, operation);
";
/// From layout 1, whose indexes were larger and made SQLite sort a whole plan for each page of it.
const FROM_LAYOUT_1: &str = "DROP INDEX entry_by_plan; DROP INDEX entry_by_key; DROP INDEX entry_by_kind;";

/// How many entries of one sort there are.
pub type Tally = (Operation, EntryKind, Option<OutcomeState>, u64);

/// A journal in a file. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct SqliteJournal {
    inner: Arc<Mutex<Inner>>,
    path: Arc<Path>,
}

struct Inner {
    path: Arc<Path>,
    // None while nobody asks.
    connection: Option<Connection>,
    head: Head,
    // None when opened for looking only.
    writing: Option<Writing>,
}

struct Writing {
    // Held for its effect.
    _lock: Lock,
    note: Note,
}

impl SqliteJournal {
    /// Opens the journal for writing, or makes it, and goes along its whole chain.
    ///
    /// # Errors
    /// When another process writes it, it is not whole, or the file cannot be opened or is something else.
    pub fn open(path: &Path) -> Result<Self, JournalOpenError> {
        let failed = |reason: String| JournalOpenError::Unavailable { path: path.to_owned(), reason };
        let lock = Lock::take(path).map_err(|error| match error {
            NotLocked::Held(holder) => JournalOpenError::InUse { path: path.to_owned(), holder },
            NotLocked::Failed(error) => failed(error.to_string()),
        })?;
        // A journal that is gone as a whole begins anew; what was noted was noted of the old one.
        let known = if path.exists() { lock::noted(path) } else { None };
        if !path.exists() {
            // Made before SQLite does it, because SQLite would let others read it.
            private_file(path).map_err(|error| failed(error.to_string()))?;
        }
        let connection = connect(path, true).map_err(|error| open_error(path, &error))?;
        // SQLite is content with reading where the file may not be written.
        if connection.is_readonly("main").map_err(|error| open_error(path, &error))? {
            return Err(failed("the file may not be written".to_owned()));
        }
        prepare(&connection, path)?;
        let whole = walk(&connection, known.as_slice())
            .map_err(|why| JournalOpenError::Broken { path: path.to_owned(), why })?;
        let mut note = Note::open(path).map_err(|error| failed(error.to_string()))?;
        note.write(whole.head);
        Ok(Self::with(connection, path, whole.head, Some(Writing { _lock: lock, note })))
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
        let connection = connect(path, false).map_err(|error| open_error(path, &error))?;
        match layout(&connection).map_err(|error| open_error(path, &error))? {
            (APPLICATION, 1..=LAYOUT) => Ok(Self::with(connection, path, Head::default(), None)),
            (0, 0) if is_empty(&connection) => Err(JournalOpenError::Missing(path.to_owned())),
            found => Err(foreign(path, found)),
        }
    }

    fn with(connection: Connection, path: &Path, head: Head, writing: Option<Writing>) -> Self {
        let path: Arc<Path> = path.into();
        let inner = Inner { path: Arc::clone(&path), connection: Some(connection), head, writing };
        Self { inner: Arc::new(Mutex::new(inner)), path }
    }

    /// Closes the journal where blocking is allowed, as far as no clone is left: SQLite tidies up the file then, which takes
    /// its time on a slow disk.
    pub async fn close(self) {
        // A panic in there has nobody to tell; what was appended is on the disk since then.
        let _closed = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    /// Where the journal lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Recomputes the whole chain, and looks whether it still holds what is known of it: the heads given, and the last
    /// entry that was noted beside the journal.
    ///
    /// # Errors
    /// Names the first entry that does not fit.
    pub fn verify(&self, heads: &[Head]) -> Result<Whole, Broken> {
        // Read first, so that a run that goes on writing cannot be ahead of what is looked at.
        let mut known: Vec<Head> = lock::noted(&self.path).into_iter().collect();
        known.extend(heads);
        let mut inner = self.inner();
        let connection = inner.connection().map_err(|error| Broken::Unreadable(error.to_string()))?;
        walk(connection, &known)
    }

    /// Hands over every entry that fits the query, in order and one by one, as long as the taker wants more; `limit`
    /// does not count.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn for_each(
        &self,
        query: &Query,
        mut take: impl FnMut(StoredEntry) -> bool,
    ) -> Result<(), JournalError> {
        let mut inner = self.inner();
        let (sql, values) = select(query, None);
        visit(inner.connection()?, &sql, &values, &mut take).map_err(|error| unavailable(&error))
    }

    /// How many entries of each sort there are, of one plan or of all.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tally(&self, plan: Option<&str>) -> Result<Vec<Tally>, JournalError> {
        let mut inner = self.inner();
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
        tally(inner.connection()?).map_err(|error| unavailable(&error))
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
        self.blocking(move |inner| append(inner, entries, jiff::Timestamp::now())).await
    }

    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        rules::check_query(&query)?;
        self.blocking(move |inner| {
            let mut found = Vec::new();
            let mut bytes = 0;
            let (sql, values) = select(&query, Some(query.limit));
            visit(inner.connection()?, &sql, &values, &mut |stored| {
                bytes += rules::size(&stored.entry);
                found.push(stored);
                bytes < rules::MAX_ANSWER
            })
            .map_err(|error| unavailable(&error))?;
            Ok(found)
        })
        .await
    }

    async fn rest(&self) {
        let journal = self.clone();
        let rest = move || {
            // Whoever is still at work keeps the connection; waiting for that would make a call longer than its time.
            let free = match journal.inner.try_lock() {
                Ok(mut inner) => inner.connection.take(),
                Err(TryLockError::Poisoned(inner)) => inner.into_inner().connection.take(),
                Err(TryLockError::WouldBlock) => None,
            };
            drop(free);
        };
        // Awaited, so that no clone outlives its owner and with it the lock of the file.
        let _done = tokio::task::spawn_blocking(rest).await;
    }
}

impl Inner {
    /// The connection, which is opened again after a rest. The lock has kept other programs of ours out meanwhile; that
    /// nobody else put another journal there is seen by its last entry.
    fn connection(&mut self) -> Result<&mut Connection, JournalError> {
        let closed = match &mut self.connection {
            Some(connection) => return Ok(connection),
            closed => closed,
        };
        let connection = connect(&self.path, self.writing.is_some()).map_err(|error| unavailable(&error))?;
        if self.writing.is_some() && last(&connection).map_err(|error| unavailable(&error))? != self.head {
            return Err(JournalError::Unavailable(
                "The journal does not end any more where it ended when it was last used. Nothing is written to it: start \
                 again, and it is looked through as a whole."
                    .to_owned(),
            ));
        }
        Ok(closed.insert(connection))
    }
}

/// A connection that waits for whoever holds the file, which writers do for milliseconds only.
fn connect(path: &Path, writing: bool) -> rusqlite::Result<Connection> {
    let access = if writing { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    if writing {
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    Ok(connection)
}

/// Where the chain ends, as the last entry has it.
fn last(connection: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT sequence, chain FROM entry ORDER BY sequence DESC LIMIT 1";
    let found = connection.query_row(sql, [], |row| Ok((unsigned(row, 0)?, row.get(1)?))).optional()?;
    Ok(found.map_or_else(Head::default, |(sequence, link)| Head { sequence, link }))
}

fn append(inner: &mut Inner, entries: Vec<Entry>, now: jiff::Timestamp) -> Result<u64, JournalError> {
    if inner.writing.is_none() {
        return Err(JournalError::Unavailable("The journal was opened for reading only.".to_owned()));
    }
    let recorded_at = now.to_string();
    let mut head = inner.head;
    let connection = inner.connection()?;
    let write = || -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
            for entry in entries {
                let sequence = head.sequence + 1;
                let stored = StoredEntry { sequence, recorded_at: recorded_at.clone(), entry };
                head = Head { sequence, link: chain::link(&head.link, &stored) };
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
                    head.link.as_slice(),
                ])?;
            }
        }
        transaction.commit()
    };
    write().map_err(|error| unavailable(&error))?;
    // Only now, so that a failed append leaves the chain where it was.
    inner.head = head;
    if let Some(writing) = &mut inner.writing {
        writing.note.write(head);
    }
    Ok(head.sequence)
}

/// Goes along the chain and past the heads that it has to hold, and compares the indexes with the table.
fn walk(connection: &Connection, known: &[Head]) -> Result<Whole, Broken> {
    let unreadable = |error: rusqlite::Error| Broken::Unreadable(reason(&error));
    let sql = format!("SELECT {COLUMNS}, chain FROM entry ORDER BY sequence");
    let mut statement = connection.prepare(&sql).map_err(unreadable)?;
    let mut rows = statement.query([]).map_err(unreadable)?;
    let mut walk = Walk::default();
    while let Some(row) = rows.next().map_err(unreadable)? {
        // A row that cannot be an entry any more was changed just as well.
        let nothing = || Place { sequence: walk.head().sequence + 1, what: None };
        let stored = stored(row).map_err(|_| Broken::Changed(nothing()))?;
        let kept: Vec<u8> = row.get(9).map_err(|_| Broken::Changed(nothing()))?;
        if let Err(broken) = walk.step(&stored, &kept) {
            return Err(moved_to(connection, &walk).map_err(unreadable)?.unwrap_or(broken));
        }
        let head = walk.head();
        if known.iter().any(|known| known.sequence == head.sequence && known.link != head.link) {
            return Err(Broken::Other(head.sequence));
        }
    }
    // The component finds entries by the indexes, so these have to tell of the same rows.
    let indexes: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(unreadable)?;
    if indexes != "ok" {
        return Err(Broken::Unreadable(format!("the file is damaged ({})", clean(&indexes, 200))));
    }
    let whole = walk.end();
    let last = whole.head.sequence;
    match known.iter().map(|head| head.sequence).max() {
        Some(known) if known > last => Err(Broken::CutOff { known, last }),
        _ => Ok(whole),
    }
}

/// Where the entry that comes next in the chain stands instead, if it is there at all. Renumbering it makes it fit.
fn moved_to(connection: &Connection, walk: &Walk) -> rusqlite::Result<Option<Broken>> {
    let sequence = walk.head().sequence + 1;
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS}, chain FROM entry ORDER BY sequence"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (Ok(found), Ok(kept)) = (stored(row), row.get::<_, Vec<u8>>(9)) else { continue };
        let place = Place::from(&found);
        if found.sequence != sequence && walk.fits(&StoredEntry { sequence, ..found }, &kept) {
            return Ok(Some(Broken::Reordered { sequence, found: place }));
        }
    }
    Ok(None)
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), JournalOpenError> {
    let found = layout(connection).map_err(|error| open_error(path, &error))?;
    let change = match found {
        (APPLICATION, LAYOUT) => None,
        // Only a kind of entry came with the third; versions that do not know it have to say so.
        (APPLICATION, 2) => Some(String::new()),
        (APPLICATION, 1) => Some(format!("{FROM_LAYOUT_1} {INDEXES}")),
        (0, 0) if is_empty(connection) => Some(format!("{TABLE} {INDEXES}")),
        found => return Err(foreign(path, found)),
    };
    let set_up = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        if let Some(change) = &change {
            connection.execute_batch(&format!(
                "BEGIN; {change} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}; COMMIT;"
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

#[cfg(test)]
mod tests;
