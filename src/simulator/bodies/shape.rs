//! Shapes: one row a native body — its keys, its parameters and their ranges (source: Bedrock user guide,
//! `model-parameters-*`).

use crate::bench::family::NativeFormat;
use crate::bench::model::ModelId;
use crate::simulator::bodies::chat;
use crate::simulator::bodies::rules::{Number, Object, Stops, Words, real, stops, whole};
use crate::simulator::bodies::template::{bare, deepseek, framed, headed, instructed};
use crate::simulator::problem::Problem;
use crate::simulator::prompt::Prompt;

/// How a family's body is read: its keys, and where its parameters stand.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Who refuses what is wrong.
    pub(super) words: Words,
    /// Keys without which the body is refused.
    pub(super) required: &'static [&'static str],
    /// Keys that the body may have.
    pub(super) keys: &'static [&'static str],
    /// The object that holds the parameters with its keys, where they do not stand at the top.
    pub(super) inside: Option<(&'static str, &'static [&'static str])>,
    /// The names of the most output tokens; the last one that is there counts.
    pub(super) max_tokens: &'static [&'static str],
    /// Most output tokens that the body's own schema allows a model; none where the model's largest output is the limit.
    pub(super) most: fn(&str) -> Option<u32>,
    /// Further numbers.
    pub(super) numbers: &'static [Number],
    /// The stop sequences, where the body has them.
    pub(super) stop: Option<Stops>,
    /// Keys that are one of some words.
    pub(super) words_of: &'static [(&'static str, &'static [&'static str])],
    /// The body's prompt.
    pub(super) read: fn(&ModelId, &Object) -> Result<Prompt, Problem>,
}

const SCHEMA: Words = Words::Schema;

const LLAMA: Shape = Shape {
    words: SCHEMA,
    required: &["prompt"],
    keys: &["prompt", "max_gen_len", "temperature", "top_p", "images"],
    inside: None,
    max_tokens: &["max_gen_len"],
    most: |_| Some(2_048),
    numbers: &[real("temperature", 0.0, 1.0), real("top_p", 0.0, 1.0)],
    stop: None,
    words_of: &[],
    read: |_, body| {
        Ok(headed(SCHEMA.text(body, "prompt", "#")?, "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"))
    },
};

const CHAT: Shape = Shape {
    words: SCHEMA,
    required: &["messages"],
    keys: &[
        "messages",
        "model",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "n",
        "stop",
        "stream",
        "stream_options",
        "seed",
        "random_seed",
        "user",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "reasoning",
        "thinking",
        "chat_template_kwargs",
        "safe_prompt",
        "documents",
        "metadata",
        "service_tier",
        "store",
        "verbosity",
    ],
    inside: None,
    max_tokens: &["max_tokens", "max_completion_tokens"],
    most: |_| None,
    numbers: &[
        real("temperature", 0.0, 2.0),
        real("top_p", 0.0, 1.0),
        real("presence_penalty", -2.0, 2.0),
        real("frequency_penalty", -2.0, 2.0),
        whole("n", 1, 16),
    ],
    stop: Some(Stops { key: "stop", most: 16, single: true }),
    words_of: &[],
    read: chat::openai,
};

const CLAUDE: Shape = Shape {
    words: Words::Anthropic,
    required: &["anthropic_version", "max_tokens", "messages"],
    keys: &[
        "anthropic_version",
        "anthropic_beta",
        "max_tokens",
        "system",
        "messages",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "output_format",
        "metadata",
        "context_management",
    ],
    max_tokens: &["max_tokens"],
    numbers: &[real("temperature", 0.0, 1.0), real("top_p", 0.0, 1.0), whole("top_k", 0, 500)],
    stop: Some(stops("stop_sequences", 8_191)),
    words_of: &[("anthropic_version", &["bedrock-2023-05-31"])],
    read: chat::claude,
    ..CHAT
};

const NOVA: Shape = Shape {
    keys: &["schemaVersion", "system", "messages", "inferenceConfig", "toolConfig", "reasoningConfig"],
    inside: Some((
        "inferenceConfig",
        &[
            "maxTokens",
            "max_new_tokens",
            "temperature",
            "topP",
            "top_p",
            "topK",
            "top_k",
            "stopSequences",
            "reasoningConfig",
        ],
    )),
    max_tokens: &["max_new_tokens", "maxTokens"],
    numbers: &[
        real("temperature", 0.0, 1.0),
        real("topP", 0.0, 1.0),
        real("top_p", 0.0, 1.0),
        whole("topK", 0, 128),
        whole("top_k", 0, 128),
    ],
    stop: Some(stops("stopSequences", 2_500)),
    words_of: &[("schemaVersion", &["messages-v1"])],
    read: chat::nova,
    ..CHAT
};

const TITAN: Shape = Shape {
    required: &["inputText"],
    keys: &["inputText", "textGenerationConfig"],
    inside: Some(("textGenerationConfig", &["maxTokenCount", "temperature", "topP", "stopSequences"])),
    max_tokens: &["maxTokenCount"],
    most: |base| {
        Some(match base {
            _ if base.contains("lite") => 4_096,
            _ if base.contains("premier") => 3_072,
            _ => 8_192,
        })
    },
    numbers: &[real("temperature", 0.0, 1.0), real("topP", 0.0, 1.0)],
    stop: Some(stops("stopSequences", 2_500)),
    read: |_, body| Ok(framed(SCHEMA.text(body, "inputText", "#")?)),
    ..CHAT
};

const COMMAND: Shape = Shape {
    required: &["prompt"],
    keys: &[
        "prompt",
        "temperature",
        "p",
        "k",
        "max_tokens",
        "stop_sequences",
        "return_likelihoods",
        "stream",
        "num_generations",
        "logit_bias",
        "truncate",
    ],
    max_tokens: &["max_tokens"],
    most: |_| Some(4_096),
    numbers: &[
        real("temperature", 0.0, 5.0),
        real("p", 0.0, 1.0),
        real("k", 0.0, 500.0),
        whole("num_generations", 1, 5),
    ],
    stop: Some(stops("stop_sequences", 4)),
    words_of: &[("return_likelihoods", &["GENERATION", "ALL", "NONE"]), ("truncate", &["NONE", "START", "END"])],
    read: |_, body| Ok(bare(SCHEMA.text(body, "prompt", "#")?)),
    ..CHAT
};

const COMMAND_R: Shape = Shape {
    required: &["message"],
    keys: &[
        "message",
        "chat_history",
        "documents",
        "search_queries_only",
        "preamble",
        "max_tokens",
        "temperature",
        "p",
        "k",
        "prompt_truncation",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "return_prompt",
        "tools",
        "tool_results",
        "stop_sequences",
        "raw_prompting",
    ],
    max_tokens: &["max_tokens"],
    most: |_| Some(4_096),
    numbers: &[
        real("temperature", 0.0, 1.0),
        real("p", 0.01, 0.99),
        real("k", 0.0, 500.0),
        real("frequency_penalty", 0.0, 1.0),
        real("presence_penalty", 0.0, 1.0),
    ],
    stop: Some(stops("stop_sequences", 2_500)),
    words_of: &[("prompt_truncation", &["OFF", "AUTO_PRESERVE_ORDER"])],
    read: |_, body| chat::command_r(body),
    ..CHAT
};

const JURASSIC: Shape = Shape {
    required: &["prompt"],
    keys: &[
        "prompt",
        "maxTokens",
        "temperature",
        "topP",
        "stopSequences",
        "countPenalty",
        "presencePenalty",
        "frequencyPenalty",
        "numResults",
        "minTokens",
        "topKReturn",
    ],
    max_tokens: &["maxTokens"],
    most: |_| Some(8_191),
    numbers: &[real("temperature", 0.0, 1.0), real("topP", 0.0, 1.0), whole("numResults", 1, 16)],
    stop: Some(stops("stopSequences", 2_500)),
    read: |_, body| Ok(bare(SCHEMA.text(body, "prompt", "#")?)),
    ..CHAT
};

const MISTRAL: Shape = Shape {
    required: &["prompt"],
    keys: &["prompt", "max_tokens", "stop", "temperature", "top_p", "top_k"],
    max_tokens: &["max_tokens"],
    most: |base| Some(if base.starts_with("mistral.mixtral") { 4_096 } else { 8_192 }),
    numbers: &[real("temperature", 0.0, 1.0), real("top_p", 0.0, 1.0), whole("top_k", 1, 200)],
    stop: Some(stops("stop", 10)),
    read: |_, body| Ok(instructed(SCHEMA.text(body, "prompt", "#")?)),
    ..CHAT
};

const DEEPSEEK: Shape = Shape {
    keys: &["prompt", "max_tokens", "stop", "temperature", "top_p"],
    most: |_| Some(32_768),
    numbers: &[real("temperature", 0.0, 1.0), real("top_p", 0.0, 1.0)],
    read: |_, body| Ok(deepseek(SCHEMA.text(body, "prompt", "#")?)),
    ..MISTRAL
};

/// The shape of a family's body.
pub(super) fn of(format: NativeFormat) -> Shape {
    match format {
        NativeFormat::Claude => CLAUDE,
        NativeFormat::Llama2 => Shape { read: |_, body| Ok(instructed(SCHEMA.text(body, "prompt", "#")?)), ..LLAMA },
        NativeFormat::Llama3 => LLAMA,
        NativeFormat::Llama4 => Shape {
            most: |_| Some(8_192),
            read: |_, body| {
                Ok(headed(SCHEMA.text(body, "prompt", "#")?, "<|header_start|>", "<|header_end|>", "<|eot|>"))
            },
            ..LLAMA
        },
        NativeFormat::TitanText => TITAN,
        NativeFormat::Nova => NOVA,
        NativeFormat::CohereCommand => COMMAND,
        NativeFormat::CohereCommandR => COMMAND_R,
        NativeFormat::Jurassic => JURASSIC,
        NativeFormat::Jamba => Shape { max_tokens: &["max_tokens"], most: |_| Some(4_096), ..CHAT },
        NativeFormat::MistralInstruct => MISTRAL,
        NativeFormat::DeepSeekR1 => DEEPSEEK,
        NativeFormat::OpenAiChat | NativeFormat::GptOss => CHAT,
    }
}
