//! The points at which the program is killed, and how they are written.
//!
//! Appends and requests are numbered over the whole undisturbed onboarding, both commands together. A point is written
//! `append:17:after` or `request:40:arrived`, so that a person can run just that one again.

use std::{fmt, str::FromStr};

use avatax_sim::Stage;

use crate::{error::EnduranceError, kill::Side};

/// Where the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// At the append of this number.
    Append(u64, Side),
    /// At the request of this number.
    Request(u64, Stage),
}

impl Point {
    /// Its number among its kind.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Append(number, _) | Self::Request(number, _) => number,
        }
    }

    /// The same kind of point with another number.
    #[must_use]
    pub fn numbered(self, number: u64) -> Self {
        match self {
            Self::Append(_, side) => Self::Append(number, side),
            Self::Request(_, stage) => Self::Request(number, stage),
        }
    }

    /// What kind it is, in words.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Append(_, Side::Before) => "before an append is durable",
            Self::Append(_, Side::After) => "after an append is durable",
            Self::Request(_, Stage::Arrived) => "request arrived, not carried out",
            Self::Request(_, Stage::CarriedOut) => "request carried out, not answered",
        }
    }

    /// Every point of an onboarding with so many appends and requests.
    #[must_use]
    pub fn all(appends: u64, requests: u64) -> Vec<Self> {
        let appends =
            (1..=appends).flat_map(|it| [Side::Before, Side::After].map(|side| Self::Append(it, side)));
        let requests = (1..=requests)
            .flat_map(|it| [Stage::Arrived, Stage::CarriedOut].map(|stage| Self::Request(it, stage)));
        appends.chain(requests).collect()
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(number, side) => write!(f, "append:{number}:{}", side.name()),
            Self::Request(number, Stage::Arrived) => write!(f, "request:{number}:arrived"),
            Self::Request(number, Stage::CarriedOut) => write!(f, "request:{number}:done"),
        }
    }
}

impl FromStr for Point {
    type Err = EnduranceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || EnduranceError::Point(text.chars().take(60).collect());
        let parts: Vec<&str> = text.split(':').collect();
        let [kind, number, when] = parts.as_slice() else { return Err(fail()) };
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(fail)?;
        match (*kind, *when) {
            ("append", when) => Side::named(when).map(|side| Self::Append(number, side)).ok_or_else(fail),
            ("request", "arrived") => Ok(Self::Request(number, Stage::Arrived)),
            ("request", "done") => Ok(Self::Request(number, Stage::CarriedOut)),
            _ => Err(fail()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_read_back_from_its_text() {
        let all = Point::all(3, 2);
        assert_eq!(all.len(), 10);
        for point in all {
            assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
        }
        for wrong in
            ["", "append", "append:1", "append:0:after", "append:1:done", "request:x:arrived", "a:1:b:c"]
        {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}
