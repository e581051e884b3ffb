//! Creating the ERP's customers in AvaTax.
//!
//! [`preview`] compares every customer with what AvaTax has and writes a plan; [`apply`] does exactly that plan. What
//! the ERP or AvaTax changed in between is refused one by one, and the rest goes through.

mod apply;
mod compare;
mod create;
mod preview;
mod stream;

use crate::customer;
use crate::model::erp::{Customer, FieldGroups, Row};
use crate::model::journal::Operation;
use crate::model::onboarding::{Action, Error, RunReport};
use crate::plan::{Header, Item};
use crate::ports::{Ports, erp_error};
use crate::preflight;
use std::collections::HashMap;

pub use apply::apply;
pub(crate) use apply::{counted, record_approval};
pub use preview::preview;

/// Runs one action.
pub fn sync(ports: &Ports<'_>, action: &Action) -> Result<RunReport, Error> {
    match action {
        Action::Check => preflight::check(ports),
        Action::Preview => preview(ports),
        Action::Apply(approval) => apply(ports, approval),
        Action::RequestSetup(by) => preflight::request_setup(ports, by),
    }
}

/// What a sync plan is about.
fn header(ports: &Ports<'_>, company_id: u64) -> Header {
    let settings = &ports.settings;
    Header {
        option: "sync".to_owned(),
        company_id,
        base_url: settings.base_url.clone(),
        settings: format!("code-source {}, scope {}", settings.code_source as u8, settings.scope as u8),
    }
}

/// Reads customers again by id. Those that are gone or unreadable are left out.
pub(crate) fn reread(ports: &Ports<'_>, ids: &[String]) -> Result<HashMap<String, Customer>, Error> {
    let fields = FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS;
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        for row in ports.erp.get(chunk, fields).map_err(erp_error)? {
            if let Row::Customer(customer) = row {
                found.insert(customer.id.clone(), customer);
            }
        }
    }
    Ok(found)
}

/// Whether the ERP row behind an item, read again, still is what was confirmed.
pub(crate) fn is_as_confirmed(ports: &Ports<'_>, now: &HashMap<String, Customer>, item: &Item) -> bool {
    let settings = &ports.settings;
    let row = |it: &Customer| customer::project(it, settings).fingerprint(it, &settings.today);
    now.get(&item.id).map(row).as_ref() == Some(&item.row)
}

/// The kind of entry that opens and closes a sync plan.
const PLAN: Operation = Operation::Sync;
