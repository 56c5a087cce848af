//! Trials: every trial.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::widgets::pen::Pen;

/// Draws the trials.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, model.theme);
    pen.head(area, "Trials");
    for (sample, y) in model.tally.recent.iter().rev().zip(area.y + 1..area.bottom()) {
        pen.left(area.x + 1, y, area.width.saturating_sub(2), &sample.trial.id.to_string(), Ink::Text);
    }
}
