//! Whole documents through both kinds of reader, and what is remembered of them.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use document_reader::model::{Finding, Grey, Page, Recogniser, Rectangle, Seen};
use lopdf::{Stream, dictionary};

use super::{
    DocumentReader, Ocr as _, ReadError, ReaderMode, ReaderOptions, ReadingCache, Recognition, TenantReader,
};
use crate::{
    config::ReaderConfig,
    documents::{made::Made, media_type},
    model::ocr::{OcrError, Reading},
};

/// Finds one word on every picture, and counts.
#[derive(Default)]
struct Counting {
    calls: AtomicUsize,
    version: usize,
    fails: bool,
}

impl Recogniser for Counting {
    fn name(&self) -> String {
        format!("counting {}", self.version)
    }
    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.fails {
            return Err("the engine is out of order; restart it".to_owned());
        }
        let (right, bottom) = (picture.width as f32 / 2.0, picture.height as f32 / 2.0);
        let area = Rectangle { left: right - 40.0, top: bottom - 10.0, right, bottom };
        Ok(vec![Seen { text: "Certificate".into(), area, confidence: 0.9 }])
    }
}

impl Counting {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn native(recognition: Recognition) -> Arc<DocumentReader> {
    let recognition = Arc::new(recognition);
    let options = ReaderOptions { mode: ReaderMode::Native, recognition, ..ReaderOptions::default() };
    Arc::new(DocumentReader::new(options))
}

/// A tenant of a new process, as far as the reader can tell: nothing is shared but the folder.
fn tenant(folder: &Path, engine: &Arc<Counting>) -> TenantReader {
    let engine = Arc::clone(engine);
    TenantReader::new(native(Recognition::with(engine)), Some(ReadingCache::new(folder.to_path_buf())))
}

fn read(reader: &TenantReader, bytes: &[u8]) -> Result<Reading, OcrError> {
    reader.read(bytes, media_type(bytes))
}

/// A page that shows a picture and no text.
fn scan() -> Vec<u8> {
    let mut made = Made::new();
    let mut pixels = vec![255; 200 * 200];
    for row in pixels.chunks_mut(200).skip(50).step_by(20).take(4) {
        row[30..150].fill(0);
    }
    let picture = made.document.add_object(Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 200, "Height" => 200,
        "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 },
        pixels,
    ));
    made.xobject("Im", picture);
    made.page("q 600 0 0 800 0 0 cm /Im Do Q");
    made.bytes()
}

#[test]
fn what_was_read_once_is_not_read_again_not_even_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(Counting::default());
    let reader = tenant(folder.path(), &engine);
    let first = read(&reader, &scan()).expect("reading");
    assert!(first.pages[0].words.iter().any(|word| word.text == "Certificate"), "{first:?}");
    assert!(first.reader.contains("counting 0"), "{}", first.reader);
    let calls = engine.calls();
    assert!(calls > 0);
    assert_eq!(read(&reader, &scan()).expect("again"), first);
    assert_eq!(read(&tenant(folder.path(), &engine), &scan()).expect("in another process"), first);
    assert_eq!(engine.calls(), calls);
}

#[test]
fn another_engine_and_another_tenant_read_anew() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = Arc::new(Counting::default());
    read(&tenant(one.path(), &engine), &scan()).expect("reading");
    let calls = engine.calls();
    read(&tenant(two.path(), &engine), &scan()).expect("reading");
    assert_eq!(engine.calls(), 2 * calls);
    let newer = Arc::new(Counting { version: 1, ..Counting::default() });
    read(&tenant(one.path(), &newer), &scan()).expect("reading");
    assert_eq!(newer.calls(), calls);
}

#[test]
fn a_finding_about_the_file_is_kept_and_a_missing_engine_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || std::fs::read_dir(folder.path()).map_or(0, Iterator::count);
    let engine = Arc::new(Counting::default());
    let reader = tenant(folder.path(), &engine);
    let broken = read(&reader, b"PK\x03\x04 and more");
    assert!(matches!(broken, Err(OcrError::Unreadable(_))), "{broken:?}");
    assert_eq!(kept(), 1);
    assert_eq!(read(&tenant(folder.path(), &engine), b"PK\x03\x04 and more"), broken);

    let cache = || Some(ReadingCache::new(folder.path().to_path_buf()));
    let without = TenantReader::new(native(Recognition::none()), cache());
    let answer = read(&without, &scan());
    assert!(
        matches!(answer, Err(OcrError::NeedsReader(ref text)) if text.contains("cargo xtask setup")),
        "{answer:?}"
    );
    assert_eq!(kept(), 1);
}

#[test]
fn a_failure_of_the_engine_says_nothing_about_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(Counting { fails: true, ..Counting::default() });
    let answer = read(&tenant(folder.path(), &engine), &scan());
    assert_eq!(answer, Err(OcrError::NeedsReader("the engine is out of order; restart it".to_owned())));
    assert!(engine.calls() > 0);
    // Repaired, it reads the document.
    let engine = Arc::new(Counting::default());
    assert!(read(&tenant(folder.path(), &engine), &scan()).is_ok());
}

#[test]
fn without_the_networks_the_answer_names_their_folder_and_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = ReaderConfig { models: Some(folder.path().join("networks")), ..ReaderConfig::default() };
    let answer = native(Recognition::of(&config)).read(&scan());
    let Err(ReadError::Finding(Finding::NeedsRecogniser(text))) = answer else { panic!("{answer:?}") };
    assert!(text.contains("cargo xtask setup") && text.contains("networks"), "{text}");
}

/// The built component; none, with a printed word, where nobody built it yet.
fn sandboxed(recognition: Recognition) -> Option<DocumentReader> {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/component/document_reader.wasm");
    if !component.is_file() {
        println!("skipped: {} is not built; `cargo xtask component` does it", component.display());
        return None;
    }
    Some(DocumentReader::new(ReaderOptions {
        component: Some(component),
        // Compiling takes longer than everything else here.
        cache: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-cache/onboard")),
        recognition: Arc::new(recognition),
        ..ReaderOptions::default()
    }))
}

fn sample(name: &str) -> Option<Vec<u8>> {
    let shared = std::env::var_os("ONBOARDING_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let path = shared.join("certificates/samples").join(name);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: the sample {} is not here", path.display());
    }
    bytes
}

/// Keeps what it was shown.
#[derive(Default)]
struct Looking(Mutex<Vec<Grey>>);

impl Recogniser for Looking {
    fn name(&self) -> String {
        "looking 1".to_owned()
    }
    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        self.0.lock().unwrap().push(picture.clone());
        let area = Rectangle { left: 50.5, top: 60.25, right: 90.0, bottom: 70.0 };
        Ok(vec![Seen { text: "§ 12".into(), area, confidence: 0.3 }])
    }
}

#[test]
fn the_sandbox_reads_draws_and_copies_a_text_pdf_as_the_process_itself_does() {
    let Some(sandboxed) = sandboxed(Recognition::none()) else { return };
    let native = native(Recognition::none());
    let made = crate::documents::made::text(&[("Certificate", 50, 700), ("of exemption", 130, 700)]);
    for bytes in [Some(made), sample("d10-acroform-digital.pdf")].into_iter().flatten() {
        let reading = native.read(&bytes).expect("native reading");
        assert!(!reading.pages[0].words.is_empty());
        assert_same(&sandboxed.read(&bytes).expect("sandboxed reading"), &reading);
        let copy = native.upload_copy(&bytes, None).expect("native copy");
        assert!(sandboxed.upload_copy(&bytes, None).expect("sandboxed copy") == copy, "the copies differ");
        let picture = native.picture(&bytes, 0, Some(0.0)).expect("native picture");
        assert_alike(
            &sandboxed.picture(&bytes, 0, Some(0.0)).expect("sandboxed picture").picture,
            &picture.picture,
        );
        assert!(matches!(sandboxed.picture(&bytes, 9, None), Err(ReadError::Finding(_))));
    }
}

#[test]
fn the_sandbox_shows_the_engine_the_same_pictures_as_the_process_itself() {
    let (inside, outside) = (Arc::new(Looking::default()), Arc::new(Looking::default()));
    let Some(sandboxed) = sandboxed(Recognition::with(Arc::<Looking>::clone(&inside))) else { return };
    let native = native(Recognition::with(Arc::<Looking>::clone(&outside)));
    for bytes in [Some(scan()), sample("d06-state-boxes-typewriter-200-g4.tif")].into_iter().flatten() {
        assert_same(&sandboxed.read(&bytes).expect("sandboxed"), &native.read(&bytes).expect("native"));
    }
    let (inside, outside) = (inside.0.lock().unwrap(), outside.0.lock().unwrap());
    assert!(!inside.is_empty() && inside.len() == outside.len());
    for (one, other) in inside.iter().zip(outside.iter()) {
        assert_alike(one, other);
    }
}

#[test]
fn the_networks_find_the_same_words_for_both() {
    let networks = || Recognition::of(&ReaderConfig::default());
    if networks().name().is_none() {
        println!("skipped: the networks are not here; `cargo xtask setup` fetches them");
        return;
    }
    let Some(sandboxed) = sandboxed(networks()) else { return };
    let Some(bytes) = sample("d06-state-boxes-typewriter-200-g4.tif") else { return };
    let reading = native(networks()).read(&bytes).expect("native");
    assert!(reading.pages[0].words.len() > 50);
    assert_same(&sandboxed.read(&bytes).expect("sandboxed"), &reading);
}

/// Says what differs, and not the whole of two documents.
fn assert_same(one: &document_reader::Reading, other: &document_reader::Reading) {
    assert_eq!(
        (one.pages.len(), &one.fields, &one.reader),
        (other.pages.len(), &other.fields, &other.reader)
    );
    for (one, other) in one.pages.iter().zip(&other.pages) {
        let texts = |page: &Page| page.words.iter().map(|word| word.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(one), texts(other));
        assert_eq!(one.marks.len(), other.marks.len());
        assert!(one == other, "words or marks are the same and stand elsewhere");
    }
}

/// Equal pixels but for the rounding of the machine's own arithmetic at edges.
fn assert_alike(one: &Grey, other: &Grey) {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let pairs = || one.pixels.iter().zip(&other.pixels);
    let most = pairs().map(|(a, b)| a.abs_diff(*b)).max().unwrap_or_default();
    let differing = pairs().filter(|(a, b)| a != b).count();
    println!("{one:?}: {differing} pixels differ, by at most {most}");
    assert!(most <= 2, "{differing} pixels differ, by up to {most}");
}
