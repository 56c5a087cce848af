//! Variant: all about the selected one — how it stands, what it takes, whom it fails, what is sent.

mod checks;
mod measures;
mod prompt;

use std::time::Duration;

use crate::bench::clean::{Lines, clean};
use crate::bench::figures::Figures;
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::views::Content;
use crate::tui::widgets::sheet::beside;

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
    let mut spread = measures::distributions(model, &figures, left);
    spread.extend(measures::prices(&figures, left));
    spread.extend(measures::faults(&figures, left));
    let checked = checks::lines(model, &figures, right);
    let sent = prompt::lines(model, right);
    let lines = if wide {
        measured.extend(spread);
        beside(measured, left + GAP, checked.into_iter().chain(sent).collect())
    } else {
        measured.push(Vec::new());
        measured.into_iter().chain(checked).chain(spread).chain(sent).collect()
    };
    let count = model.shown().count();
    let aside = if count > 1 { format!("{} of {count}", model.position() + 1) } else { String::new() };
    Content { title: clean(figures.name(), Lines::Join), aside: aside.into(), lines }
}
