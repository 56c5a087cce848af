//! Verification: the winner driven at the edge of the quota, prediction beside measurement.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::blocks::Taken;
use crate::bench::digest::{Digest, Trials};
use crate::bench::influence::moved;
use crate::bench::means::{Means, Setting, ends_by_limit, least};
use crate::bench::number::number;
use crate::bench::plan::{Concurrency, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::sample::Sample;
use crate::bench::sequential::half_width;
use crate::bench::stats::normal_quantile;

/// Until nothing else is in the minute that the service looks back on.
pub const SETTLE: Duration = Duration::from_mins(1);
/// How long is measured after that.
pub const MEASURE: Duration = Duration::from_mins(2);
/// What pacing may keep back of a quota that it knows, a share.
const KEPT_BACK: f64 = 0.03;
/// How fast two limits stop holding each other up as they differ: the exponent of a soft minimum.
const HELD_UP: i32 = 16;
/// Trials that a prediction rests on at most.
const MOST_TRIALS: usize = 8_192;

/// One model's verification.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Index of the variant.
    pub variant: usize,
    /// When measuring begins, since the Unix epoch.
    pub from: Duration,
    /// When it ends.
    pub until: Duration,
    /// What is predicted, from everything that was answered before measuring began.
    pub predicted: Option<Predicted>,
    /// Answers to what was sent in the time that is measured.
    pub answered: u64,
    /// Invocations throttled in that time.
    pub throttles: u64,
    /// What the variant's trials took before measuring began.
    known: Vec<Taken>,
}

/// Requests a minute that are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// At the means.
    pub requests_per_minute: f64,
    /// The lower end of what will be measured at the run's confidence: the spread of the answers before and in the time
    /// measured, and what pacing may keep back.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The limit that binds.
    pub limit: LimitKind,
    /// Answers that it rests on.
    pub answers: u64,
}

/// Prediction beside measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// Requests a minute predicted, inside the share of the quota in force.
    pub predicted: f64,
    /// Lower end.
    #[serde(default)]
    pub low: f64,
    /// Upper end.
    #[serde(default)]
    pub high: f64,
    /// Answers a minute measured.
    pub measured: f64,
    /// Invocations throttled while measuring.
    #[serde(default)]
    pub throttles: u64,
    /// Seconds measured.
    #[serde(default)]
    pub seconds: f64,
}

impl Verification {
    /// A verification that is planned, with what the variant's trials took so far.
    pub fn new(variant: usize, from: Duration, until: Duration, known: &[Taken]) -> Self {
        let known = known.to_vec();
        Self { variant, from, until, predicted: None, answered: 0, throttles: 0, known }
    }

    /// Makes the prediction once measuring begins; `share` is the quota as far as this program may take it.
    pub fn seen(&mut self, at: Duration, plan: &Plan, share: Option<&Quota>) {
        if at < self.from || self.predicted.is_some() {
            return;
        }
        let minutes = self.until.saturating_sub(self.from).as_secs_f64() / 60.0;
        // A day's tokens say nothing about a minute's pace, and two minutes nothing about a day.
        let by_minute = share.map(|quota| Quota { tpd: None, ..quota.clone() });
        let concurrency = match plan.concurrency {
            Concurrency::Auto => f64::INFINITY,
            Concurrency::Fixed(n) => f64::from(n),
        };
        let setting = Setting { quota: by_minute.as_ref(), active: plan.active, concurrency };
        self.predicted = predicted(&self.known, &setting, minutes, plan.confidence);
        self.known = Vec::new();
    }

    /// Takes in a trial that ended.
    pub fn finished(&mut self, at: Duration, sample: &Sample) {
        if sample.trial.variant != self.variant {
            return;
        }
        if at < self.from {
            self.known.extend(Taken::of(sample).filter(|_| self.known.len() < MOST_TRIALS));
        }
        // By when it was sent: that is what is paced, and how long answers take moves nothing over the edges.
        let sent = at.saturating_sub(sample.to_success);
        self.answered += u64::from(sample.is_ok() && sent >= self.from && sent < self.until);
    }

    /// Takes in that nothing is sent for a while: what was measured until then is all.
    pub fn paused(&mut self, at: Duration) {
        self.until = self.until.min(at.max(self.from));
    }

    /// Takes in that an invocation was throttled.
    pub fn throttled(&mut self, at: Duration) {
        self.throttles += u64::from(at >= self.from && at <= self.until);
    }

    /// Answers a minute so far; `None` until a few seconds were measured.
    pub fn so_far(&self, now: Duration) -> Option<f64> {
        let seconds = now.min(self.until).saturating_sub(self.from).as_secs_f64();
        (seconds >= 5.0).then(|| self.answered as f64 * 60.0 / seconds)
    }

    /// Prediction beside measurement, seen from `now`; `None` until a quarter of the time was measured, and where the
    /// end of the run cut that short.
    pub fn verified(&self, now: Duration) -> Option<Verified> {
        let predicted = self.predicted?;
        let seconds = now.min(self.until).saturating_sub(self.from).as_secs_f64();
        (seconds >= MEASURE.as_secs_f64() / 4.0).then(|| Verified {
            predicted: predicted.requests_per_minute,
            low: predicted.low,
            high: predicted.high,
            measured: self.answered as f64 * 60.0 / seconds,
            throttles: self.throttles,
            seconds,
        })
    }
}

impl Verified {
    /// Prediction beside measurement, in a sentence.
    pub fn sentence(&self) -> String {
        let place = if self.measured < self.low {
            "less than was predicted"
        } else if self.measured > self.high {
            "more than was predicted"
        } else {
            "inside what was predicted"
        };
        let throttled = match self.throttles {
            0 => "; none throttled".into(),
            n => format!("; {n} throttled"),
        };
        format!(
            "predicted {}/min ({} to {}), measured {}/min, {place}{throttled}",
            number(self.predicted),
            number(self.low),
            number(self.high),
            number(self.measured)
        )
    }
}

fn predicted(known: &[Taken], setting: &Setting<'_>, minutes: f64, confidence: f64) -> Option<Predicted> {
    let digest = Digest::of(known)?;
    let trials = Trials { taken: known, digest: &digest };
    let limit = setting.capacity(&trials.means_but_median())?.limit;
    // So many at once cannot do more than end one after the other, whatever the quota.
    let score = |setting: &Setting<'_>, means: &Means| {
        Some(setting.capacity(means)?.rpm.min(setting.concurrency * 60.0 / means.latency))
    };
    let rpm = trials.score(&|means| score(setting, means))?;
    let n = known.len() as u64;
    let ends = ends_by_limit(setting, |setting| {
        let found = moved(&trials, &|means| score(setting, means))?;
        let deviation = found.deviation(false);
        let before = half_width(n, deviation, 1.0 - confidence);
        let during = normal_quantile(0.5 + confidence / 2.0) * deviation / (rpm * minutes).max(1.0).sqrt();
        let half = before.hypot(during);
        half.is_finite().then_some((found.score - half, found.score + half))
    });
    let range = least(&ends)?;
    // Two limits that nearly bind hold each other up: each leaves unused what the other waits for. Two equal ones cost
    // about 4 %, one that is a fifth larger costs nothing.
    let jointly = range.start()
        * ends.iter().map(|(low, _)| (range.start() / low).powi(HELD_UP)).sum::<f64>().powf(-1.0 / f64::from(HELD_UP));
    // What is counted between two moments is off by one at each.
    let counted = 1.0 / minutes;
    Some(Predicted {
        requests_per_minute: rpm,
        low: (jointly * (1.0 - KEPT_BACK) - counted).max(0.0),
        high: range.end() + counted,
        limit,
        answers: n,
    })
}

/// Requests that a verification sends at most, where a limit is known: all that the quota's share lets go in its time,
/// each taking so many quota tokens.
pub fn requests(share: &Quota, quota_tokens: f64) -> Option<f64> {
    let minutes = (SETTLE + MEASURE).as_secs_f64() / 60.0;
    let by_tokens = share.value(LimitKind::Tpm).map(|tpm| tpm / quota_tokens.max(1.0));
    [share.value(LimitKind::Rpm), by_tokens].into_iter().flatten().reduce(f64::min).map(|rpm| rpm * minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_it_lies_inside_is_said_in_words() {
        let of = |measured| Verified {
            predicted: 135.0,
            low: 128.2,
            high: 139.0,
            measured,
            throttles: u64::from(measured > 139.0),
            seconds: 120.0,
        };
        let head = "predicted 135/min (128 to 139), measured";
        assert_eq!(of(133.5).sentence(), format!("{head} 134/min, inside what was predicted; none throttled"));
        assert_eq!(of(99.5).sentence(), format!("{head} 99.5/min, less than was predicted; none throttled"));
        assert_eq!(of(150.0).sentence(), format!("{head} 150/min, more than was predicted; 1 throttled"));
    }
}
