//! Several requests in flight, sent again as the policy in [`super::retry`] says.
//!
//! A read may be repeated, so it is. A write is repeated only when it certainly was not done: AvaTax said slow down, or
//! the request never left. Everything else about writes is for the caller, who looks before it writes again.
//!
//! Requests come out of a [`Feed`] one by one, whenever one fewer is in flight than may be, so nothing waits for a group
//! to be complete. What has to be sent again is put aside, until the feed has nothing more or a window of requests was put
//! aside, which is no accident; also when AvaTax asks to slow down, nothing new is begun. When all in flight are answered,
//! the policy says how long to wait.

use std::collections::VecDeque;

use crate::avatax::retry::{ATTEMPTS, Call, Next, Pace, next};
use crate::http::{Answer, Request, SendError, bytes};
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

/// A request in flight.
struct Flying {
    number: usize,
    /// How often it was sent before.
    sent: u32,
}

/// A request that waits to be sent again.
struct Waiting {
    number: usize,
    /// How often it was sent.
    sent: u32,
    /// What it was answered last.
    last: Answer,
}

/// Sends all that the feed has for now.
pub(super) fn send(network: &dyn Network, pace: &Pace, call: Call, feed: &mut dyn Feed) -> Sent {
    let mut round = 0;
    let mut waiting = VecDeque::new();
    loop {
        let mut wave = Wave::of(pace, call, feed, waiting);
        network.exchange(&mut wave);
        let Wave { tally, again, waiting: rest, .. } = wave;
        waiting = again.into_iter().chain(rest).collect();
        if waiting.is_empty() && !(tally.slow || tally.held_back || tally.locked_out) {
            return Sent::All;
        }
        // As long as something gets through, the rest is only late.
        round = if tally.got_through { 0 } else { round + 1 };
        if tally.locked_out || round >= ATTEMPTS || !pace.wait(network, round, tally.told) {
            break;
        }
    }
    for Waiting { number, last, .. } in waiting {
        feed.answered(number, last);
    }
    Sent::GivenUp
}

/// What is sent until all in flight are answered.
struct Wave<'w> {
    pace: &'w Pace,
    call: Call,
    feed: &'w mut dyn Feed,
    /// To be sent again now.
    waiting: VecDeque<Waiting>,
    flying: Vec<Flying>,
    /// To be sent again after a wait.
    again: Vec<Waiting>,
    /// Bytes of answers that may not be the last ones.
    held: usize,
    tally: Tally,
}

/// What the answers of a wave come to.
#[derive(Default)]
struct Tally {
    /// Answers after which a request could be sent again.
    not_done: usize,
    /// So many of them that the feed is not asked for more.
    held_back: bool,
    /// AvaTax asked to slow down.
    slow: bool,
    locked_out: bool,
    got_through: bool,
    /// Seconds to wait, where AvaTax names them.
    told: Option<u64>,
}

impl<'w> Wave<'w> {
    fn of(pace: &'w Pace, call: Call, feed: &'w mut dyn Feed, waiting: VecDeque<Waiting>) -> Self {
        let held = waiting.iter().map(|it| bytes(&it.last)).sum();
        let (flying, again, tally) = (Vec::new(), Vec::new(), Tally::default());
        Self { pace, call, feed, waiting, flying, again, held, tally }
    }

    /// What is sent next.
    fn take_next(&mut self) -> Option<Flying> {
        if self.tally.slow || self.tally.locked_out || self.flying.len() >= self.pace.window() {
            return None;
        }
        if let Some(Waiting { number, sent, last }) = self.waiting.pop_front() {
            self.held -= bytes(&last);
            return Some(Flying { number, sent });
        }
        let resent = self.flying.iter().filter(|it| it.sent > 0);
        self.tally.held_back = self.tally.not_done + resent.count() >= self.pace.ceiling();
        if self.tally.held_back {
            return None;
        }
        let number = self.feed.next()?;
        self.feed.request(number)?;
        Some(Flying { number, sent: 0 })
    }
}

impl Exchange for Wave<'_> {
    fn next(&mut self) -> Option<(usize, &Request)> {
        let next = self.take_next()?;
        let number = next.number;
        self.flying.push(next);
        self.feed.request(number).map(|request| (number, request))
    }

    fn room(&self) -> usize {
        self.feed.room().saturating_sub(self.held)
    }

    fn heard(&mut self, number: usize, answer: Answer) {
        let Some(at) = self.flying.iter().position(|it| it.number == number) else { return };
        let sent = self.flying.swap_remove(at).sent + 1;
        let next = next(&answer, self.call);
        match next {
            Next::Final(good) => {
                self.tally.got_through = true;
                if good {
                    self.pace.went_well();
                }
            }
            Next::LockedOut => self.tally.locked_out = true,
            Next::SlowDown(seconds) => {
                // Those in flight together hear it together; that is one reason to slow down, not many.
                if !self.tally.slow {
                    self.pace.slow_down();
                }
                self.tally.slow = true;
                self.tally.told = self.tally.told.max(seconds);
            }
            Next::Again(seconds) => self.tally.told = self.tally.told.max(seconds),
        }
        let answer = if bytes(&answer) > self.room() { Err(too_large()) } else { answer };
        let not_done = matches!(next, Next::Again(_) | Next::SlowDown(_));
        self.tally.not_done += usize::from(not_done);
        if not_done && sent < ATTEMPTS {
            self.held += bytes(&answer);
            self.again.push(Waiting { number, sent, last: answer });
        } else {
            self.feed.answered(number, answer);
        }
    }

    fn meanwhile(&mut self) -> bool {
        self.feed.meanwhile()
    }
}

fn too_large() -> SendError {
    SendError::Unclear("AvaTax's answers are too large to be held together.".to_owned())
}

#[cfg(test)]
mod tests {
    use core::cell::{Cell, RefCell};
    use core::time::Duration;
    use std::collections::BTreeMap;

    use super::*;
    use crate::http::{Method, Response};

    /// Answers by the request's number and how often it came before; the last one started is answered first.
    struct Answering {
        how: fn(usize, u32) -> Answer,
        came: RefCell<BTreeMap<usize, u32>>,
        most: Cell<usize>,
        clock: Cell<Duration>,
    }

    impl Network for Answering {
        fn exchange(&self, exchange: &mut dyn Exchange) {
            let mut flying = Vec::new();
            loop {
                while let Some((number, _)) = exchange.next() {
                    flying.push(number);
                }
                self.most.set(self.most.get().max(flying.len()));
                let Some(number) = flying.pop() else { return };
                let mut came = self.came.borrow_mut();
                let before = came.entry(number).or_default();
                exchange.heard(number, (self.how)(number, *before));
                *before += 1;
            }
        }

        fn sleep(&self, time: Duration) {
            self.clock.set(self.clock.get() + time);
        }

        fn now(&self) -> Duration {
            self.clock.get()
        }
    }

    /// A hundred requests that are all alike.
    struct Hundred {
        request: Request,
        begun: usize,
        answers: BTreeMap<usize, Answer>,
    }

    impl Feed for Hundred {
        fn next(&mut self) -> Option<usize> {
            self.begun += 1;
            (self.begun <= 100).then_some(self.begun)
        }

        fn request(&self, _number: usize) -> Option<&Request> {
            Some(&self.request)
        }

        fn room(&self) -> usize {
            1000
        }

        fn answered(&mut self, number: usize, answer: Answer) {
            assert_eq!(self.answers.insert(number, answer), None, "each is answered once");
        }
    }

    /// How it ended, what was answered, and the network, after a hundred writes with a window of four.
    fn sent(how: fn(usize, u32) -> Answer) -> (Sent, BTreeMap<usize, Answer>, Answering) {
        let (came, most, clock) = (RefCell::default(), Cell::new(0), Cell::default());
        let network = Answering { how, came, most, clock };
        let (url, content_type, body) = Default::default();
        let request = Request { method: Method::Post, url, content_type, body };
        let mut feed = Hundred { request, begun: 0, answers: BTreeMap::new() };
        let ended = send(&network, &Pace::new(4), Call::Write, &mut feed);
        assert!(network.most.get() <= 4);
        (ended, feed.answers, network)
    }

    fn answer(status: u16) -> Answer {
        Ok(Response { status, retry_after: None, body: vec![b' '; 300] })
    }

    fn away() -> Answer {
        Err(SendError::NotSent("nobody there".to_owned()))
    }

    #[test]
    fn what_certainly_was_not_done_is_sent_again_and_nothing_else() {
        let (ended, answers, network) = sent(|number, before| match (number % 10, before) {
            (3, 0..3) => away(),
            (5, 0) => answer(429),
            (7, 0) => answer(500),
            _ => answer(200),
        });
        assert_eq!((ended, answers.len()), (Sent::All, 100));
        for (number, came) in network.came.borrow().iter() {
            let (attempts, status) = match number % 10 {
                3 => (4, 200),
                5 => (2, 200),
                7 => (1, 500),
                _ => (1, 200),
            };
            assert_eq!((*came, &answers[number]), (attempts, &answer(status)), "{number}");
        }
    }

    #[test]
    fn where_nobody_is_no_more_is_tried_than_two_windows_of_requests() {
        let (ended, answers, network) = sent(|_, _| away());
        assert_eq!(ended, Sent::GivenUp);
        assert!((4..8).contains(&answers.len()) && answers.into_values().all(|answer| answer == away()));
        let attempts = network.came.into_inner();
        assert!(attempts.into_values().all(|came| came == ATTEMPTS));
        assert!(network.clock.get() > Duration::from_secs(3), "{:?}", network.clock);
    }

    #[test]
    fn wrong_credentials_end_it_at_once_and_those_that_wait_are_answered() {
        let (ended, answers, network) = sent(|number, before| match (number, before) {
            (19, 0) => away(),
            (20, _) => answer(401),
            _ => answer(200),
        });
        assert_eq!(ended, Sent::GivenUp);
        assert_eq!(answers.len(), network.came.borrow().len(), "all that were begun are answered");
        assert!(answers.len() < 30 && answers[&19] == away());
    }

    #[test]
    fn an_answer_there_is_no_room_for_is_as_good_as_none() {
        let (ended, answers, _) = sent(|number, _| {
            let large = Response { status: 200, retry_after: None, body: vec![b' '; 1001] };
            if number == 9 { Ok(large) } else { answer(200) }
        });
        assert_eq!(ended, Sent::All);
        assert!(matches!(answers[&9], Err(SendError::Unclear(_))));
        assert_eq!(answers.values().filter(|it| it.is_ok()).count(), 99);
    }
}
