//! Purchasers: names, addresses, and how the seller's ERP spells them.
//!
//! A purchaser fits its reason: farms claim agriculture, churches religion, counties local government. The ERP's
//! spelling differs the way it does in offices: "L.L.C." for "LLC", "and" for "&", capitals, a suite left out.

use crate::{documents::truth::DocumentCustomer, places, random::Random, words};

/// Who buys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Party {
    /// Name as on the certificate.
    pub(crate) name: String,
    /// The part of the name that nobody else has.
    pub(crate) core: String,
    pub(crate) street: String,
    /// Suite or floor, part of the street line on the certificate.
    pub(crate) suite: Option<String>,
    pub(crate) city: String,
    pub(crate) region: String,
    /// ZIP code as on the certificate, with four more digits now and then.
    pub(crate) postal_code: String,
    pub(crate) phone: String,
    pub(crate) business: &'static str,
    pub(crate) buys: &'static str,
}

impl Party {
    /// Street line as written.
    pub(crate) fn street_line(&self) -> String {
        match &self.suite {
            Some(suite) => format!("{}, {suite}", self.street),
            None => self.street.clone(),
        }
    }

    /// City, state and ZIP code.
    pub(crate) fn place(&self) -> String {
        format!("{}, {} {}", self.city, self.region, self.postal_code)
    }
}

/// A purchaser for a reason (entity/use code) in a state.
pub(crate) fn party(reason: char, region: &str, index: u64, random: &mut Random) -> Party {
    let (trade, _) = words::business_name(random.next(), index);
    let opening = words::opening(random);
    let (core, name, business, buys) = match reason {
        'A' => {
            let office = random.pick(&["Regional Office", "Field Station", "Survey Office"]);
            let core = format!("Federal {opening} Administration");
            (core.clone(), format!("{core}, {office}"), "Government", "Office supplies and furniture")
        }
        'B' => {
            let body = random.pick(&["Parks Commission", "Highway Department", "Water Resources Board"]);
            let core = format!("{opening} State {body}");
            (core.clone(), core, "State government", "Tools and maintenance supplies")
        }
        'N' => {
            let core = random.pick(&["City of", "Town of", "County of", "Village of"]);
            let core = format!("{core} {opening}");
            (core.clone(), core, "Local government", "Road signs and cleaning supplies")
        }
        'E' => {
            let kind = random.pick(&[
                "Food Pantry Association",
                "Relief Fund",
                "Animal Shelter, Inc.",
                "Community Foundation",
                "Youth Center",
            ]);
            let core = format!("{opening} {kind}");
            (core.clone(), core, "Charity", "Kitchen equipment and shelving")
        }
        'F' => {
            let kind = random.pick(&["Community Church", "Baptist Church", "Lutheran Church", "Chapel"]);
            let core = format!("{opening} {kind}");
            (core.clone(), core, "Church", "Chairs and kitchen supplies")
        }
        'M' => {
            let kind = random.pick(&["Academy", "College", "Unified School District", "Day School"]);
            let core = format!("{opening} {kind}");
            (core.clone(), core, "School", "Classroom furniture and paper")
        }
        'H' => {
            let kind = random.pick(&["Farms LLC", "Orchards, Inc.", "Dairy Farm LLC", "Row Crops LLC"]);
            let core = format!("{opening} {kind}");
            (core.clone(), core, "Farming", "Tractor parts and baling twine")
        }
        _ => {
            let core = if matches!(reason, 'I') { format!("{trade} Works") } else { trade };
            let ending = random.pick(&[
                " LLC",
                ", LLC",
                ", Inc.",
                " Inc.",
                " Corporation",
                " Company",
                " Ltd.",
                " LP",
            ]);
            let goods = if matches!(reason, 'I') {
                ("Manufacture of metal parts", "Cutting tools and bar stock")
            } else {
                random.pick(&[
                    ("Retail of household goods", "Household goods and hardware"),
                    ("Wholesale of shop supplies", "Fasteners and hand tools"),
                    ("Retail of office equipment", "Shelving and desk lamps"),
                ])
            };
            (core.clone(), format!("{core}{ending}"), goods.0, goods.1)
        }
    };
    let place = places::of_state(region);
    let postal_code = if random.percent(20) {
        format!("{}-{:04}", place.postal_code, 1000 + random.below(9000))
    } else {
        place.postal_code.to_owned()
    };
    let suite = random.percent(25).then(|| {
        let kind = random.pick(&["Suite", "Ste.", "Unit", "Floor"]);
        format!("{kind} {}", 2 + random.below(80))
    });
    let street = if random.percent(8) {
        format!("P.O. Box {}", 1000 + random.below(8000))
    } else {
        words::street(random)
    };
    Party {
        name,
        core,
        suite: if street.starts_with('P') { None } else { suite },
        street,
        city: place.city.to_owned(),
        region: region.to_owned(),
        postal_code,
        phone: format!("202-555-01{:02}", random.below(100)),
        business,
        buys,
    }
}

/// The name as another office would have typed it.
fn respelled(name: &str, random: &mut Random) -> String {
    const ENDINGS: [(&str, &str); 7] = [
        (", LLC", " L.L.C."),
        (" LLC", ", L.L.C."),
        (", Inc.", " Incorporated"),
        (" Inc.", ", Inc"),
        (" Corporation", " Corp."),
        (" Company", " Co."),
        (" Ltd.", " Limited"),
    ];
    let mut name = name.to_owned();
    if let Some((long, short)) = ENDINGS.iter().find(|(long, _)| name.ends_with(long))
        && random.percent(70)
    {
        name.truncate(name.len() - long.len());
        name.push_str(short);
    }
    if random.percent(50) {
        name = if name.contains('&') { name.replace('&', "and") } else { name.replace(" and ", " & ") };
    }
    if random.percent(20) { name.to_uppercase() } else { name }
}

/// The street as another office would have typed it.
fn short_street(street: &str, random: &mut Random) -> String {
    const KINDS: [(&str, &str); 5] = [
        (" Street", " St"),
        (" Avenue", " Ave."),
        (" Road", " Rd"),
        (" Drive", " Dr."),
        (" Parkway", " Pkwy"),
    ];
    if random.percent(60) {
        return street.to_owned();
    }
    KINDS.iter().fold(street.to_owned(), |street, (long, short)| street.replace(long, short))
}

/// The purchaser as the ERP has it.
pub(crate) fn customer(party: &Party, code: String, random: &mut Random) -> DocumentCustomer {
    let number = code.trim_start_matches('C').to_owned();
    DocumentCustomer {
        code,
        name: respelled(&party.name, random),
        line1: short_street(&party.street, random),
        city: party.city.clone(),
        region: party.region.clone(),
        postal_code: party.postal_code.chars().take(5).collect(),
        country: "US".to_owned(),
        email: Some(format!("ap{number}@example.com")),
        note: None,
    }
}

/// Another legal entity at the purchaser's address.
pub(crate) fn neighbour(of: &DocumentCustomer, code: String, random: &mut Random) -> DocumentCustomer {
    let first = of.name.split(' ').next().unwrap_or_default();
    let rest =
        random.pick(&["Holdings LLC", "Properties Inc", "Trading Company", "Partners LP", "Realty LLC"]);
    DocumentCustomer {
        code,
        name: format!("{first} {rest}"),
        email: None,
        note: Some("another legal entity at the same address".to_owned()),
        ..of.clone()
    }
}

/// Somebody of the same name in another state.
pub(crate) fn namesake(of: &DocumentCustomer, code: String, random: &mut Random) -> DocumentCustomer {
    let elsewhere = if of.region == "ND" { "SD" } else { "ND" };
    let place = places::of_state(elsewhere);
    DocumentCustomer {
        code,
        line1: format!("{} Distant Road", 100 + random.below(800)),
        city: place.city.to_owned(),
        region: elsewhere.to_owned(),
        postal_code: place.postal_code.to_owned(),
        email: None,
        note: Some("same name elsewhere".to_owned()),
        name: of.name.clone(),
        country: of.country.clone(),
    }
}

/// A subsidiary with a name like the purchaser's, elsewhere in the state.
pub(crate) fn subsidiary(party: &Party, code: String, random: &mut Random) -> DocumentCustomer {
    let branch = random.pick(&["Logistics LLC", "Leasing Inc", "Export Company", "Real Estate LLC"]);
    DocumentCustomer {
        code,
        name: format!("{} {branch}", party.core),
        line1: words::street(random),
        city: party.city.clone(),
        region: party.region.clone(),
        postal_code: party.postal_code.chars().take(5).collect(),
        country: "US".to_owned(),
        email: None,
        note: Some("subsidiary with a similar name".to_owned()),
    }
}
