//! Guests of a few instructions: loops at every door, more of everything than there is, answers that are no answers, and
//! files that are no components.
//!
//! What concerns a single rule of the loader or the limiter is tested beside the code, in `host-harness`.

use std::time::Duration;

use host_harness::{
    engine::{EngineOptions, HostEngine},
    error::{CallError, LoadError},
    limits::Limits,
    model::onboarding::{Action, CertificateOption, Error},
    plugin::Call,
};

use crate::{
    conduct::{SHORT, exceeded, fault, timed_out},
    world::{World, guest},
    written::{LOOPS, STOPS, Written, leb, load, load_in},
};

/// A tenant whose component is this one.
fn world(bytes: &[u8]) -> World {
    guest("").with(load(bytes).unwrap()).limits(|limits| limits.deadline = SHORT)
}

fn stopped<T>(call: &Call<T>) -> bool {
    matches!(call.value, Err(CallError::Guest(Error::Stopped)))
}

#[tokio::test]
async fn a_component_of_a_few_instructions_ends_well() {
    // Without this, the others might fail for another reason than they say.
    let world = world(&Written::default().bytes());
    assert!(stopped(&world.analyze().await));
    assert!(stopped(&world.preview().await));
    assert!(stopped(&world.apply().await));
    assert!(stopped(&world.certificates(CertificateOption::Both, Action::Preview).await));
}

#[tokio::test]
async fn a_loop_behind_any_door_is_ended_at_the_deadline() {
    let analyze = world(&Written { analyze: LOOPS, ..Written::default() }.bytes());
    let sync = world(&Written { sync: LOOPS, ..Written::default() }.bytes());
    let certificates = world(&Written { certificates: LOOPS, ..Written::default() }.bytes());
    let start = "(func $spin (loop br 0)) (start $spin)";
    let start = world(&Written { more: start, ..Written::default() }.bytes());
    // Called by the host to hand over what the person approved.
    let realloc = world(&Written { realloc: LOOPS, ..Written::default() }.bytes());
    let after =
        r#"(func (export "cabi_post_ecms:onboarding/onboarding@0.1.0#analyze") (param i32) (loop br 0))"#;
    let after = world(&Written { more: after, ..Written::default() }.bytes());
    let (a, b, c, d, e, f) = tokio::join!(
        analyze.analyze(),
        sync.preview(),
        certificates.certificates(CertificateOption::Invite, Action::Preview),
        start.preview(),
        realloc.apply(),
        after.analyze(),
    );
    assert!(timed_out(&a) && timed_out(&f), "{a:?} {f:?}");
    for call in [b, c, d, e] {
        assert!(timed_out(&call), "{call:?}");
    }
    // The doors that have no loop behind them are open.
    assert!(stopped(&analyze.preview().await) && stopped(&realloc.preview().await));
}

#[tokio::test]
async fn a_burst_of_requests_for_handles_is_ended_too() {
    let imports = r#"
        (import "wasi:http/types@0.2.2" "[constructor]fields" (func $fields (result i32)))
        (import "wasi:http/types@0.2.2" "[resource-drop]fields" (func $drop (param i32)))"#;
    let analyze = "(loop (call $drop (call $fields)) br 0) unreachable";
    let call = world(&Written { imports, analyze, ..Written::default() }.bytes()).analyze().await;
    assert!(timed_out(&call), "{call:?}");
}

/// Grows memory by a page until it gets no more, and returns this.
fn grows(more: &str, end: &str) -> Vec<u8> {
    let analyze = format!("(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) {end}");
    Written { more, analyze: &analyze, ..Written::default() }.bytes()
}

#[tokio::test]
async fn a_component_that_gets_no_more_memory_may_end_well_and_is_named_when_it_does_not() {
    let small = |limits: &mut Limits| limits.memory_bytes = 1 << 20;
    let call = world(&grows("", STOPS)).limits(small).analyze().await;
    assert!(stopped(&call), "{call:?}");
    assert_eq!(call.metrics.peak_memory_bytes, 1 << 20);
    let call = world(&grows("", "unreachable")).limits(small).analyze().await;
    assert!(matches!(call.value, Err(CallError::Memory { limit: 1_048_576 })), "{:?}", call.value);
}

#[tokio::test]
async fn many_tables_are_bounded_by_their_number_and_each_by_its_size() {
    let table = |size| Written::default().starting(&format!("(module (table {size} funcref))"), 3);
    let call = world(&table(20_000)).analyze().await;
    assert!(stopped(&call), "{call:?}");
    let call = world(&table(20_000)).limits(|limits| limits.table_elements = 19_999).analyze().await;
    assert_eq!(exceeded(&call), ("elements of a table", 19_999));
    // Beyond the ceiling it is not even loaded.
    let refused = load(&table(20_001)).unwrap_err();
    assert!(matches!(refused, LoadError::TooDemanding { .. }), "{refused}");
    let several = "(module (table 1 funcref) (table 1 funcref) (table 1 funcref))";
    let refused = load(&Written::default().starting(several, 7)).unwrap_err();
    assert!(matches!(refused, LoadError::TooDemanding { .. }), "{refused}");
    assert!(refused.to_string().contains("maximum of 20"), "{refused}");
}

#[tokio::test]
async fn more_memory_than_there_is_cannot_be_asked_for_at_the_start() {
    let memory =
        |pages: &str, times| Written::default().starting(&format!("(module (memory {pages}))"), times);
    let small = world(&memory("16", 1)).limits(|limits| limits.memory_bytes = 1 << 20).analyze().await;
    assert!(matches!(small.value, Err(CallError::Memory { limit: 1_048_576 })), "{:?}", small.value);
    // 63 MiB twice: neither is too much alone.
    let together = world(&memory("1008", 2)).analyze().await;
    assert!(matches!(together.value, Err(CallError::Memory { .. })), "{:?}", together.value);
    for (pages, times) in [("1025", 1), ("i64 0x1_0000_0000_0000", 1), ("1", 4)] {
        let refused = load(&memory(pages, times)).unwrap_err();
        assert!(matches!(refused, LoadError::TooDemanding { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_machine_without_room_for_a_pool_counts_all_the_same() {
    // More address space than a process has.
    let ceiling = Limits { memory_bytes: 1 << 46, ..Limits::default() };
    let engine = EngineOptions { ceiling, calls: 10_000, ..EngineOptions::default() };
    let engine = HostEngine::with_options(engine).unwrap();
    assert!(!engine.is_pooled());
    let found = |module: &str, times| {
        let plugin = load_in(&engine, &Written::default().starting(module, times)).unwrap();
        async move { guest("").with(plugin).analyze().await }
    };
    assert!(stopped(&found("(module (table 1 funcref))", 10).await));
    let tables = found("(module (table 1 funcref) (table 1 funcref))", 15).await;
    assert_eq!(exceeded(&tables), ("tables of the component", 20));
    assert_eq!(exceeded(&found("(module (memory 1))", 4).await), ("memories of the component", 4));
    assert_eq!(exceeded(&found("(module)", 30).await), ("instances inside the component", 20));
}

#[tokio::test]
async fn more_instances_than_allowed_are_named_or_not_even_loaded() {
    let call =
        world(&Written::default().starting("(module)", 10)).limits(|it| it.instances = 10).analyze().await;
    assert_eq!(exceeded(&call), ("instances inside the component", 10));
    let refused = load(&Written::default().starting("(module)", 30)).unwrap_err();
    assert!(matches!(refused, LoadError::TooDemanding { .. }), "{refused}");
    assert!(refused.to_string().contains("configured maximum of 20"), "{refused}");
}

#[tokio::test]
async fn answers_that_are_no_answers_are_faults_of_the_component() {
    for (what, more, analyze) in [
        ("an address outside its memory", "", "i32.const -1"),
        ("an address that is not aligned", "", "i32.const 17"),
        ("a result that is neither", r#"(data (i32.const 32) "\02")"#, "i32.const 32"),
        (
            "an error of no known kind",
            r#"(data (i32.const 32) "\01") (data (i32.const 40) "\0b")"#,
            "i32.const 32",
        ),
        (
            "a text outside its memory",
            r#"(data (i32.const 32) "\01") (data (i32.const 40) "\01\00\00\00\00\ff\00\00\00\ff\00\00")"#,
            "i32.const 32",
        ),
        (
            "a text that is none",
            r#"(data (i32.const 32) "\01") (data (i32.const 40) "\01\00\00\00\40\00\00\00\02\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\ff\fe")"#,
            "i32.const 32",
        ),
        // All bytes zero are an analysis; this one's list of fields has 4,294,967,295 texts.
        (
            "a list longer than its memory",
            r#"(data (i32.const 1048) "\00\00\00\00\ff\ff\ff\ff")"#,
            "i32.const 1024",
        ),
    ] {
        let call = world(&Written { more, analyze, ..Written::default() }.bytes()).analyze().await;
        assert!(!fault(&call).is_empty(), "{what}");
        println!("{what}: {}", fault(&call));
    }
}

#[test]
fn a_contract_of_another_version_is_refused_by_name() {
    let whole = Written {
        imports: r#"(import "ecms:onboarding/progress@0.1.0" "report" (func (param i32 i64 i32 i64) (result i32)))"#,
        ..Written::default()
    }
    .bytes();
    assert!(load(&whole).is_ok());
    let with = |from: &[u8], to: &[u8]| {
        let mut bytes = whole.clone();
        let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        load(&bytes).unwrap_err()
    };
    let newer = with(b"onboarding/onboarding@0.1.0", b"onboarding/onboarding@0.2.0");
    assert!(matches!(newer, LoadError::MissingExport { .. }), "{newer}");
    assert!(newer.to_string().contains("onboarding@0.2.0"), "{newer}");
    let import = with(b"onboarding/progress@0.1.0", b"onboarding/progress@9.1.0");
    assert!(matches!(import, LoadError::Mismatch { .. }), "{import}");
    assert!(import.to_string().contains("progress@9.1.0"), "{import}");
    let unknown = with(b"onboarding/progress@0.1.0", b"onboarding/payments@0.1.0");
    assert!(matches!(unknown, LoadError::UnknownImport { .. }), "{unknown}");
}

#[test]
fn no_beginning_of_a_component_is_taken_for_one() {
    let whole = Written::default().bytes();
    assert!(load(&whole).is_ok());
    for length in (0..whole.len()).step_by(whole.len() / 150) {
        let refused = load(&whole[..length]).unwrap_err();
        // What ends exactly between two parts of the file is a component, of a smaller world.
        let known = matches!(
            refused,
            LoadError::NotAComponent { .. } | LoadError::Damaged { .. } | LoadError::MissingExport { .. }
        );
        assert!(known, "{length}: {refused}");
    }
}

#[test]
fn nesting_without_end_ends_nothing_but_the_loading() {
    // Functions that call themselves over such files would use up the host's stack, and take the host with them.
    let mut nested = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..1_000 {
        nested = [&b"\0asm\x0d\0\x01\0\x04"[..], &leb(nested.len()), &nested].concat();
    }
    let refused = load(&nested).unwrap_err();
    assert!(matches!(refused, LoadError::MissingExport { .. }), "{refused}");

    let lists: String = (1..2_000).map(|depth| format!("(type $t{depth} (list $t{}))", depth - 1)).collect();
    let function = r#"(func (param "a" $t1999))"#;
    let import = format!(r#"(import "ecms:onboarding/erp@0.1.0" (instance (export "f" {function})))"#);
    let bytes = wat::parse_str(format!("(component (type $t0 (list u8)) {lists} {import})")).unwrap();
    let refused = load(&bytes).unwrap_err();
    assert!(refused.to_string().contains("too deep"), "{refused}");

    let blocks = "block ".repeat(5_000) + &"end ".repeat(5_000);
    assert!(load(&Written::default().starting(&format!("(module (func {blocks}))"), 1)).is_ok());
}

/// Numbers that look random and are the same in every run.
fn numbers(mut seed: u64) -> impl Iterator<Item = u64> {
    std::iter::repeat_with(move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    })
}

#[test]
fn random_bytes_are_refused_whatever_they_begin_with() {
    let mut numbers = numbers(0x9e37_79b9_7f4a_7c15);
    for length in 0..60 {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(numbers.by_ref().take(length + 1).map(|number| number as u8));
        let refused = load(&bytes).unwrap_err();
        assert!(matches!(refused, LoadError::Damaged { .. }), "{refused}");
        let refused = load(&bytes[8..]).unwrap_err();
        assert!(matches!(refused, LoadError::NotAComponent { .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_component_with_changed_bytes_is_refused_or_ends_like_any_other() {
    let whole = Written::default().bytes();
    let mut numbers = numbers(0x2545_f491_4f6c_dd1d);
    let mut next = |below: usize| numbers.next().unwrap() as usize % below;
    let (mut refused, mut ran) = (0, 0);
    for _ in 0..120 {
        let mut bytes = whole.clone();
        let at = 8 + next(bytes.len() - 8);
        bytes[at] ^= 1 << next(8);
        match load(&bytes) {
            Err(_) => refused += 1,
            Ok(plugin) => {
                let world = guest("").with(plugin).limits(|limits| limits.deadline = SHORT);
                let call = tokio::time::timeout(Duration::from_secs(10), world.analyze()).await;
                assert!(call.unwrap().value.is_err(), "a report out of nothing");
                ran += 1;
            }
        }
    }
    assert!(refused > 3 && ran > 3, "{refused} refused, {ran} ran");
}
