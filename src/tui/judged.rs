//! Judged: what is slow to work out of a tally — verdict, sentences — kept from frame to frame until the tally differs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bench::across::across;
use crate::bench::advice::{Advice, advice};
use crate::bench::clean::{Lines, clean};
use crate::bench::figures::{CapacityRange, Figures};
use crate::bench::guess;
use crate::bench::objective::Rule;
use crate::bench::plan::Plan;
use crate::bench::quota::LimitKind;
use crate::bench::report::Saved;
use crate::bench::tally::{ModelTally, Phase, Tally};
use crate::bench::verdict::{Verdict, binding_sentence, efficiency_sentence, verdict};
use crate::tui::message::Effect;
use crate::tui::model::Model;

/// A verdict is as good as new until so large a share of trials has ended since.
const NEWS: u64 = 256;

/// The verdict on the shown model, and what is said beside it, cleaned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// The verdict under the chosen objective.
    pub verdict: Verdict,
    /// The interval of each variant's capacity, by its index.
    pub capacity: BTreeMap<usize, CapacityRange>,
    /// The advice for each variant that gains by it, by its index.
    pub advice: BTreeMap<usize, Advice>,
    /// What became of the usual guess.
    pub guess: Option<String>,
    /// What the limit that binds means.
    pub binding: Option<String>,
    /// What racing saved.
    pub saved: Option<String>,
    /// The best across models.
    pub across: Option<String>,
    /// What the most token-efficient variant gains.
    pub efficiency: Option<String>,
}

impl Judged {
    fn of(tally: &Tally, model: usize, rule: &Rule) -> Self {
        if model >= tally.models.len() {
            return Self::default();
        }
        let cleaned = |text: String| clean(&text, Lines::Join).into_owned();
        let verdict = verdict(tally, model, rule);
        let across = across(tally).map(|across| across.sentences()).filter(|sentences| !sentences.is_empty());
        let advised = |of: Figures<'_>| Some((of.variant, advice(&of).filter(Advice::gains)?));
        Self {
            advice: Figures::of_model(tally, model).filter_map(advised).collect(),
            capacity: Figures::of_model(tally, model).filter_map(|of| Some((of.variant, of.capacity()?))).collect(),
            guess: guess::sentence(tally, model, &verdict).map(cleaned),
            binding: binding_sentence(&verdict),
            saved: Saved::of(tally, model).sentence(),
            across: across.map(|sentences| cleaned(format!("across models: {}", sentences.join("; ")))),
            efficiency: efficiency_sentence(tally, model).map(cleaned),
            verdict,
        }
    }
}

/// What it depends on.
#[derive(Debug, Clone, PartialEq)]
struct Basis {
    plan: Arc<Plan>,
    model: usize,
    rule: Rule,
    phase: Phase,
    /// Per model: its limits.
    limits: Vec<Limits>,
    /// Per model and variant: whether it is retired.
    retired: Vec<bool>,
    /// Trials that ended.
    trials: u64,
}

type Limits = [Option<f64>; LimitKind::ALL.len()];

fn limits(tally: &Tally) -> impl Iterator<Item = Limits> {
    let limit = |of: &ModelTally| LimitKind::ALL.map(|kind| of.within().and_then(|within| within.value(kind)));
    tally.models.iter().map(limit)
}

fn retired(tally: &Tally) -> impl Iterator<Item = bool> {
    tally.all_variants().map(|variant| variant.retired.is_some())
}

impl Basis {
    fn of(model: &Model) -> Self {
        let tally = &model.tally;
        Self {
            plan: Arc::clone(&tally.plan),
            model: model.model,
            rule: model.objective,
            phase: tally.phase,
            limits: limits(tally).collect(),
            retired: retired(tally).collect(),
            trials: tally.finished_trials(),
        }
    }

    /// Whether it is what the screen asks, however much has happened since.
    fn is_of(&self, now: &Model) -> bool {
        Arc::ptr_eq(&self.plan, &now.tally.plan)
            && (self.model, self.rule) == (now.model, now.objective)
            && self.trials <= now.tally.finished_trials()
    }

    /// Whether what was worked out on this basis still holds, as far as anyone can see.
    fn holds_on(&self, now: &Model) -> bool {
        let tally = &now.tally;
        self.is_of(now)
            && self.phase == tally.phase
            && limits(tally).eq(self.limits.iter().copied())
            && retired(tally).eq(self.retired.iter().copied())
            && tally.finished_trials() - self.trials <= self.trials / NEWS
    }
}

/// What a verdict is worked out of beside the screen.
#[derive(Debug, Clone)]
pub struct Evidence {
    basis: Basis,
    tally: Tally,
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        self.basis == other.basis
    }
}

impl Evidence {
    /// Works it out.
    pub fn weigh(self) -> Weighed {
        let judged = Judged::of(&self.tally, self.basis.model, &self.basis.rule);
        Weighed { basis: self.basis, judged }
    }
}

/// A verdict, and what it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    basis: Basis,
    judged: Judged,
}

/// The last verdict.
#[derive(Debug, Clone, Default)]
pub struct Memo {
    last: Option<Weighed>,
    /// Whether verdicts are worked out beside the screen.
    apart: bool,
    /// Whether another one is being worked out.
    asked: bool,
}

impl Model {
    /// From now on verdicts are worked out beside the screen, which shows the last one meanwhile; or again at once.
    pub fn weigh_apart(&mut self, apart: bool) {
        self.memo.apart = apart;
    }

    /// The verdict on the shown model under the chosen objective, and what is said beside it: the last one while a newer
    /// one is worked out beside the screen, and else what holds now.
    pub fn judged(&self) -> Cow<'_, Judged> {
        match &self.memo.last {
            Some(last) if last.basis.holds_on(self) || self.memo.apart && last.basis.is_of(self) => {
                Cow::Borrowed(&last.judged)
            }
            _ => Cow::Owned(Judged::of(&self.tally, self.model, &self.objective)),
        }
    }

    /// Sees to it that the verdict holds. What nobody has seen yet is worked out at once, so that no key brings a screen
    /// without an answer.
    pub(super) fn weigh(&mut self) -> Option<Effect> {
        let last = self.memo.last.as_ref().map(|last| &last.basis);
        if last.is_some_and(|basis| basis.holds_on(self)) {
            return None;
        }
        let basis = Basis::of(self);
        if self.memo.apart && last.is_some_and(|basis| basis.is_of(self)) {
            let evidence = || Effect::Weigh(Box::new(Evidence { basis, tally: self.tally.excerpt() }));
            return (!std::mem::replace(&mut self.memo.asked, true)).then(evidence);
        }
        let judged = Judged::of(&self.tally, self.model, &self.objective);
        self.memo.last = Some(Weighed { basis, judged });
        None
    }

    /// Takes in a verdict that was worked out beside the screen, where it is still the one that is asked.
    pub(super) fn weighed(&mut self, weighed: Weighed) {
        self.memo.asked = false;
        let newer = self.memo.last.as_ref().is_none_or(|last| last.basis.trials <= weighed.basis.trials);
        if newer && weighed.basis.is_of(self) {
            self.memo.last = Some(weighed);
        }
    }
}
