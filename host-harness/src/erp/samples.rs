//! The XML adapters against records of the real products, compared with what a person counted in those files.
//!
//! The samples are not part of this repository; where they are not at hand the tests say so and do nothing.

use std::path::PathBuf;

use jiff::civil::date;

use super::{Erp, ofbiz, quickbooks};
use crate::model::erp::{AddressUse, Customer, EvidenceKind, FieldGroups, Lifecycle, Posture, Row, Scan};

fn sample(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("ONBOARDING_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let path = shared.join("erp-samples").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: the sample data {} is not here", path.display());
    None
}

async fn all(erp: &dyn Erp, fields: FieldGroups) -> Vec<Customer> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = erp.list_customers(Scan { fields, page_size: 2, after }).await.expect("page");
        for row in page.rows {
            match row {
                Row::Customer(customer) => found.push(customer),
                Row::Bad(bad) => panic!("{bad:?}"),
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("-")
}

#[tokio::test]
async fn ofbiz_demo_data_has_five_customers_and_one_of_them_is_exempt_in_utah_only() {
    let Some(path) = sample("ofbiz") else { return };
    let erp = ofbiz::read(&path, date(2026, 11, 22)).expect("readable");
    assert_eq!(erp.describe().await.expect("description").customers, Some(5));
    let customers = all(&erp, FieldGroups::all()).await;
    let seen: Vec<_> = customers
        .iter()
        .map(|c| {
            (c.id.as_str(), c.name.as_str(), text(&c.email), text(&c.phone), c.posture, c.addresses.len())
        })
        .collect();
    let mail = "ofbiztest@example.com";
    assert_eq!(
        seen,
        [
            ("DemoCustAgent", "Demo Agent", mail, "801 555-5555", Posture::Taxable, 1),
            ("DemoCustCompany", "Demo Customer Company", mail, "801 555-5555", Posture::Exempt, 2),
            ("DemoCustomer", "Demo Customer", mail, "+1 801 444-4444", Posture::Taxable, 1),
            ("EuroCustomer", "Euro Customer", mail, "-", Posture::Taxable, 1),
            ("FrenchCustomer", "French Customer", mail, "-", Posture::Taxable, 1),
        ]
    );
    assert!(
        customers
            .iter()
            .all(|customer| customer.lifecycle == Lifecycle::Active && customer.code == customer.id)
    );

    let company = &customers[1];
    let places: Vec<_> = company
        .addresses
        .iter()
        .map(|a| (text(&a.city), text(&a.region), text(&a.country), a.usage))
        .collect();
    let every = AddressUse::BILL_TO | AddressUse::SHIP_TO | AddressUse::MAIN;
    assert_eq!(places, [("Orem", "UT", "USA", every), ("Los Angeles", "CA", "USA", every)]);
    let mut records: Vec<_> = company
        .exemptions
        .iter()
        .map(|e| {
            (
                text(&e.country),
                text(&e.region),
                e.exempt,
                text(&e.number),
                text(&e.effective),
                text(&e.expires),
            )
        })
        .collect();
    records.sort_unstable();
    assert_eq!(
        records,
        [
            ("USA", "CA", false, "98-7654321", "2001-05-13", "-"),
            ("USA", "UT", true, "12-3456789", "2001-05-13", "-"),
        ]
    );
    let [evidence] = company.evidence.as_slice() else { panic!("{:?}", company.evidence) };
    assert_eq!(evidence.kind, EvidenceKind::ExemptionRecord);
    assert_eq!(evidence.value, "USA UT 12-3456789");

    let (euro, french) = (&customers[3], &customers[4]);
    assert_eq!((text(&euro.addresses[0].country), text(&euro.addresses[0].region)), ("NLD", "-"));
    assert_eq!((text(&french.addresses[0].country), text(&french.addresses[0].region)), ("FRA", "-"));
    assert!(french.evidence.is_empty());
    assert!(
        customers
            .iter()
            .filter(|c| c.id != "DemoCustCompany")
            .all(|c| c.exemptions.iter().all(|e| !e.exempt))
    );
}

#[tokio::test]
async fn evidence_is_the_same_whether_or_not_exemptions_are_asked_for() {
    let Some(path) = sample("ofbiz") else { return };
    let erp = ofbiz::read(&path, date(2026, 11, 22)).expect("readable");
    let (full, bare) = (all(&erp, FieldGroups::all()).await, all(&erp, FieldGroups::empty()).await);
    assert!(bare.iter().all(|customer| customer.addresses.is_empty() && customer.exemptions.is_empty()));
    let evidence =
        |list: &[Customer]| list.iter().map(|c| (c.posture, c.evidence.clone())).collect::<Vec<_>>();
    assert_eq!(evidence(&full), evidence(&bare));
}

#[tokio::test]
async fn quickbooks_answer_has_five_untaxed_customers_and_one_resale_number() {
    let Some(path) = sample("quickbooks-online") else { return };
    let erp = quickbooks::read(&path).expect("readable");
    let customers = all(&erp, FieldGroups::all()).await;
    let seen: Vec<_> = customers
        .iter()
        .map(|c| {
            (
                c.id.as_str(),
                c.code.as_str(),
                c.posture,
                text(&c.parent),
                c.addresses.len(),
                c.exemptions.len(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("1", "Thrifty Meats", Posture::Exempt, "-", 1, 0),
            ("2", "Sunset Bakery", Posture::Exempt, "-", 1, 1),
            ("3", "Acme Enterprises", Posture::Exempt, "-", 1, 0),
            ("4", "Little Acme, Inc.", Posture::Exempt, "3", 1, 0),
            ("5", "CodyTest", Posture::Exempt, "-", 0, 0),
        ]
    );
    for customer in &customers {
        let kinds: Vec<_> = customer.evidence.iter().map(|e| (e.kind, e.value.as_str())).collect();
        let weak = (EvidenceKind::NonTaxableFlag, "false");
        match customer.code.as_str() {
            "Sunset Bakery" => assert_eq!(kinds, [(EvidenceKind::ResaleNumber, "123456"), weak]),
            _ => assert_eq!(kinds, [weak], "{}", customer.code),
        }
    }
    assert_eq!(text(&customers[1].exemptions[0].number), "123456");
    let acme = &customers[2].addresses[0];
    assert_eq!((text(&acme.city), text(&acme.region), text(&acme.country)), ("Washington DC", "CA", "USA"));
    assert_eq!(acme.usage, AddressUse::BILL_TO | AddressUse::SHIP_TO);
    assert_eq!(text(&customers[0].email), "info@thriftymeats.com");
    assert_eq!(text(&customers[0].fax), "(707) 560-1212");
}

#[tokio::test]
async fn quickbooks_keeps_a_deactivated_customer_as_inactive() {
    let Some(path) = sample("quickbooks-online/deleted_customer.xml") else { return };
    let customers = all(&quickbooks::read(&path).expect("readable"), FieldGroups::all()).await;
    let [customer] = customers.as_slice() else { panic!("{customers:?}") };
    assert_eq!(
        (customer.lifecycle, customer.code.as_str()),
        (Lifecycle::Inactive, "Thrifty Meats (deleted)")
    );
}

#[test]
fn other_quickbooks_answers_are_not_taken_for_customers() {
    for name in ["fault.xml", "generic_error.xml", "attachables.xml"] {
        let Some(path) = sample("quickbooks-online").map(|folder| folder.join(name)) else { return };
        let result = quickbooks::read(&path).map(|_| ());
        assert_eq!(result.is_err(), name != "attachables.xml", "{name}: {result:?}");
    }
}
