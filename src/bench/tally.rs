//! Tally: what the events add up to; a pure fold of the stream, in memory that does not grow with the run.

mod excerpt;
mod judge;
mod variant;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use self::judge::JudgeTally;
pub use self::variant::{AnswerSample, EXAMPLE_CHECKS, EXAMPLES, Retired, VariantTally, slot};
use crate::bench::blocks::Blocks;
use crate::bench::client::ClientTally;
use crate::bench::event::{Ended, Entry, Event, NoteLevel, RetireCause};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::history::History;
use crate::bench::ledger::{Hold, Ledger, Refill};
use crate::bench::others::Use;
use crate::bench::parts::{Minute, Parts};
use crate::bench::plan::Plan;
use crate::bench::quota::{Limit, LimitKind, LimitSource, Quota};
use crate::bench::sample::{Outcome, Sample, Trial};
use crate::bench::verification::Verification;

/// How many of the last trials and of the last lines are kept.
pub const RECENT: usize = 1_000;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A plan, nothing sent yet.
    Planned,
    /// Sending.
    Running,
    /// Sending nothing new until resumed.
    Paused,
    /// Over.
    Finished(Ended),
}

/// What a run's events add up to.
#[derive(Debug, Clone)]
pub struct Tally {
    /// What is or will be run.
    pub plan: Arc<Plan>,
    /// The run's name on disk, once it began.
    pub run: Option<String>,
    /// True where no AWS is behind the endpoint.
    pub simulated: bool,
    /// The program's version that made the run.
    pub version: String,
    /// Where the run stands.
    pub phase: Phase,
    /// When it began, since the Unix epoch.
    pub started_at: Option<Duration>,
    /// When the last event happened.
    pub last_at: Duration,
    /// When the first invocation was sent.
    pub first_sent: Option<Duration>,
    /// When the last invocation was sent.
    pub last_sent: Option<Duration>,
    /// When the last trial was completed.
    pub last_completed: Option<Duration>,
    /// Per model, in the plan's order.
    pub models: Vec<ModelTally>,
    /// Per judge, in the plan's order.
    pub judges: Vec<JudgeTally>,
    /// Invocations that are out, by trial.
    pub out: HashMap<u64, Out>,
    /// Trials that wait for quota, by trial: the limit, and when enough comes free.
    pub waiting: BTreeMap<u64, (LimitKind, Option<Duration>)>,
    /// Trials that will try again after a fault, by trial.
    pub backing_off: BTreeMap<u64, Trial>,
    /// Trials whose answers are being judged, by trial: when each was answered.
    pub judging: BTreeMap<u64, (Trial, Duration)>,
    /// US dollars so far, the judges' included; what has no price is not in it.
    pub cost_usd: f64,
    /// Sentences that the user should read, each once, in order.
    pub notes: Vec<(NoteLevel, String)>,
    /// The last events worth a line.
    pub lines: VecDeque<Entry>,
    /// The last trials.
    pub recent: VecDeque<Finished>,
    /// Successful trials and their tokens over the whole run, warm-up included.
    pub completed: Completed,
    /// What the client saw of itself.
    pub client: ClientTally,
    /// The rule that ended the run, in a sentence, where one did. Hostile text.
    pub ended_reason: Option<String>,
}

/// A trial that ended, as the journal's entry has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The entry's number.
    pub seq: u64,
    /// When it ended, since the Unix epoch.
    pub at: Duration,
    /// Its measurement.
    pub sample: Sample,
}

/// What the whole run completed, warm-up included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Completed {
    /// Successful trials.
    pub trials: u64,
    /// Their tokens.
    pub tokens: u64,
}

/// One invocation that is out.
#[derive(Debug, Clone)]
pub struct Out {
    /// Its trial.
    pub trial: Trial,
    /// When it was sent.
    pub at: Duration,
    /// Text chunks so far.
    pub chunks: u32,
    /// Bytes of text so far.
    pub bytes: u64,
    hold: Hold,
}

/// What is known of one model in a run.
#[derive(Debug, Clone)]
pub struct ModelTally {
    /// The quota; `None` until it was detected.
    pub quota: Option<Quota>,
    /// What the user must know of the detection.
    pub quota_notes: Vec<String>,
    /// Working estimates that differ from what is listed.
    pub learned: BTreeMap<LimitKind, f64>,
    /// What is taken of the quota by this program.
    pub ledger: Ledger,
    /// What this program and the whole account took, by the minute.
    pub used: Use,
    /// What was taken of the quota over the run's time.
    pub history: History,
    /// What the quota tokens of the last minute were taken for.
    pub minute: Minute,
    /// Invocations that may be out at once now.
    pub concurrency: Option<u32>,
    /// Per variant, in the plan's order.
    pub variants: Vec<VariantTally>,
    /// What their trials took, block by block.
    pub blocks: Blocks,
    /// The winner's proof under load, once it began.
    pub verification: Option<Verification>,
    /// The quota with what was learned of it in place of what is listed, where that is less.
    within: Option<Quota>,
    in_flight: InFlight,
}

/// How many invocations of a model were out, over time.
#[derive(Debug, Clone, Default)]
struct InFlight {
    now: u32,
    since: Duration,
    /// ∫ invocations out dt, in seconds.
    integral: f64,
    /// Seconds in which any was out.
    busy: f64,
}

impl InFlight {
    fn change(&mut self, at: Duration, now: u32) {
        if self.now > 0 {
            let seconds = at.saturating_sub(self.since).as_secs_f64();
            self.integral += seconds * f64::from(self.now);
            self.busy += seconds;
        }
        self.since = self.since.max(at);
        self.now = now;
    }
}

impl ModelTally {
    /// Mean number of invocations that were out at once, while any was.
    pub fn mean_concurrency(&self) -> Option<f64> {
        (self.in_flight.busy > 0.0).then(|| self.in_flight.integral / self.in_flight.busy)
    }
}

impl ModelTally {
    fn planned(variants: usize) -> Self {
        Self {
            quota: None,
            quota_notes: Vec::new(),
            learned: BTreeMap::new(),
            ledger: Ledger::new(&Quota::default(), Refill::ROLLING),
            used: Use::default(),
            history: History::default(),
            minute: Minute::default(),
            concurrency: None,
            variants: vec![VariantTally::default(); variants],
            blocks: Blocks::new(variants),
            within: None,
            verification: None,
            in_flight: InFlight::default(),
        }
    }

    /// The quota as far as it can be taken: what was learned of a limit goes before what is listed.
    pub fn within(&self) -> Option<&Quota> {
        self.within.as_ref().or(self.quota.as_ref())
    }

    /// Of that, what a share of the listed quota allows.
    pub fn in_force(&self, share: f64) -> Option<Quota> {
        let mut in_force = self.quota.as_ref()?.share(share);
        for kind in LimitKind::ALL {
            let most = self.within().and_then(|within| within.value(kind));
            if let (Some(limit), Some(most)) = (in_force.slot(kind), most) {
                limit.value = limit.value.min(most);
            }
        }
        Some(in_force)
    }

    fn set_within(&mut self) {
        let mut within = self.quota.clone();
        for (kind, value) in &self.learned {
            let slot = within.get_or_insert_default().slot(*kind);
            *slot = Some(Limit::unlisted(*value, LimitSource::Learned));
        }
        self.within = within.filter(|_| !self.learned.is_empty());
    }
}

impl Tally {
    /// The tally of a plan of which nothing was run yet.
    pub fn planned(plan: Arc<Plan>) -> Self {
        Self {
            models: plan.models.iter().map(|_| ModelTally::planned(plan.variants.len())).collect(),
            judges: vec![JudgeTally::default(); plan.judges.len()],
            simulated: plan.endpoint == crate::bench::plan::Endpoint::Simulator,
            version: String::new(),
            plan,
            run: None,
            phase: Phase::Planned,
            started_at: None,
            last_at: Duration::ZERO,
            first_sent: None,
            last_sent: None,
            last_completed: None,
            out: HashMap::new(),
            waiting: BTreeMap::new(),
            backing_off: BTreeMap::new(),
            judging: BTreeMap::new(),
            cost_usd: 0.0,
            notes: Vec::new(),
            lines: VecDeque::new(),
            recent: VecDeque::new(),
            completed: Completed::default(),
            client: ClientTally::default(),
            ended_reason: None,
        }
    }

    /// Takes one entry in.
    pub fn apply(&mut self, entry: &Entry) {
        let at = entry.at;
        self.last_at = self.last_at.max(at);
        match &entry.event {
            Event::RunStarted { run, plan, simulated, version } => {
                *self = Self {
                    run: Some(run.clone()),
                    simulated: *simulated,
                    version: version.clone(),
                    phase: Phase::Running,
                    started_at: Some(at),
                    last_at: at,
                    ..Self::planned(Arc::clone(plan))
                };
                self.line(entry);
            }
            Event::QuotaDetected { model, quota, notes } => self.detected(*model, quota, notes),
            Event::LimitLearned { model, limit, value } => {
                // The way back up goes by many small steps.
                if self.learned(*model, *limit, *value) {
                    self.line(entry);
                }
            }
            Event::AccountUseRead { model, minutes } => {
                if let Some(model) = self.models.get_mut(*model) {
                    model.used.read(at, minutes);
                }
            }
            Event::ClientMeasured { lags, cpu, cores } => self.client.looked(lags, *cpu, *cores),
            Event::ConcurrencySet { model, concurrency } => {
                if let Some(model) = self.models.get_mut(*model) {
                    model.concurrency = Some(*concurrency);
                }
            }
            Event::TrialWaited { trial, limit, until } => {
                self.waiting.insert(trial.id, (*limit, *until));
            }
            Event::InvocationStarted { trial, attempt, reserved } => self.sent(at, *trial, *attempt, *reserved),
            Event::Progress { trial, chunks, bytes } => {
                if let Some(out) = self.out.get_mut(&trial.id) {
                    (out.chunks, out.bytes) = (*chunks, *bytes);
                }
            }
            Event::InvocationFailed { trial, fault, settled, backoff, .. } => {
                self.came_back(at, trial.id, *settled);
                if let Some(model) = self.models.get_mut(trial.model).filter(|_| fault.kind == FaultKind::Throttled) {
                    model.history.throttled(at, &mut model.ledger);
                    if let Some(verification) = &mut model.verification {
                        verification.throttled(at);
                    }
                }
                if backoff.is_some() {
                    self.backing_off.insert(trial.id, *trial);
                }
                self.invocation_failed(at, *trial, fault, *settled);
                self.line(entry);
            }
            Event::TrialAnswered { trial, settled } => {
                self.came_back(at, trial.id, *settled);
                self.judging.insert(trial.id, (*trial, at));
            }
            Event::JudgeQuotaDetected { .. }
            | Event::JudgeLimitLearned { .. }
            | Event::JudgeAsked { .. }
            | Event::JudgeReplied { .. } => self.judge(&entry.event),
            Event::JudgeFailed { .. } => {
                self.judge(&entry.event);
                self.line(entry);
            }
            Event::TrialFinished { sample } => {
                self.came_back(at, sample.trial.id, sample.settled);
                self.waiting.remove(&sample.trial.id);
                self.backing_off.remove(&sample.trial.id);
                let answered = self.judging.remove(&sample.trial.id).map_or(at, |(_, answered)| answered);
                self.trial_finished(answered, sample);
                if self.recent.len() == RECENT {
                    self.recent.pop_front();
                }
                self.recent.push_back(Finished { seq: entry.seq, at, sample: sample.clone() });
            }
            Event::VariantIncluded { variant } => {
                for model in &mut self.models {
                    if let Some(variant) = model.variants.get_mut(*variant) {
                        variant.retired = None;
                    }
                }
                self.line(entry);
            }
            Event::VariantRetired { variant, model, reason, cause, by } => {
                let only = *model;
                for (index, model) in self.models.iter_mut().enumerate() {
                    if only.is_none_or(|only| only == index)
                        && let Some(variant) = model.variants.get_mut(*variant)
                    {
                        // Journals from before there was a cause: only the user retired a variant on all models.
                        let cause = if only.is_none() { RetireCause::User } else { *cause };
                        variant.retired = Some(Retired { after: variant.ok, reason: reason.clone(), cause, by: *by });
                    }
                }
                self.line(entry);
            }
            Event::VerificationStarted { model, variant, from, until } => {
                if let Some(model) = self.models.get_mut(*model) {
                    model.verification = Some(Verification::new(*variant, *from, *until, model.blocks.of(*variant)));
                }
                self.line(entry);
            }
            Event::PolicySwitched { .. } => self.line(entry),
            Event::Paused { .. } => {
                self.phase = Phase::Paused;
                for verification in self.models.iter_mut().filter_map(|model| model.verification.as_mut()) {
                    verification.paused(at);
                }
                self.line(entry);
            }
            Event::Resumed => {
                self.phase = Phase::Running;
                self.line(entry);
            }
            Event::Noted { level, text } => {
                let note = (*level, text.clone());
                if !self.notes.contains(&note) && self.notes.len() < RECENT {
                    self.notes.push(note);
                }
                self.line(entry);
            }
            Event::RunFinished { ended, reason } => {
                self.drop_what_is_out(at);
                self.ended_reason.clone_from(reason);
                self.phase = Phase::Finished(*ended);
                self.line(entry);
            }
        }
    }

    /// For a journal that ends in the middle: what was out counts as unfinished, and the run as interrupted.
    pub fn cut_short(&mut self) {
        if !matches!(self.phase, Phase::Finished(_) | Phase::Planned) {
            self.drop_what_is_out(self.last_at);
            self.phase = Phase::Finished(Ended::Interrupted);
        }
    }

    /// Counted trials that ended, over all models and variants.
    pub fn finished_trials(&self) -> u64 {
        self.all_variants().map(|variant| variant.ok + variant.failed + variant.unfinished).sum()
    }

    /// Every variant of every model.
    pub fn all_variants(&self) -> impl Iterator<Item = &VariantTally> {
        self.models.iter().flat_map(|model| &model.variants)
    }

    /// Invocations that are out now.
    pub fn in_flight(&self) -> usize {
        self.out.len()
    }

    /// How long the run has been or was going on, seen from `now`.
    pub fn elapsed(&self, now: Duration) -> Duration {
        let end = if matches!(self.phase, Phase::Finished(_)) { self.last_at } else { now.max(self.last_at) };
        self.started_at.map_or(Duration::ZERO, |start| end.saturating_sub(start))
    }

    /// Whether a run is on.
    pub fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }

    /// Adds a note that no event brought (a failed export, a torn journal).
    pub fn note(&mut self, level: NoteLevel, text: String) {
        let entry = Entry { seq: 0, at: self.last_at, event: Event::Noted { level, text } };
        self.apply(&entry);
    }

    fn detected(&mut self, index: usize, quota: &Quota, notes: &[String]) {
        if let Some(model) = self.models.get_mut(index) {
            model.ledger.set_quota(quota);
            model.quota = Some(quota.clone());
            model.set_within();
            model.quota_notes = notes.to_vec();
        }
    }

    /// Takes a learned limit in; whether it fell, or the listed one holds again.
    fn learned(&mut self, index: usize, kind: LimitKind, value: f64) -> bool {
        let Some(model) = self.models.get_mut(index) else { return false };
        let before = model.learned.get(&kind).copied();
        let quota = model.quota.get_or_insert_default();
        let fell = match quota.slot(kind) {
            // The listed limit holds again.
            Some(limit) if limit.is_listed() && value >= limit.value => model.learned.remove(&kind).is_some(),
            Some(limit) if limit.is_listed() => {
                model.learned.insert(kind, value);
                before.is_none_or(|before| value < before)
            }
            // Nobody listed it: what was learned is all that is known.
            slot => {
                // A guess that only grows has taught nothing yet: it stays one.
                let grows = slot.as_ref().is_some_and(|l| l.source == LimitSource::Assumed && value >= l.value);
                let source = if grows { LimitSource::Assumed } else { LimitSource::Learned };
                let before = slot.replace(Limit::unlisted(value, source));
                model.ledger.set_quota(quota);
                before.is_none_or(|before| value < before.value)
            }
        };
        model.set_within();
        fell
    }

    fn sent(&mut self, at: Duration, trial: Trial, attempt: u32, reserved: u64) {
        self.waiting.remove(&trial.id);
        self.backing_off.remove(&trial.id);
        self.first_sent.get_or_insert(at);
        self.last_sent = Some(at);
        self.client.invocations += 1;
        let Some(model) = self.models.get_mut(trial.model) else { return };
        let hold = model.history.around(at, &mut model.ledger, |ledger| ledger.reserve(at, reserved));
        model.used.sent(at);
        if let Some(variant) = model.variants.get_mut(trial.variant)
            && attempt > 1
            && !trial.warmup
        {
            variant.retries += 1;
        }
        model.in_flight.change(at, model.in_flight.now + 1);
        if let Some(stale) = self.out.insert(trial.id, Out { trial, at, chunks: 0, bytes: 0, hold }) {
            // Cannot happen in a stream of ours; a damaged journal must not leave a hold behind.
            self.release(at, &stale, 0);
        }
    }

    fn came_back(&mut self, at: Duration, trial: u64, settled: u64) {
        if let Some(out) = self.out.remove(&trial) {
            self.release(at, &out, settled);
        }
    }

    fn release(&mut self, at: Duration, out: &Out, settled: u64) {
        let seconds = at.saturating_sub(out.at).as_secs_f64();
        let Some(model) = self.models.get_mut(out.trial.model) else { return };
        model.in_flight.change(at, model.in_flight.now.saturating_sub(1));
        model.history.around(at, &mut model.ledger, |ledger| ledger.settle(at, out.hold, settled));
        model.used.settled(at, settled);
        if let Some(variant) = model.variants.get_mut(out.trial.variant)
            && !out.trial.warmup
        {
            variant.in_flight_seconds += seconds;
        }
    }

    fn drop_what_is_out(&mut self, at: Duration) {
        self.waiting.clear();
        let mut open: Vec<Trial> = std::mem::take(&mut self.backing_off).into_values().collect();
        open.extend(std::mem::take(&mut self.judging).into_values().map(|(trial, _)| trial));
        let mut out: Vec<u64> = self.out.keys().copied().collect();
        out.sort_unstable();
        for gone in out.iter().filter_map(|trial| self.out.remove(trial)).collect::<Vec<_>>() {
            self.release(at, &gone, 0);
            open.push(gone.trial);
        }
        for trial in open.into_iter().filter(|trial| !trial.warmup) {
            if let Some(variant) = self.variant_mut(trial) {
                variant.unfinished += 1;
            }
        }
    }

    fn variant_mut(&mut self, trial: Trial) -> Option<&mut VariantTally> {
        self.models.get_mut(trial.model)?.variants.get_mut(trial.variant)
    }

    fn invocation_failed(&mut self, at: Duration, trial: Trial, fault: &Fault, settled: u64) {
        if let Some(model) = self.models.get_mut(trial.model).filter(|_| settled > 0) {
            model.minute.add(at, Parts::failed(settled));
        }
        let Some(variant) = self.variant_mut(trial) else { return };
        if trial.warmup {
            return;
        }
        variant.last_fault = Some(fault.clone());
        *variant.errors.entry(fault.kind).or_default() += 1;
        variant.throttles += u64::from(fault.kind == FaultKind::Throttled);
        variant.quota_tokens += settled;
        variant.quota_tokens_wasted += settled;
    }

    fn trial_finished(&mut self, at: Duration, sample: &Sample) {
        self.cost_usd += sample.cost_usd.unwrap_or(0.0);
        if sample.is_ok() {
            self.last_completed = self.last_completed.max(Some(at));
        }
        if let Outcome::Ok { usage, timing, .. } = &sample.outcome {
            self.completed.trials += 1;
            self.completed.tokens += usage.total();
            if let Some(dispatch) = timing.dispatch {
                self.client.dispatch.add(dispatch);
            }
        }
        self.verified(at, sample);
        if let Outcome::Ok { usage, timing, .. } = &sample.outcome
            && let Some(model) = self.models.get_mut(sample.trial.model)
        {
            let parts = Parts::of(usage, self.plan.models[sample.trial.model].burndown);
            model.minute.add(at.saturating_sub(timing.e2e), parts);
        }
        if let Some(model) = self.models.get_mut(sample.trial.model)
            && let Some(variant) = model.variants.get_mut(sample.trial.variant)
            && !sample.trial.warmup
        {
            variant.finished(sample);
            model.blocks.finished(sample);
        }
    }

    fn verified(&mut self, at: Duration, sample: &Sample) {
        let Some(model) = self.models.get_mut(sample.trial.model) else { return };
        let share = model.verification.is_some().then(|| model.in_force(self.plan.share)).flatten();
        if let Some(verification) = &mut model.verification {
            verification.seen(at, &self.plan, share.as_ref());
            verification.finished(at, sample);
        }
    }

    fn line(&mut self, entry: &Entry) {
        if self.lines.len() == RECENT {
            self.lines.pop_front();
        }
        self.lines.push_back(entry.clone());
    }
}
