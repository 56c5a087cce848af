//! Replies in: the text, tokens and stop reason of a native reply, whole or in chunks, by one table of places.

use serde_json::Value;

use super::reasoning::{Begins, Stripper};
use crate::bench::family::NativeFormat;
use crate::bench::usage::{Usage, UsageSource};

/// What a native reply says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NativeReply {
    /// The text, reasoning left out. Hostile text.
    pub text: String,
    /// Its tokens, where the body counts input and output.
    pub usage: Option<Usage>,
    /// Why the model stopped, in Converse's words (`end_turn`, `max_tokens`, `stop_sequence` …).
    pub stop_reason: Option<String>,
    /// True where `max_tokens` or the context's end cut it off.
    pub cut_off: bool,
}

/// Where a family's reply and its chunks hold what, as JSON pointers; the first that is there counts.
///
/// Whole replies and chunks share a row: their places never collide. A count may also be an array, whose length it is.
struct Places {
    text: &'static [&'static str],
    stop: &'static [&'static str],
    input: &'static [&'static str],
    output: &'static [&'static str],
    cache_read: &'static [&'static str],
    cache_write: &'static [&'static str],
    /// What only a stream's last event of the family's own holds.
    end: &'static [&'static str],
    /// Whether `input` includes what was read from the cache.
    input_includes_cached: bool,
    begins: Begins,
}

const NOWHERE: Places = Places {
    text: &[],
    stop: &[],
    input: &[],
    output: &[],
    cache_read: &[],
    cache_write: &[],
    end: &[],
    input_includes_cached: false,
    begins: Begins::Plain,
};

const CLAUDE: Places = Places {
    text: &["/content", "/delta/text"],
    stop: &["/stop_reason", "/delta/stop_reason"],
    input: &["/usage/input_tokens", "/message/usage/input_tokens"],
    output: &["/usage/output_tokens", "/message/usage/output_tokens"],
    cache_read: &["/usage/cache_read_input_tokens", "/message/usage/cache_read_input_tokens"],
    cache_write: &["/usage/cache_creation_input_tokens", "/message/usage/cache_creation_input_tokens"],
    ..NOWHERE
};
const LLAMA: Places = Places {
    text: &["/generation"],
    stop: &["/stop_reason"],
    input: &["/prompt_token_count"],
    output: &["/generation_token_count"],
    end: &["/stop_reason"],
    ..NOWHERE
};
const TITAN: Places = Places {
    text: &["/results/0/outputText", "/outputText"],
    stop: &["/results/0/completionReason", "/completionReason"],
    input: &["/inputTextTokenCount"],
    output: &["/results/0/tokenCount", "/totalOutputTextTokenCount"],
    end: &["/completionReason"],
    ..NOWHERE
};
const NOVA: Places = Places {
    text: &["/output/message/content", "/contentBlockDelta/delta/text"],
    stop: &["/stopReason", "/messageStop/stopReason"],
    input: &["/usage/inputTokens", "/metadata/usage/inputTokens"],
    output: &["/usage/outputTokens", "/metadata/usage/outputTokens"],
    cache_read: &[
        "/usage/cacheReadInputTokenCount",
        "/metadata/usage/cacheReadInputTokenCount",
        "/usage/cacheReadInputTokens",
        "/metadata/usage/cacheReadInputTokens",
    ],
    cache_write: &[
        "/usage/cacheWriteInputTokenCount",
        "/metadata/usage/cacheWriteInputTokenCount",
        "/usage/cacheWriteInputTokens",
        "/metadata/usage/cacheWriteInputTokens",
    ],
    end: &["/messageStop"],
    ..NOWHERE
};
const COMMAND: Places = Places {
    text: &["/generations/0/text", "/text"],
    stop: &["/generations/0/finish_reason", "/finish_reason"],
    end: &["/finish_reason", "/generations/0/finish_reason"],
    ..NOWHERE
};
const COMMAND_R: Places = Places {
    text: &["/text"],
    stop: &["/finish_reason", "/response/finish_reason"],
    input: &["/meta/billed_units/input_tokens", "/response/meta/billed_units/input_tokens"],
    output: &["/meta/billed_units/output_tokens", "/response/meta/billed_units/output_tokens"],
    end: &["/finish_reason", "/response/finish_reason"],
    ..NOWHERE
};
const JURASSIC: Places = Places {
    text: &["/completions/0/data/text"],
    stop: &["/completions/0/finishReason/reason"],
    input: &["/prompt/tokens"],
    output: &["/completions/0/data/tokens"],
    end: &["/completions/0/finishReason/reason"],
    ..NOWHERE
};
const MISTRAL: Places = Places {
    text: &["/outputs/0/text"],
    stop: &["/outputs/0/stop_reason"],
    end: &["/outputs/0/stop_reason"],
    ..NOWHERE
};
const DEEPSEEK: Places = Places {
    text: &["/choices/0/text"],
    stop: &["/choices/0/stop_reason", "/choices/0/finish_reason"],
    end: &["/choices/0/stop_reason", "/choices/0/finish_reason"],
    begins: Begins::Thinking,
    ..NOWHERE
};
const CHAT: Places = Places {
    text: &["/choices/0/message/content", "/choices/0/delta/content"],
    stop: &["/choices/0/finish_reason", "/choices/0/stop_reason"],
    input: &["/usage/prompt_tokens"],
    output: &["/usage/completion_tokens"],
    cache_read: &["/usage/prompt_tokens_details/cached_tokens"],
    end: &["/choices/0/finish_reason", "/choices/0/stop_reason"],
    input_includes_cached: true,
    begins: Begins::Tagged,
    ..NOWHERE
};
/// What Bedrock itself adds to the last chunk of every family.
const METRICS: Places = Places {
    input: &["/amazon-bedrock-invocationMetrics/inputTokenCount"],
    output: &["/amazon-bedrock-invocationMetrics/outputTokenCount"],
    cache_read: &["/amazon-bedrock-invocationMetrics/cacheReadInputTokenCount"],
    cache_write: &["/amazon-bedrock-invocationMetrics/cacheWriteInputTokenCount"],
    end: &["/amazon-bedrock-invocationMetrics"],
    ..NOWHERE
};

fn places(format: NativeFormat) -> &'static Places {
    match format {
        NativeFormat::Claude => &CLAUDE,
        NativeFormat::Llama2 | NativeFormat::Llama3 | NativeFormat::Llama4 => &LLAMA,
        NativeFormat::TitanText => &TITAN,
        NativeFormat::Nova => &NOVA,
        NativeFormat::CohereCommand => &COMMAND,
        NativeFormat::CohereCommandR => &COMMAND_R,
        NativeFormat::Jurassic => &JURASSIC,
        NativeFormat::MistralInstruct => &MISTRAL,
        NativeFormat::DeepSeekR1 => &DEEPSEEK,
        NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => &CHAT,
    }
}

/// The families' words for why a model stopped → Converse's words. Words not listed pass as they are.
const STOP_REASONS: &[(&str, &[&str])] = &[
    ("end_turn", &["stop", "complete", "finish", "finished", "endoftext", "eos", "eos_token"]),
    ("max_tokens", &["length", "max_length", "token_limit"]),
    ("stop_sequence", &["stop_criteria_met"]),
    ("tool_use", &["tool_calls", "tool_call"]),
    ("content_filtered", &["content_filter", "error_toxic", "refusal"]),
    ("model_context_window_exceeded", &["error_limit"]),
];

fn stop_reason(word: &str) -> String {
    let word = word.to_lowercase();
    match STOP_REASONS.iter().find(|(_, words)| words.contains(&word.as_str())) {
        Some((converse, _)) => (*converse).into(),
        None => word,
    }
}

fn cut_off(stop_reason: Option<&str>) -> bool {
    matches!(stop_reason, Some("max_tokens" | "model_context_window_exceeded"))
}

/// The first of some places where there is something.
fn at<'a>(body: &'a Value, places: &[&str]) -> Option<&'a Value> {
    places.iter().filter_map(|place| body.pointer(place)).find(|value| !value.is_null())
}

fn count(body: &Value, places: &[&str]) -> Option<u64> {
    match at(body, places)? {
        Value::Array(items) => Some(items.len() as u64),
        number => number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)),
    }
}

/// A text, or the texts of an array of content blocks; blocks of another type (reasoning, tools) are left out.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .filter(|block| block.get("type").is_none_or(|kind| kind == "text"))
            .filter_map(|block| block.get("text").and_then(Value::as_str))
            .collect(),
        _ => String::new(),
    }
}

/// An error that stands in the body in place of an answer.
fn error_in(body: &Value) -> Option<String> {
    let error = body.get("error").filter(|error| !error.is_null())?;
    let message = error.get("message").or_else(|| body.get("message")).and_then(Value::as_str);
    Some(message.map_or_else(|| error.to_string(), Into::into))
}

/// Token counts as they come in, perhaps over several chunks.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
}

impl Counts {
    fn take(&mut self, body: &Value, places: &Places) {
        self.input = count(body, places.input).or(self.input);
        self.output = count(body, places.output).or(self.output);
        self.cache_read = count(body, places.cache_read).or(self.cache_read);
        self.cache_write = count(body, places.cache_write).or(self.cache_write);
    }

    fn usage(&self, input_includes_cached: bool) -> Option<Usage> {
        let (cache_read, cache_write) = (self.cache_read.unwrap_or(0), self.cache_write.unwrap_or(0));
        let cached = if input_includes_cached { cache_read } else { 0 };
        Some(Usage {
            input: self.input?.saturating_sub(cached),
            output: self.output?,
            cache_read,
            cache_write,
            source: UsageSource::Reported,
        })
    }
}

/// What the body of a reply says; the error is a sentence that says what is wrong with it.
pub fn reply(format: NativeFormat, body: &Value) -> Result<NativeReply, String> {
    if let Some(error) = error_in(body) {
        return Err(error);
    }
    let places = places(format);
    if !places.text.iter().any(|place| body.pointer(place).is_some()) {
        let wanted = places.text.first().copied().unwrap_or_default();
        return Err(format!("the reply has no text at {wanted}: it is not a reply of this model's family"));
    }
    let mut stream = NativeStream::new(format);
    stream.chunk(body)?;
    Ok(stream.finish().0)
}

/// A native reply that comes in chunks.
#[derive(Debug)]
pub struct NativeStream {
    format: NativeFormat,
    stripper: Stripper,
    text: String,
    stop_reason: Option<String>,
    native: Counts,
    metrics: Counts,
    ended: bool,
}

impl NativeStream {
    /// Nothing yet.
    pub fn new(format: NativeFormat) -> Self {
        Self {
            format,
            stripper: Stripper::new(places(format).begins),
            text: String::new(),
            stop_reason: None,
            native: Counts::default(),
            metrics: Counts::default(),
            ended: false,
        }
    }

    /// Takes the next chunk and gives the text that it adds, which is empty for reasoning, pings and metadata.
    /// The error is the one that the chunk carries.
    pub fn chunk(&mut self, chunk: &Value) -> Result<String, String> {
        if let Some(error) = error_in(chunk) {
            return Err(error);
        }
        let places = places(self.format);
        let said = at(chunk, places.text).map(text_of).unwrap_or_default();
        let text = if said.is_empty() { said } else { self.stripper.push(&said) };
        self.text.push_str(&text);
        if let Some(word) = at(chunk, places.stop).and_then(Value::as_str) {
            self.stop_reason = Some(stop_reason(word));
        }
        self.native.take(chunk, places);
        self.metrics.take(chunk, &METRICS);
        let claude_ended = chunk.get("type").is_some_and(|kind| kind == "message_stop");
        self.ended |= claude_ended || at(chunk, places.end).is_some() || at(chunk, METRICS.end).is_some();
        Ok(text)
    }

    /// The whole reply, and whether the stream came to its end. The counts of the family's own body go before those
    /// that Bedrock adds to the last chunk; both were reported.
    pub fn finish(self) -> (NativeReply, bool) {
        let cut_off = cut_off(self.stop_reason.as_deref());
        let text = self.text + &self.stripper.finish(cut_off);
        let own = self.native.usage(places(self.format).input_includes_cached);
        let usage = own.or_else(|| self.metrics.usage(false));
        (NativeReply { text, usage, stop_reason: self.stop_reason, cut_off }, self.ended)
    }
}
