//! Header: what is measured, where, how far it is, how long it took and what it cost.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::{Pen, Segment};

/// Two rows at the top.
#[derive(Debug)]
pub struct Header<'a> {
    /// The model, and which of how many.
    pub model: Cow<'a, str>,
    /// The region.
    pub region: &'a str,
    /// What says where the numbers come from, and whether it must not be overlooked.
    pub badges: Vec<(Cow<'a, str>, bool)>,
    /// Sign, word and ink of the phase.
    pub phase: (&'static str, Cow<'a, str>, Ink),
    /// Trials that ended, and that will have.
    pub progress: (u64, u64),
    /// Facts at the right of the progress, the most important first.
    pub facts: Vec<(String, Ink)>,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

impl Widget for Header<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        self.first_row(area, &mut pen);
        if area.height > 1 {
            self.second_row(Rect { y: area.y + 1, height: 1, ..area }, &mut pen);
        }
    }
}

impl Header<'_> {
    fn first_row(&self, area: Rect, pen: &mut Pen<'_>) {
        let mut end = area.right();
        for (text, loud) in self.badges.iter().rev() {
            let width = (text.width() as u16 + 2).min(end.saturating_sub(area.x + 14));
            if width < 4 {
                continue;
            }
            end -= width;
            if *loud {
                pen.fill(end, area.y, width, " ", Ink::Badge);
                pen.left(end + 1, area.y, width - 2, text, Ink::Badge);
            } else {
                pen.left(end + 1, area.y, width - 2, text, Ink::Strong);
            }
        }
        let mut x = area.x + 1;
        let dot = pen.glyphs().dot;
        let parts = [("quotient", Ink::Title), (self.model.as_ref(), Ink::Strong), (self.region, Ink::Text)];
        // In little room the model is worth more than the program's name.
        let parts = if end - area.x < 60 { &parts[1..] } else { &parts[..] };
        for (index, (text, ink)) in parts.iter().enumerate() {
            let room = end.saturating_sub(x + 1);
            let needed = text.width() as u16;
            // What comes after the model is shown whole or not at all.
            if room < 4 || (*text == self.region && needed + 3 > room) {
                break;
            }
            if index > 0 {
                x += 1 + pen.left(x, area.y, 1, if *text == self.region { dot } else { " " }, Ink::Muted);
            }
            x += 1 + pen.left(x, area.y, end.saturating_sub(x + 1), text, *ink);
        }
    }

    fn second_row(&self, area: Rect, pen: &mut Pen<'_>) {
        let (sign, word, ink) = &self.phase;
        let mut x = area.x + 1;
        x += 1 + pen.left(x, area.y, area.right().saturating_sub(x), sign, *ink);
        x += 2 + pen.left(x, area.y, area.right().saturating_sub(x), word, *ink);
        let (done, planned) = self.progress;
        let (done_text, planned_text) = (done.to_string(), planned.to_string());
        let trials = format!("{done_text:>width$}/{planned_text} trials", width = planned_text.len());
        let wide = |text: &str| text.width() as u16 + 3;
        // As many facts as leave the progress bar a little room.
        let mut room = area.right().saturating_sub(x + wide(&trials) + 6);
        let facts: Vec<_> = self.facts.iter().take_while(|(text, _)| take(&mut room, wide(text))).collect();
        let bar = (room + 6).min(48);
        let share = if planned == 0 { 0.0 } else { done as f64 / planned as f64 };
        let glyphs = pen.glyphs();
        pen.fill(x, area.y, bar.min(area.right().saturating_sub(x)), glyphs.to_do, Ink::Rule);
        pen.bar(x, area.y, bar, &[Segment { share: share.min(1.0), glyph: glyphs.done, ink: Ink::Good }]);
        x += bar + 1;
        x += pen.left(x, area.y, area.right().saturating_sub(x), &trials, Ink::Strong);
        for (text, ink) in facts {
            x += 1 + pen.left(x + 1, area.y, area.right().saturating_sub(x + 1), glyphs.dot, Ink::Muted);
            x += 1 + pen.left(x + 1, area.y, area.right().saturating_sub(x + 1), text, *ink);
        }
    }
}

/// Takes so much of the room, where there is enough.
fn take(room: &mut u16, needed: u16) -> bool {
    let enough = *room >= needed;
    *room -= if enough { needed } else { 0 };
    enough
}
