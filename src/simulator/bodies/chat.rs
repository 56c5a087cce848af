//! Chat: the native bodies that list messages — Claude's, Nova's, `OpenAI`'s and Cohere's (source: `model-parameters-*`).

use serde_json::Value;

use crate::bench::model::ModelId;
use crate::bench::request::{Role, Turn};
use crate::simulator::ability;
use crate::simulator::bodies::rules::{Object, Words};
use crate::simulator::bodies::template::turn;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;

/// Blocks of Claude's content that carry no text of their own here.
const OTHER_BLOCKS: [&str; 7] =
    ["image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result"];

/// Reads Claude's messages.
pub(super) fn claude(model: &ModelId, body: &Object) -> Result<Prompt, Problem> {
    const WORDS: Words = Words::Anthropic;
    let content = |value: &Value, place: &str| claude_content(model, value, place);
    let mut prompt = Prompt::default();
    if let Some(system) = body.get("system") {
        let (text, cached) = content(system, "system")?;
        prompt = Prompt::new(Some(text), Vec::new());
        if cached {
            prompt.mark_cached();
        }
    }
    let messages = WORDS.list(body, "messages", "#")?;
    if messages.is_empty() {
        return Err(Problem::validation("messages: at least one message is required"));
    }
    for (at, message) in messages.iter().enumerate() {
        let place = format!("messages.{at}");
        let message = WORDS.object(message, &place)?;
        WORDS.required(message, &["role", "content"], &place)?;
        WORDS.known(message, &["role", "content"], &place)?;
        let named = WORDS.text(message, "role", &place)?;
        let role = match named {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            // What it says belongs to the turn behind which it stands.
            "system" if ability::takes_system_turn(model, prompt.turns.last()) => Role::User,
            "system" => {
                return Err(Problem::validation(format!("{place}: role 'system' is not supported on this model")));
            }
            other => return Err(Problem::validation(format!("{place}: unexpected role \"{other}\""))),
        };
        let (text, cached) = content(&message["content"], &format!("{place}.content"))?;
        push(&mut prompt, named, role, &text, |problem| Problem::validation(format!("messages: {problem}")))?;
        if cached {
            prompt.mark_cached();
        }
    }
    if prompt.turns.last().is_some_and(|turn| turn.role == Role::Assistant) && !ability::prefills(model) {
        return Err(Problem::validation(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    Ok(prompt)
}

/// The text of Claude's content, a string or blocks, and whether a cache point ends it.
fn claude_content(model: &ModelId, value: &Value, place: &str) -> Result<(String, bool), Problem> {
    const WORDS: Words = Words::Anthropic;
    const EMPTY: &str = "text content blocks must be non-empty";
    let blocks = match value {
        Value::String(text) if text.trim().is_empty() => return Err(Problem::validation(format!("{place}: {EMPTY}"))),
        Value::String(text) => return Ok((text.clone(), false)),
        Value::Array(blocks) if !blocks.is_empty() => blocks,
        Value::Array(_) => return Err(Problem::validation(format!("{place}: at least one block is required"))),
        other => return Err(WORDS.mistyped(place, "JSONArray", other)),
    };
    let (mut said, mut cached) = (String::new(), false);
    for (at, block) in blocks.iter().enumerate() {
        let place = format!("{place}.{at}");
        let block = WORDS.object(block, &place)?;
        match WORDS.text(block, "type", &place)? {
            "text" => {
                WORDS.known(block, &["type", "text", "cache_control", "citations"], &place)?;
                let text = WORDS.text(block, "text", &place)?;
                if text.trim().is_empty() {
                    return Err(Problem::validation(format!("{place}: {EMPTY}")));
                }
                said += text;
            }
            other if OTHER_BLOCKS.contains(&other) => {}
            other => {
                return Err(Problem::validation(format!(
                    "{place}: Input tag '{other}' found using 'type' does not match any of the expected tags"
                )));
            }
        }
        if let Some(control) = block.get("cache_control").filter(|control| !control.is_null()) {
            if !ability::caches(model) {
                return Err(Problem::validation(format!("{place}.cache_control: Extra inputs are not permitted")));
            }
            let control = WORDS.object(control, &format!("{place}.cache_control"))?;
            WORDS.one_of(control, "type", &["ephemeral"], &format!("{place}.cache_control"))?;
            cached = true;
        }
    }
    Ok((said, cached))
}

/// Reads Nova's messages.
pub(super) fn nova(_: &ModelId, body: &Object) -> Result<Prompt, Problem> {
    const WORDS: Words = Words::Schema;
    let mut prompt = Prompt::default();
    if body.contains_key("system") {
        let (text, cached) = nova_blocks(WORDS.list(body, "system", "#")?, "#/system")?;
        prompt = Prompt::new(Some(text), Vec::new());
        if cached {
            prompt.mark_cached();
        }
    }
    for (at, message) in WORDS.list(body, "messages", "#")?.iter().enumerate() {
        let place = format!("#/messages/{at}");
        let message = WORDS.object(message, &place)?;
        WORDS.required(message, &["role", "content"], &place)?;
        WORDS.known(message, &["role", "content"], &place)?;
        WORDS.one_of(message, "role", &["user", "assistant"], &place)?;
        let named = WORDS.text(message, "role", &place)?;
        let role = if named == "user" { Role::User } else { Role::Assistant };
        let blocks = WORDS.list(message, "content", &place)?;
        let (text, cached) = nova_blocks(blocks, &format!("{place}/content"))?;
        push(&mut prompt, named, role, &text, |problem| Problem::malformed(format!("#/messages: {problem}")))?;
        if cached {
            prompt.mark_cached();
        }
    }
    if prompt.turns.is_empty() {
        return Err(Problem::malformed("#/messages: expected minimum item count: 1, found: 0"));
    }
    Ok(prompt)
}

fn nova_blocks(blocks: &[Value], place: &str) -> Result<(String, bool), Problem> {
    const WORDS: Words = Words::Schema;
    const KEYS: [&str; 8] =
        ["text", "image", "video", "document", "toolUse", "toolResult", "cachePoint", "reasoningContent"];
    if blocks.is_empty() {
        return Err(Problem::malformed(format!("{place}: expected minimum item count: 1, found: 0")));
    }
    let (mut said, mut cached) = (String::new(), false);
    for (at, block) in blocks.iter().enumerate() {
        let place = format!("{place}/{at}");
        let block = WORDS.object(block, &place)?;
        WORDS.known(block, &KEYS, &place)?;
        if block.is_empty() {
            return Err(Problem::malformed(format!("{place}: minimum size: [1], found: [0]")));
        }
        if block.contains_key("text") {
            let text = WORDS.text(block, "text", &place)?;
            if text.trim().is_empty() {
                return Err(Problem::malformed(format!("{place}/text: expected minLength: 1, actual: 0")));
            }
            said += text;
        }
        if let Some(point) = block.get("cachePoint") {
            let point = WORDS.object(point, &format!("{place}/cachePoint"))?;
            WORDS.required(point, &["type"], &format!("{place}/cachePoint"))?;
            WORDS.one_of(point, "type", &["default"], &format!("{place}/cachePoint"))?;
            cached = true;
        }
    }
    Ok((said, cached))
}

/// A message behind the others: the first is the user's, and the roles take turns.
fn push(
    prompt: &mut Prompt,
    named: &str,
    role: Role,
    text: &str,
    refuse: impl Fn(&str) -> Problem,
) -> Result<(), Problem> {
    match prompt.turns.last() {
        None if role == Role::Assistant => return Err(refuse("first message must use the \"user\" role")),
        Some(before) if before.role == role && named != "system" => {
            return Err(refuse(&format!(
                "roles must alternate between \"user\" and \"assistant\", but found multiple \"{named}\" roles in a row"
            )));
        }
        _ => {}
    }
    prompt.turns.push(turn(role, text));
    Ok(())
}

/// Reads the chat messages of `OpenAI` and AI21: the system prompt is a message.
pub(super) fn openai(model: &ModelId, body: &Object) -> Result<Prompt, Problem> {
    const WORDS: Words = Words::Schema;
    const KEYS: [&str; 8] =
        ["role", "content", "name", "tool_calls", "tool_call_id", "refusal", "reasoning", "reasoning_content"];
    let jamba = model.base().starts_with("ai21.");
    let (mut system, mut turns) = (String::new(), Vec::new());
    for (at, message) in WORDS.list(body, "messages", "#")?.iter().enumerate() {
        let place = format!("#/messages/{at}");
        let message = WORDS.object(message, &place)?;
        WORDS.known(message, &KEYS, &place)?;
        let role = WORDS.text(message, "role", &place)?;
        let text = openai_content(message.get("content"), &format!("{place}/content"))?;
        if text.trim().is_empty() && !message.contains_key("tool_calls") {
            return Err(Problem::malformed(format!("{place}/content: expected minLength: 1, actual: 0")));
        }
        match role {
            "system" => system += &text,
            "developer" if !jamba => system += &text,
            "user" | "tool" => turns.push(turn(Role::User, &text)),
            "assistant" => turns.push(turn(Role::Assistant, &text)),
            other => return Err(Problem::malformed(format!("{place}/role: {other} is not a valid enum value"))),
        }
    }
    if !turns.iter().any(|turn: &Turn| turn.role == Role::User) {
        return Err(Problem::malformed("#/messages: at least one user message is required"));
    }
    Ok(Prompt::new(Some(system), turns))
}

fn openai_content(value: Option<&Value>, place: &str) -> Result<String, Problem> {
    const WORDS: Words = Words::Schema;
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let mut said = String::new();
            for (at, part) in parts.iter().enumerate() {
                let place = format!("{place}/{at}");
                let part = WORDS.object(part, &place)?;
                if WORDS.text(part, "type", &place)? == "text" {
                    said += WORDS.text(part, "text", &place)?;
                }
            }
            Ok(said)
        }
        Some(other) => Err(WORDS.mistyped(place, "String", other)),
    }
}

/// Reads Cohere's Command R: a message, what was said before, a preamble.
pub(super) fn command_r(body: &Object) -> Result<Prompt, Problem> {
    const WORDS: Words = Words::Schema;
    let mut turns = Vec::new();
    let before = body.get("chat_history").map_or(Ok(&[][..]), |_| WORDS.list(body, "chat_history", "#"))?;
    for (at, message) in before.iter().enumerate() {
        let place = format!("#/chat_history/{at}");
        let message = WORDS.object(message, &place)?;
        WORDS.known(message, &["role", "message", "tool_calls", "tool_results"], &place)?;
        WORDS.one_of(message, "role", &["USER", "CHATBOT", "SYSTEM", "TOOL"], &place)?;
        let role = if WORDS.text(message, "role", &place)? == "CHATBOT" { Role::Assistant } else { Role::User };
        turns.push(turn(role, WORDS.text(message, "message", &place)?));
    }
    turns.push(turn(Role::User, WORDS.text(body, "message", "#")?));
    let preamble = body.get("preamble").map(|_| WORDS.text(body, "preamble", "#")).transpose()?;
    Ok(Prompt::new(preamble.map(str::to_owned), turns))
}
