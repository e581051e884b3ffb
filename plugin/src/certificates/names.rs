//! Comparing names of legal entities and the places they are at.

use crate::order;

/// Words that say what kind of entity it is, or nothing.
const FILLERS: [&str; 21] = [
    "llc",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "lp",
    "llp",
    "pllc",
    "pc",
    "plc",
    "gmbh",
    "the",
    "and",
    "of",
    "a",
    "lc",
    "dba",
];

/// The words of a name that tell one entity from another, in lower case, sorted.
///
/// ```
/// use ecms_onboarding::certificates::names::words;
/// assert_eq!(words("The Blue Heron Marine Supply, L.L.C."), words("BLUE HERON MARINE SUPPLY LLC"));
/// ```
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let joined: String = name.chars().filter(|c| !matches!(c, '.' | '\'' | '’')).collect();
    let words = joined.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let all: Vec<String> = order::set(words.map(|word| word.chars().flat_map(char::to_lowercase).collect()));
    let telling: Vec<String> = all.iter().filter(|word| !FILLERS.contains(&word.as_str())).cloned().collect();
    // "The Company" has nothing else to go by.
    if telling.is_empty() { all } else { telling }
}

/// Share of words in common of two sorted lists, 0 to 1 (Dice).
#[must_use]
pub fn likeness(one: &[String], other: &[String]) -> f32 {
    let all = one.len() + other.len();
    let common = one.iter().filter(|word| other.binary_search(word).is_ok()).count();
    if all == 0 { 0.0 } else { 2.0 * common as f32 / all as f32 }
}

/// The first five digits of a US ZIP code, or the whole code elsewhere.
#[must_use]
pub fn zip(code: &str) -> String {
    code.split('-').next().unwrap_or_default().trim().to_owned()
}

/// House number and such: the digits that a street line begins with.
#[must_use]
pub fn house_number(line: &str) -> String {
    line.trim().chars().take_while(char::is_ascii_digit).collect()
}

/// City, state and ZIP code from the end of a line such as "12 Dock Road, Sturgeon Bay, WI 54235-1107".
#[must_use]
pub fn city_state_zip(line: &str) -> Option<(String, String, String)> {
    let (before, tail) = line.trim().rsplit_once(',')?;
    let mut tail = tail.split_whitespace();
    let (state, code) = (tail.next()?, tail.next()?);
    let region = crate::geography::region("US", state)?;
    let city = before.rsplit(',').next().unwrap_or_default().trim();
    let digits = code.len() >= 5 && code.chars().all(|c| c.is_ascii_digit() || c == '-');
    (digits && tail.next().is_none()).then(|| (city.to_owned(), region, code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_entity_and_punctuation_do_not_tell_apart_but_words_do() {
        let heron = words("Blue Heron Marine Supply LLC");
        assert_eq!(likeness(&heron, &words("Blue Heron Marine Supply, L.L.C.")), 1.0);
        assert!(likeness(&heron, &words("Blue Holdings LLC")) < 0.5);
        assert!(
            likeness(&words("Ironwood Tool & Die Corporation"), &words("Ironwood Tool and Die Corp.")) == 1.0
        );
        assert_eq!(words("The Company").len(), 2);
    }

    #[test]
    fn the_end_of_an_address_is_city_state_and_zip() {
        let found = city_state_zip("4821 Harborview Drive, Sturgeon Bay, WI 54235-1107");
        assert_eq!(found, Some(("Sturgeon Bay".into(), "WI".into(), "54235-1107".into())));
        assert_eq!(city_state_zip("Somewhere"), None);
        assert_eq!(city_state_zip("Town, ZZ 12345"), None);
    }
}
