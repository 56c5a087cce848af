//! The engine over the real SDK: requests signed, serialised and parsed, in process, under paused time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, body::Bytes};
use quotient::bedrock::aws::in_process;
use quotient::bench::event::{Ended, Entry, Event, Stamped};
use quotient::bench::fault::FaultKind;
use quotient::bench::ledger::{Ledger, Refill};
use quotient::bench::plan::{Api, Plan};
use quotient::bench::quota::Quota;
use quotient::bench::sample::Outcome;
use quotient::bench::tally::Tally;
use quotient::engine::dispatcher::{Engine, Memory, run};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use super::scripted::{plan, quota};
use super::trials::{ended, samples};
use crate::stage;

/// A server of `Converse` with a strict ledger; counts what it answers.
struct Server {
    ledger: Mutex<Ledger>,
    born: Instant,
    /// Per system prompt: answers and output tokens.
    answered: Mutex<HashMap<String, (u64, u64)>>,
    throttled: Mutex<u64>,
}

impl Server {
    fn now(&self) -> Duration {
        stage::START + self.born.elapsed()
    }
}

async fn converse(State(server): State<Arc<Server>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let variant = body["system"][0]["text"].as_str().unwrap().to_owned();
    if variant == "denied" {
        return refuse(StatusCode::FORBIDDEN, "AccessDeniedException");
    }
    let input = body["messages"][0]["content"][0]["text"].as_str().unwrap().len() as u64 / 5;
    let reserved = input + body["inferenceConfig"]["maxTokens"].as_u64().unwrap();
    let hold = {
        let mut ledger = server.ledger.lock().unwrap();
        if ledger.admits(server.now(), reserved).is_err() {
            *server.throttled.lock().unwrap() += 1;
            return refuse(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException");
        }
        ledger.reserve(server.now(), reserved)
    };
    let nth = server.answered.lock().unwrap().get(&variant).map_or(0, |(answers, _)| *answers);
    let output = 10 + nth % 7;
    tokio::time::sleep(Duration::from_millis(400 + 30 * output)).await;
    server.ledger.lock().unwrap().settle(server.now(), hold, input + 5 * output);
    let mut answered = server.answered.lock().unwrap();
    let counts = answered.entry(variant).or_default();
    *counts = (counts.0 + 1, counts.1 + output);
    let answer = json!({
        "output": { "message": { "role": "assistant", "content": [{ "text": "An answer." }] } },
        "stopReason": "end_turn",
        "usage": { "inputTokens": input, "outputTokens": output, "totalTokens": input + output },
        "metrics": { "latencyMs": 1 },
    });
    ([("content-type", "application/json")], answer.to_string()).into_response()
}

fn refuse(status: StatusCode, name: &'static str) -> Response {
    let body = json!({ "message": "as the test says" }).to_string();
    (status, [("x-amzn-errortype", name), ("content-type", "application/json")], body).into_response()
}

/// Runs a plan over a server whose true quota is given.
async fn over_sdk(plan: Plan, listed: &Quota, truly: &Quota) -> (Vec<Entry>, Arc<Server>) {
    let server = Arc::new(Server {
        ledger: Mutex::new(Ledger::new(truly, Refill::ROLLING)),
        born: Instant::now(),
        answered: Mutex::default(),
        throttled: Mutex::default(),
    });
    let router = Router::new().route("/model/{id}/converse", post(converse)).with_state(Arc::clone(&server));
    let clients = in_process(router, "us-east-1");
    let quotas = vec![(listed.clone(), Vec::new())];
    let engine = Engine {
        plan: Arc::new(plan),
        run: "test".into(),
        gateway: clients.gateway,
        quotas,
        simulated: true,
        watch: None,
        account: None,
        memory: Memory::default(),
    };
    let (_commands, obeyed) = unbounded_channel();
    let (tell, mut told) = unbounded_channel();
    tokio::spawn(run(engine, obeyed, tell));
    let mut entries = Vec::new();
    while let Some(Stamped { at, event }) = told.recv().await {
        entries.push(Entry { seq: entries.len() as u64, at, event });
    }
    (entries, server)
}

fn folded(plan: Plan, entries: &[Entry]) -> Tally {
    let mut tally = Tally::planned(Arc::new(plan));
    for entry in entries {
        tally.apply(entry);
    }
    tally
}

#[tokio::test(start_paused = true)]
async fn token_means_are_what_the_server_counted_and_it_never_throttled() {
    let plan = Plan { api: Api::Converse, ..plan(&["a", "b", "denied"], 40) };
    let quota = quota(Some(120.0), Some(12_000.0));
    let (entries, server) = over_sdk(plan.clone(), &quota, &quota.share(plan.share)).await;
    assert_eq!(ended(&entries), Ended::Complete);
    assert_eq!(*server.throttled.lock().unwrap(), 0);
    let tally = folded(plan, &entries);
    let variants = &tally.models[0].variants;
    for (variant, name) in ["a", "b"].into_iter().enumerate() {
        let (answers, output) = server.answered.lock().unwrap()[name];
        assert_eq!((variants[variant].ok, answers), (40, 40));
        assert!((variants[variant].cold.output.sum() - output as f64).abs() < 1e-6);
    }
    assert!(variants[2].retired.is_some());
    assert_eq!(variants[2].errors.keys().copied().collect::<Vec<_>>(), [FaultKind::Denied]);
}

#[tokio::test(start_paused = true)]
async fn where_the_listed_quota_is_too_high_throttles_are_retried_and_counted_apart() {
    let plan = Plan { api: Api::Converse, ..plan(&["a", "b"], 30) };
    let (entries, server) = over_sdk(plan.clone(), &quota(Some(120.0), None), &quota(Some(40.0), None)).await;
    assert_eq!(ended(&entries), Ended::Complete);
    let throttled = *server.throttled.lock().unwrap();
    assert!(throttled > 0);
    let tally = folded(plan, &entries);
    let sum =
        |of: fn(&quotient::bench::tally::VariantTally) -> u64| tally.models[0].variants.iter().map(of).sum::<u64>();
    assert_eq!(sum(|v| v.throttles), throttled);
    assert_eq!(sum(|v| v.ok) + sum(|v| v.failed), 60);
    for sample in samples(&entries) {
        if let Outcome::Ok { timing, .. } = &sample.outcome {
            assert!(timing.e2e < Duration::from_secs(1), "backoff is not latency");
            assert!(sample.to_success >= timing.e2e);
        }
    }
    let failed = entries.iter().filter(|e| matches!(e.event, Event::InvocationFailed { .. })).count() as u64;
    assert_eq!(failed, throttled);
}
