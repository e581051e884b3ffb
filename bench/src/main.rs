//! What the sandbox and the onboarding cost, as one table: `cargo xtask bench`.
//!
//! Every figure stands beside the bound that it has to keep and beside what it was made from. What can be is a ratio of
//! two things measured in turns in the same run, so that a busy machine is in both; time on the clock is asked only
//! where waiting is what is measured. The component is the one that `cargo xtask component` built, the host is the
//! library as an ERP vendor embeds it, AvaTax is the stand-in in a process of its own.
//!
//! | figures | module |
//! |---|---|
//! | size, second start, one small call | `start` |
//! | a million customers from memory and from SQLite | `analysis` |
//! | AvaTax that takes its time | `network` |
//! | idle tenants, the host's peak | `memory` |
//! | the same code without a sandbox | `native` |
//! | customers and tenants | `world` |
//! | the stand-in, other processes, clocks, the table | `avatax`, `child`, `spent`, `figure` |

mod analysis;
mod avatax;
mod child;
mod figure;
mod memory;
mod native;
mod network;
mod spent;
mod start;
mod world;

use std::{
    error::Error,
    io::{Write, stderr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, ValueEnum};

use crate::figure::{Figure, Report};

/// Whatever goes wrong ends the run with a sentence.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Where the table goes unless told otherwise.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench");

/// Measures what the sandbox and the onboarding cost.
#[derive(Debug, Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench", version)]
struct Arguments {
    /// Small sizes, in seconds, to see that everything works; no bound is judged
    #[arg(long)]
    quick: bool,
    /// Really create a million customers in the stand-in for the peak of memory, instead of inferring it; takes minutes
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// Only these figures, may be repeated
    #[arg(long, value_enum)]
    only: Vec<Group>,
    /// Folder for figures.txt and figures.json [default: target/bench]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Keeps the made-up customers here and takes them from here [default: a temporary folder]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// Figures that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Size, second start, one small call.
    Start,
    /// A million customers.
    Analysis,
    /// AvaTax that takes its time.
    Network,
    /// Idle tenants, and the host's peak.
    Memory,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Small calls, after as many tenths to warm up.
    calls: usize,
    /// Second starts.
    starts: usize,
    /// Idle tenants.
    tenants: usize,
    /// Customers of the analysis.
    analysed: u32,
    /// Runs of which the fastest counts.
    runs: usize,
    /// ERP rows of the synchronisation, of which some cannot be created.
    synced: u32,
    /// ERP rows of which a quarter is invited.
    invited: u32,
    /// ERP rows whose synchronisation is watched for its memory.
    written: u32,
    /// How long AvaTax takes for an answer.
    latency: Duration,
}

impl Sizes {
    const FULL: Self = Self { written: 1_000_000, ..Self::USUAL };
    const USUAL: Self = Self {
        calls: 4_000,
        starts: 15,
        tenants: 1_000,
        analysed: 1_000_000,
        runs: 3,
        synced: 11_640,
        invited: 4_200,
        written: 100_000,
        latency: Duration::from_millis(50),
    };
    const QUICK: Self = Self {
        calls: 20,
        starts: 1,
        tenants: 5,
        analysed: 300,
        runs: 1,
        synced: 100,
        invited: 100,
        written: 200,
        latency: Duration::from_millis(2),
    };
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// True unless a bound was judged and does not hold.
fn run() -> Outcome<bool> {
    let told: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [_, flag, part, question] = told.as_slice()
        && flag == child::PART
    {
        runtime.block_on(part_of(part, question))?;
        return Ok(true);
    }
    let arguments = Arguments::parse();
    if !world::component().is_file() {
        return Err("the component is not built; `cargo xtask component` builds it".into());
    }
    let sizes = match (arguments.quick, arguments.full) {
        (true, _) => Sizes::QUICK,
        (false, true) => Sizes::FULL,
        (false, false) => Sizes::USUAL,
    };
    let temporary = tempfile::tempdir()?;
    let data = arguments.data.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(data)?;
    let figures = runtime.block_on(figures(&arguments.only, sizes, temporary.path(), data))?;
    let judged = !arguments.quick && !cfg!(debug_assertions);
    let report = Report::new(judged, figures);
    report.publish(arguments.out.as_deref().unwrap_or(Path::new(FOLDER)))?;
    Ok(report.holds())
}

/// Measures group after group; nothing runs beside anything.
async fn figures(only: &[Group], sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let wanted = |group: Group| only.is_empty() || only.contains(&group);
    let mut figures = Vec::new();
    if wanted(Group::Start) {
        say("starting, and small calls");
        figures.extend(start::figures(sizes, scratch, data).await?);
    }
    if wanted(Group::Network) {
        say("AvaTax that takes its time");
        figures.extend(network::figures(sizes, scratch, data).await?);
    }
    if wanted(Group::Memory) {
        say("memory");
        figures.extend(memory::figures(sizes, scratch, data)?);
    }
    if wanted(Group::Analysis) {
        say("many customers");
        figures.extend(analysis::figures(sizes, scratch, data).await?);
    }
    Ok(figures)
}

/// Inside a child.
async fn part_of(part: &str, question: &str) -> Outcome<()> {
    match part {
        avatax::PART => avatax::part(question).await,
        start::PART => start::part(question),
        memory::IDLE => memory::idle(question).await,
        memory::ANALYSE => memory::analyse(question).await,
        memory::SYNC => memory::sync(question).await,
        other => Err(format!("there is no part `{other}`").into()),
    }
}

/// For the person in front of the screen.
fn say(line: &str) {
    let _unheard = writeln!(stderr(), "{line}");
}
