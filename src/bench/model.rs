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
    /// Provisioned, custom, imported or on an endpoint of its own: no per-minute quota row exists.
    Dedicated,
    /// An ARN that does not say which model it calls: an application inference profile whose target is not known
    /// until `GetInferenceProfile` was asked, a prompt, or a prompt router, which picks a model for each call.
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
    /// Takes an id, an inference profile or an ARN apart. Never refuses: an unknown model is still a model. Ids are
    /// lower case, so the case in which one was written is kept only in what is sent.
    pub fn parse(raw: &str) -> Self {
        let raw = raw.trim();
        let lower = raw.to_ascii_lowercase();
        let (named, opaque) = match lower.strip_prefix("arn:") {
            Some(arn) => {
                let resource = arn.splitn(5, ':').nth(4).unwrap_or(arn);
                let (kind, name) = resource.split_once('/').unwrap_or(("", resource));
                (name, scope_of_opaque(kind))
            }
            None => (lower.as_str(), None),
        };
        if let Some(scope) = opaque {
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

/// The scope of the kinds of ARN whose name is not a model's id.
fn scope_of_opaque(kind: &str) -> Option<Scope> {
    match kind {
        "provisioned-model" | "custom-model" | "custom-model-deployment" | "imported-model" | "endpoint" => {
            Some(Scope::Dedicated)
        }
        "application-inference-profile" | "prompt" | "prompt-router" | "default-prompt-router" => {
            Some(Scope::Unresolved)
        }
        _ => None,
    }
}

/// Parts a profile's prefix from the `provider.model` behind it. A prefix that is not known is told by its shape: it
/// stands before a known provider, or it is two letters before what reads as provider and model. Dots inside a plain
/// id stand before a digit (`deepseek.v3.2`), so what follows the provider must begin with a letter.
fn split_prefix(id: &str) -> (Option<&str>, &str) {
    let Some((first, rest)) = id.split_once('.') else { return (None, id) };
    let Some((provider, model)) = rest.split_once('.') else { return (None, id) };
    let lower = |c: char| c.is_ascii_lowercase();
    let provider_like = provider.starts_with(lower)
        && provider.chars().all(|c| lower(c) || c.is_ascii_digit() || c == '-')
        && !model.is_empty();
    let geography_like = first.starts_with(lower) && first.len() <= 8 && first.chars().all(|c| lower(c) || c == '-');
    let two_letters = first.split('-').next().is_some_and(|head| head.len() == 2);
    let told_by_shape = geography_like && (family::is_provider(rest) || (two_letters && model.starts_with(lower)));
    if provider_like && (GEOGRAPHIES.contains(&first) || told_by_shape) { (Some(first), rest) } else { (None, id) }
}

/// Cuts the context suffix of provisioned variants (`…-v1:0:200k`, `…-v3:0:512`, `…-v1:0:mm`) off. Called by such an
/// id, and not by the ARN of the throughput that was bought, the base model's on-demand quota holds. A million tokens
/// of context are left: they have rows of their own.
fn strip_context(id: &str) -> &str {
    let Some((before, last)) = id.rsplit_once(':') else { return id };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let thousands = last.strip_suffix('k').is_some_and(digits);
    let is_context = last == "mm" || thousands || (digits(last) && before.contains(':'));
    if is_context { before } else { id }
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
        ] {
            let id = ModelId::parse(raw);
            assert_eq!((id.base(), id.scope()), (base, scope), "{raw}");
            assert_eq!(id.as_str(), raw);
        }
    }

    #[test]
    fn prefixes_that_are_not_known_are_told_by_their_shape() {
        for (raw, prefix, base) in [
            ("uk.acme.rocket-2-v1:0", Some("uk"), "acme.rocket-2-v1:0"),
            ("emea.anthropic.claude-opus-6", Some("emea"), "anthropic.claude-opus-6"),
            ("us-isob.amazon.nova-lite-v1:0", Some("us-isob"), "amazon.nova-lite-v1:0"),
            ("zz.xai.grok-4.6", Some("zz"), "xai.grok-4.6"),
            ("us.arcee-ai.trinity-mini", Some("us"), "arcee-ai.trinity-mini"),
            ("xai.grok-4.6", None, "xai.grok-4.6"),
            ("zai.glm5.1", None, "zai.glm5.1"),
            ("acme.v3.2", None, "acme.v3.2"),
            ("openai.gpt-5.6-luna", None, "openai.gpt-5.6-luna"),
            ("amazon.nova-lite-v1", None, "amazon.nova-lite-v1"),
            ("cohere.embed-english-v3:0:512", None, "cohere.embed-english-v3:0"),
            ("amazon.titan-embed-image-v1:0:mm", None, "amazon.titan-embed-image-v1:0"),
            ("anthropic.claude-v2:1", None, "anthropic.claude-v2:1"),
            ("anthropic.claude-v2:1:18k", None, "anthropic.claude-v2:1"),
            ("acme.rocket-v1:0:1m", None, "acme.rocket-v1:0:1m"),
        ] {
            let id = ModelId::parse(raw);
            assert_eq!((id.prefix(), id.base()), (prefix, base), "{raw}");
        }
    }

    #[test]
    fn whatever_is_written_is_a_model() {
        let upper = ModelId::parse(" US.Anthropic.Claude-Opus-5\t");
        assert_eq!(upper.as_str(), "US.Anthropic.Claude-Opus-5");
        assert_eq!((upper.base(), upper.scope()), ("anthropic.claude-opus-5", Scope::CrossRegion));
        for nonsense in
            ["", " ", ".", "..", "us.", "us..", "us.anthropic", ":", "::", "arn:", "arn:aws", "é.ü.ß", "a.b.c"]
        {
            let id = ModelId::parse(nonsense);
            assert_eq!((id.as_str(), id.scope()), (nonsense.trim(), Scope::OnDemand), "{nonsense}");
        }
        assert_eq!(ModelId::parse("somebody.new-model").family().name, "unknown");
    }

    #[test]
    fn every_kind_of_arn_in_every_partition() {
        for (kind, base, scope) in [
            (":123456789012:provisioned-model/abc123", "abc123", Scope::Dedicated),
            (":123456789012:custom-model-deployment/abc123", "abc123", Scope::Dedicated),
            (":123456789012:imported-model/abc123", "abc123", Scope::Dedicated),
            (
                ":123456789012:custom-model/amazon.nova-lite-v1:0:300k/abc123",
                "amazon.nova-lite-v1:0:300k/abc123",
                Scope::Dedicated,
            ),
            (":123456789012:endpoint/abc123", "abc123", Scope::Dedicated),
            (":123456789012:prompt/ABC123:1", "abc123:1", Scope::Unresolved),
            (":123456789012:prompt-router/abc123", "abc123", Scope::Unresolved),
            (":123456789012:default-prompt-router/anthropic.claude:1", "anthropic.claude:1", Scope::Unresolved),
            (":123456789012:application-inference-profile/abc123", "abc123", Scope::Unresolved),
            ("::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", Scope::OnDemand),
            (
                ":123456789012:inference-profile/us-gov.anthropic.claude-opus-5",
                "anthropic.claude-opus-5",
                Scope::CrossRegion,
            ),
            (":123456789012:inference-profile/global.deepseek.v3.2", "deepseek.v3.2", Scope::Global),
        ] {
            for start in
                ["arn:aws:bedrock:us-east-1", "arn:aws-us-gov:bedrock:us-gov-west-1", "arn:aws-cn:bedrock:cn-north-1"]
            {
                let id = ModelId::parse(&format!("{start}{kind}"));
                assert_eq!((id.base(), id.scope()), (base, scope), "{start}{kind}");
            }
        }
    }
}
