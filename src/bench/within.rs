//! Within: how many trials of which variants fit into the time there is, and what arithmetic says where too few do.

use std::time::Duration;

use crate::bench::capacity::{Capacity, Demand, capacity};
use crate::bench::contest::FEWEST_BLOCKS;
use crate::bench::estimate::expected;
use crate::bench::number::number;
use crate::bench::plan::Plan;
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::template::{TemplateError, Templates};
use crate::bench::verification;

/// Fewer variants than this are no comparison.
const FEWEST_VARIANTS: usize = 2;

/// More trials than this are not chosen by the time alone: a race is decided long before, or shows no difference that
/// matters.
const MOST_TRIALS: u32 = 500;

/// The share of a quota that a plan counts on: pacing keeps a little back, and the last answers take their time.
const USED: f64 = 0.95;

/// What a plan is within its time.
#[derive(Debug, Clone, PartialEq)]
pub enum Within {
    /// It has no time set, or its quota is not known: as it stands.
    AsPlanned,
    /// So many trials per variant, of these variants alone; sentences say what was chosen.
    Fitted {
        /// Trials per variant and model.
        trials: u32,
        /// Names of variants that are left out.
        left_out: Vec<String>,
        /// What was chosen, in sentences.
        notes: Vec<String>,
    },
    /// The quota is too small to measure anything in that time: what the arithmetic of tokens says, without waiting.
    Arithmetic {
        /// Every variant, best first.
        ranking: Vec<Reckoned>,
        /// Why nothing is sent, and what follows.
        reason: String,
    },
}

/// A variant's capacity by arithmetic alone, before anything was measured; every figure is an estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Reckoned {
    /// The model.
    pub model: String,
    /// The variant.
    pub variant: String,
    /// Input tokens by the length of the text.
    pub input: u64,
    /// Quota tokens that a request settles at, as expected.
    pub settled: u64,
    /// Quota tokens that it reserves.
    pub reserved: u64,
    /// Requests a minute that fit, and the limit that binds; `None` where no limit is known.
    pub capacity: Option<Capacity>,
}

/// What fits into the plan's time under the quotas of its models.
pub fn within(plan: &Plan, templates: &Templates, quotas: &[Option<Quota>]) -> Result<Within, TemplateError> {
    let Some(time) = plan.within else { return Ok(Within::AsPlanned) };
    let verified = if plan.verify { verification::SETTLE + verification::MEASURE } else { Duration::ZERO };
    let time = time.saturating_sub(verified);
    let reckoned = reckoned(plan, templates, quotas)?;
    let mut names: Vec<&str> = plan.variants.iter().filter(|v| v.included).map(|v| v.name.as_str()).collect();
    let rounds = |names: &[&str]| rounds(plan, quotas, &reckoned, names, time);
    let Some(mut fit) = rounds(&names) else { return Ok(Within::AsPlanned) };
    let fewest = FEWEST_BLOCKS as u64 + u64::from(plan.warmup);
    let mut left_out = Vec::new();
    // The dearest goes first: it is the least likely to win, and makes the most room.
    while fit < fewest && names.len() > FEWEST_VARIANTS {
        let dearest = |name: &&str| reckoned.iter().filter(|r| r.variant == *name).map(|r| r.settled).sum::<u64>();
        let Some(name) = names.iter().copied().max_by_key(dearest) else { break };
        names.retain(|kept| *kept != name);
        left_out.push(name.to_owned());
        fit = rounds(&names).unwrap_or(fit);
    }
    let span = match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min", number(seconds as f64 / 60.0)),
    };
    if fit < fewest {
        let reason = format!(
            "{span} allow {} trials of each of {} variants, and fewer than {FEWEST_BLOCKS} decide nothing: nothing is \
             sent; by the arithmetic of tokens",
            fit.saturating_sub(u64::from(plan.warmup)),
            names.len()
        );
        return Ok(Within::Arithmetic { ranking: ranked(reckoned), reason });
    }
    let most = if plan.trials_named { plan.trials } else { plan.trials.max(MOST_TRIALS) };
    let allowed = fit - u64::from(plan.warmup);
    let trials = allowed.min(u64::from(most)) as u32;
    let but = if allowed > u64::from(trials) { format!(", of {allowed} that fit") } else { String::new() };
    let mut notes = vec![format!("{span}: {trials} trials per variant are planned{but}")];
    if !left_out.is_empty() {
        notes.push(format!(
            "{} left out, as {FEWEST_BLOCKS} trials of every variant do not fit: by estimated tokens the dearest",
            left_out.join(", ")
        ));
    }
    Ok(Within::Fitted { trials, left_out, notes })
}

/// Rounds of one trial of each of some variants that fit on every model; `None` where no limit is known.
fn rounds(plan: &Plan, quotas: &[Option<Quota>], reckoned: &[Reckoned], names: &[&str], time: Duration) -> Option<u64> {
    let minutes = time.as_secs_f64() / 60.0 * USED;
    let of_model = |(index, quota): (usize, &Option<Quota>)| {
        let share = quota.as_ref()?.share(plan.share);
        let id = plan.models.get(index)?.id.as_str();
        let taking: Vec<&Reckoned> =
            reckoned.iter().filter(|r| r.model == id && names.contains(&r.variant.as_str())).collect();
        let tokens: u64 = taking.iter().map(|r| r.settled).sum();
        let by = |kind, each: f64| share.value(kind).map(|limit| limit * minutes / each.max(1.0));
        [by(LimitKind::Rpm, taking.len() as f64), by(LimitKind::Tpm, tokens as f64)]
            .into_iter()
            .flatten()
            .reduce(f64::min)
    };
    quotas.iter().enumerate().filter_map(of_model).reduce(f64::min).map(|rounds| rounds as u64)
}

/// What every variant would take and allow, before anything was measured.
fn reckoned(plan: &Plan, templates: &Templates, quotas: &[Option<Quota>]) -> Result<Vec<Reckoned>, TemplateError> {
    let mut all = Vec::new();
    for (index, model) in plan.models.iter().enumerate() {
        for variant in plan.variants_for(index) {
            let usage = expected(plan, templates, index, variant)?;
            let reserved = usage.input + plan.max_tokens(index, variant);
            let settled = usage.settled(model.burndown);
            let demand = Demand { settled: settled as f64, reserved: reserved as f64, latency: 0.0 };
            let quota = quotas.get(index).and_then(Option::as_ref);
            all.push(Reckoned {
                model: model.id.to_string(),
                variant: plan.variants[variant].name.clone(),
                input: usage.input,
                settled,
                reserved,
                capacity: quota.and_then(|quota| capacity(quota, demand, plan.active)),
            });
        }
    }
    Ok(all)
}

/// Most requests a minute first; where they tie, fewest tokens.
fn ranked(mut reckoned: Vec<Reckoned>) -> Vec<Reckoned> {
    let rpm = |of: &Reckoned| of.capacity.map_or(0.0, |capacity| capacity.rpm);
    reckoned.sort_by(|a, b| {
        let tie = (rpm(a) - rpm(b)).abs() < 1e-9;
        if tie { a.settled.cmp(&b.settled) } else { rpm(b).total_cmp(&rpm(a)) }
    });
    reckoned
}
