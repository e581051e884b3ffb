//! An AvaTax in memory: the calls that the component makes, with the habits that AvaTax leaves open.
//!
//! It takes a customer code once and a file name or an invitation as often as it is told. What it stores shows in lists
//! and look-ups only after a while. At every write it looks into the journal: a write that no open intent announces
//! fails the case on the spot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::resume_unwind;
use std::time::Duration;

use ecms_onboarding::http::{Answer, Method, Request, Response, SendError};
use ecms_onboarding::model::journal::Operation;
use ecms_onboarding::ports::{Exchange, Network};
use serde_json::{Value, json};

use crate::world::{Killed, World};

/// What a request comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Fine,
    NotSent,
    Busy(Option<u64>),
    LockedOut,
    ErrorBefore,
    ErrorAfter,
    LostAfter,
    RefusedAfter,
    /// A batch of which only the rows of the mask are stored, and an error.
    Partial(u8),
    KilledBefore,
    KilledAfter,
    /// Before it is answered, the ERP's customer of this number changes.
    ErpEdited(u8),
}

/// What a batch with a bad row leaves behind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Batches {
    Atomic,
    UntilFirstBad,
    AllGood,
}

/// What AvaTax holds. Each record knows since when.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) customers: BTreeMap<String, (Duration, Value)>,
    pub(crate) certificates: BTreeMap<u64, Certificate>,
    pub(crate) invitations: BTreeMap<u64, Invitation>,
    next: u64,
}

#[derive(Debug)]
pub(crate) struct Certificate {
    since: Duration,
    body: Value,
    pub(crate) document: bool,
    pub(crate) customers: BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct Invitation {
    since: Duration,
    pub(crate) customer: String,
    zones: Value,
}

impl Network for World {
    fn exchange(&self, exchange: &mut dyn Exchange) {
        // As many in flight as may be, and a piece of other work before one, two or three of them arrive. What there is no
        // request for is left to the component, and after the last one everything may be in AvaTax of which nothing is
        // recorded.
        let mut flying = VecDeque::new();
        loop {
            while let Some((number, request)) = exchange.next() {
                flying.push_back((number, request.clone()));
            }
            if flying.is_empty() {
                return;
            }
            exchange.meanwhile();
            let arrive = 1 + self.clock.get().as_millis() as usize / 20 % 3;
            for _ in 0..arrive.min(flying.len()) {
                let Some((number, request)) = flying.pop_front() else { return };
                exchange.heard(number, self.send(&request));
            }
        }
    }

    fn sleep(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
    }

    fn now(&self) -> Duration {
        self.clock.get()
    }
}

fn answer(status: u16, body: &Value) -> Answer {
    Ok(Response { status, retry_after: None, body: body.to_string().into_bytes() })
}

fn error(status: u16, number: u64) -> Answer {
    let details = json!([{ "code": "Refused", "number": number, "message": "refused" }]);
    answer(status, &json!({ "error": { "code": "Refused", "message": "refused", "details": details } }))
}

fn list(rows: Vec<Value>) -> Answer {
    answer(200, &json!({ "@recordsetCount": rows.len(), "value": rows }))
}

/// The quoted values of a filter.
fn quoted(query: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = query;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let (code, after) = after.split_at(2);
        plain.push(char::from(u8::from_str_radix(code, 16).unwrap()));
        rest = after;
    }
    plain.push_str(rest);
    plain.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

impl World {
    fn send(&self, request: &Request) -> Answer {
        self.clock.set(self.clock.get() + Duration::from_millis(20));
        let fate = self.fates.borrow_mut().pop_front().unwrap_or(Fate::Fine);
        match fate {
            Fate::NotSent => return Err(SendError::NotSent("nobody there".to_owned())),
            Fate::Busy(retry_after) => {
                return Ok(Response { status: 429, retry_after, body: Vec::new() });
            }
            Fate::LockedOut => return error(401, 1),
            Fate::ErrorBefore => return error(500, 500),
            Fate::KilledBefore => resume_unwind(Box::new(Killed)),
            Fate::ErpEdited(number) => {
                let mut erp = self.erp.borrow_mut();
                let number = usize::from(number) % erp.len();
                erp[number].phone = Some(format!("555 01{:02}", self.clock.get().as_millis() % 100));
            }
            _ => {}
        }
        let mask = if let Fate::Partial(mask) = fate { Some(mask) } else { None };
        let answered = self.carry_out(request, mask);
        match fate {
            Fate::ErrorAfter | Fate::Partial(_) => error(500, 500),
            Fate::LostAfter => Err(SendError::Unclear("cut".to_owned())),
            Fate::RefusedAfter => error(400, 1203),
            Fate::KilledAfter => resume_unwind(Box::new(Killed)),
            _ => answered,
        }
    }

    fn carry_out(&self, request: &Request, mask: Option<u8>) -> Answer {
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let path = path.strip_prefix("http://127.0.0.1:1/api/v2/").unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
        let get = request.method == Method::Get;
        match *parts.as_slice() {
            ["utilities", "ping"] => {
                answer(200, &json!({ "version": "26", "authenticated": true, "authenticationType": "key" }))
            }
            ["companies"] => list(vec![json!({ "id": 7, "companyCode": "DEFAULT", "name": "Company" })]),
            ["definitions", "certificateexposurezones"] => {
                list(vec![json!({ "id": 12, "name": "Florida", "region": "FL", "country": "US" })])
            }
            ["definitions", "certificateexemptreasons"] => list(vec![json!({ "id": 71, "name": "RESALE" })]),
            ["definitions", "coverletters"] => list(vec![json!({ "id": 1, "title": "STANDARD_REQUEST" })]),
            ["companies", "7", ref rest @ ..] => match *rest {
                ["certificates", "setup"] => answer(200, &json!({ "status": "Provisioned" })),
                ["customers"] if get => self.customers(query),
                ["customers"] => self.create_customers(&body(), mask),
                ["customers", code] => self.update_customer(code, body()),
                ["certificates"] if get => self.certificates_named(&quoted(query)),
                ["certificates"] => self.create_certificate(&body()[0]),
                ["certificates", id] => self.certificate(id.parse().unwrap()),
                ["certificates", id, "customers"] => self.customers_of(id.parse().unwrap()),
                ["certificates", id, "attachment"] => self.attach(id.parse().unwrap()),
                ["customers", code, "certificates"] => self.certificates_of(code),
                ["customers", code, "certificates", "link"] => self.link(code, &body()),
                ["customers", code, "certificates", "US", "FL"] => self.status(code),
                ["certexpressinvites"] => self.invitations(&quoted(query)),
                ["customers", code, "certexpressinvites"] => self.invite(code, &body()[0]),
                ["customers", _, "certexpressinvites", id] => self.invitation(id.parse().unwrap()),
                _ => panic!("{} is not served", request.url),
            },
            _ => panic!("{} is not served", request.url),
        }
    }

    fn shows(&self, since: Duration) -> bool {
        self.clock.get() >= since + self.lag
    }

    fn announced(&self, operation: Operation, key: &str) {
        assert!(self.intended(operation, key), "{operation:?} {key} is written and no intent says so");
    }

    fn customers(&self, query: &str) -> Answer {
        let wanted = quoted(query);
        let state = self.state.borrow();
        let shown = state.customers.iter().filter(|(code, (since, _))| {
            self.shows(*since) && (!query.contains("filter") || wanted.contains(code))
        });
        list(shown.map(|(_, (_, body))| body.clone()).collect())
    }

    fn create_customers(&self, rows: &Value, mask: Option<u8>) -> Answer {
        let rows = rows.as_array().unwrap();
        let code = |row: &Value| row["customerCode"].as_str().unwrap().to_owned();
        for row in rows {
            self.announced(Operation::CreateCustomer, &code(row));
        }
        let mut state = self.state.borrow_mut();
        let taken = |state: &State, row: &Value| state.customers.contains_key(&code(row));
        let good = |state: &State, row: &Value| !taken(state, row) && !self.bad.contains(&code(row));
        let first_bad = rows.iter().position(|row| !good(&state, row));
        let whole = first_bad.is_none();
        let until = first_bad.unwrap_or(rows.len());
        let mut created = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let stored = match self.batches {
                _ if mask.is_some_and(|mask| mask >> (at % 8) & 1 == 0) => false,
                Batches::Atomic => whole,
                Batches::UntilFirstBad => at < until,
                Batches::AllGood => true,
            };
            if stored && good(&state, row) {
                state.next += 1;
                let mut body = row.clone();
                body["id"] = state.next.into();
                created.push(body.clone());
                let since = self.clock.get();
                state.customers.insert(code(row), (since, body));
            }
        }
        match first_bad.and_then(|at| rows.get(at)) {
            Some(row) if self.bad.contains(&code(row)) => error(400, 5),
            Some(_) => error(400, 193),
            None => answer(201, &Value::Array(created)),
        }
    }

    fn update_customer(&self, code: &str, body: Value) -> Answer {
        self.announced(Operation::UpdateCustomer, code);
        match self.state.borrow_mut().customers.get_mut(code) {
            Some((_, stored)) => {
                *stored = body;
                answer(200, stored)
            }
            None => error(404, 4),
        }
    }

    fn certificates_named(&self, names: &[String]) -> Answer {
        let state = self.state.borrow();
        let named = |it: &&Certificate| {
            self.shows(it.since)
                && it.body["filename"].as_str().is_some_and(|it| names.iter().any(|n| n == it))
        };
        list(state.certificates.values().filter(named).map(|it| it.body.clone()).collect())
    }

    fn create_certificate(&self, body: &Value) -> Answer {
        self.announced(Operation::CreateCertificate, body["filename"].as_str().unwrap());
        let mut state = self.state.borrow_mut();
        state.next += 1;
        let id = state.next;
        let mut body = body.clone();
        body["id"] = id.into();
        let created = json!([body.clone()]);
        let since = self.clock.get();
        let certificate = Certificate { since, body, document: false, customers: BTreeSet::new() };
        state.certificates.insert(id, certificate);
        answer(201, &created)
    }

    fn certificate(&self, id: u64) -> Answer {
        let state = self.state.borrow();
        match state.certificates.get(&id).filter(|it| self.shows(it.since)) {
            Some(it) => {
                let mut body = it.body.clone();
                body["documentExists"] = it.document.into();
                answer(200, &body)
            }
            None => error(404, 4),
        }
    }

    fn customers_of(&self, id: u64) -> Answer {
        let state = self.state.borrow();
        match state.certificates.get(&id).filter(|it| self.shows(it.since)) {
            Some(it) => list(it.customers.iter().map(|code| json!({ "customerCode": code })).collect()),
            None => error(404, 4),
        }
    }

    fn attach(&self, id: u64) -> Answer {
        let mut state = self.state.borrow_mut();
        let Some(certificate) = state.certificates.get_mut(&id) else { return error(404, 4) };
        self.announced(Operation::AttachDocument, certificate.body["filename"].as_str().unwrap());
        certificate.document = true;
        answer(200, &Value::Null)
    }

    fn certificates_of(&self, code: &str) -> Answer {
        let state = self.state.borrow();
        let linked = state.certificates.values().filter(|it| it.customers.contains(code));
        list(linked.map(|it| it.body.clone()).collect())
    }

    fn link(&self, code: &str, body: &Value) -> Answer {
        let id = body["certificates"][0].as_u64().unwrap();
        let mut state = self.state.borrow_mut();
        if !state.customers.contains_key(code) {
            return error(404, 4);
        }
        let Some(certificate) = state.certificates.get_mut(&id) else { return error(404, 4) };
        self.announced(Operation::LinkCertificate, certificate.body["filename"].as_str().unwrap());
        assert!(certificate.document, "a certificate without its document is linked");
        certificate.customers.insert(code.to_owned());
        answer(200, &json!([]))
    }

    fn status(&self, code: &str) -> Answer {
        let state = self.state.borrow();
        let exempt = state.certificates.values().any(|it| it.customers.contains(code));
        answer(200, &json!({ "status": if exempt { "Exempt" } else { "NonExempt" } }))
    }

    fn invitations(&self, codes: &[String]) -> Answer {
        let state = self.state.borrow();
        let shown =
            state.invitations.iter().filter(|(_, it)| self.shows(it.since) && codes.contains(&it.customer));
        list(shown.map(|(id, it)| it.json(*id)).collect())
    }

    fn invitation(&self, id: u64) -> Answer {
        match self.state.borrow().invitations.get(&id) {
            Some(it) => answer(200, &it.json(id)),
            None => error(404, 4),
        }
    }

    fn invite(&self, code: &str, body: &Value) -> Answer {
        self.announced(Operation::SendInvitation, code);
        let mut state = self.state.borrow_mut();
        state.next += 1;
        let id = state.next;
        let zones = body["exposureZones"].clone();
        let since = self.clock.get();
        let invitation = Invitation { since, customer: code.to_owned(), zones };
        let created = json!([{ "status": "InProgress", "invitation": invitation.json(id) }]);
        state.invitations.insert(id, invitation);
        answer(201, &created)
    }
}

impl Invitation {
    fn json(&self, id: u64) -> Value {
        json!({ "id": id, "customerCode": self.customer, "emailStatus": "Sent", "exposureZones": self.zones })
    }
}
