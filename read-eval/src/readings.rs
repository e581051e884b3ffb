//! Reading the files of a folder, several at a time.
//!
//! Each worker takes the next file, reads it, lets it be understood and counts its words; the reading itself is dropped
//! at once, so that memory is that of the documents being read and not of the folder. Times are those of the wall clock
//! around the reader alone, without looking for customers or printing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use document_reader::recognise::Networks;
use document_reader::{Limits, Recogniser};
use ecms_onboarding::certificates::understand::judge::Context;
use ecms_onboarding::certificates::understand::record::Certificate;
use ecms_onboarding::certificates::understand::{self};
use ecms_onboarding::plan::sha256_hex;

use crate::TODAY;
use crate::error::EvalError;
use crate::stored::{self, Timed};
use crate::truth::Truth;
use crate::words::{self, Words};

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder of the documents.
    pub folder: PathBuf,
    /// Folder of the weights.
    pub models: PathBuf,
    /// Documents read at a time.
    pub threads: usize,
    /// Threads that the networks compute with.
    pub network_threads: usize,
    /// Where readings are kept.
    pub readings: Option<PathBuf>,
    /// Names under which the seller sells.
    pub seller_names: Vec<String>,
}

/// A file and the certificates it holds.
#[derive(Debug)]
pub struct Job<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// What it holds, in order of the pages.
    pub truths: Vec<&'a Truth>,
}

/// A file that was read, or could not be.
#[derive(Debug, Default)]
pub struct Done {
    /// Certificates found in it.
    pub certificates: Vec<Certificate>,
    /// Words, for each of the certificates it holds.
    pub words: Vec<Words>,
    /// How many pages it has.
    pub pages: usize,
    /// Seconds that reading took.
    pub seconds: f64,
    /// Whether it was read now, and not an earlier time.
    pub fresh: bool,
    /// SHA-256 sum of the file.
    pub sha256: String,
    /// Why it could not be read.
    pub error: Option<String>,
}

/// Files by the certificates they hold, in the order of the answers.
#[must_use]
pub fn jobs<'a>(truths: &'a [Truth], only: &str) -> Vec<Job<'a>> {
    let mut jobs: Vec<Job<'a>> = Vec::new();
    for truth in truths.iter().filter(|truth| truth.id.contains(only) || truth.file.contains(only)) {
        match jobs.iter_mut().find(|job| job.file == truth.file) {
            Some(job) => job.truths.push(truth),
            None => jobs.push(Job { file: &truth.file, truths: vec![truth] }),
        }
    }
    for job in &mut jobs {
        job.truths.sort_by_key(|truth| truth.first_page);
    }
    jobs
}

/// Reads all files; `tick` is called after each. The answer is in the order of the jobs.
pub fn read(jobs: &[Job<'_>], options: &Options, tick: &dyn Fn()) -> Result<Vec<Done>, EvalError> {
    let networks = Networks::load(&options.models, options.network_threads.max(1))?;
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let mut results: Vec<Option<Done>> = jobs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            let (send, next, networks) = (send.clone(), &next, &networks);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    // Nobody listens any more once another file has failed.
                    if send.send((at, read_one(job, options, networks))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (at, done) in receive {
            let done = done?;
            if let Some(place) = results.get_mut(at) {
                *place = Some(done);
            }
            tick();
        }
        Ok::<(), EvalError>(())
    })?;
    let lost = |job: &Job<'_>| EvalError::Lost { file: job.file.to_owned() };
    jobs.iter().zip(results).map(|(job, done)| done.ok_or_else(|| lost(job))).collect()
}

fn read_one(job: &Job<'_>, options: &Options, recogniser: &dyn Recogniser) -> Result<Done, EvalError> {
    let path = options.folder.join(job.file);
    let bytes = fs::read(&path).map_err(|source| EvalError::Read { path, source })?;
    let sha256 = sha256_hex(&bytes);
    let kept = options.readings.as_deref().and_then(|folder| stored::load(folder, &sha256));
    let fresh = kept.is_none();
    let timed = match kept {
        Some(timed) => timed,
        None => match read_now(&bytes, recogniser) {
            Ok(timed) => {
                if let Some(folder) = &options.readings {
                    stored::keep(folder, &sha256, &timed)?;
                }
                timed
            }
            Err(why) => {
                let words = job.truths.iter().map(|truth| words::compare(truth, &nothing(), 0, 0)).collect();
                return Ok(Done { words, fresh, sha256, error: Some(why), ..Done::default() });
            }
        },
    };
    let Timed { reading, seconds } = timed;
    let context = Context { today: TODAY, seller_names: &options.seller_names, terms: &[] };
    let starts = job.truths.iter().map(|truth| truth.first_page);
    let ends = starts.skip(1).chain(core::iter::once(usize::MAX));
    let from = |position: usize, truth: &Truth| if position == 0 { 0 } else { truth.first_page };
    let words = job.truths.iter().zip(ends).enumerate();
    let words =
        words.map(|(at, (truth, end))| words::compare(truth, &reading, from(at, truth), end)).collect();
    let certificates = understand::certificates(&reading, &context);
    Ok(Done { certificates, words, pages: reading.pages.len(), seconds, fresh, sha256, error: None })
}

fn read_now(bytes: &[u8], recogniser: &dyn Recogniser) -> Result<Timed, String> {
    let start = Instant::now();
    let reading = document_reader::read(bytes, Some(recogniser), &Limits::default());
    let seconds = start.elapsed().as_secs_f64();
    let reading = reading.map_err(|finding| finding.to_string())?;
    Ok(Timed { reading: stored::converted(reading), seconds })
}

fn nothing() -> ecms_onboarding::model::ocr::Reading {
    ecms_onboarding::model::ocr::Reading { pages: Vec::new(), fields: Vec::new(), reader: String::new() }
}

/// Most memory that this process has held so far, in bytes; only Linux tells.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
