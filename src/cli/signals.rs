//! SIGINT, SIGTERM and SIGHUP as something to wait for.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the program to end.
pub struct Interrupts {
    listening: Vec<Signal>,
}

impl Interrupts {
    /// Listens from now on; a signal that cannot be listened to keeps its default effect.
    pub fn listen() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self { listening: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self
                .listening
                .iter_mut()
                .any(|signal| matches!(signal.poll_recv(context), std::task::Poll::Ready(Some(()))));
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}
