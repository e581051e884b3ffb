//! Guests that look for traces of other calls and other tenants.
//!
//! Every call has an instance of its own, so there is nothing to find; and what is shared, the engine with its pool of
//! instances, is given back by a call whichever way it ends.

use std::{sync::Arc, time::Duration};

use host_harness::{
    engine::{EngineOptions, HostEngine},
    erp::memory::MemoryErp,
    error::CallError,
    model::{
        erp::{Customer, Lifecycle, Posture},
        onboarding::Error,
    },
};

use crate::{
    conduct::SHORT,
    world::{World, guest, words},
    written::{LOOPS, Written, load_in},
};

/// So many customers, whose ids begin like this.
pub(crate) fn customers(prefix: &str, count: u32) -> Vec<Customer> {
    let customer = |at| {
        let id = format!("{prefix}{at}");
        Customer {
            code: id.clone(),
            name: id.clone(),
            id,
            tax_engine_code: None,
            lifecycle: Lifecycle::Active,
            email: None,
            phone: None,
            fax: None,
            contact_name: None,
            addresses: Vec::new(),
            taxpayer_id: None,
            posture: Posture::Unknown,
            evidence: Vec::new(),
            exemptions: Vec::new(),
            entity_use_code: None,
            parent: None,
        }
    };
    (0..count).map(customer).collect()
}

/// The guest that lists customers, for the tenant of this name.
fn lister(name: &str, count: u32) -> World {
    let mut world = guest("lists_every_customer");
    world.tenant.name = name.to_owned();
    world.tenant.settings.company_code = name.to_owned();
    world.tenant.erp = Arc::new(MemoryErp::of(customers(name, count)));
    world
}

#[tokio::test]
pub(crate) async fn remembers() {
    // A place for one call, so that every call comes to lie where the one before lay.
    let world = guest("remembers").engine(EngineOptions { calls: 1, ..EngineOptions::default() });
    for tenant in ["a", "b", "a"] {
        let mut world = world.clone();
        world.tenant.name = tenant.to_owned();
        assert_eq!(words(&world.analyze().await), "0 calls before, 0 bytes found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn lists_every_customer() {
    let calls: Vec<_> = ["north", "south", "east", "west"]
        .into_iter()
        .cycle()
        .take(16)
        .map(|name| {
            let world = lister(name, 100);
            (name, tokio::spawn(async move { world.analyze().await }))
        })
        .collect();
    for (name, call) in calls {
        let call = call.await.unwrap();
        let (tenant, rows) = words(&call).split_once(": ").unwrap();
        assert_eq!(tenant, name);
        // The text of an error is cut, so not all of a hundred ids can be seen.
        let rows: Vec<_> = rows.trim_end_matches('…').split(',').collect();
        assert!(
            rows.len() > 50 && rows.iter().all(|id| name.starts_with(id) || id.starts_with(name)),
            "{rows:?}"
        );
    }
}

#[tokio::test]
pub(crate) async fn answers() {
    // The tenant whose call ended in the worst way is served again like any other.
    for behaviour in ["panics", "recurses_without_end", "takes_all_memory", "takes_all_handles"] {
        let mut world = guest(behaviour).limits(|limits| limits.memory_bytes = 8 << 20);
        assert!(!matches!(world.analyze().await.value, Err(CallError::Guest(_)) | Ok(_)), "{behaviour}");
        "answers".clone_into(&mut world.tenant.settings.cover_letter);
        assert_eq!(words(&world.analyze().await), "well", "after {behaviour}");
    }
}

#[tokio::test]
async fn a_host_that_is_full_says_so_and_has_room_again_afterwards() {
    let options = EngineOptions { calls: 2, ..EngineOptions::default() };
    let world = guest("sleeps_without_end").limits(|limits| limits.deadline = SHORT).engine(options);
    let (first, second, third) = tokio::join!(world.analyze(), world.analyze(), world.analyze());
    for sleeping in [first, second] {
        assert!(matches!(sleeping.value, Err(CallError::Timeout { .. })), "{sleeping:?}");
    }
    assert!(matches!(third.value, Err(CallError::Busy)), "{third:?}");
    let mut next = world;
    "answers".clone_into(&mut next.tenant.settings.cover_letter);
    assert_eq!(words(&next.analyze().await), "well");
}

#[tokio::test]
async fn a_component_with_everything_there_may_be_takes_the_place_of_one_call_only() {
    let options = EngineOptions { calls: 2, ..EngineOptions::default() };
    let engine = HostEngine::with_options(options).unwrap();
    // Four memories and tables in instances of their own, beside a loop.
    let much = "(module (memory 1) (table 1 funcref))";
    let greedy = Written { analyze: LOOPS, ..Written::default() }.starting(much, 3);
    let greedy = guest("").with(load_in(&engine, &greedy).unwrap()).limits(|limits| limits.deadline = SHORT);
    let modest = guest("").with(load_in(&engine, &Written::default().bytes()).unwrap());
    let (busy, other) = tokio::join!(greedy.analyze(), modest.analyze());
    assert!(matches!(busy.value, Err(CallError::Timeout { .. })), "{busy:?}");
    assert!(matches!(other.value, Err(CallError::Guest(Error::Stopped))), "{other:?}");
}

#[tokio::test]
async fn after_a_call_that_was_cancelled_the_next_tenant_finds_the_place_free_and_clean() {
    let options = EngineOptions { calls: 1, ..EngineOptions::default() };
    let engine = guest("answers").engine(options);
    for behaviour in ["sleeps_without_end", "works_for_a_while", "reports_progress_without_end"] {
        let mut cancelled = engine.clone().arguments([20_000]);
        behaviour.clone_into(&mut cancelled.tenant.settings.cover_letter);
        let call = tokio::time::timeout(Duration::from_millis(50), cancelled.apply());
        assert!(call.await.is_err(), "{behaviour} came to an end");
        // The next tenant, and then the same one, whose turn it is again.
        let mut next = engine.clone();
        "remembers".clone_into(&mut next.tenant.settings.cover_letter);
        assert_eq!(words(&next.analyze().await), "0 calls before, 0 bytes found", "after {behaviour}");
        "answers".clone_into(&mut cancelled.tenant.settings.cover_letter);
        assert_eq!(words(&cancelled.apply().await), "well", "after {behaviour}");
    }
}

#[tokio::test]
async fn of_one_tenant_no_two_calls_write_at_once() {
    let world = guest("sleeps_without_end").limits(|limits| limits.deadline = SHORT);
    let (first, second) = tokio::join!(world.apply(), world.preview());
    assert!(matches!(first.value, Err(CallError::Timeout { .. })), "{first:?}");
    assert!(matches!(second.value, Err(CallError::Occupied)), "{second:?}");
}
