//! Judge: one judge of a run, as the report has it, and what its reader must know.

use serde::{Deserialize, Serialize};

use super::source_name;
use super::warnings::about;
use crate::bench::number::number;
use crate::bench::quota::Quota;
use crate::bench::tally::Tally;

/// One judge of a run. Nothing of it is in a figure of a variant; its cost is in the run's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeReport {
    /// As the user named it.
    pub model: String,
    /// Its quota, whole.
    pub quota: Quota,
    /// Invocations made.
    pub invocations: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that the service throttled.
    pub throttles: u64,
    /// Its tokens, over all invocations.
    pub tokens: JudgeTokens,
    /// Quota tokens, over all invocations.
    pub quota_tokens: u64,
    /// US dollars; `None` where its price is not known.
    pub cost_usd: Option<f64>,
    /// Answers that it accepted.
    pub accepted: u64,
    /// Answers that it rejected.
    pub rejected: u64,
    /// Answers of which it gave no verdict: they count as not accepted.
    pub unjudged: u64,
}

/// A judge's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgeTokens {
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// `reported`, `counted`, `estimated`, `mixed`, or `none` without any.
    pub source: String,
}

impl JudgeReport {
    /// Every judge of a run.
    pub(super) fn all(tally: &Tally) -> Vec<Self> {
        let judges = tally.judges.iter().zip(&tally.plan.judges);
        judges
            .map(|(of, plan)| Self {
                model: plan.id.as_str().into(),
                quota: of.quota.clone().unwrap_or_default(),
                invocations: of.invocations,
                failed: of.failed,
                throttles: of.throttles,
                tokens: JudgeTokens { input: of.input, output: of.output, source: source_name(of.source).into() },
                quota_tokens: of.quota_tokens,
                cost_usd: plan.price.map(|_| of.cost_usd),
                accepted: of.accepted,
                rejected: of.rejected,
                unjudged: of.unjudged,
            })
            .collect()
    }
}

/// What the reader must know of the judges: of their quotas, and how many answers were not judged.
pub(super) fn warnings(tally: &Tally) -> Vec<String> {
    let mut all = Vec::new();
    for (of, plan) in tally.judges.iter().zip(&tally.plan.judges) {
        let id = plan.id.as_str();
        all.extend(of.quota_notes.iter().map(|note| about(id, note)));
        // A guess that grew was not throttled.
        all.extend(of.learned.iter().filter(|_| of.throttles > 0).map(|(kind, value)| {
            let (value, kind) = (number(*value), kind.name());
            about(id, &format!("the judge was throttled: about {value} {kind} can be taken (learned)"))
        }));
        if of.unjudged > 0 {
            let last = of.last_fault.as_ref().map_or_else(String::new, |fault| {
                format!("; the last fault: {}: {}", fault.kind.name(), fault.message)
            });
            let answers = if of.unjudged == 1 { "answer was" } else { "answers were" };
            let unjudged = number(of.unjudged as f64);
            all.push(about(id, &format!("{unjudged} {answers} not judged and count as not accepted{last}")));
        }
    }
    all
}
