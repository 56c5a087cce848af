//! Commands and caps: pause, stop, leaving out, numbers that change while the run is on, time and money.

use std::time::Duration;

use quotient::bench::event::{Command, Ended, Entry, Event, Stop};
use quotient::bench::fault::FaultKind;
use quotient::bench::plan::{Concurrency, Plan};
use quotient::bench::quota::{Limit, LimitSource, Quota};
use quotient::bench::sample::Outcome;

use super::scripted::{Act, Scripted, plan, start, whole};
use super::trials::{ended, samples, sent};

fn steady() -> Scripted {
    Scripted::new(|_| Act::answer(1_000, 20, 10))
}

fn by(concurrency: u32, trials: u32) -> Plan {
    Plan { concurrency: Concurrency::Fixed(concurrency), ..plan(&["a", "b"], trials) }
}

fn is_finished(event: &Event) -> bool {
    matches!(event, Event::TrialFinished { .. })
}

#[tokio::test(start_paused = true)]
async fn pause_stops_sending_and_resume_goes_on() {
    let gateway = steady();
    let mut run = start(by(2, 4), &Quota::default(), gateway.clone());
    run.until(is_finished).await;
    run.commands.send(Command::Pause).unwrap();
    run.until(|event| matches!(event, Event::Paused { .. })).await;
    let asked = gateway.seen.lock().unwrap().asked.len();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(gateway.seen.lock().unwrap().asked.len(), asked, "nothing is sent while paused");
    run.commands.send(Command::Resume).unwrap();
    let rest = run.rest().await;
    assert!(rest.iter().any(|entry| is_finished(&entry.event)));
    assert_eq!(ended(&rest), Ended::Complete);
    assert_eq!(gateway.seen.lock().unwrap().asked.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_gentle_stop_finishes_what_is_in_flight_and_a_hard_one_drops_it() {
    for (stop, ok, unfinished) in [(Stop::InFlight, 5, 0), (Stop::Now, 0, 5)] {
        let gateway = steady();
        let mut run = start(by(5, 50), &Quota::default(), gateway.clone());
        tokio::time::sleep(Duration::from_millis(500)).await;
        run.commands.send(Command::Stop(stop)).unwrap();
        let entries = run.rest().await;
        assert_eq!(ended(&entries), Ended::Interrupted);
        assert_eq!(gateway.seen.lock().unwrap().asked.len(), 5, "{stop:?}: nothing more is sent");
        let samples = samples(&entries);
        assert_eq!(samples.iter().filter(|s| s.is_ok()).count(), ok, "{stop:?}");
        assert_eq!(samples.iter().filter(|s| s.outcome == Outcome::Unfinished).count(), unfinished, "{stop:?}");
        let took = entries.last().unwrap().at.abs_diff(entries[0].at).as_millis();
        assert_eq!(took, if stop == Stop::Now { 500 } else { 1_000 });
        run.engine.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_stop_drops_what_the_first_let_finish() {
    let mut run = start(by(5, 50), &Quota::default(), steady());
    tokio::time::sleep(Duration::from_millis(100)).await;
    run.commands.send(Command::Stop(Stop::InFlight)).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    run.commands.send(Command::Stop(Stop::Now)).unwrap();
    let entries = run.rest().await;
    assert_eq!(samples(&entries).iter().filter(|s| s.outcome == Outcome::Unfinished).count(), 5);
    assert_eq!(entries.last().unwrap().at.abs_diff(entries[0].at).as_millis(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_trial_in_backoff_is_unfinished_when_the_run_is_stopped() {
    let gateway = Scripted::new(|_| Act::fault(10, FaultKind::Unavailable));
    let mut run = start(by(1, 50), &Quota::default(), gateway);
    run.until(|event| matches!(event, Event::InvocationFailed { .. })).await;
    run.commands.send(Command::Stop(Stop::InFlight)).unwrap();
    let entries = run.rest().await;
    assert_eq!(samples(&entries).len(), 1);
    assert_eq!(samples(&entries)[0].outcome, Outcome::Unfinished);
}

#[tokio::test(start_paused = true)]
async fn a_variant_left_out_gets_no_more_and_taken_in_again_makes_it_up() {
    let mut run = start(by(1, 10), &Quota::default(), steady());
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    run.commands.send(Command::Retire(1)).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    run.commands.send(Command::Include(1)).unwrap();
    run.commands.send(Command::Include(1)).unwrap();
    let entries = run.rest().await;
    assert_eq!(ended(&entries), Ended::Complete);
    let index = |wanted: fn(&Event) -> bool| entries.iter().position(|entry| wanted(&entry.event)).unwrap();
    let (out, back) = (
        index(|event| matches!(event, Event::VariantRetired { variant: 1, model: None, .. })),
        index(|event| matches!(event, Event::VariantIncluded { variant: 1 })),
    );
    let between: Vec<usize> = sent(&entries[out..back]).iter().map(|trial| trial.variant).collect();
    assert_eq!(between, [0; 5]);
    let included = entries.iter().filter(|e| matches!(e.event, Event::VariantIncluded { .. })).count();
    assert_eq!(included, 1, "told once");
    for variant in [0, 1] {
        assert_eq!(sent(&entries).iter().filter(|trial| trial.variant == variant).count(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn leaving_every_variant_out_ends_the_run_as_interrupted() {
    let mut run = start(by(2, 10), &Quota::default(), steady());
    tokio::time::sleep(Duration::from_millis(500)).await;
    run.commands.send(Command::Retire(0)).unwrap();
    run.commands.send(Command::Retire(1)).unwrap();
    let entries = run.rest().await;
    assert_eq!(ended(&entries), Ended::Interrupted);
    assert_eq!(samples(&entries).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn concurrency_changes_while_the_run_is_on() {
    let gateway = steady();
    let mut run = start(by(1, 20), &Quota::default(), gateway.clone());
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(gateway.seen.lock().unwrap().most_out, 1);
    run.commands.send(Command::SetConcurrency(Concurrency::Fixed(6))).unwrap();
    let entries = run.rest().await;
    assert_eq!(gateway.seen.lock().unwrap().most_out, 6);
    let told = |e: &Entry| match e.event {
        Event::ConcurrencySet { concurrency, .. } => Some(concurrency),
        _ => None,
    };
    assert_eq!(entries.iter().filter_map(told).collect::<Vec<_>>(), [1, 6]);
}

#[tokio::test(start_paused = true)]
async fn the_time_ends_sending_and_what_is_in_flight_is_measured() {
    let plan = Plan { duration: Some(Duration::from_millis(10_500)), ..by(3, 500) };
    let entries = whole(plan, &Quota::default(), steady()).await;
    assert_eq!(ended(&entries), Ended::Duration);
    let begun = entries[0].at;
    assert_eq!(samples(&entries).len(), 33);
    assert!(samples(&entries).iter().all(|s| s.is_ok()));
    let late = entries.iter().filter(|e| matches!(e.event, Event::InvocationStarted { .. }));
    assert!(late.map(|e| e.at.abs_diff(begun)).all(|after| after <= Duration::from_millis(10_500)));
}

#[tokio::test(start_paused = true)]
async fn the_time_also_ends_a_run_that_is_paused() {
    let plan = Plan { duration: Some(Duration::from_secs(10)), ..by(3, 500) };
    let mut run = start(plan, &Quota::default(), steady());
    run.commands.send(Command::Pause).unwrap();
    let entries = run.rest().await;
    assert_eq!(ended(&entries), Ended::Duration);
    assert_eq!(entries.last().unwrap().at.abs_diff(entries[0].at).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn money_never_goes_over_its_cap_and_in_flight_counts_at_its_worst() {
    let gateway = steady();
    let mut plan = by(8, 500);
    let price = plan.models[0].price.unwrap();
    // An invocation costs 20 input and 10 output tokens, and may cost 100 output tokens.
    let cost = (price.input * 20.0 + price.output * 10.0) / 1e6;
    let worst = (price.cache_write * 25.0 + price.output * 100.0) / 1e6;
    let cap = 40.0 * cost + worst;
    plan.max_cost_usd = Some(cap);
    let entries = whole(plan, &Quota::default(), gateway).await;
    assert_eq!(ended(&entries), Ended::Budget);
    let spent: f64 = samples(&entries).iter().filter_map(|s| s.cost_usd).sum();
    assert!(spent <= cap, "{spent} of {cap}");
    assert!(spent + 2.0 * worst > cap, "and it is made use of: {spent} of {cap}");
    assert!(entries.iter().any(|e| matches!(&e.event, Event::Noted { text, .. } if text.contains("cap"))));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_billed_unseen_counts_at_its_worst() {
    let gateway = Scripted::new(|_| Act::fault(1_000, FaultKind::TimedOut));
    let mut plan = by(1, 500);
    let price = plan.models[0].price.unwrap();
    let worst = price.output * 100.0 / 1e6;
    plan.max_cost_usd = Some(10.5 * worst);
    let entries = whole(plan, &Quota::default(), gateway.clone()).await;
    assert_eq!(ended(&entries), Ended::Budget);
    assert!(gateway.seen.lock().unwrap().asked.len() <= 10);
    assert!(samples(&entries).iter().all(|s| s.cost_usd == Some(0.0)), "what is not known is not reported");
}

#[tokio::test(start_paused = true)]
async fn a_daily_share_that_is_used_up_ends_the_run_as_a_cap() {
    let mut quota = super::scripted::quota(Some(1_000.0), None);
    quota.tpd = Some(Limit::unlisted(5_000.0, LimitSource::Applied));
    let mut plan = by(4, 500);
    plan.models[0].burndown = 1;
    let entries = whole(plan, &quota, steady()).await;
    assert_eq!(ended(&entries), Ended::Budget);
    let settled: u64 = samples(&entries).iter().map(|s| s.settled).sum();
    // 30 each; the last reservation of some 120 must still have fitted into the share of 4,500.
    assert!((4_300..=4_500).contains(&settled), "{settled}");
    assert!(entries.iter().any(|e| matches!(&e.event, Event::Noted { text, .. } if text.contains("daily"))));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_listens_to_ends() {
    let gateway = steady();
    let run = start(by(2, 1_000), &Quota::default(), gateway.clone());
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    drop(run.events);
    run.engine.await.unwrap();
    assert!(gateway.seen.lock().unwrap().asked.len() <= 6);
}

#[tokio::test(start_paused = true)]
async fn nobody_left_to_command_does_not_end_a_run_unless_it_is_paused() {
    let mut run = start(by(2, 5), &Quota::default(), steady());
    let (nobody, _) = tokio::sync::mpsc::unbounded_channel();
    run.commands = nobody;
    assert_eq!(ended(&run.rest().await), Ended::Complete);

    let mut run = start(by(2, 5), &Quota::default(), steady());
    run.commands.send(Command::Pause).unwrap();
    let (nobody, _) = tokio::sync::mpsc::unbounded_channel();
    run.commands = nobody;
    assert_eq!(ended(&run.rest().await), Ended::Interrupted);
}
