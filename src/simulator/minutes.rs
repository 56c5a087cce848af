//! Minutes: what was used of a model in each clock minute, for as long as the simulated CloudWatch knows of it.

use std::collections::BTreeMap;
use std::time::Duration;

/// The shortest period of these metrics.
pub(super) const MINUTE: Duration = Duration::from_mins(1);
/// How long a minute is kept; CloudWatch keeps it for days, but memory shall not grow.
pub(super) const KEPT: Duration = Duration::from_mins(30);

/// What was used in one minute. A metric of zero has no datapoint.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Minute {
    /// Invocations that were answered.
    pub(super) invocations: f64,
    /// Invocations that were throttled.
    pub(super) throttles: f64,
    /// Quota tokens settled.
    pub(super) tokens: f64,
}

impl Minute {
    /// One answered invocation.
    pub(super) fn answered(tokens: u64) -> Self {
        Self { invocations: 1.0, tokens: tokens as f64, ..Self::default() }
    }

    /// One invocation that was let in and failed.
    pub(super) fn failed(tokens: u64) -> Self {
        Self { tokens: tokens as f64, ..Self::default() }
    }

    /// One throttled invocation.
    pub(super) fn throttled() -> Self {
        Self { throttles: 1.0, ..Self::default() }
    }

    fn add(&mut self, more: Self) {
        self.invocations += more.invocations;
        self.throttles += more.throttles;
        self.tokens += more.tokens;
    }
}

/// The minutes that are kept, by their start since the Unix epoch.
#[derive(Debug, Clone, Default)]
pub(super) struct Minutes(BTreeMap<Duration, Minute>);

impl Minutes {
    /// Adds what was used at a moment.
    pub(super) fn add(&mut self, at: Duration, used: Minute) {
        self.0.entry(start(at)).or_default().add(used);
        let newest = self.0.last_key_value().map_or(at, |(minute, _)| *minute);
        while let Some(oldest) = self.0.first_entry().filter(|oldest| *oldest.key() + KEPT < newest) {
            oldest.remove();
        }
    }

    /// Adds what others have used besides.
    pub(super) fn merge(&mut self, others: &Self) {
        for (at, used) in &others.0 {
            self.add(*at, *used);
        }
    }

    /// What is used at a steady rate, so much a minute, from one moment to another; of the minutes that are kept.
    pub(super) fn flow(&mut self, from: Duration, to: Duration, each: Minute) {
        let mut minute = start(from.max(to.saturating_sub(KEPT)));
        while minute < to {
            let overlap = to.min(minute + MINUTE).saturating_sub(from.max(minute));
            let part = overlap.as_secs_f64() / MINUTE.as_secs_f64();
            let used = Minute { invocations: each.invocations * part, tokens: each.tokens * part, ..Minute::default() };
            self.add(minute, used);
            minute += MINUTE;
        }
    }

    /// The minutes that are over since `delay` or longer and still kept, oldest first.
    pub(super) fn known(self, now: Duration, delay: Duration) -> Vec<(Duration, Minute)> {
        let kept = |at: Duration| at + KEPT >= now && at + MINUTE + delay <= now;
        self.0.into_iter().filter(|(at, _)| kept(*at)).collect()
    }
}

/// The start of the minute that a moment is in.
pub(super) fn start(at: Duration) -> Duration {
    Duration::from_secs(at.as_secs() / MINUTE.as_secs() * MINUTE.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: f64) -> Duration {
        Duration::from_hours(500_000) + Duration::from_secs_f64(minutes * 60.0)
    }

    #[test]
    fn a_minute_is_known_late_and_forgotten_in_the_end() {
        let mut minutes = Minutes::default();
        minutes.add(at(0.5), Minute::answered(10));
        minutes.add(at(0.9), Minute::throttled());
        let known = |now: f64| minutes.clone().known(at(now), Duration::from_mins(2));
        assert_eq!(known(2.9), []);
        assert_eq!(known(3.0), [(at(0.0), Minute { invocations: 1.0, throttles: 1.0, tokens: 10.0 })]);
        assert_eq!(known(30.1), []);
        for minute in 0..100 {
            minutes.add(at(f64::from(minute)), Minute::failed(1));
        }
        assert_eq!(minutes.0.len(), 31);
    }

    #[test]
    fn a_steady_rate_is_shared_out_over_the_minutes() {
        let mut minutes = Minutes::default();
        minutes.flow(at(0.5), at(2.25), Minute { invocations: 8.0, ..Minute::default() });
        let seen: Vec<f64> = minutes.0.values().map(|minute| minute.invocations).collect();
        assert_eq!(seen, [4.0, 8.0, 2.0]);
        minutes.flow(at(0.0), at(1_000.5), Minute::default());
        assert_eq!(minutes.0.len(), 31);
    }
}
