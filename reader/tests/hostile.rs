//! Two thousand files that were made to do harm: cut off, mutated, spliced, packed a thousandfold, nested, in loops.
//!
//! Each has to end as a reading or a finding, within its time and without more memory than the reader's bounds explain.
//! What is made depends on a seed alone; a failure names it.
//!
//! Smaller bounds than usual are what every run checks. The usual ones have an ignored test; in release mode
//! (`cargo test --release -p document-reader --test hostile -- --ignored --nocapture`) they took, on 23 November 2026:
//!
//! | bounds | findings | all files | slowest file | most memory for a file |
//! |---|---|---|---|---|
//! | small | 1061 of 2000 | 61 s | 0.4 s | 254 MiB |
//! | usual | 1059 of 2000 | 66 s | 1.8 s | 384 MiB |

#![expect(clippy::panic, reason = "helpers of tests stop the test that uses them")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use document_reader::{
    Finding, Limits, Recogniser,
    model::{Grey, Seen},
    native, picture, read, upload_copy,
};

#[cfg(test)]
mod harm;
#[cfg(test)]
mod made;

/// Counts what is allocated, and the most there was at a time.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[expect(
    unsafe_code,
    reason = "an allocator that counts is the only way to see how much memory third-party code takes"
)]
// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Files in all, and the seed of the first.
const FILES: u64 = 2_000;
const SEED: u64 = 20_260_301;
/// Time for one file; most take a few milliseconds, but the machine may be busy.
const TIME: Duration = Duration::from_secs(60);

/// What counts allocations counts those of the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What a file may cost.
#[derive(Clone, Copy)]
struct Bounds {
    limits: Limits,
    /// Bytes for one file, beside what the test holds itself.
    memory: usize,
}

/// What the files cost at most.
#[derive(Default)]
struct Most {
    time: Duration,
    memory: usize,
}

/// Says that there is nothing to read.
struct Blind;

impl Recogniser for Blind {
    fn name(&self) -> String {
        "blind".to_owned()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        assert_eq!(picture.pixels.len() as u64, u64::from(picture.width) * u64::from(picture.height));
        Ok(Vec::new())
    }
}

/// Small enough that two thousand files are through in a minute; bombs have to pass them all the same.
fn small() -> Bounds {
    let limits = Limits { pages: 20, pixels: 8_000_000, unpacked: 32 * 1024 * 1024, ..Limits::default() };
    Bounds { limits, memory: 512 * 1024 * 1024 }
}

/// Those that hold where certificates are read, with what a sandboxed reader gets.
fn usual() -> Bounds {
    Bounds { limits: Limits::default(), memory: 768 * 1024 * 1024 }
}

fn sentence(finding: &Finding) {
    let text = finding.to_string();
    assert!(text.len() > 20 && text.len() < 400 && !text.contains('\n'), "{text:?}");
}

/// Reads, draws and copies a file; answers whether reading gave a finding.
fn survives(name: &str, bytes: Vec<u8>, bounds: &Bounds, most: &mut Most) -> bool {
    let limits = bounds.limits;
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let started = Instant::now();
    let found = native::guarded(TIME, move || {
        let reading = read(&bytes, Some(&Blind), &limits);
        let turned = reading.as_ref().ok().and_then(|reading| reading.pages.first()).map(|page| page.turned);
        for finding in [
            reading.as_ref().err(),
            picture(&bytes, 0, turned, &limits).err().as_ref(),
            upload_copy(&bytes, None, &limits).err().as_ref(),
        ]
        .into_iter()
        .flatten()
        {
            sentence(finding);
        }
        if let Ok(reading) = &reading {
            assert!(!reading.pages.is_empty() && reading.pages.len() <= limits.pages);
            for page in &reading.pages {
                assert!(page.words.len() <= limits.words && page.marks.len() <= limits.marks);
                assert!(page.width > 0.0 && page.height > 0.0 && page.width < 20_000.0);
            }
        }
        Ok(reading.is_err())
    });
    let took = started.elapsed();
    let peak = MOST.load(Ordering::Relaxed).saturating_sub(before);
    assert!(took < TIME, "{name} took {took:?}");
    assert!(peak < bounds.memory, "{name} took {} MiB", peak / 1024 / 1024);
    if took > Duration::from_secs(3) || peak > 200 * 1024 * 1024 {
        println!("{name}: {took:?}, {} MiB", peak / 1024 / 1024);
    }
    *most = Most { time: most.time.max(took), memory: most.memory.max(peak) };
    match found {
        Ok(finding) => finding,
        Err(finding) => panic!("{name}: {finding}"),
    }
}

/// Puts every file through. `refused` says whether the bounds are below what the bombs unpack to.
fn all_survive(bounds: &Bounds, refused: bool) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let started = Instant::now();
    let valid = harm::valid();
    let mut most = Most::default();
    let mut findings = 0;
    for (name, bytes) in &valid {
        assert!(!survives(name, bytes.clone(), bounds, &mut most), "{name} is a good file");
    }
    let planted = harm::bombs::planted();
    for (name, bytes, bad) in &planted {
        let finding = survives(name, bytes.clone(), bounds, &mut most);
        if *bad && !finding {
            println!("{name} was read");
        }
        assert!(finding || !bad || !refused, "{name} has to be refused");
        findings += usize::from(finding);
    }
    let rest = FILES - planted.len() as u64;
    for number in 0..rest {
        let mut random = harm::Random::new(SEED + number);
        let (kind, bytes) = harm::spoiled(&valid, &mut random);
        let name = format!("seed {} ({kind})", SEED + number);
        findings += usize::from(survives(&name, bytes, bounds, &mut most));
    }
    println!(
        "{findings} of {FILES} files gave a finding; {:?} in all, at most {:?} and {} MiB for a file",
        started.elapsed(),
        most.time,
        most.memory / 1024 / 1024
    );
    assert!(findings > 200, "spoiling files spoils some: {findings}");
}

#[test]
fn two_thousand_hostile_files_end_as_a_reading_or_a_finding() {
    all_survive(&small(), true);
}

#[test]
#[ignore = "as long again as the test above, for the same code with larger numbers"]
fn with_the_usual_bounds_they_end_within_time_and_memory_too() {
    all_survive(&usual(), false);
}
