//! Forecast: what an invocation of one variant will take, learned from those before it.

use crate::bench::usage::{Usage, UsageSource, rough_tokens};
use crate::engine::need::Need;

/// How much the newest reply weighs.
const WEIGHT: f64 = 0.2;
/// Tokens that every prompt has beside its text (roles, template), before anything was measured.
const FRAME: u64 = 16;

/// One variant's calibration on one model.
#[derive(Debug, Default)]
pub(crate) struct Forecast {
    /// Input tokens of all kinds per byte of prompt.
    per_byte: Moving,
    /// Output tokens.
    output: Moving,
}

impl Forecast {
    /// Takes a reply's reported tokens in; estimates teach nothing.
    pub(crate) fn learn(&mut self, prompt_bytes: usize, usage: &Usage) {
        if usage.source == UsageSource::Estimated {
            return;
        }
        let input = usage.input + usage.cache_read + usage.cache_write;
        self.per_byte.add(input as f64 / prompt_bytes.max(1) as f64);
        self.output.add(usage.output as f64);
    }

    /// Input tokens of a prompt, rather too many than too few.
    pub(crate) fn input(&self, prompt_bytes: usize) -> u64 {
        match self.per_byte.mean {
            Some(mean) => ((mean + self.per_byte.deviation) * prompt_bytes as f64).ceil() as u64,
            None => rough_tokens(prompt_bytes) * 5 / 4 + FRAME,
        }
    }

    /// What the next invocation needs. Before the first reply it is expected to settle at its reservation.
    pub(crate) fn need(&self, prompt_bytes: usize, max_tokens: u64, burndown: u32) -> Need {
        let input = self.input(prompt_bytes);
        let reserved = input + max_tokens;
        let expected = match self.output.mean {
            Some(output) => input + (output * f64::from(burndown)).ceil() as u64,
            None => reserved,
        };
        let least = max_tokens + self.per_byte.mean.map_or(0, |mean| (mean * 0.9 * prompt_bytes as f64) as u64);
        Need { reserved, expected, least: least.min(reserved) }
    }
}

/// An exponentially weighted mean, and how far from it the numbers lie.
#[derive(Debug, Default)]
struct Moving {
    mean: Option<f64>,
    deviation: f64,
}

impl Moving {
    fn add(&mut self, value: f64) {
        let Some(mean) = self.mean else {
            self.mean = Some(value);
            return;
        };
        self.deviation += WEIGHT * ((value - mean).abs() - self.deviation);
        self.mean = Some(mean + WEIGHT * (value - mean));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_first_reply_the_reservation_is_expected() {
        let need = Forecast::default().need(400, 512, 5);
        assert_eq!(need, Need { reserved: 125 + 16 + 512, expected: 125 + 16 + 512, least: 512 });
    }

    #[test]
    fn replies_teach_the_prompts_tokens_and_the_outputs_length() {
        let mut forecast = Forecast::default();
        for _ in 0..50 {
            forecast.learn(400, &Usage::reported(90, 40));
        }
        let need = forecast.need(400, 512, 5);
        assert!((90..=91).contains(&(need.reserved - 512)), "{need:?}");
        assert!((290..=292).contains(&need.expected), "{need:?}");
        assert_eq!(need.held(), need.reserved);
        assert_eq!(forecast.need(400, 100, 5).held(), need.expected, "output burns down faster than is reserved");
    }

    #[test]
    fn cached_input_counts_as_input_and_estimates_teach_nothing() {
        let mut forecast = Forecast::default();
        forecast.learn(400, &Usage::estimated(1, 1));
        assert_eq!(forecast.input(400), 141);
        forecast.learn(400, &Usage { cache_read: 50, cache_write: 10, ..Usage::reported(40, 1) });
        assert_eq!(forecast.input(400), 100);
    }

    #[test]
    fn uneven_prompts_leave_a_margin() {
        let mut forecast = Forecast::default();
        for input in [80, 120].into_iter().cycle().take(60) {
            forecast.learn(400, &Usage::reported(input, 1));
        }
        assert!(forecast.input(400) > 110, "{}", forecast.input(400));
    }
}
