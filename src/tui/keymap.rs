//! KEYMAP: what each key does and when; footer and help are made from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::bench::event::Stop;
use crate::bench::tally::Phase;
pub use crate::tui::action::Action;
use crate::tui::model::{Model, Overlay};
use crate::tui::screen::most_scroll;
use crate::tui::theme::Ground;
use crate::tui::view::{Panel, View};

/// One key, with Ctrl or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
}

/// One row of [`KEYMAP`].
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys, the one that the footer shows first.
    pub keys: &'static [Key],
    /// What they mean.
    pub action: Action,
    /// The footer's word; empty for what the footer leaves out.
    pub label: fn(&Model) -> &'static str,
    /// The help's sentence.
    pub help: &'static str,
    /// Whether it means anything now.
    pub applies: fn(&Model) -> bool,
}

const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn letter(letter: char) -> Key {
    key(KeyCode::Char(letter))
}

const SHOW: [&[Key]; 6] =
    [&[letter('1')], &[letter('2')], &[letter('3')], &[letter('4')], &[letter('5')], &[letter('6')]];

const fn show(digit: char, action: Action, help: &'static str) -> Binding {
    // A row of its own names the views and their keys, so the footer does not.
    Binding {
        keys: SHOW[digit as usize - '1' as usize],
        action,
        label: |_| "",
        help,
        applies: |model| !model.is_typing(),
    }
}

/// Every key, in the order of the help. The first row that applies wins.
pub const KEYMAP: &[Binding] = &[
    show('1', Action::Dashboard, "the dashboard: the answer at a glance"),
    show('2', Action::Variant, "the variant: prompt, distributions, checks, advice, prices"),
    show('3', Action::Trials, "every trial, one by one"),
    show('4', Action::Quota, "the quota: what is taken of it and by what, and what has room"),
    show('5', Action::Verdict, "the verdict: ranking, intervals, who is out and why, Pareto front"),
    show('6', Action::Log, "the log: what happened"),
    Binding {
        keys: &[letter('y'), key(KeyCode::Enter)],
        action: Action::Confirm,
        label: |model| if model.is_plan_shown() { "start" } else { "quit" },
        help: "yes, where the dashboard asks",
        applies: Model::can_confirm,
    },
    Binding {
        keys: &[key(KeyCode::Esc)],
        action: Action::Close,
        label: |model| match model.picker() {
            Some(picker) if !picker.filter.is_empty() => "clear",
            _ if model.overlay.is_some() => "close",
            _ if model.filter().is_some_and(|filter| !filter.text.is_empty()) => "clear",
            _ => "back",
        },
        help: "close what lies over the view, take a filter away, back to the dashboard",
        applies: |model| {
            model.overlay.is_some() || model.is_typing() || model.view != View::Dashboard || model.panel > 0
        },
    },
    Binding {
        keys: &[key(KeyCode::Enter)],
        action: Action::Set,
        label: |_| "set",
        help: "take the number that was typed",
        applies: |model| model.adjusting().is_some(),
    },
    Binding {
        keys: &[key(KeyCode::Tab)],
        action: Action::Widen,
        label: |_| "this or all",
        help: "where max_tokens is typed: for this variant alone, or for all",
        applies: Model::can_widen,
    },
    Binding {
        keys: &[key(KeyCode::Enter)],
        action: Action::Keep,
        label: |_| "keep",
        help: "keep the filter that was typed",
        applies: |model| model.is_typing() && model.overlay.is_none(),
    },
    Binding {
        keys: &[key(KeyCode::Enter)],
        action: Action::Take,
        label: |_| "use",
        help: "in the list of models: benchmark the marked ones, or the selected one",
        applies: Model::can_take,
    },
    Binding {
        keys: &[letter(' ')],
        action: Action::Mark,
        label: |model| if model.is_marked() { "unmark" } else { "mark" },
        help: "in the list of models: mark the selected one; several make a matrix",
        applies: Model::can_mark,
    },
    Binding {
        keys: &[letter('/')],
        action: Action::Filter,
        label: |_| "filter",
        help: "filter: part of an id, or another id; part of a line of the log; trials by words",
        applies: Model::can_filter,
    },
    Binding {
        keys: &[key(KeyCode::Backspace)],
        action: Action::Erase,
        label: |_| "",
        help: "take the last letter of the filter away",
        applies: Model::is_typing,
    },
    Binding {
        keys: &[key(KeyCode::Right), letter('l')],
        action: Action::After,
        label: |model| match model.view {
            View::Quota => "next model",
            View::Trials => "next trial",
            _ => "next variant",
        },
        help: "where one variant, model or trial is shown alone: the next",
        applies: Model::can_turn,
    },
    Binding {
        keys: &[key(KeyCode::Left), letter('h')],
        action: Action::Before,
        label: |_| "",
        help: "the one before",
        applies: Model::can_turn,
    },
    Binding {
        keys: &[key(KeyCode::Enter)],
        action: Action::Open,
        label: |_| "show",
        help: "the selected trial alone: request, answer, timings, attempts, faults",
        applies: Model::can_open,
    },
    Binding {
        keys: &[letter('>')],
        action: Action::SortAfter,
        label: |_| "sort",
        help: "sort the trials by the column after",
        applies: |model| model.is_in_trials() && !model.is_typing(),
    },
    Binding {
        keys: &[letter('<')],
        action: Action::SortBefore,
        label: |_| "",
        help: "by the column before",
        applies: |model| model.is_in_trials() && !model.is_typing(),
    },
    Binding {
        keys: &[letter('=')],
        action: Action::Reverse,
        label: |model| if model.trials.query.descending { "rising" } else { "falling" },
        help: "turn the order of the trials around",
        applies: |model| model.is_in_trials() && !model.is_typing(),
    },
    Binding {
        keys: &[letter('f')],
        action: Action::Front,
        label: |model| match model.view {
            View::Verdict if model.panel() == Panel::Front && model.by_cost => "by tokens",
            View::Verdict if model.panel() == Panel::Front && model.is_priced() => "by cost",
            View::Verdict if model.panel() != Panel::Front => "front",
            _ => "",
        },
        help: "the Pareto front: quota tokens against acceptance; again: cost",
        applies: |model| model.overlay.is_none() && model.was_measured(),
    },
    Binding {
        keys: &[letter('r')],
        action: Action::Run,
        label: |model| match model.tally.phase {
            Phase::Planned => "run",
            Phase::Running => "pause",
            Phase::Paused => "resume",
            Phase::Finished(_) => "run again",
        },
        help: "run the included variants, pause, resume",
        applies: |model| model.overlay.is_none() && !model.starting && !model.taking,
    },
    Binding {
        keys: &[letter('s')],
        action: Action::Stop,
        label: |model| if model.stopping == Some(Stop::InFlight) { "drop" } else { "stop" },
        help: "stop: what is in flight is finished; again: it is dropped",
        applies: |model| {
            model.tally.is_active()
                && model.stopping != Some(Stop::Now)
                && matches!(model.overlay, None | Some(Overlay::ConfirmQuit))
        },
    },
    Binding {
        keys: &[letter('b')],
        action: Action::Best,
        label: |_| "best",
        help: "pick the best variant under the objective",
        applies: |model| model.overlay.is_none() && model.was_measured(),
    },
    Binding {
        keys: &[letter('c')],
        action: Action::Copy,
        label: |model| if model.overlay.is_some() || model.was_measured() { "copy" } else { "" },
        help: "copy a ready request: the picked one's, else the winner's, else the leader's",
        applies: Model::can_hand,
    },
    Binding {
        keys: &[letter('e')],
        action: Action::Export,
        label: |_| "export",
        help: "export the report, the charts and this screen",
        applies: |model| model.overlay.is_none() && model.was_measured(),
    },
    Binding {
        keys: &[key(KeyCode::Enter)],
        action: Action::Pick,
        label: |_| "pick",
        help: "pick the selected variant and show its ready request",
        applies: |model| model.overlay.is_none() && model.view != View::Trials,
    },
    Binding {
        keys: &[letter('d')],
        action: Action::Rejected,
        label: |_| "rejected",
        help: "the selected variant's rejected answers, one by one",
        applies: Model::has_rejected,
    },
    Binding {
        keys: &[letter('w')],
        action: Action::Save,
        label: |model| if model.overlay.is_some() || model.was_measured() { "save" } else { "" },
        help: "save the same request as a file",
        applies: Model::can_hand,
    },
    Binding {
        keys: &[letter('o')],
        action: Action::Objective,
        label: |_| "objective",
        help: "the next objective: what makes a variant the best",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter(' ')],
        action: Action::Toggle,
        label: |model| if model.takes_part(model.cursor) { "exclude" } else { "include" },
        help: "exclude the selected variant from the run, or include it",
        // The variant that is selected is not seen among the trials.
        applies: |model| model.overlay.is_none() && model.view != View::Trials,
    },
    Binding {
        keys: &[letter('p')],
        action: Action::Plan,
        label: |model| if model.is_plan_shown() { "" } else { "plan" },
        help: "the plan of the next run: calls, tokens, money, time, share of the quota",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter('m')],
        action: Action::Models,
        // While a run is on the list can be read, but nothing taken from it.
        label: |model| if model.tally.is_active() { "" } else { "models" },
        help: "the models that may be called here, to benchmark others",
        applies: |model| model.overlay.is_none() && !model.taking,
    },
    Binding {
        keys: &[letter('x')],
        action: Action::MaxTokens,
        label: |_| "max_tokens",
        help: "max_tokens of the selected variant, or of all, in the next run",
        applies: |model| model.can_plan() && model.cursor < model.plan.variants.len(),
    },
    Binding {
        keys: &[letter('T')],
        action: Action::TrialCount,
        label: |model| if model.is_plan_shown() { "trials" } else { "" },
        help: "how many trials each variant gets at most, in the next run",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter('E')],
        action: Action::Edit,
        label: |model| if model.overlay.is_some() { "mend" } else { "edit" },
        help: "edit the selected variant in $EDITOR: it comes back as a new one beside the others",
        applies: Model::can_edit,
    },
    Binding {
        keys: &[letter('v')],
        action: Action::Verify,
        label: |model| match model.plan.verify {
            _ if model.is_proved() => "",
            true => "no proof",
            false => "prove",
        },
        help: "prove the winner under load, at the quota's edge, after the verdict; or not",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter('+')],
        action: Action::More,
        label: |_| "more at once",
        help: "more requests at once, in the run that is on or the next",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter('-')],
        action: Action::Fewer,
        label: |_| "fewer",
        help: "fewer requests at once",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter('a')],
        action: Action::Auto,
        label: |_| "auto",
        help: "as many requests at once as the quota and the latency need",
        applies: Model::can_plan,
    },
    Binding {
        keys: &[letter('n')],
        action: Action::NextModel,
        label: |_| "next model",
        help: "the next model of the plan, where there are several",
        applies: |model| model.overlay.is_none() && model.tally.models.len() > 1,
    },
    Binding {
        keys: &[key(KeyCode::Tab)],
        action: Action::NextPanel,
        label: |_| "panel",
        help: "the next panel: arrows and pages are then about it",
        applies: |model| model.overlay.is_none() && model.view.row().panels.len() > 1,
    },
    Binding {
        keys: &[key(KeyCode::BackTab)],
        action: Action::PanelBefore,
        label: |_| "",
        help: "the panel before",
        applies: |model| model.overlay.is_none() && model.view.row().panels.len() > 1,
    },
    Binding {
        keys: &[key(KeyCode::Down), letter('j')],
        action: Action::Down,
        label: |model| if model.overlay.is_some() && most_scroll(model) > 0 { "scroll" } else { "" },
        help: "select the next; scroll down",
        applies: Model::can_move,
    },
    Binding {
        keys: &[key(KeyCode::Up), letter('k')],
        action: Action::Up,
        label: |_| "",
        help: "select the one before; scroll up",
        applies: Model::can_move,
    },
    Binding {
        keys: &[key(KeyCode::PageDown), Key { code: KeyCode::Char('d'), ctrl: true }],
        action: Action::PageDown,
        label: |_| "",
        help: "a page down",
        applies: Model::can_move,
    },
    Binding {
        keys: &[key(KeyCode::PageUp), Key { code: KeyCode::Char('u'), ctrl: true }],
        action: Action::PageUp,
        label: |_| "",
        help: "a page up",
        applies: Model::can_move,
    },
    Binding {
        keys: &[key(KeyCode::Home), letter('g')],
        action: Action::First,
        label: |_| "",
        help: "to the first",
        applies: Model::can_move,
    },
    Binding {
        keys: &[key(KeyCode::End), letter('G')],
        action: Action::Last,
        label: |_| "",
        help: "to the last",
        applies: Model::can_move,
    },
    Binding {
        keys: &[letter('t')],
        action: Action::Theme,
        label: |model| if model.theme.ground == Ground::Dark { "light" } else { "dark" },
        help: "colours for a dark ground, or for a light one",
        applies: |model| !model.is_typing(),
    },
    Binding {
        keys: &[letter('?')],
        action: Action::Help,
        label: |_| "help",
        help: "show every key and how to read the figures",
        applies: |model| model.overlay.is_none(),
    },
    Binding {
        keys: &[letter('q')],
        action: Action::Quit,
        label: |_| "quit",
        help: "quit; asks while a run is on",
        applies: |model| model.overlay != Some(Overlay::ConfirmQuit) && !model.is_typing(),
    },
    Binding {
        keys: &[Key { code: KeyCode::Char('z'), ctrl: true }],
        action: Action::Suspend,
        label: |_| "",
        help: "back to the shell, until fg; not while a run is on",
        applies: |_| true,
    },
    Binding {
        keys: &[Key { code: KeyCode::Char('c'), ctrl: true }],
        action: Action::Interrupt,
        label: |_| "",
        help: "as q; the second press leaves at once",
        applies: |_| true,
    },
];

/// What a key press means now; `None` where it means nothing. Where something is typed, letters are letters.
pub fn action(event: KeyEvent, model: &Model) -> Option<Action> {
    const OTHERS: KeyModifiers = KeyModifiers::SHIFT.complement();
    if let KeyCode::Char(letter) = event.code
        && (letter != ' ' || model.picker().is_none())
        && model.is_typing()
        && !event.modifiers.intersects(OTHERS)
    {
        return Some(Action::Type(letter));
    }
    let pressed =
        Key { code: event.code, ctrl: event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::SUPER) };
    let mut rows = model.keys.rows();
    rows.find(|(row, keys)| keys.contains(&pressed) && (row.applies)(model)).map(|(row, _)| row.action)
}

impl Key {
    /// Its name on the screen (`space`, `ctrl-c`), with the signs for up, down and enter that can be shown here.
    pub fn name(self, [up, down, enter]: [&'static str; 3]) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "space".into(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Up => up.into(),
            KeyCode::Down => down.into(),
            KeyCode::Enter => enter.into(),
            other => other.to_string().to_lowercase(),
        };
        if self.ctrl { format!("ctrl-{name}") } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_of_one_action_and_no_row_without_words() {
        for (index, row) in KEYMAP.iter().enumerate() {
            assert!(!row.keys.is_empty() && !row.help.is_empty());
            assert!(KEYMAP[..index].iter().all(|other| other.action != row.action), "{:?} twice", row.action);
        }
    }

    #[test]
    fn keys_have_names() {
        let name = |key: Key| key.name(["↑", "↓", "↵"]);
        assert_eq!(name(letter(' ')), "space");
        assert_eq!(name(key(KeyCode::Enter)), "↵");
        assert_eq!(name(key(KeyCode::PageDown)), "page down");
        assert_eq!(name(key(KeyCode::Esc)), "esc");
        assert_eq!(name(Key { code: KeyCode::Char('c'), ctrl: true }), "ctrl-c");
        assert_eq!(key(KeyCode::Up).name(["up", "down", "enter"]), "up");
    }
}
