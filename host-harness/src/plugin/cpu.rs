//! Processor time of a call.
//!
//! A call is a future that moves between threads, so its processor time is the sum over its polls, each measured by the
//! clock of the thread that polls it. Counted is what runs inside those polls: the component itself and what the host
//! does for it in between. Not counted is what runs elsewhere: reads of the ERP and writes of the journal on threads for
//! blocking work, the taking apart of documents, and connections, which are tasks of their own. Where the system has no
//! such clock, the time is zero.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    time::Duration,
};

/// Drives `work` to its end and says how much processor time its polls took.
pub(super) async fn metered<F: Future>(work: F) -> (F::Output, Duration) {
    let mut work = pin!(work);
    let mut used = Duration::ZERO;
    let output = poll_fn(|context| {
        let begun = thread_time();
        let polled = work.as_mut().poll(context);
        used = used.saturating_add(thread_time().saturating_sub(begun));
        polled
    })
    .await;
    (output, used)
}

#[cfg(unix)]
fn thread_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(not(unix))]
fn thread_time() -> Duration {
    Duration::ZERO
}
