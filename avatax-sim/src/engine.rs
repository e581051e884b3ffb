//! Which requests the faults strike.
//!
//! Each fault draws from a stream of its own, which depends on the seed, its place in the list and how often it was
//! asked, so a run with the same order of requests meets the same faults. A limit counts what struck: a fault that
//! found nothing to spoil, because there was no further page or no customer to change, has not struck.

use std::time::Duration;

use crate::{
    fault::{Fault, FaultKind, Stage},
    random,
    routes::Operation,
};

/// What is to be done to the answer of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Wait this long first.
    pub(crate) delay: Duration,
    /// Then do this; `Slow` never stands here.
    pub(crate) kind: Option<FaultKind>,
    /// A number for whatever the kind leaves to chance.
    pub(crate) dice: u64,
    /// All that struck.
    pub(crate) struck: Vec<&'static str>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    asked: u64,
    hit: u32,
}

impl Armed {
    /// Whether the fault could strike an operation in a stage at all.
    fn is_meant(&self, operation: Operation, stage: Stage) -> bool {
        let Fault { kind, on, limit, .. } = &self.fault;
        kind.stage() == stage
            && on.as_ref().is_none_or(|on| *on == operation.name())
            && kind.concerns(operation)
            && limit.is_none_or(|limit| self.hit < limit)
    }

    /// Draws; a number for whatever is left to chance if it strikes.
    fn draw(&mut self, seed: u64, place: u64) -> Option<u64> {
        self.asked += 1;
        let strikes = random::fraction(seed, &[place, self.asked]) < self.fault.rate;
        strikes.then(|| random::number(seed, &[place, self.asked, 1]))
    }
}

/// Decides which requests go wrong.
#[derive(Debug)]
pub(crate) struct FaultEngine {
    seed: u64,
    faults: Vec<Armed>,
}

impl FaultEngine {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let faults = faults.into_iter().map(|fault| Armed { fault, asked: 0, hit: 0 }).collect();
        Self { seed, faults }
    }

    /// The faults in force.
    pub(crate) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().map(|armed| &armed.fault)
    }

    /// The verdict on the next answer. Slowness adds up; of the other kinds the first that strikes counts.
    pub(crate) fn judge(&mut self, operation: Operation) -> Verdict {
        let mut verdict = Verdict::default();
        for (place, armed) in (1_u64..).zip(&mut self.faults) {
            let slow = matches!(armed.fault.kind, FaultKind::Slow { .. });
            if !armed.is_meant(operation, Stage::Answer) || (verdict.kind.is_some() && !slow) {
                continue;
            }
            let Some(dice) = armed.draw(self.seed, place) else { continue };
            armed.hit += 1;
            verdict.struck.push(armed.fault.kind.name());
            match armed.fault.kind {
                FaultKind::Slow { millis } => verdict.delay += Duration::from_millis(millis),
                kind => {
                    verdict.kind = Some(kind);
                    verdict.dice = dice;
                }
            }
        }
        verdict
    }

    /// Lets all faults of a stage loose on an operation; `apply` says whether there was anything to spoil.
    pub(crate) fn strike(
        &mut self,
        operation: Operation,
        stage: Stage,
        mut apply: impl FnMut(FaultKind, u64) -> bool,
    ) {
        for (place, armed) in (1_u64..).zip(&mut self.faults) {
            if armed.is_meant(operation, stage)
                && let Some(dice) = armed.draw(self.seed, place)
                && apply(armed.fault.kind, dice)
            {
                armed.hit += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_limits_hold_and_repeat() {
        let run = |seed| {
            let faults = vec!["500-before:rate=0.2".parse().unwrap(), "cut:limit=2,on=Ping".parse().unwrap()];
            let mut engine = FaultEngine::new(seed, faults);
            (0..1_000).map(|_| engine.judge(Operation::Ping).kind).collect::<Vec<_>>()
        };
        let first = run(1);
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
        let errors = first.iter().filter(|kind| **kind == Some(FaultKind::ErrorBefore)).count();
        assert!((150..=250).contains(&errors), "{errors}");
        assert_eq!(first.iter().filter(|kind| **kind == Some(FaultKind::Cut)).count(), 2);
    }

    #[test]
    fn other_operations_are_left_alone() {
        let mut engine = FaultEngine::new(1, vec![Fault::new(FaultKind::Html).on("CreateCustomers")]);
        assert_eq!(engine.judge(Operation::Ping), Verdict::default());
        assert_eq!(engine.judge(Operation::CreateCustomers).kind, Some(FaultKind::Html));
    }

    #[test]
    fn what_found_nothing_to_spoil_has_not_struck() {
        let mut engine = FaultEngine::new(1, vec![Fault::new(FaultKind::Edit).times(1)]);
        let mut calls = 0;
        for spoils in [false, true, true] {
            engine.strike(Operation::GetCustomer, Stage::World, |_, _| {
                calls += 1;
                spoils
            });
        }
        assert_eq!(calls, 2, "the limit is used up by the second");
        assert_eq!(engine.judge(Operation::GetCustomer), Verdict::default(), "it is no fault of the answer");
    }
}
