//! Customers from Apache OFBiz, exported as entity-engine XML.
//!
//! OFBiz spreads a customer over a dozen entities, each an element whose attributes are the columns. The adapter streams
//! all files of a folder, keeps only the entities it needs, applies them in file order as the entity engine would (a
//! later element with the same key updates the earlier one), and joins them at the end. A customer is a party with a
//! customer role that is not one of the company's own organisations. Exemption is held for each tax authority with a
//! from and a thru date; the newest record in force today counts, and a record that says "not exempt" is kept as such.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufRead,
    path::Path,
};

use jiff::civil::Date;
use quick_xml::events::BytesStart;

use super::{
    ErpOpenError,
    memory::MemoryErp,
    posture, text,
    xml::{self, Held, Piece},
};
use crate::model::erp::{Address, AddressUse, BadRow, Customer, Description, Exemption, Lifecycle, Row};

const CUSTOMER_ROLES: [&str; 5] =
    ["CUSTOMER", "BILL_TO_CUSTOMER", "SHIP_TO_CUSTOMER", "END_USER_CUSTOMER", "PLACING_CUSTOMER"];
/// The second is how OFBiz writes it: its role ids end at twenty characters.
const OWN_ROLES: [&str; 2] = ["INTERNAL_ORGANIZATION", "INTERNAL_ORGANIZATIO"];
const EVIDENCE_FIELD: &str = "PartyTaxAuthInfo.isExempt";
/// Most rows of all entities together that are kept in memory.
const MAX_ROWS: usize = 5_000_000;

#[derive(Default)]
struct Party {
    status: Option<String>,
    name: Option<String>,
    roles: BTreeSet<String>,
    /// Contact mechanisms in the order they were given, with their purposes.
    contacts: Vec<String>,
    purposes: BTreeMap<String, BTreeSet<String>>,
    taxes: Vec<Tax>,
}

struct Tax {
    geo: Option<String>,
    authority: Option<String>,
    from: Option<Date>,
    thru: Option<Date>,
    exempt: bool,
    number: Option<String>,
}

#[derive(Default)]
struct Tables {
    parties: BTreeMap<String, Party>,
    emails: BTreeMap<String, String>,
    phones: BTreeMap<String, String>,
    addresses: BTreeMap<String, Postal>,
    rows: usize,
    held: Held,
    seen_root: bool,
}

struct Postal {
    attention: Option<String>,
    address: Address,
}

/// Reads a folder of entity-engine XML, or one file of it. Blocking.
pub fn read(path: &Path, today: Date) -> Result<MemoryErp, ErpOpenError> {
    let mut tables = Tables::default();
    for file in xml::files(path)? {
        tables.load(&file, xml::open(&file)?, today)?;
    }
    tables.finish(path, today)
}

/// Reads one text of entity-engine XML; `name` is for errors.
pub fn parse(text: impl BufRead, name: &Path, today: Date) -> Result<MemoryErp, ErpOpenError> {
    let mut tables = Tables::default();
    tables.load(name, text, today)?;
    tables.finish(name, today)
}

impl Tables {
    fn load(&mut self, path: &Path, text: impl BufRead, today: Date) -> Result<(), ErpOpenError> {
        let mut depth = 0_usize;
        xml::stream(path, text, |piece| {
            match piece {
                Piece::Open(element) => {
                    depth += 1;
                    if depth == 1 {
                        self.seen_root |= element.local_name().as_ref() == "entity-engine-xml";
                    } else if depth == 2 && self.seen_root {
                        self.take(element, today)?;
                    }
                }
                Piece::Close => depth = depth.saturating_sub(1),
                Piece::Text(_) => {}
            }
            Ok(())
        })
    }

    fn finish(self, path: &Path, today: Date) -> Result<MemoryErp, ErpOpenError> {
        if !self.seen_root {
            let message = "holds no <entity-engine-xml>; export the entities from OFBiz as XML".to_owned();
            return Err(ErpOpenError::Unexpected { path: path.to_path_buf(), message });
        }
        let description = Description {
            product: "Apache OFBiz".to_owned(),
            adapter: "ofbiz".to_owned(),
            exemption_fields: vec![EVIDENCE_FIELD.to_owned()],
            customers: None,
        };
        Ok(MemoryErp::new(description, self.customers(today)))
    }

    /// Keeps one element if it is of an entity that matters.
    fn take(&mut self, element: &BytesStart<'_>, today: Date) -> Result<(), String> {
        let get = |name: &str, most| xml::attribute(element, name, most);
        let entity = element.local_name();
        let entity = entity.as_ref();
        match entity {
            "Party"
            | "PartyRole"
            | "PartyGroup"
            | "Person"
            | "PartyContactMech"
            | "PartyContactMechPurpose"
            | "PartyTaxAuthInfo" => {
                // Read whole, so that an id that is too long is told from one that was cut.
                let Some(id) = get("partyId", usize::MAX)? else {
                    return Err(format!("a {entity} has no partyId"));
                };
                self.count(element)?;
                take_party(self.parties.entry(id).or_default(), entity, element, today)
            }
            "ContactMech" | "PostalAddress" | "TelecomNumber" => {
                let Some(id) = get("contactMechId", text::LINE)? else {
                    return Err(format!("a {entity} has no contactMechId"));
                };
                self.count(element)?;
                match entity {
                    "PostalAddress" => {
                        self.addresses.insert(id, postal(element)?);
                    }
                    "TelecomNumber" => {
                        let parts = [
                            get("countryCode", 10)?.map(|code| format!("+{}", code.trim_start_matches('+'))),
                            get("areaCode", 20)?,
                            get("contactNumber", 60)?,
                        ];
                        let number = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
                        if !number.is_empty() {
                            self.phones.insert(id, number);
                        }
                    }
                    _ => {
                        if get("contactMechTypeId", text::SHORT)?.as_deref() == Some("EMAIL_ADDRESS")
                            && let Some(email) = get("infoString", text::EMAIL)?
                        {
                            self.emails.insert(id, email);
                        }
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        self.held.add(element.len())?;
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(format!("there are more than {MAX_ROWS} records; split the export"));
        }
        Ok(())
    }

    fn customers(&self, today: Date) -> Vec<Row> {
        let plays = |party: &Party, roles: &[&str]| roles.iter().any(|role| party.roles.contains(*role));
        self.parties
            .iter()
            .filter(|(_, party)| plays(party, &CUSTOMER_ROLES) && !plays(party, &OWN_ROLES))
            .map(|(id, party)| {
                if id.len() > text::ID_BYTES {
                    let reason = format!("a partyId is longer than {} bytes", text::ID_BYTES);
                    return Row::Bad(BadRow { id: None, reason });
                }
                Row::Customer(self.customer(id, party, today))
            })
            .collect()
    }

    fn customer(&self, id: &str, party: &Party, today: Date) -> Customer {
        let addresses: Vec<_> = party
            .contacts
            .iter()
            .filter_map(|mech| Some((self.addresses.get(mech)?, party.purposes.get(mech))))
            .take(100)
            .collect();
        let exemptions = exemptions(party, &addresses, today);
        let facts =
            exemptions.iter().filter_map(|entry| posture::record(entry, EVIDENCE_FIELD, today)).collect();
        // OFBiz charges tax unless a record says otherwise, so no record is an answer too.
        let (posture, evidence) = posture::judge(Some(true), facts);
        let fax = |purpose: &str| purpose.contains("FAX");
        Customer {
            id: id.to_owned(),
            code: id.to_owned(),
            tax_engine_code: None,
            name: party.name.clone().unwrap_or_default(),
            lifecycle: match party.status.as_deref() {
                Some("PARTY_DISABLED") => Lifecycle::Inactive,
                _ => Lifecycle::Active,
            },
            email: contact(party, &self.emails, &["PRIMARY_EMAIL", "BILLING_EMAIL"], |_| true),
            phone: contact(party, &self.phones, &["PRIMARY_PHONE", "PHONE_BILLING", "PHONE_WORK"], |p| {
                !fax(p)
            }),
            fax: contact(party, &self.phones, &[], fax),
            contact_name: addresses.iter().find_map(|(postal, _)| postal.attention.clone()),
            addresses: addresses.iter().map(|(postal, purposes)| usage(&postal.address, *purposes)).collect(),
            taxpayer_id: None,
            posture,
            evidence,
            exemptions,
            entity_use_code: None,
            parent: None,
        }
    }
}

fn take_party(party: &mut Party, entity: &str, element: &BytesStart<'_>, today: Date) -> Result<(), String> {
    let get = |name: &str, most| xml::attribute(element, name, most);
    let day = |name: &str| -> Result<Option<Date>, String> {
        match get(name, text::SHORT)? {
            None => Ok(None),
            Some(value) => match posture::date(&value) {
                Some(date) => Ok(Some(date)),
                None => Err(format!("{name} of a {entity} is \"{value}\", not a date")),
            },
        }
    };
    match entity {
        "Party" => {
            if let Some(status) = get("statusId", text::SHORT)? {
                party.status = Some(status);
            }
        }
        "PartyRole" => party.roles.extend(get("roleTypeId", text::SHORT)?),
        "PartyGroup" => party.name = get("groupName", text::NAME)?,
        "Person" => {
            let parts = [get("firstName", 150)?, get("middleName", 150)?, get("lastName", 150)?];
            let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
            party.name = text::one_line(&name, text::NAME);
        }
        "PartyContactMech" => {
            if let Some(mech) = get("contactMechId", text::LINE)?
                && posture::holds(day("fromDate")?, day("thruDate")?, today)
                && !party.contacts.contains(&mech)
                && party.contacts.len() < 1000
            {
                party.contacts.push(mech);
            }
        }
        "PartyContactMechPurpose" => {
            if let (Some(mech), Some(purpose)) =
                (get("contactMechId", text::LINE)?, get("contactMechPurposeTypeId", text::SHORT)?)
                && posture::holds(day("fromDate")?, day("thruDate")?, today)
            {
                party.purposes.entry(mech).or_default().insert(purpose);
            }
        }
        _ => {
            // Without the answer it is a nexus or registration, which says nothing about exemption.
            if let Some(exempt) = get("isExempt", text::SHORT)? {
                party.taxes.push(Tax {
                    geo: get("taxAuthGeoId", text::SHORT)?.filter(|geo| geo != "_NA_"),
                    authority: get("taxAuthPartyId", text::SHORT)?,
                    from: day("fromDate")?,
                    thru: day("thruDate")?,
                    exempt: exempt == "Y",
                    number: get("partyTaxId", text::SHORT)?,
                });
            }
        }
    }
    Ok(())
}

fn postal(element: &BytesStart<'_>) -> Result<Postal, String> {
    let get = |name: &str, most| xml::attribute(element, name, most);
    Ok(Postal {
        attention: get("attnName", text::NAME)?,
        address: Address {
            usage: AddressUse::empty(),
            line1: get("address1", text::LINE)?,
            line2: get("address2", text::LINE)?,
            city: get("city", text::SHORT)?,
            region: get("stateProvinceGeoId", text::SHORT)?.filter(|geo| geo != "_NA_"),
            postal_code: get("postalCode", text::SHORT)?,
            country: get("countryGeoId", text::SHORT)?.filter(|geo| geo != "_NA_"),
        },
    })
}

fn usage(address: &Address, purposes: Option<&BTreeSet<String>>) -> Address {
    let mut address = address.clone();
    for purpose in purposes.into_iter().flatten() {
        address.usage |= match purpose.as_str() {
            "BILLING_LOCATION" | "PAYMENT_LOCATION" => AddressUse::BILL_TO,
            "SHIPPING_LOCATION" => AddressUse::SHIP_TO,
            "GENERAL_LOCATION" | "PRIMARY_LOCATION" => AddressUse::MAIN,
            _ => AddressUse::empty(),
        };
    }
    address
}

/// The contact of a preferred purpose, else the first one whose purposes are all acceptable.
fn contact(
    party: &Party,
    values: &BTreeMap<String, String>,
    preferred: &[&str],
    accept: impl Fn(&str) -> bool,
) -> Option<String> {
    let purposes = |mech: &str| party.purposes.get(mech).into_iter().flatten().map(String::as_str);
    let of_kind = || party.contacts.iter().filter_map(|mech| Some((mech, values.get(mech)?)));
    let best =
        preferred.iter().find_map(|wanted| of_kind().find(|(mech, _)| purposes(mech).any(|p| p == *wanted)));
    // A contact without a purpose may be anything but a fax.
    let accepted = || {
        of_kind().find(|(mech, _)| {
            let mut all = purposes(mech).peekable();
            if all.peek().is_none() { accept("") } else { all.all(&accept) }
        })
    };
    best.or_else(accepted).map(|(_, value)| value.clone())
}

/// The record in force today of each tax authority.
fn exemptions(
    party: &Party,
    addresses: &[(&Postal, Option<&BTreeSet<String>>)],
    today: Date,
) -> Vec<Exemption> {
    let mut newest: BTreeMap<_, &Tax> = BTreeMap::new();
    for tax in party.taxes.iter().filter(|tax| posture::holds(tax.from, tax.thru, today)) {
        let slot = newest.entry((&tax.geo, &tax.authority)).or_insert(tax);
        if tax.from >= slot.from {
            *slot = tax;
        }
    }
    newest
        .into_values()
        .take(100)
        .map(|tax| {
            let (country, region) = jurisdiction(tax.geo.as_deref(), addresses);
            Exemption {
                exempt: tax.exempt,
                country,
                region,
                reason: None,
                entity_use_code: None,
                number: tax.number.clone(),
                effective: tax.from.map(|date| date.to_string()),
                expires: tax.thru.map(|date| date.to_string()),
            }
        })
        .collect()
}

/// Country and region of a geo id. OFBiz names countries with three letters, states with two ("UT") or with the country
/// in front ("USA_UT"); the country of a bare state is that of the customer's own address there.
fn jurisdiction(
    geo: Option<&str>,
    addresses: &[(&Postal, Option<&BTreeSet<String>>)],
) -> (Option<String>, Option<String>) {
    let Some(geo) = geo else { return (None, None) };
    let is_country = |geo: &str| geo.len() == 3 && geo.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_country(geo) {
        return (Some(geo.to_owned()), None);
    }
    if let Some((country, region)) = geo.split_once('_')
        && is_country(country)
    {
        return (Some(country.to_owned()), Some(region.to_owned()));
    }
    let here = addresses.iter().find(|(postal, _)| postal.address.region.as_deref() == Some(geo));
    (here.and_then(|(postal, _)| postal.address.country.clone()), Some(geo.to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::read;
    use crate::{
        erp::Erp as _,
        model::erp::{Customer, FieldGroups, Lifecycle, Posture, Row, Scan},
    };

    async fn customers(body: &str) -> Vec<Customer> {
        let folder = tempfile::tempdir().expect("folder");
        let text = format!("<entity-engine-xml>{body}</entity-engine-xml>");
        std::fs::write(folder.path().join("a.xml"), text).expect("file");
        let erp = read(folder.path(), date(2026, 11, 22)).expect("readable");
        let page = erp.list_customers(Scan { fields: FieldGroups::all(), page_size: 100, after: None }).await;
        let rows = page.expect("page").rows;
        rows.into_iter().map(|row| if let Row::Customer(c) = row { c } else { panic!("{row:?}") }).collect()
    }

    #[tokio::test]
    async fn a_record_outside_its_dates_exempts_nobody() {
        let with = |dates: &str| {
            format!(
                r#"<Party partyId="P" statusId="PARTY_DISABLED"/><PartyRole partyId="P" roleTypeId="CUSTOMER"/>
                <PartyTaxAuthInfo partyId="P" taxAuthGeoId="USA_UT" taxAuthPartyId="T" {dates} isExempt="Y"/>"#
            )
        };
        let valid =
            customers(&with(r#"fromDate="2020-01-01 00:00:00.0" thruDate="2026-11-22 00:00:00.0""#)).await;
        assert_eq!(valid[0].posture, Posture::Exempt);
        assert_eq!(valid[0].lifecycle, Lifecycle::Inactive);
        assert_eq!(valid[0].exemptions[0].country.as_deref(), Some("USA"));
        assert_eq!(valid[0].exemptions[0].region.as_deref(), Some("UT"));
        for dates in [r#"thruDate="2026-11-21 00:00:00.0""#, r#"fromDate="2026-11-23 00:00:00.0""#] {
            let none = customers(&with(dates)).await;
            assert_eq!((none[0].posture, none[0].evidence.len()), (Posture::Taxable, 0), "{dates}");
        }
    }

    #[tokio::test]
    async fn the_newest_record_of_an_authority_counts() {
        let found = customers(
            r#"<PartyRole partyId="P" roleTypeId="CUSTOMER"/>
            <PartyTaxAuthInfo partyId="P" taxAuthGeoId="UT" taxAuthPartyId="T" fromDate="2024-01-01" isExempt="N"/>
            <PartyTaxAuthInfo partyId="P" taxAuthGeoId="UT" taxAuthPartyId="T" fromDate="2020-01-01" isExempt="Y"/>"#,
        )
        .await;
        assert_eq!(found[0].posture, Posture::Taxable);
        assert_eq!(found[0].exemptions.len(), 1);
        assert!(!found[0].exemptions[0].exempt);
    }

    #[tokio::test]
    async fn expired_contacts_are_not_used() {
        let found = customers(
            r#"<PartyRole partyId="P" roleTypeId="CUSTOMER"/>
            <ContactMech contactMechId="1" contactMechTypeId="EMAIL_ADDRESS" infoString="old@example.com"/>
            <ContactMech contactMechId="2" contactMechTypeId="EMAIL_ADDRESS" infoString="new@example.com"/>
            <PartyContactMech partyId="P" contactMechId="1" thruDate="2020-01-01 00:00:00"/>
            <PartyContactMech partyId="P" contactMechId="2"/>
            <TelecomNumber contactMechId="3" contactNumber="1"/><TelecomNumber contactMechId="4" contactNumber="2"/>
            <TelecomNumber contactMechId="0"/><PartyContactMech partyId="P" contactMechId="0"/>
            <PartyContactMech partyId="P" contactMechId="3"/><PartyContactMech partyId="P" contactMechId="4"/>
            <PartyContactMechPurpose partyId="P" contactMechId="3" contactMechPurposeTypeId="FAX_NUMBER"/>"#,
        )
        .await;
        assert_eq!(found[0].email.as_deref(), Some("new@example.com"));
        assert_eq!(found[0].fax.as_deref(), Some("1"));
        assert_eq!(found[0].phone.as_deref(), Some("2"));
    }

    #[test]
    fn other_xml_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("a.xml"), "<html/>").expect("file");
        let error = read(folder.path(), date(2026, 11, 22)).expect_err("refused").to_string();
        assert!(error.contains("entity-engine-xml"), "{error}");
    }
}
