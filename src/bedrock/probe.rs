//! Probe: the interceptors that stamp an invocation and read what only its response headers say.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use tokio::time::Instant;

use crate::bench::usage::{Usage, UsageSource};

/// The header by which a simulator says that it is one.
const SIMULATOR: &str = "x-quotient-simulator";

/// What the responses so far said of who answers: whether a simulator does, and what time it has. One mark for every
/// client of a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark(Arc<Marked>);

#[derive(Debug, Default)]
struct Marked {
    simulator: AtomicBool,
    /// Whether `ahead` was ever written.
    dated: AtomicBool,
    /// The second in which a `Date` was last read: more often would cost and tell nothing.
    read_in: AtomicI64,
    ahead: AtomicI64,
}

impl Mark {
    /// Whether any response came from a simulator.
    pub(super) fn seen(&self) -> bool {
        self.0.simulator.load(Ordering::Relaxed)
    }

    /// Seconds by which this machine's clock is ahead of the latest response's `Date` (negative: behind). The header
    /// has whole seconds and is as old as the way back, so one or two say nothing.
    pub(super) fn clock_ahead(&self) -> Option<i64> {
        self.0.dated.load(Ordering::Acquire).then(|| self.0.ahead.load(Ordering::Relaxed))
    }

    fn read(&self, headers: &Headers, now: SystemTime) {
        if headers.contains_key(SIMULATOR) {
            self.0.simulator.store(true, Ordering::Relaxed);
        }
        let now = now.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        let Some((now, date)) = now.zip(headers.get("date")) else { return };
        if self.0.read_in.swap(now, Ordering::Relaxed) == now {
            return;
        }
        let date = DateTime::from_str(date.trim(), Format::HttpDate).ok();
        if let Some(ahead) = date.and_then(|date| now.checked_sub(date.secs())) {
            self.0.ahead.store(ahead, Ordering::Relaxed);
            self.0.dated.store(true, Ordering::Release);
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Mark {
    fn name(&self) -> &'static str {
        "mark"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.read(context.response().headers(), SystemTime::now());
        Ok(())
    }
}

/// What the headers of an `InvokeModel` answer say; the SDK does not model them
/// (source: Bedrock user guide, prompt caching and monitoring pages).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) usage: Option<Usage>,
    pub(super) service: Option<Duration>,
}

impl Counted {
    fn of(headers: &Headers) -> Self {
        let number = |name: &str| headers.get(name).and_then(|value| value.trim().parse::<u64>().ok());
        let input = number("x-amzn-bedrock-input-token-count");
        let output = number("x-amzn-bedrock-output-token-count");
        let usage = input.zip(output).map(|(input, output)| Usage {
            input,
            output,
            cache_read: number("x-amzn-bedrock-cache-read-input-token-count").unwrap_or(0),
            cache_write: number("x-amzn-bedrock-cache-write-input-token-count").unwrap_or(0),
            source: UsageSource::Reported,
        });
        let service = number("x-amzn-bedrock-invocation-latency").map(Duration::from_millis);
        Self { usage, service }
    }
}

/// One invocation's stopwatch start and header reader. The clock is tokio's, so that paused time is seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Probe(Arc<Seen>);

tokio::task_local! {
    /// The probe of the invocation that this task is sending.
    static WATCHING: Probe;
}

#[derive(Debug, Default)]
struct Seen {
    sent: OnceLock<Instant>,
    counted: OnceLock<Counted>,
}

impl Probe {
    /// Lets [`Probing`] stamp what this future sends.
    pub(super) fn watching<F: Future>(&self, sending: F) -> impl Future<Output = F::Output> {
        WATCHING.scope(self.clone(), sending)
    }

    /// When the request left: serialised, credentials found, signed. `None` if it never got there.
    pub(super) fn sent(&self) -> Option<Instant> {
        self.0.sent.get().copied()
    }

    /// What the response's headers said.
    pub(super) fn counted(&self) -> Counted {
        self.0.counted.get().copied().unwrap_or_default()
    }
}

/// Stamps and reads for the probe that watches, once for all invocations: an interceptor for each call would have the
/// SDK resolve the client's whole configuration again, which costs as much as a tenth of the call.
///
/// It reads the mark too: one interceptor costs less than two.
#[derive(Debug)]
pub(super) struct Probing(pub(super) Mark);

#[dyn_dispatch_hint]
impl Intercept for Probing {
    fn name(&self) -> &'static str {
        "probe"
    }

    // The last hook before the connector: a first call's credential lookup (SSO, a process) is not the model's
    // latency, whereas connecting and waiting for a connection are part of what a caller waits for.
    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // What nobody watches is not timed.
        let _ = WATCHING.try_with(|probe| probe.0.sent.set(Instant::now()));
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.read(context.response().headers(), SystemTime::now());
        let _ = WATCHING.try_with(|probe| probe.0.counted.set(Counted::of(context.response().headers())));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_date_of_a_response_says_how_far_the_clock_is_off() {
        let mark = Mark::default();
        let noon = UNIX_EPOCH + Duration::from_hours(498_732);
        let read = |second: u64, name: &'static str, value: &'static str| {
            let mut headers = Headers::new();
            headers.insert(name, value);
            mark.read(&headers, noon + Duration::from_secs(second));
            mark.clock_ahead()
        };
        assert_eq!(read(0, "content-type", "text/plain"), None);
        assert_eq!(read(0, "date", "yesterday"), None);
        assert_eq!(read(1, "date", "Mon, 23 Nov 2026 12:00:01 GMT"), Some(0));
        assert_eq!(read(2, "Date", "Mon, 23 Nov 2026 11:50:02 GMT"), Some(600));
        assert_eq!(read(2, "Date", "Mon, 23 Nov 2026 11:00:00 GMT"), Some(600), "once a second is enough");
        assert_eq!(read(3, "date", "Mon, 23 Nov 2026 12:00:10 GMT"), Some(-7));
        assert_eq!(read(4, "x-amzn-requestid", "1"), Some(-7), "a response without a date changes nothing");
        assert!(!mark.seen());
        read(4, SIMULATOR, "1");
        assert!(mark.seen());
    }
}
