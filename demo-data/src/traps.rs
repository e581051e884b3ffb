//! What goes wrong in real customer tables, one example each.
//!
//! Every trap starts from an ordinary taxable customer and changes as little as it can, so that a test which trips
//! over a row knows what it tripped over. Pairs (two customers with one code) are two entries that share a group.

use serde::{Deserialize, Serialize};

use crate::{
    customers::{Address, Customer, EXPIRED_ON, Exemption, record, slot},
    leads::{reason_words, state_number},
    places,
};

/// What is the matter with a troublesome row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trap {
    /// Another active customer carries the same code.
    CodeShared,
    /// Another customer carries the code in other case; both are usable, because codes are case-sensitive.
    CodeCase,
    /// The code has more than 50 characters.
    CodeTooLong,
    /// There is no code.
    CodeEmpty,
    /// The code holds a slash.
    CodeSlash,
    /// The code holds a space.
    CodeSpace,
    /// The code holds letters beyond ASCII.
    CodeUnicode,
    /// No street.
    Line1Missing,
    /// A street line of more than 50 characters.
    Line1TooLong,
    /// A street in two lines.
    Line1TwoLines,
    /// No city.
    CityMissing,
    /// No postal code.
    PostalCodeMissing,
    /// A postal code of more than ten characters.
    PostalCodeTooLong,
    /// No region in a US address.
    RegionMissing,
    /// Region `US-GA`.
    RegionPrefixed,
    /// Region `Georgia`.
    RegionSpelledOut,
    /// Region `130`.
    RegionNumber,
    /// City `Washington DC` in region `CA`.
    RegionWrong,
    /// Country `USA`.
    CountryThreeLetters,
    /// Country `United States`.
    CountrySpelledOut,
    /// Country `PO`, which does not exist.
    CountryUnknown,
    /// No country.
    CountryMissing,
    /// No address at all.
    AddressMissing,
    /// A masked taxpayer id.
    TaxpayerIdMasked,
    /// Exempt, but inactive.
    ExemptInactive,
    /// Exempt, but blocked.
    ExemptBlocked,
    /// Exempt, but a prospect.
    ExemptProspect,
    /// Exempt in Utah and by the record not exempt in California.
    ExemptHereNotThere,
    /// The only exemption on record has expired; nothing else speaks for it.
    ExemptionExpired,
    /// The exemption record has expired, while a number still stands on the customer.
    NumberButExpired,
    /// A record that says the customer is not exempt.
    NotExemptRecord,
    /// Belongs to a parent customer.
    SubCustomer,
    /// Exempt, without an e-mail address.
    EmailMissing,
    /// Exempt, with an e-mail address that is none.
    EmailMalformed,
    /// No name.
    NameEmpty,
    /// A name with an ampersand.
    NameAmpersand,
    /// A name with quotation marks and letters beyond ASCII.
    NameQuotes,
    /// A name of more than 100 characters.
    NameTooLong,
    /// Exempt, but nothing says where: the address is abroad and the record names no region.
    StateUnknown,
    /// Code, name and e-mail address with spaces around them, which a reader takes off.
    Padded,
    /// The name is a blob: the row cannot be read.
    RowBlobName,
    /// The name is not UTF-8: the row cannot be read.
    RowBrokenText,
}

impl Trap {
    /// Each trap in the order of its places in a block; the pairs stand here twice.
    pub(crate) const ALL: [Self; 46] = [
        Self::CodeShared,
        Self::CodeShared,
        Self::CodeShared,
        Self::CodeShared,
        Self::CodeCase,
        Self::CodeCase,
        Self::CodeTooLong,
        Self::CodeEmpty,
        Self::CodeSlash,
        Self::CodeSpace,
        Self::CodeUnicode,
        Self::Line1Missing,
        Self::Line1TooLong,
        Self::Line1TwoLines,
        Self::CityMissing,
        Self::PostalCodeMissing,
        Self::PostalCodeTooLong,
        Self::RegionMissing,
        Self::RegionPrefixed,
        Self::RegionSpelledOut,
        Self::RegionNumber,
        Self::RegionWrong,
        Self::CountryThreeLetters,
        Self::CountrySpelledOut,
        Self::CountryUnknown,
        Self::CountryMissing,
        Self::AddressMissing,
        Self::TaxpayerIdMasked,
        Self::ExemptInactive,
        Self::ExemptBlocked,
        Self::ExemptProspect,
        Self::ExemptHereNotThere,
        Self::ExemptionExpired,
        Self::NumberButExpired,
        Self::NotExemptRecord,
        Self::SubCustomer,
        Self::EmailMissing,
        Self::EmailMalformed,
        Self::NameEmpty,
        Self::NameAmpersand,
        Self::NameQuotes,
        Self::NameTooLong,
        Self::StateUnknown,
        Self::Padded,
        Self::RowBlobName,
        Self::RowBrokenText,
    ];
}

/// Springs `trap` on an ordinary customer.
pub(crate) fn set(customer: &mut Customer, trap: Trap, seed: u64, index: u64) {
    customer.trap = Some(trap);
    let pair = slot(index) / 2;
    match trap {
        Trap::CodeShared => set_code(customer, &format!("SHARED-{}-{pair}", index / 320)),
        Trap::CodeCase if slot(index).is_multiple_of(2) => {
            set_code(customer, &format!("CASE-{}-QX", index / 320))
        }
        Trap::CodeCase => set_code(customer, &format!("CASE-{}-qx", index / 320)),
        Trap::CodeTooLong => {
            set_code(customer, &format!("WHOLESALE-DIVISION-NORTH-AND-SOUTH-COMBINED-{index:012}"))
        }
        Trap::CodeEmpty => {
            customer.code.clear();
            customer.tax_code = None;
        }
        Trap::CodeSlash => set_code(customer, &format!("W/{}/3", index + 10_001)),
        Trap::CodeSpace => set_code(customer, &format!("WEST {}", index + 10_001)),
        Trap::CodeUnicode => set_code(customer, &format!("KÖLN-{}", index + 10_001)),
        Trap::TaxpayerIdMasked => customer.taxpayer_id = Some("XXXXX6789".to_owned()),
        Trap::SubCustomer => customer.parent_id = Some(customer.id - 1).filter(|id| *id > 0),
        Trap::NameEmpty => customer.name.clear(),
        Trap::NameAmpersand => customer.name = format!("Sprocket & Daughters & {}", index + 1),
        Trap::NameQuotes => customer.name = format!("\"Zur Schönen Öse\" Möbel {} GmbH", index + 1),
        Trap::NameTooLong => {
            customer.name = format!(
                "{} {} Holding Number {}",
                customer.name,
                "of the Far Northern Region ".repeat(4),
                index + 1
            );
        }
        Trap::Padded => {
            customer.code = format!("  {} ", customer.code);
            customer.tax_code = Some(customer.code.clone());
            customer.name = format!(" {}  ", customer.name);
            customer.email = customer.email.take().map(|email| format!(" {email} "));
        }
        Trap::ExemptInactive
        | Trap::ExemptBlocked
        | Trap::ExemptProspect
        | Trap::ExemptHereNotThere
        | Trap::ExemptionExpired
        | Trap::NumberButExpired
        | Trap::NotExemptRecord
        | Trap::EmailMissing
        | Trap::EmailMalformed
        | Trap::StateUnknown => set_exemption(customer, trap, seed, index),
        // The bytes themselves are written by `erp`, because no Rust string can hold them.
        Trap::RowBlobName | Trap::RowBrokenText => {}
        _ => set_address(customer, trap),
    }
}

fn set_code(customer: &mut Customer, code: &str) {
    customer.code = code.to_owned();
    customer.tax_code = Some(code.to_owned());
}

fn set_address(customer: &mut Customer, trap: Trap) {
    let Some(address) = customer.addresses.first_mut() else { return };
    // A plain US address, so that exactly one thing is wrong with it.
    let georgia = places::of_state("GA");
    address.line2 = None;
    address.city = Some(georgia.city.to_owned());
    address.region = Some(georgia.region.to_owned());
    address.postal_code = Some(georgia.postal_code.to_owned());
    address.country = Some(georgia.country.to_owned());
    let part = |text: &str| Some(text.to_owned());
    match trap {
        Trap::Line1Missing => address.line1 = None,
        Trap::Line1TooLong => {
            address.line1 = part("Building Twelve of the Former Cotton Warehouse Behind the Old Depot 4711");
        }
        Trap::Line1TwoLines => address.line1 = part("Receiving Dock 4\n881 Sample Parkway"),
        Trap::CityMissing => address.city = None,
        Trap::PostalCodeMissing => address.postal_code = None,
        Trap::PostalCodeTooLong => address.postal_code = part("30303-1234-567"),
        Trap::RegionMissing => address.region = None,
        Trap::RegionPrefixed => address.region = part("US-GA"),
        Trap::RegionSpelledOut => address.region = part("Georgia"),
        Trap::RegionNumber => address.region = part("130"),
        Trap::RegionWrong => {
            address.city = part("Washington DC");
            address.region = part("CA");
            address.postal_code = part("20001");
        }
        Trap::CountryThreeLetters => address.country = part("USA"),
        Trap::CountrySpelledOut => address.country = part("United States"),
        Trap::CountryUnknown => address.country = part("PO"),
        Trap::CountryMissing => address.country = None,
        Trap::AddressMissing => customer.addresses.clear(),
        _ => {}
    }
}

fn set_exemption(customer: &mut Customer, trap: Trap, seed: u64, index: u64) {
    let number = |state| Some(state_number(seed, index, state));
    let expired = |state| Exemption {
        expires: Some(EXPIRED_ON),
        effective: Some("2016-01-01"),
        ..record(Some(state), 'G', number(state))
    };
    match trap {
        Trap::ExemptInactive | Trap::ExemptBlocked | Trap::ExemptProspect => {
            customer.status = match trap {
                Trap::ExemptInactive => "inactive",
                Trap::ExemptBlocked => "blocked",
                _ => "prospect",
            };
            customer.resale_number = number("GA");
        }
        Trap::ExemptHereNotThere => {
            move_home(customer, "UT");
            let there = places::of_state("CA");
            if let Some(home) = customer.home().cloned() {
                customer.addresses.push(Address {
                    kind: "ship-to",
                    city: Some(there.city.to_owned()),
                    region: Some(there.region.to_owned()),
                    postal_code: Some(there.postal_code.to_owned()),
                    ..home
                });
            }
            customer.exemptions.push(record(Some("UT"), 'G', number("UT")));
            customer.exemptions.push(Exemption { exempt: false, ..record(Some("CA"), 'G', None) });
        }
        Trap::ExemptionExpired => customer.exemptions.push(expired("GA")),
        Trap::NumberButExpired => {
            customer.exemptions.push(expired("OH"));
            customer.exemption_number = number("OH");
        }
        Trap::NotExemptRecord => {
            customer.exemptions.push(Exemption { exempt: false, ..record(Some("TX"), 'G', None) });
        }
        Trap::EmailMissing => {
            customer.email = None;
            customer.exemption_reason = Some(reason_words('G'));
        }
        Trap::EmailMalformed => {
            customer.email = Some("accounts payable at example dot com".to_owned());
            customer.resale_number = number("GA");
        }
        _ => {
            customer.addresses.truncate(1);
            if let Some(home) = customer.addresses.first_mut() {
                let abroad = places::abroad(0);
                home.city = Some(abroad.city.to_owned());
                home.region = None;
                home.postal_code = Some(abroad.postal_code.to_owned());
                home.country = Some(abroad.country.to_owned());
            }
            customer.exemptions.push(Exemption { country: None, ..record(None, 'G', None) });
        }
    }
}

fn move_home(customer: &mut Customer, state: &str) {
    let place = places::of_state(state);
    if let Some(home) = customer.addresses.first_mut() {
        home.city = Some(place.city.to_owned());
        home.region = Some(place.region.to_owned());
        home.postal_code = Some(place.postal_code.to_owned());
        home.country = Some(place.country.to_owned());
    }
}
