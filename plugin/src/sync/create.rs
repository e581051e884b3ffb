//! CreateCustomers in batches, several in flight, without losing or doubling a customer.
//!
//! What AvaTax does with a batch that holds one bad row is documented nowhere: it may store none, some or all of the
//! others. And a call may fail after it stored. So after anything but a plain success the codes of the batch are looked
//! up, and those found are settled. Of the rest, what AvaTax refused is sent again in halves, until the row that is at
//! fault stands alone; what nobody knows about stays in doubt for the next pass ([`crate::recovery`]), which sends smaller
//! batches, because one row may be what the service chokes on.

use crate::avatax::calls::RemoteCustomer;
use crate::avatax::{AvaTax, Failure};
use crate::customer::CustomerModel;
use crate::http::Request;
use crate::json::{self, Value};
use crate::ledger::{Ledger, Said};
use crate::model::journal::{Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::plan::{self, Item};
use crate::sync::compare;

const CREATE: Operation = Operation::CreateCustomer;

/// One customer to create or fill.
#[derive(Debug)]
pub(super) struct Work {
    /// The record, from the ERP as it is now.
    pub(super) model: CustomerModel,
    /// The plan's item.
    pub(super) item: Item,
}

impl Work {
    /// An outcome about this customer.
    pub(super) fn said(&self, detail: &str) -> Said {
        said(&self.item, detail)
    }
}

/// An outcome about the customer of an item.
pub(super) fn said(item: &Item, detail: &str) -> Said {
    Said { id: item.id.clone(), name: item.name.clone(), detail: detail.to_owned(), ..Said::default() }
}

/// Customers that are created by one request.
#[derive(Debug)]
pub(super) struct Batch {
    work: Vec<Work>,
    /// The request.
    pub(super) request: Request,
}

impl Batch {
    fn new(avatax: &AvaTax<'_>, work: Vec<Work>) -> Self {
        let models: Vec<&CustomerModel> = work.iter().map(|work| &work.model).collect();
        Self { request: avatax.create_customers(&models), work }
    }

    /// How many customers they are.
    pub(super) fn len(&self) -> usize {
        self.work.len()
    }
}

/// Customers to create, parted into batches of a size.
pub(super) fn batches(avatax: &AvaTax<'_>, work: Vec<Work>, size: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        batches.push(Batch::new(avatax, work.by_ref().take(size.max(1)).collect()));
    }
    batches
}

/// Records that these customers are about to be created.
pub(super) fn intend(ledger: &mut Ledger<'_>, batches: &[Batch]) -> Result<(), Error> {
    let intents = batches.iter().flat_map(|batch| &batch.work).map(|work| {
        let code = work.model.customer_code.as_str();
        (code, code, plan::fingerprint(&work.model))
    });
    ledger.intend(CREATE, "POST customers", intents)
}

/// Customers that an answer named, with AvaTax's id; not recorded yet.
pub(super) type Created = Vec<(Work, u64)>;

/// Adds the customers that an answer names; returns those it does not.
pub(super) fn named(
    avatax: &AvaTax<'_>,
    batch: Batch,
    answer: &Value,
    created: &mut Created,
) -> Option<Batch> {
    let rows = answer.as_array().map_or(&[][..], Vec::as_slice);
    let mut missing = Vec::new();
    for work in batch.work {
        let code = work.model.customer_code.as_str();
        let is_it = |row: &&Value| row.get("customerCode").and_then(Value::as_str) == Some(code);
        match rows.iter().find(is_it).map(|row| json::number(row, "id")) {
            Some(id) => created.push((work, id)),
            None => missing.push(work),
        }
    }
    (!missing.is_empty()).then(|| Batch::new(avatax, missing))
}

/// Records customers that were created, and makes all outcomes so far durable.
pub(super) fn record(ledger: &mut Ledger<'_>, created: Created) -> Result<(), Error> {
    for (work, id) in created {
        let code = &work.model.customer_code;
        let said = Said { avatax_id: Some(id), ..work.said("") };
        ledger.end(CREATE, code, code, OutcomeState::Done, &said)?;
    }
    ledger.flush()
}

/// Looks up what became of batches that did not plainly succeed; returns what has to be sent again at once.
pub(super) fn resolve(
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    unclear: Vec<(Batch, Failure)>,
) -> Result<Vec<Batch>, Error> {
    let work = unclear.iter().flat_map(|(batch, _)| &batch.work);
    let codes: Vec<&str> = work.map(|work| work.model.customer_code.as_str()).collect();
    let known = avatax.customers(&codes).map_err(|failure| failure.error())?;
    let mut again = Vec::new();
    for (batch, failure) in unclear {
        let alone = batch.work.len() == 1;
        let mut absent = Vec::new();
        for work in batch.work {
            match known.get(&work.model.customer_code) {
                Some(remote) => settle(ledger, &work, remote)?,
                None => absent.push(work),
            }
        }
        let unclear = matches!(failure, Failure::Unclear(_));
        // A refusal of several says nothing of the one that is left: it may have been for a row that showed since.
        if !unclear && !alone {
            let half = absent.len().div_ceil(2);
            again.extend(batches(avatax, absent, half));
            continue;
        }
        for work in absent {
            let code = work.model.customer_code.as_str();
            if unclear || matches!(failure, Failure::MaybeExists(_)) {
                ledger.doubts(CREATE, code, code, failure.clone(), &work.said(""))?;
            } else {
                ledger.end(CREATE, code, code, OutcomeState::Refused, &work.said(&failure.sentence()))?;
            }
        }
    }
    Ok(again)
}

/// Records a customer that a look-up found.
pub(super) fn settle(ledger: &mut Ledger<'_>, work: &Work, remote: &RemoteCustomer) -> Result<(), Error> {
    let code = &work.model.customer_code;
    let (state, detail) = if compare::same(&work.model, remote) {
        (OutcomeState::Adopted, "")
    } else if remote.text("alternateId") == work.item.id {
        (
            OutcomeState::Adopted,
            "It was created from this ERP row; one of the two changed since. Preview again to compare.",
        )
    } else {
        (
            OutcomeState::Moved,
            "AvaTax has a customer with this code and other values by now. Not written: preview again.",
        )
    };
    let said = Said { avatax_id: Some(remote.id()), ..work.said(detail) };
    ledger.end(CREATE, code, code, state, &said)
}
