//! Probe: the interceptors that stamp an invocation and read what only its response headers say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;

use crate::bench::usage::{Usage, UsageSource};

/// The header by which a simulator says that it is one.
const SIMULATOR: &str = "x-quotient-simulator";

/// Whether any response came from a simulator; one flag for every client of a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark(Arc<AtomicBool>);

impl Mark {
    pub(super) fn seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Mark {
    fn name(&self) -> &'static str {
        "simulator mark"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().headers().contains_key(SIMULATOR) {
            self.0.store(true, Ordering::Relaxed);
        }
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

#[derive(Debug, Default)]
struct Seen {
    sent: OnceLock<Instant>,
    counted: OnceLock<Counted>,
}

impl Probe {
    /// When the request left: serialised, credentials found, signed. `None` if it never got there.
    pub(super) fn sent(&self) -> Option<Instant> {
        self.0.sent.get().copied()
    }

    /// What the response's headers said.
    pub(super) fn counted(&self) -> Counted {
        self.0.counted.get().copied().unwrap_or_default()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Probe {
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
        let _ = self.0.sent.set(Instant::now());
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let _ = self.0.counted.set(Counted::of(context.response().headers()));
        Ok(())
    }
}
