//! Prices: US dollars per million tokens and largest outputs by model, from a dated table.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::bench::model::{ModelId, Scope};
use crate::bench::plan::Price;

/// The day on which the table was read (source: `LiteLLM` 1.109.1, MIT licence). Claude 3 Sonnet and Haiku are no
/// longer in it; their rows are the prices that AWS published for them.
pub const READ_ON: &str = "2026-11-23";

const TABLE: &str = include_str!("data/prices.jsonl");

#[derive(Deserialize)]
struct Row {
    model_id: &'static str,
    input_per_1m: Option<f64>,
    output_per_1m: Option<f64>,
    cache_read_per_1m: Option<f64>,
    cache_write_per_1m: Option<f64>,
    max_output_tokens: Option<u32>,
    deprecation_date: Option<&'static str>,
}

type Rows = HashMap<String, Vec<(Option<&'static str>, Row)>>;

/// The table by base model.
static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    let mut rows = Rows::new();
    for row in TABLE.lines().filter_map(|line| serde_json::from_str::<Row>(line).ok()) {
        let id = ModelId::parse(row.model_id);
        let prefix = id.prefix().and_then(|prefix| row.model_id.get(..prefix.len()));
        rows.entry(id.base().to_owned()).or_default().push((prefix, row));
    }
    rows
});

/// Prefixes whose prices say nothing of a geography's: `us-gov` is dearer by a fifth.
const APART: [&str; 2] = ["global", "us-gov"];

/// The rows of one base model, each with its prefix, `None` for the base id itself.
fn rows_of(base: &str) -> &'static [(Option<&'static str>, Row)] {
    ROWS.get(base).map_or(&[], Vec::as_slice)
}

/// Whether the table has a row of its own for exactly this id, its profile's prefix included.
pub fn lists(id: &ModelId) -> bool {
    row_at(id.base(), id.prefix()).is_some()
}

fn row_at(base: &str, prefix: Option<&str>) -> Option<&'static Row> {
    rows_of(base).iter().find(|(own, _)| *own == prefix).map(|(_, row)| row)
}

/// The profile's prefix, or for an application's profile the geography of its own region, where that tells it.
fn geography(id: &ModelId) -> Option<&str> {
    let region = || id.as_str().strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).unwrap_or_default();
    match (id.prefix(), id.scope()) {
        (None, Scope::Global) => Some("global"),
        (None, Scope::CrossRegion) => {
            ["us-gov", "us", "eu"].into_iter().find(|place| region().starts_with(&format!("{place}-")))
        }
        (prefix, _) => prefix,
    }
}

/// The row whose price holds for a model as it is called; `None` where it is not sure.
///
/// A plain id has its own row. A profile has its own row too, and where that is missing, by what the table shows:
///
/// - Geographies (`us`, `eu`, …) often have one price, and as often not (Nova Lite is dearer in Europe), so another
///   geography's row is taken only where at least two are listed and all agree.
/// - The base row is the price in the US for a model without a global profile, and the global price, a tenth lower
///   than any geography's, for most that have one. So it stands in for `us` only where the model has no row but it,
///   and for `global` only where it is lower than every geography's.
/// - `GovCloud` has prices of its own, and nothing stands in for them.
fn priced(id: &ModelId) -> Option<&'static Row> {
    let in_partition = |partition: &str| id.as_str().starts_with(&format!("arn:{partition}:"));
    let (base, place) = (id.base(), geography(id));
    if in_partition("aws-cn") || (in_partition("aws-us-gov") && place != Some("us-gov")) {
        return None;
    }
    let cross_region = id.scope() == Scope::CrossRegion;
    if place.is_some() || !cross_region {
        let own = row_at(base, place);
        if own.is_some() || place.is_none() {
            return own;
        }
    }
    let price = |row: &Row| (row.input_per_1m, row.output_per_1m, row.cache_read_per_1m, row.cache_write_per_1m);
    let geographies: Vec<&Row> = rows_of(base)
        .iter()
        .filter(|(prefix, _)| prefix.is_some_and(|prefix| !APART.contains(&prefix)))
        .map(|(_, row)| row)
        .collect();
    match place {
        Some("us-gov") => None,
        Some("global") => row_at(base, None).filter(|base| {
            let dearer = |geo: &&Row| geo.input_per_1m > base.input_per_1m && geo.output_per_1m > base.output_per_1m;
            !geographies.is_empty() && geographies.iter().all(dearer)
        }),
        Some("us") if geographies.is_empty() && row_at(base, Some("global")).is_none() => row_at(base, None),
        _ => {
            let all_agree = geographies.windows(2).all(|pair| price(pair[0]) == price(pair[1]));
            geographies.first().copied().filter(|_| geographies.len() >= 2 && all_agree)
        }
    }
}

/// The price of a model as it is called; `None` where the table does not surely say it.
pub fn of(id: &ModelId) -> Option<Price> {
    let row = priced(id)?;
    let (input, output) = (row.input_per_1m?, row.output_per_1m?);
    Some(Price {
        input,
        output,
        cache_read: row.cache_read_per_1m.unwrap_or(input),
        cache_write: row.cache_write_per_1m.unwrap_or(input),
    })
}

/// The model's largest output, in tokens: of its own row, of its base id's, or the largest of its other profiles'.
pub fn max_output(id: &ModelId) -> Option<u32> {
    let own = row_at(id.base(), id.prefix()).or_else(|| row_at(id.base(), None));
    own.and_then(|row| row.max_output_tokens)
        .or_else(|| rows_of(id.base()).iter().filter_map(|(_, row)| row.max_output_tokens).max())
}

/// Whether a price of cached input is known of the model, under any of its profiles: then it has a prompt cache.
pub fn has_cache(id: &ModelId) -> bool {
    rows_of(id.base()).iter().any(|(_, row)| row.cache_read_per_1m.is_some())
}

/// The day on which the model ends, `YYYY-MM-DD`, where the table knows it.
pub fn end_of_life(id: &ModelId) -> Option<&'static str> {
    row_at(id.base(), id.prefix()).or_else(|| row_at(id.base(), None))?.deprecation_date
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_is_read_and_every_row_is_its_own_price() {
        assert_eq!(ROWS.values().map(Vec::len).sum::<usize>(), TABLE.lines().count());
        for (prefix, row) in ROWS.values().flatten() {
            let id = ModelId::parse(row.model_id);
            assert_eq!(id.prefix(), *prefix, "{id}");
            assert_eq!(of(&id).map(|price| price.input), row.input_per_1m, "{id}");
        }
    }

    #[test]
    fn a_profile_that_is_not_listed_has_a_price_only_where_the_others_tell_it() {
        let profile = |model: &str, scope| {
            let raw = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc";
            ModelId::parse(raw).resolved(model, scope)
        };
        for (id, input) in [
            (ModelId::parse("au.anthropic.claude-opus-4-5-20251101-v1:0"), Some(5.5)), // us and eu agree
            (ModelId::parse("zz.anthropic.claude-sonnet-5"), Some(2.2)),
            (ModelId::parse("apac.anthropic.claude-3-7-sonnet-20250219-v1:0"), Some(3.0)),
            (ModelId::parse("eu.anthropic.claude-mythos-5-1"), None), // only us is listed
            (ModelId::parse("eu.openai.gpt-5.6-sol"), None),
            (ModelId::parse("au.amazon.nova-2-lite-v1:0"), None), // no two geographies agree
            (ModelId::parse("jp.amazon.nova-lite-v1:0"), None),
            (ModelId::parse("us.amazon.nova-premier-v1:0"), Some(2.5)), // no global profile: the base row is the US
            (ModelId::parse("eu.amazon.nova-premier-v1:0"), None),
            (ModelId::parse("global.amazon.nova-premier-v1:0"), None),
            (ModelId::parse("global.amazon.nova-2-pro-preview-20251202-v1:0"), Some(1.25)),
            (ModelId::parse("us-gov.anthropic.claude-opus-5"), Some(6.0)),
            (ModelId::parse("us-gov.anthropic.claude-opus-4-7"), None),
            (ModelId::parse("openai.gpt-5.6-sol"), None),
            (ModelId::parse("somebody.new-model"), None),
            (ModelId::parse("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-5"), Some(2.0)),
            (ModelId::parse("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-sonnet-5"), None),
            (profile("amazon.nova-lite-v1:0", Scope::CrossRegion), Some(0.078)),
            (profile("anthropic.claude-sonnet-5", Scope::CrossRegion), Some(2.2)),
            (profile("anthropic.claude-sonnet-5", Scope::Global), Some(2.0)),
            (profile("amazon.nova-lite-v1:0", Scope::OnDemand), Some(0.06)),
        ] {
            assert_eq!(of(&id).map(|price| price.input), input, "{id} {:?}", id.base());
        }
        assert_eq!(max_output(&ModelId::parse("eu.openai.gpt-5.6-sol")), Some(128_000));
        assert_eq!(max_output(&ModelId::parse("eu.amazon.nova-premier-v1:0")), Some(10_000));
        let listed = |id| lists(&ModelId::parse(id));
        assert!(listed("deepseek.v3.2") && listed("us.deepseek.v3.2") && !listed("apac.deepseek.v3.2"));
    }
}
