//! Asking for what is not allowed.

use super::{
    Ending, Orders,
    ask::{Ask, CUSTOMERS, PING},
    bindings::wasi::http::types::{Fields, Method, Scheme},
};

/// Tells several outcomes, one on each line.
fn told(outcomes: impl IntoIterator<Item = String>) -> Ending {
    Ending::Words(outcomes.into_iter().collect::<Vec<_>>().join(" | "))
}

fn to(orders: &Orders, authority: &str) -> String {
    Ask { authority: authority.to_owned(), ..Ask::ping(orders) }.tell()
}

fn at(orders: &Orders, path: &str) -> String {
    Ask { path: path.to_owned(), ..Ask::ping(orders) }.tell()
}

pub(super) fn asks_another_host(orders: &Orders) -> Ending {
    told([to(orders, &orders.authority), to(orders, "other.example.com")])
}

/// The first argument is the authority of another server.
pub(super) fn asks_another_port(orders: &Orders) -> Ending {
    told([to(orders, orders.text(0))])
}

pub(super) fn asks_without_encryption(orders: &Orders) -> Ending {
    told(
        [Scheme::Http, Scheme::Other("ftp".to_owned())]
            .map(|scheme| Ask { scheme, ..Ask::ping(orders) }.tell()),
    )
}

pub(super) fn asks_by_another_method(orders: &Orders) -> Ending {
    let methods = [
        Method::Post,
        Method::Put,
        Method::Delete,
        Method::Head,
        Method::Options,
        Method::Trace,
        Method::Connect,
        Method::Patch,
        Method::Other("get".to_owned()),
        Method::Other("SEARCH".to_owned()),
    ];
    told(methods.map(|method| Ask { method, ..Ask::ping(orders) }.tell()))
}

pub(super) fn asks_while_nothing_is_allowed(orders: &Orders) -> Ending {
    told([to(orders, &orders.authority)])
}

/// The arguments are the hosts.
pub(super) fn asks_hosts_that_look_like_the_allowed_one(orders: &Orders) -> Ending {
    told(orders.arguments.iter().map(|host| to(orders, host)))
}

/// The first argument is the authority of another server.
pub(super) fn hides_a_host_behind_user_information(orders: &Orders) -> Ending {
    let (own, other) = (&orders.authority, orders.text(0));
    told([to(orders, &format!("{own}@{other}")), to(orders, &format!("{other}@{own}"))])
}

/// The first argument is the authority of another server.
pub(super) fn writes_an_absolute_address_as_path(orders: &Orders) -> Ending {
    let other = orders.text(0);
    told([
        at(orders, &format!("http://{other}{PING}")),
        at(orders, &format!("//{other}{PING}")),
        at(orders, &format!("@{other}{PING}")),
        at(orders, &format!("{PING} HTTP/1.1\r\nhost: {other}\r\n\r\n")),
    ])
}

pub(super) fn names_another_host_in_a_field(orders: &Orders) -> Ending {
    let value = b"other.example.com".to_vec();
    let set = |name: &str| {
        let fields = Fields::new();
        let set = fields.set(name, std::slice::from_ref(&value));
        let append = fields.append(name, &value);
        format!("{set:?} {append:?}")
    };
    let forwarded = ["x-forwarded-host", "x-original-url", "x-http-method-override", "forwarded"];
    let ask = forwarded.into_iter().fold(Ask::ping(orders), |ask, name| ask.field(name, value.clone()));
    told([
        set("host"),
        set("Host"),
        Ask::ping(orders).field("host", value.clone()).tell(),
        set("transfer-encoding"),
        set("connection"),
        ask.tell(),
    ])
}

/// The arguments are authorities.
pub(super) fn writes_an_address_in_other_ways(orders: &Orders) -> Ending {
    told(orders.arguments.iter().map(|authority| to(orders, authority)))
}

/// The arguments are authorities.
pub(super) fn asks_a_name_that_leads_to_this_machine(orders: &Orders) -> Ending {
    told(orders.arguments.iter().map(|authority| to(orders, authority)))
}

/// The arguments are authorities.
pub(super) fn asks_addresses_that_are_not_public(orders: &Orders) -> Ending {
    told(orders.arguments.iter().map(|authority| to(orders, authority)))
}

pub(super) fn asks_by_another_spelling_of_the_path(orders: &Orders) -> Ending {
    let paths = [
        "/api/v2/utilities/%70ing",
        "/api/v2/utilities/PING",
        "/api/v2//utilities/ping",
        "/api/v2/utilities/ping/",
        "/api/v2/x/../utilities/ping",
        "/api/v2/accounts/..%2futilities/ping",
        "/api/v2/utilities/ping;x",
    ];
    told(paths.map(|path| at(orders, path)))
}

pub(super) fn asks_another_company(orders: &Orders) -> Ending {
    let paths = [
        CUSTOMERS,
        "/api/v2/companies/8/customers",
        "/api/v2/companies/07/customers",
        "/api/v2/companies",
        "/api/v2/companies?$filter=id%20gt%200",
    ];
    told(paths.map(|path| at(orders, path)))
}

pub(super) fn asks_during_an_analysis(orders: &Orders) -> Ending {
    told([to(orders, &orders.authority)])
}

pub(super) fn writes_during_a_preview(orders: &Orders) -> Ending {
    told([Ask::write(orders, b"[]").tell(), at(orders, CUSTOMERS)])
}

pub(super) fn is_redirected(orders: &Orders) -> Ending {
    told([to(orders, &orders.authority)])
}
