//! Set-up, demo and tests, each in one command: `cargo xtask setup | component | guests | demo | test | read-eval`;
//! `crash-sweep | chaos`, which kill and disturb onboardings and check what is left behind; `bench`, which measures them;
//! and `fuzz`.
//!
//! A newcomer has a Rust toolchain and a C compiler and nothing else. Everything beyond that, above all a standard
//! library for WebAssembly, is fetched here, and each step says on standard error what it does. Nothing is remembered
//! between runs: cargo knows by itself what is up to date.
//!
//! | what | module |
//! |---|---|
//! | getting the standard library for WebAssembly, by rustup or from Debian | `toolchain` |
//! | building the component and putting it in its place | `component` |
//! | getting the weights for reading scans, and fonts, with pip | `assets` |
//! | fuzzing the parsers of foreign bytes | `fuzz` |
//! | running commands, printing steps | `run` |
//! | what can go wrong | `error` |

mod assets;
mod component;
mod error;
mod fuzz;
mod run;
mod toolchain;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{error::TaskError, toolchain::Source};

/// Set-up, demo and tests, each in one command.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// Where the standard library for WebAssembly comes from; by default rustup, and Debian where rustup cannot.
    #[arg(long = "std", value_enum, env = "ONBOARDING_STD", global = true)]
    source: Option<Source>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fetches what a build needs, and the weights for reading scans, and builds nothing.
    Setup,
    /// Builds the WebAssembly components: the onboarding and the reader of documents.
    Component {
        /// Where to put the onboarding [default: target/component/ecms_onboarding.wasm]; the reader goes beside it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Builds the hostile guests for trying the sandbox.
    Guests,
    /// Builds everything and runs the whole onboarding on made-up data.
    Demo {
        /// Passed on to `onboard demo`.
        #[arg(last = true)]
        rest: Vec<OsString>,
    },
    /// Measures how well the certificates of a folder are read; see docs/reading.md.
    ReadEval {
        /// Passed on to `read-eval`: a folder, and options.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        rest: Vec<OsString>,
    },
    /// Kills the program at every append to the journal and at every request, each time runs it again until it is done,
    /// and checks what is left behind. All points take some minutes.
    CrashSweep {
        /// Passed on to `endurance sweep`: --jobs, --only, --twice, --seconds, --seed, --json.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<OsString>,
    },
    /// Lets AvaTax misbehave at random in many runs, and checks what is left behind.
    Chaos {
        /// Passed on to `endurance chaos`: --runs, --seed, --only, --rate, --jobs, --seconds, --json.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<OsString>,
    },
    /// Measures what the sandbox and the onboarding cost, against bounds; see docs/performance.md. Takes some minutes.
    Bench {
        /// Passed on to `bench`: --quick, --full, --only, --out, --data.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<OsString>,
    },
    /// Gives hostile bytes to every parser of foreign data for a while; see `fuzz/`.
    Fuzz(fuzz::FuzzArgs),
    /// Builds the components, the hostile guests and the program, and runs every test.
    Test {
        /// Passed on to `cargo test`.
        #[arg(last = true)]
        rest: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match perform(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: Arguments) -> Result<(), TaskError> {
    let root = workspace_root()?;
    run::require_c_compiler()?;
    let build = |out: Option<&Path>| component::build(&root, arguments.source, out);
    match arguments.task {
        Task::Setup => {
            assets::fetch();
            toolchain::prepare(arguments.source).map(drop)
        }
        Task::Component { out } => build(out.as_deref()),
        Task::Guests => component::build_guests(&root, arguments.source),
        Task::Demo { rest } => {
            assets::fetch();
            build(None)?;
            run::step("running the demo");
            let mut cargo = run::cargo(&root);
            cargo.args([
                "run",
                "--quiet",
                "--locked",
                "--package",
                "host-harness",
                "--bin",
                "onboard",
                "--",
                "demo",
            ]);
            run::run(cargo.args(rest))
        }
        Task::ReadEval { rest } => {
            assets::fetch();
            // Recognition is far too slow in a build for debugging.
            run::step("building the evaluation, optimised, and running it");
            let mut cargo = run::cargo(&root);
            // The folder is meant from where the person stands.
            cargo.current_dir(".").args([
                "run",
                "--quiet",
                "--release",
                "--locked",
                "--package",
                "read-eval",
            ]);
            cargo.arg("--manifest-path").arg(root.join("Cargo.toml")).arg("--");
            run::run(cargo.args(rest))
        }
        Task::CrashSweep { rest } => {
            build(None)?;
            endure(&root, "sweep", &rest)
        }
        Task::Chaos { rest } => {
            build(None)?;
            endure(&root, "chaos", &rest)
        }
        Task::Bench { rest } => {
            build(None)?;
            measure(&root, &rest)
        }
        Task::Fuzz(arguments) => fuzz::fuzz(&root, &arguments),
        Task::Test { rest } => {
            assets::fetch();
            build(None)?;
            component::build_guests(&root, arguments.source)?;
            // The tests start `onboard` as a program of its own, which `cargo test` alone would not build. With all
            // targets the dependencies get the same features as in the tests, so nothing is compiled twice.
            run::step("building the program and every test");
            run::run(run::cargo(&root).args(["build", "--workspace", "--all-targets", "--locked"]))?;
            run::step("running every test");
            run::run(run::cargo(&root).args(["test", "--workspace", "--locked"]).args(rest))
        }
    }
}

/// Builds the endurance tests with the program that they kill, and runs one of them.
fn endure(root: &Path, task: &str, rest: &[OsString]) -> Result<(), TaskError> {
    run::step("building what kills and disturbs, and running it");
    let package = ["--quiet", "--locked", "--package", "endurance"];
    run::run(run::cargo(root).arg("build").args(package))?;
    run::run(run::cargo(root).arg("run").args(package).args(["--", task]).args(rest))
}

/// Builds the measurements and runs them; then, unless only some were asked for, those of reading documents.
fn measure(root: &Path, rest: &[OsString]) -> Result<(), TaskError> {
    let quick = rest.iter().any(|it| it == "--quick");
    // What a quick run is for shows in a build for debugging just as well, and that is there already.
    let profile: &[&str] = if quick { &[] } else { &["--release"] };
    run::step("building the measurements and running them");
    let mut cargo = run::cargo(root);
    cargo.args(["run", "--quiet", "--locked", "--package", "bench"]).args(profile);
    let held = run::run(cargo.arg("--").args(rest));
    if quick || rest.iter().any(|it| it == "--only") {
        return held;
    }
    run::step("measuring the reading of documents");
    let reading = run::run(run::cargo(root).args([
        "bench",
        "--locked",
        "--package",
        "host-harness",
        "--bench",
        "reading",
    ]));
    held.and(reading)
}

/// The folder above this crate, which cargo names when it runs us.
fn workspace_root() -> Result<PathBuf, TaskError> {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").ok_or(TaskError::NotByCargo)?;
    Path::new(&own).parent().map(Path::to_path_buf).ok_or(TaskError::NotByCargo)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_two_hyphens_is_passed_on() {
        let arguments =
            Arguments::parse_from(["cargo xtask", "demo", "--std", "debian", "--", "--seed", "7"]);
        assert_eq!(arguments.source, Some(Source::Debian));
        let Task::Demo { rest } = arguments.task else { panic!("another task") };
        assert_eq!(rest, ["--seed", "7"]);
    }

    #[test]
    fn options_of_the_evaluation_need_no_hyphens_before_them() {
        let arguments =
            Arguments::parse_from(["cargo xtask", "read-eval", "samples", "--only", "d01", "--json"]);
        let Task::ReadEval { rest } = arguments.task else { panic!("another task") };
        assert_eq!(rest, ["samples", "--only", "d01", "--json"]);
        assert!(Arguments::try_parse_from(["cargo xtask", "read-eval"]).is_err(), "a folder is needed");
    }

    #[test]
    fn options_of_sweep_chaos_and_measurements_need_no_hyphens_before_them() {
        let arguments = Arguments::parse_from(["cargo xtask", "crash-sweep", "--only", "append:3:after"]);
        let Task::CrashSweep { rest } = arguments.task else { panic!("another task") };
        assert_eq!(rest, ["--only", "append:3:after"]);
        let arguments = Arguments::parse_from(["cargo xtask", "chaos", "--runs", "5"]);
        assert!(matches!(arguments.task, Task::Chaos { rest } if rest == ["--runs", "5"]));
        let arguments = Arguments::parse_from(["cargo xtask", "bench", "--quick", "--only", "start"]);
        assert!(matches!(arguments.task, Task::Bench { rest } if rest == ["--quick", "--only", "start"]));
    }

    #[test]
    fn the_workspace_is_the_folder_that_holds_this_crate() {
        assert!(workspace_root().unwrap().join("xtask").join("Cargo.toml").is_file());
    }
}
