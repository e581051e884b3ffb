//! CreateCustomers in batches, several in flight, without losing or doubling a customer.
//!
//! What AvaTax does with a batch that holds one bad row is documented nowhere: it may store none, some or all of the
//! others. And a call may fail after it stored. So after anything but a plain success the codes of the batch are looked
//! up, and those found are settled. Of the rest, what AvaTax refused is sent again in halves, until the row that is at
//! fault stands alone; what nobody knows about stays in doubt for the next pass ([`crate::recovery`]), which sends smaller
//! batches, because one row may be what the service chokes on.

use crate::avatax::answer::gravest;
use crate::avatax::calls::RemoteCustomer;
use crate::avatax::{AvaTax, Failure};
use crate::customer::CustomerModel;
use crate::http::Request;
use crate::json::{self, Value};
use crate::ledger::{Ledger, Said};
use crate::model::journal::{Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::plan::Item;
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

/// Customers to create, parted into requests.
#[derive(Debug, Default)]
pub(super) struct Batches {
    queue: Vec<Vec<Work>>,
    requests: Vec<Request>,
}

impl Batches {
    pub(super) fn new(avatax: &AvaTax<'_>, work: Vec<Work>, batch_size: usize) -> Self {
        Self::of(avatax, split(work, batch_size))
    }

    fn of(avatax: &AvaTax<'_>, queue: Vec<Vec<Work>>) -> Self {
        let request = |batch: &Vec<Work>| {
            let models: Vec<&CustomerModel> = batch.iter().map(|work| &work.model).collect();
            avatax.create_customers(&models)
        };
        Self { requests: queue.iter().map(request).collect(), queue }
    }

    /// Adds others behind them.
    pub(super) fn append(&mut self, more: Self) {
        self.queue.extend(more.queue);
        self.requests.extend(more.requests);
    }

    /// The customers in order.
    pub(super) fn work(&self) -> impl Iterator<Item = &Work> {
        self.queue.iter().flatten()
    }
}

/// Customers that an answer named, with AvaTax's id; not recorded yet.
pub(super) type Created = Vec<(Work, u64)>;

/// Creates the customers and records what became of each, doing other work while requests are in flight. Where
/// everything went well, recording is left to the caller, who may do it while the next requests are in flight.
pub(super) fn create(
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    batches: Batches,
    meanwhile: &mut dyn FnMut(&mut Ledger<'_>) -> bool,
) -> Result<Created, Error> {
    let Batches { mut queue, mut requests } = batches;
    while !queue.is_empty() {
        let answers = avatax.write_all_while(&requests, &mut || meanwhile(ledger));
        let mut created = Created::new();
        let mut doubtful = Vec::new();
        let mut fatal = None;
        for (batch, answer) in queue.into_iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    let missing = named(batch, &answer, &mut created);
                    if !missing.is_empty() {
                        let why = "AvaTax did not name the customer in its answer.";
                        doubtful.push((missing, Failure::Unclear(why.to_owned())));
                    }
                }
                Err(failure) => match failure.fatal() {
                    // Nothing of this batch was done; its intents stay open and the next call goes on with them.
                    Some(error) => fatal = Some(gravest(fatal, error)),
                    None => doubtful.push((batch, failure)),
                },
            }
        }
        if fatal.is_none() && doubtful.is_empty() {
            return Ok(created);
        }
        record(ledger, created)?;
        // With wrong credentials nothing more is sent; what is in doubt is looked up by the next call.
        if let Some(error @ Error::Unauthorized(_)) = fatal {
            ledger.flush()?;
            return Err(error);
        }
        Batches { queue, requests } = Batches::of(avatax, resolve(avatax, ledger, doubtful)?);
        ledger.flush()?;
        if let Some(error) = fatal {
            return Err(error);
        }
    }
    Ok(Created::new())
}

/// Adds the customers that an answer names; returns those it does not.
fn named(batch: Vec<Work>, answer: &Value, created: &mut Created) -> Vec<Work> {
    let rows = answer.as_array().map_or(&[][..], Vec::as_slice);
    let mut missing = Vec::new();
    for work in batch {
        let code = work.model.customer_code.as_str();
        let is_it = |row: &&Value| row.get("customerCode").and_then(Value::as_str) == Some(code);
        match rows.iter().find(is_it).map(|row| json::number(row, "id")) {
            Some(id) => created.push((work, id)),
            None => missing.push(work),
        }
    }
    missing
}

/// Records customers that were created.
pub(super) fn record(ledger: &mut Ledger<'_>, created: Created) -> Result<(), Error> {
    for (work, id) in created {
        let code = &work.model.customer_code;
        let said = Said { avatax_id: Some(id), ..work.said("") };
        ledger.end(CREATE, code, code, OutcomeState::Done, &said)?;
    }
    Ok(())
}

/// Looks up what became of batches that did not plainly succeed; returns what has to be sent again at once.
fn resolve(
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    doubtful: Vec<(Vec<Work>, Failure)>,
) -> Result<Vec<Vec<Work>>, Error> {
    let codes: Vec<&str> =
        doubtful.iter().flat_map(|(batch, _)| batch).map(|work| work.model.customer_code.as_str()).collect();
    let known = avatax.customers(&codes).map_err(|failure| failure.error())?;
    let mut again = Vec::new();
    for (batch, failure) in doubtful {
        let alone = batch.len() == 1;
        let mut absent = Vec::new();
        for work in batch {
            match known.get(&work.model.customer_code) {
                Some(remote) => settle(ledger, &work, remote)?,
                None => absent.push(work),
            }
        }
        let unclear = matches!(failure, Failure::Unclear(_));
        // A refusal of several says nothing of the one that is left: it may have been for a row that showed since.
        if !unclear && !alone {
            let half = absent.len().div_ceil(2);
            again.extend(split(absent, half));
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

fn split(work: Vec<Work>, size: usize) -> Vec<Vec<Work>> {
    let mut batches = Vec::new();
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        batches.push(work.by_ref().take(size.max(1)).collect());
    }
    batches
}
