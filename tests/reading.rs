//! The way of a folder of papers through the program: texts, a form to fill in, scans, several certificates in one file,
//! the same one twice, and some that nobody should accept. What is good arrives in AvaTax, what is doubtful goes before
//! a person, and nothing is read twice. The networks really read here, so without them there is nothing to test.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use demo_data::{
    DEFAULT_SEED,
    documents::{DocumentCustomer, DocumentOptions, DocumentTruth, Verdict, write_documents},
};
use document_reader::Limits;
use onboarding_tests::{Stage, fonts_and_models, run_in};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// With this seed the fiftieth certificate shares a PDF with text with another one.
const SEED: u64 = 18;
const COUNT: u32 = 60;
/// What the made-up ERP's certificate for Georgia, North Carolina and Ohio is changed to; California does not take it.
const SEVERAL_STATES: &str = "vinegate-coffee-llc-sst.pdf";
const REFUSED: (&[u8], &[u8]) = (b"(NC)", b"(CA)");

const PREVIEW: &[&str] = &["certificates", "upload", "--preview"];
const UPLOAD: &[&str] = &["certificates", "upload", "--yes"];

/// Customer and number of a certificate.
type Pair = (String, String);

/// A stage with papers, and what has to become of them.
struct Office {
    stage: Stage,
    /// What has to be created, in order.
    good: Vec<Pair>,
    /// The generated ones among them: texts, a form to fill in, scans, two in one file.
    papers: Vec<DocumentTruth>,
    /// Without a reason.
    doubtful: DocumentTruth,
    /// Without a signature.
    invalid: DocumentTruth,
}

/// Letters and digits: AvaTax gets numbers as the certificate has them or bare.
fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Good, alone in its file, and without a last day: what holds today will hold in ten years.
fn lasts(truth: &DocumentTruth) -> bool {
    let ends = truth.expiry_rule_iso.is_some() || truth.fields.expiry_iso.is_some();
    truth.verdict == Verdict::Pass && truth.fault.is_none() && !ends
}

fn office() -> Option<Office> {
    let fonts = fonts_and_models()?;
    let stage = Stage::build()
        .without_certificates()
        .reader("engine = \"networks\"")
        .setting(
            "seller-names = [\"Example Supply Inc.\", \"Example Supply\", \"Example Seller Supply House\"]",
        )
        .start();
    let made = tempfile::tempdir().unwrap();
    let options = DocumentOptions { faults: true, ..DocumentOptions::new(SEED, COUNT, &fonts) };
    // The attachments of the made-up ERP are certificates too, and no part of this.
    stage.edit_config("folder = \"certificates\"", "folder = \"certificates\"\nattachments = false");
    let truths = write_documents(made.path(), &options).unwrap();

    let pick = |count: usize, wanted: &dyn Fn(&DocumentTruth) -> bool| -> Vec<DocumentTruth> {
        let found: Vec<_> = truths.iter().filter(|truth| wanted(truth)).take(count).cloned().collect();
        assert_eq!(found.len(), count, "the generator makes other documents now; take another seed");
        found
    };
    let alone = |truth: &DocumentTruth| lasts(truth) && truth.pages.is_empty() && truth.id.starts_with('d');
    let of_kind = |start: &'static str| {
        move |truth: &DocumentTruth| {
            !truth.scan && truth.fault.as_ref().is_some_and(|fault| fault.kind.starts_with(start))
        }
    };
    let texts = pick(3, &|truth| alone(truth) && truth.format == "pdf");
    let fillable = pick(1, &|truth| alone(truth) && truth.format == "pdf-form");
    let scans = pick(2, &|truth| alone(truth) && truth.scan && truth.clean);
    let both_last = |file: &str| truths.iter().filter(|truth| truth.file == file).all(lasts);
    let shared = pick(2, &|truth| truth.pages.len() == 2 && truth.format == "pdf" && both_last(&truth.file));
    let doubtful = pick(1, &of_kind("no-reason-sst")).remove(0);
    let invalid = pick(1, &of_kind("unsigned-sst")).remove(0);

    let papers = [&texts[..], &fillable, &scans, &shared].concat();
    let all: Vec<_> = papers.iter().chain([&doubtful, &invalid]).collect();
    let folder = stage.certificates_dir();
    for truth in &all {
        fs::copy(made.path().join(&truth.file), folder.join(&truth.file)).unwrap();
    }
    fs::copy(made.path().join(&texts[0].file), folder.join("zz-the-same-again.pdf")).unwrap();
    add_customers(&stage, made.path(), &all);
    let mut good: Vec<Pair> = papers.iter().flat_map(written).collect();
    good.extend(add_several_states(&folder));
    good.sort();
    Some(Office { stage, good, papers, doubtful, invalid })
}

/// Customer and number, for each state.
fn written(truth: &DocumentTruth) -> Vec<Pair> {
    let code = truth.customer_code.clone().unwrap();
    truth
        .coverage
        .iter()
        .map(|(_, number)| (code.clone(), bare(number.as_deref().unwrap_or_default())))
        .collect()
}

/// Puts the customers of these certificates into the made-up ERP, with those who are like them.
fn add_customers(stage: &Stage, made: &Path, truths: &[&DocumentTruth]) {
    let file: Value = serde_json::from_slice(&fs::read(made.join("customers.json")).unwrap()).unwrap();
    let all: Vec<DocumentCustomer> = serde_json::from_value(file["customers"].clone()).unwrap();
    let codes: BTreeSet<&str> = truths.iter().filter_map(|truth| truth.customer_code.as_deref()).collect();
    let erp = rusqlite::Connection::open(stage.erp_file()).unwrap();
    for (at, _) in all.iter().enumerate().filter(|(_, customer)| codes.contains(customer.code.as_str())) {
        for (near, customer) in all.iter().enumerate().skip(at).take(3) {
            let id = 1_000_000 + i64::try_from(near).unwrap();
            let new = erp.execute(
                "insert or ignore into customer(id, code, tax_code, name, status, email, taxable)
                 values(?1, ?2, ?2, ?3, 'active', ?4, 1)",
                (id, &customer.code, &customer.name, &customer.email),
            );
            if new.unwrap() == 0 {
                continue;
            }
            erp.execute(
                "insert into address(customer_id, kind, line1, city, region, postal_code, country)
                 values(?1, 'main', ?2, ?3, ?4, ?5, ?6)",
                (
                    id,
                    &customer.line1,
                    &customer.city,
                    &customer.region,
                    &customer.postal_code,
                    &customer.country,
                ),
            )
            .unwrap();
        }
    }
}

/// Adds a certificate for three states, one of which does not take it; gives what has to be created for the others.
fn add_several_states(folder: &Path) -> Vec<Pair> {
    let drawn = tempfile::tempdir().unwrap();
    let truths = demo_data::write_certificates(drawn.path(), DEFAULT_SEED).unwrap();
    let truth = truths.iter().find(|truth| truth.file_name == SEVERAL_STATES).unwrap();
    let mut bytes = fs::read(drawn.path().join(SEVERAL_STATES)).unwrap();
    let at = bytes.windows(4).position(|four| four == REFUSED.0).unwrap();
    bytes[at..at + 4].copy_from_slice(REFUSED.1);
    fs::write(folder.join(SEVERAL_STATES), bytes).unwrap();
    let code = truth.customer_code.clone().unwrap();
    let taken: Vec<_> = truth.states.iter().filter(|it| it.state != "NC").collect();
    assert_eq!((truth.states.len(), taken.len()), (3, 2));
    taken.into_iter().map(|it| (code.clone(), it.number.clone())).collect()
}

fn decided(plan: &Value) -> BTreeMap<String, u64> {
    let all = plan["decisions"].as_array().unwrap().iter();
    all.map(|one| (one["decision"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap())).collect()
}

fn digest(document: &Value) -> String {
    document["result"]["preview"]["plan"]["digest"].as_str().unwrap().to_owned()
}

/// Customer and number of each certificate in AvaTax, in order; and for each certificate the hash of its document.
fn in_avatax(stage: &Stage) -> (Vec<Pair>, BTreeMap<Pair, String>) {
    let effects = stage.sim().effects();
    let (mut pairs, mut documents) = (Vec::new(), BTreeMap::new());
    for linked in effects.iter().filter(|it| it.kind == "certificate-linked") {
        let of = |kind: &str| {
            let mut found =
                effects.iter().filter(|it| it.kind == kind && it.certificate == linked.certificate);
            let first = found.next().unwrap_or_else(|| panic!("{kind} is missing for {linked:?}"));
            assert_eq!(found.next(), None, "{kind} twice for {linked:?}");
            first
        };
        let created = of("certificate-created");
        assert_eq!(created.detail["refusedAfterStoring"], false, "{created:?}");
        let number = created.detail["exemptionNumber"].as_str().unwrap_or_default();
        let pair = (linked.customer.clone().unwrap(), bare(number));
        let stored = of("attachment-stored");
        documents.insert(pair.clone(), stored.detail["sha256"].as_str().unwrap().to_owned());
        pairs.push(pair);
    }
    pairs.sort();
    (pairs, documents)
}

/// Names, ages and sizes of what was read.
fn readings(stage: &Stage) -> BTreeMap<PathBuf, (SystemTime, u64)> {
    let entries = fs::read_dir(stage.data_dir().join("readings")).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let about = entry.metadata().unwrap();
            (entry.path(), (about.modified().unwrap(), about.len()))
        })
        .collect()
}

/// The certificates that wait, in their order.
fn waiting(stage: &Stage) -> Vec<Value> {
    stage.json(&["review"], 0)["result"]["waiting"].as_array().unwrap().clone()
}

fn waiting_for<'a>(list: &'a [Value], file: &str) -> &'a Value {
    list.iter()
        .find(|it| it["document"] == *file)
        .unwrap_or_else(|| panic!("{file} does not wait: {list:#?}"))
}

/// What a reader with a memory of its own, which therefore really reads, makes of the folder: the plan's decisions with
/// their examples, and what waits with all its doubts.
fn elsewhere(stage: &Stage, reader: &str) -> (Value, Value) {
    let text = fs::read_to_string(stage.config_file()).unwrap();
    let text = text.replace("data-dir = \"data\"", &format!("data-dir = \"data-{reader}\""));
    fs::write(stage.dir().join("elsewhere.toml"), text).unwrap();
    let config = ["--config", "elsewhere.toml", "--reader", reader];
    let planned = stage.json(&[PREVIEW, &config].concat(), 0)["result"]["preview"].take();
    let waiting = stage.json(&[&["review"], &config[..]].concat(), 0)["result"]["waiting"].take();
    (planned["decisions"].clone(), waiting)
}

#[test]
fn good_papers_arrive_doubtful_ones_go_before_a_person_and_nothing_is_read_twice() {
    let Some(office) = office() else { return };
    let stage = &office.stage;
    stage.json(&["sync", "--yes"], 0);
    let before = stage.sim().effects().len();

    // What would be done. One state of the certificate for three and the one without a reason wait.
    let first = stage.json(PREVIEW, 0);
    let plan = &first["result"]["preview"];
    let uploads = office.good.len() as u64;
    let expected = [("invalid", 1), ("on-file", 1), ("review", 2), ("upload", uploads)];
    assert_eq!(decided(plan), expected.map(|(name, count)| (name.to_owned(), count)).into(), "{plan:#}");
    assert_eq!(plan["plan"]["certificates"], uploads);
    assert_eq!(stage.sim().effects().len(), before, "a preview wrote something");

    // Read once: again, with networks that cannot be loaded, the plan is the same.
    let read = readings(stage);
    assert!(!read.is_empty());
    let hollow = stage.dir().join("hollow");
    fs::create_dir(&hollow).unwrap();
    for file in [document_reader::recognise::DETECTION, document_reader::recognise::RECOGNITION] {
        fs::write(hollow.join(file.name), "not a network").unwrap();
    }
    stage.edit_config("engine = \"networks\"", "engine = \"networks\"\nmodels = \"hollow\"");
    assert_eq!(digest(&stage.json(PREVIEW, 0)), digest(&first));
    assert_ne!(elsewhere(stage, "sandboxed").0, plan["decisions"], "these networks could be loaded");
    stage.edit_config("\nmodels = \"hollow\"", "");
    let native = elsewhere(stage, "native");
    assert_eq!(native.0, plan["decisions"], "the readers do not agree");
    assert_eq!(native.1.as_array().unwrap(), &waiting(stage), "the readers do not agree");

    // Exactly the good ones arrive, each with its document.
    stage.json(UPLOAD, 0);
    let (arrived, documents) = in_avatax(stage);
    assert_eq!(arrived, office.good);
    assert_eq!(stage.sim().repeated(), [""; 0]);
    uploaded_as_avatax_takes_it(&office, &documents);

    decide(&office);
    assert_eq!(readings(stage), read, "something was read again");
}

/// What AvaTax holds of a file is its flat copy, or that of the pages of one certificate.
fn uploaded_as_avatax_takes_it(office: &Office, documents: &BTreeMap<Pair, String>) {
    let bytes = |file: &str| fs::read(office.stage.certificates_dir().join(file)).unwrap();
    let is_form =
        |bytes: &[u8]| lopdf::Document::load_mem(bytes).unwrap().catalog().unwrap().has(b"AcroForm");
    let mut seen = BTreeSet::new();
    for truth in &office.papers {
        let original = bytes(&truth.file);
        assert_eq!(is_form_of(&original, is_form), truth.format == "pdf-form", "{}", truth.file);
        let pages = (!truth.pages.is_empty()).then_some((truth.first_page, 1));
        let copy = document_reader::upload_copy(&original, pages, &Limits::default()).unwrap();
        assert!(!is_form(&copy), "{} can still be filled in", truth.file);
        let copy = hex(&copy);
        for pair in written(truth) {
            assert_eq!(documents[&pair], copy, "{pair:?} of {}", truth.file);
        }
        seen.insert(copy);
    }
    assert_eq!(seen.len(), office.papers.len(), "certificates that share a file share what was uploaded");
}

/// A picture is no form.
fn is_form_of(bytes: &[u8], is_form: impl Fn(&[u8]) -> bool) -> bool {
    bytes.starts_with(b"%PDF") && is_form(bytes)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a person does about those that wait, and what becomes of it.
fn decide(office: &Office) {
    let stage = &office.stage;
    let list = waiting(stage);
    assert_eq!(list.len(), 3, "{list:#?}");
    assert_eq!(list[0]["document"], *office.invalid.file, "the worst is not the first");
    let doubtful = waiting_for(&list, &office.doubtful.file);
    let states = waiting_for(&list, SEVERAL_STATES);
    assert!(states["detail"].as_str().unwrap().contains("California"), "{states:#}");

    for one in &list {
        let shown = stage.json(&["review", "show", one["id"].as_str().unwrap()], 0);
        let pictures = shown["result"]["pictures"].as_array().unwrap();
        assert_eq!(pictures.len() as u64, one["page_count"].as_u64().unwrap(), "{shown:#}");
        for picture in pictures {
            let bytes = fs::read(stage.dir().join(picture.as_str().unwrap())).unwrap();
            assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 5_000, "{picture}");
        }
    }

    let (id, customer) = (doubtful["id"].as_str().unwrap(), office.doubtful.customer_code.clone().unwrap());
    let by = ["--by", "Test Clerk", "--reason", "The purchaser told us."];
    let accept =
        [&["review", "accept", id], &by[..], &["--set", "reason=G", "--customer", &customer]].concat();
    let unasked = stage.onboard(&accept);
    unasked.expect(3);
    stage.json(&[&accept[..], &["--yes"]].concat(), 0);
    stage.json(&[&["review", "reject", list[0]["id"].as_str().unwrap()], &by[..]].concat(), 0);
    assert_eq!(waiting(stage).len(), 1);

    stage.json(UPLOAD, 0);
    let mut expected = [&office.good[..], &written(&office.doubtful)].concat();
    expected.sort();
    assert_eq!(in_avatax(stage).0, expected, "not exactly the accepted one was created");

    let last = stage.json(PREVIEW, 0)["result"]["preview"].take();
    assert_eq!(last["plan"]["writes"], 0);
    let decided = decided(&last);
    assert_eq!(
        (decided.get("rejected"), decided.get("invalid"), decided.get("review")),
        (Some(&1), None, Some(&1))
    );
    let left = waiting(stage);
    assert_eq!(left.len(), 1, "{left:#?}");
    assert_eq!(left[0]["document"], SEVERAL_STATES);
}

#[test]
fn the_demo_reads_scans_and_some_of_them_wait_for_a_person() {
    if fonts_and_models().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let result =
        run_in(dir.path(), &["demo", "--json", "--dir", "work"], |_| {}).expect(0).document()["result"]
            .take();
    assert_eq!((&result["equal"], &result["scans"]["written"]), (&true.into(), &10.into()));
    let decided = decided(&result["certificates"]["preview"]);
    assert_eq!(decided.get("needs-reader"), None, "{decided:?}");
    let waiting = result["review"]["waiting"].as_array().unwrap();
    let scanned = |decision: &str| {
        waiting
            .iter()
            .filter(|it| it["document"].as_str().unwrap().starts_with("inbox-") && it["decision"] == decision)
            .count()
    };
    assert!(scanned("review") >= 1 && scanned("invalid") >= 1, "{waiting:#?}");
}
