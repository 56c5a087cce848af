//! `quotient doctor`: checks what a benchmark needs, in the order in which it can fail, and says what to do.

use color_eyre::Result;
use serde::Serialize;
use serde_json::json;

use crate::bedrock::aws::Clients;
use crate::bedrock::catalog::{self, Catalog};
use crate::bedrock::gateway::Call;
use crate::bedrock::quotas::{self, Listing};
use crate::bench::fault::Fault;
use crate::bench::model::{ModelId, Scope};
use crate::bench::plan::Plan;
use crate::bench::quota::LimitKind;
use crate::bench::request::{Parameters, Request};
use crate::cli::arguments::{Answer, BenchOptions, DoctorOptions};
use crate::cli::exit::Exit;
use crate::cli::policy::policy;
use crate::cli::{output, planning, session};

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Failed,
    Skipped,
}

#[derive(Serialize)]
struct Check {
    name: String,
    outcome: Outcome,
    says: String,
}

/// What was checked so far.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &str, outcome: Outcome, says: &str) {
        self.0.push(Check { name: name.into(), outcome, says: output::one_line(says).into_owned() });
    }

    fn judge(&mut self, name: &str, judged: Result<String, String>) {
        match judged {
            Ok(says) => self.add(name, Outcome::Ok, &says),
            Err(says) => self.add(name, Outcome::Failed, &says),
        }
    }

    fn failed(&self) -> bool {
        self.0.iter().any(|check| check.outcome == Outcome::Failed)
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
            checks.add("configuration", Outcome::Ok, &format!("{} is readable.", planned.from));
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            simulated = runtime.block_on(examine(&mut checks, &mut planned.plan, setup, options.call));
            plan = Some(planned.plan);
        }
    }
    let exit = if checks.failed() { Exit::NoResult } else { Exit::Done };
    let text = match options.format {
        Answer::Json => output::json(&json!({
            "schema": 1,
            "region": plan.as_ref().map(|plan| plan.region.as_str()),
            "endpoint": plan.as_ref().map(|plan| plan.endpoint.label()),
            "simulated": simulated,
            "ok": exit == Exit::Done,
            "checks": checks.0,
            "policy": plan.as_ref().map(policy),
        }))?,
        Answer::Text => as_text(&checks, plan.as_ref(), simulated)?,
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(exit)
}

/// Every check that needs a connection; says whether a simulator answered. Without credentials nothing is sent.
async fn examine(checks: &mut Checks, plan: &mut Plan, setup: session::Setup, call: bool) -> bool {
    let clients = match session::clients(plan, setup).await {
        Ok(clients) => clients,
        Err(error) => {
            checks.add("region", Outcome::Failed, &error.to_string());
            return false;
        }
    };
    checks.add("region", Outcome::Ok, &format!("{} on {}.", plan.region, plan.endpoint.label()));
    match clients.credentials().await {
        Ok(kind) => checks.add("credentials", Outcome::Ok, &format!("Found: {kind}.")),
        Err(fault) => {
            checks.add("credentials", Outcome::Failed, &fault.message);
            for name in ["models", "quotas", "invocation"] {
                checks.add(name, Outcome::Skipped, "Needs credentials; nothing was sent.");
            }
            return false;
        }
    }
    checks.add("clock", Outcome::Skipped, "Not compared; a clock that is wrong shows below as a refused signature.");
    let catalog = catalog::list(&clients.bedrock, &clients.place).await;
    judge_models(checks, plan, catalog);
    let listing = quotas::list(&clients.quotas, &clients.place).await;
    judge_quotas(checks, plan, listing);
    if call {
        checks.judge("invocation", invoke(&clients, plan).await);
    } else {
        checks.add(
            "invocation",
            Outcome::Skipped,
            "No model was called; --call invokes the first one with max_tokens 1.",
        );
    }
    clients.gateway.simulated()
}

fn judge_models(checks: &mut Checks, plan: &Plan, catalog: Result<Catalog, Fault>) {
    let catalog = match catalog {
        Ok(catalog) => catalog,
        Err(fault) => {
            checks.add("models", Outcome::Failed, &fault.message);
            return;
        }
    };
    let count = format!("{} models and {} profiles are listed.", catalog.models.len(), catalog.profiles.len());
    checks.add("models", Outcome::Ok, &count);
    for model in &plan.models {
        let name = format!("model {}", model.id);
        if model.scope() == Scope::Dedicated {
            checks.add(&name, Outcome::Skipped, "Bought, custom and imported models are not in these lists.");
        } else {
            checks.judge(&name, listed(&catalog, &model.id));
        }
    }
}

/// Whether a model can be called as it is named; else how it can.
fn listed(catalog: &Catalog, id: &ModelId) -> Result<String, String> {
    let offer = catalog.offer(id);
    let end = offer.and_then(|offer| offer.end_of_life.as_deref()).map(|day| format!(" It ends on {day}."));
    let fine = |how: &str| {
        Ok(format!("Listed {how}; only a call shows whether access was granted.{}", end.as_deref().unwrap_or("")))
    };
    let same = |profile: &&catalog::Profile| {
        profile.id.as_str() == id.as_str()
            || (id.scope() != Scope::Unresolved && profile.id.prefix() == id.prefix() && id.prefix().is_some())
    };
    match id.scope() {
        Scope::OnDemand if offer.is_some_and(|offer| offer.on_demand) => return fine("on-demand"),
        Scope::Unresolved if catalog.profiles.iter().any(|p| p.active && p.id.as_str() == id.as_str()) => {
            return fine("as an inference profile");
        }
        Scope::OnDemand | Scope::Unresolved => {}
        _ if catalog.profiles_of(id).any(|profile| same(&profile)) => return fine("as an inference profile"),
        _ => {}
    }
    let mut ways: Vec<&str> = catalog.profiles_of(id).map(|profile| profile.id.as_str()).collect();
    ways.extend(offer.filter(|offer| offer.on_demand).map(|offer| offer.id.as_str()));
    if ways.is_empty() {
        return Err("Not listed in this region: see `quotient models`, or choose another region.".into());
    }
    Err(format!("Cannot be called by this id here; call it as {}.", ways.join(" or ")))
}

fn judge_quotas(checks: &mut Checks, plan: &Plan, listing: Result<Listing, Fault>) {
    if plan.quota.complete() {
        checks.add("quotas", Outcome::Skipped, "The limits are given, so none needs to be read.");
        return;
    }
    let listing = match listing {
        Ok(listing) => listing,
        Err(fault) => {
            checks.add("quotas", Outcome::Failed, &fault.message);
            return;
        }
    };
    let says = if listing.notes.is_empty() {
        Ok(format!("Applied values and defaults are readable ({} rows).", listing.rows.len()))
    } else {
        Err(listing.notes.join(" "))
    };
    checks.judge("quotas", says);
    for model in &plan.models {
        checks.judge(&format!("quota of {}", model.id), limits(plan, &listing, &model.id));
    }
}

fn limits(plan: &Plan, listing: &Listing, id: &ModelId) -> Result<String, String> {
    let detected = listing.detect(id, false);
    let quota = plan.quota.apply(detected.quota);
    let found: Vec<_> = [LimitKind::Rpm, LimitKind::Tpm]
        .into_iter()
        .filter_map(|kind| quota.get(kind).map(|limit| (kind, limit)))
        .collect();
    if found.is_empty() || found.iter().any(|(_, limit)| limit.value <= 0.0) {
        return Err(detected.notes.join(" "));
    }
    let each = found.iter().map(|(kind, limit)| format!("{} {} ({})", limit.value, kind.name(), limit.source));
    Ok(format!("{}.", each.collect::<Vec<_>>().join(", ")))
}

/// One invocation of the first model, as small as can be.
async fn invoke(clients: &Clients, plan: &Plan) -> Result<String, String> {
    let model = plan.models.first().ok_or_else(|| "The plan has no model.".to_owned())?;
    let parameters = Parameters { max_tokens: Some(1), ..Parameters::default() };
    let request = Request::user(None, "Say yes.", parameters);
    let call = Call { model, api: plan.api, request: &request, timeouts: &plan.timeouts };
    let reply = clients.gateway.invoke(call, &mut |_, _| {}).await.map_err(|failure| failure.fault.message)?;
    let usage = reply.usage;
    let cost = model.price.map_or("its price is unknown".to_owned(), |price| format!("${:.6}", price.cost(&usage)));
    Ok(format!("{} answered: {} tokens in, {} out, {cost}.", model.id, usage.input, usage.output))
}

fn as_text(checks: &Checks, plan: Option<&Plan>, simulated: bool) -> Result<String> {
    let mut text = String::from(if simulated { "doctor  SIMULATED\n" } else { "doctor\n" });
    for check in &checks.0 {
        let word = match check.outcome {
            Outcome::Ok => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        text.push_str(&format!("  {word:<8} {}: {}\n", output::one_line(&check.name), check.says));
    }
    if let Some(plan) = plan {
        text.push_str(&format!("\nthe minimal IAM policy of this plan\n{}\n", output::json(&policy(plan))?));
    }
    Ok(text)
}
