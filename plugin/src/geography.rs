//! Countries and regions as ERPs write them, turned into the codes AvaTax takes.
//!
//! The tables are ISO 3166-1 and, for the United States and Canada, ISO 3166-2; they lie in `data/`. The build script
//! puts their spellings in order, so that they are searched by halves: each customer has some addresses, and there may
//! be millions. What is not in a table is not guessed: an address with country "PO" is reported, not repaired.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::text::trimmed;

include!(concat!(env!("OUT_DIR"), "/geography.rs"));

/// Country, code and name of each region.
const REGIONS: &str = include_str!("../data/regions.txt");

/// Spellings that the ISO table does not hold but ERPs do; the most frequent ones before them, to be found at once.
const COUNTRY_SPELLINGS: [(&str, &str); 11] = [
    ("US", "US"),
    ("USA", "US"),
    ("UNITED STATES", "US"),
    ("UK", "GB"),
    ("ENGLAND", "GB"),
    ("GREAT BRITAIN", "GB"),
    ("U.S.", "US"),
    ("U.S.A.", "US"),
    ("UNITED STATES OF AMERICA", "US"),
    ("AMERICA", "US"),
    ("HOLLAND", "NL"),
];

/// ISO 3166-1 alpha-2 code of a country given as alpha-2, alpha-3 or English name.
///
/// ```
/// use ecms_onboarding::geography::country;
/// assert_eq!(country("usa"), Some("US"));
/// assert_eq!(country("France"), Some("FR"));
/// assert_eq!(country("PO"), None);
/// ```
#[must_use]
pub fn country(written: &str) -> Option<&'static str> {
    let written = trimmed(written);
    if let Some((_, code)) =
        COUNTRY_SPELLINGS.iter().find(|(spelling, _)| written.eq_ignore_ascii_case(spelling))
    {
        return Some(code);
    }
    COUNTRIES.find(written)
}

/// Whether AvaTax wants a region for addresses of this country.
#[must_use]
pub fn needs_region(country: &str) -> bool {
    matches!(country, "US" | "CA")
}

/// Region code within a country, from "GA", "US-GA" or "Georgia". Countries without a table take short codes as they are.
///
/// ```
/// use ecms_onboarding::geography::region;
/// assert_eq!(region("US", "us-ga").as_deref(), Some("GA"));
/// assert_eq!(region("US", "Georgia").as_deref(), Some("GA"));
/// assert_eq!(region("US", "130"), None);
/// ```
#[must_use]
pub fn region(country: &str, written: &str) -> Option<String> {
    let written = trimmed(written);
    let bare = match written.split_at_checked(country.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(country) => {
            rest.strip_prefix('-').unwrap_or(written)
        }
        _ => written,
    };
    let table = match country {
        "US" => Some(US),
        "CA" => Some(CA),
        _ => None,
    };
    if let Some(table) = table {
        let squeezed = if bare.contains('.') { Cow::from(bare.replace('.', "")) } else { Cow::from(bare) };
        return table.find(&squeezed).map(str::to_owned);
    }
    // AvaTax takes at most three characters; longer ones are names we have no table for, and the region is optional.
    (!bare.is_empty() && bare.len() <= 3 && bare.chars().all(|c| c.is_ascii_alphanumeric()))
        .then(|| bare.to_ascii_uppercase())
}

/// English name of a US or Canadian region, as exposure zones are named.
#[must_use]
pub fn region_name(country: &str, code: &str) -> Option<&'static str> {
    rows(REGIONS).find(|(of, known, _)| *of == country && *known == code).map(|(_, _, name)| name)
}

/// The states of the United States, districts and territories included: code and name.
pub fn us_states() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(REGIONS).filter(|(country, ..)| *country == "US").map(|(_, code, name)| (code, name))
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut parts = line.splitn(3, ' ');
        Some((parts.next()?, parts.next()?, parts.next()?))
    })
}

/// The spellings of one kind of place. Capitals and small letters are the same.
struct Table {
    /// All codes, two letters each, in order.
    codes: &'static str,
    /// Every other spelling with its code, a line each, in order.
    spellings: &'static str,
}

impl Table {
    fn find(&self, written: &str) -> Option<&'static str> {
        if written.len() != 2 {
            return self.spelt(written);
        }
        let (codes, _) = self.codes.as_bytes().as_chunks::<2>();
        let upper = |letters: &[u8; 2]| letters.map(|letter| letter.to_ascii_uppercase());
        let at = codes.binary_search(&upper(written.as_bytes().first_chunk()?)).ok()?;
        self.codes.get(2 * at..2 * at + 2)
    }

    fn spelt(&self, written: &str) -> Option<&'static str> {
        let bytes = self.spellings.as_bytes();
        let is_end = |byte: &u8| *byte == b'\n';
        let (mut from, mut to) = (0, bytes.len());
        while from < to {
            let middle = from.midpoint(to);
            let start = bytes.get(from..middle)?.iter().rposition(is_end).map_or(from, |at| from + at + 1);
            let end = bytes.get(middle..to)?.iter().position(is_end).map_or(to, |at| middle + at);
            let (spelling, code) = self.spellings.get(start..end)?.split_once('\t')?;
            match spelling.bytes().cmp(written.bytes().map(|byte| byte.to_ascii_uppercase())) {
                Ordering::Equal => return Some(code),
                Ordering::Less => from = end + 1,
                Ordering::Greater => to = start,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        let countries = include_str!("../data/countries.txt");
        assert_eq!(rows(countries).count(), 249);
        for (code, long, name) in rows(countries) {
            for written in [code, long, name, &name.to_lowercase()] {
                // Letters beyond ASCII have one case.
                assert!(country(written) == Some(code) || !written.is_ascii(), "{written}");
            }
            assert_eq!(country(name), Some(code));
        }
        for (of, code, name) in rows(REGIONS) {
            for written in [code, name, &name.to_uppercase(), &format!("{of}-{code}")] {
                assert_eq!(region(of, written).as_deref(), Some(code), "{of} {written}");
            }
        }
        assert_eq!(rows(REGIONS).filter(|(country, ..)| *country == "US").count(), 60);
        assert_eq!(rows(REGIONS).filter(|(country, ..)| *country == "CA").count(), 13);
    }

    #[test]
    fn countries_are_known_by_code_name_and_common_spelling() {
        for (written, code) in
            [("USA", "US"), ("United States", "US"), ("UK", "GB"), (" ca ", "CA"), ("NLD", "NL")]
        {
            assert_eq!(country(written), Some(code), "{written}");
        }
        assert_eq!(country(""), None);
        assert_eq!(country("US\tUS"), None, "the table's own signs are no spelling");
        assert_eq!(country("Franc\n"), None);
        assert_eq!(country("Atlantis"), None);
    }

    #[test]
    fn regions_are_known_by_code_prefix_and_name() {
        assert_eq!(region("CA", "Ontario").as_deref(), Some("ON"));
        assert_eq!(region("CA", "CA-ON").as_deref(), Some("ON"));
        assert_eq!(region("US", "D.C.").as_deref(), Some("DC"));
        assert_eq!(region("US", "ON"), None, "a Canadian province is no US state");
        assert_eq!(region("NL", "Noord-Holland"), None);
        assert_eq!(region("AU", "nsw").as_deref(), Some("NSW"));
    }
}
