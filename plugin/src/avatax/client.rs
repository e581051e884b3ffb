//! Sending to AvaTax: several requests in flight, sent again as the policy in [`super::retry`] says.
//!
//! A read may be repeated, so it is. A write is repeated only when it certainly was not done: AvaTax said slow down, or
//! the request never left. Everything else about writes is for the caller, who looks before it writes again.

use core::time::Duration;

use crate::avatax::answer::{Failure, judge};
use crate::avatax::retry::{ATTEMPTS, Call, Next, Pace, next};
use crate::http::{Answer, JSON, Method, Request, SendError};
use crate::json::{self, Value};
use crate::ports::{Network, Ports};

/// Most bytes of answers to requests that were made together.
const HELD_MAX: usize = 24 * 1024 * 1024;

/// AvaTax, for one company.
#[expect(missing_debug_implementations, reason = "holds a trait object")]
pub struct AvaTax<'a> {
    network: &'a dyn Network,
    base_url: &'a str,
    pace: Pace,
    /// AvaTax's id of the company; 0 until it is known.
    pub company_id: u64,
}

impl<'a> AvaTax<'a> {
    /// AvaTax as the tenant's settings describe it, company not yet known.
    #[must_use]
    pub fn new(ports: &'a Ports<'_>) -> Self {
        let window = ports.settings.window.clamp(1, 64) as usize;
        Self {
            network: ports.network,
            base_url: ports.settings.base_url.trim_end_matches('/'),
            pace: Pace::new(window),
            company_id: 0,
        }
    }

    /// Requests in flight at the best of times.
    #[must_use]
    pub fn window(&self) -> usize {
        self.pace.ceiling()
    }

    /// Waits.
    pub fn sleep(&self, time: Duration) {
        self.network.sleep(time);
    }

    /// Time since some fixed moment.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.network.now()
    }

    /// A GET below `/api/v2`.
    #[must_use]
    pub fn get(&self, path: &str) -> Request {
        Request {
            method: Method::Get,
            url: format!("{}/api/v2{path}", self.base_url),
            content_type: String::new(),
            body: Vec::new(),
        }
    }

    /// A GET below the company's path.
    #[must_use]
    pub fn company_get(&self, path: &str) -> Request {
        self.get(&format!("/companies/{}{path}", self.company_id))
    }

    /// A write below the company's path; a null body is none.
    #[must_use]
    pub fn company_write(&self, method: Method, path: &str, body: &Value) -> Request {
        let url = format!("{}/api/v2/companies/{}{path}", self.base_url, self.company_id);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Request { method, url, content_type: JSON.to_owned(), body }
    }

    /// Sends reads, repeating them when that may help, and parses the answers.
    pub fn read_all(&self, requests: &[Request]) -> Vec<Result<Value, Failure>> {
        read(self.send(requests, Call::Read, &mut || false))
    }

    /// Sends one read.
    pub fn read(&self, request: Request) -> Result<Value, Failure> {
        let one = self.read_all(&[request]).into_iter().next();
        one.unwrap_or_else(|| Err(Failure::Unclear("There was no answer.".to_owned())))
    }

    /// Sends writes, each once unless it certainly was not done.
    pub fn write_all(&self, requests: &[Request]) -> Vec<Result<Value, Failure>> {
        self.write_all_while(requests, &mut || false)
    }

    /// The same, doing other work while they are in flight, piece by piece; each says whether there is more.
    pub fn write_all_while(
        &self,
        requests: &[Request],
        meanwhile: &mut dyn FnMut() -> bool,
    ) -> Vec<Result<Value, Failure>> {
        read(self.send(requests, Call::Write, meanwhile))
    }

    /// Sends one write.
    pub fn write(&self, request: Request) -> Result<Value, Failure> {
        let one = self.write_all(&[request]).into_iter().next();
        one.unwrap_or_else(|| Err(Failure::Unclear("There was no answer.".to_owned())))
    }

    /// Sends, and sends again what the policy says.
    fn send(&self, requests: &[Request], call: Call, meanwhile: &mut dyn FnMut() -> bool) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = vec![None; requests.len()];
        // A request still open, and how often it was sent.
        let mut open: Vec<(usize, u32)> = (0..requests.len()).map(|at| (at, 0)).collect();
        let mut round = 0;
        let mut room = HELD_MAX;
        loop {
            let batch: Vec<&Request> = open.iter().filter_map(|(at, _)| requests.get(*at)).collect();
            let mut told = None;
            let (mut slow, mut locked_out, mut got_through) = (false, false, false);
            let mut hear = |answer: &Answer| {
                match next(answer, call) {
                    Next::Final(good) => {
                        got_through = true;
                        if good {
                            self.pace.went_well();
                        }
                    }
                    Next::LockedOut => locked_out = true,
                    Next::SlowDown(seconds) => {
                        // Those in flight together hear it together; that is one reason to slow down, not many.
                        if !slow {
                            self.pace.slow_down();
                        }
                        slow = true;
                        told = told.max(seconds);
                    }
                    Next::Again(seconds) => told = told.max(seconds),
                }
                if slow || locked_out { 0 } else { self.pace.window() }
            };
            let heard = self.network.send_all(&batch, self.pace.window(), &mut hear, meanwhile);
            let mut again = Vec::new();
            for ((at, sent), answer) in open.into_iter().zip(heard) {
                let Some(answer) = answer else {
                    again.push((at, sent));
                    continue;
                };
                let repeat = matches!(next(&answer, call), Next::Again(_) | Next::SlowDown(_));
                if repeat && sent + 1 < ATTEMPTS {
                    again.push((at, sent + 1));
                }
                if let Some(slot) = answers.get_mut(at) {
                    // What came in earlier rounds is held too.
                    room += slot.as_ref().map_or(0, bytes);
                    let answer = if bytes(&answer) > room { Err(too_large()) } else { answer };
                    room -= bytes(&answer);
                    *slot = Some(answer);
                }
            }
            // As long as something gets through, the rest is only late.
            round = if got_through { 0 } else { round + 1 };
            if again.is_empty()
                || locked_out
                || round >= ATTEMPTS
                || !self.pace.wait(self.network, round, told)
            {
                break;
            }
            open = again;
        }
        let never = || Err(SendError::NotSent("It was not sent because of an earlier answer.".to_owned()));
        answers.into_iter().map(|answer| answer.unwrap_or_else(never)).collect()
    }
}

fn bytes(answer: &Answer) -> usize {
    answer.as_ref().map_or(0, |response| response.body.len())
}

fn too_large() -> SendError {
    SendError::Unclear("AvaTax's answers are too large to be held together.".to_owned())
}

/// Done or not: a 200 that cannot be read tells nothing. All answers together have to fit into memory; one that does not
/// leaves the others as they are.
fn read(answers: Vec<Answer>) -> Vec<Result<Value, Failure>> {
    let mut room = json::Room::default();
    let unclear = |error: String| Failure::Unclear(format!("AvaTax's answer cannot be understood: {error}."));
    answers
        .into_iter()
        .map(|answer| judge(answer).and_then(|body| room.parse(&body).map_err(unclear)))
        .collect()
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;
    use crate::http::Response;

    /// Answers the first of the requests of each round with 5 MiB, and asks to come again with the others.
    #[derive(Default)]
    struct OneARound(Cell<Duration>);

    impl Network for OneARound {
        fn send_all(
            &self,
            requests: &[&Request],
            _window: usize,
            heard: &mut dyn FnMut(&Answer) -> usize,
            _meanwhile: &mut dyn FnMut() -> bool,
        ) -> Vec<Option<Answer>> {
            let answer = |at| {
                let (status, size) = if at == 0 { (200, 5 << 20) } else { (503, 0) };
                let answer = Ok(Response { status, retry_after: None, body: vec![b' '; size] });
                heard(&answer);
                Some(answer)
            };
            (0..requests.len()).map(answer).collect()
        }

        fn sleep(&self, time: Duration) {
            self.0.set(self.0.get() + time);
        }

        fn now(&self) -> Duration {
            self.0.get()
        }
    }

    #[test]
    fn answers_that_come_one_after_the_other_are_not_held_beyond_the_cap() {
        let network = OneARound::default();
        let avatax = AvaTax { network: &network, base_url: "", pace: Pace::new(8), company_id: 1 };
        let requests = vec![avatax.get("/x"); 6];
        let answers = avatax.send(&requests, Call::Read, &mut || false);
        assert_eq!(answers.iter().map(bytes).sum::<usize>(), 20 << 20);
        assert!(answers.iter().take(4).all(Result::is_ok));
        assert!(answers.iter().skip(4).all(|answer| *answer == Err(too_large())));
    }

    #[test]
    fn an_answer_that_cannot_be_held_leaves_the_others_as_they_are() {
        let answer = |body: String| Ok(Response { status: 200, retry_after: None, body: body.into_bytes() });
        let found = read(vec![
            answer("{\"id\":1}".to_owned()),
            answer(format!("[{}1]", "1,".repeat(20_000))),
            answer("{\"id\":2}".to_owned()),
        ]);
        let ids: Vec<_> = found.iter().map(|it| it.as_ref().map(|it| json::number(it, "id"))).collect();
        assert!(matches!(ids.as_slice(), [Ok(1), Err(Failure::Unclear(_)), Ok(2)]), "{ids:?}");
    }
}
