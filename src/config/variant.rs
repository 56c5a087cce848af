//! The `[[variant]]` tables: prompts, few-shot turns, their own parameters.

use std::collections::HashMap;
use std::ops::Range;

use super::finding::{Finding, quoted};
use super::parameters::Set;
use super::prompts::Templates;
use super::reader::{At, Notes, Section, any_text, text, whole, word};
use super::scalar::{self, Wrong};
use crate::bench::check::Check;
use crate::bench::plan::Variant;
use crate::bench::request::{CacheAfter, Role, Turn};

/// The longest name of a variant, in characters.
pub(super) const LONGEST_NAME: usize = 100;
const CACHE_POINTS: [&str; 2] = ["system", "messages"];
const ROLES: [&str; 2] = ["user", "assistant"];

/// A variant of the file and what only the file knows of it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The variant; its `models` are not resolved yet.
    pub(super) variant: Variant,
    /// The models that it is for, as the file names them; empty means all.
    pub(super) models: Vec<At<String>>,
    /// Where its templates stand.
    pub(super) templates: Templates,
}

/// Reads every variant, its checks by `checks`; those that lack a name or a prompt are left out, with a finding.
pub(super) fn read<'a>(
    sections: Vec<Section<'a>>,
    defaults: &Set,
    notes: &Notes,
    checks: &dyn Fn(Vec<Section<'a>>) -> Vec<Check>,
) -> Vec<Entry> {
    let mut names: HashMap<String, Range<usize>> = HashMap::new();
    let mut entries = Vec::new();
    for section in sections {
        let span = section.span();
        let Some((name, entry)) = one(section, defaults, notes, checks) else { continue };
        if let Some(earlier) = names.insert(entry.variant.name.clone(), name.clone()) {
            let finding = Finding::new(format!("two variants are called {}", quoted(&entry.variant.name)))
                .at(&notes.source, if name.is_empty() { span } else { name }, "again here")
                .at(&notes.source, earlier, "first here")
                .help("results are told apart by the name, so each variant needs its own");
            notes.add(finding);
            continue;
        }
        entries.push(entry);
    }
    entries
}

/// One variant and where its name stands.
fn one<'a>(
    mut section: Section<'a>,
    defaults: &Set,
    notes: &Notes,
    checks: &dyn Fn(Vec<Section<'a>>) -> Vec<Check>,
) -> Option<(Range<usize>, Entry)> {
    let span = section.span();
    let required = |section: &mut Section<'a>, key: &'static str| {
        let absent = section.raw(key).is_none();
        if absent {
            notes.at(span.clone(), format!("a variant needs a `{key}`"), "this one has none");
        }
        !absent
    };
    let has_name = required(&mut section, "name");
    let has_prompt = required(&mut section, "prompt");
    let name = section.get("name", name).filter(|_| has_name);
    let prompt = section.get("prompt", text).filter(|_| has_prompt);
    let system = section.get("system", any_text);
    let parameters = Set::of_variant(&mut section).over(defaults);
    let models = section.list("models", "model", false, scalar::model_id).unwrap_or_default();
    let cache_after = section.get("cache_after", word(&CACHE_POINTS));
    later(&mut section, notes);
    let (messages, places) = messages(section.sections("message", "[[variant.message]]"), notes);
    let checks = checks(section.sections("check", "[[variant.check]]"));
    if let Some(point) = &cache_after {
        let lacks = if point.value == "system" { system.is_none() } else { messages.is_empty() };
        if lacks {
            let what = format!("`cache_after = \"{}\"` needs a variant with {}", point.value, needed(point.value));
            notes.at(point.span.clone(), what, "nothing to cache before it");
        }
    }
    section.finish();
    let (name, prompt) = (name?, prompt?);
    let templates = Templates {
        system: system.as_ref().map(|system| system.span.clone()).unwrap_or_default(),
        prompt: prompt.span,
        messages: places,
    };
    let variant = Variant {
        name: name.value,
        system: system.map(|system| system.value).filter(|system| !system.trim().is_empty()),
        prompt: prompt.value,
        messages,
        cache_after: cache_after.map(|point| match point.value {
            "system" => CacheAfter::System,
            _ => CacheAfter::Messages,
        }),
        parameters,
        models: Vec::new(),
        checks,
        included: true,
    };
    Some((name.span, Entry { variant, models, templates }))
}

fn needed(point: &str) -> &'static str {
    if point == "system" { "a `system` prompt" } else { "[[variant.message]] turns" }
}

/// Keys of the schema that this version cannot act on: said, never silently ignored.
fn later(section: &mut Section<'_>, notes: &Notes) {
    let batch = section.get("batch", whole(&(1..=1_000_000)));
    let value = section.raw("value");
    let not_yet = |key: &str, span: Range<usize>, help: &str| {
        let what = format!("`{key}` comes with a later version");
        notes.add(Finding::new(what).at(&notes.source, span, "not understood yet").help(help));
    };
    if let Some(batch) = batch.filter(|batch| batch.value != 1) {
        not_yet("batch", batch.span, "this version sends one item a request, which is `batch = 1`");
    }
    if let Some(value) = value {
        not_yet("value", value.span, "leave it out: all accepted answers are worth the same");
    }
}

/// The few-shot turns and where their texts stand. They begin with the user's and end with the assistant's, in turns,
/// because the prompt that follows is the user's (source: Bedrock API reference, `Converse`: roles alternate).
fn messages(sections: Vec<Section<'_>>, notes: &Notes) -> (Vec<Turn>, Vec<Range<usize>>) {
    let (mut turns, mut places) = (Vec::new(), Vec::new());
    let mut expected = Role::User;
    let count = sections.len();
    for (index, mut section) in sections.into_iter().enumerate() {
        let span = section.span();
        for key in ["role", "text"] {
            if section.raw(key).is_none() {
                notes.at(span.clone(), format!("a message needs a `{key}`"), "this one has none");
            }
        }
        let role = section.get("role", word(&ROLES));
        let text = section.get("text", text);
        section.finish();
        if let Some(At { value, span }) = role {
            let role = if value == "user" { Role::User } else { Role::Assistant };
            if role != expected {
                notes.at(span, "messages take turns: user, assistant, user, …", "not this one's turn");
            } else if index + 1 == count && role == Role::User {
                notes.at(span, "the last message must be the assistant's: the user's prompt follows", "");
            }
            expected = if role == Role::User { Role::Assistant } else { Role::User };
            if let Some(text) = text {
                turns.push(Turn { role, text: text.value });
                places.push(text.span);
            }
        }
    }
    (turns, places)
}

fn name(value: &toml::de::DeValue<'_>) -> Result<String, Wrong> {
    let good = |name: &&str| {
        !name.is_empty()
            && name.trim() == *name
            && name.chars().count() <= LONGEST_NAME
            && !name.contains(char::is_control)
    };
    let name = value.as_str().filter(good).map(str::to_owned);
    name.ok_or_else(|| {
        Wrong::expected(format!("one line of 1 to {LONGEST_NAME} characters without white space around it"))
    })
}
