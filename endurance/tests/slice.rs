//! A part of sweep and chaos that fits into a test run. Which part changes from day to day, so that in time all of it is
//! met; the seed is printed, and `ENDURANCE_SEED` sets it. `ENDURANCE_SECONDS` sets the time for each test.

use std::{env, time::Duration};

use endurance::{chaos, component_file, error::EnduranceError, sweep};
use indicatif::ProgressBar;

const SECONDS: u64 = 60;
const CHAOS_RUNS: u64 = 30;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// The day, unless a person wants another.
fn seed() -> u64 {
    let day = || u64::try_from(jiff::Timestamp::now().as_second() / 86_400).unwrap_or(0);
    let seed = number("ENDURANCE_SEED").unwrap_or_else(day);
    println!("ENDURANCE_SEED={seed}");
    seed
}

fn limit() -> Option<Duration> {
    Some(Duration::from_secs(number("ENDURANCE_SECONDS").unwrap_or(SECONDS)))
}

fn need_component() {
    let file = component_file();
    assert!(
        file.is_file(),
        "there is no component at {}; build it with `cargo xtask component`",
        file.display()
    );
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

async fn swept(twice: bool) -> Result<(), EnduranceError> {
    need_component();
    let options = sweep::Options {
        program: env!("CARGO_BIN_EXE_onboard-to-kill").into(),
        jobs: cores(),
        only: Vec::new(),
        twice,
        limit: limit(),
        seed: seed(),
        keep: None,
    };
    let outcome = sweep::sweep(&options, &ProgressBar::hidden()).await?;
    println!("{} of {} points", outcome.swept.len(), outcome.points);
    let wrong: Vec<_> = outcome.swept.iter().filter(|it| !it.violations.is_empty()).take(3).collect();
    assert!(outcome.is_good(), "cargo xtask crash-sweep --only POINT runs one alone: {wrong:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_anywhere_goes_on_and_ends_as_if_nothing_had_been() {
    swept(false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_again_while_it_recovers_ends_the_same() {
    swept(true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avatax_that_misbehaves_at_random_makes_nothing_lost_doubled_or_told_wrongly() {
    need_component();
    let first = seed() * 1_000;
    let options = chaos::Options {
        seeds: (first..first + CHAOS_RUNS).collect(),
        rate: 0.2,
        jobs: 12 * cores(),
        limit: None,
        keep: None,
    };
    let outcome = chaos::chaos(&options, &ProgressBar::hidden()).await.unwrap();
    println!("{} runs, faults {:?}", outcome.runs.len(), outcome.faults());
    let struck: u64 = outcome.faults().values().sum();
    assert!(struck >= CHAOS_RUNS, "only {struck} faults struck");
    let wrong: Vec<_> = outcome.runs.iter().filter(|run| !run.violations.is_empty()).take(3).collect();
    assert!(outcome.is_good(), "cargo xtask chaos --only SEED runs one alone: {wrong:#?}");
}
