//! Trials: every trial in a table, found by a filter and sorted by any column.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::bench::tally::RECENT;
use crate::bench::trials::{COLUMNS, ENDED, EXAMPLES, NoPage, Query, Says};
use crate::tui::format::count;
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::trials::Source;
use crate::tui::view::Panel;
use crate::tui::views;
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::trials::TrialTable;

/// What stands above the rows: the title, what must be known, the heads.
const TITLE: u16 = 1;
const HEADS: u16 = 1;

/// Rows of trials in a view of this place.
pub fn rows(model: &Model, area: Rect) -> usize {
    let noted = u16::from(note(model).is_some());
    area.height.saturating_sub(TITLE + noted + HEADS).into()
}

/// Draws the trials, or the one that is shown alone.
pub fn draw(model: &Model, judged: &Judged, now: Duration, area: Rect, buffer: &mut Buffer) {
    if model.trials.one.is_some() {
        return views::sheet(Panel::Trials, model, judged, now, area, buffer);
    }
    let trials = &model.trials;
    let visible = rows(model, area);
    let mut pen = Pen::new(buffer, model.theme);
    let taken = pen.head(area, &title(model));
    pen.on_rule_right(area.x + taken, area.y, area.width.saturating_sub(taken + 2), &aside(model), Ink::Muted);
    let mut below = Rect { y: area.y + TITLE, height: area.height.saturating_sub(TITLE), ..area };
    if let Some((text, ink)) = note(model).filter(|_| below.height > 0) {
        pen.left(below.x + 2, below.y, below.width.saturating_sub(3), &text, ink);
        below = Rect { y: below.y + 1, height: below.height - 1, ..below };
    }
    if trials.page.rows.is_empty() {
        pen.left(below.x + 2, below.y + 1, below.width.saturating_sub(3), nothing(model), Ink::Muted);
        return;
    }
    let first = trials.first(visible);
    let seen = trials.page.rows.iter().skip(first.saturating_sub(trials.page.from)).take(visible).count();
    let from = first.saturating_sub(trials.page.from).min(trials.page.rows.len());
    TrialTable {
        rows: &trials.page.rows[from..from + seen],
        selected: trials.position().checked_sub(first.max(trials.page.from)),
        plan: &model.tally.plan,
        query: &trials.query,
        estimated: model.tally.all_variants().any(crate::bench::tally::VariantTally::estimated),
        theme: model.theme,
    }
    .render(below, buffer);
}

fn title(model: &Model) -> Cow<'static, str> {
    let filter = &model.trials.filter;
    if filter.on || !filter.text.is_empty() {
        let cursor = if filter.on { model.theme.glyphs().cursor } else { "" };
        return format!("Trials: {}{cursor}", clean(&filter.text, Lines::Join)).into();
    }
    "Trials".into()
}

/// Where the selection stands, and in which order.
fn aside(model: &Model) -> String {
    let trials = &model.trials;
    let (page, order) = (&trials.page, order(&trials.query));
    let number = |n: usize| count(n as f64);
    match (page.matching, page.total) {
        (_, 0) => String::new(),
        (0, total) => format!("none of {}, {order}", number(total)),
        (all, total) if all == total => format!("{} of {}, {order}", number(trials.position() + 1), number(total)),
        (some, total) => {
            format!("{} of {}, {} in all, {order}", number(trials.position() + 1), number(some), number(total))
        }
    }
}

/// The order in words.
fn order(query: &Query) -> String {
    let Some(column) = COLUMNS.get(query.sort) else { return String::new() };
    match (query.sort, column.says, query.descending) {
        (ENDED, _, true) => "newest first".into(),
        (ENDED, _, false) => "oldest first".into(),
        (_, Says::Number(_), true) => format!("largest {} first", column.head),
        (_, Says::Number(_), false) => format!("smallest {} first", column.head),
        (_, Says::Text(_), true) => format!("last {} first", column.head),
        (_, Says::Text(_), false) => format!("by {}", column.head),
    }
}

/// What must be known above the rows: what is wrong with the filter, what one looks like, which trials are missing.
fn note(model: &Model) -> Option<(Cow<'_, str>, Ink)> {
    let trials = &model.trials;
    if let Some(why) = &trials.trouble {
        return Some((clean(why, Lines::Join), Ink::Error));
    }
    if trials.filter.on {
        return Some((EXAMPLES.into(), Ink::Muted));
    }
    let last = || count(RECENT as f64);
    match &trials.source {
        Source::Recent(NoPage::Unreadable(why)) => {
            Some((format!("the last {} trials alone: {}", last(), clean(why, Lines::Join)).into(), Ink::Warning))
        }
        Source::Journal if trials.page.incomplete => Some((
            "the journal could not be written to its end: trials that ended later are not here".into(),
            Ink::Warning,
        )),
        // Until so many have ended, these are all.
        _ if model.tally.recent.len() < RECENT => None,
        Source::Recent(NoPage::NotRecorded) => Some((
            format!("this run is not recorded, so only its last {} trials are here", last()).into(),
            Ink::Warning,
        )),
        Source::Reading => Some((format!("reading the journal; the last {} trials so far", last()).into(), Ink::Muted)),
        Source::Journal => None,
    }
}

/// What stands where no row does.
fn nothing(model: &Model) -> &'static str {
    match (&model.tally.run, model.trials.page.total) {
        (None, _) => "nothing was measured so far",
        (Some(_), 0) => "no trial has ended so far",
        (Some(_), _) => "no trial is like this",
    }
}
