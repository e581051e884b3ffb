//! Onboardings in the middle of an AvaTax that misbehaves at random.
//!
//! Each run draws its company, its AvaTax and its faults from one seed. The real component runs in the real sandbox,
//! talks real HTTP and writes a real journal; only the process around it is shared, so that many runs can wait side by
//! side. A run that ends in part is run again. After some rounds the faults are switched off and the run has to come to
//! its end; then the [`checker`](crate::checker) looks.

mod draw;
mod run;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use host_harness::{
    engine::{EngineOptions, HostEngine},
    ocr::{DocumentReader, ReaderOptions},
    plugin::Plugin,
};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet};

pub use self::draw::Draw;
use crate::{cache_folder, checker::Violation, component_file, error::EnduranceError};

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seeds, one run for each.
    pub seeds: Vec<u64>,
    /// Share of requests that are struck, 0 to 1.
    pub rate: f64,
    /// Runs side by side.
    pub jobs: usize,
    /// Begins no further run after this time.
    pub limit: Option<Duration>,
    /// Where the evidence of runs with violations is kept, if it is.
    pub keep: Option<PathBuf>,
}

/// What became of one run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Disturbed {
    /// Its seed.
    pub seed: u64,
    /// Commands that were run, previews and all that belongs to them counted as one.
    pub rounds: u32,
    /// Requests that AvaTax had.
    pub requests: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// How long it took.
    pub seconds: f64,
    /// What is wrong.
    pub violations: Vec<Violation>,
}

/// What became of all of them.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Share of requests that were to be struck.
    pub rate: f64,
    /// Each run.
    pub runs: Vec<Disturbed>,
    /// How long all of it took.
    pub seconds: f64,
}

impl Outcome {
    /// Whether nothing is wrong, and something was run.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.runs.is_empty() && self.runs.iter().all(|run| run.violations.is_empty())
    }

    /// Faults of all runs, by kind.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<&str, u64> {
        let mut all = BTreeMap::new();
        for (kind, count) in self.runs.iter().flat_map(|run| &run.faults) {
            *all.entry(kind.as_str()).or_default() += count;
        }
        all
    }
}

/// What all runs share.
pub(crate) struct Host {
    plugin: Plugin,
    reader: Arc<DocumentReader>,
}

impl Host {
    fn new(calls: usize) -> Result<Self, EnduranceError> {
        let failed = |error: &dyn std::error::Error| EnduranceError::SetUp(error.to_string());
        let options = EngineOptions {
            cache: Some(cache_folder().join("onboard")),
            calls: u32::try_from(calls + 2).unwrap_or(u32::MAX),
            ..EngineOptions::default()
        };
        let engine = HostEngine::with_options(options).map_err(|error| failed(&error))?;
        let plugin = Plugin::load(&engine, &component_file()).map_err(|error| failed(&error))?;
        let reader =
            ReaderOptions { mode: host_harness::config::ReaderMode::Native, ..ReaderOptions::default() };
        Ok(Self { plugin, reader: Arc::new(DocumentReader::new(reader)) })
    }
}

/// Runs all of them.
pub async fn chaos(options: &Options, bar: &ProgressBar) -> Result<Outcome, EnduranceError> {
    let started = Instant::now();
    let host = Arc::new(Host::new(options.jobs)?);
    bar.set_length(options.seeds.len() as u64);
    let slots = Arc::new(Semaphore::new(options.jobs.max(1)));
    let mut running = JoinSet::new();
    let mut runs = Vec::new();
    for seed in options.seeds.iter().copied() {
        let slot = Arc::clone(&slots).acquire_owned().await;
        if options.limit.is_some_and(|limit| started.elapsed() >= limit) {
            break;
        }
        let (host, draw, keep) = (Arc::clone(&host), Draw::of(seed, options.rate), options.keep.clone());
        running.spawn(async move {
            let _slot = slot;
            run::disturb(&host, &draw, keep.as_deref()).await
        });
        while let Some(done) = running.try_join_next() {
            runs.push(joined(done)?);
            bar.inc(1);
        }
    }
    while let Some(done) = running.join_next().await {
        runs.push(joined(done)?);
        bar.inc(1);
    }
    runs.sort_by_key(|run| run.seed);
    Ok(Outcome { rate: options.rate, runs, seconds: started.elapsed().as_secs_f64() })
}

fn joined(
    done: Result<Result<Disturbed, EnduranceError>, tokio::task::JoinError>,
) -> Result<Disturbed, EnduranceError> {
    done.unwrap_or_else(|error| Err(EnduranceError::SetUp(format!("a run broke down: {error}"))))
}
