//! Pairs: some variants under one rule, each pair compared once however often it is asked for.

use std::cell::OnceCell;

use crate::bench::contest::{Comparison, Contest, EQUAL, FEWEST_BLOCKS, Lost, Standing, may_be_rejected};
use crate::bench::digest::{Digest, Trials};
use crate::bench::influence::{Contrast, contrast};
use crate::bench::means::{Means, Setting};
use crate::bench::objective::{Objective, Rule};
use crate::bench::quota::LimitKind;
use crate::bench::sequential::{evidence, half_width};
use crate::bench::stats::normal_quantile;

/// Every variant is compared with this many of the best: whom they do not beat is beaten by nobody.
const CHAMPIONS: usize = 3;

/// Variants of one model under one rule.
#[derive(Debug)]
pub struct Pairs<'a> {
    /// Whose.
    pub contest: Contest<'a>,
    /// Who takes part.
    variants: &'a [usize],
    /// The limit that binds every variant; `None` where they differ, or nothing is known.
    pub bound: Option<LimitKind>,
    scales: Vec<Scale<'a>>,
    /// The numbers of blocks that variants have done, each once.
    lengths: Vec<usize>,
    /// By variant and length: what the first so many of its trials add up to.
    digests: Vec<OnceCell<Option<Digest>>>,
    /// By the one and the other variant.
    found: Vec<OnceCell<Option<Comparison>>>,
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

impl<'a> Pairs<'a> {
    pub(super) fn of(contest: Contest<'a>, rule: &'a Rule, variants: &'a [usize]) -> Self {
        let bound = contest.bound(variants);
        let scales = match rule.only() {
            Some(_) => contest.objectives(rule, bound).into_iter().map(Scale::Row).collect(),
            None => vec![Scale::Weighted(rule)],
        };
        let mut lengths: Vec<usize> = variants.iter().map(|variant| contest.blocks.of(*variant).len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let digests = vec![OnceCell::new(); variants.len() * lengths.len()];
        let found = vec![OnceCell::new(); variants.len() * variants.len()];
        Self { contest, variants, bound, scales, lengths, digests, found }
    }

    /// The objectives that variants are compared by: the first, and what breaks its ties; none for a weighted
    /// combination.
    pub fn objectives(&self) -> impl Iterator<Item = &'static Objective> {
        self.scales.iter().filter_map(|scale| match scale {
            Scale::Row(row) => Some(*row),
            Scale::Weighted(_) => None,
        })
    }

    /// Who can still win, and who cannot; of some variants it is known already why they cannot.
    ///
    /// Whenever one looks, and however often: the best of K variants is lost to another with a probability of at most
    /// 1 − confidence, and where there is no difference a winner is left with a probability of at most as much. Each
    /// pair may err in either direction with (1 − confidence) / K (`docs/verdicts.md` has the argument).
    pub fn standings(&self, known: &[(usize, Lost)]) -> Vec<Standing> {
        let enough = self.enough();
        let mut all: Vec<Standing> = self
            .variants
            .iter()
            .map(|variant| {
                let passes = self.contest.passes(*variant, enough);
                let known = known.iter().find(|(of, _)| of == variant).map(|(_, lost)| *lost);
                let lost = known.or((passes == Some(false)).then_some(Lost::Gate));
                Standing { variant: *variant, lost, passes }
            })
            .collect();
        // Only who may win itself takes the place of another.
        let mut champions: Vec<(usize, f64)> = all
            .iter()
            .filter(|s| s.passes == Some(true) && !matches!(s.lost, Some(Lost::Gate | Lost::Failed | Lost::LeftOut)))
            .filter_map(|s| Some((s.variant, self.merit(s.variant, self.scales.first()?)?)))
            .collect();
        champions.sort_by(|a, b| b.1.total_cmp(&a.1));
        champions.truncate(CHAMPIONS);
        for standing in all.iter_mut().filter(|standing| standing.lost.is_none()) {
            let others = champions.iter().map(|(champion, _)| *champion).filter(|of| *of != standing.variant);
            let beaten = others.filter_map(|champion| {
                let found = self.compare(champion, standing.variant)?;
                let shown = found.gap > 0.0 && found.evidence >= enough;
                (shown && found.blocks >= FEWEST_BLOCKS).then_some((champion, found))
            });
            let surest = beaten.max_by(|a, b| a.1.evidence.total_cmp(&b.1.evidence));
            standing.lost = surest.map(|(champion, found)| Lost::To(champion, found));
        }
        all
    }

    /// The best so far: of those that tie, the one with the fewest tokens.
    pub fn best(&self) -> Option<usize> {
        let merits = |variant: usize| -> Option<Vec<f64>> {
            self.contest.blocks.trials(variant)?;
            Some(self.scales.iter().map(|scale| self.merit(variant, scale).unwrap_or_default()).collect())
        };
        let scored = self.variants.iter().filter_map(|variant| Some((*variant, merits(*variant)?)));
        scored.max_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal)).map(|(variant, _)| variant)
    }

    /// How the first of two variants compares with the other; `None` where either cannot be scored.
    pub fn compare(&self, a: usize, b: usize) -> Option<Comparison> {
        let [at_a, at_b] = [a, b].map(|of| self.variants.iter().position(|variant| *variant == of));
        let (at_a, at_b) = at_a.zip(at_b)?;
        *self.found[at_a * self.variants.len() + at_b].get_or_init(|| self.compared(at_a, at_b))
    }

    fn compared(&self, a: usize, b: usize) -> Option<Comparison> {
        let n = [a, b].map(|at| self.contest.blocks.of(self.variants[at]).len()).into_iter().min()?;
        let (of_a, of_b) = (self.first(a, n)?, self.first(b, n)?);
        let may_be_rejected =
            |at: usize, of: &Trials<'_>| may_be_rejected(self.contest.plan, self.variants[at], of.digest);
        let judged = may_be_rejected(a, &of_a) || may_be_rejected(b, &of_b);
        let alpha = 1.0 / self.enough();
        let mut found: Option<Comparison> = None;
        for (place, scale) in self.scales.iter().enumerate() {
            // A tie-break decides only between those that are shown to be equal so far.
            if found.is_some_and(|before| before.gap.abs() + before.half_width > EQUAL) {
                break;
            }
            let of = contrast(&of_a, &of_b, &|means| scale.merit(means, &self.contest.setting()))?;
            found = Some(compared(&of, judged, alpha, (scale.name(), place > 0)));
        }
        found
    }

    /// The first so many trials of the variant at a place; `None` without an answer.
    fn first(&self, at: usize, n: usize) -> Option<Trials<'_>> {
        let (blocks, variant) = (self.contest.blocks, self.variants[at]);
        let taken = blocks.of(variant);
        if n == taken.len() {
            return blocks.trials(variant);
        }
        let length = self.lengths.binary_search(&n).ok()?;
        let digest = self.digests[at * self.lengths.len() + length].get_or_init(|| Digest::of(&taken[..n]));
        Some(Trials { taken: &taken[..n], digest: digest.as_ref()? })
    }

    fn merit(&self, variant: usize, scale: &Scale<'_>) -> Option<f64> {
        let setting = self.contest.setting();
        self.contest.blocks.trials(variant)?.score(&|means| scale.merit(means, &setting))
    }

    /// The evidence that a difference between two of these needs to be shown.
    pub fn enough(&self) -> f64 {
        self.contest.threshold(self.variants.len())
    }
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
