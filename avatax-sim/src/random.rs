//! Repeatable pseudo-randomness.
//!
//! Everything that varies in the stand-in is a pure function of the seed and of what it is for, so that one seed gives
//! one world and one series of faults. The mixing step is the well-known SplitMix64 finalizer; nothing here is meant to
//! be unpredictable.

/// A number from the seed and any number of labels.
pub(crate) fn number(seed: u64, labels: &[u64]) -> u64 {
    labels.iter().fold(mix(seed), |state, label| mix(state ^ mix(*label)))
}

/// A number from 0 (included) to 1 (not included).
#[expect(clippy::cast_precision_loss, reason = "53 bits fit into the fraction exactly")]
pub(crate) fn fraction(seed: u64, labels: &[u64]) -> f64 {
    (number(seed, labels) >> 11) as f64 / (1_u64 << 53) as f64
}

/// One of several values.
pub(crate) fn pick<T: Copy>(values: &[T], dice: u64) -> Option<T> {
    let place = dice.checked_rem(u64::try_from(values.len()).ok()?)?;
    values.get(usize::try_from(place).ok()?).copied()
}

/// One of two things. Looks at another part of the number than [`pick`], so that both may use one number.
pub(crate) fn chance(dice: u64) -> bool {
    dice >> 63 == 1
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_depend_on_everything() {
        assert_eq!(number(1, &[2, 3]), number(1, &[2, 3]));
        assert_ne!(number(1, &[2, 3]), number(1, &[3, 2]));
        assert_ne!(number(1, &[2]), number(2, &[2]));
        assert_eq!((pick(&[1, 2, 3], 5), pick::<u8>(&[], 5)), (Some(3), None));
        let heads = (0..10_000).filter(|n| chance(number(7, &[*n]))).count();
        assert!((4_800..5_200).contains(&heads), "{heads}");
        assert!((0..10_000).map(|n| fraction(7, &[n])).all(|f| (0.0..1.0).contains(&f)));
    }
}
