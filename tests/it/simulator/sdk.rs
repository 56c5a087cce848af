//! The real SDK against the simulator, in process: every family through every way of calling it.

use quotient::bedrock::aws::{Connection, connect, in_process};
use quotient::bedrock::gateway::Call;
use quotient::bench::fault::FaultKind;
use quotient::bench::model::{ModelId, Scope};
use quotient::bench::plan::{Api, Endpoint, ModelPlan, Timeouts};
use quotient::bench::request::{Parameters, Request, Role, Turn};
use quotient::bench::usage::UsageSource;

use super::client::{SONNET, TEXT, simulator};

/// One model of each body.
const MODELS: [&str; 14] = [
    "anthropic.claude-3-sonnet-20240229-v1:0",
    "meta.llama2-13b-chat-v1",
    "meta.llama3-8b-instruct-v1:0",
    "us.meta.llama4-scout-17b-instruct-v1:0",
    "amazon.titan-text-express-v1",
    "us.amazon.nova-lite-v1:0",
    "cohere.command-text-v14",
    "cohere.command-r-v1:0",
    "ai21.j2-mid-v1",
    "ai21.jamba-1-5-mini-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "us.deepseek.r1-v1:0",
    "qwen.qwen3-32b-v1:0",
    "openai.gpt-oss-120b-1:0",
];

/// Whether a model can be called so: Jurassic-2 is the one that does not stream.
fn callable(model: &str, api: Api) -> bool {
    !(model.starts_with("ai21.j2") && matches!(api, Api::InvokeStream | Api::ConverseStream))
}

#[tokio::test(start_paused = true)]
async fn every_family_answers_the_sdk_and_reports_what_it_counted() {
    for model in MODELS {
        for api in Api::ALL.into_iter().filter(|api| callable(model, *api)) {
            let simulator = simulator("");
            let gateway = in_process(simulator.router(), "us-east-1").gateway;
            let plan = ModelPlan::of(ModelId::parse(model));
            let parameters = Parameters { max_tokens: Some(512), ..Parameters::default() };
            let request = Request::user(Some("Be brief.".into()), format!("Summarize.\n\n{TEXT}"), parameters);
            let timeouts = Timeouts::default();
            let call = Call { model: &plan, api, request: &request, timeouts: &timeouts };
            let reply = gateway.invoke(call, &mut |_, _| {}).await;
            let reply = reply.unwrap_or_else(|failure| panic!("{model} {api:?}: {failure:?}"));
            let counts = simulator.counts()[model];
            assert_eq!(counts.ok, 1, "{model} {api:?}");
            assert!(
                reply.text.contains("Bedrock") && !reply.text.contains("user gives"),
                "{model} {api:?}: {}",
                reply.text
            );
            assert_eq!(reply.usage.source, UsageSource::Reported, "{model} {api:?}");
            assert_eq!(
                (reply.usage.input, reply.usage.output),
                (counts.input_tokens, counts.output_tokens),
                "{model} {api:?}"
            );
            assert!(!reply.cut_off && gateway.simulated(), "{model} {api:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_a_variant_may_set_is_taken_from_every_family() {
    let said = |role, text: &str| Turn { role, text: text.into() };
    let history =
        vec![said(Role::User, "Hello"), said(Role::Assistant, "Yes?"), said(Role::User, "Summarize this service.")];
    for model in MODELS {
        for api in Api::ALL.into_iter().filter(|api| callable(model, *api)) {
            let simulator = simulator("");
            let gateway = in_process(simulator.router(), "us-east-1").gateway;
            let plan = ModelPlan::of(ModelId::parse(model));
            let parameters = Parameters {
                max_tokens: Some(512),
                temperature: Some(0.7),
                top_p: Some(0.9),
                stop: vec!["##END".into()],
                service_tier: Some("flex".into()),
                latency: Some("optimized".into()),
                ..Parameters::default()
            };
            let mut request = Request::user(Some("Be brief.".into()), "Summarize this service.", parameters);
            request.turns.clone_from(&history);
            let timeouts = Timeouts::default();
            let call = Call { model: &plan, api, request: &request, timeouts: &timeouts };
            let reply = gateway.invoke(call, &mut |_, _| {}).await;
            assert!(reply.is_ok(), "{model} {api:?}: {:?}", reply.err());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_sdk_understands_each_refusal() {
    for (fault, kind) in [
        ("throttled", FaultKind::Throttled),
        ("daily", FaultKind::Throttled),
        ("internal", FaultKind::Unavailable),
        ("unavailable", FaultKind::Unavailable),
        ("timed_out", FaultKind::TimedOut),
        ("model_error", FaultKind::Unavailable),
        ("stream_error", FaultKind::StreamBroken),
        ("not_ready", FaultKind::NotReady),
        ("validation", FaultKind::Invalid),
        ("conflict", FaultKind::Invalid),
        ("quota_exceeded", FaultKind::Invalid),
        ("denied", FaultKind::Denied),
        ("expired_token", FaultKind::Denied),
        ("unrecognized_client", FaultKind::Denied),
        ("agreement_pending", FaultKind::NotReady),
        ("form_missing", FaultKind::Denied),
        ("not_found", FaultKind::NotFound),
        ("unfinished", FaultKind::StreamBroken),
    ] {
        let simulator = simulator(&format!("faults.{fault} = 1.0"));
        let gateway = in_process(simulator.router(), "us-east-1").gateway;
        let plan = ModelPlan::of(ModelId::parse(SONNET));
        let request = Request::user(None, TEXT, Parameters { max_tokens: Some(256), ..Parameters::default() });
        let timeouts = Timeouts::default();
        let call = Call { model: &plan, api: Api::ConverseStream, request: &request, timeouts: &timeouts };
        let failure = gateway.invoke(call, &mut |_, _| {}).await.unwrap_err();
        assert_eq!(failure.fault.kind, kind, "{fault}: {}", failure.fault.message);
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_profile_is_called_by_its_arn() {
    let simulator = simulator("");
    let gateway = in_process(simulator.router(), "eu-west-1").gateway;
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abcdefgh1234";
    let plan = ModelPlan::of(ModelId::parse(arn).resolved(SONNET, Scope::OnDemand));
    let request = Request::user(None, TEXT, Parameters { max_tokens: Some(256), ..Parameters::default() });
    let timeouts = Timeouts::default();
    for api in Api::ALL {
        let call = Call { model: &plan, api, request: &request, timeouts: &timeouts };
        let reply = gateway.invoke(call, &mut |_, _| {}).await;
        assert!(reply.is_ok(), "{api:?}: {:?}", reply.err());
    }
    assert_eq!(simulator.counts()[arn].ok, 4);
}

/// The same over loopback, as the dashboard and `quotient simulate` have it; real time, so nothing is said about time.
#[tokio::test]
async fn it_is_served_on_a_socket_until_it_shall_end() {
    let quick = "[[tempo]]\nmodel = \"*\"\nttft_ms = 1\nsigma = 0\ntokens_per_second = 1e6";
    let simulator = simulator(quick);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(quotient::simulator::serve(listener, simulator.clone(), stopped));

    let clients = connect(&Connection::to(Endpoint::Url(url)), None).await.unwrap();
    let plan = ModelPlan::of(ModelId::parse(SONNET));
    let request = Request::user(None, TEXT, Parameters { max_tokens: Some(256), ..Parameters::default() });
    let timeouts = Timeouts::default();
    let call = Call { model: &plan, api: Api::ConverseStream, request: &request, timeouts: &timeouts };
    let mut chunks = 0;
    let reply = clients.gateway.invoke(call, &mut |seen, _| chunks = seen).await.unwrap();
    assert!(chunks > 3 && clients.gateway.simulated());
    assert_eq!(reply.usage.output, simulator.counts()[SONNET].output_tokens);

    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}
