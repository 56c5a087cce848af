//! Account: one model's ledger with the neighbours who draw on the same quota.

use std::time::Duration;

use crate::bench::ledger::{Hold, Ledger, Refill};
use crate::bench::quota::{LimitKind, Quota};
use crate::simulator::minutes::{self, KEPT, MINUTE, Minute, Minutes};
use crate::simulator::scenario::Neighbours;

/// The longest time for which neighbours are played one by one; what is older has left every minute's window.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// One model's quota and what is taken of it.
#[derive(Debug)]
pub(super) struct Account {
    ledger: Ledger,
    /// Time between two requests of the neighbours, and what each takes; `None` where there are none.
    neighbours: Option<(Duration, u64)>,
    /// The most requests a minute that the quota leaves to the neighbours while nobody else is there.
    alone: f64,
    /// When the neighbours come next.
    next: Option<Duration>,
    /// What neighbours with a share of the quota take of it each minute.
    held: Minute,
    /// When the account was first looked at; the neighbours are there since then.
    since: Option<Duration>,
    /// What neighbours with a steady rate took.
    others: Minutes,
    /// The most quota tokens and requests that were ever taken at once, the neighbours' included.
    peak_tokens: f64,
    peak_requests: f64,
}

impl Account {
    /// An account without use.
    pub(super) fn new(quota: &Quota, refill: Refill, neighbours: Neighbours) -> Self {
        let rate = neighbours.requests_per_minute.0;
        let every = Duration::try_from_secs_f64(60.0 / rate).ok();
        let each = (neighbours.tokens_per_minute.0 / rate.max(f64::MIN_POSITIVE)).round().max(0.0) as u64;
        let (left, held) = (quota.share(1.0 - neighbours.share.0), quota.share(neighbours.share.0));
        let limit = |kind| left.value(kind).unwrap_or(f64::INFINITY);
        let alone = match each {
            0 => limit(LimitKind::Rpm),
            each => limit(LimitKind::Rpm).min(limit(LimitKind::Tpm) / each as f64),
        };
        Self {
            ledger: Ledger::new(&left, refill),
            neighbours: every.map(|every| (every, each)),
            alone: alone.floor(),
            next: None,
            held: Minute {
                invocations: held.value(LimitKind::Rpm).unwrap_or_default(),
                tokens: held.value(LimitKind::Tpm).unwrap_or_default(),
                throttles: 0.0,
            },
            since: None,
            others: Minutes::default(),
            peak_tokens: 0.0,
            peak_requests: 0.0,
        }
    }

    /// The limit that refuses an invocation now, if one does.
    pub(super) fn refuses(&mut self, now: Duration, tokens: u64) -> Option<LimitKind> {
        self.catch_up(now);
        self.ledger.admits(now, tokens).err().map(|refusal| refusal.limit)
    }

    /// Takes a request and its reservation.
    pub(super) fn reserve(&mut self, now: Duration, tokens: u64) -> Hold {
        let hold = self.ledger.reserve(now, tokens);
        self.note_peaks(now);
        hold
    }

    /// Takes a request that was refused all the same.
    pub(super) fn count_rejected(&mut self, now: Duration) {
        let hold = self.ledger.reserve(now, 0);
        self.ledger.settle(now, hold, 0);
    }

    /// Replaces a reservation by what the invocation took.
    pub(super) fn settle(&mut self, now: Duration, hold: Hold, tokens: u64) {
        self.catch_up(now);
        self.ledger.settle(now, hold, tokens);
        self.note_peaks(now);
    }

    /// The most quota tokens and requests that were ever taken at once.
    pub(super) fn peaks(&self) -> (f64, f64) {
        (self.peak_tokens, self.peak_requests)
    }

    fn note_peaks(&mut self, now: Duration) {
        self.peak_tokens = self.peak_tokens.max(self.ledger.taken(now, LimitKind::Tpm).total());
        self.peak_requests = self.peak_requests.max(self.ledger.taken(now, LimitKind::Rpm).total());
    }

    /// What the neighbours took so far.
    pub(super) fn others(&mut self, now: Duration) -> Minutes {
        self.catch_up(now);
        let mut others = self.others.clone();
        others.flow(self.since.unwrap_or(now), now, self.held);
        others
    }

    /// Lets the neighbours have made the requests that were due until now.
    fn catch_up(&mut self, now: Duration) {
        self.since.get_or_insert(now);
        let Some((every, each)) = self.neighbours else { return };
        let mut at = self.pass_over(self.next.unwrap_or(now), now, every, each);
        while at <= now {
            let used = if self.ledger.admits(at, each).is_ok() {
                let hold = self.ledger.reserve(at, each);
                self.ledger.settle(at, hold, each);
                Minute::answered(each)
            } else {
                Minute::throttled()
            };
            self.others.add(at, used);
            at += every;
        }
        self.next = Some(at);
    }

    /// Counts, but does not play, the neighbours' requests that have left every window. Gives when the next is due.
    fn pass_over(&mut self, from: Duration, now: Duration, every: Duration, each: u64) -> Duration {
        let to = now.saturating_sub(LOOK_BACK);
        let mut at = from.max(now.saturating_sub(KEPT));
        while at < to {
            let end = to.min(minutes::start(at) + MINUTE);
            let due = end.saturating_sub(at).as_nanos().div_ceil(every.as_nanos().max(1)) as f64;
            let invocations = due.min(self.alone);
            let (tokens, throttles) = (invocations * each as f64, due - invocations);
            self.others.add(at, Minute { invocations, throttles, tokens });
            at += every.saturating_mul(due as u32);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::quota::{Limit, LimitSource};
    use crate::simulator::scenario::{Quantity, Rate};

    fn at(seconds: f64) -> Duration {
        Duration::from_hours(500_000) + Duration::from_secs_f64(seconds)
    }

    fn quota(rpm: f64, tpm: f64) -> Quota {
        let limit = |value| Some(Limit::unlisted(value, LimitSource::Applied));
        Quota { rpm: limit(rpm), tpm: limit(tpm), tpd: None }
    }

    #[test]
    fn a_share_of_the_quota_is_never_there() {
        let neighbours = Neighbours { share: Rate(0.75), ..Neighbours::default() };
        let mut account = Account::new(&quota(8.0, 1_000.0), Refill::ROLLING, neighbours);
        assert_eq!(account.refuses(at(0.0), 251), Some(LimitKind::Tpm));
        for _ in 0..2 {
            assert_eq!(account.refuses(at(0.0), 10), None);
            let _held = account.reserve(at(0.0), 10);
        }
        assert_eq!(account.refuses(at(0.0), 10), Some(LimitKind::Rpm));
    }

    #[test]
    fn a_steady_rate_of_others_leaves_what_it_leaves() {
        let neighbours = Neighbours {
            requests_per_minute: Quantity(30.0),
            tokens_per_minute: Quantity(3_000.0),
            ..Neighbours::default()
        };
        let mut account = Account::new(&quota(100.0, 10_000.0), Refill::ROLLING, neighbours);
        assert_eq!(account.refuses(at(0.0), 1), None);
        assert_eq!(account.refuses(at(59.0), 7_001), Some(LimitKind::Tpm));
        assert_eq!(account.refuses(at(59.0), 7_000), None);
        // An hour later the same, without an hour's worth of requests having been made up for.
        assert_eq!(account.refuses(at(3_600.0), 7_001), Some(LimitKind::Tpm));
        assert_eq!(account.refuses(at(3_600.0), 6_800), None);
    }
}
