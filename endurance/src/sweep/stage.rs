//! One onboarding by the real program: its folder, its stand-in, and the trap that kills it at a request.
//!
//! The stand-in runs in this process and calls the trap at each request; the program is a process of its own, started
//! as a script would start it. When the point has come, the trap kills the program and waits until it is gone, and only
//! then lets the request go its way, so that what the stand-in does next happens to a program that is dead for certain.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use avatax_sim::{Moment, Next, SimConfig, Simulator, Stage as Reached};
use tempfile::TempDir;

use super::point::Point;
use crate::{
    avatax::AvaTax,
    cache_folder, component_file,
    error::{EnduranceError, at},
    ground::{ACCOUNT_VARIABLE, Ground, KEY_VARIABLE, copy_folder},
    kill::{COUNT_VARIABLE, KILL_VARIABLE},
};

/// The two commands of an onboarding, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// `onboard sync --yes`.
    Sync,
    /// `onboard certificates both --yes`.
    Certificates,
}

impl Phase {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Sync, Self::Certificates];

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Sync => &["sync", "--yes"],
            Self::Certificates => &["certificates", "both", "--yes"],
        }
    }
}

/// How often it is looked whether the program has ended.
const GLANCE: Duration = Duration::from_millis(4);
/// A run that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(180);
/// Last characters of what the program said that are kept.
const SAID: usize = 600;

/// A program that ended.
#[derive(Debug)]
pub(super) struct Ran {
    /// Exit code; none when a signal ended it.
    pub(super) code: Option<i32>,
    /// Whether SIGKILL ended it.
    pub(super) killed: bool,
    /// The end of what it said.
    pub(super) said: String,
}

#[derive(Default)]
struct Armed {
    child: Option<Child>,
    at: Option<(u64, Reached)>,
}

/// Kills the program at a request.
#[derive(Default)]
struct Trap(Mutex<Armed>);

impl Trap {
    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spring(&self, moment: Moment) -> Next {
        let mut armed = self.lock();
        if armed.at != Some((moment.number, moment.stage)) {
            return Next::GoOn;
        }
        armed.at = None;
        if let Some(child) = &mut armed.child {
            // A program that has ended by itself shows as a point that was not reached.
            let _killed = child.kill();
            let _gone = child.wait();
        }
        Next::Vanish
    }
}

/// One onboarding.
pub(super) struct Stage<'a> {
    program: &'a Path,
    folder: TempDir,
    simulator: Simulator,
    trap: Arc<Trap>,
    /// The stand-in, to be asked.
    pub(super) avatax: AvaTax,
}

impl<'a> Stage<'a> {
    /// Sets an onboarding up: afresh, or as another one was left behind in a folder.
    pub(super) async fn open(
        program: &'a Path,
        ground: &Ground,
        left_behind: Option<&Path>,
    ) -> Result<Self, EnduranceError> {
        let folder = tempfile::tempdir().map_err(at(Path::new("the temporary folder")))?;
        if let Some(from) = left_behind {
            copy_folder(from, folder.path()).map_err(at(from))?;
        }
        let trap = Arc::new(Trap::default());
        let watching = Arc::clone(&trap);
        let config = SimConfig {
            processing_delay: Duration::ZERO,
            state_file: Some(folder.path().join("avatax.json")),
            observer: Some(Arc::new(move |moment| watching.spring(moment))),
            ..SimConfig::default()
        };
        let (account, key) = (config.account.clone(), config.license_key.clone());
        let simulator = avatax_sim::start(config).await?;
        let avatax = AvaTax::new(&simulator.base_url(), &account, &key);
        let stage = Self { program, folder, simulator, trap, avatax };
        ground.write_config(stage.folder.path(), &stage.simulator.base_url())?;
        if left_behind.is_none() {
            for customer in &ground.company.customers {
                if let Some(record) = customer.before() {
                    stage.avatax.put_customer(&customer.code, &record).await?;
                }
            }
        }
        Ok(stage)
    }

    /// The folder with configuration, data and state.
    #[must_use]
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Requests that the stand-in has had.
    #[must_use]
    pub(super) fn requests(&self) -> u64 {
        self.simulator.summary().requests
    }

    /// Changes that the stand-in has written down.
    #[must_use]
    pub(super) fn effects(&self) -> usize {
        self.simulator.summary().effects
    }

    /// Appends that the last run of the program made.
    pub(super) fn appends(&self) -> Result<u64, EnduranceError> {
        let path = self.count_file();
        fs::metadata(&path).map(|file| file.len()).map_err(at(&path))
    }

    fn count_file(&self) -> PathBuf {
        self.folder().join("appends")
    }

    /// Ends the stand-in and leaves everything behind for others to go on from.
    pub(super) async fn leave_behind(self) -> Result<TempDir, EnduranceError> {
        let Self { folder, simulator, .. } = self;
        simulator.stop().await?;
        Ok(folder)
    }

    /// Runs a command to its end, or to the point at which it is killed, counted from its start.
    pub(super) async fn run(&self, phase: Phase, kill: Option<Point>) -> Result<Ran, EnduranceError> {
        let said = self.folder().join("said.txt");
        let mut command = Command::new(self.program);
        command
            .args(phase.words())
            .arg("--component")
            .arg(component_file())
            .current_dir(self.folder())
            .env("USER", "Endurance Test")
            .env("XDG_CACHE_HOME", cache_folder())
            .env(ACCOUNT_VARIABLE, SimConfig::default().account)
            .env(KEY_VARIABLE, SimConfig::default().license_key)
            .env(COUNT_VARIABLE, self.count_file())
            .env_remove(KILL_VARIABLE)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said).map_err(at(&said))?);
        if let Some(Point::Append(number, side)) = kill {
            command.env(KILL_VARIABLE, format!("{number}:{}", side.name()));
        }
        {
            let mut armed = self.trap.lock();
            armed.at = match kill {
                Some(Point::Request(number, stage)) => Some((self.requests() + number, stage)),
                _ => None,
            };
            armed.child = Some(command.spawn().map_err(at(self.program))?);
        }
        let status = self.wait().await?;
        self.trap.lock().at = None;
        let said = fs::read(&said).map_err(at(&said))?;
        let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
        let skip = said.chars().count().saturating_sub(SAID);
        Ok(Ran {
            code: status.and_then(|status| status.code()),
            killed: status.is_some_and(|status| status.signal() == Some(9)),
            said: if status.is_some() { said.chars().skip(skip).collect() } else { "it hung".to_owned() },
        })
    }

    /// Waits for the program; none when it had to be ended because it hung.
    async fn wait(&self) -> Result<Option<ExitStatus>, EnduranceError> {
        let started = Instant::now();
        loop {
            {
                let mut armed = self.trap.lock();
                let Some(child) = &mut armed.child else { return Ok(None) };
                if let Some(status) = child.try_wait().map_err(at(self.program))? {
                    return Ok(Some(status));
                }
                if started.elapsed() > PATIENCE {
                    let _killed = child.kill();
                    let _gone = child.wait();
                    return Ok(None);
                }
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        // A run that was given up must not leave its program behind.
        if let Some(child) = &mut self.lock().child {
            let _killed = child.kill();
            let _gone = child.wait();
        }
    }
}
