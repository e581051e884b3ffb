//! What was read before, on disk, for one tenant.
//!
//! Reading a page takes seconds, and a preview, the run that carries it out and the run of next month all want the same
//! pages. So a reading is kept under the SHA-256 of the document's bytes and a short name of everything that could read
//! it differently; another document or another reader never meets it. Findings about the file are kept like readings.
//!
//! An entry holds what a certificate says, so it is closed to other users, like the journal beside it. It appears by
//! renaming, so that half an entry is never seen. An entry that is damaged, too large, beyond the contract or not what its
//! name says counts as missing: the document is read again and the entry replaced. Failing to keep one is no failure either.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

use super::contract;
use crate::{
    documents::digest,
    model::ocr::{OcrError, Reading},
};

/// Rises when the shape of an entry or of a reading changes.
const FORMAT: u32 = 1;
/// Largest entry. A reading of the largest permitted size has about half of it.
const MAX_BYTES: u64 = 48 << 20;
/// Characters of a reader's name in a file name.
const READER_DIGITS: usize = 16;

/// A folder of readings.
#[derive(Debug)]
pub struct ReadingCache {
    folder: PathBuf,
}

/// One entry. It names what it is the reading of, because a file name can be changed by anybody who tidies up.
#[derive(Serialize, Deserialize)]
struct Entry {
    format: u32,
    document: String,
    reader: String,
    outcome: Result<Reading, OcrError>,
}

impl ReadingCache {
    /// Readings in this folder, which is made when the first one is kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What this reader made of the document with this SHA-256.
    #[must_use]
    pub fn get(&self, document: &str, reader: &str) -> Option<Result<Reading, OcrError>> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.entry(document, reader)).ok()?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
        if bytes.len() as u64 > MAX_BYTES {
            return None;
        }
        let entry: Entry = serde_json::from_slice(&bytes).ok()?;
        let fits = entry.format == FORMAT
            && entry.document == document
            && entry.reader == reader
            && entry.outcome.as_ref().map_or(true, contract::is_within);
        fits.then_some(entry.outcome)
    }

    /// Keeps what this reader made of the document.
    pub fn put(&self, document: &str, reader: &str, outcome: &Result<Reading, OcrError>) {
        let entry = Entry {
            format: FORMAT,
            document: document.to_owned(),
            reader: reader.to_owned(),
            outcome: outcome.clone(),
        };
        let Ok(bytes) = serde_json::to_vec(&entry) else { return };
        if bytes.len() as u64 > MAX_BYTES {
            return;
        }
        // Not kept is read again; there is nobody to tell and nothing to do about it.
        let _ = self.write(document, reader, &bytes);
    }

    fn write(&self, document: &str, reader: &str, bytes: &[u8]) -> io::Result<()> {
        static DRAFTS: AtomicU64 = AtomicU64::new(0);
        create_folder(&self.folder)?;
        let entry = self.entry(document, reader);
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = entry.with_extension(format!("{}-{number}.draft", std::process::id()));
        let written = private().open(&draft).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let done = written.and_then(|()| fs::rename(&draft, &entry));
        if done.is_err() {
            let _ = fs::remove_file(&draft);
        }
        done
    }

    fn entry(&self, document: &str, reader: &str) -> PathBuf {
        let reader: String = digest(reader.as_bytes()).chars().take(READER_DIGITS).collect();
        self.folder.join(format!("{document}-{reader}.json"))
    }
}

#[cfg(unix)]
fn create_folder(folder: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &std::path::Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ocr::{Rectangle, TextPage, Word, WordSource};

    fn outcome() -> Result<Reading, OcrError> {
        let area = Rectangle { left: 0.1, top: 7e-5, right: 611.99, bottom: 1.0 / 3.0 };
        let word =
            Word { text: "Käufer".into(), area, confidence: 0.123_456_79, source: WordSource::Recognition };
        let page =
            TextPage { width: 612.0, height: 792.0, words: vec![word], marks: Vec::new(), turned: -0.3 };
        Ok(Reading { pages: vec![page], fields: Vec::new(), reader: "made up 1".into() })
    }

    fn cache() -> (tempfile::TempDir, ReadingCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = ReadingCache::new(folder.path().join("data").join("readings"));
        (folder, cache)
    }

    #[test]
    fn what_was_kept_comes_back_unchanged_for_this_document_and_reader_only() {
        let (_folder, cache) = cache();
        assert_eq!(cache.get("d1", "reader 1"), None);
        cache.put("d1", "reader 1", &outcome());
        assert_eq!(cache.get("d1", "reader 1"), Some(outcome()));
        assert_eq!(cache.get("d1", "reader 2"), None);
        assert_eq!(cache.get("d2", "reader 1"), None);
        let finding = Err(OcrError::Unreadable("empty".into()));
        cache.put("d1", "reader 1", &finding);
        assert_eq!(cache.get("d1", "reader 1"), Some(finding));
    }

    #[test]
    fn an_entry_that_is_damaged_or_another_one_counts_as_missing() {
        let (_folder, cache) = cache();
        cache.put("d1", "reader", &outcome());
        let path = cache.entry("d1", "reader");
        let good = fs::read(&path).unwrap();
        fs::write(&path, &good[..good.len() / 2]).unwrap();
        assert_eq!(cache.get("d1", "reader"), None);
        fs::write(cache.entry("d2", "reader"), &good).unwrap();
        assert_eq!(cache.get("d2", "reader"), None);
        fs::write(&path, String::from_utf8(good).unwrap().replace("\"format\":1", "\"format\":0")).unwrap();
        assert_eq!(cache.get("d1", "reader"), None);
        let beyond = String::from_utf8(fs::read(cache.entry("d2", "reader")).unwrap()).unwrap();
        fs::write(&path, beyond.replace("611.99", "-611.99")).unwrap();
        assert_eq!(cache.get("d1", "reader"), None, "right of its left edge");
        fs::File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(cache.get("d1", "reader"), None);
        cache.put("d1", "reader", &outcome());
        assert_eq!(cache.get("d1", "reader"), Some(outcome()));
    }

    #[cfg(unix)]
    #[test]
    fn entries_are_closed_to_other_users_and_leave_no_drafts() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, cache) = cache();
        cache.put("d1", "reader", &outcome());
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&cache.entry("d1", "reader")), 0o600);
        assert_eq!(mode(&cache.folder), 0o700);
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_costs_nothing_but_the_memory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = ReadingCache::new(file.path().join("readings"));
        cache.put("d1", "reader", &outcome());
        assert_eq!(cache.get("d1", "reader"), None);
    }
}
