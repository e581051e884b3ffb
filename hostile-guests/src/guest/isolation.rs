//! Looking for traces of other calls and other tenants.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    Ending, Orders,
    bindings::ecms::onboarding::{
        erp::{self, FieldGroups, Row, Scan},
        tenant,
    },
};

/// Lives as long as the instance.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Tells how many calls this instance has seen before, and leaves a mark on the heap as well.
pub(super) fn remembers(_orders: &Orders) -> Ending {
    let before = CALLS.fetch_add(1, Ordering::Relaxed);
    let mark = Box::leak(vec![0_u8; 1 << 20].into_boxed_slice());
    let dirty = mark.iter().filter(|byte| **byte != 0).count();
    mark.fill(0xaa);
    Ending::Words(format!("{before} calls before, {dirty} bytes found"))
}

/// Tells the company and the ids of all customers, reading one row at a time so that calls interleave.
pub(super) fn lists_every_customer(_orders: &Orders) -> Ending {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = match erp::list_customers(&Scan { fields: FieldGroups::empty(), page_size: 1, after }) {
            Ok(page) => page,
            Err(error) => return Ending::Words(format!("{error:?}")),
        };
        for row in page.rows {
            if let Row::Customer(customer) = row {
                ids.push(customer.id);
            }
        }
        after = page.next;
        if after.is_none() {
            let code = tenant::get_settings().company_code;
            return Ending::Words(format!("{code}: {}", ids.join(",")));
        }
    }
}

/// Does as it should.
pub(super) fn answers(_orders: &Orders) -> Ending {
    Ending::Words("well".to_owned())
}
