//! SIGINT, SIGTERM and SIGHUP as something to wait for.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the program to end.
pub struct Interrupts {
    listening: Vec<(Interrupt, Signal)>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// A key: it comes to every program that has the terminal now.
    Key,
    /// Somebody who means this program, or the terminal is gone.
    End,
}

impl Interrupts {
    /// Listens from now on; a signal that cannot be listened to keeps its default effect.
    pub fn listen() -> Self {
        let kinds = [
            (Interrupt::Key, SignalKind::interrupt()),
            (Interrupt::End, SignalKind::terminate()),
            (Interrupt::End, SignalKind::hangup()),
        ];
        Self { listening: kinds.into_iter().filter_map(|(who, kind)| Some((who, signal(kind).ok()?))).collect() }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Interrupt {
        std::future::poll_fn(|context| {
            let came = self.listening.iter_mut().find_map(|(who, signal)| {
                matches!(signal.poll_recv(context), std::task::Poll::Ready(Some(()))).then_some(*who)
            });
            came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}
