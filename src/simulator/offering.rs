//! Offering: the models and inference profiles that Bedrock's control plane lists (source: the SDK's `aws-sdk-bedrock`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bench::model::{ModelId, Scope};
use crate::bench::price;
use crate::simulator::catalog::Catalog;
use crate::simulator::problem::Problem;
use crate::simulator::replies;
use crate::simulator::scenario::Scenario;

/// Profiles on a page that is asked for without a size.
const PAGE: usize = 50;
/// The largest page (source: API reference of `ListInferenceProfiles`).
const LARGEST_PAGE: usize = 1_000;
/// When every profile of the simulator was made.
const MADE: &str = "2026-01-01T00:00:00Z";
/// The account that ARNs name.
const ACCOUNT: &str = "123456789012";

/// What `ListFoundationModels` answers.
pub(super) fn models(catalog: &Catalog, scenario: &Scenario, region: &str) -> Value {
    let summaries: Vec<Value> =
        offered(catalog).into_iter().map(|(base, scopes)| summary(scenario, region, base, &scopes)).collect();
    json!({ "modelSummaries": summaries })
}

/// What `ListInferenceProfiles` answers, a page of it.
pub(super) fn profiles(catalog: &Catalog, scenario: &Scenario, region: &str, query: &str) -> Result<Value, Problem> {
    // Numbers and plain words: nothing here is percent-encoded.
    let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let number = |name: &str, default: usize| {
        let wrong = |_| Problem::validation(format!("{name} is not valid."));
        query.get(name).map_or(Ok(default), |text| text.parse::<usize>().map_err(wrong))
    };
    let (size, from) = (number("maxResults", PAGE)?, number("nextToken", 0)?);
    if !(1..=LARGEST_PAGE).contains(&size) {
        return Err(Problem::validation(format!("maxResults must be between 1 and {LARGEST_PAGE}.")));
    }
    let all: Vec<Value> = match query.get("type").copied() {
        Some("APPLICATION") => Vec::new(),
        _ => offered(catalog)
            .into_iter()
            .flat_map(|(base, scopes)| {
                let prefixes = prefixes(scenario, region, base, &scopes);
                prefixes.into_iter().map(move |prefix| profile(region, prefix, base))
            })
            .collect(),
    };
    let mut answer = json!({});
    if from + size < all.len() {
        answer["nextToken"] = json!((from + size).to_string());
    }
    answer["inferenceProfileSummaries"] = all.into_iter().skip(from).take(size).collect();
    Ok(answer)
}

/// Base models with the scopes that have quota rows, by name.
fn offered(catalog: &Catalog) -> BTreeMap<&str, Vec<Scope>> {
    let mut offered: BTreeMap<&str, Vec<Scope>> = BTreeMap::new();
    for (base, scope) in catalog.models() {
        offered.entry(base).or_default().push(scope);
    }
    offered
}

fn profile_only(scenario: &Scenario, base: &str) -> bool {
    scenario.profile_only.iter().any(|pattern| pattern.fits(base))
}

fn summary(scenario: &Scenario, region: &str, base: &str, scopes: &[Scope]) -> Value {
    let mut kinds = Vec::new();
    if scopes.contains(&Scope::OnDemand) && !profile_only(scenario, base) {
        kinds.push("ON_DEMAND");
    }
    if !prefixes(scenario, region, base, scopes).is_empty() {
        kinds.push("INFERENCE_PROFILE");
    }
    let model = ModelId::parse(base);
    let (provider, name) = base.split_once('.').unwrap_or(("", base));
    let lifecycle = match price::end_of_life(&model) {
        Some(day) => json!({ "status": "LEGACY", "endOfLifeTime": format!("{day}T00:00:00Z") }),
        None => json!({ "status": "ACTIVE" }),
    };
    json!({
        "modelArn": format!("arn:aws:bedrock:{region}::foundation-model/{base}"),
        "modelId": base,
        "modelName": name,
        "providerName": provider,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": replies::streams(model.family().native),
        "customizationsSupported": [],
        "inferenceTypesSupported": kinds,
        "modelLifecycle": lifecycle,
    })
}

/// The prefixes of a model's profiles in a region.
fn prefixes(scenario: &Scenario, region: &str, base: &str, scopes: &[Scope]) -> Vec<&'static str> {
    let mut prefixes = Vec::new();
    // What is served by profiles alone has one, even where no quota row tells of it.
    if scopes.contains(&Scope::CrossRegion) || (profile_only(scenario, base) && !scopes.contains(&Scope::Global)) {
        prefixes.push(geography(region));
    }
    if scopes.contains(&Scope::Global) {
        prefixes.push("global");
    }
    prefixes
}

fn geography(region: &str) -> &'static str {
    const BY_START: [(&str, &str); 4] = [("us-gov-", "us-gov"), ("eu-", "eu"), ("ap-", "apac"), ("ca-", "ca")];
    BY_START.iter().find(|(start, _)| region.starts_with(start)).map_or("us", |(_, prefix)| prefix)
}

fn profile(region: &str, prefix: &str, base: &str) -> Value {
    let id = format!("{prefix}.{base}");
    let mut models = vec![json!({ "modelArn": format!("arn:aws:bedrock:{region}::foundation-model/{base}") })];
    if prefix == "global" {
        models.push(json!({ "modelArn": format!("arn:aws:bedrock:::foundation-model/{base}") }));
    }
    json!({
        "inferenceProfileName": format!("{} {base}", prefix.to_uppercase()),
        "createdAt": MADE,
        "updatedAt": MADE,
        "inferenceProfileArn": format!("arn:aws:bedrock:{region}:{ACCOUNT}:inference-profile/{id}"),
        "models": models,
        "inferenceProfileId": id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    })
}
