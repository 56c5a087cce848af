//! Handing: whose ready request leaves by the clipboard or as a file, and why that one.

use std::time::Duration;

use crate::bench::event::NoteLevel;
use crate::tui::keymap::Action;
use crate::tui::message::{Effect, Picked};
use crate::tui::model::{Model, Overlay};

impl Model {
    /// Whether a request can be handed over: there is a variant, and nothing but a request lies over the view.
    pub fn can_hand(&self) -> bool {
        matches!(self.overlay, None | Some(Overlay::Prompt(_))) && !self.tally.plan.variants.is_empty()
    }

    /// The request that is shown, else of the picked variant, else of the winner, else of the leader, else of the
    /// selected variant.
    pub(super) fn handed(&self) -> Picked {
        if let Some(Overlay::Prompt(view)) = &self.overlay {
            return view.of;
        }
        let judged = self.judged();
        let best = judged.verdict.winner.as_ref().or(judged.verdict.leader.as_ref());
        let named = |name: &String| self.tally.plan.variants.iter().position(|variant| variant.name == *name);
        let of = |variant| Picked { model: self.model, variant };
        self.picked.unwrap_or_else(|| of(best.and_then(named).unwrap_or(self.cursor)))
    }

    pub(super) fn copy(&self) -> Vec<Effect> {
        vec![Effect::CopyPrompt(self.handed())]
    }

    pub(super) fn save(&self) -> Vec<Effect> {
        vec![Effect::SavePrompt(self.handed())]
    }

    /// A variant's name, and what it is: `concise (winner)`.
    pub(super) fn called(&self, of: Picked) -> String {
        let name = self.tally.plan.variants.get(of.variant).map_or("", |variant| variant.name.as_str());
        let mut roles = Vec::new();
        if self.picked == Some(of) {
            roles.push("picked");
        }
        let judged = self.judged();
        let is = |best: &Option<String>| of.model == self.model && best.as_deref() == Some(name);
        if is(&judged.verdict.winner) {
            roles.push("winner");
        } else if is(&judged.verdict.leader) {
            roles.push("leader so far");
        }
        if roles.is_empty() {
            roles.push("selected");
        }
        if judged.verdict.leader.is_none() {
            roles.push("nothing was measured");
        }
        format!("{name} ({})", roles.join(", "))
    }

    pub(super) fn copied(&mut self, of: Picked, now: Duration) {
        let how = self.hints("; ", &[(Action::Save, "saves it where there is no clipboard")]);
        let text = format!("copied the request of {}{how}", self.called(of));
        self.say(NoteLevel::Info, text, now);
    }
}
