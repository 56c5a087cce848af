//! Gateway: the seam to Bedrock — one invocation in, one measured reply or one classified failure out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::time::{Instant, timeout_at};

use crate::bedrock::count::{self, Counter};
use crate::bedrock::fault::{self, Answer, Exception, Place};
use crate::bedrock::probe::{Mark, Probe};
use crate::bedrock::{converse, invoke};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::plan::{Api, ModelPlan, Timeouts};
use crate::bench::request::Request;
use crate::bench::sample::Timing;
use crate::bench::usage::{Usage, UsageSource, rough_tokens};

/// One invocation to make.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The model, as the user named it.
    pub model: &'a ModelPlan,
    /// How.
    pub api: Api,
    /// What.
    pub request: &'a Request,
    /// For how long at most. `connect` is not read here: it belongs to the connection (see `bedrock::aws`).
    pub timeouts: &'a Timeouts,
}

/// A complete answer with its stopwatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The text, reasoning left out. Hostile text.
    pub text: String,
    /// Its tokens.
    pub usage: Usage,
    /// Why the model stopped, in Converse's words (`end_turn`, `max_tokens`, `stop_sequence` …); `unknown` where the
    /// service did not say.
    pub stop_reason: String,
    /// True where `max_tokens` (or the context's end) cut it off.
    pub cut_off: bool,
    /// From the moment it was sent.
    pub timing: Timing,
}

/// A failed invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What went wrong.
    pub fault: Fault,
    /// Tokens that it took all the same, as far as can be known (a stream that broke after text): charged.
    /// `None` where the service never began to answer.
    pub usage: Option<Usage>,
    /// From the moment it was sent.
    pub after: Duration,
}

/// Is told of text that streams in: chunks so far, bytes so far. Must return at once.
pub type OnChunk<'a> = &'a mut (dyn FnMut(u32, u64) + Send);

/// Bedrock's runtime behind one client and one pool of connections; cheap to clone.
#[derive(Debug, Clone)]
pub struct Gateway {
    pub(super) client: Client,
    place: Arc<Place>,
    mark: Mark,
    counter: Counter,
}

impl Gateway {
    pub(super) fn new(client: Client, place: Arc<Place>, mark: Mark) -> Self {
        Self { client, place, mark, counter: Counter::default() }
    }

    /// One invocation: one request on the wire, never retried here, and where its answer came without its usage the
    /// `CountTokens` that count it afterwards. Measured from the moment the request is handed to the connector, signed
    /// and serialised. Dropping the future drops the connection's stream at once.
    pub async fn invoke(&self, call: Call<'_>, on_chunk: OnChunk<'_>) -> Result<Reply, Failure> {
        let attempt = Attempt::begin(call, &self.place);
        let mut reply = match call.api {
            Api::Converse => converse::whole(&self.client, &attempt).await,
            Api::ConverseStream => converse::streamed(&self.client, &attempt, on_chunk).await,
            Api::Invoke => invoke::whole(&self.client, &attempt).await,
            Api::InvokeStream => invoke::streamed(&self.client, &attempt, on_chunk).await,
        }?;
        // The stopwatch has stopped.
        reply.timing.dispatch = Some(attempt.sent().duration_since(attempt.begun));
        if reply.usage.source == UsageSource::Estimated
            && let Some(counted) = self.counter.usage(&self.client, &self.place, call, &reply).await
        {
            reply.usage = counted;
        }
        Ok(reply)
    }

    /// Input tokens of a request as `CountTokens` counts them: free, but limited in rate, so once per variant and
    /// case, and only for models that it knows (Claude 3.5 to 4.6 in 2026; others answer with a fault).
    pub async fn count_tokens(&self, model: &ModelPlan, request: &Request) -> Result<u64, Fault> {
        count::count(&self.client, &self.place, model, request).await
    }

    /// Whether any response so far, Service Quotas' included, said that a simulator gave it.
    pub fn simulated(&self) -> bool {
        self.mark.seen()
    }

    /// Seconds by which this machine's clock is ahead of the latest response's `Date`, whichever service gave it
    /// (negative: behind); `None` before any did. One or two seconds say nothing.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.mark.clock_ahead()
    }
}

/// A timeout of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    FirstText,
    Stall,
    Total,
}

/// One invocation under way: its call, its stopwatch, its limits.
pub(super) struct Attempt<'a> {
    pub(super) call: Call<'a>,
    pub(super) probe: Probe,
    place: &'a Place,
    begun: Instant,
}

impl<'a> Attempt<'a> {
    pub(super) fn begin(call: Call<'a>, place: &'a Place) -> Self {
        Self { call, probe: Probe::default(), place, begun: Instant::now() }
    }

    /// What an error of the SDK means for this call.
    pub(super) fn fault<E: Exception, R: Answer>(&self, error: &SdkError<E, R>) -> Fault {
        fault::of_sdk_error(error, self.place, Some(&self.call.model.id))
    }

    /// When the request left; for one that never did, when the attempt began.
    pub(super) fn sent(&self) -> Instant {
        self.probe.sent().unwrap_or(self.begun)
    }

    /// Sends and waits for the answer's head (for a call that does not stream, for the answer) within a limit.
    ///
    /// The SDK's state of sending is large. On the heap of its own it is gone once the answer begins, so that a stream
    /// in flight does not hold it.
    pub(super) async fn send<T, E: Exception, F: Future<Output = Result<T, SdkError<E, HttpResponse>>>>(
        &self,
        limit: Limit,
        sending: Pin<Box<F>>,
    ) -> Result<T, Failure> {
        let limit = if self.until(limit) < self.until(Limit::Total) { limit } else { Limit::Total };
        match timeout_at(self.until(limit), self.probe.watching(sending)).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(self.failure(self.fault(&error))),
            Err(_) => Err(self.failure(self.timed_out(limit))),
        }
    }

    /// When a limit on the whole attempt is over. Durations beyond what the clock can hold mean: never.
    pub(super) fn until(&self, limit: Limit) -> Instant {
        later(self.begun, self.duration(limit))
    }

    /// When a stream that last spoke at this moment counts as stalled.
    pub(super) fn stalled_at(&self, last_event: Instant) -> Instant {
        later(last_event, self.call.timeouts.stall)
    }

    fn duration(&self, limit: Limit) -> Duration {
        match limit {
            Limit::FirstText => self.call.timeouts.first_text,
            Limit::Stall => self.call.timeouts.stall,
            Limit::Total => self.call.timeouts.total,
        }
    }

    pub(super) fn timed_out(&self, limit: Limit) -> Fault {
        let what = match limit {
            Limit::FirstText => "No output came",
            Limit::Stall => "The stream said nothing more",
            Limit::Total => "The invocation did not end",
        };
        let seconds = self.duration(limit).as_secs_f64();
        Fault::new(FaultKind::TimedOut, format!("{what} within {seconds} s; raise the timeout if that is too short."))
    }

    /// A failure before the service began to answer.
    pub(super) fn failure(&self, fault: Fault) -> Failure {
        Failure { fault, usage: None, after: self.sent().elapsed() }
    }

    /// A failure after this many bytes of output.
    pub(super) fn charged(&self, fault: Fault, output_bytes: usize) -> Failure {
        Failure { usage: Some(self.estimate(output_bytes)), ..self.failure(fault) }
    }

    /// Usage where the service did not report any.
    pub(super) fn estimate(&self, output_bytes: usize) -> Usage {
        Usage::estimated(rough_tokens(self.call.request.prompt_bytes()), rough_tokens(output_bytes))
    }

    /// The stopwatch of an answer that came whole.
    pub(super) fn whole(&self, service: Option<Duration>) -> Timing {
        Timing { e2e: self.sent().elapsed(), service, ..Timing::default() }
    }
}

fn later(from: Instant, by: Duration) -> Instant {
    const FOREVER: Duration = Duration::from_hours(30 * 365 * 24);
    from + by.min(FOREVER)
}

/// Reported usage, unless it says that nothing was processed: then nothing was reported.
pub(super) fn reported(usage: Usage) -> Option<Usage> {
    (usage.total() > 0).then_some(usage)
}

/// Whether a stop reason, in Converse's words, means that the answer is not whole.
pub(super) fn cuts_off(stop_reason: &str) -> bool {
    matches!(stop_reason, "max_tokens" | "model_context_window_exceeded")
}
