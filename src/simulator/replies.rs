//! Replies: native `InvokeModel` replies of each family, whole and in stream chunks (source: `model-parameters-*`).

use serde_json::{Value, json};

use crate::bench::family::NativeFormat;
use crate::simulator::answer::{Answer, Stop};
use crate::simulator::converse::extend;
use crate::simulator::said::Said;

/// Whether a family's bodies can be streamed (AI21's Jurassic-2 cannot).
pub(super) fn streams(format: NativeFormat) -> bool {
    format != NativeFormat::Jurassic
}

/// A native reply.
pub(super) fn reply(said: &Said<'_>) -> Value {
    let format = said.model.family().native;
    let answer = &said.script.answer;
    let (stop, text) = (stop_word(format, &answer.stop), whole_text(format, answer));
    let (input, output) = (said.input.total(), said.script.tokens());
    let counted = !said.withhold_usage;
    match format {
        NativeFormat::Claude => claude_message(said, &json!([{ "type": "text", "text": text }]), &json!(stop), output),
        NativeFormat::Llama2 | NativeFormat::Llama3 | NativeFormat::Llama4 => {
            let counts = json!({ "prompt_token_count": input, "generation_token_count": output });
            with(json!({ "generation": text, "stop_reason": stop }), counted, counts)
        }
        NativeFormat::TitanText => {
            let mut result = json!({ "outputText": text, "completionReason": stop });
            if counted {
                result["tokenCount"] = json!(output);
            }
            with(json!({ "results": [result] }), counted, json!({ "inputTextTokenCount": input }))
        }
        NativeFormat::Nova => {
            let message = json!({ "role": "assistant", "content": [{ "text": text }] });
            let reply = json!({ "output": { "message": message }, "stopReason": stop });
            with(reply, counted, json!({ "usage": nova_usage(said) }))
        }
        NativeFormat::CohereCommand => {
            let generation = json!({ "id": said.id, "text": text, "finish_reason": stop });
            json!({ "id": said.id, "generations": [generation], "prompt": said.prompt.question() })
        }
        NativeFormat::CohereCommandR => {
            json!({ "response_id": said.id, "generation_id": said.id, "text": text, "finish_reason": stop })
        }
        NativeFormat::Jurassic => {
            // Token lists are how this family counts; what each token says is of no use to anybody.
            let list = |n: u64| if counted { vec![json!({ "generatedToken": {} }); n as usize] } else { Vec::new() };
            json!({
                "id": 1,
                "prompt": { "text": said.prompt.question(), "tokens": list(input) },
                "completions": [{ "data": { "text": text, "tokens": list(output) }, "finishReason": { "reason": stop } }],
            })
        }
        NativeFormat::MistralInstruct => json!({ "outputs": [{ "text": text, "stop_reason": stop }] }),
        NativeFormat::DeepSeekR1 => json!({ "choices": [{ "text": text, "stop_reason": stop }] }),
        NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => {
            let message = json!({ "role": "assistant", "content": text });
            let choice = json!({ "index": 0, "message": message, "finish_reason": stop });
            let reply =
                json!({ "id": said.id, "object": "chat.completion", "model": said.model.base(), "choices": [choice] });
            with(reply, counted, json!({ "usage": chat_usage(said) }))
        }
    }
}

/// The chunks before the first text.
pub(super) fn opening(said: &Said<'_>) -> Vec<Value> {
    match said.model.family().native {
        NativeFormat::Claude => vec![
            json!({ "type": "message_start", "message": claude_message(said, &json!([]), &Value::Null, 1) }),
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        ],
        NativeFormat::Nova => vec![json!({ "messageStart": { "role": "assistant" } })],
        NativeFormat::CohereCommandR => {
            vec![json!({ "event_type": "stream-start", "is_finished": false, "generation_id": said.id })]
        }
        NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => {
            vec![chat_chunk(said, &json!({ "role": "assistant", "content": "" }), &Value::Null)]
        }
        _ => Vec::new(),
    }
}

/// The chunk of a piece of the script.
pub(super) fn delta(said: &Said<'_>, at: usize) -> Value {
    let format = said.model.family().native;
    let chunk = &said.script.chunks[at];
    let text = chunk_text(format, said, at);
    match format {
        NativeFormat::Claude => {
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } })
        }
        NativeFormat::Llama2 | NativeFormat::Llama3 | NativeFormat::Llama4 => {
            let input = (at == 0 && !said.withhold_usage).then(|| said.input.total());
            let output = (!said.withhold_usage).then_some(chunk.tokens);
            json!({ "generation": text, "prompt_token_count": input, "generation_token_count": output, "stop_reason": null })
        }
        NativeFormat::TitanText => json!({ "outputText": text, "index": 0, "completionReason": null }),
        NativeFormat::Nova => json!({ "contentBlockDelta": { "delta": { "text": text }, "contentBlockIndex": 0 } }),
        NativeFormat::CohereCommand => json!({ "text": text, "is_finished": false, "index": 0 }),
        NativeFormat::CohereCommandR => {
            json!({ "event_type": "text-generation", "is_finished": false, "text": text })
        }
        NativeFormat::MistralInstruct => json!({ "outputs": [{ "text": text, "stop_reason": null }] }),
        NativeFormat::DeepSeekR1 => json!({ "choices": [{ "text": text, "stop_reason": null }] }),
        NativeFormat::Jurassic | NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => {
            chat_chunk(said, &json!({ "content": text }), &Value::Null)
        }
    }
}

/// The chunks behind the last text; the very last one carries Bedrock's own metrics.
pub(super) fn closing(said: &Said<'_>) -> Vec<Value> {
    let format = said.model.family().native;
    let stop = stop_word(format, &said.script.answer.stop);
    let (input, output) = (said.input.total(), said.script.tokens());
    let counted = !said.withhold_usage;
    let mut chunks = match format {
        NativeFormat::Claude => {
            let delta = json!({ "stop_reason": stop, "stop_sequence": stop_sequence(&said.script.answer.stop) });
            let delta = json!({ "type": "message_delta", "delta": delta });
            vec![
                json!({ "type": "content_block_stop", "index": 0 }),
                with(delta, counted, json!({ "usage": { "output_tokens": output } })),
                json!({ "type": "message_stop" }),
            ]
        }
        NativeFormat::Llama2 | NativeFormat::Llama3 | NativeFormat::Llama4 => {
            let output = counted.then_some(output);
            vec![
                json!({ "generation": "", "prompt_token_count": null, "generation_token_count": output, "stop_reason": stop }),
            ]
        }
        NativeFormat::TitanText => {
            let last = json!({ "outputText": "", "index": 0, "completionReason": stop });
            let counts = json!({ "totalOutputTextTokenCount": output, "inputTextTokenCount": input });
            vec![with(last, counted, counts)]
        }
        NativeFormat::Nova => {
            let mut metadata = json!({ "metrics": {}, "trace": {} });
            if counted {
                metadata["usage"] = nova_usage(said);
            }
            vec![
                json!({ "contentBlockStop": { "contentBlockIndex": 0 } }),
                json!({ "messageStop": { "stopReason": stop } }),
                json!({ "metadata": metadata }),
            ]
        }
        NativeFormat::CohereCommand => vec![json!({ "finish_reason": stop, "is_finished": true })],
        NativeFormat::CohereCommandR => {
            let text = whole_text(format, &said.script.answer);
            let response = json!({ "response_id": said.id, "text": text, "finish_reason": stop });
            let units = json!({ "meta": { "billed_units": { "input_tokens": input, "output_tokens": output } } });
            let response = with(response, counted, units);
            vec![
                json!({ "event_type": "stream-end", "is_finished": true, "finish_reason": stop, "response": response }),
            ]
        }
        NativeFormat::MistralInstruct => vec![json!({ "outputs": [{ "text": "", "stop_reason": stop }] })],
        NativeFormat::DeepSeekR1 => vec![json!({ "choices": [{ "text": "", "stop_reason": stop }] })],
        NativeFormat::Jurassic | NativeFormat::Jamba | NativeFormat::OpenAiChat | NativeFormat::GptOss => {
            let last = chat_chunk(said, &json!({ "content": "" }), &json!(stop));
            vec![with(last, counted, json!({ "usage": chat_usage(said) }))]
        }
    };
    if let (true, Some(last)) = (counted, chunks.last_mut()) {
        last["amazon-bedrock-invocationMetrics"] = metrics(said);
    }
    chunks
}

fn metrics(said: &Said<'_>) -> Value {
    let mut metrics = json!({
        "inputTokenCount": said.input.plain,
        "outputTokenCount": said.script.tokens(),
        "invocationLatency": said.took().as_millis() as u64,
        "firstByteLatency": said.first().as_millis() as u64,
    });
    if said.prompt.cached.is_some() {
        metrics["cacheReadInputTokenCount"] = json!(said.input.read);
        metrics["cacheWriteInputTokenCount"] = json!(said.input.write);
    }
    metrics
}

/// A value with more members, where they are to be told.
fn with(mut value: Value, told: bool, members: Value) -> Value {
    if told {
        extend(&mut value, members);
    }
    value
}

fn claude_message(said: &Said<'_>, content: &Value, stop: &Value, output: u64) -> Value {
    let sequence = if stop.is_null() { Value::Null } else { stop_sequence(&said.script.answer.stop) };
    let message = json!({
        "id": format!("msg_bdrk_{}", said.id.replace('-', "")),
        "type": "message",
        "role": "assistant",
        "model": said.model.base().trim_start_matches("anthropic."),
        "content": content,
        "stop_reason": stop,
        "stop_sequence": sequence,
    });
    let mut usage = json!({ "input_tokens": said.input.plain, "output_tokens": output });
    if said.prompt.cached.is_some() {
        usage["cache_creation_input_tokens"] = json!(said.input.write);
        usage["cache_read_input_tokens"] = json!(said.input.read);
    }
    with(message, !said.withhold_usage, json!({ "usage": usage }))
}

fn stop_sequence(stop: &Stop) -> Value {
    match stop {
        Stop::Sequence(sequence) => json!(sequence),
        _ => Value::Null,
    }
}

fn nova_usage(said: &Said<'_>) -> Value {
    let (input, output) = (said.input, said.script.tokens());
    json!({
        "inputTokens": input.plain,
        "outputTokens": output,
        "totalTokens": input.total() + output,
        "cacheReadInputTokenCount": input.read,
        "cacheWriteInputTokenCount": input.write,
    })
}

fn chat_usage(said: &Said<'_>) -> Value {
    let (input, output) = (said.input.total(), said.script.tokens());
    json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output })
}

fn chat_chunk(said: &Said<'_>, delta: &Value, stop: &Value) -> Value {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": stop });
    json!({ "id": said.id, "object": "chat.completion.chunk", "model": said.model.base(), "choices": [choice] })
}

/// How a family marks thoughts in its text: R1's prompt opens them and the text closes them, gpt-oss marks both ends.
fn thought_marks(format: NativeFormat) -> (&'static str, &'static str) {
    match format {
        NativeFormat::DeepSeekR1 => ("", "\n</think>\n\n"),
        NativeFormat::GptOss => ("<reasoning>", "</reasoning>"),
        _ => ("", ""),
    }
}

fn whole_text(format: NativeFormat, answer: &Answer) -> String {
    if answer.thoughts.is_empty() {
        return answer.text.clone();
    }
    let (before, behind) = thought_marks(format);
    // Thoughts that were cut off never end.
    let behind = if answer.text.is_empty() { "" } else { behind };
    format!("{before}{}{behind}{}", answer.thoughts, answer.text)
}

fn chunk_text(format: NativeFormat, said: &Said<'_>, at: usize) -> String {
    let (chunk, (open, close)) = (&said.script.chunks[at], thought_marks(format));
    let text = said.script.text(chunk);
    match at.checked_sub(1).map(|before| &said.script.chunks[before]) {
        None if chunk.thought => format!("{open}{text}"),
        Some(before) if before.thought && !chunk.thought => format!("{close}{text}"),
        _ => text.to_owned(),
    }
}

fn stop_word(format: NativeFormat, stop: &Stop) -> &'static str {
    let [end, limit, sequence] = match format {
        NativeFormat::Claude | NativeFormat::Nova => ["end_turn", "max_tokens", "stop_sequence"],
        NativeFormat::TitanText => ["FINISH", "LENGTH", "STOP_CRITERIA_MET"],
        NativeFormat::CohereCommand | NativeFormat::CohereCommandR => ["COMPLETE", "MAX_TOKENS", "STOP_SEQUENCE"],
        NativeFormat::Jurassic => ["endoftext", "length", "stop"],
        _ => ["stop", "length", "stop"],
    };
    match stop {
        Stop::EndTurn => end,
        Stop::MaxTokens => limit,
        Stop::Sequence(_) => sequence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::model::ModelId;
    use crate::simulator::prompt::Prompt;
    use crate::simulator::scenario::Scenario;
    use crate::simulator::script::{self, Stage};
    use crate::simulator::world::Input;

    /// A model of each native format.
    const MODELS: [&str; 14] = [
        "anthropic.claude-3-sonnet-20240229-v1:0",
        "meta.llama2-13b-chat-v1",
        "meta.llama3-8b-instruct-v1:0",
        "meta.llama4-scout-17b-instruct-v1:0",
        "amazon.titan-text-express-v1",
        "amazon.nova-lite-v1:0",
        "cohere.command-text-v14",
        "cohere.command-r-v1:0",
        "ai21.j2-mid-v1",
        "ai21.jamba-1-5-mini-v1:0",
        "mistral.mistral-7b-instruct-v0:2",
        "deepseek.r1-v1:0",
        "qwen.qwen3-32b-v1:0",
        "openai.gpt-oss-120b-1:0",
    ];

    fn told(model: &str, thoughts: &str, withhold_usage: bool, look: impl Fn(&Said<'_>)) {
        let (scenario, model, prompt) = (Scenario::default(), ModelId::parse(model), Prompt::default());
        let text = "It is a service. It has an API.".to_owned();
        let answer = Answer { thoughts: thoughts.into(), text, stop: Stop::EndTurn };
        let stage =
            Stage { scenario: &scenario, seed: 1, body: 2, nth: 0, model: &model, input_tokens: 11, mishap: None };
        let script = script::lay_out(stage, answer);
        let input = Input { plain: 11, ..Input::default() };
        look(&Said { script: &script, prompt: &prompt, model: &model, input, id: "id", latency: None, withhold_usage });
    }

    /// All strings of a JSON value under the given names, in order.
    fn strings(value: &Value, names: &[&str], into: &mut String) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| match value {
                Value::String(text) if names.contains(&key.as_str()) => into.push_str(text),
                other => strings(other, names, into),
            }),
            Value::Array(list) => list.iter().for_each(|value| strings(value, names, into)),
            _ => {}
        }
    }

    #[test]
    fn the_chunks_of_every_family_add_up_to_the_answer() {
        for model in MODELS {
            told(model, "", false, |said| {
                if !streams(said.model.family().native) {
                    return;
                }
                let mut text = String::new();
                for at in 0..said.script.chunks.len() {
                    strings(&delta(said, at), &["text", "generation", "outputText", "content"], &mut text);
                }
                assert_eq!(text, said.script.answer.text, "{model}");
                let last = closing(said).pop().unwrap_or_default();
                assert_eq!(last["amazon-bedrock-invocationMetrics"]["inputTokenCount"], 11, "{model}");
                assert_eq!(
                    last["amazon-bedrock-invocationMetrics"]["outputTokenCount"],
                    said.script.tokens(),
                    "{model}"
                );
            });
        }
    }

    #[test]
    fn a_service_that_withholds_its_usage_says_no_number_of_tokens() {
        for model in MODELS {
            told(model, "", true, |said| {
                let mut all = vec![reply(said)];
                all.extend(opening(said));
                all.push(delta(said, 0));
                all.extend(closing(said));
                let text = serde_json::to_string(&all).unwrap_or_default();
                for word in ["\"usage\"", "invocationMetrics", "billed_units", "_count\":1", "TokenCount"] {
                    assert!(!text.contains(word), "{model}: {word} in {text}");
                }
            });
        }
    }

    #[test]
    fn thoughts_are_marked_as_the_family_marks_them() {
        for (model, marked) in [
            ("deepseek.r1-v1:0", "Hm.\n</think>\n\nIt is a service."),
            ("openai.gpt-oss-120b-1:0", "<reasoning>Hm.</reasoning>It is a service."),
        ] {
            told(model, "Hm.", false, |said| {
                let mut text = String::new();
                for at in 0..said.script.chunks.len() {
                    strings(&delta(said, at), &["text", "content"], &mut text);
                }
                assert!(text.starts_with(marked), "{text}");
                let mut whole = String::new();
                strings(&reply(said)["choices"], &["text", "content"], &mut whole);
                assert_eq!(whole, text);
            });
        }
    }
}
