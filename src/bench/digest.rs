//! Digest: what some trials add up to, worked out once however many scores and comparisons ask for it.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use crate::bench::blocks::Taken;
use crate::bench::means::Means;

/// Sums over trials that every mean is a quotient of: answers that count, what they settled, reserved, lasted and had
/// of tokens; then, of all trials: answered, accepted, took, spent.
pub(super) const SUMS: usize = 9;
/// The sums that capacity depends on, which bends where another limit begins to bind.
pub(super) const DEMAND: RangeInclusive<usize> = 1..=3;
/// The sum that one more accepted answer changes.
pub(super) const ACCEPTED: usize = 6;

/// What some trials add up to.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Whether it is the answers that read from a prompt cache that count: the more frequent kind. Those that did and
    /// those that did not are never averaged.
    cached: bool,
    mean: [f64; SUMS],
    /// The standard error of each mean that capacity depends on.
    errors: [f64; 3],
    rejects: bool,
    /// E2E of the answers that count, the shortest first; sorted once somebody asks.
    latencies: OnceLock<Vec<f32>>,
}

impl Digest {
    /// What trials add up to; `None` without an answer.
    pub fn of(trials: &[Taken]) -> Option<Self> {
        let answered = trials.iter().filter(|taken| taken.answered).count();
        let cached = 2 * trials.iter().filter(|taken| taken.cached).count() >= answered.max(1);
        let n = trials.len() as f64;
        let mut mean = [0.0; SUMS];
        for taken in trials {
            for (sum, value) in mean.iter_mut().zip(sums(taken, cached)) {
                *sum += value / n;
            }
        }
        if mean[0] <= 0.0 {
            return None;
        }
        let mut squares = [0.0; 3];
        for taken in trials {
            let values = sums(taken, cached);
            for (square, of) in squares.iter_mut().zip(DEMAND) {
                *square += (values[of] - mean[of]).powi(2);
            }
        }
        Some(Self {
            cached,
            mean,
            errors: squares.map(|squares| (squares / n / n).sqrt()),
            rejects: trials.iter().any(|taken| taken.accepted != taken.answered),
            latencies: OnceLock::new(),
        })
    }

    /// The mean of each sum.
    pub(super) fn mean(&self) -> &[f64; SUMS] {
        &self.mean
    }

    /// The standard error of one of those that capacity depends on.
    pub(super) fn error(&self, of: usize) -> f64 {
        self.errors[of - DEMAND.start()]
    }

    /// Whether there was an answer that was not accepted, or none at all.
    pub fn rejects(&self) -> bool {
        self.rejects
    }
}

/// What one trial adds to each sum.
fn sums(of: &Taken, cached: bool) -> [f64; SUMS] {
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

/// The means that sums per trial come to, with this median.
pub(super) fn means(of: &[f64; SUMS], median: f64) -> Means {
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

/// Most scores do not ask for the median, which is the dearest of all means.
pub(super) fn asks_for_the_median(mean: &[f64; SUMS], score: &dyn Fn(&Means) -> Option<f64>) -> bool {
    score(&means(mean, 1.0)) != score(&means(mean, 2.0))
}

/// Trials with what they add up to.
#[derive(Debug, Clone, Copy)]
pub struct Trials<'a> {
    /// What each took.
    pub taken: &'a [Taken],
    /// What they add up to.
    pub digest: &'a Digest,
}

impl<'a> Trials<'a> {
    /// The means, with this median.
    pub(super) fn means(&self, median: f64) -> Means {
        means(&self.digest.mean, median)
    }

    /// The means; where the median would stand is any number.
    pub(super) fn means_but_median(&self) -> Means {
        self.means(Median::UNASKED.at)
    }

    /// What is scored by their means.
    pub fn score(&self, score: &dyn Fn(&Means) -> Option<f64>) -> Option<f64> {
        let median = if asks_for_the_median(&self.digest.mean, score) { self.median().at } else { Median::UNASKED.at };
        score(&self.means(median))
    }

    pub(super) fn median(&self) -> Median {
        Median::of(self.latencies(), &[])
    }

    /// The median of two variants' trials together.
    pub(super) fn common_median(&self, other: &Self) -> Median {
        Median::of(self.latencies(), other.latencies())
    }

    fn counts(&self, taken: &Taken) -> bool {
        taken.answered && taken.cached == self.digest.cached
    }

    fn latencies(&self) -> &'a [f32] {
        self.digest.latencies.get_or_init(|| {
            let counts = self.taken.iter().filter(|taken| self.counts(taken));
            let mut latencies: Vec<f32> = counts.map(|taken| taken.latency).collect();
            latencies.sort_unstable_by(f32::total_cmp);
            latencies
        })
    }

    /// Adds to each trial's place what one sum of it comes to by its slope.
    pub(super) fn add_slope(&self, to: &mut [f64], of: usize, slope: f64) {
        // Each sum has a loop of its own, which need not choose.
        match of {
            0 => self.add::<0>(to, slope),
            1 => self.add::<1>(to, slope),
            2 => self.add::<2>(to, slope),
            3 => self.add::<3>(to, slope),
            4 => self.add::<4>(to, slope),
            5 => self.add::<5>(to, slope),
            6 => self.add::<6>(to, slope),
            7 => self.add::<7>(to, slope),
            _ => self.add::<8>(to, slope),
        }
    }

    fn add<const OF: usize>(&self, to: &mut [f64], slope: f64) {
        for (to, taken) in to.iter_mut().zip(self.taken) {
            *to += sums(taken, self.digest.cached)[OF] * slope;
        }
    }

    /// Adds what each trial that counts comes to by the side of the median that it lies on.
    pub(super) fn add_sides(&self, to: &mut [f64], median: &Median, slope: f64, counted: f64) {
        for (to, taken) in to.iter_mut().zip(self.taken) {
            if self.counts(taken) {
                *to += slope * median.moved_by(taken.latency) / counted;
            }
        }
    }
}

/// The median E2E in seconds, and how much a trial moves it.
pub(super) struct Median {
    pub(super) at: f64,
    /// The inverse of the density there, in seconds.
    pub(super) sparsity: f64,
}

impl Median {
    /// Stands where no score asks for it.
    pub(super) const UNASKED: Self = Self { at: 1.0, sparsity: 0.0 };

    /// Of the numbers in two sorted lists. The density by the difference of two quantiles whose distance shrinks with n
    /// (Siddiqui 1960, Hall and Sheather 1988).
    fn of(one: &[f32], other: &[f32]) -> Self {
        let n = one.len() + other.len();
        let last = n.saturating_sub(1);
        let quantile = |p: f64| {
            let place = p * last as f64;
            let (low, rest) = (place.floor() as usize, place.fract());
            let of = |rank: usize| ranked(one, other, rank.min(last)).map_or(0.0, f64::from);
            of(low) + rest * (of(low + 1) - of(low))
        };
        let reach = (0.97 * (n.max(1) as f64).powf(-1.0 / 3.0)).min(0.4);
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

/// The number of a rank, counted from 0, in two sorted lists together, without merging them.
fn ranked(one: &[f32], other: &[f32], rank: usize) -> Option<f32> {
    // How many of those before it are from the first list.
    let (mut least, mut most) = (rank.saturating_sub(other.len()), rank.min(one.len()));
    while least < most {
        let from_one = usize::midpoint(least, most);
        if one[from_one] < other[rank - from_one - 1] {
            least = from_one + 1;
        } else {
            most = from_one;
        }
    }
    let next = [one.get(least), other.get(rank - least)].into_iter().flatten().copied();
    next.reduce(f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_in_two_lists_are_those_of_both_together() {
        let lists: [&[f32]; 5] = [&[], &[2.0], &[1.0, 2.0, 2.0, 7.0], &[0.5, 2.0, 3.0, 8.0, 9.0], &[7.0, 7.0]];
        for (one, other) in lists.iter().flat_map(|one| lists.iter().map(move |other| (*one, *other))) {
            let mut both = [one, other].concat();
            both.sort_unstable_by(f32::total_cmp);
            for rank in 0..=both.len() {
                assert_eq!(ranked(one, other, rank), both.get(rank).copied(), "{rank} in {one:?} and {other:?}");
            }
        }
    }
}
