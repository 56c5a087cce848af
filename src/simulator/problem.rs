//! Problems: the errors of Bedrock and Service Quotas with their names, statuses and words.

use crate::bench::quota::LimitKind;
use crate::simulator::scenario::{InStream, Refusal};

/// An error as the service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The HTTP status.
    pub(super) status: u16,
    /// The exception's name.
    pub(super) code: &'static str,
    /// Its message.
    pub(super) message: String,
}

impl Problem {
    /// Any error.
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// 400: the request is wrong.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// 400 in the words of the native bodies' schema check.
    pub(super) fn malformed(what: impl std::fmt::Display) -> Self {
        Self::validation(format!("Malformed input request: {what}, please reformat your input and try again."))
    }

    /// 429 because a limit has no room (texts: public issues and logs, see the facts on throttles).
    pub(super) fn throttled(limit: LimitKind) -> Self {
        let what = match limit {
            LimitKind::Rpm => "requests",
            LimitKind::Tpm => "tokens",
            LimitKind::Tpd => "tokens per day",
        };
        Self::new(429, "ThrottlingException", format!("Too many {what}, please wait before trying again."))
    }

    /// An error that the scenario puts before the head of a reply.
    pub(super) fn refusal(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Throttled => Self::throttled(LimitKind::Rpm),
            Refusal::Internal => Self::new(500, "InternalServerException", INTERNAL),
            Refusal::Unavailable => Self::new(503, "ServiceUnavailableException", UNAVAILABLE),
            Refusal::TimedOut => Self::new(408, "ModelTimeoutException", TIMED_OUT),
            Refusal::ModelError => Self::new(424, "ModelErrorException", MODEL_ERROR),
            Refusal::NotReady => {
                Self::new(429, "ModelNotReadyException", "The model is not ready for inference. Try again later.")
            }
        }
    }

    /// An error that the scenario puts inside a stream.
    pub(super) fn in_stream(exception: InStream) -> Self {
        match exception {
            InStream::Throttled => Self::throttled(LimitKind::Tpm),
            InStream::Internal => Self::new(500, "InternalServerException", INTERNAL),
            InStream::Unavailable => Self::new(503, "ServiceUnavailableException", UNAVAILABLE),
            InStream::TimedOut => Self::new(408, "ModelTimeoutException", TIMED_OUT),
            InStream::ModelError => Self::new(424, "ModelStreamErrorException", MODEL_ERROR),
            InStream::Validation => {
                Self::validation("The model produced an invalid sequence. Refer to the model provider's documentation.")
            }
        }
    }
}

const INTERNAL: &str = "The system encountered an unexpected error during processing. Try your request again.";
const UNAVAILABLE: &str = "Bedrock is unable to process your request.";
const TIMED_OUT: &str = "Model has timed out in processing the request. Try your request again.";
const MODEL_ERROR: &str = "The system encountered an unexpected error during processing. Try your request again.";
