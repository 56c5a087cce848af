//! Pacer: whether an invocation may be sent now, so that no refill rule Bedrock may have is ever overdrawn.
//!
//! Bedrock does not document how a quota refills. A rolling minute that is never overdrawn overdraws neither a clock
//! minute nor a bucket of one minute's quota; the smoothing [`Bucket`] keeps bursts small beside that.

use std::time::Duration;

use crate::bench::ledger::{Hold, Ledger, Refill};
use crate::bench::quota::{LimitKind, Quota};

/// How much longer than a minute an amount is remembered: two requests sent a minute apart may arrive closer together
/// by as much as the network's delay varies. Costs 0.4 % of the quota.
const GUARD: Duration = Duration::from_millis(250);
/// The first cool-down after a throttle; it doubles with each further one up to [`LONGEST_COOL_DOWN`].
const FIRST_COOL_DOWN: Duration = Duration::from_secs(1);
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(20);

/// What one invocation will take, in quota tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Need {
    /// R: what the service reserves at admission.
    pub(crate) reserved: u64,
    /// What it is expected to settle at; may exceed R where output burns down faster than 1.
    pub(crate) expected: u64,
    /// What it reserves at the very least: a guess of the input is no reason to give a request up.
    pub(crate) least: u64,
}

impl Need {
    /// What is held for it until it is settled.
    pub(crate) fn held(self) -> u64 {
        self.reserved.max(self.expected)
    }
}

/// What an admitted invocation holds.
#[derive(Debug)]
#[must_use = "a ticket that is never settled keeps its reservation for good"]
pub(crate) struct Ticket {
    hold: Hold,
    expected: u64,
    sent: Duration,
}

impl Ticket {
    /// When the invocation was sent.
    pub(crate) fn sent(&self) -> Duration {
        self.sent
    }
}

/// Why an invocation may not be sent now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Refused {
    /// The limit has no room; `until` is absent where it waits for a settlement.
    Full { limit: LimitKind, until: Option<Duration> },
    /// The service throttled a moment ago.
    Cooling { until: Duration },
    /// It alone is larger than the whole limit.
    Never { limit: LimitKind, whole: f64 },
}

/// One model's pacing: what is taken, how fast more may go out, whether the service asked for quiet.
///
/// `now` is always a duration since the Unix epoch.
#[derive(Debug)]
pub(crate) struct Pacer {
    whole: Quota,
    share: Quota,
    ledger: Ledger,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    cool_down: CoolDown,
}

impl Pacer {
    /// A pacer that takes a share of a quota, and at most `burst` of a minute's share at once after quiet time.
    pub(crate) fn new(quota: &Quota, share: f64, burst: f64) -> Self {
        let whole = quota.clone();
        let share = quota.share(share);
        let bucket = |kind| share.value(kind).map(|limit| Bucket::new(limit, burst));
        Self {
            requests: bucket(LimitKind::Rpm),
            tokens: bucket(LimitKind::Tpm),
            ledger: Ledger::new(&share, Refill::Rolling { guard: GUARD }),
            whole,
            share,
            cool_down: CoolDown::default(),
        }
    }

    /// Takes what an invocation needs, if it may be sent now.
    pub(crate) fn admit(&mut self, now: Duration, need: Need) -> Result<Ticket, Refused> {
        self.fits_whole(need)?;
        if let Some(until) = self.cool_down.until.filter(|until| *until > now) {
            return Err(Refused::Cooling { until });
        }
        self.has_room(now, need)?;
        if let Some(bucket) = &mut self.requests {
            bucket.take(1.0);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(need.expected as f64);
        }
        let hold = self.ledger.hold(now, need.reserved, need.held());
        Ok(Ticket { hold, expected: need.expected, sent: now })
    }

    /// Replaces what an invocation held by what it took in the end.
    pub(crate) fn settle(&mut self, now: Duration, ticket: &Ticket, settled: u64) {
        self.ledger.settle(now, ticket.hold, settled);
        if let Some(bucket) = &mut self.tokens {
            bucket.refill(now);
            bucket.take(settled as f64 - ticket.expected as f64);
        }
    }

    /// The service throttled this invocation.
    pub(crate) fn throttled(&mut self, now: Duration, ticket: &Ticket) {
        self.cool_down.throttled(now, ticket.sent);
    }

    /// The service answered this invocation.
    pub(crate) fn answered(&mut self, ticket: &Ticket) {
        self.cool_down.answered(ticket.sent);
    }

    /// The limits that are paced: the plan's share of the quota.
    pub(crate) fn share(&self) -> &Quota {
        &self.share
    }

    /// What the service itself would refuse whatever the hour: only what it reserves counts for that.
    fn fits_whole(&self, need: Need) -> Result<(), Refused> {
        for kind in LimitKind::ALL {
            let amount = if kind == LimitKind::Rpm { 1.0 } else { need.least as f64 };
            if let Some(whole) = self.whole.value(kind).filter(|whole| amount > *whole) {
                return Err(Refused::Never { limit: kind, whole });
            }
        }
        Ok(())
    }

    /// Asks each limit, and names the one that refuses longest. What alone is larger than the share asks for all
    /// of the share: it goes when nothing else is taken.
    fn has_room(&mut self, now: Duration, need: Need) -> Result<(), Refused> {
        let mut longest: Option<(LimitKind, Option<Duration>)> = None;
        let mut refuse = |kind: LimitKind, until: Option<Duration>| {
            if longest.is_none_or(|(_, other)| until.is_none() || other.is_some_and(|other| until > Some(other))) {
                longest = Some((kind, until));
            }
        };
        for kind in LimitKind::ALL {
            let Some(limit) = self.share.value(kind) else { continue };
            let amount = if kind == LimitKind::Rpm { 1.0 } else { need.held() as f64 };
            // A whole number, so that sums of amounts are exact and an empty window always has room for it.
            let most = if limit >= 1.0 { limit.floor() } else { limit };
            if let Err(refusal) = self.ledger.fits(now, kind, amount.min(most)) {
                refuse(kind, refusal.until);
            }
        }
        let smoothed =
            [(LimitKind::Rpm, &mut self.requests, 1.0), (LimitKind::Tpm, &mut self.tokens, need.expected as f64)];
        for (kind, bucket, amount) in smoothed {
            if let Some(until) = bucket.as_mut().and_then(|bucket| bucket.refuses(now, amount)) {
                refuse(kind, Some(until));
            }
        }
        longest.map_or(Ok(()), |(limit, until)| Err(Refused::Full { limit, until }))
    }
}

/// Smooths one limit: refills all the time at the limit's own rate and holds a small part of a minute.
#[derive(Debug)]
struct Bucket {
    per_second: f64,
    most: f64,
    /// Negative after an invocation larger than the bucket, or one that took more than expected.
    level: f64,
    at: Option<Duration>,
}

impl Bucket {
    fn new(limit: f64, burst: f64) -> Self {
        let most = limit * burst;
        Self { per_second: limit / 60.0, most, level: most, at: None }
    }

    fn refill(&mut self, now: Duration) {
        let passed = self.at.map_or(Duration::ZERO, |at| now.saturating_sub(at));
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.level = (self.level + self.per_second * passed.as_secs_f64()).min(self.most);
    }

    /// When an amount may go, if not now. What is larger than the bucket goes when the bucket is full.
    fn refuses(&mut self, now: Duration, amount: f64) -> Option<Duration> {
        self.refill(now);
        let missing = amount.min(self.most) - self.level;
        // At least a microsecond, so that rounding never makes it "now".
        (missing > 1e-6).then(|| now + Duration::from_secs_f64((missing / self.per_second).clamp(1e-6, 86_400.0)))
    }

    fn take(&mut self, amount: f64) {
        self.level = (self.level - amount).min(self.most);
    }
}

/// Quiet after a throttle, longer each time; what was in flight when it began says nothing new.
#[derive(Debug, Default)]
struct CoolDown {
    until: Option<Duration>,
    since: Option<Duration>,
    throttles: u32,
}

impl CoolDown {
    fn throttled(&mut self, now: Duration, sent: Duration) {
        if self.is_old_news(sent) {
            return;
        }
        let wait = FIRST_COOL_DOWN.saturating_mul(1 << self.throttles.min(10)).min(LONGEST_COOL_DOWN);
        self.throttles += 1;
        self.since = Some(now);
        self.until = Some(now + wait);
    }

    fn answered(&mut self, sent: Duration) {
        if !self.is_old_news(sent) {
            self.throttles = 0;
        }
    }

    fn is_old_news(&self, sent: Duration) -> bool {
        self.since.is_some_and(|since| sent <= since)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bench::quota::{Limit, LimitSource};

    fn quota(rpm: Option<f64>, tpm: Option<f64>, tpd: Option<f64>) -> Quota {
        let limit = |value| Limit::unlisted(value, LimitSource::Applied);
        Quota { rpm: rpm.map(limit), tpm: tpm.map(limit), tpd: tpd.map(limit) }
    }

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(1_800_000_000.0 + seconds)
    }

    fn need(reserved: u64, expected: u64) -> Need {
        Need { reserved, expected, least: reserved }
    }

    /// The moment at which a need is admitted, asking again whenever the pacer says so.
    fn when(pacer: &mut Pacer, mut now: Duration, need: Need) -> (Duration, Ticket) {
        loop {
            match pacer.admit(now, need) {
                Ok(ticket) => return (now, ticket),
                Err(Refused::Full { until: Some(until), .. } | Refused::Cooling { until }) => {
                    assert!(until > now, "a wait must lead somewhere");
                    now = until;
                }
                Err(other) => panic!("{other:?} at {now:?}"),
            }
        }
    }

    #[test]
    fn a_whole_minute_may_go_at_once_with_burst_1_and_no_more() {
        let mut pacer = Pacer::new(&quota(Some(60.0), None, None), 1.0, 1.0);
        for _ in 0..60 {
            assert!(pacer.admit(at(0.0), need(10, 10)).is_ok());
        }
        let (next, _ticket) = when(&mut pacer, at(0.0), need(10, 10));
        assert!(next >= at(60.0) && next < at(60.5), "{next:?}");
    }

    #[test]
    fn a_small_burst_is_followed_by_an_even_pace() {
        let mut pacer = Pacer::new(&quota(Some(60.0), None, None), 1.0, 0.1);
        let mut now = at(0.0);
        let mut sent = Vec::new();
        for _ in 0..20 {
            let (then, _ticket) = when(&mut pacer, now, need(10, 10));
            now = then;
            sent.push(then);
        }
        assert!(sent[..6].iter().all(|then| *then == at(0.0)));
        assert!(
            sent[6..].windows(2).all(|pair| pair[1].abs_diff(pair[0]).abs_diff(Duration::from_secs(1)).as_millis() < 5)
        );
    }

    #[test]
    fn larger_than_the_burst_goes_alone_and_pays_for_it_afterwards() {
        let mut pacer = Pacer::new(&quota(None, Some(6_000.0), None), 1.0, 0.1);
        let (first, ticket) = when(&mut pacer, at(0.0), need(3_000, 3_000));
        assert_eq!(first, at(0.0));
        pacer.settle(at(1.0), &ticket, 3_000);
        let (second, _ticket) = when(&mut pacer, at(1.0), need(3_000, 3_000));
        assert!(second.abs_diff(at(30.0)).as_secs_f64() < 0.1, "{second:?}");
    }

    #[test]
    fn larger_than_the_share_goes_when_nothing_else_is_taken() {
        let mut pacer = Pacer::new(&quota(Some(100.0), Some(10_000.0), None), 0.5, 1.0);
        let small = pacer.admit(at(0.0), need(100, 100)).expect("room");
        assert!(matches!(pacer.admit(at(1.0), need(8_000, 500)), Err(Refused::Full { limit: LimitKind::Tpm, .. })));
        pacer.settle(at(1.0), &small, 100);
        let (alone, large) = when(&mut pacer, at(1.0), need(8_000, 500));
        assert!(alone >= at(60.0) && alone < at(61.0));
        assert!(pacer.admit(alone, need(100, 100)).is_err(), "nothing beside it");
        pacer.settle(alone, &large, 500);
        assert!(pacer.admit(alone, need(100, 100)).is_ok());
    }

    #[test]
    fn one_request_a_minute_can_be_had_of_a_share_below_one() {
        let mut pacer = Pacer::new(&quota(Some(1.0), None, None), 0.9, 0.1);
        let (_, _first) = when(&mut pacer, at(0.0), need(1, 1));
        let (second, _ticket) = when(&mut pacer, at(0.0), need(1, 1));
        assert!(second >= at(60.0) && second < at(70.0), "{second:?}");
    }

    #[test]
    fn larger_than_the_whole_quota_never_goes_and_says_which_limit() {
        let mut pacer = Pacer::new(&quota(Some(100.0), Some(10_000.0), Some(5_000.0)), 0.5, 1.0);
        let refused = pacer.admit(at(0.0), need(10_001, 1)).expect_err("refused");
        assert_eq!(refused, Refused::Never { limit: LimitKind::Tpm, whole: 10_000.0 });
        let refused = pacer.admit(at(0.0), need(5_001, 1)).expect_err("refused");
        assert_eq!(refused, Refused::Never { limit: LimitKind::Tpd, whole: 5_000.0 });
        let mut none = Pacer::new(&quota(Some(0.0), None, None), 0.9, 0.1);
        assert_eq!(
            none.admit(at(0.0), need(1, 1)).expect_err("refused"),
            Refused::Never { limit: LimitKind::Rpm, whole: 0.0 }
        );
    }

    #[test]
    fn absent_limits_refuse_nothing() {
        let mut pacer = Pacer::new(&Quota::default(), 0.9, 0.1);
        for _ in 0..10_000 {
            assert!(pacer.admit(at(0.0), need(1 << 30, 1 << 30)).is_ok());
        }
    }

    #[test]
    fn throttles_cool_down_longer_each_time_and_what_was_in_flight_is_old_news() {
        let mut pacer = Pacer::new(&Quota::default(), 0.9, 0.1);
        let tickets: Vec<Ticket> = (0..3).map(|_| pacer.admit(at(0.0), need(1, 1)).expect("no limit")).collect();
        for ticket in &tickets {
            pacer.throttled(at(0.5), ticket);
        }
        assert_eq!(pacer.admit(at(0.6), need(1, 1)).expect_err("refused"), Refused::Cooling { until: at(1.5) });
        let (again, ticket) = when(&mut pacer, at(0.6), need(1, 1));
        pacer.throttled(again, &ticket);
        pacer.throttled(again, &ticket);
        let (_, later) = when(&mut pacer, again, need(1, 1));
        let Err(Refused::Cooling { until }) = ({
            pacer.throttled(at(10.0), &later);
            pacer.admit(at(10.0), need(1, 1))
        }) else {
            panic!("cooling");
        };
        assert_eq!(until, at(14.0), "the third in a row waits four seconds");
        let (_, fine) = when(&mut pacer, at(20.0), need(1, 1));
        pacer.answered(&fine);
        let (now, bad) = when(&mut pacer, at(21.0), need(1, 1));
        pacer.throttled(now, &bad);
        assert_eq!(
            pacer.admit(now, need(1, 1)).expect_err("refused"),
            Refused::Cooling { until: now + FIRST_COOL_DOWN }
        );
    }

    const MINUTE: Duration = Duration::from_mins(1);

    /// One request of the property test: what it reserves, is expected to take, takes, and how long it is out.
    type Shape = (u64, u64, u64, u64);

    /// What the test itself remembers of an admitted request, independent of the ledger.
    struct Sent {
        at: Duration,
        need: Need,
        /// When it ended and what it took, once it has.
        ended: Option<(Duration, f64)>,
    }

    impl Sent {
        /// What of it counts in the minute that ends at `now`.
        fn counts(&self, now: Duration) -> f64 {
            let inside = |then: Duration| now.saturating_sub(then) < MINUTE;
            match self.ended {
                Some((ended, took)) if ended <= now => {
                    let reserved = self.need.reserved as f64;
                    let at_admission = if inside(self.at) { took.min(reserved) } else { 0.0 };
                    at_admission + if inside(ended) { (took - reserved).max(0.0) } else { 0.0 }
                }
                _ => self.need.held() as f64,
            }
        }
    }

    fn shapes() -> impl Strategy<Value = Vec<Shape>> {
        prop::collection::vec((1_u64..4_000, 1_u64..4_000, 0_u64..6_000, 0_u64..90_000), 1..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// Nothing is admitted while settled + outstanding + its own would exceed the share, in any rolling minute
        /// (what is larger than the share goes with nothing beside it); and everything is admitted in the end.
        #[test]
        fn no_rolling_minute_is_ever_overdrawn_and_nothing_starves(
            requests in shapes(),
            rpm in prop::option::of(1_u32..60),
            tpm in prop::option::of(4_000_u32..20_000),
            share in 0.3_f64..1.0,
            burst in 0.01_f64..1.0,
        ) {
            let quota = quota(rpm.map(f64::from), tpm.map(f64::from), None);
            let limits = quota.share(share);
            let mut pacer = Pacer::new(&quota, share, burst);
            let mut sent: Vec<Sent> = Vec::new();
            let mut out: Vec<(Duration, usize, Ticket, u64)> = Vec::new();
            let mut now = at(0.0);
            for (reserved, expected, takes, latency) in requests {
                let need = need(reserved, expected);
                loop {
                    out.sort_by_key(|(ends, ..)| std::cmp::Reverse(*ends));
                    while let Some((ends, index, ticket, takes)) = out.pop_if(|(ends, ..)| *ends <= now) {
                        pacer.settle(ends, &ticket, takes);
                        sent[index].ended = Some((ends, takes as f64));
                    }
                    let wake = match pacer.admit(now, need) {
                        Ok(ticket) => {
                            out.push((now + Duration::from_millis(latency), sent.len(), ticket, takes));
                            break;
                        }
                        Err(Refused::Full { until, .. }) => until,
                        Err(other) => panic!("{other:?}"),
                    };
                    let ends = out.last().map(|(ends, ..)| *ends);
                    let next = wake.into_iter().chain(ends).min().expect("something must end the wait");
                    prop_assert!(next > now, "the wait must lead somewhere");
                    now = next;
                }
                let requests_before = sent.iter().filter(|s| now.saturating_sub(s.at) < MINUTE).count();
                let tokens_before: f64 = sent.iter().map(|s| s.counts(now)).sum();
                if let Some(rpm) = limits.value(LimitKind::Rpm) {
                    prop_assert!(requests_before == 0 || (requests_before + 1) as f64 <= rpm + 1e-6);
                }
                if let Some(tpm) = limits.value(LimitKind::Tpm) {
                    let own = need.held() as f64;
                    prop_assert!(tokens_before < 1e-6 || tokens_before + own <= tpm + 1e-3, "{tokens_before} + {own} > {tpm}");
                }
                sent.push(Sent { at: now, need, ended: None });
            }
        }
    }
}
