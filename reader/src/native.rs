//! What a native host needs around the reading of a hostile file, and a sandbox has anyway: a deadline, a large enough
//! stack, and a stop for panics.
//!
//! A thread cannot be ended from outside. Work that passes its deadline is left behind and goes on until the bounds of
//! the reader end it; its result is thrown away.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::model::Finding;

/// Stack of the reading thread: parsers nest.
const STACK: usize = 16 * 1024 * 1024;

/// Runs work on a thread of its own and waits so long for it.
pub fn guarded<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, Finding> + Send + 'static,
) -> Result<T, Finding> {
    let (send, receive) = mpsc::sync_channel(1);
    let run = move || {
        // Nobody listens any more after the deadline.
        let _ = send.send(without_panic(work));
    };
    let thread = thread::Builder::new().name("document-reader".to_owned()).stack_size(STACK).spawn(run);
    if let Err(error) = thread {
        return Err(Finding::Unreadable(format!(
            "no thread could be started to read it ({error}); try again"
        )));
    }
    receive.recv_timeout(deadline).unwrap_or_else(|_| {
        Err(Finding::Unreadable(format!(
            "reading it took longer than {} seconds; print it to a new PDF, or split it",
            deadline.as_secs()
        )))
    })
}

/// Runs work and makes a panic in it a finding about the document.
pub(crate) fn without_panic<T>(work: impl FnOnce() -> Result<T, Finding>) -> Result<T, Finding> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Finding::Unreadable(
            "the document is broken in a way that stopped its reader; get a new copy of it".to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_with_its_result_a_finding_or_the_deadline() {
        assert_eq!(guarded(Duration::from_secs(5), || Ok(7)), Ok(7));
        let stopped = guarded(Duration::from_secs(5), || -> Result<(), Finding> { panic!("on purpose") });
        assert!(matches!(stopped, Err(Finding::Unreadable(text)) if text.contains("stopped its reader")));
        let late = guarded(Duration::from_millis(20), || {
            thread::sleep(Duration::from_millis(400));
            Ok(())
        });
        assert!(matches!(late, Err(Finding::Unreadable(text)) if text.contains("took longer")));
    }
}
