//! The door: which ids, profiles and ARNs are taken, and how the others are refused.

use axum::Router;

use super::client::{SONNET, TEXT, ask, call, read, send, signed, simulator};

const INVALID: (u16, &str, &str) = (400, "ValidationException", "The provided model identifier is invalid.");

/// Converses in a region by an id as it stands in the path; 200 or the problem.
async fn asked(router: &Router, region: &str, id: &str) -> (u16, String, String) {
    let signed = signed(region, "bedrock");
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("/model/{}/converse", id.replace(':', "%3A").replace('/', "%2F").replace(' ', "%20"));
    let reply = read(send(router, &path, &signed, ask(TEXT, 64).to_string()).await).await;
    let (status, code, message) = reply.problem();
    (status, code.to_owned(), message.to_owned())
}

#[tokio::test(start_paused = true)]
async fn ids_profiles_and_arns_of_this_account_and_region_are_answered() {
    let router = simulator("").router();
    for (region, id) in [
        ("us-east-1", SONNET),
        ("us-east-1", "us.amazon.nova-2-lite-v1:0"),
        ("us-east-1", "global.amazon.nova-2-lite-v1:0"),
        ("eu-west-1", "eu.amazon.nova-2-lite-v1:0"),
        ("ap-northeast-1", "jp.amazon.nova-2-lite-v1:0"),
        ("ap-northeast-1", "apac.amazon.nova-lite-v1:0"),
        ("us-east-1", "us.anthropic.claude-opus-5-5"),
        ("us-east-1", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"),
        ("us-east-1", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"),
        ("eu-west-1", "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abcdefgh1234"),
        ("us-east-1", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mnopqrst5678"),
    ] {
        assert_eq!(asked(&router, region, id).await.0, 200, "{id} in {region}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_there_is_invalid() {
    let router = simulator("").router();
    for (region, id) in [
        ("us-east-1", "claude"),
        ("us-east-1", "anthropic.claude 3"),
        ("us-east-1", ".x"),
        ("us-east-1", "somebody.new-model-v1:0"),
        ("us-east-1", "anthropic.claude-3-sonet-20240229-v1:0"),
        // Llama 2 never had a profile, Claude 3 Sonnet none for all the world.
        ("us-east-1", "us.meta.llama2-13b-chat-v1"),
        ("us-east-1", "global.anthropic.claude-3-sonnet-20240229-v1:0"),
        // A profile of another continent.
        ("us-east-1", "eu.amazon.nova-2-lite-v1:0"),
        ("eu-west-1", "us.amazon.nova-2-lite-v1:0"),
        ("eu-west-1", "jp.amazon.nova-2-lite-v1:0"),
        // What another region or account has, and what is no model at all.
        ("us-east-1", "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0"),
        ("us-east-1", "arn:aws:bedrock:us-east-1:210987654321:inference-profile/us.amazon.nova-lite-v1:0"),
        ("us-east-1", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/amazon.nova-lite-v1:0"),
        ("us-east-1", "arn:aws:bedrock:us-east-1::foundation-model/us.amazon.nova-lite-v1:0"),
        ("us-east-1", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/zzzzzzzzzzzz"),
        ("us-east-1", "arn:aws:bedrock:us-east-1:123456789012:guardrail/x"),
        // An opaque id is no model's; its ARN is.
        ("us-east-1", "abcdefgh1234"),
    ] {
        let (status, code, message) = asked(&router, region, id).await;
        assert_eq!((status, code.as_str(), message.as_str()), INVALID, "{id} in {region}");
    }
    let open = simulator("models = [\"somebody.*\"]").router();
    for id in ["somebody.new-model-v1:0", "us.somebody.new-model-v1:0", "global.somebody.new-model-v1:0"] {
        assert_eq!(asked(&open, "us-east-1", id).await.0, 200, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn models_may_be_denied_retired_or_callable_by_profile_alone() {
    let router = simulator("denied = [\"cohere.*\"]").router();
    let denied = asked(&router, "us-east-1", "cohere.command-r-v1:0").await;
    assert_eq!((denied.0, denied.1.as_str()), (403, "AccessDeniedException"));
    for id in ["anthropic.claude-sonnet-5", "amazon.nova-lite-v1:0:300k", "mistral.pixtral-large-2502-v1:0"] {
        let plain = asked(&router, "us-east-1", id).await;
        let message = format!(
            "Invocation of model ID {id} with on-demand throughput isn\u{2019}t supported. Retry your request with the \
             ID or ARN of an inference profile that contains this model."
        );
        assert_eq!(plain, (400, "ValidationException".into(), message));
    }
    for id in ["meta.llama3-2-3b-instruct-v1:0", "us.anthropic.claude-sonnet-4-20250514-v1:0"] {
        let (status, code, message) = asked(&router, "us-east-1", id).await;
        assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"), "{id}");
        assert!(message.starts_with("This model version has reached the end of its life."), "{message}");
    }
    let alive = simulator("retired = []").router();
    assert_eq!(asked(&alive, "us-east-1", "meta.llama3-2-3b-instruct-v1:0").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn an_application_profile_draws_on_the_quota_of_what_it_wraps() {
    let simulator = simulator(&format!("[[quota]]\nmodel = \"{SONNET}\"\nrpm = 2"));
    let router = simulator.router();
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefgh1234";
    let mut seen = Vec::new();
    for id in [SONNET, arn, arn, SONNET] {
        seen.push(call(&router, id, "converse", &ask(TEXT, 64)).await.status.as_u16());
    }
    assert_eq!(seen, [200, 200, 429, 429]);
    let counts = simulator.counts();
    assert_eq!((counts[SONNET].ok, counts[arn].ok), (1, 1), "each is counted by the name that was called");
    assert_eq!(counts[arn].settled_tokens, counts[arn].input_tokens + 5 * counts[arn].output_tokens);
    // The body is that of what it wraps: a Claude body, not any other.
    let claude = serde_json::json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [{ "role": "user", "content": TEXT }],
    });
    let other = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mnopqrst5678";
    assert_eq!(call(&router, other, "invoke", &claude).await.body["type"], "message");
    let llama = serde_json::json!({ "prompt": TEXT });
    assert_eq!(call(&router, other, "invoke", &llama).await.problem().0, 400);
}
