//! Converse: its replies and stream events (source: botocore's service model); its requests stand in a file of their own.

mod request;

use serde_json::{Value, json};

use crate::simulator::answer::Stop;
pub(super) use crate::simulator::converse::request::{countable, parse};
use crate::simulator::said::Said;
use crate::simulator::script::Chunk;

/// The reply of `Converse`.
pub(super) fn reply(said: &Said<'_>) -> Value {
    let answer = &said.script.answer;
    let mut content = Vec::new();
    if !answer.thoughts.is_empty() {
        content.push(json!({ "reasoningContent": { "reasoningText": { "text": answer.thoughts } } }));
    }
    if !answer.text.is_empty() || content.is_empty() {
        content.push(json!({ "text": answer.text }));
    }
    let mut reply = json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": stop_reason(&answer.stop),
    });
    extend(&mut reply, metadata(said));
    reply
}

/// The events before the first chunk, by name.
pub(super) fn opening() -> Vec<(&'static str, Value)> {
    vec![("messageStart", json!({ "role": "assistant" }))]
}

/// The events of a chunk; the text is a block of its own behind the thoughts.
pub(super) fn delta(said: &Said<'_>, at: usize) -> Vec<(&'static str, Value)> {
    let chunk = &said.script.chunks[at];
    let index = block_index(said, chunk);
    let text = said.script.text(chunk);
    let delta = if chunk.thought { json!({ "reasoningContent": { "text": text } }) } else { json!({ "text": text }) };
    let mut events = Vec::new();
    if index == 1 && said.script.chunks[at - 1].thought {
        events.push(("contentBlockStop", json!({ "contentBlockIndex": 0 })));
    }
    events.push(("contentBlockDelta", json!({ "contentBlockIndex": index, "delta": delta })));
    events
}

/// The events behind the last chunk. A service that withholds its usage sends no metadata.
pub(super) fn closing(said: &Said<'_>) -> Vec<(&'static str, Value)> {
    let last = said.script.chunks.last().map_or(0, |chunk| block_index(said, chunk));
    let mut events = vec![
        ("contentBlockStop", json!({ "contentBlockIndex": last })),
        ("messageStop", json!({ "stopReason": stop_reason(&said.script.answer.stop) })),
    ];
    if !said.withhold_usage {
        events.push(("metadata", metadata(said)));
    }
    events
}

fn block_index(said: &Said<'_>, chunk: &Chunk) -> usize {
    usize::from(!chunk.thought && !said.script.answer.thoughts.is_empty())
}

fn metadata(said: &Said<'_>) -> Value {
    let mut out = json!({ "metrics": { "latencyMs": said.took().as_millis() as u64 } });
    if !said.withhold_usage {
        let (input, output) = (said.input, said.script.tokens());
        out["usage"] = json!({
            "inputTokens": input.plain,
            "outputTokens": output,
            "totalTokens": input.total() + output,
        });
        if said.prompt.cached.is_some() {
            out["usage"]["cacheReadInputTokens"] = json!(input.read);
            out["usage"]["cacheWriteInputTokens"] = json!(input.write);
        }
    }
    if let Some(tier) = &said.prompt.tier {
        out["serviceTier"] = json!({ "type": tier });
    }
    if let Some(latency) = said.latency {
        out["performanceConfig"] = json!({ "latency": latency });
    }
    out
}

/// Puts one object's members into another.
pub(super) fn extend(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn stop_reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::EndTurn => "end_turn",
        Stop::MaxTokens => "max_tokens",
        Stop::Sequence(_) => "stop_sequence",
    }
}
