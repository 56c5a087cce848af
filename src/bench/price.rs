//! Prices: US dollars per million tokens and largest outputs by model, from a dated table.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::bench::model::ModelId;
use crate::bench::plan::Price;

/// The day on which the table was read (source: `LiteLLM` 1.109.1, MIT licence). Claude 3 Sonnet is no longer in it;
/// its row is the price that AWS published for it.
pub const READ_ON: &str = "2026-11-23";

const TABLE: &str = include_str!("data/prices.jsonl");

#[derive(Deserialize)]
struct Row {
    model_id: String,
    input_per_1m: Option<f64>,
    output_per_1m: Option<f64>,
    cache_read_per_1m: Option<f64>,
    cache_write_per_1m: Option<f64>,
    max_output_tokens: Option<u32>,
    deprecation_date: Option<String>,
}

static ROWS: LazyLock<HashMap<String, Row>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter_map(|line| serde_json::from_str::<Row>(line).ok())
        .map(|row| (row.model_id.clone(), row))
        .collect()
});

/// Whether the table has a row of its own for exactly this id, its profile's prefix included.
pub fn lists(id: &ModelId) -> bool {
    let name = id.prefix().map_or_else(|| id.base().to_owned(), |prefix| format!("{prefix}.{}", id.base()));
    ROWS.contains_key(&name)
}

fn row(id: &ModelId) -> Option<&'static Row> {
    let with_prefix = id.prefix().map(|prefix| format!("{prefix}.{}", id.base()));
    with_prefix.and_then(|name| ROWS.get(&name)).or_else(|| ROWS.get(id.base()))
}

/// The price of a model under its inference profile, or under its base id; `None` where the table has neither.
pub fn of(id: &ModelId) -> Option<Price> {
    let row = row(id)?;
    let (input, output) = (row.input_per_1m?, row.output_per_1m?);
    Some(Price {
        input,
        output,
        cache_read: row.cache_read_per_1m.unwrap_or(input),
        cache_write: row.cache_write_per_1m.unwrap_or(input),
    })
}

/// The model's largest output, in tokens.
pub fn max_output(id: &ModelId) -> Option<u32> {
    row(id)?.max_output_tokens
}

/// The day on which the model ends, `YYYY-MM-DD`, where the table knows it.
pub fn end_of_life(id: &ModelId) -> Option<&'static str> {
    row(id)?.deprecation_date.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_is_read_and_profiles_have_their_own_price() {
        assert_eq!(ROWS.len(), TABLE.lines().count());
        let price = |id| of(&ModelId::parse(id)).expect("listed");
        assert!((price("us.anthropic.claude-sonnet-5").input - 2.2).abs() < 1e-9);
        assert!((price("global.anthropic.claude-sonnet-5").input - 2.0).abs() < 1e-9);
        assert_eq!(of(&ModelId::parse("somebody.new-model")), None);
        let listed = |id| lists(&ModelId::parse(id));
        assert!(listed("deepseek.v3.2") && listed("us.deepseek.v3.2") && !listed("apac.deepseek.v3.2"));
    }
}
