//! Charts: CHARTS, the pictures of a report; one row each.

use crate::bench::number::number;
use crate::bench::quota::LimitKind;
use crate::bench::report::{ModelReport, Report, RunReport, VariantReport};
use crate::export::bars::{LimitLine, Panel, Picture, Row, Tone, draw};
use crate::export::columns::{estimated, origin};
use crate::export::palette::Palette;

/// One row of [`CHARTS`].
#[derive(Debug, Clone, Copy)]
pub struct Chart {
    /// Its file's name without the extension.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Draws it for one model as an SVG document.
    pub draw: fn(&Self, &RunReport, &ModelReport, &Palette) -> String,
}

/// Every chart.
pub const CHARTS: &[Chart] = &[
    Chart { name: "tokens", title: "Token Usage by Prompt Variant", draw: tokens },
    Chart { name: "throughput", title: "Throughput by Prompt Variant", draw: throughput },
    Chart { name: "performance", title: "Performance by Prompt Variant", draw: performance },
    Chart { name: "capacity", title: "Requests per Minute that Fit the Quota by Prompt Variant", draw: capacity },
];

impl Chart {
    /// The chart of every model of a report, in its order.
    pub fn svgs<'a>(&'a self, report: &'a Report, palette: &'a Palette) -> impl Iterator<Item = String> + 'a {
        report.models.iter().map(move |model| (self.draw)(self, &report.run, model, palette))
    }
}

/// A part of a request's tokens.
type Part = (&'static str, fn(&VariantReport) -> f64);

/// The parts of a stacked token bar; one that is zero everywhere is left out.
const PARTS: [Part; 4] = [
    ("Input tokens", |v| v.tokens.as_ref().map_or(0.0, |t| t.input)),
    ("Output tokens", |v| v.tokens.as_ref().map_or(0.0, |t| t.output)),
    ("Cache-read tokens", |v| v.tokens.as_ref().map_or(0.0, |t| t.cache_read)),
    ("Cache-write tokens", |v| v.tokens.as_ref().map_or(0.0, |t| t.cache_write)),
];

fn tokens(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    // Input and output stand even where they are zero; a cache is drawn only where one was used.
    let parts: Vec<Part> = PARTS
        .into_iter()
        .enumerate()
        .filter(|(index, (_, part))| *index < 2 || model.variants.iter().any(|v| part(v) > 0.0))
        .map(|(_, part)| part)
        .collect();
    let row = |v: &VariantReport| {
        bar(v, v.tokens.as_ref().map(|t| t.total), |total| Row::Bar {
            parts: parts.iter().map(|(_, part)| part(v)).collect(),
            whisker: None,
            label: estimated(v, number(total)),
        })
    };
    let panel = panel("", "Mean tokens per request", 0, model, row);
    let series = parts.iter().map(|(name, _)| *name).collect();
    draw(&Picture { series, ..picture(chart, run, model, vec![panel]) }, palette)
}

fn throughput(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let requests = panel("Requests per Minute by Prompt Variant", "Requests per minute", 0, model, |v| {
        simple(v, v.requests_per_minute, number)
    });
    let tokens = panel("Tokens per Minute by Prompt Variant", "Tokens per minute", 1, model, |v| {
        simple(v, v.tokens_per_minute, |value| estimated(v, number(value)))
    });
    let panels = vec![limited(requests, model, LimitKind::Rpm), limited(tokens, model, LimitKind::Tpm)];
    draw(&picture(chart, run, model, panels), palette)
}

fn performance(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let tokens = panel("Tokens per Request by Prompt Variant", "Mean tokens per request", 0, model, |v| {
        simple(v, v.tokens.as_ref().map(|t| t.total), |value| estimated(v, number(value)))
    });
    let speed = panel("Tokens per Second by Prompt Variant", "Tokens per second", 2, model, |v| {
        simple(v, v.tokens_per_second, |value| estimated(v, number(value)))
    });
    draw(&picture(chart, run, model, vec![tokens, speed]), palette)
}

fn capacity(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let row = |v: &VariantReport| {
        if v.ok > 0 && v.capacity.requests_per_minute.is_none() {
            return Row::Missing { why: "no limit known".into(), failure: false };
        }
        bar(v, v.capacity.requests_per_minute, |value| Row::Bar {
            parts: vec![value],
            whisker: v.capacity.low.zip(v.capacity.high),
            label: match v.capacity.limit {
                Some(limit) => format!("{} · {} binds", estimated(v, number(value)), limit.name()),
                None => estimated(v, number(value)),
            },
        })
    };
    let panel = panel("", "Requests per minute inside the whole quota", 0, model, row);
    draw(&picture(chart, run, model, vec![panel]), palette)
}

fn picture<'a>(chart: &Chart, run: &RunReport, model: &'a ModelReport, panels: Vec<Panel>) -> Picture<'a> {
    Picture {
        title: chart.title.into(),
        subtitle: subtitle(run, model),
        names: model.variants.iter().map(|v| v.name.as_str()).collect(),
        panels,
        series: Vec::new(),
    }
}

/// Which model, whose numbers, and how many of them.
fn subtitle(run: &RunReport, model: &ModelReport) -> Vec<(String, Tone)> {
    let trials: u64 = model.variants.iter().map(|v| v.trials).sum();
    let mut lines = vec![(model.model.clone(), Tone::Plain)];
    lines.extend(origin(run).map(|origin| (origin, Tone::Warning)));
    lines.push((format!("{} · {trials} trials", run.region), Tone::Muted));
    lines
}

fn panel(
    title: &'static str,
    axis: &'static str,
    colour: usize,
    model: &ModelReport,
    row: impl Fn(&VariantReport) -> Row,
) -> Panel {
    Panel { title, axis, colour, rows: model.variants.iter().map(row).collect(), limit: None, note: None }
}

/// The panel with the quota as a line, or the word that there is none.
fn limited(panel: Panel, model: &ModelReport, kind: LimitKind) -> Panel {
    match model.limit(kind) {
        Some(limit) => {
            let label = format!("quota {} {} ({})", number(limit.value), kind.name(), limit.source);
            Panel { limit: Some(LimitLine { value: limit.value, label }), ..panel }
        }
        None => Panel { note: Some(format!("no {} limit known", kind.name())), ..panel },
    }
}

fn simple(variant: &VariantReport, value: Option<f64>, label: impl Fn(f64) -> String) -> Row {
    bar(variant, value, |value| Row::Bar { parts: vec![value], whisker: None, label: label(value) })
}

/// A bar where there is a value; otherwise why there is none.
fn bar(variant: &VariantReport, value: Option<f64>, row: impl Fn(f64) -> Row) -> Row {
    match value {
        Some(value) if value.is_finite() => row(value),
        _ if variant.failed > 0 => {
            Row::Missing { why: format!("failed ({} of {} trials)", variant.failed, variant.trials), failure: true }
        }
        _ => Row::Missing { why: "not measured".into(), failure: false },
    }
}
