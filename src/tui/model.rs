//! Model: what the dashboard knows and what a message makes of it; pure, without clock, files or channels.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEventKind;

use crate::bench::event::{Command, Event, NoteLevel, Stop};
use crate::bench::objective::Rule;
use crate::bench::plan::{Concurrency, Plan};
use crate::bench::quota::LimitKind;
use crate::bench::tally::{Phase, Tally};
use crate::tui::format::plural;
use crate::tui::judged::{Judged, Memo};
use crate::tui::keymap::{self, Action};
use crate::tui::message::{Effect, Msg, Picked, PlanEstimate};
use crate::tui::picker::{Listed, Picker};
use crate::tui::screen;
use crate::tui::theme::Theme;
use crate::tui::verdicts;

/// The most requests at once that the keys ask for.
const MOST_AT_ONCE: u32 = 4_096;
/// How long a status line stays.
const STATUS_STAYS: Duration = Duration::from_secs(8);

/// Everything that the screen is drawn from.
#[derive(Debug, Clone)]
pub struct Model {
    /// What was measured.
    pub tally: Tally,
    /// What the next run will do: the user's choice of variants and objective put into it.
    pub plan: Arc<Plan>,
    /// What is known of the plan before it is sent.
    pub estimate: Option<PlanEstimate>,
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
    /// What lies over the dashboard.
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
    /// The verdict, kept from frame to frame.
    pub(super) memo: Memo,
}

/// What lies over the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// Every key.
    Help {
        /// Lines scrolled.
        scroll: usize,
    },
    /// Whether to leave a run that is on.
    ConfirmQuit,
    /// What will be sent, before it is.
    Plan,
    /// The ready request of the picked variant.
    Prompt(PromptView),
    /// The models that may be called.
    Models(Picker),
    /// Who is on the Pareto front: by quota tokens, or by cost.
    Front {
        /// By cost.
        cost: bool,
    },
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
            model: 0,
            cursor: 0,
            objective,
            picked: None,
            listed: Listed::Unread,
            taking: false,
            overlay: None,
            status: None,
            starting: false,
            stopping: None,
            size: (80, 24),
            theme,
            memo: Memo::default(),
        };
        model.select(0);
        model
    }

    /// Takes a message in, and says what is to be done about it. `now` is a duration since the Unix epoch.
    pub fn update(&mut self, message: Msg, now: Duration) -> Vec<Effect> {
        match message {
            Msg::Key(event) if event.kind == KeyEventKind::Release => Vec::new(),
            Msg::Key(event) => match keymap::action(event, self) {
                Some(action) => self.act(action, now),
                None => Vec::new(),
            },
            Msg::Resize(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Msg::Entries(entries) => {
                for entry in &entries {
                    self.tally.apply(entry);
                    self.follow(&entry.event);
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
                self.estimate = Some(estimate);
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
            Msg::Saved(Ok(path)) => {
                self.say(NoteLevel::Info, format!("saved the request as {}", path.display()), now);
                Vec::new()
            }
            Msg::Exported(Ok(paths)) => {
                let place = paths.first().and_then(|path| path.parent()).map(|place| place.display().to_string());
                let wrote = plural(paths.len() as u64, "file");
                self.say(NoteLevel::Info, format!("wrote {wrote} to {}", place.unwrap_or_default()), now);
                Vec::new()
            }
            Msg::Saved(Err(why)) | Msg::Exported(Err(why)) => {
                self.say(NoteLevel::Error, why, now);
                Vec::new()
            }
            Msg::Tick => {
                self.status.take_if(|status| now >= status.until);
                // A frame follows: what it needs is worked out once, and not for each batch of entries.
                if let Some(memo) = self.memo.renewed(self) {
                    self.memo = memo;
                }
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
                self.plan = Arc::clone(plan);
                self.objective = plan.objective;
                self.model = self.model.min(self.tally.models.len().saturating_sub(1));
                self.select(self.position());
            }
            Event::RunFinished { .. } => self.stopping = None,
            _ => {}
        }
    }

    fn act(&mut self, action: Action, now: Duration) -> Vec<Effect> {
        match action {
            Action::Confirm => return self.confirm(),
            Action::Close => self.close(),
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.step(-self.page()),
            Action::PageDown => self.step(self.page()),
            Action::First => self.step(isize::MIN),
            Action::Last => self.step(isize::MAX),
            Action::Run => return self.run(now),
            Action::Stop => return self.stop(),
            Action::Toggle => return self.toggle(),
            Action::More => {
                let more = (self.concurrency() + self.step_of_concurrency()).min(MOST_AT_ONCE);
                return self.set_concurrency(Concurrency::Fixed(more), now);
            }
            Action::Fewer => {
                let fewer = self.concurrency().saturating_sub(self.step_of_concurrency());
                return self.set_concurrency(Concurrency::Fixed(fewer.max(1)), now);
            }
            Action::Auto => return self.set_concurrency(Concurrency::Auto, now),
            Action::Objective => {
                self.objective = self.objective.next(&self.plan.objective);
            }
            Action::NextModel => {
                self.model = (self.model + 1) % self.tally.models.len().max(1);
                self.select(self.position());
            }
            Action::Models => return self.open_picker(),
            Action::Take => return self.take_models(now),
            Action::Mark => self.mark(),
            Action::Filter => self.type_filter(),
            Action::Type(letter) => self.type_letter(letter),
            Action::Erase => self.erase_letter(),
            Action::Pick => return self.pick(self.cursor),
            Action::Best => return self.pick_best(now),
            Action::Save => return self.picked.map(Effect::SavePrompt).into_iter().collect(),
            Action::Copy => return self.copy(now),
            Action::Export => {
                self.say(NoteLevel::Info, "exporting".into(), now);
                return vec![Effect::Export];
            }
            Action::Verify => return self.prove(now),
            Action::Front => {
                let cost = self.overlay == Some(Overlay::Front { cost: false }) && self.is_priced();
                self.overlay = Some(Overlay::Front { cost });
            }
            Action::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::Interrupt if self.overlay == Some(Overlay::ConfirmQuit) => return self.confirm(),
            Action::Quit | Action::Interrupt => return self.quit(),
        }
        Vec::new()
    }

    fn confirm(&mut self) -> Vec<Effect> {
        match self.overlay.take() {
            Some(Overlay::Plan) => self.start(),
            _ if self.tally.is_active() => vec![Effect::Tell(Command::Stop(Stop::Now)), Effect::Quit],
            _ => vec![Effect::Quit],
        }
    }

    fn run(&mut self, now: Duration) -> Vec<Effect> {
        match self.tally.phase {
            Phase::Running => vec![Effect::Tell(Command::Pause)],
            Phase::Paused => vec![Effect::Tell(Command::Resume)],
            Phase::Planned | Phase::Finished(_) => {
                if self.plan.planned_trials() == 0 {
                    let text = "no variant is included: space includes the selected one".into();
                    self.say(NoteLevel::Warning, text, now);
                    return Vec::new();
                }
                Arc::make_mut(&mut self.plan).objective = self.objective;
                if !self.plan.endpoint.is_local() {
                    self.estimate = None;
                    self.overlay = Some(Overlay::Plan);
                    return vec![Effect::Estimate(Arc::clone(&self.plan))];
                }
                self.start()
            }
        }
    }

    fn start(&mut self) -> Vec<Effect> {
        self.starting = true;
        vec![Effect::Tell(Command::Start(Arc::clone(&self.plan)))]
    }

    fn stop(&mut self) -> Vec<Effect> {
        self.overlay = None;
        let stop = if self.stopping.is_some() { Stop::Now } else { Stop::InFlight };
        self.stopping = Some(stop);
        vec![Effect::Tell(Command::Stop(stop))]
    }

    fn toggle(&mut self) -> Vec<Effect> {
        let (variant, takes_part) = (self.cursor, self.takes_part(self.cursor));
        let Some(of) = Arc::make_mut(&mut self.plan).variants.get_mut(variant) else { return Vec::new() };
        of.included = !takes_part;
        match self.tally.phase {
            Phase::Planned => self.tally.plan = Arc::clone(&self.plan),
            Phase::Finished(_) => {}
            Phase::Running | Phase::Paused if takes_part => return vec![Effect::Tell(Command::Retire(variant))],
            Phase::Running | Phase::Paused => return vec![Effect::Tell(Command::Include(variant))],
        }
        Vec::new()
    }

    /// Requests of the shown model that may be out at once: now, or in the next run.
    fn concurrency(&self) -> u32 {
        let now = self.tally.models.get(self.model).and_then(|model| model.concurrency);
        match (now.filter(|_| self.tally.is_active()), self.plan.concurrency) {
            (Some(now), _) | (None, Concurrency::Fixed(now)) => now,
            (None, Concurrency::Auto) => now.unwrap_or(4),
        }
    }

    /// One at a time while they are few, a quarter where they are many.
    fn step_of_concurrency(&self) -> u32 {
        (self.concurrency() / 4).max(1)
    }

    fn set_concurrency(&mut self, concurrency: Concurrency, now: Duration) -> Vec<Effect> {
        Arc::make_mut(&mut self.plan).concurrency = concurrency;
        let how = match concurrency {
            Concurrency::Auto => "as many requests at once as are needed".into(),
            Concurrency::Fixed(n) => format!("{} at once", plural(u64::from(n), "request")),
        };
        self.say(NoteLevel::Info, how, now);
        let active = self.tally.is_active();
        active.then_some(Effect::Tell(Command::SetConcurrency(concurrency))).into_iter().collect()
    }

    /// Decides whether the winner is driven at the edge of the quota: in the run that is on, or in the next.
    fn prove(&mut self, now: Duration) -> Vec<Effect> {
        if self.is_proved() {
            self.say(NoteLevel::Warning, "the verification is on already; s stops the run".into(), now);
            return Vec::new();
        }
        let verify = !self.plan.verify;
        Arc::make_mut(&mut self.plan).verify = verify;
        // What costs money was agreed to without it: it waits for a plan that is agreed to with it.
        let agreed = !verify || self.tally.plan.verify || self.tally.plan.endpoint.is_local();
        let active = self.tally.is_active();
        let text = match verify {
            true if active && !agreed => {
                "the next run's plan ends with a proof under load; this one was agreed to without it"
            }
            true => verdicts::ASKED,
            false => "the winner will not be driven at the quota's edge after the verdict",
        };
        self.say(NoteLevel::Info, text.into(), now);
        (active && agreed).then_some(Effect::Tell(Command::Verify(verify))).into_iter().collect()
    }

    fn pick(&mut self, variant: usize) -> Vec<Effect> {
        let of = Picked { model: self.model, variant };
        self.picked = Some(of);
        let text = Err("rendering the request".into());
        self.overlay = Some(Overlay::Prompt(PromptView { of, text, scroll: 0 }));
        vec![Effect::ShowPrompt(of)]
    }

    fn pick_best(&mut self, now: Duration) -> Vec<Effect> {
        let judged = self.judged();
        let leader = judged.verdict.leader.as_ref();
        let best = leader.and_then(|name| self.plan.variants.iter().position(|variant| variant.name == *name));
        let Some(best) = best else {
            let text = format!("nothing to pick: {}", judged.verdict.reason);
            self.say(NoteLevel::Warning, text, now);
            return Vec::new();
        };
        self.cursor = best;
        self.pick(best)
    }

    fn copy(&mut self, now: Duration) -> Vec<Effect> {
        let Some(Overlay::Prompt(PromptView { text: Ok(text), .. })) = &self.overlay else { return Vec::new() };
        let text = text.clone();
        self.say(NoteLevel::Info, "the request was handed to the terminal's clipboard".into(), now);
        vec![Effect::Copy(text)]
    }

    fn quit(&mut self) -> Vec<Effect> {
        if self.tally.is_active() {
            self.overlay = Some(Overlay::ConfirmQuit);
            return Vec::new();
        }
        vec![Effect::Quit]
    }

    pub(super) fn say(&mut self, level: NoteLevel, text: String, now: Duration) {
        self.status = Some(Status { level, text, until: now + STATUS_STAYS });
    }

    /// Moves the selection, or scrolls what lies over it.
    fn step(&mut self, by: isize) {
        let most = screen::most_scroll(self);
        match &mut self.overlay {
            Some(Overlay::Help { scroll } | Overlay::Prompt(PromptView { scroll, .. })) => {
                *scroll = (*scroll).min(most).saturating_add_signed(by).min(most);
            }
            Some(Overlay::Models(_)) => self.step_picker(by),
            Some(Overlay::ConfirmQuit | Overlay::Plan) => {}
            None | Some(Overlay::Front { .. }) => self.select(self.position().saturating_add_signed(by)),
        }
    }

    /// Rows that a page key moves.
    fn page(&self) -> isize {
        let rows = if self.picker().is_some() { screen::picker_rows(self.size) } else { usize::from(self.size.1) / 3 };
        rows.cast_signed().max(1)
    }

    /// Indices of the variants that the shown model is given, in the plan's order.
    pub fn shown(&self) -> impl Iterator<Item = usize> + '_ {
        let variants = self.tally.plan.variants.iter().enumerate();
        variants.filter(|(_, variant)| variant.is_for(self.model)).map(|(index, _)| index)
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

    /// The verdict on the shown model under the chosen objective, and what is said beside it.
    pub fn judged(&self) -> Cow<'_, Judged> {
        self.memo.judged(self)
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
            Some(Overlay::Plan) => self.estimate.as_ref().is_some_and(|estimate| estimate.refusal.is_none()),
            Some(Overlay::Help { .. } | Overlay::Prompt(_) | Overlay::Models(_) | Overlay::Front { .. }) | None => {
                false
            }
        }
    }

    /// Whether there is something to move through.
    pub fn can_move(&self) -> bool {
        !matches!(self.overlay, Some(Overlay::ConfirmQuit | Overlay::Plan))
    }

    /// Whether the picture changes by itself as time passes: a run, a gauge that drains, a status that goes.
    pub fn moves(&self, now: Duration) -> bool {
        let drains = |ledger: &crate::bench::ledger::Ledger| {
            let mut ledger = ledger.clone();
            ledger.taken(now, LimitKind::Tpm).total() > 0.0 || ledger.taken(now, LimitKind::Rpm).total() > 0.0
        };
        self.tally.is_active()
            || self.starting
            || self.status.is_some()
            || self.tally.models.iter().any(|model| drains(&model.ledger))
    }
}
