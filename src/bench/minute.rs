//! A minute of an account: what everybody together, this program included, used of one model.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::micros;

/// One clock minute of an account's use of one model, as the service's own monitoring counts it (source: Bedrock user
/// guide, `monitoring-runtime-metrics`). It is known minutes later, and reservations are not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountMinute {
    /// The minute's start, since the Unix epoch.
    #[serde(with = "micros")]
    pub at: Duration,
    /// Invocations that were answered or throttled; those that failed otherwise are not counted.
    pub requests: f64,
    /// Those of them that were throttled.
    pub throttles: f64,
    /// Quota tokens, by the service's own estimate, in the minute in which they were settled.
    pub tokens: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_whole_microseconds() {
        let minute = AccountMinute { at: Duration::from_mins(1), requests: 3.0, throttles: 1.0, tokens: 512.0 };
        let line = serde_json::to_string(&minute).expect("writable");
        assert_eq!(line, r#"{"at":60000000,"requests":3.0,"throttles":1.0,"tokens":512.0}"#);
        assert_eq!(serde_json::from_str::<AccountMinute>(&line).expect("readable"), minute);
    }
}
