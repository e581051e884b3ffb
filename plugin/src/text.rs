//! What is done to a dozen texts of every customer, without a look at each letter where none is needed.
//!
//! The standard library's functions go through a text letter by letter, in code that is not optimised for speed in the
//! component. Nearly all texts are plain ASCII without spaces around them and shorter than their limit, which a look at
//! the bytes at their ends, or at their length, tells already; the rest is left to the library.

/// The text without white space around it.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [] | [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// How many characters a text has, if they are more than `most`.
#[must_use]
pub fn longer_than(text: &str, most: usize) -> Option<usize> {
    // No character takes less than a byte.
    (text.len() > most).then(|| text.chars().count()).filter(|count| *count > most)
}

/// Whether a condition holds for every character; `plain` says it for those of ASCII.
#[must_use]
pub fn all(text: &str, plain: fn(u8) -> bool, character: fn(char) -> bool) -> bool {
    let mut ascii = true;
    for byte in text.as_bytes() {
        ascii &= byte.is_ascii();
        if byte.is_ascii() && !plain(*byte) {
            return false;
        }
    }
    ascii || text.chars().all(character)
}

/// The text in small letters. The library's own way treats one Greek letter apart, in more code than all of this module.
#[must_use]
pub fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_comes_to_what_the_library_does() {
        for text in
            ["", " ", "a", " a", "a ", "ab", "a b", "\u{b}a", "a\u{a0}", "\u{3000}ü", "ü", "a\u{7f}", "\t"]
        {
            assert_eq!(trimmed(text), text.trim(), "{text:?}");
            for most in 0..4 {
                let count = text.chars().count();
                assert_eq!(longer_than(text, most), (count > most).then_some(count), "{text:?}");
            }
            let library = text.chars().all(|c| !c.is_control());
            assert_eq!(all(text, |byte| !byte.is_ascii_control(), |c| !c.is_control()), library, "{text:?}");
        }
        assert!(!all("a\u{85}", |byte| !byte.is_ascii_control(), |c| !c.is_control()));
    }
}
