//! Each limit, met and raised: the guest that it stops gets through where the same limit is a little wider, so a limit
//! that is no longer in force fails its test.
//!
//! The list at the end names a test for each field of [`Limits`]; a new field does not compile before it has one. Where
//! a wait is limited, the server answers so much later than allowed that even a busy machine tells the two apart.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use host_harness::{
    engine::{EngineOptions, HostEngine},
    error::{CallError, LoadError},
    limits::{LIMITS, Limits},
    model::onboarding::{Analysis, Error, RunReport},
    plugin::Call,
};

use crate::{
    conduct::{SHORT, exceeded},
    server::{OK, Reply, Server, answering, serving},
    world::{guest, words},
    written::{Written, load, load_in},
};

/// How much later than allowed servers answer.
const LATE: Duration = Duration::from_secs(1);

fn stopped<T>(call: &Call<T>) -> bool {
    matches!(call.value, Err(CallError::Guest(Error::Stopped)))
}

/// The behaviour with these arguments in an analysis, with the limits set by `change`.
async fn analysis(behaviour: &str, argument: u64, change: impl FnOnce(&mut Limits)) -> Call<Analysis> {
    guest(behaviour).arguments([argument]).limits(change).analyze().await
}

/// The same in a call that may write, beside a server.
async fn apply(
    server: &Server,
    behaviour: &str,
    argument: u64,
    change: impl FnOnce(&mut Limits),
) -> Call<RunReport> {
    guest(behaviour).arguments([argument]).at(&server.base()).limits(change).apply().await
}

#[tokio::test]
async fn memory_bytes_are_what_all_of_its_memory_may_have() {
    let ask = |mib: usize| analysis("takes_all_memory", 6, move |limits| limits.memory_bytes = mib << 20);
    assert!(matches!(ask(6).await.value, Err(CallError::Memory { limit: 6_291_456 })));
    assert_eq!(words(&ask(16).await), "6 MiB");
}

#[tokio::test]
async fn table_elements_are_what_each_table_may_have() {
    let plugin = load(&Written::default().starting("(module (table 5000 funcref))", 1)).unwrap();
    let ask = |most| {
        let world = guest("").with(plugin.clone()).limits(|limits| limits.table_elements = most);
        async move { world.analyze().await }
    };
    assert_eq!(exceeded(&ask(4_999).await), ("elements of a table", 4_999));
    assert!(stopped(&ask(5_000).await));
}

#[tokio::test]
async fn instances_are_counted_inside_the_component() {
    let plugin = load(&Written::default().starting("(module)", 9)).unwrap();
    let ask = |most| {
        let world = guest("").with(plugin.clone()).limits(|limits| limits.instances = most);
        async move { world.analyze().await }
    };
    assert_eq!(exceeded(&ask(9).await), ("instances inside the component", 9));
    assert!(stopped(&ask(20).await));
}

#[tokio::test]
async fn handles_are_counted_while_they_live() {
    let ask = |most| analysis("takes_all_handles", 500, move |limits| limits.handles = most);
    let refused = ask(499).await;
    assert_eq!(exceeded(&refused).1, 499);
    assert_eq!(words(&ask(1_000).await), "500 handles");
}

#[tokio::test]
async fn hostcall_bytes_are_what_the_host_takes_over_at_once() {
    // A mebibyte of entries at once.
    let ask = |most| analysis("floods_the_journal", 16, move |limits| limits.hostcall_fuel = most);
    assert_eq!(exceeded(&ask(1 << 20).await), ("bytes handed to the host at once", 1 << 20));
    assert_eq!(words(&ask(2 << 20).await), "16 entries");
}

#[tokio::test]
async fn journal_bytes_are_what_a_call_may_append() {
    let ask = |most| analysis("floods_the_journal", 32, move |limits| limits.journal_bytes = most);
    let refused = ask(2 << 20).await;
    assert!(words(&refused).starts_with("16 entries, then JournalError::Invalid"), "{}", words(&refused));
    assert!(words(&refused).contains("`journal-bytes`"), "{}", words(&refused));
    assert_eq!(words(&ask(3 << 20).await), "32 entries");
}

#[tokio::test]
async fn deadline_seconds_are_the_whole_call() {
    let late = LATE.as_millis() as u64;
    let ask = |deadline| analysis("works_for_a_while", late, move |limits| limits.deadline = deadline);
    assert!(matches!(ask(SHORT).await.value, Err(CallError::Timeout { limit: SHORT })));
    assert_eq!(words(&ask(Duration::from_secs(60)).await), "done");
}

#[tokio::test]
async fn request_body_bytes_are_counted_as_they_leave() {
    let server = answering(OK);
    let ask =
        |most| apply(&server, "sends_without_end", 100_000, move |limits| limits.request_body_bytes = most);
    let refused = ask(99_999).await;
    assert!(words(&refused).ends_with("failed: ErrorCode::HttpRequestBodySize(None)"), "{}", words(&refused));
    let sent = ask(200_000).await;
    assert!(words(&sent).ends_with("finished: 200, 2 bytes `ok`"), "{}", words(&sent));
}

#[tokio::test]
async fn response_body_bytes_are_counted_as_they_come() {
    let body = "x".repeat(5_000);
    let declared = answering(&format!("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{body}"));
    let chunked = answering(&format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1388\r\n{body}\r\n0\r\n\r\n"
    ));
    let ask = |server, most| {
        apply(server, "is_answered_without_end", 0, move |limits| limits.response_body_bytes = most)
    };
    for server in [&declared, &chunked] {
        let refused = ask(server, 4_999).await;
        let told = words(&refused);
        assert!(
            told.starts_with("failed: ErrorCode::HttpResponseBodySize")
                || told.ends_with("HTTP response body size exceeds limit: 4999 bytes"),
            "{told}"
        );
        assert!(words(&ask(server, 5_000).await).starts_with("200, 5000 bytes"));
    }
}

#[tokio::test]
async fn header_bytes_are_those_of_a_request_and_of_an_answer() {
    let server = answering(OK);
    let ask =
        |most| apply(&server, "sends_an_endless_field", 20_000, move |limits| limits.header_bytes = most);
    assert_eq!(exceeded(&ask(20_000).await), ("bytes of header fields", 20_000));
    assert_eq!(words(&ask(30_000).await), "200, 2 bytes `ok`");

    let field = "x".repeat(20_000);
    let server = answering(&format!("HTTP/1.1 200 OK\r\nx-long: {field}\r\ncontent-length: 2\r\n\r\nok"));
    let ask = |most| {
        apply(&server, "is_answered_with_an_endless_field", 0, move |limits| limits.header_bytes = most)
    };
    let refused = ask(20_000).await;
    assert!(
        words(&refused).starts_with("failed: ErrorCode::HttpResponseHeaderSectionSize"),
        "{}",
        words(&refused)
    );
    assert_eq!(words(&ask(30_000).await), "200, 2 bytes `ok`");
}

#[tokio::test]
async fn url_bytes_are_path_and_query() {
    let server = answering(OK);
    let ask =
        |most| apply(&server, "asks_with_an_endless_address", 5_000, move |limits| limits.url_bytes = most);
    assert_eq!(words(&ask(4_999).await), "failed: ErrorCode::HttpRequestUriTooLong");
    assert_eq!(words(&ask(5_000).await), "200, 2 bytes `ok`");
}

#[tokio::test]
async fn requests_in_flight_are_those_whose_answers_are_not_read_yet() {
    let server = answering(OK);
    let narrow = apply(&server, "keeps_several_answers", 3, |limits| {
        limits.in_flight = 2;
        // How long it waits for a place.
        limits.first_byte_timeout = SHORT;
    });
    assert_eq!(words(&narrow.await), "200 200 failed: ErrorCode::ConnectionLimitReached");
    let wide = apply(&server, "keeps_several_answers", 3, |limits| limits.in_flight = 3);
    assert_eq!(words(&wide.await), "200 200 200");
}

#[tokio::test]
async fn connect_seconds_hold_until_a_connection_is_secured() {
    // It takes connections, and goes away without a word of what a secure one begins with.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                thread::sleep(LATE);
                drop(stream);
            });
        }
    });
    let ask = |time| {
        let world = guest("never_reads_an_answer").at(&base).limits(|limits| limits.connect_timeout = time);
        async move { world.preview().await }
    };
    let timed_out = |call: &Call<_>| words(call).contains("ErrorCode::ConnectionTimeout");
    assert!(timed_out(&ask(SHORT).await));
    let gone = ask(Duration::from_secs(60)).await;
    assert!(words(&gone).contains("failed: ErrorCode::") && !timed_out(&gone), "{}", words(&gone));
}

#[tokio::test]
async fn first_byte_seconds_hold_until_an_answer_begins() {
    let server = serving(|_, _| {
        thread::sleep(LATE);
        Reply::Bytes(OK.into())
    });
    let ask =
        |time| apply(&server, "is_answered_with_silence", 0, move |limits| limits.first_byte_timeout = time);
    assert_eq!(words(&ask(SHORT).await), "failed: ErrorCode::ConnectionReadTimeout");
    assert_eq!(words(&ask(Duration::from_secs(60)).await), "200, 2 bytes `ok`");
}

#[tokio::test]
async fn between_bytes_seconds_hold_until_an_answer_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || -> std::io::Result<()> {
                // The request is short, and what it says does not matter.
                let _ = stream.read(&mut [0; 8 * 1024])?;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")?;
                thread::sleep(LATE);
                stream.write_all(b"k")
            });
        }
    });
    let ask = |time| {
        let world = guest("is_answered_with_silence").at(&base);
        let world = world.limits(|limits| limits.between_bytes_timeout = time);
        async move { world.preview().await }
    };
    let cut = ask(SHORT).await;
    assert_eq!(words(&cut), "200, 1 bytes `o` and broke off: connection read timeout");
    assert_eq!(words(&ask(Duration::from_secs(60)).await), "200, 2 bytes `ok`");
}

#[test]
fn component_bytes_are_looked_at_before_anything_else() {
    let bytes = Written::default().bytes();
    let size = bytes.len() as u64;
    let load = |component_bytes, bytes: &[u8]| {
        let ceiling = Limits { component_bytes, ..Limits::default() };
        load_in(&HostEngine::new(ceiling).unwrap(), bytes)
    };
    // Nothing that could be compiled, which is not even noticed.
    let noise = vec![b'x'; bytes.len()];
    for too_large in [&bytes, &noise] {
        let refused = load(size - 1, too_large).unwrap_err();
        assert!(matches!(refused, LoadError::TooLarge { max, .. } if max == size - 1), "{refused}");
    }
    assert!(load(size, &bytes).is_ok());
    assert!(matches!(load(size, &noise), Err(LoadError::NotAComponent { .. })));
}

#[tokio::test]
async fn returned_items_are_counted_over_all_lists() {
    let ask = |most| analysis("returns_deep_lists", 10, move |limits| limits.returned_items = most);
    assert_eq!(exceeded(&ask(109).await), ("entries in its report", 109));
    // Ten lists of ten.
    assert_eq!(ask(110).await.value.unwrap().obstacles.len(), 10);
}

#[tokio::test]
async fn returned_text_bytes_are_those_of_each_text() {
    let ask =
        |most| analysis("returns_an_endless_text", 1_000, move |limits| limits.returned_text_bytes = most);
    assert_eq!(exceeded(&ask(999).await), ("bytes in a text of its report", 999));
    assert_eq!(ask(1_000).await.value.unwrap().source.product.len(), 1_000);
}

#[tokio::test]
async fn limits_of_any_size_limit_nothing_and_break_nothing() {
    let mut boundless = Limits::default();
    for limit in LIMITS {
        limit.put(&mut boundless, u64::MAX);
    }
    let engine = EngineOptions { ceiling: boundless, ..EngineOptions::default() };
    let server = answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    let world = guest("is_answered_with_silence").at(&server.base()).engine(engine);
    let call = world.limits(|limits| *limits = boundless).preview().await;
    assert_eq!(words(&call), "200, 2 bytes `ok`");
}

macro_rules! limits_and_their_tests {
    ($($limit:ident: $test:ident,)*) => {
        #[test]
        fn every_limit_has_a_test() {
            // Names all fields of the struct, so that it does not compile when there is another one.
            let Limits { $($limit: _,)* } = Limits::default();
            let tests: &[fn()] = &[$($test,)*];
            assert_eq!(tests.len(), LIMITS.len());
            // And each test is called after the key that a configuration has for the limit.
            for (test, limit) in [$(stringify!($test),)*].iter().zip(LIMITS) {
                assert!(test.starts_with(&limit.key.replace('-', "_")), "{test} is not about {}", limit.key);
            }
        }
    };
}
limits_and_their_tests! {
    memory_bytes: memory_bytes_are_what_all_of_its_memory_may_have,
    table_elements: table_elements_are_what_each_table_may_have,
    instances: instances_are_counted_inside_the_component,
    handles: handles_are_counted_while_they_live,
    hostcall_fuel: hostcall_bytes_are_what_the_host_takes_over_at_once,
    journal_bytes: journal_bytes_are_what_a_call_may_append,
    deadline: deadline_seconds_are_the_whole_call,
    request_body_bytes: request_body_bytes_are_counted_as_they_leave,
    response_body_bytes: response_body_bytes_are_counted_as_they_come,
    header_bytes: header_bytes_are_those_of_a_request_and_of_an_answer,
    url_bytes: url_bytes_are_path_and_query,
    in_flight: requests_in_flight_are_those_whose_answers_are_not_read_yet,
    connect_timeout: connect_seconds_hold_until_a_connection_is_secured,
    first_byte_timeout: first_byte_seconds_hold_until_an_answer_begins,
    between_bytes_timeout: between_bytes_seconds_hold_until_an_answer_goes_on,
    component_bytes: component_bytes_are_looked_at_before_anything_else,
    returned_items: returned_items_are_counted_over_all_lists,
    returned_text_bytes: returned_text_bytes_are_those_of_each_text,
}
