//! Influence: how much each trial moves a score, and each block the difference of two.

use crate::bench::digest::{ACCEPTED, DEMAND, Median, SUMS, Trials, asks_for_the_median, means};
use crate::bench::means::Means;

/// A step in a mean that is small beside it and large beside rounding.
const STEP: f64 = 1e-5;

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
        deviation(&self.by, mean(&self.by), judged.then_some(self.by_acceptance))
    }
}

fn mean(by: &[f64]) -> f64 {
    by.iter().sum::<f64>() / by.len() as f64
}

/// The standard deviation of what moves a score, around its mean. Where answers are judged it is as if one more had been
/// seen to be rejected: twenty of twenty accepted are no proof that all are.
fn deviation(by: &[f64], mean: f64, unseen: Option<f64>) -> f64 {
    let n = by.len() as f64;
    let squares: f64 = by.iter().map(|by| (by - mean).powi(2)).sum();
    ((squares + unseen.unwrap_or(0.0).powi(2)) / (n - 1.0).max(1.0)).sqrt()
}

/// Scores trials by a smooth function of their means; `None` where there is no score.
pub fn moved(trials: &Trials<'_>, score: &dyn Fn(&Means) -> Option<f64>) -> Option<Moved> {
    let mean = trials.digest.mean();
    let median = if asks_for_the_median(mean, score) { trials.median() } else { Median::UNASKED };
    let slopes = Slopes::at(mean, median.at, |of| trials.digest.error(of), score);
    let at = slopes.linear(mean);
    let mut by = slopes.along(trials, &median);
    for by in &mut by {
        *by -= at;
    }
    Some(Moved { score: score(&trials.means(median.at))?, by, by_acceptance: slopes.sums[ACCEPTED].abs() })
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
        let mean = mean(&self.by);
        // Two that never overlapped in ten blocks may do so in the next: without that a median would be known exactly.
        let unseen = if judged { self.by_acceptance.hypot(self.by_side) } else { self.by_side };
        (mean, deviation(&self.by, mean, Some(unseen)))
    }
}

/// Compares trials of two variants over the same blocks; `None` where either has no score.
pub fn contrast(a: &Trials<'_>, b: &Trials<'_>, score: &dyn Fn(&Means) -> Option<f64>) -> Option<Contrast> {
    let mut pooled = *a.digest.mean();
    for (sum, other) in pooled.iter_mut().zip(b.digest.mean()) {
        *sum = f64::midpoint(*sum, *other);
    }
    let (mut medians, mut both) = ((Median::UNASKED, Median::UNASKED), Median::UNASKED);
    if asks_for_the_median(&pooled, score) {
        medians = (a.median(), b.median());
        both = a.common_median(b);
    }
    let error = |of| a.digest.error(of).hypot(b.digest.error(of)) / 2.0;
    let slopes = Slopes::at(&pooled, both.at, error, score);
    let mut by = slopes.along(a, &both);
    for (by, other) in by.iter_mut().zip(slopes.along(b, &both)) {
        *by -= other;
    }
    Some(Contrast {
        scores: (score(&a.means(medians.0.at))?, score(&b.means(medians.1.at))?),
        pooled: score(&means(&pooled, both.at))?,
        by,
        by_acceptance: slopes.sums[ACCEPTED].abs(),
        by_side: (slopes.median * both.sparsity / slopes.counted).abs(),
    })
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

    /// What each trial adds to the score. Most scores depend on few of the sums, and the others are passed over.
    fn along(&self, trials: &Trials<'_>, median: &Median) -> Vec<f64> {
        let mut by = vec![0.0; trials.taken.len()];
        for (of, slope) in self.sums.iter().enumerate().filter(|(_, slope)| **slope != 0.0) {
            trials.add_slope(&mut by, of, *slope);
        }
        if self.median != 0.0 {
            trials.add_sides(&mut by, median, self.median, self.counted);
        }
        by
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::blocks::Taken;
    use crate::bench::digest::Digest;

    type Score<'a> = &'a dyn Fn(&Means) -> Option<f64>;

    fn moved(of: &[Taken], score: Score<'_>) -> Option<Moved> {
        let digest = Digest::of(of)?;
        super::moved(&Trials { taken: of, digest: &digest }, score)
    }

    fn contrast(a: &[Taken], b: &[Taken], score: Score<'_>) -> Option<Contrast> {
        let (of_a, of_b) = (Digest::of(a)?, Digest::of(b)?);
        super::contrast(&Trials { taken: a, digest: &of_a }, &Trials { taken: b, digest: &of_b }, score)
    }

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
