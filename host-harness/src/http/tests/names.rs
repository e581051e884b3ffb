//! The gate against name servers: a name leads where its owner says, and another time somewhere else.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
};

use super::*;
use crate::http::{connect::LookUp, secured};

/// A name server that gives these answers in turn and then none, and tells what it was asked.
fn name_server(answers: &[&[&str]]) -> (LookUp, Arc<Mutex<Vec<String>>>) {
    let address = |text: &&str| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 0);
    let answers: VecDeque<Vec<_>> =
        answers.iter().map(|answer| answer.iter().map(address).collect()).collect();
    let (answers, asked) = (Mutex::new(answers), Arc::<Mutex<Vec<String>>>::default());
    let kept = Arc::clone(&asked);
    let look_up: LookUp = Arc::new(move |name| {
        kept.lock().unwrap().push(name.to_string());
        let answer = answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| std::io::Error::other("no more answers")) })
    });
    (look_up, asked)
}

/// A gate whose names are looked up there.
fn gate_with(policy: EgressPolicy, look_up: &LookUp) -> Gate {
    let limits = Limits { connect_timeout: Duration::from_secs(5), ..Limits::default() };
    let credentials = Credentials::basic("2000", "KEY".into()).unwrap();
    let client = HttpClient::with(&limits, look_up, &secured().unwrap());
    Gate::new(client, policy, "DEFAULT", credentials, limits)
}

/// The address of a call at a name, with the port of a server on this machine.
fn target(name: &str, server: &Server) -> String {
    let port = server.base.rsplit(':').next().unwrap();
    format!("http://{name}:{port}/api/v2/utilities/ping")
}

/// A policy that allows this call, wherever its name leads, as long as that is a public address.
fn allowing(target: &str) -> EgressPolicy {
    EgressPolicy::deny_all().allow(format!("GET {target}").parse().unwrap())
}

/// A policy for a service on this machine.
fn on_this_machine(target: &str) -> EgressPolicy {
    EgressPolicy::avatax(target.trim_end_matches("/api/v2/utilities/ping"), true).unwrap()
}

#[tokio::test]
async fn a_name_that_leads_to_a_special_address_is_not_connected_to() {
    let server = server(OK, false);
    let target = target("service.example.com", &server);
    for address in [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::",
        "::1",
        "fd00:ec2::254",
        "fe80::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ] {
        let (look_up, asked) = name_server(&[&[address]]);
        let mut gate = gate_with(allowing(&target), &look_up);
        let error = send(&mut gate, get(&target)).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{address}: {error:?}");
        assert_eq!(gate.counters.denials.load(Ordering::Relaxed), 1);
        let told = gate.counters.denied.lock().unwrap()[0].to_string();
        assert!(told.ends_with("its name leads only to addresses that are not public."), "{told}");
        assert_eq!(*asked.lock().unwrap(), ["service.example.com"]);
    }
    assert!(server.heads.try_recv().is_err());
}

#[tokio::test]
async fn of_several_addresses_only_those_that_are_permitted_are_tried() {
    let server = server(OK, false);
    let target = target("localhost", &server);
    let answered = async |addresses: &[&str]| {
        let (look_up, _) = name_server(&[addresses]);
        send(&mut gate_with(on_this_machine(&target), &look_up), get(&target)).await.map(drop)
    };
    // The first would lead to the server as well, as "any address of this machine"; at the second nobody listens.
    let error = answered(&["0.0.0.0", "127.0.0.2"]).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionRefused), "{error:?}");
    assert!(server.heads.try_recv().is_err());
    assert!(answered(&["0.0.0.0", "127.0.0.2", "127.0.0.1"]).await.is_ok());
    let (look_up, _) = name_server(&[&["10.0.0.1", "127.0.0.1"]]);
    let error = send(&mut gate_with(allowing(&target), &look_up), get(&target)).await.unwrap_err();
    assert!(matches!(error, Error::DestinationIpProhibited), "{error:?}");
}

#[tokio::test]
async fn what_was_judged_is_connected_to_without_looking_the_name_up_again() {
    let server = server(OK, false);
    let target = target("localhost", &server);
    let (look_up, asked) = name_server(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let mut gate = gate_with(on_this_machine(&target), &look_up);
    assert_eq!(text(send(&mut gate, get(&target)).await.unwrap()).await.unwrap(), "ok");
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert!(server.heads.recv().unwrap().starts_with("connection 0\n"));
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_second_time_is_judged_again() {
    // Each request needs a connection of its own.
    let server = server("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", false);
    let target = target("localhost", &server);
    let (look_up, asked) =
        name_server(&[&["127.0.0.1"], &["169.254.169.254"], &["::ffff:169.254.169.254"], &["127.0.0.1"]]);
    let mut gate = gate_with(on_this_machine(&target), &look_up);
    assert!(send(&mut gate, get(&target)).await.is_ok());
    for _ in 0..2 {
        let error = send(&mut gate, get(&target)).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{error:?}");
    }
    // What it led to before opens nothing, and what it leads to now shuts nothing for ever.
    assert!(send(&mut gate, get(&target)).await.is_ok());
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn addresses_written_as_host_are_not_looked_up_and_other_spellings_of_them_are_judged() {
    let server = server(OK, false);
    let plain = target("127.0.0.1", &server);
    let (look_up, asked) = name_server(&[]);
    assert!(send(&mut gate_with(on_this_machine(&plain), &look_up), get(&plain)).await.is_ok());
    assert_eq!(asked.lock().unwrap().len(), 0);
    // Decimal, hexadecimal, octal, short, and with a dot at the end: names as far as the client goes, and an operating
    // system reads some of them as the address of this machine.
    for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "localhost."] {
        let target = target(host, &server);
        let (look_up, asked) = name_server(&[&["127.0.0.1"]]);
        let error = send(&mut gate_with(allowing(&target), &look_up), get(&target)).await.unwrap_err();
        assert!(matches!(error, Error::DestinationIpProhibited), "{host}: {error:?}");
        assert_eq!(*asked.lock().unwrap(), [host]);
    }
    assert!(server.heads.try_recv().is_ok(), "the plain one came");
    assert!(server.heads.try_recv().is_err(), "and no other");
}

#[tokio::test]
async fn the_system_s_own_names_are_judged_too() {
    let server = server(OK, false);
    let target = target("localhost", &server);
    let error = send(&mut gate_with(allowing(&target), &crate::http::system()), get(&target)).await;
    assert!(matches!(error, Err(Error::DestinationIpProhibited)), "{:?}", error.err());
    let response =
        send(&mut gate_with(on_this_machine(&target), &crate::http::system()), get(&target)).await.unwrap();
    assert_eq!(text(response).await.unwrap(), "ok");
}
