//! Acting: what a key makes of the model, and what it asks for.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::event::{Command, NoteLevel, Stop};
use crate::bench::plan::Concurrency;
use crate::bench::tally::Phase;
use crate::tui::format::plural;
use crate::tui::keymap::Action;
use crate::tui::message::{Effect, Picked};
use crate::tui::model::{Model, Overlay, PromptView, Status};
use crate::tui::typed::Typed;
use crate::tui::view::{Panel, View};
use crate::tui::views::verdict;
use crate::tui::{screen, views};

/// The most requests at once that the keys ask for.
const MOST_AT_ONCE: u32 = 4_096;
/// How long a status line stays.
const STATUS_STAYS: Duration = Duration::from_secs(8);

/// The numbers of requests at once that the keys go through, up and down alike: by one while they are few, then by a
/// seventh to a quarter.
fn rungs() -> impl Iterator<Item = u32> {
    (1..4)
        .chain((0..=10).flat_map(|double| [4_u32, 5, 6, 7].map(|of| of << double)))
        .filter(|rung| *rung <= MOST_AT_ONCE)
}

impl Model {
    pub(super) fn act(&mut self, action: Action, now: Duration) -> Vec<Effect> {
        match action {
            Action::Confirm => return self.confirm(),
            Action::Close => return self.close(),
            Action::Up => self.step(-1, now),
            Action::Down => self.step(1, now),
            Action::PageUp => self.step(-self.page(), now),
            Action::PageDown => self.step(self.page(), now),
            Action::First => self.step(isize::MIN, now),
            Action::Last => self.step(isize::MAX, now),
            Action::Before if self.shows_trial() => return self.turn_trial(-1),
            Action::After if self.shows_trial() => return self.turn_trial(1),
            Action::Before => self.turn(-1),
            Action::After => self.turn(1),
            Action::Open => return self.open_trial(),
            Action::SortBefore => self.sort_trials(-1),
            Action::SortAfter => self.sort_trials(1),
            Action::Reverse => self.reverse_trials(),
            Action::NextPanel => self.next_panel(1),
            Action::PanelBefore => self.next_panel(-1),
            Action::Dashboard | Action::Variant | Action::Trials | Action::Quota | Action::Verdict | Action::Log => {
                return self.show_view(View::of(action).unwrap_or_default());
            }
            Action::Rejected => self.show_rejected(self.cursor),
            Action::Run => return self.run(now),
            Action::Stop => return self.stop(),
            Action::Toggle => return self.toggle(),
            Action::More => {
                let more = rungs().find(|rung| *rung > self.concurrency()).unwrap_or(MOST_AT_ONCE);
                return self.set_concurrency(Concurrency::Fixed(more), now);
            }
            Action::Fewer => {
                let fewer = rungs().take_while(|rung| *rung < self.concurrency()).last().unwrap_or(1);
                return self.set_concurrency(Concurrency::Fixed(fewer), now);
            }
            Action::Auto => return self.set_concurrency(Concurrency::Auto, now),
            Action::Objective => {
                self.objective = self.objective.next(&self.plan.objective);
            }
            Action::NextModel => self.next_model(1),
            Action::Models => return self.open_picker(),
            Action::Take => return self.take_models(now),
            Action::Mark => self.mark(),
            Action::Filter => self.type_filter(),
            Action::Type(letter) => self.type_letter(letter),
            Action::Erase => self.erase_letter(),
            Action::Pick => return self.pick(self.cursor),
            Action::Best => return self.pick_best(now),
            Action::Save => return self.save(),
            Action::Copy => return self.copy(),
            Action::Plan => self.turn_plan(),
            Action::MaxTokens => self.adjust_max_tokens(),
            Action::TrialCount => self.adjust_trials(),
            Action::Set => self.set_number(now),
            Action::Widen => self.widen(),
            Action::Edit => return self.edit(),
            Action::Export => {
                self.say(NoteLevel::Info, "exporting".into(), now);
                return vec![Effect::Export];
            }
            Action::Verify => return self.prove(now),
            Action::Front => self.show_front(),
            Action::Keep => self.keep_filter(),
            Action::Theme => self.theme.ground = self.theme.ground.other(),
            // What is in flight would be measured with the time in which nobody looked.
            Action::Suspend if self.tally.is_active() || self.starting => {
                self.say(NoteLevel::Warning, "a run is on: it would be measured wrongly".into(), now);
            }
            Action::Suspend => return vec![Effect::Suspend],
            Action::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::Interrupt if self.overlay == Some(Overlay::ConfirmQuit) => return self.confirm(),
            Action::Quit | Action::Interrupt => return self.quit(),
        }
        Vec::new()
    }

    fn confirm(&mut self) -> Vec<Effect> {
        match self.overlay.take() {
            Some(Overlay::Plan { .. }) => self.start(),
            _ if self.tally.is_active() => vec![Effect::Tell(Command::Stop(Stop::Now)), Effect::Quit],
            _ => vec![Effect::Quit],
        }
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
        self.replanned();
        match self.tally.phase {
            Phase::Planned | Phase::Finished(_) => {}
            Phase::Running | Phase::Paused if self.is_new(variant) => {}
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
            let hint = self.hints("; ", &[(Action::Stop, "stops the run")]);
            self.say(NoteLevel::Warning, format!("the verification is on already{hint}"), now);
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
            true => verdict::ASKED,
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

    /// Moves the selection, or scrolls what the keys are about.
    fn step(&mut self, by: isize, now: Duration) {
        let most = screen::most_scroll(self);
        if let Some(scroll) = self.overlay.as_mut().and_then(Overlay::scroll) {
            *scroll = (*scroll).min(most).saturating_add_signed(by).min(most);
            return;
        }
        match &self.overlay {
            Some(Overlay::Models(_)) => self.step_picker(by),
            Some(_) => {}
            None => match self.panel() {
                Panel::Variants | Panel::Front => self.select(self.position().saturating_add_signed(by)),
                Panel::Log => self.step_log(by),
                Panel::Trials if !self.shows_trial() => self.step_trials(by),
                Panel::Trials | Panel::About | Panel::Limits | Panel::Ranking => {
                    let most = screen::most_scroll_of_view(self, now);
                    self.scroll = self.scroll.min(most).saturating_add_signed(by).min(most);
                }
            },
        }
    }

    /// Turns to the variant or the model beside the one that is shown.
    fn turn(&mut self, by: isize) {
        if self.view == View::Quota {
            self.next_model(by);
        } else {
            let count = self.shown().count().max(1);
            self.select((self.position() + count).saturating_add_signed(by) % count);
            self.scroll = 0;
        }
    }

    fn next_model(&mut self, by: isize) {
        let count = self.tally.models.len().max(1);
        self.model = (self.model + count).saturating_add_signed(by) % count;
        self.scroll = 0;
        self.select(self.position());
    }

    /// Shows a view from its top, with the keys about its first panel.
    pub(super) fn show(&mut self, view: View) {
        if self.view != view {
            (self.view, self.panel, self.scroll) = (view, 0, 0);
        }
        self.overlay = None;
    }

    /// The same by its key. What has room is read once the quota is looked at.
    fn show_view(&mut self, view: View) -> Vec<Effect> {
        self.show(view);
        if view == View::Quota { self.read_models() } else { Vec::new() }
    }

    /// The Pareto front of the verdict; there, by tokens or by cost in turn.
    fn show_front(&mut self) {
        let front = View::Verdict.row().panels.iter().position(|panel| *panel == Panel::Front);
        if self.view == View::Verdict && self.overlay.is_none() && self.panel() == Panel::Front {
            self.by_cost = !self.by_cost && self.is_priced();
        }
        self.show(View::Verdict);
        self.panel = front.unwrap_or(0);
    }

    fn next_panel(&mut self, by: isize) {
        let count = self.view.row().panels.len();
        self.panel = (self.panel + count).saturating_add_signed(by) % count;
        self.scroll = 0;
    }

    /// Closes what lies over the view, or takes a filter away, or goes back to the dashboard.
    fn close(&mut self) -> Vec<Effect> {
        if matches!(self.overlay, Some(Overlay::Mend(_))) {
            self.overlay = None;
            return vec![Effect::GiveUp];
        }
        if self.adjusting().is_some() {
            self.close_adjusting();
        } else if self.overlay.is_some() {
            self.close_overlay();
        } else if self.view == View::Log && self.log.filter.clear() {
            self.log.top = None;
        } else if self.panel > 0 {
            (self.panel, self.scroll) = (0, 0);
        } else if !(self.view == View::Trials && self.close_trials()) {
            self.show(View::Dashboard);
        }
        Vec::new()
    }

    /// From now on letters go into a filter.
    fn type_filter(&mut self) {
        match self.picker() {
            Some(_) => self.type_picker_filter(),
            None if self.view == View::Trials => self.trials.filter.on = true,
            None => self.log.filter.on = true,
        }
    }

    fn keep_filter(&mut self) {
        match self.view {
            View::Trials => self.trials.filter.on = false,
            _ => self.log.filter.on = false,
        }
    }

    fn type_letter(&mut self, letter: char) {
        match &self.overlay {
            Some(Overlay::Models(_)) => self.type_picker_letter(letter),
            Some(Overlay::Adjust(_)) => self.type_number(letter),
            _ => self.change_filter(|filter| filter.push(letter)),
        }
    }

    fn erase_letter(&mut self) {
        match &self.overlay {
            Some(Overlay::Models(_)) => self.erase_picker_letter(),
            Some(Overlay::Adjust(_)) => self.erase_number(),
            _ => self.change_filter(Typed::erase),
        }
    }

    /// Changes what is typed in the view that is shown.
    fn change_filter(&mut self, change: impl FnOnce(&mut Typed)) {
        match self.view {
            View::Trials => self.change_trial_filter(change),
            _ => self.change_log_filter(change),
        }
    }

    /// Rows that a page key moves.
    fn page(&self) -> isize {
        let rows = if self.picker().is_some() {
            screen::picker_rows(self.size)
        } else if self.is_in_trials() {
            screen::trial_rows(self)
        } else if self.view == View::Dashboard && self.overlay.is_none() {
            usize::from(self.size.1) / 3
        } else {
            usize::from(self.size.1).saturating_sub(views::FRAME.into())
        };
        rows.cast_signed().max(1)
    }
}
