//! Picker: the list of models that may be called, what a filter finds in it, and which of it are marked.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::event::NoteLevel;
use crate::bench::plan::Plan;
use crate::bench::quota::LimitSource;
use crate::bench::tally::Tally;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Overlay};

/// The longest id that can be typed, in bytes (source: Bedrock API reference, `Converse`, `modelId`).
const LONGEST: usize = 2_048;

/// One id or profile that may be called. Hostile text.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    /// What is called.
    pub id: String,
    /// The base model, by which an application's profile is found, too.
    pub base: String,
    /// Which of the model's quotas it draws on, in a word.
    pub scope: &'static str,
    /// Whether replies can be streamed, where the service says so.
    pub streams: Option<bool>,
    /// `active`, `legacy`: the service's word.
    pub state: Option<String>,
    /// The day on which it ends, `YYYY-MM-DD`.
    pub ends: Option<String>,
    /// Requests a minute, and where the number comes from.
    pub rpm: Option<(f64, LimitSource)>,
    /// Quota tokens a minute, and where the number comes from.
    pub tpm: Option<(f64, LimitSource)>,
    /// US dollars per million tokens, input and output.
    pub price: Option<(f64, f64)>,
    /// What must be known before it is called: its end, its successor.
    pub advice: Option<String>,
}

/// What may be called here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelList {
    /// In the order of the screen.
    pub rows: Vec<ModelRow>,
    /// What the user must know of it.
    pub notes: Vec<String>,
}

/// How far the reading of the list has come. It is read once, and again where that failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Listed {
    /// Nobody asked for it yet.
    #[default]
    Unread,
    /// It is being read.
    Reading,
    /// It was read.
    Read(Arc<ModelList>),
    /// Why it could not be read.
    Failed(String),
}

impl Listed {
    /// The rows, where they are known.
    pub fn rows(&self) -> &[ModelRow] {
        match self {
            Self::Read(list) => &list.rows,
            Self::Unread | Self::Reading | Self::Failed(_) => &[],
        }
    }
}

/// The plan on other models.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// What the next run will do; which variants are included is still the screen's to say.
    pub plan: Arc<Plan>,
    /// What that means, as a sentence.
    pub said: String,
}

/// What the user does with the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picker {
    /// What the ids that are shown contain.
    pub filter: String,
    /// Whether letters go into the filter.
    pub typing: bool,
    /// Indices of the rows that are shown.
    pub found: Vec<usize>,
    /// Which of them is selected.
    pub cursor: usize,
    /// The ids that are marked, in the order in which they were.
    pub marked: Vec<String>,
    /// Why the last choice could not be taken.
    pub trouble: Option<String>,
}

impl Picker {
    /// What was typed, where it is offered as an id because the list does not have it.
    pub fn by_hand(&self, listed: &Listed) -> Option<&str> {
        let known = matches!(listed, Listed::Read(_) | Listed::Failed(_));
        Some(self.filter.trim()).filter(|text| known && self.found.is_empty() && !text.is_empty())
    }

    /// The row that is selected.
    pub fn selected<'a>(&self, listed: &'a Listed) -> Option<&'a ModelRow> {
        self.found.get(self.cursor).and_then(|index| listed.rows().get(*index))
    }

    /// The id that is selected, from the list or typed.
    fn id<'a>(&'a self, listed: &'a Listed) -> Option<&'a str> {
        self.selected(listed).map(|row| row.id.as_str()).or_else(|| self.by_hand(listed))
    }

    /// What Enter takes: the marked ids, or else the selected one.
    fn choice(&self, listed: &Listed) -> Vec<String> {
        if self.marked.is_empty() {
            self.id(listed).map(str::to_owned).into_iter().collect()
        } else {
            self.marked.clone()
        }
    }

    /// Finds what the filter leaves, capital letters or not, and selects the first of it.
    fn find(&mut self, listed: &Listed) {
        let wanted = self.filter.trim().to_lowercase();
        let fits = |row: &ModelRow| [&row.id, &row.base].iter().any(|name| name.to_lowercase().contains(&wanted));
        let rows = listed.rows().iter().enumerate();
        self.found = rows.filter(|(_, row)| fits(row)).map(|(index, _)| index).collect();
        self.cursor = 0;
    }

    /// The same, with the selection on a model that the plan has, where it is shown.
    fn find_beside(&mut self, listed: &Listed, plan: &Plan) {
        self.find(listed);
        let planned = |index: &usize| {
            let row = &listed.rows()[*index];
            plan.models.iter().any(|model| model.id.as_str() == row.id)
        };
        self.cursor = self.found.iter().position(planned).unwrap_or(0);
    }

    fn change_filter(&mut self, listed: &Listed, change: impl FnOnce(&mut String)) {
        change(&mut self.filter);
        self.trouble = None;
        self.find(listed);
    }
}

impl Model {
    /// The picker, where it lies over the dashboard.
    pub fn picker(&self) -> Option<&Picker> {
        match &self.overlay {
            Some(Overlay::Models(picker)) => Some(picker),
            _ => None,
        }
    }

    /// Whether there is something in the picker to mark.
    pub fn can_mark(&self) -> bool {
        self.picker().is_some_and(|picker| picker.id(&self.listed).is_some())
    }

    /// Whether there is something in the picker to take.
    pub fn can_take(&self) -> bool {
        !self.taking && self.picker().is_some_and(|picker| !picker.choice(&self.listed).is_empty())
    }

    /// Whether the selected row of the picker is marked.
    pub fn is_marked(&self) -> bool {
        let marked =
            |picker: &Picker| picker.id(&self.listed).is_some_and(|id| picker.marked.iter().any(|marked| marked == id));
        self.picker().is_some_and(marked)
    }

    /// Lays the list over the dashboard; asks for it where it is not known.
    pub(super) fn open_picker(&mut self) -> Vec<Effect> {
        let asks = self.read_models();
        let mut picker = Picker::default();
        picker.find_beside(&self.listed, &self.plan);
        self.overlay = Some(Overlay::Models(picker));
        asks
    }

    /// Asks for the list where it is not known.
    pub(super) fn read_models(&mut self) -> Vec<Effect> {
        if !matches!(self.listed, Listed::Unread | Listed::Failed(_)) {
            return Vec::new();
        }
        self.listed = Listed::Reading;
        vec![Effect::ListModels]
    }

    /// Takes the list in.
    pub(super) fn listed(&mut self, list: Result<ModelList, String>) {
        self.listed = match list {
            Ok(list) => Listed::Read(Arc::new(list)),
            Err(why) => Listed::Failed(why),
        };
        if let Some(Overlay::Models(picker)) = &mut self.overlay {
            picker.find_beside(&self.listed, &self.plan);
        }
    }

    /// Closes what lies over the view; the picker first loses its filter.
    pub(super) fn close_overlay(&mut self) {
        match &mut self.overlay {
            Some(Overlay::Models(picker)) if picker.typing || !picker.filter.is_empty() => {
                picker.typing = false;
                picker.filter.clear();
                picker.trouble = None;
                picker.find_beside(&self.listed, &self.plan);
            }
            _ => self.overlay = None,
        }
    }

    /// Puts a letter at the end of the filter.
    pub(super) fn type_picker_letter(&mut self, letter: char) {
        if let Some(Overlay::Models(picker)) = &mut self.overlay
            && picker.filter.len() < LONGEST
        {
            picker.change_filter(&self.listed, |filter| filter.push(letter));
        }
    }

    /// Takes the filter's last letter away.
    pub(super) fn erase_picker_letter(&mut self) {
        if let Some(Overlay::Models(picker)) = &mut self.overlay {
            picker.change_filter(&self.listed, |filter| _ = filter.pop());
        }
    }

    /// From now on letters go into the filter.
    pub(super) fn type_picker_filter(&mut self) {
        if let Some(Overlay::Models(picker)) = &mut self.overlay {
            picker.typing = true;
        }
    }

    /// Marks the selected id, or takes its mark away.
    pub(super) fn mark(&mut self) {
        let Some(Overlay::Models(picker)) = &mut self.overlay else { return };
        let Some(id) = picker.id(&self.listed).map(str::to_owned) else { return };
        match picker.marked.iter().position(|marked| *marked == id) {
            Some(at) => drop(picker.marked.remove(at)),
            None => picker.marked.push(id),
        }
    }

    /// Asks for the plan on the chosen models.
    pub(super) fn take_models(&mut self, now: Duration) -> Vec<Effect> {
        let ids = self.picker().map(|picker| picker.choice(&self.listed)).unwrap_or_default();
        if self.tally.is_active() || self.starting {
            self.say(NoteLevel::Warning, "a run is on: models wait for its end".into(), now);
            return Vec::new();
        }
        self.taking = true;
        if let Some(Overlay::Models(picker)) = &mut self.overlay {
            picker.trouble = None;
        }
        vec![Effect::TakeModels(ids)]
    }

    /// Puts the plan on the chosen models in the place of the plan and of what was measured, or says why not.
    pub(super) fn taken(&mut self, taken: Result<Taken, String>, now: Duration) {
        self.taking = false;
        match (taken, &mut self.overlay) {
            (Ok(Taken { mut plan, said }), _) => {
                self.carry_over(Arc::make_mut(&mut plan));
                let name = self.tally.plan.variants.get(self.cursor).map(|variant| variant.name.clone());
                let simulated = self.tally.simulated;
                self.tally = Tally { simulated, ..Tally::planned(Arc::clone(&plan)) };
                self.plan = plan;
                (self.estimate, self.picked, self.stopping, self.model, self.added) = (None, None, None, 0, 0);
                let same = |variant: &usize| name.as_ref() == Some(&self.tally.plan.variants[*variant].name);
                let position = self.shown().position(|variant| same(&variant));
                self.select(position.unwrap_or(0));
                if self.picker().is_some() {
                    self.overlay = None;
                }
                self.say(NoteLevel::Info, said, now);
            }
            (Err(why), Some(Overlay::Models(picker))) => picker.trouble = Some(why),
            (Err(why), _) => self.say(NoteLevel::Error, why, now),
        }
    }

    /// What the user chose of the plan until now holds on other models too.
    fn carry_over(&self, plan: &mut Plan) {
        for variant in &mut plan.variants {
            if let Some(before) = self.plan.variants.iter().find(|before| before.name == variant.name) {
                variant.included = before.included;
                variant.parameters.max_tokens = before.parameters.max_tokens;
            }
        }
        // Trials that were chosen for the time there is are chosen again.
        if self.plan.trials_named {
            (plan.trials, plan.trials_named) = (self.plan.trials, true);
        }
        (plan.concurrency, plan.verify) = (self.plan.concurrency, self.plan.verify);
    }

    /// Moves the picker's selection.
    pub(super) fn step_picker(&mut self, by: isize) {
        if let Some(Overlay::Models(picker)) = &mut self.overlay {
            let last = picker.found.len().saturating_sub(1);
            picker.cursor = picker.cursor.min(last).saturating_add_signed(by).min(last);
            picker.trouble = None;
        }
    }
}
