//! How far two texts are alike: one minus the edit distance over the longer one's length.

use super::text::folded;

/// A text up to this long, in characters, is compared letter by letter, a longer one word by word.
const MOST_LETTERS: usize = 1_000;
/// The longest text that can be compared with, in words: what it takes grows with the square.
pub(super) const MOST_WORDS: usize = 2_000;

/// From 0 (nothing alike) to 1 (the same, upper and lower case and white space aside). What it takes is bounded by the
/// length of `reference`, which the user wrote, and not by that of `answer`.
pub(super) fn similarity(reference: &str, answer: &str) -> f64 {
    let (reference, answer) = (folded(reference), folded(answer));
    if reference == answer {
        return 1.0;
    }
    if reference.chars().nth(MOST_LETTERS).is_none() {
        of(&reference.chars().collect(), answer.chars())
    } else {
        of(&reference.split(' ').take(MOST_WORDS).collect(), answer.split(' '))
    }
}

/// What lies beyond twice the reference's length is not compared: all of it differs.
fn of<T: PartialEq>(reference: &Vec<T>, mut answer: impl Iterator<Item = T>) -> f64 {
    let compared: Vec<T> = answer.by_ref().take(2 * reference.len()).collect();
    let beyond = answer.count();
    let distance = strsim::generic_levenshtein(reference, &compared) + beyond;
    let longer = reference.len().max(compared.len() + beyond).max(1);
    1.0 - distance.min(longer) as f64 / longer as f64
}
