//! Paging, sorting and filtering of every list.
//!
//! Exemption data can be fetched only in pages of one size, so `$skip` has to be a multiple of `$top`, and sorted only
//! by one field; both are refused as AvaTax refuses them. A `$top` above the maximum is cut without a word, which
//! trips clients that step by their own page size instead of following the link to the next page.

use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    call::Call,
    error::{
        ApiError, ApiResult, EXEMPTION_PAGINATION_LIMITS, EXEMPTION_SORT_LIMITS, INVALID_QUERY_FIELD,
        INVALID_QUERY_VALUE,
    },
    filter::{Filter, Record, Schema},
};

/// Page size of exemption data where the request names none.
pub(crate) const ECMS_PAGE: usize = 100;
/// Page size of everything else where the request names none, and the largest there is.
pub(crate) const DEFAULT_PAGE: usize = 1_000;

/// The filter of a request.
pub(crate) fn filter(call: &Call, schema: &Schema) -> ApiResult<Option<Filter>> {
    match call.query("$filter") {
        Some(text) if !text.trim().is_empty() => Filter::parse(text, schema).map(Some),
        _ => Ok(None),
    }
}

/// Whether a request asks for a further page.
pub(crate) fn is_continued(call: &Call) -> bool {
    call.query("pageKey").is_some() || size(call, "$skip").is_ok_and(|skip| skip > 0)
}

/// The names after `$include`, which have to be among those known.
pub(crate) fn includes(call: &Call, known: &[&'static str]) -> ApiResult<Vec<&'static str>> {
    let text = call.query("$include").unwrap_or_default();
    let mut names = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let known = known.iter().find(|known| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
            ApiError::bad(
                INVALID_QUERY_FIELD,
                "The query cannot be understood.",
                format!("$include has no '{name}'."),
            )
        })?;
        names.push(*known);
    }
    Ok(names)
}

/// Answers a list: filters, sorts, cuts out the page and wraps it.
pub(crate) fn answer<'a, T: Record + 'a>(
    call: &Call,
    schema: &Schema,
    default_page: usize,
    rows: impl Iterator<Item = &'a T>,
    render: impl FnMut(&'a T) -> Value,
) -> ApiResult<Value> {
    let filter = filter(call, schema)?;
    answer_filtered(call, schema, default_page, rows, filter.as_ref(), render)
}

/// The same with a filter that was read already, for lists that used it to find candidates.
pub(crate) fn answer_filtered<'a, T: Record + 'a>(
    call: &Call,
    schema: &Schema,
    default_page: usize,
    rows: impl Iterator<Item = &'a T>,
    filter: Option<&Filter>,
    render: impl FnMut(&'a T) -> Value,
) -> ApiResult<Value> {
    let top = match size(call, "$top")? {
        0 => default_page,
        top => top.min(DEFAULT_PAGE),
    };
    let skip = size(call, "$skip")?;
    if skip % top != 0 {
        return Err(ApiError::bad(
            EXEMPTION_PAGINATION_LIMITS,
            "The pages have to be of one size.",
            format!("$skip is {skip}, which is no multiple of the page size {top}."),
        ));
    }
    let mut kept = Vec::new();
    for row in rows {
        if filter.map_or(Ok(true), |filter| filter.matches(row))? {
            kept.push(row);
        }
    }
    if let Some((field, descending)) = order(call, schema)? {
        kept.sort_by(|a, b| {
            let order = a.field(field).order(&b.field(field));
            if descending { order.reverse() } else { order }
        });
    }
    let total = kept.len();
    let value: Vec<Value> = kept.into_iter().skip(skip).take(top).map(render).collect();
    Ok(envelope(call, total, skip, top, value))
}

/// The envelope around values that are all there is.
pub(crate) fn whole(values: Vec<Value>) -> Value {
    json!({"@recordsetCount": values.len(), "value": values})
}

fn envelope(call: &Call, total: usize, skip: usize, top: usize, value: Vec<Value>) -> Value {
    let mut answer = json!({"@recordsetCount": total, "value": value});
    let next = skip.saturating_add(top);
    if next < total
        && let Some(map) = answer.as_object_mut()
    {
        map.insert("@nextLink".to_owned(), next_link(call, next, top).into());
        map.insert("pageKey".to_owned(), format!("P{next}").into());
    }
    answer
}

fn next_link(call: &Call, skip: usize, top: usize) -> String {
    let mut link = format!("{}?$top={top}&$skip={skip}", call.address);
    for (name, value) in &call.query {
        if !name.eq_ignore_ascii_case("$top") && !name.eq_ignore_ascii_case("$skip") {
            link.extend(["&"].into_iter().chain(escape(name)).chain(["="]).chain(escape(value)));
        }
    }
    link
}

fn escape(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn size(call: &Call, name: &str) -> ApiResult<usize> {
    let text = call.query(name).unwrap_or("0");
    text.parse().map_err(|_ignored| {
        ApiError::bad(
            INVALID_QUERY_VALUE,
            "The query cannot be understood.",
            format!("{name} is no number: '{text}'."),
        )
    })
}

fn order(call: &Call, schema: &Schema) -> ApiResult<Option<(&'static str, bool)>> {
    let Some(text) = call.query("$orderBy").map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.contains(',') {
        return Err(ApiError::bad(
            EXEMPTION_SORT_LIMITS,
            "Sorting works with one field only.",
            format!("$orderBy names several fields: '{text}'."),
        ));
    }
    let mut words = text.split_whitespace();
    let field = schema.resolve(words.next().unwrap_or_default())?;
    match (words.next().map(str::to_ascii_lowercase).as_deref(), words.next()) {
        (None | Some("asc"), None) => Ok(Some((field, false))),
        (Some("desc"), None) => Ok(Some((field, true))),
        _ => Err(ApiError::bad(
            INVALID_QUERY_VALUE,
            "The query cannot be understood.",
            format!("$orderBy has to be a field and ASC or DESC, not '{text}'."),
        )),
    }
}
