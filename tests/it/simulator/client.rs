//! A bare client of the simulator's router, with a frame decoder of its own.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt;
use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

pub(super) const SONNET: &str = "anthropic.claude-3-sonnet-20240229-v1:0";
/// A model that has a prompt cache and whose tokens can be counted.
pub(super) const HAIKU: &str = "anthropic.claude-3-5-haiku-20241022-v1:0";
pub(super) const TEXT: &str = "Amazon Bedrock offers foundation models through one API. Customers customize models privately, \
                        build agents, and need not manage infrastructure. Security is part of the service.";

/// A full minute, so that tests know where in a minute they are.
pub(super) const EPOCH: Duration = Duration::from_hours(500_000);

pub(super) fn simulator(scenario: &str) -> Simulator {
    Simulator::starting_at(Scenario::parse(scenario).unwrap(), 7, EPOCH)
}

/// A Converse body.
pub(super) fn ask(text: &str, max_tokens: u32) -> Value {
    json!({
        "messages": [{ "role": "user", "content": [{ "text": format!("Summarize the following text\n\n{text}") }] }],
        "inferenceConfig": { "maxTokens": max_tokens },
    })
}

pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, exception (as the header names it) and message.
    pub(super) fn problem(&self) -> (u16, &str, &str) {
        let kind = self.header("x-amzn-errortype");
        let code = kind.strip_suffix(":http://internal.amazon.com/coral/com.amazon.bedrock/").unwrap_or(kind);
        (self.status.as_u16(), code, self.body["message"].as_str().unwrap_or_default())
    }

    pub(super) fn text(&self) -> &str {
        self.body["output"]["message"]["content"][0]["text"].as_str().unwrap_or_default()
    }

    pub(super) fn usage(&self) -> (u64, u64) {
        let count = |key: &str| self.body["usage"][key].as_u64().unwrap();
        (count("inputTokens"), count("outputTokens"))
    }
}

/// The headers with which a client signs now, the secret aside, which nobody here knows.
pub(super) fn signed(region: &str, service: &str) -> [(&'static str, String); 2] {
    let date = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let credential = format!("AKID/{}/{region}/{service}/aws4_request", &date[..8]);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={}",
        "0123456789abcdef".repeat(4)
    );
    [("authorization", authorization), ("x-amz-date", date)]
}

/// Posts with these headers, signed for us-east-1 unless they say who asks themselves.
pub(super) async fn send(
    router: &Router,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> axum::response::Response {
    let mut request = Request::post(path);
    if headers.iter().all(|(name, _)| *name != "authorization") {
        for (name, value) in signed("us-east-1", if path == "/" { "servicequotas" } else { "bedrock" }) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
}

/// Gets a document of the control plane in a region.
pub(super) async fn get(router: &Router, region: &str, path: &str) -> Reply {
    let mut request = Request::get(path);
    for (name, value) in signed(region, "bedrock") {
        request = request.header(name, value);
    }
    read(router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
}

/// Calls an operation of a model and reads the whole JSON reply.
pub(super) async fn call(router: &Router, model: &str, operation: &str, body: &Value) -> Reply {
    let path = format!("/model/{}/{operation}", model.replace(':', "%3A").replace('/', "%2F"));
    read(send(router, &path, &[], body.to_string()).await).await
}

pub(super) async fn converse(router: &Router, body: &Value) -> Reply {
    call(router, SONNET, "converse", body).await
}

pub(super) async fn read(response: axum::response::Response) -> Reply {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Reply { status: head.status, headers: head.headers, body }
}

/// One event-stream message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    /// `event` or `exception`.
    pub(super) kind: String,
    /// Its type.
    pub(super) name: String,
    pub(super) payload: Value,
    /// When it came, from the beginning of the call.
    pub(super) at: Duration,
}

/// A stream that is being read; every HTTP chunk is one frame.
pub(super) struct Frames {
    body: BodyDataStream,
    start: Instant,
    pub(super) headers: HeaderMap,
}

impl Frames {
    pub(super) async fn open(router: &Router, model: &str, operation: &str, body: &Value) -> Self {
        let start = Instant::now();
        let path = format!("/model/{}/{operation}", model.replace(':', "%3A"));
        let response = send(router, &path, &[], body.to_string()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (head, body) = response.into_parts();
        assert_eq!(head.headers["content-type"], "application/vnd.amazon.eventstream");
        Self { body: body.into_data_stream(), start, headers: head.headers }
    }

    /// The next frame; `Ok(None)` at the end, `Err` where the connection broke or the bytes are no frame.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, String> {
        match self.body.next().await {
            None => Ok(None),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(bytes)) => decode(&bytes, self.start.elapsed()).map(Some),
        }
    }

    pub(super) async fn all(mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await.unwrap() {
            frames.push(frame);
        }
        frames
    }
}

/// Decodes one message by the published layout: total length, headers' length, CRC of those two; headers; payload;
/// CRC of all before it.
fn decode(bytes: &[u8], at: Duration) -> Result<Frame, String> {
    let word = |from: usize| -> Result<u32, String> {
        let four = bytes.get(from..from + 4).ok_or("too short")?;
        Ok(u32::from_be_bytes(four.try_into().unwrap()))
    };
    let (total, headers) = (word(0)? as usize, word(4)? as usize);
    if total != bytes.len() {
        return Err(format!("length {total} of {} bytes", bytes.len()));
    }
    if word(8)? != crc32fast::hash(&bytes[..8]) {
        return Err("prelude's checksum".into());
    }
    if word(total - 4)? != crc32fast::hash(&bytes[..total - 4]) {
        return Err("message's checksum".into());
    }
    let (mut kind, mut name, mut content_type) = (String::new(), String::new(), String::new());
    let mut rest = &bytes[12..12 + headers];
    while !rest.is_empty() {
        let key_length = usize::from(rest[0]);
        let key = String::from_utf8(rest[1..=key_length].to_vec()).unwrap();
        assert_eq!(rest[1 + key_length], 7, "every header is a string");
        let value_at = 4 + key_length;
        let value_length = usize::from(u16::from_be_bytes([rest[value_at - 2], rest[value_at - 1]]));
        let value = String::from_utf8(rest[value_at..value_at + value_length].to_vec()).unwrap();
        match key.as_str() {
            ":message-type" => kind = value,
            ":event-type" | ":exception-type" => name = value,
            ":content-type" => content_type = value,
            other => return Err(format!("header {other}")),
        }
        rest = &rest[value_at + value_length..];
    }
    assert_eq!(content_type, "application/json");
    let payload = serde_json::from_slice(&bytes[12 + headers..total - 4]).map_err(|error| error.to_string())?;
    Ok(Frame { kind, name, payload, at })
}
