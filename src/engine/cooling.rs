//! Cooling: the quiet after a throttle, and who goes first afterwards.

use std::time::Duration;

/// The first cool-down after a throttle; it doubles with each further one up to [`LONGEST_COOL_DOWN`].
const FIRST_COOL_DOWN: Duration = Duration::from_secs(1);
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(20);
/// A throttle comes at once if it comes: an invocation that has been out for so long was let in.
const THROTTLED_WITHIN: Duration = Duration::from_secs(1);

/// Quiet after a throttle, longer each time, and then one invocation alone before the others; what was in flight when
/// it began says nothing new.
#[derive(Debug, Default)]
pub(crate) struct CoolDown {
    until: Duration,
    since: Option<Duration>,
    throttles: u32,
    scout: Scout,
}

/// The invocation that goes first after a cool-down.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Scout {
    /// None is needed.
    #[default]
    Spared,
    /// The next one goes alone.
    Wanted,
    /// Out since then.
    Out(Duration),
}

impl CoolDown {
    /// Until when nothing goes, where that is so.
    pub(crate) fn holds(&self, now: Duration) -> Option<Duration> {
        let until = match self.scout {
            Scout::Out(since) => self.until.max(since + THROTTLED_WITHIN),
            Scout::Spared | Scout::Wanted => self.until,
        };
        (until > now).then_some(until)
    }

    /// An invocation is sent.
    pub(crate) fn sent(&mut self, now: Duration) {
        self.scout = match self.scout {
            Scout::Wanted => Scout::Out(now),
            // Whoever comes after the scout shows that it was not refused.
            Scout::Spared | Scout::Out(_) => Scout::Spared,
        };
    }

    /// When it is over, where the throttle was news.
    pub(crate) fn throttled(&mut self, now: Duration, sent: Duration) -> Option<Duration> {
        if self.is_old_news(sent) {
            return None;
        }
        let wait = FIRST_COOL_DOWN.saturating_mul(1 << self.throttles.min(10)).min(LONGEST_COOL_DOWN);
        self.throttles += 1;
        self.since = Some(now);
        self.until = now + wait;
        self.scout = Scout::Wanted;
        Some(self.until)
    }

    /// The service answered an invocation that was sent then.
    pub(crate) fn answered(&mut self, sent: Duration) {
        if !self.is_old_news(sent) {
            (self.throttles, self.scout) = (0, Scout::Spared);
        }
    }

    fn is_old_news(&self, sent: Duration) -> bool {
        self.since.is_some_and(|since| sent <= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(1_000.0 + seconds)
    }

    #[test]
    fn one_goes_alone_after_the_quiet_and_opens_the_way() {
        let mut quiet = CoolDown::default();
        assert_eq!(quiet.holds(at(0.0)), None);
        quiet.sent(at(0.0));
        assert_eq!(quiet.throttled(at(0.1), at(0.0)), Some(at(1.1)));
        assert_eq!(quiet.throttled(at(0.2), at(0.0)), None, "it was in flight");
        assert_eq!(quiet.holds(at(0.5)), Some(at(1.1)));
        assert_eq!(quiet.holds(at(1.2)), None);
        quiet.sent(at(1.2));
        assert_eq!(quiet.holds(at(1.3)), Some(at(2.2)), "the scout is out");
        quiet.answered(at(1.2));
        assert_eq!(quiet.holds(at(1.4)), None);
    }

    #[test]
    fn a_scout_that_is_out_for_a_second_was_let_in() {
        let mut quiet = CoolDown::default();
        quiet.throttled(at(0.0), at(0.0));
        quiet.sent(at(1.0));
        assert_eq!(quiet.holds(at(2.0)), None);
        quiet.sent(at(2.0));
        assert_eq!(quiet.holds(at(2.0)), None, "and so are those after it");
    }

    #[test]
    fn a_scout_that_is_refused_makes_the_quiet_longer() {
        let mut quiet = CoolDown::default();
        for (sent, longer) in [(0.0, 1.0), (2.0, 2.0), (5.0, 4.0), (10.0, 8.0), (20.0, 16.0), (40.0, 20.0)] {
            quiet.sent(at(sent));
            assert_eq!(quiet.throttled(at(sent), at(sent)), Some(at(sent + longer)));
        }
    }
}
