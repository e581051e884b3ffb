//! What can go wrong on the way from a clean clone to a running demo, each with what to do about it.

use std::path::PathBuf;

/// Why a task ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    /// Started in another way than by cargo.
    #[error("the workspace could not be found; start this as `cargo xtask …` inside the repository")]
    NotByCargo,
    /// A program is not there or may not be run.
    #[error("`{program}` could not be started: {source}; install it or put it on the PATH")]
    Start {
        /// Which program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("`{command}` failed ({status}); its own message stands above")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
    },
    /// No C compiler.
    #[error(
        "there is no C compiler (`{compiler}` does not run), but SQLite and the TLS library are compiled from C; \
         on Debian or Ubuntu run `apt-get install gcc libc6-dev`, on Fedora `dnf install gcc`, on macOS \
         `xcode-select --install`"
    )]
    NoCCompiler {
        /// What was tried.
        compiler: String,
    },
    /// No C++ compiler.
    #[error(
        "there is no C++ compiler (`{compiler}` does not run), but the fuzzer is C++; on Debian or Ubuntu run \
         `apt-get install g++`"
    )]
    NoCxxCompiler {
        /// What was tried.
        compiler: String,
    },
    /// There is no such fuzz target.
    #[error("there is no fuzz target `{name}`; there are: {known}")]
    NoTarget {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Fuzzing found something.
    #[error(
        "an input stopped: {targets}. The inputs are in {}, what was said in {}; run a target's program with the input as \
         its only argument to see it again",
        folder.display(),
        logs.display()
    )]
    Findings {
        /// Names of the targets.
        targets: String,
        /// Where the inputs are.
        folder: PathBuf,
        /// Where the outputs are.
        logs: PathBuf,
    },
    /// rustup cannot give a standard library for WebAssembly.
    #[error("rustup cannot provide the standard library for WebAssembly: {reason}")]
    Rustup {
        /// Why not, without a full stop.
        reason: String,
    },
    /// Debian's packages cannot be used.
    #[error("Debian's packages cannot provide the standard library for WebAssembly: {reason}")]
    Debian {
        /// Why not and what to do, without a full stop.
        reason: String,
    },
    /// Neither way leads there.
    #[error("{rustup}. {debian}")]
    NoStandardLibrary {
        /// What became of the first way.
        rustup: Box<Self>,
        /// What became of the second.
        debian: Box<Self>,
    },
    /// A compiler answered something that is not understood.
    #[error(
        "`{command}` did not answer what was expected; is this a Rust compiler of version 1.95 or newer?"
    )]
    OddCompiler {
        /// The command line.
        command: String,
    },
    /// A file could not be read or written.
    #[error("{} could not be {action}: {source}; check the folder, its rights and the free space", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// "read" or "written".
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The linker made a plain module.
    #[error(
        "{} is no component but something else; the linker has to be wasm-component-ld, so look whether a setting \
         of your own replaces it",
        path.display()
    )]
    NoComponent {
        /// Which file.
        path: PathBuf,
    },
}
