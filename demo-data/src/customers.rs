//! One customer, worked out from the seed and its position alone.
//!
//! Positions come in blocks of 320 with the same mix: 26 parts of the cast, 48 places for traps, 50 ordinary exempt
//! customers, some of whom nothing is known, some out of use, and taxable ones for the rest. A fixed permutation
//! spreads the roles over the block, so that a page of the ERP never holds one kind only. Traps are in the first
//! block and in every tenth after it, which makes about one customer in a hundred troublesome in a large set.

use crate::{
    leads::{Known, LEADS, Lead, business_of, reason_words, state_number},
    places::{self, Place},
    random::Random,
    traps::{self, Trap},
    words,
};

/// Customers in a block.
const BLOCK: u64 = 320;
/// Blocks from one with traps to the next.
const TRAP_EVERY: u64 = 10;
const FIRST_TRAP: u64 = 26;
/// In blocks without traps, their places up to here are taken by exempt customers, so that their share stays.
const FIRST_PLAIN_TRAP: u64 = 40;
const FIRST_ORDINARY: u64 = 74;
const FIRST_UNKNOWN: u64 = 124;
const FIRST_OUT_OF_USE: u64 = 140;
const FIRST_PLAIN: u64 = 164;

/// A date that stays in the future for as long as this data is of use.
pub(crate) const VALID_UNTIL: &str = "2049-12-31";
/// A date that stays in the past.
pub(crate) const EXPIRED_ON: &str = "2019-12-31";

/// A row of `address`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) kind: &'static str,
    pub(crate) line1: Option<String>,
    pub(crate) line2: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) country: Option<String>,
}

/// A row of `exemption`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exemption {
    pub(crate) exempt: bool,
    pub(crate) country: Option<&'static str>,
    pub(crate) region: Option<&'static str>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) entity_use_code: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) effective: Option<&'static str>,
    pub(crate) expires: Option<&'static str>,
}

/// A row of `customer` with its children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) id: i64,
    pub(crate) code: String,
    pub(crate) tax_code: Option<String>,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) fax: Option<String>,
    pub(crate) contact_name: Option<String>,
    pub(crate) taxpayer_id: Option<String>,
    pub(crate) taxable: Option<bool>,
    pub(crate) tax_group: Option<&'static str>,
    pub(crate) exemption_number: Option<String>,
    pub(crate) resale_number: Option<String>,
    pub(crate) exemption_reason: Option<&'static str>,
    pub(crate) entity_use_code: Option<String>,
    pub(crate) parent_id: Option<i64>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) exemptions: Vec<Exemption>,
    /// What is wrong with the row, if it is one of the troublesome.
    pub(crate) trap: Option<Trap>,
}

/// What the ERP says about a customer, and how well it is evidenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posture {
    /// An exemption record that holds, a number or a reason.
    Strong,
    /// A use code or the exempt tax group.
    Medium,
    /// The bare flag.
    Weak,
    /// Charged tax.
    Taxable,
    /// Nothing said.
    Unknown,
}

impl Customer {
    /// The ERP's rule, from the strongest fact down.
    pub(crate) fn posture(&self) -> Posture {
        let holds = |exemption: &Exemption| exemption.exempt && exemption.expires != Some(EXPIRED_ON);
        if self.exemptions.iter().any(holds)
            || self.exemption_number.is_some()
            || self.resale_number.is_some()
            || self.exemption_reason.is_some()
        {
            Posture::Strong
        } else if self.entity_use_code.is_some() || self.tax_group == Some("EXEMPT") {
            Posture::Medium
        } else {
            match self.taxable {
                Some(false) => Posture::Weak,
                Some(true) => Posture::Taxable,
                None => Posture::Unknown,
            }
        }
    }

    /// The bill-to address, which each ordinary customer has.
    pub(crate) fn home(&self) -> Option<&Address> {
        self.addresses.first()
    }
}

/// What a position within its block stands for.
#[derive(Debug, Clone, Copy)]
enum Role {
    Lead(Lead),
    Trap(Trap),
    Exempt(u64),
    Unknown,
    OutOfUse(u64),
    Plain,
}

/// Primary key of the customer at a position.
pub(crate) fn id(index: u64) -> i64 {
    i64::try_from(index + 1).unwrap_or(i64::MAX)
}

/// Place of a role in the block; 97 and 320 have no common factor, so this permutes the block.
pub(crate) fn slot(index: u64) -> u64 {
    (index % BLOCK * 97 + 13) % BLOCK
}

/// Position of the customer that plays `part` in the first block.
pub(crate) fn lead_index(part: u32) -> Option<u64> {
    (0..BLOCK).find(|index| slot(*index) == u64::from(part))
}

fn role(index: u64) -> Role {
    let slot = slot(index);
    let position = usize::try_from(slot).unwrap_or(usize::MAX);
    if let Some(lead) = LEADS.get(position) {
        return Role::Lead(*lead);
    }
    match slot {
        ..FIRST_ORDINARY if (index / BLOCK).is_multiple_of(TRAP_EVERY) => {
            let trap = usize::try_from(slot - FIRST_TRAP).ok().and_then(|at| Trap::ALL.get(at));
            trap.map_or(Role::Plain, |trap| Role::Trap(*trap))
        }
        ..FIRST_PLAIN_TRAP => Role::Exempt(slot),
        FIRST_PLAIN_TRAP..FIRST_ORDINARY => Role::Plain,
        FIRST_ORDINARY..FIRST_UNKNOWN => Role::Exempt(slot),
        FIRST_UNKNOWN..FIRST_OUT_OF_USE => Role::Unknown,
        FIRST_OUT_OF_USE..FIRST_PLAIN => Role::OutOfUse(slot),
        _ => Role::Plain,
    }
}

fn place(index: u64, random: &mut Random) -> Place {
    match slot(index) {
        slot @ 300..312 => places::province(slot),
        slot @ 312..318 => places::abroad(slot),
        slot @ ..179 => places::state(slot),
        _ => places::busy(random.next()),
    }
}

fn address(kind: &'static str, place: Place, random: &mut Random) -> Address {
    Address {
        kind,
        line1: Some(words::street(random)),
        line2: random.percent(12).then(|| format!("Suite {}", 100 + random.below(400))),
        city: Some(place.city.to_owned()),
        region: (!place.region.is_empty()).then(|| place.region.to_owned()),
        postal_code: Some(place.postal_code.to_owned()),
        country: Some(place.country.to_owned()),
    }
}

/// An exemption record that holds.
pub(crate) fn record(region: Option<&'static str>, reason: char, number: Option<String>) -> Exemption {
    Exemption {
        exempt: true,
        country: Some("US"),
        region,
        reason: Some(reason_words(reason)),
        entity_use_code: Some(reason.to_string()),
        number,
        effective: Some("2021-01-01"),
        expires: Some(VALID_UNTIL),
    }
}

/// A customer as it would be without any role: in use, taxable, with one address.
fn ordinary(seed: u64, index: u64, place: Place, random: &mut Random) -> Customer {
    let (trade, round) = words::business_name(seed, index);
    let code = format!("C-{:05}", index + 10_001);
    let tag = words::slug(&trade);
    let round = round.map(|round| format!(" {round}")).unwrap_or_default();
    let line = 100 + index % 100;
    Customer {
        id: id(index),
        tax_code: Some(code.clone()),
        code,
        name: format!("{trade}{round} {}", words::ending(random)),
        status: "active",
        email: Some(format!("{tag}-{}@example.com", index + 10_001)),
        phone: random.percent(80).then(|| format!("202-555-0{line}")),
        fax: random.percent(15).then(|| format!("202-555-0{line}")),
        contact_name: random.percent(70).then(|| words::person(random)),
        taxpayer_id: random.percent(60).then(|| format!("00-{:07}", random.below(10_000_000))),
        taxable: Some(true),
        tax_group: Some("STANDARD"),
        addresses: vec![address(if random.percent(30) { "main" } else { "bill-to" }, place, random)],
        ..Customer::default()
    }
}

fn make_exempt(customer: &mut Customer, kind: u64, seed: u64, index: u64, place: Place, random: &mut Random) {
    let reason = random.pick(&['G', 'G', 'G', 'E', 'I', 'B', 'H']);
    let number = |state| state_number(seed, index, state);
    let region = (place.country == "US").then_some(place.region);
    match kind % 10 {
        0 => {
            customer.taxable = Some(false);
            customer.exemptions.push(record(region, reason, Some(number(place.region))));
        }
        1 => {
            let second = places::state(index);
            customer.exemptions.push(record(region, reason, Some(number(place.region))));
            if second.region != place.region {
                customer.exemptions.push(record(Some(second.region), reason, Some(number(second.region))));
                customer.addresses.push(address("ship-to", second, random));
            }
        }
        2 => customer.exemptions.push(record(None, reason, None)),
        3 => customer.resale_number = Some(number(place.region)),
        4 => {
            customer.exemption_number = Some(number(place.region));
            customer.exemption_reason = Some(reason_words(reason));
        }
        5 => customer.exemption_reason = Some(reason_words(reason)),
        6 => customer.entity_use_code = Some(reason.to_string()),
        8 => customer.tax_group = Some("EXEMPT"),
        _ => customer.taxable = Some(false),
    }
    if random.percent(15) {
        customer.email = None;
    }
}

fn play_lead(customer: &mut Customer, lead: Lead, seed: u64, index: u64, random: &mut Random) {
    let (trade, round) = words::business_name(seed, index);
    let round = round.map(|round| format!(" {round}")).unwrap_or_default();
    customer.name = format!("{trade}{round} {}", business_of(lead.reason).0);
    customer.addresses =
        lead.states.iter().take(1).map(|state| address("bill-to", places::of_state(state), random)).collect();
    for state in lead.states.iter().skip(1) {
        customer.addresses.push(address("ship-to", places::of_state(state), random));
    }
    let number = lead.states.first().map(|state| state_number(seed, index, state));
    match lead.known {
        Known::Records => {
            for state in lead.states {
                let number = Some(state_number(seed, index, state));
                customer.exemptions.push(record(Some(state), lead.reason, number));
            }
        }
        Known::ResaleNumber => customer.resale_number = number,
        Known::ExemptionNumber => {
            customer.exemption_number = number;
            customer.exemption_reason = Some(reason_words(lead.reason));
        }
        Known::UseCode => customer.entity_use_code = Some(lead.reason.to_string()),
        Known::TaxGroup => customer.tax_group = Some("EXEMPT"),
    }
}

/// Customer number `index`, counted from 0.
pub(crate) fn customer(seed: u64, index: u64) -> Customer {
    let mut random = Random::of_item(seed, index);
    let place = place(index, &mut random);
    let mut customer = ordinary(seed, index, place, &mut random);
    match role(index) {
        Role::Lead(lead) => play_lead(&mut customer, lead, seed, index, &mut random),
        Role::Trap(trap) => traps::set(&mut customer, trap, seed, index),
        Role::Exempt(kind) => make_exempt(&mut customer, kind, seed, index, place, &mut random),
        Role::Unknown => {
            customer.taxable = None;
            customer.tax_group = None;
        }
        Role::OutOfUse(slot) => {
            customer.status = match slot % 6 {
                0..3 => "inactive",
                3 => "blocked",
                _ => "prospect",
            };
            if slot % 4 == 0 {
                make_exempt(&mut customer, slot, seed, index, place, &mut random);
            }
        }
        Role::Plain => {
            if random.percent(6) {
                customer.email = None;
            }
            if random.percent(20) {
                let second = places::busy(random.next());
                customer.addresses.push(address("ship-to", second, &mut random));
            }
        }
    }
    customer
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_part_and_every_trap_is_in_the_first_block_once() {
        let traps: BTreeSet<_> = (0..BLOCK).filter_map(|index| customer(1, index).trap).collect();
        assert_eq!(traps.len(), Trap::ALL.iter().collect::<BTreeSet<_>>().len());
        let parts: BTreeSet<_> = (0..26).filter_map(lead_index).collect();
        assert_eq!(parts.len(), LEADS.len());
    }

    #[test]
    fn a_large_set_has_about_one_troublesome_customer_in_a_hundred() {
        let count = (0..BLOCK * 20).filter(|index| customer(1, *index).trap.is_some()).count();
        assert_eq!(count, 2 * Trap::ALL.len());
    }

    #[test]
    fn a_customer_depends_on_seed_and_position_only() {
        assert_eq!(customer(3, 77), customer(3, 77));
        assert_ne!(customer(3, 77).name, customer(4, 77).name);
    }
}
