//! Stop: the rules by which a run stops itself — too many errors, throttles that others may feel.

use std::collections::VecDeque;
use std::time::Duration;

/// So many of a model's last trials are looked at.
const WINDOW: usize = 20;
/// So many throttles within [`SHORTLY`] look like harm to others.
const HARMFUL: usize = 3;
const SHORTLY: Duration = Duration::from_mins(1);

/// How many of a model's last trials failed.
#[derive(Debug, Default)]
pub(crate) struct Errors(VecDeque<bool>);

impl Errors {
    /// A trial ended; how many of how many failed, where that is more than may.
    pub(crate) fn ended(&mut self, failed: bool, most: f64) -> Option<(usize, usize)> {
        if self.0.len() == WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(failed);
        let failures = self.0.iter().filter(|failed| **failed).count();
        let too_many = self.0.len() == WINDOW && failures as f64 > most * WINDOW as f64;
        (failed && too_many).then_some((failures, WINDOW))
    }
}

/// Throttles of the last minute, over all models, where others draw on the same quota.
#[derive(Debug)]
pub(crate) struct Harm {
    watched: bool,
    throttles: VecDeque<Duration>,
}

impl Harm {
    /// A watch, where there are others to be harmed.
    pub(crate) fn new(watched: bool) -> Self {
        Self { watched, throttles: VecDeque::new() }
    }

    /// An invocation was throttled; whether others may be affected. They then count from the beginning.
    pub(crate) fn throttled(&mut self, at: Duration) -> bool {
        self.throttles.retain(|then| *then + SHORTLY > at);
        self.throttles.push_back(at);
        let harmful = self.watched && self.throttles.len() >= HARMFUL;
        if harmful {
            self.throttles.clear();
        }
        harmful
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_share_of_the_last_trials_is_too_many() {
        let mut errors = Errors::default();
        for _ in 0..40 {
            assert_eq!(errors.ended(false, 0.5), None);
        }
        let first = (1..100).find(|_| errors.ended(true, 0.5).is_some());
        assert_eq!(first, Some(11));
        assert_eq!(errors.ended(false, 0.5), None, "a trial that comes through is no reason to stop");
        let mut few = Errors::default();
        assert!((0..19).all(|_| few.ended(true, 0.5).is_none()), "too few to tell");
        assert_eq!(few.ended(true, 0.5), Some((20, 20)));
        assert_eq!(few.ended(true, 1.0), None);
    }

    #[test]
    fn three_throttles_within_a_minute_look_like_harm() {
        let at = |seconds: u64| Duration::from_secs(1_000 + seconds);
        let mut harm = Harm::new(true);
        assert!(!harm.throttled(at(0)) && !harm.throttled(at(30)));
        assert!(!harm.throttled(at(70)), "the first is over a minute old");
        assert!(harm.throttled(at(80)));
        assert!(!harm.throttled(at(81)) && !harm.throttled(at(82)), "they count from the beginning");
        assert!(harm.throttled(at(83)));
        let mut alone = Harm::new(false);
        assert!((0..9).all(|second| !alone.throttled(at(second))));
    }
}
