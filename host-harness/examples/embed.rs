//! The smallest embedding of the component: one tenant whose customers are in memory, analysed in a sandbox.
//!
//! ```sh
//! cargo xtask component
//! cargo run --package host-harness --example embed
//! ```
//!
//! A real host implements [`host_harness::erp::Erp`] over its own tables, keeps a `SqliteJournal` (or a journal of its
//! own) for each tenant, and loads the component once for all of them.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use host_harness::documents::Combined;
use host_harness::engine::HostEngine;
use host_harness::erp::memory::MemoryErp;
use host_harness::journal::MemoryJournal;
use host_harness::limits::Limits;
use host_harness::model::erp::{Address, AddressUse, Customer, Evidence, EvidenceKind, Lifecycle, Posture};
use host_harness::model::tenant::{CodeSource, Delivery, Scope, Settings};
use host_harness::ocr::{DocumentReader, ReaderOptions, TenantReader};
use host_harness::plugin::Plugin;
use host_harness::policy::EgressPolicy;
use host_harness::progress::Silent;
use host_harness::secrets::Credentials;
use host_harness::tenant::{Tenant, Turn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base_url = "https://sandbox-rest.avatax.com";
    let engine = HostEngine::new(Limits::default())?;
    let plugin = Plugin::load(&engine, Path::new("target/component/ecms_onboarding.wasm"))?;

    // One reader for all tenants; its component is loaded when the first document comes.
    let reader = Arc::new(DocumentReader::new(ReaderOptions {
        component: Some("target/component/document_reader.wasm".into()),
        ..ReaderOptions::default()
    }));
    let tenant = Tenant {
        name: "example".to_owned(),
        erp: Arc::new(MemoryErp::of(vec![customer("1", false), customer("2", true)])),
        documents: Arc::new(Combined::new(None, None, Arc::clone(&reader))),
        ocr: Arc::new(TenantReader::new(reader, None)),
        journal: Arc::new(MemoryJournal::default()),
        progress: Arc::new(Silent),
        settings: Settings {
            base_url: base_url.to_owned(),
            company_code: "DEFAULT".to_owned(),
            code_source: CodeSource::TaxEngineCode,
            scope: Scope::All,
            delivery: Delivery::Email,
            cover_letter: "STANDARD_REQUEST".to_owned(),
            page_size: 500,
            batch_size: 25,
            window: 16,
            patience: 180,
            settling: 10,
            today: "2026-11-22".to_owned(),
            seller_names: Vec::new(),
            terms: Vec::new(),
        },
        egress: EgressPolicy::avatax(base_url, false)?,
        // Never seen by the component: the host adds it to requests that its policy allowed.
        credentials: Credentials::basic("2000000000", "a license key".into())?,
        limits: Limits::default(),
        turn: Turn::default(),
    };

    let found = plugin.analyze(&tenant).await?;
    println!("{} customers, {} of them tax-exempt", found.total, found.exempt);
    Ok(())
}

fn customer(id: &str, exempt: bool) -> Customer {
    let evidence = Evidence {
        kind: EvidenceKind::ResaleNumber,
        field: "resale_number".to_owned(),
        value: "R-123456".to_owned(),
    };
    Customer {
        id: id.to_owned(),
        code: format!("C-{id}"),
        tax_engine_code: None,
        name: format!("Example customer {id}"),
        lifecycle: Lifecycle::Active,
        email: Some(format!("ap{id}@example.com")),
        phone: None,
        fax: None,
        contact_name: None,
        addresses: vec![Address {
            usage: AddressUse::BILL_TO,
            line1: Some("1 Main Street".to_owned()),
            line2: None,
            city: Some("Seattle".to_owned()),
            region: Some("WA".to_owned()),
            postal_code: Some("98101".to_owned()),
            country: Some("US".to_owned()),
        }],
        taxpayer_id: None,
        posture: if exempt { Posture::Exempt } else { Posture::Taxable },
        evidence: if exempt { vec![evidence] } else { Vec::new() },
        exemptions: Vec::new(),
        entity_use_code: None,
        parent: None,
    }
}
