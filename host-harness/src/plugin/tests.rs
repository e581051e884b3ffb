//! Components that misbehave, each written out as the few instructions it takes.
//!
//! A core module is made into a component of our world by the same library that packages the real one, so these fit the
//! contract exactly and differ only in what their code does.

mod denials;
#[cfg(target_os = "linux")]
mod resting;
mod waiting;

use std::sync::{
    LazyLock,
    atomic::{AtomicBool, AtomicU64},
};

use bytes::Bytes;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::*;
use crate::{
    documents::Documents,
    engine::EngineOptions,
    erp::Erp,
    journal::MemoryJournal,
    model::{
        documents::{DocumentError, DocumentPage, Rendition},
        erp::{Description, ErpError, FieldGroups, Page, Row, Scan},
        ocr::{OcrError, Reading},
        progress::{Event, Verdict},
        tenant::{CodeSource, Delivery, Scope, Settings},
    },
    ocr::Ocr,
    policy::EgressPolicy,
    progress::Progress,
    secrets::Credentials,
};

/// An ERP, folder and reader that hold nothing.
struct Nothing;

#[async_trait::async_trait]
impl Erp for Nothing {
    async fn describe(&self) -> Result<Description, ErpError> {
        Err(ErpError::CursorExpired)
    }
    async fn list_customers(&self, _request: Scan) -> Result<Page, ErpError> {
        Err(ErpError::CursorExpired)
    }
    async fn get_customers(&self, _ids: Vec<String>, _fields: FieldGroups) -> Result<Vec<Row>, ErpError> {
        Err(ErpError::CursorExpired)
    }
}

#[async_trait::async_trait]
impl Documents for Nothing {
    async fn list(&self, _after: Option<String>, _limit: u32) -> Result<DocumentPage, DocumentError> {
        Err(DocumentError::NotFound)
    }
    async fn bytes(&self, _id: &str, _rendition: Rendition) -> Result<Bytes, DocumentError> {
        Err(DocumentError::NotFound)
    }
}

impl Ocr for Nothing {
    fn read(&self, _bytes: &[u8], _media_type: &str) -> Result<Reading, OcrError> {
        Err(OcrError::NotFound)
    }
}

/// Counts events.
#[derive(Default)]
struct Counting(AtomicU64);

impl Progress for Counting {
    fn report(&self, _event: Event) -> Verdict {
        self.0.fetch_add(1, Ordering::Relaxed);
        Verdict::Proceed
    }
}

fn tenant(limits: Limits) -> Tenant {
    Tenant {
        name: "test".into(),
        erp: Arc::new(Nothing),
        documents: Arc::new(Nothing),
        ocr: Arc::new(Nothing),
        journal: Arc::new(MemoryJournal::default()),
        progress: Arc::new(Counting::default()),
        settings: Settings {
            base_url: "https://rest.avatax.com".into(),
            company_code: "DEFAULT".into(),
            code_source: CodeSource::Code,
            scope: Scope::All,
            delivery: Delivery::Email,
            cover_letter: "STANDARD_REQUEST".into(),
            page_size: 100,
            batch_size: 10,
            window: 4,
            patience: 60,
            settling: 10,
            today: "2026-01-31".into(),
            seller_names: Vec::new(),
            terms: Vec::new(),
        },
        egress: EgressPolicy::deny_all(),
        credentials: Credentials::basic("1", "k".into()).unwrap(),
        limits,
        turn: Default::default(),
    }
}

fn short() -> Limits {
    Limits { deadline: Duration::from_millis(200), ..Limits::default() }
}

/// Ends `analyze` with the error `stopped`: result at address 16, error (1), its case (10) after alignment to 8.
const STOPPED: &str = r#"(data (i32.const 16) "\01") (data (i32.const 24) "\0a")"#;

/// A component whose `analyze` has this body; `more` stands beside it in the module.
fn component(imports: &str, more: &str, analyze: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            {imports}
            (memory (export "memory") 1)
            {more}
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "ecms:onboarding/onboarding@0.1.0#analyze") (result i32) {analyze})
            (func (export "ecms:onboarding/onboarding@0.1.0#sync") (param i32 i32 i32 i32 i32) (result i32)
                unreachable)
            (func (export "ecms:onboarding/onboarding@0.1.0#onboard-certificates")
                (param i32 i32 i32 i32 i32 i32) (result i32) unreachable))"#
    );
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit")).unwrap();
    let world = resolve.select_world(&[package], Some("onboarding-plugin")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

static ENGINE: LazyLock<HostEngine> = LazyLock::new(|| HostEngine::new(Limits::default()).unwrap());

fn load_with(engine: &HostEngine, bytes: &[u8]) -> Result<Plugin, LoadError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("component.wasm");
    std::fs::write(&path, bytes).unwrap();
    Plugin::load(engine, &path)
}

fn load(bytes: &[u8]) -> Result<Plugin, LoadError> {
    load_with(&ENGINE, bytes)
}

async fn analyze(bytes: &[u8], limits: Limits) -> Call<Analysis> {
    load(bytes).unwrap().analyze_metered(&tenant(limits)).await
}

#[tokio::test]
async fn a_loop_without_end_is_ended_at_the_deadline() {
    let begun = Instant::now();
    let call = analyze(&component("", "", "(loop br 0) unreachable"), short()).await;
    assert!(
        matches!(call.value, Err(CallError::Timeout { limit }) if limit == short().deadline),
        "{:?}",
        call.value
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(call.metrics.wall >= short().deadline);
}

#[tokio::test]
async fn a_loop_while_starting_is_ended_too() {
    let more = "(func $spin (loop br 0)) (start $spin)";
    let call = analyze(&component("", more, "unreachable"), short()).await;
    assert!(matches!(call.value, Err(CallError::Timeout { .. })), "{:?}", call.value);
}

#[tokio::test]
async fn a_burst_of_host_calls_is_ended_too() {
    let import = r#"(import "ecms:onboarding/progress@0.1.0" "report" (func $report (param i32 i64 i32 i64) (result i32)))"#;
    let body = "(loop (drop (call $report (i32.const 0) (i64.const 1) (i32.const 0) (i64.const 0))) br 0) unreachable";
    let progress = Arc::new(Counting::default());
    let tenant = Tenant { progress: progress.clone(), ..tenant(short()) };
    let value = load(&component(import, "", body)).unwrap().analyze(&tenant).await;
    assert!(matches!(value, Err(CallError::Timeout { .. })), "{value:?}");
    assert!(progress.0.load(Ordering::Relaxed) > 100);
}

#[tokio::test]
async fn a_busy_component_lets_other_tasks_run() {
    // This test has one thread: without yielding, the other task would run only after the deadline.
    let ran = Arc::new(AtomicBool::new(false));
    let plugin = load(&component("", "", "(loop br 0) unreachable")).unwrap();
    let flag = ran.clone();
    let other = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        flag.store(true, Ordering::Relaxed);
        Instant::now()
    });
    plugin.analyze(&tenant(short())).await.unwrap_err();
    let ended = Instant::now();
    assert!(ran.load(Ordering::Relaxed));
    assert!(other.await.unwrap() < ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tenants_that_come_after_one_that_never_rests_end_while_it_still_runs() {
    // Without yielding, the one thread would serve the others only after the deadline of the first.
    let long = Limits { deadline: Duration::from_secs(20), ..Limits::default() };
    let endless = load(&component("", "", "(loop br 0) unreachable")).unwrap();
    let quick = load(&component("", STOPPED, "i32.const 16")).unwrap();
    let busy = tokio::spawn(async move { endless.analyze(&tenant(long)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let others: Vec<_> = (0..8)
        .map(|_| {
            let quick = quick.clone();
            tokio::spawn(async move { quick.analyze(&tenant(Limits::default())).await })
        })
        .collect();
    for other in others {
        assert!(matches!(other.await.unwrap(), Err(CallError::Guest(Error::Stopped))));
    }
    assert!(!busy.is_finished());
    busy.abort();
}

#[cfg(unix)]
#[tokio::test]
async fn processor_time_is_counted_where_the_component_computes_and_not_where_it_waits() {
    let call = analyze(&component("", "", "(loop br 0) unreachable"), short()).await;
    assert!(call.metrics.cpu >= Duration::from_millis(5), "{:?}", call.metrics.cpu);
    assert!(call.metrics.cpu <= call.metrics.wall, "{:?}", call.metrics);
    let (_, cpu) = cpu::metered(tokio::time::sleep(Duration::from_millis(300))).await;
    assert!(cpu < Duration::from_millis(150), "{cpu:?}");
}

#[tokio::test]
async fn memory_beyond_the_limit_is_named_as_the_cause() {
    let limits = Limits { memory_bytes: 1 << 20, ..Limits::default() };
    let grow = |pages: u32| {
        let body = format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable)) i32.const 16"
        );
        component("", STOPPED, &body)
    };
    let call = analyze(&grow(16), limits).await;
    assert!(matches!(call.value, Err(CallError::Memory { limit: 1_048_576 })), "{:?}", call.value);
    assert_eq!(call.metrics.peak_memory_bytes, 65_536);
    let call = analyze(&grow(15), limits).await;
    assert!(matches!(call.value, Err(CallError::Guest(Error::Stopped))), "{:?}", call.value);
    assert_eq!(call.metrics.peak_memory_bytes, 1 << 20);
}

#[tokio::test]
async fn a_table_beyond_the_limit_is_named_as_the_cause() {
    let more = "(table $t 1 funcref)";
    let body = "(if (i32.eq (table.grow $t (ref.null func) (i32.const 50000)) (i32.const -1)) (then unreachable)) unreachable";
    let call = analyze(&component("", more, body), Limits::default()).await;
    assert!(matches!(call.value, Err(CallError::Limit { max: 20_000, .. })), "{:?}", call.value);
}

#[tokio::test]
async fn a_fault_is_told_apart_from_a_limit_and_the_next_call_works() {
    let call = analyze(&component("", "", "unreachable"), Limits::default()).await;
    let Err(CallError::Trap { message, .. }) = &call.value else { panic!("{:?}", call.value) };
    assert!(message.contains("unreachable"), "{message}");
    let call = analyze(&component("", STOPPED, "i32.const 16"), Limits::default()).await;
    assert!(matches!(call.value, Err(CallError::Guest(Error::Stopped))), "{:?}", call.value);
}

#[tokio::test]
async fn a_core_dump_is_kept_only_where_it_was_asked_for_and_only_of_a_trap() {
    let more = format!("{STOPPED} (data (i32.const 5000) \"left in memory\")");
    let trapping = component("", &more, "unreachable");
    let holds = |dump: &CoreDump| dump.as_bytes().windows(14).any(|part| part == b"left in memory");
    let options = EngineOptions { core_dumps: true, calls: 1, ..EngineOptions::default() };
    let engine = HostEngine::with_options(options).unwrap();
    let tenant = tenant(Limits::default());

    let call = load_with(&engine, &trapping).unwrap().analyze_metered(&tenant).await;
    assert!(matches!(call.value, Err(CallError::Trap { .. })), "{:?}", call.value);
    assert!(call.metrics.core_dump.as_ref().is_some_and(holds));
    assert!(!format!("{:?}", call.metrics).contains("left in memory"));

    let quiet = component("", &more, "i32.const 16");
    let call = load_with(&engine, &quiet).unwrap().analyze_metered(&tenant).await;
    assert_eq!(call.metrics.core_dump, None);
    let call = load(&trapping).unwrap().analyze_metered(&tenant).await;
    assert!(matches!(call.value, Err(CallError::Trap { .. })), "{:?}", call.value);
    assert_eq!(call.metrics.core_dump, None);
}

#[tokio::test]
async fn nothing_survives_from_one_call_to_the_next() {
    let more = format!("{STOPPED} (global $calls (mut i32) (i32.const 0))");
    let body = "(if (global.get $calls) (then unreachable)) (global.set $calls (i32.const 1)) i32.const 16";
    let plugin = load(&component("", &more, body)).unwrap();
    for _ in 0..3 {
        assert!(matches!(
            plugin.analyze(&tenant(Limits::default())).await,
            Err(CallError::Guest(Error::Stopped))
        ));
    }
}

#[tokio::test]
async fn an_answer_larger_than_allowed_is_not_taken_over() {
    // The error `invalid-request` (case 1) with a text of 3,000 bytes from address 100.
    let more = r#"(data (i32.const 16) "\01") (data (i32.const 24) "\01\00\00\00\64\00\00\00\b8\0b\00\00")"#;
    let bytes = component("", more, "i32.const 16");
    let call = analyze(&bytes, Limits { hostcall_fuel: 2_000, ..Limits::default() }).await;
    assert!(matches!(call.value, Err(CallError::Limit { max: 2_000, .. })), "{:?}", call.value);
    let call = analyze(&bytes, Limits::default()).await;
    let Err(CallError::Guest(Error::InvalidRequest(text))) = call.value else { panic!("{:?}", call.value) };
    // Shortened, and its zero bytes replaced.
    assert_eq!(text.chars().count(), 1_001);
    assert!(text.starts_with("  "));
}

#[tokio::test]
async fn a_full_pool_is_said_and_not_waited_for() {
    let engine = HostEngine::with_options(EngineOptions { calls: 1, ..EngineOptions::default() }).unwrap();
    assert!(engine.is_pooled());
    let busy = load_with(&engine, &component("", "", "(loop br 0) unreachable")).unwrap();
    let quick = load_with(&engine, &component("", STOPPED, "i32.const 16")).unwrap();
    let tenant = tenant(short());
    let (first, second) = tokio::join!(busy.analyze(&tenant), quick.analyze(&tenant));
    assert!(matches!(first, Err(CallError::Timeout { .. })), "{first:?}");
    assert!(matches!(second, Err(CallError::Busy)), "{second:?}");
    assert!(matches!(quick.analyze(&tenant).await, Err(CallError::Guest(Error::Stopped))));
}

#[tokio::test]
async fn everything_the_world_names_is_there() {
    let imports = r#"
        (import "wasi:clocks/monotonic-clock@0.2.2" "now" (func $now (result i64)))
        (import "wasi:clocks/wall-clock@0.2.2" "now" (func $wall (param i32)))
        (import "wasi:io/error@0.2.2" "[method]error.to-debug-string" (func (param i32 i32)))
        (import "wasi:io/poll@0.2.2" "poll" (func (param i32 i32 i32)))
        (import "wasi:io/streams@0.2.2" "[method]input-stream.blocking-read" (func (param i32 i64 i32)))
        (import "wasi:http/types@0.2.2" "[constructor]fields" (func $fields (result i32)))
        (import "wasi:http/outgoing-handler@0.2.2" "handle" (func (param i32 i32 i32 i32)))
        (import "ecms:onboarding/tenant@0.1.0" "get-settings" (func (param i32)))"#;
    // The wall clock writes its seconds to address 40; before 2020 it would be no clock.
    let body = "(drop (call $now)) (drop (call $fields)) (call $wall (i32.const 40))
        (if (i64.lt_u (i64.load (i32.const 40)) (i64.const 1577836800)) (then unreachable)) i32.const 16";
    let call = analyze(&component(imports, STOPPED, body), Limits::default()).await;
    assert!(matches!(call.value, Err(CallError::Guest(Error::Stopped))), "{:?}", call.value);
}

#[tokio::test]
async fn a_component_that_fills_the_journal_is_told_when_it_is_enough() {
    let import = r#"(import "ecms:onboarding/journal@0.1.0" "append" (func $append (param i32 i32 i32)))"#;
    // One entry of a body of two bytes, again and again, until an append fails; its result is written to address 400.
    let more = format!(
        r#"{STOPPED} (data (i32.const 232) "\2c\01\00\00\02\00\00\00") (data (i32.const 300) "{{}}")"#
    );
    let body = "(loop (call $append (i32.const 200) (i32.const 1) (i32.const 400))
        (br_if 0 (i32.eqz (i32.load8_u (i32.const 400))))) i32.const 16";
    let flood = component(import, &more, body);
    let journal = Arc::new(MemoryJournal::default());
    let tenant = Tenant { journal: journal.clone(), ..tenant(Limits { journal_bytes: 4 * 202, ..short() }) };
    let value = load(&flood).unwrap().analyze(&tenant).await;
    assert!(value.is_err(), "{value:?}");
    // The text of the refusal needs room that this component does not give, so it ends by a trap, after four entries.
    assert_eq!(journal.entries().len(), 4);
    let tenant = Tenant { limits: short(), ..tenant };
    let value = load(&flood).unwrap().analyze(&tenant).await;
    assert!(matches!(value, Err(CallError::Timeout { .. })), "{value:?}");
    assert!(journal.entries().len() > 8);
}

#[tokio::test]
async fn handles_beyond_the_limit_are_named_as_the_cause() {
    let import = r#"(import "wasi:http/types@0.2.2" "[constructor]fields" (func $fields (result i32)))"#;
    let call =
        analyze(&component(import, "", "(loop (drop (call $fields)) br 0) unreachable"), Limits::default())
            .await;
    assert!(matches!(call.value, Err(CallError::Limit { max: 2_000, .. })), "{:?}", call.value);
}

#[test]
fn an_import_beyond_the_contract_is_named() {
    for import in [
        "wasi:cli/environment@0.2.2",
        "wasi:cli/stdout@0.2.2",
        "wasi:cli/stderr@0.2.2",
        "wasi:filesystem/types@0.2.2",
        "wasi:sockets/tcp@0.2.2",
        "wasi:random/random@0.2.2",
    ] {
        let bytes = wat::parse_str(format!(r#"(component (import "{import}" (instance)))"#)).unwrap();
        let error = load(&bytes).unwrap_err();
        assert!(matches!(&error, LoadError::UnknownImport { import: found } if found == import), "{error}");
        assert!(error.to_string().contains(import));
    }
}

#[test]
fn a_component_without_the_onboarding_interface_is_refused() {
    let other = wat::parse_str(
        r#"(component (instance $i) (export "ecms:onboarding/onboarding@0.2.0" (instance $i)))"#,
    );
    let error = load(&other.unwrap()).unwrap_err();
    assert!(matches!(error, LoadError::MissingExport { .. }));
    assert!(error.to_string().contains("onboarding@0.2.0"), "{error}");
}

#[test]
fn right_names_with_wrong_types_are_a_mismatch() {
    let empty = wat::parse_str(
        r#"(component (instance $i) (export "ecms:onboarding/onboarding@0.1.0" (instance $i)))"#,
    );
    assert!(matches!(load(&empty.unwrap()), Err(LoadError::Mismatch { .. })));
}

#[test]
fn files_that_are_no_component_are_told_apart() {
    let whole = component("", "", "unreachable");
    let truncated = &whole[..whole.len() / 2];
    assert!(matches!(load(truncated), Err(LoadError::Damaged { .. })));
    for (bytes, part) in [
        (&b""[..], "empty"),
        (b"#!/bin/sh\n", "does not start like"),
        (b"\0asm\x01\0\0\0", "core module"),
        (&whole[..5], "cut off"),
    ] {
        let error = load(bytes).unwrap_err();
        assert!(matches!(error, LoadError::NotAComponent { .. }));
        assert!(error.to_string().contains(part), "{error}");
    }
    let missing = Plugin::load(&ENGINE, Path::new("no-such-component.wasm")).unwrap_err();
    assert!(missing.to_string().contains("cargo xtask component"), "{missing}");
}

#[test]
fn a_component_over_the_size_limit_is_not_compiled() {
    let engine = HostEngine::new(Limits { component_bytes: 100, ..Limits::default() }).unwrap();
    // Not WebAssembly at all, which only the size check can have missed.
    assert!(matches!(load_with(&engine, &[b'x'; 101]), Err(LoadError::TooLarge { max: 100, .. })));
    assert!(matches!(load_with(&engine, &[b'x'; 100]), Err(LoadError::NotAComponent { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn the_second_start_takes_the_compiled_form_from_the_cache() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    let options = EngineOptions { cache: Some(cache.clone()), ..EngineOptions::default() };
    let bytes = component("", STOPPED, "i32.const 16");
    let first = load_with(&HostEngine::with_options(options.clone()).unwrap(), &bytes).unwrap();
    let entries: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1);
    let before = std::fs::metadata(&entries[0]).unwrap().modified().unwrap();
    let second = load_with(&HostEngine::with_options(options).unwrap(), &bytes).unwrap();
    assert_eq!(first.digest(), second.digest());
    assert!(matches!(
        second.analyze(&tenant(Limits::default())).await,
        Err(CallError::Guest(Error::Stopped))
    ));
    // Had it been compiled again, it would have been written again.
    assert_eq!(std::fs::metadata(&entries[0]).unwrap().modified().unwrap(), before);
}

#[test]
fn calls_can_be_moved_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let plugin = load(&component("", "", "unreachable")).unwrap();
    let tenant = tenant(Limits::default());
    is_send(&plugin.analyze(&tenant));
    is_send(&plugin.sync_metered(&tenant, Action::Check));
    is_send(&plugin.onboard_certificates(&tenant, CertificateOption::Both, Action::Preview));
}
