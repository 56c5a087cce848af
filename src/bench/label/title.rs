//! Quota names taken apart: which limit, at which scope, of the model that the rest of the name labels.

use crate::bench::model::Scope;
use crate::bench::quota::LimitKind;

/// What a quota's name says before the model's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Title {
    pub(super) kind: LimitKind,
    /// `None` for a model's daily row, which holds on-demand and, doubled, cross-region.
    scope: Option<Scope>,
    /// Whether it is the row of latency-optimised inference.
    pub(super) latency: bool,
}

impl Title {
    /// Whether the row limits invocations of this scope.
    pub(super) fn holds_at(self, scope: Scope) -> bool {
        match self.scope {
            Some(own) => own == scope,
            None => matches!(scope, Scope::OnDemand | Scope::CrossRegion),
        }
    }
}

/// Every word that may stand before a model's label in a row of on-demand inference (source: names as the service
/// lists them). Any other word (`Input` and `[bedrock-mantle` of the mantle endpoint, `concurrent`, `Model units`,
/// `Batch` …) makes it a row of something else.
const WORDS: [&str; 14] = [
    "on-demand",
    "cross-region",
    "global",
    "latency-optimized",
    "model",
    "inference",
    "invocation",
    "invokemodel",
    "max",
    "requests",
    "tokens",
    "per",
    "minute",
    "day",
];

/// Which limit a row sets by what its name says; `None` where it sets none of the three.
pub fn kind_of(name: &str) -> Option<LimitKind> {
    if is_account_wide(name) { Some(LimitKind::Tpd) } else { parse(name).map(|(title, _)| title.kind) }
}

/// Takes a quota's name apart: its title and the model's label; `None` where it is no limit of on-demand inference.
pub(super) fn parse(name: &str) -> Option<(Title, &str)> {
    let lower = name.to_ascii_lowercase();
    let stands_alone = |at: usize| {
        lower[..at].ends_with(char::is_whitespace) && lower[at + "for".len()..].starts_with(char::is_whitespace)
    };
    let at = lower.match_indices("for").map(|(at, _)| at).find(|at| stands_alone(*at))?;
    let between = |c: char| c.is_whitespace() || c == ',';
    let head: Vec<&str> = lower[..at].split(between).filter(|word| !word.is_empty()).collect();
    if !head.iter().all(|word| WORDS.contains(word)) {
        return None;
    }
    let has = |word| head.contains(&word);
    let kind = match (has("requests"), has("tokens"), has("minute"), has("day")) {
        (true, false, true, false) => LimitKind::Rpm,
        (false, true, true, false) => LimitKind::Tpm,
        (false, true, false, true) => LimitKind::Tpd,
        _ => return None,
    };
    let scope = match (has("global"), has("cross-region"), has("on-demand")) {
        (true, _, false) => Some(Scope::Global),
        (false, true, false) => Some(Scope::CrossRegion),
        (false, false, true) => Some(Scope::OnDemand),
        (false, false, false) if kind == LimitKind::Tpd => None,
        _ => return None,
    };
    let label_at = at + "for".len();
    let end = lower.rfind("(doubled").filter(|end| *end >= label_at).unwrap_or(lower.len());
    Some((Title { kind, scope, latency: has("latency-optimized") }, name[label_at..end].trim()))
}

/// Whether this is the one daily row of the whole account, across models (`L-E3F10727`, since September 2026;
/// "Cross-Model Max Tokens Per Day" in the API, "Cross-Model Account-Level Tokens Per Day" in the General Reference).
pub fn is_account_wide(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.first() == Some(&"cross-model") && words.ends_with(&["tokens", "per", "day"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_service_lists_them() {
        let of = |name| parse(name).map(|(title, label)| (title.kind, title.scope, title.latency, label));
        for (name, wanted) in [
            (
                "On-demand model inference requests per minute for Amazon Nova Lite",
                Some((LimitKind::Rpm, Some(Scope::OnDemand), false, "Amazon Nova Lite")),
            ),
            (
                "Cross-Region model inference tokens per minute for Anthropic Claude 3.5 Sonnet V2",
                Some((LimitKind::Tpm, Some(Scope::CrossRegion), false, "Anthropic Claude 3.5 Sonnet V2")),
            ),
            (
                "Global cross-region model inference tokens per day for Anthropic Claude Haiku 4.5",
                Some((LimitKind::Tpd, Some(Scope::Global), false, "Anthropic Claude Haiku 4.5")),
            ),
            (
                "Model invocation max tokens per day for DeepSeek R1 V1 (doubled for cross-region calls)",
                Some((LimitKind::Tpd, None, false, "DeepSeek R1 V1")),
            ),
            (
                "On-Demand, latency-optimized model inference requests per minute for Amazon Nova Pro V1",
                Some((LimitKind::Rpm, Some(Scope::OnDemand), true, "Amazon Nova Pro V1")),
            ),
            (
                "On-demand InvokeModel tokens per minute for Anthropic Claude",
                Some((LimitKind::Tpm, Some(Scope::OnDemand), false, "Anthropic Claude")),
            ),
            (
                "  Cross-Region  model inference requests per minute  for  Anthropic Claude 3.5 Haiku ",
                Some((LimitKind::Rpm, Some(Scope::CrossRegion), false, "Anthropic Claude 3.5 Haiku")),
            ),
            ("[bedrock-mantle endpoint] Input tokens per minute for Claude Opus 5", None),
            ("On-demand InvokeModel concurrent requests for Amazon Nova Sonic", None),
            ("Model units per provisioned model for Anthropic Claude 3 Haiku 48K", None),
            ("Records per batch inference job for Claude 3 Haiku", None),
            ("Cross-Model Max Tokens Per Day", None),
            ("", None),
        ] {
            assert_eq!(of(name), wanted, "{name}");
        }
        assert!(is_account_wide("Cross-Model Max Tokens Per Day"));
        assert!(is_account_wide("Cross-model  Account-Level Tokens Per Day "));
        assert!(!is_account_wide("Model invocation max tokens per day for DeepSeek R1 V1"));
    }
}
