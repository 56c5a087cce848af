//! Trials: where the table of trials stands, and what keys and answers make of it.

use crate::bench::event::{Entry, Event};
use crate::bench::request::Request;
use crate::bench::template::Templates;
use crate::bench::trials::{self, Anchor, Ask, COLUMNS, Filter, NoPage, Order, Page, Query, TrialRow};
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::screen;
use crate::tui::typed::Typed;
use crate::tui::view::View;

/// Rows that are asked for, in screens.
const SCREENS: usize = 4;
/// And at least.
const LEAST: usize = 64;

/// Where the table of trials stands.
#[derive(Debug, Clone, Default)]
pub struct Trials {
    /// What is typed.
    pub filter: Typed,
    /// What of it cannot be understood, in a sentence; the rest is in force.
    pub trouble: Option<String>,
    /// Which trials are shown, and in which order.
    pub query: Query,
    /// The selected trial; `None` stays at the top.
    pub selected: Option<u64>,
    /// How many rows are shown above it.
    pub line: usize,
    /// What is known of the trials.
    pub page: Page,
    /// Where that comes from.
    pub source: Source,
    /// The trial that is shown alone.
    pub one: Option<One>,
    /// The run that this is about.
    run: Option<String>,
    /// The last entry that was heard.
    heard: Option<u64>,
    /// The number of the last ask, and what it was for.
    number: u64,
    asked: Option<(Query, Anchor)>,
    /// Whether its answer is waited for.
    waits: bool,
    /// Where the selection goes with the next answer.
    moved: Option<Anchor>,
    /// Whether it is shown alone then.
    opens: bool,
    /// Whether trials ended since the last page.
    stale: bool,
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// The last trials alone, while the journal is read.
    #[default]
    Reading,
    /// The journal: every trial.
    Journal,
    /// The last trials alone, and why.
    Recent(NoPage),
}

/// One trial with all that is known of it.
#[derive(Debug, Clone)]
pub struct One {
    /// Its row.
    pub row: TrialRow,
    /// Its entries, the last of them its end.
    pub entries: Vec<Entry>,
    /// Whether these are all.
    pub complete: bool,
    /// Why there are no more, in a sentence.
    pub trouble: Option<String>,
    /// The request as it was sent; `Err` says why it cannot be shown.
    pub request: Result<Request, String>,
}

impl Trials {
    /// Takes in that an entry was heard.
    pub(super) fn heard(&mut self, entry: &Entry) {
        let began = matches!(entry.event, Event::RunStarted { .. });
        self.heard = self.heard.filter(|_| !began).max(Some(entry.seq));
        self.stale |= matches!(entry.event, Event::TrialFinished { .. });
    }

    /// Where the selected trial stands among those that fit.
    pub fn position(&self) -> usize {
        let Some(selected) = self.selected else { return 0 };
        let found = self.page.rows.iter().position(|row| row.trial.id == selected);
        found.map_or(self.page.at, |found| self.page.from + found)
    }

    /// Where the first row on the screen stands.
    pub fn first(&self, visible: usize) -> usize {
        self.position().saturating_sub(self.line).min(self.page.matching.saturating_sub(visible))
    }

    /// The row at a place.
    fn at(&self, position: usize) -> Option<&TrialRow> {
        position.checked_sub(self.page.from).and_then(|index| self.page.rows.get(index))
    }

    /// Selects what stands at a place, which follows the newest at the top of them.
    fn select(&mut self, position: usize) {
        let follows = position == 0 && self.query.is_newest_first();
        self.selected = self.at(position).filter(|_| !follows).map(|row| row.trial.id);
    }

    fn move_by(&mut self, by: isize, visible: usize) {
        let (here, last) = (self.position(), self.page.matching.saturating_sub(1));
        let to = here.saturating_add_signed(by).min(last);
        let line = (here - self.first(visible)).saturating_add_signed(to.cast_signed() - here.cast_signed());
        self.line = line.min(visible.saturating_sub(1));
        match (by, self.moved) {
            (_, None) if self.at(to).is_some() => self.select(to),
            (isize::MIN, _) => self.moved = Some(Anchor::First),
            (isize::MAX, _) => self.moved = Some(Anchor::Last),
            (_, Some(Anchor::Behind { trial, by: before })) => {
                self.moved = Some(Anchor::Behind { trial, by: before.saturating_add(by) });
            }
            (_, Some(Anchor::First | Anchor::Last)) => {}
            (_, None) => {
                let from = self.selected.or_else(|| self.at(here).map(|row| row.trial.id));
                self.moved = from.map(|trial| Anchor::Behind { trial, by });
            }
        }
    }

    /// A page around a place is there: what is selected stays so, wherever it stands now.
    fn arrive(&mut self, page: Page, anchor: Anchor) {
        let at = page.at;
        self.page = page;
        if anchor != self.anchor() {
            // A key has moved the selection since; where it stands now is asked for again.
            self.stale = true;
            return;
        }
        let there = self.at(at).map(|row| row.trial.id);
        if self.moved.take().is_some() || there.is_some() && there != self.selected {
            self.select(at);
        }
    }

    fn anchor(&self) -> Anchor {
        let stays = self.selected.map_or(Anchor::First, |trial| Anchor::Behind { trial, by: 0 });
        self.moved.unwrap_or(stays)
    }

    /// Whether rows near the screen are not there.
    fn lacks(&self, visible: usize) -> bool {
        let (first, margin) = (self.first(visible), visible / 2);
        let end = self.page.from + self.page.rows.len();
        first.saturating_sub(margin) < self.page.from || (first + visible + margin).min(self.page.matching) > end
    }

    fn filtered(&mut self) {
        (self.query.filter, self.trouble) = Filter::read(&self.filter.text);
    }
}

impl Model {
    /// Whether a trial is shown alone.
    pub fn shows_trial(&self) -> bool {
        self.view == View::Trials && self.trials.one.is_some()
    }

    /// Whether the keys are about the table of trials.
    pub fn is_in_trials(&self) -> bool {
        self.overlay.is_none() && self.view == View::Trials && self.trials.one.is_none()
    }

    /// Whether there is a trial to show alone.
    pub fn can_open(&self) -> bool {
        self.is_in_trials() && !self.trials.filter.on && !self.trials.page.rows.is_empty()
    }

    /// Whether the selected variant has rejected answers, in a view that is about it.
    pub fn has_rejected(&self) -> bool {
        let of = self.tally.models.get(self.model).and_then(|model| model.variants.get(self.cursor));
        self.overlay.is_none()
            && matches!(self.view, View::Dashboard | View::Variant | View::Verdict)
            && of.is_some_and(|of| !of.rejections.is_empty())
    }

    /// Shows the trials of a variant, on the shown model, whose answers a check rejected.
    pub fn show_rejected(&mut self, variant: usize) {
        let plan = &self.tally.plan;
        let Some(name) = plan.variants.get(variant).map(|variant| trials::quoted(&variant.name)) else { return };
        let model = plan.models.get(self.model).filter(|_| plan.models.len() > 1);
        let on = model.map_or_else(String::new, |model| format!(" model={}", trials::quoted(model.id.as_str())));
        self.show(View::Trials);
        self.trials.one = None;
        self.trials.selected = None;
        self.change_trial_filter(|filter| {
            *filter = Typed { text: format!("outcome:rejected variant={name}{on}"), on: false };
        });
    }

    /// Changes the filter of the trials.
    pub(super) fn change_trial_filter(&mut self, change: impl FnOnce(&mut Typed)) {
        change(&mut self.trials.filter);
        self.trials.filtered();
    }

    /// Goes back from one trial to the table, or takes the filter away; false where there is nothing of both.
    pub(super) fn close_trials(&mut self) -> bool {
        if self.trials.one.take().is_some() {
            self.scroll = 0;
            return true;
        }
        let cleared = self.trials.filter.clear();
        self.trials.filtered();
        cleared
    }

    /// Sorts the trials by the column before or after.
    pub(super) fn sort_trials(&mut self, by: isize) {
        let sortable: Vec<usize> = (0..COLUMNS.len()).filter(|at| COLUMNS[*at].key.is_some()).collect();
        let now = sortable.iter().position(|at| *at == self.trials.query.sort).unwrap_or(0);
        let next = (now + sortable.len()).saturating_add_signed(by) % sortable.len();
        self.trials.query.sort = sortable[next];
    }

    /// Turns the order of the trials around.
    pub(super) fn reverse_trials(&mut self) {
        self.trials.query.descending = !self.trials.query.descending;
    }

    /// Moves through the trials.
    pub(super) fn step_trials(&mut self, by: isize) {
        let visible = screen::trial_rows(self);
        self.trials.move_by(by, visible);
    }

    /// Shows the next trial of the table alone.
    pub(super) fn turn_trial(&mut self, by: isize) -> Vec<Effect> {
        self.step_trials(by);
        self.open_trial()
    }

    /// Shows the selected trial alone, once its row is there.
    pub(super) fn open_trial(&mut self) -> Vec<Effect> {
        if self.trials.moved.is_some() {
            self.trials.opens = true;
            return Vec::new();
        }
        let Some(row) = self.trials.at(self.trials.position()).cloned() else { return Vec::new() };
        let id = row.trial.id;
        self.scroll = 0;
        let request = self.request_of(&row);
        let entries = trials::entries(&self.tally, id);
        self.trials.one = Some(One { row, entries, complete: false, trouble: None, request });
        let is_recorded = !matches!(self.trials.source, Source::Recent(_));
        is_recorded.then_some(Effect::Trial(id)).into_iter().collect()
    }

    fn request_of(&self, row: &TrialRow) -> Result<Request, String> {
        let plan = &self.tally.plan;
        let case = plan.cases.get(row.trial.case).ok_or("its case is not in the plan")?;
        plan.variants.get(row.trial.variant).ok_or("its variant is not in the plan")?;
        let templates = Templates::new(plan).map_err(|error| error.message)?;
        templates.render(row.trial.variant, case).map_err(|error| error.message)
    }

    /// Takes in what the journal says of the trials.
    pub(super) fn listed_trials(&mut self, number: u64, page: Result<Page, NoPage>) -> Vec<Effect> {
        if number != self.trials.number || !self.trials.waits {
            return Vec::new();
        }
        self.trials.waits = false;
        let anchor = self.trials.asked.as_ref().map_or(Anchor::First, |(_, anchor)| *anchor);
        match page {
            Ok(page) => {
                self.trials.source = Source::Journal;
                self.trials.arrive(page, anchor);
            }
            Err(why) => {
                self.trials.source = Source::Recent(why);
                self.list_recent();
            }
        }
        if std::mem::take(&mut self.trials.opens) { self.open_trial() } else { Vec::new() }
    }

    /// Takes in what the journal says of one trial.
    pub(super) fn told_of_trial(&mut self, id: u64, entries: Result<Vec<Entry>, String>) {
        let Some(one) = self.trials.one.as_mut().filter(|one| one.row.trial.id == id) else { return };
        match entries {
            Ok(entries) if !entries.is_empty() => (one.entries, one.complete) = (entries, true),
            // Then what was heard is all that is known.
            Ok(_) => one.trouble = Some("the journal does not have this trial".into()),
            Err(why) => one.trouble = Some(why),
        }
    }

    /// Makes the page of the trials that the tally still has.
    fn list_recent(&mut self) {
        let rows = trials::recent(&self.tally);
        let mut order = Order::default();
        order.renew(&self.trials.query, &rows, &self.tally.plan);
        let anchor = self.trials.anchor();
        self.trials.stale = false;
        self.trials.arrive(order.page(anchor, usize::MAX, &rows), anchor);
    }

    /// Keeps the table up to date while it is looked at, and forgets it afterwards. What it needs is asked for once at
    /// a time, except where a key asks for something else.
    pub(super) fn look_at_trials(&mut self) -> Vec<Effect> {
        if self.view != View::Trials {
            let looked = self.trials.asked.take().is_some();
            if looked {
                let kept = std::mem::take(&mut self.trials);
                let Trials { filter, trouble, query, selected, line, run, heard, number, .. } = kept;
                self.trials =
                    Trials { filter, trouble, query, selected, line, run, heard, number, ..Trials::default() };
            }
            return if looked { vec![Effect::LeaveTrials] } else { Vec::new() };
        }
        if self.trials.run != self.tally.run {
            let kept = std::mem::take(&mut self.trials);
            let Trials { filter, trouble, query, heard, number, .. } = kept;
            let run = self.tally.run.clone();
            self.trials = Trials { filter, trouble, query, run, heard, number, ..Trials::default() };
        }
        if self.trials.run.is_none() {
            return Vec::new();
        }
        let asked = self.trials.asked.as_ref();
        let another = asked.is_none_or(|(query, _)| *query != self.trials.query);
        if self.trials.source != Source::Journal && (another || self.trials.stale) {
            self.list_recent();
        }
        let visible = screen::trial_rows(self);
        let trials = &mut self.trials;
        let anchor = trials.anchor();
        if matches!(trials.source, Source::Recent(_)) {
            trials.asked = Some((trials.query.clone(), anchor));
            return Vec::new();
        }
        let moves = trials.moved.is_some() && (!trials.waits || trials.asked.as_ref().is_none_or(|of| of.1 != anchor));
        let lacks = !trials.waits && trials.source == Source::Journal && trials.lacks(visible);
        let needed = another || moves || lacks;
        if !needed && (trials.waits || !trials.stale) {
            return Vec::new();
        }
        trials.number += 1;
        (trials.asked, trials.waits, trials.stale) = (Some((trials.query.clone(), anchor)), true, false);
        let rows = (SCREENS * visible).max(LEAST);
        let (number, query, upto) = (trials.number, trials.query.clone(), trials.heard);
        vec![Effect::Page(Ask { number, query, anchor, rows, upto, again: !needed })]
    }
}
