//! Repeatable chance: splitmix64, started anew for each item.
//!
//! Fifteen lines instead of a library, because the stream must never change with a library's version: tests and
//! benchmarks rest on equal seeds giving equal bytes.

/// A stream of numbers that depends on nothing but where it was started.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of one item; different items of one seed share nothing.
    pub(crate) fn of_item(seed: u64, item: u64) -> Self {
        let mut start = Self(seed ^ item.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31));
        Self(start.next())
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A stream of its own that depends on where this one stands.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `bound`; the tiny bias of the remainder does not matter here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// True about `percent` times in a hundred.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of a list.
    pub(crate) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        pick(list, self.next())
    }
}

/// The item at `position`, counted round and round; the default of an empty list.
pub(crate) fn pick<T: Copy + Default>(list: &[T], position: u64) -> T {
    let length = u64::try_from(list.len()).unwrap_or(u64::MAX).max(1);
    usize::try_from(position % length).ok().and_then(|at| list.get(at)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_give_equal_numbers_and_neighbours_do_not() {
        let first = Random::of_item(7, 1).next();
        assert_eq!(first, Random::of_item(7, 1).next());
        assert_ne!(first, Random::of_item(7, 2).next());
        assert_ne!(first, Random::of_item(8, 1).next());
    }

    #[test]
    fn picking_goes_round_and_survives_an_empty_list() {
        assert_eq!(pick(&[1, 2, 3], 4), 2);
        assert_eq!(pick::<i32>(&[], 4), 0);
    }
}
