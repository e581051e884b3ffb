//! Customers from a SQLite database, through a [`QueryPack`].
//!
//! Every page is one read transaction of at most four statements: the customers, then their addresses, exemptions and
//! attached files for the whole page at once, so the number of queries does not grow with the number of customers and
//! memory stays flat over millions of rows. Pages start after the last key (no offsets), statements stay prepared, and
//! the connection is opened read-only. SQLite blocks, so all of it runs on tokio's threads for blocking work.
//!
//! While the component works on a page, the next one is read already, so that reading and working take turns on two
//! threads instead of waiting for each other. A page that was read ahead is handed out only to the scan it was read for:
//! a scan that begins anew, or asks for anything else, drops it, and so does time (`KEPT`).
//!
//! A connection with its statements and pages takes 160 KiB and more, so it is closed when a call is over and opened
//! again by the next one, which takes a fraction of a millisecond.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use jiff::civil::Date;
use rusqlite::{Connection, ErrorCode, OpenFlags, Params, named_params};
use tokio::task::JoinHandle;

use super::{
    Erp, ErpOpenError, memory,
    posture::{self, Fact},
    query_pack::QueryPack,
    sql_rows::{self, Columns, Draft},
    text,
};
use crate::model::erp::{
    Address, BadRow, Description, ErpError, EvidenceKind, Exemption, FieldGroups, Page, Row, Scan,
};

const CURSOR: &str = "key:";
/// How long a page that was read ahead may wait for the scan to ask for it. Rows that change meanwhile are seen as they
/// were, as those of the page before are.
const KEPT: Duration = Duration::from_secs(60);
/// How long a writer may keep us waiting.
const BUSY: Duration = Duration::from_secs(10);
/// Most addresses of a customer that are kept.
const MAX_ADDRESSES: usize = 100;
/// Most exemptions of a customer, as the contract says.
const MAX_EXEMPTIONS: usize = 100;

/// A database, its query pack and the day to judge exemptions by. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqlErp {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    // None while nobody asks.
    connection: Mutex<Option<Connection>>,
    pack: QueryPack,
    today: Date,
    ahead: Mutex<Option<Ahead>>,
}

/// The page after the one that was handed out last.
#[derive(Debug)]
struct Ahead {
    wanted: Wanted,
    since: Instant,
    page: Reading,
}

/// A page that is being read, with what may go wrong before the database is asked outside.
type Reading = JoinHandle<Result<Result<Page, ErpError>, String>>;

/// Which page it is.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    after: Option<String>,
    size: usize,
    fields: FieldGroups,
}

impl SqlErp {
    /// Opens a database and tries every statement of the pack. Blocking.
    pub fn open(path: &Path, pack: QueryPack, today: Date) -> Result<Self, ErpOpenError> {
        let fail = |message: String| ErpOpenError::Database { path: path.to_path_buf(), message };
        if !path.is_file() {
            return Err(fail("there is no such file".to_owned()));
        }
        let connection = connect(path).map_err(|error| fail(format!("it could not be opened: {error}")))?;
        for (name, sql) in statements(&pack) {
            connection
                .prepare_cached(sql)
                .map_err(|error| fail(format!("the statement `{name}` of its query pack fails: {error}")))?;
        }
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                connection: Mutex::new(Some(connection)),
                pack,
                today,
                ahead: Mutex::default(),
            }),
        })
    }

    /// The pack that this database is read through.
    pub fn pack(&self) -> &QueryPack {
        &self.shared.pack
    }

    /// Runs blocking work on the connection. A panic in earlier work leaves nothing behind on a read-only connection,
    /// so a poisoned lock is taken over.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &QueryPack, Date) -> T + Send + 'static,
    ) -> Result<T, String> {
        self.start(work).await.unwrap_or_else(|_| Err(CUT_SHORT.to_owned()))
    }

    /// Begins such work.
    fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &QueryPack, Date) -> T + Send + 'static,
    ) -> JoinHandle<Result<T, String>> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let mut connection = shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match &mut *connection {
                Some(connection) => connection,
                none => none.insert(
                    connect(&shared.path)
                        .map_err(|error| format!("the ERP database could not be opened again: {error}"))?,
                ),
            };
            Ok(work(connection, &shared.pack, shared.today))
        })
    }

    /// Begins to read a page.
    fn start_page(&self, wanted: &Wanted) -> Reading {
        let Wanted { after, size, fields } = wanted.clone();
        self.start(move |connection, pack, today| {
            list(connection, pack, today, after.as_deref(), size, fields)
        })
    }

    /// Whether a page lies ready that nobody has asked for yet.
    #[cfg(test)]
    pub(super) fn has_read_ahead(&self) -> bool {
        let ahead = self.shared.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.as_ref().is_some_and(|ahead| ahead.page.is_finished())
    }

    /// Takes the page that was read ahead; none if another one is wanted by now, or it is too old.
    fn read_ahead(&self, wanted: &Wanted) -> Option<Reading> {
        let kept = self.shared.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.filter(|kept| kept.wanted == *wanted && kept.since.elapsed() < KEPT).map(|kept| kept.page)
    }
}

const CUT_SHORT: &str = "reading the database was cut short";

#[async_trait::async_trait]
impl Erp for SqlErp {
    async fn describe(&self) -> Result<Description, ErpError> {
        let describe = |connection: &Connection, pack: &QueryPack, _| {
            let count = pack.statements.count.as_ref();
            let count =
                count.map(|sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)));
            Ok(Description {
                product: pack.product.clone(),
                adapter: "sqlite".to_owned(),
                exemption_fields: pack.exemption_fields(),
                customers: count.transpose().map_err(failure)?.and_then(|count| u64::try_from(count).ok()),
            })
        };
        self.run(describe).await.map_err(ErpError::Unavailable)?
    }

    async fn list_customers(&self, request: Scan) -> Result<Page, ErpError> {
        let after = match &request.after {
            None => None,
            Some(cursor) => Some(cursor.strip_prefix(CURSOR).ok_or(ErpError::CursorExpired)?.to_owned()),
        };
        let wanted = Wanted { after, size: memory::page_size(request.page_size), fields: request.fields };
        let ahead = match self.read_ahead(&wanted) {
            Some(reading) => reading.await.ok().and_then(Result::ok).and_then(Result::ok),
            None => None,
        };
        let page = match ahead {
            Some(page) => page,
            // What could not be read a while ago may be readable now.
            None => {
                let reading = self.start_page(&wanted);
                let read = reading.await.unwrap_or_else(|_| Err(CUT_SHORT.to_owned()));
                read.map_err(ErpError::Unavailable)??
            }
        };
        if let Some(next) = page.next.as_deref().and_then(|next| next.strip_prefix(CURSOR)) {
            let wanted = Wanted { after: Some(next.to_owned()), ..wanted };
            let ahead = Ahead { page: self.start_page(&wanted), since: Instant::now(), wanted };
            *self.shared.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        Ok(page)
    }

    async fn get_customers(&self, ids: Vec<String>, fields: FieldGroups) -> Result<Vec<Row>, ErpError> {
        let ids = memory::distinct(ids)?;
        let work = move |connection: &Connection, pack: &QueryPack, today| {
            get(connection, pack, today, &ids, fields)
        };
        self.run(work).await.map_err(ErpError::Unavailable)?
    }

    async fn rest(&self) {
        let shared = Arc::clone(&self.shared);
        let rest = move || {
            if let Some(ahead) = shared.ahead.lock().unwrap_or_else(PoisonError::into_inner).take() {
                // Not begun yet, it would open the connection again.
                ahead.page.abort();
            }
            // Who is still reading keeps the connection; waiting for that would make a call longer than its time.
            let free = match shared.connection.try_lock() {
                Ok(mut connection) => connection.take(),
                Err(TryLockError::Poisoned(connection)) => connection.into_inner().take(),
                Err(TryLockError::WouldBlock) => None,
            };
            drop(free);
        };
        // A panic in there has nobody to tell, and nothing was lost.
        let _done = tokio::task::spawn_blocking(rest).await;
    }
}

/// A connection that only reads.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(16);
    Ok(connection)
}

fn statements(pack: &QueryPack) -> impl Iterator<Item = (&'static str, &str)> {
    let s = &pack.statements;
    [
        ("customers", Some(&s.customers)),
        ("customers-by-id", Some(&s.customers_by_id)),
        ("addresses", s.addresses.as_ref()),
        ("exemptions", s.exemptions.as_ref()),
        ("attachments", s.attachments.as_ref()),
        ("documents", s.documents.as_ref()),
        ("document", s.document.as_ref()),
        ("count", s.count.as_ref()),
    ]
    .into_iter()
    .filter_map(|(name, sql)| sql.map(|sql| (name, sql.as_str())))
}

/// A row with the key it was read under: a draft, or why it is none.
struct Read<'p> {
    id: Option<String>,
    draft: Result<Draft<'p>, String>,
}

fn list(
    connection: &Connection,
    pack: &QueryPack,
    today: Date,
    after: Option<&str>,
    size: usize,
    fields: FieldGroups,
) -> Result<Page, ErpError> {
    // All statements of a page see the same state of the database.
    let snapshot = connection.unchecked_transaction().map_err(failure)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let parameters = named_params! { ":after": after, ":limit": limit };
    let read = customers(&snapshot, &pack.statements.customers, parameters, pack, size)?;
    let next = if read.len() < size {
        None
    } else {
        // Rows whose own key cannot be read are passed over by starting again after the last readable one.
        match read.iter().rev().find_map(|row| row.id.as_ref()) {
            Some(id) => Some(format!("{CURSOR}{id}")),
            None => {
                return Err(ErpError::BadData("no customer of a whole page has a readable key".to_owned()));
            }
        }
    };
    Ok(Page { rows: complete(&snapshot, pack, today, read, fields)?, next })
}

fn get(
    connection: &Connection,
    pack: &QueryPack,
    today: Date,
    ids: &[String],
    fields: FieldGroups,
) -> Result<Vec<Row>, ErpError> {
    let snapshot = connection.unchecked_transaction().map_err(failure)?;
    let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let json = json(ids.iter().map(String::as_str));
    let parameters = named_params! { ":ids": json };
    let mut read = customers(
        &snapshot,
        &pack.statements.customers_by_id,
        parameters,
        pack,
        memory::page_size(u32::MAX),
    )?;
    // A pack that compares keys as numbers takes "7x" for 7; the component asked for "7x".
    read.retain(|row| row.id.as_deref().is_some_and(|id| wanted.contains(id)));
    complete(&snapshot, pack, today, read, fields)
}

fn customers<'p>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    pack: &'p QueryPack,
    most: usize,
) -> Result<Vec<Read<'p>>, ErpError> {
    let mut statement = connection.prepare_cached(sql).map_err(failure)?;
    let columns = Columns::of(&statement);
    let mut rows = statement.query(parameters).map_err(failure)?;
    let mut read = Vec::new();
    while let Some(row) = rows.next().map_err(failure)? {
        read.push(match columns.id(row, "id") {
            Ok(id) => Read { draft: sql_rows::customer(&columns, row, id.clone(), pack), id: Some(id) },
            Err(reason) => Read { id: None, draft: Err(reason) },
        });
        if read.len() == most {
            break;
        }
    }
    Ok(read)
}

/// What belongs to each customer of a page: the first entries, or why one of them cannot be read.
type Children<T> = HashMap<String, Result<Vec<T>, String>>;

fn children<T>(
    connection: &Connection,
    sql: Option<&String>,
    ids: &str,
    most: usize,
    convert: impl Fn(&Columns, &rusqlite::Row<'_>) -> Result<T, String>,
) -> Result<Children<T>, ErpError> {
    let mut found = HashMap::new();
    let Some(sql) = sql else { return Ok(found) };
    let mut statement = connection.prepare_cached(sql).map_err(failure)?;
    let columns = Columns::of(&statement);
    let mut rows = statement.query(named_params! { ":ids": ids }).map_err(failure)?;
    while let Some(row) = rows.next().map_err(failure)? {
        // Without a key it belongs to nobody on this page.
        let Ok(id) = columns.id(row, "customer_id") else { continue };
        let entry = found.entry(id).or_insert_with(|| Ok(Vec::new()));
        if let Ok(items) = entry
            && items.len() < most
        {
            match convert(&columns, row) {
                Ok(item) => items.push(item),
                Err(reason) => *entry = Err(reason),
            }
        }
    }
    Ok(found)
}

fn complete(
    connection: &Connection,
    pack: &QueryPack,
    today: Date,
    read: Vec<Read<'_>>,
    fields: FieldGroups,
) -> Result<Vec<Row>, ErpError> {
    let ids = json(read.iter().filter(|row| row.draft.is_ok()).filter_map(|row| row.id.as_deref()));
    let s = &pack.statements;
    // Exemptions and files are evidence, so they are read in every scan.
    let mut exemptions =
        children(connection, s.exemptions.as_ref(), &ids, MAX_EXEMPTIONS, sql_rows::exemption)?;
    let file = |columns: &Columns, row: &rusqlite::Row<'_>| columns.raw(row, "file_name");
    let mut files = children(connection, s.attachments.as_ref(), &ids, 1, file)?;
    let mut addresses: Children<Address> = if fields.contains(FieldGroups::ADDRESSES) {
        children(connection, s.addresses.as_ref(), &ids, MAX_ADDRESSES, sql_rows::address)?
    } else {
        HashMap::new()
    };
    let mut rows = Vec::with_capacity(read.len());
    for row in read {
        let Read { id, draft } = row;
        let key = id.clone().unwrap_or_default();
        let finished = draft.and_then(|draft| {
            let exemptions = exemptions.remove(&key).unwrap_or_else(|| Ok(Vec::new()))?;
            let files = files.remove(&key).unwrap_or_else(|| Ok(Vec::new()))?;
            let addresses = addresses.remove(&key).unwrap_or_else(|| Ok(Vec::new()))?;
            Ok(finish(draft, pack, today, exemptions, files, addresses, fields))
        });
        rows.push(match finished {
            Ok(row) => row,
            Err(reason) => Row::Bad(BadRow { id, reason }),
        });
    }
    Ok(rows)
}

fn finish(
    draft: Draft<'_>,
    pack: &QueryPack,
    today: Date,
    exemptions: Vec<Exemption>,
    files: Vec<Option<String>>,
    addresses: Vec<Address>,
    fields: FieldGroups,
) -> Row {
    let Draft { mut customer, charged, mut facts } = draft;
    if let Some(field) = &pack.fields.exemption_record {
        facts.extend(exemptions.iter().filter_map(|exemption| posture::record(exemption, field, today)));
    }
    if let (Some(field), Some(name)) = (&pack.fields.certificate_file, files.into_iter().next()) {
        let value = name.and_then(|name| text::one_line(&name, text::FILE_NAME)).unwrap_or_default();
        facts.push(Fact { kind: EvidenceKind::CertificateFile, field, value });
    }
    (customer.posture, customer.evidence) = posture::judge(charged, facts);
    customer.addresses = addresses;
    if fields.contains(FieldGroups::EXEMPTIONS) {
        customer.exemptions = exemptions;
    }
    Row::Customer(customer)
}

fn json<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from(ids.collect::<Vec<_>>()).to_string()
}

/// What a failed read means to the component.
pub(crate) fn failure(error: rusqlite::Error) -> ErpError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErpError::Unavailable(
            "the ERP database is locked by another program; try again when it is done".to_owned(),
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::SchemaChanged) => {
            ErpError::Unavailable(format!("the ERP database cannot be read right now: {error}"))
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            ErpError::Unauthorized(format!("the ERP database may not be read: {error}"))
        }
        _ => ErpError::BadData(format!("the ERP database could not be understood: {error}")),
    }
}
