//! Wire: the HTTP of Bedrock, its runtime and Service Quotas.

use std::future::Future;
use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::middleware::map_response;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::bench::model::ModelId;
use crate::simulator::answer;
use crate::simulator::bodies;
use crate::simulator::converse;
use crate::simulator::frames;
use crate::simulator::handle::{Invocation, Simulator};
use crate::simulator::listing;
use crate::simulator::offering;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;
use crate::simulator::random;
use crate::simulator::replies;
use crate::simulator::stream::{self, Tongue};

/// The largest body (Bedrock's own limit for `InvokeModel` is 25 MB).
const LARGEST_BODY: usize = 25_000_000;
/// The region of requests that are not signed.
const DEFAULT_REGION: &str = "us-east-1";

const SIMULATOR: HeaderName = HeaderName::from_static("x-quotient-simulator");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const INPUT_TOKENS: HeaderName = HeaderName::from_static("x-amzn-bedrock-input-token-count");
const OUTPUT_TOKENS: HeaderName = HeaderName::from_static("x-amzn-bedrock-output-token-count");
const CACHE_READ: HeaderName = HeaderName::from_static("x-amzn-bedrock-cache-read-input-token-count");
const CACHE_WRITE: HeaderName = HeaderName::from_static("x-amzn-bedrock-cache-write-input-token-count");
const LATENCY: HeaderName = HeaderName::from_static("x-amzn-bedrock-invocation-latency");
const STREAM_CONTENT_TYPE: HeaderName = HeaderName::from_static("x-amzn-bedrock-content-type");
const TIER: HeaderName = HeaderName::from_static("x-amzn-bedrock-service-tier");
const PERFORMANCE: HeaderName = HeaderName::from_static("x-amzn-bedrock-performanceconfig-latency");

const JSON: &str = "application/json";
const AWS_JSON: &str = "application/x-amz-json-1.1";

impl Simulator {
    /// Everything that the simulator answers, for any transport.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/model/{id}/converse", post(converse))
            .route("/model/{id}/converse-stream", post(converse_stream))
            .route("/model/{id}/invoke", post(invoke))
            .route("/model/{id}/invoke-with-response-stream", post(invoke_stream))
            .route("/model/{id}/count-tokens", post(count_tokens))
            .route("/foundation-models", get(foundation_models))
            .route("/inference-profiles", get(inference_profiles))
            .route("/", post(service_quotas))
            .fallback(nowhere)
            .method_not_allowed_fallback(nowhere)
            .layer(map_response(marked))
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .with_state(self.clone())
    }
}

/// Serves a simulator until `shutdown` resolves; what is in flight then is dropped with the runtime.
pub async fn serve<S: Future>(listener: TcpListener, simulator: Simulator, shutdown: S) -> io::Result<()> {
    // Without TCP_NODELAY small frames wait for each other.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    tokio::select! {
        served = axum::serve(listener, simulator.router()).into_future() => served,
        _ = shutdown => Ok(()),
    }
}

async fn marked(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(SIMULATOR, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    response
}

type Here = State<Simulator>;
type Id = Path<String>;

async fn converse(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    runtime(&here, converse_call(&here, &id, &headers, &body).map(|call| (call, Tongue::Converse))).await
}

async fn invoke(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    runtime(&here, native_call(&here, &id, &headers, &body).map(|call| (call, Tongue::Native))).await
}

async fn converse_stream(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    streaming(&here, converse_call(&here, &id, &headers, &body).map(|call| (call, Tongue::Converse))).await
}

async fn invoke_stream(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let call = if replies::streams(ModelId::parse(&id).family().native) {
        native_call(&here, &id, &headers, &body)
    } else {
        Err(Problem::validation("The model is unsupported for streaming."))
    };
    streaming(&here, call.map(|call| (call, Tongue::Native))).await
}

/// Answers with one document.
async fn runtime(here: &Simulator, call: Result<(Invocation, Tongue), Problem>) -> Response<Body> {
    let (call, tongue) = match call {
        Ok(call) => call,
        Err(problem) => return runtime_error(here, problem),
    };
    if call.hangs() {
        std::future::pending::<()>().await;
    }
    let mut response = response(StatusCode::OK, &call.id, JSON, Body::empty());
    if tongue == Tongue::Native {
        count_headers(&call, response.headers_mut());
    }
    *response.body_mut() = stream::document(call, tongue).await;
    response
}

/// Answers with frames; the head goes out at once.
async fn streaming(here: &Simulator, call: Result<(Invocation, Tongue), Problem>) -> Response<Body> {
    let (call, tongue) = match call {
        Ok(call) => call,
        Err(problem) => return runtime_error(here, problem),
    };
    if call.hangs() {
        std::future::pending::<()>().await;
    }
    let mut response = response(StatusCode::OK, &call.id, frames::MEDIA_TYPE, Body::empty());
    if tongue == Tongue::Native {
        response.headers_mut().insert(STREAM_CONTENT_TYPE, HeaderValue::from_static(JSON));
        service_headers(&call, response.headers_mut());
    }
    *response.body_mut() = stream::frames(call, tongue);
    response
}

fn converse_call(here: &Simulator, id: &str, headers: &HeaderMap, body: &Bytes) -> Result<Invocation, Problem> {
    call(here, id, headers, body, converse::parse)
}

fn native_call(here: &Simulator, id: &str, headers: &HeaderMap, body: &Bytes) -> Result<Invocation, Problem> {
    let word = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    call(here, id, headers, body, |model, body| {
        let prompt = bodies::parse(model, body)?;
        Ok(Prompt { tier: word(&TIER), latency: word(&PERFORMANCE), ..prompt })
    })
}

fn call(
    here: &Simulator,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
    read: impl FnOnce(&ModelId, &Value) -> Result<Prompt, Problem>,
) -> Result<Invocation, Problem> {
    let model = ModelId::parse(id);
    here.gate(&model)?;
    let prompt = read(&model, &json_body(body)?)?;
    let key = random::hash(&[id.as_bytes(), body]);
    here.invoke(region(headers), model, prompt, key)
}

fn json_body(body: &[u8]) -> Result<Value, Problem> {
    let wrong = |error| Problem::new(400, "SerializationException", format!("The body is not JSON: {error}"));
    serde_json::from_slice(body).map_err(wrong)
}

async fn count_tokens(State(here): Here, Path(id): Id, body: Bytes) -> Response<Body> {
    let model = ModelId::parse(&id);
    let counted = json_body(&body).and_then(|body| {
        if model.prefix().is_some() {
            return Err(Problem::validation("The provided model doesn't support counting tokens."));
        }
        Ok(tokens_of(&model, &body)?.tokens())
    });
    match counted {
        Ok(tokens) => {
            let body = json!({ "inputTokens": tokens }).to_string();
            response(StatusCode::OK, &here.request_id(), JSON, Body::from(body))
        }
        Err(problem) => runtime_error(&here, problem),
    }
}

/// The prompt inside a `CountTokens` body.
fn tokens_of(model: &ModelId, body: &Value) -> Result<Prompt, Problem> {
    if let Some(body) = body.pointer("/input/converse") {
        return converse::parse(model, body);
    }
    let native = body.pointer("/input/invokeModel/body").and_then(Value::as_str);
    let native = native.and_then(|text| STANDARD.decode(text).ok());
    let native = native.ok_or_else(|| Problem::validation("The input must hold converse or invokeModel."))?;
    bodies::parse(model, &json_body(&native)?)
}

async fn service_quotas(State(here): Here, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let access = here.scenario().service_quotas;
    let id = here.request_id();
    match listing::answer(here.catalog(), access, region(&headers), target, &body) {
        Ok(answer) => response(StatusCode::OK, &id, AWS_JSON, Body::from(answer.to_string())),
        Err(problem) => {
            let body = json!({ "__type": problem.code, "Message": worded(&here, problem.message) });
            response(status(problem.status), &id, AWS_JSON, Body::from(body.to_string()))
        }
    }
}

async fn foundation_models(State(here): Here, headers: HeaderMap) -> Response<Body> {
    let listed = offering::models(here.catalog(), here.scenario(), region(&headers));
    response(StatusCode::OK, &here.request_id(), JSON, Body::from(listed.to_string()))
}

async fn inference_profiles(State(here): Here, uri: axum::http::Uri, headers: HeaderMap) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    match offering::profiles(here.catalog(), here.scenario(), region(&headers), query) {
        Ok(listed) => response(StatusCode::OK, &here.request_id(), JSON, Body::from(listed.to_string())),
        Err(problem) => runtime_error(&here, problem),
    }
}

async fn nowhere(State(here): Here, uri: axum::http::Uri) -> Response<Body> {
    let Problem { code, message, .. } = listing::unknown(uri.path());
    runtime_error(&here, Problem { status: 404, code, message })
}

/// The region that a request was signed for.
fn region(headers: &HeaderMap) -> &str {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = authorization.split_once("Credential=").and_then(|(_, scope)| scope.split('/').nth(2));
    scope.filter(|region| !region.is_empty()).unwrap_or(DEFAULT_REGION)
}

fn count_headers(call: &Invocation, headers: &mut HeaderMap) {
    let said = call.said();
    if !said.withhold_usage {
        headers.insert(INPUT_TOKENS, said.input.plain.into());
        headers.insert(OUTPUT_TOKENS, said.script.tokens().into());
        if said.prompt.cached.is_some() {
            headers.insert(CACHE_READ, said.input.read.into());
            headers.insert(CACHE_WRITE, said.input.write.into());
        }
    }
    headers.insert(LATENCY, (said.latency().as_millis() as u64).into());
    service_headers(call, headers);
}

/// Echoes the tier and the latency that were asked for.
fn service_headers(call: &Invocation, headers: &mut HeaderMap) {
    let said = call.said();
    for (name, word) in [(TIER, &said.prompt.tier), (PERFORMANCE, &said.prompt.latency)] {
        if let Some(value) = word.as_ref().and_then(|word| HeaderValue::from_str(word).ok()) {
            headers.insert(name, value);
        }
    }
}

/// An error as restJson1 has it, with the header that names the exception.
fn runtime_error(here: &Simulator, problem: Problem) -> Response<Body> {
    let kind = format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", problem.code);
    let mut body = json!({ "message": worded(here, problem.message) });
    if problem.code == "ModelErrorException" {
        body["originalStatusCode"] = json!(500);
        body["resourceName"] = json!("simulated");
    }
    let mut response = response(status(problem.status), &here.request_id(), JSON, Body::from(body.to_string()));
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        response.headers_mut().insert(ERROR_TYPE, kind);
    }
    response
}

fn worded(here: &Simulator, message: String) -> String {
    if here.scenario().hostile { answer::taint(&message) } else { message }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn response(status: StatusCode, id: &str, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
