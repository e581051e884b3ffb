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

use document_reader::{Limits, Recogniser};
use ecms_onboarding::certificates::understand::judge::Context;
use ecms_onboarding::certificates::understand::{self, record::Certificate};
use ecms_onboarding::model::ocr::Reading;
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
    /// Documents read at a time.
    pub threads: usize,
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
pub fn read(
    jobs: &[Job<'_>],
    options: &Options,
    recogniser: &(dyn Recogniser + Sync),
    tick: &dyn Fn(),
) -> Result<Vec<Done>, EvalError> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let mut results: Vec<Option<Done>> = jobs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    // Nobody listens any more once another file has failed.
                    if send.send((at, read_one(job, options, recogniser))).is_err() {
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

fn nothing() -> Reading {
    Reading { pages: Vec::new(), fields: Vec::new(), reader: String::new() }
}

/// Most memory that this process has held so far, in bytes; only Linux tells.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use document_reader::model::{Grey, Seen};
    use ecms_onboarding::model::ocr::{Rectangle, TextPage, Word, WordSource};

    use super::*;

    /// Counts how often it is asked.
    #[derive(Default)]
    struct Counting(AtomicU32);

    impl Recogniser for Counting {
        fn name(&self) -> String {
            "counting".to_owned()
        }

        fn recognise(&self, _picture: &Grey) -> Result<Vec<Seen>, String> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Vec::new())
        }
    }

    fn truths() -> Vec<Truth> {
        let json = r#"[
            {"id": "b", "file": "two.png", "layout": "mtc", "first_page": 1, "fields": {},
             "segments": [{"text": "Second page", "kind": "label"}]},
            {"id": "a", "file": "two.png", "layout": "mtc", "fields": {},
             "segments": [{"text": "First page", "kind": "label"}]},
            {"id": "c", "file": "broken.pdf", "layout": "sst", "fields": {},
             "segments": [{"text": "Never seen", "kind": "label"}]}
        ]"#;
        serde_json::from_str(json).unwrap()
    }

    fn page(text: &str) -> TextPage {
        let area = Rectangle { left: 50.0, top: 50.0, right: 90.0, bottom: 60.0 };
        let word = |text: &str| Word {
            text: text.to_owned(),
            area,
            confidence: 1.0,
            source: WordSource::Recognition,
        };
        let words = text.split(' ').map(word).collect();
        TextPage { width: 612.0, height: 792.0, words, marks: Vec::new(), turned: 0.0 }
    }

    #[test]
    fn a_file_is_read_once_for_all_its_certificates() {
        let truths = truths();
        let shown = |only: &str| -> Vec<(String, usize)> {
            jobs(&truths, only).iter().map(|job| (job.file.to_owned(), job.truths.len())).collect()
        };
        assert_eq!(shown(""), [("two.png".to_owned(), 2), ("broken.pdf".to_owned(), 1)]);
        assert_eq!(shown("broken"), [("broken.pdf".to_owned(), 1)]);
        assert_eq!(jobs(&truths, "")[0].truths[0].id, "a", "in the order of the pages");
    }

    #[test]
    fn what_was_kept_is_not_read_again_and_what_cannot_be_read_is_a_result() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        fs::write(folder.path().join("two.png"), "not looked into").unwrap();
        fs::write(folder.path().join("broken.pdf"), "%PDF-1.7 and no more").unwrap();
        let reading = Reading {
            pages: vec![page("First page"), page("Second pqge")],
            fields: Vec::new(),
            reader: "r".to_owned(),
        };
        stored::keep(&kept, &sha256_hex(b"not looked into"), &Timed { reading, seconds: 1.5 }).unwrap();
        let truths = truths();
        let jobs = jobs(&truths, "");
        let recogniser = Counting::default();
        let ticks = AtomicU32::new(0);
        let tick = || {
            ticks.fetch_add(1, Ordering::Relaxed);
        };
        let options = Options {
            folder: folder.path().to_path_buf(),
            threads: 2,
            readings: Some(kept),
            seller_names: Vec::new(),
        };
        let done = read(&jobs, &options, &recogniser, &tick).unwrap();
        assert_eq!(ticks.into_inner(), 2);
        assert_eq!(recogniser.0.into_inner(), 0);
        let same: Vec<usize> = done[0].words.iter().map(|words| words.same).collect();
        assert_eq!(same, [2, 1], "each certificate has the words of its own pages");
        assert_eq!((done[0].pages, done[0].seconds, done[0].fresh), (2, 1.5, false));
        assert!(done[1].error.is_some() && done[1].fresh);
        assert_eq!(done[1].words, [Words { truth: 2, read: 0, same: 0 }]);
    }

    #[test]
    fn a_file_that_is_not_there_ends_the_evaluation() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { folder: folder.path().to_path_buf(), threads: 1, ..Options::default() };
        let truths = truths();
        let error = read(&jobs(&truths, ""), &options, &Counting::default(), &|| ()).unwrap_err();
        assert!(matches!(error, EvalError::Read { .. }), "{error}");
    }
}
