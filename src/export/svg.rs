//! SVG: each chart of each model as a file, light and dark.

use crate::bench::report::Report;
use crate::bench::tally::Tally;
use crate::export::charts::CHARTS;
use crate::export::files::slug;
use crate::export::palette::{DARK, LIGHT};
use crate::export::{Rendered, dashboard};
use crate::tui::model::Model;
use crate::tui::theme::Theme;

/// `screen.svg`, and for each chart `<chart>.svg` and `<chart>-dark.svg`; with several models `<model>-<chart>.svg` and `<model>-<chart>-dark.svg`.
pub(crate) fn render(tally: &Tally) -> Vec<Rendered> {
    let report = Report::of(tally);
    let prefixes = prefixes(&report);
    let mut files = Vec::new();
    for (model, prefix) in report.models.iter().zip(&prefixes) {
        for chart in CHARTS {
            for palette in [&LIGHT, &DARK] {
                let theme = if palette.dark { "-dark" } else { "" };
                files.push(Rendered {
                    name: format!("{prefix}{}{theme}.svg", chart.name),
                    contents: (chart.draw)(chart, &report.run, model, palette),
                });
            }
        }
    }
    files.extend(dashboard::pictures(&Model::over(tally.clone(), Theme::DARK)));
    files
}

/// What stands before the charts' names: nothing for one model, else its slug, made different where two are the same.
fn prefixes(report: &Report) -> Vec<String> {
    if report.models.len() == 1 {
        return vec![String::new()];
    }
    let mut taken: Vec<String> = Vec::new();
    for model in &report.models {
        let slug = slug(&model.model);
        let numbered = (2..).map(|n| format!("{slug}-{n}-"));
        let free = std::iter::once(format!("{slug}-")).chain(numbered).find(|prefix| !taken.contains(prefix));
        taken.extend(free);
    }
    taken
}
