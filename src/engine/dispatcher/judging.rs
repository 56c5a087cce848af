//! Judging: what becomes of an answer that passed every check but its judges'.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError};

use super::{Dispatcher, MOST_AT_ONCE};
use crate::bedrock::gateway::{Failure, Reply};
use crate::bench::capacity::Demand;
use crate::bench::clean::{Lines, clean};
use crate::bench::event::{Ended, Event, NoteLevel, PauseCause};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::judge::{self, Verdict};
use crate::bench::report::shortened;
use crate::bench::sample::{CheckFailure, Outcome, Sample};
use crate::bench::usage::rough_tokens;
use crate::engine::judging::{Asking, Judge, Judgement, Next, asked, worsts};
use crate::engine::trial::{Invoke, Landed, backoff};

/// How much of a fault's message is kept as the reason why there is no verdict, in characters.
const MOST_OF_FAULT: usize = 120;

impl<G: Invoke> Dispatcher<G> {
    /// A model answered and the checks were made: what is acceptable so far is judged, all else is finished. The answer
    /// is the sample's text.
    pub(super) fn checked(&mut self, at: Duration, sample: Sample) {
        let plan = Arc::clone(&self.wires.plan);
        let trial = sample.trial;
        let Outcome::Ok { usage, text: Some(text), .. } = &sample.outcome else { return self.told(at, sample) };
        let tokens = usage.output.max(rough_tokens(text.len()));
        let worsts = if sample.is_accepted() { worsts(&plan, &trial, tokens) } else { Vec::new() };
        if worsts.is_empty() {
            return self.told(at, sample);
        }
        self.wires.tell(at, Event::TrialAnswered { trial, settled: sample.settled });
        let worst = worsts.iter().sum();
        if self.judging.closed || !self.budget.admits(worst) {
            if !self.judging.closed {
                let reason = self.budget.reason(worst);
                self.close_judges(Ended::Budget, &reason);
            }
            return self.not_judged(at, sample);
        }
        self.budget.take(worst);
        self.judge(at, sample, 0, worsts);
    }

    /// Asks for the verdict of one judge after the other; the first that rejects an answer is the last that is asked.
    fn judge(&mut self, at: Duration, sample: Sample, nth: usize, worsts: Vec<f64>) {
        let plan = Arc::clone(&self.wires.plan);
        let trial = sample.trial;
        let Some((index, check)) = plan.judges_of(&trial).nth(nth) else { return self.told(at, sample) };
        let Outcome::Ok { text: Some(answer), .. } = &sample.outcome else { return self.told(at, sample) };
        let request = judge::request(&plan, check, &plan.judges[index], &plan.cases[trial.case], answer);
        self.judging.judges[index].takes(Judgement {
            nth,
            request: Arc::new(request),
            max_tokens: judge::max_tokens(check).into(),
            attempts: 0,
            unclear: false,
            model_failed: false,
            worsts,
            sample,
        });
    }

    /// Sends to the judges everything that may be sent now; when to look again.
    pub(super) fn pump_judges(&mut self) -> Option<Duration> {
        if self.paused.is_some() {
            if self.ending.is_some() {
                // Nobody will say that it may go on.
                self.give_up_judgements();
            }
            return None;
        }
        let plan = Arc::clone(&self.wires.plan);
        let mut wake: Option<Duration> = None;
        for index in 0..self.judging.judges.len() {
            loop {
                let now = self.wires.clock.now();
                if self.sent_at_once >= MOST_AT_ONCE {
                    return Some(now);
                }
                match self.judging.judges[index].next(now, plan.judges[index].burndown) {
                    Next::Go(judgement, ticket, need) => {
                        self.ask_judge(now, Asking { judge: index, judgement, ticket, need });
                    }
                    Next::Wait(until) => {
                        wake = wake.into_iter().chain(until).min();
                        break;
                    }
                    Next::Never(judgement, fault) => {
                        self.budget.settle(judgement.worst(), 0.0);
                        let trial = judgement.trial();
                        let told = fault.clone();
                        self.wires.tell(
                            now,
                            Event::JudgeFailed {
                                judge: index,
                                trial,
                                attempt: 0,
                                fault: told,
                                settled: 0,
                                cost_usd: None,
                                backoff: None,
                            },
                        );
                        self.judge_gave_up(now, index, judgement, &fault);
                    }
                    Next::Close(reason) => {
                        self.close_judges(Ended::Budget, &reason);
                        break;
                    }
                }
            }
        }
        wake
    }

    fn ask_judge(&mut self, now: Duration, asking: Asking) {
        let Asking { judge, judgement, need, .. } = &asking;
        let (trial, attempt) = (judgement.trial(), judgement.attempts);
        self.sent_at_once += 1;
        self.wires.tell(now, Event::JudgeAsked { judge: *judge, trial, attempt, reserved: need.reserved });
        let request = Arc::clone(&judgement.request);
        let id = self.tasks.spawn(asked(self.gateway.clone(), Arc::clone(&self.wires), *judge, request)).id();
        self.judging.out.insert(id, asking);
    }

    /// An invocation of a judge ended.
    pub(super) fn judge_landed(&mut self, id: Id, landed: Result<Landed, JoinError>) {
        let Some(asking) = self.judging.out.remove(&id) else { return };
        self.judging.judges[asking.judge].ended();
        match landed {
            Ok(Landed { at, result: Ok(answer) }) => self.judge_replied(at, asking, &answer.reply),
            Ok(Landed { at, result: Err(failure) }) => self.judge_failed(at, asking, failure),
            Err(error) if error.is_cancelled() => {
                let at = self.wires.clock.now();
                let Asking { judge, judgement, ticket, need } = asking;
                self.judging.judges[judge].pacer.settle(at, &ticket, need.reserved);
                self.budget.settle_unconfirmed(judgement.worst());
                self.budget.settle(judgement.later(), 0.0);
                self.not_judged(at, judgement.sample);
            }
            Err(error) => {
                let fault = Fault::new(FaultKind::Other, format!("the program itself failed: {error}"));
                let at = self.wires.clock.now();
                self.judge_failed(at, asking, Failure { fault, usage: None, after: Duration::ZERO });
            }
        }
    }

    fn judge_replied(&mut self, at: Duration, asking: Asking, reply: &Reply) {
        let Asking { judge: index, mut judgement, ticket, need } = asking;
        let plan = Arc::clone(&self.wires.plan);
        let (trial, attempt, usage) = (judgement.trial(), judgement.attempts, reply.usage);
        let settled = usage.settled(plan.judges[index].burndown);
        let cost_usd = plan.judges[index].price.map(|price| price.cost(&usage));
        self.budget.settle(judgement.worst(), cost_usd.unwrap_or(0.0));
        let judge = &mut self.judging.judges[index];
        judge.pacer.settle(at, &ticket, settled);
        judge.pacer.answered(&ticket);
        let latency = reply.timing.e2e.as_secs_f64();
        judge.learn(&judgement, &usage, Demand { settled: settled as f64, reserved: need.held() as f64, latency });
        let verdict = judge::verdict(&reply.text, reply.cut_off);
        let is_unclear = matches!(verdict, Verdict::Unclear { .. });
        let more = is_unclear && !judgement.unclear && attempt < plan.attempts;
        let again = more && !self.judging.closed;
        let told = verdict.clone();
        self.wires.tell(
            at,
            Event::JudgeReplied { judge: index, trial, attempt, usage, settled, cost_usd, verdict: told, again },
        );
        self.tell_judge_changes(index);
        match verdict {
            Verdict::Accepted => {
                let Judgement { sample, nth, worsts, .. } = judgement;
                self.judge(at, sample, nth + 1, worsts);
            }
            Verdict::Rejected { reason } => self.not_accepted(at, judgement, reason),
            Verdict::Unclear { .. } if again => {
                judgement.unclear = true;
                self.again(at, at, index, judgement);
            }
            Verdict::Unclear { why } => self.not_accepted(at, judgement, format!("gave no verdict: {why}")),
        }
    }

    fn judge_failed(&mut self, at: Duration, asking: Asking, failure: Failure) {
        let Asking { judge: index, mut judgement, ticket, need } = asking;
        let plan = Arc::clone(&self.wires.plan);
        let (trial, attempt, fault) = (judgement.trial(), judgement.attempts, failure.fault);
        let model = &plan.judges[index];
        let (settled, cost_usd) =
            self.budget.failed(judgement.worst(), model, need.reserved, fault.kind, failure.usage);
        let judge = &mut self.judging.judges[index];
        judge.pacer.settle(at, &ticket, settled);
        let throttled = fault.kind.counts_against_quota();
        if throttled {
            judge.pacer.throttled(at, &ticket, &fault);
        }
        if fault.kind == FaultKind::Unavailable {
            judge.crew.step_back(at, ticket.sent());
        }
        let model_failed_again = fault.is_the_models() && std::mem::replace(&mut judgement.model_failed, true);
        let more = fault.retryable() && attempt < plan.attempts && !model_failed_again;
        let backoff = (more && !self.judging.closed).then(|| backoff(plan.seed, &trial, attempt));
        let told = fault.clone();
        self.wires
            .tell(at, Event::JudgeFailed { judge: index, trial, attempt, fault: told, settled, cost_usd, backoff });
        self.tell_judge_changes(index);
        if throttled && self.paused.is_none() && self.harm.throttled(at) && self.ending.is_none() {
            self.pause("three throttles within a minute: production may be affected", PauseCause::Throttles);
        }
        match backoff {
            Some(backoff) => self.again(at, at + backoff, index, judgement),
            None => self.judge_gave_up(at, index, judgement, &fault),
        }
    }

    /// A judge is asked about an answer once more from a time on, if the cap on money lets it.
    fn again(&mut self, at: Duration, from: Duration, index: usize, judgement: Judgement) {
        let worst = judgement.worst();
        if self.budget.admits(worst) {
            self.budget.take(worst);
            self.judging.judges[index].retry(from, judgement);
            return;
        }
        let reason = self.budget.reason(worst);
        self.budget.settle(judgement.later(), 0.0);
        self.not_judged(at, judgement.sample);
        self.close_judges(Ended::Budget, &reason);
    }

    /// A judge cannot be asked about an answer: that is not accepted, and where it is so of every answer, the run ends.
    fn judge_gave_up(&mut self, at: Duration, index: usize, judgement: Judgement, fault: &Fault) {
        let hopeless = self.judging.judges[index].refused(fault);
        let why = format!("{}: {}", fault.kind.name(), clean(&fault.message, Lines::Join));
        self.not_accepted(at, judgement, format!("gave no verdict: {}", shortened(&why, MOST_OF_FAULT)));
        if hopeless {
            let id = &self.wires.plan.judges[index].id;
            let reason = format!("the judge {id} cannot be asked: {why}");
            self.close_judges(Ended::Errors, &reason);
        }
    }

    /// A judge did not accept an answer.
    fn not_accepted(&mut self, at: Duration, judgement: Judgement, why: String) {
        self.budget.settle(judgement.later(), 0.0);
        let Judgement { mut sample, nth, .. } = judgement;
        let plan = Arc::clone(&self.wires.plan);
        let check = plan.judges_of(&sample.trial).nth(nth).map(|(_, check)| check.label()).unwrap_or_default();
        if let Outcome::Ok { failed_checks, .. } = &mut sample.outcome {
            failed_checks.push(CheckFailure { check, why });
        }
        self.told(at, sample);
    }

    /// A trial that was answered has ended; its text stays where the plan keeps it.
    fn told(&mut self, at: Duration, mut sample: Sample) {
        let keeps = self.lanes[sample.trial.model].keeps(self.wires.plan.keep, &sample);
        if let Outcome::Ok { text, .. } = &mut sample.outcome {
            text.take_if(|_| !keeps);
        }
        self.finished(at, sample);
    }

    /// The run ends before an answer was judged.
    fn not_judged(&self, at: Duration, mut sample: Sample) {
        sample.outcome = Outcome::Unfinished;
        self.wires.tell(at, Event::TrialFinished { sample });
    }

    /// Nobody is asked any more, and without a verdict nothing is worth measuring: the run ends.
    fn close_judges(&mut self, ended: Ended, reason: &str) {
        if !std::mem::replace(&mut self.judging.closed, true) {
            self.note(NoteLevel::Warning, reason.to_owned());
        }
        self.end(ended, reason);
        self.give_up_judgements();
    }

    /// What waits for a judge stays without a verdict.
    pub(super) fn give_up_judgements(&mut self) {
        self.judging.closed = true;
        let at = self.wires.clock.now();
        let given_up: Vec<Judgement> = self.judging.judges.iter_mut().flat_map(Judge::give_up).collect();
        for judgement in given_up {
            self.budget.settle(judgement.worst() + judgement.later(), 0.0);
            self.not_judged(at, judgement.sample);
        }
    }

    fn tell_judge_changes(&mut self, judge: usize) {
        while let Some((limit, value)) = self.judging.judges[judge].pacer.learned() {
            self.wires.tell_now(Event::JudgeLimitLearned { judge, limit, value });
        }
    }
}
