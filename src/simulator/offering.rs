//! Offering: the models and inference profiles that Bedrock's control plane lists (source: the SDK's `aws-sdk-bedrock`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bench::model::{ModelId, Scope};
use crate::bench::price;
use crate::simulator::arn::{self, Named};
use crate::simulator::catalog::Catalog;
use crate::simulator::problem::Problem;
use crate::simulator::replies;
use crate::simulator::scenario::{ApplicationProfile, Scenario};

/// Profiles on a page that is asked for without a size.
const PAGE: usize = 50;
/// The largest page (source: API reference of `ListInferenceProfiles`).
const LARGEST_PAGE: usize = 1_000;
/// When every profile of the simulator was made.
const MADE: &str = "2026-01-01T00:00:00Z";

/// The geographies whose profiles a region has: how the region begins, its first geography, the others. The others hold
/// single models alone, those of the price table (source: Bedrock user guide, `inference-profiles-support`).
const GEOGRAPHIES: [(&str, &str, &[&str]); 8] = [
    ("us-gov-", "us-gov", &[]),
    ("eu-", "eu", &[]),
    ("ap-northeast-", "apac", &["jp"]),
    ("ap-southeast-2", "apac", &["au"]),
    ("ap-southeast-4", "apac", &["au"]),
    ("ap-", "apac", &[]),
    ("ca-", "ca", &["us"]),
    ("", "us", &[]),
];
/// Where the profiles of a geography lead to, beside the region that is called (a part of the real destinations).
const DESTINATIONS: [(&str, &[&str]); 7] = [
    ("us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("us", &["us-east-1", "us-east-2", "us-west-2"]),
    ("eu", &["eu-central-1", "eu-west-1", "eu-west-3"]),
    ("apac", &["ap-northeast-1", "ap-southeast-1", "ap-southeast-2"]),
    ("jp", &["ap-northeast-1", "ap-northeast-3"]),
    ("au", &["ap-southeast-2", "ap-southeast-4"]),
    ("ca", &["ca-central-1", "ca-west-1"]),
];

/// What `ListFoundationModels` answers.
pub(super) fn models(catalog: &Catalog, scenario: &Scenario, region: &str) -> Value {
    let summaries: Vec<Value> =
        offered(catalog, scenario).map(|(base, scopes)| summary(scenario, region, base, scopes)).collect();
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
    let all = match query.get("type").copied() {
        // Unasked, the service lists its own alone.
        None | Some("SYSTEM_DEFINED") => defined(catalog, scenario, region),
        Some("APPLICATION") => scenario.profiles.iter().map(|own| application(region, own)).collect(),
        Some(_) => return Err(Problem::validation("type must be SYSTEM_DEFINED or APPLICATION.")),
    };
    let mut answer = json!({});
    if from + size < all.len() {
        answer["nextToken"] = json!((from + size).to_string());
    }
    answer["inferenceProfileSummaries"] = all.into_iter().skip(from).take(size).collect();
    Ok(answer)
}

/// What `GetInferenceProfile` answers to an id or an ARN.
pub(super) fn profile(catalog: &Catalog, scenario: &Scenario, region: &str, asked: &str) -> Result<Value, Problem> {
    let own = |id: &str| scenario.profiles.iter().find(|own| own.id == id).map(|own| application(region, own));
    let system = |id: &str| {
        let model = ModelId::parse(id);
        let prefix = model.prefix().filter(|prefix| has_profile(catalog, scenario, region, prefix, model.base()))?;
        (!retired(scenario, model.base())).then(|| system_defined(region, prefix, model.base()))
    };
    let found = match arn::read(asked, region) {
        Some(Named::Profile(id)) => system(id),
        Some(Named::ApplicationProfile(id)) => own(id),
        Some(_) => None,
        // Of another account or region.
        None if asked.starts_with("arn:") => None,
        None => own(asked).or_else(|| system(asked)),
    };
    found.ok_or_else(|| {
        let message = format!("Could not find the inference profile {asked}.");
        Problem::new(404, "ResourceNotFoundException", message)
    })
}

/// Whether a model has a profile of this prefix in a region.
pub(super) fn has_profile(catalog: &Catalog, scenario: &Scenario, region: &str, prefix: &str, base: &str) -> bool {
    let scopes = catalog.scopes(base);
    !scopes.is_empty() && prefixes(scenario, region, base, scopes).contains(&prefix)
}

/// Whether a region has profiles of this prefix at all.
pub(super) fn serves(region: &str, prefix: &str) -> bool {
    let (first, others) = geographies(region);
    prefix == "global" || prefix == first || others.contains(&prefix)
}

/// Whether a model can be called by its plain id.
pub(super) fn on_demand(catalog: &Catalog, scenario: &Scenario, base: &str) -> bool {
    let scopes = catalog.scopes(base);
    !profile_only(scenario, base) && (scopes.is_empty() || scopes.contains(&Scope::OnDemand))
}

/// Whether a model can be called by profiles alone.
pub(super) fn profile_only(scenario: &Scenario, base: &str) -> bool {
    scenario.profile_only.iter().any(|pattern| pattern.fits(base))
}

fn retired(scenario: &Scenario, base: &str) -> bool {
    scenario.retired.iter().any(|pattern| pattern.fits(base))
}

/// Base models with the scopes that have quota rows, by name, without those whose life is over.
fn offered<'a>(catalog: &'a Catalog, scenario: &'a Scenario) -> impl Iterator<Item = (&'a str, &'a [Scope])> {
    catalog.models().filter(|base| !retired(scenario, base)).map(|base| (base, catalog.scopes(base)))
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
        "modelArn": arn::of_model(region, base),
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
    let (first, others) = geographies(region);
    // What is served by profiles alone has one, even where no quota row tells of it.
    if scopes.contains(&Scope::CrossRegion) || (profile_only(scenario, base) && !scopes.contains(&Scope::Global)) {
        prefixes.push(first);
        let priced = |prefix: &&&str| price::lists(&ModelId::parse(&format!("{prefix}.{base}")));
        prefixes.extend(others.iter().filter(priced));
    }
    if scopes.contains(&Scope::Global) {
        prefixes.push("global");
    }
    prefixes
}

fn geographies(region: &str) -> (&'static str, &'static [&'static str]) {
    let row = GEOGRAPHIES.iter().find(|(start, ..)| region.starts_with(start));
    row.map_or(("us", &[]), |(_, first, others)| (*first, *others))
}

/// The ARNs of the models that a profile leads to.
fn destinations(region: &str, prefix: Option<&str>, base: &str) -> Vec<Value> {
    let mut regions = vec![region];
    match prefix {
        Some("global") => regions.push(""),
        Some(prefix) => {
            let more = DESTINATIONS.iter().find(|(known, _)| *known == prefix).map_or(&[][..], |(_, regions)| regions);
            regions.extend(more.iter().filter(|more| **more != region));
        }
        None => {}
    }
    regions.into_iter().map(|region| json!({ "modelArn": arn::of_model(region, base) })).collect()
}

fn defined(catalog: &Catalog, scenario: &Scenario, region: &str) -> Vec<Value> {
    let of_model = |(base, scopes)| {
        let prefixes = prefixes(scenario, region, base, scopes);
        prefixes.into_iter().map(move |prefix| system_defined(region, prefix, base))
    };
    offered(catalog, scenario).flat_map(of_model).collect()
}

fn system_defined(region: &str, prefix: &str, base: &str) -> Value {
    let id = format!("{prefix}.{base}");
    let place = if prefix == "global" { "any region".to_owned() } else { format!("regions of {prefix}") };
    json!({
        "inferenceProfileName": format!("{} {base}", prefix.to_uppercase()),
        "description": format!("Routes requests to {base} in {place}."),
        "createdAt": MADE,
        "updatedAt": MADE,
        "inferenceProfileArn": arn::of_profile(region, &id),
        "models": destinations(region, Some(prefix), base),
        "inferenceProfileId": id,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    })
}

fn application(region: &str, own: &ApplicationProfile) -> Value {
    let target = own.target();
    let mut profile = json!({
        "inferenceProfileName": own.name,
        "createdAt": MADE,
        "updatedAt": MADE,
        "inferenceProfileArn": arn::of_application_profile(region, &own.id),
        "models": destinations(region, target.prefix(), target.base()),
        "inferenceProfileId": own.id,
        "status": "ACTIVE",
        "type": "APPLICATION",
    });
    if let Some(description) = &own.description {
        profile["description"] = json!(description);
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_scenario_retires_what_had_ended_when_the_price_table_was_read() {
        let scenario = Scenario::default();
        let catalog = Catalog::new(&scenario, 1);
        let mut ended = 0;
        for base in catalog.models() {
            let over = price::end_of_life(&ModelId::parse(base)).is_some_and(|day| day <= price::READ_ON);
            assert_eq!(retired(&scenario, base), over, "{base}");
            ended += usize::from(over);
        }
        assert!(ended > 3, "{ended}");
    }

    #[test]
    fn profiles_are_those_of_the_continent() {
        for (region, prefixes) in [
            ("us-east-1", &["us"][..]),
            ("us-gov-west-1", &["us-gov"]),
            ("eu-north-1", &["eu"]),
            ("ap-northeast-1", &["apac", "jp"]),
            ("ap-southeast-2", &["apac", "au"]),
            ("ap-south-1", &["apac"]),
            ("ca-central-1", &["ca", "us"]),
        ] {
            let known = ["us", "us-gov", "eu", "apac", "jp", "au", "ca"];
            let served: Vec<_> = known.into_iter().filter(|prefix| serves(region, prefix)).collect();
            assert_eq!(served.len(), prefixes.len(), "{region}: {served:?}");
            assert!(prefixes.iter().all(|prefix| served.contains(prefix)), "{region}: {served:?}");
            assert!(serves(region, "global"));
        }
    }
}
