//! Small sorted sets and sorting, in one copy of the code each.
//!
//! Every type that is sorted with the standard library's sort or kept in one of its trees brings a copy of the algorithm,
//! some five thousand bytes; a dozen of them would be a tenth of the component.

use std::collections::BinaryHeap;

/// Adds an item to a sorted list unless it is in there.
pub fn add<T: Ord>(set: &mut Vec<T>, item: T) {
    if let Err(at) = set.binary_search(&item) {
        set.insert(at, item);
    }
}

/// A sorted list without repetitions.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut set = Vec::new();
    items.into_iter().for_each(|item| add(&mut set, item));
    set
}

/// The items by rising key; equal keys keep their order.
pub fn sorted<T>(items: Vec<T>, key: impl Fn(&T) -> (u64, u64)) -> Vec<T> {
    let mut keys: Vec<(u64, u64, usize)> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let (first, second) = key(item);
        keys.push((first, second, at));
    }
    // A heap is a fifth of the code of the library's sort.
    let keys = BinaryHeap::from(keys).into_sorted_vec();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    keys.into_iter().filter_map(|(_, _, at)| items.get_mut(at)?.take()).collect()
}

/// A key that rises as a number that is not negative does.
#[must_use]
pub fn rising(number: f32) -> u64 {
    u64::from(number.max(0.0).to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_stable_and_sets_have_no_repetitions() {
        let sorted = sorted(vec![(2, 'a'), (1, 'b'), (2, 'c')], |(key, _)| (*key, 0));
        assert_eq!(sorted, [(1, 'b'), (2, 'a'), (2, 'c')]);
        assert_eq!(set([3, 1, 3, 2]), [1, 2, 3]);
        assert!(rising(0.5) < rising(40.0) && rising(-1.0) == rising(0.0));
    }
}
