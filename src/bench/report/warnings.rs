//! Warnings: what the reader must know before believing a number.

use super::judge;
use crate::bench::client::Bottleneck;
use crate::bench::event::{NoteLevel, RetireCause};
use crate::bench::figures::Figures;
use crate::bench::number::number;
use crate::bench::quota::LimitKind;
use crate::bench::tally::{Retired, Tally};

/// What of the client stood in the run's way so far.
pub fn bottleneck(tally: &Tally) -> Option<Bottleneck> {
    let medians = tally.all_variants().filter_map(|variant| {
        let of = variant.population();
        of.ttft.median_ms().or(of.e2e.median_ms())
    });
    tally.client.bottleneck(tally.elapsed(tally.last_at), medians.min_by(f64::total_cmp))
}

pub(super) fn warnings(tally: &Tally) -> Vec<String> {
    let detection = tally
        .models
        .iter()
        .zip(&tally.plan.models)
        .flat_map(|(model, plan)| model.quota_notes.iter().map(move |note| about(plan.id.as_str(), note)));
    let noted = tally.notes.iter().filter(|(level, _)| *level >= NoteLevel::Warning).map(|(_, text)| text.clone());
    let retired = tally.models.iter().zip(&tally.plan.models).flat_map(|(model, plan)| {
        let named = model.variants.iter().zip(&tally.plan.variants);
        named.filter_map(|(variant, of)| {
            let Retired { after, reason, .. } =
                variant.retired.as_ref().filter(|retired| retired.cause != RetireCause::Lost)?;
            Some(format!("{} on {} got no more trials after {after} answers: {reason}", of.name, plan.id))
        })
    });
    let figures = (0..tally.models.len()).flat_map(|model| Figures::of_model(tally, model));
    let answers = figures.flat_map(|figures| [figures.cut_off_note(), figures.cache_note()]).flatten();
    let learned = tally.plan.models.iter().enumerate().flat_map(|(model, plan)| {
        learned_notes(tally, model).into_iter().map(move |note| about(plan.id.as_str(), &note))
    });
    let daily = tally.plan.models.iter().enumerate().filter_map(|(model, plan)| {
        let each: Vec<String> = Figures::of_model(tally, model)
            .filter_map(|figures| {
                Some(format!("{} for {}", number(figures.capacity_in_a_minute()?.rpm), figures.name()))
            })
            .collect();
        let hours = number(tally.plan.active.as_secs_f64() / 3_600.0);
        let text = format!(
            "the daily token quota binds at {hours} hours of work a day ([quota] active); a minute alone would allow {}",
            each.join(", ")
        );
        (!each.is_empty()).then(|| about(plan.id.as_str(), &text))
    });
    let own = bottleneck(tally).map(|found| found.sentence().to_owned());
    let mut all: Vec<String> = Vec::new();
    for warning in detection
        .chain(noted)
        .chain(retired)
        .chain(answers)
        .chain(learned)
        .chain(daily)
        .chain(judge::warnings(tally))
        .chain(own)
    {
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    all
}

/// What throttles say of a model's listed limits, in sentences.
pub fn learned_notes(tally: &Tally, model: usize) -> Vec<String> {
    let Some(of) = tally.models.get(model) else { return Vec::new() };
    let note = |(kind, value): (&LimitKind, &f64)| {
        let listed = of.quota.as_ref()?.value(*kind)?;
        let asked = match tally.plan.share {
            share if share < 1.0 => format!("{} % of the listed", number(share * 100.0)),
            _ => "the listed".into(),
        };
        Some(format!(
            "throttled below {asked} {listed} {kind}: about {value} can be taken (learned), or others take the rest; \
             capacities go by the learned {kind}",
            listed = number(listed),
            kind = kind.name(),
            value = number(*value)
        ))
    };
    of.learned.iter().filter_map(note).collect()
}

/// A note with its model before it, where the note does not begin with that itself.
pub(super) fn about(model: &str, note: &str) -> String {
    if note.starts_with(model) { note.to_owned() } else { format!("{model}: {note}") }
}
