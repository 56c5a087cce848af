//! Gateway: the seam to Bedrock — one invocation in, one measured reply or one classified failure out.

use std::time::Duration;

use crate::bench::fault::Fault;
use crate::bench::plan::{Api, ModelPlan, Timeouts};
use crate::bench::request::Request;
use crate::bench::sample::Timing;
use crate::bench::usage::Usage;

/// One invocation to make.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The model, as the user named it.
    pub model: &'a ModelPlan,
    /// How.
    pub api: Api,
    /// What.
    pub request: &'a Request,
    /// For how long at most.
    pub timeouts: &'a Timeouts,
}

/// A complete answer with its stopwatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The text, reasoning left out. Hostile text.
    pub text: String,
    /// Its tokens.
    pub usage: Usage,
    /// Why the model stopped, in Converse's words (`end_turn`, `max_tokens`, `stop_sequence` …).
    pub stop_reason: String,
    /// True where `max_tokens` (or the context's end) cut it off.
    pub cut_off: bool,
    /// From the moment it was sent.
    pub timing: Timing,
}

/// A failed invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What went wrong.
    pub fault: Fault,
    /// Tokens that it took all the same, as far as can be known (a stream that broke after text): charged.
    /// `None` where the service never began to answer.
    pub usage: Option<Usage>,
    /// From the moment it was sent.
    pub after: Duration,
}

/// Is told of text that streams in: chunks so far, bytes so far. Must return at once.
pub type OnChunk<'a> = &'a mut (dyn FnMut(u32, u64) + Send);
