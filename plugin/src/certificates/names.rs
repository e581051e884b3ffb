//! Comparing names of legal entities and the places they are at.
//!
//! A name is compared by the words that tell one entity from another: kinds of entity, articles and punctuation do not
//! count, nor does the order. A word may be misread by a letter in five. Words more or fewer make another name, because
//! "Blue Heron Marine" and "Blue Heron Marine Holdings" are two companies.

use crate::order;

/// Words that say what kind of entity it is, or nothing.
const FILLERS: [&str; 22] = [
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
    "lllp",
    "pllc",
    "pc",
    "plc",
    "gmbh",
    "the",
    "and",
    "of",
    "a",
    "lc",
    "an",
];
/// Words between a legal name and another one.
const ALSO: [&str; 6] = [" dba ", " d/b/a ", " d.b.a. ", " doing business as ", " aka ", " c/o "];

/// A name ready to be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// Telling words, lower-case, sorted.
    pub words: Vec<String>,
    /// Telling words in their order, run together.
    pub joined: String,
}

/// A name and the other names it mentions: "Heron Marine LLC d/b/a The Dock Shop".
#[must_use]
pub fn names(written: &str) -> Vec<Name> {
    // Only ASCII letters change, so that places in one text are places in the other.
    let lower = written.to_ascii_lowercase();
    let cut = ALSO.iter().find_map(|also| lower.find(also).map(|at| (at, at + also.len())));
    let parts = match cut {
        Some((at, after)) => vec![written.get(..at), written.get(after..)],
        None => vec![Some(written)],
    };
    parts.into_iter().flatten().map(name).filter(|name| !name.words.is_empty()).collect()
}

fn name(written: &str) -> Name {
    let squeezed: String = written.chars().filter(|c| !matches!(c, '.' | '\'' | '’' | '`')).collect();
    let all: Vec<String> = squeezed
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).collect())
        .collect();
    let telling: Vec<String> = all.iter().filter(|word| !FILLERS.contains(&word.as_str())).cloned().collect();
    // "The Company" has nothing else to go by.
    let kept = if telling.is_empty() { all } else { telling };
    Name { joined: kept.concat(), words: order::set(kept) }
}

/// How alike two written names are, 0 to 1; the best of the names they mention.
///
/// ```
/// use ecms_onboarding::certificates::names::alike;
/// assert_eq!(alike("The Blue Heron Marine Supply, L.L.C.", "BLUE HERON MARINE SUPPLY LLC"), 1.0);
/// assert!(alike("Blue Heron Marine Supply LLC", "Blue Holdings LLC") < 0.5);
/// ```
#[must_use]
pub fn alike(one: &str, other: &str) -> f32 {
    most_alike(&names(one), &names(other))
}

/// How alike the closest of two lists of names are, 0 to 1.
#[must_use]
pub fn most_alike(one: &[Name], other: &[Name]) -> f32 {
    one.iter().flat_map(|one| other.iter().map(|other| likeness(one, other))).fold(0.0, f32::max)
}

/// Share of words in common (Dice), misread ones included; spaces that were lost or added do not count.
fn likeness(one: &Name, other: &Name) -> f32 {
    if one.joined == other.joined {
        return 1.0;
    }
    let all = one.words.len() + other.words.len();
    let words = if all == 0 { 0.0 } else { 2.0 * in_common(&one.words, &other.words) as f32 / all as f32 };
    let long = one.joined.len().max(other.joined.len());
    // The lengths are looked at first, because most pairs are nothing like each other.
    let close = one.joined.len().abs_diff(other.joined.len()) <= long / 12;
    let runs_together = close && strsim::levenshtein(&one.joined, &other.joined) <= long / 12;
    if runs_together { words.max(0.97) } else { words }
}

/// Words that two sorted lists have in common; a misread one counts as the word it stands for.
fn in_common(one: &[String], other: &[String]) -> usize {
    // Words that are the same are taken first, or one that is only near might have the place of one that is right.
    let without = |known: &[String], word: &&String| known.binary_search(word).is_err();
    let mine: Vec<&String> = one.iter().filter(|word| without(other, word)).collect();
    let theirs: Vec<&String> = other.iter().filter(|word| without(one, word)).collect();
    let near = match misread(&mine, &theirs) {
        0 => 0,
        // A word may be near to several, so it matters which list chooses; both ways round have to agree.
        near => near.max(misread(&theirs, &mine)),
    };
    one.len() - mine.len() + near
}

/// Words that are near to one of the others, each of which is taken once.
fn misread(words: &[&String], others: &[&String]) -> usize {
    let mut left = others.to_vec();
    let mut near = 0;
    for word in words {
        if let Some(at) = left.iter().position(|it| near_word(word, it)) {
            left.swap_remove(at);
            near += 1;
        }
    }
    near
}

/// How alike two names are where one may be misread badly or lack its spaces, 0 to 1: [`alike`](fn@alike) is stricter. Good
/// enough to show a person, not to tell companies apart.
#[must_use]
pub fn nearly(one: &Name, other: &Name) -> f32 {
    let (short, long) = (one.joined.len().min(other.joined.len()), one.joined.len().max(other.joined.len()));
    // Lengths that differ by more than a quarter make no name alike.
    let letters =
        if 4 * short < 3 * long { 0.0 } else { strsim::normalized_levenshtein(&one.joined, &other.joined) };
    likeness(one, other).max(letters as f32)
}

/// Whether a text begins as a street or a box does: a house number and a word, or "P.O. Box" and a number.
#[must_use]
pub fn is_street(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if let Some(number) = plain.strip_prefix("pobox") {
        return number.starts_with(|c: char| c.is_ascii_digit());
    }
    let house = text.trim_start().chars().take_while(char::is_ascii_digit).count();
    let after = plain.get(house..).unwrap_or_default();
    // "21st Century" is a name.
    let rest = text.trim_start().get(house..).unwrap_or_default().to_ascii_lowercase();
    if ["st ", "nd ", "rd ", "th "].iter().any(|ordinal| rest.starts_with(ordinal)) {
        return false;
    }
    (1..=6).contains(&house) && after.chars().take(3).filter(|c| c.is_alphabetic()).count() == 3
}

/// Whether one may be the other with a letter in five misread. Numbers are never near.
fn near_word(one: &str, other: &str) -> bool {
    let long = one.len().max(other.len());
    let digits = one.bytes().chain(other.bytes()).any(|byte| byte.is_ascii_digit());
    !digits
        && long >= 5
        && one.len().abs_diff(other.len()) <= 1
        && strsim::levenshtein(one, other) <= long / 5
}

/// The first five digits of a US ZIP code, or the whole code elsewhere.
#[must_use]
pub fn zip(code: &str) -> String {
    let code = code.trim();
    let digits = code.chars().take_while(char::is_ascii_digit).count();
    if digits >= 5 { code.chars().take(5).collect() } else { code.to_owned() }
}

/// The first number in a street line: that of the house or the box.
#[must_use]
pub fn house_number(line: &str) -> String {
    line.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_entity_punctuation_order_and_misread_letters_do_not_tell_apart() {
        for (one, other) in [
            ("Ironwood Tool & Die Corporation", "Ironwood Tool and Die Corp."),
            ("PALMETTO ROW CROPS, L.L.C.", "Palmetto Row Crops LLC"),
            ("Heron Marine LLC d/b/a The Dock Shop", "Dock Shop"),
            ("Marine Supply Blue Heron", "Blue Heron Marine Supply"),
        ] {
            assert_eq!(alike(one, other), 1.0, "{one} / {other}");
        }
        assert!(alike("BlueHeron MarineSupply LLC", "Blue Heron Marine Supply LLC") > 0.95, "spaces lost");
        assert!(alike("Blue Heron Marlne Supply", "Blue Heron Marine Supply") > 0.95, "a letter misread");
    }

    #[test]
    fn a_near_word_does_not_have_the_place_of_the_same_word_and_both_ways_agree() {
        // "abcda" is near to "abcdm", which is the same as a word of the other name.
        assert_eq!(alike("abcdm abzda", "abcda abcdm"), 1.0);
        for (one, other) in [
            ("Heron MaLLC dn MaLLC d/b/a /b/a The st.ock Shock Sho", "Shock Stock Sho"),
            ("abcdex abcdeg", "abcdef abcdzg abcdea"),
            ("abcdex", "abcdef abcdex abcdea"),
        ] {
            assert_eq!(alike(one, other), alike(other, one), "{one} / {other}");
        }
    }

    #[test]
    fn other_words_make_another_name() {
        for (one, other) in [
            ("Blue Heron Marine", "Blue Heron Marine Holdings"),
            ("Blue Heron Marine Supply", "Blue Heron Marine Sales"),
            ("Ironwood Tool & Die", "Ironwood Properties Inc"),
            ("Example 41 LLC", "Example 42 LLC"),
            ("", "Anybody"),
        ] {
            assert!(alike(one, other) < 0.93, "{one} / {other}: {}", alike(one, other));
        }
        assert!(alike("The Company", "Company") > 0.6);
    }

    #[test]
    fn a_person_is_shown_names_that_are_nearly_alike() {
        let near = |one, other| nearly(&names(one)[0], &names(other)[0]);
        assert!(near("FOXGLOVERELEFUN", "Foxglove Relief Fund") > 0.8);
        assert!(near("Foxglove Relief Fund", "Foxglove Holdings LLC") < 0.8);
        assert_eq!(near("Marine Supply Blue Heron", "Blue Heron Marine Supply"), 1.0);
        for (text, street) in [
            ("12 Dock Road", true),
            ("P.O. Box 77", true),
            ("3M", false),
            ("21st Century Foods", false),
            ("600803197", false),
        ] {
            assert_eq!(is_street(text), street, "{text}");
        }
    }

    #[test]
    fn addresses_have_numbers() {
        assert_eq!(
            (house_number("P.O. Box 7715"), house_number("4821 Harborview Drive")),
            ("7715".into(), "4821".into())
        );
        assert_eq!(
            (zip("54235-1107"), zip("542351107"), zip("N1 9GU")),
            ("54235".into(), "54235".into(), "N1 9GU".into())
        );
    }
}
