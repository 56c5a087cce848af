//! Parameters: what a family's body calls them, what it takes of them, and what of a request it does not take.

use serde_json::{Map, Value, json};

use crate::bench::family::NativeFormat;
use crate::bench::model::ModelId;
use crate::bench::request::{Parameters, Request};

/// What `max_tokens` becomes for a body that requires one when neither the request nor a model gives it:
/// the largest value that every model with such a body takes.
const REQUIRED_MAX_TOKENS: u32 = 4_096;

/// How a family calls the inference parameters in its body, and the most output tokens that the body may ask for.
pub(super) struct Names {
    /// The object that holds them, where they do not stand at the top.
    pub(super) inside: Option<&'static str>,
    pub(super) max_tokens: &'static str,
    max_tokens_limit: u32,
    /// Whether a body without it cuts answers off at a few hundred tokens: 512 for Llama, Titan and Mistral's
    /// instruct models, 200 for Jurassic-2, 20 for Command (source: Bedrock user guide, `model-parameters-*`).
    short_unless_said: bool,
    pub(super) temperature: &'static str,
    pub(super) top_p: &'static str,
    /// `None` where the family's body has no stop sequences.
    pub(super) stop: Option<&'static str>,
}

/// Most families: `max_tokens`, `temperature`, `top_p`, `stop`, no limit of the body's own.
const PLAIN: Names = Names {
    inside: None,
    max_tokens: "max_tokens",
    max_tokens_limit: u32::MAX,
    short_unless_said: false,
    temperature: "temperature",
    top_p: "top_p",
    stop: Some("stop"),
};
const LLAMA: Names =
    Names { max_tokens: "max_gen_len", max_tokens_limit: 2_048, short_unless_said: true, stop: None, ..PLAIN };
const COHERE: Names = Names { max_tokens_limit: 4_096, top_p: "p", stop: Some("stop_sequences"), ..PLAIN };

/// The names of a family.
pub(super) fn names(format: NativeFormat) -> Names {
    match format {
        NativeFormat::Claude => Names { stop: Some("stop_sequences"), ..PLAIN },
        NativeFormat::Llama2 | NativeFormat::Llama3 => LLAMA,
        NativeFormat::Llama4 => Names { max_tokens_limit: 8_192, ..LLAMA },
        NativeFormat::TitanText => Names {
            inside: Some("textGenerationConfig"),
            max_tokens: "maxTokenCount",
            max_tokens_limit: 8_192,
            short_unless_said: true,
            top_p: "topP",
            stop: Some("stopSequences"),
            ..PLAIN
        },
        NativeFormat::Nova => Names {
            inside: Some("inferenceConfig"),
            max_tokens: "maxTokens",
            top_p: "topP",
            stop: Some("stopSequences"),
            ..PLAIN
        },
        NativeFormat::CohereCommand => Names { short_unless_said: true, ..COHERE },
        NativeFormat::CohereCommandR => COHERE,
        NativeFormat::Jurassic => Names {
            max_tokens: "maxTokens",
            max_tokens_limit: 8_191,
            short_unless_said: true,
            top_p: "topP",
            stop: Some("stopSequences"),
            ..PLAIN
        },
        NativeFormat::Jamba => Names { max_tokens_limit: 4_096, ..PLAIN },
        NativeFormat::MistralInstruct => Names { max_tokens_limit: 8_192, short_unless_said: true, ..PLAIN },
        NativeFormat::DeepSeekR1 => Names { max_tokens_limit: 32_768, ..PLAIN },
        NativeFormat::OpenAiChat => PLAIN,
        NativeFormat::GptOss => Names { max_tokens: "max_completion_tokens", ..PLAIN },
    }
}

/// The most output tokens that a body may ask for: the family's, or less for the models that take less
/// (source: Bedrock user guide, `model-parameters-titan-text` and `model-parameters-mistral-text-completion`).
fn limit(names: &Names, base_model: &str) -> u32 {
    const LESS: [(&str, u32); 3] =
        [("amazon.titan-text-lite", 4_096), ("amazon.titan-text-premier", 3_072), ("mistral.mixtral", 4_096)];
    let less = LESS.iter().find(|(start, _)| base_model.starts_with(start));
    less.map_or(names.max_tokens_limit, |(_, limit)| *limit)
}

/// What `max_tokens` becomes in the model's native body: never more than that body may ask for.
pub fn sent_max_tokens(model: &ModelId, max_tokens: u32) -> u32 {
    max_tokens.min(limit(&names(model.family().native), model.base()))
}

/// What the native body of a model does not take of these parameters as they are, a sentence each.
pub fn departures(model: &ModelId, parameters: &Parameters) -> Vec<String> {
    let names = names(model.family().native);
    let mut notes = Vec::new();
    if let Some(asked) = parameters.max_tokens.filter(|asked| sent_max_tokens(model, *asked) < *asked) {
        notes.push(format!(
            "max_tokens is lowered from {asked} to {}, the most that {} of its InvokeModel body may be",
            sent_max_tokens(model, asked),
            names.max_tokens
        ));
    }
    if names.stop.is_none() && !parameters.stop.is_empty() {
        notes.push("stop sequences are not sent: its InvokeModel body has none".into());
    }
    notes
}

/// The parameters under the family's own names, and the object that holds them, where they do not stand at the top.
/// `most` is the model's largest output, where that is known.
pub(super) fn parameters(
    format: NativeFormat,
    base_model: &str,
    request: &Request,
    most: Option<u32>,
) -> (Option<&'static str>, Map<String, Value>) {
    let names = names(format);
    let set = &request.parameters;
    let unset = match format {
        NativeFormat::Claude => Some(most.unwrap_or(REQUIRED_MAX_TOKENS)),
        // Writer's models stop at 16 tokens.
        _ => most.filter(|_| names.short_unless_said || base_model.starts_with("writer.")),
    };
    let max_tokens = set.max_tokens.or(unset);
    let mut out = Map::new();
    if let Some(max_tokens) = max_tokens {
        out.insert(names.max_tokens.into(), json!(max_tokens.min(limit(&names, base_model))));
    }
    if let Some(temperature) = set.temperature {
        out.insert(names.temperature.into(), decimal(temperature));
    }
    if let Some(top_p) = set.top_p {
        out.insert(names.top_p.into(), decimal(top_p));
    }
    if let (Some(stop), false) = (names.stop, set.stop.is_empty()) {
        out.insert(stop.into(), json!(set.stop));
    }
    (names.inside, out)
}

/// A parameter as the user wrote it: `0.7`, not the nearest `f32` spelled in `f64`.
pub(super) fn decimal(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_body_does_not_take_is_said() {
        let parameters = |max_tokens| Parameters { max_tokens, stop: vec!["END".into()], ..Parameters::default() };
        let said = |model: &str, max_tokens| departures(&ModelId::parse(model), &parameters(max_tokens)).join("; ");
        assert!(said("meta.llama3-8b-instruct-v1:0", Some(4_096)).contains("from 4096 to 2048"));
        assert!(said("meta.llama3-8b-instruct-v1:0", None).starts_with("stop sequences are not sent"));
        assert_eq!(said("us.anthropic.claude-opus-5", Some(64_000)), "");
        for (model, most) in [
            ("amazon.titan-text-lite-v1", 4_096),
            ("amazon.titan-text-express-v1", 8_192),
            ("amazon.titan-text-premier-v1:0", 3_072),
            ("mistral.mixtral-8x7b-instruct-v0:1", 4_096),
        ] {
            let model = ModelId::parse(model);
            assert_eq!(sent_max_tokens(&model, 10_000), most, "{model}");
        }
    }
}
