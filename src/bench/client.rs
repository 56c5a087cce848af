//! Client: what the program itself cost in a run, and whether it stood in its own way.

use std::time::Duration;

use crate::bench::stats::Distribution;

/// A client that is later than this and than [`NOTICEABLE`] of a request's latency spoils what it measures.
const LATE_MS: f64 = 5.0;
const NOTICEABLE: f64 = 0.05;
/// A client that keeps its processors busier than this has no room for more.
const BUSY: f64 = 0.85;

/// What a client did to its own measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bottleneck {
    /// Its processors were busy nearly all the time.
    Cpu,
    /// Its event loop came late, so chunks were stamped late.
    EventLoop,
    /// Invocations left late after they might.
    Dispatch,
}

impl Bottleneck {
    /// The report's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::EventLoop => "event_loop",
            Self::Dispatch => "dispatch",
        }
    }

    /// What it means for the figures, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Cpu => {
                "The client was itself the bottleneck: its processors were busy nearly all the time, so rates are too \
                 low and latencies too long; lower the concurrency or use a larger machine."
            }
            Self::EventLoop => {
                "The client was itself the bottleneck: its event loop came late, so latencies are too long; lower the \
                 concurrency or use an idle machine."
            }
            Self::Dispatch => {
                "The client was itself the bottleneck: requests left late after they might, so rates are too low; lower \
                 the concurrency or use an idle machine."
            }
        }
    }
}

/// What the client saw of itself.
#[derive(Debug, Clone, Default)]
pub struct ClientTally {
    /// By how much its event loop came late, at each look.
    pub lag: Distribution,
    /// From the moment an invocation might go to the moment it left: dispatch, serialising, signing.
    pub dispatch: Distribution,
    /// CPU time since the run began; `None` where it is unknown.
    pub cpu: Option<Duration>,
    /// Processors that it may use; 0 before the first look.
    pub cores: u32,
    /// Invocations sent.
    pub invocations: u64,
}

impl ClientTally {
    /// Takes looks in: microseconds late, CPU time since the run began, processors.
    pub(super) fn looked(&mut self, lags: &[u32], cpu: Option<Duration>, cores: u32) {
        for lag in lags {
            self.lag.add(Duration::from_micros(u64::from(*lag)));
        }
        (self.cpu, self.cores) = (cpu, cores);
    }

    /// Milliseconds of CPU time per invocation.
    pub fn cpu_ms_per_call(&self) -> Option<f64> {
        let cpu = self.cpu.filter(|_| self.invocations > 0)?;
        Some(cpu.as_secs_f64() * 1_000.0 / self.invocations as f64)
    }

    /// What stood in the way over a run of this length whose fastest kind of answer takes so many milliseconds.
    pub fn bottleneck(&self, elapsed: Duration, fastest_ms: Option<f64>) -> Option<Bottleneck> {
        let most = (fastest_ms.unwrap_or(0.0) * NOTICEABLE).max(LATE_MS);
        let late = |of: &Distribution| of.quantile_ms(0.99).is_some_and(|late| late > most);
        let processors = elapsed.as_secs_f64() * f64::from(self.cores);
        // A run that has only begun says nothing.
        let busy = self.lag.n() > 0 && self.cpu.is_some_and(|cpu| cpu.as_secs_f64() > processors * BUSY);
        if busy {
            Some(Bottleneck::Cpu)
        } else if late(&self.lag) {
            Some(Bottleneck::EventLoop)
        } else {
            late(&self.dispatch).then_some(Bottleneck::Dispatch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_client_that_keeps_up_is_no_bottleneck() {
        let mut client = ClientTally { invocations: 1_000, ..ClientTally::default() };
        client.looked(&[900; 3_000], Some(Duration::from_secs(2)), 2);
        assert_eq!(client.bottleneck(MINUTE, Some(300.0)), None);
        assert_eq!(client.cpu_ms_per_call(), Some(2.0));
    }

    #[test]
    fn busy_processors_a_late_loop_and_late_requests_are_told_apart() {
        let mut busy = ClientTally::default();
        busy.looked(&[900; 3_000], Some(Duration::from_secs(110)), 2);
        assert_eq!(busy.bottleneck(MINUTE, Some(300.0)), Some(Bottleneck::Cpu));
        let mut late = ClientTally::default();
        late.looked(&[40_000; 3_000], Some(Duration::from_secs(2)), 2);
        assert_eq!(late.bottleneck(MINUTE, Some(300.0)), Some(Bottleneck::EventLoop));
        assert_eq!(late.bottleneck(MINUTE, Some(3_000.0)), None, "nothing beside three seconds");
        let mut slow = ClientTally::default();
        (0..1_000).for_each(|_| slow.dispatch.add(Duration::from_millis(50)));
        assert_eq!(slow.bottleneck(MINUTE, Some(300.0)), Some(Bottleneck::Dispatch));
    }

    #[test]
    fn too_few_looks_say_nothing() {
        let mut client = ClientTally::default();
        client.looked(&[40_000; 50], None, 2);
        assert_eq!(client.bottleneck(MINUTE, None), None);
        assert_eq!(client.cpu_ms_per_call(), None);
    }
}
