//! Killing the program at every point, one after the other.
//!
//! An undisturbed onboarding comes first: it counts appends and requests and sets the end that every other run has to
//! reach. Then each point gets an onboarding of its own. The program is killed there, started again until it ends well,
//! and the [`checker`] looks at what is left. What `sync` left behind undisturbed is kept, so a point of
//! the second command starts from there.

mod point;
mod stage;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use host_harness::journal::SqliteJournal;
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinSet};

use self::stage::{Ran, Stage};
pub use self::{point::Point, stage::Phase};
use crate::{
    checker::{self, Evidence, Fault, Violation},
    company::Size,
    error::EnduranceError,
    evidence,
    ground::{Ground, journal_file},
    journal,
    random::Random,
};

/// Runs that a command may take to end well once nobody disturbs it any more.
const RUNS: usize = 3;

/// What to sweep.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program to kill.
    pub program: PathBuf,
    /// Onboardings side by side.
    pub jobs: usize,
    /// Only these points; none means all.
    pub only: Vec<Point>,
    /// Whether the run that recovers is killed as well, at a random point.
    pub twice: bool,
    /// Begins no further point after this time.
    pub limit: Option<Duration>,
    /// Decides the order of points and the second kill.
    pub seed: u64,
    /// Where the evidence of points with violations is kept, if it is.
    pub keep: Option<PathBuf>,
}

/// What became of one point.
#[derive(Debug, Clone, Serialize)]
pub struct Swept {
    /// Which point.
    pub point: String,
    /// Kind of point.
    pub kind: &'static str,
    /// Times the program was killed.
    pub kills: u32,
    /// Times it was started.
    pub runs: u32,
    /// How long it took.
    pub seconds: f64,
    /// What is wrong.
    pub violations: Vec<Violation>,
}

/// What became of all of them.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Appends of the undisturbed onboarding.
    pub appends: u64,
    /// Its requests.
    pub requests: u64,
    /// Points there are.
    pub points: usize,
    /// Points that were tried, with what came of it.
    pub swept: Vec<Swept>,
    /// How long all of it took.
    pub seconds: f64,
    /// What decided order and second kills.
    pub seed: u64,
}

impl Outcome {
    /// Whether nothing is wrong, and something was tried.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.swept.is_empty() && self.swept.iter().all(|swept| swept.violations.is_empty())
    }
}

/// The undisturbed onboarding.
struct Undisturbed {
    ground: Ground,
    ending: BTreeSet<String>,
    /// Changes that setting the company up in AvaTax took.
    set_up: usize,
    /// Appends and requests of each command.
    counts: [(u64, u64); 2],
    after_sync: TempDir,
}

/// Sweeps.
pub async fn sweep(options: &Options, bar: &ProgressBar) -> Result<Outcome, EnduranceError> {
    let started = Instant::now();
    let undisturbed = Arc::new(undisturbed(&options.program).await?);
    let (appends, requests) = undisturbed.counts.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    let all = Point::all(appends, requests);
    let points = all.len();
    let mut chosen = if options.only.is_empty() { all } else { options.only.clone() };
    // In any order they cost the same; shuffled, a part of them is a sample of all.
    Random::new(options.seed).shuffle(&mut chosen);
    bar.set_length(chosen.len() as u64);
    let slots = Arc::new(Semaphore::new(options.jobs.max(1)));
    let mut running = JoinSet::new();
    let mut swept = Vec::new();
    for point in chosen {
        let slot = Arc::clone(&slots).acquire_owned().await;
        if options.limit.is_some_and(|limit| started.elapsed() >= limit) {
            break;
        }
        let (undisturbed, options) = (Arc::clone(&undisturbed), options.clone());
        running.spawn(async move {
            let _slot = slot;
            undisturbed.kill_at(&options, point).await
        });
        while let Some(done) = running.try_join_next() {
            swept.push(joined(done)?);
            bar.inc(1);
        }
    }
    while let Some(done) = running.join_next().await {
        swept.push(joined(done)?);
        bar.inc(1);
    }
    swept.sort_by_key(|it| it.point.parse::<Point>().map(|point| (point.kind(), point.number())).ok());
    Ok(Outcome {
        appends,
        requests,
        points,
        swept,
        seconds: started.elapsed().as_secs_f64(),
        seed: options.seed,
    })
}

fn joined(
    done: Result<Result<Swept, EnduranceError>, tokio::task::JoinError>,
) -> Result<Swept, EnduranceError> {
    done.unwrap_or_else(|error| Err(EnduranceError::SetUp(format!("a worker broke down: {error}"))))
}

/// Runs the onboarding once without any disturbance.
async fn undisturbed(program: &Path) -> Result<Undisturbed, EnduranceError> {
    let ground = Ground::lay(Size::SWEEP, 1)?;
    let stage = Stage::open(program, &ground, None).await?;
    let set_up = stage.effects();
    let sync = count(&stage, Phase::Sync).await?;
    let after_sync = stage.leave_behind().await?;
    let stage = Stage::open(program, &ground, Some(after_sync.path())).await?;
    let certificates = count(&stage, Phase::Certificates).await?;
    let mut undisturbed =
        Undisturbed { ground, ending: BTreeSet::new(), set_up, counts: [sync, certificates], after_sync };
    let (ending, mut violations) = undisturbed.look(&stage).await?;
    // There is nothing to compare with yet.
    violations.retain(|it| it.fault != Fault::Differs);
    if let Some(first) = violations.first() {
        let text = format!("{first} ({} violations in all)", violations.len());
        return Err(EnduranceError::Undisturbed(text));
    }
    undisturbed.ending = ending;
    Ok(undisturbed)
}

async fn count(stage: &Stage<'_>, phase: Phase) -> Result<(u64, u64), EnduranceError> {
    let before = stage.requests();
    let ran = stage.run(phase, None).await?;
    if ran.code != Some(0) {
        return Err(EnduranceError::Undisturbed(format!(
            "{phase:?} ended with {:?}: {}",
            ran.code, ran.said
        )));
    }
    Ok((stage.appends()?, stage.requests() - before))
}

impl Undisturbed {
    /// The command that a point lies in, and the point counted from the start of that command.
    fn locate(&self, point: Point) -> (Phase, Point) {
        let [sync, _] = self.counts;
        let before = if matches!(point, Point::Append(..)) { sync.0 } else { sync.1 };
        match point.number().checked_sub(before) {
            None | Some(0) => (Phase::Sync, point),
            Some(number) => (Phase::Certificates, point.numbered(number)),
        }
    }

    /// A random point of a command.
    fn any_point(&self, phase: Phase, random: &mut Random) -> Option<Point> {
        let [sync, certificates] = self.counts;
        let (appends, requests) = if phase == Phase::Sync { sync } else { certificates };
        random.pick(&Point::all(appends, requests)).copied()
    }

    async fn kill_at(&self, options: &Options, point: Point) -> Result<Swept, EnduranceError> {
        let started = Instant::now();
        let (phase, local) = self.locate(point);
        let left_behind = (phase == Phase::Certificates).then(|| self.after_sync.path());
        let stage = Stage::open(&options.program, &self.ground, left_behind).await?;
        let mut violations = Vec::new();
        let (mut runs, mut kills) = (1, 1);
        let ran = stage.run(phase, Some(local)).await?;
        if !ran.killed {
            kills = 0;
            violations.push(wrong(Fault::NotReached, phase, &ran));
        }
        if options.twice {
            let mut random = Random::new(options.seed ^ hash(point));
            let second = self.any_point(phase, &mut random);
            runs += 1;
            // The run that recovers is shorter, so the second point may never come; then it simply ends.
            kills += u32::from(stage.run(phase, second).await?.killed);
        }
        for phase in Phase::ALL.into_iter().filter(|it| *it >= phase) {
            let mut last = None;
            for _ in 0..RUNS {
                runs += 1;
                let ran = stage.run(phase, None).await?;
                let done = ran.code == Some(0);
                last = Some(ran);
                if done {
                    break;
                }
            }
            if let Some(ran) = last.filter(|ran| ran.code != Some(0)) {
                violations.push(wrong(Fault::Unfinished, phase, &ran));
            }
        }
        violations.extend(self.look(&stage).await?.1);
        if let Some(keep) = options.keep.as_deref().filter(|_| !violations.is_empty()) {
            let name = point.to_string().replace(':', "-");
            evidence::keep(keep, &name, stage.folder(), &stage.avatax, &violations).await?;
        }
        Ok(Swept {
            point: point.to_string(),
            kind: point.kind(),
            kills,
            runs,
            seconds: started.elapsed().as_secs_f64(),
            violations,
        })
    }

    /// Looks at what a run left behind.
    async fn look(&self, stage: &Stage<'_>) -> Result<(BTreeSet<String>, Vec<Violation>), EnduranceError> {
        let effects = stage.avatax.effects(self.set_up).await?;
        let books = stage.avatax.books().await?;
        let path = journal_file(stage.folder());
        let journal = journal::read(&path)?;
        let mut violations = checker::check(&Evidence {
            company: &self.ground.company,
            hashes: &self.ground.hashes,
            effects: &effects,
            books: &books,
            journal: &journal,
        });
        violations.extend(chain(&path));
        let ending = checker::ending(&books);
        violations.extend(checker::differences(&self.ending, &ending));
        Ok((ending, violations))
    }
}

/// Whether the journal's chain of hashes holds.
pub(crate) fn chain(path: &Path) -> Option<Violation> {
    let broken = match SqliteJournal::open_read_only(path) {
        Ok(journal) => journal.verify(&[]).err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    broken.map(|detail| Violation { fault: Fault::Chain, subject: "journal".to_owned(), detail })
}

fn wrong(fault: Fault, phase: Phase, ran: &Ran) -> Violation {
    let code = ran.code.map_or("no exit code".to_owned(), |code| format!("exit code {code}"));
    Violation { fault, subject: format!("{phase:?}"), detail: format!("{code}: {}", ran.said) }
}

/// Tells points apart for the draw of the second kill.
fn hash(point: Point) -> u64 {
    point.to_string().bytes().fold(0, |hash: u64, byte| hash.wrapping_mul(131).wrapping_add(u64::from(byte)))
}
