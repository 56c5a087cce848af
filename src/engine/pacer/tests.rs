//! Tests of the pacer: what it admits, when, and that no refill rule is ever overdrawn.

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
