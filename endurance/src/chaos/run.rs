//! One run of the chaos: rounds with faults, rounds in calm, the checker.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use avatax_sim::Simulator;
use host_harness::{
    cli::{
        args::Commands,
        bars::Stop,
        exit::{self, Exit},
        session::{Job, Needs, Overrides, Session},
    },
    config::{Config, TenantConfig},
    model::{
        journal::OutcomeState,
        onboarding::{Action, Approval, CertificateOption, RunReport},
    },
    secrets::Credentials,
};

use super::{Disturbed, Draw, Host};
use crate::{
    avatax::AvaTax,
    checker::{self, Evidence, Fault, Violation},
    error::{EnduranceError, at},
    evidence,
    ground::{Ground, TENANT, journal_file},
    journal, sweep,
};

/// Times a command may be run in calm until it ends well.
const CALM_ROUNDS: usize = 6;
/// A run that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(900);

/// Makes a run.
pub(super) async fn disturb(
    host: &Host,
    draw: &Draw,
    keep: Option<&Path>,
) -> Result<Disturbed, EnduranceError> {
    let started = Instant::now();
    let mut run = match tokio::time::timeout(PATIENCE, play(host, draw, keep)).await {
        Ok(run) => run?,
        Err(_late) => {
            let detail = format!("it did not end within {} seconds", PATIENCE.as_secs());
            let hung = Violation { fault: Fault::Unfinished, subject: "run".to_owned(), detail };
            Disturbed { seed: draw.seed, violations: vec![hung], ..Disturbed::default() }
        }
    };
    run.seconds = started.elapsed().as_secs_f64();
    Ok(run)
}

async fn play(host: &Host, draw: &Draw, keep: Option<&Path>) -> Result<Disturbed, EnduranceError> {
    let ground = Ground::lay(draw.size, draw.seed)?;
    let folder = tempfile::tempdir().map_err(at(Path::new("the temporary folder")))?;
    let config = draw.config();
    let (account, key) = (config.account.clone(), config.license_key.clone());
    let simulator = avatax_sim::start(config).await?;
    let avatax = AvaTax::new(&simulator.base_url(), &account, &key);
    for customer in &ground.company.customers {
        if let Some(record) = customer.before() {
            avatax.put_customer(&customer.code, &record).await?;
        }
    }
    // What was there before anything began has been there for long.
    tokio::time::sleep(draw.visible_after).await;
    let set_up = simulator.summary().effects;
    let file = ground.write_config(folder.path(), &simulator.base_url())?;
    let config = Config::load(&file).map_err(|error| EnduranceError::SetUp(error.to_string()))?;
    let tenant = config.tenant(Some(TENANT)).map_err(|error| EnduranceError::SetUp(error.to_string()))?;
    let mut player = Player { host, tenant, account, key, rounds: 0, violations: Vec::new() };

    simulator.set_faults(draw.faults.clone());
    player.in_chaos(draw.rounds).await?;
    let struck = simulator.summary();
    simulator.set_faults(Vec::new());
    player.in_calm().await?;

    // The checker reads what AvaTax lists, and that lags too.
    tokio::time::sleep(draw.visible_after).await;
    let mut violations = player.violations;
    let rounds = player.rounds;
    violations.extend(look(&ground, &avatax, set_up, folder.path()).await?);
    if let Some(keep) = keep.filter(|_| !violations.is_empty()) {
        evidence::keep(keep, &format!("seed-{}", draw.seed), folder.path(), &avatax, &violations).await?;
    }
    let requests = struck.requests;
    stop(simulator).await?;
    Ok(Disturbed { seed: draw.seed, rounds, requests, faults: struck.faults, seconds: 0.0, violations })
}

async fn stop(simulator: Simulator) -> Result<(), EnduranceError> {
    simulator.stop().await.map_err(EnduranceError::from)
}

async fn look(
    ground: &Ground,
    avatax: &AvaTax,
    set_up: usize,
    folder: &Path,
) -> Result<Vec<Violation>, EnduranceError> {
    let effects = avatax.effects(set_up).await?;
    let books = avatax.books().await?;
    let path = journal_file(folder);
    let journal = journal::read(&path)?;
    let mut violations = checker::check(&Evidence {
        company: &ground.company,
        hashes: &ground.hashes,
        effects: &effects,
        books: &books,
        journal: &journal,
    });
    violations.extend(sweep::chain(&path));
    Ok(violations)
}

const JOBS: [Job; 2] = [Job::Sync, Job::Certificates(CertificateOption::Both)];

struct Player<'a> {
    host: &'a Host,
    tenant: &'a TenantConfig,
    account: String,
    key: String,
    rounds: u32,
    violations: Vec<Violation>,
}

impl Player<'_> {
    /// Runs each command some times, or until it ends well.
    async fn in_chaos(&mut self, rounds: u32) -> Result<(), EnduranceError> {
        for job in JOBS {
            for _ in 0..rounds {
                if self.command(job).await?.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Runs each command until it ends well, which it has to.
    async fn in_calm(&mut self) -> Result<(), EnduranceError> {
        for job in JOBS {
            let mut why = None;
            for _ in 0..CALM_ROUNDS {
                why = self.command(job).await?;
                if why.is_none() {
                    break;
                }
            }
            if let Some(detail) = why {
                self.violations.push(Violation {
                    fault: Fault::Unfinished,
                    subject: format!("{job:?}"),
                    detail,
                });
            }
        }
        Ok(())
    }

    /// Previews and applies, as the command line does with consent given beforehand; says why it did not end well.
    async fn command(&mut self, job: Job) -> Result<Option<String>, EnduranceError> {
        self.rounds += 1;
        let failed = |reason: String| EnduranceError::SetUp(reason);
        let credentials = Credentials::basic(&self.account, self.key.as_str().into())
            .map_err(|error| failed(error.to_string()))?;
        let overrides = Overrides { credentials: Some(credentials), ..Overrides::default() };
        let mut session = Session::open(
            self.tenant,
            self.host.plugin.clone(),
            Arc::clone(&self.host.reader),
            Needs::Writing,
            overrides,
            false,
            Arc::new(Stop::default()),
        )
        .await
        .map_err(|failure| failed(failure.to_string()))?;
        let commands = Commands::all("onboard");
        let previewed = session.run(job, Action::Preview, &commands).await;
        let plan = match previewed {
            Ok(report) => report.plan,
            Err(failure) => return Ok(Some(self.gave_up(job, &failure))),
        };
        let Some(plan) = plan.filter(|plan| plan.writes > 0) else { return Ok(None) };
        let approval = Approval { plan_digest: plan.digest, approved_by: "Endurance Test".to_owned() };
        match session.run(job, Action::Apply(approval), &commands).await {
            Ok(report) if exit::of_applied(&report) == Exit::Done || only_refused(&report) => Ok(None),
            Ok(report) => {
                Ok(Some(format!("done in part, {} remaining: {:?}", report.remaining, report.outcomes)))
            }
            Err(failure) => Ok(Some(self.gave_up(job, &failure))),
        }
    }

    /// Giving up is right in the middle of chaos; breaking is never.
    fn gave_up(&mut self, job: Job, failure: &exit::Failure) -> String {
        let detail = failure.to_string();
        if failure.exit == Exit::Internal {
            let subject = format!("{job:?}");
            self.violations.push(Violation { fault: Fault::Broken, subject, detail: detail.clone() });
        }
        detail
    }
}

/// Whether all that was not done is what AvaTax refuses, which no further run changes.
fn only_refused(report: &RunReport) -> bool {
    let ended = |state| matches!(state, OutcomeState::Done | OutcomeState::Adopted | OutcomeState::Refused);
    report.remaining == 0 && !report.stopped && report.outcomes.iter().all(|it| ended(it.state))
}
