//! Tests of the charts that show distributions, time and fronts.

use std::sync::Arc;
use std::time::Duration;

use quotient::bench::event::{Entry, Event};
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::history::MOST_STEPS;
use quotient::bench::quota::LimitKind;
use quotient::bench::report::Report;
use quotient::bench::sample::{CheckFailure, Outcome};
use quotient::bench::tally::Tally;
use quotient::bench::usage::UsageSource;

use crate::export::{HOSTILE, chart, well_formed};
use crate::stage;

/// A synthetic run with every entry changed a little.
fn changed(names: &[&str], trials: u32, mut change: impl FnMut(&mut Entry)) -> Tally {
    let mut tally = Tally::planned(Arc::new(stage::plan(names, trials)));
    for mut entry in stage::entries(names, trials) {
        change(&mut entry);
        tally.apply(&entry);
    }
    tally
}

/// What a picture shows as text.
fn texts(svg: &str) -> Vec<String> {
    let of = |part: &str| Some(part.split_once('>')?.1.split_once("</text>")?.0.to_owned());
    svg.split("<text ").skip(1).filter_map(of).collect()
}

#[test]
fn quantiles_are_shown_where_n_allows_them_and_the_place_says_which_are_withheld() {
    for (trials, said, withheld) in [
        (6, 0, "n 6 · p50, p90, p95, p99 withheld, n &lt; 10"),
        (20, 1, "p90, p95, p99 withheld, n &lt; 50"),
        (60, 2, "p95, p99 withheld, n &lt; 100"),
        (120, 3, "p99 withheld, n &lt; 500"),
        (510, 4, ""),
    ] {
        let tally = stage::tally(&["concise"], trials);
        let svg = chart("latency", &tally);
        let texts = texts(&svg);
        let labels: Vec<&String> = texts.iter().filter(|text| text.starts_with("n ")).collect();
        assert_eq!(labels.len(), 2, "TTFT and E2E");
        for label in labels {
            assert!(label.starts_with(&format!("n {trials}")) && label.ends_with(withheld), "{label}");
            assert_eq!(
                label.split(" · ").filter(|part| part.starts_with('p') && !part.contains("withheld")).count(),
                said
            );
        }
        // What is withheld has no mark either.
        let report = Report::of(&tally);
        let e2e = report.models[0].variants[0].latency_ms.e2e.clone().unwrap();
        let known = [e2e.p50, e2e.p90, e2e.p95, e2e.p99].iter().flatten().count();
        assert_eq!(known, said);
        assert_eq!(e2e.histogram.iter().map(|bin| bin.count).sum::<u64>(), u64::from(trials));
        assert!(e2e.histogram.iter().all(|bin| bin.from_ms < bin.to_ms && bin.count > 0));
    }
}

#[test]
fn what_was_not_streamed_or_failed_keeps_its_row_and_says_so() {
    let tally = changed(&["concise", "silent", "broken"], 12, |entry| {
        if let Event::TrialFinished { sample } = &mut entry.event
            && sample.trial.variant == 1
            && let Outcome::Ok { timing, .. } = &mut sample.outcome
        {
            timing.ttft = None;
        }
    });
    let svg = chart("latency", &tally);
    assert_eq!(svg.matches(">no TTFT: no text was streamed</text>").count(), 1);
    assert_eq!(svg.matches(">failed (12 of 12 trials)</text>").count(), 2);
    assert_eq!(texts(&svg).iter().filter(|text| text.starts_with("n 12 ")).count(), 3);
    assert!(svg.contains("silent: n 12 · p50"), "the description has every value");
}

#[test]
fn one_straggler_does_not_squeeze_the_rest_and_is_told() {
    let mut first = true;
    let tally = changed(&["concise", "detailed"], 60, |entry| {
        if let Event::TrialFinished { sample } = &mut entry.event
            && let Outcome::Ok { timing, .. } = &mut sample.outcome
            && std::mem::take(&mut first)
        {
            timing.e2e = Duration::from_secs(90);
        }
    });
    let texts = texts(&chart("latency", &tally));
    assert!(texts.iter().any(|text| text.starts_with("up to ") && text.ends_with(" →")), "{texts:?}");
    assert!(!texts.contains(&"50,000".to_owned()), "{texts:?}");
}

#[test]
fn quota_over_time_has_its_limits_as_lines_and_its_throttles_as_marks() {
    let mut tally = stage::tally(&["detailed", "concise"], 40);
    let svg = chart("quota", &tally);
    let shown = texts(&svg);
    for text in
        ["quota 100 RPM (applied)", "quota 20,000 TPM (applied)", "throttled (1 in all)", "Requests", "Quota tokens"]
    {
        assert!(shown.contains(&text.to_owned()), "{text}: {shown:?}");
    }
    assert!(!svg.contains("stroke-dasharray"), "a listed limit is a whole line");
    assert!(svg.contains("Throttled: 1 (concise 1)."));
    tally.models[0].learned.insert(LimitKind::Tpm, 16_000.0);
    let svg = chart("quota", &tally);
    assert!(svg.contains(">learned 16,000 TPM</text>"));
    assert_eq!(svg.matches("stroke-dasharray").count(), 1);

    let quota = tally.models[0].quota.as_mut().unwrap();
    quota.rpm = None;
    quota.tpm.as_mut().unwrap().value = 5e6;
    tally.models[0].variants[0].source = Some(Some(UsageSource::Estimated));
    let shown = texts(&chart("quota", &tally));
    for text in ["no RPM limit known", "quota 5,000,000 TPM (applied)", "off the scale ↑", "Quota tokens est"] {
        assert!(shown.contains(&text.to_owned()), "{text}: {shown:?}");
    }
}

#[test]
fn history_says_what_the_ledger_said_and_stays_small() {
    let tally = changed(&["detailed", "concise"], 600, |_| {});
    let report = Report::of(&tally);
    let history = &report.models[0].history;
    assert!(history.len() <= MOST_STEPS && history.len() > MOST_STEPS / 3, "{}", history.len());
    let length = tally.elapsed(tally.last_at).as_secs_f64();
    assert!(history.iter().all(|point| point.seconds >= 0.0 && point.seconds <= length));
    let throttles: u64 = report.models[0].variants.iter().map(|variant| variant.throttles).sum();
    assert_eq!(history.iter().map(|point| point.throttles).sum::<u64>(), throttles);
    let most = history.iter().map(|point| point.tokens).fold(0.0, f64::max);
    assert!(most > 10_000.0 && most < 20_000.0, "{most}");
    assert!(history.iter().any(|point| point.held > 500.0));
}

#[test]
fn warm_up_and_every_attempt_count_as_throttled() {
    let mut tally = stage::tally(&["concise"], 5);
    let trial = tally.recent[0].sample.trial;
    let at = tally.last_at + Duration::from_secs(1);
    for attempt in 1..=3 {
        let trial = quotient::bench::sample::Trial { id: 900, warmup: true, ..trial };
        let fault = Fault::new(FaultKind::Throttled, "slow down");
        for event in [
            Event::InvocationStarted { trial, attempt, reserved: 10 },
            Event::InvocationFailed { trial, attempt, fault, settled: 0, backoff: Some(Duration::from_secs(1)) },
        ] {
            tally.apply(&Entry { seq: 0, at, event });
        }
    }
    assert!(chart("quota", &tally).contains(">throttled (4 in all)</text>"));
}

/// Names on the front, by the description.
fn front(svg: &str) -> Vec<String> {
    let panel = svg.split_once("<desc>").unwrap().1.split_once(". ").unwrap().0.to_owned();
    let on = panel.split("; ").filter(|part| part.ends_with(", on the front"));
    on.map(|part| part.split_once(": ").unwrap().0.to_owned()).collect()
}

#[test]
fn the_front_is_whom_no_other_beats() {
    // Settled tokens and accepted answers of ten: c is beaten by b, d by everybody, e ties with a in all.
    let numbers = [(100, 5), (300, 9), (400, 8), (500, 5), (100, 5)];
    let mut seen = [0; 5];
    let tally = changed(&["a", "b", "c", "d", "e", "broken"], 10, |entry| {
        if let Event::TrialFinished { sample } = &mut entry.event
            && let Outcome::Ok { failed_checks, .. } = &mut sample.outcome
        {
            let variant = sample.trial.variant;
            let (settled, accepted) = numbers[variant];
            sample.settled = settled;
            seen[variant] += 1;
            let no = CheckFailure { check: "c".into(), why: "w".into() };
            *failed_checks = if seen[variant] > accepted { vec![no] } else { Vec::new() };
        }
    });
    let svg = chart("pareto", &tally);
    assert_eq!(front(&svg), ["a", "b", "e"]);
    for name in ["a", "b", "c", "d", "e", "broken: failed (10 of 10 trials)"] {
        assert!(svg.contains(&format!(">{name}</text>")), "{name}");
    }
    assert!(svg.contains("c: 400, 80 % (49"), "its interval is told");
    assert!(svg.contains(">US dollars per 1,000 requests</text>"));
    let bold = |name: &str| {
        let end = svg.find(&format!(">{name}</text>")).unwrap();
        svg[svg[..end].rfind("<text").unwrap()..end].contains("bold")
    };
    assert!(bold("a") && bold("b") && !bold("c") && !bold("d"), "not by colour alone");
}

#[test]
fn with_every_answer_accepted_and_one_cost_the_axes_still_have_a_range() {
    let tally = changed(&["concise", "detailed"], 20, |entry| {
        if let Event::TrialFinished { sample } = &mut entry.event {
            (sample.settled, sample.cost_usd) = (300, None);
            if let Outcome::Ok { failed_checks, .. } = &mut sample.outcome {
                failed_checks.clear();
            }
        }
    });
    let svg = chart("pareto", &tally);
    let shown = texts(&svg);
    assert!(shown.contains(&"100".to_owned()) && shown.contains(&"80".to_owned()), "{shown:?}");
    assert_eq!(shown.iter().filter(|text| *text == "concise" || *text == "detailed").count(), 2);
    assert!(!svg.contains("US dollars"), "no price is known");
}

#[test]
fn many_points_have_numbers_that_are_told() {
    let names: Vec<String> = (1..=20).map(|n| format!("variant {n}")).collect();
    let tally = stage::tally(&names.iter().map(String::as_str).collect::<Vec<_>>(), 10);
    let shown = texts(&chart("pareto", &tally));
    for (name, number) in names.iter().zip(1..) {
        let key = shown.iter().filter(|text| **text == format!("{number} · {name}"));
        assert_eq!(key.count(), 1, "{shown:?}");
        assert!(shown.contains(&number.to_string()) || shown.contains(name), "{number}");
    }
}

#[test]
fn hostile_names_and_estimates_pass_into_no_chart() {
    let mut tally = stage::tally(&[HOSTILE, "要約を短く簡潔に書いてください、できれば一行で", "موجز", "broken"], 12);
    tally.models[0].variants[1].source = Some(None);
    for name in ["latency", "quota", "pareto"] {
        let svg = chart(name, &tally);
        well_formed(&svg).unwrap_or_else(|why| panic!("{name}: {why}"));
        for foreign in ["<script", "url(", "<style", "NaN", "inf", "\u{202e}", "clip-path"] {
            assert!(!svg.contains(foreign), "{name} holds {foreign}");
        }
    }
    assert!(chart("pareto", &tally).contains(" est</title>"), "a shortened name tells it in full");
    assert!(chart("latency", &tally).contains(">موجز</text>"));
}

#[test]
fn a_report_of_an_older_version_is_still_read() {
    fn without(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                fields.retain(|key, _| !["history", "histogram", "accepted_per_usd"].contains(&key.as_str()));
                fields.values_mut().for_each(without);
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(without),
            _ => {}
        }
    }
    let report = Report::of(&stage::tally(&["concise"], 12));
    let mut old = serde_json::to_value(&report).unwrap();
    without(&mut old);
    let read: Report = serde_json::from_value(old).unwrap();
    assert!(read.models[0].history.is_empty());
    assert_eq!(read.models[0].variants[0].accepted_per_usd, None);
    assert_eq!(
        read.models[0].variants[0].latency_ms.e2e.as_ref().unwrap().p50,
        report.models[0].variants[0].latency_ms.e2e.as_ref().unwrap().p50
    );
    let per_usd = report.models[0].variants[0].accepted_per_usd.unwrap();
    assert!((per_usd - 10.0 / 0.012).abs() < 1e-6, "{per_usd}");
}
