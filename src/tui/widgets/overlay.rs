//! Overlay: a box over the dashboard with a title and lines that scroll.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Widget};

use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::sheet::{Line, Lines};

/// A box in the middle of the area.
#[derive(Debug)]
pub struct OverlayBox<'a> {
    /// Its title.
    pub title: &'a str,
    /// What stands in it, and scrolls.
    pub lines: &'a [Line],
    /// What stands below that, and does not.
    pub foot: &'a [Line],
    /// How many lines are scrolled away.
    pub scroll: usize,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Where a box of so many columns and lines of text stands in an area, its border included.
pub fn place(area: Rect, columns: u16, lines: usize) -> Rect {
    let width = columns.saturating_add(4).min(area.width);
    let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

/// Lines of text that a box shows above so many that do not scroll.
pub fn visible(place: Rect, foot: usize) -> usize {
    usize::from(place.height.saturating_sub(2)).saturating_sub(foot)
}

impl Widget for OverlayBox<'_> {
    /// The area is the box's own, from [`place`].
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        pen.wipe(area);
        let set = if self.theme.ascii { ASCII_BORDER } else { border::ROUNDED };
        Block::bordered().border_set(set).border_style(self.theme.style(Ink::Rule)).render(area, buffer);
        let mut pen = Pen::new(buffer, self.theme);
        pen.on_rule(area.x + 1, area.y, area.width.saturating_sub(2), self.title, Ink::Title);
        let inner = Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        };
        let edge = area.right().saturating_sub(1);
        let height = visible(area, self.foot.len()) as u16;
        let (above, below) =
            (Rect { height, ..inner }, Rect { y: inner.y + height, height: inner.height - height, ..inner });
        Lines { lines: self.lines, scroll: self.scroll, edge, theme: self.theme }.render(above, buffer);
        // Where there is room for a part of it alone, its end counts: there the keys stand.
        let scroll = self.foot.len().saturating_sub(below.height.into());
        Lines { lines: &self.foot[scroll..], scroll: 0, edge, theme: self.theme }.render(below, buffer);
    }
}
