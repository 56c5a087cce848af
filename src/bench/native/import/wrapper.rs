//! What stands around a body: the call's other members, the invocation log's record, nulls.

use base64::Engine as _;
use serde_json::{Map, Value};

use super::{Desk, ImportError, nothing};

/// A body and what stood around it.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) body: Map<String, Value>,
    pub(super) model: Option<String>,
    /// Whether it is known to be a Converse body, or known to be none.
    pub(super) converse: Option<bool>,
    /// Whether the model's id stands beside the turns, as in a call of Converse.
    pub(super) beside: bool,
    pub(super) streams: bool,
    pub(super) service_tier: Option<String>,
    pub(super) latency: Option<String>,
}

/// What the input must be.
const EXPECTED: &str = "expected a Converse body (`messages` with `content` blocks), an InvokeModel body (`messages`, \
                        `prompt`, `inputText` or `message`), either beside its `modelId`, or a line of the model \
                        invocation log (`input.inputBodyJson`)";

/// Unwraps a body.
pub(super) fn open(input: &Value, desk: &mut Desk) -> Result<Call, ImportError> {
    let Value::Object(whole) = without_nulls(input) else {
        return Err(ImportError::new("", format!("this is no JSON object; {EXPECTED}")));
    };
    let mut call = if whole.get("input").is_some_and(Value::is_object) {
        logged(whole, desk)?
    } else if whole.contains_key("body") {
        wrapped(whole, desk)?
    } else {
        Call { body: whole, ..Call::default() }
    };
    if let Some(id) = call.body.shift_remove("modelId") {
        let id = id.as_str().ok_or_else(|| desk.error("modelId", "must be a text"))?;
        call.model.get_or_insert_with(|| id.to_owned());
        call.beside = true;
    }
    // The OpenAI and Anthropic APIs name the model in the body; only an id that Bedrock has is of use here.
    if let Some(id) = call.body.shift_remove("model") {
        let id = id.as_str().ok_or_else(|| desk.error("model", "must be a text"))?.to_owned();
        let named = crate::bench::model::ModelId::parse(&id);
        if crate::bench::family::is_provider(named.base()) {
            call.model.get_or_insert(id);
        } else {
            desk.note("model", &format!("({id}) is left out: it is no id of Bedrock's"));
        }
    }
    if !["messages", "prompt", "inputText", "message"].iter().any(|key| call.body.contains_key(*key)) {
        return Err(ImportError::new(desk.inside.trim_end_matches('.'), format!("no prompt is found; {EXPECTED}")));
    }
    Ok(call)
}

/// The same without members that are null: every API takes them as absent, and TOML has none.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// A line of the model invocation log (source: Bedrock user guide, `model-invocation-logging`).
fn logged(mut record: Map<String, Value>, desk: &mut Desk) -> Result<Call, ImportError> {
    let operation = record.get("operation").and_then(Value::as_str).unwrap_or_default().to_owned();
    let model = record.get("modelId").and_then(Value::as_str).map(str::to_owned);
    let Some(Value::Object(mut input)) = record.shift_remove("input") else {
        return Err(desk.error("input", "must be an object"));
    };
    let Some(body) = input.shift_remove("inputBodyJson") else {
        let s3 = input.get("inputBodyS3Path").and_then(Value::as_str);
        let what = s3.map_or_else(
            || "has no `inputBodyJson`".to_owned(),
            |s3| format!("has no `inputBodyJson`: the body lies in {s3}; fetch it, and read it with --from"),
        );
        return Err(desk.error("input", what));
    };
    Ok(Call {
        body: object(body, "input.inputBodyJson", desk)?,
        model,
        converse: (!operation.is_empty()).then(|| operation.starts_with("Converse")),
        streams: operation.ends_with("Stream"),
        ..Call::default()
    })
}

/// The members of a call of `InvokeModel` (source: Bedrock API reference, `InvokeModel`; the names are boto3's).
fn wrapped(mut call: Map<String, Value>, desk: &mut Desk) -> Result<Call, ImportError> {
    let mut text = |key: &str, desk: &Desk| match call.shift_remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(desk.error(key, "must be a text")),
    };
    let model = text("modelId", desk)?;
    let service_tier = text("serviceTier", desk)?;
    let latency = text("performanceConfigLatency", desk)?;
    if text("guardrailIdentifier", desk)?.is_some() {
        return Err(desk.error("guardrailIdentifier", super::parameters::NO_GUARDRAILS));
    }
    let body = call.shift_remove("body").unwrap_or_default();
    for (key, value) in &call {
        if !matches!(key.as_str(), "contentType" | "accept") && !nothing(value) {
            desk.note(key, "is left out");
        }
    }
    let body = object(body, "body", desk)?;
    Ok(Call { body, model, converse: Some(false), service_tier, latency, ..Call::default() })
}

/// A body as an object, as the JSON text of one, or as the base64 of that text, which the AWS CLI takes.
fn object(body: Value, place: &str, desk: &mut Desk) -> Result<Map<String, Value>, ImportError> {
    let body = match body {
        Value::String(text) => {
            let decoded = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok();
            let json = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(text);
            let parsed = serde_json::from_str(&json);
            without_nulls(&parsed.map_err(|error| desk.error(place, format!("this text is not JSON: {error}")))?)
        }
        other => other,
    };
    match body {
        Value::Object(map) => {
            desk.inside = format!("{place}.");
            Ok(map)
        }
        _ => Err(desk.error(place, "must be an object, or the JSON text of one")),
    }
}
