//! What the ERP's evidence of exemption is worth, and where it holds.
//!
//! Exemption is not a yes or no. A customer is taxable, exempt or unknown; an exempt one is so on evidence of some
//! strength; and it holds in some states and not in others.

use crate::geography;
use crate::model::erp::{AddressUse, Customer, EvidenceKind, Exemption, Lifecycle, Posture};
use crate::model::onboarding::Strength;
use crate::order;

/// What one kind of evidence is worth.
#[must_use]
pub fn strength_of(kind: EvidenceKind) -> Strength {
    match kind {
        EvidenceKind::ExemptionRecord
        | EvidenceKind::CertificateFile
        | EvidenceKind::ExemptionNumber
        | EvidenceKind::ResaleNumber
        | EvidenceKind::ExemptionReason => Strength::Strong,
        EvidenceKind::EntityUseCode | EvidenceKind::ExemptTaxCode => Strength::Medium,
        EvidenceKind::NonTaxableFlag | EvidenceKind::NoTaxRows => Strength::Weak,
    }
}

/// The strongest evidence of a customer; weak where the ERP says exempt and gives no reason at all.
#[must_use]
pub fn strength(customer: &Customer) -> Strength {
    let strengths = customer.evidence.iter().map(|evidence| strength_of(evidence.kind));
    strengths.min_by_key(|strength| *strength as u8).unwrap_or(Strength::Weak)
}

/// Whether the ERP still does business with the customer.
#[must_use]
pub fn in_use(customer: &Customer) -> bool {
    customer.lifecycle == Lifecycle::Active
}

/// Whether an exemption on record covers `today` (`YYYY-MM-DD`). Dates that cannot be read do not restrict.
#[must_use]
pub fn holds(exemption: &Exemption, today: &str) -> bool {
    let started = exemption.effective.as_deref().is_none_or(|day| !is_date(day) || day <= today);
    let goes_on = exemption.expires.as_deref().is_none_or(|day| !is_date(day) || day >= today);
    exemption.exempt && started && goes_on
}

/// Whether records of exemption exist and every one of them has expired.
#[must_use]
pub fn expired(customer: &Customer, today: &str) -> bool {
    let mut exempting = customer.exemptions.iter().filter(|exemption| exemption.exempt).peekable();
    let over = |it: &Exemption| it.expires.as_deref().is_some_and(|day| is_date(day) && day < today);
    exempting.peek().is_some() && exempting.all(over)
}

/// The US states and Canadian provinces in which an exempt customer needs a certificate, as (country, region), sorted.
///
/// These are the states its exemptions on record name. Where they name none: the states it is delivered to, else the
/// state of its main address. States the ERP explicitly records as not exempt are left out.
#[must_use]
pub fn states(customer: &Customer, today: &str) -> Vec<(String, String)> {
    if customer.posture != Posture::Exempt {
        return Vec::new();
    }
    let place = |exemption: &Exemption| state(exemption.country.as_deref(), exemption.region.as_deref());
    let refused = order::set(customer.exemptions.iter().filter(|e| !e.exempt).filter_map(place));
    let named = order::set(customer.exemptions.iter().filter(|e| holds(e, today)).filter_map(place));
    let mut found = if named.is_empty() { delivered_to(customer) } else { named };
    found.retain(|state| !refused.contains(state));
    found
}

fn delivered_to(customer: &Customer) -> Vec<(String, String)> {
    let of = |wanted: AddressUse| {
        let addresses = customer.addresses.iter().filter(|address| address.usage.intersects(wanted));
        order::set(
            addresses.filter_map(|address| state(address.country.as_deref(), address.region.as_deref())),
        )
    };
    let ship_to = of(AddressUse::SHIP_TO);
    if !ship_to.is_empty() {
        return ship_to;
    }
    let main = of(AddressUse::BILL_TO | AddressUse::MAIN);
    if main.is_empty() { of(AddressUse::all()) } else { main }
}

/// A state from the ERP's spellings. A missing country means the United States where the region is one of its states.
fn state(country: Option<&str>, region: Option<&str>) -> Option<(String, String)> {
    let country = match country.map(crate::text::trimmed).filter(|written| !written.is_empty()) {
        Some(written) => geography::country(written)?,
        None => "US",
    };
    let region = geography::region(country, region?)?;
    geography::needs_region(country).then(|| (country.to_owned(), region))
}

/// Entity/use code of a customer: its own, else that of its first exemption in force that has one.
#[must_use]
pub fn use_code<'a>(customer: &'a Customer, today: &str) -> Option<&'a str> {
    let own = customer.entity_use_code.as_deref();
    let recorded =
        || customer.exemptions.iter().filter(|e| holds(e, today)).find_map(|e| e.entity_use_code.as_deref());
    own.or_else(recorded).map(str::trim).filter(|code| !code.is_empty())
}

/// The use code as AvaTax's reasons are listed by: one letter. Others ("MED1") have no reason of their own.
#[must_use]
pub fn use_letter(customer: &Customer, today: &str) -> Option<char> {
    let mut letters = use_code(customer, today)?.chars();
    letters.next().filter(|_| letters.next().is_none())
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::testing::customer;
    use crate::model::erp::Evidence;

    fn exemption(exempt: bool, region: &str, expires: Option<&str>) -> Exemption {
        Exemption {
            exempt,
            country: Some("USA".into()),
            region: Some(region.into()),
            reason: None,
            entity_use_code: Some("G".into()),
            number: None,
            effective: Some("2020-01-01".into()),
            expires: expires.map(Into::into),
        }
    }

    #[test]
    fn exempt_in_one_state_and_explicitly_not_in_another() {
        let mut it = customer("1", "C1");
        it.posture = Posture::Exempt;
        it.exemptions = vec![exemption(true, "US-UT", None), exemption(false, "CA", None)];
        assert_eq!(states(&it, "2026-11-22"), Vec::from([("US".into(), "UT".into())]));
        assert_eq!(use_code(&it, "2026-11-22"), Some("G"));
    }

    #[test]
    fn an_expired_exemption_names_no_state() {
        let mut it = customer("1", "C1");
        it.posture = Posture::Exempt;
        it.exemptions = vec![exemption(true, "UT", Some("2019-12-31"))];
        assert!(expired(&it, "2026-11-22"));
        assert_eq!(
            states(&it, "2026-11-22"),
            Vec::from([("US".into(), "WA".into())]),
            "falls back to the address"
        );
    }

    #[test]
    fn the_strongest_evidence_counts() {
        let mut it = customer("1", "C1");
        let evidence = |kind| Evidence { kind, field: "f".into(), value: "v".into() };
        it.evidence = vec![evidence(EvidenceKind::NonTaxableFlag), evidence(EvidenceKind::EntityUseCode)];
        assert_eq!(strength(&it), Strength::Medium);
    }

    #[test]
    fn taxable_customers_need_no_certificate_anywhere() {
        assert!(states(&customer("1", "C1"), "2026-11-22").is_empty());
    }
}
