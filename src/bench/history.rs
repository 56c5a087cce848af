//! History: what was taken of a quota over a run's time, in memory that does not grow with the run.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::ledger::Ledger;
use crate::bench::quota::LimitKind;

/// At most so many steps; where a run needs more, each becomes twice as long.
pub const MOST_STEPS: usize = 240;
/// How long a step is in a run of at most a minute.
const FINEST: Duration = Duration::from_millis(250);
/// So much of the end is kept in steps of one length, whatever the run's.
pub const RECENT: Duration = Duration::from_mins(5);
/// That length.
const RECENT_STEP: Duration = Duration::from_secs(1);

/// The most that was taken of a quota in one step of a run's time. A minute's use can only fall while nothing happens,
/// so the value at a step's start and those at its events hold the peak.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    /// Requests in the minute before.
    pub requests: f64,
    /// Quota tokens, settled in the minute before and held.
    pub tokens: f64,
    /// Those of them that were held for invocations that were out.
    pub held: f64,
    /// Throttled invocations in this step.
    pub throttles: u64,
}

impl Step {
    fn take(&mut self, requests: f64, used: f64, held: f64) {
        self.requests = self.requests.max(requests);
        if used + held > self.tokens {
            (self.tokens, self.held) = (used + held, held);
        }
    }

    fn join(self, later: Self) -> Self {
        let higher = if later.tokens > self.tokens { later } else { self };
        Self {
            requests: self.requests.max(later.requests),
            throttles: self.throttles.saturating_add(later.throttles),
            ..higher
        }
    }
}

/// One step as the report tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// Where the step starts, in seconds since the run began; it lasts until the next one's start.
    pub seconds: f64,
    /// The most requests in any minute that ended in it.
    pub requests: f64,
    /// The most quota tokens at once: settled in the minute before, or held.
    pub tokens: f64,
    /// Those of `tokens` that were held for invocations that were out.
    pub held: f64,
    /// Invocations that were throttled in it, warm-up included.
    pub throttles: u64,
}

/// Steps of one length, one after the other.
#[derive(Debug, Clone, PartialEq)]
struct Series {
    start: Option<Duration>,
    length: Duration,
    steps: VecDeque<Step>,
    /// Whether what is older than so many steps is dropped; else the steps become longer.
    most: Option<usize>,
}

impl Series {
    fn new(length: Duration, most: Option<usize>) -> Self {
        Self { start: None, length, steps: VecDeque::new(), most }
    }

    /// Makes room for the step of `at`.
    fn make_room(&mut self, at: Duration) {
        let start = *self.start.get_or_insert(at);
        let since = at.saturating_sub(start);
        if let Some(most) = self.most {
            let index = since.as_nanos() / self.length.as_nanos();
            let gone = u32::try_from((index + 1).saturating_sub(most as u128)).unwrap_or(u32::MAX);
            self.steps.drain(..(gone as usize).min(self.steps.len()));
            self.start = Some(start + self.length * gone);
            return;
        }
        while since >= self.length * MOST_STEPS as u32 {
            let mut steps = self.steps.iter().copied();
            let pairs =
                std::iter::from_fn(|| steps.next().map(|step| steps.next().map_or(step, |next| step.join(next))));
            self.steps = pairs.collect();
            self.length *= 2;
        }
    }

    /// Opens every step up to the one of `at`. Each is opened once, and halving the resolution leaves half of them, so
    /// that an event costs as good as nothing however long nothing happened before it.
    fn advance(&mut self, at: Duration, ledger: &mut Ledger) {
        self.make_room(at);
        let start = self.start.unwrap_or(at);
        while let Some(opens) = u32::try_from(self.steps.len()).ok().map(|index| start + self.length * index)
            && opens <= at.max(start)
        {
            self.steps.push_back(Step::default());
            self.look(&Taken::at(opens, ledger));
        }
    }

    /// The last step sees what is taken now.
    fn look(&mut self, taken: &Taken) {
        if let Some(step) = self.steps.back_mut() {
            step.take(taken.requests, taken.used, taken.held);
        }
    }

    fn throttled(&mut self) {
        if let Some(step) = self.steps.back_mut() {
            step.throttles = step.throttles.saturating_add(1);
        }
    }

    fn steps(&self) -> impl Iterator<Item = (Duration, &Step)> {
        let start = self.start.unwrap_or_default();
        self.steps.iter().zip(0_u32..).map(move |(step, index)| (start + self.length * index, step))
    }
}

/// What is taken of a quota at one time.
struct Taken {
    requests: f64,
    used: f64,
    held: f64,
}

impl Taken {
    fn at(at: Duration, ledger: &mut Ledger) -> Self {
        let (requests, tokens) = (ledger.taken(at, LimitKind::Rpm), ledger.taken(at, LimitKind::Tpm));
        Self { requests: requests.total(), used: tokens.used, held: tokens.reserved }
    }
}

/// What was taken of a model's quota, step by step: over the whole run, and its last five minutes by the second.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    whole: Series,
    recent: Series,
}

impl Default for History {
    fn default() -> Self {
        let most = RECENT.div_duration_f64(RECENT_STEP) as usize;
        Self { whole: Series::new(FINEST, None), recent: Series::new(RECENT_STEP, Some(most)) }
    }
}

impl History {
    /// Makes a change to the ledger at a time, and remembers what was taken before it and after it.
    pub(super) fn around<T>(&mut self, at: Duration, ledger: &mut Ledger, change: impl FnOnce(&mut Ledger) -> T) -> T {
        self.advance(at, ledger);
        let result = change(ledger);
        self.look(at, ledger);
        result
    }

    /// An invocation was throttled.
    pub(super) fn throttled(&mut self, at: Duration, ledger: &mut Ledger) {
        self.advance(at, ledger);
        self.whole.throttled();
        self.recent.throttled();
    }

    /// The steps of the whole run, each with its start since the Unix epoch.
    pub fn steps(&self) -> impl Iterator<Item = (Duration, &Step)> {
        self.whole.steps()
    }

    /// The steps of the last five minutes up to now, with what the ledger tells of the time since the last event.
    pub fn recent(&self, now: Duration, ledger: &Ledger) -> Vec<(Duration, Step)> {
        let mut recent = self.recent.clone();
        if recent.start.is_some() {
            recent.advance(now, &mut ledger.clone());
        }
        recent.steps().map(|(at, step)| (at, *step)).collect()
    }

    /// How long each step of the whole run is.
    pub fn length(&self) -> Duration {
        self.whole.length
    }

    /// The steps with their starts in seconds since `origin`.
    pub fn points(&self, origin: Duration) -> Vec<HistoryPoint> {
        let point = |(at, step): (Duration, &Step)| HistoryPoint {
            seconds: at.saturating_sub(origin).as_secs_f64(),
            requests: step.requests,
            tokens: step.tokens,
            held: step.held,
            throttles: step.throttles,
        };
        self.steps().map(point).collect()
    }

    fn advance(&mut self, at: Duration, ledger: &mut Ledger) {
        self.whole.advance(at, ledger);
        self.recent.advance(at, ledger);
        self.look(at, ledger);
    }

    fn look(&mut self, at: Duration, ledger: &mut Ledger) {
        let taken = Taken::at(at, ledger);
        self.whole.look(&taken);
        self.recent.look(&taken);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bench::ledger::Refill;
    use crate::bench::quota::Quota;

    const START: Duration = Duration::from_hours(500_000);

    fn ledger() -> Ledger {
        Ledger::new(&Quota::default(), Refill::ROLLING)
    }

    fn at(seconds: f64) -> Duration {
        START + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_step_holds_its_peak_and_a_quiet_minute_is_seen() {
        let (mut history, mut ledger) = (History::default(), ledger());
        let hold = history.around(at(0.0), &mut ledger, |ledger| ledger.reserve(at(0.0), 800));
        history.around(at(0.1), &mut ledger, |ledger| ledger.settle(at(0.1), hold, 300));
        let hold = history.around(at(10.0), &mut ledger, |ledger| ledger.reserve(at(10.0), 100));
        history.around(at(200.0), &mut ledger, |ledger| ledger.settle(at(200.0), hold, 100));
        let points = history.points(at(0.0).saturating_sub(Duration::from_secs(5)));
        assert_eq!((points[0].seconds, points[0].tokens, points[0].held, points[0].requests), (5.0, 800.0, 800.0, 1.0));
        let of =
            |seconds: f64| points.iter().rfind(|point| point.seconds <= seconds + 5.0).copied().unwrap_or_default();
        assert_eq!((of(1.0).tokens, of(1.0).held), (300.0, 0.0));
        assert_eq!((of(30.0).requests, of(30.0).tokens), (2.0, 400.0));
        assert_eq!((of(65.0).requests, of(65.0).tokens), (1.0, 100.0), "the first has left its minute");
        assert_eq!((of(150.0).requests, of(150.0).tokens, of(150.0).held), (0.0, 100.0, 100.0));
        assert!(points.len() <= MOST_STEPS);
    }

    #[test]
    fn the_last_five_minutes_are_kept_by_the_second_and_drain_until_now() {
        let (mut history, mut ledger) = (History::default(), ledger());
        assert!(history.recent(at(5.0), &ledger).is_empty());
        for second in 0..600 {
            let hold = history.around(at(second.into()), &mut ledger, |ledger| ledger.reserve(at(second.into()), 10));
            history.around(at(f64::from(second) + 0.5), &mut ledger, |ledger| {
                ledger.settle(at(f64::from(second) + 0.5), hold, 10);
            });
        }
        history.throttled(at(599.6), &mut ledger);
        let recent = history.recent(at(630.0), &ledger);
        assert_eq!(recent.len(), 300);
        let (first, last) = (recent[0], recent[299]);
        assert_eq!((first.0, last.0), (at(331.0), at(630.0)));
        assert_eq!((first.1.requests, last.1.requests), (61.0, 30.0), "a second's step holds its peak, and it drains");
        assert_eq!(recent.iter().map(|(_, step)| step.throttles).sum::<u64>(), 1);
        let quiet = history.recent(at(90_000.0), &ledger);
        assert!(quiet.len() == 300 && quiet.iter().all(|(_, step)| *step == Step::default()));
    }

    #[test]
    fn a_pause_of_days_costs_no_more_than_its_steps() {
        let (mut history, mut ledger) = (History::default(), ledger());
        history.throttled(at(0.0), &mut ledger);
        history.throttled(at(30.0 * 86_400.0), &mut ledger);
        history.throttled(at(1.0), &mut ledger);
        assert!(history.whole.steps.len() <= MOST_STEPS && history.whole.steps.len() > MOST_STEPS / 2);
        assert_eq!(history.steps().map(|(_, step)| step.throttles).sum::<u64>(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn it_is_bounded_and_keeps_every_throttle_and_the_peak(
            events in prop::sample::select(vec![1_u32, 2, 239, 240, 241, 1_000, 100_000]),
            gap_us in prop::sample::select(vec![0_u64, 1, 900, 40_000, 5_000_000, 3_600_000_000]),
            seed in any::<u64>(),
        ) {
            let (mut history, mut ledger) = (History::default(), ledger());
            let (mut now, mut random, mut throttles, mut peak) = (START, seed | 1, 0, 0.0_f64);
            let mut hold = None;
            for _ in 0..events {
                // A small generator of our own (xorshift): 100,000 values as a strategy would be slow.
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                now += Duration::from_micros(gap_us * (random % 3));
                match (random % 5, hold.take()) {
                    (0, kept) => {
                        throttles += 1;
                        history.throttled(now, &mut ledger);
                        hold = kept;
                    }
                    (_, Some(held)) => history.around(now, &mut ledger, |ledger| ledger.settle(now, held, random % 700)),
                    (_, None) => {
                        hold = Some(history.around(now, &mut ledger, |ledger| ledger.reserve(now, random % 900)));
                    }
                }
                peak = peak.max(ledger.taken(now, LimitKind::Tpm).total());
                prop_assert!(history.whole.steps.len() <= MOST_STEPS);
            }
            let points = history.points(START);
            prop_assert!(!points.is_empty());
            prop_assert_eq!(points.iter().map(|point| point.throttles).sum::<u64>(), throttles);
            let highest = points.iter().map(|point| point.tokens).fold(0.0, f64::max);
            prop_assert!((highest - peak).abs() < 1e-6, "{highest} is not {peak}");
            prop_assert!(points.iter().all(|point| point.held <= point.tokens));
            prop_assert!(points.windows(2).all(|pair| pair[0].seconds < pair[1].seconds));
        }
    }
}
