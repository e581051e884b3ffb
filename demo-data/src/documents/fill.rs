//! Fills in a form the way its purchaser would, correctly.
//!
//! Everything that a form may ask for is prepared under its key; the drawing takes what it has a place for. What a
//! form demands beyond that (a box, a table of states, a date in its title) is added form by form. Combinations that
//! a state refuses or that its rules leave to a person are not drawn here: those are faults.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    case::{Case, Form, Row},
    dates::Day,
    numbers,
    people::{self, Party},
    truth::Verdict,
};
use crate::{random::Random, words};

/// Members of the streamlined agreement whose certificates hold without further papers.
const MEMBERS: [&str; 22] = [
    "AR", "GA", "IN", "IA", "KS", "KY", "MI", "MN", "NE", "NV", "NJ", "ND", "OH", "OK", "RI", "SD", "UT",
    "VT", "WA", "WV", "WI", "WY",
];
/// States that nobody doubts to take the certificate for several jurisdictions.
const MULTI: [&str; 20] = [
    "AL", "AZ", "CO", "CT", "GA", "ID", "IA", "KS", "KY", "MN", "MO", "NV", "NJ", "ND", "OK", "PA", "SC",
    "SD", "TX", "UT",
];
/// The drawing of the streamlined form that has a place for one state only.
const ONE_STATE: u64 = 3;
/// States of letters.
const LETTERS: [&str; 8] = ["PA", "MO", "VA", "MD", "CT", "KS", "WI", "IN"];
/// Kinds of business on the streamlined form, by key and caption.
pub(crate) const BUSINESS_TYPES: [(&str, &str); 20] = [
    ("type:01", "01 Accommodation and food services"),
    ("type:02", "02 Agricultural, forestry, fishing, hunting"),
    ("type:03", "03 Construction"),
    ("type:04", "04 Finance and insurance"),
    ("type:05", "05 Information, publishing and communications"),
    ("type:06", "06 Manufacturing"),
    ("type:07", "07 Mining"),
    ("type:08", "08 Real estate"),
    ("type:09", "09 Rental and leasing"),
    ("type:10", "10 Retail trade"),
    ("type:11", "11 Transportation and warehousing"),
    ("type:12", "12 Utilities"),
    ("type:13", "13 Wholesale trade"),
    ("type:14", "14 Business services"),
    ("type:15", "15 Professional services"),
    ("type:16", "16 Education and health-care services"),
    ("type:17", "17 Nonprofit organization"),
    ("type:18", "18 Government"),
    ("type:19", "19 Not a business"),
    ("type:20", "20 Other (explain)"),
];
/// Reasons of the streamlined form, by key, letter and caption. The letters are those of the entity/use codes.
pub(crate) const SST_REASONS: [(&str, char, &str); 13] = [
    ("reason:A", 'A', "Federal government"),
    ("reason:B", 'B', "State or local government"),
    ("reason:C", 'C', "Tribal government"),
    ("reason:D", 'D', "Foreign diplomat"),
    ("reason:E", 'E', "Charitable organization"),
    ("reason:F", 'F', "Religious organization"),
    ("reason:G", 'G', "Resale"),
    ("reason:H", 'H', "Agricultural production"),
    ("reason:I", 'I', "Industrial production/manufacturing"),
    ("reason:J", 'J', "Direct pay permit"),
    ("reason:K", 'K', "Direct mail"),
    ("reason:L", 'L', "Other (explain)"),
    ("reason:M", 'M', "Educational organization"),
];

/// The reason of a document, its words on the form and the box to tick, if there is one.
struct Reason {
    code: char,
    words: &'static str,
    tick: Option<&'static str>,
}

fn reason_of(form: Form, random: &mut Random) -> Reason {
    let by_text = |random: &mut Random, list: &[(char, &'static str)]| {
        let (code, words) = random.pick(list);
        Reason { code, words, tick: None }
    };
    let by_box = |random: &mut Random, list: &[(char, &'static str, &'static str)]| {
        let (code, words, tick) = random.pick(list);
        Reason { code, words, tick: Some(tick) }
    };
    match form {
        Form::Sst | Form::NorthCarolina => {
            let list = ['G', 'G', 'G', 'I', 'H', 'A', 'E', 'F', 'B', 'M', 'J'];
            let code = match random.pick(&list) {
                'E' | 'F' if form == Form::NorthCarolina => 'G',
                other => other,
            };
            let found = SST_REASONS.iter().find(|(_, letter, _)| *letter == code);
            found.map_or(Reason { code, words: "", tick: None }, |(key, _, words)| Reason {
                code,
                words,
                tick: Some(key),
            })
        }
        Form::TexasExemption => by_text(
            random,
            &[
                ('E', "Charitable organization exempt under section 501(c)(3)"),
                ('F', "Religious organization"),
                ('M', "Public school"),
                ('H', "Farm and ranch use in agricultural production"),
                ('I', "Manufacturing equipment used in production"),
            ],
        ),
        Form::NewYorkUse => by_box(
            random,
            &[
                ('I', "Used or consumed directly in the production of goods for sale", "ny:production"),
                ('H', "Farm production", "ny:farm"),
            ],
        ),
        Form::NewYorkExempt => by_text(random, &[('E', "Exempt organization")]),
        Form::FloridaExempt => by_text(
            random,
            &[
                ('E', "501(c)(3) ORGANIZATION"),
                ('F', "RELIGIOUS ORGANIZATION"),
                ('B', "STATE GOVERNMENT"),
                ('N', "COUNTY GOVERNMENT"),
                ('M', "EDUCATIONAL INSTITUTION"),
            ],
        ),
        Form::IllinoisLetter => by_text(
            random,
            &[
                ('E', "a charitable organization"),
                ('F', "a religious organization"),
                ('M', "an educational organization"),
            ],
        ),
        Form::Pennsylvania => by_box(
            random,
            &[
                ('G', "Resale", "pa:3"),
                ('G', "Resale", "pa:3"),
                ('I', "Manufacturing", "pa:1"),
                ('E', "Charitable organization", "pa:2"),
            ],
        ),
        Form::OhioBlanket | Form::OhioUnit => by_text(
            random,
            &[
                ('G', "Purchased for resale"),
                ('G', "Resale in the regular course of business"),
                ('I', "Used primarily in manufacturing goods for sale"),
                ('H', "Used directly in farming"),
                ('F', "Purchased by a church"),
                ('E', "Charitable organization"),
            ],
        ),
        Form::Michigan => by_box(
            random,
            &[
                ('G', "Resale at Retail", "mi:retail"),
                ('G', "Resale at Retail", "mi:retail"),
                ('H', "Agricultural Production", "mi:farm"),
                ('I', "Industrial Processing", "mi:industry"),
                ('J', "Direct Pay", "mi:direct"),
                ('E', "Nonprofit 501(c)(3) organization", "mi:charity"),
            ],
        ),
        Form::Georgia => Reason { code: 'G', words: "Resale", tick: Some("ga:1") },
        Form::MassachusettsExempt => by_box(
            random,
            &[
                ('B', "Government of the Commonwealth or one of its agencies", "ma:government"),
                ('B', "Government of the Commonwealth or one of its agencies", "ma:government"),
                ('E', "501(c)(3) organization", "ma:charity"),
            ],
        ),
        Form::Letter => by_text(
            random,
            &[
                ('E', "Charitable organization"),
                ('F', "Religious organization"),
                ('M', "Educational organization"),
            ],
        ),
        _ => Reason { code: 'G', words: "Resale", tick: None },
    }
}

/// A correctly filled-in certificate.
pub(crate) fn case(form: Form, index: u64, sellers: &[String], random: &mut Random) -> Case {
    let reason = reason_of(form, random);
    let region = form.state().unwrap_or_else(|| match form {
        Form::Mtc => random.pick(&MULTI),
        Form::Letter => random.pick(&LETTERS),
        _ => random.pick(&MEMBERS),
    });
    let purchaser = people::party(reason.code, region, index, random);
    let variant = random.below(4);
    filled(form, reason, region, purchaser, variant, sellers, random)
}

/// A certificate of resale that a known purchaser filled in correctly, for one state.
pub(crate) fn resale_of(
    form: Form,
    region: &str,
    purchaser: Party,
    sellers: &[String],
    random: &mut Random,
) -> Case {
    let (words, tick) = match form {
        Form::Sst => ("Resale", Some("reason:G")),
        Form::Georgia => ("Resale", Some("ga:1")),
        Form::OhioBlanket => ("Purchased for resale", None),
        _ => ("Resale", None),
    };
    let reason = Reason { code: 'G', words, tick };
    filled(form, reason, region, purchaser, ONE_STATE, sellers, random)
}

fn filled(
    form: Form,
    reason: Reason,
    region: &str,
    purchaser: Party,
    variant: u64,
    sellers: &[String],
    random: &mut Random,
) -> Case {
    let signed = Day::signed(random);
    let mut case = Case {
        form,
        values: BTreeMap::new(),
        boxes: BTreeSet::new(),
        table: Vec::new(),
        reason: reason.code,
        reason_words: reason.words.to_owned(),
        reason_is_box: reason.tick.is_some(),
        coverage: Vec::new(),
        signed,
        signed_iso: Some(signed.iso()),
        expires: None,
        rule_expiry: None,
        signature: true,
        struck: None,
        variant,
        titled: true,
        attached: false,
        verdict: Verdict::Pass,
        purchaser,
    };
    case.boxes.extend(reason.tick);
    common(&mut case, region, sellers, random);
    particular(&mut case, region, random);
    if let Some(expires) = case.expires {
        let style = random.below(8);
        if case.get("expires").is_empty() {
            case.set("expires", expires.spelled(style));
        }
    }
    case
}

fn common(case: &mut Case, region: &str, sellers: &[String], random: &mut Random) {
    let party = case.purchaser.clone();
    let count = u64::try_from(sellers.len()).unwrap_or(1).max(1);
    let seller = usize::try_from(random.below(count)).ok().and_then(|at| sellers.get(at)).cloned();
    case.set("purchaser", &party.name);
    case.set("street", party.street_line());
    case.set("place", party.place());
    case.set("city", &party.city);
    case.set("region", &party.region);
    case.set("zip", &party.postal_code);
    case.set("address", format!("{}, {}", party.street_line(), party.place()));
    case.set("phone", &party.phone);
    case.set("business", party.business);
    case.set("description", party.buys);
    case.set("seller", seller.unwrap_or_default());
    case.set("seller_street", "100 Sample Street");
    case.set("seller_place", "Springfield, IL 62701");
    case.set("seller_city", "Springfield");
    case.set("seller_region", "IL");
    case.set("seller_zip", "62701");
    case.set("seller_address", "100 Sample Street, Springfield, IL 62701");
    case.set("signer", words::person(random));
    case.set("title", random.pick(&["Owner", "Controller", "Purchasing Manager", "Treasurer", "Partner"]));
    case.set("date", case.signed.spelled(random.below(8)));
    case.set("state", region);
    case.set("reason_text", case.reason_words.clone());
    let number = numbers::registration(region, random);
    case.set("number", &number);
    case.coverage = vec![(region.to_owned(), Some(number))];
    scope(case, random);
}

/// Blanket in most cases; a single purchase names its order.
fn scope(case: &mut Case, random: &mut Random) {
    if case.form == Form::OhioUnit || (random.percent(15) && case.form != Form::OhioBlanket) {
        case.boxes.insert("single");
        case.set("order", format!("PO {}", 10_000 + random.below(90_000)));
    } else {
        case.boxes.insert("blanket");
    }
}

fn renumber(case: &mut Case, pattern: &str, random: &mut Random) {
    let number = numbers::of_pattern(pattern, random);
    case.renumber(&number);
}

fn particular(case: &mut Case, region: &str, random: &mut Random) {
    match case.form {
        Form::Sst | Form::NorthCarolina => {
            case.boxes.insert(business_type(case.reason));
            if case.form == Form::Sst {
                // The older drawing has a place for one state only.
                let states = if case.variant == ONE_STATE { 1 } else { 1 + random.below(6) };
                table(case, region, &MEMBERS, states, random);
            }
        }
        Form::Mtc => {
            let states = 1 + random.below(6);
            table(case, region, &MULTI, states, random);
            let kind = random.pick(&["kind:wholesaler", "kind:retailer", "kind:manufacturer"]);
            case.boxes.insert(kind);
        }
        Form::TexasExemption => {
            case.clear(&["number"]);
            case.coverage = vec![("TX".to_owned(), None)];
        }
        Form::NewYorkResale => {
            case.boxes.insert("ny:part1");
            case.boxes.insert("ny:property");
        }
        Form::NewJersey => {
            case.boxes.insert("nj:present");
        }
        Form::NewYorkExempt => renumber(case, "EX-+#####", random),
        Form::FloridaResale => {
            renumber(case, "+#-+#########-#", random);
            case.set("year", "2026");
            let last = Day::new(2026, 12, 31);
            // A third leaves the day to the year in the title.
            if case.variant == 2 {
                case.rule_expiry = Some(last);
            } else {
                case.expires = Some(last);
                case.set("expires", "December 31, 2026");
            }
        }
        Form::FloridaExempt => {
            renumber(case, "85-80########C-#", random);
            case.set("effective", case.signed.spelled(1));
            case.expires = Some(case.signed.plus_years(5));
            case.set("expires", case.signed.plus_years(5).spelled(1));
        }
        Form::IllinoisResale => {
            case.boxes.insert("il:account");
            case.boxes.insert("il:all");
            case.boxes.remove("single");
            case.boxes.insert("blanket");
            case.clear(&["order"]);
        }
        Form::IllinoisLetter => {
            renumber(case, "E-+###-####", random);
            case.set("effective", case.signed.spelled(4));
            case.expires = Some(case.signed.plus_years(5));
            case.set("expires", case.signed.plus_years(5).spelled(4));
        }
        Form::Pennsylvania => match case.reason {
            'E' => renumber(case, "75-+####-#", random),
            'I' => {
                case.clear(&["number"]);
                case.coverage = vec![("PA".to_owned(), None)];
            }
            _ => {}
        },
        Form::OhioBlanket | Form::OhioUnit if case.reason != 'G' => {
            case.clear(&["number"]);
            case.coverage = vec![("OH".to_owned(), None)];
        }
        Form::Washington => washington(case, random),
        Form::Georgia => case.set("supplier_date", case.signed.spelled(0)),
        Form::Michigan => michigan(case, random),
        Form::MassachusettsExempt => {
            renumber(case, "0+#-###-###", random);
            let issued = Day::new(case.signed.year - 1, case.signed.month, case.signed.day);
            case.set("effective", issued.spelled(random.below(8)));
            case.expires = Some(issued.plus_years(5));
            case.attached = case.reason == 'E';
        }
        Form::Letter => {
            let pattern = random.pick(&["75-+#####-#", "E-+######", "+###-####"]);
            renumber(case, pattern, random);
            case.set("effective", case.signed.spelled(4));
            case.expires = Some(case.signed.plus_years(4));
            case.set("expires", case.signed.plus_years(4).spelled(4));
        }
        Form::Unknown => case.verdict = Verdict::Review,
        _ => {}
    }
}

/// Key of the kind of business that goes with a reason.
fn business_type(reason: char) -> &'static str {
    match reason {
        'A' | 'B' | 'N' => "type:18",
        'E' | 'F' => "type:17",
        'H' => "type:02",
        'I' | 'J' => "type:06",
        'M' => "type:16",
        _ => "type:10",
    }
}

fn table(case: &mut Case, home: &str, of: &[&'static str], count: u64, random: &mut Random) {
    let mut states = vec![home.to_owned()];
    while u64::try_from(states.len()).unwrap_or(count) < count {
        let next = random.pick(of).to_owned();
        if !states.contains(&next) {
            states.push(next);
        }
    }
    let first = case.get("number").to_owned();
    case.table = states
        .iter()
        .enumerate()
        .map(|(at, state)| {
            let number = if at == 0 { first.clone() } else { numbers::registration(state, random) };
            Row { state: state.clone(), number }
        })
        .collect();
    case.coverage = case.table.iter().map(|row| (row.state.clone(), Some(row.number.clone()))).collect();
}

/// The last two digits of a permit are the year in which it ends.
fn washington(case: &mut Case, random: &mut Random) {
    let years = random.pick(&[2, 4, 4]);
    let expires = case.signed.plus_years(years);
    let number = numbers::of_pattern(&format!("@+# #### {:02}", expires.year % 100), random);
    case.renumber(&number);
    let style = random.pick(&[1, 4]);
    case.set("effective", case.signed.spelled(style));
    case.set("expires", expires.spelled(style));
    case.expires = Some(expires);
}

fn michigan(case: &mut Case, random: &mut Random) {
    case.boxes.insert("mi:all");
    if case.boxes.contains("blanket") && random.percent(40) {
        case.boxes.remove("blanket");
        case.boxes.insert("blanket-until");
        case.expires = Some(case.signed.plus_years(random.pick(&[2, 3, 4])));
    }
    match case.reason {
        'G' | 'J' => {}
        reason => {
            case.clear(&["number"]);
            case.coverage = vec![("MI".to_owned(), None)];
            if matches!(reason, 'H' | 'I') {
                case.set("percentage", "100");
            }
        }
    }
}
