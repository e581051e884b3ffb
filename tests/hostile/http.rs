//! Guests that misuse HTTP, and servers that answer wrongly. Each request ends with a typed error in a bounded time, and
//! the next one works.

use std::time::{Duration, Instant};

use host_harness::{engine::EngineOptions, error::CallError, limits::Limits};

use crate::{
    server::{OK, Reply, Server, answering, deaf, serving},
    world::{AUTHORIZATION, LICENSE_KEY, World, guest, outcomes, words},
};

/// What a guest gets where nothing is wrong.
const FINE: &str = "200, 2 bytes `ok`";
/// What a guest is told when the host has waited long enough.
const SILENT: &str = "failed: ErrorCode::ConnectionReadTimeout";
/// What it is told when header fields come that are more than allowed.
const TOO_MANY: &str = "failed: ErrorCode::HttpResponseHeaderSectionSize(None)";
/// How long the host waits in tests of waiting.
const SHORT: Duration = Duration::from_millis(150);

/// Whether the next guest gets its answer from the same server, by the same pool of connections.
async fn the_next_works(world: &World, server: &Server) -> bool {
    let mut next = guest("asks_during_an_analysis").at(&server.base());
    next.tenant.credentials = world.tenant.credentials.clone();
    words(&next.preview().await) == FINE
}

/// A server whose first answers are these bytes, as often as said, and all others good.
fn first(times: usize, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    serving(move |number, _| if number < times { reply() } else { Reply::Bytes(OK.into()) })
}

#[tokio::test]
pub(crate) async fn waits_no_time_at_all() {
    let server = first(2, || Reply::Silence(Vec::new()));
    let world =
        guest("waits_no_time_at_all").at(&server.base()).limits(|limits| limits.first_byte_timeout = SHORT);
    let begun = Instant::now();
    let call = world.preview().await;
    // No wait at all ends at once, at whichever step; a wait of centuries ends when the host's does.
    let outcomes = outcomes(&call);
    assert!(["failed: ErrorCode::ConnectionTimeout", SILENT].contains(&outcomes[0]), "{outcomes:?}");
    assert_eq!(outcomes[1..], [SILENT]);
    assert!(begun.elapsed() >= SHORT);
    assert!(the_next_works(&world, &first(0, || Reply::Silence(Vec::new()))).await);
}

#[tokio::test]
pub(crate) async fn asks_with_an_endless_address() {
    let server = answering(OK);
    let world = guest("asks_with_an_endless_address").at(&server.base());
    assert_eq!(words(&world.preview().await), "refused: path");
    assert_eq!(
        words(&world.clone().arguments([8193]).preview().await),
        "failed: ErrorCode::HttpRequestUriTooLong"
    );
    assert_eq!(server.connections(), 0);
    assert_eq!(words(&world.arguments([8192]).preview().await), FINE);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
pub(crate) async fn sends_a_thousand_fields() {
    let server = answering(OK);
    let world = guest("sends_a_thousand_fields").at(&server.base());
    let call = world.preview().await;
    assert!(matches!(call.value, Err(CallError::Limit { max: 32_768, .. })), "{:?}", call.value);
    assert_eq!(server.connections(), 0);
    // Where a host allows it, they still do not leave, because an AvaTax call needs none of them.
    let engine = EngineOptions::default();
    let ceiling = Limits { header_bytes: 1 << 20, ..engine.ceiling };
    let wide =
        world.limits(|limits| limits.header_bytes = 1 << 20).engine(EngineOptions { ceiling, ..engine });
    assert_eq!(words(&wide.preview().await), FINE);
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert!(!request.contains("x-1:") && request.lines().count() < 10, "{request}");
}

#[tokio::test]
pub(crate) async fn sends_an_endless_field() {
    let server = answering(OK);
    let world = guest("sends_an_endless_field").at(&server.base());
    for size in [1 << 20, 32_768] {
        let call = world.clone().arguments([size]).preview().await;
        assert!(matches!(call.value, Err(CallError::Limit { max: 32_768, .. })), "{:?}", call.value);
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(words(&world.arguments([30_000]).preview().await), FINE);
}

#[tokio::test]
pub(crate) async fn is_answered_with_a_thousand_fields() {
    let with = |fields: usize| {
        let fields: String = (0..fields).map(|at| format!("x-{at}: y\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{fields}content-length: 2\r\n\r\nok")
    };
    let (many, some) = (with(1000), with(50));
    let server = serving(move |at, _| Reply::Bytes(if at == 0 { &many } else { &some }.clone().into()));
    let world = guest("is_answered_with_a_thousand_fields").at(&server.base());
    assert_eq!(words(&world.preview().await), TOO_MANY);
    assert_eq!(words(&world.preview().await), FINE);
}

#[tokio::test]
pub(crate) async fn is_answered_with_an_endless_field() {
    let server = first(1, || Reply::Endless(b"HTTP/1.1 200 OK\r\nx-long: ".to_vec(), vec![b'y'; 4096]));
    let world = guest("is_answered_with_an_endless_field").at(&server.base());
    assert_eq!(words(&world.preview().await), TOO_MANY);
    assert!(the_next_works(&world, &server).await);
}

#[tokio::test]
pub(crate) async fn is_answered_with_two_lengths() {
    let refused = "failed: ErrorCode::HttpProtocolError";
    for lengths in ["2\r\ncontent-length: 4", "4\r\ncontent-length: 2", "2, 4", "-2", "+2", "0x2", "2 4", ""]
    {
        let server = first(2, move || {
            Reply::Bytes(format!("HTTP/1.1 200 OK\r\ncontent-length: {lengths}\r\n\r\nokay").into())
        });
        let world = guest("is_answered_with_two_lengths").at(&server.base());
        assert_eq!(outcomes(&world.preview().await), [refused, refused], "{lengths}");
        assert!(the_next_works(&world, &server).await);
    }
    // A length beside pieces that tell their own does not count, and nothing is left over for the next answer.
    let server = answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n4\r\nokay\r\n0\r\n\r\n",
    );
    let call = guest("is_answered_with_two_lengths").at(&server.base()).preview().await;
    assert_eq!(outcomes(&call), ["200, 4 bytes `okay`"; 2]);
}

#[tokio::test]
pub(crate) async fn is_answered_with_less_than_declared() {
    const LESS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok";
    let world = |server: &Server| {
        let limits = |limits: &mut Limits| limits.between_bytes_timeout = SHORT;
        guest("is_answered_with_less_than_declared").at(&server.base()).limits(limits)
    };
    let closing = first(2, || Reply::Last(LESS.into()));
    let call = world(&closing).preview().await;
    assert!(
        outcomes(&call).iter().all(|told| told.starts_with("200, 2 bytes `ok` and broke off: ")),
        "{call:?}"
    );
    assert_eq!(outcomes(&call).len(), 2);
    assert!(the_next_works(&world(&closing), &closing).await);
    let silent = first(2, || Reply::Silence(LESS.into()));
    let call = world(&silent).preview().await;
    assert_eq!(outcomes(&call), ["200, 2 bytes `ok` and broke off: connection read timeout"; 2]);
    assert!(the_next_works(&world(&silent), &silent).await);
}

#[tokio::test]
pub(crate) async fn is_answered_with_more_than_declared() {
    let server = answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled",
    );
    let world = guest("is_answered_with_more_than_declared").at(&server.base());
    // What was too much is nobody's answer: neither that of the next request nor that of the next guest.
    assert_eq!(outcomes(&world.preview().await), [FINE; 2]);
    assert!(the_next_works(&world, &server).await);
}

#[tokio::test]
pub(crate) async fn is_answered_without_end() {
    let piece = [b"1000\r\n".to_vec(), vec![b'y'; 4096], b"\r\n".to_vec()].concat();
    let heads: [&[u8]; 2] =
        [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"];
    for head in heads {
        let piece = piece.clone();
        let server = first(1, move || Reply::Endless(head.into(), piece.clone()));
        let world = guest("is_answered_without_end")
            .at(&server.base())
            .limits(|limits| limits.response_body_bytes = 100_000);
        let call = world.preview().await;
        let end = "and broke off: HTTP response body size exceeds limit: 100000 bytes";
        assert!(words(&call).ends_with(end), "{}", words(&call));
        assert!(call.metrics.bytes_down <= 100_000, "{:?}", call.metrics);
        assert!(the_next_works(&world, &server).await);
    }
    // Where the length is told beforehand, nothing of it is taken in.
    let server = first(1, || {
        Reply::Endless(b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n".into(), vec![b'y'; 4096])
    });
    let world = guest("is_answered_without_end")
        .at(&server.base())
        .limits(|limits| limits.response_body_bytes = 100_000);
    let call = world.preview().await;
    assert_eq!(words(&call), "failed: ErrorCode::HttpResponseBodySize(Some(100001))");
    assert_eq!(call.metrics.bytes_down, 0);
    assert!(the_next_works(&world, &server).await);
}

#[tokio::test]
pub(crate) async fn is_answered_with_silence() {
    let server = first(1, || Reply::Silence(Vec::new()));
    let world = guest("is_answered_with_silence")
        .at(&server.base())
        .limits(|limits| limits.first_byte_timeout = SHORT);
    let call = world.preview().await;
    assert_eq!(words(&call), SILENT);
    assert!(call.metrics.wall >= SHORT, "{:?}", call.metrics);
    assert!(the_next_works(&world, &server).await);
    // A head that comes letter by letter, or after any number of words that are no answer, does not lengthen the wait.
    let replies: [fn() -> Reply; 3] = [
        || Reply::Slowly(b"HTTP/1.1 200 OK\r\nx-long: ".into(), b'y'),
        || Reply::Slowly(Vec::new(), b'\r'),
        || Reply::Endless(Vec::new(), b"HTTP/1.1 103 Early Hints\r\n\r\n".into()),
    ];
    for reply in replies {
        let server = first(1, reply);
        let world = world.clone().at(&server.base());
        assert_eq!(words(&world.preview().await), SILENT);
        assert!(the_next_works(&world, &server).await);
    }
}

/// A piece of an answer in pieces, before everything that is wrong with it.
const PIECES: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_and_spoils_nothing() {
    let (no_http, cut) =
        ("failed: ErrorCode::HttpProtocolError", "failed: ErrorCode::HttpResponseIncomplete");
    let broken = "200, 0 bytes `` and broke off: ";
    for (answer, outcome) in [
        ("", cut),
        ("HTTP/1.1 200", cut),
        ("<html>hello</html>", no_http),
        ("HTTP/2.0 200 OK\r\n\r\nok", no_http),
        ("HTTP/1.1 000 None\r\ncontent-length: 0\r\n\r\n", no_http),
        ("HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok", no_http),
        ("HTTP/1.1 200 OK\r\nx : a\r\ncontent-length: 2\r\n\r\nok", no_http),
        ("HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok", no_http),
        (&format!("{PIECES}10000000000000000\r\nhello"), broken),
        (&format!("{PIECES}ffffffffffffffff"), broken),
        (&format!("{PIECES}-1\r\nhello"), broken),
        (&format!("{PIECES}5\nhello\n0\n\n"), broken),
    ] {
        let last = answer.as_bytes().to_vec();
        let server = first(1, move || Reply::Last(last.clone()));
        let world = guest("asks_during_an_analysis").at(&server.base());
        let call = world.preview().await;
        assert!(words(&call).starts_with(outcome), "{answer:?}: {}", words(&call));
        assert!(the_next_works(&world, &server).await, "{answer:?}");
    }
    // Nor does it help to go on and on with it.
    for (begin, again, outcome) in [
        ("", "\0\0\0\x04\0\0\0\0\0", no_http),
        ("", "\r\n", TOO_MANY),
        (&format!("{PIECES}5;a="), "yyyyyyyyyyyyyyyy", broken),
        (&format!("{PIECES}0\r\n"), "x: y\r\n", broken),
    ] {
        let (begin, again) = (begin.as_bytes().to_vec(), again.as_bytes().to_vec());
        let server = first(1, move || Reply::Endless(begin.clone(), again.clone()));
        let world = guest("asks_during_an_analysis").at(&server.base());
        let call = world.preview().await;
        assert!(words(&call).starts_with(outcome), "{}", words(&call));
        assert!(the_next_works(&world, &server).await);
    }
}

#[tokio::test]
pub(crate) async fn declares_two_lengths() {
    let server = answering(OK);
    let world = guest("declares_two_lengths").at(&server.base());
    assert_eq!(words(&world.apply().await), "refused: field HeaderError::InvalidSyntax");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
pub(crate) async fn sends_less_than_it_declared() {
    let server = answering(OK);
    let world = guest("sends_less_than_it_declared").at(&server.base());
    let call = world.apply().await;
    assert_eq!(words(&call), "body not finished: failed: ErrorCode::HttpRequestBodySize(Some(4))");
    // What may have arrived of it is cut off, and what comes next is not taken for the rest of it.
    assert!(the_next_works(&world, &server).await);
    let requests = server.requests();
    assert!(requests.iter().all(|it| !it.starts_with("POST ") || !it.contains("GET ")), "{requests:?}");
}

#[tokio::test]
pub(crate) async fn sends_more_than_it_declared() {
    let server = answering(OK);
    let world = guest("sends_more_than_it_declared").at(&server.base());
    let call = world.apply().await;
    assert!(matches!(call.value, Err(CallError::Guest(_))), "{:?}", call.value);
    assert!(the_next_works(&world, &server).await);
    // What was beyond the length is never sent, so it cannot be taken for a request of its own.
    let requests = server.requests();
    assert!(requests.iter().all(|request| !request.contains("smuggled")), "{requests:?}");
    assert!(requests.last().is_some_and(|last| last.starts_with("GET /api/v2/utilities/ping ")));
}

#[tokio::test]
pub(crate) async fn sends_without_end() {
    let server = answering(OK);
    let world =
        guest("sends_without_end").at(&server.base()).limits(|limits| limits.request_body_bytes = 100_000);
    let call = world.apply().await;
    let told = words(&call);
    assert!(told.ends_with("finished: failed: ErrorCode::HttpRequestBodySize(None)"), "{told}");
    assert!(call.metrics.bytes_up <= 100_000, "{:?}", call.metrics);
    assert!(the_next_works(&world, &server).await);
    let fits = world.clone().arguments([98_304]).apply().await;
    assert_eq!(words(&fits), format!("wrote 98304, finished: {FINE}"));

    // Nobody reads it, whether an answer came already or not: neither the guest nor the connection waits for ever. Only
    // on Linux can a connection be told how long to wait.
    let cases: &[_] = if cfg!(target_os = "linux") { &[("", SILENT), (OK, "200, ")] } else { &[] };
    for (answer, outcome) in cases {
        let deaf = deaf(answer);
        let usual = EngineOptions::default();
        let ceiling = Limits { first_byte_timeout: SHORT, ..usual.ceiling };
        let world = guest("sends_without_end").at(deaf.base()).engine(EngineOptions { ceiling, ..usual });
        let call = world.apply().await;
        assert!(words(&call).contains(&format!("finished: {outcome}")), "{}", words(&call));
        assert!(deaf.was_left(), "the connection is still there");
    }
    // A tenant who waits less than the host allows is not held up either.
    let deaf = deaf("");
    let world = guest("sends_without_end").at(deaf.base()).limits(|limits| limits.first_byte_timeout = SHORT);
    let call = world.apply().await;
    assert!(words(&call).ends_with(&format!("finished: {SILENT}")), "{}", words(&call));
}

#[tokio::test]
pub(crate) async fn never_reads_an_answer() {
    let piece = [b"1000\r\n".to_vec(), vec![b'y'; 4096], b"\r\n".to_vec()].concat();
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = first(1, move || Reply::Endless(head.into(), piece.clone()));
    let world = guest("never_reads_an_answer").at(&server.base());
    let call = world.preview().await;
    assert_eq!(words(&call), "Ok(200)");
    assert!(call.metrics.bytes_down < 1 << 20, "{:?}", call.metrics);
    assert!(the_next_works(&world, &server).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn drops_requests_at_once() {
    let server = answering(OK);
    // With two places for requests, none may stay taken by one that nobody waits for.
    let world = guest("drops_requests_at_once")
        .at(&server.base())
        .arguments([300])
        .limits(|limits| limits.in_flight = 2);
    assert_eq!(words(&world.preview().await), FINE);
    assert!(the_next_works(&world, &server).await);
}

#[tokio::test]
pub(crate) async fn signs_its_own_requests() {
    let server = answering(OK);
    let world = guest("signs_its_own_requests").at(&server.base());
    let call = world.preview().await;
    let forbidden = "Err(HeaderError::Forbidden)";
    let refused = "refused: field HeaderError::Forbidden";
    let syntax = "refused: field HeaderError::InvalidSyntax";
    assert_eq!(outcomes(&call)[..5], [forbidden; 5]);
    assert_eq!(outcomes(&call)[5..], [refused, syntax, FINE]);
    // What arrives is signed by the host, once, and by nobody else.
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert_eq!(request.matches("uthorization").count(), 1, "{request}");
    assert!(request.contains(&format!("\r\nauthorization: {AUTHORIZATION}\r\n")), "{request}");
    assert!(!request.contains("c3RvbGVu"), "{request}");
}

#[tokio::test]
pub(crate) async fn looks_for_the_credentials() {
    let server = answering(OK);
    let options = EngineOptions { core_dumps: true, ..EngineOptions::default() };
    let world = guest("looks_for_the_credentials").at(&server.base()).engine(options);
    let call = world.preview().await;
    assert!(matches!(call.value, Err(CallError::Trap { .. })), "{:?}", call.value);
    assert!(server.requests().concat().contains(AUTHORIZATION), "they were used");
    let dump = call.metrics.core_dump.clone().unwrap();
    let holds = |what: &str| dump.as_bytes().windows(what.len()).any(|part| part == what.as_bytes());
    assert!(holds("everything that could be seen") && holds(server.authority()), "nothing was dumped");
    let encoded = AUTHORIZATION.trim_start_matches("Basic ");
    // Any part of it would be too much, however it is aligned in a longer text.
    for secret in [LICENSE_KEY, encoded, &encoded[4..20], "MADE-UP"] {
        assert!(!holds(secret), "{secret}");
    }
    // And neither is it in what a host would write into its log.
    let logged = format!("{call:?} {:?} {:?}", world.tenant, world.tenant.credentials);
    for secret in [LICENSE_KEY, encoded] {
        assert!(!logged.contains(secret), "{logged}");
    }
}
