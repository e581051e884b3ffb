//! AvaTax, for one company: requests below its address, sent one, many together, or as they come ([`super::sending`]).

use core::time::Duration;

use crate::avatax::answer::{Failure, judge};
use crate::avatax::retry::{Call, Pace};
use crate::avatax::sending::{Feed, Sent, send};
use crate::http::{Answer, JSON, Method, Request, SendError, bytes};
use crate::json::{self, Value};
use crate::ports::{Network, Ports};

/// Most bytes of answers to requests that were made together.
const HELD_MAX: usize = 16 * 1024 * 1024;

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
        self.send_all(requests, Call::Read)
    }

    /// Sends one read.
    pub fn read(&self, request: Request) -> Result<Value, Failure> {
        let one = self.read_all(&[request]).into_iter().next();
        one.unwrap_or_else(|| Err(Failure::Unclear("There was no answer.".to_owned())))
    }

    /// Sends writes, each once unless it certainly was not done.
    pub fn write_all(&self, requests: &[Request]) -> Vec<Result<Value, Failure>> {
        self.send_all(requests, Call::Write)
    }

    /// Sends one write.
    pub fn write(&self, request: Request) -> Result<Value, Failure> {
        let one = self.write_all(&[request]).into_iter().next();
        one.unwrap_or_else(|| Err(Failure::Unclear("There was no answer.".to_owned())))
    }

    /// Sends writes as they come; see [`write_all`](Self::write_all).
    pub fn write_as_they_come(&self, feed: &mut dyn Feed) -> Sent {
        send(self.network, &self.pace, Call::Write, feed)
    }

    fn send_all(&self, requests: &[Request], call: Call) -> Vec<Result<Value, Failure>> {
        let mut together = Together::of(requests);
        send(self.network, &self.pace, call, &mut together);
        read(together.into_answers())
    }
}

/// Requests that were made beforehand, and their answers, all held.
struct Together<'r> {
    requests: &'r [Request],
    begun: usize,
    answers: Vec<Option<Answer>>,
    room: usize,
}

impl<'r> Together<'r> {
    fn of(requests: &'r [Request]) -> Self {
        Self { requests, begun: 0, answers: vec![None; requests.len()], room: HELD_MAX }
    }

    fn into_answers(self) -> Vec<Answer> {
        let never = || Err(SendError::NotSent(NEVER.to_owned()));
        self.answers.into_iter().map(|answer| answer.unwrap_or_else(never)).collect()
    }
}

impl Feed for Together<'_> {
    fn next(&mut self) -> Option<usize> {
        let number = self.begun;
        self.begun += 1;
        (number < self.requests.len()).then_some(number)
    }

    fn request(&self, number: usize) -> Option<&Request> {
        self.requests.get(number)
    }

    fn room(&self) -> usize {
        self.room
    }

    fn answered(&mut self, number: usize, answer: Answer) {
        self.room = self.room.saturating_sub(bytes(&answer));
        if let Some(slot) = self.answers.get_mut(number) {
            *slot = Some(answer);
        }
    }
}

/// What is said of a request that was never sent because of what others were answered.
pub const NEVER: &str = "It was not sent because of an earlier answer.";

/// What an answer holds.
pub fn understood(answer: Answer) -> Result<Value, Failure> {
    within(&mut json::Room::default(), answer)
}

/// Done or not: a 200 that cannot be read tells nothing.
fn within(room: &mut json::Room, answer: Answer) -> Result<Value, Failure> {
    let unclear = |error: String| Failure::Unclear(format!("AvaTax's answer cannot be understood: {error}."));
    judge(answer).and_then(|body| room.parse(&body).map_err(unclear))
}

/// All answers together have to fit into memory; one that does not leaves the others as they are.
fn read(answers: Vec<Answer>) -> Vec<Result<Value, Failure>> {
    let mut room = json::Room::default();
    answers.into_iter().map(|answer| within(&mut room, answer)).collect()
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;
    use crate::http::Response;
    use crate::ports::Exchange;

    /// Answers the first request of each round with 5 MiB, and asks to come again with the others.
    #[derive(Default)]
    struct OneARound(Cell<Duration>);

    impl Network for OneARound {
        fn exchange(&self, exchange: &mut dyn Exchange) {
            let mut numbers = Vec::new();
            while let Some((number, _)) = exchange.next() {
                numbers.push(number);
            }
            for (at, number) in numbers.into_iter().enumerate() {
                let (status, size) = if at == 0 { (200, 5 << 20) } else { (503, 0) };
                exchange.heard(number, Ok(Response { status, retry_after: None, body: vec![b' '; size] }));
            }
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
        let requests = vec![avatax.get("/x"); 5];
        let mut together = Together::of(&requests);
        assert_eq!(send(&network, &avatax.pace, Call::Read, &mut together), Sent::All);
        let held: Vec<_> = together.into_answers().into_iter().map(|it| it.map(|it| it.body.len())).collect();
        assert_eq!(held.iter().filter(|it| **it == Ok(5 << 20)).count(), 3);
        assert_eq!(held.iter().filter(|it| it.is_err()).count(), 2);
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
