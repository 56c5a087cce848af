//! Contest: one model's variants compared pair by pair — who is shown to be worse than whom, and who cannot win.

use crate::bench::blocks::{Blocks, Taken};
use crate::bench::means::{Contrast, Means, Setting, contrast, mean};
use crate::bench::objective::{self, OBJECTIVES, Objective, Rule, WITHOUT_LIMITS};
use crate::bench::plan::{Gate, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::sequential::{above, below, evidence, half_width};
use crate::bench::stats::normal_quantile;

/// Fewer blocks than this decide nothing: the tests below rest on means, and a mean of fewer can be anything.
pub const FEWEST_BLOCKS: usize = 10;
/// A relative difference that nobody need wait for: within it two scores are equal, and what breaks ties decides.
pub const EQUAL: f64 = 0.02;

/// Every variant is compared with this many of the best: whom they do not beat is beaten by nobody.
const CHAMPIONS: usize = 3;

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

impl Contest<'_> {
    /// Who can still win under a rule, and who cannot; `variants` take part, and of some of them
    /// it is known already why they cannot.
    ///
    /// Whenever one looks, and however often: the best of K variants is lost to another with a probability of at most
    /// 1 − confidence, and where there is no difference a winner is left with a probability of at most as much. Each
    /// pair may err in either direction with (1 − confidence) / K (`docs/verdicts.md` has the argument).
    pub fn standings(&self, rule: &Rule, variants: &[usize], known: &[(usize, Lost)]) -> Vec<Standing> {
        let enough = self.threshold(variants.len());
        let mut all: Vec<Standing> = variants
            .iter()
            .map(|variant| {
                let passes = self.passes(*variant, enough);
                let known = known.iter().find(|(of, _)| of == variant).map(|(_, lost)| *lost);
                let lost = known.or((passes == Some(false)).then_some(Lost::Gate));
                Standing { variant: *variant, lost, passes }
            })
            .collect();
        let scales = self.scales(rule, variants);
        // Only who may win itself takes the place of another.
        let mut champions: Vec<(usize, f64)> = all
            .iter()
            .filter(|s| s.passes == Some(true) && !matches!(s.lost, Some(Lost::Gate | Lost::Failed | Lost::LeftOut)))
            .filter_map(|s| Some((s.variant, scales[0].merit(&mean(self.blocks.of(s.variant))?, &self.setting())?)))
            .collect();
        champions.sort_by(|a, b| b.1.total_cmp(&a.1));
        champions.truncate(CHAMPIONS);
        for standing in all.iter_mut().filter(|standing| standing.lost.is_none()) {
            let others = champions.iter().map(|(champion, _)| *champion).filter(|of| *of != standing.variant);
            let beaten = others.filter_map(|champion| {
                let found = self.compared(&scales, champion, standing.variant, 1.0 / enough)?;
                let shown = found.gap > 0.0 && found.evidence >= enough;
                (shown && found.blocks >= FEWEST_BLOCKS).then_some((champion, found))
            });
            let surest = beaten.max_by(|a, b| a.1.evidence.total_cmp(&b.1.evidence));
            standing.lost = surest.map(|(champion, found)| Lost::To(champion, found));
        }
        all
    }

    /// The best so far of some variants under a rule: of those that tie, the one with the fewest tokens.
    pub fn best(&self, rule: &Rule, variants: &[usize]) -> Option<usize> {
        let scales = self.scales(rule, variants);
        let merits = |variant: usize| -> Option<Vec<f64>> {
            let means = mean(self.blocks.of(variant))?;
            Some(scales.iter().map(|scale| scale.merit(&means, &self.setting()).unwrap_or_default()).collect())
        };
        let scored = variants.iter().filter_map(|variant| Some((*variant, merits(*variant)?)));
        scored.max_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal)).map(|(variant, _)| variant)
    }

    /// How the first of two variants compares with the other under a rule; `None` where either cannot be scored.
    pub fn compare(&self, rule: &Rule, variants: &[usize], a: usize, b: usize) -> Option<Comparison> {
        let alpha = 1.0 / self.threshold(variants.len());
        self.compared(&self.scales(rule, variants), a, b, alpha)
    }

    /// The evidence that a difference between two of so many variants needs to be shown: evidence has two sides, and
    /// each of the K others may be the wrong one.
    pub fn threshold(&self, variants: usize) -> f64 {
        variants.max(2) as f64 / 2.0 / (1.0 - self.plan.confidence).max(f64::EPSILON)
    }

    /// The objectives that answer a rule's question where the limit that binds is known, the first and what breaks its
    /// ties; none for a weighted combination.
    pub fn objectives(&self, rule: &Rule, variants: &[usize]) -> Vec<&'static Objective> {
        let Some(row) = rule.only() else { return Vec::new() };
        if !["auto", "throughput"].contains(&row.name) {
            return vec![row];
        }
        let [fewest, cost] = ["efficiency", "cost"].map(|name| objective::row(name).unwrap_or(row));
        let unlimited = self.quota.is_none_or(|quota| LimitKind::ALL.iter().all(|kind| quota.get(*kind).is_none()));
        match self.bound(variants) {
            _ if unlimited && row.name == "throughput" => vec![&WITHOUT_LIMITS, fewest, cost],
            // Where RPM binds every capacity tokens buy no requests, and `auto` asks what `throughput` asks.
            bound if bound == Some(LimitKind::Rpm) || row.name == "throughput" => vec![&OBJECTIVES[0], fewest, cost],
            _ => vec![row],
        }
    }

    /// The limit that binds every variant; `None` where they differ, or nothing is known.
    pub fn bound(&self, variants: &[usize]) -> Option<LimitKind> {
        let setting = self.setting();
        let limit = |variant: &usize| Some(setting.capacity(&mean(self.blocks.of(*variant))?)?.limit);
        let mut limits = variants.iter().filter_map(limit);
        let first = limits.next()?;
        limits.all(|limit| limit == first).then_some(first)
    }

    fn scales<'r>(&self, rule: &'r Rule, variants: &[usize]) -> Vec<Scale<'r>> {
        match rule.only() {
            Some(_) => self.objectives(rule, variants).into_iter().map(Scale::Row).collect(),
            None => vec![Scale::Weighted(rule)],
        }
    }

    fn setting(&self) -> Setting<'_> {
        Setting { quota: self.quota, active: self.plan.active, concurrency: 1.0 }
    }

    fn compared(&self, scales: &[Scale<'_>], a: usize, b: usize, alpha: f64) -> Option<Comparison> {
        let n = self.blocks.of(a).len().min(self.blocks.of(b).len());
        let (of_a, of_b) = (&self.blocks.of(a)[..n], &self.blocks.of(b)[..n]);
        let judged = may_be_rejected(self.plan, a, of_a) || may_be_rejected(self.plan, b, of_b);
        let mut found: Option<Comparison> = None;
        for (place, scale) in scales.iter().enumerate() {
            // A tie-break decides only between those that are shown to be equal so far.
            if found.is_some_and(|before| before.gap.abs() + before.half_width > EQUAL) {
                break;
            }
            let of = contrast(of_a, of_b, &|means| scale.merit(means, &self.setting()))?;
            found = Some(compared(&of, judged, alpha, (scale.name(), place > 0)));
        }
        found
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
pub fn may_be_rejected(plan: &Plan, variant: usize, done: &[Taken]) -> bool {
    !plan.checks.is_empty()
        || plan.cases.iter().any(|case| !case.checks.is_empty())
        || !plan.variants[variant].checks.is_empty()
        || done.iter().any(|taken| taken.accepted != taken.answered)
}

/// What two variants are compared by.
#[derive(Debug, Clone, Copy)]
enum Scale<'a> {
    Row(&'static Objective),
    Weighted(&'a Rule),
}

impl Scale<'_> {
    fn merit(&self, means: &Means, setting: &Setting<'_>) -> Option<f64> {
        match self {
            Self::Row(row) => row.merit(means, setting),
            Self::Weighted(rule) => rule.merit(means, setting),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Row(row) => row.name,
            Self::Weighted(_) => "weighted",
        }
    }
}

/// The gap between two of so many variants, a share, that n blocks whose differences vary like this would show with a
/// probability of 80 %.
pub fn visible(n: u64, deviation: f64, variants: usize, confidence: f64) -> f64 {
    let alpha = 2.0 * (1.0 - confidence) / variants.max(2) as f64;
    half_width(n, deviation, alpha) + normal_quantile(0.8) * deviation / (n.max(1) as f64).sqrt()
}

fn compared(of: &Contrast, judged: bool, alpha: f64, by: (&'static str, bool)) -> Comparison {
    let (n, blocks) = (of.by.len() as f64, of.by.len() as u64);
    let (mean, deviation) = of.spread(judged);
    let (a, b) = of.scores;
    let gap = (a - b) / a.max(b).max(f64::MIN_POSITIVE);
    // The slope's difference and that of the scores differ where they bend; the interval is drawn where the scores are.
    let pooled = of.pooled.max(f64::MIN_POSITIVE);
    let bent = if mean * gap > 0.0 { (gap * pooled / mean).clamp(0.25, 4.0) } else { 1.0 };
    let half_width = half_width(blocks, deviation / pooled * bent, alpha);
    Comparison {
        blocks: of.by.len(),
        gap,
        half_width,
        visible: half_width + normal_quantile(0.8) * deviation / pooled / n.sqrt(),
        // Where the two disagree on the side, nothing is shown.
        evidence: if mean * gap > 0.0 { evidence(blocks, mean, deviation) } else { 0.0 },
        by,
    }
}
