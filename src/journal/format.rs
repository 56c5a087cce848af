//! Format: one entry as one line of JSON that carries its own checksum.

use std::fmt;
use std::io::Write as _;

use serde::Deserialize;

use crate::bench::event::Entry;

/// Before the eight hexadecimal digits of the checksum,
const BEFORE: &str = ",\"crc\":\"";
/// and after them.
const AFTER: &str = "\"}";
const DIGITS: usize = 8;

/// Why a line is not an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineError {
    /// It has no checksum, or one of another line: it was cut off or changed.
    Damaged,
    /// It is whole, but says something that this version does not know.
    Unknown {
        /// The event's name, where it has one.
        event: Option<String>,
        /// What could not be read.
        why: String,
    },
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("the line is damaged: its checksum does not fit"),
            Self::Unknown { event: Some(event), why } => {
                write!(f, "the line is whole, but this version cannot read its event {event:?}: {why}")
            }
            Self::Unknown { event: None, why } => write!(f, "the line is whole, but it is no journal entry: {why}"),
        }
    }
}

impl std::error::Error for LineError {}

/// One line, without its line end: the entry's fields, then `crc`, the CRC-32 of the line without that member.
pub fn encode(entry: &Entry) -> serde_json::Result<String> {
    let mut line = Vec::new();
    encode_to(entry, &mut line)?;
    // JSON is text.
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// The same behind what is there already.
pub(super) fn encode_to(entry: &Entry, lines: &mut Vec<u8>) -> serde_json::Result<()> {
    let start = lines.len();
    serde_json::to_writer(&mut *lines, entry)?;
    let crc = crc32fast::hash(&lines[start..]);
    lines.truncate(lines.len() - 1); // the closing brace
    // Writing to memory cannot fail.
    let _ = write!(lines, "{BEFORE}{crc:0DIGITS$x}{AFTER}");
    Ok(())
}

/// The entry of one line, without its line end.
pub fn decode(line: &str) -> Result<Entry, LineError> {
    let body = checked(line).ok_or(LineError::Damaged)?;
    serde_json::from_str(&body).map_err(|error| LineError::Unknown { event: event_name(&body), why: error.to_string() })
}

/// The line without its checksum, if that fits.
fn checked(line: &str) -> Option<String> {
    fields(line).map(|fields| format!("{fields}}}"))
}

/// The line's fields, of which the closing brace and the checksum are cut off, if that fits.
pub(super) fn fields(line: &str) -> Option<&str> {
    let line = line.strip_suffix(AFTER)?;
    let (rest, digits) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let crc = u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let fields = rest.strip_suffix(BEFORE)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(fields.as_bytes());
    hasher.update(b"}");
    (hasher.finalize() == crc).then_some(fields)
}

fn event_name(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        event: String,
    }
    serde_json::from_str::<Named>(body).ok().map(|named| named.event)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::bench::event::{Event, NoteLevel};
    use crate::bench::sample::Trial;

    fn noted(seq: u64, text: &str) -> Entry {
        let event = Event::Noted { level: NoteLevel::Info, text: text.into() };
        Entry { seq, at: Duration::from_micros(1_800_000_000_000_001), event }
    }

    #[test]
    fn a_line_looks_as_the_product_page_says() {
        let line = encode(&noted(3, "hi")).expect("encodes");
        let body = "{\"seq\":3,\"at\":1800000000000001,\"event\":\"noted\",\"level\":\"info\",\"text\":\"hi\"}";
        let crc = crc32fast::hash(body.as_bytes());
        assert_eq!(line, format!("{},\"crc\":\"{crc:08x}\"}}", &body[..body.len() - 1]));
    }

    #[test]
    fn what_this_version_does_not_know_is_named() {
        let body = "{\"seq\":3,\"at\":1,\"event\":\"teleported\",\"to\":\"mars\"}";
        let crc = crc32fast::hash(body.as_bytes());
        let line = format!("{},\"crc\":\"{crc:08x}\"}}", &body[..body.len() - 1]);
        let Err(LineError::Unknown { event, why }) = decode(&line) else { panic!("decoded") };
        assert_eq!(event.as_deref(), Some("teleported"));
        assert!(why.contains("teleported"), "{why}");
    }

    #[test]
    fn lines_without_a_checksum_are_damaged() {
        for line in ["", "}", "\"}", "{}", "{\"seq\":1}", "{\"seq\":1,\"crc\":\"0000000g\"}", "ä\"}", "ääääää\"}"]
        {
            assert_eq!(decode(line), Err(LineError::Damaged), "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_comes_back_on_one_line(seq: u64, text: String) {
            let entry = noted(seq, &text);
            let line = encode(&entry).expect("encodes");
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(decode(&line), Ok(entry));
        }

        #[test]
        fn any_changed_byte_is_noticed(id: u64, chunks: u32, place: prop::sample::Index, flip in 1_u8..) {
            let trial = Trial { id, model: 0, variant: 1, case: 2, block: 3, warmup: false };
            let entry = Entry { seq: id, at: Duration::from_micros(id / 2), event: Event::Progress { trial, chunks, bytes: 9 } };
            let mut bytes = encode(&entry).expect("encodes").into_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            if let Ok(line) = String::from_utf8(bytes) {
                // The checksum's own digits may be written in capitals without another meaning.
                prop_assert!(decode(&line).is_err() || decode(&line) == Ok(entry));
            }
        }
    }
}
