//! Sending to AvaTax: several requests in flight, waiting when told to, repeating what may be repeated.
//!
//! Two kinds of calls. A read may be repeated, so it is, a few times. A write is repeated only when it certainly was not
//! done: AvaTax said slow down, or the request never left. Everything else about writes is for the caller, who looks
//! before it writes again.

use core::time::Duration;

use crate::avatax::answer::{Failure, judge, slow_down};
use crate::http::{JSON, Method, Request, Response, SendError};
use crate::json::{self, Value};
use crate::ports::{Network, Ports};

/// Attempts for one request before its failure is final.
const ATTEMPTS: u32 = 6;
/// First wait when AvaTax does not say how long; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// First wait before a doubtful write is looked up.
const SETTLING: Duration = Duration::from_millis(300);
/// Longest wait between attempts, also when AvaTax asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// AvaTax, for one company.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds a trait object")]
pub struct AvaTax<'a> {
    network: &'a dyn Network,
    base_url: &'a str,
    window: usize,
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
            window,
            company_id: 0,
        }
    }

    /// Requests in flight at most.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// Waits.
    pub fn sleep(&self, time: Duration) {
        self.network.sleep(time);
    }

    /// Waits before looking whether a doubtful write landed, longer each round: the first request may still be worked
    /// on, and lists may lag behind.
    pub fn settle(&self, round: u32) {
        self.network.sleep((SETTLING * 2_u32.saturating_pow(round.min(6))).min(LONGEST_WAIT));
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
        let repeat = |answer: &Result<Response, SendError>| match answer {
            Ok(response) => response.status >= 500 || response.status == 408,
            Err(_) => true,
        };
        let answers = self.send(requests, self.window, &repeat);
        answers.into_iter().map(|answer| judge(answer).and_then(|body| parse(&body))).collect()
    }

    /// Sends one read.
    pub fn read(&self, request: Request) -> Result<Value, Failure> {
        let one = self.read_all(&[request]).into_iter().next();
        one.unwrap_or_else(|| Err(Failure::Unclear("There was no answer.".to_owned())))
    }

    /// Sends writes, each once unless it certainly was not done, at most `window` at a time.
    pub fn write_all(&self, requests: &[Request], window: usize) -> Vec<Result<Value, Failure>> {
        let not_sent = |answer: &Result<Response, SendError>| matches!(answer, Err(SendError::NotSent(_)));
        let answers = self.send(requests, window.clamp(1, self.window), &not_sent);
        answers.into_iter().map(|answer| judge(answer).and_then(|body| parse(&body))).collect()
    }

    /// Sends, and sends again what AvaTax put off or `repeat` wants repeated.
    fn send(
        &self,
        requests: &[Request],
        window: usize,
        repeat: &dyn Fn(&Result<Response, SendError>) -> bool,
    ) -> Vec<Result<Response, SendError>> {
        // Wrong credentials stay wrong, and repeating them may lock the account.
        let refused = |answer: &Result<Response, SendError>| answer.as_ref().is_ok_and(|it| it.status == 401);
        let mut answers: Vec<Option<Result<Response, SendError>>> = vec![None; requests.len()];
        let mut open: Vec<usize> = (0..requests.len()).collect();
        let mut wait = FIRST_WAIT;
        let mut window = window;
        for attempt in 1..=ATTEMPTS {
            let batch: Vec<&Request> = open.iter().filter_map(|at| requests.get(*at)).collect();
            let mut told = None;
            let mut again = Vec::new();
            let mut locked_out = false;
            for (at, answer) in open.iter().zip(self.network.send_all(&batch, window, &refused)) {
                locked_out |= refused(&answer);
                let slow = slow_down(&answer);
                if slow.is_some() || repeat(&answer) {
                    told = told.max(slow.flatten());
                    again.push(*at);
                }
                if let Some(slot) = answers.get_mut(*at) {
                    *slot = Some(answer);
                }
            }
            if again.is_empty() || attempt == ATTEMPTS || locked_out {
                break;
            }
            // Fewer at a time next round: either AvaTax asked for it, or something on the way is failing.
            window = (window / 2).max(1);
            self.network.sleep(told.map_or(wait, Duration::from_secs).min(LONGEST_WAIT));
            wait = (wait * 2).min(LONGEST_WAIT);
            open = again;
        }
        let missing = || Err(SendError::Unclear("There was no answer.".to_owned()));
        answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect()
    }
}

/// Done or not: a 200 that cannot be read tells nothing.
fn parse(body: &[u8]) -> Result<Value, Failure> {
    json::parse(body)
        .map_err(|error| Failure::Unclear(format!("AvaTax's answer cannot be understood: {error}.")))
}
