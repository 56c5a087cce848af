//! Inference profiles: `ListInferenceProfiles`, `GetInferenceProfile` and what the models' list says of them.

use axum::Router;
use serde_json::{Value, json};

use super::client::{SONNET, get, simulator};

async fn profiles(router: &Router, region: &str, kind: &str) -> Vec<Value> {
    let reply = get(router, region, &format!("/inference-profiles?maxResults=1000&type={kind}")).await;
    reply.body["inferenceProfileSummaries"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_system_defined_profile_is_told_by_id_and_by_arn() {
    let router = simulator("").router();
    let id = "us.amazon.nova-2-lite-v1:0";
    let arn = format!("arn:aws:bedrock:us-east-1:123456789012:inference-profile/{id}");
    let by_id = get(&router, "us-east-1", &format!("/inference-profiles/{}", id.replace(':', "%3A"))).await;
    assert_eq!(by_id.status, 200);
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(get(&router, "us-east-1", &format!("/inference-profiles/{encoded}")).await.body, by_id.body);
    let profile = &by_id.body;
    assert_eq!((&profile["inferenceProfileId"], &profile["inferenceProfileArn"]), (&json!(id), &json!(arn)));
    assert_eq!((&profile["type"], &profile["status"]), (&json!("SYSTEM_DEFINED"), &json!("ACTIVE")));
    for key in ["inferenceProfileName", "description", "createdAt", "updatedAt"] {
        assert!(profile[key].is_string(), "{key}");
    }
    let models: Vec<_> =
        profile["models"].as_array().unwrap().iter().map(|m| m["modelArn"].as_str().unwrap()).collect();
    assert!(models.len() > 1, "a profile leads to several regions: {models:?}");
    assert!(models.contains(&"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0"));
    let global = get(&router, "us-east-1", "/inference-profiles/global.amazon.nova-2-lite-v1%3A0").await.body;
    let anywhere = json!({ "modelArn": "arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0" });
    assert!(global["models"].as_array().unwrap().contains(&anywhere));
    // What is listed is told word by word.
    for listed in profiles(&router, "us-east-1", "SYSTEM_DEFINED").await {
        let id = listed["inferenceProfileId"].as_str().unwrap().replace(':', "%3A");
        assert_eq!(get(&router, "us-east-1", &format!("/inference-profiles/{id}")).await.body, listed);
    }
}

#[tokio::test(start_paused = true)]
async fn an_applications_profile_is_told_too_and_lists_what_it_wraps() {
    let router = simulator("").router();
    let listed = profiles(&router, "us-west-2", "APPLICATION").await;
    assert_eq!(listed.len(), 2);
    for (profile, id, models) in [(&listed[0], "abcdefgh1234", 1), (&listed[1], "mnopqrst5678", 3)] {
        let arn = format!("arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/{id}");
        assert_eq!((&profile["inferenceProfileArn"], &profile["type"]), (&json!(arn), &json!("APPLICATION")));
        assert_eq!(profile["models"].as_array().unwrap().len(), models);
        for asked in [id.to_owned(), arn.replace(':', "%3A").replace('/', "%2F")] {
            assert_eq!(&get(&router, "us-west-2", &format!("/inference-profiles/{asked}")).await.body, profile);
        }
    }
    let wrapped = format!("arn:aws:bedrock:us-west-2::foundation-model/{SONNET}");
    assert_eq!(listed[0]["models"][0]["modelArn"], wrapped);
    let own = "[[profile]]\nname = \"mine\"\nid = \"aaaabbbbcccc\"\nwraps = \"global.anthropic.claude-sonnet-5\"\n\
               description = \"mine alone\"";
    let listed = profiles(&simulator(own).router(), "us-east-1", "APPLICATION").await;
    assert_eq!((listed.len(), &listed[0]["description"]), (1, &json!("mine alone")));
    assert_eq!(listed[0]["models"][1]["modelArn"], "arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-5");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_profile_is_not_found() {
    let router = simulator("").router();
    for id in [
        "nothing",
        SONNET,
        "eu.amazon.nova-2-lite-v1:0",
        "us.meta.llama2-13b-chat-v1",
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0",
        "arn:aws:bedrock:us-east-1:210987654321:application-inference-profile/abcdefgh1234",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
    ] {
        let path = format!("/inference-profiles/{}", id.replace(':', "%3A").replace('/', "%2F"));
        let reply = get(&router, "us-east-1", &path).await;
        assert_eq!((reply.problem().0, reply.problem().1), (404, "ResourceNotFoundException"), "{id}");
    }
    assert_eq!(get(&router, "us-east-1", "/inference-profiles?type=OTHER").await.status, 400);
    assert_eq!(get(&router, "us-east-1", "/inference-profiles?maxResults=0").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_retired_model_is_offered_no_more() {
    let names = |body: &Value| {
        let models = body["modelSummaries"].as_array().unwrap();
        models.iter().map(|model| model["modelId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let retired = "meta.llama3-2-3b-instruct-v1:0".to_owned();
    let offered = names(&get(&simulator("").router(), "us-east-1", "/foundation-models").await.body);
    assert!(offered.contains(&SONNET.to_owned()) && !offered.contains(&retired));
    let offered = names(&get(&simulator("retired = []").router(), "us-east-1", "/foundation-models").await.body);
    assert!(offered.contains(&retired));
}
