//! Creating a plan's customers without a pause between one part of the plan and the next.
//!
//! A window of batches is in flight, and some more lie ready. When few are left, the next part is made ready while the
//! others are under way, one [`Step`] at a time: recording what became of earlier ones, asking whether to go on, reading
//! the plan, comparing it with the ERP, writing the intents. So AvaTax need not wait for the disk or the ERP, and memory
//! holds two parts and what is in flight.
//!
//! The order of the journal stays what [`crate::recovery`] rests on: an intent is durable before its request leaves. An
//! outcome is written somewhat later than it could be; a run that is cut off before it looks the customer up, as it does
//! for every answer that was lost. Who asks to stop stops before the intents of the next part.
//!
//! Looking up is the one thing that is not done meanwhile. Where customers are in doubt from an earlier call, or many
//! batches did not plainly succeed, nothing more is sent until all is answered and looked up.

use std::collections::VecDeque;

use super::apply::{Doing, PlanSize, absent_for_sure, still_as_confirmed};
use super::create::{self, Batch, Created};
use crate::avatax::answer::gravest;
use crate::avatax::client::{NEVER, understood};
use crate::avatax::sending::{Feed, Sent};
use crate::avatax::{AvaTax, Failure};
use crate::http::{self, Answer, Request};
use crate::ledger::Ledger;
use crate::model::journal::{Entry, Operation};
use crate::model::onboarding::Error;
use crate::plan::{Item, Walk};
use crate::ports::Ports;

const CREATE: Operation = Operation::CreateCustomer;
/// Most customers of a part of the plan.
const PART: usize = 1000;
/// Most bytes of answers that are not taken apart yet.
const ANSWERS: usize = 8 * 1024 * 1024;

/// What comes next in making a part ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Record what became of earlier customers, as soon as another part is needed.
    Record,
    /// Ask whether to go on.
    Ask,
    /// Read the next part of the plan.
    Read,
    /// Compare it with the ERP, and make the requests.
    Compare,
    /// Write the intents.
    Intend,
    /// There is nothing more, or somebody asked to stop.
    Over,
}

/// The customers to create of a plan, on their way.
pub(super) struct Stream {
    walk: Walk,
    batch: usize,
    /// From which number of batches on no further part is needed.
    enough: usize,
    window: usize,
    step: Step,
    /// Of the part that is being made ready, what has to be looked up first, and the rest.
    doubtful: Vec<(Entry, Item)>,
    fresh: Vec<(Entry, Item)>,
    /// Compared; to be sent when the intents are written.
    compared: Vec<Batch>,
    ready: VecDeque<Batch>,
    begun: usize,
    flying: Vec<(usize, Batch)>,
    answered: VecDeque<(Batch, Answer)>,
    created: Created,
    /// Batches that did not plainly succeed, and why.
    unclear: Vec<(Batch, Failure)>,
    stop: bool,
    /// Why the run has to end: AvaTax's reason, and ours.
    fatal: Option<Error>,
    failed: Option<Error>,
}

impl Stream {
    /// Over the customers to create of a plan, in batches of a size.
    pub(super) fn new(doing: &Doing<'_>, whole: usize, batch: usize) -> Self {
        let window = doing.avatax.window();
        let part = (window * whole).clamp(1, PART);
        Self {
            walk: Walk::new(doing.ledger.plan(), CREATE, part),
            batch,
            enough: part.div_ceil(batch.max(1)),
            window,
            step: Step::Ask,
            doubtful: Vec::new(),
            fresh: Vec::new(),
            compared: Vec::new(),
            ready: VecDeque::new(),
            begun: 0,
            flying: Vec::new(),
            answered: VecDeque::new(),
            created: Created::new(),
            unclear: Vec::new(),
            stop: false,
            fatal: None,
            failed: None,
        }
    }

    /// Creates all of them, or as many as can be until somebody asks to stop.
    pub(super) fn run(mut self, doing: &mut Doing<'_>) -> Result<(), Error> {
        let outcome = loop {
            match self.go_on(doing) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // What is known is kept, also when the run has to end here.
        let kept = create::record(&mut doing.ledger, self.created);
        outcome.and(kept)?;
        doing.stopped = self.stop || doing.plan_size().asked_to_stop(&doing.ledger);
        Ok(())
    }

    /// Sends until nothing is ready or something has to be looked up; false when the plan is done, or stopped.
    fn go_on(&mut self, doing: &mut Doing<'_>) -> Result<bool, Error> {
        let doubtful = core::mem::take(&mut self.doubtful);
        if !doubtful.is_empty() {
            let fresh = absent_for_sure(doing, doubtful)?;
            let work = still_as_confirmed(doing.ports, &mut doing.ledger, fresh)?;
            let more = create::batches(&doing.avatax, work, self.batch);
            create::intend(&mut doing.ledger, &more)?;
            self.ready.extend(more);
        }
        let mut sending = Sending::of(self, doing);
        while sending.stream.ready.is_empty() && sending.step() {}
        let sent = sending.avatax.write_as_they_come(&mut sending);
        while sending.take_apart() {}
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if sent == Sent::GivenUp && self.fatal.is_none() {
            self.fatal = Failure::NotDone(NEVER.to_owned()).fatal();
        }
        self.settle(doing)?;
        Ok(self.step != Step::Over || !self.ready.is_empty() || !self.doubtful.is_empty())
    }

    /// Looks up customers of whom it is not clear what became.
    fn settle(&mut self, doing: &mut Doing<'_>) -> Result<(), Error> {
        // With wrong credentials nothing more is sent; what is in doubt is looked up by the next call.
        while !self.unclear.is_empty() && !matches!(self.fatal, Some(Error::Unauthorized(_))) {
            // No more than a part at a time, because the answers are held together.
            let mut customers = 0;
            let within = self.unclear.iter().take_while(|(batch, _)| {
                customers += batch.len();
                customers <= PART
            });
            let some = within.count().max(1);
            let unclear = self.unclear.drain(..some).collect();
            let again = create::resolve(&doing.avatax, &mut doing.ledger, unclear)?;
            again.into_iter().rev().for_each(|batch| self.ready.push_front(batch));
            doing.ledger.flush()?;
        }
        self.fatal.take().map_or(Ok(()), Err)
    }
}

/// A stream while it is sent.
struct Sending<'s, 'a> {
    stream: &'s mut Stream,
    ports: &'a Ports<'a>,
    avatax: &'s AvaTax<'a>,
    ledger: &'s mut Ledger<'a>,
    size: PlanSize<'a>,
}

impl<'s, 'a> Sending<'s, 'a> {
    fn of(stream: &'s mut Stream, doing: &'s mut Doing<'a>) -> Self {
        let size = doing.plan_size();
        Self { stream, ports: doing.ports, avatax: &doing.avatax, ledger: &mut doing.ledger, size }
    }

    /// Does one step of making the next part ready; false when there is none that could be done now.
    fn step(&mut self) -> bool {
        let stream = &mut *self.stream;
        let wanted = match stream.step {
            // The rest is recorded, and progress told, by the window.
            Step::Over => stream.failed.is_none() && stream.created.len() >= stream.enough * stream.batch,
            _ => stream.doubtful.is_empty() && stream.ready.len() < stream.enough,
        };
        if !wanted {
            return false;
        }
        match self.one_step() {
            Ok(next) => self.stream.step = next,
            Err(error) => {
                self.stream.failed = Some(error);
                self.stream.step = Step::Over;
            }
        }
        self.stream.step != Step::Over
    }

    fn one_step(&mut self) -> Result<Step, Error> {
        let (stream, ledger) = (&mut *self.stream, &mut *self.ledger);
        Ok(match stream.step {
            Step::Record => {
                create::record(ledger, core::mem::take(&mut stream.created))?;
                Step::Ask
            }
            Step::Ask => {
                stream.stop = self.size.asked_to_stop(ledger);
                if stream.stop { Step::Over } else { Step::Read }
            }
            Step::Read => {
                let Some(items) = stream.walk.next(self.ports)? else { return Ok(Step::Over) };
                let open = items.into_iter().filter(|(entry, _)| !ledger.ended(CREATE, &entry.key));
                let in_doubt = |(entry, _): &(Entry, Item)| ledger.progressed(CREATE, &entry.key).in_doubt();
                (stream.doubtful, stream.fresh) = open.partition(in_doubt);
                Step::Compare
            }
            Step::Compare => {
                let work = still_as_confirmed(self.ports, ledger, core::mem::take(&mut stream.fresh))?;
                stream.compared = create::batches(self.avatax, work, stream.batch);
                Step::Intend
            }
            Step::Intend => {
                create::intend(ledger, &stream.compared)?;
                stream.ready.extend(stream.compared.drain(..));
                Step::Record
            }
            Step::Over => {
                create::record(ledger, core::mem::take(&mut stream.created))?;
                stream.stop |= self.size.asked_to_stop(ledger);
                Step::Over
            }
        })
    }

    /// Takes one answer apart; false if there is none.
    fn take_apart(&mut self) -> bool {
        let stream = &mut *self.stream;
        let Some((batch, answer)) = stream.answered.pop_front() else { return false };
        match understood(answer) {
            Ok(answer) => {
                let missing = create::named(self.avatax, batch, &answer, &mut stream.created);
                let why = "AvaTax did not name the customer in its answer.";
                stream.unclear.extend(missing.map(|batch| (batch, Failure::Unclear(why.to_owned()))));
            }
            Err(failure) => match failure.fatal() {
                // Nothing of this batch was done; its intents stay open and the next call goes on with them.
                Some(error) => stream.fatal = Some(gravest(stream.fatal.take(), error)),
                None => stream.unclear.push((batch, failure)),
            },
        }
        true
    }
}

impl Feed for Sending<'_, '_> {
    fn next(&mut self) -> Option<usize> {
        let stream = &mut *self.stream;
        let in_trouble = stream.fatal.is_some() || stream.failed.is_some();
        if in_trouble || stream.unclear.len() + stream.answered.len() >= stream.window {
            return None;
        }
        let batch = stream.ready.pop_front()?;
        stream.begun += 1;
        stream.flying.push((stream.begun, batch));
        Some(stream.begun)
    }

    fn request(&self, number: usize) -> Option<&Request> {
        self.stream.flying.iter().find(|(it, _)| *it == number).map(|(_, batch)| &batch.request)
    }

    fn room(&self) -> usize {
        ANSWERS.saturating_sub(self.stream.answered.iter().map(|(_, answer)| http::bytes(answer)).sum())
    }

    fn answered(&mut self, number: usize, answer: Answer) {
        if let Some(at) = self.stream.flying.iter().position(|(it, _)| *it == number) {
            let (_, batch) = self.stream.flying.swap_remove(at);
            self.stream.answered.push_back((batch, answer));
        }
        // There has to be room for the next one.
        while self.room() < ANSWERS / 2 && self.take_apart() {}
    }

    fn meanwhile(&mut self) -> bool {
        self.take_apart() || self.step()
    }
}
