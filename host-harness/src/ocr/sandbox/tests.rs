//! Readers that misbehave, each written out as the few instructions it takes, and made into components of the reader's
//! world by the library that packages the real one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use document_reader::model::{Finding, Grey, Recogniser, Rectangle, Seen};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::ocr::{DocumentReader, ReadError, ReaderOptions, Recognition};

/// Answers "unreadable" with the text of one letter that lies at address 100.
const ANSWER: &str = "(i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 1))
    (i32.store (i32.const 8) (i32.const 100)) (i32.store (i32.const 12) (i32.const 1)) (i32.const 0)";
/// Asks for the words on a picture of one pixel; the answer lies at address 32.
const ASK: &str =
    "(call $recognise (i32.const 1) (i32.const 1) (i32.const 100) (i32.const 1) (i32.const 32))";

/// A component whose `read` and `upload-copy` have these bodies.
fn component(more: &str, read: &str, copy: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "ecms:document-reader/recognition@0.1.0" "recognise"
                (func $recognise (param i32 i32 i32 i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 100) "A")
            {more}
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "ecms:document-reader/reading@0.1.0#read") (param i32 i32) (result i32) {read})
            (func (export "ecms:document-reader/reading@0.1.0#picture") (param i32 i32 i32 i32 f32) (result i32)
                unreachable)
            (func (export "ecms:document-reader/reading@0.1.0#upload-copy") (param i32 i32 i32 i32 i32)
                (result i32) {copy}))"#
    );
    package(&text, concat!(env!("CARGO_MANIFEST_DIR"), "/../wit-reader"), "document-reader")
}

fn package(text: &str, contract: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(contract).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

fn reader(component: &[u8], options: ReaderOptions) -> (tempfile::TempDir, DocumentReader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reader.wasm");
    std::fs::write(&path, component).unwrap();
    (folder, DocumentReader::new(ReaderOptions { component: Some(path), ..options }))
}

fn read_with(component: &[u8], options: ReaderOptions) -> Result<(), ReadError> {
    reader(component, options).1.read(b"%PDF-1.7").map(drop)
}

fn unreadable(text: &str) -> Result<(), ReadError> {
    Err(ReadError::Finding(Finding::Unreadable(text.to_owned())))
}

/// Takes its time over every picture and finds the same word on it.
struct Slow {
    time: Duration,
    calls: AtomicUsize,
}

impl Recogniser for Slow {
    fn name(&self) -> String {
        "slow 1".to_owned()
    }
    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        assert_eq!((picture.width, picture.height, picture.pixels.as_slice()), (1, 1, &b"A"[..]));
        self.calls.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(self.time);
        Ok(vec![Seen { text: "x".into(), area: Rectangle::default(), confidence: 1.0 }])
    }
}

fn slow(time: Duration) -> (Arc<Slow>, Arc<Recognition>) {
    let engine = Arc::new(Slow { time, calls: AtomicUsize::new(0) });
    (Arc::clone(&engine), Arc::new(Recognition::with(engine)))
}

#[test]
fn a_finding_of_the_component_is_the_answer() {
    assert_eq!(read_with(&component("", ANSWER, "unreachable"), ReaderOptions::default()), unreadable("A"));
}

#[test]
fn a_loop_without_end_is_ended_at_the_deadline() {
    let deadline = Duration::from_millis(200);
    let looping = component("", "(loop (br 0)) unreachable", "unreachable");
    let begun = Instant::now();
    let answer = read_with(&looping, ReaderOptions { deadline, ..ReaderOptions::default() });
    assert_eq!(answer, Err(ReadError::OverTime(deadline)));
    assert!(begun.elapsed() >= deadline && begun.elapsed() < Duration::from_secs(20));
    let text = answer.unwrap_err().to_string();
    assert!(text.contains("cannot be read: it took longer than 0.2 seconds"), "{text}");
}

#[test]
fn time_in_the_recogniser_does_not_count_towards_the_deadline() {
    let (engine, recognition) = slow(Duration::from_millis(600));
    let asking = component("", &format!("{ASK} {ANSWER}"), "unreachable");
    let options =
        ReaderOptions { recognition, deadline: Duration::from_millis(300), ..ReaderOptions::default() };
    assert_eq!(read_with(&asking, options), unreadable("A"));
    assert_eq!(engine.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn pictures_beyond_what_a_document_can_have_are_not_recognised() {
    let (engine, recognition) = slow(Duration::ZERO);
    // Asks until the answer is an error.
    let asking = component(
        "",
        &format!("(loop {ASK} (br_if 0 (i32.eqz (i32.load8_u (i32.const 32))))) {ANSWER}"),
        "unreachable",
    );
    let options = ReaderOptions { recognition, ..ReaderOptions::default() };
    assert_eq!(read_with(&asking, options), unreadable("A"));
    assert_eq!(engine.calls.load(Ordering::SeqCst), 200);
}

#[test]
fn memory_beyond_the_cap_is_a_finding_that_names_it() {
    let growing = component(
        "",
        "(loop (br_if 0 (i32.ne (memory.grow (i32.const 256)) (i32.const -1)))) unreachable",
        "unreachable",
    );
    let answer = read_with(&growing, ReaderOptions { memory_bytes: 64 << 20, ..ReaderOptions::default() });
    let text = "the document cannot be read: it needs more than 64 MiB of memory";
    assert_eq!(answer, Err(ReadError::Finding(Finding::TooLarge(text.to_owned()))));
    // By default it gets as much as a real document may need, and no more.
    let answer = read_with(&growing, ReaderOptions::default());
    assert!(format!("{answer:?}").contains("more than 768 MiB"), "{answer:?}");
}

#[test]
fn nesting_without_end_and_traps_are_findings() {
    let nesting = component("(func $down (call $down))", "(call $down) unreachable", "unreachable");
    let answer = read_with(&nesting, ReaderOptions::default());
    assert!(
        matches!(answer, Err(ReadError::Finding(Finding::Unreadable(ref text))) if text.contains("nested")),
        "{answer:?}"
    );
    let answer = read_with(&component("", "unreachable", "unreachable"), ReaderOptions::default());
    assert!(
        matches!(answer, Err(ReadError::Finding(Finding::Unreadable(ref text))) if text.contains("broken")),
        "{answer:?}"
    );
}

#[test]
fn a_copy_larger_than_the_host_takes_is_refused() {
    // Says that it made 200 MiB, all of them in its own memory.
    let copy = "(drop (memory.grow (i32.const 3300))) (i32.store8 (i32.const 0) (i32.const 0))
        (i32.store (i32.const 4) (i32.const 1024)) (i32.store (i32.const 8) (i32.const 209715200)) (i32.const 0)";
    let (_folder, reader) = reader(&component("", "unreachable", copy), ReaderOptions::default());
    let answer = reader.upload_copy(b"%PDF-1.7", None);
    assert!(
        matches!(answer, Err(ReadError::Finding(Finding::TooLarge(ref text))) if text.contains("128 MiB")),
        "{answer:?}"
    );
}

#[test]
fn nothing_of_one_document_is_there_for_the_next() {
    let remembering = component(
        "",
        &format!(
            "(if (i32.load (i32.const 2000)) (then unreachable)) (i32.store (i32.const 2000) (i32.const 1)) {ANSWER}"
        ),
        "unreachable",
    );
    let (_folder, reader) = reader(&remembering, ReaderOptions::default());
    for _ in 0..2 {
        assert_eq!(reader.read(b"%PDF-1.7").map(drop), unreadable("A"));
    }
}

#[test]
fn a_component_that_wants_more_or_is_another_one_is_not_loaded() {
    let clock = r#"(component (import "wasi:clocks/monotonic-clock@0.2.2" (instance (export "now" (func (result u64))))))"#;
    for (bytes, word) in [
        (wat::parse_str(clock).unwrap(), "wasi:clocks"),
        (wat::parse_str("(component)").unwrap(), "reading"),
        (b"\0asm".to_vec(), "WebAssembly"),
    ] {
        let answer = read_with(&bytes, ReaderOptions::default());
        assert!(matches!(answer, Err(ReadError::Unavailable(ref text)) if text.contains(word)), "{answer:?}");
    }
}

#[test]
fn a_compiled_reader_is_kept_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let component = component("", ANSWER, "unreachable");
    for _ in 0..2 {
        let options = ReaderOptions { cache: Some(cache.clone()), ..ReaderOptions::default() };
        assert_eq!(read_with(&component, options), unreadable("A"));
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }
}
