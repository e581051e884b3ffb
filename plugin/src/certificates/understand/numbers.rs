//! Registration, permit and exemption numbers: what of a value is the number, and whether it looks as it has to.

use crate::certificates::rules::NumberRule;
use crate::certificates::understand::text::plain;

/// Longest number that is kept.
const LONGEST: usize = 50;
/// Words of letters that belong to a number are short: "SR KHO 100-482915".
const PREFIX: usize = 4;

/// The number in a value: remarks in brackets and words go. Empty if no digit is left.
///
/// ```
/// use ecms_onboarding::certificates::understand::numbers::cleaned;
/// assert_eq!(cleaned("SR KHO 100-482915 (must be current)"), "SR KHO 100-482915");
/// assert_eq!(cleaned("see attached"), "");
/// ```
#[must_use]
pub fn cleaned(value: &str) -> String {
    let mut depth = 0_usize;
    let outside = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    let text: String = value.chars().filter(outside).collect();
    let part_of_it = |word: &&str| word.chars().any(|c| c.is_ascii_digit()) || word.len() <= PREFIX;
    let words: Vec<&str> = text.split_whitespace().filter(part_of_it).collect();
    let number = words.join(" ");
    let number: String = number.trim_matches(|c: char| !c.is_alphanumeric()).chars().take(LONGEST).collect();
    // A digit beyond what is kept does not make a number of the rest.
    if number.chars().any(|c| c.is_ascii_digit()) { number } else { String::new() }
}

/// Whether a number looks as a rule says.
#[must_use]
pub fn fits(number: &str, rule: &NumberRule) -> bool {
    let bare = |text: &str| -> String {
        let kept = text.chars().filter(|c| rule.exact || c.is_alphanumeric());
        kept.filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
    };
    let number = bare(number);
    rule.patterns.iter().any(|pattern| {
        let pattern = bare(pattern);
        pattern.chars().count() == number.chars().count()
            && pattern.chars().zip(number.chars()).all(|(wanted, c)| match wanted {
                '9' => c.is_ascii_digit(),
                'A' => c.is_ascii_alphabetic(),
                other => other == c,
            })
    })
}

/// Whether two numbers are the same, punctuation apart.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    let one = plain(one);
    one.len() >= 5 && one == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::rules::Severity;

    #[test]
    fn a_digit_beyond_what_is_kept_makes_no_number() {
        assert_eq!(cleaned(&format!("{}7", "no ".repeat(30))), "");
        assert_eq!(cleaned(&"12-3".repeat(20)).chars().count(), LONGEST);
    }

    #[test]
    fn punctuation_counts_only_where_it_has_to() {
        let rule = |patterns: &'static [&'static str], exact| NumberRule {
            patterns,
            exact,
            severity: Severity::Fail,
        };
        assert!(fits("3-20451-8876-2", &rule(&["99999999999"], false)));
        assert!(!fits("3-20451-8876", &rule(&["99999999999"], false)));
        let florida = rule(&["99-9999999999-9"], true);
        assert!(fits("61-8012076720-0", &florida) && !fits("6180120767200", &florida));
        assert!(fits("SR KHO 100482915", &rule(&["SR AAA 999999999"], false)));
        assert!(same("456-1020058817-03", "456102005881703") && !same("", ""));
    }
}
