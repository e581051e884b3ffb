//! The component's code, compiled for this machine and called as plain functions.
//!
//! Its types are made from the same contract as the host's but are other types, so rows are turned into them before
//! anything is measured.

use std::time::Duration;

use ecms_onboarding::{
    analyze,
    model::{
        documents::{DocumentError, DocumentPage, Rendition},
        erp as own,
        journal::{Entry, JournalError, Query, StoredEntry},
        ocr::{OcrError, Reading},
        onboarding::Analysis,
        progress::{Event, Verdict},
        tenant as own_tenant,
    },
    ports::{Documents, Erp, Exchange, Journal, Network, Ocr, Ports, Progress},
};
use host_harness::model::{erp as host, tenant::Settings};

use crate::Outcome;

/// Customers in memory, as the component's code sees them.
pub(crate) struct Customers {
    rows: Vec<own::Row>,
}

impl Customers {
    /// Takes rows that are ordered by id.
    #[must_use]
    pub(crate) fn of(rows: Vec<host::Row>) -> Self {
        Self { rows: rows.into_iter().map(row).collect() }
    }

    /// Analyses them.
    ///
    /// # Errors
    /// When the analysis refuses.
    pub(crate) fn analyze(&self, settings: &Settings) -> Outcome<Analysis> {
        let ports = Ports {
            erp: self,
            documents: &Nothing,
            ocr: &Nothing,
            journal: &Nothing,
            progress: &Nothing,
            network: &Nothing,
            settings: own_settings(settings),
        };
        analyze::analyze(&ports).map_err(|error| format!("the native analysis failed: {error:?}").into())
    }
}

impl Erp for Customers {
    fn describe(&self) -> Result<own::Description, own::ErpError> {
        Ok(own::Description {
            product: "Customers in memory".to_owned(),
            adapter: "memory".to_owned(),
            exemption_fields: Vec::new(),
            customers: Some(self.rows.len() as u64),
        })
    }

    /// A page is a copy, as it is in the host.
    fn list(&self, scan: &own::Scan) -> Result<own::Page, own::ErpError> {
        let start: usize = match &scan.after {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| own::ErpError::CursorExpired)?,
        };
        let rows: Vec<_> = self.rows.iter().skip(start).take(scan.page_size as usize).cloned().collect();
        let end = start + rows.len();
        Ok(own::Page { rows, next: (end < self.rows.len()).then(|| end.to_string()) })
    }

    fn get(&self, _ids: &[String], _fields: own::FieldGroups) -> Result<Vec<own::Row>, own::ErpError> {
        Err(own::ErpError::Unavailable("nobody looks customers up here".to_owned()))
    }
}

fn row(row: host::Row) -> own::Row {
    match row {
        host::Row::Bad(bad) => own::Row::Bad(own::BadRow { id: bad.id, reason: bad.reason }),
        host::Row::Customer(it) => own::Row::Customer(own::Customer {
            id: it.id,
            code: it.code,
            tax_engine_code: it.tax_engine_code,
            name: it.name,
            lifecycle: match it.lifecycle {
                host::Lifecycle::Active => own::Lifecycle::Active,
                host::Lifecycle::Inactive => own::Lifecycle::Inactive,
                host::Lifecycle::Blocked => own::Lifecycle::Blocked,
                host::Lifecycle::Prospect => own::Lifecycle::Prospect,
            },
            email: it.email,
            phone: it.phone,
            fax: it.fax,
            contact_name: it.contact_name,
            addresses: it.addresses.into_iter().map(address).collect(),
            taxpayer_id: it.taxpayer_id,
            posture: match it.posture {
                host::Posture::Taxable => own::Posture::Taxable,
                host::Posture::Exempt => own::Posture::Exempt,
                host::Posture::Unknown => own::Posture::Unknown,
            },
            evidence: it.evidence.into_iter().map(evidence).collect(),
            exemptions: it.exemptions.into_iter().map(exemption).collect(),
            entity_use_code: it.entity_use_code,
            parent: it.parent,
        }),
    }
}

fn address(it: host::Address) -> own::Address {
    let uses = [
        (host::AddressUse::BILL_TO, own::AddressUse::BILL_TO),
        (host::AddressUse::SHIP_TO, own::AddressUse::SHIP_TO),
        (host::AddressUse::MAIN, own::AddressUse::MAIN),
    ];
    let mut usage = own::AddressUse::empty();
    for (_, own) in uses.into_iter().filter(|(host, _)| it.usage.contains(*host)) {
        usage |= own;
    }
    own::Address {
        usage,
        line1: it.line1,
        line2: it.line2,
        city: it.city,
        region: it.region,
        postal_code: it.postal_code,
        country: it.country,
    }
}

fn evidence(it: host::Evidence) -> own::Evidence {
    use host::EvidenceKind as Kind;
    own::Evidence {
        kind: match it.kind {
            Kind::ExemptionRecord => own::EvidenceKind::ExemptionRecord,
            Kind::CertificateFile => own::EvidenceKind::CertificateFile,
            Kind::ExemptionNumber => own::EvidenceKind::ExemptionNumber,
            Kind::ResaleNumber => own::EvidenceKind::ResaleNumber,
            Kind::ExemptionReason => own::EvidenceKind::ExemptionReason,
            Kind::EntityUseCode => own::EvidenceKind::EntityUseCode,
            Kind::ExemptTaxCode => own::EvidenceKind::ExemptTaxCode,
            Kind::NonTaxableFlag => own::EvidenceKind::NonTaxableFlag,
            Kind::NoTaxRows => own::EvidenceKind::NoTaxRows,
        },
        field: it.field,
        value: it.value,
    }
}

fn exemption(it: host::Exemption) -> own::Exemption {
    own::Exemption {
        exempt: it.exempt,
        country: it.country,
        region: it.region,
        reason: it.reason,
        entity_use_code: it.entity_use_code,
        number: it.number,
        effective: it.effective,
        expires: it.expires,
    }
}

/// Settings with the defaults of [`crate::world::settings`] where types differ.
fn own_settings(it: &Settings) -> own_tenant::Settings {
    own_tenant::Settings {
        base_url: it.base_url.clone(),
        company_code: it.company_code.clone(),
        code_source: own_tenant::CodeSource::TaxEngineCode,
        scope: own_tenant::Scope::All,
        delivery: own_tenant::Delivery::Email,
        cover_letter: it.cover_letter.clone(),
        page_size: it.page_size,
        batch_size: it.batch_size,
        window: it.window,
        patience: it.patience,
        settling: it.settling,
        today: it.today.clone(),
        seller_names: Vec::new(),
        terms: Vec::new(),
    }
}

/// What an analysis does not use.
struct Nothing;

const UNUSED: &str = "an analysis does not use this";

impl Documents for Nothing {
    fn list(&self, _after: Option<&str>, _limit: u32) -> Result<DocumentPage, DocumentError> {
        Err(DocumentError::Unavailable(UNUSED.to_owned()))
    }

    fn read(&self, _: &str, _: Rendition, _: u64, _: u32) -> Result<Vec<u8>, DocumentError> {
        Err(DocumentError::Unavailable(UNUSED.to_owned()))
    }
}

impl Ocr for Nothing {
    fn read(&self, _document: &str) -> Result<Reading, OcrError> {
        Err(OcrError::NotFound)
    }
}

impl Journal for Nothing {
    fn append(&self, _entries: &[Entry]) -> Result<u64, JournalError> {
        Err(JournalError::Unavailable(UNUSED.to_owned()))
    }

    fn read(&self, _query: &Query) -> Result<Vec<StoredEntry>, JournalError> {
        Err(JournalError::Unavailable(UNUSED.to_owned()))
    }
}

impl Progress for Nothing {
    fn report(&self, _event: Event) -> Verdict {
        Verdict::Proceed
    }
}

impl Network for Nothing {
    fn exchange(&self, _exchange: &mut dyn Exchange) {}

    fn sleep(&self, _time: Duration) {}

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}
