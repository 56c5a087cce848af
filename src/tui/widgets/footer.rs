//! Footer: the keys that mean something now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// One row of keys.
#[derive(Debug)]
pub struct Footer<'a> {
    /// Key and word, in order; what comes last stays longest.
    pub keys: &'a [(String, &'a str)],
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// Which keys stand in which row, where those that are kept fit into so many rows of so many columns.
fn rows(widths: &[usize], kept: &[usize], gap: usize, columns: usize, most: usize) -> Option<Vec<Vec<usize>>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    let mut used = 0;
    for key in kept {
        if used > 0 && used + widths[*key] > columns {
            rows.push(Vec::new());
            used = 0;
        }
        used += widths[*key] + gap;
        rows.last_mut()?.push(*key);
    }
    (rows.len() <= most).then_some(rows)
}

impl Widget for Footer<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let widths: Vec<usize> = self.keys.iter().map(|(key, word)| key.width() + 1 + word.width()).collect();
        let columns = usize::from(area.width.saturating_sub(1));
        let mut kept: Vec<usize> = (0..widths.len()).collect();
        let (gap, laid) = loop {
            let fits = |gap| rows(&widths, &kept, gap, columns, area.height.into()).map(|rows| (gap, rows));
            if let Some(fits) = fits(2).or_else(|| fits(1)) {
                break fits;
            }
            if kept.len() <= 2 {
                break (1, vec![kept]);
            }
            // The last two are help and quit: from there everything else can be found.
            kept.remove(kept.len() - 3);
        };
        for (row, y) in laid.into_iter().zip(area.y..area.bottom()) {
            let mut x = area.x + 1;
            for index in row {
                let (key, word) = &self.keys[index];
                let room = |x: u16| area.right().saturating_sub(x);
                x += 1 + pen.left(x, y, room(x), key, Ink::Key);
                x += gap as u16 + pen.left(x, y, room(x), word, Ink::Muted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_gives_way_before_help_and_quit() {
        let keys: Vec<(String, &str)> = "rspbeq".chars().map(|key| (key.to_string(), "word")).collect();
        let lines = |width, height| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            Footer { keys: &keys, theme: Theme::DARK }.render(buffer.area, &mut buffer);
            let row = |y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>().trim().to_owned();
            (0..height).map(row).collect::<Vec<_>>()
        };
        assert_eq!(lines(60, 1), ["r word  s word  p word  b word  e word  q word"]);
        assert_eq!(lines(43, 1), ["r word s word p word b word e word q word"]);
        assert_eq!(lines(31, 1), ["r word  s word  e word  q word"]);
        assert_eq!(lines(30, 2), ["r word  s word  p word", "b word  e word  q word"]);
        assert_eq!(lines(8, 1), ["e word"]);
    }
}
