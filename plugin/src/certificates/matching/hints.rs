//! What a page says of a customer besides the values that were read from it.
//!
//! A worn page may give its purchaser's name to another label, or lose it. The name still stands on it, and so do street,
//! number and e-mail address, so a person is shown the customers that the page speaks of. None of this ever takes a
//! customer by itself: a page may speak of a parent, a neighbour or a bank as well.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::certificates::names::{self, Name, house_number, zip};
use crate::certificates::rules::Field;
use crate::certificates::understand::record::Certificate;
use crate::certificates::understand::text::plain;
use crate::model::erp::Customer;
use crate::text::lower;

/// Names less alike than this are two names.
const ALIKE: f32 = 0.8;
/// Letters of a name, from its beginning and from its end, that lead from a customer to pages: one end is read well.
const ENDS: usize = 6;
/// Shortest number, street and name that say anything.
const SHORTEST: usize = 5;
/// A page speaks of a customer from this score on.
const SPEAKS: f32 = 0.2;
/// The highest score, well below that of a customer taken without a person.
const HIGHEST: f32 = 0.8;

/// What the pages of a certificate say, ready to be compared.
#[derive(Debug, Default)]
pub(super) struct Hints {
    names: Vec<Name>,
    /// House number and first word of the street.
    streets: HashSet<String>,
    zips: HashSet<String>,
    /// Letters and digits of all lines, for cities.
    words: String,
    numbers: HashSet<String>,
    mails: HashSet<String>,
    domains: HashSet<String>,
}

/// What speaks for a customer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spoken {
    /// 0 to 1.
    pub(super) score: f32,
    /// Whether the page has its name.
    pub(super) named: bool,
    /// For people.
    pub(super) why: Vec<&'static str>,
}

impl Hints {
    /// Collects what the lines of a certificate say.
    pub(super) fn of(certificate: &Certificate) -> Self {
        let mut hints = Self::default();
        let values = [Field::Purchaser, Field::TradeName, Field::Street, Field::PostalCode, Field::Email];
        let lines = values.into_iter().map(|field| certificate.text(field));
        for line in lines.chain(certificate.lines.iter().map(String::as_str)) {
            hints.add(line);
        }
        hints
    }

    fn add(&mut self, line: &str) {
        self.names.extend(names::names(line).into_iter().filter(|name| name.joined.len() >= SHORTEST));
        self.streets.extend(street(line));
        for word in line.split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            if word.contains('@') {
                self.mails.insert(lower(word));
                self.domains.extend(own_domain(word));
            } else if digits >= SHORTEST {
                self.zips.insert(zip(word));
                self.numbers.insert(plain(word));
            }
        }
        // A number may have spaces: "SR KHO 100-482915".
        let whole = plain(line);
        if line.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST {
            self.numbers.insert(whole.clone());
        }
        self.words.push_str(&whole);
        self.words.push('\n');
    }

    /// Keys that a customer has to share one of.
    pub(super) fn keys(&self) -> Vec<u64> {
        let numbers = self.numbers.iter().map(|it| key("number", it));
        let streets = self.streets.iter().map(|it| key("street", it));
        let mail = self.domains.iter().map(|it| key("domain", it));
        let mut keys: Vec<u64> = numbers.chain(streets).chain(mail).collect();
        keys.extend(self.names.iter().flat_map(name_keys));
        keys
    }

    /// What the page says of a customer, if it speaks of it.
    pub(super) fn speak(&self, customer: &Customer, own: &[Name]) -> Option<Spoken> {
        let named = self
            .names
            .iter()
            .flat_map(|name| own.iter().map(|own| names::nearly(name, own)))
            .fold(0.0, f32::max);
        let named = if named >= ALIKE { named } else { 0.0 };
        let numbered = numbers(customer).any(|number| {
            let number = plain(number);
            number.len() >= SHORTEST && self.numbers.contains(&number)
        });
        let email = lower(customer.email.as_deref().unwrap_or_default().trim());
        let written = self.mails.contains(&email);
        let domain = own_domain(&email).is_some_and(|it| self.domains.contains(&it));
        let addresses = || customer.addresses.iter();
        let at_street = addresses()
            .filter_map(|it| street(it.line1.as_deref()?))
            .any(|street| self.streets.contains(&street));
        let at_zip = addresses()
            .filter_map(|it| it.postal_code.as_deref())
            .any(|code| !code.is_empty() && self.zips.contains(&zip(code)));
        let in_city = addresses()
            .filter_map(|it| it.city.as_deref())
            .any(|city| city.len() >= 3 && self.words.contains(&plain(city)));
        let mut score = 0.5 * named;
        let mut why = Vec::new();
        for (holds, more, reason) in [
            (named > 0.0, 0.0, "named on the page"),
            (at_street, 0.25, "its street on the page"),
            (at_zip, 0.1, "its ZIP code on the page"),
            (in_city, 0.05, "its city on the page"),
            (numbered, 0.3, "its number on the page"),
            (written, 0.25, "its e-mail address on the page"),
            (domain && !written, 0.2, "its e-mail domain on the page"),
        ] {
            if holds {
                score += more;
                why.push(reason);
            }
        }
        // A ZIP code or a city has many.
        let tells = named > 0.0 || at_street || numbered || written || domain;
        (tells && score >= SPEAKS).then_some(Spoken { score: score.min(HIGHEST), named: named > 0.0, why })
    }
}

/// Keys of a customer.
pub(super) fn customer_keys(customer: &Customer, own: &[Name]) -> Vec<u64> {
    let mut keys: Vec<u64> = own.iter().flat_map(name_keys).collect();
    keys.extend(numbers(customer).map(|number| key("number", &plain(number))));
    let streets = customer.addresses.iter().filter_map(|it| street(it.line1.as_deref()?));
    keys.extend(streets.map(|it| key("street", &it)));
    keys.extend(own_domain(customer.email.as_deref().unwrap_or_default()).map(|it| key("domain", &it)));
    keys
}

/// The domain of an e-mail address, unless everybody has it.
pub(super) fn own_domain(email: &str) -> Option<String> {
    let (_, domain) = email.rsplit_once('@')?;
    let domain = lower(domain.trim());
    let common = ["gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "aol.com", "icloud.com"];
    (!domain.is_empty() && !common.contains(&domain.as_str())).then_some(domain)
}

/// The numbers the ERP has for a customer.
pub(super) fn numbers(customer: &Customer) -> impl Iterator<Item = &str> {
    let exemptions = customer.exemptions.iter().filter_map(|it| it.number.as_deref());
    let evidence = customer.evidence.iter().map(|it| it.value.as_str());
    exemptions.chain(customer.taxpayer_id.as_deref()).chain(evidence)
}

/// House number and what follows it, "7613mulberry": the kind of street is written in many ways.
fn street(line: &str) -> Option<String> {
    let house = house_number(line);
    let (_, after) = line.split_once(house.as_str()).filter(|_| !house.is_empty())?;
    let word = after.split(|c: char| !c.is_alphanumeric()).find(|word| word.chars().count() > 2);
    let boxed = line.to_ascii_lowercase().contains("box");
    match word.filter(|word| word.chars().all(char::is_alphabetic)) {
        Some(word) => Some(format!("{house}{}", lower(word))),
        None => (boxed && house.len() > 1).then(|| format!("{house}box")),
    }
}

/// How a name begins and how it ends.
fn name_keys(name: &Name) -> [u64; 2] {
    let begins: String = name.joined.chars().take(ENDS).collect();
    let ends: String = name.joined.chars().rev().take(ENDS).collect();
    [key("begins", &begins), key("ends", &ends)]
}

fn key(kind: &str, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, text).hash(&mut hasher);
    hasher.finish()
}
