//! Converse and plain text: a request in the two shapes that do not depend on the family's body.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::parameters::decimal;
use super::request::{blocks, cached_turn, chatless, folded, messages, role, system};
use crate::bench::family::NativeFormat;
use crate::bench::plan::ModelPlan;
use crate::bench::request::{CacheAfter, Request, Role, Turn};

/// What is said in a Converse request.
#[derive(Debug)]
pub struct Spoken<'a> {
    /// The system prompt, where there is one and the model takes it.
    pub system: Option<&'a str>,
    /// The turns.
    pub turns: Cow<'a, [Turn]>,
    /// Index of the turn after which the prompt cache ends.
    pub cached: Option<usize>,
}

/// What is said to a model through Converse. The system prompt stands before the first user turn where the model takes
/// none; a model without chat (Cohere's Command, AI21's Jurassic-2) reads all turns as one (source: Bedrock user guide,
/// `conversation-inference-supported-models-features`).
pub fn spoken<'a>(model: &ModelPlan, request: &'a Request) -> Spoken<'a> {
    let family = model.id.family();
    if family.system_prompt {
        let (system, turns) = (system(request), Cow::Borrowed(request.turns.as_slice()));
        return Spoken { system, turns, cached: cached_turn(request) };
    }
    if matches!(family.native, NativeFormat::CohereCommand | NativeFormat::Jurassic) {
        let turn = Turn { role: Role::User, text: chatless(family.native, request) };
        return Spoken { system: None, turns: vec![turn].into(), cached: None };
    }
    Spoken { system: None, turns: folded(request).into(), cached: cached_turn(request) }
}

/// The Converse body of a request as it is sent: messages, system, inference parameters, additional model fields,
/// service tier and latency. The system prompt stands before the first user turn where the model takes none.
pub fn converse_body(model: &ModelPlan, request: &Request) -> Value {
    let Spoken { system, turns, cached } = spoken(model, request);
    let mut body = json!({ "messages": messages(&turns, cached) });
    if let Some(system) = system {
        body["system"] = blocks(system, request.cache_after == Some(CacheAfter::System));
    }
    let parameters = &request.parameters;
    let config = inference_config(request);
    if !config.is_empty() {
        body["inferenceConfig"] = Value::Object(config);
    }
    if !parameters.extra.is_empty() {
        body["additionalModelRequestFields"] = Value::Object(parameters.extra.clone());
    }
    if let Some(tier) = &parameters.service_tier {
        body["serviceTier"] = json!({ "type": tier });
    }
    if let Some(latency) = &parameters.latency {
        body["performanceConfig"] = json!({ "latency": latency });
    }
    body
}

fn inference_config(request: &Request) -> Map<String, Value> {
    let parameters = &request.parameters;
    let mut config = Map::new();
    if let Some(max_tokens) = parameters.max_tokens {
        config.insert("maxTokens".into(), json!(max_tokens));
    }
    if let Some(temperature) = parameters.temperature {
        config.insert("temperature".into(), decimal(temperature));
    }
    if let Some(top_p) = parameters.top_p {
        config.insert("topP".into(), decimal(top_p));
    }
    if !parameters.stop.is_empty() {
        config.insert("stopSequences".into(), json!(parameters.stop));
    }
    config
}

/// A request as plain text: system prompt, blank line, prompt; with several turns each behind its speaker.
pub fn text(request: &Request) -> String {
    if let [only] = request.turns.as_slice() {
        return system(request).map(|text| format!("{text}\n\n")).unwrap_or_default() + &only.text;
    }
    let system = system(request).map(|text| format!("system: {text}"));
    let turns = request.turns.iter().map(|turn| format!("{}: {}", role(turn.role), turn.text));
    system.into_iter().chain(turns).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::model::ModelId;
    use crate::bench::request::Parameters;

    fn request() -> Request {
        let parameters = Parameters {
            max_tokens: Some(100),
            temperature: Some(0.7),
            service_tier: Some("flex".into()),
            latency: Some("optimized".into()),
            extra: json!({ "top_k": 5 }).as_object().cloned().unwrap_or_default(),
            ..Parameters::default()
        };
        Request { cache_after: Some(CacheAfter::System), ..Request::user(Some("S".into()), "Q", parameters) }
    }

    #[test]
    fn everything_that_converse_takes() {
        let claude = ModelPlan::of(ModelId::parse("us.anthropic.claude-opus-5"));
        assert_eq!(
            converse_body(&claude, &request()),
            json!({
                "messages": [{ "role": "user", "content": [{ "text": "Q" }] }],
                "system": [{ "text": "S" }, { "cachePoint": { "type": "default" } }],
                "inferenceConfig": { "maxTokens": 100, "temperature": 0.7 },
                "additionalModelRequestFields": { "top_k": 5 },
                "serviceTier": { "type": "flex" },
                "performanceConfig": { "latency": "optimized" },
            })
        );
        let bare = Request::user(None, "Q", Parameters::default());
        let messages = json!({ "messages": [{ "role": "user", "content": [{ "text": "Q" }] }] });
        assert_eq!(converse_body(&claude, &bare), messages);
    }

    #[test]
    fn a_model_without_system_prompts_reads_it_before_the_first_turn() {
        let titan = ModelPlan::of(ModelId::parse("amazon.titan-text-express-v1"));
        let body = converse_body(&titan, &request());
        assert_eq!(body["messages"], json!([{ "role": "user", "content": [{ "text": "S\n\nQ" }] }]));
        assert_eq!(body.get("system"), None);
    }

    #[test]
    fn a_model_without_chat_reads_all_turns_as_one() {
        let mut several = request();
        several.turns.insert(0, Turn { role: Role::Assistant, text: "B".into() });
        several.turns.insert(0, Turn { role: Role::User, text: "A".into() });
        let body = |id: &str| converse_body(&ModelPlan::of(ModelId::parse(id)), &several)["messages"].clone();
        let only = |text: &str| json!([{ "role": "user", "content": [{ "text": text }] }]);
        assert_eq!(body("cohere.command-text-v14"), only("S\n\nUser: A\nChatbot: B\nUser: Q\nChatbot:"));
        assert_eq!(body("ai21.j2-mid-v1"), only("S\n\nUser: A\nAssistant: B\nUser: Q\nAssistant:"));
        assert_eq!(body("amazon.titan-text-express-v1").as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn plain_text() {
        assert_eq!(text(&request()), "S\n\nQ");
        assert_eq!(text(&Request::user(None, "Q", Parameters::default())), "Q");
        let mut several = request();
        several.turns.insert(0, Turn { role: Role::Assistant, text: "B".into() });
        several.turns.insert(0, Turn { role: Role::User, text: "A".into() });
        assert_eq!(text(&several), "system: S\n\nuser: A\n\nassistant: B\n\nuser: Q");
    }
}
