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
use crate::bench::tally::{Phase, Tally};
use crate::bench::verdict::{Verdict, binding_sentence, efficiency_sentence, verdict};
use crate::tui::model::Model;

/// A verdict is as good as new until so large a share of trials has ended since.
const NEWS: u64 = 256;

/// The verdict on the shown model, and what is said beside it, cleaned.
#[derive(Debug, Clone, Default)]
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
#[derive(Debug, Clone)]
struct Basis {
    plan: Arc<Plan>,
    model: usize,
    rule: Rule,
    phase: Phase,
    /// Per model: its limits.
    limits: Vec<[Option<f64>; 3]>,
    /// Per model and variant: whether it is retired.
    retired: Vec<bool>,
    /// Trials that ended.
    trials: u64,
}

impl Basis {
    fn of(model: &Model) -> Self {
        let tally = &model.tally;
        let limit = |of: &crate::bench::tally::ModelTally| {
            LimitKind::ALL.map(|kind| of.within().and_then(|within| within.value(kind)))
        };
        Self {
            plan: Arc::clone(&tally.plan),
            model: model.model,
            rule: model.objective,
            phase: tally.phase,
            limits: tally.models.iter().map(limit).collect(),
            retired: tally.all_variants().map(|variant| variant.retired.is_some()).collect(),
            trials: tally.finished_trials(),
        }
    }

    /// Whether what was worked out on this basis still holds on another, as far as anyone can see.
    fn holds_on(&self, now: &Self) -> bool {
        Arc::ptr_eq(&self.plan, &now.plan)
            && (self.model, self.rule, self.phase) == (now.model, now.rule, now.phase)
            && (&self.limits, &self.retired) == (&now.limits, &now.retired)
            && now.trials.checked_sub(self.trials).is_some_and(|more| more <= self.trials / NEWS)
    }
}

/// The last that was worked out.
#[derive(Debug, Clone, Default)]
pub struct Memo(Option<(Basis, Judged)>);

impl Memo {
    /// What holds now: remembered, or worked out anew.
    pub fn judged(&self, model: &Model) -> Cow<'_, Judged> {
        let now = Basis::of(model);
        match &self.0 {
            Some((basis, judged)) if basis.holds_on(&now) => Cow::Borrowed(judged),
            _ => Cow::Owned(Judged::of(&model.tally, model.model, &model.objective)),
        }
    }

    /// Works out anew what does not hold any more; `None` where all does.
    pub fn renewed(&self, model: &Model) -> Option<Self> {
        let now = Basis::of(model);
        let holds = self.0.as_ref().is_some_and(|(basis, _)| basis.holds_on(&now));
        (!holds).then(|| Self(Some((now, Judged::of(&model.tally, model.model, &model.objective)))))
    }
}
