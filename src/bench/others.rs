//! Others: what other programs take of a model's quota, as far as the account's own monitoring tells.

use std::collections::VecDeque;
use std::time::Duration;

use crate::bench::minute::AccountMinute;

const MINUTE: Duration = Duration::from_mins(1);
/// A minute is counted in full about so long after its end (source: facts page, section 9: one to three minutes).
const COUNTED_AFTER: Duration = Duration::from_mins(2);
/// So many minutes are averaged: what falls into the minute beside its own evens out.
const AVERAGED: u32 = 3;
/// So many of our own minutes are remembered.
const REMEMBERED: usize = 15;

/// What others take a minute, on average over the newest minutes that are counted in full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Others {
    /// Requests a minute.
    pub requests: f64,
    /// Quota tokens a minute, settled; what they have reserved is not known.
    pub tokens: f64,
    /// The end of those minutes, since the Unix epoch.
    pub as_of: Duration,
}

/// What this program took of a model, and what the account's monitoring says of everybody together, by the minute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Use {
    own: VecDeque<AccountMinute>,
    account: Vec<AccountMinute>,
    read_at: Option<Duration>,
}

impl Use {
    /// This program sent a request.
    pub(super) fn sent(&mut self, at: Duration) {
        self.minute(at).requests += 1.0;
    }

    /// This program's invocation took so many quota tokens.
    pub(super) fn settled(&mut self, at: Duration, tokens: u64) {
        self.minute(at).tokens += tokens as f64;
    }

    /// The account's minutes were read.
    pub(super) fn read(&mut self, at: Duration, minutes: &[AccountMinute]) {
        self.account = minutes.to_vec();
        self.read_at = Some(at);
    }

    /// What others take; `None` where nobody told of the account, so that this program's own use is all that is known.
    pub fn others(&self) -> Option<Others> {
        let as_of = floor(self.read_at?.saturating_sub(COUNTED_AFTER));
        let from = as_of.saturating_sub(MINUTE * AVERAGED);
        // A minute that is missing in full was without use.
        let sum = |minutes: &mut dyn Iterator<Item = &AccountMinute>| {
            minutes
                .filter(|minute| (from..as_of).contains(&minute.at))
                .fold((0.0, 0.0), |(requests, tokens), minute| (requests + minute.requests, tokens + minute.tokens))
        };
        let (all, own) = (sum(&mut self.account.iter()), sum(&mut self.own.iter()));
        let mean = |all: f64, own: f64| (all - own).max(0.0) / f64::from(AVERAGED);
        Some(Others { requests: mean(all.0, own.0), tokens: mean(all.1, own.1), as_of })
    }

    fn minute(&mut self, at: Duration) -> &mut AccountMinute {
        let at = floor(at);
        // Entries come in the order of their time, but for a few that share a boundary.
        let index = self.own.iter().rposition(|minute| minute.at <= at);
        if let Some(index) = index.filter(|index| self.own[*index].at == at) {
            return &mut self.own[index];
        }
        let place = index.map_or(0, |before| before + 1);
        self.own.insert(place, AccountMinute { at, ..AccountMinute::default() });
        if self.own.len() > REMEMBERED {
            self.own.pop_front();
        }
        let place = place.min(self.own.len() - 1);
        &mut self.own[place]
    }
}

/// The start of the clock minute.
fn floor(at: Duration) -> Duration {
    MINUTE * (at.as_secs() / 60) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> Duration {
        MINUTE * (1_000_000 + minute)
    }

    fn all(minute: u32, requests: f64, tokens: f64) -> AccountMinute {
        AccountMinute { at: at(minute), requests, throttles: 0.0, tokens }
    }

    #[test]
    fn others_are_what_is_not_ours_in_minutes_that_are_counted_in_full() {
        let mut used = Use::default();
        assert_eq!(used.others(), None, "nobody told");
        for minute in 0..8 {
            for second in 0..10 {
                used.sent(at(minute) + Duration::from_secs(second));
            }
            used.settled(at(minute) + Duration::from_secs(30), 1_000);
        }
        let account: Vec<AccountMinute> = (0..8).map(|minute| all(minute, 40.0, 7_000.0)).collect();
        used.read(at(8) + Duration::from_secs(20), &account);
        let others = used.others().expect("told");
        assert_eq!(others, Others { requests: 30.0, tokens: 6_000.0, as_of: at(6) });
    }

    #[test]
    fn a_minute_without_a_word_was_without_use_and_less_than_ours_is_nobody() {
        let mut used = Use::default();
        used.sent(at(4));
        used.read(at(8), &[all(3, 30.0, 300.0), all(7, 99.0, 99.0)]);
        let others = used.others().expect("told");
        assert_eq!((others.requests, others.tokens, others.as_of), (29.0 / 3.0, 100.0, at(6)));
        used.read(at(9), &[]);
        assert_eq!(used.others().map(|others| others.requests), Some(0.0));
    }

    #[test]
    fn only_the_last_minutes_are_remembered() {
        let mut used = Use::default();
        for minute in 0..100 {
            used.sent(at(minute));
            used.settled(at(minute.saturating_sub(1)), 5);
        }
        assert_eq!(used.own.len(), REMEMBERED);
        assert!(used.own.iter().all(|minute| minute.requests == 1.0));
    }
}
