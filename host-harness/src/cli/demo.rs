//! `onboard demo`: the whole product on one screen, without an account.
//!
//! It writes made-up customers and certificates into a work folder, starts the stand-in for AvaTax on this machine,
//! and then does what a person would do with the other commands, through the same code: check, analyze, sync,
//! certificates, review. At the end it asks the stand-in over HTTP what it holds and compares that with its own figures
//! number for number. Account and license key are made up for the one run and are written nowhere.
//!
//! Scans and photographs are among the certificates where they can be drawn and read. Where fonts or networks are not
//! at hand the demo says so and goes on without them, because everything else about it still holds.

use std::{
    hash::{BuildHasher as _, RandomState},
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use comfy_table::Cell;
use demo_data::DemoError;
use document_reader::recognise;
use serde_json::{Value, json};

use super::{
    args::{Cli, Command, Commands, Consent, DemoArgs, ReportFormat, Shared},
    bars::Stop,
    check,
    console::{Console, Tone, grouped, number, toned},
    exit::{Exit, Failure},
    flow::{self, Flowed, Request},
    history,
    json::{self, Ending},
    probe,
    review::{self, args::ReviewArgs},
    session::{self, Job, Needs, Overrides, Session},
    show,
};
use crate::{
    config::ReaderConfig,
    model::{
        journal::Operation,
        onboarding::{Action, Analysis, CertificateOption},
    },
    ocr::Recognition,
    report::{self, State, Summary, render},
    secrets::Credentials,
};

/// Lies in every folder that a demo made, so that no other folder is ever emptied.
const MARKER: &str = ".onboard-demo";
/// Seed of the stand-in.
const SEED: u64 = 7;

/// What the demo did, and what the stand-in says it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Figure {
    name: &'static str,
    ours: u64,
    theirs: u64,
}

/// Runs the demo.
pub async fn run(cli: &Cli, args: &DemoArgs, console: &mut Console, stop: &Arc<Stop>) -> Ending {
    let mut ending = Ending { tenant: Some("demo".to_owned()), ..Ending::default() };
    if let Err(failure) = play(cli, args, console, stop, &mut ending).await {
        ending.failure = Some(failure);
    }
    ending
}

async fn play(
    cli: &Cli,
    args: &DemoArgs,
    console: &mut Console,
    stop: &Arc<Stop>,
    ending: &mut Ending,
) -> Result<(), Failure> {
    // Before anything is written, because without it the rest is in vain.
    let component = session::find_component(cli.shared.component.as_deref(), None)?;
    let plugin = session::load_plugin(component, 2, crate::limits::Limits::default()).await?;

    prepare(&args.dir)?;
    console.note(format!("Preparing the work folder {}", args.dir.display()));
    let data = write_data(args).await?;
    match &data.scans {
        Scans::None => {}
        Scans::Written(count) => console.note(format!(
            "{count} scans and photographs are among the certificates; reading one takes some seconds"
        )),
        Scans::LeftOut(why) => console.note(format!("Scans and photographs are left out: {why}")),
    }

    let account = format!("{:010}", random() % 10_000_000_000);
    let key = format!("{:016X}{:016X}", random(), random());
    let simulator = avatax_sim::start(avatax_sim::SimConfig {
        seed: SEED,
        account: account.clone(),
        license_key: key.clone(),
        ..avatax_sim::SimConfig::default()
    })
    .await
    .map_err(|error| Failure::internal(format!("The stand-in for AvaTax could not be started: {error}.")))?;
    let base_url = simulator.base_url();
    console.note(format!("A stand-in for AvaTax listens at {base_url}"));
    let credentials =
        Credentials::basic(&account, key.into()).map_err(|error| Failure::internal(error.to_string()))?;

    let config_path = args.dir.join("onboard.toml");
    write_file(&config_path, &configuration(&base_url, &data))?;
    let config = session::load_config(&config_path)?;
    let tenant = config.tenant(None).map_err(|error| session::of_config(&error))?;
    let overrides = Overrides { credentials: Some(credentials), ..Overrides::default() };
    let reader = session::reader(&config.reader, &cli.shared);
    let mut session = Session::open(
        tenant,
        plugin,
        Arc::clone(&reader),
        Needs::Writing,
        overrides,
        console.bars,
        Arc::clone(stop),
    )
    .await?;

    // The demo itself begins anew each time; what it leaves is looked at by way of its configuration.
    let shared = Shared { config: config_path.clone(), tenant: Vec::new(), ..cli.shared.clone() };
    let later = Cli { shared, command: Command::Status };
    let commands = Commands { report: later.naming(&["report"]), ..Commands::all("onboard demo") };
    heading(console, "Check");
    let checked = session.run(Job::Sync, Action::Check, &commands).await;
    let (checks, failure) = check::judge(checked.as_ref().map_err(Clone::clone), &commands);
    check::show(console, &checks);
    failure.map_or(Ok(()), Err)?;

    heading(console, "Analyze");
    let found = session.analyze(&commands).await?;
    show::analysis(console, &found);

    heading(console, "Sync");
    let consent = Consent { yes: true, ..Consent::default() };
    let request =
        Request { consent: &consent, approved_by: "onboard demo", commands: &commands, offers_setup: false };
    let synced =
        flow::run(console, &request, async |action| session.run(Job::Sync, action, &commands).await).await;
    settled(&synced)?;

    heading(console, "Certificates");
    let option = if data.has_documents { CertificateOption::Both } else { CertificateOption::Invite };
    let job = Job::Certificates(option);
    let certified =
        flow::run(console, &request, async |action| session.run(job, action, &commands).await).await;
    settled(&certified)?;

    let report = report::read(session.journal()).await.map_err(|error| history::of_report(&error))?;
    history::to_file(&report, "demo", ReportFormat::Json, &args.dir.join("report.json"))?;
    let report_path = args.dir.join("report.txt");
    history::to_file(&report, "demo", ReportFormat::Text, &report_path)?;

    let theirs = probe::get_json(&format!("{base_url}/sim/state")).await?;
    let figures = figures(&report.summary, &theirs)?;
    ending.metrics = std::mem::take(&mut session.metrics);
    let mut result = result(&found, &synced, &certified, &figures, &theirs, &report_path);
    session.close().await;
    if data.has_documents {
        heading(console, "Review");
        let list = ReviewArgs { all: false, what: None };
        let waiting = review::run(console, tenant, (&later, &list), reader).await?.result;
        add(&mut result, "review", waiting.unwrap_or_default());
        add(&mut result, "scans", data.scans.result());
    }
    ending.result = Some(result);
    simulator
        .stop()
        .await
        .map_err(|error| Failure::internal(format!("The stand-in for AvaTax did not stop well: {error}.")))?;
    conclude(console, &found, &figures, &report_path, &later)?;
    let in_part = [synced, certified].into_iter().find_map(|flowed| flowed.failure);
    in_part.map_or(Ok(()), |failure| {
        let next = format!("{} names what was not written and why.", report_path.display());
        Err(Failure { next, ..failure })
    })
}

/// Where the demo's customers come from.
struct Data {
    kind: &'static str,
    path: PathBuf,
    has_documents: bool,
    scans: Scans,
}

/// What became of the scans and photographs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scans {
    /// The customers are of another ERP, so there are no certificates of theirs at all.
    None,
    Written(usize),
    /// The reason and what to do about it.
    LeftOut(String),
}

impl Scans {
    fn result(&self) -> Value {
        match self {
            Self::None => json!({ "written": 0, "left_out": null }),
            Self::Written(count) => json!({ "written": count, "left_out": null }),
            Self::LeftOut(why) => json!({ "written": 0, "left_out": why }),
        }
    }
}

/// Makes an empty work folder. A folder that no demo made is left alone unless it is empty.
fn prepare(dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(
            format!("The work folder {} could not be made ready: {error}.", dir.display()),
            "Name another one with --dir.",
        )
    };
    if dir.exists() {
        let is_ours = dir.join(MARKER).is_file();
        let is_empty = std::fs::read_dir(dir).map_err(failed)?.next().is_none();
        if !is_ours && !is_empty {
            return Err(Failure::usage(
                format!(
                    "The folder {} is not empty and was not made by a demo, so it is left alone.",
                    dir.display()
                ),
                "Name another one with --dir.",
            ));
        }
        if is_ours {
            std::fs::remove_dir_all(dir).map_err(failed)?;
        }
    }
    std::fs::create_dir_all(dir).map_err(failed)?;
    write_file(&dir.join(MARKER), "`onboard demo` made this folder and empties it at its next run.\n")
}

async fn write_data(args: &DemoArgs) -> Result<Data, Failure> {
    if let (Some(kind), Some(path)) = (args.erp, &args.erp_path) {
        let path = std::path::absolute(path).map_err(|error| {
            Failure::usage(format!("{} is no path: {error}.", path.display()), "Correct --erp-path.")
        })?;
        return Ok(Data { kind: kind.name(), path, has_documents: false, scans: Scans::None });
    }
    let dir = std::path::absolute(&args.dir).map_err(|error| {
        Failure::usage(format!("{} is no path: {error}.", args.dir.display()), "Correct --dir.")
    })?;
    let customers = args.customers;
    let write = move || -> Result<Data, DemoError> {
        let path = dir.join("erp.sqlite");
        let options = demo_data::ErpOptions { customers, seed: demo_data::DEFAULT_SEED };
        demo_data::write_erp(&path, &options)?;
        let certificates = dir.join("certificates");
        demo_data::write_certificates(&certificates, demo_data::DEFAULT_SEED)?;
        let has_networks = Recognition::of(&ReaderConfig::default()).name().is_some();
        let scans = write_scans(&certificates, recognise::default_fonts().as_deref(), has_networks)?;
        Ok(Data { kind: "sqlite", path, has_documents: true, scans })
    };
    tokio::task::spawn_blocking(write)
        .await
        .map_err(|error| Failure::internal(format!("Writing the made-up data was cut short: {error}.")))?
        .map_err(|error| Failure::internal(super::exit::sentence(&error.to_string())))
}

/// Adds scans and photographs to the certificates if they can be drawn, and read afterwards.
fn write_scans(folder: &Path, fonts: Option<&Path>, has_networks: bool) -> Result<Scans, DemoError> {
    if !has_networks {
        let why = "the recognition networks are not here; run `cargo xtask setup`, which fetches them";
        return Ok(Scans::LeftOut(why.to_owned()));
    }
    let Some(fonts) = fonts else {
        let why = "there is no folder of fonts; name one in ONBOARD_FONTS and run `cargo xtask setup`";
        return Ok(Scans::LeftOut(why.to_owned()));
    };
    match demo_data::documents::demo_scans(folder, demo_data::DEFAULT_SEED, fonts) {
        Ok(written) => Ok(Scans::Written(written.len())),
        Err(error @ DemoError::Font { .. }) => Ok(Scans::LeftOut(error.to_string())),
        Err(error) => Err(error),
    }
}

/// A complete configuration, so that the other commands work on what the demo leaves behind.
fn configuration(base_url: &str, data: &Data) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let documents =
        if data.has_documents { "\n[tenants.demo.documents]\nfolder = \"certificates\"\n" } else { "" };
    format!(
        "# Written by `onboard demo`. The stand-in for AvaTax ran only as long as the demo did.\n\
         [tenants.demo]\nbase-url = {}\nallow-loopback = true\ncompany-code = \"DEFAULT\"\ndata-dir = \"data\"\n\n\
         [tenants.demo.credentials]\naccount-env = \"AVATAX_ACCOUNT\"\nlicense-key-env = \"AVATAX_LICENSE_KEY\"\n\n\
         [tenants.demo.erp]\nkind = {}\npath = {}\n{documents}",
        quoted(base_url),
        quoted(data.kind),
        quoted(&data.path.to_string_lossy()),
    )
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::usage(format!("{} could not be written: {error}.", path.display()), "Name another --dir.")
    })
}

/// A step that did nothing ends the demo; one that was done in part is shown with its figures first.
fn settled(flowed: &Flowed) -> Result<(), Failure> {
    match &flowed.failure {
        Some(failure) if flowed.applied.is_none() => Err(failure.clone()),
        _ => Ok(()),
    }
}

/// What is to be compared: our journal against the stand-in's own state.
fn figures(summary: &Summary, theirs: &Value) -> Result<Vec<Figure>, Failure> {
    let there = [State::Done, State::Adopted];
    [
        ("customers", Operation::CreateCustomer),
        ("certificates", Operation::CreateCertificate),
        ("links", Operation::LinkCertificate),
        ("invitations", Operation::SendInvitation),
    ]
    .into_iter()
    .map(|(name, operation)| {
        let theirs = theirs.get(name).and_then(Value::as_u64).ok_or_else(|| {
            Failure::internal(format!("The stand-in for AvaTax did not say how many {name} it holds."))
        })?;
        Ok(Figure { name, ours: summary.count(operation, &there), theirs })
    })
    .collect()
}

fn result(
    found: &Analysis,
    synced: &Flowed,
    certified: &Flowed,
    figures: &[Figure],
    theirs: &Value,
    report: &Path,
) -> Value {
    let named = |pick: fn(&Figure) -> u64| -> Value {
        figures.iter().map(|figure| (figure.name.to_owned(), Value::from(pick(figure)))).collect()
    };
    json!({
        "analysis": json::analysis(found),
        "sync": synced.result(),
        "certificates": certified.result(),
        "journal": named(|figure| figure.ours),
        "stand_in": named(|figure| figure.theirs),
        "stand_in_state": theirs,
        "equal": figures.iter().all(|figure| figure.ours == figure.theirs),
        "report": report.display().to_string(),
    })
}

fn add(result: &mut Value, name: &str, value: Value) {
    if let Some(members) = result.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn conclude(
    console: &mut Console,
    found: &Analysis,
    figures: &[Figure],
    report: &Path,
    later: &Cli,
) -> Result<(), Failure> {
    let mut table = console.new_table(&["What", "By the journal", "In the stand-in", ""]);
    table.add_row(vec![Cell::new("customers in the ERP"), number(found.total), Cell::new(""), Cell::new("")]);
    table.add_row(vec![Cell::new("of them tax-exempt"), number(found.exempt), Cell::new(""), Cell::new("")]);
    for figure in figures {
        let words = match figure.name {
            "customers" => "customers created",
            "certificates" => "certificates created",
            "links" => "certificates linked",
            _ => "invitations sent",
        };
        let verdict = if figure.ours == figure.theirs {
            toned("equal", Tone::Good)
        } else {
            toned("DIFFERENT", Tone::Bad)
        };
        table.add_row(vec![Cell::new(words), number(figure.ours), number(figure.theirs), verdict]);
    }
    console.table("Result", &table);
    console.say(format!("Report: {}", report.display()));
    console.say(format!("Look again: {}, or {}", later.naming(&["status"]), later.naming(&["review"])));
    console.say(render::DISCLAIMER);
    let different: Vec<String> = figures
        .iter()
        .filter(|figure| figure.ours != figure.theirs)
        .map(|figure| format!("{} {} against {}", grouped(figure.ours), figure.name, grouped(figure.theirs)))
        .collect();
    if different.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Internal,
        "figures-differ",
        format!("The journal and the stand-in do not agree: {}.", different.join(", ")),
        "This is a fault of the program; please report it with the report file.",
    ))
}

fn heading(console: &mut Console, title: &str) {
    console.say(format!("\n== {title} =="));
}

/// The standard library seeds each of these with randomness of the system, which is enough for a key that lives as
/// long as the demo and opens nothing but its own stand-in.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_folder_that_no_demo_made_is_never_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("books.xlsx");
        std::fs::write(&precious, "numbers").unwrap();
        assert_eq!(prepare(folder.path()).unwrap_err().exit, Exit::Usage);
        assert!(precious.exists());

        let ours = folder.path().join("demo");
        prepare(&ours).unwrap();
        std::fs::write(ours.join("old"), "old").unwrap();
        prepare(&ours).unwrap();
        assert!(!ours.join("old").exists());
    }

    #[test]
    fn the_configuration_it_leaves_behind_can_be_read_and_holds_no_secret() {
        let data = Data {
            kind: "sqlite",
            path: PathBuf::from("/data/a \"b\".sqlite"),
            has_documents: true,
            scans: Scans::Written(10),
        };
        let text = configuration("http://127.0.0.1:4711", &data);
        let config = Config::parse(&text, Path::new("demo/onboard.toml")).unwrap();
        let tenant = config.tenant(None).unwrap();
        assert_eq!(tenant.erp.path, data.path);
        assert_eq!(tenant.data_dir, Path::new("demo/data"));
        assert!(text.contains("license-key-env"));
    }

    #[test]
    fn scans_that_cannot_be_drawn_or_read_are_left_out_with_a_word_about_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        for (fonts, has_networks) in [(Some(&*empty), false), (None, true), (Some(&*empty), true)] {
            let left_out = write_scans(folder.path(), fonts, has_networks).unwrap();
            let Scans::LeftOut(why) = left_out else { panic!("{left_out:?}") };
            assert!(why.contains("`cargo xtask setup`") && !why.contains('\n'), "{why}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn figures_that_differ_are_a_failure_that_names_them() {
        let mut console = Console::of_streams(
            Box::new(std::io::sink()),
            Box::new(std::io::sink()),
            Box::new(std::io::empty()),
            false,
            false,
        );
        let found = super::super::samples::analysis();
        let mut figures = [Figure { name: "links", ours: 17, theirs: 17 }];
        let later = clap::Parser::try_parse_from(["onboard", "status"]).expect("parses");
        let mut end = |figures: &[Figure]| conclude(&mut console, &found, figures, Path::new("r"), &later);
        assert_eq!(end(&figures), Ok(()));
        figures[0].theirs = 18;
        assert!(end(&figures).unwrap_err().message.contains("17 links against 18"));
    }

    #[test]
    fn keys_made_up_at_run_time_are_not_the_same() {
        assert_ne!(random(), random());
    }
}
