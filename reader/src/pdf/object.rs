//! Small readers for dictionaries of a PDF.

use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};

/// The annotation flags "invisible", "hidden" and "no view".
const NOT_SHOWN: i32 = 1 | 2 | 32;
/// Deepest tree of fields.
const MAX_DEPTH: usize = 32;
/// Most annotations of a page.
const MAX_ANNOTATIONS: usize = 5_000;

/// The annotations of a page that are shown.
pub(crate) fn annotations<'a>(page: &Dict<'a>) -> Vec<Dict<'a>> {
    let all = page.get::<Array<'a>>("Annots").unwrap_or_default();
    let shown = |annotation: &Dict<'a>| annotation.get::<i32>("F").unwrap_or(0) & NOT_SHOWN == 0;
    all.iter::<Dict<'a>>().take(MAX_ANNOTATIONS).filter(shown).collect()
}

/// Whether an annotation is a place of a form field.
pub(crate) fn is_widget(annotation: &Dict<'_>) -> bool {
    name(annotation, "Subtype").as_deref() == Some("Widget")
}

/// A name as text.
pub(crate) fn name(dict: &Dict<'_>, key: &str) -> Option<String> {
    dict.get::<Name<'_>>(key).map(|name| String::from_utf8_lossy(&name).into_owned())
}

/// An entry that fields inherit from their parents.
pub(crate) fn inherited<'a>(field: &Dict<'a>, key: &str) -> Option<Object<'a>> {
    parents(field).into_iter().find_map(|node| node.get::<Object<'a>>(key))
}

/// A field and everything above it.
pub(crate) fn parents<'a>(field: &Dict<'a>) -> Vec<Dict<'a>> {
    let mut chain = vec![field.clone()];
    while let Some(parent) = chain.last().and_then(|node| node.get::<Dict<'a>>("Parent")) {
        if chain.len() >= MAX_DEPTH {
            break;
        }
        chain.push(parent);
    }
    chain
}

/// The drawing a viewer shows for an annotation: the normal one, or that of the state it is in.
pub(crate) fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match annotation.get::<Dict<'a>>("AP")?.get::<Object<'a>>("N")? {
        Object::Stream(stream) => Some(stream),
        Object::Dict(states) => {
            let state = annotation.get::<Name<'a>>("AS");
            state.and_then(|state| states.get::<Stream<'a>>(&state)).or_else(|| states.get("Off"))
        }
        _ => None,
    }
}

/// Numbers of an array, if there are exactly that many and all are finite.
pub(crate) fn numbers<const N: usize>(dict: &Dict<'_>, key: &str) -> Option<[f32; N]> {
    let array = dict.get::<Array<'_>>(key)?;
    let found: Vec<f32> = array.iter::<Object<'_>>().take(N + 1).filter_map(Object::into_f32).collect();
    let found: [f32; N] = found.try_into().ok()?;
    found.iter().all(|number| number.is_finite()).then_some(found)
}

/// A rectangle with its corners in order: left, bottom, right, top.
pub(crate) fn rectangle(dict: &Dict<'_>, key: &str) -> Option<[f32; 4]> {
    let [a, b, c, d] = numbers(dict, key)?;
    Some([a.min(c), b.min(d), a.max(c), b.max(d)])
}

/// Text of a string or name.
pub(crate) fn text(object: &Object<'_>) -> Option<String> {
    match object {
        Object::String(string) => Some(decoded(string.as_bytes())),
        Object::Name(name) => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    }
}

/// Text as PDF stores it: UTF-16 or UTF-8 with a mark in front, else its own table, which is Latin-1 for most letters.
fn decoded(bytes: &[u8]) -> String {
    if let Some(wide) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        let units: Vec<u16> = wide
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
            .collect();
        return String::from_utf16_lossy(&units);
    }
    if let Some(text) = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        return String::from_utf8_lossy(text).into_owned();
    }
    let letter = |byte: &u8| match byte {
        0x80 => '\u{2022}',
        0x84 => '\u{2014}',
        0x85 => '\u{2013}',
        0x8D => '\u{201C}',
        0x8E => '\u{201D}',
        0x8F => '\u{2018}',
        0x90 => '\u{2019}',
        0x92 => '\u{2122}',
        0xA0 => '\u{20AC}',
        other => char::from(*other),
    };
    bytes.iter().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn text_is_decoded_in_each_of_its_codings() {
        assert_eq!(decoded(b"Smith \x90s caf\xE9"), "Smith \u{2019}s caf\u{e9}");
        assert_eq!(decoded(b"\xFE\xFF\0A\x20\xAC\xD8"), "A\u{20ac}");
        assert_eq!(decoded(b"\xEF\xBB\xBF\xC3\xA9"), "\u{e9}");
    }
}
