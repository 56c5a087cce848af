//! Variant: all about the selected one.

use std::time::Duration;

use crate::bench::clean::{Lines, clean};
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::props;
use crate::tui::views::Content;
use crate::tui::widgets::sheet::labelled;

/// Columns of a label.
const LABEL: u16 = 10;
/// Characters of a text at most.
const LONGEST: usize = 100_000;

/// The sheet of the selected variant.
pub(super) fn content<'a>(model: &'a Model, judged: &Judged, _: Duration, columns: u16) -> Content<'a> {
    let name = model.tally.plan.variants.get(model.cursor).map_or("", |variant| variant.name.as_str());
    let details = props::details(model, judged, LONGEST);
    let lines =
        details.iter().flat_map(|detail| labelled(detail.label, LABEL, detail.ink, &detail.text, columns)).collect();
    let count = model.shown().count();
    let aside = if count > 1 { format!("{} of {count}", model.position() + 1) } else { String::new() };
    Content { title: clean(name, Lines::Join), aside: aside.into(), lines }
}
