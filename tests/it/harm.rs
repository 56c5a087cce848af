//! Harm: what a benchmark on `aws` does when it is throttled, from outside; the endpoint is a simulator on this machine.

use std::process::{Output, Stdio};

use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use serde_json::Value;

use crate::journey::Home;

/// Two in five invocations are throttled although there is room, which only others can be the reason of.
const CROWDED: &str = "
[[quota]]
model = \"anthropic.claude-3-sonnet-20240229-v1:0\"
rpm   = 60000
tpm   = 60000000
[faults]
throttled = 0.4
[[tempo]]
model   = \"*\"
ttft_ms = 20
tokens_per_second = 4000
";

/// Runs a benchmark that takes this machine's simulator for AWS.
fn bench(home: &Home, scenario: &str) -> Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let scenario = Scenario::parse(scenario).unwrap();
    runtime.spawn(async move { axum::serve(listener, Simulator::new(scenario, 7).router()).await });
    home.quotient(&["bench", "--endpoint", "aws", "--region", "us-east-1", "--yes", "--trials", "20", "-o", "out"])
        .env("AWS_ENDPOINT_URL", &url)
        .env("AWS_ACCESS_KEY_ID", "placeholder")
        .env("AWS_SECRET_ACCESS_KEY", "placeholder")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn three_throttles_within_a_minute_stop_a_benchmark_on_aws_that_nobody_watches() {
    let home = Home::new();
    let output = bench(&home, CROWDED);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("paused: three throttles within a minute: production may be affected"), "{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(home.path("out/report.json")).unwrap()).unwrap();
    assert_eq!(report["run"]["ended"], "throttled");
    assert!(report["run"]["ended_reason"].as_str().unwrap().contains("three throttles"), "{report}");
    let of = &report["models"][0]["variants"];
    let throttles: u64 = of.as_array().unwrap().iter().map(|variant| variant["throttles"].as_u64().unwrap()).sum();
    assert!(throttles <= 10, "what was in flight is all that came after the third: {throttles}");
}

#[test]
fn a_benchmark_on_aws_that_is_not_throttled_goes_to_its_end() {
    let home = Home::new();
    let output = bench(&home, &CROWDED.replace("throttled = 0.4", ""));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
