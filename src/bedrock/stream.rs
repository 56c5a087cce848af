//! Stream: reads an event stream to its end, with a stopwatch and timeouts of our own.

use std::pin::{Pin, pin};
use std::time::Duration;

use aws_sdk_bedrockruntime::primitives::event_stream::EventReceiver;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::bedrock::fault::Exception;
use crate::bedrock::gateway::{Attempt, Failure, Limit, OnChunk};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::sample::Timing;
use crate::bench::usage::Usage;

/// What one event adds to the answer.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Text of the answer.
    pub(super) text: String,
    /// Bytes of output that are no text of the answer: reasoning.
    pub(super) thought: usize,
}

/// What a stream came to.
#[derive(Debug)]
pub(super) struct Drained {
    pub(super) text: String,
    /// Bytes of output, reasoning included: what tokens are estimated from.
    pub(super) output_bytes: usize,
    /// The stopwatch, from the moment the request was sent.
    pub(super) timing: Timing,
    /// Why it ended before its end, if it did. Whether that matters depends on whether the stop event had come.
    pub(super) broken: Option<Fault>,
}

impl Drained {
    /// The failure that a stream without its end is: charged from the first event on, since the input was then
    /// processed. `reported` is what the service said of its tokens, should it have.
    pub(super) fn failure(self, attempt: &Attempt<'_>, reported: Option<Usage>) -> Failure {
        let began = self.timing.first_event.is_some();
        let fault = self.broken.unwrap_or_else(|| {
            Fault::new(FaultKind::StreamBroken, "The stream ended without its stop event; the answer is not whole.")
        });
        let usage = reported.or_else(|| began.then(|| attempt.estimate(self.output_bytes)));
        Failure { usage, ..attempt.failure(fault) }
    }
}

/// Reads a stream to its end. The receiver is dropped on return, and with it, if it was not drained, its connection.
///
/// No timeout of the SDK covers a streaming body, so each wait has one of ours: for the first output, between events,
/// for the whole call. Reasoning is output: a model that thinks aloud for minutes is not hanging.
pub(super) async fn drain<T, E>(
    mut receiver: EventReceiver<T, E>,
    attempt: &Attempt<'_>,
    on_chunk: OnChunk<'_>,
    mut read: impl FnMut(T) -> Result<Piece, Fault>,
) -> Drained
where
    E: Exception,
{
    let mut watch = Stopwatch::start(attempt.sent());
    let mut text = String::new();
    let mut thought = 0;
    let mut timer = pin!(sleep_until(attempt.next_limit(None).1));
    let broken = loop {
        let (limit, until) = attempt.next_limit(watch.last_event.filter(|_| text.len() + thought > 0));
        let event = match within(until, timer.as_mut(), receiver.recv()).await {
            None => break Some(attempt.timed_out(limit)),
            Some(Err(error)) => break Some(attempt.fault(&error)),
            Some(Ok(None)) => break None,
            Some(Ok(Some(event))) => event,
        };
        let now = Instant::now();
        watch.event(now);
        match read(event) {
            Err(fault) => break Some(fault),
            Ok(piece) => {
                thought += piece.thought;
                if !piece.text.is_empty() {
                    watch.text(now);
                    text.push_str(&piece.text);
                    on_chunk(watch.chunks, text.len() as u64);
                }
            }
        }
    };
    Drained { output_bytes: text.len() + thought, timing: watch.stop(Instant::now()), text, broken }
}

/// What comes before a moment; `None` where nothing did. Limits move on with every event, but the timer is set anew only
/// when it rings too early or would ring too late: to set it for each event costs more than to read one.
async fn within<T>(until: Instant, mut timer: Pin<&mut Sleep>, coming: impl Future<Output = T>) -> Option<T> {
    if until < timer.deadline() {
        timer.as_mut().reset(until);
    }
    let mut coming = pin!(coming);
    loop {
        tokio::select! {
            biased;
            came = &mut coming => return Some(came),
            () = timer.as_mut() => {
                if Instant::now() >= until {
                    return None;
                }
                timer.as_mut().reset(until);
            }
        }
    }
}

/// When events and text arrived.
struct Stopwatch {
    sent: Instant,
    first_event: Option<Instant>,
    last_event: Option<Instant>,
    first_text: Option<Instant>,
    last_text: Option<Instant>,
    longest_gap: Option<Duration>,
    chunks: u32,
}

impl Stopwatch {
    fn start(sent: Instant) -> Self {
        Self {
            sent,
            first_event: None,
            last_event: None,
            first_text: None,
            last_text: None,
            longest_gap: None,
            chunks: 0,
        }
    }

    fn event(&mut self, now: Instant) {
        self.first_event.get_or_insert(now);
        self.last_event = Some(now);
    }

    fn text(&mut self, now: Instant) {
        self.first_text.get_or_insert(now);
        if let Some(before) = self.last_text.replace(now) {
            let gap = now.duration_since(before);
            self.longest_gap = Some(self.longest_gap.map_or(gap, |longest| longest.max(gap)));
        }
        self.chunks += 1;
    }

    /// E2E runs to the last text chunk; where there was none, to the end.
    fn stop(self, now: Instant) -> Timing {
        let since = |at: Instant| at.duration_since(self.sent);
        Timing {
            dispatch: None,
            first_event: self.first_event.map(since),
            ttft: self.first_text.map(since),
            e2e: since(self.last_text.unwrap_or(now)),
            chunks: self.chunks,
            longest_gap: self.longest_gap,
            service: None,
        }
    }
}

impl Attempt<'_> {
    /// Which timeout ends the next wait, and when. `last_event` is `None` until the first output came.
    fn next_limit(&self, last_event: Option<Instant>) -> (Limit, Instant) {
        let total = (Limit::Total, self.until(Limit::Total));
        let nearer = match last_event {
            None => (Limit::FirstText, self.until(Limit::FirstText)),
            Some(last) => (Limit::Stall, self.stalled_at(last)),
        };
        if nearer.1 < total.1 { nearer } else { total }
    }
}
