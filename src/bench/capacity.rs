//! Capacity: how many requests a minute fit in a quota, and which limit binds.

use std::time::Duration;

use crate::bench::quota::{LimitKind, Quota};

/// What one request takes: means over successful trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Settled quota tokens S.
    pub settled: f64,
    /// Reserved quota tokens R.
    pub reserved: f64,
    /// Latency L in seconds.
    pub latency: f64,
}

/// The most requests a minute that fit, and the limit that binds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Requests a minute.
    pub rpm: f64,
    /// The limit that binds.
    pub limit: LimitKind,
}

/// Capacity = min( RPM, TPM / (S + L/60 · max(0, R − S)), TPD / (S · active minutes) ); absent limits are ignored,
/// `None` where there is none at all.
///
/// The middle term: by Little's law λ·L/60 requests are out at any time and hold R − S more than they will settle.
pub fn capacity(quota: &Quota, demand: Demand, active: Duration) -> Option<Capacity> {
    let Demand { settled, reserved, latency } = demand;
    let by_limit = |kind| {
        let value = quota.value(kind)?;
        let rpm = match kind {
            LimitKind::Rpm => value,
            LimitKind::Tpm => value / (settled + latency / 60.0 * (reserved - settled).max(0.0)).max(f64::MIN_POSITIVE),
            LimitKind::Tpd => value / (settled * active.as_secs_f64() / 60.0).max(f64::MIN_POSITIVE),
        };
        Some(Capacity { rpm, limit: kind })
    };
    LimitKind::ALL.into_iter().filter_map(by_limit).min_by(|a, b| a.rpm.total_cmp(&b.rpm))
}

/// The tutorial's figure: min(RPM, TPM / mean total tokens); `None` where there is neither limit.
pub fn theoretical_rpm(quota: &Quota, total_tokens: f64) -> Option<f64> {
    let by_tokens = quota.value(LimitKind::Tpm).map(|tpm| tpm / total_tokens.max(f64::MIN_POSITIVE));
    match (quota.value(LimitKind::Rpm), by_tokens) {
        (Some(rpm), Some(tokens)) => Some(rpm.min(tokens)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::quota::{Limit, LimitSource};

    fn quota(rpm: Option<f64>, tpm: Option<f64>, tpd: Option<f64>) -> Quota {
        let limit = |value| Limit::unlisted(value, LimitSource::Applied);
        Quota { rpm: rpm.map(limit), tpm: tpm.map(limit), tpd: tpd.map(limit) }
    }

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn the_facts_pages_example() {
        // 1000 in, 200 out, burndown 5, TPM 200k: S = 2000 → 100 a minute; halving the output: 133.
        let demand = |settled| Demand { settled, reserved: settled, latency: 5.0 };
        let found = capacity(&quota(Some(1_000.0), Some(200_000.0), None), demand(2_000.0), DAY).expect("a limit");
        assert_eq!((found.rpm, found.limit), (100.0, LimitKind::Tpm));
        let found = capacity(&quota(Some(1_000.0), Some(200_000.0), None), demand(1_500.0), DAY).expect("a limit");
        assert!((found.rpm - 133.33).abs() < 0.01);
    }

    #[test]
    fn reservations_held_while_in_flight_cost_capacity() {
        let demand = Demand { settled: 1_000.0, reserved: 4_000.0, latency: 20.0 };
        let found = capacity(&quota(None, Some(200_000.0), None), demand, DAY).expect("a limit");
        assert_eq!(found.rpm, 100.0); // S + 20/60 · 3000 = 2000
    }

    #[test]
    fn every_limit_can_bind_or_be_absent() {
        let demand = Demand { settled: 1_000.0, reserved: 1_000.0, latency: 1.0 };
        let of = |q: &Quota| capacity(q, demand, DAY).map(|c| c.limit);
        assert_eq!(of(&quota(Some(5.0), Some(1e6), None)), Some(LimitKind::Rpm));
        assert_eq!(of(&quota(None, Some(1e6), Some(1e6))), Some(LimitKind::Tpd));
        assert_eq!(of(&Quota::default()), None);
        assert_eq!(theoretical_rpm(&quota(Some(5.0), Some(1e4), None), 1_000.0), Some(5.0));
        assert_eq!(theoretical_rpm(&quota(None, Some(1e4), None), 1_000.0), Some(10.0));
        assert_eq!(theoretical_rpm(&Quota::default(), 1_000.0), None);
    }
}
