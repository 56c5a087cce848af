//! Screen: head, tabs, the view, footer and what lies over it; a pure function of model, time and size.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::format::wrap;
use crate::tui::keymap::Action;
use crate::tui::model::{Model, Overlay};
use crate::tui::props;
use crate::tui::theme::Ink;
use crate::tui::view::View;
use crate::tui::views::{self, models, trials};
use crate::tui::widgets::footer::Footer;
use crate::tui::widgets::overlay::{self, OverlayBox};
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::sheet::Line;
use crate::tui::widgets::tabs::Tabs;
use crate::tui::words::{self, Laid};

/// Below this the dashboard cannot be read, and says so.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From this height on, a row names the views.
const TABS: u16 = 16;
/// From this height on, and below this width, the keys have two rows: whatever they are, so that nothing moves.
const TWO_ROWS: (u16, u16) = (30, 180);

/// Draws the screen; `now` is a duration since the Unix epoch.
pub fn draw(model: &Model, now: Duration, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(model, area, buffer);
    }
    let judged = model.judged();
    let theme = model.theme;
    let frame = Frame::of(area, model.view);
    props::header(model, now).render(frame.header, buffer);
    if frame.tabs.height > 0 {
        Tabs { tabs: &props::tabs(model), shown: model.view.index(), theme }.render(frame.tabs, buffer);
    }
    views::draw(model, &judged, now, frame.body, buffer);
    let (text, ink) = words::now_line(model, now);
    if frame.now.height > 0 {
        now_row(&text, ink, frame.now, &mut Pen::new(buffer, theme));
    }
    Footer { keys: &props::keys(model), theme }.render(frame.footer, buffer);
    if let Some(laid) = words::overlay(model, overlay_columns(area)) {
        let place = overlay_place(overlay_area(area), &laid);
        let Laid { title, lines, foot, scroll } = &laid;
        OverlayBox { title, lines, foot, scroll: *scroll, theme }.render(place, buffer);
    }
    if let Some(picker) = model.picker() {
        models::draw(model, picker, overlay_area(area), buffer);
    }
    // What a key came to stands where an overlay covers it: in the footer then.
    if model.overlay.is_some() && model.status.is_some() {
        let seat = frame.footer;
        let width = (text.width() as u16).min(seat.width / 2);
        Pen::new(buffer, theme).right(seat.right().saturating_sub(width + 1), seat.y, width, &text, ink);
    }
}

/// What goes on, in one row.
fn now_row(text: &str, ink: Ink, seat: Rect, pen: &mut Pen<'_>) {
    let sign = pen.glyphs().selected;
    pen.left(seat.x + 1, seat.y, 1, sign, ink);
    pen.left(seat.x + 3, seat.y, seat.width.saturating_sub(4), text, ink);
}

/// What stands around a view, and the view itself.
pub(super) struct Frame {
    header: Rect,
    pub(super) tabs: Rect,
    pub(super) body: Rect,
    now: Rect,
    footer: Rect,
}

impl Frame {
    /// The frame in the terminal as it is; `None` where that is too small.
    pub(super) fn within(model: &Model) -> Option<Self> {
        let area = Rect::new(0, 0, model.size.0, model.size.1);
        (area.width >= SMALLEST.0 && area.height >= SMALLEST.1).then(|| Self::of(area, model.view))
    }

    fn of(area: Rect, view: View) -> Self {
        let header = Rect { height: 2, ..area };
        let tabs = Rect { y: header.bottom(), height: u16::from(area.height >= TABS), ..area };
        let keys = above_footer(area).bottom();
        let footer = Rect { y: keys, height: area.bottom() - keys, ..area };
        // The dashboard has it among its panels.
        let rows = u16::from(view != View::Dashboard);
        let now = Rect { y: footer.y - rows, height: rows, ..area };
        let body = Rect { y: tabs.bottom(), height: now.y - tabs.bottom(), ..area };
        Self { header, tabs, body, now, footer }
    }
}

fn too_small(model: &Model, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, model.theme);
    let (columns, rows) = SMALLEST;
    let text = if model.overlay == Some(Overlay::ConfirmQuit) {
        format!("A run is on.{}", model.hints(" ", &[(Action::Confirm, "quits"), (Action::Close, "goes on")]))
    } else {
        let quits = model.hints(" ", &[(Action::Quit, "quits")]);
        format!("quotient needs {columns}x{rows}; this is {}x{}.{quits}", area.width, area.height)
    };
    let lines = wrap(&text, area.width.into(), area.height.into()).0;
    let top = area.y + (area.height.saturating_sub(lines.len() as u16)) / 2;
    for (line, y) in lines.iter().zip(top..area.bottom()) {
        pen.left(area.x, y, area.width, line, Ink::Text);
    }
}

/// Where an overlay may lie: the first row says whose numbers these are and whether they are simulated, the footer which
/// keys there are; both stay.
fn overlay_area(area: Rect) -> Rect {
    let above = above_footer(area);
    Rect { y: above.y + 1, height: above.height.saturating_sub(1), ..above }
}

fn above_footer(area: Rect) -> Rect {
    let rows = if area.height >= TWO_ROWS.0 && area.width < TWO_ROWS.1 { 2 } else { 1 };
    Rect { height: area.height.saturating_sub(rows), ..area }
}

/// Rows of the list of models in a terminal of this size.
pub fn picker_rows((columns, rows): (u16, u16)) -> usize {
    models::rows(overlay_area(Rect::new(0, 0, columns, rows)))
}

/// Rows of the table of trials.
pub fn trial_rows(model: &Model) -> usize {
    let (columns, rows) = model.size;
    if columns < SMALLEST.0 || rows < SMALLEST.1 {
        return 0;
    }
    trials::rows(model, Frame::of(Rect::new(0, 0, columns, rows), View::Trials).body)
}

/// How many lines of the panel that the keys are about can be scrolled away.
pub fn most_scroll_of_view(model: &Model, now: Duration) -> usize {
    Frame::within(model).map_or(0, |frame| views::most_scroll(model, now, frame.body))
}

/// Columns of text in an overlay.
fn overlay_columns(area: Rect) -> u16 {
    area.width.saturating_sub(8).min(100)
}

fn overlay_place(area: Rect, laid: &Laid) -> Rect {
    let width = |line: &Line| {
        line.iter().map(|(text, width, _)| if *width == 0 { text.width() as u16 } else { *width }).sum::<u16>()
    };
    let widest = laid.lines.iter().chain(&laid.foot).map(width).max().unwrap_or(0).max(laid.title.width() as u16 + 2);
    overlay::place(area, widest.min(overlay_columns(area)), laid.lines.len() + laid.foot.len())
}

/// How many lines of the overlay can be scrolled away.
pub fn most_scroll(model: &Model) -> usize {
    let area = overlay_area(Rect::new(0, 0, model.size.0, model.size.1));
    words::overlay(model, overlay_columns(area)).map_or(0, |laid| {
        laid.lines.len().saturating_sub(overlay::visible(overlay_place(area, &laid), laid.foot.len()))
    })
}
