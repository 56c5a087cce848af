//! `CountTokens`: few models, by base id alone, the same bodies, and no quota.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{HAIKU, SONNET, TEXT, ask, call, simulator};

fn claude_body() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 512,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": TEXT }] }],
    })
}

fn question() -> Value {
    json!({ "input": { "converse": { "messages": ask(TEXT, 64)["messages"] } } })
}

#[tokio::test(start_paused = true)]
async fn what_is_counted_beforehand_is_what_is_charged() {
    let router = simulator("").router();
    let (input, _) = call(&router, HAIKU, "converse", &ask(TEXT, 64)).await.usage();
    let counted = call(&router, HAIKU, "count-tokens", &question()).await;
    assert_eq!(counted.body, json!({ "inputTokens": input }));
    let native = json!({ "input": { "invokeModel": { "body": STANDARD.encode(claude_body().to_string()) } } });
    let counted = call(&router, HAIKU, "count-tokens", &native).await;
    let reply = call(&router, HAIKU, "invoke", &claude_body()).await;
    assert_eq!(counted.body["inputTokens"], reply.body["usage"]["input_tokens"]);
}

#[tokio::test(start_paused = true)]
async fn it_knows_some_claude_models_by_base_id_and_needs_no_quota() {
    let simulator = simulator("[[quota]]\nmodel = \"anthropic.*\"\nrpm = 0\ntpm = 0");
    let router = simulator.router();
    for id in [
        HAIKU,
        "anthropic.claude-3-5-sonnet-20240620-v1:0",
        "anthropic.claude-3-7-sonnet-20250219-v1:0",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic.claude-sonnet-4-6",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-6-v1",
    ] {
        assert_eq!(call(&router, id, "count-tokens", &question()).await.status, 200, "{id}");
    }
    for id in [
        SONNET,
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic.claude-opus-4-7",
        "anthropic.claude-opus-4-8",
        "anthropic.claude-sonnet-5",
        "amazon.nova-lite-v1:0",
        "meta.llama3-8b-instruct-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefgh1234",
    ] {
        let problem = call(&router, id, "count-tokens", &question()).await;
        let message = "The provided model doesn't support counting tokens.";
        assert_eq!(problem.problem(), (400, "ValidationException", message), "{id}");
    }
    assert_eq!(call(&router, "anthropic.claude-sonnet-4-20250514-v1:0", "count-tokens", &question()).await.status, 404);
    assert!(simulator.counts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn its_bodies_are_looked_at_as_closely() {
    let router = simulator("").router();
    let converse = question()["input"]["converse"].clone();
    let mut lacking = claude_body();
    lacking.as_object_mut().unwrap().remove("max_tokens");
    for (body, says) in [
        (json!({}), "exactly one"),
        (json!({ "input": {} }), "exactly one"),
        (json!({ "input": { "converse": converse, "invokeModel": {} } }), "exactly one"),
        (json!({ "input": { "prompt": {} } }), "extraneous key [prompt]"),
        (json!({ "input": { "converse": ask(TEXT, 64) } }), "extraneous key [inferenceConfig]"),
        (json!({ "input": { "converse": { "messages": [] } } }), "start with a user message"),
        (json!({ "input": { "invokeModel": { "body": "no base64!" } } }), "base64"),
        (json!({ "input": { "invokeModel": { "body": STANDARD.encode(lacking.to_string()) } } }), "max_tokens: Field"),
    ] {
        let reply = call(&router, HAIKU, "count-tokens", &body).await;
        let (status, code, message) = reply.problem();
        assert_eq!((status, code), (400, "ValidationException"), "{body}");
        assert!(message.contains(says), "{message}");
    }
}
