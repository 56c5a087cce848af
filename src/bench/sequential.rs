//! Sequential: tests and intervals that stay valid although they are looked at all the time.
//!
//! Two of them, both e-processes: numbers whose mean is 0 under the hypothesis make them 20 or more with a probability
//! of at most 1/20, however often one looks and whenever one stops (Ville's inequality). `docs/verdicts.md` has their
//! sources, limits and simulated error.

/// The variance, before anything was seen, of a difference in standard deviations. 0.5 makes the interval tightest
/// between 10 and 100 observations; no choice makes it invalid.
const PRIOR: f64 = 0.5;

/// Evidence against a mean of 0: of n differences with this mean and standard deviation (n − 1 in the denominator).
///
/// The Bayes factor of Student's t under a normal prior of the standardised mean and a scale-invariant one of the
/// deviation: a test martingale for normal observations of any variance, and approximately for others as n grows.
pub fn evidence(n: u64, mean: f64, deviation: f64) -> f64 {
    if n < 2 || mean == 0.0 {
        return 0.0;
    }
    let (n, spread) = (n as f64, 1.0 + n as f64 * PRIOR);
    let t2 = n * (mean / deviation).powi(2);
    if !t2.is_finite() {
        return if t2.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let x = t2 / (n - 1.0);
    (n / 2.0 * (x.ln_1p() - (x / spread).ln_1p()) - spread.ln() / 2.0).exp()
}

/// Half the width of the interval of a mean: every value outside has an [`evidence`] above 1 / `alpha` against it.
/// Infinite where so few observations exclude nothing.
pub fn half_width(n: u64, deviation: f64, alpha: f64) -> f64 {
    if n < 2 {
        return f64::INFINITY;
    }
    let (n, spread) = (n as f64, 1.0 + n as f64 * PRIOR);
    let c = (2.0 / n * (spread.ln() / 2.0 - alpha.ln())).exp();
    if c >= spread {
        return f64::INFINITY;
    }
    deviation * ((n - 1.0) / n * (c - 1.0) / (1.0 - c / spread)).sqrt()
}

/// How many sizes of bet [`above`] spreads its stake over.
const BETS: i32 = 20;

/// Evidence that the mean of bounded numbers is above `mean`: how often each of their possible values was seen, those
/// never seen included.
///
/// The mean fortune of gamblers who each bet a fixed share of what they have on every number being above: exact for
/// every n and every such distribution, in whatever order the numbers came (Waudby-Smith and Ramdas 2023).
pub fn above(mean: f64, counts: &[(f64, u64)]) -> f64 {
    let lowest = counts.iter().map(|(value, _)| *value).fold(f64::INFINITY, f64::min);
    // The largest bet loses all on the lowest value, and no smaller one can be ruined.
    let most = 1.0 / (mean - lowest).max(f64::MIN_POSITIVE);
    let fortune = |bet: f64| {
        let log =
            |(value, n): &(f64, u64)| if *n == 0 { 0.0 } else { *n as f64 * (bet * (value - mean)).max(-1.0).ln_1p() };
        counts.iter().map(log).sum::<f64>().exp()
    };
    (1..=BETS).map(|step| fortune(most * f64::from(step) / f64::from(BETS))).sum::<f64>() / f64::from(BETS)
}

/// Evidence that the mean of such numbers is below `mean`.
pub fn below(mean: f64, counts: &[(f64, u64)]) -> f64 {
    let mirrored: Vec<(f64, u64)> = counts.iter().map(|(value, n)| (-value, *n)).collect();
    above(-mean, &mirrored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_ends_where_the_evidence_does() {
        for (n, deviation, alpha) in [(10, 0.4, 0.05), (50, 2.0, 0.01), (1_000, 1.0, 0.05)] {
            let half = half_width(n, deviation, alpha);
            let found = evidence(n, half, deviation);
            assert!((found * alpha - 1.0).abs() < 1e-9, "{n}: {found}");
        }
        assert_eq!(half_width(2, 1.0, 0.05), f64::INFINITY, "two numbers exclude nothing");
        assert_eq!(evidence(10, 1.0, 0.0), f64::INFINITY);
        assert_eq!(evidence(10, 0.0, 0.0), 0.0);
    }

    #[test]
    fn it_is_not_much_wider_than_a_look_at_one_time_only() {
        // 1.96 standard errors for one look; the price of looking always is a factor of less than two.
        for n in [20, 50, 100] {
            let errors = half_width(n, 1.0, 0.05) * (n as f64).sqrt();
            assert!((2.8..3.7).contains(&errors), "{n}: {errors}");
        }
    }

    #[test]
    fn bets_against_known_values() {
        let of = |accepted, rejected| [(1.0, accepted), (0.0, rejected)];
        assert!(above(0.9, &of(20, 0)) < 20.0, "twenty of twenty do not show nine of ten");
        assert!(above(0.9, &of(50, 0)) > 20.0);
        assert!(below(0.9, &of(5, 5)) > 20.0);
        assert!(below(0.9, &of(9, 1)) < 2.0);
        // A step is a fair game where the mean is what is bet against.
        let after = |a, r| above(0.8, &of(a, r));
        assert!((0.8 * after(8, 3) + 0.2 * after(7, 4) - after(7, 3)).abs() < 1e-9);
        let differences = |worse, same, better| [(-1.0, worse), (0.0, same), (1.0, better)];
        assert!(above(-0.05, &differences(0, 100, 0)) > 20.0, "never worse in a hundred");
        assert!(above(-0.05, &differences(4, 92, 4)) < 20.0);
        assert!(below(-0.05, &differences(20, 30, 0)) > 20.0);
        // However a stake is rounded, nobody loses more than all.
        assert!((1..100).all(|percent| !above(f64::from(percent) / 100.0, &of(900, 100)).is_nan()));
        assert!((1..100).all(|percent| !below(f64::from(percent) / 100.0, &of(900, 100)).is_nan()));
    }
}
