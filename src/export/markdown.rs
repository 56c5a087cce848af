//! Markdown: tables and verdicts for a pull request or a wiki, every word escaped.

use std::fmt::Write;

use crate::bench::report::{ModelReport, Report, VariantReport};
use crate::bench::tally::Tally;
use crate::export::Rendered;
use crate::export::columns::{COLUMNS, faults, judge_line, origin, quota_line, run_line, title, verdicts};
use crate::export::sentences::{across, advice, rejected, sentences};
use crate::export::text::line;

/// `report.md`.
pub(crate) fn render(tally: &Tally) -> Vec<Rendered> {
    let report = Report::of(tally);
    let mut out = format!("# {}\n\n", words(&title(&report)));
    if let Some(origin) = origin(&report.run) {
        let _ = writeln!(out, "**{}**\n", words(&origin));
    }
    let _ = writeln!(out, "{}", words(&run_line(&report.run)));
    for warning in &report.run.warnings {
        let _ = write!(out, "\n> ⚠ {}\n", words(warning));
    }
    if let Some((head, sentences)) = across(&report) {
        list(&mut out, &format!("**{}:**", words(&head)), sentences.iter().map(String::as_str));
    }
    for model in &report.models {
        model_into(&mut out, model);
    }
    for judge in &report.judges {
        let _ = write!(out, "\n{}.\n", words(&judge_line(judge)));
    }
    vec![Rendered { name: "report.md".into(), contents: out }]
}

fn model_into(out: &mut String, model: &ModelReport) {
    let _ = write!(out, "\n## {}\n\n{}.\n\n", words(&model.model), words(&quota_line(model)));
    let heads: Vec<&str> = std::iter::once("variant").chain(COLUMNS.iter().map(|column| column.head)).collect();
    row(out, heads.into_iter().map(words));
    row(out, std::iter::once(":--").chain(COLUMNS.iter().map(|_| "--:")).map(str::to_owned));
    for variant in &model.variants {
        row(out, cells(variant));
    }
    out.push_str("\n### Verdicts\n\n");
    row(out, ["objective", "standing", "variant", "confidence", "reason"].map(str::to_owned).into_iter());
    row(out, [":--", ":--", ":--", "--:", ":--"].map(str::to_owned).into_iter());
    for verdict in verdicts(model) {
        let name = verdict.name.map(|name| format!("**{}**", words(name))).unwrap_or_default();
        let confidence = verdict.confidence.unwrap_or_default();
        let cells = [words(verdict.objective), verdict.standing.into(), name, confidence, words(verdict.reason)];
        row(out, cells.into_iter());
    }
    for sentence in sentences(model) {
        let _ = write!(out, "\n{}.\n", words(&sentence));
    }
    list(out, "### Advice", advice(model));
    let rejected: Vec<String> = rejected(model).collect();
    list(out, "### Rejected answers", rejected.iter().map(String::as_str));
    let faults: Vec<(&str, String)> = faults(model).collect();
    if !faults.is_empty() {
        out.push_str("\n### Faults\n\n");
        for (name, what) in faults {
            let _ = writeln!(out, "- **{}**: {}", words(name), words(&what));
        }
    }
}

/// A list under a heading, where there is anything to list.
fn list<'a>(out: &mut String, heading: &str, items: impl Iterator<Item = &'a str>) {
    for (index, item) in items.enumerate() {
        if index == 0 {
            let _ = write!(out, "\n{heading}\n\n");
        }
        let _ = writeln!(out, "- {}", words(item));
    }
}

fn cells(variant: &VariantReport) -> impl Iterator<Item = String> {
    std::iter::once(words(&variant.name)).chain(COLUMNS.iter().map(|column| words(&(column.cell)(variant))))
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        let _ = write!(out, " {cell} |");
    }
    out.push('\n');
}

/// Hostile text as plain words on one line: no markup, no HTML, no end of a table cell.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    // A bare address would become a link by itself.
    out.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace('@', "&#64;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_only_words() {
        assert_eq!(words("a|b\nc"), "a\\|b c");
        assert_eq!(words("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(words("[x](javascript:y) *b* `c`"), "\\[x\\](javascript:y) \\*b\\* \\`c\\`");
        assert_eq!(words("see https://a.b"), "see https:&#47;&#47;a.b");
        assert_eq!(words("R\\|S"), "R\\\\\\|S");
    }
}
