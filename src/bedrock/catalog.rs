//! Catalog: the models and inference profiles that Bedrock lists for this account in this region.

mod advice;
mod line;

use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::types::{
    FoundationModelSummary, InferenceProfileStatus, InferenceProfileSummary, InferenceProfileType, InferenceType,
    ModelModality,
};
use aws_smithy_types::date_time::Format;

pub use advice::{advice, callable, successor};

use crate::bedrock::fault::{self, Place};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::model::{ModelId, Scope};
use crate::bench::price;

/// Profiles read at most: a server that never ends its pages must not hold us.
const MOST_PROFILES: usize = 20_000;

/// A base model that answers with text. That it is listed does not say that this account was granted access to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The base id.
    pub id: ModelId,
    /// Whether it may be called by the base id.
    pub on_demand: bool,
    /// Whether its replies can be streamed, where the service says so.
    pub streaming: Option<bool>,
    /// The service's word: `ACTIVE`, `LEGACY`.
    pub lifecycle: Option<String>,
    /// The day on which it ends, `YYYY-MM-DD`: the service's, else the shipped table's.
    pub end_of_life: Option<String>,
}

/// An inference profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What is called, its base model resolved; an application's profile by its ARN.
    pub id: ModelId,
    /// Whether it can be called now.
    pub active: bool,
    /// The account that its ARN names: the caller's own.
    pub account: Option<String>,
}

/// Everything that is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Base models, by id.
    pub models: Vec<Offer>,
    /// Profiles, by id.
    pub profiles: Vec<Profile>,
}

impl Catalog {
    /// The base model of an id or profile, where it is listed.
    pub fn offer(&self, id: &ModelId) -> Option<&Offer> {
        self.models.iter().find(|offer| offer.id.base() == id.base())
    }

    /// The active profiles that hold a model.
    pub fn profiles_of<'a>(&'a self, id: &'a ModelId) -> impl Iterator<Item = &'a Profile> {
        self.profiles.iter().filter(|profile| profile.active && profile.id.base() == id.base())
    }
}

/// Reads everything: [`models`] and [`profiles`].
pub async fn list(client: &Client, place: &Place) -> Result<Catalog, Fault> {
    let (models, profiles) = futures_util::future::join(models(client, place), profiles(client, place)).await;
    Ok(Catalog { models: models?, profiles: profiles? })
}

/// Reads `ListFoundationModels`, which has no pages: the models that answer with text, by id.
pub async fn models(client: &Client, place: &Place) -> Result<Vec<Offer>, Fault> {
    let answer = client.list_foundation_models().send().await;
    let answer = answer.map_err(|error| fault::of_sdk_error(&error, place, None))?;
    let mut models: Vec<Offer> = answer.model_summaries().iter().filter(|model| says_text(model)).map(offer).collect();
    models.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    Ok(models)
}

/// Reads every page of `ListInferenceProfiles`, by id. Asked for no type, the service leaves the applications' out
/// (source: aws/aws-cli issue 9728), so each type is asked for.
pub async fn profiles(client: &Client, place: &Place) -> Result<Vec<Profile>, Fault> {
    let mut profiles = Vec::new();
    for kind in [InferenceProfileType::SystemDefined, InferenceProfileType::Application] {
        let pages = client.list_inference_profiles().type_equals(kind);
        let mut items = pages.into_paginator().items().send();
        while profiles.len() < MOST_PROFILES {
            let Some(next) = items.next().await else { break };
            profiles.push(profile(&next.map_err(|error| fault::of_sdk_error(&error, place, None))?));
        }
    }
    profiles.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    profiles.dedup_by(|a, b| a.id.as_str() == b.id.as_str());
    Ok(profiles)
}

/// Asks `GetInferenceProfile` what an application inference profile wraps, and gives the id with the base model and the
/// scope of that. Any other id comes back as it is, and nothing is sent. The fault's message names the permission that
/// this takes.
pub async fn resolve(client: &Client, place: &Place, id: &ModelId) -> Result<ModelId, Fault> {
    if id.scope() != Scope::Unresolved {
        return Ok(id.clone());
    }
    let failed = |fault: Fault| {
        let lead = format!(
            "What {id} wraps could not be read, which takes bedrock:GetInferenceProfile; --rpm and --tpm give the \
             limits without it"
        );
        Fault { message: format!("{lead}: {}", fault.message), ..fault }
    };
    let answer = client.get_inference_profile().inference_profile_identifier(id.as_str()).send().await;
    let answer = answer.map_err(|error| failed(fault::of_sdk_error(&error, place, Some(id))))?;
    let targets: Vec<&str> = answer.models().iter().filter_map(|model| model.model_arn()).collect();
    wrapped(id, &targets).ok_or_else(|| failed(Fault::new(FaultKind::NotFound, "the profile holds no model.")))
}

/// An application's profile with what it holds, where it holds anything.
fn wrapped(id: &ModelId, targets: &[&str]) -> Option<ModelId> {
    targets.first().map(|first| id.resolved(first, scope(targets)))
}

fn says_text(model: &FoundationModelSummary) -> bool {
    model.output_modalities().is_empty() || model.output_modalities().contains(&ModelModality::Text)
}

fn offer(model: &FoundationModelSummary) -> Offer {
    let id = ModelId::parse(model.model_id());
    let lifecycle = model.model_lifecycle();
    let day = lifecycle.and_then(|life| life.end_of_life_time()).and_then(|at| at.fmt(Format::DateTime).ok());
    let day = day.and_then(|at| at.get(..10).map(str::to_owned));
    Offer {
        on_demand: model.inference_types_supported().contains(&InferenceType::OnDemand),
        streaming: model.response_streaming_supported(),
        lifecycle: lifecycle.map(|life| life.status().as_str().to_owned()),
        end_of_life: day.or_else(|| price::end_of_life(&id).map(str::to_owned)),
        id,
    }
}

fn profile(summary: &InferenceProfileSummary) -> Profile {
    let active = *summary.status() == InferenceProfileStatus::Active;
    let account = summary.inference_profile_arn().split(':').nth(4).filter(|account| !account.is_empty());
    let account = account.map(str::to_owned);
    if *summary.r#type() != InferenceProfileType::Application {
        return Profile { id: ModelId::parse(summary.inference_profile_id()), active, account };
    }
    let id = ModelId::parse(summary.inference_profile_arn());
    let targets: Vec<&str> = summary.models().iter().filter_map(|model| model.model_arn()).collect();
    Profile { id: wrapped(&id, &targets).unwrap_or(id), active, account }
}

/// The scope of an application's profile, by the regions of what it holds (source: facts on model ids).
fn scope(targets: &[&str]) -> Scope {
    let mut regions: Vec<&str> = targets.iter().filter_map(|arn| arn.split(':').nth(3)).collect();
    regions.sort_unstable();
    regions.dedup();
    match regions.as_slice() {
        ["", ..] => Scope::Global,
        [_, _, ..] => Scope::CrossRegion,
        _ => Scope::OnDemand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_applications_profile_has_the_scope_of_what_it_holds() {
        let arn = |region: &str| format!("arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0");
        let (east, west, nowhere) = (arn("us-east-1"), arn("us-west-2"), arn(""));
        assert_eq!(scope(&[&east]), Scope::OnDemand);
        assert_eq!(scope(&[&east, &west]), Scope::CrossRegion);
        assert_eq!(scope(&[&east, &nowhere]), Scope::Global);
    }
}
