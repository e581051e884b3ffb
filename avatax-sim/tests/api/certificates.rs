//! Certificates: creating with all the traps, linking, coverage, attachments.

use std::time::Duration;

use avatax_sim::{BatchMode, LinkTwice, SimConfig};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Bench, COMPANY, certificate, encode, eventually, with};

const PDF: &[u8] = b"%PDF-1.7\n??>>~~ made up \xff\xfe\n%%EOF\n";

fn path(rest: &str) -> String {
    format!("{COMPANY}{rest}")
}

fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().unwrap().remove(field);
    value
}

/// Creates one certificate and gives its id.
async fn created(bench: &Bench, row: Value) -> u64 {
    bench.post(&path("/certificates"), &json!([row])).await.ok()[0]["id"].as_u64().unwrap()
}

async fn status(bench: &Bench, customer: &str, state: &str) -> Value {
    bench.get(&path(&format!("/customers/{customer}/certificates/US/{state}"))).await.ok()["status"].clone()
}

#[tokio::test]
async fn a_certificate_takes_effect_after_a_while_and_only_where_it_is_valid() {
    let delay = Duration::from_millis(1_500);
    let bench = Bench::new(SimConfig { processing_delay: delay, ..SimConfig::default() }).await;
    bench.customers(&["A", "B"]).await.ok();
    let id = created(&bench, certificate()).await;
    let before = bench.get(&path(&format!("/certificates/{id}"))).await.ok();
    assert_eq!((&before["status"], &before["documentExists"]), (&json!("PENDING"), &json!(false)));
    let linked =
        bench.post(&path("/customers/A/certificates/link"), &json!({"certificates": [id]})).await.ok();
    assert_eq!(linked["value"][0]["id"], id);
    assert_eq!(status(&bench, "A", "TX").await, "NotExempt", "not processed yet");
    let covered =
        eventually(&bench, &path("/customers/A/certificates/US/TX"), |v| v["status"] == "Exempt").await;
    assert_eq!(covered["certificate"]["id"], id);
    let after = bench.get(&path(&format!("/certificates/{id}?$include=customers"))).await.ok();
    assert_eq!((&after["status"], &after["ecmStatus"]), (&json!("COMPLETE"), &json!("Valid")));
    assert_eq!(after["customers"][0]["customerCode"], "A");
    for (customer, state) in [("A", "GA"), ("B", "TX")] {
        assert_eq!(status(&bench, customer, state).await, "NotExempt", "{customer} {state}");
    }
    assert_eq!(bench.simulator.summary().covered, 1);
    let listed = bench.get(&path("/customers/A/certificates")).await.ok();
    assert_eq!(listed["@recordsetCount"], 1);
    let expanded = bench.get(&path("/customers/A?$include=certificates")).await.ok();
    assert_eq!(expanded["certificates"][0]["id"], id);
    assert_eq!(bench.get(&path("/customers/X/certificates/US/TX")).await.refusal(), (404, 4));
    assert_eq!(bench.get(&path("/customers/A/certificates/US/ZZ")).await.refusal(), (400, 126));
    assert_eq!(bench.get(&path("/customers/A/certificates/ZZ/TX")).await.refusal(), (400, 125));

    bench.post(&path("/customers/A/certificates/unlink"), &json!({"certificates": [id]})).await.ok();
    assert_eq!(status(&bench, "A", "TX").await, "NotExempt");
}

#[tokio::test]
async fn not_every_certificate_exempts() {
    let bench = Bench::new(SimConfig { processing_delay: Duration::ZERO, ..SimConfig::default() }).await;
    let cases = [
        ("GOOD", certificate(), "Exempt", "Valid"),
        ("OPEN", without(certificate(), "expirationDate"), "Exempt", "Valid"),
        ("OLD", with(certificate(), "expirationDate", "2021-01-01 00:00:00"), "NotExempt", "Expired"),
        ("EARLY", with(certificate(), "signedDate", "2098-01-01T00:00:00Z"), "NotExempt", "PendingFuture"),
        ("BAD", with(certificate(), "valid", false), "NotExempt", "Invalid"),
        ("TAXED", with(certificate(), "exemptionReason", json!({"name": "EXPOSURE"})), "NotExempt", "Valid"),
    ];
    for (code, row, wanted, ecm_status) in cases {
        bench.customers(&[code]).await.ok();
        let id = created(&bench, with(row, "customers", json!([{"customerCode": code}]))).await;
        assert_eq!(status(&bench, code, "TX").await, wanted, "{code}");
        let stored = bench.get(&path(&format!("/certificates/{id}"))).await.ok();
        assert_eq!(stored["ecmStatus"], ecm_status, "{code}");
    }
}

#[tokio::test]
async fn bad_certificates_are_refused_with_the_right_code() {
    let bench = Bench::new(SimConfig::default()).await;
    let good = certificate;
    let cases = [
        (without(good(), "signedDate"), 5),
        (with(good(), "signedDate", "soon"), 32),
        (with(good(), "expirationDate", "2024-13-01"), 32),
        (without(good(), "exposureZone"), 1204),
        (with(good(), "exposureZone", json!({})), 1204),
        (with(good(), "exposureZone", json!({"name": "Atlantis"})), 1209),
        (with(good(), "exposureZone", json!({"id": 1})), 1209),
        (without(good(), "exemptionReason"), 1210),
        (with(good(), "exemptionReason", json!({"name": "BECAUSE"})), 1211),
        (without(good(), "filename"), 1204),
        (with(good(), "pdf", STANDARD.encode(PDF)), 1213),
        (with(without(good(), "filename"), "pdf", ""), 1214),
        (with(without(good(), "filename"), "pages", json!([null])), 1214),
        (with(good(), "customers", json!([{"customerCode": "x".repeat(51)}])), 14),
    ];
    for (row, number) in cases {
        let answer = bench.post(&path("/certificates"), &json!([row])).await;
        assert_eq!(answer.refusal(), (400, number), "{row}");
    }
    let summary = bench.simulator.summary();
    assert_eq!((summary.certificates, summary.customers, summary.effects), (0, 0, 0));
}

#[tokio::test]
async fn a_refused_document_leaves_a_certificate_without_links() {
    let fillable = [PDF, b"/AcroForm 7 0 R"].concat();
    for batch in [BatchMode::Atomic, BatchMode::StoresGood] {
        let bench = Bench::new(SimConfig { batch, ..SimConfig::default() }).await;
        bench.customers(&["A"]).await.ok();
        let base = with(without(certificate(), "filename"), "customers", json!([{"customerCode": "A"}]));
        for (count, pdf) in (1..).zip([
            STANDARD.encode(b"\x89PNG"),
            STANDARD.encode(&fillable),
            "no base64 at all".to_owned(),
        ]) {
            let answer = bench.post(&path("/certificates"), &json!([with(base.clone(), "pdf", pdf)])).await;
            assert_eq!(answer.refusal(), (400, 1203));
            let summary = bench.simulator.summary();
            assert_eq!((summary.certificates, summary.links), (count, 0));
        }
        let orphan = bench.get(&path("/certificates?$include=customers")).await.ok()["value"][0].clone();
        assert_eq!((&orphan["documentExists"], &orphan["customers"]), (&json!(false), &json!([])));
        let log = bench.get("/sim/effects?after=1&limit=1").await.ok();
        assert_eq!(log["effects"][0]["detail"]["refusedAfterStoring"], true);
    }
}

#[tokio::test]
async fn documents_are_taken_in_both_kinds_of_base64() {
    let bench = Bench::new(SimConfig::default()).await;
    let base = without(certificate(), "filename");
    let mut hashes = Vec::new();
    for pdf in [STANDARD.encode(PDF), URL_SAFE_NO_PAD.encode(PDF)] {
        let id = created(&bench, with(base.clone(), "pdf", pdf)).await;
        let stored = bench.get(&path(&format!("/certificates/{id}"))).await.ok();
        assert_eq!((&stored["documentExists"], &stored["pageCount"]), (&json!(true), &json!(1)));
        assert_eq!(stored.get("pdf"), None);
    }
    created(&bench, with(base.clone(), "pages", json!([STANDARD.encode(b"\xff\xd8\xff\xe0 a picture")])))
        .await;
    for effect in bench.get("/sim/effects").await.ok()["effects"].as_array().unwrap() {
        hashes.push(effect["detail"]["sha256"].as_str().unwrap().to_owned());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
    assert_eq!(hashes[0].len(), 64);
    let no_picture = with(base, "pages", json!([STANDARD.encode(PDF)]));
    assert_eq!(bench.post(&path("/certificates"), &json!([no_picture])).await.refusal(), (400, 1203));
}

#[tokio::test]
async fn a_customer_named_in_a_certificate_is_made_if_it_does_not_exist() {
    let bench = Bench::new(SimConfig::default()).await;
    bench.customers(&["Acme"]).await.ok();
    created(&bench, with(certificate(), "customers", json!([{"customerCode": "ACME"}]))).await;
    assert_eq!(bench.codes("").await, ["Acme", "ACME"]);
    let effects = bench.effects().await;
    let kinds: Vec<_> = effects.iter().map(|(kind, code)| (kind.as_str(), code.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("customer-created", "Acme"),
            ("certificate-created", ""),
            ("customer-created", "ACME"),
            ("certificate-linked", "ACME"),
        ]
    );
}

#[tokio::test]
async fn links_need_both_sides() {
    for link_twice in [LinkTwice::NoOp, LinkTwice::Error] {
        let bench = Bench::new(SimConfig { link_twice, ..SimConfig::default() }).await;
        bench.customers(&["A", "B"]).await.ok();
        let id = created(&bench, certificate()).await;
        let by_customer = path("/customers/A/certificates/link");
        assert_eq!(
            bench
                .post(&path("/customers/X/certificates/link"), &json!({"certificates": [id]}))
                .await
                .refusal(),
            (404, 4)
        );
        assert_eq!(bench.post(&by_customer, &json!({"certificates": [1]})).await.refusal(), (404, 4));
        assert_eq!(bench.post(&by_customer, &json!({})).await.refusal(), (400, 5));
        assert_eq!(bench.post(&by_customer, &json!({"certificates": ["x"]})).await.refusal(), (400, 70));
        bench.post(&by_customer, &json!({"certificates": [id]})).await.ok();
        let again = bench.post(&by_customer, &json!({"certificates": [id]})).await;
        match link_twice {
            LinkTwice::NoOp => assert_eq!(again.status, 200),
            _ => assert_eq!(again.refusal(), (400, 1203)),
        }
        let by_certificate = path(&format!("/certificates/{id}/customers"));
        assert_eq!(
            bench.post(&format!("{by_certificate}/link"), &json!({"customers": ["B", "X"]})).await.refusal(),
            (404, 4)
        );
        bench.post(&format!("{by_certificate}/link"), &json!({"customers": ["B"]})).await.ok();
        assert_eq!(bench.get(&by_certificate).await.ok()["@recordsetCount"], 2);
        bench.post(&format!("{by_certificate}/unlink"), &json!({"customers": ["A"]})).await.ok();
        assert_eq!(bench.simulator.summary().links, 1);
        let links =
            bench.effects().await.into_iter().filter(|(kind, _)| kind == "certificate-linked").count();
        assert_eq!(links, 2);
    }
}

#[tokio::test]
async fn certificates_can_be_looked_for() {
    let bench = Bench::new(SimConfig::default()).await;
    let first = created(&bench, certificate()).await;
    let other = with(with(certificate(), "filename", "ga.pdf"), "exposureZone", json!({"name": "georgia"}));
    let second = created(&bench, with(other, "signedDate", "2023-05-06")).await;
    let found = async |filter: &str| {
        let answer = bench.get(&path(&format!("/certificates?$filter={}", encode(filter)))).await.ok();
        let rows = answer["value"].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("signedDate eq '2023-05-06'").await, [second]);
    assert_eq!(found("filename eq 'resale.pdf' and exposureZoneName eq 'Texas'").await, [first]);
    assert_eq!(found("createdDate ge '2024-01-01'").await, [first, second]);
    for field in ["exemptionNumber", "ecmsId", "pdf", "exposureZone"] {
        let query = encode(&format!("{field} eq 'TX-1'"));
        let answer = bench.get(&path(&format!("/certificates?$filter={query}"))).await;
        assert_eq!(answer.refusal(), (400, 1212), "{field}");
    }
    assert_eq!(bench.get(&path("/certificates/7")).await.refusal(), (404, 4));
}

#[tokio::test]
async fn attachments_come_as_forms() {
    let bench = Bench::new(SimConfig::default()).await;
    let id = created(&bench, certificate()).await;
    let address = path(&format!("/certificates/{id}/attachment"));
    let form = |content: &[u8]| {
        let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c.pdf\"\r\n\r\n";
        [head.as_bytes(), content, b"\r\n--b--\r\n"].concat()
    };
    let kind = "multipart/form-data; boundary=b";
    let send =
        async |kind: &str, body: Vec<u8>| bench.send(Method::POST, &address, kind, body).await.unwrap();
    assert_eq!(send("application/pdf", PDF.to_vec()).await.refusal(), (400, 1217));
    assert_eq!(send(kind, form(b"just text")).await.refusal(), (400, 4019));
    let large = [b"%PDF".as_slice(), &vec![0; 11 * 1024 * 1024]].concat();
    assert_eq!(send(kind, form(&large)).await.refusal(), (400, 4018));
    let answer = send(kind, form(PDF)).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "\"OK\""));
    assert_eq!(bench.get(&path(&format!("/certificates/{id}"))).await.ok()["documentExists"], true);
    let stored: Vec<_> = bench.effects().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(stored, ["certificate-created", "attachment-stored"]);
}
