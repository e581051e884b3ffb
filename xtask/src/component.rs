//! Building the component and putting it where the host, the tests and people look for it.
//!
//! The build has a target folder and compiler flags of its own, so that it neither disturbs the host's build nor is
//! bent by what a developer set for it. Paths of the machine are cut out of the result: a component says where it
//! trapped, not in whose home it was compiled.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::TaskError,
    run::{self, step},
    toolchain::{self, TARGET, Toolchain},
};

const PACKAGE: &str = "ecms-onboarding";
const FILE: &str = "ecms_onboarding.wasm";
const PROFILE: &str = "component";
/// The first bytes of a component; a plain module has `1 0 0 0` in the second half.
const COMPONENT_HEADER: [u8; 8] = [0x00, b'a', b's', b'm', 0x0d, 0x00, 0x01, 0x00];

/// Builds the component and gives the path of the file.
pub(crate) fn build(
    root: &Path,
    wish: Option<toolchain::Source>,
    out: Option<&Path>,
) -> Result<PathBuf, TaskError> {
    let toolchain = toolchain::prepare(wish)?;
    step("building the component");
    let target_dir = root.join("target").join("wasm");
    run::run(&mut command(root, &toolchain, &target_dir))?;

    let built = target_dir.join(TARGET).join(PROFILE).join(FILE);
    let out = out.map_or_else(|| root.join("target").join("component").join(FILE), Path::to_path_buf);
    let bytes =
        fs::read(&built).map_err(|source| TaskError::File { path: built.clone(), action: "read", source })?;
    if !bytes.starts_with(&COMPONENT_HEADER) {
        return Err(TaskError::NoComponent { path: built });
    }
    put(&out, &bytes)?;
    let shown = out.strip_prefix(root).unwrap_or(&out);
    step(&format!("component: {} ({})", shown.display(), size(bytes.len())));
    Ok(out)
}

fn command(root: &Path, toolchain: &Toolchain, target_dir: &Path) -> Command {
    let mut command = Command::new(&toolchain.cargo);
    command
        .current_dir(root)
        .arg("build")
        .args(toolchain.arguments)
        .args([
            "--locked",
            "--package",
            PACKAGE,
            "--lib",
            "--profile",
            PROFILE,
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target_dir)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &toolchain.linker)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root, &toolchain.sysroot))
        // cargo points this at the libraries of the compiler that runs us, which may not be the one that builds.
        .env_remove("LD_LIBRARY_PATH")
        .envs(toolchain.variables.iter().map(|(name, value)| (name, value)));
    command
}

/// Compiler flags, separated as cargo wants them where a path may hold spaces.
fn flags(root: &Path, sysroot: &Path) -> OsString {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    // The toolchain's own WASI adapter, of which nothing is used, would lift the versions of what we import to its own.
    let mut flags = OsString::from("-Clink-arg=--wasi-adapter=none");
    let mut remap = |from: &Path, to: &str| {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(from);
        flags.push(OsStr::new("="));
        flags.push(to);
    };
    remap(sysroot, "rust");
    if let Some(home) = cargo_home {
        remap(&home, "cargo");
    }
    // Last, because the last match counts and the workspace may lie below one of the others.
    remap(root, "onboarding");
    flags
}

/// Writes the file in one go, and leaves one with the same bytes alone, so that its age tells when it changed.
fn put(path: &Path, bytes: &[u8]) -> Result<(), TaskError> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let failed = |source| TaskError::File { path: path.to_path_buf(), action: "written", source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut draft = path.as_os_str().to_os_string();
    draft.push(".partial");
    fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path)).map_err(failed)
}

fn size(bytes: usize) -> String {
    format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_kibibytes() {
        assert_eq!(size(0), "0.0 KiB");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(2047), "1.9 KiB");
    }

    #[test]
    fn the_workspace_is_cut_out_after_everything_else() {
        let flags = flags(Path::new("/a b/ws"), Path::new("/toolchain"));
        let text = flags.to_str().unwrap();
        assert!(
            text.starts_with("-Clink-arg=--wasi-adapter=none\u{1f}--remap-path-prefix=/toolchain=rust\u{1f}"),
            "{text}"
        );
        assert!(text.ends_with("\u{1f}--remap-path-prefix=/a b/ws=onboarding"), "{text}");
    }

    #[test]
    fn an_equal_file_is_not_written_again() {
        let folder = env::temp_dir().join(format!("xtask-put-{}", std::process::id()));
        let path = folder.join("deep").join("file.wasm");
        put(&path, b"one").unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        put(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        put(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        fs::remove_dir_all(&folder).unwrap();
    }
}
