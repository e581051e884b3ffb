//! The license key stays in the host: after whole runs and failed ones it is looked for everywhere else.
//!
//! What is looked for is every piece of twelve characters of the key in each form it could have taken: as it is, in
//! base64 at each of the three alignments (which covers the `Basic` value, and any longer text with the key inside),
//! and in hexadecimal. Pieces also find a key that was cut by a page of the database, folded by a terminal or
//! shortened in a message. Each search is shown to work by looking for something that has to be there.
//!
//! The component's memory is looked at through a core dump: its host asks for one, and the last report of progress of
//! a complete run is held up until the call's time is over, so that the component traps with everything still there.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{
    collections::HashSet,
    fs,
    hash::{BuildHasher as _, RandomState},
    io::Read as _,
    net::TcpListener,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use host_harness::{
    config::Config,
    documents,
    engine::{EngineOptions, HostEngine},
    erp,
    error::CallError,
    journal::SqliteJournal,
    limits::Limits,
    model::{
        onboarding::{Action, Approval, CertificateOption},
        progress::{Event, Phase, Verdict},
    },
    ocr::{DocumentReader, ReaderOptions, TenantReader},
    plugin::{CallMetrics, Plugin},
    policy::EgressPolicy,
    progress::Progress,
    secrets::Credentials,
    tenant::{Tenant, Turn},
};
use onboarding_tests::{APPROVER, Ran, Stage, component_file, reader_file};
use rcgen::{CertificateParams, KeyPair};

/// Length of the pieces. Long enough never to occur by chance, short enough to find a third of the key.
const PIECE: usize = 12;

/// A key of forty letters and digits, another one for each call.
fn random_key() -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let random = RandomState::new();
    (0..40_u32).map(|at| char::from(alphabet[random.hash_one(at) as usize % alphabet.len()])).collect()
}

/// What is looked for.
struct Traces(HashSet<Vec<u8>>);

impl Traces {
    fn of(keys: &[&str]) -> Self {
        let mut pieces = HashSet::new();
        for key in keys {
            let hex: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
            let mut forms = vec![(*key).to_owned(), hex.to_uppercase(), hex];
            for engine in [STANDARD, URL_SAFE] {
                for before in 0..3 {
                    let text = engine.encode([&vec![b' '; before], key.as_bytes()].concat());
                    // The first and last characters depend on what stands before and after the key.
                    let ends = if before == 0 { 0 } else { 4 };
                    forms.push(text[ends..text.len() - 4].to_owned());
                }
            }
            pieces.extend(forms.iter().flat_map(|form| form.as_bytes().windows(PIECE).map(<[u8]>::to_vec)));
        }
        Self(pieces)
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(PIECE).any(|part| self.0.contains(part))
    }

    /// Fails when a file below a folder holds a trace; gives the names of all files.
    fn search_files(&self, folder: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names.extend(self.search_files(&path));
            } else {
                assert!(!self.are_in(&fs::read(&path).unwrap()), "the key is in {}", path.display());
                names.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        names
    }

    fn search(&self, place: &str, text: &str) {
        assert!(!self.are_in(text.as_bytes()), "the key is in {place}:\n{text}");
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn the_search_finds_a_key_in_every_form() {
    let key = random_key();
    let traces = Traces::of(&[&key]);
    for account in ["1", "20", "200", "2000000001"] {
        let basic = STANDARD.encode(format!("{account}:{key}"));
        traces_has(&traces, &format!("authorization: Basic {basic}"));
        traces_has(&traces, &STANDARD.encode(format!("{{\"account\":\"{account}\",\"key\":\"{key}\"}}")));
        traces_has(&traces, &URL_SAFE.encode(format!("{account}/{key}/")));
    }
    traces_has(&traces, &key);
    traces_has(&traces, &format!("…{}", &key[25..]));
    traces_has(&traces, &key.bytes().map(|byte| format!("{byte:02X}")).collect::<String>());
    assert!(!traces.are_in(random_key().as_bytes()));
    assert!(!traces.are_in(&key.as_bytes()[..PIECE - 1]));
}

fn traces_has(traces: &Traces, text: &str) {
    assert!(traces.are_in(text.as_bytes()), "not found in {text}");
}

#[test]
fn no_file_and_no_output_of_any_command_holds_the_key() {
    let (key, wrong) = (random_key(), random_key());
    let traces = Traces::of(&[&key, &wrong]);
    let stage = Stage::build().sim(|sim| sim.license_key.clone_from(&key)).start();
    let cache = stage.dir().join("cache");
    let run = |arguments: &[&str], key: &str, code: i32| {
        let ran = stage.onboard_with(arguments, |command| {
            command.env(onboarding_tests::KEY_VARIABLE, key).env("XDG_CACHE_HOME", &cache);
        });
        ran.expect(code);
        let Ran { stdout, stderr, .. } = &ran;
        traces.search(&format!("the output of {arguments:?}"), &format!("{stdout}\n{stderr}"));
        ran
    };

    run(&["check"], &key, 0);
    run(&["check", "--json"], &key, 0);
    run(&["analyze"], &key, 0);
    run(&["sync", "--preview"], &key, 0);
    // A journal that somebody else reads at the same time keeps its write-ahead file when the program ends.
    let reader = rusqlite::Connection::open(stage.data_dir().join("journal.sqlite")).unwrap();
    reader.query_row("select count(*) from sqlite_schema", (), |row| row.get::<_, i64>(0)).unwrap();
    run(&["sync", "--yes"], &key, 0);
    stage.sim().set_faults(&[
        "500-after:rate=1,limit=2,on=CreateCertificates",
        "html:rate=0.1,limit=2",
        "cut:rate=0.1,limit=2",
    ]);
    run(&["certificates", "both", "--yes"], &key, 0);
    stage.sim().set_faults(&[]);
    run(&["certificates", "both", "--yes", "--json"], &key, 0);
    run(&["status"], &key, 0);
    for format in ["text", "json", "jsonl"] {
        let shown = run(&["report", "--format", format], &key, 0);
        assert!(!shown.stdout.is_empty(), "{format}");
        run(&["report", "--format", format, "--output", &format!("report.{format}")], &key, 0);
    }

    // Runs that fail, each at a place where a careless message would repeat what it was given.
    for arguments in
        [&["check"][..], &["check", "--json"], &["sync", "--yes"], &["certificates", "both", "--yes"]]
    {
        run(arguments, &wrong, 5);
    }
    let control = format!("{key}\u{7}");
    run(&["check"], &control, 2);
    let config = fs::read_to_string(stage.config_file()).unwrap();
    for line in [
        format!("license-key = \"{key}\""),
        format!("license-key-env = [\"{key}\"]"),
        format!("license-key \"{key}\""),
    ] {
        stage.edit_config(&format!("license-key-env = \"{}\"", onboarding_tests::KEY_VARIABLE), &line);
        run(&["check"], &key, 2);
        stage.write_config(&config);
    }

    let names = traces.search_files(stage.dir());
    for expected in
        ["journal.sqlite", "journal.sqlite-wal", "report.text", "report.json", "report.jsonl", "onboard.toml"]
    {
        assert!(names.iter().any(|name| name == expected), "{expected} is not among {names:?}");
    }
    assert!(names.iter().any(|name| name.ends_with(".cwasm")), "no compiled component among {names:?}");
    let sim = stage.sim();
    traces.search("the state of the stand-in", &sim.state().to_string());
    traces.search("the effects of the stand-in", &format!("{:?}", sim.effects()));

    // The files that were searched are those of these runs.
    let invited = sim.effects().into_iter().find(|effect| effect.kind == "invitation-created").unwrap();
    let customer = invited.customer.unwrap();
    let report = fs::read(stage.dir().join("report.jsonl")).unwrap();
    assert!(contains(&report, &customer), "{customer} is not in the report");
    let journal = fs::read(stage.data_dir().join("journal.sqlite-wal")).unwrap();
    assert!(contains(&journal, &customer), "{customer} is not in the journal");
    drop(reader);
}

/// Lets a call go on until everything is done, and then holds it up until its time is over.
struct HoldAtTheEnd {
    until: Instant,
    held: AtomicBool,
}

impl Progress for HoldAtTheEnd {
    fn report(&self, event: Event) -> Verdict {
        if matches!(event.phase, Phase::AwaitingInvitations) && event.total == Some(event.done) {
            self.held.store(true, Ordering::SeqCst);
            thread::sleep(self.until.saturating_duration_since(Instant::now()));
        }
        Verdict::Proceed
    }
}

/// Does a confirmed plan for certificates inside this process and lets it run into its deadline at the very end. False
/// when the deadline came before the end.
fn interrupted_at_the_end(stage: &Stage, digest: &str, deadline: Duration) -> (bool, CallMetrics) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let options = EngineOptions { core_dumps: true, calls: 1, ..EngineOptions::default() };
        let plugin = Plugin::load(&HostEngine::with_options(options).unwrap(), &component_file()).unwrap();
        let config = Config::load(stage.config_file()).unwrap();
        let config = config.tenant(None).unwrap();
        let today = jiff::Zoned::now().date();
        // A little longer than the deadline, which starts a moment later than this.
        let until = Instant::now() + deadline + Duration::from_millis(500);
        let progress = Arc::new(HoldAtTheEnd { until, held: AtomicBool::new(false) });
        let reader = Arc::new(DocumentReader::new(ReaderOptions {
            component: Some(reader_file()),
            ..ReaderOptions::default()
        }));
        let tenant = Tenant {
            name: config.name.clone(),
            erp: erp::open(&config.erp, today).await.unwrap(),
            documents: documents::open(&config.documents, &config.erp, Arc::clone(&reader)).unwrap(),
            ocr: Arc::new(TenantReader::new(reader, None)),
            journal: Arc::new(SqliteJournal::open(&config.data_dir.join("journal.sqlite")).unwrap()),
            progress: Arc::<HoldAtTheEnd>::clone(&progress),
            settings: config.settings(today),
            egress: EgressPolicy::avatax(&config.base_url, config.allow_loopback).unwrap(),
            credentials: Credentials::basic(&stage.account, stage.key.as_str().into()).unwrap(),
            limits: Limits { deadline, ..Limits::default() },
            turn: Turn::default(),
        };
        let approval = Approval { plan_digest: digest.to_owned(), approved_by: APPROVER.to_owned() };
        let call = plugin
            .onboard_certificates_metered(&tenant, CertificateOption::Both, Action::Apply(approval))
            .await;
        assert!(matches!(call.value, Err(CallError::Timeout { .. })), "{:?}", call.value);
        (progress.held.load(Ordering::SeqCst), call.metrics)
    })
}

#[test]
fn the_memory_of_the_component_does_not_hold_the_key_at_the_end_of_a_run() {
    // A machine that is busy with other things gets a second try with more time, on a stage of its own.
    for deadline in [Duration::from_secs(4), Duration::from_secs(40)] {
        let key = random_key();
        let stage = Stage::build().sim(|sim| sim.license_key.clone_from(&key)).start();
        stage.onboard(&["sync", "--yes"]).expect(0);
        let previewed = stage.json(&["certificates", "both", "--preview"], 0);
        let digest = previewed["result"]["preview"]["plan"]["digest"].as_str().unwrap().to_owned();
        let (complete, metrics) = interrupted_at_the_end(&stage, &digest, deadline);
        if !complete {
            continue;
        }
        let dump = metrics.core_dump.unwrap();
        let memory = dump.as_bytes();
        println!("{} requests, {} bytes of dump", metrics.requests, memory.len());
        // Everything was written, with the key, by this one call.
        let sim = stage.sim();
        assert!(metrics.requests > 100 && sim.count("invitations") > 0 && sim.count("links") > 0);
        // What the component worked with is in the dump, so the key would be too.
        let effects = sim.effects();
        let invited: Vec<_> = effects.iter().filter(|effect| effect.kind == "invitation-created").collect();
        let customers = sim.customers();
        let names: Vec<_> = invited
            .iter()
            .filter_map(|effect| customers[effect.customer.as_deref()?]["name"].as_str())
            .filter(|name| contains(memory, name))
            .collect();
        println!("{} of {} invited customers are in the dump by name", names.len(), invited.len());
        assert!(!names.is_empty());
        assert!(contains(memory, &stage.base_url()));
        assert!(!Traces::of(&[&key]).are_in(memory), "the key is in the component's memory");
        return;
    }
    panic!("the run did not come to its end in 40 seconds");
}

/// A server with a certificate that it made itself. It decrypts whatever comes; what that was is kept, connection by
/// connection.
fn self_made() -> (String, Arc<Mutex<Vec<String>>>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = key.serialize_der().try_into().unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&seen);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut text = Vec::new();
            // Ends with an error as soon as the other side refuses to go on.
            let _refused = rustls::StreamOwned::new(connection, &mut stream).read_to_end(&mut text);
            kept.lock().unwrap().push(String::from_utf8_lossy(&text).into_owned());
        }
    });
    (base, seen)
}

#[test]
fn a_server_whose_certificate_nobody_trusts_is_named_and_gets_nothing() {
    let (base, seen) = self_made();
    let stage = Stage::build().customers(30).without_certificates().start();
    stage.edit_config(&stage.base_url(), &base);
    let refused = |command: &[&str]| {
        let ran = stage.onboard(command);
        ran.expect(5);
        assert!(ran.said().contains("its certificate is not trusted"), "{}", ran.stderr);
        assert!(ran.said().contains(&base), "{}", ran.stderr);
    };
    refused(&["check"]);
    refused(&["sync", "--yes"]);
    let begun = Instant::now();
    while seen.lock().unwrap().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(30), "each of them came as far as the greeting");
        thread::sleep(Duration::from_millis(10));
    }
    let seen = seen.lock().unwrap();
    // Asking again would not make it better, so each command asks once.
    assert_eq!(*seen, ["", ""]);
}
