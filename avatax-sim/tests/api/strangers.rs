//! Other people, lists that move, batches in part, and the figures of all faults.

use std::collections::{BTreeSet, HashSet};

use avatax_sim::{Fault, SimConfig};
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Bench, COMPANY, certificate, customer, encode};

fn set(bench: &Bench, faults: &[&str]) {
    let faults: Vec<Fault> = faults.iter().map(|text| text.parse().unwrap()).collect();
    bench.simulator.set_faults(faults);
}

async fn with_customers(seed: u64, codes: &[&str]) -> Bench {
    let bench = Bench::new(SimConfig { seed, ..SimConfig::default() }).await;
    bench.customers(codes).await.ok();
    bench
}

/// Effects after a number of them.
async fn effects(bench: &Bench, after: usize) -> Vec<Value> {
    bench.get(&format!("/sim/effects?after={after}")).await.ok()["effects"].as_array().unwrap().clone()
}

#[tokio::test]
async fn somebody_changes_the_customer_just_before() {
    let bench = with_customers(1, &["A", "B"]).await;
    set(&bench, &["edit"]);
    let path = format!("{COMPANY}/customers/A");
    let mut fields = BTreeSet::new();
    for _ in 0..30 {
        let count = bench.simulator.summary().effects;
        let answer = bench.get(&path).await.ok();
        let log = effects(&bench, count).await;
        assert_eq!(log.len(), 1);
        let effect = &log[0];
        assert_eq!((&effect["cause"], &effect["customerCode"]), (&json!("sim"), &json!("A")));
        assert_eq!(effect["kind"], "customer-updated");
        let field = effect["detail"]["changed"][0].as_str().unwrap();
        assert_eq!(answer[field], effect["detail"]["after"][field], "changed before the answer");
        assert_ne!(effect["detail"]["before"][field], effect["detail"]["after"][field]);
        fields.insert(field.to_owned());
    }
    assert_eq!(fields.len(), 4, "{fields:?}");
    assert_eq!(bench.get(&format!("{COMPANY}/customers/X")).await.refusal(), (404, 4));
    assert_eq!(bench.simulator.summary().faults["edit"], 30, "nobody to change is no strike");
}

#[tokio::test]
async fn whom_somebody_changes_is_found_wherever_it_is_named() {
    let bench = with_customers(1, &["A", "B", "C"]).await;
    let first = bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await.ok();
    let id = &first[0]["id"];
    bench
        .post(&format!("{COMPANY}/certificates/{id}/customers/link"), &json!({"customers": ["B"]}))
        .await
        .ok();
    set(&bench, &["edit"]);
    let edited = async |path: &str, body: Option<Value>| {
        let count = bench.simulator.summary().effects;
        match body {
            Some(body) => bench.post(&format!("{COMPANY}{path}"), &body).await,
            None => bench.get(&format!("{COMPANY}{path}")).await,
        };
        let log = effects(&bench, count).await;
        let edits = log.iter().filter(|effect| effect["cause"] == "sim");
        edits.map(|effect| effect["customerCode"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let filter = encode("customerCode in ('C','nobody')");
    assert_eq!(edited(&format!("/customers?$filter={filter}"), None).await, ["C"]);
    assert_eq!(edited(&format!("/certificates/{id}"), None).await, ["B"]);
    assert_eq!(edited("/customers", Some(json!([customer("A"), customer("N")]))).await, ["A"]);
    let link = json!({"customers": ["C"]});
    assert_eq!(edited(&format!("/certificates/{id}/customers/link"), Some(link)).await, ["B"]);
    let with = json!([{"customers": [{"customerCode": "C"}]}]);
    assert_eq!(edited("/certificates", Some(with)).await, ["C"]);
    assert_eq!(edited("/customers", Some(json!([customer("M")]))).await, [""; 0]);
    let mut anyone = BTreeSet::new();
    for _ in 0..40 {
        anyone.extend(edited("/certificates", None).await);
    }
    assert!(anyone.len() > 2, "{anyone:?}");
}

#[tokio::test]
async fn somebody_takes_a_code_just_before() {
    let bench = with_customers(1, &["A"]).await;
    set(&bench, &["taken:limit=1"]);
    assert_eq!(bench.customers(&["A"]).await.refusal(), (400, 193), "all are taken already");
    assert_eq!(bench.simulator.summary().faults.get("taken"), None);
    assert_eq!(bench.customers(&["B", "C"]).await.refusal(), (400, 193));
    let log = effects(&bench, 1).await;
    assert_eq!(
        (log.len(), &log[0]["cause"], &log[0]["kind"]),
        (1, &json!("sim"), &json!("customer-created"))
    );
    let code = log[0]["customerCode"].as_str().unwrap();
    assert!(["B", "C"].contains(&code));
    let theirs = bench.get(&format!("{COMPANY}/customers/{code}")).await.ok();
    assert_eq!(theirs["name"], log[0]["detail"]["name"]);
    assert_ne!(theirs["name"], customer(code)["name"]);
    assert_ne!(theirs["line1"], customer(code)["line1"]);
    bench.customers(&["D"]).await.ok();
}

#[tokio::test]
async fn a_good_batch_is_stored_in_part() {
    let (mut lost, mut failed) = (0, 0);
    for seed in 0..12 {
        let bench = Bench::new(SimConfig { seed, ..SimConfig::default() }).await;
        set(&bench, &["partial"]);
        let codes = ["A", "B", "C", "D", "E"];
        let rows: Vec<Value> = codes.iter().map(|code| customer(code)).collect();
        let body = Value::from(rows).to_string().into_bytes();
        match bench.send(Method::POST, &format!("{COMPANY}/customers"), "application/json", body).await {
            Ok(answer) => {
                assert_eq!(answer.refusal(), (500, 209));
                failed += 1;
            }
            Err(_) => lost += 1,
        }
        let stored = bench.codes("").await;
        assert!((1..5).contains(&stored.len()), "{stored:?}");
        let log = effects(&bench, 0).await;
        let logged: Vec<_> = log.iter().map(|effect| effect["customerCode"].as_str().unwrap()).collect();
        assert_eq!(logged, stored);
        assert!(log.iter().all(|effect| effect["cause"] == "CreateCustomers"));
        let struck = bench.simulator.summary().faults["partial"];
        bench.customers(&["F"]).await.ok();
        assert_eq!(bench.customers(&["G", "A", "B", "C", "D", "E"]).await.status, 400);
        assert_eq!((struck, bench.simulator.summary().faults["partial"]), (1, 1), "one row, or a bad one");
    }
    assert!(lost > 1 && failed > 1, "{lost} {failed}");
}

#[tokio::test]
async fn a_further_page_can_be_too_old() {
    let bench = with_customers(1, &["A", "B", "C"]).await;
    set(&bench, &["expired"]);
    assert_eq!(bench.codes("$top=1").await, ["A"]);
    let path = |query: &str| format!("{COMPANY}/customers?{query}");
    assert_eq!(bench.get(&path("$top=1&$skip=1")).await.refusal(), (400, 170));
    assert_eq!(bench.get(&path("$top=1&pageKey=P1")).await.refusal(), (400, 170));
    let zones = "/api/v2/definitions/certificateexposurezones?$top=5&$skip=5";
    assert_eq!(bench.get(zones).await.refusal(), (400, 170));
    assert_eq!(bench.simulator.summary().faults["expired"], 3);
}

/// Reads a list page by page and gives the ids of its rows, and those of the rows that are ours.
async fn read(bench: &Bench, path: &str, own: &[u64]) -> (Vec<u64>, BTreeSet<u64>) {
    let mut all = Vec::new();
    for page in 0.. {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{COMPANY}{path}{separator}$top=4&$skip={}", page * 4);
        let rows = bench.get(&path).await.ok()["value"].as_array().unwrap().clone();
        if rows.is_empty() {
            break;
        }
        all.extend(rows.iter().map(|row| row["id"].as_u64().unwrap()));
    }
    let ours = all.iter().copied().filter(|id| own.contains(id)).collect();
    (all, ours)
}

#[tokio::test]
async fn rows_shift_between_pages() {
    let invite = json!([{"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Download"}]);
    let (mut twice, mut missed) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..6 {
        let codes = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
        let bench = with_customers(seed, &codes).await;
        for code in codes {
            bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await.ok();
            bench.post(&format!("{COMPANY}/customers/{code}/certexpressinvites"), &invite).await.ok();
        }
        let filtered = format!("/customers?$filter={}", encode("region eq 'TX'"));
        for (operation, path) in [
            ("QueryCustomers", filtered.as_str()),
            ("QueryCertificates", "/certificates"),
            ("ListCertExpressInvitations", "/certexpressinvites"),
        ] {
            set(&bench, &[]);
            let (own, _) = read(&bench, path, &[]).await;
            // What was brought by strangers for another list is not ours.
            let own: Vec<u64> = own.into_iter().filter(|id| *id >= 10_000_000).collect();
            assert_eq!(own.len(), 10);
            set(&bench, &["shift"]);
            let count = bench.simulator.summary().effects;
            let (all, ours) = read(&bench, path, &own).await;
            if ours.len() < own.len() {
                missed.insert(operation);
            }
            if all.iter().collect::<BTreeSet<_>>().len() < all.len() {
                twice.insert(operation);
            }
            let log = effects(&bench, count).await;
            assert!(!log.is_empty() && log.iter().all(|effect| effect["cause"] == "sim"));
            set(&bench, &[]);
            let (_, ours) = read(&bench, path, &own).await;
            assert_eq!(ours.len(), own.len(), "{operation}: nothing of ours is gone");
        }
        the_log_tells_it_all(&bench).await;
    }
    assert_eq!((twice.len(), missed.len()), (3, 3), "{twice:?} {missed:?}");
}

#[tokio::test]
async fn a_filter_that_names_codes_takes_no_strangers() {
    let bench = with_customers(1, &["A", "B"]).await;
    set(&bench, &["shift"]);
    let filter = encode("customerCode in ('A','B')");
    assert_eq!(bench.codes(&format!("$filter={filter}&$top=1&$skip=1")).await, ["B"]);
    assert_eq!(bench.simulator.summary().faults.len(), 0);
    assert_eq!(bench.simulator.summary().effects, 2);
}

/// Compares what is stored with what the log of effects says.
async fn the_log_tells_it_all(bench: &Bench) {
    bench.simulator.set_faults(Vec::new());
    let mut there: [HashSet<Value>; 4] = Default::default();
    for effect in effects(bench, 0).await {
        let link = json!([effect["customerId"], effect["certificateId"]]);
        let (place, key) = match effect["kind"].as_str().unwrap().split_once('-').unwrap() {
            ("customer", _) => (0, effect["customerId"].clone()),
            ("certificate", "linked" | "unlinked") => (1, link),
            ("certificate", _) => (2, effect["certificateId"].clone()),
            ("invitation", _) => (3, effect["invitationId"].clone()),
            (other, _) => panic!("unexpected {other}"),
        };
        let kind = effect["kind"].as_str().unwrap();
        if kind.ends_with("created") || kind.ends_with("-linked") {
            assert!(there[place].insert(key), "created twice: {effect}");
        } else if kind.ends_with("removed") || kind.ends_with("unlinked") {
            assert!(there[place].remove(&key), "never created: {effect}");
        } else {
            assert!(there[place].contains(&key), "changed and not there: {effect}");
        }
    }
    let list = async |path: &str| {
        let rows = bench.get(&format!("{COMPANY}/{path}?$top=1000&$include=customers")).await.ok();
        rows["value"].as_array().unwrap().clone()
    };
    let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<HashSet<_>>();
    let certificates = list("certificates").await;
    let links = certificates.iter().flat_map(|row| {
        let customers = row["customers"].as_array().unwrap();
        customers.iter().map(|customer| json!([customer["id"], row["id"]]))
    });
    let customers = bench.get(&format!("{COMPANY}/customers?$top=1000")).await.ok();
    let invitations = bench.get(&format!("{COMPANY}/certexpressinvites?$top=1000")).await.ok();
    assert_eq!(there[0], ids(customers["value"].as_array().unwrap()));
    assert_eq!(there[1], links.collect());
    assert_eq!(there[2], ids(&certificates));
    assert_eq!(there[3], ids(invitations["value"].as_array().unwrap()));
}

#[tokio::test]
async fn the_log_is_exact_under_all_faults_together() {
    let faults = [
        "429",
        "503",
        "slow-down",
        "500-before",
        "500-after",
        "refused-after",
        "html",
        "html-after",
        "cut",
        "lost",
        "cut-after",
        "hang:ms=1",
        "hang-after:ms=1",
        "slow:ms=1",
        "slow-body:ms=1",
        "partial",
        "expired",
        "shift",
        "edit",
        "taken",
    ]
    .map(|kind| format!("{kind}{}rate=0.15", if kind.contains(':') { ',' } else { ':' }));
    let bench = Bench::new(SimConfig {
        seed: 5,
        duplicate: avatax_sim::DuplicateAnswer::Mixed,
        batch: avatax_sim::BatchMode::Mixed,
        link_twice: avatax_sim::LinkTwice::Mixed,
        ..SimConfig::default()
    })
    .await;
    set(&bench, &faults.iter().map(String::as_str).collect::<Vec<_>>());
    let invite = json!([{"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Download"}]);
    let send = async |method: Method, path: &str, body: Value| {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        // Right or wrong, what counts is what was stored.
        let _answer = bench.send(method, &format!("{COMPANY}{path}"), "application/json", body).await;
    };
    for n in 0..60 {
        let rows =
            json!([customer(&format!("C{n}")), customer(&format!("D{n}")), customer(&format!("C{}", n / 2))]);
        send(Method::POST, "/customers", rows).await;
        send(Method::POST, "/customers", json!([customer(&format!("E{n}")), customer(&format!("F{n}"))]))
            .await;
        let mut new = certificate();
        new["customers"] = json!([{"customerCode": format!("G{}", n / 3)}]);
        send(Method::POST, "/certificates", json!([new])).await;
        send(Method::POST, &format!("/customers/C{n}/certexpressinvites"), invite.clone()).await;
        let id = bench.get("/sim/effects").await.ok()["effects"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .find_map(|effect| effect["certificateId"].as_u64())
            .unwrap_or_default();
        let verb = if n % 4 == 0 { "unlink" } else { "link" };
        send(Method::POST, &format!("/customers/D{n}/certificates/{verb}"), json!({"certificates": [id]}))
            .await;
        for list in ["customers", "certificates", "certexpressinvites"] {
            send(Method::GET, &format!("/{list}?$top=10&$skip={}", n % 3 * 10), Value::Null).await;
        }
        send(Method::PUT, &format!("/customers/C{n}"), customer(&format!("C{n}"))).await;
    }
    let counts = bench.simulator.fault_counts();
    assert_eq!(counts.len(), faults.len(), "every kind struck: {counts:?}");
    the_log_tells_it_all(&bench).await;
}

#[tokio::test]
async fn figures_are_kept_by_kind_and_operation() {
    let bench = Bench::new(SimConfig::default()).await;
    set(&bench, &["500-before:limit=2", "html:on=QueryCustomers"]);
    bench.get("/api/v2/utilities/ping").await;
    bench.customers(&["A"]).await;
    bench.get(&format!("{COMPANY}/customers")).await;
    bench.put("/sim/faults", &json!(["500-before:limit=1"])).await.ok();
    bench.get("/api/v2/utilities/ping").await;
    let figures = bench.get("/sim/faults").await.ok();
    let struck = json!({"500-before": {"Ping": 2, "CreateCustomers": 1}, "html": {"QueryCustomers": 1}});
    assert_eq!(figures, json!({"faults": ["500-before:rate=1,limit=1"], "struck": struck}));
    assert_eq!(json!(bench.simulator.fault_counts()), struck);
    assert_eq!(json!(bench.simulator.summary().faults), json!({"500-before": 3, "html": 1}));
    bench.post("/sim/reset", &Value::Null).await.ok();
    assert_eq!(bench.simulator.fault_counts().len(), 0);
}
