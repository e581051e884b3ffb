//! Registration numbers as the states write them.
//!
//! The shapes are common knowledge about each state; the digits are drawn. A pattern has `#` for any digit, `+` for
//! one that is not zero and `@` for a letter; everything else stands for itself.

use crate::random::Random;

/// A number after a pattern.
pub(crate) fn of_pattern(pattern: &str, random: &mut Random) -> String {
    let mut digit =
        |from: u64| char::from_digit(u32::try_from(from + random.below(10 - from)).unwrap_or(1), 10);
    pattern
        .chars()
        .map(|c| match c {
            '#' => digit(0).unwrap_or('0'),
            '+' => digit(1).unwrap_or('1'),
            '@' => char::from(b'A' + u8::try_from(u32::from(digit(0).unwrap_or('0')) % 10).unwrap_or(0)),
            other => other,
        })
        .collect()
}

/// How a state's sales tax numbers look.
pub(crate) fn pattern(state: &str) -> &'static str {
    match state {
        "AL" => "R+## ### ###",
        "AZ" => "+#######",
        "AR" => "+#######-SLS",
        "CA" => "+##-######",
        "CO" => "+#######-####",
        "CT" => "+######-###",
        "FL" => "+#-+#########-#",
        "GA" => "308-######",
        "IA" => "1-+#-######",
        "ID" => "00#######",
        "IL" => "+###-####",
        "IN" => "+#########-001",
        "KS" => "004-+########F-01",
        "KY" => "+#####",
        "MA" => "00-+######",
        "MD" => "+#######",
        "ME" => "+######",
        "MI" => "00-+######",
        "MN" => "+######",
        "MO" => "+#######",
        "NC" => "600######",
        "ND" => "+#####",
        "NE" => "01-+######",
        "NJ" => "+##-###-###/000",
        "NV" => "+#########",
        "NY" => "00-+######",
        "OH" => "+#-######",
        "OK" => "STH-+#######-##",
        "PA" => "+#-######",
        "RI" => "+-####-####",
        "SC" => "038-#####-#",
        "SD" => "+###-####-ST",
        "TN" => "+########",
        "TX" => "3-+####-####-#",
        "UT" => "+#######-002-STC",
        "VT" => "SUT-+#######-001",
        "WA" => "608-###-###",
        "WI" => "456-+#########-03",
        "WV" => "+###-####",
        "WY" => "+#-0-#####",
        _ => "+########",
    }
}

/// A sales tax number of a state.
pub(crate) fn registration(state: &str, random: &mut Random) -> String {
    of_pattern(pattern(state), random)
}
