//! What recognition costs beyond the networks themselves: our whole path against the same tensors run through the
//! networks and nothing else, on the sample certificates. `cargo bench -p document-reader --bench recognise`.
//!
//! The network that is run bare is the one we use, with its last layer cut down, so the ratio is not flattered by what
//! the cut saves. Beside the ratio of the times on the clock stands that of the processor's times, which says the same
//! on a machine that others use too.

use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use document_reader::{
    model::{Grey, Recogniser},
    recognise::{self, Networks},
};

/// Runs of each; the fastest counts, because others share the machine.
const RUNS: usize = 3;
const PICTURES: [&str; 4] = ["png", "jpg", "jpeg", "tif"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let pictures =
        pictures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/certificates/samples"))?;
    let Some(folder) = recognise::default_folder().filter(|_| !pictures.is_empty()) else {
        writeln!(out, "skipped: no sample certificates or no folder of weights")?;
        return Ok(());
    };
    writeln!(
        out,
        "| whole / networks | the same, processor | threads | s a page, whole | s a page, networks | page |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for threads in [1, 2] {
        let networks = match Networks::load(&folder, threads) {
            Ok(networks) => networks,
            Err(error) => {
                writeln!(out, "skipped: {error}")?;
                return Ok(());
            }
        };
        let (mut all, mut all_bare) = (Spent::default(), Spent::default());
        for (name, picture) in &pictures {
            let work = networks.work(picture)?;
            let (mut whole, mut bare) = (Spent::MAX, Spent::MAX);
            for _run in 0..RUNS {
                whole = whole.least(timed(|| networks.recognise(picture).map(drop))?);
                bare = bare.least(timed(|| networks.run(&work))?);
            }
            row(&mut out, threads, whole, bare, name)?;
            all = all.plus(whole);
            all_bare = all_bare.plus(bare);
        }
        row(&mut out, threads, all, all_bare, &format!("all {}", pictures.len()))?;
    }
    Ok(())
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

    fn plus(self, other: Self) -> Self {
        Self { clock: self.clock + other.clock, processor: self.processor + other.processor }
    }
}

fn row(out: &mut impl Write, threads: usize, whole: Spent, bare: Spent, name: &str) -> std::io::Result<()> {
    let ratio = whole.clock / bare.clock;
    let processor = whole.processor / bare.processor;
    let (whole, bare) = (whole.clock, bare.clock);
    writeln!(out, "| {ratio:.3} | {processor:.3} | {threads} | {whole:.2} | {bare:.2} | {name} |")
}

fn timed(work: impl FnOnce() -> Result<(), String>) -> Result<Spent, String> {
    let (begun, used) = (Instant::now(), processor_seconds());
    work()?;
    Ok(Spent { clock: begun.elapsed().as_secs_f64(), processor: processor_seconds() - used })
}

/// Seconds that all threads of this process have computed. Not a number where the system does not tell.
fn processor_seconds() -> f64 {
    // User and system time are the fields 14 and 15; the second field, a name in brackets, may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Vec<f64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    const TICKS_A_SECOND: f64 = 100.0;
    if ticks.len() == 2 { ticks.iter().sum::<f64>() / TICKS_A_SECOND } else { f64::NAN }
}

fn pictures(folder: &Path) -> Result<Vec<(String, Grey)>, Box<dyn Error>> {
    let Ok(entries) = folder.read_dir() else { return Ok(Vec::new()) };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| PICTURES.into_iter().any(|ending| file.extension().is_some_and(|own| own == ending)));
    files.sort();
    let open = |file: &PathBuf| {
        let picture = image::open(file)?.into_luma8();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (width, height) = picture.dimensions();
        Ok((name, Grey { width, height, pixels: picture.into_raw() }))
    };
    files.iter().map(open).collect()
}
