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
                estimate: match (guess, limit) {
                    (Some(_), _) => Estimate::unlisted(quota.value(kind), share),
                    (None, Some(_)) => Estimate::listed(limit),
                    (None, None) => Estimate::unlisted(None, share),
                },
                bucket: limit.map(|limit| Bucket::new(limit, burst)),
                told: guess.and_then(|_| quota.value(kind)),
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
    /// Whether that took anything within the last minute.
    pub(crate) fn inherit(&mut self, now: Duration, before: Self) -> bool {
        (self.ledger, self.cool_down, self.throttled) = (before.ledger, before.cool_down, before.throttled);
        self.began = before.began;
        for (mine, before) in self.paced.iter_mut().zip(before.paced) {
            if mine.estimate.is_of(&before.estimate) {
                (mine.estimate, mine.bucket) = (before.estimate, before.bucket);
            }
        }
        self.set_limits(now);
        self.ledger.taken(now, LimitKind::Rpm).total() > 0.0
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
        let quiet_until = self.cool_down.holds(now);
        if let Some(bucket) = self.paced_mut(LimitKind::Tpm).and_then(|paced| paced.bucket.as_mut()) {
            bucket.refill(now);
            bucket.take(settled as f64 - ticket.expected as f64);
            // What is given back during the quiet must not go out at once after it.
            if let Some(until) = quiet_until {
                bucket.drain(until);
            }
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
        // One that nobody knows is not at fault while the other one is all but used up, whatever the words say.
        let believed = |index: usize| match self.paced[index].estimate.in_force() {
            // How far a guess is used up says nothing.
            Some(_) if self.paced[index].estimate.is_guess() => true,
            Some(_) => used(index, 0.0) >= used(1 - index, 0.0) * BELIEVED,
            None => used(1 - index, 0.0) < BELIEVED,
        };
        named.filter(|index| believed(*index)).unwrap_or_else(|| usize::from(used(1, 0.0) > used(0, 0.0)))
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
mod tests;
