//! Timeline: what was taken of a limit over the last minutes, with the limit as a line and throttles marked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget};

use unicode_width::UnicodeWidthStr;

use crate::tui::format::{count, plural};
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// One limit over time.
#[derive(Debug)]
pub struct Timeline<'a> {
    /// What is drawn: `RPM: requests in the minute before`.
    pub title: &'a str,
    /// Seconds before now, negative, and what was taken then.
    pub taken: &'a [(f64, f64)],
    /// The same where invocations were throttled.
    pub throttles: &'a [(f64, f64)],
    /// How many were.
    pub throttled: u64,
    /// The limit, and what may be taken of it.
    pub limit: Option<(f64, f64)>,
    /// Seconds that the time axis goes back.
    pub back: f64,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// Lowest height that shows anything.
pub const LOWEST: u16 = 6;

impl Timeline<'_> {
    fn style(&self, ink: Ink) -> Style {
        self.theme.style(ink)
    }

    /// What the lines mean, as far as it fits into so many columns; the most important stands last.
    fn legend(&self, columns: usize) -> String {
        let glyphs = self.theme.glyphs();
        let mut parts = Vec::new();
        if let Some((limit, allowed)) = self.limit {
            if allowed < limit * 0.9999 {
                parts.push(format!("may take {}", count(allowed)));
            }
            parts.push(format!("{} limit {}", glyphs.rule, count(limit)));
        }
        if self.throttled > 0 {
            parts.push(format!("{} {} throttled", glyphs.throttle, plural(self.throttled, "request")));
        }
        while parts.join("  ").width() > columns && !parts.is_empty() {
            parts.remove(0);
        }
        parts.join("  ")
    }

    /// The upper end of the axis: above the limit and everything that was taken.
    fn top(&self) -> f64 {
        let limit = self.limit.map_or(0.0, |(limit, _)| limit);
        let peak = self.taken.iter().map(|(_, taken)| *taken).fold(limit, f64::max);
        let unit = 10_f64.powf((peak * 1.05).max(1.0).log10().floor());
        // A number that can be halved and read.
        [1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
            .map(|step| step * unit)
            .into_iter()
            .find(|top| *top >= peak * 1.05)
            .unwrap_or(peak * 1.05)
    }
}

impl Widget for Timeline<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let mut pen = Pen::new(buffer, self.theme);
        let taken = pen.head(area, self.title);
        let room = area.width.saturating_sub(taken + 3);
        pen.on_rule_right(area.x + taken, area.y, room + 1, &self.legend(room.into()), Ink::Muted);
        let plot = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(1),
        };
        if plot.height + 1 < LOWEST || plot.width < 24 {
            return;
        }
        let top = self.top();
        let (line, dots) = if self.theme.ascii {
            (Marker::Custom('-'), Marker::Custom('.'))
        } else {
            (Marker::Custom('─'), Marker::Braille)
        };
        let level = |value: f64| [(-self.back, value), (0.0, value)];
        let (limit, allowed) =
            self.limit.map_or(([(0.0, -1.0); 2], [(0.0, -1.0); 2]), |(limit, allowed)| (level(limit), level(allowed)));
        let mut sets = vec![
            Dataset::default().marker(line).graph_type(GraphType::Line).style(self.style(Ink::Rule)).data(&allowed),
            Dataset::default().marker(line).graph_type(GraphType::Line).style(self.style(Ink::Mark)).data(&limit),
            Dataset::default().marker(dots).graph_type(GraphType::Line).style(self.style(Ink::Used)).data(self.taken),
        ];
        let throttle = Marker::Custom(self.theme.glyphs().throttle.chars().next().unwrap_or('x'));
        sets.push(
            Dataset::default()
                .marker(throttle)
                .graph_type(GraphType::Scatter)
                .style(self.style(Ink::Error))
                .data(self.throttles),
        );
        let muted = self.style(Ink::Muted);
        let label = |text: String| Span::styled(text, muted);
        let ticks = if plot.height >= 8 { vec![0.0, top / 2.0, top] } else { vec![0.0, top] };
        let minutes = self.back / 60.0;
        let xs = Axis::default()
            .bounds([-self.back, 0.0])
            .style(self.style(Ink::Rule))
            .labels([label(format!("-{minutes:.0} min")), label("now".into())]);
        let ys = Axis::default()
            .bounds([0.0, top])
            .style(self.style(Ink::Rule))
            .labels(ticks.into_iter().map(|tick| label(count(tick))));
        Chart::new(sets).x_axis(xs).y_axis(ys).legend_position(None).render(plot, buffer);
        if self.theme.ascii {
            plain(plot, buffer);
        }
    }
}

/// The chart draws its axes with lines of its own.
fn plain(area: Rect, buffer: &mut Buffer) {
    for position in area.positions() {
        let Some(cell) = buffer.cell_mut(position) else { continue };
        let sign = match cell.symbol() {
            "│" => "|",
            "─" => "-",
            "└" => "+",
            _ => continue,
        };
        cell.set_symbol(sign);
    }
}
