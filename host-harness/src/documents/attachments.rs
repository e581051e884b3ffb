//! Documents that are attached to customers in the ERP's database.
//!
//! The statements come from the same query pack as the customers, and each document carries the id of the customer it
//! is attached to. Blobs are looked at one at a time inside SQLite's own buffer: listing a page copies none of them.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, named_params, types::ValueRef};

use super::{MAX_BYTES, digest, media_type, page_size, too_large};
use crate::{
    erp::{query_pack::QueryPack, sql::SqlErp},
    model::documents::{Document, DocumentError, DocumentPage},
};

/// The attachments of a SQLite ERP.
#[derive(Debug, Clone)]
pub struct Attachments {
    erp: SqlErp,
}

impl Attachments {
    /// None if the query pack has no statements for documents.
    pub fn new(erp: SqlErp) -> Option<Self> {
        let s = &erp.pack().statements;
        (s.documents.is_some() && s.document.is_some()).then_some(Self { erp })
    }

    /// Lists documents by key, starting after one.
    pub async fn list(&self, after: Option<String>, limit: u32) -> Result<DocumentPage, DocumentError> {
        let limit = page_size(limit);
        let work = move |connection: &Connection, pack: &QueryPack, _| {
            page(connection, pack, after.as_deref(), limit)
        };
        self.erp.run(work).await.map_err(DocumentError::Unavailable)?
    }

    /// All bytes of a document.
    pub async fn original(&self, id: &str) -> Result<Bytes, DocumentError> {
        let id = id.to_owned();
        let work = move |connection: &Connection, pack: &QueryPack, _| {
            let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
            content(connection, pack, &id, copy)?.ok_or(DocumentError::NotFound)?.map_err(too_large)
        };
        self.erp.run(work).await.map_err(DocumentError::Unavailable)?
    }
}

fn page(
    connection: &Connection,
    pack: &QueryPack,
    after: Option<&str>,
    limit: usize,
) -> Result<DocumentPage, DocumentError> {
    let Some(sql) = &pack.statements.documents else {
        return Ok(DocumentPage { documents: Vec::new(), next: None });
    };
    let snapshot = connection.unchecked_transaction().map_err(failure)?;
    let mut statement = snapshot.prepare_cached(sql).map_err(failure)?;
    let columns: Vec<usize> = ["id", "customer_id", "file_name", "size"]
        .iter()
        .map(|name| statement.column_index(name))
        .collect::<Result<_, _>>()
        .map_err(failure)?;
    let rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let listed = statement
        .query_map(named_params! { ":after": after, ":limit": rows }, |row| {
            let text = |at: usize| columns.get(at).map_or(Ok(None), |at| row.get_ref(*at).map(text));
            Ok((text(0)?, text(1)?, text(2)?))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failure)?;
    let next = if listed.len() == limit { listed.last().and_then(|(id, ..)| id.clone()) } else { None };
    let mut documents = Vec::with_capacity(listed.len());
    for (id, customer, name) in listed {
        let Some(id) = id else { continue };
        let look = |bytes: &[u8]| (media_type(bytes), bytes.len() as u64, digest(bytes));
        let (media_type, size, sha256) = match content(&snapshot, pack, &id, look)? {
            Some(Ok(seen)) => seen,
            // Too large to be read, so its digest is that of a description: unique, stable, equal to no other.
            Some(Err(size)) => (
                "application/octet-stream",
                size,
                digest(format!("attachment {id} of {size} bytes").as_bytes()),
            ),
            None => continue,
        };
        documents.push(Document {
            name: name.as_deref().map_or_else(|| format!("attachment {id}"), file_name),
            id,
            media_type: media_type.to_owned(),
            size,
            sha256,
            customer,
        });
    }
    Ok(DocumentPage { documents, next })
}

/// Looks at the bytes of a document. The inner error is the size of one that is too large.
fn content<T>(
    connection: &Connection,
    pack: &QueryPack,
    id: &str,
    look: impl FnOnce(&[u8]) -> T,
) -> Result<Option<Result<T, u64>>, DocumentError> {
    let Some(sql) = &pack.statements.document else { return Ok(None) };
    let mut statement = connection.prepare_cached(sql).map_err(failure)?;
    let (content, size) = (
        statement.column_index("content").map_err(failure)?,
        statement.column_index("size").map_err(failure)?,
    );
    statement
        .query_row(named_params! { ":id": id }, |row| {
            let size = u64::try_from(row.get::<_, Option<i64>>(size)?.unwrap_or(0)).unwrap_or(0);
            if size > MAX_BYTES {
                return Ok(Err(size));
            }
            Ok(match row.get_ref(content)? {
                ValueRef::Blob(bytes) | ValueRef::Text(bytes) if bytes.len() as u64 > MAX_BYTES => {
                    Err(bytes.len() as u64)
                }
                ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(look(bytes)),
                ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Ok(look(&[])),
            })
        })
        .optional()
        .map_err(failure)
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).chars().take(1000).collect()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

/// The last part of a path, freed of control characters.
fn file_name(value: &str) -> String {
    let last = value.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn failure(error: rusqlite::Error) -> DocumentError {
    DocumentError::Unavailable(format!("the ERP's attachments could not be read: {error}"))
}
