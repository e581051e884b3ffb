//! What is worked on: made-up customers in a file or in memory, and tenants that have them.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use demo_data::{DEFAULT_SEED, ErpOptions};
use host_harness::{
    config::ReaderMode,
    documents::Combined,
    engine::{EngineOptions, HostEngine},
    erp::{Erp, memory::MemoryErp, query_pack::QueryPack, sql::SqlErp},
    journal::{Journal, MemoryJournal},
    limits::Limits,
    model::{
        erp::{FieldGroups, Row, Scan},
        tenant::{CodeSource, Delivery, Scope, Settings},
    },
    ocr::{DocumentReader, ReaderOptions, TenantReader},
    plugin::Plugin,
    policy::EgressPolicy,
    progress::Silent,
    secrets::Credentials,
    tenant::{Tenant, Turn},
};

use crate::Outcome;

/// Where `cargo xtask component` puts the component.
const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/component/ecms_onboarding.wasm");
/// The day on which everything happens, so that every run counts the same.
const TODAY: &str = "2026-11-22";

/// The component's file.
#[must_use]
pub(crate) fn component() -> PathBuf {
    PathBuf::from(COMPONENT)
}

/// An engine as the program sets it up, with compiled components in a folder of ours.
///
/// # Errors
/// When the machine cannot run the sandbox.
pub(crate) fn engine(cache: &Path) -> Outcome<HostEngine> {
    let cache = Some(cache.to_path_buf());
    Ok(HostEngine::with_options(EngineOptions { cache, ..EngineOptions::default() })?)
}

/// The component, loaded.
///
/// # Errors
/// When it is not built or does not fit.
pub(crate) fn plugin(cache: &Path) -> Outcome<Plugin> {
    Ok(Plugin::load(&engine(cache)?, &component())?)
}

/// Settings as the program's own defaults are.
///
/// # Errors
/// When a number is out of range.
#[must_use]
pub(crate) fn settings(base_url: &str) -> Settings {
    Settings {
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
        today: TODAY.to_owned(),
        seller_names: Vec::new(),
        terms: Vec::new(),
    }
}

/// A tenant with these customers, who may reach a stand-in on this machine.
///
/// # Errors
/// When the address is none.
pub(crate) fn tenant(erp: Arc<dyn Erp>, journal: Arc<dyn Journal>, settings: Settings) -> Outcome<Tenant> {
    // One for all tenants, as a host has it; no document is read in any part of this.
    static READER: OnceLock<Arc<DocumentReader>> = OnceLock::new();
    let options = || ReaderOptions { mode: ReaderMode::Native, ..ReaderOptions::default() };
    let reader = Arc::clone(READER.get_or_init(|| Arc::new(DocumentReader::new(options()))));
    let sim = avatax_sim::SimConfig::default();
    Ok(Tenant {
        name: "bench".to_owned(),
        erp,
        documents: Arc::new(Combined::new(None, None, Arc::clone(&reader))),
        ocr: Arc::new(TenantReader::new(reader, None)),
        journal,
        progress: Arc::new(Silent),
        egress: EgressPolicy::avatax(&settings.base_url, true)?,
        settings,
        credentials: Credentials::basic(&sim.account, sim.license_key.into())?,
        limits: Limits::default(),
        turn: Turn::default(),
    })
}

/// A tenant that is only analysed.
///
/// # Errors
/// None that could be helped.
pub(crate) fn looking(erp: Arc<dyn Erp>) -> Outcome<Tenant> {
    tenant(erp, Arc::new(MemoryJournal::default()), settings("http://127.0.0.1:9"))
}

/// Writes the made-up ERP with so many customers.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_erp(folder: &Path, customers: u32) -> Outcome<PathBuf> {
    let path = folder.join(format!("erp-{customers}.sqlite"));
    if !path.exists() {
        demo_data::write_erp(&path, &ErpOptions { customers, seed: DEFAULT_SEED })?;
    }
    Ok(path)
}

/// Opens the made-up ERP as the program does.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open_erp(path: &Path) -> Outcome<SqlErp> {
    Ok(SqlErp::open(path, QueryPack::embedded()?, TODAY.parse()?)?)
}

/// Everything that an analysis asks for.
#[must_use]
pub(crate) fn scan(after: Option<String>) -> Scan {
    Scan { fields: FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, page_size: 500, after }
}

/// Reads every row and hands each page over.
///
/// # Errors
/// When the ERP cannot be read.
pub(crate) async fn read_all(erp: &dyn Erp, mut each: impl FnMut(Vec<Row>)) -> Outcome<()> {
    let mut after = None;
    loop {
        let page =
            erp.list_customers(scan(after)).await.map_err(|error| format!("the ERP failed: {error:?}"))?;
        each(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// All customers of an ERP, in memory.
///
/// # Errors
/// When the ERP cannot be read.
pub(crate) async fn in_memory(erp: &dyn Erp) -> Outcome<(MemoryErp, Vec<Row>)> {
    let mut rows = Vec::new();
    read_all(erp, |page| rows.extend(page)).await?;
    let description = erp.describe().await.map_err(|error| format!("the ERP failed: {error:?}"))?;
    Ok((MemoryErp::new(description, rows.clone()), rows))
}
