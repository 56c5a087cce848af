//! Estimate: what a plan will take before anything is sent — calls, tokens, money, minutes, at worst and as expected.

use crate::bench::caution::cautions;
use crate::bench::contest::visible;
use crate::bench::judge;
use crate::bench::number::number;
use crate::bench::plan::Plan;
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::template::{TemplateError, Templates};
use crate::bench::usage::{Usage, rough_tokens};
use crate::bench::verification;

/// Share of `max_tokens` that is taken for the expected output before anything was measured; a guess, and shown as one.
const EXPECTED_OUTPUT: f64 = 0.3;

/// Output tokens of a judge's reply, as expected: most are one word.
const EXPECTED_VERDICT: f64 = 12.0;

/// What a plan will take, its judges included. Everything here is an estimate: input tokens from text length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimate {
    /// Trials, warm-up included.
    pub trials: u64,
    /// Invocations if every trial needs every attempt.
    pub invocations: u64,
    /// Those of them that are the judges'.
    pub judge_invocations: u64,
    /// Input tokens, each trial once.
    pub input_tokens: u64,
    /// Output tokens as expected, each trial once.
    pub output_tokens: u64,
    /// Output tokens if every answer is as long as it may be, each trial once.
    pub worst_output_tokens: u64,
    /// Tokens at worst: every attempt of every trial at `max_tokens`.
    pub worst_tokens: u64,
    /// Quota tokens as expected, settled.
    pub quota_tokens: u64,
    /// US dollars as expected; `None` where a model has no known price.
    pub cost_usd: Option<f64>,
    /// US dollars at worst, likewise.
    pub worst_cost_usd: Option<f64>,
    /// Seconds that the quota asks for; `None` where no limit is known.
    pub seconds: Option<f64>,
    /// The smallest difference, a share, that a comparison of two variants would show with a probability of 80 % if all
    /// trials are made and lengths of answers vary as usual; `None` where there is nothing to compare.
    pub smallest_difference: Option<f64>,
    /// Requests of a verification, within the others' quota tokens and money; 0 where none is asked for.
    pub verified: u64,
    /// What the user should know before starting.
    pub warnings: Vec<String>,
}

/// How much answers to the same prompt vary, before anything was measured: the coefficient of variation of the quota
/// tokens of one answer; a guess, and shown as one.
pub const USUAL_SPREAD: f64 = 0.2;

/// What one invocation of a variant takes as expected, on average over the cases.
pub fn expected(plan: &Plan, templates: &Templates, model: usize, variant: usize) -> Result<Usage, TemplateError> {
    let (bytes, _) = prompt_bytes(plan, templates, variant)?;
    let output = plan.max_tokens(model, variant) as f64 * EXPECTED_OUTPUT;
    Ok(Usage::estimated(rough_tokens(bytes), output as u64))
}

/// Estimates a plan; `quotas` are those of its models and then of its judges, as far as they are known.
pub fn estimate(plan: &Plan, templates: &Templates, quotas: &[Option<Quota>]) -> Result<Estimate, TemplateError> {
    let (mut verifying, mut quota_tokens_verified) = (0.0_f64, 0);
    let mut total = Estimate { cost_usd: Some(0.0), worst_cost_usd: Some(0.0), ..Estimate::default() };
    for (index, model) in plan.models.iter().enumerate() {
        let (mut trials, mut quota_tokens) = (0_u64, 0_u64);
        for variant in plan.variants_for(index) {
            let (_, largest) = prompt_bytes(plan, templates, variant)?;
            let max_tokens = plan.max_tokens(index, variant);
            let reserved = rough_tokens(largest.0) + max_tokens;
            let listed = quotas.get(index).and_then(Option::as_ref);
            total
                .warnings
                .extend(listed.and_then(|quota| too_large(plan, quota, (index, variant, largest.1), reserved)));
            let expected = expected(plan, templates, index, variant)?;
            let worst = Usage::estimated(expected.input, max_tokens);
            let n = u64::from(plan.trials + plan.warmup);
            trials += n;
            quota_tokens += n * expected.settled(model.burndown);
            total.input_tokens += n * expected.input;
            total.output_tokens += n * expected.output;
            total.worst_output_tokens += n * worst.output;
            total.worst_tokens += n * u64::from(plan.attempts) * worst.total();
            let cost = |usage: &Usage| model.price.map(|price| price.cost(usage) * n as f64);
            total.cost_usd = total.cost_usd.zip(cost(&expected)).map(|(sum, cost)| sum + cost);
            total.worst_cost_usd =
                total.worst_cost_usd.zip(cost(&worst)).map(|(sum, cost)| sum + cost * f64::from(plan.attempts));
            total.warnings.extend(cautions(plan, index, variant));
        }
        if let Some(verified) = verified(plan, templates, index, quotas.get(index).and_then(Option::as_ref))? {
            let Verified { requests, usage, worst, seconds } = verified;
            let cost = |usage: &Usage| model.price.map(|price| price.cost(usage) * requests as f64);
            total.verified += requests;
            total.worst_tokens += requests * worst.total();
            total.cost_usd = total.cost_usd.zip(cost(&usage)).map(|(sum, cost)| sum + cost);
            total.worst_cost_usd = total.worst_cost_usd.zip(cost(&worst)).map(|(sum, cost)| sum + cost);
            total.input_tokens += requests * usage.input;
            total.output_tokens += requests * usage.output;
            total.worst_output_tokens += requests * worst.output;
            verifying = verifying.max(seconds);
            quota_tokens_verified += requests * usage.settled(model.burndown);
        }
        total.trials += trials;
        total.invocations += trials * u64::from(plan.attempts);
        total.quota_tokens += quota_tokens;
        if let Some(Some(quota)) = quotas.get(index) {
            let seconds = seconds(&quota.share(plan.share), trials, quota_tokens);
            // Models run side by side, so the slowest one decides.
            total.seconds = seconds.into_iter().chain(total.seconds).reduce(f64::max);
        }
        if model.price.is_none() {
            total.warnings.push(format!("{}: the price is unknown, so the cost is unknown", model.id));
        }
        if model.id.family().name == "unknown" {
            total.warnings.push(format!("{}: an unknown model family; neutral settings are used", model.id));
        }
    }
    total.quota_tokens += quota_tokens_verified;
    let most = (0..plan.models.len()).map(|model| plan.variants_for(model).count()).max().unwrap_or(0);
    let spread = USUAL_SPREAD * std::f64::consts::SQRT_2;
    total.smallest_difference =
        (most > 1).then(|| visible(u64::from(plan.trials), spread, most, plan.confidence)).filter(|d| d.is_finite());
    judges(plan, quotas, &mut total);
    total.seconds = total.seconds.map(|seconds| seconds + verifying);
    Ok(total)
}

/// What the judges of a plan take: invocations and tokens as expected, each once, and at worst.
#[derive(Debug, Clone, Copy, Default)]
struct Judged {
    calls: f64,
    input: f64,
    output: f64,
    worst_input: f64,
    worst_output: f64,
    quota_tokens: f64,
}

/// Adds what the judges take: at worst each counted answer passes all other checks, and every attempt is needed.
fn judges(plan: &Plan, quotas: &[Option<Quota>], total: &mut Estimate) {
    let mut all = vec![Judged::default(); plan.judges.len()];
    // A case's share of the trials need not be a whole number.
    let n = f64::from(plan.trials) / plan.cases.len().max(1) as f64;
    let pairs = (0..plan.models.len()).flat_map(|model| plan.variants_for(model).map(move |variant| (model, variant)));
    for (model, variant) in pairs {
        let answer = plan.max_tokens(model, variant) as f64;
        for (case, text) in plan.cases.iter().enumerate() {
            for (judge, check) in plan.judged_by(variant, case) {
                let asked = judge::prompt_bytes(plan, check, text);
                let (asked, most) = (rough_tokens(asked) as f64, f64::from(judge::max_tokens(check)));
                let (input, output) = (asked + answer * EXPECTED_OUTPUT, most.min(EXPECTED_VERDICT));
                let sum = &mut all[judge];
                sum.calls += n;
                sum.input += n * input;
                sum.output += n * output;
                sum.worst_input += n * (asked + answer);
                sum.worst_output += n * most;
                sum.quota_tokens += n * (input + output * f64::from(plan.judges[judge].burndown));
            }
        }
    }
    let whole = |amount: f64| amount.ceil() as u64;
    let attempts = f64::from(plan.attempts);
    for (index, (judge, sum)) in plan.judges.iter().zip(all).enumerate() {
        total.judge_invocations += whole(sum.calls * attempts);
        total.input_tokens += whole(sum.input);
        total.output_tokens += whole(sum.output);
        total.worst_output_tokens += whole(sum.worst_output);
        total.worst_tokens += whole((sum.worst_input + sum.worst_output) * attempts);
        total.quota_tokens += whole(sum.quota_tokens);
        let cost = |input: f64, output: f64| {
            judge.price.map(|price| price.cost(&Usage::estimated(whole(input), whole(output))))
        };
        let expected = cost(sum.input, sum.output);
        let worst = cost(sum.worst_input * attempts, sum.worst_output * attempts);
        total.cost_usd = total.cost_usd.zip(expected).map(|(sum, cost)| sum + cost);
        total.worst_cost_usd = total.worst_cost_usd.zip(worst).map(|(sum, cost)| sum + cost);
        if let Some(Some(quota)) = quotas.get(plan.models.len() + index) {
            let seconds = seconds(&quota.share(plan.share), whole(sum.calls), whole(sum.quota_tokens));
            total.seconds = seconds.into_iter().chain(total.seconds).reduce(f64::max);
        }
        if judge.price.is_none() {
            total.warnings.push(format!("{}: the judge's price is unknown, so the cost is unknown", judge.id));
        }
    }
    total.invocations += total.judge_invocations;
}

/// What the verification of one model takes at most.
struct Verified {
    requests: u64,
    usage: Usage,
    worst: Usage,
    seconds: f64,
}

/// The variant that would send the most is taken, as nobody knows the winner yet.
fn verified(
    plan: &Plan,
    templates: &Templates,
    model: usize,
    quota: Option<&Quota>,
) -> Result<Option<Verified>, TemplateError> {
    let Some(share) = quota.filter(|_| plan.verify).map(|quota| quota.share(plan.share)) else { return Ok(None) };
    let mut most: Option<Verified> = None;
    for variant in plan.variants_for(model) {
        let usage = expected(plan, templates, model, variant)?;
        let worst = Usage::estimated(usage.input, plan.max_tokens(model, variant));
        let Some(requests) = verification::requests(&share, usage.settled(plan.models[model].burndown) as f64) else {
            continue;
        };
        let found = Verified {
            requests: requests.ceil() as u64,
            usage,
            worst,
            seconds: (verification::SETTLE + verification::MEASURE).as_secs_f64(),
        };
        if most.as_ref().is_none_or(|most| most.requests < found.requests) {
            most = Some(found);
        }
    }
    Ok(most)
}

/// Bytes of a variant's prompt: their mean over the cases, and those of the longest one with the index of its case.
fn prompt_bytes(plan: &Plan, templates: &Templates, variant: usize) -> Result<(usize, (usize, usize)), TemplateError> {
    let (mut all, mut largest) = (0, (0, 0));
    for (case, of) in plan.cases.iter().enumerate() {
        let bytes = templates.render(variant, of)?.prompt_bytes();
        all += bytes;
        largest = largest.max((bytes, case));
    }
    Ok((all / plan.cases.len().max(1), largest))
}

/// The sentence about a request that no wait can make fit: it alone reserves more than a whole limit.
fn too_large(plan: &Plan, quota: &Quota, at: (usize, usize, usize), reserved: u64) -> Option<String> {
    let (model, variant, case) = at;
    let limit = |kind| quota.get(kind).filter(|limit| limit.is_listed() && reserved as f64 > limit.value);
    let kind = [LimitKind::Tpm, LimitKind::Tpd].into_iter().find(|kind| limit(*kind).is_some())?;
    Some(format!(
        "{}: {} on case {} reserves about {} quota tokens, more than the whole quota of {} {}, and {} be sent: lower \
         max_tokens or shorten the prompt",
        plan.models[model].id,
        plan.variants[variant].name,
        plan.cases.get(case).map_or("?", |case| case.id.as_str()),
        number(reserved as f64),
        number(limit(kind)?.value),
        kind.meaning(),
        // The prompt's tokens are a guess until they were counted once.
        if plan.max_tokens(model, variant) as f64 > limit(kind)?.value { "cannot" } else { "can probably not" },
    ))
}

fn seconds(quota: &Quota, requests: u64, tokens: u64) -> Option<f64> {
    let by = |kind, amount: u64| quota.value(kind).map(|limit| amount as f64 / limit.max(f64::MIN_POSITIVE) * 60.0);
    [by(LimitKind::Rpm, requests), by(LimitKind::Tpm, tokens)].into_iter().flatten().reduce(f64::max)
}
