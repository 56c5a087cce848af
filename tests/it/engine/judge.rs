//! Judge: who is admitted and who is throttled, by exact lists of what was admitted; shares no arithmetic with the ledger.

use std::time::Duration;

use quotient::bench::ledger::Refill;
use quotient::bench::quota::{LimitKind, Quota};

const MINUTE: Duration = Duration::from_mins(1);

/// One admitted invocation.
struct Admitted {
    at: Duration,
    reserved: f64,
    /// When it ended and what it took.
    ended: Option<(Duration, f64)>,
}

/// A service's quota by one rule. Reservations count until they are settled, whatever minute it is; what a settlement
/// takes beyond them counts from then on.
pub(crate) struct Judge {
    rule: Refill,
    limits: [Option<f64>; 2],
    admitted: Vec<Admitted>,
    /// Those before this one have ended and left every window.
    first: usize,
    /// What the buckets hold, and since when.
    buckets: [f64; 2],
    filled: Option<Duration>,
}

impl Judge {
    pub(crate) fn new(quota: &Quota, rule: Refill) -> Self {
        let limits = [LimitKind::Rpm, LimitKind::Tpm].map(|kind| quota.value(kind));
        let burst = if let Refill::Bucket { burst } = rule { burst } else { 0.0 };
        Self {
            rule,
            limits,
            admitted: Vec::new(),
            first: 0,
            buckets: limits.map(|l| l.unwrap_or(0.0) * burst),
            filled: None,
        }
    }

    /// Lets an invocation in and names it, or says which limit throttles it.
    pub(crate) fn admit(&mut self, now: Duration, reserved: u64) -> Result<usize, LimitKind> {
        self.fill(now);
        let gone = |one: &Admitted| one.ended.is_some_and(|(ended, _)| ended + MINUTE < now);
        self.first += self.admitted[self.first..].iter().take_while(|one| gone(one)).count();
        let asked = [1.0, reserved as f64];
        for (index, kind) in [LimitKind::Rpm, LimitKind::Tpm].into_iter().enumerate() {
            if self.limits[index].is_some_and(|limit| asked[index] > self.free(now, index, limit) + 1e-6) {
                return Err(kind);
            }
        }
        self.buckets = [self.buckets[0] - asked[0], self.buckets[1] - asked[1]];
        self.admitted.push(Admitted { at: now, reserved: asked[1], ended: None });
        Ok(self.admitted.len() - 1)
    }

    /// An admitted invocation took so much in the end.
    pub(crate) fn settle(&mut self, now: Duration, which: usize, took: u64) {
        self.fill(now);
        self.buckets[1] += self.admitted[which].reserved - took as f64;
        self.admitted[which].ended = Some((now, took as f64));
    }

    fn free(&self, now: Duration, index: usize, limit: f64) -> f64 {
        let counts = |then: Duration| match self.rule {
            Refill::Clock => now.as_secs() / 60 == then.as_secs() / 60,
            _ => now.abs_diff(then) < MINUTE,
        };
        if let Refill::Bucket { .. } = self.rule {
            return self.buckets[index];
        }
        let requests = || self.admitted[self.first..].iter().filter(|one| counts(one.at)).count() as f64;
        let tokens = |one: &Admitted| match one.ended {
            None => one.reserved,
            Some((ended, took)) => {
                let first = if counts(one.at) { took.min(one.reserved) } else { 0.0 };
                first + if counts(ended) { (took - one.reserved).max(0.0) } else { 0.0 }
            }
        };
        limit - if index == 0 { requests() } else { self.admitted[self.first..].iter().map(tokens).sum() }
    }

    fn fill(&mut self, now: Duration) {
        let passed = self.filled.map_or(Duration::ZERO, |then| now.saturating_sub(then)).as_secs_f64();
        self.filled = Some(now);
        let Refill::Bucket { burst } = self.rule else { return };
        for (bucket, limit) in self.buckets.iter_mut().zip(self.limits) {
            let limit = limit.unwrap_or(0.0);
            *bucket = (*bucket + limit * passed / 60.0).min(limit * burst);
        }
    }
}
