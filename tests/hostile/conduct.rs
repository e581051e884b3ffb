//! Guests that use up what there is, hand back what nobody asked for, and break down.
//!
//! None of it harms more than the call at hand: the host says what happened in a typed error, in a bounded time, and
//! takes nothing over that it did not measure. What each limit of the host is worth is shown in `limits`.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use host_harness::{
    documents::{Combined, Folder},
    erp::memory::MemoryErp,
    error::CallError,
    journal::MemoryJournal,
    model::{
        onboarding::{Action, Approval},
        progress::{Event, Verdict},
    },
    ocr::{DocumentReader, ReaderOptions},
    plugin::Call,
    progress::Progress,
};

use crate::{
    isolation::customers,
    server::{OK, answering},
    world::{World, guest, words},
};

/// Long enough for every guest to get to its misdeed, short enough to be waited for.
pub(crate) const SHORT: Duration = Duration::from_millis(200);
/// Far beyond what ending a call takes, on a machine that is busy with other tests as well.
const PROMPT: Duration = Duration::from_secs(10);

/// What there was too much of, and how much would have been allowed.
pub(crate) fn exceeded<T: std::fmt::Debug>(call: &Call<T>) -> (&'static str, u64) {
    match &call.value {
        Err(CallError::Limit { what, max }) => (what, *max),
        other => panic!("no limit was met: {other:?}"),
    }
}

/// The sentence about a component that broke.
pub(crate) fn fault<T: std::fmt::Debug>(call: &Call<T>) -> &str {
    match &call.value {
        Err(CallError::Trap { message, .. }) => message,
        other => panic!("the guest did not break: {other:?}"),
    }
}

pub(crate) fn timed_out<T>(call: &Call<T>) -> bool {
    matches!(call.value, Err(CallError::Timeout { limit: SHORT })) && call.metrics.wall < PROMPT
}

fn short(behaviour: &str) -> World {
    guest(behaviour).limits(|limits| limits.deadline = SHORT)
}

/// Counts events, and asks every time to stop.
#[derive(Default)]
struct Stopping(AtomicU64);

impl Progress for Stopping {
    fn report(&self, _event: Event) -> Verdict {
        self.0.fetch_add(1, Ordering::Relaxed);
        Verdict::Stop
    }
}

#[tokio::test]
pub(crate) async fn reports_progress_without_end() {
    let mut world = short("reports_progress_without_end");
    let progress = Arc::new(Stopping::default());
    world.tenant.progress = progress.clone();
    let call = world.analyze().await;
    assert!(timed_out(&call), "{call:?}");
    // It was asked to stop each time and did not; the deadline holds all the same.
    assert!(progress.0.load(Ordering::Relaxed) > 100);
}

#[tokio::test]
pub(crate) async fn takes_all_memory() {
    let world = guest("takes_all_memory").limits(|limits| limits.memory_bytes = 8 << 20);
    let call = world.analyze().await;
    assert!(matches!(call.value, Err(CallError::Memory { limit: 8_388_608 })), "{:?}", call.value);
    let peak = call.metrics.peak_memory_bytes;
    assert!(peak > 4 << 20 && peak <= 8 << 20, "{peak}");
}

#[tokio::test]
pub(crate) async fn takes_all_handles() {
    let call = guest("takes_all_handles").analyze().await;
    let (what, max) = exceeded(&call);
    assert!(what.contains("in use"), "{what}");
    assert_eq!(max, 2_000);
}

#[tokio::test]
pub(crate) async fn keeps_fields_for_ever() {
    // What lies behind a handle is the host's memory, so a handle must not stand for much of it either.
    let world = guest("keeps_fields_for_ever").limits(|limits| limits.handles = 100);
    let call = world.analyze().await;
    let (what, max) = exceeded(&call);
    assert!(what.contains("in use"), "{what}");
    assert_eq!(max, 100);
    let call = world.arguments([u32::MAX]).analyze().await;
    assert_eq!(exceeded(&call), ("bytes of header fields", 32 << 10));
}

#[tokio::test]
pub(crate) async fn returns_a_million_items() {
    let world = guest("returns_a_million_items");
    // A million it cannot even hold in its own memory.
    let all = world.analyze().await;
    assert!(matches!(all.value, Err(CallError::Memory { .. })), "{:?}", all.value);
    let many = world.clone().arguments([600_000]).analyze().await;
    assert_eq!(exceeded(&many), ("bytes handed to the host at once", 16 << 20));
    let fewer = world.arguments([20_000]).analyze().await;
    assert_eq!(exceeded(&fewer), ("entries in its report", 10_000));
}

#[tokio::test]
pub(crate) async fn returns_deep_lists() {
    // 300 lists of 300: each is short, and they are counted together.
    let call = guest("returns_deep_lists").analyze().await;
    assert_eq!(exceeded(&call), ("entries in its report", 10_000));
}

#[tokio::test]
pub(crate) async fn returns_an_endless_text() {
    let world = guest("returns_an_endless_text");
    let all = world.analyze().await;
    assert_eq!(exceeded(&all), ("bytes handed to the host at once", 16 << 20));
    let shorter = world.arguments([4_097]).analyze().await;
    assert_eq!(exceeded(&shorter), ("bytes in a text of its report", 4_096));
}

#[tokio::test]
pub(crate) async fn returns_a_false_digest() {
    let call = guest("returns_a_false_digest").preview().await;
    assert!(fault(&call).contains("without a proper digest"), "{}", fault(&call));
    assert!(!format!("{:?}", call.value).contains("reboot"));
}

#[tokio::test]
pub(crate) async fn writes_control_sequences() {
    let world = guest("writes_control_sequences");
    let analysis = world.analyze().await.value.unwrap();
    assert_eq!(analysis.source.product, "a [2J b  c");
    let refused = world.arguments(["error"]).analyze().await;
    assert_eq!(words(&refused), "a [2J b  c");
}

#[tokio::test]
pub(crate) async fn floods_the_journal() {
    let mut world = guest("floods_the_journal").limits(|limits| limits.journal_bytes = 4 << 20);
    let journal = Arc::new(MemoryJournal::default());
    world.tenant.journal = journal.clone();
    let call = world.analyze().await;
    assert!(words(&call).starts_with("48 entries, then ") && words(&call).contains("journal-bytes"));
    assert_eq!(journal.entries().len(), 48);
    // What one call has used up is not missing in the next.
    let next = world.arguments([16]).analyze().await;
    assert_eq!(words(&next), "16 entries");
}

#[tokio::test]
pub(crate) async fn appends_more_than_allowed() {
    let mut world = guest("appends_more_than_allowed");
    let journal = Arc::new(MemoryJournal::default());
    world.tenant.journal = journal.clone();
    assert_eq!(words(&world.analyze().await), "5");
    assert_eq!(journal.entries(), []);
}

#[tokio::test]
pub(crate) async fn appends_what_is_for_others_to_say() {
    let mut world = guest("appends_what_is_for_others_to_say");
    let journal = Arc::new(MemoryJournal::default());
    world.tenant.journal = journal.clone();
    let said = |call: &str| {
        assert!(call.contains("An approval that nobody gave"), "{call}");
        assert!(call.contains("What people say about documents"), "{call}");
    };
    said(words(&world.analyze().await));
    said(words(&world.preview().await));
    // Nor the approval of another plan than the one that was approved.
    said(words(&world.apply().await));
    assert_eq!(journal.entries(), []);
    // The approval that was given is what it may record.
    let approval = Approval {
        plan_digest: format!("sha256:{}", "0".repeat(64)),
        approved_by: "Test Approver".to_owned(),
    };
    let call = world.sync(Action::Apply(approval)).await;
    assert!(words(&call).starts_with("[Ok(1), Err("), "{}", words(&call));
    assert_eq!(journal.entries().len(), 1);
}

#[tokio::test]
pub(crate) async fn asks_for_a_million_customers() {
    let world = guest("asks_for_a_million_customers");
    let all = world.analyze().await;
    assert_eq!(exceeded(&all), ("bytes handed to the host at once", 16 << 20));
    let many = world.clone().arguments([1_001]).analyze().await;
    assert!(words(&many).contains("At most 1000 customers"), "{}", words(&many));
    let allowed = world.arguments([1_000]).analyze().await;
    assert_eq!(words(&allowed), "0 rows");
}

#[tokio::test]
pub(crate) async fn asks_for_pages_of_any_size() {
    let mut world = guest("asks_for_pages_of_any_size");
    world.tenant.erp = Arc::new(MemoryErp::of(customers("c", 1_500)));
    // Asked for none it gives one, for all it gives a page; and a cursor that it never gave out is refused.
    assert_eq!(words(&world.analyze().await), "1 1000 true");
}

#[tokio::test]
pub(crate) async fn reads_beyond_a_document() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("certificates");
    fs::create_dir(&folder).unwrap();
    fs::write(place.path().join("secret"), "not for guests").unwrap();
    fs::write(folder.join("large.pdf"), vec![b'%'; 1_500_000]).unwrap();
    let mut world = guest("reads_beyond_a_document").arguments(["file:large.pdf"]);
    let reader = Arc::new(DocumentReader::new(ReaderOptions::default()));
    world.tenant.documents = Arc::new(Combined::new(None, Some(Folder::open(&folder).unwrap()), reader));
    assert_eq!(words(&world.analyze().await), "1048576 0 1 refused refused");
}

#[tokio::test]
pub(crate) async fn panics() {
    let call = guest("panics").analyze().await;
    assert!(fault(&call).contains("unreachable"), "{}", fault(&call));
    assert_eq!(words(&guest("answers").analyze().await), "well");
}

#[tokio::test]
pub(crate) async fn recurses_without_end() {
    // Its stack lies in its own memory and in a bounded one of the sandbox; whichever ends first, the host's does not.
    let call = guest("recurses_without_end").analyze().await;
    assert!(["call stack exhausted", "out of bounds"].iter().any(|end| fault(&call).contains(end)));
    assert_eq!(words(&guest("answers").analyze().await), "well");
}

#[tokio::test]
pub(crate) async fn sleeps_without_end() {
    // No tick reaches a guest that waits inside the host; the timer around the call does.
    let call = short("sleeps_without_end").analyze().await;
    assert!(timed_out(&call), "{call:?}");
}

#[tokio::test]
pub(crate) async fn works_for_a_while() {
    let world = short("works_for_a_while").arguments([20_000]);
    let (busy, (other, ended)) = tokio::join!(world.analyze(), async {
        tokio::time::sleep(SHORT / 4).await;
        let other = guest("answers").analyze().await;
        (other, Instant::now())
    });
    let busy_ended = Instant::now();
    assert!(timed_out(&busy), "{busy:?}");
    // On one thread: whoever comes while it works is served while it works.
    assert_eq!(words(&other), "well");
    assert!(ended < busy_ended);
}

#[tokio::test]
pub(crate) async fn keeps_several_answers() {
    let server = answering(OK);
    let world = guest("keeps_several_answers").arguments([3]).at(&server.base()).limits(|limits| {
        limits.in_flight = 2;
        limits.first_byte_timeout = SHORT;
    });
    let call = world.preview().await;
    assert_eq!(words(&call), "200 200 failed: ErrorCode::ConnectionLimitReached");
    assert_eq!(server.requests().len(), 2);
    // They are given back with the call that kept them.
    assert_eq!(words(&world.preview().await), words(&call));
}
