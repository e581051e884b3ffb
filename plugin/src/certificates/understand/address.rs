//! The purchaser's address: from labels, from one line, or from a block of lines that needs no label.

use crate::certificates::rules::Field;
use crate::certificates::understand::places;
use crate::certificates::understand::record::{Certificate, Seen};
use crate::certificates::understand::text::{Sheet, height, plain};
use crate::certificates::understand::values::{How, Value};

/// Street, city, state and ZIP code of the purchaser, and its name where no label says it.
pub(super) fn work_out(certificate: &mut Certificate, sheet: &Sheet, seen: &Seen) {
    let first = |field: Field| seen.all.iter().find(|value| value.field == field && !value.text.is_empty());
    let whole = [Field::Place, Field::Street, Field::City].into_iter().filter_map(first).find_map(|value| {
        let place = places::read(&value.text)?;
        Some((place, value.clone()))
    });
    if let Some(street) = first(Field::Street) {
        certificate.put(Value { text: spaced(&street.text), ..street.clone() });
    }
    if let Some((place, value)) = whole {
        if value.field == Field::Street && !place.before.is_empty() {
            certificate.put(Value { text: place.before.clone(), ..value.clone() });
        }
        put_place(certificate, &place, &value);
    } else {
        for field in [Field::City, Field::AddressState, Field::PostalCode] {
            let Some(value) = first(field) else { continue };
            let text = match field {
                Field::AddressState => places::state(&value.text).unwrap_or_default(),
                Field::PostalCode => value.text.split_whitespace().collect(),
                _ => value.text.clone(),
            };
            if !text.is_empty() {
                certificate.put(Value { text, ..value.clone() });
            }
        }
    }
    // The line under a street needs no label, nor does a block of lines.
    if certificate.text(Field::PostalCode).is_empty()
        && let Some((place, value)) = under_street(certificate, sheet)
    {
        put_place(certificate, &place, &value);
    }
    let unplaced = certificate.text(Field::PostalCode).is_empty();
    if !unplaced
        && !certificate.text(Field::Street).is_empty()
        && !certificate.text(Field::Purchaser).is_empty()
    {
        return;
    }
    let sellers = |span: (usize, usize)| {
        let text = plain(&sheet.text(span.0, span.1));
        seen.all.iter().any(|value| {
            matches!(value.field, Field::Seller | Field::SellerAddress)
                && !value.text.is_empty()
                && (text.contains(&plain(&value.text)) || plain(&value.text).contains(&text))
        })
    };
    let blocks = places::blocks(sheet);
    let own = blocks.iter().filter(|block| !sellers(block.name) && !sellers(block.place));
    let purchaser = plain(certificate.text(Field::Purchaser));
    let street = plain(certificate.text(Field::Street));
    let block = own.into_iter().find(|block| {
        let agrees = |known: &str, span: (usize, usize)| {
            known.is_empty()
                || plain(&sheet.text(span.0, span.1)).contains(known)
                || known.contains(&plain(&sheet.text(span.0, span.1)))
        };
        agrees(&purchaser, block.name) || (!street.is_empty() && agrees(&street, block.street))
    });
    let Some(block) = block else { return };
    let Some(place) = places::read(&sheet.text(block.place.0, block.place.1)) else { return };
    let at = |field, span: (usize, usize), text: String| Value {
        field,
        raw: sheet.text(span.0, span.1),
        text,
        page: sheet.tokens.get(span.0).map_or(0, |token| token.page),
        area: Some(sheet.area(span.0, span.1)),
        how: How::Pattern,
        confidence: sheet.confidence(span.0, span.1),
    };
    if purchaser.is_empty() {
        certificate.put(at(Field::Purchaser, block.name, sheet.text(block.name.0, block.name.1)));
    }
    if street.is_empty() {
        let text = if place.before.is_empty() {
            sheet.text(block.street.0, block.street.1)
        } else {
            place.before.clone()
        };
        certificate.put(at(Field::Street, block.street, text));
    }
    if unplaced {
        put_place(certificate, &place, &at(Field::Place, block.place, String::new()));
    }
}

/// A street whose house number recognition ran into the next word, or put a full stop after: "8047JUNIPER", "749.Orchard".
fn spaced(street: &str) -> String {
    let house = street.chars().take_while(char::is_ascii_digit).count();
    let (number, rest) = street.split_at_checked(house).unwrap_or((street, ""));
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let word: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
    // "21st" and "12B" belong together.
    let run_in = house > 0 && word.chars().count() > 3;
    if run_in { format!("{number} {rest}") } else { street.to_owned() }
}

/// City, state and ZIP code in the line just below the street.
fn under_street(certificate: &Certificate, sheet: &Sheet) -> Option<(places::Place, Value)> {
    let street = certificate.value(Field::Street)?;
    let area = street.area?;
    let below = sheet.chunks.iter().filter(|chunk| {
        let gap = chunk.area.top - area.bottom;
        chunk.page == street.page
            && (chunk.area.left - area.left).abs() < 14.0
            && (-3.0..2.4 * height(&area)).contains(&gap)
    });
    below.into_iter().find_map(|chunk| {
        let raw = sheet.text(chunk.from, chunk.to);
        let place = places::read(&raw)?;
        let confidence = sheet.confidence(chunk.from, chunk.to);
        let (text, page, area) = (String::new(), chunk.page, Some(chunk.area));
        Some((place, Value { field: Field::Place, text, raw, page, area, how: How::Pattern, confidence }))
    })
}

fn put_place(certificate: &mut Certificate, place: &places::Place, value: &Value) {
    for (field, text) in [
        (Field::City, &place.city),
        (Field::AddressState, &place.region),
        (Field::PostalCode, &place.postal_code),
    ] {
        certificate.put(Value { field, text: text.clone(), ..value.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_house_number_stands_by_itself() {
        for (written, street) in [
            ("8047JUNIPER PARKWAY", "8047 JUNIPER PARKWAY"),
            ("749.Orchard Parkway", "749 Orchard Parkway"),
            ("12B Dock Road", "12B Dock Road"),
            ("21st Street 4", "21st Street 4"),
            ("P.O. Box 77", "P.O. Box 77"),
            ("12", "12"),
        ] {
            assert_eq!(spaced(written), street);
        }
    }
}
