//! Inviting exempt customers through CertExpress, where no valid certificate covers them.
//!
//! An invitation is an e-mail to a customer: a second one for the same purpose is a nuisance that cannot be taken back.
//! So AvaTax's list of invitations is read before planning, again before sending, and after any answer that leaves a
//! doubt ([`crate::recovery`]).

use core::time::Duration;

use crate::avatax::Failure;
use crate::avatax::answer::gravest;
use crate::avatax::calls::{NewInvitation, RemoteInvitation};
use crate::certificates::{Doing, Planning, place, sample};
use crate::customer::{self, Projected};
use crate::exemption;
use crate::http::Request;
use crate::ledger::{Said, Written};
use crate::marks::Marks;
use crate::model::erp::{Customer, FieldGroups, Posture, Row};
use crate::model::journal::{Entry, Operation, OutcomeState};
use crate::model::onboarding::{Decision, Error, ObstacleKind};
use crate::model::progress::Phase;
use crate::model::tenant::Delivery;
use crate::plan::{self, Item, decision_name, sha256_hex, short_hash};
use crate::recovery::{self, passes};
use crate::sync::{is_as_confirmed, reread};

const INVITE: Operation = Operation::SendInvitation;
/// Invitations asked about in one go, so that memory stays flat.
const ASKED_AT_ONCE: usize = 1000;
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
    let (mut seen, mut codes) = (Marks::default(), Marks::default());
    let mut done = 0;
    let mut waiting: Vec<Customer> = Vec::new();
    let ports = planning.ports;
    ports.scan_customers(FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, &mut |rows| {
        done += rows.len() as u64;
        let exempt = rows.into_iter().filter_map(|row| match row {
            Row::Customer(it) if it.posture == Posture::Exempt && exemption::in_use(&it) => Some(it),
            _ => None,
        });
        waiting.extend(exempt.filter(|it| seen.meet(short_hash(&it.id))));
        // Few of a page of the ERP are exempt, and questions about a few leave most of the window empty.
        if waiting.len() >= ASKED_AT_ONCE {
            page(planning, core::mem::take(&mut waiting), &mut codes)?;
        }
        if ports.asked_to_stop(Phase::CheckingCoverage, done, expected) {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    })?;
    page(planning, waiting, &mut codes)
}

/// One exempt customer on the way to a decision.
struct Candidate {
    customer: Customer,
    projected: Projected,
    /// States without a valid certificate, planned uploads included.
    gaps: Vec<(String, String)>,
    /// Set as soon as it is clear.
    decided: Option<(Decision, String)>,
}

impl Candidate {
    fn code(&self) -> &str {
        &self.projected.model.customer_code
    }
}

/// Plans some exempt customers; `codes` are those met before.
fn page(planning: &mut Planning<'_>, customers: Vec<Customer>, codes: &mut Marks) -> Result<(), Error> {
    let settings = &planning.ports.settings;
    let mut candidates: Vec<Candidate> = Vec::with_capacity(customers.len());
    for customer in customers {
        let projected = customer::project(&customer, settings);
        let unusable = projected.findings.iter().find(|it| is_about_code(it.kind));
        let decided = match unusable {
            Some(_) => Some((Decision::Blocked, "the customer code is missing or cannot be used".to_owned())),
            // Two customers under one code would get two invitations for what AvaTax holds to be one.
            None if !codes.meet(short_hash(&projected.model.customer_code)) => {
                Some((Decision::Review, "another exempt customer has the same code".to_owned()))
            }
            None => None,
        };
        candidates.push(Candidate { customer, projected, gaps: Vec::new(), decided });
    }
    let asked: Vec<&str> = candidates.iter().filter(|it| it.decided.is_none()).map(Candidate::code).collect();
    let known = planning.customers(&asked)?;
    let invited = planning.invitations(&asked)?;
    for candidate in candidates.iter_mut().filter(|it| it.decided.is_none()) {
        if !known.contains_key(candidate.code()) {
            candidate.decided = Some((Decision::NotSynced, "not in AvaTax yet: run sync first".to_owned()));
        }
    }
    find_gaps(planning, &mut candidates)?;
    for candidate in candidates {
        decide(planning, candidate, &invited)?;
    }
    Ok(())
}

/// Whether an invitation asks for certificates for all of these zones. One without zones lets the customer choose.
fn asks_for(invitation: &RemoteInvitation, zones: &[u64]) -> bool {
    let asked = &invitation.exposure_zones;
    asked.is_empty() || zones.iter().all(|zone| asked.contains(zone))
}

fn is_about_code(kind: ObstacleKind) -> bool {
    matches!(kind, ObstacleKind::CodeMissing | ObstacleKind::CodeTooLong | ObstacleKind::CodeUnusable)
}

/// Asks for each customer and state that planned uploads do not answer whether a valid certificate is there.
fn find_gaps(planning: &Planning<'_>, candidates: &mut [Candidate]) -> Result<(), Error> {
    let today = &planning.ports.settings.today;
    let mut questions = Vec::new();
    for (at, candidate) in candidates.iter().enumerate().filter(|(_, it)| it.decided.is_none()) {
        let code = candidate.code();
        for (country, region) in exemption::states(&candidate.customer, today) {
            if !planning.to_be_covered.contains(&place(code, &country, &region)) {
                questions.push((at, code.to_owned(), country, region));
            }
        }
    }
    let asked =
        questions.iter().map(|(_, code, country, region)| (code.as_str(), country.as_str(), region.as_str()));
    let answers = planning.avatax.coverage(asked);
    for ((at, _, country, region), answer) in questions.into_iter().zip(answers) {
        let Some(candidate) = candidates.get_mut(at) else { continue };
        match answer {
            Ok(true) => {}
            Ok(false) | Err(Failure::NotFound) => candidate.gaps.push((country, region)),
            Err(failure @ (Failure::Refused(..) | Failure::MaybeExists(_))) => {
                let why = format!("AvaTax does not say whether {region} is covered: {}", failure.sentence());
                candidate.decided = Some((Decision::Review, why));
            }
            Err(failure) => return Err(failure.error()),
        }
    }
    Ok(())
}

/// Decides about a customer and writes it into the plan.
fn decide(
    planning: &mut Planning<'_>,
    candidate: Candidate,
    invited: &[RemoteInvitation],
) -> Result<(), Error> {
    let settings = &planning.ports.settings;
    let model = &candidate.projected.model;
    let customer = &candidate.customer;
    let code = model.customer_code.as_str();
    let zone =
        |(country, region): &(String, String)| planning.catalog.zone(country, region).map(|zone| zone.id);
    let zones: Vec<u64> = candidate.gaps.iter().filter_map(zone).collect();
    let asks_for_all = |it: &&RemoteInvitation| it.customer_code == code && asks_for(it, &zones);
    let sent = invited.iter().find(asks_for_all);
    let nowhere = exemption::states(customer, &settings.today).is_empty();
    let (decision, detail) = match candidate.decided {
        Some(decided) => decided,
        None if candidate.gaps.is_empty() && !nowhere => (Decision::Covered, String::new()),
        None if zones.len() < candidate.gaps.len() => {
            (Decision::Review, "AvaTax offers no exposure zone for one of its states".to_owned())
        }
        None => match sent {
            Some(it) if !it.request_link.is_empty() => (Decision::InvitedBefore, it.request_link.clone()),
            Some(it) if it.ready() => (Decision::InvitedBefore, "the e-mail was sent".to_owned()),
            Some(_) => (Decision::InvitedBefore, "the invitation is not ready yet".to_owned()),
            None if settings.delivery == Delivery::Email && model.email_address.is_empty() => {
                let phone = or_none(&model.phone_number);
                (Decision::CallList, format!("no usable e-mail address; telephone {phone}"))
            }
            None => (Decision::Invite, String::new()),
        },
    };
    planning.decisions.add(decision, || sample(&customer.id, code, &model.name, &detail));
    if decision == Decision::Covered {
        return Ok(());
    }
    let letter = exemption::use_letter(customer, &settings.today);
    let reason = letter.and_then(|letter| planning.catalog.reason(letter));
    let states: Vec<&str> = candidate.gaps.iter().map(|(_, region)| region.as_str()).collect();
    let item = Item {
        decision: decision_name(decision).to_owned(),
        id: customer.id.clone(),
        name: model.name.clone(),
        detail,
        row: candidate.projected.fingerprint(customer, &settings.today),
        region: states.join(" "),
        reason: reason.map(|reason| reason.name.clone()).unwrap_or_default(),
        recipient: model.email_address.clone(),
        zones,
        reasons: reason.map(|reason| reason.id).into_iter().collect(),
        ..Item::default()
    };
    planning.writer.add(INVITE, code, code, &item)
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
    passes(
        doing,
        |doing| &mut doing.ledger,
        |doing, _| {
            let (ports, name) = (doing.ports, doing.plan.clone());
            // Each chunk is looked up in one round that is mostly empty, so a chunk is many rounds of writes.
            let size = doing.avatax.window() * 20;
            let mut done = total.saturating_sub(open(doing)?);
            plan::walk(ports, &name, INVITE, size, &mut |items| {
                let items: Vec<_> =
                    items.into_iter().filter(|(entry, _)| !doing.ledger.ended(INVITE, &entry.key)).collect();
                done += items.len() as u64;
                let result = chunk(doing, items);
                doing.ledger.flush()?;
                result?;
                doing.stopped = ports.asked_to_stop(Phase::Inviting, done.min(total), Some(total));
                Ok(!doing.stopped)
            })?;
            Ok(!doing.stopped)
        },
    )
}

fn chunk(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<(), Error> {
    let (doubtful, fresh): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|(entry, _)| doing.ledger.progressed(INVITE, &entry.key).in_doubt());
    // Somebody else may have invited the customer since the preview.
    let mut open = adopt(doing, fresh)?;
    let since = doing.ledger.doubted();
    for (entry, item) in recovery::absent(doing.ports, since, doubtful, &mut |items| adopt(doing, items))? {
        match doing.ledger.doubt(INVITE, &entry.key) {
            Some(failure) if failure.is_refusal() => {
                let said = said(&item, None, &failure.sentence());
                doing.ledger.end(INVITE, &entry.key, &entry.customer, OutcomeState::Refused, &said)?;
            }
            _ => open.push((entry, item)),
        }
    }
    let open = still_as_confirmed(doing, open)?;
    let requests: Vec<Request> = open.iter().map(|(entry, item)| request(doing, entry, item)).collect();
    let intents = open.iter().zip(&requests).map(|((entry, _), request)| {
        (entry.key.as_str(), entry.customer.as_str(), sha256_hex(&request.body))
    });
    doing.ledger.intend(INVITE, "POST certexpressinvites", intents.collect::<Vec<_>>())?;
    let mut fatal = None;
    for ((entry, item), answer) in open.iter().zip(doing.avatax.write_all(&requests)) {
        let created = answer.and_then(|created| {
            let invitation = created.get(0).and_then(|it| it.get("invitation")).map(RemoteInvitation::from);
            let unnamed = "AvaTax did not name the invitation in its answer.";
            invitation.filter(|it| it.id != 0).ok_or_else(|| Failure::Unclear(unnamed.to_owned()))
        });
        let (state, said) = match created {
            Ok(invitation) => (OutcomeState::Done, said(item, Some(&invitation), "")),
            Err(failure) => {
                match failure.fatal() {
                    Some(error) => fatal = Some(gravest(fatal, error)),
                    None => {
                        let said = said(item, None, "");
                        doing.ledger.doubts(INVITE, &entry.key, &entry.customer, failure, &said)?;
                    }
                }
                continue;
            }
        };
        doing.ledger.end(INVITE, &entry.key, &entry.customer, state, &said)?;
    }
    fatal.map_or(Ok(()), Err)
}

/// Settles what the plan left in doubt, and gives up what is not there.
pub(crate) fn settle(doing: &mut Doing<'_>) -> Result<(), Error> {
    let (ports, name) = (doing.ports, doing.plan.clone());
    plan::walk(ports, &name, INVITE, 500, &mut |items| {
        let in_doubt = |(entry, _): &(Entry, Item)| doing.ledger.progressed(INVITE, &entry.key).in_doubt();
        let doubtful = items.into_iter().filter(in_doubt).collect();
        let since = doing.ledger.doubted();
        let absent = recovery::absent(ports, since, doubtful, &mut |items| adopt(doing, items))?;
        for (entry, item) in absent {
            let said = said(&item, None, recovery::SUPERSEDED);
            doing.ledger.end(INVITE, &entry.key, &entry.customer, OutcomeState::Moved, &said)?;
        }
        doing.ledger.flush()?;
        Ok(true)
    })
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
    let mut kept = Vec::with_capacity(items.len());
    for (entry, item) in items {
        if is_as_confirmed(doing.ports, &now, &item) {
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

/// Records those that AvaTax lists already; returns the others. The plan was made when none was listed that asks for the
/// same states.
fn adopt(doing: &mut Doing<'_>, items: Vec<(Entry, Item)>) -> Result<Vec<(Entry, Item)>, Error> {
    let codes: Vec<&str> = items.iter().map(|(entry, _)| entry.customer.as_str()).collect();
    let listed = doing.avatax.invitations(&codes).map_err(|failure| failure.error())?;
    let mut absent = Vec::new();
    for (entry, item) in items {
        let ours = |it: &&RemoteInvitation| it.customer_code == entry.customer && asks_for(it, &item.zones);
        match listed.iter().find(ours) {
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
        let mut waiting = Vec::new();
        let mut rest = open.into_iter().peekable();
        while rest.peek().is_some() {
            let asked: Vec<Written> = rest.by_ref().take(ASKED_AT_ONCE).collect();
            let requests: Vec<Request> = asked
                .iter()
                .map(|it| doing.avatax.get_invitation(&it.customer, it.said.avatax_id.unwrap_or_default()))
                .collect();
            for (invited, answer) in asked.into_iter().zip(doing.avatax.read_all(&requests)) {
                match answer.as_ref().map(RemoteInvitation::from) {
                    Ok(invitation) if invitation.ready() => {
                        let link = invitation.request_link;
                        let said = Said { link, invitation: "Sent".to_owned(), ..invited.said };
                        doing.ledger.end(INVITE, &invited.key, &invited.customer, invited.state, &said)?;
                    }
                    Err(failure @ (Failure::Unauthorized(_) | Failure::Forbidden(_))) => {
                        return Err(failure.error());
                    }
                    Ok(_) | Err(_) => waiting.push(invited),
                }
            }
        }
        open = waiting;
        doing.ledger.flush()?;
        let done = total - open.len() as u64;
        doing.stopped = doing.ports.asked_to_stop(Phase::AwaitingInvitations, done, Some(total));
        if doing.stopped {
            break;
        }
    }
    Ok(())
}
