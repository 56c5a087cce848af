//! Watch: how late the event loop comes and what CPU time the program takes, so that a client in its own way is seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use crate::bench::event::Event;
use crate::engine::clock::whole_micros;
use crate::engine::trial::Wires;

/// Between two looks; each costs a wake-up.
const LOOK: Duration = Duration::from_millis(20);
/// Looks are told together, this many at once: about a second's.
const TOGETHER: usize = 50;
/// How often a thread that is left out says what it took.
const REPORT: Duration = Duration::from_millis(100);

/// The client's look at itself; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Nanoseconds of CPU time that threads left out took.
    left_out: Arc<AtomicU64>,
}

impl Watch {
    /// Leaves the thread that polls this out of the client's CPU time: a simulator inside the program. Never ends.
    pub async fn leave_this_thread_out(self) {
        loop {
            if let Some(taken) = cpu(Scope::Thread) {
                self.left_out.store(taken.as_nanos() as u64, Ordering::Relaxed);
            }
            tokio::time::sleep(REPORT).await;
        }
    }

    /// Looks at the event loop that polls this, and tells about once a second. Never ends.
    pub(crate) async fn look(self, wires: Arc<Wires>, began: Option<Duration>) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            let mut lags = Vec::with_capacity(TOGETHER);
            while lags.len() < TOGETHER {
                let due = ticks.tick().await;
                lags.push(Instant::now().saturating_duration_since(due).as_micros() as u32);
            }
            self.tell(&wires, lags, began);
        }
    }

    /// Tells what was seen.
    pub(crate) fn tell(&self, wires: &Wires, lags: Vec<u32>, began: Option<Duration>) {
        let cpu = self.cpu().zip(began).map(|(now, began)| whole_micros(now.saturating_sub(began)));
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
        wires.tell_now(Event::ClientMeasured { lags, cpu, cores });
    }

    /// CPU time of this program so far, without the threads left out; `None` where the system does not say.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let left_out = Duration::from_nanos(self.left_out.load(Ordering::Relaxed));
        cpu(Scope::Process).map(|all| all.saturating_sub(left_out))
    }
}

#[derive(Clone, Copy)]
enum Scope {
    Process,
    Thread,
}

#[cfg(unix)]
fn cpu(scope: Scope) -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let clock = match scope {
        Scope::Process => ClockId::ProcessCPUTime,
        Scope::Thread => ClockId::ThreadCPUTime,
    };
    clock_gettime(clock).try_into().ok()
}

#[cfg(not(unix))]
fn cpu(_: Scope) -> Option<Duration> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_thread_left_out_takes_is_not_the_clients() {
        let watch = Watch::default();
        let before = watch.cpu().expect("unix says");
        let sum: u64 = (0..20_000_000_u64).map(std::hint::black_box).sum();
        assert!(std::hint::black_box(sum) > 0);
        let with_work = watch.cpu().expect("unix says");
        assert!(with_work > before);
        watch.left_out.store(u64::MAX / 2, Ordering::Relaxed);
        assert_eq!(watch.cpu(), Some(Duration::ZERO));
    }
}
