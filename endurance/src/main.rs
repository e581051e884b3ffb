//! The command line of the endurance tests; `cargo xtask crash-sweep` and `cargo xtask chaos` start it.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use endurance::{
    chaos,
    error::EnduranceError,
    sweep::{self, Point},
};
use indicatif::{ProgressBar, ProgressStyle};

mod print;

/// Kills and disturbs onboardings, and checks what is left behind.
#[derive(Debug, Parser)]
#[command(name = "endurance", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Kills the program at every append to the journal and at every request
    Sweep(SweepArgs),
    /// Lets AvaTax misbehave at random
    Chaos(ChaosArgs),
}

#[derive(Debug, Args)]
struct ChaosArgs {
    /// Number of runs
    #[arg(long, value_name = "N", default_value_t = 1000)]
    runs: u64,
    /// Seed of the first run; the others follow
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only the run of this seed; may be repeated
    #[arg(long, value_name = "SEED")]
    only: Vec<u64>,
    /// Share of requests that go wrong, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    rate: f64,
    /// Runs side by side; they wait most of the time [default: twelve for each core]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Begin no further run after this time
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Keep journal, configuration and effects of what has violations in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct SweepArgs {
    /// Onboardings side by side [default: one for each core]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Only this point, as in append:17:after or request:40:arrived; may be repeated
    #[arg(long, value_name = "POINT")]
    only: Vec<Point>,
    /// Kill the run that recovers as well, at a random point
    #[arg(long)]
    twice: bool,
    /// Begin no further point after this time; the points are then a random choice
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Decides the choice of points and the second kill
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep journal, configuration and effects of what has violations in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&EnduranceError::SetUp(format!("the threads could not be started: {error}")));
        }
    };
    let done = runtime.block_on(async {
        match arguments.task {
            Task::Sweep(args) => sweep(args).await,
            Task::Chaos(args) => chaos(args).await,
        }
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

fn fail(error: &EnduranceError) -> ExitCode {
    print::complain(&format!("error: {error}"));
    ExitCode::from(2)
}

async fn sweep(args: SweepArgs) -> Result<bool, EnduranceError> {
    let own = std::env::current_exe().map_err(|error| {
        EnduranceError::SetUp(format!("this program does not know where it lies: {error}"))
    })?;
    let options = sweep::Options {
        program: own.with_file_name(format!("onboard-to-kill{}", std::env::consts::EXE_SUFFIX)),
        jobs: args.jobs.unwrap_or_else(cores),
        only: args.only,
        twice: args.twice,
        limit: args.seconds.map(Duration::from_secs),
        seed: args.seed,
        keep: args.keep,
    };
    let bar = bar(args.json);
    let outcome = sweep::sweep(&options, &bar).await?;
    bar.finish_and_clear();
    print::sweep(&outcome, options.twice, args.json);
    Ok(outcome.is_good())
}

async fn chaos(args: ChaosArgs) -> Result<bool, EnduranceError> {
    let seeds = if args.only.is_empty() {
        (args.seed..args.seed.saturating_add(args.runs)).collect()
    } else {
        args.only
    };
    let options = chaos::Options {
        seeds,
        rate: args.rate.clamp(0.0, 1.0),
        jobs: args.jobs.unwrap_or_else(|| 12 * cores()),
        limit: args.seconds.map(Duration::from_secs),
        keep: args.keep,
    };
    let bar = bar(args.json);
    let outcome = chaos::chaos(&options, &bar).await?;
    bar.finish_and_clear();
    print::chaos(&outcome, args.json);
    Ok(outcome.is_good())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

fn bar(quiet: bool) -> ProgressBar {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed_precise} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
