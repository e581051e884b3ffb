//! A look at the raw bytes of a PDF before any parser sees them.
//!
//! Opening a file already unpacks its cross-reference and object streams, and which streams those are is decided by
//! tables inside the file. So every stream is measured here, wherever it lies, by the filters that its dictionary names.
//! A dictionary that hides its filters behind a reference or escapes is measured with all of them.

use hayro::hayro_syntax::Filter;

use super::{broken, unpacks_to_too_much};
use crate::{limits::Limits, model::Finding, pdf::unpack::Budget};

/// How much the best packing (Deflate) can unpack one byte to.
const MOST_PER_BYTE: u64 = 1032;
/// Names of filters that unpack, with their short forms; longer names come before their beginnings.
const NAMES: [(&[u8], Filter); 10] = [
    (b"/FlateDecode", Filter::FlateDecode),
    (b"/LZWDecode", Filter::LzwDecode),
    (b"/RunLengthDecode", Filter::RunLengthDecode),
    (b"/ASCII85Decode", Filter::Ascii85Decode),
    (b"/ASCIIHexDecode", Filter::AsciiHexDecode),
    (b"/Fl", Filter::FlateDecode),
    (b"/LZW", Filter::LzwDecode),
    (b"/RL", Filter::RunLengthDecode),
    (b"/A85", Filter::Ascii85Decode),
    (b"/AHx", Filter::AsciiHexDecode),
];
/// Names of filters for pictures.
const PICTURES: [&[u8]; 6] = [b"/DCT", b"/JPX", b"/CCITT", b"/CCF", b"/JBIG2", b"/Crypt"];

/// Deepest nesting of arrays and dictionaries; the parser looks at deep ones again at every level.
const MAX_NESTING: usize = 200;

/// Whether text of a PDF nests deeper than any honest one.
pub(super) fn nests_too_deep(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        let doubled = text.get(at + 1) == Some(byte);
        match byte {
            b'[' => depth += 1,
            b'<' if doubled => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'>' if doubled => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return true;
        }
    }
    false
}

/// Measures every stream of a file.
pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<(), Finding> {
    let too_much = |_| unpacks_to_too_much(limits);
    let mut budget = Budget::new(limits.unpacked);
    let mut protected_bytes = 0;
    let protected = find(bytes, b"/Encrypt").is_some();
    let mut position = 0;
    while let Some(found) = bytes.get(position..).and_then(|rest| find(rest, b"stream")) {
        let before = bytes.get(position..position + found).unwrap_or_default();
        let after = bytes.get(position + found + 6..).unwrap_or_default();
        position += found + 6;
        if before.ends_with(b"end") {
            continue;
        }
        if nests_too_deep(before) {
            return Err(broken("its parts are nested too deep"));
        }
        let start = after.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let data = after.get(start..).unwrap_or_default();
        let length = find(data, b"endstream").unwrap_or(data.len());
        let ended = data.get(..length).unwrap_or_default();
        let dictionary = before.get(rfind(before, b"obj").unwrap_or(0)..).unwrap_or_default();
        if protected && (find(dictionary, b"Flate").is_some() || dictionary.contains(&b'#')) {
            // Packed before it was encrypted, so it cannot be measured; only object streams are unpacked unasked.
            if find(dictionary, b"ObjStm").is_some() || dictionary.contains(&b'#') {
                protected_bytes += ended.len() as u64;
            }
            continue;
        }
        match filters(dictionary) {
            Some(chain) if chain.first() == Some(&Filter::FlateDecode) => {
                // It ends by itself, and the length that counts is not known here.
                budget.measure(data, &chain).map_err(too_much)?;
            }
            Some(chain) => budget.measure(ended, &chain).map_err(too_much)?,
            None => {
                for filter in [Filter::FlateDecode, Filter::LzwDecode, Filter::RunLengthDecode] {
                    budget.measure(ended, &[filter]).map_err(too_much)?;
                }
            }
        }
    }
    if nests_too_deep(bytes.get(position..).unwrap_or_default()) {
        return Err(broken("its parts are nested too deep"));
    }
    if protected_bytes.saturating_mul(MOST_PER_BYTE) > limits.unpacked {
        return Err(Finding::TooLarge(
            "the PDF is encrypted and too large to be opened safely; print it to a new PDF and put that in its place"
                .to_owned(),
        ));
    }
    Ok(())
}

/// The filters a dictionary names, in order; none if that cannot be told from its text.
fn filters(dictionary: &[u8]) -> Option<Vec<Filter>> {
    if dictionary.contains(&b'#') {
        return None;
    }
    let Some(start) = find(dictionary, b"/Filter").map(|start| start + 7).or_else(|| find(dictionary, b"/F"))
    else {
        return Some(Vec::new());
    };
    let rest = dictionary.get(start..).unwrap_or_default();
    let value = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    if value.is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let mut chain = Vec::new();
    let mut at = 0;
    while let Some(slash) = rest.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'/')) {
        let name = rest.get(at + slash..).unwrap_or_default();
        if PICTURES.iter().any(|picture| name.starts_with(picture)) {
            break;
        }
        if let Some((_, filter)) = NAMES.iter().find(|(text, _)| name.starts_with(text)) {
            chain.push(*filter);
        }
        at += slash + 1;
    }
    // Parameters and inline abbreviations repeat names; what a chain repeats is measured once too often, not too little.
    chain.truncate(8);
    Some(chain)
}

/// Where a part first stands.
pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let (first, rest) = part.split_first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| byte == first)?;
        if bytes.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn rfind(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).rposition(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = format!("%PDF-1.5\n1 0 obj\n<< {dictionary} >>\nstream\n").into_bytes();
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\nendstream\nendobj\n");
        bytes
    }

    fn bomb() -> Vec<u8> {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&vec![0; 2_000_000]).expect("packed");
        packed.finish().expect("packed")
    }

    #[test]
    fn a_stream_that_unpacks_to_too_much_is_found_however_its_filter_is_named() {
        let limits = Limits { unpacked: 1_000_000, ..Limits::default() };
        for dictionary in [
            "/Filter /FlateDecode",
            "/Filter[/FlateDecode]",
            "/Fl#61te /Filter /Flate#44ecode",
            "/Filter 9 0 R",
            "/Type /ObjStm /Filter /FlateDecode /N 3",
            "/Encrypt 3 0 R /Type /ObjStm /Filter /FlateDecode",
        ] {
            assert!(
                matches!(scan(&file(dictionary, &bomb()), &limits), Err(Finding::TooLarge(_))),
                "{dictionary}"
            );
        }
        let enough = Limits { unpacked: 3_000_000, ..limits };
        assert_eq!(scan(&file("/Filter /FlateDecode", &bomb()), &enough), Ok(()));
        assert_eq!(scan(&file("/Filter /DCTDecode", &bomb()), &limits), Ok(()));
    }
}
