//! The frames of a canned `ConverseStream` answer.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;

/// What an answer costs besides its text: the head of the stream.
pub(crate) fn opening() -> Bytes {
    frame("messageStart", r#"{"p":"abcdefghijklmnop","role":"assistant"}"#)
}

/// One chunk of text, a few words long.
pub(crate) fn chunk() -> Bytes {
    frame("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":" many models, one"},"p":"abcdefghijk"}"#)
}

/// What stands between the last chunk and the metadata.
pub(crate) fn closing() -> Bytes {
    let block = frame("contentBlockStop", r#"{"contentBlockIndex":0,"p":"abcdefghijklmnopqrstuv"}"#);
    let message = frame("messageStop", r#"{"p":"abcdefghijklmnopqr","stopReason":"end_turn"}"#);
    [block, message].concat().into()
}

/// The usage, and a latency in the unit that the caller likes.
pub(crate) fn metadata(latency: u128) -> Bytes {
    let usage = r#""usage":{"inputTokens":126,"outputTokens":80,"totalTokens":206}"#;
    frame("metadata", &format!(r#"{{"metrics":{{"latencyMs":{latency}}},"p":"abcdefgh",{usage}}}"#))
}

fn frame(event: &'static str, payload: &str) -> Bytes {
    let header = |key: &'static str, value: &'static str| Header::new(key, HeaderValue::String(value.into()));
    let headers = vec![
        header(":event-type", event),
        header(":content-type", "application/json"),
        header(":message-type", "event"),
    ];
    let message = Message::new_from_parts(headers, Bytes::copy_from_slice(payload.as_bytes()));
    let mut buffer = Vec::with_capacity(256);
    write_message_to(&message, &mut buffer).expect("small frames can be encoded");
    buffer.into()
}
