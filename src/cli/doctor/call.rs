//! One small invocation of each planned model: what it costs at most first, then whether it answers and how fast.

use std::time::Duration;

use color_eyre::Result;

use super::{Checks, Outcome};
use crate::bedrock::aws::Clients;
use crate::bedrock::gateway::{Call, Reply};
use crate::bench::number::number;
use crate::bench::plan::{ModelPlan, Plan};
use crate::bench::request::{Parameters, Request};
use crate::bench::usage::{Usage, UsageSource, rough_tokens};
use crate::cli::arguments::DoctorOptions;
use crate::cli::output;

/// Output tokens at most. Some models refuse a single one.
const MAX_TOKENS: u32 = 16;
/// Input tokens that templates of a service add to a prompt, at most; for the cost at worst.
const ADDED_TOKENS: u64 = 100;

/// Calls each model of the plan once, if that was asked for and, where it may cost money, agreed to within the cap.
pub(super) async fn call(checks: &mut Checks, clients: &Clients, plan: &Plan, options: &DoctorOptions) -> Result<()> {
    const NAME: &str = "invocation";
    if !options.call {
        let says = format!("No model was called; --call invokes each one once with max_tokens {MAX_TOKENS}.");
        checks.add(NAME, Outcome::Skipped, &says);
        return Ok(());
    }
    let parameters = Parameters { max_tokens: Some(MAX_TOKENS), ..Parameters::default() };
    let request = Request::user(None, "Reply with the word yes.", parameters);
    if !plan.endpoint.is_local() {
        let at_most = cost_at_most(plan, &request);
        if let Some(why) = refusal(plan, at_most) {
            checks.capped = true;
            checks.add(NAME, Outcome::Failed, &why);
            return Ok(());
        }
        let cost = at_most.map_or("cost unknown".to_owned(), |usd| format!("at most ${usd:.6}"));
        output::say(&format!("--call sends {} requests to {}: {cost}", plan.models.len(), plan.endpoint.label()));
        if !options.shared.yes && !agreed()? {
            checks.add(NAME, Outcome::Skipped, "Not agreed to; no model was called.");
            return Ok(());
        }
    }
    for model in &plan.models {
        let call = Call { model, api: plan.api_of(model), request: &request, timeouts: &plan.timeouts };
        let reply = clients.gateway.invoke(call, &mut |_, _| {}).await;
        let judged = reply.map(|reply| answered(model, &reply)).map_err(|failure| failure.fault.message);
        checks.judge(&format!("call to {}", model.id), judged);
    }
    Ok(())
}

/// US dollars at most, over all models; `None` where a price is not known.
fn cost_at_most(plan: &Plan, request: &Request) -> Option<f64> {
    let usage = Usage::estimated(rough_tokens(request.prompt_bytes()) + ADDED_TOKENS, u64::from(MAX_TOKENS));
    plan.models.iter().map(|model| model.price.map(|price| price.cost(&usage))).sum()
}

/// Why nothing may be sent under the cap on cost.
fn refusal(plan: &Plan, at_most: Option<f64>) -> Option<String> {
    let cap = plan.max_cost_usd?;
    match at_most {
        None => Some(
            "A price is unknown, so the cap on cost cannot be kept; --max-cost none calls without a cap. No model was \
             called."
                .into(),
        ),
        Some(usd) if usd > cap => Some(format!(
            "It would cost up to ${usd:.6}, above the cap of ${cap}; see --max-cost. No model was called."
        )),
        Some(_) => None,
    }
}

fn agreed() -> Result<bool> {
    output::say("send them? [y/N]");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// What there is to say of an answer: how fast, how many tokens by whose count, how much money.
fn answered(model: &ModelPlan, reply: &Reply) -> String {
    let (usage, timing) = (reply.usage, &reply.timing);
    let ms = |time: Duration| format!("{} ms", number(time.as_secs_f64() * 1e3));
    let ttft = timing.ttft.map(|ttft| format!("TTFT {}, ", ms(ttft))).unwrap_or_default();
    let source = match usage.source {
        UsageSource::Reported => "reported",
        UsageSource::Counted => "counted",
        UsageSource::Estimated => "est",
    };
    let cost = model.price.map_or("price unknown".to_owned(), |price| format!("${:.6}", price.cost(&usage)));
    let e2e = ms(timing.e2e);
    format!("Answered: {ttft}E2E {e2e}; {} tokens in, {} out ({source}); {cost}.", usage.input, usage.output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::model::ModelId;
    use crate::bench::sample::Timing;

    #[test]
    fn an_answer_is_told_with_the_source_of_its_tokens() {
        let mut reply = Reply {
            text: "Yes.".into(),
            usage: Usage::reported(21, 2),
            stop_reason: "end_turn".into(),
            cut_off: false,
            timing: Timing {
                ttft: Some(Duration::from_millis(400)),
                e2e: Duration::from_millis(650),
                ..Timing::default()
            },
        };
        let model = ModelPlan::of(ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0"));
        let says = answered(&model, &reply);
        assert_eq!(says, "Answered: TTFT 400 ms, E2E 650 ms; 21 tokens in, 2 out (reported); $0.000093.");
        reply.usage = Usage::estimated(21, 2);
        reply.timing.ttft = None;
        let says = answered(&ModelPlan::of(ModelId::parse("somebody.new-model")), &reply);
        assert_eq!(says, "Answered: E2E 650 ms; 21 tokens in, 2 out (est); price unknown.");
    }
}
