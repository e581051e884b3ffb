//! Certificate forms: how to know one, where its values stand, and what it must have.
//!
//! Two kinds are known so far: the multi-state Streamlined certificate (SSTGB F0003) and California's resale
//! certificate (CDTFA-230). A form is data: a title, labels, and where its states and reason come from. What a page does
//! not say is not invented, and anything missing or odd becomes a remark that puts the document before a person.

use crate::certificates::dates;
use crate::certificates::names;
use crate::certificates::text::{Line, beside, lines, plain};
use crate::model::ocr::Reading;

type Label = &'static [&'static str];

/// Where a form says for which states it is, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coverage {
    /// A table of states and numbers, and a list of lettered reasons with one marked.
    Table,
    /// One state, its number beside a label of so many digits, always for resale.
    OneState { region: &'static str, number: Label, digits: usize },
}

struct Form {
    name: &'static str,
    title: Label,
    purchaser: Label,
    address: Label,
    place: Label,
    seller: Label,
    signature: Label,
    date: Label,
    /// Labels that hold nothing we use but end the value before them.
    others: &'static [Label],
    coverage: Coverage,
}

const FORMS: [Form; 2] = [
    Form {
        name: "SSTGB F0003",
        title: &["streamlined", "sales", "tax"],
        purchaser: &["purchasers", "name"],
        address: &["business", "address"],
        place: &["city", "state", "zip", "code"],
        seller: &["name", "of", "seller"],
        signature: &["signature", "of", "authorized", "purchaser"],
        date: &["date"],
        others: &[&["sellers", "address"], &["type", "of", "business"], &["print", "name"], &["title"]],
        coverage: Coverage::Table,
    },
    Form {
        name: "CDTFA-230",
        title: &["california", "resale", "certificate"],
        purchaser: &["name", "of", "purchaser"],
        address: &["address", "of", "purchaser"],
        place: &["address", "of", "purchaser"],
        seller: &["this", "certificate", "is", "for", "the", "purchase", "from"],
        signature: &["signature", "of", "purchaser"],
        date: &["date"],
        others: &[&["printed", "name", "of", "person", "signing"], &["title"], &["telephone", "number"]],
        coverage: Coverage::OneState {
            region: "CA",
            number: &["i", "hold", "valid", "sellers", "permit", "number"],
            digits: 9,
        },
    },
];

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Form number.
    pub form: &'static str,
    /// Purchaser as written.
    pub purchaser: String,
    /// Street of the purchaser.
    pub street: String,
    /// State of the purchaser's address, may be empty.
    pub region: String,
    /// ZIP code of the purchaser's address, may be empty.
    pub postal_code: String,
    /// Seller as written.
    pub seller: String,
    /// Entity/use code of the reason, if exactly one is marked.
    pub use_code: Option<char>,
    /// States it is for, with the number for each.
    pub coverage: Vec<(String, String)>,
    /// Day signed, `YYYY-MM-DD`; empty if it could not be read.
    pub signed: String,
    /// What a person has to look at; empty if the certificate can be used as it is.
    pub remarks: Vec<String>,
}

/// Reads a certificate; none if the form is not known.
#[must_use]
pub fn read(reading: &Reading, today: &str) -> Option<Certificate> {
    let lines = lines(reading);
    let form = FORMS.iter().find(|form| lines.iter().take(12).any(|line| line.find(form.title).is_some()))?;
    let labels: Vec<Label> =
        [form.purchaser, form.address, form.place, form.seller, form.signature, form.date]
            .into_iter()
            .chain(form.others.iter().copied())
            .collect();
    let value = |label: Label| {
        let others: Vec<Label> = labels.iter().copied().filter(|other| *other != label).collect();
        beside(&lines, label, &others).unwrap_or_default()
    };

    let mut remarks = Vec::new();
    let mut required = |value: String, what: &str| {
        if value.is_empty() {
            remarks.push(format!("{what} is missing"));
        }
        value
    };
    let purchaser = required(value(form.purchaser), "the purchaser's name");
    let address = required(value(form.address), "the purchaser's address");
    let seller = required(value(form.seller), "the seller's name");
    required(value(form.signature), "the signature");
    let written = required(value(form.date), "the date");
    let signed = dates::iso(&written).unwrap_or_default();
    if !written.is_empty() && signed.is_empty() {
        remarks.push(format!("the date \"{written}\" cannot be read"));
    } else if signed.as_str() > today {
        remarks.push(format!("it is signed in the future, on {signed}"));
    }
    let (_, region, postal_code) = names::city_state_zip(&value(form.place)).unwrap_or_default();

    let (use_code, coverage) = match form.coverage {
        Coverage::Table => (marked_reason(&lines, &mut remarks), state_table(&lines, &mut remarks)),
        Coverage::OneState { region, number, digits } => {
            let number = value(number);
            let found = number.chars().filter(char::is_ascii_digit).count();
            if found != digits || number.chars().any(char::is_alphabetic) {
                remarks.push(format!("the {region} number \"{number}\" does not have {digits} digits"));
            }
            (Some('G'), vec![(region.to_owned(), number)])
        }
    };
    Some(Certificate {
        form: form.name,
        purchaser,
        street: address,
        region,
        postal_code,
        seller,
        use_code,
        coverage,
        signed,
        remarks,
    })
}

/// The letter of the one reason that is marked, in a list of rows "X G Resale".
fn marked_reason(lines: &[Line], remarks: &mut Vec<String>) -> Option<char> {
    let marked = lines.iter().filter_map(|line| {
        let mut words = line.words.iter().map(|word| plain(&word.text));
        let (mark, letter) = (words.next()?, words.next()?);
        let mut letter = letter.chars();
        let only = letter.next().filter(|_| letter.next().is_none())?;
        (mark == "x" && ('a'..='m').contains(&only) && words.next().is_some())
            .then(|| only.to_ascii_uppercase())
    });
    let marked: Vec<char> = marked.collect();
    match marked.as_slice() {
        [one] => Some(*one),
        [] => {
            remarks.push("no reason is marked".to_owned());
            None
        }
        several => {
            remarks.push(format!("{} reasons are marked", several.len()));
            None
        }
    }
}

/// The rows below "State … Identification number": a state and the number beside it.
fn state_table(lines: &[Line], remarks: &mut Vec<String>) -> Vec<(String, String)> {
    let head =
        |line: &Line| line.find(&["state"]).is_some() && line.find(&["identification", "number"]).is_some();
    let rows = lines.iter().skip_while(|line| !head(line)).skip(1);
    let mut found: Vec<(String, String)> = Vec::new();
    for line in rows {
        let Some(first) = line.words.first() else { continue };
        let Some(region) = Some(first.text.trim())
            .filter(|it| it.len() == 2)
            .and_then(|it| crate::geography::region("US", it))
        else {
            break;
        };
        let number = line.text(1, line.words.len());
        if number.trim().is_empty() {
            remarks.push(format!("{region} has no identification number"));
        }
        // A second column of states would be swallowed by the number of the first.
        let is_state = |word: &str| word.len() == 2 && crate::geography::region("US", word).is_some();
        if number.split_whitespace().any(is_state) {
            remarks.push(format!("the row of {region} names a second state"));
        }
        if found.iter().any(|(known, _)| *known == region) {
            remarks.push(format!("{region} stands in the table twice"));
            continue;
        }
        found.push((region, number.trim().to_owned()));
    }
    if found.is_empty() {
        remarks.push("no state is named".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::text::testing::page;

    const TODAY: &str = "2026-11-22";

    fn multi_state<'a>(mark: &'a str, date: &'a str) -> Vec<Vec<(f32, &'a str)>> {
        vec![
            vec![(150.0, "Streamlined Sales Tax Certificate of Exemption")],
            vec![(54.0, "Purchaser's name"), (250.0, "Blue Heron Marine Supply LLC")],
            vec![(54.0, "Business address"), (250.0, "4821 Harborview Drive")],
            vec![(54.0, "City, state, ZIP code"), (250.0, "Sturgeon Bay, WI 54235-1107")],
            vec![(54.0, "Name of seller"), (250.0, "Example Supply Inc.")],
            vec![(80.0, "F"), (100.0, "Religious organization")],
            vec![(60.0, mark), (80.0, "G"), (100.0, "Resale")],
            vec![(60.0, "State"), (120.0, "Identification number")],
            vec![(60.0, "WI"), (120.0, "456-1020058817-03")],
            vec![(60.0, "MN"), (120.0, "1234567")],
            vec![(54.0, "Signature of authorized purchaser"), (250.0, "/s/ Martha Quillen")],
            vec![(54.0, "Print name"), (250.0, "Martha Quillen")],
            vec![(54.0, "Date"), (250.0, date)],
        ]
    }

    fn reading(rows: &[Vec<(f32, &str)>]) -> Reading {
        page(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn a_multi_state_certificate_covers_each_state_in_its_table() {
        let read = read(&reading(&multi_state("X", "March 14, 2026")), TODAY).unwrap();
        assert_eq!(read.remarks, Vec::<String>::new());
        assert_eq!(read.use_code, Some('G'));
        assert_eq!(
            read.coverage,
            [("WI".into(), "456-1020058817-03".into()), ("MN".into(), "1234567".into())]
        );
        assert_eq!(
            (read.signed.as_str(), read.region.as_str(), read.postal_code.as_str()),
            ("2026-03-14", "WI", "54235-1107")
        );
        assert_eq!(read.purchaser, "Blue Heron Marine Supply LLC");
    }

    #[test]
    fn what_is_missing_is_remarked_and_not_invented() {
        let unmarked = read(&reading(&multi_state("", "03/14/26")), TODAY).unwrap();
        assert_eq!(unmarked.remarks, ["the date \"03/14/26\" cannot be read", "no reason is marked"]);
        let future = read(&reading(&multi_state("X", "01/01/2030")), TODAY).unwrap();
        assert_eq!(future.remarks, ["it is signed in the future, on 2030-01-01"]);
        let mut rows = multi_state("X", "03/14/2026");
        rows[10].truncate(1);
        assert_eq!(read(&reading(&rows), TODAY).unwrap().remarks, ["the signature is missing"]);
    }

    #[test]
    fn a_second_column_of_states_is_not_swallowed() {
        let mut rows = multi_state("X", "March 14, 2026");
        rows[8].extend([(320.0, "MI"), (360.0, "77-1234")]);
        let read = read(&reading(&rows), TODAY).unwrap();
        assert_eq!(read.remarks, ["the row of WI names a second state"]);
    }

    #[test]
    fn a_california_number_has_nine_digits() {
        let rows = |number| {
            reading(&[
                vec![(150.0, "California Resale Certificate")],
                vec![(54.0, "I hold valid seller's permit number"), (300.0, number)],
                vec![(54.0, "This certificate is for the purchase from"), (300.0, "Example Supply Inc.")],
                vec![(54.0, "Name of purchaser"), (300.0, "Redwood Cabinets Inc")],
                vec![(54.0, "Signature of purchaser"), (300.0, "/s/ A. Person")],
                vec![(54.0, "Address of purchaser"), (300.0, "9 Mill Road, Fresno, CA 93650")],
                vec![(54.0, "Date"), (300.0, "2026-02-17")],
            ])
        };
        let good = read(&rows("102-345678"), TODAY).unwrap();
        assert_eq!((good.remarks.len(), good.coverage.len(), good.postal_code.as_str()), (0, 1, "93650"));
        let short = read(&rows("12345"), TODAY).unwrap();
        assert_eq!(short.remarks, ["the CA number \"12345\" does not have 9 digits"]);
    }

    #[test]
    fn an_unknown_form_is_none() {
        assert_eq!(read(&page(&[&[(54.0, "Dear customer")]]), TODAY), None);
    }
}
