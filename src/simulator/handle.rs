//! Handle: the running simulator — its clock, its world behind one lock, and its invocations while they last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::bench::model::ModelId;
use crate::bench::price;
use crate::simulator::answer::{self, Turnout};
use crate::simulator::catalog::Catalog;
use crate::simulator::minutes::Minute;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;
use crate::simulator::said::Said;
use crate::simulator::scenario::{Mishap, Scenario};
use crate::simulator::script::{self, Script, Stage};
use crate::simulator::world::{Admission, Arrival, Counts, Outcome, World};

/// A simulated account; a cheap handle, all clones are the same account.
#[derive(Debug, Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    scenario: Arc<Scenario>,
    catalog: Arc<Catalog>,
    seed: u64,
    world: Mutex<World>,
    base: Instant,
    epoch: Duration,
}

impl Simulator {
    /// A fresh account whose clock starts at the wall clock's time. Create it inside the runtime that will serve it, so
    /// that both have the same clock.
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(scenario, seed, epoch)
    }

    /// The same with a clock that starts at a duration since the Unix epoch, for what depends on full minutes.
    pub fn starting_at(scenario: Scenario, seed: u64, epoch: Duration) -> Self {
        let catalog = Arc::new(Catalog::new(&scenario, seed));
        let scenario = Arc::new(scenario);
        let world = Mutex::new(World::new(Arc::clone(&scenario), Arc::clone(&catalog), seed));
        Self { inner: Arc::new(Inner { scenario, catalog, seed, world, base: Instant::now(), epoch }) }
    }

    /// What was counted so far, by the id that was called. What is still in flight is in none of it, except in the peaks
    /// that an invocation that has ended since has seen.
    pub fn counts(&self) -> BTreeMap<String, Counts> {
        self.world().counts()
    }

    pub(super) fn scenario(&self) -> &Scenario {
        &self.inner.scenario
    }

    pub(super) fn catalog(&self) -> &Catalog {
        &self.inner.catalog
    }

    pub(super) fn request_id(&self) -> String {
        self.world().request_id()
    }

    /// Whether this call of Service Quotas is among those that are throttled before it answers.
    pub(super) fn throttles_quotas(&self) -> bool {
        self.world().throttles_quotas()
    }

    /// What CloudWatch knows by now of the use of a model, by the start of the minute.
    pub(super) fn used(&self, region: &str, id: &str) -> Vec<(Duration, Minute)> {
        self.world().used(self.now(), region, id)
    }

    /// Lets an invocation in, or refuses it.
    pub(super) fn invoke(
        &self,
        region: &str,
        model: ModelId,
        prompt: Prompt,
        body: u64,
    ) -> Result<Invocation, Problem> {
        // Left unset, the model's largest output is what it may take.
        let limit = price::max_output(&model);
        let max_tokens = prompt.max_tokens.or(limit).unwrap_or(model.family().default_max_tokens);
        let max_tokens = u64::from(max_tokens);
        let arrival = Arrival { region, model: &model, prompt: &prompt, body, max_tokens };
        let start = Instant::now();
        let (id, admission) = {
            let mut world = self.world();
            (world.request_id(), world.admit(self.now(), arrival)?)
        };
        if let Some(Mishap::Refused(refusal)) = admission.mishap {
            self.world().settle(self.now(), &admission, Outcome::Refused);
            return Err(Problem::refusal(refusal));
        }
        let (scenario, seed, nth) = (self.scenario(), self.inner.seed, admission.nth);
        let turnout = Turnout { seed, body, nth, hostile: scenario.hostile };
        let answer = answer::compose(turnout, &model, &prompt, max_tokens);
        let (input_tokens, mishap) = (admission.input.total(), admission.mishap);
        let script = script::lay_out(Stage { scenario, seed, body, nth, model: &model, input_tokens, mishap }, answer);
        Ok(Invocation { simulator: self.clone(), model, prompt, script, id, start, admission, settled: false })
    }

    /// The simulated account's time, a duration since the Unix epoch.
    fn now(&self) -> Duration {
        self.inner.epoch + self.inner.base.elapsed()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A panic elsewhere leaves at worst an invocation uncounted.
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An invocation that was let in. It is settled when it ends, or when it is dropped because the client went away.
#[derive(Debug)]
pub(super) struct Invocation {
    simulator: Simulator,
    model: ModelId,
    prompt: Prompt,
    pub(super) script: Script,
    pub(super) id: String,
    /// When it arrived.
    pub(super) start: Instant,
    admission: Admission,
    settled: bool,
}

impl Invocation {
    /// What renderers need to know.
    pub(super) fn said(&self) -> Said<'_> {
        Said {
            script: &self.script,
            prompt: &self.prompt,
            model: &self.model,
            input: self.admission.input,
            id: &self.id,
            latency: self.admission.latency,
            withhold_usage: self.simulator.scenario().withhold_usage
                || self.admission.mishap == Some(Mishap::NoMetadata),
        }
    }

    /// Whether it is never answered.
    pub(super) fn hangs(&self) -> bool {
        self.admission.mishap == Some(Mishap::Hang)
    }

    /// Whether replies are hostile.
    pub(super) fn hostile(&self) -> bool {
        self.simulator.scenario().hostile
    }

    /// Settles it as answered to the end.
    pub(super) fn answered(&mut self) {
        self.settle(Outcome::Answered(self.script.tokens()));
    }

    fn settle(&mut self, outcome: Outcome) {
        if !self.settled {
            self.settled = true;
            self.simulator.world().settle(self.simulator.now(), &self.admission, outcome);
        }
    }
}

impl Drop for Invocation {
    fn drop(&mut self) {
        let outcome = match self.admission.mishap {
            Some(Mishap::Hang) => Outcome::Refused,
            _ => Outcome::Broken(self.script.tokens_after(self.start.elapsed())),
        };
        self.settle(outcome);
    }
}
