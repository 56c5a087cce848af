//! Converse requests: which bodies are taken, and in whose words the others are refused (source: botocore's service
//! model; texts: public issues).

use serde_json::{Map, Value};

use crate::bench::model::ModelId;
use crate::bench::price;
use crate::bench::request::{Role, Turn};
use crate::simulator::ability;
use crate::simulator::bodies;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;
use crate::simulator::service;

type Object = Map<String, Value>;

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
/// What `CountTokens` takes of it.
const COUNTABLE: [&str; 4] = ["messages", "system", "toolConfig", "additionalModelRequestFields"];
const INFERENCE_KEYS: [&str; 4] = ["maxTokens", "temperature", "topP", "stopSequences"];
/// Members of a content block, one of which it has.
const BLOCKS: [&str; 13] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "searchResult",
    "toolSearch",
];
/// Most stop sequences.
const MOST_STOPS: usize = 2_500;

const STARTS_WITH_USER: &str =
    "A conversation must start with a user message. Try again with a conversation that starts with a user message.";
const ALTERNATES: &str = "A conversation must alternate between user and assistant roles. Make sure the conversation \
                          alternates between user and assistant roles and try again.";
const ENDS_WITH_USER: &str = "The model that you are using requires the last turn in the conversation to be a user \
                              message. Add a user message to the conversation and try again.";
const NO_PREFILL: &str = "The model returned the following errors: This model does not support assistant message \
                          prefill. The conversation must end with a user message.";
const NO_HISTORY: &str = "This model doesn't support conversation history. Try again with input that doesn't include \
                          conversation history.";
const NO_SYSTEM: &str = "This model doesn't support system prompts. Try again without a system prompt or use a model \
                         that supports system prompts.";
const NO_CACHE: &str = "You invoked an unsupported model or your request did not allow prompt caching. See the \
                        documentation for more information.";

/// Reads a Converse body.
pub(in crate::simulator) fn parse(model: &ModelId, body: &Value) -> Result<Prompt, Problem> {
    read(model, body, &KEYS)
}

/// Reads the part of a Converse body that `CountTokens` takes.
pub(in crate::simulator) fn countable(model: &ModelId, body: &Value) -> Result<Prompt, Problem> {
    read(model, body, &COUNTABLE)
}

fn read(model: &ModelId, body: &Value, keys: &[&str]) -> Result<Prompt, Problem> {
    let body = body.as_object().ok_or_else(|| Problem::malformed("#: expected type: JSONObject"))?;
    known(body, keys, "#")?;
    for (key, value) in body {
        match key.as_str() {
            "messages" | "system" | "additionalModelResponseFieldPaths" => list(value, key).map(drop)?,
            _ => object(value, key).map(drop)?,
        }
    }
    let mut prompt = Prompt::default();
    if let Some(system) = list_of(body, "system").filter(|blocks| !blocks.is_empty()) {
        if !model.family().system_prompt {
            return Err(Problem::validation(NO_SYSTEM));
        }
        for (at, block) in system.iter().enumerate() {
            let text = prompt.system.get_or_insert_default();
            if read_block(model, block, &format!("system.{at}"), text)? == Block::CachePoint {
                prompt.mark_cached();
            }
        }
    }
    let messages = list_of(body, "messages").filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| Problem::validation(STARTS_WITH_USER))?;
    for (at, message) in messages.iter().enumerate() {
        read_message(model, &mut prompt, at, message)?;
    }
    if prompt.turns.last().is_some_and(|turn| turn.role == Role::Assistant) && !ability::prefills(model) {
        let claude = model.base().starts_with("anthropic.");
        return Err(Problem::validation(if claude { NO_PREFILL } else { ENDS_WITH_USER }));
    }
    if prompt.turns.len() > 1 && !ability::converses(model) {
        return Err(Problem::validation(NO_HISTORY));
    }
    let nothing = Map::new();
    let inference = body.get("inferenceConfig").and_then(Value::as_object).unwrap_or(&nothing);
    read_inference(model, inference, &mut prompt)?;
    if let Some(fields) = body.get("additionalModelRequestFields").and_then(Value::as_object) {
        bodies::check_additional(model, fields)?;
        let both = ["temperature", "topP"].into_iter().all(|key| inference.contains_key(key))
            || (inference.contains_key("temperature") && fields.contains_key("top_p"));
        one_sampler(model, both)?;
    }
    let word = |key: &str, inner: &str| -> Result<Option<String>, Problem> {
        let Some(holder) = body.get(key).and_then(Value::as_object) else { return Ok(None) };
        known(holder, &[inner], &format!("#/{key}"))?;
        match holder.get(inner) {
            None if key == "serviceTier" => Err(Problem::constraint("null", &format!("{key}.{inner}"), "not be null")),
            None => Ok(None),
            Some(Value::String(word)) => Ok(Some(word.clone())),
            Some(other) => Err(wrong_type(&format!("#/{key}/{inner}"), "String", other)),
        }
    };
    prompt.tier = word("serviceTier", "type")?;
    prompt.latency = word("performanceConfig", "latency")?;
    service::check(prompt.tier.as_deref(), prompt.latency.as_deref())?;
    Ok(prompt)
}

/// Refuses keys that nothing knows.
fn known(object: &Object, keys: &[&str], place: &str) -> Result<(), Problem> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(Problem::extraneous(place, key)),
        None => Ok(()),
    }
}

fn list<'a>(value: &'a Value, place: &str) -> Result<&'a [Value], Problem> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| wrong_type(&format!("#/{place}"), "JSONArray", value))
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Object, Problem> {
    value.as_object().ok_or_else(|| wrong_type(&format!("#/{place}"), "JSONObject", value))
}

fn list_of<'a>(body: &'a Object, key: &str) -> Option<&'a [Value]> {
    body.get(key)?.as_array().map(Vec::as_slice)
}

fn wrong_type(place: &str, expected: &str, found: &Value) -> Problem {
    Problem::malformed(format!("{place}: expected type: {expected}, found: {}", bodies::kind(found)))
}

fn read_message(model: &ModelId, prompt: &mut Prompt, at: usize, message: &Value) -> Result<(), Problem> {
    let place = format!("messages/{at}");
    let message = object(message, &place)?;
    known(message, &["role", "content"], &format!("#/{place}"))?;
    let named = message.get("role").and_then(Value::as_str);
    let role = match named {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        // What it says belongs to the turn behind which it stands.
        Some("system") if ability::takes_system_turn(model, prompt.turns.last()) => Role::User,
        Some("system") => {
            return Err(Problem::validation(format!("messages.{at}: role 'system' is not supported on this model")));
        }
        other => {
            let rule = "satisfy enum value set: [user, assistant, system]";
            return Err(Problem::constraint(other.unwrap_or("null"), &format!("messages.{at}.member.role"), rule));
        }
    };
    let before = prompt.turns.last().map(|turn| turn.role);
    if before.is_none() && role == Role::Assistant {
        return Err(Problem::validation(STARTS_WITH_USER));
    }
    if before == Some(role) && named != Some("system") {
        return Err(Problem::validation(ALTERNATES));
    }
    let blocks = message.get("content").map_or(Ok(&[][..]), |content| list(content, &format!("{place}/content")))?;
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
        if read_block(model, block, &place, &mut turn.text)? == Block::CachePoint {
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

fn read_block(model: &ModelId, block: &Value, place: &str, into: &mut String) -> Result<Block, Problem> {
    let slashed = place.replace('.', "/");
    let members = object(block, &slashed)?;
    known(members, &BLOCKS, &format!("#/{slashed}"))?;
    let mut members = members.iter();
    let (Some((kind, content)), None) = (members.next(), members.next()) else {
        return Err(Problem::malformed(format!("#/{slashed}: exactly one member of the union must be set")));
    };
    let text = match kind.as_str() {
        "cachePoint" => return cache_point(model, content, place),
        "text" => Some(content),
        "guardContent" => content.pointer("/text/text"),
        _ => None,
    };
    let Some(text) = text else {
        return Err(Problem::validation(format!(
            "This model doesn't support the {kind} content block that you provided at {place}. Use a content block \
             that this model supports and try again."
        )));
    };
    let text = text.as_str().ok_or_else(|| wrong_type(&format!("#/{slashed}/text"), "String", text))?;
    if text.trim().is_empty() {
        return Err(Problem::validation(format!(
            "The text field in the ContentBlock object at {place} is blank. Add text to the text field, and try again."
        )));
    }
    into.push_str(text);
    Ok(Block::Text)
}

fn cache_point(model: &ModelId, point: &Value, place: &str) -> Result<Block, Problem> {
    for (key, words) in [("type", &["default"][..]), ("ttl", &["5m", "1h"])] {
        let word = point.get(key).and_then(Value::as_str);
        // Its type must be said, how long it lives need not be.
        if point.get(key).is_none() && key == "ttl" || word.is_some_and(|word| words.contains(&word)) {
            continue;
        }
        let rule = format!("satisfy enum value set: [{}]", words.join(", "));
        return Err(Problem::constraint(word.unwrap_or("null"), &format!("{place}.cachePoint.{key}"), &rule));
    }
    if ability::caches(model) { Ok(Block::CachePoint) } else { Err(Problem::validation(NO_CACHE)) }
}

fn read_inference(model: &ModelId, config: &Object, prompt: &mut Prompt) -> Result<(), Problem> {
    known(config, &INFERENCE_KEYS, "#/inferenceConfig")?;
    for key in ["temperature", "topP"] {
        let Some(value) = config.get(key) else { continue };
        let number = value.as_f64().ok_or_else(|| wrong_type(&format!("#/inferenceConfig/{key}"), "Number", value))?;
        if !(0.0..=1.0).contains(&number) {
            let bound = if number < 0.0 { "greater than or equal to 0" } else { "less than or equal to 1" };
            return Err(bounded(&number.to_string(), &format!("inferenceConfig.{key}"), bound));
        }
    }
    if let Some(value) = config.get("maxTokens") {
        let number = value.as_i64().ok_or_else(|| wrong_type("#/inferenceConfig/maxTokens", "Integer", value))?;
        if number < 1 {
            return Err(bounded(&number.to_string(), "inferenceConfig.maxTokens", "greater than or equal to 1"));
        }
        let asked = u32::try_from(number).unwrap_or(u32::MAX);
        if let Some(limit) = price::max_output(model).filter(|limit| asked > *limit) {
            return Err(Problem::validation(format!(
                "The maximum tokens you requested exceeds the model limit of {limit}. Try again with a maximum tokens \
                 value that is lower than {limit}."
            )));
        }
        prompt.max_tokens = Some(asked);
    }
    if let Some(value) = config.get("stopSequences") {
        prompt.stop = stops(list(value, "inferenceConfig/stopSequences")?)?;
    }
    one_sampler(model, ["temperature", "topP"].into_iter().all(|key| config.contains_key(key)))
}

fn stops(list: &[Value]) -> Result<Vec<String>, Problem> {
    let place = "inferenceConfig.stopSequences";
    if list.len() > MOST_STOPS {
        let rule = format!("have length less than or equal to {MOST_STOPS}");
        return Err(Problem::constraint(&format!("{} items", list.len()), place, &rule));
    }
    let stop = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::String(_) => Err(Problem::constraint(
            "[]",
            place,
            "satisfy constraint: [Member must have length greater than or equal to 1]",
        )),
        other => Err(wrong_type("#/inferenceConfig/stopSequences", "String", other)),
    };
    list.iter().map(stop).collect()
}

fn one_sampler(model: &ModelId, both: bool) -> Result<(), Problem> {
    if both && ability::takes_one_sampler(model) {
        return Err(Problem::validation(format!("The model returned the following errors: {}", bodies::ONE_SAMPLER)));
    }
    Ok(())
}

fn bounded(value: &str, place: &str, bound: &str) -> Problem {
    Problem::constraint(value, place, &format!("have value {bound}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(model: &str, body: &Value) -> Result<Prompt, String> {
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
        let prompt = asked(CLAUDE, &body).expect("right");
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
            let message = asked(model, &body).expect_err(says);
            assert!(message.contains(says), "{message}");
        }
        let later = json!({ "messages": [user("a"), { "role": "system", "content": [{ "text": "s" }] }] });
        assert!(asked("us.anthropic.claude-opus-4-8", &later).is_ok());
    }

    #[test]
    fn a_cache_point_marks_all_before_it() {
        let point = json!({ "cachePoint": { "type": "default" } });
        let body = json!({ "system": [{ "text": "one two" }, point], "messages": [user("three four")] });
        let prompt = asked("us.anthropic.claude-sonnet-5", &body).expect("right");
        let prefix = prompt.cached.expect("marked");
        assert!(prefix.tokens > 0 && prefix.tokens < prompt.tokens());
    }
}
