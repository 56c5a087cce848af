//! From a configuration and the command line's options to a plan.

use std::time::Duration;

use super::cases::Cases;
use super::finding::{ConfigError, Finding, nearest, quoted};
use super::prompts;
use super::scalar::{self, Wrong, one_of};
use super::schema::Config;
use super::variant::Entry;
use crate::bench::model::ModelId;
use crate::bench::plan::{Api, Concurrency, Endpoint, Gate, Plan};
use crate::bench::quota::LimitOverride;

/// The region where nobody names one.
const DEFAULT_REGION: &str = "us-east-1";
/// The share of a quota that a benchmark takes where nobody says: others may live from the same quota on AWS.
const SHARE_ON_AWS: f64 = 0.25;
const SHARE_ELSEWHERE: f64 = 0.9;
/// The cap on money, in US dollars, where money can be spent and nobody names a cap.
const DEFAULT_MAX_COST: f64 = 1.0;

/// What the command line sets; it goes before the file. Errors name the option.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// `--endpoint`: `simulator`, `aws` or a URL.
    pub endpoint: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// The environment's region (`AWS_REGION`): taken where neither the option nor the file names one.
    pub fallback_region: Option<String>,
    /// `--model`, instead of the file's.
    pub models: Vec<String>,
    /// `--api`, instead of the file's.
    pub api: Option<String>,
    /// `--variant`: the others stay in the plan and are not included.
    pub variants: Vec<String>,
    /// `--rpm`.
    pub rpm: Option<LimitOverride>,
    /// `--tpm`.
    pub tpm: Option<LimitOverride>,
    /// `--tpd`.
    pub tpd: Option<LimitOverride>,
    /// `--burndown`.
    pub burndown: Option<u32>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--trials`.
    pub trials: Option<u32>,
    /// `--warmup`.
    pub warmup: Option<u32>,
    /// `--concurrency`.
    pub concurrency: Option<Concurrency>,
    /// `--objective`.
    pub objective: Option<String>,
    /// `--duration`.
    pub duration: Option<Duration>,
    /// `--max-cost`: US dollars, or `Some(None)` for `none`.
    pub max_cost: Option<Option<f64>>,
    /// `--within`.
    pub within: Option<Duration>,
    /// `--verify` is `Some(true)`.
    pub verify: Option<bool>,
    /// `--no-racing` is `Some(false)`.
    pub racing: Option<bool>,
    /// `--task`, instead of the file's.
    pub task: Option<String>,
    /// `--content`: one input, instead of the file's content or cases.
    pub content: Option<String>,
}

impl Config {
    /// The region that the file names, if it does.
    pub fn named_region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The plan of this configuration under the command line's options.
    pub fn plan(&self, overrides: &Overrides) -> Result<Plan, ConfigError> {
        let mut wrong = Vec::new();
        let mut plan = self.draft.clone();
        set_numbers(&mut plan, overrides, &mut wrong);
        set_words(&mut plan, overrides, &mut wrong);
        plan.region = self.region(overrides, &mut wrong);
        plan.share = self.share.unwrap_or(match plan.endpoint {
            Endpoint::Aws => SHARE_ON_AWS,
            Endpoint::Simulator | Endpoint::Url(_) => SHARE_ELSEWHERE,
        });
        let cap = if plan.endpoint.is_local() { None } else { Some(DEFAULT_MAX_COST) };
        plan.max_cost_usd = overrides.max_cost.or(self.max_cost).unwrap_or(cap);
        let kept = self.set_models(&mut plan, overrides, &mut wrong);
        select(&mut plan, overrides, &mut wrong);
        self.set_inputs(&mut plan, overrides, &kept, &mut wrong);
        self.set_judges(&mut plan, &mut wrong);
        ConfigError::unless_empty(wrong)?;
        Ok(plan)
    }

    /// The names of the variants, in the file's order.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.variant.name.as_str())
    }

    fn region(&self, overrides: &Overrides, wrong: &mut Vec<Finding>) -> String {
        let given = |name: &str, text: &Option<String>, wrong: &mut Vec<Finding>| {
            let text = text.as_ref()?;
            scalar::region(text).map_err(|why| wrong.push(refused(name, text, why))).ok()
        };
        given("--region", &overrides.region, wrong)
            .or_else(|| self.region.clone())
            .or_else(|| given("AWS_REGION", &overrides.fallback_region, wrong))
            .unwrap_or_else(|| DEFAULT_REGION.into())
    }

    /// The plan's models, and the variants that are for one of them; returns the latter's entries.
    fn set_models(&self, plan: &mut Plan, overrides: &Overrides, wrong: &mut Vec<Finding>) -> Vec<&Entry> {
        let mut names: Vec<String> = Vec::new();
        for name in &overrides.models {
            match scalar::model_id(name) {
                Ok(name) if names.contains(&name) => {}
                Ok(name) => names.push(name),
                Err(why) => wrong.push(refused("--model", name, why)),
            }
        }
        if overrides.models.is_empty() {
            names.clone_from(&self.models);
            if names.is_empty() {
                let finding = Finding::new("there is no model to benchmark");
                wrong.push(finding.help("set `models` in [bedrock], or give --model ID"));
            }
        }
        let indices = |entry: &Entry| -> Vec<usize> {
            let wanted = |name: &String| entry.models.iter().any(|model| model.value == *name);
            (0..names.len()).filter(|index| wanted(&names[*index])).collect()
        };
        let kept: Vec<&Entry> =
            self.entries.iter().filter(|entry| entry.models.is_empty() || !indices(entry).is_empty()).collect();
        if kept.is_empty() && !names.is_empty() {
            wrong.push(Finding::new(format!("no variant is for {}", one_of_texts(&names))));
        }
        plan.gate = plan.gate.take().and_then(|gate| self.moved(&gate, &kept, wrong));
        plan.variants = kept
            .iter()
            .map(|entry| crate::bench::plan::Variant { models: indices(entry), ..entry.variant.clone() })
            .collect();
        plan.models = names.iter().map(|name| plan.model(ModelId::parse(name))).collect();
        kept
    }

    /// The judges that the plan's checks name; none of them is under test.
    fn set_judges(&self, plan: &mut Plan, wrong: &mut Vec<Finding>) {
        plan.judges = plan.named_judges();
        if let Some((judge, why)) = plan.partial_judge() {
            let places = self.judges.iter().filter(|place| place.name == judge.id.as_str());
            let finding = places
                .fold(Finding::new(why), |finding, place| finding.at(&place.source, place.span.clone(), "named here"));
            wrong.push(finding.help("take another model as the judge, best of another family"));
        }
    }

    /// The gate with its variant's index among those that are kept.
    fn moved(&self, gate: &Gate, kept: &[&Entry], wrong: &mut Vec<Finding>) -> Option<Gate> {
        let Gate::NotWorseThan { variant, by } = gate else { return Some(gate.clone()) };
        let name = &self.entries[*variant].variant.name;
        let index = kept.iter().position(|entry| entry.variant.name == *name);
        if index.is_none() {
            wrong.push(Finding::new(format!("--model leaves out {}, which the gate compares with", quoted(name))));
        }
        index.map(|variant| Gate::NotWorseThan { variant, by: *by })
    }

    /// Task and content of the command line; templates are tried again where these change what they are given.
    fn set_inputs(&self, plan: &mut Plan, overrides: &Overrides, kept: &[&Entry], wrong: &mut Vec<Finding>) {
        let mut cases = None;
        if let Some(task) = &overrides.task {
            if task.trim().is_empty() {
                wrong.push(refused("--task", task, Wrong::expected("a text that is not empty")));
            }
            plan.task.clone_from(task);
        }
        if let Some(content) = &overrides.content {
            let single = Cases::single(content);
            plan.cases.clone_from(&single.list);
            cases = Some(single);
        }
        if overrides.task.is_some() || cases.is_some() || plan.task.is_empty() {
            let places: Vec<_> = kept.iter().map(|entry| entry.templates.clone()).collect();
            wrong.extend(prompts::check(plan, cases.as_ref().unwrap_or(&self.cases), &self.source, &places));
        }
    }
}

/// The same bounds as in the file.
fn set_numbers(plan: &mut Plan, overrides: &Overrides, wrong: &mut Vec<Finding>) {
    let mut whole = |option, number: Option<u64>, bounds| {
        let number = number?;
        scalar::whole(i128::from(number), bounds)
            .map_err(|why| wrong.push(refused(option, &number.to_string(), why)))
            .ok()
    };
    if let Some(trials) = whole("--trials", overrides.trials.map(u64::from), &scalar::TRIALS) {
        plan.trials = trials as u32;
    }
    if let Some(warmup) = whole("--warmup", overrides.warmup.map(u64::from), &scalar::WARMUP) {
        plan.warmup = warmup as u32;
    }
    if let Some(seed) = whole("--seed", overrides.seed, &scalar::SEED) {
        plan.seed = seed;
    }
    if let Some(burndown) = whole("--burndown", overrides.burndown.map(u64::from), &scalar::BURNDOWN) {
        plan.quota.burndown = Some(burndown as u32);
    }
    if let Some(Concurrency::Fixed(number)) = overrides.concurrency {
        whole("--concurrency", Some(u64::from(number)), &scalar::IN_FLIGHT);
    }
    plan.concurrency = overrides.concurrency.unwrap_or(plan.concurrency);
    let mut decimal = |option, number: f64, range: scalar::Decimal| {
        if let Err(why) = range.check(number) {
            wrong.push(refused(option, &number.to_string(), why));
        }
    };
    for (option, limit, slot) in [
        ("--rpm", overrides.rpm, &mut plan.quota.rpm),
        ("--tpm", overrides.tpm, &mut plan.quota.tpm),
        ("--tpd", overrides.tpd, &mut plan.quota.tpd),
    ] {
        if let Some(LimitOverride::Value(value)) = limit {
            decimal(option, value, scalar::LIMIT);
        }
        *slot = limit.or(*slot);
    }
    if let Some(Some(cost)) = overrides.max_cost {
        decimal("--max-cost", cost, scalar::COST);
    }
    plan.trials_named = overrides.trials.is_some();
    plan.racing = overrides.racing.unwrap_or(plan.racing);
    plan.verify = overrides.verify.unwrap_or(plan.verify);
    plan.within = overrides.within.or(plan.within);
    plan.duration = overrides.duration.or(plan.duration);
}

fn set_words(plan: &mut Plan, overrides: &Overrides, wrong: &mut Vec<Finding>) {
    if let Some(text) = &overrides.endpoint {
        match scalar::endpoint(text) {
            Ok(endpoint) => plan.endpoint = endpoint,
            Err(why) => wrong.push(refused("--endpoint", text, why)),
        }
    }
    if let Some(text) = &overrides.api {
        match scalar::word(text, Api::ALL.into_iter().map(Api::name)) {
            Ok(name) => plan.api = Api::ALL.into_iter().find(|api| api.name() == name).unwrap_or_default(),
            Err(why) => wrong.push(refused("--api", text, why)),
        }
    }
    if let Some(text) = &overrides.objective {
        match scalar::objective(text) {
            Ok(rule) => plan.objective = rule,
            Err(why) => wrong.push(refused("--objective", text, why)),
        }
    }
}

/// Includes the variants that are asked for by name.
fn select(plan: &mut Plan, overrides: &Overrides, wrong: &mut Vec<Finding>) {
    if overrides.variants.is_empty() {
        return;
    }
    for variant in &mut plan.variants {
        variant.included = overrides.variants.contains(&variant.name);
    }
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    for name in overrides.variants.iter().filter(|name| !names.contains(&name.as_str())) {
        let hint = nearest(name, names.iter().copied())
            .map_or_else(|| format!("there are {}", names.join(", ")), |near| format!("did you mean {near}?"));
        wrong.push(Finding::new(format!("--variant {}: no such variant; {hint}", quoted(name).replace('`', ""))));
    }
    if let Some(Gate::NotWorseThan { variant, .. }) = plan.gate
        && !plan.variants[variant].included
    {
        let name = &plan.variants[variant].name;
        let what = format!("--variant leaves out {}, which the gate compares with", quoted(name));
        wrong.push(Finding::new(what).help(format!("add --variant {name}")));
    }
}

fn refused(option: &str, value: &str, wrong: Wrong) -> Finding {
    let value = quoted(value).replace('`', "");
    let near = wrong.near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Finding::new(format!("{option} {value}: expected {}{near}", wrong.expected))
}

fn one_of_texts(names: &[String]) -> String {
    one_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}
