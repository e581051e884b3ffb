//! What a run of the chaos is made of, drawn from its seed alone.
//!
//! A draw is a small company, the switches of the stand-in for what nobody documents, and a handful of faults. Kinds of
//! faults come from one table; adding a kind is adding a line. The share of requests that are struck is divided among
//! the kinds that strike everywhere; kinds that concern few operations have the whole share there.

use std::time::Duration;

use avatax_sim::{BatchMode, DuplicateAnswer, Fault, LinkTwice, SimConfig};

use crate::{
    company::{REFUSED, Size},
    random::Random,
};

/// A kind of fault: its name, further options, whether it strikes every operation.
const KINDS: [(&str, &str, bool); 21] = [
    ("429", "", true),
    ("503", "retry-after=1", true),
    ("slow-down", "", true),
    ("500-before", "", true),
    ("500-after", "", true),
    ("refused-after", "", true),
    ("html", "", true),
    ("html-after", "", true),
    ("cut", "", true),
    ("lost", "", true),
    ("cut-after", "", true),
    ("hang", "ms=1500", true),
    ("hang-after", "ms=1500", true),
    ("slow", "ms=150", true),
    ("slow-body", "ms=300", true),
    ("endless", "ms=0,limit=3", true),
    ("partial", "", false),
    ("expired", "", false),
    ("shift", "", false),
    ("edit", "", true),
    ("taken", "", false),
];

/// One run.
#[derive(Debug, Clone)]
pub struct Draw {
    /// What all of it comes from.
    pub seed: u64,
    /// The company.
    pub size: Size,
    /// How a duplicate is refused.
    pub duplicate: DuplicateAnswer,
    /// What a batch with a bad row leaves behind.
    pub batch: BatchMode,
    /// What linking twice does.
    pub link_twice: LinkTwice,
    /// How long what was written is not yet to be seen.
    pub visible_after: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Times each command is run before the faults are switched off.
    pub rounds: u32,
}

impl Draw {
    /// The run of a seed, with that share of requests struck.
    #[must_use]
    pub fn of(seed: u64, rate: f64) -> Self {
        let mut random = Random::new(seed);
        let mut number = |low, high| usize::try_from(random.between(low, high)).unwrap_or(0);
        let size = Size {
            known: number(0, 4),
            papers: number(0, 6),
            invited: number(0, 8),
            taxed: number(4, 22),
            refused: number(0, 2),
        };
        use BatchMode::{Atomic, StoresGood, StoresSome, StoresUntilFirstBad};
        use DuplicateAnswer::{Entry400, Entry409, Property400, Property409, Wrapped400, Wrapped409};
        let duplicates =
            [Entry400, Property400, Wrapped400, Entry409, Property409, Wrapped409, DuplicateAnswer::Mixed];
        let batches = [Atomic, StoresUntilFirstBad, StoresGood, StoresSome, BatchMode::Mixed];
        let links = [LinkTwice::NoOp, LinkTwice::Error, LinkTwice::Mixed];
        let duplicate = random.pick(&duplicates).copied().unwrap_or_default();
        let batch = random.pick(&batches).copied().unwrap_or_default();
        let link_twice = random.pick(&links).copied().unwrap_or_default();
        let visible_after =
            Duration::from_millis(if random.percent(25) { random.between(50, 900) } else { 0 });
        let mut kinds = KINDS.to_vec();
        random.shuffle(&mut kinds);
        kinds.truncate(usize::try_from(random.between(2, 6)).unwrap_or(3));
        let everywhere = kinds.iter().filter(|(_, _, everywhere)| *everywhere).count().max(1);
        let faults = kinds.iter().filter_map(|(name, options, is_everywhere)| {
            let share = if *is_everywhere { rate / everywhere as f64 } else { rate };
            let options = if options.is_empty() { String::new() } else { format!(",{options}") };
            format!("{name}:rate={share}{options}").parse().ok()
        });
        Self {
            seed,
            size,
            duplicate,
            batch,
            link_twice,
            visible_after,
            faults: faults.collect(),
            rounds: u32::try_from(random.between(1, 3)).unwrap_or(1),
        }
    }

    /// The stand-in of this run.
    #[must_use]
    pub fn config(&self) -> SimConfig {
        SimConfig {
            // Ids have room for so many seeds; faults are told apart by the whole of it.
            seed: self.seed,
            processing_delay: Duration::ZERO,
            visible_after: self.visible_after,
            refuses: Some(REFUSED.to_owned()),
            duplicate: self.duplicate,
            batch: self.batch,
            link_twice: self.link_twice,
            ..SimConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_the_table_is_one_that_the_stand_in_knows() {
        for (name, options, _) in KINDS {
            let text = format!("{name}:rate=0.1,{options}");
            let fault: Fault = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(fault.kind.name(), name);
        }
    }

    #[test]
    fn a_seed_gives_the_same_run_and_a_hundred_seeds_meet_every_kind() {
        assert_eq!(format!("{:?}", Draw::of(5, 0.2)), format!("{:?}", Draw::of(5, 0.2)));
        let met: BTreeSet<&str> =
            (0..100).flat_map(|seed| Draw::of(seed, 0.2).faults).map(|fault| fault.kind.name()).collect();
        assert_eq!(met.len(), KINDS.len());
    }
}
