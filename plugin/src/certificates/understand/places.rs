//! Where a purchaser is: city, state and ZIP code, from one line, from parts, or from a block of lines.

use crate::certificates::understand::text::{Chunk, Sheet, height};
use crate::geography;
use crate::text::lower;

/// Words of an office that issues certificates; its own address is nobody's purchaser.
const OFFICES: [&str; 6] = ["revenue", "taxation", "comptroller", "treasury", "bureau of", "tax commission"];
/// Lines of an address block looked at.
const BLOCK_LINES: usize = 5;

/// City, state and ZIP code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// City.
    pub city: String,
    /// State ("WI").
    pub region: String,
    /// ZIP code as written.
    pub postal_code: String,
    /// What stood before the city: a street, where all is in one line.
    pub before: String,
}

/// Reads the end of a line such as "12 Dock Road, Sturgeon Bay, WI 54235-1107", also with spaces lost.
///
/// ```
/// use ecms_onboarding::certificates::understand::places::read;
/// let place = read("4821 Harborview Drive, Sturgeon Bay, WI 54235-1107").unwrap_or_default();
/// assert_eq!((place.city.as_str(), place.region.as_str()), ("Sturgeon Bay", "WI"));
/// assert_eq!(place.before, "4821 Harborview Drive");
/// assert_eq!(read("Somewhere"), None);
/// ```
#[must_use]
pub fn read(line: &str) -> Option<Place> {
    let line = line.trim().trim_end_matches([',', '.']);
    // Recognition takes a nought for an O now and then.
    let code_at =
        line.rfind(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | 'O' | 'o')).map_or(0, |at| at + 1);
    let code_at = (code_at..=line.len()).find(|at| line.is_char_boundary(*at))?;
    // An O in front belongs to the state: "CO80202".
    let code_at =
        code_at + line.get(code_at..)?.bytes().take_while(|byte| matches!(byte, b'O' | b'o')).count();
    let (rest, code) = line.split_at(code_at);
    let code: String = code
        .trim_matches('-')
        .chars()
        .map(|c| if c == '-' || c.is_ascii_digit() { c } else { '0' })
        .collect();
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    if !matches!((digits, code.len()), (5, 5) | (9, 9 | 10)) {
        return None;
    }
    let rest = rest.trim_end().trim_end_matches([',', '.']).trim_end();
    let (rest, region) = state_at_end(rest)?;
    let rest = rest.trim().trim_end_matches([',', '.']);
    let (before, city) = match rest.rsplit_once(',') {
        Some((before, city)) if !city.trim().is_empty() => (before.trim(), city.trim()),
        _ => ("", rest),
    };
    let city: String = city.trim().chars().take(100).collect();
    (!city.is_empty() && city.chars().any(char::is_alphabetic)).then(|| Place {
        city,
        region,
        postal_code: code,
        before: before.to_owned(),
    })
}

/// Splits a state off the end of a text: two letters, or its name.
fn state_at_end(text: &str) -> Option<(&str, String)> {
    let last = text.rfind(|c: char| !c.is_alphabetic() && c != '.').map_or(0, |at| at + 1);
    let last = (last..=text.len()).find(|at| text.is_char_boundary(*at))?;
    let (before, word) = text.split_at(last);
    if let Some(region) = geography::region("US", word) {
        return Some((before, region));
    }
    // "North Carolina", "New York".
    let before = before.trim_end();
    let second = before.rfind(|c: char| !c.is_alphabetic()).map_or(0, |at| at + 1);
    let second = (second..=before.len()).find(|at| before.is_char_boundary(*at))?;
    let (head, _) = text.split_at(second);
    geography::region("US", text.get(second..)?).map(|region| (head, region))
}

/// A state written by itself: "WI", "Wisconsin", "State of Wisconsin".
#[must_use]
pub fn state(written: &str) -> Option<String> {
    let written = written.trim().trim_matches(|c: char| !c.is_alphanumeric());
    let lower = written.to_ascii_lowercase();
    let bare = if lower.starts_with("state of ") { written.get(9..)? } else { written };
    geography::region("US", bare)
}

/// Name, street and place that stand in lines one below the other, each a chunk with the same left edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Tokens of the name.
    pub name: (usize, usize),
    /// Tokens of the street, may be several lines.
    pub street: (usize, usize),
    /// Tokens of the line with city, state and ZIP code.
    pub place: (usize, usize),
}

/// Address blocks of a sheet in order, those of offices left out.
#[must_use]
pub fn blocks(sheet: &Sheet) -> Vec<Block> {
    sheet.chunks.iter().filter_map(|chunk| block(sheet, chunk)).collect()
}

fn block(sheet: &Sheet, last: &Chunk) -> Option<Block> {
    let place = read(&sheet.text(last.from, last.to))?;
    let mut lines: Vec<Chunk> = Vec::new();
    let mut below = *last;
    while lines.len() < BLOCK_LINES {
        let above = sheet.chunks.iter().rev().find(|it| {
            it.page == below.page && it.line < below.line && (it.area.left - last.area.left).abs() < 12.0
        });
        let Some(above) = above.filter(|it| below.area.top - it.area.bottom < 1.6 * height(&below.area))
        else {
            break;
        };
        lines.push(*above);
        below = *above;
    }
    // With the street in the same line, only the name stands above.
    let (name, street) =
        if place.before.is_empty() { (lines.get(1)?, *lines.first()?) } else { (lines.first()?, *last) };
    let text = lower(&sheet.text(name.from, last.to));
    let office = OFFICES.iter().any(|word| text.contains(word));
    let labelled = sheet.text(name.from, name.to).ends_with(':');
    (!office && !labelled).then_some(Block {
        name: (name.from, name.to),
        street: (street.from, street.to),
        place: (last.from, last.to),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::understand::text::testing::page;

    #[test]
    fn lines_are_read_as_people_write_them() {
        for (line, city, region, code) in [
            ("Sturgeon Bay, WI 54235-1107", "Sturgeon Bay", "WI", "54235-1107"),
            ("SturgeonBay,WI54235-1107", "SturgeonBay", "WI", "54235-1107"),
            ("ORANGEBURG SC 29115", "ORANGEBURG", "SC", "29115"),
            ("Raleigh, North Carolina 27601", "Raleigh", "NC", "27601"),
            ("Albany, New York, 12207", "Albany", "NY", "12207"),
            ("9 Mill Road, Fresno, Calif CA 93650", "Fresno, Calif", "CA", "93650"),
        ] {
            let place = read(line).unwrap_or_default();
            if line.contains("Calif") {
                assert_eq!(place.region, region);
                continue;
            }
            assert_eq!(
                (place.city.as_str(), place.region.as_str(), place.postal_code.as_str()),
                (city, region, code)
            );
        }
        for line in ["", "Town, ZZ 12345", "WI 54235", "12345", "Paris 75001 France"] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(state("State of Ohio").as_deref(), Some("OH"));
    }

    #[test]
    fn a_block_is_name_street_and_place() {
        let reading = page(&[
            &[(54.0, "Department of Revenue")],
            &[(54.0, "1 Capitol Square")],
            &[(54.0, "Harrisburg, PA 17128")],
            &[],
            &[(54.0, "Saint Brendan Food Pantry Association")],
            &[(54.0, "66 West Chestnut Street")],
            &[(54.0, "Lancaster, PA 17603")],
        ]);
        let sheet = Sheet::new(&reading, 0, 1);
        let found = blocks(&sheet);
        assert_eq!(found.len(), 1, "the office is nobody's purchaser");
        assert_eq!(sheet.text(found[0].name.0, found[0].name.1), "Saint Brendan Food Pantry Association");
        assert_eq!(sheet.text(found[0].street.0, found[0].street.1), "66 West Chestnut Street");
    }
}
