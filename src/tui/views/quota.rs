//! Quota: what is taken of the shown model's quota, and what that means.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::props;
use crate::tui::theme::Ink;
use crate::tui::view::Panel;
use crate::tui::views::{self, Content};
use crate::tui::widgets::quota::QuotaPanel;
use crate::tui::widgets::sheet::{Line, prose};

/// Draws the quota.
pub fn draw(model: &Model, judged: &Judged, now: Duration, area: Rect, buffer: &mut Buffer) {
    let gauges = props::gauges(model, now);
    let seat = Rect { height: (gauges.len() as u16 + 1).min(area.height), ..area };
    let others = props::others_age(model, now);
    QuotaPanel { gauges: &gauges, notes: &[], share: model.tally.plan.share, others, theme: model.theme }
        .render(seat, buffer);
    views::sheet(Panel::Limits, model, judged, now, below(area, seat), buffer);
}

fn below(area: Rect, seat: Rect) -> Rect {
    Rect { y: seat.bottom(), height: area.bottom().saturating_sub(seat.bottom()), ..area }
}

/// Where the sheet stands.
pub(super) fn seat(model: &Model, now: Duration, area: Rect) -> Rect {
    let gauges = props::gauges(model, now).len() as u16;
    below(area, Rect { height: (gauges + 1).min(area.height), ..area })
}

/// The sheet of the quota.
pub(super) fn content<'a>(model: &'a Model, judged: &Judged, _: Duration, columns: u16) -> Content<'a> {
    let notes = props::quota_notes(model);
    let binding = judged.binding.iter().flat_map(|text| prose(text, columns, Ink::Text));
    let notes = notes.iter().flat_map(|note| prose(note, columns, Ink::Warning));
    let lines: Vec<Line> = binding.chain(notes).collect();
    Content { title: "What it means".into(), aside: "".into(), lines }
}
