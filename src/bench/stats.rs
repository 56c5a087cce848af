//! Statistics in bounded memory: running means, latency distributions, intervals.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Running mean and variance of a stream of numbers (Welford).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Running {
    n: u64,
    mean: f64,
    m2: f64,
}

impl Running {
    /// Takes one number in.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.m2 += delta * (value - self.mean);
    }

    /// How many numbers.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their mean; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// Their sum.
    pub fn sum(&self) -> f64 {
        self.mean * self.n as f64
    }

    /// Standard deviation (n − 1 in the denominator); `None` with fewer than two numbers.
    pub fn deviation(&self) -> Option<f64> {
        (self.n > 1).then(|| (self.m2 / (self.n - 1) as f64).sqrt())
    }
}

/// A distribution of durations: microseconds in a histogram of three digits, at most 30 minutes.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Shared with whoever judges beside the run: it is copied only where both are at it at the same time.
    histogram: Arc<Histogram<u64>>,
    /// The same in one digit, whose steps end where some of the fine ones do: it says where among those to look.
    coarse: Arc<Histogram<u64>>,
    running: Running,
}

const LONGEST_US: u64 = 30 * 60 * 1_000_000;

/// What every distribution begins as, until something comes into it: most of some never do.
static EMPTY: LazyLock<[Arc<Histogram<u64>>; 2]> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the bounds are constants that the library accepts")]
    let of = |digits| Histogram::new_with_bounds(1, LONGEST_US, digits).expect("1 µs to 30 min are valid bounds");
    [3, 1].map(|digits| Arc::new(of(digits)))
});

impl Default for Distribution {
    fn default() -> Self {
        let [histogram, coarse] = EMPTY.clone();
        Self { histogram, coarse, running: Running::default() }
    }
}

impl Distribution {
    /// Takes one duration in; longer than 30 minutes counts as 30 minutes in the quantiles.
    pub fn add(&mut self, value: Duration) {
        let micros = (value.as_micros() as u64).max(1);
        Arc::make_mut(&mut self.histogram).saturating_record(micros);
        Arc::make_mut(&mut self.coarse).saturating_record(micros);
        self.running.add(value.as_secs_f64());
    }

    /// What the fine histogram has for a quantile, without counting through its many thousand steps.
    fn micros_at(&self, p: f64) -> u64 {
        let first = self.coarse.lowest_equivalent(self.coarse.value_at_quantile(p));
        let rank = ((p * self.n() as f64).ceil() as u64).max(1);
        let mut seen = first.checked_sub(1).map_or(0, |before| self.coarse.count_between(0, before));
        let mut value = first;
        loop {
            seen += self.histogram.count_at(value);
            let last = self.histogram.highest_equivalent(value);
            if seen >= rank || last >= LONGEST_US {
                return last;
            }
            value = last + 1;
        }
    }

    /// How many durations.
    pub fn n(&self) -> u64 {
        self.running.n()
    }

    /// Their mean in seconds.
    pub fn mean_seconds(&self) -> Option<f64> {
        self.running.mean()
    }

    /// Mean and spread in seconds.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// The quantile `p` in milliseconds; withheld where n < 5 / (1 − p), because fewer cannot tell
    /// (the rule of thumb of `LLMeter`'s documentation).
    pub fn quantile_ms(&self, p: f64) -> Option<f64> {
        enough(self.n(), p).then(|| self.micros_at(p) as f64 / 1_000.0)
    }

    /// The interval of that quantile at a confidence, from the ranks that it lies between whatever the distribution
    /// (order statistics); withheld where the quantile is, or where a rank would lie outside of what was seen.
    pub fn quantile_interval_ms(&self, p: f64, confidence: f64) -> Option<(f64, f64)> {
        let n = self.n() as f64;
        let reach = normal_quantile(0.5 + confidence / 2.0) * (n * p * (1.0 - p)).sqrt();
        let (low, high) = ((n * p - reach).floor(), (n * p + reach).ceil() + 1.0);
        let at = |rank: f64| self.micros_at((rank - 0.5) / n) as f64 / 1_000.0;
        (enough(self.n(), p) && low >= 1.0 && high <= n).then(|| (at(low), at(high)))
    }

    /// The median in milliseconds however few there are: for ranking, not for showing.
    pub fn median_ms(&self) -> Option<f64> {
        (self.n() > 0).then(|| self.micros_at(0.5) as f64 / 1_000.0)
    }

    /// Counts in steps of 5.9 % (a fortieth of a decade) whose edges are the same for every distribution: the edges in
    /// milliseconds and the count of each step that has any, at most 250.
    pub fn histogram(&self) -> Vec<(f64, f64, u64)> {
        let mut bins: Vec<(i32, u64)> = Vec::new();
        for value in self.histogram.iter_recorded() {
            let ms = value.value_iterated_to() as f64 / 1_000.0;
            let bin = (ms.log10() * BINS_A_DECADE).floor() as i32;
            match bins.last_mut().filter(|(last, _)| *last == bin) {
                Some((_, count)) => *count += value.count_since_last_iteration(),
                None => bins.push((bin, value.count_since_last_iteration())),
            }
        }
        let edge = |bin: i32| (10_f64.powf(f64::from(bin) / BINS_A_DECADE) * 1_000.0).round() / 1_000.0;
        bins.into_iter().map(|(bin, count)| (edge(bin), edge(bin + 1), count)).collect()
    }

    /// The shortest and the longest in milliseconds, and the counts in `bins` equal steps between them; `None` without any.
    pub fn shape(&self, bins: usize) -> Option<(f64, f64, Vec<u64>)> {
        let (low, high, counts) = shape(&self.histogram, bins)?;
        Some((low / 1_000.0, high / 1_000.0, counts))
    }

    /// Counts in `bins` equal steps from 0 to the largest value, and that value in milliseconds.
    pub fn bins(&self, bins: usize) -> (Vec<u64>, f64) {
        let largest = self.histogram.max().max(1);
        let mut counts = vec![0; bins.max(1)];
        for value in self.histogram.iter_recorded() {
            let index = (value.value_iterated_to() as f64 / (largest as f64 + 1.0) * counts.len() as f64) as usize;
            let last = counts.len() - 1;
            counts[index.min(last)] += value.count_since_last_iteration();
        }
        (counts, largest as f64 / 1_000.0)
    }
}

/// The smallest and the largest value, and counts in equal steps between them.
fn shape(histogram: &Histogram<u64>, bins: usize) -> Option<(f64, f64, Vec<u64>)> {
    if histogram.is_empty() {
        return None;
    }
    let (low, high) = (histogram.min() as f64, histogram.max() as f64);
    let mut counts = vec![0; bins.max(1)];
    let last = counts.len() - 1;
    for value in histogram.iter_recorded() {
        let at = (value.value_iterated_to() as f64 - low) / (high - low).max(1.0);
        let index = (at * counts.len() as f64) as usize;
        counts[index.min(last)] += value.count_since_last_iteration();
    }
    Some((low, high, counts))
}

/// Bins a decade in [`Distribution::histogram`]; the same in every report, so that histograms may be added up.
const BINS_A_DECADE: f64 = 40.0;

/// Lengths of answers in tokens: exact up to 2,047, to three digits above.
#[derive(Debug, Clone)]
pub struct Lengths {
    /// Shared as a distribution's is.
    histogram: Arc<Histogram<u64>>,
    longest: u64,
}

impl Default for Lengths {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "three digits is a number of digits that the library accepts")]
        let histogram = Histogram::new(3).expect("three digits are valid");
        Self { histogram: Arc::new(histogram), longest: 0 }
    }
}

impl Lengths {
    /// Takes one length in; above ten million it counts as that.
    pub fn add(&mut self, tokens: u64) {
        Arc::make_mut(&mut self.histogram).saturating_record(tokens.min(10_000_000));
        self.longest = self.longest.max(tokens);
    }

    /// How many.
    pub fn n(&self) -> u64 {
        self.histogram.len()
    }

    /// The longest.
    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// The quantile `p`; withheld where n < 5 / (1 − p).
    pub fn quantile(&self, p: f64) -> Option<u64> {
        enough(self.n(), p).then(|| self.histogram.value_at_quantile(p))
    }

    /// The shortest and the longest, and the counts in `bins` equal steps between them; `None` without any.
    pub fn shape(&self, bins: usize) -> Option<(f64, f64, Vec<u64>)> {
        shape(&self.histogram, bins)
    }

    /// Each length that occurs, from the longest down, and how many were longer.
    pub fn from_longest(&self) -> impl Iterator<Item = (u64, u64)> {
        let lengths: Vec<(u64, u64)> = self
            .histogram
            .iter_recorded()
            .map(|value| (value.value_iterated_to(), value.count_since_last_iteration()))
            .collect();
        lengths.into_iter().rev().scan(0, |over, (length, n)| {
            let here = *over;
            *over += n;
            Some((length, here))
        })
    }
}

/// Whether n observations are enough to speak of the quantile `p`: n ≥ 5 / (1 − p).
pub fn enough(n: u64, p: f64) -> bool {
    n as f64 * (1.0 - p) >= 5.0 - 1e-9
}

/// Wilson's score interval of a share, at a two-sided confidence; `None` without observations.
pub fn wilson(successes: u64, n: u64, confidence: f64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    let (n, p) = (n as f64, successes as f64 / n as f64);
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// The largest share that k of n still allow at a one-sided confidence (Clopper and Pearson): none of 20 leaves 13.9 %
/// at 95 %.
pub fn upper_share(k: u64, n: u64, confidence: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let odds = odds(k, n);
    let (mut low, mut high) = (k as f64 / n as f64, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(&odds, n, middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    high
}

/// Whether k of n still allow more than a share: whether that lies below [`upper_share`], which is dearer.
pub fn allows_more(k: u64, n: u64, share: f64, confidence: f64) -> bool {
    k >= n || at_most(&odds(k, n), n, share) > 1.0 - confidence
}

/// By how much more ways there are for each of the first k to be one more of n, as logarithms.
fn odds(k: u64, n: u64) -> Vec<f64> {
    (0..k).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).collect()
}

/// How probable it is that at most as many of n happen as there are odds, where each does with a probability of `share`;
/// falls as the share grows.
fn at_most(odds: &[f64], n: u64, share: f64) -> f64 {
    let (happens, does_not) = (share.ln(), (-share).ln_1p());
    let mut term = n as f64 * does_not;
    let mut sum = term.exp();
    for odds in odds {
        term += odds + happens - does_not;
        sum += term.exp();
    }
    sum
}

/// The standard normal's quantile (Acklam's rational approximation, relative error below 1.2e-9).
pub fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let p = p.clamp(1e-300, 1.0 - 1e-16);
    let tail = |q: f64| {
        let upper = ((((C[0] * q + C[1]) * q + C[2]) * q + C[3]) * q + C[4]) * q + C[5];
        upper / ((((D[0] * q + D[1]) * q + D[2]) * q + D[3]) * q + 1.0)
    };
    if p < 0.024_25 {
        tail((-2.0 * p.ln()).sqrt())
    } else if p > 1.0 - 0.024_25 {
        -tail((-2.0 * (1.0 - p).ln()).sqrt())
    } else {
        let q = p - 0.5;
        let r = q * q;
        let upper = (((((A[0] * r + A[1]) * r + A[2]) * r + A[3]) * r + A[4]) * r + A[5]) * q;
        upper / (((((B[0] * r + B[1]) * r + B[2]) * r + B[3]) * r + B[4]) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_mean_and_error() {
        let mut running = Running::default();
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            running.add(value);
        }
        assert_eq!(running.mean(), Some(5.0));
        assert!((running.deviation().expect("n > 1") - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(Running::default().mean(), None);
    }

    #[test]
    fn quantiles_are_withheld_where_n_is_too_small() {
        let mut distribution = Distribution::default();
        for ms in 1..=49 {
            distribution.add(Duration::from_millis(ms));
        }
        assert_eq!(distribution.quantile_ms(0.9), None);
        distribution.add(Duration::from_millis(50));
        assert!((distribution.quantile_ms(0.9).expect("n = 50") - 45.0).abs() < 0.1);
        assert_eq!(distribution.quantile_ms(0.95), None);
        assert_eq!(distribution.bins(10).0.iter().sum::<u64>(), 50);
        let histogram = distribution.histogram();
        assert_eq!(histogram.iter().map(|(_, _, count)| count).sum::<u64>(), 50);
        assert!(histogram.windows(2).all(|pair| pair[0].1 <= pair[1].0) && histogram.len() <= 250, "{histogram:?}");
    }

    #[test]
    fn quantiles_are_found_where_counting_through_all_steps_finds_them() {
        let mut distribution = Distribution::default();
        let mut random = 7_u64;
        for n in 0..660_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // From microseconds to beyond 30 minutes, many of them equal.
            let micros = (random >> 40) % (1 << (1 + n % 33));
            distribution.add(Duration::from_micros(micros));
            for p in [0.000_1, 0.01, 0.5, 0.9, 0.99, 0.999_9, 1.0] {
                assert_eq!(distribution.micros_at(p), distribution.histogram.value_at_quantile(p), "{p} of {n}");
            }
        }
    }

    #[test]
    fn a_quantiles_interval_lies_between_two_ranks() {
        let mut distribution = Distribution::default();
        for ms in 1..=100 {
            distribution.add(Duration::from_millis(ms));
        }
        // Tabled for n = 100: the 40th and the 61st.
        let (low, high) = distribution.quantile_interval_ms(0.5, 0.95).expect("n = 100");
        assert!((low - 40.0).abs() < 0.1 && (high - 61.0).abs() < 0.1, "{low} {high}");
        assert_eq!(distribution.quantile_interval_ms(0.99, 0.95), None);
        assert_eq!(distribution.quantile_interval_ms(0.95, 0.95), None, "the upper rank would be above 100");
    }

    #[test]
    fn shares_are_bounded_from_above() {
        for (k, n, tabled) in [(0, 20, 0.1391), (0, 299, 0.00997), (1, 20, 0.2161), (3, 100, 0.0757)] {
            let found = upper_share(k, n, 0.95);
            assert!((found - tabled).abs() < 1e-4, "{k} of {n}: {found}");
        }
        assert_eq!(upper_share(5, 5, 0.95), 1.0);
        for (k, n) in [(0, 20), (1, 20), (3, 100), (40, 4_096)] {
            let bound = upper_share(k, n, 0.95);
            assert!(allows_more(k, n, bound - 1e-9, 0.95) && !allows_more(k, n, bound + 1e-9, 0.95), "{k} of {n}");
        }
        let mut lengths = Lengths::default();
        for tokens in [30, 10, 20, 20] {
            lengths.add(tokens);
        }
        assert_eq!(lengths.from_longest().collect::<Vec<_>>(), [(30, 0), (20, 1), (10, 3)]);
        assert_eq!((lengths.n(), lengths.longest()), (4, 30));
    }

    #[test]
    fn normal_and_wilson_against_known_values() {
        assert!((normal_quantile(0.975) - 1.959_963_985).abs() < 1e-6);
        let (low, high) = wilson(9, 10, 0.95).expect("n > 0");
        assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3, "{low} {high}");
    }
}
