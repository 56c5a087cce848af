//! Checks: which apply to a variant, how many answers each did not accept, and examples of those.

use crate::bench::clean::{Lines, clean};
use crate::bench::figures::Figures;
use crate::bench::plan::Keep;
use crate::bench::tally::AnswerSample;
use crate::tui::format::{count, percent, plural};
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::widgets::sheet::{Line, heading, labelled, prose};

/// Characters of an answer that is an example among others.
const LONGEST: usize = 600;
/// Columns before an example.
const INDENT: u16 = 2;

/// What the checks said of this variant's answers.
pub(super) fn lines(model: &Model, figures: &Figures<'_>, columns: u16) -> Vec<Line> {
    let (plan, of) = (figures.plan, figures.tally);
    let mut lines = vec![heading("Checks")];
    let mut labels: Vec<String> = Vec::new();
    let all = plan.checks.iter().chain(&plan.variants[figures.variant].checks);
    for label in all.map(crate::bench::check::Check::label).chain(of.rejections.keys().cloned()) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    if labels.is_empty() {
        let text = "none: every answer that is not cut off is accepted";
        lines.extend(prose(text, columns, Ink::Muted));
    }
    for label in &labels {
        let n = of.rejections.get(label).copied().unwrap_or(0);
        let said = match (of.ok, n) {
            (0, _) => "no answer so far".to_owned(),
            (ok, 0) => format!("passed by all of {}", count(ok as f64)),
            (ok, n) => {
                format!("rejected {} of {}, {} %", count(n as f64), count(ok as f64), percent(n as f64 / ok as f64))
            }
        };
        let ink = if n > 0 { Ink::Warning } else { Ink::Good };
        let width = columns / 2;
        lines.extend(labelled(&clean(label, Lines::Join), width, ink, &said, columns));
    }
    let of_cases = plan.cases.iter().filter(|case| !case.checks.is_empty()).count() as u64;
    if of_cases > 0 {
        let text = format!("and those of {} for that case alone", plural(of_cases, "case"));
        lines.extend(prose(&text, columns, Ink::Muted));
    }
    for label in labels.iter().filter(|label| of.rejections.contains_key(*label)) {
        lines.push(Vec::new());
        lines.push(vec![(format!("Rejected by {}", clean(label, Lines::Join)), 0, Ink::Warning)]);
        match of.examples.get(label) {
            Some(examples) => examples.iter().for_each(|of| lines.extend(example(model, of, columns))),
            None => lines.extend(prose(not_kept(plan.keep), columns, Ink::Muted)),
        }
    }
    if let Some(sample) = of.sample.as_ref().filter(|sample| sample.accepted) {
        lines.push(Vec::new());
        lines.push(vec![("Accepted".into(), 0, Ink::Good)]);
        lines.extend(example(model, sample, columns));
    }
    lines
}

fn not_kept(keep: Keep) -> &'static str {
    match keep {
        Keep::None => "replies are not kept: keep = \"none\"",
        Keep::All | Keep::Samples => "no example was kept",
    }
}

/// One answer: its case, why it was not accepted, and its text.
fn example(model: &Model, of: &AnswerSample, columns: u16) -> Vec<Line> {
    let case = model.tally.plan.cases.get(of.case).map_or("?", |case| case.id.as_str());
    let head = match of.why.as_slice() {
        [] => format!("case {case}"),
        why => format!("case {case}: {}", why.join("; ")),
    };
    let mut lines = prose(&clean(&head, Lines::Join), columns, Ink::Strong);
    let end = of.text.char_indices().nth(LONGEST).map_or(of.text.len(), |(at, _)| at);
    let rest = of.text[end..].chars().count();
    for line in prose(&clean(of.text[..end].trim(), Lines::Keep), columns.saturating_sub(INDENT), Ink::Text) {
        let indent = (" ".to_owned(), INDENT, Ink::Text);
        lines.push(std::iter::once(indent).chain(line).collect());
    }
    if rest > 0 {
        lines.push(vec![(format!("  and {} more", plural(rest as u64, "character")), 0, Ink::Muted)]);
    }
    lines
}
