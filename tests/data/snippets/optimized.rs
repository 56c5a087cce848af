// Crates: aws-config, aws-sdk-bedrockruntime, aws-smithy-types.

use aws_config::{BehaviorVersion, Region, defaults, retry::RetryConfig};
use aws_sdk_bedrockruntime::{Client, operation::converse::ConverseOutput, types::*};

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

pub async fn ask(client: &Client, content: &str) -> Result<ConverseOutput, Box<dyn std::error::Error>> {
    let reply = client
        .converse()
        .model_id("us.anthropic.claude-3-5-haiku-20241022-v1:0")
        .system(SystemContentBlock::Text("Be brief.".to_owned()))
        .messages(
            Message::builder()
                .role(ConversationRole::User)
                .content(ContentBlock::Text(["Summarize {x} {{ y }} {% z %} {# w #} in \"one\" 'sentence' for $HOME, `id`, \\n and 漢字\n\n", content].concat()))
                .build()?,
        )
        .inference_config(
            InferenceConfiguration::builder()
                .max_tokens(64)
                .build(),
        )
        .performance_config(
            PerformanceConfiguration::builder().latency(PerformanceConfigLatency::from("optimized")).build(),
        )
        .send()
        .await?;
    Ok(reply)
}
