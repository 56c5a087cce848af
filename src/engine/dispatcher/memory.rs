//! Memory: what a run took of its models' quotas and learned of them, for the run after it.

use crate::bench::event::{Event, NoteLevel};
use crate::bench::model::ModelId;
use crate::engine::pacer::Pacer;
use crate::engine::trial::Wires;

/// What a run took of its models' quotas and learned of them, for the run after it: a quota does not begin anew.
#[derive(Debug, Default)]
pub struct Memory(Vec<(ModelId, Pacer)>);

impl Memory {
    /// Lets a model's pacer go on where the earlier run's ended, and says so where that still counts.
    pub(super) fn inherit(&mut self, id: &ModelId, pacer: &mut Pacer, wires: &Wires) {
        let Some(known) = self.0.iter().position(|(known, _)| known == id) else { return };
        let now = wires.clock.now();
        if pacer.inherit(now, self.0.swap_remove(known).1) {
            let text = format!("what an earlier run took of {id} within the last minute counts");
            wires.tell(now, Event::Noted { level: NoteLevel::Info, text });
        }
    }

    /// Keeps a model's pacer.
    pub(super) fn keep(&mut self, id: ModelId, pacer: Pacer) {
        self.0.push((id, pacer));
    }
}
