//! What a person sees while a call runs, and how they stop it.
//!
//! [`Bars`] takes the component's progress events and draws one bar for the phase at hand: its name, how much is done,
//! and the time left where the total is known. [`Stop`] is the wish to stop: the first Ctrl-C during a call asks the
//! component to end at its next safe point, the second leaves at once, which is as safe as a power cut: every write was
//! announced in the journal before it was sent. Outside a call there is nothing to bring to an end, so there Ctrl-C
//! leaves at once too.

use std::{
    collections::BTreeSet,
    io::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::Exit;
use crate::{
    model::progress::{Event, Phase, Verdict},
    progress::Progress,
    report::words,
};

/// Nothing is drawn for phases that end sooner.
const QUIET_FOR: Duration = Duration::from_millis(700);

/// The wish to stop.
#[derive(Debug, Default)]
pub struct Stop {
    asked: AtomicBool,
    calls: AtomicUsize,
    unfinished: Mutex<BTreeSet<String>>,
}

impl Stop {
    /// Whether the person asked to stop.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Asks the call at hand to stop; answers false when there is nothing to wait for, so that the process may leave.
    pub fn ask(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > 0 && !self.asked.swap(true, Ordering::Relaxed)
    }

    /// Says that a confirmed plan is begun, and with which command a person goes on who leaves before its end.
    pub fn begun(&self, resume: &str) {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).insert(resume.to_owned());
    }

    /// Says that nothing is left of the plan which this command would go on with.
    pub fn finished(&self, resume: &str) {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).remove(resume);
    }

    /// The sentence for a person who leaves at once.
    fn farewell(&self) -> String {
        let unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if unfinished.is_empty() {
            return "Left at once. No confirmed plan was under way.".to_owned();
        }
        let commands: Vec<_> = unfinished.iter().map(|resume| format!("`{resume}`")).collect();
        format!("Left at once. Go on with {}; nothing is written twice.", commands.join(" and "))
    }

    /// Marks that a call runs until the guard is dropped.
    #[must_use]
    pub fn during_call(self: &Arc<Self>) -> Busy {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Waits for Ctrl-C as long as the process lives.
    pub async fn watch(self: Arc<Self>) {
        while tokio::signal::ctrl_c().await.is_ok() {
            if self.ask() {
                // Whether anybody can read it does not matter; the next Ctrl-C has to be heard all the same.
                let said = "\nStopping at the next safe point. Press Ctrl-C again to leave at once.";
                let _ = writeln!(std::io::stderr(), "{said}");
            } else {
                if self.asked() {
                    let _ = writeln!(std::io::stderr(), "\n{}", self.farewell());
                }
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        }
    }
}

/// A call is running.
#[derive(Debug)]
pub struct Busy(Arc<Stop>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Draws progress, and hands the wish to stop to the component.
#[derive(Debug)]
pub struct Bars {
    draw: bool,
    stop: Arc<Stop>,
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
struct Current {
    phase: Phase,
    began: std::time::Instant,
    bar: ProgressBar,
}

impl Bars {
    /// Bars that are drawn on stderr when `draw` says so.
    #[must_use]
    pub const fn new(draw: bool, stop: Arc<Stop>) -> Self {
        Self { draw, stop, current: Mutex::new(None) }
    }

    /// Takes the bar away, before anything else is printed.
    pub fn clear(&self) {
        let taken = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(current) = taken {
            current.bar.finish_and_clear();
        }
    }

    fn draw(&self, event: &Event) {
        let mut guard = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.as_ref().is_none_or(|current| current.phase != event.phase) {
            if let Some(old) = guard.take() {
                old.bar.finish_and_clear();
            }
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            bar.set_message(words::phase(event.phase).words);
            *guard = Some(Current { phase: event.phase, began: std::time::Instant::now(), bar });
        }
        if let Some(current) = guard.as_ref() {
            if let Some(total) = event.total {
                current.bar.set_length(total);
            }
            current.bar.set_position(event.done);
            if current.bar.is_hidden() && current.began.elapsed() >= QUIET_FOR {
                current.bar.set_style(style(event.total.is_some()));
                current.bar.set_draw_target(ProgressDrawTarget::stderr());
                current.bar.enable_steady_tick(Duration::from_millis(200));
            }
        }
    }
}

impl Progress for Bars {
    fn report(&self, event: Event) -> Verdict {
        if self.draw {
            self.draw(&event);
        }
        if self.stop.asked() { Verdict::Stop } else { Verdict::Proceed }
    }
}

fn style(total_known: bool) -> ProgressStyle {
    let template = if total_known {
        "{msg:<22} {wide_bar} {human_pos}/{human_len}  {elapsed} gone, {eta} left"
    } else {
        "{msg:<22} {spinner} {human_pos}  {elapsed} gone"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wish_during_a_call_is_passed_on_and_the_second_leaves() {
        let stop = Arc::new(Stop::default());
        assert!(!stop.ask(), "nothing runs, so leaving at once is right");
        let bars = Bars::new(false, Arc::clone(&stop));
        let event = || Event { phase: Phase::Comparing, done: 1, total: None };
        let busy = stop.during_call();
        assert_eq!(bars.report(event()), Verdict::Proceed);
        assert!(stop.ask());
        assert_eq!(bars.report(event()), Verdict::Stop);
        assert!(!stop.ask());
        drop(busy);
    }

    #[test]
    fn who_leaves_at_once_is_told_of_every_plan_that_was_begun_and_of_no_other() {
        let stop = Stop::default();
        assert_eq!(stop.farewell(), "Left at once. No confirmed plan was under way.");
        for tenant in ["west", "north", "east"] {
            stop.begun(&format!("onboard resume --tenant {tenant}"));
        }
        stop.finished("onboard resume --tenant north");
        assert_eq!(
            stop.farewell(),
            "Left at once. Go on with `onboard resume --tenant east` and `onboard resume --tenant west`; \
             nothing is written twice."
        );
    }

    #[test]
    fn both_templates_are_accepted() {
        for total_known in [true, false] {
            let bar = ProgressBar::with_draw_target(Some(10), ProgressDrawTarget::hidden());
            bar.set_style(style(total_known));
            bar.set_position(3);
            assert_eq!(bar.position(), 3);
        }
    }
}
