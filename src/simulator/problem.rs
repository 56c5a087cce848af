//! Problems: the errors of Bedrock and Service Quotas with their names, statuses and words.

use serde_json::Value;

use crate::bench::quota::LimitKind;
use crate::simulator::arn::ACCOUNT;
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

    /// 400 in the words of the services' own model, the rule being what follows "Member must".
    pub(super) fn constraint(value: &str, place: &str, rule: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: Member must {rule}"
        ))
    }

    /// A key that nothing knows, at a place such as `#/inferenceConfig`.
    pub(super) fn extraneous(place: &str, key: &str) -> Self {
        Self::malformed(format!("{place}: extraneous key [{key}] is not permitted"))
    }

    /// A body's JSON, or what is wrong with it.
    pub(super) fn json(body: &[u8]) -> Result<Value, Self> {
        let wrong = |error| Self::new(400, "SerializationException", format!("The body is not JSON: {error}"));
        serde_json::from_slice(body).map_err(wrong)
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
            Refusal::Daily => Self::throttled(LimitKind::Tpd),
            Refusal::Internal => Self::new(500, "InternalServerException", INTERNAL),
            Refusal::Unavailable => Self::new(503, "ServiceUnavailableException", UNAVAILABLE),
            Refusal::TimedOut => Self::new(408, "ModelTimeoutException", TIMED_OUT),
            Refusal::ModelError => Self::new(424, "ModelErrorException", MODEL_ERROR),
            Refusal::StreamError => Self::new(424, "ModelStreamErrorException", MODEL_ERROR),
            Refusal::NotReady => {
                Self::new(429, "ModelNotReadyException", "The model is not ready for inference. Try again later.")
            }
            Refusal::Validation => Self::validation("The requested operation is not recognized by the service."),
            Refusal::Conflict => Self::new(
                400,
                "ConflictException",
                "Error occurred because of a conflict while performing an operation.",
            ),
            Refusal::QuotaExceeded => Self::new(
                400,
                "ServiceQuotaExceededException",
                "Your request exceeds the service quota for your account.",
            ),
            Refusal::Denied => Self::new(
                403,
                "AccessDeniedException",
                format!(
                    "User: arn:aws:iam::{ACCOUNT}:user/simulated is not authorized to perform: bedrock:InvokeModel \
                     because no identity-based policy allows the bedrock:InvokeModel action"
                ),
            ),
            Refusal::ExpiredToken => {
                Self::new(403, "ExpiredTokenException", "The security token included in the request is expired")
            }
            Refusal::UnrecognizedClient => {
                Self::new(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
            }
            Refusal::AgreementPending => Self::new(
                403,
                "MPAgreementBeingCreated",
                "The AWS Marketplace agreement is being created. Try again in a few minutes.",
            ),
            Refusal::FormMissing => Self::new(
                404,
                "FTUFormNotFilled",
                "Model use case details have not been submitted for this account. Fill out the Anthropic use case \
                 details form before using the model.",
            ),
            Refusal::NotFound => Self::new(404, "ResourceNotFoundException", "The requested resource was not found."),
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
