//! The tables `[limits]` and `[tenants.NAME.limits]`: what a call may use up.
//!
//! The first is the host's ceiling, the second narrows it for one tenant. A tenant that asks for more than the ceiling
//! gets the ceiling: the host's word counts, and raising it must not mean going through all tenants. The keys are those of
//! [`LIMITS`], so a new limit is known here at once.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::limits::{LIMITS, Limits};

/// A table of limits as it stands in the file.
pub(super) type Table = Spanned<BTreeMap<Spanned<String>, Spanned<toml::Value>>>;

/// A sentence, and the place in the file that it is about.
pub(super) type Refusal = (std::ops::Range<usize>, String);

/// What the table asks for; what it does not name is as in `ceiling`, and nothing exceeds that.
pub(super) fn check(table: Option<Table>, ceiling: &Limits) -> Result<Limits, Refusal> {
    let mut limits = *ceiling;
    for (key, value) in table.map(Spanned::into_inner).into_iter().flatten() {
        let Some(limit) = LIMITS.iter().find(|limit| limit.key == key.get_ref()) else {
            let known: Vec<_> = LIMITS.iter().map(|limit| limit.key).collect();
            let shown = crate::error::plain(key.get_ref(), 60);
            return Err((key.span(), format!("there is no limit `{shown}`; there are {}", known.join(", "))));
        };
        let amount = value.get_ref().as_integer().and_then(|amount| u64::try_from(amount).ok());
        match amount.filter(|amount| *amount > 0) {
            Some(amount) => limit.put(&mut limits, amount),
            None => {
                return Err((value.span(), format!("`{}` has to be a whole number from 1", limit.key)));
            }
        }
    }
    Ok(limits)
}
