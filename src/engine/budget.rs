//! Budget: the cap on money, what is in flight counted at its worst.

use crate::bench::fault::FaultKind;
use crate::bench::plan::{ModelPlan, Price};
use crate::bench::usage::Usage;

/// What was spent and what may still be spent, in US dollars.
#[derive(Debug)]
pub(crate) struct Budget {
    cap: Option<f64>,
    spent: f64,
    in_flight: f64,
    /// Invocations that were cut off without reported usage, and what they may have cost at most.
    unconfirmed: (u64, f64),
}

impl Budget {
    /// A budget with a cap, or none.
    pub(crate) fn new(cap: Option<f64>) -> Self {
        Self { cap, spent: 0.0, in_flight: 0.0, unconfirmed: (0, 0.0) }
    }

    /// Whether an invocation that may cost so much stays within the cap, even if all in flight cost their worst.
    pub(crate) fn admits(&self, worst: f64) -> bool {
        self.cap.is_none_or(|cap| self.spent + self.in_flight + worst <= cap)
    }

    /// An invocation that may cost so much was sent.
    pub(crate) fn take(&mut self, worst: f64) {
        self.in_flight += worst;
    }

    /// It ended and cost so much.
    pub(crate) fn settle(&mut self, worst: f64, cost: f64) {
        self.in_flight = (self.in_flight - worst).max(0.0);
        self.spent += cost;
    }

    /// It was cut off on the way and may be billed although nothing was reported: it counts at its worst.
    pub(crate) fn settle_unconfirmed(&mut self, worst: f64) {
        self.settle(worst, worst);
        self.unconfirmed.0 += 1;
        self.unconfirmed.1 += worst;
    }

    /// An invocation that might have cost `worst` failed: the quota tokens it took all the same, and US dollars where
    /// usage and price are known. What was cut off may go on at the service: its whole reservation counts as taken.
    pub(crate) fn failed(
        &mut self,
        worst: f64,
        model: &ModelPlan,
        reserved: u64,
        kind: FaultKind,
        usage: Option<Usage>,
    ) -> (u64, Option<f64>) {
        let cost = usage.zip(model.price).map(|(usage, price)| price.cost(&usage));
        if usage.is_none() && matches!(kind, FaultKind::TimedOut | FaultKind::StreamBroken) {
            self.settle_unconfirmed(worst);
            return (reserved, cost);
        }
        self.settle(worst, cost.unwrap_or(0.0));
        (usage.map_or(0, |usage| usage.settled(model.burndown)), cost)
    }

    /// What the reader of the cost must know of invocations that were cut off.
    pub(crate) fn caveat(&self) -> Option<String> {
        let (n, worst) = self.unconfirmed;
        (n > 0).then(|| {
            format!(
                "{n} invocations were cut off before their usage was reported: they are not in the cost and may have \
                 cost up to ${worst:.4} more"
            )
        })
    }

    /// Why an invocation that may cost so much is not sent any more.
    pub(crate) fn reason(&self, worst: f64) -> String {
        let cap = self.cap.unwrap_or(f64::INFINITY);
        format!(
            "the cap of ${cap:.4} is reached: ${:.4} spent, and the next invocation may cost up to ${worst:.4}",
            self.spent
        )
    }
}

/// The most that an invocation can cost: every input token at the dearer of its prices, all of `max_tokens` used.
pub(crate) fn worst_cost(price: Option<&Price>, input: u64, max_tokens: u64) -> f64 {
    price.map_or(0.0, |price| {
        (price.input.max(price.cache_write) * input as f64 + price.output * max_tokens as f64) / 1e6
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_flight_counts_at_its_worst() {
        let price = Price { input: 1.0, output: 10.0, cache_read: 0.1, cache_write: 2.0 };
        let worst = worst_cost(Some(&price), 1_000, 100);
        assert!((worst - 0.003).abs() < 1e-12);
        let mut budget = Budget::new(Some(0.007));
        assert!(budget.admits(worst));
        budget.take(worst);
        budget.take(worst);
        assert!(!budget.admits(worst), "two may cost 0.006 together");
        budget.settle(worst, 0.001);
        assert!(budget.admits(worst));
        assert!(Budget::new(None).admits(1e9));
    }
}
