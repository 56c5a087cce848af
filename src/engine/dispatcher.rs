//! Dispatcher: decides what is sent and when, for all models side by side, and tells what happens.

mod ending;
mod judging;
mod memory;
mod telling;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::task::AbortOnDropHandle;

use crate::bedrock::gateway::{Failure, Gateway};
use crate::bench::capacity::Demand;
use crate::bench::contest::Lost;
use crate::bench::event::{Command, Ended, Event, NoteLevel, PauseCause, RetireCause, Stamped, Stop};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::minute::AccountMinute;
use crate::bench::plan::{Endpoint, Plan};
use crate::bench::quota::Quota;
use crate::bench::sample::{Outcome, Trial};
use crate::bench::template::Templates;
use crate::engine::budget::{Budget, worst_cost};
use crate::engine::clock::Clock;
use crate::engine::judging::{Judging, worst_of_all};
use crate::engine::lane::{Asked, Beside, Lane, Step};
use crate::engine::need::Need;
use crate::engine::pacer::Ticket;
use crate::engine::stop::Harm;
use crate::engine::trial::{Answer, Doing, Invoke, Landed, Wires, backoff, invocation, whole};
use crate::engine::watch::Watch;

pub use memory::Memory;

/// Invocations sent in one turn at most: until an answer begins, each holds the SDK's large state of sending, and those
/// that landed wait for the end of the turn.
const MOST_AT_ONCE: usize = 32;

/// The last minutes of a whole account, of each model of a plan.
pub type AccountUse = Vec<Vec<AccountMinute>>;

/// A plan, ready to be run.
#[derive(Debug)]
pub struct Engine<G = Gateway> {
    /// What to do.
    pub plan: Arc<Plan>,
    /// The run's name on disk.
    pub run: String,
    /// The way to Bedrock.
    pub gateway: G,
    /// Each model's whole quota, then each judge's, and what the user must know of its detection; assumed where missing.
    pub quotas: Vec<(Quota, Vec<String>)>,
    /// True where no AWS is behind the gateway.
    pub simulated: bool,
    /// The client's look at itself; `None` leaves it out.
    pub watch: Option<Watch>,
    /// What earlier runs over the same quotas took and learned.
    pub memory: Memory,
    /// What the account's monitoring says, per model, whenever it is read; `None` where nobody reads it.
    pub account: Option<UnboundedReceiver<AccountUse>>,
}

/// Runs a plan to its end and tells everything that happens; the stream ends when the run has.
///
/// Commands may stop coming at any time. Where nobody listens to the events any more the run ends at once.
pub async fn run<G: Invoke>(
    engine: Engine<G>,
    mut commands: UnboundedReceiver<Command>,
    events: UnboundedSender<Stamped>,
) -> Memory {
    let Engine { plan, run, gateway, mut quotas, simulated, watch, mut memory, mut account } = engine;
    let wires = Arc::new(Wires::new(Arc::clone(&plan), Clock::start(), events));
    let began = watch.as_ref().and_then(Watch::cpu);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    wires.tell_now(Event::RunStarted { run, plan: Arc::clone(&plan), simulated, version });
    quotas.resize_with(plan.models.len() + plan.judges.len(), || (Quota::assumed(), Vec::new()));
    let of_judges = quotas.split_off(plan.models.len());
    for (model, (quota, notes)) in quotas.iter().enumerate() {
        wires.tell_now(Event::QuotaDetected { model, quota: quota.clone(), notes: notes.clone() });
    }
    for (judge, (quota, notes)) in of_judges.iter().enumerate() {
        wires.tell_now(Event::JudgeQuotaDetected { judge, quota: quota.clone(), notes: notes.clone() });
    }
    let templates = match Templates::new(&plan) {
        Ok(templates) => templates,
        Err(error) => {
            wires.tell_now(Event::RunFinished { ended: Ended::Errors, reason: Some(error.to_string()) });
            return memory;
        }
    };
    let mut lane = |(model, (quota, _)): (usize, &(Quota, Vec<String>))| {
        let mut lane = Lane::new(&plan, model, quota);
        memory.inherit(&plan.models[model].id, &mut lane.pacer, &wires);
        lane
    };
    let lanes = quotas.iter().enumerate().map(&mut lane).collect();
    let mut judging = Judging::new(&plan, &of_judges);
    for (judge, of) in plan.judges.iter().zip(&mut judging.judges) {
        memory.inherit(&judge.id, &mut of.pacer, &wires);
    }
    let looking =
        watch.clone().map(|watch| AbortOnDropHandle::new(tokio::spawn(watch.look(Arc::clone(&wires), began))));
    let mut dispatcher = Dispatcher::new(wires, gateway, templates, lanes, judging);
    let mut commanded = true;
    loop {
        let wake = dispatcher.pump();
        if dispatcher.is_over() {
            break;
        }
        if dispatcher.sent_at_once >= MOST_AT_ONCE {
            tokio::task::yield_now().await;
        }
        let wake_at = wake.map(|at| dispatcher.wires.clock.instant(at));
        tokio::select! {
            biased;
            command = commands.recv(), if commanded => {
                commanded = command.is_some();
                dispatcher.obey(command).await;
            }
            Some(used) = read(&mut account), if commanded || wake_at.is_some() || !dispatcher.flights.is_empty() => {
                dispatcher.account_use(used);
            }
            Some(landed) = dispatcher.tasks.join_next_with_id() => dispatcher.landed(landed),
            () = tokio::time::sleep_until(wake_at.unwrap_or_else(tokio::time::Instant::now)), if wake_at.is_some() => {}
            // Nothing is out, no time and no command can change anything.
            else => dispatcher.end(Ended::Errors, "nothing is out and nothing can change any more"),
        }
        // Where many are out, those that land meanwhile are taken with this one: a wake-up costs more than a landing.
        if dispatcher.flights.len() >= MOST_AT_ONCE {
            tokio::task::yield_now().await;
        }
        while let Some(landed) = dispatcher.tasks.try_join_next_with_id() {
            dispatcher.landed(landed);
        }
        if dispatcher.wires.deaf() {
            dispatcher.drop_in_flight().await;
        }
    }
    drop(looking);
    if let Some(watch) = watch {
        watch.tell(&dispatcher.wires, Vec::new(), began);
    }
    dispatcher.finish(&mut memory);
    memory
}

/// The next reading of the account's use; none comes where nobody reads it.
async fn read(account: &mut Option<UnboundedReceiver<AccountUse>>) -> Option<AccountUse> {
    account.as_mut()?.recv().await
}

/// US dollars that an invocation may cost at most.
fn worst(plan: &Plan, trial: Trial, need: Need) -> f64 {
    let max_tokens = need.reserved.min(plan.max_tokens(trial.model, trial.variant));
    worst_cost(plan.models[trial.model].price.as_ref(), need.reserved - max_tokens, max_tokens)
}

/// An invocation that is out.
struct Flight {
    doing: Doing,
    ticket: Ticket,
    need: Need,
    /// US dollars that it may cost at most.
    worst: f64,
    /// US dollars that judges of its answer may cost at most: money that is spent on an answer shall show something.
    judges: f64,
}

struct Dispatcher<G> {
    wires: Arc<Wires>,
    gateway: G,
    templates: Templates,
    lanes: Vec<Lane>,
    tasks: JoinSet<Landed>,
    flights: HashMap<Id, Flight>,
    judging: Judging,
    budget: Budget,
    deadline: Option<Duration>,
    /// Why nothing is sent for now, where that is so.
    paused: Option<PauseCause>,
    harm: Harm,
    /// Invocations sent in this turn.
    sent_at_once: usize,
    /// Per lane, the crew's size as last told.
    told: Vec<u32>,
    /// Why nothing more is sent, once that is so.
    ending: Option<(Ended, String)>,
    /// Whether the user left a variant out.
    left_out: bool,
    /// Whether winners are driven at the edge of the quota.
    verifies: bool,
}

impl<G: Invoke> Dispatcher<G> {
    fn new(wires: Arc<Wires>, gateway: G, templates: Templates, lanes: Vec<Lane>, judging: Judging) -> Self {
        Self {
            verifies: wires.plan.verify,
            deadline: wires.plan.duration.map(|duration| wires.clock.now() + duration),
            budget: Budget::new(wires.plan.max_cost_usd),
            // Whoever runs against AWS shares an account with others; a server on this machine has nobody else.
            harm: Harm::new(wires.plan.endpoint == Endpoint::Aws),
            sent_at_once: 0,
            told: vec![0; lanes.len()],
            wires,
            gateway,
            templates,
            lanes,
            tasks: JoinSet::new(),
            flights: HashMap::new(),
            judging,
            paused: None,
            ending: None,
            left_out: false,
        }
    }

    fn is_over(&self) -> bool {
        let none_out = self.flights.is_empty() && self.judging.is_idle();
        none_out && (self.ending.is_some() || self.lanes.iter().all(Lane::is_done))
    }

    /// Sends everything that may be sent now; when to look again, where time alone can change something.
    fn pump(&mut self) -> Option<Duration> {
        let now = self.wires.clock.now();
        self.sent_at_once = 0;
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            let lasted = self.wires.plan.duration.unwrap_or_default().as_secs_f64();
            self.end(Ended::Duration, &format!("the time of {lasted} s was up"));
        }
        let mut wake = self.deadline.filter(|_| self.ending.is_none());
        wake = wake.into_iter().chain(self.verify(now)).chain(self.pump_judges()).min();
        if self.paused.is_none() && !self.judging.is_full() {
            for lane in 0..self.lanes.len() {
                let until = self.pump_lane(lane);
                self.tell_changes(lane);
                wake = wake.into_iter().chain(until).min();
            }
        }
        // The last trial may have ended in this very turn.
        wake.into_iter().chain(self.verify(now)).min()
    }

    fn pump_lane(&mut self, index: usize) -> Option<Duration> {
        let plan = Arc::clone(&self.wires.plan);
        while self.ending.is_none() {
            let now = self.wires.clock.now();
            if self.sent_at_once >= MOST_AT_ONCE {
                return Some(now);
            }
            let lane = &mut self.lanes[index];
            let need = match lane.step(now, &plan, &self.templates) {
                Step::Ready(need) => need,
                Step::Fail(doing, fault) => {
                    self.trial_failed(now, doing, fault);
                    continue;
                }
                Step::Wait(until) => return until,
            };
            let trial = lane.head()?.trial;
            let (worst, judges) = (worst(&plan, trial, need), worst_of_all(&plan, &trial));
            if !self.budget.admits(worst + judges) {
                if self.flights.is_empty() && self.judging.is_idle() {
                    let reason = self.budget.reason(worst + judges);
                    self.note(NoteLevel::Warning, reason.clone());
                    self.end(Ended::Budget, &reason);
                }
                return None;
            }
            match lane.ask(now, need)? {
                Asked::Go(doing, ticket) => self.send(now, Flight { doing, ticket, need, worst, judges }),
                Asked::Later { until, tell } => {
                    if let Some(limit) = tell {
                        self.wires.tell(now, Event::TrialWaited { trial, limit, until });
                    }
                    if until.is_none_or(|until| !self.send_beside(index, now, until, &plan)) {
                        return until;
                    }
                }
                Asked::Fail(doing, fault) => self.never_fits(now, doing, fault),
                Asked::Close(reason) => self.close(index, Ended::Budget, &reason),
            }
        }
        None
    }

    /// Sends a trial beside a head that waits until a time; whether one was found.
    fn send_beside(&mut self, index: usize, now: Duration, until: Duration, plan: &Plan) -> bool {
        let affordable = |trial, need| self.budget.admits(worst(plan, trial, need) + worst_of_all(plan, &trial));
        match self.lanes[index].beside(now, until, plan, &self.templates, affordable) {
            Some(Beside::Go(doing, ticket, need)) => {
                let (worst, judges) = (worst(plan, doing.trial, need), worst_of_all(plan, &doing.trial));
                self.send(now, Flight { doing, ticket, need, worst, judges });
            }
            Some(Beside::Fail(doing, fault)) => self.trial_failed(now, doing, fault),
            None => return false,
        }
        true
    }

    fn send(&mut self, now: Duration, flight: Flight) {
        let Doing { trial, attempts, .. } = flight.doing;
        self.budget.take(flight.worst + flight.judges);
        self.sent_at_once += 1;
        self.wires.tell(now, Event::InvocationStarted { trial, attempt: attempts, reserved: flight.need.reserved });
        let request = Arc::clone(&flight.doing.request);
        let task = invocation(self.gateway.clone(), Arc::clone(&self.wires), trial, request, now);
        let id = self.tasks.spawn(task).id();
        self.flights.insert(id, flight);
    }

    fn landed(&mut self, landed: Result<(Id, Landed), JoinError>) {
        let (id, landed) = match landed {
            Ok((id, landed)) => (id, Ok(landed)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(flight) = self.flights.remove(&id) else { return self.judge_landed(id, landed) };
        self.budget.settle(flight.judges, 0.0);
        match landed {
            Ok(Landed { at, result: Ok(answer) }) => self.answered(at, flight, answer),
            Ok(Landed { at, result: Err(failure) }) => self.failed(at, flight, failure),
            Err(error) if error.is_cancelled() => self.dropped(flight),
            Err(error) => {
                let fault = Fault::new(FaultKind::Other, format!("the program itself failed: {error}"));
                let at = self.wires.clock.now();
                self.failed(at, flight, Failure { fault, usage: None, after: Duration::ZERO });
            }
        }
    }

    fn answered(&mut self, at: Duration, flight: Flight, answer: Answer) {
        let Flight { mut doing, ticket, need, worst, .. } = flight;
        let Answer { reply, failed_checks } = answer;
        let plan = Arc::clone(&self.wires.plan);
        let Trial { model, variant, .. } = doing.trial;
        let settled = reply.usage.settled(plan.models[model].burndown);
        let cost = plan.models[model].price.map_or(0.0, |price| price.cost(&reply.usage));
        self.budget.settle(worst, cost);
        doing.cost += cost;
        let lane = &mut self.lanes[model];
        lane.pacer.settle(at, &ticket, settled);
        lane.pacer.answered(&ticket);
        lane.ended();
        let took =
            Demand { settled: settled as f64, reserved: need.held() as f64, latency: reply.timing.e2e.as_secs_f64() };
        lane.learn(&doing, &reply.usage, took);
        let outcome = Outcome::Ok {
            usage: reply.usage,
            timing: whole(&reply.timing),
            stop_reason: reply.stop_reason,
            cut_off: reply.cut_off,
            failed_checks,
            text: Some(reply.text),
        };
        let reserved = reply.usage.input + reply.usage.cache_write + plan.max_tokens(model, variant);
        let sample = doing.answered(at, outcome, reserved, settled, &plan);
        self.checked(at, sample);
        self.tell_changes(model);
    }

    fn failed(&mut self, at: Duration, flight: Flight, failure: Failure) {
        let Flight { mut doing, ticket, need, worst, .. } = flight;
        let plan = Arc::clone(&self.wires.plan);
        let (trial, fault) = (doing.trial, failure.fault);
        let model = &plan.models[trial.model];
        let (settled, cost) = self.budget.failed(worst, model, need.reserved, fault.kind, failure.usage);
        doing.failed(settled, cost.unwrap_or(0.0));
        let lane = &mut self.lanes[trial.model];
        lane.pacer.settle(at, &ticket, settled);
        let throttled = fault.kind.counts_against_quota();
        if throttled {
            lane.pacer.throttled(at, &ticket, &fault);
        }
        if fault.kind == FaultKind::Unavailable {
            lane.crew.step_back(at, ticket.sent());
        }
        let attempt = doing.attempts;
        let stopped = self.ending.is_some() || !lane.tries_again();
        let more = fault.retryable() && attempt < plan.attempts && !doing.model_failed_again(&fault);
        let again = more && !stopped;
        let backoff = again.then(|| backoff(plan.seed, &trial, attempt));
        self.wires.tell(at, Event::InvocationFailed { trial, attempt, fault: fault.clone(), settled, backoff });
        self.tell_changes(trial.model);
        if throttled && self.paused.is_none() && self.harm.throttled(at) && self.ending.is_none() {
            self.pause("three throttles within a minute: production may be affected", PauseCause::Throttles);
        }
        match backoff {
            Some(backoff) => self.lanes[trial.model].retry(at + backoff, doing),
            None if stopped && more => {
                self.lanes[trial.model].ended();
                self.unfinished(at, doing);
            }
            None => self.trial_failed(at, doing, fault),
        }
    }

    /// A trial failed for good.
    fn trial_failed(&mut self, at: Duration, doing: Doing, fault: Fault) {
        let Trial { model, variant, .. } = doing.trial;
        let lane = &mut self.lanes[model];
        let retired = lane.refused(variant, &fault);
        let hopeless = fault.hopeless.then(|| fault.message.clone());
        let closed = hopeless.or(lane.failed(&fault, self.wires.plan.max_error_rate));
        self.given_up(at, doing, fault, retired);
        if let Some(reason) = closed {
            self.close(model, Ended::Errors, &reason);
        }
    }

    /// No wait can make a trial fit: said at once, and the variant goes on with its other cases.
    fn never_fits(&mut self, at: Duration, doing: Doing, fault: Fault) {
        let plan = Arc::clone(&self.wires.plan);
        let Trial { model, variant, case, .. } = doing.trial;
        let of = format!("{} on case {}: {}", plan.variants[variant].name, plan.cases[case].id, fault.message);
        let (news, retired) = self.lanes[model].never_fits(variant, case, plan.cases.len());
        if news {
            self.wires.tell(at, Event::Noted { level: NoteLevel::Warning, text: of });
        }
        self.given_up(at, doing, fault, retired);
    }

    fn given_up(&mut self, at: Duration, doing: Doing, fault: Fault, retired: Option<String>) {
        let Trial { model, variant, .. } = doing.trial;
        self.lanes[model].ended();
        let sample = doing.ended(at, Outcome::Failed { fault }, &self.wires.plan);
        self.finished(at, sample);
        if let Some(reason) = retired {
            self.wires.tell(
                at,
                Event::VariantRetired { variant, model: Some(model), reason, cause: RetireCause::Failed, by: None },
            );
        }
    }

    /// An invocation was dropped on the way.
    fn dropped(&mut self, flight: Flight) {
        let at = self.wires.clock.now();
        let Flight { mut doing, ticket, need, worst, .. } = flight;
        let lane = &mut self.lanes[doing.trial.model];
        lane.pacer.settle(at, &ticket, need.reserved);
        self.budget.settle_unconfirmed(worst);
        lane.ended();
        doing.failed(need.reserved, 0.0);
        self.unfinished(at, doing);
    }

    fn unfinished(&self, at: Duration, doing: Doing) {
        let sample = doing.ended(at, Outcome::Unfinished, &self.wires.plan);
        self.wires.tell(at, Event::TrialFinished { sample });
    }

    /// A model gets no more trials.
    fn close(&mut self, index: usize, ended: Ended, reason: &str) {
        if !self.lanes[index].close(ended, reason) {
            return;
        }
        let model = &self.wires.plan.models[index].id;
        self.note(NoteLevel::Warning, format!("no more trials of {model} in this run: {reason}"));
        self.give_up(index);
    }

    fn give_up(&mut self, index: usize) {
        let at = self.wires.clock.now();
        for doing in self.lanes[index].give_up() {
            self.unfinished(at, doing);
        }
    }

    /// Nothing more is sent; what is in flight is finished.
    fn end(&mut self, ended: Ended, reason: &str) {
        if self.ending.is_none() {
            self.ending = Some((ended, reason.to_owned()));
            for lane in 0..self.lanes.len() {
                self.give_up(lane);
            }
        }
    }

    async fn drop_in_flight(&mut self) {
        self.stop();
        self.give_up_judgements();
        self.tasks.abort_all();
        while let Some(landed) = self.tasks.join_next_with_id().await {
            self.landed(landed);
        }
    }

    /// The user, or nobody's listening any more, ends the run.
    fn stop(&mut self) {
        if self.paused == Some(PauseCause::Throttles) {
            self.end(Ended::Throttled, "three throttles within a minute, and nobody said that it may go on");
        } else {
            self.end(Ended::Interrupted, "it was stopped before all trials were made");
        }
    }

    /// Does what is asked; `None` where nobody is left to ask.
    async fn obey(&mut self, command: Option<Command>) {
        let Some(command) = command else {
            if self.paused.is_some() {
                self.stop();
            }
            return;
        };
        match command {
            // The session starts runs; this one is on.
            Command::Start(_) => {}
            Command::Pause => self.pause("paused by the user", PauseCause::User),
            Command::Resume => {
                if self.paused.take().is_some() {
                    self.wires.tell_now(Event::Resumed);
                }
            }
            Command::Stop(Stop::InFlight) => self.stop(),
            Command::Stop(Stop::Now) => self.drop_in_flight().await,
            Command::SetConcurrency(concurrency) => {
                for model in 0..self.lanes.len() {
                    self.lanes[model].crew.set(concurrency);
                    self.tell_changes(model);
                }
            }
            Command::Verify(verifies) => self.verifies = verifies,
            Command::Retire(variant) => self.retire(variant),
            Command::Include(variant) => {
                let changed = self.lanes.iter_mut().fold(false, |changed, lane| lane.include(variant) | changed);
                if changed {
                    self.wires.tell_now(Event::VariantIncluded { variant });
                }
            }
        }
    }

    fn pause(&mut self, reason: &str, cause: PauseCause) {
        if self.paused.is_some() {
            return;
        }
        self.paused = Some(cause);
        let now = self.wires.clock.now();
        for lane in &mut self.lanes {
            lane.waits_end(now);
        }
        self.wires.tell(now, Event::Paused { reason: reason.into(), cause });
    }

    fn retire(&mut self, variant: usize) {
        let retire = |changed, lane: &mut Lane| lane.leave_out(variant, Lost::LeftOut) | changed;
        if self.lanes.iter_mut().fold(false, retire) {
            self.left_out = true;
            let reason = "left out by the user".into();
            self.wires.tell_now(Event::VariantRetired {
                variant,
                model: None,
                reason,
                cause: RetireCause::User,
                by: None,
            });
        }
    }
}
