//! Figures: one variant's numbers as every face shows them, computed from its tally in one place.

use crate::bench::capacity::{Capacity, Demand, capacity, theoretical_rpm};
use crate::bench::number::number;
use crate::bench::plan::{Gate, Plan};
use crate::bench::population::Population;
use crate::bench::quota::Quota;
use crate::bench::stats::{Running, share_error, student_quantile, wilson};
use crate::bench::tally::{ModelTally, Tally, VariantTally};

/// Fewer counted trials than this say nothing about spread, so intervals and winners are withheld.
pub const FEWEST: u64 = 5;

/// One variant on one model, ready to be asked for its numbers.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Index of the model.
    pub model: usize,
    /// Index of the variant.
    pub variant: usize,
    /// What its trials add up to.
    pub tally: &'a VariantTally,
    quota: Option<&'a Quota>,
    mean_concurrency: Option<f64>,
}

/// A value with its standard error, where the data says anything about that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its standard error; `None` where n is too small.
    pub error: Option<f64>,
}

/// A capacity with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapacityRange {
    /// The capacity at the means, and the limit that binds.
    pub at: Capacity,
    /// Lower end; `None` where n is too small.
    pub low: Option<f64>,
    /// Upper end; `None` where n is too small.
    pub high: Option<f64>,
}

impl<'a> Figures<'a> {
    /// The figures of a variant on a model.
    pub fn new(tally: &'a Tally, model: usize, variant: usize) -> Self {
        let of: &ModelTally = &tally.models[model];
        Self {
            plan: &tally.plan,
            model,
            variant,
            tally: &of.variants[variant],
            quota: of.quota.as_ref(),
            mean_concurrency: of.mean_concurrency(),
        }
    }

    /// Every variant that takes part for a model, or took part.
    pub fn of_model(tally: &'a Tally, model: usize) -> impl Iterator<Item = Self> {
        let plan = &tally.plan;
        (0..plan.variants.len())
            .filter(move |variant| plan.variants[*variant].is_for(model))
            .map(move |variant| Self::new(tally, model, variant))
            .filter(|f| f.plan.variants[f.variant].included || f.tally.finished_trials() > 0)
    }

    /// The variant's name.
    pub fn name(&self) -> &'a str {
        &self.plan.variants[self.variant].name
    }

    /// Whether it had every trial that was planned, or was retired before.
    pub fn is_whole(&self) -> bool {
        self.tally.retired.is_some() || self.tally.ok + self.tally.failed >= u64::from(self.plan.trials)
    }

    /// The trials whose means stand for the variant.
    pub fn population(&self) -> &'a Population {
        self.tally.population()
    }

    /// What the reader must know of the prompt cache: which trials the figures are of, or that nothing was read from it.
    pub fn cache_note(&self) -> Option<String> {
        let name = self.name();
        let (cold, cached) = (&self.tally.cold, self.tally.cached.as_deref());
        let Some(cached) = cached else {
            let asked = self.plan.variants[self.variant].cache_after.is_some();
            return (asked && cold.n() >= FEWEST).then(|| {
                format!(
                    "{name}: cache_after is set, but no answer read from a prompt cache: the part before the cache \
                     point may be shorter than the model's least (1,024 tokens for most), or the model has no cache"
                )
            });
        };
        let settled = |of: &Population| number(of.settled.mean().unwrap_or_default());
        let (shown, other, of, and) = if cached.n() >= cold.n() {
            (cached, cold, "that read from the prompt cache", "did not read from it")
        } else {
            (cold, cached, "that read nothing from the prompt cache", "read from it")
        };
        let rest = match other.n() {
            0 => "all did".to_owned(),
            n => format!("{n} {and} and settled at {} each", settled(other)),
        };
        Some(format!(
            "{name}: capacity and latency are of the {} answers {of} ({} quota tokens each); {rest}",
            shown.n(),
            settled(shown)
        ))
    }

    /// That answers were cut off, which are not accepted.
    pub fn cut_off_note(&self) -> Option<String> {
        let (cut_off, ok) = (self.tally.cut_off, self.tally.ok);
        (cut_off > 0).then(|| {
            let name = self.name();
            format!("{name}: max_tokens cut {cut_off} of {ok} answers off, and such an answer is not accepted")
        })
    }

    /// What one request takes at the means.
    pub fn demand(&self) -> Option<Demand> {
        Some(Demand {
            settled: self.population().settled.mean()?,
            reserved: self.population().reserved.mean()?,
            latency: self.population().e2e.mean_seconds()?,
        })
    }

    /// Capacity in the whole quota, with an interval at the plan's confidence.
    pub fn capacity(&self) -> Option<CapacityRange> {
        self.capacity_in(self.quota?)
    }

    /// Capacity in the share of the quota that this program may take.
    pub fn capacity_in_share(&self) -> Option<Capacity> {
        capacity(&self.quota?.share(self.plan.share), self.demand()?, self.plan.active)
    }

    fn capacity_in(&self, quota: &Quota) -> Option<CapacityRange> {
        let demand = self.demand()?;
        let at = capacity(quota, demand, self.plan.active)?;
        let t = student_quantile(0.5 + self.plan.confidence / 2.0, self.population().n().saturating_sub(1));
        let end = |sign: f64| {
            let shift = |running: &Running| error_of(running).map(|e| sign * t * e);
            let shifted = Demand {
                settled: (demand.settled + shift(&self.population().settled)?).max(0.0),
                reserved: demand.reserved + shift(&self.population().reserved)?,
                latency: (demand.latency + shift(self.population().e2e.running())?).max(0.0),
            };
            capacity(quota, shifted, self.plan.active).map(|c| c.rpm)
        };
        // Where reservations dominate, more settled tokens can even mean more room, so the ends may change places.
        let (one, other) = (end(1.0), end(-1.0));
        let low = one.zip(other).map(|(a, b)| a.min(b).min(at.rpm));
        let high = one.zip(other).map(|(a, b)| a.max(b).max(at.rpm));
        Some(CapacityRange { at, low, high })
    }

    /// Accepted answers a minute inside the quota: capacity × share of accepted answers.
    pub fn goodput(&self) -> Option<Estimate> {
        let range = self.capacity()?;
        let rate = self.accepted_rate()?;
        let error = range.low.zip(range.high).zip(self.rate_error()).map(|((low, high), rate_error)| {
            let t = student_quantile(0.5 + self.plan.confidence / 2.0, self.population().n().saturating_sub(1));
            let capacity_error = (high - low) / (2.0 * t);
            (capacity_error * rate).hypot(rate_error * range.at.rpm)
        });
        Some(Estimate { value: range.at.rpm * rate, error })
    }

    /// Share of accepted answers among the successful trials.
    pub fn accepted_rate(&self) -> Option<f64> {
        (self.tally.ok > 0).then(|| self.tally.accepted as f64 / self.tally.ok as f64)
    }

    /// Wilson's interval of that share at the plan's confidence.
    pub fn accepted_interval(&self) -> Option<(f64, f64)> {
        wilson(self.tally.accepted, self.tally.ok, self.plan.confidence)
    }

    /// That share as an estimate.
    pub fn acceptance(&self) -> Option<Estimate> {
        Some(Estimate { value: self.accepted_rate()?, error: self.rate_error() })
    }

    fn rate_error(&self) -> Option<f64> {
        (self.tally.ok >= FEWEST).then(|| share_error(self.tally.accepted, self.tally.ok))
    }

    /// The tutorial's figure: min(RPM, TPM / mean total tokens).
    pub fn theoretical_rpm(&self) -> Option<f64> {
        theoretical_rpm(self.quota?, self.tally.mean(|of| &of.total)?)
    }

    /// Mean total tokens per successful request.
    pub fn total_tokens(&self) -> Option<Estimate> {
        Some(Estimate { value: self.population().total.mean()?, error: error_of(&self.population().total) })
    }

    /// Seconds that one request would need of this variant's own time at the run's concurrency.
    fn pace(&self) -> Option<f64> {
        let concurrency = self.mean_concurrency?;
        (self.tally.ok > 0 && self.tally.in_flight_seconds > 0.0)
            .then(|| self.tally.in_flight_seconds / concurrency / self.tally.ok as f64)
    }

    /// Successful requests a minute at this concurrency, alone and with no quota in the way.
    pub fn requests_per_minute(&self) -> Option<f64> {
        self.pace().map(|seconds| 60.0 / seconds)
    }

    /// Tokens a minute at this concurrency, alone and with no quota in the way.
    pub fn tokens_per_minute(&self) -> Option<f64> {
        Some(self.tally.mean(|of| &of.total)? * self.requests_per_minute()?)
    }

    /// Tokens a second at this concurrency, alone and with no quota in the way.
    pub fn tokens_per_second(&self) -> Option<Estimate> {
        let value = self.tokens_per_minute()? / 60.0;
        let relative = |running: &Running| Some(error_of(running)? / running.mean().filter(|m| *m > 0.0)?);
        let error = relative(&self.population().total)
            .zip(relative(self.population().e2e.running()))
            .map(|(tokens, seconds)| value * tokens.hypot(seconds));
        Some(Estimate { value, error })
    }

    /// Median E2E in milliseconds, however few there are, for ranking; its error by the normal approximation (1.2533 × that of the mean).
    pub fn median_latency_ms(&self) -> Option<Estimate> {
        let value = self.population().e2e.median_ms()?;
        let error = error_of(self.population().e2e.running()).map(|e| 1.253_3 * e * 1_000.0);
        Some(Estimate { value, error })
    }

    /// US dollars per accepted answer, what failed trials cost included.
    pub fn cost_per_accepted(&self) -> Option<Estimate> {
        self.per_accepted(self.tally.spent_usd.filter(|_| self.population().cost.n() > 0)?, &self.population().cost)
    }

    /// Settled quota tokens per accepted answer, what failed trials took included.
    pub fn quota_tokens_per_accepted(&self) -> Option<Estimate> {
        self.per_accepted(self.tally.quota_tokens as f64, &self.population().settled)
    }

    /// Accepted answers per US dollar, what failed included; `None` where no price is known or nothing was spent.
    pub fn accepted_per_usd(&self) -> Option<f64> {
        self.tally.spent_usd.filter(|usd| *usd > 0.0).map(|usd| self.tally.accepted as f64 / usd)
    }

    /// Accepted answers per 1,000 quota tokens, what failed included.
    pub fn accepted_per_1000_quota_tokens(&self) -> Option<f64> {
        (self.tally.quota_tokens > 0).then(|| self.tally.accepted as f64 * 1_000.0 / self.tally.quota_tokens as f64)
    }

    /// What everything took, failed trials too, over the accepted answers; the spread is that of the successful trials.
    fn per_accepted(&self, everything: f64, running: &Running) -> Option<Estimate> {
        let mean = running.mean().filter(|mean| *mean > 0.0)?;
        let rate = self.accepted_rate().filter(|rate| *rate > 0.0)?;
        let value = everything / self.tally.accepted as f64;
        let relative =
            error_of(running).zip(self.rate_error()).map(|(e, rate_error)| (e / mean).hypot(rate_error / rate));
        Some(Estimate { value, error: relative.map(|relative| value * relative) })
    }

    /// Whether the gate lets it win: `Some(true)` shown to pass, `Some(false)` shown to fail, `None` not shown yet.
    pub fn passes_gate(&self, others: &[Figures<'_>]) -> Option<bool> {
        let Some(gate) = &self.plan.gate else { return Some(true) };
        let (low, high) = self.accepted_interval()?;
        let least = match gate {
            Gate::MinAccepted(least) => *least,
            Gate::NotWorseThan { variant, .. } if *variant == self.variant => return Some(true),
            Gate::NotWorseThan { variant, by } => {
                others.iter().find(|other| other.variant == *variant)?.accepted_rate()? - by
            }
        };
        if high < least {
            Some(false)
        } else if low >= least {
            Some(true)
        } else {
            None
        }
    }
}

/// The standard error of a mean, where n is large enough to speak of one.
fn error_of(running: &Running) -> Option<f64> {
    running.standard_error().filter(|_| running.n() >= FEWEST)
}
