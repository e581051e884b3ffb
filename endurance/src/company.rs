//! The made-up company that is onboarded again and again.
//!
//! It is as small as it can be while every kind of write occurs: customers that AvaTax lacks, customers that it has in
//! the same, a poorer or a contradicting form, certificates for one state and for two, exempt customers to invite. What
//! has to be in AvaTax at the end follows from this description alone, so the checker needs nobody's plan to know it.
//! All names and numbers are invented.

use serde_json::{Map, Value, json};

/// How many of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Customers that AvaTax has already, one way or another.
    pub known: usize,
    /// Customers with a certificate in the folder; one in five holds for two states.
    pub papers: usize,
    /// Exempt customers without a certificate.
    pub invited: usize,
    /// Further customers, who pay tax.
    pub taxed: usize,
    /// How many of those AvaTax refuses.
    pub refused: usize,
}

impl Size {
    /// The company of the sweep: more than 60 customers to create, 20 certificates, 20 invitations.
    pub const SWEEP: Self = Self { known: 6, papers: 17, invited: 20, taxed: 24, refused: 0 };
}

/// What AvaTax has of a customer before anything is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing.
    #[default]
    No,
    /// All that the ERP has.
    Same,
    /// The same without e-mail address and telephone: they are to be filled in.
    Poorer,
    /// Another city: it is to be left alone.
    Contrary,
}

/// A customer of the ERP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Key in the ERP.
    pub id: u64,
    /// Customer code.
    pub code: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// Street.
    pub line1: String,
    /// City.
    pub city: &'static str,
    /// State.
    pub region: &'static str,
    /// ZIP code.
    pub postal_code: &'static str,
    /// States in which the ERP holds it exempt.
    pub exempt_in: Vec<&'static str>,
    /// What AvaTax has of it beforehand.
    pub known: Known,
    /// Whether AvaTax refuses it, and with it the batch it comes in: its name has [`REFUSED`] in it.
    pub refused: bool,
}

/// A certificate of a customer, as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Its name in the folder.
    pub file_name: String,
    /// Place of its customer in the list.
    pub owner: usize,
    /// State and number, one certificate in AvaTax for each.
    pub entries: Vec<(&'static str, String)>,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Customers in order of their key.
    pub customers: Vec<Customer>,
    /// Certificates.
    pub papers: Vec<Paper>,
    /// Day all of them were signed.
    pub signed: String,
}

const FIRST: [&str; 12] = [
    "Copper", "Juniper", "Granite", "Willow", "Saffron", "Cobalt", "Harvest", "Meridian", "Pinecone",
    "Quarry", "Thistle", "Velvet",
];
const SECOND: [&str; 12] = [
    "Lantern",
    "Orchard",
    "Foundry",
    "Bicycle",
    "Textile",
    "Kitchen",
    "Hardware",
    "Stationery",
    "Aquarium",
    "Glassworks",
    "Carpentry",
    "Instrument",
];
/// State, a city of it, a ZIP code.
const PLACES: [(&str, &str, &str); 10] = [
    ("GA", "Macon", "31201"),
    ("OH", "Dayton", "45402"),
    ("KS", "Topeka", "66603"),
    ("NE", "Lincoln", "68508"),
    ("IA", "Ames", "50010"),
    ("OK", "Tulsa", "74103"),
    ("WI", "Madison", "53703"),
    ("MN", "Duluth", "55802"),
    ("IN", "Muncie", "47305"),
    ("KY", "Paducah", "42001"),
];
/// Days between the signature and today.
const SIGNED_BEFORE: i64 = 60;

/// One of a list that is never empty, by place, round and round.
fn at<T: Copy + Default>(list: &[T], place: usize) -> T {
    list.get(place % list.len().max(1)).copied().unwrap_or_default()
}

impl Company {
    /// The company of a size. Equal sizes and seeds give equal companies.
    #[must_use]
    pub fn of(size: Size, seed: u64) -> Self {
        let known = [Known::Poorer, Known::Poorer, Known::Same, Known::Contrary];
        let mut company = Self { customers: Vec::new(), papers: Vec::new(), signed: signing_day() };
        let total = size.known + size.papers + size.invited + size.taxed;
        for place in 0..total {
            let mut customer = customer(place, seed);
            let after_known = place.checked_sub(size.known);
            match after_known {
                None => customer.known = at(&known, place),
                Some(paper) if paper < size.papers => {
                    customer.exempt_in.push(customer.region);
                    if paper % 5 == 4 {
                        customer.exempt_in.push(at(&PLACES, place + 3).0);
                    }
                    company.papers.push(paper_of(place, &customer));
                }
                Some(rest) if rest < size.papers + size.invited => customer.exempt_in.push(customer.region),
                // In the middle of the others, so that their batches suffer.
                Some(rest) if (1..=size.refused).contains(&(rest - size.papers - size.invited)) => {
                    customer.refused = true;
                    customer.name.push_str(REFUSED);
                }
                Some(_) => {}
            }
            company.customers.push(customer);
        }
        company
    }

    /// The customer of a certificate.
    #[must_use]
    pub fn owner(&self, paper: &Paper) -> Option<&Customer> {
        self.customers.get(paper.owner)
    }

    /// Whether a customer has a certificate in the folder.
    #[must_use]
    pub fn has_paper(&self, customer: &Customer) -> bool {
        self.papers.iter().any(|paper| self.owner(paper).is_some_and(|owner| owner.id == customer.id))
    }
}

impl Customer {
    /// The fields of AvaTax's record that the ERP has a value for.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, String); 9] {
        [
            ("alternateId", self.id.to_string()),
            ("name", self.name.clone()),
            ("line1", self.line1.clone()),
            ("city", self.city.to_owned()),
            ("postalCode", self.postal_code.to_owned()),
            ("region", self.region.to_owned()),
            ("country", "US".to_owned()),
            ("emailAddress", self.email.clone()),
            ("phoneNumber", self.phone.clone()),
        ]
    }

    /// The record that AvaTax has beforehand; none where it has none.
    #[must_use]
    pub fn before(&self) -> Option<Value> {
        let mut record: Map<String, Value> =
            self.fields().into_iter().map(|(field, value)| (field.to_owned(), json!(value))).collect();
        match self.known {
            Known::No => return None,
            Known::Same => {}
            Known::Poorer => {
                for field in FILLED {
                    record.remove(field);
                }
            }
            Known::Contrary => {
                record.insert("city".to_owned(), json!("Elsewhere"));
            }
        }
        Some(record.into())
    }
}

/// What is in the name of a customer that the stand-in is told to refuse.
pub const REFUSED: &str = " Unwanted";

/// What is filled in of a customer that AvaTax has in a poorer form.
pub const FILLED: [&str; 2] = ["emailAddress", "phoneNumber"];

fn customer(place: usize, seed: u64) -> Customer {
    let (region, city, postal_code) = at(&PLACES, place);
    let number = place + 1;
    Customer {
        id: number as u64,
        code: format!("E{:03}-{number:03}", seed % 1_000),
        name: format!("{} {} LLC", at(&FIRST, place), at(&SECOND, place / 12 + place)),
        email: format!("buyer{number}@example.com"),
        phone: format!("202-555-01{:02}", number % 100),
        line1: format!("{} Sample Street", 100 + number),
        city,
        region,
        postal_code,
        exempt_in: Vec::new(),
        known: Known::No,
        refused: false,
    }
}

fn paper_of(owner: usize, customer: &Customer) -> Paper {
    let number = |state: usize| format!("{:09}", 410_000_000 + owner * 1_013 + state * 100_003);
    let entries =
        customer.exempt_in.iter().enumerate().map(|(state, region)| (*region, number(state))).collect();
    Paper { file_name: format!("certificate-{:03}.pdf", owner + 1), owner, entries }
}

/// Some weeks ago, so that a certificate is neither signed in the future nor about to expire.
fn signing_day() -> String {
    let today = jiff::Zoned::now().date();
    today.checked_sub(jiff::Span::new().days(SIGNED_BEFORE)).unwrap_or(today).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_company_of_the_sweep_is_as_large_as_it_has_to_be() {
        let company = Company::of(Size::SWEEP, 1);
        let new = company.customers.iter().filter(|it| it.known == Known::No).count();
        let certificates: usize = company.papers.iter().map(|paper| paper.entries.len()).sum();
        let invited =
            company.customers.iter().filter(|it| !it.exempt_in.is_empty() && !company.has_paper(it)).count();
        assert!(new >= 60 && certificates >= 20 && invited >= 20, "{new} {certificates} {invited}");
        assert!(company.customers.iter().any(|it| it.known == Known::Poorer));
    }

    #[test]
    fn names_codes_and_numbers_are_unique() {
        let company = Company::of(Size::SWEEP, 1);
        let names: BTreeSet<_> = company.customers.iter().map(|it| &it.name).collect();
        let codes: BTreeSet<_> = company.customers.iter().map(|it| &it.code).collect();
        assert_eq!((names.len(), codes.len()), (company.customers.len(), company.customers.len()));
        let numbers: Vec<_> = company.papers.iter().flat_map(|paper| &paper.entries).collect();
        let unique: BTreeSet<_> = numbers.iter().map(|(_, number)| number).collect();
        assert_eq!(unique.len(), numbers.len());
    }
}
