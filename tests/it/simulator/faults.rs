//! Faults: each kind occurs where its rate is 1, and is counted and charged as it should be.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::timeout;

use super::client::{Frames, SONNET, TEXT, ask, converse, send, simulator};

fn always(fault: &str) -> String {
    format!("[faults]\n{fault} = 1.0")
}

#[tokio::test(start_paused = true)]
async fn errors_before_the_reply() {
    for (fault, status, code) in [
        ("throttled", 429, "ThrottlingException"),
        ("internal", 500, "InternalServerException"),
        ("unavailable", 503, "ServiceUnavailableException"),
        ("timed_out", 408, "ModelTimeoutException"),
        ("model_error", 424, "ModelErrorException"),
        ("not_ready", 429, "ModelNotReadyException"),
        ("daily", 429, "ThrottlingException"),
        ("stream_error", 424, "ModelStreamErrorException"),
        ("validation", 400, "ValidationException"),
        ("conflict", 400, "ConflictException"),
        ("quota_exceeded", 400, "ServiceQuotaExceededException"),
        ("denied", 403, "AccessDeniedException"),
        ("expired_token", 403, "ExpiredTokenException"),
        ("unrecognized_client", 403, "UnrecognizedClientException"),
        ("agreement_pending", 403, "MPAgreementBeingCreated"),
        ("form_missing", 404, "FTUFormNotFilled"),
        ("not_found", 404, "ResourceNotFoundException"),
    ] {
        let simulator = simulator(&always(fault));
        let reply = converse(&simulator.router(), &ask(TEXT, 64)).await;
        let (seen, named, message) = reply.problem();
        assert_eq!((seen, named), (status, code));
        assert!(!message.is_empty());
        assert_eq!(message.contains("per day"), fault == "daily");
        let counts = simulator.counts()[SONNET];
        let throttled = u64::from(["throttled", "daily"].contains(&fault));
        assert_eq!((counts.ok, counts.throttled, counts.failed), (0, throttled, 1 - throttled), "{fault}");
        assert_eq!(counts.settled_tokens, 0, "{fault}: nothing was generated");
    }
}

#[tokio::test(start_paused = true)]
async fn exceptions_inside_a_stream() {
    for (fault, converse_name, native_name) in [
        ("throttled", "throttlingException", "throttlingException"),
        ("internal", "internalServerException", "internalServerException"),
        ("unavailable", "serviceUnavailableException", "serviceUnavailableException"),
        ("timed_out", "modelStreamErrorException", "modelTimeoutException"),
        ("model_error", "modelStreamErrorException", "modelStreamErrorException"),
        ("validation", "validationException", "validationException"),
    ] {
        let simulator = simulator(&format!("[faults.in_stream]\n{fault} = 1.0"));
        let native = serde_json::json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 512,
            "messages": [{ "role": "user", "content": TEXT }],
        });
        for (operation, body, name) in
            [("converse-stream", &ask(TEXT, 512), converse_name), ("invoke-with-response-stream", &native, native_name)]
        {
            let frames = Frames::open(&simulator.router(), SONNET, operation, body).await.all().await;
            let last = frames.last().unwrap();
            assert_eq!((last.kind.as_str(), last.name.as_str()), ("exception", name));
            assert!(last.payload["message"].is_string());
            assert!(frames.iter().all(|frame| frame.name != "messageStop"));
        }
        let counts = simulator.counts()[SONNET];
        assert_eq!((counts.ok, counts.failed), (0, 2));
        assert!(counts.settled_tokens > 0, "what was generated is charged");
        // A document has no inside: the same scenario answers it.
        assert_eq!(converse(&simulator.router(), &ask(TEXT, 64)).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_end_without_its_end_or_without_its_metadata() {
    let native = serde_json::json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 512,
        "messages": [{ "role": "user", "content": TEXT }],
    });
    let simulator = simulator(&always("unfinished"));
    let frames = Frames::open(&simulator.router(), SONNET, "converse-stream", &ask(TEXT, 512)).await.all().await;
    assert!(frames.iter().all(|frame| frame.kind == "event"));
    assert!(!["messageStop", "metadata"].contains(&frames.last().unwrap().name.as_str()));
    let frames = Frames::open(&simulator.router(), SONNET, "invoke-with-response-stream", &native).await.all().await;
    assert!(frames.iter().all(|frame| !says_its_tokens(frame)));
    assert_eq!((simulator.counts()[SONNET].ok, simulator.counts()[SONNET].failed), (0, 2));

    let simulator = super::client::simulator(&always("no_metadata"));
    let frames = Frames::open(&simulator.router(), SONNET, "converse-stream", &ask(TEXT, 512)).await.all().await;
    assert_eq!(frames.last().unwrap().name, "messageStop");
    let frames = Frames::open(&simulator.router(), SONNET, "invoke-with-response-stream", &native).await.all().await;
    assert!(frames.iter().all(|frame| !says_its_tokens(frame)));
    let counts = simulator.counts()[SONNET];
    assert_eq!((counts.ok, counts.failed), (2, 0));
    assert_eq!(counts.settled_tokens, counts.input_tokens + 5 * counts.output_tokens);
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_never_end() {
    let simulator = simulator(&always("endless"));
    let mut frames = Frames::open(&simulator.router(), SONNET, "converse-stream", &ask(TEXT, 64)).await;
    let mut last = None;
    for _ in 0..2_000 {
        let frame = frames.next().await.unwrap().unwrap();
        assert!(["messageStart", "contentBlockDelta"].contains(&frame.name.as_str()), "{}", frame.name);
        last = Some(frame);
    }
    assert!(last.unwrap().at > Duration::from_secs(30));
    drop(frames);
    assert_eq!(simulator.counts()[SONNET].failed, 1);
}

/// Whether a native chunk carries Bedrock's own metrics, which the very last one does.
fn says_its_tokens(frame: &super::client::Frame) -> bool {
    let bytes = STANDARD.decode(frame.payload["bytes"].as_str().unwrap()).unwrap();
    String::from_utf8(bytes).unwrap().contains("invocationMetrics")
}

async fn until_the_end(scenario: &str) -> Result<usize, String> {
    let simulator = simulator(scenario);
    let mut frames = Frames::open(&simulator.router(), SONNET, "converse-stream", &ask(TEXT, 512)).await;
    let mut count = 0;
    loop {
        match timeout(Duration::from_hours(1), frames.next()).await {
            Err(_) => return Err("stalled".into()),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(None)) => return Ok(count),
            Ok(Ok(Some(_))) => count += 1,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn streams_that_break_stall_or_turn_to_garbage() {
    assert!(until_the_end("").await.unwrap() > 10);
    assert!(until_the_end(&always("reset")).await.unwrap_err().contains("reset"));
    assert_eq!(until_the_end(&always("stall")).await.unwrap_err(), "stalled");
    assert!(until_the_end(&always("garbage")).await.unwrap_err().starts_with("length 42 of"));
}

#[tokio::test(start_paused = true)]
async fn documents_that_break_stall_or_turn_to_garbage() {
    let path = format!("/model/{}/converse", SONNET.replace(':', "%3A"));
    for fault in ["reset", "stall", "endless", "garbage", "unfinished"] {
        let simulator = simulator(&always(fault));
        let response = send(&simulator.router(), &path, &[], ask(TEXT, 512).to_string()).await;
        assert_eq!(response.status(), 200);
        let body = axum::body::to_bytes(response.into_body(), usize::MAX);
        match (fault, timeout(Duration::from_hours(1), body).await) {
            ("reset", Ok(Err(_))) | ("stall" | "endless", Err(_)) => {}
            ("garbage" | "unfinished", Ok(Ok(bytes))) => {
                assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err());
            }
            (fault, other) => panic!("{fault}: {other:?}"),
        }
        assert_eq!(simulator.counts()[SONNET].failed, 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_answers_nothing_and_costs_nothing_once_the_client_gives_up() {
    let simulator = simulator(&always("hang"));
    let router = simulator.router();
    for operation in ["converse", "converse-stream"] {
        let path = format!("/model/{}/{operation}", SONNET.replace(':', "%3A"));
        let call = send(&router, &path, &[], ask(TEXT, 64).to_string());
        assert!(timeout(Duration::from_hours(1), call).await.is_err());
    }
    let counts = simulator.counts()[SONNET];
    assert_eq!((counts.failed, counts.settled_tokens), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reply_takes_ten_times_as_long() {
    let mut took = Vec::new();
    for scenario in ["", &always("slow")] {
        let frames = Frames::open(&simulator(scenario).router(), SONNET, "converse-stream", &ask(TEXT, 512)).await;
        took.push(frames.all().await.last().unwrap().at);
    }
    assert!(took[1] > took[0] * 9, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_between_is_seeded_and_a_retry_may_succeed() {
    let outcome = || async {
        let simulator = simulator("[faults]\ninternal = 0.5");
        let mut seen = Vec::new();
        for _ in 0..24 {
            seen.push(converse(&simulator.router(), &ask(TEXT, 64)).await.status.as_u16());
        }
        seen
    };
    let first = outcome().await;
    assert_eq!(first, outcome().await);
    let failed = first.iter().filter(|status| **status == 500).count();
    assert!((5..=19).contains(&failed), "{first:?}");
}
