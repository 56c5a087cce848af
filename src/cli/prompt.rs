//! `quotient prompt`: the winning (or named) variant as a ready request, also for new input.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use color_eyre::Result;
use serde_json::Value;

use crate::bench::figures::Figures;
use crate::bench::native;
use crate::bench::objective::{objective, verdict};
use crate::bench::plan::{Case, ModelPlan, Plan};
use crate::bench::request::Request;
use crate::bench::tally::Tally;
use crate::bench::template::{self, Templates};
use crate::cli::arguments::{BenchOptions, PromptForm, PromptOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::snippets::{self, Snippet};
use crate::cli::{output, planning, runs};

/// Runs the command.
pub fn prompt(options: &PromptOptions) -> Result<Exit> {
    let content = options.content.as_deref().map(read_content).transpose()?;
    let measured = match &options.run {
        Some(run) => Some(runs::load(run)?),
        None => latest_of(options)?,
    };
    let (plan, model, variant) = match &measured {
        Some(tally) => from_run(tally, options)?,
        None => unmeasured(options)?,
    };
    let mut plan = plan;
    if let Some(task) = &options.task {
        plan.task.clone_from(task);
    }
    let mut case = plan.cases.first().cloned().unwrap_or_default();
    let mut variables = Vec::new();
    match content {
        Some(content) => case.content = content,
        None if snippets::of(options.format).is_some() => variables = marked(&plan, variant, &mut case),
        None => {}
    }
    let request = match variant {
        Some(variant) => request(&plan, variant, &case)?,
        None => bare(&plan, &case),
    };
    let text = match snippets::of(options.format) {
        Some(write) => write(&Snippet {
            model: plan.models[model].id.as_str(),
            region: &plan.region,
            body: &native::converse_body(&plan.models[model], &request),
            variables: &variables,
            notes: measured.as_ref().zip(variant).map_or_else(Vec::new, |(tally, variant)| {
                snippets::notes(&Figures::new(tally, model, variant), tally.simulated)
            }),
        }),
        None => rendered(&plan.models[model], &request, options.format),
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

/// The newest run, if it is one of the configuration that is in force here.
fn latest_of(options: &PromptOptions) -> Result<Option<Tally>> {
    let here = planning::plan(&BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() })?.plan;
    let names = |plan: &Plan| plan.variants.iter().map(|variant| variant.name.clone()).collect::<Vec<_>>();
    let ids = |plan: &Plan| plan.models.iter().map(|model| model.id.to_string()).collect::<Vec<_>>();
    let same = |tally: &Tally| {
        tally.plan.task == here.task && names(&tally.plan) == names(&here) && ids(&tally.plan) == ids(&here)
    };
    Ok(runs::newest()?.filter(same))
}

/// Puts marks in place of the variables that the templates use, and tells their names. The task is configured, so it
/// stays text; so does a variable that is no text, since a template may count or compare with it.
fn marked(plan: &Plan, variant: Option<usize>, case: &mut Case) -> Vec<String> {
    let used = variant.map_or_else(
        || ["content".to_owned()].into(),
        |variant| {
            let variant = &plan.variants[variant];
            let messages = variant.messages.iter().map(|turn| turn.text.as_str());
            let sources = messages.chain(variant.system.as_deref()).chain([variant.prompt.as_str()]);
            sources.flat_map(template::variables).collect::<BTreeSet<_>>()
        },
    );
    let mut names = Vec::new();
    for name in used {
        let mark = snippets::mark(names.len());
        match (name.as_str(), case.variables.get_mut(&name)) {
            ("content", _) => case.content = mark,
            ("id", _) => case.id = mark,
            (_, Some(value)) if value.is_string() => *value = mark.into(),
            _ => continue,
        }
        names.push(name);
    }
    names
}

/// The plan, the model and the variant that a run's verdict (or the user) names.
fn from_run(tally: &Tally, options: &PromptOptions) -> Result<(Plan, usize, Option<usize>)> {
    let plan = (*tally.plan).clone();
    let model = match options.shared.models.first() {
        Some(id) => plan
            .models
            .iter()
            .position(|model| model.id.as_str() == id)
            .ok_or_else(|| Refused::usage(format!("--model {id}: this run did not measure it")))?,
        None => 0,
    };
    let run = tally.run.as_deref().unwrap_or("?");
    if let Some(name) = options.shared.variants.first() {
        return Ok((plan.clone(), model, Some(named(&plan, name)?)));
    }
    let name = options.objective.as_deref().unwrap_or(&plan.objective);
    let rule = objective(name).ok_or_else(|| Refused::usage(format!("{name:?} is no objective")))?;
    let verdict = verdict(tally, model, rule);
    let Some(leader) = &verdict.leader else {
        return Err(Refused::no_result(format!("run {run} has no winner: {}", verdict.reason)));
    };
    let what = if verdict.winner.is_some() { "winner" } else { "leader, not shown to win" };
    output::say(&format!("{leader}: {what} by {name} of run {run} ({})", verdict.reason));
    if tally.simulated {
        output::say("the run was SIMULATED: it says nothing about AWS");
    }
    let variant = named(&plan, leader)?;
    Ok((plan, model, Some(variant)))
}

/// Without any run: the named variant, or the family's default, which is the bare task.
fn unmeasured(options: &PromptOptions) -> Result<(Plan, usize, Option<usize>)> {
    let plan = planning::plan(&BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() })?.plan;
    let variant = options.shared.variants.first().map(|name| named(&plan, name)).transpose()?;
    let family = plan.models[0].id.family();
    let shown = if variant.is_some() { "the named variant" } else { "the bare task" };
    output::say(&format!(
        "nothing was measured with this configuration: this is {shown}; `quotient bench` measures, --run names a past \
         run (before any measurement, {:?} is the usual guess for {} models)",
        family.first_guess, family.name
    ));
    Ok((plan, 0, variant))
}

fn named(plan: &Plan, name: &str) -> Result<usize> {
    plan.variants.iter().position(|variant| variant.name == name).ok_or_else(|| {
        let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
        Refused::usage(format!("--variant {name}: no such variant; there are {}", names.join(", ")))
    })
}

fn bare(plan: &Plan, case: &Case) -> Request {
    let text = [plan.task.trim(), case.content.trim()].into_iter().filter(|part| !part.is_empty());
    let parameters = plan.variants.first().map(|variant| variant.parameters.clone()).unwrap_or_default();
    Request::user(None, text.collect::<Vec<_>>().join("\n\n"), parameters)
}

/// A variant's request for a case.
pub fn request(plan: &Plan, variant: usize, case: &Case) -> Result<Request> {
    let templates = Templates::new(plan).map_err(|error| Refused::usage(error.message))?;
    templates.render(variant, case).map_err(|error| Refused::usage(error.message))
}

/// A request in the asked form; what is code ([`snippets::of`]) stands here as the Converse body that it sends.
pub fn rendered(model: &ModelPlan, request: &Request, form: PromptForm) -> String {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    match form {
        PromptForm::Native => pretty(&native::invoke_body(model, request, false)),
        PromptForm::Text => native::text(request),
        _ => {
            // With the model's id it is what SDKs and `aws bedrock-runtime converse --cli-input-json` take whole.
            let mut whole = serde_json::json!({"modelId": model.id.as_str()});
            if let (Some(whole), Value::Object(body)) = (whole.as_object_mut(), native::converse_body(model, request)) {
                whole.extend(body);
            }
            pretty(&whole)
        }
    }
}

fn read_content(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text)).map(drop)
    };
    read.map_err(|error| Refused::usage(format!("--content {}: {error}", path.display())))?;
    Ok(text)
}
