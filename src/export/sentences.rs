//! Sentences: what a report says of a model beside its figures and verdicts, the same in every text.

use crate::bench::report::{ModelReport, Report, VariantReport};
use crate::bench::verdict::{Verdict, binding_sentence};

/// What binds, what tokens gain, what became of the usual guess, what racing saved, and what was verified.
pub(crate) fn sentences(model: &ModelReport) -> Vec<String> {
    let verified = |variant: &VariantReport| {
        let verified = variant.verified.as_ref()?;
        Some(format!("{}, verified at the quota's edge: {}", variant.name, verified.sentence()))
    };
    throughput(model)
        .and_then(binding_sentence)
        .into_iter()
        .chain(model.efficiency.clone())
        .chain(model.guess.clone())
        .chain(model.saved.sentence())
        .chain(model.variants.iter().filter_map(verified))
        .collect()
}

/// What was rejected of each variant, by which check, with an example.
pub(crate) fn rejected(model: &ModelReport) -> impl Iterator<Item = String> {
    let of = |variant: &VariantReport| Some(format!("{}: {}", variant.name, variant.rejected.as_ref()?.sentence()));
    model.variants.iter().filter_map(of)
}

/// The advice on `max_tokens`, for every variant that gains by it.
pub(crate) fn advice(model: &ModelReport) -> impl Iterator<Item = &str> {
    let gains = |variant: &&VariantReport| variant.advice.is_some_and(|advice| advice.gains());
    model.variants.iter().filter(gains).filter_map(|variant| variant.advice_sentence.as_deref())
}

/// That for the variant that fits the most work into the quota, where it gains anything.
pub(crate) fn advice_for_the_best(model: &ModelReport) -> Option<&str> {
    let best = throughput(model)?.leader.as_ref()?;
    let best = model.variants.iter().find(|variant| variant.name == *best)?;
    best.advice_sentence.as_deref().filter(|_| best.advice.is_some_and(|advice| advice.gains()))
}

/// The best across models with what equal quality means, where there are several.
pub(crate) fn across(report: &Report) -> Option<(String, Vec<String>)> {
    let across = report.across.as_ref()?;
    let sentences = across.sentences();
    (!sentences.is_empty()).then(|| (format!("Across models, {}", across.quality), sentences))
}

fn throughput(model: &ModelReport) -> Option<&Verdict> {
    model.verdicts.get("throughput")
}
