//! Trials: their order, their retries, their samples, and what one variant's faults mean for the others.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use quotient::bench::check::Check;
use quotient::bench::event::{Ended, Entry, Event, NoteLevel};
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::model::ModelId;
use quotient::bench::plan::{Case, Concurrency, Keep, ModelPlan, Plan};
use quotient::bench::quota::Quota;
use quotient::bench::sample::{Outcome, Sample, Trial};
use quotient::bench::tally::Tally;

use super::scripted::{Act, Scripted, plan, quota, whole};

/// The trials in the order in which they were first sent.
pub(super) fn sent(entries: &[Entry]) -> Vec<Trial> {
    entries
        .iter()
        .filter_map(|entry| match entry.event {
            Event::InvocationStarted { trial, attempt: 1, .. } => Some(trial),
            _ => None,
        })
        .collect()
}

pub(super) fn samples(entries: &[Entry]) -> Vec<&Sample> {
    entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::TrialFinished { sample } => Some(sample),
            _ => None,
        })
        .collect()
}

pub(super) fn ended(entries: &[Entry]) -> Ended {
    match entries.last().map(|entry| &entry.event) {
        Some(Event::RunFinished { ended, .. }) => *ended,
        other => panic!("the last event is {other:?}"),
    }
}

fn cases(n: usize) -> Vec<Case> {
    (0..n).map(|id| Case { id: id.to_string(), content: format!("text {id}"), ..Case::default() }).collect()
}

fn four() -> Plan {
    Plan { cases: cases(5), warmup: 1, ..plan(&["a", "b", "c", "d"], 12) }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_order_and_blocks_are_whole() {
    // Latencies differ between the runs: the order must not.
    let order = async |seed: u64, slow: u64| {
        let gateway = Scripted::new(move |ask| Act::answer(100 + slow * (ask.before as u64 % 7), 20, 10));
        sent(&whole(Plan { seed, ..four() }, &quota(Some(100.0), None), gateway).await)
    };
    let first = order(7, 10).await;
    assert_eq!(first, order(7, 230).await);
    assert_ne!(first, order(8, 10).await);
    assert_eq!(first.len(), 4 * 13);
    for (round, block) in first.chunks(4).enumerate() {
        assert_eq!(block.iter().map(|t| t.variant).collect::<HashSet<_>>().len(), 4, "round {round}");
        assert_eq!(block.iter().map(|t| t.case).collect::<HashSet<_>>().len(), 1, "round {round}");
        assert!(block.iter().all(|t| t.warmup == (round == 0)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_variants_faults_retire_it_and_touch_no_other() {
    let gateway = Scripted::new(|ask| match ask.variant.as_str() {
        "broken" => Act::fault(30, FaultKind::Invalid),
        _ => Act::answer(300, 20, 10),
    });
    let mut plan = plan(&["good", "broken", "fine"], 10);
    plan.concurrency = Concurrency::Fixed(1);
    let entries = whole(plan, &Quota::default(), gateway.clone()).await;
    assert_eq!(ended(&entries), Ended::Complete);
    let of = |variant: usize| samples(&entries).into_iter().filter(move |s| s.trial.variant == variant);
    assert_eq!(of(0).filter(|s| s.is_ok()).count(), 10);
    assert_eq!(of(2).filter(|s| s.is_ok()).count(), 10);
    assert_eq!(of(1).count(), 3, "three refusals in a row are enough");
    assert!(of(1).all(|s| matches!(&s.outcome, Outcome::Failed { fault } if fault.kind == FaultKind::Invalid)));
    assert!(of(1).all(|s| s.attempts == 1), "no retry can help");
    let retired: Vec<_> = entries
        .iter()
        .filter_map(|e| match &e.event {
            Event::VariantRetired { variant, model, reason, .. } => Some((*variant, *model, reason.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(retired.len(), 1);
    assert_eq!((retired[0].0, retired[0].1), (1, Some(0)));
    assert!(retired[0].2.contains("as scripted"), "{}", retired[0].2);
}

#[tokio::test(start_paused = true)]
async fn a_run_without_any_working_variant_ends_in_errors() {
    let gateway = Scripted::new(|_| Act::fault(30, FaultKind::Denied));
    let entries = whole(plan(&["a", "b"], 50), &Quota::default(), gateway.clone()).await;
    assert_eq!(ended(&entries), Ended::Errors);
    let asked = gateway.seen.lock().unwrap().asked.len();
    assert!((6..=6 + 4).contains(&asked), "{asked}: three of each, and what was in flight");
}

#[tokio::test(start_paused = true)]
async fn what_can_be_retried_is_retried_with_backoff_up_to_the_plans_attempts() {
    let gateway = Scripted::new(|ask| match (ask.variant.as_str(), ask.before_of_variant) {
        ("twice", 0 | 1) => Act::fault(50, FaultKind::Unavailable),
        ("never", _) => Act::fault(50, FaultKind::TimedOut),
        _ => Act::answer(200, 20, 10),
    });
    let mut plan = plan(&["twice", "never"], 1);
    plan.attempts = 4;
    let entries = whole(plan, &Quota::default(), gateway.clone()).await;
    let samples = samples(&entries);
    let twice = samples.iter().find(|s| s.trial.variant == 0).unwrap();
    let never = samples.iter().find(|s| s.trial.variant == 1).unwrap();
    assert!(twice.is_ok());
    assert_eq!((twice.attempts, never.attempts), (3, 4));
    assert!(matches!(&never.outcome, Outcome::Failed { fault } if fault.kind == FaultKind::TimedOut));
    let backoffs = |variant: usize| -> Vec<Option<Duration>> {
        let backoff = |entry: &Entry| match &entry.event {
            Event::InvocationFailed { trial, backoff, .. } if trial.variant == variant => Some(*backoff),
            _ => None,
        };
        entries.iter().filter_map(backoff).collect()
    };
    let waits: Duration = backoffs(0).into_iter().flatten().sum();
    assert_eq!(backoffs(0).len(), 2);
    let to_success = Duration::from_millis(50 + 50 + 200) + waits;
    assert!(twice.to_success.abs_diff(to_success) < Duration::from_millis(5), "{:?}", twice.to_success);
    assert_eq!(backoffs(1).iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(ended(&entries), Ended::Complete);
    let Outcome::Ok { timing, .. } = &twice.outcome else { panic!("ok") };
    assert_eq!(timing.e2e, Duration::from_millis(200), "latency is that of the successful attempt alone");
}

#[tokio::test(start_paused = true)]
async fn a_daily_quota_that_is_used_up_stops_that_model_and_no_other() {
    let gateway = Scripted::new(|ask| {
        if ask.model.contains("nova") {
            let hopeless = Fault { hopeless: true, ..Fault::new(FaultKind::Throttled, "Too many tokens per day") };
            return Act { fault: Some(hopeless), ..Act::answer(30, 0, 0) };
        }
        Act::answer(100, 20, 10)
    });
    let mut plan = plan(&["a", "b"], 20);
    plan.models.push(ModelPlan::of(ModelId::parse("amazon.nova-lite-v1:0")));
    let entries = whole(plan, &Quota::default(), gateway.clone()).await;
    assert_eq!(ended(&entries), Ended::Errors);
    let of = |model: usize| samples(&entries).into_iter().filter(move |s| s.trial.model == model);
    assert_eq!(of(0).filter(|s| s.is_ok()).count(), 40);
    assert!(of(1).count() <= 4, "it does not hammer: {}", of(1).count());
    let noted = entries.iter().any(|e| {
        matches!(&e.event, Event::Noted { level: NoteLevel::Warning, text } if text.contains("nova") && text.contains("per day"))
    });
    assert!(noted);
}

#[tokio::test(start_paused = true)]
async fn what_can_never_fit_fails_at_once_and_says_what_to_change() {
    let gateway = Scripted::new(|_| Act::answer(100, 20, 10));
    let mut plan = plan(&["small", "huge"], 5);
    plan.variants[1].parameters.max_tokens = Some(64_000);
    let entries = whole(plan, &quota(Some(100.0), Some(20_000.0)), gateway.clone()).await;
    let failed: Vec<&Sample> = samples(&entries).into_iter().filter(|s| s.trial.variant == 1).collect();
    assert_eq!(failed.len(), 1, "one case, and it does not fit");
    for sample in failed {
        let Outcome::Failed { fault } = &sample.outcome else { panic!("{sample:?}") };
        assert!(fault.message.contains("20000 tokens per minute"), "{}", fault.message);
        assert!(fault.message.contains("max_tokens"), "{}", fault.message);
        assert_eq!(sample.attempts, 0);
    }
    assert!(gateway.seen.lock().unwrap().asked.iter().all(|(variant, _)| variant == "small"));
    assert_eq!(samples(&entries).iter().filter(|s| s.is_ok()).count(), 5);
}

#[tokio::test(start_paused = true)]
async fn replies_are_kept_as_the_plan_asks() {
    let texts = async |keep: Keep| {
        let gateway = Scripted::new(|ask| {
            let text = if ask.before_of_variant % 2 == 0 { "short" } else { "much too long an answer" };
            Act { text: text.into(), ..Act::answer(100, 20, 10) }
        });
        let check = Check { kind: "max_words".into(), value: 3.into(), ..Check::default() };
        let plan = Plan { keep, checks: vec![check], warmup: 1, ..plan(&["a", "b"], 8) };
        let entries = whole(plan, &Quota::default(), gateway).await;
        let kept = |s: &&Sample| matches!(&s.outcome, Outcome::Ok { text: Some(_), .. });
        let samples = samples(&entries);
        assert_eq!(samples.iter().filter(|s| s.is_accepted()).count(), 2 * 9 - 8);
        let kept: Vec<(usize, bool)> =
            samples.into_iter().filter(kept).map(|s| (s.trial.variant, s.is_accepted())).collect();
        kept
    };
    assert_eq!(texts(Keep::All).await.len(), 18);
    assert_eq!(texts(Keep::None).await.len(), 0);
    let mut samples = texts(Keep::Samples).await;
    samples.sort_unstable();
    let of = |variant| [(variant, false), (variant, false), (variant, false), (variant, true)];
    assert_eq!(samples, [of(0), of(1)].concat(), "the first accepted one, and three for the check");
}

#[tokio::test(start_paused = true)]
async fn a_sample_holds_what_the_trial_took() {
    let gateway = Scripted::new(|_| Act::answer(400, 30, 8));
    let mut plan = plan(&["a"], 1);
    plan.models[0].burndown = 5;
    let entries = whole(plan.clone(), &Quota::default(), gateway).await;
    let sample = samples(&entries)[0];
    assert_eq!((sample.reserved, sample.settled, sample.wasted), (30 + 100, 30 + 5 * 8, 0));
    let price = plan.models[0].price.unwrap();
    let cost = (price.input * 30.0 + price.output * 8.0) / 1e6;
    assert!((sample.cost_usd.unwrap() - cost).abs() < 1e-12);
    let mut tally = Tally::planned(Arc::new(plan));
    for entry in &entries {
        tally.apply(entry);
    }
    assert_eq!(tally.finished_trials(), 1);
    assert_eq!(tally.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn progress_is_bounded_at_the_source() {
    let gateway = Scripted::new(|_| Act { chunks: 500, ..Act::answer(10_000, 20, 10) });
    let mut plan = plan(&["a", "b"], 100);
    plan.concurrency = Concurrency::Fixed(50);
    let entries = whole(plan, &Quota::default(), gateway).await;
    let progress: Vec<(u64, Duration)> = entries
        .iter()
        .filter_map(|e| match &e.event {
            Event::Progress { trial, .. } => Some((trial.id, e.at)),
            _ => None,
        })
        .collect();
    // 200 trials by 50 at once, 10 s each: 40 s.
    assert!((1_000..=2_040).contains(&progress.len()), "{}", progress.len());
    for id in 0..200 {
        let of_one: Vec<Duration> = progress.iter().filter(|(trial, _)| *trial == id).map(|(_, at)| *at).collect();
        assert!(of_one.windows(2).all(|pair| pair[1].abs_diff(pair[0]) >= Duration::from_millis(250)));
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_are_in_flight_at_once() {
    let gateway = Scripted::new(|_| Act::answer(10_000, 20, 10));
    let mut plan = plan(&["a", "b"], 3_000);
    plan.concurrency = Concurrency::Fixed(3_000);
    let entries = whole(plan, &Quota::default(), gateway.clone()).await;
    assert_eq!(gateway.seen.lock().unwrap().most_out, 3_000);
    assert_eq!(samples(&entries).len(), 6_000);
    let took = entries.last().unwrap().at.abs_diff(entries[0].at);
    assert!(took < Duration::from_secs(21), "two rounds: {took:?}");
}
