//! Front: what each variant takes against how often it is accepted, and whom no other beats in both.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::symbols::Marker;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Line};
use unicode_width::UnicodeWidthStr;

use crate::tui::format::{count, percent};
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// Columns left of the plot.
const LEFT: u16 = 6;
/// The plot is not lower than that, whatever is left for the names below it.
const LOWEST: u16 = 5;
/// Columns of a name beside its mark at most.
const BESIDE: u16 = 16;
/// Columns of a name below the plot at most.
const NAME: u16 = 20;

/// A variant as a point.
#[derive(Debug, Clone)]
pub struct FrontPoint<'a> {
    /// Its place in the list, from 1.
    pub number: usize,
    /// Its name, cleaned.
    pub name: Cow<'a, str>,
    /// What a request takes, and the share of its answers that is accepted; `None` where it was not measured.
    pub at: Option<(f64, f64)>,
    /// Whether no other beats it.
    pub front: bool,
    /// Whether it is selected.
    pub selected: bool,
}

/// The plot under a head.
#[derive(Debug)]
pub struct FrontPanel<'a> {
    /// The title.
    pub title: &'a str,
    /// What is on the axis to the right.
    pub axis: &'a str,
    /// How its numbers are written.
    pub format: fn(f64) -> String,
    /// Every variant of the model.
    pub points: &'a [FrontPoint<'a>],
    /// Whether the keys are its own.
    pub focused: bool,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// A range of an axis and the step of its marks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    from: f64,
    to: f64,
}

impl Range {
    /// Around values, its ends on round numbers, so that they stay while the values change a little.
    fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
        if !low.is_finite() {
            return Self { from: 0.0, to: 1.0 };
        }
        let span = (high - low).max(high * 0.2).max(1e-9);
        let unit = 10_f64.powf((span / 4.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * unit).into_iter().find(|step| step * 4.0 >= span).unwrap_or(span);
        let from = ((low - 0.1 * span) / step).floor().max(0.0) * step;
        Self { from, to: ((high + 0.1 * span) / step).ceil() * step }
    }

    fn place(self, value: f64, cells: u16) -> u16 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        (share * f64::from(cells.saturating_sub(1))).round() as u16
    }
}

/// The cells of a plot, and which of them are taken.
struct Plot {
    area: Rect,
    xs: Range,
    ys: Range,
    taken: Vec<bool>,
}

impl Plot {
    fn new(area: Rect, points: &[FrontPoint<'_>]) -> Self {
        let at = points.iter().filter_map(|point| point.at);
        let lowest = at.clone().map(|(_, share)| share).fold(1.0, f64::min);
        // From a whole ten somewhat below the lowest to 100 %.
        let from = ((lowest * 10.0 - 0.3).floor() / 10.0).clamp(0.0, 0.9);
        let taken = vec![false; usize::from(area.width) * usize::from(area.height)];
        Self { area, xs: Range::around(at.map(|(x, _)| x)), ys: Range { from, to: 1.0 }, taken }
    }

    /// The cell of a point, from the upper left.
    fn cell(&self, (x, y): (f64, f64)) -> (u16, u16) {
        let (column, row) = (self.xs.place(x, self.area.width), self.ys.place(y, self.area.height));
        (column, self.area.height.saturating_sub(1) - row)
    }

    /// Takes the cell of a mark.
    fn mark(&mut self, (column, row): (u16, u16)) {
        self.taken[usize::from(row) * usize::from(self.area.width) + usize::from(column)] = true;
    }

    /// Takes so many cells of a row, where they and the one before and after them are free.
    fn take(&mut self, column: i32, row: i32, columns: u16) -> bool {
        let (Ok(x), Ok(y)) = (u16::try_from(column), u16::try_from(row)) else { return false };
        if y >= self.area.height || x + columns > self.area.width {
            return false;
        }
        let row = usize::from(y) * usize::from(self.area.width);
        let cells = &mut self.taken[row..row + usize::from(self.area.width)];
        let (from, to) = (usize::from(x), usize::from(x + columns));
        let around = from.saturating_sub(1)..(to + 1).min(cells.len());
        let free = cells[around].iter().all(|taken| !taken);
        if free {
            cells[from..to].fill(true);
        }
        free
    }

    /// A place for a word beside a cell: right of it, left, or on the row above or below.
    fn beside(&mut self, (column, row): (u16, u16), columns: u16) -> Option<(u16, u16)> {
        let (x, y, wide) = (i32::from(column), i32::from(row), i32::from(columns));
        let near = [(2, 0), (-wide - 1, 0), (1, -1), (1, 1), (-wide, -1), (-wide, 1)];
        near.into_iter()
            .map(|(dx, dy)| (x + dx, y + dy))
            .find(|(x, y)| self.take(*x, *y, columns))
            .map(|(x, y)| (self.area.x + x as u16, self.area.y + y as u16))
    }
}

impl FrontPanel<'_> {
    fn sign(&self, point: &FrontPoint<'_>) -> (&'static str, Ink) {
        let glyphs = self.theme.glyphs();
        match (point.front, point.at) {
            (_, None) => (glyphs.withheld, Ink::Muted),
            (true, _) => (glyphs.picked, Ink::Good),
            (false, _) => (glyphs.excluded, Ink::Muted),
        }
    }

    fn axes(&self, plot: &Plot, pen: &mut Pen<'_>) {
        let (area, glyphs) = (plot.area, pen.glyphs());
        let middle = f64::midpoint(plot.ys.from, plot.ys.to);
        for share in [plot.ys.from, middle, plot.ys.to] {
            let (_, row) = plot.cell((plot.xs.from, share));
            pen.right(area.x - LEFT, area.y + row, LEFT - 2, &percent(share), Ink::Muted);
        }
        for y in area.y..area.bottom() {
            pen.left(area.x - 1, y, 1, glyphs.mark, Ink::Rule);
        }
        pen.fill(area.x - 1, area.bottom(), area.width + 1, glyphs.rule, Ink::Rule);
        let labels = area.bottom() + 1;
        let from = pen.left(area.x, labels, area.width / 3, &(self.format)(plot.xs.from), Ink::Muted);
        let to = (self.format)(plot.xs.to);
        pen.right(area.x, labels, area.width, &to, Ink::Muted);
        let room = area.width.saturating_sub(from + to.width() as u16 + 4);
        let width = (self.axis.width() as u16).min(room);
        pen.left(area.x + from + 2 + (room - width) / 2, labels, width, self.axis, Ink::Title);
    }

    /// The front's points from the left, joined.
    fn join(&self, plot: &Plot, buffer: &mut Buffer) {
        let mut front: Vec<(f64, f64)> = self.points.iter().filter(|p| p.front).filter_map(|p| p.at).collect();
        front.sort_by(|a, b| a.0.total_cmp(&b.0));
        let color = self.theme.style(Ink::Good).fg.unwrap_or(Color::Reset);
        Canvas::default()
            .marker(if self.theme.ascii { Marker::Custom('.') } else { Marker::Braille })
            .x_bounds([plot.xs.from, plot.xs.to])
            .y_bounds([plot.ys.from, plot.ys.to])
            .paint(|canvas| {
                for pair in front.windows(2) {
                    canvas.draw(&Line { x1: pair[0].0, y1: pair[0].1, x2: pair[1].0, y2: pair[1].1, color });
                }
            })
            .render(plot.area, buffer);
    }

    /// The marks, each with its name beside it where there is room, else with its number.
    fn marks(&self, plot: &mut Plot, pen: &mut Pen<'_>) {
        let mut points: Vec<(&FrontPoint<'_>, (f64, f64))> =
            self.points.iter().filter_map(|point| Some((point, point.at?))).collect();
        points.sort_by_key(|(point, _)| (!point.front, !point.selected));
        for (_, at) in &points {
            plot.mark(plot.cell(*at));
        }
        for (point, at) in points.iter().rev() {
            let (column, row) = plot.cell(*at);
            let (sign, ink) = self.sign(point);
            pen.left(plot.area.x + column, plot.area.y + row, 1, sign, ink);
        }
        for (point, at) in points {
            let (cell, number) = (plot.cell(at), point.number.to_string());
            let named = format!("{number} {}", point.name);
            let words = [named.as_str(), number.as_str()];
            let whole = |text: &&&str| text.width() as u16 <= BESIDE + 3 || **text == number;
            let placed = words.iter().filter(whole).find_map(|text| {
                let place = plot.beside(cell, text.width() as u16)?;
                Some((*text, place))
            });
            if let Some((text, (x, y))) = placed {
                let ink = if point.selected { Ink::Strong } else { Ink::Text };
                pen.left(x, y, text.width() as u16, text, ink);
            }
        }
    }

    /// Every variant with its numbers, in as many columns as fit.
    fn key(&self, area: Rect, columns: u16, pen: &mut Pen<'_>) {
        let wide = area.width / columns;
        let rows = self.points.len().div_ceil(columns.into());
        let shown = rows.min(area.height.into());
        let numbers = |point: &FrontPoint<'_>| match point.at {
            Some((x, share)) => format!("{}, {} %", (self.format)(x), percent(share)),
            None => "not measured".into(),
        };
        for (index, point) in self.points.iter().enumerate().filter(|(index, _)| index % rows < shown) {
            let (x, y) = (area.x + wide * (index / rows) as u16, area.y + (index % rows) as u16);
            let (sign, ink) = self.sign(point);
            let text = numbers(point);
            let ends = text.width() as u16;
            pen.right(x, y, 2, &point.number.to_string(), Ink::Muted);
            pen.left(x + 3, y, 1, sign, ink);
            let name = wide.saturating_sub(5 + ends + 3).min(NAME);
            pen.left(x + 5, y, name, &point.name, if point.selected { Ink::Strong } else { Ink::Text });
            pen.right(x + 5 + name, y, ends + 1, &text, Ink::Muted);
        }
    }
}

/// What the marks mean.
fn legend(area: Rect, pen: &mut Pen<'_>) {
    let glyphs = pen.glyphs();
    let mut x = area.x;
    let parts = [
        (glyphs.picked, Ink::Good, "front: none takes less and is accepted more often"),
        (glyphs.excluded, Ink::Muted, "others"),
    ];
    for (sign, ink, text) in parts {
        let room = |x: u16| area.right().saturating_sub(x);
        x += 1 + pen.left(x, area.y, room(x).min(1), sign, ink);
        x += 3 + pen.left(x, area.y, room(x), text, Ink::Muted);
    }
}

impl Widget for FrontPanel<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        Pen::new(buffer, self.theme).panel(area, self.title, self.focused);
        let inner = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(1),
        };
        let longest = self.points.iter().map(|point| point.name.width()).max().unwrap_or(0) as u16;
        let columns = (inner.width / (longest.min(NAME) + 26)).clamp(1, 4);
        let wanted = self.points.len().div_ceil(columns.into()) as u16;
        // Beside the plot: the legend, the axis with its numbers, and the key.
        let key = wanted.min(inner.height.saturating_sub(3 + LOWEST));
        let high = inner.height.saturating_sub(3 + key);
        if high < 3 || inner.width < LEFT + 20 {
            Pen::new(buffer, self.theme).left(inner.x, inner.y, inner.width, "no room for a plot here", Ink::Muted);
            return;
        }
        let place = Rect { x: inner.x + LEFT, y: inner.y + 1, width: inner.width - LEFT, height: high };
        let mut plot = Plot::new(place, self.points);
        self.join(&plot, buffer);
        let mut pen = Pen::new(buffer, self.theme);
        legend(Rect { height: 1, ..inner }, &mut pen);
        self.axes(&plot, &mut pen);
        self.marks(&mut plot, &mut pen);
        let below = place.bottom() + 2;
        self.key(Rect { y: below, height: inner.bottom().saturating_sub(below), ..inner }, columns, &mut pen);
    }
}

/// How money is written on the axis and in the key.
pub fn money(usd: f64) -> String {
    format!("${usd:.2}")
}

/// How tokens are.
pub fn tokens(tokens: f64) -> String {
    count(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_on_round_numbers_and_hold_their_values() {
        let around = |values: &[f64]| Range::around(values.iter().copied());
        assert_eq!(around(&[287.0, 1_227.0]), Range { from: 0.0, to: 1_500.0 });
        assert_eq!(around(&[287.0, 1_230.0]), around(&[288.0, 1_227.0]), "and stay while values change a little");
        assert_eq!(around(&[]), Range { from: 0.0, to: 1.0 });
        let one = around(&[100.0]);
        assert!(one.from < 100.0 && one.to > 100.0, "{one:?}");
    }
}
