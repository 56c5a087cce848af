//! Converse: its request bodies in, its replies and stream events out (source: botocore's service model).

use serde_json::{Map, Value, json};

use crate::bench::model::ModelId;
use crate::bench::request::{Role, Turn};
use crate::simulator::answer::Stop;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;
use crate::simulator::said::Said;
use crate::simulator::script::Chunk;

const KEYS: [&str; 12] = [
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "guardrailConfig",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "promptVariables",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "outputConfig",
];
const INFERENCE_KEYS: [&str; 4] = ["maxTokens", "temperature", "topP", "stopSequences"];

/// Reads a Converse body.
pub(super) fn parse(model: &ModelId, body: &Value) -> Result<Prompt, Problem> {
    let body = body.as_object().ok_or_else(|| Problem::malformed("the body is no object"))?;
    known(body, &KEYS)?;
    let mut prompt = Prompt::default();
    if let Some(system) = body.get("system").and_then(Value::as_array).filter(|blocks| !blocks.is_empty()) {
        if !model.family().system_prompt {
            return Err(Problem::validation(
                "This model doesn't support system prompts. Try again without a system prompt or use a model that \
                 supports system prompts.",
            ));
        }
        for (at, block) in system.iter().enumerate() {
            let place = format!("system.{at}");
            let text = prompt.system.get_or_insert_default();
            if read_block(block, &place, text)? == Block::CachePoint {
                prompt.mark_cached();
            }
        }
    }
    let messages = body.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| Problem::validation(STARTS_WITH_USER))?;
    for (at, message) in messages.iter().enumerate() {
        read_message(model, &mut prompt, at, message)?;
    }
    read_inference(body.get("inferenceConfig"), &mut prompt)?;
    let word = |key: &str, inner: &str| body.get(key)?.get(inner)?.as_str().map(str::to_owned);
    prompt.tier = word("serviceTier", "type");
    prompt.latency = word("performanceConfig", "latency");
    Ok(prompt)
}

const STARTS_WITH_USER: &str =
    "A conversation must start with a user message. Try again with a conversation that starts with a user message.";
const ALTERNATES: &str = "A conversation must alternate between user and assistant roles. Make sure the conversation \
                          alternates between user and assistant roles and try again.";

/// Refuses keys that the operation does not know.
pub(super) fn known(object: &Map<String, Value>, keys: &[&str]) -> Result<(), Problem> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(Problem::malformed(format!("#: extraneous key [{key}] is not permitted"))),
        None => Ok(()),
    }
}

/// Whether a model takes a `system` role inside `messages`, and then only behind a user's turn (source: facts on native
/// formats: Opus 4.8 and later).
pub(super) fn takes_system_turn(model: &ModelId, before: Option<&Turn>) -> bool {
    let later = ["anthropic.claude-opus-4-8", "anthropic.claude-opus-5"];
    let behind_user = before.is_some_and(|turn| turn.role == Role::User);
    behind_user && later.iter().any(|start| model.base().starts_with(start))
}

fn read_message(model: &ModelId, prompt: &mut Prompt, at: usize, message: &Value) -> Result<(), Problem> {
    let role = match message.get("role").and_then(Value::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        // What it says belongs to the turn behind which it stands.
        Some("system") if takes_system_turn(model, prompt.turns.last()) => Role::User,
        Some("system") => {
            return Err(Problem::validation(format!("messages.{at}: role 'system' is not supported on this model")));
        }
        other => {
            return Err(Problem::validation(format!(
                "1 validation error detected: Value '{}' at 'messages.{at}.member.role' failed to satisfy constraint: \
                 Member must satisfy enum value set: [user, assistant, system]",
                other.unwrap_or_default()
            )));
        }
    };
    let before = prompt.turns.last().map(|turn| turn.role);
    if before.is_none() && role == Role::Assistant {
        return Err(Problem::validation(STARTS_WITH_USER));
    }
    let system = message["role"] == "system";
    if before == Some(role) && !system {
        return Err(Problem::validation(ALTERNATES));
    }
    let blocks = message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if blocks.is_empty() {
        return Err(Problem::validation(format!(
            "The content field in the Message object at messages.{at} is empty. Add a ContentBlock object to the \
             content field and try again."
        )));
    }
    prompt.turns.push(Turn { role, text: String::new() });
    for (index, block) in blocks.iter().enumerate() {
        let place = format!("messages.{at}.content.{index}");
        let Some(turn) = prompt.turns.last_mut() else { continue };
        if read_block(block, &place, &mut turn.text)? == Block::CachePoint {
            prompt.mark_cached();
        }
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Block {
    Text,
    CachePoint,
}

fn read_block(block: &Value, place: &str, into: &mut String) -> Result<Block, Problem> {
    if block.get("cachePoint").is_some() {
        return Ok(Block::CachePoint);
    }
    let guarded = block.pointer("/guardContent/text/text");
    let Some(text) = block.get("text").or(guarded).and_then(Value::as_str) else {
        let kind = block.as_object().and_then(|object| object.keys().next()).map_or("empty", String::as_str);
        return Err(Problem::validation(format!(
            "This model doesn't support the {kind} content block that you provided at {place}. Use a content block \
             that this model supports and try again."
        )));
    };
    if text.trim().is_empty() {
        return Err(Problem::validation(format!(
            "The text field in the ContentBlock object at {place} is blank. Add text to the text field, and try again."
        )));
    }
    into.push_str(text);
    Ok(Block::Text)
}

fn read_inference(config: Option<&Value>, prompt: &mut Prompt) -> Result<(), Problem> {
    let Some(config) = config.and_then(Value::as_object) else { return Ok(()) };
    known(config, &INFERENCE_KEYS)?;
    for key in ["temperature", "topP"] {
        if let Some(value) = config.get(key).and_then(Value::as_f64).filter(|value| !(0.0..=1.0).contains(value)) {
            let bound = if value < 0.0 { "greater than or equal to 0" } else { "less than or equal to 1" };
            return Err(constraint(&format!("{value}"), &format!("inferenceConfig.{key}"), bound));
        }
    }
    if let Some(max_tokens) = config.get("maxTokens") {
        let value = max_tokens.as_u64().and_then(|value| u32::try_from(value).ok()).filter(|value| *value >= 1);
        let wrong = || constraint(&max_tokens.to_string(), "inferenceConfig.maxTokens", "greater than or equal to 1");
        prompt.max_tokens = Some(value.ok_or_else(wrong)?);
    }
    prompt.stop = strings(config.get("stopSequences"));
    Ok(())
}

/// A list of strings; empty where there is none.
pub(super) fn strings(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn constraint(value: &str, place: &str, bound: &str) -> Problem {
    Problem::validation(format!(
        "1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: Member must have \
         value {bound}"
    ))
}

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
    let mut out = json!({ "metrics": { "latencyMs": said.latency().as_millis() as u64 } });
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
    if let Some(latency) = &said.prompt.latency {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(model: &str, body: &Value) -> Result<Prompt, String> {
        parse(&ModelId::parse(model), body).map_err(|problem| {
            assert_eq!((problem.status, problem.code), (400, "ValidationException"));
            problem.message
        })
    }

    const CLAUDE: &str = "anthropic.claude-3-sonnet-20240229-v1:0";

    fn user(text: &str) -> Value {
        json!({ "role": "user", "content": [{ "text": text }] })
    }

    #[test]
    fn a_whole_body_is_read() {
        let body = json!({
            "messages": [user("a"), { "role": "assistant", "content": [{ "text": "b" }] }, user("c")],
            "system": [{ "text": "s" }],
            "inferenceConfig": { "maxTokens": 9, "temperature": 0.5, "stopSequences": ["X"] },
            "serviceTier": { "type": "flex" },
            "additionalModelRequestFields": { "top_k": 5 },
        });
        let prompt = read(CLAUDE, &body).expect("right");
        assert_eq!((prompt.system.as_deref(), prompt.turns.len(), prompt.question()), (Some("s"), 3, "c"));
        assert_eq!((prompt.max_tokens, prompt.stop, prompt.tier), (Some(9), vec!["X".into()], Some("flex".into())));
    }

    #[test]
    fn what_bedrock_rejects_is_rejected() {
        let system_turn = json!({ "messages": [{ "role": "system", "content": [{ "text": "s" }] }, user("a")] });
        for (model, body, says) in [
            (CLAUDE, json!({ "messages": [user("a")], "inferenceConfigs": {} }), "extraneous key [inferenceConfigs]"),
            (CLAUDE, json!({ "messages": [user("a")], "inferenceConfig": { "topK": 1 } }), "extraneous key [topK]"),
            (
                CLAUDE,
                json!({ "messages": [user("a")], "inferenceConfig": { "temperature": 2 } }),
                "less than or equal to 1",
            ),
            (
                CLAUDE,
                json!({ "messages": [user("a")], "inferenceConfig": { "maxTokens": 0 } }),
                "greater than or equal to 1",
            ),
            (CLAUDE, json!({ "messages": [user(" ")] }), "messages.0.content.0 is blank"),
            (CLAUDE, json!({ "messages": [] }), "start with a user message"),
            (CLAUDE, json!({ "messages": [user("a"), user("b")] }), "alternate between user and assistant"),
            (CLAUDE, json!({ "messages": [{ "role": "user", "content": [] }] }), "content field in the Message"),
            (
                CLAUDE,
                json!({ "messages": [{ "role": "user", "content": [{ "video": {} }] }] }),
                "doesn't support the video",
            ),
            (CLAUDE, json!({ "messages": [user("a")], "system": [{ "text": "" }] }), "system.0 is blank"),
            (CLAUDE, system_turn.clone(), "role 'system' is not supported on this model"),
            ("us.anthropic.claude-opus-4-8", system_turn, "role 'system' is not supported on this model"),
            (
                "amazon.titan-text-express-v1",
                json!({ "messages": [user("a")], "system": [{ "text": "s" }] }),
                "doesn't support system prompts",
            ),
        ] {
            let message = read(model, &body).expect_err(says);
            assert!(message.contains(says), "{message}");
        }
        let later = json!({ "messages": [user("a"), { "role": "system", "content": [{ "text": "s" }] }] });
        assert!(read("us.anthropic.claude-opus-4-8", &later).is_ok());
    }

    #[test]
    fn a_cache_point_marks_all_before_it() {
        let point = json!({ "cachePoint": { "type": "default" } });
        let body = json!({ "system": [{ "text": "one two" }, point], "messages": [user("three four")] });
        let prompt = read(CLAUDE, &body).expect("right");
        let prefix = prompt.cached.expect("marked");
        assert!(prefix.tokens > 0 && prefix.tokens < prompt.tokens());
    }
}
