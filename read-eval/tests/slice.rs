//! What has to hold of every change: certificates with text, each planted fault that can be planted in one, and the
//! samples with the right answers. The whole measurement, with scans in every state of wear, is `cargo xtask read-eval`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::{
    env,
    path::{Path, PathBuf},
};

use demo_data::documents::{DocumentOptions, write_documents};
use document_reader::{
    Recogniser,
    model::{Grey, Seen},
    recognise::{self, Networks},
};
use read_eval::{
    evaluate::{self, Outcome, Verdict},
    musts, readings, totals,
    truth::{self, Truth},
};

/// A seed of its own: nothing was tuned on it.
const SEED: u64 = 73_001;
/// Of these a third has text.
const CERTIFICATES: u32 = 180;

/// Stands where recognition would, on documents that need none.
struct NeverNeeded;

impl Recogniser for NeverNeeded {
    fn name(&self) -> String {
        "never needed".to_owned()
    }

    fn recognise(&self, _picture: &Grey) -> Result<Vec<Seen>, String> {
        Err("a page with text was to be recognised from its picture".to_owned())
    }
}

/// Says what is left out, or fails where leaving out is not wanted.
fn left_out(why: &str) {
    assert!(
        env::var_os("ONBOARDING_REQUIRE_MODELS").is_none(),
        "{why}, and ONBOARDING_REQUIRE_MODELS is set"
    );
    println!("skipped: {why}");
}

fn fonts() -> Option<PathBuf> {
    let found =
        recognise::default_fonts().filter(|folder| folder.join("SourceSansPro-Regular.ttf").is_file());
    if found.is_none() {
        left_out("the fonts are not here; `cargo xtask setup` fetches them");
    }
    found
}

/// What came out of a folder, without the certificates that `wanted` turns down.
fn measured(
    folder: &Path,
    seller_names: Vec<String>,
    recogniser: &(dyn Recogniser + Sync),
    wanted: impl Fn(&Truth) -> bool,
) -> Vec<Outcome> {
    let mut answers = truth::answers(folder).unwrap();
    answers.documents.retain(wanted);
    let customers = truth::customers(folder).unwrap();
    let jobs = readings::jobs(&answers.documents, "");
    let options = readings::Options {
        folder: folder.to_path_buf(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        seller_names,
        readings: None,
    };
    let done = readings::read(&jobs, &options, recogniser, &|| ()).unwrap();
    for (job, done) in jobs.iter().zip(&done) {
        assert_eq!(done.error, None, "{}", job.file);
    }
    evaluate::outcomes(&jobs, &done, &customers)
}

fn assert_musts(outcomes: &[Outcome]) {
    let broken: Vec<String> = musts::musts(outcomes, &totals::groups(outcomes))
        .into_iter()
        .filter(|must| !must.holds)
        .map(|must| format!("{} -- {}", must.what, must.measured))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn of_certificates_with_text_none_is_wrongly_accepted_and_every_fault_is_caught() {
    let Some(fonts) = fonts() else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = DocumentOptions { faults: true, ..DocumentOptions::new(SEED, CERTIFICATES, &fonts) };
    write_documents(folder.path(), &options).unwrap();
    let outcomes = measured(folder.path(), options.seller_names, &NeverNeeded, |truth| !truth.is_scan());
    let faults = outcomes.iter().filter(|it| it.fault.is_some()).count();
    println!("{} certificates with text, {faults} with a fault", outcomes.len());
    assert!(outcomes.len() - faults >= 50 && faults >= 20, "{} and {faults}", outcomes.len());
    assert_musts(&outcomes);
}

#[test]
fn the_samples_are_read_as_their_answers_say() {
    let shared = env::var_os("ONBOARDING_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join("certificates/samples");
    if !folder.join("truth.json").is_file() {
        println!("skipped: there are no samples at {}; set ONBOARDING_SHARED", folder.display());
        return;
    }
    let networks = recognise::default_folder().map(|models| Networks::load(&models, 1));
    let networks = match networks {
        Some(Ok(networks)) => networks,
        Some(Err(error)) => return left_out(&error.to_string()),
        None => return left_out("there is no folder for the networks"),
    };
    let outcomes = measured(&folder, Vec::new(), &networks, |_| true);
    assert!(outcomes.iter().any(|it| it.verdict == Verdict::Pass), "nothing passes, so nothing is shown");
    assert_musts(&outcomes);
}
