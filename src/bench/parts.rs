//! Parts: what the quota tokens of the last minute were taken for, in memory that does not grow with the run.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bench::usage::Usage;

const MINUTE: Duration = Duration::from_mins(1);
/// A minute is kept in slots of this length: a part leaves it up to one slot late.
const SLOT: Duration = Duration::from_millis(100);

/// Quota tokens by what they were taken for. Cache reads take none (source: Bedrock user guide,
/// `quotas-token-burndown`), and are told all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    /// Input tokens.
    pub input: f64,
    /// Output tokens × burndown.
    pub output: f64,
    /// Tokens written to a prompt cache.
    pub cache_write: f64,
    /// What failed invocations took.
    pub failed: f64,
    /// Tokens read from a prompt cache: they take no quota.
    pub cache_read: f64,
}

impl Parts {
    /// What an answer took.
    pub(super) fn of(usage: &Usage, burndown: u32) -> Self {
        Self {
            input: usage.input as f64,
            output: f64::from(burndown) * usage.output as f64,
            cache_write: usage.cache_write as f64,
            failed: 0.0,
            cache_read: usage.cache_read as f64,
        }
    }

    /// What a failed invocation took.
    pub(super) fn failed(tokens: u64) -> Self {
        Self { failed: tokens as f64, ..Self::default() }
    }

    /// Quota tokens together.
    pub fn taken(&self) -> f64 {
        self.input + self.output + self.cache_write + self.failed
    }

    /// The same parts of another whole: what a ledger counts in its own window.
    fn scaled(self, whole: f64) -> Self {
        let factor = if self.taken() > 0.0 { whole / self.taken() } else { 0.0 };
        let Self { input, output, cache_write, failed, cache_read } = self;
        let [input, output, cache_write, failed] = [input, output, cache_write, failed].map(|part| part * factor);
        Self { input, output, cache_write, failed, cache_read }
    }
}

impl std::ops::AddAssign for Parts {
    fn add_assign(&mut self, more: Self) {
        self.input += more.input;
        self.output += more.output;
        self.cache_write += more.cache_write;
        self.failed += more.failed;
        self.cache_read += more.cache_read;
    }
}

/// The parts of the last minute, by when each invocation was admitted: where a rolling minute counts it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Minute {
    slots: VecDeque<(u64, Parts)>,
}

impl Minute {
    /// An invocation that was admitted then took this.
    pub(super) fn add(&mut self, admitted: Duration, parts: Parts) {
        let slot = (admitted.as_millis() / SLOT.as_millis()) as u64;
        let index = self.slots.partition_point(|(of, _)| *of < slot);
        match self.slots.get_mut(index).filter(|(of, _)| *of == slot) {
            Some((_, sum)) => *sum += parts,
            None => self.slots.insert(index, (slot, parts)),
        }
        let newest = self.slots.back().map_or(slot, |(of, _)| *of);
        let oldest = newest.saturating_sub((MINUTE.as_millis() / SLOT.as_millis()) as u64);
        while self.slots.front().is_some_and(|(of, _)| *of < oldest) {
            self.slots.pop_front();
        }
    }

    /// The parts of what the ledger says was used in the minute before `now`.
    pub fn parts(&self, now: Duration, used: f64) -> Parts {
        let oldest = (now.saturating_sub(MINUTE).as_millis() / SLOT.as_millis()) as u64;
        let mut sum = Parts::default();
        self.slots.iter().filter(|(of, _)| *of >= oldest).for_each(|(_, parts)| sum += *parts);
        sum.scaled(used)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Duration = Duration::from_hours(500_000);

    fn at(seconds: f64) -> Duration {
        START + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_minute_knows_its_parts_and_forgets_them() {
        let mut minute = Minute::default();
        let usage = Usage { cache_read: 40, cache_write: 10, ..Usage::reported(100, 20) };
        minute.add(at(0.0), Parts::of(&usage, 5));
        minute.add(at(30.0), Parts::failed(90));
        let parts = minute.parts(at(59.0), 300.0);
        assert_eq!((parts.input, parts.output, parts.cache_write, parts.failed), (100.0, 100.0, 10.0, 90.0));
        assert_eq!(parts.cache_read, 40.0);
        assert_eq!(minute.parts(at(61.0), 90.0), Parts::failed(90));
        assert_eq!(minute.parts(at(95.0), 0.0), Parts::default());
        minute.add(at(200.0), Parts::failed(1));
        assert_eq!(minute.slots.len(), 1);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole_and_memory_is_bounded(
            steps in proptest::collection::vec((0.0..2.0_f64, 0..500_u64, 0..500_u64), 1..300),
            used in 0.0..1e6_f64,
        ) {
            let (mut minute, mut now) = (Minute::default(), 0.0);
            for (gap, input, output) in steps {
                now += gap;
                minute.add(at(now), Parts::of(&Usage::reported(1 + input, output), 5));
                prop_assert!(minute.slots.len() <= 601);
            }
            let parts = minute.parts(at(now), used);
            prop_assert!((parts.taken() - used).abs() < 1e-6 * used.max(1.0));
        }
    }
}
