//! Frames: event-stream messages as Bedrock sends them, CRCs included.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::simulator::problem::Problem;

/// The media type of a stream of frames.
pub(super) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// An event's frame.
pub(super) fn event(name: &'static str, payload: &Value) -> Bytes {
    frame("event", ":event-type", name.to_owned(), payload)
}

/// An exception's frame; its name begins with a small letter there.
pub(super) fn exception(problem: &Problem) -> Bytes {
    let mut name = problem.code.to_owned();
    name[..1].make_ascii_lowercase();
    frame("exception", ":exception-type", name, &json!({ "message": problem.message }))
}

/// Bytes that are no frame.
pub(super) fn garbage() -> Bytes {
    Bytes::from_static(b"\x00\x00\x00\x2a\xde\xad\xbe\xef this is no frame, and no checksum fits it \xff\xfe\xfd")
}

fn frame(kind: &'static str, named: &'static str, name: String, payload: &Value) -> Bytes {
    let header = |key: &'static str, value: String| Header::new(key, HeaderValue::String(value.into()));
    let headers = vec![
        header(named, name),
        header(":content-type", "application/json".to_owned()),
        header(":message-type", kind.to_owned()),
    ];
    let message = Message::new_from_parts(headers, Bytes::from(payload.to_string()));
    let mut buffer = Vec::with_capacity(256);
    match write_message_to(&message, &mut buffer) {
        Ok(()) => Bytes::from(buffer),
        // Only a header or a payload beyond the protocol's limits of 16 MB can fail: none of ours is.
        Err(_) => garbage(),
    }
}
