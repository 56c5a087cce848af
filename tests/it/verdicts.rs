//! What a report says beside the figures: advice, intervals, weights, several models, limits that were learned.

use std::sync::Arc;
use std::time::Duration;

use quotient::bench::event::{Entry, Event};
use quotient::bench::model::ModelId;
use quotient::bench::objective::Rule;
use quotient::bench::plan::{ModelPlan, Plan};
use quotient::bench::quota::{Limit, LimitKind, LimitSource, Quota};
use quotient::bench::report::Report;
use quotient::bench::sample::Outcome;
use quotient::bench::tally::Tally;
use quotient::bench::template::Templates;
use quotient::bench::usage::Usage;
use quotient::bench::verdict::verdict;
use quotient::bench::within::{Within, within};

use crate::stage;

fn folded(entries: &[Entry]) -> Tally {
    let mut tally = stage::tally(&["one"], 0);
    for entry in entries {
        tally.apply(entry);
    }
    tally
}

fn quota(rpm: f64, tpm: f64) -> Quota {
    let limit = |value| Some(Limit::unlisted(value, LimitSource::Applied));
    Quota { rpm: limit(rpm), tpm: limit(tpm), tpd: None }
}

#[test]
fn advice_is_the_longest_answer_and_some_room_with_the_risk_that_the_sample_leaves() {
    let mut entries = stage::entries(&["one", "two"], 20);
    for entry in &mut entries {
        if let Event::TrialFinished { sample } = &mut entry.event
            && let Outcome::Ok { usage, cut_off, .. } = &mut sample.outcome
        {
            *usage = Usage::reported(60, 100 + u64::from(sample.trial.block));
            (sample.reserved, sample.settled) = (60 + 512, 250);
            *cut_off = sample.trial.variant == 1 && sample.trial.block == 3;
        }
    }
    let report = Report::of(&folded(&entries));
    let [one, two] = &report.models[0].variants[..] else { panic!("two variants") };
    let advice = one.advice.expect("no answer was cut off");
    // The longest had 119 tokens, a tenth of room, rounded up to ten; none of 20 bounds the risk at 13.9 %.
    assert_eq!(advice.max_tokens, 140);
    assert!((advice.cut_off_risk - 0.1391).abs() < 1e-3, "{advice:?}");
    let now = one.capacity.requests_per_minute.unwrap();
    assert!((advice.capacity_with_advice - now - advice.regained).abs() < 1e-9 && advice.regained > 0.0, "{advice:?}");
    assert_eq!(two.advice, None, "where answers are cut off a smaller value is no advice");
}

#[test]
fn means_and_percentiles_have_intervals_and_those_withheld_have_none() {
    let report = Report::of(&folded(&stage::entries(&["one", "two"], 60)));
    let one = &report.models[0].variants[0];
    let tokens = one.tokens.as_ref().unwrap();
    let (low, high) = tokens.intervals.unwrap().output;
    assert!(low < tokens.output && tokens.output < high, "{tokens:?}");
    let capacity = &one.capacity;
    let (low, at, high) = (capacity.accepted_low, capacity.accepted_per_minute, capacity.accepted_high);
    assert!(low < at && at < high, "{capacity:?}");
    let e2e = one.latency_ms.e2e.as_ref().unwrap();
    let (low, high) = e2e.intervals["p50"];
    assert!(low <= e2e.p50.unwrap() && e2e.p50.unwrap() <= high && low < high, "{e2e:?}");
    assert!(e2e.p99.is_none() && !e2e.intervals.contains_key("p99"));
    let few = Report::of(&folded(&stage::entries(&["one", "two"], 4)));
    let one = &few.models[0].variants[0];
    assert_eq!((one.tokens.as_ref().unwrap().intervals, one.capacity.low), (None, None));
}

#[test]
fn capacity_goes_by_what_was_learned_of_a_limit() {
    let mut entries = stage::entries(&["one", "two"], 20);
    let listed = Report::of(&folded(&entries)).models[0].variants[0].capacity.clone();
    let tpm = stage::quota().value(LimitKind::Tpm).unwrap();
    let learned = Event::LimitLearned { model: 0, limit: LimitKind::Tpm, value: tpm / 2.0 };
    entries.insert(10, Entry { seq: 0, at: entries[10].at, event: learned });
    let report = Report::of(&folded(&entries));
    let found = report.models[0].variants[0].capacity.clone();
    let half = |of: Option<f64>| of.map(|rpm| rpm / 2.0);
    assert!((found.requests_per_minute.unwrap() - half(listed.requests_per_minute).unwrap()).abs() < 1e-9);
    // What can be taken is no share of the listed limit any more.
    assert!((found.in_share.unwrap() - found.requests_per_minute.unwrap()).abs() < 1e-9, "{found:?}");
    assert_eq!(report.models[0].quota.value(LimitKind::Tpm), Some(tpm), "what is listed stays what it is");
    assert!(report.run.warnings.iter().any(|said| said.contains("capacities go by the learned TPM")));
}

#[test]
fn objectives_can_be_weighted() {
    let mut entries = stage::entries(&["one", "two", "three"], 40);
    let rule = Rule::parse("efficiency=0.5,latency=0.5").unwrap();
    for entry in &mut entries {
        if let Event::RunStarted { plan, .. } = &mut entry.event {
            Arc::make_mut(plan).objective = rule;
        }
    }
    let tally = folded(&entries);
    let found = verdict(&tally, 0, &rule);
    assert_eq!(found.unit, "weighted");
    assert!(found.winner.is_some() && found.ranking.len() == 3, "{found:?}");
    let report = Report::of(&tally);
    assert_eq!(report.models[0].verdicts[&rule.name()], found, "the report has the plan's combination as well");
}

/// Two models: the second is half as dear and twice as slow.
fn two_models() -> Tally {
    let mut entries = stage::entries(&["one", "two"], 40);
    let mut more = Vec::new();
    for entry in &mut entries {
        match &mut entry.event {
            Event::RunStarted { plan, .. } => {
                let plan = Arc::make_mut(plan);
                plan.models.push(ModelPlan::of(ModelId::parse("amazon.nova-lite-v1:0")));
            }
            Event::QuotaDetected { model: 0, quota, .. } => {
                more.push(Event::QuotaDetected { model: 1, quota: quota.clone(), notes: Vec::new() });
            }
            Event::TrialFinished { sample } => {
                sample.cost_usd = Some(0.002 + 0.000_1 * f64::from(sample.trial.block % 3));
                let mut other = sample.clone();
                (other.trial.model, other.trial.id) = (1, other.trial.id + 1_000);
                other.cost_usd = other.cost_usd.map(|usd| usd / 2.0);
                if let Outcome::Ok { timing, .. } = &mut other.outcome {
                    timing.e2e *= 2;
                }
                more.push(Event::TrialFinished { sample: other });
            }
            _ => {}
        }
    }
    let last = entries.pop().expect("a run ends");
    entries.extend(more.into_iter().map(|event| Entry { seq: 0, at: last.at, event }));
    entries.push(last);
    folded(&entries)
}

#[test]
fn across_models_the_cheapest_and_the_fastest_are_named_at_equal_quality() {
    let report = Report::of(&two_models());
    let across = report.across.expect("two models");
    let (cheapest, fastest) = (across.cheapest.unwrap(), across.fastest.unwrap());
    assert_eq!(cheapest.model, "amazon.nova-lite-v1:0");
    assert_ne!(fastest.model, cheapest.model);
    assert!(across.most_capacity.is_some());
    assert!(across.quality.contains("no gate"), "{}", across.quality);
    assert_eq!(Report::of(&folded(&stage::entries(&["one", "two"], 5))).across, None, "one model has no across");
}

#[test]
fn within_a_time_trials_and_variants_are_chosen_and_too_small_a_quota_is_reckoned() {
    let mut plan = stage::plan(&["one", "two", "three"], 50);
    plan.warmup = 1;
    plan.share = 1.0;
    plan.trials_named = true;
    let of = |plan: &Plan, minutes: u64, quota: Quota| {
        let plan = Plan { within: Some(Duration::from_mins(minutes)), ..plan.clone() };
        within(&plan, &Templates::new(&plan).unwrap(), &[Some(quota)]).unwrap()
    };
    let fits = |of: Within| match of {
        Within::Fitted { trials, left_out, .. } => Some((trials, left_out.len())),
        _ => None,
    };
    assert_eq!(fits(of(&plan, 10, quota(600.0, 1e9))), Some((50, 0)), "never more than planned");
    assert_eq!(fits(of(&plan, 10, quota(9.0, 1e9))), Some((27, 0)), "85 requests, 3 of them warm-up");
    assert_eq!(fits(of(&plan, 10, quota(3.0, 1e9))), Some((13, 1)), "two variants in place of three");
    let Within::Arithmetic { ranking, reason } = of(&plan, 10, quota(1.0, 1e9)) else { panic!("too small") };
    assert_eq!(ranking.len(), 3);
    assert!(reason.contains("nothing is sent") && ranking[0].settled <= ranking[2].settled, "{reason}");
    let unset = Plan { within: None, ..plan.clone() };
    let none = within(&unset, &Templates::new(&unset).unwrap(), &[None]).unwrap();
    assert_eq!(none, Within::AsPlanned);
}
