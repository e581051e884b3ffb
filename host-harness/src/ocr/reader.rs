//! One reader for all tenants of a host: native or sandboxed, and never more at once than the machine has cores.
//!
//! What can be said about a file is a [`Finding`] and holds whenever the file is read again. What can only be said about
//! this moment or this host (the time ran out, the component is not there, the engine failed) is kept apart from it in
//! [`ReadError`], because only the former may be remembered.
//!
//! The component is loaded when the first document comes, since most commands read none.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use document_reader::{
    PagePicture,
    limits::Limits,
    model::{Finding, Reading},
};

use super::{
    native,
    recognition::{Recognition, Watched},
    sandbox::Sandbox,
};
pub use crate::{config::ReaderMode, model::documents::PageRange};

/// What a host decides about reading.
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// Where documents are taken apart.
    pub mode: ReaderMode,
    /// The component `document_reader.wasm`; needed unless `mode` is native.
    pub component: Option<PathBuf>,
    /// Where compiled components are kept, see [`EngineOptions::cache`](crate::engine::EngineOptions::cache).
    pub cache: Option<PathBuf>,
    /// What turns pictures into words.
    pub recognition: Arc<Recognition>,
    /// Longest time for one document, recognition excluded.
    pub deadline: Duration,
    /// Most memory that a sandboxed reader gets for one document.
    pub memory_bytes: usize,
    /// Documents that are read at once.
    pub at_once: usize,
}

impl Default for ReaderOptions {
    /// Sandboxed, without a component and without recognition: a host names at least the component.
    fn default() -> Self {
        Self {
            mode: ReaderMode::default(),
            component: None,
            cache: None,
            recognition: Arc::new(Recognition::none()),
            deadline: Duration::from_secs(60),
            memory_bytes: 768 << 20,
            at_once: available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Why a document was not read, or not copied. The texts need no capital.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A fact of the file; it will be the same next time.
    #[error(transparent)]
    Finding(#[from] Finding),
    /// Its time was over. On an idle machine it may be enough.
    #[error("the document cannot be read: it took longer than {} seconds", .0.as_secs_f32())]
    OverTime(Duration),
    /// The host cannot read it as things are; the text says what to do.
    #[error("{0}")]
    Unavailable(String),
}

/// Reads documents, draws their pages and makes copies to hand on. All functions block; call them on a thread for
/// blocking work.
#[derive(Debug)]
pub struct DocumentReader {
    options: ReaderOptions,
    sandbox: OnceLock<Result<Sandbox, String>>,
    places: Places,
}

impl DocumentReader {
    /// Sets up a reader; nothing is loaded yet.
    #[must_use]
    pub fn new(options: ReaderOptions) -> Self {
        let places = Places::new(options.at_once);
        Self { options, sandbox: OnceLock::new(), places }
    }

    /// Tells this reader from every other that might read differently: goes into the names of what is remembered.
    ///
    /// # Errors
    /// When the sandboxed reader cannot be loaded.
    pub fn identity(&self) -> Result<String, ReadError> {
        let code = match self.sandbox()? {
            Some(sandbox) => sandbox.digest().to_owned(),
            None => native::identity(),
        };
        let engine = self.options.recognition.name();
        Ok(format!("{code} {}", engine.as_deref().unwrap_or("without recognition")))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&self, bytes: &[u8]) -> Result<Reading, ReadError> {
        let watched = Watched::new(Arc::clone(&self.options.recognition));
        let sandbox = self.ready(bytes)?;
        let _place = self.places.take();
        let reading = match sandbox {
            Some(sandbox) => sandbox.read(bytes, &watched, self.options.deadline),
            None => native::run(bytes, &watched, self.options.deadline, |bytes, watched| {
                document_reader::read(bytes, watched.recogniser(), &Limits::default())
            }),
        };
        match (watched.failure(), reading) {
            // Whatever the reader made of it, it was no fact of the file.
            (Some(failure), _) => Err(ReadError::Unavailable(failure)),
            (None, Err(ReadError::Finding(Finding::NeedsRecogniser(text)))) => {
                let help = self.options.recognition.help();
                Err(Finding::NeedsRecogniser(format!("{text}; {help}")).into())
            }
            (None, reading) => reading,
        }
    }

    /// Draws a page, from 0, upright and straight. `turned` is that of the page in the reading, which the picture then
    /// agrees with.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn picture(&self, bytes: &[u8], page: u32, turned: Option<f32>) -> Result<PagePicture, ReadError> {
        let sandbox = self.ready(bytes)?;
        let _place = self.places.take();
        let deadline = self.options.deadline;
        match sandbox {
            Some(sandbox) => sandbox.picture(bytes, page, turned, deadline),
            None => native::run(bytes, &Watched::idle(), deadline, move |bytes, _| {
                document_reader::picture(bytes, number(page), turned, &Limits::default())
            }),
        }
    }

    /// Makes a PDF of some pages, or of all, that can be handed on.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn upload_copy(&self, bytes: &[u8], pages: Option<PageRange>) -> Result<Vec<u8>, ReadError> {
        let sandbox = self.ready(bytes)?;
        let _place = self.places.take();
        let deadline = self.options.deadline;
        match sandbox {
            Some(sandbox) => sandbox.upload_copy(bytes, pages, deadline),
            None => native::run(bytes, &Watched::idle(), deadline, move |bytes, _| {
                let pages = pages.map(|pages| (number(pages.first), number(pages.count)));
                document_reader::upload_copy(bytes, pages, &Limits::default())
            }),
        }
    }

    /// What every document goes through first, before it costs anything.
    fn ready(&self, bytes: &[u8]) -> Result<Option<&Sandbox>, ReadError> {
        let limit = Limits::default().bytes;
        if bytes.len() as u64 > limit {
            let text = format!("the document is larger than {} MiB, the limit for reading", limit >> 20);
            return Err(Finding::TooLarge(text).into());
        }
        self.sandbox()
    }

    /// The sandbox; none if documents are read natively.
    fn sandbox(&self) -> Result<Option<&Sandbox>, ReadError> {
        if self.options.mode == ReaderMode::Native {
            return Ok(None);
        }
        match self.sandbox.get_or_init(|| Sandbox::load(&self.options)) {
            Ok(sandbox) => Ok(Some(sandbox)),
            Err(text) => Err(ReadError::Unavailable(text.clone())),
        }
    }
}

pub(super) fn number(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Places for documents that are being read. Reading a page takes all of a core and much memory, so that more at once
/// than there are cores would only make each of them miss its deadline.
#[derive(Debug)]
struct Places {
    free: Mutex<usize>,
    returned: Condvar,
}

/// A place, given back when dropped.
struct Place<'a>(&'a Places);

impl Places {
    fn new(count: usize) -> Self {
        Self { free: Mutex::new(count.max(1)), returned: Condvar::new() }
    }

    fn take(&self) -> Place<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            self.returned.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_documents_are_read_at_once_than_there_are_places() {
        let (places, inside, most) = (Places::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let _place = places.take();
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_missing_component_is_named_with_what_to_run_and_says_nothing_about_the_file() {
        let named =
            ReaderOptions { component: Some("no/such/reader.wasm".into()), ..ReaderOptions::default() };
        for (options, word) in [(named, "no/such/reader.wasm"), (ReaderOptions::default(), "--reader native")]
        {
            let answer = DocumentReader::new(options).read(b"%PDF-1.7");
            assert!(
                matches!(answer, Err(ReadError::Unavailable(ref text)) if text.contains(word) && text.contains("cargo xtask component")),
                "{answer:?}"
            );
        }
    }

    #[test]
    fn a_document_beyond_the_limit_is_refused_before_anything_is_loaded() {
        let answer = DocumentReader::new(ReaderOptions::default()).read(&vec![0; 26 << 20]);
        assert!(
            matches!(answer, Err(ReadError::Finding(Finding::TooLarge(ref text))) if text.contains("25 MiB")),
            "{answer:?}"
        );
    }
}
