//! Fuzzing every parser of foreign bytes: `cargo xtask fuzz`.
//!
//! The targets are in `fuzz/`, a workspace of its own. cargo-fuzz builds them with the coverage that the compiler itself
//! can put in, without a sanitizer, so the stable toolchain does. Then every target runs for some seconds on the seeds
//! and on what earlier runs found worth keeping (`target/fuzz/corpus`), within bounds of memory and time for each input.
//! What stops a target is kept in `target/fuzz/findings` and makes the task fail.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{error::TaskError, run, toolchain};

/// The cargo-fuzz that is installed where there is none.
const VERSION: &str = "0.13.2";
/// Most memory of a target, in MiB, and most seconds for one input.
const MEMORY: u32 = 2048;
const PATIENCE: u32 = 60;

/// What to fuzz and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct FuzzArgs {
    /// Seconds for each target, its start and the seeds included.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Inputs for each target, if they come to an end before the seconds do. Together with `--seed` they are the same ones on
    /// a fast machine and on a slow one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// Where chance begins, to get the same inputs again; otherwise each run begins elsewhere.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Only this target; may be given several times.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
}

/// What became of one target.
struct Outcome {
    name: String,
    stopped: bool,
    executions: String,
    coverage: String,
    kept: String,
}

/// Builds the targets and runs them one after the other.
pub(crate) fn fuzz(root: &Path, arguments: &FuzzArgs) -> Result<(), TaskError> {
    let compiler = env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
    if !run::succeeds(&compiler, &["--version"]) {
        return Err(TaskError::NoCxxCompiler { compiler: compiler.to_string_lossy().into_owned() });
    }
    let known = targets(root)?;
    if let Some(name) = arguments.targets.iter().find(|name| !known.contains(name)) {
        return Err(TaskError::NoTarget { name: name.clone(), known: known.join(", ") });
    }
    if !run::succeeds("cargo", &["fuzz", "--version"]) {
        run::step(&format!("installing cargo-fuzz {VERSION}"));
        run::run(run::cargo(root).args(["install", "cargo-fuzz", "--locked", "--version", VERSION]))?;
    }
    run::step("building the fuzz targets");
    let work = root.join("target").join("fuzz");
    let built =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| work.join("build"), |folder| root.join(folder));
    // cargo-fuzz cannot be told to leave the lock file alone, so whether it is up to date is asked beforehand.
    let manifest = root.join("fuzz").join("Cargo.toml");
    run::output(
        run::cargo(root)
            .args(["metadata", "--locked", "--format-version=1", "--manifest-path"])
            .arg(&manifest),
    )?;
    let mut build = run::cargo(root);
    build.args(["fuzz", "build", "--dev", "--sanitizer", "none", "--target-dir"]).arg(&built);
    if let [only] = arguments.targets.as_slice() {
        build.arg(only);
    }
    run::run(&mut build)?;
    let programs = built.join(toolchain::host()?).join("debug");
    let mut outcomes = Vec::new();
    for name in known.iter().filter(|name| arguments.targets.is_empty() || arguments.targets.contains(name)) {
        let inputs = arguments.runs.map(|runs| format!(" or {runs} inputs")).unwrap_or_default();
        run::step(&format!("fuzzing {name} for {} seconds{inputs}", arguments.seconds));
        outcomes.push(one(root, &work, &programs, name, arguments)?);
    }
    run::say(&table(&outcomes));
    let stopped: Vec<String> = outcomes.into_iter().filter(|it| it.stopped).map(|it| it.name).collect();
    if stopped.is_empty() {
        return Ok(());
    }
    Err(TaskError::Findings {
        targets: stopped.join(", "),
        folder: work.join("findings"),
        logs: work.join("logs"),
    })
}

/// Runs one target to its end.
fn one(
    root: &Path,
    work: &Path,
    programs: &Path,
    name: &str,
    arguments: &FuzzArgs,
) -> Result<Outcome, TaskError> {
    let (corpus, findings) = (work.join("corpus").join(name), work.join("findings").join(name));
    let logs = work.join("logs");
    for folder in [&corpus, &findings, &logs] {
        fs::create_dir_all(folder).map_err(|source| written(folder, source))?;
    }
    let path = logs.join(format!("{name}.log"));
    let log = fs::File::create(&path).map_err(|source| written(&path, source))?;
    let program = programs.join(name);
    let mut command = Command::new(&program);
    command.args([
        format!("-max_total_time={}", arguments.seconds),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-timeout={PATIENCE}"),
        "-print_final_stats=1".to_owned(),
        format!("-artifact_prefix={}/", findings.display()),
    ]);
    command.args(arguments.runs.map(|runs| format!("-runs={runs}")));
    command.args(arguments.seed.map(|seed| format!("-seed={seed}")));
    command.arg(&corpus).arg(root.join("fuzz").join("seeds").join(name));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let status = command
        .status()
        .map_err(|source| TaskError::Start { program: program.to_string_lossy().into_owned(), source })?;
    let said = fs::read(&path).map_err(|source| TaskError::File { path, action: "read", source })?;
    let said = String::from_utf8_lossy(&said);
    Ok(Outcome {
        name: name.to_owned(),
        stopped: !status.success(),
        executions: last(&said, "stat::number_of_executed_units:"),
        coverage: last(&said, "cov:"),
        kept: last(&said, "corp:"),
    })
}

fn written(path: &Path, source: std::io::Error) -> TaskError {
    TaskError::File { path: path.to_path_buf(), action: "written", source }
}

/// Names of all targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>, TaskError> {
    let folder = root.join("fuzz").join("fuzz_targets");
    let read = |source| TaskError::File { path: folder.clone(), action: "read", source };
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read)? {
        let path: PathBuf = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// The word that last followed a label in what a target said.
fn last(said: &str, label: &str) -> String {
    let found = said.rsplit_once(label).and_then(|(_, after)| after.split_whitespace().next());
    found.unwrap_or("-").to_owned()
}

fn table(outcomes: &[Outcome]) -> String {
    let mut lines = vec![format!(
        "{:<16} {:>12} {:>10} {:>16}  {}",
        "target", "executions", "coverage", "corpus", "finding"
    )];
    lines.extend(outcomes.iter().map(|it| {
        let finding = if it.stopped { "YES" } else { "none" };
        format!("{:<16} {:>12} {:>10} {:>16}  {finding}", it.name, it.executions, it.coverage, it.kept)
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_numbers_that_a_target_said_are_taken() {
        let said = "#2 INITED cov: 5 ft: 6 corp: 1/1b\n#9 DONE   cov: 12 ft: 20 corp: 3/17b lim: 4\n\
                    stat::number_of_executed_units: 4711\n";
        let found =
            ["cov:", "corp:", "stat::number_of_executed_units:", "rss:"].map(|label| last(said, label));
        assert_eq!(found, ["12", "3/17b", "4711", "-"]);
    }

    #[test]
    fn every_target_has_seeds_and_is_built() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        let names = targets(root).unwrap();
        assert!(names.len() >= 16);
        for name in names {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
            let seeds = fs::read_dir(root.join("fuzz/seeds").join(&name)).unwrap().count();
            assert!(seeds > 0, "{name}");
        }
    }
}
