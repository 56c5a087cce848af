//! Activity: what goes on right now, and what happened last.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::tui::format::paragraph;
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// From this height on there is room for two lines of what goes on.
const TALL: u16 = 4;

/// One event as a line.
#[derive(Debug, Clone)]
pub struct ActivityLine<'a> {
    /// When, as time of day in UTC.
    pub at: String,
    /// What, cleaned.
    pub text: Cow<'a, str>,
    /// How much it matters.
    pub ink: Ink,
}

/// What goes on now, and the last events below it, the newest first.
#[derive(Debug)]
pub struct Activity<'a> {
    /// Right now.
    pub now: (Cow<'a, str>, Ink),
    /// The last events, the newest first.
    pub lines: &'a [ActivityLine<'a>],
    /// Whether the keys are its own.
    pub focused: bool,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

impl Widget for Activity<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let mut y = area.y;
        if area.height > 1 {
            let taken = pen.panel(area, "Activity", self.focused);
            pen.on_rule_right(area.x + taken, y, area.width.saturating_sub(taken + 2), "UTC", Ink::Muted);
            y += 1;
        }
        let columns = area.width.saturating_sub(2);
        let sign = pen.glyphs().selected;
        pen.left(area.x + 1, y, 1, sign, self.now.1);
        // What a key came to is read to its end where there is room for two lines and an event.
        let ellipsis = pen.glyphs().ellipsis;
        let most = if area.height >= TALL { 2 } else { 1 };
        let now = paragraph(&self.now.0, columns.saturating_sub(2).into(), most, ellipsis);
        for (index, line) in now.iter().enumerate() {
            y += u16::from(index > 0);
            pen.left(area.x + 3, y, columns.saturating_sub(2), line, self.now.1);
        }
        for line in self.lines {
            y += 1;
            if y >= area.bottom() {
                return;
            }
            pen.left(area.x + 1, y, columns, &line.at, Ink::Muted);
            pen.left(area.x + 11, y, columns.saturating_sub(10), &line.text, line.ink);
        }
    }
}
