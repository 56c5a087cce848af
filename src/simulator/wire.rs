//! Wire: the HTTP of Bedrock, its runtime, Service Quotas and CloudWatch.

use std::future::Future;
use std::io;
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::bench::model::ModelId;
use crate::simulator::answer;
use crate::simulator::auth::{self, Service};
use crate::simulator::bodies;
use crate::simulator::converse;
use crate::simulator::counting;
use crate::simulator::frames;
use crate::simulator::handle::{Invocation, Simulator};
use crate::simulator::listing;
use crate::simulator::monitor::{self, Protocol};
use crate::simulator::offering;
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;
use crate::simulator::random;
use crate::simulator::replies;
use crate::simulator::service;
use crate::simulator::stream::{self, Tongue};

/// The largest body (Bedrock's own limit for `InvokeModel` is 25 MB).
const LARGEST_BODY: usize = 25_000_000;

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
const PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const PERFORMANCE: HeaderName = HeaderName::from_static("x-amzn-bedrock-performanceconfig-latency");

const JSON: &str = "application/json";
const AWS_JSON: &str = "application/x-amz-json-1.1";
const AWS_JSON_1_0: &str = "application/x-amz-json-1.0";
const CBOR: &str = "application/cbor";
/// What the paths of Smithy's RPC protocol begin with.
const RPC: &str = "/service/";

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
            .route("/foundation-model-availability/{id}", get(availability))
            .route("/inference-profiles", get(inference_profiles))
            .route("/inference-profiles/{id}", get(inference_profile))
            .route("/", post(by_target))
            .route("/service/{service}/operation/{operation}", post(cloudwatch))
            .fallback(nowhere)
            .method_not_allowed_fallback(nowhere)
            .layer(from_fn_with_state(self.clone(), authenticated))
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

/// Looks at who asks before anything else is looked at.
async fn authenticated(State(here): Here, request: Request, next: Next) -> Response<Body> {
    let (service, protocol) = match request.uri().path() {
        "/" if metrics_operation(target(request.headers())).is_some() => (Service::Metrics, Protocol::Json),
        "/" => (Service::Quotas, Protocol::Json),
        path if path.starts_with(RPC) => (Service::Metrics, Protocol::Cbor),
        _ => (Service::Bedrock, Protocol::Json),
    };
    match (auth::check(service, request.headers(), SystemTime::now()), service) {
        (Ok(()), _) => next.run(request).await,
        (Err(problem), Service::Quotas) => quotas_error(&here, &here.request_id(), problem),
        (Err(problem), Service::Metrics) => cloudwatch_error(&here, protocol, problem),
        (Err(problem), Service::Bedrock) => runtime_error(&here, problem),
    }
}

type Here = State<Simulator>;
type Id = Path<String>;

async fn converse(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    runtime(&here, converse_call(&here, &id, &headers, &body, false).map(|call| (call, Tongue::Converse))).await
}

async fn invoke(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    runtime(&here, native_call(&here, &id, &headers, &body, false).map(|call| (call, Tongue::Native))).await
}

async fn converse_stream(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    streaming(&here, converse_call(&here, &id, &headers, &body, true).map(|call| (call, Tongue::Converse))).await
}

async fn invoke_stream(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    streaming(&here, native_call(&here, &id, &headers, &body, true).map(|call| (call, Tongue::Native))).await
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

fn converse_call(
    here: &Simulator,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
    streamed: bool,
) -> Result<Invocation, Problem> {
    call(here, id, headers, body, streamed, converse::parse)
}

fn native_call(
    here: &Simulator,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
    streamed: bool,
) -> Result<Invocation, Problem> {
    let word = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    call(here, id, headers, body, streamed, |model, body| {
        let prompt = bodies::parse(model, body)?;
        let (tier, latency) = (word(&TIER), word(&PERFORMANCE));
        service::check(tier.as_deref(), latency.as_deref())?;
        Ok(Prompt { tier, latency, ..prompt })
    })
}

fn call(
    here: &Simulator,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
    streamed: bool,
    read: impl FnOnce(&ModelId, &Value) -> Result<Prompt, Problem>,
) -> Result<Invocation, Problem> {
    let region = auth::region(headers);
    let model = here.admitted(region, id)?;
    if streamed && !replies::streams(model.family().native) {
        return Err(Problem::validation("The model is unsupported for streaming."));
    }
    let prompt = read(&model, &Problem::json(body)?)?;
    let key = random::hash(&[id.as_bytes(), body]);
    here.invoke(region, model, prompt, key)
}

async fn count_tokens(State(here): Here, Path(id): Id, headers: HeaderMap, body: Bytes) -> Response<Body> {
    told(&here, counting::answer(&here, auth::region(&headers), &id, &body))
}

/// What a header says of service and operation.
fn target(headers: &HeaderMap) -> &str {
    headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// CloudWatch's operation, if a target names one.
fn metrics_operation(target: &str) -> Option<&str> {
    target.strip_prefix(monitor::SERVICE)?.strip_prefix('.')
}

async fn by_target(State(here): Here, headers: HeaderMap, body: Bytes) -> Response<Body> {
    match metrics_operation(target(&headers)) {
        Some(operation) => metrics(&here, &headers, operation, Protocol::Json, &body),
        None => service_quotas(&here, &headers, &body),
    }
}

fn service_quotas(here: &Simulator, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let id = here.request_id();
    let answer = if here.throttles_quotas() {
        Err(listing::throttled())
    } else {
        listing::answer(here.catalog(), here.scenario().service_quotas, auth::region(headers), target(headers), &body)
    };
    match answer {
        Ok(answer) => response(StatusCode::OK, &id, AWS_JSON, Body::from(answer.to_string())),
        Err(problem) => quotas_error(here, &id, problem),
    }
}

/// An error as awsJson1.1 has it: the body names the exception.
fn quotas_error(here: &Simulator, id: &str, problem: Problem) -> Response<Body> {
    let body = json!({ "__type": problem.code, "Message": worded(here, problem.message) });
    response(status(problem.status), id, AWS_JSON, Body::from(body.to_string()))
}

async fn cloudwatch(
    State(here): Here,
    Path((service, operation)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if service == monitor::SERVICE {
        metrics(&here, &headers, &operation, Protocol::Cbor, &body)
    } else {
        cloudwatch_error(&here, Protocol::Cbor, listing::unknown(&service))
    }
}

fn metrics(here: &Simulator, headers: &HeaderMap, operation: &str, protocol: Protocol, body: &[u8]) -> Response<Body> {
    match monitor::answer(here, auth::region(headers), operation, protocol, body) {
        Ok(answer) => spoken(here, protocol, StatusCode::OK, answer),
        Err(problem) => cloudwatch_error(here, protocol, problem),
    }
}

/// An error as CloudWatch has it: a header repeats the name under which its oldest protocol knew the error.
fn cloudwatch_error(here: &Simulator, protocol: Protocol, problem: Problem) -> Response<Body> {
    let body = monitor::problem(protocol, problem.code, &worded(here, problem.message));
    let mut response = spoken(here, protocol, status(problem.status), body);
    if let Ok(name) = HeaderValue::from_str(&format!("{};Sender", problem.code)) {
        response.headers_mut().insert(QUERY_ERROR, name);
    }
    response
}

fn spoken(here: &Simulator, protocol: Protocol, status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let content_type = if protocol == Protocol::Cbor { CBOR } else { AWS_JSON_1_0 };
    let mut response = response(status, &here.request_id(), content_type, Body::from(body));
    if protocol == Protocol::Cbor {
        response.headers_mut().insert(PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

async fn foundation_models(State(here): Here, headers: HeaderMap) -> Response<Body> {
    told(&here, Ok(offering::models(here.catalog(), here.scenario(), auth::region(&headers))))
}

async fn inference_profiles(State(here): Here, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    told(&here, offering::profiles(here.catalog(), here.scenario(), auth::region(&headers), query))
}

async fn availability(State(here): Here, Path(id): Id, headers: HeaderMap) -> Response<Body> {
    told(&here, here.availability(auth::region(&headers), &id))
}

async fn inference_profile(State(here): Here, Path(id): Id, headers: HeaderMap) -> Response<Body> {
    told(&here, offering::profile(here.catalog(), here.scenario(), auth::region(&headers), &id))
}

/// Answers with a document that costs nothing.
fn told(here: &Simulator, answer: Result<Value, Problem>) -> Response<Body> {
    match answer {
        Ok(answer) => response(StatusCode::OK, &here.request_id(), JSON, Body::from(answer.to_string())),
        Err(problem) => runtime_error(here, problem),
    }
}

async fn nowhere(State(here): Here, uri: Uri) -> Response<Body> {
    let Problem { code, message, .. } = listing::unknown(uri.path());
    runtime_error(&here, Problem { status: 404, code, message })
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
    headers.insert(LATENCY, (said.took().as_millis() as u64).into());
    service_headers(call, headers);
}

/// Tells the tier that was asked for and the latency that was had.
fn service_headers(call: &Invocation, headers: &mut HeaderMap) {
    let said = call.said();
    for (name, word) in [(TIER, said.prompt.tier.as_deref()), (PERFORMANCE, said.latency)] {
        if let Some(value) = word.and_then(|word| HeaderValue::from_str(word).ok()) {
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
