//! From an ERP customer to the record AvaTax takes, with everything that stands in the way.
//!
//! A value is never cut or repaired silently: what does not fit is a finding, and findings of effect `no-creation` keep
//! the customer out of the plan. Field lengths are those Avalara's help pages give for customers.

use serde::Serialize;

use crate::exemption;
use crate::geography;
use crate::model::erp::{Address, AddressUse, Customer, Posture};
use crate::model::onboarding::{Effect, ObstacleKind};
use crate::model::tenant::{CodeSource, Settings};
use crate::plan;
use crate::text::{all, longer_than, trimmed};

/// Longest customer code, in characters.
pub const CODE_MAX: usize = 50;
/// Longest name, in characters.
pub const NAME_MAX: usize = 100;
/// Longest street line or city, in characters.
pub const LINE_MAX: usize = 50;
/// Longest postal code, in characters.
pub const POSTAL_CODE_MAX: usize = 10;

/// A customer as AvaTax's `CustomerModel`, as far as we write and compare it. Empty means absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are AvaTax's own")]
pub struct CustomerModel {
    pub customer_code: String,
    pub alternate_id: String,
    pub name: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub postal_code: String,
    pub region: String,
    pub country: String,
    pub email_address: String,
    pub contact_name: String,
    pub phone_number: String,
    pub fax_number: String,
    pub taxpayer_id_number: String,
}

impl CustomerModel {
    /// The fields that are compared and filled, by AvaTax's name.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &str); 13] {
        [
            ("alternateId", &self.alternate_id),
            ("name", &self.name),
            ("line1", &self.line1),
            ("line2", &self.line2),
            ("city", &self.city),
            ("postalCode", &self.postal_code),
            ("region", &self.region),
            ("country", &self.country),
            ("emailAddress", &self.email_address),
            ("contactName", &self.contact_name),
            ("phoneNumber", &self.phone_number),
            ("faxNumber", &self.fax_number),
            ("taxpayerIdNumber", &self.taxpayer_id_number),
        ]
    }
}

/// One thing that is the matter with a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: ObstacleKind,
    /// The value concerned, or a sentence; may be empty.
    pub detail: String,
}

/// What an obstacle prevents.
#[must_use]
pub fn effect_of(kind: ObstacleKind) -> Effect {
    use ObstacleKind as Kind;
    match kind {
        Kind::EmailMissing | Kind::EmailMalformed => Effect::NoInvitation,
        Kind::TaxpayerIdMasked | Kind::StateUnknown | Kind::ExemptionExpired | Kind::RegionUnknown => {
            Effect::Notice
        }
        Kind::CodeMissing
        | Kind::CodeTooLong
        | Kind::CodeUnusable
        | Kind::CodeShared
        | Kind::NameMissing
        | Kind::NameTooLong
        | Kind::Line1Missing
        | Kind::LineTooLong
        | Kind::CityMissing
        | Kind::PostalCodeMissing
        | Kind::PostalCodeTooLong
        | Kind::CountryUnknown
        | Kind::RegionMissing
        | Kind::RowUnreadable => Effect::NoCreation,
    }
}

/// An ERP customer, ready for AvaTax or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projected {
    /// The record; complete only if nothing prevents creation.
    pub model: CustomerModel,
    /// What stands in the way.
    pub findings: Vec<Finding>,
}

impl Projected {
    /// Whether AvaTax would take the record as far as we can tell.
    #[must_use]
    pub fn creatable(&self) -> bool {
        self.findings.iter().all(|finding| effect_of(finding.kind) != Effect::NoCreation)
    }

    /// Fingerprint of what the plan rests on; a change in the ERP between preview and apply shows here.
    #[must_use]
    pub fn fingerprint(&self, customer: &Customer, today: &str) -> String {
        let states = exemption::states(customer, today);
        let use_code = exemption::use_code(customer, today);
        plan::fingerprint(&(&self.model, customer.posture as u8, customer.lifecycle as u8, states, use_code))
    }
}

/// The customer code under the tenant's choice. Case is kept.
#[must_use]
pub fn code(customer: &Customer, source: CodeSource) -> &str {
    let code = match source {
        CodeSource::TaxEngineCode => customer
            .tax_engine_code
            .as_deref()
            .map(trimmed)
            .filter(|code| !code.is_empty())
            .unwrap_or(&customer.code),
        CodeSource::Code => &customer.code,
        CodeSource::Id => &customer.id,
    };
    trimmed(code)
}

/// Turns an ERP customer into AvaTax's record.
#[must_use]
pub fn project(customer: &Customer, settings: &Settings) -> Projected {
    let mut findings = Vec::new();
    let mut find = |kind, detail: &str| findings.push(Finding { kind, detail: detail.to_owned() });

    let code = code(customer, settings.code_source);
    if code.is_empty() {
        find(ObstacleKind::CodeMissing, "");
    } else if let Some(length) = longer_than(code, CODE_MAX) {
        find(ObstacleKind::CodeTooLong, &format!("{length} characters"));
    } else if matches!(code, "." | "..") || !all(code, |byte| !byte.is_ascii_control(), |c| !c.is_control()) {
        find(ObstacleKind::CodeUnusable, "");
    }

    let name = match trimmed(&customer.name) {
        "" => trimmed(customer.contact_name.as_deref().unwrap_or_default()),
        name => name,
    };
    if name.is_empty() {
        find(ObstacleKind::NameMissing, "");
    } else if let Some(length) = longer_than(name, NAME_MAX) {
        find(ObstacleKind::NameTooLong, &format!("{length} characters"));
    }

    let mut model = CustomerModel {
        customer_code: code.to_owned(),
        alternate_id: customer.id.clone(),
        name: name.to_owned(),
        contact_name: text(customer.contact_name.as_deref()),
        phone_number: text(customer.phone.as_deref()),
        fax_number: text(customer.fax.as_deref()),
        ..CustomerModel::default()
    };
    match best_address(customer) {
        Some(address) => place(&mut model, address, &mut find),
        None => find(ObstacleKind::Line1Missing, "no address"),
    }

    match customer.email.as_deref().map(trimmed).filter(|email| !email.is_empty()) {
        None => find(ObstacleKind::EmailMissing, ""),
        Some(email) if !plausible_email(email) => find(ObstacleKind::EmailMalformed, email),
        Some(email) => email.clone_into(&mut model.email_address),
    }
    match customer.taxpayer_id.as_deref().map(trimmed).filter(|id| !id.is_empty()) {
        Some(id) if masked(id) => find(ObstacleKind::TaxpayerIdMasked, ""),
        Some(id) => id.clone_into(&mut model.taxpayer_id_number),
        None => {}
    }
    if exemption::expired(customer, &settings.today) {
        find(ObstacleKind::ExemptionExpired, "");
    }
    if customer.posture == Posture::Exempt && exemption::states(customer, &settings.today).is_empty() {
        find(ObstacleKind::StateUnknown, "");
    }
    Projected { model, findings }
}

/// The address AvaTax gets: bill-to, else main, else the first with a street line. Parts are never mixed.
#[must_use]
pub fn best_address(customer: &Customer) -> Option<&Address> {
    let with_street = |address: &&Address| !trimmed(address.line1.as_deref().unwrap_or_default()).is_empty();
    let used_for = |wanted: AddressUse| move |address: &&Address| address.usage.intersects(wanted);
    let addresses = || customer.addresses.iter();
    addresses()
        .filter(with_street)
        .find(used_for(AddressUse::BILL_TO))
        .or_else(|| addresses().filter(with_street).find(used_for(AddressUse::MAIN)))
        .or_else(|| addresses().find(with_street))
        .or_else(|| customer.addresses.first())
}

/// Country and region codes of a customer's address, empty where unknown.
#[must_use]
pub fn whereabouts(customer: &Customer) -> (&'static str, String) {
    let Some(address) = best_address(customer) else { return <_>::default() };
    let country = geography::country(address.country.as_deref().unwrap_or_default()).unwrap_or_default();
    let region = address.region.as_deref().unwrap_or_default();
    (country, geography::region(country, region).unwrap_or_default())
}

fn place(model: &mut CustomerModel, address: &Address, find: &mut impl FnMut(ObstacleKind, &str)) {
    match street_lines(address) {
        Lines::None => find(ObstacleKind::Line1Missing, ""),
        Lines::TooLong(line) => find(ObstacleKind::LineTooLong, &line),
        Lines::Two(line1, line2) => {
            model.line1 = line1;
            model.line2 = line2;
        }
    }
    model.city = text(address.city.as_deref());
    if model.city.is_empty() {
        find(ObstacleKind::CityMissing, "");
    } else if longer_than(&model.city, LINE_MAX).is_some() {
        find(ObstacleKind::LineTooLong, &model.city);
    }
    model.postal_code = text(address.postal_code.as_deref());
    if model.postal_code.is_empty() {
        find(ObstacleKind::PostalCodeMissing, "");
    } else if longer_than(&model.postal_code, POSTAL_CODE_MAX).is_some() {
        find(ObstacleKind::PostalCodeTooLong, &model.postal_code);
    }
    let written = trimmed(address.country.as_deref().unwrap_or_default());
    let Some(country) = geography::country(written) else {
        return find(ObstacleKind::CountryUnknown, written);
    };
    country.clone_into(&mut model.country);
    let region = trimmed(address.region.as_deref().unwrap_or_default());
    match geography::region(country, region) {
        Some(code) => model.region = code,
        None if geography::needs_region(country) && region.is_empty() => {
            find(ObstacleKind::RegionMissing, "")
        }
        // The code would be refused, and guessing one would tax in the wrong state.
        None if geography::needs_region(country) => {
            find(ObstacleKind::RegionMissing, &format!("\"{region}\" is no region of {country}"));
        }
        None if !region.is_empty() => find(ObstacleKind::RegionUnknown, region),
        None => {}
    }
}

enum Lines {
    None,
    TooLong(String),
    Two(String, String),
}

/// At most two street lines of at most 50 characters: lines are joined or broken between words, never inside.
fn street_lines(address: &Address) -> Lines {
    let line1 = trimmed(address.line1.as_deref().unwrap_or_default());
    let line2 = trimmed(address.line2.as_deref().unwrap_or_default());
    let fits = |line: &str| longer_than(line, LINE_MAX).is_none();
    let lines: Vec<&str> =
        line1.lines().chain(line2.lines()).map(trimmed).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => Lines::None,
        [one] if fits(one) => Lines::Two((*one).to_owned(), String::new()),
        [one, two] if fits(one) && fits(two) => Lines::Two((*one).to_owned(), (*two).to_owned()),
        _ => {
            let whole = lines.join(", ");
            let mut broken = [String::new(), String::new()];
            let [first, second] = &mut broken;
            let mut on_second = false;
            for word in whole.split_whitespace() {
                let line = if on_second { &mut *second } else { &mut *first };
                if fits(&format!("{line} {word}")) || line.is_empty() && fits(word) {
                    push_word(line, word);
                } else if !on_second && fits(word) {
                    on_second = true;
                    push_word(second, word);
                } else {
                    return Lines::TooLong(whole);
                }
            }
            let [first, second] = broken;
            Lines::Two(first, second)
        }
    }
}

fn push_word(line: &mut String, word: &str) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(word);
}

fn text(value: Option<&str>) -> String {
    trimmed(value.unwrap_or_default()).to_owned()
}

/// One `@`, something before it, a dot with something on both sides after it, no spaces or separators.
fn plausible_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let labelled = domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty());
    let clean = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"@,;<>".contains(&byte);
        all(text, plain, |c| {
            !c.is_whitespace() && !c.is_control() && !matches!(c, '@' | ',' | ';' | '<' | '>')
        })
    };
    !local.is_empty() && labelled && clean(local) && clean(domain)
}

/// Some ERPs show only the last digits ("XXXXX6789", "***-**-1234").
fn masked(id: &str) -> bool {
    id.contains('*') || id.to_ascii_uppercase().starts_with("XX")
}

/// Customers to test with.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::model::erp::Lifecycle;
    use crate::model::tenant::{Delivery, Scope};

    pub(crate) fn settings() -> Settings {
        Settings {
            base_url: "http://127.0.0.1:1".into(),
            company_code: "DEFAULT".into(),
            code_source: CodeSource::TaxEngineCode,
            scope: Scope::All,
            delivery: Delivery::Email,
            cover_letter: "STANDARD_REQUEST".into(),
            page_size: 100,
            batch_size: 10,
            window: 4,
            patience: 5,
            settling: 1,
            today: "2026-11-22".into(),
            seller_names: Vec::new(),
            terms: Vec::new(),
        }
    }

    pub(crate) fn customer(id: &str, code: &str) -> Customer {
        Customer {
            id: id.into(),
            code: code.into(),
            tax_engine_code: None,
            name: format!("Customer {code} LLC"),
            lifecycle: Lifecycle::Active,
            email: Some(format!("ap{id}@example.com")),
            phone: None,
            fax: None,
            contact_name: None,
            addresses: vec![Address {
                usage: AddressUse::BILL_TO,
                line1: Some("1 Main St".into()),
                line2: None,
                city: Some("Seattle".into()),
                region: Some("WA".into()),
                postal_code: Some("98101".into()),
                country: Some("USA".into()),
            }],
            taxpayer_id: None,
            posture: Posture::Taxable,
            evidence: Vec::new(),
            exemptions: Vec::new(),
            entity_use_code: None,
            parent: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{customer, settings};
    use super::*;

    fn kinds(customer: &Customer) -> Vec<ObstacleKind> {
        project(customer, &settings()).findings.into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_plain_customer_has_nothing_in_the_way() {
        let projected = project(&customer("7", "C7"), &settings());
        assert!(projected.creatable() && projected.findings.is_empty());
        assert_eq!(projected.model.country, "US");
        assert_eq!(projected.model.alternate_id, "7");
    }

    #[test]
    fn the_code_is_the_one_transactions_carry_and_keeps_its_case() {
        let mut it = customer("7", "C7");
        it.tax_engine_code = Some(" 00Ab7 ".into());
        assert_eq!(code(&it, CodeSource::TaxEngineCode), "00Ab7");
        assert_eq!(code(&it, CodeSource::Code), "C7");
        assert_eq!(code(&it, CodeSource::Id), "7");
    }

    #[test]
    fn what_is_missing_or_too_long_is_named() {
        let mut it = customer("7", &"x".repeat(51));
        it.name = " ".into();
        it.email = Some("nobody at example.com".into());
        it.taxpayer_id = Some("XXXXX6789".into());
        it.addresses = vec![Address {
            city: None,
            postal_code: None,
            country: Some("PO".into()),
            ..it.addresses.remove(0)
        }];
        let found = kinds(&it);
        for kind in [
            ObstacleKind::CodeTooLong,
            ObstacleKind::NameMissing,
            ObstacleKind::CityMissing,
            ObstacleKind::PostalCodeMissing,
            ObstacleKind::CountryUnknown,
            ObstacleKind::EmailMalformed,
            ObstacleKind::TaxpayerIdMasked,
        ] {
            assert!(found.contains(&kind), "{kind:?} in {found:?}");
        }
    }

    #[test]
    fn a_long_street_is_broken_between_words_and_never_cut() {
        let mut it = customer("7", "C7");
        it.addresses[0].line1 =
            Some("Building 12, Loading Dock 4\nThe Old Harbour Business Park, 4821 Harborview Drive".into());
        let model = project(&it, &settings()).model;
        assert!(model.line1.chars().count() <= LINE_MAX && model.line2.chars().count() <= LINE_MAX);
        let joined = format!("{} {}", model.line1, model.line2);
        assert_eq!(
            joined,
            "Building 12, Loading Dock 4, The Old Harbour Business Park, 4821 Harborview Drive"
        );
        it.addresses[0].line1 = Some("word ".repeat(30));
        assert_eq!(kinds(&it), [ObstacleKind::LineTooLong]);
    }

    #[test]
    fn a_region_of_another_country_blocks_and_is_not_guessed() {
        let mut it = customer("7", "C7");
        it.addresses[0].region = Some("130".into());
        assert_eq!(kinds(&it), [ObstacleKind::RegionMissing]);
    }

    #[test]
    fn bill_to_comes_before_main_and_parts_are_not_mixed() {
        let mut it = customer("7", "C7");
        let mut main = it.addresses[0].clone();
        main.usage = AddressUse::MAIN;
        main.city = Some("Elsewhere".into());
        it.addresses.insert(0, main);
        it.addresses[1].postal_code = None;
        let projected = project(&it, &settings());
        assert_eq!(projected.model.city, "Seattle");
        assert_eq!(projected.findings[0].kind, ObstacleKind::PostalCodeMissing);
    }

    #[test]
    fn e_mail_addresses_are_judged_by_shape() {
        for good in ["a@example.com", "first.last+tag@sub.example.com"] {
            assert!(plausible_email(good), "{good}");
        }
        for bad in [
            "a@b",
            "a b@example.com",
            "@example.com",
            "a@example..com",
            "a@example.com;b@example.com",
            "a@@example.com",
        ] {
            assert!(!plausible_email(bad), "{bad}");
        }
    }
}
