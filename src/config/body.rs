//! A request body as a file has it: JSON, or an error that points at line and column.

use serde_json::Value;

use super::file;
use super::finding::{ConfigError, Finding, Source};

/// A body and how many lines of its file were not looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The JSON.
    pub json: Value,
    /// Further lines of a log of which only the first was read.
    pub further: usize,
}

/// Reads a body from the bytes of a file (or standard input) that errors call `name`: one JSON value, or lines of
/// JSON, of which the first is taken.
pub fn body(name: &str, bytes: Vec<u8>) -> Result<Body, ConfigError> {
    let source = file::decoded(name, bytes).map_err(ConfigError::one)?;
    let whole = match serde_json::from_str(&source.text) {
        Ok(json) => return Ok(Body { json, further: 0 }),
        Err(error) => error,
    };
    let mut lines = source.text.lines().filter(|line| !line.trim().is_empty());
    if let Some(Ok(json @ Value::Object(_))) = lines.next().map(serde_json::from_str) {
        let rest: Vec<&str> = lines.collect();
        if rest.iter().all(|line| line.starts_with('{')) {
            return Ok(Body { json, further: rest.len() });
        }
    }
    Err(ConfigError::one(malformed(&source, &whole)))
}

fn malformed(source: &std::sync::Arc<Source>, error: &serde_json::Error) -> Finding {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    let start: usize = source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    // Columns count from 1, and 0 is the end of the line before.
    let at = (start + error.column()).saturating_sub(1).min(source.text.len());
    let at = (0..=at).rev().find(|at| source.text.is_char_boundary(*at)).unwrap_or(0);
    let python = source.text.trim_start().starts_with("{'");
    Finding::new(format!("{} is not JSON: {what}", source.name))
        .at(source, at..at + 1, "")
        .maybe_help(python.then(|| "this is Python; write it with json.dumps".to_owned()))
}
