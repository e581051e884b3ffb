//! What a person may say about the fields of a certificate, `field=value`, and whether it can be so. A mistyped date or
//! state must not get any further than the command line or the form of a vendor, because the next plan believes it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::error::is_invisible;

/// Fields that may be set, besides `number.XX`.
const FIELDS: [&str; 13] = [
    "purchaser",
    "street",
    "place",
    "state",
    "number",
    "reason",
    "signed",
    "effective",
    "expires",
    "seller",
    "percentage",
    "order",
    "description",
];
/// The states and the District of Columbia.
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY \
                      NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY";
/// Longest value of a field, in characters.
pub const VALUE: usize = 200;
/// Longest exemption number, in characters.
const NUMBER: usize = 50;

/// Reads pairs of the form `field=value`.
///
/// # Errors
/// A sentence about the first thing that cannot be so.
pub fn read(pairs: &[String], today: Date) -> Result<BTreeMap<String, String>, String> {
    let mut set = BTreeMap::new();
    for pair in pairs {
        let (field, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("\"{}\" is not of the form field=value.", shown(pair)))?;
        let field = name(field.trim())?;
        let value = checked(&field, value.trim(), today)?;
        if set.insert(field.clone(), value).is_some() {
            return Err(format!("{field} is set twice."));
        }
    }
    let of_states = set.keys().any(|field| field.starts_with("number."));
    if of_states && (set.contains_key("number") || set.contains_key("state")) {
        return Err(
            "number.XX adds the number of one state to others, so it does not go with state or number: set state and \
             number for a certificate of one state."
                .to_owned(),
        );
    }
    let day = |field: &str| set.get(field).and_then(|day| day.parse::<Date>().ok());
    for (before, after) in [("signed", "expires"), ("effective", "expires")] {
        if let (Some(first), Some(last)) = (day(before), day(after))
            && last < first
        {
            return Err(format!("It would have expired on {last}, before {before} {first}."));
        }
    }
    Ok(set)
}

/// The name of a field as it is recorded.
fn name(given: &str) -> Result<String, String> {
    let lower = given.to_ascii_lowercase();
    if FIELDS.contains(&lower.as_str()) {
        return Ok(lower);
    }
    if let Some(region) = lower.strip_prefix("number.") {
        return Ok(format!("number.{}", state(region)?));
    }
    Err(format!(
        "There is no field \"{}\" to set. Fields are {} and number.XX for the number of state XX.",
        shown(given),
        FIELDS.join(", ")
    ))
}

fn checked(field: &str, value: &str, today: Date) -> Result<String, String> {
    if value.is_empty() {
        return Err(format!("{field} is set to nothing."));
    }
    if value.chars().any(is_invisible) {
        return Err(format!("The value of {field} has characters that cannot be seen."));
    }
    let most = if field.starts_with("number") { NUMBER } else { VALUE };
    if value.chars().count() > most {
        return Err(format!("The value of {field} is longer than {most} characters."));
    }
    match field {
        "state" => state(value),
        "reason" => reason(value),
        "signed" | "effective" | "expires" => date(field, value, today),
        "percentage" => percentage(value),
        "place" => place(value),
        _ => Ok(value.to_owned()),
    }
}

fn state(value: &str) -> Result<String, String> {
    let upper = value.to_ascii_uppercase();
    STATES
        .split(' ')
        .any(|known| known == upper)
        .then_some(upper)
        .ok_or_else(|| format!("\"{}\" is not the two-letter code of a state, such as GA.", shown(value)))
}

fn reason(value: &str) -> Result<String, String> {
    let upper = value.to_ascii_uppercase();
    matches!(upper.as_bytes(), [b'A'..=b'N']).then_some(upper).ok_or_else(|| {
        format!(
            "\"{}\" is not an entity/use code: that is one letter from A to N, such as G for resale.",
            shown(value)
        )
    })
}

fn date(field: &str, value: &str, today: Date) -> Result<String, String> {
    let odd = || format!("\"{}\" is not a day as YYYY-MM-DD, such as 2026-03-31, for {field}.", shown(value));
    // The library takes more spellings than this one.
    let day: Date = value.parse().map_err(|_| odd())?;
    if day.to_string() != value || !(1950..=2150).contains(&day.year()) {
        return Err(odd());
    }
    if field == "signed" && day > today {
        return Err(format!("It cannot have been signed on {day}, because that day is still to come."));
    }
    Ok(value.to_owned())
}

/// City, state and ZIP code in one, as letters are addressed.
fn place(value: &str) -> Result<String, String> {
    let odd = || format!("\"{}\" is not a place such as \"Sturgeon Bay, WI 54235\".", shown(value));
    let (city, rest) = value.rsplit_once(',').ok_or_else(odd)?;
    let (region, code) = rest.trim().split_once(' ').ok_or_else(odd)?;
    let (code, more) = code.trim().split_once('-').unwrap_or((code.trim(), "0000"));
    // Commas may stand in a street before the city.
    let city = city.trim().trim_end_matches([',', '.']);
    let city = city.rsplit_once(',').map_or(city, |(_, last)| last);
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !city.chars().take(100).any(char::is_alphabetic)
        || !digits(code, 5)
        || !digits(more, 4)
        || state(region).is_err()
    {
        return Err(odd());
    }
    Ok(value.to_owned())
}

fn percentage(value: &str) -> Result<String, String> {
    let number = value.trim_end_matches('%').trim_end();
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    match number.parse::<f64>() {
        Ok(share) if plain && share > 0.0 && share <= 100.0 => Ok(number.to_owned()),
        _ => Err(format!("\"{}\" is not a percentage above 0 and up to 100.", shown(value))),
    }
}

fn shown(text: &str) -> String {
    crate::report::words::clean(text, 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[&str]) -> Result<BTreeMap<String, String>, String> {
        let pairs: Vec<_> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        read(&pairs, Date::constant(2026, 11, 23))
    }

    #[test]
    fn values_are_recorded_in_one_spelling() {
        let read = set(&[
            "number.wi=456-1020058817-03",
            "reason=g",
            "signed=2026-11-23",
            "percentage=62.5 %",
            "order=PO=7",
            "place=Sturgeon Bay, WI 54235-1107",
        ])
        .expect("all of these can be so");
        let read: Vec<_> = read.iter().map(|(field, value)| format!("{field}={value}")).collect();
        assert_eq!(
            read,
            [
                "number.WI=456-1020058817-03",
                "order=PO=7",
                "percentage=62.5",
                "place=Sturgeon Bay, WI 54235-1107",
                "reason=G",
                "signed=2026-11-23",
            ]
        );
    }

    #[test]
    fn what_cannot_be_so_is_refused() {
        for bad in [
            "state",
            "state=",
            "state=XX",
            "state=Texas",
            "number.ZZ=1",
            "colour=red",
            "reason=O",
            "reason=GG",
            "signed=2026-11-24",
            "signed=11/03/2026",
            "signed=2026-02-30",
            "signed=20260203",
            "expires=9999-01-01",
            "expires=2026-03-31T00:00:00",
            "percentage=0",
            "percentage=101",
            "percentage=1e1",
            "percentage=NaN",
            "place=Sturgeon Bay",
            "place=Sturgeon Bay, WI",
            "place=Sturgeon Bay, ZZ 54235",
            "place=, WI 54235",
            "place=,, WI 54235",
            "place=Sturgeon Bay, 7, WI 54235",
            "place=Sturgeon Bay, WI 54235-11",
            "purchaser=a\x1b[31m",
        ] {
            assert!(set(&[bad]).is_err(), "{bad}");
        }
        assert!(set(&[&format!("seller={}", "x".repeat(VALUE + 1))]).is_err());
        assert!(set(&[&format!("number={}", "1".repeat(NUMBER + 1))]).is_err());
    }

    #[test]
    fn values_have_to_go_together() {
        assert!(set(&["state=TX", "STATE=GA"]).is_err());
        assert_eq!(set(&["state=tx", "number=1"]).expect("go together")["state"], "TX");
        assert!(set(&["number=1", "number.TX=1"]).is_err());
        assert!(set(&["state=TX", "number.TX=1"]).is_err());
        assert!(set(&["signed=2026-01-02", "expires=2026-01-01"]).is_err());
        assert!(set(&["signed=2026-01-02", "expires=2026-01-02"]).is_ok());
    }
}
