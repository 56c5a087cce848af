//! Said: a reply as all renderers see it — the script, what was asked, and how it is counted.

use std::time::Duration;

use crate::bench::model::ModelId;
use crate::simulator::prompt::Prompt;
use crate::simulator::script::Script;
use crate::simulator::world::Input;

/// A reply with all that its rendering depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// What is said, and when.
    pub(super) script: &'a Script,
    /// What was asked.
    pub(super) prompt: &'a Prompt,
    /// Who says it.
    pub(super) model: &'a ModelId,
    /// The input's tokens.
    pub(super) input: Input,
    /// The request's id.
    pub(super) id: &'a str,
    /// The latency that it really has, where one was asked for: `standard` or `optimized`.
    pub(super) latency: Option<&'static str>,
    /// Whether token counts are left out.
    pub(super) withhold_usage: bool,
}

impl Said<'_> {
    /// How long the service took, as it says itself.
    pub(super) fn took(&self) -> Duration {
        self.script.ends()
    }

    /// How long the service took for the first chunk, as it says itself.
    pub(super) fn first(&self) -> Duration {
        self.script.chunks.first().map_or(self.took(), |chunk| chunk.at)
    }
}
