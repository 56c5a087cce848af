//! From options and configuration to a plan: the same road for every command.

use std::path::{Path, PathBuf};

use color_eyre::Result;

use crate::bench::plan::{Endpoint, Plan};
use crate::cli::arguments::{BenchOptions, Shared};
use crate::cli::exit::Refused;
use crate::cli::session::Setup;
use crate::cli::{output, runs};
use crate::config::{self, Config, ConfigError, Overrides};
use crate::simulator::scenario::Scenario;

/// The configuration that is read where the user names none.
const DEFAULT_FILE: &str = "variants.toml";

/// A plan and what else a session needs.
#[derive(Debug)]
pub struct Planned {
    /// What to run.
    pub plan: Plan,
    /// The configuration it came from, for the screen: a path, or `built-in example`.
    pub from: String,
    /// The region, where the user named one.
    pub region: Option<String>,
}

/// Reads the configuration and lays the options over it.
pub fn plan(options: &BenchOptions) -> Result<Planned> {
    let (config, from) = configuration(&options.shared)?;
    let mut plan = config.plan(&overrides(options)).map_err(|error| refused(&error))?;
    let region = options.shared.region.clone().or_else(|| config.named_region().map(ToOwned::to_owned));
    if region.is_none() && environment_region().is_none() && !plan.endpoint.is_local() {
        // Only building the clients finds out; until then nothing may look like a choice of the user's.
        plan.region = "the AWS profile's region".into();
    }
    Ok(Planned { plan, from, region })
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
