//! Working out what `sync` would do.
//!
//! Two passes over the ERP. The first, cheap one finds codes that several customers share, because a code seen twice on
//! page 90 has to keep its first bearer on page 1 out of the plan. The second compares page by page with AvaTax, several
//! look-ups in flight, and writes the plan as it goes; memory holds one page and a few bytes for each customer ([`crate::marks`]).

use std::collections::HashMap;

use super::apply::settle_older;
use super::compare::{self, Compared};
use super::{PLAN, header};
use crate::avatax::AvaTax;
use crate::avatax::calls::RemoteCustomer;
use crate::customer::{self, Finding, Projected, effect_of};
use crate::exemption;
use crate::marks::Marks;
use crate::model::erp::{Customer, FieldGroups, Posture, Row};
use crate::model::journal::Operation;
use crate::model::onboarding::{Decision, Effect, Error, ObstacleKind, RunReport, Sample};
use crate::model::progress::Phase;
use crate::model::tenant::{Scope, Settings};
use crate::plan::{Item, Writer, decision_name, short_hash};
use crate::ports::Ports;
use crate::preflight::{bare, ready};
use crate::tally::{Decisions, Obstacles};

/// Works out the plan and stores it.
pub fn preview(ports: &Ports<'_>) -> Result<RunReport, Error> {
    let mut avatax = AvaTax::new(ports);
    let preflight = ready(ports, &mut avatax)?;
    let expected = preflight.source.customers;
    let shared = shared_codes(ports, expected)?;
    // An empty company needs no look-ups.
    let empty = avatax.customer_count().map_err(|failure| failure.error())? == Some(0);

    let mut preview = Preview {
        ports,
        avatax,
        empty,
        shared,
        seen: Marks::default(),
        writer: Writer::open(ports, PLAN, &header(ports, preflight.company_id))?,
        decisions: Decisions::default(),
        obstacles: Obstacles::default(),
    };
    let mut done = 0;
    ports.scan_customers(FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, &mut |rows| {
        done += rows.len() as u64;
        preview.page(rows)?;
        if ports.asked_to_stop(Phase::Comparing, done, expected) { Err(Error::Stopped) } else { Ok(()) }
    })?;
    settle_older(ports, preview.avatax)?;
    let decisions = preview.decisions.into_sorted();
    let plan = preview.writer.close(&decisions)?;
    let remaining = plan.writes;
    Ok(RunReport {
        plan: Some(plan),
        decisions,
        obstacles: preview.obstacles.into_sorted(),
        remaining,
        ..bare(preflight)
    })
}

/// The codes that more than one customer in use carries.
fn shared_codes(ports: &Ports<'_>, expected: Option<u64>) -> Result<Marks, Error> {
    let (mut codes, mut bearers, mut shared) = (Marks::default(), Marks::default(), Marks::default());
    let mut done = 0;
    ports.scan_customers(FieldGroups::empty(), &mut |rows| {
        done += rows.len() as u64;
        for row in rows {
            let Row::Customer(customer) = row else { continue };
            let code = customer::code(&customer, ports.settings.code_source);
            // Also a customer outside the scope: it has transactions under the code all the same.
            if !exemption::in_use(&customer) || code.is_empty() {
                continue;
            }
            let (code, id) = (short_hash(code), short_hash(&customer.id));
            // The same row may come twice; another row with the code is what counts.
            if bearers.meet(code.rotate_left(32) ^ id) && !codes.meet(code) {
                shared.meet(code);
            }
        }
        if ports.asked_to_stop(Phase::ReadingCustomers, done, expected) {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    })?;
    Ok(shared)
}

fn in_scope(customer: &Customer, settings: &Settings) -> bool {
    exemption::in_use(customer) && (settings.scope == Scope::All || customer.posture == Posture::Exempt)
}

struct Preview<'a> {
    ports: &'a Ports<'a>,
    avatax: AvaTax<'a>,
    empty: bool,
    shared: Marks,
    seen: Marks,
    writer: Writer<'a>,
    decisions: Decisions,
    obstacles: Obstacles,
}

impl Preview<'_> {
    fn page(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        let mut candidates = Vec::with_capacity(rows.len());
        for row in rows {
            match row {
                Row::Bad(bad) => {
                    let id = bad.id.unwrap_or_default();
                    let finding = Finding { kind: ObstacleKind::RowUnreadable, detail: bad.reason };
                    self.obstacles.add(&finding, &id, "", "");
                    self.block(&id, "", "", finding.detail)?;
                }
                Row::Customer(customer) if self.seen.meet(short_hash(&customer.id)) => {
                    if let Some(candidate) = self.candidate(customer)? {
                        candidates.push(candidate);
                    }
                }
                Row::Customer(_) => {}
            }
        }
        let known = if self.empty {
            HashMap::new()
        } else {
            let codes: Vec<&str> = candidates.iter().map(|(_, it)| it.model.customer_code.as_str()).collect();
            self.avatax.customers(&codes).map_err(|failure| failure.error())?
        };
        for (customer, projected) in candidates {
            let remote = known.get(&projected.model.customer_code);
            self.decide(&customer, &projected, remote)?;
        }
        Ok(())
    }

    /// A customer that may be written, or none if it is left out or blocked.
    fn candidate(&mut self, customer: Customer) -> Result<Option<(Customer, Projected)>, Error> {
        let mut projected = customer::project(&customer, &self.ports.settings);
        let model = &projected.model;
        if !in_scope(&customer, &self.ports.settings) {
            let sample = || sample(&customer.id, &model.customer_code, &model.name, "");
            self.decisions.add(Decision::LeftOut, sample);
            return Ok(None);
        }
        if self.shared.note(short_hash(&model.customer_code)) != 0 {
            let detail = "another customer has the same code".to_owned();
            projected.findings.push(Finding { kind: ObstacleKind::CodeShared, detail });
        }
        let exempt = customer.posture == Posture::Exempt;
        let model = &projected.model;
        for finding in
            projected.findings.iter().filter(|it| exempt || effect_of(it.kind) != Effect::NoInvitation)
        {
            self.obstacles.add(finding, &customer.id, &model.customer_code, &model.name);
        }
        if projected.creatable() {
            return Ok(Some((customer, projected)));
        }
        let why =
            projected.findings.iter().filter(|it| effect_of(it.kind) == Effect::NoCreation).map(describe);
        let why = why.collect::<Vec<_>>().join("; ");
        self.block(&customer.id, &model.customer_code, &model.name, why)?;
        Ok(None)
    }

    fn block(&mut self, id: &str, code: &str, name: &str, why: String) -> Result<(), Error> {
        self.decisions.add(Decision::Blocked, || sample(id, code, name, &why));
        let item = Item { id: id.to_owned(), name: name.to_owned(), detail: why, ..item(Decision::Blocked) };
        self.writer.add(Operation::CreateCustomer, code, code, &item)
    }

    fn decide(
        &mut self,
        customer: &Customer,
        projected: &Projected,
        remote: Option<&RemoteCustomer>,
    ) -> Result<(), Error> {
        let model = &projected.model;
        let mut item = Item {
            id: customer.id.clone(),
            name: model.name.clone(),
            row: projected.fingerprint(customer, &self.ports.settings.today),
            ..Item::default()
        };
        let (operation, decision) = match remote.map(|remote| (remote, compare::compare(model, remote))) {
            None => (Operation::CreateCustomer, Decision::Create),
            Some((_, Compared::Identical)) => (Operation::UpdateCustomer, Decision::Identical),
            Some((remote, Compared::Lacks(fields))) => {
                item.remote = compare::fingerprint(remote);
                item.fields =
                    fields.into_iter().map(|(field, after)| (field, String::new(), after)).collect();
                (Operation::UpdateCustomer, Decision::Fill)
            }
            Some((_, Compared::Differs(fields))) => {
                item.detail = fields
                    .iter()
                    .map(|(field, theirs, ours)| {
                        format!("{field} is \"{theirs}\" in AvaTax and \"{ours}\" in the ERP")
                    })
                    .collect::<Vec<_>>()
                    .join("; ");
                item.fields = fields;
                (Operation::UpdateCustomer, Decision::Differs)
            }
            Some((_, Compared::OtherName(name))) => {
                item.detail = format!("AvaTax has this code for \"{name}\"");
                (Operation::UpdateCustomer, Decision::OtherName)
            }
        };
        self.decisions
            .add(decision, || sample(&customer.id, &model.customer_code, &model.name, &item.detail));
        // What needs neither a write nor a look is counted, not stored.
        if decision == Decision::Identical {
            return Ok(());
        }
        decision_name(decision).clone_into(&mut item.decision);
        self.writer.add(operation, &model.customer_code, &model.customer_code, &item)
    }
}

fn item(decision: Decision) -> Item {
    Item { decision: decision_name(decision).to_owned(), ..Item::default() }
}

fn sample(id: &str, code: &str, name: &str, detail: &str) -> Sample {
    Sample { id: id.to_owned(), code: code.to_owned(), name: name.to_owned(), detail: detail.to_owned() }
}

/// A finding in words.
fn describe(finding: &Finding) -> String {
    let words = match finding.kind {
        ObstacleKind::CodeMissing => "no customer code",
        ObstacleKind::CodeTooLong => "the customer code is longer than 50 characters",
        ObstacleKind::CodeUnusable => "the customer code cannot be used",
        ObstacleKind::CodeShared => "the customer code is not unique",
        ObstacleKind::NameMissing => "no name",
        ObstacleKind::NameTooLong => "the name is longer than 100 characters",
        ObstacleKind::Line1Missing => "no street",
        ObstacleKind::LineTooLong => "the street or city is too long",
        ObstacleKind::CityMissing => "no city",
        ObstacleKind::PostalCodeMissing => "no postal code",
        ObstacleKind::PostalCodeTooLong => "the postal code is longer than 10 characters",
        ObstacleKind::CountryUnknown => "no country that is known",
        ObstacleKind::RegionMissing => "no state or province that is known",
        ObstacleKind::RegionUnknown => "the region is not known",
        ObstacleKind::EmailMissing => "no e-mail address",
        ObstacleKind::EmailMalformed => "the e-mail address is malformed",
        ObstacleKind::TaxpayerIdMasked => "the taxpayer id is masked",
        ObstacleKind::StateUnknown => "nothing says in which state it is exempt",
        ObstacleKind::ExemptionExpired => "the exemption on record has expired",
        ObstacleKind::RowUnreadable => "the row could not be read",
    };
    if finding.detail.is_empty() { words.to_owned() } else { format!("{words} ({})", finding.detail) }
}
