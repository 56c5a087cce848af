//! Model ids, inference profiles and ARNs → base model, scope, family.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bench::family::{self, Family};

/// Which of a model's quotas an invocation draws on, by how the model is named in the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// A plain model id: the called region's on-demand quota.
    OnDemand,
    /// A geographic inference profile (`us.`, `eu.`, …): the source region's cross-region quota.
    CrossRegion,
    /// A `global.` inference profile: the source region's global cross-region quota.
    Global,
    /// Provisioned, custom or imported: no per-minute quota row exists.
    Dedicated,
    /// An application inference profile whose target is not known until `GetInferenceProfile` was asked.
    Unresolved,
}

impl Scope {
    /// The word in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::CrossRegion => "cross-region",
            Self::Global => "global",
            Self::Dedicated => "dedicated",
            Self::Unresolved => "unresolved",
        }
    }
}

/// A model as the user named it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelId {
    raw: String,
    base: String,
    prefix: Option<String>,
    scope: Scope,
}

/// Geographic prefixes of inference profiles known in autumn 2026 (source: facts on model ids, Bedrock user
/// guide `inference-profiles-support`). Others are recognised by shape.
const GEOGRAPHIES: [&str; 13] =
    ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "sa", "kr", "in", "il", "mx", "global"];

impl ModelId {
    /// Takes an id, an inference profile or an ARN apart. Never refuses: an unknown model is still a model.
    pub fn parse(raw: &str) -> Self {
        let raw = raw.trim();
        let (named, dedicated, unresolved) = match raw.strip_prefix("arn:") {
            Some(arn) => {
                let resource = arn.splitn(5, ':').nth(4).unwrap_or(arn);
                let (kind, name) = resource.split_once('/').unwrap_or(("", resource));
                let dedicated =
                    matches!(kind, "provisioned-model" | "custom-model" | "custom-model-deployment" | "imported-model");
                (name, dedicated, kind == "application-inference-profile")
            }
            None => (raw, false, false),
        };
        if dedicated || unresolved {
            let scope = if dedicated { Scope::Dedicated } else { Scope::Unresolved };
            return Self { raw: raw.into(), base: named.into(), prefix: None, scope };
        }
        let (prefix, id) = split_prefix(named);
        let base = strip_context(id);
        let scope = match prefix {
            Some("global") => Scope::Global,
            Some(_) => Scope::CrossRegion,
            None => Scope::OnDemand,
        };
        Self { raw: raw.into(), base: base.into(), prefix: prefix.map(Into::into), scope }
    }

    /// The same model once `GetInferenceProfile` has told what an application profile wraps.
    #[must_use]
    pub fn resolved(&self, base: &str, scope: Scope) -> Self {
        Self { raw: self.raw.clone(), base: Self::parse(base).base, prefix: None, scope }
    }

    /// What is sent: exactly what the user wrote.
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// The base model: without profile prefix, ARN and context suffix.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The inference profile's prefix (`us`, `global`, …), if there is one.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Which of the model's quotas the invocation draws on.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The family's row; the neutral one for a model that is not known.
    pub fn family(&self) -> &'static Family {
        family::of(&self.base)
    }
}

fn split_prefix(id: &str) -> (Option<&str>, &str) {
    let Some((first, rest)) = id.split_once('.') else { return (None, id) };
    // A profile keeps provider.model behind its prefix, so the rest must itself start with a provider.
    let behind_is_provider = rest.split_once('.').is_some_and(|(provider, _)| {
        !provider.is_empty() && provider.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    });
    let known = GEOGRAPHIES.contains(&first);
    let looks_like_geography =
        first.len() <= 6 && first.chars().all(|c| c.is_ascii_lowercase() || c == '-') && family::is_provider(rest);
    if behind_is_provider && (known || looks_like_geography) { (Some(first), rest) } else { (None, id) }
}

/// Cuts the context suffix of provisioned variants (`…-v1:0:200k`) off. Called by such an id, and not by the ARN
/// of the throughput that was bought, the base model's on-demand quota holds.
fn strip_context(id: &str) -> &str {
    const CONTEXTS: [&str; 13] =
        ["4k", "8k", "18k", "24k", "28k", "48k", "51k", "100k", "128k", "200k", "300k", "512", "mm"];
    match id.rsplit_once(':') {
        Some((before, context)) if CONTEXTS.contains(&context) => before,
        _ => id,
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_profiles_and_arns() {
        for (raw, base, scope) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", "anthropic.claude-3-sonnet-20240229-v1:0", Scope::OnDemand),
            ("us.anthropic.claude-opus-5", "anthropic.claude-opus-5", Scope::CrossRegion),
            ("us-gov.anthropic.claude-opus-5", "anthropic.claude-opus-5", Scope::CrossRegion),
            ("global.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5", Scope::Global),
            ("zz.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5", Scope::CrossRegion),
            ("deepseek.v3.2", "deepseek.v3.2", Scope::OnDemand),
            ("us.deepseek.v3.2", "deepseek.v3.2", Scope::CrossRegion),
            ("minimax.minimax-m2.1", "minimax.minimax-m2.1", Scope::OnDemand),
            ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1:0", Scope::OnDemand),
            ("anthropic.claude-3-haiku-20240307-v1:0:200k", "anthropic.claude-3-haiku-20240307-v1:0", Scope::OnDemand),
            (
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
                "amazon.nova-lite-v1:0",
                Scope::OnDemand,
            ),
            ("arn:aws:bedrock:::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", Scope::OnDemand),
            (
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
                "amazon.nova-lite-v1:0",
                Scope::CrossRegion,
            ),
            (
                "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
                "abc123",
                Scope::Unresolved,
            ),
            ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123", "abc123", Scope::Dedicated),
        ] {
            let id = ModelId::parse(raw);
            assert_eq!((id.base(), id.scope()), (base, scope), "{raw}");
            assert_eq!(id.as_str(), raw);
        }
    }
}
