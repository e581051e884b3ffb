//! A journal that kills its own process.
//!
//! The program of the sweep is the real command with this put around its journal. At one append, counted from the start
//! of the process and named by an environment variable, the process ends by SIGKILL: before the entries are handed on,
//! or right after they are durable. Nothing is cleaned up, as when the power goes.

use std::{
    fs::File,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use host_harness::{
    cli::session::JournalWrap,
    journal::Journal,
    model::journal::{Entry, JournalError, Query, StoredEntry},
};

/// Variable that names the append to be killed at, as `17:before` or `17:after`.
pub const KILL_VARIABLE: &str = "ENDURANCE_KILL";
/// Variable that names the file which gets one byte for each append.
pub const COUNT_VARIABLE: &str = "ENDURANCE_COUNT";

/// On which side of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Nothing of it is durable.
    Before,
    /// All of it is durable, and nobody knows.
    After,
}

impl Side {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    /// The side of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Before, Self::After].into_iter().find(|side| side.name() == name)
    }
}

/// Puts the journal that the environment asks for around the real one; none where it asks for nothing.
#[must_use]
pub fn of_environment() -> Option<JournalWrap> {
    let kill = std::env::var(KILL_VARIABLE).ok().and_then(|text| {
        let (number, side) = text.split_once(':')?;
        Some((number.parse().ok()?, Side::named(side)?))
    });
    let count = std::env::var_os(COUNT_VARIABLE).map(PathBuf::from).and_then(|path| File::create(path).ok());
    if kill.is_none() && count.is_none() {
        return None;
    }
    let count = count.map(|file| Arc::new(Mutex::new(file)));
    Some(JournalWrap(Arc::new(move |inner| {
        Arc::new(Killing { inner, kill, count: count.clone(), appends: AtomicU64::new(0) })
    })))
}

struct Killing {
    inner: Arc<dyn Journal>,
    kill: Option<(u64, Side)>,
    count: Option<Arc<Mutex<File>>>,
    appends: AtomicU64,
}

#[async_trait::async_trait]
impl Journal for Killing {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        let number = self.appends.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(count) = &self.count {
            let mut file = count.lock().unwrap_or_else(PoisonError::into_inner);
            // A count that is not written shows as a point that never comes.
            let _counted = file.write_all(b".");
        }
        if self.kill == Some((number, Side::Before)) {
            die();
        }
        let appended = self.inner.append(entries).await;
        if self.kill == Some((number, Side::After)) {
            die();
        }
        appended
    }

    async fn read(&self, query: Query) -> Result<Vec<StoredEntry>, JournalError> {
        self.inner.read(query).await
    }

    async fn rest(&self) {
        self.inner.rest().await;
    }
}

/// Ends this process as if the power had gone.
fn die() {
    // The signal cannot be caught; the loop only covers the moment until it arrives.
    let _sent = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}
