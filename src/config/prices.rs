//! The tables `[[price]]`: what a model costs, over the shipped table.

use super::finding::{Finding, quoted};
use super::reader::{Notes, Section, number, text_as};
use super::scalar;
use crate::bench::plan::{ModelPrice, Price};

/// Reads every table; what is wrong is in `notes`.
pub(super) fn read(root: &mut Section<'_>, notes: &Notes) -> Vec<ModelPrice> {
    let mut prices: Vec<ModelPrice> = Vec::new();
    for mut section in root.sections("price", "[[price]]") {
        let span = section.span();
        let model = section.get("model", text_as(scalar::model_id));
        let mut dollars = |key| section.value(key, number(scalar::COST));
        let (input, output) = (dollars("input"), dollars("output"));
        let (cache_read, cache_write) = (dollars("cache_read"), dollars("cache_write"));
        for key in ["model", "input", "output"] {
            if section.raw(key).is_none() {
                let expected = "a price has model, input and output: US dollars per million tokens";
                notes.at(span.clone(), format!("a price needs `{key}`"), expected);
            }
        }
        section.finish();
        let (Some(model), Some(input), Some(output)) = (model, input, output) else { continue };
        if prices.iter().any(|price| price.model == model.value) {
            let what = format!("the price of {} is given twice", quoted(&model.value));
            notes.add(Finding::new(what).at(&notes.source, model.span, "again here"));
            continue;
        }
        let price =
            Price { input, output, cache_read: cache_read.unwrap_or(input), cache_write: cache_write.unwrap_or(input) };
        prices.push(ModelPrice { model: model.value, price });
    }
    prices
}
