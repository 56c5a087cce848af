// Crates: aws-config, aws-sdk-bedrockruntime, aws-smithy-types.

use aws_config::{BehaviorVersion, Region, defaults, retry::RetryConfig};
use aws_sdk_bedrockruntime::{Client, operation::converse::ConverseOutput, types::*};

// Nothing was measured: what rate and concurrency fit into the quota is not known.
// The SDK's retries are off: each takes quota again, unseen. Retry where you pace.
// variable0_ is the template's variable Upper.
// variable1_ is the template's variable class.
// client_ is the template's variable client.
// def_ is the template's variable def.
// fn_ is the template's variable fn.
// foreach_ is the template's variable foreach.
// label_ is the template's variable label.
// reduce_ is the template's variable reduce.
// self_ is the template's variable self.
// type_ is the template's variable type.
// variable12_ is the template's variable variable0_.
pub async fn client() -> Client {
    let config = defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .load()
        .await;
    Client::new(&config)
}

pub async fn ask(client: &Client, variable0_: &str, variable1_: &str, class_: &str, client_: &str, content: &str, def_: &str, fn_: &str, foreach_: &str, label_: &str, reduce_: &str, self_: &str, type_: &str, variable12_: &str) -> Result<ConverseOutput, Box<dyn std::error::Error>> {
    let reply = client
        .converse()
        .model_id("us.anthropic.claude-3-5-haiku-20241022-v1:0")
        .messages(
            Message::builder()
                .role(ConversationRole::User)
                .content(ContentBlock::Text([variable0_, variable1_, class_, client_, def_, fn_, foreach_, label_, reduce_, self_, type_, variable12_, content].concat()))
                .build()?,
        )
        .inference_config(
            InferenceConfiguration::builder()
                .max_tokens(64)
                .build(),
        )
        .send()
        .await?;
    Ok(reply)
}
