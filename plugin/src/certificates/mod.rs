//! Certificates for exempt customers: uploaded from documents, asked for by invitation, or both.
//!
//! | step | module |
//! |---|---|
//! | what is known about forms, labels, reasons and states | [`rules`] |
//! | what a document says, and whether it is any good | [`understand`] |
//! | whose it is | [`matching`], [`names`] |
//! | what a person said about it | [`review`] |
//! | its record for journal and reviewer | [`report`] |
//! | zones and reasons of this environment | [`catalog`] |
//! | creating and linking | [`upload`] |
//! | inviting those that remain | [`invite`] |
//! | whether it has an effect | [`coverage`] |
//!
//! Uploads come first, and invitations are planned only for the states that neither AvaTax nor the planned uploads cover.

pub mod catalog;
pub mod coverage;
pub mod invite;
pub mod matching;
pub mod names;
pub mod report;
pub mod review;
pub mod rules;
pub mod understand;
pub mod upload;

use core::mem;
use core::time::Duration;
use std::collections::{HashMap, HashSet};

use crate::avatax::AvaTax;
use crate::avatax::calls::{RemoteCertificate, RemoteCustomer, RemoteInvitation};
use crate::certificates::catalog::Catalog;
use crate::ledger::Ledger;
use crate::model::journal::Operation;
use crate::model::onboarding::{Action, Approval, CertificateOption, Error, RunReport, Sample};
use crate::plan::{self, Header, Writer};
use crate::ports::Ports;
use crate::preflight::{self, approver, bare, ready};
use crate::recovery::{self, Attempts, Tried};
use crate::sync::{counted, record_approval};
use crate::tally::Decisions;

/// Runs one action.
pub fn onboard(ports: &Ports<'_>, option: CertificateOption, action: &Action) -> Result<RunReport, Error> {
    match action {
        Action::Check => preflight::check(ports),
        Action::Preview => preview(ports, option),
        Action::Apply(approval) => apply(ports, option, approval),
        Action::RequestSetup(_) => Err(Error::InvalidRequest(
            "Setting up certificate management is requested through `sync`.".to_owned(),
        )),
    }
}

/// A plan in the making.
pub(crate) struct Planning<'a> {
    ports: &'a Ports<'a>,
    avatax: AvaTax<'a>,
    catalog: Catalog,
    writer: Writer<'a>,
    decisions: Decisions,
    /// Hashes of customer code and state that the planned uploads will cover.
    to_be_covered: HashSet<u64>,
    started: Duration,
    tried: Tried,
}

impl Planning<'_> {
    /// The customers with these codes, as AvaTax has them.
    pub(crate) fn customers(&self, codes: &[&str]) -> Result<HashMap<String, RemoteCustomer>, Error> {
        let look = |codes: &[&str]| self.avatax.customers(codes).map_err(|failure| failure.error());
        let mut known = look(codes)?;
        let missing: Vec<&str> = codes.iter().copied().filter(|code| !known.contains_key(*code)).collect();
        self.late(Operation::CreateCustomer, missing, &mut |mut codes| {
            known.extend(look(&names(&codes))?);
            codes.retain(|(code, _)| !known.contains_key(*code));
            Ok(codes)
        })?;
        Ok(known)
    }

    /// The invitations of these customers. Who was invited more often than AvaTax lists is looked at again.
    pub(crate) fn invitations(&self, codes: &[&str]) -> Result<Vec<RemoteInvitation>, Error> {
        let look = |codes: &[&str]| self.avatax.invitations(codes).map_err(|failure| failure.error());
        let mut listed = look(codes)?;
        let mut first = true;
        self.late(Operation::SendInvitation, codes.iter().copied(), &mut |mut codes| {
            if !mem::take(&mut first) {
                listed.retain(|it| codes.iter().all(|(code, _)| it.customer_code != *code));
                listed.extend(look(&names(&codes))?);
            }
            codes.retain(|(code, sent)| listed.iter().filter(|it| it.customer_code == *code).count() < *sent);
            Ok(codes)
        })?;
        Ok(listed)
    }

    /// The certificates with these file names, each with the codes of the customers it is linked to.
    pub(crate) fn certificates_named(
        &self,
        wanted: &[&str],
    ) -> Result<Vec<(RemoteCertificate, Vec<String>)>, Error> {
        let look = |names: &[&str]| self.avatax.certificates_named(names).map_err(|failure| failure.error());
        let mut found = look(wanted)?;
        let there = |found: &[RemoteCertificate], name: &str| found.iter().any(|it| it.filename == name);
        let missing: Vec<&str> = wanted.iter().copied().filter(|name| !there(&found, name)).collect();
        self.late(Operation::CreateCertificate, missing, &mut |mut missing| {
            found.extend(look(&names(&missing))?);
            missing.retain(|(name, _)| !there(&found, name));
            Ok(missing)
        })?;
        let linked = |found: &[RemoteCertificate]| {
            let ids: Vec<u64> = found.iter().map(|certificate| certificate.id).collect();
            self.avatax.customers_of(&ids).map_err(|failure| failure.error())
        };
        let mut codes = linked(&found)?;
        let alone = found.iter().zip(&codes).filter(|(_, codes)| codes.is_empty());
        let alone: Vec<&str> = alone.map(|(it, _)| it.filename.as_str()).collect();
        self.late(Operation::LinkCertificate, alone, &mut |mut alone| {
            codes = linked(&found)?;
            let is_alone = |name: &str| {
                found.iter().zip(&codes).any(|(it, codes)| it.filename == name && codes.is_empty())
            };
            alone.retain(|(name, _)| is_alone(name));
            Ok(alone)
        })?;
        Ok(found.into_iter().zip(codes).collect())
    }

    fn late<'k>(
        &self,
        operation: Operation,
        keys: impl IntoIterator<Item = &'k str>,
        look: &mut dyn FnMut(Attempts<'k>) -> Result<Attempts<'k>, Error>,
    ) -> Result<(), Error> {
        recovery::late(self.ports, &self.tried, self.started, operation, keys, look)
    }
}

fn names<'k>(tried: &[(&'k str, usize)]) -> Vec<&'k str> {
    tried.iter().map(|(name, _)| *name).collect()
}

/// A plan being done.
pub(crate) struct Doing<'a> {
    ports: &'a Ports<'a>,
    avatax: AvaTax<'a>,
    ledger: Ledger<'a>,
    plan: String,
    stopped: bool,
}

fn preview(ports: &Ports<'_>, option: CertificateOption) -> Result<RunReport, Error> {
    let mut avatax = AvaTax::new(ports);
    let preflight = ready(ports, &mut avatax)?;
    let catalog = Catalog::read(&avatax)?;
    let header = header(ports, option, preflight.company_id);
    let mut planning = Planning {
        ports,
        avatax,
        catalog,
        writer: Writer::open(ports, Operation::Certificates, &header)?,
        decisions: Decisions::default(),
        to_be_covered: HashSet::new(),
        started: ports.network.now(),
        tried: Tried::default(),
    };
    if uploads(option) {
        upload::plan(&mut planning)?;
    }
    if invites(option) {
        invite::plan(&mut planning)?;
    }
    settle_older(ports, planning.avatax, &header)?;
    let decisions = planning.decisions.into_sorted();
    let plan = planning.writer.close(&decisions)?;
    let remaining = plan.writes;
    Ok(RunReport { plan: Some(plan), decisions, remaining, ..bare(preflight) })
}

fn apply(ports: &Ports<'_>, option: CertificateOption, approval: &Approval) -> Result<RunReport, Error> {
    approver(&approval.approved_by)?;
    let found = plan::find(ports, Operation::Certificates, name(option), &approval.plan_digest)?;
    let mut avatax = AvaTax::new(ports);
    let preflight = ready(ports, &mut avatax)?;
    found.is_still(&header(ports, option, preflight.company_id))?;
    let ledger = Ledger::open(ports, &found.name)?;
    let mut doing = Doing { ports, avatax, ledger, plan: found.name.clone(), stopped: false };
    let open = |doing: &Doing<'_>| Ok::<_, Error>(upload::open(doing)? + invite::open(doing)?);
    if open(&doing)? > 0 {
        record_approval(ports, Operation::Certificates, &found, approval)?;
    }
    upload::apply(&mut doing)?;
    if !doing.stopped {
        invite::apply(&mut doing)?;
    }
    let coverage = coverage::of_uploads(&mut doing)?;
    if !doing.stopped {
        invite::await_ready(&mut doing)?;
    }
    doing.ledger.flush()?;
    Ok(RunReport {
        remaining: open(&doing)?,
        decisions: counted(&found),
        plan: Some(found.plan),
        outcomes: doing.ledger.counts(),
        coverage,
        stopped: doing.stopped,
        ..bare(preflight)
    })
}

/// Settles what the plan approved last left in doubt. Only looks; writes nothing to AvaTax.
fn settle_older<'a>(ports: &'a Ports<'a>, avatax: AvaTax<'a>, now: &Header) -> Result<(), Error> {
    let Some(ledger) = recovery::older(ports, Operation::Certificates, now)? else { return Ok(()) };
    let plan = ledger.plan().to_owned();
    let mut doing = Doing { ports, avatax, ledger, plan, stopped: false };
    upload::settle(&mut doing)?;
    invite::settle(&mut doing)
}

fn uploads(option: CertificateOption) -> bool {
    matches!(option, CertificateOption::Upload | CertificateOption::Both)
}

fn invites(option: CertificateOption) -> bool {
    matches!(option, CertificateOption::Invite | CertificateOption::Both)
}

fn name(option: CertificateOption) -> &'static str {
    match option {
        CertificateOption::Upload => "upload",
        CertificateOption::Invite => "invite",
        CertificateOption::Both => "both",
    }
}

fn header(ports: &Ports<'_>, option: CertificateOption, company_id: u64) -> Header {
    let settings = &ports.settings;
    Header {
        option: name(option).to_owned(),
        company_id,
        base_url: settings.base_url.clone(),
        settings: format!(
            "code-source {}, delivery {}, cover letter {}",
            settings.code_source as u8, settings.delivery as u8, settings.cover_letter
        ),
    }
}

/// Hash of a customer's state.
pub(crate) fn place(code: &str, country: &str, region: &str) -> u64 {
    plan::short_hash(&format!("{code}\n{country}\n{region}"))
}

/// An example for a report.
pub(crate) fn sample(id: &str, code: &str, name: &str, detail: &str) -> Sample {
    Sample { id: id.to_owned(), code: code.to_owned(), name: name.to_owned(), detail: detail.to_owned() }
}
