//! Checks from a configuration to the journal: of the file, of a variant and of a case, all that apply.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use quotient::bedrock::aws::in_process;
use quotient::bench::event::{Entry, Event};
use quotient::bench::plan::Plan;
use quotient::bench::quota::Quota;
use quotient::bench::sample::{Outcome, Sample};
use quotient::config::{self, Overrides};
use quotient::engine::dispatcher::{Engine, Memory, run};
use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use tokio::sync::mpsc::unbounded_channel;

use crate::journey::{Home, data};

const VARIANTS: &str = r#"
task  = "Classify this text into one of these categories: Technology, Business, or Other"
cases = "cases.jsonl"
[bedrock]
models = ["anthropic.claude-3-sonnet-20240229-v1:0"]
[bench]
trials = 4
warmup = 0
racing = false
keep   = "all"
[[check]]
kind  = "max_words"
value = 1000
[[check]]
kind  = "json"
[[variant]]
name   = "one"
prompt = "{{ task }}\n\n{{ content }}"
[[variant]]
name   = "two"
prompt = "{{ task }}.\n\n{{ content }}"
[[variant.check]]
kind  = "regex"
value = '^\d+$'
"#;

const CASES: &str = r#"{"id": "plain", "content": "The chip maker presents a faster processor.", "expect": "Technology"}
{"id": "own", "content": "The shares of the bank rose.", "expect": "Business", "checks": [{"kind": "json_schema", "value": "s.json"}, {"kind": "json"}, {"kind": "min_words", "value": 1}]}
"#;

fn write(folder: &Path) {
    std::fs::write(folder.join("variants.toml"), VARIANTS).unwrap();
    std::fs::write(folder.join("cases.jsonl"), CASES).unwrap();
    std::fs::write(folder.join("s.json"), r#"{"title": "Label", "type": "object"}"#).unwrap();
}

/// The names of the checks that each sample failed, by variant and case.
fn failed(samples: &[Sample]) -> BTreeSet<(usize, usize, Vec<String>)> {
    let of = |sample: &Sample| {
        let Outcome::Ok { failed_checks, .. } = &sample.outcome else { panic!("{sample:?}") };
        assert!(failed_checks.iter().all(|failure| failure.why.chars().count() < 150));
        let names = failed_checks.iter().map(|failure| failure.check.clone()).collect();
        (sample.trial.variant, sample.trial.case, names)
    };
    samples.iter().map(of).collect()
}

/// The simulator answers with a label in prose: no JSON, no number, at least a word.
fn expected() -> BTreeSet<(usize, usize, Vec<String>)> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    BTreeSet::from([
        (0, 0, names(&["json"])),
        (0, 1, names(&["json", "json_schema Label", "json"])),
        (1, 0, names(&["json", "regex \"^\\d+$\""])),
        (1, 1, names(&["json", "regex \"^\\d+$\"", "json_schema Label", "json"])),
    ])
}

#[tokio::test(start_paused = true)]
async fn all_checks_that_apply_are_made_of_what_the_simulator_answers() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let config = config::read(&folder.path().join("variants.toml")).unwrap();
    let plan = Arc::new(config.plan(&Overrides::default()).unwrap());
    // A run that is read back has the same checks.
    let read: Plan = serde_json::from_str(&serde_json::to_string(&*plan).unwrap()).unwrap();
    assert_eq!(read, *plan);

    let simulator = Simulator::new(Scenario::default(), plan.seed);
    let clients = in_process(simulator.router(), &plan.region);
    let (_commands, asked) = unbounded_channel();
    let (tell, mut told) = unbounded_channel();
    let engine = Engine {
        plan,
        run: "checks".into(),
        gateway: clients.gateway.clone(),
        quotas: vec![(Quota::default(), Vec::new())],
        simulated: true,
        watch: None,
        account: None,
        memory: Memory::default(),
    };
    tokio::spawn(run(engine, asked, tell));
    let mut samples = Vec::new();
    while let Some(stamped) = told.recv().await {
        if let Event::TrialFinished { sample } = stamped.event {
            assert!(!sample.is_accepted());
            samples.push(sample);
        }
    }
    assert_eq!(samples.len(), 8);
    assert_eq!(failed(&samples), expected());
}

#[test]
fn failed_checks_are_in_the_journal_and_a_wrong_check_sends_nothing() {
    let home = Home::new();
    write(home.dir.path());
    let quick = data("quick.toml");
    let arguments = ["bench", "--scenario", &quick, "--format", "json", "-o", "-"];
    assert_eq!(home.run(&arguments).status.code(), Some(0));
    let journal = std::fs::read_to_string(home.journal()).unwrap();
    let entries: Vec<Entry> = journal.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let samples = entries.into_iter().filter_map(|entry| match entry.event {
        Event::TrialFinished { sample } => Some(sample),
        _ => None,
    });
    assert_eq!(failed(&samples.collect::<Vec<_>>()), expected());

    std::fs::remove_dir_all(home.path("data")).unwrap();
    std::fs::write(home.path("cases.jsonl"), CASES.replace("min_words", "min_word")).unwrap();
    let refused = home.run(&arguments);
    let says = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{says}");
    assert!(says.contains("cases.jsonl:2:80") && says.contains("did you mean \"min_words\"?"), "{says}");
    assert!(!home.path("data").exists());
}
