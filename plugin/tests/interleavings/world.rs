//! The world around the component: the ERP, the clock, the runs, and what has to hold in the end.

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use ecms_onboarding::certificates::onboard;
use ecms_onboarding::model::erp::{
    Address, AddressUse, Customer, Description, ErpError, Evidence, EvidenceKind, Exemption, FieldGroups,
    Lifecycle, Page, Posture, Row, Scan,
};
use ecms_onboarding::model::journal::{EntryKind, Operation, OutcomeState, StoredEntry};
use ecms_onboarding::model::onboarding::{Action, Approval, CertificateOption, Error, RunReport};
use ecms_onboarding::model::progress::{Event, Verdict};
use ecms_onboarding::model::tenant::{CodeSource, Delivery, Scope, Settings};
use ecms_onboarding::ports::{Erp, Ports, Progress};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::avatax::{Batches, Fate, State};
use crate::journal::Append;

/// Unwound with when the process is killed.
pub(crate) struct Killed;

/// Everything around the component.
pub(crate) struct World {
    pub(crate) erp: RefCell<Vec<Customer>>,
    pub(crate) bad: HashSet<String>,
    pub(crate) documents: usize,
    pub(crate) batches: Batches,
    batch_size: u32,
    pub(crate) lag: Duration,
    pub(crate) clock: Cell<Duration>,
    pub(crate) fates: RefCell<VecDeque<Fate>>,
    pub(crate) appends: RefCell<VecDeque<Append>>,
    pub(crate) journal: RefCell<Vec<StoredEntry>>,
    pub(crate) state: RefCell<State>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fates, appends) = (self.fates.borrow(), self.appends.borrow());
        let fates: Vec<_> = fates.iter().enumerate().filter(|(_, it)| !matches!(it, Fate::Fine)).collect();
        let appends: Vec<_> =
            appends.iter().enumerate().filter(|(_, it)| !matches!(it, Append::Fine)).collect();
        write!(
            f,
            "{} customers, bad {:?}, {} documents, {:?}, batches of {}, lag {:?}\nrequests {fates:?}\nappends {appends:?}",
            self.erp.borrow().len(),
            self.bad,
            self.documents,
            self.batches,
            self.batch_size,
            self.lag
        )
    }
}

/// Name of a customer.
pub(crate) fn name(number: usize) -> String {
    let names = ["Palm", "Harbor", "Cedar", "Willow", "Granite", "Meadow", "Falcon", "Copper", "Juniper"];
    format!("{} Traders {} Inc", names[number % names.len()], ["One", "Two"][number / names.len() % 2])
}

/// Street of a customer.
pub(crate) fn street(number: usize) -> String {
    format!("{} Dock Road", 12 + number * 7)
}

fn code(number: usize) -> String {
    format!("C{number}")
}

fn customer(number: usize) -> Customer {
    Customer {
        id: format!("id-{number}"),
        code: code(number),
        tax_engine_code: None,
        name: name(number),
        lifecycle: Lifecycle::Active,
        email: Some(format!("ap{number}@example.com")),
        phone: None,
        fax: None,
        contact_name: None,
        addresses: vec![Address {
            usage: AddressUse::BILL_TO,
            line1: Some(street(number)),
            line2: None,
            city: Some("Tampa".to_owned()),
            region: Some("FL".to_owned()),
            postal_code: Some("33602".to_owned()),
            country: Some("USA".to_owned()),
        }],
        taxpayer_id: None,
        posture: Posture::Exempt,
        evidence: vec![Evidence {
            kind: EvidenceKind::ExemptionRecord,
            field: "exempt".to_owned(),
            value: "yes".to_owned(),
        }],
        exemptions: vec![Exemption {
            exempt: true,
            country: Some("US".to_owned()),
            region: Some("FL".to_owned()),
            reason: Some("resale".to_owned()),
            entity_use_code: Some("G".to_owned()),
            number: None,
            effective: None,
            expires: None,
        }],
        entity_use_code: Some("G".to_owned()),
        parent: None,
    }
}

impl World {
    #[expect(clippy::too_many_arguments, reason = "what chance draws for a case")]
    pub(crate) fn new(
        customers: usize,
        bad: Vec<usize>,
        documents: usize,
        batches: Batches,
        batch_size: u32,
        lag_millis: u64,
        fates: Vec<Fate>,
        appends: Vec<Append>,
    ) -> Self {
        Self {
            erp: RefCell::new((0..customers).map(customer).collect()),
            bad: bad.into_iter().map(code).collect(),
            documents: documents.min(customers),
            batches,
            batch_size,
            lag: Duration::from_millis(lag_millis),
            clock: Cell::new(Duration::from_secs(1_000)),
            fates: RefCell::new(fates.into()),
            appends: RefCell::new(appends.into()),
            journal: RefCell::default(),
            state: RefCell::default(),
        }
    }

    fn ports(&self) -> Ports<'_> {
        let settings = Settings {
            base_url: "http://127.0.0.1:1".to_owned(),
            company_code: "DEFAULT".to_owned(),
            code_source: CodeSource::TaxEngineCode,
            scope: Scope::All,
            delivery: Delivery::Email,
            cover_letter: "STANDARD_REQUEST".to_owned(),
            page_size: 5,
            batch_size: self.batch_size,
            window: 3,
            patience: 2,
            settling: 2,
            today: "2026-11-22".to_owned(),
            seller_names: Vec::new(),
            terms: Vec::new(),
        };
        Ports {
            erp: self,
            documents: self,
            ocr: self,
            journal: self,
            progress: self,
            network: self,
            settings,
        }
    }

    /// One call of `sync`.
    pub(crate) fn sync(&self, action: &Action) -> Result<RunReport, Error> {
        ecms_onboarding::sync::sync(&self.ports(), action)
    }

    /// One call of `onboard-certificates`.
    pub(crate) fn certificates(&self, action: &Action) -> Result<RunReport, Error> {
        onboard(&self.ports(), CertificateOption::Both, action)
    }

    /// Calls a step until there is nothing left to do. Each bit of `fresh` says of one call whether a new plan is made
    /// although the old one is not done.
    pub(crate) fn until_done(
        &self,
        mut fresh: u64,
        step: fn(&Self, &Action) -> Result<RunReport, Error>,
    ) -> Result<(), TestCaseError> {
        let mut confirmed: Option<String> = None;
        let mut planned_calmly = false;
        for _ in 0..400 {
            if fresh & 1 == 1 {
                confirmed = None;
            }
            fresh >>= 1;
            let approved_by = "somebody".to_owned();
            let action = match &confirmed {
                Some(digest) => Action::Apply(Approval { plan_digest: digest.clone(), approved_by }),
                None => Action::Preview,
            };
            let calm = self.is_calm();
            let report = match catch_unwind(AssertUnwindSafe(|| step(self, &action))) {
                Ok(Ok(report)) => report,
                Ok(Err(Error::PlanMismatch(_))) => {
                    confirmed = None;
                    continue;
                }
                Ok(Err(error)) => {
                    prop_assert!(!calm, "with nothing in the way: {:?}", error);
                    continue;
                }
                Err(unwound) if unwound.is::<Killed>() => continue,
                Err(broken) => resume_unwind(broken),
            };
            if confirmed.is_none() {
                let plan = report.plan.ok_or_else(|| TestCaseError::fail("a preview without a plan"))?;
                if plan.writes == 0 && calm {
                    return Ok(());
                }
                planned_calmly = calm;
                confirmed = Some(plan.digest);
            } else if report.remaining == 0 {
                confirmed = None;
                // What moved, or was looked at or done amid trouble, takes another preview to be sure of.
                if calm && planned_calmly && report.outcomes.iter().all(|it| it.state != OutcomeState::Moved)
                {
                    return Ok(());
                }
            }
        }
        Err(TestCaseError::fail("it never got done"))
    }

    /// Does a step while nothing goes wrong.
    pub(crate) fn calmly(
        &self,
        step: fn(&Self, &Action) -> Result<RunReport, Error>,
    ) -> Result<(), TestCaseError> {
        let (fates, appends) = (self.fates.take(), self.appends.take());
        let done = self.until_done(0, step);
        self.fates.replace(fates);
        self.appends.replace(appends);
        done
    }

    fn is_calm(&self) -> bool {
        self.fates.borrow().is_empty() && self.appends.borrow().is_empty()
    }

    /// Every good customer is in AvaTax, no bad one is, and the journal says so.
    pub(crate) fn check_customers(&self) -> Result<(), TestCaseError> {
        let state = self.state.borrow();
        for customer in self.erp.borrow().iter() {
            let bad = self.bad.contains(&customer.code);
            prop_assert_eq!(state.customers.contains_key(&customer.code), !bad, "{}", customer.code);
            let outcome = self.last_outcome(Operation::CreateCustomer, &customer.code);
            match outcome {
                Some(OutcomeState::Refused) => prop_assert!(bad, "{} is not refused", customer.code),
                Some(OutcomeState::Done | OutcomeState::Adopted) => {
                    prop_assert!(!bad, "{} is refused", customer.code);
                }
                // The ERP changed after it was created, or before it was tried again.
                Some(OutcomeState::Moved) | None => {}
                Some(OutcomeState::Unclear) => prop_assert!(false, "{} is unclear", customer.code),
            }
        }
        Ok(())
    }

    /// Every certificate is there once, with its document, linked to its customer alone.
    pub(crate) fn check_certificates(&self) -> Result<(), TestCaseError> {
        let state = self.state.borrow();
        let here = |number: &usize| !self.bad.contains(&code(*number));
        let wanted = (0..self.documents).filter(here).count();
        prop_assert_eq!(state.certificates.len(), wanted, "{:?}", state.certificates);
        for certificate in state.certificates.values() {
            prop_assert!(certificate.document, "no document: {:?}", certificate);
            prop_assert_eq!(certificate.customers.len(), 1, "{:?}", certificate);
        }
        let linked: HashSet<&String> = state.certificates.values().flat_map(|it| &it.customers).collect();
        prop_assert_eq!(linked.len(), wanted);
        Ok(())
    }

    /// Everyone without a certificate is invited once.
    pub(crate) fn check_invitations(&self) -> Result<(), TestCaseError> {
        let state = self.state.borrow();
        let customers = self.erp.borrow().len();
        for number in 0..customers {
            let code = code(number);
            let wanted = usize::from(number >= self.documents && !self.bad.contains(&code));
            let invited = state.invitations.values().filter(|it| it.customer == code).count();
            prop_assert_eq!(invited, wanted, "invitations of {}", code);
        }
        Ok(())
    }

    /// Every intent has an outcome that says what became of it.
    pub(crate) fn check_journal(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.open_ends(), Vec::new());
        let journal = self.journal.borrow();
        let approved: HashSet<&str> = journal
            .iter()
            .filter(|it| it.entry.kind == EntryKind::Approval)
            .map(|it| it.entry.plan.as_str())
            .collect();
        for it in journal.iter().filter(|it| it.entry.kind == EntryKind::Intent) {
            prop_assert!(approved.contains(it.entry.plan.as_str()), "nobody approved {:?}", it.entry);
        }
        Ok(())
    }
}

impl Erp for World {
    fn describe(&self) -> Result<Description, ErpError> {
        Ok(Description {
            product: "a list".to_owned(),
            adapter: "memory".to_owned(),
            exemption_fields: vec!["exempt".to_owned()],
            customers: None,
        })
    }

    fn list(&self, scan: &Scan) -> Result<Page, ErpError> {
        let from: usize = scan.after.as_ref().and_then(|after| after.parse().ok()).unwrap_or(0);
        let erp = self.erp.borrow();
        let to = (from + scan.page_size as usize).min(erp.len());
        let rows = erp[from..to].iter().cloned().map(Row::Customer).collect();
        Ok(Page { rows, next: (to < erp.len()).then(|| to.to_string()) })
    }

    fn get(&self, ids: &[String], _fields: FieldGroups) -> Result<Vec<Row>, ErpError> {
        let erp = self.erp.borrow();
        let found = erp.iter().filter(|it| ids.contains(&it.id));
        Ok(found.cloned().map(Row::Customer).collect())
    }
}

impl Progress for World {
    fn report(&self, _event: Event) -> Verdict {
        Verdict::Proceed
    }
}
