//! Countries and regions as the stand-in knows them.
//!
//! AvaTax accepts a country as two letters, three letters or a name and answers with two letters; it checks regions
//! only where it demands them, which is in the United States and Canada. The tables here are plain ISO 3166 facts:
//! countries come from a small CSV file that is compiled in, regions from two arrays. The first 51 regions of the
//! United States (states and the district) and all Canadian ones are also exposure zones.

/// One country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Country {
    pub(crate) code: &'static str,
    pub(crate) alpha3: &'static str,
    pub(crate) name: &'static str,
}

/// One region of the United States or Canada.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) country: &'static str,
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
}

const COUNTRIES: &str = include_str!("../data/countries.csv");

/// Member states of the European Union, for the flag in the country list.
pub(crate) const EUROPEAN_UNION: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

const STATES: &[(&str, &str)] = &[
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
];

/// Places with a postal region of the United States that are no exposure zones here.
const OUTLYING: &[(&str, &str)] = &[
    ("AA", "Armed Forces Americas"),
    ("AE", "Armed Forces Europe"),
    ("AP", "Armed Forces Pacific"),
    ("AS", "American Samoa"),
    ("GU", "Guam"),
    ("MP", "Northern Mariana Islands"),
    ("PR", "Puerto Rico"),
    ("VI", "United States Virgin Islands"),
];

const PROVINCES: &[(&str, &str)] = &[
    ("AB", "Alberta"),
    ("BC", "British Columbia"),
    ("MB", "Manitoba"),
    ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"),
    ("NS", "Nova Scotia"),
    ("NT", "Northwest Territories"),
    ("NU", "Nunavut"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];

/// Every country.
pub(crate) fn countries() -> impl Iterator<Item = Country> {
    COUNTRIES.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ',');
        Some(Country { code: parts.next()?, alpha3: parts.next()?, name: parts.next()? })
    })
}

/// The country that a text means: two letters, three letters or the name, in any case.
pub(crate) fn country(text: &str) -> Option<Country> {
    let text = if text.eq_ignore_ascii_case("United States of America") { "US" } else { text };
    countries().find(|country| {
        country.code.eq_ignore_ascii_case(text)
            || country.alpha3.eq_ignore_ascii_case(text)
            || country.name.eq_ignore_ascii_case(text)
    })
}

/// Regions that can be exposure zones.
pub(crate) fn zones() -> impl Iterator<Item = Region> {
    let states = STATES.iter().map(|&(code, name)| Region { country: "US", code, name, kind: "State" });
    let provinces =
        PROVINCES.iter().map(|&(code, name)| Region { country: "CA", code, name, kind: "Province" });
    states.chain(provinces)
}

/// Every region known.
pub(crate) fn regions() -> impl Iterator<Item = Region> {
    let outlying =
        OUTLYING.iter().map(|&(code, name)| Region { country: "US", code, name, kind: "Territory" });
    zones().chain(outlying)
}

/// Whether addresses in the country need a region that is on the list.
pub(crate) fn needs_region(country: &str) -> bool {
    matches!(country, "US" | "CA")
}

/// The region of a country that a text means: its code or its name, in any case.
pub(crate) fn region(country: &str, text: &str) -> Option<Region> {
    regions().find(|region| {
        region.country == country
            && (region.code.eq_ignore_ascii_case(text) || region.name.eq_ignore_ascii_case(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_complete_and_unique() {
        let all: Vec<_> = countries().collect();
        assert_eq!(all.len(), 250);
        for country in &all {
            assert_eq!((country.code.len(), country.alpha3.len()), (2, 3), "{country:?}");
            assert_eq!(all.iter().filter(|other| other.code == country.code).count(), 1, "{country:?}");
            assert_eq!(all.iter().filter(|other| other.alpha3 == country.alpha3).count(), 1, "{country:?}");
        }
        assert_eq!(EUROPEAN_UNION.len(), 27);
        assert!(EUROPEAN_UNION.iter().all(|code| country(code).is_some()));
    }

    #[test]
    fn texts_are_understood() {
        for text in ["us", "USA", "united states", "United States of America"] {
            assert_eq!(country(text).map(|found| found.code), Some("US"), "{text}");
        }
        assert_eq!(country("Atlantis"), None);
        assert_eq!(region("US", "georgia").map(|found| found.code), Some("GA"));
        assert_eq!(region("CA", "GA"), None);
        assert_eq!(zones().count(), 64);
    }
}
