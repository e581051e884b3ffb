//! Days, and the ways in which people write them.
//!
//! Every document is judged as of one day, so nothing here looks at a clock. Two-digit years are left to the faults,
//! because they do not say which century they mean.

use crate::random::{Random, pick};

/// The day on which all documents are judged.
pub(crate) const TODAY: &str = "2026-11-22";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl Day {
    /// A day of the calendar.
    pub(crate) const fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// A day from January 2025 to October 2026.
    pub(crate) fn signed(random: &mut Random) -> Self {
        let month = random.below(22);
        let of_year = u8::try_from(month % 12 + 1).unwrap_or(1);
        let year = if month < 12 { 2025 } else { 2026 };
        Self::new(year, of_year, u8::try_from(1 + random.below(28)).unwrap_or(1))
    }

    /// The same day some years later; the last of February becomes the 28th.
    pub(crate) fn plus_years(self, years: u16) -> Self {
        let day = if self.month == 2 { self.day.min(28) } else { self.day };
        Self { year: self.year + years, day, ..self }
    }

    /// `YYYY-MM-DD`.
    pub(crate) fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// One of the usual spellings.
    pub(crate) fn spelled(self, style: u64) -> String {
        let Self { year, month, day } = self;
        let name = pick(&MONTHS, u64::from(month) + 11);
        let short: String = name.chars().take(3).collect();
        match style % 8 {
            0 | 1 => format!("{month:02}/{day:02}/{year}"),
            2 => format!("{month}/{day}/{year}"),
            3 => format!("{month:02}-{day:02}-{year}"),
            4 => format!("{name} {day}, {year}"),
            5 => format!("{day} {short} {year}"),
            6 => self.iso(),
            // May is not shortened, so it takes no full stop.
            _ if short == name => format!("{name} {day}, {year}"),
            _ => format!("{short}. {day}, {year}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings() {
        let day = Day::new(2026, 3, 4);
        let spelled: Vec<_> = (1..8).map(|style| day.spelled(style)).collect();
        assert_eq!(
            spelled,
            [
                "03/04/2026",
                "3/4/2026",
                "03-04-2026",
                "March 4, 2026",
                "4 Mar 2026",
                "2026-03-04",
                "Mar. 4, 2026"
            ]
        );
    }

    #[test]
    fn signatures_are_older_than_today() {
        let mut random = Random::of_item(1, 1);
        for _ in 0..500 {
            assert!(Day::signed(&mut random).iso().as_str() < TODAY);
        }
    }
}
