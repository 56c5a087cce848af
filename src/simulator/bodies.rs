//! Bodies: what the native `InvokeModel` bodies of each family ask for (source: Bedrock user guide, `model-parameters-*`).

use serde_json::{Map, Value};

use crate::bench::family::NativeFormat;
use crate::bench::model::ModelId;
use crate::bench::request::{Role, Turn};
use crate::simulator::converse::{known, strings, takes_system_turn};
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;

type Object = Map<String, Value>;

/// How a family's body is read: its keys, and where its parameters stand.
struct Shape {
    /// Keys without which the body is refused.
    required: &'static [&'static str],
    /// Keys that the body may have; empty means any.
    keys: &'static [&'static str],
    /// The object that holds the parameters, where they do not stand at the top.
    inside: Option<&'static str>,
    max_tokens: &'static str,
    stop: &'static str,
    /// Most output tokens that the body's own schema allows.
    most: u32,
    /// The body's prompt.
    read: fn(&ModelId, &Object) -> Result<Prompt, Problem>,
}

const LLAMA: Shape = Shape {
    required: &["prompt"],
    keys: &["prompt", "max_gen_len", "temperature", "top_p", "images"],
    inside: None,
    max_tokens: "max_gen_len",
    stop: "",
    most: 2_048,
    read: |_, body| Ok(headed(text(body, "prompt"), "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
};
const CHAT: Shape = Shape {
    required: &["messages"],
    keys: &[],
    inside: None,
    max_tokens: "max_tokens",
    stop: "stop",
    most: u32::MAX,
    read: chat,
};

fn shape(format: NativeFormat) -> Shape {
    match format {
        NativeFormat::Claude => Shape {
            required: &["anthropic_version", "max_tokens", "messages"],
            keys: &[
                "anthropic_version",
                "anthropic_beta",
                "max_tokens",
                "system",
                "messages",
                "temperature",
                "top_p",
                "top_k",
                "stop_sequences",
                "tools",
                "tool_choice",
                "thinking",
                "output_config",
                "metadata",
                "context_management",
            ],
            stop: "stop_sequences",
            read: claude,
            ..CHAT
        },
        NativeFormat::Llama2 => Shape { read: |_, body| Ok(instructed(text(body, "prompt"))), ..LLAMA },
        NativeFormat::Llama3 => LLAMA,
        NativeFormat::Llama4 => Shape {
            most: 8_192,
            read: |_, body| Ok(headed(text(body, "prompt"), "<|header_start|>", "<|header_end|>", "<|eot|>")),
            ..LLAMA
        },
        NativeFormat::TitanText => Shape {
            required: &["inputText"],
            keys: &["inputText", "textGenerationConfig"],
            inside: Some("textGenerationConfig"),
            max_tokens: "maxTokenCount",
            stop: "stopSequences",
            most: 8_192,
            read: |_, body| Ok(framed(text(body, "inputText"))),
        },
        NativeFormat::Nova => Shape {
            keys: &["schemaVersion", "system", "messages", "inferenceConfig", "toolConfig"],
            inside: Some("inferenceConfig"),
            max_tokens: "maxTokens",
            stop: "stopSequences",
            read: nova,
            ..CHAT
        },
        NativeFormat::CohereCommand => Shape {
            required: &["prompt"],
            keys: &[
                "prompt",
                "temperature",
                "p",
                "k",
                "max_tokens",
                "stop_sequences",
                "return_likelihoods",
                "stream",
                "num_generations",
                "logit_bias",
                "truncate",
            ],
            stop: "stop_sequences",
            most: 4_096,
            read: |_, body| Ok(bare(text(body, "prompt"))),
            ..CHAT
        },
        NativeFormat::CohereCommandR => Shape {
            required: &["message"],
            stop: "stop_sequences",
            most: 4_096,
            read: |_, body| Ok(command_r(body)),
            ..CHAT
        },
        NativeFormat::Jurassic => Shape {
            required: &["prompt"],
            keys: &[
                "prompt",
                "maxTokens",
                "temperature",
                "topP",
                "stopSequences",
                "countPenalty",
                "presencePenalty",
                "frequencyPenalty",
                "numResults",
                "minTokens",
                "topKReturn",
            ],
            max_tokens: "maxTokens",
            stop: "stopSequences",
            most: 8_191,
            read: |_, body| Ok(bare(text(body, "prompt"))),
            ..CHAT
        },
        NativeFormat::Jamba => Shape { most: 4_096, ..CHAT },
        NativeFormat::MistralInstruct => Shape {
            required: &["prompt"],
            keys: &["prompt", "max_tokens", "stop", "temperature", "top_p", "top_k"],
            most: 8_192,
            read: |_, body| Ok(instructed(text(body, "prompt"))),
            ..CHAT
        },
        NativeFormat::DeepSeekR1 => Shape {
            required: &["prompt"],
            keys: &["prompt", "max_tokens", "stop", "temperature", "top_p"],
            most: 32_768,
            read: |_, body| Ok(deepseek(text(body, "prompt"))),
            ..CHAT
        },
        NativeFormat::OpenAiChat => CHAT,
        NativeFormat::GptOss => Shape { max_tokens: "max_completion_tokens", ..CHAT },
    }
}

/// Reads a native body.
pub(super) fn parse(model: &ModelId, body: &Value) -> Result<Prompt, Problem> {
    let shape = shape(model.family().native);
    let Some(body) = body.as_object() else {
        return Err(Problem::malformed("#: expected type: JSONObject"));
    };
    if let Some(missing) = shape.required.iter().find(|key| !body.contains_key(**key)) {
        return Err(Problem::malformed(format!("#: required key [{missing}] not found")));
    }
    if !shape.keys.is_empty() {
        known(body, shape.keys)?;
    }
    let mut prompt = (shape.read)(model, body)?;
    if prompt.turns.iter().all(|turn| turn.text.trim().is_empty()) {
        return Err(Problem::malformed("#: the prompt is empty"));
    }
    let parameters = match shape.inside {
        Some(key) => body.get(key).and_then(Value::as_object),
        None => Some(body),
    };
    if let Some(parameters) = parameters {
        prompt.max_tokens = max_tokens(parameters, &shape)?;
        prompt.stop = strings(parameters.get(shape.stop));
    }
    Ok(prompt)
}

fn max_tokens(parameters: &Object, shape: &Shape) -> Result<Option<u32>, Problem> {
    let Some(value) = parameters.get(shape.max_tokens) else { return Ok(None) };
    let key = shape.max_tokens;
    let number = value.as_u64().and_then(|value| u32::try_from(value).ok());
    let number =
        number.ok_or_else(|| Problem::malformed(format!("#/{key}: expected type: Integer, found: {value}")))?;
    if number == 0 {
        return Err(Problem::malformed(format!("#/{key}: {number} is not greater or equal to 1")));
    }
    if number > shape.most {
        return Err(Problem::malformed(format!("#/{key}: {number} is not less or equal to {}", shape.most)));
    }
    Ok(Some(number))
}

fn text<'a>(body: &'a Object, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn turn(role: Role, text: &str) -> Turn {
    Turn { role, text: text.trim().to_owned() }
}

fn bare(text: &str) -> Prompt {
    Prompt::new(None, vec![turn(Role::User, text)])
}

/// The text of a content that is a string or a list of blocks, and whether a cache point ends it.
fn content(value: Option<&Value>, cache: &str) -> (String, bool) {
    match value {
        Some(Value::String(text)) => (text.clone(), false),
        Some(Value::Array(blocks)) => {
            let text = blocks.iter().filter_map(|block| block.get("text")).filter_map(Value::as_str).collect();
            (text, blocks.iter().any(|block| block.get(cache).is_some()))
        }
        _ => (String::new(), false),
    }
}

/// Claude's and Nova's bodies: a system prompt and messages, both of them strings or blocks.
fn messages(
    body: &Object,
    cache: &str,
    mut role: impl FnMut(usize, &str, &[Turn]) -> Result<Role, Problem>,
) -> Result<Prompt, Problem> {
    let (system, cached) = content(body.get("system"), cache);
    let mut prompt = Prompt::new(Some(system), Vec::new());
    if cached {
        prompt.mark_cached();
    }
    for (at, message) in list(body, "messages").iter().enumerate() {
        let named = message.get("role").and_then(Value::as_str).unwrap_or_default();
        let role = role(at, named, &prompt.turns)?;
        let (text, cached) = content(message.get("content"), cache);
        if text.trim().is_empty() {
            return Err(Problem::validation(format!("messages.{at}: text content blocks must be non-empty")));
        }
        prompt.turns.push(turn(role, &text));
        if cached {
            prompt.mark_cached();
        }
    }
    match prompt.turns.first() {
        Some(first) if first.role == Role::User => Ok(prompt),
        _ => Err(Problem::validation("messages: first message must use the \"user\" role")),
    }
}

fn list<'a>(body: &'a Object, key: &str) -> &'a [Value] {
    body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn claude(model: &ModelId, body: &Object) -> Result<Prompt, Problem> {
    messages(body, "cache_control", |at, role, before| match role {
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        "system" if takes_system_turn(model, before.last()) => Ok(Role::User),
        "system" => Err(Problem::validation(format!("messages.{at}: role 'system' is not supported on this model"))),
        other => Err(Problem::validation(format!("messages.{at}: unexpected role \"{other}\""))),
    })
}

fn nova(_: &ModelId, body: &Object) -> Result<Prompt, Problem> {
    messages(body, "cachePoint", |at, role, _| match role {
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        other => Err(Problem::malformed(format!("#/messages/{at}/role: {other} is not a valid enum value"))),
    })
}

/// The chat body of `OpenAI` and AI21: the system prompt is a message.
fn chat(_: &ModelId, body: &Object) -> Result<Prompt, Problem> {
    let (mut system, mut turns) = (String::new(), Vec::new());
    for (at, message) in list(body, "messages").iter().enumerate() {
        let (text, _) = content(message.get("content"), "cache_control");
        match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => system += &text,
            Some("user") => turns.push(turn(Role::User, &text)),
            Some("assistant") => turns.push(turn(Role::Assistant, &text)),
            _ => return Err(Problem::validation(format!("messages[{at}]: unknown role"))),
        }
    }
    Ok(Prompt::new(Some(system), turns))
}

fn command_r(body: &Object) -> Prompt {
    let said = |message: &Value| {
        let role =
            if message.get("role").and_then(Value::as_str) == Some("CHATBOT") { Role::Assistant } else { Role::User };
        turn(role, message.get("message").and_then(Value::as_str).unwrap_or_default())
    };
    let mut turns: Vec<Turn> = list(body, "chat_history").iter().map(said).collect();
    turns.push(turn(Role::User, text(body, "message")));
    Prompt::new(Some(text(body, "preamble").to_owned()), turns)
}

/// Llama 3's and 4's template; a prompt that does not follow it is the user's turn as it is.
fn headed(text: &str, start: &str, end: &str, over: &str) -> Prompt {
    let (mut system, mut turns) = (None, Vec::new());
    for part in text.split(start).skip(1) {
        let Some((role, said)) = part.split_once(end) else { continue };
        let said = said.split(over).next().unwrap_or_default().trim();
        match role.trim() {
            "system" => system = Some(said.to_owned()),
            "user" => turns.push(turn(Role::User, said)),
            // The assistant's empty header at the end asks for the reply.
            "assistant" if !said.is_empty() => turns.push(turn(Role::Assistant, said)),
            _ => {}
        }
    }
    if turns.is_empty() { bare(text) } else { Prompt::new(system, turns) }
}

/// Llama 2's and Mistral's template: `[INST] <<SYS>> … <</SYS>> … [/INST]`.
fn instructed(text: &str) -> Prompt {
    let (mut system, mut turns) = (None, Vec::new());
    for part in text.split("[INST]").skip(1) {
        let (mut asked, said) = part.split_once("[/INST]").unwrap_or((part, ""));
        if let Some((before, behind)) = asked.split_once("<</SYS>>") {
            system = Some(before.trim().trim_start_matches("<<SYS>>").trim().to_owned());
            asked = behind;
        }
        turns.push(turn(Role::User, asked));
        let said = said.replace("</s>", "").replace("<s>", "");
        if !said.trim().is_empty() {
            turns.push(turn(Role::Assistant, &said));
        }
    }
    if turns.is_empty() { bare(text) } else { Prompt::new(system, turns) }
}

/// Titan's frame: `User: …` and `Bot: …` at the beginning of lines.
fn framed(text: &str) -> Prompt {
    let mut turns: Vec<Turn> = Vec::new();
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("User:") {
            turns.push(turn(Role::User, said));
        } else if let Some(said) = line.strip_prefix("Bot:") {
            turns.push(turn(Role::Assistant, said));
        } else if let Some(last) = turns.last_mut() {
            last.text = format!("{}\n{line}", last.text);
        }
    }
    turns.retain(|turn| !turn.text.trim().is_empty());
    if turns.is_empty() { bare(text) } else { Prompt::new(None, turns) }
}

/// `DeepSeek` R1's template with its full-width bars; what stands before the first turn is the system prompt.
fn deepseek(text: &str) -> Prompt {
    const USER: &str = "<｜User｜>";
    let text = text.trim_start_matches("<｜begin▁of▁sentence｜>");
    let Some((system, _)) = text.split_once(USER) else { return bare(text) };
    let mut turns = Vec::new();
    for part in text.split(USER).skip(1) {
        let (asked, said) = part.split_once("<｜Assistant｜>").unwrap_or((part, ""));
        turns.push(turn(Role::User, asked));
        let said = said.replace("<｜end▁of▁sentence｜>", "").replace("<think>", "");
        if !said.trim().is_empty() {
            turns.push(turn(Role::Assistant, &said));
        }
    }
    Prompt::new(Some(system.trim().to_owned()), turns)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(model: &str, body: &Value) -> Result<Prompt, Problem> {
        parse(&ModelId::parse(model), body)
    }

    #[test]
    fn every_familys_body_says_the_same() {
        let chat = json!({ "messages": [{ "role": "system", "content": "S" }, { "role": "user", "content": "U" }], "max_tokens": 9 });
        let claude = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "system": "S",
            "messages": [{ "role": "user", "content": [{ "type": "text", "text": "U" }] }],
        });
        let nova = json!({
            "schemaVersion": "messages-v1", "system": [{ "text": "S" }], "inferenceConfig": { "maxTokens": 9 },
            "messages": [{ "role": "user", "content": [{ "text": "U" }] }],
        });
        let llama2 = "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST]";
        let llama3 = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user\
                      <|end_header_id|>\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
        let llama4 = "<|begin_of_text|><|header_start|>system<|header_end|>\n\nS<|eot|><|header_start|>user\
                      <|header_end|>\n\nU<|eot|><|header_start|>assistant<|header_end|>\n\n";
        let r1 = "<｜begin▁of▁sentence｜>S<｜User｜>U<｜Assistant｜><think>\n";
        for (model, body) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", claude),
            ("amazon.nova-lite-v1:0", nova),
            ("meta.llama2-13b-chat-v1", json!({ "prompt": llama2, "max_gen_len": 9 })),
            ("meta.llama3-8b-instruct-v1:0", json!({ "prompt": llama3, "max_gen_len": 9 })),
            ("us.meta.llama4-scout-17b-instruct-v1:0", json!({ "prompt": llama4, "max_gen_len": 9 })),
            ("us.deepseek.r1-v1:0", json!({ "prompt": r1, "max_tokens": 9 })),
            ("cohere.command-r-v1:0", json!({ "message": "U", "preamble": "S", "max_tokens": 9 })),
            ("ai21.jamba-1-5-mini-v1:0", chat.clone()),
            ("qwen.qwen3-32b-v1:0", chat),
        ] {
            let prompt = read(model, &body).unwrap_or_else(|problem| panic!("{model}: {problem:?}"));
            assert_eq!(
                (prompt.system.as_deref(), prompt.question(), prompt.max_tokens),
                (Some("S"), "U", Some(9)),
                "{model}"
            );
            assert_eq!(prompt.turns.len(), 1, "{model}");
        }
        for (model, body) in [
            (
                "amazon.titan-text-express-v1",
                json!({ "inputText": "User: U\nBot:", "textGenerationConfig": { "maxTokenCount": 9 } }),
            ),
            ("cohere.command-text-v14", json!({ "prompt": "U", "max_tokens": 9 })),
            ("ai21.j2-mid-v1", json!({ "prompt": "U", "maxTokens": 9 })),
            ("mistral.mistral-7b-instruct-v0:2", json!({ "prompt": "<s>[INST] U [/INST]", "max_tokens": 9 })),
        ] {
            let prompt = read(model, &body).unwrap_or_else(|problem| panic!("{model}: {problem:?}"));
            assert_eq!(
                (prompt.system, prompt.turns, prompt.max_tokens),
                (None, vec![turn(Role::User, "U")], Some(9)),
                "{model}"
            );
        }
    }

    #[test]
    fn earlier_turns_are_kept_apart() {
        for (model, prompt) in [
            ("meta.llama2-13b-chat-v1", "<s>[INST] a [/INST] b </s><s>[INST] c [/INST]"),
            ("mistral.mistral-7b-instruct-v0:2", "<s>[INST] a [/INST] b</s>[INST] c [/INST]"),
            (
                "us.deepseek.r1-v1:0",
                "<｜User｜>a<｜Assistant｜>b<｜end▁of▁sentence｜><｜User｜>c<｜Assistant｜><think>\n",
            ),
        ] {
            let turns = read(model, &json!({ "prompt": prompt })).expect("right").turns;
            let texts: Vec<_> = turns.iter().map(|turn| turn.text.as_str()).collect();
            assert_eq!(texts, ["a", "b", "c"], "{model}");
        }
        let titan =
            read("amazon.titan-text-express-v1", &json!({ "inputText": "User: a\nmore\nBot: b\nUser: c\nBot:" }));
        let texts: Vec<_> = titan.expect("right").turns.into_iter().map(|turn| turn.text).collect();
        assert_eq!(texts, ["a\nmore", "b", "c"]);
    }

    #[test]
    fn what_bedrock_rejects_is_rejected() {
        const CLAUDE: &str = "anthropic.claude-3-sonnet-20240229-v1:0";
        const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
        let claude = |messages: Value| json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": messages });
        let user = json!([{ "role": "user", "content": "U" }]);
        for (model, body, says) in [
            (
                CLAUDE,
                json!({ "anthropic_version": "bedrock-2023-05-31", "messages": user }),
                "required key [max_tokens]",
            ),
            (CLAUDE, json!({ "max_tokens": 1, "messages": user }), "required key [anthropic_version]"),
            (
                CLAUDE,
                claude(json!([{ "role": "system", "content": "S" }, { "role": "user", "content": "U" }])),
                "role 'system' is not supported",
            ),
            (CLAUDE, claude(json!([{ "role": "user", "content": " " }])), "must be non-empty"),
            (
                CLAUDE,
                claude(json!([{ "role": "assistant", "content": "A" }])),
                "first message must use the \"user\" role",
            ),
            (
                CLAUDE,
                json!({ "anthropic_version": "x", "max_tokens": 9, "messages": user, "maxTokens": 1 }),
                "extraneous key [maxTokens]",
            ),
            (LLAMA, json!({ "prompt": "U", "max_tokens": 9 }), "extraneous key [max_tokens]"),
            (LLAMA, json!({ "prompt": "U", "max_gen_len": 4096 }), "#/max_gen_len: 4096 is not less or equal to 2048"),
            (LLAMA, json!({ "prompt": "U", "max_gen_len": 0 }), "not greater or equal to 1"),
            (LLAMA, json!({ "prompt": "  " }), "the prompt is empty"),
            (LLAMA, json!([]), "expected type: JSONObject"),
        ] {
            let problem = read(model, &body).expect_err(says);
            assert_eq!((problem.status, problem.code), (400, "ValidationException"));
            assert!(problem.message.contains(says), "{}", problem.message);
        }
    }
}
