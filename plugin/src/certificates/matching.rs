//! Finding the customer that a certificate belongs to.
//!
//! Customers are met one by one in a pass over the ERP, each held against the certificates it shares a word or an
//! address with; a few best candidates are kept for each. A match is automatic only if the name is the same, the whole
//! is good, and it is clearly ahead of the second, because a certificate under the wrong customer exempts somebody who
//! has none. Another company at the same address is another company, and said to be one. Where no match is automatic, a
//! person is also shown the customers that the pages speak of elsewhere, see `hints`.

mod doubt;
mod hints;

use crate::certificates::matching::hints::{Hints, Spoken};
use crate::certificates::names::{self, Name, house_number, zip};
use crate::certificates::rules::Field;
use crate::certificates::understand::judge::Finding;
use crate::certificates::understand::numbers;
use crate::certificates::understand::record::Certificate;
use crate::customer;
use crate::exemption;
use crate::geography;
use crate::model::erp::{Address, Customer};
use crate::model::tenant::Settings;
use crate::order::Index;
use crate::plan::short_hash;
use crate::text::lower;

/// Names less alike than this are no candidates, unless the address is the same.
const NAMES_ALIKE: f32 = 0.6;
/// Names of an automatic match are at least this alike.
const SAME_NAME: f32 = 0.93;
/// Lowest score of an automatic match.
const SURE: f32 = 0.85;
/// How far ahead of the second an automatic match has to be.
const AHEAD: f32 = 0.1;
/// Candidates kept for each certificate.
const KEPT: usize = 4;
/// Longest word from which on it leads from a customer to certificates.
const WORD: usize = 3;

/// A customer that may be the purchaser.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// ERP id.
    pub id: String,
    /// Customer code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Fingerprint of the ERP row.
    pub row: String,
    /// ERP id of its parent, may be empty.
    pub parent: String,
    /// 0 to 1.
    pub score: f32,
    /// 0 to 1: how alike the names are.
    pub alike: f32,
    /// For people: what speaks for it.
    pub why: String,
}

/// Which customer a certificate belongs to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Match {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Why the first one is not taken; none if it is.
    pub doubt: Option<Finding>,
}

impl Match {
    /// The customer, if there is no doubt.
    #[must_use]
    pub fn sure(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|_| self.doubt.is_none())
    }
}

/// A certificate to find the customer of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// ERP id of the customer its document is attached to.
    pub attached_to: Option<&'a str>,
    /// Customer code that a person chose.
    pub chosen: Option<&'a str>,
}

/// What is compared of a certificate.
struct Compared<'a> {
    wanted: Wanted<'a>,
    names: Vec<Name>,
    zip: String,
    region: String,
    house: String,
    city: String,
    domain: Option<String>,
    best: Vec<Candidate>,
    hints: Hints,
    /// Customers that the pages speak of, best first, and whether they name them.
    spoken: Vec<(Candidate, bool)>,
}

/// Certificates waiting to meet their customers.
#[expect(missing_debug_implementations, reason = "only passed through")]
pub struct Finder<'a> {
    compared: Vec<Compared<'a>>,
    /// Certificates by hashes of what a customer has to share with them.
    by_key: Index,
    /// The same of what their pages say besides.
    by_hint: Index,
}

impl<'a> Finder<'a> {
    /// Prepares certificates.
    #[must_use]
    pub fn new(wanted: &[Wanted<'a>]) -> Self {
        let compared: Vec<Compared<'a>> = wanted
            .iter()
            .map(|wanted| {
                let text = |field| wanted.certificate.text(field);
                let mut names = names::names(text(Field::Purchaser));
                names.extend(names::names(text(Field::TradeName)));
                Compared {
                    wanted: *wanted,
                    names,
                    zip: zip(text(Field::PostalCode)),
                    region: text(Field::AddressState).to_owned(),
                    house: house_number(text(Field::Street)),
                    city: lower(text(Field::City)),
                    domain: hints::own_domain(text(Field::Email)),
                    best: Vec::new(),
                    hints: hints_of(wanted),
                    spoken: Vec::new(),
                }
            })
            .collect();
        let (mut by_key, mut by_hint) = (Vec::new(), Vec::new());
        for (at, it) in compared.iter().enumerate() {
            let mut keys = name_keys(&it.names);
            keys.extend(address_key(&it.zip, &it.house));
            keys.extend(it.wanted.attached_to.map(|id| short_hash(&format!("id\n{id}"))));
            keys.extend(it.wanted.chosen.map(|code| short_hash(&format!("code\n{code}"))));
            by_key.extend(keys.into_iter().map(|key| (key, at)));
            by_hint.extend(it.hints.keys().into_iter().map(|key| (key, at)));
        }
        Self { compared, by_key: Index::new(by_key), by_hint: Index::new(by_hint) }
    }

    /// Holds a customer against the certificates it shares something with.
    pub fn meet(&mut self, customer: &Customer, settings: &Settings) {
        if !exemption::in_use(customer) {
            return;
        }
        let names = names::names(&customer.name);
        let mut keys = name_keys(&names);
        for address in &customer.addresses {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            keys.extend(address_key(&zip(&text(&address.postal_code)), &house_number(&text(&address.line1))));
        }
        keys.push(short_hash(&format!("id\n{}", customer.id)));
        let code = customer::code(customer, settings.code_source).to_owned();
        keys.push(short_hash(&format!("code\n{code}")));
        for at in self.by_key.under(&keys) {
            if let Some(compared) = self.compared.get_mut(at) {
                compare(compared, customer, &names, &code, settings);
            }
        }
        for at in self.by_hint.under(&hints::customer_keys(customer, &names)) {
            if let Some(compared) = self.compared.get_mut(at) {
                listen(compared, customer, &names, &code, settings);
            }
        }
    }

    /// What was found, in the order the certificates were given in.
    #[must_use]
    pub fn finish(self) -> Vec<Match> {
        self.compared.into_iter().map(doubt::judge).collect()
    }
}

/// Keys under which names meet: their longer words, and how they begin when spaces are lost.
fn name_keys(names: &[Name]) -> Vec<u64> {
    let mut keys = Vec::new();
    for name in names {
        keys.extend(name.words.iter().filter(|word| word.len() >= WORD).map(|word| short_hash(word)));
        keys.push(short_hash(&format!("begins\n{}", name.joined.chars().take(6).collect::<String>())));
    }
    keys
}

fn address_key(zip: &str, house: &str) -> Option<u64> {
    (!zip.is_empty() && !house.is_empty()).then(|| short_hash(&format!("at\n{zip}\n{house}")))
}

/// What the pages say besides; where a customer is given already, nobody asks.
fn hints_of(wanted: &Wanted<'_>) -> Hints {
    let given = wanted.chosen.is_some() || wanted.attached_to.is_some();
    if given { Hints::default() } else { Hints::of(wanted.certificate) }
}

fn compare(
    compared: &mut Compared<'_>,
    customer: &Customer,
    names: &[Name],
    code: &str,
    settings: &Settings,
) {
    let wanted = &compared.wanted;
    let chosen = wanted.chosen.is_some_and(|wanted| wanted == code);
    let attached = wanted.attached_to.is_some_and(|id| id == customer.id);
    if (wanted.chosen.is_some() && !chosen) || (wanted.attached_to.is_some() && !attached && !chosen) {
        return;
    }
    let alike = names::most_alike(&compared.names, names);
    let best_place = customer.addresses.iter().map(|address| place(compared, address)).fold(0.0, f32::max);
    let at_address = best_place >= 0.25;
    if (alike < NAMES_ALIKE && !at_address && !chosen && !attached)
        || compared.best.iter().any(|known| known.id == customer.id)
    {
        return;
    }
    let number = same_number(wanted.certificate, customer);
    let mail = compared.domain.is_some()
        && compared.domain == hints::own_domain(customer.email.as_deref().unwrap_or_default());
    let mut why = vec![if alike >= SAME_NAME {
        "same name"
    } else if alike >= NAMES_ALIKE {
        "similar name"
    } else {
        "other name"
    }];
    for (holds, reason) in [
        (at_address, "same address"),
        (!at_address && best_place >= 0.15, "same ZIP code"),
        (number, "same number"),
        (mail, "same e-mail domain"),
        (attached, "the document is attached to it"),
    ] {
        if holds {
            why.push(reason);
        }
    }
    let score = if chosen {
        1.0
    } else if attached {
        0.7 * alike + 0.3
    } else {
        let extra = if number { 0.1 } else { 0.0 } + if mail { 0.05 } else { 0.0 };
        (0.7 * alike + best_place + extra).min(1.0)
    };
    let candidate = candidate(customer, code, settings, (score, alike), &why);
    let before = compared.best.iter().take_while(|known| known.score >= candidate.score).count();
    compared.best.insert(before, candidate);
    compared.best.truncate(KEPT);
}

/// Keeps a customer that the pages speak of, if it is among the best of those.
fn listen(compared: &mut Compared<'_>, customer: &Customer, names: &[Name], code: &str, settings: &Settings) {
    let Some(Spoken { score, named, why }) = compared.hints.speak(customer, names) else { return };
    let before = compared.spoken.iter().take_while(|(known, _)| known.score >= score).count();
    let known = compared.spoken.iter().any(|(known, _)| known.id == customer.id);
    if known || before >= KEPT {
        return;
    }
    let alike = names::most_alike(&compared.names, names);
    compared.spoken.insert(before, (candidate(customer, code, settings, (score, alike), &why), named));
    compared.spoken.truncate(KEPT);
}

fn candidate(
    customer: &Customer,
    code: &str,
    settings: &Settings,
    (score, alike): (f32, f32),
    why: &[&str],
) -> Candidate {
    Candidate {
        id: customer.id.clone(),
        code: code.to_owned(),
        name: customer.name.clone(),
        row: customer::project(customer, settings).fingerprint(customer, &settings.today),
        parent: customer.parent.clone().unwrap_or_default(),
        score,
        alike,
        why: why.join(", "),
    }
}

/// How well an address fits: ZIP code 0.15, house number 0.1, state or city 0.05.
fn place(compared: &Compared<'_>, address: &Address) -> f32 {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let same = |one: &str, other: &str| !one.is_empty() && one == other;
    let country = geography::country(&text(&address.country)).unwrap_or("US");
    let region = geography::region(country, &text(&address.region)).unwrap_or_default();
    let zip = same(&compared.zip, &zip(&text(&address.postal_code)));
    let house = same(&compared.house, &house_number(&text(&address.line1)));
    let near = same(&compared.region, &region) || same(&compared.city, &lower(&text(&address.city)));
    (if zip { 0.15 } else { 0.0 }) + (if house { 0.1 } else { 0.0 }) + (if near { 0.05 } else { 0.0 })
}

/// Whether the ERP has one of the certificate's numbers for the customer.
fn same_number(certificate: &Certificate, customer: &Customer) -> bool {
    let own = || {
        let federal = certificate.text(Field::FederalNumber);
        certificate.coverage.iter().map(|it| it.number.as_str()).chain(core::iter::once(federal))
    };
    hints::numbers(customer).any(|number| own().any(|own| numbers::same(own, number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::understand::values::{How, Value};
    use crate::customer::testing::{customer, settings};
    use crate::model::erp::AddressUse;

    fn certificate(name: &str, street: &str, zip: &str) -> Certificate {
        let mut certificate = Certificate::default();
        for (field, text) in [
            (Field::Purchaser, name),
            (Field::Street, street),
            (Field::PostalCode, zip),
            (Field::AddressState, "WI"),
        ] {
            let (text, raw) = (text.to_owned(), text.to_owned());
            certificate.put(Value {
                field,
                text,
                raw,
                page: 0,
                area: None,
                how: How::Label,
                confidence: 1.0,
            });
        }
        certificate
    }

    fn one(code: &str, name: &str, line1: &str, zip: &str) -> Customer {
        let address = Address {
            usage: AddressUse::MAIN,
            line1: Some(line1.into()),
            line2: None,
            city: Some("Town".into()),
            region: Some("WI".into()),
            postal_code: Some(zip.into()),
            country: Some("US".into()),
        };
        Customer {
            name: name.into(),
            addresses: vec![address],
            tax_engine_code: None,
            ..customer(code, code)
        }
    }

    fn find(certificate: &Certificate, chosen: Option<&str>, customers: &[Customer]) -> Match {
        let mut finder = Finder::new(&[Wanted { certificate, attached_to: None, chosen }]);
        customers.iter().for_each(|customer| finder.meet(customer, &settings()));
        finder.finish().remove(0)
    }

    fn rule(found: &Match) -> &'static str {
        found.doubt.as_ref().map_or("sure", |doubt| doubt.rule)
    }

    #[test]
    fn the_same_name_at_the_same_address_is_the_customer() {
        let wanted =
            certificate("Blue Heron Marine Supply LLC", "4821 Harborview Drive, Suite 210", "54235-1107");
        let customers = [
            one("C1", "Blue Heron Marine Supply, L.L.C.", "4821 Harborview Drive", "54235"),
            one("C2", "Blue Holdings LLC", "4821 Harborview Drive", "54235"),
            one("C3", "Blue Heron Marine Supply, L.L.C.", "100 Distant Road", "58102"),
        ];
        let found = find(&wanted, None, &customers);
        assert_eq!((rule(&found), found.sure().map(|it| it.code.as_str())), ("sure", Some("C1")));
        assert_eq!(found.candidates[0].why, "same name, same address");
        assert_eq!(rule(&find(&wanted, None, &customers[1..2])), "same-address-other-entity");
        assert_eq!(rule(&find(&wanted, None, &customers[2..])), "purchaser-unmatched", "same name elsewhere");
        assert_eq!(rule(&find(&wanted, None, &[])), "purchaser-unmatched");
        let twin = one("C4", "Blue Heron Marine Supply", "4821 Harborview Drive", "54235");
        assert_eq!(rule(&find(&wanted, None, &[customers[0].clone(), twin])), "purchaser-ambiguous");
    }

    #[test]
    fn a_person_is_shown_whom_the_page_speaks_of() {
        // The street was taken for the name; the name stands on the page, its spaces lost and two letters misread.
        let mut wanted = certificate("4821 Harborview Drive", "", "");
        wanted.lines = ["BLUEHERONMARlNESUPPLV", "4821 Harborview Drive", "Name of purchaser"]
            .map(str::to_owned)
            .to_vec();
        let customers = [
            one("C1", "Distant Mills", "4 Mill Road", "54235"),
            one("C2", "Blue Heron Marine Supply, L.L.C.", "9 Distant Road", "58102"),
            one("C3", "Blue Heron Marine Supply, L.L.C.", "4821 Harborview Dr.", "54235"),
        ];
        let found = find(&wanted, None, &customers);
        let codes: Vec<&str> = found.candidates.iter().map(|it| it.code.as_str()).collect();
        assert_eq!((rule(&found), found.sure()), ("purchaser-unmatched", None), "never without a person");
        assert_eq!(codes, ["C3", "C2"]);
        assert_eq!(found.candidates[0].why, "named on the page, its street on the page");
        let text = found.doubt.map(|it| it.text).unwrap_or_default();
        assert!(text.contains("Perhaps it is customer C3"), "{text}");
    }

    #[test]
    fn numbers_and_mail_on_the_page_speak_too() {
        let mut wanted = certificate("", "", "");
        wanted.lines = ["Permit 456-1020058817", "office@heron.example"].map(str::to_owned).to_vec();
        let mut numbered = one("C1", "Blue Heron", "1 Dock Road", "54235");
        numbered.taxpayer_id = Some("4561020058817".into());
        let mut mailed = one("C2", "Grey Heron", "2 Dock Road", "54235");
        mailed.email = Some("ann@heron.example".into());
        let everybody =
            Customer { email: Some("ann@gmail.com".into()), ..one("C3", "Egret", "3 Dock Road", "54235") };
        wanted.lines.push("Write to bob@gmail.com".to_owned());
        let found = find(&wanted, None, &[mailed, numbered, everybody]);
        let why: Vec<(&str, &str)> =
            found.candidates.iter().map(|it| (it.code.as_str(), it.why.as_str())).collect();
        assert_eq!(why, [("C1", "its number on the page"), ("C2", "its e-mail domain on the page")]);
        assert_eq!((rule(&found), found.sure()), ("purchaser-unmatched", None));
    }

    #[test]
    fn what_the_page_speaks_of_changes_no_sure_match() {
        let mut wanted = certificate("Blue Heron Marine Supply LLC", "4821 Harborview Drive", "54235");
        wanted.lines = ["Grey Heron Bank", "Blue Heron Marine Supply LLC"].map(str::to_owned).to_vec();
        let customers = [
            one("C1", "Blue Heron Marine Supply, L.L.C.", "4821 Harborview Drive", "54235"),
            one("C2", "Grey Heron Bank", "4821 Harborview Drive", "58102"),
        ];
        let found = find(&wanted, None, &customers);
        assert_eq!(found.sure().map(|it| it.code.as_str()), Some("C1"));
        assert_eq!(found.candidates.len(), 1);
        // Another company at the address stays another company, though the page speaks of it.
        let found = find(&wanted, None, &[one("C2", "Grey Heron Bank", "4821 Harborview Drive", "54235")]);
        assert_eq!(rule(&found), "same-address-other-entity");
    }

    #[test]
    fn a_longer_name_is_another_company() {
        let wanted = certificate("Blue Heron Marine", "1 Dock Road", "54235");
        let customers = [one("C1", "Blue Heron Marine Holdings", "1 Dock Road", "54235")];
        assert_eq!(rule(&find(&wanted, None, &customers)), "purchaser-unmatched");
    }

    #[test]
    fn a_person_may_choose() {
        let wanted = certificate("Somebody Else", "1 Dock Road", "54235");
        let customers = [one("C1", "Blue Heron Marine Holdings", "9 Mill Road", "99999")];
        assert_eq!(find(&wanted, Some("C1"), &customers).sure().map(|it| it.code.as_str()), Some("C1"));
        assert_eq!(rule(&find(&wanted, Some("C9"), &customers)), "purchaser-unmatched");
    }
}
