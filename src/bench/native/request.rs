//! Requests out: the `InvokeModel` body of each family (source: Bedrock user guide, `model-parameters-*`).

use serde_json::{Map, Value, json};

use crate::bench::family::NativeFormat;
use crate::bench::plan::ModelPlan;
use crate::bench::request::{CacheAfter, Request, Role, Turn};

/// What `max_tokens` becomes for a body that requires one when neither the request nor a model gives it:
/// the largest value that every model with such a body takes.
const REQUIRED_MAX_TOKENS: u32 = 4_096;

/// How a family calls the inference parameters in its body, and the most output tokens that the body may ask for.
struct Names {
    /// The object that holds them, where they do not stand at the top.
    inside: Option<&'static str>,
    max_tokens: &'static str,
    max_tokens_limit: u32,
    temperature: &'static str,
    top_p: &'static str,
    /// `None` where the family's body has no stop sequences.
    stop: Option<&'static str>,
}

/// Most families: `max_tokens`, `temperature`, `top_p`, `stop`, no limit of the body's own.
const PLAIN: Names = Names {
    inside: None,
    max_tokens: "max_tokens",
    max_tokens_limit: u32::MAX,
    temperature: "temperature",
    top_p: "top_p",
    stop: Some("stop"),
};
const LLAMA: Names = Names { max_tokens: "max_gen_len", max_tokens_limit: 2_048, stop: None, ..PLAIN };
const COHERE: Names = Names { max_tokens_limit: 4_096, top_p: "p", stop: Some("stop_sequences"), ..PLAIN };

fn names(format: NativeFormat) -> Names {
    match format {
        NativeFormat::Claude => Names { stop: Some("stop_sequences"), ..PLAIN },
        NativeFormat::Llama2 | NativeFormat::Llama3 => LLAMA,
        NativeFormat::Llama4 => Names { max_tokens_limit: 8_192, ..LLAMA },
        NativeFormat::TitanText => Names {
            inside: Some("textGenerationConfig"),
            max_tokens: "maxTokenCount",
            max_tokens_limit: 8_192,
            top_p: "topP",
            stop: Some("stopSequences"),
            ..PLAIN
        },
        NativeFormat::Nova => Names {
            inside: Some("inferenceConfig"),
            max_tokens: "maxTokens",
            top_p: "topP",
            stop: Some("stopSequences"),
            ..PLAIN
        },
        NativeFormat::CohereCommand | NativeFormat::CohereCommandR => COHERE,
        NativeFormat::Jurassic => Names {
            max_tokens: "maxTokens",
            max_tokens_limit: 8_191,
            top_p: "topP",
            stop: Some("stopSequences"),
            ..PLAIN
        },
        NativeFormat::Jamba => Names { max_tokens_limit: 4_096, ..PLAIN },
        NativeFormat::MistralInstruct => Names { max_tokens_limit: 8_192, ..PLAIN },
        NativeFormat::DeepSeekR1 => Names { max_tokens_limit: 32_768, ..PLAIN },
        NativeFormat::OpenAiChat => PLAIN,
        NativeFormat::GptOss => Names { max_tokens: "max_completion_tokens", ..PLAIN },
    }
}

/// The `InvokeModel` body of a request in a family's shape.
///
/// Parameters stand under the family's own names. `max_tokens` is lowered to what the body may ask for; every other
/// value goes out as the user wrote it, for the service to judge. The system prompt stands where the family takes
/// it, else before the first user turn. `extra` is merged last, objects key by key, so it wins. Service tier and
/// latency are headers of the call and not in the body.
///
/// Template tokens inside a prompt (`<|eot_id|>`, `[/INST]`, …) are left as they are: Bedrock does not escape them
/// either, so hostile input to a template family can pose as another turn. Converse does not have this weakness.
pub fn body(format: NativeFormat, request: &Request, streaming: bool) -> Value {
    build(format, request, streaming, REQUIRED_MAX_TOKENS)
}

/// The `InvokeModel` body for a model: like [`body`], and where the family requires `max_tokens` and the request
/// leaves it unset, the model's maximum stands there, which is what Converse does by itself.
pub fn invoke_body(model: &ModelPlan, request: &Request, streaming: bool) -> Value {
    build(model.id.family().native, request, streaming, model.max_output)
}

fn build(format: NativeFormat, request: &Request, streaming: bool, required: u32) -> Value {
    let mut body = prompt(format, request);
    // Cohere's body says itself that the answer is to be streamed; elsewhere the operation says it.
    if streaming && format == NativeFormat::CohereCommand {
        body.insert("stream".into(), json!(true));
    }
    let (inside, parameters) = parameters(format, request, required);
    match inside {
        Some(_) if parameters.is_empty() => {}
        Some(object) => {
            body.insert(object.into(), Value::Object(parameters));
        }
        None => body.extend(parameters),
    }
    merge(&mut body, &request.parameters.extra);
    Value::Object(body)
}

fn parameters(format: NativeFormat, request: &Request, required: u32) -> (Option<&'static str>, Map<String, Value>) {
    let names = names(format);
    let set = &request.parameters;
    let max_tokens = set.max_tokens.or((format == NativeFormat::Claude).then_some(required));
    let mut out = Map::new();
    if let Some(max_tokens) = max_tokens {
        out.insert(names.max_tokens.into(), json!(max_tokens.min(names.max_tokens_limit)));
    }
    if let Some(temperature) = set.temperature {
        out.insert(names.temperature.into(), decimal(temperature));
    }
    if let Some(top_p) = set.top_p {
        out.insert(names.top_p.into(), decimal(top_p));
    }
    if let (Some(stop), false) = (names.stop, set.stop.is_empty()) {
        out.insert(stop.into(), json!(set.stop));
    }
    (names.inside, out)
}

/// A parameter as the user wrote it: `0.7`, not the nearest `f32` spelled in `f64`.
pub(super) fn decimal(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// Puts `from` over `into`, objects key by key.
fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The part of the body that holds the prompt.
fn prompt(format: NativeFormat, request: &Request) -> Map<String, Value> {
    let value = match format {
        NativeFormat::Claude => claude(request),
        NativeFormat::Llama2 => json!({ "prompt": llama2(request) }),
        NativeFormat::Llama3 => json!({ "prompt": headed(request, "start_header_id", "end_header_id", "eot_id") }),
        NativeFormat::Llama4 => json!({ "prompt": headed(request, "header_start", "header_end", "eot") }),
        NativeFormat::TitanText => json!({ "inputText": framed(&folded(request), "User", "Bot") }),
        NativeFormat::Nova => nova(request),
        NativeFormat::CohereCommand => json!({ "prompt": bare(&folded(request), "User", "Chatbot") }),
        NativeFormat::CohereCommandR => command_r(request),
        NativeFormat::Jurassic => json!({ "prompt": bare(&folded(request), "User", "Assistant") }),
        NativeFormat::MistralInstruct => json!({ "prompt": mistral(&folded(request)) }),
        NativeFormat::DeepSeekR1 => json!({ "prompt": deepseek(request) }),
        NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => json!({ "messages": chat(request) }),
    };
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The system prompt, if there is one to send.
pub(super) fn system(request: &Request) -> Option<&str> {
    request.system.as_deref().filter(|text| !text.trim().is_empty())
}

/// The turns with the system prompt before the first user turn, for models that take none.
pub(super) fn folded(request: &Request) -> Vec<Turn> {
    let mut turns = request.turns.clone();
    if let (Some(system), Some(first)) = (system(request), turns.iter_mut().find(|turn| turn.role == Role::User)) {
        first.text = format!("{system}\n\n{}", first.text);
    }
    turns
}

/// Index of the turn after which the prompt cache ends: the last one before the prompt itself.
pub(super) fn cached_turn(request: &Request) -> Option<usize> {
    (request.cache_after == Some(CacheAfter::Messages)).then(|| request.turns.len().checked_sub(2)).flatten()
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn claude(request: &Request) -> Value {
    let block = |text: &str, cached: bool| {
        let mut block = json!({ "type": "text", "text": text });
        if cached {
            block["cache_control"] = json!({ "type": "ephemeral" });
        }
        block
    };
    let mut body = json!({ "anthropic_version": "bedrock-2023-05-31" });
    if let Some(system) = system(request) {
        body["system"] = match request.cache_after {
            Some(CacheAfter::System) => json!([block(system, true)]),
            _ => json!(system),
        };
    }
    let cached = cached_turn(request);
    let messages =
        request.turns.iter().enumerate().map(
            |(index, turn)| json!({ "role": role(turn.role), "content": [block(&turn.text, cached == Some(index))] }),
        );
    body["messages"] = messages.collect();
    body
}

fn nova(request: &Request) -> Value {
    let mut body = json!({ "schemaVersion": "messages-v1" });
    if let Some(system) = system(request) {
        body["system"] = blocks(system, request.cache_after == Some(CacheAfter::System));
    }
    body["messages"] = messages(&request.turns, cached_turn(request));
    body
}

/// Content blocks of one text as Converse and Nova write them, with a cache point behind it.
pub(super) fn blocks(text: &str, cached: bool) -> Value {
    let mut blocks = vec![json!({ "text": text })];
    if cached {
        blocks.push(json!({ "cachePoint": { "type": "default" } }));
    }
    Value::Array(blocks)
}

/// Messages as Converse and Nova write them.
pub(super) fn messages(turns: &[Turn], cached: Option<usize>) -> Value {
    let message = |(index, turn): (usize, &Turn)| json!({ "role": role(turn.role), "content": blocks(&turn.text, cached == Some(index)) });
    turns.iter().enumerate().map(message).collect()
}

fn chat(request: &Request) -> Value {
    let system = system(request).map(|text| json!({ "role": "system", "content": text }));
    let turns = request.turns.iter().map(|turn| json!({ "role": role(turn.role), "content": turn.text }));
    system.into_iter().chain(turns).collect()
}

fn command_r(request: &Request) -> Value {
    let (last, before) = match request.turns.split_last() {
        Some((last, before)) => (last.text.as_str(), before),
        None => ("", &[][..]),
    };
    let mut body = json!({ "message": last });
    if !before.is_empty() {
        let said = |turn: &Turn| {
            let role = if turn.role == Role::User { "USER" } else { "CHATBOT" };
            json!({ "role": role, "message": turn.text })
        };
        body["chat_history"] = before.iter().map(said).collect();
    }
    if let Some(system) = system(request) {
        body["preamble"] = json!(system);
    }
    body
}

/// The turns one after the other, each between what stands before and after its role.
fn said(turns: &[Turn], user: [&str; 2], assistant: [&str; 2]) -> String {
    let framed = |turn: &Turn| {
        let [before, after] = if turn.role == Role::User { user } else { assistant };
        [before, turn.text.as_str(), after].concat()
    };
    turns.iter().map(framed).collect()
}

/// `<s>[INST] <<SYS>> … [/INST]`; the system prompt stands inside the first user turn.
fn llama2(request: &Request) -> String {
    let mut turns = request.turns.clone();
    if let (Some(system), Some(first)) = (system(request), turns.first_mut()) {
        first.text = format!("<<SYS>>\n{system}\n<</SYS>>\n\n{}", first.text);
    }
    said(&turns, ["<s>[INST] ", " [/INST]"], [" ", " </s>"])
}

/// Llama 3 and 4: a header before each text, an end token behind it, the assistant's header last.
fn headed(request: &Request, start: &str, end: &str, over: &str) -> String {
    let header = |role: &str| format!("<|{start}|>{role}<|{end}|>\n\n");
    let over = format!("<|{over}|>");
    let system = system(request).map(|text| header("system") + text + &over).unwrap_or_default();
    let turns = said(&request.turns, [&header("user"), &over], [&header("assistant"), &over]);
    format!("<|begin_of_text|>{system}{turns}{}", header("assistant"))
}

fn mistral(turns: &[Turn]) -> String {
    format!("<s>{}", said(turns, ["[INST] ", " [/INST]"], [" ", "</s>"]))
}

/// `DeepSeek` R1's template; it ends inside the model's reasoning, which the reply closes with `</think>`.
fn deepseek(request: &Request) -> String {
    let turns = said(&request.turns, ["<｜User｜>", ""], ["<｜Assistant｜>", "<｜end▁of▁sentence｜>"]);
    format!("<｜begin▁of▁sentence｜>{}{turns}<｜Assistant｜><think>\n", system(request).unwrap_or_default())
}

/// Each turn on its own line behind its speaker, the model's name last.
fn framed(turns: &[Turn], user: &str, model: &str) -> String {
    let [user, speaker] = [user, model].map(|name| format!("{name}: "));
    format!("{}{model}:", said(turns, [&user, "\n"], [&speaker, "\n"]))
}

/// A single turn as it is; several turns framed.
fn bare(turns: &[Turn], user: &str, model: &str) -> String {
    match turns {
        [only] => only.text.clone(),
        _ => framed(turns, user, model),
    }
}
