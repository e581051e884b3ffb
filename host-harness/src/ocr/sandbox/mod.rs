//! Reading inside a sandbox of its own.
//!
//! The reader is a component that can name nothing but the host's recognition. Each document gets a fresh store and
//! instance, so that one file cannot leave anything behind for the next, on a thread of its own with room for parsers
//! that nest. Three bounds end it: the memory that its store may have, the clock that interrupts it wherever it is, and
//! the bytes it may hand to the host at once. Each of them, and every trap, becomes a sentence about the document.
//!
//! The engine is another one than that of the onboarding component, because a reader needs a deep stack and no pool: it
//! runs for seconds, and setting up its memory takes microseconds.

mod bindings;
mod convert;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use document_reader::{
    PagePicture,
    model::{Finding, Reading, Recogniser as _},
};
use wasmtime::{
    Config, Engine, Store, Trap, UpdateDeadline,
    component::{Component, HasData, Linker},
};

use self::bindings::{
    DocumentReader, DocumentReaderPre, ecms::document_reader::recognition,
    exports::ecms::document_reader::reading,
};
use super::{
    reader::{ReadError, ReaderOptions},
    recognition::Watched,
};
use crate::{
    documents,
    engine::{Ticker, cache::CompiledCache},
    error::plain,
    limits::Limits,
    model::documents::PageRange,
    plugin,
    store::{self, Usage},
};

/// Stack of the component.
const WASM_STACK: usize = 12 << 20;
/// Stack of the thread it runs on: the component's, and what the host does on top of it.
const THREAD_STACK: usize = WASM_STACK + (4 << 20);
/// Elements of all tables: functions that are called by pointer.
const TABLE_ELEMENTS: usize = 100_000;
/// Bytes that the component may hand over at once: the copy of a document, or the picture of a page.
const HANDED_OVER: usize = 128 << 20;
/// Longest sentence that is taken from a reader, in characters.
const SENTENCE: usize = 1_000;

/// A loaded reader.
pub(super) struct Sandbox {
    engine: Engine,
    pre: DocumentReaderPre<State>,
    digest: String,
    memory: usize,
    // Dropped for its effect: the clock thread ends.
    _ticker: Ticker,
}

/// What one document works on.
struct State {
    watched: Arc<Watched>,
    usage: Usage,
}

impl Sandbox {
    /// Loads the component; a failure is a sentence for people.
    pub(super) fn load(options: &ReaderOptions) -> Result<Self, String> {
        let Some(path) = &options.component else {
            return Err(
                "documents are read inside a sandbox, and its component document_reader.wasm is not here: \
                        build it with `cargo xtask component`, or read natively with --reader native"
                    .to_owned(),
            );
        };
        let bytes =
            plugin::read(path, Limits::default().component_bytes).map_err(|error| error.to_string())?;
        let digest = documents::digest(&bytes);
        let broken = |error: wasmtime::Error| {
            format!(
                "the reader {} cannot be used ({}): build it again with `cargo xtask component`",
                path.display(),
                plain(&format!("{error:#}"), 300)
            )
        };
        let engine = engine().map_err(broken)?;
        let cache =
            options.cache.as_ref().and_then(|folder| CompiledCache::open(PathBuf::clone(folder), &engine));
        let component = match cache.as_ref().and_then(|cache| cache.get(&engine, &digest)) {
            Some(component) => component,
            None => {
                let component = plugin::compile(&engine, path, &bytes).map_err(|error| error.to_string())?;
                if let Some(cache) = &cache {
                    cache.put(&digest, &component);
                }
                component
            }
        };
        let pre = link(&engine, &component).map_err(broken)?;
        let ticker = Ticker::start(&engine).map_err(|error| error.to_string())?;
        Ok(Self { engine, pre, digest, memory: options.memory_bytes, _ticker: ticker })
    }

    /// SHA-256 of the component.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn read(
        &self,
        bytes: &[u8],
        watched: &Arc<Watched>,
        deadline: Duration,
    ) -> Result<Reading, ReadError> {
        self.run(watched, deadline, |reader, store| {
            reader.ecms_document_reader_reading().call_read(store, bytes)
        })
        .map(convert::reading)
    }

    pub(super) fn picture(
        &self,
        bytes: &[u8],
        page: u32,
        turned: Option<f32>,
        deadline: Duration,
    ) -> Result<PagePicture, ReadError> {
        let found = self.run(&Watched::idle(), deadline, |reader, store| {
            reader.ecms_document_reader_reading().call_picture(store, bytes, page, turned)
        })?;
        convert::page_picture(found).ok_or_else(|| broken("its reader gave a picture that is none"))
    }

    pub(super) fn upload_copy(
        &self,
        bytes: &[u8],
        pages: Option<PageRange>,
        deadline: Duration,
    ) -> Result<Vec<u8>, ReadError> {
        let pages = pages.map(|pages| reading::PageRange { first: pages.first, count: pages.count });
        self.run(&Watched::idle(), deadline, |reader, store| {
            reader.ecms_document_reader_reading().call_upload_copy(store, bytes, pages)
        })
    }

    /// Runs one call in a fresh instance.
    fn run<T: Send>(
        &self,
        watched: &Arc<Watched>,
        deadline: Duration,
        call: impl FnOnce(&DocumentReader, &mut Store<State>) -> wasmtime::Result<Result<T, reading::Finding>>
        + Send,
    ) -> Result<T, ReadError> {
        thread::scope(|scope| {
            let work = || {
                let mut store = self.store(watched, deadline);
                let outcome = self.pre.instantiate(&mut store).and_then(|reader| call(&reader, &mut store));
                match outcome {
                    Ok(Ok(value)) => Ok(value),
                    Ok(Err(found)) => Err(ReadError::Finding(tame(convert::finding(found)))),
                    Err(error) => Err(self.explain(&error, store.data(), deadline)),
                }
            };
            let builder = thread::Builder::new().name("document-reader".to_owned()).stack_size(THREAD_STACK);
            let thread = builder.spawn_scoped(scope, work).map_err(|error| {
                let text = format!("no thread could be started to read the document ({error}); try again");
                ReadError::Unavailable(text)
            })?;
            thread.join().unwrap_or_else(|_| {
                // A fault of the host's own half; the component ends by traps.
                Err(ReadError::Unavailable("the host broke down over this document; report it".to_owned()))
            })
        })
    }

    fn store(&self, watched: &Arc<Watched>, deadline: Duration) -> Store<State> {
        let limits = Limits {
            memory_bytes: self.memory,
            table_elements: TABLE_ELEMENTS,
            hostcall_fuel: HANDED_OVER,
            deadline,
            ..Limits::default()
        };
        let state = State { watched: Arc::clone(watched), usage: Usage::within(limits) };
        // The networks' time is the host's. The thread is the document's own, so there is nobody to give way to.
        let recognising = |state: &State| state.watched.spent();
        store::bounded(
            &self.engine,
            state,
            &limits,
            |state| &mut state.usage,
            recognising,
            || UpdateDeadline::Continue(1),
        )
    }

    /// Names the cause of a broken call. A component that was refused memory usually ends by some other trap.
    fn explain(&self, error: &wasmtime::Error, state: &State, deadline: Duration) -> ReadError {
        let trap = error.downcast_ref::<Trap>();
        if trap == Some(&Trap::Interrupt) {
            return ReadError::OverTime(deadline);
        }
        if state.usage.memory_refused {
            let limit = self.memory >> 20;
            let text = format!("the document cannot be read: it needs more than {limit} MiB of memory");
            return Finding::TooLarge(text).into();
        }
        if trap == Some(&Trap::StackOverflow) {
            return broken("its parts are nested too deeply");
        }
        if trap.is_none() && error.root_cause().to_string().contains("fuel allocated for hostcalls") {
            let text = format!("what came out of the document is larger than {} MiB", HANDED_OVER >> 20);
            return Finding::TooLarge(text).into();
        }
        broken("it is broken in a way that stopped its reader")
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("digest", &self.digest).finish_non_exhaustive()
    }
}

fn broken(how: &str) -> ReadError {
    Finding::Unreadable(format!("the document cannot be read: {how}")).into()
}

/// Makes a reader's sentence safe to show.
fn tame(finding: Finding) -> Finding {
    match finding {
        Finding::NeedsRecogniser(text) => Finding::NeedsRecogniser(plain(&text, SENTENCE)),
        Finding::Unreadable(text) => Finding::Unreadable(plain(&text, SENTENCE)),
        Finding::TooLarge(text) => Finding::TooLarge(plain(&text, SENTENCE)),
    }
}

fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.concurrency_support(false);
    config.epoch_interruption(true);
    config.async_stack_size(THREAD_STACK);
    config.max_wasm_stack(WASM_STACK);
    Engine::new(&config)
}

/// Links the one import there is. A component that wants more does not link.
fn link(engine: &Engine, component: &Component) -> wasmtime::Result<DocumentReaderPre<State>> {
    let mut linker = Linker::new(engine);
    recognition::add_to_linker::<_, Imports>(&mut linker, |state| state)?;
    DocumentReaderPre::new(linker.instantiate_pre(component)?)
}

struct Imports;

impl HasData for Imports {
    type Data<'a> = &'a mut State;
}

impl recognition::Host for State {
    fn name(&mut self) -> Option<String> {
        self.watched.recogniser().map(|engine| engine.name())
    }

    fn recognise(&mut self, picture: recognition::Grey) -> Result<Vec<recognition::Seen>, String> {
        let seen = self.watched.recognise(&convert::grey(picture))?;
        Ok(seen.into_iter().map(convert::seen).collect())
    }
}
