//! Reading JSON leniently and in little code.
//!
//! Everything foreign is parsed into one generic value and picked apart by name: what is absent, null or of another type
//! reads as empty. Models grow from version to version, and a derived parser for each would make up a quarter of the
//! component.

use serde_json::Map;
pub use serde_json::Value;

/// Parses bytes; an empty body is null, as some of AvaTax's successes are.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
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
