//! `quotient models` and `quotient doctor` through the real binary.

use std::process::Output;

use serde_json::Value;

use crate::journey::{Home, data};

fn answer(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

fn model<'a>(answer: &'a Value, id: &str) -> Option<&'a Value> {
    answer["models"].as_array().unwrap().iter().find(|model| model["id"] == id)
}

fn outcome<'a>(answer: &'a Value, name: &str) -> (&'a str, &'a str) {
    let check = answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no check {name} in {answer}"));
    (check["outcome"].as_str().unwrap(), check["says"].as_str().unwrap())
}

#[test]
fn models_are_listed_by_id_and_by_profile_over_every_page() {
    let home = Home::new();
    let output = home.run(&["models", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = answer(&output);
    assert_eq!((&listed["schema"], &listed["simulated"]), (&1.into(), &true.into()));
    let sonnet = model(&listed, "anthropic.claude-3-sonnet-20240229-v1:0").unwrap();
    assert_eq!((&sonnet["scope"], &sonnet["streaming"]), (&"on-demand".into(), &true.into()));
    assert_eq!(sonnet["quota"]["rpm"]["code"], "L-F406804E");
    assert_eq!(sonnet["price"]["input"], 3.0);
    // By profile alone: the base id is not callable, its profiles are.
    assert!(model(&listed, "anthropic.claude-opus-4-8").is_none());
    assert_eq!(model(&listed, "us.anthropic.claude-opus-4-8").unwrap()["scope"], "cross-region");
    let profiles = listed["models"].as_array().unwrap().iter().filter(|model| model["scope"] != "on-demand").count();
    assert!(profiles > 50, "more than a page: {profiles}");
    let jamba = model(&listed, "ai21.jamba-1-5-large-v1:0").unwrap();
    assert_eq!((&jamba["lifecycle"], &jamba["end_of_life"]), (&"LEGACY".into(), &"2026-11-26".into()));

    let text = home.run(&["models", "--region", "eu-west-1"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("SIMULATED") && text.contains("in eu-west-1"), "{text}");
    assert!(text.contains("eu.anthropic.claude-opus-4-8") && !text.contains("us.anthropic."), "{text}");
}

#[test]
fn a_doctor_on_the_simulator_finds_all_well_and_calls_only_when_told() {
    let home = Home::new();
    let quick = data("quick.toml");
    let output = home.run(&["doctor", "--scenario", &quick, "--format", "json"]);
    let found = answer(&output);
    assert_eq!((output.status.code(), &found["ok"]), (Some(0), &true.into()), "{found}");
    let id = "anthropic.claude-3-sonnet-20240229-v1:0";
    for name in ["configuration", "region", "credentials", "models", "quotas"] {
        assert_eq!(outcome(&found, name).0, "ok", "{name}");
    }
    assert_eq!(outcome(&found, &format!("model {id}")).0, "ok");
    assert!(outcome(&found, &format!("quota of {id}")).1.contains("60000 RPM"));
    assert_eq!(outcome(&found, "invocation").0, "skipped");
    let invoke = &found["policy"]["Statement"][0];
    assert_eq!(invoke["Action"][0], "bedrock:InvokeModelWithResponseStream");
    assert_eq!(invoke["Resource"][0], format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"));

    let called = answer(&home.run(&["doctor", "--scenario", &quick, "--call", "--format", "json"]));
    let (outcome, says) = outcome(&called, "invocation");
    assert!(outcome == "ok" && says.contains("1 out") && says.contains('$'), "{outcome}: {says}");
}

#[test]
fn a_doctor_says_which_profile_a_model_needs_and_what_a_refused_call_means() {
    let home = Home::new();
    let opus = "anthropic.claude-opus-4-8";
    let output = home.run(&["doctor", "--model", opus, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let found = answer(&output);
    let (word, says) = outcome(&found, &format!("model {opus}"));
    assert!(word == "failed" && says.contains("us.anthropic.claude-opus-4-8"), "{word}: {says}");
    let by_profile = answer(&home.run(&["doctor", "--model", &format!("us.{opus}"), "--format", "json"]));
    assert_eq!(outcome(&by_profile, &format!("model us.{opus}")).0, "ok");
    let unknown = answer(&home.run(&["doctor", "--model", "somebody.new-model", "--format", "json"]));
    assert!(outcome(&unknown, "model somebody.new-model").1.contains("quotient models"));

    let denied = home.run(&["doctor", "--scenario", &data("denied.toml"), "--call"]);
    let text = String::from_utf8_lossy(&denied.stdout).into_owned();
    assert_eq!(denied.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED   invocation") && text.contains("access"), "{text}");
    let blind = answer(&home.run(&["doctor", "--scenario", &data("no-quotas.toml"), "--format", "json"]));
    assert_eq!(outcome(&blind, "quotas").0, "failed");
}

#[test]
fn without_credentials_nothing_is_sent_to_aws() {
    let home = Home::new();
    let output = home
        .quotient(&["doctor", "--endpoint", "aws", "--region", "us-east-1", "--call", "--format", "json"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let found = answer(&output);
    let (word, says) = outcome(&found, "credentials");
    assert!(word == "failed" && says.contains("AWS_PROFILE"), "{word}: {says}");
    assert_eq!(outcome(&found, "invocation").0, "skipped");
    assert_eq!(outcome(&found, "models").1, "Needs credentials; nothing was sent.");
    assert!(found["policy"]["Statement"].is_array());
}

#[test]
fn an_unreadable_configuration_is_shown_and_counts_as_failed() {
    let home = Home::new();
    std::fs::write(home.path("variants.toml"), "task = 3").unwrap();
    let output = home.run(&["doctor", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(outcome(&answer(&output), "configuration").0, "failed");
    assert!(String::from_utf8_lossy(&output.stderr).contains("variants.toml"));
}
