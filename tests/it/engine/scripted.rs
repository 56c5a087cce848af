//! A scripted Bedrock: answers as a test says, and throttles as a strict judge says where the test gives one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quotient::bedrock::gateway::{Call, Failure, OnChunk, Reply};
use quotient::bench::event::{Command, Entry, Event, Stamped};
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::ledger::Refill;
use quotient::bench::plan::{Plan, Price};
use quotient::bench::quota::{Limit, LimitKind, LimitSource, Quota};
use quotient::bench::sample::Timing;
use quotient::bench::usage::Usage;
use quotient::engine::dispatcher::{Engine, Memory, run};
use quotient::engine::trial::Invoke;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::judge::Judge;
use crate::stage;

/// One invocation as the script sees it.
pub(crate) struct Ask {
    /// The variant's name: the plans here put it into the system prompt.
    pub(crate) variant: String,
    /// The model as named.
    pub(crate) model: String,
    /// Bytes of the prompt.
    pub(crate) prompt: usize,
    /// The last turn.
    pub(crate) text: String,
    /// How many invocations came before this one.
    pub(crate) before: usize,
    /// How many of this variant.
    pub(crate) before_of_variant: usize,
}

/// What becomes of one invocation.
#[derive(Clone)]
pub(crate) struct Act {
    pub(crate) latency: Duration,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) text: String,
    pub(crate) cut_off: bool,
    pub(crate) chunks: u32,
    pub(crate) fault: Option<Fault>,
}

impl Act {
    /// An answer after a time.
    pub(crate) fn answer(latency_ms: u64, input: u64, output: u64) -> Self {
        Self {
            latency: Duration::from_millis(latency_ms),
            input,
            output,
            text: "an answer".into(),
            cut_off: false,
            chunks: 0,
            fault: None,
        }
    }

    /// A fault after a time.
    pub(crate) fn fault(latency_ms: u64, kind: FaultKind) -> Self {
        Self { fault: Some(Fault::new(kind, "as scripted")), ..Self::answer(latency_ms, 0, 0) }
    }
}

type Script = dyn Fn(&Ask) -> Act + Send + Sync;

/// What the scripted Bedrock saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Variant of each invocation, and when it came.
    pub(crate) asked: Vec<(String, Duration)>,
    /// Invocations that its ledger refused.
    pub(crate) throttled: usize,
    /// Quota tokens that it settled.
    pub(crate) settled: u64,
    /// Most invocations that were out at once.
    pub(crate) most_out: usize,
    out: usize,
    of_variants: HashMap<String, usize>,
}

/// The scripted Bedrock.
#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<Script>,
    judge: Option<Arc<Mutex<Judge>>>,
    pub(crate) seen: Arc<Mutex<Seen>>,
    born: Instant,
    phase: Duration,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(&Ask) -> Act + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), judge: None, seen: Arc::default(), born: Instant::now(), phase: stage::START }
    }

    /// Throttles what a strict judge refuses, whose clock stands `phase` into a minute when the run begins.
    pub(crate) fn judged(mut self, quota: &Quota, refill: Refill, phase: Duration) -> Self {
        self.judge = Some(Arc::new(Mutex::new(Judge::new(quota, refill))));
        self.phase = stage::START + phase;
        self
    }

    fn now(&self) -> Duration {
        self.phase + self.born.elapsed()
    }

    fn ask(&self, call: &Call<'_>) -> Ask {
        let variant = call.request.system.clone().unwrap_or_default();
        let mut seen = self.seen.lock().unwrap();
        let of_variant = seen.of_variants.entry(variant.clone()).or_default();
        let before_of_variant = std::mem::replace(of_variant, *of_variant + 1);
        let ask = Ask {
            variant: variant.clone(),
            model: call.model.id.to_string(),
            prompt: call.request.prompt_bytes(),
            text: call.request.turns.last().map(|turn| turn.text.clone()).unwrap_or_default(),
            before: seen.asked.len(),
            before_of_variant,
        };
        seen.asked.push((variant, self.born.elapsed()));
        ask
    }
}

/// Counts an invocation as out until it is dropped.
struct Out<'a>(&'a Mutex<Seen>);

impl<'a> Out<'a> {
    fn new(seen: &'a Mutex<Seen>) -> Self {
        let mut now = seen.lock().unwrap();
        now.out += 1;
        now.most_out = now.most_out.max(now.out);
        Self(seen)
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().out -= 1;
    }
}

impl Invoke for Scripted {
    async fn invoke(&self, call: Call<'_>, on_chunk: OnChunk<'_>) -> Result<Reply, Failure> {
        let act = (self.script)(&self.ask(&call));
        let _out = Out::new(&self.seen);
        let sent = Instant::now();
        let max_tokens = call.request.parameters.max_tokens.unwrap_or(call.model.max_output);
        let hold = match &self.judge {
            Some(judge) => {
                let reserved = act.input + u64::from(max_tokens);
                match judge.lock().unwrap().admit(self.now(), reserved) {
                    Ok(admitted) => Some(admitted),
                    Err(limit) => {
                        self.seen.lock().unwrap().throttled += 1;
                        let what = if limit == LimitKind::Rpm { "requests" } else { "tokens" };
                        let text = format!("Too many {what}, please wait before trying again.");
                        let fault = Fault::new(FaultKind::Throttled, text);
                        return Err(Failure { fault, usage: None, after: Duration::ZERO });
                    }
                }
            }
            None => None,
        };
        for chunk in 1..=act.chunks {
            tokio::time::sleep_until(sent + act.latency * chunk / act.chunks).await;
            on_chunk(chunk, u64::from(chunk) * 10);
        }
        tokio::time::sleep_until(sent + act.latency).await;
        let usage = Usage::reported(act.input, act.output);
        let settled = if act.fault.is_some() { 0 } else { usage.settled(call.model.burndown) };
        if let (Some(judge), Some(hold)) = (&self.judge, hold) {
            judge.lock().unwrap().settle(self.now(), hold, settled);
        }
        self.seen.lock().unwrap().settled += settled;
        match act.fault {
            Some(fault) => Err(Failure { fault, usage: None, after: sent.elapsed() }),
            None => Ok(Reply {
                text: act.text,
                usage,
                stop_reason: if act.cut_off { "max_tokens" } else { "end_turn" }.into(),
                cut_off: act.cut_off,
                timing: Timing { e2e: sent.elapsed(), chunks: act.chunks, ..Timing::default() },
            }),
        }
    }
}

/// A plan of these variants, each with its name as system prompt, on a model with a price.
pub(crate) fn plan(names: &[&str], trials: u32) -> Plan {
    let mut plan = stage::plan(names, trials);
    for variant in &mut plan.variants {
        variant.system = Some(variant.name.clone());
        variant.parameters.max_tokens = Some(100);
    }
    for model in &mut plan.models {
        model.price = Some(Price { input: 3.0, output: 15.0, cache_read: 0.3, cache_write: 3.75 });
    }
    plan.warmup = 0;
    plan
}

/// A quota of these limits a minute.
pub(crate) fn quota(rpm: Option<f64>, tpm: Option<f64>) -> Quota {
    let limit = |value| Limit::unlisted(value, LimitSource::Applied);
    Quota { rpm: rpm.map(limit), tpm: tpm.map(limit), tpd: None }
}

/// A run under way.
pub(crate) struct Running {
    pub(crate) commands: UnboundedSender<Command>,
    pub(crate) events: UnboundedReceiver<Stamped>,
    pub(crate) engine: tokio::task::JoinHandle<Memory>,
}

/// Starts a run of a plan on one quota for each of its models.
pub(crate) fn start(plan: Plan, quota: &Quota, gateway: Scripted) -> Running {
    start_after(Memory::default(), plan, quota, gateway)
}

/// The same after an earlier run.
pub(crate) fn start_after(memory: Memory, plan: Plan, quota: &Quota, gateway: Scripted) -> Running {
    let quotas = vec![quota.clone(); plan.models.len() + plan.judges.len()];
    start_under(memory, plan, quotas, gateway)
}

/// The same under one quota for each model and each judge.
pub(crate) fn start_under(memory: Memory, plan: Plan, quotas: Vec<Quota>, gateway: Scripted) -> Running {
    let quotas = quotas.into_iter().map(|quota| (quota, Vec::new())).collect();
    let engine = Engine {
        plan: Arc::new(plan),
        run: "test".into(),
        gateway,
        quotas,
        simulated: true,
        watch: None,
        account: None,
        memory,
    };
    let (commands, obeyed) = unbounded_channel();
    let (tell, events) = unbounded_channel();
    Running { commands, events, engine: tokio::spawn(run(engine, obeyed, tell)) }
}

impl Running {
    /// Everything that still comes, numbered.
    pub(crate) async fn rest(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        while let Some(Stamped { at, event }) = self.events.recv().await {
            entries.push(Entry { seq: entries.len() as u64, at, event });
        }
        entries
    }

    /// Everything up to the first event of a kind, that one included.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(Stamped { event, .. }) = self.events.recv().await {
            let found = wanted(&event);
            events.push(event);
            if found {
                break;
            }
        }
        events
    }
}

/// Runs a plan undisturbed.
pub(crate) async fn whole(plan: Plan, quota: &Quota, gateway: Scripted) -> Vec<Entry> {
    start(plan, quota, gateway).rest().await
}
