//! Need: what one invocation will take of the quota, as far as that can be known before it.

use crate::bench::quota::LimitKind;

/// What one invocation will take, in quota tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Need {
    /// R: what the service reserves at admission.
    pub(crate) reserved: u64,
    /// What it is expected to settle at; may exceed R where output burns down faster than 1.
    pub(crate) expected: u64,
    /// What it reserves at the very least: a guess of the input is no reason to give a request up.
    pub(crate) least: u64,
}

impl Need {
    /// What is held for it until it is settled.
    pub(crate) fn held(self) -> u64 {
        self.reserved.max(self.expected)
    }

    /// What is held of a limit for it.
    pub(crate) fn of(self, kind: LimitKind) -> f64 {
        if kind == LimitKind::Rpm { 1.0 } else { self.held() as f64 }
    }

    /// What it takes of a limit's smoothing bucket.
    pub(crate) fn smoothed(self, kind: LimitKind) -> f64 {
        if kind == LimitKind::Rpm { 1.0 } else { self.expected as f64 }
    }
}
