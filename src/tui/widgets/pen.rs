//! Pen: puts text, rules and bars into a buffer by meaning, never beyond the place that it was given.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::tui::format::fit;
use crate::tui::theme::{Glyphs, Ink, Theme};

/// A buffer with the theme to draw in.
#[derive(Debug)]
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
}

/// A stretch of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Its share of the whole bar.
    pub share: f64,
    /// What it is drawn with.
    pub glyph: &'static str,
    /// What it means.
    pub ink: Ink,
}

impl<'a> Pen<'a> {
    /// A pen over a buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme }
    }

    /// The signs to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.theme.glyphs()
    }

    /// Puts a text at the left of so many columns, shortened where it is longer; returns the columns taken.
    pub fn left(&mut self, x: u16, y: u16, columns: u16, text: &str, ink: Ink) -> u16 {
        if columns == 0 || !self.buffer.area.contains((x, y).into()) {
            return 0;
        }
        let text = fit(text, columns.into(), self.glyphs().ellipsis);
        let (end, _) = self.buffer.set_stringn(x, y, &text, columns.into(), self.theme.style(ink));
        end - x
    }

    /// Puts a text at the right of so many columns.
    pub fn right(&mut self, x: u16, y: u16, columns: u16, text: &str, ink: Ink) {
        let width = text.width().min(columns.into()) as u16;
        self.left(x + columns - width, y, width, text, ink);
    }

    /// Fills a row with one sign.
    pub fn fill(&mut self, x: u16, y: u16, columns: u16, glyph: &str, ink: Ink) {
        let style = self.theme.style(ink);
        for x in x..x.saturating_add(columns) {
            if let Some(cell) = self.buffer.cell_mut((x, y)) {
                cell.set_symbol(glyph).set_style(style);
            }
        }
    }

    /// Lays an ink under a whole area, keeping what stands there.
    pub fn under(&mut self, area: Rect, ink: Ink) {
        self.buffer.set_style(area, self.theme.style(ink));
    }

    /// Wipes an area, and the half of a wide glyph that would stick out at its left.
    pub fn wipe(&mut self, area: Rect) {
        for y in area.y..area.bottom() {
            let before = area.x.checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)));
            if let Some(cell) = before.filter(|cell| cell.symbol().width() > 1) {
                cell.set_symbol(" ");
            }
        }
        for position in area.intersection(self.buffer.area).positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
                cell.set_style(Style::reset());
            }
        }
    }

    /// A rule over the row with a title at its left; returns the columns taken by the title.
    pub fn head(&mut self, area: Rect, title: &str) -> u16 {
        let glyph = self.glyphs().rule;
        self.fill(area.x, area.y, area.width, glyph, Ink::Rule);
        1 + self.on_rule(area.x + 1, area.y, area.width.saturating_sub(2), title, Ink::Title)
    }

    /// The same for a panel among several, with a sign where the keys are its own.
    pub fn panel(&mut self, area: Rect, title: &str, focused: bool) -> u16 {
        if !focused {
            return self.head(area, title);
        }
        let sign = self.glyphs().selected;
        self.head(area, &format!("{sign} {title}"))
    }

    /// A text on a rule, with a space at each side; returns the columns taken.
    pub fn on_rule(&mut self, x: u16, y: u16, columns: u16, text: &str, ink: Ink) -> u16 {
        if text.is_empty() || columns < 3 {
            return 0;
        }
        let taken = self.left(x + 1, y, columns - 2, text, ink);
        self.fill(x, y, 1, " ", Ink::Text);
        self.fill(x + 1 + taken, y, 1, " ", Ink::Text);
        taken + 2
    }

    /// A text on a rule that ends where its column ends.
    pub fn on_rule_right(&mut self, x: u16, y: u16, columns: u16, text: &str, ink: Ink) {
        if text.is_empty() || columns < 2 {
            return;
        }
        let width = text.width().min(usize::from(columns) - 1) as u16;
        let start = x + columns - width;
        self.fill(start - 1, y, 1, " ", Ink::Text);
        self.left(start, y, width, text, ink);
        self.fill(start + width, y, 1, " ", Ink::Text);
    }

    /// A head on a rule that ends where its column ends, with a sign before it where there is room for both.
    pub fn on_rule_sign(&mut self, x: u16, y: u16, columns: u16, (sign, ink): (&str, Ink), head: &str) {
        self.on_rule_right(x, y, columns, head, Ink::Muted);
        let width = head.width() as u16;
        if !sign.is_empty() && columns >= width + 4 {
            self.fill(x + columns - width - 3, y, 1, " ", Ink::Text);
            self.left(x + columns - width - 2, y, 1, sign, ink);
        }
    }

    /// A bar of segments; what is not nothing takes at least a cell, and nothing goes beyond the end.
    pub fn bar(&mut self, x: u16, y: u16, columns: u16, segments: &[Segment]) {
        let (mut drawn, mut sum) = (0, 0.0);
        for segment in segments {
            if segment.share <= 0.0 || !segment.share.is_finite() {
                continue;
            }
            sum += segment.share;
            let end = ((sum * f64::from(columns)).round() as u16).max(drawn + 1).min(columns);
            self.fill(x + drawn, y, end.saturating_sub(drawn), segment.glyph, segment.ink);
            drawn = end.max(drawn);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Cell;

    use super::*;
    use crate::bench::clean::{Lines, clean};

    fn row(draw: impl FnOnce(&mut Pen<'_>)) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        draw(&mut Pen::new(&mut buffer, Theme { ascii: true, ..Theme::DARK }));
        buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect()
    }

    fn segment(share: f64, glyph: &'static str) -> Segment {
        Segment { share, glyph, ink: Ink::Text }
    }

    #[test]
    fn texts_stay_within_their_columns() {
        assert_eq!(row(|pen| _ = pen.left(2, 0, 6, "abcdefghi", Ink::Text)), "  abc...    ");
        assert_eq!(row(|pen| pen.right(2, 0, 6, "abc", Ink::Text)), "     abc    ");
        assert_eq!(row(|pen| _ = pen.left(50, 7, 6, "abc", Ink::Text)), " ".repeat(12));
    }

    proptest! {
        #[test]
        fn any_text_keeps_to_its_columns_and_leaves_the_others_alone(
            text in "[a-z ]{0,3}[\\u{300}-\\u{36f}\\u{200d}\\u{fe0f}]{0,3}[日本語가👩‍💻é\\u{5d0}-\\u{5ea}]{0,6}\\PC{0,8}",
            x in 0..12_u16,
            columns in 0..14_u16,
            right in any::<bool>(),
        ) {
            let text = clean(&text, Lines::Join).into_owned();
            let mut buffer = Buffer::filled(Rect::new(0, 0, 12, 1), Cell::new("."));
            let mut pen = Pen::new(&mut buffer, Theme::DARK);
            let columns = columns.min(12 - x);
            if right {
                pen.right(x, 0, columns, &text, Ink::Text);
            } else {
                prop_assert!(pen.left(x, 0, columns, &text, Ink::Text) <= columns);
            }
            for at in (0..x).chain(x + columns..12) {
                prop_assert_eq!(buffer[(at, 0)].symbol(), ".", "{:?} at {}", &text, at);
            }
            for at in x..x + columns {
                let wide = buffer[(at, 0)].symbol().width() as u16;
                prop_assert!(at + wide.max(1) <= x + columns, "{:?} sticks out", buffer[(at, 0)].symbol());
            }
        }
    }

    #[test]
    fn small_shares_are_seen_and_large_ones_end() {
        let bar = |a, b| row(|pen| pen.bar(1, 0, 10, &[segment(a, "a"), segment(b, "b")]));
        assert_eq!(bar(0.5, 0.2), " aaaaabb    ");
        assert_eq!(bar(0.5, 0.001), " aaaaab     ");
        assert_eq!(bar(0.9, 5.0), " aaaaaaaaab ");
        assert_eq!(bar(3.0, 5.0), " aaaaaaaaaa ");
        assert_eq!(bar(0.0, f64::NAN), " ".repeat(12));
    }
}
