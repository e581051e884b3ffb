//! Several requests in flight, sent again as the policy in [`super::retry`] says.
//!
//! A read may be repeated, so it is. A write is repeated only when it certainly was not done: AvaTax said slow down, or
//! the request never left. Everything else about writes is for the caller, who looks before it writes again.
//!
//! Requests come out of a [`Feed`] one by one, whenever one fewer is in flight than may be, so nothing waits for a group
//! to be complete. What has to be sent again waits until all in flight are answered, and then as long as the policy
//! says. New requests are held back meanwhile if AvaTax asked to slow down, or if so many wait that it is no accident.

use std::collections::VecDeque;

use crate::avatax::retry::{ATTEMPTS, Call, Next, Pace, next};
use crate::http::{Answer, Request, SendError};
use crate::ports::{Exchange, Network};

/// Where requests come from and their answers go.
pub trait Feed {
    /// The number of the next request; none when there is none for now.
    fn next(&mut self) -> Option<usize>;
    /// The request of a number that was given out, for as long as it is not answered.
    fn request(&self, number: usize) -> Option<&Request>;
    /// Most bytes of a body that can be taken in.
    fn room(&self) -> usize;
    /// The last answer to a request.
    fn answered(&mut self, number: usize, answer: Answer);
    /// Does one piece of other work while requests are in flight; false when there is none for now.
    fn meanwhile(&mut self) -> bool {
        false
    }
}

/// How sending ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Everything that the feed had was sent.
    All,
    /// What the feed still has is not to be sent: AvaTax does not take it, or the credentials are wrong.
    GivenUp,
}

/// A request that is in flight or waits to be sent again.
struct Open {
    number: usize,
    /// How often it was sent.
    sent: u32,
    /// What it was answered last.
    last: Option<Answer>,
}

/// Sends all that the feed has for now.
pub(super) fn send(network: &dyn Network, pace: &Pace, call: Call, feed: &mut dyn Feed) -> Sent {
    let mut round = 0;
    let mut waiting = VecDeque::new();
    loop {
        let mut wave = Wave::of(pace, call, feed, waiting);
        network.exchange(&mut wave);
        let Wave { slow, locked_out, got_through, told, again, waiting: rest, .. } = wave;
        waiting = again.into_iter().chain(rest).collect();
        if !locked_out && !slow && waiting.is_empty() {
            return Sent::All;
        }
        // As long as something gets through, the rest is only late.
        round = if got_through { 0 } else { round + 1 };
        if locked_out || round >= ATTEMPTS || !pace.wait(network, round, told) {
            break;
        }
    }
    for Open { number, last, .. } in waiting {
        feed.answered(number, last.unwrap_or_else(|| Err(SendError::NotSent(String::new()))));
    }
    Sent::GivenUp
}

/// What is sent until all in flight are answered.
struct Wave<'w> {
    pace: &'w Pace,
    call: Call,
    feed: &'w mut dyn Feed,
    /// To be sent again now.
    waiting: VecDeque<Open>,
    flying: Vec<Open>,
    /// To be sent again after a wait.
    again: Vec<Open>,
    /// Bytes of answers that may not be the last ones.
    held: usize,
    slow: bool,
    locked_out: bool,
    got_through: bool,
    /// Seconds to wait, where AvaTax names them.
    told: Option<u64>,
}

impl<'w> Wave<'w> {
    fn of(pace: &'w Pace, call: Call, feed: &'w mut dyn Feed, waiting: VecDeque<Open>) -> Self {
        let held = waiting.iter().filter_map(|open| open.last.as_ref()).map(bytes).sum();
        let (flying, again) = (Vec::new(), Vec::new());
        let (slow, locked_out, got_through) = (false, false, false);
        Self { pace, call, feed, waiting, flying, again, held, slow, locked_out, got_through, told: None }
    }

    /// What is sent next.
    fn open(&mut self) -> Option<Open> {
        if self.slow || self.locked_out || self.flying.len() >= self.pace.window() {
            return None;
        }
        if let Some(mut open) = self.waiting.pop_front() {
            self.held -= open.last.take().as_ref().map_or(0, bytes);
            return Some(open);
        }
        if self.again.len() >= self.pace.ceiling() {
            return None;
        }
        let number = self.feed.next()?;
        self.feed.request(number)?;
        Some(Open { number, sent: 0, last: None })
    }
}

impl Exchange for Wave<'_> {
    fn next(&mut self) -> Option<(usize, &Request)> {
        let open = self.open()?;
        let number = open.number;
        self.flying.push(open);
        self.feed.request(number).map(|request| (number, request))
    }

    fn room(&self) -> usize {
        self.feed.room().saturating_sub(self.held)
    }

    fn heard(&mut self, number: usize, answer: Answer) {
        let Some(at) = self.flying.iter().position(|open| open.number == number) else { return };
        let sent = self.flying.swap_remove(at).sent + 1;
        let next = next(&answer, self.call);
        match next {
            Next::Final(good) => {
                self.got_through = true;
                if good {
                    self.pace.went_well();
                }
            }
            Next::LockedOut => self.locked_out = true,
            Next::SlowDown(seconds) => {
                // Those in flight together hear it together; that is one reason to slow down, not many.
                if !self.slow {
                    self.pace.slow_down();
                }
                self.slow = true;
                self.told = self.told.max(seconds);
            }
            Next::Again(seconds) => self.told = self.told.max(seconds),
        }
        let answer = if bytes(&answer) > self.room() { Err(too_large()) } else { answer };
        if matches!(next, Next::Again(_) | Next::SlowDown(_)) && sent < ATTEMPTS {
            self.held += bytes(&answer);
            self.again.push(Open { number, sent, last: Some(answer) });
        } else {
            self.feed.answered(number, answer);
        }
    }

    fn meanwhile(&mut self) -> bool {
        self.feed.meanwhile()
    }
}

fn bytes(answer: &Answer) -> usize {
    answer.as_ref().map_or(0, |response| response.body.len())
}

fn too_large() -> SendError {
    SendError::Unclear("AvaTax's answers are too large to be held together.".to_owned())
}
