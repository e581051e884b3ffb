//! What reading a certificate costs: natively, in the sandbox, and by the networks alone.
//! `cargo bench -p host-harness --bench reading`.
//!
//! The pages are papers of the demo, made anew: a clean scan, a fax and a photograph. The readers are those of the host,
//! built as it builds them, and share one pair of networks. The networks are run bare on the very tensors that reading
//! these pages feeds them, with their last layer cut down as we use them, so no ratio is flattered by what the cut saves.
//!
//! Others use the machine too. What is compared therefore takes turns, the fastest of several runs counts, and beside the
//! ratio of the times on the clock stands that of the processor's times over all threads. What reading costs without
//! recognition is far below the noise of the networks' seconds; it is measured with readers that are told the words.
//!
//! How long a start takes and how much memory reading needs is measured in processes of their own, which are this program
//! again with other arguments.
//!
//! The benchmark fails if the sandbox reads other words, or if a bound does not hold.

use std::{
    env,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use document_reader::{
    model::{Grey, Recogniser, Seen},
    recognise::{self, Networks, Work},
};
use host_harness::{
    config::ReaderConfig,
    ocr::{DocumentReader, ReaderMode, ReaderOptions, Recognition},
};

/// Runs of each; the fastest counts.
const RUNS: usize = 4;
/// The same for work of a fraction of a second.
const SHORT_RUNS: usize = 12;
/// Papers of the demo, from the first: a clean scan in a PDF, a fax, a photograph.
const PAPERS: usize = 3;
/// Most that native reading may take of the time of the bare networks, decoding included.
const BOUND: f64 = 1.2;
/// First argument of a process that reads one document and tells what that took.
const ONCE: &str = "--once";
const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/component/document_reader.wasm");

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [once, mode, file, cache] = arguments.as_slice()
        && once == ONCE
    {
        return read_once(mode, Path::new(file), Path::new(cache));
    }
    let mut out = std::io::stdout().lock();
    let (Some(models), Some(fonts)) = (recognise::default_folder(), recognise::default_fonts()) else {
        writeln!(out, "skipped: no folder for weights and fonts; set $HOME, then run `cargo xtask setup`")?;
        return Ok(());
    };
    if !Path::new(COMPONENT).is_file() {
        writeln!(out, "skipped: the sandboxed reader is not built; run `cargo xtask component`")?;
        return Ok(());
    }
    if let Err(error) = Networks::load(&models, 1) {
        writeln!(out, "skipped: {error}; `cargo xtask setup` fetches the weights")?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let pages = match papers(folder.path(), &fonts) {
        Ok(pages) => pages,
        Err(error) => {
            writeln!(out, "skipped: {error}; `cargo xtask setup` fetches the fonts")?;
            return Ok(());
        }
    };
    let cache = folder.path().join("cache");
    writeln!(
        out,
        "| native / networks | the same, processor | sandboxed / native | the same, processor | threads \
         | s a page, networks | s a page, native | s a page, sandboxed | page |\n|---|---|---|---|---|---|---|---|---|"
    )?;
    let mut worst: f64 = 0.0;
    for threads in [1, 2] {
        let networks = Arc::new(Networks::load(&models, threads)?);
        let mut all = Row::default();
        for page in &pages {
            let row = whole(page, &networks, &cache)?;
            row.print(&mut out, threads, &page.name)?;
            all = all.plus(row);
        }
        all.print(&mut out, threads, &format!("all {}", pages.len()))?;
        worst = worst.max(all.native.over(all.networks));
    }
    around(&mut out, &pages, &models, &cache)?;
    fresh(&mut out, &pages, folder.path())?;
    if worst > BOUND {
        return Err(format!(
            "native reading takes {worst:.3} times the networks' time; {BOUND} is the bound"
        )
        .into());
    }
    Ok(())
}

/// A document of one page.
struct Paper {
    name: String,
    file: PathBuf,
    bytes: Vec<u8>,
}

fn papers(folder: &Path, fonts: &Path) -> Outcome<Vec<Paper>> {
    let made = demo_data::documents::demo_scans(folder, demo_data::DEFAULT_SEED, fonts)?;
    let open = |name: String| {
        let file = folder.join(&name);
        Ok(Paper { name, bytes: fs::read(&file)?, file })
    };
    made.into_iter().take(PAPERS).map(|truth| open(truth.file)).collect()
}

/// Seconds on the clock, and of the processor over all threads.
#[derive(Clone, Copy, Default)]
struct Spent {
    clock: f64,
    processor: f64,
}

impl Spent {
    const MAX: Self = Self { clock: f64::INFINITY, processor: f64::INFINITY };

    fn least(self, other: Self) -> Self {
        Self { clock: self.clock.min(other.clock), processor: self.processor.min(other.processor) }
    }

    /// How many times as long, by the processor's time where the system tells it.
    fn over(self, other: Self) -> f64 {
        let ratio = self.processor / other.processor;
        if ratio.is_finite() { ratio } else { self.clock / other.clock }
    }

    fn plus(self, other: Self) -> Self {
        Self { clock: self.clock + other.clock, processor: self.processor + other.processor }
    }
}

/// What one page cost each way.
#[derive(Clone, Copy, Default)]
struct Row {
    networks: Spent,
    native: Spent,
    sandboxed: Spent,
}

impl Row {
    fn plus(self, other: Self) -> Self {
        Self {
            networks: self.networks.plus(other.networks),
            native: self.native.plus(other.native),
            sandboxed: self.sandboxed.plus(other.sandboxed),
        }
    }

    fn print(self, out: &mut impl Write, threads: usize, page: &str) -> std::io::Result<()> {
        let Self { networks, native, sandboxed } = self;
        writeln!(
            out,
            "| {:.3} | {:.3} | {:.3} | {:.3} | {threads} | {:.2} | {:.2} | {:.2} | {page} |",
            native.clock / networks.clock,
            native.processor / networks.processor,
            sandboxed.clock / native.clock,
            sandboxed.processor / native.processor,
            networks.clock,
            native.clock,
            sandboxed.clock,
        )
    }
}

/// Reads a page both ways and runs the networks on what it feeds them, in turns.
fn whole(page: &Paper, networks: &Arc<Networks>, cache: &Path) -> Outcome<Row> {
    let noted = Arc::new(Noting { networks: Arc::clone(networks), seen: Mutex::default() });
    let noting = reader(ReaderMode::Native, Recognition::with(Arc::clone(&noted) as _), cache);
    let reading = noting.read(&page.bytes)?;
    if reading.pages.len() != 1 {
        return Err(
            format!("{} has {} pages; this benchmark counts on one", page.name, reading.pages.len()).into()
        );
    }
    let work: Vec<Work> =
        noted.take().iter().map(|(picture, _)| networks.work(picture)).collect::<Result<_, _>>()?;
    let with = |mode| reader(mode, Recognition::with(Arc::clone(networks) as _), cache);
    let (native, sandboxed) = (with(ReaderMode::Native), with(ReaderMode::Sandboxed));
    if sandboxed.read(&page.bytes)? != reading {
        return Err(format!("the sandboxed reader reads {} otherwise than the native one", page.name).into());
    }
    let mut row = Row { networks: Spent::MAX, native: Spent::MAX, sandboxed: Spent::MAX };
    for _run in 0..RUNS {
        row.networks =
            row.networks.least(timed(|| Ok(work.iter().try_for_each(|work| networks.run(work))?))?);
        row.native = row.native.least(timed(|| Ok(native.read(&page.bytes).map(drop)?))?);
        row.sandboxed = row.sandboxed.least(timed(|| Ok(sandboxed.read(&page.bytes).map(drop)?))?);
    }
    Ok(row)
}

/// What reading costs without recognition.
fn around(out: &mut impl Write, pages: &[Paper], models: &Path, cache: &Path) -> Outcome<()> {
    writeln!(
        out,
        "\n| sandboxed / native | ms a page, native | ms a page, sandboxed | without recognition |\n|---|---|---|---|"
    )?;
    let networks = Arc::new(Networks::load(models, 2)?);
    for page in pages {
        let noted = Arc::new(Noting { networks: Arc::clone(&networks), seen: Mutex::default() });
        reader(ReaderMode::Native, Recognition::with(Arc::clone(&noted) as _), cache).read(&page.bytes)?;
        let seen: Vec<Vec<Seen>> = noted.take().into_iter().map(|(_, seen)| seen).collect();
        let told = |mode| {
            let telling = Telling { name: networks.name(), seen: seen.clone(), next: AtomicUsize::new(0) };
            reader(mode, Recognition::with(Arc::new(telling)), cache)
        };
        let (native, sandboxed) = (told(ReaderMode::Native), told(ReaderMode::Sandboxed));
        if sandboxed.read(&page.bytes)? != native.read(&page.bytes)? {
            return Err(
                format!("the sandboxed reader reads {} otherwise than the native one", page.name).into()
            );
        }
        let mut least = (Spent::MAX, Spent::MAX);
        for _run in 0..SHORT_RUNS {
            least.0 = least.0.least(timed(|| Ok(native.read(&page.bytes).map(drop)?))?);
            least.1 = least.1.least(timed(|| Ok(sandboxed.read(&page.bytes).map(drop)?))?);
        }
        let (native, sandboxed) = (least.0.clock * 1e3, least.1.clock * 1e3);
        writeln!(out, "| {:.2} | {native:.0} | {sandboxed:.0} | {} |", sandboxed / native, page.name)?;
    }
    Ok(())
}

/// The first page of a process: readers that were never started before.
fn fresh(out: &mut impl Write, pages: &[Paper], folder: &Path) -> Outcome<()> {
    writeln!(
        out,
        "\n| s until the reader stands | s with the first page | peak memory | a process that reads one page |\n\
         |---|---|---|---|"
    )?;
    let Some(page) = pages.first() else { return Ok(()) };
    let cache = folder.join("fresh");
    let kinds = [("native", "native"), ("sandboxed", "sandboxed, compiled for the first time")];
    for (mode, name) in kinds.into_iter().chain([("sandboxed", "sandboxed, compiled before")]) {
        let child = Command::new(env::current_exe()?)
            .args([ONCE, mode])
            .args([page.file.as_path(), cache.as_path()])
            .output()?;
        if !child.status.success() {
            return Err(String::from_utf8_lossy(&child.stderr).into_owned().into());
        }
        writeln!(out, "| {} | {name} |", String::from_utf8_lossy(&child.stdout).trim())?;
    }
    Ok(())
}

/// Reads a document as the host does by its configuration, and prints what that took as cells of a table.
fn read_once(mode: &str, file: &Path, cache: &Path) -> Outcome<()> {
    let begun = Instant::now();
    let mode = if mode == "native" { ReaderMode::Native } else { ReaderMode::Sandboxed };
    let recognition = Recognition::of(&ReaderConfig { threads: Some(1), ..ReaderConfig::default() });
    let reader = reader(mode, recognition, cache);
    reader.identity()?;
    let started = begun.elapsed().as_secs_f64();
    reader.read(&fs::read(file)?)?;
    let read = begun.elapsed().as_secs_f64();
    let peak = peak_mebibytes().map_or_else(|| "unknown".to_owned(), |peak| format!("{peak} MiB"));
    writeln!(std::io::stdout(), "{started:.2} | {read:.2} | {peak}")?;
    Ok(())
}

fn reader(mode: ReaderMode, recognition: Recognition, cache: &Path) -> DocumentReader {
    DocumentReader::new(ReaderOptions {
        mode,
        component: Some(COMPONENT.into()),
        cache: Some(cache.to_path_buf()),
        recognition: Arc::new(recognition),
        ..ReaderOptions::default()
    })
}

/// Keeps what the networks were asked and what they answered.
struct Noting {
    networks: Arc<Networks>,
    seen: Mutex<Vec<(Grey, Vec<Seen>)>>,
}

impl Noting {
    fn take(&self) -> Vec<(Grey, Vec<Seen>)> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recogniser for Noting {
    fn name(&self) -> String {
        self.networks.name()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        let seen = self.networks.recognise(picture)?;
        let mut kept = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((picture.clone(), seen.clone()));
        Ok(seen)
    }
}

/// Answers what it was told, in turn and from the start again.
struct Telling {
    name: String,
    seen: Vec<Vec<Seen>>,
    next: AtomicUsize,
}

impl Recogniser for Telling {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn recognise(&self, _picture: &Grey) -> Result<Vec<Seen>, String> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.seen.len().max(1);
        self.seen.get(next).cloned().ok_or_else(|| "it was told nothing".to_owned())
    }
}

fn timed(work: impl FnOnce() -> Outcome<()>) -> Outcome<Spent> {
    let (begun, used) = (Instant::now(), processor_seconds());
    work()?;
    Ok(Spent { clock: begun.elapsed().as_secs_f64(), processor: processor_seconds() - used })
}

/// Seconds that all threads of this process have computed. Not a number where the system does not tell.
fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    // User and system time are the fields 14 and 15; the second field, a name in brackets, may hold spaces.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Vec<f64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { ticks.iter().sum::<f64>() / TICKS_A_SECOND } else { f64::NAN }
}

/// Most memory that this process has held; only Linux tells.
fn peak_mebibytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024)
}
