//! Guests that ask for what is not allowed. No such request leaves the host, whatever it looks like.
//!
//! Most tests begin with what is allowed, so that a host that sends nothing at all would fail them too, and look at what
//! the servers saw rather than at what the guest was told.

use host_harness::policy::{EgressPolicy, Rule};

use crate::{
    server::{OK, answering, serving},
    world::{World, guest, outcomes},
};

/// How a guest is told that the policy did not let it.
const DENIED: &str = "failed: ErrorCode::HttpRequestDenied";
/// How it is told that a name leads to a forbidden address.
const PROHIBITED: &str = "failed: ErrorCode::DestinationIpProhibited";
/// What it gets where nothing is wrong.
const FINE: &str = "200, 2 bytes `ok`";

/// A guest whose tenant expressly allows the call at each of these authorities, without a home there.
fn allowed_at(behaviour: &str, authorities: &[String]) -> World {
    let mut world = guest(behaviour).arguments(authorities);
    let rule = |authority: &String| format!("GET http://{authority}/api/v2/utilities/ping").parse().unwrap();
    let rules = authorities.iter().map(rule);
    world.tenant.egress = rules.fold(EgressPolicy::deny_all(), EgressPolicy::allow);
    "http://127.0.0.1".clone_into(&mut world.tenant.settings.base_url);
    world
}

/// The authorities of hosts with the port of a server on this machine.
fn with_port_of(authority: &str, hosts: &[&str]) -> Vec<String> {
    let port = authority.rsplit(':').next().unwrap();
    hosts.iter().map(|host| format!("{host}:{port}")).collect()
}

#[tokio::test]
pub(crate) async fn asks_another_host() {
    let server = answering(OK);
    let call = guest("asks_another_host").at(&server.base()).preview().await;
    assert_eq!(outcomes(&call), [FINE, DENIED]);
    assert_eq!(call.metrics.denials, 1);
    assert!(call.metrics.denied.concat().contains("other.example.com"), "{:?}", call.metrics.denied);
}

#[tokio::test]
pub(crate) async fn asks_another_port() {
    let (server, other) = (answering(OK), answering(OK));
    let world = guest("asks_another_port").at(&server.base()).arguments([other.authority()]);
    let call = world.apply().await;
    assert_eq!(outcomes(&call), [DENIED]);
    let told = format!("GET {}/api/v2/utilities/ping was not sent", other.base());
    assert!(call.metrics.denied.concat().starts_with(&told), "{:?}", call.metrics.denied);
    assert_eq!(other.connections(), 0);
    // The same port is open where it is the allowed one.
    assert_eq!(outcomes(&world.at(&other.base()).apply().await), [FINE]);
}

#[tokio::test]
pub(crate) async fn asks_without_encryption() {
    let server = answering(OK);
    let call = guest("asks_without_encryption").at(&format!("https://{}", server.authority())).apply().await;
    assert_eq!(outcomes(&call), [DENIED, "failed: ErrorCode::HttpProtocolError"]);
    assert_eq!(server.connections(), 0);
    // A tenant whose service is not on this machine cannot even be set up without encryption.
    assert!(EgressPolicy::avatax("http://rest.avatax.com", true).is_err());
}

#[tokio::test]
pub(crate) async fn asks_by_another_method() {
    let server = answering(OK);
    let call = guest("asks_by_another_method").at(&server.base()).apply().await;
    assert_eq!(outcomes(&call), [DENIED; 10]);
    assert_eq!(call.metrics.denials, 10);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
pub(crate) async fn asks_while_nothing_is_allowed() {
    let server = answering(OK);
    let mut world = guest("asks_while_nothing_is_allowed").at(&server.base());
    assert_eq!(outcomes(&world.apply().await), [FINE]);
    world.tenant.egress = EgressPolicy::deny_all();
    assert_eq!(outcomes(&world.apply().await), [DENIED]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
pub(crate) async fn asks_hosts_that_look_like_the_allowed_one() {
    let server = answering(OK);
    let alike = [
        // Only here the name is the same.
        "LocalHost",
        "localhost.",
        "evil-localhost",
        "evil.localhost",
        "localhost.example.com",
        "local",
        "host",
        "localhost%2eexample.com",
        "*",
        "loc\u{430}lhost",
    ];
    let base = format!("http://{}", with_port_of(server.authority(), &["localhost"]).concat());
    let call = guest("asks_hosts_that_look_like_the_allowed_one")
        .at(&base)
        .arguments(with_port_of(server.authority(), &alike))
        .apply()
        .await;
    let outcomes = outcomes(&call);
    assert_eq!(outcomes.len(), alike.len());
    assert_eq!(outcomes[0], FINE);
    assert!(outcomes[1..].iter().all(|told| [DENIED, "refused: authority"].contains(told)), "{outcomes:?}");
    assert_eq!(server.requests().len(), 1);
    // No rule can be written that would mean more than one host.
    for line in ["GET https://*.example.com/a", "GET https://*/a", "GET https://.example.com*/a"] {
        assert!(line.parse::<Rule>().is_err(), "{line}");
    }
}

#[tokio::test]
pub(crate) async fn hides_a_host_behind_user_information() {
    let (server, other) = (answering(OK), answering(OK));
    let call = guest("hides_a_host_behind_user_information")
        .at(&server.base())
        .arguments([other.authority()])
        .apply()
        .await;
    assert_eq!(outcomes(&call), [DENIED, DENIED]);
    assert!(call.metrics.denied.iter().all(|text| text.contains("user information")));
    assert_eq!([server.connections(), other.connections()], [0, 0]);
}

#[tokio::test]
pub(crate) async fn writes_an_absolute_address_as_path() {
    let (server, other) = (answering(OK), answering(OK));
    let call = guest("writes_an_absolute_address_as_path")
        .at(&server.base())
        .arguments([other.authority()])
        .apply()
        .await;
    // What does not begin with a slash is no path, and neither is one with the end of a line in it.
    assert_eq!(outcomes(&call), ["refused: path", DENIED, "refused: path", "refused: path"]);
    assert_eq!([server.connections(), other.connections()], [0, 0]);
}

#[tokio::test]
pub(crate) async fn names_another_host_in_a_field() {
    let server = answering(OK);
    let call = guest("names_another_host_in_a_field").at(&server.base()).apply().await;
    let forbidden = "Err(HeaderError::Forbidden) Err(HeaderError::Forbidden)";
    let expected =
        [forbidden, forbidden, "refused: field HeaderError::Forbidden", forbidden, forbidden, FINE];
    assert_eq!(outcomes(&call), expected);
    // The fields that a gateway might listen to have not left the host.
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert!(!request.contains("other.example.com") && !request.contains("forwarded"), "{request}");
    assert!(request.contains(&format!("\r\nhost: {}\r\n", server.authority())), "{request}");
}

#[tokio::test]
pub(crate) async fn writes_an_address_in_other_ways() {
    let server = answering(OK);
    let ways = with_port_of(
        server.authority(),
        &[
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "017700000001",
            "0177.0.0.1",
            "127.1",
            "127.0.1",
            "127.0.0.1.",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[::1]",
            "0",
        ],
    );
    // A rule is about what is written, and not about where it leads.
    let call = guest("writes_an_address_in_other_ways").at(&server.base()).arguments(&ways).apply().await;
    assert_eq!(outcomes(&call), vec![DENIED; ways.len()]);
    // Where a rule is written in such a way, what it leads to is judged. Not every system reads all of them.
    let call = allowed_at("writes_an_address_in_other_ways", &ways).apply().await;
    let outcomes = outcomes(&call);
    assert_eq!(outcomes.len(), ways.len());
    for (way, told) in ways.iter().zip(&outcomes) {
        let unknown = told.starts_with("failed: ErrorCode::DnsError");
        assert!(unknown || [DENIED, PROHIBITED].contains(told), "{way}: {told}");
    }
    assert!(outcomes.contains(&DENIED), "{outcomes:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
pub(crate) async fn asks_a_name_that_leads_to_this_machine() {
    let server = answering(OK);
    let names = with_port_of(server.authority(), &["localhost"]);
    let world = allowed_at("asks_a_name_that_leads_to_this_machine", &names);
    assert_eq!(outcomes(&world.apply().await), [PROHIBITED]);
    assert_eq!(server.connections(), 0);
    // A tenant whose service may be on this machine gets there.
    let open = world.at(&format!("http://{}", names.concat()));
    assert_eq!(outcomes(&open.apply().await), [FINE]);
}

#[tokio::test]
pub(crate) async fn asks_addresses_that_are_not_public() {
    let server = answering(OK);
    let special = with_port_of(
        server.authority(),
        &[
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "[::]",
            "[::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
        ],
    );
    let call = allowed_at("asks_addresses_that_are_not_public", &special).apply().await;
    assert_eq!(outcomes(&call), vec![DENIED; special.len()]);
    assert!(call.metrics.denied.iter().all(|text| text.contains("not a public one")));
    // Of these only this machine opens where the tenant may reach it.
    let mut open = allowed_at("asks_addresses_that_are_not_public", &special);
    let home = EgressPolicy::avatax(&server.base(), true).unwrap();
    open.tenant.egress = open.tenant.egress.rules().iter().cloned().fold(home, EgressPolicy::allow);
    let call = open.arguments(special.iter().filter(|it| !it.contains("::1]"))).apply().await;
    let outcomes = outcomes(&call);
    assert_eq!(outcomes[0], FINE);
    // The mapped form of it is the same machine to the system and to the policy.
    let others = outcomes[1..].iter().filter(|told| **told != DENIED).count();
    assert_eq!(others, 1, "{outcomes:?}");
}

#[tokio::test]
pub(crate) async fn asks_by_another_spelling_of_the_path() {
    let server = answering(OK);
    let call = guest("asks_by_another_spelling_of_the_path").at(&server.base()).apply().await;
    assert_eq!(outcomes(&call), [DENIED; 7]);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
pub(crate) async fn asks_another_company() {
    let server = answering(OK);
    let call = guest("asks_another_company").at(&server.base()).apply().await;
    assert_eq!(outcomes(&call), [FINE, DENIED, DENIED, DENIED, DENIED]);
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert!(request.starts_with("GET /api/v2/companies/7/customers HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
pub(crate) async fn asks_during_an_analysis() {
    let server = answering(OK);
    let world = guest("asks_during_an_analysis").at(&server.base());
    assert_eq!(outcomes(&world.analyze().await), [DENIED]);
    assert_eq!(server.connections(), 0);
    assert_eq!(outcomes(&world.preview().await), [FINE]);
}

#[tokio::test]
pub(crate) async fn writes_during_a_preview() {
    let server = answering(OK);
    let world = guest("writes_during_a_preview").at(&server.base());
    let call = world.preview().await;
    assert_eq!(outcomes(&call), [DENIED, FINE]);
    assert!(call.metrics.denied.concat().contains("was not asked to do that"), "{:?}", call.metrics.denied);
    assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
    // What was agreed to is written.
    assert_eq!(outcomes(&world.apply().await), [FINE, FINE]);
    assert!(server.requests().iter().any(|request| request.starts_with("POST ")));
}

#[tokio::test]
pub(crate) async fn is_redirected() {
    let other = answering(OK);
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {}/api/v2/utilities/ping\r\ncontent-length: 0\r\n\r\n",
            other.base()
        );
        let server = answering(&head);
        let call = guest("is_redirected").at(&server.base()).apply().await;
        assert_eq!(outcomes(&call), [format!("{status}, 0 bytes ``")]);
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(other.connections(), 0);
    // Not even to another allowed call of the same service.
    let itself = serving(|number, _| {
        let again = "HTTP/1.1 302 Found\r\nlocation: /api/v2/utilities/ping\r\ncontent-length: 0\r\n\r\n";
        crate::server::Reply::Bytes(if number == 0 { again } else { OK }.into())
    });
    let call = guest("is_redirected").at(&itself.base()).apply().await;
    assert_eq!(outcomes(&call), ["302, 0 bytes ``"]);
}
