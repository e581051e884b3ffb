//! Rows of the journal's table: how a query becomes a statement, and a row an entry.

use rusqlite::{Connection, Row, ToSql};

use super::super::rules;
use crate::model::journal::{Entry, EntryKind, Operation, OutcomeState, Query, StoredEntry};

/// The columns of an entry, in the order that [`stored`] reads them.
pub(super) const COLUMNS: &str = "sequence, recorded_at, kind, operation, plan, key, customer, state, body";

pub(super) type Values = Vec<Box<dyn ToSql>>;

/// The statement for a query. Only what restricts is in it, so that SQLite can choose an index.
pub(super) fn select(query: &Query, limit: Option<u32>) -> (String, Values) {
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
        // Both indexes would do; that over the plan leads to fewer rows, and the sign leaves SQLite only that one.
        let column = if query.plan.is_some() { "+operation =" } else { "operation =" };
        restrict(column, Box::new(rules::operation_name(operation)));
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

/// Hands over the rows of a statement as long as the taker wants more.
pub(super) fn visit(
    connection: &Connection,
    sql: &str,
    values: &Values,
    take: &mut dyn FnMut(StoredEntry) -> bool,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if !take(stored(row)?) {
            break;
        }
    }
    Ok(())
}

pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
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
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryKind> {
    rules::kind_of(row.get_ref(column)?.as_str()?).ok_or_else(|| unknown(column))
}

pub(super) fn operation(row: &Row<'_>, column: usize) -> rusqlite::Result<Operation> {
    rules::operation_of(row.get_ref(column)?.as_str()?).ok_or_else(|| unknown(column))
}

pub(super) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<OutcomeState>> {
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
