//! Planning: the plan of the next run, what it is estimated to take, and its start.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::event::{Command, NoteLevel};
use crate::bench::objective::Rule;
use crate::bench::plan::Plan;
use crate::bench::tally::Phase;
use crate::tui::keymap::Action;
use crate::tui::message::{Effect, PlanEstimate};
use crate::tui::model::{Model, Overlay};

/// What the last estimate was asked of.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The plan and the objective.
    of: Option<(Arc<Plan>, Rule)>,
    /// Answers that are still to come, in the order of the questions.
    waiting: u32,
}

impl Model {
    /// Starts a run, pauses it or goes on with it. What leaves this machine is shown before.
    pub(super) fn run(&mut self, now: Duration) -> Vec<Effect> {
        match self.tally.phase {
            Phase::Running => vec![Effect::Tell(Command::Pause)],
            Phase::Paused => vec![Effect::Tell(Command::Resume)],
            Phase::Planned | Phase::Finished(_) if self.plan.planned_trials() == 0 => {
                self.say(NoteLevel::Warning, self.nobody(), now);
                Vec::new()
            }
            Phase::Planned | Phase::Finished(_) if self.plan.endpoint.is_local() => self.start(),
            Phase::Planned | Phase::Finished(_) => {
                self.show_plan();
                Vec::new()
            }
        }
    }

    /// Starts the plan.
    pub(super) fn start(&mut self) -> Vec<Effect> {
        self.starting = true;
        if self.plan.objective != self.objective {
            Arc::make_mut(&mut self.plan).objective = self.objective;
        }
        vec![Effect::Tell(Command::Start(Arc::clone(&self.plan)))]
    }

    /// Lays the plan over the view, or takes it away. What was in its way before may be mended by now, so it is
    /// estimated anew.
    pub(super) fn turn_plan(&mut self) {
        if self.is_plan_shown() {
            self.overlay = None;
        } else {
            self.show_plan();
        }
    }

    fn show_plan(&mut self) {
        (self.estimate, self.asked.of) = (None, None);
        self.overlay = Some(Overlay::Plan { scroll: 0 });
    }

    /// Whether the plan lies over the view.
    pub fn is_plan_shown(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Plan { .. }))
    }

    /// Whether a key changes the plan: nothing lies over the view, or the plan itself.
    pub fn can_plan(&self) -> bool {
        !self.starting && (self.overlay.is_none() || self.is_plan_shown())
    }

    /// Asks for an estimate where the plan is shown and is another than the last that was asked of.
    pub(super) fn estimate_anew(&mut self) -> Option<Effect> {
        if !self.is_plan_shown() || self.is_asked() {
            return None;
        }
        let mut plan = Arc::clone(&self.plan);
        if plan.objective != self.objective {
            Arc::make_mut(&mut plan).objective = self.objective;
        }
        // The plan that is held here is never changed in place, so that another is another.
        self.asked.of = Some((Arc::clone(&self.plan), self.objective));
        self.asked.waiting += 1;
        Some(Effect::Estimate(plan))
    }

    fn is_asked(&self) -> bool {
        self.asked.of.as_ref().is_some_and(|(plan, rule)| Arc::ptr_eq(plan, &self.plan) && *rule == self.objective)
    }

    /// Takes an estimate in.
    pub(super) fn estimated(&mut self, estimate: PlanEstimate) {
        self.asked.waiting = self.asked.waiting.saturating_sub(1);
        self.estimate = Some(estimate);
    }

    /// Whether the estimate that is shown is of this very plan.
    pub fn is_estimated(&self) -> bool {
        self.estimate.is_some() && self.asked.waiting == 0 && self.is_asked()
    }

    /// Whether the plan that is shown may be started from there.
    pub fn can_start(&self) -> bool {
        let refused = self.estimate.as_ref().is_some_and(|estimate| estimate.refusal.is_some());
        let busy = self.tally.is_active() || self.starting || self.taking;
        self.is_estimated() && !refused && !busy && self.plan.planned_trials() > 0
    }

    /// Takes the plan of a run that began. Variants that came while it was being started are for the one after it.
    pub(super) fn follow_plan(&mut self, plan: &Arc<Plan>) {
        let names = |plan: &Plan| plan.variants.iter().map(|variant| variant.name.clone()).collect::<Vec<_>>();
        let later = self.plan.variants.get(plan.variants.len()..).unwrap_or_default().to_vec();
        let later = if names(&self.plan).starts_with(&names(plan)) { later } else { Vec::new() };
        (self.plan, self.added) = (Arc::clone(plan), 0);
        for variant in later {
            self.put_beside(&variant);
        }
    }

    /// Why a plan without variants is not started.
    pub(super) fn nobody(&self) -> String {
        format!("no variant is included{}", self.hints(": ", &[(Action::Toggle, "includes the selected one")]))
    }

    /// Before anything was run, what is shown is the plan.
    pub(super) fn replanned(&mut self) {
        if self.tally.phase == Phase::Planned {
            self.tally.plan = Arc::clone(&self.plan);
        }
    }
}
