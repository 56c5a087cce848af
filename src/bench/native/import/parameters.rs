//! Inference parameters out of a body, and everything else that it carries as `extra`.

use serde_json::{Map, Value};

use super::chat::NO_TOOLS;
use super::shape::INFERENCE;
use super::{Desk, ImportError, Whose, nothing};
use crate::bench::family::NativeFormat;
use crate::bench::native::parameters::{Names, names};
use crate::bench::native::request::body as body_of;
use crate::bench::request::{Parameters, Request};

/// Why guardrails are refused.
pub(super) const NO_GUARDRAILS: &str =
    "guardrails cannot be carried over: they change the answer and its time. Take it out of the request to go on";
const NO_OUTSIDE: &str = "this cannot be carried over, and without it the model is asked for something else";

/// The members of native bodies that cannot be carried over and would change the meaning.
const REFUSED: [(&str, &str); 13] = [
    ("tools", NO_TOOLS),
    ("tool_choice", NO_TOOLS),
    ("toolConfig", NO_TOOLS),
    ("tool_config", NO_TOOLS),
    ("functions", NO_TOOLS),
    ("function_call", NO_TOOLS),
    ("tool_results", NO_TOOLS),
    ("mcp_servers", NO_TOOLS),
    ("documents", NO_OUTSIDE),
    ("images", NO_OUTSIDE),
    ("context_management", NO_OUTSIDE),
    ("amazon-bedrock-guardrailConfig", NO_GUARDRAILS),
    ("guardrailConfig", NO_GUARDRAILS),
];

/// Refuses what no variant can hold.
pub(super) fn refuse(body: &Map<String, Value>, desk: &Desk) -> Result<(), ImportError> {
    let found = REFUSED.iter().find(|(key, _)| body.get(*key).is_some_and(|value| !nothing(value)));
    found.map_or(Ok(()), |(key, why)| Err(desk.error(key, *why)))
}

/// What a Converse body says beside its turns (source: Bedrock API reference, `Converse`).
pub(super) fn of_converse(body: Map<String, Value>, desk: &mut Desk) -> Result<Parameters, ImportError> {
    refuse(&body, desk)?;
    let mut parameters = Parameters::default();
    for (key, value) in body {
        match (key.as_str(), value) {
            ("inferenceConfig", Value::Object(mut config)) => {
                if let Some(key) = config.keys().find(|key| !INFERENCE.contains(&key.as_str())) {
                    let what = "is none of Converse's; what only this model knows belongs to \
                                additionalModelRequestFields";
                    return Err(desk.error(&format!("inferenceConfig.{key}"), what));
                }
                let [max_tokens, temperature, top_p, stop] = INFERENCE;
                let at = |key: &str| format!("inferenceConfig.{key}");
                let mut take = |key: &str| config.shift_remove(key);
                parameters.max_tokens = whole(take(max_tokens), &at(max_tokens), desk)?;
                parameters.temperature = decimal(take(temperature), &at(temperature), desk)?;
                parameters.top_p = decimal(take(top_p), &at(top_p), desk)?;
                parameters.stop = texts(take(stop), &at(stop), desk)?;
            }
            ("additionalModelRequestFields", Value::Object(fields)) => {
                refuse(&fields, &Desk { inside: desk.path("additionalModelRequestFields."), notes: Vec::new() })?;
                parameters.extra = fields;
            }
            ("serviceTier", Value::Object(tier)) => {
                parameters.service_tier = Some(word(tier.get("type"), "serviceTier.type", desk)?);
            }
            ("performanceConfig", Value::Object(config)) => {
                parameters.latency = Some(word(config.get("latency"), "performanceConfig.latency", desk)?);
            }
            (_, value) if nothing(&value) => {}
            ("requestMetadata" | "additionalModelResponseFieldPaths", _) => desk.note(&key, "is left out"),
            ("promptVariables", _) => {
                let what = "a prompt of Prompt management cannot be read: its text lies in AWS. Give the request as \
                            it is rendered";
                return Err(desk.error(&key, what));
            }
            (
                "inferenceConfig" | "additionalModelRequestFields" | "serviceTier" | "performanceConfig" | "system",
                _,
            ) => return Err(desk.error(&key, "must be an object")),
            _ => return Err(desk.error(&key, "cannot be carried over: a variant has nothing of the kind")),
        }
    }
    Ok(parameters)
}

/// What a native body says beside its turns. What has no name in a configuration, or would not come out the same,
/// becomes `extra`, which goes over everything else.
pub(super) fn of_native(
    format: NativeFormat,
    mut body: Map<String, Value>,
    whose: Whose,
    desk: &mut Desk,
) -> Result<Parameters, ImportError> {
    let names = names(format);
    rename(format, &names, &mut body);
    let mut parameters = Parameters::default();
    let at = |key: &str| names.inside.map_or_else(|| key.to_owned(), |inside| format!("{inside}.{key}"));
    let inner = match names.inside {
        None => Some(&body),
        Some(inside) => match body.get(inside) {
            None => None,
            Some(Value::Object(inner)) => Some(inner),
            Some(_) => return Err(desk.error(inside, "must be an object")),
        },
    };
    if let Some(inner) = inner {
        let get = |key: &str| inner.get(key).cloned();
        parameters.max_tokens = whole(get(names.max_tokens), &at(names.max_tokens), desk)?;
        parameters.temperature = decimal(get(names.temperature), &at(names.temperature), desk)?;
        parameters.top_p = decimal(get(names.top_p), &at(names.top_p), desk)?;
        if let Some(stop) = names.stop {
            parameters.stop = texts(get(stop), &at(stop), desk)?;
        }
    }
    let sent = body_of(format, &Request::user(None, "?", parameters.clone()), false);
    let mut extra = sent.as_object().map_or_else(Map::new, |sent| unsaid(&body, sent));
    if whose != Whose::Own {
        // Converse has names of its own for these; what a body says beyond them it cannot be told.
        extra.shift_remove("anthropic_version");
        let own = [Some(names.max_tokens), Some(names.temperature), Some(names.top_p), names.stop, names.inside];
        let carried = |key: &str| whose == Whose::Unknown && !own.contains(&Some(key));
        for (key, value) in extra.iter().filter(|(key, _)| !carried(key)) {
            desk.note(key, &format!("loses {value}: only the family of the body knows it"));
        }
        extra.retain(|key, _| carried(key));
    }
    parameters.extra = extra;
    Ok(parameters)
}

/// The members of a body that what is sent without them does not say, objects key by key.
fn unsaid(body: &Map<String, Value>, sent: &Map<String, Value>) -> Map<String, Value> {
    let mut left = Map::new();
    for (key, value) in body {
        let value = match (value, sent.get(key)) {
            (Value::Object(value), Some(Value::Object(sent))) => {
                let inner = unsaid(value, sent);
                if inner.is_empty() {
                    continue;
                }
                Value::Object(inner)
            }
            (value, Some(sent)) if same(value, sent) => continue,
            (value, _) => value.clone(),
        };
        left.insert(key.clone(), value);
    }
    left
}

/// Equal, numbers by their value.
fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a == b)
}

/// Older and newer names of the same, and a single stop sequence, as the family's row has them.
fn rename(format: NativeFormat, names: &Names, body: &mut Map<String, Value>) {
    let others: &[(&str, &str)] = match format {
        NativeFormat::GptOss => &[("max_tokens", "max_completion_tokens")],
        NativeFormat::OpenAiChat | NativeFormat::Jamba => &[("max_completion_tokens", "max_tokens")],
        NativeFormat::Nova => &[("max_new_tokens", "maxTokens"), ("top_p", "topP")],
        _ => &[],
    };
    let inner = match names.inside {
        None => Some(body),
        Some(inside) => body.get_mut(inside).and_then(Value::as_object_mut),
    };
    let Some(inner) = inner else { return };
    for (other, name) in others {
        if !inner.contains_key(*name)
            && let Some(value) = inner.shift_remove(*other)
        {
            inner.insert((*name).to_owned(), value);
        }
    }
    if let Some(stop) = names.stop.and_then(|stop| inner.get_mut(stop)).filter(|stop| stop.is_string()) {
        *stop = Value::Array(vec![stop.take()]);
    }
}

fn whole(value: Option<Value>, place: &str, desk: &Desk) -> Result<Option<u32>, ImportError> {
    let Some(value) = value else { return Ok(None) };
    let float = || value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0).map(|number| number as u64);
    let number = value.as_u64().or_else(float).and_then(|number| u32::try_from(number).ok());
    number.map(Some).ok_or_else(|| desk.error(place, "must be a whole number of tokens"))
}

fn decimal(value: Option<Value>, place: &str, desk: &Desk) -> Result<Option<f32>, ImportError> {
    let Some(value) = value else { return Ok(None) };
    let number = value.as_f64().ok_or_else(|| desk.error(place, "must be a number"))?;
    Ok(Some(number as f32))
}

fn texts(value: Option<Value>, place: &str, desk: &Desk) -> Result<Vec<String>, ImportError> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let texts = value.as_array().and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| desk.error(place, "must be a list of texts"))
}

fn word(value: Option<&Value>, place: &str, desk: &Desk) -> Result<String, ImportError> {
    value.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| desk.error(place, "must be a text"))
}
