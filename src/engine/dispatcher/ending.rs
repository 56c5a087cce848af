//! Ending: what the end of a trial means for its race, and how the run as a whole ended.

use std::sync::Arc;
use std::time::Duration;

use super::{Dispatcher, Memory};
use crate::bench::event::{Ended, Event, NoteLevel, RetireCause};
use crate::bench::sample::Sample;
use crate::bench::verification::{MEASURE, SETTLE};
use crate::engine::lane::Lane;
use crate::engine::race::Out;
use crate::engine::trial::Invoke;

impl<G: Invoke> Dispatcher<G> {
    /// Begins the verification of models whose trials are over, and ends those whose time is up; when the next ends.
    pub(super) fn verify(&mut self, now: Duration) -> Option<Duration> {
        let plan = Arc::clone(&self.wires.plan);
        let mut next: Option<Duration> = None;
        for model in 0..self.lanes.len() {
            let (from, until) = (now + SETTLE, now + SETTLE + MEASURE);
            // What is not judged yet may still change who is best.
            let begins = self.verifies && self.ending.is_none() && self.paused.is_none() && self.judging.is_idle();
            if let Some(variant) = begins.then(|| self.lanes[model].verify(until, &plan)).flatten() {
                self.wires.tell(now, Event::VerificationStarted { model, variant, from, until });
                next = Some(now);
            }
            let was_on = self.lanes[model].is_verifying();
            let until = self.lanes[model].verified_until(now);
            if was_on && until.is_none() {
                self.give_up(model);
            }
            next = next.into_iter().chain(until).min();
        }
        next
    }

    /// Tells how a trial ended, and what that means for the race.
    pub(super) fn finished(&mut self, at: Duration, sample: Sample) {
        let (plan, model) = (Arc::clone(&self.wires.plan), sample.trial.model);
        let (lost, decided) = self.lanes[model].finished(&sample, &plan);
        self.wires.tell(at, Event::TrialFinished { sample });
        for Out { variant, reason, by } in lost {
            let cause = RetireCause::Lost;
            self.wires.tell(at, Event::VariantRetired { variant, model: Some(model), reason, cause, by });
        }
        let nobody = decided.is_some() && !self.lanes[model].takes_part();
        if let Some(reason) = decided.filter(|_| self.ending.is_none() && (nobody || !self.lanes[model].is_done())) {
            self.lanes[model].decide(reason);
            self.give_up(model);
        }
    }

    /// Says how the run ended, and keeps what it learned of its quotas.
    pub(super) fn finish(self, memory: &mut Memory) {
        let measured = self.lanes.iter().all(Lane::is_measured);
        let stopped = matches!(self.ending, Some((Ended::Interrupted | Ended::Duration, _)));
        let (ended, reason) = match &self.ending {
            // Whoever stops a verification stops no benchmark: that had come to its end.
            Some((_, why)) if stopped && measured => {
                let decided = self.lanes.iter().all(Lane::is_decided);
                let why = format!("the verification was cut short, as {why}");
                (if decided { Ended::Decided } else { Ended::Complete }, Some(why))
            }
            Some((ended, reason)) => (*ended, Some(reason.clone())),
            None if self.lanes.iter().all(Lane::is_decided) => {
                (Ended::Decided, Some(self.lanes.iter().filter_map(Lane::decided).collect::<Vec<_>>().join("; ")))
            }
            // One model that could not go on is not the whole plan, whatever the others did.
            None if !self.lanes.iter().any(Lane::died) => (Ended::Complete, None),
            None if self.left_out => (Ended::Interrupted, Some("every variant was left out".into())),
            None => match self.lanes.iter().find_map(Lane::closed) {
                Some((ended, reason)) => (*ended, Some(reason.clone())),
                None => (Ended::Errors, Some("every variant was retired after its trials had failed".into())),
            },
        };
        if let Some(caveat) = self.budget.caveat() {
            self.note(NoteLevel::Warning, caveat);
        }
        self.wires.tell_now(Event::RunFinished { ended, reason });
        let plan = &self.wires.plan;
        for lane in self.lanes {
            memory.keep(plan.models[lane.model].id.clone(), lane.pacer);
        }
        for (judge, of) in plan.judges.iter().zip(self.judging.judges) {
            memory.keep(judge.id.clone(), of.pacer);
        }
    }
}
