//! Telling people what is going on, and hearing from them that they want to stop.

use crate::model::progress::{Event, Verdict};

/// Receives the component's progress.
pub trait Progress: Send + Sync {
    /// Takes one event; answers whether to go on. Must not block for long.
    fn report(&self, event: Event) -> Verdict;
}

/// Says nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: Event) -> Verdict {
        Verdict::Proceed
    }
}
