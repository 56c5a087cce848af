//! `quotient quotas`: what was detected for each model, by which row, and what could not be.

use color_eyre::Result;
use serde_json::{Value, json};

use crate::bedrock::quotas::Detected;
use crate::bench::number::number;
use crate::bench::plan::{ModelPlan, Plan};
use crate::bench::quota::{Limit, LimitKind, Quota};
use crate::cli::arguments::{Answer, BenchOptions, QuotasOptions};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::{output, planning};

/// Runs the command.
pub fn quotas(options: &QuotasOptions) -> Result<Exit> {
    let mut planned = planning::plan(&BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() })?;
    let setup = planning::setup(&planned, &options.shared, false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let session = runtime.block_on(Session::open(&mut planned.plan, setup))?;
    let pairs: Vec<(&ModelPlan, &Detected)> =
        planned.plan.models.iter().chain(&planned.plan.judges).zip(session.detected()).collect();
    let text = match options.format {
        Answer::Json => output::json(&as_json(&planned.plan, session.simulated(), &pairs))?,
        Answer::Text => as_text(&planned.plan, session.simulated(), &pairs),
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

fn as_json(plan: &Plan, simulated: bool, pairs: &[(&ModelPlan, &Detected)]) -> Value {
    let model = |(model, detected): &(&ModelPlan, &Detected)| {
        let elsewhere: Vec<Value> =
            detected.elsewhere.iter().map(|(scope, quota)| json!({"scope": scope.name(), "quota": quota})).collect();
        json!({
            "model": model.id.as_str(),
            "base_model": model.id.base(),
            "scope": model.scope().name(),
            "family": model.id.family().name,
            "burndown": model.burndown,
            "quota": detected.quota,
            "other_tpd": detected.other_day,
            "elsewhere": elsewhere,
            "notes": detected.notes,
        })
    };
    json!({
        "schema": 1,
        "region": plan.region,
        "endpoint": plan.endpoint.label(),
        "simulated": simulated,
        "models": pairs.iter().map(model).collect::<Vec<_>>(),
    })
}

fn as_text(plan: &Plan, simulated: bool, pairs: &[(&ModelPlan, &Detected)]) -> String {
    let mark = if simulated { "  SIMULATED" } else { "" };
    let mut text = format!("quotas in {} on {}{mark}\n", plan.region, output::one_line(plan.endpoint.label()));
    for (model, detected) in pairs {
        text.push_str(&format!(
            "\n{}  {} {}, burndown {}\n",
            output::one_line(model.id.as_str()),
            model.id.family().name,
            model.scope().name(),
            model.burndown
        ));
        for kind in LimitKind::ALL {
            text.push_str(&format!("  {}  {}\n", kind.name(), limit(detected.quota.get(kind))));
        }
        if let Some(other) = &detected.other_day {
            text.push_str(&format!("  also {}; the smaller daily row holds\n", limit(Some(other)).trim_start()));
        }
        for (scope, quota) in &detected.elsewhere {
            text.push_str(&format!("  elsewhere: {} {}\n", scope.name(), short(quota)));
        }
        for note in &detected.notes {
            text.push_str(&format!("  note: {}\n", output::one_line(note)));
        }
    }
    text
}

fn limit(limit: Option<&Limit>) -> String {
    let Some(limit) = limit else { return "no limit found".into() };
    let adjustable = match limit.adjustable {
        Some(true) => ", adjustable",
        Some(false) => ", not adjustable",
        None => "",
    };
    let row = limit
        .code
        .as_deref()
        .zip(limit.name.as_deref())
        .map(|(code, name)| format!("  {code}  {}", output::one_line(name)));
    format!("{:>14} {}{adjustable}{}", number(limit.value), limit.source, row.unwrap_or_default())
}

fn short(quota: &Quota) -> String {
    let limits: Vec<String> = LimitKind::ALL
        .into_iter()
        .filter_map(|kind| {
            quota.get(kind).map(|limit| format!("{} {} ({})", kind.name(), number(limit.value), limit.source))
        })
        .collect();
    limits.join(", ")
}
