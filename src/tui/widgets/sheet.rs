//! Sheet: lines of pieces that scroll, under a head of their own or in a box.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::format::wrap;
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// One line: pieces with their inks, each in so many columns (0: as many as it needs).
pub type Line = Vec<(String, u16, Ink)>;

/// Lines of a text at most: what a model or a file sends is not measured by anyone.
const MOST: usize = 5_000;

/// A text as lines of so many columns.
pub fn prose(text: &str, columns: u16, ink: Ink) -> Vec<Line> {
    wrap(text, columns.into(), MOST).0.into_iter().map(|line| vec![(line.to_owned(), 0, ink)]).collect()
}

/// A text beside a label of so many columns.
pub fn labelled(label: &str, width: u16, ink: Ink, text: &str, columns: u16) -> Vec<Line> {
    let line = |(index, part): (usize, &str)| {
        let label = if index == 0 { label.to_owned() } else { String::new() };
        vec![(label, width, ink), (part.to_owned(), 0, Ink::Text)]
    };
    wrap(text, columns.saturating_sub(width).into(), MOST).0.into_iter().enumerate().map(line).collect()
}

/// A head between parts of a sheet.
pub fn heading(text: &str) -> Line {
    vec![(text.to_owned(), 0, Ink::Title)]
}

/// Two sheets beside each other: the right one begins at a column, before which the left one is cut where it is too long.
pub fn beside(left: Vec<Line>, at: u16, right: Vec<Line>) -> Vec<Line> {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    let mut lines = Vec::new();
    loop {
        let (before, behind) = (left.next(), right.next());
        if before.is_none() && behind.is_none() {
            return lines;
        }
        let mut line = before.unwrap_or_default();
        if let Some(behind) = behind {
            let mut left = at;
            for piece in &mut line {
                piece.1 = columns_of(piece).min(left);
                left -= piece.1;
            }
            // Without columns a piece would take as many as it needs.
            line.retain(|(_, width, _)| *width > 0);
            line.extend((left > 0).then(|| (String::new(), left, Ink::Text)));
            line.extend(behind);
        }
        lines.push(line);
    }
}

fn columns_of((text, width, _): &(String, u16, Ink)) -> u16 {
    if *width == 0 { text.width() as u16 } else { *width }
}

/// Lines from the one to which they are scrolled, with signs at an edge for what is above and below.
#[derive(Debug)]
pub struct Lines<'a> {
    /// All of them.
    pub lines: &'a [Line],
    /// How many are scrolled away.
    pub scroll: usize,
    /// The column of the signs.
    pub edge: u16,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

impl Widget for Lines<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let visible = usize::from(area.height);
        let scroll = self.scroll.min(self.lines.len().saturating_sub(visible));
        for (line, y) in self.lines.iter().skip(scroll).zip(area.y..area.bottom()) {
            let mut x = area.x;
            for (text, width, ink) in line {
                let room = area.right().saturating_sub(x);
                let taken = pen.left(x, y, if *width == 0 { room } else { room.min(*width) }, text, *ink);
                x += if *width == 0 { taken } else { (*width).min(room) };
            }
        }
        let [above, below] = pen.glyphs().more;
        if scroll > 0 {
            pen.left(self.edge, area.y, 1, above, Ink::Muted);
        }
        if scroll + visible < self.lines.len() && visible > 0 {
            pen.left(self.edge, area.bottom() - 1, 1, below, Ink::Muted);
        }
    }
}

/// Lines under a head.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The head.
    pub title: &'a str,
    /// What stands at the right of the head.
    pub aside: &'a str,
    /// The lines.
    pub lines: &'a [Line],
    /// How many are scrolled away.
    pub scroll: usize,
    /// Whether the keys are its own, among several panels.
    pub focused: bool,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// Where the lines of a sheet stand in its seat.
pub fn inner(seat: Rect) -> Rect {
    Rect { x: seat.x + 1, y: seat.y + 1, width: seat.width.saturating_sub(2), height: seat.height.saturating_sub(1) }
}

impl Widget for Sheet<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let taken = pen.panel(area, self.title, self.focused);
        pen.on_rule_right(area.x + taken, area.y, area.width.saturating_sub(taken + 2), self.aside, Ink::Muted);
        let edge = area.right().saturating_sub(1);
        Lines { lines: self.lines, scroll: self.scroll, edge, theme: self.theme }.render(inner(area), buffer);
    }
}
