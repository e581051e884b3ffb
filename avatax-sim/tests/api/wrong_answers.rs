//! The kinds of fault that spoil an answer: what the client sees, and what was done all the same.

use std::time::{Duration, Instant};

use avatax_sim::{Fault, SimConfig};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Answer, Bench, COMPANY, certificate, customer};

type Sent = Result<Answer, Box<dyn std::error::Error>>;

async fn bench(faults: &[&str]) -> Bench {
    let bench = Bench::new(SimConfig::default()).await;
    set(&bench, faults);
    bench
}

fn set(bench: &Bench, faults: &[&str]) {
    let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
    bench.simulator.set_faults(faults);
}

async fn create(bench: &Bench, code: &str) -> Sent {
    let body = json!([customer(code)]).to_string().into_bytes();
    bench.send(Method::POST, &format!("{COMPANY}/customers"), "application/json", body).await
}

/// Customers stored, and customers created by the log. They have to be the same.
async fn stored(bench: &Bench) -> usize {
    let logged = bench.effects().await.iter().filter(|(kind, _)| kind == "customer-created").count();
    assert_eq!(bench.simulator.summary().customers, logged);
    logged
}

#[tokio::test]
async fn what_answers_before_does_nothing() {
    let bench = bench(&["503:limit=1", "503:retry-after=9,limit=1", "slow-down:code=1718"]).await;
    for seconds in ["1", "9"] {
        let answer = create(&bench, "A").await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["retry-after"]),
            (503, &seconds.parse().unwrap())
        );
        assert!(answer.text.starts_with("<!DOCTYPE html>"));
    }
    assert_eq!(create(&bench, "A").await.unwrap().refusal().1, 1718);
    assert_eq!(stored(&bench).await, 0);
}

#[tokio::test]
async fn slowing_down_is_asked_for_in_every_way() {
    let bench = bench(&["slow-down"]).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..150 {
        seen.insert(bench.get("/api/v2/utilities/ping").await.refusal());
    }
    let expected: Vec<_> = [400, 409, 500]
        .into_iter()
        .flat_map(|status| [1715, 1716, 1718, 1723, 4011].map(|code| (status, code)))
        .collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_answers_after_was_done() {
    let bench = bench(&["html-after:limit=1", "refused-after:limit=1", "lost:limit=1"]).await;
    let html = create(&bench, "A").await.unwrap();
    assert_eq!(html.status, 502);
    assert!(html.text.starts_with("<!DOCTYPE html>"));
    let refused = create(&bench, "B").await.unwrap();
    assert_eq!(refused.refusal(), (400, 1203));
    let text = refused.json()["error"]["details"][0]["description"].as_str().unwrap().to_owned();
    let inner: Value = serde_json::from_str(text.strip_suffix('.').unwrap()).unwrap();
    assert_eq!(inner["success"], false);
    create(&bench, "C").await.unwrap_err();
    assert_eq!(stored(&bench).await, 3);
    for code in ["A", "B", "C"] {
        assert_eq!(create(&bench, code).await.unwrap().refusal(), (400, 193));
    }
}

#[tokio::test]
async fn every_write_is_done_before_a_wrong_answer_after_it() {
    let bench = Bench::new(SimConfig::default()).await;
    bench.customers(&["A"]).await.ok();
    let first = bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await.ok();
    let link = json!({"certificates": [first[0]["id"]]});
    let invite = json!([{"recipient": "ap@example.com", "coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Email"}]);
    let writes = [
        ("CreateCertificates", "/certificates", json!([certificate()]), "certificate-created"),
        ("LinkCertificatesToCustomer", "/customers/A/certificates/link", link, "certificate-linked"),
        ("CreateCertExpressInvitation", "/customers/A/certexpressinvites", invite, "invitation-created"),
    ];
    for kind in ["500-after", "refused-after", "html-after", "lost", "cut-after", "hang-after:ms=5"] {
        for (operation, path, body, effect) in &writes {
            let separator = if kind.contains(':') { ',' } else { ':' };
            set(&bench, &[&format!("{kind}{separator}on={operation}")]);
            let before = bench.simulator.summary().effects;
            let body = body.to_string().into_bytes();
            let answer =
                bench.send(Method::POST, &format!("{COMPANY}{path}"), "application/json", body).await;
            assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status != 200), "{kind} {operation}");
            let log = bench.get(&format!("/sim/effects?after={before}")).await.ok()["effects"].clone();
            // A link that was there already is no effect.
            let linked_before = *effect == "certificate-linked" && kind != "500-after";
            assert_eq!(log.as_array().unwrap().len(), usize::from(!linked_before), "{kind} {operation}");
            assert!(linked_before || log[0]["kind"] == *effect, "{kind} {operation}");
        }
    }
}

#[tokio::test]
async fn reads_are_answered_wrongly_too() {
    let bench = bench(&[]).await;
    bench.customers(&["A"]).await.ok();
    for (kind, status) in
        [("500-after", 500), ("refused-after", 400), ("html-after", 502), ("slow-down:code=1715", 0)]
    {
        set(&bench, &[kind]);
        let answer = bench.get(&format!("{COMPANY}/customers/A")).await;
        assert!(answer.status == status || status == 0 && answer.status != 200, "{kind}");
    }
    for kind in ["lost", "hang:ms=1", "hang-after:ms=1", "cut-after"] {
        set(&bench, &[kind]);
        let path = format!("{COMPANY}/customers/A");
        assert!(bench.send(Method::GET, &path, "application/json", Vec::new()).await.is_err(), "{kind}");
    }
}

#[tokio::test]
async fn whoever_hangs_never_answers() {
    let bench = bench(&["hang:ms=300,limit=1", "hang-after:ms=300,limit=1", "hang"]).await;
    for (code, done) in [("A", 0), ("B", 1)] {
        let start = Instant::now();
        create(&bench, code).await.unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
        assert_eq!(stored(&bench).await, done);
    }
    assert!(timeout(Duration::from_millis(500), create(&bench, "C")).await.is_err(), "no end in sight");
    assert_eq!(stored(&bench).await, 1);
    assert_eq!(bench.simulator.summary().statuses.len(), 0);
}

#[tokio::test]
async fn a_slow_body_begins_at_once_and_is_right() {
    let bench = bench(&["slow-body:ms=400"]).await;
    let start = Instant::now();
    let body = json!([customer("A")]).to_string().into_bytes();
    let mut response = bench.open(Method::POST, &format!("{COMPANY}/customers"), body).await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(300), "the head waits: {:?}", start.elapsed());
    let mut pieces: Vec<Bytes> = Vec::new();
    while let Some(frame) = response.frame().await {
        pieces.push(frame.unwrap().into_data().unwrap());
    }
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    assert!(pieces.len() > 3, "in pieces, not {}", pieces.len());
    assert_eq!(serde_json::from_slice::<Value>(&pieces.concat()).unwrap()[0]["customerCode"], "A");
}

#[tokio::test]
async fn an_endless_body_goes_on_until_the_client_goes() {
    let bench = bench(&["endless:ms=0"]).await;
    let body = json!([customer("A")]).to_string().into_bytes();
    let mut response = bench.open(Method::POST, &format!("{COMPANY}/customers"), body).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().get("content-length")), (200, None));
    let mut size = 0;
    while size < 8 * 1024 * 1024 {
        size += response.frame().await.unwrap().unwrap().into_data().unwrap().len();
    }
    drop(response);
    set(&bench, &[]);
    assert_eq!(stored(&bench).await, 1);
    bench.customers(&["B"]).await.ok();
    // It can be stopped while somebody still listens to an endless answer.
    set(&bench, &["endless:ms=5"]);
    let still = bench.open(Method::GET, "/api/v2/utilities/ping", Vec::new()).await.unwrap();
    timeout(Duration::from_secs(10), bench.simulator.stop()).await.unwrap().unwrap();
    drop(still);
}

#[tokio::test]
async fn faults_of_all_groups_combine_in_one_request() {
    let bench = bench(&["slow:ms=60", "slow:ms=60", "taken:limit=1", "500-after:on=CreateCustomers"]).await;
    let start = Instant::now();
    let rows = json!([customer("A"), customer("B")]).to_string().into_bytes();
    let answer =
        bench.send(Method::POST, &format!("{COMPANY}/customers"), "application/json", rows).await.unwrap();
    assert_eq!(answer.refusal(), (500, 209));
    assert!(start.elapsed() >= Duration::from_millis(120));
    let counts = bench.simulator.fault_counts();
    let of = |kind: &str| counts[kind]["CreateCustomers"];
    assert_eq!((of("slow"), of("taken"), of("500-after")), (2, 1, 1));
    assert_eq!(stored(&bench).await, 1, "the taken one");
}
