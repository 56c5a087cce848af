//! Plan: what the next run would do and take, over whatever view is shown.

use unicode_width::UnicodeWidthStr;

use crate::bench::clean::{Lines, clean};
use crate::bench::plan::Endpoint;
use crate::tui::format::plural;
use crate::tui::keymap::Action;
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::widgets::sheet::{Line, labelled, prose};

/// The title: a question where somebody has to agree.
pub(in crate::tui) fn title(model: &Model) -> String {
    match &model.plan.endpoint {
        _ if model.tally.is_active() => "Plan of the next run".into(),
        of if of.is_local() => "Plan".into(),
        Endpoint::Url(url) => format!("Send this to {}?", clean(url, Lines::Join)),
        Endpoint::Aws | Endpoint::Simulator => "Send this to AWS?".into(),
    }
}

/// What it will take, and what must be known before saying yes.
pub(in crate::tui) fn lines(model: &Model, columns: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    if model.tally.is_active() {
        lines.extend(prose("A run is on; this is what the next one would do.", columns, Ink::Title));
        lines.push(Vec::new());
    }
    let Some(estimate) = &model.estimate else { return lines };
    if !estimate.warnings.is_empty() {
        // The numbers come first, and may fill the box.
        let count = plural(estimate.warnings.len() as u64, "warning");
        lines.extend(prose(&format!("{count} below the numbers"), columns, Ink::Warning));
    }
    let label = estimate.rows.iter().map(|(what, _)| what.width()).max().unwrap_or(0) as u16 + 2;
    for (what, value) in &estimate.rows {
        lines.extend(labelled(&clean(what, Lines::Join), label, Ink::Muted, &clean(value, Lines::Join), columns));
    }
    for warning in &estimate.warnings {
        lines.push(Vec::new());
        lines.extend(prose(&clean(warning, Lines::Join), columns, Ink::Warning));
    }
    lines
}

/// How to agree, or why that is not possible: always seen, however far the rest is scrolled.
pub(in crate::tui) fn foot(model: &Model, columns: u16) -> Vec<Line> {
    let refusal = model.estimate.as_ref().and_then(|estimate| estimate.refusal.as_ref());
    let said = |text: &str, ink| vec![Vec::new()].into_iter().chain(prose(text, columns, ink)).collect();
    if !model.is_estimated() {
        return said("estimating calls, tokens, money and time", Ink::Muted);
    }
    if let Some(why) = refusal {
        return said(&format!("it cannot start: {}", clean(why, Lines::Join)), Ink::Error);
    }
    if model.plan.planned_trials() == 0 {
        return said(&model.nobody(), Ink::Warning);
    }
    let key = |action, text: &str, room: u16| {
        vec![(model.key(action).unwrap_or_default(), 6, Ink::Key), (text.to_owned(), room, Ink::Text)]
    };
    let start = if model.can_start() { key(Action::Confirm, "start", 8) } else { Vec::new() };
    vec![Vec::new(), start.into_iter().chain(key(Action::Close, "go back", 0)).collect()]
}
