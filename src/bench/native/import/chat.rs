//! Turns of the bodies that list them: Converse, Nova, Claude, the `OpenAI` chat and Command R.

use serde_json::{Map, Value};

use super::{Desk, ImportError, nothing};
use crate::bench::request::Role;

/// The system prompt and the turns as they were read.
#[derive(Debug, Default)]
pub(super) struct Chat {
    pub(super) system: Option<Said>,
    pub(super) turns: Vec<Said>,
}

/// One text.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) role: Role,
    /// Its path in the body.
    pub(super) place: String,
    pub(super) text: String,
    /// The cache points in it: whether each stands at its end.
    pub(super) cached: Vec<bool>,
    /// Whether the white space at its end was spoken of already.
    pub(super) trimmed: bool,
}

impl Said {
    pub(super) fn new(role: Role, place: &str, text: impl Into<String>) -> Self {
        Self { role, place: place.into(), text: text.into(), cached: Vec::new(), trimmed: false }
    }
}

/// What text blocks are called: Converse has no type, Claude and the `OpenAI` chat say `text`.
const TEXT_TYPES: [&str; 2] = ["text", "input_text"];

/// Converse, Nova and Claude: `system` beside `messages`.
pub(super) fn blocks(body: &mut Map<String, Value>, desk: &mut Desk) -> Result<Chat, ImportError> {
    body.shift_remove("schemaVersion").map_or(Ok(()), |version| match version.as_str() {
        Some("messages-v1") => Ok(()),
        _ => Err(desk.error("schemaVersion", "must be \"messages-v1\"")),
    })?;
    let system = body.shift_remove("system").filter(|system| !nothing(system));
    let system = system.map(|system| content(&system, Role::User, "system", desk)).transpose()?;
    let mut turns = Vec::new();
    for (place, message) in list(body, "messages", desk)? {
        let role = match message["role"].as_str() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => return Err(desk.error(&format!("{place}.role"), "must be \"user\" or \"assistant\"")),
        };
        only(&message, &["role", "content"], &place, desk)?;
        turns.push(content(&message["content"], role, &format!("{place}.content"), desk)?);
    }
    Ok(Chat { system, turns })
}

/// The `OpenAI` chat: the system prompt is the first of `messages`.
pub(super) fn open_ai(body: &mut Map<String, Value>, desk: &mut Desk) -> Result<Chat, ImportError> {
    let mut chat = Chat::default();
    if let Some(system) = body.shift_remove("system") {
        chat.system = Some(content(&system, Role::User, "system", desk)?);
    }
    for (place, message) in list(body, "messages", desk)? {
        let role = message["role"].as_str().unwrap_or_default();
        if message.get("name").is_some() {
            desk.note(&format!("{place}.name"), "is left out");
        }
        for key in ["tool_calls", "function_call", "tool_call_id"] {
            if message.get(key).is_some_and(|value| !nothing(value)) {
                return Err(desk.error(&format!("{place}.{key}"), NO_TOOLS));
            }
        }
        only(&message, &["role", "content", "name", "tool_calls"], &place, desk)?;
        let at = format!("{place}.content");
        match role {
            "user" => chat.turns.push(content(&message["content"], Role::User, &at, desk)?),
            "assistant" => chat.turns.push(content(&message["content"], Role::Assistant, &at, desk)?),
            "tool" | "function" => return Err(desk.error(&format!("{place}.role"), NO_TOOLS)),
            "system" | "developer" if chat.turns.is_empty() => {
                if role == "developer" {
                    desk.note(&format!("{place}.role"), "\"developer\" becomes \"system\", which is the same");
                }
                let said = content(&message["content"], Role::User, &at, desk)?;
                match &mut chat.system {
                    Some(system) => {
                        desk.note(&place, "is put behind the system message before it, with a blank line between");
                        system.text = format!("{}\n\n{}", system.text, said.text);
                    }
                    none => *none = Some(said),
                }
            }
            "system" | "developer" => {
                return Err(desk.error(&place, "a system message after the first turn; a variant has one, before all"));
            }
            _ => {
                let what = "must be \"system\", \"developer\", \"user\" or \"assistant\"";
                return Err(desk.error(&format!("{place}.role"), what));
            }
        }
    }
    // No body of this shape has cache points.
    for said in chat.system.iter_mut().chain(&mut chat.turns) {
        if !std::mem::take(&mut said.cached).is_empty() {
            desk.note(&said.place, "has a cache point, which is left out: bodies of this shape have none");
        }
    }
    Ok(chat)
}

/// Cohere Command R: `message`, and what was said before it in `chat_history`.
pub(super) fn command_r(body: &mut Map<String, Value>, desk: &mut Desk) -> Result<Chat, ImportError> {
    let mut chat = Chat::default();
    if let Some(preamble) = body.shift_remove("preamble") {
        let text = preamble.as_str().ok_or_else(|| desk.error("preamble", "must be a text"))?;
        chat.system = Some(Said::new(Role::User, "preamble", text));
    }
    if body.contains_key("chat_history") {
        for (place, turn) in list(body, "chat_history", desk)? {
            let role = match turn["role"].as_str().map(str::to_uppercase).as_deref() {
                Some("USER") => Role::User,
                Some("CHATBOT") => Role::Assistant,
                Some("TOOL") => return Err(desk.error(&format!("{place}.role"), NO_TOOLS)),
                _ => return Err(desk.error(&format!("{place}.role"), "must be \"USER\" or \"CHATBOT\"")),
            };
            only(&turn, &["role", "message"], &place, desk)?;
            let at = format!("{place}.message");
            let text = turn["message"].as_str().ok_or_else(|| desk.error(&at, "must be a text"))?;
            chat.turns.push(Said::new(role, &at, text));
        }
    }
    let message = body.shift_remove("message").unwrap_or_default();
    let text = message.as_str().ok_or_else(|| desk.error("message", "must be a text"))?;
    chat.turns.push(Said::new(Role::User, "message", text));
    Ok(chat)
}

/// Why tools are refused.
pub(super) const NO_TOOLS: &str = "tools cannot be carried over: a variant has none, and without them the model is \
                                   asked for something else. Take them out of the request, or benchmark another one";

/// The elements of a list of objects, each with its path.
fn list(body: &mut Map<String, Value>, key: &str, desk: &Desk) -> Result<Vec<(String, Value)>, ImportError> {
    let Some(Value::Array(list)) = body.shift_remove(key) else {
        return Err(desk.error(key, "must be a list of messages"));
    };
    let element = |(index, value): (usize, Value)| {
        let place = format!("{key}[{index}]");
        if value.is_object() { Ok((place, value)) } else { Err(desk.error(&place, "must be an object")) }
    };
    list.into_iter().enumerate().map(element).collect()
}

/// Refuses the members of an object that are not among these and say something.
fn only(object: &Value, known: &[&str], place: &str, desk: &Desk) -> Result<(), ImportError> {
    for (key, value) in object.as_object().into_iter().flatten() {
        if !known.contains(&key.as_str()) && !nothing(value) {
            let what = format!("cannot be carried over: only {} can", known.join(", "));
            return Err(desk.error(&format!("{place}.{key}"), what));
        }
    }
    Ok(())
}

/// A content: a text, or a list of text blocks with cache points among them.
fn content(value: &Value, role: Role, place: &str, desk: &mut Desk) -> Result<Said, ImportError> {
    let blocks = match value {
        Value::String(text) => return Ok(Said::new(role, place, text)),
        Value::Array(blocks) => blocks,
        _ => return Err(desk.error(place, "must be a text or a list of blocks")),
    };
    let mut said = Said::new(role, place, "");
    let (mut texts, mut points) = (Vec::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("{place}[{index}]");
        let kind = block["type"].as_str();
        if let (Some(text), true) = (block["text"].as_str(), kind.is_none_or(|kind| TEXT_TYPES.contains(&kind))) {
            only(block, &["type", "text", "cache_control"], &at, desk)?;
            texts.push(text);
            if let Some(control) = block.get("cache_control") {
                points.push(texts.len());
                lifetime(control, &format!("{at}.cache_control"), desk);
            }
        } else if let Some(point) = block.get("cachePoint") {
            only(block, &["cachePoint"], &at, desk)?;
            points.push(texts.len());
            lifetime(point, &format!("{at}.cachePoint"), desk);
        } else {
            return Err(refused(block, kind, &at, desk));
        }
    }
    if texts.len() > 1 {
        desk.note(place, &format!("has {} blocks of text, which become one, with a blank line between", texts.len()));
    }
    said.cached = points.into_iter().map(|point| point == texts.len()).collect();
    said.text = texts.join("\n\n");
    Ok(said)
}

/// A cache entry that lives for another time than the usual five minutes cannot be asked for.
fn lifetime(point: &Value, place: &str, desk: &mut Desk) {
    if let Some(ttl) = point.get("ttl") {
        desk.note(&format!("{place}.ttl"), &format!("({ttl}) is left out: the cache keeps its usual time"));
    }
}

/// Why a block that is no text is refused.
fn refused(block: &Value, kind: Option<&str>, place: &str, desk: &Desk) -> ImportError {
    let key = block.as_object().and_then(|block| block.keys().find(|key| *key != "type")).map(String::as_str);
    let Some(what) = kind.or(key) else { return desk.error(place, "must be a block of text") };
    let place = match (kind, key) {
        (None, Some(key)) => format!("{place}.{key}"),
        _ => place.to_owned(),
    };
    let tool = what.to_lowercase().contains("tool");
    desk.error(
        &place,
        if tool {
            NO_TOOLS.to_owned()
        } else {
            format!("this is `{what}`, and only text can be carried over: without it another question would be asked")
        },
    )
}
