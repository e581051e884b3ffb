//! When to send again, how long to wait before, and when to give up. The whole policy stands here.
//!
//! | what came back | a read | a write |
//! |---|---|---|
//! | 2xx | final | final |
//! | 401, or a code that says the credentials are wrong | final, and nothing more is started | the same |
//! | 429, or a code that asks to slow down | again: nothing was done | the same |
//! | never sent: no name, no connection | again | again |
//! | never sent: the host does not allow it, or does not trust the certificate | final | final |
//! | 408, 5xx, a cut or late answer | again | final, and ambiguous: somebody has to look |
//! | any other 4xx | final | final |
//!
//! Between two attempts lies what AvaTax asks for in `Retry-After`, else an exponential wait, both with jitter, so that
//! tenants that were put off together do not come back together. A request gets [`ATTEMPTS`], a run waits
//! [`WAITING_MAX`] in all. The number of requests in flight halves when AvaTax asks to slow down and grows by one for
//! every full window of good answers, up to the tenant's setting.

use core::cell::Cell;
use core::time::Duration;

use crate::avatax::Failure;
use crate::avatax::answer::{judge, slow_down};
use crate::http::{Answer, SendError};
use crate::ports::Network;

/// Attempts for one request before its failure is final.
pub const ATTEMPTS: u32 = 6;
/// Most time one run spends waiting before attempts.
pub const WAITING_MAX: Duration = Duration::from_secs(30 * 60);
/// First wait when AvaTax does not say how long; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait that we choose ourselves.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Changes nothing, so it may be repeated.
    Read,
    /// May only be repeated when it certainly was not done.
    Write,
}

/// What to do about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Hand it to the caller; the flag says whether AvaTax did what it was asked.
    Final(bool),
    /// Nothing more may be started: the credentials are wrong, and repeating them may lock the account.
    LockedOut,
    /// Send it again, but not before so many seconds if AvaTax names them.
    Again(Option<u64>),
    /// The same, and fewer at a time.
    SlowDown(Option<u64>),
}

/// The table of this module.
#[must_use]
pub fn next(answer: &Answer, call: Call) -> Next {
    if let Some(seconds) = slow_down(answer) {
        return Next::SlowDown(seconds);
    }
    match answer {
        Ok(response) if (200..300).contains(&response.status) => Next::Final(true),
        Ok(response) => match call {
            _ if matches!(judge(answer.clone()), Err(Failure::Unauthorized(_))) => Next::LockedOut,
            Call::Read if response.status >= 500 || response.status == 408 => {
                Next::Again(response.retry_after)
            }
            Call::Read | Call::Write => Next::Final(false),
        },
        Err(SendError::NotSent(_)) => Next::Again(None),
        Err(SendError::Unclear(_)) if call == Call::Read => Next::Again(None),
        Err(SendError::Unclear(_) | SendError::NotAllowed(_)) => Next::Final(false),
    }
}

/// How fast a run goes, and how long it has waited.
#[derive(Debug)]
pub struct Pace {
    ceiling: usize,
    window: Cell<usize>,
    good: Cell<usize>,
    waited: Cell<Duration>,
}

impl Pace {
    /// The pace of a run that may have so many requests in flight.
    #[must_use]
    pub fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(1);
        Self { ceiling, window: Cell::new(ceiling), good: Cell::new(0), waited: Cell::default() }
    }

    /// Requests in flight at most, for now.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window.get()
    }

    /// Requests in flight at most, at the best of times.
    #[must_use]
    pub fn ceiling(&self) -> usize {
        self.ceiling
    }

    /// AvaTax did what it was asked.
    pub fn went_well(&self) {
        self.good.set(self.good.get() + 1);
        if self.good.get() >= self.window.get() && self.window.get() < self.ceiling {
            self.window.set(self.window.get() + 1);
            self.good.set(0);
        }
    }

    /// AvaTax asked to slow down.
    pub fn slow_down(&self) {
        self.window.set((self.window.get() / 2).max(1));
        self.good.set(0);
    }

    /// Waits before attempt `round` + 1, `told` seconds if AvaTax named them. False, at once, when the run has no time
    /// left for that.
    pub fn wait(&self, network: &dyn Network, round: u32, told: Option<u64>) -> bool {
        let own = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(round.min(16))).min(LONGEST_WAIT);
        let jitter = jitter(network.now());
        let time = match told.map(Duration::from_secs) {
            // Not earlier than told.
            Some(told) => told.saturating_add(own * jitter / SHARES),
            None => (own + own * jitter / SHARES) / 2,
        };
        let waited = self.waited.get().saturating_add(time);
        if waited > WAITING_MAX {
            return false;
        }
        self.waited.set(waited);
        network.sleep(time);
        true
    }
}

/// Into how many shares a wait is divided to be spread.
const SHARES: u32 = 1 << 16;

/// A number of shares, all of them excluded, that differs from tenant to tenant and from time to time. Only spreads
/// waits, so the clock's last digits, well mixed, are chance enough.
fn jitter(now: Duration) -> u32 {
    let mixed = (now.as_nanos() as u64 ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 48) as u32
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;

    use super::*;
    use crate::http::Response;
    use crate::ports::Exchange;

    fn answer(status: u16, body: &str, retry_after: Option<u64>) -> Answer {
        Ok(Response { status, retry_after, body: body.as_bytes().to_vec() })
    }

    fn code(number: i64) -> String {
        format!(r#"{{"error":{{"code":"Code","details":[{{"number":{number},"message":"m"}}]}}}}"#)
    }

    #[test]
    fn the_table_holds_for_reads_and_writes() {
        let both = [
            (answer(201, "{}", None), Next::Final(true)),
            (answer(401, "", None), Next::LockedOut),
            (answer(400, &code(30), None), Next::LockedOut),
            (answer(429, "", Some(3)), Next::SlowDown(Some(3))),
            (answer(400, &code(1715), None), Next::SlowDown(None)),
            (answer(503, &code(4011), None), Next::SlowDown(None)),
            (answer(400, &code(5), None), Next::Final(false)),
            (answer(404, "", None), Next::Final(false)),
            (answer(409, &code(193), None), Next::Final(false)),
            (Err(SendError::NotSent(String::new())), Next::Again(None)),
            (Err(SendError::NotAllowed(String::new())), Next::Final(false)),
        ];
        for (answer, wanted) in &both {
            assert_eq!(
                (next(answer, Call::Read), next(answer, Call::Write)),
                (*wanted, *wanted),
                "{answer:?}"
            );
        }
        let ambiguous = [
            answer(408, "", None),
            answer(500, &code(50), None),
            answer(502, "<html>", None),
            Err(SendError::Unclear(String::new())),
        ];
        assert_eq!(next(&answer(503, "", Some(4)), Call::Read), Next::Again(Some(4)));
        for answer in &ambiguous {
            assert_eq!(next(answer, Call::Read), Next::Again(None), "{answer:?}");
            assert_eq!(next(answer, Call::Write), Next::Final(false), "{answer:?}");
        }
    }

    #[test]
    fn the_window_halves_and_grows_back() {
        let pace = Pace::new(16);
        pace.slow_down();
        pace.slow_down();
        assert_eq!(pace.window(), 4);
        for _ in 0..4 {
            pace.went_well();
        }
        assert_eq!(pace.window(), 5);
        for _ in 0..500 {
            pace.went_well();
        }
        assert_eq!(pace.window(), 16);
        for _ in 0..10 {
            pace.slow_down();
        }
        assert_eq!(pace.window(), 1);
    }

    /// A clock that jumps ahead when somebody waits.
    #[derive(Default)]
    struct Clock {
        now: Cell<Duration>,
        waits: RefCell<Vec<Duration>>,
    }

    impl Network for Clock {
        fn exchange(&self, _exchange: &mut dyn Exchange) {}
        fn sleep(&self, time: Duration) {
            self.now.set(self.now.get() + time);
            self.waits.borrow_mut().push(time);
        }
        fn now(&self) -> Duration {
            self.now.get()
        }
    }

    #[test]
    fn waits_double_are_spread_and_never_shorter_than_told() {
        let (pace, clock) = (Pace::new(1), Clock::default());
        for round in 0..12 {
            assert!(pace.wait(&clock, round, None));
        }
        for (round, wait) in clock.waits.borrow().iter().enumerate() {
            let whole = FIRST_WAIT.saturating_mul(1 << round).min(LONGEST_WAIT);
            assert!(*wait >= whole / 2 && *wait <= whole, "{round}: {wait:?}");
        }
        assert!(pace.wait(&clock, 0, Some(90)));
        assert!(clock.waits.borrow().last().unwrap() >= &Duration::from_secs(90));
    }

    #[test]
    fn a_run_does_not_wait_for_ever() {
        let (pace, clock) = (Pace::new(1), Clock::default());
        assert!(!pace.wait(&clock, 0, Some(WAITING_MAX.as_secs() + 1)));
        assert!(clock.waits.borrow().is_empty());
        let mut rounds = 0;
        while pace.wait(&clock, 20, None) {
            rounds += 1;
        }
        assert!((30..=60).contains(&rounds), "{rounds}");
        assert!(clock.now.get() <= WAITING_MAX);
    }
}
