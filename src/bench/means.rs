//! Means: what a variant's trials took on average, and how much each of them moves a score.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::bench::blocks::Taken;
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

/// Sums over trials that every mean is a quotient of: answers that count, what they settled, reserved, lasted and had
/// of tokens; then, of all trials: answered, accepted, took, spent.
const SUMS: usize = 9;
/// The sums that capacity depends on, which bends where another limit begins to bind.
const DEMAND: RangeInclusive<usize> = 1..=3;
/// The sum that one more accepted answer changes.
const ACCEPTED: usize = 6;
/// A step in a mean that is small beside it and large beside rounding.
const STEP: f64 = 1e-5;

fn sums(of: &Taken, cached: bool) -> [f64; SUMS] {
    // Answers that read from a prompt cache and those that did not are never averaged.
    let counts = of.answered && of.cached == cached;
    let or_nothing = |value: f32| if counts { f64::from(value) } else { 0.0 };
    [
        f64::from(u8::from(counts)),
        or_nothing(of.settled),
        or_nothing(of.reserved),
        or_nothing(of.latency),
        or_nothing(of.total),
        f64::from(u8::from(of.answered)),
        f64::from(u8::from(of.accepted)),
        f64::from(of.took),
        f64::from(of.spent),
    ]
}

fn means(of: &[f64; SUMS], median: f64) -> Means {
    let [counts, settled, reserved, latency, total, answered, accepted, took, spent] = *of;
    let latency = latency / counts;
    Means {
        answered,
        accepted,
        settled: settled / counts,
        reserved: reserved / counts,
        latency,
        busy: latency,
        median,
        total: total / counts,
        took,
        spent,
    }
}

/// The means of some trials; `None` without an answer.
pub fn mean(trials: &[Taken]) -> Option<Means> {
    let sample = Sample::of(trials)?;
    Some(means(&sample.mean, sample.median().at))
}

/// The mean of each sum, and whether it is the answers that read from a prompt cache that count: the more frequent kind.
fn sums_of(trials: &[Taken]) -> ([f64; SUMS], bool) {
    let answered = trials.iter().filter(|taken| taken.answered).count();
    let cached = 2 * trials.iter().filter(|taken| taken.cached).count() >= answered.max(1);
    let mut mean = [0.0; SUMS];
    for taken in trials {
        for (sum, value) in mean.iter_mut().zip(sums(taken, cached)) {
            *sum += value / trials.len() as f64;
        }
    }
    (mean, cached)
}

/// A score of some trials, and how much each of them moved it.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The score.
    pub score: f64,
    /// By how much n times each trial moved it (its influence): their mean is 0, their variance over n that of the
    /// score.
    pub by: Vec<f64>,
    /// By how much n times one answer that was accepted and would not have been moves it.
    pub by_acceptance: f64,
}

impl Moved {
    /// The standard deviation that over √n is the score's error; `judged` where an answer may be rejected.
    pub fn deviation(&self, judged: bool) -> f64 {
        deviation(&self.by, judged.then_some(self.by_acceptance))
    }
}

/// The standard deviation of what moves a score. Where answers are judged it is as if one more had been seen to be
/// rejected: twenty of twenty accepted are no proof that all are.
fn deviation(by: &[f64], unseen: Option<f64>) -> f64 {
    let n = by.len() as f64;
    let mean = by.iter().sum::<f64>() / n;
    let squares: f64 = by.iter().map(|by| (by - mean).powi(2)).sum();
    ((squares + unseen.unwrap_or(0.0).powi(2)) / (n - 1.0).max(1.0)).sqrt()
}

/// Scores trials by a smooth function of their means; `None` where there is no answer or no score.
pub fn moved(trials: &[Taken], score: &dyn Fn(&Means) -> Option<f64>) -> Option<Moved> {
    let sample = Sample::of(trials)?;
    let median = if asks_for_the_median(&sample.mean, score) { sample.median() } else { Median::UNASKED };
    let slopes = Slopes::at(&sample.mean, median.at, |of| sample.error(of), score);
    let at = slopes.linear(&sample.mean);
    let by = |taken: &Taken| sample.linear(taken, &slopes, &median) - at;
    Some(Moved {
        score: score(&means(&sample.mean, median.at))?,
        by: trials.iter().map(by).collect(),
        by_acceptance: slopes.sums[ACCEPTED].abs(),
    })
}

/// Two scores over the same blocks, and by how much each block speaks for the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The two scores.
    pub scores: (f64, f64),
    /// The score of both together.
    pub pooled: f64,
    /// The difference of the scores that each block comes to, by the slope at the means of both together: where the two
    /// are alike it is as often above 0 as below, however skewed what they take is.
    pub by: Vec<f64>,
    /// By how much n times one answer that was accepted and would not have been moves either score.
    pub by_acceptance: f64,
    /// By how much n times one pair that lies on the other sides of the median moves the difference.
    pub by_side: f64,
}

impl Contrast {
    /// The mean difference, and its standard deviation over blocks; `judged` where an answer may be rejected.
    pub fn spread(&self, judged: bool) -> (f64, f64) {
        let mean = self.by.iter().sum::<f64>() / self.by.len() as f64;
        // Two that never overlapped in ten blocks may do so in the next: without that a median would be known exactly.
        let unseen = if judged { self.by_acceptance.hypot(self.by_side) } else { self.by_side };
        (mean, deviation(&self.by, Some(unseen)))
    }
}

/// Compares trials of two variants over the same blocks; `None` where either has no answer or no score.
pub fn contrast(a: &[Taken], b: &[Taken], score: &dyn Fn(&Means) -> Option<f64>) -> Option<Contrast> {
    let (of_a, of_b) = (Sample::of(a)?, Sample::of(b)?);
    let mut pooled = of_a.mean;
    for (sum, other) in pooled.iter_mut().zip(of_b.mean) {
        *sum = f64::midpoint(*sum, other);
    }
    let (mut medians, mut both) = ((Median::UNASKED, Median::UNASKED), Median::UNASKED);
    if asks_for_the_median(&pooled, score) {
        medians = (of_a.median(), of_b.median());
        both = Median::of(of_a.latencies().chain(of_b.latencies()));
    }
    let error = |of| of_a.error(of).hypot(of_b.error(of)) / 2.0;
    let slopes = Slopes::at(&pooled, both.at, error, score);
    let by = |(one, other): (&Taken, &Taken)| of_a.linear(one, &slopes, &both) - of_b.linear(other, &slopes, &both);
    Some(Contrast {
        scores: (score(&means(&of_a.mean, medians.0.at))?, score(&means(&of_b.mean, medians.1.at))?),
        pooled: score(&means(&pooled, both.at))?,
        by: a.iter().zip(b).map(by).collect(),
        by_acceptance: slopes.sums[ACCEPTED].abs(),
        by_side: (slopes.median * both.sparsity / slopes.counted).abs(),
    })
}

/// Some trials and the means of their sums.
struct Sample<'a> {
    trials: &'a [Taken],
    /// Whether it is the answers that read from a prompt cache that count.
    cached: bool,
    mean: [f64; SUMS],
}

impl<'a> Sample<'a> {
    fn of(trials: &'a [Taken]) -> Option<Self> {
        let (mean, cached) = sums_of(trials);
        (mean[0] > 0.0).then_some(Self { trials, cached, mean })
    }

    /// The standard error of one mean.
    fn error(&self, of: usize) -> f64 {
        let n = self.trials.len() as f64;
        let squares: f64 = self.trials.iter().map(|taken| (sums(taken, self.cached)[of] - self.mean[of]).powi(2)).sum();
        (squares / n / n).sqrt()
    }

    fn counts(&self, taken: &Taken) -> bool {
        taken.answered && taken.cached == self.cached
    }

    fn latencies(&self) -> impl Iterator<Item = f32> {
        self.trials.iter().filter(|taken| self.counts(taken)).map(|taken| taken.latency)
    }

    fn median(&self) -> Median {
        Median::of(self.latencies())
    }

    /// What one trial adds to a score by its slopes.
    fn linear(&self, taken: &Taken, slopes: &Slopes, median: &Median) -> f64 {
        let side =
            if self.counts(taken) { slopes.median * median.moved_by(taken.latency) / slopes.counted } else { 0.0 };
        slopes.linear(&sums(taken, self.cached)) + side
    }
}

/// By how much a score changes with each mean.
struct Slopes {
    sums: [f64; SUMS],
    median: f64,
    /// The share of trials that count.
    counted: f64,
}

impl Slopes {
    fn at(
        mean: &[f64; SUMS],
        median: f64,
        error: impl Fn(usize) -> f64,
        score: &dyn Fn(&Means) -> Option<f64>,
    ) -> Self {
        let at = |mean: &[f64; SUMS], median: f64| score(&means(mean, median));
        let slope = |more: Option<f64>, less: Option<f64>, wide: f64| match more.zip(less) {
            Some((more, less)) if wide > 0.0 => (more - less) / wide,
            _ => 0.0,
        };
        let mut sums = [0.0; SUMS];
        for (of, found) in sums.iter_mut().enumerate() {
            // As wide as the mean is uncertain: a limit that binds only just beyond it has its part in the slope.
            let wide = if DEMAND.contains(&of) { error(of) } else { 0.0 };
            let step = wide.max(STEP * if of == ACCEPTED { 1.0 } else { mean[of].abs() });
            let (mut less, mut more) = (*mean, *mean);
            less[of] = (less[of] - step).max(0.0);
            more[of] += step;
            *found = slope(at(&more, median), at(&less, median), more[of] - less[of]);
        }
        let step = STEP * median;
        let by_median = slope(at(mean, median + step), at(mean, median - step), 2.0 * step);
        Self { sums, median: by_median, counted: mean[0] }
    }

    fn linear(&self, sums: &[f64; SUMS]) -> f64 {
        sums.iter().zip(self.sums).map(|(value, slope)| value * slope).sum()
    }
}

/// Most scores do not ask for the median, which is the dearest of all means.
fn asks_for_the_median(mean: &[f64; SUMS], score: &dyn Fn(&Means) -> Option<f64>) -> bool {
    score(&means(mean, 1.0)) != score(&means(mean, 2.0))
}

/// The median E2E in seconds, and how much a trial moves it.
struct Median {
    at: f64,
    /// The inverse of the density there, in seconds.
    sparsity: f64,
}

impl Median {
    /// Stands where no score asks for it.
    const UNASKED: Self = Self { at: 1.0, sparsity: 0.0 };

    /// The density by the difference of two quantiles whose distance shrinks with n (Siddiqui 1960, Hall and Sheather
    /// 1988).
    fn of(latencies: impl Iterator<Item = f32>) -> Self {
        let mut sorted: Vec<f32> = latencies.collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let quantile = |p: f64| {
            let place = p * last as f64;
            let (low, rest) = (place.floor() as usize, place.fract());
            let of = |index: usize| sorted.get(index.min(last)).copied().map_or(0.0, f64::from);
            of(low) + rest * (of(low + 1) - of(low))
        };
        let reach = (0.97 * (sorted.len().max(1) as f64).powf(-1.0 / 3.0)).min(0.4);
        Self { at: quantile(0.5), sparsity: (quantile(0.5 + reach) - quantile(0.5 - reach)) / (2.0 * reach) }
    }

    fn moved_by(&self, latency: f32) -> f64 {
        let side = match f64::from(latency).total_cmp(&self.at) {
            std::cmp::Ordering::Less => -0.5,
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => 0.5,
        };
        side * self.sparsity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(values: &[(f32, bool)]) -> Vec<Taken> {
        let of = |(total, accepted): &(f32, bool)| Taken {
            answered: true,
            accepted: *accepted,
            total: *total,
            took: *total,
            latency: *total,
            ..Taken::default()
        };
        values.iter().map(of).collect()
    }

    #[test]
    fn a_mean_is_moved_by_what_lies_off_it() {
        let found = moved(&trials(&[(1.0, true), (2.0, true), (6.0, true)]), &|m| Some(m.total)).expect("answers");
        assert!((found.score - 3.0).abs() < 1e-9);
        for (by, expected) in found.by.iter().zip([-2.0, -1.0, 3.0]) {
            assert!((by - expected).abs() < 1e-6, "{by}");
        }
    }

    #[test]
    fn a_quotient_of_means_is_moved_by_both() {
        // 10 taken per trial, half accepted: 20 per accepted answer.
        let per = |m: &Means| m.per_accepted(m.took);
        let found = moved(&trials(&[(10.0, true), (10.0, false)]), &per).expect("answers");
        assert!((found.score - 20.0).abs() < 1e-9);
        assert!((found.by[0] + 20.0).abs() < 1e-3 && (found.by[1] - 20.0).abs() < 1e-3, "{:?}", found.by);
    }

    #[test]
    fn two_that_are_alike_are_compared_without_a_side() {
        // One very long answer in one of the two, and the same in the other: exactly opposite.
        let (a, b) = ([(10.0, true), (10.0, true), (90.0, true)], [(90.0, true), (10.0, true), (10.0, true)]);
        let per = |m: &Means| Some(1.0 / m.total);
        let (one, other) = (contrast(&trials(&a), &trials(&b), &per), contrast(&trials(&b), &trials(&a), &per));
        let (one, other) = (one.expect("answers"), other.expect("answers"));
        assert!(one.by.iter().sum::<f64>().abs() < 1e-12);
        assert!(one.by.iter().zip(&other.by).all(|(x, y)| (x + y).abs() < 1e-12), "{:?} {:?}", one.by, other.by);
        // A longer one takes merit away by the slope at the means of both: 80 more of a mean of 50 in one of two.
        let longer = contrast(&trials(&[(90.0, true)]), &trials(&[(10.0, true)]), &per).expect("answers");
        assert!((longer.by[0] + 80.0 / 2_500.0).abs() < 1e-6, "{:?}", longer.by);
        assert!(longer.scores.0 < longer.scores.1 && longer.by_acceptance == 0.0);
    }

    #[test]
    fn medians_that_never_overlapped_are_not_known_exactly() {
        let of = |first: f32| (0..12).map(|n| (first + n as f32, true)).collect::<Vec<_>>();
        let median = |m: &Means| Some(1.0 / m.median);
        let found = contrast(&trials(&of(10.0)), &trials(&of(50.0)), &median).expect("answers");
        let (mean, deviation) = found.spread(false);
        assert!(mean > 0.0 && deviation > 0.1 * mean && deviation < mean, "{mean} {deviation}");
    }

    #[test]
    fn failed_trials_take_and_answer_nothing() {
        let mut of = trials(&[(10.0, true), (30.0, true)]);
        of.push(Taken { took: 20.0, ..Taken::default() });
        let found = |score: &dyn Fn(&Means) -> Option<f64>| moved(&of, score).expect("answers").score;
        assert!((found(&|m| Some(m.total)) - 20.0).abs() < 1e-9);
        assert!((found(&|m| m.per_accepted(m.took)) - 30.0).abs() < 1e-9);
        assert!((found(&|m| Some(m.answered)) - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(moved(&of[2..], &|m| Some(m.total)), None);
    }

    #[test]
    fn the_median_is_moved_by_the_side_that_a_trial_lies_on() {
        let of: Vec<(f32, bool)> = (0..=100).map(|second| (second as f32, true)).collect();
        let found = moved(&trials(&of), &|m| Some(m.median)).expect("answers");
        assert_eq!(found.score, 50.0);
        // Uniform over 100 seconds: the density is 1/100, so each side moves it by 50.
        assert!((found.by[0] + 50.0).abs() < 1.0 && (found.by[100] - 50.0).abs() < 1.0, "{}", found.by[0]);
    }
}
