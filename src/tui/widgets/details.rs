//! Details: labelled texts about the selected variant, the most important first where there is little room.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::tui::format::{paragraph, wrap};
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// One labelled text.
#[derive(Debug, Clone)]
pub struct Detail<'a> {
    /// What it is.
    pub label: &'static str,
    /// The text, cleaned, its line breaks kept.
    pub text: Cow<'a, str>,
    /// What its label is written in.
    pub ink: Ink,
    /// The lower, the longer it stays.
    pub rank: u8,
}

/// The texts under a head with the variant's name.
#[derive(Debug)]
pub struct Details<'a> {
    /// The variant's name, cleaned.
    pub title: &'a str,
    /// The texts, in the order of the screen.
    pub details: &'a [Detail<'a>],
    /// What ink and glyphs look like.
    pub theme: Theme,
}

const LABEL: u16 = 11;

/// How many lines each text gets of `rows`: one each by rank, then the rest to those that want more, by rank.
fn allot(wants: &[(u8, usize)], rows: usize) -> Vec<usize> {
    let mut given = vec![0; wants.len()];
    let mut left = rows;
    let mut order: Vec<usize> = (0..wants.len()).collect();
    order.sort_by_key(|index| wants[*index].0);
    let mut most = 1;
    while left > 0 && order.iter().any(|index| given[*index] < wants[*index].1) {
        for index in &order {
            let more = wants[*index].1.min(most).saturating_sub(given[*index]).min(left);
            given[*index] += more;
            left -= more;
        }
        most += 1;
    }
    given
}

impl Widget for Details<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        pen.head(area, self.title);
        let rows = usize::from(area.height.saturating_sub(1));
        let columns = area.width.saturating_sub(LABEL + 1);
        let lines = |detail: &Detail<'_>| wrap(&detail.text, columns.into(), rows).0.len();
        let wants: Vec<(u8, usize)> = self.details.iter().map(|detail| (detail.rank, lines(detail))).collect();
        let ellipsis = pen.glyphs().ellipsis;
        let mut y = area.y + 1;
        for (detail, given) in self.details.iter().zip(allot(&wants, rows)) {
            if given == 0 {
                continue;
            }
            pen.left(area.x + 1, y, LABEL - 1, detail.label, detail.ink);
            for line in paragraph(&detail.text, columns.into(), given, ellipsis) {
                pen.left(area.x + LABEL, y, columns, &line, Ink::Text);
                y += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::allot;

    #[test]
    fn everyone_gets_a_line_before_anyone_gets_two() {
        assert_eq!(allot(&[(1, 3), (0, 1), (2, 9)], 2), [1, 1, 0]);
        assert_eq!(allot(&[(1, 3), (0, 1), (2, 9)], 3), [1, 1, 1]);
        assert_eq!(allot(&[(1, 3), (0, 1), (2, 9)], 6), [3, 1, 2]);
        assert_eq!(allot(&[(1, 3), (0, 1), (2, 9)], 40), [3, 1, 9]);
        assert_eq!(allot(&[], 4), Vec::<usize>::new());
    }
}
