//! Dates as people in the United States write them.

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A date that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// `YYYY-MM-DD`.
    pub iso: String,
    /// Whether another day could be meant: a year of two digits, or the day before the month.
    pub ambiguous: bool,
}

/// Reads "03/14/2026", "3-14-2026", "2026-02-17", "March 12, 2026", "12 Mar 2026", "03142026", also with spaces lost.
///
/// Impossible days are not repaired: the answer is none.
///
/// ```
/// use ecms_onboarding::certificates::understand::dates::read;
/// let iso = |written| read(written).map(|date| (date.iso, date.ambiguous));
/// assert_eq!(iso("March 12, 2026"), Some(("2026-03-12".to_owned(), false)));
/// assert_eq!(iso("3/14/2026"), Some(("2026-03-14".to_owned(), false)));
/// assert_eq!(iso("14/3/2026"), Some(("2026-03-14".to_owned(), true)));
/// assert_eq!(iso("02/30/2026"), None);
/// ```
#[must_use]
pub fn read(written: &str) -> Option<Date> {
    let parts = parts(written)?;
    let texts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| if text.len() <= 2 && digits(text) { text.parse::<u32>().ok() } else { None };
    let mut ambiguous = false;
    let (year, month, day) = match texts.as_slice() {
        [whole] if whole.len() == 8 && digits(whole) => {
            (whole.get(4..)?, whole.get(..2)?.parse().ok()?, whole.get(2..4)?.parse().ok()?)
        }
        [year, month, day] if year.len() == 4 && digits(year) => {
            (*year, self::month(month).or_else(|| number(month))?, number(day)?)
        }
        [first, second, year] => match (self::month(first), self::month(second)) {
            (Some(month), _) => (*year, month, number(second)?),
            (_, Some(month)) => (*year, month, number(first)?),
            _ => {
                let (first, second) = (number(first)?, number(second)?);
                // Month first is how it is done here; a first number above twelve can only be the day.
                ambiguous = first > 12;
                if ambiguous { (*year, second, first) } else { (*year, first, second) }
            }
        },
        _ => return None,
    };
    ambiguous |= year.len() == 2;
    let year: u32 = match (year.len(), digits(year)) {
        (4, true) => year.parse().ok()?,
        (2, true) => 2000 + year.parse::<u32>().ok()?,
        _ => return None,
    };
    let plausible =
        (1900..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    plausible.then(|| Date { iso: format!("{year:04}-{month:02}-{day:02}"), ambiguous })
}

/// The day some years later; 29 February becomes the 28th.
#[must_use]
pub fn years_later(iso: &str, years: u32) -> Option<String> {
    months_later(iso, years.checked_mul(12)?)
}

/// The day some months later; a day the month does not have becomes its last one.
#[must_use]
pub fn months_later(iso: &str, months: u32) -> Option<String> {
    let mut parts = iso.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = year.checked_mul(12)?.checked_add(month.checked_sub(1)?)?.checked_add(months)?;
    let (year, month) = (whole / 12, whole % 12 + 1);
    (year <= 9999).then(|| format!("{year:04}-{month:02}-{:02}", day.min(days(year, month))))
}

/// Parts of a date: runs of letters and runs of digits; weekdays, "day", "of" and ordinals go. None if there are too many.
fn parts(written: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in written.trim().chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            match parts
                .last_mut()
                .filter(|_| last.is_ascii_digit() == c.is_ascii_digit() && last.is_ascii_alphanumeric())
            {
                Some(part) => part.push(c),
                None => parts.push(c.to_string()),
            }
        }
        last = c;
        if parts.len() > 8 {
            return None;
        }
    }
    let idle = ["st", "nd", "rd", "th", "day", "of", "the"];
    parts.retain(|part| !idle.contains(&part.as_str()) && !part.ends_with("day"));
    Some(parts)
}

fn month(text: &str) -> Option<u32> {
    let at =
        MONTHS.iter().position(|month| text.len() >= 3 && (month.starts_with(text) || text == "sept"))?;
    let at = if text == "sept" { 8 } else { at };
    u32::try_from(at + 1).ok()
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_read() {
        for (written, day) in [
            ("03/14/2026", "2026-03-14"),
            ("3-4-2026", "2026-03-04"),
            ("03.14.2026", "2026-03-14"),
            ("2026-02-17", "2026-02-17"),
            ("Mar. 12, 2026", "2026-03-12"),
            ("12 March 2026", "2026-03-12"),
            ("14-Mar-2026", "2026-03-14"),
            ("January9,2026", "2026-01-09"),
            ("June 26th, 2025", "2025-06-26"),
            ("Sept. 5 2025", "2025-09-05"),
            ("Monday, May 5, 2025", "2025-05-05"),
            ("5th day of May 2025", "2025-05-05"),
            ("03142026", "2026-03-14"),
            ("February 29, 2024", "2024-02-29"),
        ] {
            let date = Date { iso: day.to_owned(), ambiguous: false };
            assert_eq!(read(written), Some(date), "{written}");
        }
    }

    #[test]
    fn what_could_be_another_day_is_flagged() {
        for (written, day) in [("03/14/26", "2026-03-14"), ("14/03/2026", "2026-03-14")] {
            let date = Date { iso: day.to_owned(), ambiguous: true };
            assert_eq!(read(written), Some(date), "{written}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for written in ["", "13/45/2026", "02/29/2025", "31/02/2026", "soon", "2026", "March 2026", "1/2/3"] {
            assert_eq!(read(written), None, "{written}");
        }
    }

    #[test]
    fn terms_end_on_days_that_exist() {
        assert_eq!(years_later("2024-02-29", 4).as_deref(), Some("2028-02-29"));
        assert_eq!(years_later("2024-02-29", 1).as_deref(), Some("2025-02-28"));
        assert_eq!(months_later("2026-01-31", 13).as_deref(), Some("2027-02-28"));
        assert_eq!(months_later("soon", 1), None);
    }
}
