//! Variant: one variant's numbers on one model, frozen.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shortened;
use crate::bench::advice::{Advice, advice, sentence};
use crate::bench::figures::Figures;
use crate::bench::population::Population;
use crate::bench::quota::LimitKind;
use crate::bench::stats::{Distribution, Running};
use crate::bench::tally::VariantTally;
use crate::bench::usage::UsageSource;
use crate::bench::verification::Verified;

/// One variant on one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantReport {
    /// Its name.
    pub name: String,
    /// Counted trials that ended.
    pub trials: u64,
    /// Those that succeeded.
    pub ok: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that the end of the run cut off.
    pub unfinished: u64,
    /// Invocations beyond each trial's first.
    pub retries: u64,
    /// Throttled invocations.
    pub throttles: u64,
    /// Failed invocations by kind.
    pub errors: BTreeMap<String, u64>,
    /// The last fault's message.
    pub error: Option<String>,
    /// Mean tokens per successful trial; `None` without one.
    pub tokens: Option<TokensReport>,
    /// Quota tokens.
    pub quota_tokens: QuotaTokensReport,
    /// Latencies in milliseconds.
    pub latency_ms: LatencyReport,
    /// Trials that read from a prompt cache and those that did not, apart; `None` where no cache was used. Latencies
    /// and capacity of the variant are those of the more frequent kind; its means of tokens, quota tokens and money
    /// are of all.
    #[serde(default)]
    pub cache: Option<CacheReport>,
    /// Mean milliseconds that a successful trial waited for the pacer; in none of the latencies.
    #[serde(default)]
    pub waited_ms: Option<f64>,
    /// Successful requests a minute at the run's concurrency, alone and with no quota in the way.
    pub requests_per_minute: Option<f64>,
    /// Their tokens a minute.
    pub tokens_per_minute: Option<f64>,
    /// Their tokens a second.
    pub tokens_per_second: Option<f64>,
    /// min(RPM, TPM / mean total tokens).
    pub theoretical_rpm: Option<f64>,
    /// Requests a minute inside the quota.
    pub capacity: CapacityReport,
    /// Share of accepted answers.
    pub accepted: AcceptedReport,
    /// Mean US dollars per successful trial.
    pub cost_usd_per_request: Option<f64>,
    /// Accepted answers per 1,000 quota tokens.
    pub accepted_per_1000_quota_tokens: Option<f64>,
    /// Accepted answers per US dollar, what failed included.
    #[serde(default)]
    pub accepted_per_usd: Option<f64>,
    /// A smaller `max_tokens`, where the sample speaks for one.
    #[serde(default)]
    pub advice: Option<Advice>,
    /// That in a sentence.
    #[serde(default)]
    pub advice_sentence: Option<String>,
    /// Prediction beside measurement under load, where it was verified.
    #[serde(default)]
    pub verified: Option<Verified>,
    /// After how many successful trials it was retired.
    pub retired_after: Option<u64>,
    /// What was not accepted, and why; `None` where everything was.
    #[serde(default)]
    pub rejected: Option<RejectedReport>,
    /// The first 100 characters of an answer, then `…`. Hostile text.
    pub output_sample: Option<String>,
}

/// Means per successful trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokensReport {
    /// Input tokens.
    pub input: f64,
    /// Output tokens.
    pub output: f64,
    /// All tokens.
    pub total: f64,
    /// Cache-read tokens.
    pub cache_read: f64,
    /// Cache-write tokens.
    pub cache_write: f64,
    /// `reported`, `counted`, `estimated` or `mixed`.
    pub source: String,
    /// Intervals of these means at the run's confidence, valid whenever they are looked at; of the more frequent
    /// population. `None` where n is too small.
    #[serde(default)]
    pub intervals: Option<TokenIntervals>,
}

/// The two ends of the interval of each mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TokenIntervals {
    /// Input tokens.
    pub input: (f64, f64),
    /// Output tokens.
    pub output: (f64, f64),
    /// All tokens.
    pub total: (f64, f64),
}

/// Answers that were not accepted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RejectedReport {
    /// How many each check did not accept; `max_tokens` for those cut off. One answer can fail several.
    pub checks: BTreeMap<String, u64>,
    /// The case of an example; `None` where no reply is kept.
    pub case: Option<String>,
    /// Why it was not accepted. Hostile text.
    pub why: Vec<String>,
    /// The first 300 characters of the answer, then `…`. Hostile text.
    pub output: Option<String>,
}

impl RejectedReport {
    fn of(figures: &Figures<'_>) -> Option<Self> {
        let tally = figures.tally;
        let example = tally.rejected.as_ref();
        (!tally.rejections.is_empty()).then(|| Self {
            checks: tally.rejections.clone(),
            case: example.and_then(|of| figures.plan.cases.get(of.case)).map(|case| case.id.clone()),
            why: example.map(|of| of.why.clone()).unwrap_or_default(),
            output: example.map(|of| shortened(&of.text, 300)),
        })
    }

    /// The counts and the example in a sentence.
    pub fn sentence(&self) -> String {
        let counts: Vec<String> = self.checks.iter().map(|(check, n)| format!("{n} by {check}")).collect();
        let example = self.case.as_ref().map_or_else(String::new, |case| {
            let answer = self.output.as_deref().unwrap_or_default();
            format!("; for instance on case {case}: {}: {answer}", self.why.join("; "))
        });
        format!("rejected {}{example}", counts.join(", "))
    }
}

/// The two populations of a variant with a prompt cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CacheReport {
    /// Successful trials that read from the cache; `None` without any.
    pub cached: Option<PopulationReport>,
    /// Successful trials that read nothing from it.
    pub cold: PopulationReport,
}

/// Successful trials of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PopulationReport {
    /// How many.
    pub trials: u64,
    /// Mean tokens; `None` without a trial.
    pub tokens: Option<TokensReport>,
    /// Quota tokens.
    pub quota_tokens: QuotaTokensReport,
    /// Latencies in milliseconds.
    pub latency_ms: LatencyReport,
}

/// Quota tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuotaTokensReport {
    /// Mean reserved per successful trial.
    pub reserved: Option<f64>,
    /// Mean settled per successful trial.
    pub settled: Option<f64>,
    /// The interval of the mean settled, like those of the tokens.
    #[serde(default)]
    pub settled_interval: Option<(f64, f64)>,
    /// Share spent on failed, cut-off or rejected answers; of the variant as a whole only.
    pub wasted: Option<f64>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyReport {
    /// Time to first token.
    pub ttft: Option<QuantilesReport>,
    /// End to end.
    pub e2e: Option<QuantilesReport>,
    /// Time per output token.
    pub tpot: Option<QuantilesReport>,
}

/// A mean and quantiles; a quantile is `None` where n is too small for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantilesReport {
    /// Mean.
    pub mean: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// The interval of each percentile, whatever the distribution (order statistics); withheld where n is too small.
    #[serde(default)]
    pub intervals: BTreeMap<String, (f64, f64)>,
    /// How they are distributed: steps of 5.9 % whose edges are the same in every report, those that are empty left out.
    #[serde(default)]
    pub histogram: Vec<Bin>,
}

/// One step of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Its lower edge in milliseconds, inside.
    pub from_ms: f64,
    /// Its upper edge in milliseconds, outside.
    pub to_ms: f64,
    /// Values in it.
    pub count: u64,
}

/// Requests a minute inside the quota.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CapacityReport {
    /// At the means.
    pub requests_per_minute: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// The limit that binds.
    pub limit: Option<LimitKind>,
    /// Accepted answers a minute: goodput capacity.
    pub accepted_per_minute: Option<f64>,
    /// Lower end of its interval.
    #[serde(default)]
    pub accepted_low: Option<f64>,
    /// Upper end of its interval.
    #[serde(default)]
    pub accepted_high: Option<f64>,
    /// The same inside the share of the quota in force.
    #[serde(default)]
    pub in_share: Option<f64>,
}

/// Share of accepted answers with its interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AcceptedReport {
    /// The share.
    pub rate: Option<f64>,
    /// Lower end of Wilson's interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl VariantReport {
    pub(super) fn of(figures: &Figures<'_>, now: Duration) -> Self {
        let tally = figures.tally;
        let (capacity, advised) = (figures.capacity(), advice(figures));
        let accepted = figures.accepted_interval();
        let goodput = figures.goodput_range();
        let population = figures.population();
        Self {
            name: figures.name().into(),
            trials: tally.finished_trials(),
            ok: tally.ok,
            failed: tally.failed,
            unfinished: tally.unfinished,
            retries: tally.retries,
            throttles: tally.throttles,
            errors: tally.errors.iter().map(|(kind, n)| (kind.name().into(), *n)).collect(),
            error: tally.last_fault.as_ref().map(|fault| fault.message.clone()),
            tokens: tokens(|of| tally.mean(of), source_name(tally.source))
                .map(|tokens| TokensReport { intervals: TokenIntervals::of(figures), ..tokens }),
            quota_tokens: QuotaTokensReport {
                wasted: tally.wasted(),
                settled_interval: ends(figures.mean_range(|of| &of.settled)),
                ..quota_tokens(|of| tally.mean(of))
            },
            latency_ms: latency(population, figures.plan.confidence),
            cache: CacheReport::of(tally, figures.plan.confidence),
            waited_ms: tally.waited.mean().map(|seconds| seconds * 1_000.0),
            requests_per_minute: figures.requests_per_minute(),
            tokens_per_minute: figures.tokens_per_minute(),
            tokens_per_second: figures.tokens_per_second(),
            theoretical_rpm: figures.theoretical_rpm(),
            capacity: CapacityReport {
                requests_per_minute: capacity.map(|c| c.at.rpm),
                low: capacity.and_then(|c| c.low),
                high: capacity.and_then(|c| c.high),
                limit: capacity.map(|c| c.at.limit),
                accepted_per_minute: figures.goodput(),
                accepted_low: goodput.as_ref().map(|range| *range.start()),
                accepted_high: goodput.as_ref().map(|range| *range.end()),
                in_share: figures.capacity_in_share().map(|c| c.rpm),
            },
            accepted: AcceptedReport {
                rate: figures.accepted_rate(),
                low: accepted.map(|(low, _)| low),
                high: accepted.map(|(_, high)| high),
            },
            cost_usd_per_request: tally.mean(|of| &of.cost),
            accepted_per_1000_quota_tokens: figures.accepted_per_1000_quota_tokens(),
            accepted_per_usd: figures.accepted_per_usd(),
            advice: advised,
            advice_sentence: advised.map(|advised| sentence(figures, &advised)),
            verified: figures.verified(now),
            retired_after: tally.retired.as_ref().map(|retired| retired.after),
            rejected: RejectedReport::of(figures),
            output_sample: tally.sample.as_ref().map(|sample| shortened(&sample.text, 100)),
        }
    }
}

impl TokenIntervals {
    fn of(figures: &Figures<'_>) -> Option<Self> {
        Some(Self {
            input: ends(figures.mean_range(|of| &of.input))?,
            output: ends(figures.mean_range(|of| &of.output))?,
            total: ends(figures.mean_range(|of| &of.total))?,
        })
    }
}

fn ends(range: Option<RangeInclusive<f64>>) -> Option<(f64, f64)> {
    range.map(RangeInclusive::into_inner)
}

impl CacheReport {
    /// `None` where nothing was read from a prompt cache and nothing written to one.
    fn of(tally: &VariantTally, confidence: f64) -> Option<Self> {
        let used = tally.cached.is_some() || tally.cold.cache_write.sum() > 0.0;
        let report = |population: &Population| PopulationReport {
            trials: population.n(),
            tokens: tokens(|of| of(population).mean(), source_name(tally.source)),
            quota_tokens: quota_tokens(|of| of(population).mean()),
            latency_ms: latency(population, confidence),
        };
        used.then(|| Self { cached: tally.cached.as_deref().map(report), cold: report(&tally.cold) })
    }
}

fn tokens(mean: impl Fn(fn(&Population) -> &Running) -> Option<f64>, source: &str) -> Option<TokensReport> {
    Some(TokensReport {
        input: mean(|of| &of.input)?,
        output: mean(|of| &of.output)?,
        total: mean(|of| &of.total)?,
        cache_read: mean(|of| &of.cache_read)?,
        cache_write: mean(|of| &of.cache_write)?,
        source: source.into(),
        intervals: None,
    })
}

fn quota_tokens(mean: impl Fn(fn(&Population) -> &Running) -> Option<f64>) -> QuotaTokensReport {
    QuotaTokensReport {
        reserved: mean(|of| &of.reserved),
        settled: mean(|of| &of.settled),
        settled_interval: None,
        wasted: None,
    }
}

fn latency(population: &Population, confidence: f64) -> LatencyReport {
    LatencyReport {
        ttft: quantiles(&population.ttft, confidence),
        e2e: quantiles(&population.e2e, confidence),
        tpot: quantiles(&population.tpot, confidence),
    }
}

fn quantiles(distribution: &Distribution, confidence: f64) -> Option<QuantilesReport> {
    let interval = |(name, p): (&str, f64)| Some((name.to_owned(), distribution.quantile_interval_ms(p, confidence)?));
    (distribution.n() > 0).then(|| QuantilesReport {
        mean: distribution.mean_seconds().map(|seconds| seconds * 1_000.0),
        p50: distribution.quantile_ms(0.5),
        p90: distribution.quantile_ms(0.9),
        p95: distribution.quantile_ms(0.95),
        p99: distribution.quantile_ms(0.99),
        intervals: [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)]
            .into_iter()
            .filter_map(interval)
            .collect(),
        histogram: distribution
            .histogram()
            .into_iter()
            .map(|(from_ms, to_ms, count)| Bin { from_ms, to_ms, count })
            .collect(),
    })
}

/// The report's word for who counted a variant's tokens.
pub fn source_name(source: Option<Option<UsageSource>>) -> &'static str {
    match source {
        None => "none",
        Some(None) => "mixed",
        Some(Some(UsageSource::Reported)) => "reported",
        Some(Some(UsageSource::Counted)) => "counted",
        Some(Some(UsageSource::Estimated)) => "estimated",
    }
}
