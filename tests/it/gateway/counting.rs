//! Tokens that the service counts afterwards: of answers that came without their usage.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use quotient::bedrock::aws::{Clients, in_process};
use quotient::bench::plan::Api;
use quotient::bench::usage::UsageSource;
use serde_json::{Value, json};

use super::Asked;

/// Tokens of a turn beside its text.
const FRAME: u64 = 7;

/// A service that says nothing of usage, and counts a token a word where it counts at all.
fn silent(counts: bool) -> (Clients, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let count = move |body: Bytes| async move {
        counter.fetch_add(1, Ordering::Relaxed);
        let body: Value = serde_json::from_slice(&body).unwrap();
        let body = &body["input"]["converse"];
        let turns = body["messages"].as_array().unwrap().iter().flat_map(|turn| turn["content"].as_array().unwrap());
        let blocks = turns.chain(body["system"].as_array().into_iter().flatten());
        let words: usize = blocks.map(|block| block["text"].as_str().unwrap().split_whitespace().count()).sum();
        let refused = json!({ "message": "The provided model doesn't support counting tokens." });
        let kind = "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/";
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-amzn-errortype"), kind.parse().unwrap())]);
        if counts {
            (StatusCode::OK, HeaderMap::new(), json!({ "inputTokens": words as u64 + FRAME }).to_string())
        } else {
            (StatusCode::BAD_REQUEST, headers, refused.to_string())
        }
    };
    let answer = async || {
        let content = json!([{ "text": "One two three four five." }]);
        let message = json!({ "role": "assistant", "content": content });
        json!({ "output": { "message": message }, "stopReason": "end_turn" }).to_string()
    };
    let router =
        Router::new().route("/model/{id}/converse", post(answer)).route("/model/{id}/count-tokens", post(count));
    (in_process(router, "us-east-1"), asked)
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_usage_is_counted() {
    let (clients, asked) = silent(true);
    let call = Asked::by(Api::Converse);
    for (nth, calls) in [(1, 3), (2, 4)] {
        let usage = call.of(&clients).await.unwrap().usage;
        // "Be brief." and the eight words of the prompt; the answer's frame is taken off.
        assert_eq!((usage.input, usage.output, usage.source), (10 + FRAME, 5, UsageSource::Counted));
        assert_eq!(asked.load(Ordering::Relaxed), calls, "reply {nth}: prompt and frame are counted once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_not_counted_is_asked_once_and_estimated() {
    let (clients, asked) = silent(false);
    for _ in 0..3 {
        assert_eq!(Asked::by(Api::Converse).of(&clients).await.unwrap().usage.source, UsageSource::Estimated);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let llama = Asked { model: "meta.llama3-8b-instruct-v1:0", ..Asked::by(Api::Converse) };
    assert_eq!(llama.of(&clients).await.unwrap().usage.source, UsageSource::Estimated);
    assert_eq!(asked.load(Ordering::Relaxed), 1, "only Claude is counted");
}
