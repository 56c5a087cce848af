//! Room: other scopes of the shown model, and the models with the most room for the selected variant's requests.

use unicode_width::UnicodeWidthStr;

use crate::bench::capacity::{Demand, capacity};
use crate::bench::clean::{Lines, clean};
use crate::bench::figures::Figures;
use crate::bench::quota::{Limit, LimitSource, Quota};
use crate::tui::format::{count, rate};
use crate::tui::model::Model;
use crate::tui::picker::{Listed, ModelRow};
use crate::tui::theme::Ink;
use crate::tui::widgets::sheet::{Line, prose};

/// Other models that are listed.
const OTHERS: usize = 5;
/// Columns of a scope, a limit and a rate.
const SCOPE: u16 = 13;
const NUMBER: u16 = 12;

/// The list, or that it is being read.
pub(super) fn lines(model: &Model, columns: u16) -> Vec<Line> {
    match &model.listed {
        Listed::Unread | Listed::Failed(_) => Vec::new(),
        Listed::Reading => prose("reading which models may be called, and their quotas", columns, Ink::Muted),
        Listed::Read(list) => table(model, &list.rows, columns),
    }
}

/// One row: the model, and requests a minute that fit as far as that can be told.
type Fits<'a> = (&'a ModelRow, Option<f64>);

fn table(model: &Model, rows: &[ModelRow], columns: u16) -> Vec<Line> {
    let Some(planned) = model.tally.plan.models.get(model.model) else { return Vec::new() };
    let demand = demand(model);
    let of = |row| (row, fits(row, demand));
    let best_first = |a: &Fits<'_>, b: &Fits<'_>| b.1.unwrap_or(0.0).total_cmp(&a.1.unwrap_or(0.0));
    let (same, other): (Vec<&ModelRow>, Vec<&ModelRow>) = rows
        .iter()
        .filter(|row| row.id != planned.id.as_str() && (row.rpm.is_some() || row.tpm.is_some()))
        .partition(|row| row.base == planned.id.base());
    let mut same: Vec<Fits<'_>> = same.into_iter().map(of).collect();
    let mut other: Vec<Fits<'_>> = other.into_iter().map(of).collect();
    same.sort_by(best_first);
    other.sort_by(best_first);
    other.truncate(OTHERS);
    if same.is_empty() && other.is_empty() {
        return Vec::new();
    }
    let longest = same.iter().chain(&other).map(|(row, _)| row.id.width()).max().unwrap_or(0) as u16 + 2;
    let id = longest.min(columns.saturating_sub(SCOPE + 3 * NUMBER)).max(16);
    let right = |text: &str| format!("{text:>width$}", width = usize::from(NUMBER));
    let head = |text: &str| (right(text), NUMBER, Ink::Muted);
    let fit = if demand.is_some() { "fit/min est" } else { "" };
    let mut lines = vec![vec![
        ("id".to_owned(), id, Ink::Muted),
        ("scope".to_owned(), SCOPE, Ink::Muted),
        head("RPM"),
        head("TPM"),
        head(fit),
    ]];
    let number = |limit: &Option<(f64, LimitSource)>| limit.as_ref().map_or("none".into(), |(value, _)| count(*value));
    let line = |(row, fits): &Fits<'_>, ink: Ink| {
        vec![
            (clean(&row.id, Lines::Join).into_owned(), id, ink),
            (row.scope.to_owned(), SCOPE, Ink::Muted),
            (right(&number(&row.rpm)), NUMBER, Ink::Text),
            (right(&number(&row.tpm)), NUMBER, Ink::Text),
            (right(&fits.map_or_else(String::new, rate)), NUMBER, Ink::Strong),
        ]
    };
    lines.extend(same.iter().map(|row| line(row, Ink::Strong)));
    lines.extend(other.iter().map(|row| line(row, Ink::Text)));
    if demand.is_some() {
        let text =
            "est: as if they took as many tokens and as long as the selected variant does here, which they do not";
        lines.extend(prose(text, columns, Ink::Muted));
    }
    lines
}

/// What the selected variant's requests take here.
fn demand(model: &Model) -> Option<Demand> {
    let of = model.tally.models.get(model.model).filter(|of| of.variants.len() > model.cursor)?;
    (of.variants[model.cursor].ok > 0)
        .then(|| Figures::new(&model.tally, model.model, model.cursor).means())?
        .map(|means| means.demand())
}

/// Requests a minute that would fit into a row's quota.
fn fits(row: &ModelRow, demand: Option<Demand>) -> Option<f64> {
    let limit = |of: &Option<(f64, LimitSource)>| of.map(|(value, source)| Limit::unlisted(value, source));
    let quota = Quota { rpm: limit(&row.rpm), tpm: limit(&row.tpm), tpd: None };
    Some(capacity(&quota, demand?, std::time::Duration::from_hours(24))?.rpm)
}
