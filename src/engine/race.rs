//! Race: which of one model's variants cannot win any more, so that no call is wasted on them.

use crate::bench::blocks::Blocks;
use crate::bench::contest::{Contest, FEWEST_BLOCKS, Lost};
use crate::bench::plan::{Gate, Plan};
use crate::bench::quota::{Limit, LimitKind, LimitSource, Quota};
use crate::bench::sample::Sample;
use crate::bench::verdict::why;

/// Trials of one variant that may be under way at once at least, while the race is on.
const FEWEST_AHEAD: usize = 5;
/// Beyond so many blocks not every block is looked at: a look costs as much as there are blocks.
const LOOKED_AT_EACH: usize = 100;

/// A variant that is out of the race.
#[derive(Debug)]
pub(crate) struct Out {
    pub(crate) variant: usize,
    /// Why, in a sentence.
    pub(crate) reason: String,
    /// Who was shown to be better, where one was.
    pub(crate) by: Option<usize>,
}

/// The race of one model's variants.
#[derive(Debug)]
pub(crate) struct Race {
    /// Whether anybody is retired; else it only knows who is best.
    on: bool,
    blocks: Blocks,
    quota: Quota,
    /// Who takes part.
    variants: Vec<usize>,
    /// Who cannot win, and why.
    lost: Vec<(usize, Lost)>,
    /// Blocks at the next look.
    next_look: usize,
}

impl Race {
    /// The race of a model's variants under its quota.
    pub(crate) fn new(plan: &Plan, model: usize, quota: &Quota) -> Self {
        let variants: Vec<usize> = plan.variants_for(model).collect();
        Self {
            on: plan.racing && variants.len() > 1,
            blocks: Blocks::new(plan.variants.len()),
            quota: quota.clone(),
            variants,
            lost: Vec::new(),
            next_look: FEWEST_BLOCKS,
        }
    }

    /// Takes in what was learned of a limit, where it is less than what is listed.
    pub(crate) fn learned(&mut self, listed: &Quota, kind: LimitKind, value: f64) {
        let listed = listed.get(kind).filter(|limit| limit.is_listed() && limit.value <= value);
        *self.quota.slot(kind) = listed.cloned().or(Some(Limit::unlisted(value, LimitSource::Learned)));
    }

    /// A variant that takes no part from now on: the user left it out, or its trials failed.
    pub(crate) fn out(&mut self, variant: usize, lost: Lost) {
        if self.variants.contains(&variant) && !self.is_lost(variant) {
            self.lost.push((variant, lost));
        }
    }

    /// The user wants a variant to take part again, whether it can win or not.
    pub(crate) fn again(&mut self, variant: usize) {
        self.lost.retain(|(lost, why)| *lost != variant || *why != Lost::LeftOut);
        if !self.variants.contains(&variant) {
            self.variants.push(variant);
        }
    }

    fn is_lost(&self, variant: usize) -> bool {
        self.lost.iter().any(|(lost, _)| *lost == variant)
    }

    /// Takes a trial in: which variants it shows to have lost, and why.
    pub(crate) fn finished(&mut self, sample: &Sample, plan: &Plan) -> Vec<Out> {
        self.blocks.finished(sample);
        let on = self.variants.iter().filter(|variant| !self.is_lost(**variant));
        let done = on.map(|variant| self.blocks.of(*variant).len()).min().unwrap_or(0);
        if !self.on || done < self.next_look {
            return Vec::new();
        }
        self.next_look = done + 1 + done / LOOKED_AT_EACH;
        let contest = self.contest(sample.trial.model, plan);
        let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
        let news: Vec<(usize, Lost)> = contest
            .standings(&plan.objective, &self.variants, &self.lost)
            .into_iter()
            .filter(|standing| !self.is_lost(standing.variant))
            .filter_map(|standing| Some((standing.variant, standing.lost?)))
            .filter(|(variant, _)| !self.is_needed(*variant, &contest, plan))
            .collect();
        // Somebody stays, whatever else changes meanwhile (a limit that is learned changes every score).
        let none_left = self.variants.iter().all(|v| self.is_lost(*v) || news.iter().any(|(lost, _)| lost == v));
        let gate = |(_, lost): &(usize, Lost)| *lost == Lost::Gate;
        if none_left && !news.iter().all(gate) {
            return Vec::new();
        }
        self.lost.extend(&news);
        let by = |lost| if let Lost::To(by, _) = lost { Some(by) } else { None };
        news.into_iter().map(|(variant, lost)| Out { variant, reason: why(&names, lost), by: by(lost) }).collect()
    }

    /// Whether others are still compared with a variant by the gate: without it they could never be shown to pass.
    fn is_needed(&self, variant: usize, contest: &Contest<'_>, plan: &Plan) -> bool {
        let reference =
            matches!(plan.gate, Some(Gate::NotWorseThan { variant: reference, .. }) if reference == variant);
        let enough = contest.threshold(self.variants.len());
        let mut others = self.variants.iter().filter(|other| **other != variant && !self.is_lost(**other));
        reference && others.any(|other| contest.passes(*other, enough).is_none())
    }

    fn contest<'a>(&'a self, model: usize, plan: &'a Plan) -> Contest<'a> {
        Contest { plan, model, blocks: &self.blocks, quota: Some(&self.quota) }
    }

    /// The winner, once only one is left that others were shown to be worse than, and it passes the gate.
    pub(crate) fn winner(&self, model: usize, plan: &Plan) -> Option<usize> {
        let mut left = self.variants.iter().copied().filter(|variant| !self.is_lost(*variant));
        let one = left.next().filter(|_| left.next().is_none())?;
        let contest = self.contest(model, plan);
        let shown = self.lost.iter().any(|(_, lost)| matches!(lost, Lost::To(..) | Lost::Gate));
        let enough = contest.threshold(self.variants.len());
        (shown && contest.passes(one, enough) == Some(true) && self.blocks.of(one).len() >= FEWEST_BLOCKS)
            .then_some(one)
    }

    /// Whether nobody can win any more, as no variant passes the gate.
    pub(crate) fn is_lost_by_all(&self) -> bool {
        self.variants.iter().all(|variant| self.is_lost(*variant))
            && self.lost.iter().any(|(_, lost)| *lost == Lost::Gate)
    }

    /// The best so far of those that can still win.
    pub(crate) fn best(&self, model: usize, plan: &Plan) -> Option<usize> {
        let contest = self.contest(model, plan);
        let standings = contest.standings(&plan.objective, &self.variants, &self.lost);
        let of = |passes: Option<bool>| {
            let can = standings.iter().filter(|standing| standing.lost.is_none() && standing.passes == passes);
            contest.under(&plan.objective, &can.map(|standing| standing.variant).collect::<Vec<_>>()).best()
        };
        // Who is shown to pass the gate goes before who may.
        of(Some(true)).or_else(|| of(None))
    }

    /// How many trials may be under way at once, so that few are wasted on who is about to lose.
    pub(crate) fn most_under_way(&self) -> u32 {
        let on = self.variants.iter().filter(|variant| !self.is_lost(**variant));
        let (mut n, mut done) = (0, usize::MAX);
        for variant in on {
            (n, done) = (n + 1, done.min(self.blocks.of(*variant).len()));
        }
        if !self.on || n < 2 {
            return u32::MAX;
        }
        let ahead = if done < FEWEST_BLOCKS { FEWEST_BLOCKS } else { FEWEST_AHEAD.max(done / 5) };
        (n * ahead) as u32
    }
}
