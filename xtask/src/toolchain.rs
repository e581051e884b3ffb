//! A compiler with a standard library for `wasm32-unknown-unknown`, by one of two ways.
//!
//! rustup's ready-made library is the first choice: nothing has to be compiled and the compiler stays the one that
//! builds the rest. Where rustup or its server is not to be had, Debian ships a compiler together with the sources of
//! the library, which cargo then builds itself. Both bring `wasm-component-ld`, the linker that turns the module into
//! a component on the spot.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::TaskError,
    run::{self, step},
};

/// The target of the component.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const LINKER: &str = "wasm-component-ld";
/// Compiler, cargo, library sources and the linker's back end; they sit beside rustup's and do not touch them.
const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// Where the standard library comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Source {
    /// Ready-made, from rustup.
    Rustup,
    /// Sources from Debian's packages, built by cargo.
    Debian,
}

/// What a build of the component is started with.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// Which way was taken.
    pub(crate) source: Source,
    /// Program to start.
    pub(crate) cargo: OsString,
    /// Arguments that only this way needs.
    pub(crate) arguments: &'static [&'static str],
    /// Variables that only this way needs.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// The linker.
    pub(crate) linker: PathBuf,
    /// Folder that the library's sources are under, to be kept out of the component.
    pub(crate) sysroot: PathBuf,
}

/// Gets a toolchain the way that was asked for; without a wish by rustup, else from Debian.
pub(crate) fn prepare(wish: Option<Source>) -> Result<Toolchain, TaskError> {
    let toolchain = match wish {
        Some(Source::Rustup) => by_rustup(),
        Some(Source::Debian) => from_debian(),
        None => by_rustup().or_else(|rustup| {
            step(&format!("{rustup}; taking Debian's packages instead"));
            from_debian().map_err(|debian| TaskError::NoStandardLibrary {
                rustup: Box::new(rustup),
                debian: Box::new(debian),
            })
        }),
    }?;
    step(match toolchain.source {
        Source::Rustup => "standard library for WebAssembly: rustup's",
        Source::Debian => "standard library for WebAssembly: Debian's sources",
    });
    Ok(toolchain)
}

fn by_rustup() -> Result<Toolchain, TaskError> {
    let refuse = |reason: String| TaskError::Rustup { reason };
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let (sysroot, host) = describe(&rustc)?;
    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if !library.is_dir() {
        if !run::succeeds("rustup", &["--version"]) {
            return Err(refuse(
                "the compiler in use has none and there is no `rustup` to fetch it".to_owned(),
            ));
        }
        step(&format!("fetching the standard library: rustup target add {TARGET}"));
        run::run(Command::new("rustup").args(["target", "add", TARGET]))
            .map_err(|error| refuse(format!("fetching it did not work out, {error}")))?;
    }
    if !library.is_dir() {
        return Err(refuse(format!("{} is still missing after rustup fetched it", library.display())));
    }
    let linker =
        linker_in(&sysroot, &host).ok_or_else(|| refuse(format!("the toolchain has no {LINKER}")))?;
    Ok(Toolchain {
        source: Source::Rustup,
        cargo: env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")),
        arguments: &[],
        variables: Vec::new(),
        linker,
        sysroot,
    })
}

fn from_debian() -> Result<Toolchain, TaskError> {
    let refuse = |reason: String| TaskError::Debian { reason };
    let missing: Vec<_> = PACKAGES.into_iter().filter(|package| !is_installed(package)).collect();
    if !missing.is_empty() {
        install(&missing)?;
    }
    let (sysroot, host) = describe(&OsString::from(DEBIAN_RUSTC))?;
    let linker = linker_in(&sysroot, &host).ok_or_else(|| {
        refuse(format!("{LINKER} is missing below {}; reinstall rustc-web", sysroot.display()))
    })?;
    Ok(Toolchain {
        source: Source::Debian,
        cargo: OsString::from(DEBIAN_CARGO),
        arguments: &["-Zbuild-std=std,panic_abort"],
        variables: vec![
            // Building the library is marked unstable; Debian's compiler is a stable one.
            ("RUSTC_BOOTSTRAP", OsString::from("1")),
            ("RUSTC", OsString::from(DEBIAN_RUSTC)),
            ("RUSTDOC", OsString::from("/usr/bin/rustdoc")),
        ],
        linker,
        sysroot,
    })
}

fn install(missing: &[&str]) -> Result<(), TaskError> {
    let refuse = |reason: String| TaskError::Debian { reason };
    let list = missing.join(" ");
    if !run::succeeds("apt-get", &["--version"]) {
        return Err(refuse("there is no `apt-get` on this system".to_owned()));
    }
    if run::output(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err(refuse(format!(
            "installing them takes root; run `sudo apt-get update && sudo apt-get install {list}` and start again"
        )));
    }
    step(&format!("installing from Debian: {list}"));
    let apt = || {
        let mut command = Command::new("apt-get");
        // Its chatter must not mix with what a demo prints.
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
        command
    };
    run::run(apt().args(["update", "-qq"]))
        .and_then(|()| {
            run::run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(missing))
        })
        .map_err(|error| refuse(format!("installing them did not work out, {error}")))
}

fn is_installed(package: &str) -> bool {
    let mut command = Command::new("dpkg-query");
    command.args(["--show", "--showformat=${db:Status-Status}", package]).stderr(std::process::Stdio::null());
    command.output().is_ok_and(|output| output.stdout == b"installed")
}

/// Host triple of the compiler in use.
pub(crate) fn host() -> Result<String, TaskError> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    describe(&rustc).map(|(_, host)| host)
}

/// Root folder and host triple of a compiler.
fn describe(rustc: &OsString) -> Result<(PathBuf, String), TaskError> {
    let sysroot = run::output(Command::new(rustc).args(["--print", "sysroot"]))?;
    let version = run::output(Command::new(rustc).arg("-vV"))?;
    let host = host_of(&version)
        .ok_or_else(|| TaskError::OddCompiler { command: format!("{} -vV", rustc.to_string_lossy()) })?;
    Ok((PathBuf::from(sysroot.trim()), host.to_owned()))
}

fn host_of(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("host: ")).map(str::trim)
}

fn linker_in(sysroot: &Path, host: &str) -> Option<PathBuf> {
    let bin = sysroot.join("lib/rustlib").join(host).join("bin");
    [LINKER.to_owned(), format!("{LINKER}.exe")]
        .into_iter()
        .map(|name| bin.join(name))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read_from_the_verbose_version() {
        let version =
            "rustc 1.95.0 (abc 2026-01-01)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(host_of(version), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(host_of("gcc 12"), None);
    }

    #[test]
    fn a_folder_without_the_linker_has_none() {
        assert_eq!(linker_in(Path::new("/nowhere"), "host"), None);
    }

    #[test]
    fn a_package_that_nobody_made_is_not_installed() {
        assert!(!is_installed("no-such-package-here"));
    }

    #[test]
    fn when_both_ways_fail_both_reasons_are_told() {
        let rustup = TaskError::Rustup { reason: "no network".to_owned() };
        let debian = TaskError::Debian { reason: "no apt-get".to_owned() };
        let both =
            TaskError::NoStandardLibrary { rustup: Box::new(rustup), debian: Box::new(debian) }.to_string();
        assert!(both.contains("no network") && both.contains("no apt-get"), "{both}");
    }
}
