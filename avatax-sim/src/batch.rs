//! Creating several things with one request.
//!
//! AvaTax does not say what a batch with a bad row leaves behind, so it is a setting. Every row is checked against what
//! is stored and against the rows before it; then good rows are stored as the setting says. Storing can fail as well,
//! when the back end refuses a document after the record exists. Whatever happens, one bad row makes the whole answer
//! an error, and that error does not say which rows were stored.

use serde_json::Value;

use crate::{
    config::BatchMode,
    error::{ApiError, ApiResult, ENTITY_LIMIT_EXCEEDED},
    world::Books,
};

/// Most rows of one request.
const MAX_ROWS: usize = 100;

/// Checks and stores rows; returns the ids of what was stored.
pub(crate) fn run<T>(
    mode: BatchMode,
    rows: &[Value],
    books: &mut Books<'_>,
    check: impl Fn(&Books<'_>, &[T], &Value) -> ApiResult<T>,
    mut store: impl FnMut(&mut Books<'_>, T) -> ApiResult<u64>,
) -> ApiResult<Vec<u64>> {
    if rows.len() > MAX_ROWS {
        return Err(ApiError::bad(
            ENTITY_LIMIT_EXCEEDED,
            "There are too many rows.",
            format!("One request takes {MAX_ROWS} rows at most; this one has {}.", rows.len()),
        ));
    }
    let (mut pending, mut stored, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let result = match (check(books, &pending, row), mode) {
            (Err(error), _) => Err(error),
            (Ok(new), BatchMode::Atomic) => {
                pending.push(new);
                continue;
            }
            (Ok(new), _) => store(books, new),
        };
        match result {
            Ok(id) => stored.push(id),
            Err(error) => {
                errors.push(error);
                if mode == BatchMode::StoresUntilFirstBad {
                    break;
                }
            }
        }
    }
    if errors.is_empty() {
        for new in pending {
            match store(books, new) {
                Ok(id) => stored.push(id),
                Err(error) => errors.push(error),
            }
        }
    }
    ApiError::join(errors).map_or(Ok(stored), Err)
}
