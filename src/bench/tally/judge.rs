//! Judge: what one judge's invocations add up to, apart from the models under test.

use std::collections::BTreeMap;

use super::Tally;
use crate::bench::event::Event;
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::judge::Verdict;
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::usage::UsageSource;

/// What one judge's invocations add up to. Nothing of it is in a variant's figures.
#[derive(Debug, Clone, Default)]
pub struct JudgeTally {
    /// Its quota; `None` until it was detected.
    pub quota: Option<Quota>,
    /// What the user must know of the detection.
    pub quota_notes: Vec<String>,
    /// Working estimates that are lower than what is listed.
    pub learned: BTreeMap<LimitKind, f64>,
    /// Invocations made.
    pub invocations: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that the service throttled.
    pub throttles: u64,
    /// Answers that it accepted.
    pub accepted: u64,
    /// Answers that it rejected.
    pub rejected: u64,
    /// Answers of which it gave no verdict.
    pub unjudged: u64,
    /// Input tokens, cached ones included.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Who counted its tokens; `None` inside means mixed.
    pub source: Option<Option<UsageSource>>,
    /// Quota tokens of everything, failed invocations included.
    pub quota_tokens: u64,
    /// US dollars; 0 where it has no price.
    pub cost_usd: f64,
    /// The last fault. Hostile text.
    pub last_fault: Option<Fault>,
}

impl Tally {
    /// Takes in what a judge did; what tells of anything else changes nothing.
    pub(super) fn judge(&mut self, event: &Event) {
        let (Event::JudgeQuotaDetected { judge, .. }
        | Event::JudgeLimitLearned { judge, .. }
        | Event::JudgeAsked { judge, .. }
        | Event::JudgeReplied { judge, .. }
        | Event::JudgeFailed { judge, .. }) = event
        else {
            return;
        };
        if let Event::JudgeReplied { cost_usd, .. } | Event::JudgeFailed { cost_usd, .. } = event {
            self.cost_usd += cost_usd.unwrap_or(0.0);
        }
        if let Event::JudgeAsked { .. } = event {
            self.client.invocations += 1;
        }
        if let Some(judge) = self.judges.get_mut(*judge) {
            judge.apply(event);
        }
    }
}

impl JudgeTally {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::JudgeQuotaDetected { quota, notes, .. } => {
                (self.quota, self.quota_notes) = (Some(quota.clone()), notes.clone());
            }
            Event::JudgeLimitLearned { limit, value, .. } => {
                let listed = self.quota.as_ref().and_then(|quota| quota.get(*limit)).filter(|limit| limit.is_listed());
                match listed {
                    Some(listed) if *value >= listed.value => self.learned.remove(limit),
                    _ => self.learned.insert(*limit, *value),
                };
            }
            Event::JudgeAsked { .. } => self.invocations += 1,
            Event::JudgeReplied { usage, settled, cost_usd, verdict, again, .. } => {
                self.input += usage.input + usage.cache_read + usage.cache_write;
                self.output += usage.output;
                self.source = Some(match self.source {
                    None => Some(usage.source),
                    Some(one) => one.filter(|source| *source == usage.source),
                });
                self.quota_tokens += settled;
                self.cost_usd += cost_usd.unwrap_or(0.0);
                match verdict {
                    Verdict::Accepted => self.accepted += 1,
                    Verdict::Rejected { .. } => self.rejected += 1,
                    Verdict::Unclear { .. } => self.unjudged += u64::from(!again),
                }
            }
            Event::JudgeFailed { attempt, fault, settled, cost_usd, backoff, .. } => {
                self.failed += u64::from(*attempt > 0);
                self.throttles += u64::from(fault.kind == FaultKind::Throttled);
                self.quota_tokens += settled;
                self.cost_usd += cost_usd.unwrap_or(0.0);
                self.unjudged += u64::from(backoff.is_none());
                self.last_fault = Some(fault.clone());
            }
            _ => {}
        }
    }
}
