//! Countries and regions as ERPs write them, turned into the codes AvaTax takes.
//!
//! The tables are ISO 3166-1 and, for the United States and Canada, ISO 3166-2; they lie in `data/` and are searched as
//! text, which is small and fast enough for one look-up a customer. What is not in a table is not guessed: an address
//! with country "PO" is reported, not repaired.

const COUNTRIES: &str = include_str!("../data/countries.txt");
const REGIONS: &str = include_str!("../data/regions.txt");

/// Spellings that the ISO table does not hold but ERPs do.
const COUNTRY_SPELLINGS: [(&str, &str); 8] = [
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
    let written = written.trim();
    if let Some((_, code)) =
        COUNTRY_SPELLINGS.iter().find(|(spelling, _)| written.eq_ignore_ascii_case(spelling))
    {
        return Some(code);
    }
    rows(COUNTRIES).find_map(|(alpha2, alpha3, name)| {
        let same = [alpha2, alpha3, name].iter().any(|known| written.eq_ignore_ascii_case(known));
        same.then_some(alpha2)
    })
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
    let written = written.trim();
    let bare = match written.split_once('-') {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(country) => rest,
        _ => written,
    };
    if needs_region(country) {
        let squeezed: String = bare.chars().filter(|c| *c != '.').collect();
        return rows(REGIONS).filter(|(of, _, _)| *of == country).find_map(|(_, code, name)| {
            let same = squeezed.eq_ignore_ascii_case(code) || squeezed.eq_ignore_ascii_case(name);
            same.then(|| code.to_owned())
        });
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

/// Splits a table into its rows, comments left out.
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut parts = line.splitn(3, ' ');
        Some((parts.next()?, parts.next()?, parts.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert_eq!(rows(COUNTRIES).count(), 249);
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
