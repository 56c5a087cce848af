//! Stream: the body of a reply as it goes out in time, one frame or one document.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::{sleep, sleep_until};

use crate::simulator::answer;
use crate::simulator::converse;
use crate::simulator::frames;
use crate::simulator::handle::Invocation;
use crate::simulator::problem::Problem;
use crate::simulator::replies;
use crate::simulator::scenario::InStream;
use crate::simulator::script::Break;

/// The time between two chunks of a stream that never ends.
const REPEAT: Duration = Duration::from_millis(20);

/// In whose words a reply is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Converse's.
    Converse,
    /// The family's own.
    Native,
}

/// A reply in frames.
pub(super) fn frames(invocation: Invocation, tongue: Tongue) -> Body {
    let flow = Flow { invocation, tongue, step: Step::Open, ready: VecDeque::new() };
    flow.body()
}

/// A reply in one document; resolves when it is due.
pub(super) async fn document(mut invocation: Invocation, tongue: Tongue) -> Body {
    let document = match tongue {
        Tongue::Converse => converse::reply(&invocation.said()),
        Tongue::Native => replies::reply(&invocation.said()),
    };
    let text = document.to_string();
    let (start, script) = (invocation.start, &invocation.script);
    let broken = script.breaks.and_then(|(after, how)| Some((script.chunks.get(after)?.at, how)));
    match broken {
        Some((at, Break::Garbage)) => {
            sleep_until(start + at).await;
            Body::from(frames::garbage())
        }
        Some((at, how @ (Break::Reset | Break::Stall | Break::Endless | Break::Unfinished))) => {
            sleep_until(start + at).await;
            let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            let step = Step::Broken(Some(how));
            let ready = VecDeque::from([Bytes::copy_from_slice(&text.as_bytes()[..half])]);
            Flow { invocation, tongue, step, ready }.body()
        }
        // Exceptions inside a stream need a stream.
        Some((_, Break::Exception(_))) | None => {
            sleep_until(start + script.ends()).await;
            invocation.answered();
            Body::from(text)
        }
    }
}

/// A reply while it goes out.
struct Flow {
    invocation: Invocation,
    tongue: Tongue,
    step: Step,
    ready: VecDeque<Bytes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Open,
    Chunk(usize),
    /// A chunk that is said again and again.
    Again(usize),
    Done,
    /// What still happens once all that is ready is out.
    Broken(Option<Break>),
}

impl Flow {
    /// Fused: clients may look again behind the end.
    fn body(self) -> Body {
        Body::from_stream(stream::unfold(self, Self::next).fuse())
    }

    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                if self.ready.is_empty() && self.step == Step::Done {
                    self.invocation.answered();
                }
                return Some((Ok(bytes), self));
            }
            match self.step {
                Step::Open => self.open().await,
                Step::Chunk(at) => self.chunk(at).await,
                Step::Again(at) => self.again(at).await,
                Step::Broken(Some(Break::Stall | Break::Endless)) => std::future::pending().await,
                Step::Broken(Some(Break::Reset)) => {
                    self.step = Step::Broken(None);
                    return Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), self));
                }
                // What breaks by bytes of its own has sent them by now.
                Step::Done | Step::Broken(_) => return None,
            }
        }
    }

    async fn open(&mut self) {
        sleep_until(self.invocation.start + self.invocation.script.opens).await;
        self.step = Step::Chunk(0);
        let frames: Vec<Bytes> = match self.tongue {
            Tongue::Converse => events(converse::opening()),
            Tongue::Native => replies::opening(&self.invocation.said()).iter().map(chunk).collect(),
        };
        self.ready.extend(frames);
    }

    async fn chunk(&mut self, at: usize) {
        let script = &self.invocation.script;
        if let Some(next) = script.chunks.get(at) {
            sleep_until(self.invocation.start + next.at).await;
        }
        if let Some((_, how)) = script.breaks.filter(|(after, _)| *after == at) {
            return self.break_off(at, how);
        }
        let said = self.invocation.said();
        let more = at < script.chunks.len();
        let frames: Vec<Bytes> = match (self.tongue, more) {
            (Tongue::Converse, true) => events(converse::delta(&said, at)),
            (Tongue::Converse, false) => events(converse::closing(&said)),
            (Tongue::Native, true) => vec![chunk(&replies::delta(&said, at))],
            (Tongue::Native, false) => replies::closing(&said).iter().map(chunk).collect(),
        };
        self.step = if more { Step::Chunk(at + 1) } else { Step::Done };
        self.ready.extend(frames);
    }

    /// Says a chunk once more.
    async fn again(&mut self, at: usize) {
        sleep(REPEAT).await;
        let said = self.invocation.said();
        let frames: Vec<Bytes> = match self.tongue {
            Tongue::Converse => events(converse::delta(&said, at)),
            Tongue::Native => vec![chunk(&replies::delta(&said, at))],
        };
        self.ready.extend(frames);
    }

    fn break_off(&mut self, at: usize, how: Break) {
        self.step = Step::Broken(Some(how));
        match how {
            Break::Endless if at < self.invocation.script.chunks.len() => self.step = Step::Again(at),
            Break::Garbage => self.ready.push_back(frames::garbage()),
            Break::Exception(exception) => {
                // ConverseStream has no modelTimeoutException.
                let exception = match (self.tongue, exception) {
                    (Tongue::Converse, InStream::TimedOut) => InStream::ModelError,
                    (_, other) => other,
                };
                let mut problem = Problem::in_stream(exception);
                if self.invocation.hostile() {
                    problem.message = answer::taint(&problem.message);
                }
                self.ready.push_back(frames::exception(&problem));
            }
            Break::Reset | Break::Stall | Break::Endless | Break::Unfinished => {}
        }
    }
}

fn events(events: Vec<(&'static str, Value)>) -> Vec<Bytes> {
    events.into_iter().map(|(name, payload)| frames::event(name, &payload)).collect()
}

/// A native chunk: its JSON in base64 inside an event.
fn chunk(native: &Value) -> Bytes {
    frames::event("chunk", &json!({ "bytes": STANDARD.encode(native.to_string()) }))
}
