//! Quota: requests a minute, tokens a minute, tokens a day; each may be absent, each says where it comes from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The three limits that Bedrock puts on a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitKind {
    /// Requests per minute.
    Rpm,
    /// Tokens per minute.
    Tpm,
    /// Tokens per day.
    Tpd,
}

impl LimitKind {
    /// All three, in display order.
    pub const ALL: [Self; 3] = [Self::Rpm, Self::Tpm, Self::Tpd];

    /// `RPM`, `TPM` or `TPD`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rpm => "RPM",
            Self::Tpm => "TPM",
            Self::Tpd => "TPD",
        }
    }

    /// What it counts, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Rpm => "requests per minute",
            Self::Tpm => "tokens per minute",
            Self::Tpd => "tokens per day",
        }
    }
}

/// Where a limit's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitSource {
    /// Service Quotas' applied value of this account.
    Applied,
    /// AWS's default: not necessarily what this account has.
    Default,
    /// The user's configuration or command line.
    Config,
    /// Learned from throttles.
    Learned,
    /// Nothing was found because detection failed: a guess, said loudly.
    Assumed,
}

impl LimitSource {
    /// The word in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Default => "default",
            Self::Config => "config",
            Self::Learned => "learned",
            Self::Assumed => "assumed",
        }
    }
}

impl fmt::Display for LimitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One limit with its provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Requests or quota tokens per minute or day.
    pub value: f64,
    /// The quota's code (`L-…`), where a row of Service Quotas gave it.
    #[serde(default)]
    pub code: Option<String>,
    /// The quota's name as the service lists it.
    #[serde(default)]
    pub name: Option<String>,
    /// Where the value comes from.
    pub source: LimitSource,
    /// Whether AWS lets it be raised.
    #[serde(default)]
    pub adjustable: Option<bool>,
}

impl Limit {
    /// A limit that no row of Service Quotas stands behind.
    pub fn unlisted(value: f64, source: LimitSource) -> Self {
        Self { value, code: None, name: None, source, adjustable: None }
    }

    /// Whether somebody says so — Service Quotas or the user — rather than a guess or what throttles taught.
    pub fn is_listed(&self) -> bool {
        !matches!(self.source, LimitSource::Assumed | LimitSource::Learned)
    }
}

/// What may be taken of one model: each limit is absent (no such limit) or known with its source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    /// Requests per minute.
    pub rpm: Option<Limit>,
    /// Quota tokens per minute.
    pub tpm: Option<Limit>,
    /// Quota tokens per day.
    pub tpd: Option<Limit>,
}

/// Assumed requests per minute where detection itself failed.
pub const ASSUMED_RPM: f64 = 100.0;
/// Assumed quota tokens per minute where detection itself failed.
pub const ASSUMED_TPM: f64 = 10_000.0;

impl Quota {
    /// Both per-minute limits as assumed when detection itself failed.
    pub fn assumed() -> Self {
        Self {
            rpm: Some(Limit::unlisted(ASSUMED_RPM, LimitSource::Assumed)),
            tpm: Some(Limit::unlisted(ASSUMED_TPM, LimitSource::Assumed)),
            tpd: None,
        }
    }

    /// One limit.
    pub fn get(&self, kind: LimitKind) -> Option<&Limit> {
        match kind {
            LimitKind::Rpm => self.rpm.as_ref(),
            LimitKind::Tpm => self.tpm.as_ref(),
            LimitKind::Tpd => self.tpd.as_ref(),
        }
    }

    /// One limit alone.
    #[must_use]
    pub fn only(&self, kind: LimitKind) -> Self {
        let mut only = Self::default();
        *only.slot(kind) = self.get(kind).cloned();
        only
    }

    /// The place of one limit.
    pub fn slot(&mut self, kind: LimitKind) -> &mut Option<Limit> {
        match kind {
            LimitKind::Rpm => &mut self.rpm,
            LimitKind::Tpm => &mut self.tpm,
            LimitKind::Tpd => &mut self.tpd,
        }
    }

    /// One limit's bare value.
    pub fn value(&self, kind: LimitKind) -> Option<f64> {
        self.get(kind).map(|limit| limit.value)
    }

    /// The same limits, each multiplied by the share that this program may take.
    #[must_use]
    pub fn share(&self, share: f64) -> Self {
        let scaled = |limit: &Option<Limit>| limit.clone().map(|l| Limit { value: l.value * share, ..l });
        Self { rpm: scaled(&self.rpm), tpm: scaled(&self.tpm), tpd: scaled(&self.tpd) }
    }
}

/// A limit as the user sets it: `900`, or `"none"` for "there is no such limit".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitOverride {
    /// There is no such limit.
    None,
    /// The limit has this value.
    Value(f64),
}

/// What the user sets of the quota; each part overrides that limit alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuotaOverrides {
    /// Requests per minute.
    pub rpm: Option<LimitOverride>,
    /// Quota tokens per minute.
    pub tpm: Option<LimitOverride>,
    /// Quota tokens per day.
    pub tpd: Option<LimitOverride>,
    /// Quota tokens per output token.
    pub burndown: Option<u32>,
}

impl QuotaOverrides {
    /// The quota with the user's limits put over what was detected.
    #[must_use]
    pub fn apply(&self, mut detected: Quota) -> Quota {
        for (kind, set) in [(LimitKind::Rpm, self.rpm), (LimitKind::Tpm, self.tpm), (LimitKind::Tpd, self.tpd)] {
            match set {
                Some(LimitOverride::None) => *detected.slot(kind) = None,
                Some(LimitOverride::Value(value)) => {
                    *detected.slot(kind) = Some(Limit::unlisted(value, LimitSource::Config));
                }
                None => {}
            }
        }
        detected
    }

    /// Whether both per-minute limits are set, so that nothing has to be detected.
    pub fn complete(&self) -> bool {
        self.rpm.is_some() && self.tpm.is_some()
    }
}
