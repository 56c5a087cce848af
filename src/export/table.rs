//! Table: the figures and verdicts of a report as plain text for a terminal.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::bench::report::{ModelReport, Report, VariantReport};
use crate::export::columns::{COLUMNS, Column, faults, judge_line, origin, quota_line, verdicts};
use crate::export::sentences::{across, advice_for_the_best, rejected, sentences};
use crate::export::text::{in_columns, line};

/// The widest name in columns of the terminal.
const WIDEST_NAME: usize = 40;

/// How something is said, where colour is wanted.
#[derive(Debug, Clone, Copy)]
enum Style {
    Plain,
    Bold,
    Faint,
    Good,
    Warning,
    Bad,
}

/// Writes words in a style.
#[derive(Debug, Clone, Copy)]
struct Pen {
    colour: bool,
}

impl Pen {
    fn say(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Plain => return text.into(),
            Style::Bold => "1",
            Style::Faint => "2",
            Style::Good => "1;32",
            Style::Warning => "1;33",
            Style::Bad => "31",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }
}

/// Ends of a run that leave nothing out that was planned.
const WHOLE: [&str; 2] = ["complete", "decided"];

/// The verdict table: for each model its quota, a line a variant, a line an objective, and what racing or tokens gain.
/// With `colour` it carries the terminal's colours; nothing is said by colour alone.
pub fn table(report: &Report, colour: bool) -> String {
    let pen = Pen { colour };
    let mut out = String::new();
    if let Some(origin) = origin(&report.run) {
        let _ = writeln!(out, "{}", pen.say(Style::Warning, &line(&origin)));
    }
    if let Some(ended) = report.run.ended.as_deref().filter(|ended| !WHOLE.contains(ended)) {
        let why = report.run.ended_reason.as_deref().map_or_else(String::new, |reason| format!(", as {reason}"));
        let text =
            line(&format!("The run did not come to its end ({ended}{why}): what was measured until then")).into_owned();
        let _ = writeln!(out, "{}", pen.say(Style::Warning, &text));
    }
    for (index, model) in report.models.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        model_into(&mut out, model, pen);
    }
    for judge in &report.judges {
        let _ = writeln!(out, "\n{}", line(&judge_line(judge)));
    }
    if let Some((head, sentences)) = across(report) {
        let _ = writeln!(out, "\n{}:", pen.say(Style::Bold, &line(&head)));
        for sentence in sentences {
            let _ = writeln!(out, "  {}", line(&sentence));
        }
    }
    for warning in &report.run.warnings {
        let _ = writeln!(out, "{} {}", pen.say(Style::Warning, "warning:"), line(warning));
    }
    out
}

fn model_into(out: &mut String, model: &ModelReport, pen: Pen) {
    let _ = writeln!(out, "{}", pen.say(Style::Bold, &line(&model.model)));
    let _ = writeln!(out, "{}\n", pen.say(Style::Faint, &line(&quota_line(model))));
    figures_into(out, model, pen);
    out.push('\n');
    verdicts_into(out, model, pen);
    let advice = advice_for_the_best(model).map(str::to_owned);
    for (index, sentence) in sentences(model).into_iter().chain(advice).enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{}.", line(&sentence));
    }
    for (index, sentence) in rejected(model).enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{}", line(&sentence));
    }
    for (index, (name, what)) in faults(model).enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{} {}: {}", pen.say(Style::Bad, "faults of"), line(name), line(&what));
    }
}

fn figures_into(out: &mut String, model: &ModelReport, pen: Pen) {
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| column.narrow).collect();
    // A head of two words stands in two lines, so that it is no wider than its numbers.
    let heads: Vec<(&str, &str)> =
        columns.iter().map(|column| column.head.split_once(' ').unwrap_or(("", column.head))).collect();
    let first = std::iter::once(String::new()).chain(heads.iter().map(|(first, _)| (*first).to_owned()));
    let second = std::iter::once("variant".to_owned()).chain(heads.iter().map(|(_, second)| (*second).to_owned()));
    let mut rows: Vec<(Style, Vec<String>)> = vec![(Style::Faint, first.collect()), (Style::Faint, second.collect())];
    for variant in &model.variants {
        let name = in_columns(&line(&variant.name), WIDEST_NAME).into_owned();
        let cells = columns.iter().map(|column| line(&(column.cell)(variant)).into_owned());
        rows.push((style_of(variant), std::iter::once(name).chain(cells).collect()));
    }
    let widths: Vec<usize> =
        (0..=columns.len()).map(|at| rows.iter().map(|(_, cells)| cells[at].width()).max().unwrap_or(0)).collect();
    for (style, cells) in &rows {
        let mut text = padded(&cells[0], widths[0], false);
        for (cell, width) in cells.iter().zip(&widths).skip(1) {
            text.push_str("  ");
            text.push_str(&padded(cell, *width, true));
        }
        let _ = writeln!(out, "{}", pen.say(*style, text.trim_end()));
    }
}

fn style_of(variant: &VariantReport) -> Style {
    if variant.ok == 0 && variant.failed > 0 { Style::Bad } else { Style::Plain }
}

fn verdicts_into(out: &mut String, model: &ModelReport, pen: Pen) {
    let verdicts: Vec<_> = verdicts(model).collect();
    let name = |name: Option<&str>| in_columns(&line(name.unwrap_or("none")), WIDEST_NAME).into_owned();
    let objectives = verdicts.iter().map(|v| v.objective.width()).max().unwrap_or(0);
    let names = verdicts.iter().map(|v| name(v.name).width()).max().unwrap_or(0);
    for verdict in &verdicts {
        let style = match verdict.standing {
            "winner" => Style::Good,
            "leader" => Style::Bold,
            _ => Style::Faint,
        };
        let confidence = verdict.confidence.as_deref().unwrap_or("");
        let _ = writeln!(
            out,
            "{}  {}  {}  {}  {}",
            padded(verdict.objective, objectives, false),
            padded(verdict.standing, 6, false),
            pen.say(style, &padded(&name(verdict.name), names, false)),
            padded(confidence, 6, true),
            line(verdict.reason)
        );
    }
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}
