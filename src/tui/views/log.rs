//! Log: what happened, the newest first, and what a filter leaves of it.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::bench::event::Entry;
use crate::tui::format::{plural, wrap};
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::typed::Typed;
use crate::tui::widgets::activity::ActivityLine;
use crate::tui::widgets::sheet::{Line, Sheet};
use crate::tui::words;

/// Columns of the moment.
const MOMENT: u16 = 10;

/// The entries that the filter leaves, the newest first.
fn found(model: &Model) -> impl Iterator<Item = &Entry> {
    let wanted = model.log.filter.text.trim().to_lowercase();
    let fits = move |entry: &&Entry| {
        wanted.is_empty() || words::line(&model.tally.plan, entry).text.to_lowercase().contains(&wanted)
    };
    model.tally.lines.iter().rev().filter(fits)
}

/// The entries from the one that is shown first.
fn shown(model: &Model) -> impl Iterator<Item = &Entry> {
    let above = position(model);
    found(model).skip(above)
}

/// How many entries are above the one that is shown first.
fn position(model: &Model) -> usize {
    model.log.top.and_then(|top| found(model).position(|entry| entry.seq == top)).unwrap_or(0)
}

/// The lines that are shown, cut where they are too long.
pub fn lines(model: &Model, most: usize) -> Vec<ActivityLine<'_>> {
    shown(model).take(most).map(|entry| words::line(&model.tally.plan, entry)).collect()
}

/// Draws the log, its lines whole.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let columns = area.width.saturating_sub(2 + MOMENT);
    let rows = usize::from(area.height.saturating_sub(1));
    let mut lines: Vec<Line> = Vec::new();
    for line in shown(model).map(|entry| words::line(&model.tally.plan, entry)) {
        if lines.len() > rows {
            break;
        }
        for (index, part) in wrap(&line.text, columns.into(), rows).0.into_iter().enumerate() {
            let moment = if index == 0 { line.at.clone() } else { String::new() };
            lines.push(vec![(moment, MOMENT, Ink::Muted), (part.to_owned(), 0, line.ink)]);
        }
    }
    if lines.is_empty() {
        let text = if model.log.filter.text.is_empty() { "nothing happened so far" } else { "no line has this" };
        lines.push(vec![(text.into(), 0, Ink::Muted)]);
    }
    let (filter, above) = (&model.log.filter, position(model));
    let title: Cow<'_, str> = if filter.on || !filter.text.is_empty() {
        let cursor = if filter.on { model.theme.glyphs().cursor } else { "" };
        format!("Log: {}{cursor}", clean(&filter.text, Lines::Join)).into()
    } else {
        "Log".into()
    };
    let aside = match above {
        0 => "newest first, UTC".into(),
        above => format!("{} above, UTC", plural(above as u64, "newer line")),
    };
    Sheet { title: &title, aside: &aside, lines: &lines, scroll: 0, focused: false, theme: model.theme }
        .render(area, buffer);
}

impl Model {
    /// Moves through the log; at its top it follows what happens.
    pub(in crate::tui) fn step_log(&mut self, by: isize) {
        let entries: Vec<u64> = found(self).map(|entry| entry.seq).collect();
        let to = position(self).saturating_add_signed(by).min(entries.len().saturating_sub(1));
        self.log.top = entries.get(to).copied().filter(|_| to > 0);
    }

    /// Changes the log's filter, and shows what it leaves from its top.
    pub(in crate::tui) fn change_log_filter(&mut self, change: impl FnOnce(&mut Typed)) {
        change(&mut self.log.filter);
        self.log.top = None;
    }
}
