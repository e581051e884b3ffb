//! Customers held in memory: what the XML adapters serve, and a stand-in for tests.
//!
//! Rows are sorted by id once, so a page is a slice and a cursor is the id of the last row with a mark in front. The
//! mark tells our cursors from others; a cursor that lacks it asks the component to start the scan again.

use std::{cmp::Ordering, collections::HashSet};

use super::{Erp, MAX_ROWS};
use crate::model::erp::{Customer, Description, ErpError, FieldGroups, Page, Row, Scan};

const CURSOR: &str = "after:";

/// An ERP that is a list.
#[derive(Debug)]
pub struct MemoryErp {
    description: Description,
    rows: Vec<(String, Row)>,
}

impl MemoryErp {
    /// Takes rows and says how many customers they are. Rows without an id come last.
    pub fn new(mut description: Description, rows: Vec<Row>) -> Self {
        let mut keyed: Vec<_> = rows
            .into_iter()
            .enumerate()
            .map(|(at, row)| match &row {
                Row::Customer(customer) => (customer.id.clone(), row),
                Row::Bad(bad) => (bad.id.clone().unwrap_or_else(|| format!("\u{10FFFF}{at:08}")), row),
            })
            .collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        description.customers = Some(keyed.len() as u64);
        Self { description, rows: keyed }
    }

    /// Serves plain customers under a made-up product name.
    pub fn of(customers: Vec<Customer>) -> Self {
        let description = Description {
            product: "Customers in memory".to_owned(),
            adapter: "memory".to_owned(),
            exemption_fields: vec!["memory".to_owned()],
            customers: None,
        };
        Self::new(description, customers.into_iter().map(Row::Customer).collect())
    }
}

#[async_trait::async_trait]
impl Erp for MemoryErp {
    async fn describe(&self) -> Result<Description, ErpError> {
        Ok(self.description.clone())
    }

    async fn list_customers(&self, request: Scan) -> Result<Page, ErpError> {
        let size = page_size(request.page_size);
        let start = match &request.after {
            None => 0,
            Some(cursor) => {
                let last = cursor.strip_prefix(CURSOR).ok_or(ErpError::CursorExpired)?;
                self.rows.partition_point(|(id, _)| id.as_str().cmp(last) != Ordering::Greater)
            }
        };
        let taken: Vec<_> = self.rows.iter().skip(start).take(size).collect();
        let next = match taken.last() {
            Some((id, _)) if start + taken.len() < self.rows.len() => Some(format!("{CURSOR}{id}")),
            _ => None,
        };
        Ok(Page { rows: taken.into_iter().map(|(_, row)| project(row, request.fields)).collect(), next })
    }

    async fn get_customers(&self, ids: Vec<String>, fields: FieldGroups) -> Result<Vec<Row>, ErpError> {
        let ids = distinct(ids)?;
        let find = |id: &String| self.rows.binary_search_by(|(key, _)| key.cmp(id)).ok();
        let found = ids.iter().filter_map(find).filter_map(|at| self.rows.get(at));
        Ok(found.map(|(_, row)| project(row, fields)).collect())
    }
}

/// Rows to return for a wish.
pub(super) fn page_size(wish: u32) -> usize {
    usize::try_from(wish).unwrap_or(MAX_ROWS).clamp(1, MAX_ROWS)
}

/// Ids without repetitions, refused when there are too many.
pub(super) fn distinct(mut ids: Vec<String>) -> Result<Vec<String>, ErpError> {
    if ids.len() > MAX_ROWS {
        return Err(ErpError::InvalidRequest(format!(
            "{} customers were asked for at once; ask for at most {MAX_ROWS}",
            ids.len()
        )));
    }
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

fn project(row: &Row, fields: FieldGroups) -> Row {
    let mut row = row.clone();
    if let Row::Customer(customer) = &mut row {
        if !fields.contains(FieldGroups::ADDRESSES) {
            customer.addresses.clear();
        }
        if !fields.contains(FieldGroups::EXEMPTIONS) {
            customer.exemptions.clear();
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::{Erp, MemoryErp};
    use crate::model::erp::{Customer, ErpError, FieldGroups, Lifecycle, Posture, Row, Scan};

    fn customer(id: &str) -> Customer {
        Customer {
            id: id.into(),
            code: id.into(),
            tax_engine_code: None,
            name: id.into(),
            lifecycle: Lifecycle::Active,
            email: None,
            phone: None,
            fax: None,
            contact_name: None,
            addresses: Vec::new(),
            taxpayer_id: None,
            posture: Posture::Unknown,
            evidence: Vec::new(),
            exemptions: Vec::new(),
            entity_use_code: None,
            parent: None,
        }
    }

    fn ids(rows: &[Row]) -> Vec<&str> {
        rows.iter()
            .map(|row| match row {
                Row::Customer(customer) => customer.id.as_str(),
                Row::Bad(_) => "bad",
            })
            .collect()
    }

    fn scan(page_size: u32, after: Option<String>) -> Scan {
        Scan { fields: FieldGroups::empty(), page_size, after }
    }

    #[tokio::test]
    async fn pages_together_are_every_row_once_in_order() {
        let erp = MemoryErp::of(["c", "a", "e", "b", "d"].map(customer).to_vec());
        let first = erp.list_customers(scan(2, None)).await.expect("page");
        let second = erp.list_customers(scan(2, first.next.clone())).await.expect("page");
        let third = erp.list_customers(scan(2, second.next.clone())).await.expect("page");
        assert_eq!(
            [ids(&first.rows), ids(&second.rows), ids(&third.rows)],
            [vec!["a", "b"], vec!["c", "d"], vec!["e"]]
        );
        assert_eq!(third.next, None);
        assert_eq!(erp.list_customers(scan(0, None)).await.expect("page").rows.len(), 1);
    }

    #[tokio::test]
    async fn a_foreign_cursor_has_expired() {
        let erp = MemoryErp::of(vec![customer("a")]);
        let answer = erp.list_customers(scan(1, Some("a".into()))).await;
        assert!(matches!(answer, Err(ErpError::CursorExpired)));
    }

    #[tokio::test]
    async fn named_customers_come_once_and_missing_ones_are_left_out() {
        let erp = MemoryErp::of(vec![customer("a"), customer("b")]);
        let wish = ["b", "x", "b"].map(String::from).to_vec();
        assert_eq!(ids(&erp.get_customers(wish, FieldGroups::empty()).await.expect("rows")), ["b"]);
        let many = (0..1001).map(|n| n.to_string()).collect();
        assert!(matches!(
            erp.get_customers(many, FieldGroups::empty()).await,
            Err(ErpError::InvalidRequest(_))
        ));
    }
}
