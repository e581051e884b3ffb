//! Reviews in a journal in a file, through the command itself.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Mutex,
};

use clap::Parser as _;
use document_reader::model::Grey;
use serde_json::{Value, json};

use super::*;
use crate::{
    cli::args::{Cli, Command},
    config::Config,
    documents,
    model::journal::{Entry, EntryKind, Operation, Query, StoredEntry},
    ocr::{ReaderMode, ReaderOptions},
};

/// A reader of documents in this process; looking at lists and deciding needs none.
fn reader() -> Arc<DocumentReader> {
    Arc::new(DocumentReader::new(ReaderOptions { mode: ReaderMode::Native, ..ReaderOptions::default() }))
}

#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A tenant with a journal and a folder of documents.
struct Office {
    folder: tempfile::TempDir,
}

/// What a command printed for people, and how it ended.
struct Answer {
    text: String,
    ended: Result<Value, Failure>,
}

impl Answer {
    fn result(self) -> Value {
        self.ended.unwrap_or_else(|failure| panic!("{failure}"))
    }

    fn failure(self) -> Failure {
        self.ended.expect_err("refused")
    }
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("papers")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tenant(&self) -> TenantConfig {
        let text = r#"
            [tenants.acme]
            base-url = "https://sandbox-rest.avatax.com"
            company-code = "DEFAULT"
            data-dir = "data"
            documents = { folder = "papers" }
            credentials = { account-env = "A", license-key-env = "B" }
            erp = { kind = "ofbiz", path = "erp" }
        "#;
        let config = Config::parse(text, &self.path("onboard.toml")).unwrap();
        config.tenant(None).unwrap().clone()
    }

    fn journal(&self) -> SqliteJournal {
        session::open_journal(&self.path("data")).unwrap()
    }

    /// Records a complete plan with these items: customer and body of each.
    async fn plan(&self, option: &str, digest: &str, items: &[(&str, Value)]) {
        let journal = self.journal();
        let run = Operation::Certificates;
        let opened = entry(EntryKind::PlanOpened, run, "", "", "", &json!({ "option": option }));
        let plan = journal.append(vec![opened]).await.unwrap().to_string();
        for (number, (customer, body)) in items.iter().enumerate() {
            let key = format!("item {number}");
            let item = entry(EntryKind::PlanItem, Operation::CreateCertificate, &plan, &key, customer, body);
            journal.append(vec![item]).await.unwrap();
        }
        let ready = entry(EntryKind::PlanReady, run, &plan, digest, "", &json!({ "writes": 0 }));
        journal.append(vec![ready]).await.unwrap();
    }

    async fn run(&self, words: &[&str]) -> Answer {
        self.run_as(words, "", false).await
    }

    async fn run_as(&self, words: &[&str], typed: &'static str, can_ask: bool) -> Answer {
        let cli = Cli::try_parse_from(["onboard", "review"].into_iter().chain(words.iter().copied()))
            .expect("arguments");
        let Command::Review(args) = &cli.command else { panic!("another command") };
        let out = Stream::default();
        let mut console = Console::of_streams(
            Box::new(out.clone()),
            Box::new(out.clone()),
            Box::new(io::Cursor::new(typed)),
            can_ask,
            false,
        );
        let ended = run(&mut console, &self.tenant(), (&cli, args), reader()).await;
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        Answer { text, ended: ended.map(|ending| ending.result.expect("a result")) }
    }

    async fn reviews(&self) -> Vec<StoredEntry> {
        let query = Query {
            kind: Some(EntryKind::Review),
            operation: None,
            plan: None,
            key: None,
            after: 0,
            backwards: false,
            limit: 100,
        };
        self.journal().read(query).await.unwrap()
    }
}

fn entry(
    kind: EntryKind,
    operation: Operation,
    plan: &str,
    key: &str,
    customer: &str,
    body: &Value,
) -> Entry {
    Entry {
        kind,
        operation,
        plan: plan.to_owned(),
        key: key.to_owned(),
        customer: customer.to_owned(),
        state: None,
        body: body.to_string(),
    }
}

/// A SHA-256 that begins with these digits.
fn sha(begin: &str) -> String {
    format!("{begin:0<64}")
}

/// An item with a complete certificate; `more` replaces members of the certificate.
fn item(decision: &str, sha256: &str, document: &str, more: &Value) -> Value {
    let mut certificate = json!({
        "form": "sst-f0003", "form_name": "Certificate of Exemption (F0003)", "revision": "", "first_page": 0,
        "page_count": 1, "judgement": "review",
        "findings": [
            { "rule": "number-pattern", "severity": "review", "text": "The number looks odd.", "words": "456-1",
              "page": 0, "area": [100, 200, 180, 212] },
        ],
        "fields": [
            { "field": "purchaser", "value": "Made-up Mills LLC", "raw": "Made-up  Mills LLC", "page": 0,
              "area": [100, 100, 220, 112], "how": "label", "confidence": 0.98 },
            { "field": "signed", "value": "2026-03-14", "raw": "03/14/2026", "page": 0, "how": "label",
              "confidence": 0.6 },
        ],
        "coverage": [{ "region": "WI", "number": "456-1" }], "use_code": "G",
        "candidates": [{ "id": "7", "code": "C1007", "name": "Made-up Mills", "score": 0.97, "why": "same name" }],
    });
    let members = certificate.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    json!({
        "decision": decision, "document": document, "document_id": format!("file:{document}"), "sha256": sha256,
        "detail": "one rule fired", "certificate": certificate,
    })
}

fn ids(list: &Value, member: &str) -> Vec<String> {
    list[member].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

const SAID: [&str; 4] = ["--by", "Kim Example", "--reason", "Phoned the customer."];

fn accept<'w>(id: &'w str, more: &[&'w str]) -> Vec<&'w str> {
    ["accept", id].into_iter().chain(SAID).chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn nothing_planned_and_nothing_in_doubt_both_end_well() {
    let office = Office::new();
    let answer = office.run(&[]).await;
    assert!(answer.text.contains("No certificates have been planned yet"), "{}", answer.text);
    assert_eq!(answer.result()["plan"], Value::Null);
    assert!(!office.path("data").exists(), "looking makes no folder");
    assert_eq!(office.run(&["reject", "aa", "--by", "K", "--reason", "R"]).await.failure().exit.code(), 2);
    assert!(!office.path("data").exists(), "a word on nothing makes no folder");

    office.plan("upload", "sha256:1", &[("C1", item("upload", &sha("aa"), "a.pdf", &json!({})))]).await;
    let answer = office.run(&[]).await;
    assert!(answer.text.contains("Nothing waits for a person."), "{}", answer.text);
    assert_eq!(answer.result()["waiting"], json!([]));
}

#[tokio::test]
async fn the_worst_comes_first_and_what_was_not_read_stands_apart() {
    let office = Office::new();
    let two = json!({ "findings": [{ "severity": "review", "text": "A." }, { "severity": "review", "text": "B." }] });
    let unsure = json!({ "fields": [{ "field": "purchaser", "value": "X", "confidence": 0.2 }] });
    let items = [
        ("", item("review", &sha("0d"), "d.pdf", &json!({}))),
        ("", item("review", &sha("0c"), "c.pdf", &unsure)),
        ("", item("review", &sha("0b"), "b.pdf", &two)),
        ("", item("invalid", &sha("0a"), "a.pdf", &json!({ "findings": [] }))),
        ("", item("review", &sha("0e"), "0.pdf", &json!({}))),
        ("C1", item("upload", &sha("0f"), "f.pdf", &json!({}))),
        (
            "",
            json!({ "decision": "needs-reader", "document": "scan.png", "sha256": sha("1a"), "detail": "a \u{1b}[2Jscan" }),
        ),
        ("", json!({ "decision": "on-file", "document": "known.pdf", "sha256": sha("1b") })),
    ];
    office.plan("both", "sha256:1", &items).await;
    office.plan("invite", "sha256:2", &[]).await;
    let answer = office.run(&[]).await;
    assert!(answer.text.contains("Documents in which no certificate could be judged"), "{}", answer.text);
    assert!(answer.text.contains("scan.png") && !answer.text.contains('\u{1b}'), "{}", answer.text);
    let result = answer.result();
    assert_eq!(result["plan"], "sha256:1");
    assert_eq!(ids(&result, "waiting"), ["0a000000", "0b000000", "0c000000", "0e000000", "0d000000"]);
    assert_eq!(result["unread"].as_array().unwrap().len(), 1);
    let failure = office.run(&["show", "1a"]).await.failure();
    assert_eq!(
        failure.message,
        "scan.png holds no certificate that could be decided about here: a  [2Jscan."
    );
}

#[tokio::test]
async fn a_certificate_is_named_by_any_beginning_that_fits_it_alone() {
    let office = Office::new();
    let third = json!({ "first_page": 2 });
    let items = [
        ("", item("review", &sha("abcdef0123"), "a.pdf", &json!({}))),
        ("", item("review", &sha("abcdef0123"), "a.pdf", &third)),
        ("", item("review", &sha("abcdef0124"), "b.pdf", &json!({}))),
        ("", item("review", &sha("12"), "c.pdf", &third)),
    ];
    office.plan("upload", "sha256:1", &items).await;
    let journal = office.journal();
    let pool = pool::read(&journal).await.unwrap();
    let found = |asked: &str| pool.find(asked).map(|summary| summary.id.clone());
    // Two documents have the same first nine digits, so the names have ten.
    assert_eq!(found("abcdef0123").as_deref(), Ok("abcdef0123"));
    assert_eq!(found("ABCDEF0123-3").as_deref(), Ok("abcdef0123-3"));
    assert_eq!(found("ab-3").as_deref(), Ok("abcdef0123-3"));
    assert_eq!(found("abcdef0124").as_deref(), Ok("abcdef0124"));
    assert_eq!(found("1").as_deref(), Ok("1200000000-3"));
    assert!(found("ab").unwrap_err().starts_with("ab fits 3 certificates: abcdef0123, "));
    for bad in ["", "-3", "xyz", "12-1", "12-x", "ff"] {
        assert!(found(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_certificate_of_several_states_waits_while_one_of_them_is_in_doubt() {
    let office = Office::new();
    let state = |decision: &str, region: &str, detail: &str| json!({ "decision": decision, "document": "a.pdf", "sha256": sha("ab"), "region": region, "detail": detail });
    let items = [
        ("C1007", item("upload", &sha("ab"), "a.pdf", &json!({ "findings": [] }))),
        ("C1007", state("review", "GA", "there is one already")),
        ("C1007", state("invalid", "TX", "the number is too short")),
        ("C1007", state("upload", "FL", "")),
        (
            "",
            json!({ "decision": "review", "document": "copy.pdf", "sha256": sha("ab"), "detail": "the same document" }),
        ),
    ];
    office.plan("upload", "sha256:1", &items).await;
    let answer = office.run(&[]).await;
    assert!(answer.text.contains("TX: the number is too short"), "{}", answer.text);
    let result = answer.result();
    assert_eq!(ids(&result, "waiting"), ["ab000000"]);
    assert_eq!(result["waiting"][0]["decision"], "invalid");
    assert_eq!(result["unread"][0]["document"], "copy.pdf");
    office.run(&accept("ab", &["--yes"])).await.result();
    assert_eq!(office.run(&[]).await.result()["waiting"], json!([]));
}

#[tokio::test]
async fn accepting_shows_what_is_overruled_asks_and_records_the_word() {
    let office = Office::new();
    office.plan("upload", "sha256:1", &[("", item("review", &sha("ab"), "a.pdf", &json!({})))]).await;
    let words = accept("ab", &["--customer", "C1007", "--set", "number.WI=456-1020058817-03"]);

    let failure = office.run(&words).await.failure();
    assert_eq!((failure.exit.code(), failure.kind), (3, "confirmation-needed"));
    assert_eq!(
        failure.next,
        "Agree with `onboard review accept ab --by 'Kim Example' --reason 'Phoned the customer.' \
         --set number.WI=456-1020058817-03 --customer C1007 --yes`."
    );
    assert_eq!(office.run_as(&words, "y\n", true).await.failure().exit.code(), 3);
    assert!(office.reviews().await.is_empty(), "nothing is recorded without a yes");

    let answer = office.run_as(&words, "yes\n", true).await;
    assert!(answer.text.contains("The number looks odd."), "{}", answer.text);
    let overruled = answer.result()["overruled"].clone();
    assert_eq!(overruled[0]["rule"], "number-pattern");
    let reviews = office.reviews().await;
    let [review] = reviews.as_slice() else { panic!("{} words", reviews.len()) };
    assert_eq!(review.entry.key, format!("{}#1", sha("ab")));
    assert_eq!((review.entry.plan.as_str(), review.entry.customer.as_str()), ("", "C1007"));
    assert_eq!(review.entry.operation, Operation::CreateCertificate);
    assert_eq!(
        serde_json::from_str::<Value>(&review.entry.body).unwrap(),
        json!({
            "verdict": "accept", "by": "Kim Example", "reason": "Phoned the customer.", "customer": "C1007",
            "set": { "number.WI": "456-1020058817-03" }, "document": "a.pdf", "plan": "sha256:1",
        })
    );
    assert_eq!(office.run(&[]).await.result()["waiting"], json!([]));
}

#[tokio::test]
async fn a_certificate_that_lacks_something_is_not_accepted() {
    let office = Office::new();
    let bare = json!({ "coverage": [], "use_code": "", "fields": [], "candidates": [] });
    let items = [
        ("", item("invalid", &sha("ab"), "a.pdf", &bare)),
        ("", item("review", &sha("cd"), "b.pdf", &json!({}))),
        (
            "C1007",
            item(
                "review",
                &sha("ef"),
                "c.pdf",
                &json!({
                    "coverage": [{ "region": "WI", "number": "1" }, { "region": "GA", "number": "2" }],
                }),
            ),
        ),
    ];
    office.plan("upload", "sha256:1", &items).await;
    let failure = office.run(&accept("ab", &["--yes"])).await.failure();
    assert_eq!((failure.exit.code(), failure.kind), (2, "incomplete"));
    assert_eq!(
        failure.to_string(),
        "The certificate still lacks a customer, a state, a reason and the day it was signed, so it was not accepted. \
         Supply it with --customer CODE and --set state=XX and --set reason=A…N and --set signed=YYYY-MM-DD."
    );
    let failure = office.run(&accept("cd", &["--yes"])).await.failure();
    assert_eq!(failure.next, "Supply it with --customer CODE (most like it is C1007, Made-up Mills).");
    let failure = office.run(&accept("ef", &["--yes", "--set", "number=3"])).await.failure();
    assert!(failure.message.contains("GA, WI"), "{failure}");
    let failure = office.run(&accept("ef", &["--yes", "--set", "signed=13/14/2026"])).await.failure();
    assert_eq!(failure.exit.code(), 2);
    assert!(office.reviews().await.is_empty());

    let all =
        ["--customer", "C9", "--set", "state=TX", "--set", "reason=G", "--set", "signed=2026-01-02", "--yes"];
    office.run(&accept("ab", &all)).await.result();
    office.run(&accept("ef", &["--yes"])).await.result();
    assert_eq!(office.reviews().await.len(), 2);
}

#[tokio::test]
async fn nobody_and_no_reason_are_refused() {
    let office = Office::new();
    office.plan("upload", "sha256:1", &[("C1", item("review", &sha("ab"), "a.pdf", &json!({})))]).await;
    for words in [["reject", "ab", "--by", "K"], ["accept", "ab", "--reason", "R"]] {
        assert!(Cli::try_parse_from(["onboard", "review"].into_iter().chain(words)).is_err(), "{words:?}");
    }
    for (by, reason) in [(" ", "R"), ("K", ""), ("K", "a\nb"), ("K\u{202e}", "R")] {
        let answer = office.run(&["reject", "ab", "--by", by, "--reason", reason]).await;
        assert_eq!(answer.failure().exit.code(), 2, "{by:?} {reason:?}");
    }
    assert!(office.reviews().await.is_empty());
}

#[tokio::test]
async fn a_later_word_replaces_an_earlier_one_and_a_plan_that_still_doubts_asks_again() {
    let office = Office::new();
    let items = [("C1", item("review", &sha("ab"), "a.pdf", &json!({})))];
    office.plan("upload", "sha256:1", &items).await;
    office.run(&accept("ab", &["--yes"])).await.result();
    let answer = office.run(&["reject", "ab", "--by", "Lee Example", "--reason", "Not theirs."]).await;
    assert_eq!(answer.result()["replaced"]["verdict"], "accept");
    let list = office.run(&["--all"]).await.result();
    assert_eq!(list["waiting"], json!([]));
    assert_eq!(list["decided"][0]["word"]["by"], "Lee Example");
    assert_eq!(office.run(&[]).await.result().get("decided"), None);

    office.plan("upload", "sha256:2", &[("C1", item("rejected", &sha("ab"), "a.pdf", &json!({})))]).await;
    assert_eq!(ids(&office.run(&["--all"]).await.result(), "decided"), ["ab000000"]);
    office.plan("upload", "sha256:3", &items).await;
    let answer = office.run(&[]).await;
    assert!(answer.text.contains("still has its doubts"), "{}", answer.text);
    assert_eq!(ids(&answer.result(), "waiting"), ["ab000000"]);
}

#[tokio::test]
async fn deciding_waits_for_a_run_to_end_and_looking_does_not() {
    let office = Office::new();
    office.plan("upload", "sha256:1", &[("C1", item("review", &sha("ab"), "a.pdf", &json!({})))]).await;
    let run = office.journal();
    assert_eq!(ids(&office.run(&[]).await.result(), "waiting"), ["ab000000"]);
    let failure = office.run(&accept("ab", &["--yes"])).await.failure();
    assert_eq!((failure.exit.code(), failure.kind), (2, "journal-in-use"));
    drop(run);
    office.run(&accept("ab", &["--yes"])).await.result();
}

/// A blank page at two pixels a point.
fn blank(page: u32) -> Result<(Grey, f32), String> {
    if page > 1 {
        return Err("it has no such page".to_owned());
    }
    Ok((Grey { width: 600, height: 600, pixels: vec![255; 360_000] }, 0.5))
}

/// Shows the certificate of a document with a journal of its own.
async fn shown(office: &Office, document: &[u8], more: &Value) -> (String, Value) {
    std::fs::write(office.path("papers/a.pdf"), document).unwrap();
    let digest = documents::digest(b"%PDF-made-up");
    office.plan("upload", "sha256:1", &[("", item("review", &digest, "a.pdf", more))]).await;
    let id = &digest[..8];
    office.run(&accept(id, &["--customer", "C1007", "--yes"])).await.result();
    let pool = pool::read(&office.journal()).await.unwrap();
    let summary = pool.find(id).unwrap();
    let certificate = pool::whole(&office.journal(), summary).await.unwrap();
    let words = pool::words_on(&office.journal(), &summary.key).await.unwrap();
    let out = Stream::default();
    let streams: [Box<dyn Write + Send>; 2] = [Box::new(out.clone()), Box::new(out.clone())];
    let [first, second] = streams;
    let mut console = Console::of_streams(first, second, Box::new(io::empty()), false, false);
    let args = ShowArgs { id: id.to_owned(), out: None, from: None };
    let source =
        Source { draw: Arc::new(|_bytes, page| blank(page)), ..source(&office.tenant(), &args, reader()) };
    let on = (summary, &certificate, words.as_slice());
    let result = show::run(&mut console, on, &source).await.unwrap();
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    (text, result)
}

#[tokio::test]
async fn showing_names_values_rules_customers_and_words_and_draws_the_pages() {
    let office = Office::new();
    let (text, result) = shown(&office, b"%PDF-made-up", &json!({ "first_page": 1, "page_count": 2 })).await;
    for expected in [
        "a.pdf, pages 2 to 3",
        "Made-up  Mills LLC",
        "beside its label",
        "60 %",
        "The number looks odd.",
        "C1007",
        "97 %",
        "Phoned the customer.",
        "Page 3 could not be drawn: it has no such page.",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let id = result["summary"]["id"].as_str().unwrap();
    let picture = office.path("data/review").join(format!("{id}-page-2.png"));
    assert_eq!(result["pictures"], json!([picture.display().to_string()]));
    let decoder = png::Decoder::new(io::BufReader::new(std::fs::File::open(&picture).unwrap()));
    let info = decoder.read_info().unwrap();
    assert_eq!((info.info().width, info.info().height), (600, 600));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(picture.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_document_that_changed_is_not_drawn_but_shown_all_the_same() {
    let office = Office::new();
    let (text, result) = shown(&office, b"%PDF-another", &json!({})).await;
    assert!(text.contains("it has changed since it was read"), "{text}");
    assert!(text.contains("The number looks odd."), "{text}");
    assert_eq!(result["pictures"], json!([]));
}
