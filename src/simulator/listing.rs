//! Listing: the answers of Service Quotas, page by page (source: botocore's service model `service-quotas`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::simulator::arn::ACCOUNT;
use crate::simulator::catalog::{Catalog, Row};
use crate::simulator::problem::Problem;
use crate::simulator::scenario::Access;

/// The largest page, and the one that is sent unasked.
const PAGE: u64 = 100;
/// What the header `x-amz-target` begins with.
const SERVICE: &str = "ServiceQuotasV20190624.";

/// Which value of a row is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Applied,
    Default,
}

/// Answers an operation.
pub(super) fn answer(
    catalog: &Catalog,
    access: Access,
    region: &str,
    target: &str,
    body: &Value,
) -> Result<Value, Problem> {
    let Some(operation) = target.strip_prefix(SERVICE) else { return Err(unknown(target)) };
    let (side, list) = match operation {
        "ListServiceQuotas" => (Side::Applied, true),
        "ListAWSDefaultServiceQuotas" => (Side::Default, true),
        "GetServiceQuota" => (Side::Applied, false),
        "GetAWSDefaultServiceQuota" => (Side::Default, false),
        _ => return Err(unknown(target)),
    };
    permitted(access, side, operation)?;
    match body.get("ServiceCode").and_then(Value::as_str) {
        Some("bedrock") => {}
        Some(_) => return Err(not_there("The service code that you provided is not valid.")),
        None => return Err(illegal("ServiceCode is required.")),
    }
    let mut rows = catalog.rows().iter().filter(|row| side == Side::Default || row.applied);
    if list {
        return page(&rows.collect::<Vec<_>>(), side, region, operation, body);
    }
    let code = body.get("QuotaCode").and_then(Value::as_str).ok_or_else(|| illegal("QuotaCode is required."))?;
    let row = rows.find(|row| row.code == code);
    let row = row.ok_or_else(|| not_there("The request failed because the specified quota does not exist."))?;
    Ok(json!({ "Quota": quota(row, side, region) }))
}

/// An operation that does not exist here.
pub(super) fn unknown(target: &str) -> Problem {
    Problem::new(400, "UnknownOperationException", format!("The simulator does not know the operation {target:?}."))
}

/// What is answered while there are too many calls.
pub(super) fn throttled() -> Problem {
    Problem::new(400, "TooManyRequestsException", "Rate exceeded")
}

fn permitted(access: Access, side: Side, operation: &str) -> Result<(), Problem> {
    match access {
        Access::DefaultsDenied if side == Side::Applied => Ok(()),
        Access::Open => Ok(()),
        Access::Denied | Access::DefaultsDenied => Err(Problem::new(
            400,
            "AccessDeniedException",
            format!(
                "User: arn:aws:iam::{ACCOUNT}:user/simulated is not authorized to perform: servicequotas:{operation} \
                 because no identity-based policy allows the servicequotas:{operation} action"
            ),
        )),
        Access::Throttled => Err(throttled()),
    }
}

fn illegal(message: &str) -> Problem {
    Problem::new(400, "IllegalArgumentException", message)
}

fn not_there(message: &str) -> Problem {
    Problem::new(400, "NoSuchResourceException", message)
}

fn page(rows: &[&Row], side: Side, region: &str, operation: &str, body: &Value) -> Result<Value, Problem> {
    let most = match body.get("MaxResults").filter(|value| !value.is_null()) {
        None => PAGE,
        Some(value) => value
            .as_u64()
            .filter(|most| (1..=PAGE).contains(most))
            .ok_or_else(|| illegal("MaxResults must be between 1 and 100."))?,
    };
    let from = match body.get("NextToken").filter(|value| !value.is_null()) {
        None => 0,
        Some(token) => {
            let start = token.as_str().and_then(|token| read_token(operation, token));
            start.filter(|start| *start < rows.len()).ok_or_else(|| {
                Problem::new(400, "InvalidPaginationTokenException", "The pagination token is not valid.")
            })?
        }
    };
    let to = rows.len().min(from + most as usize);
    let quotas: Vec<Value> = rows[from..to].iter().map(|row| quota(row, side, region)).collect();
    let mut answer = json!({ "Quotas": quotas });
    if to < rows.len() {
        answer["NextToken"] = json!(STANDARD.encode(format!("{operation}/{to}")));
    }
    Ok(answer)
}

/// Where a token continues; `None` where it is none of this operation.
fn read_token(operation: &str, token: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix(operation)?.strip_prefix('/')?.parse().ok()
}

fn quota(row: &Row, side: Side, region: &str) -> Value {
    let mut quota = json!({
        "ServiceCode": "bedrock",
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": format!("arn:aws:servicequotas:{region}:{ACCOUNT}:bedrock/{}", row.code),
        "QuotaCode": row.code,
        "QuotaName": row.name,
        "Value": if side == Side::Applied { row.value_in(region) } else { row.default_in(region) },
        "Unit": "None",
        "Adjustable": row.adjustable,
        "GlobalQuota": false,
    });
    match side {
        Side::Applied => quota["QuotaAppliedAtLevel"] = json!("ACCOUNT"),
        Side::Default => quota["QuotaArn"] = json!(format!("arn:aws:servicequotas:{region}::bedrock/{}", row.code)),
    }
    quota
}
