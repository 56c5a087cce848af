//! Monitor: CloudWatch's `GetMetricData` over what the account used, in the two protocols that SDKs speak: Smithy's RPC over
//! CBOR, and AWS's JSON 1.0, which botocore prefers (source: botocore's service model `cloudwatch`).

use std::collections::HashSet;

use aws_smithy_cbor::Encoder;
use aws_smithy_types::DateTime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::simulator::arn::ACCOUNT;
use crate::simulator::cbor;
use crate::simulator::handle::Simulator;
use crate::simulator::listing;
use crate::simulator::minutes::Minute;
use crate::simulator::problem::Problem;
use crate::simulator::scenario::Access;

/// How the service is called in a path of the one protocol and in a target of the other.
pub(super) const SERVICE: &str = "GraniteServiceVersion20100801";
/// Queries and datapoints of one call at most (source: API reference of `GetMetricData`).
const MOST_QUERIES: usize = 500;
const MOST_POINTS: u64 = 100_800;

/// Which of a minute's numbers a metric is.
type Reading = fn(&Minute) -> f64;
/// The metrics that are kept; any other has no datapoints, as in CloudWatch.
const METRICS: [(&str, Reading); 3] = [
    ("Invocations", |minute| minute.invocations),
    ("InvocationThrottles", |minute| minute.throttles),
    ("EstimatedTPMQuotaUsage", |minute| minute.tokens),
];

/// One series of an answer: the start of each period, in seconds since the Unix epoch, and its sum.
struct Series {
    id: String,
    label: String,
    points: Vec<(u64, f64)>,
}

/// How a request and its answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Smithy's RPC protocol.
    Cbor,
    /// AWS's JSON 1.0.
    Json,
}

/// Answers an operation.
pub(super) fn answer(
    here: &Simulator,
    region: &str,
    operation: &str,
    protocol: Protocol,
    body: &[u8],
) -> Result<Vec<u8>, Problem> {
    if operation != "GetMetricData" {
        return Err(listing::unknown(operation));
    }
    permitted(here.scenario().cloudwatch)?;
    let request = match protocol {
        Protocol::Json => Problem::json(body)?,
        Protocol::Cbor => {
            let unreadable = || Problem::new(400, "SerializationException", "The body is not CBOR.");
            cbor::read(body).ok_or_else(unreadable)?
        }
    };
    let time = |name: &str| {
        let time = request[name].as_f64().filter(|second| *second >= 0.0);
        time.ok_or_else(|| invalid(format!("The parameter {name} is required.")))
    };
    let (from, to) = (time("StartTime")?, time("EndTime")?);
    if from >= to {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let queries = request["MetricDataQueries"].as_array().map_or(&[][..], Vec::as_slice);
    if queries.is_empty() {
        return Err(invalid("The parameter MetricDataQueries is required."));
    }
    if queries.len() > MOST_QUERIES {
        let message = format!("The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.");
        return Err(invalid(message));
    }
    let mut ids = HashSet::new();
    let mut all = Vec::new();
    for query in queries {
        let mut series = series(here, region, query, from, to)?;
        if !ids.insert(series.id.clone()) {
            return Err(invalid(format!("The value {} of Id is not unique.", series.id)));
        }
        // The newest comes first unless it is asked otherwise.
        if request["ScanBy"] != "TimestampAscending" {
            series.points.reverse();
        }
        if query["ReturnData"] != false {
            all.push(series);
        }
    }
    let most = match &request["MaxDatapoints"] {
        Value::Null => MOST_POINTS,
        most => most
            .as_u64()
            .filter(|most| (1..=MOST_POINTS).contains(most))
            .ok_or_else(|| invalid(format!("MaxDatapoints must be between 1 and {MOST_POINTS}.")))?,
    };
    let count = all.iter().map(|series| series.points.len()).sum();
    let start = match request["NextToken"].as_str() {
        None => 0,
        Some(token) => read_token(token)
            .filter(|start| *start < count)
            .ok_or_else(|| Problem::new(400, "InvalidNextToken", "The token is not one of these queries."))?,
    };
    let to = count.min(start + most as usize);
    let next = (to < count).then(|| STANDARD.encode(format!("GetMetricData/{to}")));
    let parts = page(&all, start, to);
    Ok(match protocol {
        Protocol::Cbor => as_cbor(&parts, next.as_deref()),
        Protocol::Json => as_json(&parts, next.as_deref()),
    })
}

/// An error: its name and what happened.
pub(super) fn problem(protocol: Protocol, code: &str, message: &str) -> Vec<u8> {
    let kind = format!("com.amazonaws.cloudwatch#{code}");
    if protocol == Protocol::Json {
        return json!({ "__type": kind, "message": message }).to_string().into_bytes();
    }
    let mut encoder = Encoder::new(Vec::new());
    encoder.map(2).str("__type").str(&kind).str("message").str(message);
    encoder.into_writer()
}

fn permitted(access: Access) -> Result<(), Problem> {
    match access {
        Access::Open => Ok(()),
        Access::Denied | Access::DefaultsDenied => Err(Problem::new(
            403,
            "AccessDenied",
            format!(
                "User: arn:aws:iam::{ACCOUNT}:user/simulated is not authorized to perform: cloudwatch:GetMetricData \
                 because no identity-based policy allows the cloudwatch:GetMetricData action"
            ),
        )),
        Access::Throttled => Err(Problem::new(400, "Throttling", "Rate exceeded")),
    }
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(400, "ValidationError", message)
}

/// What one query asks for, oldest first.
fn series(here: &Simulator, region: &str, query: &Value, from: f64, to: f64) -> Result<Series, Problem> {
    let id = query["Id"].as_str().unwrap_or_default();
    let first = id.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    if !first || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(invalid(format!("The value {id} of Id does not match the expected pattern ^[a-z][a-zA-Z0-9_]*$.")));
    }
    let stat = &query["MetricStat"];
    if !stat.is_object() {
        return Err(invalid("The simulator computes no expressions: give MetricStat."));
    }
    if stat["Stat"] != "Sum" {
        return Err(invalid("The simulator knows the statistic Sum alone."));
    }
    let period = stat["Period"].as_u64().filter(|period| *period > 0 && period.is_multiple_of(60));
    let period = period.ok_or_else(|| invalid("The simulator knows periods of whole minutes: Period must be 60 n."))?;
    let metric = &stat["Metric"];
    let name = metric["MetricName"].as_str().unwrap_or_default();
    let label = query["Label"].as_str().unwrap_or(name).to_owned();
    let mut points: Vec<(u64, f64)> = Vec::new();
    if let Some((reading, model)) = reading(metric) {
        for (begun, minute) in here.used(region, model) {
            let at = begun.as_secs() / period * period;
            let value = reading(&minute);
            // Both ends lie on full periods or are taken as if they did.
            if value == 0.0 || at < from as u64 / period * period || at as f64 >= to {
                continue;
            }
            match points.last_mut() {
                Some((last, sum)) if *last == at => *sum += value,
                _ => points.push((at, value)),
            }
        }
    }
    Ok(Series { id: id.to_owned(), label, points })
}

/// Which number of which model a metric is, if it is one of those that are kept: told apart by the model alone.
fn reading(metric: &Value) -> Option<(Reading, &str)> {
    let [dimension] = metric["Dimensions"].as_array()?.as_slice() else { return None };
    if metric["Namespace"] != "AWS/Bedrock" || dimension["Name"] != "ModelId" {
        return None;
    }
    let (_, reading) = METRICS.iter().find(|(name, _)| metric["MetricName"] == *name)?;
    Some((*reading, dimension["Value"].as_str()?))
}

/// A stretch of a series, and whether more of it follows.
struct Part<'a> {
    series: &'a Series,
    points: &'a [(u64, f64)],
    status: &'static str,
}

/// The datapoints from one place to another, counted over all series; the first page has the series without any too.
fn page(all: &[Series], from: usize, to: usize) -> Vec<Part<'_>> {
    let mut before = 0;
    let mut parts = Vec::new();
    for series in all {
        let end = before + series.points.len();
        let (start, stop) = (from.clamp(before, end), to.clamp(before, end));
        if start < stop || (series.points.is_empty() && from == 0) {
            let status = if stop < end { "PartialData" } else { "Complete" };
            parts.push(Part { series, points: &series.points[start - before..stop - before], status });
        }
        before = end;
    }
    parts
}

fn as_json(parts: &[Part<'_>], next: Option<&str>) -> Vec<u8> {
    let part = |part: &Part<'_>| {
        json!({
            "Id": part.series.id,
            "Label": part.series.label,
            "Timestamps": part.points.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            "Values": part.points.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
            "StatusCode": part.status,
        })
    };
    let mut answer = json!({ "MetricDataResults": parts.iter().map(part).collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer.to_string().into_bytes()
}

fn as_cbor(parts: &[Part<'_>], next: Option<&str>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.map(if next.is_some() { 2 } else { 1 });
    encoder.str("MetricDataResults").array(parts.len());
    for part in parts {
        encoder.map(5).str("Id").str(&part.series.id).str("Label").str(&part.series.label);
        encoder.str("Timestamps").array(part.points.len());
        for (at, _) in part.points {
            encoder.timestamp(&DateTime::from_secs(i64::try_from(*at).unwrap_or(i64::MAX)));
        }
        encoder.str("Values").array(part.points.len());
        for (_, value) in part.points {
            encoder.double(*value);
        }
        encoder.str("StatusCode").str(part.status);
    }
    if let Some(next) = next {
        encoder.str("NextToken").str(next);
    }
    encoder.into_writer()
}

/// Where a token continues.
fn read_token(token: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix("GetMetricData/")?.parse().ok()
}
