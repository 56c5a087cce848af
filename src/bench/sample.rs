//! Sample: one measured trial.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::fault::Fault;
use crate::bench::micros;
use crate::bench::usage::Usage;

/// One planned repetition of a variant on a case. Indices point into the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trial {
    /// Its number in the plan's order, warm-up included; unique within a run.
    pub id: u64,
    /// Index of the model.
    pub model: usize,
    /// Index of the variant.
    pub variant: usize,
    /// Index of the case.
    pub case: usize,
    /// The block it belongs to: every variant once on the same case.
    pub block: u32,
    /// True where it is run and not counted: warm-up before the others, a verification after them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warmup: bool,
}

/// Ids of trials that are in no plan begin here: those of a verification.
pub const VERIFICATION: u64 = 1 << 40;

impl Trial {
    /// Whether it belongs to a verification, which drives a winner at the edge of the quota.
    pub fn verifies(&self) -> bool {
        self.id >= VERIFICATION
    }

    /// Its number as people read it: `12`, of a verification `v12`.
    pub fn number(&self) -> String {
        // Each model's verification has numbers of its own; which model it is stands beside it.
        if self.verifies() {
            format!("v{}", (self.id - VERIFICATION) & u64::from(u32::MAX))
        } else {
            self.id.to_string()
        }
    }
}

/// When things happened in the successful invocation, from the moment it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// From the moment it might go to the moment it left: the client's own delay, in none of the others.
    #[serde(default, with = "micros::option", skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<Duration>,
    /// Until the first event of any kind (reasoning, message start).
    #[serde(default, with = "micros::option")]
    pub first_event: Option<Duration>,
    /// TTFT: until the first non-empty text chunk; `None` where the API does not stream.
    #[serde(default, with = "micros::option")]
    pub ttft: Option<Duration>,
    /// E2E: until the last chunk.
    #[serde(with = "micros")]
    pub e2e: Duration,
    /// Non-empty text chunks.
    #[serde(default)]
    pub chunks: u32,
    /// The longest gap between two text chunks.
    #[serde(default, with = "micros::option")]
    pub longest_gap: Option<Duration>,
    /// Latency as the service states it, network and queue excluded.
    #[serde(default, with = "micros::option")]
    pub service: Option<Duration>,
}

impl Timing {
    /// TPOT: (E2E − TTFT) / (output tokens − 1); `None` without a TTFT or with fewer than two tokens.
    pub fn tpot(&self, output_tokens: u64) -> Option<Duration> {
        let ttft = self.ttft?;
        let rest = output_tokens.checked_sub(1).filter(|n| *n > 0)?;
        Some(self.e2e.saturating_sub(ttft).div_f64(rest as f64))
    }
}

/// What one check said of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFailure {
    /// The check as the configuration states it, short.
    pub check: String,
    /// Why the answer was not accepted.
    pub why: String,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// The model answered.
    Ok {
        /// Tokens of the successful invocation.
        usage: Usage,
        /// Its stopwatch.
        timing: Timing,
        /// Why the model stopped (`end_turn`, `max_tokens` …).
        stop_reason: String,
        /// True where `max_tokens` cut the answer off.
        cut_off: bool,
        /// Checks that it did not pass; empty means accepted, unless it was cut off.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failed_checks: Vec<CheckFailure>,
        /// The answer, as far as `keep` asks for it. Hostile text: clean before showing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Every attempt failed, or the last one cannot be retried.
    Failed {
        /// The last fault.
        fault: Fault,
    },
    /// The run ended before it did.
    Unfinished,
}

/// The measurement that a finished trial yields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The trial.
    pub trial: Trial,
    /// How it ended.
    pub outcome: Outcome,
    /// Invocations made, the successful one included.
    pub attempts: u32,
    /// Quota tokens reserved for the last invocation.
    pub reserved: u64,
    /// Quota tokens settled for the last invocation (for a failed one: what it still took).
    pub settled: u64,
    /// Quota tokens that the earlier, failed invocations took.
    #[serde(default)]
    pub wasted: u64,
    /// Time the trial waited for the pacer, apart from the service's latency.
    #[serde(with = "micros")]
    pub waited: Duration,
    /// Time to success: from the first send to the end of the last invocation, backoff included.
    #[serde(with = "micros")]
    pub to_success: Duration,
    /// US dollars for all its invocations, where a price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Sample {
    /// Whether the model answered.
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok { .. })
    }

    /// The labels of the checks that an answer did not pass; `max_tokens` where it was cut off.
    pub fn rejected_by(&self) -> impl Iterator<Item = &str> {
        let (failed, cut_off) = match &self.outcome {
            Outcome::Ok { failed_checks, cut_off, .. } => (&failed_checks[..], *cut_off),
            Outcome::Failed { .. } | Outcome::Unfinished => (&[][..], false),
        };
        failed.iter().map(|failed| failed.check.as_str()).chain(cut_off.then_some("max_tokens"))
    }

    /// Whether the answer is acceptable: complete, and every check passed.
    pub fn is_accepted(&self) -> bool {
        matches!(&self.outcome, Outcome::Ok { cut_off: false, failed_checks, .. } if failed_checks.is_empty())
    }
}
