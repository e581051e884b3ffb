//! Reading JSON leniently and in little code.
//!
//! Everything foreign is parsed into one generic value and picked apart by name: what is absent, null or of another type
//! reads as empty. Models grow from version to version, and a derived parser for each would make up a quarter of the
//! component.
//!
//! A value in memory takes many times the bytes it was written in: an object of one member some hundred for seven. So
//! before anything is built, [`Room::parse`] goes over the bytes once, without allocating, and counts what would be built:
//! how deep, how long the lists and texts are, and about how much memory it all takes. What is beyond the caps is refused by
//! name; whether it is JSON at all is then for the parser to say.

use serde_json::Map;
pub use serde_json::Value;

/// Deepest nesting; AvaTax's answers have a handful of levels.
const DEPTH: usize = 32;
/// Most elements of one list or members of one object; pages have a hundred rows.
const ELEMENTS: u32 = 10_000;
/// Longest text as it is written, in bytes; the longest of AvaTax's are links and messages.
const TEXT: usize = 256 * 1024;
/// Most memory for the answers that are looked at together, by the estimates below. A page of a hundred customers takes
/// about a megabyte. The component has 64 MiB for everything.
const MEMORY: usize = 24 * 1024 * 1024;
/// What an object takes for its first members, what each member, each element of a list and each text takes beside its
/// bytes: nodes are half full and lists grow by doubling.
const OBJECT: usize = 400;
const MEMBER: usize = 72;
const ELEMENT: usize = 48;
const LIST: usize = 96;
const SHORT: usize = 16;

/// Memory for answers that are looked at together.
#[derive(Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(MEMORY)
    }
}

impl Room {
    /// Parses bytes, if what they hold is within the caps and has room; an empty body is null, as some of AvaTax's
    /// successes are.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Value, String> {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let memory = measure(bytes)?;
        self.0 = self.0.checked_sub(memory).ok_or("it is too large to be held in memory")?;
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }
}

/// Parses bytes that stand alone.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    Room::default().parse(bytes)
}

/// About how much memory the value takes, or the cap that it breaks.
fn measure(bytes: &[u8]) -> Result<usize, String> {
    // For each open list or object: whether it is an object, and its commas so far.
    let mut open = [(false, 0_u32); DEPTH];
    let mut depth = 0_usize;
    let mut memory = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let length = text_length(bytes.get(at..).unwrap_or_default());
                if length > TEXT {
                    return Err(format!("it holds a text of more than {TEXT} bytes"));
                }
                at += length + 1;
                memory += SHORT + length;
            }
            b'{' | b'[' => {
                let is_object = *byte == b'{';
                let slot =
                    open.get_mut(depth).ok_or_else(|| format!("it is nested more than {DEPTH} deep"))?;
                *slot = (is_object, 0);
                depth += 1;
                // Nothing is set aside for what is empty, but it is seldom worth looking.
                memory += if is_object { OBJECT } else { LIST };
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => {
                if let Some((is_object, commas)) = depth.checked_sub(1).and_then(|top| open.get_mut(top)) {
                    *commas += 1;
                    if *commas >= ELEMENTS {
                        return Err(format!("it holds a list of more than {ELEMENTS} elements"));
                    }
                    memory += if *is_object { MEMBER } else { ELEMENT };
                }
            }
            _ => {}
        }
    }
    Ok(memory)
}

/// Bytes up to the quotation mark that ends the text, or to the end.
fn text_length(rest: &[u8]) -> usize {
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    });
    end.unwrap_or(rest.len())
}

/// An object. In one place, because the macro of the library writes the insertion out for each field.
#[must_use]
pub fn object(fields: Vec<(&'static str, Value)>) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

/// A text field, empty if it is no text.
#[must_use]
pub fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A whole number, 0 if it is none.
#[must_use]
pub fn number(value: &Value, field: &str) -> u64 {
    value.get(field).and_then(Value::as_u64).unwrap_or_default()
}

/// A list, empty if it is none.
#[must_use]
pub fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of whole numbers.
#[must_use]
pub fn numbers(value: &Value, field: &str) -> Vec<u64> {
    list(value, field).iter().filter_map(Value::as_u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` times `piece` as the elements of a list.
    fn list_of(piece: &str, count: usize) -> String {
        format!("[{}]", vec![piece; count].join(","))
    }

    fn refused(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(_) => panic!("{} bytes were taken", text.len()),
            Err(error) => error,
        }
    }

    #[test]
    fn nesting_goes_to_the_cap_and_no_deeper_whatever_texts_hold() {
        let nested = |depth: usize, inner: &str| format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH, r#""[[[{{{\"[[[""#).as_bytes()).is_ok());
        assert_eq!(refused(&nested(DEPTH + 1, "")), "it is nested more than 32 deep");
        assert!(refused(&"{\"a\":".repeat(100_000)).contains("nested"));
        assert!(parse(list_of("[[]]", 5_000).as_bytes()).is_ok());
    }

    #[test]
    fn a_list_goes_to_the_cap_and_no_further_and_each_is_counted_by_itself() {
        assert!(parse(list_of("1", 10_000).as_bytes()).is_ok());
        assert_eq!(refused(&list_of("1", 10_001)), "it holds a list of more than 10000 elements");
        let members = (0..10_001).map(|at| format!("\"{at}\":1")).collect::<Vec<_>>().join(",");
        assert!(refused(&format!("{{{members}}}")).contains("list of more than"));
        let three = format!("[{0},{0},{0}]", list_of("\",\"", 9_000));
        assert!(parse(three.as_bytes()).is_ok());
    }

    #[test]
    fn a_text_goes_to_the_cap_and_no_further() {
        assert!(parse(format!("\"{}\"", "x".repeat(TEXT)).as_bytes()).is_ok());
        assert_eq!(
            refused(&format!("\"{}\"", "x".repeat(TEXT + 1))),
            "it holds a text of more than 262144 bytes"
        );
        // Neither an escaped quotation mark nor a missing one ends it early.
        assert!(refused(&format!("[\"{}\"]", "\\\"".repeat(TEXT))).contains("text"));
        assert!(refused(&format!("\"{}", "x".repeat(TEXT + 1))).contains("text"));
        assert!(refused(&format!("{{\"{}\":1}}", "k".repeat(TEXT + 1))).contains("text"));
    }

    #[test]
    fn sixteen_mebibytes_of_tiny_things_are_refused_before_anything_is_built() {
        let size = 16 * 1024 * 1024;
        for piece in ["[]", "{}", "{\"a\":1}", "\"\"", "1", "[[]]"] {
            // In lists of lists, so that no single list is too long.
            let inner = list_of(piece, 3_000);
            let body = format!("{{\"value\":{}}}", list_of(&inner, size / inner.len()));
            assert!(body.len() > size - 100_000);
            let memory = measure(body.as_bytes()).unwrap();
            assert!(memory > 2 * MEMORY, "{piece}: {memory}");
            assert_eq!(refused(&body), "it is too large to be held in memory");
        }
    }

    #[test]
    fn a_full_page_has_room_and_many_together_have_an_end() {
        let row = format!(
            "{{{}}}",
            (0..60).map(|at| format!("\"field{at}\":\"{}\"", "v".repeat(30))).collect::<Vec<_>>().join(",")
        );
        let page = format!("{{\"value\":{}}}", list_of(&row, 100));
        let mut room = Room::default();
        let taken = (0..1_000).take_while(|_| room.parse(page.as_bytes()).is_ok()).count();
        assert!((20..200).contains(&taken), "{taken} pages");
    }

    #[test]
    fn what_is_no_json_is_refused_and_nothing_is_null() {
        assert_eq!(parse(b""), Ok(Value::Null));
        for text in ["<html>", "]]]]", "{\"a\":", ",,,,", "\"\\", "[1,]"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
