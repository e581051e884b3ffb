//! Records of two real ERPs, read in place: what they hold is known from reading them with the eye, and is repeated here
//! figure by figure. The samples are not part of the workspace; where they are not at hand, these tests say so and pass.

#![expect(
    clippy::indexing_slicing,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::path::PathBuf;

use onboarding_tests::{Stage, shared_samples};
use serde_json::{Value, json};

fn stage(kind: &str, sample: PathBuf) -> Stage {
    Stage::build().erp(kind, &sample).without_certificates().start()
}

/// Some figures of the analysis.
fn figures(found: &Value) -> Value {
    let names =
        ["total", "exempt", "taxable", "unknown", "out_of_use", "unreadable", "creatable", "invitable"];
    names.iter().map(|name| ((*name).to_owned(), found["result"][*name].clone())).collect()
}

/// Code, name, country, region and e-mail address of every customer in AvaTax.
fn in_avatax(stage: &Stage) -> Vec<[String; 5]> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let fields = ["customerCode", "name", "country", "region", "emailAddress"];
    stage.sim().customers().values().map(|row| fields.map(|field| text(row, field))).collect()
}

fn rows(expected: &[[&str; 5]]) -> Vec<[String; 5]> {
    expected.iter().map(|row| row.map(str::to_owned)).collect()
}

#[test]
fn ofbiz_holds_five_customers_of_which_one_is_exempt_in_utah_only() {
    let Some(sample) = shared_samples("ofbiz") else { return };
    let found = stage("ofbiz", sample).json(&["analyze"], 0);
    let expected = json!({
        "total": 5, "exempt": 1, "taxable": 4, "unknown": 0, "out_of_use": 0, "unreadable": 0, "creatable": 5,
        "invitable": 1,
    });
    assert_eq!(figures(&found), expected);
    let evidence =
        json!([{"kind": "exemption-record", "field": "PartyTaxAuthInfo.isExempt", "customers": 1}]);
    assert_eq!(found["result"]["by_evidence"], evidence);
    // California is on record too, as not exempt.
    let regions = found["result"]["by_region"].as_array().unwrap();
    let exempt: Vec<_> = regions.iter().filter(|region| region["exempt"] != 0).collect();
    assert_eq!(exempt, [&json!({"country": "US", "region": "UT", "customers": 3, "exempt": 1})]);
}

#[test]
fn ofbiz_customers_arrive_in_avatax_with_two_letter_countries_and_without_the_selling_company() {
    let Some(sample) = shared_samples("ofbiz") else { return };
    let stage = stage("ofbiz", sample);
    let done = stage.json(&["sync", "--yes"], 0);
    let outcomes = json!([{"operation": "create-customer", "state": "done", "count": 5, "samples": []}]);
    assert_eq!(done["result"]["applied"]["outcomes"], outcomes);
    let codes: Vec<_> = in_avatax(&stage)
        .into_iter()
        .map(|[code, name, country, region, _]| format!("{code}|{name}|{country}|{region}"))
        .collect();
    assert_eq!(
        codes,
        [
            "DemoCustAgent|Demo Agent|US|UT",
            "DemoCustCompany|Demo Customer Company|US|UT",
            "DemoCustomer|Demo Customer|US|UT",
            "EuroCustomer|Euro Customer|NL|",
            "FrenchCustomer|French Customer|FR|",
        ]
    );
    assert_eq!((stage.sim().count("customers"), stage.sim().writes()), (5, 5));
}

#[test]
fn ofbiz_invites_the_one_exempt_customer_once() {
    let Some(sample) = shared_samples("ofbiz") else { return };
    let stage = stage("ofbiz", sample);
    stage.json(&["sync", "--yes"], 0);
    stage.json(&["certificates", "both", "--yes"], 0);
    stage.json(&["certificates", "both", "--yes"], 0);
    let invited: Vec<_> = stage
        .sim()
        .effects()
        .into_iter()
        .filter(|effect| effect.kind == "invitation-created")
        .filter_map(|effect| effect.customer)
        .collect();
    assert_eq!(invited, ["DemoCustCompany"]);
}

#[test]
fn quickbooks_holds_five_customers_with_the_flag_and_one_resale_number() {
    let Some(folder) = shared_samples("quickbooks-online") else { return };
    let found = stage("quickbooks", folder.join("customers.xml")).json(&["analyze"], 0);
    let expected = json!({
        "total": 5, "exempt": 5, "taxable": 0, "unknown": 0, "out_of_use": 0, "unreadable": 0, "creatable": 4,
        "invitable": 1,
    });
    assert_eq!(figures(&found), expected);
    assert_eq!(
        found["result"]["by_evidence"],
        json!([
            {"kind": "non-taxable-flag", "field": "Taxable", "customers": 5},
            {"kind": "resale-number", "field": "ResaleNum", "customers": 1},
        ])
    );
    assert_eq!(
        found["result"]["by_strength"],
        json!([
            {"strength": "strong", "customers": 1},
            {"strength": "medium", "customers": 0},
            {"strength": "weak", "customers": 4},
        ])
    );
}

#[test]
fn quickbooks_customers_arrive_in_avatax_all_but_the_one_without_an_address() {
    let Some(folder) = shared_samples("quickbooks-online") else { return };
    let stage = stage("quickbooks", folder.join("customers.xml"));
    let done = stage.json(&["sync", "--yes"], 0);
    assert_eq!(
        in_avatax(&stage),
        rows(&[
            ["Acme Enterprises", "Acme Enterprises", "US", "CA", ""],
            ["Little Acme, Inc.", "Little Acme, Inc.", "US", "CA", ""],
            ["Sunset Bakery", "Sunset Bakery", "US", "CA", ""],
            ["Thrifty Meats", "Thrifty Meats", "US", "CA", "info@thriftymeats.com"],
        ])
    );
    assert_eq!(stage.sim().writes(), 4);
    let decisions = done["result"]["preview"]["decisions"].as_array().unwrap();
    let blocked = decisions.iter().find(|one| one["decision"] == "blocked").unwrap();
    assert_eq!((&blocked["count"], &blocked["samples"][0]["code"]), (&json!(1), &json!("CodyTest")));
}
