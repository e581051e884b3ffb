//! What the host has in memory: for tenants that wait, and at its peak with a million customers.
//!
//! Memory is told apart by process, so each figure is one child, and what it says is what the kernel says of it. Idle
//! tenants are held as an embedding host holds them: one engine and one component for all, and for each what
//! [`Tenant`] names. Each was analysed once before it idles.
//!
//! Creating a million customers takes minutes. Unless all are asked for, the peak is measured with half of a smaller
//! number and with all of it, and the line through both is drawn on to a million.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use host_harness::{erp::memory::MemoryErp, journal::SqliteJournal, tenant::Tenant};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Sizes,
    avatax::AvaTax,
    child,
    figure::{Bound, Figure},
    network::{self, Step},
    spent::{peak_kib, resident_kib},
    world,
};

/// Part that holds idle tenants.
pub(crate) const IDLE: &str = "idle";
/// Part that analyses once.
pub(crate) const ANALYSE: &str = "analyse";
/// Part that creates customers once.
pub(crate) const SYNC: &str = "sync";

/// Customers of the largest run that is meant to work.
const MILLION: f64 = 1_000_000.0;
const KIB_PER_MIB: f64 = 1024.0;
/// Customers of an idle tenant.
const FEW: u32 = 20;

/// What a part is to do.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    /// Compiled components.
    cache: PathBuf,
    /// The ERP's file.
    erp: PathBuf,
    /// For journals.
    folder: PathBuf,
    /// How many tenants idle.
    tenants: usize,
    /// Whether they have the ERP and the journal as files.
    files: bool,
    /// AvaTax, where it is needed.
    base_url: String,
}

/// Resident memory of idle tenants, in KiB.
#[derive(Debug, Serialize, Deserialize)]
struct Idle {
    first: u64,
    all: u64,
}

/// The peak of a run, in KiB, and what it did.
#[derive(Debug, Serialize, Deserialize)]
struct Peak {
    peak: u64,
    before: u64,
    component: u64,
    customers: u64,
    seconds: f64,
}

/// All of them.
///
/// # Errors
/// When something cannot be run at all.
pub(crate) fn figures(sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    // A child that has to compile would leave freed memory behind, and tenants would fit into that.
    world::plugin(&scratch.join("cache"))?;
    Ok(vec![
        idling(sizes, scratch, data, false)?,
        idling(sizes, scratch, data, true)?,
        analysing(sizes, scratch, data)?,
        creating(sizes, scratch, data)?,
    ])
}

fn idling(sizes: Sizes, scratch: &Path, data: &Path, files: bool) -> Outcome<Figure> {
    let question = Question {
        cache: scratch.join("cache"),
        erp: world::write_erp(data, FEW)?,
        folder: scratch.join("idle"),
        tenants: sizes.tenants,
        files,
        base_url: String::new(),
    };
    std::fs::create_dir_all(&question.folder)?;
    let Idle { first, all } = child::ask(IDLE, &question)?;
    let others = sizes.tenants.saturating_sub(1).max(1);
    let each = all.saturating_sub(first) as f64 / others as f64;
    let kind =
        if files { "with an ERP and a journal as files" } else { "with the host's own ERP and journal" };
    Ok(Figure::new(
        &format!("idle tenant, {kind}"),
        "KiB",
        Bound::Most(64.0),
        each,
        format!("{} tenants, each analysed once; {first} KiB with one, {all} KiB with all", sizes.tenants),
    ))
}

/// The part itself: holds tenants that were each analysed once.
///
/// # Errors
/// When one cannot be set up.
pub(crate) async fn idle(question: &str) -> Outcome<()> {
    let question: Question = serde_json::from_str(question)?;
    // Open files of a thousand tenants are more than a process gets unless it asks.
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files)?;
    let plugin = world::plugin(&question.cache)?;
    let mut tenants: Vec<Tenant> = Vec::with_capacity(question.tenants);
    let mut first = 0;
    for at in 0..question.tenants {
        let tenant = if question.files {
            let journal = SqliteJournal::open(&question.folder.join(format!("{at}.sqlite")))?;
            let settings = world::settings("http://127.0.0.1:9");
            world::tenant(Arc::new(world::open_erp(&question.erp)?), Arc::new(journal), settings)?
        } else {
            world::looking(Arc::new(MemoryErp::of(Vec::new())))?
        };
        plugin.analyze(&tenant).await?;
        tenants.push(tenant);
        if at == 0 {
            first = resident_kib();
        }
    }
    let all = resident_kib();
    drop(tenants);
    child::say(&Idle { first, all })
}

fn analysing(sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Figure> {
    let question = Question {
        cache: scratch.join("cache"),
        erp: world::write_erp(data, sizes.analysed)?,
        folder: scratch.join("peak"),
        tenants: 1,
        files: true,
        base_url: String::new(),
    };
    let peak: Peak = child::ask(ANALYSE, &question)?;
    Ok(Figure::new(
        "host's peak memory, analysis from SQLite",
        "MiB",
        Bound::Most(200.0),
        peak.peak as f64 / KIB_PER_MIB,
        words(&peak),
    ))
}

/// The part itself: one analysis.
///
/// # Errors
/// When it fails.
pub(crate) async fn analyse(question: &str) -> Outcome<()> {
    let question: Question = serde_json::from_str(question)?;
    let plugin = world::plugin(&question.cache)?;
    let tenant = world::looking(Arc::new(world::open_erp(&question.erp)?))?;
    let before = peak_kib();
    let call = plugin.analyze_metered(&tenant).await;
    child::say(&Peak {
        peak: peak_kib(),
        before,
        component: call.metrics.peak_memory_bytes / 1024,
        customers: call.value?.total,
        seconds: call.metrics.wall.as_secs_f64(),
    })
}

fn creating(sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Figure> {
    let all = create(sizes.written, scratch, data)?;
    let name = "host's peak memory, sync of 1,000,000";
    let measured = all.peak as f64 / KIB_PER_MIB;
    if f64::from(sizes.written) >= MILLION {
        return Ok(Figure::new(name, "MiB", Bound::Most(200.0), measured, words(&all)));
    }
    let half = create(sizes.written / 2, scratch, data)?;
    let rows = f64::from(sizes.written);
    let slope = (all.peak as f64 - half.peak as f64) / (rows / 2.0);
    let inferred = measured + slope * (MILLION - rows) / KIB_PER_MIB;
    let from = format!(
        "inferred from {} rows: {}; {} rows: {}; {:.0} bytes a row",
        sizes.written,
        words(&all),
        sizes.written / 2,
        words(&half),
        slope * 1024.0
    );
    Ok(Figure::new(name, "MiB", Bound::Most(200.0), inferred, from))
}

fn create(rows: u32, scratch: &Path, data: &Path) -> Outcome<Peak> {
    let avatax = AvaTax::start(Duration::ZERO)?;
    let question = Question {
        cache: scratch.join("cache"),
        erp: world::write_erp(data, rows)?,
        folder: scratch.join(format!("peak-{rows}")),
        tenants: 1,
        files: true,
        base_url: avatax.base_url.clone(),
    };
    let peak = child::ask(SYNC, &question)?;
    avatax.end()?;
    std::fs::remove_dir_all(&question.folder)?;
    Ok(peak)
}

/// The part itself: a preview, and doing it.
///
/// # Errors
/// When it fails.
pub(crate) async fn sync(question: &str) -> Outcome<()> {
    let question: Question = serde_json::from_str(question)?;
    let plugin = world::plugin(&question.cache)?;
    let tenant = network::writing(&question.base_url, &question.erp, &question.folder, |_| {})?;
    let before = peak_kib();
    let run = network::onboard(&plugin, &tenant, Step::Sync).await?;
    child::say(&Peak {
        peak: peak_kib(),
        before,
        component: run.component_kib(),
        customers: run.done,
        seconds: run.seconds(),
    })
}

fn words(peak: &Peak) -> String {
    let mib = |kib: u64| kib as f64 / KIB_PER_MIB;
    format!(
        "{} customers in {:.1} s; {:.0} MiB at the peak, {:.0} MiB before, {:.0} MiB in the component",
        peak.customers,
        peak.seconds,
        mib(peak.peak),
        mib(peak.before),
        mib(peak.component)
    )
}
