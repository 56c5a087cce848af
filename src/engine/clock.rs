//! Clock: durations since the Unix epoch from one monotonic base, so that nothing in a run ever goes back in time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The engine's one source of `now` and `at`; tokio's paused time is seen by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Duration,
    started: Instant,
}

impl Clock {
    /// A clock that takes the wall's time now and counts from there by itself.
    pub(crate) fn start() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { epoch, started: Instant::now() }
    }

    /// Now, since the Unix epoch, in the whole microseconds that a journal holds.
    pub(crate) fn now(self) -> Duration {
        whole_micros(self.epoch + self.started.elapsed())
    }

    /// The runtime's instant of a time since the Unix epoch.
    pub(crate) fn instant(self, at: Duration) -> Instant {
        self.started + at.saturating_sub(self.epoch)
    }
}

/// A duration in the whole microseconds that a journal holds, so that a replay equals the run.
pub(crate) fn whole_micros(duration: Duration) -> Duration {
    Duration::new(duration.as_secs(), duration.subsec_micros() * 1_000)
}
