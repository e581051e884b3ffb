//! Text from an ERP, made fit for the contract: trimmed, bounded, without control characters.
//!
//! The contract names limits for some fields; the others get limits here that are far above anything a real record
//! holds, so that one absurd field cannot fill a page. Codes keep enough room to be seen as too long by the component.

/// Longest id, in bytes. A longer one is an error, because a cut id would name another row.
pub(crate) const ID_BYTES: usize = 200;
/// Longest customer code.
pub(crate) const CODE: usize = 200;
/// Longest name of a customer or person.
pub(crate) const NAME: usize = 500;
/// Longest e-mail address; 320 is the most the standard allows.
pub(crate) const EMAIL: usize = 320;
/// Longest telephone, fax, tax or exemption number, region, country, postal code, city and the like.
pub(crate) const SHORT: usize = 100;
/// Longest street line and longest raw value of an evidence.
pub(crate) const LINE: usize = 200;
/// Longest file name.
pub(crate) const FILE_NAME: usize = 200;

/// Trims, drops control characters, and cuts to `most` characters; nothing left is none.
pub(crate) fn one_line(value: &str, most: usize) -> Option<String> {
    bounded(value, most, |c| !c.is_control())
}

/// As [`one_line`], but line feeds stay: streets hold several lines.
pub(crate) fn lines(value: &str, most: usize) -> Option<String> {
    bounded(value, most, |c| c == '\n' || !c.is_control())
}

fn bounded(value: &str, most: usize, keep: impl Fn(char) -> bool) -> Option<String> {
    let cut: String = value.trim().chars().filter(|c| keep(*c)).take(most).collect();
    let cut = cut.trim();
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{lines, one_line};

    #[test]
    fn text_is_trimmed_cut_and_freed_of_control_characters() {
        assert_eq!(one_line("  a\u{7}b\tc ", 10).as_deref(), Some("abc"));
        assert_eq!(one_line("äöüß", 3).as_deref(), Some("äöü"));
        assert_eq!(one_line(" \n ", 10), None);
        assert_eq!(lines("1 Main St\r\nSuite 2", 200).as_deref(), Some("1 Main St\nSuite 2"));
        assert_eq!(one_line("ab  c", 4).as_deref(), Some("ab"));
    }
}
