//! AvaTax's lists: filters that fit into a URL, pages, and rows that come and go while they are read.

use std::collections::HashSet;

use crate::avatax::{AvaTax, Failure};
use crate::http::{Request, encode, filter_text};
use crate::json::Value;

/// Values in one `in (…)` filter. Together with [`FILTER_MAX`] this keeps URLs where every gateway takes them.
const FILTER_VALUES: usize = 40;
/// Longest encoded list of values in a filter.
const FILTER_MAX: usize = 3000;
/// Rows of a list page. The documented maximum is 1,000, but lists of this part of the API seem to end at 100.
const LIST_PAGE: usize = 100;
/// Pages read of any one list, as a bound on what a broken server can make us read.
const LIST_PAGES: usize = 1000;
/// Times a list that moves is read before that is given up.
const LIST_READINGS: usize = 8;
/// Where AvaTax's paged envelope says how many rows there are in all.
const COUNT: &str = "@recordsetCount";

/// The rows of AvaTax's paged envelope, and how many there are in all if it says so. An answer without rows is no empty
/// list: taken for one, it would let things be written a second time.
pub(super) fn rows(mut page: Value) -> Result<(Vec<Value>, Option<usize>), Failure> {
    let count = page.get(COUNT).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    match page.get_mut("value").map(Value::take) {
        Some(Value::Array(rows)) => Ok((rows, count)),
        _ => Err(Failure::Unclear("AvaTax answered a list without its rows.".to_owned())),
    }
}

impl AvaTax<'_> {
    /// Records below the company whose field is one of the values, several requests in flight.
    ///
    /// An answer that fits on one page was true at one moment; pages may shift between one and the next. So a question
    /// with more than one page of answers is asked again in halves, down to single values.
    pub(super) fn find(&self, path: &str, field: &str, values: &[&str]) -> Result<Vec<Value>, Failure> {
        let mut found = Vec::new();
        let mut open = groups(values);
        while !open.is_empty() {
            let path = |group: &[&str]| {
                let list = group.iter().map(|value| filter_text(value)).collect::<Vec<_>>().join(",");
                let filter = encode(&format!("{field} in ({list})"));
                format!("/companies/{}{path}?$filter={filter}&", self.company_id)
            };
            let paths: Vec<String> = open.iter().map(|group| path(group)).collect();
            let requests: Vec<Request> = paths.iter().map(|path| self.page(path, 0)).collect();
            let mut again = Vec::new();
            for ((group, path), first) in open.into_iter().zip(&paths).zip(self.read_all(&requests)) {
                let (first, count) = rows(first?)?;
                if is_whole(&first, count) {
                    found.extend(first);
                } else if group.len() > 1 {
                    let (left, right) = group.split_at(group.len() / 2);
                    again.extend([left, right]);
                } else {
                    found.extend(self.whole(path, true)?);
                }
            }
            open = again;
        }
        Ok(found)
    }

    /// A whole list below `/api/v2`, page by page; `moves` says whether its rows come and go.
    pub(super) fn list(&self, path: &str, moves: bool) -> Result<Vec<Value>, Failure> {
        let path = format!("{path}?");
        let (first, count) = rows(self.read(self.page(&path, 0))?)?;
        if is_whole(&first, count) { Ok(first) } else { self.whole(&path, moves) }
    }

    /// A list of several pages, read until it was read without a row coming or going in between: every page counts the
    /// same, no row comes twice, and, if rows come and go, the next reading is the same.
    fn whole(&self, path: &str, moves: bool) -> Result<Vec<Value>, Failure> {
        let mut last: Option<Vec<Value>> = None;
        let mut why = Failure::Unclear("A list of AvaTax changed every time it was read.".to_owned());
        for _ in 0..LIST_READINGS {
            match self.pages(path) {
                Ok(Some(all)) if !moves || last.as_ref() == Some(&all) => return Ok(all),
                Ok(all) => last = all,
                // The place in the list was lost; from the start it may do.
                Err(failure @ Failure::Refused(..)) => (last, why) = (None, failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(why)
    }

    /// All pages of a list once; none if they do not fit together.
    fn pages(&self, path: &str) -> Result<Option<Vec<Value>>, Failure> {
        let mut all: Vec<Value> = Vec::new();
        let mut ids = HashSet::new();
        let mut counted = None;
        for page in 0..LIST_PAGES {
            let (rows, count) = rows(self.read(self.page(path, page * LIST_PAGE))?)?;
            let last = rows.len();
            if page > 0 && count != counted
                || !rows.iter().all(|row| ids.insert(row.get("id").unwrap_or(row).to_string()))
            {
                return Ok(None);
            }
            counted = count;
            all.extend(rows);
            if count.map_or(last < LIST_PAGE, |count| all.len() >= count) {
                return Ok(Some(all));
            }
            if last == 0 {
                return Ok(None);
            }
        }
        Err(Failure::Unclear(format!("A list has more than {} rows.", LIST_PAGES * LIST_PAGE)))
    }

    /// One page of a list. Pages are of equal size, as the service demands.
    fn page(&self, path: &str, skip: usize) -> Request {
        let skip = if skip == 0 { String::new() } else { format!("&$skip={skip}") };
        self.get(&format!("{path}$top={LIST_PAGE}{skip}"))
    }
}

/// Whether a first page is the whole list.
fn is_whole(first: &[Value], count: Option<usize>) -> bool {
    count.map_or(first.len() < LIST_PAGE, |count| first.len() >= count)
}

/// Values parted so that each group fits into one filter.
fn groups<'v, 't>(mut values: &'v [&'t str]) -> Vec<&'v [&'t str]> {
    let mut groups = Vec::new();
    while !values.is_empty() {
        let mut taken = 0;
        let mut length = 0;
        for value in values.iter().take(FILTER_VALUES) {
            length += encode(&filter_text(value)).len() + 3;
            if taken > 0 && length > FILTER_MAX {
                break;
            }
            taken += 1;
        }
        let (now, later) = values.split_at(taken.min(values.len()));
        groups.push(now);
        values = later;
    }
    groups
}
