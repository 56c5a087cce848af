// Crates: aws-config, aws-sdk-bedrockruntime, aws-smithy-types.
use std::collections::HashMap;

use aws_config::{BehaviorVersion, Region, defaults, retry::RetryConfig};
use aws_sdk_bedrockruntime::{Client, operation::converse::ConverseOutput, types::*};
use aws_smithy_types::Document;
use aws_smithy_types::Number;

// Nothing was measured: what rate and concurrency fit into the quota is not known.
// The SDK's retries are off: each takes quota again, unseen. Retry where you pace.
pub async fn client() -> Client {
    let config = defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .load()
        .await;
    Client::new(&config)
}

pub async fn ask(client: &Client, content: &str, lang: &str) -> Result<ConverseOutput, Box<dyn std::error::Error>> {
    let reply = client
        .converse()
        .model_id("us.anthropic.claude-3-5-haiku-20241022-v1:0")
        .system(SystemContentBlock::Text(["You answer in ", lang, ". \"\"\"Never\"\"\" say \\\"no\\\" {{\n\tBraces: { } {", lang, "}} é 漢 \u{1f600}"].concat()))
        .system(SystemContentBlock::CachePoint(CachePointBlock::builder().r#type(CachePointType::Default).build()?))
        .messages(
            Message::builder()
                .role(ConversationRole::User)
                .content(ContentBlock::Text(["Before: ", lang, content].concat()))
                .build()?,
        )
        .messages(
            Message::builder()
                .role(ConversationRole::Assistant)
                .content(ContentBlock::Text("It's \\ done.".to_owned()))
                .build()?,
        )
        .messages(
            Message::builder()
                .role(ConversationRole::User)
                .content(ContentBlock::Text(["Task: Summarize {x} {{ y }} {% z %} {# w #} in \"one\" 'sentence' for $HOME, `id`, \\n and 漢字\nIt's \"", content, "\" \\u0041 $(id) ${HOME} %s {0} {% raw {# {"].concat()))
                .build()?,
        )
        .inference_config(
            InferenceConfiguration::builder()
                .max_tokens(64)
                .temperature(0.5_f32)
                .top_p(0.25_f32)
                .stop_sequences("END \"'\\")
                .stop_sequences("{{ stop }}")
                .stop_sequences("停")
                .build(),
        )
        .additional_model_request_fields(Document::Object(HashMap::from([("metadata".to_owned(), Document::Object(HashMap::from([("empty".to_owned(), Document::Object(HashMap::from([]))), ("ke\"y {{ k }}".to_owned(), Document::Array(vec![Document::String("a'b".to_owned()), Document::String("{{ v }}".to_owned()), Document::Number(Number::PosInt(18446744073))])), ("minus".to_owned(), Document::Number(Number::NegInt(-3))), ("no".to_owned(), Document::Array(vec![])), ("share".to_owned(), Document::Number(Number::Float(1.5_f64))), ("yes".to_owned(), Document::Bool(true))]))), ("top_k".to_owned(), Document::Number(Number::PosInt(50)))])))
        .service_tier(ServiceTier::builder().r#type(ServiceTierType::from("flex")).build()?)
        .send()
        .await?;
    Ok(reply)
}
