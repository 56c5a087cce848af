//! FAMILIES: one row a model family; everything that depends on the family is read from its row.

use std::time::Duration;

/// The shape of a family's `InvokeModel` body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NativeFormat {
    /// Anthropic Messages.
    Claude,
    /// `[INST] <<SYS>>` template.
    Llama2,
    /// `<|start_header_id|>` template.
    Llama3,
    /// `<|header_start|>` template.
    Llama4,
    /// `inputText` with a `User:`/`Bot:` frame.
    TitanText,
    /// `schemaVersion: messages-v1`.
    Nova,
    /// Cohere Command and Command Light: a bare prompt.
    CohereCommand,
    /// Cohere Command R and R+: message, history, preamble.
    CohereCommandR,
    /// AI21 Jurassic-2: a bare prompt.
    Jurassic,
    /// AI21 Jamba: chat messages.
    Jamba,
    /// Mistral 7B, Mixtral and the first Large and Small: `[INST]` prompt.
    MistralInstruct,
    /// `DeepSeek` R1: full-width template tokens.
    DeepSeekR1,
    /// The `OpenAI` chat body.
    OpenAiChat,
    /// The `OpenAI` chat body with `OpenAI`'s newer parameter names.
    GptOss,
}

/// How fast the simulator lets a family answer; a model, not a measurement of AWS.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// Median time to first token.
    pub ttft: Duration,
    /// Median output tokens a second once it flows.
    pub tokens_per_second: f64,
}

/// One row of [`FAMILIES`].
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The family's name in reports (`claude`, `llama` …).
    pub name: &'static str,
    /// How a base model id of this family begins, provider included.
    pub starts: &'static [&'static str],
    /// The shape of its `InvokeModel` body.
    pub native: NativeFormat,
    /// Whether Converse accepts a system prompt; where not it is put before the user's turn.
    pub system_prompt: bool,
    /// The variant that the tutorial names for this family, before anything was measured.
    pub first_guess: &'static str,
    /// What the service reserves when `max_tokens` is unset and the model is not listed more exactly.
    pub default_max_tokens: u32,
    /// How fast the simulator answers.
    pub tempo: Tempo,
}

impl Family {
    /// Whether its replies can come as a stream; AI21's Jurassic-2 alone cannot (source: Bedrock user guide,
    /// `conversation-inference-supported-models-features`).
    pub fn streams(&self) -> bool {
        self.native != NativeFormat::Jurassic
    }
}

const FAST: Tempo = tempo(300, 300.0);
const MEDIUM: Tempo = tempo(600, 120.0);
const SLOW: Tempo = tempo(1200, 70.0);
const REASONING: Tempo = tempo(2000, 60.0);

const fn tempo(ttft_ms: u64, tokens_per_second: f64) -> Tempo {
    Tempo { ttft: Duration::from_millis(ttft_ms), tokens_per_second }
}

const fn row(
    name: &'static str,
    starts: &'static [&'static str],
    native: NativeFormat,
    system_prompt: bool,
    first_guess: &'static str,
    default_max_tokens: u32,
    tempo: Tempo,
) -> Family {
    Family { name, starts, native, system_prompt, first_guess, default_max_tokens, tempo }
}

/// Every family; the first row one of whose `starts` begins the base model id is taken, so longer starts stand first.
/// Bodies and system-prompt support: Bedrock user guide, `model-parameters-*` and
/// `conversation-inference-supported-models-features`.
pub const FAMILIES: &[Family] = &[
    row(
        "claude",
        &["anthropic.claude-3-haiku", "anthropic.claude-3-5-haiku", "anthropic.claude-haiku"],
        NativeFormat::Claude,
        true,
        "structured",
        64_000,
        MEDIUM,
    ),
    row("claude", &["anthropic."], NativeFormat::Claude, true, "structured", 64_000, SLOW),
    row("llama2", &["meta.llama2"], NativeFormat::Llama2, true, "minimal", 2_048, MEDIUM),
    row("llama3", &["meta.llama3"], NativeFormat::Llama3, true, "minimal", 2_048, FAST),
    row("llama4", &["meta.llama4", "meta."], NativeFormat::Llama4, true, "minimal", 8_192, FAST),
    row("titan", &["amazon.titan"], NativeFormat::TitanText, false, "concise", 8_192, MEDIUM),
    row("nova", &["amazon.nova", "amazon."], NativeFormat::Nova, true, "concise", 10_000, FAST),
    row(
        "command",
        &["cohere.command-text", "cohere.command-light"],
        NativeFormat::CohereCommand,
        false,
        "concise",
        4_096,
        MEDIUM,
    ),
    row("command-r", &["cohere.command-r", "cohere."], NativeFormat::CohereCommandR, true, "concise", 4_096, MEDIUM),
    row("jurassic", &["ai21.j2"], NativeFormat::Jurassic, false, "concise", 8_191, MEDIUM),
    row("jamba", &["ai21."], NativeFormat::Jamba, true, "concise", 4_096, MEDIUM),
    row(
        "mistral-instruct",
        &["mistral.mistral-7b", "mistral.mixtral"],
        NativeFormat::MistralInstruct,
        false,
        "concise",
        8_192,
        FAST,
    ),
    row(
        "mistral-instruct",
        &["mistral.mistral-large-2402", "mistral.mistral-small-2402"],
        NativeFormat::MistralInstruct,
        true,
        "concise",
        8_192,
        FAST,
    ),
    row("mistral", &["mistral."], NativeFormat::OpenAiChat, true, "concise", 8_192, MEDIUM),
    row("deepseek-r1", &["deepseek.r1"], NativeFormat::DeepSeekR1, true, "minimal", 32_768, REASONING),
    row("deepseek", &["deepseek."], NativeFormat::OpenAiChat, true, "concise", 32_768, MEDIUM),
    row("gpt-oss", &["openai."], NativeFormat::GptOss, true, "concise", 32_768, FAST),
    row("qwen", &["qwen."], NativeFormat::OpenAiChat, true, "concise", 32_768, FAST),
    row("palmyra", &["writer."], NativeFormat::OpenAiChat, true, "concise", 8_192, MEDIUM),
    row("minimax", &["minimax."], NativeFormat::OpenAiChat, true, "concise", 8_192, MEDIUM),
    row("glm", &["zai."], NativeFormat::OpenAiChat, true, "concise", 32_768, MEDIUM),
    row("kimi", &["moonshot.", "moonshotai."], NativeFormat::OpenAiChat, true, "concise", 32_768, REASONING),
    row("nemotron", &["nvidia."], NativeFormat::OpenAiChat, true, "concise", 32_768, MEDIUM),
    row("gemma", &["google."], NativeFormat::OpenAiChat, true, "concise", 8_192, MEDIUM),
];

/// The neutral row for a model that no family claims: nothing is known of it, and `unknown` says so.
pub const UNKNOWN: Family = row("unknown", &[], NativeFormat::OpenAiChat, true, "minimal", 8_192, MEDIUM);

/// The row of a base model id.
pub fn of(base_model: &str) -> &'static Family {
    FAMILIES.iter().find(|family| family.starts.iter().any(|start| base_model.starts_with(start))).unwrap_or(&UNKNOWN)
}

/// Whether an id begins with a provider that a row names.
pub fn is_provider(id: &str) -> bool {
    FAMILIES.iter().flat_map(|family| family.starts).any(|start| {
        let provider = start.split_inclusive('.').next().unwrap_or(start);
        id.starts_with(provider)
    })
}

/// The month in which the table behind [`burndown`] was read.
pub const BURNDOWN_READ_IN: &str = "2026-11";

/// How many quota tokens one output token takes, by base model.
///
/// As of [`BURNDOWN_READ_IN`] (source: Bedrock user guide, `quotas-token-burndown`): 15 for Claude 4.8; 10 for Opus 5 and 5.5,
/// Sonnet 5, Fable 5.1 and the GPT-5.6 models; 5 for every other Anthropic model up to 4.7; 1 for everything else.
/// An Anthropic model that is newer than the table, or has no version, is read cautiously: 15 for a later 4.x, else
/// 10. [`burndown_is_listed`] says which was read so. The user's `burndown` overrides it.
pub fn burndown(base_model: &str) -> u32 {
    if base_model.starts_with("anthropic.") {
        match claude_version(base_model) {
            Some(version) if version <= (4, 7) => 5,
            Some((4, _)) => 15,
            _ => 10,
        }
    } else if base_model.starts_with("openai.gpt-5.6") {
        10
    } else {
        1
    }
}

/// Whether the dated table behind [`burndown`] covers a base model. Where it does not (Fable 5, Sonnet 5.5, a Claude
/// or GPT released later), the rate is a reading and the user should be told.
pub fn burndown_is_listed(base_model: &str) -> bool {
    const NEWEST: [(&str, Version); 4] = [("opus", (5, 0)), ("opus", (5, 5)), ("sonnet", (5, 0)), ("fable", (5, 1))];
    if let Some(model) = base_model.strip_prefix("anthropic.claude-") {
        let named = |version| NEWEST.iter().any(|(name, newest)| model.starts_with(name) && *newest == version);
        return claude_version(base_model).is_some_and(|version| version <= (4, 8) || named(version));
    }
    match base_model.strip_prefix("openai.gpt-") {
        Some(model) => numbers(model).is_none_or(|version| version <= (5, 6)),
        None => !base_model.starts_with("anthropic."),
    }
}

/// Whether a model refuses `temperature` together with `top_p`: Claude from 4.1 on (source: facts on native formats,
/// errors in public issues).
pub fn takes_one_sampler(base_model: &str) -> bool {
    base_model.starts_with("anthropic.") && claude_version(base_model).is_none_or(|version| version >= (4, 1))
}

/// Whether a model takes a `temperature` at all: Claude from 4.7 on and GPT-5 and later refuse it (source: facts on
/// native formats, errors in public issues). What is too new to be known here is not sent one.
pub fn takes_temperature(base_model: &str) -> bool {
    if base_model.starts_with("anthropic.") {
        return claude_version(base_model).is_some_and(|version| version < (4, 7));
    }
    base_model.strip_prefix("openai.gpt-").is_none_or(|model| model.starts_with("oss"))
}

/// A model's version: major, minor.
type Version = (u32, u32);

/// The version in a Claude's id (`claude-3-5-sonnet-…` and `claude-opus-4-8` alike); `None` where it has none.
fn claude_version(base_model: &str) -> Option<Version> {
    let model = base_model.strip_prefix("anthropic.claude-")?;
    // Claude 1, 2 and Instant: the version stood behind a `v` and was followed by nothing newer.
    if model.starts_with('v') || model.starts_with("instant") {
        return Some((2, 1));
    }
    numbers(model.split_once("-v").map_or(model, |(name, _)| name))
}

/// The first number of one or two digits in a name, and the one right behind it or 0; longer ones are dates.
fn numbers(name: &str) -> Option<Version> {
    let number = |part: &str| part.parse().ok().filter(|_| part.len() <= 2);
    let parts: Vec<Option<u32>> = name.split(['-', '.', '@']).map(number).collect();
    let at = parts.iter().position(Option::is_some)?;
    Some((parts[at]?, parts.get(at + 1).copied().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burndown_follows_the_dated_table_and_says_where_it_does_not() {
        for (model, rate, listed) in [
            ("anthropic.claude-v2:1", 5, true),
            ("anthropic.claude-instant-v1", 5, true),
            ("anthropic.claude-3-sonnet-20240229-v1:0", 5, true),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", 5, true),
            ("anthropic.claude-opus-4-20250514-v1:0", 5, true),
            ("anthropic.claude-haiku-4-5@20251001", 5, true),
            ("anthropic.claude-opus-4-6-v1", 5, true),
            ("anthropic.claude-opus-4-7", 5, true),
            ("anthropic.claude-opus-4-8", 15, true),
            ("anthropic.claude-sonnet-4-8-20260801-v1:0", 15, true),
            ("anthropic.claude-haiku-4-9", 15, false),
            ("anthropic.claude-opus-5", 10, true),
            ("anthropic.claude-opus-5-5", 10, true),
            ("anthropic.claude-sonnet-5", 10, true),
            ("anthropic.claude-fable-5-1", 10, true),
            ("anthropic.claude-fable-5", 10, false),
            ("anthropic.claude-sonnet-5-5", 10, false),
            ("anthropic.claude-opus-5-6", 10, false),
            ("anthropic.claude-haiku-5-5", 10, false),
            ("anthropic.claude-mythos-preview-v1:0", 10, false),
            ("anthropic.claude-opus-6-20270101-v1:0", 10, false),
            ("anthropic.something-else", 10, false),
            ("openai.gpt-5.6-luna", 10, true),
            ("openai.gpt-oss-120b-1:0", 1, true),
            ("openai.gpt-6-astra", 1, false),
            ("meta.llama2-13b-chat-v1", 1, true),
            ("somebody.new-model-v1:0", 1, true),
        ] {
            assert_eq!((burndown(model), burndown_is_listed(model)), (rate, listed), "{model}");
        }
    }

    #[test]
    fn the_newest_models_take_no_temperature() {
        for (model, takes) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", true),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", true),
            ("anthropic.claude-opus-4-7", false),
            ("anthropic.claude-sonnet-5", false),
            ("anthropic.something-else", false),
            ("openai.gpt-oss-120b-1:0", true),
            ("openai.gpt-5.6-luna", false),
            ("amazon.nova-pro-v1:0", true),
        ] {
            assert_eq!(takes_temperature(model), takes, "{model}");
        }
    }

    #[test]
    fn no_earlier_row_hides_a_later_one() {
        for (index, family) in FAMILIES.iter().enumerate() {
            for start in family.starts {
                let hit = FAMILIES.iter().position(|f| f.starts.iter().any(|s| start.starts_with(s)));
                assert_eq!(hit, Some(index), "{start} is claimed by an earlier row");
            }
        }
    }
}
