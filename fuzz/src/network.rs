//! A server that answers what the input says, in order and then from the beginning again, and a clock that only waits
//! move. It counts what is asked of it, because a hostile answer must not keep the component busy for ever.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use ecms_onboarding::{
    http::{Answer, Method, Response, SendError},
    ports::{Exchange, Network},
};

/// The server.
#[derive(Debug, Default)]
pub struct Script {
    answers: Vec<Answer>,
    asked: Cell<usize>,
    waited: Cell<Duration>,
    /// Requests that change something.
    pub writes: RefCell<Vec<String>>,
}

impl Script {
    /// A server that answers these bodies; the first byte of each says with which status.
    pub fn new<'b>(parts: impl Iterator<Item = &'b [u8]>) -> Self {
        Self { answers: parts.map(answer).collect(), ..Self::default() }
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.asked.get()
    }

    /// Time that was waited so far.
    pub fn waited(&self) -> Duration {
        self.waited.get()
    }
}

/// An answer: the first byte is the kind, the rest the body.
pub fn answer(part: &[u8]) -> Answer {
    let (kind, body) = part.split_first().unwrap_or((&b'{', b"}"));
    let status = match kind {
        b'a' => 201,
        b'b' => 400,
        b'c' => 401,
        b'd' => 403,
        b'e' => 404,
        b'f' => 429,
        b'g' => 500,
        b'h' => 503,
        b'i' => 409,
        b'j' => return Err(SendError::NotSent("no connection".to_owned())),
        b'k' => return Err(SendError::Unclear("cut off".to_owned())),
        b'l' => return Err(SendError::NotAllowed("not allowed".to_owned())),
        _ => 200,
    };
    let retry_after = (*kind == b'h').then_some(body.len() as u64);
    let body = if kind.is_ascii_lowercase() { body } else { part };
    Ok(Response { status, retry_after, body: body.to_vec() })
}

impl Network for Script {
    fn exchange(&self, exchange: &mut dyn Exchange) {
        while exchange.meanwhile() {}
        while let Some((request_number, request)) = exchange.next() {
            assert!(request.url.len() < 8000 && request.url.bytes().all(|byte| byte.is_ascii_graphic()));
            if request.method != Method::Get {
                self.writes.borrow_mut().push(request.url.clone());
            }
            let number = self.asked.replace(self.asked.get() + 1);
            let known = self.answers.len();
            let answer = if known == 0 { answer(&[]) } else { self.answers[number % known].clone() };
            exchange.heard(request_number, answer);
            while exchange.meanwhile() {}
        }
    }

    fn sleep(&self, time: Duration) {
        self.waited.set(self.waited.get() + time);
    }

    fn now(&self) -> Duration {
        self.waited.get()
    }
}
