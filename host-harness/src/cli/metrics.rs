//! What the calls of a command took, added up for people.
//!
//! Every call of the component leaves one object of figures, which the JSON document carries as it is. A person gets
//! one line, or one row of the table of `run-all`, made here from those same objects, so that the two cannot differ.
//! Times, requests and denials of the calls are added; memory is that of the call that had most, because each call
//! begins with none.

use serde_json::Value;

use super::console::grouped;

/// Figures of one or several calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Waiting for a place among other tenants.
    pub queued_ms: u64,
    /// From start to end.
    pub wall_ms: u64,
    /// Processor time of the component and of the host between its instructions.
    pub cpu_ms: u64,
    /// Most memory that the component had.
    pub peak_memory_bytes: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests that the egress policy did not allow.
    pub denials: u64,
}

impl Figures {
    /// Adds up the objects of a document's `metrics`.
    #[must_use]
    pub fn of(calls: &[Value]) -> Self {
        let mut sum = Self::default();
        for call in calls {
            let figure = |name: &str| call.get(name).and_then(Value::as_u64).unwrap_or(0);
            sum.queued_ms = sum.queued_ms.saturating_add(figure("queued_ms"));
            sum.wall_ms = sum.wall_ms.saturating_add(figure("wall_ms"));
            sum.cpu_ms = sum.cpu_ms.saturating_add(figure("cpu_ms"));
            sum.requests = sum.requests.saturating_add(figure("requests"));
            sum.denials = sum.denials.saturating_add(figure("denials"));
            sum.peak_memory_bytes = sum.peak_memory_bytes.max(figure("peak_memory_bytes"));
        }
        sum
    }

    /// One line for a person.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "The sandbox took {} ms, {} ms of it processor time, {} KiB of memory and {} requests; {} were denied.",
            grouped(self.wall_ms),
            grouped(self.cpu_ms),
            grouped(self.peak_memory_bytes / 1024),
            grouped(self.requests),
            grouped(self.denials)
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_added_up_and_memory_is_that_of_the_largest() {
        let call = |n: u64, memory: u64| {
            json!({
                "queued_ms": n, "wall_ms": 10 * n, "cpu_ms": 2 * n, "requests": n, "denials": 3 * n,
                "peak_memory_bytes": memory, "call": "sync",
            })
        };
        let sum = Figures::of(&[call(1, 2_048), call(200, 1_024), json!({})]);
        assert_eq!(
            sum,
            Figures {
                queued_ms: 201,
                wall_ms: 2_010,
                cpu_ms: 402,
                peak_memory_bytes: 2_048,
                requests: 201,
                denials: 603
            }
        );
        assert_eq!(
            sum.line(),
            "The sandbox took 2,010 ms, 402 ms of it processor time, 2 KiB of memory and 201 requests; \
             603 were denied."
        );
    }
}
