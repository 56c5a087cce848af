//! Pacing: no refill rule is overdrawn, no quota is left unused, and the gauge shows what the ledger holds.

use std::sync::Arc;
use std::time::Duration;

use quotient::bench::capacity::{Demand, capacity};
use quotient::bench::event::{Entry, Event};
use quotient::bench::ledger::Refill;
use quotient::bench::plan::{Case, Concurrency, Plan};
use quotient::bench::quota::{LimitKind, Quota};
use quotient::bench::sample::Sample;
use quotient::bench::tally::Tally;

use super::scripted::{Act, Scripted, plan, quota, start, start_after, whole};
use super::trials::samples;

const RULES: [Refill; 3] = [Refill::ROLLING, Refill::Clock, Refill::Bucket { burst: 1.0 }];

/// Sizes and latencies that vary, but not at random.
fn mixed() -> impl Fn(&super::scripted::Ask) -> Act + Send + Sync + 'static {
    |ask| {
        let n = ask.before as u64;
        let output = 10 + (n * 7_919) % 60;
        Act::answer(300 + (n * 104_729) % 4_000, 25, output)
    }
}

fn one(trials: u32) -> Plan {
    Plan { share: 1.0, ..plan(&["only"], trials) }
}

/// From the first send to the last.
fn sending(entries: &[Entry]) -> Duration {
    let is_sent = |entry: &&Entry| matches!(entry.event, Event::InvocationStarted { .. });
    let (first, last) = (entries.iter().find(is_sent).unwrap(), entries.iter().rfind(is_sent).unwrap());
    last.at.abs_diff(first.at)
}

#[tokio::test(start_paused = true)]
async fn no_refill_rule_is_ever_overdrawn() {
    let limits = [(Some(50.0), None), (None, Some(9_000.0)), (Some(120.0), Some(15_000.0))];
    for (rpm, tpm) in limits {
        for refill in RULES {
            for (burst, phase) in [(0.1, 0), (1.0, 17), (0.02, 59)] {
                let quota = quota(rpm, tpm);
                let mut plan = plan(&["a", "b", "c"], 60);
                plan.burst = burst;
                // The judge holds exactly the share, so one request too many shows.
                let gateway =
                    Scripted::new(mixed()).judged(&quota.share(plan.share), refill, Duration::from_secs(phase));
                let entries = whole(plan, &quota, gateway.clone()).await;
                let what = format!("rpm {rpm:?}, tpm {tpm:?}, {refill:?}, burst {burst}");
                assert_eq!(gateway.seen.lock().unwrap().throttled, 0, "{what}");
                assert_eq!(samples(&entries).iter().filter(|s| s.is_ok()).count(), 180, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_any_limit_nothing_waits() {
    let gateway = Scripted::new(mixed());
    let entries = whole(plan(&["a", "b"], 200), &Quota::default(), gateway).await;
    assert!(!entries.iter().any(|e| matches!(e.event, Event::TrialWaited { .. })));
    assert!(samples(&entries).iter().all(|s| s.is_ok() && s.waited == Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_wait_names_its_limit_and_is_kept_apart_from_latency() {
    let gateway = Scripted::new(|_| Act::answer(100, 25, 10));
    let entries = whole(one(30), &quota(Some(60.0), None), gateway).await;
    let limits: Vec<LimitKind> = entries
        .iter()
        .filter_map(|e| match e.event {
            Event::TrialWaited { limit, until, .. } => {
                assert!(until.is_some_and(|until| until > e.at));
                Some(limit)
            }
            _ => None,
        })
        .collect();
    // Six at once, then one a second: each of those waits once.
    assert_eq!(limits, [LimitKind::Rpm; 24]);
    let waited: Duration = samples(&entries).iter().map(|s| s.waited).sum();
    assert!(waited.abs_diff(Duration::from_secs(24)) < Duration::from_secs(1), "{waited:?}");
    assert!(samples(&entries).iter().all(|s| s.to_success.as_millis() == 100));
}

#[tokio::test(start_paused = true)]
async fn whenever_something_is_sent_the_gauge_is_within_the_share() {
    let quota = quota(Some(200.0), Some(12_000.0));
    // At burndown 5 many answers settle at more than was reserved: that shows on the gauge, but nothing is sent then.
    for burndown in [1, 5] {
        let mut plan = plan(&["a", "b", "c"], 80);
        plan.models[0].burndown = burndown;
        let most = 12_000.0 * plan.share;
        let entries = whole(plan.clone(), &quota, Scripted::new(mixed())).await;
        let mut tally = Tally::planned(Arc::new(plan));
        let mut highest = 0.0_f64;
        for entry in &entries {
            tally.apply(entry);
            if matches!(entry.event, Event::InvocationStarted { .. }) {
                let shown = tally.models[0].ledger.taken(entry.at, LimitKind::Tpm).total();
                highest = highest.max(shown);
            }
        }
        assert!(highest <= most, "{highest} of {most}");
        assert!(highest > 0.9 * most, "{highest} of {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_share_of_requests_is_used_up_in_the_long_run() {
    for refill in RULES {
        let quota = quota(Some(300.0), None);
        let mut plan = plan(&["a", "b"], 1_200);
        plan.share = 0.9;
        let gateway = Scripted::new(mixed()).judged(&quota.share(0.9), refill, Duration::from_secs(31));
        let entries = whole(plan, &quota, gateway.clone()).await;
        assert_eq!(gateway.seen.lock().unwrap().throttled, 0);
        let rate = 2_400.0 / sending(&entries).as_secs_f64() * 60.0;
        assert!(rate >= 0.97 * 270.0, "{refill:?}: {rate} of 270 a minute");
    }
}

#[tokio::test(start_paused = true)]
async fn the_share_of_tokens_is_used_up_in_the_long_run() {
    // Burndown 5: mean output 39.5 settles at 25 + 197.5, more than the 125 that are reserved.
    for (max_tokens, burndown) in [(100, 5), (100, 1), (400, 1)] {
        let quota = quota(None, Some(60_000.0));
        let mut plan = one(2_500);
        plan.models[0].burndown = burndown;
        plan.variants[0].parameters.max_tokens = Some(max_tokens);
        let gateway = Scripted::new(mixed()).judged(&quota, Refill::ROLLING, Duration::ZERO);
        let entries = whole(plan.clone(), &quota, gateway.clone()).await;
        let samples = samples(&entries);
        let mean = |of: &dyn Fn(&quotient::bench::sample::Sample) -> f64| {
            samples.iter().map(|s| of(s)).sum::<f64>() / samples.len() as f64
        };
        let demand = Demand {
            settled: mean(&|s| s.settled as f64),
            reserved: mean(&|s| s.reserved as f64),
            latency: mean(&|s| s.to_success.as_secs_f64()),
        };
        let admissible = capacity(&quota, demand, plan.active).unwrap().rpm;
        let rate = 2_500.0 / sending(&entries).as_secs_f64() * 60.0;
        let throttled = gateway.seen.lock().unwrap().throttled;
        assert!(rate >= 0.97 * admissible, "burndown {burndown}: {rate} of {admissible} a minute");
        assert!(throttled as f64 <= 0.005 * 2_500.0, "burndown {burndown}: {throttled} throttled");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_and_twenty_short_jobs_at_sixty_a_minute() {
    for (burst, most) in [(1.0, 62.0), (0.1, 120.0)] {
        let quota = quota(Some(60.0), None);
        let gateway =
            Scripted::new(|_| Act::answer(200, 25, 10)).judged(&quota, Refill::ROLLING, Duration::from_secs(5));
        let entries = whole(Plan { burst, ..one(120) }, &quota, gateway.clone()).await;
        let took = entries.last().unwrap().at.abs_diff(entries[0].at).as_secs_f64();
        assert!(took <= most, "burst {burst}: {took} s");
        assert_eq!(gateway.seen.lock().unwrap().throttled, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_request_is_not_starved_by_small_ones() {
    let quota = quota(None, Some(10_000.0));
    let gateway = Scripted::new(|_| Act::answer(500, 25, 20)).judged(&quota, Refill::ROLLING, Duration::ZERO);
    let mut plan = plan(&["small", "large"], 10);
    plan.variants[1].parameters.max_tokens = Some(9_500); // more than the share, less than the quota
    let entries = whole(plan, &quota, gateway.clone()).await;
    assert_eq!(samples(&entries).iter().filter(|s| s.is_ok()).count(), 20);
    assert_eq!(gateway.seen.lock().unwrap().throttled, 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_quiets_the_model_and_the_trial_comes_through() {
    let gateway = Scripted::new(|ask| match ask.before {
        3 => Act::fault(50, quotient::bench::fault::FaultKind::Throttled),
        _ => Act::answer(200, 25, 10),
    });
    let mut plan = one(20);
    plan.concurrency = Concurrency::Fixed(2);
    let entries = whole(plan, &Quota::default(), gateway.clone()).await;
    assert!(samples(&entries).iter().all(|s| s.is_ok()));
    let throttled = entries.iter().find(|e| matches!(e.event, Event::InvocationFailed { .. })).unwrap().at;
    let next =
        entries.iter().find(|e| e.at > throttled && matches!(e.event, Event::InvocationStarted { .. })).unwrap().at;
    assert!(next.abs_diff(throttled) >= Duration::from_secs(1), "{:?}", next.abs_diff(throttled));
}

#[tokio::test(start_paused = true)]
async fn auto_concurrency_grows_to_what_the_quota_needs_and_no_more() {
    // 270 a minute at 4 s: 18 are out on average.
    let gateway = Scripted::new(|_| Act::answer(4_000, 25, 10));
    let entries = whole(plan(&["a"], 600), &quota(Some(300.0), None), gateway.clone()).await;
    let most = gateway.seen.lock().unwrap().most_out;
    assert!((18..=30).contains(&most), "{most}");
    let rate = 600.0 / sending(&entries).as_secs_f64() * 60.0;
    assert!(rate > 0.9 * 270.0, "{rate}");
}

#[tokio::test(start_paused = true)]
async fn a_case_that_never_fits_is_told_at_once_and_the_others_go_on() {
    let mut plan = plan(&["a"], 60);
    let case = |id: &str, content: String| Case { id: id.into(), content, ..Case::default() };
    plan.cases = vec![case("small", "few words".into()), case("huge", "many words ".repeat(20_000))];
    plan.variants[0].prompt = "{{ content }}".into();
    let gateway = Scripted::new(|_| Act::answer(500, 25, 20));
    let entries = whole(plan, &quota(None, Some(10_000.0)), gateway.clone()).await;
    let told: Vec<&Entry> = entries.iter().filter(|entry| matches!(entry.event, Event::Noted { .. })).collect();
    let [Entry { at, event: Event::Noted { text, .. }, .. }] = told[..] else { panic!("{told:?}") };
    assert!(at.abs_diff(entries[0].at) <= Duration::from_secs(2), "as soon as its turn comes");
    assert!(text.starts_with("a on case huge: one request reserves about"), "{text}");
    // Before the first reply nobody knows how many tokens a byte is: what then was on its way is sent.
    let (ok, failed): (Vec<&Sample>, Vec<&Sample>) = samples(&entries).into_iter().partition(|sample| sample.is_ok());
    assert!(ok.iter().filter(|sample| sample.trial.case == 0).count() >= 30 && failed.len() >= 24, "{}", failed.len());
    assert!(failed.iter().all(|sample| sample.trial.case == 1 && sample.attempts == 0));
    assert!(!entries.iter().any(|entry| matches!(entry.event, Event::VariantRetired { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_run_right_after_another_counts_what_that_one_took() {
    let quota = quota(Some(60.0), None);
    let gateway = Scripted::new(|_| Act::answer(200, 25, 10)).judged(&quota, Refill::ROLLING, Duration::ZERO);
    let minute = || Plan { burst: 1.0, ..one(60) };
    let mut first = start(minute(), &quota, gateway.clone());
    first.rest().await;
    let memory = first.engine.await.unwrap();
    let mut second = start_after(memory, minute(), &quota, gateway.clone());
    let entries = second.rest().await;
    assert_eq!(gateway.seen.lock().unwrap().throttled, 0);
    let began = entries[0].at;
    let sent = entries.iter().find(|entry| matches!(entry.event, Event::InvocationStarted { .. })).unwrap();
    assert!(sent.at.abs_diff(began) > Duration::from_secs(55), "{:?}", sent.at.abs_diff(began));
}

#[tokio::test(start_paused = true)]
async fn small_requests_go_beside_a_large_one_that_waits_and_do_not_delay_it() {
    // One case in six takes 60 % of a minute's tokens; the others 1 %.
    let case = |n: usize| Case {
        id: n.to_string(),
        content: "x".repeat(if n == 0 { 30_000 } else { 500 }),
        ..Case::default()
    };
    let (large, small) = (6_000, 100);
    let tokens = move |ask: &super::scripted::Ask| if ask.prompt > 10_000 { large } else { small };
    for refill in RULES {
        let quota = quota(None, Some(10_000.0));
        let mut plan = one(240);
        plan.cases = (0..6).map(case).collect();
        plan.variants[0].prompt = "{{ content }}".into();
        plan.variants[0].parameters.max_tokens = Some(50);
        let gateway =
            Scripted::new(move |ask| Act::answer(400, tokens(ask), 20)).judged(&quota, refill, Duration::from_secs(11));
        let entries = whole(plan, &quota, gateway.clone()).await;
        assert_eq!(gateway.seen.lock().unwrap().throttled, 0, "{refill:?}");
        let sent_of = |case: usize| {
            let sent = |e: &Entry| match e.event {
                Event::InvocationStarted { trial, .. } if trial.case == case => Some(e.at),
                _ => None,
            };
            entries.iter().filter_map(sent).collect::<Vec<Duration>>()
        };
        let larges = sent_of(0);
        let apart: Vec<f64> = larges.windows(2).skip(1).map(|pair| pair[1].abs_diff(pair[0]).as_secs_f64()).collect();
        // One fits into each minute, and none waits longer than that for the small ones.
        assert!(apart.iter().all(|seconds| (60.0..62.0).contains(seconds)), "{refill:?}: {apart:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_of_very_different_sizes_still_use_the_minute_up() {
    // From 0.2 to 10 % of a minute's tokens; in the schedule's order alone it would be 94 %.
    let case =
        |n: usize| Case { id: n.to_string(), content: "x".repeat(500 + n * 7_919 % 97 * 250), ..Case::default() };
    for refill in RULES {
        let quota = quota(None, Some(50_000.0));
        let mut plan = one(1_500);
        plan.cases = (0..97).map(case).collect();
        plan.variants[0].prompt = "{{ content }}".into();
        let act = |ask: &super::scripted::Ask| {
            let n = ask.before as u64;
            Act::answer(300 + n * 104_729 % 3_000, ask.prompt as u64 / 5, 10 + n * 7_919 % 60)
        };
        let gateway = Scripted::new(act).judged(&quota, refill, Duration::from_secs(11));
        let entries = whole(plan, &quota, gateway.clone()).await;
        let settled: u64 = samples(&entries).iter().map(|sample| sample.settled).sum();
        let used = settled as f64 / sending(&entries).as_secs_f64() * 60.0 / 50_000.0;
        assert!(used >= 0.95, "{refill:?}: {used}");
        assert_eq!(gateway.seen.lock().unwrap().throttled, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fixed_number_is_never_exceeded_whatever_goes_beside_what() {
    let case =
        |n: usize| Case { id: n.to_string(), content: "x".repeat(500 + n * 7_919 % 97 * 250), ..Case::default() };
    for most in [1, 3] {
        let mut plan = one(200);
        plan.concurrency = Concurrency::Fixed(most);
        plan.cases = (0..97).map(case).collect();
        plan.variants[0].prompt = "{{ content }}".into();
        let act = |ask: &super::scripted::Ask| match ask.before % 7 {
            3 => Act::fault(100, quotient::bench::fault::FaultKind::Unavailable),
            n => Act::answer(300 + n as u64 * 900, ask.prompt as u64 / 5, 20),
        };
        let gateway = Scripted::new(act).judged(&quota(None, Some(50_000.0)), Refill::ROLLING, Duration::ZERO);
        let entries = whole(plan, &quota(None, Some(50_000.0)), gateway.clone()).await;
        assert_eq!(gateway.seen.lock().unwrap().most_out, most as usize);
        assert_eq!(samples(&entries).iter().filter(|sample| sample.is_ok()).count(), 200);
    }
}
