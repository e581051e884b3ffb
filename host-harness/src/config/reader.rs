//! The table `[reader]`: how documents are read, for all tenants of the host.
//!
//! It belongs to the host and not to a tenant, because the networks are held in memory once and the sandbox is the same
//! for everybody. Leaving the table out is the usual thing to do.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

use super::{ConfigError, check::line_at, raw};

/// Where documents are taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReaderMode {
    /// Inside a component that can reach nothing.
    #[default]
    Sandboxed,
    /// Inside this process: faster, and for documents that are trusted.
    Native,
}

/// What turns the picture of a page into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecognitionEngine {
    /// The neural networks that `cargo xtask setup` fetches.
    #[default]
    Networks,
    /// The program Tesseract.
    Tesseract,
    /// Nothing: only text layers and form fields are read.
    None,
}

/// How documents are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderConfig {
    /// Where documents are taken apart.
    pub mode: ReaderMode,
    /// What turns pictures into words.
    pub engine: RecognitionEngine,
    /// Folder of the networks; none takes the folder that set-up fills.
    pub models: Option<PathBuf>,
    /// The program Tesseract: a name to look up, or a path.
    pub tesseract: PathBuf,
    /// Threads of the networks; none takes as many as the machine has.
    pub threads: Option<usize>,
    /// Longest time for one document, recognition excluded.
    pub deadline: Duration,
    /// The component that reads; none takes the one built in this workspace.
    pub component: Option<PathBuf>,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self {
            mode: ReaderMode::default(),
            engine: RecognitionEngine::default(),
            models: None,
            tesseract: PathBuf::from("tesseract"),
            threads: None,
            deadline: Duration::from_secs(60),
            component: None,
        }
    }
}

/// Checks the table. Relative paths are relative to `folder`.
pub(super) fn check(
    raw: raw::Reader,
    path: &Path,
    text: &str,
    folder: &Path,
) -> Result<ReaderConfig, ConfigError> {
    let fail = |place: usize, message: String| ConfigError::Host {
        path: path.to_path_buf(),
        line: line_at(text, place),
        table: "reader",
        message,
    };
    let number = |key: &str, value: Option<Spanned<u32>>, range: RangeInclusive<u32>| match value {
        Some(value) if !range.contains(value.get_ref()) => Err(fail(
            value.span().start,
            format!("`{key}` is {}; it has to be from {} to {}", value.get_ref(), range.start(), range.end()),
        )),
        value => Ok(value.map(Spanned::into_inner)),
    };
    let usual = ReaderConfig::default();
    let tesseract = match raw.tesseract {
        Some(program) if program.get_ref().trim().is_empty() => {
            let message = "`tesseract` is the name or the path of a program; leave it out for \"tesseract\"";
            return Err(fail(program.span().start, message.to_owned()));
        }
        // A bare name is looked up where programs are; anything with a folder in it is a path.
        Some(program) if program.get_ref().contains(['/', '\\']) => folder.join(program.into_inner()),
        Some(program) => PathBuf::from(program.into_inner()),
        None => usual.tesseract,
    };
    Ok(ReaderConfig {
        mode: raw.mode,
        engine: raw.engine,
        models: raw.models.map(|models| folder.join(models)),
        tesseract,
        threads: number("threads", raw.threads, 1..=64)?.and_then(|count| usize::try_from(count).ok()),
        deadline: number("deadline-seconds", raw.deadline_seconds, 1..=3_600)?
            .map_or(usual.deadline, |seconds| Duration::from_secs(seconds.into())),
        component: raw.component.map(|component| folder.join(component)),
    })
}
