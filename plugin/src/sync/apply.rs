//! Doing a confirmed sync plan, from wherever an earlier call left it.

use std::collections::HashMap;

use super::compare::{self, Compared};
use super::create::{Work, create, settle};
use super::{PLAN, header, reread};
use crate::avatax::{AvaTax, Failure};
use crate::customer;
use crate::http::Method;
use crate::ledger::{Ledger, Progressed, Said};
use crate::model::journal::{Entry, EntryKind, Operation, OutcomeState};
use crate::model::onboarding::{Approval, DecisionCount, Error, RunReport};
use crate::model::progress::Phase;
use crate::plan::{self, Found, Item, entry};
use crate::ports::{Ports, journal_error};
use crate::preflight::{approver, bare, ready};

/// Does the plan with the digest that was confirmed.
pub fn apply(ports: &Ports<'_>, approval: &Approval) -> Result<RunReport, Error> {
    approver(&approval.approved_by)?;
    let found = plan::find(ports, PLAN, "sync", &approval.plan_digest)?;
    let mut avatax = AvaTax::new(ports);
    let preflight = ready(ports, &mut avatax)?;
    found.is_still(&header(ports, preflight.company_id))?;
    let mut ledger = Ledger::open(ports, &found.name)?;
    let mut progress = Progress { ports, total: found.plan.writes, stopped: false };
    if progress.open(&ledger) > 0 {
        record_approval(ports, PLAN, &found, approval)?;
        // A whole number of full rounds keeps every slot of the window busy.
        let round = avatax.window() * ports.settings.batch_size.clamp(1, 100) as usize;
        let size = (1000 / round).max(1) * round;
        plan::walk(ports, &found.name, Operation::CreateCustomer, size, &mut |items| {
            let result = create_group(ports, &avatax, &mut ledger, items);
            // What is known is kept, also when the run has to end here.
            ledger.flush()?;
            result?;
            Ok(progress.go_on(&ledger))
        })?;
        if !progress.stopped {
            plan::walk(ports, &found.name, Operation::UpdateCustomer, 200, &mut |items| {
                let result = fill_group(ports, &avatax, &mut ledger, items);
                ledger.flush()?;
                result?;
                Ok(progress.go_on(&ledger))
            })?;
        }
        ledger.flush()?;
    }
    Ok(RunReport {
        remaining: progress.open(&ledger),
        decisions: counted(&found),
        plan: Some(found.plan),
        outcomes: ledger.counts(),
        stopped: progress.stopped,
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
    let body = serde_json::json!({ "approved_by": approval.approved_by.trim() });
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

struct Progress<'a> {
    ports: &'a Ports<'a>,
    total: u64,
    stopped: bool,
}

impl Progress<'_> {
    fn open(&self, ledger: &Ledger<'_>) -> u64 {
        let ended = [Operation::CreateCustomer, Operation::UpdateCustomer].map(|it| ledger.ended_count(it));
        self.total.saturating_sub(ended.iter().sum())
    }

    fn go_on(&mut self, ledger: &Ledger<'_>) -> bool {
        let done = self.total - self.open(ledger);
        self.stopped = self.ports.asked_to_stop(Phase::WritingCustomers, done, Some(self.total));
        !self.stopped
    }
}

/// Creates a chunk of customers: those whose ERP row still is what was confirmed.
fn create_group(
    ports: &Ports<'_>,
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    items: Vec<(Entry, Item)>,
) -> Result<(), Error> {
    let open = items.into_iter().filter(|(entry, _)| !ledger.ended(entry.operation, &entry.key));
    // What an earlier call began is looked up before anything else: it may be there whatever the ERP says by now.
    let cut_off = |(entry, _): &(Entry, Item)| {
        ledger.progressed(Operation::CreateCustomer, &entry.key) == Progressed::CutOff
    };
    let (begun, mut fresh): (Vec<_>, Vec<_>) = open.partition(cut_off);
    if !begun.is_empty() {
        let codes: Vec<&str> = begun.iter().map(|(entry, _)| entry.customer.as_str()).collect();
        let known = avatax.customers(&codes).map_err(|failure| failure.error())?;
        let now = reread(ports, &begun.iter().map(|(_, item)| item.id.clone()).collect::<Vec<_>>())?;
        for (entry, item) in begun {
            let Some(remote) = known.get(&entry.customer) else {
                fresh.push((entry, item));
                continue;
            };
            let mut model =
                now.get(&item.id).map(|it| customer::project(it, &ports.settings).model).unwrap_or_default();
            model.customer_code.clone_from(&entry.customer);
            settle(ledger, &Work { model, item }, remote)?;
        }
    }
    let work = still_as_confirmed(ports, ledger, fresh)?;
    let intents = work.iter().map(|work| {
        let code = work.model.customer_code.as_str();
        (code, code, plan::fingerprint(&work.model))
    });
    ledger.intend(Operation::CreateCustomer, "POST customers", intents.collect::<Vec<_>>())?;
    create(avatax, ledger, work, ports.settings.batch_size.clamp(1, 100) as usize)
}

/// Reads the ERP again and drops, with an outcome, what changed since the preview.
fn still_as_confirmed(
    ports: &Ports<'_>,
    ledger: &mut Ledger<'_>,
    open: Vec<(Entry, Item)>,
) -> Result<Vec<Work>, Error> {
    let ids: Vec<String> = open.iter().map(|(_, item)| item.id.clone()).collect();
    let now: HashMap<_, _> = reread(ports, &ids)?;
    let mut work = Vec::with_capacity(open.len());
    for (entry, item) in open {
        let said = |detail: &str| Said {
            id: item.id.clone(),
            name: item.name.clone(),
            detail: detail.to_owned(),
            ..Said::default()
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
fn fill_group(
    ports: &Ports<'_>,
    avatax: &AvaTax<'_>,
    ledger: &mut Ledger<'_>,
    items: Vec<(Entry, Item)>,
) -> Result<(), Error> {
    let open = items.into_iter().filter(|(entry, _)| !ledger.ended(entry.operation, &entry.key));
    let work = still_as_confirmed(ports, ledger, open.collect())?;
    let codes: Vec<&str> = work.iter().map(|work| work.model.customer_code.as_str()).collect();
    let known = avatax.customers(&codes).map_err(|failure| failure.error())?;
    let mut sent = Vec::new();
    let mut requests = Vec::new();
    for work in &work {
        let code = &work.model.customer_code;
        let current = known.get(code).map(|remote| (remote, compare::compare(&work.model, remote)));
        match current {
            Some((remote, Compared::Lacks(_))) if compare::fingerprint(remote) == work.item.remote => {
                // The whole record goes back: an update replaces what it does not name.
                let mut body = remote.0.clone();
                if let Some(object) = body.as_object_mut() {
                    for (field, _, after) in &work.item.fields {
                        object.insert(field.clone(), after.as_str().into());
                    }
                }
                requests.push(avatax.update_customer(code, &body));
                sent.push(work);
            }
            Some((remote, Compared::Identical)) => {
                let said =
                    Said { avatax_id: Some(remote.id()), ..work.said("AvaTax has these values by now.") };
                ledger.end(Operation::UpdateCustomer, code, code, OutcomeState::Adopted, &said)?;
            }
            _ => {
                let said =
                    work.said("AvaTax's record changed since the preview. Not written: preview again.");
                ledger.end(Operation::UpdateCustomer, code, code, OutcomeState::Moved, &said)?;
            }
        }
    }
    let intents = sent.iter().zip(&requests).map(|(work, request)| {
        let code = work.model.customer_code.as_str();
        (code, code, plan::sha256_hex(&request.body))
    });
    ledger.intend(Operation::UpdateCustomer, Method::Put.name(), intents.collect::<Vec<_>>())?;
    let mut fatal = None;
    let mut unclear = Vec::new();
    for (work, answer) in sent.iter().zip(avatax.write_all(&requests, avatax.window())) {
        let code = &work.model.customer_code;
        match answer {
            Ok(_) => ledger.end(Operation::UpdateCustomer, code, code, OutcomeState::Done, &work.said(""))?,
            Err(Failure::Unclear(_) | Failure::MaybeExists(_)) => unclear.push(*work),
            Err(failure) => match failure.fatal() {
                Some(error) => fatal = Some(error),
                None => {
                    let said = work.said(&failure.sentence());
                    ledger.end(Operation::UpdateCustomer, code, code, OutcomeState::Refused, &said)?;
                }
            },
        }
    }
    if let Some(error) = fatal {
        return Err(error);
    }
    if unclear.is_empty() {
        return Ok(());
    }
    avatax.settle(1);
    let codes: Vec<&str> = unclear.iter().map(|work| work.model.customer_code.as_str()).collect();
    let known = avatax.customers(&codes).map_err(|failure| failure.error())?;
    for work in unclear {
        let code = &work.model.customer_code;
        let landed =
            known.get(code).is_some_and(|it| compare::compare(&work.model, it) == Compared::Identical);
        let (state, said) = if landed {
            (OutcomeState::Adopted, work.said(""))
        } else {
            (OutcomeState::Unclear, work.said("AvaTax did not say whether it took the update."))
        };
        ledger.end(Operation::UpdateCustomer, code, code, state, &said)?;
    }
    Ok(())
}
