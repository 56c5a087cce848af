//! Requests out: the `InvokeModel` body of each family (source: Bedrock user guide, `model-parameters-*`).

use serde_json::{Map, Value, json};

use super::parameters::parameters;
use crate::bench::family::NativeFormat;
use crate::bench::plan::ModelPlan;
use crate::bench::request::{CacheAfter, Request, Role, Turn};

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
    build(format, "", request, streaming, None)
}

/// The `InvokeModel` body for a model: like [`body`], and where the request leaves `max_tokens` unset and the family
/// requires it or would cut answers off at a few hundred tokens, the model's maximum stands there, which is what
/// Converse does by itself.
pub fn invoke_body(model: &ModelPlan, request: &Request, streaming: bool) -> Value {
    build(model.id.family().native, model.id.base(), request, streaming, Some(model.max_output))
}

fn build(format: NativeFormat, base_model: &str, request: &Request, streaming: bool, most: Option<u32>) -> Value {
    let mut body = prompt(format, request);
    // Cohere's body says itself that the answer is to be streamed; elsewhere the operation says it.
    if streaming && format == NativeFormat::CohereCommand {
        body.insert("stream".into(), json!(true));
    }
    let (inside, parameters) = parameters(format, base_model, request, most);
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
        NativeFormat::CohereCommand | NativeFormat::Jurassic => json!({ "prompt": chatless(format, request) }),
        NativeFormat::CohereCommandR => command_r(request),
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

/// For a model without chat: a single turn as it is, several framed; the system prompt before everything.
pub(super) fn chatless(format: NativeFormat, request: &Request) -> String {
    let model = if format == NativeFormat::CohereCommand { "Chatbot" } else { "Assistant" };
    let said = match request.turns.as_slice() {
        [only] => only.text.clone(),
        several => framed(several, "User", model),
    };
    system(request).map(|system| format!("{system}\n\n")).unwrap_or_default() + &said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::family::FAMILIES;
    use crate::bench::model::ModelId;
    use crate::bench::request::Parameters;

    fn parameters() -> Parameters {
        Parameters {
            max_tokens: Some(9_000),
            temperature: Some(0.7),
            top_p: Some(0.9),
            stop: vec!["END".into()],
            ..Parameters::default()
        }
    }

    fn turn(role: Role, text: &str) -> Turn {
        Turn { role, text: text.into() }
    }

    /// One turn with a system prompt, and a few-shot conversation with one.
    fn requests() -> [Request; 2] {
        let single = Request::user(Some("S".into()), "Q", parameters());
        let turns = vec![turn(Role::User, "A"), turn(Role::Assistant, "B"), turn(Role::User, "Q")];
        [single.clone(), Request { turns, ..single }]
    }

    #[test]
    fn templates_in_each_familys_own_words() {
        for (format, at, single, several) in [
            (
                NativeFormat::Llama2,
                "/prompt",
                "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST]",
                "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nA [/INST] B </s><s>[INST] Q [/INST]",
            ),
            (
                NativeFormat::Llama3,
                "/prompt",
                "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n",
                "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nA<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>\
                 <|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n",
            ),
            (
                NativeFormat::Llama4,
                "/prompt",
                "<|begin_of_text|><|header_start|>system<|header_end|>\n\nS<|eot|>\
                 <|header_start|>user<|header_end|>\n\nQ<|eot|><|header_start|>assistant<|header_end|>\n\n",
                "<|begin_of_text|><|header_start|>system<|header_end|>\n\nS<|eot|>\
                 <|header_start|>user<|header_end|>\n\nA<|eot|><|header_start|>assistant<|header_end|>\n\nB<|eot|>\
                 <|header_start|>user<|header_end|>\n\nQ<|eot|><|header_start|>assistant<|header_end|>\n\n",
            ),
            (NativeFormat::TitanText, "/inputText", "User: S\n\nQ\nBot:", "User: S\n\nA\nBot: B\nUser: Q\nBot:"),
            (NativeFormat::CohereCommand, "/prompt", "S\n\nQ", "S\n\nUser: A\nChatbot: B\nUser: Q\nChatbot:"),
            (NativeFormat::Jurassic, "/prompt", "S\n\nQ", "S\n\nUser: A\nAssistant: B\nUser: Q\nAssistant:"),
            (
                NativeFormat::MistralInstruct,
                "/prompt",
                "<s>[INST] S\n\nQ [/INST]",
                "<s>[INST] S\n\nA [/INST] B</s>[INST] Q [/INST]",
            ),
            (
                NativeFormat::DeepSeekR1,
                "/prompt",
                "<｜begin▁of▁sentence｜>S<｜User｜>Q<｜Assistant｜><think>\n",
                "<｜begin▁of▁sentence｜>S<｜User｜>A<｜Assistant｜>B<｜end▁of▁sentence｜><｜User｜>Q<｜Assistant｜><think>\n",
            ),
        ] {
            for (request, wanted) in requests().iter().zip([single, several]) {
                let body = body(format, request, false);
                assert_eq!(body.pointer(at).and_then(Value::as_str), Some(wanted), "{format:?}");
            }
        }
    }

    #[test]
    fn messages_in_each_familys_own_shape() {
        let [_, several] = requests();
        let parameters = |names: [&str; 4], max_tokens: u32| {
            let values = [json!(max_tokens), json!(0.7), json!(0.9), json!(["END"])];
            Value::Object(names.iter().map(ToString::to_string).zip(values).collect())
        };
        let with = |prompt: Value, parameters: Value| {
            let mut body = prompt.as_object().cloned().unwrap_or_default();
            body.extend(parameters.as_object().cloned().unwrap_or_default());
            Value::Object(body)
        };
        let chat = json!({ "messages": [
            { "role": "system", "content": "S" }, { "role": "user", "content": "A" },
            { "role": "assistant", "content": "B" }, { "role": "user", "content": "Q" },
        ] });
        for (format, wanted) in [
            (
                NativeFormat::Claude,
                with(
                    json!({ "anthropic_version": "bedrock-2023-05-31", "system": "S", "messages": [
                        { "role": "user", "content": [{ "type": "text", "text": "A" }] },
                        { "role": "assistant", "content": [{ "type": "text", "text": "B" }] },
                        { "role": "user", "content": [{ "type": "text", "text": "Q" }] },
                    ] }),
                    parameters(["max_tokens", "temperature", "top_p", "stop_sequences"], 9_000),
                ),
            ),
            (
                NativeFormat::Nova,
                json!({
                    "schemaVersion": "messages-v1",
                    "system": [{ "text": "S" }],
                    "messages": [
                        { "role": "user", "content": [{ "text": "A" }] },
                        { "role": "assistant", "content": [{ "text": "B" }] },
                        { "role": "user", "content": [{ "text": "Q" }] },
                    ],
                    "inferenceConfig": parameters(["maxTokens", "temperature", "topP", "stopSequences"], 9_000),
                }),
            ),
            (
                NativeFormat::CohereCommandR,
                with(
                    json!({ "message": "Q", "preamble": "S", "chat_history": [
                        { "role": "USER", "message": "A" }, { "role": "CHATBOT", "message": "B" },
                    ] }),
                    parameters(["max_tokens", "temperature", "p", "stop_sequences"], 4_096),
                ),
            ),
            (
                NativeFormat::Jamba,
                with(chat.clone(), parameters(["max_tokens", "temperature", "top_p", "stop"], 4_096)),
            ),
            (
                NativeFormat::OpenAiChat,
                with(chat.clone(), parameters(["max_tokens", "temperature", "top_p", "stop"], 9_000)),
            ),
            (
                NativeFormat::GptOss,
                with(chat, parameters(["max_completion_tokens", "temperature", "top_p", "stop"], 9_000)),
            ),
        ] {
            assert_eq!(body(format, &several, false), wanted, "{format:?}");
        }
    }

    #[test]
    fn parameters_of_the_template_families_have_their_own_names_and_limits() {
        let [single, _] = requests();
        for (format, wanted) in [
            (NativeFormat::Llama3, json!({ "max_gen_len": 2_048, "temperature": 0.7, "top_p": 0.9 })),
            (NativeFormat::Llama4, json!({ "max_gen_len": 8_192, "temperature": 0.7, "top_p": 0.9 })),
            (
                NativeFormat::TitanText,
                json!({ "textGenerationConfig":
                    { "maxTokenCount": 8_192, "temperature": 0.7, "topP": 0.9, "stopSequences": ["END"] } }),
            ),
            (
                NativeFormat::CohereCommand,
                json!({ "max_tokens": 4_096, "temperature": 0.7, "p": 0.9, "stop_sequences": ["END"], "stream": true }),
            ),
            (
                NativeFormat::Jurassic,
                json!({ "maxTokens": 8_191, "temperature": 0.7, "topP": 0.9, "stopSequences": ["END"] }),
            ),
            (
                NativeFormat::MistralInstruct,
                json!({ "max_tokens": 8_192, "temperature": 0.7, "top_p": 0.9, "stop": ["END"] }),
            ),
            (
                NativeFormat::DeepSeekR1,
                json!({ "max_tokens": 9_000, "temperature": 0.7, "top_p": 0.9, "stop": ["END"] }),
            ),
        ] {
            let mut body = body(format, &single, true);
            if let Value::Object(map) = &mut body {
                map.retain(|key, _| key != "prompt" && key != "inputText");
            }
            assert_eq!(body, wanted, "{format:?}");
        }
    }

    #[test]
    fn nothing_set_sends_nothing_but_what_is_required() {
        let bare = Request::user(None, "Q", Parameters::default());
        for family in FAMILIES {
            let body = body(family.native, &bare, false);
            let keys: Vec<&str> =
                body.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default();
            let wanted: &[&str] = match family.native {
                NativeFormat::Claude => &["anthropic_version", "messages", "max_tokens"],
                NativeFormat::Nova => &["schemaVersion", "messages"],
                NativeFormat::TitanText => &["inputText"],
                NativeFormat::CohereCommandR => &["message"],
                NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => &["messages"],
                _ => &["prompt"],
            };
            assert_eq!(keys, wanted, "{}", family.name);
        }
        let haiku = ModelPlan { max_output: 8_192, ..ModelPlan::of(ModelId::parse("anthropic.claude-haiku-9")) };
        assert_eq!(invoke_body(&haiku, &bare, false)["max_tokens"], 8_192);
        let sent = |id: &str| invoke_body(&ModelPlan::of(ModelId::parse(id)), &bare, false);
        assert_eq!(sent("meta.llama3-8b-instruct-v1:0")["max_gen_len"], 2_048, "and not its default of 512");
        assert!(sent("us.writer.palmyra-x5-v1:0")["max_tokens"].is_u64());
        assert_eq!(sent("qwen.qwen3-32b-v1:0").get("max_tokens"), None);
    }

    #[test]
    fn extra_fields_are_put_in_object_by_object() {
        let mut request = Request::user(None, "Q", parameters());
        let extra = json!({ "inferenceConfig": { "topK": 20, "temperature": 0.1 }, "top_k": 5 });
        request.parameters.extra = extra.as_object().cloned().unwrap_or_default();
        let body = body(NativeFormat::Nova, &request, false);
        assert_eq!(body["top_k"], 5);
        assert_eq!(
            body["inferenceConfig"],
            json!({ "maxTokens": 9_000, "temperature": 0.1, "topP": 0.9, "stopSequences": ["END"], "topK": 20 })
        );
    }

    #[test]
    fn cache_points_stand_where_the_family_has_them() {
        let [_, mut request] = requests();
        request.cache_after = Some(CacheAfter::System);
        let ephemeral = json!({ "type": "ephemeral" });
        assert_eq!(body(NativeFormat::Claude, &request, false)["system"][0]["cache_control"], ephemeral);
        request.cache_after = Some(CacheAfter::Messages);
        let claude = body(NativeFormat::Claude, &request, false);
        assert_eq!(claude["messages"][1]["content"][0]["cache_control"], ephemeral);
        assert_eq!(claude["messages"][2]["content"][0].get("cache_control"), None);
        let nova = body(NativeFormat::Nova, &request, false);
        assert_eq!(nova["messages"][1]["content"][1], json!({ "cachePoint": { "type": "default" } }));
    }
}
