//! Report: a finished tally, frozen, comparable, serialisable; the JSON schema 1 of the product page.

mod client;
mod judge;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::client::Bottleneck;
use crate::bench::event::{NoteLevel, RetireCause};
use crate::bench::figures::Figures;
use crate::bench::history::HistoryPoint;
use crate::bench::number::number;
use crate::bench::objective::Rule;
use crate::bench::population::Population;
use crate::bench::quota::{Limit, LimitKind, Quota};
use crate::bench::stats::{Distribution, Running};
use crate::bench::tally::{Phase, Retired, Tally, VariantTally};
use crate::bench::usage::UsageSource;
use crate::bench::verdict::{Verdict, efficiency_sentence, verdict};
pub use client::ClientReport;
pub use judge::{JudgeReport, JudgeTokens};

/// A run's numbers. Fields may be added to its JSON, but never change meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always 1.
    pub schema: u32,
    /// The run as a whole.
    pub run: RunReport,
    /// Per model.
    pub models: Vec<ModelReport>,
    /// Per judge: their quota and cost, in no figure of a variant.
    #[serde(default)]
    pub judges: Vec<JudgeReport>,
}

/// The run as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Its name on disk.
    pub id: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: Option<String>,
    /// When it ended, RFC 3339; `None` while it goes on.
    pub finished_at: Option<String>,
    /// Why it ended; `None` while it goes on.
    pub ended: Option<String>,
    /// The rule that ended it, in a sentence; `None` where everything planned was done.
    #[serde(default)]
    pub ended_reason: Option<String>,
    /// `simulator`, `aws` or the URL.
    pub endpoint: String,
    /// True where no AWS was behind it.
    pub simulated: bool,
    /// The region.
    pub region: String,
    /// The seed of the order of trials.
    pub seed: u64,
    /// The program's version.
    pub version: String,
    /// US dollars, judges included; `None` where a model has no known price.
    pub cost_usd: Option<f64>,
    /// What the reader must know before believing a number.
    pub warnings: Vec<String>,
    /// What the client itself cost, and whether it stood in its own way.
    #[serde(default)]
    pub client: Option<ClientReport>,
    /// Successful trials a minute by the wall clock, from first send to last completion.
    pub requests_per_minute: Option<f64>,
    /// Their tokens a minute, likewise.
    pub tokens_per_minute: Option<f64>,
}

/// One model of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// As the user named it.
    pub model: String,
    /// Its base model.
    pub base_model: String,
    /// Its family.
    pub family: String,
    /// The scope of quota.
    pub scope: String,
    /// Quota tokens per output token.
    pub burndown: u32,
    /// The quota, whole.
    pub quota: Quota,
    /// What this program could take of a limit where throttles showed that to be less than what is listed.
    #[serde(default)]
    pub learned: BTreeMap<LimitKind, f64>,
    /// Per variant.
    pub variants: Vec<VariantReport>,
    /// Per objective.
    pub verdicts: BTreeMap<String, Verdict>,
    /// What the most token-efficient variant gains over the least, in a sentence.
    #[serde(default)]
    pub efficiency: Option<String>,
    /// What was taken of the quota over the run's time: at most 240 steps of one length.
    #[serde(default)]
    pub history: Vec<HistoryPoint>,
    /// What racing saved.
    pub saved: Saved,
}

/// What racing saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Invocations not made.
    pub invocations: u64,
    /// US dollars not spent.
    pub cost_usd: f64,
}

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
    /// Advice on `max_tokens`; comes with a later version, `None` until then.
    #[serde(default)]
    pub advice: Option<serde_json::Value>,
    /// Prediction against measurement under load; comes with a later version, `None` until then.
    #[serde(default)]
    pub verified: Option<serde_json::Value>,
    /// After how many successful trials it was retired.
    pub retired_after: Option<u64>,
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
    /// Accepted answers a minute.
    pub accepted_per_minute: Option<f64>,
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

impl Report {
    /// Freezes a tally.
    pub fn of(tally: &Tally) -> Self {
        Self {
            schema: 1,
            run: RunReport::of(tally),
            models: (0..tally.models.len()).map(|model| ModelReport::of(tally, model)).collect(),
            judges: JudgeReport::all(tally),
        }
    }
}

impl RunReport {
    fn of(tally: &Tally) -> Self {
        let plan = &tally.plan;
        let finished = matches!(tally.phase, Phase::Finished(_));
        let wall = tally
            .first_sent
            .zip(tally.last_completed)
            .map(|(first, last)| last.saturating_sub(first).as_secs_f64() / 60.0)
            .filter(|minutes| *minutes > 0.0);
        Self {
            id: tally.run.clone(),
            started_at: tally.started_at.map(timestamp),
            finished_at: finished.then(|| timestamp(tally.last_at)),
            ended: match tally.phase {
                Phase::Finished(ended) => Some(ended.name().into()),
                _ => None,
            },
            endpoint: plan.endpoint.label().into(),
            simulated: tally.simulated,
            region: plan.region.clone(),
            seed: plan.seed,
            version: tally.version.clone(),
            cost_usd: plan
                .models
                .iter()
                .chain(&plan.judges)
                .all(|model| model.price.is_some())
                .then_some(tally.cost_usd),
            warnings: warnings(tally),
            client: Some(ClientReport::of(tally)),
            ended_reason: tally.ended_reason.clone(),
            requests_per_minute: wall.map(|minutes| tally.completed.trials as f64 / minutes),
            tokens_per_minute: wall.map(|minutes| tally.completed.tokens as f64 / minutes),
        }
    }
}

/// What of the client stood in the run's way so far.
pub fn bottleneck(tally: &Tally) -> Option<Bottleneck> {
    let medians = tally.all_variants().filter_map(|variant| {
        let of = variant.population();
        of.ttft.median_ms().or(of.e2e.median_ms())
    });
    tally.client.bottleneck(tally.elapsed(tally.last_at), medians.min_by(f64::total_cmp))
}

fn warnings(tally: &Tally) -> Vec<String> {
    let detection = tally
        .models
        .iter()
        .zip(&tally.plan.models)
        .flat_map(|(model, plan)| model.quota_notes.iter().map(move |note| about(plan.id.as_str(), note)));
    let noted = tally.notes.iter().filter(|(level, _)| *level >= NoteLevel::Warning).map(|(_, text)| text.clone());
    let retired = tally.models.iter().zip(&tally.plan.models).flat_map(|(model, plan)| {
        let named = model.variants.iter().zip(&tally.plan.variants);
        named.filter_map(|(variant, of)| {
            let Retired { after, reason, .. } =
                variant.retired.as_ref().filter(|retired| retired.cause != RetireCause::Lost)?;
            Some(format!("{} on {} got no more trials after {after} answers: {reason}", of.name, plan.id))
        })
    });
    let figures = (0..tally.models.len()).flat_map(|model| Figures::of_model(tally, model));
    let answers = figures.flat_map(|figures| [figures.cut_off_note(), figures.cache_note()]).flatten();
    let learned = tally.plan.models.iter().enumerate().flat_map(|(model, plan)| {
        learned_notes(tally, model).into_iter().map(move |note| about(plan.id.as_str(), &note))
    });
    let own = bottleneck(tally).map(|found| found.sentence().to_owned());
    let mut all: Vec<String> = Vec::new();
    for warning in
        detection.chain(noted).chain(retired).chain(answers).chain(learned).chain(judge::warnings(tally)).chain(own)
    {
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    all
}

/// What throttles say of a model's listed limits, in sentences.
pub fn learned_notes(tally: &Tally, model: usize) -> Vec<String> {
    let Some(of) = tally.models.get(model) else { return Vec::new() };
    let note = |(kind, value): (&LimitKind, &f64)| {
        let listed = of.quota.as_ref()?.value(*kind)?;
        let asked = match tally.plan.share {
            share if share < 1.0 => format!("{} % of the listed", number(share * 100.0)),
            _ => "the listed".into(),
        };
        Some(format!(
            "throttled below {asked} {listed} {kind}: about {value} can be taken (learned), so figures by the listed \
             {kind} are too high, or others take the rest",
            listed = number(listed),
            kind = kind.name(),
            value = number(*value)
        ))
    };
    of.learned.iter().filter_map(note).collect()
}

/// A note with its model before it, where the note does not begin with that itself.
fn about(model: &str, note: &str) -> String {
    if note.starts_with(model) { note.to_owned() } else { format!("{model}: {note}") }
}

/// Every objective by itself, and the plan's where it is a combination.
fn rules(tally: &Tally) -> impl Iterator<Item = Rule> {
    let planned = tally.plan.objective;
    Rule::each().chain(planned.only().is_none().then_some(planned))
}

impl ModelReport {
    fn of(tally: &Tally, model: usize) -> Self {
        let (plan, of) = (&tally.plan.models[model], &tally.models[model]);
        Self {
            model: plan.id.as_str().into(),
            base_model: plan.id.base().into(),
            family: plan.id.family().name.into(),
            scope: plan.scope().name().into(),
            burndown: plan.burndown,
            quota: of.quota.clone().unwrap_or_default(),
            learned: of.learned.clone(),
            variants: Figures::of_model(tally, model).map(|figures| VariantReport::of(&figures)).collect(),
            verdicts: rules(tally).map(|rule| (rule.name(), verdict(tally, model, &rule))).collect(),
            efficiency: efficiency_sentence(tally, model),
            history: of.history.points(tally.started_at.unwrap_or_default()),
            saved: Saved::default(),
        }
    }

    /// One limit of the quota.
    pub fn limit(&self, kind: LimitKind) -> Option<&Limit> {
        self.quota.get(kind)
    }
}

impl VariantReport {
    fn of(figures: &Figures<'_>) -> Self {
        let tally = figures.tally;
        let capacity = figures.capacity();
        let accepted = figures.accepted_interval();
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
            tokens: tokens(|of| tally.mean(of), source_name(tally.source)),
            quota_tokens: QuotaTokensReport { wasted: tally.wasted(), ..quota_tokens(|of| tally.mean(of)) },
            latency_ms: latency(population),
            cache: CacheReport::of(tally),
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
            advice: None,
            verified: None,
            retired_after: tally.retired.as_ref().map(|retired| retired.after),
            output_sample: tally.sample.as_ref().map(|sample| shortened(&sample.text, 100)),
        }
    }
}

impl CacheReport {
    /// `None` where nothing was read from a prompt cache and nothing written to one.
    fn of(tally: &VariantTally) -> Option<Self> {
        let used = tally.cached.is_some() || tally.cold.cache_write.sum() > 0.0;
        let report = |population: &Population| PopulationReport {
            trials: population.n(),
            tokens: tokens(|of| of(population).mean(), source_name(tally.source)),
            quota_tokens: quota_tokens(|of| of(population).mean()),
            latency_ms: latency(population),
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
    })
}

fn quota_tokens(mean: impl Fn(fn(&Population) -> &Running) -> Option<f64>) -> QuotaTokensReport {
    QuotaTokensReport { reserved: mean(|of| &of.reserved), settled: mean(|of| &of.settled), wasted: None }
}

fn latency(population: &Population) -> LatencyReport {
    LatencyReport {
        ttft: quantiles(&population.ttft),
        e2e: quantiles(&population.e2e),
        tpot: quantiles(&population.tpot),
    }
}

fn quantiles(distribution: &Distribution) -> Option<QuantilesReport> {
    (distribution.n() > 0).then(|| QuantilesReport {
        mean: distribution.mean_seconds().map(|seconds| seconds * 1_000.0),
        p50: distribution.quantile_ms(0.5),
        p90: distribution.quantile_ms(0.9),
        p95: distribution.quantile_ms(0.95),
        p99: distribution.quantile_ms(0.99),
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

/// The first `most` characters, and `…` where there were more.
pub fn shortened(text: &str, most: usize) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// A moment since the Unix epoch as RFC 3339 in UTC, to the millisecond.
pub fn timestamp(at: Duration) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis() as i64).unwrap_or_default();
    format!("{moment:.3}")
}
