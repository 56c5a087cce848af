//! CloudWatch through the real SDK: what the account used, minute by minute, late and under the id that was called.

use std::time::Duration;

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StatusCode};
use aws_smithy_types::DateTime;
use quotient::bedrock::aws::{Clients, in_process};
use quotient::bedrock::metrics::account_use;
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::minute::AccountMinute;
use quotient::bench::model::ModelId;
use quotient::simulator::Simulator;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::client::{EPOCH, SONNET, TEXT, ask, call, converse, read, send, signed, simulator};

const TEAM: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefgh1234";

fn minutes(minutes: f64) -> Duration {
    Duration::from_secs_f64(minutes * 60.0)
}

/// A simulated account that answers at once, its clients, and the moment at which it began: a full minute.
struct Account {
    simulator: Simulator,
    clients: Clients,
    began: Instant,
}

impl Account {
    fn new(scenario: &str) -> Self {
        let tempo = "[[tempo]]\nmodel = \"*\"\nttft_ms = 1.0\nsigma = 0.0\ntokens_per_second = 1e6";
        let simulator = simulator(&format!("{scenario}\n{tempo}"));
        let clients = in_process(simulator.router(), "us-east-1");
        Self { simulator, clients, began: Instant::now() }
    }

    async fn wait_until(&self, at: f64) {
        sleep_until(self.began + minutes(at)).await;
    }

    async fn converse(&self, times: usize) {
        for _ in 0..times {
            converse(&self.simulator.router(), &ask(TEXT, 64)).await;
        }
    }

    async fn used(&self, models: &[&str]) -> Result<Vec<Vec<AccountMinute>>, Fault> {
        let ids: Vec<ModelId> = models.iter().map(|model| ModelId::parse(model)).collect();
        let until = EPOCH + self.began.elapsed();
        account_use(&self.clients.cloudwatch, &self.clients.place, &ids.iter().collect::<Vec<_>>(), until).await
    }

    /// The one model's minutes: when, requests, throttles, tokens.
    async fn sonnet(&self) -> Vec<(f64, f64, f64, f64)> {
        let used = self.used(&[SONNET]).await.unwrap();
        let plain =
            |m: &AccountMinute| (m.at.saturating_sub(EPOCH).as_secs_f64() / 60.0, m.requests, m.throttles, m.tokens);
        used[0].iter().map(plain).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_late_what_the_simulator_counted() {
    let account = Account::new(&format!("[[quota]]\nmodel = \"{SONNET}\"\nrpm = 3"));
    assert_eq!(account.sonnet().await, []);
    assert!(account.clients.gateway.simulated(), "CloudWatch too says that it is simulated");
    account.converse(5).await;
    let counts = account.simulator.counts()[SONNET];
    assert_eq!((counts.ok, counts.throttled), (3, 2));
    // Two minutes after the minute's end.
    account.wait_until(2.99).await;
    assert_eq!(account.sonnet().await, []);
    account.wait_until(3.0).await;
    let minute = (0.0, 5.0, 2.0, counts.settled_tokens as f64);
    assert_eq!(account.sonnet().await, [minute]);
    // A minute without use has no datapoint, and is not zero.
    account.wait_until(5.0).await;
    account.converse(1).await;
    account.wait_until(8.0).await;
    let seen = account.sonnet().await;
    assert_eq!(seen.iter().map(|minute| (minute.0, minute.1)).collect::<Vec<_>>(), [(0.0, 5.0), (5.0, 1.0)]);
    // Ten minutes are asked for.
    account.wait_until(11.5).await;
    assert_eq!(account.sonnet().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_of_the_minute_in_which_they_were_settled() {
    let simulator = simulator("metrics_delay_seconds = 0\n[[tempo]]\nmodel = \"*\"\nttft_ms = 3000\nsigma = 0");
    let clients = in_process(simulator.router(), "us-east-1");
    let account = Account { simulator, clients, began: Instant::now() };
    account.wait_until(0.98).await;
    account.converse(1).await;
    account.wait_until(2.0).await;
    let settled = account.simulator.counts()[SONNET].settled_tokens as f64;
    assert_eq!(account.sonnet().await, [(1.0, 1.0, 0.0, settled)]);
}

#[tokio::test(start_paused = true)]
async fn each_id_and_region_has_its_own_minutes_in_the_order_that_was_asked_for() {
    let account = Account::new("metrics_delay_seconds = 0");
    let router = account.simulator.router();
    let nova = "us.amazon.nova-lite-v1:0";
    let arn = format!("arn:aws:bedrock:us-east-1:123456789012:inference-profile/{nova}");
    for id in [SONNET, TEAM, TEAM, &arn, nova, nova] {
        assert_eq!(call(&router, id, "converse", &ask(TEXT, 64)).await.status, 200, "{id}");
    }
    account.wait_until(1.0).await;
    let requests = |used: Vec<Vec<AccountMinute>>| -> Vec<f64> {
        used.iter().map(|minutes| minutes.iter().map(|minute| minute.requests).sum()).collect()
    };
    let used = account.used(&[nova, TEAM, "amazon.nova-lite-v1:0", SONNET, &arn]).await.unwrap();
    assert_eq!(requests(used), [3.0, 2.0, 0.0, 1.0, 3.0]);
    // More models than one call may ask for.
    let many = [vec!["amazon.nova-lite-v1:0"; 170], vec![SONNET]].concat();
    let used = account.used(&many).await.unwrap();
    assert_eq!((used.len(), used[170][0].requests), (171, 1.0));
    let elsewhere = Account { clients: in_process(router, "eu-west-1"), ..account };
    assert_eq!(elsewhere.sonnet().await, []);
}

#[tokio::test(start_paused = true)]
async fn what_neighbours_take_is_there_too() {
    let steady = "[neighbours]\nrequests_per_minute = 30\ntokens_per_minute = 3000";
    let account = Account::new(&format!("[[quota]]\nmodel = \"{SONNET}\"\nrpm = 60\n{steady}"));
    account.converse(1).await;
    let own = account.simulator.counts()[SONNET].settled_tokens as f64;
    // Nobody asks for minutes, and still they were there.
    account.wait_until(6.0).await;
    let others = |minute: f64| (minute, 30.0, 0.0, 3_000.0);
    let wanted = [(0.0, 31.0, 0.0, 3_000.0 + own), others(1.0), others(2.0), others(3.0)];
    assert_eq!(account.sonnet().await, wanted);
    account.wait_until(100.5).await;
    let wanted: Vec<_> = (90..98).map(|minute| others(f64::from(minute))).collect();
    assert_eq!(account.sonnet().await, wanted, "of the last ten whole minutes two are not known yet");
    // They are throttled like anybody else.
    let crowded = Account::new(&format!("[[quota]]\nmodel = \"{SONNET}\"\nrpm = 20\n{steady}"));
    crowded.converse(1).await;
    crowded.wait_until(6.0).await;
    let (_, requests, throttles, tokens) = crowded.sonnet().await[2];
    assert_eq!((requests, throttles, tokens), (30.0, 10.0, 2_000.0));
    // A share of each limit is taken all the time.
    let share = "[neighbours]\nshare = 0.25";
    let account = Account::new(&format!("[[quota]]\nmodel = \"{SONNET}\"\nrpm = 40\ntpm = 8000\n{share}"));
    account.wait_until(0.5).await;
    account.converse(1).await;
    account.wait_until(5.0).await;
    let seen = account.sonnet().await;
    assert_eq!((seen[0].1, seen[1], seen.len()), (6.0, (1.0, 10.0, 0.0, 2_000.0), 3));
}

#[tokio::test(start_paused = true)]
async fn where_it_cannot_be_read_the_fault_says_what_is_missing_and_what_follows() {
    let alone = "only this program's own use is known";
    for (access, kind, says) in [
        ("denied", FaultKind::Denied, "which takes cloudwatch:GetMetricData"),
        ("throttled", FaultKind::Throttled, "Rate exceeded"),
    ] {
        let account = Account::new(&format!("cloudwatch = \"{access}\""));
        let fault = account.used(&[SONNET]).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{}", fault.message);
        assert!(fault.message.contains(says) && fault.message.contains(alone), "{}", fault.message);
    }
}

/// A query that the simulator answers, for the tests to spoil.
fn query(id: &str, stat: &str, period: i32) -> MetricDataQuery {
    let model = Dimension::builder().name("ModelId").value(SONNET).build();
    let metric = Metric::builder().namespace("AWS/Bedrock").metric_name("Invocations").dimensions(model).build();
    let stat = MetricStat::builder().metric(metric).period(period).stat(stat).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn date(minutes: u32) -> DateTime {
    DateTime::from_secs(i64::try_from(EPOCH.as_secs()).unwrap() + i64::from(minutes) * 60)
}

#[tokio::test(start_paused = true)]
async fn pages_add_up_and_the_newest_comes_first_unless_asked_otherwise() {
    let account = Account::new("metrics_delay_seconds = 0");
    for minute in 0..5_u32 {
        account.wait_until(f64::from(minute)).await;
        account.converse(minute as usize + 1).await;
    }
    account.wait_until(6.0).await;
    let call = || account.clients.cloudwatch.get_metric_data().start_time(date(0)).end_time(date(10));
    let mut pages = call()
        .metric_data_queries(query("a", "Sum", 60))
        .metric_data_queries(query("b", "Sum", 300))
        .max_datapoints(2)
        .into_paginator()
        .send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        for result in page.unwrap().metric_data_results() {
            let whole = result.status_code() == Some(&StatusCode::Complete);
            seen.push((result.id().unwrap().to_owned(), result.values().to_vec(), whole));
            assert_eq!(result.label(), Some("Invocations"));
        }
    }
    let a = |values: &[f64], whole| ("a".to_owned(), values.to_vec(), whole);
    let wanted = [a(&[5.0, 4.0], false), a(&[3.0, 2.0], false), a(&[1.0], true), ("b".into(), vec![15.0], true)];
    assert_eq!(seen, wanted);
    // The end is not part of it, and a metric that nobody keeps has no datapoints.
    let some = call().end_time(date(2)).metric_data_queries(query("a", "Sum", 60)).send().await.unwrap();
    assert_eq!(some.metric_data_results()[0].timestamps(), [date(1), date(0)]);
}

/// As boto3 asks.
#[tokio::test(start_paused = true)]
async fn awss_json_is_understood_too() {
    let account = Account::new("metrics_delay_seconds = 0");
    account.converse(2).await;
    account.wait_until(1.0).await;
    let (from, to) = (EPOCH.as_secs() as f64 - 59.5, EPOCH.as_secs() as f64 + 60.0);
    let metric = json!({
        "Namespace": "AWS/Bedrock", "MetricName": "Invocations", "Dimensions": [{ "Name": "ModelId", "Value": SONNET }],
    });
    let stat = json!({ "Metric": metric, "Period": 60, "Stat": "Sum" });
    let body = json!({ "MetricDataQueries": [{ "Id": "a", "MetricStat": stat }], "StartTime": from, "EndTime": to });
    let [authorization, date] = signed("us-east-1", "monitoring");
    let headers = [
        (authorization.0, authorization.1.as_str()),
        (date.0, date.1.as_str()),
        ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData"),
    ];
    let router = account.simulator.router();
    let reply = read(send(&router, "/", &headers, body.to_string()).await).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/x-amz-json-1.0"));
    let result = json!({
        "Id": "a", "Label": "Invocations", "Timestamps": [EPOCH.as_secs()], "Values": [2.0], "StatusCode": "Complete",
    });
    assert_eq!(reply.body, json!({ "MetricDataResults": [result] }));
    let reply = read(send(&router, "/", &headers, "{}".into()).await).await;
    assert_eq!((reply.status.as_u16(), reply.header("x-amzn-query-error")), (400, "ValidationError;Sender"));
    assert_eq!(reply.body["__type"], "com.amazonaws.cloudwatch#ValidationError");
}

#[tokio::test(start_paused = true)]
async fn wrong_questions_are_refused() {
    let account = Account::new("");
    let call = || account.clients.cloudwatch.get_metric_data().start_time(date(0)).end_time(date(10));
    let good = query("a", "Sum", 60);
    let many = vec![good.clone(); 501];
    for (call, code, says) in [
        (call(), "ValidationError", "MetricDataQueries is required"),
        (call().set_metric_data_queries(Some(many)), "ValidationError", "greater than 500"),
        (call().end_time(date(0)).metric_data_queries(good.clone()), "ValidationError", "less than"),
        (call().metric_data_queries(query("A", "Sum", 60)), "ValidationError", "does not match"),
        (call().metric_data_queries(good.clone()).metric_data_queries(good.clone()), "ValidationError", "not unique"),
        (call().metric_data_queries(query("a", "p99", 60)), "ValidationError", "Sum alone"),
        (call().metric_data_queries(query("a", "Sum", 90)), "ValidationError", "whole minutes"),
        (
            call().metric_data_queries(MetricDataQuery::builder().id("a").expression("1").build()),
            "ValidationError",
            "no expressions",
        ),
        (call().max_datapoints(0).metric_data_queries(good.clone()), "ValidationError", "between 1"),
        (call().next_token("x").metric_data_queries(good.clone()), "InvalidNextToken", "token"),
    ] {
        let error = call.send().await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some(code), "{error:?}");
        assert!(error.message().is_some_and(|message| message.contains(says)), "{says}: {error:?}");
    }
    let other = account.clients.cloudwatch.list_metrics().send().await.unwrap_err().into_service_error();
    assert_eq!(other.code(), Some("UnknownOperationException"), "{other:?}");
}
