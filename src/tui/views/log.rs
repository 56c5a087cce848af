//! Log: what happened, the newest first, and what a filter leaves of it.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::bench::event::{Entry, Event};
use crate::tui::format::{plural, wrap};
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::typed::Typed;
use crate::tui::widgets::activity::ActivityLine;
use crate::tui::widgets::sheet::{Line, Sheet};
use crate::tui::words;

/// Columns of the moment.
const MOMENT: u16 = 10;

/// What happened once, or the same many times in a row.
struct Happened<'a> {
    /// The newest of it.
    newest: &'a Entry,
    /// The number of the oldest.
    oldest: u64,
    times: u64,
}

impl Happened<'_> {
    fn line<'a>(&'a self, model: &'a Model) -> ActivityLine<'a> {
        let mut line = words::line(&model.tally.plan, self.newest);
        if self.times > 1 {
            line.text = format!("{} times, last: {}", self.times, line.text).into();
        }
        line
    }
}

/// Whether two entries say the same of the same variant: a storm of throttles is one line.
fn alike(a: &Event, b: &Event) -> bool {
    match (a, b) {
        (
            Event::InvocationFailed { trial: a, fault: of_a, backoff: again_a, .. },
            Event::InvocationFailed { trial: b, fault: of_b, backoff: again_b, .. },
        ) => (a.model, a.variant, of_a.kind, again_a.is_some()) == (b.model, b.variant, of_b.kind, again_b.is_some()),
        _ => false,
    }
}

/// What the filter leaves, the newest first.
fn found(model: &Model) -> Vec<Happened<'_>> {
    let wanted = model.log.filter.text.trim().to_lowercase();
    let fits = |entry: &&Entry| {
        wanted.is_empty() || words::line(&model.tally.plan, entry).text.to_lowercase().contains(&wanted)
    };
    let mut found: Vec<Happened<'_>> = Vec::new();
    for entry in model.tally.lines.iter().rev().filter(fits) {
        match found.last_mut().filter(|last| alike(&last.newest.event, &entry.event)) {
            Some(last) => (last.oldest, last.times) = (entry.seq, last.times + 1),
            None => found.push(Happened { newest: entry, oldest: entry.seq, times: 1 }),
        }
    }
    found
}

/// How many of them are above the one that is shown first.
fn position(model: &Model, found: &[Happened<'_>]) -> usize {
    let holds = |top: u64| found.iter().position(|of| (of.oldest..=of.newest.seq).contains(&top));
    model.log.top.and_then(holds).unwrap_or(0)
}

/// The lines that are shown, cut where they are too long.
pub fn lines(model: &Model, most: usize) -> Vec<ActivityLine<'static>> {
    let found = found(model);
    let owned = |of: &Happened<'_>| {
        let line = of.line(model);
        ActivityLine { text: Cow::Owned(line.text.into_owned()), ..line }
    };
    found.iter().skip(position(model, &found)).take(most).map(owned).collect()
}

/// Draws the log, its lines whole.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let columns = area.width.saturating_sub(2 + MOMENT);
    let rows = usize::from(area.height.saturating_sub(1));
    let mut lines: Vec<Line> = Vec::new();
    let found = found(model);
    let above = position(model, &found);
    for line in found.iter().skip(above).map(|of| of.line(model)) {
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
    let filter = &model.log.filter;
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
        let found = found(self);
        let to = position(self, &found).saturating_add_signed(by).min(found.len().saturating_sub(1));
        self.log.top = found.get(to).filter(|_| to > 0).map(|of| of.newest.seq);
    }

    /// Changes the log's filter, and shows what it leaves from its top.
    pub(in crate::tui) fn change_log_filter(&mut self, change: impl FnOnce(&mut Typed)) {
        change(&mut self.log.filter);
        self.log.top = None;
    }
}
