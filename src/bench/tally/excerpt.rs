//! Excerpt: as much of a tally as a verdict is worked out of, so that it can be worked out beside the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ModelTally, Tally, VariantTally};
use crate::bench::population::Population;
use crate::bench::stats::Distribution;

impl Tally {
    /// As much of it as a verdict and what is said beside one are worked out of: the same from it as from the whole. Cheap
    /// to take, as what is large is shared until the run goes on.
    #[must_use]
    pub fn excerpt(&self) -> Self {
        Self {
            phase: self.phase,
            models: self.models.iter().map(ModelTally::excerpt).collect(),
            ..Self::planned(Arc::clone(&self.plan))
        }
    }
}

impl ModelTally {
    fn excerpt(&self) -> Self {
        Self {
            quota: self.quota.clone(),
            learned: self.learned.clone(),
            variants: self.variants.iter().map(VariantTally::excerpt).collect(),
            blocks: self.blocks.clone(),
            within: self.within.clone(),
            in_flight: self.in_flight.clone(),
            ..Self::planned(0)
        }
    }
}

impl VariantTally {
    fn excerpt(&self) -> Self {
        Self {
            retired: self.retired.clone(),
            cold: self.cold.excerpt(),
            cached: self.cached.as_ref().map(|of| Box::new(of.excerpt())),
            outputs: self.outputs.clone(),
            errors: BTreeMap::new(),
            last_fault: None,
            sample: None,
            rejected: None,
            rejections: BTreeMap::new(),
            examples: BTreeMap::new(),
            ..*self
        }
    }
}

impl Population {
    fn excerpt(&self) -> Self {
        // A distribution that is shared is copied when the next trial comes; nobody judges by these two.
        Self { e2e: self.e2e.clone(), ttft: Distribution::default(), tpot: Distribution::default(), ..*self }
    }
}
