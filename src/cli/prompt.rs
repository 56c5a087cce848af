//! `quotient prompt`: the winning (or named) variant as a ready request, also for new input.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use color_eyre::Result;
use serde_json::Value;

use crate::bench::figures::Figures;
use crate::bench::native;
use crate::bench::objective::Rule;
use crate::bench::plan::{Case, ModelPlan, Plan};
use crate::bench::request::Request;
use crate::bench::tally::Tally;
use crate::bench::template::{self, Templates};
use crate::bench::verdict::verdict;
use crate::cli::arguments::{BenchOptions, PromptForm, PromptOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::snippets::{self, Snippet};
use crate::cli::{output, planning, runs};

/// With how many cases' values it is tried whether a template works on a variable.
const CASES_TRIED: usize = 100;

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
    let (mut variables, mut kept) = (Vec::new(), Vec::new());
    match content {
        Some(content) => case.content = content,
        None if snippets::of(options.format).is_some() => (variables, kept) = marked(&plan, variant, &mut case)?,
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
            notes: {
                let figures = measured.as_ref().zip(variant).map(|(tally, at)| Figures::new(tally, model, at));
                let simulated = measured.as_ref().is_some_and(|tally| tally.simulated);
                let mut notes = snippets::notes(figures.as_ref(), simulated);
                notes.extend(kept);
                notes
            },
        }),
        None => rendered(&plan.models[model], &request, options.format),
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

/// The newest run of the configuration that is in force here.
fn latest_of(options: &PromptOptions) -> Result<Option<Tally>> {
    let here = planning::plan(&BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() })?.plan;
    let names = |plan: &Plan| plan.variants.iter().map(|variant| variant.name.clone()).collect::<Vec<_>>();
    let ids = |plan: &Plan| plan.models.iter().map(|model| model.id.to_string()).collect::<Vec<_>>();
    runs::newest(|plan| plan.task == here.task && names(plan) == names(&here) && ids(plan) == ids(&here))
}

/// Puts marks in place of the variables that the templates use, and tells their names, and of which others the value
/// stays. The task is configured, so it stays text; so does a variable that is no text, or on which the templates work.
fn marked(plan: &Plan, variant: Option<usize>, case: &mut Case) -> Result<(Vec<String>, Vec<String>)> {
    let Some(variant) = variant else {
        case.content = snippets::mark(0);
        return Ok((vec!["content".into()], Vec::new()));
    };
    let templates = Templates::new(plan).map_err(|error| Refused::usage(error.message))?;
    let of = &plan.variants[variant];
    let messages = of.messages.iter().map(|turn| turn.text.as_str());
    let sources = messages.chain(of.system.as_deref()).chain([of.prompt.as_str()]);
    let used: BTreeSet<String> = sources.flat_map(template::variables).collect();
    // Whatever else a case calls a field, no template can name it, and no comment shall.
    let nameable = |name: &&String| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let own = case.variables.keys().filter(nameable).cloned();
    let supplied: BTreeSet<String> = own.chain(["content", "id"].map(str::to_owned)).collect();
    let (mut names, mut kept) = (Vec::new(), Vec::new());
    for name in supplied {
        match use_of(plan, &templates, variant, case, &name) {
            Use::AsItIs => {
                set(case, &name, &snippets::mark(names.len()));
                names.push(name);
            }
            // The engine keeps some names for itself, so what a template looks up is not all that it writes.
            Use::None if !used.contains(&name) => {}
            Use::None | Use::Otherwise => {
                kept.push(format!("{name} stands as in the first case: it is no text, or the template works on it."));
            }
        }
    }
    Ok((names, kept))
}

/// The text of a variable of a case.
fn value<'a>(case: &'a Case, name: &str) -> Option<&'a str> {
    match name {
        "content" => Some(&case.content),
        "id" => Some(&case.id),
        _ => case.variables.get(name)?.as_str(),
    }
}

fn set(case: &mut Case, name: &str, text: &str) {
    match name {
        "content" => text.clone_into(&mut case.content),
        "id" => text.clone_into(&mut case.id),
        _ => drop(case.variables.insert(name.to_owned(), text.into())),
    }
}

/// What templates do with a variable.
enum Use {
    /// Nothing that shows.
    None,
    /// They write it down.
    AsItIs,
    /// They count, cut or compare it, or it is no text.
    Otherwise,
}

/// Templates only write a variable down where they give, with values of this plan and with a long one, what they give
/// with a mark that is then replaced.
fn use_of(plan: &Plan, templates: &Templates, variant: usize, case: &Case, name: &str) -> Use {
    if value(case, name).is_none() {
        return Use::None;
    }
    let rendered = |text: &str| {
        let mut case = case.clone();
        set(&mut case, name, text);
        templates.render(variant, &case).ok()
    };
    // Beyond every mark of a snippet.
    let mark = snippets::mark(usize::MAX);
    let Some(with_mark) = rendered(&mark) else { return Use::Otherwise };
    let replaced = |text: &str| {
        let mut replaced = with_mark.clone();
        for said in replaced.turns.iter_mut().map(|turn| &mut turn.text).chain(replaced.system.as_mut()) {
            *said = said.replace(&mark, text);
        }
        replaced
    };
    let long = "Some text of 9 words, said again and again. ".repeat(100);
    let values = plan.cases.iter().take(CASES_TRIED).filter_map(|case| value(case, name)).chain([long.as_str()]);
    let mut values = values.map(str::trim).filter(|text| !text.is_empty());
    if !values.all(|text| rendered(text) == Some(replaced(text))) {
        Use::Otherwise
    } else if replaced("") == with_mark {
        Use::None
    } else {
        Use::AsItIs
    }
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
    let rule = options.objective.as_deref().map_or(Ok(plan.objective), Rule::parse).map_err(Refused::usage)?;
    let (name, verdict) = (rule.name(), verdict(tally, model, &rule));
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
    let named = options.shared.variants.first().map(|name| named(&plan, name)).transpose()?;
    // A configuration with one prompt leaves no choice.
    let variant = named.or((plan.variants.len() == 1).then_some(0));
    let family = plan.models[0].id.family();
    let shown = match (named, variant) {
        (Some(_), _) => "the named variant",
        (None, Some(_)) => "the only variant",
        (None, None) => "the bare task",
    };
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
