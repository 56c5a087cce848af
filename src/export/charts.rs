//! Charts: CHARTS, the pictures of a report; one row each.

use crate::bench::number::number;
use crate::bench::quota::LimitKind;
use crate::bench::report::{LatencyReport, ModelReport, QuantilesReport, Report, RunReport, VariantReport};
use crate::export::bars::{LimitLine, Panel, Picture, Row, draw};
use crate::export::canvas::{Caption, Tone};
use crate::export::columns::{estimated, origin};
use crate::export::palette::Palette;
use crate::export::spread::Spread;
use crate::export::{front, timeline};

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
    Chart { name: "yield", title: "Accepted Answers for What They Take by Prompt Variant", draw: accepted },
    Chart { name: "latency", title: "Latency by Prompt Variant", draw: latency },
    Chart { name: "quota", title: "Quota Taken over the Run's Time", draw: timeline::draw },
    Chart { name: "pareto", title: "Pareto Front of Prompt Variants", draw: front::draw },
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
    let requests = panel(
        "Requests per Minute by Prompt Variant",
        "Requests per minute, each alone at this concurrency",
        0,
        model,
        |v| simple(v, v.requests_per_minute, number),
    );
    let tokens = panel(
        "Tokens per Minute by Prompt Variant",
        "Tokens per minute, each alone at this concurrency",
        1,
        model,
        |v| simple(v, v.tokens_per_minute, |value| estimated(v, number(value))),
    );
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

/// What quota tokens and money yield; what was wasted on answers that were not accepted stands with it.
fn accepted(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let tokens = panel("By Quota Tokens", "Accepted answers per 1,000 quota tokens", 1, model, |v| {
        simple(v, v.accepted_per_1000_quota_tokens, |value| {
            let wasted = v.quota_tokens.wasted.filter(|wasted| *wasted > 0.0);
            let wasted = wasted.map_or_else(String::new, |wasted| format!(" · {} % wasted", number(wasted * 100.0)));
            format!("{}{wasted}", estimated(v, number(value)))
        })
    });
    let priced = |v: &VariantReport| match v.accepted_per_usd {
        None if v.ok > 0 => Row::Missing { why: "no price known".into(), failure: false },
        value => simple(v, value, |value| estimated(v, number(value))),
    };
    let money = panel("By Money", "Accepted answers per US dollar", 2, model, priced);
    draw(&picture(chart, run, model, vec![tokens, money]), palette)
}

/// A panel of distributions a latency; where nothing was streamed there is no first text, and the place says so.
fn latency(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let row = |of: fn(&LatencyReport) -> Option<&QuantilesReport>, without: &'static str| {
        move |v: &VariantReport| match of(&v.latency_ms) {
            Some(quantiles) if v.ok > 0 => Row::Spread(Spread::of(quantiles)),
            _ if v.ok > 0 => Row::Missing { why: without.into(), failure: false },
            _ => bar(v, None, |_| Row::Missing { why: without.into(), failure: false }),
        }
    };
    let ttft = row(|of| of.ttft.as_ref(), "no TTFT: no text was streamed");
    let ttft = panel("TTFT: Send to First Text", "Milliseconds", 0, model, ttft);
    let e2e = panel("E2E: Send to Last Chunk", "Milliseconds", 2, model, row(|of| of.e2e.as_ref(), "not measured"));
    draw(&picture(chart, run, model, vec![ttft, e2e]), palette)
}

fn picture<'a>(chart: &Chart, run: &RunReport, model: &'a ModelReport, panels: Vec<Panel>) -> Picture<'a> {
    Picture {
        caption: caption(chart, run, model),
        names: model.variants.iter().map(|v| v.name.as_str()).collect(),
        panels,
        series: Vec::new(),
    }
}

/// The heading, and under it which model, whose numbers, and how many of them.
pub(crate) fn caption(chart: &Chart, run: &RunReport, model: &ModelReport) -> Caption {
    let trials: u64 = model.variants.iter().map(|v| v.trials).sum();
    let mut subtitle = vec![(model.model.clone(), Tone::Plain)];
    subtitle.extend(origin(run).map(|origin| (origin, Tone::Warning)));
    subtitle.push((format!("{} · {trials} trials", run.region), Tone::Muted));
    Caption { title: chart.title.into(), subtitle }
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
        _ => {
            let (why, failure) = why_missing(variant);
            Row::Missing { why, failure }
        }
    }
}

/// Why a variant has no value, and whether that is a failure.
pub(crate) fn why_missing(variant: &VariantReport) -> (String, bool) {
    if variant.failed > 0 {
        (format!("failed ({} of {} trials)", variant.failed, variant.trials), true)
    } else {
        ("not measured".into(), false)
    }
}
