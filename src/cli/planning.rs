//! From options and configuration to a plan: the same road for every command.

use std::path::{Path, PathBuf};

use color_eyre::Result;

use crate::bench::plan::{Endpoint, Plan};
use crate::cli::arguments::{BenchOptions, Shared};
use crate::cli::exit::Refused;
use crate::cli::session::Setup;
use crate::cli::{look, output, runs};
use crate::config::{self, Beside, Config, ConfigError, Overrides};
use crate::engine::watch::Watch;
use crate::simulator::scenario::Scenario;

/// The configuration that is read where the user names none.
const DEFAULT_FILE: &str = "variants.toml";

/// A plan and what else a session needs.
#[derive(Debug)]
pub struct Planned {
    /// What to run.
    pub plan: Plan,
    /// What it was made of.
    pub recipe: Recipe,
    /// The configuration it came from, for the screen: a path, or `built-in example`.
    pub from: String,
    /// The region, where the user named one.
    pub region: Option<String>,
}

/// What a plan is made of, so that it can be made again on other models.
#[derive(Debug)]
pub struct Recipe {
    config: Config,
    overrides: Overrides,
}

impl Recipe {
    /// The same plan on the models with these ids, as `--model` would have made it.
    ///
    /// The options of the command line hold as before, `--rpm`, `--tpm`, `--tpd` and `--burndown` for every model. A
    /// variant that the configuration limits to certain models stays limited to them by their ids: it is in the plan
    /// where one of them is, and comes back when they do. The error says in one sentence which id is none, that no
    /// variant is for these models, or that the gate compares with a variant that is for none of them.
    pub fn on(&self, ids: &[String], region: &str) -> Result<Plan, String> {
        // A variant that `--variant` names may be for none of these models, which is no mistake of the user's here.
        let overrides = Overrides { models: ids.to_vec(), variants: Vec::new(), ..self.overrides.clone() };
        let mut plan = self.config.plan(&overrides).map_err(|error| sentence(&error))?;
        region.clone_into(&mut plan.region);
        let named = &self.overrides.variants;
        for variant in plan.variants.iter_mut().filter(|_| !named.is_empty()) {
            variant.included = named.contains(&variant.name);
        }
        Ok(plan)
    }

    /// Puts a variant that was written by itself beside the others: every plan has it from now on. `name` is what errors
    /// call the file; they are lines of so many columns.
    pub fn put_beside(&mut self, name: &str, bytes: Vec<u8>, plan: &Plan, columns: usize) -> Result<Beside, String> {
        self.config.put_beside(name, bytes, plan).map_err(|error| error.render_within(columns))
    }

    /// The names of all variants, those included that are for none of the plan's models.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.config.variants()
    }
}

impl Recipe {
    /// The keys that the configuration binds.
    pub fn keys(&self) -> Option<&config::KeyTable> {
        self.config.keys.as_ref()
    }
}

/// The first thing that is wrong, in the words of the dashboard, which has no options.
fn sentence(error: &ConfigError) -> String {
    let text = error.render(false);
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("error: ").replacen("--model", "the model", 1)
}

/// Reads the configuration and lays the options over it.
pub fn plan(options: &BenchOptions) -> Result<Planned> {
    let (config, from) = configuration(&options.shared)?;
    look::check(config.keys.as_ref())?;
    let overrides = overrides(options);
    let mut plan = config.plan(&overrides).map_err(|error| refused(&error))?;
    let region = options.shared.region.clone().or_else(|| config.named_region().map(ToOwned::to_owned));
    if region.is_none() && environment_region().is_none() && !plan.endpoint.is_local() {
        // Only building the clients finds out; until then nothing may look like a choice of the user's.
        plan.region = "the AWS profile's region".into();
    }
    Ok(Planned { plan, recipe: Recipe { config, overrides }, from, region })
}

/// What a session is opened with.
pub fn setup(planned: &Planned, shared: &Shared, record: bool) -> Result<Setup> {
    Ok(Setup {
        profile: shared.profile.clone(),
        region: planned.region.clone(),
        cache: crate::bedrock::cache::default_dir(),
        quota_codes: shared.quota_codes.clone(),
        refresh_quotas: shared.refresh_quotas,
        scenario: scenario(shared.scenario.as_deref(), &planned.plan)?,
        journals: record.then(runs::folder).transpose()?,
        watch: Watch::default(),
    })
}

fn configuration(shared: &Shared) -> Result<(Config, String)> {
    let default = PathBuf::from(DEFAULT_FILE);
    let path = shared.config.clone().or_else(|| default.exists().then_some(default));
    if let Some(path) = path {
        return Ok((config::read(&path).map_err(|error| refused(&error))?, path.display().to_string()));
    }
    let example = config::parse(config::BUILT_IN_NAME, config::BUILT_IN, Path::new("."));
    Ok((example.map_err(|error| refused(&error))?, config::BUILT_IN_NAME.into()))
}

fn overrides(options: &BenchOptions) -> Overrides {
    let shared = &options.shared;
    Overrides {
        endpoint: shared.endpoint.clone(),
        region: shared.region.clone(),
        fallback_region: environment_region(),
        models: shared.models.clone(),
        api: shared.api.clone(),
        variants: shared.variants.clone(),
        rpm: shared.rpm,
        tpm: shared.tpm,
        tpd: shared.tpd,
        burndown: shared.burndown,
        seed: shared.seed,
        trials: options.run.trials,
        warmup: options.run.warmup,
        concurrency: options.run.concurrency,
        objective: options.run.objective.clone(),
        duration: options.run.duration,
        within: options.run.within,
        verify: options.run.verify.then_some(true),
        racing: options.run.no_racing.then_some(false),
        max_cost: shared.max_cost.map(|cap| cap.0),
        ..Overrides::default()
    }
}

/// The region of the standard AWS environment; a profile's region is found when the clients are built.
fn environment_region() -> Option<String> {
    ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
}

/// A configuration error with its rendered lines; exit code 2.
pub fn refused(error: &ConfigError) -> color_eyre::Report {
    use std::io::IsTerminal;
    let colour = std::io::stderr().is_terminal() && !output::no_colour();
    Refused::usage(error.render(colour))
}

fn scenario(path: Option<&Path>, plan: &Plan) -> Result<Scenario> {
    let Some(path) = path else { return Ok(Scenario::default()) };
    if plan.endpoint != Endpoint::Simulator {
        return Err(Refused::usage("--scenario belongs to the simulator; this plan's endpoint is another"));
    }
    read_scenario(path)
}

/// Reads a scenario's file.
pub fn read_scenario(path: &Path) -> Result<Scenario> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Refused::usage(format!("cannot read {}: {error}", path.display())))?;
    Scenario::parse(&text).map_err(|error| Refused::usage(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITED: &str = r#"
task = "t"
[bedrock]
models = ["a.one", "b.two"]
[quota]
rpm = 60
burndown = 3
[[variant]]
name = "all"
prompt = "{{ task }}"
[[variant]]
name = "ones"
prompt = "{{ task }} briefly"
models = ["a.one"]
[gate]
not_worse_than = "all"
by = 0.05
"#;

    fn recipe(text: &str, variants: &[&str]) -> Recipe {
        let overrides = Overrides {
            variants: variants.iter().map(|name| (*name).to_owned()).collect(),
            trials: Some(7),
            ..Overrides::default()
        };
        Recipe { config: config::parse("v.toml", text, Path::new(".")).expect("it is good"), overrides }
    }

    fn on(recipe: &Recipe, ids: &[&str]) -> Result<Plan, String> {
        recipe.on(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), "eu-west-1")
    }

    fn names(plan: &Plan) -> Vec<(&str, &[usize])> {
        plan.variants.iter().map(|variant| (variant.name.as_str(), variant.models.as_slice())).collect()
    }

    #[test]
    fn options_hold_and_limited_variants_follow_their_models() {
        let recipe = recipe(LIMITED, &[]);
        let plan = on(&recipe, &["c.three", "a.one"]).expect("it is good");
        assert_eq!(names(&plan), [("all", [].as_slice()), ("ones", &[1])]);
        assert_eq!((plan.trials, plan.region.as_str(), plan.models[0].burndown), (7, "eu-west-1", 3));
        assert!(plan.quota.rpm.is_some());
        let plan = on(&recipe, &["c.three"]).expect("it is good");
        assert_eq!(names(&plan), [("all", [].as_slice())], "it is for none of these models");
        let plan = on(&recipe, &["a.one"]).expect("it is good");
        assert_eq!(names(&plan).len(), 2, "and comes back with its model");
    }

    #[test]
    fn variants_that_are_named_stay_the_only_ones_that_are_included() {
        let recipe = recipe(LIMITED, &["all", "ones"]);
        assert_eq!(names(&on(&recipe, &["c.three"]).expect("not a mistake here")).len(), 1);
        let plan = on(&self::recipe(LIMITED, &["all"]), &["a.one"]).expect("it is good");
        assert_eq!(plan.variants.iter().map(|variant| variant.included).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn what_was_put_beside_is_there_on_other_models_too() {
        let mut recipe = recipe(LIMITED, &["all"]);
        let plan = on(&recipe, &["a.one"]).expect("it is good");
        let text = b"[[variant]]\nname = \"all\"\nprompt = \"{{ task }} now\"\n";
        let beside = recipe.put_beside("x.toml", text.to_vec(), &plan, 72).expect("it is good");
        assert_eq!(beside.variant.name, "all-2");
        let plan = on(&recipe, &["c.three"]).expect("it is good");
        assert_eq!(names(&plan), [("all", [].as_slice()), ("all-2", &[])]);
    }

    #[test]
    fn what_is_wrong_is_one_sentence() {
        let why = on(&recipe(LIMITED, &[]), &["no id"]).expect_err("it has a space");
        assert!(why.starts_with("the model no id: expected a model id") && !why.contains('\n'), "{why}");
        let gate = LIMITED.replace("not_worse_than = \"all\"", "not_worse_than = \"ones\"");
        let why = on(&recipe(&gate, &[]), &["c.three"]).expect_err("the gate lacks its variant");
        assert_eq!(why, "the model leaves out `ones`, which the gate compares with");
        let none = LIMITED.replace("name = \"all\"", "name = \"all\"\nmodels = [\"b.two\"]");
        let why = on(&recipe(&none, &[]), &["c.three"]).expect_err("no variant is left");
        assert!(why.starts_with("no variant is for"), "{why}");
    }
}
