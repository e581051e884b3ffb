//! What the whole-flow tests stand on: a company with an ERP, certificates, an AvaTax and the real program.
//!
//! A [`Stage`] is a folder of its own with an ERP, a folder of certificates, a configuration and a running stand-in
//! for AvaTax. [`Stage::onboard`] starts the built `onboard` program in it as a script would, without a terminal, and
//! hands back what it printed. Nothing of the host runs inside the test process, so a test sees what a user sees: exit
//! code, the two streams, and what arrived in AvaTax, which is asked over HTTP like everything else.
//!
//! Helpers here panic with a sentence when the ground they stand on is missing, because there is no test without it.
#![expect(clippy::panic, reason = "a test whose ground is missing has to fail, and says what is missing")]

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use avatax_sim::{SimConfig, Simulator};
use demo_data::{CertificateTruth, DEFAULT_SEED, ErpOptions, ErpTruth};
use document_reader::recognise;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

#[cfg(unix)]
pub mod many;
#[cfg(unix)]
pub mod process;
mod ran;
mod sim;
#[cfg(target_os = "linux")]
pub mod terminal;

pub use ran::Ran;
pub use sim::{Effect, Sim};

/// Environment variable that the written configuration takes the account from.
pub const ACCOUNT_VARIABLE: &str = "ONBOARDING_TEST_ACCOUNT";
/// Environment variable that the written configuration takes the license key from.
pub const KEY_VARIABLE: &str = "ONBOARDING_TEST_LICENSE_KEY";
/// License key that every stand-in accepts unless a test says otherwise.
pub const LICENSE_KEY: &str = "STAGE-LICENSE-KEY-2f61c09d";
/// Number of the stand-in's company.
pub const COMPANY: u64 = 265_001;
/// Who agrees in every test.
pub const APPROVER: &str = "Test Approver";

/// Where a stage's customers come from.
#[derive(Debug, Clone)]
enum Erp {
    Demo { customers: u32 },
    Other { kind: String, path: PathBuf },
}

/// What a stage is to be like.
#[derive(Debug)]
pub struct StageBuilder {
    erp: Erp,
    certificates: bool,
    settings: String,
    reader: String,
    sim: SimConfig,
}

impl StageBuilder {
    /// Takes that many made-up customers instead of the default number.
    #[must_use]
    pub fn customers(mut self, customers: u32) -> Self {
        self.erp = Erp::Demo { customers };
        self
    }

    /// Takes the customers from `path`, which an adapter of that kind reads: `sqlite`, `ofbiz` or `quickbooks`.
    #[must_use]
    pub fn erp(mut self, kind: &str, path: &Path) -> Self {
        self.erp = Erp::Other { kind: kind.to_owned(), path: path.to_path_buf() };
        self
    }

    /// Leaves the folder of certificates empty.
    #[must_use]
    pub fn without_certificates(mut self) -> Self {
        self.certificates = false;
        self
    }

    /// Adds a line to the tenant's table of the configuration, such as `batch-size = 5`.
    #[must_use]
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push_str(line);
        self.settings.push('\n');
        self
    }

    /// Replaces the table `[reader]` of the configuration, which otherwise leaves pictures unread, so that a test takes
    /// the same time and ends the same with and without the recognition networks.
    #[must_use]
    pub fn reader(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.reader);
        self
    }

    /// Changes how the stand-in behaves.
    #[must_use]
    pub fn sim(mut self, change: impl FnOnce(&mut SimConfig)) -> Self {
        change(&mut self.sim);
        self
    }

    /// Sets the stage up and starts its stand-in.
    #[must_use]
    pub fn start(self) -> Stage {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let certificates_dir = dir.path().join("certificates");
        let fail =
            |error: demo_data::DemoError| -> ! { panic!("the made-up data could not be written: {error}") };
        let (kind, path, erp) = match self.erp {
            Erp::Demo { customers } => {
                let path = dir.path().join("erp.sqlite");
                let options = ErpOptions { customers, seed: DEFAULT_SEED };
                let truth = demo_data::write_erp(&path, &options).unwrap_or_else(|error| fail(error));
                ("sqlite".to_owned(), path, truth)
            }
            Erp::Other { kind, path } => (kind, path, ErpTruth::default()),
        };
        let certificates = if self.certificates {
            demo_data::write_certificates(&certificates_dir, DEFAULT_SEED).unwrap_or_else(|error| fail(error))
        } else {
            std::fs::create_dir(&certificates_dir)
                .unwrap_or_else(|error| panic!("the folder of certificates could not be made: {error}"));
            Vec::new()
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("no runtime: {error}"));
        let (account, key) = (self.sim.account.clone(), self.sim.license_key.clone());
        let simulator = runtime
            .block_on(avatax_sim::start(self.sim))
            .unwrap_or_else(|error| panic!("the stand-in for AvaTax did not start: {error}"));
        let stage = Stage { runtime, simulator, dir, erp, certificates, account, key };
        stage.write_config(&stage.config_text(&kind, &path, &self.settings, &self.reader));
        stage
    }
}

/// A company to onboard, in a folder of its own, with an AvaTax of its own.
#[derive(Debug)]
pub struct Stage {
    runtime: Runtime,
    simulator: Simulator,
    dir: TempDir,
    /// What a reader of the made-up ERP has to find; all zero where the ERP is another.
    pub erp: ErpTruth,
    /// What stands on the certificates in the folder, and what has to become of each.
    pub certificates: Vec<CertificateTruth>,
    /// Account that the stand-in accepts.
    pub account: String,
    /// License key that the stand-in accepts.
    pub key: String,
}

impl Stage {
    /// A stage with the default made-up data, to be changed before it starts.
    #[must_use]
    pub fn build() -> StageBuilder {
        StageBuilder {
            erp: Erp::Demo { customers: demo_data::DEFAULT_CUSTOMERS },
            certificates: true,
            settings: String::new(),
            reader: "engine = \"none\"".to_owned(),
            sim: SimConfig { license_key: LICENSE_KEY.to_owned(), ..SimConfig::default() },
        }
    }

    /// A stage with the default made-up data.
    #[must_use]
    pub fn new() -> Self {
        Self::build().start()
    }

    /// The folder that everything of this stage lies in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The made-up ERP.
    #[must_use]
    pub fn erp_file(&self) -> PathBuf {
        self.dir().join("erp.sqlite")
    }

    /// The folder of certificates.
    #[must_use]
    pub fn certificates_dir(&self) -> PathBuf {
        self.dir().join("certificates")
    }

    /// The tenant's data folder, which holds the journal.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir().join("data")
    }

    /// The configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.dir().join("onboard.toml")
    }

    /// Address of the stand-in.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.simulator.base_url()
    }

    /// The stand-in, asked over HTTP.
    #[must_use]
    pub fn sim(&self) -> Sim<'_> {
        Sim::new(&self.runtime, self.simulator.base_url(), &self.account, &self.key)
    }

    /// Replaces the configuration.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.config_file(), text)
            .unwrap_or_else(|error| panic!("the configuration could not be written: {error}"));
    }

    /// Replaces a piece of the configuration, which has to occur in it.
    pub fn edit_config(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config_file())
            .unwrap_or_else(|error| panic!("the configuration could not be read: {error}"));
        assert!(text.contains(from), "the configuration has no `{from}`:\n{text}");
        self.write_config(&text.replace(from, to));
    }

    /// Runs `onboard` in the folder of the stage, with its credentials in the environment and without a terminal.
    pub fn onboard(&self, arguments: &[&str]) -> Ran {
        self.onboard_with(arguments, |_| {})
    }

    /// The same, after a change to the command: other variables, another folder.
    pub fn onboard_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Ran {
        run_in(self.dir(), arguments, |command| {
            command.env(ACCOUNT_VARIABLE, &self.account).env(KEY_VARIABLE, &self.key);
            change(command);
        })
    }

    /// Starts `onboard` and does not wait for it; what it prints is dropped.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        command_in(self.dir(), arguments)
            .env(ACCOUNT_VARIABLE, &self.account)
            .env(KEY_VARIABLE, &self.key)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("onboard did not start: {error}"))
    }

    /// Runs `onboard` with `--json` and gives its document; fails when the exit code is another than `code`.
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let ran = self.onboard(&all);
        ran.expect(code);
        ran.document()
    }

    /// Runs SQL on the made-up ERP; fails unless it changes exactly one row.
    pub fn change_erp(&self, sql: &str) {
        let changed = rusqlite::Connection::open(self.erp_file())
            .and_then(|erp| erp.execute(sql, ()))
            .unwrap_or_else(|error| panic!("the ERP could not be changed: {error}"));
        assert_eq!(changed, 1, "{sql}");
    }

    fn config_text(&self, kind: &str, erp: &Path, settings: &str, reader: &str) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        // The stand-in shows at once what it stored, unless a test says otherwise.
        let settling = if settings.contains("settling-seconds") { "" } else { "settling-seconds = 1\n" };
        format!(
            "[tenants.stage]\nbase-url = {}\nallow-loopback = true\ncompany-code = \"DEFAULT\"\n\
             data-dir = \"data\"\n{settling}{settings}\n\
             [tenants.stage.credentials]\naccount-env = \"{ACCOUNT_VARIABLE}\"\n\
             license-key-env = \"{KEY_VARIABLE}\"\n\n\
             [tenants.stage.erp]\nkind = {}\npath = {}\n\n\
             [tenants.stage.documents]\nfolder = \"certificates\"\n\n[reader]\n{reader}\n",
            quoted(&self.base_url()),
            quoted(kind),
            quoted(&erp.to_string_lossy()),
        )
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `onboard` in a folder, without a terminal and with the built component unless another is named. `change` may
/// add variables.
pub fn run_in(folder: &Path, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Ran {
    let mut command = command_in(folder, arguments);
    change(&mut command);
    Ran::of(&mut command)
}

fn command_in(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(onboard_program());
    command
        .args(arguments)
        .current_dir(folder)
        .env("USER", APPROVER)
        // Beside the other things that cargo may throw away, instead of the user's own cache.
        .env("XDG_CACHE_HOME", workspace().join("target").join("test-cache"))
        .stdin(Stdio::null());
    if !arguments.contains(&"--component") {
        command.arg("--component").arg(component_file());
    }
    command
}

/// The workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| panic!("the tests do not lie in a workspace"))
        .to_path_buf()
}

/// The built component.
#[must_use]
pub fn component_file() -> PathBuf {
    built("ecms_onboarding.wasm", "component")
}

/// The built reader of documents.
#[must_use]
pub fn reader_file() -> PathBuf {
    built("document_reader.wasm", "component")
}

/// The built guests that misbehave.
#[must_use]
pub fn guests_file() -> PathBuf {
    built("hostile_guests.wasm", "guests")
}

fn built(file: &str, task: &str) -> PathBuf {
    let path = workspace().join("target").join("component").join(file);
    assert!(
        path.is_file(),
        "there is no component at {}; build it with `cargo xtask {task}`",
        path.display()
    );
    path
}

/// The built program, which lies above the folder of the running test.
#[must_use]
pub fn onboard_program() -> PathBuf {
    let test =
        env::current_exe().unwrap_or_else(|error| panic!("this test does not know where it is: {error}"));
    let folder = test.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let path = folder.join(format!("onboard{}", env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "there is no program at {}; build it with `cargo build -p host-harness`",
        path.display()
    );
    path
}

/// The folder of real ERP samples, which are not part of the workspace: beside it, or where `ONBOARDING_SHARED` says.
/// None, and a line about it, where they are not at hand.
#[must_use]
pub fn shared_samples(name: &str) -> Option<PathBuf> {
    let shared =
        env::var_os("ONBOARDING_SHARED").map_or_else(|| workspace().join("..").join("shared"), PathBuf::from);
    let path = shared.join("erp-samples").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there are no samples at {}; set ONBOARDING_SHARED", path.display());
    None
}

/// The fonts that pictures are drawn with; none, and a line about it, where they or the networks that read pictures are
/// not at hand. Where `ONBOARDING_REQUIRE_MODELS` is set, that is a failure instead.
#[must_use]
pub fn fonts_and_models() -> Option<PathBuf> {
    let models = recognise::default_folder().filter(|folder| {
        [recognise::DETECTION, recognise::RECOGNITION].iter().all(|file| folder.join(file.name).is_file())
    });
    let fonts =
        recognise::default_fonts().filter(|folder| folder.join("SourceSansPro-Regular.ttf").is_file());
    if models.is_some() && fonts.is_some() {
        return fonts;
    }
    let why = "the recognition networks or the fonts are not here; `cargo xtask setup` fetches them";
    assert!(env::var_os("ONBOARDING_REQUIRE_MODELS").is_none(), "{why}");
    println!("skipped: {why}");
    None
}
