//! Which engine turns the picture of a page into words, and how it is called for one document.
//!
//! One [`Recognition`] serves all tenants. The networks are loaded when the first picture comes, once, because loading
//! takes a good part of a second and 100 MB that a folder of text PDFs never needs.
//!
//! A failure of the engine is no fact of the document. It is therefore remembered outside the reader, in [`Watched`],
//! which also counts the calls, since a sandboxed reader is not trusted to call only as often as it has pages, and adds
//! up their time, which does not count towards the deadline of reading.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::available_parallelism,
    time::{Duration, Instant},
};

use document_reader::{
    limits::Limits,
    model::{Grey, Recogniser, Seen},
    recognise::{self, Networks, Tesseract},
};

use crate::config::{ReaderConfig, RecognitionEngine};

/// Pictures of one document that are recognised: every page, and again for each way that it may have to be turned.
const MAX_CALLS: usize = 4;
/// Longest time that the program Tesseract gets for one page.
const TESSERACT_TIME: Duration = Duration::from_secs(60);

/// Name of the networks before they are loaded.
const NETWORKS: &str = "PP-OCRv6 small (rten)";

/// Turns pictures into words.
pub struct Recognition {
    engine: Engine,
}

enum Engine {
    Nothing,
    Given(Arc<dyn Recogniser + Send + Sync>),
    Networks { folder: Option<PathBuf>, threads: usize, loaded: OnceLock<Result<Box<Networks>, String>> },
    Tesseract { program: PathBuf, found: OnceLock<Result<Tesseract, String>> },
}

impl Recognition {
    /// No engine: pictures are not read.
    #[must_use]
    pub fn none() -> Self {
        Self { engine: Engine::Nothing }
    }

    /// An engine of the embedding host.
    #[must_use]
    pub fn with(engine: Arc<dyn Recogniser + Send + Sync>) -> Self {
        Self { engine: Engine::Given(engine) }
    }

    /// What a configuration names. Nothing is loaded yet.
    #[must_use]
    pub fn of(config: &ReaderConfig) -> Self {
        match config.engine {
            RecognitionEngine::None => Self::none(),
            RecognitionEngine::Tesseract => Self {
                engine: Engine::Tesseract { program: config.tesseract.clone(), found: OnceLock::new() },
            },
            RecognitionEngine::Networks => Self {
                engine: Engine::Networks {
                    folder: config.models.clone().or_else(recognise::default_folder),
                    threads: config.threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)),
                    loaded: OnceLock::new(),
                },
            },
        }
    }

    /// Name and version of the engine; none if there is none, or its program or files are not here.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match &self.engine {
            Engine::Nothing => None,
            Engine::Given(engine) => Some(engine.name()),
            Engine::Tesseract { program, found } => tesseract(program, found).ok().map(Recogniser::name),
            Engine::Networks { folder, .. } => {
                let folder = folder.as_ref()?;
                let all = [recognise::DETECTION, recognise::RECOGNITION]
                    .iter()
                    .all(|file| folder.join(file.name).is_file());
                all.then(|| NETWORKS.to_owned())
            }
        }
    }

    /// What a person can do to have pictures read.
    pub(super) fn help(&self) -> String {
        match &self.engine {
            Engine::Networks { folder: Some(folder), .. } => format!(
                "run `cargo xtask setup`, which fetches the recognition networks; they belong into {}",
                folder.display()
            ),
            Engine::Networks { folder: None, .. } => {
                "run `cargo xtask setup`, which fetches the recognition networks, and name their folder as `models` \
                 in the table [reader] of the configuration"
                    .to_owned()
            }
            Engine::Tesseract { program, found } => {
                tesseract(program, found).err().unwrap_or_else(|| "look at its settings".to_owned())
            }
            Engine::Nothing | Engine::Given(_) => {
                "this host has no recognition engine: set `engine = \"networks\"` in the table [reader] of the \
                 configuration and run `cargo xtask setup`"
                    .to_owned()
            }
        }
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        match &self.engine {
            Engine::Nothing => Err(self.help()),
            Engine::Given(engine) => engine.recognise(picture),
            Engine::Tesseract { program, found } => tesseract(program, found)?.recognise(picture),
            Engine::Networks { folder, threads, loaded } => {
                let load = || {
                    let folder = folder.as_ref().ok_or_else(|| self.help())?;
                    Networks::load(folder, *threads).map(Box::new).map_err(|error| error.to_string())
                };
                loaded.get_or_init(load).as_ref().map_err(Clone::clone)?.recognise(picture)
            }
        }
    }
}

/// The program, asked for its version when it is first needed.
fn tesseract<'a>(
    program: &Path,
    found: &'a OnceLock<Result<Tesseract, String>>,
) -> Result<&'a Tesseract, String> {
    found.get_or_init(|| Tesseract::find(program, TESSERACT_TIME)).as_ref().map_err(Clone::clone)
}

impl fmt::Debug for Recognition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recognition").field("engine", &self.name()).finish()
    }
}

/// The engine as one document sees it.
#[derive(Debug)]
pub(super) struct Watched {
    recognition: Arc<Recognition>,
    name: Option<String>,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    calls: usize,
    spent: Duration,
    since: Option<Instant>,
    failure: Option<String>,
}

impl Watched {
    pub(super) fn new(recognition: Arc<Recognition>) -> Arc<Self> {
        let name = recognition.name();
        Arc::new(Self { recognition, name, record: Mutex::default() })
    }

    /// For work that needs no engine.
    pub(super) fn idle() -> Arc<Self> {
        Self::new(Arc::new(Recognition::none()))
    }

    /// What the reader is given: nothing where there is no engine.
    pub(super) fn recogniser(&self) -> Option<&dyn Recogniser> {
        self.name.is_some().then_some(self as &dyn Recogniser)
    }

    /// Why the engine failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        self.record().failure.clone()
    }

    /// Time that the engine took, a call under way included.
    pub(super) fn spent(&self) -> Duration {
        let record = self.record();
        record.spent + record.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        let limits = Limits::default();
        let pixels = u64::from(picture.width) * u64::from(picture.height);
        if pixels == 0 || pixels > limits.pixels || pixels != picture.pixels.len() as u64 {
            return Err("the reader asked for the words on a picture that is none".to_owned());
        }
        if self.record().calls > limits.pages * MAX_CALLS {
            return Err("the document has too many pictures to recognise".to_owned());
        }
        let seen = self.recognition.recognise(picture);
        if let Err(failure) = &seen {
            self.record().failure = Some(failure.clone());
        }
        seen
    }
}

impl Recogniser for Watched {
    fn name(&self) -> String {
        self.name.clone().unwrap_or_default()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        {
            let mut record = self.record();
            record.calls += 1;
            record.since = Some(Instant::now());
        }
        let seen = self.call(picture);
        let mut record = self.record();
        let took = record.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        record.spent += took;
        drop(record);
        seen
    }
}
