//! The server's role: canned answers at a given pace, each with the server's own stamp.

use std::convert::Infallible;
use std::io::{self, Read};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep_until};

use crate::answer;

/// How an answer goes out in time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// Text chunks.
    pub(crate) chunks: u32,
    /// Until the first of them, on average: requests get from half to one and a half times as much, so that streams
    /// that began together do not go on in step. Zero: everything at once.
    pub(crate) first: Duration,
    /// Between two of them.
    pub(crate) gap: Duration,
}

/// Every frame that does not differ between answers.
struct Canned {
    pace: Pace,
    opening: Bytes,
    chunk: Bytes,
    closing: Bytes,
    requests: AtomicU64,
}

impl Canned {
    /// When the first chunk of the next answer is due.
    fn first(&self) -> Duration {
        let n = self.requests.fetch_add(1, Ordering::Relaxed);
        // Multiples of an irrational number are spread evenly over the unit.
        self.pace.first.mul_f64(0.5 + (n as f64 * 0.618_033_988_749_895).fract())
    }
}

/// Serves on a port of its own, says which on stdout, and ends with stdin.
pub(crate) fn serve(pace: Pace) -> io::Result<()> {
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(16_384)?;
        println!("http://{}", listener.local_addr()?);
        let (opening, chunk, closing) = (answer::opening(), answer::chunk(), answer::closing());
        let canned = Arc::new(Canned { pace, opening, chunk, closing, requests: AtomicU64::new(0) });
        let app = Router::new().fallback(move |_: Bytes| std::future::ready(respond(Arc::clone(&canned))));
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        axum::serve(listener, app).await
    })
}

fn respond(canned: Arc<Canned>) -> Response {
    let arrived = Instant::now();
    let flow = Flow { first: arrived + canned.first(), canned, arrived, stamp: Duration::ZERO, step: 0 };
    let body = Body::from_stream(stream::unfold(flow, Flow::next));
    ([(CONTENT_TYPE, "application/vnd.amazon.eventstream")], body).into_response()
}

/// One answer while it goes out.
struct Flow {
    canned: Arc<Canned>,
    arrived: Instant,
    first: Instant,
    /// From the request's arrival to the moment when its first text chunk was sent.
    stamp: Duration,
    step: u32,
}

impl Flow {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let Pace { chunks, first, gap } = self.canned.pace;
        let step = self.step;
        self.step += 1;
        if !first.is_zero() && step <= chunks {
            sleep_until(self.first + gap * step.saturating_sub(1)).await;
        }
        let frame = if step == 0 {
            self.canned.opening.clone()
        } else if step <= chunks {
            if step == 1 {
                self.stamp = self.arrived.elapsed();
            }
            self.canned.chunk.clone()
        } else if step == chunks + 1 {
            self.canned.closing.clone()
        } else if step == chunks + 2 {
            // The stamp travels as the latency, and in microseconds: the SDK hands it on as a whole number.
            answer::metadata(self.stamp.as_micros())
        } else {
            return None;
        };
        Some((Ok(frame), self))
    }
}
