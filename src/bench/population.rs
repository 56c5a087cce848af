//! Population: successful trials of one kind — cold, or read from a prompt cache — and what one of them took.

use crate::bench::sample::{Sample, Timing};
use crate::bench::stats::{Distribution, Running};
use crate::bench::usage::Usage;

/// Successful trials that may be averaged: those of a variant that read from a prompt cache cost less quota, money
/// and time than those that did not, so the two are never mixed.
#[derive(Debug, Clone, Default)]
pub struct Population {
    /// Input tokens per trial.
    pub input: Running,
    /// Output tokens per trial.
    pub output: Running,
    /// Cache-read tokens per trial.
    pub cache_read: Running,
    /// Cache-write tokens per trial.
    pub cache_write: Running,
    /// All tokens per trial.
    pub total: Running,
    /// Quota tokens reserved per trial.
    pub reserved: Running,
    /// Quota tokens settled per trial.
    pub settled: Running,
    /// US dollars per trial, failed attempts included.
    pub cost: Running,
    /// TTFT.
    pub ttft: Distribution,
    /// E2E.
    pub e2e: Distribution,
    /// TPOT.
    pub tpot: Distribution,
}

impl Population {
    /// How many trials.
    pub fn n(&self) -> u64 {
        self.total.n()
    }

    /// Takes a successful trial in.
    pub(super) fn add(&mut self, sample: &Sample, usage: &Usage, timing: &Timing) {
        for (running, tokens) in [
            (&mut self.input, usage.input),
            (&mut self.output, usage.output),
            (&mut self.cache_read, usage.cache_read),
            (&mut self.cache_write, usage.cache_write),
            (&mut self.total, usage.total()),
            (&mut self.reserved, sample.reserved),
            (&mut self.settled, sample.settled),
        ] {
            running.add(tokens as f64);
        }
        if let Some(cost) = sample.cost_usd {
            self.cost.add(cost);
        }
        self.e2e.add(timing.e2e);
        if let Some(ttft) = timing.ttft {
            self.ttft.add(ttft);
        }
        if let Some(tpot) = timing.tpot(usage.output) {
            self.tpot.add(tpot);
        }
    }
}
