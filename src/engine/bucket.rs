//! Bucket: smooths one limit, so that what goes out at once stays small beside a minute's quota.

use std::time::Duration;

/// Smooths one limit: refills all the time at the limit's own rate and holds a small part of a minute.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    most: f64,
    /// Negative after an invocation larger than the bucket, or one that took more than expected.
    level: f64,
    at: Option<Duration>,
}

impl Bucket {
    /// A full bucket for a limit per minute, that holds `burst` of it.
    pub(crate) fn new(limit: f64, burst: f64) -> Self {
        let most = limit * burst;
        Self { per_second: limit / 60.0, most, level: most, at: None }
    }

    /// An empty bucket, from now on.
    pub(crate) fn empty(now: Duration, limit: f64, burst: f64) -> Self {
        Self { level: 0.0, at: Some(now), ..Self::new(limit, burst) }
    }

    /// Another limit from now on; what is in it stays, as far as it fits.
    pub(crate) fn set_limit(&mut self, limit: f64, burst: f64) {
        self.per_second = limit / 60.0;
        self.most = limit * burst;
        self.level = self.level.min(self.most);
    }

    /// What may go at once now.
    pub(crate) fn level(&self) -> f64 {
        self.level
    }

    /// Empties it; it refills from a time on. What waited meanwhile must not go out at once.
    pub(crate) fn drain(&mut self, until: Duration) {
        self.level = self.level.min(0.0);
        self.at = Some(self.at.map_or(until, |at| at.max(until)));
    }

    /// Brings it to now.
    pub(crate) fn refill(&mut self, now: Duration) {
        let passed = self.at.map_or(Duration::ZERO, |at| now.saturating_sub(at));
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.level = (self.level + self.per_second * passed.as_secs_f64()).min(self.most);
    }

    /// When an amount may go, if not now. What is larger than the bucket goes when the bucket is full.
    pub(crate) fn refuses(&mut self, now: Duration, amount: f64) -> Option<Duration> {
        self.refill(now);
        let missing = amount.min(self.most) - self.level;
        // At least a microsecond, so that rounding never makes it "now".
        (missing > 1e-6).then(|| now + Duration::from_secs_f64((missing / self.per_second).clamp(1e-6, 86_400.0)))
    }

    /// Whether an amount may be taken now without delaying one that waits until a later time.
    pub(crate) fn spares(&self, now: Duration, amount: f64, until: Duration, waiting: f64) -> bool {
        let refilled = self.per_second * until.saturating_sub(now).as_secs_f64();
        self.level - amount + refilled >= waiting.min(self.most)
    }

    /// Takes an amount; a negative one is given back.
    pub(crate) fn take(&mut self, amount: f64) {
        self.level = (self.level - amount).min(self.most);
    }
}
