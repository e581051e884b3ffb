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
    random,
    world::Books,
};

/// Most rows of one request.
const MAX_ROWS: usize = 100;

/// How to go about one batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    mode: BatchMode,
    dice: u64,
}

impl Plan {
    pub(crate) fn new(mode: BatchMode, dice: u64) -> Self {
        Self { mode: mode.draw(dice), dice }
    }

    /// Whether rows are stored only when all of them are known.
    fn waits(self) -> bool {
        matches!(self.mode, BatchMode::Atomic | BatchMode::StoresSome)
    }

    /// Whether a good row is stored although another one is bad.
    fn keeps(self, place: u64) -> bool {
        self.mode == BatchMode::StoresSome && random::chance(random::number(self.dice, &[place]))
    }
}

/// Checks and stores rows; returns the ids of what was stored.
pub(crate) fn run<T>(
    plan: Plan,
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
        let result = match check(books, &pending, row) {
            Ok(new) if plan.waits() => {
                pending.push(new);
                continue;
            }
            Ok(new) => store(books, new),
            Err(error) => Err(error),
        };
        match result {
            Ok(id) => stored.push(id),
            Err(error) => {
                errors.push(error);
                if plan.mode == BatchMode::StoresUntilFirstBad {
                    break;
                }
            }
        }
    }
    let all_good = errors.is_empty();
    for (place, new) in (0_u64..).zip(pending) {
        if all_good || plan.keeps(place) {
            match store(books, new) {
                Ok(id) => stored.push(id),
                Err(error) => errors.push(error),
            }
        }
    }
    ApiError::join(errors).map_or(Ok(stored), Err)
}
