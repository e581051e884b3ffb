//! The switches for what nobody documents, drawn anew each time, and reads that lag behind.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use avatax_sim::{BatchMode, DuplicateAnswer, LinkTwice, SimConfig};
use serde_json::{Value, json};

use crate::support::{Bench, COMPANY, certificate, customer, encode, eventually, with};

#[tokio::test]
async fn duplicates_are_refused_in_a_way_of_their_own_each_time() {
    let run = async |seed| {
        let duplicate = DuplicateAnswer::Mixed;
        let bench = Bench::new(SimConfig { seed, duplicate, ..SimConfig::default() }).await;
        bench.customers(&["A", "B"]).await.ok();
        let mut seen = Vec::new();
        for _ in 0..80 {
            seen.push(bench.customers(&["A"]).await.refusal());
        }
        // Two rows of one batch do not have to be refused alike.
        let mut differ = false;
        for _ in 0..40 {
            let answer = bench.customers(&["A", "B"]).await.json();
            let details = &answer["error"]["details"];
            differ |= details[0]["number"] != details[1]["number"];
        }
        assert!(differ);
        seen
    };
    let seen = run(1).await;
    let ways: BTreeSet<_> = seen.iter().copied().collect();
    let all = [(400, 149), (400, 193), (400, 1203), (409, 149), (409, 193), (409, 1203)];
    assert_eq!(ways.into_iter().collect::<Vec<_>>(), all);
    assert_eq!(seen, run(1).await);
    assert_ne!(seen, run(2).await);
    for (duplicate, refusal) in
        [(DuplicateAnswer::Property409, (409, 149)), (DuplicateAnswer::Wrapped409, (409, 1203))]
    {
        let bench = Bench::new(SimConfig { duplicate, ..SimConfig::default() }).await;
        assert_eq!(bench.customers(&["A", "A"]).await.refusal(), refusal);
    }
}

#[tokio::test]
async fn a_customer_is_refused_for_a_reason_nobody_can_know() {
    let bench = Bench::new(SimConfig { refuses: Some("Unwanted".to_owned()), ..SimConfig::default() }).await;
    let rows = ["A", "B"].map(|code| {
        let row = customer(code);
        if code == "B" { with(row, "name", "An Unwanted Name") } else { row }
    });
    assert_eq!(bench.post(&format!("{COMPANY}/customers"), &rows.to_vec().into()).await.refusal(), (400, 32));
    assert_eq!(bench.simulator.summary().effects, 0);
    assert_eq!(bench.customers(&["A"]).await.status, 200);
}

/// What batches with a bad row in the middle leave behind, as letters.
async fn leftovers(batch: BatchMode, seed: u64) -> Vec<String> {
    let bench = Bench::new(SimConfig { seed, batch, ..SimConfig::default() }).await;
    let mut all = Vec::new();
    for n in 0..60 {
        let rows: Vec<Value> = ["A", "B", "x", "C", "D"]
            .iter()
            .map(|letter| {
                let row = customer(&format!("{letter}{n}"));
                if *letter == "x" { with(row, "line1", "") } else { row }
            })
            .collect();
        let before = bench.simulator.summary().effects;
        assert_eq!(bench.post(&format!("{COMPANY}/customers"), &rows.into()).await.refusal(), (400, 5));
        let log = bench.effects().await;
        let stored = log[before..].iter().filter_map(|(_, code)| code.chars().next());
        all.push(stored.collect::<String>());
        assert_eq!(bench.simulator.summary().customers, log.len());
    }
    bench.customers(&["Y", "Z"]).await.ok();
    assert!(
        bench.get(&format!("{COMPANY}/customers/Z")).await.status == 200,
        "a good batch is stored completely"
    );
    all
}

#[tokio::test]
async fn batches_leave_some_rows_or_any_of_the_ways() {
    let some = leftovers(BatchMode::StoresSome, 1).await;
    assert_eq!(some.iter().collect::<BTreeSet<_>>().len(), 16, "every part of four rows: {some:?}");
    assert_eq!(some, leftovers(BatchMode::StoresSome, 1).await);
    assert_ne!(some, leftovers(BatchMode::StoresSome, 2).await);
    let mixed = leftovers(BatchMode::Mixed, 1).await;
    for way in ["", "AB", "ABCD"] {
        let count = mixed.iter().filter(|left| *left == way).count();
        assert!(count > 60 / 8, "{way}: {count}");
    }
    assert!(mixed.iter().any(|left| !["", "AB", "ABCD"].contains(&left.as_str())), "{mixed:?}");
}

#[tokio::test]
async fn linking_twice_fails_now_and_then() {
    let bench = Bench::new(SimConfig { link_twice: LinkTwice::Mixed, ..SimConfig::default() }).await;
    bench.customers(&["A"]).await.ok();
    let created = bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await.ok();
    let path = format!("{COMPANY}/customers/A/certificates/link");
    let body = json!({"certificates": [created[0]["id"]]});
    bench.post(&path, &body).await.ok();
    let mut failures = 0;
    for _ in 0..40 {
        let answer = bench.post(&path, &body).await;
        failures += u32::from(answer.status != 200);
        assert!(answer.status == 200 || answer.refusal() == (400, 1203));
    }
    assert!((8..32).contains(&failures), "{failures}");
    assert_eq!(bench.simulator.summary().links, 1);
}

#[tokio::test]
async fn reads_lag_behind_while_writes_do_not() {
    let lag = Duration::from_millis(1_500);
    let bench = Bench::new(SimConfig {
        visible_after: lag,
        processing_delay: Duration::ZERO,
        ..SimConfig::default()
    })
    .await;
    let start = Instant::now();
    bench.customers(&["A"]).await.ok();
    let created = bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await.ok();
    assert_eq!(created[0]["filename"], "resale.pdf", "the answer of a write shows it");
    let id = created[0]["id"].clone();
    let invite = json!([{"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Download"}]);
    let link = json!({"certificates": [id]});
    bench.post(&format!("{COMPANY}/customers/A/certificates/link"), &link).await.ok();
    let invited = bench.post(&format!("{COMPANY}/customers/A/certexpressinvites"), &invite).await.ok();
    let invitation = &invited[0]["invitation"]["id"];
    assert_eq!(bench.customers(&["A"]).await.refusal(), (400, 193), "a duplicate is known at once");

    let single = [
        format!("{COMPANY}/customers/A"),
        format!("{COMPANY}/customers/A/certificates"),
        format!("{COMPANY}/customers/A/certificates/US/TX"),
        format!("{COMPANY}/customers/A/certexpressinvites/{invitation}"),
        format!("{COMPANY}/certificates/{id}"),
        format!("{COMPANY}/certificates/{id}/customers"),
    ];
    let filter = encode("customerCode eq 'A'");
    let lists = [
        format!("{COMPANY}/customers"),
        format!("{COMPANY}/customers?$filter={filter}"),
        format!("{COMPANY}/certificates"),
        format!("{COMPANY}/certexpressinvites"),
        format!("{COMPANY}/certexpressinvites?$filter={filter}"),
    ];
    for path in &single {
        assert_eq!(bench.get(path).await.refusal(), (404, 4), "{path}");
    }
    for path in &lists {
        assert_eq!(bench.get(path).await.ok()["@recordsetCount"], 0, "{path}");
    }
    let summary = bench.simulator.summary();
    assert_eq!((summary.customers, summary.certificates, summary.links, summary.effects), (1, 1, 1, 4));
    assert!(start.elapsed() < lag, "too slow a machine for this lag");

    let list = |n: usize| eventually(&bench, &lists[n], |value| value["@recordsetCount"] == 1);
    for n in 0..lists.len() {
        list(n).await;
    }
    assert!(start.elapsed() >= lag);
    for path in &single {
        bench.get(path).await.ok();
    }
    assert_eq!(bench.get(&single[2]).await.ok()["status"], "Exempt");
}

#[tokio::test]
async fn a_link_lags_by_itself() {
    let lag = Duration::from_millis(700);
    let config = SimConfig { visible_after: lag, processing_delay: Duration::ZERO, ..SimConfig::default() };
    let bench = Bench::new(config).await;
    bench.customers(&["A"]).await.ok();
    let created = bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await.ok();
    let id = created[0]["id"].clone();
    tokio::time::sleep(lag).await;
    let start = Instant::now();
    bench
        .post(&format!("{COMPANY}/customers/A/certificates/link"), &json!({"certificates": [id]}))
        .await
        .ok();
    let from_customer = format!("{COMPANY}/customers/A/certificates");
    let from_certificate = format!("{COMPANY}/certificates/{id}/customers");
    let coverage = format!("{COMPANY}/customers/A/certificates/US/TX");
    let included = format!("{COMPANY}/customers/A?$include=certificates");
    assert_eq!(bench.get(&from_customer).await.ok()["@recordsetCount"], 0);
    assert_eq!(bench.get(&from_certificate).await.ok()["@recordsetCount"], 0);
    assert_eq!(bench.get(&coverage).await.ok()["status"], "NotExempt");
    assert_eq!(bench.get(&included).await.ok()["certificates"], json!([]));
    assert!(start.elapsed() < lag, "too slow a machine for this lag");
    eventually(&bench, &from_customer, |value| value["@recordsetCount"] == 1).await;
    assert!(start.elapsed() >= lag);
    assert_eq!(bench.get(&from_certificate).await.ok()["@recordsetCount"], 1);
    assert_eq!(bench.get(&coverage).await.ok()["status"], "Exempt");
}
