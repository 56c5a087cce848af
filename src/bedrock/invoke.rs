//! Invoke: `InvokeModel` and its stream, with the family's native body.

use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{PerformanceConfigLatency, ResponseStream, ServiceTierType};
use serde_json::Value;

use crate::bedrock::gateway::{Attempt, Failure, Limit, OnChunk, Reply, reported};
use crate::bedrock::stream::{Piece, drain};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::native::{self, NativeReply, NativeStream};
use crate::bench::request::Parameters;
use crate::bench::sample::Timing;

const JSON: &str = "application/json";

/// One `InvokeModel`.
pub(super) async fn whole(client: &Client, attempt: &Attempt<'_>) -> Result<Reply, Failure> {
    let sending = client
        .invoke_model()
        .model_id(attempt.call.model.id.as_str())
        .content_type(JSON)
        .accept(JSON)
        .body(body(attempt, false))
        .set_performance_config_latency(latency(&attempt.call.request.parameters))
        .set_service_tier(service_tier(&attempt.call.request.parameters))
        .send();
    let output = attempt.send(Limit::Total, Box::pin(sending)).await?;
    let counted = attempt.probe.counted();
    let timing = attempt.whole(counted.service);
    let unreadable = |why: String| {
        let fault = Fault::new(FaultKind::StreamBroken, format!("The model's answer could not be read: {why}."));
        attempt.charged(fault, output.body.as_ref().len())
    };
    let json = serde_json::from_slice::<Value>(output.body.as_ref()).map_err(|why| unreadable(why.to_string()))?;
    let native = native::reply(attempt.call.model.id.family().native, &json).map_err(unreadable)?;
    let output_bytes = native.text.len();
    Ok(reply(attempt, native, output_bytes, timing))
}

/// One `InvokeModelWithResponseStream`.
pub(super) async fn streamed(client: &Client, attempt: &Attempt<'_>, on_chunk: OnChunk<'_>) -> Result<Reply, Failure> {
    let sending = client
        .invoke_model_with_response_stream()
        .model_id(attempt.call.model.id.as_str())
        .content_type(JSON)
        .accept(JSON)
        .body(body(attempt, true))
        .set_performance_config_latency(latency(&attempt.call.request.parameters))
        .set_service_tier(service_tier(&attempt.call.request.parameters))
        .send();
    let output = attempt.send(Limit::FirstText, Box::pin(sending)).await?;
    let mut native = NativeStream::new(attempt.call.model.id.family().native);
    let mut service = None;
    let mut drained = drain(output.body, attempt, on_chunk, |event| {
        let ResponseStream::Chunk(part) = event else { return Ok(Piece::default()) };
        let bytes = part.bytes.unwrap_or_else(|| Blob::new([]));
        let json = serde_json::from_slice::<Value>(bytes.as_ref()).map_err(|why| broken(&why.to_string()))?;
        service = service.or(invocation_latency(&json));
        let text = native.chunk(&json).map_err(|why| broken(&why))?;
        let thought = if text.is_empty() { thought(&json) } else { 0 };
        Ok(Piece { text, thought })
    })
    .await;
    let (native, complete) = native.finish();
    if !complete {
        return Err(drained.failure(attempt, native.usage.and_then(reported)));
    }
    drained.timing.service = service;
    Ok(reply(attempt, native, drained.output_bytes, drained.timing))
}

/// Tokens in this order: response headers, native body or last chunk, estimate.
fn reply(attempt: &Attempt<'_>, native: NativeReply, output_bytes: usize, timing: Timing) -> Reply {
    let usage = attempt
        .probe
        .counted()
        .usage
        .and_then(reported)
        .or(native.usage.and_then(reported))
        .unwrap_or_else(|| attempt.estimate(output_bytes));
    let stop_reason = native.stop_reason.unwrap_or_else(|| "unknown".into());
    Reply { text: native.text, usage, stop_reason, cut_off: native.cut_off, timing }
}

fn body(attempt: &Attempt<'_>, streaming: bool) -> Blob {
    Blob::new(native::invoke_body(attempt.call.model, attempt.call.request, streaming).to_string())
}

fn latency(parameters: &Parameters) -> Option<PerformanceConfigLatency> {
    parameters.latency.as_deref().map(PerformanceConfigLatency::from)
}

fn service_tier(parameters: &Parameters) -> Option<ServiceTierType> {
    parameters.service_tier.as_deref().map(ServiceTierType::from)
}

/// The last chunk of every family carries the service's own measurements.
fn invocation_latency(chunk: &Value) -> Option<Duration> {
    chunk.pointer("/amazon-bedrock-invocationMetrics/invocationLatency")?.as_u64().map(Duration::from_millis)
}

/// Where native chunks carry reasoning: Claude, Nova, `OpenAI` bodies, and those whose reasoning is tagged text.
const THOUGHTS: [&str; 6] = [
    "/delta/thinking",
    "/contentBlockDelta/delta/reasoningContent/text",
    "/choices/0/delta/reasoning_content",
    "/choices/0/delta/reasoning",
    "/choices/0/delta/content",
    "/choices/0/text",
];

/// Bytes of reasoning in a chunk that adds no text to the answer.
fn thought(chunk: &Value) -> usize {
    THOUGHTS.iter().find_map(|place| chunk.pointer(place)?.as_str().map(str::len)).unwrap_or(0)
}

fn broken(why: &str) -> Fault {
    Fault::new(FaultKind::StreamBroken, format!("A chunk of the model's stream could not be read: {why}."))
}
