//! The templates of all variants tried on all cases, and each error put where it stands in the file.

use std::ops::Range;
use std::sync::Arc;

use super::cases::{Cases, Place};
use super::finding::{Finding, Source, counted, nearest, quoted};
use super::literal;
use crate::bench::plan::Plan;
use crate::bench::template::{self, Problem, TemplateError};

/// Where the templates of a variant stand in the configuration: the literals' bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Templates {
    pub(super) system: Range<usize>,
    pub(super) prompt: Range<usize>,
    pub(super) messages: Vec<Range<usize>>,
}

impl Templates {
    fn literal(&self, error: &TemplateError) -> Range<usize> {
        match error.part {
            "system" => self.system.clone(),
            "message" => self.messages.get(error.message_index).cloned().unwrap_or_default(),
            _ => self.prompt.clone(),
        }
    }
}

/// Everything that is wrong with a plan's templates; `templates` has a place for each variant of the plan.
pub(super) fn check(plan: &Plan, cases: &Cases, source: &Arc<Source>, templates: &[Templates]) -> Vec<Finding> {
    let checker = Checker { plan, cases, source, templates };
    let problems = template::problems(plan);
    problems.iter().map(|problem| checker.finding(problem)).chain(checker.without_content()).collect()
}

struct Checker<'a> {
    plan: &'a Plan,
    cases: &'a Cases,
    source: &'a Arc<Source>,
    templates: &'a [Templates],
}

impl Checker<'_> {
    fn finding(&self, Problem { error, cases }: &Problem) -> Finding {
        let place = self.place(error);
        let whose = self.whose(error);
        let Some(missing) = &error.missing else {
            return self.wrong(error, cases, place, &whose);
        };
        let what = format!("nothing supplies `{missing}`");
        match cases.first() {
            Some(first) if cases.len() < self.plan.cases.len() => {
                let id = quoted(&self.plan.cases[*first].id);
                let finding = Finding::new(format!("case {id} has no `{missing}`, which the {whose} uses"));
                let finding = match self.cases.places.get(*first) {
                    Some(Place { source, span, .. }) => finding.at(source, span.clone(), "this case"),
                    None => finding,
                };
                finding
                    .at(self.source, place, "used here")
                    .maybe_help((cases.len() > 1).then(|| format!("{} have none", counted(cases.len(), "case"))))
            }
            _ => Finding::new(what).at(self.source, place, "").help(self.advice(missing)),
        }
    }

    /// An error that is no missing variable.
    fn wrong(&self, error: &TemplateError, cases: &[usize], place: Range<usize>, whose: &str) -> Finding {
        let finding = Finding::new(format!("the {whose} cannot be used: {}", error.message)).at(self.source, place, "");
        let in_file = cases.first().filter(|_| !self.cases.places.is_empty());
        finding.maybe_help(in_file.map(|first| {
            let id = quoted(&self.plan.cases[*first].id);
            format!("it shows with {}, the first of them {id}", counted(cases.len(), "case"))
        }))
    }

    /// Cases without `content` where a template uses it; one finding for all.
    fn without_content(&self) -> Option<Finding> {
        let lacking = || self.cases.places.iter().enumerate().filter(|(_, place)| !place.has_content);
        let (first, Place { source, span, .. }) = lacking().next()?;
        let uses = |template: &str| template::variables(template).contains("content");
        let using = self.plan.variants.iter().find(|variant| {
            uses(&variant.prompt)
                || variant.system.as_deref().is_some_and(uses)
                || variant.messages.iter().any(|turn| uses(&turn.text))
        })?;
        let id = quoted(&self.plan.cases[first].id);
        let what = format!("case {id} has no `content`, which variant {} uses", quoted(&using.name));
        let near = nearest("content", self.plan.cases[first].variables.keys().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `content` where it says {}?", quoted(near)),
            None => "give it one; \"\" where the task alone is meant".into(),
        };
        let count = lacking().count();
        let finding = Finding::new(what).at(source, span.clone(), "this case").help(help);
        Some(finding.maybe_help((count > 1).then(|| format!("{} have none", counted(count, "case")))))
    }

    fn advice(&self, missing: &str) -> String {
        match missing {
            "task" => return "add task = \"…\" at the top of the file".into(),
            "expect" => return "a case's label is not given to templates: it would tell the answer".into(),
            "checks" => return "a case's checks are not given to templates".into(),
            _ => {}
        }
        let own = self.plan.cases.first().into_iter().flat_map(|case| case.variables.keys().map(String::as_str));
        let known: Vec<&str> = ["task", "content", "id"].into_iter().chain(own).collect();
        match nearest(missing, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("templates can use {}, and what every case supplies", known.join(", ")),
        }
    }

    fn whose(&self, error: &TemplateError) -> String {
        let name = quoted(&self.plan.variants[error.variant].name);
        match error.part {
            "system" => format!("system prompt of variant {name}"),
            "message" => format!("message {} of variant {name}", error.message_index + 1),
            part => format!("{part} of variant {name}"),
        }
    }

    /// Where an error stands in the configuration.
    fn place(&self, error: &TemplateError) -> Range<usize> {
        let literal = self.templates.get(error.variant).map(|places| places.literal(error)).unwrap_or_default();
        let Some(text) = self.source.text.get(literal.clone()) else { return 0..0 };
        let inner = match &error.range {
            Some(range) => literal::locate(text, range.clone()),
            // The whole template is meant; its first line shows which one.
            None => 0..text.find('\n').unwrap_or(text.len()),
        };
        literal.start + inner.start..literal.start + inner.end
    }
}
