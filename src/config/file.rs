//! Files as they come: bounded reads, byte order marks, line ends, and what is no UTF-8.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::finding::{Finding, Source};

/// The largest file that is read, in bytes: what is larger is no configuration, or an endless device.
const LARGEST: u64 = 256 << 20;

impl Source {
    /// A source from a text that may begin with a byte order mark and end its lines as Windows does.
    pub(super) fn new(name: &str, text: &str) -> Arc<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Arc::new(Self { name: name.to_owned(), text: text.replace("\r\n", "\n") })
    }
}

/// Reads a text file; the finding says why it cannot be read.
pub(super) fn load(path: &Path, name: &str) -> Result<Arc<Source>, Finding> {
    let bytes = bytes(path).map_err(|error| Finding::new(format!("cannot read {name}: {}", reason(&error))))?;
    decoded(name, bytes)
}

/// A source from the bytes of a file; the finding says where they are no text.
pub(super) fn decoded(name: &str, bytes: Vec<u8>) -> Result<Arc<Source>, Finding> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, &text)),
        Err(error) => Err(not_utf8(name, error.as_bytes(), error.utf8_error().valid_up_to())),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MiB", LARGEST >> 20)));
    }
    Ok(bytes)
}

/// Why a file cannot be read, in the operating system's words without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Finding {
    let what = format!("{name} is not UTF-8: byte 0x{:02X} at offset {at}", bytes[at]);
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Finding::new(what).help("it looks like UTF-16; save it as UTF-8");
    }
    // What precedes the wrong byte is right, so the place is the same in the repaired text, line ends kept.
    let text = String::from_utf8_lossy(bytes).into_owned();
    let source = Arc::new(Source { name: name.to_owned(), text });
    let shown = char::REPLACEMENT_CHARACTER.len_utf8();
    Finding::new(what).at(&source, at..at + shown, "this byte").help("save the file as UTF-8")
}
