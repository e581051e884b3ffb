//! CreateCustomers in batches, several in flight, without losing or doubling a customer.
//!
//! What AvaTax does with a batch that holds one bad row is documented nowhere: it may store none, some or all of the
//! others. And a call may fail after it stored. So after anything but a plain success the codes of the batch are looked
//! up; those found are settled, and the rest is sent again: in halves if AvaTax refused the batch, until the row that is
//! at fault stands alone, and as it was if nobody can say what happened. A batch that stays without a clear answer is
//! halved as well, because one row may be what the service chokes on.

use crate::avatax::calls::RemoteCustomer;
use crate::avatax::{AvaTax, Failure};
use crate::customer::CustomerModel;
use crate::http::Request;
use crate::json::Value;
use crate::ledger::{Ledger, Said};
use crate::model::journal::{Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::plan::Item;
use crate::sync::compare;

/// How often a batch is sent whose outcome nobody knew and of which a look-up found nothing.
const TRIES: u8 = 4;

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
        Said {
            id: self.item.id.clone(),
            name: self.item.name.clone(),
            detail: detail.to_owned(),
            ..Said::default()
        }
    }
}

struct Batch {
    work: Vec<Work>,
    tries: u8,
}

/// Creates the customers and records what became of each.
pub(super) fn create(
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    work: Vec<Work>,
    batch_size: usize,
) -> Result<(), Error> {
    let mut queue = split(work, batch_size, 0);
    while !queue.is_empty() {
        let request = |batch: &Batch| {
            let models: Vec<&CustomerModel> = batch.work.iter().map(|work| &work.model).collect();
            avatax.create_customers(&models)
        };
        let requests: Vec<Request> = queue.iter().map(request).collect();
        let answers = avatax.write_all(&requests, avatax.window());
        let mut doubtful = Vec::new();
        let mut fatal = None;
        for (batch, answer) in queue.into_iter().zip(answers) {
            match answer {
                Ok(created) => {
                    let missing = confirm(ledger, batch, created)?;
                    if !missing.work.is_empty() {
                        doubtful.push((
                            missing,
                            Failure::Unclear("AvaTax did not name the customer in its answer.".to_owned()),
                        ));
                    }
                }
                Err(failure) => match failure.fatal() {
                    // Nothing of this batch was done; its intents stay open and the next call goes on with them.
                    Some(error) => fatal = Some(error),
                    None => doubtful.push((batch, failure)),
                },
            }
        }
        queue = resolve(avatax, ledger, doubtful, fatal.is_some())?;
        ledger.flush()?;
        if let Some(error) = fatal {
            return Err(error);
        }
    }
    Ok(())
}

/// Records the customers that an answer names; returns those it does not.
fn confirm(ledger: &mut Ledger<'_>, batch: Batch, created: Value) -> Result<Batch, Error> {
    let created: Vec<RemoteCustomer> = match created {
        Value::Array(rows) => rows.into_iter().map(RemoteCustomer).collect(),
        _ => Vec::new(),
    };
    let mut missing = Vec::new();
    for work in batch.work {
        let code = &work.model.customer_code;
        match created.iter().find(|remote| remote.text("customerCode") == *code) {
            Some(remote) => {
                let said = Said { avatax_id: Some(remote.id()), ..work.said("") };
                ledger.end(Operation::CreateCustomer, code, code, OutcomeState::Done, &said)?;
            }
            None => missing.push(work),
        }
    }
    Ok(Batch { work: missing, tries: batch.tries })
}

/// Looks up what became of batches that did not plainly succeed; returns what has to be sent again.
fn resolve(
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    doubtful: Vec<(Batch, Failure)>,
    ending: bool,
) -> Result<Vec<Batch>, Error> {
    if let Some(tries) = doubtful.iter().map(|(batch, _)| batch.tries).max() {
        avatax.settle(tries.into());
    }
    let codes: Vec<&str> = doubtful
        .iter()
        .flat_map(|(batch, _)| &batch.work)
        .map(|work| work.model.customer_code.as_str())
        .collect();
    let known = avatax.customers(&codes).map_err(|failure| failure.error())?;
    let mut again = Vec::new();
    for (batch, failure) in doubtful {
        let mut absent = Vec::new();
        for work in batch.work {
            match known.get(&work.model.customer_code) {
                Some(remote) => settle(ledger, &work, remote)?,
                None => absent.push(work),
            }
        }
        let tries = batch.tries + 1;
        let unclear = matches!(failure, Failure::Unclear(_));
        let alone = absent.len() <= 1;
        if ending || absent.is_empty() {
            continue;
        } else if unclear && tries < TRIES {
            let size = absent.len();
            again.extend(split(absent, size, tries));
        } else if !alone {
            let half = absent.len().div_ceil(2);
            again.extend(split(absent, half, if unclear { TRIES - 1 } else { 0 }));
        } else {
            let state = if unclear { OutcomeState::Unclear } else { OutcomeState::Refused };
            for work in absent {
                let code = &work.model.customer_code;
                ledger.end(Operation::CreateCustomer, code, code, state, &work.said(&failure.sentence()))?;
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
    ledger.end(Operation::CreateCustomer, code, code, state, &said)
}

fn split(work: Vec<Work>, size: usize, tries: u8) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        batches.push(Batch { work: work.by_ref().take(size.max(1)).collect(), tries });
    }
    batches
}
