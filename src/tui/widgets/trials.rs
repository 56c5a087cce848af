//! Trials: a stretch of the table of trials, with as many columns as there is room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::bench::plan::Plan;
use crate::bench::trials::{COLUMNS, Column, Ending, Query, Says, TrialRow, Unit};
use crate::tui::format::{clock, count, usd};
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::Pen;

/// Selected, and warm-up.
const SIGNS: u16 = 2;
/// The sign of a trial that is not counted.
const WARMUP: &str = "w";

/// The rows that are seen, under a head that names their columns.
#[derive(Debug)]
pub struct TrialTable<'a> {
    /// The rows.
    pub rows: &'a [TrialRow],
    /// Which of them is selected.
    pub selected: Option<usize>,
    /// The plan that their indices point into.
    pub plan: &'a Plan,
    /// What they are sorted by.
    pub query: &'a Query,
    /// Whether tokens of any trial are an estimate.
    pub estimated: bool,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// How a trial's ending is inked.
pub fn ink_of(ending: Ending) -> Ink {
    match ending {
        Ending::Accepted => Ink::Good,
        Ending::Rejected | Ending::CutOff => Ink::Warning,
        Ending::Failed => Ink::Error,
        Ending::Unfinished => Ink::Muted,
    }
}

/// Columns that the longest of the texts takes with the space before it, at most so many.
fn longest<'a>(texts: impl Iterator<Item = &'a str>, most: u16) -> u16 {
    // Bytes are no fewer than columns, and counted at once.
    texts.map(str::len).max().unwrap_or(0).saturating_add(1).min(most.into()) as u16
}

impl TrialTable<'_> {
    /// The columns that there is room for, each with its width.
    fn columns(&self, width: u16) -> Vec<(&'static Column, u16)> {
        let plan = self.plan;
        let most = match width {
            0..60 => 12,
            60..100 => 17,
            100..150 => 25,
            _ => 41,
        };
        // What a text would like to have beyond its least.
        let wants = |column: &Column| match column.name {
            "variant" => longest(plan.variants.iter().map(|of| of.name.as_str()), most),
            "model" => longest(plan.models.iter().map(|of| of.id.as_str()), most),
            "case" => longest(plan.cases.iter().map(|of| of.id.as_str()), most.min(25)),
            _ => column.width,
        };
        let says_something = |column: &Column| match column.name {
            "model" => plan.models.len() > 1,
            "case" => plan.cases.len() > 1,
            "est" => self.estimated,
            _ => true,
        };
        let sorted = COLUMNS.get(self.query.sort).map(|column| column.name);
        let rank = |column: &Column| if Some(column.name) == sorted { 0 } else { column.rank };
        let mut columns: Vec<(&Column, u16)> = COLUMNS
            .iter()
            .filter(|column| says_something(column) || rank(column) == 0)
            .map(|column| match column.name {
                "variant" => (column, wants(column).max(9)),
                "why" if width >= 100 => (column, 2 * column.width),
                _ => (column, column.width),
            })
            .collect();
        let room = width.saturating_sub(SIGNS + 1);
        let needed = |columns: &[(&Column, u16)]| columns.iter().map(|(_, width)| *width).sum::<u16>();
        while needed(&columns) > room
            && let Some(last) = columns.iter().map(|(column, _)| rank(column)).max().filter(|rank| *rank > 0)
        {
            columns.retain(|(column, _)| rank(column) < last);
        }
        let mut left = room.saturating_sub(needed(&columns));
        for (column, width) in &mut columns {
            let more = wants(column).saturating_sub(*width).min(left);
            (*width, left) = (*width + more, left - more);
        }
        // What is left lets a reason be read.
        if let Some((_, width)) = columns.iter_mut().find(|(column, _)| column.name == "why") {
            *width += left;
        }
        columns
    }

    fn head(&self, area: Rect, columns: &[(&Column, u16)], pen: &mut Pen<'_>) {
        let signs = pen.glyphs().more;
        let sign = if self.query.descending { signs[1] } else { signs[0] };
        let sorted = COLUMNS.get(self.query.sort).map(|column| column.name);
        let mut x = area.x + SIGNS;
        for (column, width) in columns {
            let is_sorted = Some(column.name) == sorted;
            let ink = if is_sorted { Ink::Strong } else { Ink::Muted };
            match column.says {
                Says::Number(_) => {
                    pen.right(x, area.y, *width, column.head, ink);
                    let before = x + width.saturating_sub(column.head.len() as u16 + 1);
                    if is_sorted && before > x {
                        pen.left(before, area.y, 1, sign, Ink::Key);
                    }
                }
                Says::Text(_) => {
                    let taken = pen.left(x + 1, area.y, width - 1, column.head, ink);
                    if is_sorted {
                        pen.left(x + 1 + taken, area.y, 1, sign, Ink::Key);
                    }
                }
            }
            x += width;
        }
    }

    fn row(&self, row: &TrialRow, selected: bool, area: Rect, columns: &[(&Column, u16)], pen: &mut Pen<'_>) {
        if selected {
            pen.under(area, Ink::Selected);
            let sign = pen.glyphs().selected;
            pen.left(area.x, area.y, 1, sign, Ink::Key);
        }
        let counted = !row.trial.warmup;
        if !counted {
            pen.left(area.x + 1, area.y, 1, WARMUP, Ink::Muted);
        }
        let plain = if counted { Ink::Text } else { Ink::Muted };
        let mut x = area.x + SIGNS;
        for (column, width) in columns {
            match column.says {
                Says::Text(text) => {
                    let text = clean(text(row, self.plan), Lines::Join);
                    let ink = match column.name {
                        "outcome" => ink_of(row.ending),
                        "variant" if selected => Ink::Strong,
                        "est" => Ink::Warning,
                        "why" | "stop" => Ink::Muted,
                        _ => plain,
                    };
                    pen.left(x + 1, area.y, width - 1, &text, ink);
                }
                Says::Number(unit) => {
                    if let Some(value) = column.key.and_then(|key| key(row)) {
                        let text = match unit {
                            Unit::Id => row.trial.number(),
                            Unit::Count | Unit::Milliseconds => count(value),
                            Unit::Usd => usd(value),
                            Unit::Moment => clock(row.at),
                        };
                        pen.right(x + 1, area.y, width - 1, &text, plain);
                    }
                }
            }
            x += width;
        }
    }
}

impl Widget for TrialTable<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let columns = self.columns(area.width);
        self.head(area, &columns, &mut pen);
        for (index, (row, y)) in self.rows.iter().zip(area.y + 1..area.bottom()).enumerate() {
            let area = Rect { y, height: 1, ..area };
            self.row(row, self.selected == Some(index), area, &columns, &mut pen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::{Case, Variant};

    fn heads(width: u16, sort: &str, change: impl FnOnce(&mut Plan)) -> Vec<(&'static str, u16)> {
        let variant = |name: &str| Variant { name: name.into(), ..Variant::default() };
        let mut plan = Plan { variants: vec![variant("detailed"), variant("structured")], ..Plan::default() };
        change(&mut plan);
        let sort = COLUMNS.iter().position(|column| column.name == sort).expect("a column");
        let query = Query { sort, ..Query::default() };
        let table =
            TrialTable { rows: &[], selected: None, plan: &plan, query: &query, estimated: false, theme: Theme::DARK };
        table.columns(width).into_iter().map(|(column, width)| (column.name, width)).collect()
    }

    #[test]
    fn columns_give_way_by_rank_and_the_reason_takes_what_is_left() {
        let names = |width| heads(width, "trial", |_| {}).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(80), ["trial", "ended", "variant", "outcome", "out", "e2e", "why"]);
        assert_eq!(names(56), ["trial", "variant", "outcome", "out", "e2e"]);
        assert_eq!(names(40), ["trial", "variant", "outcome"]);
        assert!(names(200).contains(&"cost") && names(200).len() == 15);
        for width in 40..=240 {
            let heads = heads(width, "cost", |_| {});
            assert!(heads.iter().map(|(_, width)| *width).sum::<u16>() < width);
            assert!(heads.iter().any(|(name, _)| *name == "cost"), "what is sorted by is seen: {width}");
        }
        assert!(heads(120, "trial", |_| {}).iter().any(|(name, width)| *name == "why" && *width > 20));
    }

    #[test]
    fn models_and_cases_have_columns_where_there_are_several() {
        let several = |plan: &mut Plan| {
            plan.cases = ["a", "a case of some length"].map(|id| Case { id: id.into(), ..Case::default() }).into();
        };
        let case = |width| heads(width, "trial", several).into_iter().find(|(name, _)| *name == "case");
        assert_eq!(case(200), Some(("case", 22)));
        assert_eq!(case(80), None);
        assert!(!heads(200, "trial", |_| {}).iter().any(|(name, _)| *name == "case" || *name == "model"));
    }
}
