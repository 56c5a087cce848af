//! The gateway over a server that says exactly what a test wants: times, faults, tokens, requests.

mod control;
mod counting;
mod server;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use quotient::bedrock::aws::{Clients, Connection, connect, in_process};
use quotient::bedrock::gateway::{Call, Failure, Reply};
use quotient::bench::fault::FaultKind;
use quotient::bench::model::ModelId;
use quotient::bench::native;
use quotient::bench::plan::{Api, Endpoint, ModelPlan, Timeouts};
use quotient::bench::request::{CacheAfter, Parameters, Request, Role, Turn};
use quotient::bench::usage::{Usage, UsageSource, rough_tokens};
use serde_json::{Value, json};

use self::server::*;

const CLAUDE: &str = "anthropic.claude-3-sonnet-20240229-v1:0";
const PROMPT: &str = "Summarize the following text in a concise way";

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

// ------------------------------------------------------------------ one invocation of it

fn request() -> Request {
    let parameters = Parameters { max_tokens: Some(100), ..Parameters::default() };
    Request::user(Some("Be brief.".into()), PROMPT, parameters)
}

struct Asked {
    model: &'static str,
    api: Api,
    request: Request,
    timeouts: Timeouts,
}

impl Asked {
    fn by(api: Api) -> Self {
        Self { model: CLAUDE, api, request: request(), timeouts: Timeouts::default() }
    }

    async fn of(&self, clients: &Clients) -> Result<Reply, Failure> {
        self.told(clients, &mut |_, _| {}).await
    }

    async fn told(&self, clients: &Clients, on_chunk: &mut (dyn FnMut(u32, u64) + Send)) -> Result<Reply, Failure> {
        let model = ModelPlan::of(ModelId::parse(self.model));
        let call = Call { model: &model, api: self.api, request: &self.request, timeouts: &self.timeouts };
        clients.gateway.invoke(call, on_chunk).await
    }

    /// One invocation of a script.
    async fn meets(&self, script: Script) -> (Result<Reply, Failure>, Arc<Seen>) {
        let (router, seen) = server(script);
        (self.of(&in_process(router, "us-east-1")).await, seen)
    }
}

fn estimated(output_bytes: usize) -> Usage {
    Usage::estimated(rough_tokens(request().prompt_bytes()), rough_tokens(output_bytes))
}

// ------------------------------------------------------------------ times

#[tokio::test(start_paused = true)]
async fn a_stream_is_timed_to_the_millisecond() {
    let script = Script::stream([
        (1.0, start()),
        (3.0, thought("Let me think.")),
        (5.0, text("")),
        (7.0, text("A ")),
        (9.0, text("concise ")),
        (14.0, text("summary.")),
        (15.0, stop("end_turn")),
        (15.0, metadata(21, 5)),
    ]);
    let (router, _) = server(script);
    let mut told = Vec::new();
    let reply = Asked::by(Api::ConverseStream)
        .told(&in_process(router, "us-east-1"), &mut |chunks, bytes| told.push((chunks, bytes)))
        .await
        .unwrap();
    assert_eq!(reply.text, "A concise summary.");
    assert_eq!(told, [(1, 2), (2, 10), (3, 18)]);
    assert_eq!(reply.timing.first_event, Some(secs(1.0)));
    assert_eq!(reply.timing.ttft, Some(secs(7.0)), "neither reasoning nor an empty chunk is text");
    assert_eq!(reply.timing.longest_gap, Some(secs(5.0)));
    assert_eq!(reply.timing.e2e, secs(14.0), "to the last chunk of text");
    assert_eq!(reply.timing.chunks, 3);
    assert_eq!(reply.timing.service, Some(secs(14.9)));
    assert_eq!(reply.usage, Usage::reported(21, 5));
    assert_eq!((reply.stop_reason.as_str(), reply.cut_off), ("end_turn", false));
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_is_timed_to_its_end() {
    let usage = json!({ "inputTokens": 21, "outputTokens": 5, "totalTokens": 36, "cacheReadInputTokens": 7, "cacheWriteInputTokens": 3 });
    let (reply, _) = Asked::by(Api::Converse).meets(Script::json(200, &converse_body(&usage)).after(2.5)).await;
    let reply = reply.unwrap();
    assert_eq!(reply.text, "A summary.", "reasoning is not text");
    assert_eq!(
        reply.usage,
        Usage { input: 21, output: 5, cache_read: 7, cache_write: 3, source: UsageSource::Reported }
    );
    assert_eq!((reply.timing.e2e, reply.timing.ttft, reply.timing.chunks), (secs(2.5), None, 0));
    assert_eq!(reply.timing.service, Some(secs(2.4)));
    assert!(reply.cut_off);
}

// ------------------------------------------------------------------ tokens

#[tokio::test(start_paused = true)]
async fn nothing_reported_is_estimated() {
    let zero = json!({ "inputTokens": 0, "outputTokens": 0, "totalTokens": 0 });
    let (reply, _) = Asked::by(Api::Converse).meets(Script::json(200, &converse_body(&zero))).await;
    assert_eq!(reply.unwrap().usage, estimated("Let me think.A summary.".len()));
    for end in [vec![], vec![(2.0, metadata(0, 0))], vec![(2.0, Step::Hang)], vec![(2.0, Step::Reset)]] {
        let steps = [(0.0, start()), (1.0, text("A summary.")), (1.0, stop("max_tokens"))];
        let (reply, _) = Asked::by(Api::ConverseStream).meets(Script::stream(steps.into_iter().chain(end))).await;
        let reply = reply.unwrap();
        assert_eq!(reply.usage, estimated("A summary.".len()), "complete without metadata");
        assert!(reply.cut_off);
        assert_eq!(reply.timing.e2e, secs(1.0), "waiting for metadata is not the model's time");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_invoke_come_from_headers_then_the_body_then_an_estimate() {
    let body = |usage: Value| json!({ "content": [{ "type": "text", "text": "A summary." }], "stop_reason": "end_turn", "usage": usage });
    let said = json!({ "input_tokens": 30, "output_tokens": 6 });
    let headed = Script::json(200, &body(said.clone()))
        .with("x-amzn-bedrock-input-token-count", "21")
        .with("x-amzn-bedrock-output-token-count", "5")
        .with("x-amzn-bedrock-cache-read-input-token-count", "7")
        .with("x-amzn-bedrock-cache-write-input-token-count", "3")
        .with("x-amzn-bedrock-invocation-latency", "1234");
    let (reply, seen) = Asked::by(Api::Invoke).meets(headed).await;
    let reply = reply.unwrap();
    assert_eq!(
        reply.usage,
        Usage { input: 21, output: 5, cache_read: 7, cache_write: 3, source: UsageSource::Reported }
    );
    assert_eq!(reply.timing.service, Some(secs(1.234)));
    assert_eq!((reply.text.as_str(), reply.stop_reason.as_str()), ("A summary.", "end_turn"));
    let model = ModelPlan::of(ModelId::parse(CLAUDE));
    assert_eq!(
        seen.only(),
        (format!("/model/{}/invoke", CLAUDE.replace(':', "%3A")), native::invoke_body(&model, &request(), false))
    );
    let (reply, _) = Asked::by(Api::Invoke).meets(Script::json(200, &body(said))).await;
    assert_eq!(reply.unwrap().usage, Usage::reported(30, 6));
    let (reply, _) = Asked::by(Api::Invoke).meets(Script::json(200, &body(Value::Null))).await;
    assert_eq!(reply.unwrap().usage, estimated("A summary.".len()));
}

fn native_stream() -> Vec<(f64, Step)> {
    let delta = |kind: &str, key: &str, text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": kind, key: text } });
    vec![
        (
            1.0,
            chunk(
                &json!({ "type": "message_start", "message": { "usage": { "input_tokens": 21, "output_tokens": 1 } } }),
            ),
        ),
        (50.0, chunk(&delta("thinking_delta", "thinking", "Let me think."))),
        (70.0, chunk(&delta("text_delta", "text", "A "))),
        (72.0, chunk(&delta("text_delta", "text", "summary."))),
        (
            72.5,
            chunk(
                &json!({ "type": "message_delta", "delta": { "stop_reason": "max_tokens" }, "usage": { "output_tokens": 5 } }),
            ),
        ),
        (
            73.0,
            chunk(&json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics":
            { "inputTokenCount": 21, "outputTokenCount": 5, "invocationLatency": 72_900, "firstByteLatency": 990 } })),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn an_invoke_stream_is_timed_and_counted_like_the_other() {
    let (reply, _) = Asked::by(Api::InvokeStream).meets(Script::stream(native_stream())).await;
    let reply = reply.unwrap();
    assert_eq!(reply.text, "A summary.");
    assert_eq!(reply.usage, Usage::reported(21, 5));
    assert_eq!(reply.timing.first_event, Some(secs(1.0)));
    assert_eq!(reply.timing.ttft, Some(secs(70.0)), "reasoning held the limit on the first output open");
    assert_eq!((reply.timing.e2e, reply.timing.chunks), (secs(72.0), 2));
    assert_eq!(reply.timing.service, Some(secs(72.9)));
    assert_eq!((reply.stop_reason.as_str(), reply.cut_off), ("max_tokens", true));
}

#[tokio::test(start_paused = true)]
async fn an_invoke_stream_without_its_end_is_failed_and_charged() {
    let mut steps = native_stream();
    steps.truncate(4);
    let (reply, _) = Asked::by(Api::InvokeStream).meets(Script::stream(steps)).await;
    let failure = reply.unwrap_err();
    assert_eq!(failure.fault.kind, FaultKind::StreamBroken);
    assert!(failure.usage.unwrap().input > 0);
    let (reply, _) = Asked::by(Api::InvokeStream)
        .meets(Script::stream([(0.0, event("chunk", &json!({ "bytes": "bm8ganNvbg==" })))]))
        .await;
    assert_eq!(reply.unwrap_err().fault.kind, FaultKind::StreamBroken, "a chunk that is not JSON");
}

// ------------------------------------------------------------------ faults

#[tokio::test(start_paused = true)]
async fn every_refusal_is_classified_by_its_exception() {
    use FaultKind::{Denied, Invalid, NotFound, NotReady, Other, StreamBroken, Throttled, TimedOut, Unavailable};
    let minute = "Too many tokens, please wait before trying again.";
    for (status, name, message, kind, retryable) in [
        (429, "ThrottlingException", minute, Throttled, true),
        (429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", Throttled, false),
        (429, "ModelNotReadyException", "The model is not ready.", NotReady, true),
        (503, "ServiceUnavailableException", "Bedrock is unable to process your request.", Unavailable, true),
        (500, "InternalServerException", "Something went wrong.", Unavailable, true),
        (424, "ModelErrorException", "The model failed.", Unavailable, true),
        (408, "ModelTimeoutException", "The model took too long.", TimedOut, true),
        (400, "ValidationException", "Malformed input request.", Invalid, false),
        (403, "AccessDeniedException", "You don't have access to the model.", Denied, false),
        (403, "UnrecognizedClientException", "The security token included in the request is invalid.", Denied, false),
        (404, "ResourceNotFoundException", "Could not resolve the foundation model.", NotFound, false),
        (429, "SomethingNewException", "Slow down.", Throttled, true),
        (418, "SomethingNewException", "Teapot.", Invalid, false),
        (302, "SomethingNewException", "Elsewhere.", Other, false),
    ] {
        for api in Api::ALL {
            let (reply, seen) = Asked::by(api).meets(Script::error(status, name, message).after(0.5)).await;
            let failure = reply.unwrap_err();
            assert_eq!((failure.fault.kind, failure.fault.retryable()), (kind, retryable), "{name} by {}", api.name());
            assert_eq!(failure.fault.code.as_deref(), Some(name));
            let own = message.trim_end_matches('.');
            assert!(failure.fault.message.starts_with(own), "{}", failure.fault.message);
            assert_eq!((failure.usage, failure.after), (None, secs(0.5)));
            seen.only();
        }
    }
    let page = Script {
        status: 502,
        steps: vec![(0.0, Step::Bytes(b"<html>Bad gateway</html>".to_vec()))],
        ..Script::default()
    };
    assert_eq!(Asked::by(Api::Converse).meets(page.clone()).await.0.unwrap_err().fault.kind, Unavailable);
    let page = Script { status: 200, ..page };
    assert_eq!(Asked::by(Api::Converse).meets(page).await.0.unwrap_err().fault.kind, StreamBroken);
}

#[tokio::test(start_paused = true)]
async fn a_profile_only_model_gets_its_profile_suggested() {
    let message = format!(
        "Invocation of model ID {CLAUDE} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
    );
    let (reply, _) = Asked::by(Api::ConverseStream).meets(Script::error(400, "ValidationException", &message)).await;
    let fault = reply.unwrap_err().fault;
    assert!(fault.message.contains(&format!("such as `us.{CLAUDE}`; `quotient models`")), "{}", fault.message);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_is_failed_and_charged() {
    use FaultKind::{Invalid, StreamBroken, Throttled, TimedOut, Unavailable};
    let garbage = Step::Bytes(b"this is no frame at all, and long enough to be taken for one".to_vec());
    for (broken, kind, code) in [
        (vec![], StreamBroken, None),
        (vec![(2.0, Step::Reset)], StreamBroken, None),
        (vec![(2.0, garbage)], StreamBroken, None),
        (vec![(2.0, exception("throttlingException", "Too many tokens."))], Throttled, Some("ThrottlingException")),
        (
            vec![(2.0, exception("serviceUnavailableException", "No capacity."))],
            Unavailable,
            Some("ServiceUnavailableException"),
        ),
        (
            vec![(2.0, exception("modelStreamErrorException", "It broke."))],
            StreamBroken,
            Some("ModelStreamErrorException"),
        ),
        (vec![(2.0, exception("validationException", "Wrong."))], Invalid, Some("ValidationException")),
        (vec![(2.0, exception("internalServerException", "Oops."))], Unavailable, Some("InternalServerException")),
        // Not modelled for this stream: known by its name alone.
        (vec![(2.0, exception("modelTimeoutException", "Too slow."))], TimedOut, Some("ModelTimeoutException")),
    ] {
        let steps = [(0.0, start()), (1.0, text("A sum"))];
        let (reply, _) = Asked::by(Api::ConverseStream).meets(Script::stream(steps.into_iter().chain(broken))).await;
        let failure = reply.unwrap_err();
        assert_eq!((failure.fault.kind, failure.fault.code.as_deref()), (kind, code));
        assert_eq!(failure.usage, Some(estimated("A sum".len())));
    }
    let day = exception("throttlingException", "Too many tokens per day, please wait before trying again.");
    for api in [Api::ConverseStream, Api::InvokeStream] {
        let failure = Asked::by(api).meets(Script::stream([(0.0, day.clone())])).await.0.unwrap_err();
        assert_eq!((failure.fault.kind, failure.fault.retryable()), (Throttled, false), "by {}", api.name());
        assert!(failure.fault.message.contains("go on tomorrow"), "{}", failure.fault.message);
    }
    let first = Script::stream([(0.0, exception("throttlingException", "Too many tokens."))]);
    let failure = Asked::by(Api::ConverseStream).meets(first).await.0.unwrap_err();
    assert_eq!((failure.fault.kind, failure.usage), (Throttled, None), "it never began to answer");
}

// ------------------------------------------------------------------ timeouts

#[tokio::test(start_paused = true)]
async fn each_timeout_ends_its_own_wait() {
    let text_then_hang = || Script::stream([(0.0, start()), (1.0, text("A sum")), (1.5, Step::Hang)]);
    let steady = || Script::stream((0..40).map(|n| (f64::from(n) * 5.0, text("x"))));
    let thinking = || Script::stream((0..40).map(|n| (f64::from(n) * 5.0, thought("x"))));
    let limits = Timeouts { first_text: secs(20.0), stall: secs(30.0), total: secs(120.0), ..Timeouts::default() };
    for (what, api, script, after, charged) in [
        ("no head", Api::ConverseStream, Script::stream([]).after(999.0), 20.0, None),
        ("no event", Api::ConverseStream, Script::stream([(0.0, Step::Hang)]), 20.0, None),
        ("no text", Api::ConverseStream, Script::stream([(0.0, start()), (0.0, Step::Hang)]), 20.0, Some(0)),
        ("stall", Api::ConverseStream, text_then_hang(), 31.0, Some(5)),
        ("endless", Api::ConverseStream, steady(), 120.0, Some(25)),
        ("endless reasoning", Api::ConverseStream, thinking(), 120.0, Some(25)),
        ("no answer", Api::Converse, Script::json(200, &json!({})).after(999.0), 120.0, None),
        ("no native answer", Api::Invoke, Script::json(200, &json!({})).after(999.0), 120.0, None),
    ] {
        let (reply, seen) = Asked { timeouts: limits, ..Asked::by(api) }.meets(script).await;
        let failure = reply.unwrap_err();
        assert_eq!((failure.fault.kind, failure.after), (FaultKind::TimedOut, secs(after)), "{what}");
        assert_eq!(failure.usage, charged.map(estimated), "{what}");
        if charged.is_some() {
            assert!(seen.let_go.load(Ordering::Relaxed), "{what}: the stream is let go of at once");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_invocation_lets_go_of_its_stream() {
    let (router, seen) = server(Script::stream([(0.0, text("A sum")), (1.0, Step::Hang)]));
    let clients = in_process(router, "us-east-1");
    let asked = Asked::by(Api::ConverseStream);
    let cut = tokio::time::timeout(secs(5.0), asked.of(&clients)).await;
    assert!(cut.is_err());
    assert!(seen.let_go.load(Ordering::Relaxed));
}

// ------------------------------------------------------------------ requests

fn rich() -> Request {
    let turn = |role, text: &str| Turn { role, text: text.into() };
    let extra = json!({ "top_k": 40, "deep": { "on": true, "none": null, "least": -1, "share": 0.25, "list": ["a"] } });
    Request {
        system: Some("Be brief.".into()),
        turns: vec![turn(Role::User, "One?"), turn(Role::Assistant, "1"), turn(Role::User, "Two?")],
        parameters: Parameters {
            max_tokens: Some(100),
            temperature: Some(0.5),
            top_p: Some(0.75),
            stop: vec!["END".into()],
            service_tier: Some("flex".into()),
            latency: Some("optimized".into()),
            extra: extra.as_object().unwrap().clone(),
        },
        cache_after: Some(CacheAfter::Messages),
    }
}

#[tokio::test(start_paused = true)]
async fn a_converse_request_is_what_the_pure_half_says_it_is() {
    const TITAN: &str = "amazon.titan-text-express-v1";
    let cached_system = Request { cache_after: Some(CacheAfter::System), ..rich() };
    let bare = Request::user(None, PROMPT, Parameters::default());
    for (model, request) in
        [(CLAUDE, rich()), (CLAUDE, cached_system), (CLAUDE, bare), (TITAN, rich()), (TITAN, request())]
    {
        for api in [Api::Converse, Api::ConverseStream] {
            let asked = Asked { model, request: request.clone(), ..Asked::by(api) };
            let (_, seen) = asked.meets(Script::error(400, "ValidationException", "No.")).await;
            let (path, body) = seen.only();
            let plan = ModelPlan::of(ModelId::parse(model));
            assert_eq!(body, native::converse_body(&plan, &request));
            assert_eq!(path, format!("/model/{}/{}", model.replace(':', "%3A"), api.name()));
        }
    }
    let asked = Asked { model: TITAN, ..Asked::by(Api::Converse) };
    let (_, seen) = asked.meets(Script::error(400, "ValidationException", "No.")).await;
    let (_, body) = seen.only();
    assert_eq!(body["messages"][0]["content"][0]["text"], format!("Be brief.\n\n{PROMPT}"));
    assert_eq!(body.get("system"), None, "a family without system prompts gets none");
}

#[tokio::test(start_paused = true)]
async fn counting_tokens_asks_for_the_base_model() {
    let (router, seen) = server(Script::json(200, &json!({ "inputTokens": 21 })));
    let clients = in_process(router, "us-east-1");
    let model = ModelPlan::of(ModelId::parse(&format!("us.{CLAUDE}")));
    assert_eq!(clients.gateway.count_tokens(&model, &request()).await.unwrap(), 21);
    let (path, body) = seen.only();
    assert_eq!(path, format!("/model/{}/count-tokens", CLAUDE.replace(':', "%3A")));
    assert_eq!(body["input"]["converse"]["messages"][0]["content"][0]["text"], PROMPT);
    assert_eq!(body["input"]["converse"]["system"][0]["text"], "Be brief.");
}

// ------------------------------------------------------------------ who answers

#[tokio::test(start_paused = true)]
async fn a_simulator_is_known_by_its_header_whoever_was_asked() {
    let quotas = Script::json(200, &json!({ "Quotas": [] })).with("content-type", "application/x-amz-json-1.1");
    let simulated = quotas.clone().with("x-quotient-simulator", "1");
    for (script, expected) in [(quotas, false), (simulated, true)] {
        let clients = in_process(server(script).0, "us-east-1");
        assert!(!clients.gateway.simulated());
        clients.quotas.list_service_quotas().service_code("bedrock").send().await.unwrap();
        assert_eq!(clients.gateway.simulated(), expected);
    }
    let refusal = Script::error(429, "ThrottlingException", "Too many requests.").with("x-quotient-simulator", "1");
    let clients = in_process(server(refusal).0, "us-east-1");
    Asked::by(Api::ConverseStream).of(&clients).await.unwrap_err();
    assert!(clients.gateway.clone().simulated(), "a refusal says so too");
}

#[tokio::test]
async fn over_a_real_socket_it_is_the_same() {
    let script = Script::stream([
        (0.0, start()),
        (0.0, text("A ")),
        (0.0, text("summary.")),
        (0.0, stop("end_turn")),
        (0.0, metadata(21, 5)),
    ]);
    let (router, seen) = server(script);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let url = format!("http://me:hunter2@127.0.0.1:{port}/");
    let clients = connect(&Connection::to(Endpoint::Url(url)), None).await.unwrap();
    assert_eq!(clients.place.region, "us-east-1");
    assert_eq!(clients.place.endpoint.as_deref(), Some(format!("http://127.0.0.1:{port}").as_str()));
    for _ in 0..2 {
        let reply = Asked::by(Api::ConverseStream).of(&clients).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.usage), ("A summary.", Usage::reported(21, 5)));
        let timing = reply.timing;
        assert!(timing.ttft.unwrap() <= timing.e2e && timing.first_event.unwrap() <= timing.ttft.unwrap());
    }
    assert_eq!(seen.asked.lock().unwrap().len(), 2);
    serving.abort();
    let _ = serving.await;
}

#[tokio::test]
async fn where_nothing_listens_the_fault_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let clients = connect(&Connection::to(Endpoint::Url(url.clone())), None).await.unwrap();
    let failure = Asked::by(Api::ConverseStream).of(&clients).await.unwrap_err();
    assert_eq!((failure.fault.kind, failure.usage), (FaultKind::Unavailable, None));
    assert!(failure.fault.message.contains(&url), "{}", failure.fault.message);
}
