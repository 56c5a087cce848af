//! Whose body it is: told by its shape, and by the model where shapes look alike.

use serde_json::{Map, Value};

use super::{Desk, ImportError};
use crate::bench::family::NativeFormat;

/// The shape of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Converse,
    Native(NativeFormat),
}

/// The families whose prompt is one text.
const PROMPTS: [NativeFormat; 7] = [
    NativeFormat::Llama2,
    NativeFormat::Llama3,
    NativeFormat::Llama4,
    NativeFormat::CohereCommand,
    NativeFormat::Jurassic,
    NativeFormat::MistralInstruct,
    NativeFormat::DeepSeekR1,
];
/// The families that speak as `OpenAI`'s chat does.
const OPEN_AI: [NativeFormat; 3] = [NativeFormat::OpenAiChat, NativeFormat::GptOss, NativeFormat::Jamba];
/// Members that only Converse has (Nova's own body has an `inferenceConfig` too, beside its `schemaVersion`).
const CONVERSE: [&str; 9] = [
    "inferenceConfig",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "toolConfig",
    "guardrailConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "outputConfig",
];
/// The members of Converse's `inferenceConfig`; with any other it is Nova's own.
pub(super) const INFERENCE: [&str; 4] = ["maxTokens", "temperature", "topP", "stopSequences"];

/// The shape of a body for a model of this format; `converse` is what its wrapper tells, and `beside` that a model's
/// id stands among its members.
pub(super) fn of(
    body: &Map<String, Value>,
    model: Option<NativeFormat>,
    converse: Option<bool>,
    beside: bool,
    desk: &Desk,
) -> Result<Shape, ImportError> {
    let has = |key: &str| body.contains_key(key);
    let native = |format| Ok(Shape::Native(format));
    if has("inputText") {
        native(NativeFormat::TitanText)
    } else if has("message") {
        native(NativeFormat::CohereCommandR)
    } else if has("prompt") {
        if body["prompt"].as_str().is_some_and(|text| has("max_tokens_to_sample") && text.contains("Human:")) {
            let what = "this is a text completion of Claude 2, which no model takes any more; write it as `messages`";
            return Err(desk.error("prompt", what));
        }
        match (model.filter(|format| PROMPTS.contains(format)), likely(body)) {
            (Some(format), _) | (None, Some(format)) => native(format),
            (None, None) => Err(desk.error("prompt", "several families take such a prompt; say whose: --model ID")),
        }
    } else if has("schemaVersion") {
        native(NativeFormat::Nova)
    } else if has("anthropic_version") {
        native(NativeFormat::Claude)
    } else if converse == Some(true) {
        Ok(Shape::Converse)
    } else {
        match messages(body, model, converse == Some(false), beside) {
            Some(shape) => Ok(shape),
            None if beside => Ok(Shape::Converse),
            None => Err(desk.error("messages", "several families take such messages; say whose: --model ID")),
        }
    }
}

/// The family that the text of a prompt or the names beside it tell.
fn likely(body: &Map<String, Value>) -> Option<NativeFormat> {
    let prompt = body["prompt"].as_str().unwrap_or_default();
    let says = |token: &str| prompt.contains(token);
    let any = |keys: &[&str]| keys.iter().any(|key| body.contains_key(*key));
    if says("<|start_header_id|>") {
        Some(NativeFormat::Llama3)
    } else if says("<|header_start|>") {
        Some(NativeFormat::Llama4)
    } else if says("<｜User｜>") || says("<｜begin▁of▁sentence｜>") {
        Some(NativeFormat::DeepSeekR1)
    } else if says("<<SYS>>") || (says("[INST]") && any(&["max_gen_len"])) {
        Some(NativeFormat::Llama2)
    } else if says("[INST]") && any(&["max_tokens", "stop", "top_k"]) {
        Some(NativeFormat::MistralInstruct)
    } else if any(&["maxTokens", "countPenalty", "presencePenalty", "frequencyPenalty", "numResults"]) {
        Some(NativeFormat::Jurassic)
    } else if any(&["p", "k", "return_likelihoods", "num_generations", "logit_bias", "truncate"]) {
        Some(NativeFormat::CohereCommand)
    } else {
        None
    }
}

/// The shape of a body of `messages`; `None` where nothing tells.
fn messages(body: &Map<String, Value>, model: Option<NativeFormat>, invoked: bool, beside: bool) -> Option<Shape> {
    let any = |keys: &[&str]| keys.iter().any(|key| body.contains_key(*key));
    let list = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let blocks = || {
        let system = body.get("system").and_then(Value::as_array).into_iter().flatten();
        list.iter().filter_map(|message| message["content"].as_array()).flatten().chain(system)
    };
    let untyped = blocks().any(|block| block.is_object() && block.get("type").is_none());
    if untyped || any(&CONVERSE) {
        let config = body.get("inferenceConfig").and_then(Value::as_object);
        let foreign = config.is_some_and(|config| config.keys().any(|key| !INFERENCE.contains(&key.as_str())));
        let nova = (foreign && model.map_or(!beside, |format| format == NativeFormat::Nova))
            || (invoked && model == Some(NativeFormat::Nova));
        return Some(if nova { Shape::Native(NativeFormat::Nova) } else { Shape::Converse });
    }
    let open_ai = list
        .iter()
        .any(|message| matches!(message["role"].as_str(), Some("system" | "developer" | "tool" | "function")))
        || any(&["max_completion_tokens", "frequency_penalty", "presence_penalty", "response_format", "n", "stop"]);
    let claude = any(&["system", "stop_sequences", "thinking", "anthropic_beta"])
        || blocks().any(|block| block.get("cache_control").is_some() || block.get("source").is_some());
    let spoken = OPEN_AI.into_iter().find(|format| model == Some(*format));
    match (open_ai, claude, model) {
        (true, _, _) | (_, false, Some(NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss)) => {
            let newer = body.contains_key("max_completion_tokens");
            Some(Shape::Native(spoken.unwrap_or(if newer { NativeFormat::GptOss } else { NativeFormat::OpenAiChat })))
        }
        (false, true, _) | (_, _, Some(NativeFormat::Claude)) => Some(Shape::Native(NativeFormat::Claude)),
        // Turns of plain text read the same in every chat.
        (false, false, Some(_)) => Some(Shape::Native(NativeFormat::OpenAiChat)),
        (false, false, None) => None,
    }
}
