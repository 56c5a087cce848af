//! Grade: a verdict on what the prompt shows, mostly a good one.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Share of verdicts that are good.
const GOOD: f64 = 0.85;
/// What may be wrong with a text, as a strict reader says it.
const FAULTS: [&str; 5] = [
    "it leaves out part of what the text says",
    "one claim is not supported by the text",
    "it is too vague about what matters most",
    "it repeats the text instead of answering",
    "it adds an opinion that the text does not hold",
];

/// `ACCEPT`, or `REJECT:` and a reason.
pub(super) fn write(random: &mut ChaCha8Rng) -> String {
    if random.random_bool(GOOD) {
        return "ACCEPT".into();
    }
    format!("REJECT: {}", FAULTS[random.random_range(0..FAULTS.len())])
}
