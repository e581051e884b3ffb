//! The command `onboard`, as functions that the binary and tests call.
//!
//! [`main`] is the process: arguments, streams, a runtime, an exit code. [`run`] is a command: it takes parsed
//! arguments and streams and ends with an [`json::Ending`], which [`finish`] turns into the JSON document or the error
//! text and the exit code. Each command has a module or a few lines here; how anything comes to be written is in
//! [`flow`] alone, and which code a failure has is in [`exit`] alone.

pub mod args;
pub mod bars;
pub mod check;
pub mod console;
pub mod demo;
pub mod exit;
pub mod flow;
pub mod history;
pub mod journal;
pub mod json;
pub mod metrics;
mod probe;
pub mod resume;
pub mod review;
pub mod run_all;
#[cfg(test)]
mod samples;
pub mod session;
pub mod show;

use std::{
    future::{Future as _, poll_fn},
    path::Path,
    pin::pin,
    process::ExitCode,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use clap::Parser as _;

use self::{
    args::{CertificatesArgs, Cli, Command, Commands, DeliveryArg, ReportArgs, ResumeArgs, SyncArgs},
    bars::Stop,
    console::Console,
    exit::{Exit, Failure},
    flow::{Flowed, Request},
    json::Ending,
    session::{Job, JournalWrap, Needs, Overrides, Session},
};
use crate::{
    config::{Config, TenantConfig},
    model::onboarding::Action,
    report::{self, Report, render},
};

/// Version of the program and of the contract it speaks.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (contract ecms:onboarding@0.1.0)");

/// The whole process.
#[must_use]
pub fn main() -> ExitCode {
    main_with(None)
}

/// The whole process, with something put around the journal that it writes.
#[must_use]
pub fn main_with(journal: Option<JournalWrap>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let mut console = Console::of_process(&cli.shared);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::internal(format!("The program could not start its threads: {error}."));
            return finish(
                &Ending { failure: Some(failure), ..Ending::default() },
                cli.command.name(),
                &mut console,
            );
        }
    };
    let stop = Arc::new(Stop::default());
    let ending = runtime.block_on(async {
        // The stand-in has its own way to end on Ctrl-C.
        if !matches!(cli.command, Command::AvataxSim(_)) {
            tokio::spawn(Arc::clone(&stop).watch());
        }
        run(&cli, &mut console, stop, journal).await
    });
    // A blocking read that hangs must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(2));
    finish(&ending, cli.command.name(), &mut console)
}

/// Runs a command.
pub async fn run(cli: &Cli, console: &mut Console, stop: Arc<Stop>, journal: Option<JournalWrap>) -> Ending {
    match &cli.command {
        Command::Demo(args) => return demo::run(cli, args, console, &stop).await,
        Command::AvataxSim(args) => return stand_in(args, console).await,
        Command::RunAll(args) => return run_all::run(cli, args, console, stop, journal).await,
        _ => {}
    }
    let (config, name) = match load(cli) {
        Ok(loaded) => loaded,
        Err(failure) => return Ending { failure: Some(failure), ..Ending::default() },
    };
    let ended = match config.tenant(Some(&name)) {
        Ok(tenant) => on_tenant(cli, &config, tenant, console, stop, journal, None).await,
        Err(error) => Err(session::of_config(&error)),
    };
    let mut ending = ended.unwrap_or_else(|failure| Ending { failure: Some(failure), ..Ending::default() });
    ending.tenant = Some(name);
    ending
}

/// Prints what is left to print and gives the exit code.
pub fn finish(ending: &Ending, command: &str, console: &mut Console) -> ExitCode {
    if let Some(failure) = &ending.failure {
        console.complain(format!("\n{}", failure.to_string().trim_end()));
    }
    if console.is_json() && !ending.printed {
        let printed = ending.print(command, console.out());
        if printed.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            console.complain("The JSON document could not be written to stdout.");
            return ExitCode::from(Exit::Internal.code());
        }
    }
    ExitCode::from(ending.exit().code())
}

/// Answers wrong arguments, and `--help` and `--version`, which come this way too.
fn refuse(error: &clap::Error) -> ExitCode {
    let _closed = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    // The arguments could not be read, so whether a document is wanted is seen from the words themselves.
    if std::env::args_os().any(|word| word == "--json") {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let failure = Failure::usage(exit::sentence(first), "See `onboard --help`.");
        let _closed =
            Ending { failure: Some(failure), ..Ending::default() }.print("onboard", &mut std::io::stdout());
    }
    ExitCode::from(Exit::Usage.code())
}

fn load(cli: &Cli) -> Result<(Config, String), Failure> {
    let config = session::load_config(&cli.shared.config)?;
    if cli.shared.tenant.len() > 1 {
        let next = cli
            .for_all()
            .map_or_else(|| "Name one.".to_owned(), |for_all| format!("Name one, or use `{for_all}`."));
        return Err(Failure::usage("This command works for one tenant at a time.", next));
    }
    let tenant = config
        .tenant(cli.shared.tenant.first().map(String::as_str))
        .map_err(|error| session::of_config(&error))?;
    let name = tenant.name.clone();
    Ok((config, name))
}

/// A command for one tenant, whether a person runs it alone or `run-all` does.
async fn on_tenant(
    cli: &Cli,
    config: &Config,
    tenant: &TenantConfig,
    console: &mut Console,
    stop: Arc<Stop>,
    journal: Option<JournalWrap>,
    tools: Option<run_all::Tools>,
) -> Result<Ending, Failure> {
    let mut ended = work(cli, config, tenant, console, stop, journal, tools).await;
    let failure = match &mut ended {
        Ok(ending) => ending.failure.as_mut(),
        Err(failure) => Some(failure),
    };
    let is_journal = matches!(cli.command, Command::Journal(_));
    if let Some(failure) = failure.filter(|it| it.kind == "journal-broken" && !is_journal) {
        failure.next = format!("`{}` says more. {}", cli.naming(&["journal", "verify"]), failure.next);
    }
    ended
}

async fn work(
    cli: &Cli,
    config: &Config,
    tenant: &TenantConfig,
    console: &mut Console,
    stop: Arc<Stop>,
    journal: Option<JournalWrap>,
    tools: Option<run_all::Tools>,
) -> Result<Ending, Failure> {
    let commands = cli.commands();
    let resume_stop = Arc::clone(&stop);
    let open = async |needs: Needs, overrides: Overrides, draw: bool| {
        let tools = match tools {
            Some(tools) => tools,
            None => run_all::Tools::load(cli, config, 2).await?,
        };
        let overrides = Overrides { journal, ..overrides };
        let (plugin, reader) = (tools.plugin, tools.reader);
        let mut session = Session::open(tenant, plugin, reader, needs, overrides, draw, stop).await?;
        session.queued = tools.queued;
        Ok::<_, Failure>(session)
    };
    match &cli.command {
        Command::Check => {
            let mut session = open(Needs::Looking, Overrides::default(), console.bars).await?;
            Ok(closed(check_tenant(&mut session, console, &commands).await, session).await)
        }
        Command::Analyze => {
            let mut session = open(Needs::Reading, Overrides::default(), console.bars).await?;
            Ok(closed(analyze(&mut session, console, &commands).await, session).await)
        }
        Command::Sync(args) => {
            let approver = approver_for(&args.consent)?;
            let mut session = open(Needs::Writing, Overrides::default(), console.bars).await?;
            Ok(closed(sync(cli, &mut session, console, args, &approver).await, session).await)
        }
        Command::Certificates(args) => {
            let approver = approver_for(&args.consent)?;
            let overrides = certificate_overrides(args.from.as_deref(), args.delivery)?;
            let mut session = open(Needs::Writing, overrides, console.bars).await?;
            Ok(closed(certificates(cli, &mut session, console, args, &approver).await, session).await)
        }
        Command::Resume(ResumeArgs { from, delivery }) => {
            let overrides = certificate_overrides(from.as_deref(), *delivery)?;
            let plans = match session::open_history(&tenant.data_dir)? {
                Some(journal) => resume::find(journal).await?,
                None => Vec::new(),
            };
            let any = !plans.is_empty();
            let unfinished: Vec<_> = plans.into_iter().filter(|plan| plan.standing.open() > 0).collect();
            if unfinished.is_empty() {
                return Ok(resume::nothing(console, any, &cli.planning(None)));
            }
            let mut session = open(Needs::Writing, overrides, console.bars).await?;
            let ending = resume::run(cli, &mut session, console, unfinished, &resume_stop).await;
            Ok(closed(ended(ending, &mut session, console).await, session).await)
        }
        Command::Journal(args) => journal::run(console, tenant, cli, args).await,
        Command::Review(args) => {
            let reader = session::reader(&config.reader, &cli.shared);
            review::run(console, tenant, (cli, args), reader).await
        }
        Command::Status => {
            let report = read_history(tenant).await?;
            Ok(Ending { result: Some(history::status(console, &report, cli)), ..Ending::default() })
        }
        Command::Report(args) => write_report(tenant, console, args).await,
        Command::Demo(_) | Command::AvataxSim(_) | Command::RunAll(_) => {
            Err(Failure::internal("This command has no tenant."))
        }
    }
}

async fn check_tenant(session: &mut Session, console: &mut Console, commands: &Commands) -> Ending {
    let answer = session.run(Job::Sync, Action::Check, commands).await;
    let (checks, failure) = check::judge(answer.as_ref().map_err(Clone::clone), commands);
    check::show(console, &checks);
    let result = Some(check::result(&checks, answer.as_ref().ok()));
    ended(Ending { result, failure, ..Ending::default() }, session, console).await
}

async fn analyze(session: &mut Session, console: &mut Console, commands: &Commands) -> Ending {
    let found = session.analyze(commands).await;
    let mut ending = Ending::default();
    match found {
        Ok(found) => {
            show::analysis(console, &found);
            console.say(format!("\n{}", render::DISCLAIMER));
            ending.result = Some(json::analysis(&found));
        }
        Err(failure) => ending.failure = Some(failure),
    }
    ended(ending, session, console).await
}

async fn sync(
    cli: &Cli,
    session: &mut Session,
    console: &mut Console,
    args: &SyncArgs,
    approver: &str,
) -> Ending {
    let commands = &cli.commands();
    let request = Request { consent: &args.consent, approved_by: approver, commands, offers_setup: true };
    let mut call = async |action: Action| session.run(Job::Sync, action, commands).await;
    if args.request_setup {
        if let Err(failure) = flow::agree_to_setup(console, &request) {
            return Ending { failure: Some(failure), ..Ending::default() };
        }
        let asked = flow::request_setup(console, approver, &mut call).await;
        let ending = match asked {
            Ok(report) => Ending {
                failure: flow::after_setup(&report, &commands.again),
                result: Some(serde_json::json!({ "setup": json::run_report(&report) })),
                ..Ending::default()
            },
            Err(failure) => Ending { failure: Some(failure), ..Ending::default() },
        };
        return ended(ending, session, console).await;
    }
    let flowed = flow::run(console, &request, call).await;
    ended(ending_of(flowed), session, console).await
}

async fn certificates(
    cli: &Cli,
    session: &mut Session,
    console: &mut Console,
    args: &CertificatesArgs,
    approver: &str,
) -> Ending {
    let commands = &cli.commands();
    let request = Request { consent: &args.consent, approved_by: approver, commands, offers_setup: false };
    let job = Job::Certificates(args.way.into());
    let flowed = flow::run(console, &request, async |action| session.run(job, action, commands).await).await;
    ended(ending_of(flowed), session, console).await
}

fn ending_of(flowed: Flowed) -> Ending {
    Ending { result: flowed.result(), failure: flowed.failure, ..Ending::default() }
}

/// Adds what the session knows of a run that has come to its end, whichever that was.
async fn ended(mut ending: Ending, session: &mut Session, console: &mut Console) -> Ending {
    for denied in session.denied.drain(..) {
        console.complain(denied);
    }
    ending.metrics.append(&mut session.metrics);
    if !ending.metrics.is_empty() {
        console.note(metrics::Figures::of(&ending.metrics).line());
    }
    if let Some(failure) = &mut ending.failure {
        resume::account_for(session, failure).await;
    }
    ending
}

/// The ending, once the session is closed: a command has ended only when its journal has.
async fn closed(ending: Ending, session: Session) -> Ending {
    session.close().await;
    ending
}

/// A preview needs nobody who agrees, but a name that cannot be used is better refused before than after it.
fn approver_for(consent: &args::Consent) -> Result<String, Failure> {
    match session::approver(consent.approved_by.as_deref()) {
        Err(_) if consent.preview && consent.approved_by.is_none() => Ok(String::new()),
        other => other,
    }
}

fn certificate_overrides(from: Option<&Path>, delivery: Option<DeliveryArg>) -> Result<Overrides, Failure> {
    if let Some(folder) = from.filter(|folder| !folder.is_dir()) {
        return Err(no_folder(folder));
    }
    Ok(Overrides {
        documents: from.map(Path::to_owned),
        delivery: delivery.map(Into::into),
        ..Overrides::default()
    })
}

fn no_folder(folder: &Path) -> Failure {
    Failure::usage(
        format!("There is no folder {} to take certificates from.", folder.display()),
        "Name one that exists with --from.",
    )
}

async fn read_history(tenant: &TenantConfig) -> Result<Report, Failure> {
    let journal = session::open_history(&tenant.data_dir)?;
    match journal {
        Some(journal) => report::read(&journal).await.map_err(|error| history::of_report(&error)),
        None => Ok(Report::default()),
    }
}

async fn write_report(
    tenant: &TenantConfig,
    console: &mut Console,
    args: &ReportArgs,
) -> Result<Ending, Failure> {
    let report = read_history(tenant).await?;
    history::report(console, &report, &tenant.name, args)
}

/// `onboard avatax-sim`.
async fn stand_in(args: &avatax_sim::SimArgs, console: &mut Console) -> Ending {
    let failed = |error: avatax_sim::SimError| {
        Failure::usage(exit::sentence(&error.to_string()), "See `onboard avatax-sim --help`.")
    };
    let simulator = match avatax_sim::start(args.clone().into_config()).await {
        Ok(simulator) => simulator,
        Err(error) => return Ending { failure: Some(failed(error)), ..Ending::default() },
    };
    let base_url = simulator.base_url();
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    // Looked at once before anything is said, so that whoever reads the address can stop the program from then on.
    let early = poll_fn(|context| Poll::Ready(interrupt.as_mut().poll(context).is_ready())).await;
    console.say(format!("listening on {base_url}"));
    console.note("Ctrl-C ends it.");
    if !early {
        let _waited = interrupt.await;
    }
    let failure = simulator.stop().await.err().map(failed);
    Ending { result: Some(serde_json::json!({ "base_url": base_url })), failure, ..Ending::default() }
}
