//! Who may do what: credentials, companies, set-up, roles, definitions, the control surface, the state file.

use std::{net::SocketAddr, time::Duration};

use avatax_sim::{CompanySeed, Fault, FaultKind, Provisioning, Role, SimConfig, SimError};
use serde_json::json;

use crate::support::{Bench, COMPANY, basic, certificate, customer, eventually};

const PING: &str = "/api/v2/utilities/ping";

#[tokio::test]
async fn credentials_are_checked_everywhere_but_in_ping() {
    let config = SimConfig { bearer_token: Some("good-token".to_owned()), ..SimConfig::default() };
    let mut bench = Bench::new(config).await;
    let cases = [
        (None, 34, false),
        (Some("Digest x".to_owned()), 34, false),
        (Some("Basic ???".to_owned()), 35, false),
        (Some(basic("2000000001", "wrong")), 30, false),
        (Some(basic("1", "SIMULATED-LICENSE-KEY")), 30, false),
        (Some("Bearer bad".to_owned()), 37, false),
        (Some("Bearer good-token".to_owned()), 0, true),
        (Some(basic("2000000001", "SIMULATED-LICENSE-KEY")), 0, true),
    ];
    for (authorization, number, accepted) in cases {
        bench.authorization = authorization;
        assert_eq!(bench.get(PING).await.ok()["authenticated"], accepted);
        let answer = bench.get("/api/v2/companies").await;
        if accepted {
            answer.ok();
        } else {
            assert_eq!(answer.refusal(), (401, number));
        }
    }
    let state = bench.get("/sim/state").await.text;
    assert!(!state.contains("good-token") && !state.contains("SIMULATED") && !state.contains("Basic"));
    assert!(state.contains("test; 1; none; 0; bench"));
}

#[tokio::test]
async fn ping_tells_how_it_understood_the_credential() {
    let bench = Bench::new(SimConfig::default()).await;
    let answer = bench.get(PING).await.ok();
    assert_eq!(answer["authenticationType"], "AccountIdLicenseKey");
    assert_eq!(answer["authenticatedAccountId"], 2_000_000_001_u64);
    assert!(bench.get(PING).await.headers.contains_key("x-correlation-id"));
}

#[tokio::test]
async fn companies_are_found_by_code_and_others_do_not_exist() {
    let companies = [(5, "EAST"), (6, "WEST")].map(|(id, code)| CompanySeed {
        id,
        code: code.to_owned(),
        name: format!("Branch {code}"),
    });
    let bench = Bench::new(SimConfig { companies: companies.to_vec(), ..SimConfig::default() }).await;
    let answer = bench.get("/api/v2/companies?$filter=companyCode%20eq%20'WEST'").await.ok();
    assert_eq!((&answer["@recordsetCount"], &answer["value"][0]["id"]), (&json!(1), &json!(6)));
    assert_eq!(bench.get("/api/v2/companies/265001/customers").await.refusal(), (404, 4));
    assert_eq!(bench.get("/api/v2/companies/x/customers").await.refusal(), (404, 4));
    // What one company has the other has not.
    bench.post("/api/v2/companies/5/customers", &json!([customer("A")])).await.ok();
    bench.get("/api/v2/companies/5/customers/A").await.ok();
    assert_eq!(bench.get("/api/v2/companies/6/customers/A").await.refusal(), (404, 4));
}

#[tokio::test]
async fn nothing_works_before_the_set_up() {
    let config = SimConfig {
        provisioning: Provisioning::NotProvisioned,
        setup_delay: Duration::from_secs(1),
        ..SimConfig::default()
    };
    let bench = Bench::new(config).await;
    let setup = format!("{COMPANY}/certificates/setup");
    assert_eq!(bench.get(&setup).await.ok()["status"], "NotProvisioned");
    for path in ["customers", "customers/A", "certificates", "certexpressinvites"] {
        assert_eq!(bench.get(&format!("{COMPANY}/{path}")).await.refusal(), (400, 1205), "{path}");
    }
    assert_eq!(bench.get("/api/v2/definitions/coverletters").await.refusal(), (400, 1205));
    assert_eq!(bench.customers(&["A"]).await.refusal(), (400, 1205));
    assert_eq!(bench.post(&setup, &json!(null)).await.ok()["status"], "InProgress");
    assert_eq!(bench.customers(&["A"]).await.refusal(), (400, 1205));
    eventually(&bench, &setup, |answer| answer["status"] == "Provisioned").await;
    bench.customers(&["A"]).await.ok();
    // Asking again changes nothing.
    assert_eq!(bench.post(&setup, &json!(null)).await.ok()["status"], "Provisioned");
    let kinds: Vec<_> = bench.effects().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["setup-requested", "customer-created"]);
}

#[tokio::test]
async fn a_user_may_do_everything_but_create_certificates() {
    let bench = Bench::new(SimConfig { role: Role::User, ..SimConfig::default() }).await;
    bench.customers(&["A"]).await.ok();
    let answer = bench.post(&format!("{COMPANY}/certificates"), &json!([certificate()])).await;
    assert_eq!(answer.refusal(), (403, 31));
    assert_eq!(bench.simulator.summary().certificates, 0);
    bench.get(&format!("{COMPANY}/certificates")).await.ok();
}

#[tokio::test]
async fn definitions_belong_to_the_environment() {
    let one = Bench::new(SimConfig::default()).await;
    let two = Bench::new(SimConfig { seed: 2, ..SimConfig::default() }).await;
    for (list, name) in [("certificateexposurezones", "Georgia"), ("certificateexemptreasons", "RESALE")] {
        assert_ne!(one.id_of(list, name).await, two.id_of(list, name).await, "{list}");
    }
    let zones = one.get("/api/v2/definitions/certificateexposurezones").await.ok();
    assert_eq!(zones["@recordsetCount"], 64);
    let filtered =
        one.get("/api/v2/definitions/certificateexposurezones?$filter=name%20eq%20'Georgia'").await;
    assert_eq!(filtered.refusal(), (400, 1212));
    let reasons =
        one.get("/api/v2/definitions/certificateexemptreasons?$filter=name%20eq%20'RESALE'").await.ok();
    assert_eq!(reasons["@recordsetCount"], 1);
    let letters = one.get("/api/v2/definitions/coverletters?$filter=active%20eq%20true").await.ok();
    assert_eq!(letters["@recordsetCount"], 3);
    for (list, count) in [
        ("certificateattributes", 3),
        ("entityusecodes", 20),
        ("countries", 250),
        ("regions", 72),
        ("countries/CA/regions", 13),
        ("countries/FR/regions", 0),
    ] {
        let answer = one.get(&format!("/api/v2/definitions/{list}")).await.ok();
        assert_eq!(answer["@recordsetCount"], count, "{list}");
    }
    assert_eq!(one.get("/api/v2/definitions/countries/ZZ/regions").await.refusal(), (400, 125));
    assert_eq!(one.get("/api/v2/utilities/subscriptions").await.ok()["@recordsetCount"], 2);
    assert_eq!(one.get("/api/v2/nothing").await.status, 404);
}

#[tokio::test]
async fn the_control_surface_edits_counts_and_forgets() {
    let bench = Bench::new(SimConfig::default()).await;
    bench.customers(&["A/1"]).await.ok();
    bench.put("/sim/customers/265001/A%2F1", &json!({"name": "Somebody Else", "line2": null})).await.ok();
    let path = format!("{COMPANY}/customers/A%2F1");
    let stored = bench.get(&path).await.ok();
    assert_eq!((&stored["name"], &stored["city"]), (&json!("Somebody Else"), &json!("Austin")));
    bench.put("/sim/customers/265001/NEW", &json!({"name": "Appeared"})).await.ok();
    assert_eq!(bench.put("/sim/customers/265001/A", &json!([])).await.status, 400);

    let effects = bench.get("/sim/effects?after=1").await.ok();
    assert_eq!((&effects["total"], &effects["effects"][0]["sequence"]), (&json!(4), &json!(2)));
    assert_eq!(effects["effects"][0]["cause"], "sim");
    assert_eq!(effects["effects"][0]["detail"]["changed"], json!(["name"]));

    let state = bench.get("/sim/state").await.ok();
    assert_eq!((&state["customers"], &state["operations"]["GetCustomer"]), (&json!(2), &json!(1)));
    assert_eq!(bench.put("/sim/faults", &json!(["nonsense"])).await.status, 400);
    bench.put("/sim/faults", &json!(["500-before"])).await.ok();
    assert_eq!(bench.get(&path).await.status, 500);
    bench.post("/sim/reset", &json!(null)).await.ok();
    assert_eq!(bench.get(&path).await.refusal(), (404, 4));
    assert_eq!(bench.get("/sim/effects").await.ok()["total"], 0);
    assert_eq!(bench.simulator.summary().requests, 1);
}

#[tokio::test]
async fn connections_and_requests_in_flight_are_counted() {
    let config = SimConfig { latency: Duration::from_millis(300), ..SimConfig::default() };
    let bench = Bench::new(config).await;
    bench.get(PING).await.ok();
    bench.get(PING).await.ok();
    assert_eq!((bench.simulator.summary().connections, bench.simulator.summary().max_in_flight), (1, 1));
    tokio::join!(bench.get(PING), bench.get(PING), bench.get(PING));
    let summary = bench.simulator.summary();
    assert_eq!((summary.connections, summary.max_in_flight, summary.requests), (3, 3, 5));
    assert_eq!(summary.statuses.get(&200), Some(&5));
}

#[tokio::test]
async fn the_state_file_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let config = SimConfig { state_file: Some(path.clone()), ..SimConfig::default() };
    let bench = Bench::new(config.clone()).await;
    bench.customers(&["A", "B"]).await.ok();
    let body = json!([crate::support::with(certificate(), "customers", json!([{"customerCode": "A"}]))]);
    bench.post(&format!("{COMPANY}/certificates"), &body).await.ok();
    let effects = bench.effects().await;
    bench.simulator.stop().await.unwrap();
    assert!(!std::fs::read_to_string(&path).unwrap().contains("SIMULATED-LICENSE-KEY"));

    let bench = Bench::new(config.clone()).await;
    assert_eq!(bench.effects().await, effects);
    assert_eq!(bench.codes("$filter=customerCode%20eq%20'B'").await, ["B"]);
    assert_eq!(bench.customers(&["A"]).await.refusal(), (400, 193));
    bench.customers(&["C"]).await.ok();
    assert_eq!(bench.simulator.summary().links, 1);
    bench.simulator.stop().await.unwrap();

    let other_seed = avatax_sim::start(SimConfig { seed: 7, ..config.clone() }).await;
    assert!(matches!(other_seed, Err(SimError::BadState { .. })));
    std::fs::write(&path, "{").unwrap();
    assert!(matches!(avatax_sim::start(config).await, Err(SimError::BadState { .. })));
}

#[tokio::test]
async fn bad_configurations_do_not_start() {
    let everywhere = SimConfig { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..SimConfig::default() };
    assert!(matches!(avatax_sim::start(everywhere.clone()).await, Err(SimError::NotLoopback(_))));
    let allowed = avatax_sim::start(SimConfig { allow_remote: true, ..everywhere }).await.unwrap();
    let taken = SimConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], allowed.addr().port())),
        ..SimConfig::default()
    };
    assert!(matches!(avatax_sim::start(taken).await, Err(SimError::Bind { .. })));
    allowed.stop().await.unwrap();
    let none = SimConfig { companies: Vec::new(), ..SimConfig::default() };
    assert!(matches!(avatax_sim::start(none).await, Err(SimError::Companies(_))));
}

#[tokio::test]
async fn stopping_answers_what_is_under_way() {
    let config =
        SimConfig { faults: vec![Fault::new(FaultKind::Slow { millis: 300 })], ..SimConfig::default() };
    let Bench { simulator, .. } = Bench::new(config).await;
    let address = simulator.addr();
    let request = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /api/v2/utilities/ping HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    while simulator.summary().requests == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    simulator.stop().await.unwrap();
    assert!(request.await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(std::net::TcpStream::connect(address).is_err());
}
