//! Door: which model an invocation names, and whether this account may call it there.

use serde_json::{Value, json};

use crate::bench::model::{ModelId, Scope};
use crate::bench::price;
use crate::bench::quota::LimitKind;
use crate::simulator::arn::{self, Named};
use crate::simulator::handle::Simulator;
use crate::simulator::offering;
use crate::simulator::problem::Problem;
use crate::simulator::scenario::Pattern;

impl Simulator {
    /// The model that an id, a profile or an ARN stands for; an application's profile is what it wraps under its own
    /// name. Refuses what does not exist in the region, is retired or closed to the account.
    pub(super) fn find(&self, region: &str, id: &str) -> Result<ModelId, Problem> {
        let model = self.named(region, id)?;
        if matches!(model.scope(), Scope::Dedicated | Scope::Unresolved) {
            return Ok(model);
        }
        if !self.exists(region, &model) {
            return Err(invalid());
        }
        let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(model.base()));
        if fits(&self.scenario().retired) {
            let message = "This model version has reached the end of its life. Please refer to the AWS documentation for \
                           more details.";
            return Err(Problem::new(404, "ResourceNotFoundException", message));
        }
        if fits(&self.scenario().denied) {
            let message = "You don't have access to the model with the specified model ID.";
            return Err(Problem::new(403, "AccessDeniedException", message));
        }
        Ok(model)
    }

    /// The same for an invocation, which must not name a profile-only model by its plain id, nor one that this account
    /// has no quota of.
    pub(super) fn admitted(&self, region: &str, id: &str) -> Result<ModelId, Problem> {
        let model = self.find(region, id)?;
        let (scenario, base) = (self.scenario(), model.base());
        // With a context behind it (`:200k`) an id is that of throughput to be bought.
        let plain = id.rsplit('/').next().unwrap_or(id);
        let sold = plain.strip_prefix(base).is_some_and(|context| !context.is_empty());
        if model.scope() == Scope::OnDemand && (sold || !offering::on_demand(self.catalog(), scenario, base)) {
            return Err(Problem::validation(format!(
                "Invocation of model ID {id} with on-demand throughput isn\u{2019}t supported. Retry your request \
                 with the ID or ARN of an inference profile that contains this model."
            )));
        }
        // Newer Claude models word a quota of zero so, and say nothing of a quota (source: facts on throttles).
        if base.starts_with("anthropic.") && offering::profile_only(scenario, base) {
            let quota = self.catalog().quota(scenario, region, base, model.scope());
            if [LimitKind::Rpm, LimitKind::Tpm].into_iter().any(|kind| quota.value(kind) == Some(0.0)) {
                return Err(Problem::new(
                    403,
                    "AccessDeniedException",
                    format!(
                        "{base} is not available for this account. You can explore other available models on Amazon \
                         Bedrock. For additional access options, contact AWS Sales at \
                         https://aws.amazon.com/contact-us/sales-support/"
                    ),
                ));
            }
        }
        Ok(model)
    }

    /// What `GetFoundationModelAvailability` answers to a base id: a model that is closed to the account exists all the
    /// same.
    pub(super) fn availability(&self, region: &str, id: &str) -> Result<Value, Problem> {
        let authorised = match self.find(region, id) {
            Ok(_) => "AUTHORIZED",
            Err(problem) if problem.status == 403 => "NOT_AUTHORIZED",
            Err(Problem { message, .. }) => return Err(Problem::new(404, "ResourceNotFoundException", message)),
        };
        Ok(json!({
            "modelId": id,
            "agreementAvailability": { "status": "AVAILABLE" },
            "authorizationStatus": authorised,
            "entitlementAvailability": "AVAILABLE",
            "regionAvailability": "AVAILABLE",
        }))
    }

    fn named(&self, region: &str, id: &str) -> Result<ModelId, Problem> {
        let model = ModelId::parse(id);
        if !id.starts_with("arn:") {
            let legal = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
            let whole =
                model.base().split_once('.').is_some_and(|(provider, name)| !provider.is_empty() && !name.is_empty());
            return if whole && id.chars().all(legal) { Ok(model) } else { Err(invalid()) };
        }
        match arn::read(id, region).ok_or_else(invalid)? {
            Named::FoundationModel(_) if model.scope() == Scope::OnDemand => Ok(model),
            Named::Profile(_) if matches!(model.scope(), Scope::CrossRegion | Scope::Global) => Ok(model),
            Named::Dedicated => Ok(model),
            Named::ApplicationProfile(opaque) => {
                let own = self.scenario().profiles.iter().find(|profile| profile.id == opaque).ok_or_else(invalid)?;
                let target = own.target();
                if !self.exists(region, &target) {
                    return Err(invalid());
                }
                Ok(model.resolved(target.base(), target.scope()))
            }
            Named::FoundationModel(_) | Named::Profile(_) => Err(invalid()),
        }
    }

    /// Whether the region has the model, or the profile by which it is named.
    fn exists(&self, region: &str, model: &ModelId) -> bool {
        let (scenario, catalog, base) = (self.scenario(), self.catalog(), model.base());
        let named = |pattern: &Pattern| pattern.fits(base);
        // A quota entry for one model says that there is such a model, unless AWS's own lists say what it has.
        let own = || scenario.quotas.iter().any(|entry| entry.model.0 == base);
        if scenario.models.iter().any(named) {
            return true;
        }
        let prefix = match model.scope() {
            Scope::Global => Some("global"),
            _ => model.prefix(),
        };
        let listed = !catalog.scopes(base).is_empty();
        match prefix {
            // A resolved application profile keeps no prefix; what it wraps was found before.
            None => listed || price::lists(&ModelId::parse(base)) || own(),
            Some(prefix) if listed => offering::has_profile(catalog, scenario, region, prefix, base),
            Some(prefix) => {
                let priced = price::lists(&ModelId::parse(&format!("{prefix}.{base}")));
                offering::serves(region, prefix) && (priced || own())
            }
        }
    }
}

fn invalid() -> Problem {
    Problem::validation("The provided model identifier is invalid.")
}
