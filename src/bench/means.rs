//! Means: what a variant's trials took on average, and the setting in which that is scored.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::bench::capacity::{Capacity, Demand, capacity};
use crate::bench::quota::{LimitKind, Quota};

/// What a variant's trials took on average; what every objective scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    /// Share of trials that were answered.
    pub answered: f64,
    /// Share of trials whose answer was accepted.
    pub accepted: f64,
    /// Quota tokens settled per answer.
    pub settled: f64,
    /// Quota tokens reserved per answer.
    pub reserved: f64,
    /// E2E per answer, in seconds.
    pub latency: f64,
    /// Seconds of invocations per answer, failed ones included.
    pub busy: f64,
    /// Median E2E in seconds.
    pub median: f64,
    /// All tokens per answer.
    pub total: f64,
    /// Quota tokens per trial, what failed included.
    pub took: f64,
    /// US dollars per trial, what failed included; 0 where no price is known.
    pub spent: f64,
}

impl Means {
    /// What one request takes of a quota.
    pub fn demand(&self) -> Demand {
        Demand { settled: self.settled, reserved: self.reserved, latency: self.latency }
    }

    /// Accepted answers per answer.
    pub fn accepted_rate(&self) -> Option<f64> {
        (self.answered > 0.0).then(|| self.accepted / self.answered)
    }

    /// Something that was taken per trial, per accepted answer; `None` without one.
    pub fn per_accepted(&self, taken: f64) -> Option<f64> {
        (self.accepted > 0.0 && taken > 0.0).then(|| taken / self.accepted)
    }
}

/// What a score depends on beside the means.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The quota as far as it can be taken.
    pub quota: Option<&'a Quota>,
    /// Hours a day of work.
    pub active: Duration,
    /// Invocations out at once, on average.
    pub concurrency: f64,
}

impl Setting<'_> {
    /// Requests a minute that fit in the quota.
    pub fn capacity(&self, means: &Means) -> Option<Capacity> {
        capacity(self.quota?, means.demand(), self.active)
    }

    /// Accepted answers a minute that fit.
    pub fn goodput(&self, means: &Means) -> Option<f64> {
        Some(self.capacity(means)?.rpm * means.accepted_rate()?)
    }
}

/// The two ends of something under each limit alone, for those that exist.
pub fn ends_by_limit(setting: &Setting<'_>, of: impl Fn(&Setting<'_>) -> Option<(f64, f64)>) -> Vec<(f64, f64)> {
    let Some(quota) = setting.quota else { return Vec::new() };
    let under = |kind| {
        let only = quota.only(kind);
        of(&Setting { quota: Some(&only), ..*setting })
    };
    LimitKind::ALL.into_iter().filter_map(under).collect()
}

/// The interval of the least of what each limit alone allows: each end is the least, so a limit that only nearly binds
/// is not forgotten.
pub fn least(ends: &[(f64, f64)]) -> Option<RangeInclusive<f64>> {
    let least = ends.iter().copied().reduce(|(low, high), (l, h)| (low.min(l), high.min(h)));
    least.map(|(low, high)| low.max(0.0)..=high)
}
