//! A small note for each of millions of things, known by the hash of their names.
//!
//! The component has 64 MiB for everything, and for each of a million customers it has to know whether it was met before,
//! who else has its code, or how far its creation got. An entry therefore is one number: the upper 60 bits are the hash,
//! the lower four the note. The numbers lie open in parts that are chosen by the first bits of the hash, and each part
//! grows by itself, by a quarter; so memory is at most 12.5 bytes for each entry, and growing never needs twice of it for
//! a moment, as a table that is made anew as a whole does.
//!
//! Names are not kept, so two names with the same 60 bits are taken for one. Among a million names that happens in one run
//! of two million, and costs one customer: it is taken for one that was met before, or for one that shares its code. To
//! keep the names in order to be sure would cost more memory than a component has.

/// Bits of a note.
const BITS: u32 = 4;
/// The part of an entry that is the note.
const NOTE: u64 = (1 << BITS) - 1;
/// The first bits of a hash, which choose the part.
const PART_BITS: u32 = 6;
/// Entries that a part has room for when it gets its first one.
const FIRST: usize = 16;

/// Notes by hash. A note is a number from 1 to 15; 0 is none.
#[derive(Debug)]
pub struct Marks {
    parts: Vec<Part>,
}

/// Entries whose hashes begin with the same bits. An empty place is 0.
#[derive(Debug, Clone, Default)]
struct Part {
    places: Vec<u64>,
    taken: usize,
}

impl Default for Marks {
    fn default() -> Self {
        Self { parts: vec![Part::default(); 1 << PART_BITS] }
    }
}

impl Marks {
    /// The note about a hash.
    #[must_use]
    pub fn note(&self, hash: u64) -> u8 {
        let Some(part) = self.parts.get(part(hash)) else { return 0 };
        match part.places.get(part.find(entry(hash))) {
            Some(found) => (*found & NOTE) as u8,
            None => 0,
        }
    }

    /// Notes something about a hash, and says what was noted before.
    pub fn set(&mut self, hash: u64, note: u8) -> u8 {
        let Some(part) = self.parts.get_mut(part(hash)) else { return 0 };
        part.make_room();
        let entry = entry(hash);
        let at = part.find(entry);
        let Some(place) = part.places.get_mut(at) else { return 0 };
        let before = core::mem::replace(place, entry | u64::from(note) & NOTE);
        part.taken += usize::from(before == 0);
        (before & NOTE) as u8
    }

    /// Notes that a hash was met; true the first time.
    pub fn meet(&mut self, hash: u64) -> bool {
        self.set(hash, 1) == 0
    }
}

impl Part {
    /// The place of an entry, or the empty one where it belongs. There always is an empty one, unless there is no place
    /// at all.
    fn find(&self, entry: u64) -> usize {
        let begin = start(entry, self.places.len());
        let wanted = |place: &u64| *place == 0 || *place & !NOTE == entry;
        let (before, after) = self.places.split_at_checked(begin).unwrap_or_default();
        match after.iter().position(wanted) {
            Some(at) => begin + at,
            None => before.iter().position(wanted).unwrap_or(self.places.len()),
        }
    }

    /// Grows by a quarter when four fifths are taken.
    fn make_room(&mut self) {
        if self.taken * 5 < self.places.len() * 4 {
            return;
        }
        let room = (self.places.len() / 4 * 5).max(FIRST);
        let old = core::mem::replace(&mut self.places, vec![0; room]);
        for entry in old.into_iter().filter(|entry| *entry != 0) {
            let at = self.find(entry & !NOTE);
            if let Some(place) = self.places.get_mut(at) {
                *place = entry;
            }
        }
    }
}

/// A hash as an entry without a note; never 0, which is an empty place.
fn entry(hash: u64) -> u64 {
    (hash & !NOTE).max(1 << BITS)
}

fn part(hash: u64) -> usize {
    (hash >> (u64::BITS - PART_BITS)) as usize
}

/// Where the search for an entry begins among so many places: spread evenly by the bits after those of the part.
fn start(entry: u64, places: usize) -> usize {
    let spread = u64::from((entry >> (u64::BITS - PART_BITS - u32::BITS)) as u32);
    ((spread * places as u64) >> u32::BITS) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::plan::short_hash;

    #[test]
    fn what_was_noted_last_is_found_and_the_rest_is_unknown() {
        let (mut marks, mut known) = (Marks::default(), HashMap::new());
        for number in 0..60_000_u64 {
            // Every third name comes again, with another note.
            let hash = short_hash(&format!("customer {}", number % 40_000));
            let note = (number % 15) as u8 + 1;
            assert_eq!(marks.set(hash, note), known.insert(hash, note).unwrap_or(0));
        }
        for (hash, note) in known {
            assert_eq!(marks.note(hash), note);
        }
        assert_eq!(marks.note(short_hash("nobody")), 0);
        assert!(marks.meet(short_hash("nobody")) && !marks.meet(short_hash("nobody")));
    }

    #[test]
    fn hashes_that_lie_side_by_side_or_at_the_ends_are_told_apart() {
        let mut marks = Marks::default();
        let hashes: Vec<u64> = (0..500).flat_map(|at| [at << BITS, u64::MAX - (at << BITS)]).collect();
        // The first of them is the entry that would look like an empty place; it stands for the second one as well.
        assert!(marks.meet(0) && !marks.meet(1 << BITS));
        for hash in hashes.iter().filter(|hash| **hash > 1 << BITS) {
            assert!(marks.meet(*hash), "{hash:x}");
        }
        assert!(hashes.iter().all(|hash| marks.note(*hash) == 1));
        assert_eq!(marks.note(u64::MAX - (500 << BITS)), 0);
    }

    #[test]
    fn an_entry_takes_twelve_and_a_half_bytes_at_most() {
        let mut marks = Marks::default();
        for number in 0..300_000_u64 {
            marks.meet(short_hash(&number.to_string()));
            if number % 1_000 == 999 && number > 20_000 {
                let places: usize = marks.parts.iter().map(|part| part.places.capacity()).sum();
                assert!(
                    places * 8 * 10 <= (number as usize + 1) * 125 + 64 * FIRST * 80,
                    "{places} for {number}"
                );
            }
        }
    }
}
