//! A synthetic run: a plan and a stream of entries to fold, for tests that only read.

use std::sync::Arc;
use std::time::Duration;

use quotient::bench::event::{Ended, Entry, Event};
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::model::ModelId;
use quotient::bench::plan::{Case, ModelPlan, Plan, Variant};
use quotient::bench::quota::{Limit, LimitSource, Quota};
use quotient::bench::sample::{CheckFailure, Outcome, Sample, Timing, Trial};
use quotient::bench::tally::Tally;
use quotient::bench::usage::Usage;

/// When synthetic runs begin: a full minute.
pub(crate) const START: Duration = Duration::from_hours(500_000);

/// A plan of these variants on Claude 3 Sonnet.
pub(crate) fn plan(names: &[&str], trials: u32) -> Plan {
    let variant = |name: &&str| Variant {
        name: (*name).into(),
        system: Some("Provide concise, to-the-point responses.".into()),
        prompt: "Task: {{ task }}\nBe brief and direct.\n\n{{ content }}".into(),
        included: true,
        ..Variant::default()
    };
    Plan {
        task: "Summarize the following text in a concise way".into(),
        cases: vec![Case { id: "1".into(), content: "Amazon Bedrock is a managed service.".into(), ..Case::default() }],
        models: vec![ModelPlan::of(ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0"))],
        variants: names.iter().map(variant).collect(),
        region: "us-east-1".into(),
        trials,
        racing: false,
        ..Plan::default()
    }
}

/// A quota of 100 requests and 20,000 tokens a minute, as Service Quotas lists it.
pub(crate) fn quota() -> Quota {
    let limit = |value, code: &str, what: &str| Limit {
        value,
        code: Some(code.into()),
        name: Some(format!("On-demand model inference {what} per minute for Anthropic Claude 3 Sonnet")),
        source: LimitSource::Applied,
        adjustable: Some(false),
    };
    Quota {
        rpm: Some(limit(100.0, "L-F406804E", "requests")),
        tpm: Some(limit(20_000.0, "L-4C35BB2A", "tokens")),
        tpd: None,
    }
}

/// The entries of a run of these variants: each gets `trials` trials, the last variant's second trial is throttled
/// once, one answer in five is rejected, a variant called "broken" always fails; half a second between trials.
pub(crate) fn entries(names: &[&str], trials: u32) -> Vec<Entry> {
    let plan = Arc::new(plan(names, trials));
    let mut entries = Vec::new();
    let mut at = START;
    let mut push = |at: Duration, event: Event| {
        let seq = entries.len() as u64;
        entries.push(Entry { seq, at, event });
    };
    push(
        at,
        Event::RunStarted {
            run: "20270115T080000-stage".into(),
            plan: Arc::clone(&plan),
            simulated: true,
            version: "0.1.0".into(),
        },
    );
    push(at, Event::QuotaDetected { model: 0, quota: quota(), notes: Vec::new() });
    let mut id = 0;
    for block in 0..trials {
        for (variant, name) in names.iter().enumerate() {
            let trial = Trial { id, model: 0, variant, case: 0, block, warmup: false };
            id += 1;
            let (input, output) =
                (60 + 20 * variant as u64, 40 + 45 * ((variant as u64 * 7 + 3) % 5) + u64::from(block % 4));
            let reserved = input + 512;
            at += Duration::from_millis(500);
            push(at, Event::InvocationStarted { trial, attempt: 1, reserved });
            let failing = *name == "broken";
            let throttled = block == 1 && variant == names.len() - 1;
            if failing || throttled {
                let fault = Fault::new(
                    if failing { FaultKind::Invalid } else { FaultKind::Throttled },
                    if failing {
                        "Malformed input request"
                    } else {
                        "Too many tokens, please wait before trying again."
                    },
                );
                let backoff = throttled.then_some(Duration::from_millis(400));
                at += Duration::from_millis(30);
                push(at, Event::InvocationFailed { trial, attempt: 1, fault: fault.clone(), settled: 0, backoff });
                if failing {
                    push(at, Event::TrialFinished { sample: sample(trial, Outcome::Failed { fault }, 0, reserved) });
                    continue;
                }
                at += Duration::from_millis(400);
                push(at, Event::InvocationStarted { trial, attempt: 2, reserved });
            }
            let usage = Usage::reported(input, output);
            let e2e = Duration::from_millis(400 + 9 * output + 13 * u64::from(block % 7));
            at += e2e;
            let failed_checks = if block % 5 == 4 {
                vec![CheckFailure { check: "max_words 120".into(), why: "131 words, at most 120".into() }]
            } else {
                Vec::new()
            };
            let outcome = Outcome::Ok {
                usage,
                timing: Timing { ttft: Some(Duration::from_millis(380)), e2e, chunks: 12, ..Timing::default() },
                stop_reason: "end_turn".into(),
                cut_off: false,
                failed_checks,
                text: Some(format!("Bedrock offers many models behind one API; said by {name}.")),
            };
            push(at, Event::TrialFinished { sample: sample(trial, outcome, usage.settled(5), reserved) });
        }
    }
    push(at, Event::RunFinished { ended: Ended::Complete, reason: None });
    entries
}

fn sample(trial: Trial, outcome: Outcome, settled: u64, reserved: u64) -> Sample {
    Sample {
        trial,
        outcome,
        attempts: 1,
        reserved,
        settled,
        wasted: 0,
        waited: Duration::ZERO,
        to_success: Duration::from_secs(1),
        cost_usd: Some(0.001),
    }
}

/// The tally of a whole synthetic run.
pub(crate) fn tally(names: &[&str], trials: u32) -> Tally {
    let mut tally = Tally::planned(Arc::new(plan(names, trials)));
    for entry in entries(names, trials) {
        tally.apply(&entry);
    }
    tally
}
