//! Strict prompt templates (minijinja), checked by config, rendered per case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, escape_formatter};

use crate::bench::plan::{Case, Plan, Variant};
use crate::bench::request::{CacheAfter, Parameters, Request, Role, Turn};

/// The work that one rendering may do: about a million steps or 64 MB of text, so that no template loops for ever.
const FUEL: u64 = 1_000_000;
/// Stands where an expression came out empty until [`tidy`] takes it away: a code point that no text has
/// (a Unicode noncharacter).
pub(super) const NOTHING: char = '\u{FDD0}';
/// How many missing variables of one template are looked for.
const MOST_MISSING: usize = 20;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Index of the variant.
    pub variant: usize,
    /// Which of its templates: `system`, `prompt` or `message`.
    pub part: &'static str,
    /// Which of its messages, from 0; 0 for the other parts.
    pub message_index: usize,
    /// Line within the template, from 1.
    pub line: Option<usize>,
    /// Bytes within the template.
    pub range: Option<Range<usize>>,
    /// The variable that nothing supplies, where that is the reason.
    pub missing: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of variant {}", self.part, self.variant)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for TemplateError {}

/// A template error and the cases on which it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub error: TemplateError,
    /// Indices into [`Plan::cases`]; empty where the template itself is wrong.
    pub cases: Vec<usize>,
}

/// The compiled templates of a plan's variants.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    task: Value,
    variants: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    system: Option<Text>,
    messages: Vec<(Role, Text)>,
    prompt: Text,
    parameters: Parameters,
    cache_after: Option<CacheAfter>,
}

/// One template: rendered, or known beforehand because nothing in it varies.
#[derive(Debug)]
enum Text {
    Fixed(String),
    Named { name: String, place: Place },
}

/// Which template of which variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    variant: usize,
    part: &'static str,
    index: usize,
}

impl Place {
    fn name(self) -> String {
        format!("{}.{}.{}", self.variant, self.part, self.index)
    }

    fn error(self, message: impl Into<String>) -> TemplateError {
        TemplateError {
            variant: self.variant,
            part: self.part,
            message_index: self.index,
            line: None,
            range: None,
            missing: None,
            message: message.into(),
        }
    }
}

/// The templates of one variant with their places.
fn places(variant: usize, of: &Variant) -> impl Iterator<Item = (Place, &str)> {
    let place = move |part, index| Place { variant, part, index };
    let system = of.system.as_deref().map(|source| (place("system", 0), source));
    let messages = of.messages.iter().enumerate().map(move |(at, turn)| (place("message", at), turn.text.as_str()));
    system.into_iter().chain(messages).chain([(place("prompt", 0), of.prompt.as_str())])
}

impl Templates {
    /// Compiles every template of a plan.
    pub fn new(plan: &Plan) -> Result<Self, TemplateError> {
        let mut environment = environment();
        let mut variants = Vec::with_capacity(plan.variants.len());
        for (index, variant) in plan.variants.iter().enumerate() {
            let mut texts = Vec::new();
            for (place, source) in places(index, variant) {
                texts.push(compile(&mut environment, place, source)?);
            }
            variants.push(assemble(variant, texts));
        }
        Ok(Self { environment, task: Value::from(plan.task.as_str()), variants })
    }

    /// The request of a variant for a case.
    pub fn render(&self, variant: usize, case: &Case) -> Result<Request, TemplateError> {
        let compiled = &self.variants[variant];
        let values = Value::from(supplied(&self.task, case));
        let text = |text: &Text| match text {
            Text::Fixed(text) => Ok(text.clone()),
            Text::Named { name, place } => render(&self.environment, name, &values)
                .map_err(|error| explained(*place, &error))
                .and_then(|text| not_empty(*place, text)),
        };
        let mut turns = Vec::with_capacity(compiled.messages.len() + 1);
        for (role, message) in &compiled.messages {
            turns.push(Turn { role: *role, text: text(message)? });
        }
        turns.push(Turn { role: Role::User, text: text(&compiled.prompt)? });
        Ok(Request {
            system: compiled.system.as_ref().map(text).transpose()?.filter(|system| !system.is_empty()),
            turns,
            parameters: compiled.parameters.clone(),
            cache_after: compiled.cache_after,
        })
    }
}

/// Everything that is wrong with a plan's templates: each is compiled, and rendered with each case.
///
/// A missing variable is reported once for each template, with the cases that lack it. A plan whose task is blank
/// supplies no `task`.
pub fn problems(plan: &Plan) -> Vec<Problem> {
    let mut environment = environment();
    let (mut problems, mut varying) = (Vec::new(), Vec::new());
    for (index, variant) in plan.variants.iter().enumerate() {
        for (place, source) in places(index, variant) {
            let fixed = match compile(&mut environment, place, source) {
                Ok(Text::Named { name, place }) => {
                    varying.push((name, place));
                    continue;
                }
                Ok(Text::Fixed(text)) => not_empty(place, text).map(drop),
                Err(error) => Err(error),
            };
            problems.extend(fixed.err().map(|error| Problem { error, cases: Vec::new() }));
        }
    }
    let task = Value::from(plan.task.as_str());
    for (at, case) in plan.cases.iter().enumerate() {
        let mut values = supplied(&task, case);
        if plan.task.trim().is_empty() {
            values.remove("task");
        }
        let given = Value::from(values.clone());
        for (name, place) in &varying {
            let rendered = render(&environment, name, &given);
            if !rendered.is_ok_and(|text| not_empty(*place, text).is_ok()) {
                on_case(&environment, name, *place, values.clone(), |error| note(&mut problems, error, at));
            }
        }
    }
    problems
}

/// The variables that a template may look up; empty for one that does not compile.
pub fn variables(source: &str) -> BTreeSet<String> {
    let environment = environment();
    let template = environment.template_from_str(source);
    template.map(|template| template.undeclared_variables(false).into_iter().collect()).unwrap_or_default()
}

/// Renders a template for a case on which it fails and tells what is wrong, every missing variable included.
fn on_case(
    environment: &Environment<'_>,
    name: &str,
    place: Place,
    mut values: BTreeMap<String, Value>,
    mut tell: impl FnMut(TemplateError),
) {
    for _ in 0..MOST_MISSING {
        let error = match render(environment, name, &Value::from(values.clone())) {
            Ok(text) => return not_empty(place, text).map_or_else(tell, drop),
            Err(error) => error,
        };
        let located = locate(environment, name, place, &values, &error);
        let missing = located.missing.clone();
        tell(located);
        // With a stand-in for this variable the next missing one shows.
        match missing {
            Some(missing) => values.insert(missing, Value::from("?")),
            None => return,
        };
    }
}

/// Adds an error on a case to those that were found before.
fn note(found: &mut Vec<Problem>, error: TemplateError, case: usize) {
    match found.iter_mut().find(|problem| problem.error == error) {
        Some(problem) => problem.cases.push(case),
        None => found.push(Problem { error, cases: vec![case] }),
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if text.trim().is_empty() => out.write_str(NOTHING.encode_utf8(&mut [0; 4])).map_err(Into::into),
        _ => escape_formatter(out, state, value),
    });
    environment
}

fn compile(environment: &mut Environment<'_>, place: Place, source: &str) -> Result<Text, TemplateError> {
    if !["{{", "{%", "{#"].iter().any(|open| source.contains(open)) {
        return Ok(Text::Fixed(source.trim_end().to_owned()));
    }
    let name = place.name();
    environment.add_template_owned(name.clone(), source.to_owned()).map_err(|error| explained(place, &error))?;
    Ok(Text::Named { name, place })
}

fn assemble(variant: &Variant, texts: Vec<Text>) -> Compiled {
    let mut texts = texts.into_iter();
    let mut next = || texts.next().unwrap_or_else(|| Text::Fixed(String::new()));
    Compiled {
        system: variant.system.is_some().then(&mut next),
        messages: variant.messages.iter().map(|turn| (turn.role, next())).collect(),
        prompt: next(),
        parameters: variant.parameters.clone(),
        cache_after: variant.cache_after,
    }
}

/// What a template may use: the task, the case's content, id and variables. The label is not among them.
fn supplied(task: &Value, case: &Case) -> BTreeMap<String, Value> {
    let variables = case.variables.iter().map(|(name, value)| (name.clone(), Value::from(Serde(value))));
    variables
        .chain([
            ("task".to_owned(), task.clone()),
            ("content".to_owned(), Value::from(case.content.as_str())),
            ("id".to_owned(), Value::from(case.id.as_str())),
        ])
        .collect()
}

fn render(environment: &Environment<'_>, name: &str, values: &Value) -> Result<String, minijinja::Error> {
    environment.get_template(name)?.render(values.clone()).map(tidy)
}

/// Takes away what stands for nothing: where it is alone on its line, the line and the blank lines before it; and
/// white space at the end of the text.
fn tidy(text: String) -> String {
    if !text.contains(NOTHING) {
        return cut(text);
    }
    let mut lines: Vec<String> = Vec::new();
    let mut began_with_nothing = false;
    for line in text.split('\n') {
        let left = line.replace(NOTHING, "");
        let blank = left.trim().is_empty();
        if blank && line.contains(NOTHING) {
            let kept = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
            lines.truncate(kept);
            began_with_nothing |= kept == 0;
        } else if !(blank && began_with_nothing && lines.is_empty()) {
            lines.push(if line.ends_with(NOTHING) { cut(left) } else { left });
        }
    }
    cut(lines.join("\n"))
}

fn cut(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text
}

/// A turn must say something: Bedrock refuses a blank text block. A system prompt may come out empty.
fn not_empty(place: Place, text: String) -> Result<String, TemplateError> {
    if text.trim().is_empty() && place.part != "system" { Err(place.error("comes out empty")) } else { Ok(text) }
}

/// The engine's error with its place and its own words, or ours where it has none.
fn explained(place: Place, error: &minijinja::Error) -> TemplateError {
    let message = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "takes too many steps to be a prompt".into(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    TemplateError { line: error.line(), range: error.range(), ..place.error(message) }
}

/// An error of a rendering, with the place in the template and the variable that is missing.
fn locate(
    environment: &Environment<'_>,
    name: &str,
    place: Place,
    values: &BTreeMap<String, Value>,
    error: &minijinja::Error,
) -> TemplateError {
    let plain = explained(place, error);
    let (Ok(template), Some(range)) = (environment.get_template(name), error.range()) else { return plain };
    if !matches!(error.kind(), ErrorKind::UndefinedError | ErrorKind::InvalidOperation) {
        return plain;
    }
    let source = template.source();
    let mut unknown = template.undeclared_variables(false);
    for (global, _) in environment.globals() {
        unknown.remove(global);
    }
    let missing = words_of_tag(source, &range)
        .find(|word| unknown.contains(&source[word.clone()]) && !values.contains_key(&source[word.clone()]));
    match missing {
        Some(word) => TemplateError {
            missing: Some(source[word.clone()].to_owned()),
            message: format!("nothing supplies `{}`", &source[word.clone()]),
            range: Some(word),
            ..plain
        },
        None if error.kind() == ErrorKind::UndefinedError => {
            TemplateError { message: format!("`{}` is not there", &source[range.clone()]), ..plain }
        }
        None => plain,
    }
}

/// The names in the tag (`{{ … }}`, `{% … %}`) around a range, up to the range's end.
fn words_of_tag<'s>(source: &'s str, range: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'s> {
    let (before, end) = (&source[..range.start], range.end);
    let start = [before.rfind("{{"), before.rfind("{%")].into_iter().flatten().max().unwrap_or(range.start);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = start;
    std::iter::from_fn(move || {
        let from = at + source[at..end].find(is_word)?;
        at = source[from..end].find(|c| !is_word(c)).map_or(end, |length| from + length);
        Some(from..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str, content: &str) -> String {
        let mut environment = environment();
        environment.add_template("t", template).expect("compiles");
        let case = Case { id: "1".into(), content: content.into(), ..Case::default() };
        render(&environment, "t", &Value::from(supplied(&Value::from("T {{ x }}"), &case))).expect("renders")
    }

    #[test]
    fn content_stands_where_the_template_puts_it() {
        assert_eq!(rendered("A\n\n{{ content }}", "C <&> {{ c }}\n"), "A\n\nC <&> {{ c }}");
        assert_eq!(rendered("{{ task }}: {{ content }}!", "C"), "T {{ x }}: C!");
    }

    #[test]
    fn empty_content_vanishes_with_the_blank_lines_before_it() {
        for nothing in ["", " \n"] {
            assert_eq!(rendered("A\n\n{{ content }}", nothing), "A");
            assert_eq!(rendered("A\n \n\n  {{ content | trim }} \n\nB\n", nothing), "A\n\nB");
            assert_eq!(rendered("{{ content }}\n\nB", nothing), "B");
            assert_eq!(rendered("A\n\nText: {{ content }}\nB", nothing), "A\n\nText:\nB");
            assert_eq!(rendered("A {{ content }} B\n\nC", nothing), "A  B\n\nC");
            assert_eq!(rendered("{% if content %}A{{ content }}{% else %}B{% endif %}", ""), "B");
        }
    }

    #[test]
    fn blank_lines_that_no_empty_expression_follows_stay() {
        assert_eq!(rendered("\nA\n\n\nB\n\n{{ content }}", ""), "\nA\n\n\nB");
    }
}
