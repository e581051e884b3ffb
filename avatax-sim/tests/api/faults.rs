//! Every kind of fault: what the client sees, and what is stored afterwards.

use std::time::{Duration, Instant};

use avatax_sim::{Fault, FaultKind, SimConfig};
use hyper::Method;
use serde_json::json;

use crate::support::{Bench, COMPANY, customer};

const CREATE: &str = "CreateCustomers";

async fn bench(faults: &[&str]) -> Bench {
    let faults = faults.iter().map(|text| text.parse().unwrap()).collect();
    Bench::new(SimConfig { faults, ..SimConfig::default() }).await
}

/// Sends a customer; an error is a connection that broke.
async fn create(bench: &Bench, code: &str) -> Result<crate::support::Answer, Box<dyn std::error::Error>> {
    let body = json!([customer(code)]).to_string().into_bytes();
    bench.send(Method::POST, &format!("{COMPANY}/customers"), "application/json", body).await
}

#[tokio::test]
async fn too_many_requests_with_and_without_a_time_to_wait() {
    let bench = bench(&["429:on=CreateCustomers,retry-after=7,limit=1", "429:on=QueryCustomers"]).await;
    let answer = create(&bench, "A").await.unwrap();
    assert_eq!((answer.refusal(), answer.headers["retry-after"].to_str().unwrap()), ((429, 1715), "7"));
    create(&bench, "A").await.unwrap().ok();
    let answer = bench.get(&format!("{COMPANY}/customers")).await;
    assert_eq!((answer.refusal(), answer.headers.get("retry-after")), ((429, 1715), None));
    assert_eq!(bench.simulator.summary().faults.get("429"), Some(&2));
}

#[tokio::test]
async fn errors_before_and_after_storing() {
    let bench = bench(&["500-before:limit=1", "500-after:on=CreateCustomers,limit=1"]).await;
    assert_eq!(create(&bench, "A").await.unwrap().refusal(), (500, 209));
    assert_eq!(bench.simulator.summary().customers, 0);
    assert_eq!(create(&bench, "A").await.unwrap().refusal(), (500, 209));
    assert_eq!(bench.simulator.summary().customers, 1);
    assert_eq!(create(&bench, "A").await.unwrap().refusal(), (400, 193));
    assert_eq!(bench.effects().await.len(), 1);
}

#[tokio::test]
async fn connections_are_cut_before_and_inside_the_answer() {
    let bench = bench(&["cut:on=CreateCustomers,limit=1"]).await;
    assert!(create(&bench, "A").await.is_err());
    assert_eq!(bench.simulator.summary().customers, 0);
    bench.simulator.set_faults(vec![Fault::new(FaultKind::CutAfter).on(CREATE).times(1)]);
    assert!(create(&bench, "A").await.is_err());
    assert_eq!(bench.simulator.summary().customers, 1);
    assert_eq!(create(&bench, "A").await.unwrap().refusal(), (400, 193));
    let summary = bench.simulator.summary();
    assert_eq!(summary.statuses.values().sum::<u64>(), 1, "a cut has no status: {summary:?}");
    assert_eq!(summary.requests, 3);
}

#[tokio::test]
async fn a_gateway_answers_in_html() {
    let bench = bench(&["html"]).await;
    let answer = create(&bench, "A").await.unwrap();
    assert_eq!(answer.status, 502);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.text.starts_with("<!DOCTYPE html>"));
    assert_eq!(bench.simulator.summary().customers, 0);
}

#[tokio::test]
async fn slow_answers_are_right_all_the_same() {
    let bench = bench(&["slow:ms=250,on=CreateCustomers"]).await;
    let start = Instant::now();
    create(&bench, "A").await.unwrap().ok();
    assert!(start.elapsed() >= Duration::from_millis(250));
    assert_eq!(bench.simulator.summary().faults.get("slow"), Some(&1));
}

#[tokio::test]
async fn one_seed_gives_one_series_of_faults() {
    let run = async |seed| {
        let faults = vec!["500-before:rate=0.3,on=Ping".parse().unwrap()];
        let bench = Bench::new(SimConfig { seed, faults, ..SimConfig::default() }).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(bench.get("/api/v2/utilities/ping").await.status.as_u16());
        }
        statuses
    };
    let first = run(1).await;
    assert!(first.contains(&200) && first.contains(&500));
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
}
