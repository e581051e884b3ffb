//! The gate against servers that answer, stay silent or never end.

mod names;
mod tls;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll},
    thread,
};

use bytes::Bytes;
use http_body_util::{Empty, Full};
use hyper::body::{Body, Frame};

use super::*;

/// A server on this machine that answers each request on a connection with the same bytes and tells what it received.
struct Server {
    base: String,
    heads: mpsc::Receiver<String>,
}

fn server(answer: &'static str, then_hang: bool) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (sender, heads) = mpsc::channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let sender = sender.clone();
            thread::spawn(move || serve(number, stream, answer, then_hang, &sender));
        }
    });
    Server { base, heads }
}

fn serve(number: usize, mut stream: TcpStream, answer: &str, then_hang: bool, sender: &mpsc::Sender<String>) {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(size @ 1..) = stream.read(&mut chunk) {
        received.extend_from_slice(&chunk[..size]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some(end) = text.find("\r\n\r\n") else { continue };
        // Bodies of these tests are small and known: wait for the length that was declared.
        let lower = text.to_ascii_lowercase();
        let length = lower
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next())
            .map_or(0, |n| n.parse().unwrap());
        if received.len() < end + 4 + length {
            continue;
        }
        received.clear();
        let _ = sender.send(format!("connection {number}\n{lower}"));
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        if then_hang {
            thread::sleep(Duration::from_secs(20));
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn gate(base: &str, limits: Limits) -> Gate {
    let policy = EgressPolicy::avatax(base, true).unwrap();
    let credentials = Credentials::basic("2000", "KEY".into()).unwrap();
    Gate::new(HttpClient::new(&limits).unwrap(), policy, "DEFAULT", credentials, limits)
}

fn get(target: &str) -> Request<WasiBody> {
    Request::get(target).body(Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync()).unwrap()
}

fn post(target: &str, body: &'static [u8]) -> Request<WasiBody> {
    let body = Full::new(Bytes::from_static(body)).map_err(|never| match never {}).boxed_unsync();
    Request::post(target).body(body).unwrap()
}

async fn send(gate: &mut Gate, request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
    let done = Box::new(std::future::ready(Ok(())));
    Box::into_pin(gate.send_request(request, None, done)).await.map(|(response, _)| response)
}

async fn text(response: Response<WasiBody>) -> Result<String, Error> {
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec()).unwrap())
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn credentials_and_identification_are_added_and_what_the_component_set_is_replaced() {
    let server = server(OK, false);
    let mut gate = gate(&server.base, Limits::default());
    let mut request = get(&format!("{}/api/v2/utilities/ping", server.base));
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Basic stolen"));
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("evil.example.com"));
    request.headers_mut().insert(header::COOKIE, HeaderValue::from_static("a=b"));
    assert_eq!(text(send(&mut gate, request).await.unwrap()).await.unwrap(), "ok");
    let head = server.heads.recv().unwrap();
    assert!(head.contains("\r\nauthorization: basic mjawmdplrvk=\r\n"), "{head}");
    assert!(head.contains("\r\nx-avalara-client: ecms-onboarding; "), "{head}");
    assert!(head.contains(&format!("\r\nhost: {}\r\n", server.base.trim_start_matches("http://"))), "{head}");
    assert!(!head.contains("cookie") && !head.contains("stolen") && !head.contains("evil"), "{head}");
}

#[tokio::test]
async fn a_bearer_token_is_sent_as_one() {
    let server = server(OK, false);
    let credentials = Credentials::bearer("abc.def".into()).unwrap();
    let mut gate = Gate { credentials, ..gate(&server.base, Limits::default()) };
    send(&mut gate, get(&format!("{}/api/v2/utilities/ping", server.base))).await.unwrap();
    let head = server.heads.recv().unwrap();
    assert!(head.contains("\r\nauthorization: bearer abc.def\r\n"), "{head}");
}

#[tokio::test]
async fn another_place_that_a_rule_opens_gets_neither_credentials_nor_identification() {
    let (home, other) = (server(OK, false), server(OK, false));
    let mut gate = gate(&home.base, Limits::default());
    // The same path, so that nothing but the host and port tells them apart.
    gate.policy = gate.policy.allow(format!("GET {}/api/v2/utilities/ping", other.base).parse().unwrap());
    for base in [&other.base, &home.base] {
        send(&mut gate, get(&format!("{base}/api/v2/utilities/ping"))).await.unwrap();
    }
    let (head, own) = (other.heads.recv().unwrap(), home.heads.recv().unwrap());
    for field in ["authorization: ", "x-avalara-client: "] {
        assert!(!head.contains(field), "{head}");
        assert!(own.contains(field), "{own}");
    }
}

#[tokio::test]
async fn each_tenant_is_sent_as_itself_also_over_one_connection() {
    let server = server(OK, false);
    let client = HttpClient::new(&Limits::default()).unwrap();
    for (account, basic) in [("2000", "mjawmdplrvk="), ("3000", "mzawmdplrvk=")] {
        let credentials = Credentials::basic(account, "KEY".into()).unwrap();
        let mut gate = Gate { client: client.clone(), credentials, ..gate(&server.base, Limits::default()) };
        let answer = send(&mut gate, get(&format!("{}/api/v2/utilities/ping", server.base))).await.unwrap();
        text(answer).await.unwrap();
        let head = server.heads.recv().unwrap();
        assert!(head.contains(&format!("\r\nauthorization: basic {basic}\r\n")), "{head}");
        // The connection goes back to the pool in a task of its own.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_fields_of_the_host_are_forbidden_to_the_component() {
    let filter = gate("http://127.0.0.1:1", Limits::default()).forbidden_header_filter();
    for name in [
        "authorization",
        "cookie",
        "x-avalara-client",
        "host",
        "proxy-authorization",
        "transfer-encoding",
        "te",
    ] {
        assert!(filter(&HeaderName::from_static(name)), "{name}");
    }
    assert!(!filter(&header::CONTENT_TYPE));
}

/// A server that answers as soon as it has read a head, whatever of the body has come; and the connections made to it.
fn hasty_server() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicU64::new(0));
    let made = Arc::clone(&connections);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            made.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let (mut received, mut chunk) = (String::new(), [0; 4096]);
                while let Ok(size @ 1..) = stream.read(&mut chunk) {
                    received.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
                    while let Some((_, rest)) = received.split_once("\r\n\r\n") {
                        received = rest.to_owned();
                        stream.write_all(OK.as_bytes()).unwrap();
                    }
                }
            });
        }
    });
    (base, connections)
}

/// A body of one byte that comes when it is told to.
struct Late(Option<tokio::sync::oneshot::Receiver<()>>);

impl Body for Late {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(told) = &mut self.0 else { return Poll::Ready(None) };
        Pin::new(told).poll(context).map(|told| {
            told.unwrap();
            self.0 = None;
            Some(Ok(Frame::data(Bytes::from_static(b"x"))))
        })
    }
}

#[tokio::test]
async fn a_connection_that_is_about_to_come_back_is_waited_for() {
    // On a machine that is busy it may come back too late once or twice.
    let mut too_many = 0;
    for _ in 0..12 {
        let (base, connections) = hasty_server();
        let target = format!("{base}/api/v2/utilities/ping");
        let mut gate = gate(&base, Limits::default());
        // The answer is read whole, and the connection is held up by the request's own body.
        let (finish, finished) = tokio::sync::oneshot::channel();
        let body = Late(Some(finished)).boxed_unsync();
        let request = Request::get(&target).header(header::CONTENT_LENGTH, 1).body(body).unwrap();
        assert_eq!(text(send(&mut gate, request).await.unwrap()).await.unwrap(), "ok");
        let next = send(&mut gate, get(&target));
        let come_back = async {
            tokio::task::yield_now().await;
            finish.send(()).unwrap();
        };
        let (response, ()) = tokio::join!(next, come_back);
        assert_eq!(text(response.unwrap()).await.unwrap(), "ok");
        too_many += connections.load(Ordering::Relaxed) - 1;
    }
    assert!(too_many < 4, "{too_many} of 12 were not waited for");
}

#[tokio::test]
async fn a_denied_request_is_never_sent_and_leaves_a_sentence() {
    let server = server(OK, false);
    let mut gate = gate(&server.base, Limits::default());
    let error = send(&mut gate, get(&format!("{}/api/v2/accounts", server.base))).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied));
    let counters = gate.counters();
    assert_eq!(counters.denials.load(Ordering::Relaxed), 1);
    assert_eq!(counters.requests.load(Ordering::Relaxed), 0);
    assert!(
        counters
            .denied
            .lock()
            .unwrap()
            .first()
            .unwrap()
            .to_string()
            .contains("allow = [\"GET http://127.0.0.1")
    );
    assert!(server.heads.try_recv().is_err());
}

#[tokio::test]
async fn redirects_are_handed_to_the_component_and_not_followed() {
    let server =
        server("HTTP/1.1 302 Found\r\nlocation: /api/v2/utilities/ping\r\ncontent-length: 0\r\n\r\n", false);
    let mut gate = gate(&server.base, Limits::default());
    let response = send(&mut gate, get(&format!("{}/api/v2/utilities/ping", server.base))).await.unwrap();
    assert_eq!(response.status(), 302);
    server.heads.recv().unwrap();
    assert!(server.heads.try_recv().is_err());
}

#[tokio::test]
async fn the_company_of_an_answer_opens_its_paths_and_no_others() {
    let server = server(
        "HTTP/1.1 200 OK\r\ncontent-length: 44\r\n\r\n{\"value\":[{\"id\":7,\"companyCode\":\"DEFAULT\"}]}",
        false,
    );
    let mut gate = gate(&server.base, Limits::default());
    let customers = |id: u32| get(&format!("{}/api/v2/companies/{id}/customers", server.base));
    assert!(matches!(send(&mut gate, customers(7)).await, Err(Error::HttpRequestDenied)));
    let companies = "api/v2/companies?$filter=companyCode%20eq%20%27DEFAULT%27";
    let companies = get(&format!("{}/{companies}", server.base));
    text(send(&mut gate, companies).await.unwrap()).await.unwrap();
    assert!(send(&mut gate, customers(7)).await.is_ok());
    assert!(matches!(send(&mut gate, customers(8)).await, Err(Error::HttpRequestDenied)));
}

#[tokio::test]
async fn a_request_body_over_the_limit_is_cut_off() {
    let server = server(OK, false);
    let limits = Limits { request_body_bytes: 4, ..Limits::default() };
    let mut gate = gate(&server.base, limits);
    gate.policy = gate.policy.clone().with_company_id(Some(7));
    let target = format!("{}/api/v2/companies/7/customers", server.base);
    assert!(send(&mut gate, post(&target, b"[{}]")).await.is_ok());
    let error = send(&mut gate, post(&target, b"[{},{}]")).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestBodySize(_)), "{error:?}");
    assert_eq!(gate.counters.bytes_up.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_response_body_over_the_limit_is_cut_off_whether_declared_or_not() {
    let limits = Limits { response_body_bytes: 4, ..Limits::default() };
    let declared = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345", false);
    let error =
        send(&mut gate(&declared.base, limits), get(&format!("{}/api/v2/utilities/ping", declared.base)))
            .await;
    assert!(matches!(error, Err(Error::HttpResponseBodySize(Some(5)))));
    let chunked = server(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n0\r\n\r\n",
        false,
    );
    let response =
        send(&mut gate(&chunked.base, limits), get(&format!("{}/api/v2/utilities/ping", chunked.base))).await;
    assert!(matches!(text(response.unwrap()).await, Err(Error::HttpResponseBodySize(_))));
}

#[tokio::test]
async fn silence_before_and_inside_an_answer_has_an_end() {
    let limits = Limits {
        first_byte_timeout: Duration::from_millis(100),
        between_bytes_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let silent = server("", true);
    let error =
        send(&mut gate(&silent.base, limits), get(&format!("{}/api/v2/utilities/ping", silent.base))).await;
    assert!(matches!(error, Err(Error::ConnectionReadTimeout)));
    let stuck = server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123", true);
    let response =
        send(&mut gate(&stuck.base, limits), get(&format!("{}/api/v2/utilities/ping", stuck.base))).await;
    assert!(matches!(text(response.unwrap()).await, Err(Error::ConnectionReadTimeout)));
}

#[tokio::test]
async fn a_component_can_shorten_a_wait_but_not_lengthen_it() {
    let limits = Limits::default();
    let asked = |seconds| {
        let time = Some(Duration::from_secs(seconds));
        let options =
            RequestOptions { connect_timeout: time, first_byte_timeout: time, between_bytes_timeout: time };
        Times::effective(Some(options), &limits)
    };
    assert_eq!(asked(0).first_byte, Duration::ZERO);
    assert_eq!(asked(9_999).first_byte, limits.first_byte_timeout);
    assert_eq!(asked(9_999).connect, limits.connect_timeout);
    assert_eq!(asked(9_999).between_bytes, limits.between_bytes_timeout);
}

#[tokio::test]
async fn waits_of_zero_end_at_once_without_a_panic() {
    let silent = server("", true);
    let mut gate = gate(&silent.base, Limits::default());
    let zero = Some(Duration::ZERO);
    let options =
        RequestOptions { connect_timeout: zero, first_byte_timeout: zero, between_bytes_timeout: zero };
    let request = get(&format!("{}/api/v2/utilities/ping", silent.base));
    let result =
        Box::into_pin(gate.send_request(request, Some(options), Box::new(std::future::ready(Ok(()))))).await;
    assert!(result.is_err());
}

#[tokio::test]
async fn no_more_requests_run_at_once_than_allowed() {
    let server = server(OK, false);
    let limits = Limits { in_flight: 1, first_byte_timeout: Duration::from_millis(200), ..Limits::default() };
    let mut gate = gate(&server.base, limits);
    let ping = || get(&format!("{}/api/v2/utilities/ping", server.base));
    let held = send(&mut gate, ping()).await.unwrap();
    assert!(matches!(send(&mut gate, ping()).await, Err(Error::ConnectionLimitReached)));
    drop(held);
    assert!(send(&mut gate, ping()).await.is_ok());
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://{closed}");
    let error =
        send(&mut gate(&base, Limits::default()), get(&format!("{base}/api/v2/utilities/ping"))).await;
    assert!(matches!(error, Err(Error::ConnectionRefused)), "{:?}", error.err());
    let mut unknown = gate("https://nowhere.invalid", Limits::default());
    let error = send(&mut unknown, get("https://nowhere.invalid/api/v2/utilities/ping")).await;
    assert!(matches!(error, Err(Error::DnsError { .. })), "{:?}", error.err());
}

#[tokio::test]
async fn an_endless_address_is_refused() {
    let mut gate = gate("http://127.0.0.1:1", Limits::default());
    let target = format!("http://127.0.0.1:1/api/v2/utilities/ping?{}", "x".repeat(9_000));
    assert!(matches!(send(&mut gate, get(&target)).await, Err(Error::HttpRequestUriTooLong)));
}
