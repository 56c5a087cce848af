//! Snippets: a request as code to paste, for boto3, the Rust SDK and the AWS CLI; its variables stay variables.
#![expect(clippy::format_collect, reason = "a snippet is a few lines, written once")]

mod rust;

use serde_json::Value;

use crate::bench::figures::Figures;
use crate::cli::arguments::PromptForm;

/// Encloses a variable's number in a rendered text: a code point that no text has (a Unicode noncharacter).
const MARK: char = '\u{FDD1}';

/// Names that a variable cannot keep: words of Python, Rust and jq, and names that the snippets use themselves.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
    "return", "try", "while", "with", "yield",
    "abstract", "become", "box", "const", "crate", "do", "dyn", "enum", "extern", "false", "final", "fn", "gen", "impl",
    "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "self", "static", "struct",
    "super", "trait", "true", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where",
    "catch", "end", "foreach", "include", "label", "module", "reduce", "then",
    "ask", "boto3", "client",
];

/// What a snippet is made of.
#[derive(Debug)]
pub struct Snippet<'a> {
    /// The model's id or ARN.
    pub model: &'a str,
    /// The AWS region.
    pub region: &'a str,
    /// The Converse body; a variable stands in its texts as [`mark`].
    pub body: &'a Value,
    /// The template's names of the variables, by number.
    pub variables: &'a [String],
    /// Lines of comment: what was measured.
    pub notes: Vec<String>,
}

/// A part of a text.
enum Piece<'a> {
    Text(&'a str),
    Variable(usize),
}

type Render = fn(&Snippet<'_>) -> String;

/// Each form that is code, and how it is written.
const SNIPPETS: [(PromptForm, Render); 4] = [
    (PromptForm::Boto3, boto3),
    (PromptForm::Rust, rust::rust),
    (PromptForm::AwsCli, aws_cli),
    (PromptForm::Template, template),
];

/// How a form is written, where it is code.
pub fn of(form: PromptForm) -> Option<Render> {
    SNIPPETS.iter().find(|row| row.0 == form).map(|row| row.1)
}

/// What stands for the variable of a number in a text.
pub fn mark(number: usize) -> String {
    format!("{MARK}{number}{MARK}")
}

/// What a run says about the pace of this request: the rate in the share of the quota, and by Little's law the
/// concurrency that keeps it. Without figures it says that nothing is known.
pub fn notes(figures: Option<&Figures<'_>>, simulated: bool) -> Vec<String> {
    let fits = figures.and_then(|figures| {
        let (capacity, demand) = (figures.capacity_in_share()?, figures.means()?.demand());
        let concurrency = (capacity.rpm * demand.latency / 60.0).ceil().max(1.0);
        Some(format!(
            "Fits into {:.0} % of the quota: {:.1} requests a minute, at a concurrency of {concurrency:.0} (rate x latency / 60).",
            figures.plan.share * 100.0,
            capacity.rpm
        ))
    });
    let unknown = match figures {
        Some(_) => "What rate and concurrency fit into the quota is not known from this run.",
        None => "Nothing was measured: what rate and concurrency fit into the quota is not known.",
    };
    let mut notes = vec![fits.unwrap_or_else(|| unknown.into())];
    if simulated {
        notes.push("SIMULATED: measured against a simulator, it says nothing about AWS.".into());
    }
    notes
}

impl Snippet<'_> {
    /// The variables' names in the snippet: their own where every language takes them.
    fn names(&self) -> Vec<String> {
        let plain = |name: &str| {
            let mut characters = name.chars();
            characters.next().is_some_and(|c| c.is_ascii_lowercase())
                && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let name = |(at, name): (usize, &String)| {
            let behind = format!("{name}_");
            match (plain(name) && !name.starts_with("variable"), TAKEN.contains(&name.as_str())) {
                (true, false) => name.clone(),
                (true, true) if !self.variables.contains(&behind) => behind,
                _ => format!("variable{at}_"),
            }
        };
        self.variables.iter().enumerate().map(name).collect()
    }

    fn comments(&self, sign: &str, more: &str) -> String {
        let names = self.names();
        let renamed = self.variables.iter().zip(&names).filter(|(own, name)| own != name);
        let renamed = renamed.map(|(own, name)| format!("{name} is the template's variable {own}."));
        let lines = self.notes.iter().cloned().chain(more.lines().map(str::to_owned)).chain(renamed);
        lines.map(|line| format!("{sign} {line}\n")).collect()
    }

    fn pieces<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        let marks: Vec<String> = (0..self.variables.len()).map(mark).collect();
        let next = |rest: &str| {
            let found = marks.iter().enumerate().filter_map(|(number, mark)| Some((rest.find(mark.as_str())?, number)));
            found.min()
        };
        while let Some((at, number)) = next(rest) {
            if at > 0 {
                pieces.push(Piece::Text(&rest[..at]));
            }
            pieces.push(Piece::Variable(number));
            rest = &rest[at + marks[number].len()..];
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        pieces
    }

    /// A text as an expression: literals and variables, joined by `+`.
    fn sum(&self, text: &str, literal: fn(&str) -> String, variable: impl Fn(usize) -> String) -> String {
        let parts: Vec<String> = self
            .pieces(text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => literal(text),
                Piece::Variable(number) => variable(number),
            })
            .collect();
        if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(" + ")) }
    }
}

/// A value over several lines, its leaves written by `leaf`.
fn nested(value: &Value, depth: usize, leaf: &dyn Fn(&Value) -> String) -> String {
    let pad = "    ".repeat(depth + 1);
    let end = "    ".repeat(depth);
    let key = |key: &str| leaf(&Value::String(key.to_owned()));
    match value {
        Value::Array(list) if !list.is_empty() => {
            let items: Vec<String> = list.iter().map(|item| pad.clone() + &nested(item, depth + 1, leaf)).collect();
            format!("[\n{}\n{end}]", items.join(",\n"))
        }
        Value::Object(map) if !map.is_empty() => {
            let item =
                |(name, item): (&String, &Value)| format!("{pad}{}: {}", key(name), nested(item, depth + 1, leaf));
            format!("{{\n{}\n{end}}}", map.iter().map(item).collect::<Vec<_>>().join(",\n"))
        }
        other => leaf(other),
    }
}

const RETRIES: &str = "The SDK's retries are off: each takes quota again, unseen. Retry where you pace.";

fn boto3(snippet: &Snippet<'_>) -> String {
    let names = snippet.names();
    let leaf = |value: &Value| match value {
        Value::String(text) => snippet.sum(text, python_text, |number| names[number].clone()),
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => other.to_string(),
    };
    let fields = snippet.body.as_object().into_iter().flatten();
    let fields: String = fields.map(|(key, value)| format!("        {key}={},\n", nested(value, 2, &leaf))).collect();
    format!(
        "import boto3\nfrom botocore.config import Config\n\n{}client = boto3.client(\n    \"bedrock-runtime\",\n    \
         region_name={},\n    config=Config(retries={{\"total_max_attempts\": 1, \"mode\": \"standard\"}}),\n)\n\n\n\
         def ask({}):\n    return client.converse(\n        modelId={},\n{fields}    )\n",
        snippet.comments("#", RETRIES),
        python_text(snippet.region),
        names.join(", "),
        python_text(snippet.model),
    )
}

/// A text in double quotes. Letters and digits of every script stand as they are; what is invisible, turns the
/// direction of text or acts on a terminal is written by its number.
fn quoted(text: &str, number: fn(char) -> String) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\\' => quoted += "\\\\",
            '"' => quoted += "\\\"",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            ' '..='~' => quoted.push(character),
            _ if character.is_alphanumeric() => quoted.push(character),
            _ => quoted += &number(character),
        }
    }
    quoted + "\""
}

/// A Python string literal.
pub fn python_text(text: &str) -> String {
    quoted(text, |character| format!("\\U{:08x}", u32::from(character)))
}

fn aws_cli(snippet: &Snippet<'_>) -> String {
    let head = snippet.comments("#", "One attempt: each of the CLI's retries takes quota again, unseen.");
    let (model, region) = (shell_text(snippet.model), shell_text(snippet.region));
    let names = snippet.names();
    let call = format!(
        "AWS_MAX_ATTEMPTS=1 aws bedrock-runtime converse --region {region} --model-id {model} --cli-input-json"
    );
    let leaf = |value: &Value| match value {
        Value::String(text) => snippet.sum(text, json_text, |number| format!("${}", names[number])),
        other => other.to_string(),
    };
    let body = shell_text(&nested(snippet.body, 0, &leaf));
    if names.is_empty() {
        return format!("{head}{call} {body}\n");
    }
    let usage: Vec<String> = names.iter().map(|name| format!("\"${name}\"")).collect();
    let given: String =
        names.iter().enumerate().map(|(at, name)| format!(" --arg {name} \"${{{}}}\"", at + 1)).collect();
    format!(
        "{head}# jq writes the variables into the request. Usage: ask {}\nask() {{\n{call} \"$(jq -n{given} {body})\"\n}}\n",
        usage.join(" ")
    )
}

/// A JSON string; also a jq literal, since a backslash of the text is always doubled.
fn json_text(text: &str) -> String {
    quoted(text, |character| character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect())
}

/// A word of the shell in single quotes.
pub fn shell_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The Converse body as a Jinja template that yields JSON whatever the variables hold: each is escaped as JSON has it,
/// and `{` of a text that would open a tag stands by its number.
fn template(snippet: &Snippet<'_>) -> String {
    let text = |text: &str| {
        let inside = |piece| match piece {
            Piece::Text(text) => {
                let quoted = json_text(text);
                untagged(&quoted[1..quoted.len() - 1])
            }
            Piece::Variable(number) => format!("{{{{ ({} | tojson)[1:-1] | safe }}}}", snippet.variables[number]),
        };
        format!("\"{}\"", snippet.pieces(text).into_iter().map(inside).collect::<String>())
    };
    let leaf = |value: &Value| match value {
        Value::String(said) => text(said),
        other => other.to_string(),
    };
    let opening = format!(
        "The body of Converse for {} in {}. Turn the SDK's retries off: each takes quota again, unseen.",
        snippet.model, snippet.region
    );
    let notes = std::iter::once(&opening).chain(&snippet.notes).map(|note| format!("{{# {note} #}}\n"));
    format!("{}{}\n", notes.collect::<String>(), nested(snippet.body, 0, &leaf))
}

/// A text without `{{`, `{%` and `{#`, and without `{` at its end, where a variable may follow.
fn untagged(text: &str) -> String {
    let mut untagged = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('{', None | Some('{' | '%' | '#')) => untagged += "\\u007b",
            _ => untagged.push(character),
        }
    }
    untagged
}
