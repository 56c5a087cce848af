//! Pacer: whether an invocation may be sent now, so that no refill rule Bedrock may have is ever overdrawn.
//!
//! Bedrock does not document how a quota refills. A rolling minute that is never overdrawn overdraws neither a clock
//! minute nor a bucket of one minute's quota; the smoothing [`Bucket`] keeps bursts small beside that, and an
//! [`Estimate`] of each limit per minute follows what throttles say of it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bench::fault::Fault;
use crate::bench::ledger::{Hold, Ledger, Refill};
use crate::bench::quota::{Limit, LimitKind, LimitSource, Quota};
use crate::engine::bucket::Bucket;
use crate::engine::cooling::CoolDown;
use crate::engine::learning::Estimate;
use crate::engine::need::Need;

/// How much longer than a minute an amount is remembered: two requests sent a minute apart may arrive closer together
/// by as much as the network's delay varies. Costs 0.4 % of the quota.
const GUARD: Duration = Duration::from_millis(250);
/// From this share of a minute's tokens on an invocation is large.
const LARGE: f64 = 0.02;
const MINUTE: Duration = Duration::from_mins(1);
/// The limits whose estimates are learned: a day is too long to learn from.
const LEARNED: [LimitKind; 2] = [LimitKind::Rpm, LimitKind::Tpm];
/// The limit that a throttle's words name is believed unless it was used so much less than the other one: the words are
/// weak evidence (source: facts page, section 1.5).
const BELIEVED: f64 = 0.5;

/// What an admitted invocation holds.
#[derive(Debug)]
#[must_use = "a ticket that is never settled keeps its reservation for good"]
pub(crate) struct Ticket {
    hold: Hold,
    expected: u64,
    sent: Duration,
    /// What was taken before it, of each of [`LEARNED`].
    before: [f64; 2],
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
    in_force: Quota,
    burst: f64,
    ledger: Ledger,
    /// Of each of [`LEARNED`].
    paced: [Paced; 2],
    cool_down: CoolDown,
    /// When the first invocation was sent.
    began: Option<Duration>,
    /// When invocations of the last minute that the service throttled were sent: our ledger has them as requests.
    throttled: VecDeque<Duration>,
}

/// One limit per minute.
#[derive(Debug)]
struct Paced {
    estimate: Estimate,
    bucket: Option<Bucket>,
    /// The learned limit that was last told.
    told: Option<f64>,
}

impl Pacer {
    /// A pacer that takes a share of a quota, and at most `burst` of a minute's share at once after quiet time.
    pub(crate) fn new(quota: &Quota, share: f64, burst: f64) -> Self {
        let in_force = quota.share(share);
        let paced = LEARNED.map(|kind| {
            let limit = in_force.value(kind);
            let guess = limit.filter(|_| quota.get(kind).is_some_and(|limit| !limit.is_listed()));
            Paced {
                estimate: guess.map_or_else(|| Estimate::listed(limit), Estimate::guessed),
                bucket: limit.map(|limit| Bucket::new(limit, burst)),
                told: guess,
            }
        });
        Self {
            ledger: Ledger::new(&in_force, Refill::Rolling { guard: GUARD }),
            whole: quota.clone(),
            in_force,
            burst,
            paced,
            cool_down: CoolDown::default(),
            began: None,
            throttled: VecDeque::new(),
        }
    }

    /// Goes on where an earlier run over the same quota ended: what that took counts, what it learned holds.
    pub(crate) fn inherit(&mut self, now: Duration, before: Self) {
        (self.ledger, self.cool_down, self.throttled) = (before.ledger, before.cool_down, before.throttled);
        for (mine, before) in self.paced.iter_mut().zip(before.paced) {
            if mine.estimate.is_of(&before.estimate) {
                (mine.estimate, mine.bucket) = (before.estimate, before.bucket);
            }
        }
        self.set_limits(now);
    }

    /// Takes what an invocation needs, if it may be sent now.
    pub(crate) fn admit(&mut self, now: Duration, need: Need) -> Result<Ticket, Refused> {
        self.fits_whole(need)?;
        self.rest(now);
        if let Some(until) = self.cool_down.holds(now) {
            return Err(Refused::Cooling { until });
        }
        if let Err((limit, until)) = self.has_room(now, need) {
            if let Some(paced) = self.paced_mut(limit) {
                paced.estimate.press();
            }
            return Err(Refused::Full { limit, until });
        }
        let before = LEARNED.map(|kind| self.ledger.taken(now, kind).total());
        for (kind, paced) in LEARNED.into_iter().zip(&mut self.paced) {
            if let Some(bucket) = &mut paced.bucket {
                bucket.take(need.smoothed(kind));
            }
        }
        let hold = self.ledger.hold(now, need.reserved, need.held());
        self.began.get_or_insert(now);
        self.cool_down.sent(now);
        Ok(Ticket { hold, expected: need.expected, sent: now, before })
    }

    /// Takes what an invocation needs, if it may be sent now beside one that waits until a later time, and does not make
    /// that wait any longer.
    pub(crate) fn admit_beside(&mut self, now: Duration, need: Need, head: Need, until: Duration) -> Option<Ticket> {
        for kind in LimitKind::ALL {
            let Some(limit) = self.in_force.value(kind) else { continue };
            let spare = self.ledger.spare(now, kind, head.of(kind).min(whole(limit)))?;
            if need.of(kind) > spare {
                return None;
            }
        }
        let spares = |(kind, paced): (LimitKind, &Paced)| {
            let spares = |bucket: &Bucket| bucket.spares(now, need.smoothed(kind), until, head.smoothed(kind));
            paced.bucket.as_ref().is_none_or(spares)
        };
        LEARNED.into_iter().zip(&self.paced).all(spares).then(|| self.admit(now, need).ok()).flatten()
    }

    /// Whether an invocation is so large a part of a minute that it is worth looking for others to send beside it while
    /// it waits.
    pub(crate) fn is_large(&self, need: Need) -> bool {
        self.in_force.value(LimitKind::Tpm).is_some_and(|limit| need.held() as f64 >= limit * LARGE)
    }

    /// Replaces what an invocation held by what it took in the end.
    pub(crate) fn settle(&mut self, now: Duration, ticket: &Ticket, settled: u64) {
        self.ledger.settle(now, ticket.hold, settled);
        if let Some(bucket) = self.paced_mut(LimitKind::Tpm).and_then(|paced| paced.bucket.as_mut()) {
            bucket.refill(now);
            bucket.take(settled as f64 - ticket.expected as f64);
        }
    }

    /// The service throttled this invocation: quiet for a while, and the limit that most likely bound is lowered.
    pub(crate) fn throttled(&mut self, now: Duration, ticket: &Ticket, fault: &Fault) {
        while self.throttled.front().is_some_and(|sent| *sent + MINUTE < now) {
            self.throttled.pop_front();
        }
        // What was taken before it was sent is what the service had let in by then.
        let refused = self.throttled.iter().filter(|sent| **sent + MINUTE >= ticket.sent).count();
        let mut levels = [(ticket.before[0] - refused as f64).max(0.0), ticket.before[1]];
        // A limit that nobody knows is guessed from the pace so far; too high a guess is soon cut again.
        let lasted = ticket.sent.saturating_sub(self.began.unwrap_or(ticket.sent)).as_secs_f64().clamp(1.0, 60.0);
        for (level, paced) in levels.iter_mut().zip(&self.paced) {
            if paced.estimate.in_force().is_none() {
                *level *= 60.0 / lasted;
            }
        }
        self.throttled.push_back(ticket.sent);
        if let Some(until) = self.cool_down.throttled(now, ticket.sent) {
            for bucket in self.paced.iter_mut().filter_map(|paced| paced.bucket.as_mut()) {
                bucket.drain(until);
            }
            let bound = self.bound(levels, fault);
            // Where nothing of ours was taken, others were the reason, and a lower limit of ours would not help.
            if levels[bound] > 0.0 {
                self.paced[bound].estimate.cut(now, levels[bound]);
                self.set_limits(now);
            }
        }
    }

    /// The service answered this invocation.
    pub(crate) fn answered(&mut self, ticket: &Ticket) {
        self.cool_down.answered(ticket.sent);
    }

    /// The limits that are paced: the plan's share of the quota, or what was learned below it.
    pub(crate) fn in_force(&self) -> &Quota {
        &self.in_force
    }

    /// How many invocations of a kind may go out at once; `None` where no limit per minute says.
    pub(crate) fn at_once(&self, need: Need) -> Option<u32> {
        let of =
            |(kind, paced): (LimitKind, &Paced)| Some(paced.bucket.as_ref()?.level() / need.smoothed(kind).max(1.0));
        LEARNED.into_iter().zip(&self.paced).filter_map(of).min_by(f64::total_cmp).map(|n| n.max(1.0) as u32)
    }

    /// A limit whose learned value has changed since the last call: that value, or the listed one where it holds again.
    pub(crate) fn learned(&mut self) -> Option<(LimitKind, f64)> {
        LEARNED.into_iter().zip(&mut self.paced).find_map(|(kind, paced)| {
            let learned = paced.estimate.learned();
            if learned == paced.told {
                return None;
            }
            paced.told = learned;
            Some((kind, learned.or(self.whole.value(kind))?))
        })
    }

    /// Lets quiet time raise what was learned.
    fn rest(&mut self, now: Duration) {
        if self.paced.iter_mut().fold(false, |changed, paced| paced.estimate.rest(now) | changed) {
            self.set_limits(now);
        }
    }

    /// Puts the estimates into force.
    fn set_limits(&mut self, now: Duration) {
        for (kind, paced) in LEARNED.into_iter().zip(&mut self.paced) {
            let Some(value) = paced.estimate.in_force() else { continue };
            if let Some(bucket) = &mut paced.bucket {
                bucket.refill(now);
                bucket.set_limit(value, self.burst);
            } else {
                paced.bucket = Some(Bucket::empty(now, value, self.burst));
            }
            let slot = self.in_force.slot(kind);
            match slot {
                Some(limit) => limit.value = value,
                None => *slot = Some(Limit::unlisted(value, LimitSource::Learned)),
            }
        }
        self.ledger.set_quota(&self.in_force);
    }

    /// Which of [`LEARNED`] most likely throttled when so much was taken.
    fn bound(&self, levels: [f64; 2], fault: &Fault) -> usize {
        let words = fault.message.to_ascii_lowercase();
        let named = match (words.contains("token"), words.contains("request")) {
            (true, false) => Some(1),
            (false, true) => Some(0),
            _ => None,
        };
        let used = |index: usize, unknown: f64| match self.paced[index].estimate.in_force() {
            Some(limit) => levels[index] / limit.max(f64::MIN_POSITIVE),
            None => unknown,
        };
        // One that nobody knows may be used up at any level, if it is named.
        match named {
            Some(index) if used(index, BELIEVED) >= used(1 - index, 0.0) * BELIEVED => index,
            _ => usize::from(used(1, 0.0) > used(0, 0.0)),
        }
    }

    fn paced_mut(&mut self, kind: LimitKind) -> Option<&mut Paced> {
        LEARNED.iter().position(|learned| *learned == kind).map(|index| &mut self.paced[index])
    }

    /// What the service itself would refuse whatever the hour: only what it reserves counts for that, and only what
    /// somebody listed.
    fn fits_whole(&self, need: Need) -> Result<(), Refused> {
        for kind in LimitKind::ALL {
            let amount = if kind == LimitKind::Rpm { 1.0 } else { need.least as f64 };
            let listed = self.whole.get(kind).filter(|limit| limit.is_listed());
            if let Some(whole) = listed.map(|limit| limit.value).filter(|whole| amount > *whole) {
                return Err(Refused::Never { limit: kind, whole });
            }
        }
        Ok(())
    }

    /// Asks each limit, and names the one that refuses longest. What alone is larger than what is in force asks for all
    /// of that: it goes when nothing else is taken.
    fn has_room(&mut self, now: Duration, need: Need) -> Result<(), (LimitKind, Option<Duration>)> {
        let mut longest: Option<(LimitKind, Option<Duration>)> = None;
        let mut refuse = |kind: LimitKind, until: Option<Duration>| {
            if longest.is_none_or(|(_, other)| until.is_none() || other.is_some_and(|other| until > Some(other))) {
                longest = Some((kind, until));
            }
        };
        for kind in LimitKind::ALL {
            let Some(limit) = self.in_force.value(kind) else { continue };
            if let Err(refusal) = self.ledger.fits(now, kind, need.of(kind).min(whole(limit))) {
                refuse(kind, refusal.until);
            }
        }
        for (kind, paced) in LEARNED.into_iter().zip(&mut self.paced) {
            if let Some(until) = paced.bucket.as_mut().and_then(|bucket| bucket.refuses(now, need.smoothed(kind))) {
                refuse(kind, Some(until));
            }
        }
        longest.map_or(Ok(()), Err)
    }
}

/// A limit as a whole number, so that sums of amounts are exact and an empty window always has room for it.
fn whole(limit: f64) -> f64 {
    if limit >= 1.0 { limit.floor() } else { limit }
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

    fn throttle(words: &str) -> Fault {
        Fault::new(crate::bench::fault::FaultKind::Throttled, words)
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
            pacer.throttled(at(0.5), ticket, &throttle(""));
        }
        assert_eq!(pacer.admit(at(0.6), need(1, 1)).expect_err("refused"), Refused::Cooling { until: at(1.5) });
        let (again, ticket) = when(&mut pacer, at(0.6), need(1, 1));
        pacer.throttled(again, &ticket, &throttle(""));
        pacer.throttled(again, &ticket, &throttle(""));
        let (_, later) = when(&mut pacer, again, need(1, 1));
        let Err(Refused::Cooling { until }) = ({
            pacer.throttled(at(10.0), &later, &throttle(""));
            pacer.admit(at(10.0), need(1, 1))
        }) else {
            panic!("cooling");
        };
        assert_eq!(until, at(14.0), "the third in a row waits four seconds");
        let (_, fine) = when(&mut pacer, at(20.0), need(1, 1));
        pacer.answered(&fine);
        let (now, bad) = when(&mut pacer, at(21.0), need(1, 1));
        pacer.throttled(now, &bad, &throttle(""));
        assert_eq!(
            pacer.admit(now, need(1, 1)).expect_err("refused"),
            Refused::Cooling { until: now + Duration::from_secs(1) }
        );
    }

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

        /// What never settles at more than it held is let in under each rule that Bedrock may have, wherever in its
        /// minute the service's clock stands.
        #[test]
        fn no_refill_rule_ever_throttles_it(
            requests in shapes(),
            rpm in prop::option::of(2_u32..60),
            tpm in prop::option::of(6_000_u32..20_000),
            burst in 0.01_f64..1.0,
            phase in 0_u64..60_000,
        ) {
            let quota = quota(rpm.map(f64::from), tpm.map(f64::from), None);
            let mut pacer = Pacer::new(&quota, 1.0, burst);
            let service = |now: Duration| now + Duration::from_millis(phase);
            let mut judges =
                [Refill::ROLLING, Refill::Clock, Refill::Bucket { burst: 1.0 }].map(|rule| Ledger::new(&quota, rule));
            let mut out: Vec<(Duration, Ticket, [Hold; 3], u64)> = Vec::new();
            let mut now = at(0.0);
            for (reserved, expected, takes, latency) in requests {
                let need = need(reserved, expected);
                let ticket = loop {
                    out.sort_by_key(|(ends, ..)| std::cmp::Reverse(*ends));
                    while let Some((ends, ticket, holds, takes)) = out.pop_if(|(ends, ..)| *ends <= now) {
                        pacer.settle(ends, &ticket, takes);
                        for (judge, hold) in judges.iter_mut().zip(holds) {
                            judge.settle(service(ends), hold, takes);
                        }
                    }
                    let wake = match pacer.admit(now, need) {
                        Ok(ticket) => break ticket,
                        Err(Refused::Full { until, .. }) => until,
                        Err(other) => panic!("{other:?}"),
                    };
                    now = wake.into_iter().chain(out.last().map(|(ends, ..)| *ends)).min().expect("something ends it");
                };
                for judge in &mut judges {
                    prop_assert_eq!(judge.admits(service(now), reserved), Ok(()), "{:?}", judge.refill());
                }
                let holds = judges.each_mut().map(|judge| judge.reserve(service(now), reserved));
                out.push((now + Duration::from_millis(latency), ticket, holds, takes.min(need.held())));
            }
        }
    }
}
