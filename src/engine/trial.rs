//! Trial: one repetition of a variant on a case from its first send to its sample, retries included.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng;
use tokio::sync::mpsc::UnboundedSender;

use crate::bedrock::gateway::{Call, Failure, Gateway, OnChunk, Reply};
use crate::bench::check::Checks;
use crate::bench::event::{Event, Stamped};
use crate::bench::fault::Fault;
use crate::bench::plan::Plan;
use crate::bench::request::Request;
use crate::bench::sample::{CheckFailure, Outcome, Sample, Timing, Trial};
use crate::engine::clock::{Clock, whole_micros};
use crate::engine::need::Need;
use crate::engine::schedule::stream;

/// Progress is told this often per trial at most,
const PROGRESS_PER_TRIAL: Duration = Duration::from_millis(250);
/// and this often over all trials.
const PROGRESS_OVERALL: Duration = Duration::from_millis(20);
/// The longest first backoff; it doubles with each attempt.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest backoff at all.
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);
/// The streams of the seed's random numbers that backoffs are drawn from begin here.
const BACKOFFS: u64 = 1 << 63;

/// What the engine asks of a gateway; the gateway to Bedrock is the one implementation outside tests.
pub trait Invoke: Clone + Send + Sync + 'static {
    /// Makes one invocation: one measured reply, or one classified failure.
    fn invoke(&self, call: Call<'_>, on_chunk: OnChunk<'_>) -> impl Future<Output = Result<Reply, Failure>> + Send;
}

impl Invoke for Gateway {
    async fn invoke(&self, call: Call<'_>, on_chunk: OnChunk<'_>) -> Result<Reply, Failure> {
        Self::invoke(self, call, on_chunk).await
    }
}

/// What every invocation of a run shares: the plan, the clock, and the wire to whoever listens.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) plan: Arc<Plan>,
    checks: Checks,
    pub(crate) clock: Clock,
    events: UnboundedSender<Stamped>,
    /// When the next progress may be told, in microseconds since the epoch.
    next_progress: AtomicU64,
}

impl Wires {
    pub(crate) fn new(plan: Arc<Plan>, clock: Clock, events: UnboundedSender<Stamped>) -> Self {
        Self { checks: Checks::of(&plan), plan, clock, events, next_progress: AtomicU64::new(0) }
    }

    /// Says what happened at a time.
    pub(crate) fn tell(&self, at: Duration, event: Event) {
        // Nobody listening is noticed by the dispatcher, once a turn.
        let _ = self.events.send(Stamped { at, event });
    }

    /// Says what happens now.
    pub(crate) fn tell_now(&self, event: Event) {
        self.tell(self.clock.now(), event);
    }

    /// Whether nobody listens any more.
    pub(crate) fn deaf(&self) -> bool {
        self.events.is_closed()
    }

    /// Takes the next turn to tell progress, if it has come.
    fn may_tell_progress(&self, now: Duration) -> bool {
        let (now, step) = (now.as_micros() as u64, PROGRESS_OVERALL.as_micros() as u64);
        let turn = |next: u64| (next <= now).then_some(now + step);
        self.next_progress.fetch_update(Ordering::Relaxed, Ordering::Relaxed, turn).is_ok()
    }
}

/// An answer and what the checks say of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) failed_checks: Vec<CheckFailure>,
}

/// How an invocation ended, and when.
#[derive(Debug)]
pub(crate) struct Landed {
    pub(crate) at: Duration,
    pub(crate) result: Result<Answer, Failure>,
}

/// Makes one invocation of a trial: stamps first, checks the answer afterwards.
pub(crate) async fn invocation<G: Invoke>(
    gateway: G,
    wires: Arc<Wires>,
    trial: Trial,
    request: Arc<Request>,
    admitted: Duration,
) -> Landed {
    let queued = wires.clock.now().saturating_sub(admitted);
    let plan = &wires.plan;
    let model = &plan.models[trial.model];
    let call = Call { model, api: plan.api_of(model), request: &request, timeouts: &plan.timeouts };
    let mut told = None;
    let mut on_chunk = |chunks, bytes| {
        let now = wires.clock.now();
        let rested = told.is_none_or(|told| now.saturating_sub(told) >= PROGRESS_PER_TRIAL);
        if rested && wires.may_tell_progress(now) {
            told = Some(now);
            wires.tell(now, Event::Progress { trial, chunks, bytes });
        }
    };
    let result = gateway.invoke(call, &mut on_chunk).await;
    let at = wires.clock.now();
    let checked = |mut reply: Reply| {
        reply.timing.dispatch = Some(queued + reply.timing.dispatch.unwrap_or_default());
        Answer { failed_checks: wires.checks.failures(plan, &trial, &reply.text), reply }
    };
    Landed { at, result: result.map(checked) }
}

/// A trial that was begun and has not ended.
#[derive(Debug)]
pub(crate) struct Doing {
    pub(crate) trial: Trial,
    pub(crate) request: Arc<Request>,
    /// Invocations made so far.
    pub(crate) attempts: u32,
    /// Whether the present wait for the quota was told.
    pub(crate) wait_told: bool,
    /// US dollars of all its invocations so far.
    pub(crate) cost: f64,
    model_failed: bool,
    waited: Duration,
    waits_since: Option<Duration>,
    first_sent: Option<Duration>,
    reserved: u64,
    settled: u64,
    wasted: u64,
}

impl Doing {
    pub(crate) fn new(trial: Trial, request: Request) -> Self {
        Self {
            trial,
            request: Arc::new(request),
            attempts: 0,
            wait_told: false,
            cost: 0.0,
            model_failed: false,
            waited: Duration::ZERO,
            waits_since: None,
            first_sent: None,
            reserved: 0,
            settled: 0,
            wasted: 0,
        }
    }

    /// The pacer does not let it go now.
    pub(crate) fn waits(&mut self, now: Duration) {
        self.waits_since.get_or_insert(now);
    }

    /// It waits for something else than the pacer from now on (the user's pause).
    pub(crate) fn wait_ends(&mut self, now: Duration) {
        if let Some(since) = self.waits_since.take() {
            self.waited += now.saturating_sub(since);
        }
    }

    /// An invocation is sent.
    pub(crate) fn sent(&mut self, now: Duration, need: Need) {
        self.wait_ends(now);
        self.wait_told = false;
        self.attempts += 1;
        self.first_sent.get_or_insert(now);
        self.wasted += self.settled;
        self.settled = 0;
        self.reserved = need.reserved;
    }

    /// Takes a fault in; whether the model itself failed in an earlier attempt too.
    pub(crate) fn model_failed_again(&mut self, fault: &Fault) -> bool {
        fault.is_the_models() && std::mem::replace(&mut self.model_failed, true)
    }

    /// An invocation failed and took so much all the same.
    pub(crate) fn failed(&mut self, settled: u64, cost: f64) {
        self.settled = settled;
        self.cost += cost;
    }

    /// The sample of a trial that was answered; `reserved` is what the service reserved by its own count.
    pub(crate) fn answered(
        mut self,
        at: Duration,
        outcome: Outcome,
        reserved: u64,
        settled: u64,
        plan: &Plan,
    ) -> Sample {
        self.reserved = reserved;
        self.settled = settled;
        self.ended(at, outcome, plan)
    }

    /// The sample of a trial that ended.
    pub(crate) fn ended(self, at: Duration, outcome: Outcome, plan: &Plan) -> Sample {
        Sample {
            trial: self.trial,
            outcome,
            attempts: self.attempts,
            reserved: self.reserved,
            settled: self.settled,
            wasted: self.wasted,
            waited: whole_micros(self.waited),
            to_success: self.first_sent.map_or(Duration::ZERO, |sent| at.saturating_sub(sent)),
            cost_usd: plan.models[self.trial.model].price.map(|_| self.cost),
        }
    }
}

/// The wait before the attempt after this one: exponential with full jitter, drawn from the plan's seed.
pub(crate) fn backoff(seed: u64, trial: &Trial, attempt: u32) -> Duration {
    let longest = FIRST_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_BACKOFF);
    let mut rng = stream(seed, BACKOFFS | trial.id << 8 | u64::from(attempt.min(255)));
    whole_micros(longest.mul_f64(rng.random_range(0.0..1.0)))
}

/// A stopwatch in the whole microseconds that a journal holds.
pub(crate) fn whole(timing: &Timing) -> Timing {
    Timing {
        dispatch: timing.dispatch.map(whole_micros),
        first_event: timing.first_event.map(whole_micros),
        ttft: timing.ttft.map(whole_micros),
        e2e: whole_micros(timing.e2e),
        chunks: timing.chunks,
        longest_gap: timing.longest_gap.map(whole_micros),
        service: timing.service.map(whole_micros),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fault::FaultKind;

    fn trial(id: u64) -> Trial {
        Trial { id, model: 0, variant: 0, case: 0, block: 0, warmup: false }
    }

    #[test]
    fn a_model_that_fails_gets_one_more_attempt_whatever_failed_before() {
        let request = Request::user(None, "", crate::bench::request::Parameters::default());
        let mut doing = Doing::new(trial(1), request);
        let of = |code: &str| Fault { code: Some(code.into()), ..Fault::new(FaultKind::TimedOut, "") };
        assert!(!doing.model_failed_again(&of("ThrottlingException")));
        assert!(!doing.model_failed_again(&of("ModelTimeoutException")));
        assert!(doing.model_failed_again(&of("ModelErrorException")));
    }

    #[test]
    fn backoff_is_seeded_grows_and_is_capped() {
        assert_eq!(backoff(7, &trial(3), 1), backoff(7, &trial(3), 1));
        assert_ne!(backoff(7, &trial(3), 1), backoff(8, &trial(3), 1));
        assert_ne!(backoff(7, &trial(3), 1), backoff(7, &trial(4), 1));
        let longest = |attempt| (0..2_000).map(|id| backoff(7, &trial(id), attempt)).max().expect("some");
        for (attempt, most) in [(1, 1.0), (2, 2.0), (3, 4.0), (6, 20.0), (40, 20.0)] {
            let found = longest(attempt).as_secs_f64();
            assert!(found <= most && found > 0.95 * most, "attempt {attempt}: {found} of {most}");
        }
        assert!((0..2_000).any(|id| backoff(7, &trial(id), 1) < Duration::from_millis(50)), "full jitter");
    }
}
