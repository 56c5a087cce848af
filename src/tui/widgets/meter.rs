//! Meter: one limit large — who and what takes how much of it, what is free, and where the limit comes from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::format::{count, percent};
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::{Pen, Segment};

/// A part of what is taken, or what is free.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// How much.
    pub amount: f64,
    /// What it is drawn with.
    pub glyph: &'static str,
    /// What it means.
    pub ink: Ink,
}

/// One limit.
#[derive(Debug)]
pub struct Meter<'a> {
    /// `RPM`, and what it counts.
    pub name: (&'static str, &'a str),
    /// The parts, from the left; those without an amount are left out.
    pub parts: &'a [Part],
    /// The listed limit; `None` where there is none.
    pub limit: Option<f64>,
    /// What is taken, all parts but those of others and what is free.
    pub taken: f64,
    /// The share of the limit that may be taken.
    pub share: f64,
    /// What was learned of the limit.
    pub learned: Option<f64>,
    /// Where the limit comes from, and what it means, the most important first.
    pub facts: &'a [(String, Ink)],
    /// Rows of the bar.
    pub bar: u16,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// Between two parts of the legend.
const GAP: usize = 3;

impl Meter<'_> {
    fn legend(&self) -> impl Iterator<Item = (&Part, String)> {
        let shown = self.parts.iter().filter(|part| part.amount > 0.0);
        shown.map(|part| (part, format!("{} {}", part.name, count(part.amount))))
    }

    /// The legend in rows of so many columns.
    fn rows(&self, columns: usize) -> Vec<Vec<(&Part, String)>> {
        let mut rows: Vec<Vec<(&Part, String)>> = vec![Vec::new()];
        let mut used = 0;
        for (part, text) in self.legend() {
            let wide = text.width() + 2;
            if used > 0 && used + wide > columns {
                rows.push(Vec::new());
                used = 0;
            }
            used += wide + GAP;
            if let Some(row) = rows.last_mut() {
                row.push((part, text));
            }
        }
        rows
    }

    /// Rows that it takes in so many columns.
    pub fn height(&self, columns: u16) -> u16 {
        1 + self.bar + self.rows(columns.saturating_sub(2).into()).len() as u16
    }

    fn head(&self, area: Rect, pen: &mut Pen<'_>) {
        let mut x = area.x + 1;
        let room = |x: u16| area.right().saturating_sub(x + 1);
        x += 1 + pen.left(x, area.y, room(x), self.name.0, Ink::Strong);
        let taken = match self.limit {
            Some(limit) => {
                let share = percent(self.taken / limit.max(f64::MIN_POSITIVE));
                format!("{} of {} {}, {share} %", count(self.taken), count(limit), self.name.1)
            }
            None => format!("{} {}, no limit", count(self.taken), self.name.1),
        };
        let over = self.limit.is_some_and(|limit| self.taken > limit * 1.0001);
        x += pen.left(x, area.y, room(x), &taken, if over { Ink::Error } else { Ink::Text });
        let dot = pen.glyphs().dot;
        for (fact, ink) in self.facts {
            let wide = fact.width() as u16 + 3;
            // A fact that does not fit is left out whole, but for the first, which says where the number comes from.
            if wide > room(x) && *fact != self.facts[0].0 {
                continue;
            }
            x += 1 + pen.left(x + 1, area.y, room(x + 1), dot, Ink::Muted);
            x += 1 + pen.left(x + 1, area.y, room(x + 1), fact, *ink);
        }
    }

    fn draw_bar(&self, area: Rect, limit: f64, pen: &mut Pen<'_>) {
        let glyphs = pen.glyphs();
        let share = |amount: f64| amount / limit.max(f64::MIN_POSITIVE);
        let free = self.parts.iter().any(|part| part.glyph == glyphs.free);
        let segments: Vec<Segment> = self
            .parts
            .iter()
            .filter(|part| part.glyph != glyphs.free)
            .map(|part| Segment { share: share(part.amount), glyph: part.glyph, ink: part.ink })
            .collect();
        for y in area.y..area.bottom() {
            pen.fill(area.x, y, area.width, if free { glyphs.free } else { glyphs.full }, Ink::Free);
            pen.bar(area.x, y, area.width, &segments);
            let at = |share: f64| ((share * f64::from(area.width)).round() as u16).min(area.width.saturating_sub(1));
            if self.share < 1.0 {
                pen.fill(area.x + at(self.share), y, 1, glyphs.mark, Ink::Mark);
            }
            if let Some(learned) = self.learned {
                pen.fill(area.x + at(share(learned)), y, 1, glyphs.learned, Ink::Warning);
            }
        }
    }
}

impl Widget for Meter<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        if area.height == 0 || area.width < 4 {
            return;
        }
        let mut pen = Pen::new(buffer, self.theme);
        self.head(area, &mut pen);
        let bar = Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width - 2,
            height: self.bar.min(area.height.saturating_sub(1)),
        };
        match self.limit {
            Some(limit) => self.draw_bar(bar, limit, &mut pen),
            None => pen.fill(bar.x, bar.y, bar.width, pen.glyphs().rule, Ink::Rule),
        }
        for (row, y) in self.rows(bar.width.into()).into_iter().zip(bar.bottom()..area.bottom()) {
            let mut x = bar.x;
            for (part, text) in row {
                let room = |x: u16| area.right().saturating_sub(x + 1);
                pen.left(x, y, room(x).min(1), part.glyph, part.ink);
                x += 2 + pen.left(x + 2, y, room(x + 2), &text, Ink::Text) + GAP as u16;
            }
        }
    }
}
