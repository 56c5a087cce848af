//! Tabs: the views with their keys, and which of them is shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// One row of views.
#[derive(Debug)]
pub struct Tabs<'a> {
    /// Key and name of each.
    pub tabs: &'a [(String, &'a str)],
    /// Which of them is shown.
    pub shown: usize,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// Where each tab stands in a row: its column and how wide it is. In little room only the one that is shown has its name.
pub fn places(tabs: &[(String, &str)], shown: usize, area: Rect) -> Vec<(u16, u16)> {
    let long = |(key, name): &(String, &str)| (key.width() + 1 + name.width()) as u16;
    let all = tabs.iter().map(long).sum::<u16>() + 3 * tabs.len() as u16;
    let mut x = area.x + 1;
    let place = |(index, tab): (usize, &(String, &str))| {
        let wide = if all <= area.width || index == shown { long(tab) } else { tab.0.width() as u16 };
        let place = (x, wide);
        x += wide + 3;
        place
    };
    tabs.iter().enumerate().map(place).collect()
}

impl Widget for Tabs<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let [left, right] = pen.glyphs().tab;
        for (index, (x, wide)) in places(self.tabs, self.shown, area).into_iter().enumerate() {
            let (key, name) = &self.tabs[index];
            let shown = index == self.shown;
            let room = |x: u16| area.right().saturating_sub(x);
            let after = x + pen.left(x, area.y, room(x), key, Ink::Key) + 1;
            if after < x + wide {
                pen.left(after, area.y, room(after), name, if shown { Ink::Strong } else { Ink::Muted });
            }
            if shown {
                // Not by colour alone.
                pen.left(x.saturating_sub(1), area.y, 1, left, Ink::Title);
                pen.left(x + wide, area.y, room(x + wide).min(1), right, Ink::Title);
            }
        }
    }
}
