//! Native bodies: each family takes what it documents, and nothing of another's.

use axum::Router;
use serde_json::{Value, json};

use super::client::{TEXT, call, simulator};

const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const NEW_CLAUDE: &str = "us.anthropic.claude-opus-4-1-20250805-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";
const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
const LLAMA4: &str = "us.meta.llama4-scout-17b-instruct-v1:0";
const TITAN: &str = "amazon.titan-text-express-v1";
const COMMAND: &str = "cohere.command-text-v14";
const COMMAND_R: &str = "cohere.command-r-v1:0";
const JURASSIC: &str = "ai21.j2-mid-v1";
const JAMBA: &str = "ai21.jamba-1-5-mini-v1:0";
const MISTRAL: &str = "mistral.mistral-7b-instruct-v0:2";
const MIXTRAL: &str = "mistral.mixtral-8x7b-instruct-v0:1";
const R1: &str = "us.deepseek.r1-v1:0";
const QWEN: &str = "qwen.qwen3-32b-v1:0";
const GPT: &str = "openai.gpt-oss-120b-1:0";

/// A body with the least that its family needs.
fn least(model: &str) -> Value {
    let blocks = json!([{ "role": "user", "content": [{ "text": TEXT }] }]);
    match model {
        CLAUDE | NEW_CLAUDE => json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64,
            "messages": [{ "role": "user", "content": TEXT }],
        }),
        NOVA => json!({ "messages": blocks }),
        TITAN | "amazon.titan-text-lite-v1" | "amazon.titan-text-premier-v1:0" => json!({ "inputText": TEXT }),
        COMMAND_R => json!({ "message": TEXT }),
        JAMBA | QWEN | GPT => json!({ "messages": [{ "role": "user", "content": TEXT }] }),
        _ => json!({ "prompt": TEXT }),
    }
}

const ALL: [&str; 14] =
    [CLAUDE, NOVA, LLAMA, LLAMA4, TITAN, COMMAND, COMMAND_R, JURASSIC, JAMBA, MISTRAL, MIXTRAL, R1, QWEN, GPT];

/// The least body with more in it; an object is merged, `null` takes a key away.
fn with(model: &str, more: &Value) -> Value {
    let mut body = least(model);
    for (key, value) in more.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(key);
        } else {
            body[key] = value.clone();
        }
    }
    body
}

async fn asked(router: &Router, model: &str, body: &Value) -> (u16, String) {
    let reply = call(router, model, "invoke", body).await;
    let (status, code, message) = reply.problem();
    assert!(status == 200 || (status, code) == (400, "ValidationException"), "{model}: {status} {code} {message}");
    (status, message.to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_a_family_documents_is_taken() {
    let router =
        simulator("tokens_per_day = \"none\"\n[[quota]]\nmodel = \"*\"\nrpm = \"none\"\ntpm = \"none\"").router();
    for model in ALL {
        assert_eq!(asked(&router, model, &least(model)).await.0, 200, "{model}");
    }
    for (model, more) in [
        (CLAUDE, json!({ "system": "S", "temperature": 1, "top_p": 0.999, "top_k": 500, "stop_sequences": ["END"] })),
        (CLAUDE, json!({ "system": [{ "type": "text", "text": "S" }], "max_tokens": 4096, "anthropic_beta": ["x"] })),
        (CLAUDE, json!({ "tools": [], "tool_choice": { "type": "auto" }, "metadata": { "user_id": "u" } })),
        (NEW_CLAUDE, json!({ "temperature": 0.5, "thinking": { "type": "enabled", "budget_tokens": 1024 } })),
        (
            NOVA,
            json!({ "schemaVersion": "messages-v1", "system": [{ "text": "S" }], "inferenceConfig":
            { "maxTokens": 5000, "temperature": 0.7, "topP": 0.9, "topK": 20, "stopSequences": ["END"] } }),
        ),
        (NOVA, json!({ "inferenceConfig": { "max_new_tokens": 100 } })),
        (LLAMA, json!({ "max_gen_len": 2048, "temperature": 0, "top_p": 1 })),
        (LLAMA4, json!({ "max_gen_len": 8192, "temperature": 0.5, "top_p": 0.9 })),
        (
            TITAN,
            json!({ "textGenerationConfig":
            { "maxTokenCount": 8192, "temperature": 0, "topP": 0.9, "stopSequences": ["User:"] } }),
        ),
        ("amazon.titan-text-lite-v1", json!({ "textGenerationConfig": { "maxTokenCount": 4096 } })),
        ("amazon.titan-text-premier-v1:0", json!({ "textGenerationConfig": { "maxTokenCount": 3072 } })),
        (
            COMMAND,
            json!({ "max_tokens": 4096, "temperature": 5, "p": 0.75, "k": 500, "stop_sequences": ["a"],
            "return_likelihoods": "NONE", "stream": false, "num_generations": 1, "truncate": "END" }),
        ),
        (
            COMMAND_R,
            json!({ "chat_history": [{ "role": "USER", "message": "a" }, { "role": "CHATBOT", "message": "b" }],
            "preamble": "S", "max_tokens": 4096, "temperature": 0.3, "p": 0.75, "k": 0, "stop_sequences": ["a"] }),
        ),
        (
            JURASSIC,
            json!({ "maxTokens": 8191, "temperature": 0.7, "topP": 1, "stopSequences": ["##"],
            "countPenalty": { "scale": 0 }, "presencePenalty": { "scale": 0 }, "frequencyPenalty": { "scale": 0 } }),
        ),
        (JAMBA, json!({ "max_tokens": 4096, "temperature": 2.0, "top_p": 0.01, "n": 1, "stop": ["a"] })),
        (MISTRAL, json!({ "max_tokens": 8192, "stop": ["a"], "temperature": 0.5, "top_p": 0.9, "top_k": 50 })),
        (MIXTRAL, json!({ "max_tokens": 4096 })),
        (R1, json!({ "max_tokens": 32768, "temperature": 0.5, "top_p": 0.9, "stop": ["a"] })),
        (
            QWEN,
            json!({ "messages": [{ "role": "system", "content": "S" },
            { "role": "user", "content": [{ "type": "text", "text": TEXT }] }], "max_tokens": 512, "stop": "END" }),
        ),
        (
            GPT,
            json!({ "messages": [{ "role": "developer", "content": "S" }, { "role": "user", "content": TEXT }],
            "max_completion_tokens": 512, "temperature": 2, "reasoning_effort": "low", "stream": false }),
        ),
    ] {
        let (status, message) = asked(&router, model, &with(model, &more)).await;
        assert_eq!(status, 200, "{model} {more}: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_family_is_taken_by_none_that_has_another_body() {
    let simulator = simulator("");
    let router = simulator.router();
    // Families whose least bodies are the same by design: a bare prompt, or messages of plain texts.
    let kind = |model: &str| match model {
        LLAMA | LLAMA4 | COMMAND | JURASSIC | MISTRAL | MIXTRAL | R1 => "prompt",
        JAMBA | QWEN | GPT => "chat",
        other => other.split('.').nth(1).unwrap()[..7].to_owned().leak(),
    };
    let mut refused = 0;
    for model in ALL {
        for other in ALL.into_iter().filter(|other| kind(other) != kind(model)) {
            let (status, message) = asked(&router, model, &least(other)).await;
            // Chat bodies take blocks of text too, but theirs have a type.
            assert_eq!(status, 400, "{model} took the body of {other}");
            assert!(!message.is_empty());
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused}");
    assert!(simulator.counts().is_empty(), "what is refused costs nothing");
}

#[tokio::test(start_paused = true)]
async fn claude_refuses_in_anthropics_words() {
    let router = simulator("").router();
    let user = |content: Value| json!({ "messages": [{ "role": "user", "content": content }] });
    let turns = |roles: &[&str]| {
        let turns = roles.iter().map(|role| json!({ "role": role, "content": "x" }));
        json!({ "messages": turns.collect::<Vec<_>>() })
    };
    for (model, more, says) in [
        (CLAUDE, json!({ "anthropic_version": null }), "anthropic_version: Field required"),
        (CLAUDE, json!({ "anthropic_version": "2023-06-01" }), "Input should be 'bedrock-2023-05-31'"),
        (CLAUDE, json!({ "max_tokens": null }), "max_tokens: Field required"),
        (CLAUDE, json!({ "messages": null }), "messages: Field required"),
        (CLAUDE, json!({ "messages": [] }), "messages: at least one message is required"),
        (CLAUDE, json!({ "messages": "x" }), "messages: Input should be a valid list"),
        (CLAUDE, json!({ "max_gen_len": 9 }), "max_gen_len: Extra inputs are not permitted"),
        (CLAUDE, json!({ "model": "x" }), "model: Extra inputs are not permitted"),
        (CLAUDE, json!({ "stream": true }), "stream: Extra inputs are not permitted"),
        (CLAUDE, json!({ "max_tokens": "9" }), "max_tokens: Input should be a valid integer"),
        (CLAUDE, json!({ "max_tokens": 9.5 }), "max_tokens: Input should be a valid integer"),
        (CLAUDE, json!({ "max_tokens": 0 }), "max_tokens: must be greater than or equal to 1"),
        (NEW_CLAUDE, json!({ "max_tokens": 32_001 }), "max_tokens: 32001 > 32000, which is the maximum"),
        (CLAUDE, json!({ "temperature": 1.1 }), "temperature: range: 0..1"),
        (CLAUDE, json!({ "temperature": "hot" }), "temperature: Input should be a valid number"),
        (CLAUDE, json!({ "top_p": -0.1 }), "top_p: range: 0..1"),
        (CLAUDE, json!({ "stop_sequences": ["a", " "] }), "each stop sequence must contain non-whitespace"),
        (CLAUDE, json!({ "stop_sequences": "a" }), "stop_sequences: Input should be a valid list"),
        (CLAUDE, turns(&["system", "user"]), "messages.0: role 'system' is not supported on this model"),
        (CLAUDE, turns(&["assistant"]), "first message must use the \"user\" role"),
        (CLAUDE, turns(&["user", "user"]), "roles must alternate"),
        (CLAUDE, turns(&["User"]), "unexpected role \"User\""),
        (CLAUDE, user(json!(" ")), "text content blocks must be non-empty"),
        (CLAUDE, user(json!([])), "at least one block is required"),
        (CLAUDE, user(json!([{ "text": "x" }])), "messages.0.content.0.type: Field required"),
        (CLAUDE, user(json!([{ "type": "txt", "text": "x" }])), "Input tag 'txt'"),
        (
            CLAUDE,
            user(json!([{ "type": "text", "text": "x", "cache_control": { "type": "ephemeral" } }])),
            "cache_control",
        ),
        (CLAUDE, json!({ "system": 5 }), "system: Input should be a valid"),
        (NEW_CLAUDE, json!({ "temperature": 0.5, "top_p": 0.9 }), "`temperature` and `top_p` cannot both be specified"),
    ] {
        let (status, message) = asked(&router, model, &with(model, &more)).await;
        assert!(status == 400 && message.contains(says), "{model} {more}: {status} {message}");
    }
    assert_eq!(asked(&router, CLAUDE, &with(CLAUDE, &json!({ "temperature": 0.5, "top_p": 0.9 }))).await.0, 200);
    let prefill = with(CLAUDE, &turns(&["user", "assistant"]));
    assert_eq!(asked(&router, CLAUDE, &prefill).await.0, 200);
    let (_, message) = asked(&router, "us.anthropic.claude-sonnet-5", &prefill).await;
    assert!(message.contains("does not support assistant message prefill"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn the_others_refuse_in_bedrocks_words() {
    let router = simulator("").router();
    let config = |key: &str, value: Value| json!({ "textGenerationConfig": { key: value } });
    let nova = |key: &str, value: Value| json!({ "inferenceConfig": { key: value } });
    let titan_lite = "amazon.titan-text-lite-v1";
    for (model, more, says) in [
        (LLAMA, json!({ "prompt": null }), "#: required key [prompt] not found"),
        (LLAMA, json!({ "prompt": 5 }), "#/prompt: expected type: String, found: Integer"),
        (LLAMA, json!({ "max_tokens": 5 }), "#: extraneous key [max_tokens] is not permitted"),
        (LLAMA, json!({ "stop": ["a"] }), "extraneous key [stop]"),
        (LLAMA, json!({ "max_gen_len": 2049 }), "#/max_gen_len: 2049 is not less or equal to 2048"),
        (LLAMA, json!({ "max_gen_len": 0 }), "#/max_gen_len: 0 is not greater or equal to 1"),
        (LLAMA, json!({ "max_gen_len": 1.5 }), "#/max_gen_len: expected type: Integer, found: BigDecimal"),
        (LLAMA, json!({ "temperature": 1.5 }), "#/temperature: 1.5 is not less or equal to 1"),
        (LLAMA4, json!({ "max_gen_len": 8193 }), "is not less or equal to 8192"),
        (TITAN, json!({ "inputText": null }), "required key [inputText]"),
        (TITAN, json!({ "temperature": 0.5 }), "extraneous key [temperature]"),
        (
            TITAN,
            config("maxTokenCount", json!(8193)),
            "#/textGenerationConfig/maxTokenCount: 8193 is not less or equal to 8192",
        ),
        (titan_lite, config("maxTokenCount", json!(4097)), "4097 is not less or equal to 4096"),
        ("amazon.titan-text-premier-v1:0", config("maxTokenCount", json!(3073)), "is not less or equal to 3072"),
        (TITAN, config("top_p", json!(0.5)), "#/textGenerationConfig: extraneous key [top_p]"),
        (TITAN, json!({ "textGenerationConfig": 5 }), "#/textGenerationConfig: expected type: JSONObject"),
        (NOVA, nova("max_tokens", json!(5)), "#/inferenceConfig: extraneous key [max_tokens]"),
        (NOVA, nova("maxTokens", json!(10_001)), "is not less or equal to 10000"),
        (NOVA, nova("topK", json!(129)), "is not less or equal to 128"),
        (NOVA, nova("temperature", json!(1.01)), "#/inferenceConfig/temperature: 1.01 is not less or equal to 1"),
        (NOVA, json!({ "system": "S" }), "#/system: expected type: JSONArray, found: String"),
        (NOVA, json!({ "schemaVersion": "2" }), "#/schemaVersion"),
        (
            NOVA,
            json!({ "messages": [{ "role": "user", "content": "x" }] }),
            "#/messages/0/content: expected type: JSONArray",
        ),
        (NOVA, json!({ "messages": [{ "role": "system", "content": [{ "text": "x" }] }] }), "#/messages/0/role"),
        (NOVA, json!({ "messages": [] }), "expected minimum item count: 1"),
        (COMMAND, json!({ "max_tokens": 4097 }), "is not less or equal to 4096"),
        (COMMAND, json!({ "temperature": 5.1 }), "is not less or equal to 5"),
        (COMMAND, json!({ "top_p": 0.5 }), "extraneous key [top_p]"),
        (COMMAND, json!({ "truncate": "LEFT" }), "#/truncate"),
        (COMMAND, json!({ "stop_sequences": ["a", "b", "c", "d", "e"] }), "maximum item count: 4"),
        (COMMAND, json!({ "stream": "yes" }), "#/stream: expected type: Boolean"),
        (COMMAND_R, json!({ "message": null }), "required key [message]"),
        (COMMAND_R, json!({ "prompt": "x" }), "extraneous key [prompt]"),
        (COMMAND_R, json!({ "p": 1.0 }), "is not less or equal to 0.99"),
        (COMMAND_R, json!({ "chat_history": [{ "role": "user", "message": "x" }] }), "#/chat_history/0/role"),
        (JURASSIC, json!({ "maxTokens": 8192 }), "is not less or equal to 8191"),
        (JURASSIC, json!({ "max_tokens": 9 }), "extraneous key [max_tokens]"),
        (JAMBA, json!({ "max_tokens": 4097 }), "is not less or equal to 4096"),
        (JAMBA, json!({ "temperature": 2.1 }), "is not less or equal to 2"),
        (
            JAMBA,
            json!({ "messages": [{ "role": "developer", "content": "x" }] }),
            "developer is not a valid enum value",
        ),
        (JAMBA, json!({ "messages": [{ "role": "system", "content": "x" }] }), "at least one user message"),
        (MISTRAL, json!({ "max_tokens": 8193 }), "is not less or equal to 8192"),
        (MIXTRAL, json!({ "max_tokens": 4097 }), "is not less or equal to 4096"),
        (MISTRAL, json!({ "stop": "a" }), "#/stop: expected type: JSONArray"),
        (R1, json!({ "max_tokens": 32_769 }), "is not less or equal to 32768"),
        (R1, json!({ "top_k": 5 }), "extraneous key [top_k]"),
        (QWEN, json!({ "max_tokens": 8193 }), "#/max_tokens: 8193 is not less or equal to 8192"),
        (QWEN, json!({ "prompt": "x" }), "extraneous key [prompt]"),
        (QWEN, json!({ "messages": [{ "role": "user", "content": "" }] }), "#/messages/0/content"),
        (QWEN, json!({ "messages": [{ "role": "human", "content": "x" }] }), "human is not a valid enum value"),
        (GPT, json!({ "max_gen_len": 5 }), "extraneous key [max_gen_len]"),
        (GPT, json!({ "top_p": 1.1 }), "#/top_p: 1.1 is not less or equal to 1"),
    ] {
        let (status, message) = asked(&router, model, &with(model, &more)).await;
        assert!(status == 400 && message.contains(says), "{model} {more}: {status} {message}");
        assert!(message.starts_with("Malformed input request: #"), "{message}");
    }
}
