//! `quotient check`: reads the configuration, prints the plan and its estimate; sends nothing.

use color_eyre::Result;
use serde_json::{Value, json};

use crate::bench::estimate::{Estimate, USUAL_SPREAD, estimate};
use crate::bench::guess;
use crate::bench::number::number;
use crate::bench::plan::{Concurrency, ModelPlan, Plan};
use crate::bench::price;
use crate::bench::quota::{Quota, QuotaOverrides};
use crate::bench::template::Templates;
use crate::cli::arguments::{Answer, BenchOptions, CheckOptions};
use crate::cli::bench::refusal;
use crate::cli::exit::{Exit, Refused};
use crate::cli::fit::{self, Fit};
use crate::cli::{output, planning};
use crate::tui::format::plural;

/// Runs the command.
pub fn check(options: &CheckOptions) -> Result<Exit> {
    let bench = BenchOptions { shared: options.shared.clone(), run: options.run.clone(), ..BenchOptions::default() };
    let mut plan = planning::plan(&bench)?.plan;
    // Nothing is asked of the network, so only what the user set of the quota is known.
    let known = known_quota(&plan.quota);
    let quotas: Vec<Option<Quota>> = plan.models.iter().map(|_| known.clone()).collect();
    let mut said = match fit::fit(&mut plan, &quotas)? {
        Fit::Run(notes) => notes,
        Fit::Reckoned { sentence, table } if options.format == Answer::Text => {
            output::answer_to(options.output.as_deref(), &format!("{sentence}\n{table}"))?;
            return Ok(Exit::Done);
        }
        Fit::Reckoned { sentence, .. } => vec![sentence],
    };
    if plan.within.is_some() && known.is_none() {
        said.push("--within chooses trials once the quota is known: it is detected when a run begins".into());
    }
    let mut estimated = estimated(&plan, &quotas)?;
    estimated.warnings.extend(said);
    if let Some(why) = refusal(&plan, &estimated).filter(|_| !plan.endpoint.is_local()) {
        estimated.warnings.push(format!("this plan will be refused: {why}"));
    }
    let text = match options.format {
        Answer::Json => output::json(&as_json(&plan, &estimated))?,
        Answer::Text => as_text(&plan, &estimated, known.is_some()),
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

/// The estimate of a plan.
pub fn estimated(plan: &Plan, quotas: &[Option<Quota>]) -> Result<Estimate> {
    let wrong = |error: crate::bench::template::TemplateError| Refused::usage(error.message);
    let templates = Templates::new(plan).map_err(wrong)?;
    estimate(plan, &templates, quotas).map_err(wrong)
}

fn known_quota(set: &QuotaOverrides) -> Option<Quota> {
    let quota = set.apply(Quota::default());
    (quota != Quota::default()).then_some(quota)
}

fn as_json(plan: &Plan, estimated: &Estimate) -> Value {
    json!({
        "schema": 1,
        "models": plan.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(),
        "variants": plan.variants.iter().filter(|v| v.included).map(|v| v.name.as_str()).collect::<Vec<_>>(),
        "judges": plan.judges.iter().map(|judge| judge.id.as_str()).collect::<Vec<_>>(),
        "cases": plan.cases.len(),
        "trials": estimated.trials,
        "invocations": estimated.invocations,
        "judge_invocations": estimated.judge_invocations,
        "estimated": {
            "input_tokens": estimated.input_tokens,
            "output_tokens": estimated.output_tokens,
            "worst_output_tokens": estimated.worst_output_tokens,
            "worst_tokens": estimated.worst_tokens,
            "quota_tokens": estimated.quota_tokens,
            "cost_usd": estimated.cost_usd,
            "worst_cost_usd": estimated.worst_cost_usd,
            "seconds": estimated.seconds,
            "smallest_difference": estimated.smallest_difference,
        },
        "warnings": estimated.warnings,
    })
}

fn as_text(plan: &Plan, estimated: &Estimate, quota_known: bool) -> String {
    let mut text = String::from("plan\n");
    for (label, value) in rows(plan, estimated) {
        text.push_str(&format!("  {label:<18} {value}\n"));
    }
    if !quota_known {
        text.push_str("  the quota is detected when a run begins; --rpm and --tpm let the minutes be estimated here\n");
    }
    for warning in &estimated.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    text
}

/// The plan and its estimate as label and value, for the terminal and for the dashboard's confirmation.
pub fn rows(plan: &Plan, estimated: &Estimate) -> Vec<(String, String)> {
    let joined = |names: Vec<&str>| names.join(", ");
    let count = |n: u64| number(n as f64);
    let cost = match estimated.cost_usd.zip(estimated.worst_cost_usd) {
        Some((expected, worst)) => {
            let but = if plan.verify && estimated.verified == 0 { "; the verification is not in it" } else { "" };
            format!("${} est, at most ${}{but}", number(expected), number(worst))
        }
        None => "unknown: a model has no known price".to_owned(),
    };
    let variants: Vec<&str> = plan.variants.iter().filter(|v| v.included).map(|v| v.name.as_str()).collect();
    let row = |label: &str, value: String| (label.to_owned(), value);
    let mut all = vec![
        row("endpoint", format!("{} in {}", plan.endpoint.label(), plan.region)),
        row("models", joined(plan.models.iter().map(|model| model.id.as_str()).collect())),
        row("variants", joined(variants)),
    ];
    if !plan.judges.is_empty() {
        let judges = joined(plan.judges.iter().map(|judge| judge.id.as_str()).collect());
        let most = count(estimated.judge_invocations);
        all.push(row("judges", format!("{judges}: at most {most} of the invocations, their tokens and cost included")));
    }
    all.extend([
        row("cases", plan.cases.len().to_string()),
        row("trials", format!("{} (warm-up included)", count(estimated.trials))),
        row("invocations", format!("at most {} ({} attempts a trial)", count(estimated.invocations), plan.attempts)),
        row("input tokens", format!("{} est", count(estimated.input_tokens))),
        row(
            "output tokens",
            format!("{} est, at most {}", count(estimated.output_tokens), count(estimated.worst_output_tokens)),
        ),
        row("tokens at worst", format!("{} est, every attempt at max_tokens", count(estimated.worst_tokens))),
        row("quota tokens", format!("{} est", count(estimated.quota_tokens))),
        row("cost", cost),
        row(
            "cap on cost",
            plan.max_cost_usd.map_or("none".into(), |usd| format!("${usd:.2}; the run stops before it is exceeded")),
        ),
        row(
            "time",
            estimated
                .seconds
                .map_or("unknown until the quota is detected".into(), |s| format!("at least {} est", span(s))),
        ),
        row("share of quota", format!("{:.0} %", plan.share * 100.0)),
        row(
            "visible difference",
            estimated.smallest_difference.map_or("none: nothing to compare, or too few trials".into(), |share| {
                format!(
                    "{:.0} % or more between two variants, est: if one's answers vary by {:.0} % and all trials are made",
                    share * 100.0,
                    USUAL_SPREAD * 100.0
                )
            }),
        ),
        row("max_tokens", plan.max_tokens_in_words()),
        row(
            "at once",
            match plan.concurrency {
                Concurrency::Auto => "as many requests as are needed".into(),
                Concurrency::Fixed(most) => format!("{} on each model", plural(u64::from(most), "request")),
            },
        ),
        row("objective", plan.objective.name()),
        row("price", prices(plan)),
        row(
            "verification",
            match (plan.verify, estimated.verified) {
                (false, _) => "none; --verify drives the winner at the quota's edge afterwards".into(),
                (true, 0) => "three minutes at the quota's edge, once it is detected".into(),
                (true, n) => format!("about {} more requests est, in three minutes at the quota's edge", count(n)),
            },
        ),
    ]);
    all.extend(usual_guess(plan).map(|guess| row("usual guess", guess)));
    all
}

/// The variant that is guessed for each model before anything was measured, where it is in the plan.
fn usual_guess(plan: &Plan) -> Option<String> {
    let mut guesses: Vec<String> = Vec::new();
    for (index, model) in plan.models.iter().enumerate() {
        let Some(variant) = guess::guessed(plan, index) else { continue };
        let guess = format!("{} for {} models", plan.variants[variant].name, model.id.family().name);
        if !guesses.contains(&guess) {
            guesses.push(guess);
        }
    }
    (!guesses.is_empty()).then(|| format!("{}, before any measurement", guesses.join("; ")))
}

/// What each model costs, and who says so.
fn prices(plan: &Plan) -> String {
    let one = |model: &ModelPlan| {
        let Some(price) = model.price else { return "unknown".to_owned() };
        let from = match plan.configured_price(&model.id) {
            Some(_) => "configured".to_owned(),
            None => format!("table of {}", price::READ_ON),
        };
        format!("${} in, ${} out per million tokens ({from})", number(price.input), number(price.output))
    };
    match plan.models.as_slice() {
        [only] if plan.judges.is_empty() => one(only),
        several => {
            let all = several.iter().chain(&plan.judges);
            all.map(|model| format!("{}: {}", model.id, one(model))).collect::<Vec<_>>().join("; ")
        }
    }
}

/// Seconds as people say them.
fn span(seconds: f64) -> String {
    let whole = seconds.ceil() as u64;
    match (whole / 3_600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}
