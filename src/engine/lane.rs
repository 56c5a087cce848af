//! Lane: one model's side of a run — its queue, its pacer, its crew, and how its variants fare.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::bench::capacity::Demand;
use crate::bench::contest::Lost;
use crate::bench::event::Ended;
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::plan::{Keep, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::request::{Parameters, Request};
use crate::bench::sample::{Sample, Trial};
use crate::bench::tally::{EXAMPLE_CHECKS, EXAMPLES, slot};
use crate::bench::template::Templates;
use crate::bench::usage::Usage;
use crate::engine::crew::Crew;
use crate::engine::forecast::Forecast;
use crate::engine::need::Need;
use crate::engine::pacer::{Pacer, Refused, Ticket};
use crate::engine::race::{Out, Race};
use crate::engine::schedule::Schedule;
use crate::engine::stop::Errors;
use crate::engine::trial::Doing;

/// So many trials in a row that no retry can help retire a variant.
const MOST_REFUSALS: u32 = 3;
/// So many trials are looked through for one that goes beside a head that waits.
const MOST_ASIDE: usize = 16;
/// A wait for the daily quota that is longer than this ends the model's part of the run.
pub(crate) const LONGEST_DAILY_WAIT: Duration = Duration::from_mins(1);

/// One model's side of a run.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) model: usize,
    pub(crate) schedule: Schedule,
    pub(crate) pacer: Pacer,
    pub(crate) crew: Crew,
    /// Which variants can still win.
    race: Race,
    /// Why one of them is the winner, once that was shown before all trials were made.
    decided: Option<String>,
    /// When the winner's proof under load ends, once it began.
    verified_until: Option<Duration>,
    /// As detected.
    quota: Quota,
    variants: Vec<Record>,
    /// The trial that is next; nothing overtakes it, so nothing starves.
    head: Option<Doing>,
    /// Trials that come after the head in the schedule and are sent beside it where that does not delay it.
    aside: VecDeque<Doing>,
    /// Trials in backoff, by when it ends.
    retries: BTreeMap<(Duration, u64), Doing>,
    /// Trials begun and not ended.
    under_way: u32,
    /// Whether anything was ever ready to be sent.
    begun: bool,
    errors: Errors,
    /// Why the model gets no more trials, once that is so.
    closed: Option<(Ended, String)>,
}

/// How one variant fares.
#[derive(Debug, Default)]
struct Record {
    forecast: Forecast,
    refusals: u32,
    /// Cases on which it alone is larger than a whole limit.
    too_large: BTreeSet<usize>,
    kept_accepted: bool,
    /// Rejected answers kept so far, by each check that rejected them.
    kept_rejected: BTreeMap<String, usize>,
}

/// What a lane does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// This trial is at the head and asks to be sent.
    Ready(Need),
    /// The next trial cannot be sent at all.
    Fail(Doing, Fault),
    /// Nothing before this time, or before something else happens.
    Wait(Option<Duration>),
}

/// What goes beside a head that waits.
#[derive(Debug)]
pub(crate) enum Beside {
    /// This trial, with what it holds and needs.
    Go(Doing, Ticket, Need),
    /// This one cannot be sent at all.
    Fail(Doing, Fault),
}

/// What became of asking the pacer for the trial at the head.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It goes, with what it holds.
    Go(Doing, Ticket),
    /// Not now; the limit where this must be told.
    Later { until: Option<Duration>, tell: Option<LimitKind> },
    /// Never.
    Fail(Doing, Fault),
    /// Not today: the model's part of the run ends.
    Close(String),
}

impl Lane {
    /// The lane of the model at an index of the plan.
    pub(crate) fn new(plan: &Plan, model: usize, quota: &Quota) -> Self {
        Self {
            model,
            schedule: Schedule::new(plan, model),
            pacer: Pacer::new(quota, plan.share, plan.burst),
            crew: Crew::new(plan.concurrency, plan.burst),
            race: Race::new(plan, model, quota),
            decided: None,
            verified_until: None,
            quota: quota.clone(),
            variants: plan.variants.iter().map(|_| Record::default()).collect(),
            head: None,
            aside: VecDeque::new(),
            retries: BTreeMap::new(),
            under_way: 0,
            begun: false,
            errors: Errors::default(),
            closed: None,
        }
    }

    /// The next trial to send: a retry whose backoff is over, or the schedule's next where the crew has room.
    pub(crate) fn step(&mut self, now: Duration, plan: &Plan, templates: &Templates) -> Step {
        if self.head.is_none() {
            if self.retries.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
                self.head = self.retries.pop_first().map(|(_, doing)| doing);
            } else if self.has_room() {
                let aside = self.aside.pop_front().map(Ok);
                match aside.or_else(|| self.begin(plan, templates)) {
                    Some(Ok(doing)) => self.head = Some(doing),
                    Some(Err((doing, fault))) => return Step::Fail(doing, fault),
                    None => {}
                }
            }
        }
        match &self.head {
            Some(doing) => Step::Ready(self.need(doing, plan)),
            None => Step::Wait(self.retries.first_key_value().map(|((at, _), _)| *at)),
        }
    }

    /// Whether another trial may be under way. What only stands aside is not.
    fn has_room(&self) -> bool {
        // A verification is a race of nobody.
        let raced = self.crew.is_auto() && self.verified_until.is_none();
        let most = if raced { self.race.most_under_way() } else { u32::MAX };
        self.is_open() && self.under_way - (self.aside.len() as u32) < self.crew.size().min(most)
    }

    /// Invocations that are out: what waits at the head, aside or in backoff takes no place in flight.
    fn in_flight(&self) -> u32 {
        let waiting = self.retries.len() + self.aside.len() + usize::from(self.head.is_some());
        self.under_way.saturating_sub(waiting as u32)
    }

    /// The schedule's next trial with its request; `Err` where none can be made of it.
    fn begin(&mut self, plan: &Plan, templates: &Templates) -> Option<Result<Doing, (Doing, Fault)>> {
        let trial = self.schedule.next()?;
        self.under_way += 1;
        Some(match templates.render(trial.variant, &plan.cases[trial.case]) {
            Ok(request) => Ok(Doing::new(trial, request)),
            Err(error) => Err((Doing::new(trial, blank()), Fault::new(FaultKind::Invalid, error.to_string()))),
        })
    }

    /// While a large head waits until a time: a later trial that goes now and does not delay it. A large one would
    /// otherwise leave unused what it waits for, and what comes free beside it.
    pub(crate) fn beside(
        &mut self,
        now: Duration,
        until: Duration,
        plan: &Plan,
        templates: &Templates,
        affordable: impl Fn(Trial, Need) -> bool,
    ) -> Option<Beside> {
        let head = self.need(self.head.as_ref()?, plan);
        let taken = self.in_flight() + self.retries.len() as u32;
        if !self.pacer.is_large(head) || self.closed.is_some() || taken >= self.crew.size() {
            return None;
        }
        for place in 0..MOST_ASIDE {
            if place == self.aside.len() {
                match self.begin(plan, templates)? {
                    Ok(doing) => self.aside.push_back(doing),
                    Err((doing, fault)) => return Some(Beside::Fail(doing, fault)),
                }
            }
            let need = self.need(&self.aside[place], plan);
            let asked = affordable(self.aside[place].trial, need);
            if let Some(ticket) = asked.then(|| self.pacer.admit_beside(now, need, head, until)).flatten() {
                let mut doing = self.aside.remove(place)?;
                doing.sent(now, need);
                return Some(Beside::Go(doing, ticket, need));
            }
            self.aside[place].waits(now);
        }
        None
    }

    fn need(&self, doing: &Doing, plan: &Plan) -> Need {
        let (model, variant) = (doing.trial.model, doing.trial.variant);
        let forecast = &self.variants[variant].forecast;
        forecast.need(doing.request.prompt_bytes(), plan.max_tokens(model, variant), plan.models[model].burndown)
    }

    /// Asks the pacer to let the head go.
    pub(crate) fn ask(&mut self, now: Duration, need: Need) -> Option<Asked> {
        if self.in_flight() >= self.crew.size() {
            return Some(Asked::Later { until: None, tell: None });
        }
        let mut doing = self.head.take()?;
        if !std::mem::replace(&mut self.begun, true) {
            self.crew.begin(self.pacer.at_once(need));
        }
        // What is in flight may settle at less than it holds, and so make room.
        let none_in_flight = self.under_way as usize == self.retries.len() + self.aside.len() + 1;
        Some(match self.pacer.admit(now, need) {
            Ok(ticket) => {
                doing.sent(now, need);
                Asked::Go(doing, ticket)
            }
            Err(Refused::Never { limit, whole }) => {
                let fault = never(need, limit, whole);
                Asked::Fail(doing, fault)
            }
            Err(Refused::Full { limit: LimitKind::Tpd, until: Some(until) })
                if none_in_flight && until.saturating_sub(now) > LONGEST_DAILY_WAIT =>
            {
                self.head = Some(doing);
                Asked::Close("this program's share of the daily token quota is used up".into())
            }
            Err(refused) => {
                doing.waits(now);
                let (until, tell) = match refused {
                    Refused::Full { limit, until } => (until, (!doing.wait_told).then_some(limit)),
                    Refused::Cooling { until } => (Some(until), None),
                    Refused::Never { .. } => (None, None),
                };
                doing.wait_told |= tell.is_some();
                self.head = Some(doing);
                Asked::Later { until, tell }
            }
        })
    }

    /// The trial at the head.
    pub(crate) fn head(&self) -> Option<&Doing> {
        self.head.as_ref()
    }

    /// What waits for the pacer waits for something else from now on.
    pub(crate) fn waits_end(&mut self, now: Duration) {
        for doing in self.head.iter_mut().chain(&mut self.aside) {
            doing.wait_ends(now);
        }
    }

    /// A trial tries again at a time.
    pub(crate) fn retry(&mut self, at: Duration, doing: Doing) {
        self.retries.insert((at, doing.trial.id), doing);
    }

    /// A trial ended.
    pub(crate) fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Takes in what a reply of a variant took.
    pub(crate) fn learn(&mut self, doing: &Doing, usage: &Usage, took: Demand) {
        let record = &mut self.variants[doing.trial.variant];
        record.refusals = 0;
        record.forecast.learn(doing.request.prompt_bytes(), usage);
        self.crew.replied(self.pacer.in_force(), took);
        self.errors.ended(false, 1.0);
    }

    /// Takes in that a trial of a variant failed for good; why the variant shall be retired, where it shall.
    pub(crate) fn refused(&mut self, variant: usize, fault: &Fault) -> Option<String> {
        if fault.kind.retryable() {
            return None;
        }
        let record = &mut self.variants[variant];
        record.refusals += 1;
        if record.refusals >= MOST_REFUSALS && self.verified_until.is_some() {
            // What was measured of it before stays what it is.
            self.schedule.end();
            return None;
        }
        let retire = record.refusals >= MOST_REFUSALS && self.leave_out(variant, Lost::Failed);
        retire.then(|| format!("{MOST_REFUSALS} trials in a row failed: {}: {}", fault.kind.name(), fault.message))
    }

    /// Takes in that a variant never fits on a case: whether that is news, and why the variant shall be retired, where
    /// none of the cases is left.
    pub(crate) fn never_fits(&mut self, variant: usize, case: usize, cases: usize) -> (bool, Option<String>) {
        let too_large = &mut self.variants[variant].too_large;
        let news = too_large.insert(case);
        let retire = too_large.len() == cases && self.leave_out(variant, Lost::Failed);
        (news, retire.then(|| "it reserves more than the whole quota, whatever the case".into()))
    }

    /// Takes in that a trial failed for good; why the model gets no more of them, where too many have failed.
    pub(crate) fn failed(&mut self, fault: &Fault, most: f64) -> Option<String> {
        let (failures, of) = self.errors.ended(true, most)?;
        Some(format!(
            "{failures} of the last {of} trials failed, more than max_error_rate allows; the last one: {}: {}",
            fault.kind.name(),
            fault.message
        ))
    }

    /// Takes in how a trial ended: which variants cannot win any more, and why; and once that decides the race, what it
    /// came to.
    pub(crate) fn finished(&mut self, sample: &Sample, plan: &Plan) -> (Vec<Out>, Option<String>) {
        let lost = self.race.finished(sample, plan);
        let raced = self.is_open() && self.verified_until.is_none();
        let id = &plan.models[self.model].id;
        let winner = raced.then(|| self.race.winner(self.model, plan)).flatten();
        let shown = winner.map(|winner| format!("{} is shown to be best on {id}", plan.variants[winner].name));
        let nobody = (raced && self.race.is_lost_by_all()).then(|| format!("no variant passes the gate on {id}"));
        for out in &lost {
            self.retire(out.variant);
        }
        (lost, shown.or(nobody))
    }

    /// Takes in what was learned of a limit.
    pub(crate) fn learned(&mut self, kind: LimitKind, value: f64) {
        self.race.learned(&self.quota, kind, value);
    }

    /// Leaves a variant out of the race as well.
    pub(crate) fn leave_out(&mut self, variant: usize, lost: Lost) -> bool {
        self.race.out(variant, lost);
        self.retire(variant)
    }

    /// Gives a variant no more trials; what of it only waits for its first invocation is not sent either. True where it
    /// took part.
    fn retire(&mut self, variant: usize) -> bool {
        let begun = |doing: &Doing| doing.trial.variant != variant || doing.attempts > 0;
        if let Some(doing) = self.head.take_if(|doing| !begun(doing)) {
            self.schedule.give_back(&doing.trial);
            self.ended();
        }
        let before = self.aside.len();
        let schedule = &mut self.schedule;
        self.aside.retain(|doing| {
            let stays = begun(doing);
            if !stays {
                schedule.give_back(&doing.trial);
            }
            stays
        });
        self.under_way = self.under_way.saturating_sub((before - self.aside.len()) as u32);
        self.schedule.set_active(variant, false)
    }

    /// Lets a variant take part again; true where it did not.
    pub(crate) fn include(&mut self, variant: usize) -> bool {
        let Some(record) = self.variants.get_mut(variant) else { return false };
        record.refusals = 0;
        self.race.again(variant);
        self.is_open() && self.verified_until.is_none() && self.schedule.set_active(variant, true)
    }

    /// Whether the reply's text goes into the journal: as a sample, the first accepted one, and of the rejected ones a
    /// few for each check.
    pub(crate) fn keeps(&mut self, keep: Keep, sample: &Sample) -> bool {
        let record = &mut self.variants[sample.trial.variant];
        match keep {
            Keep::All => true,
            Keep::None => false,
            Keep::Samples if sample.trial.warmup => false,
            Keep::Samples if sample.is_accepted() => !std::mem::replace(&mut record.kept_accepted, true),
            Keep::Samples => {
                let mut keeps = false;
                for check in sample.rejected_by() {
                    if let Some(kept) = slot(&mut record.kept_rejected, check, EXAMPLE_CHECKS)
                        && *kept < EXAMPLES
                    {
                        *kept += 1;
                        keeps = true;
                    }
                }
                keeps
            }
        }
    }

    /// The model gets no more trials; true where it had not been closed before.
    pub(crate) fn close(&mut self, ended: Ended, reason: &str) -> bool {
        let first = self.closed.is_none();
        self.closed.get_or_insert_with(|| (ended, reason.to_owned()));
        first
    }

    /// Why the model gets no more trials, where that is so.
    pub(crate) fn closed(&self) -> Option<&(Ended, String)> {
        self.closed.as_ref()
    }

    /// Everything that waits is given up; what had been sent at least once is returned.
    pub(crate) fn give_up(&mut self) -> Vec<Doing> {
        let waiting = std::mem::take(&mut self.retries).into_values();
        let given_up: Vec<Doing> = waiting.chain(self.head.take()).chain(self.aside.drain(..)).collect();
        self.under_way = self.under_way.saturating_sub(given_up.len() as u32);
        given_up.into_iter().filter(|doing| doing.attempts > 0).collect()
    }

    /// Whether trials may begin.
    fn is_open(&self) -> bool {
        self.closed.is_none() && (self.decided.is_none() || self.verified_until.is_some())
    }

    /// Whether a trial that failed may be tried again.
    pub(crate) fn tries_again(&self) -> bool {
        self.is_open() && (self.verified_until.is_none() || self.is_verifying())
    }

    /// Whether its trials are over, and at most a verification is on.
    pub(crate) fn is_measured(&self) -> bool {
        self.decided.is_some() || self.verified_until.is_some()
    }

    /// Whether nothing is left to send.
    pub(crate) fn is_done(&self) -> bool {
        let waits = self.head.is_some() || !self.retries.is_empty() || !self.aside.is_empty();
        !waits && (!self.is_open() || !self.schedule.has_next())
    }

    /// The winner is shown: no more trials.
    pub(crate) fn decide(&mut self, reason: String) {
        self.decided.get_or_insert(reason);
    }

    /// Drives the best variant alone at the edge of the quota until a time, once the trials are over; which one, `None`
    /// where they are not, or nothing was answered.
    pub(crate) fn verify(&mut self, until: Duration, plan: &Plan) -> Option<usize> {
        if self.verified_until.is_some() || self.closed.is_some() || self.under_way > 0 || !self.is_done() {
            return None;
        }
        // Without a limit by the minute there is no edge to drive at.
        if self.quota.rpm.is_none() && self.quota.tpm.is_none() {
            return None;
        }
        let best = self.race.best(self.model, plan)?;
        self.schedule = Schedule::of_one(plan, self.model, best);
        self.verified_until = Some(until);
        Some(best)
    }

    /// Whether a verification is on.
    pub(crate) fn is_verifying(&self) -> bool {
        self.verified_until.is_some() && self.schedule.has_next()
    }

    /// When a verification ends that has not ended yet; ends it where that is now or was before.
    pub(crate) fn verified_until(&mut self, now: Duration) -> Option<Duration> {
        let until = self.verified_until.filter(|_| self.is_verifying())?;
        if until > now {
            return Some(until);
        }
        self.schedule.end();
        None
    }

    /// Whether any of its variants still takes part.
    pub(crate) fn takes_part(&self) -> bool {
        self.schedule.any_active()
    }

    /// Whether its winner was shown, or that there is none.
    pub(crate) fn is_decided(&self) -> bool {
        self.decided.is_some() && self.closed.is_none()
    }

    /// Why one of its variants is the winner, where that was shown before all trials were made.
    pub(crate) fn decided(&self) -> Option<&str> {
        self.decided.as_deref()
    }

    /// Whether it came to an end without any variant that still takes part.
    pub(crate) fn died(&self) -> bool {
        self.closed.is_some() || (self.decided.is_none() && self.verified_until.is_none() && !self.takes_part())
    }
}

/// Stands where no request could be made.
fn blank() -> Request {
    Request::user(None, "", Parameters::default())
}

/// The fault of an invocation that no wait can make fit.
pub(crate) fn never(need: Need, limit: LimitKind, whole: f64) -> Fault {
    let message = if limit == LimitKind::Rpm {
        format!("the quota is {whole} {}: nothing can be sent", limit.meaning())
    } else {
        format!(
            "one request reserves about {} quota tokens, more than the whole quota of {whole} {}: lower max_tokens \
             or shorten the prompt",
            need.reserved,
            limit.meaning()
        )
    };
    Fault::new(FaultKind::Invalid, message)
}
