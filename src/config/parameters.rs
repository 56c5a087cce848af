//! Inference parameters: the keys that `[bedrock]` and each variant share.

use serde_json::{Map, Value};

use super::reader::{Section, number, object, or_word, whole, word};
use super::scalar::{self, Wrong};
use crate::bench::request::Parameters;

/// `max_tokens` where nobody sets it.
const DEFAULT_MAX_TOKENS: u32 = 512;
/// What Bedrock offers (source: Bedrock API reference, `ServiceTier`).
const SERVICE_TIERS: [&str; 4] = ["default", "priority", "flex", "reserved"];
/// What Bedrock offers (source: Bedrock API reference, `PerformanceConfiguration`).
const LATENCIES: [&str; 2] = ["standard", "optimized"];

/// Parameters as one table sets them; what is `None` is somebody else's to say.
#[expect(clippy::option_option, reason = "unset, set to none, set to a value")]
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    max_tokens: Option<Option<u32>>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    stop: Option<Vec<String>>,
    service_tier: Option<String>,
    latency: Option<String>,
    extra: Map<String, Value>,
}

impl Set {
    /// The keys that a variant may set.
    pub(super) fn of_variant(section: &mut Section<'_>) -> Self {
        let stop = |text: &str| match text {
            "" => Err(Wrong::expected("a text that is not empty")),
            _ => Ok(text.to_owned()),
        };
        Self {
            max_tokens: section
                .value("max_tokens", or_word("model", whole(&scalar::MAX_TOKENS)))
                .map(|most| most.map(|most| most as u32)),
            temperature: section.value("temperature", number(scalar::TEMPERATURE)).map(|number| number as f32),
            top_p: section.value("top_p", number(scalar::PART)).map(|number| number as f32),
            stop: section
                .list("stop", "stop sequence", true, stop)
                .map(|stop| stop.into_iter().map(|at| at.value).collect()),
            service_tier: section.value("service_tier", word(&SERVICE_TIERS)).map(str::to_owned),
            latency: None,
            extra: section.value("extra", object).unwrap_or_default(),
        }
    }

    /// The keys of `[bedrock]`: those of a variant, and `latency`.
    pub(super) fn of_all(section: &mut Section<'_>) -> Self {
        let latency = section.value("latency", word(&LATENCIES)).map(str::to_owned);
        Self { latency, ..Self::of_variant(section) }
    }

    /// These parameters, and where they are silent the plan's; `extra` fields are put together.
    pub(super) fn over(self, plan: &Self) -> Parameters {
        let mut extra = plan.extra.clone();
        extra.extend(self.extra);
        Parameters {
            max_tokens: self.max_tokens.or(plan.max_tokens).unwrap_or(Some(DEFAULT_MAX_TOKENS)),
            temperature: self.temperature.or(plan.temperature),
            top_p: self.top_p.or(plan.top_p),
            stop: self.stop.or_else(|| plan.stop.clone()).unwrap_or_default(),
            service_tier: self.service_tier.or_else(|| plan.service_tier.clone()),
            latency: self.latency.or_else(|| plan.latency.clone()),
            extra,
        }
    }
}
