//! What can go wrong with an invocation, as data: the kind decides what is done next.

use serde::{Deserialize, Serialize};

/// The kinds of faults, by what is done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FaultKind {
    /// 429 because a quota is used up: back off, lower the rate.
    Throttled,
    /// 500, 503: no capacity or an inner error; says nothing about the quota.
    Unavailable,
    /// 429 because the model is not ready yet: later again, says nothing about the quota.
    NotReady,
    /// 408, or one of our own timeouts: connect, first text, stall, whole call.
    TimedOut,
    /// The connection or the event stream ended before its stop event, or carried an error.
    StreamBroken,
    /// 401, 403: credentials, permission, model access.
    Denied,
    /// 400: the request is wrong for this model.
    Invalid,
    /// 404: no such model here.
    NotFound,
    /// Anything else.
    Other,
}

impl FaultKind {
    /// Every kind, in the order in which tables list them.
    pub const ALL: [Self; 9] = [
        Self::Throttled,
        Self::Unavailable,
        Self::NotReady,
        Self::TimedOut,
        Self::StreamBroken,
        Self::Denied,
        Self::Invalid,
        Self::NotFound,
        Self::Other,
    ];

    /// Whether the same request may succeed later.
    pub fn retryable(self) -> bool {
        match self {
            Self::Throttled | Self::Unavailable | Self::NotReady | Self::TimedOut | Self::StreamBroken => true,
            Self::Denied | Self::Invalid | Self::NotFound | Self::Other => false,
        }
    }

    /// Whether it says that a quota was reached.
    pub fn counts_against_quota(self) -> bool {
        self == Self::Throttled
    }

    /// The name in reports: `Throttled` …
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "Throttled",
            Self::Unavailable => "Unavailable",
            Self::NotReady => "NotReady",
            Self::TimedOut => "TimedOut",
            Self::StreamBroken => "StreamBroken",
            Self::Denied => "Denied",
            Self::Invalid => "Invalid",
            Self::NotFound => "NotFound",
            Self::Other => "Other",
        }
    }
}

/// A classified failure of an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is done about it.
    pub kind: FaultKind,
    /// The service's own words, or ours: one sentence that says what to do. Hostile text: clean before showing.
    pub message: String,
    /// The exception's name on the wire, where there was one (`ThrottlingException` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// True where nothing more can be had of the model within this run (a daily quota is used up).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hopeless: bool,
}

impl Fault {
    /// A fault without an exception's name.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, hopeless: false }
    }

    /// Whether the model itself failed or took too long: then one more attempt, and no more (source: facts on errors).
    pub fn is_the_models(&self) -> bool {
        const THE_MODELS: [&str; 3] = ["ModelTimeoutException", "ModelErrorException", "ModelStreamErrorException"];
        self.code.as_deref().is_some_and(|code| THE_MODELS.contains(&code))
    }

    /// Whether the same request may succeed within this run.
    pub fn retryable(&self) -> bool {
        self.kind.retryable() && !self.hopeless
    }
}
