//! Blocks: what the trial of each variant took in each block, so that variants are compared pair by pair.
//!
//! A block holds every variant once on the same case at about the same time, so what a case or a slow minute does to
//! both of a pair cancels out. Blocks are taken in their order: a later one that is done first waits for those before
//! it, because what comes back first is what was short.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::bench::digest::{Digest, Trials};
use crate::bench::sample::{Outcome, Sample};

/// Blocks that are kept; a comparison looks at no more, so memory does not grow with the run.
pub const MOST_BLOCKS: usize = 4_096;

/// What one trial took. A failed one took quota tokens and money for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Taken {
    /// Whether the model answered.
    pub answered: bool,
    /// Whether the answer was accepted.
    pub accepted: bool,
    /// Whether it read from a prompt cache.
    pub cached: bool,
    /// Quota tokens settled for the answer.
    pub settled: f32,
    /// Quota tokens reserved for it.
    pub reserved: f32,
    /// E2E in seconds.
    pub latency: f32,
    /// All tokens of it.
    pub total: f32,
    /// Quota tokens of all invocations.
    pub took: f32,
    /// US dollars of all invocations; 0 where no price is known.
    pub spent: f32,
}

impl Taken {
    /// What a trial that ended took; `None` for one that the end of the run cut off.
    pub fn of(sample: &Sample) -> Option<Self> {
        let all = Self {
            took: (sample.settled + sample.wasted) as f32,
            spent: sample.cost_usd.unwrap_or_default() as f32,
            ..Self::default()
        };
        match &sample.outcome {
            Outcome::Unfinished => None,
            Outcome::Failed { .. } => Some(all),
            Outcome::Ok { usage, timing, .. } => Some(Self {
                answered: true,
                accepted: sample.is_accepted(),
                cached: usage.cache_read > 0,
                settled: sample.settled as f32,
                reserved: sample.reserved as f32,
                latency: timing.e2e.as_secs_f32(),
                total: usage.total() as f32,
                ..all
            }),
        }
    }
}

/// One model's blocks.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    variants: Vec<Line>,
}

/// One variant's blocks.
#[derive(Debug, Clone, Default)]
struct Line {
    /// Shared with whoever judges beside the run: it is copied only where both are at it at the same time.
    done: Arc<Vec<Taken>>,
    ahead: BTreeMap<u32, Taken>,
    /// What they add up to, once somebody asked since the last came.
    digest: OnceLock<Option<Digest>>,
}

impl Blocks {
    /// No block yet of so many variants.
    pub fn new(variants: usize) -> Self {
        Self { variants: vec![Line::default(); variants] }
    }

    /// Takes a trial in; warm-up and unfinished trials are in no block.
    pub fn finished(&mut self, sample: &Sample) {
        let trial = sample.trial;
        if let Some(taken) = Taken::of(sample).filter(|_| !trial.warmup) {
            self.take(trial.variant, trial.block, taken);
        }
    }

    /// Takes in what a variant's trial in a block took.
    pub fn take(&mut self, variant: usize, block: u32, taken: Taken) {
        let Some(line) = self.variants.get_mut(variant) else { return };
        if line.done.len() >= MOST_BLOCKS {
            line.ahead.clear();
            return;
        }
        line.ahead.insert(block, taken);
        while let Some(next) = line.ahead.remove(&(line.done.len() as u32)) {
            Arc::make_mut(&mut line.done).push(next);
            line.digest = OnceLock::new();
        }
    }

    /// A variant's trials, from the first block to the last before one that is not done.
    pub fn of(&self, variant: usize) -> &[Taken] {
        self.variants.get(variant).map_or(&[], |line| line.done.as_slice())
    }

    /// Those with what they add up to; `None` without an answer.
    pub fn trials(&self, variant: usize) -> Option<Trials<'_>> {
        let line = self.variants.get(variant)?;
        let digest = line.digest.get_or_init(|| Digest::of(&line.done)).as_ref()?;
        Some(Trials { taken: &line.done, digest })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::sample::{Timing, Trial};
    use crate::bench::usage::Usage;

    fn sample(block: u32, total: u64) -> Sample {
        let timing = Timing { e2e: Duration::from_secs(1), ..Timing::default() };
        Sample {
            trial: Trial { id: u64::from(block), model: 0, variant: 1, case: 0, block, warmup: false },
            outcome: Outcome::Ok {
                usage: Usage::reported(total, 0),
                timing,
                stop_reason: String::new(),
                cut_off: false,
                failed_checks: Vec::new(),
                text: None,
            },
            attempts: 1,
            reserved: 10,
            settled: 5,
            wasted: 2,
            waited: Duration::ZERO,
            to_success: Duration::ZERO,
            cost_usd: None,
        }
    }

    #[test]
    fn what_is_done_early_waits_for_the_blocks_before_it() {
        let mut blocks = Blocks::new(2);
        let totals = |blocks: &Blocks| blocks.of(1).iter().map(|taken| taken.total).collect::<Vec<_>>();
        for (block, known) in [(1, 0), (2, 0), (0, 3), (4, 3), (3, 5)] {
            blocks.finished(&sample(block, u64::from(block) + 100));
            assert_eq!(blocks.of(1).len(), known);
        }
        assert_eq!(totals(&blocks), [100.0, 101.0, 102.0, 103.0, 104.0]);
        assert_eq!(blocks.of(1)[0].took, 7.0);
        let mut warm = sample(5, 1);
        warm.trial.warmup = true;
        blocks.finished(&warm);
        blocks.finished(&Sample { outcome: Outcome::Unfinished, ..sample(5, 1) });
        assert_eq!((blocks.of(0).len(), blocks.of(1).len(), blocks.of(9).len()), (0, 5, 0));
    }

    #[test]
    fn memory_is_bounded() {
        let mut blocks = Blocks::new(2);
        for block in 0..2 * MOST_BLOCKS as u32 {
            blocks.finished(&sample(block, 1));
        }
        assert_eq!((blocks.of(1).len(), blocks.variants[1].ahead.len()), (MOST_BLOCKS, 0));
    }
}
