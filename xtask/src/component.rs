//! Building the components and putting them where the host, the tests and people look for them.
//!
//! There are two: the onboarding component, built small, and the reader of documents, built fast. The build has a target
//! folder and compiler flags of its own, so that it neither disturbs the host's build nor is bent by what a developer set
//! for it. Paths of the machine are cut out of the result: a component says where it trapped, not in whose home it was
//! compiled.

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

/// A component to build.
struct Part {
    /// What is said about it.
    name: &'static str,
    package: &'static str,
    /// What cargo calls the file.
    built: &'static str,
    /// What it is called in its place.
    file: &'static str,
    profile: &'static str,
    /// Compiler flags beside those that both get.
    flags: &'static [&'static str],
}

const ONBOARDING: Part = Part {
    name: "component",
    package: "ecms-onboarding",
    built: "ecms_onboarding.wasm",
    file: "ecms_onboarding.wasm",
    profile: "component",
    // SHA-256 as a loop: a plan is hashed once, and unrolled it would be six times as long.
    flags: &["--cfg=sha2_backend_soft=\"compact\""],
};

const READER: Part = Part {
    name: "document reader",
    package: "document-reader-component",
    built: "document_reader_component.wasm",
    file: "document_reader.wasm",
    profile: "reader-component",
    // Pictures are worked on many pixels at a time; and parsers of nested documents need a deeper stack than the 1 MiB
    // that the linker gives.
    flags: &["-Ctarget-feature=+simd128", "-Clink-arg=-z", "-Clink-arg=stack-size=8388608"],
};

/// Guests that misbehave, for trying the sandbox.
const GUESTS: Part = Part {
    name: "hostile guests",
    package: "hostile-guests",
    built: "hostile_guests.wasm",
    file: "hostile_guests.wasm",
    profile: "component",
    flags: &[],
};

/// The first bytes of a component; a plain module has `1 0 0 0` in the second half.
const COMPONENT_HEADER: [u8; 8] = [0x00, b'a', b's', b'm', 0x0d, 0x00, 0x01, 0x00];

/// Id of a section that runs nothing.
const CUSTOM_SECTION: u8 = 0;

/// Builds both components. `out` is another place for the onboarding component; the reader goes beside it.
pub(crate) fn build(
    root: &Path,
    wish: Option<toolchain::Source>,
    out: Option<&Path>,
) -> Result<(), TaskError> {
    let toolchain = toolchain::prepare(wish)?;
    let out =
        out.map_or_else(|| root.join("target").join("component").join(ONBOARDING.file), Path::to_path_buf);
    make(root, &toolchain, &ONBOARDING, &out)?;
    make(root, &toolchain, &READER, &out.with_file_name(READER.file))
}

/// Builds the guests that misbehave.
pub(crate) fn build_guests(root: &Path, wish: Option<toolchain::Source>) -> Result<(), TaskError> {
    let out = root.join("target").join("component").join(GUESTS.file);
    make(root, &toolchain::prepare(wish)?, &GUESTS, &out)
}

fn make(root: &Path, toolchain: &Toolchain, part: &Part, out: &Path) -> Result<(), TaskError> {
    step(&format!("building the {}", part.name));
    let target_dir = root.join("target").join("wasm");
    run::run(&mut command(root, toolchain, part, &target_dir))?;

    let built = target_dir.join(TARGET).join(part.profile).join(part.built);
    let bytes =
        fs::read(&built).map_err(|source| TaskError::File { path: built.clone(), action: "read", source })?;
    if !bytes.starts_with(&COMPONENT_HEADER) {
        return Err(TaskError::NoComponent { path: built });
    }
    let bytes = without_names(&bytes).unwrap_or(bytes);
    put(out, &bytes)?;
    let shown = out.strip_prefix(root).unwrap_or(out);
    step(&format!("{}: {} ({})", part.name, shown.display(), size(bytes.len())));
    Ok(())
}

fn command(root: &Path, toolchain: &Toolchain, part: &Part, target_dir: &Path) -> Command {
    let mut command = Command::new(&toolchain.cargo);
    command
        .current_dir(root)
        .arg("rustc")
        .args(toolchain.arguments)
        .args([
            "--locked",
            "--package",
            part.package,
            "--lib",
            // Without the library for native tests, which the package is as well: what that one offers to others would
            // be kept in the component, a seventh of its size.
            "--crate-type",
            "cdylib",
            "--profile",
            part.profile,
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target_dir)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &toolchain.linker)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root, &toolchain.sysroot, part.flags))
        // cargo points this at the libraries of the compiler that runs us, which may not be the one that builds.
        .env_remove("LD_LIBRARY_PATH")
        .envs(toolchain.variables.iter().map(|(name, value)| (name, value)));
    command
}

/// Compiler flags, separated as cargo wants them where a path may hold spaces.
fn flags(root: &Path, sysroot: &Path, more: &[&str]) -> OsString {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    // The toolchain's own WASI adapter, of which nothing is used, would lift the versions of what we import to its own.
    let mut flags = OsString::from("-Clink-arg=--wasi-adapter=none");
    for flag in more {
        flags.push("\u{1f}");
        flags.push(flag);
    }
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

/// The component without its section of names, which only tools that print components read. None if it is cut off.
fn without_names(component: &[u8]) -> Option<Vec<u8>> {
    let (head, mut rest) = component.split_at_checked(COMPONENT_HEADER.len())?;
    let mut kept = head.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (size, content) = number(after)?;
        let (content, next) = content.split_at_checked(size)?;
        let section = rest.get(..rest.len() - next.len())?;
        let names = *id == CUSTOM_SECTION && {
            let (length, name) = number(content)?;
            name.get(..length)? == b"component-name"
        };
        if !names {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

/// A size as WebAssembly writes it, seven bits a byte from the lowest on, and what stands behind it.
fn number(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes));
        }
    }
    None
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
    fn names_are_taken_out_and_nothing_else() {
        let section = |id: u8, content: &[u8]| [&[id, 0x80 | content.len() as u8, 0], content].concat();
        let custom = |name: &str| section(0, &[&[name.len() as u8], name.as_bytes(), b"\x01\x02"].concat());
        let (code, other) = (section(1, b"\x0ecomponent-name"), custom("producers"));
        let header = COMPONENT_HEADER.to_vec();
        let whole = [header.clone(), custom("component-name"), code.clone(), other.clone()].concat();
        assert_eq!(without_names(&whole), Some([header, code, other].concat()));
        assert_eq!(without_names(&whole[..whole.len() - 1]), None);
        assert_eq!(without_names(b"\0asm"), None);
    }

    #[test]
    fn the_workspace_is_cut_out_after_everything_else() {
        let flags = flags(Path::new("/a b/ws"), Path::new("/toolchain"), &["-Cx"]);
        let text = flags.to_str().unwrap();
        assert!(
            text.starts_with(
                "-Clink-arg=--wasi-adapter=none\u{1f}-Cx\u{1f}--remap-path-prefix=/toolchain=rust\u{1f}"
            ),
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
