//! Service Quotas: every page, both lists, single rows and errors.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use serde_json::{Value, json};

use super::client::{Reply, read, send, signed, simulator};

async fn ask(router: &Router, operation: &str, body: &Value) -> Reply {
    let target = format!("ServiceQuotasV20190624.{operation}");
    let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    read(send(router, "/", &headers, body.to_string()).await).await
}

/// All rows of a list, page after page.
async fn all(router: &Router, operation: &str) -> Vec<Value> {
    let (mut rows, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut body = json!({ "ServiceCode": "bedrock" });
        if !token.is_null() {
            body["NextToken"] = token;
        }
        let page = ask(router, operation, &body).await.body;
        let quotas = page["Quotas"].as_array().unwrap();
        assert!((1..=100).contains(&quotas.len()));
        rows.extend(quotas.iter().cloned());
        token = page["NextToken"].clone();
        if token.is_null() {
            return rows;
        }
        assert_eq!(quotas.len(), 100, "only the last page is short");
    }
}

fn by_name(rows: &[Value]) -> BTreeMap<&str, f64> {
    rows.iter().map(|row| (row["QuotaName"].as_str().unwrap(), row["Value"].as_f64().unwrap())).collect()
}

const SONNET_TPM: &str = "On-demand model inference tokens per minute for Anthropic Claude 3 Sonnet";

#[tokio::test(start_paused = true)]
async fn more_than_a_thousand_rows_come_in_pages_each_once() {
    let router = simulator("").router();
    let rows = all(&router, "ListServiceQuotas").await;
    assert!(rows.len() > 1_000, "{}", rows.len());
    let codes: BTreeSet<_> = rows.iter().map(|row| row["QuotaCode"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), rows.len());
    let row = rows.iter().find(|row| row["QuotaName"] == SONNET_TPM).unwrap();
    assert_eq!(row["QuotaCode"], "L-4C35BB2A");
    assert_eq!(row["ServiceCode"], "bedrock");
    assert_eq!(row["Value"], 90_000.0);
    assert_eq!(row["QuotaAppliedAtLevel"], "ACCOUNT");
    assert_eq!(row["QuotaArn"], "arn:aws:servicequotas:us-east-1:123456789012:bedrock/L-4C35BB2A");
}

#[tokio::test(start_paused = true)]
async fn defaults_are_more_and_other_than_what_is_applied() {
    let router = simulator("").router();
    let (applied, defaults) =
        (all(&router, "ListServiceQuotas").await, all(&router, "ListAWSDefaultServiceQuotas").await);
    let (applied, defaults) = (by_name(&applied), by_name(&defaults));
    assert_eq!((applied[SONNET_TPM], defaults[SONNET_TPM]), (90_000.0, 200_000.0));
    let nova = "On-demand model inference tokens per minute for Amazon Nova Lite";
    assert_eq!((applied.get(nova), defaults[nova]), (None, 4_000_000.0));
    assert!(applied.keys().all(|name| defaults.contains_key(name)));
    for name in ["requests", "tokens"] {
        let llama = format!("On-demand model inference {name} per minute for Meta Llama 2 Chat 13B");
        assert!(applied[llama.as_str()] > 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_rows_follows_the_seed() {
    let order = |seed: u64| async move {
        let rows =
            all(&quotient::simulator::Simulator::new(Default::default(), seed).router(), "ListServiceQuotas").await;
        rows.iter().map(|row| row["QuotaCode"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(order(1).await, order(1).await);
    assert_ne!(order(1).await, order(2).await);
}

#[tokio::test(start_paused = true)]
async fn single_rows_by_code_and_by_region() {
    let router = simulator("").router();
    let get = |operation: &'static str, code: &'static str| {
        let router = router.clone();
        async move { ask(&router, operation, &json!({ "ServiceCode": "bedrock", "QuotaCode": code })).await }
    };
    assert_eq!(get("GetServiceQuota", "L-4C35BB2A").await.body["Quota"]["Value"], 90_000.0);
    assert_eq!(get("GetAWSDefaultServiceQuota", "L-4C35BB2A").await.body["Quota"]["Value"], 200_000.0);
    let missing = get("GetServiceQuota", "L-70423BF8").await;
    assert_eq!((missing.status.as_u16(), &missing.body["__type"]), (400, &json!("NoSuchResourceException")));
    assert_eq!(get("GetAWSDefaultServiceQuota", "L-70423BF8").await.status, 200);

    let body = json!({ "ServiceCode": "bedrock", "QuotaCode": "L-8CE99163" }).to_string();
    for (region, value) in [("us-east-1", 2_000_000.0), ("ap-northeast-1", 200_000.0), ("eu-north-1", 300_000.0)] {
        let [(authorization, credential), (date, now)] = signed(region, "servicequotas");
        let target = ("x-amz-target", "ServiceQuotasV20190624.GetServiceQuota");
        let headers = [target, (authorization, credential.as_str()), (date, now.as_str())];
        let reply = read(send(&router, "/", &headers, body.clone()).await).await;
        assert_eq!(reply.body["Quota"]["Value"], value, "{region}");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_questions_have_the_services_own_errors() {
    let router = simulator("").router();
    for (operation, body, code) in [
        ("ListServiceQuotas", json!({ "ServiceCode": "bedrock", "NextToken": "x" }), "InvalidPaginationTokenException"),
        ("ListServiceQuotas", json!({ "ServiceCode": "bedrock", "MaxResults": 101 }), "IllegalArgumentException"),
        ("ListServiceQuotas", json!({ "ServiceCode": "nothing" }), "NoSuchResourceException"),
        ("ListServiceQuotas", json!({}), "IllegalArgumentException"),
        ("GetServiceQuota", json!({ "ServiceCode": "bedrock" }), "IllegalArgumentException"),
        ("RequestEverything", json!({}), "UnknownOperationException"),
    ] {
        let reply = ask(&router, operation, &body).await;
        assert_eq!((reply.status.as_u16(), &reply.body["__type"]), (400, &json!(code)), "{operation} {body}");
        assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
    }
    // A token of one list is none of the other.
    let page = ask(&router, "ListServiceQuotas", &json!({ "ServiceCode": "bedrock", "MaxResults": 7 })).await.body;
    assert_eq!(page["Quotas"].as_array().unwrap().len(), 7);
    let other = json!({ "ServiceCode": "bedrock", "NextToken": page["NextToken"] });
    assert_eq!(ask(&router, "ListAWSDefaultServiceQuotas", &other).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn it_may_be_denied_or_throttled() {
    for (access, code) in [("denied", "AccessDeniedException"), ("throttled", "TooManyRequestsException")] {
        let router = simulator(&format!("service_quotas = \"{access}\"")).router();
        let reply = ask(&router, "ListServiceQuotas", &json!({ "ServiceCode": "bedrock" })).await;
        assert_eq!((reply.status.as_u16(), &reply.body["__type"]), (400, &json!(code)));
    }
}

#[tokio::test(start_paused = true)]
async fn its_first_calls_may_be_throttled_and_its_defaults_be_denied() {
    let router = simulator("service_quotas_throttles = 2").router();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let reply = ask(&router, "ListServiceQuotas", &json!({ "ServiceCode": "bedrock" })).await;
        seen.push((reply.status.as_u16(), reply.body["__type"].as_str().unwrap_or_default().to_owned()));
    }
    let throttled = (400, "TooManyRequestsException".to_owned());
    assert_eq!(seen, [throttled.clone(), throttled, (200, String::new()), (200, String::new())]);

    let router = simulator("service_quotas = \"defaults-denied\"").router();
    for (operation, code) in [
        ("ListServiceQuotas", Value::Null),
        ("GetServiceQuota", Value::Null),
        ("ListAWSDefaultServiceQuotas", json!("AccessDeniedException")),
        ("GetAWSDefaultServiceQuota", json!("AccessDeniedException")),
    ] {
        let body = json!({ "ServiceCode": "bedrock", "QuotaCode": "L-4C35BB2A" });
        assert_eq!(ask(&router, operation, &body).await.body["__type"], code, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_may_be_missing_and_models_may_bring_their_own() {
    let scenario = "[[quota]]\nmodel = \"anthropic.claude-3-haiku*\"\nlisted = \"absent\"\n\
                    [[quota]]\nmodel = \"acme.one-v1\"\nscope = \"on-demand\"\nlabel = \"Acme One\"\nrpm = 7\ntpm = 700";
    let rows = all(&simulator(scenario).router(), "ListServiceQuotas").await;
    let names = by_name(&rows);
    assert!(!names.contains_key("On-demand model inference tokens per minute for Anthropic Claude 3 Haiku"));
    assert_eq!(names.get("On-demand model inference tokens per minute for Acme One"), Some(&700.0));
}
