//! quotient's role: the whole river, as `quotient bench` runs it — gateway, engine, journal, tally.

use std::sync::Arc;

use quotient::bedrock::aws::{Connection, connect};
use quotient::bench::event::{Ended, Entry, Event};
use quotient::bench::model::ModelId;
use quotient::bench::plan::{Case, Concurrency, Endpoint, ModelPlan, Plan, Variant};
use quotient::bench::quota::Quota;
use quotient::bench::request::Parameters;
use quotient::bench::sample::Outcome;
use quotient::bench::tally::{Phase, Tally};
use quotient::engine::dispatcher::{self, Engine, Memory};
use quotient::engine::watch::Watch;
use quotient::journal::recorder::record;
use tokio::sync::mpsc::unbounded_channel;

use crate::Failed;
use crate::work::{Book, CONTENT, Found, MAX_TOKENS, MODEL, SYSTEM, TASK, Work};

/// One run of the plan with its journal in a folder that is removed afterwards.
pub(crate) async fn run(work: &Work) -> Result<Found, Failed> {
    let endpoint = Endpoint::Url(work.url.clone());
    let clients = connect(&Connection::to(endpoint.clone()), None).await.map_err(|fault| fault.message)?;
    let plan = Arc::new(plan(work, endpoint));
    let folder = tempfile::tempdir()?;
    let (_commands, asked) = unbounded_channel();
    let (tell, told) = unbounded_channel();
    let (pass_on, mut entries) = unbounded_channel::<Vec<Entry>>();

    let mut book = Book::open(work);
    let recording = record(Some(folder.path()), "load", told, pass_on)?;
    let (quotas, run) = (vec![(Quota::default(), Vec::new())], "load".into());
    let engine = Engine {
        plan: Arc::clone(&plan),
        run,
        gateway: clients.gateway,
        quotas,
        simulated: true,
        watch: Some(Watch::default()),
        account: None,
        memory: Memory::default(),
    };
    tokio::spawn(dispatcher::run(engine, asked, tell));
    let mut tally = Tally::planned(plan);
    while let Some(batch) = entries.recv().await {
        for entry in &batch {
            tally.apply(entry);
            book.out(tally.in_flight());
            if let Event::TrialFinished { sample } = &entry.event
                && let Outcome::Ok { timing, .. } = &sample.outcome
            {
                book.read(sample.trial.id, timing.ttft, timing.service.map(|stamp| stamp / 1_000));
            }
        }
    }
    recording.finish();
    let found = book.close();
    let fault = || tally.all_variants().find_map(|variant| variant.last_fault.clone()).map(|fault| fault.message);
    match (tally.phase, fault()) {
        (Phase::Finished(Ended::Complete), None) => Ok(found),
        (phase, fault) => Err(format!("the run ended {phase:?}: {}", fault.unwrap_or_default()).into()),
    }
}

fn plan(work: &Work, endpoint: Endpoint) -> Plan {
    Plan {
        task: TASK.into(),
        cases: vec![Case { id: "1".into(), content: CONTENT.into(), ..Case::default() }],
        models: vec![ModelPlan::of(ModelId::parse(MODEL))],
        variants: vec![Variant {
            name: "plain".into(),
            system: Some(SYSTEM.into()),
            prompt: "{{ task }}\n\n{{ content }}".into(),
            parameters: Parameters { max_tokens: Some(MAX_TOKENS.into()), ..Parameters::default() },
            included: true,
            ..Variant::default()
        }],
        endpoint,
        region: "us-east-1".into(),
        trials: work.calls,
        warmup: 0,
        concurrency: Concurrency::Fixed(work.at_once),
        racing: false,
        ..Plan::default()
    }
}
