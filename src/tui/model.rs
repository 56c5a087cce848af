//! Model: what the dashboard knows and what a message makes of it; pure, without clock, files or channels.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEventKind;

use crate::bench::event::{Event, NoteLevel, Stop};
use crate::bench::objective::Rule;
use crate::bench::plan::Plan;
use crate::bench::quota::LimitKind;
use crate::bench::tally::Tally;
use crate::tui::adjusting::Adjusting;
use crate::tui::format::plural;
use crate::tui::judged::Memo;
use crate::tui::keymap::{self, Action};
use crate::tui::keys::Keys;
use crate::tui::message::{Effect, Msg, Picked, PlanEstimate};
use crate::tui::picker::{Listed, Picker};
use crate::tui::planning::Asked;
use crate::tui::prompts::Prompts;
use crate::tui::theme::Theme;
use crate::tui::trials::Trials;
use crate::tui::typed::Typed;
use crate::tui::view::{Panel, View};

/// Everything that the screen is drawn from.
#[derive(Debug, Clone)]
pub struct Model {
    /// What was measured.
    pub tally: Tally,
    /// What the next run will do: the user's choice of variants and objective put into it.
    pub plan: Arc<Plan>,
    /// What is known of the plan before it is sent.
    pub estimate: Option<PlanEstimate>,
    /// Which plan that was asked of.
    pub(super) asked: Asked,
    /// How many of the last variants came after the run began: they are none of its own.
    pub added: usize,
    /// Index of the model that is shown.
    pub model: usize,
    /// Index of the variant that is selected.
    pub cursor: usize,
    /// What makes a variant the best.
    pub objective: Rule,
    /// What the user picked.
    pub picked: Option<Picked>,
    /// What may be called here.
    pub listed: Listed,
    /// True from the choice of other models until the plan is on them or cannot be.
    pub taking: bool,
    /// What is shown.
    pub view: View,
    /// Which of its panels the keys are about.
    pub panel: usize,
    /// Lines of that panel that are scrolled away.
    pub scroll: usize,
    /// Where the log stands.
    pub log: LogView,
    /// Where the table of trials stands.
    pub trials: Trials,
    /// Whether the Pareto front goes by cost.
    pub by_cost: bool,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// The last thing that the dashboard has to say about a key or a file.
    pub status: Option<Status>,
    /// True from `r` until the run began or could not.
    pub starting: bool,
    /// How the run was asked to end.
    pub stopping: Option<Stop>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What ink and glyphs look like.
    pub theme: Theme,
    /// Which keys mean what.
    pub keys: Arc<Keys>,
    /// The verdict, kept from frame to frame.
    pub(super) memo: Memo,
    /// The requests as they are sent, kept likewise.
    pub(super) prompts: Prompts,
}

/// What lies over the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// Every key.
    Help {
        /// Lines scrolled.
        scroll: usize,
    },
    /// Whether to leave a run that is on.
    ConfirmQuit,
    /// What the next run would do and take.
    Plan {
        /// Lines scrolled.
        scroll: usize,
    },
    /// A number that is typed.
    Adjust(Adjusting),
    /// What is wrong with the variant that was written.
    Mend(Mending),
    /// The ready request of the picked variant.
    Prompt(PromptView),
    /// The models that may be called.
    Models(Picker),
}

/// Where the log stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogView {
    /// What its lines contain.
    pub filter: Typed,
    /// The entry that is shown first; `None` follows the newest.
    pub top: Option<u64>,
}

/// What is wrong with what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mending {
    /// The variant that it began as.
    pub variant: usize,
    /// What is wrong, in lines to show as they are.
    pub why: String,
    /// Lines scrolled.
    pub scroll: usize,
}

impl Overlay {
    /// How many lines of it are scrolled away, where it scrolls.
    pub(super) fn scroll(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help { scroll }
            | Self::Plan { scroll }
            | Self::Mend(Mending { scroll, .. })
            | Self::Prompt(PromptView { scroll, .. }) => Some(scroll),
            Self::ConfirmQuit | Self::Adjust(_) | Self::Models(_) => None,
        }
    }
}

/// The ready request of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptView {
    /// Whose.
    pub of: Picked,
    /// The request; `Err` says why there is none, or none yet.
    pub text: Result<String, String>,
    /// Lines scrolled.
    pub scroll: usize,
}

/// One sentence about what a key or a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How much it matters.
    pub level: NoteLevel,
    /// The sentence.
    pub text: String,
    /// When it may go.
    pub until: Duration,
}

impl Model {
    /// The dashboard over a plan of which nothing was run yet.
    pub fn new(plan: Arc<Plan>, theme: Theme) -> Self {
        Self::over(Tally::planned(plan), theme)
    }

    /// The dashboard over what was measured already: exports, past runs.
    pub fn over(tally: Tally, theme: Theme) -> Self {
        let plan = Arc::clone(&tally.plan);
        let objective = plan.objective;
        let mut model = Self {
            tally,
            plan,
            estimate: None,
            asked: Asked::default(),
            added: 0,
            model: 0,
            cursor: 0,
            objective,
            picked: None,
            listed: Listed::Unread,
            taking: false,
            view: View::default(),
            panel: 0,
            scroll: 0,
            log: LogView::default(),
            trials: Trials::default(),
            by_cost: false,
            overlay: None,
            status: None,
            starting: false,
            stopping: None,
            size: (80, 24),
            theme,
            keys: Arc::default(),
            memo: Memo::default(),
            prompts: Prompts::default(),
        };
        model.select(0);
        model
    }

    /// Takes a message in, and says what is to be done about it. `now` is a duration since the Unix epoch.
    pub fn update(&mut self, message: Msg, now: Duration) -> Vec<Effect> {
        let mut effects = self.hear(message, now);
        effects.extend(self.estimate_anew());
        effects
    }

    fn hear(&mut self, message: Msg, now: Duration) -> Vec<Effect> {
        match message {
            Msg::Key(event) if event.kind == KeyEventKind::Release => Vec::new(),
            Msg::Key(event) => match keymap::action(event, self) {
                Some(action) => {
                    let mut effects = self.act(action, now);
                    effects.extend(self.look_at_trials());
                    effects
                }
                None => Vec::new(),
            },
            Msg::Mouse(event) => self.pointed(event, now),
            Msg::Continued => Vec::new(),
            Msg::Resize(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Msg::Entries(entries) => {
                for entry in &entries {
                    self.tally.apply(entry);
                    self.follow(&entry.event);
                    self.trials.heard(entry);
                }
                Vec::new()
            }
            Msg::Note(level, text) => {
                self.starting &= level != NoteLevel::Error;
                self.say(level, text, now);
                Vec::new()
            }
            Msg::Region(region) => {
                Arc::make_mut(&mut self.plan).region.clone_from(&region);
                Arc::make_mut(&mut self.tally.plan).region = region;
                Vec::new()
            }
            Msg::Estimate(estimate) => {
                self.estimated(estimate);
                Vec::new()
            }
            Msg::Models(list) => {
                self.listed(list);
                Vec::new()
            }
            Msg::Taken(taken) => {
                self.taken(taken, now);
                Vec::new()
            }
            Msg::Prompt(of, text) => {
                if let Some(Overlay::Prompt(view)) = &mut self.overlay
                    && view.of == of
                {
                    view.text = text;
                }
                Vec::new()
            }
            Msg::Saved(of, Ok(path)) => {
                let text = format!("saved the request of {} as {}", self.called(of), path.display());
                self.say(NoteLevel::Info, text, now);
                Vec::new()
            }
            Msg::Copied(of, Ok(())) => {
                self.copied(of, now);
                Vec::new()
            }
            Msg::Returned(written) => self.returned(written, now),
            Msg::Added(added) => self.added(added),
            Msg::Kept(name, place) => {
                self.kept(&name, place, now);
                Vec::new()
            }
            Msg::Exported(Ok(paths)) => {
                let place = paths.first().and_then(|path| path.parent()).map(|place| place.display().to_string());
                let wrote = plural(paths.len() as u64, "file");
                self.say(NoteLevel::Info, format!("wrote {wrote} to {}", place.unwrap_or_default()), now);
                Vec::new()
            }
            Msg::Saved(_, Err(why)) | Msg::Copied(_, Err(why)) | Msg::Exported(Err(why)) => {
                self.say(NoteLevel::Error, why, now);
                Vec::new()
            }
            Msg::Rows { number, page, .. } => {
                let mut effects = self.listed_trials(number, page);
                effects.extend(self.look_at_trials());
                effects
            }
            Msg::Trial(id, entries) => {
                self.told_of_trial(id, entries);
                Vec::new()
            }
            Msg::Tick => {
                self.status.take_if(|status| now >= status.until);
                // A frame follows: what it needs is seen to once, and not for each batch of entries.
                let mut effects = Vec::from_iter(self.weigh());
                if self.view == View::Variant || self.panel() == Panel::About {
                    let renewed = self.prompts.renewed(&self.tally.plan);
                    self.prompts = renewed.unwrap_or_else(|| std::mem::take(&mut self.prompts));
                }
                effects.extend(self.look_at_trials());
                effects
            }
            Msg::Weighed(weighed) => {
                self.weighed(*weighed);
                Vec::new()
            }
            Msg::Leave => vec![Effect::Quit],
        }
    }

    /// What an event changes beside the tally.
    fn follow(&mut self, event: &Event) {
        match event {
            Event::RunStarted { plan, .. } => {
                (self.starting, self.stopping, self.status) = (false, None, None);
                self.follow_plan(plan);
                self.objective = plan.objective;
                self.model = self.model.min(self.tally.models.len().saturating_sub(1));
                self.select(self.position());
            }
            Event::RunFinished { .. } => self.stopping = None,
            _ => {}
        }
    }

    /// Indices of the variants that the shown model is given, in the plan's order.
    pub fn shown(&self) -> impl Iterator<Item = usize> + '_ {
        let variants = self.tally.plan.variants.iter().enumerate();
        variants.filter(|(_, variant)| variant.is_for(self.model)).map(|(index, _)| index)
    }

    /// What the keys are about.
    pub fn panel(&self) -> Panel {
        let panels = self.view.row().panels;
        panels.get(self.panel).copied().unwrap_or(panels[0])
    }

    /// Whether the keys are about this panel, and there are others.
    pub fn is_focused(&self, panel: Panel) -> bool {
        self.overlay.is_none() && self.panel > 0 && self.panel() == panel
    }

    /// The first key of an action as the screen names it; `None` where it has none.
    pub fn key(&self, action: Action) -> Option<String> {
        self.keys.of(action).first().map(|key| key.name(self.theme.glyphs().keys))
    }

    /// What keys do, as far as they are bound: `r resumes, s stops`; begins with `before` where there is any.
    pub fn hints(&self, before: &str, hints: &[(Action, &str)]) -> String {
        let bound = hints.iter().filter_map(|(action, does)| Some(format!("{} {does}", self.key(*action)?)));
        let bound: Vec<String> = bound.collect();
        if bound.is_empty() { String::new() } else { format!("{before}{}", bound.join(", ")) }
    }

    /// Whether something is shown alone that has others beside it.
    pub fn can_turn(&self) -> bool {
        self.overlay.is_none()
            && match self.view {
                View::Variant => self.shown().count() > 1,
                View::Quota => self.tally.models.len() > 1,
                View::Trials => self.trials.one.is_some(),
                View::Dashboard | View::Verdict | View::Log => false,
            }
    }

    /// Whether letters are letters.
    pub fn is_typing(&self) -> bool {
        match &self.overlay {
            Some(Overlay::Models(picker)) => picker.typing,
            Some(Overlay::Adjust(_)) => true,
            Some(_) => false,
            None => self.filter().is_some_and(|filter| filter.on),
        }
    }

    /// The filter of the view that is shown, where it has one.
    pub fn filter(&self) -> Option<&Typed> {
        match self.view {
            View::Log => Some(&self.log.filter),
            View::Trials if self.trials.one.is_none() => Some(&self.trials.filter),
            View::Dashboard | View::Variant | View::Trials | View::Quota | View::Verdict => None,
        }
    }

    /// Whether there is a list whose entries a filter can choose.
    pub fn can_filter(&self) -> bool {
        !self.is_typing() && (self.picker().is_some() || self.overlay.is_none() && self.filter().is_some())
    }

    /// Where the selected variant stands in the list.
    pub fn position(&self) -> usize {
        self.shown().position(|variant| variant == self.cursor).unwrap_or(0)
    }

    pub(super) fn select(&mut self, position: usize) {
        let last = self.shown().count().saturating_sub(1);
        let variant = self.shown().nth(position.min(last));
        self.cursor = variant.unwrap_or(0);
    }

    /// Whether a variant gets trials: the user wants it, and nothing has retired it.
    pub fn takes_part(&self, variant: usize) -> bool {
        let wanted = self.plan.variants.get(variant).is_some_and(|v| v.included);
        let of = self.tally.models.get(self.model).and_then(|model| model.variants.get(variant));
        wanted && !(self.tally.is_active() && of.is_some_and(|v| v.retired.is_some()))
    }

    /// Whether every variant of the shown model that was answered has a price.
    pub fn is_priced(&self) -> bool {
        let variants = self.tally.models.get(self.model).map_or(&[][..], |model| &model.variants);
        let mut measured = variants.iter().filter(|variant| variant.ok > 0).peekable();
        measured.peek().is_some() && measured.all(|of| of.mean(|of| &of.cost).is_some_and(|usd| usd > 0.0))
    }

    /// Whether a winner of the run that is on is driven at the edge of the quota, or was.
    pub fn is_proved(&self) -> bool {
        self.tally.is_active() && self.tally.models.iter().all(|model| model.verification.is_some())
    }

    /// Whether there is anything to export or to pick from.
    pub fn was_measured(&self) -> bool {
        self.tally.run.is_some()
    }

    /// Whether a question is open that can be answered with yes.
    pub fn can_confirm(&self) -> bool {
        match &self.overlay {
            Some(Overlay::ConfirmQuit) => true,
            Some(Overlay::Plan { .. }) => self.can_start(),
            Some(
                Overlay::Help { .. } | Overlay::Prompt(_) | Overlay::Models(_) | Overlay::Adjust(_) | Overlay::Mend(_),
            )
            | None => false,
        }
    }

    /// Whether there is something to move through.
    pub fn can_move(&self) -> bool {
        !matches!(self.overlay, Some(Overlay::ConfirmQuit | Overlay::Adjust(_)))
    }

    /// Whether the picture changes by itself as time passes: a run, a gauge that drains, a status that goes.
    pub fn moves(&self, now: Duration) -> bool {
        let drains = |ledger: &crate::bench::ledger::Ledger| {
            [LimitKind::Tpm, LimitKind::Rpm].iter().any(|kind| ledger.seen(now, *kind).total() > 0.0)
        };
        self.tally.is_active()
            || self.starting
            || self.status.is_some()
            || self.tally.models.iter().any(|model| drains(&model.ledger))
    }
}
