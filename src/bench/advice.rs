//! Advice: the smallest `max_tokens` that still leaves answers whole, and what it would gain.

use serde::{Deserialize, Serialize};

use crate::bench::figures::{FEWEST, Figures};
use crate::bench::means::Means;
use crate::bench::number::number;
use crate::bench::stats::{allows_more, upper_share};

/// The risk of cutting an answer off that is worth taking, a share of answers.
const ACCEPTABLE: f64 = 0.01;
/// Where a sample is too small to show so small a risk: room above the longest answer, a share of it.
const ROOM: f64 = 0.1;

/// What a smaller `max_tokens` would do. Bedrock reserves `max_tokens` for every request until it ends (source: Bedrock
/// user guide, `quotas-token-burndown`), so what no answer needs costs capacity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// The value advised.
    pub max_tokens: u64,
    /// The share of answers that it would cut off, at most, as far as this sample bounds it at the run's confidence.
    pub cut_off_risk: f64,
    /// Requests a minute inside the quota with it.
    pub capacity_with_advice: f64,
    /// Requests a minute gained; 0 where another limit than reserved tokens binds.
    #[serde(default)]
    pub regained: f64,
}

/// The advice for a variant; `None` where too few answers were measured, where answers are cut off as it is, where
/// tokens were only estimated, or where the value in use is no larger.
pub fn advice(figures: &Figures<'_>) -> Option<Advice> {
    let of = figures.tally;
    let used = figures.plan.max_tokens(figures.model, figures.variant);
    if of.cut_off > 0 || of.estimated() || of.outputs.n() < FEWEST {
        return None;
    }
    let risk = |over: u64| upper_share(over, of.outputs.n(), figures.plan.confidence);
    let (longest, shown) = (of.outputs.longest(), risk(0));
    let (max_tokens, cut_off_risk) = if shown > ACCEPTABLE {
        (longest + (longest as f64 * ROOM).ceil() as u64, shown)
    } else {
        // From the longest answer down, as long as the risk stays acceptable.
        let acceptable =
            |(_, over): &(u64, u64)| !allows_more(*over, of.outputs.n(), ACCEPTABLE, figures.plan.confidence);
        let shortest = of.outputs.from_longest().take_while(acceptable).last();
        shortest.map_or((longest, shown), |(length, over)| (length, risk(over)))
    };
    let max_tokens = rounded_up(max_tokens.max(1));
    if max_tokens >= used {
        return None;
    }
    let means = figures.means()?;
    let less = (used - max_tokens) as f64;
    let with = Means { reserved: (means.reserved - less).max(0.0), ..means };
    let setting = figures.setting();
    let (now, then) = (setting.capacity(&means)?.rpm, setting.capacity(&with)?.rpm);
    Some(Advice { max_tokens, cut_off_risk, capacity_with_advice: then, regained: then - now })
}

impl Advice {
    /// Whether it gains anything worth telling.
    pub fn gains(&self) -> bool {
        self.regained >= 0.05
    }
}

/// The advice in a sentence, for a variant's name.
pub fn sentence(figures: &Figures<'_>, advice: &Advice) -> String {
    let of = figures.tally;
    let used = figures.plan.max_tokens(figures.model, figures.variant);
    let gained = if advice.gains() {
        format!("allows {} more requests a minute", number(advice.regained))
    } else {
        "gains no request a minute: what it reserves is not what binds".into()
    };
    format!(
        "{}: max_tokens {} in place of {used} {gained}; it cuts off at most {} % of answers at {} % confidence (the \
         longest of {} had {} tokens)",
        figures.name(),
        advice.max_tokens,
        number(advice.cut_off_risk * 100.0),
        number(figures.plan.confidence * 100.0),
        of.outputs.n(),
        of.outputs.longest()
    )
}

/// The next number that somebody would write: a multiple of 5 up to 100, of 10 up to 1,000, of 50 beyond.
fn rounded_up(tokens: u64) -> u64 {
    let step = match tokens {
        0..=100 => 5,
        101..=1_000 => 10,
        _ => 50,
    };
    tokens.div_ceil(step) * step
}
