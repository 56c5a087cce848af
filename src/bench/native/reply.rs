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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(text: &str, usage: Option<(u64, u64)>, stop_reason: &str) -> NativeReply {
        NativeReply {
            text: text.into(),
            usage: usage.map(|(input, output)| Usage::reported(input, output)),
            stop_reason: Some(stop_reason.into()),
            cut_off: stop_reason == "max_tokens",
        }
    }

    #[test]
    fn whole_replies_of_every_family() {
        let chat = |content: &str, reason: &str| {
            json!({ "choices": [{ "index": 0, "finish_reason": reason,
                                  "message": { "role": "assistant", "content": content } }],
                    "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 } })
        };
        for (format, body, wanted) in [
            (
                NativeFormat::Claude,
                json!({ "type": "message", "role": "assistant", "stop_reason": "max_tokens",
                        "content": [{ "type": "thinking", "thinking": "Hm" }, { "type": "text", "text": "Yes" },
                                    { "type": "text", "text": "." }],
                        "usage": { "input_tokens": 7, "output_tokens": 3 } }),
                said("Yes.", Some((7, 3)), "max_tokens"),
            ),
            (
                NativeFormat::Llama3,
                json!({ "generation": "Yes.", "prompt_token_count": 7, "generation_token_count": 3,
                        "stop_reason": "stop" }),
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::TitanText,
                json!({ "inputTextTokenCount": 7,
                        "results": [{ "tokenCount": 3, "outputText": "Yes.", "completionReason": "LENGTH" }] }),
                said("Yes.", Some((7, 3)), "max_tokens"),
            ),
            (
                NativeFormat::Nova,
                json!({ "output": { "message": { "role": "assistant", "content": [{ "text": "Yes." }] } },
                        "stopReason": "end_turn", "usage": { "inputTokens": 7, "outputTokens": 3, "totalTokens": 10 } }),
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::CohereCommand,
                json!({ "id": "x", "prompt": "Q", "generations": [{ "id": "y", "text": "Yes.",
                        "finish_reason": "COMPLETE" }] }),
                said("Yes.", None, "end_turn"),
            ),
            (
                NativeFormat::CohereCommandR,
                json!({ "text": "Yes.", "finish_reason": "MAX_TOKENS", "generation_id": "x" }),
                said("Yes.", None, "max_tokens"),
            ),
            (
                NativeFormat::Jurassic,
                json!({ "id": 1, "prompt": { "text": "Q", "tokens": [{}, {}, {}, {}, {}, {}, {}] },
                        "completions": [{ "data": { "text": "Yes.", "tokens": [{}, {}, {}] },
                                          "finishReason": { "reason": "endoftext" } }] }),
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (NativeFormat::Jamba, chat(" Yes.", "stop"), said(" Yes.", Some((7, 3)), "end_turn")),
            (
                NativeFormat::MistralInstruct,
                json!({ "outputs": [{ "text": " Yes.", "stop_reason": "length" }] }),
                said(" Yes.", None, "max_tokens"),
            ),
            (
                NativeFormat::DeepSeekR1,
                json!({ "choices": [{ "text": "Hm.\n</think>\n\nYes.", "stop_reason": "stop" }] }),
                said("Yes.", None, "end_turn"),
            ),
            (NativeFormat::OpenAiChat, chat("Yes.", "content_filter"), said("Yes.", Some((7, 3)), "content_filtered")),
            (
                NativeFormat::GptOss,
                chat("<reasoning>Hm</reasoning>Yes.", "stop"),
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
        ] {
            assert_eq!(reply(format, &body), Ok(wanted), "{format:?}");
        }
    }

    #[test]
    fn prompt_caches_are_counted_apart_from_the_input() {
        let cached = |input, output, cache_read, cache_write| {
            Some(Usage { cache_read, cache_write, ..Usage::reported(input, output) })
        };
        let claude = json!({ "content": [], "stop_reason": "end_turn", "usage": { "input_tokens": 7,
            "output_tokens": 3, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 5 } });
        assert_eq!(reply(NativeFormat::Claude, &claude).map(|reply| reply.usage), Ok(cached(7, 3, 40, 5)));
        let chat = json!({ "choices": [{ "message": { "content": null }, "finish_reason": "length" }],
            "usage": { "prompt_tokens": 47, "completion_tokens": 3, "prompt_tokens_details": { "cached_tokens": 40 } } });
        assert_eq!(reply(NativeFormat::OpenAiChat, &chat).map(|reply| reply.usage), Ok(cached(7, 3, 40, 0)));
    }

    #[test]
    fn a_foreign_body_or_an_error_is_no_reply() {
        let claude = json!({ "content": [{ "type": "text", "text": "Yes." }] });
        assert!(reply(NativeFormat::Llama3, &claude).is_err_and(|why| why.contains("/generation")));
        let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
        assert_eq!(reply(NativeFormat::Claude, &error), Err("Overloaded".into()));
        assert_eq!(NativeStream::new(NativeFormat::Claude).chunk(&error), Err("Overloaded".into()));
    }

    /// The reply of some chunks, the text that each added, and whether they came to an end.
    fn stream(format: NativeFormat, chunks: &[Value]) -> (NativeReply, Vec<String>, bool) {
        let mut stream = NativeStream::new(format);
        let added = chunks.iter().map(|chunk| stream.chunk(chunk).unwrap_or_else(|why| panic!("{why}"))).collect();
        let (reply, ended) = stream.finish();
        (reply, added, ended)
    }

    fn metrics(input: u64, output: u64) -> Value {
        json!({ "inputTokenCount": input, "outputTokenCount": output, "invocationLatency": 9, "firstByteLatency": 1 })
    }

    #[test]
    fn streams_of_every_family() {
        const M: &str = "amazon-bedrock-invocationMetrics";
        let chat = |piece: Value, reason: Value| json!({ "choices": [{ "index": 0, "delta": { "content": piece }, "finish_reason": reason }] });
        for (format, chunks, wanted) in [
            (
                NativeFormat::Claude,
                vec![
                    json!({ "type": "message_start", "message": { "content": [],
                            "usage": { "input_tokens": 7, "output_tokens": 1 } } }),
                    json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
                    json!({ "type": "ping" }),
                    json!({ "type": "content_block_delta", "index": 0,
                            "delta": { "type": "thinking_delta", "thinking": "Hm" } }),
                    json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Yes" } }),
                    json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "." } }),
                    json!({ "type": "content_block_stop", "index": 0 }),
                    json!({ "type": "message_delta", "delta": { "stop_reason": "stop_sequence" },
                            "usage": { "output_tokens": 3 } }),
                    json!({ "type": "message_stop", M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "stop_sequence"),
            ),
            (
                NativeFormat::Llama2,
                vec![
                    json!({ "generation": "Yes", "prompt_token_count": 7, "generation_token_count": 1,
                            "stop_reason": null }),
                    json!({ "generation": ".", "prompt_token_count": null, "generation_token_count": 3,
                            "stop_reason": "length", M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "max_tokens"),
            ),
            (
                NativeFormat::TitanText,
                vec![
                    json!({ "outputText": "Yes", "index": 0, "totalOutputTextTokenCount": null,
                            "completionReason": null, "inputTextTokenCount": 7 }),
                    json!({ "outputText": ".", "index": 0, "totalOutputTextTokenCount": 3,
                            "completionReason": "FINISH", "inputTextTokenCount": null, M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::Nova,
                vec![
                    json!({ "messageStart": { "role": "assistant" } }),
                    json!({ "contentBlockDelta": { "delta": { "text": "Yes." }, "contentBlockIndex": 0 } }),
                    json!({ "contentBlockStop": { "contentBlockIndex": 0 } }),
                    json!({ "messageStop": { "stopReason": "end_turn" } }),
                    json!({ "metadata": { "usage": { "inputTokens": 7, "outputTokens": 3 } }, M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::CohereCommand,
                vec![
                    json!({ "index": 0, "is_finished": false, "text": "Yes." }),
                    json!({ "index": 0, "is_finished": true, "finish_reason": "COMPLETE", M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::CohereCommandR,
                vec![
                    json!({ "event_type": "stream-start", "is_finished": false }),
                    json!({ "event_type": "text-generation", "is_finished": false, "text": "Yes." }),
                    json!({ "event_type": "stream-end", "is_finished": true, "finish_reason": "COMPLETE",
                            "response": { "text": "Yes.", "finish_reason": "COMPLETE",
                                          "meta": { "billed_units": { "input_tokens": 7.0, "output_tokens": 3.0 } } } }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::MistralInstruct,
                vec![
                    json!({ "outputs": [{ "text": "Yes", "stop_reason": null }] }),
                    json!({ "outputs": [{ "text": ".", "stop_reason": "stop" }], M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::DeepSeekR1,
                vec![
                    json!({ "choices": [{ "text": "Hm</th", "stop_reason": null }] }),
                    json!({ "choices": [{ "text": "ink>\n\nYes.", "stop_reason": null }] }),
                    json!({ "choices": [{ "text": "", "stop_reason": "stop" }], M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
            (
                NativeFormat::GptOss,
                vec![
                    chat(json!("<reaso"), Value::Null),
                    chat(json!("ning>Hm</reasoning>Yes"), Value::Null),
                    chat(json!("."), Value::Null),
                    chat(Value::Null, json!("stop")),
                    json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 3 }, M: metrics(7, 3) }),
                ],
                said("Yes.", Some((7, 3)), "end_turn"),
            ),
        ] {
            let (reply, added, ended) = stream(format, &chunks);
            assert_eq!(added.concat(), reply.text, "{format:?}: the pieces are the text");
            assert_eq!((reply, ended), (wanted, true), "{format:?}");
            let (_, _, ended) = stream(format, &chunks[..1]);
            assert!(!ended, "{format:?} has not ended after its first chunk");
        }
    }

    #[test]
    fn a_stream_that_breaks_keeps_what_it_said() {
        let chunks = [json!({ "generation": "Yes", "prompt_token_count": 7, "generation_token_count": 1 })];
        let (reply, _, ended) = stream(NativeFormat::Llama3, &chunks);
        assert_eq!((reply.text.as_str(), reply.stop_reason, ended), ("Yes", None, false));
    }
}
