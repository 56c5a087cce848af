//! Judging: one judge's side of a run — the answers that wait for it, its pacer, its crew.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::Id;

use crate::bedrock::gateway::Call;
use crate::bench::capacity::Demand;
use crate::bench::fault::Fault;
use crate::bench::judge;
use crate::bench::plan::{Api, Concurrency, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::request::Request;
use crate::bench::sample::{Sample, Trial};
use crate::bench::usage::Usage;
use crate::engine::budget::worst_cost;
use crate::engine::crew::Crew;
use crate::engine::forecast::Forecast;
use crate::engine::lane::{LONGEST_DAILY_WAIT, never};
use crate::engine::need::Need;
use crate::engine::pacer::{Pacer, Refused, Ticket};
use crate::engine::trial::{Answer, Invoke, Landed, Wires};

/// So many answers may wait to be sent to judges before the models under test get no more trials: what is ahead of the
/// judges costs money and says nothing yet.
const MOST_WAITING: usize = 16;
/// So many invocations in a row that no retry can help mean that a judge cannot be asked at all.
const MOST_REFUSALS: u32 = 3;
/// Tokens of one answer may be counted otherwise by another model; so much more than the tested one's count, in quarters.
const OTHER_COUNT: u64 = 5;

/// An answer that waits for a verdict.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// The trial's sample, its answer's text in it.
    pub(crate) sample: Sample,
    /// Which of the judges' checks that apply to it is made.
    pub(crate) nth: usize,
    /// What is asked.
    pub(crate) request: Arc<Request>,
    /// Most output tokens of the reply.
    pub(crate) max_tokens: u64,
    /// Times that this judge was asked about it so far.
    pub(crate) attempts: u32,
    /// Whether one of the replies was no verdict.
    pub(crate) unclear: bool,
    /// Whether the model itself failed once.
    pub(crate) model_failed: bool,
    /// US dollars that one invocation may cost at most, of each of the judges' checks that apply; the budget holds those
    /// from `nth` on.
    pub(crate) worsts: Vec<f64>,
}

impl Judgement {
    /// The trial.
    pub(crate) fn trial(&self) -> Trial {
        self.sample.trial
    }

    /// US dollars that the next invocation may cost at most.
    pub(crate) fn worst(&self) -> f64 {
        self.worsts.get(self.nth).copied().unwrap_or(0.0)
    }

    /// US dollars that are held for the checks behind this one.
    pub(crate) fn later(&self) -> f64 {
        self.worsts.iter().skip(self.nth + 1).sum()
    }
}

/// An invocation of a judge that is out.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) judge: usize,
    pub(crate) judgement: Judgement,
    pub(crate) ticket: Ticket,
    pub(crate) need: Need,
}

/// What a judge does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is asked about this answer.
    Go(Judgement, Ticket, Need),
    /// Nothing before this time, or before something else happens.
    Wait(Option<Duration>),
    /// No wait can make this one fit.
    Never(Judgement, Fault),
    /// Not today.
    Close(String),
}

/// All judges of a run.
#[derive(Debug)]
pub(crate) struct Judging {
    pub(crate) judges: Vec<Judge>,
    pub(crate) out: HashMap<Id, Asking>,
    /// Whether nobody is asked again.
    pub(crate) closed: bool,
}

impl Judging {
    /// The judges of a plan with their quotas.
    pub(crate) fn new(plan: &Plan, quotas: &[(Quota, Vec<String>)]) -> Self {
        let judges = plan.judges.iter().zip(quotas).map(|(_, (quota, _))| Judge::new(plan, quota)).collect();
        Self { judges, out: HashMap::new(), closed: false }
    }

    /// Whether no answer waits for a verdict.
    pub(crate) fn is_idle(&self) -> bool {
        self.out.is_empty() && self.judges.iter().all(|judge| judge.waiting() == 0)
    }

    /// Whether so many answers wait that no more shall come.
    pub(crate) fn is_full(&self) -> bool {
        self.judges.iter().map(Judge::waiting).sum::<usize>() >= MOST_WAITING
    }
}

/// One judge.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) pacer: Pacer,
    pub(crate) crew: Crew,
    forecast: Forecast,
    queue: VecDeque<Judgement>,
    /// Those in backoff, by when it ends.
    retries: BTreeMap<(Duration, u64), Judgement>,
    out: u32,
    begun: bool,
    refusals: u32,
}

impl Judge {
    fn new(plan: &Plan, quota: &Quota) -> Self {
        Self {
            pacer: Pacer::new(quota, plan.share, plan.burst),
            crew: Crew::new(Concurrency::Auto, plan.burst),
            forecast: Forecast::default(),
            queue: VecDeque::new(),
            retries: BTreeMap::new(),
            out: 0,
            begun: false,
            refusals: 0,
        }
    }

    fn waiting(&self) -> usize {
        self.queue.len() + self.retries.len()
    }

    /// An answer waits for this judge.
    pub(crate) fn takes(&mut self, judgement: Judgement) {
        self.queue.push_back(judgement);
    }

    /// It is asked about an answer once more at a time.
    pub(crate) fn retry(&mut self, at: Duration, judgement: Judgement) {
        self.retries.insert((at, judgement.trial().id), judgement);
    }

    /// The next answer that it is asked about.
    pub(crate) fn next(&mut self, now: Duration, burndown: u32) -> Next {
        while self.retries.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
            // They have waited longest.
            self.queue.extend(self.retries.pop_first().map(|(_, judgement)| judgement));
            self.queue.rotate_right(1);
        }
        let retry = self.retries.first_key_value().map(|((at, _), _)| *at);
        let Some(mut judgement) = self.queue.pop_front() else { return Next::Wait(retry) };
        let need = self.forecast.need(judgement.request.prompt_bytes(), judgement.max_tokens, burndown);
        if !std::mem::replace(&mut self.begun, true) {
            self.crew.begin(self.pacer.at_once(need));
        }
        let refused = if self.out < self.crew.size() {
            match self.pacer.admit(now, need) {
                Ok(ticket) => {
                    judgement.attempts += 1;
                    self.out += 1;
                    return Next::Go(judgement, ticket, need);
                }
                Err(refused) => Some(refused),
            }
        } else {
            None
        };
        let until = match refused {
            Some(Refused::Never { limit, whole }) => return Next::Never(judgement, never(need, limit, whole)),
            Some(Refused::Full { until, .. }) => until,
            Some(Refused::Cooling { until }) => Some(until),
            None => None,
        };
        self.queue.push_front(judgement);
        match refused {
            Some(Refused::Full { limit: LimitKind::Tpd, until: Some(until) })
                if self.out == 0 && until.saturating_sub(now) > LONGEST_DAILY_WAIT =>
            {
                Next::Close("this program's share of the judge's daily token quota is used up".into())
            }
            _ => Next::Wait(until.into_iter().chain(retry).min()),
        }
    }

    /// An invocation of it ended.
    pub(crate) fn ended(&mut self) {
        self.out = self.out.saturating_sub(1);
    }

    /// Takes in what a reply took.
    pub(crate) fn learn(&mut self, judgement: &Judgement, usage: &Usage, took: Demand) {
        self.refusals = 0;
        self.forecast.learn(judgement.request.prompt_bytes(), usage);
        self.crew.replied(self.pacer.in_force(), took);
    }

    /// Takes in that it could not be asked, and no retry helps; whether that is so of every answer.
    pub(crate) fn refused(&mut self, fault: &Fault) -> bool {
        self.refusals += u32::from(!fault.kind.retryable());
        fault.hopeless || self.refusals >= MOST_REFUSALS
    }

    /// Everything that waits is given up.
    pub(crate) fn give_up(&mut self) -> Vec<Judgement> {
        self.queue.drain(..).chain(std::mem::take(&mut self.retries).into_values()).collect()
    }
}

/// US dollars that one invocation of each judge may cost at most, of those that an answer of so many tokens needs.
pub(crate) fn worsts(plan: &Plan, trial: &Trial, answer_tokens: u64) -> Vec<f64> {
    let of = |(judge, check)| {
        let judge: usize = judge;
        let asked = judge::prompt_bytes(plan, check, &plan.cases[trial.case]);
        let input = Forecast::default().input(asked) + answer_tokens * OTHER_COUNT / 4;
        worst_cost(plan.judges[judge].price.as_ref(), input, judge::max_tokens(check).into())
    };
    plan.judges_of(trial).map(of).collect()
}

/// The same, in all, before there is an answer.
pub(crate) fn worst_of_all(plan: &Plan, trial: &Trial) -> f64 {
    if plan.judges.is_empty() {
        return 0.0;
    }
    worsts(plan, trial, plan.max_tokens(trial.model, trial.variant)).iter().sum()
}

/// Makes one invocation of a judge, which does not stream.
pub(crate) async fn asked<G: Invoke>(gateway: G, wires: Arc<Wires>, judge: usize, request: Arc<Request>) -> Landed {
    let plan = &wires.plan;
    let call = Call { model: &plan.judges[judge], api: Api::Converse, request: &request, timeouts: &plan.timeouts };
    let result = gateway.invoke(call, &mut |_, _| {}).await;
    Landed { at: wires.clock.now(), result: result.map(|reply| Answer { reply, failed_checks: Vec::new() }) }
}
