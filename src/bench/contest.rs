//! Contest: one model's variants compared pair by pair — who is shown to be worse than whom, and who cannot win.

use crate::bench::blocks::Blocks;
use crate::bench::digest::Digest;
use crate::bench::means::Setting;
use crate::bench::objective::{self, OBJECTIVES, Objective, Rule, WITHOUT_LIMITS};
use crate::bench::pairs::Pairs;
use crate::bench::plan::{Gate, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::sequential::{above, below, half_width};
use crate::bench::stats::normal_quantile;

/// Fewer blocks than this decide nothing: the tests below rest on means, and a mean of fewer can be anything.
pub const FEWEST_BLOCKS: usize = 10;
/// A relative difference that nobody need wait for: within it two scores are equal, and what breaks ties decides.
pub const EQUAL: f64 = 0.02;

/// Two variants, compared on the blocks that both have done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// How many blocks.
    pub blocks: usize,
    /// By how much the first is better, as a share of the better one's score; below 0 where it is worse.
    pub gap: f64,
    /// Half the width of the interval of that; infinite where so few blocks tell nothing.
    pub half_width: f64,
    /// The gap that would have been shown with a probability of 80 %.
    pub visible: f64,
    /// Evidence that the two differ.
    pub evidence: f64,
    /// What decided: the name of an objective, and whether only because those before it are equal.
    pub by: (&'static str, bool),
}

/// Why a variant cannot win.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lost {
    /// Another one is shown to be better: its index, and the comparison from that one's side.
    To(usize, Comparison),
    /// It was shown while the race was on: what crosses the bound once has crossed it.
    Raced,
    /// Its acceptance is shown to be below the gate.
    Gate,
    /// Every trial failed.
    Failed,
    /// The user left it out.
    LeftOut,
}

/// One variant in a contest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Index of the variant.
    pub variant: usize,
    /// Why it cannot win, where that is shown.
    pub lost: Option<Lost>,
    /// Whether it is shown to pass the gate; `None` where neither is.
    pub passes: Option<bool>,
}

/// One model's variants under one rule.
#[derive(Debug, Clone, Copy)]
pub struct Contest<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Index of the model.
    pub model: usize,
    /// What their trials took.
    pub blocks: &'a Blocks,
    /// The quota, as far as it can be taken.
    pub quota: Option<&'a Quota>,
}

impl<'a> Contest<'a> {
    /// Some variants under a rule, ready to be compared.
    pub fn under(self, rule: &'a Rule, variants: &'a [usize]) -> Pairs<'a> {
        Pairs::of(self, rule, variants)
    }

    /// Who can still win under a rule, and who cannot; `variants` take part, and of some of them
    /// it is known already why they cannot.
    pub fn standings(&self, rule: &Rule, variants: &[usize], known: &[(usize, Lost)]) -> Vec<Standing> {
        self.under(rule, variants).standings(known)
    }

    /// How the first of two variants compares with the other under a rule; `None` where either cannot be scored.
    pub fn compare(&self, rule: &Rule, variants: &[usize], a: usize, b: usize) -> Option<Comparison> {
        self.under(rule, variants).compare(a, b)
    }

    /// The evidence that a difference between two of so many variants needs to be shown: evidence has two sides, and
    /// each of the K others may be the wrong one.
    pub fn threshold(&self, variants: usize) -> f64 {
        variants.max(2) as f64 / 2.0 / (1.0 - self.plan.confidence).max(f64::EPSILON)
    }

    /// The objectives that answer a rule's question where the limit that binds is known, the first and what breaks its
    /// ties; none for a weighted combination.
    pub(super) fn objectives(&self, rule: &Rule, bound: Option<LimitKind>) -> Vec<&'static Objective> {
        let Some(row) = rule.only() else { return Vec::new() };
        if !["auto", "throughput"].contains(&row.name) {
            return vec![row];
        }
        let [fewest, cost] = ["efficiency", "cost"].map(|name| objective::row(name).unwrap_or(row));
        let unlimited = self.quota.is_none_or(|quota| LimitKind::ALL.iter().all(|kind| quota.get(*kind).is_none()));
        match bound {
            _ if unlimited && row.name == "throughput" => vec![&WITHOUT_LIMITS, fewest, cost],
            // Where RPM binds every capacity tokens buy no requests, and `auto` asks what `throughput` asks.
            bound if bound == Some(LimitKind::Rpm) || row.name == "throughput" => vec![&OBJECTIVES[0], fewest, cost],
            _ => vec![row],
        }
    }

    /// The limit that binds every variant; `None` where they differ, or nothing is known.
    pub fn bound(&self, variants: &[usize]) -> Option<LimitKind> {
        let setting = self.setting();
        let limit = |variant: &usize| Some(setting.capacity(&self.blocks.trials(*variant)?.means_but_median())?.limit);
        let mut limits = variants.iter().filter_map(limit);
        let first = limits.next()?;
        limits.all(|limit| limit == first).then_some(first)
    }

    pub(super) fn setting(&self) -> Setting<'a> {
        Setting { quota: self.quota, active: self.plan.active, concurrency: 1.0 }
    }

    /// Whether a variant is shown to pass the gate (`Some(true)`), shown to fail it, or neither.
    /// `enough` is the evidence that it takes.
    pub fn passes(&self, variant: usize, enough: f64) -> Option<bool> {
        let shown = |mean: f64, counts: &[(f64, u64)]| {
            if above(mean, counts) >= enough {
                return Some(true);
            }
            (below(mean, counts) >= enough).then_some(false)
        };
        let done = self.blocks.of(variant);
        match self.plan.gate.as_ref() {
            None => Some(true),
            Some(Gate::MinAccepted(least)) => {
                let of = |accepted: bool| {
                    done.iter().filter(|taken| taken.answered && taken.accepted == accepted).count() as u64
                };
                let counts = [(1.0, of(true)), (0.0, of(false))];
                // No sample shows that an answer is never rejected; this gate asks for none that was.
                if *least >= 1.0 {
                    return (counts[1].1 == 0)
                        .then(|| counts[0].1 >= FEWEST_BLOCKS as u64)
                        .map_or(Some(false), |all| all.then_some(true));
                }
                shown(*least, &counts)
            }
            Some(Gate::NotWorseThan { variant: other, .. }) if *other == variant => Some(true),
            Some(Gate::NotWorseThan { variant: other, by }) => {
                let pairs = done.iter().zip(self.blocks.of(*other));
                let mut counts = [(-1.0, 0), (0.0, 0), (1.0, 0)];
                for (one, other) in pairs.filter(|(one, other)| one.answered && other.answered) {
                    let place = 1 + usize::from(one.accepted) - usize::from(other.accepted);
                    counts[place].1 += 1;
                }
                shown(-by, &counts)
            }
        }
    }
}

/// Whether an answer of a variant may be rejected, as far as is known.
pub fn may_be_rejected(plan: &Plan, variant: usize, done: &Digest) -> bool {
    !plan.checks.is_empty()
        || plan.cases.iter().any(|case| !case.checks.is_empty())
        || !plan.variants[variant].checks.is_empty()
        || done.rejects()
}

/// The gap between two of so many variants, a share, that n blocks whose differences vary like this would show with a
/// probability of 80 %.
pub fn visible(n: u64, deviation: f64, variants: usize, confidence: f64) -> f64 {
    let alpha = 2.0 * (1.0 - confidence) / variants.max(2) as f64;
    half_width(n, deviation, alpha) + normal_quantile(0.8) * deviation / (n.max(1) as f64).sqrt()
}
