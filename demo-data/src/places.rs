//! Where customers are: each US state and the District of Columbia, some Canadian provinces, a few other countries.
//!
//! City and postal code of a place belong together, so that an address check finds nothing wrong by accident; what
//! shall be wrong is made wrong in `traps`.

use crate::random::pick;

/// A city with its codes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// ISO country code.
    pub(crate) country: &'static str,
    /// State or province; empty where the country has none in addresses.
    pub(crate) region: &'static str,
    /// City.
    pub(crate) city: &'static str,
    /// Postal code.
    pub(crate) postal_code: &'static str,
}

const fn us(region: &'static str, city: &'static str, postal_code: &'static str) -> Place {
    Place { country: "US", region, city, postal_code }
}

const fn other(
    country: &'static str,
    region: &'static str,
    city: &'static str,
    postal_code: &'static str,
) -> Place {
    Place { country, region, city, postal_code }
}

const STATES: [Place; 51] = [
    us("AL", "Birmingham", "35203"),
    us("AK", "Anchorage", "99501"),
    us("AZ", "Phoenix", "85004"),
    us("AR", "Little Rock", "72201"),
    us("CA", "Sacramento", "95814"),
    us("CO", "Denver", "80202"),
    us("CT", "Hartford", "06103"),
    us("DE", "Wilmington", "19801"),
    us("DC", "Washington", "20001"),
    us("FL", "Tampa", "33602"),
    us("GA", "Atlanta", "30303"),
    us("HI", "Honolulu", "96813"),
    us("ID", "Boise", "83702"),
    us("IL", "Chicago", "60602"),
    us("IN", "Indianapolis", "46204"),
    us("IA", "Des Moines", "50309"),
    us("KS", "Wichita", "67202"),
    us("KY", "Louisville", "40202"),
    us("LA", "New Orleans", "70112"),
    us("ME", "Portland", "04101"),
    us("MD", "Baltimore", "21202"),
    us("MA", "Boston", "02108"),
    us("MI", "Lansing", "48933"),
    us("MN", "Saint Paul", "55101"),
    us("MS", "Jackson", "39201"),
    us("MO", "Saint Louis", "63101"),
    us("MT", "Helena", "59601"),
    us("NE", "Omaha", "68102"),
    us("NV", "Reno", "89501"),
    us("NH", "Manchester", "03101"),
    us("NJ", "Trenton", "08608"),
    us("NM", "Santa Fe", "87501"),
    us("NY", "Albany", "12207"),
    us("NC", "Raleigh", "27601"),
    us("ND", "Fargo", "58102"),
    us("OH", "Columbus", "43215"),
    us("OK", "Tulsa", "74103"),
    us("OR", "Salem", "97301"),
    us("PA", "Pittsburgh", "15222"),
    us("RI", "Providence", "02903"),
    us("SC", "Columbia", "29201"),
    us("SD", "Sioux Falls", "57104"),
    us("TN", "Nashville", "37203"),
    us("TX", "Austin", "78701"),
    us("UT", "Ogden", "84401"),
    us("VT", "Burlington", "05401"),
    us("VA", "Richmond", "23219"),
    us("WA", "Spokane", "99201"),
    us("WV", "Charleston", "25301"),
    us("WI", "Madison", "53703"),
    us("WY", "Cheyenne", "82001"),
];

/// Where most business is: beyond one customer in each state, these are drawn from.
const BUSY: [Place; 20] = [
    us("CA", "Fresno", "93721"),
    us("CA", "San Diego", "92101"),
    us("CA", "Sacramento", "95814"),
    us("TX", "Dallas", "75201"),
    us("TX", "Houston", "77002"),
    us("TX", "Austin", "78701"),
    us("NY", "Buffalo", "14202"),
    us("NY", "Albany", "12207"),
    us("FL", "Orlando", "32801"),
    us("FL", "Tampa", "33602"),
    us("WA", "Tacoma", "98402"),
    us("WA", "Spokane", "99201"),
    us("GA", "Savannah", "31401"),
    us("OH", "Toledo", "43604"),
    us("MI", "Detroit", "48226"),
    us("IL", "Peoria", "61602"),
    us("NC", "Raleigh", "27601"),
    us("NJ", "Trenton", "08608"),
    us("PA", "Pittsburgh", "15222"),
    us("CO", "Denver", "80202"),
];

const PROVINCES: [Place; 5] = [
    other("CA", "ON", "Toronto", "M5H 2N2"),
    other("CA", "BC", "Vancouver", "V6B 1H6"),
    other("CA", "QC", "Montréal", "H2Y 1C6"),
    other("CA", "AB", "Calgary", "T2P 2M5"),
    other("CA", "NS", "Halifax", "B3J 1P3"),
];

const ABROAD: [Place; 4] = [
    other("DE", "", "Köln", "50667"),
    other("MX", "NLE", "Monterrey", "64000"),
    other("GB", "", "Leeds", "LS1 4DY"),
    other("FR", "", "Lyon", "69002"),
];

/// The states one after the other.
pub(crate) fn state(position: u64) -> Place {
    pick(&STATES, position)
}

/// A place with much business.
pub(crate) fn busy(position: u64) -> Place {
    pick(&BUSY, position)
}

/// A Canadian place.
pub(crate) fn province(position: u64) -> Place {
    pick(&PROVINCES, position)
}

/// A place in neither the United States nor Canada.
pub(crate) fn abroad(position: u64) -> Place {
    pick(&ABROAD, position)
}

/// The place of a US state code; the empty place if there is no such state.
pub(crate) fn of_state(region: &str) -> Place {
    STATES.iter().copied().find(|place| place.region == region).unwrap_or_default()
}
