//! Variant: all about the selected one — how it stands, what it takes, whom it fails, what is sent.

mod checks;
mod measures;
mod prompt;

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::bench::clean::{Lines, clean};
use crate::bench::figures::Figures;
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::views::Content;
use crate::tui::widgets::sheet::Line;

/// From so many columns on, what was measured stands beside what was sent and answered.
const WIDE: u16 = 100;
/// Columns between the two.
const GAP: u16 = 3;
/// Columns of a label.
const LABEL: u16 = 10;

/// The sheet of the selected variant.
pub(super) fn content<'a>(model: &'a Model, judged: &Judged, _: Duration, columns: u16) -> Content<'a> {
    let known = model.tally.models.get(model.model).is_some_and(|of| of.variants.len() > model.cursor);
    if !known {
        return Content { title: "Variant".into(), aside: "".into(), lines: Vec::new() };
    }
    let figures = Figures::new(&model.tally, model.model, model.cursor);
    let wide = columns >= WIDE;
    let left = if wide { (columns - GAP) / 2 } else { columns };
    let right = if wide { columns - GAP - left } else { columns };
    let mut measured = measures::standing(model, judged, &figures, left);
    measured.extend(measures::distributions(model, &figures, left));
    measured.extend(measures::prices(&figures, left));
    measured.extend(measures::faults(&figures, left));
    let mut said = checks::lines(model, &figures, right);
    said.extend(prompt::lines(model, right));
    let lines = if wide {
        beside(measured, said, left)
    } else {
        measured.push(Vec::new());
        measured.into_iter().chain(said).collect()
    };
    let count = model.shown().count();
    let aside = if count > 1 { format!("{} of {count}", model.position() + 1) } else { String::new() };
    Content { title: clean(figures.name(), Lines::Join), aside: aside.into(), lines }
}

/// Two columns of lines as one; the left one is so many columns wide.
fn beside(left: Vec<Line>, right: Vec<Line>, columns: u16) -> Vec<Line> {
    let rows = left.len().max(right.len());
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    let row = |_| {
        let mut line = left.next().unwrap_or_default();
        let mut used = 0;
        for (text, width, _) in &mut line {
            let wide = if *width == 0 { text.width() as u16 } else { *width };
            // What is too long is cut there, and pushes nothing aside.
            *width = wide.min(columns - used);
            used += *width;
        }
        line.retain(|(_, width, _)| *width > 0);
        line.push((" ".into(), columns + GAP - used, Ink::Text));
        line.extend(right.next().unwrap_or_default());
        line
    };
    (0..rows).map(row).collect()
}
