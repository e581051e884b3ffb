//! What the ERP holds: how many customers, how many exempt and on what evidence, and what stands in the way.
//!
//! One pass over the ERP, nothing written, AvaTax not called. Memory is a fixed set of counters, and at most twenty-five
//! bytes for each customer to find rows that come twice and codes that occur twice ([`crate::marks`]).

use std::collections::HashMap;

use crate::customer::{self, Finding};
use crate::exemption;
use crate::marks::Marks;
use crate::model::erp::{Customer, EvidenceKind, FieldGroups, Posture, Row};
use crate::model::onboarding::{
    Analysis, Error, EvidenceCount, ObstacleKind, RegionCount, Strength, StrengthCount,
};
use crate::model::progress::Phase;
use crate::model::tenant::Scope;
use crate::order::sorted;
use crate::plan::short_hash;
use crate::ports::{Ports, erp_error};
use crate::tally::Obstacles;

/// Different (evidence kind, field) pairs reported; an adapter has a handful.
const EVIDENCE_MAX: usize = 64;
/// Notes about codes: its one customer could be created, or could not; it has several.
const CREATABLE: u8 = 1;
const BLOCKED: u8 = 2;
const SHARED: u8 = 3;

/// Reads every customer and counts.
pub fn analyze(ports: &Ports<'_>) -> Result<Analysis, Error> {
    let source = ports.erp.describe().map_err(erp_error)?;
    let expected = source.customers;
    let mut count = Count::default();
    ports.scan_customers(FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, &mut |rows| {
        for row in rows {
            match row {
                Row::Customer(customer) => count.customer(&customer, ports),
                Row::Bad(bad) => {
                    count.unreadable += 1;
                    let finding = Finding { kind: ObstacleKind::RowUnreadable, detail: bad.reason };
                    count.obstacles.add(&finding, bad.id.as_deref().unwrap_or_default(), "", "");
                }
            }
        }
        let read = count.total + count.unreadable;
        if ports.asked_to_stop(Phase::ReadingCustomers, read, expected) {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    })?;
    Ok(count.finish(source))
}

#[derive(Default)]
struct Count {
    total: u64,
    exempt: u64,
    taxable: u64,
    unknown: u64,
    out_of_use: u64,
    unreadable: u64,
    creatable: u64,
    invitable: u64,
    ids: Marks,
    /// Each code in use: whether its first customer was creatable, or that a second one came.
    codes: Marks,
    strengths: [u64; 3],
    evidence: Vec<EvidenceCount>,
    /// Customers and exempt ones of each country and region.
    regions: HashMap<u64, (u64, u64)>,
    obstacles: Obstacles,
}

impl Count {
    fn customer(&mut self, customer: &Customer, ports: &Ports<'_>) {
        // Scans deliver at least once.
        if !self.ids.meet(short_hash(&customer.id)) {
            return;
        }
        self.total += 1;
        match customer.posture {
            Posture::Exempt => self.exempt += 1,
            Posture::Taxable => self.taxable += 1,
            Posture::Unknown => self.unknown += 1,
        }
        let exempt = customer.posture == Posture::Exempt;
        if exempt {
            let strength = exemption::strength(customer);
            if let Some(count) = self.strengths.get_mut(strength as usize) {
                *count += 1;
            }
            self.evidence(customer);
        }
        self.regions(customer, exempt, &ports.settings.today);
        if !exemption::in_use(customer) {
            self.out_of_use += 1;
            return;
        }
        self.obstacles(customer, exempt, ports);
    }

    fn evidence(&mut self, customer: &Customer) {
        for (at, evidence) in customer.evidence.iter().enumerate() {
            let same = |kind: EvidenceKind, field: &str| kind == evidence.kind && field == evidence.field;
            // A customer counts once for each kind and field.
            if customer.evidence.iter().take(at).any(|earlier| same(earlier.kind, &earlier.field)) {
                continue;
            }
            if let Some(count) = self.evidence.iter_mut().find(|count| same(count.kind, &count.field)) {
                count.customers += 1;
            } else if self.evidence.len() < EVIDENCE_MAX {
                let (kind, field) = (evidence.kind, evidence.field.clone());
                self.evidence.push(EvidenceCount { kind, field, customers: 1 });
            }
        }
    }

    fn regions(&mut self, customer: &Customer, exempt: bool, today: &str) {
        if exempt {
            for (country, region) in exemption::states(customer, today) {
                self.regions.entry(packed(&country, &region)).or_default().1 += 1;
            }
        }
        let (country, region) = customer::whereabouts(customer);
        self.regions.entry(packed(country, &region)).or_default().0 += 1;
    }

    fn obstacles(&mut self, customer: &Customer, exempt: bool, ports: &Ports<'_>) {
        let projected = customer::project(customer, &ports.settings);
        let model = &projected.model;
        for finding in &projected.findings {
            // Nobody is invited who is not exempt.
            let about_mail =
                matches!(finding.kind, ObstacleKind::EmailMissing | ObstacleKind::EmailMalformed);
            if exempt || !about_mail {
                self.obstacles.add(finding, &customer.id, &model.customer_code, &model.name);
            }
        }
        if exempt && !model.email_address.is_empty() {
            self.invitable += 1;
        }
        let creatable = projected.creatable() && (ports.settings.scope == Scope::All || exempt);
        self.creatable += u64::from(creatable);
        if model.customer_code.is_empty() {
            return;
        }
        let key = short_hash(&model.customer_code);
        let before = self.codes.set(key, if creatable { CREATABLE } else { BLOCKED });
        if before == 0 {
            return;
        }
        self.codes.set(key, SHARED);
        // All customers with the code stay out, the first one, which was counted already, included.
        if before != SHARED {
            self.creatable -= u64::from(before == CREATABLE);
            self.obstacles.add_many(ObstacleKind::CodeShared, 1);
        }
        self.creatable -= u64::from(creatable);
        let finding =
            Finding { kind: ObstacleKind::CodeShared, detail: "another customer has the same code".into() };
        self.obstacles.add(&finding, &customer.id, &model.customer_code, &model.name);
    }

    fn finish(self, source: crate::model::erp::Description) -> Analysis {
        let strengths = [Strength::Strong, Strength::Medium, Strength::Weak];
        let by_strength = strengths.into_iter().zip(self.strengths);
        let by_place = sorted(self.regions.into_iter().collect(), |(place, _)| (*place, 0));
        let by_region = by_place.into_iter().map(|(place, (customers, exempt))| {
            let (country, region) = unpacked(place);
            RegionCount { country, region, customers, exempt }
        });
        let by_region =
            sorted(by_region.collect(), |count| (u64::MAX - count.exempt, u64::MAX - count.customers));
        let by_evidence = sorted(self.evidence, |count| (u64::MAX - count.customers, 0));
        Analysis {
            source,
            total: self.total,
            exempt: self.exempt,
            taxable: self.taxable,
            unknown: self.unknown,
            out_of_use: self.out_of_use,
            unreadable: self.unreadable,
            creatable: self.creatable,
            invitable: self.invitable,
            by_strength: by_strength
                .map(|(strength, customers)| StrengthCount { strength, customers })
                .collect(),
            by_evidence,
            by_region,
            obstacles: self.obstacles.into_sorted(),
        }
    }
}

/// Country and region as one number that rises as they do: codes of countries have two letters, of regions at most three.
fn packed(country: &str, region: &str) -> u64 {
    let letters = |code: &str, most: usize| {
        code.bytes().chain(core::iter::repeat(0)).take(most).fold(0, |all, byte| all << 8 | u64::from(byte))
    };
    letters(country, 2) << 24 | letters(region, 3)
}

fn unpacked(place: u64) -> (String, String) {
    let [_, _, _, country @ .., a, b, c] = place.to_be_bytes();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
    (text(&country), text(&[a, b, c]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_as_numbers_rise_as_their_names_do() {
        let places = [("", ""), ("AU", ""), ("AU", "NSW"), ("CA", "ON"), ("US", "GA"), ("US", "WA")];
        let numbers = places.map(|(country, region)| packed(country, region));
        assert!(numbers.is_sorted_by(|one, other| one < other));
        for (place, number) in places.into_iter().zip(numbers) {
            assert_eq!(unpacked(number), (place.0.to_owned(), place.1.to_owned()));
        }
    }
}
