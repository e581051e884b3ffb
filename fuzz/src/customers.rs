//! What every ERP adapter promises, whatever it was given: the bounds of the contract, and pages that together are every
//! row once.

use host_harness::{
    erp::Erp,
    model::erp::{Customer, FieldGroups, Page, Row, Scan},
};

/// Longest id in bytes, and longest texts in characters.
const ID: usize = 200;
const NAME: usize = 500;
const EMAIL: usize = 320;
const LINE: usize = 200;

/// Walks an ERP in pages of two sizes and checks every row.
pub fn check(list: impl Fn(Scan) -> Page) -> usize {
    let whole = all(&list, 1000);
    let small = all(&list, 3);
    assert_eq!(whole.len(), small.len(), "pages of another size hold other rows");
    for (one, other) in whole.iter().zip(&small) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    check_rows(&whole);
    whole.len()
}

/// Checks rows by themselves.
pub fn check_rows(rows: &[Row]) {
    for row in rows {
        match row {
            Row::Customer(customer) => check_customer(customer),
            Row::Bad(bad) => {
                crate::check_sentence(&bad.reason, 1000);
                assert!(bad.id.as_ref().is_none_or(|id| id.len() <= ID));
            }
        }
    }
}

/// The same for an ERP that never waits.
pub fn check_memory(erp: &impl Erp) -> usize {
    let found = check(|scan| crate::ready(erp.list_customers(scan)).expect("a page"));
    let told = crate::ready(erp.describe()).expect("a description").customers;
    assert_eq!(told, Some(found as u64));
    found
}

fn all(list: &impl Fn(Scan) -> Page, page_size: u32) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = list(Scan { fields: FieldGroups::all(), page_size, after: after.clone() });
        assert!(page.rows.len() <= page_size as usize);
        rows.extend(page.rows);
        match page.next {
            Some(next) => {
                assert_ne!(after.as_ref(), Some(&next), "the scan stands still");
                after = Some(next);
            }
            None => return rows,
        }
    }
}

fn check_customer(customer: &Customer) {
    let fits = |text: &str, most: usize| {
        let clean = text.chars().all(|c| !c.is_control() || c == '\n');
        assert!(clean && text.chars().count() <= most, "{text:?}");
    };
    let given = |text: &Option<String>, most: usize| {
        if let Some(text) = text {
            assert!(!text.trim().is_empty(), "an empty text instead of none");
            fits(text, most);
        }
    };
    assert!(!customer.id.is_empty() && customer.id.len() <= ID);
    fits(&customer.code, ID);
    fits(&customer.name, NAME);
    given(&customer.tax_engine_code, ID);
    given(&customer.email, EMAIL);
    given(&customer.contact_name, NAME);
    for text in
        [&customer.phone, &customer.fax, &customer.taxpayer_id, &customer.entity_use_code, &customer.parent]
    {
        given(text, LINE);
    }
    assert!(
        customer.addresses.len() <= 100 && customer.exemptions.len() <= 100 && customer.evidence.len() <= 20
    );
    for address in &customer.addresses {
        for text in [
            &address.line1,
            &address.line2,
            &address.city,
            &address.region,
            &address.postal_code,
            &address.country,
        ] {
            given(text, LINE);
        }
    }
    for exemption in &customer.exemptions {
        for text in [
            &exemption.country,
            &exemption.region,
            &exemption.reason,
            &exemption.entity_use_code,
            &exemption.number,
        ] {
            given(text, LINE);
        }
        for day in [&exemption.effective, &exemption.expires].into_iter().flatten() {
            crate::check_day(day);
        }
    }
    for evidence in &customer.evidence {
        fits(&evidence.field, LINE);
        fits(&evidence.value, LINE);
    }
}
