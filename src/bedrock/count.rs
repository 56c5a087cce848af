//! Count: tokens that the service counts afterwards, where an answer came without its usage.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_bedrockruntime::Client;

use crate::bedrock::converse;
use crate::bedrock::fault::Place;
use crate::bedrock::gateway::{Attempt, Call, Reply};
use crate::bench::family::NativeFormat;
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::plan::{Api, ModelPlan, Timeouts};
use crate::bench::request::{Parameters, Request};
use crate::bench::usage::{Usage, UsageSource, rough_tokens};

/// Counts of prompts that are kept; beyond that they are asked for anew.
const MOST_KEPT: usize = 10_000;
/// Nobody waits longer for a count than this: an estimate is there already.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `CountTokens` said so far; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    inner: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Tokens of texts, by model and request.
    counts: HashMap<u64, u64>,
    /// Models whose tokens it does not count, or not now.
    refused: HashSet<String>,
}

impl Counter {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The usage of a reply that came without any, as `CountTokens` counts its prompt and its text; `None` where the
    /// service does not count for this model (in 2026 Claude 3.5 to 4.6 alone; source: facts on token counts), or where
    /// the answer holds reasoning, which is output that is not in the text. One refusal is enough: the call is limited
    /// in rate itself.
    pub(super) async fn usage(&self, client: &Client, place: &Place, call: Call<'_>, reply: &Reply) -> Option<Usage> {
        let model = call.model;
        let reasoned = reply.usage.output != rough_tokens(reply.text.len());
        let refused = self.known().refused.contains(model.id.base());
        if model.id.family().native != NativeFormat::Claude || reasoned || refused {
            return None;
        }
        let counting = async {
            let input = self.kept(client, place, model, call.request).await?;
            let alone = |text: &str| Request::user(None, text, Parameters::default());
            let output = match reply.text.trim() {
                "" => 0,
                // A turn's frame takes tokens too; a turn of one token tells how many.
                text => {
                    let frame = self.kept(client, place, model, &alone(".")).await?.saturating_sub(1);
                    count(client, place, model, &alone(text)).await?.saturating_sub(frame)
                }
            };
            Ok::<_, Fault>(Usage { source: UsageSource::Counted, ..Usage::reported(input, output) })
        };
        let counted = counting.await;
        if let Err(fault) = &counted {
            tracing::info!(model = %model.id, why = %fault.message, "tokens are estimated from now on");
            self.known().refused.insert(model.id.base().to_owned());
        }
        counted.ok()
    }

    /// A count that is asked for once.
    async fn kept(&self, client: &Client, place: &Place, model: &ModelPlan, request: &Request) -> Result<u64, Fault> {
        let mut hasher = DefaultHasher::new();
        (model.id.base(), &request.system).hash(&mut hasher);
        request.turns.iter().for_each(|turn| (turn.role as u8, &turn.text).hash(&mut hasher));
        let key = hasher.finish();
        if let Some(tokens) = self.known().counts.get(&key) {
            return Ok(*tokens);
        }
        let tokens = count(client, place, model, request).await?;
        let mut known = self.known();
        if known.counts.len() < MOST_KEPT {
            known.counts.insert(key, tokens);
        }
        Ok(tokens)
    }
}

/// Input tokens of a request as `CountTokens` counts them.
pub(super) async fn count(client: &Client, place: &Place, model: &ModelPlan, request: &Request) -> Result<u64, Fault> {
    let timeouts = Timeouts { total: PATIENCE, ..Timeouts::default() };
    let call = Call { model, api: Api::Converse, request, timeouts: &timeouts };
    match converse::count_tokens(client, &Attempt::begin(call, place)).await {
        // The SDK reads 0 where the answer holds no count; no request has none.
        Ok(0) => Err(Fault::new(FaultKind::Other, "CountTokens answered without a count.")),
        counted => counted.map_err(|failure| failure.fault),
    }
}
