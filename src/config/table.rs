//! A variant of a plan as the `[[variant]]` table of variants.toml, to be edited and to be kept.

use serde_json::Value;

use super::writer::{escaped, line, text, value};
use crate::bench::check::Check;
use crate::bench::plan::{Plan, Variant};
use crate::bench::request::{CacheAfter, Role};

/// How many of the cases' variables are named.
const MOST_NAMED: usize = 20;

/// A variant as a file to edit: what to do, then its table. Fails, saying why, where TOML has no way to write a value.
pub fn editable(plan: &Plan, variant: usize) -> Result<String, String> {
    Ok(head(plan) + &table(plan, &plan.variants[variant])?)
}

/// What stands above a variant that is opened in an editor.
pub(super) fn head(plan: &Plan) -> String {
    let first = plan.cases.first().into_iter().flat_map(|case| case.variables.keys()).map(String::as_str);
    let names = ["task", "content", "id"].into_iter().chain(first.filter(is_word).take(MOST_NAMED));
    let names: Vec<String> = names.map(|name| format!("{{{{ {name} }}}}")).collect();
    format!(
        "# Save and close: this becomes a variant of its own, beside the others. No\n\
         # file of yours is written over. Where the name stays as it is, it gets a new\n\
         # one. Closed unchanged, it adds nothing.\n\
         #\n\
         # Templates can use {}.\n\
         # More keys: temperature, top_p, stop, service_tier, extra, models,\n\
         # cache_after, [[variant.message]] with role and text, [[variant.check]] with\n\
         # kind and value. max_tokens = \"model\" leaves it unset.\n\n",
        names.join(", ")
    )
}

/// Whether a template can name it, and a comment may.
fn is_word(name: &&str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn table(plan: &Plan, variant: &Variant) -> Result<String, String> {
    let mut rows = vec!["[[variant]]".to_owned(), format!("name   = {}", line(&variant.name))];
    if !variant.models.is_empty() {
        let ids = variant.models.iter().filter_map(|model| plan.models.get(*model));
        let ids: Vec<String> = ids.map(|model| line(model.id.as_str())).collect();
        rows.push(format!("models = [{}]", ids.join(", ")));
    }
    let set = &variant.parameters;
    rows.push(set.max_tokens.map_or("max_tokens = \"model\"".into(), |most| format!("max_tokens = {most}")));
    for (key, number) in [("temperature", set.temperature), ("top_p", set.top_p)] {
        rows.extend(number.map(|number| format!("{key} = {number:?}")));
    }
    if !set.stop.is_empty() {
        let stop: Vec<String> = set.stop.iter().map(|stop| line(stop)).collect();
        rows.push(format!("stop = [{}]", stop.join(", ")));
    }
    rows.extend(set.service_tier.as_ref().map(|tier| format!("service_tier = {}", line(tier))));
    if !set.extra.is_empty() {
        rows.push(format!("extra = {}", value(&Value::Object(set.extra.clone()))?));
    }
    rows.extend(variant.cache_after.map(|point| match point {
        CacheAfter::System => "cache_after = \"system\"".into(),
        CacheAfter::Messages => "cache_after = \"messages\"".into(),
    }));
    rows.extend(variant.system.as_ref().map(|system| format!("system = {}", long(system))));
    rows.push(format!("prompt = {}", long(&variant.prompt)));
    for turn in &variant.messages {
        let role = if turn.role == Role::User { "user" } else { "assistant" };
        rows.push(format!("\n[[variant.message]]\nrole = \"{role}\"\ntext = {}", text(&turn.text)));
    }
    for check in &variant.checks {
        rows.push(self::check(check)?);
    }
    Ok(rows.join("\n") + "\n")
}

/// A text that is likely to get more lines: each of them as a line of the file.
fn long(text: &str) -> String {
    format!("\"\"\"\n{}\"\"\"", escaped(text, true))
}

fn check(check: &Check) -> Result<String, String> {
    let mut rows = vec!["\n[[variant.check]]".to_owned(), format!("kind = {}", line(&check.kind))];
    if !check.value.is_null() {
        rows.push(format!("value = {}", value(&check.value)?));
    }
    rows.extend(check.threshold.map(|threshold| format!("threshold = {threshold:?}")));
    rows.extend(check.model.as_ref().map(|model| format!("model = {}", line(model))));
    rows.extend(check.max_tokens.map(|most| format!("max_tokens = {most}")));
    Ok(rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bench::model::ModelId;
    use crate::bench::plan::{Case, ModelPlan};
    use crate::bench::request::{Parameters, Turn};
    use crate::config::{self, Overrides};

    const FILE: &str = r#"
task = "Sum up"
content = "text"
[bedrock]
models = ["a.one", "b.two"]
max_tokens = 300
temperature = 0.25
latency = "optimized"
[[variant]]
name = "first"
prompt = "{{ task }}: {{ content }}"
"#;

    fn variant() -> Variant {
        let turn = |role, text: &str| Turn { role, text: text.into() };
        Variant {
            name: "a \"quoted\" näme".into(),
            system: Some("Be brief.\n\n  Be \\exact\\, \"\"\" too.".into()),
            prompt: "{{ task }}:\n\t{{ content }} \u{202e}\n".into(),
            messages: vec![turn(Role::User, "hi\r\n"), turn(Role::Assistant, "")],
            cache_after: Some(CacheAfter::System),
            parameters: Parameters {
                max_tokens: None,
                temperature: Some(0.7),
                top_p: Some(1.0),
                stop: vec!["END\n".into(), "'".into()],
                service_tier: Some("flex".into()),
                latency: Some("optimized".into()),
                extra: serde_json::from_str(r#"{"top_k": 5, "a b": {"c": [1.5, true, "x"]}}"#).expect("an object"),
            },
            models: vec![1],
            checks: vec![
                Check { kind: "max_words".into(), value: 120.into(), ..Check::default() },
                Check {
                    kind: "similar_to".into(),
                    value: "this\none".into(),
                    threshold: Some(0.5),
                    ..Check::default()
                },
            ],
            included: true,
        }
    }

    #[test]
    fn a_variant_comes_back_as_it_was_under_a_name_of_its_own() {
        let mut config = config::parse("v.toml", FILE, Path::new("")).expect("it is good");
        let mut plan = config.plan(&Overrides::default()).expect("a plan");
        let mut whole = variant();
        whole.messages[1].text = "ho".into();
        plan.variants.push(whole.clone());
        let written = editable(&plan, 1).expect("it can be written");
        let came_back = config.put_beside("edited", written.into_bytes(), &plan).expect("it is good");
        whole.name += "-2";
        assert_eq!(came_back.variant, whole);
        assert!(came_back.toml.starts_with("[[variant]]\nname   = \"a \\\"quoted\\\" näme-2\""), "{}", came_back.toml);
        let whole_file = format!("{FILE}\n{}", came_back.toml);
        let again = config::parse("v.toml", &whole_file, Path::new("")).expect("what is kept can be pasted");
        assert_eq!(again.plan(&Overrides::default()).expect("a plan").variants[1], whole);
    }

    #[test]
    fn what_toml_cannot_say_is_an_error() {
        let mut of = variant();
        of.parameters.extra.insert("none".into(), Value::Null);
        let plan = Plan { variants: vec![of], ..Plan::default() };
        assert_eq!(editable(&plan, 0), Err("TOML has no null".into()));
    }

    #[test]
    fn the_head_names_what_templates_can_use() {
        let mut case = Case::default();
        case.variables.insert("tone".into(), 1.into());
        case.variables.insert("no word".into(), 1.into());
        let models = vec![ModelPlan::of(ModelId::parse("a.one"))];
        let plan = Plan { cases: vec![case], models, variants: vec![variant()], ..Plan::default() };
        let text = editable(&plan, 0).expect("it can be written");
        assert!(text.contains("{{ task }}, {{ content }}, {{ id }}, {{ tone }}.\n"), "{text}");
        assert!(text.lines().take_while(|line| !line.is_empty()).all(|line| line.starts_with('#')), "{text}");
    }
}
