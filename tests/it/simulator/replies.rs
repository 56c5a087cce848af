//! Replies: their shape, their text, their tokens and their time.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Frames, HAIKU, SONNET, TEXT, ask, call, converse, send, simulator};

#[tokio::test(start_paused = true)]
async fn a_converse_reply_has_bedrocks_shape_and_counts_what_it_says() {
    let simulator = simulator("");
    let reply = converse(&simulator.router(), &ask(TEXT, 512)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-quotient-simulator"), env!("CARGO_PKG_VERSION"));
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
    assert_eq!(reply.body["output"]["message"]["role"], "assistant");
    assert_eq!(reply.body["stopReason"], "end_turn");
    assert!(reply.body["metrics"]["latencyMs"].as_u64().unwrap() > 200);
    let (input, output) = reply.usage();
    assert_eq!(reply.body["usage"]["totalTokens"], input + output);
    let counts = simulator.counts()[SONNET];
    assert_eq!((counts.ok, counts.input_tokens, counts.output_tokens), (1, input, output));
    assert_eq!(counts.settled_tokens, input + 5 * output);
}

#[tokio::test(start_paused = true)]
async fn a_reply_depends_on_seed_body_and_how_often_the_body_came_and_on_nothing_else() {
    let (one, other) = (simulator("").router(), simulator("").router());
    let (a, b) = (ask(TEXT, 512), ask("Another text about something else. It has two sentences.", 512));
    let mut first = Vec::new();
    for body in [&a, &a, &b, &b] {
        first.push(converse(&one, body).await.text().to_owned());
    }
    // The other way round, through another operation, and at other times.
    let mut second = Vec::new();
    for body in [&b, &a, &b, &a] {
        let frames = Frames::open(&other, SONNET, "converse-stream", body).await.all().await;
        second.push(frames.iter().filter_map(|frame| frame.payload["delta"]["text"].as_str()).collect::<String>());
    }
    assert_eq!(first, [&second[1], &second[3], &second[0], &second[2]].map(String::clone));
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 4, "each of the four is another one");
    let seeded = quotient::simulator::Simulator::new(Default::default(), 8).router();
    assert_ne!(first[0], converse(&seeded, &a).await.text());
}

#[tokio::test(start_paused = true)]
async fn a_stream_says_the_same_as_a_document_in_frames_that_come_in_time() {
    let whole = converse(&simulator("").router(), &ask(TEXT, 512)).await;
    let frames = Frames::open(&simulator("").router(), SONNET, "converse-stream", &ask(TEXT, 512)).await.all().await;
    assert!(frames.iter().all(|frame| frame.kind == "event"));
    let names: Vec<_> = frames.iter().map(|frame| frame.name.as_str()).collect();
    let deltas = names.len() - 4;
    let expected = ["messageStart"].into_iter().chain(std::iter::repeat_n("contentBlockDelta", deltas));
    let expected: Vec<_> = expected.chain(["contentBlockStop", "messageStop", "metadata"]).collect();
    assert_eq!(names, expected);
    let text: String = frames.iter().filter_map(|frame| frame.payload["delta"]["text"].as_str()).collect();
    assert_eq!(text, whole.text());
    let last = &frames.last().unwrap().payload;
    assert_eq!(last["usage"], whole.body["usage"]);
    assert_eq!(last["metrics"], whole.body["metrics"]);
    assert_eq!(frames[deltas + 2].payload["stopReason"], "end_turn");
    // The first text after the time to first token, the last when the service says that it was done.
    assert!(deltas > 5 && frames.is_sorted_by(|a, b| a.at <= b.at));
    let latency = last["metrics"]["latencyMs"].as_u64().unwrap();
    let ended = frames[deltas].at.as_millis() as u64;
    assert!(ended.abs_diff(latency) <= 2, "{ended} and {latency}");
    assert!(frames[1].at.as_millis() > 400, "{:?}", frames[1].at);
    assert!(frames[deltas].at > frames[1].at * 3 / 2);
}

#[tokio::test(start_paused = true)]
async fn max_tokens_and_stop_sequences_are_honoured() {
    let router = simulator("").router();
    let cut = converse(&router, &ask(TEXT, 10)).await;
    assert_eq!((cut.usage().1, &cut.body["stopReason"]), (10, &json!("max_tokens")));
    let mut body = ask(TEXT, 512);
    body["inferenceConfig"]["stopSequences"] = json!(["."]);
    let stopped = converse(&router, &body).await;
    assert_eq!(stopped.body["stopReason"], "stop_sequence");
    assert!(!stopped.text().contains('.'));
}

fn claude_body() -> Value {
    json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 512,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": TEXT }] }],
    })
}

#[tokio::test(start_paused = true)]
async fn native_replies_have_headers_that_agree_with_their_bodies() {
    let simulator = simulator("");
    let reply = call(&simulator.router(), SONNET, "invoke", &claude_body()).await;
    assert_eq!((reply.status.as_u16(), &reply.body["type"]), (200, &json!("message")));
    let (input, output) = (&reply.body["usage"]["input_tokens"], &reply.body["usage"]["output_tokens"]);
    assert_eq!(reply.header("x-amzn-bedrock-input-token-count"), input.to_string());
    assert_eq!(reply.header("x-amzn-bedrock-output-token-count"), output.to_string());
    assert!(reply.header("x-amzn-bedrock-invocation-latency").parse::<u64>().unwrap() > 200);
    let llama = json!({ "prompt": format!("<s>[INST] {TEXT} [/INST]"), "max_gen_len": 64 });
    let reply = call(&simulator.router(), "meta.llama2-13b-chat-v1", "invoke", &llama).await;
    assert_eq!(reply.header("x-amzn-bedrock-output-token-count"), reply.body["generation_token_count"].to_string());
    let counts = simulator.counts();
    assert_eq!(counts[SONNET].output_tokens, output.as_u64().unwrap());
    assert_eq!(counts["meta.llama2-13b-chat-v1"].output_tokens, reply.body["generation_token_count"].as_u64().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_native_stream_carries_base64_chunks_and_ends_with_metrics() {
    let simulator = simulator("");
    let frames = Frames::open(&simulator.router(), SONNET, "invoke-with-response-stream", &claude_body()).await;
    assert_eq!(frames.headers["x-amzn-bedrock-content-type"], "application/json");
    let frames = frames.all().await;
    assert!(frames.iter().all(|frame| frame.name == "chunk"));
    let chunk = |frame: &super::client::Frame| {
        let bytes = STANDARD.decode(frame.payload["bytes"].as_str().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let chunks: Vec<Value> = frames.iter().map(chunk).collect();
    assert_eq!(chunks[0]["type"], "message_start");
    let last = chunks.last().unwrap();
    assert_eq!(last["type"], "message_stop");
    let metrics = &last["amazon-bedrock-invocationMetrics"];
    let counts = simulator.counts()[SONNET];
    assert_eq!(metrics["inputTokenCount"], counts.input_tokens);
    assert_eq!(metrics["outputTokenCount"], counts.output_tokens);
    assert_eq!(counts.ok, 1);
}

#[tokio::test(start_paused = true)]
async fn wrong_requests_are_refused_and_take_nothing() {
    let simulator = simulator("");
    let router = simulator.router();
    let too_many = call(&router, "meta.llama2-13b-chat-v1", "converse", &ask(TEXT, 5_000)).await;
    assert_eq!(too_many.problem().0, 400);
    assert!(too_many.problem().2.contains("exceeds the model limit of 4096"), "{:?}", too_many.problem());
    let jurassic = call(&router, "ai21.j2-mid-v1", "invoke-with-response-stream", &json!({ "prompt": "x" })).await;
    assert_eq!(jurassic.problem().2, "The model is unsupported for streaming.");
    let unreadable = send(&router, &format!("/model/{SONNET}/converse"), &[], "{".into()).await;
    assert_eq!(
        unreadable.headers()["x-amzn-errortype"].to_str().unwrap().split(':').next(),
        Some("SerializationException")
    );
    let nowhere = send(&router, &format!("/model/{SONNET}/embed"), &[], "{}".into()).await;
    assert_eq!((nowhere.status().as_u16(), nowhere.headers().contains_key("x-quotient-simulator")), (404, true));
    assert!(simulator.counts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn hostile_replies_and_errors_carry_what_would_do_harm() {
    let router = simulator("hostile = true\ndenied = [\"cohere.*\"]").router();
    let reply = converse(&router, &ask(TEXT, 512)).await;
    let denied = call(&router, "cohere.command-r-v1:0", "converse", &ask(TEXT, 64)).await;
    for text in [reply.text(), denied.problem().2] {
        for harm in ["\u{1b}[2J", "\u{1b}]0;", "\u{9b}", "\u{0}", "\r", "<script>", "\u{202e}"] {
            assert!(text.contains(harm), "{harm:?} is not in {text:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn usage_can_be_withheld() {
    let router = simulator("withhold_usage = true").router();
    assert_eq!(converse(&router, &ask(TEXT, 64)).await.body.get("usage"), None);
    let frames = Frames::open(&router, SONNET, "converse-stream", &ask(TEXT, 64)).await.all().await;
    assert_eq!(frames.last().unwrap().name, "messageStop");
    let native = call(&router, SONNET, "invoke", &claude_body()).await;
    assert_eq!((native.header("x-amzn-bedrock-input-token-count"), native.body.get("usage")), ("", None));
}

#[tokio::test(start_paused = true)]
async fn a_long_prefix_is_cached_for_five_minutes() {
    let simulator = simulator("");
    let long = TEXT.repeat(40);
    let body = json!({
        "system": [{ "text": long }, { "cachePoint": { "type": "default" } }],
        "messages": [{ "role": "user", "content": [{ "text": "Summarize." }] }],
        "inferenceConfig": { "maxTokens": 64 },
    });
    let mut seen = Vec::new();
    for wait in [0, 100, 310] {
        tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
        let usage = call(&simulator.router(), HAIKU, "converse", &body).await.body["usage"].clone();
        let count = |key: &str| usage[key].as_u64().unwrap();
        assert!(count("inputTokens") < 20);
        seen.push((count("cacheReadInputTokens") > 1_024, count("cacheWriteInputTokens") > 1_024));
    }
    assert_eq!(seen, [(false, true), (true, false), (false, true)]);
}
