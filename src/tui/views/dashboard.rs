//! Dashboard: the answer at a glance — gauges, variants, the selected one, the verdict, what happens.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::props;
use crate::tui::view::Panel;
use crate::tui::views::{self, log, verdict};
use crate::tui::widgets::activity::Activity;
use crate::tui::widgets::details::Details;
use crate::tui::widgets::quota::QuotaPanel;
use crate::tui::widgets::variants::VariantTable;
use crate::tui::words;

/// From this width on, details and verdict stand side by side.
const WIDE: u16 = 110;
/// From this height on, the panels have air between them.
const AIRY: u16 = 28;

/// Draws the dashboard.
pub fn draw(model: &Model, judged: &Judged, now: Duration, area: Rect, buffer: &mut Buffer) {
    let rows = props::rows(model, &judged.verdict);
    let gauges = props::gauges(model, now);
    let notes = props::quota_notes(model);
    let seats = Seats::of(area, gauges.len() as u16, notes.len() as u16, rows.len() as u16);
    let theme = model.theme;
    let others = props::others_age(model, now);
    QuotaPanel { gauges: &gauges, notes: &notes, share: model.tally.plan.share, others, theme }
        .render(seats.quota, buffer);
    VariantTable { rows: &rows, selected: model.position(), theme }.render(seats.variants, buffer);
    if seats.details.height > 1 {
        if model.is_focused(Panel::About) {
            views::sheet(Panel::About, model, judged, now, seats.details, buffer);
        } else {
            details(model, judged, seats.details, buffer);
        }
    }
    if seats.verdict.height > 0 {
        if model.is_focused(Panel::Ranking) {
            views::sheet(Panel::Ranking, model, judged, now, seats.verdict, buffer);
        } else {
            verdict::panel(model, judged, now, seats.verdict, buffer);
        }
    }
    if seats.activity.height > 0 {
        let focused = model.is_focused(Panel::Log);
        let lines = log::lines(model, seats.activity.height.saturating_sub(2).into());
        Activity { now: words::now_line(model, now), lines: &lines, focused, theme }.render(seats.activity, buffer);
    }
}

fn details(model: &Model, judged: &Judged, seat: Rect, buffer: &mut Buffer) {
    let name = model.tally.plan.variants.get(model.cursor).map_or("", |variant| variant.name.as_str());
    let characters = usize::from(seat.width) * usize::from(seat.height);
    let details = props::details(model, judged, characters);
    Details { title: &clean(name, Lines::Join), details: &details, theme: model.theme }.render(seat, buffer);
}

/// Where a panel stands.
pub fn seat(panel: Panel, model: &Model, now: Duration, area: Rect) -> Rect {
    let gauges = props::gauges(model, now).len() as u16;
    let notes = props::quota_notes(model).len() as u16;
    let seats = Seats::of(area, gauges, notes, model.shown().count() as u16);
    match panel {
        Panel::About => seats.details,
        Panel::Ranking => seats.verdict,
        Panel::Log => seats.activity,
        _ => seats.variants,
    }
}

/// Where each panel stands; a seat without height is left out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seats {
    quota: Rect,
    variants: Rect,
    details: Rect,
    verdict: Rect,
    activity: Rect,
}

impl Seats {
    fn of(area: Rect, gauges: u16, notes: u16, variants: u16) -> Self {
        let air = u16::from(area.height >= AIRY);
        if area.width >= WIDE && area.height >= gauges + 22 {
            return Self::wide(area, air, gauges + 1 + notes.min(4), variants);
        }
        Self::stacked(area, gauges, notes, variants)
    }

    /// Quota and variants over the whole width, details at the left below them, verdict and activity at the right.
    fn wide(body: Rect, air: u16, quota: u16, ranked: u16) -> Self {
        // A long list leaves room below it for a ranking, as far as it stays a list.
        let room = body.height - quota - 2 * air - 12;
        let variants = (1 + ranked).min(room.saturating_sub(4).max(room.min(9)));
        let quota = Rect { height: quota, ..body };
        let variants = Rect { y: quota.bottom() + air, height: variants, ..body };
        let below = variants.bottom() + air;
        let rest = Rect { y: below, height: body.bottom() - below, ..body };
        let details = Rect { width: rest.width / 2, ..rest };
        let right = Rect { x: details.right() + 2, width: rest.width - details.width - 2, ..rest };
        // A head, why, the ranking with its own head, and some sentences.
        let wanted = 11 + ranked;
        let verdict = Rect { height: wanted.min(right.height - air - 5), ..right };
        let activity = Rect { y: verdict.bottom() + air, height: right.height - verdict.height - air, ..right };
        Self { quota, variants, details, verdict, activity }
    }

    /// One above the other: first what must be seen, then more of it in the order of its worth.
    fn stacked(body: Rect, gauges: u16, notes: u16, variants: u16) -> Self {
        let mut left = body.height;
        let mut take = |wanted: u16, all_or_nothing: bool| {
            let taken = if wanted <= left {
                wanted
            } else if all_or_nothing {
                0
            } else {
                left
            };
            left -= taken;
            taken
        };
        let mut quota = take(gauges + 1, false);
        let mut list = take(1 + variants.min(2), false);
        let mut activity = take(1, true);
        let mut verdict = take(1, true);
        list += take(variants.min(4) - variants.min(2), false);
        let mut details = take(3, true);
        quota += take(notes.min(2), true);
        // Two lines say who leads and why, and the others have a line each; then what that means for the quota.
        verdict += if verdict > 0 { take(2, true) } else { 0 };
        verdict += if verdict > 1 { take(variants.min(4) + 1, true) } else { 0 };
        verdict += if verdict > 1 { take(2, true) } else { 0 };
        details += if details > 0 { take(2, false) } else { 0 };
        activity += if activity > 0 { take(2, true) } else { 0 };
        list += take(variants - variants.min(4), false);
        details += if details > 0 { take(8, false) } else { 0 };
        verdict += if verdict > 0 { take(variants - variants.min(4), false) + take(4, true) } else { 0 };
        activity += if activity > 0 { take(u16::MAX, false) } else { 0 };
        let mut y = body.y;
        let mut seat = |height: u16| {
            let seat = Rect { y, height, ..body };
            y += height;
            seat
        };
        Self {
            quota: seat(quota),
            variants: seat(list),
            details: seat(details),
            verdict: seat(verdict),
            activity: seat(activity),
        }
    }
}
