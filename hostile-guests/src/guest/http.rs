//! Misusing HTTP, and being answered wrongly.

use super::{
    Ending, Orders,
    ask::{self, Ask},
    bindings::{
        ecms::onboarding::{documents, erp, journal, tenant},
        wasi::http::{
            outgoing_handler,
            types::{Fields, OutgoingBody, OutgoingRequest, RequestOptions},
        },
    },
};

/// Asks, reads everything and tells; then asks again, because a bad answer must not spoil the next one.
fn twice(orders: &Orders) -> Ending {
    Ending::Words(format!("{} | {}", Ask::ping(orders).tell(), Ask::ping(orders).tell()))
}

fn once(orders: &Orders) -> Ending {
    Ending::Words(Ask::ping(orders).tell())
}

fn options(nanoseconds: u64) -> RequestOptions {
    let options = RequestOptions::new();
    let set = [
        options.set_connect_timeout(Some(nanoseconds)),
        options.set_first_byte_timeout(Some(nanoseconds)),
        options.set_between_bytes_timeout(Some(nanoseconds)),
    ];
    assert!(set.iter().all(Result::is_ok), "the host takes no timeouts");
    options
}

pub(super) fn waits_no_time_at_all(orders: &Orders) -> Ending {
    let ask = |time| Ask { options: Some(options(time)), ..Ask::ping(orders) }.tell();
    // The second does not wait for ever either: the host's own limits stay.
    Ending::Words(format!("{} | {}", ask(0), ask(u64::MAX)))
}

/// The first argument is the length of the address; a megabyte where there is none.
pub(super) fn asks_with_an_endless_address(orders: &Orders) -> Ending {
    let length = match orders.number(0) {
        0 => 1 << 20,
        length => usize::try_from(length).unwrap_or(usize::MAX),
    };
    let mut path = format!("{}?", ask::PING);
    path.extend(std::iter::repeat_n('x', length.saturating_sub(path.len())));
    Ending::Words(Ask { path, ..Ask::ping(orders) }.tell())
}

pub(super) fn sends_a_thousand_fields(orders: &Orders) -> Ending {
    let ask = (0..1000).fold(Ask::ping(orders), |ask, at| ask.field(&format!("x-{at}"), b"y".to_vec()));
    Ending::Words(ask.tell())
}

/// The first argument is the length of the field; a megabyte where there is none.
pub(super) fn sends_an_endless_field(orders: &Orders) -> Ending {
    let length = match orders.number(0) {
        0 => 1 << 20,
        length => usize::try_from(length).unwrap_or(usize::MAX),
    };
    Ending::Words(Ask::ping(orders).field("accept", vec![b'y'; length]).tell())
}

pub(super) fn is_answered_with_a_thousand_fields(orders: &Orders) -> Ending {
    once(orders)
}

pub(super) fn is_answered_with_an_endless_field(orders: &Orders) -> Ending {
    once(orders)
}

pub(super) fn is_answered_with_two_lengths(orders: &Orders) -> Ending {
    twice(orders)
}

pub(super) fn is_answered_with_less_than_declared(orders: &Orders) -> Ending {
    twice(orders)
}

pub(super) fn is_answered_with_more_than_declared(orders: &Orders) -> Ending {
    twice(orders)
}

pub(super) fn is_answered_without_end(orders: &Orders) -> Ending {
    once(orders)
}

pub(super) fn is_answered_with_silence(orders: &Orders) -> Ending {
    once(orders)
}

pub(super) fn declares_two_lengths(orders: &Orders) -> Ending {
    let ask = Ask::write(orders, b"[{}]").field("content-length", "4").field("content-length", "40");
    Ending::Words(ask.tell())
}

pub(super) fn sends_less_than_it_declared(orders: &Orders) -> Ending {
    Ending::Words(Ask::write(orders, b"[{}]").field("content-length", "40").tell())
}

pub(super) fn sends_more_than_it_declared(orders: &Orders) -> Ending {
    Ending::Words(Ask::write(orders, b"[{}]GET /smuggled HTTP/1.1").field("content-length", "4").tell())
}

/// Writes a body until the host ends it, or up to the length in the first argument.
pub(super) fn sends_without_end(orders: &Orders) -> Ending {
    let most = match orders.number(0) {
        0 => u64::MAX,
        most => most,
    };
    let request = OutgoingRequest::new(Fields::new());
    let Ask { method, scheme, authority, path, .. } = Ask::write(orders, b"");
    let put = [
        request.set_method(&method),
        request.set_scheme(Some(&scheme)),
        request.set_authority(Some(&authority)),
        request.set_path_with_query(Some(&path)),
    ];
    assert!(put.iter().all(Result::is_ok), "the request cannot be put together");
    let Ok(body) = request.body() else { return Ending::Words("no body".to_owned()) };
    let future = match outgoing_handler::handle(request, None) {
        Ok(future) => future,
        Err(code) => return Ending::Words(ask::failed(&code)),
    };
    let mut sent = 0;
    if let Ok(stream) = body.write() {
        while sent < most && stream.blocking_write_and_flush(&[b'x'; 4096]).is_ok() {
            sent += 4096;
        }
    }
    let finished = OutgoingBody::finish(body, None).map_err(|code| ask::failed(&code));
    let told = ask::wait(future).map_or_else(|words| words, |response| ask::read(&response, u64::MAX));
    Ending::Words(format!(
        "wrote {sent}, {}: {told}",
        if finished.is_ok() { "finished" } else { "not finished" }
    ))
}

pub(super) fn never_reads_an_answer(orders: &Orders) -> Ending {
    let answer = Ask::ping(orders).answer().map(|response| response.status());
    Ending::Words(format!("{answer:?}"))
}

/// Sends as many requests as the first argument says and drops each at once; then asks once in earnest.
pub(super) fn drops_requests_at_once(orders: &Orders) -> Ending {
    for _ in 0..orders.number(0) {
        drop(Ask::ping(orders).send());
    }
    once(orders)
}

pub(super) fn signs_its_own_requests(orders: &Orders) -> Ending {
    let fields = Fields::new();
    let mut told: Vec<String> =
        ["authorization", "Authorization", "cookie", "x-avalara-client", "proxy-authorization"]
            .into_iter()
            .map(|name| format!("{:?}", fields.append(name, b"Basic c3RvbGVu")))
            .collect();
    told.push(Ask::ping(orders).field("authorization", "Basic c3RvbGVu").tell());
    told.push(Ask::ping(orders).field("accept", "*/*\r\nauthorization: Basic c3RvbGVu").tell());
    // A field that a gateway might take for the real one does not leave either.
    told.push(Ask::ping(orders).field("x-authorization", "Basic c3RvbGVu").tell());
    Ending::Words(told.join(" | "))
}

/// Takes in everything it can see, and breaks down with all of it in memory. The host looks through the core dump.
pub(super) fn looks_for_the_credentials(orders: &Orders) -> Ending {
    let mut seen = format!("{:?} {:?}", tenant::get_settings(), erp::describe());
    let ask = Ask::ping(orders).answer();
    if let Ok(response) = &ask {
        for (name, value) in response.headers().entries() {
            seen.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
        }
        seen.push_str(&ask::read(response, u64::MAX));
    }
    let query = journal::Query {
        kind: None,
        operation: None,
        plan: None,
        key: None,
        after: 0,
        backwards: false,
        limit: 1000,
    };
    seen.push_str(&format!("{:?} {:?}", journal::read(&query), documents::list_documents(None, 500)));
    seen.push_str(" everything that could be seen");
    let kept = std::hint::black_box(seen);
    assert!(kept.is_empty(), "gives up");
    Ending::Words(kept)
}
