//! Control planes over a server that says what a test wants: what an application's profile wraps, what the account uses.

use std::time::Duration;

use quotient::bedrock::aws::in_process;
use quotient::bedrock::catalog;
use quotient::bedrock::fault::Place;
use quotient::bedrock::metrics::account_use;
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::model::{ModelId, Scope};
use serde_json::{Value, json};

use super::server::{Script, Seen, server};

const PROFILE: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3";

/// What `GetInferenceProfile` says of a profile over these regions.
fn profile(regions: &[&str]) -> Value {
    let arn = |region: &&str| json!({ "modelArn": format!("arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0") });
    json!({
        "inferenceProfileName": "team", "inferenceProfileArn": PROFILE, "inferenceProfileId": "a1b2c3",
        "models": regions.iter().map(arn).collect::<Vec<_>>(), "status": "ACTIVE", "type": "APPLICATION",
    })
}

async fn resolved(id: &str, script: Script) -> (Result<ModelId, Fault>, std::sync::Arc<Seen>) {
    let (router, seen) = server(script);
    let clients = in_process(router, "us-east-1");
    (catalog::resolve(&clients.bedrock, &clients.place, &ModelId::parse(id)).await, seen)
}

#[tokio::test(start_paused = true)]
async fn an_applications_profile_gets_the_model_and_the_scope_of_what_it_wraps() {
    for (regions, scope) in [
        (&["us-east-1"][..], Scope::OnDemand),
        (&["us-east-1", "us-west-2", "us-east-2"], Scope::CrossRegion),
        (&["us-east-1", ""], Scope::Global),
        (&["", "us-east-1"], Scope::Global),
    ] {
        let (id, seen) = resolved(PROFILE, Script::json(200, &profile(regions))).await;
        let id = id.unwrap();
        assert_eq!((id.as_str(), id.base(), id.scope()), (PROFILE, "amazon.nova-lite-v1:0", scope), "{regions:?}");
        let (path, _) = seen.only();
        assert_eq!(path, format!("/inference-profiles/{}", PROFILE.replace(':', "%3A").replace('/', "%2F")));
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_id_is_left_as_it_is_and_nothing_is_sent() {
    for id in ["amazon.nova-lite-v1:0", "global.anthropic.claude-opus-5", &PROFILE.replace("application-", "")] {
        let (same, seen) = resolved(id, Script::error(403, "AccessDeniedException", "No.")).await;
        assert_eq!(same.unwrap(), ModelId::parse(id));
        assert!(seen.asked.lock().unwrap().is_empty(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_cannot_be_read_says_what_it_takes() {
    let denied = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:GetInferenceProfile";
    for (script, kind) in [
        (Script::error(403, "AccessDeniedException", denied), FaultKind::Denied),
        (Script::error(404, "ResourceNotFoundException", "No such profile."), FaultKind::NotFound),
        (Script::json(200, &profile(&[])), FaultKind::NotFound),
    ] {
        let (id, _) = resolved(PROFILE, script).await;
        let fault = id.unwrap_err();
        assert_eq!(fault.kind, kind);
        for word in [PROFILE, "bedrock:GetInferenceProfile", "--rpm", "--tpm"] {
            assert!(fault.message.contains(word), "{word}: {}", fault.message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_key_never_asks_cloudwatch() {
    let (router, seen) = server(Script::json(200, &json!({})));
    let clients = in_process(router, "us-east-1");
    let place = Place { bearer: true, ..Place::clone(&clients.place) };
    let id = ModelId::parse("amazon.nova-lite-v1:0");
    let fault = account_use(&clients.cloudwatch, &place, &[&id], Duration::from_hours(500_000)).await.unwrap_err();
    assert!(fault.kind == FaultKind::Denied && fault.message.contains("only this program's own use"), "{fault:?}");
    assert!(seen.asked.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_cloudwatch_is_a_clean_fault() {
    let denied = Script::error(403, "AccessDeniedException", "No.");
    for (script, kind, says) in [
        (Script::error(404, "UnknownOperationException", "No."), FaultKind::NotFound, "does not offer it"),
        (Script::json(404, &json!("<html>")), FaultKind::NotFound, "does not offer it"),
        (denied, FaultKind::Denied, "takes cloudwatch:GetMetricData"),
        (Script::json(200, &json!({})), FaultKind::StreamBroken, "could not be read"),
    ] {
        let (router, _) = server(script);
        let clients = in_process(router, "us-east-1");
        let id = ModelId::parse("amazon.nova-lite-v1:0");
        let until = Duration::from_hours(500_000);
        let fault = account_use(&clients.cloudwatch, &clients.place, &[&id], until).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{}", fault.message);
        assert!(fault.message.contains(says) && fault.message.contains("own use is known"), "{}", fault.message);
    }
}
