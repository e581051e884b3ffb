//! Customers: creating, reading back, updating, querying, and all the ways to be refused.

use std::time::Instant;

use avatax_sim::{BatchMode, DuplicateAnswer, SimConfig};
use serde_json::{Value, json};

use crate::support::{Bench, COMPANY, customer, encode, with};

fn path(rest: &str) -> String {
    format!("{COMPANY}/customers{rest}")
}

#[tokio::test]
async fn what_was_created_can_be_read() {
    let bench = Bench::new(SimConfig::default()).await;
    let row = with(with(customer("C-1"), "country", "USA"), "region", "Texas");
    let created = bench.post(&path(""), &json!([with(row, "alternateId", 42)])).await.ok();
    assert!(created[0]["id"].as_u64().is_some());
    let read = bench.get(&path("/C-1")).await.ok();
    assert_eq!(read, created[0]);
    assert_eq!((&read["country"], &read["region"]), (&json!("US"), &json!("TX")));
    assert_eq!((&read["alternateId"], &read["companyId"]), (&json!("42"), &json!(265_001)));
    assert_eq!(bench.get(&path("/c-1")).await.refusal(), (404, 4), "codes are case-sensitive");
}

#[tokio::test]
async fn codes_may_hold_anything_that_can_be_encoded() {
    let bench = Bench::new(SimConfig::default()).await;
    for code in ["A/B", "100% Öl & Gas", "客户 7", "a+b?c#d", "x%2Fy", "link"] {
        bench.customers(&[code]).await.ok();
        let read = bench.get(&path(&format!("/{}", encode(code)))).await.ok();
        assert_eq!(read["customerCode"], code);
        let filter = encode(&format!("customerCode eq '{code}'"));
        assert_eq!(bench.codes(&format!("$filter={filter}")).await, [code]);
        bench.get(&path(&format!("/{}/certificates/US/TX", encode(code)))).await.ok();
    }
}

#[tokio::test]
async fn bad_rows_are_refused_with_the_right_code() {
    let bench = Bench::new(SimConfig::default()).await;
    let good = || customer("X");
    let cases: Vec<(Value, u64)> = vec![
        (with(good(), "customerCode", Value::Null), 5),
        (with(good(), "customerCode", "x".repeat(51)), 14),
        (with(good(), "customerCode", "a\nb"), 32),
        (with(good(), "name", " "), 5),
        (with(good(), "name", "n".repeat(101)), 14),
        (with(good(), "line1", Value::Null), 5),
        (with(good(), "line1", "l".repeat(51)), 14),
        (with(good(), "line2", "l".repeat(51)), 14),
        (with(good(), "city", ""), 5),
        (with(good(), "postalCode", Value::Null), 5),
        (with(good(), "postalCode", "1".repeat(11)), 14),
        (with(good(), "country", "Atlantis"), 125),
        (with(good(), "country", Value::Null), 5),
        (with(good(), "region", Value::Null), 5),
        (with(good(), "region", "ON"), 126),
        (with(with(good(), "country", "CA"), "region", ""), 5),
        (with(with(good(), "country", "FR"), "region", "Normandie"), 14),
        (with(good(), "emailAddress", "nobody"), 15),
        (with(with(good(), "isBill", true), "isShip", true), 1220),
        (with(good(), "name", 7), 70),
        (json!("text"), 70),
    ];
    for (row, number) in cases {
        assert_eq!(bench.post(&path(""), &json!([row])).await.refusal(), (400, number), "{row}");
    }
    assert_eq!(bench.post(&path(""), &good()).await.refusal(), (400, 70), "an object is no array");
    assert_eq!(bench.post(&path(""), &json!([])).await.refusal(), (400, 38));
    let broken =
        bench.send(hyper::Method::POST, &path(""), "application/json", b"[{".to_vec()).await.unwrap();
    assert_eq!(broken.refusal(), (400, 47));
    let many: Vec<_> = (0..101).map(|n| customer(&format!("M{n}"))).collect();
    assert_eq!(bench.post(&path(""), &many.into()).await.refusal(), (400, 10));
    assert_eq!(bench.simulator.summary().customers, 0);
    let elsewhere = with(with(good(), "country", "FR"), "region", Value::Null);
    bench.post(&path(""), &json!([elsewhere])).await.ok();
}

#[tokio::test]
async fn duplicates_are_refused_in_every_way_there_is() {
    for (duplicate, expected) in [
        (DuplicateAnswer::Entry400, (400, 193)),
        (DuplicateAnswer::Property400, (400, 149)),
        (DuplicateAnswer::Wrapped400, (400, 1203)),
        (DuplicateAnswer::Entry409, (409, 193)),
    ] {
        let bench = Bench::new(SimConfig { duplicate, ..SimConfig::default() }).await;
        bench.customers(&["A"]).await.ok();
        let answer = bench.customers(&["A"]).await;
        assert_eq!(answer.refusal(), expected);
        if expected.1 == 1203 {
            let text = answer.json()["error"]["details"][0]["description"].as_str().unwrap().to_owned();
            let inner: Value = serde_json::from_str(text.trim_end_matches('.')).unwrap();
            assert_eq!(inner["success"], false);
        }
        assert_eq!(bench.customers(&["B", "B"]).await.refusal(), expected, "twice in one batch");
        bench.customers(&["a"]).await.ok();
    }
}

#[tokio::test]
async fn a_batch_with_a_bad_row_leaves_what_the_mode_says() {
    for (batch, left) in [
        (BatchMode::Atomic, &[][..]),
        (BatchMode::StoresUntilFirstBad, &["A"][..]),
        (BatchMode::StoresGood, &["A", "C"][..]),
    ] {
        let bench = Bench::new(SimConfig { batch, ..SimConfig::default() }).await;
        let rows = json!([customer("A"), with(customer("B"), "line1", ""), customer("C")]);
        assert_eq!(bench.post(&path(""), &rows).await.refusal(), (400, 5));
        assert_eq!(bench.codes("").await, left, "{batch:?}");
        let effects: Vec<_> = bench.effects().await.into_iter().map(|(_, code)| code).collect();
        assert_eq!(effects, left, "{batch:?}");
    }
}

#[tokio::test]
async fn an_update_replaces_the_whole_record() {
    let bench = Bench::new(SimConfig::default()).await;
    bench.customers(&["A"]).await.ok();
    let mut row = customer("A");
    row.as_object_mut().unwrap().remove("emailAddress");
    let updated = bench.put(&path("/A"), &with(row, "city", "Dallas")).await.ok();
    assert_eq!((&updated["city"], &updated["emailAddress"]), (&json!("Dallas"), &Value::Null));
    assert_eq!(bench.put(&path("/A"), &with(customer("A"), "line1", "")).await.refusal(), (400, 5));
    assert_eq!(bench.put(&path("/A"), &customer("B")).await.refusal(), (400, 32));
    assert_eq!(bench.put(&path("/B"), &customer("B")).await.refusal(), (404, 4));
    let effects = bench.get("/sim/effects?after=1").await.ok();
    assert_eq!(effects["effects"][0]["kind"], "customer-updated");
    assert_eq!(effects["effects"][0]["detail"]["changed"], json!(["city", "emailAddress"]));
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let bench = Bench::new(SimConfig::default()).await;
    for start in [0, 100] {
        let codes: Vec<_> = (start..start + 100).map(|n| format!("C{n:03}")).collect();
        bench.customers(&codes.iter().map(String::as_str).collect::<Vec<_>>()).await.ok();
    }
    bench.post(&path(""), &json!([with(customer("Z'Z"), "name", "Odd One")])).await.ok();
    assert_eq!(bench.codes("").await.len(), 100, "the default page");
    assert_eq!(bench.codes("$top=5000").await.len(), 201);
    assert_eq!(bench.codes("$top=2&$skip=4").await, ["C004", "C005"]);
    assert_eq!(bench.codes("$top=2&$orderBy=customerCode%20DESC").await, ["Z'Z", "C199"]);
    let filtered = async |filter: &str| bench.codes(&format!("$filter={}", encode(filter))).await;
    assert_eq!(filtered("customerCode in ('C150','C003','nope','C003')").await, ["C003", "C150"]);
    assert_eq!(filtered("customerCode eq 'Z''Z'").await, ["Z'Z"]);
    assert_eq!(filtered("name contains 'C01' and customerCode lt 'C012'").await, ["C010", "C011"]);
    assert_eq!(filtered("customerCode eq 'C001' or name eq 'Odd One'").await, ["C001", "Z'Z"]);
    assert_eq!(filtered("createdDate lt '2001-01-01'").await, [""; 0]);

    let page = bench.get(&path(&format!("?$top=50&$filter={}", encode("region eq 'TX'")))).await.ok();
    assert_eq!(page["@recordsetCount"], 201);
    let mut seen = page["value"].as_array().unwrap().len();
    let mut next = page["@nextLink"].as_str().map(str::to_owned);
    assert!(page["pageKey"].is_string());
    while let Some(link) = next {
        let page = bench.get(link.strip_prefix(&bench.simulator.base_url()).unwrap()).await.ok();
        seen += page["value"].as_array().unwrap().len();
        next = page["@nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, 201);
}

#[tokio::test]
async fn bad_queries_are_refused_with_the_right_code() {
    let bench = Bench::new(SimConfig::default()).await;
    for (query, number) in [
        ("$top=50&$skip=10", 1218),
        ("$skip=50", 1218),
        ("$top=x", 18),
        ("$orderBy=name,city", 1219),
        ("$orderBy=colour", 17),
        ("$orderBy=name%20up", 18),
        ("$filter=colour%20eq%20'red'", 17),
        ("$filter=shipTos%20eq%20'x'", 1212),
        ("$filter=name%20like%20'x'", 18),
        ("$include=everything", 17),
    ] {
        assert_eq!(bench.get(&path(&format!("?{query}"))).await.refusal(), (400, number), "{query}");
    }
    let long = format!("?$filter=name%20eq%20'{}'", "x".repeat(17_000));
    assert_eq!(bench.get(&path(&long)).await.refusal(), (414, 187));
}

#[tokio::test]
async fn many_customers_stay_quick() {
    let bench = Bench::new(SimConfig::default()).await;
    for start in (0..20_000).step_by(100) {
        let rows: Vec<_> = (start..start + 100).map(|n| customer(&format!("C{n:05}"))).collect();
        bench.post(&path(""), &rows.into()).await.ok();
    }
    let start = Instant::now();
    for n in 0..100 {
        let filter = encode(&format!("customerCode in ('C{n:05}','C19999','c00001')"));
        assert_eq!(bench.codes(&format!("$filter={filter}")).await.len(), 2);
    }
    // A scan of 20,000 rows for each of the hundred would take far longer even on a slow machine.
    assert!(start.elapsed().as_secs_f64() < 5.0, "{:?}", start.elapsed());
    assert_eq!(bench.get(&path("?$top=1000&$skip=19000")).await.ok()["value"][999]["customerCode"], "C19999");
}
