//! Cautions: what a model does not take of a variant as it stands, said before anything is sent.

use crate::bench::family::{self, NativeFormat};
use crate::bench::model::ModelId;
use crate::bench::native;
use crate::bench::plan::{Plan, Variant};
use crate::bench::price;

/// Sentences on one variant and one model of a plan, by index; each names the two.
///
/// The service judges what is sent; these are the cases in which it is known to refuse, or in which what is sent is not
/// quite what was written.
pub fn cautions(plan: &Plan, model: usize, variant: usize) -> Vec<String> {
    let max_tokens = plan.max_tokens(model, variant);
    let (model, variant) = (&plan.models[model], &plan.variants[variant]);
    let (id, native) = (&model.id, model.id.family().native);
    let parameters = &variant.parameters;
    let mut cautions = Vec::new();
    if parameters.max_tokens.is_none() {
        cautions.push(format!(
            "max_tokens is unset, so the model's maximum of {max_tokens} tokens is reserved per request"
        ));
    }
    if plan.api.is_native() {
        cautions.extend(native::departures(id, parameters));
    }
    cautions.extend(parameters.max_tokens.and_then(|_| too_many(id, max_tokens)));
    let api = plan.api_of(model);
    if api != plan.api {
        cautions.push(format!(
            "the model does not stream: it is called by {}, and its TTFT cannot be measured",
            api.name()
        ));
    }
    if parameters.temperature.is_some() && parameters.top_p.is_some() && family::takes_one_sampler(id.base()) {
        cautions.push("newer Claude models refuse temperature together with top_p: set one of them".into());
    }
    let other = [parameters.service_tier.as_deref(), parameters.latency.as_deref()].into_iter().flatten();
    cautions.extend(other.filter(|word| matches!(*word, "priority" | "optimized" | "flex")).map(|word| {
        format!("the price is the standard one; that of \"{word}\" is not known here and may differ: see [[price]]")
    }));
    cautions.extend(cache(plan, variant, native, price::has_cache(id)));
    cautions.iter().map(|caution| format!("{} on {id}: {caution}", variant.name)).collect()
}

/// The sentence about more output tokens than a model is known to give (source: "The maximum tokens you requested
/// exceeds the model limit", a `ValidationException` of Converse and `InvokeModel`).
pub fn too_many(id: &ModelId, max_tokens: u64) -> Option<String> {
    let most = price::max_output(id).map(u64::from).filter(|most| max_tokens > *most)?;
    Some(format!(
        "max_tokens {max_tokens} is above the {most} output tokens that the model is known to give: it may be refused"
    ))
}

fn cache(plan: &Plan, variant: &Variant, native: NativeFormat, known: bool) -> Option<String> {
    variant.cache_after?;
    if plan.api.is_native() && !matches!(native, NativeFormat::Claude | NativeFormat::Nova) {
        return Some("the cache point is not sent: the model's InvokeModel body has none".into());
    }
    (!known).then(|| "no prompt cache is known of the model, so the service may refuse the cache point".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::{Api, ModelPlan};
    use crate::bench::request::{CacheAfter, Parameters};

    fn said(id: &str, api: Api, parameters: Parameters, cache_after: Option<CacheAfter>) -> String {
        let variant = Variant { name: "v".into(), parameters, cache_after, ..Variant::default() };
        let plan =
            Plan { models: vec![ModelPlan::of(ModelId::parse(id))], variants: vec![variant], api, ..Plan::default() };
        cautions(&plan, 0, 0).join("; ")
    }

    #[test]
    fn what_will_be_refused_or_changed_is_said() {
        let plain = || Parameters { max_tokens: Some(100), ..Parameters::default() };
        let both = || Parameters { temperature: Some(0.5), top_p: Some(0.5), ..plain() };
        let cached = Some(CacheAfter::System);
        let (sonnet, haiku, llama) = (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "anthropic.claude-3-haiku-20240307-v1:0",
            "meta.llama3-8b-instruct-v1:0",
        );
        assert_eq!(said(sonnet, Api::Converse, plain(), cached), "");
        assert!(said(sonnet, Api::Converse, both(), None).contains("refuse temperature together with top_p"));
        assert_eq!(said(haiku, Api::Converse, both(), None), "");
        assert!(said(haiku, Api::Converse, plain(), cached).contains("no prompt cache is known"));
        assert!(said(llama, Api::Invoke, plain(), cached).contains("cache point is not sent"));
        assert!(said("ai21.j2-mid-v1", Api::ConverseStream, plain(), None).contains("called by converse,"));
        assert!(said("ai21.j2-mid-v1", Api::InvokeStream, plain(), None).contains("called by invoke,"));
        let large = || Parameters { max_tokens: Some(5_000), ..Parameters::default() };
        assert!(said(haiku, Api::Converse, large(), None).contains("max_tokens 5000 is above the 4096 output tokens"));
        assert_eq!(said("somebody.new-model-v1:0", Api::Converse, large(), None), "", "nothing is known of it");
        let unset = said(llama, Api::Invoke, Parameters::default(), None);
        assert_eq!(
            unset,
            format!("v on {llama}: max_tokens is unset, so the model's maximum of 2048 tokens is reserved per request")
        );
    }
}
