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

impl Widget for Footer<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let widths: Vec<usize> = self.keys.iter().map(|(key, word)| key.width() + 1 + word.width()).collect();
        let columns = usize::from(area.width.saturating_sub(1));
        let needed = |kept: &[usize], gap: usize| kept.iter().map(|key| widths[*key] + gap).sum::<usize>();
        let mut kept: Vec<usize> = (0..widths.len()).collect();
        let gap = if needed(&kept, 2) <= columns + 2 { 2 } else { 1 };
        while needed(&kept, gap) > columns + gap && kept.len() > 2 {
            // The last two are help and quit: from there everything else can be found.
            kept.remove(kept.len() - 3);
        }
        let mut x = area.x + 1;
        for index in kept {
            let (key, word) = &self.keys[index];
            let room = |x: u16| area.right().saturating_sub(x);
            x += 1 + pen.left(x, area.y, room(x), key, Ink::Key);
            x += gap as u16 + pen.left(x, area.y, room(x), word, Ink::Muted);
        }
    }
}
