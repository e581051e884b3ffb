//! Words that names, streets and people are made of.
//!
//! A customer's name is one of 64 openings and one of 64 trades. The pair is taken by a permutation of all 4,096, so
//! names do not repeat within that many customers; later rounds carry a number.

use crate::random::{Random, pick};

const OPENINGS: [&str; 64] = [
    "Amber Lantern",
    "Blue Heron",
    "Cedar Hollow",
    "Dapple Creek",
    "Ember Ridge",
    "Fernwhistle",
    "Gable & Finch",
    "Harrow Lane",
    "Iron Thistle",
    "Juniper Gate",
    "Kestrel Point",
    "Lantern Bay",
    "Maple Sparrow",
    "Northwander",
    "Otter Falls",
    "Pebblestone",
    "Quill & Oak",
    "Red Barrow",
    "Saltmarsh",
    "Thornberry",
    "Umber Field",
    "Violet Mesa",
    "Willow Anchor",
    "Yarrow Hill",
    "Zephyr Cove",
    "Acorn Bridge",
    "Birchwater",
    "Copperleaf",
    "Driftwood",
    "Elmstead",
    "Foxglove",
    "Granite Pass",
    "Hazelmoor",
    "Indigo Prairie",
    "Jadewood",
    "Kingfisher",
    "Larkspur",
    "Meadowlark",
    "Nettlefield",
    "Old Quarry",
    "Pinecrest Mill",
    "Quartz Canyon",
    "Rowan Tree",
    "Silver Plover",
    "Teal Harbor",
    "Upland Star",
    "Vinegate",
    "Wren & Wood",
    "Aspen Arrow",
    "Brightwater",
    "Clover Knoll",
    "Dovetail",
    "Eagle Bluff",
    "Flint River",
    "Goldenrod",
    "Hollybush",
    "Ivy Terrace",
    "Jasper Bend",
    "Knotty Pine",
    "Linden Row",
    "Mossback",
    "Nutmeg Hill",
    "Orchard Gap",
    "Plum Hollow",
];

const TRADES: [&str; 64] = [
    "Paper",
    "Hardware",
    "Lumber",
    "Office Supply",
    "Kitchenware",
    "Packaging",
    "Lighting",
    "Tool",
    "Textile",
    "Garden",
    "Bicycle",
    "Furniture",
    "Book",
    "Plumbing",
    "Electrical",
    "Paint",
    "Tile",
    "Flooring",
    "Glass",
    "Restaurant Supply",
    "Medical Supply",
    "Dental Supply",
    "Pet Goods",
    "Toy",
    "Sporting Goods",
    "Music",
    "Camera",
    "Computer",
    "Appliance",
    "Auto Parts",
    "Marine",
    "Aviation Parts",
    "Machine",
    "Welding",
    "Fastener",
    "Bearing",
    "Pump",
    "Valve",
    "Filter",
    "Instrument",
    "Coffee",
    "Tea",
    "Bakery",
    "Dairy",
    "Seed",
    "Feed",
    "Nursery",
    "Florist",
    "Candle",
    "Soap",
    "Linen",
    "Uniform",
    "Footwear",
    "Luggage",
    "Jewelry",
    "Craft",
    "Print",
    "Sign",
    "Label",
    "Shelving",
    "Safety",
    "Cleaning",
    "Water",
    "Solar",
];

const ENDINGS: [&str; 7] = ["Inc", "LLC", "Co.", "Corp.", "Group", "Partners", "Ltd"];
const STREETS: [&str; 24] = [
    "Alder", "Beacon", "Chestnut", "Dogwood", "Eastgate", "Foundry", "Garnet", "Hickory", "Juniper",
    "Laurel", "Mulberry", "Orchard", "Poplar", "Quarry", "Sample", "Sycamore", "Tamarack", "Union",
    "Vineyard", "Walnut", "Willow", "Depot", "Harbor", "Meridian",
];
const STREET_KINDS: [&str; 6] = ["Street", "Avenue", "Road", "Lane", "Drive", "Parkway"];
const GIVEN: [&str; 20] = [
    "Ada", "Bea", "Cal", "Dora", "Eli", "Fay", "Gus", "Hana", "Ivo", "June", "Kit", "Lena", "Milo", "Nia",
    "Otto", "Pia", "Rex", "Sol", "Tess", "Uma",
];
const FAMILY: [&str; 20] = [
    "Ashdown", "Birkett", "Cobb", "Dunmore", "Ellery", "Fenn", "Garrow", "Holt", "Ingle", "Jessop", "Kemble",
    "Lorne", "Marsh", "Norbury", "Oakes", "Pell", "Quayle", "Rudd", "Stroud", "Tarn",
];

/// Opening and trade of customer `index`, and the round from the second time on.
pub(crate) fn business_name(seed: u64, index: u64) -> (String, Option<u64>) {
    // Odd factors and folding the upper bits down both permute the numbers below 4,096.
    let mut pair = index.wrapping_mul(2731).wrapping_add(seed) % 4096;
    for factor in [1597, 3203] {
        pair = (pair ^ (pair >> 6)).wrapping_mul(factor) % 4096;
    }
    pair ^= pair >> 7;
    let name = format!("{} {}", pick(&OPENINGS, pair % 64), pick(&TRADES, pair / 64));
    (name, (index >= 4096).then_some(index / 4096 + 1))
}

/// Ending of an ordinary company's name.
pub(crate) fn ending(random: &mut Random) -> &'static str {
    random.pick(&ENDINGS)
}

/// Opening of a name by itself: organizations are named after places.
pub(crate) fn opening(random: &mut Random) -> &'static str {
    random.pick(&OPENINGS)
}

/// House number and street.
pub(crate) fn street(random: &mut Random) -> String {
    format!("{} {} {}", 100 + random.below(8900), random.pick(&STREETS), random.pick(&STREET_KINDS))
}

/// A person.
pub(crate) fn person(random: &mut Random) -> String {
    format!("{} {}", random.pick(&GIVEN), random.pick(&FAMILY))
}

/// Lower-case letters and digits of a text, joined by hyphens: for file names and e-mail addresses.
pub(crate) fn slug(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_do_not_repeat_within_twenty_thousand_customers() {
        let names: BTreeSet<_> = (0..20_000).map(|index| business_name(2026, index)).collect();
        assert_eq!(names.len(), 20_000);
    }

    #[test]
    fn slugs_hold_only_letters_digits_and_hyphens() {
        assert_eq!(slug("Gable & Finch Office-Supply Co."), "gable-finch-office-supply-co");
    }
}
