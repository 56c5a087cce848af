//! Action: everything that a key can mean.

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Yes, in a question.
    Confirm,
    /// Away with what lies over the dashboard.
    Close,
    /// One up.
    Up,
    /// One down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// Start a run, pause it, resume it.
    Run,
    /// Stop the run.
    Stop,
    /// Include or exclude the selected variant.
    Toggle,
    /// More invocations at once.
    More,
    /// Fewer invocations at once.
    Fewer,
    /// As many invocations at once as are needed.
    Auto,
    /// The next objective.
    Objective,
    /// The next model of a matrix.
    NextModel,
    /// The variant or model before, where one is shown alone.
    Before,
    /// The variant or model after.
    After,
    /// The next panel.
    NextPanel,
    /// The panel before.
    PanelBefore,
    /// The answer at a glance.
    Dashboard,
    /// All about the selected variant.
    Variant,
    /// Every trial.
    Trials,
    /// The selected variant's rejected answers.
    Rejected,
    /// The quota of the shown model.
    Quota,
    /// The selected trial alone.
    Open,
    /// Sort by the column before.
    SortBefore,
    /// Sort by the column after.
    SortAfter,
    /// Turn the order around.
    Reverse,
    /// The verdict.
    Verdict,
    /// What happened.
    Log,
    /// Show the models that may be called.
    Models,
    /// Put the plan on the chosen models.
    Take,
    /// Mark the selected model.
    Mark,
    /// Type a filter.
    Filter,
    /// A letter of what is typed; no row of [`KEYMAP`](crate::tui::keymap::KEYMAP) has it.
    Type(char),
    /// Take the last letter away.
    Erase,
    /// Keep the filter that was typed.
    Keep,
    /// Pick the selected variant.
    Pick,
    /// Pick the best variant.
    Best,
    /// Save a ready request: the picked variant's, or the best one's.
    Save,
    /// Copy it.
    Copy,
    /// Show the plan of the next run, or take it away.
    Plan,
    /// Type `max_tokens` of the selected variant.
    MaxTokens,
    /// Type how many trials there are.
    TrialCount,
    /// Take the number that was typed.
    Set,
    /// For this variant alone, or for all.
    Widen,
    /// Open the selected variant in an editor.
    Edit,
    /// Export what was measured.
    Export,
    /// Whether the next winner, or this run's, is driven at the edge of the quota.
    Verify,
    /// Show the Pareto front; then the same by cost.
    Front,
    /// Show every key.
    Help,
    /// Leave.
    Quit,
    /// Light text on dark ground, or dark text on light.
    Theme,
    /// Stop the program as the shell knows it, until it is fetched back.
    Suspend,
    /// Leave, at the second press without asking.
    Interrupt,
}
