//! Proof under load against the simulator, by the real SDK in process and under a paused clock: the winner is driven at
//! the edge of the quota, and what was measured stands beside what was predicted.

use std::path::Path;
use std::sync::Arc;

use quotient::bedrock::aws::in_process;
use quotient::bedrock::quotas::{list, merge};
use quotient::bench::event::Entry;
use quotient::bench::tally::Tally;
use quotient::bench::verification::Verified;
use quotient::config;
use quotient::engine::dispatcher::{Engine, Memory, run};
use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use tokio::sync::mpsc::unbounded_channel;

/// The rules by which a quota refills.
pub(crate) const RULES: [&str; 3] = ["rolling", "clock", "continuous"];

/// What one world is like; quotas that bind by requests and by tokens, small ones and large ones.
pub(crate) fn scenario(world: u64) -> String {
    let rule = RULES[(world % 3) as usize];
    let step = |n: u64| world.wrapping_mul(2_654_435_761).rotate_left(7) % n;
    let (rpm, tpm) = (60 + 12 * step(20), 30_000 + 10_000 * step(11));
    format!(
        "refill = \"{rule}\"\n[[quota]]\nmodel = \"anthropic.claude-3-sonnet-20240229-v1:0\"\nscope = \"on-demand\"\n\
         rpm = {rpm}\ntpm = {tpm}\n"
    )
}

/// Benchmarks the shipped variants in a world and drives the winner; the tally at the end, and the verification.
pub(crate) async fn world(world: u64) -> (Tally, Option<Verified>) {
    let config = config::parse(config::BUILT_IN_NAME, config::BUILT_IN, Path::new(".")).unwrap();
    let overrides = config::Overrides { seed: Some(world), verify: Some(true), ..config::Overrides::default() };
    let plan = Arc::new(config.plan(&overrides).unwrap());
    let simulator = Simulator::new(Scenario::parse(&scenario(world)).unwrap(), plan.seed);
    let clients = in_process(simulator.router(), &plan.region);
    let listing = list(&clients.quotas, &clients.place).await.unwrap();
    let detected = merge(&plan.quota, Ok(listing.detect(&plan.models[0].id, false)));
    let (_commands, asked) = unbounded_channel();
    let (tell, mut told) = unbounded_channel();
    let engine = Engine {
        plan: Arc::clone(&plan),
        run: "proof".into(),
        gateway: clients.gateway.clone(),
        quotas: vec![(detected.quota, detected.notes)],
        simulated: true,
        watch: None,
        account: None,
        memory: Memory::default(),
    };
    let engine = tokio::spawn(run(engine, asked, tell));
    let mut tally = Tally::planned(plan);
    let mut seq = 0;
    while let Some(stamped) = told.recv().await {
        tally.apply(&Entry { seq, at: stamped.at, event: stamped.event });
        seq += 1;
    }
    engine.await.unwrap();
    let verified = tally.models[0].verification.as_ref().and_then(|of| of.verified(tally.last_at));
    (tally, verified)
}

#[tokio::test(start_paused = true)]
async fn what_is_measured_lies_where_it_was_predicted() {
    for of in 0..3 {
        let (tally, verified) = world(of).await;
        let found = verified.expect("it was measured");
        assert!(found.low <= found.measured && found.measured <= found.high, "{found:?} {}", scenario(of));
        assert_eq!((found.throttles, found.seconds), (0, 120.0));
        let mut driven: Vec<u64> =
            tally.recent.iter().map(|of| of.sample.trial.id).filter(|id| *id >= 1 << 40).collect();
        driven.sort_unstable();
        assert!(driven.windows(2).all(|pair| pair[1] == pair[0] + 1), "none is begun and dropped: {driven:?}");
        let report = quotient::bench::report::Report::of(&tally);
        let shown: Vec<_> = report.models[0].variants.iter().filter(|v| v.verified.is_some()).collect();
        assert_eq!(shown.len(), 1, "of the winner alone");
        assert_eq!(report.models[0].verdicts["throughput"].leader.as_ref(), Some(&shown[0].name));
        assert!(shown[0].trials <= 50, "its trials are not the benchmark's");
    }
}
