//! Before anything else: does AvaTax answer, does it know us, is the company there, is certificate management set up.
//!
//! Ping answers 200 for wrong credentials too, so its `authenticated` is what counts. A credential may pass here and
//! still be refused certificates, which take a stronger role; `check` asks for that as well.

use core::time::Duration;

use crate::avatax::{AvaTax, Failure};
use crate::ledger::Said;
use crate::model::journal::{Entry, EntryKind, Operation, OutcomeState};
use crate::model::onboarding::{CertificateRole, Error, Preflight, Provisioning, RunReport};
use crate::model::progress::Phase;
use crate::plan::entry;
use crate::ports::{Ports, erp_error, journal_error};

/// Looks whether AvaTax and the ERP can be used; fills in AvaTax's company id.
pub fn preflight(ports: &Ports<'_>, avatax: &mut AvaTax<'_>) -> Result<Preflight, Error> {
    if ports.asked_to_stop(Phase::Preflight, 0, None) {
        return Err(Error::Stopped);
    }
    let source = ports.erp.describe().map_err(erp_error)?;
    let settings = &ports.settings;
    let ping = avatax.ping().map_err(|failure| failure.error())?;
    if !ping.authenticated {
        return Err(Error::Unauthorized(format!(
            "{} answers, but does not accept the credentials. Credentials of the sandbox and of production are not \
             interchangeable.",
            settings.base_url
        )));
    }
    let company = avatax.company(&settings.company_code).map_err(|failure| failure.error())?;
    let Some(company) = company.filter(|company| company.id != 0) else {
        return Err(Error::CompanyNotFound(format!(
            "The account has no company with the code \"{}\".",
            settings.company_code
        )));
    };
    avatax.company_id = company.id;
    let provisioning = match avatax.setup() {
        Ok(state) => state,
        // Before set-up, this call too may answer with the error that says so.
        Err(Failure::NotProvisioned(_)) => Provisioning::NotProvisioned,
        Err(failure) => return Err(failure.error()),
    };
    Ok(Preflight {
        service_version: ping.version,
        authentication: ping.authentication_type,
        company_id: company.id,
        company_name: company.name,
        provisioning,
        certificate_role: CertificateRole::Unknown,
        source,
    })
}

/// The preflight of a preview or apply, which need certificate management.
pub fn ready(ports: &Ports<'_>, avatax: &mut AvaTax<'_>) -> Result<Preflight, Error> {
    let preflight = preflight(ports, avatax)?;
    match preflight.provisioning {
        Provisioning::Provisioned => Ok(preflight),
        Provisioning::InProgress => Err(Error::NotProvisioned(format!(
            "AvaTax is still setting up certificate management for {}. That takes some minutes: try again then.",
            preflight.company_name
        ))),
        Provisioning::NotProvisioned => Err(Error::NotProvisioned(format!(
            "Certificate management (ECMS) is not set up for {}. Setting it up changes the account, so it has to be \
             requested as a step of its own.",
            preflight.company_name
        ))),
    }
}

/// `check`: the preflight, and whether certificates may be created.
pub fn check(ports: &Ports<'_>) -> Result<RunReport, Error> {
    let mut avatax = AvaTax::new(ports);
    let mut preflight = preflight(ports, &mut avatax)?;
    if preflight.provisioning == Provisioning::Provisioned {
        preflight.certificate_role = avatax.certificate_role();
    }
    Ok(bare(preflight))
}

/// `request-setup`: asks AvaTax to set up certificate management and waits for it.
pub fn request_setup(ports: &Ports<'_>, approved_by: &str) -> Result<RunReport, Error> {
    approver(approved_by)?;
    let mut avatax = AvaTax::new(ports);
    let mut preflight = preflight(ports, &mut avatax)?;
    if preflight.provisioning == Provisioning::NotProvisioned {
        let key = preflight.company_id.to_string();
        let note = |kind, state, detail: &str| Entry {
            state,
            ..entry(
                kind,
                Operation::RequestSetup,
                "",
                &key,
                "",
                &Said { detail: detail.to_owned(), ..Said::default() },
            )
        };
        let write = |it: Entry| ports.journal.append(&[it]).map_err(journal_error);
        write(note(EntryKind::Intent, None, &format!("requested by {approved_by}")))?;
        match avatax.request_setup() {
            Ok(state) => {
                preflight.provisioning = state;
                write(note(EntryKind::Outcome, Some(OutcomeState::Done), ""))?;
            }
            // AvaTax is asked for the state below either way.
            Err(Failure::Unclear(why)) => {
                preflight.provisioning = Provisioning::InProgress;
                write(note(EntryKind::Outcome, Some(OutcomeState::Unclear), &why))?;
            }
            Err(failure) => {
                let not_sent = matches!(failure, Failure::NotDone(_));
                let state = if not_sent { OutcomeState::Unclear } else { OutcomeState::Refused };
                write(note(EntryKind::Outcome, Some(state), &failure.sentence()))?;
                return Err(failure.error());
            }
        }
    }
    let started = avatax.now();
    let patience = Duration::from_secs(ports.settings.patience.into());
    while preflight.provisioning != Provisioning::Provisioned
        && avatax.now().saturating_sub(started) < patience
    {
        let waited = avatax.now().saturating_sub(started).as_secs();
        if ports.asked_to_stop(Phase::AwaitingSetup, waited, Some(patience.as_secs())) {
            break;
        }
        avatax.sleep(Duration::from_secs(2).min(patience));
        match avatax.setup() {
            Ok(state) => preflight.provisioning = state,
            Err(failure @ (Failure::Unauthorized(_) | Failure::Forbidden(_))) => return Err(failure.error()),
            Err(_) => {}
        }
    }
    Ok(bare(preflight))
}

/// Checks the name of the person who confirms.
pub fn approver(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > 200 {
        return Err(Error::InvalidRequest("Say who approves this, in 1 to 200 characters.".to_owned()));
    }
    Ok(())
}

/// A report with nothing planned and nothing done.
#[must_use]
pub fn bare(preflight: Preflight) -> RunReport {
    RunReport {
        preflight,
        plan: None,
        decisions: Vec::new(),
        obstacles: Vec::new(),
        outcomes: Vec::new(),
        coverage: Vec::new(),
        remaining: 0,
        stopped: false,
    }
}
