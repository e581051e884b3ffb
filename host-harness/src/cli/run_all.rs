//! `onboard run-all`: one step for many tenants, side by side.
//!
//! What is done for a tenant is the very command that a person would run for it alone, with its own journal,
//! credentials, limits and sandbox; only the engine, the compiled component and the reader of documents are shared. At
//! most `--jobs` tenants are at work, the others wait in the order of their names, and each holds one place however
//! slow it is. Each is worked on a thread of its own, and a line says when it ends. A tenant that fails, even by a panic, is
//! a row of the table. Plans are shown together and agreed to with one answer; each is then applied by its own digest.
//! Between preview and answer nothing is held open.

mod rows;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::rows::{Row, outcome, previews, together, told};
use super::{
    args::{CertificatesArgs, Cli, Command, Consent, RunAllArgs, RunAllConsent, RunAllWhat, SyncArgs},
    bars::Stop,
    console::{Console, grouped},
    exit::{self, Exit, Failure},
    flow::{NextStep, is_yes, next_step},
    json::Ending,
    session::{self, JournalWrap},
};
use crate::{config::Config, ocr::DocumentReader, plugin::Plugin, report::words};

/// What all tenants of a process share, and how long this one waited for its place.
#[derive(Debug, Clone)]
pub struct Tools {
    pub(super) plugin: Plugin,
    pub(super) reader: Arc<DocumentReader>,
    pub(super) queued: Duration,
}

impl Tools {
    /// Loads the component, for that many calls at once.
    pub(super) async fn load(cli: &Cli, config: &Config, calls: u32) -> Result<Self, Failure> {
        let path = session::find_component(cli.shared.component.as_deref(), config.component.as_deref())?;
        let reader = session::reader(&config.reader, &cli.shared);
        Ok(Self {
            plugin: session::load_plugin(path, calls, config.ceiling).await?,
            reader,
            queued: Duration::ZERO,
        })
    }
}

/// What the tenants need to be worked.
struct Team {
    cli: Cli,
    what: RunAllWhat,
    config: Arc<Config>,
    tools: Tools,
    jobs: usize,
    stop: Arc<Stop>,
    journal: Option<JournalWrap>,
}

/// Runs the command.
pub async fn run(
    cli: &Cli,
    args: &RunAllArgs,
    console: &mut Console,
    stop: Arc<Stop>,
    journal: Option<JournalWrap>,
) -> Ending {
    match work(cli, args, console, stop, journal).await {
        Ok(ending) => ending,
        Err(failure) => Ending { failure: Some(failure), ..Ending::default() },
    }
}

async fn work(
    cli: &Cli,
    args: &RunAllArgs,
    console: &mut Console,
    stop: Arc<Stop>,
    journal: Option<JournalWrap>,
) -> Result<Ending, Failure> {
    let config = session::load_config(&cli.shared.config)?;
    let names = names(&config, &cli.shared.tenant)?;
    let mut consent = match &args.what {
        RunAllWhat::Analyze => RunAllConsent { preview: true, ..RunAllConsent::default() },
        RunAllWhat::Sync(consent) | RunAllWhat::Certificates { consent, .. } => consent.clone(),
    };
    let told = Consent {
        preview: consent.preview,
        yes: consent.yes,
        approved_by: consent.approved_by.clone(),
        ..Consent::default()
    };
    consent.approved_by = Some(super::approver_for(&told)?).filter(|name| !name.is_empty());
    let cores = available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or_else(|| u32::try_from(cores).unwrap_or(1)).clamp(1, 64);
    let tools = Tools::load(cli, &config, jobs).await?;
    let (config, what, jobs) = (Arc::new(config), args.what.clone(), jobs as usize);
    let team = Team { cli: cli.clone(), what, config, tools, jobs, stop, journal };

    let first = Consent {
        preview: !consent.yes,
        yes: consent.yes,
        approved_by: consent.approved_by.clone(),
        confirm: None,
    };
    let tasks = names.into_iter().map(|name| (name, first.clone())).collect();
    let mut rows = team.all(console, tasks).await;
    if team.stop.asked() || consent.yes || matches!(team.what, RunAllWhat::Analyze) {
        return Ok(team.conclude(console, rows));
    }
    let writes = rows.iter().filter(|row| row.waits()).map(|row| row.figure("/preview/plan/writes")).sum();
    let told = Consent { preview: consent.preview, ..Consent::default() };
    previews(console, &rows);
    match next_step(writes, &told, console.can_ask) {
        NextStep::NothingLeft | NextStep::ShowOnly | NextStep::Apply => {}
        NextStep::ConfirmationNeeded => team.leave(&mut rows, "wait for confirmation"),
        NextStep::Ask => {
            let question = format!(
                "Type yes to write all {} of this to AvaTax as {}, anything else to leave it:",
                grouped(writes),
                words::clean(consent.approved_by.as_deref().unwrap_or_default(), 200)
            );
            let answer = console
                .ask(&question)
                .map_err(|error| Failure::internal(format!("Your answer could not be read: {error}.")))?;
            if is_yes(&answer) {
                team.apply(console, &mut rows, consent.approved_by).await;
            } else {
                team.leave(&mut rows, "were left, because you did not agree");
            }
        }
    }
    Ok(team.conclude(console, rows))
}

/// The tenants asked for, or all, each once and sorted.
fn names(config: &Config, asked: &[String]) -> Result<BTreeSet<String>, Failure> {
    if asked.is_empty() {
        let all: BTreeSet<_> = config.names().map(str::to_owned).collect();
        if all.is_empty() {
            config.tenant(None).map_err(|error| session::of_config(&error))?;
        }
        return Ok(all);
    }
    asked
        .iter()
        .map(|name| match config.tenant(Some(name)) {
            Ok(tenant) => Ok(tenant.name.clone()),
            Err(error) => Err(session::of_config(&error)),
        })
        .collect()
}

impl Team {
    /// The command that does this for one tenant.
    fn alone(&self, tenant: &str, consent: Consent) -> Cli {
        let mut cli = self.cli.clone();
        cli.shared.tenant = vec![tenant.to_owned()];
        cli.command = match &self.what {
            RunAllWhat::Analyze => Command::Analyze,
            RunAllWhat::Sync(_) => Command::Sync(SyncArgs { consent, request_setup: false }),
            RunAllWhat::Certificates { way, .. } => {
                Command::Certificates(CertificatesArgs { way: *way, from: None, delivery: None, consent })
            }
        };
        cli
    }

    /// Works tenants side by side, in order as places get free.
    async fn all(&self, console: &mut Console, tasks: Vec<(String, Consent)>) -> Vec<Row> {
        let _busy = self.stop.during_call();
        let begun = Instant::now();
        let mut at_work = JoinSet::new();
        let mut who = HashMap::new();
        let total = tasks.len();
        let mut rows = Vec::with_capacity(total);
        for (tenant, consent) in tasks {
            if at_work.len() >= self.jobs {
                self.take(at_work.join_next_with_id().await, &mut who, &mut rows);
                told(console, &rows, total);
            }
            let confirmed = consent.confirm.is_some();
            let cli = self.alone(&tenant, consent);
            if self.stop.asked() {
                let again = cli.again();
                let failure = if confirmed { exit::not_begun(&again) } else { exit::before_anything(&again) };
                rows.push(Row { tenant, ending: Ending { failure: Some(failure), ..Ending::default() } });
                continue;
            }
            let tools = Tools { queued: begun.elapsed(), ..self.tools.clone() };
            let (config, stop, journal) =
                (Arc::clone(&self.config), Arc::clone(&self.stop), self.journal.clone());
            // A thread of its own, so that whatever blocks for one tenant keeps no other waiting.
            let runtime = tokio::runtime::Handle::current();
            let task =
                at_work.spawn_blocking(move || runtime.block_on(one(&cli, &config, stop, journal, tools)));
            who.insert(task.id(), tenant);
        }
        while !at_work.is_empty() {
            self.take(at_work.join_next_with_id().await, &mut who, &mut rows);
            told(console, &rows, total);
        }
        rows.sort_by(|a, b| a.tenant.cmp(&b.tenant));
        rows
    }

    fn take(
        &self,
        ended: Option<Result<(tokio::task::Id, Ending), tokio::task::JoinError>>,
        who: &mut HashMap<tokio::task::Id, String>,
        rows: &mut Vec<Row>,
    ) {
        let (id, ending) = match ended {
            None => return,
            Some(Ok((id, ending))) => (id, Some(ending)),
            Some(Err(error)) => (error.id(), None),
        };
        let tenant = who.remove(&id).unwrap_or_default();
        let ending = ending.unwrap_or_else(|| {
            let failure = Failure::new(
                Exit::Internal,
                "internal",
                "The program itself broke down over this tenant; the others are not touched.",
                format!(
                    "Go on with `{}`; what was done is in the journal.",
                    self.alone(&tenant, Consent::default()).resume()
                ),
            );
            Ending { failure: Some(failure), ..Ending::default() }
        });
        rows.push(Row { tenant, ending });
    }

    /// Applies each waiting plan by its own digest.
    async fn apply(&self, console: &mut Console, rows: &mut [Row], approved_by: Option<String>) {
        let tasks = rows.iter().filter(|row| row.waits()).map(|row| {
            let confirm = Some(row.digest().to_owned());
            (row.tenant.clone(), Consent { confirm, approved_by: approved_by.clone(), ..Consent::default() })
        });
        for mut done in self.all(console, tasks.collect()).await {
            if let Some(row) = rows.iter_mut().find(|row| row.tenant == done.tenant) {
                row.ending.failure = done.ending.failure;
                row.ending.metrics.append(&mut done.ending.metrics);
                let applied =
                    done.ending.result.as_mut().and_then(|it| it.get_mut("applied")).map(Value::take);
                if let (Some(Value::Object(result)), Some(applied)) = (&mut row.ending.result, applied) {
                    result.insert("applied".to_owned(), applied);
                }
            }
        }
    }

    /// Says of each waiting plan how it is confirmed.
    fn leave(&self, rows: &mut [Row], what: &str) {
        for row in rows.iter_mut().filter(|row| row.waits()) {
            let again = self.alone(&row.tenant, Consent::default()).again();
            row.ending.failure = Some(Failure::new(
                Exit::ConfirmationNeeded,
                "confirmation-needed",
                format!(
                    "Nothing was written: {} writes {what}.",
                    grouped(row.figure("/preview/plan/writes"))
                ),
                format!("Confirm exactly this plan with `{again} --confirm {}`.", row.digest()),
            ));
        }
    }

    fn conclude(&self, console: &mut Console, rows: Vec<Row>) -> Ending {
        outcome(console, &self.what, &rows);
        let codes: Vec<_> = rows.iter().map(|row| row.ending.exit()).collect();
        let command = self.alone("", Consent::default()).command.name();
        let failure = together(&codes).map(|exit| {
            let waiting = codes.iter().filter(|code| **code == Exit::ConfirmationNeeded).count();
            let failed = codes.iter().filter(|code| **code != Exit::Done).count() - waiting;
            let all = codes.len();
            let (kind, message) = match (waiting, failed) {
                (0, _) => ("tenants", format!("{failed} of {all} tenants did not come to a good end.")),
                (_, 0) => {
                    ("confirmation-needed", format!("{waiting} of {all} tenants wait for confirmation."))
                }
                _ => {
                    let text = format!(
                        "{waiting} of {all} tenants wait for confirmation, {failed} did not come to a good end."
                    );
                    ("confirmation-needed", text)
                }
            };
            Failure::new(exit, kind, message, "The line of each tenant says why and what to do.")
        });
        let tenants: Vec<_> = rows
            .into_iter()
            .map(|row| Ending { tenant: Some(row.tenant), ..row.ending }.document(command))
            .collect();
        let result = json!({ "jobs": self.jobs, "tenants": tenants });
        Ending { result: Some(result), failure, ..Ending::default() }
    }
}

async fn one(
    cli: &Cli,
    config: &Config,
    stop: Arc<Stop>,
    journal: Option<JournalWrap>,
    tools: Tools,
) -> Ending {
    // What is said for people about one tenant has no place between the lines of the others.
    let (out, err) = (Box::new(io::sink()), Box::new(io::sink()));
    let mut nobody = Console::of_streams(out, err, Box::new(io::empty()), false, true);
    let ended = match config.tenant(cli.shared.tenant.first().map(String::as_str)) {
        Ok(tenant) => super::on_tenant(cli, config, tenant, &mut nobody, stop, journal, Some(tools)).await,
        Err(error) => Err(session::of_config(&error)),
    };
    ended.unwrap_or_else(|failure| Ending { failure: Some(failure), ..Ending::default() })
}
