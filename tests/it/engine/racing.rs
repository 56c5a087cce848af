//! Racing: who cannot win gets no more calls, the run ends when the winner is shown, and the winner is driven after it.

use std::sync::Arc;
use std::time::Duration;

use quotient::bench::event::{Command, Ended, Entry, Event, RetireCause};
use quotient::bench::fault::FaultKind;
use quotient::bench::ledger::Refill;
use quotient::bench::objective::Rule;
use quotient::bench::plan::{Concurrency, Gate, Plan};
use quotient::bench::quota::Quota;
use quotient::bench::report::Report;
use quotient::bench::tally::Tally;

use super::scripted::{Act, Ask, Scripted, plan, quota, start, whole};
use super::trials::{ended, samples};

/// Answers of a length that each variant's name begins with, give or take a sixth.
fn by_name() -> impl Fn(&Ask) -> Act + Send + Sync + 'static {
    |ask| {
        let mean: u64 = ask.variant.trim_matches(char::is_alphabetic).parse().unwrap();
        let noise = (ask.before_of_variant as u64 * 7_919 + mean * 31) % 100;
        Act::answer(500, 20, mean * (83 + noise / 3) / 100)
    }
}

fn raced(names: &[&str], trials: u32, objective: &str) -> Plan {
    Plan { racing: true, objective: Rule::parse(objective).unwrap(), ..plan(names, trials) }
}

fn retired(entries: &[Entry]) -> Vec<(usize, RetireCause)> {
    let of = |entry: &Entry| match &entry.event {
        Event::VariantRetired { variant, cause, .. } => Some((*variant, *cause)),
        _ => None,
    };
    entries.iter().filter_map(of).collect()
}

fn report(plan: &Plan, entries: &[Entry]) -> Report {
    let mut tally = Tally::planned(Arc::new(plan.clone()));
    for entry in entries {
        tally.apply(entry);
    }
    Report::of(&tally)
}

#[tokio::test(start_paused = true)]
async fn the_run_ends_when_the_winner_is_shown() {
    let plan = raced(&["60a", "30b", "90c"], 50, "efficiency");
    let entries = whole(plan.clone(), &quota(Some(600.0), None), Scripted::new(by_name())).await;
    assert_eq!(ended(&entries), Ended::Decided);
    let mut lost = retired(&entries);
    lost.sort_unstable_by_key(|(variant, _)| *variant);
    assert_eq!(lost, [(0, RetireCause::Lost), (2, RetireCause::Lost)]);
    let report = report(&plan, &entries);
    let verdict = &report.models[0].verdicts["efficiency"];
    assert_eq!(verdict.winner.as_deref(), Some("30b"), "{verdict:?}");
    assert!(verdict.ranking[1].lost.as_ref().is_some_and(|why| why.contains("30b takes ")), "{verdict:?}");
    assert_eq!(verdict.ranking[1].lost_to.as_deref(), Some("30b"));
    let made = samples(&entries).len() as u64;
    let saved = report.models[0].saved;
    assert_eq!(saved.invocations + made, 150, "{saved:?}");
    assert!(made < 90 && saved.cost_usd > 0.0, "{made} {saved:?}");
    assert!(report.run.ended_reason.is_some_and(|why| why.contains("30b is shown to be best")));
}

#[tokio::test(start_paused = true)]
async fn without_a_difference_or_without_racing_every_trial_is_made() {
    for (racing, names) in [(true, ["60a", "60b"]), (false, ["60a", "20b"])] {
        let plan = Plan { racing, ..raced(&names, 30, "efficiency") };
        let entries = whole(plan.clone(), &Quota::default(), Scripted::new(by_name())).await;
        assert_eq!((ended(&entries), samples(&entries).len()), (Ended::Complete, 60));
        assert_eq!(retired(&entries), []);
        let report = report(&plan, &entries);
        assert_eq!(report.models[0].verdicts["efficiency"].winner.is_some(), !racing);
        assert_eq!(report.models[0].saved.invocations, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_about_to_lose_has_few_calls_out_and_a_number_that_is_set_is_kept() {
    let most = async |concurrency| {
        let plan = Plan { concurrency, burst: 1.0, ..raced(&["60a", "60b"], 60, "efficiency") };
        let gateway = Scripted::new(by_name());
        whole(plan, &quota(Some(60_000.0), None), gateway.clone()).await;
        let seen = gateway.seen.lock().unwrap();
        seen.most_out
    };
    assert_eq!(most(Concurrency::Auto).await, 20, "ten blocks");
    assert_eq!(most(Concurrency::Fixed(64)).await, 64);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_beaten_by_who_may_fail_the_gate() {
    // The shortest is cut off half the time: it cannot win, and retires nobody before that is shown.
    let script = by_name();
    let cut = Scripted::new(move |ask: &Ask| Act {
        cut_off: ask.variant.starts_with("20") && ask.before_of_variant.is_multiple_of(2),
        ..script(ask)
    });
    let plan = Plan { gate: Some(Gate::MinAccepted(0.9)), ..raced(&["20a", "40b", "80c"], 100, "efficiency") };
    let entries = whole(plan.clone(), &Quota::default(), cut).await;
    let order: Vec<usize> = retired(&entries).iter().map(|(variant, _)| *variant).collect();
    assert_eq!(order[0], 0, "{order:?}");
    let report = report(&plan, &entries);
    let verdict = &report.models[0].verdicts["efficiency"];
    assert_eq!(verdict.winner.as_deref(), Some("40b"), "{verdict:?}");
}

#[tokio::test(start_paused = true)]
async fn a_variant_that_only_fails_is_no_rival_and_ends_no_race_early() {
    let script = by_name();
    let failing = Scripted::new(move |ask: &Ask| match ask.variant.as_str() {
        "60b" => Act::fault(10, FaultKind::Invalid),
        _ => script(ask),
    });
    let plan = raced(&["60a", "60b"], 20, "efficiency");
    let entries = whole(plan.clone(), &Quota::default(), failing).await;
    assert_eq!(retired(&entries), [(1, RetireCause::Failed)]);
    assert_eq!(samples(&entries).iter().filter(|sample| sample.is_ok()).count(), 20, "the other has all its trials");
    assert_eq!(report(&plan, &entries).models[0].verdicts["efficiency"].winner.as_deref(), Some("60a"));
}

#[tokio::test(start_paused = true)]
async fn the_winner_is_driven_at_the_edge_under_every_refill_rule() {
    for refill in [Refill::ROLLING, Refill::Clock, Refill::Bucket { burst: 1.0 }] {
        for limits in [quota(Some(120.0), None), quota(None, Some(9_000.0))] {
            let plan = Plan { verify: true, ..raced(&["60a", "30b"], 40, "efficiency") };
            let gateway = Scripted::new(by_name()).judged(&limits.share(plan.share), refill, Duration::from_secs(20));
            let entries = whole(plan.clone(), &limits, gateway.clone()).await;
            let report = report(&plan, &entries);
            let found = report.models[0].variants[1].verified.expect("the winner was driven");
            assert_eq!(gateway.seen.lock().unwrap().throttled, 0);
            assert!(found.low <= found.measured && found.measured <= found.high, "{refill:?}: {found:?}");
            assert!((found.measured / found.predicted - 1.0).abs() < 0.04, "{refill:?}: {found:?}");
            assert_eq!(report.models[0].variants[0].verified, None);
            assert_eq!(ended(&entries), Ended::Decided);
            assert!(report.models[0].variants[1].trials <= 40, "its trials are counted apart");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_can_be_asked_for_while_the_run_is_on_and_the_cap_holds_in_it() {
    let plan = raced(&["60a", "30b"], 40, "efficiency");
    let run = start(plan.clone(), &quota(Some(300.0), None), Scripted::new(by_name()));
    run.commands.send(Command::Verify(true)).unwrap();
    let mut run = run;
    let entries = run.rest().await;
    assert!(entries.iter().any(|entry| matches!(entry.event, Event::VerificationStarted { variant: 1, .. })));
    let spent: f64 = samples(&entries).iter().filter_map(|sample| sample.cost_usd).sum();

    let capped = Plan { verify: true, max_cost_usd: Some(spent / 2.0), ..plan };
    let entries = whole(capped.clone(), &quota(Some(300.0), None), Scripted::new(by_name())).await;
    assert_eq!(ended(&entries), Ended::Budget);
    let less: f64 = samples(&entries).iter().filter_map(|sample| sample.cost_usd).sum();
    assert!(less <= spent / 2.0, "{less} of {spent}");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_passes_the_gate_the_run_is_decided_and_nobody_wins() {
    let script = by_name();
    let cut = Scripted::new(move |ask: &Ask| Act { cut_off: !ask.before_of_variant.is_multiple_of(3), ..script(ask) });
    let plan = Plan { gate: Some(Gate::MinAccepted(0.9)), ..raced(&["60a", "30b"], 80, "efficiency") };
    let entries = whole(plan.clone(), &Quota::default(), cut).await;
    let report = report(&plan, &entries);
    assert_eq!(ended(&entries), Ended::Decided, "{:?}", report.run.ended_reason);
    assert!(report.run.ended_reason.is_some_and(|why| why.contains("no variant passes the gate")));
    let verdict = &report.models[0].verdicts["efficiency"];
    assert_eq!((&verdict.winner, &verdict.leader), (&None, &None), "{verdict:?}");
    assert_eq!(verdict.reason, "no variant passes the gate");
    let rejected = report.models[0].variants[0].rejected.as_ref().expect("two of three were cut off");
    assert!(rejected.checks["max_tokens"] > 5 && rejected.case.is_some(), "{rejected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_variant_with_no_accepted_answer_has_lost_under_every_objective() {
    for objective in ["auto", "cost", "throughput"] {
        let script = by_name();
        let cut = Scripted::new(move |ask: &Ask| Act { cut_off: ask.variant == "30b", ..script(ask) });
        let plan = raced(&["60a", "30b"], 60, objective);
        let entries = whole(plan.clone(), &quota(None, Some(60_000.0)), cut).await;
        assert_eq!(retired(&entries), [(1, RetireCause::Lost)], "{objective}");
        let report = report(&plan, &entries);
        assert_eq!(report.models[0].verdicts[objective].winner.as_deref(), Some("60a"), "{objective}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_reference_of_a_gate_stays_until_the_others_are_compared_with_it() {
    let plan = Plan {
        gate: Some(Gate::NotWorseThan { variant: 0, by: 0.05 }),
        ..raced(&["200a", "60b", "30c"], 300, "efficiency")
    };
    let entries = whole(plan.clone(), &Quota::default(), Scripted::new(by_name())).await;
    let of = |wanted: usize| {
        let is = |entry: &&Entry| matches!(entry.event, Event::VariantRetired { variant, .. } if variant == wanted);
        entries.iter().find(is).map(|entry| entry.seq)
    };
    let (reference, other) = (of(0).expect("it is worse"), of(1).expect("and so is this"));
    assert!(reference + 1 >= other, "in one look at the earliest: {reference} {other}");
    let report = report(&plan, &entries);
    assert_eq!(report.models[0].verdicts["efficiency"].winner.as_deref(), Some("30c"));
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_is_paused_or_stopped_takes_nothing_from_the_benchmark() {
    let plan = Plan { verify: true, ..raced(&["60a", "30b"], 40, "efficiency") };
    let mut run = start(plan.clone(), &quota(Some(300.0), None), Scripted::new(by_name()));
    let mut events = run.until(|event| matches!(event, Event::VerificationStarted { .. })).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    run.commands.send(Command::Pause).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    run.commands.send(Command::Stop(quotient::bench::event::Stop::InFlight)).unwrap();
    let rest = run.rest().await;
    assert_eq!(ended(&rest), Ended::Decided);
    let first = rest[0].at;
    let mut tally = Tally::planned(Arc::new(plan));
    for event in events.drain(..) {
        tally.apply(&Entry { seq: 0, at: first, event });
    }
    for entry in &rest {
        tally.apply(entry);
    }
    let verification = tally.models[0].verification.as_ref().expect("it began");
    assert!(verification.until < verification.from + Duration::from_mins(1), "{verification:?}");
    let report = Report::of(&tally);
    assert!(report.run.ended_reason.is_some_and(|why| why.contains("the verification was cut short")));
}
