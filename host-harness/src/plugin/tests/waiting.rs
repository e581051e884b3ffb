//! Tenants whose host functions block: an ERP, attachments or a journal in a database that somebody else holds, a reader
//! that takes its time. Each test has one thread for all calls, so that work which blocks it shows: nobody else would get
//! on before it is over.

use std::sync::mpsc;

use jiff::civil::Date;
use rusqlite::Connection;

use super::*;
use crate::{
    documents::{Attachments, Combined},
    erp::{query_pack::QueryPack, sql::SqlErp},
    journal::SqliteJournal,
    ocr::{DocumentReader, ReaderOptions},
};

/// A made-up ERP in a file, opened by the adapter.
fn erp(path: &Path) -> SqlErp {
    demo_data::write_erp(path, &demo_data::ErpOptions { customers: 20, ..Default::default() }).unwrap();
    SqlErp::open(path, QueryPack::embedded().unwrap(), Date::default()).unwrap()
}

/// Somebody else who holds the database.
fn hold(path: &Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    other
}

/// Runs a component that calls one import and then ends; `release` lets go of what that call waits for. Fails unless
/// other tenants end meanwhile.
async fn others_end_while_one_waits(import: &str, call: &str, tenant: Tenant, release: impl FnOnce()) {
    // A name of one letter stands at 100; answers are written to 400.
    let more = format!(r#"{STOPPED} (data (i32.const 100) "x")"#);
    let waiting = load(&component(import, &more, &format!("{call} i32.const 16"))).unwrap();
    let quick = load(&component("", STOPPED, "i32.const 16")).unwrap();
    let waiting = tokio::spawn(async move { waiting.analyze(&tenant).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..4 {
        let quick = quick.clone();
        let other = tokio::spawn(async move { quick.analyze(&super::tenant(Limits::default())).await });
        assert!(matches!(other.await.unwrap(), Err(CallError::Guest(Error::Stopped))));
    }
    assert!(!waiting.is_finished(), "nothing kept it, so nothing is shown");
    release();
    let ended = waiting.await.unwrap();
    // An answer with texts needs memory that this component does not hand out.
    assert!(matches!(ended, Err(CallError::Guest(Error::Stopped) | CallError::Trap { .. })), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_erp_that_keeps_one_tenant_waiting_keeps_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("erp.sqlite");
    let tenant = Tenant { erp: Arc::new(erp(&path)), ..tenant(Limits::default()) };
    let held = hold(&path);
    let import = r#"(import "ecms:onboarding/erp@0.1.0" "describe" (func $describe (param i32)))"#;
    others_end_while_one_waits(import, "(call $describe (i32.const 400))", tenant, || drop(held)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn attachments_that_keep_one_tenant_waiting_keep_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("erp.sqlite");
    let reader = Arc::new(DocumentReader::new(ReaderOptions::default()));
    let documents = Combined::new(Attachments::new(erp(&path)), None, reader);
    let tenant = Tenant { documents: Arc::new(documents), ..tenant(Limits::default()) };
    let held = hold(&path);
    let import = r#"(import "ecms:onboarding/documents@0.1.0" "list-documents"
        (func $list (param i32 i32 i32 i32 i32)))"#;
    let call = "(call $list (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 400))";
    others_end_while_one_waits(import, call, tenant, || drop(held)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_journal_that_keeps_one_tenant_waiting_keeps_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.sqlite");
    let journal = Arc::new(SqliteJournal::open(&path).unwrap());
    let tenant = Tenant { journal, ..tenant(Limits::default()) };
    let held = hold(&path);
    let import = r#"(import "ecms:onboarding/journal@0.1.0" "append" (func $append (param i32 i32 i32)))"#;
    // An empty list is refused before the disk is asked, so there is one entry; its body is two bytes at 300.
    let call = r#"(i32.store (i32.const 232) (i32.const 300)) (i32.store (i32.const 236) (i32.const 2))
        (i32.store16 (i32.const 300) (i32.const 0x7d7b))
        (call $append (i32.const 200) (i32.const 1) (i32.const 400))
        (if (i32.load8_u (i32.const 400)) (then unreachable))"#;
    others_end_while_one_waits(import, call, tenant, || drop(held)).await;
}

/// One document.
struct One;

#[async_trait::async_trait]
impl Documents for One {
    async fn list(&self, _after: Option<String>, _limit: u32) -> Result<DocumentPage, DocumentError> {
        Err(DocumentError::NotFound)
    }
    async fn bytes(&self, _id: &str, _rendition: Rendition) -> Result<Bytes, DocumentError> {
        Ok(Bytes::from_static(b"%PDF-1.7"))
    }
}

/// A reader that is done when it is told so.
struct Slow(std::sync::Mutex<mpsc::Receiver<()>>);

impl Ocr for Slow {
    fn read(&self, _bytes: &[u8], _media_type: &str) -> Result<Reading, OcrError> {
        // Not for ever: where it blocks everybody, nobody is left to tell it.
        let _told = self.0.lock().unwrap().recv_timeout(Duration::from_secs(10));
        Err(OcrError::NotFound)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reader_that_keeps_one_tenant_waiting_keeps_no_other() {
    let (done, told) = mpsc::channel();
    let ocr = Arc::new(Slow(std::sync::Mutex::new(told)));
    let tenant = Tenant { documents: Arc::new(One), ocr, ..tenant(Limits::default()) };
    let import = r#"(import "ecms:onboarding/ocr@0.1.0" "read-text" (func $read (param i32 i32 i32)))"#;
    let call = "(call $read (i32.const 100) (i32.const 1) (i32.const 400))";
    others_end_while_one_waits(import, call, tenant, || drop(done)).await;
}
