//! Two small files beside a journal.
//!
//! `journal.sqlite.lock` is locked by the one process that writes. The lock belongs to the open file, so the operating
//! system takes it back however the process ends, and a file that was left behind is in nobody's way. Inside stands who
//! holds it, for the sentence that the second process prints; nothing is decided by it.
//!
//! `journal.sqlite.head` names the last entry and its link, written after each append. A journal that no longer holds
//! that entry has lost its end: its write-ahead file was thrown away or damaged, which SQLite cannot tell from a commit
//! that never came to its end, or an older copy was put in its place. The note may be older than the journal but never
//! newer, so it needs no waiting for the disk, and one that is missing or unreadable only proves nothing.

use std::{
    fmt,
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::chain::Head;

/// No file of ours is longer.
const LONGEST: u64 = 200;

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Number of the process.
    pub process: u32,
    /// Since when.
    pub since: jiff::Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Seconds are as much as a person needs.
        let since = jiff::Timestamp::from_second(self.since.as_second()).unwrap_or(self.since);
        write!(f, "process {}, at work since {since}", self.process)
    }
}

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum NotLocked {
    /// Another process has it.
    Held(Option<Holder>),
    /// The file cannot be made or locked.
    Failed(io::Error),
}

/// The lock of a journal, held as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    // Held for its effect.
    _file: File,
}

impl Lock {
    /// Takes the lock of the journal at `path`.
    pub(super) fn take(path: &Path) -> Result<Self, NotLocked> {
        let mut file = private_file(&beside(path, "lock")).map_err(NotLocked::Failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NotLocked::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(NotLocked::Failed(error)),
        }
        // Who holds it is a courtesy; on a full disk the run says so at its first entry.
        let _ = overwrite(&mut file, &format!("{} {}\n", std::process::id(), jiff::Timestamp::now()));
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> Option<Holder> {
    let text = content(file)?;
    let (process, since) = text.trim().split_once(' ')?;
    Some(Holder { process: process.parse().ok()?, since: since.parse().ok()? })
}

/// The note of the last entry.
#[derive(Debug)]
pub(super) struct Note(File);

impl Note {
    /// Opens or makes the note of the journal at `path`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        private_file(&beside(path, "head")).map(Self)
    }

    /// Writes down the last entry.
    pub(super) fn write(&mut self, head: Head) {
        // The entry itself is safe by now, and a note that stays behind proves less but nothing wrong.
        let _ = overwrite(&mut self.0, &format!("{head}\n"));
    }
}

/// The entry that the journal at `path` is known to have had, if that was noted.
pub(super) fn noted(path: &Path) -> Option<Head> {
    content(&mut File::open(beside(path, "head")).ok()?)?.parse().ok()
}

fn content(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

fn overwrite(file: &mut File, text: &str) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    // Numbers only grow while a note lives, so nothing of the one before is left in between.
    file.set_len(text.len() as u64)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Opens a file for writing, made readable for its owner only if it is new.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_was_first_and_a_lock_left_behind_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        std::fs::write(beside(&path, "lock"), "4194304 2001-02-03T04:05:06.789Z\nand much more\n").unwrap();
        let first = Lock::take(&path).unwrap();
        let Err(NotLocked::Held(Some(holder))) = Lock::take(&path) else { panic!("two hold it") };
        assert_eq!(holder.process, std::process::id());
        let said = Holder { process: 7, since: "2001-02-03T04:05:06.789Z".parse().unwrap() }.to_string();
        assert_eq!(said, "process 7, at work since 2001-02-03T04:05:06Z");
        drop(first);
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn a_holder_that_cannot_be_read_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let _first = Lock::take(&path).unwrap();
        for text in ["", "x y", "-1 2001-02-03T04:05:06Z", "7 yesterday", &"9".repeat(10_000)] {
            std::fs::write(beside(&path, "lock"), text).unwrap();
            assert!(matches!(Lock::take(&path), Err(NotLocked::Held(None))), "{text:.20}");
        }
    }

    #[test]
    fn a_note_is_read_back_and_a_damaged_one_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        assert_eq!(noted(&path), None);
        let mut note = Note::open(&path).unwrap();
        let head = Head { sequence: 1_000_000, link: [9; 32] };
        note.write(head);
        assert_eq!(noted(&path), Some(head));
        note.write(Head { sequence: 3, ..head });
        assert_eq!(noted(&path).map(|head| head.sequence), Some(3));
        std::fs::write(beside(&path, "head"), [0; 80]).unwrap();
        assert_eq!(noted(&path), None);
    }
}
