//! Report: a finished tally, frozen, comparable, serialisable; the JSON schema 1 of the product page.

mod client;
mod judge;
mod variant;
mod warnings;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::across::{Across, across};
use crate::bench::event::{Ended, RetireCause};
use crate::bench::figures::Figures;
use crate::bench::guess;
use crate::bench::history::HistoryPoint;
use crate::bench::number::number;
use crate::bench::objective::Rule;
use crate::bench::quota::{Limit, LimitKind, Quota};
use crate::bench::tally::{Phase, Tally};
use crate::bench::verdict::{Verdict, efficiency_sentence, verdict};

pub use self::client::ClientReport;
pub use self::judge::{JudgeReport, JudgeTokens};
pub use self::variant::{
    AcceptedReport, Bin, CacheReport, CapacityReport, LatencyReport, PopulationReport, QuantilesReport,
    QuotaTokensReport, RejectedReport, TokenIntervals, TokensReport, VariantReport, source_name,
};
pub use self::warnings::{bottleneck, learned_notes};

/// A run's numbers. Fields may be added to its JSON, but never change meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always 1.
    pub schema: u32,
    /// The run as a whole.
    pub run: RunReport,
    /// Per model.
    pub models: Vec<ModelReport>,
    /// Across models, at equal quality; `None` with one model.
    #[serde(default)]
    pub across: Option<Across>,
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
    /// Whom one guesses for this family before a measurement, or what became of that guess under the plan's objective.
    #[serde(default)]
    pub guess: Option<String>,
}

/// What racing saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Invocations not made.
    pub invocations: u64,
    /// US dollars not spent.
    pub cost_usd: f64,
}

impl Report {
    /// Freezes a tally.
    pub fn of(tally: &Tally) -> Self {
        Self {
            schema: 1,
            run: RunReport::of(tally),
            models: (0..tally.models.len()).map(|model| ModelReport::of(tally, model)).collect(),
            across: across(tally),
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
            warnings: warnings::warnings(tally),
            client: Some(ClientReport::of(tally)),
            ended_reason: tally.ended_reason.clone(),
            requests_per_minute: wall.map(|minutes| tally.completed.trials as f64 / minutes),
            tokens_per_minute: wall.map(|minutes| tally.completed.tokens as f64 / minutes),
        }
    }
}

/// Every objective by itself, and the plan's where it is a combination.
fn rules(tally: &Tally) -> impl Iterator<Item = Rule> {
    let planned = tally.plan.objective;
    Rule::each().chain(planned.only().is_none().then_some(planned))
}

impl Saved {
    /// Trials that were planned and that a race made needless, at what the variant's trials cost on average.
    pub fn of(tally: &Tally, model: usize) -> Self {
        let decided = tally.phase == Phase::Finished(Ended::Decided);
        let needless = |figures: &Figures<'_>| {
            let lost = figures.tally.retired.as_ref().is_some_and(|retired| retired.cause == RetireCause::Lost);
            lost || decided && figures.tally.retired.is_none()
        };
        Figures::of_model(tally, model).filter(needless).fold(Self::default(), |sum, figures| {
            let left = u64::from(tally.plan.trials).saturating_sub(figures.tally.finished_trials());
            let cost = figures.tally.mean(|of| &of.cost).unwrap_or_default();
            Self { invocations: sum.invocations + left, cost_usd: sum.cost_usd + left as f64 * cost }
        })
    }

    /// That in a sentence; `None` where nothing was saved. What has no price saves no money that could be told.
    pub fn sentence(&self) -> Option<String> {
        let money = if self.cost_usd > 0.0 { format!(" (${})", number(self.cost_usd)) } else { String::new() };
        let calls = if self.invocations == 1 { "call" } else { "calls" };
        (self.invocations > 0).then(|| format!("racing saved {} {calls}{money}", number(self.invocations as f64)))
    }
}

impl ModelReport {
    fn of(tally: &Tally, model: usize) -> Self {
        let (plan, of) = (&tally.plan.models[model], &tally.models[model]);
        let verdicts: BTreeMap<String, Verdict> =
            rules(tally).map(|rule| (rule.name(), verdict(tally, model, &rule))).collect();
        Self {
            model: plan.id.as_str().into(),
            base_model: plan.id.base().into(),
            family: plan.id.family().name.into(),
            scope: plan.scope().name().into(),
            burndown: plan.burndown,
            quota: of.quota.clone().unwrap_or_default(),
            learned: of.learned.clone(),
            variants: Figures::of_model(tally, model)
                .map(|figures| VariantReport::of(&figures, tally.last_at))
                .collect(),
            guess: verdicts.get(&tally.plan.objective.name()).and_then(|of| guess::sentence(tally, model, of)),
            verdicts,
            efficiency: efficiency_sentence(tally, model),
            history: of.history.points(tally.started_at.unwrap_or_default()),
            saved: Saved::of(tally, model),
        }
    }

    /// One limit of the quota.
    pub fn limit(&self, kind: LimitKind) -> Option<&Limit> {
        self.quota.get(kind)
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
