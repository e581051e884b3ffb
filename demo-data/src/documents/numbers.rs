//! Registration numbers as the states write them.
//!
//! The shapes are common knowledge about each state; the digits are drawn. A pattern has `9` for any digit, `8` for
//! one that is not zero and `A` for a letter; everything else stands for itself.

use crate::random::Random;

/// A number after a pattern.
pub(crate) fn of_pattern(pattern: &str, random: &mut Random) -> String {
    let mut digit = |from: u64| char::from_digit(u32::try_from(from + random.below(10 - from)).unwrap_or(1), 10);
    pattern
        .chars()
        .map(|c| match c {
            '9' => digit(0).unwrap_or('0'),
            '8' => digit(1).unwrap_or('1'),
            'A' => char::from(b'A' + u8::try_from(u32::from(digit(0).unwrap_or('0')) % 10).unwrap_or(0)),
            other => other,
        })
        .collect()
}

/// How a state's sales tax numbers look.
pub(crate) fn pattern(state: &str) -> &'static str {
    match state {
        "AL" => "R899 999 999",
        "AZ" => "89999999",
        "AR" => "89999999-SLS",
        "CA" => "899-999999",
        "CO" => "89999999-9999",
        "CT" => "8999999-999",
        "FL" => "89-8999999999-9",
        "GA" => "389-999999",
        "IA" => "1-89-999999",
        "ID" => "009999999",
        "IL" => "8999-9999",
        "IN" => "8999999999-001",
        "KS" => "004-899999999F-01",
        "KY" => "899999",
        "MA" => "00-8999999",
        "MD" => "89999999",
        "ME" => "8999999",
        "MI" => "00-8999999",
        "MN" => "8999999",
        "MO" => "89999999",
        "NC" => "600899999",
        "ND" => "899999",
        "NE" => "01-8999999",
        "NJ" => "899-999-999/000",
        "NV" => "8999999999",
        "NY" => "00-8999999",
        "OH" => "89-999999",
        "OK" => "STH-89999999-99",
        "PA" => "89-999999",
        "RI" => "8-9999-9999",
        "SC" => "038-99999-8",
        "SD" => "8999-9999-ST",
        "TN" => "899999999",
        "TX" => "3-89999-9999-9",
        "UT" => "89999999-002-STC",
        "VT" => "SUT-89999999-001",
        "WA" => "608-999-999",
        "WI" => "456-8999999999-03",
        "WV" => "8999-9999",
        "WY" => "89-0-99999",
        _ => "899999999",
    }
}

/// A sales tax number of a state.
pub(crate) fn registration(state: &str, random: &mut Random) -> String {
    of_pattern(pattern(state), random)
}
