//! Who asks: unsigned, ill-signed and late requests are refused before anything else is looked at.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tower::ServiceExt;

use super::client::{Reply, SONNET, TEXT, ask, read, send, signed, simulator};

const QUOTAS: [(&str, &str); 2] =
    [("x-amz-target", "ServiceQuotasV20190624.ListServiceQuotas"), ("content-type", "application/x-amz-json-1.1")];

const METRICS: &str = "/service/GraniteServiceVersion20100801/operation/GetMetricData";

/// Sends with exactly these headers.
async fn bare(router: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn what_is_not_signed_is_refused_everywhere_and_costs_nothing() {
    let simulator = simulator("");
    let router = simulator.router();
    let body = ask(TEXT, 64).to_string();
    let model = format!("/model/{SONNET}");
    let operations = ["converse", "converse-stream", "invoke", "invoke-with-response-stream", "count-tokens"];
    let posts = operations.map(|operation| ("POST", format!("{model}/{operation}")));
    let gets = ["/foundation-models", "/inference-profiles", "/inference-profiles/x", "/nowhere"]
        .map(|path| ("GET", path.to_owned()));
    for (method, path) in posts.into_iter().chain(gets) {
        let reply = bare(&router, method, &path, &[], &body).await;
        assert_eq!(
            reply.problem(),
            (403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
            "{path}"
        );
        assert_eq!(reply.header("x-quotient-simulator"), env!("CARGO_PKG_VERSION"), "it says what it is all the same");
    }
    let reply = bare(&router, "POST", "/", &QUOTAS, "{}").await;
    assert_eq!((reply.status.as_u16(), &reply.body["__type"]), (403, &json!("MissingAuthenticationTokenException")));
    assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
    let reply = bare(&router, "POST", METRICS, &[], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (403, "application/cbor"));
    assert_eq!(reply.header("x-amzn-query-error"), "MissingAuthenticationTokenException;Sender");
    assert_eq!(reply.header("x-quotient-simulator"), env!("CARGO_PKG_VERSION"));
    assert!(simulator.counts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_signature_must_be_whole_in_time_and_for_the_service() {
    let router = simulator("").router();
    let path = format!("/model/{SONNET}/converse");
    let [(_, right), (_, now)] = signed("us-east-1", "bedrock");
    let [(_, quotas), _] = signed("us-east-1", "servicequotas");
    let halved = right.split_once(", Signature").unwrap().0;
    let hour = |shift: i64| {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(shift);
        let date = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        (right.replace(&format!("/{}/", &now[..8]), &format!("/{}/", &date[..8])), date)
    };
    let ((old, past), (young, future)) = (hour(-1), hour(1));
    for (authorization, date, status, code) in [
        (right.as_str(), now.as_str(), 200, ""),
        ("Bearer bedrock-api-key-abc", "", 200, ""),
        (halved, now.as_str(), 403, "IncompleteSignatureException"),
        (right.as_str(), "yesterday", 403, "InvalidSignatureException"),
        (quotas.as_str(), now.as_str(), 403, "InvalidSignatureException"),
        (old.as_str(), past.as_str(), 403, "InvalidSignatureException"),
        (young.as_str(), future.as_str(), 403, "InvalidSignatureException"),
    ] {
        let headers = [("authorization", authorization), ("x-amz-date", date)];
        let reply = bare(&router, "POST", &path, &headers, &ask(TEXT, 64).to_string()).await;
        assert_eq!((reply.problem().0, reply.problem().1), (status, code), "{authorization} {date}");
    }
    let late = bare(&router, "POST", &path, &[("authorization", old.as_str()), ("x-amz-date", &past)], "{}").await;
    assert!(late.problem().2.starts_with(&format!("Signature expired: {past} is now earlier than ")));
}

#[tokio::test(start_paused = true)]
async fn an_api_key_opens_bedrock_alone() {
    let router = simulator("").router();
    let key = ("authorization", "Bearer bedrock-api-key-abc");
    assert_eq!(bare(&router, "GET", "/foundation-models", &[key], "").await.status, 200);
    let headers = [QUOTAS[0], QUOTAS[1], key];
    let reply = bare(&router, "POST", "/", &headers, r#"{"ServiceCode":"bedrock"}"#).await;
    assert_eq!((reply.status.as_u16(), &reply.body["__type"]), (403, &json!("AccessDeniedException")));
    let reply = bare(&router, "POST", METRICS, &[key], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("x-amzn-query-error")), (403, "AccessDeniedException;Sender"));
    let signed = read(send(&router, "/", &QUOTAS, r#"{"ServiceCode":"bedrock"}"#.into()).await).await;
    assert_eq!(signed.status, 200);
}
