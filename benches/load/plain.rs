//! The yardstick's role: a plain loop over the same SDK, with nothing around it but a stopwatch.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput, InferenceConfiguration, Message,
    SystemContentBlock,
};
use aws_sdk_bedrockruntime::{Client, Config};
use aws_smithy_http_client::pool::{Client as PoolClient, ConnectionPool};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::task::JoinSet;

use crate::Failed;
use crate::work::{Book, CONTENT, Found, MAX_TOKENS, MODEL, SYSTEM, TASK, Work};

/// So many workers, each of which sends, reads to the end and sends again.
pub(crate) async fn run(work: &Work) -> Result<Found, Failed> {
    let client = client(&work.url)?;
    let shared = Arc::new(Shared {
        client,
        calls: work.calls,
        next: AtomicU32::new(0),
        out: AtomicUsize::new(0),
        book: Mutex::new(Book::open(work)),
    });
    let mut workers = JoinSet::new();
    for _ in 0..work.at_once {
        workers.spawn(worker(Arc::clone(&shared)));
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    let shared = Arc::into_inner(shared).ok_or("a worker is left")?;
    Ok(shared.book.into_inner()?.close())
}

struct Shared {
    client: Client,
    calls: u32,
    next: AtomicU32,
    out: AtomicUsize,
    book: Mutex<Book>,
}

async fn worker(shared: Arc<Shared>) -> Result<(), Failed> {
    loop {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= shared.calls {
            return Ok(());
        }
        let out = shared.out.fetch_add(1, Ordering::Relaxed) + 1;
        let (ttft, stamp) = call(&shared.client).await?;
        shared.out.fetch_sub(1, Ordering::Relaxed);
        let mut book = shared.book.lock().map_err(|_| "a worker panicked")?;
        book.out(out);
        book.read(number.into(), ttft, stamp);
    }
}

async fn call(client: &Client) -> Result<(Option<Duration>, Option<Duration>), Failed> {
    let prompt = ContentBlock::Text(format!("{TASK}\n\n{CONTENT}"));
    let message = Message::builder().role(ConversationRole::User).content(prompt).build()?;
    let sent = Instant::now();
    let sending = client
        .converse_stream()
        .model_id(MODEL)
        .system(SystemContentBlock::Text(SYSTEM.into()))
        .messages(message)
        .inference_config(InferenceConfiguration::builder().max_tokens(MAX_TOKENS.into()).build());
    let mut output = sending.send().await?;
    let (mut ttft, mut stamp, mut text) = (None, None, String::new());
    while let Some(event) = output.stream.recv().await? {
        match event {
            ConverseStreamOutput::ContentBlockDelta(event) => {
                if let Some(ContentBlockDelta::Text(chunk)) = event.delta {
                    ttft.get_or_insert_with(|| sent.elapsed());
                    text.push_str(&chunk);
                }
            }
            ConverseStreamOutput::Metadata(event) => stamp = event.metrics.map(|metrics| metrics.latency_ms),
            _ => {}
        }
    }
    if text.is_empty() {
        return Err("a stream without text".into());
    }
    Ok((ttft, stamp.and_then(|stamp| stamp.try_into().ok()).map(Duration::from_micros)))
}

/// A client as `bedrock::aws` makes one, without its interceptors.
fn client(url: &str) -> Result<Client, Failed> {
    let pool = ConnectionPool::builder()
        .max_connections_per_host(10_000)
        .idle_timeout(Duration::from_mins(1))
        .tcp_nodelay(true)
        .proxy_config(ProxyConfig::disabled())
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https()?;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(Credentials::from_keys("AKIDPLACEHOLDER", "placeholder", None))
        .http_client(SharedHttpClient::new(PoolClient::new(&pool)?))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build());
    Ok(Client::from_conf(config.build()))
}
