//! Crew: how many trials of one model may be under way at once, by slow start and Little's law.

use std::time::Duration;

use crate::bench::capacity::{Demand, capacity};
use crate::bench::plan::Concurrency;
use crate::bench::quota::Quota;

/// Where slow start begins.
const FIRST: u32 = 4;
/// The most where no limit per minute is known, and so nothing says how many are needed.
const UNLIMITED: u32 = 64;
/// The most in any case.
const MOST: u32 = 4_096;
/// Room above what the means need, so that a slow reply leaves no quota unused.
const SLACK: f64 = 1.5;
/// How much the newest reply weighs.
const WEIGHT: f64 = 0.1;

/// The number of trials that may be under way at once.
#[derive(Debug)]
pub(crate) struct Crew {
    auto: bool,
    size: u32,
    /// The share of a minute's quota that may go out at once.
    burst: f64,
    demand: Option<Demand>,
    /// Replies since the size last changed: a round ends when there are as many as the crew is large.
    replies: u32,
    /// When it last stepped back: what was sent before says nothing new.
    stepped_back: Option<Duration>,
}

impl Crew {
    /// A crew as the plan asks for it.
    pub(crate) fn new(concurrency: Concurrency, burst: f64) -> Self {
        let (auto, size) = match concurrency {
            Concurrency::Auto => (true, FIRST),
            Concurrency::Fixed(n) => (false, n.max(1)),
        };
        Self { auto, size, burst, demand: None, replies: 0, stepped_back: None }
    }

    /// How many now.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Whether the number follows the need.
    pub(crate) fn is_auto(&self) -> bool {
        self.auto
    }

    /// The user fixes the number, or lets it follow the need again from where it is.
    pub(crate) fn set(&mut self, concurrency: Concurrency) {
        match concurrency {
            Concurrency::Auto => self.auto = true,
            Concurrency::Fixed(size) => (self.auto, self.size) = (false, size.max(1)),
        }
        self.replies = 0;
    }

    /// The first invocation is ready, and the burst lets so many go at once. The larger the burst that is asked for, the
    /// less of a slow start there is.
    pub(crate) fn begin(&mut self, at_once: Option<u32>) {
        if self.auto {
            let most = (f64::from(UNLIMITED) * self.burst) as u32;
            self.size = at_once.unwrap_or(FIRST).clamp(FIRST, most.max(2 * FIRST));
        }
    }

    /// Takes in what a reply took. At the end of a round the crew doubles until it has what the quota and the latency
    /// need, and shrinks where it has far more.
    pub(crate) fn replied(&mut self, limits: &Quota, took: Demand) {
        let mix = |old: f64, new: f64| old + WEIGHT * (new - old);
        let demand = self.demand.map_or(took, |d| Demand {
            settled: mix(d.settled, took.settled),
            reserved: mix(d.reserved, took.reserved),
            latency: mix(d.latency, took.latency),
        });
        self.demand = Some(demand);
        self.replies += 1;
        if !self.auto || self.replies < self.size {
            return;
        }
        self.replies = 0;
        let wanted = wanted(limits, demand, self.burst);
        let far_more = f64::from(self.size) > f64::from(wanted) * 1.25;
        if wanted > self.size || far_more {
            self.size = wanted.min(self.size.saturating_mul(2));
        }
    }

    /// No capacity at the service: half as many.
    pub(crate) fn step_back(&mut self, now: Duration, sent: Duration) {
        if !self.auto || self.size == 1 || self.stepped_back.is_some_and(|then| sent <= then) {
            return;
        }
        self.stepped_back = Some(now);
        self.replies = 0;
        self.size /= 2;
    }
}

/// Little's law: rate × latency, with some slack, and what a burst needs. A day's quota is no pace, so it does not count.
fn wanted(limits: &Quota, demand: Demand, burst: f64) -> u32 {
    let minute = Quota { tpd: None, ..limits.clone() };
    let Some(capacity) = capacity(&minute, demand, Duration::from_hours(24)) else { return UNLIMITED };
    let needed = (capacity.rpm * burst).max(capacity.rpm / 60.0 * demand.latency * SLACK).ceil() + 1.0;
    needed.clamp(2.0, f64::from(MOST)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::quota::{Limit, LimitSource};

    fn rpm(value: f64) -> Quota {
        Quota { rpm: Some(Limit::unlisted(value, LimitSource::Applied)), ..Quota::default() }
    }

    fn took(latency: f64) -> Demand {
        Demand { settled: 100.0, reserved: 100.0, latency }
    }

    /// The sizes that a crew goes through over so many replies.
    fn sizes(crew: &mut Crew, limits: &Quota, latency: f64, replies: u32) -> Vec<u32> {
        let mut sizes = Vec::new();
        for _ in 0..replies {
            let before = crew.size();
            crew.replied(limits, took(latency));
            if crew.size() != before {
                sizes.push(crew.size());
            }
        }
        sizes
    }

    #[test]
    fn it_doubles_up_to_what_littles_law_asks() {
        let mut crew = Crew::new(Concurrency::Auto, 0.01);
        // 600 a minute at 2 s: 20 are out on average, 31 with slack.
        assert_eq!(sizes(&mut crew, &rpm(600.0), 2.0, 500), [8, 16, 31]);
        let mut slower = Crew::new(Concurrency::Auto, 0.01);
        assert_eq!(sizes(&mut slower, &rpm(60.0), 0.5, 500), [2], "four are more than are needed");
        let mut burst = Crew::new(Concurrency::Auto, 1.0);
        assert_eq!(sizes(&mut burst, &rpm(60.0), 0.1, 500).last(), Some(&61), "a minute at once");
    }

    #[test]
    fn without_a_limit_it_stops_at_a_modest_number() {
        let mut crew = Crew::new(Concurrency::Auto, 0.01);
        assert_eq!(sizes(&mut crew, &Quota::default(), 2.0, 500).last(), Some(&UNLIMITED));
    }

    #[test]
    fn it_begins_with_what_the_burst_lets_go_at_once() {
        for (at_once, size) in [(None, 4), (Some(1), 4), (Some(60), 60), (Some(5_000), 64)] {
            let mut crew = Crew::new(Concurrency::Auto, 1.0);
            crew.begin(at_once);
            assert_eq!(crew.size(), size, "{at_once:?}");
        }
        let mut careful = Crew::new(Concurrency::Auto, 0.1);
        careful.begin(Some(5_000));
        assert_eq!(careful.size(), 8);
        let mut fixed = Crew::new(Concurrency::Fixed(3), 1.0);
        fixed.begin(Some(60));
        assert_eq!(fixed.size(), 3);
    }

    #[test]
    fn a_fixed_number_stays() {
        let mut crew = Crew::new(Concurrency::Fixed(3), 0.1);
        assert!(sizes(&mut crew, &rpm(600.0), 2.0, 100).is_empty());
        crew.step_back(Duration::from_secs(2), Duration::from_secs(1));
        assert_eq!(crew.size(), 3);
        crew.set(Concurrency::Fixed(9));
        assert_eq!(crew.size(), 9);
        crew.set(Concurrency::Auto);
        assert_eq!(
            sizes(&mut crew, &rpm(600.0), 2.0, 100),
            [18, 36, 61],
            "from where it is, to what a burst of 10 % needs"
        );
    }

    #[test]
    fn it_steps_back_once_for_all_that_was_in_flight() {
        let mut crew = Crew::new(Concurrency::Auto, 0.01);
        sizes(&mut crew, &rpm(600.0), 2.0, 500);
        crew.step_back(Duration::from_secs(10), Duration::from_secs(9));
        crew.step_back(Duration::from_secs(11), Duration::from_secs(9));
        assert_eq!(crew.size(), 15);
    }
}
