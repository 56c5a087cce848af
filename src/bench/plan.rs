//! Plan: what to run — models, variants, cases, trials, limits, seed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::check::Check;
use crate::bench::micros;
use crate::bench::model::{ModelId, Scope};
use crate::bench::native;
use crate::bench::objective::Rule;
use crate::bench::quota::QuotaOverrides;
use crate::bench::request::{CacheAfter, Parameters, Turn};

/// What `max_tokens` may be, wherever it is set.
pub const MAX_TOKENS: RangeInclusive<u64> = 1..=10_000_000;
/// Counted trials per variant and model, wherever they are set.
pub const TRIALS: RangeInclusive<u64> = 1..=1_000_000;

/// One input that every variant is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its name in tables; the line number where the file gives none.
    pub id: String,
    /// The text that `{{ content }}` stands for; empty where there is none.
    #[serde(default)]
    pub content: String,
    /// The label that the check `expected` looks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// Any other template variable of this case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, serde_json::Value>,
    /// Checks of this case alone, beside the plan's and the variant's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// One prompt under comparison, as templates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Template of the system prompt.
    #[serde(default)]
    pub system: Option<String>,
    /// Template of the user's turn.
    pub prompt: String,
    /// Few-shot turns before the prompt (texts are templates too).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Turn>,
    /// Where a prompt cache ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_after: Option<CacheAfter>,
    /// Inference parameters, the plan's defaults already filled in.
    #[serde(default)]
    pub parameters: Parameters,
    /// Indices into [`Plan::models`] that this variant is for; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<usize>,
    /// Checks of this variant alone, beside the plan's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// False where the user left it out of the run.
    #[serde(default = "yes")]
    pub included: bool,
}

fn yes() -> bool {
    true
}

impl Variant {
    /// Whether this variant is for the model at an index of [`Plan::models`].
    pub fn is_for(&self, model: usize) -> bool {
        self.models.is_empty() || self.models.contains(&model)
    }
}

/// How an invocation is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// `Converse`.
    Converse,
    /// `ConverseStream`.
    #[default]
    ConverseStream,
    /// `InvokeModel` with the family's native body.
    Invoke,
    /// `InvokeModelWithResponseStream` with the family's native body.
    InvokeStream,
}

impl Api {
    /// Every API, in the order of the configuration's error message.
    pub const ALL: [Self; 4] = [Self::Converse, Self::ConverseStream, Self::Invoke, Self::InvokeStream];

    /// The configuration's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Converse => "converse",
            Self::ConverseStream => "converse-stream",
            Self::Invoke => "invoke",
            Self::InvokeStream => "invoke-stream",
        }
    }

    /// Whether the body is the family's own.
    pub fn is_native(self) -> bool {
        matches!(self, Self::Invoke | Self::InvokeStream)
    }

    /// Whether the reply comes in chunks, so that there is a TTFT.
    pub fn streams(self) -> bool {
        matches!(self, Self::ConverseStream | Self::InvokeStream)
    }
}

/// How many invocations may be out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// As many as the quota and the latency need, no more.
    #[default]
    Auto,
    /// This many.
    Fixed(u32),
}

/// Which replies go into the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// Every reply, whole.
    All,
    /// The first accepted reply of each variant, and the first few that each check rejected.
    #[default]
    Samples,
    /// None.
    None,
}

/// Timeouts of one invocation; none of them is the SDK's (source: facts page, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// Until a connection stands.
    #[serde(with = "micros")]
    pub connect: Duration,
    /// Until a stream's first output, reasoning included; a call that does not stream has `total` alone.
    #[serde(with = "micros")]
    pub first_text: Duration,
    /// Between two events of a stream.
    #[serde(with = "micros")]
    pub stall: Duration,
    /// The whole invocation.
    #[serde(with = "micros")]
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_text: Duration::from_mins(1),
            stall: Duration::from_mins(1),
            total: Duration::from_mins(2),
        }
    }
}

/// The gate that a variant must pass to win.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// At least this share of answers must be accepted.
    MinAccepted(f64),
    /// Not worse than another variant by more than a margin of accepted answers.
    NotWorseThan {
        /// Index into [`Plan::variants`].
        variant: usize,
        /// The margin, a share.
        by: f64,
    },
}

/// One model of a plan, and what is known of it before the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelPlan {
    /// The model as the user named it.
    pub id: ModelId,
    /// Quota tokens per output token.
    pub burndown: u32,
    /// What the service reserves for output where `max_tokens` is unset.
    pub max_output: u32,
    /// Money, where a price is known.
    #[serde(default)]
    pub price: Option<Price>,
}

impl ModelPlan {
    /// A model with what the shipped tables know of it.
    pub fn of(id: ModelId) -> Self {
        Self {
            burndown: crate::bench::family::burndown(id.base()),
            max_output: crate::bench::price::max_output(&id).unwrap_or(id.family().default_max_tokens),
            price: crate::bench::price::of(&id),
            id,
        }
    }

    /// The scope of quota that it draws on.
    pub fn scope(&self) -> Scope {
        self.id.scope()
    }
}

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Input tokens.
    pub input: f64,
    /// Output tokens.
    pub output: f64,
    /// Input tokens read from a prompt cache; the input's price where the table has none.
    pub cache_read: f64,
    /// Input tokens written to a prompt cache; the input's price where the table has none.
    pub cache_write: f64,
}

impl Price {
    /// US dollars for one invocation's tokens.
    pub fn cost(&self, usage: &crate::bench::usage::Usage) -> f64 {
        (self.input * usage.input as f64
            + self.output * usage.output as f64
            + self.cache_read * usage.cache_read as f64
            + self.cache_write * usage.cache_write as f64)
            / 1e6
    }
}

/// What the user says that a model costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelPrice {
    /// A model id, profile or ARN as it may stand in the plan; a base id means each of its profiles that has no
    /// price of its own here.
    pub model: String,
    /// The price.
    pub price: Price,
}

/// Where invocations go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// The simulator inside the program.
    #[default]
    Simulator,
    /// Amazon Bedrock.
    Aws,
    /// Any server that speaks Bedrock's and Service Quotas' protocols.
    Url(String),
}

impl Endpoint {
    /// What the screen and the report show: `simulator`, `aws` or the URL without anything secret.
    pub fn label(&self) -> &str {
        match self {
            Self::Simulator => "simulator",
            Self::Aws => "aws",
            Self::Url(url) => url,
        }
    }

    /// Whether nothing leaves this machine, so that nothing is spent and no credentials are needed.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Simulator => true,
            Self::Aws => false,
            Self::Url(url) => url.parse::<http::Uri>().ok().as_ref().and_then(http::Uri::host).is_some_and(is_loopback),
        }
    }
}

/// Whether a URL's host is this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// What a benchmark is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The task: what `{{ task }}` stands for.
    pub task: String,
    /// The inputs; one with an empty content where the configuration gives none.
    pub cases: Vec<Case>,
    /// The models; several make a matrix.
    pub models: Vec<ModelPlan>,
    /// The models that the plan's checks ask about answers, each once; their quota and their cost are counted apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<ModelPlan>,
    /// The prompts under comparison.
    pub variants: Vec<Variant>,
    /// What makes an answer acceptable, for every variant.
    pub checks: Vec<Check>,
    /// What a variant must pass to win.
    pub gate: Option<Gate>,
    /// Where invocations go.
    pub endpoint: Endpoint,
    /// The AWS region.
    pub region: String,
    /// How invocations are made.
    pub api: Api,
    /// Counted trials, at most, per variant and model.
    pub trials: u32,
    /// Whether the user named that number for this run: a time that is given does not raise it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trials_named: bool,
    /// Trials before them that are not counted, per variant and model.
    pub warmup: u32,
    /// Invocations out at once.
    pub concurrency: Concurrency,
    /// Invocations per trial, the first included.
    pub attempts: u32,
    /// The share of the last trials that may fail before a model gets no more of them.
    #[serde(default = "half")]
    pub max_error_rate: f64,
    /// Whether variants that cannot win are retired early.
    pub racing: bool,
    /// Whether the winner is driven at the edge of the quota after the verdict.
    #[serde(default)]
    pub verify: bool,
    /// The confidence that a winner needs, a share.
    pub confidence: f64,
    /// The rule that picks a variant.
    pub objective: Rule,
    /// The seed of the order of trials and of backoff jitter.
    pub seed: u64,
    /// Timeouts of one invocation.
    pub timeouts: Timeouts,
    /// The cap on money, in US dollars; `None` means no cap.
    pub max_cost_usd: Option<f64>,
    /// The cap on time.
    #[serde(default, with = "micros::option")]
    pub duration: Option<Duration>,
    /// The time that trials and variants are chosen for.
    #[serde(default, with = "micros::option", skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// Which replies go into the journal.
    pub keep: Keep,
    /// What the user set of the quota.
    pub quota: QuotaOverrides,
    /// What the user says that models cost; it goes before the shipped table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<ModelPrice>,
    /// The share of each quota that this program may take.
    pub share: f64,
    /// The share of a minute's quota that may go out at once after quiet time.
    pub burst: f64,
    /// Hours a day of work, for what a daily quota allows.
    #[serde(with = "micros")]
    pub active: Duration,
}

fn half() -> f64 {
    0.5
}

impl Default for Plan {
    /// Nothing to run, under the settings that hold where nobody sets them (`product.md`, variants.toml).
    fn default() -> Self {
        Self {
            task: String::new(),
            cases: Vec::new(),
            models: Vec::new(),
            judges: Vec::new(),
            variants: Vec::new(),
            checks: Vec::new(),
            gate: None,
            endpoint: Endpoint::default(),
            region: String::new(),
            api: Api::default(),
            trials: 50,
            trials_named: false,
            warmup: 1,
            concurrency: Concurrency::Auto,
            attempts: 5,
            max_error_rate: half(),
            racing: true,
            verify: false,
            confidence: 0.95,
            objective: Rule::default(),
            seed: 7,
            timeouts: Timeouts::default(),
            max_cost_usd: None,
            duration: None,
            within: None,
            keep: Keep::Samples,
            quota: QuotaOverrides::default(),
            prices: Vec::new(),
            share: 0.9,
            burst: 0.1,
            active: Duration::from_hours(24),
        }
    }
}

impl Plan {
    /// A model with what the shipped tables know of it, under this plan's own burndown and prices.
    pub fn model(&self, id: ModelId) -> ModelPlan {
        let known = ModelPlan::of(id);
        ModelPlan {
            burndown: self.quota.burndown.unwrap_or(known.burndown),
            price: self.configured_price(&known.id).or(known.price),
            ..known
        }
    }

    /// What the user says that a model costs.
    pub fn configured_price(&self, id: &ModelId) -> Option<Price> {
        let named = |name: &str| self.prices.iter().find(|price| price.model == name).map(|price| price.price);
        named(id.as_str()).or_else(|| named(id.base()))
    }

    /// Indices of the variants that are included and are for this model.
    pub fn variants_for(&self, model: usize) -> impl Iterator<Item = usize> + '_ {
        self.variants
            .iter()
            .enumerate()
            .filter(move |(_, variant)| variant.included && variant.is_for(model))
            .map(|(index, _)| index)
    }

    /// How a model is invoked: as the plan says, but without a stream where its family has none.
    pub fn api_of(&self, model: &ModelPlan) -> Api {
        match self.api {
            Api::ConverseStream if !model.id.family().streams() => Api::Converse,
            Api::InvokeStream if !model.id.family().streams() => Api::Invoke,
            api => api,
        }
    }

    /// Whether its invocations ask for latency-optimised inference, which has quotas of its own. The configuration
    /// sets it for all variants at once.
    pub fn latency_optimised(&self) -> bool {
        self.variants.iter().any(|variant| variant.parameters.latency.as_deref() == Some("optimized"))
    }

    /// Counted trials that are planned, over all variants and models.
    pub fn planned_trials(&self) -> u64 {
        (0..self.models.len()).map(|model| self.variants_for(model).count() as u64).sum::<u64>()
            * u64::from(self.trials)
    }

    /// `max_tokens` of all variants that take part, in the configuration's words: `512`, or `512; concise 300`.
    pub fn max_tokens_in_words(&self) -> String {
        let word = |of: &Variant| of.parameters.max_tokens.map_or("model".into(), |most| most.to_string());
        let words = || self.variants.iter().filter(|of| of.included).map(|of| (word(of), of.name.as_str()));
        let count = |word: &String| words().filter(|(other, _)| other == word).count();
        // Of words that are as frequent as each other the first one is the usual.
        let usual = words().map(|(word, _)| word).rev().max_by_key(count);
        let others = words().filter(|(word, _)| Some(word) != usual.as_ref());
        let others: Vec<String> = others.map(|(word, name)| format!("{name} {word}")).collect();
        usual.clone().into_iter().chain(others).collect::<Vec<_>>().join("; ")
    }

    /// Most output tokens of one invocation of a variant on a model: what the service reserves for output.
    pub fn max_tokens(&self, model: usize, variant: usize) -> u64 {
        let model = &self.models[model];
        let asked = self.variants[variant].parameters.max_tokens.unwrap_or(model.max_output);
        u64::from(if self.api.is_native() { native::sent_max_tokens(&model.id, asked) } else { asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_tokens_of_all_are_the_usual_and_the_others() {
        let variant = |name: &str, max_tokens| Variant {
            name: name.into(),
            parameters: Parameters { max_tokens, ..Parameters::default() },
            included: name != "out",
            ..Variant::default()
        };
        let said = |all: &[(&str, Option<u32>)]| {
            let variants = all.iter().map(|(name, most)| variant(name, *most)).collect();
            Plan { variants, ..Plan::default() }.max_tokens_in_words()
        };
        assert_eq!(said(&[("a", Some(512)), ("b", Some(512)), ("out", Some(9))]), "512");
        assert_eq!(said(&[("a", Some(300)), ("b", None), ("c", None)]), "model; a 300");
        assert_eq!(said(&[("a", Some(300)), ("b", Some(512))]), "300; b 512");
        assert_eq!(said(&[]), "");
    }

    #[test]
    fn loopback_is_told_by_the_host_alone() {
        let local = |url: &str| Endpoint::Url(url.into()).is_local();
        for url in [
            "http://127.0.0.1:4566",
            "http://127.1.2.3/x",
            "https://localhost",
            "http://[::1]:9",
            "http://a.localhost:1",
        ] {
            assert!(local(url), "{url}");
        }
        for url in ["http://10.0.0.1", "https://example.com/127.0.0.1", "http://localhost.example.com", "nonsense", ""]
        {
            assert!(!local(url), "{url}");
        }
        assert!(!local("http://127.0.0.1@example.com"), "a user name is no host");
    }
}
