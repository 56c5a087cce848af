//! A server for the gateway's tests: it answers what a script says, when it says so, and remembers what was asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::secs;

/// One thing that a body does, at a moment after the request came.
#[derive(Clone)]
pub(super) enum Step {
    Bytes(Vec<u8>),
    Reset,
    Hang,
}

#[derive(Clone, Default)]
pub(super) struct Script {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) head_after: Duration,
    pub(super) steps: Vec<(f64, Step)>,
}

impl Script {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, steps: vec![(0.0, Step::Bytes(body.to_string().into_bytes()))], ..Self::default() }
    }

    pub(super) fn stream(steps: impl IntoIterator<Item = (f64, Step)>) -> Self {
        let headers = vec![("content-type", "application/vnd.amazon.eventstream".into())];
        Self { status: 200, headers, steps: steps.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn error(status: u16, exception: &str, message: &str) -> Self {
        let kind = format!("{exception}:http://internal.amazon.com/coral/com.amazon.bedrock/");
        Self::json(status, &json!({ "message": message })).with("x-amzn-errortype", &kind)
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn after(self, seconds: f64) -> Self {
        Self { head_after: secs(seconds), ..self }
    }
}

/// What was asked of the server, and whether a client let go of a body before its end.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) asked: Mutex<Vec<(String, Value)>>,
    pub(super) let_go: AtomicBool,
}

impl Seen {
    pub(super) fn only(&self) -> (String, Value) {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "exactly one request goes out");
        asked[0].clone()
    }
}

struct Unfinished(Option<Arc<Seen>>);

impl Unfinished {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(seen) = &self.0 {
            seen.let_go.store(true, Ordering::Relaxed);
        }
    }
}

pub(super) fn server(script: Script) -> (Router, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let router = Router::new().fallback({
        let seen = seen.clone();
        move |request: HttpRequest| answer(script.clone(), seen.clone(), request)
    });
    (router, seen)
}

async fn answer(script: Script, seen: Arc<Seen>, request: HttpRequest) -> Response {
    let came = Instant::now();
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    seen.asked.lock().unwrap().push((path, serde_json::from_slice(&body).unwrap_or(Value::Null)));
    tokio::time::sleep_until(came + script.head_after).await;
    let state = (script.steps.into_iter(), Unfinished(Some(seen)));
    let body = stream::unfold(state, move |(mut steps, unfinished)| async move {
        let Some((at, step)) = steps.next() else {
            unfinished.finish();
            return None;
        };
        tokio::time::sleep_until(came + secs(at)).await;
        let item = match step {
            Step::Bytes(bytes) => Ok(Bytes::from(bytes)),
            Step::Reset => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            Step::Hang => std::future::pending().await,
        };
        Some((item, (steps, unfinished)))
    });
    let mut response = Response::builder().status(script.status);
    for (name, value) in script.headers {
        response = response.header(name, value);
    }
    response.body(Body::from_stream(body)).unwrap()
}

/// A frame of an event stream, encoded by hand: an independent check of the SDK's decoder.
fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut named = Vec::new();
    for (name, value) in headers {
        named.push(u8::try_from(name.len()).unwrap());
        named.extend_from_slice(name.as_bytes());
        named.push(7);
        named.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        named.extend_from_slice(value.as_bytes());
    }
    let whole = u32::try_from(16 + named.len() + payload.len()).unwrap();
    let mut out = [whole.to_be_bytes(), u32::try_from(named.len()).unwrap().to_be_bytes()].concat();
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&named);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

pub(super) fn event(name: &str, payload: &Value) -> Step {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    Step::Bytes(frame(&headers, payload.to_string().as_bytes()))
}

pub(super) fn exception(name: &str, message: &str) -> Step {
    let headers = [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    Step::Bytes(frame(&headers, json!({ "message": message }).to_string().as_bytes()))
}

pub(super) fn start() -> Step {
    event("messageStart", &json!({ "role": "assistant" }))
}

pub(super) fn delta(content: &Value) -> Step {
    event("contentBlockDelta", &json!({ "contentBlockIndex": 0, "delta": content }))
}

pub(super) fn text(text: &str) -> Step {
    delta(&json!({ "text": text }))
}

pub(super) fn thought(text: &str) -> Step {
    delta(&json!({ "reasoningContent": { "text": text } }))
}

pub(super) fn stop(reason: &str) -> Step {
    event("messageStop", &json!({ "stopReason": reason }))
}

pub(super) fn metadata(input: u32, output: u32) -> Step {
    let usage = json!({ "inputTokens": input, "outputTokens": output, "totalTokens": input + output });
    event("metadata", &json!({ "usage": usage, "metrics": { "latencyMs": 14_900 } }))
}

pub(super) fn chunk(native: &Value) -> Step {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.encode(native.to_string());
    event("chunk", &json!({ "bytes": bytes }))
}

pub(super) fn converse_body(usage: &Value) -> Value {
    json!({
        "output": { "message": { "role": "assistant", "content": [
            { "reasoningContent": { "reasoningText": { "text": "Let me think." } } },
            { "text": "A summary." },
        ] } },
        "stopReason": "max_tokens", "usage": usage, "metrics": { "latencyMs": 2_400 },
    })
}
