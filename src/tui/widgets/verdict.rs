//! Verdict: who wins or leads under the objective, why, how sure that is, and the ranking where there is room.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::format::paragraph;
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// One place of the ranking.
#[derive(Debug, Clone)]
pub struct Place {
    /// The variant, cleaned.
    pub name: String,
    /// Its score with the unit.
    pub score: String,
    /// How far it is from the leader.
    pub gap: String,
}

/// The verdict.
#[derive(Debug)]
pub struct VerdictPanel<'a> {
    /// The objective, and what wins under it.
    pub objective: (&'a str, &'a str),
    /// `winner`, `leader` or `no winner`, and its ink.
    pub standing: (String, Ink),
    /// Why, cleaned.
    pub reason: Cow<'a, str>,
    /// What the most token-efficient variant gains, cleaned.
    pub efficiency: Option<Cow<'a, str>>,
    /// Every variant that can win, best first.
    pub ranking: &'a [Place],
    /// What ink and glyphs look like.
    pub theme: Theme,
}

impl VerdictPanel<'_> {
    /// The verdict on one row, without a head.
    fn line(&self, area: Rect, pen: &mut Pen<'_>) -> u16 {
        let taken = 2 + pen.left(area.x + 1, area.y, area.width.saturating_sub(1), &self.standing.0, self.standing.1);
        taken + pen.left(area.x + taken, area.y, area.width.saturating_sub(taken), &self.reason, Ink::Text)
    }

    fn ranks(&self, area: Rect, pen: &mut Pen<'_>) {
        let widest =
            |text: fn(&Place) -> &str| self.ranking.iter().map(|place| text(place).width()).max().unwrap_or(0) as u16;
        let (score, gap) = (widest(|place| &place.score) + 2, widest(|place| &place.gap) + 2);
        let name = widest(|place| &place.name).min(area.width.saturating_sub(4 + score + gap));
        for (index, place) in self.ranking.iter().take(area.height.into()).enumerate() {
            let y = area.y + index as u16;
            let ink = if index == 0 { Ink::Strong } else { Ink::Text };
            pen.right(area.x + 1, y, 2, &(index + 1).to_string(), Ink::Muted);
            pen.left(area.x + 4, y, name, &place.name, ink);
            if area.width > 4 + name + score {
                pen.right(area.x + 4 + name, y, score, &place.score, ink);
            }
            if area.width > 4 + name + score + gap {
                pen.right(area.x + 4 + name + score, y, gap, &place.gap, Ink::Muted);
            }
        }
    }
}

impl Widget for VerdictPanel<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        if area.height < 2 {
            self.line(area, &mut pen);
            return;
        }
        let title = format!("Verdict: {}", self.objective.0);
        let taken = pen.head(area, &title);
        pen.on_rule(area.x + taken, area.y, area.width.saturating_sub(taken + 1), self.objective.1, Ink::Muted);
        let (columns, ellipsis) = (area.width.saturating_sub(2), pen.glyphs().ellipsis);
        let rows = usize::from(area.height - 1);
        let mut y = area.y + 1;
        // The standing leads the reason, so both are wrapped as one text, and inked apart.
        let text = format!("{} {}", self.standing.0, self.reason);
        let most = rows.saturating_sub(usize::from(self.efficiency.is_some())).clamp(1, 3);
        for (index, line) in paragraph(&text, columns.into(), most, ellipsis).iter().enumerate() {
            pen.left(area.x + 1, y, columns, line, Ink::Text);
            if index == 0 {
                pen.under(Rect::new(area.x + 1, y, columns.min(self.standing.0.width() as u16), 1), self.standing.1);
            }
            y += 1;
        }
        if let Some(efficiency) = &self.efficiency
            && y < area.bottom()
        {
            let most = usize::from(area.bottom() - y).min(4);
            for line in paragraph(efficiency, columns.into(), most, ellipsis) {
                pen.left(area.x + 1, y, columns, &line, Ink::Muted);
                y += 1;
            }
        }
        if self.ranking.len() > 1 && y + 1 < area.bottom() {
            self.ranks(Rect { y: y + 1, height: area.bottom() - y - 1, ..area }, &mut pen);
        }
    }
}
