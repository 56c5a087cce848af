//! Histogram: counts as a few lines of bars, for a sheet.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::bar;
use ratatui::widgets::{Sparkline, Widget};

use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::sheet::Line;

/// Bars of so many columns.
pub const BARS: u16 = 32;
/// Rows of a histogram.
pub const ROWS: u16 = 3;

const ASCII: bar::Set<'static> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "#",
    five_eighths: "=",
    half: "=",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: ".",
    empty: " ",
};

/// The counts as lines of one piece each.
pub fn lines(counts: &[u64], ink: Ink, theme: Theme) -> Vec<Line> {
    let area = Rect::new(0, 0, counts.len() as u16, ROWS);
    let mut buffer = Buffer::empty(area);
    let set = if theme.ascii { ASCII } else { bar::NINE_LEVELS };
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    // What is not nothing is seen: at least an eighth of a row.
    let least = most.div_ceil(u64::from(ROWS) * 8);
    let data: Vec<u64> = counts.iter().map(|count| if *count > 0 { (*count).max(least) } else { 0 }).collect();
    Sparkline::default().data(&data).max(most).bar_set(set).render(area, &mut buffer);
    let row = |y: u16| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..ROWS).map(|y| vec![(row(y), area.width, ink)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_seen_and_the_largest_fills_its_rows() {
        let text = |theme| {
            let lines = lines(&[0, 1, 500, 1_000], Ink::Output, theme);
            lines.iter().map(|line| line[0].0.clone()).collect::<Vec<_>>()
        };
        assert_eq!(text(Theme::DARK), ["   █", "  ▄█", " ▁██"]);
        assert_eq!(text(Theme { ascii: true, ..Theme::DARK }), ["   #", "  =#", " .##"]);
        assert!(lines(&[], Ink::Output, Theme::DARK).iter().all(|line| line[0].0.is_empty()));
    }
}
