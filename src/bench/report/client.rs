//! Client: what the program saw of itself, as the report has it.

use serde::{Deserialize, Serialize};

use super::bottleneck;
use crate::bench::tally::Tally;

/// What the client saw of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientReport {
    /// Milliseconds by which its event loop came late, 99th percentile; `None` where too few looks were taken.
    pub lag_ms_p99: Option<f64>,
    /// Milliseconds from the moment an invocation might go to the moment it left, 99th percentile.
    #[serde(default)]
    pub dispatch_ms_p99: Option<f64>,
    /// CPU milliseconds of the program per invocation, an embedded simulator left out.
    pub cpu_ms_per_call: Option<f64>,
    /// `cpu`, `event_loop` or `dispatch`; `None` where the client kept up.
    pub bottleneck: Option<String>,
}

impl ClientReport {
    pub(super) fn of(tally: &Tally) -> Self {
        let client = &tally.client;
        Self {
            lag_ms_p99: client.lag.quantile_ms(0.99),
            dispatch_ms_p99: client.dispatch.quantile_ms(0.99),
            cpu_ms_per_call: client.cpu_ms_per_call(),
            bottleneck: bottleneck(tally).map(|found| found.name().into()),
        }
    }
}
