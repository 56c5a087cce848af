//! Rust: a request as code for the AWS SDK.

use serde_json::Value;

use super::{Piece, RETRIES, Snippet, quoted};

/// What the snippet may import: text, kept apart from the imports of this house.
const IMPORTS: &str = include_str!("imports.txt");

/// The Rust string literal of a text.
fn rust_text(text: &str) -> String {
    quoted(text, |character| format!("\\u{{{:x}}}", u32::from(character)))
}

/// The client and a function that asks.
pub(super) fn rust(snippet: &Snippet<'_>) -> String {
    let names = snippet.names();
    let parameters: String = names.iter().map(|name| format!(", {name}: &str")).collect();
    let text = |text: &str| {
        let part = |piece| match piece {
            Piece::Text(text) => rust_text(text),
            Piece::Variable(number) => names[number].clone(),
        };
        let parts: Vec<String> = snippet.pieces(text).into_iter().map(part).collect();
        if parts.len() == 1 { format!("{}.to_owned()", parts[0]) } else { format!("[{}].concat()", parts.join(", ")) }
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
    let code = format!(
        "{}pub async fn client() -> Client {{\n    let config = defaults(BehaviorVersion::latest())\n        \
         .region(Region::new({}))\n        .retry_config(RetryConfig::disabled())\n        .load()\n        .await;\n    \
         Client::new(&config)\n}}\n\n\
         pub async fn ask(client: &Client{parameters}) -> Result<ConverseOutput, Box<dyn std::error::Error>> {{\n    \
         let reply = client\n        .converse()\n        .model_id({})\n{calls}        .send()\n        .await?;\n    \
         Ok(reply)\n}}\n",
        snippet.comments("//", RETRIES),
        rust_text(snippet.region),
        rust_text(snippet.model),
    );
    format!("{}\n{code}", imports(&code))
}

/// The imports that some code needs: of those that bring one name, the ones whose name it has before `::`.
fn imports(code: &str) -> String {
    let needed = |line: &&str| {
        let name =
            line.strip_prefix("use ").and_then(|path| path.strip_suffix(';')).and_then(|path| path.rsplit("::").next());
        name.is_none_or(|name| name.ends_with('}') || code.contains(&format!("{name}::")))
    };
    IMPORTS.lines().filter(needed).map(|line| format!("{line}\n")).collect()
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
