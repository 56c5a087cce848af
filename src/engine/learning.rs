//! Learning: the working estimate of one limit, lowered by throttles and raised again by quiet time.
//!
//! The listed quota may be wrong, missing or shared. A throttle says that what was taken of the limit, the *level*, was
//! too much; the estimate is cut to below it, comes back soon to just under it, and then probes in small steps. The two
//! rules are `inspect_ai`'s: multiply by 0.8, whatever was in flight being no news, and five percent a round back.

use std::time::Duration;

/// What is left of the level after a throttle at a level that is news,
const CUT: f64 = 0.8;
/// and after one at a level that throttled before: a probe that failed.
const KNOWN_CUT: f64 = 0.9;
/// A throttle alone within this time, at a level that was all but what is allowed, is one of the edge: the limit is right
/// and the network's jitter was the reason.
const ALONE: Duration = Duration::from_mins(1);
const EDGE: f64 = 0.95;
/// Levels that differ by no more than this share are one.
const SAME: f64 = 0.1;
/// A throttle says nothing of a level below this share of what was allowed: then others, or a burst, were the reason.
const LEAST: f64 = 0.5;
/// Just under the level that throttled: this share of it.
const JUST_UNDER: f64 = 0.97;
/// Where that throttles too, the level is taken to be this share of what it seemed.
const LOWER: f64 = 0.95;
/// How far a round raises on the way back and how long such a round is,
const BACK: f64 = 1.05;
const BACK_ROUND: Duration = Duration::from_secs(5);
/// how long a round of probing is, what its first step is and what its largest.
const ROUND: Duration = Duration::from_secs(15);
const FIRST_STEP: f64 = 0.02;
const LARGEST_STEP: f64 = 0.05;
/// So far above the level that throttled, that level is history: others have gone, and steps may become large.
const FAR: f64 = 1.1;
const LARGEST_STEP_FAR: f64 = 0.5;
/// A probe that failed makes the next one wait twice as many rounds, up to so many.
const MOST_REST: u32 = 16;
/// What a round does to a guess that never throttled.
const SLOW_START: f64 = 2.0;

/// The working estimate of one limit: requests or quota tokens a minute that this program can take.
#[derive(Debug)]
pub(crate) struct Estimate {
    /// What may be taken at most; `None` where nothing is listed.
    ceiling: Option<f64>,
    /// What is worked with below the ceiling; `None` where the ceiling holds. Of an unlisted limit it is the whole.
    value: Option<f64>,
    /// The share of an unlisted limit that may be taken.
    share: f64,
    /// The level at which the service throttled last.
    throttled_at: Option<f64>,
    cut_at: Option<Duration>,
    step: f64,
    rest: u32,
    /// When the round began.
    since: Duration,
    /// Whether the limit held anything back in this round; otherwise quiet proves nothing.
    pressed: bool,
}

impl Estimate {
    /// Of a limit that is listed, or that there is not.
    pub(crate) fn listed(ceiling: Option<f64>) -> Self {
        Self {
            ceiling,
            value: None,
            share: 1.0,
            throttled_at: None,
            cut_at: None,
            step: FIRST_STEP,
            rest: 1,
            since: Duration::ZERO,
            pressed: false,
        }
    }

    /// Of a limit that nobody listed, or of none: a guess to begin with, where there is one, which doubles until the
    /// service throttles. Then the share of what throttled is a ceiling like that of a listed limit.
    pub(crate) fn unlisted(guess: Option<f64>, share: f64) -> Self {
        Self { value: guess, share, ..Self::listed(None) }
    }

    /// What may be taken now; `None` where there is no limit.
    pub(crate) fn in_force(&self) -> Option<f64> {
        let value = self.value.map(|value| value * self.share);
        match (value, self.ceiling) {
            (Some(value), Some(ceiling)) => Some(value.min(ceiling)),
            (one, other) => one.or(other),
        }
    }

    /// Whether it is a guess that no throttle has spoken of.
    pub(crate) fn is_guess(&self) -> bool {
        self.ceiling.is_none() && self.throttled_at.is_none()
    }

    /// Whether both are of the same listed limit, or of one that nobody listed.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.ceiling == other.ceiling
    }

    /// What was learned, where that is what holds.
    pub(crate) fn learned(&self) -> Option<f64> {
        self.value
    }

    /// The limit held something back.
    pub(crate) fn press(&mut self) {
        self.pressed = true;
    }

    /// The service throttled when so much was taken.
    pub(crate) fn cut(&mut self, now: Duration, level: f64) {
        let (level, edge) = match self.in_force() {
            Some(allowed) => (level.clamp(allowed * LEAST, allowed), level >= allowed * EDGE),
            None => (level.max(1.0), false),
        };
        // The first throttle of an unlisted limit tells the whole of it; later ones come at the share of that.
        let level = if self.throttled_at.is_some() { level / self.share } else { level };
        let alone = self.cut_at.is_none_or(|before| before + ALONE < now);
        let known = self.throttled_at.is_some_and(|before| (before - level).abs() <= before * SAME);
        // A throttle just under a level, and no probe was on: that level was never there to be had in full.
        let safe = self.throttled_at.zip(self.value).is_some_and(|(before, value)| value <= before * JUST_UNDER);
        let level = if known && safe { level * LOWER } else { level };
        self.rest = if known { (self.rest * 2).min(MOST_REST) } else { 1 };
        self.value = Some(match (edge && alone, known) {
            (true, _) => level * JUST_UNDER,
            (false, true) => level * KNOWN_CUT,
            (false, false) => level * CUT,
        });
        self.cut_at = Some(now);
        self.throttled_at = Some(level);
        self.step = FIRST_STEP;
        self.begin_round(now);
    }

    /// Lets quiet time raise the estimate; true where it changed.
    pub(crate) fn rest(&mut self, now: Duration) -> bool {
        let before = self.value;
        while let Some(value) = self.value
            && let Some(raised) = self.raised(value, now)
        {
            self.value = Some(raised);
            if self.ceiling.is_some_and(|ceiling| raised >= ceiling) {
                *self = Self { cut_at: self.cut_at, ..Self::listed(self.ceiling) };
            }
        }
        self.value != before
    }

    /// What the round that is over makes of the value; `None` where none is over or it proved nothing.
    fn raised(&mut self, value: f64, now: Duration) -> Option<f64> {
        if self.since.is_zero() {
            self.since = now;
        }
        let under = self.throttled_at.map(|level| level * JUST_UNDER);
        if let Some(under) = under.filter(|under| value < *under) {
            let over = self.since + BACK_ROUND;
            (over <= now).then(|| self.begin_round(over))?;
            return Some((value * BACK).min(under));
        }
        // Above it nothing is left of earlier failures.
        let rest = if self.throttled_at.is_some_and(|level| value > level) { 1 } else { self.rest };
        let over = self.since + ROUND * rest;
        // Where a share of what throttled is kept, no probe could tell what the whole is.
        let kept = self.share < 1.0 && under.is_some();
        if over > now || !self.pressed || kept {
            return None;
        }
        self.begin_round(now);
        let Some(level) = self.throttled_at else { return Some(value * SLOW_START) };
        let raised = value * (1.0 + self.step);
        let largest = if raised > level * FAR { LARGEST_STEP_FAR } else { LARGEST_STEP };
        self.step = (self.step * 2.0).min(largest);
        Some(raised)
    }

    fn begin_round(&mut self, now: Duration) {
        (self.since, self.pressed) = (now, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_800_000_000 + seconds)
    }

    /// Lets an estimate that always holds something back rest from one second to another; what it came to.
    fn rested(estimate: &mut Estimate, seconds: std::ops::Range<u64>) -> f64 {
        for second in seconds {
            estimate.press();
            estimate.rest(at(second));
        }
        estimate.in_force().expect("a limit")
    }

    #[test]
    fn a_throttle_cuts_and_quiet_time_leads_back_to_just_under_the_level() {
        let mut estimate = Estimate::listed(Some(100.0));
        estimate.cut(at(0), 60.0);
        assert_eq!(estimate.in_force(), Some(48.0));
        let soon = rested(&mut estimate, 1..26);
        assert!((soon - 58.2).abs() < 1e-9, "{soon}");
        let later = rested(&mut estimate, 26..56);
        assert!(later > 58.2 && later < 63.0, "small steps first: {later}");
        let in_the_end = rested(&mut estimate, 56..300);
        assert_eq!(in_the_end, 100.0);
        assert_eq!(estimate.learned(), None, "the listed limit holds again");
    }

    #[test]
    fn a_level_that_throttled_before_costs_less_and_is_probed_less_often() {
        let mut estimate = Estimate::listed(Some(100.0));
        let mut probes = Vec::new();
        let mut from = 0;
        estimate.cut(at(from), 50.0);
        for _ in 0..5 {
            let failed =
                (from..from + 3_600).find(|second| rested(&mut estimate, *second..second + 1) > 50.0).expect("probes");
            probes.push(failed - from);
            from = failed;
            estimate.cut(at(from), 50.5);
            let cut = estimate.in_force().expect("a limit");
            assert!(cut > 44.9 && cut < 49.1, "{cut}");
        }
        assert!(probes[0] < 120 && probes.windows(2).all(|pair| pair[1] > pair[0]), "{probes:?}");
    }

    #[test]
    fn a_throttle_alone_at_the_edge_of_a_limit_that_is_right_costs_next_to_nothing() {
        let mut estimate = Estimate::listed(Some(60.0));
        estimate.cut(at(0), 59.0);
        assert_eq!(estimate.in_force(), Some(59.0 * JUST_UNDER));
        estimate.cut(at(20), 57.0);
        assert!(estimate.in_force().expect("a limit") < 53.0, "the second one soon after is no chance");
    }

    #[test]
    fn a_throttle_while_little_was_taken_halves_at_most() {
        let mut estimate = Estimate::listed(Some(100.0));
        estimate.cut(at(0), 3.0);
        assert_eq!(estimate.in_force(), Some(40.0));
    }

    #[test]
    fn quiet_without_pressure_proves_nothing() {
        let mut estimate = Estimate::listed(Some(100.0));
        estimate.cut(at(0), 60.0);
        assert!(estimate.rest(at(3_600)));
        assert_eq!(estimate.in_force(), Some(60.0 * JUST_UNDER));
    }

    #[test]
    fn a_guess_doubles_until_it_throttles() {
        let mut estimate = Estimate::unlisted(Some(90.0), 1.0);
        let grown = rested(&mut estimate, 0..50);
        assert_eq!(grown, 90.0 * 8.0);
        estimate.cut(at(50), 600.0);
        assert_eq!(estimate.in_force(), Some(480.0));
        assert!(rested(&mut estimate, 51..90) < 620.0);
    }

    #[test]
    fn of_what_nobody_listed_the_share_is_kept_once_it_is_known() {
        let mut estimate = Estimate::unlisted(Some(100.0), 0.25);
        assert_eq!(estimate.in_force(), Some(25.0));
        let grown = rested(&mut estimate, 0..100);
        assert!(grown >= 800.0, "{grown}");
        estimate.cut(at(100), 1_200.0);
        let kept = rested(&mut estimate, 101..1_000);
        assert!((kept - 0.25 * 0.97 * 1_200.0).abs() < 1e-6, "{kept}");
        assert_eq!(estimate.learned(), Some(0.97 * 1_200.0), "the whole is told");
    }

    #[test]
    fn without_any_limit_the_level_is_all_that_is_known() {
        let mut estimate = Estimate::listed(None);
        assert_eq!(estimate.in_force(), None);
        estimate.cut(at(0), 300.0);
        assert_eq!(estimate.learned(), Some(240.0));
        estimate.cut(at(1), 0.0);
        assert!(estimate.in_force().expect("a limit") > 90.0);
    }
}
