//! What recognition costs beyond the networks themselves: our whole path against the same tensors run through the
//! networks and nothing else, on the sample certificates. `cargo bench -p document-reader --bench recognise`.
//!
//! The network that is run bare is the one we use, with its last layer cut down, so the ratio is not flattered by what
//! the cut saves.

use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
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
    writeln!(out, "| whole / networks | threads | s a page, whole | s a page, networks | page |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for threads in [1, 2] {
        let networks = match Networks::load(&folder, threads) {
            Ok(networks) => networks,
            Err(error) => {
                writeln!(out, "skipped: {error}")?;
                return Ok(());
            }
        };
        let (mut all, mut all_bare) = (Duration::ZERO, Duration::ZERO);
        for (name, picture) in &pictures {
            let work = networks.work(picture)?;
            let (mut whole, mut bare) = (Duration::MAX, Duration::MAX);
            for _run in 0..RUNS {
                whole = whole.min(timed(|| networks.recognise(picture).map(drop))?);
                bare = bare.min(timed(|| networks.run(&work))?);
            }
            row(&mut out, threads, whole, bare, name)?;
            all += whole;
            all_bare += bare;
        }
        let pages = u32::try_from(pictures.len())?;
        row(&mut out, threads, all / pages, all_bare / pages, "mean")?;
    }
    Ok(())
}

fn row(
    out: &mut impl Write,
    threads: usize,
    whole: Duration,
    bare: Duration,
    name: &str,
) -> std::io::Result<()> {
    let (whole, bare) = (whole.as_secs_f64(), bare.as_secs_f64());
    writeln!(out, "| {:.3} | {threads} | {whole:.2} | {bare:.2} | {name} |", whole / bare)
}

fn timed(work: impl FnOnce() -> Result<(), String>) -> Result<Duration, String> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
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
