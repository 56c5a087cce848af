//! Measures: how a variant stands, what it takes and costs, and how that is distributed.

use unicode_width::UnicodeWidthStr;

use crate::bench::advice;
use crate::bench::clean::{Lines, clean};
use crate::bench::event::RetireCause;
use crate::bench::figures::Figures;
use crate::bench::number::number;
use crate::bench::price::READ_ON;
use crate::bench::stats::{Distribution, enough};
use crate::tui::format::{count, percent, plural, rate, usd};
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::props;
use crate::tui::theme::Ink;
use crate::tui::views::variant::LABEL;
use crate::tui::widgets::histogram;
use crate::tui::widgets::sheet::{Line, heading, labelled, prose};

/// How it stands, in a few lines.
pub(super) fn standing(model: &Model, judged: &Judged, figures: &Figures<'_>, columns: u16) -> Vec<Line> {
    let of = figures.tally;
    let mut lines = prose(&verdict(model, judged, figures), columns, Ink::Strong);
    let mut add = |label: &str, ink: Ink, text: &str| lines.extend(labelled(label, LABEL, ink, text, columns));
    if of.finished_trials() > 0 {
        add("trials", Ink::Muted, &props::trials(figures));
    }
    if let Some(range) = judged.capacity.get(&model.cursor) {
        add("capacity", Ink::Muted, &props::fits(figures, range));
    }
    if let Some(share) = figures.capacity_in_share().filter(|_| figures.plan.share < 1.0) {
        let text = format!("{}/min within {} % of the quota", rate(share.rpm), percent(figures.plan.share));
        add("in force", Ink::Muted, &text);
    }
    if of.ok > 0 {
        add("quota", Ink::Muted, &props::quota(figures));
    }
    if let Some(note) = figures.cache_note() {
        add("cache", Ink::Muted, &clean(&note, Lines::Join));
    }
    if let Some(advised) = judged.advice.get(&model.cursor) {
        let text = advice::sentence(figures, advised);
        let text = text.strip_prefix(figures.name()).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text);
        add("advice", Ink::Title, &clean(text, Lines::Join));
    }
    lines
}

fn verdict(model: &Model, judged: &Judged, figures: &Figures<'_>) -> String {
    let (verdict, of, name) = (&judged.verdict, figures.tally, figures.name());
    let objective = model.objective.name();
    let included = model.plan.variants.get(figures.variant).is_some_and(|variant| variant.included);
    let place = verdict.ranking.iter().position(|ranked| ranked.name == name);
    if let Some(retired) = &of.retired {
        let what = if retired.cause == RetireCause::Lost { "out of the race" } else { "gets no more trials" };
        return format!("{what} after {}: {}", plural(retired.after, "trial"), clean(&retired.reason, Lines::Join));
    }
    if verdict.winner.as_deref() == Some(name) {
        let sure =
            verdict.confidence.map_or_else(String::new, |sure| format!(", {:.0} % sure", (sure * 100.0).floor()));
        return format!("winner by {objective}{sure}");
    }
    if verdict.leader.as_deref() == Some(name) {
        return format!("leads by {objective}, not shown to win");
    }
    match place {
        Some(place) => format!("{} of {} by {objective}", ordinal(place + 1), verdict.ranking.len()),
        None if of.failed > 0 && of.ok == 0 => "every trial failed".into(),
        None if !included => "left out of the run".into(),
        None => "nothing was measured so far".into(),
    }
}

fn ordinal(n: usize) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// Histograms of tokens and of latency.
pub(super) fn distributions(model: &Model, figures: &Figures<'_>, columns: u16) -> Vec<Line> {
    let of = figures.population();
    let mut lines = Vec::new();
    let bars = usize::from(histogram::BARS.min(columns.saturating_sub(2)));
    let withheld = model.theme.glyphs().withheld;
    let mut draw = |name: &str, ink: Ink, shape: Option<(f64, f64, Vec<u64>)>, words: &[String]| {
        let Some((low, high, counts)) = shape else { return };
        lines.push(Vec::new());
        lines.push(vec![(name.to_owned(), 0, Ink::Title)]);
        let rows = histogram::lines(&counts, ink, model.theme);
        // Beside the bars where there is room, else below them.
        let longest = words.iter().map(|word| word.width()).max().unwrap_or(0);
        let side = usize::from(columns) >= bars + 2 + longest;
        for (index, mut row) in rows.into_iter().enumerate() {
            if side && let Some(word) = words.get(index) {
                row.push((format!("  {word}"), 0, Ink::Text));
            }
            lines.push(row);
        }
        let ends = format!("{:<width$}", small(low), width = bars.saturating_sub(small(high).len()));
        lines.push(vec![(format!("{ends}{}", small(high)), 0, Ink::Muted)]);
        if !side {
            lines.push(vec![(words.join("  "), 0, Ink::Text)]);
        }
    };
    let outputs = &figures.tally.outputs;
    let est = if figures.tally.estimated() { " est" } else { "" };
    let quantile = |p: f64| outputs.quantile(p).map_or_else(|| withheld.to_owned(), |tokens| count(tokens as f64));
    let tokens = [
        format!("p50 {}  p90 {}  p99 {}", quantile(0.5), quantile(0.9), quantile(0.99)),
        format!("mean {}{est}", figures.tally.mean(|of| &of.output).map(count).unwrap_or_default()),
        format!("of {}", plural(outputs.n(), "answer")),
    ];
    draw("output tokens", Ink::Output, outputs.shape(bars), &tokens);
    let mut latency = |name: &str, of: &Distribution| {
        let quantile = |p: f64| of.quantile_ms(p).map_or_else(|| withheld.to_owned(), small);
        let interval = of.quantile_interval_ms(0.5, figures.plan.confidence);
        let interval = interval.map(|(low, high)| format!("p50 from {} to {}", small(low), small(high)));
        let words = [
            format!("p50 {}  p90 {}  p99 {}", quantile(0.5), quantile(0.9), quantile(0.99)),
            interval.unwrap_or_default(),
            format!("mean {}", of.mean_seconds().map(|mean| small(mean * 1_000.0)).unwrap_or_default()),
        ];
        draw(name, Ink::Used, of.shape(bars), &words);
    };
    latency("TTFT ms", &of.ttft);
    latency("E2E ms", &of.e2e);
    latency("TPOT ms", &of.tpot);
    let n = of.n();
    if n > 0 && !enough(n, 0.99) {
        lines.extend(prose(&format!("{withheld} too few answers to tell: {n}"), columns, Ink::Muted));
    }
    lines
}

/// A number with a decimal where it is small.
fn small(value: f64) -> String {
    if value < 100.0 && value.fract() > 0.0 { rate(value) } else { count(value) }
}

/// What it costs, and who says so.
pub(super) fn prices(figures: &Figures<'_>, columns: u16) -> Vec<Line> {
    let plan = figures.plan;
    let mut lines = vec![Vec::new(), heading("Prices")];
    let model = &plan.models[figures.model];
    let Some(price) = model.price else {
        lines.extend(prose("unknown; [[price]] in the configuration tells it", columns, Ink::Warning));
        return lines;
    };
    let from = match plan.configured_price(&model.id) {
        Some(_) => "configured".to_owned(),
        None => format!("table of {READ_ON}"),
    };
    let per_million = format!("${} in, ${} out per million tokens ({from})", number(price.input), number(price.output));
    let mut add = |label: &str, text: &str| lines.extend(labelled(label, LABEL, Ink::Muted, text, columns));
    add("model", &per_million);
    let of = figures.tally;
    if let Some(cost) = of.mean(|of| &of.cost) {
        let mut text = format!("{} a request, {} per 1,000", usd(cost), usd(cost * 1_000.0));
        if let Some(per_usd) = figures.accepted_per_usd() {
            text = format!("{text}; {} an accepted answer", usd(1.0 / per_usd.max(f64::MIN_POSITIVE)));
        }
        add("answers", &text);
    }
    if let Some(spent) = of.spent_usd {
        add("spent", &format!("{} so far, what failed included", usd(spent)));
    }
    lines
}

/// What went wrong.
pub(super) fn faults(figures: &Figures<'_>, columns: u16) -> Vec<Line> {
    let of = figures.tally;
    let mut lines = Vec::new();
    if of.errors.is_empty() {
        return lines;
    }
    lines.push(Vec::new());
    lines.push(heading("Faults"));
    for (kind, n) in &of.errors {
        let times = plural(*n, "invocation");
        lines.extend(labelled(kind.name(), LABEL + 4, Ink::Warning, &times, columns));
    }
    if let Some(fault) = &of.last_fault {
        let code = fault.code.as_deref().unwrap_or(fault.kind.name());
        let text = clean(&format!("last: {code}: {}", fault.message), Lines::Join).into_owned();
        lines.extend(prose(&text, columns, Ink::Text));
    }
    lines
}
