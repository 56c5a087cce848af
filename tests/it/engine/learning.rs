//! Learning: where the listed quota is wrong, missing or shared, throttles teach what can be taken.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use quotient::bench::event::{Ended, Entry, Event, PauseCause};
use quotient::bench::fault::FaultKind;
use quotient::bench::ledger::Refill;
use quotient::bench::plan::{Concurrency, Endpoint, Plan};
use quotient::bench::quota::{LimitKind, Quota};
use tokio::time::Instant;

use super::scripted::{Act, Ask, Scripted, plan, quota, start, whole};
use super::trials::{ended, samples};

const RULES: [Refill; 3] = [Refill::ROLLING, Refill::Clock, Refill::Bucket { burst: 1.0 }];
const MINUTE: Duration = Duration::from_mins(1);

fn endless(burst: f64) -> Plan {
    Plan { share: 1.0, burst, duration: Some(MINUTE * 8), max_error_rate: 1.0, ..plan(&["a", "b"], 100_000) }
}

fn short(_: &Ask) -> Act {
    Act::answer(400, 25, 10)
}

/// Answers and throttles within a part of the run.
fn between(entries: &[Entry], from: Duration, to: Duration) -> (f64, usize) {
    let inside = |entry: &&Entry| (from..to).contains(&entry.at.abs_diff(entries[0].at));
    let (mut ok, mut throttled) = (0, 0);
    for entry in entries.iter().filter(inside) {
        match &entry.event {
            Event::TrialFinished { sample } => ok += usize::from(sample.is_ok()),
            Event::InvocationFailed { .. } => throttled += 1,
            _ => {}
        }
    }
    (ok as f64 / to.abs_diff(from).as_secs_f64() * 60.0, throttled)
}

fn learned(entries: &[Entry]) -> Vec<(LimitKind, f64)> {
    let of = |entry: &Entry| match entry.event {
        Event::LimitLearned { limit, value, .. } => Some((limit, value)),
        _ => None,
    };
    entries.iter().filter_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn half_of_the_listed_requests_are_found_within_two_minutes() {
    for refill in RULES {
        for (burst, phase) in [(0.1, 0), (0.1, 41), (1.0, 17)] {
            let truth = quota(Some(60.0), None);
            let gateway = Scripted::new(short).judged(&truth, refill, Duration::from_secs(phase));
            let entries = whole(endless(burst), &quota(Some(120.0), None), gateway).await;
            let (rate, throttled) = between(&entries, MINUTE * 2, MINUTE * 8);
            let what =
                format!("{refill:?}, burst {burst}, phase {phase}: {rate} a minute, {throttled} throttled later");
            let early = between(&entries, Duration::ZERO, MINUTE * 2).1;
            assert!(rate >= 0.85 * 60.0 && throttled <= 12 && early <= 6, "{what}, {early} early");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_of_the_listed_tokens_are_found_within_two_minutes() {
    for refill in RULES {
        for (max_tokens, burndown) in [(100, 5), (400, 1)] {
            let mut plan = endless(0.1);
            plan.models[0].burndown = burndown;
            for variant in &mut plan.variants {
                variant.parameters.max_tokens = Some(max_tokens);
            }
            let settled = 25.0 + 40.0 * f64::from(burndown);
            let held = (f64::from(max_tokens) + 25.0 - settled).max(0.0) / 60.0;
            let gateway = Scripted::new(|ask| Act::answer(1_000, 25, 10 + ask.before as u64 * 7_919 % 61)).judged(
                &quota(None, Some(30_000.0)),
                refill,
                Duration::from_secs(7),
            );
            let listed = quota(Some(10_000.0), Some(60_000.0));
            let entries = whole(plan, &listed, gateway).await;
            let (rate, throttled) = between(&entries, MINUTE * 2, MINUTE * 8);
            let admissible = 30_000.0 / (settled + held);
            assert!(rate >= 0.85 * admissible, "{refill:?}: {rate} of {admissible}, {throttled} throttled");
            assert!(learned(&entries).iter().all(|(limit, _)| *limit == LimitKind::Tpm), "by its words");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_any_detection_the_sustainable_rate_is_found() {
    for refill in RULES {
        for truth in [30.0, 1_000.0] {
            let gateway = Scripted::new(short).judged(&quota(Some(truth), None), refill, Duration::from_secs(7));
            let entries = whole(endless(0.1), &Quota::assumed(), gateway).await;
            let (rate, _) = between(&entries, MINUTE * 3, MINUTE * 8);
            assert!(rate >= 0.85 * truth, "{refill:?}: {rate} of {truth}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_give_back_is_taken_again() {
    // Others leave a twentieth of it for three minutes.
    let (born, let_in) = (Instant::now(), Mutex::new(VecDeque::new()));
    let gateway = Scripted::new(move |ask| {
        let (now, mut let_in) = (born.elapsed(), let_in.lock().unwrap());
        let_in.retain(|then| *then + MINUTE > now);
        if now < MINUTE * 3 && let_in.len() >= 6 {
            return Act::fault(50, FaultKind::Throttled);
        }
        let_in.push_back(now);
        short(ask)
    });
    let plan = Plan { duration: Some(MINUTE * 15), ..endless(0.1) };
    let entries = whole(plan, &quota(Some(120.0), None), gateway).await;
    let (rate, throttled) = between(&entries, MINUTE * 2, MINUTE * 3);
    assert!((4.0..9.0).contains(&rate) && throttled < 10, "{rate}, {throttled} throttled");
    let (rate, _) = between(&entries, MINUTE * 12, MINUTE * 15);
    assert!(rate > 0.97 * 120.0, "{rate}");
    assert_eq!(learned(&entries).last(), Some(&(LimitKind::Rpm, 120.0)), "the listed limit holds again");
}

#[tokio::test(start_paused = true)]
async fn no_capacity_halves_the_concurrency_and_teaches_nothing_of_the_quota() {
    let gateway = Scripted::new(|ask| match ask.before {
        300..310 => Act::fault(50, FaultKind::Unavailable),
        _ => Act::answer(4_000, 25, 10),
    });
    let entries = whole(plan(&["a"], 600), &quota(Some(600.0), None), gateway).await;
    assert_eq!(learned(&entries), []);
    let sizes: Vec<u32> = entries
        .iter()
        .filter_map(|entry| match entry.event {
            Event::ConcurrencySet { concurrency, .. } => Some(concurrency),
            _ => None,
        })
        .collect();
    assert!(sizes.windows(2).any(|pair| pair[1] == pair[0] / 2), "{sizes:?}");
    assert!(samples(&entries).iter().all(|sample| sample.is_ok()));
}

fn one_in_five(ask: &Ask) -> Act {
    if ask.before % 5 == 4 { Act::fault(50, FaultKind::Throttled) } else { short(ask) }
}

#[tokio::test(start_paused = true)]
async fn three_throttles_within_a_minute_pause_a_run_on_aws_until_somebody_says_go_on() {
    let on_aws = || Plan { endpoint: Endpoint::Aws, concurrency: Concurrency::Fixed(2), ..plan(&["a"], 30) };
    let paused = |event: &Event| matches!(event, Event::Paused { cause: PauseCause::Throttles, .. });

    let mut run = start(on_aws(), &Quota::default(), Scripted::new(one_in_five));
    let until = run.until(paused).await;
    assert_eq!(until.iter().filter(|event| matches!(event, Event::InvocationFailed { .. })).count(), 3);
    run.commands.send(quotient::bench::event::Command::Stop(quotient::bench::event::Stop::InFlight)).unwrap();
    let entries = run.rest().await;
    assert_eq!(ended(&entries), Ended::Throttled);
    assert!(!entries.iter().any(|entry| matches!(entry.event, Event::InvocationStarted { .. })));

    let mut run = start(on_aws(), &Quota::default(), Scripted::new(one_in_five));
    run.until(paused).await;
    run.commands.send(quotient::bench::event::Command::Resume).unwrap();
    run.until(|event| matches!(event, Event::InvocationStarted { .. })).await;

    let here = Plan { endpoint: Endpoint::Simulator, ..on_aws() };
    let entries = whole(here, &Quota::default(), Scripted::new(one_in_five)).await;
    assert_eq!(ended(&entries), Ended::Complete, "a server on this machine has nobody else");
}

#[tokio::test(start_paused = true)]
async fn too_many_errors_end_the_run_and_the_reason_is_told() {
    let gateway = Scripted::new(|ask| match ask.before {
        ..40 => short(ask),
        _ => Act::fault(50, FaultKind::Unavailable),
    });
    let plan = Plan { attempts: 1, ..plan(&["a", "b"], 500) };
    let entries = whole(plan, &Quota::default(), gateway).await;
    assert_eq!(ended(&entries), Ended::Errors);
    let Some(Event::RunFinished { reason: Some(reason), .. }) = entries.last().map(|entry| &entry.event) else {
        panic!("no reason");
    };
    assert!(reason.contains("of the last 20 trials failed") && reason.contains("Unavailable"), "{reason}");
    assert!(samples(&entries).len() < 130);
}
