//! CertExpress invitations, from the request to the moment they are ready.

use std::time::Duration;

use avatax_sim::SimConfig;
use serde_json::{Value, json};

use crate::support::{Bench, COMPANY, encode, eventually, with};

fn email() -> Value {
    json!({"recipient": "ap@example.com", "coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Email"})
}

fn download() -> Value {
    json!({"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Download"})
}

fn path(rest: &str) -> String {
    format!("{COMPANY}/customers{rest}")
}

async fn bench(delay: Duration) -> Bench {
    let bench = Bench::new(SimConfig { processing_delay: delay, ..SimConfig::default() }).await;
    bench.customers(&["A/1", "B"]).await.ok();
    bench
}

#[tokio::test]
async fn invitations_become_ready_after_a_while() {
    let bench = bench(Duration::from_millis(1_500)).await;
    let zone = bench.id_of("certificateexposurezones", "Texas").await;
    let reason = bench.id_of("certificateexemptreasons", "RESALE").await;
    let rows = json!([
        with(with(email(), "exposureZones", json!([zone])), "exemptReasons", json!([reason])),
        with(with(download(), "deliveryMethod", 3), "recipient", "ignored@example.com"),
    ]);
    let created = bench.post(&path("/A%2F1/certexpressinvites"), &rows).await.ok();
    assert_eq!((&created[0]["status"], &created[1]["status"]), (&json!("InProgress"), &json!("InProgress")));
    assert_eq!(created[1]["invitation"]["requestLink"], Value::Null, "no link yet");
    assert_eq!(created[1]["invitation"]["recipient"], Value::Null, "a link has no recipient");
    let address = |n: usize| path(&format!("/A%2F1/certexpressinvites/{}", created[n]["invitation"]["id"]));

    let first = bench.get(&address(0)).await.ok();
    assert_eq!((first.get("status"), &first["emailStatus"]), (None, &json!("Pending")));
    let mailed = eventually(&bench, &address(0), |value| value["emailStatus"] == "Sent").await;
    assert_eq!((&mailed["exposureZones"], &mailed["exemptReasons"]), (&json!([zone]), &json!([reason])));
    assert_eq!((&mailed["requestLink"], &mailed["customerCode"]), (&Value::Null, &json!("A/1")));
    let linked = eventually(&bench, &address(1), |value| value["requestLink"].is_string()).await;
    assert_eq!(linked["emailStatus"], Value::Null);

    let other = address(0).replace("A%2F1", "B");
    assert_eq!(bench.get(&other).await.refusal(), (404, 4), "it belongs to another customer");
    let summary = bench.simulator.summary();
    assert_eq!((summary.invitations, summary.invitations_by_email), (2, 1));
}

#[tokio::test]
async fn every_request_sends_another_message() {
    let bench = bench(Duration::ZERO).await;
    for _ in 0..2 {
        let answer = bench.post(&path("/B/certexpressinvites"), &json!([email()])).await.ok();
        assert_eq!(answer[0]["status"], "Ready");
    }
    bench.post(&path("/A%2F1/certexpressinvites"), &json!([download()])).await.ok();
    let list = async |filter: &str| {
        let address = format!("{COMPANY}/certexpressinvites?$filter={}", encode(filter));
        bench.get(&address).await.ok()["@recordsetCount"].clone()
    };
    assert_eq!(list("customerCode eq 'B'").await, 2);
    assert_eq!(list("customerCode in ('A/1','nobody')").await, 1);
    assert_eq!(list("deliveryMethod eq 'Email' and emailStatus eq 'Sent'").await, 2);
    let unfiltered = bench.get(&format!("{COMPANY}/certexpressinvites")).await.ok();
    assert_eq!(unfiltered["@recordsetCount"], 3);
    let refused = format!("{COMPANY}/certexpressinvites?$filter={}", encode("requestLink is null"));
    assert_eq!(bench.get(&refused).await.refusal(), (400, 1212));
}

#[tokio::test]
async fn bad_invitations_are_refused_with_the_right_code() {
    let bench = bench(Duration::ZERO).await;
    let cases = [
        (with(email(), "recipient", Value::Null), 5),
        (with(email(), "recipient", "nobody"), 15),
        (with(email(), "coverLetterTitle", "LOVE_LETTER"), 1215),
        (with(email(), "coverLetterTitle", "OLD_REQUEST"), 1215),
        (with(email(), "coverLetterTitle", Value::Null), 5),
        (with(email(), "deliveryMethod", "Pigeon"), 32),
        (with(email(), "deliveryMethod", Value::Null), 5),
        (with(email(), "exposureZones", json!([1])), 1203),
        (with(email(), "exemptReasons", json!([1])), 1211),
    ];
    for (row, number) in cases {
        let answer = bench.post(&path("/B/certexpressinvites"), &json!([download(), row])).await;
        assert_eq!(answer.refusal(), (400, number), "{row}");
    }
    assert_eq!(bench.post(&path("/B/certexpressinvites"), &email()).await.refusal(), (400, 70), "no array");
    assert_eq!(bench.post(&path("/X/certexpressinvites"), &json!([email()])).await.refusal(), (404, 4));
    assert_eq!(bench.get(&path("/B/certexpressinvites/1")).await.refusal(), (404, 4));
    assert_eq!(bench.simulator.summary().invitations, 0);
}
