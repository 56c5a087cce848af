//! Ability: what single models can do and others of the same family cannot (source: facts on native formats and on
//! token counts; Bedrock user guide, `prompt-caching` and `count-tokens`; errors in public issues).

use crate::bench::model::ModelId;
use crate::bench::request::{Role, Turn};

/// Claude models from 4.1 on, but for Opus and Sonnet 4.
const FROM_4_1: [&str; 7] = [
    "anthropic.claude-opus-4-1",
    "anthropic.claude-opus-4-5",
    "anthropic.claude-sonnet-4-5",
    "anthropic.claude-haiku-4-5",
    "anthropic.claude-opus-4-6",
    "anthropic.claude-sonnet-4-6",
    "anthropic.claude-opus-4-7",
];
/// Claude models from 4.8 on.
const FROM_4_8: [&str; 6] = [
    "anthropic.claude-opus-4-8",
    "anthropic.claude-opus-5",
    "anthropic.claude-sonnet-5",
    "anthropic.claude-haiku-5",
    "anthropic.claude-fable-5",
    "anthropic.claude-mythos",
];

fn begins(model: &ModelId, starts: &[&str]) -> bool {
    starts.iter().any(|start| model.base().starts_with(start))
}

/// Whether a model has a prompt cache.
pub(super) fn caches(model: &ModelId) -> bool {
    const MORE: [&str; 6] = [
        "anthropic.claude-3-5-haiku",
        "anthropic.claude-3-5-sonnet-20241022",
        "anthropic.claude-3-7",
        "anthropic.claude-opus-4",
        "anthropic.claude-sonnet-4",
        "amazon.nova-",
    ];
    begins(model, &MORE) || begins(model, &FROM_4_1) || begins(model, &FROM_4_8)
}

/// Whether a model refuses `temperature` together with `top_p`.
pub(super) fn takes_one_sampler(model: &ModelId) -> bool {
    begins(model, &FROM_4_1) || begins(model, &FROM_4_8)
}

/// Whether a model goes on where an assistant's turn ends.
pub(super) fn prefills(model: &ModelId) -> bool {
    const NO_MORE: [&str; 3] =
        ["anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6", "anthropic.claude-opus-4-7"];
    begins(model, &["anthropic.", "amazon.nova-"]) && !begins(model, &NO_MORE) && !begins(model, &FROM_4_8)
}

/// Whether a model takes a `system` role inside `messages`, and then only behind a user's turn (Opus 4.8 and later).
pub(super) fn takes_system_turn(model: &ModelId, before: Option<&Turn>) -> bool {
    let behind_user = before.is_some_and(|turn| turn.role == Role::User);
    behind_user && begins(model, &["anthropic.claude-opus-4-8", "anthropic.claude-opus-5"])
}

/// Whether `CountTokens` knows a model.
pub(super) fn counts_tokens(model: &ModelId) -> bool {
    const COUNTED: [&str; 6] = [
        "anthropic.claude-3-5-haiku",
        "anthropic.claude-3-5-sonnet",
        "anthropic.claude-3-7",
        "anthropic.claude-opus-4",
        "anthropic.claude-sonnet-4",
        "anthropic.claude-haiku-4",
    ];
    const TOO_NEW: [&str; 2] = ["anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8"];
    begins(model, &COUNTED) && !begins(model, &TOO_NEW)
}

/// Whether `Converse` takes more than one turn of a model (AI21's Jurassic-2 and Cohere's Command have no chat).
pub(super) fn converses(model: &ModelId) -> bool {
    !begins(model, &["ai21.j2", "cohere.command-text", "cohere.command-light"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_follow_the_version() {
        let row = |id: &str| {
            let model = ModelId::parse(id);
            (caches(&model), takes_one_sampler(&model), prefills(&model), counts_tokens(&model))
        };
        assert_eq!(row("anthropic.claude-3-sonnet-20240229-v1:0"), (false, false, true, false));
        assert_eq!(row("anthropic.claude-3-5-sonnet-20240620-v1:0"), (false, false, true, true));
        assert_eq!(row("anthropic.claude-3-5-haiku-20241022-v1:0"), (true, false, true, true));
        assert_eq!(row("anthropic.claude-sonnet-4-20250514-v1:0"), (true, false, true, true));
        assert_eq!(row("us.anthropic.claude-haiku-4-5-20251001-v1:0"), (true, true, true, true));
        assert_eq!(row("anthropic.claude-opus-4-6-v1"), (true, true, false, true));
        assert_eq!(row("us.anthropic.claude-opus-4-7"), (true, true, false, false));
        assert_eq!(row("us.anthropic.claude-opus-4-8"), (true, true, false, false));
        assert_eq!(row("us.anthropic.claude-sonnet-5"), (true, true, false, false));
        assert_eq!(row("amazon.nova-lite-v1:0"), (true, false, true, false));
        assert_eq!(row("meta.llama3-8b-instruct-v1:0"), (false, false, false, false));
    }
}
