//! Reading inside this process.
//!
//! Faster by the cost of the sandbox and for documents that are trusted: a panic and a long run are caught, but a file
//! that makes the reader use up the memory of the process is not. A thread that runs over its time cannot be ended from
//! outside; it is left behind and stops at the bounds that the reader itself keeps.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use document_reader::model::Finding;

use super::{reader::ReadError, recognition::Watched};

/// Stack of the reading thread: parsers nest.
const STACK: usize = 16 << 20;

/// Tells builds of this program apart: another build may read differently.
pub(super) fn identity() -> String {
    let stamp = std::env::current_exe().and_then(std::fs::metadata).ok().and_then(|program| {
        let since = program.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{}-{}", program.len(), since.as_nanos()))
    });
    format!("native {} {}", env!("CARGO_PKG_VERSION"), stamp.unwrap_or_default())
}

/// Runs a function of the reader on a thread of its own.
pub(super) fn run<T: Send + 'static>(
    bytes: &[u8],
    watched: &Arc<Watched>,
    deadline: Duration,
    work: impl FnOnce(&[u8], &Watched) -> Result<T, Finding> + Send + 'static,
) -> Result<T, ReadError> {
    let begun = Instant::now();
    let (send, receive) = mpsc::channel();
    let (bytes, engine) = (bytes.to_vec(), Arc::clone(watched));
    let body = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&bytes, &engine)));
        // Nobody listens any more after the deadline.
        let _ = send.send(outcome.unwrap_or_else(|_| {
            Err(Finding::Unreadable("the document is broken in a way that stopped its reader".to_owned()))
        }));
    };
    if let Err(error) =
        thread::Builder::new().name("document-reader".to_owned()).stack_size(STACK).spawn(body)
    {
        let text = format!("no thread could be started to read the document ({error}); try again");
        return Err(ReadError::Unavailable(text));
    }
    loop {
        let left = deadline.saturating_sub(begun.elapsed().saturating_sub(watched.spent()));
        if left.is_zero() {
            return Err(ReadError::OverTime(deadline));
        }
        match receive.recv_timeout(left) {
            Ok(outcome) => return Ok(outcome?),
            // Time spent in the recogniser meanwhile does not count, so there may be some left.
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let text = "the thread that read the document ended without an answer; try again";
                return Err(ReadError::Unavailable(text.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_finding_and_a_long_run_is_not() {
        let run = |time: u64, work: fn() -> Result<(), Finding>| {
            super::run(b"", &Watched::idle(), Duration::from_millis(time), move |_, _| work())
        };
        let broken = run(20_000, || panic!("over a document"));
        assert!(matches!(broken, Err(ReadError::Finding(Finding::Unreadable(_)))), "{broken:?}");
        let slow = run(50, || {
            thread::sleep(Duration::from_secs(2));
            Ok(())
        });
        assert_eq!(slow, Err(ReadError::OverTime(Duration::from_millis(50))));
        assert_eq!(run(20_000, || Ok(())), Ok(()));
    }
}
