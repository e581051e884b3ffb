//! Whether a text looks like what a label announces: a name does not begin as a street does, a ZIP code is five digits.

use crate::certificates::names::is_street;
use crate::certificates::rules::Field;
use crate::certificates::understand::{dates, places};

/// 1 if a text looks like a value of its kind, -1 if it looks like something else, 0 if it does not tell.
pub(super) fn fits(field: Field, text: &str) -> i32 {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let yes_or_no = |holds: bool| if holds { 1 } else { -1 };
    match field {
        Field::Purchaser | Field::TradeName | Field::Seller => -i32::from(is_street(text) || letters < 2),
        Field::Signer | Field::City => -i32::from(digits > 0),
        Field::Street => yes_or_no(is_street(text)),
        Field::PostalCode => yes_or_no(letters == 0 && matches!(digits, 5 | 9)),
        Field::AddressState | Field::NumberState => yes_or_no(places::state(text).is_some()),
        Field::Place => i32::from(places::read(text).is_some()),
        Field::Signed | Field::Effective | Field::Expires | Field::Issued => {
            i32::from(dates::read(text).is_some())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_streets_and_codes_tell_themselves_apart() {
        for (field, text, fit) in [
            (Field::Purchaser, "5609 MULBERRY STREET", -1),
            (Field::Purchaser, "Blue Heron Marine", 0),
            (Field::Purchaser, "600803197", -1),
            (Field::Street, "5609 Mulberry Street", 1),
            (Field::Street, "P.O. Box 7715", 1),
            (Field::Street, "600803197", -1),
            (Field::PostalCode, "27601", 1),
            (Field::PostalCode, "NC", -1),
            (Field::AddressState, "NC", 1),
            (Field::City, "27601", -1),
            (Field::Signed, "4/9/2025", 1),
            (Field::Description, "anything", 0),
        ] {
            assert_eq!(fits(field, text), fit, "{field:?} {text}");
        }
    }
}
