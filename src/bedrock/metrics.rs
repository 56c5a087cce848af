//! Metrics: what CloudWatch counted of a whole account's use of a model, minute by minute and minutes late.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use aws_smithy_types::DateTime;

use crate::bedrock::fault::{self, Place};
use crate::bedrock::permission;
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::minute::AccountMinute;
use crate::bench::model::ModelId;

/// Where Bedrock's runtime keeps its metrics, and by what it tells models apart (source of names: Bedrock user guide,
/// `monitoring-runtime-metrics`).
const NAMESPACE: &str = "AWS/Bedrock";
const DIMENSION: &str = "ModelId";
const INVOCATIONS: &str = "Invocations";
const THROTTLES: &str = "InvocationThrottles";
const TOKENS: &str = "EstimatedTPMQuotaUsage";
/// The metrics that are asked for, each of them at a price of its own.
const METRICS: [&str; 3] = [INVOCATIONS, THROTTLES, TOKENS];

const MINUTE: Duration = Duration::from_mins(1);
/// How many whole minutes are asked for: enough for what comes late and for a call or two that failed.
const MINUTES: u32 = 10;
/// Queries of one call at most (source: service model of CloudWatch).
const MOST_QUERIES: usize = 500;
/// Pages read of one call at most. All of it fits into one; a server that never ends its pages must not hold us.
const MOST_PAGES: usize = 20;

/// What the account used of each model in the last ten whole minutes before `until` (since the Unix epoch), oldest
/// first: this program's own use and everybody else's under the same id. A minute of which CloudWatch has nothing is
/// left out: it was without use, or is not counted yet, which takes some minutes.
///
/// Use under another id (an application's profile over the same model) is counted under that id alone, although it
/// draws on the same quota. One call, at about 0.01 US dollars per 1,000 metrics (three a model), up to 166 models. A
/// Bedrock API key opens Bedrock alone, so with one nothing is sent. The fault's message says what is missing.
pub async fn account_use(
    client: &Client,
    place: &Place,
    models: &[&ModelId],
    until: Duration,
) -> Result<Vec<Vec<AccountMinute>>, Fault> {
    if place.bearer {
        let says = "A Bedrock API key serves Bedrock alone and cannot read CloudWatch: only this program's own use of \
                    the quota is known.";
        return Err(Fault::new(FaultKind::Denied, says));
    }
    let mut used = Vec::with_capacity(models.len());
    for models in models.chunks(MOST_QUERIES / METRICS.len()) {
        used.extend(ask(client, place, models, until).await.map_err(alone)?);
    }
    Ok(used)
}

/// One call and its pages.
async fn ask(
    client: &Client,
    place: &Place,
    models: &[&ModelId],
    until: Duration,
) -> Result<Vec<Vec<AccountMinute>>, Fault> {
    let end = Duration::from_secs(until.as_secs() / MINUTE.as_secs() * MINUTE.as_secs());
    let mut pages = client
        .get_metric_data()
        .set_metric_data_queries(Some(queries(models)))
        .start_time(date(end.saturating_sub(MINUTE * MINUTES)))
        .end_time(date(end))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    let mut used = vec![BTreeMap::new(); models.len()];
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| fault::of_sdk_error(&error, place, None))?;
        for result in page.metric_data_results() {
            read(result, &mut used)?;
        }
    }
    Ok(used.into_iter().map(|minutes| minutes.into_values().collect()).collect())
}

/// A query a model and metric; its id is the place in this list.
fn queries(models: &[&ModelId]) -> Vec<MetricDataQuery> {
    let each = models.iter().flat_map(|model| METRICS.map(|name| (*model, name)));
    let query = |(at, (model, name)): (usize, (&ModelId, &str))| {
        let model = Dimension::builder().name(DIMENSION).value(metric_id(model)).build();
        let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).dimensions(model).build();
        let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
        MetricDataQuery::builder().id(format!("q{at}")).metric_stat(stat).build()
    };
    each.enumerate().map(query).collect()
}

/// Adds what a result says to the minutes of its model.
fn read(result: &MetricDataResult, used: &mut [BTreeMap<u64, AccountMinute>]) -> Result<(), Fault> {
    // A metric that was not read is not one without use.
    match result.status_code() {
        Some(StatusCode::Forbidden) => return Err(Fault::new(FaultKind::Denied, said(result, "A metric is denied."))),
        Some(StatusCode::InternalError) => {
            return Err(Fault::new(FaultKind::Unavailable, said(result, "A metric could not be read.")));
        }
        _ => {}
    }
    let at = result.id().and_then(|id| id.strip_prefix('q')).and_then(|at| at.parse::<usize>().ok());
    let Some(at) = at.filter(|at| at / METRICS.len() < used.len()) else { return Ok(()) };
    let (minutes, name) = (&mut used[at / METRICS.len()], METRICS[at % METRICS.len()]);
    for (date, value) in result.timestamps().iter().zip(result.values()) {
        let Some(number) = u64::try_from(date.secs()).ok().map(|second| second / MINUTE.as_secs()) else { continue };
        if !value.is_finite() {
            continue;
        }
        let start = Duration::from_secs(number.saturating_mul(MINUTE.as_secs()));
        let minute = minutes.entry(number).or_insert_with(|| AccountMinute { at: start, ..AccountMinute::default() });
        match name {
            TOKENS => minute.tokens += value,
            THROTTLES => {
                minute.requests += value;
                minute.throttles += value;
            }
            _ => minute.requests += value,
        }
    }
    Ok(())
}

/// What the service says of a result, or else these words.
fn said(result: &MetricDataResult, otherwise: &str) -> String {
    let words = result.messages().first().and_then(|message| message.value());
    words.unwrap_or(otherwise).to_owned()
}

/// What the dimension says of a model: the id as it is called, of an ARN its last part, but the whole ARN of what is
/// bought, custom or imported (source: awslabs/bedrock-usage-analyzer, `profile_fetcher.py` and `custom_models.py`).
fn metric_id(model: &ModelId) -> &str {
    const SHORTENED: [&str; 3] = ["foundation-model", "inference-profile", "application-inference-profile"];
    let id = model.as_str();
    let resource = id.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').nth(4));
    let named = resource.and_then(|resource| resource.split_once('/'));
    named.filter(|(kind, _)| SHORTENED.contains(kind)).map_or(id, |(_, name)| name)
}

/// Says first what follows from a fault, and what permission it takes where one is missing.
fn alone(fault: Fault) -> Fault {
    let denied = matches!(fault.code.as_deref(), Some("AccessDenied" | "AccessDeniedException" | "NotAuthorized"));
    let takes = if denied { format!(", which takes {}", permission::METRICS) } else { String::new() };
    // What is not found is the service, not a model.
    let words = if fault.kind == FaultKind::NotFound { "this endpoint does not offer it." } else { &fault.message };
    let message = format!(
        "What others take of the quota could not be read in CloudWatch{takes}; only this program's own use is known: \
         {words}"
    );
    Fault { message, ..fault }
}

fn date(at: Duration) -> DateTime {
    DateTime::from_secs(i64::try_from(at.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::MessageData;

    use super::*;

    #[test]
    fn the_dimension_has_the_id_as_it_is_called() {
        let account = "arn:aws:bedrock:us-east-1:123456789012:";
        for (called, named) in [
            ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
            ("us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
            ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
            (&format!("{account}inference-profile/us.amazon.nova-lite-v1:0"), "us.amazon.nova-lite-v1:0"),
            (&format!("{account}application-inference-profile/abcdefgh1234"), "abcdefgh1234"),
        ] {
            assert_eq!(metric_id(&ModelId::parse(called)), named, "{called}");
        }
        let bought = format!("{account}provisioned-model/abc123");
        assert_eq!(metric_id(&ModelId::parse(&bought)), bought);
    }

    #[test]
    fn a_metric_that_was_not_read_is_not_one_without_use() {
        let mut used = vec![BTreeMap::new()];
        for (status, kind) in
            [(StatusCode::Forbidden, FaultKind::Denied), (StatusCode::InternalError, FaultKind::Unavailable)]
        {
            let words = MessageData::builder().code("x").value("No.").build();
            let result = MetricDataResult::builder().id("q0").status_code(status).messages(words).build();
            assert_eq!(read(&result, &mut used).expect_err("not read"), Fault::new(kind, "No."));
        }
        let result = |id: &str, value: f64| {
            MetricDataResult::builder().id(id).timestamps(DateTime::from_secs(61)).values(value).build()
        };
        for (id, value) in [("q0", 3.0), ("q1", 2.0), ("q2", 100.0), ("q2", f64::NAN), ("q3", 9.0), ("x", 9.0)] {
            read(&result(id, value), &mut used).expect("read");
        }
        let minute = AccountMinute { at: MINUTE, requests: 5.0, throttles: 2.0, tokens: 100.0 };
        assert_eq!(used[0].values().copied().collect::<Vec<_>>(), [minute]);
    }
}
