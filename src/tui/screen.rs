//! Screen: the seats of the panels; a pure function of model, time and size.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::bench::clean::{Lines, clean};
use crate::bench::event::NoteLevel;
use crate::bench::tally::Phase;
use crate::tui::format::wrap;
use crate::tui::judged::Judged;
use crate::tui::model::{Model, Overlay};
use crate::tui::theme::Ink;
use crate::tui::verdicts;
use crate::tui::view;
use crate::tui::widgets::activity::Activity;
use crate::tui::widgets::details::Details;
use crate::tui::widgets::footer::Footer;
use crate::tui::widgets::front::{self, FrontBox};
use crate::tui::widgets::overlay::{self, OverlayBox, OverlayLine};
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::picker::{self, PickerBox};
use crate::tui::widgets::quota::QuotaPanel;
use crate::tui::widgets::variants::VariantTable;
use crate::tui::widgets::verdict::VerdictPanel;
use crate::tui::words;

/// Below this the dashboard cannot be read, and says so.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From this width on, details and verdict stand side by side.
const WIDE: u16 = 110;
/// From this height on, the panels have air between them.
const AIRY: u16 = 32;

/// Draws the dashboard; `now` is a duration since the Unix epoch.
pub fn draw(model: &Model, now: Duration, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(model, area, buffer);
    }
    let judged = model.judged();
    let rows = view::rows(model, &judged.verdict);
    let gauges = view::gauges(model, now);
    let notes = view::quota_notes(model);
    let seats = Seats::of(area, gauges.len() as u16, notes.len() as u16, rows.len() as u16);
    let theme = model.theme;
    view::header(model, now).render(seats.header, buffer);
    let others = view::others_age(model, now);
    QuotaPanel { gauges: &gauges, notes: &notes, share: model.tally.plan.share, others, theme }
        .render(seats.quota, buffer);
    VariantTable { rows: &rows, selected: model.position(), theme }.render(seats.variants, buffer);
    if seats.details.height > 1 {
        details(model, &judged, seats.details, buffer);
    }
    if seats.verdict.height > 0 {
        verdict_panel(model, &judged, now, seats.verdict, buffer);
    }
    if seats.activity.height > 0 {
        let lines = words::lines(&model.tally, seats.activity.height.saturating_sub(2).into());
        Activity { now: words::now_line(model, now), lines: &lines, theme }.render(seats.activity, buffer);
    }
    Footer { keys: &view::keys(model), theme }.render(seats.footer, buffer);
    if let Some((title, lines, scroll)) = words::overlay(model, overlay_columns(area)) {
        let place = overlay_place(above_footer(area), &title, &lines);
        OverlayBox { title: &title, lines: &lines, scroll, theme }.render(place, buffer);
    }
    if let Some(Overlay::Front { cost }) = model.overlay {
        let front = verdicts::front(model, cost);
        FrontBox { title: front.title, axis: front.axis, format: front.format, points: &front.points, theme }
            .render(overlay::place(above_footer(area), front::WIDEST, front::HIGHEST), buffer);
    }
    if let Some(picker) = model.picker() {
        let title = format!("Models in {}", clean(&model.plan.region, Lines::Join));
        let heading = view::picker_heading(model);
        let typed = clean(&picker.filter, Lines::Join);
        let about = view::picker_about(model, picker);
        PickerBox {
            title: &title,
            heading,
            typed: picker.typing.then_some(&*typed),
            counted: &view::picker_counted(model, picker),
            rows: model.listed.rows(),
            found: &picker.found,
            selected: picker.cursor,
            marked: &picker.marked,
            by_hand: picker.by_hand(&model.listed),
            about: &about,
            theme,
        }
        .render(picker_place(area), buffer);
    }
    // What a key came to would stand in the activity, which an overlay covers.
    if let Some(status) = model.status.as_ref().filter(|_| model.overlay.is_some()) {
        let text = clean(&status.text, Lines::Join);
        let width = (text.width() as u16).min(seats.footer.width / 2);
        let ink = if status.level == NoteLevel::Error { Ink::Error } else { Ink::Good };
        let seat = seats.footer;
        Pen::new(buffer, theme).right(seat.right().saturating_sub(width + 1), seat.y, width, &text, ink);
    }
}

fn too_small(model: &Model, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, model.theme);
    let (columns, rows) = SMALLEST;
    let text = if model.overlay == Some(Overlay::ConfirmQuit) {
        "A run is on. y quits, esc goes on.".to_owned()
    } else {
        format!("quotient needs {columns}x{rows}; this is {}x{}. q quits.", area.width, area.height)
    };
    let lines = wrap(&text, area.width.into(), area.height.into()).0;
    let top = area.y + (area.height.saturating_sub(lines.len() as u16)) / 2;
    for (line, y) in lines.iter().zip(top..area.bottom()) {
        pen.left(area.x, y, area.width, line, Ink::Text);
    }
}

fn details(model: &Model, judged: &Judged, seat: Rect, buffer: &mut Buffer) {
    let name = model.tally.plan.variants.get(model.cursor).map_or("", |variant| variant.name.as_str());
    let characters = usize::from(seat.width) * usize::from(seat.height);
    let details = view::details(model, judged, characters);
    Details { title: &clean(name, Lines::Join), details: &details, theme: model.theme }.render(seat, buffer);
}

fn verdict_panel(model: &Model, judged: &Judged, now: Duration, seat: Rect, buffer: &mut Buffer) {
    let verdict = &judged.verdict;
    let nothing_yet = verdict.leader.is_none() && !matches!(model.tally.phase, Phase::Finished(_));
    let reason = nothing_yet.then(|| "no trial was answered so far".into());
    VerdictPanel {
        objective: (&model.objective.name(), &model.objective.describe()),
        standing: verdicts::standing(model, verdict),
        reason: reason.unwrap_or_else(|| clean(&verdict.reason, Lines::Join)),
        ranking: &verdicts::ranking(verdict),
        unit: &verdict.unit,
        notes: &verdicts::notes(model, judged, now),
        theme: model.theme,
    }
    .render(seat, buffer);
}

/// Where an overlay may lie: the footer says which keys it knows, and stays.
fn above_footer(area: Rect) -> Rect {
    Rect { height: area.height.saturating_sub(1), ..area }
}

/// Where the picker lies: as high as it can, so that it stays where it is while a filter is typed.
fn picker_place(area: Rect) -> Rect {
    overlay::place(above_footer(area), picker::WIDEST, usize::MAX)
}

/// Rows of the list that the picker shows in a terminal of this size.
pub fn picker_rows((columns, rows): (u16, u16)) -> usize {
    picker::visible(picker_place(Rect::new(0, 0, columns, rows)))
}

/// Columns of text in an overlay.
fn overlay_columns(area: Rect) -> u16 {
    area.width.saturating_sub(8).min(100)
}

fn overlay_place(area: Rect, title: &str, lines: &[OverlayLine]) -> Rect {
    let width = |line: &OverlayLine| {
        line.iter().map(|(text, width, _)| if *width == 0 { text.width() as u16 } else { *width }).sum::<u16>()
    };
    let widest = lines.iter().map(width).max().unwrap_or(0).max(title.width() as u16 + 2);
    overlay::place(area, widest.min(overlay_columns(area)), lines.len())
}

/// How many lines of the overlay can be scrolled away.
pub fn most_scroll(model: &Model) -> usize {
    let area = above_footer(Rect::new(0, 0, model.size.0, model.size.1));
    words::overlay(model, overlay_columns(area)).map_or(0, |(title, lines, _)| {
        lines.len().saturating_sub(overlay::visible(overlay_place(area, &title, &lines)))
    })
}

/// Where each panel stands; a seat without height is left out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seats {
    header: Rect,
    quota: Rect,
    variants: Rect,
    details: Rect,
    verdict: Rect,
    activity: Rect,
    footer: Rect,
}

impl Seats {
    fn of(area: Rect, gauges: u16, notes: u16, variants: u16) -> Self {
        let air = u16::from(area.height >= AIRY);
        let header = Rect { height: 2, ..area };
        let footer = Rect { y: area.bottom() - 1, height: 1, ..area };
        let top = header.bottom() + air;
        let body = Rect { y: top, height: footer.y - top, ..area };
        if area.width >= WIDE && body.height >= gauges + 22 {
            return Self { header, footer, ..Self::wide(body, air, gauges + 1 + notes.min(4), variants) };
        }
        Self { header, footer, ..Self::stacked(body, gauges, notes, variants) }
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
        Self { quota, variants, details, verdict, activity, ..Self::default() }
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
        let mut details = take(4, true);
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
            ..Self::default()
        }
    }
}
