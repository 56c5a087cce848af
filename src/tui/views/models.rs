//! Models: the list of what may be called, over whatever view is shown.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::bench::quota::LimitSource;
use crate::tui::format::{count, plural};
use crate::tui::keymap::Action;
use crate::tui::model::Model;
use crate::tui::picker::{Listed, ModelRow, Picker};
use crate::tui::theme::Ink;
use crate::tui::widgets::overlay;
use crate::tui::widgets::picker::{self, PickerBox};

/// Draws the list over an area.
pub fn draw(model: &Model, picker: &Picker, area: Rect, buffer: &mut Buffer) {
    let title = format!("Models in {}", clean(&model.plan.region, Lines::Join));
    let typed = clean(&picker.filter, Lines::Join);
    let (heading, ink) = heading(model);
    PickerBox {
        title: &title,
        heading: (&heading, ink),
        typed: picker.typing.then_some(&*typed),
        counted: &counted(model, picker),
        rows: model.listed.rows(),
        found: &picker.found,
        selected: picker.cursor,
        marked: &picker.marked,
        by_hand: picker.by_hand(&model.listed),
        about: &about(model, picker),
        theme: model.theme,
    }
    .render(place(area), buffer);
}

/// Where the list lies: as high as it can, so that it stays where it is while a filter is typed.
fn place(area: Rect) -> Rect {
    overlay::place(area, picker::WIDEST, usize::MAX)
}

/// Rows of the list that are shown in such an area.
pub fn rows(area: Rect) -> usize {
    picker::visible(place(area))
}

/// What the picker says above its list where nothing is typed.
fn heading(model: &Model) -> (Cow<'static, str>, Ink) {
    match &model.listed {
        _ if model.taking => ("detecting the quota of what was chosen".into(), Ink::Warning),
        Listed::Unread | Listed::Reading => {
            ("reading which models may be called, and their quotas".into(), Ink::Warning)
        }
        Listed::Failed(_) => {
            let hint = model.hints("; ", &[(Action::Filter, "takes an id all the same")]);
            (format!("the list cannot be read{hint}").into(), Ink::Warning)
        }
        Listed::Read(_) => {
            let hint = model.hints("; ", &[(Action::Filter, "filters"), (Action::Mark, "marks several")]);
            (format!("what may be called here{hint}").into(), Ink::Muted)
        }
    }
}

/// How many rows of the list are shown and marked.
fn counted(model: &Model, picker: &Picker) -> String {
    let (all, found) = (model.listed.rows().len(), picker.found.len());
    let counted = match &model.listed {
        Listed::Unread | Listed::Reading => "reading".into(),
        Listed::Failed(_) => "no list".into(),
        Listed::Read(_) if picker.filter.is_empty() => plural(all as u64, "id"),
        Listed::Read(_) => format!("{found} of {all}"),
    };
    match picker.marked.len() {
        0 => counted,
        marked => format!("{marked} marked, {counted}"),
    }
}

/// What the picker says below its list, the most important first.
fn about<'a>(model: &'a Model, picker: &'a Picker) -> Vec<(Cow<'a, str>, Ink)> {
    let mut about = Vec::new();
    if let Some(why) = &picker.trouble {
        about.push((clean(why, Lines::Join), Ink::Error));
    }
    match &model.listed {
        // A choice that fails for the same reason would say the same twice.
        Listed::Failed(why) if picker.trouble.as_ref() != Some(why) => {
            about.push((clean(why, Lines::Join), Ink::Error));
        }
        Listed::Read(list) => {
            if let Some(row) = picker.selected(&model.listed) {
                let planned = model.plan.models.iter().any(|of| of.id.as_str() == row.id);
                about.push((about_row(row, planned).into(), Ink::Text));
                about.extend(row.advice.iter().map(|advice| (clean(advice, Lines::Join), Ink::Warning)));
            }
            about.extend(list.notes.iter().map(|note| (clean(note, Lines::Join), Ink::Muted)));
        }
        Listed::Unread | Listed::Reading | Listed::Failed(_) => {}
    }
    about
}

fn about_row(row: &ModelRow, planned: bool) -> String {
    let limit = |name: &str, limit: &Option<(f64, LimitSource)>| {
        limit.as_ref().map(|(value, source)| format!("{name} {} {source}", count(*value)))
    };
    let mut parts: Vec<String> = planned.then(|| "in the plan".to_owned()).into_iter().collect();
    parts.push(row.scope.to_owned());
    parts.extend(row.state.as_ref().map(|state| clean(state, Lines::Join).into_owned()));
    parts.extend(row.ends.as_ref().map(|day| format!("ends {}", clean(day, Lines::Join))));
    parts.extend((row.streams == Some(false)).then(|| "does not stream".to_owned()));
    parts.extend(limit("RPM", &row.rpm));
    parts.extend(limit("TPM", &row.tpm));
    parts.push(match row.price {
        Some((input, output)) => format!("${input} in and ${output} out per million tokens"),
        None => "price unknown".into(),
    });
    format!("{}: {}", clean(&row.id, Lines::Join), parts.join(", "))
}
