//! Counting: `CountTokens`, which needs no quota and knows few models (source: facts on token counts).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bench::model::Scope;
use crate::simulator::ability;
use crate::simulator::bodies;
use crate::simulator::converse;
use crate::simulator::handle::Simulator;
use crate::simulator::problem::Problem;

/// Answers a question for a prompt's tokens.
pub(super) fn answer(here: &Simulator, region: &str, id: &str, body: &[u8]) -> Result<Value, Problem> {
    let model = here.find(region, id)?;
    // A profile has no tokenizer, nor has an application's.
    if model.scope() != Scope::OnDemand
        || model.as_str().contains("inference-profile")
        || !ability::counts_tokens(&model)
    {
        return Err(Problem::validation("The provided model doesn't support counting tokens."));
    }
    let body = Problem::json(body)?;
    let input = body.get("input").and_then(Value::as_object);
    let mut forms = input.into_iter().flatten();
    let (Some((form, asked)), None) = (forms.next(), forms.next()) else {
        return Err(Problem::validation("The input must hold exactly one of converse and invokeModel."));
    };
    let prompt = match form.as_str() {
        "converse" => converse::countable(&model, asked)?,
        "invokeModel" => {
            let bytes = asked.get("body").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or_else(|| Problem::validation("input.invokeModel.body must be bytes in base64."))?;
            bodies::parse(&model, &Problem::json(&bytes)?)?
        }
        other => return Err(Problem::extraneous("#/input", other)),
    };
    Ok(json!({ "inputTokens": prompt.tokens() }))
}
