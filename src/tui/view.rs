//! View: the views of the dashboard, one key each, and the panels of each, between which tab goes.

use crate::tui::keymap::Action;

/// What fills the screen between head and footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The answer at a glance.
    #[default]
    Dashboard,
    /// All about the selected variant.
    Variant,
    /// Every trial.
    Trials,
    /// The quota of the shown model, and what is taken of it.
    Quota,
    /// Who wins, how sure that is, and who is out.
    Verdict,
    /// What happened.
    Log,
}

/// A part of a view that keys can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The list of variants.
    Variants,
    /// All about the selected variant.
    About,
    /// The trials.
    Trials,
    /// The quota in words.
    Limits,
    /// The ranking and what follows from it.
    Ranking,
    /// The Pareto front.
    Front,
    /// What happened.
    Log,
}

/// One row of [`VIEWS`].
#[derive(Debug)]
pub struct ViewRow {
    /// The view.
    pub view: View,
    /// Its name on the screen.
    pub name: &'static str,
    /// What its key means.
    pub action: Action,
    /// Its panels, the one that the keys are about at first.
    pub panels: &'static [Panel],
}

/// Every view, in the order of the screen.
pub const VIEWS: &[ViewRow] = &[
    ViewRow {
        view: View::Dashboard,
        name: "Dashboard",
        action: Action::Dashboard,
        panels: &[Panel::Variants, Panel::About, Panel::Ranking, Panel::Log],
    },
    ViewRow { view: View::Variant, name: "Variant", action: Action::Variant, panels: &[Panel::About] },
    ViewRow { view: View::Trials, name: "Trials", action: Action::Trials, panels: &[Panel::Trials] },
    ViewRow { view: View::Quota, name: "Quota", action: Action::Quota, panels: &[Panel::Limits] },
    ViewRow { view: View::Verdict, name: "Verdict", action: Action::Verdict, panels: &[Panel::Ranking, Panel::Front] },
    ViewRow { view: View::Log, name: "Log", action: Action::Log, panels: &[Panel::Log] },
];

impl View {
    /// Its row.
    pub fn row(self) -> &'static ViewRow {
        VIEWS.iter().find(|row| row.view == self).unwrap_or(&VIEWS[0])
    }

    /// Where it stands in the order of the screen.
    pub fn index(self) -> usize {
        VIEWS.iter().position(|row| row.view == self).unwrap_or(0)
    }

    /// The view that a key brings; `None` where it means something else.
    pub fn of(action: Action) -> Option<Self> {
        VIEWS.iter().find(|row| row.action == action).map(|row| row.view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_one_row_and_a_panel() {
        for (index, row) in VIEWS.iter().enumerate() {
            assert_eq!((row.view.index(), View::of(row.action)), (index, Some(row.view)));
            assert!(!row.panels.is_empty());
        }
    }
}
