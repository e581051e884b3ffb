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

/// `YYYY-MM-DD` from "03/14/2026", "3-14-2026", "2026-02-17", "March 12, 2026" or "12 Mar 2026".
///
/// Two-digit years and impossible days are not guessed at: the answer is none.
///
/// ```
/// use ecms_onboarding::certificates::dates::iso;
/// assert_eq!(iso("March 12, 2026").as_deref(), Some("2026-03-12"));
/// assert_eq!(iso("3/14/2026").as_deref(), Some("2026-03-14"));
/// assert_eq!(iso("02/30/2026"), None);
/// ```
#[must_use]
pub fn iso(written: &str) -> Option<String> {
    let parts: Vec<&str> =
        written.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month, day) = if first.len() == 4 && all_digits(first) {
        (*first, number(second)?, number(third)?)
    } else if let Some(month) = month(first) {
        (*third, month, number(second)?)
    } else if let Some(month) = month(second) {
        (*third, month, number(first)?)
    } else {
        (*third, number(first)?, number(second)?)
    };
    let year: u32 = if year.len() == 4 { year.parse().ok()? } else { return None };
    let plausible =
        (1900..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    plausible.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn number(text: &str) -> Option<u32> {
    let ordinal = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    (ordinal.len() <= 2).then(|| ordinal.parse().ok()).flatten()
}

fn month(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| text.len() >= 3 && month.starts_with(&text))?;
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
    use super::iso;

    #[test]
    fn usual_spellings_are_read() {
        for (written, day) in [
            ("03/14/2026", "2026-03-14"),
            ("3-4-2026", "2026-03-04"),
            ("2026-02-17", "2026-02-17"),
            ("Mar. 12, 2026", "2026-03-12"),
            ("12 March 2026", "2026-03-12"),
            ("June 26, 2025", "2025-06-26"),
            ("February 29, 2024", "2024-02-29"),
        ] {
            assert_eq!(iso(written).as_deref(), Some(day), "{written}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for written in
            ["", "03/14/26", "13/45/2026", "02/29/2025", "soon", "2026", "March 2026", "14/03/2026"]
        {
            assert_eq!(iso(written), None, "{written}");
        }
    }
}
