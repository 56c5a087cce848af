//! Converse: what it takes of every model, and what it refuses in its own words.

use serde_json::{Value, json};

use super::client::{HAIKU, SONNET, TEXT, ask, call, send, simulator};

/// A body with more in it.
fn with(more: &Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": [{ "text": TEXT }] }] });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn inference(config: &Value) -> Value {
    with(&json!({ "inferenceConfig": config }))
}

fn turns(roles: &[&str]) -> Value {
    let turn = |role: &&str| json!({ "role": role, "content": [{ "text": "x" }] });
    json!({ "messages": roles.iter().map(turn).collect::<Vec<_>>() })
}

const OPUS: &str = "us.anthropic.claude-opus-4-1-20250805-v1:0";
const TITAN: &str = "amazon.titan-text-express-v1";
const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
const POINT: &str = "cachePoint";

#[tokio::test(start_paused = true)]
async fn what_it_documents_is_taken() {
    let router = simulator("").router();
    let whole = json!({ "maxTokens": 64, "temperature": 1, "topP": 0.5, "stopSequences": vec!["##"; 2_500] });
    let cached = json!([{ "text": "S" }, { POINT: { "type": "default", "ttl": "1h" } }]);
    for (model, body) in [
        (SONNET, inference(&whole)),
        (SONNET, with(&json!({ "additionalModelRequestFields": { "top_k": 5 } }))),
        (SONNET, with(&json!({ "requestMetadata": { "a": "b" }, "additionalModelResponseFieldPaths": ["/stop"] }))),
        (SONNET, turns(&["user", "assistant", "user"])),
        (SONNET, turns(&["user", "assistant"])),
        (HAIKU, with(&json!({ "system": cached }))),
        ("amazon.nova-lite-v1:0", with(&json!({ "system": cached }))),
        (
            "amazon.nova-lite-v1:0",
            with(&json!({ "additionalModelRequestFields": { "inferenceConfig": { "topK": 20 } } })),
        ),
        (OPUS, inference(&json!({ "temperature": 0.5 }))),
        (OPUS, inference(&json!({ "topP": 0.5 }))),
        (LLAMA, turns(&["user", "assistant", "user"])),
    ] {
        let reply = call(&router, model, "converse", &body).await;
        assert_eq!(reply.status, 200, "{model}: {}", reply.body);
    }
    for tier in ["priority", "default", "flex", "reserved"] {
        let body = with(&json!({ "serviceTier": { "type": tier } }));
        assert_eq!(call(&router, SONNET, "converse", &body).await.body["serviceTier"]["type"], tier);
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_refuses_it_refuses_in_its_own_words() {
    let simulator = simulator("");
    let router = simulator.router();
    let system = |blocks: Value| with(&json!({ "system": blocks }));
    let content = |blocks: Value| json!({ "messages": [{ "role": "user", "content": blocks }] });
    let sampler = "The model returned the following errors: `temperature` and `top_p` cannot both be specified";
    for (model, body, says) in [
        (SONNET, json!([]), "expected type: JSONObject"),
        (SONNET, json!({}), "must start with a user message"),
        (SONNET, with(&json!({ "prompt": "x" })), "#: extraneous key [prompt] is not permitted"),
        (SONNET, with(&json!({ "inferenceConfig": 5 })), "#/inferenceConfig: expected type: JSONObject"),
        (SONNET, with(&json!({ "system": "S" })), "#/system: expected type: JSONArray, found: String"),
        (SONNET, json!({ "messages": "x" }), "#/messages: expected type: JSONArray"),
        (SONNET, content(json!("x")), "#/messages/0/content: expected type: JSONArray, found: String"),
        (SONNET, content(json!([{ "text": 5 }])), "#/messages/0/content/0/text: expected type: String"),
        (SONNET, content(json!([{ "type": "text", "text": "x" }])), "extraneous key [type]"),
        (SONNET, content(json!([{ "text": "x", POINT: { "type": "default" } }])), "exactly one member"),
        (SONNET, content(json!([{}])), "exactly one member"),
        (
            SONNET,
            json!({ "messages": [{ "role": "user", "content": [{ "text": "x" }], "name": "y" }] }),
            "extraneous key [name]",
        ),
        (SONNET, turns(&["system", "user"]), "messages.0: role 'system' is not supported on this model"),
        (SONNET, turns(&["User"]), "enum value set: [user, assistant, system]"),
        (SONNET, turns(&["user", "user"]), "must alternate between user and assistant"),
        (LLAMA, turns(&["user", "assistant"]), "requires the last turn in the conversation to be a user message"),
        ("us.anthropic.claude-opus-4-8", turns(&["user", "assistant"]), "does not support assistant message prefill"),
        ("cohere.command-text-v14", turns(&["user", "assistant", "user"]), "doesn't support conversation history"),
        (TITAN, system(json!([{ "text": "S" }])), "doesn't support system prompts"),
        (SONNET, system(json!([{ "text": "S" }, { POINT: { "type": "default" } }])), "did not allow prompt caching"),
        (HAIKU, system(json!([{ "text": "S" }, { POINT: {} }])), "system.1.cachePoint.type"),
        (
            HAIKU,
            system(json!([{ "text": "S" }, { POINT: { "type": "default", "ttl": "1d" } }])),
            "system.1.cachePoint.ttl",
        ),
        (SONNET, inference(&json!({ "topK": 5 })), "#/inferenceConfig: extraneous key [topK]"),
        (SONNET, inference(&json!({ "max_tokens": 5 })), "extraneous key [max_tokens]"),
        (SONNET, inference(&json!({ "maxTokens": 0 })), "greater than or equal to 1"),
        (SONNET, inference(&json!({ "maxTokens": "9" })), "#/inferenceConfig/maxTokens: expected type: Integer"),
        (
            SONNET,
            inference(&json!({ "maxTokens": 4_097 })),
            "exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.",
        ),
        (SONNET, inference(&json!({ "maxTokens": 99_999_999_999_u64 })), "exceeds the model limit"),
        (SONNET, inference(&json!({ "temperature": 1.01 })), "less than or equal to 1"),
        (SONNET, inference(&json!({ "topP": -0.01 })), "greater than or equal to 0"),
        (SONNET, inference(&json!({ "temperature": "hot" })), "expected type: Number"),
        (SONNET, inference(&json!({ "stopSequences": [""] })), "length greater than or equal to 1"),
        (SONNET, inference(&json!({ "stopSequences": vec!["a"; 2_501] })), "length less than or equal to 2500"),
        (SONNET, inference(&json!({ "stopSequences": "a" })), "expected type: JSONArray"),
        (OPUS, inference(&json!({ "temperature": 0.5, "topP": 0.5 })), sampler),
        (
            SONNET,
            with(&json!({ "serviceTier": { "type": "gold" } })),
            "enum value set: [priority, default, flex, reserved]",
        ),
        (SONNET, with(&json!({ "serviceTier": {} })), "serviceTier.type"),
        (SONNET, with(&json!({ "performanceConfig": { "latency": "fast" } })), "enum value set: [standard, optimized]"),
        (
            SONNET,
            with(&json!({ "additionalModelRequestFields": { "topK": 5 } })),
            "errors: topK: Extra inputs are not permitted",
        ),
        (LLAMA, with(&json!({ "additionalModelRequestFields": { "top_k": 5 } })), "extraneous key [top_k]"),
    ] {
        let reply = call(&router, model, "converse", &body).await;
        let (status, code, message) = reply.problem();
        assert_eq!((status, code), (400, "ValidationException"), "{model} {message}");
        assert!(message.contains(says), "{says}: {message}");
        assert!(message.len() < 500, "{message}");
    }
    assert!(simulator.counts().is_empty(), "what is refused costs nothing");
}

#[tokio::test(start_paused = true)]
async fn words_in_headers_are_looked_at_too_and_some_models_do_not_stream() {
    let router = simulator("").router();
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [{ "role": "user", "content": TEXT }],
    });
    for (name, word, status) in [
        ("x-amzn-bedrock-service-tier", "flex", 200),
        ("x-amzn-bedrock-service-tier", "gold", 400),
        ("x-amzn-bedrock-performanceconfig-latency", "standard", 200),
        ("x-amzn-bedrock-performanceconfig-latency", "fast", 400),
    ] {
        let reply = send(&router, &format!("/model/{SONNET}/invoke"), &[(name, word)], body.to_string()).await;
        assert_eq!(reply.status().as_u16(), status, "{name}: {word}");
        assert_eq!(reply.headers().get(name).is_some_and(|echo| echo == word), status == 200);
    }
    for operation in ["converse-stream", "invoke-with-response-stream"] {
        let reply = call(&router, "ai21.j2-mid-v1", operation, &ask(TEXT, 64)).await;
        assert_eq!(reply.problem(), (400, "ValidationException", "The model is unsupported for streaming."));
    }
    assert_eq!(call(&router, "ai21.j2-mid-v1", "converse", &ask(TEXT, 64)).await.status, 200);
}
