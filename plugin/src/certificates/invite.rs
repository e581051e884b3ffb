//! Inviting exempt customers through CertExpress, where no valid certificate covers them.
//!
//! An invitation is an e-mail to a customer: a second one for the same purpose is a nuisance that cannot be taken back.
//! So AvaTax's list of invitations is read before planning, and again after any answer that leaves a doubt.

use core::time::Duration;
use std::collections::{HashMap, HashSet};

use crate::avatax::Failure;
use crate::avatax::calls::{NewInvitation, RemoteInvitation};
use crate::certificates::{Doing, Planning, place, sample};
use crate::customer::{self, Projected};
use crate::exemption;
use crate::http::Request;
use crate::ledger::{Progressed, Said};
use crate::model::erp::{Customer, FieldGroups, Posture, Row};
use crate::model::journal::{Entry, Operation, OutcomeState};
use crate::model::onboarding::{Decision, Error};
use crate::model::progress::Phase;
use crate::model::tenant::Delivery;
use crate::plan::{self, Item, decision_name, sha256_hex, short_hash};
use crate::sync::reread;

const INVITE: Operation = Operation::SendInvitation;
/// Rounds of sending the same invitation when nobody can say what happened.
const ROUNDS: u32 = 4;
/// First wait for invitations to get ready; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait between two questions. The documentation advises about ten seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Plans the invitations.
pub(crate) fn plan(planning: &mut Planning<'_>) -> Result<(), Error> {
    let letters = planning.avatax.cover_letters().map_err(|failure| failure.error())?;
    let wanted = &planning.ports.settings.cover_letter;
    if !letters.iter().any(|letter| letter.name == *wanted) {
        let offered: Vec<&str> = letters.iter().take(10).map(|letter| letter.name.as_str()).collect();
        return Err(Error::InvalidRequest(format!(
            "The company has no cover letter \"{wanted}\". It has: {}.",
            offered.join(", ")
        )));
    }
    let expected = planning.ports.erp.describe().ok().and_then(|source| source.customers);
    let mut seen = HashSet::new();
    let mut done = 0;
    let ports = planning.ports;
    ports.scan_customers(FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, &mut |rows| {
        done += rows.len() as u64;
        let exempt = rows.into_iter().filter_map(|row| match row {
            Row::Customer(it) if it.posture == Posture::Exempt && exemption::in_use(&it) => Some(it),
            _ => None,
        });
        let exempt: Vec<Customer> = exempt.filter(|it| seen.insert(short_hash(&it.id))).collect();
        page(planning, exempt)?;
        if ports.asked_to_stop(Phase::CheckingCoverage, done, expected) {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    })
}

fn page(planning: &mut Planning<'_>, customers: Vec<Customer>) -> Result<(), Error> {
    let settings = &planning.ports.settings;
    let projected: Vec<(Customer, Projected)> =
        customers.into_iter().map(|it| (customer::project(&it, settings), it)).map(|(a, b)| (b, a)).collect();
    let codes: Vec<&str> =
        projected.iter().map(|(_, it)| it.model.customer_code.as_str()).filter(|it| !it.is_empty()).collect();
    let known = planning.avatax.customers(&codes).map_err(|failure| failure.error())?;
    let invited = planning.avatax.invitations(&codes).map_err(|failure| failure.error())?;
    let invited: HashSet<&str> = invited.iter().map(|it| it.customer_code.as_str()).collect();

    // One question for each customer and state that planned uploads do not answer.
    let mut questions = Vec::new();
    for (at, (customer, projected)) in projected.iter().enumerate() {
        let code = &projected.model.customer_code;
        if known.contains_key(code) {
            let open = exemption::states(customer, &settings.today)
                .into_iter()
                .filter(|(country, region)| !planning.to_be_covered.contains(&place(code, country, region)));
            questions.extend(open.map(|(country, region)| (at, code.as_str(), country, region)));
        }
    }
    let asked = questions.iter().map(|(_, code, country, region)| (*code, country.as_str(), region.as_str()));
    let answers = planning.avatax.coverage(asked);
    let mut gaps: HashMap<usize, Vec<(String, String)>> = HashMap::new();
    for ((at, _, country, region), answer) in questions.iter().zip(answers) {
        match answer {
            Ok(true) => {}
            Ok(false) | Err(Failure::NotFound) => {
                gaps.entry(*at).or_default().push((country.clone(), region.clone()))
            }
            Err(failure) => return Err(failure.error()),
        }
    }
    for (at, (customer, projected)) in projected.iter().enumerate() {
        let code = projected.model.customer_code.as_str();
        let gaps = gaps.remove(&at).unwrap_or_default();
        let (decision, detail) = if !known.contains_key(code) {
            (Decision::NotSynced, "not in AvaTax yet: run sync first".to_owned())
        } else if gaps.is_empty() && !exemption::states(customer, &settings.today).is_empty() {
            (Decision::Covered, String::new())
        } else if invited.contains(code) {
            (Decision::InvitedBefore, String::new())
        } else if settings.delivery == Delivery::Email && projected.model.email_address.is_empty() {
            (
                Decision::CallList,
                format!("no usable e-mail address; telephone {}", or_none(&projected.model.phone_number)),
            )
        } else {
            (Decision::Invite, String::new())
        };
        decide(
            &mut planning.writer,
            &mut planning.decisions,
            &planning.catalog,
            Decided { customer, projected, decision, detail, gaps, today: &settings.today },
        )?;
    }
    Ok(())
}

struct Decided<'a> {
    customer: &'a Customer,
    projected: &'a Projected,
    decision: Decision,
    detail: String,
    gaps: Vec<(String, String)>,
    today: &'a str,
}

fn decide(
    writer: &mut plan::Writer<'_>,
    decisions: &mut crate::tally::Decisions,
    catalog: &crate::certificates::catalog::Catalog,
    it: Decided<'_>,
) -> Result<(), Error> {
    let model = &it.projected.model;
    decisions.add(it.decision, || sample(&it.customer.id, &model.customer_code, &model.name, &it.detail));
    if matches!(it.decision, Decision::Covered | Decision::InvitedBefore) {
        return Ok(());
    }
    let reason =
        exemption::use_code(it.customer, it.today).and_then(|code| catalog.reason(code.chars().next()?));
    let zones: Vec<_> =
        it.gaps.iter().filter_map(|(country, region)| catalog.zone(country, region)).collect();
    let states: Vec<&str> = it.gaps.iter().map(|(_, region)| region.as_str()).collect();
    let item = Item {
        decision: decision_name(it.decision).to_owned(),
        id: it.customer.id.clone(),
        name: model.name.clone(),
        detail: it.detail,
        row: it.projected.fingerprint(it.customer, it.today),
        region: states.join(" "),
        reason: reason.map(|reason| reason.name.clone()).unwrap_or_default(),
        recipient: model.email_address.clone(),
        zones: zones.iter().map(|zone| zone.id).collect(),
        reasons: reason.map(|reason| reason.id).into_iter().collect(),
        ..Item::default()
    };
    writer.add(INVITE, &model.customer_code, &model.customer_code, &item)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "not known" } else { text }
}

/// Invitations of the plan that have not ended.
pub(crate) fn open(doing: &Doing<'_>) -> Result<u64, Error> {
    let mut open = 0;
    plan::walk(doing.ports, &doing.plan, INVITE, 1000, &mut |items| {
        open += items.iter().filter(|(entry, _)| !doing.ledger.ended(INVITE, &entry.key)).count() as u64;
        Ok(true)
    })?;
    Ok(open)
}

/// Sends the invitations of the plan.
pub(crate) fn apply(doing: &mut Doing<'_>) -> Result<(), Error> {
    let total = open(doing)?;
    if total == 0 {
        return Ok(());
    }
    let (ports, name) = (doing.ports, doing.plan.clone());
    let size = doing.avatax.window() * 4;
    let mut done = 0;
    plan::walk(ports, &name, INVITE, size, &mut |items| {
        let items: Vec<_> =
            items.into_iter().filter(|(entry, _)| !doing.ledger.ended(INVITE, &entry.key)).collect();
        done += items.len() as u64;
        let result = chunk(doing, items);
        doing.ledger.flush()?;
        result?;
        doing.stopped = ports.asked_to_stop(Phase::Inviting, done.min(total), Some(total));
        Ok(!doing.stopped)
    })
}

fn chunk(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<(), Error> {
    let items = still_as_confirmed(doing, items)?;
    let (cut_off, mut open): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|(entry, _)| doing.ledger.progressed(INVITE, &entry.key) == Progressed::CutOff);
    // What an earlier call began is looked up before anything is sent.
    open.extend(adopt(doing, cut_off)?);
    for round in 0..ROUNDS {
        if open.is_empty() {
            break;
        }
        let requests: Vec<Request> = open.iter().map(|(entry, item)| request(doing, entry, item)).collect();
        let intents = open.iter().zip(&requests).map(|((entry, _), request)| {
            (entry.key.as_str(), entry.customer.as_str(), sha256_hex(&request.body))
        });
        doing.ledger.intend(INVITE, "POST certexpressinvites", intents.collect::<Vec<_>>())?;
        let answers = doing.avatax.write_all(&requests, doing.avatax.window());
        let mut doubtful = Vec::new();
        let mut fatal = None;
        for ((entry, item), answer) in open.into_iter().zip(answers) {
            let failure = match answer {
                Ok(created) => {
                    let invitation =
                        created.get(0).and_then(|it| it.get("invitation")).map(RemoteInvitation::from);
                    match invitation.filter(|it| it.id != 0) {
                        Some(invitation) => {
                            let said = said(&item, Some(&invitation), "");
                            doing.ledger.end(
                                INVITE,
                                &entry.key,
                                &entry.customer,
                                OutcomeState::Done,
                                &said,
                            )?;
                            continue;
                        }
                        None => {
                            Failure::Unclear("AvaTax did not name the invitation in its answer.".to_owned())
                        }
                    }
                }
                Err(failure) => failure,
            };
            match failure.fatal() {
                Some(error) => fatal = Some(error),
                None if matches!(failure, Failure::Unclear(_) | Failure::MaybeExists(_)) => {
                    doubtful.push((entry, item))
                }
                None => {
                    let said = said(&item, None, &failure.sentence());
                    doing.ledger.end(INVITE, &entry.key, &entry.customer, OutcomeState::Refused, &said)?;
                }
            }
        }
        open = adopt(doing, doubtful)?;
        if let Some(error) = fatal {
            return Err(error);
        }
        if round + 1 == ROUNDS {
            for (entry, item) in core::mem::take(&mut open) {
                let said = said(
                    &item,
                    None,
                    "AvaTax did not say whether it took the invitation, and does not list it.",
                );
                doing.ledger.end(INVITE, &entry.key, &entry.customer, OutcomeState::Unclear, &said)?;
            }
        }
    }
    Ok(())
}

fn request(doing: &Doing<'_>, entry: &Entry, item: &Item) -> Request {
    let settings = &doing.ports.settings;
    let delivery = match settings.delivery {
        Delivery::Email => "Email",
        Delivery::Link => "Download",
    };
    doing.avatax.create_invitation(
        &entry.customer,
        &NewInvitation {
            delivery,
            recipient: item.recipient.clone(),
            cover_letter: settings.cover_letter.clone(),
            zones: item.zones.clone(),
            reasons: item.reasons.clone(),
        },
    )
}

/// Drops, with an outcome, customers that changed in the ERP since the preview.
fn still_as_confirmed(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<Vec<(Entry, Item)>, Error> {
    let ids: Vec<String> = items.iter().map(|(_, item)| item.id.clone()).collect();
    let now = reread(doing.ports, &ids)?;
    let settings = &doing.ports.settings;
    let mut kept = Vec::with_capacity(items.len());
    for (entry, item) in items {
        let row =
            now.get(&item.id).map(|it| customer::project(it, settings).fingerprint(it, &settings.today));
        if row.as_ref() == Some(&item.row) {
            kept.push((entry, item));
        } else {
            let why = "The customer changed in the ERP since the preview. Not invited: preview again to include it.";
            doing.ledger.end(
                INVITE,
                &entry.key,
                &entry.customer,
                OutcomeState::Moved,
                &said(&item, None, why),
            )?;
        }
    }
    Ok(kept)
}

/// Records those that AvaTax lists already; returns the others. The plan was made when none was listed.
fn adopt(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<Vec<(Entry, Item)>, Error> {
    let codes: Vec<&str> = items.iter().map(|(entry, _)| entry.customer.as_str()).collect();
    let listed = doing.avatax.invitations(&codes).map_err(|failure| failure.error())?;
    let mut absent = Vec::new();
    for (entry, item) in items {
        match listed.iter().find(|it| it.customer_code == entry.customer) {
            Some(invitation) => {
                let said = said(&item, Some(invitation), "");
                doing.ledger.end(INVITE, &entry.key, &entry.customer, OutcomeState::Adopted, &said)?;
            }
            None => absent.push((entry, item)),
        }
    }
    Ok(absent)
}

fn said(item: &Item, invitation: Option<&RemoteInvitation>, detail: &str) -> Said {
    let status = |it: &RemoteInvitation| if it.ready() { "Sent" } else { "InProgress" }.to_owned();
    Said {
        id: item.id.clone(),
        name: item.name.clone(),
        detail: detail.to_owned(),
        avatax_id: invitation.map(|it| it.id),
        region: item.region.clone(),
        recipient: item.recipient.clone(),
        link: invitation.map(|it| it.request_link.clone()).unwrap_or_default(),
        invitation: invitation.map(status).unwrap_or_default(),
        ..Said::default()
    }
}

/// Waits until every invitation of the plan has its link or its e-mail has gone out.
pub(crate) fn await_ready(doing: &mut Doing<'_>) -> Result<(), Error> {
    let mut open = doing.ledger.written(INVITE)?;
    open.retain(|it| it.said.invitation != "Sent");
    let total = open.len() as u64;
    let patience = Duration::from_secs(doing.ports.settings.patience.into());
    let started = doing.avatax.now();
    let mut wait = FIRST_WAIT;
    while !open.is_empty() && doing.avatax.now().saturating_sub(started) < patience {
        doing.avatax.sleep(wait);
        wait = (wait * 2).min(LONGEST_WAIT);
        let requests: Vec<Request> = open
            .iter()
            .map(|it| doing.avatax.get_invitation(&it.customer, it.said.avatax_id.unwrap_or_default()))
            .collect();
        let answers = doing.avatax.read_all(&requests);
        let mut waiting = Vec::new();
        for (invited, answer) in open.into_iter().zip(answers) {
            match answer.as_ref().map(RemoteInvitation::from) {
                Ok(invitation) if invitation.ready() => {
                    let said =
                        Said { link: invitation.request_link, invitation: "Sent".to_owned(), ..invited.said };
                    doing.ledger.end(INVITE, &invited.key, &invited.customer, invited.state, &said)?;
                }
                _ => waiting.push(invited),
            }
        }
        open = waiting;
        doing.ledger.flush()?;
        if doing.ports.asked_to_stop(Phase::AwaitingInvitations, total - open.len() as u64, Some(total)) {
            break;
        }
    }
    Ok(())
}
