//! Telling: what the dispatcher says that is not about one trial.

use super::{AccountUse, Dispatcher};
use crate::bench::event::{Event, NoteLevel};
use crate::engine::trial::Invoke;

impl<G: Invoke> Dispatcher<G> {
    /// Tells what a lane has changed by itself since the last time: how many may be out, what was learned of its limits.
    pub(super) fn tell_changes(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        let (model, concurrency) = (lane.model, lane.crew.size());
        while let Some((limit, value)) = lane.pacer.learned() {
            lane.learned(limit, value);
            self.wires.tell_now(Event::LimitLearned { model, limit, value });
        }
        if std::mem::replace(&mut self.told[index], concurrency) != concurrency {
            self.wires.tell_now(Event::ConcurrencySet { model, concurrency });
        }
    }

    pub(super) fn account_use(&self, used: AccountUse) {
        for (model, minutes) in used.into_iter().enumerate() {
            self.wires.tell_now(Event::AccountUseRead { model, minutes });
        }
    }

    pub(super) fn note(&self, level: NoteLevel, text: String) {
        self.wires.tell_now(Event::Noted { level, text });
    }
}
