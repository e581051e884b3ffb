//! Getting the next chunk of customers ready while AvaTax works on this one.
//!
//! A chunk is a few rounds of full windows. Between two chunks nothing is in flight, so everything that can be done before
//! or after is done while requests are: recording what became of the chunk before, asking whether to go on, reading the
//! next part of the plan, comparing it with the ERP, writing its intents. What is left between the chunks is taking the
//! last answers apart.
//!
//! The order of the journal stays what [`crate::recovery`] rests on: an intent is durable before its request leaves. An
//! outcome is written somewhat later than it could be; a run that is cut off before it looks the customer up, as it does
//! for every answer that was lost. Who asks to stop stops before the intents of the next chunk.

use super::apply::{Doing, PlanSize, still_as_confirmed};
use super::create::{self, Batches, Created, Work};
use crate::avatax::AvaTax;
use crate::ledger::Ledger;
use crate::model::journal::{Entry, Operation};
use crate::model::onboarding::Error;
use crate::plan::{self, Item, Walk};
use crate::ports::Ports;

const CREATE: Operation = Operation::CreateCustomer;
/// Most customers of a chunk.
const CHUNK: usize = 1000;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Record what became of the chunk before.
    Record,
    /// Ask whether to go on.
    Ask,
    /// Read the next part of the plan.
    Read,
    /// Compare it with the ERP, and make the requests.
    Compare,
    /// Write the intents.
    Intend,
    /// It can be sent, as soon as what is in doubt was looked up.
    Ready,
    /// There is nothing more, or somebody asked to stop.
    Over,
}

/// The chunk that is being made ready, and what is left to do of the one before.
pub(super) struct Ahead {
    walk: Walk,
    batch: usize,
    step: Step,
    created: Created,
    doubtful: Vec<(Entry, Item)>,
    fresh: Vec<(Entry, Item)>,
    batches: Batches,
    stop: bool,
    failed: Option<Error>,
}

impl Ahead {
    /// Over the customers to create of a plan; `round` are those of one full window.
    pub(super) fn new(plan: &str, round: usize, batch: usize) -> Self {
        // A whole number of full rounds keeps every slot of the window busy.
        let size = (CHUNK / round.max(1)).max(1) * round;
        Self {
            walk: Walk::new(plan, CREATE, size),
            batch,
            step: Step::Read,
            created: Created::new(),
            doubtful: Vec::new(),
            fresh: Vec::new(),
            batches: Batches::default(),
            stop: false,
            failed: None,
        }
    }

    /// Does what is left to do before the next chunk; false if there is none.
    pub(super) fn get_ready(&mut self, doing: &mut Doing<'_>) -> Result<bool, Error> {
        let size = doing.plan_size();
        while self.go_on(doing.ports, &doing.avatax, &mut doing.ledger, size) {}
        if self.step == Step::Ready {
            return Ok(true);
        }
        // There is nothing more to be sent while this is recorded.
        create::record(&mut doing.ledger, core::mem::take(&mut self.created))?;
        doing.ledger.flush()?;
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        doing.stopped = self.stop || size.asked_to_stop(&doing.ledger);
        Ok(false)
    }

    /// The customers of the chunk of which nobody knows whether they were created.
    pub(super) fn doubtful(&mut self) -> Vec<(Entry, Item)> {
        core::mem::take(&mut self.doubtful)
    }

    /// Adds customers that were in doubt and are to be created.
    pub(super) fn add(&mut self, doing: &mut Doing<'_>, work: Vec<Work>) -> Result<(), Error> {
        let more = Batches::new(&doing.avatax, work, self.batch);
        intend(&mut doing.ledger, &more)?;
        self.batches.append(more);
        Ok(())
    }

    /// Creates the chunk, and gets the next one ready meanwhile.
    pub(super) fn create(&mut self, doing: &mut Doing<'_>) -> Result<(), Error> {
        let batches = core::mem::take(&mut self.batches);
        let (ports, avatax, size) = (doing.ports, &doing.avatax, doing.plan_size());
        self.step = Step::Record;
        let created = create::create(avatax, &mut doing.ledger, batches, &mut |ledger| {
            self.go_on(ports, avatax, ledger, size)
        });
        // What is known is kept, also when the run has to end here.
        let kept = create::record(&mut doing.ledger, core::mem::take(&mut self.created));
        let created = created.and_then(|created| kept.map(|()| created));
        match created {
            Ok(created) => self.created = created,
            Err(error) => {
                doing.ledger.flush()?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Does one step; false when there is none that could be done now.
    fn go_on(
        &mut self,
        ports: &Ports<'_>,
        avatax: &AvaTax<'_>,
        ledger: &mut Ledger<'_>,
        size: PlanSize<'_>,
    ) -> bool {
        match self.one_step(ports, avatax, ledger, size) {
            Ok(next) => self.step = next,
            Err(error) => {
                self.failed = Some(error);
                self.step = Step::Over;
            }
        }
        !matches!(self.step, Step::Ready | Step::Over)
    }

    fn one_step(
        &mut self,
        ports: &Ports<'_>,
        avatax: &AvaTax<'_>,
        ledger: &mut Ledger<'_>,
        size: PlanSize<'_>,
    ) -> Result<Step, Error> {
        Ok(match self.step {
            Step::Record => {
                create::record(ledger, core::mem::take(&mut self.created))?;
                ledger.flush()?;
                Step::Ask
            }
            Step::Ask => {
                self.stop = size.asked_to_stop(ledger);
                if self.stop { Step::Over } else { Step::Read }
            }
            Step::Read => {
                let Some(items) = self.walk.next(ports)? else { return Ok(Step::Over) };
                let open = items.into_iter().filter(|(entry, _)| !ledger.ended(CREATE, &entry.key));
                let in_doubt = |(entry, _): &(Entry, Item)| ledger.progressed(CREATE, &entry.key).in_doubt();
                (self.doubtful, self.fresh) = open.partition(in_doubt);
                Step::Compare
            }
            Step::Compare => {
                let work = still_as_confirmed(ports, ledger, core::mem::take(&mut self.fresh))?;
                self.batches = Batches::new(avatax, work, self.batch);
                Step::Intend
            }
            Step::Intend => {
                intend(ledger, &self.batches)?;
                Step::Ready
            }
            other => other,
        })
    }
}

/// Records that these customers are about to be created.
fn intend(ledger: &mut Ledger<'_>, batches: &Batches) -> Result<(), Error> {
    let intents = batches.work().map(|work| {
        let code = work.model.customer_code.as_str();
        (code, code, plan::fingerprint(&work.model))
    });
    ledger.intend(CREATE, "POST customers", intents)
}
