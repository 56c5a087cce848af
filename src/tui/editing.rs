//! Editing: a variant goes out to the user's editor and comes back as another one, beside those that there are.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::bench::event::NoteLevel;
use crate::bench::plan::Variant;
use crate::bench::tally::Phase;
use crate::tui::keymap::Action;
use crate::tui::message::{Added, Effect};
use crate::tui::model::{Mending, Model, Overlay};

impl Model {
    /// Whether a variant can be edited now: the selected one, or what was written is to be mended.
    pub fn can_edit(&self) -> bool {
        let open = matches!(self.overlay, None | Some(Overlay::Mend(_)));
        open && !self.starting && !self.taking && self.cursor < self.plan.variants.len()
    }

    pub(super) fn edit(&self) -> Vec<Effect> {
        vec![match &self.overlay {
            Some(Overlay::Mend(Mending { variant, .. })) => Effect::Edit { variant: *variant, again: true },
            _ => Effect::Edit { variant: self.cursor, again: false },
        }]
    }

    /// What came out of the editor.
    pub(super) fn returned(&mut self, written: Result<Option<Vec<u8>>, String>, now: Duration) -> Vec<Effect> {
        match written {
            Ok(Some(bytes)) => return vec![Effect::Add(bytes)],
            Ok(None) => self.say(NoteLevel::Info, "nothing was changed in the editor, so nothing is added".into(), now),
            Err(why) => self.say(NoteLevel::Warning, why, now),
        }
        Vec::new()
    }

    /// Puts what was written beside the others and selects it, or shows what is wrong with it.
    pub(super) fn added(&mut self, added: Result<Added, String>) -> Vec<Effect> {
        match added {
            Ok(added) => {
                self.put_beside(&added.variant);
                let last = self.plan.variants.len() - 1;
                let position = self.shown().position(|variant| variant == last);
                if let Some(position) = position {
                    self.select(position);
                }
                if matches!(self.overlay, Some(Overlay::Mend(_))) {
                    self.overlay = None;
                }
                vec![Effect::Keep(added)]
            }
            Err(why) => {
                self.overlay = Some(Overlay::Mend(Mending { variant: self.cursor, why, scroll: 0 }));
                Vec::new()
            }
        }
    }

    /// Puts a variant behind those of the plan, and of what is shown.
    pub(super) fn put_beside(&mut self, variant: &Variant) {
        Arc::make_mut(&mut self.plan).variants.push(variant.clone());
        self.tally.beside(variant);
        if self.tally.phase != Phase::Planned {
            self.added += 1;
        }
    }

    /// Whether the run that is shown began before this variant was there.
    pub fn is_new(&self, variant: usize) -> bool {
        variant + self.added >= self.tally.plan.variants.len()
    }

    /// Says that a variant is there, and where it is kept.
    pub(super) fn kept(&mut self, name: &str, place: Result<PathBuf, String>, now: Duration) {
        let there = if self.tally.is_active() {
            format!("{name} takes part in the next run, beside the others")
        } else {
            let how = self.hints(": ", &[(Action::Run, "runs it beside the others")]);
            format!("{name} is in the plan{how}")
        };
        match place {
            Ok(path) => self.say(NoteLevel::Info, format!("{there}; saved as {}", path.display()), now),
            Err(why) => self.say(NoteLevel::Warning, format!("{there}; it is not saved: {why}"), now),
        }
    }
}
