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
pub fn sorted<T>(mut items: Vec<T>, key: impl Fn(&T) -> (u64, u64)) -> Vec<T> {
    let mut keys: Vec<(u64, u64, usize)> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let (first, second) = key(item);
        keys.push((first, second, at));
    }
    for (one, other) in swaps(keys) {
        items.swap(one, other);
    }
    items
}

/// The exchanges that bring items into the order of their keys, which carry the items' places.
fn swaps(keys: Vec<(u64, u64, usize)>) -> Vec<(usize, usize)> {
    // A heap is a fifth of the code of the library's sort.
    let keys = BinaryHeap::from(keys).into_sorted_vec();
    let mut sources: Vec<usize> = keys.into_iter().map(|(.., at)| at).collect();
    let mut swaps = Vec::new();
    for first in 0..sources.len() {
        // Each place gets its item from another one, and that from a third, until the circle is closed.
        let mut at = first;
        while let Some(source) = sources.get_mut(at).map(|source| core::mem::replace(source, at)) {
            if source == first || source == at {
                break;
            }
            swaps.push((at, source));
            at = source;
        }
    }
    swaps
}

/// Numbers under keys; a key may have several.
#[derive(Debug, Default)]
pub struct Index(Vec<(u64, usize)>);

impl Index {
    /// Takes pairs of a key and a number.
    #[must_use]
    pub fn new(pairs: Vec<(u64, usize)>) -> Self {
        Self(sorted(pairs, |(key, number)| (*key, *number as u64)))
    }

    /// The numbers under any of these keys, each once, by size.
    #[must_use]
    pub fn under(&self, keys: &[u64]) -> Vec<usize> {
        let mut found = Vec::new();
        for wanted in keys {
            let from = self.0.partition_point(|(key, _)| key < wanted);
            let pairs = self.0.get(from..).unwrap_or_default();
            for (_, number) in pairs.iter().take_while(|(key, _)| key == wanted) {
                add(&mut found, *number);
            }
        }
        found
    }
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
        // Every order of six items, some of them with equal keys.
        for number in 0..6_usize.pow(6) {
            let items: Vec<(usize, u32)> = (0..6_u32).map(|at| (number / 6_usize.pow(at) % 6, at)).collect();
            let mut expected = items.clone();
            expected.sort();
            assert_eq!(super::sorted(items, |(key, _)| (*key as u64, 0)), expected);
        }
        assert_eq!(set([3, 1, 3, 2]), [1, 2, 3]);
        let index = Index::new(vec![(7, 2), (u64::MAX, 1), (7, 0), (0, 5)]);
        assert_eq!(index.under(&[7, 8, u64::MAX, 7]), [0, 1, 2]);
        assert_eq!((index.under(&[0]), index.under(&[6])), (vec![5], vec![]));
        assert!(rising(0.5) < rising(40.0) && rising(-1.0) == rising(0.0));
    }
}
