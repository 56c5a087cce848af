//! Recent: the trials that a tally still has, as rows and as entries.

use std::collections::HashMap;

use crate::bench::event::{Entry, Event};
use crate::bench::tally::Tally;
use crate::bench::trials::{Texts, TrialRow, fault_name};

/// The rows of the last trials, the oldest first.
pub fn recent(tally: &Tally) -> Vec<TrialRow> {
    let mut faults: HashMap<u64, Vec<String>> = HashMap::new();
    for entry in &tally.lines {
        if let Event::InvocationFailed { trial, fault, .. } = &entry.event {
            faults.entry(trial.id).or_default().push(fault_name(fault));
        }
    }
    let mut texts = Texts::default();
    let row = |of: &crate::bench::tally::Finished| {
        let faults = faults.get(&of.sample.trial.id).map_or(&[][..], Vec::as_slice);
        TrialRow::of(of.at, &of.sample, faults, &mut texts)
    };
    tally.recent.iter().map(row).collect()
}

/// What a tally still knows of one trial: its faults and its end.
pub fn entries(tally: &Tally, trial: u64) -> Vec<Entry> {
    let is_about = |entry: &&Entry| entry.event.trial().is_some_and(|of| of.id == trial);
    let end = tally.recent.iter().rev().find(|of| of.sample.trial.id == trial);
    let end = end.map(|of| Entry { seq: of.seq, at: of.at, event: Event::TrialFinished { sample: of.sample.clone() } });
    tally.lines.iter().filter(is_about).cloned().chain(end).collect()
}
