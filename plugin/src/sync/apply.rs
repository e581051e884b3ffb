//! Doing a confirmed sync plan, from wherever an earlier call left it.

use std::collections::HashMap;

use super::compare;
use super::create::{Work, said, settle};
use super::stream::Stream;
use super::{PLAN, header, reread};
use crate::avatax::answer::gravest;
use crate::avatax::calls::RemoteCustomer;
use crate::avatax::{AvaTax, Failure};
use crate::customer::{self, CustomerModel};
use crate::http::Method;
use crate::json;
use crate::ledger::{Ledger, Said};
use crate::model::journal::{Entry, EntryKind, Operation, OutcomeState, Query};
use crate::model::onboarding::{Approval, DecisionCount, Error, RunReport};
use crate::model::progress::Phase;
use crate::plan::{self, Found, Item, entry};
use crate::ports::{Ports, journal_error};
use crate::preflight::{approver, bare, ready};
use crate::recovery::{self, Pass, passes};

const CREATE: Operation = Operation::CreateCustomer;
const UPDATE: Operation = Operation::UpdateCustomer;

/// Does the plan with the digest that was confirmed.
pub fn apply(ports: &Ports<'_>, approval: &Approval) -> Result<RunReport, Error> {
    approver(&approval.approved_by)?;
    let found = plan::find(ports, PLAN, "sync", &approval.plan_digest)?;
    let mut avatax = AvaTax::new(ports);
    let preflight = ready(ports, &mut avatax)?;
    found.is_still(&header(ports, preflight.company_id))?;
    let ledger = Ledger::open(ports, &found.name)?;
    let mut doing = Doing { ports, avatax, ledger, total: found.plan.writes, stopped: false };
    if doing.open() > 0 {
        record_approval(ports, PLAN, &found, approval)?;
        passes(&mut doing, |doing| &mut doing.ledger, one_pass)?;
        doing.ledger.flush()?;
    }
    let remaining = doing.open();
    Ok(RunReport {
        remaining,
        decisions: counted(&found),
        plan: Some(found.plan),
        outcomes: doing.ledger.counts(),
        // Who asks to stop when the last write was under way has stopped nothing.
        stopped: doing.stopped && remaining > 0,
        ..bare(preflight)
    })
}

/// Records who confirmed what.
pub(crate) fn record_approval(
    ports: &Ports<'_>,
    kind: Operation,
    found: &Found,
    approval: &Approval,
) -> Result<(), Error> {
    // Going on with a plan is no second approval.
    let known = Query {
        kind: Some(EntryKind::Approval),
        plan: Some(found.name.clone()),
        limit: 1,
        ..plan::query(kind)
    };
    if !ports.journal.read(&known).map_err(journal_error)?.is_empty() {
        return Ok(());
    }
    let body = json::object(vec![("approved_by", approval.approved_by.trim().into())]);
    let approved = entry(EntryKind::Approval, kind, &found.name, &found.plan.digest, "", &body);
    ports.journal.append(&[approved]).map_err(journal_error).map(drop)
}

/// The decisions of a plan that was found again; examples were shown with the preview.
pub(crate) fn counted(found: &Found) -> Vec<DecisionCount> {
    let known = found.decisions.iter().filter_map(|it| {
        Some(DecisionCount {
            decision: plan::decision_named(&it.decision)?,
            count: it.count,
            samples: Vec::new(),
        })
    });
    known.collect()
}

/// A plan being done.
pub(super) struct Doing<'a> {
    pub(super) ports: &'a Ports<'a>,
    pub(super) avatax: AvaTax<'a>,
    pub(super) ledger: Ledger<'a>,
    total: u64,
    pub(super) stopped: bool,
}

impl<'a> Doing<'a> {
    /// Writes that have not ended.
    fn open(&self) -> u64 {
        self.total.saturating_sub(ended(&self.ledger))
    }

    fn go_on(&mut self) -> bool {
        self.stopped = self.plan_size().asked_to_stop(&self.ledger);
        !self.stopped
    }

    pub(super) fn plan_size(&self) -> PlanSize<'a> {
        PlanSize { ports: self.ports, total: self.total }
    }
}

/// What progress is measured by.
#[derive(Clone, Copy)]
pub(super) struct PlanSize<'a> {
    ports: &'a Ports<'a>,
    total: u64,
}

impl PlanSize<'_> {
    pub(super) fn asked_to_stop(self, ledger: &Ledger<'_>) -> bool {
        let done = ended(ledger).min(self.total);
        self.ports.asked_to_stop(Phase::WritingCustomers, done, Some(self.total))
    }
}

fn ended(ledger: &Ledger<'_>) -> u64 {
    [CREATE, UPDATE].iter().map(|operation| ledger.ended_count(*operation)).sum()
}

/// Goes over the plan once; each customer that has not ended is attempted once.
fn one_pass(doing: &mut Doing<'_>, pass: Pass) -> Result<bool, Error> {
    let (ports, plan) = (doing.ports, doing.ledger.plan().to_owned());
    let whole = ports.settings.batch_size.clamp(1, 100) as usize;
    // A row that AvaTax chokes on is found by smaller batches.
    let batch = match pass.earlier {
        0 => whole,
        1 => whole.div_ceil(8),
        _ => 1,
    };
    let mut stream = Stream::new(doing, whole, batch);
    while stream.go_on(doing)? {}
    if !doing.stopped {
        plan::walk(ports, &plan, UPDATE, 200, &mut |items| {
            let result = fill_group(doing, items);
            doing.ledger.flush()?;
            result?;
            Ok(doing.go_on())
        })?;
    }
    Ok(!doing.stopped)
}

/// Looks up customers that may be there already, whatever the ERP says by now; returns those to be created.
pub(super) fn absent_for_sure(
    doing: &mut Doing<'_>,
    doubtful: Vec<(Entry, Item)>,
) -> Result<Vec<(Entry, Item)>, Error> {
    let since = doing.ledger.doubted();
    let absent = recovery::absent(doing.ports, since, doubtful, &mut |items| adopt(doing, items))?;
    not_refused(doing, CREATE, absent)
}

/// Settles the customers that AvaTax has; returns the others.
fn adopt(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<Vec<(Entry, Item)>, Error> {
    let codes: Vec<&str> = items.iter().map(|(entry, _)| entry.customer.as_str()).collect();
    let known = doing.avatax.customers(&codes).map_err(|failure| failure.error())?;
    let found = items.iter().filter(|(entry, _)| known.contains_key(&entry.customer));
    let now = reread(doing.ports, &found.map(|(_, item)| item.id.clone()).collect::<Vec<_>>())?;
    let mut absent = Vec::new();
    for (entry, item) in items {
        let Some(remote) = known.get(&entry.customer) else {
            absent.push((entry, item));
            continue;
        };
        // A row that is gone leaves nothing to compare but its id.
        let projected = now.get(&item.id).map(|it| customer::project(it, &doing.ports.settings));
        let mut model = projected
            .map(|it| it.model)
            .unwrap_or_else(|| CustomerModel { alternate_id: item.id.clone(), ..CustomerModel::default() });
        model.customer_code.clone_from(&entry.customer);
        settle(&mut doing.ledger, &Work { model, item }, remote)?;
    }
    Ok(absent)
}

/// Records what AvaTax refused and, by now, certainly does not have; returns the others, to be tried again.
fn not_refused(
    doing: &mut Doing<'_>,
    operation: Operation,
    absent: Vec<(Entry, Item)>,
) -> Result<Vec<(Entry, Item)>, Error> {
    let mut again = Vec::with_capacity(absent.len());
    for (entry, item) in absent {
        match doing.ledger.doubt(operation, &entry.key) {
            Some(failure) if failure.is_refusal() => {
                let said = said(&item, &failure.sentence());
                doing.ledger.end(operation, &entry.key, &entry.customer, OutcomeState::Refused, &said)?;
            }
            _ => again.push((entry, item)),
        }
    }
    Ok(again)
}

/// Reads the ERP again and drops, with an outcome, what changed since the preview.
pub(super) fn still_as_confirmed(
    ports: &Ports<'_>,
    ledger: &mut Ledger<'_>,
    open: Vec<(Entry, Item)>,
) -> Result<Vec<Work>, Error> {
    let ids: Vec<String> = open.iter().map(|(_, item)| item.id.clone()).collect();
    let now: HashMap<_, _> = reread(ports, &ids)?;
    let mut work = Vec::with_capacity(open.len());
    for (entry, item) in open {
        // Of an update nobody can say whether AvaTax took it and somebody else changed it again.
        let doubtful = entry.operation == UPDATE && ledger.progressed(UPDATE, &entry.key).in_doubt();
        let said = |detail: &str| match doubtful {
            true => {
                said(&item, &detail.replace("Not written", "AvaTax did not say whether it took our values"))
            }
            false => said(&item, detail),
        };
        let Some(customer) = now.get(&item.id) else {
            let gone = said("The customer is no longer in the ERP. Not written.");
            ledger.end(entry.operation, &entry.key, &entry.customer, OutcomeState::Moved, &gone)?;
            continue;
        };
        let projected = customer::project(customer, &ports.settings);
        if projected.fingerprint(customer, &ports.settings.today) != item.row {
            let changed =
                said("The ERP row changed since the preview. Not written: preview again to include it.");
            ledger.end(entry.operation, &entry.key, &entry.customer, OutcomeState::Moved, &changed)?;
            continue;
        }
        work.push(Work { model: projected.model, item });
    }
    Ok(work)
}

/// Fills empty fields of a chunk of customers, if AvaTax's record still is what was compared.
fn fill_group(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<(), Error> {
    let ports = doing.ports;
    let open = items.into_iter().filter(|(entry, _)| !doing.ledger.ended(entry.operation, &entry.key));
    let (doubtful, mut fresh): (Vec<_>, Vec<_>) =
        open.partition(|(entry, _)| doing.ledger.progressed(UPDATE, &entry.key).in_doubt());
    let since = doing.ledger.doubted();
    let absent = recovery::absent(ports, since, doubtful, &mut |items| filled(doing, items))?;
    fresh.extend(not_refused(doing, UPDATE, absent)?);
    let work = still_as_confirmed(ports, &mut doing.ledger, fresh)?;
    let codes: Vec<&str> = work.iter().map(|work| work.model.customer_code.as_str()).collect();
    let known = doing.avatax.customers(&codes).map_err(|failure| failure.error())?;
    let mut sent = Vec::new();
    let mut requests = Vec::new();
    for work in &work {
        let code = &work.model.customer_code;
        let remote = known.get(code);
        if let Some(remote) = remote.filter(|it| is_filled(&work.item, it)) {
            adopt_filled(doing, code, &work.item, remote)?;
        } else if let Some(remote) = remote.filter(|it| compare::fingerprint(it) == work.item.remote) {
            // The whole record goes back: an update replaces what it does not name.
            let mut body = remote.0.clone();
            if let Some(object) = body.as_object_mut() {
                for (field, _, after) in &work.item.fields {
                    object.insert(field.clone(), after.as_str().into());
                }
            }
            requests.push(doing.avatax.update_customer(code, &body));
            sent.push(work);
        } else {
            let why = if doing.ledger.progressed(UPDATE, code).in_doubt() {
                "AvaTax's record changed since the preview, and did not say whether it took our values before. Look at it, \
                 and preview again."
            } else {
                "AvaTax's record changed since the preview. Not written: preview again."
            };
            let said = work.said(why);
            doing.ledger.end(UPDATE, code, code, OutcomeState::Moved, &said)?;
        }
    }
    let intents = sent.iter().zip(&requests).map(|(work, request)| {
        let code = work.model.customer_code.as_str();
        (code, code, plan::sha256_hex(&request.body))
    });
    doing.ledger.intend(UPDATE, Method::Put.name(), intents.collect::<Vec<_>>())?;
    let mut fatal = None;
    for (work, answer) in sent.iter().zip(doing.avatax.write_all(&requests)) {
        let code = &work.model.customer_code;
        match answer {
            Ok(_) => doing.ledger.end(UPDATE, code, code, OutcomeState::Done, &work.said(""))?,
            Err(failure @ (Failure::Unclear(_) | Failure::MaybeExists(_))) => {
                doing.ledger.doubts(UPDATE, code, code, failure, &work.said(""))?;
            }
            Err(failure) => match failure.fatal() {
                Some(error) => fatal = Some(gravest(fatal, error)),
                None => {
                    let said = work.said(&failure.sentence());
                    doing.ledger.end(UPDATE, code, code, OutcomeState::Refused, &said)?;
                }
            },
        }
    }
    fatal.map_or(Ok(()), Err)
}

/// Whether the fields to fill have our values, by whosever hand.
fn is_filled(item: &Item, remote: &RemoteCustomer) -> bool {
    item.fields.iter().all(|(field, _, after)| remote.text(field) == *after)
}

fn adopt_filled(
    doing: &mut Doing<'_>,
    code: &str,
    item: &Item,
    remote: &RemoteCustomer,
) -> Result<(), Error> {
    let said = Said { avatax_id: Some(remote.id()), ..said(item, "AvaTax has these values by now.") };
    doing.ledger.end(UPDATE, code, code, OutcomeState::Adopted, &said)
}

/// Settles what the plan approved last left in doubt. Only looks; writes nothing to AvaTax.
pub(super) fn settle_older<'a>(ports: &'a Ports<'a>, avatax: AvaTax<'a>) -> Result<(), Error> {
    let now = header(ports, avatax.company_id);
    let Some(ledger) = recovery::older(ports, PLAN, &now)? else { return Ok(()) };
    let name = ledger.plan().to_owned();
    let mut doing = Doing { ports, avatax, ledger, total: 0, stopped: false };
    let doing = &mut doing;
    for operation in [CREATE, UPDATE] {
        plan::walk(ports, &name, operation, 500, &mut |items| {
            let in_doubt =
                |(entry, _): &(Entry, Item)| doing.ledger.progressed(operation, &entry.key).in_doubt();
            let doubtful: Vec<_> = items.into_iter().filter(in_doubt).collect();
            let since = doing.ledger.doubted();
            let absent = recovery::absent(ports, since, doubtful, &mut |items| match operation {
                CREATE => adopt(doing, items),
                _ => filled(doing, items),
            })?;
            for (entry, item) in absent {
                let said = said(&item, recovery::SUPERSEDED);
                doing.ledger.end(operation, &entry.key, &entry.customer, OutcomeState::Moved, &said)?;
            }
            doing.ledger.flush()?;
            Ok(true)
        })?;
    }
    Ok(())
}

/// Settles the updates that AvaTax has; returns the others.
fn filled(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<Vec<(Entry, Item)>, Error> {
    let codes: Vec<&str> = items.iter().map(|(entry, _)| entry.customer.as_str()).collect();
    let known = doing.avatax.customers(&codes).map_err(|failure| failure.error())?;
    let mut absent = Vec::new();
    for (entry, item) in items {
        match known.get(&entry.customer).filter(|remote| is_filled(&item, remote)) {
            Some(remote) => adopt_filled(doing, &entry.customer, &item, remote)?,
            None => absent.push((entry, item)),
        }
    }
    Ok(absent)
}
