//! Figures: one variant's numbers as every face shows them, computed from its tally in one place.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::bench::capacity::{Capacity, theoretical_rpm};
use crate::bench::contest::{FEWEST_BLOCKS, may_be_rejected};
use crate::bench::influence::moved;
use crate::bench::means::{Means, Setting, ends_by_limit, least};
use crate::bench::number::number;
use crate::bench::plan::Plan;
use crate::bench::population::Population;
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::sequential::half_width;
use crate::bench::stats::{Running, wilson};
use crate::bench::tally::{ModelTally, Tally, VariantTally};
use crate::bench::verification::Verified;

/// Fewer counted trials than this say nothing about spread, so intervals are withheld.
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
    of: &'a ModelTally,
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
        Self { plan: &tally.plan, model, variant, tally: &of.variants[variant], of }
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

    /// What its trials took on average; `None` without an answer.
    pub fn means(&self) -> Option<Means> {
        let (of, ended) = (self.population(), (self.tally.ok + self.tally.failed) as f64);
        let latency = of.e2e.mean_seconds()?;
        Some(Means {
            answered: self.tally.ok as f64 / ended,
            accepted: self.tally.accepted as f64 / ended,
            settled: of.settled.mean()?,
            reserved: of.reserved.mean()?,
            latency,
            busy: if self.tally.in_flight_seconds > 0.0 {
                self.tally.in_flight_seconds / self.tally.ok as f64
            } else {
                latency
            },
            median: of.e2e.median_ms()? / 1_000.0,
            total: of.total.mean()?,
            took: self.tally.quota_tokens as f64 / ended,
            spent: self.tally.spent_usd.filter(|_| of.cost.n() > 0).unwrap_or_default() / ended,
        })
    }

    /// What a score depends on beside the means: the whole quota as far as it can be taken, and the run's concurrency.
    pub fn setting(&self) -> Setting<'a> {
        Setting {
            quota: self.of.within(),
            active: self.plan.active,
            concurrency: self.of.mean_concurrency().unwrap_or(1.0),
        }
    }

    /// Capacity in the whole quota at the means.
    pub fn capacity_at(&self) -> Option<Capacity> {
        self.setting().capacity(&self.means()?)
    }

    /// Capacity in the whole quota, with an interval at the plan's confidence.
    pub fn capacity(&self) -> Option<CapacityRange> {
        let (means, setting) = (self.means()?, self.setting());
        let at = setting.capacity(&means)?;
        let range = self.range(&setting, |setting, means| Some(setting.capacity(means)?.rpm));
        Some(CapacityRange { at, low: range.as_ref().map(|r| *r.start()), high: range.map(|r| *r.end()) })
    }

    /// Prediction beside measurement under load, where it was driven at the edge of the quota.
    pub fn verified(&self, now: Duration) -> Option<Verified> {
        self.of.verification.as_ref().filter(|of| of.variant == self.variant)?.verified(now)
    }

    /// Capacity by the limits of a minute alone, where a daily quota binds.
    pub fn capacity_in_a_minute(&self) -> Option<Capacity> {
        let by_minute = Quota { tpd: None, ..self.of.within()?.clone() };
        let binds = self.capacity_at()?.limit == LimitKind::Tpd;
        Setting { quota: Some(&by_minute), ..self.setting() }.capacity(&self.means()?).filter(|_| binds)
    }

    /// Capacity in the share of the quota that this program may take.
    pub fn capacity_in_share(&self) -> Option<Capacity> {
        let share = self.of.in_force(self.plan.share)?;
        Setting { quota: Some(&share), ..self.setting() }.capacity(&self.means()?)
    }

    /// Accepted answers a minute inside the quota: capacity × share of accepted answers.
    pub fn goodput(&self) -> Option<f64> {
        self.setting().goodput(&self.means()?)
    }

    /// The interval of that.
    pub fn goodput_range(&self) -> Option<RangeInclusive<f64>> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is of one lifetime, the closure of all"
        )]
        self.range(&self.setting(), |setting, means| setting.goodput(means))
    }

    /// The interval of something that a quota limits, at the plan's confidence, valid whenever it is looked at; `None`
    /// where n is too small for one.
    fn range(
        &self,
        setting: &Setting<'_>,
        of: impl Fn(&Setting<'_>, &Means) -> Option<f64>,
    ) -> Option<RangeInclusive<f64>> {
        let means = self.means()?;
        least(&ends_by_limit(setting, |setting| {
            let (n, deviation) = self.spread(&|means| of(setting, means))?;
            let half = half_width(n, deviation, 1.0 - self.plan.confidence);
            let at = of(setting, &means)?;
            half.is_finite().then_some((at - half, at + half))
        }))
    }

    /// How many blocks a function of the means rests on, and by how much each moves it: the standard deviation that
    /// over √n is its error. `None` where n is too small to tell.
    pub fn spread(&self, of: &dyn Fn(&Means) -> Option<f64>) -> Option<(u64, f64)> {
        let trials = self.of.blocks.trials(self.variant).filter(|trials| trials.taken.len() >= FEWEST_BLOCKS)?;
        let judged = may_be_rejected(self.plan, self.variant, trials.digest);
        Some((trials.taken.len() as u64, moved(&trials, of)?.deviation(judged)))
    }

    /// The interval of a mean per successful trial, likewise.
    pub fn mean_range(&self, of: fn(&Population) -> &Running) -> Option<RangeInclusive<f64>> {
        let running = of(self.population());
        let (mean, deviation) = (running.mean()?, running.deviation()?);
        let half = half_width(running.n(), deviation, 1.0 - self.plan.confidence);
        (half.is_finite() && running.n() >= FEWEST).then(|| (mean - half).max(0.0)..=mean + half)
    }

    /// Share of accepted answers among the successful trials.
    pub fn accepted_rate(&self) -> Option<f64> {
        (self.tally.ok > 0).then(|| self.tally.accepted as f64 / self.tally.ok as f64)
    }

    /// Wilson's interval of that share at the plan's confidence: for showing, and not what the gate goes by.
    pub fn accepted_interval(&self) -> Option<(f64, f64)> {
        wilson(self.tally.accepted, self.tally.ok, self.plan.confidence)
    }

    /// The tutorial's figure: min(RPM, TPM / mean total tokens).
    pub fn theoretical_rpm(&self) -> Option<f64> {
        theoretical_rpm(self.of.quota.as_ref()?, self.tally.mean(|of| &of.total)?)
    }

    /// Seconds that one request would need of this variant's own time at the run's concurrency.
    fn pace(&self) -> Option<f64> {
        let concurrency = self.of.mean_concurrency()?;
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
    pub fn tokens_per_second(&self) -> Option<f64> {
        self.tokens_per_minute().map(|tokens| tokens / 60.0)
    }

    /// Accepted answers per US dollar, what failed included; `None` where no price is known or nothing was spent.
    pub fn accepted_per_usd(&self) -> Option<f64> {
        self.tally.spent_usd.filter(|usd| *usd > 0.0).map(|usd| self.tally.accepted as f64 / usd)
    }

    /// Accepted answers per 1,000 quota tokens, what failed included.
    pub fn accepted_per_1000_quota_tokens(&self) -> Option<f64> {
        (self.tally.quota_tokens > 0).then(|| self.tally.accepted as f64 * 1_000.0 / self.tally.quota_tokens as f64)
    }
}
