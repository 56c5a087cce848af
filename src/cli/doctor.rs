//! `quotient doctor`: checks what a benchmark needs, in the order in which it can fail, and says what to do.

mod call;
mod examine;

use std::io::IsTerminal;

use color_eyre::Result;
use serde::Serialize;
use serde_json::json;

use crate::bench::plan::Plan;
use crate::cli::arguments::{Answer, BenchOptions, DoctorOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::policy::policy;
use crate::cli::{output, planning};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    /// It works without, or not for long.
    Warning,
    Failed,
    Skipped,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    outcome: Outcome,
    says: String,
}

/// What was checked so far.
#[derive(Debug, Default)]
struct Checks {
    all: Vec<Check>,
    /// Whether a cap on money kept a call from being made.
    capped: bool,
}

impl Checks {
    fn add(&mut self, name: &str, outcome: Outcome, says: &str) {
        self.all.push(Check { name: name.into(), outcome, says: output::one_line(says).into_owned() });
    }

    fn judge(&mut self, name: &str, judged: Result<String, String>) {
        match judged {
            Ok(says) => self.add(name, Outcome::Ok, &says),
            Err(says) => self.add(name, Outcome::Failed, &says),
        }
    }

    fn exit(&self) -> Exit {
        match self.all.iter().any(|check| check.outcome == Outcome::Failed) {
            true if self.capped => Exit::Cap,
            true => Exit::NoResult,
            false => Exit::Done,
        }
    }
}

/// Runs the command.
pub fn doctor(options: &DoctorOptions) -> Result<Exit> {
    let mut checks = Checks::default();
    let bench = BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() };
    let planned = planning::plan(&bench).and_then(|planned| {
        let setup = planning::setup(&planned, &options.shared, false)?;
        Ok((planned, setup))
    });
    let mut plan = None;
    let mut simulated = false;
    match planned {
        Err(error) => {
            output::say(&error.to_string());
            checks.add(
                "configuration",
                Outcome::Failed,
                "Correct what standard error shows; nothing else was checked.",
            );
        }
        Ok((mut planned, setup)) => {
            let asking = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
            if options.call && !planned.plan.endpoint.is_local() && !options.shared.yes && !asking {
                return Err(Refused::usage(
                    "--call sends requests that may cost money, which must be agreed to: say --yes",
                ));
            }
            checks.add("configuration", Outcome::Ok, &format!("{} is readable.", planned.from));
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            simulated = runtime.block_on(examine::examine(&mut checks, &mut planned.plan, setup, options))?;
            plan = Some(planned.plan);
        }
    }
    let exit = checks.exit();
    let text = match options.format {
        Answer::Json => output::json(&json!({
            "schema": 1,
            "region": plan.as_ref().map(|plan| plan.region.as_str()),
            "endpoint": plan.as_ref().map(|plan| plan.endpoint.label()),
            "simulated": simulated,
            "ok": exit == Exit::Done,
            "checks": checks.all,
            "policy": plan.as_ref().map(policy),
        }))?,
        Answer::Text => as_text(&checks, plan.as_ref(), simulated)?,
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(exit)
}

fn as_text(checks: &Checks, plan: Option<&Plan>, simulated: bool) -> Result<String> {
    let mut text = String::from(if simulated { "doctor  SIMULATED\n" } else { "doctor\n" });
    for check in &checks.all {
        text.push_str(&format!("  {:<8} {}: {}\n", check.outcome.word(), output::one_line(&check.name), check.says));
    }
    if let Some(plan) = plan {
        text.push_str(&format!(
            "\nthe minimal IAM policy of this plan; a run does without ReadModels and ReadMetrics\n{}\n",
            output::json(&policy(plan))?
        ));
    }
    Ok(text)
}
