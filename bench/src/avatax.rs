//! The stand-in for AvaTax in a process of its own, with an answer time, and what it counted.

use std::time::Duration;

use avatax_sim::SimConfig;
use serde::{Deserialize, Serialize};

use crate::{
    Outcome,
    child::{self, Running},
    spent::process_seconds,
};

/// Name of the part.
pub(crate) const PART: &str = "avatax";

/// What the stand-in is to be like.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Question {
    latency_ms: u64,
}

/// Where it listens.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    base_url: String,
}

/// What it saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Customers it holds.
    pub(crate) customers: usize,
    /// Invitations it holds.
    pub(crate) invitations: usize,
    /// Requests to the API.
    pub(crate) requests: u64,
    /// Connections that were opened.
    pub(crate) connections: u64,
    /// Most requests under way at one time.
    pub(crate) in_flight: u64,
    /// Seconds of the processor.
    pub(crate) processor: f64,
}

/// A stand-in that runs.
#[derive(Debug)]
pub(crate) struct AvaTax {
    child: Running,
    /// Where it listens.
    pub(crate) base_url: String,
}

impl AvaTax {
    /// Starts one that answers after `latency`.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(latency: Duration) -> Outcome<Self> {
        let latency_ms = u64::try_from(latency.as_millis())?;
        let mut child = Running::start(PART, &Question { latency_ms })?;
        let Ready { base_url } = child.answer()?;
        Ok(Self { child, base_url })
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it ended before.
    pub(crate) fn end(self) -> Outcome<Seen> {
        self.child.end()
    }
}

/// The part itself.
///
/// # Errors
/// When the stand-in does not start.
pub(crate) async fn part(question: &str) -> Outcome<()> {
    let Question { latency_ms } = serde_json::from_str(question)?;
    let config = SimConfig {
        latency: Duration::from_millis(latency_ms),
        // How long AvaTax works on an invitation is not what is measured.
        processing_delay: Duration::ZERO,
        ..SimConfig::default()
    };
    let simulator = avatax_sim::start(config).await?;
    child::say(&Ready { base_url: simulator.base_url() })?;
    tokio::task::spawn_blocking(|| child::wait().map_err(|error| error.to_string())).await??;
    let summary = simulator.summary();
    child::say(&Seen {
        customers: summary.customers,
        invitations: summary.invitations,
        requests: summary.requests,
        connections: summary.connections,
        in_flight: summary.max_in_flight,
        processor: process_seconds(),
    })
}
