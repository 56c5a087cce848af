//! Every check that needs a connection: who asks, when, what is listed, what may be called, which quotas and metrics can be read.

use color_eyre::Result;

use super::{Checks, Outcome, call};
use crate::bedrock::access::{self, Access};
use crate::bedrock::aws::Clients;
use crate::bedrock::catalog::{self, Catalog};
use crate::bedrock::metrics;
use crate::bedrock::permission;
use crate::bedrock::quotas::{self, Listing};
use crate::bench::fault::Fault;
use crate::bench::model::{ModelId, Scope};
use crate::bench::number::number;
use crate::bench::plan::Plan;
use crate::bench::quota::{Limit, LimitKind};
use crate::cli::arguments::DoctorOptions;
use crate::cli::session;

/// How far the clock may be off before AWS refuses signatures (source: AWS's Signature Version 4).
const MOST_SKEW_SECONDS: u64 = 5 * 60;

/// Checks in the order in which things can fail; says whether a simulator answered. Without credentials nothing is
/// sent. What an application's profile wraps goes into the plan.
pub(super) async fn examine(
    checks: &mut Checks,
    plan: &mut Plan,
    setup: session::Setup,
    options: &DoctorOptions,
) -> Result<bool> {
    let codes = setup.quota_codes.clone();
    let clients = match session::clients(plan, setup).await {
        Ok(clients) => clients,
        Err(error) => {
            checks.add("region", Outcome::Failed, &error.to_string());
            return Ok(false);
        }
    };
    checks.add("region", Outcome::Ok, &format!("{} on {}.", plan.region, plan.endpoint.label()));
    let identity = match clients.identity().await {
        Ok(identity) => identity,
        Err(fault) => {
            checks.add("credentials", Outcome::Failed, &fault.message);
            for name in ["clock", "models", "quotas", permission::METRICS, "invocation"] {
                checks.add(name, Outcome::Skipped, "Needs credentials; nothing was sent.");
            }
            return Ok(false);
        }
    };
    checks.add("credentials", Outcome::Ok, &format!("Found: {}.", identity.from));
    let catalog = judge_catalog(checks, &clients).await;
    let listed = catalog.as_ref().and_then(|catalog| catalog.profiles.iter().find_map(|p| p.account.clone()));
    if let Some(account) = identity.account.or(listed) {
        checks.add("account", Outcome::Ok, &format!("{account}."));
    }
    judge_clock(checks, clients.gateway.clock_ahead());
    resolve(checks, &clients, plan).await;
    judge_models(checks, &clients, plan, catalog.as_ref()).await;
    judge_quotas(checks, &clients, plan, &codes).await;
    judge_metrics(checks, &clients, plan).await;
    call::call(checks, &clients, plan, options).await?;
    Ok(clients.gateway.simulated())
}

async fn judge_catalog(checks: &mut Checks, clients: &Clients) -> Option<Catalog> {
    let models = catalog::models(&clients.bedrock, &clients.place).await;
    let profiles = catalog::profiles(&clients.bedrock, &clients.place).await;
    let counted = |what: &str, count: Result<usize, &Fault>| match count {
        Ok(count) => Ok(format!("Allowed; {count} {what} are listed.")),
        Err(fault) => Err(fault.message.clone()),
    };
    checks.judge("bedrock:ListFoundationModels", counted("models", models.as_ref().map(Vec::len)));
    checks.judge("bedrock:ListInferenceProfiles", counted("profiles", profiles.as_ref().map(Vec::len)));
    Some(Catalog { models: models.ok()?, profiles: profiles.ok()? })
}

fn judge_clock(checks: &mut Checks, ahead: Option<i64>) {
    let Some(ahead) = ahead else {
        checks.add("clock", Outcome::Skipped, "No response said what time it is.");
        return;
    };
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    let off = ahead.unsigned_abs();
    if off > MOST_SKEW_SECONDS {
        let says = format!(
            "This machine's clock is {off} s {side} the service's, so that signatures are refused: set it, for example \
             by `timedatectl set-ntp true`."
        );
        checks.add("clock", Outcome::Failed, &says);
    } else {
        checks.add("clock", Outcome::Ok, &format!("{off} s {side} the service's, which has whole seconds."));
    }
}

/// Puts what the plan's application profiles wrap into the plan.
async fn resolve(checks: &mut Checks, clients: &Clients, plan: &mut Plan) {
    const NAME: &str = "bedrock:GetInferenceProfile";
    let unresolved: Vec<usize> =
        (0..plan.models.len()).filter(|&index| plan.models[index].scope() == Scope::Unresolved).collect();
    if unresolved.is_empty() {
        checks.add(NAME, Outcome::Skipped, "Not needed: no application inference profile is planned.");
    }
    for index in unresolved {
        match catalog::resolve(&clients.bedrock, &clients.place, &plan.models[index].id).await {
            Ok(id) => {
                checks.add(NAME, Outcome::Ok, &format!("{id} wraps {}, {}.", id.base(), id.scope().name()));
                plan.models[index] = plan.model(id);
            }
            Err(fault) => checks.add(NAME, Outcome::Failed, &fault.message),
        }
    }
}

async fn judge_models(checks: &mut Checks, clients: &Clients, plan: &Plan, catalog: Option<&Catalog>) {
    let today = session::today();
    for model in plan.models.iter().chain(&plan.judges) {
        let name = format!("model {}", model.id);
        if model.scope() == Scope::Dedicated {
            checks.add(&name, Outcome::Skipped, "Bought, custom and imported models are not in these lists.");
            continue;
        }
        match catalog {
            None => checks.add(&name, Outcome::Skipped, "Needs both lists, of models and of profiles."),
            Some(catalog) => match catalog::advice(catalog, &model.id, &today) {
                None => checks.add(&name, Outcome::Ok, "Listed as it is named."),
                Some(says) if catalog::callable(catalog, &model.id) => checks.add(&name, Outcome::Warning, &says),
                Some(says) => checks.add(&name, Outcome::Failed, &says),
            },
        }
        // Of a model that is not listed there is nothing more to ask.
        if model.scope() != Scope::Unresolved && catalog.is_none_or(|catalog| catalog.offer(&model.id).is_some()) {
            judge_access(checks, clients, &model.id).await;
        }
    }
}

async fn judge_access(checks: &mut Checks, clients: &Clients, id: &ModelId) {
    let (outcome, says) = match access::access(&clients.bedrock, &clients.place, id).await {
        Ok(access @ Access::Granted) => (Outcome::Ok, access.says().to_owned()),
        Ok(access @ Access::Awaited(_)) => (Outcome::Warning, access.says().to_owned()),
        Ok(access @ Access::Refused(_)) => (Outcome::Failed, access.says().to_owned()),
        Ok(access @ Access::Unknown) => (Outcome::Skipped, access.says().to_owned()),
        Err(fault) => {
            let says = format!("Unknown, as bedrock:GetFoundationModelAvailability failed: {}", fault.message);
            (Outcome::Skipped, says)
        }
    };
    checks.add(&format!("access to {}", id.base()), outcome, &says);
}

async fn judge_quotas(checks: &mut Checks, clients: &Clients, plan: &Plan, codes: &[String]) {
    if plan.quota.complete() {
        checks.add("quotas", Outcome::Skipped, "The limits are given, so none needs to be read.");
        return;
    }
    let listing = quotas::list(&clients.quotas, &clients.place).await;
    let listing = match listing {
        // Bedrock can be called all the same, so this alone fails nothing.
        Err(fault) if clients.place.bearer => {
            checks.add("quotas", Outcome::Warning, &fault.message);
            return;
        }
        listing => listing,
    };
    match &listing {
        Ok(listing) if listing.notes.is_empty() => {
            for action in permission::QUOTAS {
                checks.add(action, Outcome::Ok, "Allowed.");
            }
            let says = format!("Applied values and defaults are readable ({} rows).", listing.rows.len());
            checks.add("quotas", Outcome::Ok, &says);
        }
        listing => {
            for (action, allowed) in permission::quotas(&clients.quotas, &clients.place).await {
                checks.judge(action, allowed.map(|()| "Allowed.".into()).map_err(|fault| fault.message));
            }
            let says = listing.as_ref().map_or_else(|fault| fault.message.clone(), |listing| listing.notes.join(" "));
            checks.add("quotas", Outcome::Failed, &says);
        }
    }
    let Ok(listing) = listing else { return };
    match listing.by_code(codes) {
        Err(says) => checks.add("quota codes", Outcome::Failed, &says),
        Ok(chosen) => {
            for model in plan.models.iter().chain(&plan.judges) {
                checks.judge(&format!("quota of {}", model.id), limits(plan, &listing, &model.id, &chosen));
            }
        }
    }
}

/// Asks for one model's use, as each metric has a price. Everything works without, so nothing of it is a failure.
async fn judge_metrics(checks: &mut Checks, clients: &Clients, plan: &Plan) {
    let models: Vec<&ModelId> = plan.models.iter().map(|model| &model.id).take(1).collect();
    match metrics::account_use(&clients.cloudwatch, &clients.place, &models, session::now()).await {
        Ok(_) => {
            let says = "Allowed: what others take of the quota can be seen, minutes late.";
            checks.add(permission::METRICS, Outcome::Ok, says);
        }
        Err(fault) => checks.add(permission::METRICS, Outcome::Warning, &fault.message),
    }
}

fn limits(plan: &Plan, listing: &Listing, id: &ModelId, chosen: &[(LimitKind, usize)]) -> Result<String, String> {
    let detected = listing.detect_with(id, plan.latency_optimised(), chosen);
    let quota = plan.quota.apply(detected.quota);
    let found: Vec<_> =
        LimitKind::ALL.into_iter().filter_map(|kind| quota.get(kind).map(|limit| (kind, limit))).collect();
    let no_minute = !found.iter().any(|(kind, _)| *kind != LimitKind::Tpd);
    if no_minute || found.iter().any(|(_, limit)| limit.value <= 0.0) {
        return Err(detected.notes.join(" "));
    }
    let row = |limit: &Limit| {
        let row = limit.code.as_ref().zip(limit.name.as_ref());
        row.map(|(code, name)| format!(", {code} \"{name}\"")).unwrap_or_default()
    };
    let each = found.iter().map(|(kind, l)| format!("{} {} ({}{})", number(l.value), kind.name(), l.source, row(l)));
    Ok(format!("{}.", each.collect::<Vec<_>>().join("; ")))
}
