//! Seeded randomness: a stream of numbers for each purpose and key, the same on every machine and in every version.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// FNV-1a, 64 bits: a hash whose value never changes.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let start = 0xcbf2_9ce4_8422_2325;
    // The separator keeps ("ab", "c") and ("a", "bc") apart.
    parts.iter().fold(start, |hash, part| step(part.iter().fold(hash, step), &0xff))
}

/// The stream of random numbers for a purpose, a key (such as a body's hash) and how often that key came before.
pub(super) fn stream(seed: u64, purpose: &str, key: u64, nth: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    for (place, part) in bytes.chunks_exact_mut(8).zip([seed, hash(&[purpose.as_bytes()]), key, nth]) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    ChaCha8Rng::from_seed(bytes)
}

/// A lognormal number by its median and the spread of its logarithm.
pub(super) fn lognormal(random: &mut ChaCha8Rng, median: f64, sigma: f64) -> f64 {
    let normal: f64 = random.sample(StandardNormal);
    median * (sigma * normal).exp()
}

/// True in this share of all cases.
pub(super) fn chance(random: &mut ChaCha8Rng, share: f64) -> bool {
    random.random::<f64>() < share
}

/// One of a list; `None` of an empty one.
pub(super) fn pick<'a, T>(random: &mut ChaCha8Rng, list: &'a [T]) -> Option<&'a T> {
    if list.is_empty() { None } else { list.get(random.random_range(0..list.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one_and_parts_are_kept_apart() {
        // FNV-1a of "a" is af63dc4c8601ec8c; the separator follows as one more byte.
        let a = 0xaf63_dc4c_8601_ec8c_u64;
        assert_eq!(hash(&[b"a"]), (a ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3));
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }

    #[test]
    fn a_stream_depends_on_each_of_its_four_parts() {
        let first = |seed, purpose, key, nth| stream(seed, purpose, key, nth).random::<u64>();
        let base = first(1, "a", 2, 3);
        assert_eq!(base, first(1, "a", 2, 3));
        for other in [first(2, "a", 2, 3), first(1, "b", 2, 3), first(1, "a", 3, 3), first(1, "a", 2, 4)] {
            assert_ne!(base, other);
        }
    }
}
