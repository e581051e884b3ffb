//! From a configuration to a tenant that the component can be run for.
//!
//! A [`Session`] holds what one command needs: the tenant with everything it brings, the loaded component, the bars
//! and the wish to stop. What a command does not need it does not ask for: `analyze` gets neither credentials nor a
//! way to the network, and only commands that write open the journal for writing, so that two of them cannot run at
//! once and readers are never in the way.

mod journals;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};

use self::journals::DenialsOnly;
pub use self::journals::{JOURNAL, open_history, open_journal};
use super::{
    args::{Commands, Shared},
    bars::{Bars, Stop},
    exit::{self, After, Exit, Failure},
};
use crate::{
    config::{Config, ConfigError, ReaderConfig, TenantConfig},
    documents,
    engine::{EngineOptions, HostEngine},
    erp::{self, ErpOpenError},
    error::CallError,
    journal::Journal,
    limits::Limits,
    model::{
        onboarding::{Action, Analysis, CertificateOption, RunReport},
        tenant::Delivery,
    },
    ocr::{DocumentReader, ReaderOptions, ReadingCache, Recognition, TenantReader},
    plugin::{Call, Plugin},
    policy::EgressPolicy,
    secrets::{CredentialSource, Credentials},
    tenant::{Tenant, Turn},
};

/// Where `cargo xtask component` puts the component, below the workspace.
const BUILT: &str = "target/component";
const COMPONENT: &str = "ecms_onboarding.wasm";
const READER: &str = "document_reader.wasm";
/// Folder of readings in a tenant's data folder.
pub const READINGS: &str = "readings";

/// What a command needs of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Customers only: no network, no credentials, no journal but for denials.
    Reading,
    /// AvaTax, but nothing is recorded but denials.
    Looking,
    /// Everything.
    Writing,
}

/// What the command line or the demo puts in place of the configuration.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Folder with certificate documents.
    pub documents: Option<PathBuf>,
    /// How invitations are delivered.
    pub delivery: Option<Delivery>,
    /// Credentials that are at hand already.
    pub credentials: Option<Credentials>,
    /// What goes between the component and a journal that is written.
    pub journal: Option<JournalWrap>,
}

/// What a program that embeds the command puts around the journal of a tenant, to watch entries or to get in their way.
#[derive(Clone)]
pub struct JournalWrap(pub Arc<WrapJournal>);

/// Takes the real journal and gives the one that the component gets.
pub type WrapJournal = dyn Fn(Arc<dyn Journal>) -> Arc<dyn Journal> + Send + Sync;

impl std::fmt::Debug for JournalWrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JournalWrap")
    }
}

/// Which export to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// `sync`.
    Sync,
    /// `onboard-certificates`.
    Certificates(CertificateOption),
}

/// One tenant, ready to run.
pub struct Session {
    tenant: Tenant,
    plugin: Plugin,
    bars: Arc<Bars>,
    stop: Arc<Stop>,
    /// What each call used, for the JSON document.
    pub metrics: Vec<Value>,
    /// Requests that the egress policy did not allow, as sentences.
    pub denied: Vec<String>,
    /// How long the tenant waited for a place; told with the first call.
    pub queued: Duration,
    journal_file: PathBuf,
    /// The job whose confirmed plan was begun and did not come to its end.
    cut_short: Option<Job>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Loads the component once for any number of sessions; what is compiled is kept in the user's cache folder.
/// At most `calls` of their calls run at once.
pub async fn load_plugin(component: PathBuf, calls: u32, ceiling: Limits) -> Result<Plugin, Failure> {
    let load = move || {
        let engine = HostEngine::with_options(EngineOptions {
            cache: cache_folder(),
            calls,
            ceiling,
            ..EngineOptions::default()
        })?;
        Plugin::load(&engine, &component)
    };
    tokio::task::spawn_blocking(load)
        .await
        .map_err(|error| Failure::internal(format!("Loading the component was cut short: {error}.")))?
        .map_err(|error| exit::of_load(&error))
}

/// The reader of documents for any number of sessions: the configured component, else the one beside the onboarding
/// component that was asked for, else the one built in this workspace. Nothing is loaded before the first document comes; a component that is missing is told then,
/// because most commands read none.
#[must_use]
pub fn reader(config: &ReaderConfig, shared: &Shared) -> Arc<DocumentReader> {
    let beside = shared.component.as_ref().map(|component| component.with_file_name(READER));
    let found = || beside.filter(|path| path.is_file()).or_else(|| find_built(READER));
    Arc::new(DocumentReader::new(ReaderOptions {
        mode: shared.reader.map_or(config.mode, Into::into),
        component: config.component.clone().or_else(found),
        cache: cache_folder(),
        recognition: Arc::new(Recognition::of(config)),
        deadline: config.deadline,
        ..ReaderOptions::default()
    }))
}

impl Session {
    /// Sets up a tenant.
    pub async fn open(
        config: &TenantConfig,
        plugin: Plugin,
        reader: Arc<DocumentReader>,
        needs: Needs,
        overrides: Overrides,
        draw: bool,
        stop: Arc<Stop>,
    ) -> Result<Self, Failure> {
        let today = jiff::Zoned::now().date();
        let erp = erp::open(&config.erp, today).await.map_err(|error| of_erp(&error))?;
        let mut documents_config = config.documents.clone();
        if let Some(folder) = overrides.documents {
            documents_config.folder = Some(folder);
        }
        let (erp_config, shared_reader) = (config.erp.clone(), Arc::clone(&reader));
        let documents = blocking(move || {
            documents::open(&documents_config, &erp_config, shared_reader).map_err(|error| {
                Failure::configuration(
                    exit::sentence(&error.to_string()),
                    "Name a folder that exists, in the configuration or with --from.",
                )
            })
        })
        .await?;
        // A command that records nothing leaves nothing behind either.
        let readings = (needs == Needs::Writing).then(|| ReadingCache::new(config.data_dir.join(READINGS)));
        let mut settings = config.settings(today);
        if let Some(delivery) = overrides.delivery {
            settings.delivery = delivery;
        }
        let (egress, credentials) = if needs == Needs::Reading {
            (EgressPolicy::deny_all(), nobody()?)
        } else {
            let egress = EgressPolicy::avatax(&config.base_url, config.allow_loopback)
                .map_err(|error| {
                    Failure::configuration(error.to_string(), "Correct `base-url` in the configuration.")
                })?
                .with_company_id(config.company_id);
            let egress = config.allow.iter().cloned().fold(egress, EgressPolicy::allow);
            let credentials = match overrides.credentials {
                Some(credentials) => credentials,
                // May run a program, and wait for it.
                None => {
                    let source = config.credentials.clone();
                    blocking(move || credentials(&source)).await?
                }
            };
            (egress, credentials)
        };
        let journal: Arc<dyn Journal> = if needs == Needs::Writing {
            // Goes along the whole chain.
            let data_dir = config.data_dir.clone();
            let journal: Arc<dyn Journal> = Arc::new(blocking(move || open_journal(&data_dir)).await?);
            match overrides.journal {
                Some(JournalWrap(wrap)) => wrap(journal),
                None => journal,
            }
        } else {
            Arc::new(DenialsOnly::new(&config.data_dir))
        };
        let bars = Arc::new(Bars::new(draw, Arc::clone(&stop)));
        let tenant = Tenant {
            name: config.name.clone(),
            erp,
            documents,
            ocr: Arc::new(TenantReader::new(reader, readings)),
            journal,
            progress: Arc::<Bars>::clone(&bars),
            settings,
            egress,
            credentials,
            limits: config.limits,
            turn: Turn::default(),
        };
        Ok(Self {
            tenant,
            plugin,
            bars,
            stop,
            metrics: Vec::new(),
            denied: Vec::new(),
            queued: Duration::ZERO,
            journal_file: config.data_dir.join(JOURNAL),
            cut_short: None,
        })
    }

    /// Runs `analyze`.
    pub async fn analyze(&mut self, commands: &Commands) -> Result<Analysis, Failure> {
        let busy = self.stop.during_call();
        let call = self.plugin.analyze_metered(&self.tenant).await;
        drop(busy);
        self.finish("analyze", call, &After { commands, confirmed: false })
    }

    /// Runs `sync` or `onboard-certificates` with an action. `commands` are what failures name.
    pub async fn run(&mut self, job: Job, action: Action, commands: &Commands) -> Result<RunReport, Failure> {
        let applies = matches!(action, Action::Apply(_));
        // Asked while the preview came to its end: the writes are not even begun.
        if self.stop.asked() {
            let again = &commands.again;
            return Err(if applies { exit::not_begun(again) } else { exit::before_anything(again) });
        }
        if applies {
            self.stop.begun(&commands.resume);
        }
        let busy = self.stop.during_call();
        let (name, call) = match job {
            Job::Sync => ("sync", self.plugin.sync_metered(&self.tenant, action).await),
            Job::Certificates(option) => (
                "onboard-certificates",
                self.plugin.onboard_certificates_metered(&self.tenant, option, action).await,
            ),
        };
        drop(busy);
        self.cut_short = (applies && call.value.is_err()).then_some(job);
        if applies && call.value.as_ref().is_ok_and(|report| report.remaining == 0) {
            self.stop.finished(&commands.resume);
        }
        self.finish(name, call, &After { commands, confirmed: applies })
    }

    /// The job whose confirmed plan did not come to its end in the last call, and the journal that knows how far it came.
    #[must_use]
    pub fn cut_short(&self) -> Option<(PathBuf, Job)> {
        self.cut_short.map(|job| (self.journal_file.clone(), job))
    }

    /// The tenant's journal, to report from while this session holds it.
    #[must_use]
    pub fn journal(&self) -> &dyn Journal {
        self.tenant.journal.as_ref()
    }

    /// Gives everything back where blocking keeps nobody waiting: the journal tidies up its file and the ERP's connection
    /// is closed.
    pub async fn close(self) {
        // A panic in there has nobody to tell; what was recorded is on the disk.
        let _closed = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    fn finish<T>(&mut self, name: &str, call: Call<T>, after: &After<'_>) -> Result<T, Failure> {
        self.bars.clear();
        let metrics = &call.metrics;
        self.metrics.push(json!({
            "call": name,
            "queued_ms": milliseconds(std::mem::take(&mut self.queued)),
            "wall_ms": milliseconds(metrics.wall),
            "cpu_ms": milliseconds(metrics.cpu),
            "peak_memory_bytes": metrics.peak_memory_bytes,
            "requests": metrics.requests,
            "denials": metrics.denials,
            "bytes_up": metrics.bytes_up,
            "bytes_down": metrics.bytes_down,
            "denied": metrics.denied,
            "denied_unrecorded": metrics.denied_unrecorded,
        }));
        // As they are: the line to paste at the end must not get a full stop.
        self.denied.extend(metrics.denied.iter().cloned());
        self.denied.extend(metrics.denied_unrecorded.iter().map(|why| {
            format!("What was denied in this call is not in the journal: {}", exit::sentence(why))
        }));
        call.value.map_err(|error: CallError| {
            let mut failure = exit::of_call(&error, after);
            // The component says that AvaTax cannot be reached; which address that was is known here.
            if failure.kind == "unreachable" {
                failure.message.push_str(&format!(" The address is {}.", self.tenant.settings.base_url));
            }
            failure
        })
    }
}

/// Runs `work` where blocking keeps nobody else waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Failure::internal(format!("Setting up the tenant was cut short: {error}.")))
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Reads the configuration.
pub fn load_config(path: &Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|error| of_config(&error))
}

/// Turns a configuration error into a failure.
pub fn of_config(error: &ConfigError) -> Failure {
    Failure::configuration(
        exit::sentence(&error.to_string()),
        match error {
            ConfigError::Read { .. } => "`onboard demo` shows a complete one in its work folder.",
            _ => "",
        },
    )
}

fn of_erp(error: &ErpOpenError) -> Failure {
    let message = exit::sentence(&error.to_string());
    match error {
        ErpOpenError::Pack(_) => {
            Failure::configuration(message, "Correct the query pack named in the configuration.")
        }
        _ => Failure::new(Exit::Unreachable, "erp-failed", message, "Nothing was written."),
    }
}

/// The component to run: the one asked for, else the configured one, else the built one nearest to the working folder
/// or the program.
pub fn find_component(asked: Option<&Path>, configured: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = asked.or(configured) {
        return Ok(path.to_owned());
    }
    find_built(COMPONENT).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "component",
            format!("There is no onboarding component at {BUILT}/{COMPONENT}, nor next to this program."),
            "Build it with `cargo xtask component`, or name a file with --component.",
        )
    })
}

fn find_built(file: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    built_components(file, here.as_deref(), program.as_deref()).into_iter().find(|path| path.is_file())
}

/// Where a built component may lie, best first.
fn built_components(file: &str, here: Option<&Path>, program: Option<&Path>) -> Vec<PathBuf> {
    let below =
        |start: &Path| start.ancestors().map(|folder| folder.join(BUILT).join(file)).collect::<Vec<_>>();
    let beside = program.and_then(Path::parent).map(|folder| folder.join(file));
    here.map(below)
        .into_iter()
        .flatten()
        .chain(program.map(below).into_iter().flatten())
        .chain(beside)
        .collect()
}

/// Who agrees: the name given, else the user of this process.
pub fn approver(given: Option<&str>) -> Result<String, Failure> {
    let name = given.map(str::to_owned).or_else(user_name).ok_or_else(|| {
        Failure::usage("Your user name could not be found out.", "Say who agrees with --approved-by NAME.")
    })?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Failure::usage(
            "The name of who agrees has to be 1 to 200 characters on one line.",
            "Give another with --approved-by NAME.",
        ));
    }
    Ok(name.to_owned())
}

fn user_name() -> Option<String> {
    let set = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    set.filter(|name| !name.trim().is_empty()).or_else(|| {
        // In containers the variables are often missing while the system knows the user all the same.
        let output = std::process::Command::new("id").arg("-un").output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    })
}

fn credentials(source: &CredentialSource) -> Result<Credentials, Failure> {
    Credentials::load(source).map_err(|error| {
        Failure::new(
            Exit::Usage,
            "credentials",
            exit::sentence(&error.to_string()),
            "See `credentials` of the tenant in the configuration.",
        )
    })
}

/// Stands where credentials would, in a session that may not reach anything.
fn nobody() -> Result<Credentials, Failure> {
    Credentials::basic("nobody", "nothing".into()).map_err(|error| Failure::internal(error.to_string()))
}

/// Below the user's cache folder; none where there is no such folder, which only costs time.
fn cache_folder() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")))?;
    base.is_absolute().then(|| base.join("onboard"))
}

#[cfg(test)]
mod tests;
