//! Variant: what one variant's counted trials on one model add up to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Phase, Tally};
use crate::bench::event::RetireCause;
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::plan::Variant;
use crate::bench::population::Population;
use crate::bench::sample::{Outcome, Sample};
use crate::bench::stats::{Lengths, Running};
use crate::bench::usage::UsageSource;

/// What one variant's counted trials on one model add up to.
#[derive(Debug, Clone, Default)]
pub struct VariantTally {
    /// Why it gets no more trials, where it was retired.
    pub retired: Option<Retired>,
    /// Successful trials.
    pub ok: u64,
    /// Failed trials.
    pub failed: u64,
    /// Trials that the end of the run cut off.
    pub unfinished: u64,
    /// Accepted answers.
    pub accepted: u64,
    /// Answers that `max_tokens` cut off.
    pub cut_off: u64,
    /// Invocations beyond each trial's first.
    pub retries: u64,
    /// Throttled invocations.
    pub throttles: u64,
    /// Failed invocations by kind.
    pub errors: BTreeMap<FaultKind, u64>,
    /// The last fault.
    pub last_fault: Option<Fault>,
    /// Successful trials that read nothing from a prompt cache.
    pub cold: Population,
    /// Successful trials that read from a prompt cache; `None` without any.
    pub cached: Option<Box<Population>>,
    /// Output tokens of each answer.
    pub outputs: Lengths,
    /// US dollars of everything that has a price, failed trials included.
    pub spent_usd: Option<f64>,
    /// Quota tokens of everything, failed invocations included.
    pub quota_tokens: u64,
    /// Those of them spent on failed, cut-off or rejected answers.
    pub quota_tokens_wasted: u64,
    /// Seconds that invocations of it were out.
    pub in_flight_seconds: f64,
    /// Seconds that a successful trial waited for the pacer, in none of the latencies.
    pub waited: Running,
    /// Who counted its tokens; `None` inside means mixed.
    pub source: Option<Option<UsageSource>>,
    /// An answer to show: the first accepted one, or the first. Hostile text.
    pub sample: Option<AnswerSample>,
    /// The last answer that was not accepted, and why. Hostile text.
    pub rejected: Option<AnswerSample>,
    /// Answers that each check did not accept, by the check's label; `max_tokens` for those cut off.
    pub rejections: BTreeMap<String, u64>,
    /// The first few answers that each check did not accept, as far as their texts are kept. Hostile text.
    pub examples: BTreeMap<String, Vec<AnswerSample>>,
}

/// So many rejected answers are kept to be shown, for each check.
pub const EXAMPLES: usize = 3;
/// So many checks have examples: every case may bring checks of its own.
pub const EXAMPLE_CHECKS: usize = 24;

/// The value under a key, which gets one where there are fewer than `most`.
pub fn slot<'a, V: Default>(of: &'a mut BTreeMap<String, V>, key: &str, most: usize) -> Option<&'a mut V> {
    if !of.contains_key(key) {
        if of.len() >= most {
            return None;
        }
        of.insert(key.to_owned(), V::default());
    }
    of.get_mut(key)
}

/// That a variant gets no more trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Retired {
    /// After so many successful trials.
    pub after: u64,
    /// Why, in a sentence.
    pub reason: String,
    /// On what account.
    pub cause: RetireCause,
    /// Index of the variant that was shown to be better, where one was.
    pub by: Option<usize>,
}

/// An answer kept to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerSample {
    /// Index of its case.
    pub case: usize,
    /// The answer. Hostile text.
    pub text: String,
    /// Whether it was accepted.
    pub accepted: bool,
    /// Why not.
    pub why: Vec<String>,
}

impl VariantTally {
    /// Takes a counted trial in.
    pub(super) fn finished(&mut self, sample: &Sample) {
        if let Some(cost) = sample.cost_usd {
            *self.spent_usd.get_or_insert(0.0) += cost;
        }
        let (usage, timing, cut_off, failed_checks, text) = match &sample.outcome {
            Outcome::Ok { usage, timing, cut_off, failed_checks, text, .. } => {
                (usage, timing, *cut_off, failed_checks, text)
            }
            Outcome::Failed { fault } => {
                self.failed += 1;
                self.last_fault = Some(fault.clone());
                return;
            }
            Outcome::Unfinished => {
                self.unfinished += 1;
                return;
            }
        };
        let accepted = sample.is_accepted();
        self.ok += 1;
        self.accepted += u64::from(accepted);
        self.cut_off += u64::from(cut_off);
        let population = if usage.cache_read > 0 { self.cached.get_or_insert_default() } else { &mut self.cold };
        population.add(sample, usage, timing);
        self.waited.add(sample.waited.as_secs_f64());
        self.outputs.add(usage.output);
        self.quota_tokens += sample.settled;
        if !accepted {
            self.quota_tokens_wasted += sample.settled;
        }
        self.source = Some(match self.source {
            None => Some(usage.source),
            Some(one) => one.filter(|source| *source == usage.source),
        });
        for check in sample.rejected_by() {
            match self.rejections.get_mut(check) {
                Some(n) => *n += 1,
                None => _ = self.rejections.insert(check.to_owned(), 1),
            }
        }
        let Some(text) = text else { return };
        let mut why: Vec<String> = failed_checks.iter().map(|f| format!("{}: {}", f.check, f.why)).collect();
        if cut_off {
            why.push("cut off by max_tokens".into());
        }
        let answer = AnswerSample { case: sample.trial.case, text: text.clone(), accepted, why };
        if !accepted {
            self.rejected = Some(answer.clone());
            for check in sample.rejected_by() {
                let examples = slot(&mut self.examples, check, EXAMPLE_CHECKS);
                if let Some(examples) = examples.filter(|examples| examples.len() < EXAMPLES) {
                    examples.push(answer.clone());
                }
            }
        }
        if self.sample.as_ref().is_none_or(|kept| accepted && !kept.accepted) {
            self.sample = Some(answer);
        }
    }

    /// The successful trials whose means stand for the variant: of those that read from a prompt cache and those that
    /// did not, the more frequent kind.
    pub fn population(&self) -> &Population {
        self.cached.as_deref().filter(|cached| cached.n() >= self.cold.n()).unwrap_or(&self.cold)
    }

    /// The mean of something over every successful trial, whichever population it is in.
    pub fn mean(&self, of: fn(&Population) -> &Running) -> Option<f64> {
        let both = [Some(&self.cold), self.cached.as_deref()].into_iter().flatten().map(of);
        let (sum, n) = both.fold((0.0, 0), |(sum, n), running| (sum + running.sum(), n + running.n()));
        (n > 0).then(|| sum / n as f64)
    }

    /// Whether the user left it out.
    pub fn is_left_out(&self) -> bool {
        self.retired.as_ref().is_some_and(|retired| retired.cause == RetireCause::User)
    }

    /// Trials that ended.
    pub fn finished_trials(&self) -> u64 {
        self.ok + self.failed + self.unfinished
    }

    /// Share of quota tokens that went into failed, cut-off or rejected answers.
    pub fn wasted(&self) -> Option<f64> {
        (self.quota_tokens > 0).then(|| self.quota_tokens_wasted as f64 / self.quota_tokens as f64)
    }

    /// Whether any of its token counts is an estimate.
    pub fn estimated(&self) -> bool {
        matches!(self.source, Some(None | Some(UsageSource::Estimated)))
    }
}

impl Tally {
    /// Puts a variant behind those of the plan. Once the run has begun it is no part of it, and no figure has it.
    pub fn beside(&mut self, variant: &Variant) {
        let included = variant.included && self.phase == Phase::Planned;
        Arc::make_mut(&mut self.plan).variants.push(Variant { included, ..variant.clone() });
        for model in &mut self.models {
            model.variants.push(VariantTally::default());
        }
    }
}
