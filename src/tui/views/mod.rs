//! The views: what fills the screen between head and footer, one file each.

pub mod dashboard;
pub mod log;
pub mod models;
pub mod plan;
pub mod quota;
pub mod trial;
pub mod trials;
pub mod variant;
pub mod verdict;

use std::borrow::Cow;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::view::{Panel, View};
use crate::tui::widgets::sheet::{self, Line, Sheet};

/// Rows of the screen that no view has: head, tabs, what goes on, footer, and the view's own head.
pub const FRAME: u16 = 6;

/// Draws the view that is shown.
pub fn draw(model: &Model, judged: &Judged, now: Duration, area: Rect, buffer: &mut Buffer) {
    match model.view {
        View::Dashboard => dashboard::draw(model, judged, now, area, buffer),
        View::Variant => sheet(Panel::About, model, judged, now, area, buffer),
        View::Trials => trials::draw(model, judged, now, area, buffer),
        View::Quota => quota::draw(model, judged, now, area, buffer),
        View::Verdict => verdict::draw(model, judged, now, area, buffer),
        View::Log => log::draw(model, area, buffer),
    }
}

/// A panel that is a sheet: its title, what stands at the right of it, and its lines.
struct Content<'a> {
    title: Cow<'a, str>,
    aside: Cow<'a, str>,
    lines: Vec<Line>,
}

fn content<'a>(panel: Panel, model: &'a Model, judged: &Judged, now: Duration, columns: u16) -> Content<'a> {
    match panel {
        Panel::About => variant::content(model, judged, now, columns),
        Panel::Ranking => verdict::content(model, judged, now, columns),
        Panel::Trials => trial::content(model, columns),
        Panel::Variants | Panel::Limits | Panel::Front | Panel::Log => {
            Content { title: "".into(), aside: "".into(), lines: Vec::new() }
        }
    }
}

/// Draws a panel that is a sheet, as far as it is scrolled.
pub fn sheet(panel: Panel, model: &Model, judged: &Judged, now: Duration, seat: Rect, buffer: &mut Buffer) {
    let Content { title, aside, lines } = content(panel, model, judged, now, sheet::inner(seat).width);
    let focused = model.is_focused(panel);
    let scroll = if model.panel() == panel { model.scroll } else { 0 };
    Sheet { title: &title, aside: &aside, lines: &lines, scroll, focused, theme: model.theme }.render(seat, buffer);
}

/// How many lines of the panel that the keys are about can be scrolled away; `area` is the view's.
pub fn most_scroll(model: &Model, now: Duration, area: Rect) -> usize {
    let panel = model.panel();
    let seat = match model.view {
        View::Dashboard => dashboard::seat(panel, model, now, area),
        View::Quota => return quota::most_scroll(model, now, area),
        View::Verdict => verdict::seat(panel, model, area),
        View::Variant | View::Trials | View::Log => area,
    };
    let inner = sheet::inner(seat);
    let lines = content(panel, model, &model.judged(), now, inner.width).lines.len();
    lines.saturating_sub(inner.height.into())
}
