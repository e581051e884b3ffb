//! What work took: time on the clock, time of the processor, memory.
//!
//! The machine is shared, so time on the clock is only asked where waiting is what is measured. Everything else is the
//! processor's time, of all threads of this process together. Memory is what the
//! kernel says of this process; only Linux tells.

use std::{fs, time::Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a piece of work took, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// On the clock.
    pub(crate) clock: f64,
    /// Of the processor, all threads of this process together.
    pub(crate) process: f64,
}

impl Spent {
    /// More than anything takes.
    pub(crate) const MAX: Self = Self { clock: f64::INFINITY, process: f64::INFINITY };

    /// The smaller of each.
    #[must_use]
    pub(crate) fn least(self, other: Self) -> Self {
        Self { clock: self.clock.min(other.clock), process: self.process.min(other.process) }
    }
}

/// Measures work that may end in an error.
///
/// # Errors
/// That of the work.
pub(crate) async fn timed<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<(T, Spent), E> {
    let (clock, process) = (Instant::now(), process_seconds());
    let value = work.await?;
    Ok((value, Spent { clock: clock.elapsed().as_secs_f64(), process: process_seconds() - process }))
}

/// Seconds that all threads of this process have computed.
#[must_use]
pub(crate) fn process_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Most memory that this process ever had resident, in KiB; 0 where the system does not tell.
#[must_use]
pub(crate) fn peak_kib() -> u64 {
    status("VmHWM:")
}

/// Memory that this process has resident, in KiB; 0 where the system does not tell.
#[must_use]
pub(crate) fn resident_kib() -> u64 {
    status("VmRSS:")
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The value that a share of all are not above.
#[must_use]
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
