//! Counting with a few named examples, so that reports stay small however many customers there are.

use crate::customer::{Finding, effect_of};
use crate::model::onboarding::{Decision, DecisionCount, Obstacle, ObstacleKind, Sample};
use crate::order::sorted;

/// Examples kept of each kind.
pub const SAMPLES: usize = 5;

/// Adds an example while there is room.
pub fn keep(samples: &mut Vec<Sample>, sample: impl FnOnce() -> Sample) {
    if samples.len() < SAMPLES {
        samples.push(sample());
    }
}

/// Obstacles by kind.
#[derive(Debug, Default)]
pub struct Obstacles(Vec<Obstacle>);

impl Obstacles {
    /// Counts a finding about one customer.
    pub fn add(&mut self, finding: &Finding, id: &str, code: &str, name: &str) {
        self.add_many(finding.kind, 1);
        if let Some(obstacle) = self.0.iter_mut().find(|obstacle| obstacle.kind == finding.kind) {
            keep(&mut obstacle.samples, || Sample {
                id: id.to_owned(),
                code: code.to_owned(),
                name: name.to_owned(),
                detail: finding.detail.clone(),
            });
        }
    }

    /// Counts customers without naming them.
    pub fn add_many(&mut self, kind: ObstacleKind, customers: u64) {
        if let Some(obstacle) = self.0.iter_mut().find(|obstacle| obstacle.kind == kind) {
            obstacle.customers += customers;
        } else {
            self.0.push(Obstacle { kind, effect: effect_of(kind), customers, samples: Vec::new() });
        }
    }

    /// All obstacles: those that prevent most first, then the most frequent.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Obstacle> {
        sorted(self.0, |obstacle| (obstacle.effect as u64, u64::MAX - obstacle.customers))
    }
}

/// Decisions by kind.
#[derive(Debug, Default)]
pub struct Decisions(Vec<DecisionCount>);

impl Decisions {
    /// Counts one decision.
    pub fn add(&mut self, decision: Decision, sample: impl FnOnce() -> Sample) {
        let at = self.0.iter().position(|count| count.decision == decision).unwrap_or_else(|| {
            self.0.push(DecisionCount { decision, count: 0, samples: Vec::new() });
            self.0.len() - 1
        });
        if let Some(count) = self.0.get_mut(at) {
            count.count += 1;
            keep(&mut count.samples, sample);
        }
    }

    /// All decisions, in the order of the contract.
    #[must_use]
    pub fn into_sorted(self) -> Vec<DecisionCount> {
        sorted(self.0, |count| (count.decision as u64, 0))
    }
}
