//! Snippets: a request as code to paste, for boto3, the Rust SDK and the AWS CLI; its variables stay variables.
#![expect(clippy::format_collect, reason = "a snippet is a few lines, written once")]

use serde_json::Value;

use crate::bench::figures::Figures;
use crate::cli::arguments::PromptForm;

/// Encloses a variable's number in a rendered text: a code point that no text has (a Unicode noncharacter).
const MARK: char = '\u{FDD1}';

/// Names that a variable cannot keep: words of the languages, and names that the snippets use themselves.
const TAKEN: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "const", "crate", "dyn", "enum", "extern",
    "fn", "impl", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "self", "Self", "static", "struct",
    "super", "trait", "true", "false", "type", "unsafe", "use", "where", "box", "gen", "client", "boto3", "Config",
    "ask", "IFS", "PATH", "HOME", "_",
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
    (PromptForm::Rust, rust),
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
/// concurrency that keeps it. Empty where nothing was measured.
pub fn notes(figures: &Figures<'_>, simulated: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(capacity), Some(demand)) = (figures.capacity_in_share(), figures.demand()) {
        let concurrency = (capacity.rpm * demand.latency / 60.0).ceil().max(1.0);
        notes.push(format!(
            "Fits into {:.0} % of the quota: {:.1} requests a minute, at a concurrency of {concurrency:.0} (rate x latency / 60).",
            figures.plan.share * 100.0,
            capacity.rpm
        ));
    }
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
                && !TAKEN.contains(&name)
        };
        let name = |(at, name): (usize, &String)| if plain(name) { name.clone() } else { format!("variable{at}_") };
        self.variables.iter().enumerate().map(name).collect()
    }

    fn comments(&self, sign: &str, retries: &str) -> String {
        let lines = self.notes.iter().map(String::as_str).chain(retries.lines());
        lines.map(|line| format!("{sign} {line}\n")).collect()
    }

    fn pieces<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        for (at, part) in text.split(MARK).enumerate() {
            match part.parse::<usize>() {
                Ok(number) if at % 2 == 1 && number < self.variables.len() => pieces.push(Piece::Variable(number)),
                _ if part.is_empty() => {}
                _ => pieces.push(Piece::Text(part)),
            }
        }
        if pieces.is_empty() {
            pieces.push(Piece::Text(""));
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

/// What the Rust snippet imports: text, kept apart from the imports of this house.
const RUST_IMPORTS: &str = include_str!("snippet_imports.txt");

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

/// A Python string literal; letters and digits of every script stand as they are.
pub fn python_text(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '\\' => "\\\\".into(),
        '"' => "\\\"".into(),
        '\n' => "\\n".into(),
        ' '..='~' => character.to_string(),
        _ if character.is_alphanumeric() => character.to_string(),
        _ => format!("\\U{:08x}", u32::from(character)),
    });
    format!("\"{}\"", escaped.collect::<String>())
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
    Value::from(text).to_string()
}

/// A word of the shell in single quotes.
pub fn shell_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The Converse body with `{{ name }}` where a variable stands.
fn template(snippet: &Snippet<'_>) -> String {
    let mut text = serde_json::to_string_pretty(snippet.body).unwrap_or_else(|_| snippet.body.to_string());
    for (number, name) in snippet.variables.iter().enumerate() {
        text = text.replace(&mark(number), &format!("{{{{ {name} }}}}"));
    }
    text
}

/// The Rust string literal of a text.
fn rust_text(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

fn rust(snippet: &Snippet<'_>) -> String {
    let names = snippet.names();
    let parameters: String = names.iter().map(|name| format!(", {name}: &str")).collect();
    let text = |text: &str| {
        let part = |piece| match piece {
            Piece::Text(text) => rust_text(text),
            Piece::Variable(number) => names[number].clone(),
        };
        format!("[{}].concat()", snippet.pieces(text).into_iter().map(part).collect::<Vec<_>>().join(", "))
    };
    rust_call(snippet, &parameters, &text)
}

fn rust_call(snippet: &Snippet<'_>, parameters: &str, text: &dyn Fn(&str) -> String) -> String {
    let body = snippet.body;
    let block = |kind: &str, block: &Value| match block["text"].as_str() {
        Some(said) => format!("{kind}::Text({})", text(said)),
        None => format!("{kind}::CachePoint(CachePointBlock::builder().r#type(CachePointType::Default).build()?)"),
    };
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut calls = String::new();
    for system in items(&body["system"]) {
        calls += &format!("        .system({})\n", block("SystemContentBlock", &system));
    }
    for message in items(&body["messages"]) {
        let role = if message["role"] == "assistant" { "Assistant" } else { "User" };
        calls += &format!(
            "        .messages(\n            Message::builder()\n                .role(ConversationRole::{role})\n"
        );
        for content in items(&message["content"]) {
            calls += &format!("                .content({})\n", block("ContentBlock", &content));
        }
        calls += "                .build()?,\n        )\n";
    }
    if let Some(config) = body["inferenceConfig"].as_object() {
        calls += "        .inference_config(\n            InferenceConfiguration::builder()\n";
        for (key, value) in config {
            calls += &match key.as_str() {
                "maxTokens" => format!("                .max_tokens({value})\n"),
                "temperature" => format!("                .temperature({value}_f32)\n"),
                "topP" => format!("                .top_p({value}_f32)\n"),
                _ => items(value)
                    .iter()
                    .map(|stop| {
                        format!("                .stop_sequences({})\n", rust_text(stop.as_str().unwrap_or("")))
                    })
                    .collect(),
            };
        }
        calls += "                .build(),\n        )\n";
    }
    if let Some(extra) = body.get("additionalModelRequestFields") {
        calls += &format!("        .additional_model_request_fields({})\n", rust_document(extra));
    }
    if let Some(tier) = body["serviceTier"]["type"].as_str() {
        let tier = rust_text(tier);
        calls +=
            &format!("        .service_tier(ServiceTier::builder().r#type(ServiceTierType::from({tier})).build()?)\n");
    }
    if let Some(latency) = body["performanceConfig"]["latency"].as_str() {
        let latency = rust_text(latency);
        calls += &format!(
            "        .performance_config(\n            PerformanceConfiguration::builder().latency(PerformanceConfigLatency::from({latency})).build(),\n        )\n"
        );
    }
    format!(
        "{RUST_IMPORTS}\n{}async fn client() -> Client {{\n    \
         let config = defaults(BehaviorVersion::latest())\n        .region(Region::new({}))\n        \
         .retry_config(RetryConfig::disabled())\n        .load()\n        .await;\n    Client::new(&config)\n}}\n\n\
         async fn ask(client: &Client{parameters}) -> Result<ConverseOutput, Box<dyn std::error::Error>> {{\n    \
         let reply = client\n        .converse()\n        .model_id({})\n{calls}        .send()\n        .await?;\n    Ok(reply)\n}}\n",
        snippet.comments("//", RETRIES),
        rust_text(snippet.region),
        rust_text(snippet.model),
    )
}

/// A JSON value as the SDK's document.
fn rust_document(value: &Value) -> String {
    match value {
        Value::Null => "Document::Null".into(),
        Value::Bool(value) => format!("Document::Bool({value})"),
        Value::Number(number) if number.is_u64() => format!("Document::Number(Number::PosInt({number}))"),
        Value::Number(number) if number.is_i64() => format!("Document::Number(Number::NegInt({number}))"),
        Value::Number(number) => format!("Document::Number(Number::Float({number}_f64))"),
        Value::String(text) => format!("Document::String({}.to_owned())", rust_text(text)),
        Value::Array(list) => {
            format!("Document::Array(vec![{}])", list.iter().map(rust_document).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let item =
                |(key, value): (&String, &Value)| format!("({}.to_owned(), {})", rust_text(key), rust_document(value));
            format!("Document::Object(HashMap::from([{}]))", map.iter().map(item).collect::<Vec<_>>().join(", "))
        }
    }
}
