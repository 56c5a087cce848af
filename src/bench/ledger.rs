//! Ledger: what is taken of a quota now, and what still fits; the pacer, the gauge and the simulator each keep one.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bench::quota::{LimitKind, Quota};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// A window is kept in this many slots, so memory is bounded whatever the rate; an amount leaves its window
/// up to one slot (20 ms of a minute) late, never early.
const SLOTS: u32 = 3_000;

/// How a quota refills. Bedrock does not document its rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refill {
    /// Every window of the limit's length counts; `guard` lengthens it against clock jitter.
    Rolling {
        /// How much longer than the limit's own window an amount is remembered.
        guard: Duration,
    },
    /// The count starts again at each full minute (or UTC day).
    Clock,
    /// A bucket that refills all the time and holds at most `burst` windows of the limit.
    Bucket {
        /// The bucket's size as a share of a full window's limit.
        burst: f64,
    },
}

impl Refill {
    /// Every window counts, without a guard: what the gauges show.
    pub const ROLLING: Self = Self::Rolling { guard: Duration::ZERO };
}

/// What one admitted invocation holds until it is settled.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a hold that is never settled keeps its reservation for good"]
pub struct Hold {
    at: Duration,
    reserved: f64,
    held: f64,
}

/// Why an invocation is not admitted now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refusal {
    /// The limit that has no room.
    pub limit: LimitKind,
    /// When enough will have come free by itself; `None` where that waits for a settlement.
    pub until: Option<Duration>,
    /// True where it can never fit: it alone is larger than the limit.
    pub never: bool,
}

/// What is taken of one limit: requests or quota tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Taken {
    /// Settled in the current window.
    pub used: f64,
    /// Held by invocations that are still out.
    pub reserved: f64,
}

impl Taken {
    /// Both together.
    pub fn total(self) -> f64 {
        self.used + self.reserved
    }
}

/// What is taken of a quota, by Bedrock's rule: reserve at admission, settle at the end.
///
/// `now` is always a duration since the Unix epoch.
#[derive(Debug, Clone)]
pub struct Ledger {
    refill: Refill,
    rpm: Meter,
    tpm: Meter,
    tpd: Meter,
}

impl Ledger {
    /// An empty ledger over a quota. Absent limits are counted, but refuse nothing.
    pub fn new(quota: &Quota, refill: Refill) -> Self {
        let meter = |kind, window| Meter::new(quota.value(kind), window, refill);
        Self {
            refill,
            rpm: meter(LimitKind::Rpm, MINUTE),
            tpm: meter(LimitKind::Tpm, MINUTE),
            tpd: meter(LimitKind::Tpd, DAY),
        }
    }

    /// Sets other limits; what is already taken stays taken.
    pub fn set_quota(&mut self, quota: &Quota) {
        for kind in LimitKind::ALL {
            self.meter_mut(kind).set_limit(quota.value(kind));
        }
    }

    /// How this ledger refills.
    pub fn refill(&self) -> Refill {
        self.refill
    }

    /// Whether an invocation that will hold `tokens` quota tokens fits now; otherwise the limit that refuses longest.
    pub fn admits(&mut self, now: Duration, tokens: u64) -> Result<(), Refusal> {
        let mut worst: Option<Refusal> = None;
        for kind in LimitKind::ALL {
            let amount = if kind == LimitKind::Rpm { 1.0 } else { tokens as f64 };
            let Err(refusal) = self.fits(now, kind, amount) else { continue };
            let longer = worst.is_none_or(|w| match (refusal.never, w.never) {
                (true, false) => true,
                (false, true) => false,
                _ => refusal.until.is_none() || (w.until.is_some() && refusal.until > w.until),
            });
            if longer {
                worst = Some(refusal);
            }
        }
        worst.map_or(Ok(()), Err)
    }

    /// Whether an amount (requests or quota tokens) fits one limit now.
    pub fn fits(&mut self, now: Duration, kind: LimitKind, amount: f64) -> Result<(), Refusal> {
        let fits = self.meter_mut(kind).admits(now, amount);
        fits.map_err(|(until, never)| Refusal { limit: kind, until, never })
    }

    /// Takes one request and `tokens` quota tokens, whether or not they fit.
    pub fn reserve(&mut self, now: Duration, tokens: u64) -> Hold {
        self.hold(now, tokens, tokens)
    }

    /// Takes one request and what the service reserves for it, whether or not they fit, but keeps `held` quota tokens
    /// free until it is settled: more than `reserved` where it is expected to settle at more.
    pub fn hold(&mut self, now: Duration, reserved: u64, held: u64) -> Hold {
        let (reserved, held) = (reserved as f64, held.max(reserved) as f64);
        self.rpm.reserve(now, 1.0);
        self.tpm.reserve(now, held);
        self.tpd.reserve(now, held);
        // A request is used the moment it is admitted; only tokens are corrected at the end.
        self.rpm.settle(now, Hold { at: now, reserved: 1.0, held: 1.0 }, 1.0);
        Hold { at: now, reserved, held }
    }

    /// Replaces a hold by what the invocation really took. More than was reserved counts from now on.
    pub fn settle(&mut self, now: Duration, hold: Hold, tokens: u64) {
        self.tpm.settle(now, hold, tokens as f64);
        self.tpd.settle(now, hold, tokens as f64);
    }

    /// What is taken of one limit now.
    pub fn taken(&mut self, now: Duration, kind: LimitKind) -> Taken {
        self.meter_mut(kind).taken(now)
    }

    /// What is taken of one limit at a time, for who only looks: nothing is forgotten, and nothing copied.
    pub fn seen(&self, now: Duration, kind: LimitKind) -> Taken {
        self.meter(kind).seen(now)
    }

    /// What still fits of one limit now; `None` where there is no such limit.
    pub fn headroom(&mut self, now: Duration, kind: LimitKind) -> Option<f64> {
        self.meter_mut(kind).headroom(now)
    }

    /// How much of one limit could be taken now without delaying an amount that waits for it; `None` where no time is
    /// known at which that fits, and under rules other than the rolling minute.
    pub fn spare(&mut self, now: Duration, kind: LimitKind, amount: f64) -> Option<f64> {
        self.meter_mut(kind).spare(now, amount)
    }

    fn meter(&self, kind: LimitKind) -> &Meter {
        match kind {
            LimitKind::Rpm => &self.rpm,
            LimitKind::Tpm => &self.tpm,
            LimitKind::Tpd => &self.tpd,
        }
    }

    fn meter_mut(&mut self, kind: LimitKind) -> &mut Meter {
        match kind {
            LimitKind::Rpm => &mut self.rpm,
            LimitKind::Tpm => &mut self.tpm,
            LimitKind::Tpd => &mut self.tpd,
        }
    }
}

/// One limit's account.
#[derive(Debug, Clone)]
struct Meter {
    limit: Option<f64>,
    window: Duration,
    outstanding: f64,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Rolling { guard: Duration, slots: VecDeque<(u64, f64)>, sum: f64 },
    Clock { index: u64, used: f64, held_here: f64 },
    Bucket { burst: f64, level: f64, at: Option<Duration>, recent: VecDeque<(u64, f64)>, sum: f64 },
}

impl Meter {
    fn new(limit: Option<f64>, window: Duration, refill: Refill) -> Self {
        let state = match refill {
            Refill::Rolling { guard } => State::Rolling { guard, slots: VecDeque::new(), sum: 0.0 },
            Refill::Clock => State::Clock { index: 0, used: 0.0, held_here: 0.0 },
            Refill::Bucket { burst } => State::Bucket {
                burst,
                level: limit.unwrap_or(0.0) * burst,
                at: None,
                recent: VecDeque::new(),
                sum: 0.0,
            },
        };
        Self { limit, window, outstanding: 0.0, state }
    }

    fn set_limit(&mut self, limit: Option<f64>) {
        if let (State::Bucket { burst, level, .. }, Some(limit)) = (&mut self.state, limit) {
            *level = match self.limit {
                Some(_) => level.min(limit * *burst),
                None => limit * *burst - self.outstanding,
            };
        }
        self.limit = limit;
    }

    /// Brings the state to `now`.
    fn advance(&mut self, now: Duration) {
        let window = self.window;
        let limit = self.limit;
        match &mut self.state {
            State::Rolling { guard, slots, sum } => expire(slots, sum, now, window, *guard),
            State::Clock { index, used, held_here } => {
                let current = div(now, window);
                if current > *index {
                    *index = current;
                    *used = 0.0;
                    *held_here = 0.0;
                }
            }
            State::Bucket { burst, level, at, recent, sum } => {
                expire(recent, sum, now, window, Duration::ZERO);
                let before = at.unwrap_or(now);
                *at = Some(now.max(before));
                if let Some(limit) = limit {
                    let refilled = limit * now.saturating_sub(before).as_secs_f64() / window.as_secs_f64();
                    *level = (*level + refilled).min(limit * *burst);
                }
            }
        }
    }

    fn admits(&mut self, now: Duration, amount: f64) -> Result<(), (Option<Duration>, bool)> {
        let Some(limit) = self.limit else { return Ok(()) };
        self.advance(now);
        let most = match &self.state {
            State::Bucket { burst, .. } => limit * burst,
            _ => limit,
        };
        if amount > most + 1e-9 {
            return Err((None, true));
        }
        let missing = amount - self.free(limit);
        if missing <= 1e-9 {
            return Ok(());
        }
        let until = match &self.state {
            State::Rolling { guard, slots, .. } => {
                let mut freed = 0.0;
                slots.iter().find_map(|(slot, used)| {
                    freed += used;
                    (freed + 1e-9 >= missing).then(|| slot_start(*slot + 1, self.window) + self.window + *guard)
                })
            }
            State::Clock { index, .. } => {
                Some(Duration::from_nanos((u128::from(*index + 1) * self.window.as_nanos()) as u64))
            }
            State::Bucket { .. } => {
                Some(now + Duration::from_secs_f64((missing / limit * self.window.as_secs_f64()).min(86_400.0)))
            }
        };
        Err((until, false))
    }

    fn spare(&mut self, now: Duration, amount: f64) -> Option<f64> {
        let Some(limit) = self.limit else { return Some(f64::INFINITY) };
        self.advance(now);
        let missing = amount - self.free(limit);
        if missing <= 0.0 {
            return Some(-missing);
        }
        let State::Rolling { slots, .. } = &self.state else { return None };
        let mut freed = 0.0;
        slots.iter().find_map(|(_, used)| {
            freed += used;
            (freed + 1e-9 >= missing).then_some(freed - missing)
        })
    }

    /// What of the limit is not taken; the state is at now.
    fn free(&self, limit: f64) -> f64 {
        match &self.state {
            State::Rolling { sum, .. } => limit - sum - self.outstanding,
            State::Clock { used, held_here, .. } => limit - used - held_here,
            State::Bucket { level, .. } => *level,
        }
    }

    fn headroom(&mut self, now: Duration) -> Option<f64> {
        self.advance(now);
        self.limit.map(|limit| self.free(limit))
    }

    fn reserve(&mut self, now: Duration, amount: f64) {
        self.advance(now);
        self.outstanding += amount;
        match &mut self.state {
            State::Rolling { .. } => {}
            State::Clock { held_here, .. } => *held_here += amount,
            State::Bucket { level, .. } => *level -= amount,
        }
    }

    fn settle(&mut self, now: Duration, hold: Hold, settled: f64) {
        let Hold { at: admitted, reserved, held } = hold;
        self.advance(now);
        self.outstanding = (self.outstanding - held).max(0.0);
        let (window, limit) = (self.window, self.limit);
        match &mut self.state {
            State::Rolling { slots, sum, .. } => {
                add(slots, sum, admitted, window, settled.min(reserved));
                add(slots, sum, now, window, (settled - reserved).max(0.0));
            }
            State::Clock { index, used, held_here } => {
                if div(admitted, window) == *index {
                    *held_here = (*held_here - held).max(0.0);
                    *used += settled;
                } else {
                    *used += (settled - reserved).max(0.0);
                }
            }
            State::Bucket { burst, level, recent, sum, .. } => {
                *level += held - settled;
                if let Some(limit) = limit {
                    *level = level.min(limit * *burst);
                }
                add(recent, sum, now, window, settled);
            }
        }
        self.advance(now);
    }

    fn taken(&mut self, now: Duration) -> Taken {
        self.advance(now);
        let used = match &self.state {
            State::Rolling { sum, .. } | State::Bucket { sum, .. } => *sum,
            State::Clock { used, .. } => *used,
        };
        Taken { used: used.max(0.0), reserved: self.outstanding }
    }

    fn seen(&self, now: Duration) -> Taken {
        let used = match &self.state {
            State::Rolling { guard, slots, sum } => left(slots, *sum, now, self.window, *guard).1,
            State::Bucket { recent, sum, .. } => left(recent, *sum, now, self.window, Duration::ZERO).1,
            State::Clock { index, used, .. } if div(now, self.window) <= *index => *used,
            State::Clock { .. } => 0.0,
        };
        Taken { used: used.max(0.0), reserved: self.outstanding }
    }
}

fn div(now: Duration, length: Duration) -> u64 {
    (now.as_nanos() / length.as_nanos()) as u64
}

fn slot_start(slot: u64, window: Duration) -> Duration {
    Duration::from_nanos((u128::from(slot) * (window / SLOTS).as_nanos()) as u64)
}

/// Adds an amount at the slot of its own time, keeping the slots in order.
fn add(slots: &mut VecDeque<(u64, f64)>, sum: &mut f64, at: Duration, window: Duration, amount: f64) {
    if amount <= 0.0 {
        return;
    }
    let slot = div(at, window / SLOTS);
    *sum += amount;
    match slots.binary_search_by_key(&slot, |(s, _)| *s) {
        Ok(index) => slots[index].1 += amount,
        Err(index) => slots.insert(index, (slot, amount)),
    }
}

/// Drops what has left the window.
fn expire(slots: &mut VecDeque<(u64, f64)>, sum: &mut f64, now: Duration, window: Duration, guard: Duration) {
    let (gone, rest) = left(slots, *sum, now, window, guard);
    slots.drain(..gone);
    *sum = rest;
}

/// How many slots have left the window, and the sum of the others. An amount counts until its whole slot is a window
/// old.
fn left(slots: &VecDeque<(u64, f64)>, sum: f64, now: Duration, window: Duration, guard: Duration) -> (usize, f64) {
    let mut rest = sum;
    for (gone, (slot, amount)) in slots.iter().enumerate() {
        if slot_start(slot + 1, window) + window + guard > now {
            return (gone, rest);
        }
        rest -= amount;
    }
    (slots.len(), 0.0) // an empty window holds exactly nothing, whatever the roundings before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::quota::{Limit, LimitSource};

    fn quota(rpm: Option<f64>, tpm: Option<f64>) -> Quota {
        let limit = |value| Limit::unlisted(value, LimitSource::Applied);
        Quota { rpm: rpm.map(limit), tpm: tpm.map(limit), tpd: None }
    }

    fn at(seconds: f64) -> Duration {
        Duration::from_hours(500_000) + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn reservations_hold_until_settled_and_leave_after_a_minute() {
        let mut ledger = Ledger::new(&quota(None, Some(1_000.0)), Refill::ROLLING);
        let hold = ledger.reserve(at(0.0), 800);
        assert_eq!(ledger.admits(at(1.0), 300), Err(Refusal { limit: LimitKind::Tpm, until: None, never: false }));
        ledger.settle(at(2.0), hold, 500);
        assert_eq!(ledger.taken(at(2.0), LimitKind::Tpm), Taken { used: 500.0, reserved: 0.0 });
        assert!(ledger.admits(at(2.0), 500).is_ok());
        let refusal = ledger.admits(at(2.0), 501).unwrap_err();
        let until = refusal.until.expect("settled amounts leave by themselves");
        assert!(until >= at(60.0) && until <= at(60.1), "{until:?}");
        assert!(ledger.admits(until, 501).is_ok());
    }

    #[test]
    fn more_than_was_held_counts_from_the_settlement() {
        let mut ledger = Ledger::new(&quota(None, Some(10_000.0)), Refill::ROLLING);
        let hold = ledger.reserve(at(0.0), 5_250);
        ledger.settle(at(30.0), hold, 9_000);
        assert_eq!(ledger.taken(at(61.0), LimitKind::Tpm).used, 3_750.0);
        assert_eq!(ledger.taken(at(91.0), LimitKind::Tpm).used, 0.0);
    }

    #[test]
    fn what_is_expected_beyond_the_reservation_is_kept_free_and_counts_from_the_settlement() {
        let mut ledger = Ledger::new(&quota(None, Some(10_000.0)), Refill::ROLLING);
        let hold = ledger.hold(at(0.0), 1_000, 4_000);
        assert_eq!(ledger.headroom(at(0.0), LimitKind::Tpm), Some(6_000.0));
        ledger.settle(at(30.0), hold, 3_000);
        assert_eq!(ledger.taken(at(30.0), LimitKind::Tpm), Taken { used: 3_000.0, reserved: 0.0 });
        assert_eq!(ledger.taken(at(61.0), LimitKind::Tpm).used, 2_000.0);
        assert_eq!(ledger.taken(at(91.0), LimitKind::Tpm).used, 0.0);
    }

    #[test]
    fn what_alone_is_larger_than_the_limit_never_fits() {
        for refill in [Refill::ROLLING, Refill::Clock, Refill::Bucket { burst: 1.0 }] {
            let mut ledger = Ledger::new(&quota(Some(10.0), Some(1_000.0)), refill);
            let refusal = ledger.admits(at(0.0), 1_001).unwrap_err();
            assert!(refusal.never && refusal.limit == LimitKind::Tpm, "{refill:?}");
        }
    }

    #[test]
    fn the_clock_minute_forgets_and_the_bucket_refills() {
        let mut clock = Ledger::new(&quota(Some(2.0), None), Refill::Clock);
        // The epoch of these tests is a full minute.
        let (_a, _b) = (clock.reserve(at(58.0), 0), clock.reserve(at(59.0), 0));
        assert_eq!(clock.admits(at(59.5), 0).unwrap_err().until, Some(at(60.0)));
        assert!(clock.admits(at(60.0), 0).is_ok());

        let mut bucket = Ledger::new(&quota(Some(60.0), None), Refill::Bucket { burst: 1.0 / 30.0 });
        let (_c, _d) = (bucket.reserve(at(0.0), 0), bucket.reserve(at(0.0), 0));
        let until = bucket.admits(at(0.0), 0).unwrap_err().until.expect("refills by itself");
        assert!(until.saturating_sub(at(0.0)).abs_diff(Duration::from_secs(1)) < Duration::from_millis(1));
        assert!(bucket.admits(at(1.01), 0).is_ok());
    }

    #[test]
    fn what_comes_free_in_a_lump_leaves_something_to_spare_beside_what_waits_for_it() {
        let mut ledger = Ledger::new(&quota(None, Some(1_000.0)), Refill::ROLLING);
        let large = ledger.reserve(at(0.0), 600);
        ledger.settle(at(1.0), large, 600);
        let small = ledger.reserve(at(10.0), 100);
        ledger.settle(at(11.0), small, 100);
        // Another 600 fit when the first ones leave: 300 of the 400 that are free until then stay beside them.
        assert_eq!(ledger.spare(at(12.0), LimitKind::Tpm, 600.0), Some(300.0));
        assert_eq!(ledger.spare(at(12.0), LimitKind::Tpm, 250.0), Some(50.0), "it fits already");
        assert_eq!(ledger.spare(at(12.0), LimitKind::Rpm, 1.0), Some(f64::INFINITY), "no such limit");
        let _out = ledger.reserve(at(13.0), 290);
        assert_eq!(ledger.spare(at(13.0), LimitKind::Tpm, 1_000.0), None, "that waits for a settlement");
    }

    #[test]
    fn absent_limits_refuse_nothing_but_are_counted() {
        let mut ledger = Ledger::new(&Quota::default(), Refill::ROLLING);
        let hold = ledger.reserve(at(0.0), 1 << 40);
        assert!(ledger.admits(at(0.0), 1 << 40).is_ok());
        ledger.settle(at(1.0), hold, 7);
        assert_eq!(ledger.taken(at(1.0), LimitKind::Tpm).used, 7.0);
        assert_eq!(ledger.headroom(at(1.0), LimitKind::Tpm), None);
    }

    #[test]
    fn who_only_looks_sees_the_same() {
        let limits = Quota { tpm: Some(Limit::unlisted(5_000.0, LimitSource::Applied)), ..Quota::default() };
        let guard = Duration::from_millis(300);
        for refill in [Refill::ROLLING, Refill::Rolling { guard }, Refill::Clock, Refill::Bucket { burst: 0.5 }] {
            let mut ledger = Ledger::new(&limits, refill);
            for second in 0..200 {
                let hold = ledger.reserve(Duration::from_secs(second), 100 + second * 7 % 50);
                ledger.settle(Duration::from_millis(second * 1_000 + 700), hold, 100 + second * 11 % 90);
                for later in [0, 400, 12_345, 59_980, 60_000, 86_400_000] {
                    let now = Duration::from_millis(second * 1_000 + 700 + later);
                    for kind in LimitKind::ALL {
                        assert_eq!(ledger.seen(now, kind), ledger.clone().taken(now, kind), "{refill:?} {now:?}");
                    }
                }
            }
        }
    }
}
