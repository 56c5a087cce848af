//! Converse: a request as Converse, `ConverseStream` and `CountTokens` take it, and their answers.

use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::BuildError;
use aws_sdk_bedrockruntime::types::{
    CachePointBlock, CachePointType, ContentBlock, ContentBlockDelta, ConversationRole, ConverseOutput,
    ConverseStreamOutput, ConverseTokensRequest, CountTokensInput, InferenceConfiguration, Message,
    PerformanceConfigLatency, PerformanceConfiguration, ReasoningContentBlock, ReasoningContentBlockDelta, ServiceTier,
    ServiceTierType, SystemContentBlock, TokenUsage,
};
use aws_smithy_types::{Document, Number};
use serde_json::{Map, Value};

use crate::bedrock::gateway::{Attempt, Failure, Limit, OnChunk, Reply, cuts_off, reported};
use crate::bedrock::stream::{Piece, drain};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::model::Scope;
use crate::bench::native::{self, Spoken};
use crate::bench::plan::ModelPlan;
use crate::bench::request::{CacheAfter, Parameters, Request, Role, Turn};
use crate::bench::usage::{Usage, UsageSource};

/// A request in the SDK's words.
struct Shape {
    system: Option<Vec<SystemContentBlock>>,
    messages: Vec<Message>,
    inference: Option<InferenceConfiguration>,
    extra: Option<Document>,
    service_tier: Option<ServiceTier>,
    performance: Option<PerformanceConfiguration>,
}

/// Fills a Converse or `ConverseStream` builder; the two share no trait.
macro_rules! filled {
    ($builder:expr, $attempt:expr) => {{
        let shape = shape($attempt)?;
        $builder
            .model_id($attempt.call.model.id.as_str())
            .set_system(shape.system)
            .set_messages(Some(shape.messages))
            .set_inference_config(shape.inference)
            .set_additional_model_request_fields(shape.extra)
            .set_service_tier(shape.service_tier)
            .set_performance_config(shape.performance)
            .send()
    }};
}

/// One Converse.
pub(super) async fn whole(client: &Client, attempt: &Attempt<'_>) -> Result<Reply, Failure> {
    let output = attempt.send(Limit::Total, Box::pin(filled!(client.converse(), attempt))).await?;
    let timing = attempt.whole(output.metrics.and_then(|metrics| latency(metrics.latency_ms)));
    let mut text = String::new();
    let mut output_bytes = 0;
    if let Some(ConverseOutput::Message(message)) = output.output {
        for block in message.content {
            match block {
                ContentBlock::Text(part) => text.push_str(&part),
                ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(thought)) => {
                    output_bytes += thought.text.len();
                }
                _ => {}
            }
        }
    }
    output_bytes += text.len();
    let usage = output.usage.as_ref().and_then(usage).unwrap_or_else(|| attempt.estimate(output_bytes));
    let stop_reason = output.stop_reason.as_str().to_owned();
    Ok(Reply { cut_off: cuts_off(&stop_reason), text, usage, stop_reason, timing })
}

/// One `ConverseStream`. Complete once its stop event came, whatever happens after it: metadata that never arrive
/// leave its tokens to be estimated.
pub(super) async fn streamed(client: &Client, attempt: &Attempt<'_>, on_chunk: OnChunk<'_>) -> Result<Reply, Failure> {
    let output = attempt.send(Limit::FirstText, Box::pin(filled!(client.converse_stream(), attempt))).await?;
    let mut stop = None;
    let mut metadata = None;
    let mut drained = drain(output.stream, attempt, on_chunk, |event| {
        match event {
            ConverseStreamOutput::ContentBlockDelta(event) => return Ok(event.delta.map(piece).unwrap_or_default()),
            ConverseStreamOutput::MessageStop(event) => stop = Some(event.stop_reason.as_str().to_owned()),
            ConverseStreamOutput::Metadata(event) => metadata = Some(event),
            _ => {}
        }
        Ok(Piece::default())
    })
    .await;
    let usage = metadata.as_ref().and_then(|event| event.usage.as_ref()).and_then(usage);
    let Some(stop_reason) = stop else {
        return Err(drained.failure(attempt, usage));
    };
    drained.timing.service = metadata.and_then(|event| event.metrics).and_then(|metrics| latency(metrics.latency_ms));
    Ok(Reply {
        usage: usage.unwrap_or_else(|| attempt.estimate(drained.output_bytes)),
        text: drained.text,
        cut_off: cuts_off(&stop_reason),
        stop_reason,
        timing: drained.timing,
    })
}

/// One `CountTokens`. It wants the base model's id where there is one, not a profile's.
pub(super) async fn count_tokens(client: &Client, attempt: &Attempt<'_>) -> Result<u64, Failure> {
    let id = &attempt.call.model.id;
    let named = if matches!(id.scope(), Scope::Dedicated | Scope::Unresolved) { id.as_str() } else { id.base() };
    let Shape { system, messages, extra, .. } = shape(attempt)?;
    let input = ConverseTokensRequest::builder()
        .set_system(system)
        .set_messages(Some(messages))
        .set_additional_model_request_fields(extra)
        .build();
    let sending = client.count_tokens().model_id(named).input(CountTokensInput::Converse(input)).send();
    let output = attempt.send(Limit::Total, Box::pin(sending)).await?;
    Ok(count(output.input_tokens))
}

fn piece(delta: ContentBlockDelta) -> Piece {
    match delta {
        ContentBlockDelta::Text(text) => Piece { text, thought: 0 },
        ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(thought)) => {
            Piece { text: String::new(), thought: thought.len() }
        }
        _ => Piece::default(),
    }
}

/// Usage as the service reports it. The SDK reads 0/0 where it reported none.
fn usage(usage: &TokenUsage) -> Option<Usage> {
    reported(Usage {
        input: count(usage.input_tokens),
        output: count(usage.output_tokens),
        cache_read: usage.cache_read_input_tokens.map_or(0, count),
        cache_write: usage.cache_write_input_tokens.map_or(0, count),
        source: UsageSource::Reported,
    })
}

fn count(tokens: i32) -> u64 {
    u64::try_from(tokens).unwrap_or(0)
}

fn latency(milliseconds: i64) -> Option<Duration> {
    u64::try_from(milliseconds).ok().filter(|ms| *ms > 0).map(Duration::from_millis)
}

fn shape(attempt: &Attempt<'_>) -> Result<Shape, Failure> {
    Shape::of(attempt.call.model, attempt.call.request)
        .map_err(|error| attempt.failure(Fault::new(FaultKind::Invalid, error.to_string())))
}

impl Shape {
    fn of(model: &ModelPlan, request: &Request) -> Result<Self, BuildError> {
        let spoken = native::spoken(model, request);
        Ok(Self {
            system: spoken.system.map(|text| system_blocks(text, request.cache_after)).transpose()?,
            messages: messages(&spoken)?,
            inference: inference(&request.parameters),
            extra: extra(&request.parameters.extra),
            service_tier: service_tier(&request.parameters)?,
            performance: performance(&request.parameters),
        })
    }
}

fn system_blocks(text: &str, cache_after: Option<CacheAfter>) -> Result<Vec<SystemContentBlock>, BuildError> {
    let mut blocks = vec![SystemContentBlock::Text(text.to_owned())];
    if cache_after == Some(CacheAfter::System) {
        blocks.push(SystemContentBlock::CachePoint(cache_point()?));
    }
    Ok(blocks)
}

/// The turns, with the cache point behind one of them.
fn messages(spoken: &Spoken<'_>) -> Result<Vec<Message>, BuildError> {
    let message = |(index, turn): (usize, &Turn)| {
        let message = Message::builder().role(role(turn.role)).content(ContentBlock::Text(turn.text.clone()));
        let cached = spoken.cached == Some(index);
        if cached { message.content(ContentBlock::CachePoint(cache_point()?)) } else { message }.build()
    };
    spoken.turns.iter().enumerate().map(message).collect()
}

fn role(role: Role) -> ConversationRole {
    match role {
        Role::User => ConversationRole::User,
        Role::Assistant => ConversationRole::Assistant,
    }
}

fn cache_point() -> Result<CachePointBlock, BuildError> {
    CachePointBlock::builder().r#type(CachePointType::Default).build()
}

fn inference(parameters: &Parameters) -> Option<InferenceConfiguration> {
    let stop = (!parameters.stop.is_empty()).then(|| parameters.stop.clone());
    let max_tokens = parameters.max_tokens.map(|tokens| i32::try_from(tokens).unwrap_or(i32::MAX));
    let config = InferenceConfiguration::builder()
        .set_max_tokens(max_tokens)
        .set_temperature(parameters.temperature)
        .set_top_p(parameters.top_p)
        .set_stop_sequences(stop)
        .build();
    (config != InferenceConfiguration::builder().build()).then_some(config)
}

fn service_tier(parameters: &Parameters) -> Result<Option<ServiceTier>, BuildError> {
    let tier = |name| ServiceTier::builder().r#type(ServiceTierType::from(name)).build();
    parameters.service_tier.as_deref().map(tier).transpose()
}

fn performance(parameters: &Parameters) -> Option<PerformanceConfiguration> {
    let latency = parameters.latency.as_deref().map(PerformanceConfigLatency::from)?;
    Some(PerformanceConfiguration::builder().latency(latency).build())
}

fn extra(fields: &Map<String, Value>) -> Option<Document> {
    (!fields.is_empty()).then(|| object(fields))
}

fn object(fields: &Map<String, Value>) -> Document {
    Document::Object(fields.iter().map(|(key, value)| (key.clone(), document(value))).collect())
}

fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => Number::PosInt(whole),
            (None, Some(whole)) => Number::NegInt(whole),
            (None, None) => Number::Float(number.as_f64().unwrap_or(0.0)),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(values) => Document::Array(values.iter().map(document).collect()),
        Value::Object(fields) => object(fields),
    }
}
