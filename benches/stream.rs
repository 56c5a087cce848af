//! What one `ConverseStream` of 20 chunks costs through the gateway: the real SDK, no sockets.
#![allow(missing_docs, clippy::expect_used)]

use std::convert::Infallible;

use aws_smithy_types::body::SdkBody;
use axum::body::Body;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::stream;
use quotient::bedrock::aws::in_process;
use quotient::bedrock::gateway::Call;
use quotient::bench::model::ModelId;
use quotient::bench::plan::{Api, ModelPlan, Timeouts};
use quotient::bench::request::{Parameters, Request};

#[path = "load/answer.rs"]
mod answer;

const CHUNKS: usize = 20;

fn converse_stream(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let text = std::iter::repeat_n(answer::chunk(), CHUNKS);
    let frames: Vec<Bytes> =
        std::iter::once(answer::opening()).chain(text).chain([answer::closing(), answer::metadata(340)]).collect();
    let service = tower::service_fn(move |_: http::Request<SdkBody>| {
        let frames = frames.clone().into_iter().map(Ok::<_, Infallible>);
        let response = http::Response::builder().header("content-type", "application/vnd.amazon.eventstream");
        std::future::ready(response.body(Body::from_stream(stream::iter(frames))))
    });
    let gateway = runtime.block_on(async { in_process(service, "us-east-1") }).gateway;
    let model = ModelPlan::of(ModelId::parse("anthropic.claude-3-haiku-20240307-v1:0"));
    let parameters = Parameters { max_tokens: Some(200), ..Parameters::default() };
    let request = Request::user(Some("Be brief.".into()), "Summarize: Bedrock is a managed service.", parameters);
    let timeouts = Timeouts::default();
    let call = Call { model: &model, api: Api::ConverseStream, request: &request, timeouts: &timeouts };
    criterion.bench_function("one ConverseStream of 20 chunks, in process", |bencher| {
        bencher.iter(|| {
            let reply = runtime.block_on(gateway.invoke(call, &mut |_, _| {})).expect("an answer");
            assert_eq!(reply.timing.chunks as usize, CHUNKS);
            reply
        });
    });
}

criterion_group!(benches, converse_stream);
criterion_main!(benches);
