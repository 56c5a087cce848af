//! One rendered prompt with its inference parameters: what an invocation sends, whatever the API.

use serde::{Deserialize, Serialize};

/// Who speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Inference parameters under Converse's names; families rename them in native bodies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Most output tokens; `None` leaves it unset, and the service reserves the model's maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Nucleus sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Stop sequences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// `default`, `priority`, `flex` or `reserved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// `optimized` asks for latency-optimised inference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
    /// Additional model request fields, as they are.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Where a cache point goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheAfter {
    /// After the system prompt.
    System,
    /// After the few-shot turns that precede the prompt.
    Messages,
}

/// One rendered prompt with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The system prompt, if there is one.
    pub system: Option<String>,
    /// The turns, the last of them the user's.
    pub turns: Vec<Turn>,
    /// Inference parameters.
    pub parameters: Parameters,
    /// Where the prompt cache ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_after: Option<CacheAfter>,
}

impl Request {
    /// A request of one user turn.
    pub fn user(system: Option<String>, text: impl Into<String>, parameters: Parameters) -> Self {
        Self { system, turns: vec![Turn { role: Role::User, text: text.into() }], parameters, cache_after: None }
    }

    /// Bytes of prompt text: what input tokens are estimated from before anything was measured.
    pub fn prompt_bytes(&self) -> usize {
        self.system.as_ref().map_or(0, String::len) + self.turns.iter().map(|turn| turn.text.len()).sum::<usize>()
    }
}
