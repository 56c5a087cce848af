//! A request that somebody sends already, written as a commented configuration with one variant.

use serde_json::{Map, Value};

use super::variables::{self, Marked};
use crate::bench::clean::{Lines, clean};
use crate::bench::plan::Api;
use crate::bench::request::{CacheAfter, Parameters, Request, Role};

/// What a configuration is written from.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// What the request was read from, for the first comment.
    pub from: &'a str,
    /// The model.
    pub model: &'a str,
    /// The API.
    pub api: Api,
    /// The request: what the first case shall render to.
    pub request: &'a Request,
    /// What was left out, a sentence each.
    pub notes: &'a [String],
    /// What the cases file is called, should one be needed.
    pub cases: &'a str,
}

/// A configuration as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The configuration.
    pub toml: String,
    /// The cases file, where there is more than one variable.
    pub cases: Option<String>,
    /// What was taken for a variable, in a sentence.
    pub marked: String,
}

/// The longest excerpt of a value in a comment, in characters.
const MOST_SHOWN: usize = 60;
/// The longest line that a comment is wrapped to.
const WIDTH: usize = 110;

/// Writes a configuration. Fails, saying why, where TOML has no way to write a value of `extra`.
pub fn write(draft: &Draft<'_>) -> Result<Written, String> {
    let marked = variables::mark(draft.request);
    let told = told(&marked, draft.cases);
    let mut toml = Page(String::new());
    toml.comment(&format!("The request of {}, written by `quotient init`.", draft.from));
    toml.comment("`quotient check` sends nothing; `quotient` runs it on the embedded simulator; `quotient --endpoint aws` sends it.");
    if !draft.notes.is_empty() {
        toml.line("");
        toml.comment("Not as in the request:");
        for note in draft.notes {
            toml.comment(&format!("- {note}"));
        }
    }
    toml.line("");
    let cases = inputs(&mut toml, &marked, &told, draft.cases);
    toml.line("\n[bedrock]");
    toml.line("endpoint    = \"simulator\"        # \"simulator\", \"aws\", or a URL");
    toml.line(&format!("models      = [{}]", text(draft.model)));
    toml.line(&format!("api         = {}{}", text(draft.api.name()), streams(draft.api)));
    parameters(&mut toml, &draft.request.parameters)?;
    variant(&mut toml, draft.request, &marked);
    Ok(Written { toml: toml.0, cases, marked: told })
}

/// What was taken for a variable.
fn told(marked: &Marked, cases: &str) -> String {
    match (marked.input, marked.variables.as_slice()) {
        (Some(what), _) => format!("{what} in the prompt is taken for the input, {{{{ content }}}}"),
        (None, [only]) => {
            format!("the placeholder {} is {{{{ {} }}}}; give it a value", shown(&only.value), only.name)
        }
        (None, several) => {
            let names: Vec<String> =
                several.iter().map(|v| format!("{} is {{{{ {} }}}}", shown(&v.value), v.name)).collect();
            let place = if several.iter().any(|v| !["task", "content"].contains(&v.name.as_str())) {
                format!(" in {cases}")
            } else {
                String::new()
            };
            format!("the placeholders: {}; give them values{place}", names.join(", "))
        }
    }
}

/// `task`, `content` or `cases`, and the cases file where it is needed.
fn inputs(toml: &mut Page, marked: &Marked, told: &str, file: &str) -> Option<String> {
    toml.comment(&format!("What varies: {told}."));
    toml.comment(if marked.input.is_some() {
        "To mark another part, put {{ content }} in its place below and the part here, and what was marked back."
    } else {
        "Until then a variable's value is the placeholder itself, so the prompt is sent as it was. What is no \
         placeholder goes back into the prompt, and {{ content }} to the part that varies."
    });
    let (tasks, others): (Vec<_>, Vec<_>) = marked.variables.iter().partition(|variable| variable.name == "task");
    if let Some(task) = tasks.first() {
        toml.line(&format!("task    = {}", text(&task.value)));
    }
    match others.as_slice() {
        [] => None,
        [only] if only.name == "content" => {
            toml.line(&format!("content = {}", text(&only.value)));
            toml.comment(
                "Or many inputs, one JSON object a line: {\"id\": …, \"content\": …, \"expect\": …}, instead of content:",
            );
            toml.line(&format!("# cases = {}", text(file)));
            None
        }
        several => {
            toml.comment("One JSON object a line, each a case: more lines, more cases.");
            toml.line(&format!("cases   = {}", text(file)));
            let mut case = Map::new();
            case.insert("id".into(), "1".into());
            case.extend(several.iter().map(|variable| (variable.name.clone(), variable.value.clone().into())));
            Some(format!("{}\n", Value::Object(case)))
        }
    }
}

fn streams(api: Api) -> &'static str {
    match api {
        Api::Converse => "         # \"converse-stream\" measures the time to the first text too",
        Api::Invoke => "           # \"invoke-stream\" measures the time to the first text too",
        Api::ConverseStream | Api::InvokeStream => "",
    }
}

fn parameters(toml: &mut Page, set: &Parameters) -> Result<(), String> {
    match set.max_tokens {
        Some(most) => toml.line(&format!("max_tokens  = {most}")),
        None => {
            toml.line("max_tokens  = \"model\"            # the request sets none: the model's maximum is reserved");
        }
    }
    for (key, value) in [("temperature", set.temperature), ("top_p      ", set.top_p)] {
        if let Some(value) = value {
            toml.line(&format!("{key} = {value:?}"));
        }
    }
    if !set.stop.is_empty() {
        let list: Vec<String> = set.stop.iter().map(|stop| line(stop)).collect();
        toml.line(&format!("stop        = [{}]", list.join(", ")));
    }
    for (key, value) in [("service_tier", &set.service_tier), ("latency    ", &set.latency)] {
        if let Some(value) = value {
            toml.line(&format!("{key} = {}", text(value)));
        }
    }
    if !set.extra.is_empty() {
        let extra = value(&Value::Object(set.extra.clone()))?;
        toml.line(&format!("extra       = {extra}"));
    }
    Ok(())
}

/// A JSON value as TOML writes it on one line.
pub(super) fn value(json: &Value) -> Result<String, String> {
    Ok(match json {
        Value::Null => return Err("TOML has no null".into()),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) if !number.is_u64() => format!("{float:?}"),
            _ => return Err(format!("TOML has no whole number as large as {number}")),
        },
        Value::String(text) => line(text),
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(value).collect::<Result<_, _>>()?;
            format!("[{}]", list.join(", "))
        }
        Value::Object(map) => {
            let field = |(key, json): (&String, &Value)| Ok(format!("{} = {}", name(key), value(json)?));
            let fields: Vec<String> = map.iter().map(field).collect::<Result<_, String>>()?;
            if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
        }
    })
}

/// A key: bare where TOML takes it so.
fn name(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { line(key) }
}

fn variant(toml: &mut Page, request: &Request, marked: &Marked) {
    toml.line("\n[[variant]]");
    toml.line("name   = \"original\"");
    if let Some(system) = &marked.system {
        toml.line(&format!("system = {}", text(system)));
    }
    if let Some(point) = request.cache_after {
        let point = match point {
            CacheAfter::System => "system",
            CacheAfter::Messages => "messages",
        };
        toml.line(&format!("cache_after = \"{point}\""));
    }
    if let Some((prompt, before)) = marked.turns.split_last() {
        toml.line(&format!("prompt = {}", text(prompt)));
        for (turn, template) in request.turns.iter().zip(before) {
            let role = if turn.role == Role::User { "user" } else { "assistant" };
            toml.line(&format!("\n[[variant.message]]\nrole = \"{role}\"\ntext = {}", text(template)));
        }
    }
    let uses: Vec<String> = marked.variables.iter().map(|variable| format!("{{{{ {} }}}}", variable.name)).collect();
    toml.line("");
    toml.comment("What to compare it with: another wording that uses the same variables.");
    toml.line(&format!(
        "# [[variant]]\n# name   = \"shorter\"\n# prompt = \"\"\"\n# Be brief.\n#\n# {}\"\"\"",
        uses.join("\n# ")
    ));
}

/// A text as a TOML string: of several lines where it has them, so that it can be read and edited.
pub(super) fn text(text: &str) -> String {
    if text.contains('\n') { format!("\"\"\"\n{}\"\"\"", escaped(text, true)) } else { line(text) }
}

/// A text as a TOML string on one line.
pub(super) fn line(text: &str) -> String {
    format!("\"{}\"", escaped(text, false))
}

/// The inside of a basic string (source: TOML 1.0, `basic-string`, `ml-basic-string`). Whatever a terminal or an
/// editor would act on is escaped too, and white space that editors take from the ends of lines.
pub(super) fn escaped(text: &str, many: bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut quotes = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let ends = many && matches!(rest.peek(), Some('\n'));
        quotes = if c == '"' { quotes + 1 } else { 0 };
        match c {
            '\\' => out.push_str("\\\\"),
            // Three in a row, or one before the end, would close the string.
            '"' if many && quotes % 3 != 0 && rest.peek().is_some() => out.push('"'),
            '"' => out.push_str("\\\""),
            '\n' if many => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\t' if many && !ends => out.push('\t'),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            ' ' if ends => out.push_str("\\u0020"),
            c if c.is_control() || acts(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Marks of direction, separators of lines, and the byte order mark.
fn acts(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The beginning of a value on one line.
fn shown(value: &str) -> String {
    let short: String = value.chars().take(MOST_SHOWN).collect();
    clean(&short, Lines::Join).into_owned()
}

/// The text that is being written.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A comment, wrapped between words.
    fn comment(&mut self, comment: &str) {
        let mut line = String::from("#");
        for word in clean(comment, Lines::Join).split(' ') {
            if line.len() > 1 && line.chars().count() + word.chars().count() >= WIDTH {
                self.line(&line);
                line = String::from("#  ");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&line);
    }
}
