//! Prompt: what a request asks for, whatever API and body carried it.

use crate::bench::request::{Role, Turn};
use crate::simulator::random;
use crate::simulator::tokens;

/// What a request asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Prompt {
    /// The system prompt.
    pub(super) system: Option<String>,
    /// The turns.
    pub(super) turns: Vec<Turn>,
    /// Most output tokens; `None` where the request leaves it unset.
    pub(super) max_tokens: Option<u32>,
    /// Stop sequences.
    pub(super) stop: Vec<String>,
    /// Everything up to the last cache point.
    pub(super) cached: Option<Prefix>,
    /// The service tier that was asked for.
    pub(super) tier: Option<String>,
    /// The latency that was asked for.
    pub(super) latency: Option<String>,
}

/// A prefix of a prompt that a cache point ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    /// Stands for its text.
    pub(super) key: u64,
    /// How long it is.
    pub(super) tokens: u64,
}

impl Prompt {
    /// A prompt of turns and a system prompt.
    pub(super) fn new(system: Option<String>, turns: Vec<Turn>) -> Self {
        Self { system: system.filter(|text| !text.is_empty()), turns, ..Self::default() }
    }

    /// Its input tokens.
    pub(super) fn tokens(&self) -> u64 {
        tokens::conversation(self.system.as_deref(), self.turns.iter().map(|turn| turn.text.as_str()))
    }

    /// What the user asks last.
    pub(super) fn question(&self) -> &str {
        self.turns.iter().rfind(|turn| turn.role == Role::User).map_or("", |turn| turn.text.as_str())
    }

    /// Puts a cache point behind all that is there now.
    pub(super) fn mark_cached(&mut self) {
        let turns = self.turns.iter().map(|turn| turn.text.as_bytes());
        let parts: Vec<&[u8]> = self.system.iter().map(String::as_bytes).chain(turns).collect();
        self.cached = Some(Prefix { key: random::hash(&parts), tokens: self.tokens() });
    }
}
