//! `quotient models` and `quotient doctor` through the real binary.

use std::process::Output;

use serde_json::{Value, json};

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
    assert_eq!(jamba["successor"], Value::Null, "no later model of its line is listed");
    let sonnet = model(&listed, "us.anthropic.claude-sonnet-4-5-20250929-v1:0").unwrap();
    let successor = sonnet["successor"].as_str().unwrap();
    assert!(successor.starts_with("us.anthropic.claude-sonnet-"), "{successor}");
    assert!(sonnet["advice"].as_str().unwrap().contains(successor));
    assert!(model(&listed, successor).unwrap()["advice"].is_null(), "the successor itself can be called");
    assert_eq!(sonnet["access"], Value::Null, "hundreds of models are not asked for silently");

    let text = home.run(&["models", "--region", "eu-west-1"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("SIMULATED") && text.contains("in eu-west-1"), "{text}");
    assert!(text.contains("eu.anthropic.claude-opus-4-8") && !text.contains("us.anthropic."), "{text}");
}

#[test]
fn a_model_that_is_asked_for_is_shown_alone_and_with_advice() {
    let home = Home::new();
    let opus = "anthropic.claude-opus-4-8";
    let asked = answer(&home.run(&["models", "--model", opus, "--format", "json"]));
    let rows = asked["models"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["base_model"] == opus), "{asked}");
    assert_eq!(asked["advice"][0]["model"], opus);
    let says = asked["advice"][0]["says"].as_str().unwrap();
    assert!(says.contains("profiles alone") && says.contains("us.anthropic.claude-opus-4-8"), "{says}");
    let text = home.run(&["models", "--model", "antropic.claude-opus-4-8"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("note: antropic.claude-opus-4-8 is not listed") && text.contains("us.anthropic"), "{text}");
}

#[test]
fn a_doctor_on_the_simulator_finds_all_well_and_calls_only_when_told() {
    let home = Home::new();
    let quick = data("quick.toml");
    let output = home.run(&["doctor", "--scenario", &quick, "--format", "json"]);
    let found = answer(&output);
    assert_eq!((output.status.code(), &found["ok"]), (Some(0), &true.into()), "{found}");
    let id = "anthropic.claude-3-sonnet-20240229-v1:0";
    for name in [
        "configuration",
        "region",
        "credentials",
        "account",
        "clock",
        "bedrock:ListFoundationModels",
        "bedrock:ListInferenceProfiles",
        "servicequotas:ListServiceQuotas",
        "servicequotas:ListAWSDefaultServiceQuotas",
        "quotas",
        "cloudwatch:GetMetricData",
    ] {
        assert_eq!(outcome(&found, name).0, "ok", "{name}");
    }
    assert_eq!(outcome(&found, &format!("model {id}")).0, "ok");
    let quota = outcome(&found, &format!("quota of {id}")).1;
    assert!(quota.contains("60,000 RPM (applied, L-F406804E \"On-demand model inference requests"), "{quota}");
    assert_eq!(outcome(&found, "invocation").0, "skipped");
    assert_eq!(outcome(&found, &format!("access to {id}")).0, "ok");
    let invoke = &found["policy"]["Statement"][0];
    assert_eq!(invoke["Action"][0], "bedrock:InvokeModelWithResponseStream");
    assert_eq!(invoke["Resource"][0], format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"));

    let statements = found["policy"]["Statement"].as_array().unwrap();
    let metrics = statements.iter().find(|statement| statement["Sid"] == "ReadMetrics").unwrap();
    assert_eq!(metrics["Action"], json!(["cloudwatch:GetMetricData"]));

    let called = answer(&home.run(&["doctor", "--scenario", &quick, "--call", "--format", "json"]));
    let (outcome, says) = outcome(&called, &format!("call to {id}"));
    assert!(
        outcome == "ok" && says.contains("TTFT") && says.contains("out (reported)") && says.contains('$'),
        "{says}"
    );
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
    assert!(text.contains("FAILED   call to") && text.contains("FAILED   access to anthropic.claude-3"), "{text}");
    let blind = answer(&home.run(&["doctor", "--scenario", &data("no-quotas.toml"), "--format", "json"]));
    assert_eq!(outcome(&blind, "quotas").0, "failed");
    let (word, says) = outcome(&blind, "servicequotas:ListServiceQuotas");
    assert!(word == "failed" && says.contains("not authorized"), "{word}: {says}");
}

#[test]
fn a_doctor_only_warns_where_cloudwatch_is_denied() {
    let home = Home::new();
    let closed = home.path("closed.toml");
    std::fs::write(&closed, "cloudwatch = \"denied\"").unwrap();
    let output = home.run(&["doctor", "--scenario", &closed.display().to_string(), "--format", "json"]);
    let found = answer(&output);
    assert_eq!((output.status.code(), &found["ok"]), (Some(0), &true.into()), "{found}");
    let (word, says) = outcome(&found, "cloudwatch:GetMetricData");
    assert!(word == "warning" && says.contains("takes cloudwatch:GetMetricData"), "{word}: {says}");
    assert!(says.contains("only this program's own use is known"), "{says}");
}

#[test]
fn without_credentials_nothing_is_sent_to_aws() {
    let home = Home::new();
    let output = home
        .quotient(&["doctor", "--endpoint", "aws", "--region", "us-east-1", "--call", "--yes", "--format", "json"])
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

#[test]
fn a_call_that_may_cost_money_must_be_agreed_to() {
    let home = Home::new();
    let output = home.run(&["doctor", "--endpoint", "aws", "--region", "us-east-1", "--call"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--yes"));
    assert!(output.stdout.is_empty());
}

/// What a Bedrock says that is not the simulator.
async fn bedrock(request: axum::extract::Request) -> axum::response::Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let model = |id: &str, kind: &str| {
        json!({
            "modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"), "modelId": id,
            "outputModalities": ["TEXT"], "inferenceTypesSupported": [kind], "modelLifecycle": { "status": "ACTIVE" },
        })
    };
    let team = json!({
        "inferenceProfileName": "team", "inferenceProfileArn": TEAM, "inferenceProfileId": "team",
        "models": [{ "modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0" }],
        "status": "ACTIVE", "type": "APPLICATION",
    });
    let (status, body) = match path.as_str() {
        "/foundation-models" => {
            let models = [model("amazon.nova-lite-v1:0", "ON_DEMAND"), model("amazon.nova-pro-v1:0", "ON_DEMAND")];
            (200, json!({ "modelSummaries": models }))
        }
        // As AWS does: applications' profiles only where they are asked for.
        "/inference-profiles" if query.contains("type=APPLICATION") => {
            (200, json!({ "inferenceProfileSummaries": [team] }))
        }
        "/inference-profiles" => (200, json!({ "inferenceProfileSummaries": [] })),
        path if path.starts_with("/inference-profiles/") => (200, team),
        path if path.starts_with("/foundation-model-availability/") => {
            let authorised = if path.contains("nova-lite") { "AUTHORIZED" } else { "NOT_AUTHORIZED" };
            let yes = "AVAILABLE";
            let body = json!({
                "modelId": "m", "agreementAvailability": { "status": yes }, "authorizationStatus": authorised,
                "entitlementAvailability": yes, "regionAvailability": yes,
            });
            (200, body)
        }
        _ => (403, json!({ "message": "User: x is not authorized to perform: this" })),
    };
    let mut response = axum::response::Response::builder().status(status);
    if status == 403 {
        response = response.header("x-amzn-errortype", "AccessDeniedException");
    }
    response.header("date", "Mon, 02 Nov 2020 12:00:00 GMT").body(axum::body::Body::from(body.to_string())).unwrap()
}

const TEAM: &str = "arn:aws:bedrock:us-east-1:210987654321:application-inference-profile/team";

/// The answer of a command over that Bedrock.
fn over_bedrock(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(bedrock);
    runtime.spawn(async move { axum::serve(listener, router).await });
    let mut command = home.quotient(arguments);
    command.args(["--endpoint", &url, "--format", "json"]).envs(environment.iter().copied());
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

#[test]
fn a_doctor_tells_a_wrong_clock_access_and_what_an_applications_profile_wraps() {
    let home = Home::new();
    let asked = ["doctor", "--model", TEAM, "--model", "amazon.nova-pro-v1:0"];
    let output = over_bedrock(&home, &asked, &[]);
    let found = answer(&output);
    assert_eq!((output.status.code(), &found["ok"]), (Some(1), &false.into()), "{found}");
    let (word, says) = outcome(&found, "clock");
    assert!(word == "failed" && says.contains("ahead of") && says.contains("set it"), "{word}: {says}");
    assert_eq!(outcome(&found, "account").1, "210987654321.");
    let (word, says) = outcome(&found, "bedrock:GetInferenceProfile");
    assert!(word == "ok" && says.contains("wraps amazon.nova-lite-v1:0, on-demand"), "{word}: {says}");
    assert_eq!(outcome(&found, &format!("model {TEAM}")).0, "ok");
    assert_eq!(outcome(&found, "access to amazon.nova-lite-v1:0").0, "ok");
    let (word, says) = outcome(&found, "access to amazon.nova-pro-v1:0");
    assert!(word == "failed" && says.contains("ask for access"), "{word}: {says}");
    assert_eq!(outcome(&found, "quotas").0, "failed");
    assert_eq!(outcome(&found, "cloudwatch:GetMetricData").0, "warning");
    let statements = found["policy"]["Statement"].as_array().unwrap();
    let profiles = statements.iter().find(|statement| statement["Sid"] == "ReadProfiles").unwrap();
    assert_eq!(
        (&profiles["Action"][0], &profiles["Resource"][0]),
        (&"bedrock:GetInferenceProfile".into(), &TEAM.into())
    );

    let models = answer(&over_bedrock(&home, &["models", "--model", "amazon.nova-pro-v1:0", "--model", TEAM], &[]));
    assert_eq!(model(&models, "amazon.nova-pro-v1:0").unwrap()["access"], "refused");
    assert_eq!(model(&models, TEAM).unwrap()["access"], "granted", "{models}");
}
