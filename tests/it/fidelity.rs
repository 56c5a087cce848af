//! The engine against the simulator through the real SDK, in process and under a paused clock: what the report says
//! is what the simulator counted, and the gauges never show more than the ledger held.

use std::sync::Arc;

use quotient::bedrock::aws::in_process;
use quotient::bedrock::quotas::{list, merge};
use quotient::bench::event::Entry;
use quotient::bench::quota::LimitKind;
use quotient::bench::report::Report;
use quotient::bench::tally::Tally;
use quotient::config;
use quotient::engine::dispatcher::{Engine, Memory, run};
use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use tokio::sync::mpsc::unbounded_channel;

use crate::journey::top;

#[tokio::test(start_paused = true)]
async fn the_report_is_what_the_simulator_counted() {
    let text = std::fs::read_to_string(top("variants.toml")).unwrap();
    let config = config::parse("variants.toml", &text, std::path::Path::new(".")).unwrap();
    let plan = Arc::new(
        config
            .plan(&config::Overrides { warmup: Some(0), racing: Some(false), ..config::Overrides::default() })
            .unwrap(),
    );
    let simulator = Simulator::new(Scenario::default(), plan.seed);
    let clients = in_process(simulator.router(), &plan.region);
    let listing = list(&clients.quotas, &clients.place).await.unwrap();
    let detected = merge(&plan.quota, Ok(listing.detect(&plan.models[0].id, false)));
    assert!(clients.gateway.simulated());

    let (_commands, asked) = unbounded_channel();
    let (tell, mut told) = unbounded_channel();
    let engine = Engine {
        plan: Arc::clone(&plan),
        run: "fidelity".into(),
        gateway: clients.gateway.clone(),
        quotas: vec![(detected.quota.clone(), detected.notes)],
        simulated: true,
        watch: None,
        account: None,
        memory: Memory::default(),
    };
    let begun = tokio::time::Instant::now();
    let engine = tokio::spawn(run(engine, asked, tell));
    let mut tally = Tally::planned(Arc::clone(&plan));
    let (mut seq, mut most) = (0, [0.0_f64; 2]);
    while let Some(stamped) = told.recv().await {
        tally.apply(&Entry { seq, at: stamped.at, event: stamped.event });
        seq += 1;
        for (most, kind) in most.iter_mut().zip([LimitKind::Rpm, LimitKind::Tpm]) {
            *most = most.max(tally.models[0].ledger.taken(stamped.at, kind).total());
        }
    }
    engine.await.unwrap();
    // The shipped quotas are small enough to be met and large enough to end soon.
    assert!(begun.elapsed() < std::time::Duration::from_secs(90), "{:?}", begun.elapsed());

    let report = Report::of(&tally);
    assert_eq!(report.run.ended.as_deref(), Some("complete"));
    let variants = &report.models[0].variants;
    let sum = |of: fn(&quotient::bench::report::TokensReport) -> f64| -> f64 {
        variants.iter().map(|v| v.tokens.as_ref().map_or(0.0, of) * v.ok as f64).sum()
    };
    let counts = simulator.counts();
    let counted = counts.iter().find(|(id, _)| id.contains("claude-3-sonnet")).unwrap().1;
    assert_eq!(variants.iter().map(|v| v.ok).sum::<u64>(), counted.ok);
    assert!(
        (sum(|t| t.input) - counted.input_tokens as f64).abs() < 1e-6,
        "{} {}",
        sum(|t| t.input),
        counted.input_tokens
    );
    assert!((sum(|t| t.output) - counted.output_tokens as f64).abs() < 1e-6);
    assert_eq!(variants.iter().map(|v| v.throttles).sum::<u64>(), counted.throttled);
    // The gauges never showed more than the share that is paced, nor than what the service's own ledger held.
    let quota = detected.quota.share(plan.share);
    assert!(most[0] <= quota.rpm.unwrap().value, "{most:?}");
    let tpm = quota.tpm.unwrap().value;
    assert!(most[1] <= tpm && most[1] > 0.8 * tpm, "{most:?}");
}
