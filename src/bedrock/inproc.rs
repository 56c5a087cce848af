//! In-process transport: the SDK's connector over any tower service, without sockets, so that paused time is exact.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use sync_wrapper::SyncWrapper;
use tower::{Service, ServiceExt};

/// An HTTP client that calls the service instead of a network.
pub(super) fn client<S, B>(service: S) -> SharedHttpClient
where
    S: Service<http::Request<SdkBody>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let connector = SharedHttpConnector::new(InProcess(service));
    http_client_fn(move |_, _| connector.clone())
}

struct InProcess<S>(S);

impl<S> std::fmt::Debug for InProcess<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcess")
    }
}

impl<S, B> HttpConnector for InProcess<S>
where
    S: Service<http::Request<SdkBody>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let response = service.oneshot(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            let response = response.map(|body| SdkBody::from_body_1_x(Shared(Some(SyncWrapper::new(Box::pin(body))))));
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A body that need not be `Sync`, for the SDK, which wants one that is; and that may be asked beyond its end, which the
/// SDK does for trailers.
struct Shared<B>(Option<SyncWrapper<Pin<Box<B>>>>);

impl<B> Body for Shared<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(body) = this.0.as_mut() else { return Poll::Ready(None) };
        let frame = ready!(body.get_mut().as_mut().poll_frame(context));
        if frame.is_none() {
            this.0 = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}
